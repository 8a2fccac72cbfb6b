//! Attacks, as they look from the firm. The texts in them are inert: they name no real product's
//! hole and do nothing when read, stored or shown.

use std::net::{IpAddr, Ipv6Addr, SocketAddr};

use larum_core::time::Timestamp;

use crate::act::{Act, Connection, LogIn, Moment, Request, Transport};
use crate::firm::{Firm, STAFF};
use crate::random::Random;

/// Ports the internet's scanners try most.
pub const COMMON_PORTS: &[u16] = &[
    22, 23, 80, 443, 445, 1433, 2222, 3306, 3389, 5060, 5432, 5900, 6379, 8080, 8443, 9200,
];
/// Account names that guessers try.
const GUESSED: &[&str] = &[
    "root", "admin", "test", "oracle", "postgres", "ubuntu", "guest", "pi", "git", "ftpuser",
];
const PROBED: &[&str] = &[
    "/wp-login.php",
    "/.env",
    "/.git/config",
    "/phpmyadmin/index.php",
    "/admin/config.php",
    "/xmlrpc.php",
    "/backup.zip",
    "/server-status",
    "/old/index.php",
    "/vendor/phpunit/phpunit.xml",
    "/api/v1/users",
    "/manager/html",
    "/owa/auth/logon.aspx",
    "/config.json",
    "/test.php",
    "/solr/admin/info/system",
    "/actuator/health",
    "/cgi-bin/status",
];
const INJECTED: &[&str] = &[
    "/shop/item?id=1%27%20OR%20%271%27%3D%271",
    "/shop/item?id=1%20UNION%20SELECT%20NULL%2CNULL%2CNULL--",
    "/search?q=%3Cscript%3Ealert(1)%3C%2Fscript%3E",
    "/news?page=1%27%3B%20DROP%20TABLE%20example--",
];
const SCRIPT_AGENT: &str = "python-requests/2.31.0";

/// How long a firewall takes to decide about one packet of a scan, in milliseconds: a fast scanner.
const SCAN_STEP_MS: u64 = 400;

fn target_of(firm: &Firm, source: IpAddr, port: u16) -> SocketAddr {
    match source {
        IpAddr::V4(_) => SocketAddr::new(firm.public.into(), port),
        IpAddr::V6(_) => {
            let last = u16::from(firm.public.octets()[3]);
            let host = Ipv6Addr::new(0x2001, 0xDB8, last, 0, 0, 0, 0, 1);
            SocketAddr::new(host.into(), port)
        }
    }
}

/// One refused packet from the internet.
#[must_use]
pub fn refused(
    firm: &Firm,
    source: IpAddr,
    port: u16,
    transport: Transport,
    random: &mut Random,
) -> Act {
    Act::Connection(Connection {
        source: SocketAddr::new(source, random.port(1_025, 65_000)),
        target: target_of(firm, source, port),
        transport,
        allowed: false,
        inbound: true,
        sent_bytes: 0,
        received_bytes: 0,
        duration_seconds: 0,
    })
}

/// `source` tries `ports` different ports of the firm, all refused.
#[must_use]
pub fn port_scan(
    firm: &Firm,
    source: IpAddr,
    start: Timestamp,
    ports: u64,
    random: &mut Random,
) -> Vec<Moment> {
    let first = random.below(16);
    let mut at = start;
    (0..ports)
        .map(|step| {
            let common = usize::try_from((first + step) % 16).unwrap_or(0);
            let port = match COMMON_PORTS.get(common) {
                Some(port) if step < 16 => *port,
                _ => u16::try_from(1_024 + (first * 131 + step * 17) % 60_000).unwrap_or(1_024),
            };
            at = after(at, random.between(SCAN_STEP_MS / 2, SCAN_STEP_MS * 2));
            Moment {
                at,
                act: refused(firm, source, port, Transport::Tcp, random),
            }
        })
        .collect()
}

/// `source` guesses log-ins over SSH, `attempts` times, a few seconds apart; with `success` the last
/// guess is right.
#[must_use]
pub fn ssh_guessing(
    source: IpAddr,
    start: Timestamp,
    attempts: u64,
    success: bool,
    random: &mut Random,
) -> Vec<Moment> {
    let mut at = start;
    (0..attempts)
        .map(|step| {
            at = after(at, random.between(900, 3_500));
            let right = success && step + 1 == attempts;
            let known_user = right || random.chance(150);
            let user = if known_user {
                random.word(STAFF)
            } else {
                random.word(GUESSED)
            };
            Moment {
                at,
                act: Act::LogIn(LogIn {
                    source: SocketAddr::new(source, random.port(30_000, 65_000)),
                    user: user.to_owned(),
                    known_user,
                    success: right,
                    with_key: false,
                }),
            }
        })
        .collect()
}

/// `source` looks for pages that are not there, `paths` of them.
#[must_use]
pub fn web_probing(
    source: IpAddr,
    start: Timestamp,
    paths: u64,
    random: &mut Random,
) -> Vec<Moment> {
    let first = random.below(18);
    let mut at = start;
    (0..paths)
        .map(|step| {
            at = after(at, random.between(200, 1_200));
            let turn = usize::try_from((first + step) % 18).unwrap_or(0);
            let path = PROBED.get(turn).copied().unwrap_or("/");
            let target = if step < 18 {
                path.to_owned()
            } else {
                format!("{path}.{step}")
            };
            Moment {
                at,
                act: request(source, "GET", target, 404, 162),
            }
        })
        .collect()
}

/// `source` tries database and script injection on the firm's web site, `attempts` requests.
#[must_use]
pub fn web_injection(
    source: IpAddr,
    start: Timestamp,
    attempts: u64,
    random: &mut Random,
) -> Vec<Moment> {
    let mut at = start;
    (0..attempts)
        .map(|_| {
            at = after(at, random.between(400, 2_000));
            let target = random.word(INJECTED).to_owned();
            Moment {
                at,
                act: request(source, "GET", target, 403, 146),
            }
        })
        .collect()
}

/// One source's part in an exploit wave against a web service: it asks which version answers, then
/// sends the exploit (path traversal to a file every system has, inert here) a few times.
#[must_use]
pub fn exploit(
    source: IpAddr,
    start: Timestamp,
    attempts: u64,
    random: &mut Random,
) -> Vec<Moment> {
    let mut at = start;
    let mut moments = vec![Moment {
        at,
        act: request(source, "GET", "/remote/version".to_owned(), 404, 162),
    }];
    for _ in 0..attempts {
        at = after(at, random.between(300, 1_500));
        let depth = usize::try_from(random.between(5, 9)).unwrap_or(5);
        let target = format!("/remote/download?file={}etc/passwd", "..%2f".repeat(depth));
        moments.push(Moment {
            at,
            act: request(source, "GET", target, 404, 162),
        });
    }
    moments
}

fn request(source: IpAddr, method: &'static str, target: String, status: u16, bytes: u64) -> Act {
    Act::Request(Request {
        source,
        method,
        target,
        status,
        bytes,
        referer: String::new(),
        agent: SCRIPT_AGENT,
    })
}

pub(crate) fn after(at: Timestamp, millis: u64) -> Timestamp {
    at.plus_millis(i64::try_from(millis).unwrap_or(i64::MAX))
}
