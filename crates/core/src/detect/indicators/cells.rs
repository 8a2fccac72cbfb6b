//! Cells of one cache line each, in which short strings lie beside their notes.
//!
//! A string has two cells, which its hash names; it lies in the first that has room (as in cuckoo
//! hashing, Pagh and Rodler 2004, but without moving what is there already). So a look-up reads one line
//! of memory, now and then two, and neither waits for the other.
//!
//! A cell: one byte of marks, then entries: the length of the string plus one, the note as four bytes
//! little-endian, the string; a zero ends them.

use super::note::{MAX_NOTES, NoteId, NoteIds};
use super::table::place_of;
use crate::detect::hash;

/// Bytes of a cell: a line of the processor's cache.
const CELL_BYTES: usize = 64;
/// Bytes of an entry beside its string.
const HEAD_BYTES: usize = 5;
/// Longest string that cells are meant for; longer ones would leave their cells half empty.
const MAX_INSIDE_BYTES: usize = 40;
/// Of a hundred bytes in cells, how many are filled on average.
const FILLED_PERCENT: usize = 75;

/// Some string found no room in this cell, which is its first, and may lie in its second.
const SPILLED: u8 = 1;
/// Some string found room in neither of its cells.
const LEFT_OUT: u8 = 2;

#[derive(Clone, Debug)]
#[repr(align(64))]
struct Cell([u8; CELL_BYTES]);

/// All cells.
#[derive(Clone, Debug, Default)]
pub(super) struct Cells(Vec<Cell>);

impl Cells {
    /// Room for strings of these lengths.
    pub fn for_lengths(lengths: impl Iterator<Item = usize>) -> Self {
        let inside = lengths.filter(|length| *length <= MAX_INSIDE_BYTES);
        let bytes: usize = inside.map(|length| length + HEAD_BYTES).sum();
        let count = (bytes * 100).div_ceil(FILLED_PERCENT * (CELL_BYTES - 1));
        Self(vec![Cell([0; CELL_BYTES]); count])
    }

    fn places(&self, hash: u64) -> (usize, usize) {
        let second = hash::mix(hash.rotate_left(32));
        (place_of(hash, self.0.len()), place_of(second, self.0.len()))
    }

    /// Puts `key` into one of its cells; false when neither has room.
    pub fn put(&mut self, hash: u64, key: &[u8], note: NoteId) -> bool {
        let (first, second) = self.places(hash);
        if self.put_into(first, key, note) {
            return true;
        }
        // A cell that is both has no room either.
        let inside = self.put_into(second, key, note);
        if let Some(Cell([marks, ..])) = self.0.get_mut(first) {
            *marks |= if inside { SPILLED } else { LEFT_OUT };
        }
        inside
    }

    fn put_into(&mut self, place: usize, key: &[u8], note: NoteId) -> bool {
        let Some(Cell(cell)) = self.0.get_mut(place) else {
            return false;
        };
        if key.len() > MAX_INSIDE_BYTES {
            return false;
        }
        let used = 1 + entries(cell)
            .map(|(_, held)| HEAD_BYTES + held.len())
            .sum::<usize>();
        let Some(room) = cell.get_mut(used..used + HEAD_BYTES + key.len()) else {
            return false;
        };
        let (head, string) = room.split_at_mut(HEAD_BYTES);
        let length = u8::try_from(key.len() + 1).unwrap_or(0);
        if let ([mark], number) = head.split_at_mut(1) {
            *mark = length;
            number.copy_from_slice(&note.to_le_bytes());
        }
        string.copy_from_slice(key);
        true
    }

    /// Adds the notes of `key` that lie here; whether some may lie elsewhere.
    pub fn find(&self, hash: u64, key: &[u8], out: &mut NoteIds) -> bool {
        let (first, second) = self.places(hash);
        let Some(Cell(cell)) = self.0.get(first) else {
            return true;
        };
        collect(cell, key, out);
        let [marks, ..] = *cell;
        if marks & SPILLED != 0
            && second != first
            && let Some(Cell(cell)) = self.0.get(second)
        {
            collect(cell, key, out);
        }
        marks & LEFT_OUT != 0
    }
}

fn collect(cell: &[u8; CELL_BYTES], key: &[u8], out: &mut NoteIds) {
    for (note, held) in entries(cell) {
        if held == key && out.len() < MAX_NOTES {
            out.push(note);
        }
    }
}

/// The entries of a cell, in the order in which they came.
fn entries(cell: &[u8; CELL_BYTES]) -> impl Iterator<Item = (NoteId, &[u8])> {
    let [_, rest @ ..] = cell;
    let mut rest: &[u8] = rest;
    std::iter::from_fn(move || {
        let ([length, a, b, c, d], tail) = rest.split_first_chunk::<HEAD_BYTES>()?;
        let (held, after) = tail.split_at_checked(usize::from(length.checked_sub(1)?))?;
        rest = after;
        Some((NoteId::from_le_bytes([*a, *b, *c, *d]), held))
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_cell_fills_one_line_and_what_finds_no_room_is_said() {
        assert_eq!(size_of::<Cell>(), CELL_BYTES);
        assert_eq!(align_of::<Cell>(), CELL_BYTES);
        let mut cells = Cells::for_lengths([20, 20].into_iter());
        let key = |n: u8| [n; 20];
        let inside = (0..20).filter(|n| cells.put(7, &key(*n), u32::from(*n)));
        let inside: Vec<u8> = inside.collect();
        assert!((2..=4).contains(&inside.len()), "{inside:?}");
        for n in 0..20 {
            let mut found = NoteIds::new();
            assert!(cells.find(7, &key(n), &mut found), "some were left out");
            assert_eq!(!found.is_empty(), inside.contains(&n));
        }
    }

    #[test]
    fn long_strings_take_no_cells() {
        let mut cells = Cells::for_lengths([200].into_iter());
        assert!(!cells.put(1, &[b'a'; 200], 1));
        assert!(cells.find(1, &[b'a'; 200], &mut NoteIds::new()));
    }
}
