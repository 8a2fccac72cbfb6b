//! From which network a caller comes, as far as limits go.

use std::net::{IpAddr, Ipv4Addr, Ipv6Addr, SocketAddr};

use axum::extract::ConnectInfo;
use axum::http::request::Parts;
use larum_core::address::canonical;

/// What a proxy adds the caller's address to (MDN; in wide use before RFC 7239).
const FORWARDED: &str = "x-forwarded-for";

/// The caller's network: 256 addresses of IPv4, a /48 of IPv6, which is what one customer may hold. `None`
/// where nobody can know: behind a proxy that does not say.
///
/// A caller whose own address is not of the internet is our proxy: what it added last is the caller.
/// Whoever comes from the internet itself may say in that header what it likes; it is not looked at.
pub(super) fn of(parts: &Parts) -> Option<IpAddr> {
    let ConnectInfo(address) = parts.extensions.get::<ConnectInfo<SocketAddr>>()?;
    let near = canonical(address.ip());
    if !is_near(near) {
        return Some(network(near));
    }
    let said = parts.headers.get_all(FORWARDED).iter().next_back()?;
    let last = said.to_str().ok()?.rsplit(',').next()?.trim();
    last.parse().ok().map(|ip| network(canonical(ip)))
}

/// Loopback, private and link-local addresses: this machine, or one beside it.
const fn is_near(ip: IpAddr) -> bool {
    match ip {
        IpAddr::V4(ip) => ip.is_loopback() || ip.is_private() || ip.is_link_local(),
        IpAddr::V6(ip) => ip.is_loopback() || ip.is_unique_local() || ip.is_unicast_link_local(),
    }
}

fn network(ip: IpAddr) -> IpAddr {
    match ip {
        IpAddr::V4(ip) => {
            let [a, b, c, _] = ip.octets();
            IpAddr::V4(Ipv4Addr::new(a, b, c, 0))
        }
        IpAddr::V6(ip) => {
            let [a, b, c, ..] = ip.segments();
            IpAddr::V6(Ipv6Addr::new(a, b, c, 0, 0, 0, 0, 0))
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[track_caller]
    fn check(from: &str, said: &[&str], expected: Option<&str>) {
        let mut request = axum::http::Request::builder();
        for one in said {
            request = request.header(FORWARDED, *one);
        }
        let (mut parts, ()) = request.body(()).unwrap().into_parts();
        let address = SocketAddr::new(from.parse().unwrap(), 1);
        parts.extensions.insert(ConnectInfo(address));
        assert_eq!(of(&parts), expected.map(|ip| ip.parse().unwrap()), "{from}");
    }

    #[test]
    fn only_a_proxy_of_ours_is_believed() {
        check("203.0.113.9", &[], Some("203.0.113.0"));
        check("203.0.113.9", &["192.0.2.1"], Some("203.0.113.0"));
        check("2001:db8:1:2::3", &[], Some("2001:db8:1::"));
        check("::ffff:203.0.113.9", &[], Some("203.0.113.0"));
        check("127.0.0.1", &[], None);
        check("127.0.0.1", &["unknown"], None);
        check("127.0.0.1", &["192.0.2.1"], Some("192.0.2.0"));
        // What stood there before our proxy added to it is the caller's own word.
        check("10.0.0.2", &["192.0.2.1, 203.0.113.7"], Some("203.0.113.0"));
        check("fd00::1", &["192.0.2.1", "2001:db8::7"], Some("2001:db8::"));
    }
}
