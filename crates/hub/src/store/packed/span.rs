//! What the watch asks of sightings: who was seen, how often and when, for one key of one day, at many
//! firms.
//!
//! A day's spans stand in order of firm and time, so that most numbers are small differences. A span
//! stands in the day of its last event, and counts in each of the hours it was spread over.

use std::net::IpAddr;

use larum_core::finding::Severity;
use larum_core::time::Timestamp;

use super::bytes::{Reader, put_address, put_number, put_signed, size};

const DAY_MS: i64 = 86_400_000;
const HOUR_MS: i64 = 3_600_000;
/// Set where an attack worked.
const SUCCESS: u8 = 1;
/// Set where a span counts in the hour of its last event only.
const SHORT: u8 = 2;
/// The place of the severity among all.
const SEVERITY_SHIFT: u32 = 2;
/// Most hours back from the last event that a span counts in.
const MAX_HOURS: i64 = crate::store::ingest::MAX_EDGE_HOURS;

/// What one sighting said about a key.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Span {
    /// The number of the firm.
    pub firm: i64,
    /// Its first event.
    pub first: Timestamp,
    /// Its last event.
    pub last: Timestamp,
    /// How bad.
    pub severity: Severity,
    /// Whether the attack worked.
    pub success: bool,
    /// Whether it counts in the hour of its last event only.
    pub short: bool,
    /// Events behind it.
    pub count: u64,
    /// Who did it; where nobody attacked from outside the one that stands for nobody.
    pub sources: Vec<IpAddr>,
}

impl Span {
    /// The hours it counts in, since the epoch: the first and the last.
    #[must_use]
    pub fn hours(&self) -> (i64, i64) {
        hours_between(self.first, self.last, self.short)
    }

    /// The day it stands in, since the epoch.
    #[must_use]
    pub const fn day(&self) -> i64 {
        self.last.as_millis().div_euclid(DAY_MS)
    }
}

/// The hours that something from `first` to `last` is spread over, since the epoch.
#[must_use]
pub fn hours_between(first: Timestamp, last: Timestamp, short: bool) -> (i64, i64) {
    let end = last.as_millis().div_euclid(HOUR_MS);
    if short {
        return (end, end);
    }
    let earliest = end.saturating_sub(MAX_HOURS - 1);
    let begin = first.as_millis().div_euclid(HOUR_MS);
    (begin.clamp(earliest, end), end)
}

/// Packs the spans of one day and key, in order of firm and time.
#[must_use]
pub fn pack_spans(day: i64, spans: &mut [Span]) -> Vec<u8> {
    spans.sort_unstable_by_key(|span| (span.firm, span.last));
    let mut out = Vec::with_capacity(spans.len() * 18);
    let start = day.saturating_mul(DAY_MS);
    let mut firm = 0;
    for group in spans.chunk_by(|left, right| left.firm == right.firm) {
        let Some(head) = group.first() else { continue };
        put_signed(&mut out, head.firm.wrapping_sub(firm));
        firm = head.firm;
        put_number(&mut out, size(group.len()));
        let mut before = start;
        for span in group {
            put_signed(&mut out, span.last.as_millis().wrapping_sub(before));
            before = span.last.as_millis();
            put_span(&mut out, span);
        }
    }
    out
}

fn put_span(out: &mut Vec<u8>, span: &Span) {
    put_signed(out, span.last.millis_since(span.first));
    let rank = Severity::ALL.iter().position(|one| *one == span.severity);
    let rank = u8::try_from(rank.unwrap_or(0)).unwrap_or(0);
    let mut flags = rank << SEVERITY_SHIFT;
    if span.success {
        flags |= SUCCESS;
    }
    if span.short {
        flags |= SHORT;
    }
    out.push(flags);
    put_number(out, span.count);
    put_number(out, size(span.sources.len()));
    for source in &span.sources {
        put_address(out, *source);
    }
}

/// Unpacks the spans of one day and key; `None` when they are none.
#[must_use]
pub fn unpack_spans(day: i64, bytes: &[u8]) -> Option<Vec<Span>> {
    let mut reader = Reader(bytes);
    let start = day.saturating_mul(DAY_MS);
    let (mut firm, mut spans) = (0_i64, Vec::with_capacity(bytes.len() / 16));
    while !reader.0.is_empty() {
        firm = firm.wrapping_add(reader.signed()?);
        let mut before = start;
        for _ in 0..reader.number()? {
            before = before.checked_add(reader.signed()?)?;
            spans.push(span(&mut reader, firm, before)?);
        }
    }
    Some(spans)
}

fn span(reader: &mut Reader<'_>, firm: i64, last: i64) -> Option<Span> {
    let first = last.checked_sub(reader.signed()?)?;
    let flags = reader.byte()?;
    let severity = *Severity::ALL.get(usize::from(flags >> SEVERITY_SHIFT))?;
    let count = reader.number()?;
    let mut sources = Vec::new();
    for _ in 0..reader.number()? {
        sources.push(reader.address()?);
    }
    Some(Span {
        firm,
        first: Timestamp::from_millis(first),
        last: Timestamp::from_millis(last),
        severity,
        success: flags & SUCCESS != 0,
        short: flags & SHORT != 0,
        count,
        sources,
    })
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    fn span() -> impl Strategy<Value = Span> {
        let words = (1..5_i64, 0..Severity::ALL.len(), any::<(bool, bool)>());
        let numbers = (
            -1_000_000_000_000_i64..4_000_000_000_000,
            0..1_000_000_000_i64,
            any::<u64>(),
            prop::collection::vec(any::<IpAddr>(), 0..5),
        );
        (words, numbers).prop_map(|(words, (last, lasted, count, sources))| Span {
            firm: words.0,
            first: Timestamp::from_millis(last - lasted),
            last: Timestamp::from_millis(last),
            severity: Severity::ALL[words.1],
            success: words.2.0,
            short: words.2.1,
            count,
            sources,
        })
    }

    proptest! {
        #[test]
        fn what_is_packed_comes_out_again(mut spans in prop::collection::vec(span(), 0..30)) {
            let bytes = pack_spans(20_000, &mut spans);
            prop_assert_eq!(unpack_spans(20_000, &bytes), Some(spans));
        }

        #[test]
        fn damage_is_an_answer(bytes in prop::collection::vec(any::<u8>(), 0..200)) {
            // Each span takes five bytes at least.
            let found = unpack_spans(0, &bytes).map_or(0, |spans| spans.len());
            prop_assert!(found <= bytes.len() / 5);
        }
    }

    #[test]
    fn severities_keep_their_numbers() {
        let words: Vec<&str> = Severity::ALL.iter().map(|one| one.as_str()).collect();
        assert_eq!(words, ["info", "low", "medium", "high", "critical"]);
    }

    #[test]
    fn a_usual_span_takes_few_bytes() {
        let mut spans: Vec<Span> = (0..100_u8)
            .map(|number| Span {
                firm: i64::from(number / 4) * 30,
                first: Timestamp::from_seconds(86_400 + 600 * i64::from(number)),
                last: Timestamp::from_seconds(86_400 + 660 * i64::from(number)),
                severity: Severity::Low,
                success: false,
                short: false,
                count: 100,
                sources: vec![std::net::Ipv4Addr::new(192, 0, 2, number).into()],
            })
            .collect();
        let bytes = pack_spans(1, &mut spans);
        assert!(bytes.len() < spans.len() * 18, "{}", bytes.len());
    }
}
