//! The judgement of one key at one moment.

use super::baseline::{Day, Deviation, Usual, as_number, is_settled};
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
    /// Whether the hub had enough days to learn from.
    pub settled: bool,
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
    let score = capped
        .slow
        .min(trimmed.slow)
        .max(capped.fast.min(trimmed.fast))
        .max(shared.slow)
        .max(shared.fast);
    let roaming: [Deviation; PACES] = std::array::from_fn(|pace| {
        let today = window.roaming.get(pace).copied().unwrap_or_default();
        let usual = past.roaming.get(pace).copied().unwrap_or_default();
        usual.alone(as_number(today))
    });
    let score = roaming.iter().fold(score, |most, one| most.max(one.slow));
    let (settled, novel) = (past.settled, past.novel);
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
        evidence: Evidence {
            breadth: window,
            capped,
            trimmed,
            shared,
            roaming,
            settled,
        },
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
