//! Detection: events in, findings out.
//!
//! Two stages. [`Sifter`] looks at each event alone and may run on many threads; [`Detect::fold`]
//! takes what is left in order and folds it into stories, one per actor and behaviour, so that a
//! long attack is one finding with a stable id and never fifty alerts. State is bounded whatever
//! arrives: 118,784 rows about sources ([`MAX_ROWS`]) and 8,192 stories ([`MAX_STORIES`]).

mod advice;
mod alert;
mod beacon;
mod bitmap;
mod certificate;
mod crawl;
mod crowd;
pub mod domain;
mod firm;
mod flood;
mod flow;
mod fold;
mod generated;
mod guessing;
pub(crate) mod hash;
mod incident;
mod indicators;
mod keep_alive;
mod listed;
#[cfg(test)]
mod log_in_tests;
mod login_row;
mod marks;
mod mismatch;
mod name;
mod networks;
mod new_service;
mod outflow;
mod pages;
mod ports;
mod probing;
mod proxy_probe;
mod recall;
mod recent;
mod rita;
mod rule;
mod scan;
mod scanner;
mod shared_guessing;
mod shared_scan;
mod sift;
pub mod sigma;
pub(crate) mod snapshot;
mod source;
mod spread;
mod story;
pub mod suffix;
mod table;
mod telling;
#[cfg(test)]
mod tests;
mod traffic;
mod tunnel;
pub mod web;
mod web_attack;
mod wording;

use std::sync::Arc;

use crate::address::Network;
use crate::event::Event;
use crate::finding::Finding;
use crate::time::Timestamp;
use crate::words::Words;

pub use indicators::{
    EntryKind, Hit, Indicators, ListReport, Loader, MAX_ENTRIES, MAX_LINE_BYTES, MAX_LISTS,
    MAX_MENTIONS, MAX_NETWORKS, MAX_NEVER_ENTRIES, MAX_NOTES, Mention, NeverMatch, Refusal, Says,
};
pub use marks::{Mark, Marks};
pub use networks::NetworkSet;
pub use sift::{Observation, Scratch as SiftScratch, Sifter};
pub use snapshot::SnapshotRefusal;
pub use source::MAX_ROWS;
pub use story::MAX_STORIES;

/// What the detectors have to say.
#[derive(Clone, Debug, PartialEq)]
pub enum Signal {
    /// A verdict was just reached: tell people now.
    Opened(Finding),
    /// The attack went quiet, or the input ended: the final counts, under the same id.
    Closed(Finding),
}

impl Signal {
    /// The finding, opened or closed.
    #[must_use]
    pub const fn finding(&self) -> &Finding {
        match self {
            Self::Opened(finding) | Self::Closed(finding) => finding,
        }
    }
}

/// How the detectors see this firm.
#[derive(Clone)]
pub struct Settings {
    /// The firm's own public ranges; private addresses are inside without being named.
    pub own: Vec<Network>,
    /// Addresses that are never an attacker or a match: resolvers and the like. Default:
    /// [`NetworkSet::never_block`].
    pub never_match: NetworkSet,
    /// Who is no cause for alarm. Default: the known scanners.
    pub marks: Marks,
    /// What is said to people.
    pub words: Arc<Words>,
    /// Whether each refused contact from the internet is a finding of its own (severity info), so
    /// that many firms together see what one cannot. On for collectors, off for looking into a
    /// recording. Default off.
    pub report_probes: bool,
}

impl Settings {
    /// Settings with every default.
    #[must_use]
    pub fn new(words: Arc<Words>) -> Self {
        Self {
            own: Vec::new(),
            never_match: NetworkSet::never_block(),
            marks: Marks::default(),
            words,
            report_probes: false,
        }
    }
}

/// How full the tables are, for metrics.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Pressure {
    /// Sources remembered.
    pub sources: usize,
    /// Newcomers that found no place because all candidates had more evidence.
    pub sources_refused: u64,
    /// Sources forgotten for newcomers.
    pub sources_replaced: u64,
    /// Stories and drafts.
    pub stories: usize,
    /// Findings closed early for room.
    pub stories_cut_short: u64,
    /// Groups of events that correlations are counting.
    pub groups: usize,
    /// Groups forgotten for others.
    pub groups_replaced: u64,
}

/// The detectors and all they remember.
pub struct Detect {
    sifter: Sifter,
    scratch: SiftScratch,
    rules: Arc<sigma::RuleSet>,
    settings: Settings,
    sources: source::Sources,
    flows: traffic::Traffic,
    crowds: crowd::Crowds,
    stories: story::Stories,
    correlator: sigma::Correlator,
    incidents: incident::Incidents,
    pages: pages::Pages,
    clock: RecordClock,
    over: Vec<story::Story>,
}

impl Detect {
    /// Detectors that remember nothing yet.
    #[must_use]
    pub fn new(settings: Settings, rules: sigma::RuleSet, indicators: Indicators) -> Self {
        Self::shared(settings, Arc::new(rules), Arc::new(indicators))
    }

    /// Like [`Self::new`], sharing rules and indicators with others.
    #[must_use]
    pub fn shared(
        settings: Settings,
        rules: Arc<sigma::RuleSet>,
        indicators: Arc<Indicators>,
    ) -> Self {
        let sifter = Sifter::new(
            Arc::clone(&rules),
            indicators,
            &settings.own,
            settings.never_match.clone(),
        );
        Self {
            sifter,
            scratch: SiftScratch::default(),
            rules,
            settings,
            sources: source::Sources::default(),
            flows: traffic::Traffic::default(),
            crowds: crowd::Crowds::default(),
            stories: story::Stories::default(),
            correlator: sigma::Correlator::default(),
            incidents: incident::Incidents::default(),
            pages: pages::Pages::default(),
            clock: RecordClock::default(),
            over: Vec::new(),
        }
    }

    /// The first stage, for worker threads.
    #[must_use]
    pub fn sifter(&self) -> Sifter {
        self.sifter.clone()
    }

    /// Both stages: takes one event, appends what there is to say to `out`.
    pub fn observe(&mut self, event: &Event<'_>, out: &mut Vec<Signal>) {
        if let Some(observation) = self.sifter.sift(event, &mut self.scratch) {
            self.fold(&observation, out);
        }
    }

    /// Like [`Self::observe`], for an event read from `record` that is known to have happened at
    /// `at`, whatever its device's clock shows.
    pub fn observe_at(
        &mut self,
        event: &Event<'_>,
        record: &[u8],
        at: Timestamp,
        out: &mut Vec<Signal>,
    ) {
        let sifted = self.sifter.sift_record(event, record, &mut self.scratch);
        if let Some(mut observation) = sifted {
            observation.at = at;
            self.fold(&observation, out);
        }
    }

    /// Replaces the firm's own public ranges; workers that sift keep theirs.
    pub fn set_own(&mut self, own: &[Network]) {
        self.sifter.set_own(own);
    }

    /// Replaces the indicators and what is never matched; workers that sift keep theirs.
    pub fn set_lists(&mut self, indicators: Arc<Indicators>, never_match: NetworkSet) {
        self.sifter.set_lists(indicators, never_match);
    }

    /// The second stage, in record order.
    pub fn fold(&mut self, observation: &Observation, out: &mut Vec<Signal>) {
        let now = self.clock.advance(observation.at);
        self.expire(now, out);
        fold::fold(self, observation, now, out);
        self.say_over(out);
    }

    /// Ends what has been quiet long enough at `now`, in record time.
    pub fn expire(&mut self, now: Timestamp, out: &mut Vec<Signal>) {
        rule::expire(self, now, out);
        self.stories.expire(now, &mut self.over);
        self.say_over(out);
    }

    /// When [`Self::expire`] next has something to do.
    #[must_use]
    pub fn next_deadline(&self) -> Option<Timestamp> {
        // One microsecond past: a story is over after its quiet time, not at it.
        let stories = self.stories.next_deadline();
        let stories = stories.map(|at| Timestamp::from_micros(at.as_micros().saturating_add(1)));
        let correlations = self.correlator.next_deadline();
        stories.into_iter().chain(correlations).min()
    }

    /// The end of the input: ends everything, in order of first event and id.
    pub fn finish(&mut self, out: &mut Vec<Signal>) {
        rule::finish(self, out);
        self.stories.finish(&mut self.over);
        self.say_over(out);
    }

    /// What is going on now, as it would be told if it were over: in order of first event and id.
    #[must_use]
    pub fn open_findings(&self) -> Vec<Finding> {
        let tell = |story| wording::finding(story, &self.settings, &self.rules);
        let mut findings: Vec<_> = self.stories.all_opened().map(tell).collect();
        findings.sort_by_key(|finding| (finding.first, finding.id));
        findings
    }

    /// How full the tables are.
    #[must_use]
    pub fn pressure(&self) -> Pressure {
        let (sources_refused, sources_replaced) = self.sources.pressure();
        Pressure {
            sources: self.sources.len(),
            sources_refused,
            sources_replaced,
            stories: self.stories.len(),
            stories_cut_short: self.stories.cut_short(),
            groups: self.correlator.len(),
            groups_replaced: self.correlator.replaced(),
        }
    }

    fn say_over(&mut self, out: &mut Vec<Signal>) {
        for story in self.over.drain(..) {
            if story.key.actor != 0 {
                let last = u32::try_from(story.last.as_seconds()).unwrap_or(0);
                let actor = story.key.actor;
                self.incidents.ended(actor, last, story.incident);
            }
            let finding = wording::finding(&story, &self.settings, &self.rules);
            out.push(Signal::Closed(finding));
        }
    }
}

/// The time of the input as a whole: the latest record time, except that one record far ahead of all
/// others (a device with a wrong clock) moves it only once others confirm it.
#[derive(Clone, Copy, Debug, Default)]
struct RecordClock {
    now: Option<Timestamp>,
    ahead: Option<Timestamp>,
    confirmed: u8,
}

impl RecordClock {
    /// A jump ahead that needs confirming.
    const JUMP_SECONDS: i64 = 2 * 3_600;
    /// Records near the jump that confirm it.
    const CONFIRMATIONS: u8 = 3;

    fn advance(&mut self, at: Timestamp) -> Timestamp {
        let now = *self.now.get_or_insert(at);
        if at <= now.plus_seconds(Self::JUMP_SECONDS) {
            let now = now.max(at);
            self.now = Some(now);
            return now;
        }
        let near = self.ahead.is_some_and(|ahead| {
            at >= ahead && at <= ahead.plus_seconds(Self::JUMP_SECONDS.saturating_mul(12))
        });
        self.confirmed = if near { self.confirmed + 1 } else { 1 };
        self.ahead = Some(at);
        if self.confirmed < Self::CONFIRMATIONS {
            return now;
        }
        self.confirmed = 0;
        self.ahead = None;
        self.now = Some(at);
        at
    }
}
