//! The life of a threat: opened, updated, watched, closed after quiet, opened again.

use super::{ALARM_SCORE, Assessment, EPISODE_HOURS};
use crate::event::words;
use crate::time::Timestamp;

const HOUR_SECONDS: i64 = 3_600;
/// Below this share of the alarm score an emerging threat is only watched; between, it stays what it
/// is, so that it does not flicker.
const CALM_SHARE: f64 = 0.7;

words! {
    /// Where a threat stands.
    State {
        /// Spreading beyond what is usual.
        Emerging = "emerging",
        /// Back near what is usual; still looked at.
        Watching = "watching",
        /// Over.
        Closed = "closed",
    }
}

words! {
    /// What an officer said of a threat.
    Verdict {
        /// It was real.
        Confirmed = "confirmed",
        /// It was nothing to worry about.
        Benign = "benign",
        /// It is the same as another.
        Duplicate = "duplicate",
    }
}

/// What is known of the key's latest threat.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Known {
    /// Where it stands.
    pub state: State,
    /// When it last was an alarm or reached another member.
    pub stirred: Timestamp,
    /// When it was closed, if it is.
    pub closed: Option<Timestamp>,
}

/// What to do about a key.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Step {
    /// Nothing.
    Nothing,
    /// Open a new threat.
    Open,
    /// Write the new numbers of the threat, and this state. A closed one is open again.
    Update(State),
    /// Close it.
    Close,
}

/// Decides from the latest threat of the key, if there was one, and the judgement at `now`.
#[must_use]
pub fn next_step(known: Option<Known>, judged: &Assessment, now: Timestamp) -> Step {
    let episode_over = |since: Timestamp| now >= since.plus_seconds(EPISODE_HOURS * HOUR_SECONDS);
    let Some(known) = known else {
        return if judged.alarm {
            Step::Open
        } else {
            Step::Nothing
        };
    };
    match known.state {
        State::Closed => match (judged.alarm, known.closed) {
            (false, _) => Step::Nothing,
            (true, Some(closed)) if episode_over(closed) => Step::Open,
            (true, _) => Step::Update(State::Emerging),
        },
        State::Emerging | State::Watching => {
            if judged.alarm {
                Step::Update(State::Emerging)
            } else if judged.evidence.breadth.members == 0 || episode_over(known.stirred) {
                Step::Close
            } else if judged.score < ALARM_SCORE * CALM_SHARE {
                Step::Update(State::Watching)
            } else {
                Step::Update(known.state)
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::watch::{Evidence, Kind};

    fn judged(alarm: bool, members: usize) -> Assessment {
        let mut evidence = Evidence::default();
        evidence.breadth.members = members;
        Assessment {
            score: if alarm { 5.0 } else { 0.0 },
            kind: Kind::Emerging,
            alarm,
            evidence,
        }
    }

    #[test]
    fn a_key_has_one_threat_within_seventy_two_hours() {
        let hour = |hours: i64| Timestamp::from_seconds(hours * HOUR_SECONDS);
        let known = |state, closed| {
            Some(Known {
                state,
                stirred: hour(0),
                closed,
            })
        };
        let check = |known, alarm, members, now, expected| {
            assert_eq!(
                next_step(known, &judged(alarm, members), hour(now)),
                expected
            );
        };
        check(None, false, 1, 1, Step::Nothing);
        check(None, true, 3, 1, Step::Open);
        check(
            known(State::Emerging, None),
            false,
            3,
            1,
            Step::Update(State::Watching),
        );
        check(
            known(State::Watching, None),
            true,
            3,
            1,
            Step::Update(State::Emerging),
        );
        check(known(State::Watching, None), false, 0, 1, Step::Close);
        check(known(State::Watching, None), false, 3, 72, Step::Close);
        check(
            known(State::Closed, Some(hour(10))),
            false,
            3,
            20,
            Step::Nothing,
        );
        check(
            known(State::Closed, Some(hour(10))),
            true,
            3,
            20,
            Step::Update(State::Emerging),
        );
        check(
            known(State::Closed, Some(hour(10))),
            true,
            3,
            82,
            Step::Open,
        );
    }
}
