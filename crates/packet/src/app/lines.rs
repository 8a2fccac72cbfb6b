//! Lines out of a stream that is cut anywhere.

/// The longest line kept; what is beyond is dropped, the line still ends at its end.
pub(super) const LINE_BYTES: usize = 8192;

/// The unfinished line of one side.
#[derive(Default)]
pub(super) struct Lines {
    part: Vec<u8>,
    /// The line in `part` was handed out: forget it at the next call.
    told: bool,
}

impl Lines {
    /// The next whole line without its end, taken from `rest`; none when the rest of it is still to come.
    pub fn next<'s, 'b: 's>(&'s mut self, rest: &mut &'b [u8]) -> Option<&'s [u8]> {
        if self.told {
            // Idle conversations are many: what a long line took is given back.
            self.part = Vec::new();
            self.told = false;
        }
        let Some(end) = memchr::memchr(b'\n', rest) else {
            self.keep(rest);
            *rest = &[];
            return None;
        };
        let (line, after) = rest.split_at_checked(end)?;
        *rest = after.get(1..).unwrap_or_default();
        if self.part.is_empty() {
            return Some(without_return(line.get(..LINE_BYTES).unwrap_or(line)));
        }
        self.keep(line);
        self.told = true;
        Some(without_return(&self.part))
    }

    /// Forgets what is unfinished.
    pub fn clear(&mut self) {
        self.part = Vec::new();
        self.told = false;
    }

    fn keep(&mut self, bytes: &[u8]) {
        let room = LINE_BYTES.saturating_sub(self.part.len());
        self.part
            .extend_from_slice(bytes.get(..room).unwrap_or(bytes));
    }
}

/// A line may end with a carriage return before its newline.
fn without_return(line: &[u8]) -> &[u8] {
    line.strip_suffix(b"\r").unwrap_or(line)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn lines_are_the_same_however_they_are_cut() {
        let bytes = b"one\r\ntwo\n\r\nthree";
        for cut in 0..=bytes.len() {
            let mut lines = Lines::default();
            let mut found = Vec::new();
            for mut rest in [&bytes[..cut], &bytes[cut..]] {
                while let Some(line) = lines.next(&mut rest) {
                    found.push(line.to_vec());
                }
            }
            assert_eq!(found, [b"one".to_vec(), b"two".to_vec(), Vec::new()]);
        }
    }

    #[test]
    fn an_endless_line_is_bounded() {
        let mut lines = Lines::default();
        for _ in 0..10 {
            let mut rest: &[u8] = &[b'a'; 5000];
            assert!(lines.next(&mut rest).is_none());
        }
        let mut rest: &[u8] = b"\nnext\n";
        assert_eq!(lines.next(&mut rest).map(<[u8]>::len), Some(LINE_BYTES));
        assert_eq!(lines.next(&mut rest), Some(&b"next"[..]));
    }
}
