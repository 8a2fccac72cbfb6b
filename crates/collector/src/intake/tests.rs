use super::*;
use larum_spool::simulated::SimulatedStorage;

/// A keeper on a simulated disk, with a pipeline that is asked for each chunk.
struct Rig {
    disk: SimulatedStorage,
    board: Arc<Board>,
    way_in: Option<Intake>,
    records: mpsc::Receiver<Chunk>,
    saved: watch::Sender<u64>,
    stop: watch::Sender<bool>,
    keeper: tokio::task::JoinHandle<()>,
    _folder: tempfile::TempDir,
}

const ROOM_BYTES: u64 = 32 << 20;

impl Rig {
    fn start(disk: &SimulatedStorage, done: u64) -> Self {
        let folder = tempfile::tempdir().unwrap();
        let mut checkpoint = crate::checkpoint::Checkpoint::default();
        checkpoint.intake.done = done;
        let board = Arc::new(Board::new(folder.path(), &checkpoint));
        let (onward, records) = mpsc::channel(4);
        let (saved, saved_rx) = watch::channel(done);
        let (stop, stop_rx) = watch::channel(false);
        let ends = Ends {
            board: Arc::clone(&board),
            clock: Clock::system(),
            onward,
            saved: saved_rx,
            stop: stop_rx,
        };
        let room = Room {
            max_bytes: ROOM_BYTES,
            keep_free_bytes: 0,
        };
        let (keeper, way_in) = Keeper::open(disk.clone(), room, ends).unwrap();
        Self {
            disk: disk.clone(),
            board,
            way_in: Some(way_in),
            records,
            saved,
            stop,
            keeper: tokio::spawn(keeper.run()),
            _folder: folder,
        }
    }

    fn way_in(&self) -> Intake {
        self.way_in.clone().unwrap()
    }

    async fn next(&mut self) -> (Option<Mark>, Vec<String>) {
        let chunk = self.records.recv().await.unwrap();
        let text = |record: &[u8]| String::from_utf8_lossy(record).into_owned();
        let records = chunk.records().map(|(_, record)| text(record)).collect();
        (chunk.mark, records)
    }

    /// As the power goes: what was not synced is gone.
    async fn crash(self) {
        self.keeper.abort();
        drop(self.keeper.await);
        self.disk.crash();
        self.disk.no_more_faults();
    }
}

fn chunk(records: &[&str]) -> Chunk {
    let mut chunk = Chunk::new(Timestamp::from_seconds(1_800_000_000), true);
    let sender = Source::Sender("10.0.0.1".parse().unwrap());
    for record in records {
        chunk.push(&sender, record.as_bytes());
    }
    chunk
}

fn marked(number: u64, records: &[&str]) -> (Option<Mark>, Vec<String>) {
    let records = records.iter().map(|record| (*record).to_owned()).collect();
    (Some(Mark::Intake(number)), records)
}

#[tokio::test]
async fn what_was_answered_is_dealt_with_after_a_power_cut_and_once() {
    let disk = SimulatedStorage::new(7);
    let rig = Rig::start(&disk, 0);
    let safe = rig.way_in().keep(chunk(&["a", "b"])).await.unwrap();
    assert_eq!(safe.wait().await, Ok(()));
    rig.crash().await;

    // Not in any checkpoint: it comes again, before what is new.
    let mut rig = Rig::start(&disk, 0);
    let safe = rig.way_in().keep(chunk(&["c"])).await.unwrap();
    assert_eq!(rig.next().await, marked(1, &["a", "b"]));
    assert_eq!(safe.wait().await, Ok(()));
    assert_eq!(rig.next().await, marked(2, &["c"]));
    rig.crash().await;

    // The checkpoint counts the first: only the second comes again.
    let mut rig = Rig::start(&disk, 1);
    assert_eq!(rig.next().await, marked(2, &["c"]));
    rig.saved.send_replace(2);
    let way_in = rig.way_in();
    way_in.hand_on(chunk(&["d"])).await.unwrap();
    assert_eq!(rig.next().await, marked(3, &["d"]));
    rig.crash().await;

    // A checkpoint may count what a power cut took from the disk: its number is never given again.
    let mut rig = Rig::start(&disk, 3);
    rig.way_in().hand_on(chunk(&["e"])).await.unwrap();
    assert_eq!(rig.next().await, marked(4, &["e"]));
}

#[tokio::test]
async fn what_cannot_be_kept_is_not_answered_and_what_nobody_waits_for_is_dealt_with() {
    let disk = SimulatedStorage::new(8);
    let mut rig = Rig::start(&disk, 0);
    disk.fail_sync_after(0);
    let safe = rig.way_in().keep(chunk(&["asked"])).await.unwrap();
    assert_eq!(safe.wait().await, Err(NotSafe));
    rig.way_in().hand_on(chunk(&["unasked"])).await.unwrap();
    assert_eq!(rig.next().await, (None, vec!["unasked".to_owned()]));
    let troubles = rig.board.lock().troubles.clone();
    assert!(troubles.contains(&Trouble::IntakeUnwritable));
}

#[tokio::test]
async fn a_full_disk_refuses_and_room_ends_the_trouble() {
    let disk = SimulatedStorage::new(9);
    let mut rig = Rig::start(&disk, 0);
    disk.set_capacity_bytes(Some(disk.used_bytes()));
    let safe = rig.way_in().keep(chunk(&["full"])).await.unwrap();
    assert_eq!(safe.wait().await, Err(NotSafe));
    disk.set_capacity_bytes(None);
    let safe = rig.way_in().keep(chunk(&["room"])).await.unwrap();
    assert_eq!(safe.wait().await, Ok(()));
    assert_eq!(rig.next().await.1, ["room"]);
    assert!(rig.board.lock().troubles.is_empty());
}

#[tokio::test]
async fn beyond_its_room_senders_wait_for_a_checkpoint_and_the_stop_is_not_held_up() {
    let disk = SimulatedStorage::new(10);
    let mut rig = Rig::start(&disk, 0);
    let large = "x".repeat(800_000);
    let fits = ROOM_BYTES / 800_000;
    for number in 1..=fits {
        rig.way_in().hand_on(chunk(&[&large])).await.unwrap();
        assert_eq!(rig.next().await.0, Some(Mark::Intake(number)));
    }
    let safe = rig.way_in().keep(chunk(&[&large])).await.unwrap();
    assert!(rig.records.try_recv().is_err());
    // A checkpoint makes room.
    rig.saved.send_replace(fits);
    assert_eq!(safe.wait().await, Ok(()));
    assert_eq!(rig.next().await.0, Some(Mark::Intake(fits + 1)));
    for _ in 0..fits - 1 {
        rig.way_in().hand_on(chunk(&[&large])).await.unwrap();
        rig.next().await;
    }
    let late = rig.way_in().keep(chunk(&[&large, &large[..1]])).await;
    rig.stop.send_replace(true);
    rig.way_in = None;
    // Either it found room or it was refused; nobody hangs, and the queue ends.
    drop(late.unwrap().wait().await);
    while rig.records.recv().await.is_some() {}
    drop(rig.saved);
    rig.keeper.await.unwrap();
}

#[tokio::test]
async fn damage_is_counted() {
    let disk = SimulatedStorage::new(11);
    let rig = Rig::start(&disk, 0);
    for text in ["one", "two", "three"] {
        let safe = rig.way_in().keep(chunk(&[text])).await.unwrap();
        assert_eq!(safe.wait().await, Ok(()));
    }
    rig.crash().await;
    // In the first frame of the first segment.
    disk.flip_bit("00000000000000000001.spool", 40, 3);
    let mut rig = Rig::start(&disk, 0);
    assert_eq!(rig.next().await, marked(2, &["two"]));
    assert_eq!(rig.next().await, marked(3, &["three"]));
    let at = Dropped::ALL
        .iter()
        .position(|one| *one == Dropped::IntakeDamaged);
    let dropped = rig.board.lock().tally.total().dropped;
    assert_eq!(dropped[at.unwrap()], 1);
}
