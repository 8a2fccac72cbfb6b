//! What was found in the last few texts, so that the same browser's name is not searched a million
//! times.
//!
//! A fixed number of places, each text has one: nothing is scanned to make room, and somebody who
//! sends a new text every time only gets what he would have got without it. Only for findings that
//! follow from the text alone, so that remembering changes nothing but the time it takes.

/// Texts remembered.
const PLACES: usize = 64;
/// Shorter texts are searched as fast as remembered.
const MIN_TEXT_BYTES: usize = 32;
/// Longer texts are not remembered, so that the memory stays below 64 KiB.
const MAX_TEXT_BYTES: usize = 512;

/// A text and what was found in it.
type Place<T> = Option<(Box<str>, T)>;

/// The last few texts with what was found in them.
#[derive(Debug)]
pub(super) struct Recall<T> {
    /// Empty until something is remembered.
    places: Vec<Place<T>>,
}

impl<T> Default for Recall<T> {
    fn default() -> Self {
        Self { places: Vec::new() }
    }
}

impl<T> Recall<T> {
    /// What was found in `text`, if that is remembered.
    pub fn get(&self, text: &str) -> Option<&T> {
        if self.places.is_empty() {
            return None;
        }
        let (held, found) = self.places.get(place_of(text)?)?.as_ref()?;
        (**held == *text).then_some(found)
    }

    /// Remembers what was found in `text`, in place of another.
    pub fn put(&mut self, text: &str, found: T) {
        let Some(place) = place_of(text) else {
            return;
        };
        if self.places.is_empty() {
            self.places.resize_with(PLACES, || None);
        }
        if let Some(place) = self.places.get_mut(place) {
            *place = Some((text.into(), found));
        }
    }
}

/// The place of `text`; `None` when it is too short or too long to be remembered.
fn place_of(text: &str) -> Option<usize> {
    /// An odd number without pattern (2^64 divided by the golden ratio).
    const SPREAD: u64 = 0x9E37_79B9_7F4A_7C15;
    if !(MIN_TEXT_BYTES..=MAX_TEXT_BYTES).contains(&text.len()) {
        return None;
    }
    let (words, rest) = text.as_bytes().as_chunks::<8>();
    let last = rest
        .iter()
        .fold(0, |sum, byte| (sum << 8) | u64::from(*byte));
    let sum = words.iter().fold(last, |sum, word| {
        (sum ^ u64::from_le_bytes(*word))
            .wrapping_mul(SPREAD)
            .rotate_left(29)
    });
    usize::try_from(sum.wrapping_mul(SPREAD) >> 58).ok()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn remembers_the_same_text_only() {
        let mut recall = Recall::default();
        let text = |n: usize| format!("Mozilla/5.0 (a browser of some length; version {n})");
        assert_eq!(recall.get(&text(0)), None);
        for n in 0..1_000 {
            recall.put(&text(n), n);
            assert_eq!(recall.get(&text(n)), Some(&n));
        }
        let right = |n: &usize| recall.get(&text(*n)).is_none_or(|found| found == n);
        assert!((0..1_000).all(|n| right(&n)));
        let held = (0..1_000).filter(|n| recall.get(&text(*n)).is_some());
        assert!((32..=PLACES).contains(&held.count()));
    }

    #[test]
    fn leaves_short_and_long_texts_alone() {
        let mut recall = Recall::default();
        for text in ["", "short", &"x".repeat(MAX_TEXT_BYTES + 1)] {
            recall.put(text, ());
            assert_eq!(recall.get(text), None);
        }
    }
}
