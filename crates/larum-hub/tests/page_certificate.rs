//! The hub's own certificate for its pages: shown to browsers, and exchanged without a restart when its files
//! change, as a renewal by ACME does it.
#![expect(clippy::unwrap_used, reason = "a test fails by panicking")]
#![expect(clippy::expect_used, reason = "a test fails by panicking")]

mod set_up;

use std::io::{BufRead as _, BufReader, Write as _};
use std::path::Path;
use std::process::{Child, Command, Stdio};
use std::time::{Duration, Instant};

use set_up::init;

/// Longer than anything here may take; reached only when a test fails.
const PATIENCE: Duration = Duration::from_secs(60);

/// A certificate for `localhost` and its key, as `NAME.crt` and `NAME.key`.
fn certificate(folder: &Path, name: &str) {
    let made = Command::new("openssl")
        .current_dir(folder)
        .args(["req", "-x509", "-newkey", "ec", "-nodes", "-days", "30"])
        .args(["-pkeyopt", "ec_paramgen_curve:P-256", "-subj"])
        .arg(format!("/CN={name}"))
        .args(["-addext", "subjectAltName=DNS:localhost"])
        .args(["-keyout", &format!("{name}.key")])
        .args(["-out", &format!("{name}.crt")])
        .output()
        .unwrap();
    assert!(made.status.success());
}

fn copy(folder: &Path, from: &str, to: &str) {
    std::fs::copy(folder.join(from), folder.join(to)).unwrap();
}

/// What `/health` answers to somebody who trusts the certificate in this file and no other.
fn health(folder: &Path, port: &str, trusted: &str) -> String {
    let mut asked = Command::new("openssl")
        .current_dir(folder)
        .args(["s_client", "-quiet", "-verify_return_error", "-CAfile"])
        .args([trusted, "-verify_hostname", "localhost", "-connect"])
        .arg(format!("127.0.0.1:{port}"))
        .stdin(Stdio::piped())
        .stdout(Stdio::piped())
        .stderr(Stdio::null())
        .spawn()
        .unwrap();
    let request = b"GET /health HTTP/1.1\r\nhost: localhost\r\nconnection: close\r\n\r\n";
    // Whoever does not trust what is shown closes at once.
    drop(asked.stdin.as_mut().unwrap().write_all(request));
    let said = asked.wait_with_output().unwrap();
    String::from_utf8_lossy(&said.stdout).into_owned()
}

#[track_caller]
fn comes_to_show(folder: &Path, port: &str, name: &str) {
    let until = Instant::now() + PATIENCE;
    while !health(folder, port, name).starts_with("HTTP/1.1 200") {
        assert!(Instant::now() < until, "{name} is not shown");
    }
}

/// A hub that serves; the port of its pages.
fn serve(config: &Path) -> (Child, String) {
    let mut hub = Command::new(env!("CARGO_BIN_EXE_larum-hub"))
        .args(["serve", "--log", "json", "--config"])
        .arg(config)
        .stderr(Stdio::piped())
        .spawn()
        .unwrap();
    let mut lines = BufReader::new(hub.stderr.take().unwrap()).lines();
    let line = lines
        .find_map(|line| line.ok().filter(|line| line.contains("\"listening\"")))
        .expect("it says where it listens");
    // Read on, so that it never waits for us.
    std::thread::spawn(move || lines.count());
    let (_, rest) = line.split_once("\"pages\":\"127.0.0.1:").unwrap();
    let (port, _) = rest.split_once('"').unwrap();
    (hub, port.to_owned())
}

fn tell(hub: &Child, signal: &str) {
    // The shell's own, which is everywhere.
    let told = Command::new("sh")
        .args(["-c", &format!("kill {signal} {}", hub.id())])
        .status()
        .unwrap();
    assert!(told.success());
}

#[test]
fn a_renewed_certificate_is_shown_without_a_restart() {
    let made = tempfile::tempdir().unwrap();
    let folder = made.path();
    certificate(folder, "first");
    certificate(folder, "second");
    copy(folder, "first.crt", "pages.crt");
    copy(folder, "first.key", "pages.key");
    let state = folder.join("hub");
    init(&state);
    let config = state.join("hub.toml");
    let mut text: String = std::fs::read_to_string(&config)
        .unwrap()
        .lines()
        .filter(|line| !line.contains("-listen = ") && !line.starts_with("[store]"))
        .filter(|line| !line.starts_with("engine = "))
        .fold(String::new(), |all, line| all + line + "\n");
    let at = |name: &str| folder.join(name).display().to_string();
    for line in [
        "link-listen = \"127.0.0.1:0\"".to_owned(),
        "page-listen = \"127.0.0.1:0\"".to_owned(),
        "metrics-listen = \"off\"".to_owned(),
        format!("page-certificate = \"{}\"", at("pages.crt")),
        format!("page-key = \"{}\"", at("pages.key")),
    ] {
        text.push_str(&line);
        text.push('\n');
    }
    std::fs::write(&config, text).unwrap();

    let (mut hub, port) = serve(&config);
    comes_to_show(folder, &port, "first.crt");
    assert_eq!(health(folder, &port, "second.crt"), "");
    // Half of a renewal: certificate and key do not fit each other, so the old pair stays.
    copy(folder, "second.crt", "pages.crt");
    tell(&hub, "-HUP");
    comes_to_show(folder, &port, "first.crt");
    copy(folder, "second.key", "pages.key");
    tell(&hub, "-HUP");
    comes_to_show(folder, &port, "second.crt");
    assert_eq!(health(folder, &port, "first.crt"), "");
    // Nobody said anything: it looks by itself.
    copy(folder, "first.crt", "pages.crt");
    copy(folder, "first.key", "pages.key");
    comes_to_show(folder, &port, "first.crt");
    tell(&hub, "-TERM");
    assert!(hub.wait().unwrap().success());
}
