//! What the fuzz targets share: any bytes give one answer, and never a panic, an endless loop or text
//! that the record cannot explain.

use std::sync::{Arc, OnceLock};

use larum_core::detect::sigma::{RuleSet, cases};
use larum_core::detect::{Detect, Indicators, Settings};
use larum_core::event::{Event, Field, Kind, Value};
use larum_core::parse::{Context, Formats, Scratch};
use larum_core::time::Timestamp;
use larum_core::words::Words;
use larum_packet::app::{Carrier, Seen, Session, Side};

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

/// A rule file, asked about some events.
pub fn rules(data: &[u8]) {
    let Ok(text) = std::str::from_utf8(data) else {
        return;
    };
    let files = [("file".to_owned(), text.to_owned())];
    let (set, skipped) = RuleSet::compile(&files);
    for skipped in &skipped {
        assert!(!skipped.file.is_empty() || !skipped.detail.is_empty());
    }
    let words = Arc::new(Words::of("en").expect("the words"));
    let mut detect = Detect::new(Settings::new(words), set, Indicators::default());
    let mut signals = Vec::new();
    for number in 0..40_u8 {
        let at = Timestamp::from_seconds(1_795_348_800 + i64::from(number) * 17);
        let kind = Kind::ALL[usize::from(number) % Kind::ALL.len()];
        let mut event = Event::new(at, "file", kind);
        event.src_ip = Some([203, 0, 113, number % 3].into());
        event.dst_port = Some(22);
        event.user = Some("ann".into());
        event.url = Some("/a/b.php?c=d".into());
        event.dns_query = Some("example.org".into());
        event.src_bytes = Some(u64::from(number) << 40);
        detect.observe(&event, &mut signals);
    }
    detect.finish(&mut signals);
    if let Ok(cases) = cases(text) {
        let (set, _) = RuleSet::compile(&files);
        for case in cases.iter().take(4) {
            drop(set.proves("file", case));
        }
    }
}

/// A conversation: each piece begins with a byte that says who speaks, how long the piece is, and whether
/// bytes are missing before it. What is told of it holds no more than was said.
pub fn app(data: &[u8]) {
    let Some((first, mut rest)) = data.split_first() else {
        return;
    };
    let carrier = match first & 1 {
        0 => Carrier::Stream,
        _ => Carrier::Datagram,
    };
    const PORTS: [u16; 8] = [53, 80, 137, 443, 502, 5_353, 5_355, 40_001];
    let port = PORTS[usize::from(first >> 5)];
    let mut session = Session::new(carrier, 40_000, port);
    let (mut at, mut out) = (Timestamp::from_seconds(1_795_348_800), Vec::new());
    while let Some((head, after)) = rest.split_first() {
        let side = if head & 1 == 0 { Side::Client } else { Side::Server };
        if head & 2 != 0 {
            session.gap(side, u64::from(head >> 2));
        }
        let length = usize::from(head >> 2).saturating_mul(usize::from(head >> 2)).max(1);
        let (piece, later) = after.split_at(length.min(after.len()));
        session.data(Seen { at, side }, piece, &mut out);
        at = at.plus_millis(7);
        rest = later;
    }
    session.end(at, &mut out);
    assert!(!session.wants(Side::Client) && !session.wants(Side::Server));
    for fact in &out {
        let mut event = Event::new(at, "packets", Kind::Network);
        fact.fill(&mut event);
        for field in Field::ALL {
            if let Some(Value::Text(text)) = event.get(*field) {
                assert!(text.len() <= data.len() * 4 + 128, "{field} is longer than what was said");
            }
        }
    }
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
