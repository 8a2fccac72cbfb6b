//! What a server's certificate says of itself (RFC 5280).

use larum_core::time::Timestamp;
use x509_parser::prelude::{FromDer, X509Certificate};

/// The longest name told.
const NAME_CHARS: usize = 255;

/// The server's certificate, in short.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Certificate {
    /// Whom it names.
    pub subject: String,
    /// Who vouches for it.
    pub issuer: String,
    /// From when it is good.
    pub not_before: Timestamp,
    /// Until when it is good.
    pub not_after: Timestamp,
    /// Whether it vouches for itself.
    pub self_signed: bool,
}

impl Certificate {
    /// Reads the DER form.
    pub(super) fn read(der: &[u8]) -> Option<Self> {
        let (_, certificate) = X509Certificate::from_der(der).ok()?;
        let name = |name: String| {
            name.chars()
                .filter(|c| !c.is_control())
                .take(NAME_CHARS)
                .collect()
        };
        let validity = certificate.validity();
        Some(Self {
            subject: name(certificate.subject().to_string()),
            issuer: name(certificate.issuer().to_string()),
            not_before: Timestamp::from_seconds(validity.not_before.timestamp()),
            not_after: Timestamp::from_seconds(validity.not_after.timestamp()),
            self_signed: certificate.subject().as_raw() == certificate.issuer().as_raw(),
        })
    }

    /// What is wrong with it at a time, in a word.
    #[must_use]
    pub fn note(&self, at: Timestamp) -> Option<&'static str> {
        if at > self.not_after {
            return Some("certificate-expired");
        }
        if at < self.not_before {
            return Some("certificate-not-yet-valid");
        }
        self.self_signed.then_some("certificate-self-signed")
    }
}
