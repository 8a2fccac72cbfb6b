//! Beacons: a host that keeps calling the same place, as machines under remote control do (ATT&CK
//! T1071.001, T1571).
//!
//! Scored as RITA scores it ([`super::rita`]), on a ring of the last contacts and a count for each of
//! the last 24 parts of the time looked at, then weighed by how many of the firm's hosts go there. See
//! `docs/detectors/beacon.md`.

use super::flow::Flow;
use super::fold::Fold;
use super::keep_alive::KeepAlive;
use super::rita::{self, BARS, Score};
use super::snapshot::kept;
use super::story::{Story, What};
use super::table::{Remembered, Table};
use super::telling::{Telling, blocked_or_unknown};
use super::{Detect, hash};
use crate::finding::{Category, Severity};
use crate::time::Timestamp;

/// Most pairs of a host and a place that are watched: 4,096, at 472 bytes each.
pub type PairTable = Table<Pair, 256>;
/// Places of the doorkeeper, 16 bytes each: a pair is watched from its third contact.
const DOORS: usize = 16_384;
const CONTACTS_BEFORE: u8 = 2;
/// Most memory of the doorkeeper, in bytes.
#[cfg(test)]
pub const DOOR_BYTES: usize = DOORS * size_of::<Door>();
/// Contacts nearer than this are one visit to the doorkeeper.
const VISIT_SECONDS: u32 = 5;
/// Contacts whose times are kept.
const TIMES: usize = 64;
/// Contacts whose sizes are kept.
const SIZES: usize = 32;
/// [`BARS`] as the bars are numbered.
const BAR_COUNT: u32 = 24;
/// Length of a bar at first; it doubles until a bar is an hour and the bars are a day.
const SHORTEST_BAR_SECONDS: u32 = 225;
const LONGEST_BAR_SECONDS: u32 = 3_600;
/// No verdict on less than so many contacts, bars with contacts, and bars in all.
const LEAST_CONTACTS: u32 = 10;
const LEAST_BARS_USED: usize = 6;
const LEAST_BARS: u32 = 12;
/// No verdict on a recording shorter than this.
const LEAST_SECONDS: u32 = 2 * 3_600;
/// A shorter recording than this must score [`SHORT_SCORE`]: people, too, keep to a rhythm for hours.
const LONG_SECONDS: u32 = 6 * 3_600;
const SHORT_SCORE: f64 = 0.9;
/// RITA's lowest score that is looked at.
const GATE: f64 = 0.7;
/// With the marks for rarity a pair must reach this.
const VERDICT: f64 = 0.8;
/// What is added for a place only one host goes to. RITA adds up to 0.15 for rarity.
const RARE: f64 = 0.05;
/// A place that so many hosts go to, and a third of all of them or at a port that is steady by nature, is
/// the firm's habit and not told at all unless it is listed.
const SHARED_HOSTS: u32 = 3;
/// Contacts of a day that no person makes: RITA calls it a strobe.
const STROBE: u32 = 86_400;
/// A request this soon after a connection from the same port belongs to it.
const REQUEST_SECONDS: u32 = 2;
/// A connection from the same port this long after is another one.
const CONNECTION_SECONDS: u32 = 3_600;
const DAY_SECONDS: u32 = 86_400;

/// Ports of clocks, names and neighbours: regular by nature, and watched by others.
const IGNORED_PORTS: &[u16] = &[53, 67, 68, 123, 137, 138, 853, 1_900, 3_702, 5_353];
/// Ports that honest programs call in a rhythm: mail boxes, phones, push messages, VPNs.
const STEADY_PORTS: &[u16] = &[
    25, 110, 143, 465, 500, 587, 993, 995, 1_194, 1_701, 1_723, 1_883, 3_478, 3_479, 4_070, 4_460,
    4_500, 5_060, 5_061, 5_222, 5_223, 5_228, 5_229, 5_230, 5_938, 8_883, 19_302, 41_641, 51_820,
];
/// Ports of the web and of remote work, which firewalls let everybody use.
const USUAL_PORTS: &[u16] = &[20, 21, 22, 80, 443, 989, 990, 8_000, 8_080, 8_443];

/// What is remembered of a host and a place.
#[derive(Clone, Copy, Debug)]
pub struct Pair {
    times: [u32; TIMES],
    sizes: [u32; SIZES],
    bars: [u16; BARS],
    /// Number of the newest bar since the beginning.
    bar: u32,
    first: u32,
    last: u32,
    contacts: u32,
    sized: u32,
    opener_port: u16,
    told: bool,
}

kept!(Pair {
    times,
    sizes,
    bars,
    bar,
    first,
    last,
    contacts,
    sized,
    opener_port,
    told
});

impl Default for Pair {
    fn default() -> Self {
        Self {
            times: [0; TIMES],
            sizes: [0; SIZES],
            bars: [0; BARS],
            bar: 0,
            first: 0,
            last: 0,
            contacts: 0,
            sized: 0,
            opener_port: 0,
            told: false,
        }
    }
}

impl Remembered for Pair {
    fn last(&self) -> u32 {
        self.last
    }

    /// In how many parts of the time it was there; a verdict counts double.
    fn evidence(&self) -> u32 {
        let used = u32::try_from(self.used()).unwrap_or(0);
        if self.told { 2 * used + 8 } else { used }
    }

    /// One less for each hour of silence.
    fn strength(&self, now: u32) -> u32 {
        let idle = now.saturating_sub(self.last) / 3_600;
        self.evidence().saturating_sub(idle)
    }
}

impl Pair {
    fn used(&self) -> usize {
        self.bars.iter().filter(|bar| **bar > 0).count()
    }

    /// Whether this record belongs to the contact before it.
    fn is_same(&self, now: u32, flow: &Flow) -> bool {
        let idle = now.abs_diff(self.last);
        let limit = if flow.is_request {
            REQUEST_SECONDS
        } else {
            CONNECTION_SECONDS
        };
        self.contacts > 0
            && idle <= limit
            && flow.opener_port != 0
            && flow.opener_port == self.opener_port
    }

    fn note_size(&mut self, flow: &Flow, is_same: bool) {
        let Some(size) = flow.size() else { return };
        // The size of a contact that was noted at its opening comes with its end.
        let place = if is_same && self.sized == self.contacts {
            self.sized.saturating_sub(1)
        } else {
            self.sized = self.sized.saturating_add(1).min(self.contacts);
            self.sized.saturating_sub(1)
        };
        let place = usize::try_from(place).unwrap_or(0) % SIZES;
        if let Some(held) = self.sizes.get_mut(place) {
            *held = u32::try_from(size).unwrap_or(u32::MAX);
        }
    }

    fn note_time(&mut self, now: u32, opener_port: u16) {
        let place = usize::try_from(self.contacts).unwrap_or(0) % TIMES;
        if let Some(held) = self.times.get_mut(place) {
            *held = now;
        }
        if self.contacts == 0 {
            self.first = now;
        }
        self.contacts = self.contacts.saturating_add(1);
        self.last = self.last.max(now);
        self.opener_port = opener_port;
        let place = self.bar as usize % BARS;
        if let Some(bar) = self.bars.get_mut(place) {
            *bar = bar.saturating_add(1);
        }
    }

    /// Moves on to `bar`, forgetting what is a round older.
    fn advance(&mut self, bar: u32) {
        if bar <= self.bar {
            return;
        }
        let fresh = (bar - self.bar).min(BAR_COUNT);
        for back in 0..fresh {
            let place = (bar - back) as usize % BARS;
            if let Some(held) = self.bars.get_mut(place) {
                *held = 0;
            }
        }
        self.bar = bar;
    }

    /// Makes two bars one, as the bars become twice as long.
    fn widen(&mut self) {
        let mut wide = [0_u16; BARS];
        let oldest = self.bar.saturating_sub(BAR_COUNT - 1);
        for bar in oldest..=self.bar {
            let from = self.bars.get(bar as usize % BARS).copied().unwrap_or(0);
            if let Some(to) = wide.get_mut((bar / 2) as usize % BARS) {
                *to = to.saturating_add(from);
            }
        }
        self.bars = wide;
        self.bar /= 2;
    }

    /// The score over the whole bars before `bar`, and what it was made from.
    fn judge(&self, bar: u32, bar_seconds: u32, origin: u32) -> Option<(Score, Rhythm)> {
        let oldest = bar.saturating_sub(BAR_COUNT);
        let bars: Vec<u32> = (oldest..bar)
            .map(|at| match at <= self.bar {
                true => u32::from(self.bars.get(at as usize % BARS).copied().unwrap_or(0)),
                false => 0,
            })
            .collect();
        let contacts = bars.iter().sum();
        let used = bars.iter().filter(|bar| **bar > 0).count();
        let count = bar - oldest;
        let span = count.saturating_mul(bar_seconds);
        if contacts < LEAST_CONTACTS
            || used < LEAST_BARS_USED
            || count < LEAST_BARS
            || span < LEAST_SECONDS
        {
            return None;
        }
        let from = origin.saturating_add(oldest.saturating_mul(bar_seconds));
        let silent = bars.iter().take_while(|bar| **bar == 0).count();
        let silent = u32::try_from(silent).unwrap_or(0);
        let first = self.first.max(from.saturating_add(silent * bar_seconds));
        let mut times = self.times;
        let kept = usize::try_from(self.contacts).unwrap_or(TIMES).min(TIMES);
        let times = times.get_mut(..kept)?;
        times.sort_unstable();
        let sized = usize::try_from(self.sized).unwrap_or(SIZES).min(SIZES);
        let sizes: Vec<u64> = self
            .sizes
            .iter()
            .take(sized)
            .map(|size| (*size).into())
            .collect();
        let ends = (f64::from(first), f64::from(self.last), f64::from(span));
        let score = rita::judge(times, &sizes, &bars, ends)?;
        let mut gaps: Vec<u32> = times
            .iter()
            .zip(times.iter().skip(1))
            .map(|(before, after)| after - before)
            .collect();
        gaps.sort_unstable();
        let interval = gaps.get(gaps.len() / 2).copied().unwrap_or(0);
        Some((
            score,
            Rhythm {
                contacts,
                interval,
                span,
            },
        ))
    }
}

/// What a score was made from.
#[derive(Clone, Copy, Debug)]
struct Rhythm {
    contacts: u32,
    interval: u32,
    span: u32,
}

/// A pair that is not watched yet.
#[derive(Clone, Copy, Debug, Default)]
struct Door {
    tag: u32,
    last: u32,
    visits: u8,
}

kept!(Door { tag, last, visits });

/// The pairs that are watched.
#[derive(Clone, Debug)]
pub struct Pairs {
    rows: PairTable,
    doors: Vec<Door>,
    origin: u32,
    bar_seconds: u32,
}

kept!(Pairs {
    rows,
    doors,
    origin,
    bar_seconds
});

impl Default for Pairs {
    fn default() -> Self {
        Self {
            rows: PairTable::default(),
            doors: Vec::new(),
            origin: 0,
            bar_seconds: SHORTEST_BAR_SECONDS,
        }
    }
}

/// What a contact came to.
enum Contact {
    /// Not watched, or nothing new.
    Nothing,
    /// One more contact of a pair of which was told.
    Told,
    /// The pair's score.
    Scored(Score, Rhythm),
}

impl Pairs {
    /// Notes a contact of the pair `key` at `at`.
    fn contact(&mut self, key: u64, at: u32, flow: &Flow, welcome: impl Fn() -> bool) -> Contact {
        if self.origin == 0 {
            self.origin = at;
        }
        if self.rows.find(key).is_none() && !self.enter(key, at, welcome) {
            return Contact::Nothing;
        }
        let bar = self.bar_of(at);
        let (seconds, origin) = (self.bar_seconds, self.origin);
        let Some(pair) = self.rows.find(key) else {
            return Contact::Nothing;
        };
        let is_same = pair.is_same(at, flow);
        if is_same || (flow.is_reply && pair.last == at) {
            pair.note_size(flow, true);
            pair.last = pair.last.max(at);
            return Contact::Nothing;
        }
        let judged = if bar > pair.bar && !pair.told {
            pair.judge(bar, seconds, origin)
        } else {
            None
        };
        pair.advance(bar);
        pair.note_time(at, flow.opener_port);
        pair.note_size(flow, false);
        match judged {
            _ if pair.told => Contact::Told,
            Some((score, rhythm)) => Contact::Scored(score, rhythm),
            None => Contact::Nothing,
        }
    }

    /// Whether `key` has come often enough to be watched, and there is room.
    fn enter(&mut self, key: u64, at: u32, welcome: impl Fn() -> bool) -> bool {
        if self.doors.is_empty() {
            self.doors.resize(DOORS, Door::default());
        }
        let place = usize::try_from(hash::mix(key) >> 32).unwrap_or(0) % DOORS;
        let Some(door) = self.doors.get_mut(place) else {
            return false;
        };
        let tag = u32::try_from(key & 0xFFFF_FFFF).unwrap_or(0).max(1);
        if door.tag != tag {
            // The one that was there goes only after as many strangers as it had visits.
            if door.visits > 0 && at.saturating_sub(door.last) < DAY_SECONDS {
                door.visits -= 1;
                return false;
            }
            *door = Door {
                tag,
                last: at,
                visits: 1,
            };
            return false;
        }
        if at.abs_diff(door.last) < VISIT_SECONDS {
            return false;
        }
        door.last = at;
        door.visits = door.visits.saturating_add(1);
        if door.visits <= CONTACTS_BEFORE || !welcome() {
            return false;
        }
        door.visits = 0;
        let bar = self.bar_of(at);
        self.rows.admit(key, at, 1).is_some_and(|pair| {
            pair.bar = bar;
            true
        })
    }

    /// The bar of `at`; bars become longer while there are too many.
    fn bar_of(&mut self, at: u32) -> u32 {
        let since = at.saturating_sub(self.origin);
        while self.bar_seconds < LONGEST_BAR_SECONDS && since / self.bar_seconds >= BAR_COUNT {
            self.bar_seconds *= 2;
            self.rows.rows_mut().for_each(Pair::widen);
        }
        since / self.bar_seconds
    }
}

impl Fold<'_> {
    pub(super) fn beacon(&mut self) {
        let Some((flow, host, place)) = self.seen.outgoing() else {
            return;
        };
        if IGNORED_PORTS.contains(&flow.port) {
            return;
        }
        let key = hash::mix(super::source::key_of(host)) ^ place;
        let at = self.seen.seconds();
        let Detect { flows, .. } = &mut *self.detect;
        let known = &flows.keep_alive;
        let welcome = || !is_keep_alive(known, flow);
        match flows.pairs.contact(key, at, flow, welcome) {
            Contact::Nothing => {}
            Contact::Told => {
                self.tell_flow(What::Beacon, place);
            }
            Contact::Scored(score, rhythm) => self.weigh_beacon(key, place, score, rhythm),
        }
    }

    fn weigh_beacon(&mut self, key: u64, place: u64, score: Score, rhythm: Rhythm) {
        let Some((flow, host, _)) = self.seen.outgoing() else {
            return;
        };
        let firm = &mut self.detect.flows.firm;
        let now = self.seen.seconds();
        let hosts = firm.place(place).map_or(1, |place| place.hosts()).max(1);
        let all = u32::try_from(firm.hosts()).unwrap_or(u32::MAX);
        let is_shared = hosts >= SHARED_HOSTS && hosts.saturating_mul(3) >= all;
        let is_rare = hosts == 1;
        let listed = self
            .seen
            .listed
            .as_ref()
            .is_some_and(|listed| listed.outgoing);
        let is_steady = STEADY_PORTS.contains(&flow.port);
        let is_habit = is_shared || (is_steady && hosts >= SHARED_HOSTS);
        let weighed = score.score + if is_rare { RARE } else { 0.0 };
        let enough = if rhythm.span < LONG_SECONDS {
            SHORT_SCORE
        } else {
            VERDICT
        };
        if score.score < GATE || ((weighed < enough || is_habit) && !listed) {
            return;
        }
        let is_odd = !is_steady && !USUAL_PORTS.contains(&flow.port);
        let is_new = firm.is_new_place(place, now);
        let host_key = super::source::key_of(host);
        let changed = is_rare && is_odd && is_new && firm.is_old_host(host_key, now);
        let (severity, confidence) = match () {
            () if listed || changed => (Severity::High, 80),
            () if is_steady => (Severity::Low, 30),
            () if hosts >= SHARED_HOSTS => (Severity::Low, 40),
            () if is_new => (Severity::Medium, 65),
            () => (Severity::Medium, 50),
        };
        let reasons = [
            (is_rare, "rare"),
            (is_new, "new"),
            (is_odd, "odd-port"),
            (listed, "listed"),
            (rhythm.contacts >= STROBE, "strobe"),
        ];
        if let Some(pair) = self.detect.flows.pairs.rows.find(key) {
            pair.told = true;
        }
        let first = self
            .detect
            .flows
            .pairs
            .rows
            .find(key)
            .map_or(now, |pair| pair.first);
        let Some((key, story)) = self.tell_flow(What::Beacon, place) else {
            return;
        };
        story.add_past(
            u64::from(rhythm.contacts),
            Timestamp::from_seconds(first.into()),
        );
        story.raise(severity, confidence);
        for (holds, reason) in reasons {
            if holds {
                story.because(reason);
            }
        }
        state(story, score, rhythm, hosts);
        self.open(&key);
    }
}

fn state(story: &mut Story, score: Score, rhythm: Rhythm, hosts: u32) {
    story.figure("score", score.score);
    story.figure("ts", score.ts);
    if let Some(ds) = score.ds {
        story.figure("ds", ds);
    }
    story.figure("dur", score.dur);
    story.figure("hist", score.hist);
    story.figure("interval_seconds", rhythm.interval.into());
    story.figure("contacts", rhythm.contacts.into());
    story.figure("hosts", hosts.into());
}

/// Whether a place belongs to those whose services call in a rhythm.
pub fn is_keep_alive(known: &KeepAlive, flow: &Flow) -> bool {
    match flow.name {
        Some(name) => known.has_name(name.as_str()),
        None => flow.other.is_some_and(|ip| known.has_address(ip)),
    }
}

/// How beacons are told.
pub const BEACON: Telling = Telling {
    detector: "beacon",
    quiet_seconds: 36 * 3_600,
    category: Category::C2,
    names: "places",
    reasons: "kinds",
    techniques: |story| {
        if story.why.items().iter().any(|why| &**why == "odd-port") {
            &["T1571"]
        } else {
            &["T1071.001"]
        }
    },
    key: |story| match &*story.label {
        "" => "beacon".to_owned(),
        place => place.to_owned(),
    },
    message: |story| match story.severity {
        Severity::Info | Severity::Low => "steady-contact",
        _ => "beacon",
    },
    messages: &["beacon", "steady-contact"],
    outcome: blocked_or_unknown,
};
