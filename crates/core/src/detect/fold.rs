//! The second stage: what an observation adds to what is remembered.

use std::net::IpAddr;

use super::sift::{Clue, Observation};
use super::story::{Story, StoryKey, What};
use super::{Detect, Signal, wording};
use crate::time::Timestamp;

/// One observation on its way through the detectors.
pub(super) struct Fold<'d> {
    pub detect: &'d mut Detect,
    pub seen: &'d Observation,
    now: Timestamp,
    out: &'d mut Vec<Signal>,
    /// Whether the story told last was opened before.
    is_open: bool,
}

pub(super) fn fold(detect: &mut Detect, seen: &Observation, now: Timestamp, out: &mut Vec<Signal>) {
    let mut fold = Fold {
        detect,
        seen,
        now,
        out,
        is_open: false,
    };
    match &seen.clue {
        Clue::None => {}
        Clue::Refused { late_answer: true } => {}
        Clue::Refused { late_answer: false } => fold.refused(),
        Clue::Served => fold.served(),
        Clue::Login {
            failed: false,
            user,
            ..
        } => fold.login_worked(user.as_deref()),
        Clue::Login {
            user, mark, left, ..
        } => fold.login_failed(user.as_deref(), *mark, *left),
        Clue::LoginPage { path, worked } => fold.login_page(path, *worked),
        Clue::Unauthorised { path } => fold.unauthorised(*path),
        Clue::ProxyProbe(target) => fold.proxy_probe(target),
        Clue::Mismatch(protocol) => fold.mismatch(protocol),
        // Once the flow is known.
        Clue::Certificate(_) => {}
        Clue::Miss(path) => fold.miss(path.as_deref()),
        Clue::Hit(page) => fold.hit(*page),
        Clue::Attack(attack) => fold.web_attack(attack),
        Clue::Alert {
            signature,
            severity,
        } => fold.alert(signature, *severity),
        Clue::Name(query) => {
            fold.generated(query);
            fold.tunnel(query);
        }
    }
    fold.traffic();
    fold.certificate();
    fold.listed();
    fold.rules();
    super::rule::correlate(detect, seen, now, out);
}

impl Fold<'_> {
    pub fn key(&self, what: What, detail: u64) -> StoryKey {
        StoryKey {
            what,
            actor: self.seen.actor(),
            detail,
        }
    }

    /// Adds this event to the story of `key`, beginning it if need be.
    pub fn tell(&mut self, key: StoryKey) -> &mut Story {
        let seen = self.seen;
        // A story without one actor is one of many.
        let source = seen.source.filter(|_| key.actor != 0);
        let story = self.tell_of(key, source);
        story.outside = seen.outside;
        if let Some(ip) = seen.source {
            story.join(ip);
        }
        story.aim(seen.target, seen.proto, seen.port);
        story
    }

    /// The same, with `source` as the actor and without a target.
    pub fn tell_of(&mut self, key: StoryKey, source: Option<IpAddr>) -> &mut Story {
        let seen = self.seen;
        let story = self.detect.stories.continue_or_begin(
            key,
            source,
            seen.at,
            self.now,
            &mut self.detect.over,
        );
        story.add(seen.at, seen.ending);
        if story.device == 0 {
            story.device = seen.device;
        }
        self.is_open = story.opened;
        story
    }

    /// Says that the story of `key`, which was told last, has reached its verdict, if that was not
    /// said yet.
    pub fn open(&mut self, key: &StoryKey) {
        if !self.is_open {
            open(self.detect, key, self.seen.at, self.out);
        }
    }
}

/// Says that the story of `key`, which was told last at `at`, has reached its verdict, if that was
/// not said yet.
pub(super) fn open(detect: &mut Detect, key: &StoryKey, at: Timestamp, out: &mut Vec<Signal>) {
    let seconds = u32::try_from(at.as_seconds()).unwrap_or(0);
    let past = detect.incidents.of(key.actor, seconds);
    if let Some(story) = detect.stories.open(key, past) {
        let finding = wording::finding(story, &detect.settings, &detect.rules);
        out.push(Signal::Opened(finding));
    }
}
