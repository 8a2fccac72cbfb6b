//! The collector as a process of its own, with a hard limit on its memory, against everybody who could
//! wear it out at once: it stays within the limit, the honest are heard, and those who stall are shown
//! out.
#![expect(clippy::unwrap_used, reason = "a test fails by panicking")]
#![expect(clippy::expect_used, reason = "a test fails by panicking")]
#![expect(clippy::indexing_slicing, reason = "a test fails by panicking")]

use std::fs;
use std::io::{BufRead as _, BufReader, Read as _, Write as _};
use std::net::{Ipv4Addr, SocketAddr, TcpStream, UdpSocket};
use std::path::{Path, PathBuf};
use std::process::{Child, Command, Stdio};
use std::time::{Duration, Instant};

use socket2::{Domain, Socket, Type};

/// What the process may write to (`RLIMIT_DATA`: heap, stacks, private maps), as `packaging/larum.service`
/// allows it to be resident. The kernel gives no byte more.
const LIMIT_BYTES: u64 = 256 << 20;
/// What it is to get by with, resident, at its worst here.
const RESIDENT_KIB: u64 = 160 << 10;
const TOKEN: &str = "a-token-of-32-letters-for-a-test";
/// Connections that one abuser tries to hold at each door, and how many abusers there are.
const TRIED: usize = 60;
const ABUSERS: u8 = 5;
/// How many of one sender are let in, as by default.
const LET_IN: usize = 32;
/// No state is waited for longer.
const PATIENCE: Duration = Duration::from_secs(120);

struct Collector {
    child: Child,
    /// Protocol and port in the order of the configuration.
    ports: Vec<(String, u16)>,
    metrics: u16,
    log: PathBuf,
}

fn configuration(folder: &Path) -> String {
    let state = folder.join("state");
    let token = folder.join("token");
    fs::write(&token, TOKEN).unwrap();
    let mut text = format!(
        "state-dir = {state:?}\npage-address = \"off\"\nmetrics-address = \"127.0.0.1:0\"\n\
         [limits]\nidle-seconds = 10\n"
    );
    for (protocol, more) in [
        ("udp", String::new()),
        ("tcp", String::new()),
        ("tls", String::new()),
        ("relp", String::new()),
        ("http", format!("token-file = {token:?}\n")),
        ("flows", String::new()),
    ] {
        let address = "127.0.0.1:0";
        text += &format!("[[listen]]\nprotocol = \"{protocol}\"\naddress = \"{address}\"\n{more}");
    }
    text
}

impl Collector {
    fn start(folder: &Path) -> Self {
        let config = folder.join("collector.toml");
        fs::write(&config, configuration(folder)).unwrap();
        let log = folder.join("log");
        let limit = format!("--data={LIMIT_BYTES}");
        let child = Command::new("prlimit")
            .args([&limit, env!("CARGO_BIN_EXE_larum"), "collect", "--log"])
            .args(["json", "--config"])
            .arg(&config)
            .stdout(Stdio::null())
            .stderr(fs::File::create(&log).unwrap())
            .spawn()
            .expect("prlimit of util-linux");
        let mut started = Self {
            child,
            ports: Vec::new(),
            metrics: 0,
            log,
        };
        started.wait("it listens", |collector| collector.read_log());
        started
    }

    fn read_log(&mut self) -> bool {
        self.ports.clear();
        for line in fs::read_to_string(&self.log).unwrap().lines() {
            let Ok(line) = serde_json::from_str::<serde_json::Value>(line) else {
                continue;
            };
            let fields = &line["fields"];
            if let (Some(protocol), Some(port)) =
                (fields["protocol"].as_str(), fields["port"].as_u64())
            {
                let port = u16::try_from(port).unwrap();
                self.ports.push((protocol.to_owned(), port));
            }
            if fields["message"] == "metrics" {
                let url = fields["url"].as_str().unwrap();
                let port = url.rsplit(':').next().unwrap().trim_end_matches("/metrics");
                self.metrics = port.parse().unwrap();
            }
        }
        self.ports.len() == 6 && self.metrics > 0
    }

    fn wait(&mut self, what: &str, mut is_so: impl FnMut(&mut Self) -> bool) {
        let begun = Instant::now();
        while !is_so(self) {
            let ended = self.child.try_wait().unwrap();
            let log = || fs::read_to_string(&self.log).unwrap();
            assert!(ended.is_none(), "{what}: it ended, {ended:?}\n{}", log());
            assert!(begun.elapsed() < PATIENCE, "{what}: never\n{}", log());
            std::thread::sleep(Duration::from_millis(50));
        }
    }

    fn port(&self, protocol: &str) -> u16 {
        let mut ports = self.ports.iter();
        ports.find(|one| one.0 == protocol).unwrap().1
    }

    /// The sum of a metric over the labels that hold `label`.
    fn metric(&self, name: &str, label: &str) -> u64 {
        let mut stream = TcpStream::connect((Ipv4Addr::LOCALHOST, self.metrics)).unwrap();
        let ask = format!(
            "GET /metrics HTTP/1.1\r\nHost: 127.0.0.1:{}\r\nConnection: close\r\n\r\n",
            self.metrics
        );
        stream.write_all(ask.as_bytes()).unwrap();
        let mut text = String::new();
        stream.read_to_string(&mut text).unwrap();
        assert!(text.starts_with("HTTP/1.1 200"), "{text}");
        text.lines()
            .filter(|line| line.starts_with(name) && line.contains(label))
            .filter_map(|line| line.rsplit(' ').next()?.parse::<u64>().ok())
            .sum()
    }

    /// Kibibytes as `/proc` names them.
    fn kibibytes(&self, what: &str) -> u64 {
        let status = fs::read_to_string(format!("/proc/{}/status", self.child.id())).unwrap();
        let line = status.lines().find(|line| line.starts_with(what)).unwrap();
        line.split_whitespace().nth(1).unwrap().parse().unwrap()
    }

    fn stop(mut self) {
        let process = self.child.id().to_string();
        let told = Command::new("kill").args(["-TERM", &process]).status();
        assert!(told.unwrap().success());
        let ended = self.child.wait().unwrap();
        let log = fs::read_to_string(&self.log).unwrap();
        assert_eq!(ended.code(), Some(0), "{log}");
    }
}

impl Drop for Collector {
    fn drop(&mut self) {
        // Only where the test has failed is it still there.
        drop(self.child.kill());
        drop(self.child.wait());
    }
}

/// A connection that comes from `127.0.1.abuser`.
fn connect(abuser: u8, port: u16) -> TcpStream {
    let socket = Socket::new(Domain::IPV4, Type::STREAM, None).unwrap();
    let own = SocketAddr::from((Ipv4Addr::new(127, 0, 1, abuser), 0));
    socket.bind(&own.into()).unwrap();
    let to = SocketAddr::from((Ipv4Addr::LOCALHOST, port));
    socket.connect(&to.into()).unwrap();
    socket.into()
}

/// At each door each abuser tries to hold many connections, each with a beginning that never goes on.
fn flood_connections(collector: &Collector) -> Vec<(&'static str, TcpStream)> {
    let beginnings: [(&str, Vec<u8>); 4] = [
        // A line that grows to the most that is kept of one, and has no end.
        ("tcp", vec![b'a'; 65_000]),
        // The head of a TLS record that announces 16 KiB.
        ("tls", vec![22, 3, 1, 64, 0, 1]),
        ("relp", b"1 open 4000".to_vec()),
        (
            "http",
            b"POST /records HTTP/1.1\r\nHost: larum\r\nX-Slow: ".to_vec(),
        ),
    ];
    let mut held = Vec::new();
    for abuser in 1..=ABUSERS {
        for (protocol, beginning) in &beginnings {
            for _ in 0..TRIED {
                let mut stream = connect(abuser, collector.port(protocol));
                // Whoever was not let in finds the door shut sooner or later.
                if stream.write_all(beginning).is_ok() {
                    held.push((*protocol, stream));
                }
            }
        }
    }
    held
}

/// What `gzip` makes of nothing but line ends.
fn bomb(bytes: usize) -> Vec<u8> {
    let mut gzip = Command::new("gzip")
        .stdin(Stdio::piped())
        .stdout(Stdio::piped())
        .spawn()
        .expect("gzip");
    let mut to = gzip.stdin.take().unwrap();
    let feeder = std::thread::spawn(move || {
        let block = vec![b'\n'; 1 << 20];
        for _ in 0..bytes >> 20 {
            to.write_all(&block).unwrap();
        }
    });
    let mut packed = Vec::new();
    gzip.stdout
        .take()
        .unwrap()
        .read_to_end(&mut packed)
        .unwrap();
    feeder.join().unwrap();
    assert!(gzip.wait().unwrap().success());
    packed
}

fn post(stream: &mut TcpStream, more: &str, body: &[u8]) -> String {
    let head = format!(
        "POST /records HTTP/1.1\r\nHost: larum\r\nAuthorization: Bearer {TOKEN}\r\n{more}\
         Content-Length: {}\r\nConnection: close\r\n\r\n",
        body.len()
    );
    stream.write_all(&[head.as_bytes(), body].concat()).unwrap();
    let mut answer = String::new();
    stream.read_to_string(&mut answer).unwrap();
    answer.lines().next().unwrap_or_default().to_owned()
}

/// Bodies that unpack to a quarter of a gigabyte, many at once.
fn send_bombs(collector: &Collector) {
    let bomb = bomb(256 << 20);
    std::thread::scope(|scope| {
        for abuser in 1..=ABUSERS {
            let (bomb, port) = (&bomb, collector.port("http"));
            scope.spawn(move || {
                for _ in 0..3 {
                    // From elsewhere than those who hold connections.
                    let mut stream = connect(100 + abuser, port);
                    let answer = post(&mut stream, "Content-Encoding: gzip\r\n", bomb);
                    let refused = answer.contains(" 413 ") || answer.contains(" 503 ");
                    assert!(refused, "{answer}");
                }
            });
        }
    });
}

/// Records of invented devices and attackers, and templates of invented exporters, as fast as they go.
fn flood_datagrams(collector: &Collector) {
    let sockets: Vec<UdpSocket> = (1..=200)
        .map(|last| UdpSocket::bind((Ipv4Addr::new(127, 0, 2, last), 0)).unwrap())
        .collect();
    let (logs, flows) = (collector.port("udp"), collector.port("flows"));
    for (number, socket) in (0_u32..60_000).zip(sockets.iter().cycle()) {
        let [_, a, b, c] = number.wrapping_mul(2_654_435_761).to_be_bytes();
        let line = format!(
            "<38>Nov 22 19:00:{:02} host{number} sshd[811]: Failed password for invalid user u{number} \
             from 2001:db8:{a:x}:{b:x}::{c:x} port {} ssh2",
            number % 60,
            1_024 + number % 60_000
        );
        socket
            .send_to(line.as_bytes(), (Ipv4Addr::LOCALHOST, logs))
            .unwrap();
        // IPFIX (RFC 7011): a message with one template of one field.
        let id = 256 + u16::try_from(number % 65_000).unwrap();
        let mut message = vec![0, 10, 0, 28, 0, 0, 0, 0];
        message.extend(number.to_be_bytes());
        message.extend(number.to_be_bytes());
        message.extend([0, 2, 0, 12]);
        message.extend(id.to_be_bytes());
        message.extend([0, 1, 0, 8, 0, 4]);
        socket
            .send_to(&message, (Ipv4Addr::LOCALHOST, flows))
            .unwrap();
    }
}

fn line(number: usize) -> String {
    format!(
        "<13>Nov 22 19:00:00 honest sshd[811]: Accepted password for u{number} from 192.168.1.7 port 5 ssh2\n"
    )
}

/// An honest sender at each door, while the abusers hold on; how many records were sent.
fn be_honest(collector: &Collector) -> u64 {
    let lines: String = (0..100).map(line).collect();
    let at = |protocol| (Ipv4Addr::LOCALHOST, collector.port(protocol));
    let mut tcp = TcpStream::connect(at("tcp")).unwrap();
    tcp.write_all(lines.as_bytes()).unwrap();
    drop(tcp);
    let mut http = TcpStream::connect(at("http")).unwrap();
    let answer = post(&mut http, "", lines.as_bytes());
    assert!(answer.contains(" 200 "), "{answer}");

    let mut relp = TcpStream::connect(at("relp")).unwrap();
    relp.write_all(b"1 open 30 relp_version=0\ncommands=syslog\n")
        .unwrap();
    let record = line(7);
    let record = record.trim_end();
    writeln!(relp, "2 syslog {} {record}", record.len()).unwrap();
    let mut answers = BufReader::new(relp).lines();
    let answered = answers.any(|line| line.unwrap().starts_with("2 rsp 6 200 OK"));
    assert!(answered, "RELP");

    let to = format!("127.0.0.1:{}", collector.port("tls"));
    let mut tls = Command::new("openssl")
        .args([
            "s_client",
            "-quiet",
            "-no_ign_eof",
            "-nocommands",
            "-connect",
            &to,
        ])
        .stdin(Stdio::piped())
        .stdout(Stdio::null())
        .stderr(Stdio::null())
        .spawn()
        .expect("openssl, which tools/test installs");
    tls.stdin
        .take()
        .unwrap()
        .write_all(lines.as_bytes())
        .unwrap();
    tls.wait().unwrap();
    301
}

/// Events of 127.0.0.1, from where nobody else sends.
fn events_of_the_honest(status: &Path) -> u64 {
    let text = fs::read_to_string(status).unwrap_or_default();
    let status: serde_json::Value = serde_json::from_str(&text).unwrap_or_default();
    let hours = status["hours"].as_array().into_iter().flatten();
    hours
        .filter(|row| row["device"] == "127.0.0.1")
        .filter_map(|row| row["events"].as_u64())
        .sum()
}

/// Whether the collector has closed it.
fn is_shut(stream: &mut TcpStream) -> bool {
    stream.set_nonblocking(true).unwrap();
    let mut buffer = [0; 512];
    loop {
        match stream.read(&mut buffer) {
            Ok(0) => return true,
            Ok(_) => {}
            Err(error) => return error.kind() != std::io::ErrorKind::WouldBlock,
        }
    }
}

#[test]
fn within_its_memory_it_hears_the_honest_and_shows_out_who_stalls() {
    let folder = tempfile::tempdir().unwrap();
    let mut collector = Collector::start(folder.path());
    // Those in the middle of a word are many, those of one sender are not.
    let mut held = flood_connections(&collector);
    let beyond = u64::from(ABUSERS) * 4 * u64::try_from(TRIED - LET_IN).unwrap();
    let closed = "larum_connections_closed_total";
    // Not one more than may: some of those that were let in may have been shown out already.
    collector.wait("those beyond the limit are not let in", |it| {
        it.metric(closed, "too-many-from-one-sender") >= beyond / 2
    });
    flood_datagrams(&collector);
    send_bombs(&collector);
    let sent = be_honest(&collector);
    let status = folder.path().join("state/status.json");
    collector.wait("the honest are heard", |_| {
        events_of_the_honest(&status) == sent
    });

    // TLS after 10 s, HTTP after 30, the others after the 10 s of idling that are configured.
    collector.wait("who stalls is shown out", |_| {
        held.retain_mut(|(_, stream)| !is_shut(stream));
        held.is_empty()
    });
    let peak_kib = collector.kibibytes("VmHWM");
    println!("resident at most {} MiB", peak_kib >> 10);
    assert!(peak_kib < RESIDENT_KIB, "{peak_kib} KiB");
    let limits = fs::read_to_string(format!("/proc/{}/limits", collector.child.id())).unwrap();
    let data = limits
        .lines()
        .find(|line| line.starts_with("Max data size"));
    assert!(data.unwrap().contains(&LIMIT_BYTES.to_string()), "{limits}");
    collector.stop();
}
