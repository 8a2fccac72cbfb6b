//! Traffic watched by the program as people run it, on interfaces of a network namespace of the test's own.
#![expect(clippy::unwrap_used, reason = "a test fails by panicking")]

#[path = "../../capture/tests/namespace/mod.rs"]
mod namespace;

use std::fs;
use std::net::UdpSocket;
use std::process::{Child, Command, Stdio};
use std::time::{Duration, Instant};

use namespace::{apart, ip, pair};
use serde_json::Value;

const LARUM: &str = env!("CARGO_BIN_EXE_larum");
const PATIENCE: Duration = Duration::from_secs(60);

/// Asks for the status, and sends a datagram past the interface, until the status is as wanted.
fn until(config: &str, what: &str, wanted: impl Fn(&Value) -> bool) -> Value {
    let begun = Instant::now();
    loop {
        // There may be no way just now.
        if let Ok(socket) = UdpSocket::bind("192.0.2.1:0") {
            drop(socket.send_to(b"anybody there?", "192.0.2.9:9"));
        }
        let asked = Command::new(LARUM)
            .args(["status", "--json", "--config", config])
            .output()
            .unwrap();
        let status = serde_json::from_slice(&asked.stdout).unwrap_or(Value::Null);
        if wanted(&status) {
            return status;
        }
        assert!(begun.elapsed() < PATIENCE, "never {what}: {status}");
        std::thread::sleep(Duration::from_millis(50));
    }
}

fn packets(status: &Value) -> u64 {
    let packets = status.pointer("/captures/0/packets");
    packets.and_then(Value::as_u64).unwrap_or(0)
}

/// What the system says of each thread of a process under `key`.
fn of_threads(child: &Child, key: &str) -> Vec<String> {
    let tasks = fs::read_dir(format!("/proc/{}/task", child.id())).unwrap();
    let mut said = Vec::new();
    for task in tasks {
        // A thread may end while it is asked.
        let Ok(status) = fs::read_to_string(task.unwrap().path().join("status")) else {
            continue;
        };
        let line = status.lines().find_map(|line| line.strip_prefix(key));
        said.push(line.unwrap_or_default().trim().to_owned());
    }
    assert!(said.len() > 1, "{said:?}");
    said
}

#[test]
fn confined_and_without_rights_it_watches_and_takes_up_an_interface_that_is_back() {
    const TEST: &str =
        "confined_and_without_rights_it_watches_and_takes_up_an_interface_that_is_back";
    apart(TEST, || {
        pair();
        let folder = tempfile::tempdir().unwrap();
        let config = folder.path().join("collector.toml");
        let state = folder.path().join("state").display().to_string();
        let text = format!("state-dir = {state:?}\n[[capture]]\ninterface = \"far\"\n");
        fs::write(&config, text).unwrap();
        let config = config.display().to_string();
        let mut child = Command::new(LARUM)
            .args(["collect", "--config", &config])
            .stdin(Stdio::null())
            .stderr(Stdio::null())
            .spawn()
            .unwrap();
        let status = until(&config, "heard", |status| packets(status) > 0);
        assert_eq!(status["troubles"], serde_json::json!([]));

        // A filter of system calls is in force (2), and CAP_NET_ADMIN (12) and CAP_NET_RAW (13) are gone.
        assert!(
            of_threads(&child, "Seccomp:")
                .iter()
                .all(|mode| mode == "2")
        );
        for rights in of_threads(&child, "CapPrm:") {
            let rights = u64::from_str_radix(&rights, 16).unwrap();
            assert_eq!(rights >> 12 & 0b11, 0, "{rights:x}");
        }

        ip("link del near");
        let down = until(&config, "down", |status| {
            status["troubles"] == serde_json::json!(["capture-down"])
        });
        pair();
        until(&config, "back", |status| {
            status["troubles"] == serde_json::json!([]) && packets(status) > packets(&down)
        });

        let id = child.id().to_string();
        let sent = Command::new("kill").args(["-TERM", &id]).status().unwrap();
        assert!(sent.success() && child.wait().unwrap().success());
    });
}
