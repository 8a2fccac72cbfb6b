//! A whole collector: inputs, pipeline, page and the hub's side, started and stopped together.

use std::collections::BTreeMap;
use std::future::Future;
use std::io;
use std::net::SocketAddr;
use std::path::PathBuf;
use std::sync::{Arc, Mutex};

use larum_core::detect::Detect;
use larum_link::clock::Clock;
use larum_spool::{FolderStorage, Ledger, SpoolError};
use tokio::runtime::Handle;
use tokio::sync::{mpsc, oneshot, watch};
use tokio::task::{JoinHandle, JoinSet};

use crate::blocklist::Fetched;
use crate::board::Board;
use crate::capture::{CaptureError, Captures};
use crate::checkpoint::Checkpoint;
use crate::chunk::Chunk;
use crate::config::{CaptureInput, Config, Transport};
use crate::health::Watcher;
use crate::hub_side::HubSide;
use crate::intake::{self, Ends, Intake, Keeper};
use crate::knowledge;
use crate::listen::{CertificatesError, Inputs, MIN_TOKEN_BYTES};
use crate::lists::Unreadable;
use crate::memory;
use crate::own_formats::OwnFormatsError;
use crate::packs::Packed;
use crate::pipeline::{Parts, Pipeline};
use crate::pseudonyms;
pub use crate::reload::Reload;
use crate::shared::Shared;
use crate::sharing;
use crate::spooling::{self, SharedSpool, Spooling};
use crate::state::{LEDGER_FOLDER, SPOOL_FOLDER, StateError, StateFolder};
use crate::status::Status;
use crate::system_journal::{DEVICE, SystemJournal};
use crate::tail::{Folders, Seen, Tail};

/// Why a collector cannot start; the message says what to do.
#[derive(Debug, thiserror::Error)]
pub enum StartError {
    /// The knowledge that ships with the program is broken.
    #[error("the program's own content is broken, install it again: {0}")]
    Content(String),
    /// The state folder.
    #[error(transparent)]
    State(#[from] StateError),
    /// The checkpoint in it.
    #[error("the collector's own records cannot be read: {0}")]
    Checkpoint(io::Error),
    /// The key of the pseudonyms in it.
    #[error("the key by which sightings are called cannot be used: {0}")]
    Pseudonyms(io::Error),
    /// The spool.
    #[error("the queue of sightings cannot be opened: {0}")]
    Spool(#[from] SpoolError),
    /// What was taken from streams and is not dealt with yet.
    #[error("the records that were taken before the last end cannot be opened: {0}")]
    Intake(SpoolError),
    /// A certificate, key or authority of a listener.
    #[error(transparent)]
    Certificates(#[from] CertificatesError),
    /// An interface cannot be captured on.
    #[error(transparent)]
    Capture(#[from] CaptureError),
    /// The token of a listener cannot be read, or is none.
    #[error("{path} holds no token of at least {MIN_TOKEN_BYTES} letters: {source}")]
    Token {
        /// Which.
        path: PathBuf,
        /// What the system said.
        source: io::Error,
    },
    /// A list of indicators, or of what is never matched.
    #[error(transparent)]
    Lists(#[from] Unreadable),
    /// A rule folder.
    #[error("{path} cannot be read: {source}")]
    Unreadable {
        /// Which.
        path: PathBuf,
        /// What the system said.
        source: io::Error,
    },
    /// The firm's own format folder.
    #[error(transparent)]
    OwnFormats(#[from] OwnFormatsError),
    /// A listener, the page or the metrics cannot be bound.
    #[error("cannot listen on {what} {address}: {source}. Is another program using it?")]
    Bind {
        /// The protocol, `page` or `metrics`.
        what: &'static str,
        /// Where.
        address: SocketAddr,
        /// What the system said.
        source: io::Error,
    },
    /// The system gives no thread.
    #[error("the system gives no thread: {0}")]
    Thread(io::Error),
}

/// A running collector.
pub struct RunningCollector {
    /// Where the local page is.
    pub page_addr: Option<SocketAddr>,
    /// Where the metrics are.
    pub metrics_addr: Option<SocketAddr>,
    /// Where syslog is received, in the order of the configuration.
    pub listen: Vec<(Transport, SocketAddr)>,
    /// What it posts for page and status.
    pub board: Arc<Board>,
    /// Reads the firm's own formats and lists again.
    pub reload: Reload,
    /// Ends when the collector has stopped and everything is on disk.
    pub handle: JoinHandle<()>,
}

/// Starts a collector and returns once it receives. It stops when `shutdown` completes, or when
/// standard input was its only input and has ended: listeners are closed, what was received is dealt
/// with, open findings are ended, spool and positions are on disk.
///
/// # Errors
/// When something it needs cannot be opened; nothing is left running then.
pub async fn run(
    config: Config,
    shared: Shared,
    clock: Clock,
    shutdown: impl Future<Output = ()> + Send + 'static,
) -> Result<RunningCollector, StartError> {
    let captures = Captures::open(&config)?;
    run_capturing(config, shared, clock, captures, shutdown).await
}

/// As [`run`], with the interfaces of `config` already opened: opening takes a right that the caller may
/// have given up since ([`crate::capture::give_up_rights`]).
///
/// # Errors
/// As [`run`].
pub async fn run_capturing(
    config: Config,
    shared: Shared,
    clock: Clock,
    captures: Captures,
    shutdown: impl Future<Output = ()> + Send + 'static,
) -> Result<RunningCollector, StartError> {
    let config = Arc::new(config);
    let folder = StateFolder::take(&config.state_dir)?;
    let checkpoint = Checkpoint::load(folder.path()).map_err(StartError::Checkpoint)?;
    let board = Arc::new(Board::new(folder.path(), &checkpoint));
    let spool = open_spool(&config, &board)?;
    let mut packed = Packed::load(folder.path(), &config.pack_keys);
    let mut detect = detectors(&config, &shared, &std::mem::take(&mut packed.rules))?;
    let packed = Arc::new(packed);
    let (reload, changing) = Reload::new(&config, &shared, &packed, &board, &clock)?;
    memory::restore(&mut detect, folder.path()).map_err(StartError::Checkpoint)?;
    if config.serves_blocklist() {
        board.lock().blocklist = Fetched::load(folder.path()).map(Arc::new);
    }
    let inputs = Inputs::bind(&config, &changing.lists, &board, &clock)?;
    reload.certificates_are(inputs.certificates());
    let listen = inputs.addresses();
    let page = crate::page::bind(&config).await?;
    let (page_addr, metrics_addr) = (page.page_addr(), page.metrics_addr());

    let (stop, stopped) = watch::channel(false);
    let (joined_tx, joined) = watch::channel(crate::hub_side::has_joined(folder.path()));
    let (spooled_tx, spooled) = watch::channel(0);
    let page_url = page_addr.map(|address| format!("http://{address}/"));
    let status = Status::new(&config, input_names(&config, &listen), page_url);
    let (saved_tx, saved) = watch::channel(checkpoint.intake.done);
    let pipeline = Pipeline::new(Parts {
        changing,
        detect,
        sharing: sharing::configured(&config),
        pseudonyms: pseudonyms::kept(folder.path()).map_err(StartError::Pseudonyms)?,
        config: Arc::clone(&config),
        clock: clock.clone(),
        board: Arc::clone(&board),
        spooling: Spooling::new(Arc::clone(&spool), spooled_tx, config.limits.spool_days),
        status: status.clone(),
        joined,
        saved: saved_tx,
    });
    let within = Within::of(&config, &board, &clock, &checkpoint);
    let started = within.start(pipeline, (inputs, captures), (saved, &stopped))?;
    // The hub and the page stop last, so that the last sightings can still leave.
    let (stop_last, stopped_last) = watch::channel(false);
    tokio::spawn(reload.clone().watch_lists(stopped_last.clone()));
    let hub = HubSide::new(&config, &clock, &board, spool, spooled, joined_tx);
    let page = page.start(&config, &shared, &clock, &board, status, &stopped_last);

    let parts = Stoppable {
        stop,
        stop_last,
        inputs: started.inputs,
        files_done: [started.tail_done, started.folders_done],
        pipeline_done: started.pipeline_done,
        intake_done: started.intake_done,
        hub: tokio::spawn(hub.run(stopped_last.clone())),
        watcher: Watcher::start(&config, &clock, &board, &shared, &stopped_last),
        _folder: folder,
    };
    let ended = first_of(shutdown, started.stdin_done);
    let handle = tokio::spawn(parts.stop_after(ended, page));
    Ok(RunningCollector {
        page_addr,
        metrics_addr,
        listen,
        board,
        reload,
        handle,
    })
}

/// Ends when told to, or with standard input where there is nothing else to read.
async fn first_of(shutdown: impl Future<Output = ()>, stdin_done: Option<oneshot::Receiver<()>>) {
    let stdin_only = stdin_done.is_some();
    tokio::select! {
        () = shutdown => {}
        () = wait(stdin_done), if stdin_only => {}
    }
}

/// What must end in order.
struct Stoppable {
    stop: watch::Sender<bool>,
    stop_last: watch::Sender<bool>,
    inputs: JoinSet<()>,
    files_done: [Option<oneshot::Receiver<()>>; 2],
    pipeline_done: oneshot::Receiver<()>,
    intake_done: oneshot::Receiver<()>,
    hub: JoinHandle<()>,
    watcher: JoinHandle<()>,
    /// Given back last.
    _folder: StateFolder,
}

impl Stoppable {
    async fn stop_after(self, shutdown: impl Future<Output = ()>, page: impl Future<Output = ()>) {
        shutdown.await;
        self.stop().await;
        page.await;
    }

    async fn stop(mut self) {
        self.stop.send_replace(true);
        while self.inputs.join_next().await.is_some() {}
        for done in self.files_done {
            wait(done).await;
        }
        wait(Some(self.pipeline_done)).await;
        wait(Some(self.intake_done)).await;
        self.stop_last.send_replace(true);
        // A task that panicked has ended too; the panic itself is in the log.
        drop(self.hub.await);
        drop(self.watcher.await);
    }
}

/// Waits for a part to end; one that was never started has ended.
async fn wait(part: Option<oneshot::Receiver<()>>) {
    if let Some(part) = part {
        // A part that panicked dropped its sender: it has ended too.
        drop(part.await);
    }
}

/// Runs `part`, which waits for disks, on a thread of its own.
fn on_own_thread(
    name: &str,
    part: impl Future<Output = ()> + Send + 'static,
) -> Result<oneshot::Receiver<()>, StartError> {
    let (done, ended) = oneshot::channel();
    let runtime = Handle::current();
    std::thread::Builder::new()
        .name(format!("larum-{name}"))
        .spawn(move || {
            runtime.block_on(part);

            drop(done);
        })
        .map_err(StartError::Thread)?;
    Ok(ended)
}

fn open_spool(config: &Config, board: &Board) -> Result<SharedSpool, StartError> {
    let path = config.state_dir.join(SPOOL_FOLDER);
    let storage =
        FolderStorage::open(&path).map_err(|source| StateError::Unusable { path, source })?;
    let limits = larum_spool::Limits {
        total_bytes: config.limits.spool_bytes,
        keep_free_bytes: config.limits.keep_free_bytes,
        ..larum_spool::Limits::default()
    };
    // A ledger that cannot be read is told by the uplink, which needs it.
    let ledger = FolderStorage::read_only(config.state_dir.join(LEDGER_FOLDER))
        .ok()
        .and_then(|folder| Ledger::look(folder).ok());
    let spool = spooling::open(storage, limits, ledger.as_ref(), board)?;
    Ok(Arc::new(Mutex::new(spool)))
}

fn detectors(
    config: &Config,
    shared: &Shared,
    packed_rules: &[(String, String)],
) -> Result<Detect, StartError> {
    let rules = knowledge::rules(shared, &config.rules, packed_rules)?;
    let mut settings = larum_core::detect::Settings::new(Arc::clone(&shared.words));
    settings.own.clone_from(&config.own_networks);
    settings.marks.add_ours(config.ours.iter().cloned());
    settings.report_probes = true;
    // The pipeline gets the lists from `Reload`, before the first record.
    Ok(Detect::shared(settings, rules, Arc::default()))
}

/// What every input needs.
struct Within<'w> {
    config: &'w Config,
    board: &'w Arc<Board>,
    clock: &'w Clock,
    checkpoint: &'w Checkpoint,
}

/// The pipeline and its inputs, running.
struct Started {
    inputs: JoinSet<()>,
    tail_done: Option<oneshot::Receiver<()>>,
    folders_done: Option<oneshot::Receiver<()>>,
    pipeline_done: oneshot::Receiver<()>,
    intake_done: oneshot::Receiver<()>,
    /// Where standard input is all there is to read.
    stdin_done: Option<oneshot::Receiver<()>>,
}

type Stop<'s> = &'s watch::Receiver<bool>;
type Queue = mpsc::Sender<Chunk>;

impl<'w> Within<'w> {
    const fn of(
        config: &'w Config,
        board: &'w Arc<Board>,
        clock: &'w Clock,
        checkpoint: &'w Checkpoint,
    ) -> Self {
        Self {
            config,
            board,
            clock,
            checkpoint,
        }
    }

    fn start(
        &self,
        pipeline: Pipeline,
        (inputs, captures): (Inputs, Captures),
        (saved, stop): (watch::Receiver<u64>, Stop<'_>),
    ) -> Result<Started, StartError> {
        let (queue, records) = mpsc::channel(self.config.limits.queue_chunks);
        let (keeper, way_in) = self.intake(&queue, saved, stop)?;
        let pipeline_done = on_own_thread("pipeline", pipeline.run(records))?;
        let intake_done = on_own_thread("intake", keeper.run())?;
        let mut inputs = inputs.start(&queue, way_in, stop)?;
        captures
            .start(self.board, self.clock, &queue, stop, &mut inputs)
            .map_err(StartError::Thread)?;
        self.start_journal(&queue, stop, &mut inputs);
        let folders_done = self.start_folders(&queue, stop)?;
        Ok(Started {
            inputs,
            tail_done: self.start_tail(&queue, stop)?,
            folders_done,
            pipeline_done,
            intake_done,
            stdin_done: self.start_stdin(queue, stop),
        })
    }

    fn intake(
        &self,
        queue: &Queue,
        saved: watch::Receiver<u64>,
        stop: Stop<'_>,
    ) -> Result<(Keeper, Intake), StartError> {
        let path = self.config.state_dir.join(intake::FOLDER);
        let storage =
            FolderStorage::open(&path).map_err(|source| StateError::Unusable { path, source })?;
        let ends = Ends {
            board: Arc::clone(self.board),
            clock: self.clock.clone(),
            onward: queue.clone(),
            saved,
            stop: stop.clone(),
        };
        let limits = &self.config.limits;
        let room = intake::Room {
            max_bytes: limits.intake_bytes,
            keep_free_bytes: limits.keep_free_bytes,
        };
        Keeper::open(storage, room, ends).map_err(StartError::Intake)
    }

    fn start_tail(
        &self,
        queue: &Queue,
        stop: Stop<'_>,
    ) -> Result<Option<oneshot::Receiver<()>>, StartError> {
        if self.config.files.is_empty() {
            return Ok(None);
        }
        let tail = Tail::new(
            self.config.files.clone(),
            self.config.limits.files,
            Seen::new(self.checkpoint.positions.iter().cloned()),
            Arc::clone(self.board),
            self.clock.clone(),
        );
        on_own_thread("tail", tail.run(queue.clone(), stop.clone())).map(Some)
    }

    fn start_folders(
        &self,
        queue: &Queue,
        stop: Stop<'_>,
    ) -> Result<Option<oneshot::Receiver<()>>, StartError> {
        if self.config.folders.is_empty() {
            return Ok(None);
        }
        let folders = Folders {
            inputs: self.config.folders.clone(),
            max_files: self.config.limits.files,
            board: Arc::clone(self.board),
            clock: self.clock.clone(),
            seen: BTreeMap::new(),
            read: Vec::new(),
        };
        on_own_thread("folders", folders.run(queue.clone(), stop.clone())).map(Some)
    }

    fn start_journal(&self, queue: &Queue, stop: Stop<'_>, tasks: &mut JoinSet<()>) {
        if let Some(input) = &self.config.journal {
            let journal = SystemJournal {
                input: input.clone(),
                cursor: self.checkpoint.journal.clone(),
                board: Arc::clone(self.board),
                clock: self.clock.clone(),
            };
            tasks.spawn(journal.run(queue.clone(), stop.clone()));
        }
    }

    /// The last input to start: with it the way to the pipeline is given away.
    fn start_stdin(&self, queue: Queue, stop: Stop<'_>) -> Option<oneshot::Receiver<()>> {
        if !self.config.stdin {
            return None;
        }
        let (done, ended) = oneshot::channel();
        let clock = self.clock.clone();
        let read = crate::stdin::run(tokio::io::stdin(), clock, queue, stop.clone());
        tokio::spawn(async move {
            read.await;

            drop(done);
        });
        (!self.config.has_lasting_input()).then_some(ended)
    }
}

fn input_names(config: &Config, listen: &[(Transport, SocketAddr)]) -> Vec<String> {
    let listeners = listen
        .iter()
        .map(|(transport, address)| format!("{} {address}", transport.as_str()));
    let files = config
        .files
        .iter()
        .map(|file| file.path.display().to_string());
    let folders = config.folders.iter();
    let folders = folders.map(|folder| folder.path.display().to_string());
    let files = files.chain(folders);
    let journal = config.journal.iter().map(|_| DEVICE.to_owned());
    let stdin = config.stdin.then(|| "stdin".to_owned());
    let captures = config.captures.iter().map(CaptureInput::device);
    let listeners = listeners.chain(captures);
    listeners.chain(files).chain(journal).chain(stdin).collect()
}
