//! Conditions on what a record said under its keys.

use super::keys::Slots;

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

impl Condition {
    #[inline]
    fn holds(&self, slots: &Slots<'_>) -> bool {
        let found = slots
            .get(self.slot)
            .is_some_and(|raw| self.values.iter().any(|wanted| wanted.fits(raw.text)));
        found != self.negated
    }
}

/// Whether all of `conditions` hold.
#[inline]
pub(super) fn all_hold(conditions: &[Condition], slots: &Slots<'_>) -> bool {
    conditions.iter().all(|condition| condition.holds(slots))
}

#[cfg(test)]
mod tests {
    use super::*;

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
}
