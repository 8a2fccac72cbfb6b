//! Bytes written once and read at random places, in large pages where the system gives them.
//!
//! A table of many megabytes has more pages of 4 KiB than a processor remembers, so that each read at
//! random first looks up where the page is: on a virtual machine five times the cost of the read itself.
//! From [`MIN_LARGE_BYTES`] on the bytes therefore lie in memory of their own, for which the kernel is
//! asked for large pages (Linux, `MADV_HUGEPAGE`). Where it refuses, all works as before, slower.

use std::sync::Arc;

use memmap2::MmapMut;

/// From which size on, in bytes: eight large pages.
const MIN_LARGE_BYTES: usize = 16 * 1024 * 1024;

/// The bytes.
#[derive(Clone, Debug)]
pub(super) enum Pages {
    /// Memory as any.
    Few(Vec<u8>),
    /// Memory of its own, and how much of it is written.
    Many(Arc<MmapMut>, usize),
}

impl Default for Pages {
    fn default() -> Self {
        Self::Few(Vec::new())
    }
}

impl Pages {
    /// Room for `most` bytes.
    pub fn with_room(most: usize) -> Self {
        let large = (most >= MIN_LARGE_BYTES).then(|| MmapMut::map_anon(most));
        let Some(Ok(memory)) = large else {
            return Self::Few(Vec::with_capacity(most));
        };
        #[cfg(target_os = "linux")]
        drop(memory.advise(memmap2::Advice::HugePage));
        Self::Many(Arc::new(memory), 0)
    }

    /// Appends `bytes`, as far as there is room; only before it was cloned.
    pub fn add(&mut self, bytes: &[u8]) {
        match self {
            Self::Few(held) => held.extend_from_slice(bytes),
            Self::Many(memory, written) => {
                let end = written.saturating_add(bytes.len());
                let room = Arc::get_mut(memory).and_then(|memory| memory.get_mut(*written..end));
                if let Some(room) = room {
                    room.copy_from_slice(bytes);
                    *written = end;
                }
            }
        }
    }

    /// Gives back what is not needed once nothing more is written.
    pub fn end(&mut self) {
        if let Self::Few(held) = self {
            held.shrink_to_fit();
        }
    }

    /// What was written.
    pub fn bytes(&self) -> &[u8] {
        match self {
            Self::Few(held) => held,
            Self::Many(memory, written) => memory.get(..*written).unwrap_or_default(),
        }
    }

    /// Bytes of memory of its own, which no allocator counts.
    pub fn own_bytes(&self) -> usize {
        match self {
            Self::Few(_) => 0,
            Self::Many(memory, _) => memory.len(),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn few_and_many_bytes_are_read_as_they_were_written() {
        for room in [64, MIN_LARGE_BYTES] {
            let mut pages = Pages::with_room(room);
            assert_eq!(
                pages.own_bytes() >= MIN_LARGE_BYTES,
                room >= MIN_LARGE_BYTES
            );
            for n in 0..8 {
                pages.add(&[n; 8]);
            }
            pages.end();
            let copy = pages.clone();
            drop(pages);
            let expected: Vec<u8> = (0..64).map(|n| n / 8).collect();
            assert_eq!(copy.bytes(), expected);
        }
    }
}
