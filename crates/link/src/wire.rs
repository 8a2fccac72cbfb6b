//! What goes over the wire between collector and hub, version 1.
//!
//! Bodies are JSON (so that the owner can read every byte that leaves), compressed with zstd on the
//! request side. Unknown keys are ignored, so that either side may be newer; a change that an older
//! peer would misread gets a new version and path. Samples of every released version stay in
//! `corpus/wire/` for ever.
//!
//! | call | who | what |
//! |---|---|---|
//! | `POST /v1/enrol` | no certificate yet, one-time secret | [`EnrolRequest`] → [`Enrolled`] |
//! | `POST /v1/renew` | client certificate | [`RenewRequest`] → [`Enrolled`] |
//! | `POST /v1/batches` | client certificate | [`Batch`] → [`Receipt`] |
//! | `POST /v1/heartbeat` | client certificate | [`Heartbeat`] → `204` |
//! | `GET /v1/warnings?after=N&wait=S` | client certificate | → [`Warnings`]; held open up to `S` ≤ 30 seconds |
//! | `GET /v1/blocklist?known=TAG` | client certificate | → [`WireBlocklist`] |
//!
//! Errors are [`Refusal`] with a 4xx or 5xx status.

use std::borrow::Cow;
use std::collections::BTreeMap;
use std::net::IpAddr;

use serde::{Deserialize, Serialize};

/// Version of these types, in every batch.
pub const WIRE_VERSION: u8 = 1;
/// Most sightings in one batch.
pub const MAX_BATCH_SIGHTINGS: usize = 1_000;
/// Largest batch body before compression; the hub stops decompressing there.
pub const MAX_BATCH_BYTES: usize = 1_048_576;
/// Media type of a compressed JSON body.
pub const MEDIA_TYPE: &str = "application/json";
/// Header of every answer: the hub's clock, milliseconds since the epoch, so that the collector can
/// tell its owner when its own clock is wrong.
pub const TIME_HEADER: &str = "larum-time";
/// Header of every answer: whom the hub would have its collectors trust ([`crate::tls::trust`]). A collector
/// that trusts others asks for its next certificate at once, and learns it with that.
pub const TRUST_HEADER: &str = "larum-trust";
/// Longest time a call for warnings is held open, in seconds.
pub const MAX_WAIT_SECONDS: u64 = 30;
/// Most warnings in one answer.
pub const MAX_WARNINGS: usize = 100;
/// Largest answer with a blocklist, in bytes: 100,000 entries of 48.
pub const MAX_BLOCKLIST_BYTES: usize = 4_800_000;
/// Hash before the first batch: 64 zeros.
pub const CHAIN_START: &str = "0000000000000000000000000000000000000000000000000000000000000000";

/// Paths of the calls.
pub mod path {
    /// Joining with a token.
    pub const ENROL: &str = "/v1/enrol";
    /// The next certificate.
    pub const RENEW: &str = "/v1/renew";
    /// Sightings.
    pub const BATCHES: &str = "/v1/batches";
    /// A sign of life.
    pub const HEARTBEAT: &str = "/v1/heartbeat";
    /// Warnings.
    pub const WARNINGS: &str = "/v1/warnings";
    /// The member's blocklist.
    pub const BLOCKLIST: &str = "/v1/blocklist";
}

/// A batch's own hash in the chain: SHA-256 over the bytes of the hash before and the SHA-256 of the
/// batch's JSON bytes. Hexadecimal in and out; `None` when `previous` is not 64 digits.
#[must_use]
pub fn chain_hash(previous: &str, body_sha256: &[u8; 32]) -> Option<String> {
    use data_encoding::{HEXLOWER, HEXLOWER_PERMISSIVE};
    use sha2::{Digest as _, Sha256};
    let previous = HEXLOWER_PERMISSIVE.decode(previous.as_bytes()).ok()?;
    if previous.len() != 32 {
        return None;
    }
    let mut hash = Sha256::new();
    hash.update(previous);
    hash.update(body_sha256);
    Some(HEXLOWER.encode(&hash.finalize()))
}

/// Asks for a certificate with a one-time token's secret.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct EnrolRequest {
    /// The token's secret, base64url.
    pub secret: String,
    /// PKCS#10 request, PEM. Its subject is ignored: the hub decides the name.
    pub csr_pem: String,
    /// Version of the collector program.
    pub version: String,
}

/// Asks for the next certificate over the connection of the current one.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct RenewRequest {
    /// PKCS#10 request over a new key, PEM.
    pub csr_pem: String,
}

/// A certificate, and who the collector now is.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Enrolled {
    /// Identity of the collector, 32 hexadecimal digits.
    pub collector: String,
    /// Name of the member it belongs to, for the local page.
    pub member: String,
    /// Client certificate and the CA's, PEM, leaf first.
    pub chain_pem: String,
    /// The authorities to trust from now on, and no others, PEM: while the hub changes its authority, two.
    /// Empty from a hub older than that: the one at the end of `chain_pem`.
    #[serde(default, skip_serializing_if = "String::is_empty")]
    pub authorities_pem: String,
    /// Start of validity, seconds since the epoch.
    pub not_before: i64,
    /// End of validity, seconds since the epoch. Renew before two thirds have gone.
    pub not_after: i64,
}

/// A sighting on the wire; see `larum_core::sighting::Sighting` for the meaning of each field.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct WireSighting {
    /// Finding id, 32 hexadecimal digits.
    pub id: String,
    /// What firms compare.
    pub key: String,
    /// Detector name or rule id.
    pub detector: String,
    /// Category word.
    pub category: String,
    /// ATT&CK ids.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub attack: Vec<String>,
    /// Severity word.
    pub severity: String,
    /// 0 to 100.
    pub confidence: u8,
    /// Outcome word.
    pub outcome: String,
    /// First event, milliseconds since the epoch.
    pub first: i64,
    /// Last event, milliseconds since the epoch.
    pub last: i64,
    /// Events behind it.
    pub count: u64,
    /// Public addresses of the attackers; empty where the key is a place outside that a host inside was in
    /// contact with. A hub of before sets such a sighting aside (`sources`).
    pub sources: Vec<IpAddr>,
}

/// Sightings on their way to the hub. Batches of a collector are numbered from 1 without gaps and
/// chained: `previous` is the ledger hash of the batch before, so the hub counts each exactly once
/// and notices a second collector with a copied identity.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Batch {
    /// [`WIRE_VERSION`].
    pub version: u8,
    /// Number of this batch, from 1.
    pub sequence: u64,
    /// SHA-256 of the batch before in the egress ledger, hexadecimal; 64 zeros for the first.
    pub previous: String,
    /// When it was made, milliseconds since the epoch, by the collector's clock.
    pub created: i64,
    /// At most [`MAX_BATCH_SIGHTINGS`].
    pub sightings: Vec<WireSighting>,
}

/// A word that stands in the JSON it was read from, where no escape hides it.
#[derive(Clone, Debug, PartialEq, Eq, Deserialize)]
#[serde(transparent)]
pub struct ReadWord<'j>(#[serde(borrow)] pub Cow<'j, str>);

/// A [`WireSighting`] as the hub reads it: its words stay where they are, as most are looked at once.
#[derive(Clone, Debug, PartialEq, Eq, Deserialize)]
pub struct ReadSighting<'j> {
    /// As in [`WireSighting`]; so for every field.
    #[serde(borrow)]
    pub id: Cow<'j, str>,
    /// What firms compare.
    #[serde(borrow)]
    pub key: Cow<'j, str>,
    /// Detector name or rule id.
    #[serde(borrow)]
    pub detector: Cow<'j, str>,
    /// Category word.
    #[serde(borrow)]
    pub category: Cow<'j, str>,
    /// ATT&CK ids.
    #[serde(default, borrow)]
    pub attack: Vec<ReadWord<'j>>,
    /// Severity word.
    #[serde(borrow)]
    pub severity: Cow<'j, str>,
    /// 0 to 100.
    pub confidence: u8,
    /// Outcome word.
    #[serde(borrow)]
    pub outcome: Cow<'j, str>,
    /// First event, milliseconds since the epoch.
    pub first: i64,
    /// Last event, milliseconds since the epoch.
    pub last: i64,
    /// Events behind it.
    pub count: u64,
    /// Public addresses of the attackers.
    pub sources: Vec<IpAddr>,
}

/// A [`Batch`] as the hub reads it.
#[derive(Clone, Debug, PartialEq, Eq, Deserialize)]
pub struct ReadBatch<'j> {
    /// [`WIRE_VERSION`].
    pub version: u8,
    /// Number of this batch, from 1.
    pub sequence: u64,
    /// Hash of the batch before, hexadecimal.
    #[serde(borrow)]
    pub previous: Cow<'j, str>,
    /// When it was made, milliseconds since the epoch, by the collector's clock.
    pub created: i64,
    /// What it holds.
    #[serde(borrow)]
    pub sightings: Vec<ReadSighting<'j>>,
}

/// The hub's word that a batch is durably counted.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Receipt {
    /// The batch's number.
    pub sequence: u64,
    /// SHA-256 of the batch's JSON bytes as received, hexadecimal.
    pub sha256: String,
    /// The hub's number for it.
    pub receipt: u64,
    /// When the hub stored it, milliseconds since the epoch, by the hub's clock.
    pub received: i64,
    /// How many of its sightings the hub could not keep, by reason (such as `time-ahead`).
    #[serde(default, skip_serializing_if = "BTreeMap::is_empty")]
    pub set_aside: BTreeMap<String, u64>,
    /// The hub's signature over all this and the collector's identity, base64; see
    /// [`receipt`](crate::receipt). Empty from a hub older than signatures.
    #[serde(default, skip_serializing_if = "String::is_empty")]
    pub signature: String,
}

/// The sum of one device and hour (invariant 2): `received = events + Σ rejected + Σ dropped`.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct Tally {
    /// Records received.
    pub received: u64,
    /// Records that became events.
    pub events: u64,
    /// Records that did not, by reason.
    pub rejected: BTreeMap<String, u64>,
    /// Records dropped before parsing, by reason.
    pub dropped: BTreeMap<String, u64>,
    /// Findings.
    pub findings: u64,
    /// Findings without a sighting of their own, by reason.
    pub withheld: BTreeMap<String, u64>,
    /// Sightings made.
    pub sightings: u64,
    /// Sightings put into a batch.
    pub sent: u64,
    /// Sightings in a batch that the hub has receipted.
    pub receipted: u64,
}

/// A sign of life, every minute. Counts only: no device name or inside address.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Heartbeat {
    /// Version of the collector program.
    pub version: String,
    /// The collector's clock, milliseconds since the epoch.
    pub now: i64,
    /// Sum over all devices since the start of the installation.
    pub total: Tally,
    /// Bytes waiting in the spool.
    pub spool_bytes: u64,
    /// Devices heard in the last hour.
    pub devices: u32,
    /// When a record was last received, milliseconds since the epoch.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub last_heard: Option<i64>,
    /// What is wrong with the collector itself, by the codes of `larum_core::health::Kind`; nothing
    /// about a device.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub concerns: Vec<String>,
    /// Whom this collector trusts to be its hub: [`crate::tls::trust`].
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub trust: Option<String>,
}

/// What the hub tells a member about a threat.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct WireWarning {
    /// The hub's number for it; grows.
    pub id: u64,
    /// When it was issued, milliseconds since the epoch.
    pub issued: i64,
    /// When it no longer matters, milliseconds since the epoch.
    pub expires: i64,
    /// Severity word.
    pub severity: String,
    /// The threat's key.
    pub key: String,
    /// One line: what.
    pub title: String,
    /// Why this member.
    pub why: String,
    /// What to do, one step each.
    pub actions: Vec<String>,
    /// Addresses seen attacking others, at most 200.
    #[serde(default)]
    pub indicators: Vec<IpAddr>,
}

/// Warnings after a number.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Warnings {
    /// Oldest first.
    pub warnings: Vec<WireWarning>,
    /// What to pass as `after` next time.
    pub next: u64,
}

/// The member's blocklist, for its collectors to serve inside the firm.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct WireBlocklist {
    /// What to pass as `known` next time; it changes whenever the list does.
    pub tag: String,
    /// The list; none when `known` was its tag.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub list: Option<MemberList>,
}

/// Who may fetch a member's list, and what is on it. Without a device the member has not switched its list
/// on, and nothing is on it.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct MemberList {
    /// Devices that may fetch it.
    pub devices: Vec<ListDevice>,
    /// Whom to block, the likeliest first, each with when the entry ends, in seconds since the epoch.
    pub entries: Vec<(IpAddr, i64)>,
}

/// A device that may fetch its member's list.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct ListDevice {
    /// SHA-256 of its token, hexadecimal ([`crate::secret::hash`]).
    pub secret_sha256: String,
    /// Most entries it can hold.
    pub size: usize,
}

/// Why a call was refused.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum RefusalCode {
    /// The token is unknown.
    TokenUnknown,
    /// The token was used before.
    TokenUsed,
    /// The token is older than its life.
    TokenExpired,
    /// The certificate request is not acceptable.
    RequestMalformed,
    /// No valid client certificate of this hub.
    NotAuthorised,
    /// The collector was revoked.
    Revoked,
    /// The batch's number or chain contradicts what the hub has: a copied identity or a restored
    /// back-up. Nothing was counted.
    SequenceConflict,
    /// The body is too large, or not what its type says.
    BodyMalformed,
    /// Ask again later.
    Busy,
    /// The collector or its firm has brought as much as the hub takes in a day; ask again later.
    OverQuota,
    /// The hub has a fault of its own.
    Internal,
    /// A code this program is too old to know.
    #[serde(other)]
    Other,
}

impl RefusalCode {
    /// Every code.
    pub const ALL: [Self; 12] = [
        Self::TokenUnknown,
        Self::TokenUsed,
        Self::TokenExpired,
        Self::RequestMalformed,
        Self::NotAuthorised,
        Self::Revoked,
        Self::SequenceConflict,
        Self::BodyMalformed,
        Self::Busy,
        Self::OverQuota,
        Self::Internal,
        Self::Other,
    ];

    /// The stable code: the same on the wire, in logs, in metrics and, after `refusal-`, in the
    /// catalogue.
    #[must_use]
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::TokenUnknown => "token-unknown",
            Self::TokenUsed => "token-used",
            Self::TokenExpired => "token-expired",
            Self::RequestMalformed => "request-malformed",
            Self::NotAuthorised => "not-authorised",
            Self::Revoked => "revoked",
            Self::SequenceConflict => "sequence-conflict",
            Self::BodyMalformed => "body-malformed",
            Self::Busy => "busy",
            Self::OverQuota => "over-quota",
            Self::Internal => "internal",
            Self::Other => "other",
        }
    }
}

impl std::fmt::Display for RefusalCode {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str(self.as_str())
    }
}

/// The body of every error answer.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Refusal {
    /// What programs go by.
    pub code: RefusalCode,
    /// What a person should do.
    pub message: String,
    /// For [`RefusalCode::SequenceConflict`]: the number the hub expects next.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub expected: Option<u64>,
    /// For [`RefusalCode::Busy`] and [`RefusalCode::OverQuota`]: seconds to wait.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub retry_after: Option<u32>,
}
