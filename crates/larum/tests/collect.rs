//! The collector as people run it: a process, a configuration file, signals.
#![expect(clippy::unwrap_used, reason = "a test fails by panicking")]

use std::fs;
use std::io::Write as _;
use std::path::Path;
use std::process::{Child, Command, Output, Stdio};
use std::time::{Duration, Instant};

const LARUM: &str = env!("CARGO_BIN_EXE_larum");

fn larum(args: &[&str]) -> Output {
    Command::new(LARUM).args(args).output().unwrap()
}

fn write_config(folder: &Path, more: &str) -> String {
    let path = folder.join("collector.toml");
    let state = folder.join("state");
    let text = format!(
        "state-dir = {:?}\npage-address = \"127.0.0.1:0\"\nzone = \"UTC\"\n{more}",
        state.display().to_string()
    );
    fs::write(&path, text).unwrap();
    path.display().to_string()
}

fn collect(config: &str) -> Child {
    Command::new(LARUM)
        .args(["collect", "--config", config, "--log", "json"])
        .stdin(Stdio::null())
        .stderr(Stdio::null())
        .spawn()
        .unwrap()
}

fn status(config: &str) -> Option<serde_json::Value> {
    let output = larum(&["status", "--json", "--config", config]);
    output
        .status
        .success()
        .then(|| serde_json::from_slice(&output.stdout).unwrap())
}

/// Waits until the status says that so many records were received.
fn until_received(config: &str, count: u64) -> serde_json::Value {
    let begun = Instant::now();
    loop {
        let status = status(config);
        let received =
            |status: &serde_json::Value| status.pointer("/total/received") == Some(&count.into());
        if let Some(status) = status.filter(received) {
            return status;
        }
        assert!(
            begun.elapsed() < Duration::from_secs(60),
            "never received {count}"
        );
        std::thread::sleep(Duration::from_millis(50));
    }
}

fn signal(child: &Child, name: &str) {
    let id = child.id().to_string();
    let sent = Command::new("kill").args([name, &id]).status().unwrap();
    assert!(sent.success());
}

#[test]
fn standard_input_is_read_to_its_end_and_the_sum_stays_readable() {
    let folder = tempfile::tempdir().unwrap();
    let config = write_config(folder.path(), "");
    assert_eq!(
        larum(&["status", "--config", &config]).status.code(),
        Some(4)
    );
    let mut child = Command::new(LARUM)
        .args(["collect", "--stdin", "--config", &config])
        .stdin(Stdio::piped())
        .stderr(Stdio::piped())
        .spawn()
        .unwrap();
    let mut input = child.stdin.take().unwrap();
    for attempt in 0..40 {
        writeln!(
            input,
            "Nov 22 19:00:{attempt:02} gate sshd[9]: Failed password for root from 198.51.100.7 port {} ssh2",
            40_000 + attempt
        )
        .unwrap();
    }
    write!(input, "half a line").unwrap();
    drop(input);
    let output = child.wait_with_output().unwrap();
    assert!(output.status.success());
    let log = String::from_utf8_lossy(&output.stderr);
    assert!(
        !log.contains("198.51.100.7"),
        "an address in the log: {log}"
    );
    let status = status(&config).unwrap();
    assert_eq!(status["running"], false);
    assert_eq!(status["total"]["received"], 41);
    assert_eq!(status["total"]["events"], 40);
    assert_eq!(status["hours"][0]["device"], "stdin");
    let text = larum(&["status", "--config", &config]);
    let text = String::from_utf8_lossy(&text.stdout).into_owned();
    assert!(text.contains("NOT running"), "{text}");
    assert!(!text.contains('«'), "{text}");
}

#[test]
fn killed_without_warning_it_goes_on_where_it_was_and_counts_each_line_once() {
    let folder = tempfile::tempdir().unwrap();
    let log = folder.path().join("auth.log");
    let more = format!("[[file]]\npath = {:?}\n", log.display().to_string());
    let config = write_config(folder.path(), &more);
    let mut written = 0;
    let mut write = |count: u64| {
        let mut file = fs::OpenOptions::new()
            .append(true)
            .create(true)
            .open(&log)
            .unwrap();
        for _ in 0..count {
            written += 1;
            writeln!(file, "line number {written}").unwrap();
        }
        written
    };
    let mut total = write(1_000);
    for _ in 0..3 {
        let mut child = collect(&config);
        until_received(&config, total);
        total = write(500);
        signal(&child, "-KILL");
        child.wait().unwrap();
    }
    let mut child = collect(&config);
    until_received(&config, total);
    signal(&child, "-TERM");
    assert!(child.wait().unwrap().success());
    let status = status(&config).unwrap();
    assert_eq!(status["total"]["received"], total);
    assert_eq!(status["running"], false);
}

#[test]
fn wrong_configurations_are_told_with_their_line_and_exit_2() {
    let folder = tempfile::tempdir().unwrap();
    let config = write_config(folder.path(), "[limit]\nidle-seconds = 3\n");
    for command in [
        vec!["check-config", &config],
        vec!["collect", "--config", &config],
    ] {
        let output = larum(&command);
        assert_eq!(output.status.code(), Some(2));
        let said = String::from_utf8_lossy(&output.stderr);
        assert!(said.contains("line 4") && said.contains("limits"), "{said}");
    }
    let good = write_config(folder.path(), "");
    assert!(larum(&["check-config", &good]).status.success());
    let missing = folder.path().join("missing.toml").display().to_string();
    assert_eq!(larum(&["check-config", &missing]).status.code(), Some(74));
    // Nothing to listen to.
    assert_eq!(
        larum(&["collect", "--config", &good]).status.code(),
        Some(2)
    );
}

const HELLO: &str = r#"
kind = "system"
reader = "template"
source = "invented"
[[recognise]]
starts = ["hello "]
[fields]
device = "name"
[[template]]
text = "hello {word:name}"
[[case]]
input = "hello gate"
expect = { kind = "system", device = "gate" }
"#;

/// A configuration that names a folder of formats and a log of one line; all three.
fn with_own_formats(folder: &Path) -> (String, std::path::PathBuf, std::path::PathBuf) {
    let (formats, log) = (folder.join("formats"), folder.join("gate.log"));
    fs::create_dir(&formats).unwrap();
    fs::write(&log, "hello gate\n").unwrap();
    let more = format!(
        "formats = {:?}\n[[file]]\npath = {:?}\n",
        formats.display().to_string(),
        log.display().to_string()
    );
    (write_config(folder, &more), formats, log)
}

/// Every problem of every file of the firm's own formats is told with its file and key, before anything
/// starts.
#[test]
fn own_formats_are_checked() {
    let folder = tempfile::tempdir().unwrap();
    let (config, formats, _) = with_own_formats(folder.path());
    let check = |commands: &[&[&str]], expected: &[&str]| {
        for command in commands {
            let output = larum(&[command, &[config.as_str()][..]].concat());
            let said = String::from_utf8(output.stderr).unwrap();
            assert_eq!(output.status.code(), Some(2), "{command:?} {said}");
            for part in expected {
                assert!(said.contains(part), "{part} is not in {said}");
            }
        }
    };
    let both: &[&[&str]] = &[&["check-config"], &["collect", "--config"]];
    let write = |name: &str, text: &str| fs::write(formats.join(name), text).unwrap();
    write("hello.toml", &HELLO.replace("device =", "devise ="));
    write("other.toml", "reader = 4");
    check(
        both,
        &["hello.toml: fields.devise: ", "other.toml: line 1: "],
    );
    fs::remove_file(formats.join("other.toml")).unwrap();
    write("hello.toml", &HELLO.replace("\"gate\" }", "\"door\" }"));
    check(both, &["hello.toml: case: "]);
    write("hello.toml", HELLO);
    assert_eq!(larum(&["check-config", &config]).status.code(), Some(0));
    fs::remove_dir_all(&formats).unwrap();
    assert_eq!(larum(&["check-config", &config]).status.code(), Some(74));
}

/// A file of the firm's own formats is read on SIGHUP, without a restart.
#[test]
fn own_formats_are_read_again_on_hangup() {
    let folder = tempfile::tempdir().unwrap();
    let (config, formats, log) = with_own_formats(folder.path());
    let mut child = collect(&config);
    let events = |status: &serde_json::Value| status.pointer("/total/events").unwrap().as_u64();
    assert_eq!(events(&until_received(&config, 1)), Some(0));
    let said = String::from_utf8(larum(&["status", "--config", &config]).stdout).unwrap();
    assert!(
        said.contains("One line looks like nothing Larum knows."),
        "{said}"
    );
    fs::write(formats.join("hello.toml"), HELLO).unwrap();
    signal(&child, "-HUP");
    let begun = Instant::now();
    let mut sent = 1;
    // The signal has no answer: lines are written until one of them is read.
    loop {
        let mut log = fs::OpenOptions::new().append(true).open(&log).unwrap();
        log.write_all(b"hello gate\n").unwrap();
        sent += 1;
        if events(&until_received(&config, sent)) > Some(0) {
            break;
        }
        assert!(begun.elapsed() < Duration::from_secs(60), "never read");
    }
    signal(&child, "-TERM");
    assert!(child.wait().unwrap().success());
}
