//! Invariant 1, at home: what a log, a metric or a support bundle of the collector says may be read by
//! others. Marked secrets go in through every input, with everything logged that can be; none comes out.
#![expect(clippy::unwrap_used, reason = "a test fails by panicking")]
#![expect(clippy::expect_used, reason = "a test fails by panicking")]

use std::fs;
use std::io::{Read as _, Write as _};
use std::net::{TcpStream, UdpSocket};
use std::path::Path;
use std::process::{Child, Command, Output, Stdio};
use std::time::{Duration, Instant};

/// Stands wherever a device writes something private.
const SECRET: &str = "zq7secretmark";
/// Stands where a device gives its own name. `larum doctor` says it to the owner when that device's clock is
/// off; nothing that leaves the owner's hands does.
const HOST: &str = "zq7hostmark";
/// An address inside the firm.
const INSIDE: &str = "10.77.66.55";
const TOKEN: &str = "a-token-of-32-letters-for-a-test";
/// File, folder, journal, standard input, UDP, TCP, TLS, RELP, HTTP.
const INPUTS: usize = 9;
const PATIENCE: Duration = Duration::from_secs(60);

/// Lines of many formats with the marks in every text a person or a stranger chooses.
fn lines() -> Vec<String> {
    let patterns = [
        "Nov 22 19:00:NN HOST sshd[9]: Failed password for invalid user SECRET from 198.51.100.7 port 4NN00 ssh2",
        "Nov 22 19:00:NN HOST sshd[9]: Accepted password for SECRET from INSIDE port 4NN00 ssh2",
        "198.51.100.8 - SECRET [22/Nov/2026:19:00:NN +0000] \"GET /SECRET/../../etc/passwd?q=SECRETNN&t=<script>alert('SECRET')</script> HTTP/1.1\" 200 9 \"http://example.org/SECRET\" \"sqlmap SECRET\"",
        "INSIDE - - [22/Nov/2026:19:00:NN +0000] \"GET /SECRETNN.php?id=1%27%20union%20select%20SECRET--%20 HTTP/1.1\" 404 9 \"-\" \"SECRET\"",
        "Nov 22 19:00:NN HOST kernel: [UFW BLOCK SECRET] IN=eth0 OUT= SRC=198.51.100.9 DST=INSIDE LEN=60 PROTO=TCP SPT=4NN00 DPT=1NN0",
        "date=2026-11-22 time=19:00:NN devname=\"HOST\" devid=\"SECRET\" logid=\"0419016384\" type=\"utm\" subtype=\"ips\" level=\"alert\" vd=\"root\" severity=\"critical\" srcip=198.51.100.7 dstip=INSIDE srcport=4NN00 dstport=445 proto=6 action=\"dropped\" attack=\"SECRET\" user=\"SECRET\" msg=\"SECRET\"",
        "<166>Nov 22 2026 19:00:NN HOST : %ASA-4-106023: Deny tcp src outside:198.51.100.7/4NN00 dst inside:INSIDE/3NN0 by access-group \"SECRET\" [0x0, 0x0]",
        "Nov 22 19:00:NN HOST dnsmasq[1]: query[A] SECRETNN.example.org from INSIDE",
        "CEF:0|SECRET|SECRET|1|SECRET|SECRET|9|src=198.51.100.7 dst=INSIDE suser=SECRET msg=SECRET request=http://example.org/SECRET",
        "{\"timestamp\":\"2026-11-22T19:00:NN.000000+0000\",\"event_type\":\"alert\",\"src_ip\":\"198.51.100.7\",\"dest_ip\":\"INSIDE\",\"proto\":\"TCP\",\"alert\":{\"signature\":\"SECRET\",\"severity\":1},\"payload_printable\":\"SECRET\"}",
        "SECRET is no known format, number NN",
        "{\"SECRET\":\"NN\",\"INSIDE\":[1,2",
    ];
    (10..50)
        .flat_map(|number| {
            let fill = move |line: &&str| {
                line.replace("NN", &number.to_string())
                    .replace("SECRET", SECRET)
                    .replace("HOST", HOST)
                    .replace("INSIDE", INSIDE)
            };
            patterns.iter().map(fill).collect::<Vec<_>>()
        })
        .collect()
}

#[track_caller]
fn keeps(what: &str, text: &str) {
    keeps_all(&[SECRET, INSIDE, HOST], what, text);
}

#[track_caller]
fn keeps_all(secrets: &[&str], what: &str, text: &str) {
    for &secret in secrets {
        let line = text.lines().find(|line| line.contains(secret));
        assert!(line.is_none(), "{what} tells {secret}: {line:?}");
    }
}

struct Collector {
    child: Child,
    log: std::path::PathBuf,
}

impl Drop for Collector {
    fn drop(&mut self) {
        drop(self.child.kill());
        drop(self.child.wait());
    }
}

impl Collector {
    fn start(folder: &Path) -> Self {
        let config = folder.join("collector.toml");
        let text = format!(
            "state-dir = {:?}\npage-address = \"off\"\nmetrics-address = \"127.0.0.1:0\"\n\
             [[listen]]\nprotocol = \"udp\"\naddress = \"127.0.0.1:0\"\n\
             [[listen]]\nprotocol = \"tcp\"\naddress = \"127.0.0.1:0\"\n\
             [[listen]]\nprotocol = \"tls\"\naddress = \"127.0.0.1:0\"\n\
             [[listen]]\nprotocol = \"relp\"\naddress = \"127.0.0.1:0\"\n\
             [[listen]]\nprotocol = \"http\"\naddress = \"127.0.0.1:0\"\ntoken-file = {:?}\n\
             [[file]]\npath = {:?}\n\
             [[folder]]\npath = {:?}\n\
             [journal]\nstart = \"beginning\"\nfolder = {:?}\n",
            folder.join("state"),
            folder.join("token"),
            folder.join("*.log"),
            folder.join("drop/*.txt"),
            folder.join("journal"),
        );
        fs::write(&config, text).unwrap();
        fs::write(folder.join("token"), TOKEN).unwrap();
        let log = folder.join("stderr");
        let child = Command::new(env!("CARGO_BIN_EXE_larum"))
            .args(["collect", "--stdin", "--log", "json", "--config"])
            .arg(&config)
            .stdin(Stdio::piped())
            .env("RUST_LOG", "trace")
            .stderr(Stdio::from(fs::File::create(&log).unwrap()))
            .spawn()
            .unwrap();
        Self { child, log }
    }

    fn log(&self) -> String {
        fs::read_to_string(&self.log).unwrap()
    }

    /// What `found` finds in the text that `look` gives, as soon as it does.
    fn until<T>(&self, look: impl Fn() -> String, found: impl Fn(&str) -> Option<T>) -> T {
        let begun = Instant::now();
        loop {
            let text = look();
            if let Some(found) = found(&text) {
                return found;
            }
            assert!(begun.elapsed() < PATIENCE, "{}", self.log());
            std::thread::sleep(Duration::from_millis(20));
        }
    }

    /// The port that stands in the log behind `before`.
    fn port(&self, before: &str) -> u16 {
        self.until(
            || self.log(),
            |text| {
                let (_, behind) = text.split_once(before)?;
                let digits: String = behind.chars().take_while(char::is_ascii_digit).collect();
                digits.parse().ok()
            },
        )
    }
}

fn metrics(port: u16) -> String {
    let mut stream = TcpStream::connect(("127.0.0.1", port)).unwrap();
    write!(
        stream,
        "GET /metrics HTTP/1.1\r\nHost: 127.0.0.1:{port}\r\nConnection: close\r\n\r\n"
    )
    .unwrap();
    let mut text = String::new();
    stream.read_to_string(&mut text).unwrap();
    text
}

fn received(metrics: &str) -> Option<usize> {
    let (_, behind) = metrics.split_once("\nlarum_records_received_total ")?;
    behind.lines().next()?.parse().ok()
}

/// The lines as one text.
fn text(lines: &[String]) -> String {
    lines.join("\n") + "\n"
}

/// A journal file with an entry for each line, written by systemd's own program.
fn write_journal(folder: &Path, lines: &[String]) {
    let mut export = String::new();
    for (number, line) in lines.iter().enumerate() {
        export += &format!(
            "__REALTIME_TIMESTAMP=1795374{number:03}000000\n__MONOTONIC_TIMESTAMP={}\n\
             _BOOT_ID=00112233445566778899aabbccddeeff\n\
             _MACHINE_ID=ffeeddccbbaa99887766554433221100\nPRIORITY=6\nSYSLOG_FACILITY=10\n\
             SYSLOG_IDENTIFIER={SECRET}\n_HOSTNAME={SECRET}\n_CMDLINE={SECRET} {INSIDE}\n\
             MESSAGE={line}\n\n",
            number + 1
        );
    }
    let file = folder.join("export");
    fs::write(&file, export).unwrap();
    fs::create_dir(folder.join("journal")).unwrap();
    let mut to = std::ffi::OsString::from("--output=");
    to.push(folder.join("journal/one.journal"));
    let written = Command::new("/lib/systemd/systemd-journal-remote")
        .arg(to)
        .arg(file)
        .output()
        .expect("systemd-journal-remote, which tools/test installs");
    assert!(written.status.success(), "{written:?}");
}

fn send_tls(port: u16, text: &str) {
    let mut sender = Command::new("openssl")
        .args(["s_client", "-quiet", "-no_ign_eof", "-nocommands"])
        .arg("-connect")
        .arg(format!("127.0.0.1:{port}"))
        .stdin(Stdio::piped())
        .stdout(Stdio::null())
        .stderr(Stdio::null())
        .spawn()
        .expect("openssl, which tools/test installs");
    let mut to = sender.stdin.take().unwrap();
    to.write_all(text.as_bytes()).unwrap();
    drop(to);
    sender.wait().unwrap();
}

fn send_relp(port: u16, lines: &[String]) {
    let mut stream = TcpStream::connect(("127.0.0.1", port)).unwrap();
    let mut frames = "1 open 30 relp_version=0\ncommands=syslog\n".to_owned();
    for (number, line) in lines.iter().enumerate() {
        frames += &format!("{} syslog {} {line}\n", number + 2, line.len());
    }
    let last = lines.len() + 2;
    frames += &format!("{last} close 0\n");
    stream.write_all(frames.as_bytes()).unwrap();
    let mut answers = String::new();
    stream.read_to_string(&mut answers).unwrap();
    keeps("an answer", &answers);
    let all = format!("\n{} rsp 6 200 OK", last - 1);
    assert!(answers.contains(&all), "{answers}");
}

fn send_http(port: u16, text: &str) {
    let mut stream = TcpStream::connect(("127.0.0.1", port)).unwrap();
    let request = format!(
        "POST /records HTTP/1.1\r\nHost: larum\r\nAuthorization: Bearer {TOKEN}\r\n\
         Content-Length: {}\r\nConnection: close\r\n\r\n{text}",
        text.len()
    );
    stream.write_all(request.as_bytes()).unwrap();
    let mut answer = String::new();
    stream.read_to_string(&mut answer).unwrap();
    keeps("an answer", &answer);
    assert!(answer.starts_with("HTTP/1.1 200"), "{answer}");
}

/// Runs `larum doctor`, which leaves a bundle in the folder.
fn doctor(folder: &Path) -> Output {
    Command::new(env!("CARGO_BIN_EXE_larum"))
        .args(["doctor", "--offline", "--json", "--config"])
        .arg(folder.join("collector.toml"))
        .arg("--bundle")
        .arg(folder.join("bundle.json"))
        .output()
        .unwrap()
}

#[test]
fn no_marked_secret_is_in_a_log_line_a_metric_or_a_bundle() {
    let folder = tempfile::tempdir().unwrap();
    let lines = lines();
    fs::write(folder.path().join("all.log"), text(&lines)).unwrap();
    fs::create_dir(folder.path().join("drop")).unwrap();
    fs::write(folder.path().join("drop/one.txt"), text(&lines)).unwrap();
    write_journal(folder.path(), &lines);
    let mut collector = Collector::start(folder.path());
    let mut stdin = collector.child.stdin.take().unwrap();
    stdin.write_all(text(&lines).as_bytes()).unwrap();
    drop(stdin);
    let port = collector.port("\"url\":\"http://127.0.0.1:");
    let udp = collector.port("\"protocol\":\"udp\",\"port\":");
    let tcp = collector.port("\"protocol\":\"tcp\",\"port\":");
    let sender = UdpSocket::bind("127.0.0.1:0").unwrap();
    for line in &lines {
        sender.send_to(line.as_bytes(), ("127.0.0.1", udp)).unwrap();
    }
    let mut stream = TcpStream::connect(("127.0.0.1", tcp)).unwrap();
    stream.write_all(text(&lines).as_bytes()).unwrap();
    let of = |protocol| collector.port(&format!("\"protocol\":\"{protocol}\",\"port\":"));
    send_tls(of("tls"), &text(&lines));
    send_relp(of("relp"), &lines);
    send_http(of("http"), &text(&lines));
    let text = collector.until(
        || metrics(port),
        |text| (received(text)? >= lines.len() * INPUTS).then(|| text.to_owned()),
    );
    keeps("a metric", &text);
    assert!(text.contains("larum_findings_total"), "{text}");

    // What the collector knows of its devices reaches the disk, where doctor looks, a little later.
    let (bundle, doctor) = collector.until(
        || String::from_utf8_lossy(&doctor(folder.path()).stdout).into_owned(),
        |doctor| {
            let bundle = fs::read_to_string(folder.path().join("bundle.json")).ok()?;
            bundle
                .contains("\"device-1\"")
                .then(|| (bundle, doctor.to_owned()))
        },
    );
    keeps("the bundle", &bundle);
    keeps_all(&[SECRET, INSIDE], "doctor", &doctor);
    let log = collector.log();
    assert!(log.lines().count() > 5, "{log}");
    keeps("the log", &log);
}
