//! The key under which firms compare notes: which shapes cannot carry content.

use std::net::IpAddr;

use super::place;
use crate::event::Protocol;
use crate::finding::{Category, Finding};
use crate::sighting::MAX_KEY_BYTES;

/// First halves of a template key, `web/traversal`.
const FAMILIES: &[&str] = &[
    "auth", "dns", "dos", "exposure", "file", "ids", "mail", "policy", "scan", "vpn", "web",
];

/// Second halves. Closed, because a word of free choice could be an account name: a detector with a
/// new kind of attack adds its word here.
const WORDS: &[&str] = &[
    "address-scan",
    "admin",
    "alert",
    "amplification",
    "attack",
    "bot",
    "brute-force",
    "code-injection",
    "command",
    "command-injection",
    "crawler",
    "credential-file",
    "cross-site-scripting",
    "deserialisation",
    "exploit",
    "file-inclusion",
    "file-upload",
    "flood",
    "guessing",
    "header",
    "html",
    "http",
    "imap",
    "injection",
    "java",
    "known-exploit",
    "ldap",
    "log-in",
    "log4shell",
    "malware",
    "missing-pages",
    "nosql",
    "open-redirect",
    "other",
    "path-traversal",
    "php",
    "phishing",
    "pop3",
    "port-scan",
    "probe",
    "probing",
    "protocol",
    "query",
    "rdp",
    "request-smuggling",
    "scan",
    "scanner",
    "script",
    "secret-file",
    "sensitive-file",
    "server-side-request",
    "shared-scan",
    "shell",
    "shellshock",
    "sip",
    "smb",
    "smtp",
    "spam",
    "spraying",
    "sql",
    "sql-injection",
    "ssh",
    "ssrf",
    "stuffing",
    "success",
    "suspicious",
    "telnet",
    "template",
    "template-injection",
    "traversal",
    "tunnel",
    "upload",
    "vpn",
    "web-shell",
    "wordpress",
    "xml",
    "xpath",
    "xss",
    "xxe",
];

/// Names under these ends are the firm's own (RFC 6762, RFC 6761, RFC 8375, and common practice).
const INSIDE_ENDS: &[&str] = &[
    "arpa",
    "corp",
    "domain",
    "home",
    "host",
    "internal",
    "intranet",
    "invalid",
    "lan",
    "local",
    "localdomain",
    "localhost",
    "private",
    "test",
    "workgroup",
];

/// The finding's key if it may be shared, of a name only what somebody registered; else the detector's name.
pub fn shared(finding: &Finding, detector: &str, may_name: impl Fn(IpAddr) -> bool) -> String {
    if place::has_places(finding.category)
        && let Some(name) = place::registered(&finding.key)
    {
        return name.to_owned();
    }
    if finding.key == detector || is_shareable(&finding.key, finding.category, may_name) {
        finding.key.clone()
    } else {
        detector.to_owned()
    }
}

/// Whether `key` has one of the shapes that cannot hold content.
pub fn is_shareable(key: &str, category: Category, may_name: impl Fn(IpAddr) -> bool) -> bool {
    if key.is_empty() || key.len() > MAX_KEY_BYTES {
        return false;
    }
    is_service(key)
        || is_template(key)
        || is_uuid(key)
        || is_signature(key)
        || (place::has_places(category)
            && match key.parse::<IpAddr>() {
                Ok(ip) => may_name(ip),
                Err(_) if category == Category::Indicator => is_outside_domain(key),
                Err(_) => place::is_registered(key),
            })
}

/// `tcp/445`, `icmp/8`; also the protocol alone.
fn is_service(key: &str) -> bool {
    let (proto, port) = match key.split_once('/') {
        Some((proto, port)) => (proto, Some(port)),
        None => (key, None),
    };
    let known = Protocol::from_keyword(proto).is_some_and(|protocol| protocol.keyword() == proto);
    known && port.is_none_or(is_number_below_65536)
}

fn is_number_below_65536(text: &str) -> bool {
    // No leading zero or sign, so that one service has one key.
    text.parse::<u16>()
        .is_ok_and(|number| number.to_string() == text)
}

fn is_template(key: &str) -> bool {
    key.split_once('/')
        .is_some_and(|(family, word)| FAMILIES.contains(&family) && WORDS.contains(&word))
}

/// A rule's id (RFC 9562), lower case.
pub fn is_uuid(text: &str) -> bool {
    let mut parts = text.split('-');
    let lengths = [8, 4, 4, 4, 12];
    lengths.iter().all(|length| {
        parts
            .next()
            .is_some_and(|part| part.len() == *length && is_hex(part))
    }) && parts.next().is_none()
}

fn is_hex(text: &str) -> bool {
    text.bytes()
        .all(|byte| byte.is_ascii_digit() || (b'a'..=b'f').contains(&byte))
}

/// A signature number of an intrusion detector: `sid/2019401`, `sid/1:2019401`.
fn is_signature(key: &str) -> bool {
    let Some(number) = key.strip_prefix("sid/") else {
        return false;
    };
    let is_number = |text: &str| {
        (1..=10).contains(&text.len()) && text.bytes().all(|byte| byte.is_ascii_digit())
    };
    match number.split_once(':') {
        Some((generator, signature)) => is_number(generator) && is_number(signature),
        None => is_number(number),
    }
}

/// A name a person gave a detector: `port-scan`, lower case.
pub fn is_kebab(text: &str) -> bool {
    text.starts_with(|first: char| first.is_ascii_lowercase())
        && text.split('-').all(|part| {
            !part.is_empty()
                && part
                    .bytes()
                    .all(|byte| byte.is_ascii_lowercase() || byte.is_ascii_digit())
        })
}

/// A registrable name on the internet, lower case, of at most four labels, so that data packed into
/// a long name does not pass.
pub fn is_outside_domain(text: &str) -> bool {
    let labels: Vec<&str> = text.split('.').collect();
    let Some(end) = labels.last() else {
        return false;
    };
    let is_label = |label: &&str| {
        (1..=63).contains(&label.len())
            && !label.starts_with('-')
            && !label.ends_with('-')
            && label
                .bytes()
                .all(|byte| byte.is_ascii_lowercase() || byte.is_ascii_digit() || byte == b'-')
    };
    (2..=4).contains(&labels.len())
        && labels.iter().all(is_label)
        && end.starts_with(|first: char| first.is_ascii_lowercase())
        && end.len() >= 2
        && !INSIDE_ENDS.contains(end)
}
