//! A concern in words.

use larum_core::time::Timestamp;
use larum_core::words::Words;

use super::{ConcernRow, moment_of};
use crate::config::Zone;
use crate::learned::span;
use crate::page::{moment, number};

/// One line: what is wrong.
#[must_use]
pub fn say(row: &ConcernRow, words: &Words) -> String {
    spoken(row, "", &Zone::utc(), words)
}

/// What it rests on and what to do, in a sentence or three; times in `zone`.
#[must_use]
pub fn say_text(row: &ConcernRow, zone: &Zone, words: &Words) -> String {
    spoken(row, "-text", zone, words)
}

fn spoken(row: &ConcernRow, which: &str, zone: &Zone, words: &Words) -> String {
    let at =
        |at: Option<Timestamp>| at.map_or_else(|| words.say("status-never"), |at| moment(at, zone));
    let heard = row.heard.as_deref().and_then(moment_of);
    let since = moment_of(&row.since);
    words.say_with(
        &format!("concern-{}{which}", row.kind),
        &[
            ("device", row.device.as_deref().unwrap_or_default().into()),
            ("amount", number(row.amount.unsigned_abs()).into()),
            ("span", span(row.amount, words).into()),
            ("megabytes", number(row.amount.unsigned_abs() >> 20).into()),
            ("heard", at(heard).into()),
            ("since", at(since).into()),
        ],
    )
}
