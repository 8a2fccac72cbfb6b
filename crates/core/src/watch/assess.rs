//! The judgement of one key at one moment.

use super::baseline::{Day, Deviation, Level, Usual, as_number, is_settled};
use super::breadth::Breadth;
use super::{
    ALARM_SCORE, ALARM_SCORE_NOVEL, MIN_MEMBERS, MIN_MEMBERS_NOVEL, MIN_MEMBERS_YOUNG,
    MIN_NETWORKS, MIN_SOURCES, MIN_SOURCES_YOUNG, PACES,
};
use crate::event::words;

/// The most that a growing membership scales the past up.
const MAX_GROWTH: f64 = 8.0;

words! {
    /// What sort of threat.
    Kind {
        /// Something known that spreads beyond what is usual.
        Emerging = "emerging",
        /// Something no member had seen in the weeks before.
        Novel = "novel",
        /// A sector or area hit beyond its share of what hits everybody.
        Wave = "wave",
        /// Sources that act alike across keys.
        Campaign = "campaign",
        /// A place outside that hosts in several members are in touch with: command and control.
        Control = "control",
        /// Addresses of one network that share a slow scan out over several members.
        Slow = "slow",
    }
}

words! {
    /// What was compared with its past.
    Sum {
        /// Sources, each for three members at most.
        SourceCapped = "source_capped",
        /// Members, each for fifty sources at most.
        MemberTrimmed = "member_trimmed",
        /// Sources that went to further members.
        Shared = "shared",
        /// Networks that roam, over 36 hours.
        Roaming36 = "roaming_36",
        /// Networks that roam, over 48 hours.
        Roaming48 = "roaming_48",
        /// Networks that roam, over 64 hours.
        Roaming64 = "roaming_64",
    }
}

words! {
    /// With which past.
    Branch {
        /// Four weeks.
        Slow = "slow",
        /// One week.
        Fast = "fast",
    }
}

/// The one comparison that made a score.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Ground {
    /// What was counted; of the two sums that must both be large, the one that stood out less.
    pub sum: Sum,
    /// What it was compared with.
    pub branch: Branch,
}

/// What the hub knows beside the key itself.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Setting {
    /// Members whose sightings count in the window.
    pub members: usize,
}

/// Why a key scored as it did; every number that the judgement rests on.
#[derive(Clone, Copy, Debug, Default, PartialEq)]
pub struct Evidence {
    /// The window.
    pub breadth: Breadth,
    /// How far the source-capped sum is from usual.
    pub capped: Deviation,
    /// How far the member-trimmed sum is from usual.
    pub trimmed: Deviation,
    /// How far the shared sum is from usual.
    pub shared: Deviation,
    /// How far the networks that roam are from usual, at each pace.
    pub roaming: [Deviation; PACES],
    /// Which of them made the score.
    pub ground: Ground,
    /// Whether the hub had enough days to learn from.
    pub settled: bool,
}

impl Default for Ground {
    fn default() -> Self {
        Self {
            sum: Sum::SourceCapped,
            branch: Branch::Slow,
        }
    }
}

impl Evidence {
    /// What was counted and what is usual of it, for the comparison that made the score.
    #[must_use]
    pub fn decisive(&self) -> (usize, Level) {
        let [in_36, in_48, in_64] = self.roaming;
        let breadth = self.breadth;
        let (counted, against) = match self.ground.sum {
            Sum::SourceCapped => (breadth.capped, self.capped),
            Sum::MemberTrimmed => (breadth.trimmed, self.trimmed),
            Sum::Shared => (breadth.shared, self.shared),
            Sum::Roaming36 => (breadth.roaming[0], in_36),
            Sum::Roaming48 => (breadth.roaming[1], in_48),
            Sum::Roaming64 => (breadth.roaming[2], in_64),
        };
        let level = match self.ground.branch {
            Branch::Slow => against.month,
            Branch::Fast => against.week,
        };
        (counted, level)
    }

    /// The largest of the branches, and which it is: the slow and the fast one, each the smaller of its
    /// two sums, both of the shared sum, and those of networks that roam.
    fn score(&self) -> (f64, Ground) {
        let smaller = |capped: f64, trimmed: f64| {
            if trimmed < capped {
                (trimmed, Sum::MemberTrimmed)
            } else {
                (capped, Sum::SourceCapped)
            }
        };
        let slow = smaller(self.capped.slow, self.trimmed.slow);
        let fast = smaller(self.capped.fast, self.trimmed.fast);
        let [in_36, in_48, in_64] = self.roaming;
        let others = [
            (fast, Branch::Fast),
            ((self.shared.slow, Sum::Shared), Branch::Slow),
            ((self.shared.fast, Sum::Shared), Branch::Fast),
            ((in_36.slow, Sum::Roaming36), Branch::Slow),
            ((in_48.slow, Sum::Roaming48), Branch::Slow),
            ((in_64.slow, Sum::Roaming64), Branch::Slow),
        ];
        let mut best = (slow, Branch::Slow);
        for other in others {
            if other.0.0 > best.0.0 {
                best = other;
            }
        }
        let ((score, sum), branch) = best;
        (score, Ground { sum, branch })
    }
}

/// The judgement of one key.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Assessment {
    /// The score: the largest of the slow and the fast branch, each the smaller of its two sums, and
    /// of both branches of the shared sum.
    pub score: f64,
    /// Known or new.
    pub kind: Kind,
    /// Whether it is an alarm: score and breadth both suffice.
    pub alarm: bool,
    /// What it rests on.
    pub evidence: Evidence,
}

/// What the days before a window make usual for a key.
#[derive(Clone, Copy, Debug, Default, PartialEq)]
pub(super) struct Past {
    capped: Usual,
    trimmed: Usual,
    shared: Usual,
    roaming: [Usual; PACES],
    /// Whether none of the days saw the key.
    novel: bool,
    settled: bool,
}

impl Past {
    /// Learns from `history`, as [`assess`] has it.
    pub fn of(history: &[Day], setting: Setting) -> Self {
        let mut days: Vec<f64> = Vec::with_capacity(history.len());
        let mut usual = |value: fn(&Day) -> usize| {
            days.clear();
            days.extend(
                history
                    .iter()
                    .map(|day| as_number(value(day)) * growth(day.known, setting.members)),
            );
            Usual::of(&days)
        };
        Self {
            capped: usual(|day| day.capped),
            trimmed: usual(|day| day.trimmed),
            shared: usual(|day| day.shared),
            roaming: std::array::from_fn(|pace| roaming(history, pace, setting)),
            // The trimmed sums of a day are zero when a single member saw the key: that is no history.
            novel: history
                .iter()
                .all(|day| day.capped == 0 && day.trimmed == 0),
            settled: is_settled(history.len()),
        }
    }
}

/// Judges a key: `window` is the last 24 hours, `history` the calendar days before it, oldest first
/// and without gaps (days on which nothing was seen are zeros), at most
/// [`super::HISTORY_DAYS`] of them. Days on which the hub knew fewer members are scaled up, so that a
/// growing membership is not an outbreak.
#[must_use]
pub fn assess(window: Breadth, history: &[Day], setting: Setting) -> Assessment {
    assess_against(window, &Past::of(history, setting), setting)
}

/// As [`assess`], where the history was learned from before.
pub(super) fn assess_against(window: Breadth, past: &Past, setting: Setting) -> Assessment {
    let capped = past.capped.deviation(as_number(window.capped));
    let trimmed = past.trimmed.deviation(as_number(window.trimmed));
    let shared = past.shared.deviation(as_number(window.shared));
    let roaming: [Deviation; PACES] = std::array::from_fn(|pace| {
        let today = window.roaming.get(pace).copied().unwrap_or_default();
        let usual = past.roaming.get(pace).copied().unwrap_or_default();
        usual.alone(as_number(today))
    });
    let (settled, novel) = (past.settled, past.novel);
    let mut evidence = Evidence {
        breadth: window,
        capped,
        trimmed,
        shared,
        roaming,
        ground: Ground::default(),
        settled,
    };
    let (score, ground) = evidence.score();
    evidence.ground = ground;
    let enough = match (settled, novel) {
        (false, _) => {
            let fifth = setting.members.div_ceil(5);
            window.members >= MIN_MEMBERS_YOUNG.max(fifth) && window.sources >= MIN_SOURCES_YOUNG
        }
        (true, true) => window.members >= MIN_MEMBERS_NOVEL && window.sources >= MIN_SOURCES,
        (true, false) => window.members >= MIN_MEMBERS && window.sources >= MIN_SOURCES,
    };
    let (kind, needed) = if novel {
        (Kind::Novel, ALARM_SCORE_NOVEL)
    } else {
        (Kind::Emerging, ALARM_SCORE)
    };
    Assessment {
        score,
        kind,
        alarm: enough && window.networks >= MIN_NETWORKS && score >= needed,
        evidence,
    }
}

/// What is usual of networks that roam; days of which it is not known count as none.
fn roaming(history: &[Day], pace: usize, setting: Setting) -> Usual {
    let known = history.iter().filter_map(|day| {
        let count = day.roaming?.get(pace).copied()?;
        Some(as_number(count) * growth(day.known, setting.members))
    });
    Usual::of_roaming(&known.collect::<Vec<f64>>())
}

fn growth(then: usize, now: usize) -> f64 {
    (as_number(now) / as_number(then.max(1))).clamp(1.0, MAX_GROWTH)
}
