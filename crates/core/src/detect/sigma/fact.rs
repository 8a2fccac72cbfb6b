//! What correlations need to know of one event: to which group it belongs, and the value they count.
//!
//! Taken while the event is at hand, by any worker; counted later, in order, by
//! [`super::correlator`].

use std::fmt::Write as _;
use std::net::IpAddr;

use super::correlation::{Counted, Input};
use super::slot::Slot;
use super::{RuleIndex, RuleSet, place};
use crate::address;
use crate::detect::hash;
use crate::event::{Event, Field, Kind, Value};

/// Longest text about a group, in bytes.
const MAX_SHOWN_BYTES: usize = 160;
/// Longest value that is looked at, in bytes.
const MAX_VALUE_BYTES: usize = 1_024;
/// What an event weighs against others when there is no room: one that needs an answered connection
/// cannot be spoofed.
const ANSWERED: u8 = 64;

/// One event as one correlation sees it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Fact {
    /// The correlation, by its place among those of the set.
    pub(super) correlation: u32,
    /// Which of its rules.
    pub(super) input: u16,
    /// The group, by hash.
    pub(super) group: u64,
    /// The value that is counted: a hash, or a number where numbers are measured.
    pub(super) value: u64,
    pub(super) weight: u8,
    /// The group as a person reads it.
    pub(super) shown: Box<str>,
}

impl RuleSet {
    /// What the correlations of this set need to know of `event`, which matched `matched`; in the
    /// order in which correlations are counted.
    #[must_use]
    pub fn facts(&self, event: &Event<'_>, matched: &[RuleIndex]) -> Vec<Fact> {
        let mut facts = Vec::new();
        if self.correlations.is_empty() {
            return facts;
        }
        for index in matched {
            for (correlation, input) in self.reach.get(place(index.0)).into_iter().flatten() {
                let known = |fact: &Fact| (fact.correlation, fact.input) == (*correlation, *input);
                if !facts.iter().any(known) {
                    facts.extend(self.fact(event, *correlation, *input));
                }
            }
        }
        facts.sort_by_key(|fact| (fact.correlation, std::cmp::Reverse(fact.input)));
        facts
    }

    fn fact(&self, event: &Event<'_>, number: u32, input: u16) -> Option<Fact> {
        let correlation = self.correlations.get(place(number))?;
        let about = correlation.inputs.get(usize::from(input))?;
        let mut group = hash::mix(0);
        let mut shown = String::new();
        for (name, slots) in correlation.group_of(input)? {
            let (slot, value) = first(event, slots)?;
            group = hash::mix(group ^ hash_of(slot, value));
            if shown.len() < MAX_SHOWN_BYTES {
                let space = if shown.is_empty() { "" } else { " " };
                // Writing to a string cannot fail.
                write!(shown, "{space}{name}={value}").ok()?;
            }
        }
        shown.truncate(shown.floor_char_boundary(MAX_SHOWN_BYTES));
        Some(Fact {
            correlation: number,
            input,
            group,
            value: value_of(event, &correlation.counted, about)?,
            weight: match event.kind {
                Kind::Network | Kind::Dns => 1,
                _ => ANSWERED,
            },
            shown: shown.into(),
        })
    }
}

fn value_of(event: &Event<'_>, counted: &Counted, input: &Input) -> Option<u64> {
    match counted {
        Counted::Events | Counted::Together(_) | Counted::InOrder => Some(0),
        Counted::Distinct => input.values.iter().try_fold(0, |sum, slots| {
            let (slot, value) = first(event, slots)?;
            Some(hash::mix(sum ^ hash_of(slot, value)))
        }),
        Counted::Sum | Counted::Mean | Counted::Least | Counted::Most | Counted::Percentile(_) => {
            let (_, value) = first(event, input.values.first()?)?;
            match value {
                Value::Number(number) => Some(number),
                Value::Text(text) => text.trim().parse().ok(),
                _ => None,
            }
        }
    }
}

fn first<'e>(event: &'e Event<'_>, slots: &'static [Slot]) -> Option<(Slot, Value<'e>)> {
    let mut found = slots
        .iter()
        .filter_map(|slot| Some((*slot, slot.value(event)?)));
    found.next()
}

/// Values compare without case, as everywhere in Sigma; who holds a /64 of IPv6 is one source.
fn hash_of(slot: Slot, value: Value<'_>) -> u64 {
    match value {
        Value::Text(text) => {
            let end = text.floor_char_boundary(MAX_VALUE_BYTES);
            let text = text.get(..end).unwrap_or("");
            hash::bytes(text.to_ascii_lowercase().as_bytes())
        }
        Value::Number(number) => hash::mix(number),
        Value::Ip(ip) if slot == Slot::Field(Field::SrcIp) => hash_ip(address::source_key(ip)),
        Value::Ip(ip) => hash_ip(address::canonical(ip)),
        Value::Time(time) => hash::mix(time.at.as_micros().cast_unsigned()),
        Value::Flag(flag) => hash::mix(u64::from(flag)),
    }
}

fn hash_ip(ip: IpAddr) -> u64 {
    match ip {
        IpAddr::V4(ip) => hash::bytes(&ip.octets()),
        IpAddr::V6(ip) => hash::bytes(&ip.octets()),
    }
}
