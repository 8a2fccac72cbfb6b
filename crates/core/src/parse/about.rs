//! What a format file says about itself, for people.

use std::collections::BTreeSet;

use super::Problem;
use super::file::{FormatFile, ReaderKind, Turn};
use super::own_words::Opening;
use crate::event::Field;

/// A format as `larum formats list` and `show` tell it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct About {
    /// Name of the format: its file's, without ending.
    pub name: String,
    /// Maker, where the format has one.
    pub vendor: Option<String>,
    /// Product, where the format has one.
    pub product: Option<String>,
    /// Kind of most of its events.
    pub kind: String,
    /// The reader that takes its records apart, as the file calls it.
    pub reader: &'static str,
    /// Whether it is only tried when no format for a product takes the record.
    pub fallback: bool,
    /// The documentation it was written from.
    pub source: String,
    /// How its records are recognised; one way is enough.
    pub marks: Vec<Marks>,
    /// The event fields it can fill, in the contract's order, beside format, vendor and product.
    pub fields: Vec<Field>,
    /// How many sample records it carries.
    pub cases: usize,
    /// The first sample record that gives an event.
    pub sample: Option<String>,
}

/// One way in which a format is recognised: all that it states must hold.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Marks {
    /// The header's program is one of these.
    pub programs: Vec<String>,
    /// The message starts with one of these.
    pub starts: Vec<String>,
    /// The message begins in this shape, as the file calls it.
    pub begins: Option<&'static str>,
    /// The message contains all of these.
    pub contains: Vec<String>,
    /// The log names its columns, and all of these are among them.
    pub columns: Vec<String>,
}

/// Reads what `text`, the file of format `name`, says about itself.
///
/// # Errors
/// When it is no format file.
pub fn about(name: &str, text: &str) -> Result<About, Problem> {
    let file = FormatFile::read(name, text)?;
    let fields = fields(&file);
    Ok(About {
        name: name.to_owned(),
        fields,
        vendor: file.vendor,
        product: file.product,
        kind: file.kind,
        reader: file.reader.word(),
        fallback: file.fallback != Turn::First,
        source: file.source,
        marks: file
            .recognise
            .into_iter()
            .map(|way| Marks {
                programs: way.programs,
                starts: way.starts,
                begins: way.begins.map(Opening::word),
                contains: way.contains,
                columns: way.columns,
            })
            .collect(),
        cases: file.case.len(),
        sample: file
            .case
            .into_iter()
            .find(|case| case.reject.is_none())
            .map(|case| case.input),
    })
}

/// Every field that some part of the file fills; kind and time, which each event has, included.
fn fields(file: &FormatFile) -> Vec<Field> {
    let set = file.set.keys();
    let when = file.when.iter().flat_map(|when| when.set.keys());
    let templates = file
        .template
        .iter()
        .flat_map(|template| template.set.keys());
    let named: BTreeSet<&str> = file
        .fields
        .keys()
        .chain(set)
        .chain(when)
        .chain(templates)
        .map(String::as_str)
        .chain(["ts", "kind"])
        .collect();
    Field::ALL
        .iter()
        .copied()
        .filter(|field| {
            !matches!(field, Field::Vendor | Field::Product) && named.contains(field.as_str())
        })
        .collect()
}

impl ReaderKind {
    /// The word in the file.
    const fn word(self) -> &'static str {
        match self {
            Self::KeyValue => "key-value",
            Self::Csv => "csv",
            Self::Json => "json",
            Self::Netfilter => "netfilter",
            Self::Template => "template",
            Self::Cef => "cef",
            Self::Leef => "leef",
            Self::Xml => "xml",
            Self::Columns => "columns",
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn says_what_stands_in_the_file() {
        let text = r#"
product = "Wall"
kind = "network"
reader = "key-value"
source = "invented"
fallback = true
[[recognise]]
programs = ["wall"]
starts = ["wall:"]
[fields]
src_ip = "src"
[set]
vendor = "Acme"
[[when]]
if = { k = "1" }
set = { action = "deny" }
[[case]]
input = "x"
reject = "unknown-format"
[[case]]
input = "wall: src=192.0.2.1"
expect = { kind = "network", src_ip = "192.0.2.1" }
"#;
        let about = about("wall", text).unwrap();
        assert_eq!((about.reader, about.fallback), ("key-value", true));
        assert_eq!(
            about.fields,
            [Field::Ts, Field::Kind, Field::SrcIp, Field::Action]
        );
        assert_eq!(about.marks[0].starts, ["wall:"]);
        assert_eq!(
            (about.cases, about.sample.as_deref()),
            (2, Some("wall: src=192.0.2.1"))
        );
    }
}
