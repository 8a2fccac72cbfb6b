//! Rules that matched, and correlations of them; their texts come from the rule itself.

use super::fold::{self, Fold};
use super::hash;
use super::sift::{Clue, Observation};
use super::sigma::{Hit, Trace};
use super::story::{StoryKey, What};
use super::telling::{Telling, blocked_or_unknown};
use super::{Detect, Signal};
use crate::finding::Category;
use crate::time::Timestamp;

impl Fold<'_> {
    pub(super) fn rules(&mut self) {
        let is_packet = matches!(self.seen.clue, Clue::Refused { .. } | Clue::Served);
        for index in &self.seen.rules {
            let rule = self.detect.rules.rule(*index);
            if !rule.reports {
                continue;
            }
            let detail = hash::bytes(rule.id.as_bytes());
            let (severity, confidence) = (rule.severity, rule.confidence);
            let key = self.key(What::Rule(*index), detail);
            let known = is_packet && self.detect.stories.opened(&key).is_some();
            if is_packet && !known && !self.detect.stories.has_room_for_packets() {
                continue;
            }
            let story = self.tell(key);
            story.raise(severity, confidence);
            self.open(&key);
        }
    }
}

/// Counts the event for the correlations that its rules are part of, and tells those that are met.
pub(super) fn correlate(
    detect: &mut Detect,
    seen: &Observation,
    now: Timestamp,
    out: &mut Vec<Signal>,
) {
    if seen.facts.is_empty() {
        return;
    }
    let mut hits = Vec::new();
    let trace = Trace {
        at: seen.at,
        source: seen.source,
        outside: seen.outside,
        target: seen.target,
        port: seen.port,
        proto: seen.proto,
        ending: seen.ending,
    };
    detect
        .correlator
        .observe(&detect.rules, &seen.rules, &seen.facts, &trace, &mut hits);
    tell_all(detect, hits, now, out);
}

/// Tells correlations whose time is over at `now` and that only their end could judge.
pub(super) fn expire(detect: &mut Detect, now: Timestamp, out: &mut Vec<Signal>) {
    let mut hits = Vec::new();
    detect.correlator.expire(&detect.rules, now, &mut hits);
    tell_all(detect, hits, now, out);
}

/// The end of the input: tells what its end decides.
pub(super) fn finish(detect: &mut Detect, out: &mut Vec<Signal>) {
    let mut hits = Vec::new();
    detect.correlator.finish(&detect.rules, &mut hits);
    let last = hits.iter().map(|hit| hit.trace.at).max();
    tell_all(detect, hits, last.unwrap_or_default(), out);
}

fn tell_all(detect: &mut Detect, hits: Vec<Hit>, now: Timestamp, out: &mut Vec<Signal>) {
    for hit in hits {
        if detect.rules.rule(hit.rule).reports {
            tell(detect, &hit, now, out);
        }
    }
}

/// One group of one correlation is one story, whoever is in the group.
fn tell(detect: &mut Detect, hit: &Hit, now: Timestamp, out: &mut Vec<Signal>) {
    let rule = detect.rules.rule(hit.rule);
    let trace = &hit.trace;
    let source = trace.source.filter(|_| hit.by_source);
    let key = StoryKey {
        what: What::Rule(hit.rule),
        actor: source.map_or(0, super::source::key_of),
        detail: hash::mix(hash::bytes(rule.id.as_bytes()) ^ hit.group),
    };
    let story = detect
        .stories
        .continue_or_begin(key, source, trace.at, now, &mut detect.over);
    story.outside = trace.outside;
    story.add(trace.at, trace.ending);
    story.begin_with(hit.count, hit.refused, hit.first);
    story.aim(trace.target, trace.proto, trace.port);
    for source in &hit.sources {
        story.join(*source);
    }
    if !hit.shown.is_empty() {
        story.because(&hit.shown);
    }
    story.raise(rule.severity, rule.confidence);
    fold::open(detect, &key, trace.at, out);
}

/// How rules are told, as far as they do not say themselves.
pub const RULE: Telling = Telling {
    detector: "",
    quiet_seconds: 3_600,
    category: Category::Policy,
    names: "signatures",
    reasons: "kinds",
    techniques: |_| &[],
    key: |_| String::new(),
    message: |_| "",
    messages: &[],
    outcome: blocked_or_unknown,
};
