//! Members' blocklists: learned from the hub's own days, written to the store for devices to fetch.
//!
//! Nothing is learned or listed until a member lets a device in. Then the past weeks are read from the
//! store, and each hour that is over after it. A list is made anew when a day is over, and when a
//! member lets in a device that holds more.

use std::collections::BTreeMap;

use larum_core::blocklist::Blocklist;
use larum_core::detect::NetworkSet;
use larum_core::time::Timestamp;

use crate::id::MemberId;
use crate::store::StoreError;
use crate::store::lists::{Listed, Lists, MAX_ENTRIES};
use crate::store::watch_state::WatchState;

const HOUR_SECONDS: i64 = 3_600;
const DAY_SECONDS: i64 = 86_400;
/// Days read when learning begins: what is remembered of sources, and four weeks to learn from.
const PAST_DAYS: i64 = 59;
/// Hours that what comes late is waited for.
const GRACE_HOURS: i64 = 1;

/// What was learned, and which lists were made of it.
#[derive(Default)]
pub struct ListMaker {
    learned: Option<Learned>,
}

struct Learned {
    blocklist: Blocklist,
    /// Edges before this hour are in.
    fed: Timestamp,
    /// For each member, the day its list is of and how long it is.
    made: BTreeMap<MemberId, (Timestamp, usize)>,
}

impl ListMaker {
    /// Brings lists up to date at `now`; gives how many were made.
    ///
    /// # Errors
    /// When the store fails; the next call goes on.
    pub fn step(
        &mut self,
        store: &(impl Lists + WatchState + ?Sized),
        now: Timestamp,
    ) -> Result<usize, StoreError> {
        let readers = store.list_readers()?;
        if readers.is_empty() {
            // Nobody asks for a list: nothing is remembered for one.
            self.learned = None;
            return Ok(0);
        }
        let until = now
            .floor_to(HOUR_SECONDS)
            .plus_seconds(-GRACE_HOURS * HOUR_SECONDS);
        let learned = self.learned.get_or_insert_with(|| Learned {
            blocklist: Blocklist::sparing(NetworkSet::never_block()),
            fed: until
                .floor_to(DAY_SECONDS)
                .plus_seconds(-PAST_DAYS * DAY_SECONDS),
            made: BTreeMap::new(),
        });
        learned.feed(store, until)?;
        let day = until.floor_to(DAY_SECONDS);
        let mut made = 0;
        for (member, size) in readers {
            let size = size.min(MAX_ENTRIES);
            if learned.made.get(&member) != Some(&(day, size)) {
                store.put_list(member, &learned.list(member, size))?;
                learned.made.insert(member, (day, size));
                made += 1;
            }
        }
        Ok(made)
    }
}

impl Learned {
    /// Takes in the hours up to `until`, a day at a time.
    fn feed(
        &mut self,
        store: &(impl Lists + WatchState + ?Sized),
        until: Timestamp,
    ) -> Result<(), StoreError> {
        if self.fed < until {
            for place in store.places()? {
                let member = place.member.to_string();
                self.blocklist
                    .introduce(&member, place.enrolled, &place.network);
            }
        }
        while self.fed < until {
            let next = self.fed.plus_seconds(DAY_SECONDS).min(until);
            for edge in store.past_edges(self.fed, next)? {
                let member = edge.member.to_string();
                self.blocklist
                    .observe(edge.hour, &member, edge.source, &edge.key, edge.count);
            }
            self.fed = next;
            self.blocklist.advance(next);
        }
        Ok(())
    }

    fn list(&self, member: MemberId, size: usize) -> Vec<Listed> {
        let entries = self.blocklist.list(&member.to_string(), size);
        let listed = (1..).zip(entries).map(|(rank, entry)| Listed {
            source: entry.source,
            rank,
            witnesses: entry.members,
            last: entry.last,
            expires: entry.expires,
        });
        listed.collect()
    }
}
