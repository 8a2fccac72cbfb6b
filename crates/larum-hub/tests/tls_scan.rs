//! Every port that speaks TLS, as a scanner that is not ours sees it: no version before 1.2, no weak
//! cipher, none of the known holes.
#![expect(clippy::unwrap_used, reason = "a test fails by panicking")]
#![expect(clippy::expect_used, reason = "a test fails by panicking")]
#![expect(clippy::panic, reason = "a test fails by panicking")]

mod link_rig;

use std::process::Command;

use larum_collector::Shared;
use larum_collector::config::{Config, Listen, Transport};
use larum_link::clock::Clock;
use link_rig::Hub;
use tokio::sync::oneshot;

/// Bits that a cipher must have.
const MIN_BITS: u32 = 128;

/// What `sslscan` says of a port.
async fn scanned(port: u16) -> String {
    let scan = move || {
        Command::new("sslscan")
            .args(["--no-colour", "--no-check-certificate"])
            .arg(format!("127.0.0.1:{port}"))
            .output()
            .expect("sslscan, which tools/test installs")
    };
    let output = tokio::task::spawn_blocking(scan).await.unwrap();
    String::from_utf8_lossy(&output.stdout).into_owned()
}

/// Holds what a scan says against what is promised; `versions` are those that may be spoken.
fn check(what: &str, scan: &str, versions: &[&str]) {
    let line = |start: &str| {
        let mut lines = scan.lines().map(str::trim);
        lines
            .find(|line| line.starts_with(start))
            .unwrap_or_else(|| panic!("{what}: nothing of {start}: {scan}"))
    };
    for version in ["SSLv2", "SSLv3", "TLSv1.0", "TLSv1.1", "TLSv1.2", "TLSv1.3"] {
        let spoken = line(version).ends_with("enabled");
        assert_eq!(
            spoken,
            versions.contains(&version),
            "{what} {version}: {scan}"
        );
        let not_bleeding = format!("{version} not vulnerable to heartbleed");
        if spoken {
            assert!(scan.contains(&not_bleeding), "{what} {version}: {scan}");
        }
    }
    // Debian's scanner cannot try compression; the library has none.
    for hole in ["Compression enabled", "Insecure session renegotiation"] {
        assert!(!scan.contains(hole), "{what}: {scan}");
    }
    let mut ciphers = 0;
    for line in scan.lines().map(str::trim) {
        if !line.starts_with("Accepted") && !line.starts_with("Preferred") {
            continue;
        }
        ciphers += 1;
        let words: Vec<&str> = line.split_whitespace().collect();
        let [_, version, bits, "bits", cipher, ..] = words.as_slice() else {
            panic!("{what}: {line}");
        };
        assert!(versions.contains(version), "{what}: {line}");
        assert!(bits.parse::<u32>().unwrap() >= MIN_BITS, "{what}: {line}");
        // Keys that are made for the one connection, and ciphers that notice a change.
        let fresh = cipher.starts_with("ECDHE-") || cipher.starts_with("TLS_");
        let sealed = cipher.contains("GCM") || cipher.contains("CHACHA20");
        assert!(fresh && sealed, "{what}: {line}");
    }
    assert!(ciphers >= 2, "{what}: {scan}");
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_strangers_scanner_finds_no_weak_spot_at_any_tls_port() {
    let folder = tempfile::tempdir().unwrap();
    let clock = Clock::system();
    let hub = Hub::new(&folder.path().join("hub"), &clock).await;
    let scan = scanned(hub.running.link_addr.port()).await;
    check("the hub's link", &scan, &["TLSv1.3"]);
    hub.stop().await;

    let mut config = Config::new(folder.path().join("collector"));
    config.page_address = None;
    let address = "127.0.0.1:0".parse().unwrap();
    config.listen.push(Listen::new(Transport::Tls, address));
    let (stop, stopped) = oneshot::channel();
    let shutdown = async move { drop(stopped.await) };
    let shared = Shared::built_in().unwrap();
    let running = larum_collector::run(config, shared, clock, shutdown)
        .await
        .unwrap();
    let (_, address) = running.listen.first().unwrap();
    let scan = scanned(address.port()).await;
    check("the collector's listener", &scan, &["TLSv1.2", "TLSv1.3"]);
    stop.send(()).unwrap();
    running.handle.await.unwrap();
}
