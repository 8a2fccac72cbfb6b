//! Telling without flapping: what is wrong must stay wrong for a while before it is told, and stay right
//! for a while before it is told to be over.

use crate::time::Timestamp;

/// How a thing looks at one moment.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Sign {
    /// Wrong.
    Bad,
    /// Right.
    Good,
    /// Neither: whatever was told stays.
    Between,
}

impl Sign {
    /// Bad where `bad`, else good where `good`.
    pub(super) const fn of(bad: bool, good: bool) -> Self {
        if bad {
            Self::Bad
        } else if good {
            Self::Good
        } else {
            Self::Between
        }
    }
}

/// How long a sign must last.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) struct Patience {
    /// Before it is told, in milliseconds.
    pub(super) begin_ms: i64,
    /// Before it is told to be over, in milliseconds.
    pub(super) end_ms: i64,
}

/// A change that is told.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Turn {
    /// It is wrong from now on.
    Began,
    /// It is over.
    Over,
}

/// One thing that may be wrong.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub(super) struct Hold {
    /// Since when it is told to be wrong.
    open: Option<Timestamp>,
    /// Since when the signs say otherwise than is told.
    turning: Option<Timestamp>,
}

impl Hold {
    /// One that was told before a restart.
    pub(super) const fn open_since(since: Timestamp) -> Self {
        Self {
            open: Some(since),
            turning: None,
        }
    }

    /// Since when it is told to be wrong.
    pub(super) const fn open(&self) -> Option<Timestamp> {
        self.open
    }

    /// Takes the sign of this moment. Signs must last without a break; a clock that was set back begins
    /// the wait anew.
    pub(super) fn step(&mut self, sign: Sign, now: Timestamp, patience: Patience) -> Option<Turn> {
        let turns = match self.open {
            None => sign == Sign::Bad,
            Some(_) => sign == Sign::Good,
        };
        if !turns {
            self.turning = None;
            return None;
        }
        let since = self.turning.filter(|since| *since <= now).unwrap_or(now);
        self.turning = Some(since);
        let needed_ms = match self.open {
            None => patience.begin_ms,
            Some(_) => patience.end_ms,
        };
        if now.millis_since(since) < needed_ms {
            return None;
        }
        self.turning = None;
        if self.open.take().is_some() {
            Some(Turn::Over)
        } else {
            self.open = Some(now);
            Some(Turn::Began)
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    const PATIENCE: Patience = Patience {
        begin_ms: 60_000,
        end_ms: 300_000,
    };

    #[test]
    fn what_lasts_is_told_once_and_ended_once() {
        let mut hold = Hold::default();
        let mut told = Vec::new();
        let bad = |second: i64| (100..1_000).contains(&second);
        for second in (0..3_000).step_by(10) {
            let sign = Sign::of(bad(second), !bad(second));
            if let Some(turn) = hold.step(sign, Timestamp::from_seconds(second), PATIENCE) {
                told.push((second, turn));
            }
        }
        assert_eq!(told, [(160, Turn::Began), (1_300, Turn::Over)]);
    }

    proptest! {
        /// Whatever the signs: began and over take turns, an over comes no sooner than its patience
        /// after its beginning, and a beginning no sooner than its patience after the over.
        #[test]
        fn signs_that_come_and_go_do_not_flap(
            signs in proptest::collection::vec((0_u8..3, 0_i64..200_000), 0..400),
        ) {
            let mut hold = Hold::default();
            let mut now = Timestamp::from_seconds(1_800_000_000);
            let mut last: Option<(Timestamp, Turn)> = None;
            for (sign, later_ms) in signs {
                now = now.plus_millis(later_ms);
                let sign = [Sign::Bad, Sign::Good, Sign::Between][usize::from(sign)];
                let Some(turn) = hold.step(sign, now, PATIENCE) else { continue };
                match (last, turn) {
                    (None, Turn::Began) => {}
                    (Some((at, Turn::Began)), Turn::Over) => {
                        prop_assert!(now.millis_since(at) >= PATIENCE.end_ms);
                    }
                    (Some((at, Turn::Over)), Turn::Began) => {
                        prop_assert!(now.millis_since(at) >= PATIENCE.begin_ms);
                    }
                    other => prop_assert!(false, "{other:?}"),
                }
                prop_assert_eq!(hold.open().is_some(), turn == Turn::Began);
                last = Some((now, turn));
            }
        }
    }
}
