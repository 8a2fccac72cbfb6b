//! Any bytes as datagrams of NetFlow, IPFIX and sFlow, each with its length before it.

#![no_main]

use larum_core::event::Event;
use larum_core::time::Timestamp;
use larum_packet::Unread;
use larum_packet::flow::Tell;
use larum_packet::records::Decoder;

struct Told;

impl Tell for Told {
    fn event(&mut self, _: &mut Event<'_>) {}
    fn unread(&mut self, _: Unread, _: u64) {}
}

libfuzzer_sys::fuzz_target!(|data: &[u8]| {
    let mut decoder = Decoder::default();
    let mut rest = data;
    while let Some((length, after)) = rest.split_first() {
        let length = (usize::from(*length) * 4).min(after.len());
        let (datagram, after) = after.split_at(length);
        let exporter = std::net::Ipv4Addr::LOCALHOST.into();
        decoder.datagram(exporter, Timestamp::from_seconds(9), datagram, &mut Told);
        rest = after;
    }
});
