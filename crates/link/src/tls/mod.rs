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

/// The collector's side once it has joined: trusts the stored authority and nothing else, and shows
/// its own certificate.
///
/// # Errors
/// When authority, chain or key are not usable together.
pub fn client(
    authority: CertificateDer<'static>,
    chain: Vec<CertificateDer<'static>>,
    key: PrivateKeyDer<'static>,
    clock: Clock,
) -> Result<Arc<ClientConfig>, TlsError> {
    let mut config = ClientConfig::builder_with_details(provider(), Arc::new(clock))
        .with_protocol_versions(&[&rustls::version::TLS13])?
        .with_root_certificates(only(authority)?)
        .with_client_auth_cert(chain, key)?;
    config.alpn_protocols = vec![ALPN.to_vec()];
    // A resumed session would keep an old certificate's standing alive.
    config.resumption = rustls::client::Resumption::disabled();
    Ok(Arc::new(config))
}

fn only(authority: CertificateDer<'static>) -> Result<RootCertStore, TlsError> {
    let mut roots = RootCertStore::empty();
    roots.add(authority)?;
    Ok(roots)
}

fn provider() -> Arc<CryptoProvider> {
    Arc::new(rustls::crypto::aws_lc_rs::default_provider())
}
