//! What the domain judge sees of a name.

use crate::detect::hash;
use crate::detect::suffix::registered;

/// Rows of the table of pieces and of the table of words and suffixes: a power of two.
pub const ROWS: usize = 1 << 16;
/// Bits of the filter of known words.
pub const WORD_BITS: usize = 1_200_000;
/// Measures of a label's shape.
pub const SHAPES: usize = 44;
/// Longest label that is read, in bytes (RFC 1035).
const MAX_LABEL_BYTES: usize = 63;
/// Words that are looked for, in letters.
const WORD_LETTERS: std::ops::RangeInclusive<usize> = 3..=14;
/// Sizes of pieces, in characters.
const PIECES: std::ops::RangeInclusive<usize> = 1..=4;
/// Sizes of runs of which only the kind of letter counts (vowel, consonant, digit, hyphen).
const RUNS: [usize; 2] = [5, 7];

/// Services under whose names strangers get names of their own and that the list of public suffixes
/// does not hold.
const HOSTS: &[&str] = &["dynserv.com", "mooo.com", "yi.org"];

/// A name as numbers.
#[derive(Clone, Debug, PartialEq)]
pub struct Features {
    /// Rows of the pieces of the label.
    pub pieces: Vec<u16>,
    /// Rows of its runs of vowels, consonants and digits, whichever they are; in the table of pieces.
    pub runs: Vec<u16>,
    /// Rows of its words and of neighbouring words.
    pub words: Vec<u16>,
    /// Row of its suffix.
    pub suffix: u16,
    /// Its shape.
    pub shape: [f32; SHAPES],
}

/// The label that was registered, and the suffix under which it was.
#[must_use]
pub fn label_and_suffix(domain: &str) -> (&str, &str) {
    let domain = domain.trim_end_matches('.');
    let host = HOSTS.iter().find_map(|host| {
        let rest = domain.strip_suffix(host)?.strip_suffix('.')?;
        Some((rest.rsplit('.').next().unwrap_or(rest), *host))
    });
    host.or_else(|| registered(domain).map(|found| (found.label, found.suffix)))
        .unwrap_or_else(|| domain.split_once('.').unwrap_or((domain, "")))
}

/// The bits of the filter that stand for `word`.
#[must_use]
pub fn word_bits(word: &[u8]) -> [usize; 4] {
    let hash = hash::bytes(word);
    [0, 1, 2, 3].map(|turn| {
        let turned = hash::mix(hash ^ turn) >> 32;
        usize::try_from(turned).unwrap_or(0) % WORD_BITS
    })
}

fn row(kind: u8, bytes: &[u8]) -> u16 {
    let hash = hash::mix(hash::bytes(bytes) ^ u64::from(kind));
    let last = u16::try_from(ROWS - 1).unwrap_or(u16::MAX);
    hash::short(hash) & last
}

impl Features {
    /// Those of `domain`; `is_word` knows words.
    #[must_use]
    pub fn of(domain: &str, is_word: impl Fn(&[u8]) -> bool) -> Self {
        let domain = domain.to_ascii_lowercase();
        let (label, suffix) = label_and_suffix(&domain);
        let label = label.get(..MAX_LABEL_BYTES).unwrap_or(label).as_bytes();
        let mut framed = Vec::with_capacity(label.len() + 2);
        framed.push(b'^');
        framed.extend_from_slice(label);
        framed.push(b'$');
        let mut pieces = Vec::with_capacity(label.len() * 4 + 8);
        for size in PIECES {
            pieces.extend(framed.windows(size).map(|piece| row(1, piece)));
        }
        let kinds: Vec<u8> = framed.iter().map(|byte| kind(*byte)).collect();
        let mut runs: Vec<u16> = vec![row(6, &kinds)];
        for size in RUNS {
            runs.extend(kinds.windows(size).map(|run| row(5, run)));
        }
        let split = split(label, is_word);
        let mut words: Vec<u16> = split.words.iter().map(|word| row(2, word)).collect();
        for (one, next) in split.words.iter().zip(split.words.iter().skip(1)) {
            words.push(row(3, &[*one, b" ", *next].concat()));
        }
        Self {
            pieces,
            runs,
            words,
            suffix: row(4, suffix.as_bytes()),
            shape: shape(label, suffix, &split),
        }
    }
}

/// A label taken apart into words and what is left between them.
struct Split<'l> {
    words: Vec<&'l [u8]>,
    /// Letters in words.
    covered: usize,
    /// Runs of letters in no word.
    gaps: usize,
    longest_gap: usize,
}

/// Takes `label` apart so that the sum of the squares of the words' lengths is largest: few long words
/// rather than many short ones.
fn split(label: &[u8], is_word: impl Fn(&[u8]) -> bool) -> Split<'_> {
    // best[end]: the largest sum up to `end`, and the length of the word that ends there (0: none).
    let mut best: Vec<(usize, usize)> = vec![(0, 0); label.len() + 1];
    for end in 1..=label.len() {
        let mut here = (best.get(end - 1).map_or(0, |best| best.0), 0);
        for size in WORD_LETTERS {
            let Some(start) = end.checked_sub(size) else {
                break;
            };
            let Some(word) = label.get(start..end) else {
                break;
            };
            let sum = best.get(start).map_or(0, |best| best.0) + size * size;
            if sum > here.0 && is_word(word) {
                here = (sum, size);
            }
        }
        if let Some(place) = best.get_mut(end) {
            *place = here;
        }
    }
    let mut found = Split {
        words: Vec::new(),
        covered: 0,
        gaps: 0,
        longest_gap: 0,
    };
    let (mut end, mut gap) = (label.len(), 0);
    while end > 0 {
        let size = best.get(end).map_or(0, |best| best.1);
        if size > 0 {
            found.words.extend(label.get(end - size..end));
            found.covered += size;
            gap = 0;
        } else if label.get(end - 1).is_some_and(u8::is_ascii_lowercase) {
            found.gaps += usize::from(gap == 0);
            gap += 1;
            found.longest_gap = found.longest_gap.max(gap);
        } else {
            gap = 0;
        }
        end -= size.max(1);
    }
    found.words.reverse();
    found
}

/// A small number as a measure; lengths here are below 256.
fn small(number: usize) -> f32 {
    f32::from(u8::try_from(number).unwrap_or(u8::MAX))
}

fn flag(is: bool) -> f32 {
    f32::from(u8::from(is))
}

fn share(part: usize, whole: usize) -> f32 {
    small(part) / small(whole.max(1))
}

fn shape(label: &[u8], suffix: &str, split: &Split<'_>) -> [f32; SHAPES] {
    let mut shape = [0.0; SHAPES];
    let all = letters(label)
        .into_iter()
        .chain(words(label.len(), split))
        .chain(place(label.len(), suffix));
    for (slot, value) in shape.iter_mut().zip(all) {
        *slot = value;
    }
    shape
}

/// Which letters and in what order.
fn letters(label: &[u8]) -> [f32; 20] {
    let long = label.len();
    let count = |fits: fn(u8) -> bool| label.iter().filter(|byte| fits(**byte)).count();
    let pairs = || label.iter().zip(label.iter().skip(1));
    let both = |fits: fn(u8) -> bool| pairs().filter(|(a, b)| fits(**a) && fits(**b)).count();
    let changes = pairs()
        .filter(|(a, b)| is_vowel(**a) != is_vowel(**b))
        .count();
    let digit_changes = pairs()
        .filter(|(a, b)| a.is_ascii_digit() != b.is_ascii_digit())
        .count();
    let mut counts = [0_usize; 256];
    for byte in label {
        if let Some(place) = counts.get_mut(usize::from(*byte)) {
            *place += 1;
        }
    }
    let distinct = counts.iter().filter(|count| **count > 0).count();
    let squares: usize = counts.iter().map(|count| count * count).sum();
    let hex = label
        .iter()
        .all(|byte| byte.is_ascii_digit() || matches!(byte, b'a'..=b'f'));
    [
        share(count(is_vowel), long),
        share(count(|byte| byte == b'y'), long),
        share(count(|byte| byte.is_ascii_digit()), long),
        small(count(|byte| byte == b'-')) / 3.0,
        small(longest(label, is_consonant)) / 8.0,
        small(longest(label, is_vowel)) / 4.0,
        share(distinct, long),
        share(changes, long.saturating_sub(1)),
        small(both(is_consonant)) / 6.0,
        small(both(is_vowel)) / 6.0,
        flag(changes + 1 == long),
        small(squares.min(255)) / small((long * long).clamp(1, 255)),
        flag(hex),
        flag(label.iter().all(u8::is_ascii_lowercase)),
        flag(label.first().is_some_and(u8::is_ascii_digit)),
        flag(label.last().is_some_and(u8::is_ascii_digit)),
        small(digit_changes) / 6.0,
        share(count(|byte| b"jqxzwvk".contains(&byte)), long),
        share(counts.iter().max().copied().unwrap_or(0), long),
        small(pairs().filter(|(a, b)| a == b).count()) / 3.0,
    ]
}

/// How much of it is words.
fn words(long: usize, split: &Split<'_>) -> [f32; 12] {
    let count = split.words.len();
    let longest = split.words.iter().map(|word| word.len()).max();
    let shortest = split.words.iter().map(|word| word.len()).min();
    let whole = split.covered == long;
    let many = split.words.iter().filter(|word| word.len() > 4);
    [
        share(split.covered, long),
        small(count) / 5.0,
        small(longest.unwrap_or(0)) / 12.0,
        small(shortest.unwrap_or(0)) / 6.0,
        small(split.gaps) / 3.0,
        small(split.longest_gap) / 12.0,
        share(split.covered, count.max(1)) / 8.0,
        flag(whole && count == 1),
        flag(whole && count == 2),
        flag(whole && count == 3),
        flag(whole && count > 3),
        share(many.map(|word| word.len()).sum(), long),
    ]
}

/// How long it is, and where it was registered.
fn place(long: usize, suffix: &str) -> [f32; 12] {
    let within = |least: usize, most: usize| flag((least..=most).contains(&long));
    let top = suffix.rsplit('.').next().unwrap_or("");
    [
        small(long) / 20.0,
        small(long * long / 16) / 20.0,
        within(0, 5),
        within(6, 7),
        within(8, 9),
        within(10, 12),
        within(13, 16),
        within(17, 22),
        within(23, 63),
        flag(suffix == "com"),
        flag(top.len() == 2),
        flag(suffix.contains('.')),
    ]
}

fn longest(label: &[u8], fits: fn(u8) -> bool) -> usize {
    let (mut run, mut most) = (0, 0);
    for byte in label {
        run = if fits(*byte) { run + 1 } else { 0 };
        most = most.max(run);
    }
    most
}

const fn is_vowel(byte: u8) -> bool {
    matches!(byte, b'a' | b'e' | b'i' | b'o' | b'u' | b'y')
}

/// What kind of letter it is; other signs stand for themselves.
const fn kind(byte: u8) -> u8 {
    match byte {
        byte if is_vowel(byte) => b'v',
        b'a'..=b'z' => b'c',
        b'0'..=b'9' => b'd',
        byte => byte,
    }
}

const fn is_consonant(byte: u8) -> bool {
    byte.is_ascii_lowercase() && !is_vowel(byte)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_label_falls_into_its_longest_words() {
        let known: &[&str] = &["cloud", "chart", "loud", "art", "her", "there"];
        for (label, expected, gaps) in [
            ("cloudchart", &["cloud", "chart"][..], 0),
            ("xcloudxxthere", &["cloud", "there"], 2),
            ("zzz", &[], 1),
            ("", &[], 0),
        ] {
            let found = split(label.as_bytes(), |word| {
                known.iter().any(|known| known.as_bytes() == word)
            });
            let words: Vec<&str> = found
                .words
                .iter()
                .map(|word| str::from_utf8(word).unwrap())
                .collect();
            assert_eq!((words.as_slice(), found.gaps), (expected, gaps), "{label}");
        }
    }

    #[test]
    fn the_registered_label_is_what_is_judged() {
        for (domain, expected) in [
            ("www.example.org", ("example", "org")),
            ("example.co.uk.", ("example", "co.uk")),
            ("a.b.shop.com.au", ("shop", "com.au")),
            ("name.ddns.net", ("name", "ddns.net")),
            ("name.mooo.com", ("name", "mooo.com")),
            ("localhost", ("localhost", "")),
            ("", ("", "")),
        ] {
            assert_eq!(label_and_suffix(domain), expected, "{domain}");
        }
    }

    proptest::proptest! {
        #[test]
        fn any_name_has_features(domain in ".{0,100}") {
            let found = Features::of(&domain, |word| word.len() == 3);
            proptest::prop_assert!(found.shape.iter().all(|value| value.is_finite()));
            proptest::prop_assert!(found.pieces.iter().chain(&found.words).chain(&found.runs).all(|row| usize::from(*row) < ROWS));
        }
    }
}
