//! Where in a record a stranger's text stands, and how the device writes it there.

use larum_core::event::{Event, Field, Value};
use larum_core::parse::{Context, Formats, Scratch};

use super::Sample;

/// Fields whose text somebody outside the firm can choose.
const CHOSEN: &[Field] = &[
    Field::User,
    Field::Url,
    Field::UserAgent,
    Field::SrcHost,
    Field::DstHost,
    Field::DnsQuery,
    Field::Signature,
];
/// A value said more often is looked for so often.
const MAX_OCCURRENCES: usize = 6;
/// What is added to find out whether a value's place is the field's.
const PROBE: &str = "zq7";

/// A place in a sample's record.
pub struct Place {
    /// The field that is filled from it.
    pub field: Field,
    start: usize,
    end: usize,
}

impl Place {
    /// All places of `sample` that fill a chosen field of its `event`.
    pub fn all(sample: &Sample, event: &Event<'_>, formats: &Formats) -> Vec<Self> {
        let mut found = Vec::new();
        for field in CHOSEN {
            let Some(Value::Text(value)) = event.get(*field) else {
                continue;
            };
            if value.len() < 2 {
                continue;
            }
            for (start, _) in sample.input.match_indices(value).take(MAX_OCCURRENCES) {
                let end = start + value.len();
                let probe = format!("{}{PROBE}{}", &sample.input[..end], &sample.input[end..]);
                let mut scratch = Scratch::default();
                let context = Context::at(sample.received);
                let Ok(probed) = formats.parse(probe.as_bytes(), &context, &mut scratch) else {
                    continue;
                };
                let same = probed.format == event.format
                    && matches!(probed.get(*field), Some(Value::Text(text)) if text == format!("{value}{PROBE}"));
                let place = Self {
                    field: *field,
                    start,
                    end,
                };
                // An alert's name is its author's; where it stands in a bare sentence, no device
                // writes what could end it.
                let bare = sample.reader == "template" && !place.in_quotes(sample);
                if same && !(*field == Field::Signature && bare) {
                    found.push(place);
                    break;
                }
            }
        }
        found
    }

    /// The record with `payload` behind the place's value, as far as it can get there, and escaped as
    /// the device does it.
    pub fn splice(&self, sample: &Sample, payload: &str) -> String {
        let (before, after) = sample.input.split_at(self.end);
        let payload = &sample.writable(&self.carried(payload));
        match sample.reader.as_str() {
            "json" => format!("{before}{}{after}", json(payload)),
            "xml" => format!("{before}{}{after}", xml(payload)),
            "cef" => format!("{before}{}{after}", self.cef(sample, payload)),
            "leef" => format!("{before}{}{after}", payload.replace(['\t', '|', '^'], " ")),
            "csv" => self.csv(sample, payload),
            _ if self.in_quotes(sample) => {
                let text = if sample.escapes {
                    json(payload)
                } else {
                    payload.replace('"', "'")
                };
                format!("{before}{text}{after}")
            }
            // A device that puts texts in quotes does so where they hold blanks.
            "key-value" if payload.contains(' ') => {
                let (before, value) = before.split_at(self.start);
                format!("{before}\"{value}{}\"{after}", payload.replace('"', "'"))
            }
            _ => format!("{before}{payload}{after}"),
        }
    }

    /// What arrives of `payload` in this field: addresses asked for and names have an alphabet.
    fn carried(&self, payload: &str) -> String {
        match self.field {
            // RFC 9112, 3.2: no blank in a request's target.
            Field::Url => payload.replace(' ', "%20").replace('\t', "%09"),
            // RFC 1035, 5.1, which servers follow when they write down names.
            Field::DnsQuery => payload
                .replace(' ', "\\032")
                .replace('\t', "\\009")
                .replace('"', "\\034"),
            // RFC 952 and 1123: resolvers refuse others.
            Field::SrcHost | Field::DstHost => payload.replace(
                |letter: char| {
                    !letter.is_ascii_alphanumeric() && !matches!(letter, '.' | '-' | '_')
                },
                "-",
            ),
            _ => payload.to_owned(),
        }
    }

    /// Whether the value stands in double quotes.
    fn in_quotes(&self, sample: &Sample) -> bool {
        let before = &sample.input[..self.start];
        before.matches('"').count() % 2 == 1
    }

    fn cef(&self, sample: &Sample, payload: &str) -> String {
        let bars = sample.input[..self.start].matches('|').count();
        let text = payload.replace('\\', "\\\\");
        if bars < 7 {
            text.replace('|', "\\|")
        } else {
            text.replace('=', "\\=")
        }
    }

    fn csv(&self, sample: &Sample, payload: &str) -> String {
        let doubled = payload.replace('"', "\"\"");
        let (before, rest) = sample.input.split_at(self.start);
        let (value, after) = rest.split_at(self.end - self.start);
        if self.in_quotes(sample) {
            format!("{before}{value}{doubled}{after}")
        } else {
            format!("{before}\"{value}{doubled}\"{after}")
        }
    }
}

fn json(text: &str) -> String {
    text.replace('\\', "\\\\").replace('"', "\\\"")
}

fn xml(text: &str) -> String {
    text.replace('&', "&amp;")
        .replace('<', "&lt;")
        .replace('>', "&gt;")
        .replace('"', "&quot;")
}
