//! Whether devices inside get the blocklist, and how old it is.

use super::{Examination, State};
use crate::health::moment_of;
use crate::learned::span;
use crate::page::number;
use crate::status::StatusDocument;

/// A list that the hub has not confirmed for so long is old, in seconds.
const OLD_SECONDS: i64 = 3_600;

pub(super) fn look(to: &mut Examination, status: &StatusDocument) {
    let Some(list) = &status.blocklist else {
        return to.enter("blocklist", "none", State::Look, &[]);
    };
    let fetched = moment_of(&list.fetched);
    let age_seconds = fetched.map_or(i64::MAX, |at| to.now.millis_since(at) / 1_000);
    let count = |count: usize| number(u64::try_from(count).unwrap_or(u64::MAX));
    let args = [
        ("entries", count(list.entries).into()),
        ("devices", count(list.devices).into()),
        ("span", span(age_seconds, &to.words).into()),
    ];
    if list.devices == 0 {
        to.enter("blocklist", "off", State::Look, &args);
    } else if age_seconds > OLD_SECONDS {
        to.enter("blocklist", "old", State::Look, &args);
    } else {
        to.enter("blocklist", "right", State::Ok, &args);
    }
}
