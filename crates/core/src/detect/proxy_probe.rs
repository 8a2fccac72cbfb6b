//! Looking for an open proxy: a web server is asked to carry a request elsewhere (ATT&CK T1595,
//! T1090).
//!
//! See `docs/detectors/proxy-probe.md`.

use super::fold::Fold;
use super::story::{Ending, What};
use super::telling::{Telling, blocked_or_unknown};
use crate::event::Event;
use crate::finding::{Category, Severity};

/// Formats of servers that are no proxies for the people inside.
const WEB_SERVERS: &[&str] = &[
    "web-access",
    "web-access-json",
    "web-access-ltsv",
    "traefik",
    "caddy",
    "haproxy",
    "envoy",
    "envoy-json",
    "iis",
    "lighttpd",
    "litespeed",
    "nginx-error",
    "nginx-proxy-manager",
];

/// Whether `event`, a request for `url`, asks a web server to carry it elsewhere.
pub fn is_probe(event: &Event<'_>, url: &str) -> bool {
    if !WEB_SERVERS.contains(&event.format) {
        return false;
    }
    let method = event.http_method.as_deref().unwrap_or("");
    if method == "CONNECT" {
        return true;
    }
    let absolute = url
        .strip_prefix("http://")
        .or_else(|| url.strip_prefix("https://"));
    // Formats that give whole URLs of the server itself say the server's name as well.
    match (absolute, event.dst_host.as_deref()) {
        (Some(rest), Some(host)) => {
            let asked = rest.split(['/', ':', '?']).next().unwrap_or("");
            !asked.eq_ignore_ascii_case(host.split(':').next().unwrap_or(host))
        }
        (Some(_), None) => event.format == "web-access",
        (None, _) => false,
    }
}

impl Fold<'_> {
    pub(super) fn proxy_probe(&mut self, target: &str) {
        let key = self.key(What::ProxyProbe, 0);
        let served = self.seen.ending == Ending::Served;
        let story = self.tell(key);
        story.name(target);
        story.raise(Severity::Low, if served { 60 } else { 75 });
        self.open(&key);
    }
}

/// How looking for a proxy is told.
pub const PROXY_PROBE: Telling = Telling {
    detector: "proxy-probe",
    quiet_seconds: 3_600,
    category: Category::Scan,
    names: "targets_asked",
    reasons: "kinds",
    techniques: |_| &["T1595", "T1090"],
    key: |_| "web/proxy".to_owned(),
    message: |story| {
        if story.served > 0 {
            "proxy-probe-answered"
        } else {
            "proxy-probe"
        }
    },
    messages: &["proxy-probe", "proxy-probe-answered"],
    outcome: blocked_or_unknown,
};

#[cfg(test)]
mod tests {
    use super::*;
    use crate::event::Kind;
    use crate::time::Timestamp;

    #[test]
    fn only_requests_to_be_carried_elsewhere_count() {
        for (format, method, url, host, expected) in [
            ("web-access", "CONNECT", "example.org:443", None, true),
            ("web-access", "GET", "http://example.org/", None, true),
            (
                "traefik",
                "GET",
                "http://example.org/",
                Some("shop.example.org"),
                true,
            ),
            (
                "caddy",
                "GET",
                "https://shop.example.org/a",
                Some("shop.example.org:443"),
                false,
            ),
            ("web-access", "GET", "/?to=http://example.org/", None, false),
            ("squid", "CONNECT", "example.org:443", None, false),
            ("squid", "GET", "http://example.org/", None, false),
        ] {
            let mut event = Event::new(Timestamp::default(), format, Kind::Http);
            event.http_method = Some(method.into());
            event.dst_host = host.map(Into::into);
            assert_eq!(is_probe(&event, url), expected, "{format} {method} {url}");
        }
    }
}
