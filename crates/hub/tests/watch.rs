//! The watch over a real store: sightings in through ingest, threats and warnings out.

#![expect(
    clippy::unwrap_used,
    clippy::indexing_slicing,
    reason = "a test fails by panicking"
)]

use larum_core::finding::{AttackOutcome, Category, FindingId, Severity};
use larum_core::sighting::Sighting;
use larum_core::time::Timestamp;
use larum_core::watch::fold::{Fold, Seen};
use larum_core::watch::{State, Verdict};
use larum_core::words::Words;
use larum_hub_lib::id::{CollectorId, MemberId};
use larum_hub_lib::store::StoreError;
use larum_hub_lib::store::enrol::{EnrolStore as _, Issued, NewMember, NewToken};
use larum_hub_lib::store::ingest::{CheckedBatch, IngestStore as _};
use larum_hub_lib::store::sql::SqlStore;
use larum_hub_lib::store::verdicts::Verdicts as _;
use larum_hub_lib::store::watch::{ThreatRow, WatchStore as _};
use larum_hub_lib::store::watch_state::WatchState as _;
use larum_hub_lib::watch::{Settings, Summary, Watch};
use larum_link::wire::WireWarning;

const HOUR: i64 = 3_600;
const DAY: i64 = 24 * HOUR;
/// 2026-11-22T12:00:00Z.
const NOW: Timestamp = Timestamp::from_seconds(1_795_348_800);
const KEY: &str = "tcp/3389";

struct Town {
    _folder: tempfile::TempDir,
    store: SqlStore,
    watch: Watch,
    firms: Vec<Firm>,
    made: u64,
    batches: u64,
    sent: Vec<(usize, Sighting)>,
}

struct Firm {
    member: MemberId,
    collector: CollectorId,
    sequence: u64,
    head: String,
}

impl Town {
    fn new(firms: u8) -> Self {
        let folder = tempfile::tempdir().unwrap();
        let store = SqlStore::open(&folder.path().join("hub.sqlite")).unwrap();
        let firms = (0..firms).map(|number| join(&store, number)).collect();
        let watch = Watch::new(Words::of("en").unwrap(), Settings::default());
        Self {
            _folder: folder,
            store,
            watch,
            firms,
            made: 0,
            batches: 0,
            sent: Vec::new(),
        }
    }

    /// Firm `place` sees `source` attack `key` at `at`.
    fn sees(&mut self, place: usize, key: &str, source: [u8; 2], at: Timestamp) {
        self.made += 1;
        let sighting = attack(self.made, key, source, at);
        self.sent.push((place, sighting.clone()));
        self.send(place, sighting, at);
    }

    /// Sends again, in a batch of its own, what firm `place` sent last before sighting `number`.
    fn repeat(&mut self, place: usize, number: u64) {
        let before = usize::try_from(number).unwrap();
        let old = self.sent[..before].iter().rfind(|(sent, _)| *sent == place);
        if let Some((_, sighting)) = old.cloned() {
            let at = sighting.last;
            self.send(place, sighting, at);
        }
    }

    fn send(&mut self, place: usize, sighting: Sighting, at: Timestamp) {
        self.batches += 1;
        let firm = &mut self.firms[place];
        firm.sequence += 1;
        let chain = format!("{:064x}", self.batches);
        let batch = CheckedBatch {
            collector: firm.collector,
            sequence: firm.sequence,
            previous: std::mem::replace(&mut firm.head, chain.clone()),
            sha256: chain.clone(),
            chain,
            sightings: vec![sighting],
            set_aside: std::collections::BTreeMap::new(),
        };
        let counted = self.store.count_batch(&batch, at).unwrap().unwrap();
        assert!(counted.fresh);
    }

    /// Thirty-five days in which one stranger a day knocks at one firm in turn.
    fn quiet_past(&mut self, key: &str) {
        for day in (1_u8..36).rev() {
            let at = NOW.plus_seconds(-i64::from(day) * DAY);
            let place = usize::from(day) % self.firms.len();
            self.sees(place, key, [day, 1], at);
        }
        // Everybody was there from the start, so that nobody is on probation.
        for place in 0..self.firms.len() {
            self.sees(place, "tcp/23", [9, 9], NOW.plus_seconds(-36 * DAY));
        }
    }

    fn step(&self, at: Timestamp) -> Summary {
        self.watch.step(&self.store, at).unwrap()
    }

    fn threat(&self) -> Option<ThreatRow> {
        self.store.latest_threat(KEY).unwrap().map(|(_, row)| row)
    }

    fn warnings(&self, place: usize, at: Timestamp) -> Vec<WireWarning> {
        let member = self.firms[place].member;
        let rows = self.store.fetch_warnings(member, 0, 10, at).unwrap();
        rows.iter()
            .map(|(number, body)| {
                let warning: WireWarning = serde_json::from_str(body).unwrap();
                assert_eq!(warning.id, *number);
                warning
            })
            .collect()
    }
}

fn attack(number: u64, key: &str, [network, host]: [u8; 2], at: Timestamp) -> Sighting {
    Sighting {
        id: FindingId::of(&[&number.to_le_bytes()]),
        key: key.to_owned(),
        detector: "log-in-guessing".into(),
        category: Category::BruteForce,
        attack: vec!["T1110.001".into()],
        severity: Severity::Medium,
        confidence: 80,
        outcome: AttackOutcome::Blocked,
        first: at,
        last: at,
        count: 12,
        sources: vec![std::net::Ipv4Addr::new(198, 51, network, host).into()],
    }
}

fn join(store: &SqlStore, number: u8) -> Firm {
    let start = NOW.plus_seconds(-60 * DAY);
    let member = MemberId::random().unwrap();
    let collector = CollectorId::random().unwrap();
    let new = NewMember {
        id: member,
        name: format!("Firm {number}"),
        area: "E23000001".to_owned(),
        region: "north".to_owned(),
        sector: "retail".to_owned(),
        size: "small".to_owned(),
    };
    store.add_member(&new, start).unwrap();
    let secret_hash = format!("{number:064x}");
    let token = NewToken {
        secret_hash: secret_hash.clone(),
        member,
        site: "shop".to_owned(),
        expires: start.plus_seconds(DAY),
    };
    store.add_token(&token, start).unwrap();
    let issued = Issued {
        collector,
        serial: format!("{number:032x}"),
        not_before: start,
        not_after: NOW.plus_seconds(90 * DAY),
    };
    store.enrol(&secret_hash, &issued, start).unwrap().unwrap();
    Firm {
        member,
        collector,
        sequence: 0,
        head: "0".repeat(64),
    }
}

#[test]
fn a_wave_is_called_and_those_not_hit_are_warned_once_and_marked_when_hit() {
    let mut town = Town::new(8);
    town.quiet_past(KEY);
    assert_eq!(town.step(NOW).opened, 0);
    // The wave: three firms, three sources each.
    for place in 0..3_u8 {
        for source in 0..3_u8 {
            let at = NOW.plus_seconds(HOUR + i64::from(place) * 60);
            let from = [100 + source, place * 3 + source];
            town.sees(usize::from(place), KEY, from, at);
        }
        if place == 0 {
            let summary = town.step(NOW.plus_seconds(HOUR));
            assert_eq!(summary.opened, 0, "one firm is no wave");
        }
    }
    let called = NOW.plus_seconds(HOUR + 600);
    let summary = town.step(called);
    assert_eq!((summary.opened, summary.warned), (1, 8));
    let threat = town.threat().unwrap();
    assert_eq!(threat.state, State::Emerging);
    assert_eq!((threat.members, threat.sources), (3, 9));
    // Who was hit already hears of it after the others, and in other words.
    let late = town.warnings(0, called).remove(0);
    assert!(late.why.contains("Yours is one of them"), "{late:?}");
    let warning = town.warnings(5, called).remove(0);
    assert!(!warning.why.contains("Yours"), "{warning:?}");
    assert!((5..8).all(|place| town.warnings(place, called)[0].id < late.id));
    assert_eq!(warning.key, KEY);
    assert_eq!(warning.indicators.len(), 9);
    assert!(warning.title.contains("remote desktop"), "{warning:?}");
    assert!(warning.why.contains("3 firms"), "{warning:?}");
    assert!(!warning.actions.is_empty());
    // Looking again changes nothing.
    let again = town.step(called.plus_seconds(60));
    assert_eq!((again.opened, again.warned, again.hit), (0, 0, 0));
    // A warned firm is hit.
    town.sees(5, KEY, [100, 200], called.plus_seconds(HOUR));
    assert_eq!(town.step(called.plus_seconds(HOUR)).hit, 1);
    assert_eq!(town.threat().unwrap().members, 4);
    assert_eq!(town.warnings(5, called).len(), 1);
    // A day and a half of quiet closes it.
    let quiet = called.plus_seconds(36 * HOUR);
    assert_eq!(town.step(quiet).closed, 1);
    assert_eq!(town.threat().unwrap().state, State::Closed);
}

#[test]
fn one_member_cannot_call_a_threat() {
    let mut town = Town::new(8);
    town.quiet_past(KEY);
    for source in 0..200_u8 {
        town.sees(7, KEY, [source, 7], NOW);
    }
    assert_eq!(town.step(NOW.plus_seconds(60)).opened, 0);
    assert_eq!(town.threat(), None);
}

#[test]
fn new_members_do_not_look_like_an_outbreak() {
    let mut town = Town::new(12);
    // Six have been there for weeks; six join today and report their usual noise.
    for day in (1_u8..36).rev() {
        for place in 0..6_u8 {
            let at = NOW.plus_seconds(-i64::from(day) * DAY);
            town.sees(usize::from(place), KEY, [day, place + 1], at);
        }
    }
    for place in 0..12_u8 {
        town.sees(usize::from(place), KEY, [150 + place, 1], NOW);
        if place >= 6 {
            town.sees(usize::from(place), KEY, [170 + place, 2], NOW);
        }
    }
    assert_eq!(town.step(NOW.plus_seconds(60)).opened, 0);
}

#[test]
fn a_backlog_that_arrives_late_is_learned_by_its_own_time() {
    let mut town = Town::new(8);
    // Everything at once, newest first, before the watch ever looks.
    for day in 0..36_u8 {
        for place in 0..8_u8 {
            let at = NOW.plus_seconds(-i64::from(day) * DAY);
            town.sees(usize::from(place), KEY, [day, place], at);
        }
    }
    let summary = town.step(NOW);
    assert_eq!((summary.taken, summary.opened), (36 * 8, 0));
}

/// Everything a reader of the store sees of threats and warnings.
fn seen(town: &Town) -> Vec<String> {
    let mut seen = Vec::new();
    for (id, row) in town.store.threats(100).unwrap() {
        seen.push(format!("{id} {row:?}"));
        let mut warned = town.store.warning_states(id).unwrap();
        let place = |member| town.firms.iter().position(|firm| firm.member == member);
        warned.sort_by_key(|one| place(one.member));
        for one in warned {
            seen.push(format!(
                "{:?} {:?} {:?}",
                place(one.member),
                one.issued,
                one.hit
            ));
        }
    }
    seen
}

/// A month, then a wave hour by hour; `between` is called after each look.
fn a_wave_hour_by_hour(town: &mut Town, mut between: impl FnMut(&mut Town)) {
    town.quiet_past(KEY);
    town.step(NOW);
    for hour in 1..12_u8 {
        let at = NOW.plus_seconds(i64::from(hour) * HOUR);
        let place = usize::from(hour) % 6;
        for source in 0..3 {
            town.sees(place, KEY, [100 + source, hour * 3 + source], at);
        }
        for minute in [5, 20, 40] {
            town.step(at.plus_seconds(minute * 60));
            between(town);
        }
    }
    town.step(NOW.plus_seconds(60 * HOUR));
    between(town);
}

#[test]
fn a_hub_that_is_started_again_at_every_look_calls_the_same() {
    let mut steady = Town::new(9);
    a_wave_hour_by_hour(&mut steady, |_| {});
    let mut shaken = Town::new(9);
    a_wave_hour_by_hour(&mut shaken, |town| {
        town.watch = Watch::new(Words::of("en").unwrap(), Settings::default());
    });
    let expected = seen(&steady);
    assert!(expected.iter().any(|line| line.contains("Closed")));
    assert_eq!(seen(&shaken), expected);
}

#[test]
fn the_same_looks_done_again_over_the_same_edges_call_the_same() {
    let mut town = Town::new(9);
    a_wave_hour_by_hour(&mut town, |_| {});
    let (mut fold, mut alarms) = (Fold::default(), Vec::new());
    let mut after = 0;
    let looks = town.store.looks(0).unwrap();
    fold.advance(looks[0].at, &mut alarms);
    for look in looks {
        for edge in town.store.arrived(after, look.up_to).unwrap() {
            fold.take(&Seen {
                at: edge.hour,
                member: &edge.member.to_string(),
                source: edge.source,
                key: &edge.key,
                area: "E23000001",
                sector: "retail",
            });
        }
        after = look.up_to;
        fold.advance(look.at, &mut alarms);
    }
    let opened = alarms.iter().filter(|alarm| !alarm.shown.grown);
    let replayed: Vec<String> = opened.map(|alarm| alarm.key.clone()).collect();
    let live = town.store.threats(100).unwrap();
    let called: Vec<String> = live.iter().map(|(_, row)| row.key.clone()).collect();
    assert_eq!(replayed, called);
    assert_eq!(called, [KEY]);
}

#[test]
fn a_batch_sent_again_changes_nothing() {
    let mut once = Town::new(9);
    a_wave_hour_by_hour(&mut once, |_| {});
    let mut twice = Town::new(9);
    // The same findings come again in another batch, hours late.
    a_wave_hour_by_hour(&mut twice, |town| {
        let made = town.made;
        let (place, number) = (usize::from(made % 2 == 0), made);
        town.repeat(place, number);
    });
    let shown = |town: &Town| -> Vec<(String, usize, usize, Timestamp)> {
        let threats = town.store.threats(100).unwrap();
        let shown = threats.into_iter();
        shown
            .map(|(_, row)| (row.key, row.members, row.sources, row.opened))
            .collect()
    };
    assert_eq!(shown(&twice), shown(&once));
}

#[test]
fn the_same_place_called_from_three_firms_is_told_to_the_others() {
    let mut town = Town::new(12);
    town.quiet_past(KEY);
    town.step(NOW);
    for place in 0..3 {
        let at = NOW.plus_seconds(HOUR);
        town.made += 1;
        let mut sighting = attack(town.made, "control.example.org", [1, 1], at);
        sighting.sources.clear();
        sighting.category = Category::C2;
        town.send(place, sighting, at);
    }
    let called = NOW.plus_seconds(HOUR + 60);
    let summary = town.step(called);
    assert_eq!((summary.opened, summary.warned), (1, 12));
    let late = town.warnings(0, called).remove(0);
    assert!(late.why.contains("at your firm"), "{late:?}");
    let warning = town.warnings(7, called).remove(0);
    assert!(warning.title.contains("control.example.org"), "{warning:?}");
    assert!(warning.why.contains("3 firms"), "{warning:?}");
}

#[test]
fn what_an_officer_sets_aside_warns_nobody_else_and_counts_in_the_precision() {
    let mut town = Town::new(9);
    let mut said = false;
    let mut warned = Vec::new();
    a_wave_hour_by_hour(&mut town, |town| {
        if let Some((id, _)) = town.store.latest_threat(KEY).unwrap() {
            let threat = u64::try_from(id).unwrap();
            if !said {
                said = true;
                let now = NOW.plus_seconds(HOUR);
                let give = |verdict| {
                    town.store
                        .give_verdict(threat, "somebody", verdict, now)
                        .unwrap();
                };
                give(Verdict::Confirmed);
                give(Verdict::Benign);
                let judged = town.store.judged(NOW).unwrap();
                assert_eq!((judged.confirmed, judged.benign, judged.waiting), (0, 1, 0));
            }
            warned.push(town.store.warning_states(id).unwrap().len());
        }
    });
    assert!(
        said && warned.windows(2).all(|pair| pair[0] == pair[1]),
        "{warned:?}"
    );
    let missing = town
        .store
        .give_verdict(77, "somebody", Verdict::Benign, NOW);
    assert!(matches!(missing, Err(StoreError::NotFound)));
}
