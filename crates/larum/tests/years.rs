//! Stamps that name neither year nor zone, in recordings: their order and `--now` decide the year,
//! `--zone` the zone; and which way a contact went.

#![expect(clippy::unwrap_used, reason = "a test fails by panicking")]

use std::fmt::Write as _;
use std::io::Write as _;
use std::process::{Command, Stdio};

use serde_json::Value;

const MONTHS: [(&str, u32); 12] = [
    ("Jan", 31),
    ("Feb", 28),
    ("Mar", 31),
    ("Apr", 30),
    ("May", 31),
    ("Jun", 30),
    ("Jul", 31),
    ("Aug", 31),
    ("Sep", 30),
    ("Oct", 31),
    ("Nov", 30),
    ("Dec", 31),
];

/// Log-ins that failed, `per_day` a day, through these months.
fn log(months: &[usize], per_day: usize) -> String {
    let mut text = String::new();
    for (name, days) in months.iter().filter_map(|month| MONTHS.get(*month)) {
        for day in 1..=*days {
            for attempt in 0..per_day {
                writeln!(
                    text,
                    "{name} {day:2} 12:{:02}:{:02} gate sshd[811]: Failed password for root from \
                     198.51.100.7 port {} ssh2",
                    attempt / 60 % 60,
                    attempt % 60,
                    40_000 + attempt % 20_000,
                )
                .unwrap();
            }
        }
    }
    text
}

fn larum(args: &[&str], input: Option<&str>) -> Vec<Value> {
    let mut child = Command::new(env!("CARGO_BIN_EXE_larum"))
        .args(args)
        .stdin(Stdio::piped())
        .stdout(Stdio::piped())
        .spawn()
        .unwrap();
    let mut stdin = child.stdin.take().unwrap();
    let text = input.unwrap_or_default().to_owned();
    let writer = std::thread::spawn(move || stdin.write_all(text.as_bytes()));
    let output = child.wait_with_output().unwrap();
    writer.join().unwrap().unwrap();
    assert!(output.status.success());
    let text = String::from_utf8(output.stdout).unwrap();
    text.lines()
        .map(|line| serde_json::from_str(line).unwrap())
        .collect()
}

fn times(events: &[Value]) -> Vec<String> {
    let ts = events.iter().map(|event| event["ts"].as_str().unwrap());
    ts.map(ToOwned::to_owned).collect()
}

const NOW: &str = "2026-11-20T12:00:00Z";

#[test]
fn a_file_over_new_year_does_not_jump_back() {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("auth.log");
    let file = path.to_str().unwrap();
    let parse = |text: &str| {
        std::fs::write(&path, text).unwrap();
        times(&larum(&["parse", "--json", "--now", NOW, file], None))
    };
    // All of November, looked at on the 20th: it must be last year's.
    let found = parse(&log(&[10], 3));
    assert!(found.is_sorted());
    assert_eq!(found[0], "2025-11-01T12:00:00Z");
    assert_eq!(found.last().unwrap(), "2025-11-30T12:00:02Z");
    // Two turns of the year, in a file of many pieces.
    let months = [9, 10, 11, 0, 1, 2, 3, 4, 5, 6, 7, 8, 9, 10, 11, 0, 1];
    let found = parse(&log(&months, 40));
    assert!(found.is_sorted());
    assert!(found[0].starts_with("2024-10-01"), "{}", found[0]);
    assert!(found.last().unwrap().starts_with("2026-02-28"));
    // Through standard input the end is not known beforehand: once a record would lie in the future,
    // the years move back, and not again.
    let months = [10, 11, 0, 1];
    let args = ["parse", "--json", "--now", NOW, "-"];
    let found = times(&larum(&args, Some(&log(&months, 3))));
    let back = found.windows(2).filter(|pair| pair[0] > pair[1]).count();
    assert_eq!(back, 1);
    assert!(found.last().unwrap().starts_with("2026-02-28"));
}

#[test]
fn a_scan_sees_the_same_years_for_any_number_of_workers() {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("auth.log");
    std::fs::write(&path, log(&[9, 10, 11, 0], 200)).unwrap();
    let run = |workers: &str, now: &str| {
        let file = path.to_str().unwrap();
        larum(
            &["scan", "--json", "--workers", workers, "--now", now, file],
            None,
        )
    };
    let one = run("1", NOW);
    assert_eq!(one, run("4", NOW));
    let first = one.first().unwrap()["first"].as_str().unwrap();
    assert!(first.starts_with("2025-10-01"), "{first}");
    let last = one.last().unwrap()["last"].as_str().unwrap();
    assert!(last.starts_with("2026-01-31"), "{last}");
}

#[test]
fn a_zone_given_applies_to_stamps_without_one_in_summer_and_winter() {
    let text = "<38>Jul  1 12:00:00 gate sshd[8]: Failed password for root from 198.51.100.7 port 4 ssh2\n\
                <38>Nov  1 12:00:00 gate sshd[8]: Failed password for root from 198.51.100.7 port 4 ssh2\n\
                <38>1 2026-11-02T12:00:00+05:30 gate sshd 8 - - Failed password for root from 198.51.100.7 port 4 ssh2\n";
    let args = [
        "parse",
        "--json",
        "--now",
        NOW,
        "--zone",
        "Europe/London",
        "-",
    ];
    let found = times(&larum(&args, Some(text)));
    let expected = [
        "2026-07-01T12:00:00+01:00",
        "2026-11-01T12:00:00Z",
        "2026-11-02T12:00:00+05:30",
    ];
    assert_eq!(found, expected);
}

#[test]
fn direction_is_worked_out_where_one_side_is_private() {
    let line = |src: &str, dst: &str| {
        format!(
            "<4>Nov 22 10:00:00 gw kernel: DROP IN=eth0 OUT=eth1 SRC={src} DST={dst} LEN=60 \
             PROTO=TCP SPT=40000 DPT=443\n"
        )
    };
    let cases = [
        ("10.0.0.1", "192.0.2.1", Some("outbound")),
        ("192.0.2.1", "10.0.0.1", Some("inbound")),
        ("10.0.0.1", "100.64.0.1", Some("internal")),
        ("10.0.0.1", "224.0.0.1", Some("internal")),
        ("192.0.2.1", "198.51.100.1", None),
    ];
    let text: String = cases.iter().map(|(src, dst, _)| line(src, dst)).collect();
    let found = larum(&["parse", "--json", "--now", NOW, "-"], Some(&text));
    for (event, (src, dst, expected)) in found.iter().zip(cases) {
        assert_eq!(
            event["direction"].as_str(),
            expected,
            "{src} {dst}: {event}"
        );
    }
}
