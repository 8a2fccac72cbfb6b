//! What `larum status --json` prints: one object, written to the state folder every few seconds, so
//! that it can be read whether the collector runs or not.

use std::collections::BTreeMap;
use std::io;
use std::path::{Path, PathBuf};
use std::time::{Duration, Instant};

use larum_core::time::Timestamp;
use larum_link::wire;
use serde::{Deserialize, Serialize};

use crate::blocklist::BlocklistState;
use crate::board::{Board, HubState, SpoolState};
use crate::capture::CaptureState;
use crate::config::Config;
use crate::health::ConcernRow;
use crate::learned::{ClockRow, OwnRow};
use crate::state;
use crate::tally::SavedTally;
use crate::unread::{self, UnreadRow};

/// The file in the state folder.
pub const FILE: &str = "status.json";
/// How often it is written while the collector runs.
const REFRESH_EVERY: Duration = Duration::from_secs(2);

/// Everything a collector says about itself.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
pub struct StatusDocument {
    /// Version of the collector program.
    pub version: String,
    /// When this was written, RFC 3339, by the collector's clock.
    pub written: String,
    /// Whether a collector is running now; set when read.
    #[serde(default)]
    pub running: bool,
    /// One row for each device and hour, by hour, oldest first.
    pub hours: Vec<HourRow>,
    /// Every device, by name.
    pub devices: Vec<DeviceRow>,
    /// The firm's own public addresses, configured and learned, each with why.
    #[serde(default)]
    pub own_networks: Vec<OwnRow>,
    /// Hours no longer kept apart.
    pub earlier: wire::Tally,
    /// Everything since the installation.
    pub total: wire::Tally,
    /// Connections closed or not taken since the start, by reason.
    pub connections_closed: BTreeMap<String, u64>,
    /// The spool.
    pub spool: SpoolState,
    /// How things stand with the hub; its clock offset is there.
    pub hub: HubState,
    /// What hinders the collector itself, by reason.
    pub troubles: Vec<String>,
    /// What is wrong with devices and the collector: silent devices, lines that suddenly cannot be read
    /// or are lost, wrong clocks, a hub out of reach, a spool that grows, a disk that fills.
    #[serde(default)]
    pub concerns: Vec<ConcernRow>,
    /// The limits in force, by name.
    pub limits: BTreeMap<String, u64>,
    /// What was captured on each interface since the start, in packets.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub captures: Vec<CaptureState>,
    /// The member's blocklist, where it is served to devices and once the hub gave it.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub blocklist: Option<BlocklistState>,
    /// Where it listens, such as `udp 0.0.0.0:5514`, and the files and patterns it follows.
    pub inputs: Vec<String>,
    /// Address of the local page.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub page: Option<String>,
}

/// One device and hour: `received = events + Σ rejected + Σ dropped`,
/// `findings = sightings + Σ withheld`.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct HourRow {
    /// Device.
    pub device: String,
    /// Start of the hour, RFC 3339.
    pub hour: String,
    /// The sum.
    #[serde(flatten)]
    pub sum: wire::Tally,
}

/// One device.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct DeviceRow {
    /// Name: address of the sender, path of the file, `stdin`, a listener, or `other`.
    pub device: String,
    /// When it was last heard, RFC 3339.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub last_heard: Option<String>,
    /// By how many seconds its clock is wrong (positive: ahead), when that is certain and more than two
    /// minutes; of several hosts behind one sender the worst.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub clock_wrong_seconds: Option<i64>,
    /// Its clock, or one for each host behind it: the zone in use and how far it is off.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub clocks: Vec<ClockRow>,
    /// Its lines of the last 24 hours that could not be read, by what they look like; counts and names
    /// of formats only. They add up to its `unknown-format` and `field-unreadable` lines.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub unread: Vec<UnreadRow>,
}

/// Writes the status file.
#[derive(Clone, Debug)]
pub struct Status {
    folder: PathBuf,
    limits: BTreeMap<String, u64>,
    inputs: Vec<String>,
    page: Option<String>,
    written: Option<Instant>,
}

impl Status {
    /// For a collector with this configuration that listens on `inputs`.
    #[must_use]
    pub fn new(config: &Config, inputs: Vec<String>, page: Option<String>) -> Self {
        Self {
            folder: config.state_dir.clone(),
            limits: limits_of(config),
            inputs,
            page,
            written: None,
        }
    }

    /// Where records may be sent.
    #[must_use]
    pub fn inputs(&self) -> &[String] {
        &self.inputs
    }

    /// The document as of now.
    #[must_use]
    pub fn document(&self, board: &Board, now: Timestamp) -> StatusDocument {
        let connections_closed = board
            .connections_closed()
            .filter(|(_, count)| *count > 0)
            .map(|(reason, count)| (reason.code().to_owned(), count))
            .collect();
        let posted = board.lock();
        let saved = posted.tally.save();
        let unread = posted.unread.last_day(&posted.tally, now);
        StatusDocument {
            version: env!("CARGO_PKG_VERSION").to_owned(),
            written: whole_seconds(now).to_string(),
            running: true,
            hours: hours_of(&saved),
            devices: saved
                .devices
                .iter()
                .map(|device| {
                    let clocks: Vec<_> =
                        posted.learned.clocks_of(&device.device).cloned().collect();
                    let wrong = clocks.iter().filter_map(|clock| clock.wrong_seconds);
                    DeviceRow {
                        device: device.device.clone(),
                        last_heard: device.last_heard.clone(),
                        clock_wrong_seconds: wrong.max_by_key(|skew| skew.unsigned_abs()),
                        clocks,
                        unread: unread
                            .get(&device.device)
                            .map_or_else(Vec::new, |lines| lines.rows().collect()),
                    }
                })
                .collect(),
            own_networks: posted.learned.own.clone(),
            earlier: saved.earlier,
            total: saved.total,
            connections_closed,
            spool: posted.spool,
            hub: posted.hub.clone(),
            troubles: posted
                .troubles
                .iter()
                .map(|trouble| trouble.code().to_owned())
                .collect(),
            concerns: posted.concerns.clone(),
            captures: posted.captures.clone(),
            blocklist: posted.blocklist.as_ref().map(|list| list.state(now)),
            limits: self.limits.clone(),
            inputs: self.inputs.clone(),
            page: self.page.clone(),
        }
    }

    /// Writes the file if the last time is long enough ago.
    pub fn refresh(&mut self, board: &Board, now: Timestamp) {
        if self
            .written
            .is_none_or(|written| written.elapsed() >= REFRESH_EVERY)
        {
            self.write(board, now);
        }
    }

    /// Writes the file.
    pub fn write(&mut self, board: &Board, now: Timestamp) {
        self.written = Some(Instant::now());
        let document = self.document(board, now);
        let written = serde_json::to_vec(&document)
            .map_err(io::Error::other)
            .and_then(|bytes| state::replace_unsynced(&self.folder, FILE, &bytes));
        if let Err(error) = written {
            tracing::warn!(kind = ?error.kind(), "the status file cannot be written");
        }
    }
}

/// Reads the status of the collector on `folder`; `None` when none ever ran there.
///
/// # Errors
/// When it is there but cannot be read.
pub fn read(folder: &Path) -> io::Result<Option<StatusDocument>> {
    let Some(text) = state::read(folder, FILE)? else {
        return Ok(None);
    };
    let mut document: StatusDocument = serde_json::from_str(&text).map_err(io::Error::other)?;
    document.running = state::is_running(folder);
    Ok(Some(document))
}

fn whole_seconds(at: Timestamp) -> Timestamp {
    Timestamp::from_seconds(at.as_seconds())
}

fn hours_of(saved: &SavedTally) -> Vec<HourRow> {
    let mut rows: Vec<HourRow> = saved
        .devices
        .iter()
        .flat_map(|device| {
            device.hours.iter().map(|(hour, sum)| HourRow {
                device: device.device.clone(),
                hour: hour.clone(),
                sum: sum.clone(),
            })
        })
        .collect();
    rows.sort_by(|left, right| (&left.hour, &left.device).cmp(&(&right.hour, &right.device)));
    rows
}

fn limits_of(config: &Config) -> BTreeMap<String, u64> {
    let number = |size: usize| u64::try_from(size).unwrap_or(u64::MAX);
    let limits = &config.limits;
    [
        ("queue-chunks", number(limits.queue_chunks)),
        ("connections", number(limits.connections)),
        (
            "connections-per-sender",
            number(limits.connections_per_sender),
        ),
        ("idle-seconds", limits.idle_seconds),
        ("udp-buffer-bytes", number(limits.udp_buffer_bytes)),
        ("spool-bytes", limits.spool_bytes),
        ("spool-days", limits.spool_days),
        ("ledger-days", limits.ledger_days),
        ("ledger-bytes", limits.ledger_bytes),
        ("keep-free-bytes", limits.keep_free_bytes),
        ("files", number(limits.files)),
        ("record-bytes", number(crate::chunk::MAX_RECORD_BYTES)),
        ("devices", number(crate::tally::MAX_DEVICES)),
        ("findings", number(crate::findings::MAX_FINDINGS)),
        ("looked-into-per-device-hour", unread::MAX_SAMPLES.into()),
        ("looked-into-per-hour", unread::MAX_SAMPLES_OF_ALL.into()),
    ]
    .into_iter()
    .map(|(name, limit)| (name.to_owned(), limit))
    .collect()
}
