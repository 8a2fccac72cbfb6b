//! Web addresses, in one spelling for lists and logs: host in lower case, the port where it is not
//! the scheme's own, path and query as they stand, nothing behind `#`.

/// Longest web address that is looked at, in bytes.
pub(super) const MAX_URL_BYTES: usize = 2_048;
/// Bytes of a key that are kept as they are; of a longer one the rest stands as its hash.
const KEPT_BYTES: usize = 200;

/// A web address taken apart.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct Parts<'a> {
    /// Name or address; an IPv6 address in brackets.
    pub host: &'a str,
    /// The port, unless it is the scheme's own.
    pub port: Option<u16>,
    /// Path and query.
    pub target: &'a str,
}

/// Takes apart `scheme://user@host:port/path?query#fragment`, scheme optional.
pub(crate) fn split(url: &str) -> Option<Parts<'_>> {
    let (scheme, rest) = match url.split_once("://") {
        Some((scheme, rest)) if scheme.len() <= 8 && !scheme.contains(['/', '?']) => (scheme, rest),
        _ => ("", url),
    };
    let rest = rest.split('#').next().unwrap_or("");
    let end = rest.find(['/', '?']).unwrap_or(rest.len());
    let (authority, target) = rest.split_at_checked(end)?;
    let authority = authority
        .rsplit_once('@')
        .map_or(authority, |(_, host)| host);
    let (host, port) = match authority.rsplit_once(':') {
        Some((host, port)) if !port.contains(']') => (host, Some(port.parse::<u16>().ok()?)),
        _ => (authority, None),
    };
    let is_default = match port {
        Some(80) => !scheme.eq_ignore_ascii_case("https"),
        Some(443) => !scheme.eq_ignore_ascii_case("http"),
        _ => false,
    };
    (!host.is_empty()).then_some(Parts {
        host,
        port: port.filter(|_| !is_default),
        target,
    })
}

/// The spelling by which web addresses are compared.
pub(super) fn key(parts: &Parts<'_>) -> String {
    let mut key = parts.host.trim_end_matches('.').to_ascii_lowercase();
    if let Some(port) = parts.port {
        key.push_str(&format!(":{port}"));
    }
    if !parts.target.starts_with('/') {
        key.push('/');
    }
    key.push_str(parts.target);
    shortened(key)
}

fn shortened(mut key: String) -> String {
    if key.len() < super::table::MAX_KEY_BYTES {
        return key;
    }
    let hash = crate::detect::hash::bytes(key.as_bytes());
    key.truncate(key.floor_char_boundary(KEPT_BYTES));
    key.push_str(&format!("…{hash:016x}"));
    key
}

/// The key of the same web address without its query.
pub(super) fn without_query<'a>(parts: &Parts<'a>) -> Option<Parts<'a>> {
    let (path, _) = parts.target.split_once('?')?;
    Some(Parts {
        target: path,
        ..*parts
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn one_address_has_one_key() {
        for (url, expected) in [
            ("http://Example.org/a?b#c", Some("example.org/a?b")),
            ("https://example.org:443/a", Some("example.org/a")),
            ("http://example.org:443/a", Some("example.org:443/a")),
            ("example.org:80/a", Some("example.org/a")),
            ("http://user:pass@example.org/a", Some("example.org/a")),
            ("http://example.org?x", Some("example.org/?x")),
            ("http://[2001:DB8::1]:8080/a", Some("[2001:db8::1]:8080/a")),
            ("http://example.org:99999/a", None),
            ("http:///a", None),
        ] {
            assert_eq!(
                split(url).map(|parts| key(&parts)).as_deref(),
                expected,
                "{url}"
            );
        }
        let long = format!("example.org/{}", "é".repeat(300));
        let parts = split(&long).unwrap();
        assert!(key(&parts).len() < super::super::table::MAX_KEY_BYTES);
        assert_ne!(key(&parts), key(&split(&long[..long.len() - 2]).unwrap()));
    }
}
