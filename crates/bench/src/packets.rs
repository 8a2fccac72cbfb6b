//! A made-up capture of the web, encrypted and not, and of name look-ups; and what reading it costs.

use std::fs::File;
use std::io::{BufWriter, Read as _, Write as _, stdout};
use std::path::Path;

use anyhow::{Context as _, Result};
use larum_core::detect::Detect;
use larum_core::event::Event;
use larum_core::own::Own;
use larum_packet::Unread;
use larum_packet::file::{Capture, Step};
use larum_packet::flow::{Limits, Meter, Tell};

use crate::house::{House, processor_time};

/// Conversations that go on at the same time.
const AT_ONCE: usize = 500;
/// Bytes of a full segment.
const SEGMENT: usize = 1_400;

/// Numbers that follow from a seed (SplitMix64).
struct Chance(u64);

impl Chance {
    fn next(&mut self) -> u64 {
        self.0 = self.0.wrapping_add(0x9E37_79B9_7F4A_7C15);
        let mut mixed = self.0;
        mixed = (mixed ^ (mixed >> 30)).wrapping_mul(0xBF58_476D_1CE4_E5B9);
        mixed = (mixed ^ (mixed >> 27)).wrapping_mul(0x94D0_49BB_1331_11EB);
        mixed ^ (mixed >> 31)
    }

    fn below(&mut self, limit: u64) -> u64 {
        self.next() % limit.max(1)
    }

    fn bytes(&mut self, length: usize) -> Vec<u8> {
        let words = (0..length.div_ceil(8)).flat_map(|_| self.next().to_le_bytes());
        words.take(length).collect()
    }
}

/// One packet still to be sent: from the client or not, flags, body.
struct Turn {
    from_client: bool,
    flags: u8,
    body: Vec<u8>,
}

struct Talk {
    client: [u8; 4],
    server: [u8; 4],
    ports: (u16, u16),
    udp: bool,
    numbers: [u32; 2],
    turns: std::vec::IntoIter<Turn>,
}

impl Talk {
    fn new(chance: &mut Chance, number: u64) -> Self {
        let client = [10, 0, byte(chance.below(8)), byte(2 + chance.below(200))];
        let site = chance.below(600);
        let server = [198, 51, 100, byte(site % 254 + 1)];
        let host = format!("www{site}.example.org");
        let port = 20_000 + u16::try_from(number % 40_000).unwrap_or(0);
        let (udp, server_port, turns) = match chance.below(10) {
            0..=4 => (true, 53, look_up(chance, &host)),
            5..=7 => (false, 443, encrypted(chance, &host)),
            _ => (false, 80, plain(chance, &host)),
        };
        Self {
            client,
            server: if udp { [10, 0, 0, 1] } else { server },
            ports: (port, server_port),
            udp,
            numbers: [1_000, 9_000],
            turns: turns.into_iter(),
        }
    }

    fn frame(&mut self) -> Option<Vec<u8>> {
        let turn = self.turns.next()?;
        let (source, target) = if turn.from_client {
            (self.client, self.server)
        } else {
            (self.server, self.client)
        };
        let (from, to) = if turn.from_client {
            self.ports
        } else {
            (self.ports.1, self.ports.0)
        };
        let mut transport = [from.to_be_bytes(), to.to_be_bytes()].concat();
        if self.udp {
            let length = u16::try_from(8 + turn.body.len()).unwrap_or(8);
            transport.extend([length.to_be_bytes(), [0, 0]].concat());
        } else {
            let [client, server] = &mut self.numbers;
            let (own, other) = if turn.from_client {
                (client, server)
            } else {
                (server, client)
            };
            transport.extend(own.to_be_bytes());
            transport.extend(other.to_be_bytes());
            transport.extend([0x50, turn.flags, 0xFF, 0xFF, 0, 0, 0, 0]);
            let counts =
                u32::from(turn.flags & 3 != 0) + u32::try_from(turn.body.len()).unwrap_or(0);
            *own = own.wrapping_add(counts);
        }
        let length = u16::try_from(20 + transport.len() + turn.body.len()).unwrap_or(u16::MAX);
        let [high, low] = length.to_be_bytes();
        let mut frame = vec![0, 0, 0x5E, 0, 0x53, 1, 0, 0, 0x5E, 0, 0x53, 2, 8, 0];
        frame.extend([
            0x45,
            0,
            high,
            low,
            0,
            0,
            0x40,
            0,
            64,
            if self.udp { 17 } else { 6 },
            0,
            0,
        ]);
        frame.extend(source);
        frame.extend(target);
        frame.extend(transport);
        frame.extend(turn.body);
        Some(frame)
    }
}

fn byte(value: u64) -> u8 {
    u8::try_from(value & 0xFF).unwrap_or(0)
}

fn look_up(chance: &mut Chance, host: &str) -> Vec<Turn> {
    let mut question = byte(chance.next()).to_be_bytes().to_vec();
    question.extend([7, 1, 0, 0, 1, 0, 0, 0, 0, 0, 0]);
    for label in host.split('.') {
        question.push(u8::try_from(label.len()).unwrap_or(0));
        question.extend(label.bytes());
    }
    question.extend([0, 0, 1, 0, 1]);
    let mut answer = question.clone();
    answer.splice(2..8, [0x81, 0x80, 0, 1, 0, 1]);
    answer.extend([0xC0, 12, 0, 1, 0, 1, 0, 0, 1, 0, 0, 4, 198, 51, 100, 9]);
    vec![say(true, 0, question), say(false, 0, answer)]
}

const fn say(from_client: bool, flags: u8, body: Vec<u8>) -> Turn {
    Turn {
        from_client,
        flags,
        body,
    }
}

/// A connection around what is said in it.
fn connection(inner: Vec<Turn>) -> Vec<Turn> {
    let mut turns = vec![
        say(true, 2, Vec::new()),
        say(false, 0x12, Vec::new()),
        say(true, 0x10, Vec::new()),
    ];
    turns.extend(inner);
    turns.extend([
        say(true, 0x11, Vec::new()),
        say(false, 0x11, Vec::new()),
        say(true, 0x10, Vec::new()),
    ]);
    turns
}

/// Bytes of the server in full segments, every second one acknowledged.
fn answer(bytes: &[u8], turns: &mut Vec<Turn>) {
    for (number, part) in bytes.chunks(SEGMENT).enumerate() {
        turns.push(say(false, 0x10, part.to_vec()));
        if number % 2 == 1 {
            turns.push(say(true, 0x10, Vec::new()));
        }
    }
}

fn plain(chance: &mut Chance, host: &str) -> Vec<Turn> {
    let mut turns = Vec::new();
    for _ in 0..=chance.below(4) {
        let page = chance.below(5_000);
        let request = format!(
            "GET /shop/item{page}?ref=home HTTP/1.1\r\nHost: {host}\r\nUser-Agent: Mozilla/5.0 (X11; Linux x86_64; rv:128.0) Gecko/20100101 Firefox/128.0\r\nAccept: */*\r\n\r\n"
        );
        turns.push(say(true, 0x18, request.into_bytes()));
        let length = usize::try_from(chance.below(12_000)).unwrap_or(0);
        let mut page = format!(
            "HTTP/1.1 200 OK\r\nContent-Type: image/png\r\nContent-Length: {length}\r\n\r\n"
        )
        .into_bytes();
        page.extend(chance.bytes(length));
        answer(&page, &mut turns);
    }
    connection(turns)
}

/// A record of TLS.
fn record(kind: u8, body: &[u8]) -> Vec<u8> {
    let length = u16::try_from(body.len()).unwrap_or(0).to_be_bytes();
    [&[kind, 3, 3][..], &length, body].concat()
}

/// A handshake message of TLS.
fn handshake(kind: u8, body: &[u8]) -> Vec<u8> {
    let length = u32::try_from(body.len()).unwrap_or(0).to_be_bytes();
    [&[kind], length.get(1..).unwrap_or_default(), body].concat()
}

fn extension(kind: u16, body: &[u8]) -> Vec<u8> {
    let length = u16::try_from(body.len()).unwrap_or(0).to_be_bytes();
    [&kind.to_be_bytes()[..], &length, body].concat()
}

fn encrypted(chance: &mut Chance, host: &str) -> Vec<Turn> {
    let name = [
        &[0][..],
        &u16::try_from(host.len()).unwrap_or(0).to_be_bytes(),
        host.as_bytes(),
    ]
    .concat();
    let names = [
        &u16::try_from(name.len()).unwrap_or(0).to_be_bytes()[..],
        &name,
    ]
    .concat();
    let extensions = [
        extension(0, &names),
        extension(10, &[0, 4, 0, 29, 0, 23]),
        extension(11, &[1, 0]),
        extension(13, &[0, 6, 4, 3, 8, 4, 4, 1]),
        extension(16, b"\x00\x0c\x02h2\x08http/1.1"),
        extension(43, &[4, 3, 4, 3, 3]),
        extension(
            51,
            &[&[0, 36, 0, 29, 0, 32][..], &chance.bytes(32)].concat(),
        ),
        extension(21, &[0; 180]),
    ]
    .concat();
    let ciphers = [
        0x13, 1, 0x13, 2, 0x13, 3, 0xC0, 0x2B, 0xC0, 0x2F, 0xC0, 0x2C, 0xC0, 0x30,
    ];
    let hello = [
        &[3, 3][..],
        &chance.bytes(32),
        &[32],
        &chance.bytes(32),
        &[0, 14],
        &ciphers,
        &[1, 0],
        &u16::try_from(extensions.len()).unwrap_or(0).to_be_bytes(),
        &extensions,
    ]
    .concat();
    let own = [
        extension(43, &[3, 4]),
        extension(51, &[&[0, 29, 0, 32][..], &chance.bytes(32)].concat()),
    ]
    .concat();
    let server = [
        &[3, 3][..],
        &chance.bytes(32),
        &[0, 0x13, 1, 0],
        &[0, 76 + 2],
        &own,
    ]
    .concat();
    let mut server = record(22, &handshake(2, &server));
    server.extend(record(20, &[1]));
    server.extend(record(23, &chance.bytes(2_900)));
    let mut turns = vec![say(true, 0x18, record(22, &handshake(1, &hello)))];
    answer(&server, &mut turns);
    for _ in 0..=chance.below(4) {
        let question = usize::try_from(100 + chance.below(900)).unwrap_or(100);
        turns.push(say(true, 0x18, record(23, &chance.bytes(question))));
        let length = usize::try_from(200 + chance.below(15_000)).unwrap_or(200);
        answer(&record(23, &chance.bytes(length)), &mut turns);
    }
    connection(turns)
}

/// When made-up captures begin, in microseconds.
const BEGIN_MICROS: u64 = 1_795_341_600_000_000;
/// Packets of a conversation that goes on for ever: the hellos, a request, the beginning of its answer.
const OPEN_PACKETS: usize = 5;

/// A capture file with nothing in it yet.
fn begin(file: &Path) -> Result<BufWriter<File>> {
    let created =
        File::create(file).with_context(|| format!("cannot create {}", file.display()))?;
    let mut out = BufWriter::new(created);
    out.write_all(&[
        0xD4, 0xC3, 0xB2, 0xA1, 2, 0, 4, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 4, 0, 1, 0, 0, 0,
    ])?;
    Ok(out)
}

fn put(out: &mut impl std::io::Write, micros: u64, frame: &[u8]) -> Result<()> {
    out.write_all(&u32::try_from(micros / 1_000_000)?.to_le_bytes())?;
    out.write_all(&u32::try_from(micros % 1_000_000)?.to_le_bytes())?;
    let length = u32::try_from(frame.len())?.to_le_bytes();
    out.write_all(&length)?;
    out.write_all(&length)?;
    Ok(out.write_all(frame)?)
}

/// Writes a capture of so many web conversations to `file`, of which none ends.
pub fn make_open(seed: u64, conversations: u64, file: &Path) -> Result<()> {
    let mut out = begin(file)?;
    let mut chance = Chance(seed);
    let mut micros = BEGIN_MICROS;
    for number in 0..conversations {
        let mut talk = Talk::new(&mut chance, number);
        // No two of them are between the same ends, and hardly any between the same hosts.
        let [.., high, low] = (number % 4_001).to_be_bytes();
        talk.client = [10, 1, high, low];
        talk.server = [198, 51, 100, byte(number % 250)];
        (talk.udp, talk.ports.1) = (false, 80);
        talk.turns = plain(&mut chance, "www.example.org").into_iter();
        for _ in 0..OPEN_PACKETS {
            micros += 100;
            let frame = talk.frame().unwrap_or_default();
            put(&mut out, micros, &frame)?;
        }
    }
    Ok(out.flush()?)
}

/// Writes a capture of at least `bytes` bytes to `file`.
pub fn make(seed: u64, bytes: u64, file: &Path) -> Result<()> {
    let mut out = begin(file)?;
    let mut chance = Chance(seed);
    let mut talks: Vec<Talk> = Vec::new();
    let (mut written, mut number, mut micros) = (0_u64, 0_u64, BEGIN_MICROS);
    while written < bytes || !talks.is_empty() {
        if talks.len() < AT_ONCE && written < bytes {
            number += 1;
            talks.push(Talk::new(&mut chance, number));
        }
        let place = usize::try_from(chance.below(u64::try_from(talks.len())?))?;
        let Some(frame) = talks.get_mut(place).and_then(Talk::frame) else {
            talks.swap_remove(place);
            continue;
        };
        micros += 1 + chance.below(100);
        put(&mut out, micros, &frame)?;
        written += 16 + u64::try_from(frame.len())?;
    }
    Ok(out.flush()?)
}

/// Counts, or judges, what is told.
struct Judge<'d> {
    detect: Option<&'d mut Detect>,
    own: Own,
    signals: Vec<larum_core::detect::Signal>,
    events: u64,
}

impl Tell for Judge<'_> {
    fn event(&mut self, event: &mut Event<'_>) {
        self.events += 1;
        event.direction = self.own.direction(event);
        if let Some(detect) = &mut self.detect {
            detect.observe(event, &mut self.signals);
            self.signals.clear();
        }
    }

    fn unread(&mut self, _: Unread, _: u64) {}
}

/// Reads the capture in `file` on one core: flows and what is said alone, then with all detectors.
pub fn measure(rounds: usize, file: &Path) -> Result<()> {
    let mut bytes = Vec::new();
    File::open(file)
        .with_context(|| format!("cannot open {}", file.display()))?
        .read_to_end(&mut bytes)?;
    let mut out = stdout().lock();
    for stage in ["read", "read+detect"] {
        let mut times = Vec::new();
        let mut sums = (0, 0, 0);
        for _ in 0..rounds.max(1) {
            let mut house = House::new()?;
            let started = processor_time()?;
            let mut judge = Judge {
                detect: (stage != "read").then_some(&mut house.detect),
                own: Own::default(),
                signals: Vec::new(),
                events: 0,
            };
            let mut meter = Meter::new(Limits::default());
            walk(&bytes, &mut meter, &mut judge);
            meter.finish(&mut judge);
            times.push(processor_time()?.saturating_sub(started));
            sums = (meter.counts().packets, meter.counts().flows, judge.events);
        }
        times.sort();
        let median = times
            .get(times.len() / 2)
            .copied()
            .unwrap_or_default()
            .as_secs_f64();
        let (packets, flows, events) = sums;
        #[expect(clippy::cast_precision_loss, reason = "a figure for people")]
        let (mega, kilo) = (bytes.len() as f64 / 1e6, packets as f64 / 1e3);
        writeln!(
            out,
            "{stage:<12} {packets} packets, {flows} flows, {events} events: {:.0} MB and {:.0} thousand packets per second of processor time",
            mega / median,
            kilo / median,
        )?;
    }
    Ok(())
}

fn walk(bytes: &[u8], meter: &mut Meter, judge: &mut Judge<'_>) {
    let mut capture = Capture::default();
    let mut rest = bytes;
    loop {
        let (used, step) = capture.next(rest);
        match step {
            Step::Frame(frame) => meter.frame(&frame, judge),
            Step::Unread(reason) => meter.no_packet(reason, judge),
            Step::Again => {}
            Step::More => return,
        }
        rest = rest.get(used..).unwrap_or_default();
    }
}
