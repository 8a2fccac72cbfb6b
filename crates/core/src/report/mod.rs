//! The report a person reads: findings and sums in, sentences out.
//!
//! Rendering (columns, colour) is done elsewhere; this decides what is said and in which order.
//! Worst first, one story per attack that matters, everyday noise in one line, and an honest account
//! of what could not be read.

mod group;
mod tell;
#[cfg(test)]
mod tests;

use crate::finding::{AttackOutcome, Finding, Severity};
use crate::reject::Reject;
use crate::time::{DeviceTime, Timestamp};
use crate::words::Words;

/// Stories made ready for one page; the rest is counted.
pub const MAX_STORIES: usize = 24;

/// How much a report says.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Detail {
    /// What goes on one page: few examples, at most [`MAX_STORIES`] stories.
    Page,
    /// Every story with all its steps, and a hundred examples of each thing.
    All,
}

/// What was looked at.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Tally {
    /// Files read.
    pub files: u64,
    /// Records in them.
    pub records: u64,
    /// Records that became events.
    pub events: u64,
    /// Records that did not, by reason, in the order of [`Reject::ALL`].
    pub rejects: [u64; Reject::ALL.len()],
    /// Events outside the time asked for.
    pub outside_window: u64,
    /// Earliest and latest event.
    pub span: Option<(Timestamp, Timestamp)>,
    /// The offset from UTC the log uses, in seconds east.
    pub offset_seconds: i32,
}

impl Tally {
    /// Counts one rejected record.
    pub fn reject(&mut self, reason: Reject) {
        let place = Reject::ALL.iter().position(|known| *known == reason);
        if let Some(count) = place.and_then(|place| self.rejects.get_mut(place)) {
            *count += 1;
        }
    }

    /// Widens the span so that it holds `at`.
    pub fn see(&mut self, at: Timestamp) {
        self.span = Some(
            self.span
                .map_or((at, at), |(first, last)| (first.min(at), last.max(at))),
        );
    }

    /// Adds another tally, such as that of a worker. The offset stays that of the first that saw an
    /// event.
    pub fn add(&mut self, other: &Self) {
        if self.span.is_none() {
            self.offset_seconds = other.offset_seconds;
        }
        self.files += other.files;
        self.records += other.records;
        self.events += other.events;
        self.outside_window += other.outside_window;
        for (sum, count) in self.rejects.iter_mut().zip(other.rejects) {
            *sum += count;
        }
        if let Some((first, last)) = other.span {
            self.see(first);
            self.see(last);
        }
    }

    /// Rejected records with their reasons, only those that occurred.
    pub fn rejected(&self) -> impl Iterator<Item = (Reject, u64)> + '_ {
        let pairs = Reject::ALL.into_iter().zip(self.rejects);
        pairs.filter(|(_, count)| *count > 0)
    }
}

/// A report, in sentences.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Report {
    /// What was looked at.
    pub about: String,
    /// The one line that matters.
    pub verdict: String,
    /// How bad it is; `None` when there is nothing.
    pub level: Option<Severity>,
    /// Worst first.
    pub stories: Vec<Told>,
    /// How bad each story is, worst first, those not told included.
    pub severities: Vec<Severity>,
    /// What was tried most, where it was more than one thing.
    pub most_tried: Option<String>,
    /// Everyday noise, summed up.
    pub background: Option<String>,
    /// The stories told, in order of time: when, their number from 1, what. Empty when there is just one.
    pub timeline: Vec<(String, usize, String)>,
    /// Heading of that timeline.
    pub timeline_heading: String,
    /// What could not be read: a sentence, then one line per reason.
    pub unread: Vec<String>,
}

/// One story as told.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Told {
    /// How bad.
    pub severity: Severity,
    /// The same in words.
    pub level: String,
    /// What happened, in one line.
    pub heading: String,
    /// Question and answer: when, who, how, did it work, what to do.
    pub rows: Vec<(String, String)>,
    /// The same where there is little room: when, how often, whether it worked, the first thing to do.
    pub brief: String,
}

impl Report {
    /// The report on `findings`, which were found in what `tally` sums up.
    #[must_use]
    pub fn new(findings: &[Finding], tally: &Tally, words: &Words, detail: Detail) -> Self {
        let teller = tell::Teller {
            words,
            offset_seconds: tally.offset_seconds,
            detail,
        };
        let (groups, noise) = group::groups(findings);
        let severities: Vec<Severity> = groups.iter().map(|group| group.severity).collect();
        let each = findings.iter().map(|one| one.severity);
        let level = each.chain(severities.iter().copied()).max();
        let worst = groups.first().map(|group| group.outcome);
        let told = match detail {
            Detail::Page => groups.get(..MAX_STORIES).unwrap_or(&groups),
            Detail::All => &groups,
        };
        let mut stories: Vec<Told> = told.iter().map(|group| teller.story(group)).collect();
        teller.advise_once(&mut stories);
        Self {
            about: teller.about(tally),
            verdict: words.say(verdict(level, worst, tally)),
            level,
            stories,
            severities,
            most_tried: teller.most_tried(findings),
            background: teller.background(&noise),
            timeline: teller.timeline(told),
            timeline_heading: words.say("scan-timeline"),
            unread: teller.unread(tally),
        }
    }
}

/// The one line that matters; `worst` is what became of the worst story.
fn verdict(level: Option<Severity>, worst: Option<AttackOutcome>, tally: &Tally) -> &'static str {
    match level {
        Some(Severity::Critical) if worst == Some(AttackOutcome::Success) => "scan-verdict-entered",
        Some(Severity::Critical) => "scan-verdict-critical",
        Some(Severity::High) => "scan-verdict-high",
        Some(Severity::Medium) if worst == Some(AttackOutcome::Unknown) => "scan-verdict-untold",
        Some(Severity::Medium) => "scan-verdict-medium",
        Some(_) => "scan-verdict-background",
        None if tally.records == 0 => "scan-verdict-empty",
        None if tally.events == 0 => "scan-verdict-unread",
        None => "scan-verdict-nothing",
    }
}

/// A number with a comma between thousands, as English reads it.
#[must_use]
pub fn grouped(number: u64) -> String {
    let digits = number.to_string();
    let mut out = String::with_capacity(digits.len() + digits.len() / 3);
    for (index, digit) in digits.chars().enumerate() {
        if index > 0 && (digits.len() - index).is_multiple_of(3) {
            out.push(',');
        }
        out.push(digit);
    }
    out
}

/// A moment to the minute at an offset from UTC: `2026-11-22 10:00`.
#[must_use]
pub fn minute(at: Timestamp, offset_seconds: i32) -> String {
    let text = DeviceTime::stated(at, offset_seconds).to_string();
    text.get(..16).unwrap_or(&text).replace('T', " ")
}
