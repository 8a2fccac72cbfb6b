//! Logs that name their columns: what a line says holds for those after it, wherever the log is cut, and
//! nobody but the log's writer can say it.

#![expect(clippy::unwrap_used, reason = "a test fails by panicking")]

use std::sync::LazyLock;

use larum_core::event::write_event;
use larum_core::parse::{
    Context, Formats, Legend, MAX_LEGEND_LINE_BYTES, MAX_LEGENDS, Scratch, lines,
};
use larum_core::reject::Reject;
use larum_core::time::Timestamp;
use proptest::prelude::*;

static FORMATS: LazyLock<Formats> = LazyLock::new(|| Formats::built_in().unwrap());

/// 2026-11-22T12:00:00Z.
const NOW: Timestamp = Timestamp::from_seconds(1_795_348_800);

fn next(legend: &mut Legend, record: &[u8]) -> String {
    let mut scratch = Scratch::default();
    match FORMATS.parse_next(record, &Context::at(NOW), legend, &mut scratch) {
        Ok(event) => {
            let mut out = String::new();
            write_event(&event, None, &mut out);
            out
        }
        Err(reason) => reason.code().to_owned(),
    }
}

/// The answers to all lines of a file, in order.
fn read(text: &str) -> Vec<String> {
    let mut legend = Legend::of_file();
    let records = lines(text.as_bytes());
    records.map(|record| next(&mut legend, record)).collect()
}

/// One field of an answer.
fn field(answer: &str, name: &str) -> String {
    let json: serde_json::Value = serde_json::from_str(answer).unwrap();
    match json.get(name) {
        Some(serde_json::Value::String(text)) => text.clone(),
        other => other.map(ToString::to_string).unwrap_or_default(),
    }
}

#[test]
fn columns_change_in_the_middle_of_a_file() {
    let answers = read(
        "#Software: Microsoft Internet Information Services 10.0\n\
         #Fields: date time c-ip cs-method cs-uri-stem sc-status\n\
         2026-11-22 10:00:00 203.0.113.9 GET /a 200\n\
         #Software: Microsoft Internet Information Services 10.0\n\
         #Fields: date time s-ip cs-method sc-status cs-uri-stem c-ip\n\
         2026-11-22 10:00:01 192.0.2.7 GET 404 /b 203.0.113.10\n",
    );
    assert_eq!(answers[1], Reject::NotOfInterest.code());
    assert_eq!(field(&answers[2], "src_ip"), "203.0.113.9");
    assert_eq!(field(&answers[5], "src_ip"), "203.0.113.10");
    assert_eq!(field(&answers[5], "dst_ip"), "192.0.2.7");
    assert_eq!(field(&answers[5], "http_status"), "404");
    assert_eq!(field(&answers[5], "url"), "/b");
}

#[test]
fn a_strangers_text_is_no_legend() {
    let answers = read(
        "#Fields: date time c-ip cs-method cs-uri-stem cs(User-Agent) sc-status\n\
         2026-11-22 10:00:00 203.0.113.9 GET /a #Fields:+date+time+s-ip+cs-method+cs-uri-stem+x+c-ip 200\n\
         2026-11-22 10:00:01 203.0.113.9 GET /#Fields:%20a x 200\n\
         2026-11-22 10:00:02 203.0.113.9 GET /b y 200\n",
    );
    for answer in &answers[1..4] {
        assert_eq!(field(answer, "src_ip"), "203.0.113.9", "{answer}");
        assert_eq!(field(answer, "format"), "iis");
    }
    // Behind a syslog header it counts for that host and program only.
    let mut legend = Legend::new();
    for (record, counts) in [
        (
            "<13>Nov 22 10:00:00 web1 iis: #Fields: date time s-ip c-ip cs-method cs-uri-stem sc-status",
            true,
        ),
        (
            "<13>Nov 22 10:00:00 web2 iis: user said #Fields: date time c-ip s-ip cs-method cs-uri-stem sc-status",
            false,
        ),
        (
            "<13>Nov 22 10:00:00 web1 app: said #Fields: date time c-ip s-ip cs-method cs-uri-stem sc-status",
            false,
        ),
    ] {
        let is_legend = next(&mut legend, record.as_bytes()) == Reject::NotOfInterest.code();
        assert_eq!(is_legend, counts, "{record}");
    }
    let answer = next(
        &mut legend,
        b"<13>Nov 22 10:00:00 web1 iis: 2026-11-22 10:00:00 192.0.2.7 203.0.113.9 GET /a 200",
    );
    assert_eq!(field(&answer, "src_ip"), "203.0.113.9");
    assert_eq!(field(&answer, "dst_ip"), "192.0.2.7");
    let other = next(
        &mut legend,
        b"<13>Nov 22 10:00:00 web2 iis: 2026-11-22 10:00:00 192.0.2.7 203.0.113.9 GET /a 200",
    );
    assert!(!other.contains("\"src_ip\":\"203.0.113.9\""), "{other}");
}

#[test]
fn what_cannot_be_believed_ends_what_was_said() {
    for wrong in [
        format!("#Fields: {}", "a ".repeat(10_000)),
        format!("#Fields: {}", "c-ip ".repeat(1_000)),
        "#Fields: x y z".to_owned(),
        "#Fields:".to_owned(),
        format!(
            "#Fields: date time c-ip cs-method cs-uri-stem sc-status {}",
            "x".repeat(MAX_LEGEND_LINE_BYTES)
        ),
    ] {
        let mut legend = Legend::of_file();
        next(
            &mut legend,
            b"#Fields: date time s-ip c-ip cs-method cs-uri-stem sc-status",
        );
        assert_eq!(
            next(&mut legend, wrong.as_bytes()),
            Reject::NotOfInterest.code()
        );
        let kept: usize = legend.lines().map(str::len).sum();
        assert!(kept <= MAX_LEGEND_LINE_BYTES, "{kept}");
        let answer = next(
            &mut legend,
            b"2026-11-22 10:00:00 192.0.2.7 203.0.113.9 GET /a 200",
        );
        assert!(!answer.contains("\"src_ip\":\"203.0.113.9\""), "{answer}");
    }
}

#[test]
fn senders_hosts_are_kept_apart_and_are_few() {
    let mut legend = Legend::new();
    for host in 0..MAX_LEGENDS * 3 {
        let record = format!(
            "<13>Nov 22 10:00:00 web{host} iis: #Fields: date time c-ip cs-method cs-uri-stem sc-status"
        );
        next(&mut legend, record.as_bytes());
    }
    assert_eq!(legend.lines().count(), MAX_LEGENDS);
}

#[test]
fn a_first_line_counts_only_in_front() {
    let head = "Date (UTC),Username,IP address,Status";
    let line = "2026-11-22T10:00:00Z,anna@example.org,203.0.113.9,Failure";
    let answers = read(&format!("{head}\n{line}\n"));
    assert_eq!(answers[0], Reject::NotOfInterest.code());
    assert_eq!(field(&answers[1], "src_ip"), "203.0.113.9");
    // A stranger's line end in front of it does not rename the columns.
    let forged = "Date (UTC),IP address,Username,Status";
    let answers = read(&format!("{head}\n{line}\n{forged}\n{line}\n"));
    assert_eq!(field(&answers[3], "src_ip"), "203.0.113.9");
}

#[test]
fn what_was_said_comes_again_from_its_lines() {
    let mut legend = Legend::of_file();
    for line in [
        "#separator \\x09",
        "#path\tconn",
        "#fields\tts\tuid\tid.orig_h\tid.orig_p\tid.resp_h\tid.resp_p",
        "<13>Nov 22 10:00:00 web1 iis: #Fields: date time s-ip c-ip cs-method cs-uri-stem sc-status",
    ] {
        next(&mut legend, line.as_bytes());
    }
    let mut again = Legend::from_lines(&FORMATS, legend.lines());
    for record in [
        "1795341600.298338\tCsNHVHa1lzFtvJzT8\t203.0.113.9\t40000\t192.0.2.7\t22",
        "<13>Nov 22 10:00:00 web1 iis: 2026-11-22 10:00:00 192.0.2.7 203.0.113.9 GET /a 200",
    ] {
        let answer = next(&mut legend, record.as_bytes());
        assert_eq!(field(&answer, "src_ip"), "203.0.113.9");
        assert_eq!(next(&mut again, record.as_bytes()), answer);
    }
}

fn line() -> impl Strategy<Value = String> {
    prop_oneof![
        Just("#Software: Microsoft Internet Information Services 10.0".to_owned()),
        Just("#Fields: date time c-ip cs-method cs-uri-stem sc-status".to_owned()),
        Just("#Fields: date time s-ip c-ip cs-method cs-uri-stem sc-status".to_owned()),
        Just("#fields\tts\tuid\tid.orig_h\tid.orig_p\tid.resp_h\tid.resp_p".to_owned()),
        Just(
            "<13>Nov 22 10:00:00 web1 iis: #Fields: date time c-ip cs-method cs-uri-stem sc-status"
                .to_owned()
        ),
        Just("<13>Nov 22 10:00:00 web1 iis: 2026-11-22 10:00:00 203.0.113.9 GET /a 200".to_owned()),
        Just("1795341600.298338\tC1\t203.0.113.9\t40000\t192.0.2.7\t22".to_owned()),
        Just("2026-11-22 10:00:00 203.0.113.9 GET /a 200".to_owned()),
        Just("Date (UTC),Username,IP address,Status".to_owned()),
        Just(String::new()),
        "[#a-zA-Z:\t ]{0,24}",
        any::<String>().prop_map(|text| text.replace('\n', " ")),
    ]
}

proptest! {
    #[test]
    fn a_log_says_the_same_however_it_is_cut(
        text in prop::collection::vec(line(), 0..24),
        cut in any::<prop::sample::Index>(),
    ) {
        let whole = read(&text.join("\n"));
        let cut = cut.index(text.len() + 1);
        let mut legend = Legend::of_file();
        let before: String = text.iter().take(cut).map(|line| format!("{line}\n")).collect();
        legend.skim(&FORMATS, before.as_bytes());
        for (record, expected) in text.iter().zip(&whole).skip(cut) {
            prop_assert_eq!(&next(&mut legend, record.as_bytes()), expected);
        }
    }

    #[test]
    fn any_bytes_may_name_columns(record in prop::collection::vec(any::<u8>(), 0..300), line in any::<String>()) {
        let mut legend = Legend::of_file();
        let mut head = b"#Fields: ".to_vec();
        head.extend_from_slice(&record);
        next(&mut legend, &head);
        next(&mut legend, line.as_bytes());
        next(&mut Legend::of_file(), &record);
    }
}
