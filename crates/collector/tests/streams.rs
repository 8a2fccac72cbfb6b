//! TLS, RELP and HTTP on a whole collector with real sockets: what is answered is on disk, what is
//! refused is not taken, and every record is in the sums once.
#![expect(clippy::unwrap_used, reason = "a test fails by panicking")]

mod rig;

use std::io::{Read as _, Write as _};
use std::net::TcpStream;
use std::path::Path;
use std::sync::Arc;

use larum_collector::Config;
use larum_collector::config::{CertificateFrom, Listen, ListenTls, Transport};
use larum_collector::reason::Closed;
use larum_link::clock::Clock;
use larum_link::key;
use rig::{Started, config, failed};
use rustls::pki_types::ServerName;
use rustls::{ClientConfig, ClientConnection, RootCertStore, StreamOwned};

const TOKEN: &str = "a-token-of-32-letters-for-a-test";

/// A configuration with one listener, and no files.
fn only(folder: &Path, listen: Listen) -> Config {
    let mut config = config(folder);
    config.files.clear();
    config.listen = vec![listen];
    config
}

fn listener(transport: Transport) -> Listen {
    Listen::new(transport, "127.0.0.1:0".parse().unwrap())
}

/// Files with a certificate of `name`; the certificate's text.
fn certificate_files(folder: &Path, name: &str) -> (CertificateFrom, String) {
    let made = key::self_signed(name).unwrap();
    let (certificate, key) = (folder.join("c.pem"), folder.join("k.pem"));
    std::fs::write(&certificate, &made.certificate_pem).unwrap();
    std::fs::write(&key, &made.key_pem).unwrap();
    let from = CertificateFrom::Files { certificate, key };
    (from, made.certificate_pem)
}

/// A sender that trusts `certificate` alone and shows `own`.
fn sender(
    started: &Started,
    transport: Transport,
    certificate: &str,
    own: Option<&key::SelfSigned>,
    version: &'static rustls::SupportedProtocolVersion,
) -> StreamOwned<ClientConnection, TcpStream> {
    let mut roots = RootCertStore::empty();
    for certificate in larum_link::tls::certificates(certificate).unwrap() {
        roots.add(certificate).unwrap();
    }
    let provider = Arc::new(rustls::crypto::aws_lc_rs::default_provider());
    let builder = ClientConfig::builder_with_provider(provider)
        .with_protocol_versions(&[version])
        .unwrap()
        .with_root_certificates(roots);
    let config = match own {
        None => builder.with_no_client_auth(),
        Some(own) => {
            let chain = larum_link::tls::certificates(&own.certificate_pem).unwrap();
            let key = larum_link::tls::private_key(&own.key_pem).unwrap();
            builder.with_client_auth_cert(chain, key).unwrap()
        }
    };
    let name = ServerName::try_from("larum").unwrap();
    let connection = ClientConnection::new(Arc::new(config), name).unwrap();
    let stream = TcpStream::connect(started.address(transport)).unwrap();
    StreamOwned::new(connection, stream)
}

fn closed(started: &Started, reason: Closed) -> u64 {
    let mut all = started.running.board.connections_closed();
    all.find(|(one, _)| *one == reason).unwrap().1
}

async fn until_closed(started: &Started, reason: Closed, count: u64) {
    let begun = std::time::Instant::now();
    while closed(started, reason) < count {
        assert!(begun.elapsed().as_secs() < 30, "{reason:?}");
        tokio::time::sleep(std::time::Duration::from_millis(10)).await;
    }
}

#[tokio::test(flavor = "multi_thread", worker_threads = 4)]
async fn tls_of_both_versions_and_a_new_certificate_without_a_restart() {
    let folder = tempfile::tempdir().unwrap();
    let mut listen = listener(Transport::Tls);
    let (from, first) = certificate_files(folder.path(), "larum");
    listen.tls = Some(ListenTls {
        certificate: from,
        ..ListenTls::default()
    });
    let started = Started::new(only(folder.path(), listen), Clock::system()).await;
    for version in [&rustls::version::TLS12, &rustls::version::TLS13] {
        let mut stream = sender(&started, Transport::Tls, &first, None, version);
        let line = format!("<38>{}", failed(1));
        writeln!(stream, "{} {line}{line}", line.len()).unwrap();
        stream.conn.send_close_notify();
        stream.flush().unwrap();
    }
    started.until_received(4).await;

    // Another certificate: new connections see it, the open one goes on.
    let mut open = sender(
        &started,
        Transport::Tls,
        &first,
        None,
        &rustls::version::TLS13,
    );
    writeln!(open, "<38>{}", failed(2)).unwrap();
    let (_, second) = certificate_files(folder.path(), "larum");
    started.running.reload.certificates().unwrap();
    let mut late = sender(
        &started,
        Transport::Tls,
        &first,
        None,
        &rustls::version::TLS13,
    );
    assert!(writeln!(late, "<38>{}", failed(3)).is_err());
    let mut new = sender(
        &started,
        Transport::Tls,
        &second,
        None,
        &rustls::version::TLS13,
    );
    writeln!(new, "<38>{}", failed(4)).unwrap();
    writeln!(open, "<38>{}", failed(5)).unwrap();
    started.until_received(7).await;

    // A broken file: the one of before stays, and it is said.
    std::fs::write(folder.path().join("c.pem"), "nothing").unwrap();
    assert!(started.running.reload.certificates().is_err());
    let mut again = sender(
        &started,
        Transport::Tls,
        &second,
        None,
        &rustls::version::TLS13,
    );
    writeln!(again, "<38>{}", failed(6)).unwrap();
    started.until_received(8).await;
    let total = started.stop().await;
    assert_eq!((total.events, total.received()), (8, 8));
}

#[tokio::test(flavor = "multi_thread", worker_threads = 4)]
async fn senders_without_the_right_certificate_and_half_handshakes_stay_out() {
    let folder = tempfile::tempdir().unwrap();
    let own = key::self_signed("gate").unwrap();
    let authority = folder.path().join("a.pem");
    std::fs::write(&authority, &own.certificate_pem).unwrap();
    let (from, certificate) = certificate_files(folder.path(), "larum");
    let mut listen = listener(Transport::Tls);
    listen.tls = Some(ListenTls {
        certificate: from,
        client_authority: Some(authority),
        client_optional: false,
    });
    let started = Started::new(only(folder.path(), listen), Clock::system()).await;
    let at = started.address(Transport::Tls);
    // Half a handshake, and one that never begins: both stay open all the while.
    let mut half = TcpStream::connect(at).unwrap();
    half.write_all(&[0x16, 3, 1, 2, 0, 1, 0]).unwrap();
    let silent = TcpStream::connect(at).unwrap();
    // No TLS at all. One write: what a second one finds may be closed already.
    let mut plain = TcpStream::connect(at).unwrap();
    plain
        .write_all(format!("<38>{}\n", failed(1)).as_bytes())
        .unwrap();
    until_closed(&started, Closed::Handshake, 1).await;
    // Nobody's certificate.
    let mut none = sender(
        &started,
        Transport::Tls,
        &certificate,
        None,
        &rustls::version::TLS12,
    );
    assert!(writeln!(none, "<38>{}", failed(2)).is_err());
    until_closed(&started, Closed::Handshake, 2).await;
    let total = started.stop().await;
    assert_eq!(total.received(), 0);
    drop((half, silent));
}

/// What a RELP sender hears until `wanted` is in it.
fn hear(stream: &mut impl std::io::Read, wanted: &str) -> String {
    let mut heard = String::new();
    let mut buffer = [0; 4_096];
    while !heard.contains(wanted) {
        let read = stream.read(&mut buffer).unwrap();
        assert!(read > 0, "{heard:?} without {wanted:?}");
        heard.push_str(std::str::from_utf8(buffer.get(..read).unwrap()).unwrap());
    }
    heard
}

#[tokio::test(flavor = "multi_thread", worker_threads = 4)]
async fn relp_answers_what_is_on_disk_and_an_abrupt_end_loses_nothing() {
    let folder = tempfile::tempdir().unwrap();
    let config = only(folder.path(), listener(Transport::Relp));
    let started = Started::new(config.clone(), Clock::system()).await;
    let mut stream = TcpStream::connect(started.address(Transport::Relp)).unwrap();
    let offer = "relp_version=0\nrelp_software=test\ncommands=syslog";
    writeln!(stream, "1 open {} {offer}", offer.len()).unwrap();
    assert!(hear(&mut stream, "commands=syslog").starts_with("1 rsp 57 200 OK\nrelp_version=0"));
    for number in 2..102_usize {
        let line = format!("<38>{}", failed(number));
        writeln!(stream, "{number} syslog {} {line}", line.len()).unwrap();
    }
    let heard = hear(&mut stream, "101 rsp 6 200 OK\n");
    assert_eq!(heard.matches(" rsp 6 200 OK\n").count(), 100);
    // A line within a record stays in it; an unknown command is told so; a record cut off is not taken.
    write!(stream, "102 syslog 7 one\ntwo\n103 dance 0\n104 close 0\n").unwrap();
    let heard = hear(&mut stream, "serverclose 0\n");
    assert!(
        heard.contains("102 rsp 6 200 OK\n103 rsp 34 500 "),
        "{heard}"
    );
    let mut cut = TcpStream::connect(started.address(Transport::Relp)).unwrap();
    write!(cut, "1 open 0\n2 syslog 99 <38>").unwrap();
    drop(cut);
    let mut stranger = TcpStream::connect(started.address(Transport::Relp)).unwrap();
    stranger.write_all(b"GET / HTTP/1.0\r\n\r\n").unwrap();
    until_closed(&started, Closed::NotProtocol, 1).await;
    started.until_received(101).await;
    let total = started.stop().await;
    assert_eq!((total.events, total.received()), (100, 101));
    // Everything is in the checkpoint: nothing is counted again.
    let started = Started::new(config, Clock::system()).await;
    assert_eq!(started.stop().await.received(), 101);
}

fn post(started: &Started, head: &str, body: &[u8]) -> String {
    let mut stream = TcpStream::connect(started.address(Transport::Http)).unwrap();
    let request = format!(
        "POST /records HTTP/1.1\r\nHost: larum\r\nConnection: close\r\n{head}Content-Length: {}\r\n\r\n",
        body.len()
    );
    stream.write_all(request.as_bytes()).unwrap();
    // Refused while it is still being sent: the answer is what counts.
    drop(stream.write_all(body));
    let mut answer = Vec::new();
    drop(stream.read_to_end(&mut answer));
    String::from_utf8_lossy(&answer).into_owned()
}

fn gzip(bytes: &[u8]) -> Vec<u8> {
    let mut packer = flate2::write::GzEncoder::new(Vec::new(), flate2::Compression::best());
    packer.write_all(bytes).unwrap();
    packer.finish().unwrap()
}

#[tokio::test(flavor = "multi_thread", worker_threads = 4)]
async fn http_takes_lines_packed_or_not_and_refuses_bombs_and_strangers() {
    let folder = tempfile::tempdir().unwrap();
    let token_file = folder.path().join("token");
    std::fs::write(&token_file, format!("{TOKEN}\n")).unwrap();
    let mut listen = listener(Transport::Http);
    listen.token_file = Some(token_file);
    let started = Started::new(only(folder.path(), listen), Clock::system()).await;
    let lines: String = (0..500).map(|attempt| failed(attempt) + "\n").collect();
    let good = format!("Authorization: Bearer {TOKEN}\r\n");
    let with = |encoding: &str| format!("{good}Content-Encoding: {encoding}\r\n");
    let bomb = gzip(&vec![b'\n'; 40 << 20]);
    assert!(bomb.len() < 1 << 20);
    let zstd_bomb = zstd::encode_all(&vec![b'x'; 40 << 20][..], 3).unwrap();
    let packed = zstd::encode_all(lines.as_bytes(), 3).unwrap();
    let many: String = (0..4_000).map(|attempt| failed(attempt) + "\n").collect();
    let cut = gzip(lines.as_bytes());
    for (head, body, expected) in [
        (good.clone(), lines.as_bytes(), "200 OK"),
        (with("gzip"), &gzip(many.as_bytes()), "200 OK"),
        (with("zstd"), &packed, "200 OK"),
        (good.clone(), b"", "200 OK"),
        (String::new(), lines.as_bytes(), "401 "),
        (
            "Authorization: Bearer no\r\n".to_owned(),
            lines.as_bytes(),
            "401 ",
        ),
        (with("br"), lines.as_bytes(), "415 "),
        (with("gzip"), lines.as_bytes(), "400 "),
        (with("gzip"), &cut[..cut.len() / 2], "400 "),
        (with("gzip"), &bomb, "413 "),
        (with("zstd"), &zstd_bomb, "413 "),
        (good.clone(), &vec![b'x'; (1 << 20) + 1], "413 "),
    ] {
        let answer = post(&started, &head, body);
        assert!(answer.contains(expected), "{head}{expected}: {answer}");
    }
    started.until_received(5_000).await;
    let total = started.stop().await;
    assert_eq!((total.events, total.received()), (5_000, 5_000));
}

#[tokio::test(flavor = "multi_thread", worker_threads = 4)]
async fn one_sender_beyond_its_rate_waits_or_is_counted() {
    let folder = tempfile::tempdir().unwrap();
    let mut udp = listener(Transport::Udp);
    udp.records_per_second = Some(10);
    let started = Started::new(only(folder.path(), udp), Clock::system()).await;
    let socket = std::net::UdpSocket::bind("127.0.0.1:0").unwrap();
    for attempt in 0..200 {
        let at = started.address(Transport::Udp);
        socket.send_to(failed(attempt).as_bytes(), at).unwrap();
    }
    started.until_received(200).await;
    let total = started.stop().await;
    assert_eq!(total.received(), 200);
    assert!((10..100).contains(&total.events), "{total:?}");
    assert_eq!(total.dropped.iter().sum::<u64>(), 200 - total.events);
}
