//! What devices say: lines in a followed file, and records sent over HTTP.

use std::fs::File;
use std::io::{Read as _, Write as _};
use std::net::{SocketAddr, TcpStream};
use std::path::Path;
use std::time::{Duration, SystemTime, UNIX_EPOCH};

use larum_core::time::Timestamp;

use super::world::Random;

/// The word HTTP senders show.
pub const WORD: &str = "a-word-for-the-rig-and-nothing-else";

/// What was said so far.
pub struct Feed {
    file: File,
    http: SocketAddr,
    /// Lines in the file.
    pub lines: u64,
    /// Records in HTTP bodies that were answered with 200.
    pub answered: u64,
    /// Records in HTTP bodies, answered or not.
    pub tried: u64,
}

impl Feed {
    pub fn new(log: &Path, http: SocketAddr) -> Self {
        Self {
            file: File::options().create(true).append(true).open(log).unwrap(),
            http,
            lines: 0,
            answered: 0,
            tried: 0,
        }
    }

    pub fn write(&mut self, random: &mut Random) {
        let count = 1 + random.below(40);
        let mut text = String::new();
        for _ in 0..count {
            text.push_str(&line(random));
            text.push('\n');
        }
        self.file.write_all(text.as_bytes()).unwrap();
        self.lines += count;
    }

    /// Sends records once. A sender would send them again without an answer; the rig counts instead how
    /// many may be there.
    pub fn send(&mut self, random: &mut Random) {
        let count = 1 + random.below(20);
        let body: Vec<String> = (0..count).map(|_| line(random)).collect();
        self.tried += count;
        if post(self.http, &body.join("\n"))
            .is_some_and(|answer| answer.starts_with("HTTP/1.1 200"))
        {
            self.answered += count;
        }
    }
}

fn post(to: SocketAddr, body: &str) -> Option<String> {
    let patience = Duration::from_millis(700);
    let mut stream = TcpStream::connect_timeout(&to, patience).ok()?;
    stream.set_read_timeout(Some(patience)).ok()?;
    let head = format!(
        "POST /records HTTP/1.1\r\nHost: {to}\r\nAuthorization: Bearer {WORD}\r\nContent-Type: text/plain\r\nContent-Length: {}\r\nConnection: close\r\n\r\n",
        body.len()
    );
    stream.write_all(head.as_bytes()).ok()?;
    stream.write_all(body.as_bytes()).ok()?;
    let mut answer = String::new();
    // Cut off or late: what came counts.
    drop(stream.read_to_string(&mut answer));
    Some(answer)
}

/// A line of a device: guessed passwords, refused connections, and what nobody can read.
fn line(random: &mut Random) -> String {
    let elapsed = SystemTime::now().duration_since(UNIX_EPOCH).unwrap();
    let now = Timestamp::from_seconds(i64::try_from(elapsed.as_secs()).unwrap());
    let source = format!("198.51.100.{}", 1 + random.below(200));
    let port = 1_024 + random.below(60_000);
    match random.below(10) {
        0 => format!("nobody can read this, number {port}"),
        1..=5 => format!(
            "{now} gate sshd[9]: Failed password for invalid user admin from {source} port {port} ssh2"
        ),
        _ => format!(
            "{now} gate kernel: [UFW BLOCK] IN=eth0 OUT= SRC={source} DST=192.168.7.2 LEN=60 PROTO=TCP SPT={port} DPT={}",
            1 + random.below(9_000)
        ),
    }
}
