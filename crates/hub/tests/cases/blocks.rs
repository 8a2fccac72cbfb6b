//! Sightings in their blocks, before and after they are sorted for the watch.

use std::collections::BTreeSet;

use larum_core::sighting::Sighting;
use larum_core::time::Timestamp;
use larum_hub_lib::id::{CollectorId, MemberId};
use larum_hub_lib::store::audit::Actor;
use larum_hub_lib::store::ingest::IngestStore as _;
use larum_hub_lib::store::keep::{KeepSince, KeepStore as _};
use larum_hub_lib::store::lists::Lists as _;
use larum_hub_lib::store::pages::{Pages as _, SightingCursor};
use larum_hub_lib::store::sql::SqlStore;
use larum_hub_lib::store::watch::WatchStore as _;
use larum_hub_lib::store::watch_state::WatchState as _;

use super::pages::{officer, open};
use super::{at, batch, collector, firm, sighting, sort, tell};

const HOUR: i64 = 3_600;

fn send(store: &SqlStore, id: CollectorId, sequence: u64, sightings: Vec<Sighting>) {
    let counted = store.count_batch(&batch(id, sequence, sightings), at(9));
    assert!(counted.unwrap().unwrap().fresh);
    store.feed_all().unwrap();
}

/// All that is asked of keys and hours, as one text.
fn asked(store: &SqlStore) -> String {
    let mut said = String::new();
    for key in ["tcp/22", "tcp/23", "tcp/24"] {
        tell(
            &mut said,
            store.edges(key, at(-3 * 86_400), at(86_400)).unwrap(),
        );
        tell(&mut said, store.edges(key, at(-HOUR), at(0)).unwrap());
        for since in [-100 * HOUR, 10, 5_000] {
            tell(&mut said, store.reached(key, at(since)).unwrap());
        }
        tell(
            &mut said,
            store.threat_hours(key, at(-30 * HOUR), at(HOUR)).unwrap(),
        );
        tell(&mut said, store.threat_sources(key, at(-HOUR)).unwrap());
    }
    tell(
        &mut said,
        store.past_edges(at(-2 * HOUR), at(HOUR)).unwrap(),
    );
    tell(&mut said, store.arrived(0, 99).unwrap());
    said
}

/// Whether what batches said is sorted yet makes no difference to any answer.
pub fn sorted(store: &SqlStore, told: &mut String) {
    let firms = [1, 2].map(|number| firm(store, number, "Firm"));
    let ids: Vec<_> = (1..)
        .zip(firms)
        .map(|(number, member)| collector(store, member, number))
        .collect();
    let mut silent = sighting(9, "tcp/24", 1, 0, 60, 2);
    silent.sources.clear();
    for (id, number) in ids.iter().zip([10, 20]) {
        let first = vec![
            sighting(number, "tcp/22", 1, 10, 20, 3),
            // Over midnight, and longer than is remembered.
            sighting(number + 1, "tcp/23", 2, -30 * HOUR, 30, 40),
            sighting(number + 2, "tcp/22", 3, -200 * HOUR, 6_000, 40),
            silent.clone(),
        ];
        send(store, *id, 1, first);
    }
    let before = asked(store);
    sort(store);
    assert_eq!(asked(store), before);
    // More comes, of which a part is a later word; now some is sorted and some waits.
    for (id, number) in ids.iter().zip([10, 20]) {
        let later = vec![
            sighting(number, "tcp/22", 4, 10, 5_400, 9),
            sighting(number + 5, "tcp/23", 5, 0, 1, 1),
        ];
        send(store, *id, 2, later);
    }
    let between = asked(store);
    assert_ne!(between, before);
    sort(store);
    sort(store);
    assert_eq!(asked(store), between);
    told.push_str(&between);
}

fn page_by_page(store: &SqlStore, member: MemberId, size: u32) -> Vec<(String, u64, Timestamp)> {
    let (_, scope) = officer(None);
    let (mut seen, mut cursor) = (Vec::new(), None);
    loop {
        let page = store
            .sightings(&scope, member, cursor.as_ref(), size)
            .unwrap();
        let page = open(store, page);
        let Some(last) = page.last() else { return seen };
        cursor = Some(SightingCursor {
            last: last.last,
            id: last.id.clone(),
        });
        seen.extend(page.into_iter().map(|row| (row.id, row.count, row.last)));
    }
}

/// More findings of one day than one part holds: each is counted once, replaced once, forgotten once.
pub fn many(store: &SqlStore, told: &mut String) {
    const BATCHES: u32 = 5;
    const EACH: u32 = 200;
    let member = firm(store, 1, "Bakery");
    let id = collector(store, member, 1);
    let seen = |number: u32, count| {
        let last = 10 + i64::from(number);
        sighting(number, "tcp/22", 1, 10, last, count)
    };
    for of_batch in 0..BATCHES {
        let all = (of_batch * EACH..(of_batch + 1) * EACH).map(|number| seen(number, 2));
        send(store, id, u64::from(of_batch) + 1, all.collect());
    }
    // Every third is told of again, and every ninth once more with an older word.
    let again = |step| (0..BATCHES * EACH).step_by(step);
    send(
        store,
        id,
        6,
        again(3).map(|number| seen(number, 7)).collect(),
    );
    send(
        store,
        id,
        7,
        again(9).map(|number| seen(number, 5)).collect(),
    );
    let totals = store.totals().unwrap();
    assert_eq!(
        (totals.findings, totals.arrived),
        (1_000, 1_000 + 334 + 112)
    );
    let rows = page_by_page(store, member, 300);
    let ids: BTreeSet<&String> = rows.iter().map(|(id, ..)| id).collect();
    assert_eq!((rows.len(), ids.len()), (1_000, 1_000));
    let counts: u64 = rows.iter().map(|(_, count, _)| count).sum();
    assert_eq!(counts, 334 * 7 + 666 * 2);
    let (_, scope) = officer(None);
    let activity = store.activity(&scope, member, at(-HOUR), at(HOUR)).unwrap();
    let activity = open(store, activity);
    assert_eq!(activity.sightings, 1_000);
    assert_eq!(activity.events.values().sum::<u64>(), counts);
    tell(told, activity);
    let since = KeepSince {
        addresses: at(500),
        counts: at(-400 * 86_400),
    };
    let mut gone = 0;
    loop {
        let went = store.forget_old(&since).unwrap();
        gone += went.sightings;
        if went.rows() == 0 {
            break;
        }
    }
    // Those whose last word is younger stay, and the older words about them went.
    assert_eq!(store.totals().unwrap().findings, 510);
    assert_eq!(page_by_page(store, member, 300).len(), 510);
    tell(told, gone);
}

/// A later word in another block takes the place of the earlier on every page.
pub fn replaced(store: &SqlStore, told: &mut String) {
    let member = firm(store, 1, "Bakery");
    let id = collector(store, member, 1);
    let seen = |number, last, count| sighting(number, "tcp/22", 1, 10, last, count);
    send(
        store,
        id,
        1,
        vec![seen(1, 20, 3), seen(2, 30, 1), seen(3, 40, 1)],
    );
    send(store, id, 2, vec![seen(1, 50, 4), seen(4, 60, 1)]);
    send(
        store,
        id,
        3,
        vec![seen(1, 55, 6), seen(2, 70, 2), seen(2, 71, 3)],
    );
    // The older word comes late.
    send(store, id, 4, vec![seen(1, 50, 4)]);
    for size in [1, 2, 9] {
        let rows = page_by_page(store, member, size);
        let counts: Vec<u64> = rows.iter().map(|(_, count, _)| *count).collect();
        assert_eq!(counts, [3, 1, 6, 1], "{size} at once");
        tell(told, rows);
    }
    assert_eq!(store.totals().unwrap().findings, 4);
    assert!(store.arrived(3, 4).unwrap().is_empty(), "nothing new");
    tell(told, store.arrived(1, 3).unwrap());
}

/// A firm that is erased is taken out of what several firms said, and nothing else is.
pub fn shared(store: &SqlStore, told: &mut String) {
    let firms = [1, 2, 3].map(|number| firm(store, number, "Firm"));
    for (number, member) in (1..).zip(firms) {
        let id = collector(store, member, number);
        let source = u8::try_from(number).unwrap();
        let own = format!("tcp/100{number}");
        let seen = vec![
            sighting(number, "tcp/22", source, 10, 20, 3),
            sighting(number + 10, &own, source, 10, 20, 3),
        ];
        send(store, id, 1, seen);
    }
    let [_, two, _] = firms;
    sort(store);
    let count = |store: &SqlStore, key| store.edges(key, at(0), at(HOUR)).unwrap().len();
    assert_eq!((count(store, "tcp/22"), count(store, "tcp/1002")), (6, 2));
    let by = Actor::program("test");
    assert!(store.erase_member(&by, two, at(60)).unwrap() > 4);
    assert_eq!((count(store, "tcp/22"), count(store, "tcp/1002")), (4, 0));
    assert_eq!(count(store, "tcp/1003"), 2);
    tell(told, store.past_edges(at(0), at(HOUR)).unwrap());
}
