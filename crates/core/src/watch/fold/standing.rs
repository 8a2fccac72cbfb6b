//! How an episode stands.

use super::{Fold, HOUR_SECONDS};
use crate::time::Timestamp;
use crate::watch::{State, WINDOW_HOURS};

/// Hours after its last alarm that an episode is only watched.
const CALM_HOURS: i64 = 6;

/// An episode that was told.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Standing {
    /// Where it stands.
    pub state: State,
    /// Its keys; the one it was first told of comes first.
    pub keys: Vec<String>,
    /// The end of the last hour it was an alarm in.
    pub stirred: Timestamp,
    /// The episode it turned out to be one with.
    pub merged_into: Option<u64>,
}

impl Fold {
    /// How the episode `number` stands now; `None` when it is forgotten or never was.
    #[must_use]
    pub fn standing(&self, number: u64) -> Option<Standing> {
        let hour = self.hour?;
        let (keys, last, merged_into) = self.episodes.told(number)?;
        let silent = keys.iter().all(|key| self.is_silent(key, hour));
        let over = hour >= last + crate::watch::EPISODE_HOURS;
        let state = if merged_into.is_some() || silent || over {
            State::Closed
        } else if hour - last < CALM_HOURS {
            State::Emerging
        } else {
            State::Watching
        };
        Some(Standing {
            state,
            keys: keys.to_vec(),
            stirred: Timestamp::from_seconds((last + 1) * HOUR_SECONDS),
            merged_into,
        })
    }

    /// Whether nobody saw the key for a day.
    fn is_silent(&self, key: &str, hour: i64) -> bool {
        let since = hour - WINDOW_HOURS + 1;
        let state = self.place_of(key).and_then(|place| self.keys.get(place));
        state.is_none_or(|(_, state)| !state.edges.any_since(since))
            && self.places.is_silent(key, since)
    }
}
