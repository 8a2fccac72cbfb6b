//! The hub's own certificate authority: who may call itself this hub, and who may speak as one of its
//! collectors.
//!
//! The key is made on the spot and stays in `authority/` of the state folder, readable by the hub's
//! user alone. A hub whose root key is to stay offline puts an intermediate certificate and its key
//! there before the first token is made; collectors trust exactly what stands there.
//!
//! Standards: RFC 5280; identities as SPIFFE ids in a URI name.

use std::fs;
use std::io::Write as _;
use std::net::IpAddr;
use std::path::{Path, PathBuf};

use data_encoding::HEXLOWER;
use larum_core::time::Timestamp;
use larum_link::secret::{NoRandomness, random};
use larum_link::tls::{self, TlsError};
use larum_link::wire::Receipt;
use rcgen::{
    BasicConstraints, CertificateParams, CertificateSigningRequestParams, DistinguishedName,
    DnType, ExtendedKeyUsagePurpose, IsCa, Issuer, KeyPair, KeyUsagePurpose, PublicKeyData as _,
    SanType, SerialNumber, SigningKey as _,
};
use rustls::pki_types::{CertificateDer, PrivateKeyDer, PrivatePkcs8KeyDer};

use super::identity::{Peer, trust_domain};
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

const CERTIFICATE_FILE: &str = "authority.crt";
const KEY_FILE: &str = "authority.key";

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

/// The authority.
pub struct Authority {
    certificate: CertificateDer<'static>,
    certificate_pem: String,
    issuer: Issuer<'static, KeyPair>,
    trust_domain: String,
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
        let serial = random::<16>()?;
        let key = KeyPair::generate()?;
        let mut params = CertificateParams::default();
        validity(&mut params, now, AUTHORITY_SECONDS)?;
        params.serial_number = Some(positive(serial));
        params.distinguished_name = name(&format!("Larum hub {}", HEXLOWER.encode(&serial)));
        params.is_ca = IsCa::Ca(BasicConstraints::Constrained(0));
        params.key_usages = vec![KeyUsagePurpose::KeyCertSign, KeyUsagePurpose::CrlSign];
        let certificate = params.self_signed(&key)?;
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
        let certificate_pem = read(&folder.join(CERTIFICATE_FILE))?;
        let key = KeyPair::from_pem(&read(&folder.join(KEY_FILE))?)?;
        let certificate = tls::certificates(&certificate_pem)?
            .into_iter()
            .next()
            .ok_or(TlsError::Certificate)?;
        let issuer = Issuer::from_ca_cert_der(&certificate, key)?;
        Ok(Self {
            trust_domain: trust_domain(&tls::fingerprint(&certificate)),
            certificate,
            certificate_pem,
            issuer,
        })
    }

    /// The authority's certificate.
    #[must_use]
    pub fn certificate(&self) -> CertificateDer<'static> {
        self.certificate.clone()
    }

    /// Its fingerprint, as it stands in tokens.
    #[must_use]
    pub fn sha256(&self) -> [u8; 32] {
        tls::fingerprint(&self.certificate)
    }

    /// The name under which its collectors' identities stand: `hub-` and the first 16 hexadecimal
    /// digits of the fingerprint.
    #[must_use]
    pub fn trust_domain(&self) -> &str {
        &self.trust_domain
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
        receipt.signature = larum_link::receipt::written(&self.issuer.key().sign(&text)?);
        Ok(receipt)
    }

    /// A certificate and a new key for the hub itself, for the names collectors call it by.
    ///
    /// # Errors
    /// When a name is not one, or the clock is out of range.
    pub fn issue_server(
        &self,
        names: &[String],
        now: Timestamp,
    ) -> Result<(Vec<CertificateDer<'static>>, PrivateKeyDer<'static>), AuthorityError> {
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
        let leaf = params.signed_by(&key, &self.issuer)?;
        let chain = vec![leaf.der().clone(), self.certificate.clone()];
        let key = PrivatePkcs8KeyDer::from(key.serialize_der());
        Ok((chain, PrivateKeyDer::Pkcs8(key)))
    }

    /// A client certificate of `seconds` for a collector, and the chain as PEM, leaf first.
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
    ) -> Result<(Issued, String), AuthorityError> {
        let peer = Peer { member, collector };
        let serial = positive(random::<16>()?);
        let mut params = CertificateParams::default();
        let (not_before, not_after) = validity(&mut params, now, seconds)?;
        params.serial_number = Some(serial.clone());
        params.distinguished_name = name(&collector.to_string());
        params.subject_alt_names = vec![SanType::URI(peer.uri(&self.trust_domain).try_into()?)];
        params.key_usages = vec![KeyUsagePurpose::DigitalSignature];
        // As a server too: a collector may show it to devices that send their log over TLS. It names no
        // host, so nobody takes it for the hub.
        params.extended_key_usages = vec![
            ExtendedKeyUsagePurpose::ClientAuth,
            ExtendedKeyUsagePurpose::ServerAuth,
        ];
        params.use_authority_key_identifier_extension = true;
        let leaf = params.signed_by(&request.0, &self.issuer)?;
        let issued = Issued {
            collector,
            serial: HEXLOWER.encode(serial.as_ref()),
            not_before,
            not_after,
        };
        Ok((issued, format!("{}{}", leaf.pem(), self.certificate_pem)))
    }
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

fn name(common: &str) -> DistinguishedName {
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

fn read(file: &Path) -> Result<String, AuthorityError> {
    fs::read_to_string(file).map_err(|source| AuthorityError::File {
        file: file.to_owned(),
        source,
    })
}

fn make_private_folder(folder: &Path) -> Result<(), AuthorityError> {
    use std::os::unix::fs::DirBuilderExt as _;
    fs::DirBuilder::new()
        .recursive(true)
        .mode(0o700)
        .create(folder)
        .map_err(|source| AuthorityError::File {
            file: folder.to_owned(),
            source,
        })
}

/// Writes a file only the owner can read, on the disk when this returns; never over another.
fn write_private(file: &Path, bytes: &[u8]) -> Result<(), AuthorityError> {
    use std::os::unix::fs::OpenOptionsExt as _;
    let write = || -> std::io::Result<()> {
        let mut open = fs::OpenOptions::new()
            .write(true)
            .create_new(true)
            .mode(0o600)
            .open(file)?;
        open.write_all(bytes)?;
        open.sync_all()
    };
    write().map_err(|source| AuthorityError::File {
        file: file.to_owned(),
        source,
    })
}

#[cfg(test)]
mod tests {
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
        let (issued, chain) = authority
            .issue_collector(&request, peer.member, peer.collector, NOW, 7 * 86_400)
            .unwrap();
        let leaf = tls::certificates(&chain).unwrap().remove(0);
        let seen = super::super::identity::read(&leaf, authority.trust_domain()).unwrap();
        assert_eq!(seen.peer, peer);
        assert_eq!(seen.not_before, NOW.plus_seconds(-300));
        assert_eq!(seen.not_after, issued.not_after);
        assert_eq!(
            super::super::identity::read(&leaf, "hub-of-someone-else").err(),
            Some(super::super::identity::NotACollector)
        );
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
