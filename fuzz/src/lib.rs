//! What the fuzz targets share: any bytes give one answer, and never a panic, an endless loop or text
//! that the record cannot explain.

use std::sync::OnceLock;

use larum_core::event::{Field, Value};
use larum_core::parse::{Context, Formats, Scratch};
use larum_core::time::Timestamp;

/// What every small format says: `KIND` is its reader, `MORE` what that needs.
const SMALL: &str = r##"
vendor = "Example"
kind = "network"
reader = "KIND"
source = "fuzzing"
escapes = "backslash"
recognise = [{ contains = ["nothing has this"] }]
MORE
[fields]
src_ip = { from = "src", as = "endpoint" }
dst_ip = "dst"
user = "user"
url = "a.b"
device = "@host"
rule = "@structured"
signature = "@message"
ts = { from = "@stamp", as = "bsd-stamp" }
[[case]]
input = "x"
TABLES
"##;

/// A template with every kind of gap.
const TEMPLATES: &str = r##"template = [
  { text = "{word} for {text:user} from {ip:src}<< to {host:dst}>><< {quoted}>>{lazy} end{rest}" },
  { text = "[{stamp}] {maybe} {quoted:user} {int} {lazy:src} {port} {rest}" },
]"##;

/// All shipped formats.
pub fn parse(data: &[u8]) {
    static FORMATS: OnceLock<Formats> = OnceLock::new();
    let formats = FORMATS.get_or_init(|| Formats::built_in().expect("the shipped formats"));
    answer(formats, data, None);
}

/// The envelope, whose every part a small format asks for.
pub fn envelope(data: &[u8]) {
    static FORMATS: OnceLock<Formats> = OnceLock::new();
    let formats =
        FORMATS.get_or_init(|| small("template", "template = [{ text = \"{rest:user}\" }]", ""));
    answer(formats, data, Some("small"));
}

/// The reader `kind` in a small format.
pub fn reader(kind: &str, data: &[u8]) {
    static FORMATS: OnceLock<Formats> = OnceLock::new();
    let formats = FORMATS.get_or_init(|| match kind {
        "template" => small(kind, TEMPLATES, ""),
        "csv" => small(
            kind,
            "",
            "[csv]\ncolumns = [\"src\", \"dst\", \"user\", \"a.b\"]",
        ),
        _ => small(kind, "", ""),
    });
    answer(formats, data, Some("small"));
}

fn small(kind: &str, more: &str, tables: &str) -> Formats {
    let file = SMALL
        .replace("KIND", kind)
        .replace("MORE", more)
        .replace("TABLES", tables);
    Formats::compile(&[("small", &file)]).unwrap_or_else(|error| panic!("{error}"))
}

fn answer(formats: &Formats, data: &[u8], format: Option<&str>) {
    let context = Context {
        format,
        ..Context::at(Timestamp::from_seconds(1_795_348_800))
    };
    let mut scratch = Scratch::default();
    if let Ok(event) = formats.parse(data, &context, &mut scratch) {
        for field in Field::ALL {
            if let Some(Value::Text(text)) = event.get(*field) {
                assert!(
                    text.len() <= data.len() * 3 + 64,
                    "{field} is longer than the record"
                );
            }
        }
    }
}
