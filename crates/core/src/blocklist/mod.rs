//! Who is likely to attack a member next: a blocklist of its own for each, ranked, sized to its
//! device.
//!
//! Nothing is shipped that was learned elsewhere: a hub learns from its own days which sources come
//! back, and to whom. Until it has some days of its own, sources are ordered by how much they were
//! seen lately. A list holds a source only if the member saw it itself or others of two networks
//! did whose word counts (`trust`); what is on the never-block list is never in it; it expires.
//!
//! Sources: predictive blacklisting by Zhang, Porras and Ullrich 2008 and Soldo, Le and Markopoulou
//! 2010 (own history, neighbours, likeness of victims), learned here by boosted trees.

pub mod forest;
mod memory;
pub mod render;
mod trust;

use std::collections::{BTreeMap, VecDeque};
use std::net::IpAddr;

use crate::address::{Network, is_public};
use crate::detect::NetworkSet;
use crate::time::Timestamp;
use crate::watch::fold::mixed_mark;
use forest::{Example, Forest, Row};
use memory::{MEMORY_DAYS, Memory, Track};
use trust::Members;

/// Hours an entry of a list is good for.
pub const ENTRY_HOURS: i64 = 48;
/// Sources a member is offered from, at most, beside those it saw itself.
const MAX_CANDIDATES: usize = 8_000;
/// Sources weighed for each place on a list, and at least.
const WEIGHED_FOR_ONE: usize = 3;
const MIN_WEIGHED: usize = 1_000;
/// Days learned from.
const LEARN_DAYS: usize = 28;
/// Whole days before anything is learned.
const MIN_DAYS: usize = 7;
/// Days between two lessons; fewer while the hub is young.
const LESSON_EVERY_DAYS: i64 = 7;
const YOUNG_LESSON_EVERY_DAYS: i64 = 3;
const YOUNG_DAYS: i64 = 28;
/// Examples kept of one day: of members that are known, and as many of the same as if they were new.
const MAX_EXAMPLES_A_DAY: usize = 6_000;
/// Sources learned from for each member: those that could stand on a short list, where order matters
/// most; of the others one in so many stands for all.
const LEARN_FIRST: usize = 500;
const LEARN_REST: u16 = 16;
/// Members at most that are learned from in one day.
const MAX_TAUGHT_BY: usize = 64;
/// New sources of one member, or of the members of one network, in a day that count; the rest is left
/// out.
const MAX_NEW_A_DAY: usize = 2_000;
/// Names of keys told apart.
const MAX_KEYS: usize = 65_536;
const DAY_SECONDS: i64 = 86_400;
/// Days without any sighting that are skipped at once.
const MAX_GAP_DAYS: i64 = 40;

/// Whether a source may stand on no list, whoever saw it: what is no host on the internet, and what would
/// take an address of `never` with it, since an IPv6 source is blocked as a /64.
#[must_use]
pub fn is_never_blocked(source: IpAddr, never: &NetworkSet) -> bool {
    !is_public(source) || never.touches(Network::of_source(source))
}

/// One line of a list.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Entry {
    /// Whom to block.
    pub source: IpAddr,
    /// The higher, the likelier it comes.
    pub score: f32,
    /// Members that saw it in the last month.
    pub members: usize,
    /// When it was last seen.
    pub last: Timestamp,
    /// When the entry is no longer good.
    pub expires: Timestamp,
}

/// A row whose outcome the next day shows.
#[derive(Clone, Copy, Debug)]
struct Awaited {
    member: u32,
    source: IpAddr,
    row: Row,
    weight: f32,
    as_new: bool,
}

/// All that is known of sources, and what was learned from it.
#[derive(Clone, Debug, Default)]
pub struct Blocklist {
    never: NetworkSet,
    memory: Memory,
    members: Members,
    keys: BTreeMap<String, u32>,
    /// The day being filled, and the first of all.
    day: Option<i64>,
    start: i64,
    /// Whether the day being filled has any sighting.
    busy: bool,
    /// Sources most seen lately, best first, as of the last whole day: first those members vouch for …
    ranked: Vec<IpAddr>,
    /// … as many as this.
    vouched: usize,
    awaited: Vec<Awaited>,
    examples: VecDeque<Vec<Example>>,
    learned: Option<(i64, Forest)>,
    /// What is learned for members that are new, apart: they have no history of their own.
    newcomers: VecDeque<Vec<Example>>,
    learned_new: Option<Forest>,
}

impl Blocklist {
    /// An empty memory that never lists addresses of `never`.
    #[must_use]
    pub fn new(never: Vec<Network>) -> Self {
        Self::sparing(NetworkSet::new(never))
    }

    /// As [`Blocklist::new`], for a set such as [`NetworkSet::never_block`].
    #[must_use]
    pub fn sparing(never: NetworkSet) -> Self {
        Self {
            never,
            ..Self::default()
        }
    }

    /// Says when `member` enrolled, where that is known, and from which network (an IPv4 /24, an IPv6
    /// /48) it calls; the empty name where that is not known. Members of one network have one word.
    /// May be said before the first sighting, and again.
    pub fn introduce(&mut self, member: &str, enrolled: Option<Timestamp>, network: &str) {
        let since = enrolled.map(Timestamp::as_seconds);
        self.members.introduce(member, since, network);
    }

    /// Notes a sighting. Sightings come in order of time; one of an earlier day counts for the day
    /// being filled. The day before it is learned from first.
    pub fn observe(&mut self, at: Timestamp, member: &str, source: IpAddr, key: &str, count: u64) {
        self.advance(at);
        self.busy = true;
        let day = self.day.unwrap_or_default();
        let at = at.as_seconds().max(day * DAY_SECONDS);
        let Some(number) = self.members.seen(member, at) else {
            return;
        };
        let is_new = !self.memory.sources.contains_key(&source);
        if is_new && !self.members.may_bring(number, MAX_NEW_A_DAY) {
            return;
        }
        let next = u32::try_from(self.keys.len()).unwrap_or(u32::MAX);
        let key = match self.keys.get(key) {
            Some(key) => *key,
            None if self.keys.len() < MAX_KEYS => {
                self.keys.insert(key.to_owned(), next);
                next
            }
            None => u32::MAX,
        };
        self.members.hear(number, key, day);
        let members = &self.members;
        let crowded = |seen_by: &[(u32, Track)]| members.crowded(number, seen_by);
        self.memory.see(source, (number, key), at, count, crowded);
    }

    /// Learns from all whole days before `at`.
    pub fn advance(&mut self, at: Timestamp) {
        let day = at.as_seconds().div_euclid(DAY_SECONDS);
        let Some(open) = self.day else {
            self.day = Some(day);
            self.start = day;
            return;
        };
        let mut closing = open;
        while closing < day {
            self.close_day(closing);
            // After a long silence all is forgotten; the days of it need not be gone through.
            closing = if closing + MAX_GAP_DAYS < day && closing > open + MEMORY_DAYS {
                day - 1
            } else {
                closing + 1
            };
        }
        self.day = Some(open.max(day));
    }

    /// The list of `member`, best first, of at most `length`; as of the last whole day. A member
    /// nobody knows gets what the others know.
    #[must_use]
    pub fn list(&self, member: &str, length: usize) -> Vec<Entry> {
        let member = self.members.number(member);
        let now = self.day.unwrap_or_default() * DAY_SECONDS;
        let mut chosen: Vec<(f32, IpAddr, usize)> = self
            .candidates(member)
            .filter_map(|address| {
                let source = self.memory.sources.get(&address)?;
                let members = self.word_for(source, member, now)?;
                Some((Memory::plain_score(source, member), address, members))
            })
            .filter(|(_, address, _)| !is_never_blocked(*address, &self.never))
            .collect();
        // Who was seen least lately stands on no short list, whatever else is known.
        chosen.sort_unstable_by(|left, right| {
            let by_score = right.0.total_cmp(&left.0);
            by_score.then(left.1.cmp(&right.1))
        });
        chosen.truncate(length.saturating_mul(WEIGHED_FOR_ONE).max(MIN_WEIGHED));
        let learned = self.learned.as_ref().map(|(_, forest)| forest);
        let new = self.learned_new.as_ref().filter(|_| member.is_none());
        let forest = new.or(learned);
        let mut entries: Vec<Entry> = chosen
            .into_iter()
            .filter_map(|(plain, address, members)| {
                let source = self.memory.sources.get(&address)?;
                let score = forest.map_or(plain, |forest| {
                    forest.score(&self.memory.row(address, source, member))
                });
                Some(Entry {
                    source: address,
                    score,
                    members,
                    last: Timestamp::from_seconds(source.all.last),
                    expires: Timestamp::from_seconds(now + ENTRY_HOURS * 3_600),
                })
            })
            .collect();
        entries.sort_by(|left, right| {
            let by_score = right.score.total_cmp(&left.score);
            by_score.then(left.source.cmp(&right.source))
        });
        entries.truncate(length);
        entries
    }

    /// Sources worth a look for a member: those most seen lately, and its own.
    fn candidates(&self, member: Option<u32>) -> impl Iterator<Item = IpAddr> {
        let looks = self.vouched.min(MAX_CANDIDATES);
        let looked = self.ranked.iter().take(looks).copied();
        let rest = self.ranked.iter().skip(looks).copied();
        let own = rest.filter(move |address| {
            let source = self.memory.sources.get(address);
            source.is_some_and(|source| source.seen_by.iter().any(|(one, _)| Some(*one) == member))
        });
        looked.chain(own)
    }

    /// How many members saw a source whose word counts, if it is enough for `member`'s list.
    fn word_for(&self, source: &memory::Source, member: Option<u32>, now: i64) -> Option<usize> {
        let (own, others) = source.witnesses(member);
        if !own && !self.members.vouch(others.clone(), now) {
            return None;
        }
        let counting = others.filter(|other| self.members.word(*other, now) > 0.0);
        Some(counting.count() + usize::from(own))
    }

    fn close_day(&mut self, day: i64) {
        if !std::mem::take(&mut self.busy) {
            // A day on which nobody reported anything is a hub that was off: nobody's coming back can
            // be learned from it.
            self.memory.close_day(day, self.members.count());
            self.awaited.clear();
            self.rank(day);
            return;
        }
        self.settle_awaited(day);
        self.memory.close_day(day, self.members.count());
        self.members.weigh(day, self.memory.reports());
        self.rank(day);
        self.lesson(day);
        self.await_outcomes(day);
    }

    /// Orders the sources. What nobody vouches for may crowd nobody out: it comes after the others.
    fn rank(&mut self, day: i64) {
        let now = (day + 1) * DAY_SECONDS;
        let mut ranked: Vec<(bool, f32, i64, IpAddr)> = self
            .memory
            .sources
            .iter()
            .map(|(address, source)| {
                let vouched = self.members.vouch(source.witnesses(None).1, now);
                let score = Memory::plain_score(source, None);
                (vouched, score, source.all.last, *address)
            })
            .collect();
        ranked.sort_by(|left, right| {
            let by_score = right.0.cmp(&left.0).then(right.1.total_cmp(&left.1));
            by_score
                .then(right.2.cmp(&left.2))
                .then(left.3.cmp(&right.3))
        });
        self.vouched = ranked.partition_point(|(vouched, ..)| *vouched);
        self.ranked = ranked.into_iter().map(|(.., address)| address).collect();
    }

    /// `day` shows which of the rows awaited came true.
    fn settle_awaited(&mut self, day: i64) {
        let start = day * DAY_SECONDS;
        let (mut examples, mut newcomers) = (Vec::new(), Vec::new());
        for awaited in std::mem::take(&mut self.awaited) {
            let hit = self
                .memory
                .sources
                .get(&awaited.source)
                .is_some_and(|source| {
                    let by = source.seen_by.iter();
                    by.clone()
                        .any(|(member, track)| *member == awaited.member && track.last >= start)
                });
            let examples = if awaited.as_new {
                &mut newcomers
            } else {
                &mut examples
            };
            examples.push(Example {
                row: awaited.row,
                outcome: f32::from(u8::from(hit)),
                weight: awaited.weight,
            });
        }
        for (examples, days) in [
            (examples, &mut self.examples),
            (newcomers, &mut self.newcomers),
        ] {
            let mut examples = examples;
            thin(&mut examples, MAX_EXAMPLES_A_DAY);
            if !examples.is_empty() {
                days.push_back(examples);
            }
            while days.len() > LEARN_DAYS {
                days.pop_front();
            }
        }
    }

    fn lesson(&mut self, day: i64) {
        let every = if day - self.start < YOUNG_DAYS {
            YOUNG_LESSON_EVERY_DAYS
        } else {
            LESSON_EVERY_DAYS
        };
        let due = self
            .learned
            .as_ref()
            .is_none_or(|(last, _)| day - last >= every);
        if self.examples.len() < MIN_DAYS || !due {
            return;
        }
        let examples: Vec<Example> = self.examples.iter().flatten().copied().collect();
        if let Some(forest) = Forest::learn(&examples) {
            self.learned = Some((day, forest));
        }
        let newcomers: Vec<Example> = self.newcomers.iter().flatten().copied().collect();
        self.learned_new = Forest::learn(&newcomers);
    }

    /// Notes what is known of the candidates now; the next day shows who was right. Each member is
    /// looked at a second time as if it were new, without anything it said itself: what is asked of a
    /// new member's list is learned from exactly that.
    fn await_outcomes(&mut self, day: i64) {
        let marks = |member: u32| {
            let place = IpAddr::from(std::net::Ipv4Addr::from(member));
            mixed_mark(place, u64::try_from(day).unwrap_or(0))
        };
        let mut taught_by = self.members.heads();
        taught_by.sort_by_key(|member| marks(*member));
        taught_by.truncate(MAX_TAUGHT_BY);
        let mut awaited = Vec::new();
        for member in taught_by {
            for as_new in [false, true] {
                for (address, weight) in self.worth_learning(member, as_new, (day, marks(member))) {
                    let Some(source) = self.memory.sources.get(&address) else {
                        continue;
                    };
                    let row = if as_new {
                        self.memory.row_as_new(address, source, member)
                    } else {
                        Some(self.memory.row(address, source, Some(member)))
                    };
                    awaited.extend(row.map(|row| Awaited {
                        member,
                        source: address,
                        row,
                        weight,
                        as_new,
                    }));
                }
            }
        }
        self.awaited = awaited;
    }

    /// Sources that could stand on a member's list, and how many each stands for.
    fn worth_learning(
        &self,
        member: u32,
        as_new: bool,
        (day, mark): (i64, u64),
    ) -> Vec<(IpAddr, f32)> {
        let now = (day + 1) * DAY_SECONDS;
        let mut order: Vec<(f32, IpAddr)> = self
            .candidates((!as_new).then_some(member))
            .filter_map(|address| {
                let source = self.memory.sources.get(&address)?;
                let (own, others) = source.witnesses(Some(member));
                let counts = (own && !as_new) || self.members.vouch(others, now);
                let score = if as_new {
                    Memory::others_score(source, member)
                } else {
                    Memory::plain_score(source, Some(member))
                };
                counts.then_some((score, address))
            })
            .collect();
        order.sort_unstable_by(|left, right| {
            let by_score = right.0.total_cmp(&left.0);
            by_score.then(left.1.cmp(&right.1))
        });
        let rest = order.split_off(order.len().min(LEARN_FIRST)).into_iter();
        let rest = rest
            .filter(|(_, address)| mixed_mark(*address, mark).is_multiple_of(u64::from(LEARN_REST)))
            .map(|(_, address)| (address, f32::from(LEARN_REST)));
        let first = order.into_iter().map(|(_, address)| (address, 1.0));
        first.chain(rest).collect()
    }
}

/// Leaves out examples evenly, and lets the rest stand for them.
fn thin(examples: &mut Vec<Example>, most: usize) {
    let step = examples.len().div_ceil(most.max(1)).max(1);
    if step < 2 {
        return;
    }
    let weight = f32::from(u16::try_from(step).unwrap_or(u16::MAX));
    let mut place = 0_usize;
    examples.retain_mut(|one| {
        place += 1;
        let hit = one.outcome > 0.5;
        if !hit {
            one.weight *= weight;
        }
        hit || place.is_multiple_of(step)
    });
}
