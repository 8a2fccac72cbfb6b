//! How soon scanners are told, and how often honest sources are taken for one, over an invented
//! population: the shares are assumptions, stated here, and no measurement of the internet.
#![expect(clippy::unwrap_used, reason = "a test fails by panicking")]

use std::net::Ipv4Addr;
use std::sync::Arc;

use larum_core::detect::sigma::RuleSet;
use larum_core::detect::{Detect, Indicators, Settings, Signal};
use larum_core::event::{Action, Event, Kind, Protocol};
use larum_core::finding::Category;
use larum_core::time::Timestamp;
use larum_core::words::Words;

const START: i64 = 1_795_219_200;
/// Honest sources on one day; ten times as many in a release build.
const SOURCES: u32 = if cfg!(debug_assertions) {
    20_000
} else {
    200_000
};

/// Contacts, in order of time.
struct Day {
    events: Vec<Event<'static>>,
    state: u64,
}

impl Day {
    const fn new() -> Self {
        Self {
            events: Vec::new(),
            state: 11,
        }
    }

    fn chance(&mut self, below: u32) -> u32 {
        self.state = self.state.wrapping_add(0x9E37_79B9_7F4A_7C15);
        let n = (self.state ^ (self.state >> 30)).wrapping_mul(0xBF58_476D_1CE4_E5B9);
        u32::try_from((n ^ (n >> 31)) % u64::from(below.max(1))).unwrap()
    }

    fn pick<'a, T>(&mut self, all: &'a [T]) -> &'a T {
        let place = self.chance(u32::try_from(all.len()).unwrap());
        all.get(usize::try_from(place).unwrap()).unwrap()
    }

    /// A contact of `source` with the firm's address number `target`.
    fn contact(&mut self, at: i64, source: u32, target: u8, ports: (u16, u16), action: Action) {
        let mut event = Event::new(Timestamp::from_seconds(START + at), "test", Kind::Network);
        event.src_ip = Some(Ipv4Addr::from_bits(0x5000_0000 + source).into());
        event.dst_ip = Some(Ipv4Addr::new(10, 0, 0, target).into());
        (event.src_port, event.dst_port) = (Some(ports.0), Some(ports.1));
        event.proto = Some(Protocol::TCP);
        event.action = Some(action);
        self.events.push(event);
    }

    fn refused(&mut self, at: i64, source: u32, target: u8, port: u16) {
        let from = u16::try_from(32_768 + self.chance(28_000)).unwrap();
        self.contact(at, source, target, (from, port), Action::Drop);
    }

    fn served(&mut self, at: i64, source: u32, target: u8, port: u16) {
        let from = u16::try_from(32_768 + self.chance(28_000)).unwrap();
        self.contact(at, source, target, (from, port), Action::Allow);
    }

    fn moment(&mut self) -> i64 {
        i64::from(self.chance(80_000))
    }

    /// A day of one honest source: in a thousand, 600 customers, 60 houses behind one address, 60
    /// people at home, 60 peers of file sharing, 60 servers that answer too late, 80 callers of a
    /// name that is stale, 50 mail programs whose server moved, 30 phones; and one in
    /// four thousand that watches over a server which has moved.
    fn honest(&mut self, source: u32) {
        let (at, kind) = (self.moment(), self.chance(1_000));
        match kind {
            0..600 => self.customer(at, source),
            600..660 => self.house(at, source),
            660..720 => self.at_home(at, source),
            720..780 => self.peer(at, source),
            780..840 => self.late(at, source),
            840..920 => self.stale(at, source),
            920..970 => self.moved_mail(at, source),
            999 if self.chance(4) == 0 => self.watcher(at, source),
            970..=999 => (0..40).for_each(|n| self.refused(at + n * 60, source, 2, 5_060)),
            _ => {}
        }
    }

    fn customer(&mut self, at: i64, source: u32) {
        for n in 0..=i64::from(self.chance(9)) {
            self.served(at + n * 7, source, 2, 443);
        }
        if self.chance(20) == 0 {
            let port = *self.pick(&[80, 8_080, 8_443, 21]);
            self.refused(at, source, 2, port);
        }
    }

    fn house(&mut self, at: i64, source: u32) {
        for n in 0..40 {
            let target = *self.pick(&[2, 3]);
            self.served(at + n * 60, source, target, 443);
        }
        for _ in 0..self.chance(4) {
            let port = *self.pick(&[80, 8_080, 1_194, 5_060, 51_820, 500]);
            let target = *self.pick(&[2, 3, 4]);
            let later = self.moment() / 40;
            self.refused(at + later, source, target, port);
        }
    }

    /// Windows looks for a shared folder at three doors; remote desktop and the VPN are tried too.
    fn at_home(&mut self, at: i64, source: u32) {
        self.served(at, source, 2, 443);
        for (n, port) in [445, 139, 80].into_iter().enumerate() {
            self.refused(at + 60 + i64::try_from(n).unwrap(), source, 2, port);
        }
        if self.chance(3) == 0 {
            self.refused(at + 120, source, 2, 3_389);
        }
        self.served(at + 180, source, 4, 1_194);
    }

    fn peer(&mut self, at: i64, source: u32) {
        let port = u16::try_from(50_000 + self.chance(4)).unwrap();
        for n in 0..=i64::from(self.chance(5)) {
            self.refused(at + n * 30, source, 2, port);
        }
    }

    /// Answers to ports that were lent to connections since forgotten.
    fn late(&mut self, at: i64, source: u32) {
        let from = *self.pick(&[443, 53, 80, 993, 3_480, 8_801, 19_305]);
        for n in 0..=i64::from(self.chance(12)) {
            let port = u16::try_from(32_768 + self.chance(28_000)).unwrap();
            self.contact(at + n * 20, source, 2, (from, port), Action::Drop);
        }
    }

    fn stale(&mut self, at: i64, source: u32) {
        let ports = [443, 80, 8_443, 25, 993];
        for n in 0..=i64::from(self.chance(6)) {
            let target = *self.pick(&[2, 3]);
            let port = *self.pick(&ports);
            self.refused(at + n * 15, source, target, port);
        }
    }

    fn moved_mail(&mut self, at: i64, source: u32) {
        let ports: [u16; 6] = [993, 587, 143, 465, 443, 25];
        for n in 0..20 {
            let port = *self.pick(&ports);
            self.refused(at + n * 300, source, 5, port);
        }
    }

    /// A service that looks every few minutes whether five doors are open.
    fn watcher(&mut self, at: i64, source: u32) {
        for n in 0..40 {
            for port in [80, 443, 25, 22, 21] {
                self.refused(at + n * 300, source, 2, port);
            }
        }
    }

    /// The scans told, with the number of contacts before the first was.
    fn told(mut self) -> (usize, Option<usize>) {
        self.events.sort_by_key(|event| event.received);
        let words = Arc::new(Words::of("en").unwrap());
        let mut detect = Detect::new(
            Settings::new(words),
            RuleSet::default(),
            Indicators::default(),
        );
        let mut out = Vec::new();
        let mut first = None;
        let mut count = 0;
        for (n, event) in self.events.iter().enumerate() {
            detect.observe(event, &mut out);
            let scans = out.drain(..).filter(|signal| {
                matches!(signal, Signal::Opened(finding) if finding.category == Category::Scan)
            });
            let scans = scans.count();
            if scans > 0 {
                first = first.or(Some(n + 1));
                count += scans;
            }
        }
        (count, first)
    }
}

#[test]
fn of_a_thousand_honest_sources_a_day_at_most_one_is_called_a_scanner() {
    let mut day = Day::new();
    for source in 0..SOURCES {
        day.honest(source);
    }
    let contacts = day.events.len();
    let (scans, _) = day.told();
    println!("{scans} of {SOURCES} honest source-days called scanners ({contacts} contacts)");
    assert!(
        scans * 1_000 <= usize::try_from(SOURCES).unwrap(),
        "{scans} of {SOURCES}"
    );
}

#[test]
fn a_scan_is_told_by_its_fifth_refused_first_contact() {
    let doors = [
        21, 22, 23, 25, 53, 80, 110, 111, 135, 139, 143, 443, 445, 993, 1_433, 3_306, 3_389, 5_900,
        8_080,
    ];
    let mut worst = 0;
    for scan in 0..200 {
        let mut day = Day::new();
        day.state = scan;
        // The ports of one host in any order.
        for n in 0..40 {
            let port = *day.pick(&doors);
            day.refused(n, 1, 2, port);
        }
        // What counts is the contacts with doors not tried before.
        let mut seen = Vec::new();
        let mut fresh = Vec::new();
        for event in &day.events {
            let port = event.dst_port.unwrap();
            if !seen.contains(&port) {
                seen.push(port);
            }
            fresh.push(seen.len());
        }
        let (_, at) = day.told();
        worst = worst.max(*fresh.get(at.unwrap() - 1).unwrap());
    }
    println!("at worst after {worst} different closed doors");
    let mut sweep = Day::new();
    for host in 0..30 {
        sweep.refused(i64::from(host), 1, 10 + host, 445);
    }
    let (_, sweep) = sweep.told();
    println!("a sweep after {sweep:?} hosts");
    assert_eq!((worst, sweep), (5, Some(5)));
}

#[test]
fn a_door_an_hour_is_found_within_eight_hours() {
    let mut day = Day::new();
    for n in 0..24_u16 {
        day.refused(i64::from(n) * 3_600, 1, 2, 1_000 + n * 7);
    }
    let (_, at) = day.told();
    println!("a door an hour: at contact {at:?}");
    assert!(at.is_some_and(|at| at <= 8), "{at:?}");
}
