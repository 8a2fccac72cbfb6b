//! What the watch reads and writes.

use larum_core::finding::Severity;
use larum_core::watch::{Kind, State};
use larum_hub_lib::id::MemberId;
use larum_hub_lib::store::StoreError;
use larum_hub_lib::store::enrol::EnrolStore as _;
use larum_hub_lib::store::ingest::IngestStore as _;
use larum_hub_lib::store::lists::{Listed, Lists as _};
use larum_hub_lib::store::sql::SqlStore;
use larum_hub_lib::store::watch::{NewWarning, ThreatChange, ThreatRow, WatchStore as _};
use larum_hub_lib::store::watch_state::WatchState as _;

use super::{at, batch, collector, collector_id, firm, sighting, tell};

/// A new threat of `key` that reached `members`, each of which is warned.
pub fn change(key: &str, members: &[MemberId]) -> ThreatChange {
    ThreatChange {
        id: None,
        row: ThreatRow {
            key: key.to_owned(),
            kind: Kind::from_word("emerging").unwrap(),
            level: "region".to_owned(),
            scope: "north".to_owned(),
            state: State::Emerging,
            severity: Severity::High,
            opened: at(5),
            updated: at(5),
            closed: None,
            score: 3.25,
            sources: 4,
            members: members.len(),
            first: at(2),
            evidence: "{\"hours\":[1,2]}".to_owned(),
        },
        reached: members.iter().map(|member| (*member, at(3))).collect(),
        warnings: members
            .iter()
            .map(|member| NewWarning {
                member: *member,
                expires: at(86_400),
                body: "{\"id\":0,\"title\":\"ä\"}".to_owned(),
            })
            .collect(),
    }
}

/// What arrived after a batch, in the order of arrival; the looks and the state that go on from it.
pub fn arrivals(store: &SqlStore, told: &mut String) {
    let member = firm(store, 1, "Bakery");
    let id = collector(store, member, 1);
    let send = |sequence, sightings| {
        let counted = store.count_batch(&batch(id, sequence, sightings), at(9));
        store.feed_all().unwrap();
        counted.unwrap().unwrap().receipt
    };
    assert_eq!(store.newest_receipt().unwrap(), 0);
    let first = send(
        1,
        vec![
            sighting(1, "tcp/22", 1, 0, 7_200, 1),
            sighting(2, "tcp/23", 1, 0, 0, 1),
        ],
    );
    assert_eq!(store.newest_receipt().unwrap(), first);
    let edges = store.arrived(0, first).unwrap();
    assert_eq!(edges.len(), 8, "two sources, four hours");
    tell(told, edges);
    // The same edges again are nothing new; a new source is.
    let second = send(2, vec![sighting(1, "tcp/22", 1, 0, 7_200, 2)]);
    assert!(store.arrived(first, second).unwrap().is_empty());
    let third = send(3, vec![sighting(3, "tcp/22", 2, -3_600, -3_600, 2)]);
    assert_eq!(store.arrived(first, third).unwrap().len(), 2);
    let network = |called: Option<&str>| {
        store.note_network(id, called).unwrap();
        store.places().unwrap().remove(0).network
    };
    assert_eq!(network(None), "");
    assert_eq!(network(Some("203.0.113.0")), "203.0.113.0");
    store
        .note_network(collector_id(9), Some("192.0.2.0"))
        .unwrap();
    assert_eq!(network(Some("198.51.100.0")), "198.51.100.0");
    tell(told, store.places().unwrap());
    // A collector that was revoked calls from nowhere; its firm is no newer for it.
    let leaver = firm(store, 2, "Garage");
    let place = || {
        let places = store.places().unwrap();
        places.into_iter().find(|place| place.member == leaver)
    };
    assert_eq!(place().unwrap().enrolled, None);
    let left = collector(store, leaver, 2);
    store.note_network(left, Some("192.0.2.0")).unwrap();
    store.revoke_collector(left, at(50)).unwrap();
    let place = place().unwrap();
    assert_eq!((place.enrolled, place.network.as_str()), (Some(at(1)), ""));
    tell(told, store.warnable().unwrap());
    let look = store.begin_look(at(10), third, at(0)).unwrap();
    assert!(store.kept_state().unwrap().is_none());
    for state in [&[1, 0, 255][..], &[2]] {
        store.keep_state(look.id, state).unwrap();
    }
    assert_eq!(store.kept_state().unwrap(), Some((look, vec![2])));
    let next = store.begin_look(at(20), third, at(11)).unwrap();
    assert_eq!(store.looks(0).unwrap(), [next], "older ones are forgotten");
}

/// A threat is one of the watch's episodes.
pub fn episodes(store: &SqlStore, told: &mut String) {
    let members = [1, 2].map(|number| firm(store, number, "Firm"));
    let [one, _] = members;
    let first = store
        .apply_threat(&change("tcp/1", &[one]), at(10))
        .unwrap()
        .threat;
    let second = store
        .apply_threat(&change("tcp/1", &members), at(11))
        .unwrap()
        .threat;
    for threat in [first, second] {
        store.note_episode(threat, 7).unwrap();
    }
    store.note_merged(first, second).unwrap();
    let (newest, _) = store.threat_of_episode(7).unwrap().unwrap();
    assert_eq!(newest, second);
    tell(told, store.open_threats().unwrap());
    let warned = store
        .warned_elsewhere("tcp/1", Some(second), at(20))
        .unwrap();
    assert_eq!(warned.into_iter().collect::<Vec<_>>(), [one]);
    store.forget_episodes().unwrap();
    assert!(store.threat_of_episode(7).unwrap().is_none());
}

/// A member's blocklist: who may fetch it, what stands on it, what was taken off.
pub fn lists(store: &SqlStore, told: &mut String) {
    let member = firm(store, 1, "Bakery");
    store
        .add_device(member, "firewall", "hash", 10, at(0))
        .unwrap();
    let twice = store.add_device(member, "other", "hash", 10, at(0));
    assert!(matches!(twice, Err(StoreError::Conflict(_))), "{twice:?}");
    assert!(matches!(
        store.device("no", at(1)),
        Err(StoreError::NotFound)
    ));
    let device = store.device("hash", at(1)).unwrap();
    tell(told, &device);
    tell(told, store.devices(member).unwrap());
    tell(told, store.list_readers().unwrap());
    let entry = |host: u8, rank, expires| Listed {
        source: std::net::Ipv4Addr::new(203, 0, 113, host).into(),
        rank,
        witnesses: 3,
        last: at(0),
        expires: at(expires),
    };
    store.put_list(member, &[entry(9, 1, 50)]).unwrap();
    let entries = [
        entry(1, 2, 50),
        entry(2, 1, 50),
        entry(3, 3, 50),
        entry(4, 4, 5),
    ];
    store.put_list(member, &entries).unwrap();
    let [first, second, third, _] = entries;
    store.appeal(member, third.source, at(2)).unwrap();
    store.appeal(member, third.source, at(3)).unwrap();
    assert_eq!(
        store.list(member, 10, at(10)).unwrap(),
        [second.clone(), first.clone()]
    );
    assert_eq!(store.list(member, 1, at(10)).unwrap(), [second]);
    assert_eq!(store.listed(member, first.source).unwrap(), Some(first));
    assert_eq!(store.appeals(member).unwrap(), [(third.source, at(2))]);
    store.revoke_device(member, device.id, at(5)).unwrap();
    let again = store.revoke_device(member, device.id, at(5));
    assert!(matches!(again, Err(StoreError::NotFound)));
    assert!(store.list_readers().unwrap().is_empty());
}

/// A threat opens, changes, warns once, and sees who was hit after the warning.
pub fn threats(store: &SqlStore, told: &mut String) {
    let members = [1, 2, 3].map(|number| firm(store, number, "Firm"));
    let [one, two, three] = members;
    let mut changed = change("tcp/1", &[one, two]);
    changed.reached.truncate(1);
    let applied = store.apply_threat(&changed, at(10)).unwrap();
    assert_eq!((applied.warned, applied.hit), (2, 0));
    let (id, row) = store.latest_threat("tcp/1").unwrap().unwrap();
    assert_eq!(row, changed.row);
    changed.id = Some(id);
    changed.row.state = State::Watching;
    changed.row.score = -0.5;
    changed.reached = vec![(two, at(20)), (one, at(4)), (three, at(30))];
    let applied = store.apply_threat(&changed, at(40)).unwrap();
    assert_eq!(
        (applied.warned, applied.hit),
        (0, 1),
        "the second firm, after its warning"
    );
    tell(told, store.warning_states(id).unwrap());
    tell(told, store.threats(10).unwrap());
    store.apply_threat(&change("tcp/2", &[]), at(50)).unwrap();
    assert!(store.latest_threat("tcp/3").unwrap().is_none());
    tell(told, store.counts().unwrap());
}
