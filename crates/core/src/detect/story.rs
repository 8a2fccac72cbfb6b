//! The folding stage: everything one actor does of one sort is one story, and one story is one
//! finding, however long it lasts and however many events it has.

mod kept;

use std::collections::{BTreeMap, BTreeSet};
use std::net::IpAddr;

use super::bitmap::Bitmap;
use super::hash;
use super::sigma::RuleIndex;
use crate::event::Protocol;
use crate::finding::{AttackOutcome, FindingId, Severity};
use crate::time::Timestamp;

/// Stories at most, open ones and drafts together.
pub const MAX_STORIES: usize = 8_192;
/// Bytes that all stories together may hold, texts and all.
pub const MAX_BYTES: usize = 10 * 1_048_576;
/// Beyond this many, single packets (which can be spoofed) open no further stories.
pub const MAX_PACKET_STORIES: usize = 4_096;
/// Texts kept per story and sort; what a finding may list.
pub const MAX_TEXTS: usize = 20;
/// Longest text kept, in bytes.
pub const MAX_TEXT_BYTES: usize = 200;
/// Addresses kept of a story that can have several actors; as many as a finding may name.
const MAX_SOURCES: usize = 50;
/// Targets and services kept per story.
const MAX_PLACES: usize = 32;
/// Steps of a timeline.
const MAX_STEPS: usize = 20;
/// A draft nobody continues is forgotten after this.
const DRAFT_SECONDS: i64 = 6 * 3_600;

/// What a story is about; one per native detector.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub enum What {
    /// Failed log-ins.
    Guessing,
    /// A log-in that worked after them.
    BreakIn,
    /// A device that keeps failing by itself.
    OldPassword,
    /// Many sources, each trying few of many names.
    Spraying,
    /// Many sources, each name tried about once.
    Stuffing,
    /// Many sources, one name or none said.
    SharedGuessing,
    /// Many closed ports.
    PortScan,
    /// One port on many hosts.
    AddressScan,
    /// Many closed ports, each tried by another address of one network.
    SharedScan,
    /// One closed port, reported so that many firms can compare.
    Probe,
    /// Many missing pages.
    WebProbing,
    /// Many pages faster than anybody reads.
    WebCrawl,
    /// A tool for looking for holes that names itself.
    WebScanner,
    /// Somebody asking a web server to carry requests elsewhere.
    ProxyProbe,
    /// A protocol behind a port that is meant for another.
    ProtocolMismatch,
    /// The certificate of a server of the firm that ends.
    CertificateEnding,
    /// Attacks on a web application.
    WebAttack,
    /// Names that a program made.
    GeneratedDomain,
    /// Data in names.
    DnsTunnel,
    /// Contact with a listed address or domain.
    Indicator,
    /// Another detector's alert.
    Alert,
    /// A host that keeps calling one place.
    Beacon,
    /// Much data sent to a new place.
    Outflow,
    /// A service sought far too much.
    Flood,
    /// Answers nobody asked for.
    Amplification,
    /// A service that suddenly answers the internet.
    NewService,
    /// A host inside that attacks others.
    InsideAttack,
    /// A rule that matched.
    Rule(RuleIndex),
}

/// Which story an observation belongs to.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub struct StoryKey {
    /// The detector.
    pub what: What,
    /// The actor (see [`super::source::key_of`]), 0 when unknown.
    pub actor: u64,
    /// What else tells stories apart: a service, a signature, a list.
    pub detail: u64,
}

/// A few different things, in order of appearance, and an estimate of how many there were.
#[derive(Clone, Debug)]
pub struct Few<T> {
    items: Vec<T>,
    most: usize,
    seen: Bitmap<8>,
    /// Bytes of texts kept.
    text_bytes: usize,
}

impl<T: PartialEq> Few<T> {
    fn new(most: usize) -> Self {
        Self {
            items: Vec::new(),
            most,
            seen: Bitmap::default(),
            text_bytes: 0,
        }
    }

    /// Notes `item`, whose hash is `hash`.
    fn note(&mut self, item: T, hash: u64) {
        self.seen.note(hash::mix(hash));
        if self.items.len() < self.most && !self.items.contains(&item) {
            self.items.push(item);
        }
    }

    /// Bytes held on the heap.
    const fn bytes(&self) -> usize {
        self.items.capacity() * size_of::<T>() + self.text_bytes
    }

    /// The first ones, at most as many as are kept.
    pub fn items(&self) -> &[T] {
        &self.items
    }

    /// How many different ones there were: exact while all are kept, else an estimate by linear
    /// counting that tops out near 3,000.
    pub fn count(&self) -> u64 {
        let kept = u64::try_from(self.items.len()).unwrap_or(u64::MAX);
        if self.items.len() < self.most {
            return kept;
        }
        kept.max(self.seen.count().into())
    }
}

/// How an event ended, as far as a story counts it.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Ending {
    /// Kept out.
    Refused,
    /// Let through or answered.
    Served,
    /// Not said.
    Unsaid,
}

/// One story.
#[derive(Clone, Debug)]
pub struct Story {
    /// What it is about.
    pub key: StoryKey,
    /// Its identity, fixed when it began.
    pub id: FindingId,
    /// The first story of the same actor that this one goes on with; its own id when it is the first.
    pub incident: FindingId,
    /// Whether the verdict was reached; before that it is a draft nobody hears of.
    pub opened: bool,
    /// First event.
    pub first: Timestamp,
    /// Last event.
    pub last: Timestamp,
    /// Events.
    pub count: u64,
    /// Events that were refused.
    pub refused: u64,
    /// Events that were served.
    pub served: u64,
    /// The actor.
    pub source: Option<IpAddr>,
    /// Further addresses, where it can have several.
    several: Option<Box<Few<IpAddr>>>,
    /// Whom it was aimed at.
    pub targets: Few<IpAddr>,
    /// At which services.
    pub services: Few<(Option<Protocol>, u16)>,
    /// Account names, paths or signatures.
    pub names: Few<Box<str>>,
    /// Reasons or categories.
    pub reasons: Few<Box<str>>,
    /// What gave it away, by code.
    pub why: Few<Box<str>>,
    /// Whether the actor is outside the firm.
    pub outside: bool,
    /// The device that saw it first, as far as one is known.
    pub device: super::advice::Device,
    /// A name for titles: the service, the rule, the list.
    pub label: Box<str>,
    /// How bad.
    pub severity: Severity,
    /// How sure.
    pub confidence: u8,
    /// Points of suspicious events, where a detector counts them.
    pub points: u32,
    figures: Vec<(&'static str, f64)>,
    marks: Few<u64>,
    /// Events that were surely an attack, for detectors that also count suspicious ones.
    pub certain: u64,
    /// What became of it, where the detector knows better than the counts.
    pub outcome: Option<AttackOutcome>,
    timeline: Timeline,
    /// Record time at which it was last touched: never earlier than the time of the whole input, so
    /// that a device whose clock is slow is not cut into pieces.
    touched: Timestamp,
    due: Timestamp,
    /// Its part of the sum that [`Stories`] keeps.
    counted_bytes: usize,
}

impl Story {
    fn new(key: StoryKey, source: Option<IpAddr>, at: Timestamp) -> Self {
        let actor = source.map(|ip| ip.to_string()).unwrap_or_default();
        let id = FindingId::of(&[
            key.what.telling().detector.as_bytes(),
            actor.as_bytes(),
            &key.detail.to_le_bytes(),
            &at.as_micros().to_le_bytes(),
        ]);
        Self {
            key,
            id,
            incident: id,
            opened: false,
            first: at,
            last: at,
            count: 0,
            refused: 0,
            served: 0,
            source,
            several: None,
            targets: Few::new(MAX_PLACES),
            services: Few::new(MAX_PLACES),
            names: Few::new(MAX_TEXTS),
            reasons: Few::new(MAX_TEXTS),
            why: Few::new(MAX_TEXTS),
            outside: false,
            device: 0,
            label: Box::default(),
            severity: Severity::Info,
            confidence: 0,
            points: 0,
            figures: Vec::new(),
            marks: Few::new(MAX_TEXTS),
            certain: 0,
            outcome: None,
            timeline: Timeline::default(),
            touched: at,
            due: at,
            counted_bytes: 0,
        }
    }

    /// Counts one event.
    pub fn add(&mut self, at: Timestamp, ending: Ending) {
        self.first = self.first.min(at);
        self.last = self.last.max(at);
        self.count = self.count.saturating_add(1);
        match ending {
            Ending::Refused => self.refused += 1,
            Ending::Served => self.served += 1,
            Ending::Unsaid => {}
        }
        self.timeline.note(at);
    }

    /// Counts events that came before the story was kept, the first of them at `first`.
    pub fn add_earlier(&mut self, refused: u32, first: Timestamp) {
        let known = self.count;
        let all = u64::from(refused);
        if all > known {
            self.count = all;
            self.refused = self.refused.saturating_add(all - known);
        }
        self.first = self.first.min(first);
    }

    /// Counts events that were gathered before the story was told, this one among them.
    pub fn begin_with(&mut self, count: u64, refused: u64, first: Timestamp) {
        self.count = self.count.max(count);
        self.refused = self.refused.max(refused);
        self.first = self.first.min(first);
    }

    /// Notes one of several who did it.
    pub fn join(&mut self, source: IpAddr) {
        if self.source == Some(source) {
            return;
        }
        let several = self
            .several
            .get_or_insert_with(|| Box::new(Few::new(MAX_SOURCES)));
        several.note(source, hash::mix(super::source::key_of(source)));
    }

    /// Who did it, the first at most 50.
    pub fn sources(&self) -> impl Iterator<Item = IpAddr> + '_ {
        let several = self.several.iter().flat_map(|several| several.items());
        self.source
            .into_iter()
            .chain(several.copied())
            .take(MAX_SOURCES)
    }

    /// How many did it, as [`Few::count`] counts.
    pub fn source_count(&self) -> u64 {
        let several = self.several.as_ref().map_or(0, |several| several.count());
        several + u64::from(self.source.is_some())
    }

    /// Counts events that came before the story was kept, the first of them at `first`; nothing is
    /// known of how they ended.
    pub fn add_past(&mut self, count: u64, first: Timestamp) {
        self.count = self.count.max(count);
        self.first = self.first.min(first);
    }

    /// Notes one of many senders, where nobody is the actor.
    pub fn come_from(&mut self, ip: IpAddr) {
        if self.names.items.len() < self.names.most {
            note_text(&mut self.names, &ip.to_string());
        }
    }

    /// Notes whom it was aimed at.
    pub fn aim(&mut self, ip: Option<IpAddr>, proto: Option<Protocol>, port: Option<u16>) {
        if let Some(ip) = ip {
            self.targets.note(ip, super::source::key_of(ip));
        }
        if let Some(port) = port {
            let number = proto.map_or(0, Protocol::number);
            self.services
                .note((proto, port), (u64::from(number) << 16) | u64::from(port));
        }
    }

    /// Notes an account name, path or signature.
    pub fn name(&mut self, text: &str) {
        note_text(&mut self.names, text);
    }

    /// Notes a name that matters more than those before.
    pub fn name_first(&mut self, text: &str) {
        note_text(&mut self.names, text);
        self.names.put_first(cut(text));
    }

    /// Notes a reason.
    pub fn reason(&mut self, text: &str) {
        note_text(&mut self.reasons, text);
    }

    /// Notes what gave it away.
    pub fn because(&mut self, code: &str) {
        note_text(&mut self.why, code);
    }

    /// States a figure of the evidence, in place of an earlier one of this name.
    pub fn figure(&mut self, name: &'static str, figure: f64) {
        debug_assert!(kept::FIGURES.contains(&name), "{name} is not among FIGURES");
        match self.figures.iter_mut().find(|(known, _)| *known == name) {
            Some((_, held)) => *held = figure,
            None => self.figures.push((name, figure)),
        }
    }

    /// The figure stated under `name`.
    pub fn figure_of(&self, name: &str) -> Option<f64> {
        let found = self.figures.iter().find(|(known, _)| *known == name);
        found.map(|(_, figure)| *figure)
    }

    /// The figures stated.
    pub fn figures(&self) -> &[(&'static str, f64)] {
        &self.figures
    }

    /// Whether no event with this mark came before, as far as marks are kept.
    pub fn is_new(&mut self, mark: u64) -> bool {
        let is_new = !self.marks.items.contains(&mark);
        self.marks.note(mark, mark);
        is_new
    }

    /// Raises severity and confidence to at least these.
    pub fn raise(&mut self, severity: Severity, confidence: u8) {
        self.severity = self.severity.max(severity);
        self.confidence = self.confidence.max(confidence);
    }

    /// Bytes held, within a tenth.
    fn bytes(&self) -> usize {
        /// Its places in the two maps of [`Stories`], and what allocating costs.
        const PLACES: usize = 200;
        size_of::<Self>()
            + PLACES
            + self
                .several
                .as_ref()
                .map_or(0, |several| size_of::<Few<IpAddr>>() + several.bytes())
            + self.targets.bytes()
            + self.services.bytes()
            + self.names.bytes()
            + self.reasons.bytes()
            + self.why.bytes()
            + self.marks.bytes()
            + self.label.len()
            + self.figures.capacity() * size_of::<(&str, f64)>()
            + self.timeline.steps.capacity() * size_of::<(i64, u64)>()
    }

    /// The timeline as lines of time and count.
    pub fn timeline(&self) -> Vec<String> {
        self.timeline.lines()
    }
}

impl Few<Box<str>> {
    /// Puts `text` before the others, in place of the last where it is not among those kept.
    fn put_first(&mut self, text: &str) {
        let held = self.items.iter().position(|item| **item == *text);
        match (held, self.items.last_mut()) {
            (None, Some(last)) => {
                self.text_bytes = self.text_bytes.saturating_sub(last.len()) + text.len();
                *last = text.into();
            }
            (None, None) => return,
            (Some(_), _) => {}
        }
        let to = held.unwrap_or(self.items.len() - 1);
        if let Some(front) = self.items.get_mut(..=to) {
            front.rotate_right(1);
        }
    }
}

/// As much of `text` as is kept.
fn cut(text: &str) -> &str {
    text.get(..text.floor_char_boundary(MAX_TEXT_BYTES))
        .unwrap_or("")
}

fn note_text(few: &mut Few<Box<str>>, text: &str) {
    let cut = cut(text);
    let hash = hash::bytes(text.as_bytes());
    if few.items.len() >= few.most || few.items.iter().any(|held| **held == *cut) {
        // Counted only: no copy is made.
        few.seen.note(hash::mix(hash));
        return;
    }
    few.text_bytes += cut.len();
    few.note(cut.into(), hash);
}

/// Counts per step of time; the step doubles when there are too many.
#[derive(Clone, Debug)]
struct Timeline {
    step_seconds: i64,
    /// In order of time.
    steps: Vec<(i64, u64)>,
}

impl Default for Timeline {
    fn default() -> Self {
        Self {
            step_seconds: 60,
            steps: Vec::new(),
        }
    }
}

impl Timeline {
    fn note(&mut self, at: Timestamp) {
        let step = at.as_seconds().div_euclid(self.step_seconds);
        match self.steps.binary_search_by_key(&step, |(step, _)| *step) {
            Ok(known) => {
                if let Some((_, count)) = self.steps.get_mut(known) {
                    *count += 1;
                }
            }
            Err(place) => self.steps.insert(place, (step, 1)),
        }
        while self.steps.len() > MAX_STEPS {
            self.step_seconds *= 2;
            for (step, _) in &mut self.steps {
                *step = step.div_euclid(2);
            }
            self.steps.dedup_by(|later, kept| {
                let same = later.0 == kept.0;
                kept.1 += if same { later.1 } else { 0 };
                same
            });
        }
    }

    fn lines(&self) -> Vec<String> {
        self.steps
            .iter()
            .map(|(step, count)| {
                let at = Timestamp::from_seconds(step.saturating_mul(self.step_seconds));
                format!("{at} {count}")
            })
            .collect()
    }
}

/// A [`StoryKey`] in the order in which it is found fastest: what differs most comes first.
type Place = (u64, u64, What);

const fn place_of(key: &StoryKey) -> Place {
    (key.actor, key.detail, key.what)
}

/// All stories that are not over.
#[derive(Clone, Debug, Default)]
pub struct Stories {
    stories: BTreeMap<Place, Box<Story>>,
    /// Drafts first, then by the time they may be over.
    due: BTreeSet<(bool, Timestamp, StoryKey)>,
    /// No story is over before this; `None` when there are none.
    quiet_until: Option<Timestamp>,
    /// Opened stories that were cut short for room.
    cut_short: u64,
    /// Bytes of all stories when each was last touched.
    bytes: usize,
}

impl Stories {
    /// The story of `key`, begun at `at` if there is none. A story that had already gone quiet, or
    /// was pushed out for room, goes to `over`.
    pub fn continue_or_begin(
        &mut self,
        key: StoryKey,
        source: Option<IpAddr>,
        at: Timestamp,
        now: Timestamp,
        over: &mut Vec<Story>,
    ) -> &mut Story {
        let touched = now.max(at);
        while self.bytes > MAX_BYTES && !self.stories.is_empty() {
            self.make_room(over);
        }
        let known = self.stories.get(&place_of(&key));
        let stale = known.map(|story| touched > ends(story));
        if stale == Some(true) {
            self.close(&key, over);
        }
        if stale != Some(false) && self.stories.len() >= MAX_STORIES {
            self.make_room(over);
        }
        let (due, quiet_until) = (&mut self.due, &mut self.quiet_until);
        let story = self.stories.entry(place_of(&key)).or_insert_with(|| {
            let mut story = Story::new(key, source, at);
            story.touched = touched;
            story.due = ends(&story);
            due.insert((false, story.due, key));
            *quiet_until = Some(quiet_until.map_or(story.due, |until| until.min(story.due)));
            Box::new(story)
        });
        story.touched = touched.max(story.touched);
        let bytes = story.bytes();
        self.bytes = self.bytes - story.counted_bytes + bytes;
        story.counted_bytes = bytes;
        story
    }

    /// The story of `key`, if it is opened and not over.
    pub fn opened(&self, key: &StoryKey) -> Option<&Story> {
        self.stories
            .get(&place_of(key))
            .map(|story| &**story)
            .filter(|story| story.opened)
    }

    /// Every story that is opened and not over.
    pub fn all_opened(&self) -> impl Iterator<Item = &Story> {
        let stories = self.stories.values().map(|story| &**story);
        stories.filter(|story| story.opened)
    }

    /// The same, to be changed.
    pub fn opened_mut(&mut self, key: &StoryKey) -> Option<&mut Story> {
        let story = self.stories.get_mut(&place_of(key));
        let story = story.map(|story| &mut **story);
        story.filter(|story| story.opened)
    }

    /// The incident that another opened story of `actor` is part of, as far as it has few of them.
    fn incident_of(&self, actor: u64) -> Option<FindingId> {
        /// Stories of one actor that are looked at.
        const LOOKED_AT: usize = 64;
        let from = (actor, 0, What::Guessing);
        let his = self.stories.range(from..).take(LOOKED_AT);
        his.take_while(|((known, ..), _)| *known == actor)
            .find(|(_, story)| story.opened)
            .map(|(_, story)| story.incident)
    }

    /// Marks the story of `key` as opened, as part of what its actor does besides or did before
    /// (`past`); `None` when it was already or is not there.
    pub fn open(&mut self, key: &StoryKey, past: Option<FindingId>) -> Option<&Story> {
        let incident = self.incident_of(key.actor).or(past);
        let story = self.stories.get_mut(&place_of(key));
        let story = story.filter(|story| !story.opened)?;
        self.due.remove(&(false, story.due, *key));
        story.opened = true;
        // A detector may have said that it goes on with another story.
        if let Some(incident) = incident.filter(|_| key.actor != 0 && story.incident == story.id) {
            story.incident = incident;
        }
        story.due = ends(story);
        self.due.insert((true, story.due, *key));
        let until = self
            .quiet_until
            .map_or(story.due, |until| until.min(story.due));
        self.quiet_until = Some(until);
        Some(story)
    }

    /// Whether stories that single packets can begin still have room.
    pub fn has_room_for_packets(&self) -> bool {
        self.stories.len() < MAX_PACKET_STORIES
    }

    /// When the next story may be over.
    pub fn next_deadline(&self) -> Option<Timestamp> {
        let drafts = self.due.first().map(|(_, due, _)| *due);
        let from = (true, Timestamp::from_micros(i64::MIN), LOWEST_KEY);
        let opened = self.due.range(from..).next().map(|(_, due, _)| *due);
        drafts.into_iter().chain(opened).min()
    }

    /// Ends the stories that have been quiet long enough at `now`, earliest first.
    pub fn expire(&mut self, now: Timestamp, over: &mut Vec<Story>) {
        if self.quiet_until.is_none_or(|until| until >= now) {
            return;
        }
        for opened in [false, true] {
            let from = (opened, Timestamp::from_micros(i64::MIN), LOWEST_KEY);
            while let Some((_, due, key)) = self
                .due
                .range(from..)
                .next()
                .copied()
                .filter(|(flag, due, _)| *flag == opened && *due < now)
            {
                let Some(story) = self.stories.get_mut(&place_of(&key)) else {
                    self.due.remove(&(opened, due, key));
                    continue;
                };
                let ends = ends(story);
                if ends < now {
                    self.close(&key, over);
                } else {
                    self.due.remove(&(opened, due, key));
                    story.due = ends;
                    self.due.insert((opened, ends, key));
                }
            }
        }
        self.quiet_until = self.next_deadline();
    }

    /// Ends all stories, in order of first event and id.
    pub fn finish(&mut self, over: &mut Vec<Story>) {
        self.due.clear();
        self.bytes = 0;
        let from = over.len();
        over.extend(
            std::mem::take(&mut self.stories)
                .into_values()
                .filter(|story| story.opened)
                .map(|story| *story),
        );
        if let Some(ended) = over.get_mut(from..) {
            ended.sort_by_key(|story| (story.first, story.id));
        }
    }

    /// Stories and drafts held.
    pub fn len(&self) -> usize {
        self.stories.len()
    }

    /// Opened stories that ended early because there was no room.
    pub const fn cut_short(&self) -> u64 {
        self.cut_short
    }

    /// Drops the draft that would be forgotten first; without drafts, ends the opened story that
    /// would be over first.
    fn make_room(&mut self, over: &mut Vec<Story>) {
        if let Some((opened, _, key)) = self.due.first().copied() {
            self.cut_short += u64::from(opened);
            self.close(&key, over);
        }
    }

    fn close(&mut self, key: &StoryKey, over: &mut Vec<Story>) {
        let Some(story) = self.stories.remove(&place_of(key)) else {
            return;
        };
        self.due.remove(&(story.opened, story.due, *key));
        self.bytes -= story.counted_bytes;
        if story.opened {
            over.push(*story);
        }
    }
}

/// Sorts before every real key of the same flag and time.
const LOWEST_KEY: StoryKey = StoryKey {
    what: What::Guessing,
    actor: 0,
    detail: 0,
};

fn ends(story: &Story) -> Timestamp {
    let quiet = if story.opened {
        story.key.what.telling().quiet_seconds
    } else {
        DRAFT_SECONDS
    };
    story.touched.plus_seconds(quiet)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_matters_more_comes_first_and_no_more_is_kept() {
        let mut few: Few<Box<str>> = Few::new(3);
        few.put_first("none");
        assert!(few.items().is_empty());
        for text in ["a", "b", "c", "dd"] {
            note_text(&mut few, text);
        }
        few.put_first("b");
        assert_eq!(few.items(), ["b".into(), "a".into(), "c".into()]);
        few.put_first("dd");
        assert_eq!(few.items(), ["dd".into(), "b".into(), "a".into()]);
        assert_eq!((few.text_bytes, few.count()), (4, 4));
    }
}
