//! Remote control, file sharing or a proxy behind a port that is meant for something else (ATT&CK T1571,
//! T1572): how data leaves and orders come in where only web, mail and names are let out.
//!
//! See `docs/detectors/protocol-mismatch.md`.

use super::fold::Fold;
use super::story::What;
use super::telling::{Telling, blocked_or_unknown, service_key};
use crate::event::Event;
use crate::finding::{Category, Severity};

/// Formats of those who know a protocol by what is said, not by its port.
const OBSERVERS: &[&str] = &["packets", "zeek", "zeek-tsv", "suricata"];

/// Ports that firewalls let out because everybody needs what belongs there: web, names, mail, time.
const BUSY_PORTS: &[u16] = &[
    25, 53, 80, 110, 123, 143, 443, 465, 587, 853, 993, 995, 8_080, 8_443,
];

/// What has no business there, as observers spell it, and its one name in findings.
const GUESTS: &[(&str, &str)] = &[
    ("ssh", "ssh"),
    ("telnet", "telnet"),
    ("rdp", "rdp"),
    ("vnc", "vnc"),
    ("rfb", "vnc"),
    ("smb", "smb"),
    ("socks", "socks"),
    ("irc", "irc"),
    ("bittorrent", "bittorrent"),
    ("bittorrent-dht", "bittorrent"),
    ("rsync", "rsync"),
    ("ftp", "ftp"),
];

/// The protocol in `event`, a contact with `port`, that belongs elsewhere.
pub fn guest(event: &Event<'_>, port: u16) -> Option<&'static str> {
    if !OBSERVERS.contains(&event.format) || !BUSY_PORTS.contains(&port) {
        return None;
    }
    // Somebody must have answered: asking alone moves nothing.
    if event.dst_bytes == Some(0) {
        return None;
    }
    let spoken = event.app_proto.as_deref()?;
    // Zeek lists all it saw, one in another.
    spoken.split(',').find_map(|word| {
        let known = GUESTS.iter().find(|(name, _)| *name == word);
        known.map(|(_, name)| *name)
    })
}

impl Fold<'_> {
    pub(super) fn mismatch(&mut self, protocol: &'static str) {
        let key = self.key(What::ProtocolMismatch, self.seen.port.unwrap_or(0).into());
        let story = self.tell(key);
        story.name(protocol);
        story.raise(Severity::Medium, 70);
        self.open(&key);
    }
}

/// How it is told.
pub const PROTOCOL_MISMATCH: Telling = Telling {
    detector: "protocol-mismatch",
    quiet_seconds: 6 * 3_600,
    category: Category::Policy,
    names: "protocols",
    reasons: "kinds",
    techniques: |_| &["T1571", "T1572"],
    key: |story| service_key(story).unwrap_or_else(|| "policy/protocol".to_owned()),
    message: |_| "protocol-mismatch",
    messages: &["protocol-mismatch"],
    outcome: blocked_or_unknown,
};

#[cfg(test)]
mod tests {
    use super::*;
    use crate::event::Kind;
    use crate::time::Timestamp;

    #[test]
    fn only_guests_that_were_answered_count() {
        for (format, protocol, port, answered, expected) in [
            ("packets", "ssh", 443, Some(900), Some("ssh")),
            ("packets", "ssh", 443, None, Some("ssh")),
            ("zeek", "ssl,rfb", 443, Some(10), Some("vnc")),
            ("packets", "ssh", 443, Some(0), None),
            ("packets", "ssh", 22, Some(900), None),
            ("packets", "ssh", 2_222, Some(900), None),
            ("packets", "tls", 443, Some(900), None),
            ("packets", "http", 443, Some(900), None),
            ("fortigate", "ssh", 443, Some(900), None),
        ] {
            let mut event = Event::new(Timestamp::default(), format, Kind::Network);
            event.app_proto = Some(protocol.into());
            event.dst_bytes = answered;
            assert_eq!(guest(&event, port), expected, "{format} {protocol} {port}");
        }
    }
}
