//! Batches: made from the spool, written to the ledger, sent until the hub gives its receipt. What to
//! do next is `larum_core::forward`'s decision.

use std::fs;
use std::path::Path;
use std::sync::{Arc, Mutex, PoisonError};
use std::time::Duration;

use larum_core::forward::{Action, Forward, Outbox, Settings};
use larum_core::time::Timestamp;
use larum_link::wire::{Batch, path};
use larum_spool::ledger::Keep;
use larum_spool::{Fault, FolderStorage, Ledger, Spool, SpoolError};

use super::batching::make_batch;
use super::connection::CallError;
use super::{KeepLedger, Report, Session, proofs, span};
use crate::identity::FOLDER;
use crate::state::{self, LEDGER_FOLDER, LEDGER_OF};

/// How long to wait after spool or ledger could not be used.
const STORAGE_PAUSE: Duration = Duration::from_secs(30);
/// How long a collector that stops still waits for the receipt of the batch it has just sent; it is sent
/// again after the start if none came.
const LAST_ANSWER: Duration = Duration::from_secs(2);
const MILLIS_PER_DAY: i64 = 24 * 3_600 * 1_000;
/// How often to look whether a part of the ledger is to go.
const PRUNE_EVERY_MS: u64 = MILLIS_PER_DAY.unsigned_abs();
/// How often to look whether the clock was set right, once the certificate has ended.
const ENDED_PAUSE: Duration = Duration::from_secs(60);

pub(super) async fn run(session: &Session) {
    let mut pace = Forward::new(Settings::default());
    loop {
        let ledger = match open(session).await {
            Ok(ledger) => ledger,
            Err(error) => {
                if storage_failed(session, &error).await {
                    continue;
                }
                return;
            }
        };
        let mut sender = Sender {
            session,
            ledger: Arc::new(Mutex::new(ledger)),
            pace,
            oldest: None,
            pruned: None,
        };
        while sender.step().await {
            // Shut after a failure: opening it anew tells what is on the disk, and writes again what
            // may only seem to be.
            if locked(&sender.ledger).is_poisoned() {
                break;
            }
        }
        pace = sender.pace;
        if *session.stop.borrow() || pace.stopped().is_some() {
            return;
        }
    }
}

struct Sender<'s> {
    session: &'s Session,
    ledger: Arc<Mutex<Ledger>>,
    pace: Forward,
    /// When frames began to wait.
    oldest: Option<Timestamp>,
    /// When the ledger was last looked at for what is to go.
    pruned: Option<Timestamp>,
}

impl Sender<'_> {
    /// One decision, obeyed; `false` when the session ended.
    async fn step(&mut self) -> bool {
        // Subscribed before looking, so that what is spooled in between wakes the wait below.
        let mut spooled = self.session.uplink.spooled.clone();
        spooled.mark_unchanged();
        if *self.session.stop.borrow() {
            return false;
        }
        let now = self.session.now();
        if self.session.identity().has_ended(now) {
            let failed = CallError::Link(super::connection::LinkProblem::CertificateEnded);
            self.session.report_failure(&failed).await;
            return self.session.pause(ENDED_PAUSE).await;
        }
        if !self.prune(now).await {
            return false;
        }
        let outbox = self.outbox(now);
        let wait = match self.pace.decide(outbox, now) {
            Action::SendPending(_) => return self.send().await,
            Action::MakeBatch { max } => return self.make_batch(max).await,
            Action::Wait(until) => Some(span(until.millis_since(now))),
            Action::Idle => None,
            Action::Stop(stop) => {
                tracing::warn!(reason = stop.as_str(), "sending has stopped");
                self.session.stopped().await;
                return false;
            }
        };
        let waited = async {
            match wait {
                Some(wait) => {
                    tokio::time::sleep(self.session.uplink.clock.real(wait)).await;
                }
                // Closed only when the collector stops, which the other branch tells.
                None => {
                    if spooled.changed().await.is_err() {
                        std::future::pending::<()>().await;
                    }
                }
            }
        };
        tokio::select! {
            () = self.session.stopped() => false,
            () = waited => true,
        }
    }

    /// Once a day the oldest part of the ledger goes, if it is to.
    async fn prune(&mut self, now: Timestamp) -> bool {
        let due = |at: Timestamp| now.millis_since(at).unsigned_abs() >= PRUNE_EVERY_MS;
        if !self.pruned.is_none_or(due) {
            return true;
        }
        self.pruned = Some(now);
        let KeepLedger { days, bytes } = self.session.uplink.keep;
        let days = i64::try_from(days).unwrap_or(i64::MAX);
        let now_ms = now.as_millis();
        let keep = Keep {
            since_ms: now_ms.saturating_sub(days.saturating_mul(MILLIS_PER_DAY)),
            max_bytes: bytes,
        };
        let ledger = self.ledger.clone();
        match blocking(move || locked(&ledger).prune(keep, now_ms)).await {
            Ok(0) => true,
            Ok(entries) => {
                tracing::info!(entries, "the oldest part of the ledger was left out");
                true
            }
            Err(error) => storage_failed(self.session, &error).await,
        }
    }

    fn outbox(&mut self, now: Timestamp) -> Outbox {
        let pending = locked(&self.session.uplink.spool).pending();
        self.oldest = (pending.frames > 0).then(|| self.oldest.unwrap_or(now));
        Outbox {
            unreceipted: locked(&self.ledger).waiting(),
            pending_frames: pending.frames,
            oldest: self.oldest,
        }
    }

    async fn make_batch(&mut self, max: usize) -> bool {
        let (spool, ledger) = (self.session.uplink.spool.clone(), self.ledger.clone());
        let now_ms = self.session.now().as_millis();
        let made = blocking(move || {
            // The spool is held all the while, so that its quota drops no frame that is on its way.
            make_batch(&mut locked(&spool), &mut locked(&ledger), max, now_ms)
        })
        .await;
        self.oldest = None;
        match made {
            Ok(Some(made)) => {
                self.session.report(Report::Sent(made)).await;
                true
            }
            // What waits is not safe on the disk yet.
            Ok(None) => self.session.pause(super::LEAST_PAUSE).await,
            Err(error) => storage_failed(self.session, &error).await,
        }
    }

    async fn send(&mut self) -> bool {
        let ledger = self.ledger.clone();
        let entry = match blocking(move || locked(&ledger).unreceipted()).await {
            Ok(Some(entry)) => entry,
            Ok(None) => return true,
            Err(error) => return storage_failed(self.session, &error).await,
        };
        let asked = self.session.now();
        let ended = async {
            self.session.stopped().await;
            tokio::time::sleep(LAST_ANSWER).await;
        };
        let posted = tokio::select! {
            () = ended => return false,
            posted = self.session.client.post(path::BATCHES, &entry.body) => posted,
        };
        let answered = posted.and_then(|answered| {
            let receipt = self.session.receipt(&answered.value, &entry)?;
            Ok((answered, receipt))
        });
        let (answered, receipt) = match answered {
            Ok(answered) => answered,
            Err(error) => return self.failed(&error).await,
        };
        let ledger = self.ledger.clone();
        let (sequence, bytes) = (entry.sequence, answered.value);
        if let Err(error) = blocking(move || locked(&ledger).receipt(sequence, &bytes)).await {
            // Sent again later; the hub answers with the same receipt.
            return storage_failed(self.session, &error).await;
        }
        self.pace.succeeded();
        let up_to = entry.spool_up_to;
        self.session
            .report(Report::Receipted { up_to, receipt })
            .await;
        self.session
            .report_answer(asked, answered.hub_time_ms)
            .await;
        true
    }

    async fn failed(&mut self, error: &CallError) -> bool {
        self.session.report_failure(error).await;
        let random = larum_link::secret::random::<8>().map_or(u64::MAX / 2, u64::from_le_bytes);
        // What follows from it is said by the next decision.
        let _: Action = self.pace.failed(
            error.failure(),
            error.retry_after(),
            self.session.now(),
            random,
        );
        true
    }
}

/// Opens the ledger of this identity, and finishes what a crash interrupted.
async fn open(session: &Session) -> Result<Ledger, SpoolError> {
    let state_dir = session.uplink.state_dir.clone();
    let collector = session.identity().collector().to_owned();
    let spool = session.uplink.spool.clone();
    let hub = session.hub();
    blocking(move || {
        begin_anew_for_another(&state_dir, &collector, &spool)?;
        let folder = state_dir.join(LEDGER_FOLDER);
        let ledger = Ledger::open(FolderStorage::open(&folder)?)?;
        // Beside the receipts they prove, so that those can be checked when the identity is another.
        proofs::keep(&folder, hub.authorities())?;
        locked(&spool).release(ledger.head().spool_up_to)?;
        Ok(ledger)
    })
    .await
}

/// A hub numbers the batches of each identity from 1. After joining again the old ledger is set aside,
/// whole and verifiable, as `ledger-COLLECTOR`; sightings in it that the hub has given no receipt for
/// go back into the spool. Should a crash fall in between they go out twice, which the hub counts once,
/// by their ids.
fn begin_anew_for_another(
    state_dir: &Path,
    collector: &str,
    spool: &Mutex<Spool>,
) -> Result<(), SpoolError> {
    let folder = state_dir.join(FOLDER);
    let owner = state::read(&folder, LEDGER_OF)?;
    let owner = owner.as_deref().map(str::trim);
    if owner == Some(collector) {
        return Ok(());
    }
    let old = state_dir.join(LEDGER_FOLDER);
    if let Some(owner) = owner
        && old.exists()
    {
        let ledger = Ledger::open(FolderStorage::open(&old)?)?;
        // Before anything else, so that what is in the ledger is not spooled twice.
        let mut spool = locked(spool);
        spool.release(ledger.head().spool_up_to)?;
        if let Some(entry) = ledger.unreceipted()?
            && let Ok(batch) = serde_json::from_slice::<Batch>(&entry.body)
        {
            for sighting in &batch.sightings {
                spool.append(&serde_json::to_vec(sighting).unwrap_or_default())?;
            }
            spool.sync()?;
        }
        drop(ledger);
        fs::rename(&old, state_dir.join(format!("{LEDGER_FOLDER}-{owner}")))?;
    }
    Ok(state::replace(&folder, LEDGER_OF, collector.as_bytes())?)
}

async fn storage_failed(session: &Session, error: &SpoolError) -> bool {
    let fault = error.fault;
    tracing::error!(reason = fault.code(), "spool or ledger cannot be used");
    session.report(Report::Storage(fault)).await;
    session.pause(STORAGE_PAUSE).await
}

async fn blocking<T: Send + 'static>(
    work: impl FnOnce() -> Result<T, SpoolError> + Send + 'static,
) -> Result<T, SpoolError> {
    tokio::task::spawn_blocking(work)
        .await
        .unwrap_or_else(|_| Err(Fault::Poisoned.into()))
}

/// Spool and ledger know by themselves when they can no longer be trusted.
fn locked<T>(mutex: &Mutex<T>) -> std::sync::MutexGuard<'_, T> {
    mutex.lock().unwrap_or_else(PoisonError::into_inner)
}
