//! Where a value stands inside a nested record.

/// The longest path, in bytes; values under longer ones are passed over.
const MAX_PATH_BYTES: usize = 128;

/// A place on a path.
#[derive(Clone, Copy)]
pub(super) struct Mark {
    length: usize,
    cut: bool,
}

/// The names of the elements that enclose a value, joined by full stops.
#[derive(Clone, Copy)]
pub(super) struct Path {
    bytes: [u8; MAX_PATH_BYTES],
    length: usize,
    /// The path did not fit: nothing below it is named.
    cut: bool,
}

impl Default for Path {
    fn default() -> Self {
        Self {
            bytes: [0; MAX_PATH_BYTES],
            length: 0,
            cut: false,
        }
    }
}

impl Path {
    /// Goes one name deeper.
    pub fn push(&mut self, key: &[u8]) {
        let dot = usize::from(self.length > 0);
        let end = self.length + dot + key.len();
        let Some(place) = self.bytes.get_mut(self.length..end) else {
            self.cut = true;
            return;
        };
        let (separator, rest) = place.split_at_mut(dot);
        separator.fill(b'.');
        rest.copy_from_slice(key);
        self.length = end;
    }

    /// Goes one name deeper to an element that cannot be named.
    pub const fn push_nameless(&mut self) {
        self.cut = true;
    }

    /// Where the path stands, to come back to.
    pub const fn mark(&self) -> Mark {
        Mark {
            length: self.length,
            cut: self.cut,
        }
    }

    /// Back to where it stood.
    pub const fn back_to(&mut self, mark: Mark) {
        self.length = mark.length;
        self.cut = mark.cut;
    }

    /// The path, unless it is too long.
    pub fn bytes(&self) -> Option<&[u8]> {
        if self.cut {
            return None;
        }
        self.bytes.get(..self.length)
    }
}
