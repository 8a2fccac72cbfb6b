//! A file in which the lines of a whole cupboard of devices stand side by side, for benchmarks.

use larum_core::time::Timestamp;

use crate::act::Moment;
use crate::attack;
use crate::background::{self, Volume};
use crate::device::{Device, DeviceKind, Header};
use crate::firm::{Firm, stranger_v4};
use crate::random::Random;

/// 2026-11-02T00:00:00Z: where a mixed file starts.
const START_SECONDS: i64 = 1_793_577_600;
const HOUR_SECONDS: i64 = 3_600;
const FIRMS: u64 = 12;
const VOLUME: Volume = Volume {
    browsing: 60_000,
    visits: 40_000,
    log_ins: 2_000,
    knocks: 40_000,
    scans: 800,
    guessing: 400,
    probing: 400,
    injection: 200,
    exploits: 50,
    scattered: false,
};

/// `lines` lines of every device this crate knows, in order of time, from several firms; the same
/// bytes for the same seed. About nine in ten are ordinary; attacks of each kind stand between them.
pub fn mixed_file(seed: u64, lines: usize) -> impl Iterator<Item = String> {
    Mixed {
        seed,
        hour: 0,
        cupboards: (0..FIRMS).map(cupboard).collect(),
        ready: Vec::new().into_iter(),
    }
    .take(lines)
}

struct Mixed {
    seed: u64,
    hour: i64,
    cupboards: Vec<(Firm, Vec<Device>)>,
    ready: std::vec::IntoIter<String>,
}

impl Iterator for Mixed {
    type Item = String;

    fn next(&mut self) -> Option<String> {
        loop {
            if let Some(line) = self.ready.next() {
                return Some(line);
            }
            self.ready = self.make_hour().into_iter();
        }
    }
}

impl Mixed {
    fn make_hour(&mut self) -> Vec<String> {
        let hour = Timestamp::from_seconds(START_SECONDS + self.hour * HOUR_SECONDS);
        self.hour += 1;
        let mut moments: Vec<(usize, Moment)> = Vec::new();
        for (place, (firm, _)) in self.cupboards.iter().enumerate() {
            let of_firm = background::hour(firm, self.seed, hour, VOLUME);
            moments.extend(of_firm.into_iter().map(|moment| (place, moment)));
        }
        // One guesser a day gets in.
        if self.hour % 24 == 3 {
            let mut random = Random::of(self.seed, &[u64::MAX, self.hour.unsigned_abs()]);
            let source = stranger_v4(&mut random).into();
            let guesses = attack::ssh_guessing(source, hour, 30, true, &mut random);
            moments.extend(guesses.into_iter().map(|moment| (0, moment)));
        }
        moments.sort_by_key(|(place, moment)| (moment.at, *place));
        let mut lines = Vec::with_capacity(moments.len() * 2);
        for (place, moment) in moments {
            if let Some((_, devices)) = self.cupboards.get_mut(place) {
                for device in devices {
                    device.write(moment.at, &moment.act, &mut lines);
                }
            }
        }
        lines
    }
}

fn cupboard(index: u64) -> (Firm, Vec<Device>) {
    let firm = Firm::invented(index);
    // Half the firms' systems speak the newer syslog header, where their makers offer it.
    let header = if index.is_multiple_of(2) {
        Header::Rfc3164
    } else {
        Header::Rfc5424
    };
    let firewall_header = match firm.firewall {
        DeviceKind::FortiGate | DeviceKind::CiscoAsa => Header::Rfc3164,
        _ => header,
    };
    // More makes than the town's firms have, so that a dozen formats stand side by side.
    let mut devices = match index % 6 {
        4 => vec![Device::new(
            DeviceKind::SonicWall,
            firm.host("fw"),
            Header::Rfc3164,
        )],
        5 => vec![Device::new(
            DeviceKind::MikroTik,
            firm.host("fw"),
            Header::Rfc3164,
        )],
        _ => vec![Device::new(firm.firewall, firm.host("fw"), firewall_header)],
    };
    devices.push(Device::new(DeviceKind::Sshd, firm.host("srv"), header));
    devices.push(Device::new(firm.web, firm.host("web"), Header::None));
    if index % 4 == 3 {
        devices.push(Device::new(
            DeviceKind::Suricata,
            firm.host("ids"),
            Header::None,
        ));
    }
    if index % 3 == 2 {
        devices.push(Device::new(
            DeviceKind::Windows,
            firm.host("dc"),
            Header::None,
        ));
    }
    (firm, devices)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_mixed_file_is_the_same_for_the_same_seed_and_holds_every_device() {
        let lines: Vec<String> = mixed_file(1, 20_000).collect();
        assert_eq!(lines, mixed_file(1, 20_000).collect::<Vec<_>>());
        assert_ne!(lines, mixed_file(2, 20_000).collect::<Vec<_>>());
        for mark in [
            "devname=",
            "%ASA-",
            "filterlog",
            "[UFW BLOCK]",
            "Accepted ",
            "Failed password",
            "HTTP/1.1\" 200",
            "%2f",
            "OR%20",
            "id=firewall sn=",
            "firewall,info ",
            "\"event_type\":\"flow\"",
            "\"event_id\":4625",
        ] {
            let found = lines.iter().filter(|line| line.contains(mark)).count();
            assert!(found > 0, "{mark}");
        }
        assert!(
            lines
                .iter()
                .all(|line| line.is_ascii() && !line.contains('\n'))
        );
    }
}
