//! Which format came closest to a record that none could read, and why it failed: what a person needs
//! to know to mend a device's settings or write a format.
//!
//! This is slow (every format may be tried) and meant for a few samples, not for every record.

use super::compile::Format;
use super::envelope::{self, Envelope};
use super::keys::Slots;
use super::stamp::Missing;
use super::{Context, Formats, MAX_RECORD_BYTES, Scratch, as_text, trim};
use crate::event::{Event, Field, Kind};
use crate::reject::Reject;

/// A format is only close when the record has at least so many of its keys.
const LEAST_KEYS: usize = 3;

/// The format that came closest.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Closest<'f> {
    /// Its name.
    pub format: &'f str,
    /// Maker of the device.
    pub vendor: Option<&'f str>,
    /// Product.
    pub product: Option<&'f str>,
    /// Why it could not read the record.
    pub why: Why,
}

/// Why a format could not read a record.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Why {
    /// This field, which the format needs, was missing or unreadable.
    Field(Field),
    /// It bears the format's marks, but is written otherwise.
    Shape,
    /// It has many of the format's keys, but not its marks.
    Marks,
}

impl Formats {
    /// The format that came closest to `record`; `None` when a format reads it, or when it resembles
    /// none.
    pub fn closest<'f>(&'f self, record: &[u8], context: &Context<'_>) -> Option<Closest<'f>> {
        let mut scratch = Scratch::default();
        let Scratch {
            text: lossy,
            values,
        } = &mut scratch;
        let record = record.get(..MAX_RECORD_BYTES).unwrap_or(record);
        let text = as_text(trim(record), lossy);
        let missing = Missing {
            received: context.received,
            zone_offset_seconds: context.zone_offset_seconds,
        };
        let envelope = envelope::open(text, &missing);
        let mut slots = Slots::new();
        let mut room = values.iter_mut();
        let mut marked = None;
        for recogniser in &self.recognisers {
            for number in recogniser.candidates(&envelope, true).as_slice() {
                let Some(format) = self.formats.get(usize::from(*number)) else {
                    continue;
                };
                let mut event = Event::new(context.received, "", Kind::System);
                match format.read(&envelope, &missing, &mut room, &mut slots, &mut event) {
                    None => marked = marked.or(Some((format, Why::Shape))),
                    Some(Err(Reject::FieldUnreadable)) => {
                        let field = format.mapping.lacking(&slots, &event);
                        let why = field.map_or(Why::Shape, Why::Field);
                        return Some(format.closest(why));
                    }
                    Some(_) => return None,
                }
            }
        }
        match marked {
            Some((format, why)) => Some(format.closest(why)),
            None => self.most_keys(&envelope, &mut slots),
        }
    }

    /// The format whose keys the message has most of.
    fn most_keys<'a>(&self, envelope: &Envelope<'a>, slots: &mut Slots<'a>) -> Option<Closest<'_>> {
        let mut best: Option<(usize, &Format)> = None;
        for format in self
            .formats
            .iter()
            .filter(|format| format.reader.has_keys())
        {
            if format.fill(envelope.message, envelope, slots).is_none() {
                continue;
            }
            let count = slots.count();
            if count >= LEAST_KEYS && best.is_none_or(|(most, _)| count > most) {
                best = Some((count, format));
            }
        }
        best.map(|(_, format)| format.closest(Why::Marks))
    }
}

impl Format {
    fn closest(&self, why: Why) -> Closest<'_> {
        Closest {
            format: &self.name,
            vendor: self.vendor.as_deref(),
            product: self.product.as_deref(),
            why,
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::time::Timestamp;

    const WALL: &str = r#"
vendor = "Acme"
product = "Wall"
kind = "network"
reader = "key-value"
source = "invented"
require = ["src_ip", "dst_port"]
[[recognise]]
starts = ["wall:"]
[fields]
src_ip = "src"
dst_port = "dpt"
user = "usr"
[key-value]
after = "wall:"
[[when]]
if = { usr = "root" }
require = ["rule"]
[[case]]
input = "wall: src=192.0.2.1 dpt=22"
expect = { kind = "network", src_ip = "192.0.2.1", dst_port = 22 }
"#;
    const GATE: &str = r#"
product = "Gate"
kind = "network"
reader = "json"
source = "invented"
[[recognise]]
contains = ["\"gate\""]
[fields]
src_ip = "src"
dst_ip = "dst"
user = "usr"
[[case]]
input = '{"gate":1,"src":"192.0.2.1"}'
expect = { kind = "network", src_ip = "192.0.2.1" }
"#;

    #[test]
    fn says_which_format_failed_and_why() {
        let formats = Formats::compile(&[("wall", WALL), ("gate", GATE)]).unwrap();
        let context = Context::at(Timestamp::from_seconds(1_795_348_800));
        for (input, expected) in [
            ("wall: src=192.0.2.1 dpt=22", None),
            (
                "wall: src=? dpt=22",
                Some(("wall", Why::Field(Field::SrcIp))),
            ),
            (
                "wall: src=192.0.2.1 dpt=x",
                Some(("wall", Why::Field(Field::DstPort))),
            ),
            (
                "wall: src=192.0.2.1 dpt=22 usr=root",
                Some(("wall", Why::Field(Field::Rule))),
            ),
            ("wall: hello", Some(("wall", Why::Shape))),
            (r#"{"gate": "#, Some(("gate", Why::Shape))),
            (
                r#"{"src":"192.0.2.1","dst":"192.0.2.2","usr":"x"}"#,
                Some(("gate", Why::Marks)),
            ),
            (r#"{"src":"192.0.2.1"}"#, None),
            ("hello", None),
            ("", None),
        ] {
            let found = formats.closest(input.as_bytes(), &context);
            let found = found.map(|closest| (closest.format, closest.why));
            assert_eq!(found, expected, "{input}");
        }
    }
}
