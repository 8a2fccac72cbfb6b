//! Values that are addresses: pages to include from elsewhere, and places only the server can reach.

use std::net::Ipv4Addr;

use super::{Kind, Verdict};

/// Parameters in which programs on a visitor's own machine ask to be called back (RFC 8252, 7.3).
const CALL_BACK_NAMES: &[&str] = &["redirect_uri", "redirect_url", "callback", "callback_url"];

/// Hosts that lead to the server itself or to what its cloud tells it alone.
const INNER_HOSTS: &[&str] = &[
    "instance-data",
    "metadata",
    "host.docker.internal",
    "kubernetes.default",
];

/// Names under which anyone's address, the server's own too, can be looked up.
const LOOKUP_HOSTS: &[&str] = &[
    ".nip.io",
    ".sslip.io",
    ".xip.io",
    "localtest.me",
    ".lvh.me",
    ".localhost",
];

/// A whole value that is an address elsewhere, given as `name` to a page that may include it.
pub(super) fn inclusion(name: &str, value: &str, verdict: &mut Verdict) {
    let value = value.trim();
    if value.starts_with("\\\\")
        && value.matches('\\').count() >= 3
        && value.contains('.')
        && !value.contains(' ')
    {
        verdict.add(Kind::FileInclusion, 5, "network-share");
    }
    let Some((scheme, rest)) = value.split_once("://") else {
        let bare = value.strip_suffix('?').unwrap_or("").to_ascii_lowercase();
        if matches!(bare.as_str(), "http" | "https" | "ftp" | "ftps" | "file") {
            verdict.add(Kind::FileInclusion, 5, "page-with-open-question");
        }
        return;
    };
    let scheme = scheme.trim().to_ascii_lowercase();
    let is_web = matches!(scheme.as_str(), "http" | "https" | "ftp" | "ftps");
    if !is_web {
        if SCHEMES.contains(&scheme.as_str()) {
            verdict.add(Kind::FileInclusion, 5, "unusual-scheme");
        }
        return;
    }
    let called_back = CALL_BACK_NAMES
        .iter()
        .any(|known| name.eq_ignore_ascii_case(known));
    host(rest, called_back, verdict);
    let target = rest.split('?').next().unwrap_or("");
    if value.ends_with('?') && !target.contains([';', '=']) {
        verdict.add(Kind::FileInclusion, 5, "page-with-open-question");
    }
    let script = [".txt", ".php", ".asp", ".jsp", ".inc", ".sh", ".pl"];
    if !scheme.starts_with("https") && script.iter().any(|ending| target.ends_with(ending)) {
        verdict.add(Kind::FileInclusion, 3, "script-elsewhere");
    }
    // Browsers dropped the scheme in 2021; what asks a page to fetch by it means the server.
    if scheme.starts_with("ftp") {
        verdict.add(Kind::FileInclusion, 5, "page-by-ftp");
    }
}

/// The host of an address whose text after `://` is `rest`.
fn host(rest: &str, called_back: bool, verdict: &mut Verdict) {
    let authority = rest.split(['/', '?', '#', '\\']).next().unwrap_or("");
    let (user, host) = authority.rsplit_once('@').unwrap_or(("", authority));
    // `http://shop.example%2f:x@other.example`: a host that only looks like one.
    let after = rest.get(authority.len()..).unwrap_or("");
    let other = after.split_once('@').is_some_and(|(_, other)| {
        let host = other.split(['/', ':', '?']).next().unwrap_or("");
        let ending = host.rsplit_once('.').map_or("", |(_, ending)| ending);
        ending.len() >= 2 && ending.bytes().all(|byte| byte.is_ascii_alphabetic())
    });
    if user.contains('.') || other && (after.starts_with("/:") || after.starts_with("/@")) {
        verdict.add(Kind::FileInclusion, 5, "address-with-false-host");
    }
    if host.starts_with('[') {
        verdict.add(Kind::FileInclusion, 5, "page-at-bare-address");
        return;
    }
    let host = host.split(':').next().unwrap_or("").to_ascii_lowercase();
    if let Ok(address) = host.parse::<Ipv4Addr>() {
        if !(called_back && address.is_loopback()) {
            verdict.add(Kind::FileInclusion, 5, "page-at-bare-address");
        }
    } else if is_disguised(&host) {
        verdict.add(Kind::FileInclusion, 5, "address-disguised");
    } else if host == "localhost" && !called_back
        || INNER_HOSTS.contains(&host.as_str())
        || LOOKUP_HOSTS.iter().any(|known| host.ends_with(known))
    {
        verdict.add(Kind::FileInclusion, 5, "page-at-inner-host");
    }
}

/// Whether `host` is an address as only programs read it: one number, hexadecimal, octal or with
/// parts left out (RFC 3986, 7.4).
fn is_disguised(host: &str) -> bool {
    let parts = host.split('.');
    let numbers = parts.clone().count() <= 4
        && parts.clone().all(|part| {
            let hex = part.strip_prefix("0x").unwrap_or("");
            !part.is_empty() && part.bytes().all(|byte| byte.is_ascii_digit())
                || !hex.is_empty() && hex.bytes().all(|byte| byte.is_ascii_hexdigit())
        });
    numbers && !host.is_empty()
}

/// Schemes that make a server reach where a visitor may not.
const SCHEMES: &[&str] = &[
    "file",
    "gopher",
    "dict",
    "ldap",
    "ldaps",
    "jar",
    "netdoc",
    "php",
    "phar",
    "zip",
    "zlib",
    "glob",
    "expect",
    "ogg",
    "rar",
    "ssh2",
    "tftp",
    "sftp",
    "local_file",
    "compress.zlib",
    "data",
    "rmi",
    "view-source",
    "imap",
    "smb",
    "mailto",
    "res",
];

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn places_only_the_server_can_reach() {
        for (name, value, expected) in [
            ("u", "https://www.example.org/a?b=c", &[] as &[&str]),
            ("u", "https://key@in.example.org/2", &[]),
            ("u", "https://www.example.org/@anne/post", &[]),
            ("u", "http://192.0.2.1/x", &["page-at-bare-address"]),
            ("u", "http://[::1]/", &["page-at-bare-address"]),
            ("u", "http://2130706433/", &["address-disguised"]),
            ("u", "http://0x7f.1/", &["address-disguised"]),
            ("u", "http://127.1:80/", &["address-disguised"]),
            ("u", "http://localhost:8080/", &["page-at-inner-host"]),
            ("redirect_uri", "http://localhost:8080/", &[]),
            ("redirect_uri", "http://127.0.0.1:8080/", &[]),
            ("u", "http://127.0.0.1.nip.io/", &["page-at-inner-host"]),
            (
                "u",
                "http://shop.example%2f:x@other.example/",
                &["address-with-false-host"],
            ),
            ("u", r"\\192.0.2.1\share\x", &["network-share"]),
            ("u", "gopher://192.0.2.1/", &["unusual-scheme"]),
        ] {
            let mut verdict = Verdict::default();
            inclusion(name, value, &mut verdict);
            assert_eq!(verdict.why, expected, "{value}");
        }
    }
}
