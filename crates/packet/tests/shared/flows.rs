//! Events of capture files, as the program makes them.

use std::path::Path;

use larum_core::event::{Event, write_event};
use larum_packet::Unread;
use larum_packet::file::{Capture, Step};
use larum_packet::flow::{Counts, Limits, Meter, Tell};
use serde_json::Value;

/// What a capture came to.
#[derive(Default)]
pub struct Told {
    /// Events in their JSON form.
    pub events: Vec<Value>,
    /// Packets in no flow.
    pub unread: u64,
}

impl Tell for Told {
    fn event(&mut self, event: &mut Event<'_>) {
        let mut line = String::new();
        write_event(event, None, &mut line);
        self.events.push(serde_json::from_str(&line).unwrap());
    }

    fn unread(&mut self, _: Unread, packets: u64) {
        self.unread += packets;
    }
}

/// Reads capture bytes to their end.
pub fn read(bytes: &[u8]) -> (Told, Counts) {
    let mut told = Told::default();
    let mut meter = Meter::new(Limits::default());
    let mut capture = Capture::default();
    let mut at = 0;
    loop {
        let (used, step) = capture.next(bytes.get(at..).unwrap_or_default());
        at += used;
        match step {
            Step::Frame(frame) => meter.frame(&frame, &mut told),
            Step::Unread(reason) => meter.no_packet(reason, &mut told),
            Step::Again => {}
            Step::More if used > 0 && at < bytes.len() => {}
            Step::More => break,
        }
    }
    if let Some(reason) = capture.finish(bytes.get(at..).unwrap_or_default()) {
        meter.no_packet(reason, &mut told);
    }
    meter.finish(&mut told);
    let counts = *meter.counts();
    assert_eq!(counts.packets, counts.in_flows + counts.unread.total());
    assert_eq!(counts.unread.total(), told.unread);
    (told, counts)
}

/// The bytes of a corpus file.
#[expect(clippy::disallowed_methods, reason = "a test reads the corpus")]
pub fn bytes(path: &Path) -> Vec<u8> {
    std::fs::read(path).unwrap_or_else(|error| panic!("{}: {error}", path.display()))
}
