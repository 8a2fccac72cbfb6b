//! What devices call themselves when they ask for an address (RFC 2131, RFC 2132): told so that an owner
//! can tell them apart.

use std::net::{IpAddr, Ipv4Addr};

use super::{Measured, Talk, Turn};
use crate::app::bytes::{Cursor, text};
use crate::app::fact::{Device, Fact};
use crate::app::{Seen, Side};

/// The longest name told.
const NAME_BYTES: usize = 64;
/// The most options read.
const OPTIONS: usize = 128;

/// One conversation.
#[derive(Default)]
pub(in crate::app) struct Dhcp {
    last: Option<Device>,
}

impl Talk for Dhcp {
    fn measure(&self, _side: Side, _head: &[u8]) -> Measured {
        Measured::Bad
    }

    fn message(&mut self, seen: Seen, bytes: &[u8], out: &mut Vec<Fact>) -> Turn {
        let Some(device) = device(seen, bytes) else {
            return Turn::Go;
        };
        let known = self.last.as_ref().is_some_and(|last| {
            (last.mac, last.ip, &last.name) == (device.mac, device.ip, &device.name)
        });
        if !known {
            self.last = Some(device.clone());
            out.push(Fact::Device(device));
        }
        Turn::Go
    }

    fn end(&mut self, _out: &mut Vec<Fact>) {}
}

/// What a client's message says of it.
fn device(seen: Seen, bytes: &[u8]) -> Option<Device> {
    if bytes.first() != Some(&1) || bytes.get(1..3) != Some(&[1, 6]) {
        return None;
    }
    let mac = bytes.get(28..34)?.try_into().ok()?;
    let own: [u8; 4] = bytes.get(12..16)?.try_into().ok()?;
    let mut ip = (own != [0; 4]).then(|| Ipv4Addr::from(own));
    let (mut name, mut class) = (String::new(), String::new());
    let mut options = Cursor(bytes.get(240..)?);
    for _ in 0..OPTIONS {
        let value = match options.byte() {
            Some(0) => continue,
            Some(255) | None => break,
            Some(number) => options.block8().map(|value| (number, value)),
        };
        match value {
            Some((12, value)) => name = text(value, NAME_BYTES),
            Some((60, value)) => class = text(value, NAME_BYTES),
            Some((50, value)) => {
                let asked: Option<[u8; 4]> = value.try_into().ok();
                ip = ip.or(asked.map(Ipv4Addr::from));
            }
            Some(_) => {}
            None => break,
        }
    }
    Some(Device {
        at: seen.at,
        mac,
        ip: ip.map(IpAddr::V4),
        name,
        class,
    })
}
