//! Lines that cannot be read: what the member is told about them, and the firm's own formats that mend
//! it, on a whole collector with real sockets.
#![expect(clippy::unwrap_used, reason = "a test fails by panicking")]

mod rig;

use std::io::{Read as _, Write as _};
use std::net::{SocketAddr, TcpStream, UdpSocket};
use std::path::Path;

use larum_collector::config::Transport;
use larum_collector::status;
use larum_collector::tally::hour_of;
use larum_collector::unread::{MAX_SAMPLES, UnreadRow};
use larum_link::clock::Clock;
use rig::{Started, config, failed};

/// A line of a kind that is known, without the address it went to.
const CUT: &str = "<189>date=2026-11-22 time=12:00:00 devname=\"secret-name\" \
                   devid=\"FGT60E0000000001\" logid=\"0000000013\" type=\"traffic\" \
                   subtype=\"forward\" level=\"notice\" srcip=10.9.8.7";
const GATE: &str = r#"
vendor = "Acme"
product = "Gate"
kind = "network"
reader = "key-value"
source = "invented"
[[recognise]]
starts = ["acme_gate="]
[fields]
src_ip = "addr"
[[case]]
input = "acme_gate=1 addr=192.0.2.1"
expect = { kind = "network", src_ip = "192.0.2.1" }
"#;

fn send(started: &Started, lines: &[&str]) {
    let sender = UdpSocket::bind("127.0.0.1:0").unwrap();
    for line in lines {
        sender
            .send_to(line.as_bytes(), started.address(Transport::Udp))
            .unwrap();
    }
}

fn get(address: SocketAddr, path: &str) -> String {
    let mut stream = TcpStream::connect(address).unwrap();
    let request = format!("GET {path} HTTP/1.1\r\nHost: {address}\r\nConnection: close\r\n\r\n");
    stream.write_all(request.as_bytes()).unwrap();
    let mut answer = String::new();
    stream.read_to_string(&mut answer).unwrap();
    answer
}

fn rows(folder: &Path) -> Vec<UnreadRow> {
    let document = status::read(&folder.join("state")).unwrap().unwrap();
    let device = document
        .devices
        .into_iter()
        .find(|device| device.device == "127.0.0.1");
    device.unwrap().unread
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn the_member_reads_what_unread_lines_look_like_and_no_line_is_kept() {
    let folder = tempfile::tempdir().unwrap();
    let started = Started::new(config(folder.path()), Clock::system()).await;
    let page = started.running.page_addr.unwrap();
    let quiet = get(page, "/devices");
    assert!(quiet.contains("Every line of the last 24 hours could be read."));
    let good: Vec<String> = (0..20).map(failed).collect();
    let mut lines: Vec<&str> = good.iter().map(String::as_str).collect();
    lines.extend([CUT; 3]);
    send(&started, &lines);
    started.until_received(23).await;
    let home = get(page, "/");
    // Three lines are no reason to disturb the owner, but they are said.
    assert!(
        home.contains("3 lines of the last 24 hours could not be read."),
        "{home}"
    );
    assert!(!home.contains("sends lines Larum cannot read"), "{home}");
    let mut lines = [CUT; 9].to_vec();
    lines.extend(["who <b>are</b> you", ""]);
    send(&started, &lines);
    started.until_received(34).await;

    let home = get(page, "/");
    let devices = get(page, "/devices");
    for part in [
        "12 lines look like Fortinet FortiGate, but the address it went to (dst_ip) was missing",
        "larum formats test FILE",
        "full log in its default layout",
    ] {
        assert!(home.contains(part), "{part} is not in {home}");
        assert!(devices.contains(part), "{part} is not in {devices}");
    }
    assert!(
        home.contains("127.0.0.1 sends lines Larum cannot read: 13 of 34"),
        "{home}"
    );
    assert!(devices.contains("127.0.0.1: 13 of 34 lines"), "{devices}");
    assert!(
        devices.contains("One line looks like nothing Larum knows."),
        "{devices}"
    );
    started.stop().await;

    let expected = [
        UnreadRow {
            lines: 12,
            why: "field".into(),
            format: Some("fortigate".into()),
            vendor: Some("Fortinet".into()),
            product: Some("FortiGate".into()),
            field: Some("dst_ip".into()),
        },
        UnreadRow {
            lines: 1,
            why: "nothing".into(),
            ..UnreadRow::default()
        },
    ];
    assert_eq!(rows(folder.path()), expected);
    for file in ["status.json", "checkpoint.json"] {
        let text = std::fs::read_to_string(folder.path().join("state").join(file)).unwrap();
        for secret in ["secret-name", "10.9.8.7", "who "] {
            assert!(!text.contains(secret), "{secret} is in {file}");
        }
    }
    // The numbers outlive a restart.
    let started = Started::new(config(folder.path()), Clock::system()).await;
    let devices = get(started.running.page_addr.unwrap(), "/devices");
    assert!(
        devices.contains("12 lines look like Fortinet FortiGate"),
        "{devices}"
    );
    started.stop().await;
    assert_eq!(rows(folder.path()), expected);
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_flood_of_garbage_is_looked_into_only_so_far_and_the_sum_still_holds() {
    let folder = tempfile::tempdir().unwrap();
    let started = Started::new(config(folder.path()), Clock::system()).await;
    let begun = hour_of(Clock::system().now());
    let count = u64::from(MAX_SAMPLES) * 2;
    let flood: String = (0..count)
        .map(|number| format!("{CUT} n={number}\n"))
        .collect();
    let mut sender = TcpStream::connect(started.address(Transport::Tcp)).unwrap();
    sender.write_all(flood.as_bytes()).unwrap();
    drop(sender);
    started.until_received(count).await;
    started.stop().await;
    let rows = rows(folder.path());
    assert_eq!(rows.iter().map(|row| row.lines).sum::<u64>(), count);
    let rest = rows.iter().find(|row| row.why == "not-looked-into");
    let looked: u64 = count - rest.map_or(0, |row| row.lines);
    let hours = hour_of(Clock::system().now()) - begun + 1;
    assert!(looked >= u64::from(MAX_SAMPLES), "{rows:?}");
    assert!(
        i64::try_from(looked).unwrap() <= hours * i64::from(MAX_SAMPLES),
        "{rows:?}"
    );
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn own_formats_are_read_at_the_start_and_on_reload() {
    let folder = tempfile::tempdir().unwrap();
    let formats = folder.path().join("formats");
    std::fs::create_dir(&formats).unwrap();
    let mut own = config(folder.path());
    own.formats = Some(formats.clone());
    let started = Started::new(own, Clock::system()).await;
    let reload = started.running.reload.clone();
    let line = "<13>acme_gate=1 addr=192.0.2.9";
    send(&started, &[line]);
    started.until_received(1).await;
    let before = started.total();

    std::fs::write(formats.join("gate.toml"), GATE).unwrap();
    reload.formats().unwrap();
    send(&started, &[line]);
    started.until_received(2).await;
    // The built-in fall-back may read the line too; the format of the firm comes before it.
    assert_eq!(started.total().events, before.events + 1);

    let page = started.running.page_addr.unwrap();
    std::fs::write(formats.join("gate.toml"), "kind = 3").unwrap();
    let problem = reload.formats().unwrap_err().to_string();
    assert!(problem.contains("gate.toml"), "{problem}");
    assert!(get(page, "/").contains("Your own format folder has mistakes"));
    send(&started, &[line]);
    started.until_received(3).await;
    assert_eq!(started.total().events, before.events + 2);

    std::fs::write(formats.join("gate.toml"), GATE).unwrap();
    reload.formats().unwrap();
    assert!(!get(page, "/").contains("Your own format folder has mistakes"));
    started.stop().await;
}

#[tokio::test]
async fn a_collector_does_not_start_with_wrong_formats() {
    let folder = tempfile::tempdir().unwrap();
    let mut own = config(folder.path());
    own.formats = Some(folder.path().to_owned());
    std::fs::write(folder.path().join("gate.toml"), "kind = 3").unwrap();
    let shared = larum_collector::Shared::built_in().unwrap();
    let started = larum_collector::run(own, shared, Clock::system(), std::future::pending()).await;
    let Err(problem) = started else {
        panic!("it started");
    };
    assert!(problem.to_string().contains("gate.toml"), "{problem}");
}
