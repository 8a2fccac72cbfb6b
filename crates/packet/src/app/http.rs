//! HTTP/1 in both directions (RFC 9110, RFC 9112): what was asked and how it was answered. Bodies are
//! counted past, never looked at.

use std::collections::VecDeque;

use larum_core::time::Timestamp;

use super::bytes::{decimal, hexadecimal, starts_with_word, text, trim};
use super::fact::{Fact, Http};
use super::lines::Lines;
use super::{Reader, Seen, Side, Step};

/// The most requests awaiting their answer; the oldest is told without one when there are more.
const PENDING: usize = 64;
/// The most of a target that is told.
const TARGET_BYTES: usize = 4096;
/// The most of any other field that is told.
const FIELD_BYTES: usize = 512;
/// The most header lines of one message; a side that sends more is not read further.
const HEADER_LINES: u32 = 1000;

/// Reads one HTTP/1 conversation.
#[derive(Default)]
pub(super) struct HttpReader {
    client: Half,
    server: Half,
    state: Exchange,
}

/// One direction.
#[derive(Default)]
struct Half {
    lines: Lines,
    part: Part,
}

/// Where in a message one direction is.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
enum Part {
    /// Before a request line or status line.
    #[default]
    Start,
    /// Among header lines, with what they said so far.
    Head(Head),
    /// In a body, with so many bytes to come.
    Body(u64),
    /// Before the size of a chunk.
    ChunkSize,
    /// In a chunk and its end of line.
    Chunk(u64),
    /// After the last chunk.
    Trailer,
    /// In a body that ends with the connection, or past what can be read.
    Rest,
    /// Bytes were lost in a head: wait for something that looks like a first line.
    Lost,
}

/// What the headers so far say about the body.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
struct Head {
    lines: u32,
    length: Option<u64>,
    chunked: bool,
}

/// What both directions share.
#[derive(Default)]
struct Exchange {
    /// The request whose head is coming in.
    coming: Http,
    /// Requests awaiting their answers, oldest first.
    pending: VecDeque<Http>,
    /// Status of the answer whose head is coming in.
    status: u16,
    /// When that answer began.
    answered: Timestamp,
    /// From here on it is no longer HTTP.
    switched: bool,
}

impl Reader for HttpReader {
    fn data(&mut self, seen: Seen, bytes: &[u8], out: &mut Vec<Fact>) -> Step {
        let mut rest = bytes;
        let half = match seen.side {
            Side::Client => &mut self.client,
            Side::Server => &mut self.server,
        };
        while !rest.is_empty() {
            match &mut half.part {
                Part::Rest => break,
                Part::Body(left) | Part::Chunk(left) => {
                    let step = usize::try_from(*left).unwrap_or(usize::MAX).min(rest.len());
                    *left = left.saturating_sub(step as u64);
                    rest = rest.get(step..).unwrap_or_default();
                    if *left == 0 {
                        half.part = match half.part {
                            Part::Chunk(_) => Part::ChunkSize,
                            _ => Part::Start,
                        };
                    }
                }
                Part::Start | Part::Head(_) | Part::ChunkSize | Part::Trailer | Part::Lost => {
                    let Some(line) = half.lines.next(&mut rest) else {
                        break;
                    };
                    half.part = self.state.line(seen, half.part, line, out);
                    if self.state.switched {
                        return Step::Inner(bytes.len().saturating_sub(rest.len()));
                    }
                }
            }
        }
        Step::Go
    }

    fn gap(&mut self, side: Side, lost: u64) {
        let half = match side {
            Side::Client => &mut self.client,
            Side::Server => &mut self.server,
        };
        half.lines.clear();
        half.part = match half.part {
            Part::Body(left) if left > lost => Part::Body(left.saturating_sub(lost)),
            Part::Chunk(left) if left > lost => Part::Chunk(left.saturating_sub(lost)),
            Part::Body(left) if left == lost => Part::Start,
            Part::Rest => Part::Rest,
            _ => Part::Lost,
        };
        if half.part == Part::Lost {
            // Which answer belongs to which request can no longer be told.
            self.state.coming = Http::default();
        }
    }

    fn end(&mut self, _at: Timestamp, out: &mut Vec<Fact>) {
        out.extend(self.state.pending.drain(..).map(Fact::Http));
    }

    fn wants(&self, side: Side) -> bool {
        match side {
            Side::Client => self.client.part != Part::Rest,
            Side::Server => self.server.part != Part::Rest,
        }
    }
}

impl Exchange {
    /// Takes one line and says where the direction is after it.
    fn line(&mut self, seen: Seen, part: Part, line: &[u8], out: &mut Vec<Fact>) -> Part {
        match part {
            Part::Start | Part::Lost => match seen.side {
                Side::Client => self.request_line(seen, part, line),
                Side::Server => self.status_line(seen, part, line),
            },
            Part::Head(head) if trim(line).is_empty() => match seen.side {
                Side::Client => self.request_head_ends(head, out),
                Side::Server => self.answer_head_ends(head, out),
            },
            Part::Head(head) if head.lines >= HEADER_LINES => Part::Rest,
            Part::Head(head) => Part::Head(self.header(seen.side, head, line)),
            Part::ChunkSize => {
                let digits = line.split(|byte| *byte == b';').next().unwrap_or_default();
                match hexadecimal(trim(digits)) {
                    Some(0) => Part::Trailer,
                    // The chunk's own end of line is counted with it.
                    Some(size) => Part::Chunk(size.saturating_add(2)),
                    None => Part::Lost,
                }
            }
            Part::Trailer if trim(line).is_empty() => Part::Start,
            Part::Trailer | Part::Body(_) | Part::Chunk(_) | Part::Rest => part,
        }
    }

    fn request_line(&mut self, seen: Seen, part: Part, line: &[u8]) -> Part {
        let Some((method, target)) = split_request(line) else {
            // Empty lines before a request are allowed (RFC 9112, 2.2); others are no HTTP.
            return match part {
                Part::Start if !trim(line).is_empty() => Part::Lost,
                _ => part,
            };
        };
        self.coming = Http {
            at: seen.at,
            method: text(method, FIELD_BYTES),
            target: text(target, TARGET_BYTES),
            host: text(authority(method, target), FIELD_BYTES),
            ..Http::default()
        };
        if is_simple(line) {
            // HTTP/0.9: no head follows, and the answer is a body alone.
            self.pending.push_back(std::mem::take(&mut self.coming));
            return Part::Rest;
        }
        Part::Head(Head::default())
    }

    fn status_line(&mut self, seen: Seen, part: Part, line: &[u8]) -> Part {
        let Some(status) = split_status(line) else {
            return match part {
                Part::Start if !trim(line).is_empty() => Part::Lost,
                _ => part,
            };
        };
        self.status = status;
        self.answered = seen.at;
        Part::Head(Head::default())
    }

    fn header(&mut self, side: Side, mut head: Head, line: &[u8]) -> Head {
        head.lines = head.lines.saturating_add(1);
        let Some(colon) = memchr::memchr(b':', line) else {
            return head;
        };
        let (name, value) = line.split_at_checked(colon).unwrap_or_default();
        let value = trim(value.get(1..).unwrap_or_default());
        let is = |word: &[u8]| name.trim_ascii_end().eq_ignore_ascii_case(word);
        match name.first().map(u8::to_ascii_lowercase) {
            Some(b'h') if side == Side::Client && is(b"host") && self.coming.host.is_empty() => {
                self.coming.host = text(value, FIELD_BYTES);
            }
            Some(b'u') if side == Side::Client && is(b"user-agent") => {
                self.coming.user_agent = text(value, FIELD_BYTES);
            }
            Some(b'c') if is(b"content-length") => head.length = decimal(value).or(head.length),
            Some(b't') if is(b"transfer-encoding") => {
                // Chunked is the last coding where it is one (RFC 9112, 6.3).
                let last = value
                    .rsplit(|byte| *byte == b',')
                    .next()
                    .unwrap_or_default();
                head.chunked = trim(last).eq_ignore_ascii_case(b"chunked");
            }
            _ => {}
        }
        head
    }

    fn request_head_ends(&mut self, head: Head, out: &mut Vec<Fact>) -> Part {
        if self.pending.len() >= PENDING
            && let Some(oldest) = self.pending.pop_front()
        {
            out.push(Fact::Http(oldest));
        }
        self.pending.push_back(std::mem::take(&mut self.coming));
        body(head, Part::Start)
    }

    fn answer_head_ends(&mut self, head: Head, out: &mut Vec<Fact>) -> Part {
        let status = self.status;
        // "Continue" and other notes on the way do not answer (RFC 9110, 15.2).
        if (100..200).contains(&status) && status != 101 {
            return Part::Start;
        }
        let mut request = self.pending.pop_front().unwrap_or_else(|| Http {
            at: self.answered,
            ..Http::default()
        });
        request.status = Some(status);
        let tunnel = request.method == "CONNECT" && (200..300).contains(&status);
        let headless = request.method == "HEAD" || matches!(status, 204 | 304);
        if self.pending.is_empty() {
            // Kept-alive conversations are many, and mostly idle.
            self.pending = VecDeque::new();
        }
        self.switched = status == 101 || tunnel;
        out.push(Fact::Http(request));
        match headless {
            true => Part::Start,
            false => body(head, Part::Rest),
        }
    }
}

/// Where a direction goes after a head (RFC 9112, 6.3); `unsaid` where the head names no length.
fn body(head: Head, unsaid: Part) -> Part {
    match head.length {
        _ if head.chunked => Part::ChunkSize,
        Some(0) => Part::Start,
        Some(length) => Part::Body(length),
        None => unsaid,
    }
}

/// Method and target of a request line.
pub(super) fn split_request(line: &[u8]) -> Option<(&[u8], &[u8])> {
    let space = memchr::memchr(b' ', line)?;
    let (method, rest) = line.split_at_checked(space)?;
    let token = !method.is_empty()
        && method.len() <= 32
        && method
            .iter()
            .all(|byte| byte.is_ascii_alphanumeric() || b"-_!#$%&'*+.^`|~".contains(byte));
    if !token {
        return None;
    }
    let rest = trim(rest);
    // HTTP/0.9 has no version; a target may hold spaces that nobody escaped.
    match memchr::memrchr(b' ', rest) {
        Some(last) if starts_with_word(rest.get(last + 1..)?, b"HTTP/") => {
            Some((method, trim(rest.get(..last)?)))
        }
        _ if starts_with_word(rest, b"HTTP/") => Some((method, &[])),
        _ if method == b"GET" && !rest.is_empty() => Some((method, rest)),
        _ => None,
    }
}

/// Whether a request line names no version.
fn is_simple(line: &[u8]) -> bool {
    let last = trim(line)
        .rsplit(|byte| *byte == b' ')
        .next()
        .unwrap_or_default();
    !starts_with_word(last, b"HTTP/")
}

/// The status of a status line.
pub(super) fn split_status(line: &[u8]) -> Option<u16> {
    if !starts_with_word(line, b"HTTP/") {
        return None;
    }
    let code = line
        .split(|byte| *byte == b' ')
        .filter(|word| !word.is_empty())
        .nth(1)?;
    let code = code.get(..3)?;
    u16::try_from(decimal(code)?).ok()
}

/// The host a target names by itself: of an absolute target and of CONNECT.
fn authority<'a>(method: &[u8], target: &'a [u8]) -> &'a [u8] {
    if method == b"CONNECT" {
        return target;
    }
    let Some(scheme) = target
        .windows(3)
        .take(16)
        .position(|window| window == b"://")
    else {
        return &[];
    };
    if target
        .get(..scheme)
        .is_none_or(|word| !word.iter().all(u8::is_ascii_alphanumeric))
    {
        return &[];
    }
    let after = target.get(scheme + 3..).unwrap_or_default();
    let host = after
        .split(|byte| matches!(byte, b'/' | b'?' | b'#'))
        .next()
        .unwrap_or_default();
    host.rsplit(|byte| *byte == b'@').next().unwrap_or_default()
}
