//! The certificate of a server of the firm that ends soon or has ended; and what the certificate of a place
//! outside adds to a beacon that goes there.
//!
//! See `docs/detectors/certificate-ending.md`.

use super::flow::Way;
use super::fold::Fold;
use super::hash;
use super::sift::Clue;
use super::source::key_of;
use super::story::{StoryKey, What};
use super::telling::Telling;
use crate::event::{Certificate, Event};
use crate::finding::{AttackOutcome, Category, Severity};
use crate::time::Timestamp;

const DAY_SECONDS: i64 = 86_400;
/// Told from so long before the end: time enough to renew it.
const SOON_SECONDS: i64 = 14 * DAY_SECONDS;
/// From so long before the end nobody should wait any longer.
const URGENT_SECONDS: i64 = 3 * DAY_SECONDS;
/// What ended so long ago bothers nobody, or its owner knows.
const FORGOTTEN_SECONDS: i64 = 30 * DAY_SECONDS;

/// What a certificate tells.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum CertificateClue {
    /// That of a server of the firm is near its end.
    Ending {
        /// Whom it names.
        subject: Box<str>,
        /// When it ends.
        ends: Timestamp,
    },
    /// That of a place outside is odd.
    Odd(&'static str),
}

/// What the certificate in `event` tells; whether the server that showed it is outside.
pub fn clue(event: &Event<'_>, server_outside: bool) -> Option<CertificateClue> {
    let certificate = event.certificate.as_deref()?;
    if server_outside {
        return certificate.note(event.at()).map(CertificateClue::Odd);
    }
    is_near_its_end(certificate, event.at()).then(|| CertificateClue::Ending {
        subject: certificate.subject.as_str().into(),
        ends: certificate.not_after,
    })
}

/// Whether it matters that it ends. One that nobody else vouches for is as good after its end as before.
fn is_near_its_end(certificate: &Certificate, at: Timestamp) -> bool {
    let left = certificate
        .not_after
        .as_seconds()
        .saturating_sub(at.as_seconds());
    !certificate.self_signed && (-FORGOTTEN_SECONDS..SOON_SECONDS).contains(&left)
}

impl Fold<'_> {
    pub(super) fn certificate(&mut self) {
        match &self.seen.clue {
            Clue::Certificate(CertificateClue::Ending { subject, ends }) => {
                self.ending_certificate(subject, *ends);
            }
            Clue::Certificate(CertificateClue::Odd(note)) => self.odd_certificate(note),
            _ => {}
        }
    }

    fn ending_certificate(&mut self, subject: &str, ends: Timestamp) {
        let seen = self.seen;
        let Some(server) = seen.target else { return };
        let name = hash::bytes(subject.as_bytes());
        let key = StoryKey {
            what: What::CertificateEnding,
            actor: key_of(server),
            detail: name ^ hash::mix(seen.port.unwrap_or(0).into()),
        };
        let story = self.tell_of(key, Some(server));
        story.outside = false;
        story.aim(None, seen.proto, seen.port);
        if story.label.is_empty() {
            let (year, month, day) = ends.civil_date();
            story.label = format!("{year:04}-{month:02}-{day:02}").into();
            story.name(subject);
        }
        let left = ends.as_seconds().saturating_sub(seen.at.as_seconds());
        if left < 0 {
            story.certain = story.certain.saturating_add(1);
        }
        if left < URGENT_SECONDS {
            story.raise(Severity::Medium, 95);
        } else {
            story.raise(Severity::Low, 95);
        }
        self.open(&key);
    }

    /// Says of a beacon that is told already what the certificate of the place it calls is like.
    fn odd_certificate(&mut self, note: &'static str) {
        let Some(flow) = self.seen.flow.filter(|flow| flow.way == Way::Out) else {
            return;
        };
        let Some(host) = flow.host else { return };
        // A beacon is told by the name of the place or by its address.
        let address = flow.other.map(|ip| hash::mix(key_of(ip)));
        for place in [flow.place(), address].into_iter().flatten() {
            let key = StoryKey {
                what: What::Beacon,
                actor: key_of(host),
                detail: place,
            };
            if let Some(story) = self.detect.stories.opened_mut(&key) {
                story.because(note);
                return;
            }
        }
    }
}

/// How it is told.
pub const CERTIFICATE_ENDING: Telling = Telling {
    detector: "certificate-ending",
    quiet_seconds: 7 * DAY_SECONDS,
    category: Category::Exposure,
    names: "certificates",
    reasons: "kinds",
    techniques: |_| &[],
    key: |_| "exposure/certificate".to_owned(),
    message: |story| {
        if story.certain > 0 {
            "certificate-ended"
        } else {
            "certificate-ending"
        }
    },
    messages: &["certificate-ending", "certificate-ended"],
    outcome: |_| AttackOutcome::Unknown,
};

#[cfg(test)]
mod tests {
    use super::*;
    use crate::event::Kind;
    use std::sync::Arc;

    #[test]
    fn only_what_somebody_vouches_for_and_ends_about_now_is_told() {
        for (days, self_signed, expected) in [
            (400, false, false),
            (15, false, false),
            (13, false, true),
            (13, true, false),
            (0, false, true),
            (-1, false, true),
            (-29, false, true),
            (-31, false, false),
        ] {
            let at = Timestamp::from_seconds(20_000 * DAY_SECONDS);
            let mut event = Event::new(at, "packets", Kind::Tls);
            event.certificate = Some(Arc::new(Certificate {
                subject: "CN=shop.example.org".to_owned(),
                not_before: at.plus_seconds(-80 * DAY_SECONDS),
                not_after: at.plus_seconds(days * DAY_SECONDS),
                self_signed,
                ..Certificate::default()
            }));
            let told = matches!(clue(&event, false), Some(CertificateClue::Ending { .. }));
            assert_eq!(told, expected, "{days} {self_signed}");
        }
    }
}
