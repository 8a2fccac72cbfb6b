//! A month at one small firm with a few attacks in it, for reading what `larum scan` makes of it.

use std::net::{IpAddr, Ipv4Addr, SocketAddr};

use larum_core::time::Timestamp;

use crate::act::{Act, Alert, Connection, LogIn, Moment, Request, Transport};
use crate::attack::{self, after};
use crate::background::{self, Volume};
use crate::device::{Device, DeviceKind, Header};
use crate::firm::{Firm, STAFF};
use crate::random::Random;

/// 2026-10-01T00:00:00Z: where the month starts.
const START_SECONDS: i64 = 1_790_812_800;
const HOUR_SECONDS: i64 = 3_600;
const DAYS: i64 = 31;
/// Above the addresses that [`background`] calls somebody's servers.
const BURGLAR: Ipv4Addr = Ipv4Addr::new(198, 51, 100, 201);
const VPN_GUESSER: Ipv4Addr = Ipv4Addr::new(192, 0, 2, 77);
const WEB_ATTACKER: Ipv4Addr = Ipv4Addr::new(192, 0, 2, 140);
const EXPLOITER: Ipv4Addr = Ipv4Addr::new(198, 51, 100, 88);
const DROP_BOX: Ipv4Addr = Ipv4Addr::new(198, 51, 100, 230);

/// The lines of a month at a firm with a FortiGate, an SSH server, a Windows server and a web site, in
/// order of time; the same bytes for the same seed.
///
/// Beside the internet's noise: on the 12th somebody guesses a password of the SSH server, and that night
/// much leaves the server; from the 8th on somebody tries the VPN a few times an hour; on the 19th
/// somebody attacks the web site; on the 25th the firewall stops an exploit.
#[must_use]
pub fn month(seed: u64) -> Vec<String> {
    let firm = Firm::invented(0);
    let mut devices = [
        Device::new(DeviceKind::FortiGate, firm.host("fw"), Header::Rfc3164),
        Device::new(DeviceKind::Sshd, firm.host("srv"), Header::File),
        Device::new(DeviceKind::Windows, firm.host("dc"), Header::None),
        Device::new(DeviceKind::Nginx, firm.host("web"), Header::None),
    ];
    // From IPv4 addresses, as most firewalls still see them.
    let volume = Volume {
        scattered: false,
        ..Volume::LIVE
    };
    let mut moments: Vec<Moment> = (0..DAYS * 24)
        .flat_map(|hour| background::hour(&firm, seed, moment(0, hour), volume))
        .collect();
    let mut random = Random::of(seed, &[u64::MAX]);
    moments.extend(break_in(&firm, &mut random));
    moments.extend(remote_access(&mut random));
    moments.extend(web_site(&mut random));
    moments.extend(stopped_exploit(&firm, &mut random));
    moments.sort_by_key(|moment| moment.at);
    let mut lines = Vec::with_capacity(moments.len());
    for moment in moments {
        for device in &mut devices {
            device.write(moment.at, &moment.act, &mut lines);
        }
    }
    lines
}

fn moment(day: i64, hour: i64) -> Timestamp {
    Timestamp::from_seconds(START_SECONDS + (day * 24 + hour) * HOUR_SECONDS)
}

/// A scan, forty guesses of which the last is right, and 3 GB to a place nobody has asked before.
fn break_in(firm: &Firm, random: &mut Random) -> Vec<Moment> {
    let mut moments = attack::port_scan(firm, BURGLAR.into(), moment(11, 1), 14, random);
    moments.extend(attack::ssh_guessing(
        BURGLAR.into(),
        moment(11, 2),
        40,
        true,
        random,
    ));
    let mut at = moment(11, 3);
    for _ in 0..60 {
        at = after(at, random.between(20_000, 60_000));
        moments.push(Moment {
            at,
            act: Act::Connection(Connection {
                source: SocketAddr::new(firm.server.into(), random.port(49_152, 65_000)),
                target: SocketAddr::new(DROP_BOX.into(), 443),
                transport: Transport::Tcp,
                allowed: true,
                inbound: false,
                sent_bytes: random.between(40_000_000, 60_000_000),
                received_bytes: random.between(9_000, 90_000),
                duration_seconds: random.between(5, 20),
            }),
        });
    }
    moments
}

/// Three guesses an hour for a week.
fn remote_access(random: &mut Random) -> Vec<Moment> {
    (0..7 * 24 * 3)
        .map(|step| Moment {
            at: after(moment(7, 0), step * 1_200_000 + random.below(300_000)),
            act: Act::RemoteAccess(LogIn {
                source: SocketAddr::new(VPN_GUESSER.into(), random.port(30_000, 65_000)),
                user: random.word(STAFF).to_owned(),
                known_user: true,
                success: false,
                with_key: false,
            }),
        })
        .collect()
}

/// Pages that are not there, then injection, and once the server answers.
fn web_site(random: &mut Random) -> Vec<Moment> {
    let source: IpAddr = WEB_ATTACKER.into();
    let mut moments = attack::web_probing(source, moment(18, 22), 30, random);
    moments.extend(attack::web_injection(source, moment(18, 23), 25, random));
    moments.push(Moment {
        at: moment(19, 0),
        act: Act::Request(Request {
            source,
            method: "GET",
            target: "/shop/item?id=1%20UNION%20SELECT%20name%2Cpassword%20FROM%20users--"
                .to_owned(),
            status: 200,
            bytes: 48_211,
            referer: String::new(),
            agent: "python-requests/2.31.0",
        }),
    });
    moments
}

fn stopped_exploit(firm: &Firm, random: &mut Random) -> Vec<Moment> {
    (0..3)
        .map(|step| Moment {
            at: after(moment(24, 4), step * 2_000),
            act: Act::Alert(Alert {
                source: SocketAddr::new(EXPLOITER.into(), random.port(30_000, 65_000)),
                target: SocketAddr::new(firm.public.into(), 443),
                attack: "Example.Web.Server.Remote.Code.Execution",
                attack_id: 50_001,
                dropped: true,
            }),
        })
        .collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_month_is_the_same_for_the_same_seed_and_holds_its_attacks() {
        let lines = month(1);
        assert_eq!(lines, month(1));
        assert_ne!(lines, month(2));
        assert!((10_000..100_000).contains(&lines.len()), "{}", lines.len());
        let marks = [BURGLAR, VPN_GUESSER, WEB_ATTACKER, EXPLOITER, DROP_BOX];
        for mark in marks.map(|address| address.to_string()) {
            assert!(lines.iter().any(|line| line.contains(&mark)), "{mark}");
        }
    }
}
