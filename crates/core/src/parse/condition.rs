//! Conditions on what a record said under its keys.

use super::keys::{KeyTable, Slots};
use super::sieve::Net;

/// The most values of one key that are told apart at once.
pub(super) const MAX_VALUES: usize = 64;
/// Values with stars are looked for together from this many letters on.
const LEAST_TOGETHER_BYTES: usize = 3;

/// A slot holds, or does not hold, one of these values.
#[derive(Debug)]
pub(super) struct Condition {
    pub slot: u16,
    pub values: Vec<Wanted>,
    /// Whether it must not.
    pub negated: bool,
}

/// What a value must be; ASCII case is ignored.
#[derive(Debug)]
pub(super) enum Wanted {
    /// Something.
    Any,
    /// Exactly this.
    Equal(Box<str>),
    /// It starts so.
    Start(Box<str>),
    /// It ends so.
    End(Box<str>),
    /// It contains this.
    Part(Box<str>),
}

impl Wanted {
    /// Reads a value with a star in front, behind, at both ends or nowhere.
    pub fn read(text: &str) -> Self {
        let (head, rest) = match text.strip_prefix('*') {
            Some(rest) => (true, rest),
            None => (false, text),
        };
        let (tail, inner) = match rest.strip_suffix('*') {
            Some(inner) => (true, inner),
            None => (false, rest),
        };
        match (head, tail) {
            _ if inner.is_empty() && (head || tail) => Self::Any,
            (false, false) => Self::Equal(inner.into()),
            (false, true) => Self::Start(inner.into()),
            (true, false) => Self::End(inner.into()),
            (true, true) => Self::Part(inner.into()),
        }
    }

    /// Whether both ask for the same.
    pub fn same(&self, other: &Self) -> bool {
        match (self, other) {
            (Self::Any, Self::Any) => true,
            (Self::Equal(one), Self::Equal(two))
            | (Self::Start(one), Self::Start(two))
            | (Self::End(one), Self::End(two))
            | (Self::Part(one), Self::Part(two)) => one.eq_ignore_ascii_case(two),
            _ => false,
        }
    }

    /// The text without stars.
    fn text(&self) -> &str {
        match self {
            Self::Any => "",
            Self::Equal(text) | Self::Start(text) | Self::End(text) | Self::Part(text) => text,
        }
    }

    /// Whether the wanted text stands in `text` from `start` on, and where it should.
    fn is_at(&self, text: &[u8], start: usize) -> bool {
        let wanted = self.text().as_bytes();
        let end = start.saturating_add(wanted.len());
        let placed = match self {
            Self::Start(_) => start == 0,
            Self::End(_) => end == text.len(),
            _ => true,
        };
        placed
            && text
                .get(start..end)
                .is_some_and(|piece| piece.eq_ignore_ascii_case(wanted))
    }

    /// Whether `text` is what is wanted.
    pub fn fits(&self, text: &str) -> bool {
        let same = |piece: Option<&[u8]>, wanted: &str| {
            piece.is_some_and(|piece| same(piece, wanted.as_bytes()))
        };
        let bytes = text.as_bytes();
        match self {
            Self::Any => !text.is_empty(),
            Self::Equal(wanted) => wanted.eq_ignore_ascii_case(text),
            Self::Start(wanted) => same(bytes.get(..wanted.len()), wanted),
            Self::End(wanted) => {
                let start = bytes.len().checked_sub(wanted.len());
                same(start.and_then(|start| bytes.get(start..)), wanted)
            }
            Self::Part(wanted) if wanted.len() > bytes.len() => false,
            Self::Part(wanted) => {
                let first = wanted.bytes().next().unwrap_or_default();
                let (lower, upper) = (first.to_ascii_lowercase(), first.to_ascii_uppercase());
                memchr::memchr2_iter(lower, upper, bytes)
                    .any(|at| same(bytes.get(at..at + wanted.len()), wanted))
            }
        }
    }
}

/// Whether both are the same, ASCII case ignored; mostly the first bytes tell.
#[inline]
fn same(one: &[u8], other: &[u8]) -> bool {
    match (one, other) {
        ([first, ..], [wanted, ..]) if (first ^ wanted) & !0x20 != 0 => false,
        _ => one.eq_ignore_ascii_case(other),
    }
}

/// Up to [`MAX_VALUES`] values that a key may have, numbered: one look at what a record says tells which
/// of them it is.
#[derive(Debug)]
pub(super) struct Values {
    /// Whole values.
    exact: KeyTable,
    /// Values with stars, looked for together.
    starred: Option<Box<Starred>>,
    /// What is left, and the number of each.
    others: Vec<(Wanted, u16)>,
}

impl Values {
    /// Numbered in order; what is beyond the limit is left out.
    pub fn new(values: impl IntoIterator<Item = Wanted>) -> Self {
        let mut exact = Vec::new();
        let mut starred = Vec::new();
        let mut others = Vec::new();
        for (value, number) in values.into_iter().take(MAX_VALUES).zip(0_u16..) {
            match value {
                Wanted::Equal(text) => exact.push((text, number)),
                Wanted::Start(ref text) | Wanted::End(ref text) | Wanted::Part(ref text)
                    if text.len() >= LEAST_TOGETHER_BYTES =>
                {
                    starred.push((value, number));
                }
                _ => others.push((value, number)),
            }
        }
        // One alone is found faster by itself.
        if starred.len() == 1 {
            others.append(&mut starred);
        }
        Self {
            exact: KeyTable::new(exact.iter().map(|(text, number)| (text.as_ref(), *number))),
            starred: (!starred.is_empty()).then(|| Box::new(Starred::new(starred))),
            others,
        }
    }

    /// Whether looking costs more than a word's look-up.
    pub const fn is_dear(&self) -> bool {
        self.starred.is_some() || !self.others.is_empty()
    }

    /// Whether `text` is one of them.
    pub fn any(&self, text: &str) -> bool {
        self.exact.find(text).is_some()
            || self.others.iter().any(|(wanted, _)| wanted.fits(text))
            || self
                .starred
                .as_ref()
                .is_some_and(|starred| starred.of(text.as_bytes(), true) != 0)
    }

    /// A bit for each value that `text` is.
    pub fn of(&self, text: &str) -> u64 {
        let mut bits = self.exact.find(text).map_or(0, bit);
        for (wanted, number) in &self.others {
            if wanted.fits(text) {
                bits |= bit(*number);
            }
        }
        match &self.starred {
            Some(starred) => bits | starred.of(text.as_bytes(), false),
            None => bits,
        }
    }
}

const fn bit(number: u16) -> u64 {
    1 << (number & 63)
}

/// Values with stars. Long ones are caught in a net. For the others each letter of a text says which values
/// may have it as their first, second or third: where three letters in a row agree on one, it is compared.
#[derive(Debug)]
struct Starred {
    values: Vec<(Wanted, u16)>,
    /// By the lower bits of a letter, which are the same for small and capital ones.
    places: Option<Places>,
    net: Option<Net>,
}

/// For the first letters of values, a bit for each value that has a letter there.
type Places = [[u64; 32]; LEAST_TOGETHER_BYTES];

impl Starred {
    fn new(values: Vec<(Wanted, u16)>) -> Self {
        let mut places: Option<Places> = None;
        let mut net = Net::new(true);
        let mut is_caught = false;
        for ((value, _), number) in values.iter().zip(0..) {
            if net.add(value.text().as_bytes(), usize::from(number)) {
                is_caught = true;
                continue;
            }
            let places = places.get_or_insert([[0; 32]; LEAST_TOGETHER_BYTES]);
            for (letters, byte) in places.iter_mut().zip(value.text().bytes()) {
                if let Some(letter) = letters.get_mut(usize::from(byte & 31)) {
                    *letter |= bit(number);
                }
            }
        }
        Self {
            values,
            places,
            net: is_caught.then(|| net.finish()),
        }
    }

    /// A bit for each value that `text` is; of those one is enough where `any` is.
    fn of(&self, text: &[u8], any: bool) -> u64 {
        let mut found = 0;
        if let Some(net) = &self.net {
            net.each(text, |number, start| {
                self.look(number, text, start, &mut found);
                any && found != 0
            });
        }
        if let Some(places) = &self.places
            && !(any && found != 0)
        {
            self.by_letters(places, text, any, &mut found);
        }
        found
    }

    /// Notes the value of this number if it stands at `start`.
    fn look(&self, number: usize, text: &[u8], start: usize, found: &mut u64) {
        if let Some((wanted, number)) = self.values.get(number)
            && wanted.is_at(text, start)
        {
            *found |= bit(*number);
        }
    }

    fn by_letters(&self, places: &Places, text: &[u8], any: bool, found: &mut u64) {
        let [first, second, third] = places;
        let (mut one, mut two) = (0, 0);
        for (at, byte) in text.iter().enumerate() {
            let letter = usize::from(byte & 31);
            let mut three = two & third.get(letter).copied().unwrap_or(0);
            two = one & second.get(letter).copied().unwrap_or(0);
            one = first.get(letter).copied().unwrap_or(0);
            while three != 0 {
                let number = three.trailing_zeros() as usize;
                three &= three - 1;
                self.look(
                    number,
                    text,
                    at.saturating_sub(LEAST_TOGETHER_BYTES - 1),
                    found,
                );
            }
            if any && *found != 0 {
                return;
            }
        }
    }
}

/// Conditions, ready to ask.
#[derive(Debug, Default)]
pub(super) struct Conditions(Vec<(u16, bool, Vec<Values>)>);

impl Conditions {
    /// All of `conditions`.
    pub fn new(conditions: Vec<Condition>) -> Self {
        let each = conditions.into_iter().map(|mut condition| {
            let mut values = Vec::new();
            while !condition.values.is_empty() {
                let end = condition.values.len().min(MAX_VALUES);
                values.push(Values::new(condition.values.drain(..end)));
            }
            (condition.slot, condition.negated, values)
        });
        Self(each.collect())
    }

    /// Whether all of them hold.
    #[inline]
    pub fn hold(&self, slots: &Slots<'_>) -> bool {
        self.0.iter().all(|(slot, negated, values)| {
            let said = slots.get(*slot);
            let found = said.is_some_and(|raw| values.iter().any(|values| values.any(raw.text)));
            found != *negated
        })
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::parse::keys::MAX_SLOTS;

    #[test]
    fn stars_stand_for_anything() {
        for (wanted, text, expected) in [
            ("deny", "DENY", true),
            ("deny", "denied", false),
            ("den*", "Denied", true),
            ("*ied", "Denied", true),
            ("*ENI*", "Denied", true),
            ("*x*", "Denied", false),
            ("*denied*", "no", false),
            ("*", "x", true),
            ("*", "", false),
        ] {
            assert_eq!(Wanted::read(wanted).fits(text), expected, "{wanted} {text}");
        }
    }

    #[test]
    fn many_values_are_looked_for_at_once() {
        let wanted = [
            "den*", "*ied", "*eni*", "*x*", "*", "denied", "*DENIED*", "*nieder*", "ab*", "*aaab*",
            "*denied", "[{*", "*{[]*",
        ];
        let values = Values::new(wanted.iter().map(|value| Wanted::read(value)));
        for text in [
            "Denied",
            "denied",
            "de",
            "",
            "was denied",
            "deny",
            "aaaab",
            "AB",
            "niedenied",
            "[{]x",
            "{[]",
            "[{[]}",
            "éden",
        ] {
            let one_by_one = wanted.iter().zip(0..).fold(0, |bits, (value, number)| {
                bits | u64::from(Wanted::read(value).fits(text)) << number
            });
            assert_eq!(values.of(text), one_by_one, "{text}");
        }
    }

    #[test]
    fn a_condition_may_name_more_values_than_are_told_apart_at_once() {
        let values = (0..200).map(|number| Wanted::Equal(number.to_string().into()));
        let condition = |negated| Condition {
            slot: 0,
            values: values.clone().collect(),
            negated,
        };
        for (text, negated, expected) in [
            ("199", false, true),
            ("200", false, false),
            ("0", true, false),
        ] {
            let mut slots = Slots::new(MAX_SLOTS);
            slots.set(0, text, crate::parse::escape::Escape::None);
            let conditions = Conditions::new(vec![condition(negated)]);
            assert_eq!(conditions.hold(&slots), expected, "{text} {negated}");
        }
    }
}
