//! What detectors need of an event, and nothing else.
//!
//! Sifting looks at one event alone: rules, indicators, the judgement of a web request. It keeps no
//! state, so that any number of workers can do it; what it leaves over is small and owned. Folding
//! ([`super::Detect::fold`]) then takes the observations in order, on one thread. That is why the
//! findings are the same for any number of workers (invariant 5).

use std::net::IpAddr;
use std::sync::Arc;

use super::advice::{self, Device};
use super::certificate::CertificateClue;
use super::flow::{Flow, flow_of};
use super::indicators::Indicators;
use super::listed::Listed;
use super::name::{Judged, NameQuery, name_query};
use super::networks::NetworkSet;
use super::sigma::{self, RuleIndex, RuleSet};
use super::source::key_of;
use super::story::Ending;
use super::web_attack::{Attack, attack_in};
use super::{alert, certificate, hash, mismatch, probing, proxy_probe, scan, web};
use crate::address::{Network, canonical, is_public};
use crate::event::{Action, Event, Kind, Outcome, Protocol};
use crate::finding::Severity;
use crate::time::Timestamp;

/// Longest path, name or signature that is looked at, in bytes.
const MAX_TEXT_BYTES: usize = 2_048;

/// What one event means to the detectors.
#[derive(Clone, Debug)]
pub struct Observation {
    pub(super) at: Timestamp,
    pub(super) source: Option<IpAddr>,
    pub(super) outside: bool,
    pub(super) target: Option<IpAddr>,
    pub(super) port: Option<u16>,
    pub(super) proto: Option<Protocol>,
    /// Hash of the name of the program logged in to; 0 for other events.
    pub(super) program: u16,
    pub(super) ending: Ending,
    pub(super) clue: Clue,
    pub(super) rules: Vec<RuleIndex>,
    /// What correlations need to know; empty unless one of them counts a rule that matched.
    pub(super) facts: Vec<sigma::Fact>,
    pub(super) listed: Option<Box<Listed>>,
    pub(super) flow: Option<Flow>,
    /// Who wrote it, where the advice can be more exact.
    pub(super) device: Device,
}

impl Observation {
    /// Record time of the event.
    #[must_use]
    pub const fn at(&self) -> Timestamp {
        self.at
    }
}

/// What sort of clue the event is.
#[derive(Clone, Debug)]
pub enum Clue {
    /// None but rules or indicators.
    None,
    /// A contact a firewall refused.
    Refused {
        /// Whether it looks like the late answer to a connection from inside.
        late_answer: bool,
    },
    /// A contact a firewall let through.
    Served,
    /// A log-in.
    Login {
        /// Whether it failed.
        failed: bool,
        /// Account name.
        user: Option<Box<str>>,
        /// Equal for two lines about one attempt; 0 when that cannot be told.
        mark: u32,
        /// Whether it says only that somebody left while logging in.
        left: bool,
    },
    /// A page that is not there; `None` for one that tells nothing.
    Miss(Option<Box<str>>),
    /// A page that is there.
    Hit(Page),
    /// An answer "log in first".
    Unauthorised {
        /// Hash of the path.
        path: u64,
    },
    /// Somebody posting to a log-in page.
    LoginPage {
        /// The page.
        path: Box<str>,
        /// Whether the answer is what those get who are let in.
        worked: bool,
    },
    /// A request to be carried elsewhere, and where to.
    ProxyProbe(Box<str>),
    /// A protocol behind a port that is meant for another.
    Mismatch(&'static str),
    /// What a server's certificate tells.
    Certificate(CertificateClue),
    /// A web request that attacks.
    Attack(Box<Attack>),
    /// Another detector's alert.
    Alert {
        /// What it says.
        signature: Box<str>,
        /// How bad.
        severity: Severity,
    },
    /// A question for a name.
    Name(Box<NameQuery>),
}

/// A page, and how large the answer was, if it is a whole one.
#[derive(Clone, Copy, Debug)]
pub struct Page {
    /// Hash of its path; never 0.
    pub(super) path: u64,
    pub(super) bytes: Option<u64>,
    /// Whether it is no page by itself but a picture, a style, a script.
    pub(super) is_part: bool,
}

impl Page {
    pub(super) fn of(event: &Event<'_>, path: &str) -> Self {
        let whole = event.http_status == Some(200);
        Self {
            path: hash::bytes(path.as_bytes()).max(1),
            bytes: event.dst_bytes.filter(|_| whole),
            is_part: !probing::is_telling(path),
        }
    }
}

/// Turns events into observations; cheap to clone, one per worker.
#[derive(Clone)]
pub struct Sifter {
    rules: Arc<RuleSet>,
    pub(super) indicators: Arc<Indicators>,
    own: Arc<NetworkSet>,
    pub(super) never: Arc<NetworkSet>,
}

/// Working memory of one sifting thread.
#[derive(Default)]
pub struct Scratch {
    rules: sigma::Scratch,
    web: web::Scratch,
    matched: Vec<RuleIndex>,
    judged: Judged,
}

impl Sifter {
    pub(super) fn new(
        rules: Arc<RuleSet>,
        indicators: Arc<Indicators>,
        own: &[Network],
        never: NetworkSet,
    ) -> Self {
        Self {
            rules,
            indicators,
            own: Arc::new(NetworkSet::new(own.iter().copied())),
            never: Arc::new(never),
        }
    }

    pub(super) fn set_own(&mut self, own: &[Network]) {
        self.own = Arc::new(NetworkSet::new(own.iter().copied()));
    }

    pub(super) fn set_lists(&mut self, indicators: Arc<Indicators>, never: NetworkSet) {
        self.indicators = indicators;
        self.never = Arc::new(never);
    }

    /// What `event` means to the detectors; `None` when it means nothing, as most do.
    #[must_use]
    pub fn sift(&self, event: &Event<'_>, scratch: &mut Scratch) -> Option<Observation> {
        self.sift_record(event, &[], scratch)
    }

    /// As [`Self::sift`], with the record the event was read from, for rules that look for keywords.
    #[must_use]
    pub fn sift_record(
        &self,
        event: &Event<'_>,
        record: &[u8],
        scratch: &mut Scratch,
    ) -> Option<Observation> {
        let (source, target) = asker_and_asked(event);
        let outside = source.is_some_and(|ip| self.is_outside(ip));
        let clue = match source {
            _ if event.kind == Kind::Dns && !outside => {
                match name_query(event, &mut scratch.judged) {
                    Some(query) => Clue::Name(Box::new(query)),
                    None => Clue::None,
                }
            }
            Some(ip) => self.clue(event, ip, outside, target, &mut scratch.web),
            None => alert_clue(event).unwrap_or(Clue::None),
        };
        scratch.matched.clear();
        let record = if self.rules.reads_records() {
            std::str::from_utf8(record).ok()
        } else {
            None
        };
        self.rules
            .matches_record(event, record, &mut scratch.rules, &mut scratch.matched);
        let listed = self.listed(event, source, outside, target);
        let flow = source.and_then(|ip| flow_of(event, ip, target, |ip| self.is_outside(ip)));
        if matches!(clue, Clue::None)
            && scratch.matched.is_empty()
            && listed.is_none()
            && flow.is_none()
        {
            return None;
        }
        let (proto, port) = service_of(event);
        Some(Observation {
            at: event.at(),
            source,
            outside,
            target,
            port,
            proto,
            program: program_of(event),
            ending: ending_of(event),
            clue,
            facts: self.rules.facts(event, &scratch.matched),
            rules: scratch.matched.clone(),
            listed,
            flow,
            device: advice::device_of(event),
        })
    }

    pub(super) fn is_outside(&self, ip: IpAddr) -> bool {
        is_public(ip) && !self.own.contains(ip)
    }

    fn clue(
        &self,
        event: &Event<'_>,
        source: IpAddr,
        outside: bool,
        target: Option<IpAddr>,
        web: &mut web::Scratch,
    ) -> Clue {
        match event.kind {
            Kind::Network => self.contact_clue(event, source, outside, target),
            Kind::Auth => login_clue(event),
            Kind::Http if outside || target.is_none_or(|ip| !self.is_outside(ip)) => {
                web_clue(event, web)
            }
            _ => self
                .certificate_clue(event, target)
                .or_else(|| alert_clue(event))
                .unwrap_or(Clue::None),
        }
    }

    fn certificate_clue(&self, event: &Event<'_>, target: Option<IpAddr>) -> Option<Clue> {
        let server_outside = self.is_outside(target?);
        certificate::clue(event, server_outside).map(Clue::Certificate)
    }

    fn contact_clue(
        &self,
        event: &Event<'_>,
        source: IpAddr,
        outside: bool,
        target: Option<IpAddr>,
    ) -> Clue {
        let Some(port) = event.dst_port else {
            return Clue::None;
        };
        // Broadcasts and multicasts are no attempt to reach anybody.
        let aimed = target.is_none_or(|ip| match ip {
            IpAddr::V4(ip) => !ip.is_multicast() && !ip.is_broadcast() && ip.octets()[3] != 255,
            IpAddr::V6(ip) => !ip.is_multicast(),
        });
        if !aimed || self.never.contains(source) {
            return Clue::None;
        }
        match event.action {
            Some(action) if action.is_refusal() => Clue::Refused {
                late_answer: scan::is_late_answer(event.src_port, port),
            },
            _ if !outside && target.is_none_or(|ip| self.is_outside(ip)) => {
                mismatch::guest(event, port).map_or(Clue::None, Clue::Mismatch)
            }
            // Who is inside and served does what people do; only their refusals tell something.
            Some(Action::Allow | Action::Close) if outside => Clue::Served,
            _ => Clue::None,
        }
    }
}

/// Who did something to whom. An answer to a question for a name belongs to who asked.
fn asker_and_asked(event: &Event<'_>) -> (Option<IpAddr>, Option<IpAddr>) {
    const DNS: Option<u16> = Some(53);
    let ends = (event.src_ip.map(canonical), event.dst_ip.map(canonical));
    if event.kind == Kind::Dns && event.src_port == DNS && event.dst_port != DNS {
        (ends.1, ends.0)
    } else {
        ends
    }
}

fn ending_of(event: &Event<'_>) -> Ending {
    match (event.action, event.outcome, event.http_status) {
        (Some(action), ..) if action.is_refusal() => Ending::Refused,
        (_, Some(Outcome::Failure), _) => Ending::Refused,
        (_, Some(Outcome::Success), _) => Ending::Served,
        (_, _, Some(status)) if (200..300).contains(&status) => Ending::Served,
        (_, _, Some(status)) if status >= 400 => Ending::Refused,
        (Some(Action::Allow | Action::Close), ..) => Ending::Served,
        _ => Ending::Unsaid,
    }
}

/// Protocol and port; for log-ins that do not say, those of the application.
fn service_of(event: &Event<'_>) -> (Option<Protocol>, Option<u16>) {
    /// Where the services people log in to are registered (IANA).
    const SERVICES: &[(&str, u16)] = &[
        ("ssh", 22),
        ("ftp", 21),
        ("telnet", 23),
        ("smtp", 25),
        ("submission", 587),
        ("http", 80),
        ("https", 443),
        ("pop3", 110),
        ("imap", 143),
        ("imaps", 993),
        ("pop3s", 995),
        ("ldap", 389),
        ("smb", 445),
        ("rdp", 3_389),
        ("vnc", 5_900),
        ("sip", 5_060),
        ("mysql", 3_306),
        ("postgresql", 5_432),
    ];
    if event.kind != Kind::Auth || event.dst_port.is_some() {
        return (event.proto, event.dst_port);
    }
    let named = event.app_proto.as_deref().and_then(|name| {
        let known = SERVICES.iter().find(|(known, _)| *known == name);
        known.map(|(_, port)| *port)
    });
    match named {
        Some(port) => (event.proto.or(Some(Protocol::TCP)), Some(port)),
        None => (event.proto, None),
    }
}

fn login_clue(event: &Event<'_>) -> Clue {
    let Some(outcome) = event.outcome else {
        return Clue::None;
    };
    let user = event.user.as_deref().map(cut);
    // Two lines about one attempt give the same name and port; without a name they may be two.
    let mark = event.src_port.zip(user).map_or(0, |(port, user)| {
        let mixed = hash::mix(hash::bytes(user.as_bytes()) ^ u64::from(port));
        u32::try_from(mixed & 0xFFFF_FFFF).unwrap_or(0).max(1)
    });
    Clue::Login {
        failed: outcome == Outcome::Failure,
        user: user.map(Into::into),
        mark,
        left: matches!(event.action, Some(Action::Close | Action::Reset)),
    }
}

fn web_clue(event: &Event<'_>, scratch: &mut web::Scratch) -> Clue {
    let (Some(status), Some(url)) = (event.http_status, event.url.as_deref()) else {
        return Clue::None;
    };
    let path = path_of(url);
    if let Some(attack) = attack_in(event, url, path, scratch) {
        return Clue::Attack(Box::new(attack));
    }
    if proxy_probe::is_probe(event, url) {
        return Clue::ProxyProbe(cut(url).into());
    }
    // Who was asked for a password may have given a name with it.
    if status == 401
        && let Some(user) = event.user.as_deref().filter(|user| !user.is_empty())
    {
        return Clue::Login {
            failed: true,
            user: Some(cut(user).into()),
            mark: 0,
            left: false,
        };
    }
    if is_login_post(event, path) {
        // Log-in pages answer a wrong password with the page again, a right one with a redirect.
        let worked = match status {
            302 | 303 => true,
            200 | 400 | 401 | 403 | 422 | 429 => false,
            _ => return Clue::None,
        };
        return Clue::LoginPage {
            path: cut(path).into(),
            worked,
        };
    }
    match status {
        401 => Clue::Unauthorised {
            path: hash::bytes(cut(path).as_bytes()),
        },
        400 | 403 | 404 | 410 => Clue::Miss(probing::is_telling(path).then(|| cut(path).into())),
        200..=399 => Clue::Hit(Page::of(event, path)),
        _ => Clue::None,
    }
}

/// Whether `event` sends something to a log-in page.
fn is_login_post(event: &Event<'_>, path: &str) -> bool {
    /// How the last part of a path begins or ends, without ending, that stands for a log-in page.
    const LOGIN: &[&str] = &[
        "login", "logon", "signin", "sign-in", "sign_in", "log-in", "log_in",
    ];
    /// The whole of it.
    const PAGES: &[&str] = &[
        "xmlrpc",
        "authenticate",
        "logincheck",
        "j_security_check",
        "j_spring_security_check",
    ];
    if event.http_method.as_deref() != Some("POST") {
        return false;
    }
    let page = path.trim_end_matches('/').rsplit('/').next().unwrap_or("");
    let page = page.split('.').next().unwrap_or("").as_bytes();
    let is_part = |known: &&str| {
        let known = known.as_bytes();
        let (start, end) = (page.get(..known.len()), page.len().checked_sub(known.len()));
        start.is_some_and(|start| start.eq_ignore_ascii_case(known))
            || end
                .and_then(|at| page.get(at..))
                .is_some_and(|end| end.eq_ignore_ascii_case(known))
    };
    let is_whole = |known: &&str| page.eq_ignore_ascii_case(known.as_bytes());
    LOGIN.iter().any(is_part) || PAGES.iter().any(is_whole)
}

/// What stands for every VPN, whatever its maker calls it.
pub fn vpn() -> u16 {
    hash::short(hash::bytes(b"vpn"))
}

fn program_of(event: &Event<'_>) -> u16 {
    if event.kind != Kind::Auth {
        return 0;
    }
    let says_vpn = |text: &str| {
        text.as_bytes()
            .windows(3)
            .any(|it| it.eq_ignore_ascii_case(b"vpn"))
    };
    let told = [event.signature.as_deref(), event.app_proto.as_deref()];
    if told.into_iter().flatten().any(says_vpn) {
        return vpn();
    }
    let name = event.app_proto.as_deref().or(event.product);
    hash::short(hash::bytes(name.unwrap_or(event.format).as_bytes()))
}

fn alert_clue(event: &Event<'_>) -> Option<Clue> {
    if event.kind != Kind::Ids {
        return None;
    }
    let signature = event.signature.as_deref().filter(|text| !text.is_empty())?;
    Some(Clue::Alert {
        signature: cut(signature).into(),
        severity: alert::severity_of(event),
    })
}

/// The path of a request target or full URL, without query.
fn path_of(url: &str) -> &str {
    let scheme = (!url.starts_with('/')).then(|| url.split_once("://"));
    let target = match scheme.flatten() {
        Some((scheme, rest)) if scheme.len() <= 8 && !scheme.contains('/') => {
            rest.find('/').and_then(|at| rest.get(at..)).unwrap_or("/")
        }
        _ => url,
    };
    target.split(['?', '#']).next().unwrap_or("")
}

pub(super) fn cut(text: &str) -> &str {
    text.get(..text.floor_char_boundary(MAX_TEXT_BYTES))
        .unwrap_or(text)
}

impl Observation {
    /// Seconds since the epoch, within 1970 to 2106.
    pub(super) fn seconds(&self) -> u32 {
        u32::try_from(self.at.as_seconds().max(1)).unwrap_or(u32::MAX)
    }

    /// The actor's key; 0 when unknown.
    pub(super) fn actor(&self) -> u64 {
        self.source.map_or(0, key_of)
    }

    /// Hash of the target; equal for all when the device does not name it.
    pub(super) fn target_hash(&self) -> u64 {
        self.target.map_or(0, |ip| hash::mix(key_of(ip)))
    }
}
