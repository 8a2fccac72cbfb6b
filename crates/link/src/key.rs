//! A collector's private key and the request for a certificate over it.

use rcgen::{CertificateParams, DistinguishedName, DnType, ExtendedKeyUsagePurpose, KeyPair};

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

/// A key and a certificate that it signed itself: for a receiver that nobody gave one. Whoever sends
/// there knows it by its fingerprint (RFC 5425, section 4.2.2).
pub struct SelfSigned {
    /// PKCS#8, PEM. Never leaves the machine it was made on.
    pub key_pem: String,
    /// PEM.
    pub certificate_pem: String,
}

/// Makes a key on the spot, and a certificate over it for `name`, in force from 1975 to 4096: what is
/// known by its fingerprint does not end by date, and must work before a clock is set.
///
/// # Errors
/// When the operating system gives no random bytes, or `name` cannot be a name.
pub fn self_signed(name: &str) -> Result<SelfSigned, NoKey> {
    let key = KeyPair::generate().map_err(|_| NoKey)?;
    let mut params = CertificateParams::new(vec![name.to_owned()]).map_err(|_| NoKey)?;
    params.distinguished_name = DistinguishedName::new();
    params.distinguished_name.push(DnType::CommonName, name);
    params.extended_key_usages = vec![ExtendedKeyUsagePurpose::ServerAuth];
    let certificate = params.self_signed(&key).map_err(|_| NoKey)?;
    Ok(SelfSigned {
        key_pem: key.serialize_pem(),
        certificate_pem: certificate.pem(),
    })
}
