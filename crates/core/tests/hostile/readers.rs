//! Each kind of reader by itself, in the smallest format that uses it, on texts of its own signs.

use larum_core::event::Event;
use larum_core::parse::{Context, Formats, Scratch};
use proptest::prelude::*;

use super::context;

/// What every small format says; `{}` is the reader's part.
const FILE: &str = r#"
vendor = "Example"
kind = "network"
source = "a test"
{}
[[recognise]]
contains = ["something"]
[fields]
src_ip = "src"
dst_ip = "dst"
user = "user"
url = "a.b"
[[case]]
input = "x"
"#;

/// The readers, and the signs that mean something to them.
const READERS: &[(&str, &[&str])] = &[
    (
        "reader = \"key-value\"\nescapes = \"backslash\"",
        &[
            "src=",
            "dst=\"",
            "user=",
            "\"",
            "\\",
            "\\\"",
            " ",
            "=",
            ",",
            ";",
            "]",
            "203.0.113.9",
        ],
    ),
    (
        "reader = \"csv\"\n[csv]\ncolumns = [\"src\", \"dst\", \"user\"]",
        &[",", "\"", "\"\"", "\",", ",\"", " ", "203.0.113.9"],
    ),
    (
        "reader = \"json\"",
        &[
            "{",
            "}",
            "[",
            "]",
            "\"src\":",
            "\"a\":{\"b\":",
            "\"",
            "\\\"",
            "\\u00e9",
            "\\ud83d",
            ",",
            ":",
            "null",
            "1e9",
            "\"203.0.113.9\"",
            " ",
        ],
    ),
    (
        "reader = \"xml\"",
        &[
            "<e>",
            "</e>",
            "<src>",
            "</src>",
            "<Data Name=\"user\">",
            "</Data>",
            "<![CDATA[",
            "]]>",
            "<!--",
            "-->",
            "<?",
            "?>",
            "&lt;",
            "&#x",
            "=\"",
            "'",
            "/>",
            "203.0.113.9",
        ],
    ),
    (
        "reader = \"cef\"",
        &[
            "CEF:0|a|b|1|2|n|5|",
            "src=",
            " user=",
            " cs1=",
            " cs1Label=user",
            "\\=",
            "\\|",
            "|",
            "=",
            " ",
            "203.0.113.9",
        ],
    ),
    (
        "reader = \"leef\"",
        &[
            "LEEF:1.0|a|b|1|2|",
            "LEEF:2.0|a|b|1|2|x5E|",
            "src=",
            "\tuser=",
            "^",
            "\t",
            "|",
            "0x",
            "=",
            "203.0.113.9",
        ],
    ),
    (
        "reader = \"netfilter\"",
        &[
            "IN=eth0 ",
            "OUT= ",
            "SRC=",
            "DST=",
            " [SRC=",
            "[ 1.2] ",
            "DESCR=\"",
            "\" ",
            " DF ",
            "OPT (",
            "<4>",
            "203.0.113.9",
            "=",
        ],
    ),
    (
        "reader = \"template\"\nescapes = \"backslash\"\ntemplate = [{ text = \"{word} for {text:user} from {ip:src}<< to {host:dst}>><< {quoted}>>{lazy} end{rest}\" }, { text = \"[{stamp}] {maybe} {quoted:user} {int} {lazy:src}\" }]",
        &[
            " for ",
            " from ",
            " to ",
            "\"",
            "\\\"",
            "[22/Nov/2026:10:00:00 +0000]",
            " ",
            " end",
            "203.0.113.9",
            "7",
            ":",
            "x",
        ],
    ),
];

/// One answer of `formats` for `text`, whatever it is.
fn read(formats: &Formats, text: &str, look: impl FnOnce(&Event<'_>)) {
    let context = Context {
        format: Some("small"),
        ..context()
    };
    let mut scratch = Scratch::default();
    if let Ok(event) = formats.parse(text.as_bytes(), &context, &mut scratch) {
        look(&event);
    }
}

#[test]
fn every_reader_answers_any_text_of_its_own_signs() {
    for (reader, signs) in READERS {
        // Options stand before the tables that a reader opens.
        let (options, table) = reader
            .split_once("\n[")
            .map_or((*reader, String::new()), |(options, table)| {
                (options, format!("[{table}"))
            });
        let file = FILE.replace("{}", options) + &table;
        let formats =
            Formats::compile(&[("small", &file)]).unwrap_or_else(|error| panic!("{error}"));
        let sign = prop_oneof![
            4 => prop::sample::select(signs.to_vec()).prop_map(str::to_owned),
            1 => "\\PC{0,3}",
            1 => "[\\x00-\\x7f]{0,3}",
        ];
        proptest!(ProptestConfig::with_cases(192), |(pieces in prop::collection::vec(sign, 0..40))| {
            let text = pieces.concat();
            read(&formats, &text, |event| {
                // What was read stands in the text: no reader makes addresses up.
                for address in [event.src_ip, event.dst_ip].into_iter().flatten() {
                    let shown = address.to_string();
                    prop_assert_or_panic(text.contains(&shown) || address.is_ipv6(), &text);
                }
            });
        });
        // The same signs, as many as fit.
        for sign in *signs {
            for head in ["", signs[0]] {
                let text = format!("{head}{}", sign.repeat(60_000 / sign.len()));
                read(&formats, &text, |_| {});
            }
        }
    }
}

fn prop_assert_or_panic(holds: bool, text: &str) {
    assert!(holds, "an address that nobody wrote: {text}");
}
