//! `[[capture]]` sections.

use larum_capture::{MAX_NAME_BYTES, MAX_WORKERS};
use larum_packet::flow::MAX_FLOWS;

use super::{Reader, Section};
use crate::config::Expected;
use crate::config::capture::{CaptureInput, MAX_RING_BYTES};

impl<'t> Reader<'t> {
    pub(super) fn capture(&mut self, mut section: Section<'t>) -> Option<CaptureInput> {
        // What the kernel takes as a name: short, without a slash or a space.
        let interface = self.text_as(&mut section, "interface", Expected::Interface, |text| {
            let fits = |c: char| !c.is_whitespace() && !c.is_control() && c != '/' && c != ':';
            let right = (1..=MAX_NAME_BYTES).contains(&text.len()) && text.chars().all(fits);
            right.then(|| text.to_owned())
        });
        let number = |size: usize| u64::try_from(size).unwrap_or(u64::MAX);
        let mut input = CaptureInput::new("");
        let sizes: [(&'static str, &mut usize, u64, u64); 4] = [
            ("workers", &mut input.workers, 1, number(MAX_WORKERS)),
            ("ring-bytes", &mut input.ring_bytes, 2 << 20, MAX_RING_BYTES),
            ("frame-bytes", &mut input.frame_bytes, 64, 65_535),
            ("flows", &mut input.flows, 1_024, number(MAX_FLOWS)),
        ];
        for (key, place, min, max) in sizes {
            if let Some(value) = self.number(&mut section, key, min, max) {
                *place = usize::try_from(value).unwrap_or(*place);
            }
        }
        if let Some(promiscuous) = self.yes_no(&mut section, "promiscuous") {
            input.promiscuous = promiscuous;
        }
        let interface = self.required(&section, "interface", interface);
        self.finish(section);
        input.interface = interface?;
        Some(input)
    }
}
