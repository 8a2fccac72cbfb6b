//! Hosts with a port: `192.0.2.1:80`, `[2001:db8::1]:80`, `192.0.2.1:80:X1`, `192.0.2.1/80`,
//! `192.0.2.1#80`, `192.0.2.1(80)`, `192.0.2.1.80`; and what a URL says of its host.

use super::address;

/// The longest host, in bytes (RFC 1035, 2.3.4, and room for a zone index).
const MAX_HOST_BYTES: usize = 255;

/// The host, or the address, and the port where one stands.
pub(super) fn split(text: &str) -> Option<(&str, Option<u16>)> {
    if let Some(inside) = text.strip_prefix('[') {
        let (host, rest) = inside.split_once(']')?;
        return Some((host, port(rest)));
    }
    if let Some((_, rest)) = address::ipv4_start(text.as_bytes())
        && let Some((mark, _)) = rest.split_first()
        && matches!(mark, b':' | b'/' | b'#' | b'(' | b',' | b';')
    {
        let (host, rest) = text.split_at_checked(text.len() - rest.len())?;
        return Some((host, port(rest)));
    }
    if address::ip(text).is_some() {
        return Some((text, None));
    }
    let marks = |byte: u8| matches!(byte, b':' | b'/' | b'#' | b'(' | b',' | b';');
    let first = text.bytes().position(marks);
    if let Some(first) = first {
        let (host, rest) = text.split_at_checked(first)?;
        let is_v6 =
            rest.get(1..).is_some_and(|rest| rest.contains(':')) && address::ip(host).is_none();
        if !is_v6 {
            return named(host).then(|| (host, port(rest)));
        }
        // An IPv6 address without brackets: the port stands behind the last mark.
        let last = text.rfind(['#', '/', '(', '.', ':'])?;
        let (host, rest) = text.split_at_checked(last)?;
        return address::ip(host).map(|_| (host, port(rest)));
    }
    // As tcpdump and BSD write it: the port behind a fifth full stop.
    if let Some((host, last)) = text.rsplit_once('.')
        && address::ip(host).is_some()
    {
        return Some((host, last.parse().ok()));
    }
    named(text).then_some((text, None))
}

fn named(host: &str) -> bool {
    !host.is_empty() && host.len() <= MAX_HOST_BYTES
}

/// The digits behind one mark, up to what is no digit.
fn port(text: &str) -> Option<u16> {
    let digits = text.as_bytes().get(1..)?;
    let mut port = None;
    for digit in digits.iter().take_while(|byte| byte.is_ascii_digit()) {
        let before = port.unwrap_or(0_u16).checked_mul(10)?;
        port = Some(before.checked_add(u16::from(digit.wrapping_sub(b'0')))?);
    }
    port
}

/// Host and port of a URL (RFC 3986, 3.2), or of what comes without a scheme but looks like a host.
pub(super) fn of_url(url: &str) -> Option<(&str, Option<u16>)> {
    let (scheme, rest) = match url.split_once("://") {
        Some((scheme, rest)) => (scheme, rest),
        None => ("", url.strip_prefix("//").unwrap_or(url)),
    };
    let end = rest.find(['/', '?', '#', '\\']).unwrap_or(rest.len());
    let authority = rest.get(..end)?;
    let authority = authority.rsplit('@').next().unwrap_or(authority);
    let (host, port) = split(authority)?;
    let default = match scheme {
        _ if scheme.eq_ignore_ascii_case("http") => Some(80),
        _ if scheme.eq_ignore_ascii_case("https") => Some(443),
        _ => None,
    };
    Some((host, port.or(default)))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn splits_what_devices_write() {
        for (input, expected) in [
            ("192.0.2.1:80", Some(("192.0.2.1", Some(80)))),
            ("192.0.2.1:80:X1", Some(("192.0.2.1", Some(80)))),
            (
                "192.0.2.1:80:X1:host.example.org",
                Some(("192.0.2.1", Some(80))),
            ),
            ("192.0.2.1", Some(("192.0.2.1", None))),
            ("192.0.2.1::X1", Some(("192.0.2.1", None))),
            ("192.0.2.1/80", Some(("192.0.2.1", Some(80)))),
            ("192.0.2.1(80)", Some(("192.0.2.1", Some(80)))),
            ("192.0.2.1#80", Some(("192.0.2.1", Some(80)))),
            ("192.0.2.1.80", Some(("192.0.2.1", Some(80)))),
            ("[2001:db8::1]:80", Some(("2001:db8::1", Some(80)))),
            ("2001:db8::1", Some(("2001:db8::1", None))),
            ("2001:db8::1#53", Some(("2001:db8::1", Some(53)))),
            ("2001:db8::1.80", Some(("2001:db8::1", Some(80)))),
            ("www.example.org:443", Some(("www.example.org", Some(443)))),
            ("www.example.org", Some(("www.example.org", None))),
            ("192.0.2.1:99999", Some(("192.0.2.1", None))),
            ("", None),
            (":80", None),
            ("[2001:db8::1", None),
        ] {
            assert_eq!(split(input), expected, "{input}");
        }
    }

    #[test]
    fn finds_a_urls_host() {
        for (input, expected) in [
            (
                "http://example.org/a?b=http://x.example",
                Some(("example.org", Some(80))),
            ),
            (
                "https://u:p@example.org:8443/",
                Some(("example.org", Some(8443))),
            ),
            ("https://[2001:db8::1]/", Some(("2001:db8::1", Some(443)))),
            ("example.org/path", Some(("example.org", None))),
            ("/path", None),
        ] {
            assert_eq!(of_url(input), expected, "{input}");
        }
    }
}
