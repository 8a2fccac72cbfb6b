//! A rule's condition over numbered predicates, and which of them must hit for it to be worth asking.

use super::predicate::{Predicate, Test};

/// A condition over predicates.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) enum Expression {
    /// The predicate of that number.
    Is(u32),
    /// All of these; true if there are none.
    And(Vec<Expression>),
    /// Any of these; false if there are none.
    Or(Vec<Expression>),
    /// Not this.
    Not(Box<Expression>),
    /// At least so many of these.
    AtLeast(usize, Vec<Expression>),
}

impl Expression {
    /// All of `parts`.
    pub(super) fn and(mut parts: Vec<Self>) -> Self {
        if parts.len() == 1 {
            return parts.remove(0);
        }
        Self::And(parts)
    }

    /// Any of `parts`.
    pub(super) fn or(mut parts: Vec<Self>) -> Self {
        if parts.len() == 1 {
            return parts.remove(0);
        }
        Self::Or(parts)
    }

    /// Its value, where `ask` answers a predicate.
    pub(super) fn holds(&self, ask: &mut impl FnMut(u32) -> bool) -> bool {
        match self {
            Self::Is(number) => ask(*number),
            Self::And(parts) => parts.iter().all(|part| part.holds(ask)),
            Self::Or(parts) => parts.iter().any(|part| part.holds(ask)),
            Self::Not(part) => !part.holds(ask),
            Self::AtLeast(least, parts) => {
                let mut missing = *least;
                missing == 0
                    || parts.iter().any(|part| {
                        missing -= usize::from(part.holds(ask));
                        missing == 0
                    })
            }
        }
    }

    /// Predicates of which at least one must be true whenever this is, and how rare that is (higher
    /// is rarer); `None` if it can be true with none of the indexed predicates true.
    pub(super) fn gate(&self, predicates: &[Predicate]) -> Option<(u32, Vec<u32>)> {
        match self {
            Self::Is(number) => {
                let index = usize::try_from(*number).unwrap_or(usize::MAX);
                rarity(predicates.get(index)?).map(|rarity| (rarity, vec![*number]))
            }
            Self::And(parts) => parts
                .iter()
                .filter_map(|part| part.gate(predicates))
                .max_by_key(|(rarity, gate)| (*rarity, std::cmp::Reverse(gate.len()))),
            Self::Or(parts) => any_gate(parts, predicates),
            Self::AtLeast(least, parts) if *least > 0 => any_gate(parts, predicates),
            Self::Not(_) | Self::AtLeast(..) => None,
        }
    }

    /// How many parts it has, itself among them.
    pub(super) fn size(&self) -> usize {
        match self {
            Self::Is(_) => 1,
            Self::Not(part) => part.size() + 1,
            Self::And(parts) | Self::Or(parts) | Self::AtLeast(_, parts) => {
                parts.iter().map(Self::size).sum::<usize>() + 1
            }
        }
    }

    /// Calls `each` with every predicate in it.
    pub(super) fn visit(&self, each: &mut impl FnMut(u32)) {
        match self {
            Self::Is(number) => each(*number),
            Self::And(parts) | Self::Or(parts) | Self::AtLeast(_, parts) => {
                parts.iter().for_each(|part| part.visit(each));
            }
            Self::Not(part) => part.visit(each),
        }
    }
}

fn any_gate(parts: &[Expression], predicates: &[Predicate]) -> Option<(u32, Vec<u32>)> {
    let mut weakest = u32::MAX;
    let mut all = Vec::new();
    for part in parts {
        let (rarity, gate) = part.gate(predicates)?;
        weakest = weakest.min(rarity);
        all.extend(gate);
    }
    Some((weakest, all))
}

/// Shortest literal worth indexing: shorter ones stand in almost every text.
pub(super) const MIN_LITERAL_BYTES: usize = 3;

/// How rarely an indexed predicate is true; `None` if it is not indexed.
pub(super) fn rarity(predicate: &Predicate) -> Option<u32> {
    match &predicate.test {
        Test::Glob(_) | Test::Regex(_) if predicate.slot.group().is_some() => {
            let length = predicate.literal.len();
            if length >= MIN_LITERAL_BYTES {
                return u32::try_from(length.min(20)).ok();
            }
            short_exact(predicate).map(|_| 5)
        }
        Test::Number(_) => Some(4),
        _ => None,
    }
}

/// The whole value of a pattern too short for the automaton: looked up by itself when a value is as
/// short.
pub(super) fn short_exact(predicate: &Predicate) -> Option<Vec<u8>> {
    let Test::Glob(glob) = &predicate.test else {
        return None;
    };
    predicate.slot.group().filter(|group| {
        matches!(group, super::slot::Group::Field(field)
            if predicate.slot == super::slot::Slot::Field(*field))
    })?;
    glob.exact()
        .filter(|bytes| bytes.len() < MIN_LITERAL_BYTES)
        .map(|bytes| bytes.to_ascii_lowercase())
}
