//! Are we OK, and what must I do today: one verdict and at most three actions from what is known
//! about a firm. A decision: rows in, words' names out.

use larum_core::time::Timestamp;

/// Most actions shown at once.
pub(super) const MAX_ACTIONS: usize = 3;
/// A collector not heard for this long needs looking at, in seconds: it speaks every minute.
pub(super) const SILENT_SECONDS: i64 = 5 * 60;
/// A collector that had to wait for its day's quota within this time brings too much, in seconds: what it is
/// over is given back within minutes or hours, and then it asks again.
pub(super) const OVER_QUOTA_SECONDS: i64 = 6 * 3_600;
/// An attack that got in stays on top for this long, in seconds: a week.
pub(super) const BREAK_IN_SECONDS: i64 = 7 * 86_400;

/// A collector, as far as the verdict goes.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) struct Health {
    pub last_seen: Option<Timestamp>,
    pub revoked: bool,
    pub conflict: bool,
    /// When it last had to wait because its day's quota was used up.
    pub over_quota: Option<Timestamp>,
    /// Whether it says that something is wrong with itself.
    pub ailing: bool,
}

/// How a collector is.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum State {
    Working,
    /// Heard once, not lately.
    Silent,
    /// Heard, and it brought more than the hub takes from it in a day: a part waits at the firm.
    OverQuota,
    /// Heard, and it says that something is wrong with itself.
    Ailing,
    /// Joined, never heard.
    Unheard,
    /// Another program uses its identity, or an old copy of it runs.
    Conflict,
    /// Shut out.
    Revoked,
}

impl State {
    /// The word for it in the catalogue (`hub-collector-…`).
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::Working => "working",
            Self::Silent => "silent",
            Self::OverQuota => "over-quota",
            Self::Ailing => "ailing",
            Self::Unheard => "unheard",
            Self::Conflict => "conflict",
            Self::Revoked => "revoked",
        }
    }
}

impl Health {
    /// How it is at `now`.
    pub fn state(&self, now: Timestamp) -> State {
        match self.last_seen {
            _ if self.revoked => State::Revoked,
            _ if self.conflict => State::Conflict,
            None => State::Unheard,
            Some(at) if now.millis_since(at) > SILENT_SECONDS * 1_000 => State::Silent,
            Some(_)
                if self
                    .over_quota
                    .is_some_and(|at| now.millis_since(at) < OVER_QUOTA_SECONDS * 1_000) =>
            {
                State::OverQuota
            }
            Some(_) if self.ailing => State::Ailing,
            Some(_) => State::Working,
        }
    }
}

/// The verdict.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Verdict {
    /// An attack seems to have got in.
    BrokenIn,
    /// So many things to do.
    Things(usize),
    /// Nothing is watched yet, so nothing can be said.
    NotWatched,
    /// All is well.
    Fine,
}

/// One thing to do; what it is about stands in the caller's lists under the same number.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Todo {
    /// Look into the break-in of this number.
    BreakIn(usize),
    /// Heed the warning of this number.
    Warning(usize),
    /// See to the collector of this number.
    Collector(usize, State),
    /// Have a collector installed.
    Install,
}

/// Decides. `break_ins` and `warnings` are how many there are of each that still matter.
pub(super) fn decide(
    break_ins: usize,
    warnings: usize,
    collectors: &[Health],
    now: Timestamp,
) -> (Verdict, Vec<Todo>) {
    let mut todo: Vec<Todo> = (0..break_ins).map(Todo::BreakIn).collect();
    todo.extend((0..warnings).map(Todo::Warning));
    let states = collectors
        .iter()
        .map(|health| health.state(now))
        .enumerate();
    let ailing = states.filter(|(_, state)| !matches!(state, State::Working | State::Revoked));
    todo.extend(ailing.map(|(index, state)| Todo::Collector(index, state)));
    let watched = collectors
        .iter()
        .any(|health| !health.revoked && health.last_seen.is_some());
    if collectors.iter().all(|health| health.revoked) {
        todo.push(Todo::Install);
    }
    let verdict = match todo.len() {
        _ if break_ins > 0 => Verdict::BrokenIn,
        _ if !watched && warnings == 0 => Verdict::NotWatched,
        0 => Verdict::Fine,
        things => Verdict::Things(things),
    };
    (verdict, todo)
}

#[cfg(test)]
mod tests {
    use super::*;

    const NOW: Timestamp = Timestamp::from_seconds(1_800_000_000);

    const fn heard(seconds_ago: i64) -> Health {
        Health {
            last_seen: Some(NOW.plus_seconds(-seconds_ago)),
            revoked: false,
            conflict: false,
            over_quota: None,
            ailing: false,
        }
    }

    #[test]
    fn one_line_and_what_to_do() {
        let never = Health {
            last_seen: None,
            ..heard(0)
        };
        let gone = Health {
            revoked: true,
            ..heard(0)
        };
        let copied = Health {
            conflict: true,
            ..heard(0)
        };
        let check = |break_ins, warnings, collectors: &[Health], verdict, todo: &[Todo]| {
            let decided = decide(break_ins, warnings, collectors, NOW);
            assert_eq!(decided, (verdict, todo.to_vec()));
        };
        let ill = Health {
            ailing: true,
            ..heard(60)
        };
        check(
            0,
            0,
            &[ill],
            Verdict::Things(1),
            &[Todo::Collector(0, State::Ailing)],
        );
        check(0, 0, &[heard(60)], Verdict::Fine, &[]);
        check(0, 0, &[heard(60), gone], Verdict::Fine, &[]);
        check(0, 0, &[], Verdict::NotWatched, &[Todo::Install]);
        check(0, 0, &[gone], Verdict::NotWatched, &[Todo::Install]);
        check(
            0,
            0,
            &[never],
            Verdict::NotWatched,
            &[Todo::Collector(0, State::Unheard)],
        );
        check(
            0,
            2,
            &[heard(SILENT_SECONDS + 1)],
            Verdict::Things(3),
            &[
                Todo::Warning(0),
                Todo::Warning(1),
                Todo::Collector(0, State::Silent),
            ],
        );
        check(
            0,
            1,
            &[never],
            Verdict::Things(2),
            &[Todo::Warning(0), Todo::Collector(0, State::Unheard)],
        );
        check(
            1,
            1,
            &[heard(60), copied],
            Verdict::BrokenIn,
            &[
                Todo::BreakIn(0),
                Todo::Warning(0),
                Todo::Collector(1, State::Conflict),
            ],
        );
    }

    /// What waits is what makes its spool grow, so that is told first, for as long as it lasts.
    #[test]
    fn a_quota_used_up_is_told_before_what_follows_from_it() {
        let over = |seconds_ago: i64| Health {
            over_quota: Some(NOW.plus_seconds(-seconds_ago)),
            ailing: true,
            ..heard(60)
        };
        for (seconds_ago, state) in [(60, State::OverQuota), (OVER_QUOTA_SECONDS, State::Ailing)] {
            let expected = (Verdict::Things(1), vec![Todo::Collector(0, state)]);
            assert_eq!(decide(0, 0, &[over(seconds_ago)], NOW), expected);
        }
    }
}
