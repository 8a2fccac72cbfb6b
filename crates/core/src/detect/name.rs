//! A question for a name, as far as the detectors of generated names and tunnels need it.

use super::domain::judge_domain;
use super::hash;
use super::suffix::{Registered, registered};
use super::web::Level;
use crate::event::{Event, Kind};

/// Judged names that one worker remembers, so that a name asked again costs nothing: a power of two.
const REMEMBERED: usize = 4_096;
/// From which score a name whose question failed counts, in hundredths of the logarithm of the odds.
const ODD_SCORE: i32 = 100;
/// Record types that can carry data back and that browsers hardly ask for.
const CARRYING: &[&str] = &[
    "TXT", "NULL", "KEY", "CNAME", "MX", "PRIVATE", "A6", "WKS", "RP", "SPF", "5", "10", "15",
    "16", "25", "65399",
];
/// Record types that a program asks for to connect to a name.
const ADDRESS: &[&str] = &["A", "AAAA", "1", "28"];
/// Top labels that are never on the internet (RFC 6761, RFC 6762, RFC 8375) or that many firms use inside.
const INSIDE: &[&str] = &[
    "arpa",
    "local",
    "localhost",
    "localdomain",
    "lan",
    "internal",
    "intranet",
    "home",
    "corp",
    "invalid",
    "test",
    "onion",
    "private",
    "workgroup",
    "domain",
    "host",
    "mshome",
];

/// How a registered name looks.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub enum Looks {
    /// Like a name that people choose.
    Chosen,
    /// Like many that people choose and some that programs make.
    Odd,
    /// Like a name that a program made.
    Generated,
    /// Surely so.
    SurelyGenerated,
}

/// A question for a name.
#[derive(Clone, Debug)]
pub struct NameQuery {
    /// The registered part of the name.
    pub domain: Box<str>,
    pub looks: Looks,
    /// Hash of what stands left of the registered part, 0 when nothing does.
    pub below: u64,
    /// Its length in bytes, without dots.
    pub below_bytes: u8,
    /// Its Shannon entropy in tenths of a bit a character.
    pub entropy_tenths: u8,
    /// Whether the left part is of a form that mail filters, service look-ups and the like use.
    pub is_known_form: bool,
    /// Whether it asks for an address.
    pub for_address: bool,
    /// Whether it asks for a record that can carry much.
    pub carrying: bool,
    /// Whether the name does not exist; nothing when the device did not say.
    pub missing: Option<bool>,
}

/// What is remembered of judged names.
pub struct Judged(Vec<(u64, Looks)>);

impl Default for Judged {
    fn default() -> Self {
        Self(vec![(0, Looks::Chosen); REMEMBERED])
    }
}

impl Judged {
    fn looks(&mut self, domain: &str) -> Looks {
        let key = hash::bytes(domain.as_bytes()).max(1);
        let place = usize::try_from(key).unwrap_or(0) % REMEMBERED;
        let Some(place) = self.0.get_mut(place) else {
            return looks(domain);
        };
        if place.0 != key {
            *place = (key, looks(domain));
        }
        place.1
    }
}

fn looks(domain: &str) -> Looks {
    let verdict = judge_domain(domain);
    match verdict.level {
        Level::Attack => Looks::SurelyGenerated,
        Level::Suspicious => Looks::Generated,
        Level::Clean if verdict.score >= ODD_SCORE => Looks::Odd,
        Level::Clean => Looks::Chosen,
    }
}

/// The question in `event`, unless it is none or for a name inside the firm.
pub fn name_query(event: &Event<'_>, judged: &mut Judged) -> Option<NameQuery> {
    if event.kind != Kind::Dns {
        return None;
    }
    let name = event.dns_query.as_deref()?.to_ascii_lowercase();
    let name = name.strip_suffix('.').unwrap_or(&name);
    let top = name.rsplit('.').next()?;
    if INSIDE.contains(&top) || !name.is_ascii() {
        return None;
    }
    let Registered { domain, below, .. } = registered(name)?;
    let kind = event.dns_type.as_deref().unwrap_or("");
    let is = |known: &[&str]| known.iter().any(|known| kind.eq_ignore_ascii_case(known));
    let chars = below.bytes().filter(|byte| *byte != b'.');
    Some(NameQuery {
        looks: judged.looks(domain),
        domain: domain.into(),
        below: if below.is_empty() {
            0
        } else {
            hash::bytes(below.as_bytes()).max(1)
        },
        below_bytes: u8::try_from(chars.clone().count()).unwrap_or(u8::MAX),
        entropy_tenths: entropy_tenths(chars),
        is_known_form: is_known_form(below),
        for_address: kind.is_empty() || is(ADDRESS),
        carrying: is(CARRYING),
        missing: event.dns_rcode.as_deref().and_then(missing),
    })
}

fn missing(code: &str) -> Option<bool> {
    match code {
        "NXDOMAIN" | "NXDomain" | "3" => Some(true),
        "NOERROR" | "0" => Some(false),
        // A server that fails or refuses says nothing about the name.
        _ => None,
    }
}

/// Forms with a purpose of their own: service and mail policy names (RFC 8552), addresses turned round as
/// block lists and reverse zones have them, and names of few characters.
fn is_known_form(below: &str) -> bool {
    let parts = || below.split('.');
    let octets = parts()
        .take(4)
        .filter(|part| part.len() <= 3 && part.parse::<u8>().is_ok())
        .count();
    let nibbles = parts()
        .take_while(|part| part.len() == 1 && part.bytes().all(|byte| byte.is_ascii_hexdigit()))
        .count();
    parts().any(|part| part.starts_with('_')) || octets == 4 || nibbles >= 16
}

/// Shannon's entropy of `chars`, in tenths of a bit a character.
fn entropy_tenths(chars: impl Iterator<Item = u8>) -> u8 {
    let mut counts = [0_u8; 256];
    let mut all = 0_u8;
    for byte in chars.take(255) {
        if let Some(count) = counts.get_mut(usize::from(byte)) {
            *count = count.saturating_add(1);
        }
        all = all.saturating_add(1);
    }
    let whole = f32::from(all.max(1));
    let bits: f32 = counts
        .iter()
        .filter(|count| **count > 0)
        .map(|count| f32::from(*count) / whole)
        .map(|share| -share * share.log2())
        .sum();
    #[expect(
        clippy::cast_possible_truncation,
        clippy::cast_sign_loss,
        reason = "between 0 and 80"
    )]
    let tenths = (bits * 10.0).round() as u8;
    tenths
}

#[cfg(test)]
mod tests {
    use super::*;

    fn query(name: &str, kind: &str, code: Option<&str>) -> Option<NameQuery> {
        let mut event = Event::new(crate::time::Timestamp::from_seconds(0), "", Kind::Dns);
        event.dns_query = Some(name.into());
        event.dns_type = Some(kind.into());
        event.dns_rcode = code.map(Into::into);
        name_query(&event, &mut Judged::default())
    }

    #[test]
    fn names_inside_are_nobodys_business() {
        for name in [
            "printer.local",
            "1.0.0.10.in-addr.arpa",
            "dc1.corp",
            "wpad",
            "co.uk",
            "",
            "nas.home.arpa.",
        ] {
            assert!(query(name, "A", None).is_none(), "{name}");
        }
    }

    #[test]
    fn a_question_is_measured() {
        let found = query("AbCd.efgh.Example.co.uk.", "txt", Some("NXDOMAIN")).unwrap();
        assert_eq!(&*found.domain, "example.co.uk");
        assert_eq!((found.below_bytes, found.entropy_tenths), (8, 30));
        assert!(found.carrying && !found.for_address && !found.is_known_form);
        assert_eq!(found.missing, Some(true));
        assert_eq!(found.looks, Looks::Chosen);
        let found = query("example.org", "A", Some("SERVFAIL")).unwrap();
        assert_eq!((found.below, found.missing), (0, None));
        assert!(found.for_address && !found.carrying);
    }

    #[test]
    fn forms_with_a_purpose_are_known() {
        for (below, known) in [
            ("2.0.0.127.zen", true),
            ("_dmarc", true),
            ("mail._domainkey", true),
            ("1.0.0.0.0.0.0.0.0.0.0.0.0.0.0.0.8.b.d.0.1.0.0.2", true),
            ("192.0.2.1._spf", true),
            ("www", false),
            ("1.2.3", false),
            ("", false),
            ("a1b2c3d4e5f6a7b8c9d0", false),
        ] {
            assert_eq!(is_known_form(below), known, "{below}");
        }
    }
}
