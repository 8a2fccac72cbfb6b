use super::*;
use crate::checkpoint::Checkpoint;
use crate::tally::Fate;
use larum_core::reject::Reject;

const START: Timestamp = Timestamp::from_seconds(1_800_000_000);

/// A watcher over an empty board, on a clock that shows [`START`] and stands still as good as.
fn watcher(folder: &Path) -> (Watcher, Arc<Board>) {
    let config = Arc::new(Config::new(folder));
    let board = Arc::new(Board::new(folder, &Checkpoint::default()));
    let words = Arc::new(Words::of("en").unwrap());
    let clock = Clock::scaled(START, 0.001);
    let watcher = Watcher::new(&config, &clock, &board, &words);
    (watcher, board)
}

#[test]
fn every_concern_has_its_words() {
    let words = Words::of("en").unwrap();
    for kind in Kind::ALL {
        let row = ConcernRow {
            kind: kind.as_str().to_owned(),
            device: Some("192.168.1.1".to_owned()),
            since: START.to_string(),
            amount: -7_200,
            heard: None,
        };
        let said = say(&row, &words) + &say_text(&row, &Zone::utc(), &words);
        assert!(!said.contains('«') && !said.contains('{'), "{said}");
        assert_eq!(row.standing().unwrap().concern.kind, *kind);
    }
}

#[test]
fn only_what_is_new_since_the_look_before_is_counted() {
    let folder = tempfile::tempdir().unwrap();
    let (mut watcher, board) = watcher(folder.path());
    let device = {
        let mut posted = board.lock();
        let device = posted.tally.device("192.168.1.1");
        let hour = hour_of(START);
        posted.tally.enter(device, hour, Fate::Event, 100);
        posted
            .tally
            .enter(device, hour, Fate::Dropped(Dropped::QueueFull), 5);
        device
    };
    let posted = board.lock();
    assert!(watcher.counted.count(&posted, START).is_empty());
    assert_eq!(watcher.counted.all(&posted), (0, 0));
    drop(posted);
    {
        let mut posted = board.lock();
        let unknown = Fate::Rejected(Reject::UnknownFormat);
        let later = hour_of(START) + 1;
        posted.tally.enter(device, hour_of(START), Fate::Event, 3);
        posted.tally.enter(device, later, unknown, 4);
        posted
            .tally
            .enter(device, later, Fate::Dropped(Dropped::SystemBuffer), 2);
    }
    let posted = board.lock();
    let counts = watcher.counted.count(&posted, START.plus_seconds(3_600));
    assert_eq!(counts.get(&device), Some(&(9, 4)));
    assert_eq!(watcher.counted.all(&posted), (9, 2));
}

#[test]
fn what_began_is_an_alert_and_survives_a_restart() {
    let folder = tempfile::tempdir().unwrap();
    let (watcher, board) = watcher(folder.path());
    let standing = Standing {
        concern: Concern {
            kind: Kind::DeviceSilent,
            device: Some("192.168.1.1".into()),
        },
        since: START,
        amount: 60,
        heard: Some(START.plus_seconds(-600)),
    };
    for turn in [Turn::Began, Turn::Began, Turn::Over] {
        let change = Change {
            turn,
            standing: standing.clone(),
        };
        watcher.tell(&change, START, &mut board.lock());
    }
    let alerts: Vec<_> = board.lock().alerts.iter().cloned().collect();
    assert_eq!(alerts.len(), 2, "{alerts:?}");
    assert_eq!(alerts[0].title, "192.168.1.1 has gone silent");
    assert!(alerts[1].title.starts_with("Over: "), "{alerts:?}");

    let health = Health::restore([], [standing]);
    saved::write(folder.path(), &health).unwrap();
    let (_, board) = self::watcher(folder.path());
    assert_eq!(board.lock().concerns.len(), 1);
    std::fs::write(folder.path().join("health.json"), "{").unwrap();
    let (_, board) = self::watcher(folder.path());
    assert_eq!(board.lock().concerns.len(), 0, "begun anew");
}

/// A device that sent for two hours stops, and comes back: told on the board and as an alert, both ways.
#[test]
fn a_device_that_stops_is_told_within_minutes_and_when_it_is_back() {
    let folder = tempfile::tempdir().unwrap();
    let (mut watcher, board) = watcher(folder.path());
    let (stops, back, end) = (7_200, 12_000, 13_000);
    let mut told = Vec::new();
    for second in (0..end).step_by(10) {
        let now = START.plus_seconds(second);
        if second < stops || second >= back {
            let mut posted = board.lock();
            let device = posted.tally.device("192.168.1.1");
            posted.tally.heard(device, now);
            posted.tally.enter(device, hour_of(now), Fate::Event, 3);
        }
        let before = board.lock().concerns.len();
        watcher.look(now);
        let posted = board.lock();
        if posted.concerns.len() != before {
            told.push((second, posted.concerns.len()));
        }
    }
    let [(began, 1), (over, 0)] = told[..] else {
        panic!("{told:?}");
    };
    assert!((stops + 290..stops + 960).contains(&began), "{told:?}");
    assert!((back..back + 120).contains(&over), "{told:?}");
    assert_eq!(board.lock().alerts.iter().count(), 2);
}
