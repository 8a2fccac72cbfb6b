//! The watch's state in a running hub: the fold of `larum_core::watch::fold`, fed with what arrived.
//!
//! Each look is written to the store before it is done, and the state is kept every few hours. After a
//! restart the hub takes the kept state and does the looks after it again, over the same edges; what
//! they call is what they called before.

use std::collections::BTreeMap;

use larum_core::time::Timestamp;
use larum_core::watch::fold::{Alarm, Budget, Fold, Seen};

use crate::id::MemberId;
use crate::store::StoreError;
use crate::store::watch_state::{Look, WatchState};

const HOUR_SECONDS: i64 = 3_600;
const DAY_SECONDS: i64 = 86_400;
/// Hours between two keepings of the state.
const KEEP_HOURS: i64 = 6;
/// Days a look stays in the store: longer than the fold remembers.
const LOOK_DAYS: i64 = 60;
/// Batches read in one go.
const BATCHES_AT_ONCE: u64 = 32;

/// The state, and how far it has looked.
pub(super) struct Live {
    fold: Fold,
    last: Option<Look>,
    kept: Option<Timestamp>,
    places: BTreeMap<MemberId, Place>,
    /// Alarms that are not in the store yet.
    pub pending: Vec<Alarm>,
}

/// How the fold is told of a member.
struct Place {
    name: String,
    area: String,
    sector: String,
    network: String,
}

impl Live {
    /// The state after the last look, from what the store kept and the looks since. Without anything
    /// kept that can be used, all looks are done again, and episodes are numbered anew.
    pub fn resume(store: &(impl WatchState + ?Sized), budget: Budget) -> Result<Self, StoreError> {
        let mut live = Self {
            fold: Fold::new(budget),
            last: None,
            kept: None,
            places: BTreeMap::new(),
            pending: Vec::new(),
        };
        if let Some((look, state)) = store.kept_state()? {
            match Fold::restore(budget, &state) {
                Ok(fold) => {
                    (live.fold, live.last) = (fold, Some(look));
                    live.kept = Some(look.at);
                }
                Err(refusal) => {
                    tracing::warn!(reason = %refusal, "the watch begins anew");
                    store.forget_episodes()?;
                }
            }
        }
        let after = live.last.map_or(0, |look| look.id);
        for look in store.looks(after)? {
            live.look(store, look)?;
        }
        // What these looks called is in the store already, but for what a sudden end cut off.
        let mut pending = std::mem::take(&mut live.pending);
        let mut missing = Vec::new();
        for alarm in pending.drain(..) {
            if store.threat_of_episode(alarm.shown.episode)?.is_none() {
                missing.push(alarm);
            }
        }
        live.pending = missing;
        Ok(live)
    }

    /// Looks at `now` if there is anything to look at: new batches, or an hour that is over. Gives the
    /// number of edges taken in.
    pub fn step(
        &mut self,
        store: &(impl WatchState + ?Sized),
        now: Timestamp,
    ) -> Result<usize, StoreError> {
        let up_to = store.newest_receipt()?;
        let hour = |at: Timestamp| at.floor_to(HOUR_SECONDS);
        if let Some(last) = self.last
            && last.up_to == up_to
            && hour(last.at) >= hour(now)
        {
            return Ok(0);
        }
        let since = now.plus_seconds(-LOOK_DAYS * DAY_SECONDS);
        let look = store.begin_look(now, up_to, since)?;
        let taken = self.look(store, look)?;
        let due = |kept: Timestamp| now >= kept.plus_seconds(KEEP_HOURS * HOUR_SECONDS);
        if self.kept.is_none_or(due) {
            store.keep_state(look.id, &self.fold.keep())?;
            self.kept = Some(now);
        }
        Ok(taken)
    }

    /// The fold, to ask how things stand.
    pub const fn fold(&self) -> &Fold {
        &self.fold
    }

    fn look(
        &mut self,
        store: &(impl WatchState + ?Sized),
        look: Look,
    ) -> Result<usize, StoreError> {
        let Self {
            fold,
            places,
            pending,
            ..
        } = self;
        // The time is the hub's from the start, whatever the first sightings say.
        if self.last.is_none() {
            fold.advance(look.at, pending);
        }
        let mut after = self.last.map_or(0, |last| last.up_to);
        let mut taken = 0;
        let hour = |at: Timestamp| at.floor_to(HOUR_SECONDS);
        let mut again = self.last.is_none_or(|last| hour(last.at) != hour(look.at));
        if again {
            *places = known_places(store)?;
        }
        while after < look.up_to {
            let up_to = look.up_to.min(after.saturating_add(BATCHES_AT_ONCE));
            let edges = store.arrived(after, up_to)?;
            if edges.iter().any(|edge| !places.contains_key(&edge.member)) {
                *places = known_places(store)?;
                again = true;
            }
            taken += edges.len();
            for edge in &edges {
                let Some(place) = places.get(&edge.member) else {
                    continue;
                };
                fold.take(&Seen {
                    at: edge.hour,
                    member: &place.name,
                    source: edge.source,
                    key: &edge.key,
                    area: &place.area,
                    sector: &place.sector,
                });
            }
            after = up_to;
        }
        for place in places.values().filter(|_| again) {
            fold.calls_from(&place.name, &place.network);
        }
        fold.advance(look.at, pending);
        self.last = Some(look);
        Ok(taken)
    }
}

fn known_places(
    store: &(impl WatchState + ?Sized),
) -> Result<BTreeMap<MemberId, Place>, StoreError> {
    let places = store.places()?.into_iter().map(|place| {
        let name = place.member.to_string();
        (
            place.member,
            Place {
                name,
                area: place.area,
                sector: place.sector,
                network: place.network,
            },
        )
    });
    Ok(places.collect())
}
