//! What a server's certificate says of itself.

use crate::time::Timestamp;

/// The certificate a server showed (RFC 5280), as the network saw it: up to TLS 1.2, since from 1.3 on it
/// is encrypted. In OCSF `tls.certificate`: `subject`, `issuer`, `created_time`, `expiration_time`,
/// `is_self_signed`.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Certificate {
    /// Whom it names, at most 255 characters.
    pub subject: String,
    /// Who vouches for it, at most 255 characters.
    pub issuer: String,
    /// From when it is good.
    pub not_before: Timestamp,
    /// Until when it is good.
    pub not_after: Timestamp,
    /// Whether it vouches for itself.
    pub self_signed: bool,
}

/// No public authority has issued one for longer than 39 months since April 2015 (CA/Browser Forum,
/// baseline requirements 6.3.2).
const LONGEST_PUBLIC_SECONDS: i64 = 1_200 * 86_400;

impl Certificate {
    /// What is odd about it at a time, in a word.
    #[must_use]
    pub fn note(&self, at: Timestamp) -> Option<&'static str> {
        let life = self
            .not_after
            .as_seconds()
            .saturating_sub(self.not_before.as_seconds());
        if at > self.not_after {
            Some("certificate-expired")
        } else if at < self.not_before {
            Some("certificate-not-yet-valid")
        } else if self.self_signed {
            Some("certificate-self-signed")
        } else if life > LONGEST_PUBLIC_SECONDS {
            Some("certificate-long-lived")
        } else {
            None
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_is_odd_is_one_word() {
        const DAY: i64 = 86_400;
        for (from, to, self_signed, expected) in [
            (-30, 60, false, None),
            (-30, 60, true, Some("certificate-self-signed")),
            (-30, -1, true, Some("certificate-expired")),
            (1, 60, false, Some("certificate-not-yet-valid")),
            (-30, 3_650, false, Some("certificate-long-lived")),
            (-30, 1_170, false, None),
        ] {
            let now = Timestamp::from_seconds(20_000 * DAY);
            let certificate = Certificate {
                not_before: now.plus_seconds(from * DAY),
                not_after: now.plus_seconds(to * DAY),
                self_signed,
                ..Certificate::default()
            };
            assert_eq!(certificate.note(now), expected, "{from} {to}");
        }
    }
}
