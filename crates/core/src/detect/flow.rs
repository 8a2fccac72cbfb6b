//! What the detectors of network flows need of an event: who inside spoke with whom outside, and how
//! much each said.
//!
//! One small [`Flow`] for connections, flow records, proxy requests and TLS handshakes alike. Records
//! that tell of an answer only (a NetFlow record of the way back, the end of a connection as Cisco
//! writes it) are turned round, so that [`Flow::host`] is always inside and [`Flow::port`] always the
//! service's.

use std::net::IpAddr;

use super::hash;
use super::scan::is_late_answer;
use super::sift::Observation;
use super::source::key_of;
use crate::event::{Action, Direction, Event, Kind, Protocol};

/// Longest part of a host name that is kept, in bytes: its end, which says whose it is.
const MAX_NAME_BYTES: usize = 46;
/// Bytes of an opening without answer, at most: a few repeated SYN packets.
const KNOCK_BYTES: u64 = 400;

/// Which side opened the conversation.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Way {
    /// Somebody inside did.
    Out,
    /// Somebody outside did.
    In,
}

/// A conversation between inside and outside, or one record of it.
#[derive(Clone, Copy, Debug)]
pub struct Flow {
    /// Who opened it.
    pub way: Way,
    /// The end inside; `None` when the device does not name it, as a web server's log.
    pub host: Option<IpAddr>,
    /// The end outside; `None` when a proxy names only the host.
    pub other: Option<IpAddr>,
    /// The service's port.
    pub port: u16,
    /// The port of whoever opened it; 0 when not said.
    pub opener_port: u16,
    /// Bytes that left the firm.
    pub up: Option<u64>,
    /// Bytes that came in.
    pub down: Option<u64>,
    /// Name of the place outside, where a request or handshake gives one.
    pub name: Option<Name>,
    /// Whether it is a request or handshake within a connection.
    pub is_request: bool,
    /// Whether the record tells only of the answer.
    pub is_reply: bool,
    /// Whether it was refused, went unanswered or ended in a server's error.
    pub failed: bool,
}

impl Flow {
    /// Identifies the place outside: its name, else its address (the /64 of an IPv6 one).
    pub fn place(&self) -> Option<u64> {
        match self.name {
            Some(name) => Some(hash::bytes(name.as_str().as_bytes())),
            None => self.other.map(|ip| hash::mix(key_of(ip))),
        }
    }

    /// Bytes by which repeated messages can be compared: what was sent, else what was answered.
    pub fn size(&self) -> Option<u64> {
        self.up.or(self.down)
    }
}

/// The end of a host name, lower case, without an allocation.
#[derive(Clone, Copy)]
pub struct Name {
    length: u8,
    bytes: [u8; MAX_NAME_BYTES],
}

impl Name {
    /// The name in `text`; `None` for an address or what is no name.
    pub fn of(text: &str) -> Option<Self> {
        let text = text.trim_end_matches('.');
        let is_name = text.contains('.')
            && text
                .bytes()
                .all(|byte| byte.is_ascii_alphanumeric() || matches!(byte, b'.' | b'-' | b'_'))
            && text
                .rsplit('.')
                .next()
                .is_some_and(|end| end.starts_with(|first: char| first.is_ascii_alphabetic()));
        if !is_name {
            return None;
        }
        let from = text.len().saturating_sub(MAX_NAME_BYTES);
        let kept = text.as_bytes().get(from..)?;
        let mut bytes = [0; MAX_NAME_BYTES];
        for (to, byte) in bytes.iter_mut().zip(kept) {
            *to = byte.to_ascii_lowercase();
        }
        Some(Self {
            length: u8::try_from(kept.len()).ok()?,
            bytes,
        })
    }

    /// The text.
    pub fn as_str(&self) -> &str {
        let kept = self.bytes.get(..usize::from(self.length));
        kept.and_then(|bytes| std::str::from_utf8(bytes).ok())
            .unwrap_or("")
    }
}

impl std::fmt::Debug for Name {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str(self.as_str())
    }
}

/// The flow that `event` from `source` to `target` tells of; `None` when it stays inside, passes by
/// outside, or is of another sort.
pub fn flow_of(
    event: &Event<'_>,
    source: IpAddr,
    target: Option<IpAddr>,
    is_outside: impl Fn(IpAddr) -> bool,
) -> Option<Flow> {
    let from_outside = is_outside(source);
    let to_outside = target.is_some_and(&is_outside);
    let is_request = match event.kind {
        Kind::Network => false,
        Kind::Http | Kind::Tls => true,
        _ => return None,
    };
    let name = if is_request && !from_outside {
        place_name(event)
    } else {
        None
    };
    let way = match (from_outside, to_outside) {
        (false, true) => Way::Out,
        (true, false) => Way::In,
        (true, true) if event.direction == Some(Direction::Inbound) => Way::In,
        // A proxy names the host and not its address.
        (false, false) if target.is_none() && name.is_some() && is_to_proxy(event) => Way::Out,
        _ => return None,
    };
    let port = match event.dst_port {
        Some(port) => port,
        None if event.kind == Kind::Tls => 443,
        None if is_request => 80,
        None => return None,
    };
    if matches!(event.proto, Some(proto) if proto != Protocol::TCP && proto != Protocol::UDP) {
        return None;
    }
    let opener_port = event.src_port.unwrap_or(0);
    if way == Way::In && is_reply(event, port) {
        return Some(Flow {
            way: Way::Out,
            host: target,
            other: Some(source),
            port: opener_port,
            opener_port: port,
            // Where only the second figure is given it is the sum of both ways.
            up: None,
            down: event.src_bytes.or(event.dst_bytes),
            name: None,
            is_request,
            is_reply: true,
            failed: false,
        });
    }
    let (up, down) = match way {
        Way::Out => (event.src_bytes, event.dst_bytes),
        Way::In => (event.dst_bytes, event.src_bytes),
    };
    Some(Flow {
        way,
        host: if way == Way::Out {
            Some(source)
        } else {
            target
        },
        other: if way == Way::Out {
            target
        } else {
            Some(source)
        },
        port,
        opener_port,
        up,
        down,
        name,
        is_request,
        is_reply: false,
        failed: has_failed(event),
    })
}

/// The name of the place outside that `event` speaks of.
fn place_name(event: &Event<'_>) -> Option<Name> {
    let name = event.tls_sni.as_deref().or(event.dst_host.as_deref());
    let name = name.or_else(|| host_of(event.url.as_deref()?));
    Name::of(name?)
}

/// The host of a full URL, or of the `host:port` that CONNECT asks for.
fn host_of(url: &str) -> Option<&str> {
    let rest = url.split_once("://").map_or(url, |(_, rest)| rest);
    rest.split(['/', ':', '?']).next()
}

/// Whether a request was made to a proxy: only those name the whole URL (RFC 9112, section 3.2).
fn is_to_proxy(event: &Event<'_>) -> bool {
    event.http_method.as_deref() == Some("CONNECT")
        || event.url.as_deref().is_some_and(|url| url.contains("://"))
}

/// Whether a record from outside is one side of a conversation that somebody inside opened.
fn is_reply(event: &Event<'_>, port: u16) -> bool {
    event.kind == Kind::Network
        && !event.action.is_some_and(Action::is_refusal)
        && is_late_answer(event.src_port, port)
}

fn has_failed(event: &Event<'_>) -> bool {
    if let Some(status) = event.http_status {
        return status >= 500 || matches!(status, 408 | 429 | 499);
    }
    if event.action.is_some_and(Action::is_refusal) {
        return true;
    }
    event.dst_bytes == Some(0) && event.src_bytes.unwrap_or(0) <= KNOCK_BYTES
}

impl Observation {
    /// The actor of a flow that somebody inside opened, and the place it goes to.
    pub(super) fn outgoing(&self) -> Option<(&Flow, IpAddr, u64)> {
        let flow = self.flow.as_ref().filter(|flow| flow.way == Way::Out)?;
        Some((flow, flow.host?, flow.place()?))
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::address::is_public;
    use crate::time::Timestamp;

    fn event(kind: Kind, from: &str, to: &str) -> Event<'static> {
        let mut event = Event::new(Timestamp::from_seconds(1), "test", kind);
        let split = |text: &str| {
            let (ip, port) = text.split_once('/').unwrap_or((text, ""));
            (ip.parse::<IpAddr>().ok(), port.parse::<u16>().ok())
        };
        (event.src_ip, event.src_port) = split(from);
        (event.dst_ip, event.dst_port) = split(to);
        event
    }

    fn flow(event: &Event<'_>) -> Option<Flow> {
        flow_of(event, event.src_ip.unwrap(), event.dst_ip, is_public)
    }

    #[test]
    fn the_inside_end_is_the_host_whichever_way_the_record_is_written() {
        for (from, to, expected) in [
            ("10.0.0.5/50000", "192.0.2.1/443", Some((Way::Out, false))),
            ("192.0.2.1/50000", "10.0.0.5/443", Some((Way::In, false))),
            ("192.0.2.1/443", "10.0.0.5/50000", Some((Way::Out, true))),
            ("10.0.0.5/50000", "10.0.0.6/443", None),
            ("192.0.2.1/50000", "198.51.100.7/443", None),
        ] {
            let found = flow(&event(Kind::Network, from, to));
            let told = found.map(|flow| (flow.way, flow.is_reply));
            assert_eq!(told, expected, "{from} {to}");
            if let Some(flow) = found {
                assert_eq!(flow.host, "10.0.0.5".parse().ok());
                assert_eq!((flow.port, flow.opener_port), (443, 50_000));
            }
        }
    }

    #[test]
    fn a_proxys_client_goes_to_a_name_and_a_websites_visitor_does_not() {
        let mut proxied = event(Kind::Http, "10.0.0.5", "x");
        proxied.url = Some("http://Updates.Example.ORG:8080/a".into());
        let name = flow(&proxied).unwrap().name.unwrap();
        assert_eq!(name.as_str(), "updates.example.org");
        let mut tunnel = event(Kind::Http, "10.0.0.5", "x");
        tunnel.http_method = Some("CONNECT".into());
        tunnel.url = Some("www.example.org:443".into());
        assert_eq!(
            flow(&tunnel).unwrap().name.unwrap().as_str(),
            "www.example.org"
        );
        let mut visit = event(Kind::Http, "10.0.0.5", "x");
        visit.url = Some("/index.html".into());
        assert!(flow(&visit).is_none());
    }

    #[test]
    fn names_are_kept_by_their_end_and_addresses_are_none() {
        for (text, expected) in [
            ("WWW.example.org.", Some("www.example.org")),
            ("192.0.2.1", None),
            ("localhost", None),
            ("a b.example.org", None),
        ] {
            let name = Name::of(text);
            assert_eq!(name.as_ref().map(Name::as_str), expected, "{text}");
        }
        let long = format!("{}.example.org", "x".repeat(100));
        let name = Name::of(&long).unwrap();
        assert_eq!(name.as_str().len(), MAX_NAME_BYTES);
        assert!(name.as_str().ends_with(".example.org"));
    }
}
