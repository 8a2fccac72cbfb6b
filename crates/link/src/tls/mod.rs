//! TLS between collector and hub: version 1.3 only, both sides by certificates of the hub's own
//! authority, times judged by the [`Clock`] each side was handed; and TLS for whoever sends logs
//! ([`receiver`]).
//!
//! Standards: RFC 8446, RFC 5280, RFC 9113 (`h2` by ALPN).

pub mod pinned;
mod receiver;
mod server;

pub use receiver::{Senders, receiver};
pub use rustls_pki_types::CertificateDer;
pub use server::{ServerIdentity, server};

use std::sync::Arc;

use data_encoding::{BASE64, HEXLOWER};
use rustls::crypto::CryptoProvider;
use rustls::{ClientConfig, RootCertStore};
use rustls_pki_types::PrivateKeyDer;
use rustls_pki_types::pem::PemObject as _;
use sha2::{Digest as _, Sha256};

use crate::clock::Clock;

/// The application protocol of the link: HTTP/2.
pub const ALPN: &[u8] = b"h2";
/// Most certificates read from one PEM text.
const MAX_CHAIN: usize = 8;
/// Most authorities a hub has at once: the one that signs, and the next or the former one.
pub const MAX_AUTHORITIES: usize = 4;
/// Characters of a line of a PEM text (RFC 7468, section 2).
const PEM_LINE: usize = 64;
/// Digits of [`trust`].
const TRUST_DIGITS: usize = 32;

/// Why a TLS configuration cannot be made.
#[derive(Debug, thiserror::Error)]
pub enum TlsError {
    /// The text holds no certificate, too many, or a broken one.
    #[error("the certificate text is not usable")]
    Certificate,
    /// The private key cannot be used.
    #[error("the private key is not usable")]
    Key,
    /// The TLS library refused.
    #[error("TLS set-up failed: {0}")]
    Library(#[from] rustls::Error),
    /// The TLS library refused the authority.
    #[error("TLS set-up failed: {0}")]
    Verifier(#[from] rustls::server::VerifierBuilderError),
}

/// The certificates of a PEM text, in order.
///
/// # Errors
/// When there is none, or one cannot be read.
pub fn certificates(pem: &str) -> Result<Vec<CertificateDer<'static>>, TlsError> {
    let chain = CertificateDer::pem_slice_iter(pem.as_bytes())
        .take(MAX_CHAIN)
        .collect::<Result<Vec<_>, _>>()
        .map_err(|_| TlsError::Certificate)?;
    if chain.is_empty() {
        return Err(TlsError::Certificate);
    }
    Ok(chain)
}

/// The private key of a PKCS#8 PEM text.
///
/// # Errors
/// When there is none.
pub fn private_key(pem: &str) -> Result<PrivateKeyDer<'static>, TlsError> {
    PrivateKeyDer::from_pem_slice(pem.as_bytes()).map_err(|_| TlsError::Key)
}

/// The fingerprint of a certificate: SHA-256 over its DER.
#[must_use]
pub fn fingerprint(certificate: &CertificateDer<'_>) -> [u8; 32] {
    Sha256::digest(certificate.as_ref()).into()
}

/// The certificate as a PEM text (RFC 7468).
#[must_use]
pub fn pem(certificate: &CertificateDer<'_>) -> String {
    let digits = BASE64.encode(certificate.as_ref());
    let mut text = String::from("-----BEGIN CERTIFICATE-----\n");
    let mut rest = digits.as_str();
    while !rest.is_empty() {
        // Base64 is ASCII: any place is between two characters.
        let (line, after) = rest.split_at(rest.len().min(PEM_LINE));
        text.push_str(line);
        text.push('\n');
        rest = after;
    }
    text.push_str("-----END CERTIFICATE-----\n");
    text
}

/// A short name for "these authorities, in this order", by which a collector and its hub compare whom
/// they trust: the first 32 hexadecimal digits of the SHA-256 over their fingerprints.
#[must_use]
pub fn trust(authorities: &[CertificateDer<'_>]) -> String {
    let mut hash = Sha256::new();
    for authority in authorities {
        hash.update(fingerprint(authority));
    }
    let mut digits = HEXLOWER.encode(&hash.finalize());
    digits.truncate(TRUST_DIGITS);
    digits
}

/// The collector's side before it has a certificate: the hub must show the authority whose
/// fingerprint stands in the token, and a certificate that this authority gave it.
///
/// # Errors
/// When the TLS library refuses the set-up.
pub fn enrolling_client(
    authority_sha256: [u8; 32],
    clock: Clock,
) -> Result<Arc<ClientConfig>, TlsError> {
    let verifier = Arc::new(pinned::ByFingerprint::new(authority_sha256, provider()));
    let mut config = ClientConfig::builder_with_details(provider(), Arc::new(clock))
        .with_protocol_versions(&[&rustls::version::TLS13])?
        .dangerous()
        .with_custom_certificate_verifier(verifier)
        .with_no_client_auth();
    config.alpn_protocols = vec![ALPN.to_vec()];
    Ok(Arc::new(config))
}

/// The collector's side once it has joined: trusts the stored authorities and nothing else, and shows
/// its own certificate.
///
/// # Errors
/// When authorities, chain or key are not usable together.
pub fn client(
    authorities: Vec<CertificateDer<'static>>,
    chain: Vec<CertificateDer<'static>>,
    key: PrivateKeyDer<'static>,
    clock: Clock,
) -> Result<Arc<ClientConfig>, TlsError> {
    let mut config = ClientConfig::builder_with_details(provider(), Arc::new(clock))
        .with_protocol_versions(&[&rustls::version::TLS13])?
        .with_root_certificates(only(authorities)?)
        .with_client_auth_cert(chain, key)?;
    config.alpn_protocols = vec![ALPN.to_vec()];
    // A resumed session would keep an old certificate's standing alive.
    config.resumption = rustls::client::Resumption::disabled();
    Ok(Arc::new(config))
}

fn only(authorities: Vec<CertificateDer<'static>>) -> Result<RootCertStore, TlsError> {
    let mut roots = RootCertStore::empty();
    for authority in authorities {
        roots.add(authority)?;
    }
    Ok(roots)
}

fn provider() -> Arc<CryptoProvider> {
    Arc::new(rustls::crypto::aws_lc_rs::default_provider())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_certificate_survives_its_text() {
        for length in [1, 47, 48, 49, 700] {
            let certificate = CertificateDer::from(vec![7; length]);
            let text = pem(&certificate);
            assert!(text.lines().all(|line| line.len() <= PEM_LINE));
            assert_eq!(certificates(&text).unwrap(), [certificate], "{length}");
        }
    }

    #[test]
    fn trust_is_about_which_and_in_which_order() {
        let [one, two] = [1, 2].map(|byte| CertificateDer::from(vec![byte]));
        let all = [
            trust(&[]),
            trust(std::slice::from_ref(&one)),
            trust(&[one.clone(), two.clone()]),
            trust(&[two, one]),
        ];
        for (index, digits) in all.iter().enumerate() {
            assert_eq!(digits.len(), TRUST_DIGITS);
            assert!(!all.iter().skip(index + 1).any(|other| other == digits));
        }
    }
}
