//! What a server's certificate says of itself (RFC 5280).

use larum_core::event::Certificate;
use larum_core::time::Timestamp;
use x509_parser::prelude::{FromDer, X509Certificate};

/// The longest name told.
const NAME_CHARS: usize = 255;

/// Reads the DER form.
pub fn read(der: &[u8]) -> Option<Certificate> {
    let (_, certificate) = X509Certificate::from_der(der).ok()?;
    let name = |name: String| {
        name.chars()
            .filter(|c| !c.is_control())
            .take(NAME_CHARS)
            .collect()
    };
    let validity = certificate.validity();
    Some(Certificate {
        subject: name(certificate.subject().to_string()),
        issuer: name(certificate.issuer().to_string()),
        not_before: Timestamp::from_seconds(validity.not_before.timestamp()),
        not_after: Timestamp::from_seconds(validity.not_after.timestamp()),
        self_signed: certificate.subject().as_raw() == certificate.issuer().as_raw(),
    })
}
