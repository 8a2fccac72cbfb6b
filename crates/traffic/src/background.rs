//! What happens at a firm on any ordinary hour: people work, people mistype, and the internet
//! knocks on every door.

use std::net::{IpAddr, Ipv4Addr, SocketAddr};

use larum_core::time::Timestamp;

use crate::act::{Act, Connection, LogIn, Moment, Request, Transport};
use crate::attack::{self, COMMON_PORTS, after};
use crate::firm::{Firm, STAFF, far_stranger, stranger, stranger_v4};
use crate::random::Random;

const HOUR_SECONDS: i64 = 3_600;
const PAGES: &[&str] = &[
    "/",
    "/contact",
    "/about",
    "/opening-hours",
    "/css/site.css",
    "/js/menu.js",
    "/img/front.jpg",
    "/prices",
    "/news?page=2",
    "/search?q=opening+times",
];
const AGENTS: &[&str] = &[
    "Mozilla/5.0 (Windows NT 10.0; Win64; x64) AppleWebKit/537.36 (KHTML, like Gecko) Chrome/130.0.0.0 Safari/537.36",
    "Mozilla/5.0 (iPhone; CPU iPhone OS 18_1 like Mac OS X) AppleWebKit/605.1.15 (KHTML, like Gecko) Version/18.1 Mobile/15E148 Safari/604.1",
    "Mozilla/5.0 (X11; Linux x86_64; rv:132.0) Gecko/20100101 Firefox/132.0",
];

/// How much of each thing happens in an hour at one firm, in thousandths.
#[derive(Clone, Copy, Debug)]
pub struct Volume {
    /// Connections from the inside out.
    pub browsing: u64,
    /// Visits to the firm's web site.
    pub visits: u64,
    /// Log-ins of staff.
    pub log_ins: u64,
    /// Single refused packets from strangers.
    pub knocks: u64,
    /// Port scans.
    pub scans: u64,
    /// Bouts of guessing log-ins.
    pub guessing: u64,
    /// Bouts of looking for missing pages.
    pub probing: u64,
    /// Attempts at injection.
    pub injection: u64,
    /// Exploits of the kind that the demonstration's wave uses: rare, but not unheard of.
    pub exploits: u64,
    /// Whether attackers come from many networks, as in life. The documentation ranges have only three
    /// IPv4 networks, so that most of those attackers have IPv6 addresses.
    pub scattered: bool,
}

impl Volume {
    /// A small firm's five weeks ago: about 70 lines a day, enough for a baseline.
    pub const PAST: Self = Self {
        browsing: 500,
        visits: 400,
        log_ins: 60,
        knocks: 600,
        scans: 40,
        guessing: 22,
        probing: 14,
        injection: 4,
        exploits: 1,
        scattered: true,
    };
    /// A small firm today: its own work in full, and the internet's noise as loud as before, since
    /// louder noise would itself be something new.
    pub const LIVE: Self = Self {
        browsing: 12_000,
        visits: 8_000,
        log_ins: 300,
        ..Self::PAST
    };
}

/// What happens at `firm` in the hour that starts at `hour`, in order of time. Every hour follows
/// from the seed, the firm and the hour alone.
#[must_use]
pub fn hour(firm: &Firm, seed: u64, hour: Timestamp, volume: Volume) -> Vec<Moment> {
    let number = u64::try_from(hour.as_seconds().div_euclid(HOUR_SECONDS)).unwrap_or(0);
    let mut random = Random::of(seed, &[firm.index, number]);
    let of_day = hour.as_seconds().rem_euclid(86_400) / HOUR_SECONDS;
    // Shops and offices: most work between eight and eighteen, some all day.
    let work = if (8..18).contains(&of_day) { 2 } else { 0 };
    let start = hour.floor_to(HOUR_SECONDS);
    let mut moments = Vec::new();
    for _ in 0..random.times(volume.browsing * work) {
        let at = within(start, &mut random);
        moments.push(Moment {
            at,
            act: browse(firm, &mut random),
        });
    }
    for _ in 0..random.times(volume.visits * (work + 1) / 2) {
        let at = within(start, &mut random);
        visit(at, &mut random, &mut moments);
    }
    for _ in 0..random.times(volume.log_ins * work) {
        let at = within(start, &mut random);
        log_in(firm, at, &mut random, &mut moments);
    }
    noise(firm, start, volume, &mut random, &mut moments);
    moments.sort_by_key(|moment| moment.at);
    moments
}

/// The internet's noise: changing strangers, and a few sweepers that visit everybody.
fn noise(
    firm: &Firm,
    start: Timestamp,
    volume: Volume,
    random: &mut Random,
    moments: &mut Vec<Moment>,
) {
    for _ in 0..random.times(volume.knocks) {
        let at = within(start, random);
        let port = random.pick(COMMON_PORTS).copied().unwrap_or(23);
        let source = attacker(volume, random, stranger);
        moments.push(Moment {
            at,
            act: attack::refused(firm, source, port, Transport::Tcp, random),
        });
    }
    for _ in 0..random.times(volume.scans) {
        let (at, source) = (within(start, random), attacker(volume, random, stranger));
        let ports = random.between(9, 16);
        moments.extend(attack::port_scan(firm, source, at, ports, random));
    }
    for _ in 0..random.times(volume.guessing) {
        let (at, source) = (within(start, random), attacker(volume, random, stranger_v4));
        let attempts = random.between(12, 28);
        moments.extend(attack::ssh_guessing(source, at, attempts, false, random));
    }
    for _ in 0..random.times(volume.probing) {
        let (at, source) = (within(start, random), attacker(volume, random, stranger_v4));
        let paths = random.between(12, 18);
        moments.extend(attack::web_probing(source, at, paths, random));
    }
    for _ in 0..random.times(volume.injection) {
        let (at, source) = (within(start, random), attacker(volume, random, stranger_v4));
        let attempts = random.between(2, 6);
        moments.extend(attack::web_injection(source, at, attempts, random));
    }
    for _ in 0..random.times(volume.exploits) {
        let (at, source) = (within(start, random), attacker(volume, random, stranger_v4));
        moments.extend(attack::exploit(source, at, 3, random));
    }
}

/// Who attacks: one of many networks, or whoever `near` says.
fn attacker<S: Into<IpAddr>>(
    volume: Volume,
    random: &mut Random,
    near: fn(&mut Random) -> S,
) -> IpAddr {
    if volume.scattered {
        far_stranger(random)
    } else {
        near(random).into()
    }
}

fn within(start: Timestamp, random: &mut Random) -> Timestamp {
    after(start, random.below(3_600_000))
}

fn browse(firm: &Firm, random: &mut Random) -> Act {
    let port = if random.chance(850) { 443 } else { 53 };
    let transport = if port == 53 {
        Transport::Udp
    } else {
        Transport::Tcp
    };
    // Somebody's servers: the upper end of a range whose strangers attack too, as in life.
    let site = IpAddr::from(Ipv4Addr::new(198, 51, 100, random.byte(1, 60)));
    Act::Connection(Connection {
        source: SocketAddr::new(firm.desk(random).into(), random.port(49_152, 65_000)),
        target: SocketAddr::new(site, port),
        transport,
        allowed: true,
        inbound: false,
        sent_bytes: random.between(400, 9_000),
        received_bytes: random.between(900, 250_000),
        duration_seconds: random.between(1, 120),
    })
}

fn visit(start: Timestamp, random: &mut Random, moments: &mut Vec<Moment>) {
    let source = stranger(random);
    let agent = random.word(AGENTS);
    let mut at = start;
    for _ in 0..random.between(1, 4) {
        at = after(at, random.between(200, 20_000));
        let status = if random.chance(30) { 304 } else { 200 };
        moments.push(Moment {
            at,
            act: Act::Request(Request {
                source,
                method: "GET",
                target: random.word(PAGES).to_owned(),
                status,
                bytes: random.between(300, 40_000),
                referer: "https://www.example.org/".to_owned(),
                agent,
            }),
        });
    }
}

/// A member of staff logs in; every twelfth time with a slip of the finger first.
fn log_in(firm: &Firm, at: Timestamp, random: &mut Random, moments: &mut Vec<Moment>) {
    let source = SocketAddr::new(firm.desk(random).into(), random.port(49_152, 65_000));
    let user = random.word(STAFF);
    let step = |success, with_key| {
        Act::LogIn(LogIn {
            source,
            user: user.to_owned(),
            known_user: true,
            success,
            with_key,
        })
    };
    let with_key = random.chance(600);
    if !with_key && random.chance(200) {
        moments.push(Moment {
            at,
            act: step(false, false),
        });
    }
    moments.push(Moment {
        at: after(at, random.between(3_000, 9_000)),
        act: step(true, with_key),
    });
}
