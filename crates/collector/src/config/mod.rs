//! What a collector is told: one TOML file, read by one fallible constructor that reports every
//! problem at once, each with its line and what is allowed there.

mod capture;
mod listen;
mod problem;
mod reader;
mod zone;

pub use capture::{CaptureInput, MAX_CAPTURES, MAX_RING_BYTES};
pub use listen::{Allow, CertificateFrom, Listen, ListenTls, Transport};
pub use problem::{ConfigError, Expected, Problem, ProblemKind};
pub use zone::Zone;

use std::net::{IpAddr, Ipv4Addr, SocketAddr};
use std::path::{Path, PathBuf};

use larum_core::address::Network;
use larum_core::finding::Severity;
use larum_link::token::HubAddress;

use crate::packs::Key;

/// Largest configuration file that is read.
pub const MAX_CONFIG_BYTES: u64 = 1_048_576;
/// Most `[[listen]]` sections.
pub const MAX_LISTEN: usize = 32;
/// Most `[[file]]` sections.
pub const MAX_FILE_INPUTS: usize = 256;

/// Everything a collector is told. Build it with [`Config::read`], or [`Config::new`] and plain
/// assignments.
#[derive(Clone, Debug)]
pub struct Config {
    /// Folder for everything the collector keeps: identity, spool, ledger, positions, findings.
    /// Made with mode 0700 when missing.
    pub state_dir: PathBuf,
    /// Where records are sent to. Default: nowhere.
    pub listen: Vec<Listen>,
    /// Interfaces whose traffic is looked at. Default: none.
    pub captures: Vec<CaptureInput>,
    /// Log files that are followed. Default: none.
    pub files: Vec<FileInput>,
    /// Folders that whole files are put into. Default: none.
    pub folders: Vec<FolderInput>,
    /// The journal of this machine. Default: not read.
    pub journal: Option<JournalInput>,
    /// Whether standard input is read until it ends. Default: no.
    pub stdin: bool,
    /// Where the local page is served, loopback only; `None` switches it off. Default:
    /// 127.0.0.1:7780.
    pub page_address: Option<SocketAddr>,
    /// Where metrics are served, loopback only; `None` switches them off. Default: off.
    pub metrics_address: Option<SocketAddr>,
    /// Zone the page shows, and of time stamps that name none: in files for good, from senders until
    /// their history shows which zone they use. Default: Europe/London.
    pub zone: Zone,
    /// The firm's own public networks: never shared as an attacker. Default: none; they are learned.
    pub own_networks: Vec<Network>,
    /// Networks that are not the firm's, whatever is learned. Default: none.
    pub not_own_networks: Vec<Network>,
    /// Addresses that are no cause for alarm, with the reason: the firm's other office, the IT firm that
    /// looks after it. Default: none.
    pub ours: Vec<(Network, String)>,
    /// Lists of indicators: files, and folders of files. Read again when they change. Default: none.
    pub indicators: Vec<PathBuf>,
    /// Lists of what is never to be matched, beside what ships. Read again when they change.
    /// Default: none.
    pub never_match: Vec<PathBuf>,
    /// Folders with further Sigma rules. Default: none.
    pub rules: Vec<PathBuf>,
    /// Folder with the firm's own format files, read at the start and on reload. Default: none.
    pub formats: Option<PathBuf>,
    /// Keys of those whose content packs are used. Default: none, and no pack is.
    pub pack_keys: Vec<Key>,
    /// The HTTP proxy through which the hub is called. Default: none, the hub is called directly.
    pub proxy: Option<HubAddress>,
    /// What leaves the building.
    pub sharing: SharingConfig,
    /// Findings at or above this severity are alerts at once. Default: medium.
    pub alert_severity: Severity,
    /// Limits.
    pub limits: Limits,
}

/// Log files that are followed.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct FileInput {
    /// A path; `*` and `?` stand for part of a name. Matching files that appear later are followed
    /// too.
    pub path: PathBuf,
    /// Where to begin in a file that is there when the collector first starts. Default: beginning.
    pub start: Start,
}

/// A folder that whole files are put into.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct FolderInput {
    /// Files in it; `*` and `?` stand for part of a name.
    pub path: PathBuf,
    /// What becomes of a file that is dealt with. Default: it is moved.
    pub afterwards: Afterwards,
}

/// What becomes of a file that is dealt with.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum Afterwards {
    /// It is moved into the folder `done` beside it.
    #[default]
    Move,
    /// It is deleted.
    Delete,
    /// It stays; the newest 1,024 are remembered.
    Keep,
}

/// The journal of this machine.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct JournalInput {
    /// Where to begin the first time. Default: what is written from now on.
    pub start: Start,
    /// Only these units. Default: everything.
    pub units: Vec<String>,
    /// Folder with journal files, such as those of other machines. Default: this machine's own.
    pub folder: Option<PathBuf>,
    /// The program that reads the journal; only tests name another.
    pub program: PathBuf,
}

impl Default for JournalInput {
    fn default() -> Self {
        Self {
            start: Start::End,
            units: Vec::new(),
            folder: None,
            program: "journalctl".into(),
        }
    }
}

impl Config {
    /// Whether anything is received at all.
    #[must_use]
    pub fn has_input(&self) -> bool {
        self.stdin || self.has_lasting_input()
    }

    /// Whether the blocklist is served to devices.
    #[must_use]
    pub fn serves_blocklist(&self) -> bool {
        let mut listen = self.listen.iter();
        listen.any(|listen| listen.transport == Transport::Blocklist)
    }

    /// Whether anything is received that does not end by itself.
    #[must_use]
    pub fn has_lasting_input(&self) -> bool {
        self.listen
            .iter()
            .any(|listen| listen.transport != Transport::Blocklist)
            || !self.captures.is_empty()
            || !self.files.is_empty()
            || !self.folders.is_empty()
            || self.journal.is_some()
    }
}

/// Where to begin in a file never seen before.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum Start {
    /// Read what is already there.
    #[default]
    Beginning,
    /// Only what is written from now on.
    End,
}

/// What leaves the building.
#[derive(Clone, Debug, PartialEq)]
pub struct SharingConfig {
    /// Whether sightings are sent to the hub at all. Default: standard.
    pub level: SharingLevel,
    /// Findings below are not shared. Default: info, because only many firms together can tell a wave
    /// from noise.
    pub min_severity: Severity,
    /// Findings less sure are not shared, 0 to 100. Default: 0.
    pub min_confidence: u8,
    /// Addresses never named to the hub, beside `own_networks`. Default: none.
    pub never_share: Vec<Network>,
    /// Whether places outside are named that hosts inside were in contact with. Default: true.
    pub places: bool,
}

/// How much is shared.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum SharingLevel {
    /// Nothing.
    Off,
    /// Sightings: outside addresses, service, outcome, counts and times; no content.
    Standard,
}

/// The limits of a collector; together they bound its memory.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Limits {
    /// Chunks of records waiting to be parsed, each at most 64 KiB plus one record. Default: 64
    /// (worst case 8 MiB).
    pub queue_chunks: usize,
    /// Connections at once per TCP listener. Default: 256 (worst case 20 MiB).
    pub connections: usize,
    /// Connections at once from one address. Default: 32.
    pub connections_per_sender: usize,
    /// A connection silent for so long is closed. Default: 3,600.
    pub idle_seconds: u64,
    /// Receive buffer asked of the system for each UDP listener. Default: 4 MiB.
    pub udp_buffer_bytes: usize,
    /// Most bytes of records on disk that were taken from streams and are not dealt with for good yet;
    /// senders wait beyond it. Default: 256 MiB.
    pub intake_bytes: u64,
    /// Most bytes of sightings waiting for the hub on disk. Default: 256 MiB.
    pub spool_bytes: u64,
    /// Days after which a sighting that could not be sent is given up. Default: 30.
    pub spool_days: u64,
    /// Days that the record of what has left is kept at least. Default: 400.
    pub ledger_days: u64,
    /// Most bytes of that record; beyond it the oldest goes earlier. What the hub has given no receipt
    /// for stays. Default: 1 GiB.
    pub ledger_bytes: u64,
    /// Bytes that spool and intake leave free on their disk. Default: 64 MiB.
    pub keep_free_bytes: u64,
    /// Most files followed at once. Default: 256.
    pub files: usize,
}

impl Default for Limits {
    fn default() -> Self {
        Self {
            queue_chunks: 64,
            connections: 256,
            connections_per_sender: 32,
            idle_seconds: 3_600,
            udp_buffer_bytes: 4 << 20,
            intake_bytes: 256 << 20,
            spool_bytes: 256 << 20,
            spool_days: 30,
            ledger_days: 400,
            ledger_bytes: 1 << 30,
            keep_free_bytes: 64 << 20,
            files: 256,
        }
    }
}

/// Where the local page is unless the configuration says otherwise.
pub const DEFAULT_PAGE_ADDRESS: SocketAddr =
    SocketAddr::new(IpAddr::V4(Ipv4Addr::LOCALHOST), 7_780);
/// Where the packaged collector keeps its state.
pub const DEFAULT_STATE_DIR: &str = "/var/lib/larum";

impl Config {
    /// A collector that keeps its state in `state_dir` and has no inputs yet; all else default.
    #[must_use]
    pub fn new(state_dir: impl Into<PathBuf>) -> Self {
        Self {
            state_dir: state_dir.into(),
            listen: Vec::new(),
            captures: Vec::new(),
            files: Vec::new(),
            folders: Vec::new(),
            journal: None,
            stdin: false,
            page_address: Some(DEFAULT_PAGE_ADDRESS),
            metrics_address: None,
            zone: Zone::default(),
            own_networks: Vec::new(),
            not_own_networks: Vec::new(),
            ours: Vec::new(),
            indicators: Vec::new(),
            never_match: Vec::new(),
            rules: Vec::new(),
            formats: None,
            pack_keys: Vec::new(),
            proxy: None,
            sharing: SharingConfig {
                level: SharingLevel::Standard,
                min_severity: Severity::Info,
                min_confidence: 0,
                never_share: Vec::new(),
                places: true,
            },
            alert_severity: Severity::Medium,
            limits: Limits::default(),
        }
    }

    /// Reads the text of a configuration file.
    ///
    /// # Errors
    /// With every problem of the text, in line order.
    pub fn read(text: &str) -> Result<Self, Vec<Problem>> {
        reader::read(text)
    }

    /// Reads a configuration file of at most [`MAX_CONFIG_BYTES`].
    ///
    /// # Errors
    /// When the file cannot be read, or with every problem of its text.
    pub fn load(path: &Path) -> Result<Self, ConfigError> {
        use std::io::Read as _;
        let mut text = String::new();
        std::fs::File::open(path)
            .and_then(|file| file.take(MAX_CONFIG_BYTES).read_to_string(&mut text))
            .map_err(ConfigError::Unreadable)?;
        Self::read(&text).map_err(ConfigError::Wrong)
    }
}

#[cfg(test)]
mod tests;
