//! Contact with a listed address, network, name or web address, or by a listed program.
//!
//! See `docs/detectors/indicator.md`.

use std::net::IpAddr;
use std::sync::Arc;

use super::fold::Fold;
use super::hash;
use super::indicators::{Hit, Indicators, Says, web};
use super::sift::{Sifter, cut};
use super::story::{Ending, What};
use super::telling::{Telling, blocked_or_unknown, outcome};
use crate::event::Event;
use crate::finding::{AttackOutcome, Category, Severity};

/// How sure an entry is whose list does not say.
const UNSAID_CONFIDENCE: u8 = 70;
/// What each further list adds, and the most that several lists make of it.
const FURTHER_LIST: u8 = 5;
const MOST_BY_LISTS: u8 = 95;
/// Below this a contact is at most medium, whatever became of it.
const UNSURE: u8 = 30;

/// A match with lists.
#[derive(Clone, Debug)]
pub(super) struct Listed {
    /// The lists that were in use: others may be by the time this is told.
    from: Arc<Indicators>,
    hit: Hit,
    /// Whether somebody inside went there, rather than it coming here.
    pub(super) outgoing: bool,
    /// What is listed: an address, a name, the host of a web address, a fingerprint.
    what: Box<str>,
    /// What the event names, where that is more: the name below the listed one, the web address.
    shown: Box<str>,
}

impl Sifter {
    /// The first of the event's addresses, names, web address and fingerprints that a list names.
    pub(super) fn listed(
        &self,
        event: &Event<'_>,
        source: Option<IpAddr>,
        outside: bool,
        target: Option<IpAddr>,
    ) -> Option<Box<Listed>> {
        if self.indicators.is_empty() {
            return None;
        }
        let listed = |hit, outgoing, what: &str, shown: &str| {
            Some(Box::new(Listed {
                from: Arc::clone(&self.indicators),
                hit,
                outgoing,
                what: cut(what).into(),
                shown: cut(shown).into(),
            }))
        };
        let at = event.at();
        // Found first: few are listed, so that the never-match list is rarely asked.
        let find = |ip: IpAddr| {
            let hit = self.indicators.find_ip(ip, at)?;
            (!self.never.contains(ip)).then(|| (hit, ip.to_string()))
        };
        if let Some((hit, ip)) = source.filter(|_| outside).and_then(find) {
            return listed(hit, false, &ip, &ip);
        }
        let target = target.filter(|ip| self.is_outside(*ip));
        if let Some((hit, ip)) = target.and_then(find) {
            return listed(hit, !outside, &ip, &ip);
        }
        let url = event.url.as_deref();
        let parts = url.filter(|url| url.contains("://")).and_then(web::split);
        if self.indicators.has_domains() {
            let names = [
                event.dns_query.as_deref(),
                event.tls_sni.as_deref(),
                event.dst_host.as_deref(),
                parts.map(|parts| parts.host),
            ];
            for name in names.into_iter().flatten() {
                if let Some((hit, what)) = self.indicators.find_domain(name, at) {
                    return listed(hit, !outside, what, name);
                }
            }
        }
        if !self.indicators.has_others() {
            return None;
        }
        let host = event.dst_host.as_deref().or(event.tls_sni.as_deref());
        let full = match (url, parts, host) {
            (Some(url), Some(_), _) => Some(url.into()),
            (Some(path), None, Some(host))
                if path.starts_with('/') && self.indicators.has_urls() =>
            {
                Some(std::borrow::Cow::Owned(format!("{host}{path}")))
            }
            _ => None,
        };
        if let Some(url) = full
            && let Some(hit) = self.indicators.find_url(&url, at)
        {
            let host = web::split(&url).map_or("", |parts| parts.host);
            return listed(hit, !outside, host, &url);
        }
        let (ja3, ja4) = (event.ja3.as_deref(), event.ja4.as_deref());
        let hit = self.indicators.find_fingerprint(ja3, ja4, at)?;
        let what = format!("TLS {}", ja4.or(ja3)?);
        listed(hit, !outside, &what, &what)
    }
}

impl Fold<'_> {
    pub(super) fn listed(&mut self) {
        let Some(listed) = &self.seen.listed else {
            return;
        };
        // From inside, each listed place is a story of its own; from outside, the actor is the place.
        let detail = if listed.outgoing {
            hash::bytes(listed.what.as_bytes()) | 1
        } else {
            0
        };
        let key = self.key(What::Indicator, detail);
        let severity = match (listed.outgoing, self.seen.ending) {
            (true, Ending::Refused) => Severity::Medium,
            (true, _) => Severity::High,
            (false, Ending::Refused) => Severity::Info,
            (false, Ending::Unsaid) => Severity::Low,
            (false, Ending::Served) => Severity::Medium,
        };
        let port = self.seen.port.filter(|_| listed.outgoing);
        let sure = confidence(listed.from.says(&listed.hit), port);
        let story = self.tell(key);
        story.label = listed.what.clone();
        for says in listed.from.says(&listed.hit) {
            story.reason(says.list);
            let said = said(&says);
            if !said.is_empty() {
                story.because(&format!("{}: {said}", says.list));
            }
        }
        if listed.outgoing {
            story.name(&listed.shown);
        }
        let severity = if sure < UNSURE {
            severity.min(Severity::Medium)
        } else {
            severity
        };
        story.raise(severity, sure);
        self.open(&key);
    }
}

/// How sure the lists are together: the surest, and a little more for each further one. An entry that
/// is about one port counts half for another.
fn confidence<'s>(says: impl Iterator<Item = Says<'s>>, port: Option<u16>) -> u8 {
    let mut surest = 0;
    let mut lists: smallvec::SmallVec<[&str; 8]> = smallvec::SmallVec::new();
    for says in says {
        let said = says.confidence.unwrap_or(UNSAID_CONFIDENCE);
        let is_other_port = says.port.is_some() && says.port != port;
        surest = surest.max(if is_other_port { said / 2 } else { said });
        if !lists.contains(&says.list) {
            lists.push(says.list);
        }
    }
    let further = u8::try_from(lists.len().saturating_sub(1)).unwrap_or(u8::MAX);
    let together = surest.saturating_add(further.saturating_mul(FURTHER_LIST));
    surest.max(together.min(MOST_BY_LISTS))
}

/// What an entry says beside its list.
fn said(says: &Says<'_>) -> String {
    let parts = [
        says.threat.map(ToOwned::to_owned),
        says.source.map(|source| format!("from {source}")),
        says.confidence.map(|sure| format!("confidence {sure}")),
        says.port.map(|port| format!("port {port}")),
        says.until.map(|until| format!("until {until}")),
    ];
    let parts: Vec<String> = parts.into_iter().flatten().collect();
    parts.join(", ")
}

/// How contact with listed places is told.
pub const INDICATOR: Telling = Telling {
    detector: "indicator",
    quiet_seconds: 6 * 3_600,
    category: Category::Indicator,
    names: "listed",
    reasons: "lists",
    techniques: |_| &[],
    key: |story| story.label.to_string(),
    message: |story| match () {
        () if story.label.starts_with("TLS ") => "indicator-program",
        () if !story.names.items().is_empty() => "indicator-out",
        () if outcome(story) == AttackOutcome::Blocked => "indicator-blocked",
        () => "indicator-in",
    },
    messages: &[
        "indicator-program",
        "indicator-out",
        "indicator-blocked",
        "indicator-in",
    ],
    outcome: blocked_or_unknown,
};
