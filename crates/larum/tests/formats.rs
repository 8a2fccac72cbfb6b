//! `larum formats`, and what `larum parse` says of records no format reads.
#![expect(clippy::unwrap_used, reason = "a test fails by panicking")]

use std::fs;
use std::io::Write as _;
use std::path::{Path, PathBuf};
use std::process::{Command, Output, Stdio};

use serde_json::{Value, json};

const LARUM: &str = env!("CARGO_BIN_EXE_larum");

/// Two that are read, one empty, one that lacks a field, one in another shape, one like nothing.
const LOG: &str = "\
Nov 22 19:00:01 gate sshd[811]: Failed password for root from 192.0.2.7 port 4022 ssh2
Nov 22 19:00:02 gate sshd[811]: Failed password for root from 192.0.2.7 port 4023 ssh2

acme_gate=1 addr=?
acme_gate=1 addr=??
hello\u{1b}[2J\u{202e}there
";
const GATE: &str = r#"
vendor = "Acme"
product = "Gate"
kind = "network"
reader = "key-value"
source = "invented"
require = ["src_ip"]
[[recognise]]
starts = ["acme_gate="]
[fields]
src_ip = "addr"
[[case]]
input = "acme_gate=1 addr=192.0.2.1"
expect = { kind = "network", src_ip = "192.0.2.1" }
"#;

fn larum(args: &[&str]) -> Output {
    Command::new(LARUM).args(args).output().unwrap()
}

fn text(output: &Output) -> String {
    String::from_utf8(output.stdout.clone()).unwrap()
}

fn lines(output: &Output) -> Vec<Value> {
    text(output)
        .lines()
        .map(|line| serde_json::from_str(line).unwrap())
        .collect()
}

/// A folder with a log and a format file; their paths.
fn written(folder: &Path) -> (String, String) {
    let (log, gate) = (folder.join("device.log"), folder.join("gate.toml"));
    fs::write(&log, LOG).unwrap();
    fs::write(&gate, GATE).unwrap();
    (log.display().to_string(), gate.display().to_string())
}

fn expected() -> Vec<Value> {
    vec![
        json!({"format": "sshd", "vendor": "openbsd", "product": "openssh", "lines": 2}),
        json!({"reject": "empty", "lines": 1}),
        json!({"reject": "unknown-format", "lines": 1}),
        json!({"reject": "field-unreadable", "lines": 2}),
        json!({"unread": "field-unreadable", "lines": 2, "why": "field", "format": "gate",
               "vendor": "Acme", "product": "Gate", "field": "src_ip",
               "sample": "acme_gate=1 addr=?"}),
        json!({"unread": "unknown-format", "lines": 1, "why": "nothing",
               "sample": "hello\\u{1b}[2J\\u{202e}there"}),
        json!({"summary": {"records": 6, "read": 2, "unread": 3, "looked_into": 3}}),
    ]
}

#[test]
fn a_log_is_counted_by_format_reason_and_likeness_however_it_is_packed() {
    let folder = tempfile::tempdir().unwrap();
    let (log, gate) = written(folder.path());
    let packed = |name: &str, bytes: Vec<u8>| {
        let path = folder.path().join(name);
        fs::write(&path, bytes).unwrap();
        path.display().to_string()
    };
    let mut gzip = flate2::write::GzEncoder::new(Vec::new(), flate2::Compression::fast());
    gzip.write_all(LOG.as_bytes()).unwrap();
    let gzip = packed("device.log.gz", gzip.finish().unwrap());
    let zstd = packed(
        "device.log.zst",
        zstd::encode_all(LOG.as_bytes(), 1).unwrap(),
    );
    for path in [&log, &gzip, &zstd] {
        let output = larum(&["formats", "test", "--json", &gate, path]);
        assert_eq!(output.status.code(), Some(0), "{path}");
        assert_eq!(lines(&output), expected(), "{path}");
    }
    let mut child = Command::new(LARUM)
        .args(["formats", "test", "--json", &gate, "-"])
        .stdin(Stdio::piped())
        .stdout(Stdio::piped())
        .spawn()
        .unwrap();
    let mut input = child.stdin.take().unwrap();
    input.write_all(LOG.as_bytes()).unwrap();
    drop(input);
    assert_eq!(lines(&child.wait_with_output().unwrap()), expected());
}

#[test]
fn a_person_reads_a_table_that_moves_no_cursor() {
    let folder = tempfile::tempdir().unwrap();
    let (log, gate) = written(folder.path());
    let output = larum(&["formats", "test", &gate, &log]);
    assert_eq!(output.status.code(), Some(0));
    let said = text(&output);
    for part in [
        "6 lines, 2 read",
        "2  OpenSSH",
        "1  empty lines",
        "2 lines look like Acme Gate, but the address it came from (src_ip) was missing",
        "for example: acme_gate=1 addr=?",
        "One line looks like nothing Larum knows.",
        "hello\\u{1b}[2J\\u{202e}there",
    ] {
        assert!(said.contains(part), "{part} is not in {said}");
    }
    assert!(!said.contains(['\u{1b}', '\u{202e}', '«']), "{said}");
    let good = folder.path().join("good.log");
    fs::write(&good, LOG.lines().next().unwrap()).unwrap();
    let output = larum(&["formats", "test", &good.display().to_string()]);
    assert!(text(&output).contains("Every line was read."));
}

#[test]
fn wrong_files_and_samples_end_with_5_and_missing_ones_with_74() {
    let folder = tempfile::tempdir().unwrap();
    let (log, gate) = written(folder.path());
    let check = |args: &[&str], code| {
        let all = [&["formats", "test"], args].concat();
        let output = larum(&all);
        assert_eq!(output.status.code(), Some(code), "{args:?} {output:?}");
        output
    };
    assert!(text(&check(&[&gate], 0)).contains("1 formats, 1 samples, 0 wrong"));
    check(&[&folder.path().display().to_string()], 0);
    check(&["/no/such/file.log"], 74);
    check(&["/no/such/file.toml", &log], 74);
    let wrong = GATE.replace(
        "expect = { kind = \"network\",",
        "expect = { kind = \"http\",",
    );
    fs::write(&gate, wrong).unwrap();
    assert!(text(&check(&[&gate], 5)).contains("1 wrong"));
    // The log is not read with a format that does not keep its own promise.
    assert!(check(&[&gate, &log], 5).stdout.is_empty());
    fs::write(&gate, "kind = 3").unwrap();
    let output = check(&[&gate, &log], 5);
    assert!(String::from_utf8_lossy(&output.stderr).contains("gate.toml"));
}

#[test]
fn parse_says_which_format_came_closest() {
    let folder = tempfile::tempdir().unwrap();
    let (log, _) = written(folder.path());
    let formats = folder.path().display().to_string();
    let output = larum(&["parse", "--json", "--formats", &formats, &log]);
    let answers = lines(&output);
    assert_eq!(answers.len(), 6);
    assert_eq!(answers[0]["format"], "sshd");
    assert_eq!(answers[2], json!({"reject": "empty"}));
    let closest = json!({"format": "gate", "vendor": "Acme", "product": "Gate", "why": "field",
                         "field": "src_ip"});
    assert_eq!(
        answers[3],
        json!({"reject": "field-unreadable", "closest": closest})
    );
    assert_eq!(answers[5], json!({"reject": "unknown-format"}));
    let said = text(&larum(&["parse", "--formats", &formats, &log]));
    let said: Vec<&str> = said.lines().collect();
    assert_eq!(said[2], "not read: empty");
    assert_eq!(
        said[3],
        "not read: field-unreadable; closest: gate, field src_ip missing or unreadable"
    );
    assert_eq!(said[5], "not read: unknown-format");
    let output = larum(&["parse", "--formats", &formats, "--format", "gate", &log]);
    let first = text(&output).lines().next().unwrap().to_owned();
    assert!(first.contains("closest: gate"), "{first}");
}

#[test]
fn looking_for_the_closest_is_bounded() {
    let folder = tempfile::tempdir().unwrap();
    let (log, _) = written(folder.path());
    fs::write(&log, "acme_gate=1 addr=?\n".repeat(1_100)).unwrap();
    let formats = folder.path().display().to_string();
    let answers = lines(&larum(&["parse", "--json", "--formats", &formats, &log]));
    let explained = answers
        .iter()
        .filter(|answer| answer.get("closest").is_some());
    assert_eq!((answers.len(), explained.count()), (1_100, 1_000));
    fs::write(&log, "hello\n".repeat(10_100)).unwrap();
    let answers = lines(&larum(&["formats", "test", "--json", &log]));
    assert_eq!(
        answers.last().unwrap()["summary"],
        json!({"records": 10_100, "read": 0, "unread": 10_100, "looked_into": 10_000})
    );
    let said = text(&larum(&["formats", "test", &log]));
    assert!(said.contains("100 more lines that were not read"), "{said}");
}

#[test]
fn scan_reads_with_a_folder_of_formats_too() {
    let folder = tempfile::tempdir().unwrap();
    let (log, _) = written(folder.path());
    fs::write(&log, "acme_gate=1 addr=192.0.2.1\n").unwrap();
    let formats = folder.path().display().to_string();
    let events = |args: &[&str]| {
        let all = [&["scan", "--json", "--stats"], args, &[log.as_str()]].concat();
        lines(&larum(&all)).last().unwrap()["stats"]["events"].clone()
    };
    assert_eq!(events(&[]), 0);
    assert_eq!(events(&["--formats", &formats]), 1);
    let output = larum(&["scan", "--formats", "/no/such/folder", &log]);
    assert_eq!(output.status.code(), Some(74));
}

#[test]
fn formats_are_listed_and_shown() {
    let listed = lines(&larum(&["formats", "list", "--json"]));
    assert_eq!(listed.len(), larum_core::content::FORMATS.len());
    let sonicwall = listed.iter().find(|one| one["format"] == "sonicwall");
    let sonicwall = sonicwall.unwrap();
    assert_eq!(sonicwall["name"], "SonicWall");
    assert_eq!(sonicwall["group"], "firewall");
    let shown = larum(&["formats", "show", "sonicwall", "--json"]);
    assert_eq!(&lines(&shown)[0], sonicwall);
    let people = text(&larum(&["formats", "show", "sonicwall"]));
    assert!(people.contains("Known by          begins with"), "{people}");
    assert!(!people.contains('«'), "{people}");
    for (name, file) in larum_core::content::FORMATS.iter() {
        if *name == "sonicwall" {
            assert_eq!(text(&larum(&["formats", "show", name, "--file"])), *file);
        }
    }
    let output = larum(&["formats", "show", "no-such-format"]);
    assert_eq!(output.status.code(), Some(4));
}

#[test]
fn the_list_of_devices_is_current() {
    let page = PathBuf::from(env!("CARGO_MANIFEST_DIR")).join("../../docs/member/devices.md");
    let made = text(&larum(&["formats", "list", "--markdown"]));
    assert!(!made.contains('«'), "a heading lacks words");
    let kept = fs::read_to_string(page).unwrap();
    let missing: Vec<&str> = made
        .lines()
        .filter(|line| !kept.lines().any(|known| known == *line))
        .collect();
    let gone: Vec<&str> = kept
        .lines()
        .filter(|line| !made.lines().any(|known| known == *line))
        .collect();
    assert!(
        kept == made,
        "devices came {missing:?} or went {gone:?}: \
         cargo run -p larum -- formats list --markdown > docs/member/devices.md"
    );
}
