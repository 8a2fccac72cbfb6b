//! Who this collector is to its hub: the key made on this machine, the certificate over it, and the
//! hub's authority. One file, replaced whole, so that key and certificate never disagree.

use std::io;
use std::path::{Path, PathBuf};
use std::sync::Arc;

use larum_core::time::Timestamp;
use larum_link::clock::Clock;
use larum_link::key;
use larum_link::tls::{self, MAX_AUTHORITIES, TlsError};
use larum_link::token::{HubAddress, Token};
use larum_link::wire::{EnrolRequest, Enrolled, RenewRequest, path};
use rustls::ClientConfig;
use rustls::pki_types::CertificateDer;
use serde::{Deserialize, Serialize};

use crate::state;
use crate::uplink::connection::{CallError, Client, LinkProblem};

/// The folder inside the state folder.
pub const FOLDER: &str = "identity";
const FILE: &str = "identity.json";
/// Renewal begins when this much of the certificate's life has gone, in thousandths, and is spread
/// over the next [`RENEW_SPREAD`], so that collectors that joined together do not renew together.
const RENEW_FROM: i64 = 450;
/// See [`RENEW_FROM`]. Both together stay below two thirds.
const RENEW_SPREAD: i64 = 150;

/// Who this collector is.
#[derive(Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Identity {
    hub: String,
    collector: String,
    member: String,
    key_pem: String,
    chain_pem: String,
    /// The hub, as the token named it: its authority when this collector joined.
    authority_sha256: String,
    /// Whom to trust by now; empty in what older versions kept: the last of the chain.
    #[serde(default, skip_serializing_if = "String::is_empty")]
    authorities_pem: String,
    not_before: i64,
    not_after: i64,
}

impl std::fmt::Debug for Identity {
    /// Without the key.
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("Identity").finish_non_exhaustive()
    }
}

/// Why there is no usable identity.
#[derive(Debug, thiserror::Error)]
pub enum IdentityError {
    /// The file cannot be read or written.
    #[error("{folder} cannot be used: {source}")]
    File {
        /// The folder.
        folder: PathBuf,
        /// What the system said.
        source: io::Error,
    },
    /// What is in it is no identity.
    #[error("the identity in {0} cannot be used")]
    Unreadable(PathBuf),
}

/// Why joining or renewing failed.
#[derive(Debug, thiserror::Error)]
pub enum JoinError {
    /// The hub was not reached, or refused.
    #[error(transparent)]
    Call(#[from] CallError),
    /// No key could be made.
    #[error(transparent)]
    NoKey(#[from] key::NoKey),
    /// The identity cannot be kept.
    #[error(transparent)]
    Identity(#[from] IdentityError),
}

impl Identity {
    /// The identity in `state_dir`; `None` when this collector has not joined.
    ///
    /// # Errors
    /// When there is one that cannot be used.
    pub fn load(state_dir: &Path) -> Result<Option<Self>, IdentityError> {
        let folder = state_dir.join(FOLDER);
        let text = state::read(&folder, FILE).map_err(|source| IdentityError::File {
            folder: folder.clone(),
            source,
        })?;
        let Some(text) = text else {
            return Ok(None);
        };
        let identity: Self =
            serde_json::from_str(&text).map_err(|_| IdentityError::Unreadable(folder.clone()))?;
        let usable = HubAddress::parse(&identity.hub).is_some()
            && identity.tls(&Clock::system()).is_ok()
            && identity.not_before < identity.not_after;
        if usable {
            Ok(Some(identity))
        } else {
            Err(IdentityError::Unreadable(folder))
        }
    }

    /// Keeps it in `state_dir`, readable by this account alone, in place of any before.
    ///
    /// # Errors
    /// When it cannot be written; what was there stays.
    pub fn save(&self, state_dir: &Path) -> Result<(), IdentityError> {
        let folder = state_dir.join(FOLDER);
        let failed = |source| IdentityError::File {
            folder: folder.clone(),
            source,
        };
        state::make_folder(&folder).map_err(failed)?;
        let json = serde_json::to_vec_pretty(self)
            .map_err(io::Error::other)
            .map_err(failed)?;
        state::replace(&folder, FILE, &json).map_err(failed)
    }

    /// Where it is kept inside `state_dir`.
    #[must_use]
    pub fn path(state_dir: &Path) -> PathBuf {
        state_dir.join(FOLDER).join(FILE)
    }

    /// Its certificate with those up to the authority, and its key: PEM texts.
    pub(crate) fn pems(&self) -> (String, String) {
        (self.chain_pem.clone(), self.key_pem.clone())
    }

    /// The name of the member it belongs to.
    #[must_use]
    pub fn member(&self) -> &str {
        &self.member
    }

    /// Its identity at the hub, 32 hexadecimal digits.
    #[must_use]
    pub fn collector(&self) -> &str {
        &self.collector
    }

    /// The hub's address, as it stood in the token.
    #[must_use]
    pub fn hub(&self) -> &str {
        &self.hub
    }

    /// Fingerprint of the authority that the hub had when this collector joined, hexadecimal: the hub's
    /// lasting name here.
    #[must_use]
    pub fn authority_sha256(&self) -> &str {
        &self.authority_sha256
    }

    /// The certificates of the hub's authorities: one, or two while the hub changes it. Empty in an
    /// identity that cannot be used.
    #[must_use]
    pub fn authorities(&self) -> Vec<CertificateDer<'static>> {
        self.known_authorities().unwrap_or_default()
    }

    /// `None` when they do not fit: the own chain must end in one of them.
    fn known_authorities(&self) -> Option<Vec<CertificateDer<'static>>> {
        let last = tls::certificates(&self.chain_pem).ok()?.pop()?;
        if self.authorities_pem.is_empty() {
            let is_pinned = hex(&tls::fingerprint(&last)) == self.authority_sha256;
            return is_pinned.then(|| vec![last]);
        }
        let known = tls::certificates(&self.authorities_pem).ok()?;
        (known.len() <= MAX_AUTHORITIES && known.contains(&last)).then_some(known)
    }

    /// Whether the authority that the token named is among those the hub says it has.
    fn names_its_hub(&self) -> bool {
        let named =
            |known: &CertificateDer<'_>| hex(&tls::fingerprint(known)) == self.authority_sha256;
        self.authorities().iter().any(named)
    }

    /// Whom this collector trusts, as [`tls::trust`].
    #[must_use]
    pub fn trust(&self) -> String {
        tls::trust(&self.authorities())
    }

    /// End of the certificate's validity.
    #[must_use]
    pub const fn not_after(&self) -> Timestamp {
        Timestamp::from_seconds(self.not_after)
    }

    /// Whether the certificate is over, by this machine's clock: then only a new token helps.
    #[must_use]
    pub fn has_ended(&self, now: Timestamp) -> bool {
        now >= self.not_after()
    }

    /// When to ask for the next certificate; `random` spreads collectors. Always before two thirds
    /// of its life have gone.
    #[must_use]
    pub fn renew_at(&self, random: u64) -> Timestamp {
        let life_ms = (self.not_after - self.not_before).saturating_mul(1_000);
        let spread = i64::try_from(random % 1_000).unwrap_or(0) * RENEW_SPREAD / 1_000;
        let after_ms = life_ms / 1_000 * (RENEW_FROM + spread);
        Timestamp::from_seconds(self.not_before).plus_millis(after_ms)
    }

    /// TLS for calls under this identity.
    ///
    /// # Errors
    /// When key and certificates do not fit.
    pub fn tls(&self, clock: &Clock) -> Result<Arc<ClientConfig>, TlsError> {
        let chain = tls::certificates(&self.chain_pem)?;
        let authorities = self.known_authorities().ok_or(TlsError::Certificate)?;
        tls::client(
            authorities,
            chain,
            tls::private_key(&self.key_pem)?,
            clock.clone(),
        )
    }

    /// A client for calls under this identity.
    ///
    /// # Errors
    /// When key and certificates do not fit.
    pub fn client(&self, clock: &Clock) -> Result<Client, TlsError> {
        self.client_through(None, clock)
    }

    /// As [`client`](Self::client), through a proxy where there is one.
    ///
    /// # Errors
    /// When key and certificates do not fit.
    pub fn client_through(
        &self,
        proxy: Option<HubAddress>,
        clock: &Clock,
    ) -> Result<Client, TlsError> {
        let hub = HubAddress::parse(&self.hub).ok_or(TlsError::Certificate)?;
        Ok(Client::through(proxy, hub, self.tls(clock)?))
    }

    /// The identity that results from the hub's answer; `None` when the answer does not fit the key or
    /// comes from none of the authorities it names.
    fn accept(
        hub: String,
        key_pem: String,
        authority_sha256: String,
        enrolled: Enrolled,
    ) -> Option<Self> {
        let identity = Self {
            hub,
            collector: enrolled.collector,
            member: enrolled.member,
            key_pem,
            chain_pem: enrolled.chain_pem,
            authority_sha256,
            authorities_pem: enrolled.authorities_pem,
            not_before: enrolled.not_before,
            not_after: enrolled.not_after,
        };
        let usable =
            identity.not_before < identity.not_after && identity.tls(&Clock::system()).is_ok();
        usable.then_some(identity)
    }
}

/// Joins the hub of `token`: makes a key, has the hub certify it, and keeps both in `state_dir`.
///
/// # Errors
/// When the hub cannot be reached or refuses, or the identity cannot be kept.
pub async fn join(
    token: &Token,
    version: &str,
    state_dir: &Path,
    clock: &Clock,
) -> Result<Identity, JoinError> {
    join_through(None, token, version, state_dir, clock).await
}

/// As [`join`], through a proxy where there is one.
///
/// # Errors
/// As [`join`].
pub async fn join_through(
    proxy: Option<HubAddress>,
    token: &Token,
    version: &str,
    state_dir: &Path,
    clock: &Clock,
) -> Result<Identity, JoinError> {
    let config = tls::enrolling_client(token.authority_sha256, clock.clone())
        .map_err(|_| CallError::Link(LinkProblem::NotSafe))?;
    let made = key::make()?;
    let request = EnrolRequest {
        secret: token.secret(),
        csr_pem: made.csr_pem,
        version: version.to_owned(),
    };
    let client = Client::through(proxy, token.hub.clone(), config);
    let enrolled: Enrolled = client.post_json(path::ENROL, &request).await?.value;
    let hub = token.hub.to_string();
    let identity = Identity::accept(hub, made.key_pem, hex(&token.authority_sha256), enrolled)
        .filter(Identity::names_its_hub)
        .ok_or(CallError::Malformed)?;
    identity.save(state_dir)?;
    Ok(identity)
}

/// Fetches the next certificate, over a new key, and keeps both in `state_dir`.
///
/// # Errors
/// When the hub cannot be reached or refuses, or the identity cannot be kept; the old one stays.
pub async fn renew(
    identity: &Identity,
    client: &Client,
    state_dir: &Path,
) -> Result<Identity, JoinError> {
    let made = key::make()?;
    let request = RenewRequest {
        csr_pem: made.csr_pem,
    };
    let enrolled: Enrolled = client.post_json(path::RENEW, &request).await?.value;
    let authority = identity.authority_sha256.clone();
    let next = Identity::accept(identity.hub.clone(), made.key_pem, authority, enrolled)
        .filter(|next| next.collector == identity.collector)
        .ok_or(CallError::Malformed)?;
    next.save(state_dir)?;
    Ok(next)
}

fn hex(bytes: &[u8]) -> String {
    data_encoding::HEXLOWER.encode(bytes)
}
