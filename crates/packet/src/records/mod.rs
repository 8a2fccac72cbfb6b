//! Flow records that routers send: NetFlow 5 and 9, IPFIX, sFlow 5.
//!
//! Limits: what an exporter says about its records is kept for at most [`MAX_EXPORTERS`] exporters, the
//! one longest unheard goes first; of each at most [`MAX_TEMPLATES`] templates of at most [`MAX_FIELDS`]
//! fields, and [`MAX_SAMPLERS`] rates of sampling. Where an exporter looks at one packet in so many, bytes
//! are multiplied by that many. Gaps in their numbers are counted (`sequence`).
//!
//! Standards: NetFlow 5 (Cisco), NetFlow 9 (RFC 3954), IPFIX (RFC 7011, RFC 5102, RFC 5103), sFlow 5
//! (sflow.org).

mod fields;
mod sampled;
mod sequence;
mod templates;
mod version_five;

use std::collections::BTreeMap;
use std::net::IpAddr;

use larum_core::event::{Action, Event, Kind, Protocol};
use larum_core::time::{DeviceTime, Timestamp};

use crate::bytes::be16;
use crate::community::{End, community_id};
use crate::flow::Tell;
use crate::unread::Unread;
use templates::Exporter;

/// Exporters remembered.
pub const MAX_EXPORTERS: usize = 64;
/// Templates of one exporter, at most.
pub const MAX_TEMPLATES: usize = 256;
/// Fields of one template, at most.
pub const MAX_FIELDS: usize = 128;
/// Rates of sampling of one exporter, at most.
pub const MAX_SAMPLERS: usize = 64;

/// Name of the format in events made from flow records.
pub const FORMAT: &str = "flow-records";

/// One flow as a router tells it.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
struct Record {
    source: Option<IpAddr>,
    target: Option<IpAddr>,
    source_port: u16,
    target_port: u16,
    protocol: u8,
    bytes: u64,
    /// Bytes of the way back, where the record tells of both.
    back_bytes: Option<u64>,
    first: Option<Timestamp>,
    last: Option<Timestamp>,
    source_nat: Option<IpAddr>,
    target_nat: Option<IpAddr>,
    /// What a firewall did: 3 for denied (IANA firewallEvent).
    firewall_event: u8,
}

/// How the exporter numbers a datagram.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
struct Numbered {
    /// Which of its counters: domain, engine or part.
    part: u32,
    number: u32,
    /// By how much the next one will be higher; `None` where a record could not be told from the next.
    count: Option<u32>,
}

/// Reads flow records, datagram by datagram.
#[derive(Debug, Default)]
pub struct Decoder {
    exporters: BTreeMap<IpAddr, Exporter>,
    /// Datagrams taken, to know who was unheard the longest.
    heard: u64,
}

impl Decoder {
    /// Reads one datagram of `exporter`. Each record is told as an event; a set of records whose
    /// template has not come yet, and what cannot be read on, as one unread.
    pub fn datagram(
        &mut self,
        exporter: IpAddr,
        received: Timestamp,
        bytes: &[u8],
        tell: &mut impl Tell,
    ) {
        self.heard += 1;
        let mut each = |record: Result<Record, Unread>| match record {
            Ok(record) => record.tell(received, tell),
            Err(reason) => tell.unread(reason, 1),
        };
        let version = be16(bytes, 0).unwrap_or(u16::MAX);
        let numbered = match version {
            5 => version_five::read(bytes, &mut each),
            9 => self.exporter(exporter).version_nine(bytes, &mut each),
            10 => self.exporter(exporter).ipfix(bytes, &mut each),
            // The version of sFlow stands in four bytes.
            0 => sampled::read(bytes, &mut each),
            _ => None,
        };
        let Some(numbered) = numbered else {
            return each(Err(Unread::Malformed));
        };
        let stream = (version, numbered.part);
        let sequences = &mut self.exporter(exporter).sequences;
        let lost = sequences.see(stream, numbered.number, numbered.count);
        if lost > 0 {
            tell.lost(lost);
        }
    }

    fn exporter(&mut self, ip: IpAddr) -> &mut Exporter {
        if self.exporters.len() >= MAX_EXPORTERS && !self.exporters.contains_key(&ip) {
            let oldest = self
                .exporters
                .iter()
                .min_by_key(|(_, exporter)| exporter.heard);
            if let Some(oldest) = oldest.map(|(ip, _)| *ip) {
                self.exporters.remove(&oldest);
            }
        }
        let exporter = self.exporters.entry(ip).or_default();
        exporter.heard = self.heard;
        exporter
    }
}

impl Record {
    fn tell(&self, received: Timestamp, tell: &mut impl Tell) {
        let (Some(source), Some(target)) = (self.source, self.target) else {
            return tell.unread(Unread::NotIp, 1);
        };
        let mut event = Event::new(received, FORMAT, Kind::Network);
        let first = self.first.unwrap_or(received);
        event.ts = Some(DeviceTime::stated(first, 0));
        event.src_ip = Some(source);
        event.dst_ip = Some(target);
        event.src_nat_ip = self.source_nat.filter(|ip| *ip != source);
        event.dst_nat_ip = self.target_nat.filter(|ip| *ip != target);
        event.proto = Some(Protocol::from_number(self.protocol));
        let ports = matches!(self.protocol, 6 | 17 | 132);
        if ports {
            event.src_port = Some(self.source_port);
            event.dst_port = Some(self.target_port);
            let end = |ip, port| End { ip, port };
            let ends = (end(source, self.source_port), end(target, self.target_port));
            let id = community_id(ends.0, ends.1, self.protocol, true, false);
            event.community_id = Some(id.into());
        }
        event.src_bytes = Some(self.bytes);
        event.dst_bytes = self.back_bytes;
        event.duration_ms = self
            .last
            .and_then(|last| u64::try_from(last.millis_since(first)).ok());
        event.action = (self.firewall_event == 3).then_some(Action::Deny);
        tell.event(&mut event);
    }
}

#[cfg(test)]
mod tests;
