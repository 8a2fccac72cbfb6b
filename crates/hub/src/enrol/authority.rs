//! The hub's own certificate authority: who may call itself this hub, and who may speak as one of its
//! collectors.
//!
//! The key is made on the spot and stays in `authority/` of the state folder, readable by the hub's
//! user alone. A hub whose root key is to stay offline puts an intermediate certificate and its key
//! there before the first token is made; collectors trust exactly what stands there.
//!
//! Standards: RFC 5280; identities as SPIFFE ids in a URI name.

use std::net::IpAddr;
use std::path::{Path, PathBuf};
use std::sync::{Arc, PoisonError, RwLock};

use data_encoding::HEXLOWER;
use larum_core::time::Timestamp;
use larum_link::secret::{NoRandomness, random};
use larum_link::tls::{self, TlsError};
use larum_link::wire::Receipt;
use rcgen::{
    BasicConstraints, Certificate, CertificateParams, CertificateSigningRequestParams,
    DistinguishedName, DnType, ExtendedKeyUsagePurpose, IsCa, Issuer, KeyPair, KeyUsagePurpose,
    PublicKeyData as _, SanType, SerialNumber, SigningKey as _,
};
use rustls::pki_types::{CertificateDer, PrivateKeyDer, PrivatePkcs8KeyDer};

use super::files::{CERTIFICATE_FILE, Files, KEY_FILE, make_private_folder, write_private};
use super::identity::{self, NotACollector, Peer, Shown, trust_domain};
use crate::id::{CollectorId, MemberId};
use crate::store::enrol::Issued;

/// Largest certificate request read, in bytes.
pub const MAX_REQUEST_BYTES: usize = 8_192;
/// Life of the authority: ten years.
const AUTHORITY_SECONDS: i64 = 3_652 * 86_400;
/// Life of the hub's own certificate: 30 days. It lives in memory and is made anew at each start.
pub const SERVER_SECONDS: i64 = 30 * 86_400;
/// Certificates start this much in the past, for collectors whose clock is a little behind.
const BACKDATE_SECONDS: i64 = 300;
/// The longest uncompressed P-256 point: a collector's public key.
const P256_POINT_BYTES: usize = 65;

/// Why the authority cannot do it.
#[derive(Debug, thiserror::Error)]
pub enum AuthorityError {
    /// There is one already; it is never overwritten, because every collector trusts it.
    #[error("there is a certificate authority in {0} already")]
    Exists(PathBuf),
    /// A file of it cannot be read or written.
    #[error("the certificate authority's file {file} cannot be used: {source}")]
    File {
        /// Which.
        file: PathBuf,
        /// Why.
        source: std::io::Error,
    },
    /// The files hold no usable authority.
    #[error("the certificate authority is not usable: {0}")]
    Unusable(#[from] rcgen::Error),
    /// Nor can TLS use them.
    #[error("the certificate authority is not usable: {0}")]
    Tls(#[from] TlsError),
    /// No random bytes.
    #[error(transparent)]
    NoRandomness(#[from] NoRandomness),
    /// A receipt with a word in it that would break out of its line.
    #[error("the receipt cannot be signed")]
    Unsignable,
    /// The key is of another certificate.
    #[error("the certificate authority's key does not fit its certificate")]
    Unfit,
    /// A time outside what a certificate can say.
    #[error("the hub's clock shows a time that no certificate can say")]
    Time,
}

/// The certificate request is not one the hub answers: not PKCS#10, not signed with its own key, or
/// over something else than a P-256 key.
#[derive(Debug)]
pub struct RequestMalformed;

/// A certificate request that was checked: all that is taken from it is the public key.
pub struct CheckedRequest(rcgen::PublicKey);

impl CheckedRequest {
    /// Checks a PKCS#10 request in PEM. Names and extensions in it are ignored.
    ///
    /// # Errors
    /// When it is malformed.
    pub fn parse(pem: &str) -> Result<Self, RequestMalformed> {
        if pem.len() > MAX_REQUEST_BYTES {
            return Err(RequestMalformed);
        }
        let request =
            CertificateSigningRequestParams::from_pem(pem).map_err(|_| RequestMalformed)?;
        let key = request.public_key;
        let is_p256 = key.algorithm() == &rcgen::PKCS_ECDSA_P256_SHA256
            && key.der_bytes().len() == P256_POINT_BYTES;
        is_p256.then_some(Self(key)).ok_or(RequestMalformed)
    }
}

/// The authority that signs now, with those that are trusted besides while it is being changed. What stands
/// in the folder is looked at again by [`reload`](Self::reload).
pub struct Authority {
    folder: PathBuf,
    held: RwLock<Arc<Held>>,
}

/// What the folder held when it was last looked at.
struct Held {
    files: Files,
    certificate: CertificateDer<'static>,
    certificate_pem: String,
    issuer: Issuer<'static, KeyPair>,
    /// The same key and name, signed by the authority before: for whoever trusts only that one.
    cross: Option<CertificateDer<'static>>,
    /// The one that signs first, then the next or the former one.
    trusted: Vec<CertificateDer<'static>>,
    fingerprints: Vec<[u8; 32]>,
    trust: String,
}

/// What a collector is given.
pub struct Given {
    /// What the store keeps of it.
    pub issued: Issued,
    /// Its certificate and the authority's, PEM, leaf first.
    pub chain_pem: String,
    /// Whom to trust from now on, PEM.
    pub authorities_pem: String,
}

impl Held {
    fn of(files: Files) -> Result<Self, AuthorityError> {
        let set = files.set()?;
        let issuer = Issuer::from_ca_cert_der(&set.certificate, set.key)?;
        let fingerprints: Vec<_> = set.trusted.iter().map(tls::fingerprint).collect();
        Ok(Self {
            files,
            certificate_pem: tls::pem(&set.certificate),
            certificate: set.certificate,
            issuer,
            cross: set.cross,
            trust: tls::trust(&set.trusted),
            trusted: set.trusted,
            fingerprints,
        })
    }

    fn sha256(&self) -> [u8; 32] {
        tls::fingerprint(&self.certificate)
    }
}

impl Authority {
    /// Makes a new authority in `folder`.
    ///
    /// # Errors
    /// When there is one already, or it cannot be written.
    pub fn create(folder: &Path, now: Timestamp) -> Result<Self, AuthorityError> {
        let certificate_file = folder.join(CERTIFICATE_FILE);
        let key_file = folder.join(KEY_FILE);
        if certificate_file.exists() || key_file.exists() {
            return Err(AuthorityError::Exists(folder.to_owned()));
        }
        let (key, certificate) = self_signed(now)?;
        make_private_folder(folder)?;
        write_private(&key_file, key.serialize_pem().as_bytes())?;
        write_private(&certificate_file, certificate.pem().as_bytes())?;
        Self::load(folder)
    }

    /// Loads the authority of `folder`.
    ///
    /// # Errors
    /// When it is missing or not usable.
    pub fn load(folder: &Path) -> Result<Self, AuthorityError> {
        Ok(Self {
            folder: folder.to_owned(),
            held: RwLock::new(Arc::new(Held::of(Files::read(folder)?)?)),
        })
    }

    /// Looks at the folder again, and says whether anything is different.
    ///
    /// # Errors
    /// When it is not usable; what was held stays.
    pub fn reload(&self) -> Result<bool, AuthorityError> {
        let files = Files::read(&self.folder)?;
        if files == self.held().files {
            return Ok(false);
        }
        let next = Arc::new(Held::of(files)?);
        *self.held.write().unwrap_or_else(PoisonError::into_inner) = next;
        Ok(true)
    }

    fn held(&self) -> Arc<Held> {
        let held = self.held.read();
        held.unwrap_or_else(PoisonError::into_inner).clone()
    }

    /// The certificates whose holders are let in: of the authority that signs, and of the next or the
    /// former one while it is being changed.
    #[must_use]
    pub fn trusted(&self) -> Vec<CertificateDer<'static>> {
        self.held().trusted.clone()
    }

    /// Whom collectors are to trust, as [`tls::trust`].
    #[must_use]
    pub fn trust(&self) -> String {
        self.held().trust.clone()
    }

    /// The fingerprint of the authority that signs, as it stands in tokens.
    #[must_use]
    pub fn sha256(&self) -> [u8; 32] {
        self.held().sha256()
    }

    /// Whether certificates of the authority with this fingerprint are let in.
    #[must_use]
    pub fn accepts(&self, authority: &[u8; 32]) -> bool {
        self.held().fingerprints.contains(authority)
    }

    /// Whom a certificate speaks for, once TLS has verified it. Names stand under `hub-` and the first
    /// 16 hexadecimal digits of their authority's fingerprint.
    ///
    /// # Errors
    /// When it names no collector of this hub.
    pub fn shown(&self, certificate: &CertificateDer<'_>) -> Result<Shown, NotACollector> {
        identity::read(certificate, &self.held().fingerprints)
    }

    /// Signs a receipt for `collector` (32 hexadecimal digits); see [`larum_link::receipt`].
    ///
    /// # Errors
    /// When a word in it cannot be signed, or the key cannot sign.
    pub fn sign_receipt(
        &self,
        mut receipt: Receipt,
        collector: CollectorId,
    ) -> Result<Receipt, AuthorityError> {
        let text = larum_link::receipt::signed_text(&receipt, &collector.to_string())
            .ok_or(AuthorityError::Unsignable)?;
        let signature = self.held().issuer.key().sign(&text)?;
        receipt.signature = larum_link::receipt::written(&signature);
        Ok(receipt)
    }

    /// A certificate and a new key for the hub itself, for the names collectors call it by. Behind the
    /// certificate stands what leads to each authority that a collector may still trust alone.
    ///
    /// # Errors
    /// When a name is not one, or the clock is out of range.
    pub fn issue_server(
        &self,
        names: &[String],
        now: Timestamp,
    ) -> Result<(Vec<CertificateDer<'static>>, PrivateKeyDer<'static>), AuthorityError> {
        let held = self.held();
        let key = KeyPair::generate()?;
        let mut params = CertificateParams::default();
        for name in names {
            params.subject_alt_names.push(match name.parse::<IpAddr>() {
                Ok(ip) => SanType::IpAddress(ip),
                Err(_) => SanType::DnsName(name.clone().try_into()?),
            });
        }
        validity(&mut params, now, SERVER_SECONDS)?;
        params.serial_number = Some(positive(random::<16>()?));
        params.distinguished_name = name("Larum hub");
        params.key_usages = vec![KeyUsagePurpose::DigitalSignature];
        params.extended_key_usages = vec![ExtendedKeyUsagePurpose::ServerAuth];
        params.use_authority_key_identifier_extension = true;
        let leaf = params.signed_by(&key, &held.issuer)?;
        let mut chain = vec![leaf.der().clone()];
        chain.extend(held.cross.clone());
        chain.extend(held.trusted.iter().cloned());
        let key = PrivatePkcs8KeyDer::from(key.serialize_der());
        Ok((chain, PrivateKeyDer::Pkcs8(key)))
    }

    /// A client certificate of `seconds` for a collector, with whom it is to trust.
    ///
    /// # Errors
    /// When the clock is out of range or no random bytes are to be had.
    pub fn issue_collector(
        &self,
        request: &CheckedRequest,
        member: MemberId,
        collector: CollectorId,
        now: Timestamp,
        seconds: i64,
    ) -> Result<Given, AuthorityError> {
        let held = self.held();
        let peer = Peer { member, collector };
        let serial = positive(random::<16>()?);
        let mut params = CertificateParams::default();
        let (not_before, not_after) = validity(&mut params, now, seconds)?;
        params.serial_number = Some(serial.clone());
        params.distinguished_name = name(&collector.to_string());
        let uri = peer.uri(&trust_domain(&held.sha256()));
        params.subject_alt_names = vec![SanType::URI(uri.try_into()?)];
        params.key_usages = vec![KeyUsagePurpose::DigitalSignature];
        // As a server too: a collector may show it to devices that send their log over TLS. It names no
        // host, so nobody takes it for the hub.
        params.extended_key_usages = vec![
            ExtendedKeyUsagePurpose::ClientAuth,
            ExtendedKeyUsagePurpose::ServerAuth,
        ];
        params.use_authority_key_identifier_extension = true;
        let leaf = params.signed_by(&request.0, &held.issuer)?;
        let issued = Issued {
            collector,
            serial: HEXLOWER.encode(serial.as_ref()),
            not_before,
            not_after,
        };
        Ok(Given {
            issued,
            chain_pem: format!("{}{}", leaf.pem(), held.certificate_pem),
            authorities_pem: held.trusted.iter().map(tls::pem).collect(),
        })
    }
}

/// A new key, and a certificate of an authority over it that it signed itself.
pub(super) fn self_signed(now: Timestamp) -> Result<(KeyPair, Certificate), AuthorityError> {
    let key = KeyPair::generate()?;
    let name = format!("Larum hub {}", HEXLOWER.encode(&random::<16>()?));
    let certificate = authority_params(&name, now)?.self_signed(&key)?;
    Ok((key, certificate))
}

/// What a certificate of an authority with this name says. It may sign one more below it: the next
/// authority, for collectors that know this one only.
pub(super) fn authority_params(
    common: &str,
    now: Timestamp,
) -> Result<CertificateParams, AuthorityError> {
    let mut params = CertificateParams::default();
    validity(&mut params, now, AUTHORITY_SECONDS)?;
    params.serial_number = Some(positive(random::<16>()?));
    params.distinguished_name = name(common);
    params.is_ca = IsCa::Ca(BasicConstraints::Constrained(1));
    params.key_usages = vec![KeyUsagePurpose::KeyCertSign, KeyUsagePurpose::CrlSign];
    params.use_authority_key_identifier_extension = true;
    Ok(params)
}

fn validity(
    params: &mut CertificateParams,
    now: Timestamp,
    seconds: i64,
) -> Result<(Timestamp, Timestamp), AuthorityError> {
    let not_before = Timestamp::from_seconds(now.as_seconds() - BACKDATE_SECONDS);
    let not_after = Timestamp::from_seconds(now.as_seconds().saturating_add(seconds));
    let civil = |moment: Timestamp| {
        time::OffsetDateTime::from_unix_timestamp(moment.as_seconds())
            .map_err(|_| AuthorityError::Time)
    };
    params.not_before = civil(not_before)?;
    params.not_after = civil(not_after)?;
    Ok((not_before, not_after))
}

pub(super) fn name(common: &str) -> DistinguishedName {
    let mut name = DistinguishedName::new();
    name.push(DnType::CommonName, common);
    name
}

/// A serial number is a positive integer: the top bit stays clear (RFC 5280, 4.1.2.2).
fn positive(mut bytes: [u8; 16]) -> SerialNumber {
    if let Some(first) = bytes.first_mut() {
        *first = (*first & 0x7F) | 0x40;
    }
    SerialNumber::from_slice(&bytes)
}

#[cfg(test)]
mod tests {
    use std::fs;
    use std::os::unix::fs::PermissionsExt as _;

    use super::*;

    const NOW: Timestamp = Timestamp::from_seconds(1_800_000_000);

    fn request(key: &KeyPair) -> String {
        let mut params = CertificateParams::new(vec!["evil.example.org".to_owned()]).unwrap();
        params.distinguished_name = name("somebody else");
        params.serialize_request(key).unwrap().pem().unwrap()
    }

    #[test]
    fn is_made_once_for_the_owner_alone() {
        let folder = tempfile::tempdir().unwrap();
        let folder = folder.path().join("authority");
        let made = Authority::create(&folder, NOW).unwrap();
        let mode = fs::metadata(folder.join(KEY_FILE)).unwrap().permissions();
        assert_eq!(mode.mode() & 0o777, 0o600);
        assert!(matches!(
            Authority::create(&folder, NOW),
            Err(AuthorityError::Exists(_))
        ));
        assert_eq!(Authority::load(&folder).unwrap().sha256(), made.sha256());
    }

    #[test]
    fn a_collector_gets_the_name_the_hub_decides() {
        let folder = tempfile::tempdir().unwrap();
        let authority = Authority::create(folder.path(), NOW).unwrap();
        let key = KeyPair::generate().unwrap();
        let request = CheckedRequest::parse(&request(&key)).unwrap();
        let peer = Peer {
            member: MemberId::random().unwrap(),
            collector: CollectorId::random().unwrap(),
        };
        let given = authority
            .issue_collector(&request, peer.member, peer.collector, NOW, 7 * 86_400)
            .unwrap();
        let leaf = tls::certificates(&given.chain_pem).unwrap().remove(0);
        let seen = authority.shown(&leaf).unwrap();
        assert_eq!(seen.peer, peer);
        assert_eq!(seen.not_before, NOW.plus_seconds(-300));
        assert_eq!(seen.not_after, given.issued.not_after);
        assert_eq!(identity::read(&leaf, &[[7; 32]]).err(), Some(NotACollector));
        let text = format!("{:?}", x509_parser::parse_x509_certificate(&leaf).unwrap());
        assert!(!text.contains("evil"));
        assert!(!text.contains("somebody else"));
    }

    #[test]
    fn other_requests_are_refused() {
        let p384 = KeyPair::generate_for(&rcgen::PKCS_ECDSA_P384_SHA384).unwrap();
        let tampered = request(&KeyPair::generate().unwrap()).replacen("MI", "MJ", 1);
        for bad in [
            "",
            "hello",
            &"x".repeat(MAX_REQUEST_BYTES + 1),
            &tampered,
            &request(&p384),
        ] {
            assert!(CheckedRequest::parse(bad).is_err(), "{bad:.40}");
        }
    }
}
