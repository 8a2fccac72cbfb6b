//! Spool and ledger together on a disk that fails in every way it can: what was acknowledged is in
//! the ledger exactly once and in order, whatever happens.
#![expect(
    clippy::unwrap_used,
    clippy::indexing_slicing,
    reason = "a test fails by panicking"
)]

use larum_spool::simulated::SimulatedStorage;
use larum_spool::{Fault, Ledger, Limits, Spool, SpoolError, WhenLow};
use proptest::prelude::*;

const LIMITS: Limits = Limits {
    segment_bytes: 300,
    // Never reached here: dropping by quota is tested apart.
    total_bytes: 1 << 30,
    frame_bytes: 100,
    keep_free_bytes: 0,
    when_low: WhenLow::DropOldest,
    reserve_bytes: 64,
};

#[derive(Clone, Debug)]
enum Step {
    Append(usize),
    Sync,
    /// Read so many frames, write them to the ledger, release them.
    Ship(usize),
    Receipt,
    FailWrite(u64),
    FailSync(u64),
    /// Leave so little room on either disk.
    Fill(u64),
    MakeRoom,
    /// The process ends; the machine stays up.
    Kill,
    /// The power fails.
    Crash,
}

fn step() -> impl Strategy<Value = Step> {
    prop_oneof![
        8 => (0_usize..80).prop_map(Step::Append),
        5 => Just(Step::Sync),
        4 => (1_usize..12).prop_map(Step::Ship),
        3 => Just(Step::Receipt),
        1 => (0_u64..6).prop_map(Step::FailWrite),
        1 => (0_u64..6).prop_map(Step::FailSync),
        1 => (0_u64..200).prop_map(Step::Fill),
        2 => Just(Step::MakeRoom),
        1 => Just(Step::Kill),
        1 => Just(Step::Crash),
    ]
}

/// A machine with the two folders, and what the world outside knows.
struct World {
    spool_disk: SimulatedStorage,
    ledger_disk: SimulatedStorage,
    open: Option<(Spool<SimulatedStorage>, Ledger<SimulatedStorage>)>,
    /// The next frame's own number, inside its bytes.
    next_id: u64,
    appended: Vec<u64>,
    acknowledged: Vec<u64>,
    /// Entries for which `append` returned.
    sent: u64,
    receipted: u64,
}

impl World {
    fn new(seed: u64) -> Self {
        Self {
            spool_disk: SimulatedStorage::new(seed),
            ledger_disk: SimulatedStorage::new(!seed),
            open: None,
            next_id: 1,
            appended: Vec::new(),
            acknowledged: Vec::new(),
            sent: 0,
            receipted: 0,
        }
    }

    fn calm(&self) {
        for disk in [&self.spool_disk, &self.ledger_disk] {
            disk.no_more_faults();
            disk.set_capacity_bytes(None);
        }
    }

    /// Opens both if need be, as a collector does when it starts.
    fn opened(&mut self) -> &mut (Spool<SimulatedStorage>, Ledger<SimulatedStorage>) {
        if self.open.is_none() {
            self.calm();
            let (mut spool, _) = Spool::open(self.spool_disk.clone(), LIMITS).unwrap();
            let ledger = Ledger::open(self.ledger_disk.clone()).unwrap();
            spool.release(ledger.head().spool_up_to).unwrap();
            assert!(ledger.head().sequence >= self.sent, "an entry was lost");
            assert!(
                ledger.head().receipted >= self.receipted,
                "a receipt was lost"
            );
            ledger.verify().unwrap();
            self.open = Some((spool, ledger));
        }
        self.open.as_mut().unwrap()
    }

    fn take(&mut self, step: &Step) {
        match step {
            Step::FailWrite(count) => self.spool_disk.fail_write_after(*count),
            Step::FailSync(count) if count % 2 == 0 => self.spool_disk.fail_sync_after(*count),
            Step::FailSync(count) => self.ledger_disk.fail_sync_after(*count),
            Step::Fill(room) => {
                for disk in [&self.spool_disk, &self.ledger_disk] {
                    disk.set_capacity_bytes(Some(disk.used_bytes() + room));
                }
            }
            Step::MakeRoom => self.calm(),
            Step::Kill => {
                self.open = None;
                self.appended.clear();
            }
            Step::Crash => {
                self.open = None;
                self.appended.clear();
                self.spool_disk.crash();
                self.ledger_disk.crash();
            }
            Step::Append(..) | Step::Sync | Step::Ship(_) | Step::Receipt => {
                if let Err(error) = self.work(step)
                    && error.fault != Fault::DiskFull
                {
                    // Shut, or in doubt: a collector starts anew.
                    self.open = None;
                    self.appended.clear();
                }
            }
        }
    }

    fn work(&mut self, step: &Step) -> Result<(), SpoolError> {
        let id = self.next_id;
        let (spool, ledger) = self.opened();
        match step {
            Step::Append(padding) => {
                let mut frame = id.to_le_bytes().to_vec();
                frame.resize(8 + padding, 0xEE);
                spool.append(&frame)?;
                self.next_id += 1;
                self.appended.push(id);
            }
            Step::Sync => {
                spool.sync()?;
                self.acknowledged.append(&mut self.appended);
            }
            Step::Ship(max) => {
                let mut frames = Vec::new();
                spool.read(ledger.head().spool_up_to + 1, *max, 1_000, &mut frames)?;
                let Some(last) = frames.last().map(|frame| frame.number) else {
                    return Ok(());
                };
                let body: Vec<u8> = frames
                    .iter()
                    .flat_map(|frame| frame.bytes[..8].to_vec())
                    .collect();
                let entry = ledger.append(&body, last, 0)?;
                let released = spool.release(last);
                self.sent = entry.sequence;
                released?;
            }
            _ => {
                if let Some(entry) = ledger.unreceipted()? {
                    ledger.receipt(entry.sequence, b"received")?;
                    self.receipted = entry.sequence;
                }
            }
        }
        Ok(())
    }

    /// Everything that was ever sent, in order.
    fn finish(mut self) -> (Vec<u64>, Vec<u64>) {
        self.open = None;
        self.opened();
        while self.opened().0.pending().frames > 0 {
            self.work(&Step::Ship(7)).unwrap();
        }
        let dropped = self.opened().0.dropped();
        assert_eq!(dropped.quota, 0);
        let (_, ledger) = self.opened();
        let entries = ledger.entries(1, u64::MAX).unwrap();
        let sent = entries
            .iter()
            .flat_map(|entry| entry.body.chunks_exact(8))
            .map(|id| u64::from_le_bytes(id.try_into().unwrap()))
            .collect();
        (sent, self.acknowledged)
    }
}

fn check(seed: u64, steps: &[Step]) {
    let mut world = World::new(seed);
    for step in steps {
        world.take(step);
    }
    let (sent, acknowledged) = world.finish();
    assert!(
        sent.windows(2).all(|pair| pair[0] < pair[1]),
        "in order and none twice: {sent:?}"
    );
    for id in acknowledged {
        assert!(
            sent.binary_search(&id).is_ok(),
            "{id} was acknowledged and lost"
        );
    }
}

proptest! {
    #![proptest_config(ProptestConfig { cases: 1_000, failure_persistence: None, ..ProptestConfig::default() })]

    #[test]
    fn what_was_acknowledged_is_sent_exactly_once_and_in_order(
        seed in any::<u64>(),
        steps in prop::collection::vec(step(), 1..120),
    ) {
        check(seed, &steps);
    }
}
