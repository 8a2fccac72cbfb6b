//! The way to the hub: batches out, signs of life out, warnings in, certificates renewed. Everything
//! that leaves is in the ledger before it leaves.

pub mod batching;
pub mod connection;
pub mod proofs;
pub mod proxy;
mod sender;

use std::path::PathBuf;
use std::sync::{Arc, Mutex, PoisonError};
use std::time::Duration;

use larum_core::forward::{Action, Forward};
use larum_core::time::Timestamp;
use larum_link::clock::Clock;
use larum_link::secret::random;
use larum_link::token::HubAddress;
use larum_link::wire::{
    Heartbeat, MAX_BLOCKLIST_BYTES, MemberList, Receipt, WireBlocklist, WireWarning, path,
};
use larum_spool::ledger::Entry;
use larum_spool::{Fault, Spool};
use tokio::sync::{mpsc, watch};

use self::batching::{Hub, Made};
use self::connection::{CallError, Client};
use crate::identity::{self, Identity};
use crate::{state, warnings};

/// How often a sign of life is sent, on the collector's clock; never faster than [`LEAST_PAUSE`].
const HEARTBEAT_EVERY: Duration = Duration::from_secs(60);
/// How often the certificate's age is looked at, on the collector's clock.
const RENEWAL_EVERY: Duration = Duration::from_secs(600);
/// When the hub changes its authority, collectors ask for the next certificate within this many seconds,
/// not all at once.
const TRUST_SPREAD_SECONDS: u64 = 60;
/// How often the identity on the disk is looked at, so that `larum join` works while this runs.
const IDENTITY_EVERY: Duration = Duration::from_secs(3);
/// How often the hub is asked whether the blocklist is another, on the collector's clock.
const BLOCKLIST_EVERY: Duration = Duration::from_secs(300);
/// However fast the clock runs, no loop runs faster than this.
const LEAST_PAUSE: Duration = Duration::from_millis(500);

/// What the uplink works with.
#[derive(Clone)]
pub struct Uplink {
    /// The state folder: `identity/` and `ledger/` in it are the uplink's.
    pub state_dir: PathBuf,
    /// Version of this program, for the hub.
    pub version: String,
    /// The collector's clock.
    pub clock: Clock,
    /// The proxy to go through, if any.
    pub proxy: Option<HubAddress>,
    /// How much of the record of what has left is kept.
    pub keep: KeepLedger,
    /// What waits to be sent: frames of [`larum_link::convert::frame`].
    pub spool: Arc<Mutex<Spool>>,
    /// Changes whenever something was spooled.
    pub spooled: watch::Receiver<u64>,
    /// Whether the member's blocklist is served here, and so fetched.
    pub blocklist: bool,
    /// The sign of life to send.
    pub heartbeat: Arc<dyn Fn() -> Heartbeat + Send + Sync>,
    /// What the uplink has to tell.
    pub reports: mpsc::Sender<Report>,
}

/// How much of the record of what has left is kept; what has no receipt yet stays in any case.
#[derive(Clone, Copy, Debug)]
pub struct KeepLedger {
    /// So many days.
    pub days: u64,
    /// Beyond so many bytes the oldest goes earlier.
    pub bytes: u64,
}

/// What the uplink tells.
#[derive(Clone, Debug)]
pub enum Report {
    /// There is no identity yet: nothing leaves.
    NotJoined,
    /// Works under this identity from now on.
    Joined {
        /// The member's name at the hub.
        member: String,
        /// The collector's identity at the hub.
        collector: String,
    },
    /// How the last call went.
    Hub {
        /// `connected`, or why not: the codes of `Failure` and of [`connection::LinkProblem`], and
        /// `identity-unreadable`.
        state: &'static str,
        /// The hub's clock minus ours, in milliseconds.
        clock_offset_ms: Option<i64>,
    },
    /// Spool frames are in a batch in the ledger.
    Sent(Made),
    /// The hub has counted a batch.
    Receipted {
        /// Spool number of the last frame in it.
        up_to: u64,
        /// The hub's word.
        receipt: Receipt,
    },
    /// A warning from the hub; may come twice after a crash.
    Warning(WireWarning),
    /// The member's blocklist; none when it is the one told of before.
    Blocklist(Option<MemberList>),
    /// Spool or ledger could not be used; nothing is lost, sending waits.
    Storage(Fault),
}

/// What the loops of one identity share.
struct Session {
    uplink: Uplink,
    identity: Mutex<Identity>,
    client: Client,
    hub: Mutex<Arc<Hub>>,
    stop: watch::Sender<bool>,
}

impl Session {
    fn now(&self) -> Timestamp {
        self.uplink.clock.now()
    }

    fn identity(&self) -> Identity {
        self.identity
            .lock()
            .unwrap_or_else(PoisonError::into_inner)
            .clone()
    }

    /// The hub as it is known by now.
    fn hub(&self) -> Arc<Hub> {
        let hub = self.hub.lock();
        hub.unwrap_or_else(PoisonError::into_inner).clone()
    }

    /// The receipt in an answer. A hub that has changed its authority meanwhile signs it with a key that this
    /// collector learns with its next certificate, a moment later: that is to be tried again soon.
    fn receipt(&self, answer: &[u8], entry: &Entry) -> Result<Receipt, CallError> {
        let told = self.client.trust_told();
        self.hub().receipt(answer, entry).map_err(|error| {
            let is_behind = told
                .borrow()
                .as_ref()
                .is_some_and(|told| *told != self.identity().trust());
            if is_behind {
                CallError::Malformed
            } else {
                error
            }
        })
    }

    /// Goes on under the next certificate; whom it makes known as the hub is kept beside the receipts
    /// first, so that each that comes can be proved later.
    async fn go_on_under(&self, next: Identity) {
        let (collector, authorities) = (next.collector().to_owned(), next.authorities());
        let folder = self.uplink.state_dir.join(state::LEDGER_FOLDER);
        let kept = authorities.clone();
        let keeping = move || proofs::keep(&folder, &kept);
        if !matches!(tokio::task::spawn_blocking(keeping).await, Ok(Ok(()))) {
            tracing::error!(
                reason = "state-unwritable",
                "the hub's certificate was not kept"
            );
        }
        *self.hub.lock().unwrap_or_else(PoisonError::into_inner) =
            Arc::new(Hub::new(collector, authorities));
        if let Ok(tls) = next.tls(&self.uplink.clock) {
            self.client.replace_tls(tls).await;
        }
        *self.identity.lock().unwrap_or_else(PoisonError::into_inner) = next;
    }

    async fn report(&self, report: Report) {
        // Nobody listens any more only when the collector is stopping.
        drop(self.uplink.reports.send(report).await);
    }

    async fn report_answer(&self, asked: Timestamp, hub_time_ms: Option<i64>) {
        let middle_ms = i64::midpoint(asked.as_millis(), self.now().as_millis());
        self.report(Report::Hub {
            state: "connected",
            clock_offset_ms: hub_time_ms.map(|hub| hub.saturating_sub(middle_ms)),
        })
        .await;
    }

    async fn report_failure(&self, error: &CallError) {
        let state = match error {
            CallError::Link(problem) => problem.code(),
            other => other.failure().as_str(),
        };
        tracing::info!(reason = state, "the hub gave no answer");
        self.report(Report::Hub {
            state,
            clock_offset_ms: None,
        })
        .await;
    }

    /// Ends when this session is to end.
    async fn stopped(&self) {
        let mut stop = self.stop.subscribe();
        drop(stop.wait_for(|stop| *stop).await);
    }

    /// Sleeps for `span` of the collector's clock; `false` when the session ended.
    async fn pause(&self, span: Duration) -> bool {
        let span = self.uplink.clock.real(span).max(LEAST_PAUSE);
        tokio::select! {
            () = self.stopped() => false,
            () = tokio::time::sleep(span) => true,
        }
    }

    /// Sleeps as `pace` says after a failed call; `false` when the session ended.
    async fn pause_after(&self, pace: &mut Forward, error: &CallError) -> bool {
        let now = self.now();
        let random = random::<8>().map_or(u64::MAX / 2, u64::from_le_bytes);
        let wait = match pace.failed(error.failure(), error.retry_after(), now, random) {
            Action::Wait(until) => span(until.millis_since(now)),
            // Only a person can mend it, but asking now and then tells when it was.
            _ => {
                pace.resume();
                Duration::from_secs(900)
            }
        };
        self.pause(wait).await
    }
}

/// Runs the uplink until `shutdown` ends. While there is no identity it waits for one; when another
/// takes its place, it goes on under that.
pub async fn run(uplink: Uplink, shutdown: impl Future<Output = ()>) {
    tokio::pin!(shutdown);
    let mut told = None;
    loop {
        let problem = match Identity::load(&uplink.state_dir) {
            Ok(Some(identity)) => {
                told = None;
                if session(&uplink, identity, shutdown.as_mut()).await {
                    return;
                }
                continue;
            }
            Ok(None) => Report::NotJoined,
            Err(_) => Report::Hub {
                state: "identity-unreadable",
                clock_offset_ms: None,
            },
        };
        if told != Some(std::mem::discriminant(&problem)) {
            told = Some(std::mem::discriminant(&problem));
            drop(uplink.reports.send(problem).await);
        }
        tokio::select! {
            () = shutdown.as_mut() => return,
            () = tokio::time::sleep(IDENTITY_EVERY) => {}
        }
    }
}

/// Works under one identity; `true` when the collector stops, `false` when the identity changed.
async fn session(
    uplink: &Uplink,
    identity: Identity,
    shutdown: std::pin::Pin<&mut impl Future<Output = ()>>,
) -> bool {
    let Ok(client) = identity.client_through(uplink.proxy.clone(), &uplink.clock) else {
        tokio::time::sleep(IDENTITY_EVERY).await;
        return false;
    };
    let session = Session {
        uplink: uplink.clone(),
        client,
        hub: Mutex::new(Arc::new(Hub::new(
            identity.collector().to_owned(),
            identity.authorities(),
        ))),
        stop: watch::Sender::new(false),
        identity: Mutex::new(identity.clone()),
    };
    session
        .report(Report::Joined {
            member: identity.member().to_owned(),
            collector: identity.collector().to_owned(),
        })
        .await;
    let watcher = async {
        let ended = tokio::select! {
            () = shutdown => true,
            () = other_identity(&session) => false,
        };
        session.stop.send_replace(true);
        ended
    };
    let (ended, (), (), (), (), ()) = tokio::join!(
        watcher,
        sender::run(&session),
        send_heartbeats(&session),
        keep_certificate(&session),
        fetch_warnings(&session),
        fetch_blocklist(&session),
    );
    ended
}

/// Ends when the disk holds the identity of another collector.
async fn other_identity(session: &Session) {
    let own = session.identity().collector().to_owned();
    loop {
        tokio::time::sleep(IDENTITY_EVERY).await;
        let state_dir = session.uplink.state_dir.clone();
        let found = tokio::task::spawn_blocking(move || Identity::load(&state_dir)).await;
        if let Ok(Ok(Some(identity))) = found
            && identity.collector() != own
        {
            return;
        }
    }
}

async fn send_heartbeats(session: &Session) {
    let mut pace = Forward::default();
    loop {
        let mut heartbeat = (session.uplink.heartbeat)();
        heartbeat.trust = Some(session.identity().trust());
        let asked = session.now();
        let body = serde_json::to_vec(&heartbeat).unwrap_or_default();
        let posted = tokio::select! {
            () = session.stopped() => return,
            posted = session.client.post(path::HEARTBEAT, &body) => posted,
        };
        let go_on = match posted {
            Ok(answered) => {
                pace.succeeded();
                session.report_answer(asked, answered.hub_time_ms).await;
                session.pause(HEARTBEAT_EVERY).await
            }
            Err(error) => {
                session.report_failure(&error).await;
                session.pause_after(&mut pace, &error).await
            }
        };
        if !go_on {
            return;
        }
    }
}

async fn keep_certificate(session: &Session) {
    let spread = random::<8>().map_or(0, u64::from_le_bytes);
    let mut pace = Forward::default();
    let mut told = session.client.trust_told();
    let mut followed = None;
    loop {
        let identity = session.identity();
        let now = session.now();
        let left_ms = identity.renew_at(spread).millis_since(now);
        let news = followed_by(&told.borrow_and_update(), &identity, followed.as_ref());
        if identity.has_ended(now) || (left_ms > 0 && news.is_none()) {
            let wait = span(left_ms).clamp(Duration::from_secs(1), RENEWAL_EVERY);
            let go_on = tokio::select! {
                go_on = session.pause(wait) => go_on,
                Ok(()) = told.changed() => true,
            };
            if !go_on {
                return;
            }
            continue;
        }
        let hold = Duration::from_secs(spread % TRUST_SPREAD_SECONDS);
        if left_ms > 0 && !session.pause(hold).await {
            return;
        }
        let renewed = tokio::select! {
            () = session.stopped() => return,
            renewed = identity::renew(&identity, &session.client, &session.uplink.state_dir) => renewed,
        };
        let go_on = match renewed {
            Ok(next) => {
                pace.succeeded();
                followed = news.or(followed);
                session.go_on_under(next).await;
                tracing::info!("certificate renewed");
                true
            }
            Err(identity::JoinError::Call(error)) => session.pause_after(&mut pace, &error).await,
            Err(_) => {
                tracing::error!(reason = "identity-unwritable", "certificate not renewed");
                session.pause(RENEWAL_EVERY).await
            }
        };
        if !go_on {
            return;
        }
    }
}

/// Whom the hub would have trusted, if that is not whom this collector trusts. It is asked for at once,
/// and once only, so that two hubs that disagree do not keep it going.
fn followed_by(
    told: &Option<String>,
    identity: &Identity,
    followed: Option<&String>,
) -> Option<String> {
    let told = told.as_ref()?;
    (followed != Some(told) && *told != identity.trust()).then(|| told.clone())
}

async fn fetch_warnings(session: &Session) {
    let mut pace = Forward::default();
    let hub = session.identity().authority_sha256().to_owned();
    let mut seen = warnings::Seen::load(&session.uplink.state_dir, &hub);
    loop {
        let fetched = tokio::select! {
            () = session.stopped() => return,
            fetched = warnings::fetch(&session.client, seen.after()) => fetched,
        };
        let go_on = match fetched {
            Ok(fetched) => {
                pace.succeeded();
                for warning in fetched.warnings {
                    session.report(Report::Warning(warning)).await;
                }
                // Kept after it was handed on: a crash in between repeats a warning, never loses it.
                if seen
                    .advance(&session.uplink.state_dir, fetched.next)
                    .is_err()
                {
                    tracing::error!(reason = "state-unwritable", "last warning not kept");
                }
                !*session.stop.borrow()
            }
            Err(error) => {
                session.report_failure(&error).await;
                session.pause_after(&mut pace, &error).await
            }
        };
        if !go_on {
            return;
        }
    }
}

/// Fetches the member's blocklist, whole or only whether it is still the same.
async fn fetch_blocklist(session: &Session) {
    if !session.uplink.blocklist {
        return;
    }
    let mut pace = Forward::default();
    let mut tag = String::new();
    loop {
        let query = format!("{}?known={tag}", path::BLOCKLIST);
        let fetched = tokio::select! {
            () = session.stopped() => return,
            fetched = session.client.get_long::<WireBlocklist>(&query, Duration::ZERO, MAX_BLOCKLIST_BYTES) => fetched,
        };
        let go_on = match fetched {
            Ok(answered) => {
                pace.succeeded();
                tag = answered.value.tag;
                session.report(Report::Blocklist(answered.value.list)).await;
                session.pause(BLOCKLIST_EVERY).await
            }
            // Whether the hub can be reached is told by the other calls.
            Err(error) => session.pause_after(&mut pace, &error).await,
        };
        if !go_on {
            return;
        }
    }
}

fn span(milliseconds: i64) -> Duration {
    Duration::from_millis(u64::try_from(milliseconds).unwrap_or(0))
}
