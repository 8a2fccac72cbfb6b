//! A collector's private key and the request for a certificate over it.

use rcgen::{CertificateParams, DistinguishedName, KeyPair};

/// No key could be made: the operating system gave no random bytes.
#[derive(Debug, thiserror::Error)]
#[error("no key could be made")]
pub struct NoKey;

/// A new P-256 key and a request for it.
pub struct KeyAndRequest {
    /// PKCS#8, PEM. Never leaves the machine it was made on.
    pub key_pem: String,
    /// PKCS#10, PEM. Names nobody: the hub decides the name.
    pub csr_pem: String,
}

/// Makes a key on the spot, and a request signed with it.
///
/// # Errors
/// When the operating system gives no random bytes.
pub fn make() -> Result<KeyAndRequest, NoKey> {
    let key = KeyPair::generate().map_err(|_| NoKey)?;
    let mut params = CertificateParams::default();
    params.distinguished_name = DistinguishedName::new();
    let csr_pem = params
        .serialize_request(&key)
        .and_then(|request| request.pem())
        .map_err(|_| NoKey)?;
    Ok(KeyAndRequest {
        key_pem: key.serialize_pem(),
        csr_pem,
    })
}
