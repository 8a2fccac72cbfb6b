//! `larum scan` as a person runs it: every case of `corpus/detect/`, the same findings for any number
//! of workers and order of files, and clear answers to bad input.

#![expect(clippy::unwrap_used, reason = "a test fails by panicking")]

use std::fs;
use std::io::Write as _;
use std::path::{Path, PathBuf};
use std::process::{Command, Output};

use serde_json::Value;

fn scan(args: &[&str], paths: &[&Path]) -> Output {
    Command::new(env!("CARGO_BIN_EXE_larum"))
        .arg("scan")
        .args(args)
        .args(paths)
        .output()
        .unwrap()
}

fn text(bytes: &[u8]) -> String {
    String::from_utf8(bytes.to_vec()).unwrap()
}

/// The keys a case fixes; titles and advice may be worded better without breaking it.
fn essence(line: &str) -> Value {
    const KEYS: &[&str] = &[
        "detector", "category", "attack", "severity", "outcome", "first", "last", "src_ip", "count",
    ];
    let finding: Value = serde_json::from_str(line).unwrap();
    let kept = KEYS
        .iter()
        .filter_map(|key| Some(((*key).to_owned(), finding.get(*key)?.clone())));
    Value::Object(kept.collect())
}

#[test]
fn every_case_of_the_corpus_gives_its_findings() {
    let cases = Path::new(env!("CARGO_MANIFEST_DIR")).join("../../corpus/detect");
    let mut folders: Vec<PathBuf> = fs::read_dir(&cases)
        .unwrap()
        .map(|entry| entry.unwrap().path())
        .collect();
    folders.sort();
    assert!(!folders.is_empty());
    for folder in folders {
        assert!(folder.join("README.md").is_file(), "{}", folder.display());
        let expected = fs::read_to_string(folder.join("expected.jsonl")).unwrap();
        let expected: Vec<_> = expected.lines().map(essence).collect();
        // Some cases bring a list of indicators.
        let lists = ["indicators.txt", "indicators.csv"].map(|name| folder.join(name));
        let mut args = vec!["--json"];
        for list in lists.iter().filter(|list| list.is_file()) {
            args.extend(["--indicators", list.to_str().unwrap()]);
        }
        let input = ["input.log", "input.pcap"].map(|name| folder.join(name));
        let input = input.iter().find(|input| input.is_file()).unwrap();
        let output = scan(&args, &[input]);
        assert_eq!(output.status.code(), Some(0));
        let found: Vec<_> = text(&output.stdout).lines().map(essence).collect();
        assert_eq!(found, expected, "{}", folder.display());
    }
}

#[test]
fn who_gets_in_among_many_who_guess_is_one_story_with_them() {
    let case =
        Path::new(env!("CARGO_MANIFEST_DIR")).join("../../corpus/detect/mail-spraying/input.log");
    let output = scan(&["--json"], &[&case]);
    let findings: Vec<Value> = text(&output.stdout)
        .lines()
        .map(|line| serde_json::from_str(line).unwrap())
        .collect();
    assert_eq!(findings.len(), 2);
    assert_eq!(findings[0]["story"], findings[1]["story"]);
    let page = text(&scan(&[], &[&case]).stdout);
    assert_eq!(page.matches("Step by step").count(), 1, "{page}");
}

#[test]
fn findings_do_not_depend_on_workers_packing_or_the_order_of_files() {
    const LINES: usize = 20_000;
    let folder = tempfile::tempdir().unwrap();
    let lines: Vec<String> = larum_traffic::mixed_file(7, LINES).collect();
    let half = lines.len() / 2;
    let (a, b) = (folder.path().join("a.log"), folder.path().join("b.log.gz"));
    fs::write(&a, lines[..half].join("\n") + "\n").unwrap();
    let file = fs::File::create(&b).unwrap();
    let mut packed = flate2::write::GzEncoder::new(file, flate2::Compression::fast());
    packed
        .write_all(lines[half..].join("\n").as_bytes())
        .unwrap();
    packed.finish().unwrap();
    let run = |workers: &str, paths: &[&Path]| {
        let args = [
            "--json",
            "--now",
            "2026-11-22T00:00:00Z",
            "--workers",
            workers,
        ];
        let output = scan(&args, paths);
        assert_eq!(output.status.code(), Some(0), "{}", text(&output.stderr));
        text(&output.stdout)
    };
    let one = run("1", &[&a, &b]);
    assert!(!one.is_empty());
    for workers in ["2", "8"] {
        assert!(run(workers, &[&a, &b]) == one, "{workers} workers differ");
    }
    assert!(run("2", &[&b, &a]) == one, "the order of files matters");
}

/// A TCP packet without content on Ethernet, as a pcap file has it.
fn packet(micros: u32, from: ([u8; 4], u16), to: ([u8; 4], u16), flags: u8) -> Vec<u8> {
    let mut bytes = Vec::new();
    for word in [
        1_790_000_000 + micros / 1_000_000,
        micros % 1_000_000,
        54,
        54,
    ] {
        bytes.extend(word.to_le_bytes());
    }
    bytes.extend([2; 12]);
    bytes.extend([8, 0, 0x45, 0, 0, 40, 0, 0, 0x40, 0, 64, 6, 0, 0]);
    bytes.extend(from.0.iter().chain(&to.0));
    bytes.extend(from.1.to_be_bytes());
    bytes.extend(to.1.to_be_bytes());
    bytes.extend([0; 8]);
    bytes.extend([0x50, flags, 4, 0, 0, 0, 0, 0]);
    bytes
}

#[test]
fn what_a_capture_shows_does_not_depend_on_workers() {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("scans.pcap");
    let mut bytes = b"\xd4\xc3\xb2\xa1\x02\0\x04\0\0\0\0\0\0\0\0\0\xff\xff\0\0\x01\0\0\0".to_vec();
    // Twenty from outside try one port after another on ten inside, and are refused: several blocks.
    for number in 0..20_000_u32 {
        let ends = [number % 20 + 1, number / 20 % 10 + 1].map(|end| u8::try_from(end).unwrap());
        let (outside, inside) = ([198, 51, 100, ends[0]], [192, 168, 1, ends[1]]);
        let port = u16::try_from(number / 200 + 1).unwrap();
        let micros = number * 5_000;
        bytes.extend(packet(micros, (outside, 40_000), (inside, port), 2));
        bytes.extend(packet(micros + 900, (inside, port), (outside, 40_000), 20));
    }
    fs::write(&path, bytes).unwrap();
    let run = |workers: &str| {
        let output = scan(&["--json", "--stats", "--workers", workers], &[&path]);
        assert_eq!(output.status.code(), Some(0), "{}", text(&output.stderr));
        let said = text(&output.stdout);
        let (findings, stats) = said.trim_end().rsplit_once('\n').unwrap();
        let mut stats: Value = serde_json::from_str(stats).unwrap();
        stats["stats"].as_object_mut().unwrap().remove("seconds");
        (findings.to_owned(), stats)
    };
    let one = run("1");
    assert_eq!(one.1["stats"]["packets"]["in-flows"], 40_000);
    assert!(one.0.lines().count() >= 20, "{}", one.0);
    for workers in ["2", "8"] {
        assert!(run(workers) == one, "{workers} workers differ");
    }
}

#[test]
fn sums_are_printed_and_every_record_is_accounted_for() {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("mixed.log");
    let mut bytes = larum_traffic::mixed_file(3, 1_000)
        .collect::<Vec<_>>()
        .join("\n");
    bytes.push_str("\nnobody knows this\n\n");
    fs::write(&path, bytes).unwrap();
    let output = scan(&["--json", "--stats"], &[&path]);
    let last: Value = serde_json::from_str(text(&output.stdout).lines().last().unwrap()).unwrap();
    let stats = &last["stats"];
    let rejected = stats["rejects"].as_object().unwrap().values();
    let rejected: u64 = rejected.map(|count| count.as_u64().unwrap()).sum();
    assert_eq!(stats["records"], 1_002);
    assert_eq!(stats["events"].as_u64().unwrap() + rejected, 1_002);
}

#[test]
fn bad_input_gets_a_clear_answer() {
    let folder = tempfile::tempdir().unwrap();
    let output = scan(&[], &[folder.path()]);
    assert_eq!(output.status.code(), Some(74));
    assert!(text(&output.stderr).contains("is a folder"));
    let missing = folder.path().join("missing.log");
    let output = scan(&[], &[&missing]);
    assert_eq!(output.status.code(), Some(74));
    assert!(text(&output.stderr).contains("cannot be opened"));
    let empty = folder.path().join("empty.log");
    fs::write(&empty, "").unwrap();
    assert!(text(&scan(&[], &[&empty]).stdout).contains("There is nothing in there"));
    let zeros = folder.path().join("zeros.bin");
    fs::write(&zeros, vec![0; 3_000_000]).unwrap();
    let output = scan(&[], &[&zeros]);
    assert_eq!(output.status.code(), Some(0));
    assert!(
        text(&output.stdout).contains("cannot say"),
        "{}",
        text(&output.stdout)
    );
    let output = scan(&["--since", "yesterday"], &[&empty]);
    assert_eq!(output.status.code(), Some(2));
}

#[test]
fn fail_on_gives_exit_code_ten() {
    let case =
        Path::new(env!("CARGO_MANIFEST_DIR")).join("../../corpus/detect/ssh-break-in/input.log");
    let code = |severity| scan(&["--fail-on", severity], &[&case]).status.code();
    assert_eq!(code("critical"), Some(10));
    let quiet =
        Path::new(env!("CARGO_MANIFEST_DIR")).join("../../corpus/detect/ordinary-day/input.log");
    assert_eq!(
        scan(&["--fail-on", "info"], &[&quiet]).status.code(),
        Some(0)
    );
}

/// Whoever reads the answer may leave before the end (`| head`): no error, unless a verdict was asked
/// for.
#[test]
fn a_closed_pipe_ends_a_scan_quietly_but_gives_no_verdict() {
    let case =
        Path::new(env!("CARGO_MANIFEST_DIR")).join("../../corpus/detect/ssh-break-in/input.log");
    let run = |args: &[&str]| {
        let (reader, writer) = std::io::pipe().unwrap();
        drop(reader);
        let mut command = Command::new(env!("CARGO_BIN_EXE_larum"));
        let output = command.args(args).arg(&case).stdout(writer).output();
        let output = output.unwrap();
        (output.status.code(), output.stderr.is_empty())
    };
    assert_eq!(run(&["scan"]), (Some(0), true));
    assert_eq!(run(&["scan", "--json"]), (Some(0), true));
    assert_eq!(run(&["parse", "--json"]), (Some(0), true));
    assert_eq!(
        run(&["scan", "--fail-on", "critical"]),
        (Some(74), false),
        "a scan cut short is not a clean one"
    );
}

#[test]
fn a_log_that_names_its_columns_is_read_alike_by_any_number_of_workers() {
    let folder = tempfile::tempdir().unwrap();
    let log = folder.path().join("u_ex.log");
    let mut text = String::new();
    // The columns change in the middle of a piece, and the client's address with them.
    for part in 0..6 {
        text.push_str("#Software: Microsoft Internet Information Services 10.0\n");
        let swapped = part % 2 == 1;
        let (one, two) = if swapped {
            ("c-ip", "s-ip")
        } else {
            ("s-ip", "c-ip")
        };
        text.push_str(&format!(
            "#Fields: date time {one} {two} cs-uri-stem cs-method s-port sc-status\n"
        ));
        for line in 0..4_000 {
            let (minute, second) = (part * 9 + line / 500, line % 60);
            let (one, two) = ("192.0.2.7", "203.0.113.9");
            let (one, two) = if swapped { (two, one) } else { (one, two) };
            text.push_str(&format!(
                "2026-11-22 10:{minute:02}:{second:02} {one} {two} /wp-login.php POST 443 401\n"
            ));
        }
    }
    fs::write(&log, &text).unwrap();
    let run = |workers: &str| {
        let args = ["--json", "--stats", "--workers", workers];
        let found = self::text(&scan(&args, &[&log]).stdout);
        let lines: Vec<String> = found.lines().map(ToOwned::to_owned).collect();
        let (stats, findings) = lines.split_last().unwrap();
        assert!(
            stats.contains("\"records\":24012,\"events\":24000"),
            "{stats}"
        );
        assert!(stats.contains("\"not-of-interest\":12"), "{stats}");
        findings.join("\n")
    };
    let one = run("1");
    assert!(one.contains("\"src_ip\":\"203.0.113.9\""), "{one}");
    assert!(!one.contains("\"src_ip\":\"192.0.2.7\""), "{one}");
    assert_eq!(run("2"), one);
    assert_eq!(run("8"), one);
}

/// The page about a month at a small firm stands beside this file, for people to read too.
#[test]
fn a_month_at_a_small_firm_is_one_page_worst_first() {
    let folder = tempfile::tempdir().unwrap();
    let log = folder.path().join("month.log");
    fs::write(&log, larum_traffic::month(1).join("\n") + "\n").unwrap();
    let output = scan(&["--now", "2026-11-01T00:00:00Z"], &[&log]);
    assert_eq!(output.status.code(), Some(0), "{}", text(&output.stderr));
    let page = text(&output.stdout);
    let recorded = Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/month.txt");
    if std::env::var_os("LARUM_WRITE_PAGE").is_some() {
        fs::write(&recorded, &page).unwrap();
    }
    let expected = fs::read_to_string(&recorded).unwrap();
    assert!(page == expected, "the page reads differently now:\n{page}");
}
