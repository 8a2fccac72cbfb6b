//! A network namespace of a test's own: the test runs itself again inside one, so that real packets go
//! over real interfaces that nobody else sees and that vanish with it.
#![allow(
    dead_code,
    clippy::allow_attributes,
    clippy::print_stderr,
    reason = "each test file uses its own part; a test says why it did nothing"
)]

use std::path::Path;
use std::process::{Command, Stdio};

/// Set inside the namespace.
const INSIDE: &str = "LARUM_TEST_NAMESPACE";

/// Runs `work` in a namespace of its own: `test` is this test's full name. Where none can be made, says so
/// and does nothing.
#[track_caller]
pub fn apart(test: &str, work: impl FnOnce()) {
    if std::env::var_os(INSIDE).is_some() {
        quiet();
        work();
        return;
    }
    let program = std::env::current_exe().unwrap();
    // As root, or as anyone where that is allowed.
    let ways = [&["--net"][..], &["--user", "--map-root-user", "--net"]];
    let works = |way: &&&[&str]| {
        let mut tried = Command::new("unshare");
        let tried = tried.args(**way).args(["ip", "link", "set", "lo", "up"]);
        let tried = tried.stdout(Stdio::null()).stderr(Stdio::null()).status();
        tried.is_ok_and(|status| status.success())
    };
    let Some(way) = ways.iter().find(works) else {
        eprintln!("{test}: nothing tested, this machine lets nobody make a network namespace");
        return;
    };
    let status = Command::new("unshare")
        .args(*way)
        .arg(program)
        .args([test, "--exact", "--nocapture"])
        .env(INSIDE, "1")
        .status()
        .unwrap();
    assert!(status.success(), "inside the namespace: {status}");
}

/// Nothing is sent but what the test sends: interfaces made from now on speak no IPv6 by themselves.
fn quiet() {
    for which in ["all", "default"] {
        let path = format!("/proc/sys/net/ipv6/conf/{which}/disable_ipv6");
        if Path::new(&path).exists() {
            std::fs::write(&path, "1").unwrap();
        }
    }
}

/// Runs `ip` with these words.
#[track_caller]
pub fn ip(words: &str) {
    let status = Command::new("ip").args(words.split(' ')).status().unwrap();
    assert!(status.success(), "ip {words}");
}

/// A pair of interfaces, `near` with the address 192.0.2.1 and `far`, behind which 192.0.2.9 seems to be.
pub fn pair() {
    ip("link set lo up");
    ip("link add near type veth peer name far");
    ip("addr add 192.0.2.1/24 dev near");
    ip("link set near up");
    ip("link set far up");
    // The kernel begins to send some time after that.
    while !is_up("near") || !is_up("far") {
        std::thread::yield_now();
    }
    ip("neigh add 192.0.2.9 lladdr 02:00:00:00:00:09 dev near nud permanent");
}

fn is_up(interface: &str) -> bool {
    let shown = Command::new("ip")
        .args(["link", "show", interface])
        .output();
    String::from_utf8_lossy(&shown.unwrap().stdout).contains("state UP")
}

/// Sends frames as they are, given in hex, out of the interface `near`.
#[track_caller]
pub fn send_frames(frames: &[String]) {
    let program = "import socket,sys\n\
        s=socket.socket(socket.AF_PACKET,socket.SOCK_RAW)\n\
        s.bind(('near',0))\n\
        for line in sys.argv[1:]: s.send(bytes.fromhex(line))";
    let mut python = Command::new("python3");
    let status = python.arg("-c").arg(program).args(frames).status().unwrap();
    assert!(status.success());
}
