//! Which format came closest to a record that none could read, and why it failed: what a person needs
//! to know to mend a device's settings or write a format.
//!
//! This is slow (every format may be tried) and meant for a few samples, not for every record.

use super::compile::Format;
use super::envelope::{self, Envelope};
use super::keys::Slots;
use super::recognise::Candidates;
use super::stamp::Missing;
use super::{Context, Formats, MAX_RECORD_BYTES, Scratch, Shipped, as_text, escape, trim};
use crate::event::{Event, Field, Kind, write_string};
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

impl Why {
    /// The stable code: `field`, `shape` or `marks`.
    #[must_use]
    pub const fn code(self) -> &'static str {
        match self {
            Self::Field(_) => "field",
            Self::Shape => "shape",
            Self::Marks => "marks",
        }
    }

    /// The field that was missing or unreadable.
    #[must_use]
    pub const fn field(self) -> Option<Field> {
        match self {
            Self::Field(field) => Some(field),
            Self::Shape | Self::Marks => None,
        }
    }
}

impl Closest<'_> {
    /// Appends it as one JSON object: `format`, `vendor`, `product`, `why`, and `field` where `why` is
    /// `field`.
    pub fn write_json(&self, out: &mut String) {
        let said = [
            ("format", Some(self.format)),
            ("vendor", self.vendor),
            ("product", self.product),
            ("why", Some(self.why.code())),
            ("field", self.why.field().map(Field::as_str)),
        ];
        let mut separator = '{';
        for (key, value) in said {
            let Some(value) = value else { continue };
            out.push(separator);
            separator = ',';
            write_string(key, out);
            out.push(':');
            write_string(value, out);
        }
        out.push('}');
    }
}

impl Formats {
    /// The format that came closest to `record`; `None` when a format reads it, or when it resembles
    /// none.
    pub fn closest<'f>(&'f self, record: &[u8], context: &Context<'_>) -> Option<Closest<'f>> {
        let mut scratch = Scratch::default();
        let mut entry = String::new();
        let Scratch {
            text: lossy,
            values,
            ..
        } = &mut scratch;
        let record = record.get(..MAX_RECORD_BYTES).unwrap_or(record);
        let text = as_text(trim(record), lossy);
        let missing = Missing::of(context);
        let mut room = values.iter_mut();
        if let Some(wrapped) = envelope::container::json(text, &missing)
            && let Some(inside) = escape::undo_in(wrapped.escape, wrapped.inside, &mut room)
            && let found @ Some(_) = self.closest_line(inside.trim(), context, &missing, &mut room)
        {
            return found;
        }
        if envelope::container::rewritten(text, &mut entry)
            && let found @ Some(_) = self.closest_line(&entry, context, &missing, &mut room)
        {
            return found;
        }
        self.closest_line(text, context, &missing, &mut room)
    }

    fn closest_line<'f, 'a>(
        &'f self,
        text: &'a str,
        context: &Context<'_>,
        missing: &Missing,
        room: &mut std::slice::IterMut<'a, String>,
    ) -> Option<Closest<'f>>
    where
        'f: 'a,
    {
        let envelope = envelope::open(text, missing);
        let mut slots = Slots::none();
        let asked = context.format;
        let mut marked = None;
        let mut read = |format: &'f Format| {
            let mut event = Event::new(context.received, "", Kind::System);
            match format.read(&envelope, missing, room, (&mut slots, None), &mut event) {
                None => {
                    marked = marked.or(Some((format, Why::Shape)));
                    None
                }
                Some(Err(Reject::FieldUnreadable)) => {
                    let field = format.mapping.lacking(&slots, &event);
                    Some(Some(format.closest(field.map_or(Why::Shape, Why::Field))))
                }
                Some(_) => Some(None),
            }
        };
        let answer = match asked {
            Some(name) => self.named(name).and_then(|(_, format)| read(format)),
            None => self.recognisers.iter().find_map(|recogniser| {
                let mut tried = Candidates::default();
                let mut hits = self.hits(&envelope);
                recogniser.find(&envelope, true, &mut hits, &mut tried, |number, _| {
                    read(self.format(number)?)
                })
            }),
        };
        if let Some(answer) = answer {
            return answer;
        }
        match marked {
            Some((format, why)) => Some(format.closest(why)),
            None if asked.is_some() => None,
            None => self.most_keys(&envelope, &mut slots),
        }
    }

    /// The format whose keys the message has most of.
    fn most_keys<'a>(&self, envelope: &Envelope<'a>, slots: &mut Slots<'a>) -> Option<Closest<'_>> {
        let mut best: Option<(usize, &Format)> = None;
        for format in self
            .formats
            .iter()
            .filter_map(Shipped::format)
            .filter(|format| format.reader.has_keys())
        {
            if format
                .fill(envelope.message, envelope, slots, None)
                .is_none()
            {
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

    fn formats() -> Formats {
        Formats::compile(&[("wall", WALL), ("gate", GATE)]).unwrap()
    }

    #[test]
    fn a_named_format_says_why_it_cannot_read() {
        let formats = formats();
        let mut context = Context::at(Timestamp::from_seconds(1_795_348_800));
        context.format = Some("wall");
        for (input, expected) in [
            ("wall: src=? dpt=22", Some(Why::Field(Field::SrcIp))),
            ("src=192.0.2.1 dpt=22", Some(Why::Shape)),
            (
                r#"{"src":"192.0.2.1","dst":"192.0.2.2","usr":"x"}"#,
                Some(Why::Shape),
            ),
        ] {
            let found = formats.closest(input.as_bytes(), &context);
            let found = found.map(|closest| (closest.format, closest.why));
            assert_eq!(found, expected.map(|why| ("wall", why)), "{input}");
        }
    }

    #[test]
    fn looks_inside_a_container() {
        let formats = formats();
        let context = Context::at(Timestamp::from_seconds(1_795_348_800));
        let input =
            r#"{"log":"wall: src=? dpt=22\n","stream":"stdout","time":"2026-11-22T12:00:00Z"}"#;
        let found = formats.closest(input.as_bytes(), &context).unwrap();
        assert_eq!(
            (found.format, found.why),
            ("wall", Why::Field(Field::SrcIp))
        );
    }

    #[test]
    fn as_json() {
        let formats = formats();
        let context = Context::at(Timestamp::from_seconds(1_795_348_800));
        for (input, expected) in [
            (
                "wall: src=? dpt=22",
                r#"{"format":"wall","vendor":"Acme","product":"Wall","why":"field","field":"src_ip"}"#,
            ),
            (
                r#"{"gate": "#,
                r#"{"format":"gate","product":"Gate","why":"shape"}"#,
            ),
        ] {
            let mut said = String::new();
            let found = formats.closest(input.as_bytes(), &context).unwrap();
            found.write_json(&mut said);
            assert_eq!(said, expected);
        }
    }

    #[test]
    fn says_which_format_failed_and_why() {
        let formats = formats();
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
