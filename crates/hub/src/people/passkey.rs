//! Passkeys: what a browser hands over when somebody makes one or signs in with one, and whether it
//! proves anything.
//!
//! Standard: Web Authentication Level 3, sections 7.1 and 7.2. We ask for no attestation, so the key
//! is whatever the person's own device says it is; that is why the key is taken as the browser
//! exports it (`getPublicKey`, section 5.2.1.1) and no CBOR is read. User verification is always
//! asked for: the device checks a finger, a face or a PIN, so that one passkey is two factors.
//!
//! Pure: the challenge's own checks are in [`challenge`](super::challenge), the store keeps the keys.

use aws_lc_rs::signature::{
    ECDSA_P256_SHA256_ASN1, ED25519, ParsedPublicKey, RSA_PKCS1_2048_8192_SHA256,
    VerificationAlgorithm,
};
use data_encoding::BASE64URL_NOPAD;
use serde::Deserialize;
use sha2::{Digest as _, Sha256};

/// Longest credential identity, in bytes (the standard's own limit).
pub const MAX_CREDENTIAL_BYTES: usize = 1_023;
/// Longest client data, in bytes.
pub const MAX_CLIENT_DATA_BYTES: usize = 4_096;
/// Longest authenticator data, in bytes.
pub const MAX_AUTHENTICATOR_DATA_BYTES: usize = 4_096;
/// Longest public key, in bytes: RSA with 8192 bits, with room.
pub const MAX_PUBLIC_KEY_BYTES: usize = 1_200;
/// Longest signature, in bytes: RSA with 8192 bits.
pub const MAX_SIGNATURE_BYTES: usize = 1_024;

// Authenticator data (section 6.1): hash of the place 32, flags 1, counter 4 big-endian; with a new
// credential: model 16, length of its identity 2 big-endian, the identity.
const FLAGS_AT: usize = 32;
const COUNTER_AT: usize = 33;
const CREDENTIAL_AT: usize = 37;
const MODEL_BYTES: usize = 16;
const PRESENT: u8 = 0x01;
const VERIFIED: u8 = 0x04;
const MAY_SYNC: u8 = 0x08;
const SYNCED: u8 = 0x10;
const HAS_CREDENTIAL: u8 = 0x40;

/// COSE numbers of the signature algorithms taken: ES256, `EdDSA`, RS256.
pub const ALGORITHMS: [i32; 3] = [-7, -8, -257];

/// Why something handed over proves nothing.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
pub enum PasskeyRefusal {
    /// Too long, not base64url, or not of the standard's shape.
    #[error("unreadable")]
    Unreadable,
    /// Made for the other ceremony: a registration where a sign-in was asked, or the reverse.
    #[error("wrong ceremony")]
    Ceremony,
    /// Not the challenge we gave, or given too long ago, or used before.
    #[error("challenge")]
    Challenge,
    /// Made on another site, or inside a frame of one.
    #[error("another site")]
    Site,
    /// Nobody touched the device.
    #[error("nobody present")]
    NotPresent,
    /// The device did not check who touched it.
    #[error("not verified")]
    NotVerified,
    /// A kind of key that we do not take, or not a key.
    #[error("key")]
    Key,
    /// The signature does not fit.
    #[error("signature")]
    Signature,
    /// The device's counter went backwards: there are two of it.
    #[error("counter went back")]
    Copied,
    /// We know no such passkey.
    #[error("unknown passkey")]
    Unknown,
    /// Its person was shut out.
    #[error("person disabled")]
    Disabled,
}

impl PasskeyRefusal {
    /// The word for it in logs, metrics and the catalogue (`hub-passkey-…`).
    #[must_use]
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::Unreadable => "unreadable",
            Self::Ceremony => "ceremony",
            Self::Challenge => "challenge",
            Self::Site => "site",
            Self::NotPresent => "not-present",
            Self::NotVerified => "not-verified",
            Self::Key => "key",
            Self::Signature => "signature",
            Self::Copied => "copied",
            Self::Unknown => "unknown",
            Self::Disabled => "disabled",
        }
    }
}

/// The site that passkeys are made for.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Site {
    origin: String,
    host: String,
}

impl Site {
    /// The site of the pages at `page_url`. `None` where browsers allow no passkeys: without TLS
    /// other than on `localhost`, and where the host is an address instead of a name.
    #[must_use]
    pub fn of(page_url: &str) -> Option<Self> {
        let uri: axum::http::Uri = page_url.parse().ok()?;
        let host = uri.host()?.to_ascii_lowercase();
        if host.starts_with('[') || host.parse::<std::net::IpAddr>().is_ok() {
            return None;
        }
        let (scheme, usual_port) = match uri.scheme_str()? {
            "https" => ("https", 443),
            "http" if host == "localhost" => ("http", 80),
            _ => return None,
        };
        let port = uri.port_u16().filter(|port| *port != usual_port);
        let origin = match port {
            Some(port) => format!("{scheme}://{host}:{port}"),
            None => format!("{scheme}://{host}"),
        };
        Some(Self { origin, host })
    }

    /// The identity of the site in the standard's sense: the host's name.
    #[must_use]
    pub fn host(&self) -> &str {
        &self.host
    }
}

/// A passkey just made, all in base64url but the algorithm, as the page's form sends it.
#[derive(Clone, Copy, Debug)]
pub struct Made<'a> {
    /// The credential's identity.
    pub credential: &'a str,
    /// Client data, JSON.
    pub client_data: &'a str,
    /// Authenticator data.
    pub authenticator_data: &'a str,
    /// Public key, `SubjectPublicKeyInfo` in DER.
    pub public_key: &'a str,
    /// COSE number of its algorithm.
    pub algorithm: i32,
}

/// A passkey that may be kept.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct NewKey {
    /// The credential's identity, base64url.
    pub credential: String,
    /// Public key, `SubjectPublicKeyInfo` in DER.
    pub public_key: Vec<u8>,
    /// COSE number of its algorithm.
    pub algorithm: i32,
    /// The device's counter; 0 where it keeps none.
    pub counter: u32,
    /// Whether its maker keeps copies of it on other devices.
    pub synced: bool,
}

/// A proof by passkey, all in base64url, as the page's form sends it.
#[derive(Clone, Copy, Debug)]
pub struct Signed<'a> {
    /// The credential's identity.
    pub credential: &'a str,
    /// Client data, JSON.
    pub client_data: &'a str,
    /// Authenticator data.
    pub authenticator_data: &'a str,
    /// Signature over both.
    pub signature: &'a str,
}

/// A key as the store keeps it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct KnownKey {
    /// Public key, `SubjectPublicKeyInfo` in DER.
    pub public_key: Vec<u8>,
    /// COSE number of its algorithm.
    pub algorithm: i32,
    /// The device's counter at the last sign-in.
    pub counter: u32,
}

#[derive(Deserialize)]
#[serde(rename_all = "camelCase")]
struct ClientData {
    r#type: String,
    challenge: String,
    origin: String,
    #[serde(default)]
    cross_origin: bool,
    top_origin: Option<String>,
}

/// The challenge that `client_data` answers, to be checked before anything else; not yet proven.
///
/// # Errors
/// [`PasskeyRefusal::Unreadable`].
pub fn challenge_of(client_data: &str) -> Result<String, PasskeyRefusal> {
    let bytes = bytes(client_data, MAX_CLIENT_DATA_BYTES)?;
    client(&bytes).map(|data| data.challenge)
}

/// Checks a passkey just made for `site` in answer to `challenge`.
///
/// # Errors
/// Why it is not taken.
pub fn made(site: &Site, challenge: &str, made: Made<'_>) -> Result<NewKey, PasskeyRefusal> {
    let client_data = bytes(made.client_data, MAX_CLIENT_DATA_BYTES)?;
    answers(site, challenge, "webauthn.create", &client_data)?;
    let credential = bytes(made.credential, MAX_CREDENTIAL_BYTES)?;
    let data = bytes(made.authenticator_data, MAX_AUTHENTICATOR_DATA_BYTES)?;
    let device = Device::read(site, &data)?;
    if credential.is_empty() || device.credential != Some(credential.as_slice()) {
        return Err(PasskeyRefusal::Unreadable);
    }
    let public_key = bytes(made.public_key, MAX_PUBLIC_KEY_BYTES)?;
    parsed(made.algorithm, &public_key)?;
    Ok(NewKey {
        credential: BASE64URL_NOPAD.encode(&credential),
        public_key,
        algorithm: made.algorithm,
        counter: device.counter,
        synced: device.synced,
    })
}

/// Checks a proof with a key we know, for `site`, in answer to `challenge`: the device's counter now.
///
/// # Errors
/// Why it proves nothing.
pub fn signed(
    site: &Site,
    challenge: &str,
    key: &KnownKey,
    signed: Signed<'_>,
) -> Result<u32, PasskeyRefusal> {
    let client_data = bytes(signed.client_data, MAX_CLIENT_DATA_BYTES)?;
    answers(site, challenge, "webauthn.get", &client_data)?;
    let mut message = bytes(signed.authenticator_data, MAX_AUTHENTICATOR_DATA_BYTES)?;
    let device = Device::read(site, &message)?;
    let counter = device.counter;
    let signature = bytes(signed.signature, MAX_SIGNATURE_BYTES)?;
    message.extend_from_slice(&Sha256::digest(&client_data));
    parsed(key.algorithm, &key.public_key)?
        .verify_sig(&message, &signature)
        .map_err(|_| PasskeyRefusal::Signature)?;
    // A device that counts never gives the same number twice (section 6.1.1).
    if (counter != 0 || key.counter != 0) && counter <= key.counter {
        return Err(PasskeyRefusal::Copied);
    }
    Ok(counter)
}

fn client(bytes: &[u8]) -> Result<ClientData, PasskeyRefusal> {
    serde_json::from_slice(bytes).map_err(|_| PasskeyRefusal::Unreadable)
}

fn answers(
    site: &Site,
    challenge: &str,
    ceremony: &str,
    client_data: &[u8],
) -> Result<(), PasskeyRefusal> {
    let data = client(client_data)?;
    if data.r#type != ceremony {
        return Err(PasskeyRefusal::Ceremony);
    }
    if data.challenge != challenge {
        return Err(PasskeyRefusal::Challenge);
    }
    if data.origin != site.origin || data.cross_origin || data.top_origin.is_some() {
        return Err(PasskeyRefusal::Site);
    }
    Ok(())
}

/// What the device says of itself.
struct Device<'a> {
    counter: u32,
    synced: bool,
    credential: Option<&'a [u8]>,
}

impl<'a> Device<'a> {
    fn read(site: &Site, data: &'a [u8]) -> Result<Self, PasskeyRefusal> {
        let (head, rest) = data
            .split_at_checked(CREDENTIAL_AT)
            .ok_or(PasskeyRefusal::Unreadable)?;
        let place = head.get(..FLAGS_AT).ok_or(PasskeyRefusal::Unreadable)?;
        if place != Sha256::digest(site.host.as_bytes()).as_slice() {
            return Err(PasskeyRefusal::Site);
        }
        let flags = *head.get(FLAGS_AT).ok_or(PasskeyRefusal::Unreadable)?;
        if flags & PRESENT == 0 {
            return Err(PasskeyRefusal::NotPresent);
        }
        if flags & VERIFIED == 0 {
            return Err(PasskeyRefusal::NotVerified);
        }
        if flags & SYNCED != 0 && flags & MAY_SYNC == 0 {
            return Err(PasskeyRefusal::Unreadable);
        }
        let counter = head
            .get(COUNTER_AT..)
            .and_then(|bytes| <[u8; 4]>::try_from(bytes).ok())
            .map(u32::from_be_bytes)
            .ok_or(PasskeyRefusal::Unreadable)?;
        let credential = match flags & HAS_CREDENTIAL {
            0 => None,
            _ => Some(credential(rest).ok_or(PasskeyRefusal::Unreadable)?),
        };
        Ok(Self {
            counter,
            synced: flags & SYNCED != 0,
            credential,
        })
    }
}

fn credential(rest: &[u8]) -> Option<&[u8]> {
    let rest = rest.get(MODEL_BYTES..)?;
    let (length, rest) = rest.split_first_chunk::<2>()?;
    rest.get(..usize::from(u16::from_be_bytes(*length)))
}

fn parsed(algorithm: i32, public_key: &[u8]) -> Result<ParsedPublicKey, PasskeyRefusal> {
    let verification: &'static dyn VerificationAlgorithm = match algorithm {
        -7 => &ECDSA_P256_SHA256_ASN1,
        -8 => &ED25519,
        -257 => &RSA_PKCS1_2048_8192_SHA256,
        _ => return Err(PasskeyRefusal::Key),
    };
    ParsedPublicKey::new(verification, public_key).map_err(|_| PasskeyRefusal::Key)
}

fn bytes(text: &str, limit: usize) -> Result<Vec<u8>, PasskeyRefusal> {
    if text.len() > limit.saturating_mul(4) / 3 + 4 {
        return Err(PasskeyRefusal::Unreadable);
    }
    let bytes = BASE64URL_NOPAD
        .decode(text.as_bytes())
        .map_err(|_| PasskeyRefusal::Unreadable)?;
    if bytes.len() > limit {
        return Err(PasskeyRefusal::Unreadable);
    }
    Ok(bytes)
}

#[cfg(test)]
#[path = "passkey_tests.rs"]
mod tests;
