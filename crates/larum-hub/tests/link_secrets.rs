//! Invariant 1, end to end: marked secrets go in through lines of every format, through a whole
//! collector to a whole hub, and none is in the spool, in the ledger, or in anything the hub keeps.
#![expect(clippy::unwrap_used, reason = "a test fails by panicking")]
#![expect(clippy::expect_used, reason = "a test fails by panicking")]

mod link_rig;

use std::fs;
use std::net::{SocketAddr, TcpStream};
use std::path::{Path, PathBuf};
use std::sync::{Arc, Mutex};
use std::time::{Duration, Instant};

use larum_collector::Shared;
use larum_collector::config::{Config, FileInput, Start};
use larum_collector::identity;
use larum_link::clock::Clock;
use link_rig::{Hub, PATIENCE, VERSION, start};
use tokio::sync::oneshot;

/// Stands wherever a device writes something private.
const SECRET: &str = "zq7secretmark";
/// Addresses inside the firm; none may leave.
const INSIDE: [&str; 3] = ["10.77.66.55", "192.168.77.66", "fd00:77:66::55"];

/// Lines of every format with the mark as user, host, path, query, agent, referrer, rule and message.
/// Repeated until each detector has spoken.
fn lines() -> Vec<String> {
    let mut lines = Vec::new();
    for n in 0..60 {
        let outside = format!("198.51.100.{}", 1 + n % 3);
        let [v4, other, v6] = INSIDE;
        let mut add = |line: String| lines.push(line.replace("SECRET", SECRET));
        add(format!(
            "Nov 22 19:00:{n:02} SECRET sshd[9]: Failed password for invalid user SECRET from {outside} port 4{n:03} ssh2"
        ));
        add(format!(
            "Nov 22 19:00:{n:02} SECRET sshd[9]: Failed password for SECRET from {v4} port 4{n:03} ssh2"
        ));
        add(format!(
            "{outside} - SECRET [22/Nov/2026:19:00:{n:02} +0000] \"GET /SECRET/../../etc/passwd?q=SECRET{n}&t=<script>alert('SECRET')</script> HTTP/1.1\" 404 9 \"http://example.org/SECRET\" \"sqlmap SECRET\""
        ));
        add(format!(
            "{outside} - - [22/Nov/2026:19:00:{n:02} +0000] \"GET /SECRET{n}.php?id=1%27%20union%20select%20SECRET--%20 HTTP/1.1\" 404 9 \"-\" \"SECRET\""
        ));
        add(format!(
            "Nov 22 19:00:{n:02} SECRET kernel: [UFW BLOCK SECRET] IN=eth0 OUT= SRC={outside} DST={other} LEN=60 PROTO=TCP SPT=4{n:03} DPT={}",
            1_000 + n
        ));
        add(format!(
            "Nov 22 19:00:{n:02} SECRET kernel: [UFW BLOCK SECRET] IN=eth0 OUT= SRC=2001:db8::7 DST={v6} LEN=60 PROTO=TCP SPT=4{n:03} DPT={}",
            1_000 + n
        ));
        add(format!(
            "date=2026-11-22 time=19:00:{n:02} devname=\"SECRET\" devid=\"SECRET\" logid=\"0419016384\" type=\"utm\" subtype=\"ips\" level=\"alert\" vd=\"root\" severity=\"critical\" srcip={outside} dstip={v4} srcport=4{n:03} dstport=445 proto=6 action=\"dropped\" attack=\"SECRET\" user=\"SECRET\" msg=\"SECRET\""
        ));
        add(format!(
            "date=2026-11-22 time=19:00:{n:02} devname=\"SECRET\" devid=\"SECRET\" logid=\"0000000013\" type=\"traffic\" subtype=\"forward\" level=\"notice\" srcip={outside} dstip={v4} srcport=4{n:03} dstport={} proto=6 action=\"deny\" policyname=\"SECRET\" user=\"SECRET\"",
            2_000 + n
        ));
        add(format!(
            "<166>Nov 22 2026 19:00:{n:02} SECRET : %ASA-4-106023: Deny tcp src outside:{outside}/4{n:03} dst inside:{v4}/{} by access-group \"SECRET\" [0x0, 0x0]",
            3_000 + n
        ));
        add(format!(
            "<134>Nov 22 19:00:{n:02} SECRET filterlog[1]: 5,,,SECRET,igb0,match,block,in,4,0x0,,64,1,0,DF,6,tcp,60,{outside},{v4},4{n:03},{},0,S,1,,64240,,mss",
            4_000 + n
        ));
        add(format!("SECRET is no known format at all, number {n}"));
    }
    lines
}

/// Every byte of every file below `folder`, with the file's name.
fn contents(folder: &Path) -> Vec<(String, Vec<u8>)> {
    let mut found = Vec::new();
    for entry in fs::read_dir(folder).unwrap() {
        let path = entry.unwrap().path();
        if path.is_dir() {
            found.extend(contents(&path));
        } else {
            found.push((path.display().to_string(), fs::read(&path).unwrap()));
        }
    }
    found
}

fn betrays(bytes: &[u8]) -> Option<&'static str> {
    let text = String::from_utf8_lossy(bytes);
    std::iter::once(SECRET)
        .chain(INSIDE)
        .find(|secret| text.contains(secret))
}

/// Joins a hub, reads every line from a file, and waits until the hub has what was found.
async fn collect(folder: &Path, hub: &Hub, clock: &Clock) -> PathBuf {
    let state = folder.join("collector");
    let token = hub.token(hub.member("Bakery", start()), start());
    identity::join(&token, VERSION, &state, clock)
        .await
        .unwrap();
    let log = folder.join("all.log");
    let lines = lines();
    fs::write(&log, lines.join("\n") + "\n").unwrap();
    let mut config = Config::new(&state);
    config.page_address = None;
    config.files = vec![FileInput {
        path: log,
        start: Start::Beginning,
    }];
    let (stop, stopped) = oneshot::channel();
    let shared = Shared::built_in().unwrap();
    let running =
        larum_collector::run(
            config,
            shared,
            clock.clone(),
            async move { drop(stopped.await) },
        )
        .await
        .unwrap();
    let begun = Instant::now();
    loop {
        let total = running.board.lock().tally.save().total;
        let read = total.received == u64::try_from(lines.len()).unwrap();
        if read && total.sightings > 20 && total.receipted == total.sightings {
            break;
        }
        assert!(
            begun.elapsed() < PATIENCE,
            "the hub never had it all: {total:?}"
        );
        tokio::time::sleep(Duration::from_millis(20)).await;
    }
    stop.send(()).unwrap();
    running.handle.await.unwrap();
    state
}

/// Everything both programs have to say, however little it matters.
#[derive(Clone, Default)]
struct Said(Arc<Mutex<Vec<u8>>>);

impl Said {
    fn listen() -> Self {
        let said = Self::default();
        let to = said.clone();
        tracing_subscriber::fmt()
            .with_max_level(tracing::Level::TRACE)
            .with_writer(move || to.clone())
            .init();
        said
    }
}

impl std::io::Write for Said {
    fn write(&mut self, bytes: &[u8]) -> std::io::Result<usize> {
        self.0.lock().unwrap().extend_from_slice(bytes);
        Ok(bytes.len())
    }

    fn flush(&mut self) -> std::io::Result<()> {
        Ok(())
    }
}

/// What the hub counts.
fn metrics(address: SocketAddr) -> Vec<u8> {
    use std::io::{Read as _, Write as _};
    let mut stream = TcpStream::connect(address).unwrap();
    let ask = format!("GET /metrics HTTP/1.1\r\nHost: {address}\r\nConnection: close\r\n\r\n");
    stream.write_all(ask.as_bytes()).unwrap();
    let mut answer = Vec::new();
    stream.read_to_end(&mut answer).unwrap();
    assert!(answer.starts_with(b"HTTP/1.1 200"));
    answer
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn no_marked_secret_leaves_the_firm() {
    let said = Said::listen();
    let folder = tempfile::tempdir().unwrap();
    let clock = Clock::scaled(start(), 60.0);
    let hub = Hub::new(&folder.path().join("hub"), &clock).await;
    let state = collect(folder.path(), &hub, &clock).await;
    let arrived = hub.totals().arrived;
    let address = hub.running.metrics_addr.unwrap();
    let counted = tokio::task::spawn_blocking(move || metrics(address)).await;
    hub.stop().await;
    assert!(arrived > 20, "there was something to leave: {arrived}");

    let mut sent = contents(&state.join("ledger"));
    let attacker = |bytes: &[u8]| String::from_utf8_lossy(bytes).contains("198.51.100.");
    assert!(
        sent.iter().any(|(_, bytes)| attacker(bytes)),
        "the ledger is readable and names the attackers"
    );
    sent.extend(contents(&state.join("spool")));
    sent.extend(contents(&folder.path().join("hub")));
    sent.push(("the hub's metrics".to_owned(), counted.unwrap()));
    let said = std::mem::take(&mut *said.0.lock().unwrap());
    assert!(said.len() > 1_000, "both were heard");
    sent.push(("the log of both".to_owned(), said));
    for (file, bytes) in sent {
        if let Some(secret) = betrays(&bytes) {
            panic!("{secret} in {file}: {}", String::from_utf8_lossy(&bytes));
        }
    }
}
