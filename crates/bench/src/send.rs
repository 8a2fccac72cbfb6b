//! Sends a file's lines to a receiver of logs as fast as it takes them, or at a rate: over UDP, TCP, TLS,
//! RELP or HTTP. `tools/rivals` measures ours and others' with it.

use std::io::{Read, Write};
use std::net::{SocketAddr, TcpStream, UdpSocket};
use std::path::{Path, PathBuf};
use std::sync::Arc;
use std::time::{Duration, Instant};

use anyhow::{Context as _, Result, bail};
use clap::ValueEnum;
use rustls::pki_types::ServerName;
use rustls::{ClientConfig, ClientConnection, RootCertStore, StreamOwned};

/// Unanswered records of one RELP connection: rsyslog's default.
const WINDOW: usize = 128;
/// Lines in one HTTP request.
const BODY_LINES: usize = 2_000;
/// Lines between two looks at the clock.
const PACE_LINES: usize = 32;
/// Longest wait for an answer.
const PATIENCE: Duration = Duration::from_secs(60);

/// How to send.
#[derive(Clone, Copy, Debug, PartialEq, Eq, ValueEnum)]
pub enum Over {
    /// One datagram a line
    Udp,
    /// A stream of lines
    Tcp,
    /// The same, encrypted
    Tls,
    /// Each line answered
    Relp,
    /// Many lines a request, each request answered
    Http,
}

/// Arguments of `larum-bench send`.
#[derive(Clone, clap::Args)]
pub struct Args {
    /// How
    #[arg(long, value_enum)]
    over: Over,
    /// Where to
    #[arg(long)]
    to: SocketAddr,
    /// How many lines; the file is begun again when it ends
    #[arg(long, default_value_t = 1_000_000)]
    lines: usize,
    /// Lines a second, all connections together; 0: as fast as they are taken
    #[arg(long, default_value_t = 0)]
    rate: usize,
    /// Connections (sockets for UDP)
    #[arg(long, default_value_t = 1)]
    connections: usize,
    /// PEM file of the certificate to trust, made for `localhost`
    #[arg(long)]
    certificate: Option<PathBuf>,
    /// The word to show over HTTP
    #[arg(long, default_value = "")]
    token: String,
    /// A file of records, one a line
    file: PathBuf,
}

/// Sends, and prints how many lines in how many seconds as JSON.
///
/// # Errors
/// When the receiver cannot be reached or ends.
pub fn run(args: &Args) -> Result<()> {
    let text = std::fs::read(&args.file)
        .with_context(|| format!("cannot read {}", args.file.display()))?;
    let lines: Vec<Vec<u8>> = text
        .split(|byte| *byte == b'\n')
        .filter(|line| !line.is_empty())
        .map(with_priority)
        .collect();
    if lines.is_empty() || args.connections == 0 {
        bail!("nothing to send");
    }
    let begun = Instant::now();
    let sent = std::thread::scope(|scope| {
        let senders: Vec<_> = (0..args.connections)
            .map(|number| {
                scope.spawn({
                    let lines = &lines;
                    move || one(args, lines, number)
                })
            })
            .collect();
        let ended = senders.into_iter().map(|sender| match sender.join() {
            Ok(sent) => sent,
            Err(_) => bail!("a sender ended"),
        });
        ended.sum::<Result<usize>>()
    })?;
    let seconds = begun.elapsed().as_secs_f64();
    let said = serde_json::json!({ "sent": sent, "seconds": seconds });
    writeln!(std::io::stdout().lock(), "{said}")?;
    Ok(())
}

/// Syslog receivers want a priority in front.
fn with_priority(line: &[u8]) -> Vec<u8> {
    if line.starts_with(b"<") {
        line.to_vec()
    } else {
        [b"<134>", line].concat()
    }
}

/// One connection's share of the lines, at its share of the rate.
struct Share<'l> {
    lines: std::iter::Take<std::iter::Skip<std::iter::Cycle<std::slice::Iter<'l, Vec<u8>>>>>,
    per_second: f64,
    given: usize,
    begun: Instant,
}

impl<'l> Share<'l> {
    fn of(args: &Args, lines: &'l [Vec<u8>], number: usize) -> Self {
        let count = args.lines / args.connections;
        let connections = f64::from(u32::try_from(args.connections).unwrap_or(u32::MAX));
        Self {
            lines: lines
                .iter()
                .cycle()
                .skip(number * count % lines.len())
                .take(count),
            per_second: f64::from(u32::try_from(args.rate).unwrap_or(u32::MAX)) / connections,
            given: 0,
            begun: Instant::now(),
        }
    }
}

impl<'l> Iterator for Share<'l> {
    type Item = &'l [u8];

    fn next(&mut self) -> Option<&'l [u8]> {
        let line = self.lines.next()?;
        self.given += 1;
        if self.per_second > 0.0 && self.given.is_multiple_of(PACE_LINES) {
            let due = f64::from(u32::try_from(self.given).unwrap_or(u32::MAX)) / self.per_second;
            let early = due - self.begun.elapsed().as_secs_f64();
            if early > 0.0 {
                std::thread::sleep(Duration::from_secs_f64(early));
            }
        }
        Some(line)
    }
}

fn one(args: &Args, lines: &[Vec<u8>], number: usize) -> Result<usize> {
    let share = Share::of(args, lines, number);
    match args.over {
        Over::Udp => datagrams(args, share),
        Over::Tcp => stream(connect(args)?, share),
        Over::Tls => {
            let mut connection = encrypted(args)?;
            let sent = stream(&mut connection, share)?;
            // Without a farewell some receivers drop what they have not read yet.
            connection.conn.send_close_notify();
            connection.flush()?;
            Ok(sent)
        }
        Over::Relp => relp(connect(args)?, share),
        Over::Http => http(connect(args)?, share, &args.token),
    }
}

fn connect(args: &Args) -> Result<TcpStream> {
    let stream = TcpStream::connect(args.to)?;
    stream.set_nodelay(true)?;
    stream.set_read_timeout(Some(PATIENCE))?;
    Ok(stream)
}

fn encrypted(args: &Args) -> Result<StreamOwned<ClientConnection, TcpStream>> {
    let path: &Path = args
        .certificate
        .as_deref()
        .context("--certificate is missing")?;
    let mut roots = RootCertStore::empty();
    for certificate in larum_link::tls::certificates(&std::fs::read_to_string(path)?)? {
        roots.add(certificate)?;
    }
    let provider = Arc::new(rustls::crypto::aws_lc_rs::default_provider());
    let config = ClientConfig::builder_with_provider(provider)
        .with_safe_default_protocol_versions()?
        .with_root_certificates(roots)
        .with_no_client_auth();
    let connection = ClientConnection::new(Arc::new(config), ServerName::try_from("localhost")?)?;
    Ok(StreamOwned::new(connection, connect(args)?))
}

fn datagrams<'l>(args: &Args, lines: impl Iterator<Item = &'l [u8]>) -> Result<usize> {
    let any = if args.to.is_ipv6() {
        "[::]:0"
    } else {
        "0.0.0.0:0"
    };
    let socket = UdpSocket::bind(any)?;
    socket.connect(args.to)?;
    let mut sent = 0;
    for line in lines {
        socket.send(line)?;
        sent += 1;
    }
    Ok(sent)
}

fn stream<'l>(stream: impl Write, lines: impl Iterator<Item = &'l [u8]>) -> Result<usize> {
    let mut out = std::io::BufWriter::with_capacity(32_768, stream);
    let mut sent = 0;
    for line in lines {
        out.write_all(line)?;
        out.write_all(b"\n")?;
        sent += 1;
    }
    out.flush()?;
    Ok(sent)
}

fn relp<'l>(mut stream: TcpStream, lines: impl Iterator<Item = &'l [u8]>) -> Result<usize> {
    let offer = "relp_version=0\nrelp_software=larum-bench\ncommands=syslog";
    writeln!(stream, "1 open {} {offer}", offer.len())?;
    let mut answers = Answers::default();
    answers.wait(&mut stream, 1)?;
    let mut out = Vec::with_capacity(65_536);
    let mut sent: usize = 0;
    for line in lines {
        write!(out, "{} syslog {} ", sent + 2, line.len())?;
        out.extend_from_slice(line);
        out.push(b'\n');
        sent += 1;
        if sent.is_multiple_of(WINDOW) {
            stream.write_all(&out)?;
            out.clear();
            answers.wait(&mut stream, sent + 1)?;
        }
    }
    stream.write_all(&out)?;
    answers.wait(&mut stream, sent + 1)?;
    Ok(sent)
}

/// Counts answers: each has one `rsp` and no answer of ours holds another.
#[derive(Default)]
struct Answers {
    count: usize,
    tail: Vec<u8>,
}

impl Answers {
    fn wait(&mut self, stream: &mut impl Read, wanted: usize) -> Result<()> {
        let mut buffer = [0; 16_384];
        while self.count < wanted {
            let read = stream.read(&mut buffer)?;
            if read == 0 {
                bail!("the receiver ended after {} answers", self.count);
            }
            self.tail
                .extend_from_slice(buffer.get(..read).unwrap_or_default());
            let word = b" rsp ";
            self.count += self
                .tail
                .windows(word.len())
                .filter(|at| at == word)
                .count();
            let kept = self.tail.len().min(word.len() - 1);
            self.tail.drain(..self.tail.len() - kept);
        }
        Ok(())
    }
}

fn http<'l>(
    mut stream: TcpStream,
    lines: impl Iterator<Item = &'l [u8]>,
    token: &str,
) -> Result<usize> {
    let mut body = Vec::new();
    let (mut sent, mut held) = (0, 0);
    let mut lines = lines.peekable();
    while let Some(line) = lines.next() {
        body.extend_from_slice(line);
        body.push(b'\n');
        held += 1;
        if held < BODY_LINES && lines.peek().is_some() {
            continue;
        }
        write!(
            stream,
            "POST /records HTTP/1.1\r\nHost: larum\r\nAuthorization: Bearer {token}\r\nContent-Length: {}\r\n\r\n",
            body.len()
        )?;
        stream.write_all(&body)?;
        let wanted = format!("{{\"records\":{held}}}\n");
        let mut answer = Vec::new();
        let mut buffer = [0; 4_096];
        while !answer.ends_with(wanted.as_bytes()) {
            let read = stream.read(&mut buffer)?;
            answer.extend_from_slice(buffer.get(..read).unwrap_or_default());
            if read == 0 || answer.starts_with(b"HTTP/1.1 4") || answer.starts_with(b"HTTP/1.1 5") {
                bail!("refused: {}", String::from_utf8_lossy(&answer));
            }
        }
        sent += held;
        held = 0;
        body.clear();
    }
    Ok(sent)
}
