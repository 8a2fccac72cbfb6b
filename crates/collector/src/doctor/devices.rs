//! The devices: who is heard, what is lost, what cannot be read and why.

use std::collections::BTreeMap;

use larum_core::health::Kind;

use super::{Examination, State};
use crate::health::{moment_of, say, say_text};
use crate::learned;
use crate::page::number;
use crate::reason::{Closed, Dropped};
use crate::status::StatusDocument;
use crate::tally::OTHER_NAME;
use crate::unread::is_much;

/// Heard within this time is heard, in seconds.
const DAY_SECONDS: i64 = 24 * 3_600;
/// Most kinds of unread lines told of one device.
const MAX_UNREAD: usize = 4;

pub(super) fn look(to: &mut Examination, status: &StatusDocument) {
    heard(to, status);
    for concern in &status.concerns {
        if concern.kind() == Some(Kind::DeviceClock) {
            continue;
        }
        let said = say(concern, &to.words);
        let text = say_text(concern, &to.zone, &to.words);
        to.enter_said("concern", "standing", State::Look, said, Some(text));
    }
    lost(to, status);
    connections(to, status);
    unread(to, status);
    clocks(to, status);
}

fn heard(to: &mut Examination, status: &StatusDocument) {
    let from = to.now.plus_seconds(-DAY_SECONDS);
    let lately = status.devices.iter().filter(|device| {
        let heard = device.last_heard.as_deref().and_then(moment_of);
        heard.is_some_and(|heard| heard >= from)
    });
    let lately = lately.count();
    let args = [
        ("count", lately.into()),
        ("inputs", status.inputs.join(", ").into()),
    ];
    if status.total.received == 0 {
        to.enter("devices", "none", State::Broken, &args);
    } else if lately == 0 {
        to.enter("devices", "all-silent", State::Broken, &args);
    } else {
        to.enter("devices", "heard", State::Ok, &args);
    }
}

/// Lines that never reached the parser in the hours that are kept apart.
fn lost(to: &mut Examination, status: &StatusDocument) {
    let mut lost: BTreeMap<&str, u64> = BTreeMap::new();
    for hour in &status.hours {
        for (reason, count) in &hour.sum.dropped {
            *lost.entry(reason).or_default() += count;
        }
    }
    if lost.is_empty() {
        to.enter("lines", "none-lost", State::Ok, &[]);
    }
    for reason in Dropped::ALL {
        let Some(count) = lost.get(reason.code()) else {
            continue;
        };
        let args = [
            ("count", number(*count).into()),
            (
                "why",
                to.words.say(&format!("dropped-{}", reason.code())).into(),
            ),
        ];
        let result = match reason {
            Dropped::SystemBuffer | Dropped::QueueFull => "lost",
            Dropped::SenderNotAllowed => "not-allowed",
            _ => "dropped",
        };
        to.enter("lines", result, State::Look, &args);
    }
}

/// Connections that found no place, or had to give theirs up.
fn connections(to: &mut Examination, status: &StatusDocument) {
    let crowded = [Closed::TooMany, Closed::TooManyOfOne, Closed::GaveWay];
    let counts = crowded.map(|reason| status.connections_closed.get(reason.code()));
    let count = counts.into_iter().flatten().sum::<u64>();
    if count == 0 {
        to.enter("connections", "right", State::Ok, &[]);
    } else {
        let args = [("count", number(count).into())];
        to.enter("connections", "crowded", State::Look, &args);
    }
}

fn unread(to: &mut Examination, status: &StatusDocument) {
    let mut any = false;
    for device in &status.devices {
        let lines: u64 = device.unread.iter().map(|row| row.lines).sum();
        let received = status
            .hours
            .iter()
            .filter(|hour| hour.device == device.device)
            .map(|hour| hour.sum.received)
            .sum();
        if !is_much(lines, received) {
            continue;
        }
        any = true;
        let args = [
            ("device", device.device.clone().into()),
            ("lines", number(lines).into()),
            ("received", number(received).into()),
        ];
        to.enter("unread", "much", State::Look, &args);
        for row in device.unread.iter().take(MAX_UNREAD) {
            let said = row.say(&to.names, &to.words);
            let advice = row.advice(&to.words);
            to.enter_said("unread", "kind", State::Look, said, Some(advice));
        }
    }
    if !any {
        to.enter("unread", "little", State::Ok, &[]);
    }
}

fn clocks(to: &mut Examination, status: &StatusDocument) {
    let mut right = true;
    let devices = status.devices.iter();
    let devices = devices.filter(|device| device.device != OTHER_NAME);
    for clock in devices.flat_map(|device| &device.clocks) {
        if clock.wrong_seconds.is_none() {
            continue;
        }
        right = false;
        let said = learned::clock_line(clock, to.now, &to.words);
        let args = [
            ("device", clock.device.clone().into()),
            ("said", said.into()),
        ];
        to.enter("clock", "wrong", State::Look, &args);
    }
    if right {
        to.enter("clock", "right", State::Ok, &[]);
    }
}
