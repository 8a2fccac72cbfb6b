//! One value of a list: an address, a network, a range, a name, a web address or a fingerprint, as
//! people write them.

use std::borrow::Cow;
use std::net::IpAddr;

use super::refusal::Refusal;
use super::web::{self, MAX_URL_BYTES};
use crate::address::{Network, canonical};

/// Longest domain name, in bytes (RFC 1035).
pub(super) const MAX_NAME_BYTES: usize = 253;

/// What a value is.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) enum Entry {
    /// Addresses from the first to the last; port 0 for any.
    Addresses {
        first: IpAddr,
        last: IpAddr,
        port: u16,
    },
    /// A name in lower case, and its subdomains.
    Name { name: String, port: u16 },
    /// Host and path, as [`web::key`] writes them.
    Url(String),
    /// JA3, 32 hexadecimal digits in lower case.
    Ja3(String),
    /// JA4, in lower case.
    Ja4(String),
}

/// What a list says a value is, where shape alone does not tell.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub(super) enum Hint {
    /// Nothing.
    #[default]
    Unsaid,
    /// A JA3 fingerprint, which has the shape of an MD5 hash.
    Ja3,
    /// Something that no log we read holds.
    NotInLogs,
}

/// Reads one value.
pub(super) fn entry_of(text: &str, hint: Hint) -> Result<Entry, Refusal> {
    let text = text.trim_matches(|char: char| char.is_whitespace() || matches!(char, '"' | '\''));
    if hint == Hint::NotInLogs {
        return Err(Refusal::NotInLogs);
    }
    if text.len() > MAX_URL_BYTES {
        return Err(Refusal::TooLong);
    }
    let text = refanged(text);
    let text = unwrapped(&text);
    if hint == Hint::Ja3 || text.len() == 32 {
        let is_hash = is_hex(text, 32);
        return match (hint, is_hash) {
            (Hint::Ja3, true) => Ok(Entry::Ja3(text.to_ascii_lowercase())),
            (Hint::Ja3, false) => Err(Refusal::Unreadable),
            (_, true) => Err(Refusal::NotInLogs),
            (_, false) => plain(text),
        };
    }
    plain(text)
}

fn plain(text: &str) -> Result<Entry, Refusal> {
    if let Some(addresses) = addresses(text) {
        return addresses;
    }
    if text.contains("://") {
        return url(text);
    }
    if [40, 56, 64, 96, 128].contains(&text.len()) && is_hex(text, text.len()) {
        return Err(Refusal::NotInLogs);
    }
    if is_ja4(text) {
        return Ok(Entry::Ja4(text.to_ascii_lowercase()));
    }
    if text.starts_with('/') {
        return Err(Refusal::NoHost);
    }
    if text.contains('/') {
        return url(text);
    }
    if text.contains('@') {
        return Err(Refusal::NotInLogs);
    }
    let (name, port) = match text.rsplit_once(':') {
        Some((name, port)) => (name, port.parse().map_err(|_| Refusal::Unreadable)?),
        None => (text, 0),
    };
    let name = name_of(name).ok_or(Refusal::Unreadable)?;
    Ok(Entry::Name { name, port })
}

/// An address, network or range; `None` when it does not look like one.
fn addresses(text: &str) -> Option<Result<Entry, Refusal>> {
    let first = text.bytes().next()?;
    if !(first.is_ascii_hexdigit() || first == b':' || first == b'[') {
        return None;
    }
    if let Some((ip, prefix)) = text.split_once('/')
        && let Ok(ip) = ip.parse::<IpAddr>()
    {
        let mask = prefix.parse::<u8>().ok().or_else(|| mask_bits(prefix));
        // A path behind an address is a web address.
        return match mask.map(|prefix| Network::new(ip, prefix)) {
            Some(Some(network)) => Some(Ok(network_entry(network))),
            Some(None) => Some(Err(Refusal::Unreadable)),
            None => None,
        };
    }
    if let Some((first, last)) = text.split_once('-')
        && let (Ok(first), Ok(last)) = (first.trim().parse(), last.trim().parse())
    {
        return Some(range(first, last).ok_or(Refusal::Unreadable));
    }
    let (ip, port) = match text.parse::<IpAddr>() {
        Ok(ip) => (ip, 0),
        Err(_) => {
            let (host, port) = text.rsplit_once(':')?;
            let host = host
                .strip_prefix('[')
                .and_then(|host| host.strip_suffix(']'))
                .unwrap_or(host);
            (host.parse().ok()?, port.parse().ok()?)
        }
    };
    let ip = canonical(ip);
    Some(Ok(Entry::Addresses {
        first: ip,
        last: ip,
        port,
    }))
}

/// A range of one family, the first address not behind the last.
pub(super) fn range(first: IpAddr, last: IpAddr) -> Option<Entry> {
    let (first, last) = (canonical(first), canonical(last));
    let fits = first.is_ipv4() == last.is_ipv4() && first <= last;
    fits.then_some(Entry::Addresses {
        first,
        last,
        port: 0,
    })
}

fn network_entry(network: Network) -> Entry {
    let last = match network.base() {
        IpAddr::V4(base) => {
            let hosts = u32::MAX.checked_shr(network.prefix().into()).unwrap_or(0);
            IpAddr::V4((base.to_bits() | hosts).into())
        }
        IpAddr::V6(base) => {
            let hosts = u128::MAX.checked_shr(network.prefix().into()).unwrap_or(0);
            IpAddr::V6((base.to_bits() | hosts).into())
        }
    };
    Entry::Addresses {
        first: network.base(),
        last,
        port: 0,
    }
}

/// `255.255.255.0` as 24.
fn mask_bits(text: &str) -> Option<u8> {
    let bits = text.parse::<std::net::Ipv4Addr>().ok()?.to_bits();
    let ones = bits.leading_ones();
    (bits.count_ones() == ones)
        .then(|| u8::try_from(ones).ok())
        .flatten()
}

/// A web address; one that names nothing but a host is that host.
fn url(text: &str) -> Result<Entry, Refusal> {
    if text.contains(char::is_whitespace) {
        return Err(Refusal::Unreadable);
    }
    let parts = web::split(text).ok_or(Refusal::Unreadable)?;
    let host = parts.host.trim_start_matches('[').trim_end_matches(']');
    let ip = host.parse::<IpAddr>().ok().map(canonical);
    if ip.is_none() && name_of(host).is_none() {
        return Err(Refusal::Unreadable);
    }
    if parts.target.is_empty() || parts.target == "/" {
        let port = parts.port.unwrap_or(0);
        return Ok(match ip {
            Some(ip) => Entry::Addresses {
                first: ip,
                last: ip,
                port,
            },
            None => Entry::Name {
                name: host.trim_end_matches('.').to_ascii_lowercase(),
                port,
            },
        });
    }
    Ok(Entry::Url(web::key(&parts)))
}

/// The name in lower case; `None` when it is none, or a single label.
pub(super) fn name_of(text: &str) -> Option<String> {
    let text = text
        .strip_prefix("*.")
        .or_else(|| text.strip_prefix('.'))
        .unwrap_or(text)
        .trim_end_matches('.');
    is_name(text).then(|| text.to_ascii_lowercase())
}

fn is_name(text: &str) -> bool {
    let mut labels = 0;
    let mut top = "";
    for label in text.split('.') {
        let is_label = (1..=63).contains(&label.len())
            && label
                .bytes()
                .all(|byte| byte.is_ascii_alphanumeric() || byte == b'-' || byte == b'_');
        if !is_label {
            return false;
        }
        labels += 1;
        top = label;
    }
    let is_top = top.bytes().all(|byte| byte.is_ascii_alphabetic())
        || top
            .get(..4)
            .is_some_and(|start| start.eq_ignore_ascii_case("xn--"));
    text.len() <= MAX_NAME_BYTES && labels >= 2 && top.len() >= 2 && is_top
}

fn is_hex(text: &str, length: usize) -> bool {
    text.len() == length && text.bytes().all(|byte| byte.is_ascii_hexdigit())
}

/// The shape of a JA4 client fingerprint (FoxIO JA4 specification): transport, TLS version, whether a
/// name was sent, counts, ALPN; then two cut hashes.
pub(super) fn is_ja4(text: &str) -> bool {
    let mut parts = text.split('_');
    let (Some(a), Some(b), Some(c), None) =
        (parts.next(), parts.next(), parts.next(), parts.next())
    else {
        return false;
    };
    a.len() == 10
        && a.is_ascii()
        && a.starts_with(['t', 'q', 'd', 'T', 'Q', 'D'])
        && a.bytes().all(|byte| byte.is_ascii_alphanumeric())
        && is_hex(b, 12)
        && is_hex(c, 12)
}

/// A value made unclickable (`hxxp://bad[.]example`) made whole again.
fn refanged(text: &str) -> Cow<'_, str> {
    const MARKS: [(&str, &str); 9] = [
        ("[.]", "."),
        ("(.)", "."),
        ("{.}", "."),
        ("[dot]", "."),
        ("(dot)", "."),
        ("[:]", ":"),
        ("[://]", "://"),
        ("[/]", "/"),
        ("\\.", "."),
    ];
    let mut text = Cow::Borrowed(text);
    if text.contains(['[', '(', '{', '\\']) {
        for (mark, plain) in MARKS {
            if text.contains(mark) {
                text = Cow::Owned(text.replace(mark, plain));
            }
        }
    }
    let is_defanged = text.get(..4).is_some_and(|start| {
        start.eq_ignore_ascii_case("hxxp") || start.eq_ignore_ascii_case("h**p")
    });
    match text.get(4..) {
        Some(rest) if is_defanged => Cow::Owned(format!("http{rest}")),
        _ => text,
    }
}

/// Takes off what blockers write around a name: `||name^` and `address=/name/0.0.0.0`.
fn unwrapped(text: &str) -> &str {
    if let Some(rest) = text.strip_prefix("||") {
        return rest.split('^').next().unwrap_or(rest);
    }
    for start in ["address=/", "server=/", "local=/"] {
        if let Some(rest) = text.strip_prefix(start) {
            return rest.split('/').next().unwrap_or(rest);
        }
    }
    text
}

#[cfg(test)]
mod tests {
    use super::*;

    fn said(text: &str, hint: Hint) -> String {
        match entry_of(text, hint) {
            Ok(Entry::Addresses { first, last, port }) if first == last && port == 0 => {
                first.to_string()
            }
            Ok(Entry::Addresses { first, last, port }) => format!("{first}-{last} port {port}"),
            Ok(Entry::Name { name, port: 0 }) => name,
            Ok(Entry::Name { name, port }) => format!("{name} port {port}"),
            Ok(Entry::Url(key)) => format!("url {key}"),
            Ok(Entry::Ja3(key)) => format!("ja3 {key}"),
            Ok(Entry::Ja4(key)) => format!("ja4 {key}"),
            Err(reason) => reason.code().to_owned(),
        }
    }

    #[test]
    fn values_are_read_as_people_write_them() {
        for (text, expected) in [
            ("192.0.2.1", "192.0.2.1"),
            (" \"192.0.2.1\" ", "192.0.2.1"),
            ("::ffff:192.0.2.1", "192.0.2.1"),
            ("192.0.2.1/32", "192.0.2.1"),
            ("192.0.2.7/24", "192.0.2.0-192.0.2.255 port 0"),
            ("192.0.2.0/255.255.255.0", "192.0.2.0-192.0.2.255 port 0"),
            ("192.0.2.0/33", "unreadable"),
            ("192.0.2.1-192.0.2.9", "192.0.2.1-192.0.2.9 port 0"),
            ("192.0.2.9 - 192.0.2.1", "unreadable"),
            ("192.0.2.1:8080", "192.0.2.1-192.0.2.1 port 8080"),
            ("[2001:db8::1]:443", "2001:db8::1-2001:db8::1 port 443"),
            (
                "2001:db8::/32",
                "2001:db8::-2001:db8:ffff:ffff:ffff:ffff:ffff:ffff port 0",
            ),
            ("Bad.Example.ORG.", "bad.example.org"),
            ("*.example.org", "example.org"),
            (".example.org", "example.org"),
            ("bad[.]example[.]org", "bad.example.org"),
            ("192.0.2[.]1", "192.0.2.1"),
            (
                "hxxps://bad[.]example.org/x?y=1#z",
                "url bad.example.org/x?y=1",
            ),
            ("http://Bad.Example.org:80/A", "url bad.example.org/A"),
            (
                "http://bad.example.org:8080/A",
                "url bad.example.org:8080/A",
            ),
            ("http://bad.example.org/", "bad.example.org"),
            ("https://192.0.2.1/gate.php", "url 192.0.2.1/gate.php"),
            ("https://192.0.2.1:444", "192.0.2.1-192.0.2.1 port 444"),
            ("192.0.2.1/gate.php", "url 192.0.2.1/gate.php"),
            ("bad.example.org/gate.php", "url bad.example.org/gate.php"),
            ("bad.example.org:8443", "bad.example.org port 8443"),
            ("||bad.example.org^$third-party", "bad.example.org"),
            ("address=/bad.example.org/0.0.0.0", "bad.example.org"),
            ("/panel/gate.php", "no-host"),
            ("xn--bcher-kva.example", "xn--bcher-kva.example"),
            ("d41d8cd98f00b204e9800998ecf8427e", "not-in-logs"),
            ("da39a3ee5e6b4b0d3255bfef95601890afd80709", "not-in-logs"),
            ("someone@example.org", "not-in-logs"),
            (
                "t13d1516h2_8daaf6152771_e5627efa2ab1",
                "ja4 t13d1516h2_8daaf6152771_e5627efa2ab1",
            ),
            ("localhost", "unreadable"),
            ("not a name", "unreadable"),
            ("1.2.3", "unreadable"),
            ("-", "unreadable"),
            ("", "unreadable"),
            ("http://", "unreadable"),
        ] {
            assert_eq!(said(text, Hint::Unsaid), expected, "{text}");
        }
        let ja3 = "E7D705A3286E19EA42F587B344EE6865";
        assert_eq!(said(ja3, Hint::Ja3), format!("ja3 {}", ja3.to_lowercase()));
        assert_eq!(said("192.0.2.1", Hint::NotInLogs), "not-in-logs");
    }
}
