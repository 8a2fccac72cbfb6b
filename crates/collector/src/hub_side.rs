//! What the uplink tells, entered on the board; and what it sends as a sign of life.

use std::path::Path;
use std::sync::Arc;

use larum_link::clock::Clock;
use larum_link::wire::{Heartbeat, MemberList};
use tokio::sync::{mpsc, watch};

use crate::blocklist::Fetched;
use crate::board::{Board, HubState, Trouble};
use crate::config::Config;
use crate::health::ConcernRow;
use crate::identity::Identity;
use crate::spooling::{SharedSpool, lock, state_of};
use crate::stop::until_stopped;
use crate::uplink::{self, KeepLedger, Report, Uplink};

/// Reports waiting to be entered.
const REPORTS: usize = 64;

/// The hub's side of a collector.
pub(crate) struct HubSide {
    config: Arc<Config>,
    clock: Clock,
    board: Arc<Board>,
    spool: SharedSpool,
    spooled: watch::Receiver<u64>,
    joined: watch::Sender<bool>,
}

/// What is wrong with the collector itself; what is wrong with a device stays home.
fn concerns_of(standing: &[ConcernRow]) -> Vec<String> {
    let own = standing.iter().filter(|concern| concern.device.is_none());
    own.map(|concern| concern.kind.clone()).collect()
}

/// Whether the collector on `folder` belongs to a hub.
pub(crate) fn has_joined(folder: &Path) -> bool {
    matches!(Identity::load(folder), Ok(Some(_)))
}

impl HubSide {
    pub(crate) fn new(
        config: &Arc<Config>,
        clock: &Clock,
        board: &Arc<Board>,
        spool: SharedSpool,
        spooled: watch::Receiver<u64>,
        joined: watch::Sender<bool>,
    ) -> Self {
        Self {
            config: Arc::clone(config),
            clock: clock.clone(),
            board: Arc::clone(board),
            spool,
            spooled,
            joined,
        }
    }

    /// Talks to the hub until `stopped` changes.
    pub(crate) async fn run(self, mut stopped: watch::Receiver<bool>) {
        let (reports, mut told) = mpsc::channel(REPORTS);
        let uplink = Uplink {
            state_dir: self.config.state_dir.clone(),
            version: env!("CARGO_PKG_VERSION").to_owned(),
            clock: self.clock.clone(),
            proxy: self.config.proxy.clone(),
            keep: KeepLedger {
                days: self.config.limits.ledger_days,
                bytes: self.config.limits.ledger_bytes,
            },
            spool: Arc::clone(&self.spool),
            spooled: self.spooled.clone(),
            blocklist: self.config.serves_blocklist(),
            heartbeat: self.heartbeat(),
            reports,
        };
        let talk = uplink::run(uplink, async move { until_stopped(&mut stopped).await });
        let listen = async {
            while let Some(report) = told.recv().await {
                match report {
                    Report::Blocklist(list) => self.keep_blocklist(list).await,
                    report => self.enter(report),
                }
            }
        };
        tokio::join!(talk, listen);
    }

    fn heartbeat(&self) -> Arc<dyn Fn() -> Heartbeat + Send + Sync> {
        let (board, clock) = (Arc::clone(&self.board), self.clock.clone());
        Arc::new(move || {
            let now = clock.now();
            let posted = board.lock();
            let heard = posted.tally.heard_since(now.plus_seconds(-3_600));
            Heartbeat {
                version: env!("CARGO_PKG_VERSION").to_owned(),
                now: now.as_millis(),
                total: posted.tally.total().into(),
                spool_bytes: posted.spool.bytes,
                devices: u32::try_from(heard).unwrap_or(u32::MAX),
                last_heard: posted.tally.last_heard().map(|heard| heard.as_millis()),
                concerns: concerns_of(&posted.concerns),
                trust: None,
            }
        })
    }

    /// The blocklist is served from now on, and kept for when the hub is away.
    async fn keep_blocklist(&self, list: Option<MemberList>) {
        let now = self.clock.now();
        let Some(list) = list else {
            if let Some(fetched) = &mut self.board.lock().blocklist {
                Arc::make_mut(fetched).confirm(now);
            }
            return;
        };
        let fetched = Arc::new(Fetched::new(list, now));
        self.board.lock().blocklist = Some(Arc::clone(&fetched));
        let folder = self.config.state_dir.clone();
        let kept = tokio::task::spawn_blocking(move || fetched.keep(&folder));
        if !matches!(kept.await, Ok(Ok(()))) {
            tracing::error!(reason = "state-unwritable", "the blocklist was not kept");
        }
    }

    fn enter(&self, report: Report) {
        let now = self.clock.now();
        // Spool before board, and never both: the pipeline takes them in turn too.
        let spool =
            matches!(report, Report::Receipted { .. }).then(|| state_of(&lock(&self.spool)));
        let mut guard = self.board.lock();
        let posted = &mut *guard;
        if let Some(spool) = spool {
            posted.spool = spool;
        }
        match report {
            Report::NotJoined => {
                self.joined.send_replace(false);
                posted.hub = HubState::not_joined();
            }
            Report::Joined { member, collector } => {
                self.joined.send_replace(true);
                posted.hub.member = Some(member);
                posted.hub.collector = Some(collector);
                if posted.hub.state == HubState::not_joined().state {
                    "joined".clone_into(&mut posted.hub.state);
                }
            }
            Report::Hub {
                state,
                clock_offset_ms,
            } => {
                state.clone_into(&mut posted.hub.state);
                if state == "connected" {
                    posted.hub.last_answer = Some(now.to_string());
                }
                posted.hub.clock_offset_ms = clock_offset_ms.or(posted.hub.clock_offset_ms);
            }
            Report::Sent(made) => {
                if made.unreadable > 0 {
                    tracing::error!(made.unreadable, "spool frames that are no sighting");
                }
                for (first, last) in made.lost {
                    posted.in_flight.lost(first, last);
                }
                posted.in_flight.sent(made.up_to, &mut posted.tally);
                posted.trouble(Trouble::SpoolUnreadable, false);
            }
            Report::Receipted { up_to, receipt } => {
                posted.in_flight.receipted(up_to, &mut posted.tally);
                posted.hub.last_answer = Some(now.to_string());
                posted.hub.last_batch = receipt.sequence;
            }
            Report::Warning(warning) => posted.warn(warning, now),
            // Kept on disk too, by who listens.
            Report::Blocklist(_) => {}
            Report::Storage(fault) => {
                tracing::error!(reason = fault.code(), "spool or ledger");
                posted.trouble(Trouble::SpoolUnreadable, true);
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_hub_hears_of_the_collector_and_of_no_device() {
        let row = |kind: &str, device: Option<&str>| ConcernRow {
            kind: kind.to_owned(),
            device: device.map(ToOwned::to_owned),
            ..ConcernRow::default()
        };
        let standing = [
            row("device-silent", Some("192.168.1.1")),
            row("spool-grows", None),
            row("disk-filling", None),
        ];
        assert_eq!(concerns_of(&standing), ["spool-grows", "disk-filling"]);
    }
}
