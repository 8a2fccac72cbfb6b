//! The member's blocklist, fetched from the hub and served to devices inside the firm, so that a firewall
//! needs no way to the internet. What was fetched last stays on disk; each entry ends at its own time,
//! whether the hub answers or not.
//!
//! The hub is believed in whom to block, but never about the firm itself: its own addresses, those it named
//! as no cause for alarm, and what is never to be matched are served to nobody.

use std::io;
use std::net::IpAddr;
use std::path::Path;
use std::sync::Arc;

use hyper::StatusCode;
use hyper::header::{self, HeaderMap, HeaderName, HeaderValue};
use larum_core::address::Network;
use larum_core::blocklist::is_never_blocked;
use larum_core::time::Timestamp;
use larum_link::blocklist::{Asked, NotAsked, is_known};
use larum_link::secret::hash;
use larum_link::wire::MemberList;
use serde::{Deserialize, Serialize};
use tokio::sync::watch;

use crate::board::Board;
use crate::config::Config;
use crate::lists::Lists;
use crate::state;

/// The file in the state folder.
const FILE: &str = "blocklist.json";

/// What the hub said last.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct Fetched {
    /// When the hub last said so, milliseconds since the epoch.
    at: i64,
    list: MemberList,
}

/// How it is, for status and page.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct BlocklistState {
    /// Devices that may fetch it.
    pub devices: usize,
    /// Entries that are still good, of the longest list that a device gets.
    pub entries: usize,
    /// When the hub last said so, RFC 3339.
    pub fetched: String,
}

impl Fetched {
    /// What the hub said at `now`.
    #[must_use]
    pub fn new(list: MemberList, now: Timestamp) -> Self {
        Self {
            at: now.as_millis(),
            list,
        }
    }

    /// The same, said again at `now`.
    pub fn confirm(&mut self, now: Timestamp) {
        self.at = now.as_millis();
    }

    /// What was kept in `state_dir`; nothing when there is none that can be read: then it is fetched again.
    #[must_use]
    pub fn load(state_dir: &Path) -> Option<Self> {
        let text = state::read(state_dir, FILE).ok()??;
        serde_json::from_str(&text).ok()
    }

    /// Keeps it in `state_dir`.
    ///
    /// # Errors
    /// When it cannot be written; then it holds until the program ends.
    pub fn keep(&self, state_dir: &Path) -> io::Result<()> {
        let json = serde_json::to_vec(self).map_err(io::Error::other)?;
        state::replace(state_dir, FILE, &json)
    }

    /// How it is at `now`.
    #[must_use]
    pub fn state(&self, now: Timestamp) -> BlocklistState {
        BlocklistState {
            devices: self.list.devices.len(),
            entries: self.good(now).count(),
            fetched: Timestamp::from_millis(self.at).to_string(),
        }
    }

    fn good(&self, now: Timestamp) -> impl Iterator<Item = IpAddr> {
        let entries = self.list.entries.iter();
        let good = entries.filter(move |(_, ends)| *ends > now.as_seconds());
        good.map(|(source, _)| *source)
    }

    /// The list of the device with this token; `None` when there is no such device.
    fn of_device(&self, secret: &str, spared: &Spared, now: Timestamp) -> Option<Vec<IpAddr>> {
        let shown = hash(secret);
        let mut devices = self.list.devices.iter();
        let device = devices.find(|device| device.secret_sha256 == shown)?;
        let good = self.good(now).filter(|source| !spared.has(*source));
        Some(good.take(device.size).collect())
    }
}

/// Whom no list may name.
struct Spared {
    own: Vec<Network>,
    never: Arc<Lists>,
}

impl Spared {
    fn has(&self, source: IpAddr) -> bool {
        is_never_blocked(source, &self.never.never) || touches(&self.own, source)
    }
}

fn touches(networks: &[Network], source: IpAddr) -> bool {
    let blocked = Network::of_source(source);
    let mut networks = networks.iter();
    networks.any(|own| own.contains(blocked.base()) || blocked.contains(own.base()))
}

/// Where devices ask.
pub(crate) struct Counter {
    own: Vec<Network>,
    never: watch::Receiver<Arc<Lists>>,
}

/// Status, headers and body.
pub(crate) type Served = (StatusCode, Vec<(HeaderName, HeaderValue)>, String);

impl Counter {
    pub(crate) fn new(config: &Config, never: &watch::Receiver<Arc<Lists>>) -> Self {
        let ours = config.ours.iter().map(|(network, _)| *network);
        Self {
            own: ours.chain(config.own_networks.iter().copied()).collect(),
            never: never.clone(),
        }
    }

    /// Whom to spare now: what is configured, and what was learned since.
    fn spared(&self, board: &Board) -> Spared {
        let mut own = self.own.clone();
        let posted = board.lock();
        let learned = posted.learned.own.iter();
        own.extend(learned.filter_map(|row| row.network.parse::<Network>().ok()));
        Spared {
            own,
            never: Arc::clone(&self.never.borrow()),
        }
    }

    /// Answers a device that asks for `path`.
    pub(crate) fn answer(
        &self,
        (path, query): (&str, Option<&str>),
        headers: &HeaderMap,
        board: &Board,
        now: Timestamp,
    ) -> Served {
        let credentials = headers.get(header::AUTHORIZATION);
        let credentials = credentials.and_then(|value| value.to_str().ok());
        let asked = match Asked::read(path, query, credentials) {
            Ok(asked) => asked,
            Err(NotAsked::NoFormat) => return refused(StatusCode::NOT_FOUND),
            Err(NotAsked::NoToken) => return refused(StatusCode::UNAUTHORIZED),
        };
        let Some(fetched) = board.lock().blocklist.clone() else {
            // A device keeps what it has; an empty list would take its walls down.
            return refused(StatusCode::SERVICE_UNAVAILABLE);
        };
        let Some(sources) = fetched.of_device(&asked.secret, &self.spared(board), now) else {
            return refused(StatusCode::UNAUTHORIZED);
        };
        let (text, tag) = asked.answer(&sources);
        let known = headers.get_all(header::IF_NONE_MATCH).iter();
        let is_known = is_known(known.filter_map(|value| value.to_str().ok()), &tag);
        // How long ago the hub said so (RFC 9111, 5.1).
        let age_seconds = u64::try_from(now.as_millis().saturating_sub(fetched.at) / 1_000);
        let private = HeaderValue::from_static("private, no-cache");
        let mut headers = vec![
            (header::CACHE_CONTROL, private),
            (header::AGE, HeaderValue::from(age_seconds.unwrap_or(0))),
        ];
        headers.extend(HeaderValue::from_str(&tag).map(|tag| (header::ETAG, tag)));
        if is_known {
            return (StatusCode::NOT_MODIFIED, headers, String::new());
        }
        (StatusCode::OK, headers, text)
    }
}

/// A refusal that says no more than its status.
pub(crate) fn refused(status: StatusCode) -> Served {
    let mut headers = Vec::new();
    if status == StatusCode::UNAUTHORIZED {
        let realm = HeaderValue::from_static("Basic realm=\"blocklist\"");
        headers.push((header::WWW_AUTHENTICATE, realm));
    }
    (status, headers, format!("{status}\n"))
}
