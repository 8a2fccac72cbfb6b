//! Datagrams of NetFlow, IPFIX and sFlow as records: one line for each flow, which the format
//! `flow-records` reads like what any device sends, so that every sum holds as for logs.
//!
//! A set of flow records whose template has not come yet, and a datagram that cannot be read on, is one
//! line without addresses, which counts as not read.

use std::collections::BTreeMap;
use std::net::IpAddr;

use larum_core::event::{Event, write_event};
use larum_packet::Unread;
use larum_packet::flow::Tell;
use larum_packet::records::{Decoder, FORMAT};

use crate::chunk::Chunk;
use crate::tally::Source;

/// Makes lines of datagrams. What exporters said about their records is remembered, bounded
/// ([`larum_packet::records`]).
#[derive(Default)]
pub struct FlowLines {
    decoder: Decoder,
    line: String,
    /// What exporters sent and never came, since this was last asked.
    lost: BTreeMap<IpAddr, u64>,
}

impl FlowLines {
    /// What exporters sent and never came since this was last asked: at most as many as one chunk has
    /// datagrams.
    pub fn lost(&mut self) -> BTreeMap<IpAddr, u64> {
        std::mem::take(&mut self.lost)
    }

    /// Adds the records of a datagram to `chunk`, which one datagram may make longer than full: by the
    /// 65,535 bytes it can hold, each flow record of at least 20 bytes being a line of about 300.
    pub fn take(&mut self, exporter: IpAddr, datagram: &[u8], chunk: &mut Chunk) {
        let received = chunk.received;
        let source = Source::Sender(exporter);
        let mut lines = Lines {
            chunk,
            source: &source,
            line: &mut self.line,
            lost: 0,
        };
        self.decoder
            .datagram(exporter, received, datagram, &mut lines);
        let lost = lines.lost;
        if lost > 0 {
            *self.lost.entry(exporter).or_default() += lost;
        }
    }
}

struct Lines<'l> {
    chunk: &'l mut Chunk,
    source: &'l Source,
    line: &'l mut String,
    lost: u64,
}

impl Tell for Lines<'_> {
    fn event(&mut self, event: &mut Event<'_>) {
        self.line.clear();
        write_event(event, None, self.line);
        self.chunk.push(self.source, self.line.as_bytes());
    }

    fn lost(&mut self, records: u64) {
        self.lost = self.lost.saturating_add(records);
    }

    fn unread(&mut self, reason: Unread, packets: u64) {
        let line = format!(
            "{{\"packet\":\"{}\",\"format\":\"{FORMAT}\"}}",
            reason.code()
        );
        for _ in 0..packets {
            self.chunk.push(self.source, line.as_bytes());
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use larum_core::parse::{Context, Formats, Scratch};
    use larum_core::reject::Reject;
    use larum_core::time::Timestamp;

    /// NetFlow 5 with two records, the second of which is cut off.
    fn datagram() -> Vec<u8> {
        let mut bytes = vec![0, 5, 0, 2, 0, 1, 0x86, 0xA0];
        bytes.extend(1_795_341_600_u32.to_be_bytes());
        bytes.extend([0; 12]);
        bytes.extend([10, 0, 0, 5, 192, 0, 2, 1, 0, 0, 0, 0, 0, 1, 0, 2]);
        bytes.extend([
            0, 0, 0, 10, 0, 0, 3, 0xE8, 0, 1, 0x5F, 0x90, 0, 1, 0x73, 0x18,
        ]);
        bytes.extend([0xC3, 0x50, 1, 0xBB, 0, 24, 6, 0, 0, 0, 0, 0, 24, 24, 0, 0]);
        bytes.extend([10, 0, 0, 6]);
        bytes
    }

    #[test]
    fn each_flow_is_a_record_that_is_read_and_what_is_cut_off_is_one_that_is_not() {
        let received = Timestamp::from_seconds(1_795_341_700);
        let mut chunk = Chunk::new(received, true);
        let exporter = "10.0.0.1".parse().unwrap();
        FlowLines::default().take(exporter, &datagram(), &mut chunk);
        let formats = Formats::built_in().unwrap();
        let mut scratch = Scratch::default();
        let context = Context::at(received);
        let records: Vec<&[u8]> = chunk.records().map(|(_, record)| record).collect();
        assert_eq!(records.len(), 2);
        let event = formats.parse(records[0], &context, &mut scratch).unwrap();
        assert_eq!(event.format, "flow-records");
        assert_eq!(
            (event.src_port, event.dst_port, event.src_bytes),
            (Some(50_000), Some(443), Some(1_000))
        );
        let mut scratch = Scratch::default();
        let refused = formats.parse(records[1], &context, &mut scratch);
        assert_eq!(refused.unwrap_err(), Reject::FieldUnreadable);
    }
}
