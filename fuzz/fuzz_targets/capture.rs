//! Any bytes as a capture file: frames, packets, fragments, streams, flows; no packet counts twice or never.

#![no_main]

use larum_core::event::{Event, write_event};
use larum_packet::Unread;
use larum_packet::file::{Capture, Step};
use larum_packet::flow::{Limits, Meter, Tell};

#[derive(Default)]
struct Told {
    unread: u64,
    line: String,
}

impl Tell for Told {
    fn event(&mut self, event: &mut Event<'_>) {
        self.line.clear();
        write_event(event, None, &mut self.line);
    }

    fn unread(&mut self, _: Unread, packets: u64) {
        self.unread += packets;
    }
}

libfuzzer_sys::fuzz_target!(|data: &[u8]| {
    let mut told = Told::default();
    let limits = Limits {
        flows: 16,
        talks: 4,
        waiting_bytes: 4_096,
        seed: 0,
    };
    let mut meter = Meter::new(limits);
    let mut capture = Capture::default();
    let mut rest = data;
    loop {
        let (used, step) = capture.next(rest);
        match step {
            Step::Frame(frame) => meter.frame(&frame, &mut told),
            Step::Unread(reason) => meter.no_packet(reason, &mut told),
            Step::Again => {}
            Step::More if used > 0 && used < rest.len() => {}
            Step::More => break,
        }
        rest = &rest[used..];
    }
    meter.finish(&mut told);
    let counts = meter.counts();
    assert_eq!(counts.packets, counts.in_flows + counts.unread.total());
    assert_eq!(counts.unread.total(), told.unread);
});
