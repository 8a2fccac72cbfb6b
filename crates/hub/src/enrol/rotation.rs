//! Changing the hub's authority: while it works, or because its key was stolen.
//!
//! | step | who signs | whom collectors trust |
//! |---|---|---|
//! | steady | the authority | it |
//! | [`prepare`] | the authority | it and the next |
//! | [`switch`] | the next | it and the former |
//! | [`retire`] | the new one | it |
//!
//! Collectors learn each step with a certificate they ask for within minutes, because every answer says
//! whom they should trust by now. Who slept through the switch still finds the hub: the new authority's
//! key is also signed by the former one, which holds until that is retired.
//!
//! Standards: RFC 5280 (cross-certificates), RFC 4210 appendix E names the same three certificates.

use std::path::Path;

use larum_core::time::Timestamp;
use rcgen::{CertificateParams, Issuer, KeyPair};
use rustls::pki_types::CertificateDer;

use super::authority::{AuthorityError, authority_params, name, self_signed};
use super::files::{
    CERTIFICATE_FILE, CROSS_FILE, FORMER_FILE, Files, KEY_FILE, NEXT_CROSS_FILE, NEXT_FILE,
    NEXT_KEY_FILE, certificate, fits, read, remove, rename, settle, write_private,
};

/// Where the hub stands in changing its authority.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Step {
    /// Not at all.
    Steady,
    /// The next authority is announced.
    Prepared,
    /// The new authority signs; the former one is still trusted.
    Switched,
}

impl Step {
    /// The stable code.
    #[must_use]
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::Steady => "steady",
            Self::Prepared => "prepared",
            Self::Switched => "switched",
        }
    }
}

/// How the authority stands.
#[derive(Clone, Debug)]
pub struct Standing {
    /// The step.
    pub step: Step,
    /// Whom collectors are to trust, as [`larum_link::tls::trust`].
    pub trust: String,
    /// The authority that signs, then the next or the former one.
    pub authorities: Vec<Known>,
}

/// One authority.
#[derive(Clone, Debug)]
pub struct Known {
    /// Its fingerprint, hexadecimal.
    pub sha256: String,
    /// Its last moment.
    pub not_after: Timestamp,
}

/// Why a step is not taken.
#[derive(Debug, thiserror::Error)]
pub enum RotationError {
    /// It is not the turn of this step.
    #[error("the authority is {}", .0.as_str())]
    Turn(Step),
    /// No key was made for this certificate by [`request`].
    #[error("there is no key for it")]
    NoKey,
    /// The certificate is over another key, bears another name, or may not sign certificates.
    #[error("the certificate is not the one that was asked for")]
    Certificate,
    /// The files.
    #[error(transparent)]
    Authority(#[from] AuthorityError),
}

/// How the authority in `folder` stands.
///
/// # Errors
/// When it is not usable.
pub fn standing(folder: &Path) -> Result<Standing, RotationError> {
    let set = Files::read(folder)?.set()?;
    let known = |certificate: &CertificateDer<'_>| {
        let ends = x509_parser::parse_x509_certificate(certificate)
            .map(|(_, parsed)| parsed.validity().not_after.timestamp());
        Known {
            sha256: data_encoding::HEXLOWER.encode(&larum_link::tls::fingerprint(certificate)),
            not_after: Timestamp::from_seconds(ends.unwrap_or_default()),
        }
    };
    let step = match (&set.next, &set.former) {
        (Some(_), _) => Step::Prepared,
        (None, Some(_)) => Step::Switched,
        (None, None) => Step::Steady,
    };
    Ok(Standing {
        step,
        trust: larum_link::tls::trust(&set.trusted),
        authorities: set.trusted.iter().map(known).collect(),
    })
}

/// Makes the next authority, signed by itself and by the present one, and announces it.
///
/// # Errors
/// When a change is under way already, or a file cannot be written.
pub fn prepare(folder: &Path, now: Timestamp) -> Result<(), RotationError> {
    turn(folder, Step::Steady)?;
    let (key, next) = self_signed(now)?;
    remove(folder, NEXT_KEY_FILE)?;
    write_private(&folder.join(NEXT_KEY_FILE), key.serialize_pem().as_bytes())?;
    announce(folder, &key, next.der(), now)
}

/// Makes the key of the next authority and the request (PKCS#10, PEM) that a root kept elsewhere is to
/// sign. Asked again, it is the same key.
///
/// # Errors
/// When a change is under way already, or a file cannot be written.
pub fn request(folder: &Path) -> Result<String, RotationError> {
    turn(folder, Step::Steady)?;
    let file = folder.join(NEXT_KEY_FILE);
    let key = match read(&file) {
        Ok(text) => KeyPair::from_pem(&text).map_err(AuthorityError::from)?,
        Err(_) => {
            let key = KeyPair::generate().map_err(AuthorityError::from)?;
            write_private(&file, key.serialize_pem().as_bytes())?;
            key
        }
    };
    let mut params = CertificateParams::default();
    params.distinguished_name = name(&name_for(&key));
    let made = params.serialize_request(&key).and_then(|made| made.pem());
    Ok(made.map_err(AuthorityError::from)?)
}

/// Announces the certificate that a root kept elsewhere gave for [`request`].
///
/// # Errors
/// When it is not for that request, or a change is under way already.
pub fn prepare_signed(folder: &Path, pem: &str, now: Timestamp) -> Result<(), RotationError> {
    turn(folder, Step::Steady)?;
    let key = read(&folder.join(NEXT_KEY_FILE)).map_err(|_| RotationError::NoKey)?;
    let key = KeyPair::from_pem(&key).map_err(AuthorityError::from)?;
    let next = certificate(pem).map_err(|_| RotationError::Certificate)?;
    let signs = x509_parser::parse_x509_certificate(&next).is_ok_and(|(_, parsed)| {
        let named: Vec<_> = parsed.subject().iter_common_name().collect();
        let [one] = named.as_slice() else {
            return false;
        };
        let may = parsed.key_usage().ok().flatten();
        parsed.is_ca()
            && may.is_none_or(|may| may.value.key_cert_sign())
            && one.as_str() == Ok(name_for(&key).as_str())
    });
    if !signs || !fits(&key, &next) {
        return Err(RotationError::Certificate);
    }
    announce(folder, &key, &next, now)
}

/// The next authority's name when a root kept elsewhere signs it: it follows from the key.
fn name_for(key: &KeyPair) -> String {
    use rcgen::PublicKeyData as _;
    use sha2::{Digest as _, Sha256};
    let digits = data_encoding::HEXLOWER.encode(&Sha256::digest(key.der_bytes()));
    format!("Larum hub {}", digits.get(..32).unwrap_or_default())
}

/// Writes the next certificate, and its twin signed by the present authority. `next.crt` comes last: with
/// it the announcement holds.
fn announce(
    folder: &Path,
    key: &KeyPair,
    next: &CertificateDer<'static>,
    now: Timestamp,
) -> Result<(), RotationError> {
    let set = Files::read(folder)?.set()?;
    let (_, parsed) =
        x509_parser::parse_x509_certificate(next).map_err(|_| RotationError::Certificate)?;
    let common = parsed
        .subject()
        .iter_common_name()
        .next()
        .and_then(|common| common.as_str().ok())
        .ok_or(RotationError::Certificate)?;
    let params = authority_params(common, now)?;
    let issuer =
        Issuer::from_ca_cert_der(&set.certificate, set.key).map_err(AuthorityError::from)?;
    let cross = params
        .signed_by(key, &issuer)
        .map_err(AuthorityError::from)?;
    let named_alike = x509_parser::parse_x509_certificate(cross.der())
        .is_ok_and(|(_, twin)| twin.subject().as_raw() == parsed.subject().as_raw());
    if !named_alike {
        return Err(RotationError::Certificate);
    }
    remove(folder, NEXT_CROSS_FILE)?;
    write_private(&folder.join(NEXT_CROSS_FILE), cross.pem().as_bytes())?;
    write_private(
        &folder.join(NEXT_FILE),
        larum_link::tls::pem(next).as_bytes(),
    )?;
    Ok(settle(folder)?)
}

/// Has the next authority sign from now on; the key of the present one is gone after it.
///
/// # Errors
/// When none is announced, or a file cannot be written; then it may be called again.
pub fn switch(folder: &Path) -> Result<(), RotationError> {
    turn(folder, Step::Prepared)?;
    let current = read(&folder.join(CERTIFICATE_FILE))?;
    remove(folder, FORMER_FILE)?;
    write_private(&folder.join(FORMER_FILE), current.as_bytes())?;
    if folder.join(NEXT_CROSS_FILE).exists() {
        rename(folder, NEXT_CROSS_FILE, CROSS_FILE)?;
    }
    rename(folder, NEXT_KEY_FILE, KEY_FILE)?;
    rename(folder, NEXT_FILE, CERTIFICATE_FILE)?;
    Ok(settle(folder)?)
}

/// Ends the trust in the former authority.
///
/// # Errors
/// When there is none, or a file cannot be removed.
pub fn retire(folder: &Path) -> Result<(), RotationError> {
    turn(folder, Step::Switched)?;
    remove(folder, FORMER_FILE)?;
    remove(folder, CROSS_FILE)?;
    Ok(settle(folder)?)
}

/// Puts a new authority in place of one whose key was stolen or lost, whatever step it is at. Nobody who
/// trusts the old one reaches the hub any more: every collector has to be invited again.
///
/// # Errors
/// When a file cannot be written.
pub fn replace(folder: &Path, now: Timestamp) -> Result<(), RotationError> {
    let (key, certificate) = self_signed(now)?;
    for name in [
        NEXT_FILE,
        NEXT_KEY_FILE,
        NEXT_CROSS_FILE,
        FORMER_FILE,
        CROSS_FILE,
        // Without it no hub starts; with the old one beside a new key none would either.
        CERTIFICATE_FILE,
        KEY_FILE,
    ] {
        remove(folder, name)?;
    }
    write_private(&folder.join(KEY_FILE), key.serialize_pem().as_bytes())?;
    write_private(&folder.join(CERTIFICATE_FILE), certificate.pem().as_bytes())?;
    Ok(settle(folder)?)
}

/// Finishes a switch that was cut short, and makes sure that it is this step's turn.
fn turn(folder: &Path, wanted: Step) -> Result<(), RotationError> {
    let files = Files::read(folder)?;
    let set = files.set()?;
    if folder.join(NEXT_FILE).exists() && set.next.is_none() {
        rename(folder, NEXT_FILE, CERTIFICATE_FILE)?;
        settle(folder)?;
    }
    let found = standing(folder)?.step;
    if found == wanted {
        Ok(())
    } else {
        Err(RotationError::Turn(found))
    }
}
