//! Larum watches the traffic itself: each `[[capture]]` interface is read by threads of its own, which
//! make flows of packets and hand what was said to the pipeline, content-free.
//!
//! Rings are opened before anything else, because that takes a capability which is then given up; the
//! rest needs none.

mod shed;
mod worker;

use std::sync::Arc;

use larum_capture::{OpenError, Ring, Settings};
use larum_core::words::Words;
use larum_link::clock::Clock;
use rustix::thread::{CapabilitySet, capabilities, set_capabilities};
use serde::{Deserialize, Serialize};
use tokio::sync::{mpsc, oneshot, watch};
use tokio::task::JoinSet;

use crate::board::Board;
use crate::chunk::Chunk;
use crate::config::{CaptureInput, Config};
use worker::Worker;

/// An interface cannot be captured on.
#[derive(Debug, thiserror::Error)]
#[error("cannot capture on {interface}: {source}")]
pub struct CaptureError {
    /// Which.
    pub interface: String,
    /// Why.
    #[source]
    pub source: OpenError,
}

/// Open rings, not yet read.
#[derive(Debug, Default)]
pub struct Captures {
    opened: Vec<(CaptureInput, Vec<Ring>)>,
}

/// What was captured on an interface since the start: `packets = in_flows + unread + passed_over + lost`,
/// but for fragments that still wait for others.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct CaptureState {
    /// The interface.
    pub interface: String,
    /// Packets that came.
    pub packets: u64,
    /// Of these, counted in a flow.
    pub in_flows: u64,
    /// Of these, in none: no IP, cut off, malformed.
    pub unread: u64,
    /// Of these, passed over because they came too fast.
    pub passed_over: u64,
    /// Of these, lost by the kernel because the ring was full.
    pub lost: u64,
    /// Flows begun.
    pub flows: u64,
    /// Flows told early because there were too many.
    pub flows_shed: u64,
    /// Conversations listened to no more because there were too many.
    pub flows_unheard: u64,
    /// Bytes of conversations that were never captured.
    pub lost_bytes: u64,
}

impl CaptureError {
    /// What to do about it, in words for the person who wrote the configuration.
    #[must_use]
    pub fn say(&self, words: &Words) -> String {
        let args = [
            ("interface", self.interface.as_str().into()),
            ("problem", self.source.to_string().into()),
        ];
        let key = match self.source {
            OpenError::NoInterface => "capture-no-interface",
            OpenError::NotAllowed => "capture-not-allowed",
            OpenError::System { .. } => "capture-refused",
        };
        words.say_with(key, &args)
    }

    /// Whether only the right to capture is missing.
    #[must_use]
    pub const fn is_not_allowed(&self) -> bool {
        matches!(self.source, OpenError::NotAllowed)
    }
}

impl Captures {
    /// Opens what `config` names; frames wait from now on.
    ///
    /// # Errors
    /// With the first interface that cannot be opened.
    pub fn open(config: &Config) -> Result<Self, CaptureError> {
        let mut opened = Vec::with_capacity(config.captures.len());
        for input in &config.captures {
            let settings = Settings {
                interface: input.interface.clone(),
                workers: input.workers,
                ring_bytes: input.ring_bytes,
                frame_bytes: input.frame_bytes,
                promiscuous: input.promiscuous,
            };
            let rings = larum_capture::open(&settings).map_err(|source| CaptureError {
                interface: input.interface.clone(),
                source,
            })?;
            opened.push((input.clone(), rings));
        }
        Ok(Self { opened })
    }

    /// Starts reading; each task ends once its thread has told everything.
    pub(crate) fn start(
        self,
        board: &Arc<Board>,
        clock: &Clock,
        queue: &mpsc::Sender<Chunk>,
        stop: &watch::Receiver<bool>,
        tasks: &mut JoinSet<()>,
    ) -> std::io::Result<()> {
        for (input, rings) in self.opened {
            let parts = rings.len();
            for (part, ring) in (0_usize..).zip(rings) {
                let worker = Worker::new(ring, &input, parts, Arc::clone(board), clock.clone());
                let (done, ended) = oneshot::channel::<()>();
                let (queue, stop) = (queue.clone(), stop.clone());
                std::thread::Builder::new()
                    .name(format!("larum-capture-{part}"))
                    .spawn(move || {
                        worker.run(&queue, &stop);
                        drop(done);
                    })?;
                tasks.spawn(async move { drop(ended.await) });
            }
        }
        Ok(())
    }
}

/// Gives up what opening took: the capability to capture, and the one to change interfaces, on this thread
/// and those it will start. Open rings stay open.
///
/// # Errors
/// When the system refuses.
pub fn give_up_rights() -> std::io::Result<()> {
    let gone = CapabilitySet::NET_RAW | CapabilitySet::NET_ADMIN;
    let mut sets = capabilities(None)?;
    sets.effective.remove(gone);
    sets.permitted.remove(gone);
    sets.inheritable.remove(gone);
    Ok(set_capabilities(None, sets)?)
}
