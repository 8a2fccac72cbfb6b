//! Who a client certificate speaks for: `spiffe://<trust-domain>/member/<id>/collector/<id>`.

use larum_core::time::Timestamp;
use rustls::pki_types::CertificateDer;
use x509_parser::extensions::GeneralName;

use crate::id::{CollectorId, MemberId};

/// A collector on the other end of a connection.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Peer {
    /// The firm it belongs to.
    pub member: MemberId,
    /// Itself.
    pub collector: CollectorId,
}

impl Peer {
    /// Its identity as it stands in the certificate.
    #[must_use]
    pub fn uri(&self, trust_domain: &str) -> String {
        format!(
            "spiffe://{trust_domain}/member/{}/collector/{}",
            self.member, self.collector
        )
    }

    fn from_uri(uri: &str, trust_domain: &str) -> Option<Self> {
        let rest = uri.strip_prefix("spiffe://")?.strip_prefix(trust_domain)?;
        let (member, collector) = rest.strip_prefix("/member/")?.split_once("/collector/")?;
        Some(Self {
            member: MemberId::parse(member)?,
            collector: CollectorId::parse(collector)?,
        })
    }
}

/// A certificate that was read.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Shown {
    /// Whom it speaks for.
    pub peer: Peer,
    /// Start of validity.
    pub not_before: Timestamp,
    /// End of validity. A connection may outlive it; a call may not.
    pub not_after: Timestamp,
    /// Fingerprint of the authority it is from. A connection may outlive that authority; a call may not.
    pub authority: [u8; 32],
}

/// The certificate names no collector of this hub.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct NotACollector;

/// The name of the hub with this authority, under which its collectors' identities stand.
#[must_use]
pub fn trust_domain(authority_sha256: &[u8; 32]) -> String {
    let digits = data_encoding::HEXLOWER.encode(authority_sha256);
    format!("hub-{}", digits.get(..16).unwrap_or_default())
}

/// Reads a certificate that TLS has verified already.
///
/// # Errors
/// When it does not carry exactly one collector's name under one of `authorities` (fingerprints).
pub fn read(
    certificate: &CertificateDer<'_>,
    authorities: &[[u8; 32]],
) -> Result<Shown, NotACollector> {
    let (_, parsed) =
        x509_parser::parse_x509_certificate(certificate).map_err(|_| NotACollector)?;
    let names = parsed
        .subject_alternative_name()
        .ok()
        .flatten()
        .ok_or(NotACollector)?;
    let [GeneralName::URI(uri)] = names.value.general_names.as_slice() else {
        return Err(NotACollector);
    };
    let named = |authority: &[u8; 32]| {
        Peer::from_uri(uri, &trust_domain(authority)).map(|peer| (peer, *authority))
    };
    let (peer, authority) = authorities.iter().find_map(named).ok_or(NotACollector)?;
    let validity = parsed.validity();
    Ok(Shown {
        peer,
        not_before: Timestamp::from_seconds(validity.not_before.timestamp()),
        not_after: Timestamp::from_seconds(validity.not_after.timestamp()),
        authority,
    })
}
