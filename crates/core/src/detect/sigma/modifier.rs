//! What stands after the bar in `field|contains|all`, and how it changes values.
//!
//! Standard: Sigma specification 2.1, appendix "Modifiers". They apply from left to right.

use super::glob::{Token, plain_bytes};
use super::skip::{Skip, SkipReason, skip};

/// Most values that one value may turn into (`windash` multiplies by five per option).
const MAX_VARIANTS: usize = 125;
/// The dashes and dash-like signs that programs take before an option.
const DASHES: [&str; 5] = ["-", "/", "\u{2013}", "\u{2014}", "\u{2015}"];
const BASE64: &[u8; 64] = b"ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/";

/// How a value is compared.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Compare {
    /// As text with wildcards.
    Text,
    /// As a regular expression with the flags `i`, `m`, `s`.
    Regex([bool; 3]),
    /// As a network.
    Cidr,
    /// The field is there, or is not.
    Exists,
    /// As a number.
    Number(Order),
    /// With another field of the same event.
    Field,
}

/// A comparison of numbers.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub(super) enum Order {
    /// Smaller.
    Less,
    /// Smaller or the same.
    LessOrSame,
    /// Greater.
    Greater,
    /// Greater or the same.
    GreaterOrSame,
    /// The same.
    Same,
    /// Not the same.
    Other,
}

impl Order {
    /// By the word that rules use.
    pub(super) fn from_word(word: &str) -> Option<Self> {
        Some(match word {
            "lt" => Self::Less,
            "lte" => Self::LessOrSame,
            "gt" => Self::Greater,
            "gte" => Self::GreaterOrSame,
            "eq" => Self::Same,
            "neq" => Self::Other,
            _ => return None,
        })
    }

    /// Whether `number` compares so with `limit`.
    pub(super) fn holds<T: PartialOrd>(self, number: T, limit: T) -> bool {
        match self {
            Self::Less => number < limit,
            Self::LessOrSame => number <= limit,
            Self::Greater => number > limit,
            Self::GreaterOrSame => number >= limit,
            Self::Same => number == limit,
            Self::Other => number != limit,
        }
    }
}

/// A part of a moment, as the device's own clock and calendar show it.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub(super) enum Part {
    /// 0 to 59.
    Minute,
    /// 0 to 23.
    Hour,
    /// Of the month, 1 to 31.
    Day,
    /// ISO 8601, 1 to 53.
    Week,
    /// 1 to 12.
    Month,
    /// Four digits.
    Year,
}

/// Where the text may stand.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub(super) enum Place {
    /// The whole value.
    Whole,
    /// Anywhere.
    Anywhere,
    /// At the start.
    Start,
    /// At the end.
    End,
}

/// A change of the value before it is compared.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Change {
    Utf16Le,
    Utf16Be,
    Utf16Bom,
    Base64,
    Base64Offset,
    Windash,
}

/// All modifiers of one item.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct Modifiers {
    /// How values are compared.
    pub(super) compare: Compare,
    /// Where text may stand.
    pub(super) place: Place,
    /// Letters compare with case.
    pub(super) cased: bool,
    /// All values must hold, not any.
    pub(super) all: bool,
    /// The item holds when it otherwise would not.
    pub(super) negated: bool,
    /// Values name lists that the site fills in.
    pub(super) expand: bool,
    /// Only this part of a moment is compared.
    pub(super) part: Option<Part>,
    changes: Vec<Change>,
}

impl Modifiers {
    /// From the words after the first bar.
    pub(super) fn parse<'k>(words: impl Iterator<Item = &'k str>) -> Result<Self, Skip> {
        let mut found = Self {
            compare: Compare::Text,
            place: Place::Whole,
            cased: false,
            all: false,
            negated: false,
            expand: false,
            part: None,
            changes: Vec::new(),
        };
        for word in words {
            found.add(word)?;
        }
        let whole = found.place == Place::Whole && found.changes.is_empty();
        let fits = match found.compare {
            Compare::Text | Compare::Regex(_) => found.part.is_none() || whole,
            Compare::Number(_) => whole,
            Compare::Field => found.changes.is_empty() && found.part.is_none(),
            Compare::Cidr | Compare::Exists => whole && found.part.is_none(),
        };
        if fits {
            Ok(found)
        } else {
            skip(SkipReason::Modifier, "two that exclude each other")
        }
    }

    fn add(&mut self, word: &str) -> Result<(), Skip> {
        match word {
            "contains" => self.place = Place::Anywhere,
            "startswith" => self.place = Place::Start,
            "endswith" => self.place = Place::End,
            "all" => self.all = true,
            "cased" => self.cased = true,
            "neq" => self.negated = true,
            "re" => self.set(Compare::Regex([false; 3]), word)?,
            "i" | "m" | "s" => match &mut self.compare {
                Compare::Regex([i, m, s]) => match word {
                    "i" => *i = true,
                    "m" => *m = true,
                    _ => *s = true,
                },
                _ => return skip(SkipReason::Modifier, word),
            },
            "cidr" => self.set(Compare::Cidr, word)?,
            "exists" => self.set(Compare::Exists, word)?,
            "fieldref" => self.set(Compare::Field, word)?,
            "base64" => self.changes.push(Change::Base64),
            "base64offset" => self.changes.push(Change::Base64Offset),
            "utf16le" | "wide" => self.changes.push(Change::Utf16Le),
            "utf16be" => self.changes.push(Change::Utf16Be),
            "utf16" => self.changes.push(Change::Utf16Bom),
            "windash" => self.changes.push(Change::Windash),
            "expand" => self.expand = true,
            "minute" => self.take_part(Part::Minute, word)?,
            "hour" => self.take_part(Part::Hour, word)?,
            "day" => self.take_part(Part::Day, word)?,
            "week" => self.take_part(Part::Week, word)?,
            "month" => self.take_part(Part::Month, word)?,
            "year" => self.take_part(Part::Year, word)?,
            other => match Order::from_word(other) {
                Some(Order::Same) | None => return skip(SkipReason::Modifier, other),
                Some(order) => self.set(Compare::Number(order), word)?,
            },
        }
        Ok(())
    }

    fn take_part(&mut self, part: Part, word: &str) -> Result<(), Skip> {
        if self.part.is_some() {
            return skip(SkipReason::Modifier, word);
        }
        self.part = Some(part);
        Ok(())
    }

    fn set(&mut self, compare: Compare, word: &str) -> Result<(), Skip> {
        if self.compare != Compare::Text {
            return skip(SkipReason::Modifier, word);
        }
        self.compare = compare;
        Ok(())
    }

    /// The patterns that one value turns into; the item holds if one of them does.
    pub(super) fn patterns(&self, value: Vec<Token>) -> Result<Vec<Vec<Token>>, Skip> {
        let mut values = vec![value];
        for change in &self.changes {
            let mut changed = Vec::new();
            for value in &values {
                change.apply(value, &mut changed)?;
            }
            if changed.len() > MAX_VARIANTS {
                return skip(SkipReason::TooMany, "variants of one value");
            }
            values = changed;
        }
        for value in &mut values {
            if matches!(self.place, Place::Anywhere | Place::End) {
                value.insert(0, Token::Many);
            }
            if matches!(self.place, Place::Anywhere | Place::Start) {
                value.push(Token::Many);
            }
        }
        Ok(values)
    }
}

impl Change {
    fn apply(self, value: &[Token], out: &mut Vec<Vec<Token>>) -> Result<(), Skip> {
        if self == Self::Windash {
            return windash(value, out);
        }
        let Some(bytes) = plain_bytes(value) else {
            return skip(SkipReason::Value, "a wildcard in an encoded value");
        };
        let as_tokens = |bytes: &[u8]| bytes.iter().copied().map(Token::Byte).collect();
        match self {
            Self::Utf16Le => out.push(as_tokens(&utf16(&bytes, u16::to_le_bytes)?)),
            Self::Utf16Be => out.push(as_tokens(&utf16(&bytes, u16::to_be_bytes)?)),
            Self::Utf16Bom => {
                let mut marked = vec![0xFF, 0xFE];
                marked.extend(utf16(&bytes, u16::to_le_bytes)?);
                out.push(as_tokens(&marked));
            }
            Self::Base64 => out.push(as_tokens(&base64(&bytes, true))),
            Self::Base64Offset => {
                for shift in 0..3 {
                    out.push(as_tokens(&base64_inside(&bytes, shift)));
                }
            }
            Self::Windash => {}
        }
        Ok(())
    }
}

fn utf16(bytes: &[u8], order: fn(u16) -> [u8; 2]) -> Result<Vec<u8>, Skip> {
    match std::str::from_utf8(bytes) {
        Ok(text) => Ok(text.encode_utf16().flat_map(order).collect()),
        Err(_) => skip(SkipReason::Modifier, "two encodings as UTF-16"),
    }
}

/// Base64 (RFC 4648), with padding or without the digits that padding touches.
fn base64(bytes: &[u8], padded: bool) -> Vec<u8> {
    let mut out = Vec::with_capacity(bytes.len().div_ceil(3) * 4);
    for chunk in bytes.chunks(3) {
        let byte = |at: usize| u32::from(chunk.get(at).copied().unwrap_or(0));
        let bits = byte(0) << 16 | byte(1) << 8 | byte(2);
        let digits = chunk.len() * 8 / 6 + usize::from(padded && chunk.len() < 3);
        for digit in 0..4 {
            if digit < digits {
                let index = (bits >> (18 - 6 * digit)) & 63;
                let index = usize::try_from(index).unwrap_or_default();
                out.push(BASE64.get(index).copied().unwrap_or(b'A'));
            } else if padded {
                out.push(b'=');
            }
        }
    }
    out
}

/// The digits that stay the same when `bytes` stand `shift` bytes into an encoded whole, whatever is
/// around them.
fn base64_inside(bytes: &[u8], shift: usize) -> Vec<u8> {
    let mut shifted = vec![b' '; shift];
    shifted.extend_from_slice(bytes);
    let encoded = base64(&shifted, false);
    // One byte before touches two digits, two bytes touch three.
    let touched = if shift == 0 { 0 } else { shift + 1 };
    encoded
        .get(touched..)
        .map(<[u8]>::to_vec)
        .unwrap_or_default()
}

/// Every spelling of the options in a command line: a dash or slash that begins a word.
fn windash(value: &[Token], out: &mut Vec<Vec<Token>>) -> Result<(), Skip> {
    let mut spellings: Vec<Vec<Token>> = vec![Vec::new()];
    let mut before = None;
    let mut rest = value;
    while let Some((token, after)) = rest.split_first() {
        let starts_word = match before {
            None | Some(Token::Many) => true,
            Some(Token::Byte(byte)) => !byte.is_ascii_alphanumeric() && byte != b'_',
            Some(Token::One) => false,
        };
        before = Some(*token);
        let option = dash_before_word(rest).filter(|_| starts_word);
        if let Some(word) = option {
            spellings = spellings
                .iter()
                .flat_map(|spelling| {
                    DASHES.iter().map(|dash| {
                        let mut longer = spelling.clone();
                        longer.extend(dash.bytes().map(Token::Byte));
                        longer
                    })
                })
                .collect();
            if spellings.len() > MAX_VARIANTS {
                return skip(SkipReason::TooMany, "options in a windash value");
            }
            rest = word;
        } else {
            for spelling in &mut spellings {
                spelling.push(*token);
            }
            rest = after;
        }
    }
    out.extend(spellings);
    Ok(())
}

/// What follows the dash that `value` begins with, if that is a word.
fn dash_before_word(value: &[Token]) -> Option<&[Token]> {
    let after = DASHES.iter().find_map(|dash| {
        let bytes = dash.bytes().map(Token::Byte);
        let same =
            value.len() >= dash.len() && bytes.zip(value).all(|(wanted, found)| wanted == *found);
        value.get(dash.len()..).filter(|_| same)
    })?;
    match after.first() {
        Some(Token::Byte(byte)) if byte.is_ascii_alphanumeric() || *byte == b'_' => Some(after),
        _ => None,
    }
}

#[cfg(test)]
mod tests {
    use super::super::glob::tokens;
    use super::*;

    fn texts(modifiers: &str, value: &str) -> Vec<String> {
        let modifiers = Modifiers::parse(modifiers.split('|')).unwrap();
        let patterns = modifiers.patterns(tokens(value)).unwrap();
        patterns
            .iter()
            .map(|pattern| String::from_utf8(plain_bytes(pattern).unwrap()).unwrap())
            .collect()
    }

    #[test]
    fn encodings() {
        assert_eq!(texts("base64", "foobar"), ["Zm9vYmFy"]);
        assert_eq!(texts("base64", "fooba"), ["Zm9vYmE="]);
        assert_eq!(texts("base64", "f"), ["Zg=="]);
        // The example of the specification's appendix.
        assert_eq!(
            texts("base64offset", "foobar"),
            ["Zm9vYmFy", "Zvb2Jhc", "mb29iYX"]
        );
        assert_eq!(texts("utf16le|base64", "A"), ["QQA="]);
        assert_eq!(
            texts("windash", "a -b"),
            ["a -b", "a /b", "a –b", "a —b", "a ―b"]
        );
        assert_eq!(texts("windash", "a –b").len(), 5);
        assert_eq!(texts("windash", "/a -b")[6], "/a /b");
        for plain in ["a-b", "- b", "a_-b", "—"] {
            assert_eq!(texts("windash", plain), [plain]);
        }
    }

    #[test]
    fn what_cannot_be_is_refused() {
        for (modifiers, reason) in [
            ("hour|day", SkipReason::Modifier),
            ("hour|contains", SkipReason::Modifier),
            ("hour|cidr", SkipReason::Modifier),
            ("gte|contains", SkipReason::Modifier),
            ("eq", SkipReason::Modifier),
            ("nonsense", SkipReason::Modifier),
            ("i", SkipReason::Modifier),
            ("re|cidr", SkipReason::Modifier),
        ] {
            let found = Modifiers::parse(modifiers.split('|'));
            assert_eq!(found.unwrap_err().0, reason, "{modifiers}");
        }
        let encoded = Modifiers::parse(["base64"].into_iter()).unwrap();
        assert!(encoded.patterns(tokens("a*b")).is_err());
    }

    proptest::proptest! {
        #[test]
        fn the_digits_inside_are_found_in_any_surrounding(
            before in "[a-z]{0,7}", value in "[a-z]{3,9}", after in "[a-z]{0,4}"
        ) {
            let whole = base64(format!("{before}{value}{after}").as_bytes(), true);
            let whole = String::from_utf8(whole).unwrap();
            let inside = base64_inside(value.as_bytes(), before.len() % 3);
            let inside = String::from_utf8(inside).unwrap();
            proptest::prop_assert!(whole.contains(&inside), "{} in {}", inside, whole);
        }
    }
}
