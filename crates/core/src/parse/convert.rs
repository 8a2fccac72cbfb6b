//! From the text under a key to the value of a field.

use std::borrow::Cow;

use aho_corasick::{AhoCorasick, Input};

use super::address;
use super::endpoint;
use super::escape::{self, Escape};
use super::keys::{KeyTable, Raw};
use super::pattern::Pattern;
use super::stamp::{self, Missing};

use crate::event::{Action, Direction, Event, Field, Kind, Outcome, Protocol, Text};
use crate::time::{DeviceTime, Timestamp};

/// The longest request method, in bytes.
const MAX_METHOD_BYTES: usize = 32;

/// How the text under a key becomes a value, beyond what the field itself asks for.
#[derive(Debug)]
pub(super) enum How {
    /// As the field asks.
    Plain,
    /// Text in lower case.
    Lower,
    /// A number of seconds, with or without fraction, for a field in milliseconds.
    Seconds,
    /// `h:mm:ss`, for a field in milliseconds.
    Clock,
    /// The first word of a request line, where it is a method.
    RequestMethod,
    /// The second word of a request line.
    RequestTarget,
    /// RFC 3339 or a dialect of it.
    Iso,
    /// An access log's stamp.
    Web,
    /// `Mmm dd hh:mm:ss` and its dialects.
    Bsd,
    /// Seconds or finer since 1970.
    Epoch,
    /// Microseconds, for a field in milliseconds.
    Micros,
    /// Nanoseconds, for a field in milliseconds.
    Nanos,
    /// Minutes, for a field in milliseconds.
    Minutes,
    /// Kilobytes of 1,024 bytes, for a field in bytes.
    Kilobytes,
    /// The digits a value begins with, its unit left out.
    Leading,
    /// The first word.
    FirstWord,
    /// Text with its escapes left as they are.
    AsWritten,
    /// Text in which a plus sign stands for a blank.
    PlusBlank,
    /// Text with `%HH` undone (RFC 3986, 2.1).
    Percent,
    /// A name with the length of each label before it, as in `(3)www(7)example(3)org(0)`.
    DnsLabels,
    /// As many of the last characters.
    Last(usize),
    /// Address, host or port of `host:port` and its like; the field says which.
    Endpoint,
    /// Address, host or port of a URL; the field says which.
    UrlHost,
    /// The texts under several keys, joined by this; missing ones are left out.
    Joined(Box<str>),
    /// A time in an order of the device's own.
    Pattern(Pattern),
    /// Date, time of day and zone (when stated) in keys of their own.
    Parts {
        /// Whether the zone must be there.
        zone: bool,
    },
    /// By a table of words.
    Words(KeyTable, Vec<Constant>, Option<Constant>),
    /// By the first of a table's words that stands in the text.
    Contained(AhoCorasick, Vec<Constant>),
}

/// A value written in a format file.
#[derive(Clone, Debug)]
pub(super) enum Constant {
    /// A kind of event.
    Kind(Kind),
    /// What the device did.
    Action(Action),
    /// How it ended.
    Outcome(Outcome),
    /// Which way.
    Direction(Direction),
    /// IP protocol.
    Proto(Protocol),
    /// A port.
    Port(u16),
    /// Text.
    Text(Box<str>),
}

impl Constant {
    /// Reads `word` as a value of `field`.
    pub fn read(field: Field, word: &str) -> Option<Self> {
        match field {
            Field::Kind => Kind::from_word(word).map(Self::Kind),
            Field::Action => Action::from_word(word).map(Self::Action),
            Field::Outcome => Outcome::from_word(word).map(Self::Outcome),
            Field::Direction => Direction::from_word(word).map(Self::Direction),
            Field::Proto => Protocol::from_keyword(word).map(Self::Proto),
            Field::SrcPort | Field::DstPort => word.parse().ok().map(Self::Port),
            _ => Some(Self::Text(word.into())),
        }
    }

    /// Writes the value into `field`.
    #[inline]
    pub fn put<'a>(&'a self, field: Field, event: &mut Event<'a>) {
        match self {
            Self::Kind(kind) => event.kind = *kind,
            Self::Action(action) => event.action = Some(*action),
            Self::Outcome(outcome) => event.outcome = Some(*outcome),
            Self::Direction(direction) => event.direction = Some(*direction),
            Self::Proto(proto) => event.proto = Some(*proto),
            Self::Port(port) => match field {
                Field::SrcPort => event.src_port = Some(*port),
                _ => event.dst_port = Some(*port),
            },
            Self::Text(text) => match field {
                Field::Vendor => event.vendor = Some(text),
                Field::Product => event.product = Some(text),
                _ => {
                    // Empty text takes the value away.
                    if let Some(place) = text_place(field, event) {
                        *place = (!text.is_empty()).then_some(Cow::Borrowed(text));
                    }
                }
            },
        }
    }
}

/// Services and protocols that devices write in capitals, in small letters: so that an everyday name is
/// not copied to make it small.
const SMALL: &[&str] = &[
    "ah",
    "bgp",
    "dhcp",
    "dns",
    "esp",
    "ftp",
    "gre",
    "http",
    "https",
    "icmp",
    "ike",
    "imap",
    "imaps",
    "kerberos",
    "ldap",
    "ldaps",
    "ms-sql",
    "mysql",
    "netbios",
    "ntp",
    "other",
    "ping",
    "pop3",
    "pop3s",
    "quic",
    "radius",
    "rdp",
    "rpc",
    "rtsp",
    "sip",
    "smb",
    "smtp",
    "smtps",
    "snmp",
    "snmptrap",
    "ssh",
    "ssl",
    "syslog",
    "tcp",
    "telnet",
    "tftp",
    "tls",
    "traceroute",
    "udp",
    "vnc",
    "web",
    "whois",
];

/// So many decimal digits always fit into 64 bits.
const SAFE_DIGITS: usize = 19;

/// The whole number `text`.
fn decimal(text: &str) -> Option<u64> {
    if text.is_empty() || text.len() > SAFE_DIGITS {
        return text.parse().ok();
    }
    let mut value = 0_u64;
    for byte in text.bytes() {
        let digit = byte.wrapping_sub(b'0');
        if digit > 9 {
            // A plus sign may stand before it.
            return text.parse().ok();
        }
        value = value.wrapping_mul(10).wrapping_add(u64::from(digit));
    }
    Some(value)
}

/// The whole number `text`, where it is a port or a status.
fn short(text: &str) -> Option<u16> {
    decimal(text).and_then(|number| u16::try_from(number).ok())
}

/// The whole number `text` in units of `of`.
fn parts(text: &str, of: u64) -> Option<u64> {
    decimal(text).map(|number| number / of)
}

/// `text` in small letters.
fn lowered(text: Cow<'_, str>) -> Cow<'_, str> {
    if !text.bytes().any(|byte| byte.is_ascii_uppercase()) {
        return text;
    }
    // They are sorted, so those that begin alike stand together.
    let first = text.bytes().next().map(|byte| byte.to_ascii_lowercase());
    let start = SMALL.partition_point(|name| name.bytes().next() < first);
    let alike = SMALL.iter().skip(start);
    let mut alike = alike.take_while(|name| name.bytes().next() == first);
    let known = alike.find(|name| name.eq_ignore_ascii_case(&text));
    known.map_or_else(
        || Cow::Owned(text.to_ascii_lowercase()),
        |name| Cow::Borrowed(*name),
    )
}

/// Writes `raw` into `field`, read in its own way. False when it says nothing that the field can hold.
pub(super) fn put<'a>(
    field: Field,
    how: &'a How,
    raw: Raw<'a>,
    missing: &Missing,
    event: &mut Event<'a>,
) -> bool {
    match how {
        How::Plain => plain(field, raw, event),
        How::Lower => put_text(field, lowered(cleaned(raw)), event),
        How::RequestMethod => {
            method(raw).is_some_and(|(word, _)| put_text(field, word.into(), event))
        }
        How::RequestTarget => target(raw).is_some_and(|text| put_text(field, text, event)),
        How::Seconds => put_number(field, seconds_ms(raw.text), event),
        How::Clock => put_number(field, stamp::length_ms(raw.text.as_bytes()), event),
        How::Iso | How::Web | How::Bsd | How::Epoch => {
            let time = moment(how, raw.text.as_bytes(), missing);
            event.ts = time.or(event.ts);
            time.is_some()
        }
        How::Micros => put_number(field, parts(raw.text, 1_000), event),
        How::Nanos => put_number(field, parts(raw.text, 1_000_000), event),
        How::Minutes => put_number(field, times(raw.text, 60_000), event),
        How::Kilobytes => put_number(field, times(raw.text, 1_024), event),
        How::Leading => {
            let end = raw.text.bytes().take_while(u8::is_ascii_digit).count();
            let text = raw.text.get(..end).unwrap_or_default();
            plain(field, Raw { text, ..raw }, event)
        }
        How::FirstWord => {
            let text = raw.text.split_ascii_whitespace().next().unwrap_or_default();
            !text.is_empty() && plain(field, Raw { text, ..raw }, event)
        }
        How::AsWritten => put_text(field, Cow::Borrowed(raw.text), event),
        How::PlusBlank => put_text(field, changed(cleaned(raw), plus_blank), event),
        How::Percent => put_text(field, changed(cleaned(raw), escape::percent), event),
        How::DnsLabels => put_text(field, changed(cleaned(raw), dns_labels), event),
        How::Last(count) => {
            let start = raw.text.len().saturating_sub(*count);
            raw.text
                .get(start..)
                .is_some_and(|text| plain(field, Raw { text, ..raw }, event))
        }
        How::Endpoint => put_endpoint(field, endpoint::split(raw.text), event),
        How::UrlHost => put_endpoint(field, endpoint::of_url(raw.text), event),
        How::Parts { .. } | How::Pattern(_) | How::Joined(_) => false,
        How::Words(table, values, other) => {
            let found = table
                .find(raw.text)
                .and_then(|number| values.get(usize::from(number)));
            let Some(value) = found.or(other.as_ref()) else {
                return false;
            };
            value.put(field, event);
            keep_word(field, raw, event);
            true
        }
        How::Contained(marks, values) => {
            let Some((value, word)) = contained(marks, values, raw.text) else {
                return false;
            };
            value.put(field, event);
            keep_word(
                field,
                Raw {
                    text: word,
                    escape: Escape::None,
                },
                event,
            );
            true
        }
    }
}

/// What `change` makes of `text`, borrowed from the record where it can be.
fn changed<'a>(text: Text<'a>, change: impl for<'t> Fn(&'t str) -> Cow<'t, str>) -> Text<'a> {
    match text {
        Cow::Borrowed(text) => change(text),
        Cow::Owned(text) => Cow::Owned(change(&text).into_owned()),
    }
}

fn plus_blank(text: &str) -> Cow<'_, str> {
    if text.contains('+') {
        Cow::Owned(text.replace('+', " "))
    } else {
        Cow::Borrowed(text)
    }
}

/// The labels joined by full stops; text without lengths in parentheses stays as it is.
fn dns_labels(text: &str) -> Cow<'_, str> {
    if !text.starts_with('(') {
        return Cow::Borrowed(text);
    }
    let labels: Vec<&str> = text
        .split('(')
        .filter_map(|piece| piece.split_once(')'))
        .map(|(_, label)| label)
        .filter(|label| !label.is_empty())
        .collect();
    Cow::Owned(labels.join("."))
}

fn times(text: &str, factor: u64) -> Option<u64> {
    decimal(text)?.checked_mul(factor)
}

/// Writes the part of an endpoint that `field` is for.
fn put_endpoint<'a>(
    field: Field,
    found: Option<(&'a str, Option<u16>)>,
    event: &mut Event<'a>,
) -> bool {
    let Some((text, port)) = found else {
        return false;
    };
    match field {
        Field::SrcPort | Field::DstPort => {
            let place = if field == Field::SrcPort {
                &mut event.src_port
            } else {
                &mut event.dst_port
            };
            *place = port.or(*place);
            port.is_some()
        }
        _ => {
            let raw = Raw {
                text,
                escape: Escape::None,
            };
            // A name belongs to the host, an address to the address.
            let is_name = address::ip(text).is_none();
            let wants_name = matches!(field, Field::SrcHost | Field::DstHost);
            (is_name || !wants_name) && plain(field, raw, event)
        }
    }
}

/// Beside an action the device's own word for it is kept.
fn keep_word<'a>(field: Field, raw: Raw<'a>, event: &mut Event<'a>) {
    if field == Field::Action && event.action_raw.is_none() {
        event.action_raw = Some(cleaned(raw));
    }
}

/// Writes `raw` into `field` as the field asks. False when it says nothing that the field can hold.
#[inline]
pub(super) fn plain<'a>(field: Field, raw: Raw<'a>, event: &mut Event<'a>) -> bool {
    // Most fields are text.
    if let Some(place) = text_place(field, event) {
        *place = Some(cleaned(raw));
        return true;
    }
    match field {
        Field::SrcIp | Field::DstIp | Field::SrcNatIp | Field::DstNatIp => {
            put_address(field, raw, event)
        }
        Field::SrcPort | Field::DstPort | Field::HttpStatus => {
            let number = short(raw.text);
            let place = match field {
                Field::SrcPort => &mut event.src_port,
                Field::DstPort => &mut event.dst_port,
                _ => &mut event.http_status,
            };
            *place = number.or(*place);
            number.is_some()
        }
        Field::SrcBytes | Field::DstBytes | Field::DurationMs => {
            put_number(field, decimal(raw.text), event)
        }
        Field::Proto => {
            let proto = Protocol::from_keyword(raw.text);
            event.proto = proto.or(event.proto);
            proto.is_some()
        }
        Field::Vendor | Field::Product => {
            // Borrowed from the record or not at all.
            let place = if field == Field::Vendor {
                &mut event.vendor
            } else {
                &mut event.product
            };
            *place = Some(raw.text);
            true
        }
        _ => false,
    }
}

fn put_address<'a>(field: Field, raw: Raw<'a>, event: &mut Event<'a>) -> bool {
    let Some(ip) = address::ip(raw.text) else {
        // Some devices write a name where they know one.
        let host = match field {
            Field::SrcIp => &mut event.src_host,
            Field::DstIp => &mut event.dst_host,
            _ => return false,
        };
        let good = is_host_name(raw.text);
        if good && host.is_none() {
            *host = Some(Cow::Borrowed(raw.text));
        }
        return good;
    };
    let place = match field {
        Field::SrcIp => &mut event.src_ip,
        Field::DstIp => &mut event.dst_ip,
        Field::SrcNatIp => &mut event.src_nat_ip,
        _ => &mut event.dst_nat_ip,
    };
    *place = Some(ip);
    true
}

fn put_number(field: Field, number: Option<u64>, event: &mut Event<'_>) -> bool {
    let place = match field {
        Field::SrcBytes => &mut event.src_bytes,
        Field::DstBytes => &mut event.dst_bytes,
        _ => &mut event.duration_ms,
    };
    *place = number.or(*place);
    number.is_some()
}

pub(super) fn put_text<'a>(field: Field, text: Text<'a>, event: &mut Event<'a>) -> bool {
    let Some(place) = text_place(field, event) else {
        return false;
    };
    *place = Some(text);
    true
}

/// Whether `field` holds text.
pub(super) fn is_text(field: Field) -> bool {
    let mut event = Event::new(Timestamp::from_seconds(0), "", Kind::System);
    text_place(field, &mut event).is_some()
}

#[inline]
fn text_place<'e, 'a>(field: Field, event: &'e mut Event<'a>) -> Option<&'e mut Option<Text<'a>>> {
    Some(match field {
        Field::Device => &mut event.device,
        Field::SrcHost => &mut event.src_host,
        Field::DstHost => &mut event.dst_host,
        Field::AppProto => &mut event.app_proto,
        Field::ActionRaw => &mut event.action_raw,
        Field::User => &mut event.user,
        Field::Rule => &mut event.rule,
        Field::Signature => &mut event.signature,
        Field::Severity => &mut event.severity,
        Field::EventCode => &mut event.event_code,
        Field::HttpMethod => &mut event.http_method,
        Field::Url => &mut event.url,
        Field::UserAgent => &mut event.user_agent,
        Field::TlsSni => &mut event.tls_sni,
        Field::TlsVersion => &mut event.tls_version,
        Field::Ja3 => &mut event.ja3,
        Field::Ja4 => &mut event.ja4,
        Field::DnsQuery => &mut event.dns_query,
        Field::DnsType => &mut event.dns_type,
        Field::DnsRcode => &mut event.dns_rcode,
        Field::CommunityId => &mut event.community_id,
        _ => return None,
    })
}

/// The text with its escapes undone.
#[inline]
pub(super) fn cleaned(raw: Raw<'_>) -> Text<'_> {
    match raw.escape {
        Escape::None => Cow::Borrowed(raw.text),
        escape => escape.undo(raw.text),
    }
}

/// The method of `METHOD target HTTP/x`; methods are letters (RFC 9110, 9.1), at most 32 of them. And
/// what follows it.
fn method(raw: Raw<'_>) -> Option<(&str, &str)> {
    let bytes = raw.text.as_bytes();
    let length = bytes
        .iter()
        .take(MAX_METHOD_BYTES + 1)
        .take_while(|byte| byte.is_ascii_alphabetic() || matches!(byte, b'-' | b'_'))
        .count();
    if length == 0 || length > MAX_METHOD_BYTES {
        return None;
    }
    let (word, rest) = raw.text.split_at_checked(length)?;
    Some((word, rest.strip_prefix(' ')?))
}

/// The target of `METHOD target HTTP/x`. The version ends the line, so that blanks inside a malformed
/// target stay part of it.
fn target(raw: Raw<'_>) -> Option<Text<'_>> {
    let (_, rest) = method(raw)?;
    let last = memchr::memrchr(b' ', rest.as_bytes()).and_then(|at| rest.split_at_checked(at));
    let text = match last {
        Some((target, version)) if version.starts_with(" HTTP/") => target,
        _ => rest,
    };
    (!text.is_empty()).then(|| {
        cleaned(Raw {
            text,
            escape: raw.escape,
        })
    })
}

/// Seconds with at most three fraction digits counted, as milliseconds.
fn seconds_ms(text: &str) -> Option<u64> {
    let Some((whole, fraction)) = text.split_once('.') else {
        return decimal(text)?.checked_mul(1_000);
    };
    let whole = decimal(whole)?;
    let mut millis = 0;
    for place in 0..3 {
        let digit = fraction.as_bytes().get(place).copied().unwrap_or(b'0');
        if !digit.is_ascii_digit() {
            return None;
        }
        millis = millis * 10 + u64::from(digit - b'0');
    }
    whole.checked_mul(1_000)?.checked_add(millis)
}

fn moment(how: &How, text: &[u8], missing: &Missing) -> Option<DeviceTime> {
    let (time, rest) = match how {
        How::Iso => stamp::iso(text, missing)?,
        How::Web => stamp::web(text, missing)?,
        How::Bsd => stamp::bsd(text, missing)?,
        _ => (stamp::epoch(text)?, <&[u8]>::default()),
    };
    rest.is_empty().then_some(time)
}

/// The first of the marks that stands in `text` as a word of its own (where the mark itself starts or
/// ends with a letter or digit).
fn contained<'v, 'a>(
    marks: &AhoCorasick,
    values: &'v [Constant],
    text: &'a str,
) -> Option<(&'v Constant, &'a str)> {
    let bytes = text.as_bytes();
    let word = |at: Option<usize>| {
        at.and_then(|at| bytes.get(at))
            .is_some_and(u8::is_ascii_alphanumeric)
    };
    let mut from = 0;
    while let Some(hit) = marks.find(Input::new(text).span(from..text.len())) {
        let joined_before = word(hit.start().checked_sub(1)) && word(Some(hit.start()));
        let joined_after = word(Some(hit.end())) && word(hit.end().checked_sub(1));
        if !joined_before && !joined_after {
            let value = values.get(hit.pattern().as_usize())?;
            return Some((value, text.get(hit.range())?));
        }
        from = hit.start() + 1;
    }
    None
}

/// Letters, digits, hyphens, underscores and dots, with at least one letter, at most 253 bytes.
fn is_host_name(text: &str) -> bool {
    (1..=253).contains(&text.len())
        && text.bytes().any(|byte| byte.is_ascii_alphabetic())
        && text
            .bytes()
            .all(|byte| byte.is_ascii_alphanumeric() || matches!(byte, b'.' | b'-' | b'_'))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn names_in_capitals_are_known() {
        for name in SMALL {
            let lowered = lowered(Cow::Owned(name.to_ascii_uppercase()));
            assert!(
                matches!(lowered, Cow::Borrowed(found) if found == *name),
                "{name}"
            );
        }
        assert_eq!(lowered("Xyz".into()), "xyz");
        assert_eq!(lowered("\u{c4}B".into()), "\u{c4}b");
    }

    #[test]
    fn a_word_inside_another_word_does_not_count() {
        let marks = AhoCorasick::builder()
            .ascii_case_insensitive(true)
            .match_kind(aho_corasick::MatchKind::LeftmostLongest)
            .build(["drop", "-D-"])
            .unwrap();
        let values = [
            Constant::Action(Action::Drop),
            Constant::Action(Action::Deny),
        ];
        for (text, expected) in [
            ("WAN_Drop: ", Some("Drop")),
            ("raindrops", None),
            ("raindrop drop", Some("drop")),
            ("[WAN_IN-D-1]", Some("-D-")),
        ] {
            let found = contained(&marks, &values, text).map(|(_, word)| word);
            assert_eq!(found, expected, "{text}");
        }
    }

    #[test]
    fn reads_lengths() {
        for (input, expected) in [
            ("1.5", Some(1_500)),
            ("2", Some(2_000)),
            ("x", None),
            ("1.x", None),
        ] {
            assert_eq!(seconds_ms(input), expected, "{input}");
        }
    }

    #[test]
    fn joins_labels_written_with_their_lengths() {
        for (input, expected) in [
            ("(3)www(7)example(3)org(0)", "www.example.org"),
            ("www.example.org", "www.example.org"),
            ("(0)", ""),
            ("(", ""),
        ] {
            assert_eq!(dns_labels(input), expected, "{input}");
        }
    }
}
