//! How much a member's word counts for the lists of others: by its age, by what others confirmed of
//! it, and once for each network.
//!
//! A word grows from nothing in the first week to the whole after two, counted from enrolment, and
//! falls where others never see what the member told, though they saw the same service. Words that
//! are not whole weigh no more than one whole word, however many they are: members that are new, or
//! whom nobody ever confirmed, list nothing together that not at least one member of standing saw.

use std::collections::BTreeMap;

use super::DAY_SECONDS;
use super::memory::Track;

/// Words an address needs from members other than the reader, unless the reader saw it itself.
pub(super) const QUORUM: usize = 2;
/// Days without a word, and days until it is whole. While the hub itself is younger than the latter,
/// every word is whole.
const SILENT_DAYS: i64 = 7;
const GROWN_DAYS: i64 = 14;
/// Days, with the day itself, in which others may confirm a report.
const CONFIRM_DAYS: u32 = 4;
/// Reports before anything is made of them.
const ENOUGH_TOLD: f32 = 10.0;
/// What is left of a report's weight after a day.
const KEEP: f32 = 0.95;
/// The part of the usual share of confirmed reports from which a word is whole.
const WHOLE_FROM: f32 = 0.33;
/// What a word keeps, whatever was confirmed.
const LEAST: f32 = 0.2;
/// Voices with reports enough before anybody is judged by them.
const MIN_JUDGED: usize = 5;
/// Voices remembered of one service: enough to know of any of them whether two others saw it.
const HEARD: usize = QUORUM + 1;

#[derive(Clone, Copy, Debug)]
struct Member {
    /// When it enrolled; its first sighting where that is not known.
    since: i64,
    voice: Voice,
    /// Reports others could have confirmed, and those they did; older ones count less.
    told: f32,
    confirmed: f32,
    /// Whether its reports are a measure for those of others: its word was whole when they were last
    /// weighed, or it was there while the hub was young.
    of_standing: bool,
}

/// Who speaks: a member alone, or all members of one network.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
enum Voice {
    Member(u32),
    Network(u32),
}

/// What was said of a member before its first sighting.
#[derive(Clone, Debug)]
struct Introduced {
    since: Option<i64>,
    network: String,
}

/// All members that reported, by number in order of their first sighting.
#[derive(Clone, Debug, Default)]
pub(super) struct Members {
    numbers: BTreeMap<String, u32>,
    known: Vec<Member>,
    introduced: BTreeMap<String, Introduced>,
    networks: BTreeMap<String, u32>,
    /// The earliest enrolment.
    earliest: Option<i64>,
    /// The usual share of reports that are confirmed; nothing until enough members could be judged.
    usual: Option<f32>,
    /// New sources of each voice on the day being filled.
    new: BTreeMap<Voice, usize>,
    /// The last voices that saw each service, and the day.
    heard: BTreeMap<u32, [Option<(Voice, i64)>; HEARD]>,
}

impl Members {
    /// Says when a member enrolled, in seconds since 1970, and from which network it calls.
    pub fn introduce(&mut self, name: &str, since: Option<i64>, network: &str) {
        let Some(number) = self.numbers.get(name).copied() else {
            let network = network.to_owned();
            let introduced = Introduced { since, network };
            self.introduced.insert(name.to_owned(), introduced);
            return;
        };
        let voice = self.voice(number, network);
        if let Some(known) = slot(number).and_then(|at| self.known.get_mut(at)) {
            known.voice = voice;
            known.since = since.unwrap_or(known.since);
            self.earliest = self.earliest.min(Some(known.since));
        }
    }

    fn voice(&mut self, number: u32, network: &str) -> Voice {
        if network.is_empty() {
            return Voice::Member(number);
        }
        let next = u32::try_from(self.networks.len()).unwrap_or(u32::MAX);
        let found = match self.networks.get(network) {
            Some(found) => *found,
            None => *self.networks.entry(network.to_owned()).or_insert(next),
        };
        Voice::Network(found)
    }

    /// The number of a member seen at `at`; a new one if it was not seen before.
    pub fn seen(&mut self, name: &str, at: i64) -> Option<u32> {
        if let Some(number) = self.numbers.get(name) {
            return Some(*number);
        }
        let number = u32::try_from(self.known.len()).ok()?;
        let introduced = self.introduced.remove(name);
        let since = introduced.as_ref().and_then(|one| one.since).unwrap_or(at);
        let voice = match &introduced {
            Some(one) => self.voice(number, &one.network),
            None => Voice::Member(number),
        };
        self.numbers.insert(name.to_owned(), number);
        self.known.push(Member {
            since,
            voice,
            told: 0.0,
            confirmed: 0.0,
            of_standing: self.is_young(at.max(since)),
        });
        self.earliest = Some(self.earliest.map_or(since, |earliest| earliest.min(since)));
        Some(number)
    }

    /// The number of a member that reported.
    pub fn number(&self, name: &str) -> Option<u32> {
        self.numbers.get(name).copied()
    }

    /// How many members reported.
    pub const fn count(&self) -> usize {
        self.known.len()
    }

    /// Counts a source nobody saw before; false when the member's voice has brought `most` of them on
    /// this day already.
    pub fn may_bring(&mut self, number: u32, most: usize) -> bool {
        let Some(voice) = self.get(number).map(|known| known.voice) else {
            return false;
        };
        let new = self.new.entry(voice).or_default();
        *new += usize::from(*new < most);
        *new < most
    }

    /// Notes that a member saw a service on a day.
    pub fn hear(&mut self, number: u32, service: u32, day: i64) {
        let Some(voice) = self.get(number).map(|known| known.voice) else {
            return;
        };
        let heard = self.heard.entry(service).or_default();
        let own = heard
            .iter()
            .position(|one| one.is_some_and(|(by, _)| by == voice));
        let oldest = || {
            let days = heard.iter().map(|one| one.map_or(i64::MIN, |(_, day)| day));
            days.enumerate()
                .min_by_key(|(_, day)| *day)
                .map(|(at, _)| at)
        };
        if let Some(place) = own.or_else(oldest).and_then(|at| heard.get_mut(at)) {
            *place = Some((voice, day));
        }
    }

    fn get(&self, number: u32) -> Option<&Member> {
        slot(number).and_then(|at| self.known.get(at))
    }

    /// The weight of a member's word at `now`, at most 1.
    pub fn word(&self, number: u32, now: i64) -> f32 {
        match self.get(number) {
            Some(_) if self.is_young(now) => 1.0,
            Some(known) => self.grown_word(known, now),
            None => 0.0,
        }
    }

    /// Whether the hub itself is too young to tell anybody's age.
    fn is_young(&self, now: i64) -> bool {
        let grown = |earliest: i64| earliest + GROWN_DAYS * DAY_SECONDS;
        self.earliest.is_none_or(|earliest| now < grown(earliest))
    }

    fn grown_word(&self, known: &Member, now: i64) -> f32 {
        let whole = GROWN_DAYS * DAY_SECONDS;
        let age = now - known.since;
        if age < SILENT_DAYS * DAY_SECONDS {
            return 0.0;
        }
        let days = u8::try_from(age.min(whole) / DAY_SECONDS).map_or(0.0, f32::from);
        let grown = u8::try_from(GROWN_DAYS).map_or(1.0, f32::from);
        days / grown * self.standing(known)
    }

    fn standing(&self, known: &Member) -> f32 {
        self.usual.map_or(1.0, |usual| {
            (known.share() / (usual * WHOLE_FROM)).clamp(LEAST, 1.0)
        })
    }

    /// Whether the words of these members are enough for the list of somebody else.
    pub fn vouch(&self, members: impl Iterator<Item = u32>, now: i64) -> bool {
        are_enough(self.words(members, now).into_iter())
    }

    /// The word of each voice of these members.
    fn words(&self, members: impl Iterator<Item = u32>, now: i64) -> Vec<(Voice, f32)> {
        let mut words: Vec<(Voice, f32)> = members
            .filter_map(|number| Some((self.get(number)?.voice, self.word(number, now))))
            .collect();
        words.sort_unstable_by(|left, right| left.0.cmp(&right.0).then(right.1.total_cmp(&left.1)));
        words.dedup_by_key(|(voice, _)| *voice);
        words
    }

    /// Weighs the reports of the day that is [`CONFIRM_DAYS`] back from the end of `day`, one source
    /// after the other: its service, and who saw it.
    pub fn weigh<'a>(
        &mut self,
        day: i64,
        sources: impl Iterator<Item = (u32, &'a [(u32, Track)])>,
    ) {
        let now = (day + 1) * DAY_SECONDS;
        let mut weighed: BTreeMap<u32, (f32, f32)> = BTreeMap::new();
        for (service, seen_by) in sources {
            let lately = seen_by
                .iter()
                .filter(|(_, track)| track.seen_within(CONFIRM_DAYS));
            let words = self.words(lately.clone().map(|(other, _)| *other), now);
            for (teller, _) in lately.filter(|(_, track)| track.seen_ago(CONFIRM_DAYS - 1)) {
                let Some(voice) = self.get(*teller).map(|known| known.voice) else {
                    continue;
                };
                if !self.others_saw(voice, service, day) {
                    continue;
                }
                let others = words.iter().filter(|(other, _)| *other != voice);
                let (told, confirmed) = weighed.entry(*teller).or_default();
                *told += 1.0;
                *confirmed += f32::from(u8::from(are_enough(others.copied())));
            }
        }
        for (number, known) in (0..).zip(&mut self.known) {
            let (told, confirmed) = weighed.get(&number).copied().unwrap_or_default();
            known.told = known.told * KEEP + told;
            known.confirmed = known.confirmed * KEEP + confirmed;
        }
        self.usual = self.usual_share().or(self.usual);
        if !self.is_young(now) {
            let words = self.known.iter().map(|known| self.grown_word(known, now));
            let words: Vec<f32> = words.collect();
            for (known, word) in self.known.iter_mut().zip(words) {
                known.of_standing = word >= 1.0;
            }
        }
        self.new.clear();
        self.heard.retain(|_, heard| {
            heard
                .iter()
                .flatten()
                .any(|(_, on)| *on + i64::from(CONFIRM_DAYS) > day)
        });
    }

    /// Whose place among those that saw a source a member may take that has none: one of two with the
    /// same voice, if the member's own is not among them yet.
    pub fn crowded(&self, number: u32, seen_by: &[(u32, Track)]) -> Option<usize> {
        let voice = self.get(number)?.voice;
        let mut voices: BTreeMap<Voice, usize> = BTreeMap::new();
        let mut twice = None;
        for (place, (other, _)) in seen_by.iter().enumerate() {
            if voices.insert(self.get(*other)?.voice, place).is_some() {
                twice = Some(place);
            }
        }
        twice.filter(|_| !voices.contains_key(&voice))
    }

    fn others_saw(&self, voice: Voice, service: u32, day: i64) -> bool {
        let heard = self.heard.get(&service).into_iter().flatten().flatten();
        let lately = heard.filter(|(by, on)| *by != voice && *on + i64::from(CONFIRM_DAYS) > day);
        lately.count() >= QUORUM
    }

    /// The share that half of the voices of standing reach; of a network, its best member's. A crowd of
    /// newcomers does not move it.
    fn usual_share(&self) -> Option<f32> {
        let mut shares: BTreeMap<Voice, f32> = BTreeMap::new();
        let judged = |known: &&Member| known.of_standing && known.told >= ENOUGH_TOLD;
        for known in self.known.iter().filter(judged) {
            let share = shares.entry(known.voice).or_default();
            *share = share.max(known.share());
        }
        let mut shares: Vec<f32> = shares.into_values().collect();
        shares.sort_by(f32::total_cmp);
        let usual = shares.get(shares.len() / 2).copied().unwrap_or(0.0);
        (shares.len() >= MIN_JUDGED && usual > 0.0).then_some(usual)
    }

    /// One member of each network, by number.
    pub fn heads(&self) -> Vec<u32> {
        let mut heads: BTreeMap<Voice, u32> = BTreeMap::new();
        for (number, known) in (0..).zip(&self.known) {
            heads.entry(known.voice).or_insert(number);
        }
        heads.into_values().collect()
    }
}

impl Member {
    fn share(&self) -> f32 {
        self.confirmed / (self.told + ENOUGH_TOLD)
    }
}

/// Whether words are enough, one of each voice.
fn are_enough(words: impl Iterator<Item = (Voice, f32)>) -> bool {
    let (mut whole, mut rest) = (0, 0.0);
    for (_, word) in words {
        if word >= 1.0 {
            whole += 1;
        } else {
            rest += word;
        }
    }
    // A thousandth for rounding: five fifths are one.
    whole + usize::from(rest > 0.999) >= QUORUM
}

fn slot(number: u32) -> Option<usize> {
    usize::try_from(number).ok()
}
