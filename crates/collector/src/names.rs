//! What the firm's own devices call themselves when they ask for an address (DHCP, seen on a captured
//! interface): shown to the owner beside the address, on this computer alone. Nothing of it is sent or
//! written down. Anybody in the house can claim any name, so it is shown as what it is: a claim.

use std::collections::BTreeMap;
use std::net::IpAddr;

use larum_core::address::{canonical, is_public};
use larum_core::event::Event;
use larum_core::time::Timestamp;

/// Names kept; for one more, the one heard longest ago goes.
const MAX_NAMES: usize = 1_024;
/// Characters kept of a name.
const MAX_NAME_CHARS: usize = 64;

/// Names by address.
#[derive(Debug, Default)]
pub struct Names {
    known: BTreeMap<IpAddr, (Timestamp, String)>,
}

impl Names {
    /// Learns from an event heard at `now`, if it is a device asking for an address.
    pub fn learn(&mut self, event: &Event<'_>, now: Timestamp) {
        if event.app_proto.as_deref() != Some("dhcp") {
            return;
        }
        let Some(name) = event.src_host.as_deref() else {
            return;
        };
        // Who asks for an address has none yet, or says which it wants.
        let inside = |ip: &IpAddr| !is_public(*ip) && !ip.is_unspecified();
        let asked = [event.src_nat_ip, event.src_ip].into_iter().flatten();
        let Some(ip) = asked.map(canonical).find(inside) else {
            return;
        };
        if self.known.len() >= MAX_NAMES && !self.known.contains_key(&ip) {
            let oldest = self.known.iter().min_by_key(|(_, (heard, _))| *heard);
            if let Some(oldest) = oldest.map(|(ip, _)| *ip) {
                self.known.remove(&oldest);
            }
        }
        let name = name.chars().filter(|c| !c.is_control());
        self.known
            .insert(ip, (now, name.take(MAX_NAME_CHARS).collect()));
    }

    /// What the device at `ip` calls itself.
    #[must_use]
    pub fn of(&self, ip: IpAddr) -> Option<&str> {
        self.known
            .get(&canonical(ip))
            .map(|(_, name)| name.as_str())
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use larum_core::event::Kind;

    fn asking(ip: [u8; 4], name: &str) -> Event<'_> {
        let mut event = Event::new(Timestamp::default(), "packets", Kind::Network);
        event.app_proto = Some("dhcp".into());
        event.src_ip = Some([0, 0, 0, 0].into());
        event.src_nat_ip = Some(ip.into());
        event.src_host = Some(name.into());
        event
    }

    #[test]
    fn a_device_is_known_by_the_name_it_gave_and_the_oldest_makes_room() {
        let mut names = Names::default();
        let at = |second| Timestamp::from_seconds(second);
        names.learn(&asking([192, 168, 1, 7], "till\u{1b}-2"), at(0));
        assert_eq!(names.of([192, 168, 1, 7].into()), Some("till-2"));
        // Nobody names an address of the internet, or none.
        names.learn(&asking([198, 51, 100, 7], "mine"), at(1));
        names.learn(&asking([0, 0, 0, 0], "nobody"), at(1));
        let mut other = asking([192, 168, 1, 8], "said elsewhere");
        other.app_proto = Some("smb".into());
        names.learn(&other, at(1));
        assert_eq!(names.known.len(), 1);
        for number in 0..u16::try_from(MAX_NAMES).unwrap() {
            let [high, low] = number.to_be_bytes();
            names.learn(&asking([10, 0, high, low], "other"), at(2));
        }
        assert_eq!(names.known.len(), MAX_NAMES);
        assert_eq!(names.of([192, 168, 1, 7].into()), None);
    }
}
