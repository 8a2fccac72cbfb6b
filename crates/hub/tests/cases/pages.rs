//! What pages read, within the reader's scope.

use larum_hub_lib::access::{Action, Opener, Role, Scope, Sealed, Standing, Viewer, enter};
use larum_hub_lib::id::MemberId;
use larum_hub_lib::store::StoreError;
use larum_hub_lib::store::ingest::IngestStore as _;
use larum_hub_lib::store::pages::{
    MIN_SHOWN, Pages as _, SightingCursor, SightingRow, ThreatCursor, ThreatFilter, ThreatRow,
};
use larum_hub_lib::store::people::Wanted;
use larum_hub_lib::store::sql::SqlStore;
use larum_hub_lib::store::verdicts::Verdicts as _;
use larum_hub_lib::store::watch::WatchStore as _;

use super::watch::change;
use super::{at, batch, collector, firm, member_id, person_id, sighting, tell};

pub fn officer(area: Option<&str>) -> (Viewer, Scope) {
    let viewer = Viewer {
        person: person_id(1),
        name: "Sam".to_owned(),
        role: area.map_or(Role::Regional, |_| Role::Officer),
        member: None,
        area: area.map(str::to_owned),
        standing: Standing::Fresh,
        emergency: false,
    };
    let scope = enter(Some(&viewer), Action::MemberRead).unwrap();
    (viewer, scope)
}

pub fn open<T>(store: &SqlStore, sealed: Sealed<T>) -> T {
    let (viewer, _) = officer(None);
    let subject = "/members".to_owned();
    Opener::new(store, &viewer, Action::MemberRead, subject, at(0))
        .open(sealed)
        .unwrap()
}

/// Firms in order, page by page, and only those in scope.
pub fn members(store: &SqlStore, told: &mut String) {
    for (number, name) in [
        (1, "Bakery"),
        (2, "anvil"),
        (3, "Ärzte"),
        (4, "Bakery"),
        (5, "Zoo"),
    ] {
        firm(store, number, name);
    }
    let first = collector(store, member_id(1), 1);
    collector(store, member_id(1), 2);
    store.heartbeat(first, "{}", at(50)).unwrap();
    let (_, all) = officer(None);
    let mut seen = Vec::new();
    let mut after = None;
    loop {
        let cursor = after
            .as_ref()
            .map(|(name, id): &(String, _)| (name.as_str(), *id));
        let wanted = Wanted {
            after: cursor,
            limit: 2,
            ..Wanted::default()
        };
        let page = open(store, store.members(&all, &wanted, at(60)).unwrap());
        let Some(last) = page.last() else { break };
        after = Some((last.card.name.clone(), last.card.id));
        seen.extend(page);
    }
    assert_eq!(seen.len(), 5);
    tell(told, &seen);
    let (_, area) = officer(Some("E23000002"));
    let every = Wanted::default();
    let some = open(store, store.members(&area, &every, at(60)).unwrap());
    assert_eq!(some.len(), 2);
    names_are_found_by_who_may_see_them(store);
    let counts = (store.member_count(&all), store.member_count(&area));
    assert_eq!((counts.0.unwrap(), counts.1.unwrap()), (5, 2));
    tell(
        told,
        open(store, store.member(&area, member_id(2)).unwrap()),
    );
    let outside = store.member(&area, member_id(1));
    assert!(matches!(outside, Err(StoreError::NotFound)));
    let collectors = store.collectors(&all, member_id(1)).unwrap();
    tell(told, open(store, collectors));
    let hidden = store.collectors(&area, member_id(1)).unwrap();
    assert!(open(store, hidden).is_empty());
}

/// A firm's sightings, newest first, page by page, and its activity by hour.
pub fn sightings(store: &SqlStore, told: &mut String) {
    let member = firm(store, 1, "Bakery");
    let id = collector(store, member, 1);
    let all = (0..7_u32)
        .map(|number| {
            let last = i64::from(number / 2) * 3_600;
            let count = u64::from(number) + 1;
            sighting(
                number,
                "tcp/22",
                u8::try_from(number).unwrap(),
                -10,
                last,
                count,
            )
        })
        .collect();
    store
        .count_batch(&batch(id, 1, all), at(9))
        .unwrap()
        .unwrap();
    store.feed_all().unwrap();
    let (_, scope) = officer(None);
    let seen = paged(store, &scope, member, 3);
    assert_eq!(seen.len(), 7);
    tell(told, seen);
    let activity = store.activity(&scope, member, at(-86_400), at(86_400));
    let activity = open(store, activity.unwrap());
    assert_eq!(activity.events.values().sum::<u64>(), 28);
    tell(told, activity);
    let (_, elsewhere) = officer(Some("E23000002"));
    let hidden = store.sightings(&elsewhere, member, None, 10).unwrap();
    assert!(open(store, hidden).is_empty());
}

/// All sightings of a firm, newest first, as many a page.
fn paged(store: &SqlStore, scope: &Scope, member: MemberId, limit: u32) -> Vec<SightingRow> {
    let mut seen: Vec<SightingRow> = Vec::new();
    loop {
        let cursor = seen.last().map(|last| SightingCursor {
            last: last.last,
            id: last.id.clone(),
        });
        let page = store.sightings(scope, member, cursor.as_ref(), limit);
        let page = open(store, page.unwrap());
        if page.is_empty() {
            break;
        }
        seen.extend(page);
    }
    assert!(seen.is_sorted_by(|newer, older| newer.last >= older.last));
    seen
}

/// What began months before it ended is found by when it ended, and so are the quiet weeks' few.
pub fn long_findings(store: &SqlStore, told: &mut String) {
    const DAY: i64 = 86_400;
    let member = firm(store, 1, "Mill");
    let id = collector(store, member, 1);
    // One a day, then a month of none, then one a day again; every fifth went on for forty days.
    let all = (0..40_u32).map(|number| {
        let last = -DAY * i64::from(number + if number < 20 { 0 } else { 30 });
        let lasted = if number % 5 == 0 { 40 * DAY } else { 60 };
        sighting(number, "tcp/22", 1, last - lasted, last, 1)
    });
    let (long, short): (Vec<_>, Vec<_>) =
        all.partition(|seen| seen.last > seen.first.plus_millis(60_000));
    for (sequence, seen) in [(1, short), (2, long)] {
        let sent = batch(id, sequence, seen);
        store.count_batch(&sent, at(9)).unwrap().unwrap();
        store.feed_all().unwrap();
    }
    let (_, scope) = officer(None);
    let seen = paged(store, &scope, member, 3);
    assert_eq!(seen.len(), 40);
    for limit in [1, 10, 50] {
        assert_eq!(paged(store, &scope, member, limit), seen, "{limit}");
    }
    tell(told, seen);
    for days in [1, 7, 45] {
        let activity = store.activity(&scope, member, at(-days * DAY), at(60));
        let activity = open(store, activity.unwrap());
        assert_eq!(activity.sources, 2, "{days}");
        tell(told, activity);
    }
    // Nothing ended in the month of none; what began before it and ended after it was going on.
    let quiet = store.activity(&scope, member, at(-40 * DAY), at(-30 * DAY));
    tell(told, open(store, quiet.unwrap()));
}

/// An officer finds a firm by a part of its name; whoever may not see names learns nothing by looking.
fn names_are_found_by_who_may_see_them(store: &SqlStore) {
    let wanted = Wanted {
        find: "BAK",
        ..Wanted::default()
    };
    let (mut viewer, all) = officer(None);
    let found = open(store, store.members(&all, &wanted, at(60)).unwrap());
    let names: Vec<&str> = found.iter().map(|row| row.card.name.as_str()).collect();
    assert_eq!(names, ["Bakery", "Bakery"]);
    viewer.role = Role::Student;
    let masked = enter(Some(&viewer), Action::MemberList).unwrap();
    let all = store.members(&masked, &Wanted::default(), at(60)).unwrap();
    let looked = store.members(&masked, &wanted, at(60)).unwrap();
    assert_eq!(open(store, looked), open(store, all));
}

/// However many threats a page holds, all pages together are the list.
fn threats_come_in_pages(store: &SqlStore, filter: &ThreatFilter, all: &[ThreatRow]) {
    let mut joined: Vec<ThreatRow> = Vec::new();
    loop {
        let page = ThreatFilter {
            after: joined.last().map(ThreatCursor::of),
            limit: Some(1),
            ..filter.clone()
        };
        let page = store.threat_list(&page).unwrap();
        assert!(page.len() <= 1);
        if page.is_empty() {
            break;
        }
        joined.extend(page);
    }
    assert_eq!(joined, all);
}

/// A threat with its evidence: counts for all, names within scope.
fn warnings_are_timed(store: &SqlStore, told: &mut String) {
    let speed = store.speed(at(-86_400)).unwrap();
    assert!(speed.warnings > 0);
    tell(told, speed);
    assert_eq!(store.speed(at(86_400_000)).unwrap().warnings, 0);
}

fn few_firms_name_no_area(store: &SqlStore, filter: &ThreatFilter, expected: usize) {
    let area = filter.area.as_deref();
    let few = ThreatFilter {
        fewest: MIN_SHOWN,
        ..filter.clone()
    };
    let unnamed = store.threat_list(&few).unwrap();
    assert_eq!(unnamed.len(), if area.is_none() { expected } else { 0 });
    assert!(unnamed.iter().all(|row| row.areas.is_empty()));
    // But the area whose firms are the reader's own.
    let own = ThreatFilter {
        own: Some("E23000001".to_owned()),
        ..few
    };
    let own = store.threat_list(&own).unwrap();
    let mut areas = own.iter().flat_map(|row| &row.areas);
    assert!(areas.all(|one| one == "E23000001"));
    if area.is_none() || area == Some("E23000001") {
        assert_eq!(own.len(), expected);
    }
}

pub fn threats(store: &SqlStore, told: &mut String) {
    let members = [1, 2, 3].map(|number| firm(store, number, &format!("Firm {number}")));
    for (number, member) in (1..).zip(members) {
        let id = collector(store, member, number);
        let source = u8::try_from(number).unwrap();
        let seen = vec![sighting(number, "tcp/1", source, 0, 7_200, 3)];
        store
            .count_batch(&batch(id, 1, seen), at(9))
            .unwrap()
            .unwrap();
    }
    store.feed_all().unwrap();
    let [_, two, three] = members;
    store
        .apply_threat(&change("tcp/1", &[two, three]), at(10))
        .unwrap();
    let mut closed = change("tcp/2", &[]);
    closed.row.state = larum_core::watch::State::Closed;
    closed.row.closed = Some(at(90));
    store.apply_threat(&closed, at(10)).unwrap();
    let (_, scope) = officer(Some("E23000002"));
    for (area, with_closed, expected) in [
        (None, false, 1),
        (None, true, 2),
        (Some("E23000001"), true, 1),
        (Some("E23000009"), true, 0),
    ] {
        let filter = ThreatFilter {
            area: area.map(str::to_owned),
            fewest: 1,
            closed: with_closed,
            ..ThreatFilter::default()
        };
        let found = store.threat_list(&filter).unwrap();
        assert_eq!(found.len(), expected, "{filter:?}");
        few_firms_name_no_area(store, &filter, expected);
        threats_come_in_pages(store, &filter, &found);
        tell(told, found);
    }
    tell(told, store.threat(1).unwrap());
    assert!(matches!(store.threat(99), Err(StoreError::NotFound)));
    tell(
        told,
        store.threat_hours("tcp/1", at(-7_200), at(86_400)).unwrap(),
    );
    tell(told, store.threat_sources("tcp/1", at(-7_200)).unwrap());
    let named = open(store, store.threat_members(&scope, 1).unwrap());
    assert!(named.iter().all(|row| row.card.area == "E23000002"));
    tell(told, named);
    tell(told, store.threat_areas(1).unwrap());
    tell(told, store.threat_sectors(1).unwrap());
    warnings_are_timed(store, told);
    let warnings = store.warnings(&scope, two, 10).unwrap();
    let warnings = open(store, warnings);
    assert_eq!(warnings.len(), 1);
    let one = store.warning(&scope, two, warnings.first().unwrap().id);
    tell(told, open(store, one.unwrap()));
    let outside = store.warning(&scope, three, 2);
    assert!(matches!(outside, Err(StoreError::NotFound)));
}
