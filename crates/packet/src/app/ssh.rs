//! SSH (RFC 4253): which programs speak, and a guess whether a log-in succeeded.
//!
//! The guess goes by sizes alone. After both sides changed to their keys, the server's answers to log-in
//! attempts come one for each of the client's messages. "Success" (RFC 4252, 5.1) is a message of one
//! byte, the smallest there is; with the cipher and the checksum both agreed on in clear, its size on
//! the wire is known to the byte, and a refusal, which lists the ways still open, is always longer. So an
//! answer of exactly that size is a success. Refusals of one conversation are of one size, two where
//! something is asked in between; what is said after a log-in is of many. So a conversation that ends
//! with one or two sizes is a failure, and one with four or more a success whose first word came together
//! with the next. Sizes are summed from one change of speaker to the next, so the guess does not depend
//! on how packets were cut.

use larum_core::event::Outcome;
use larum_core::time::Timestamp;

use super::bytes::{Cursor, text};
use super::fact::{Banner, Fact, Login};
use super::{Protocol, Reader, Seen, Side, Step};

/// The longest greeting line (RFC 4253, 4.2, has 255) with the lines that may come before it.
const GREETING_BYTES: usize = 2048;
/// The longest message in clear that is read.
const MESSAGE_BYTES: usize = 36_000;
/// So many different sizes are those of a conversation, not of refusals.
const MANY: usize = 4;
/// After this many changes of speaker nothing more is learnt about the log-in.
const TURNS: u32 = 40;
/// The longest program name told.
const NAME_BYTES: usize = 255;

/// Reads one SSH conversation.
pub(super) struct SshReader {
    client: Voice,
    server: Voice,
    banner: Banner,
    guess: Guess,
    done: bool,
}

#[derive(Default)]
struct Voice {
    part: Vec<u8>,
    phase: Phase,
    /// The lists of the key exchange, as sent.
    offer: Option<Offer>,
}

#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
enum Phase {
    #[default]
    Greeting,
    Clear,
    Encrypted,
    Lost,
}

/// What a side offers for the direction from server to client.
struct Offer {
    ciphers: String,
    checksums: String,
}

/// The guess at the log-in.
#[derive(Default)]
struct Guess {
    at: Timestamp,
    success_bytes: Option<u64>,
    speaker: Option<Side>,
    /// Bytes of the server's turn that is coming in.
    turn_bytes: u64,
    /// Turns of the client since the keys.
    asked: u32,
    /// Turns of the server after a client's.
    answers: u32,
    /// The different sizes of those after the first.
    sizes: [u64; MANY],
    different: usize,
    outcome: Option<Outcome>,
}

impl Default for SshReader {
    fn default() -> Self {
        Self {
            client: Voice::default(),
            server: Voice::default(),
            banner: Banner::new(Protocol::Ssh),
            guess: Guess::default(),
            done: false,
        }
    }
}

impl Reader for SshReader {
    fn data(&mut self, seen: Seen, bytes: &[u8], out: &mut Vec<Fact>) -> Step {
        let voice = match seen.side {
            Side::Client => &mut self.client,
            Side::Server => &mut self.server,
        };
        if self.banner.at == Timestamp::default() {
            self.banner.at = seen.at;
        }
        let mut rest = bytes;
        while !rest.is_empty() && !matches!(voice.phase, Phase::Encrypted | Phase::Lost) {
            voice.step(seen.side, &mut rest, &mut self.banner);
        }
        if voice.phase != Phase::Encrypted || rest.is_empty() {
            return Step::Go;
        }
        if self.guess.success_bytes.is_none() {
            let (Some(client), Some(server)) = (&self.client.offer, &self.server.offer) else {
                self.done = true;
                return Step::Go;
            };
            self.guess.success_bytes = success_bytes(client, server);
            self.guess.at = seen.at;
        }
        self.guess.take(seen.side, rest.len() as u64);
        if self.guess.outcome.is_some()
            || self.guess.asked > TURNS
            || self.guess.success_bytes.is_none()
        {
            self.finish(out);
        }
        Step::Go
    }

    fn gap(&mut self, side: Side, _lost: u64) {
        match side {
            Side::Client => self.client.phase = Phase::Lost,
            Side::Server => self.server.phase = Phase::Lost,
        }
        self.done = true;
    }

    fn end(&mut self, _at: Timestamp, out: &mut Vec<Fact>) {
        self.guess.turn_ends();
        if !self.done && self.guess.is_refused() {
            self.guess.outcome = Some(Outcome::Failure);
        }
        self.finish(out);
    }

    fn wants(&self, _side: Side) -> bool {
        !self.done
    }
}

impl SshReader {
    fn finish(&mut self, out: &mut Vec<Fact>) {
        self.done = true;
        out.extend(self.banner.told());
        if let Some(outcome) = self.guess.outcome.take() {
            let method = match outcome {
                Outcome::Success => "guessed from the size of the answer",
                Outcome::Failure => "guessed from the sizes of all answers",
            };
            out.push(Fact::Login(Login {
                at: self.guess.at,
                protocol: Protocol::Ssh,
                user: String::new(),
                outcome: Some(outcome),
                method: method.into(),
            }));
        }
    }
}

impl Guess {
    fn take(&mut self, side: Side, bytes: u64) {
        if self.speaker != Some(side) {
            self.turn_ends();
            self.speaker = Some(side);
            self.turn_bytes = 0;
            if side == Side::Client {
                self.asked = self.asked.saturating_add(1);
            }
        }
        self.turn_bytes = self.turn_bytes.saturating_add(bytes);
    }

    /// Whether a conversation that ends here was refused.
    const fn is_refused(&self) -> bool {
        self.outcome.is_none() && self.answers >= 3 && self.different <= 2
    }

    fn turn_ends(&mut self) {
        if self.speaker != Some(Side::Server) || self.asked == 0 {
            return;
        }
        self.speaker = None;
        self.answers = self.answers.saturating_add(1);
        // The first answer accepts that there is to be a log-in at all.
        if self.answers < 2 {
            return;
        }
        if !self
            .sizes
            .iter()
            .take(self.different)
            .any(|size| *size == self.turn_bytes)
            && let Some(place) = self.sizes.get_mut(self.different)
        {
            *place = self.turn_bytes;
            self.different = self.different.saturating_add(1);
        }
        if self.success_bytes == Some(self.turn_bytes) || self.different >= MANY {
            self.outcome = Some(Outcome::Success);
        }
    }
}

impl Voice {
    fn step(&mut self, side: Side, rest: &mut &[u8], banner: &mut Banner) {
        if self.phase == Phase::Greeting {
            let end = memchr::memchr(b'\n', rest);
            let line = end.map_or(*rest, |end| rest.get(..=end).unwrap_or_default());
            *rest = rest.get(line.len()..).unwrap_or_default();
            self.part.extend_from_slice(line);
            if self.part.len() > GREETING_BYTES {
                self.phase = Phase::Lost;
            } else if end.is_some() {
                if self.part.starts_with(b"SSH-") {
                    self.phase = greeted(side, &self.part, banner);
                }
                self.part.clear();
            }
            return;
        }
        let wanted = match Cursor(&self.part).be32() {
            Some(length) => usize::try_from(length)
                .unwrap_or(usize::MAX)
                .saturating_add(4),
            None => 4,
        };
        if wanted > MESSAGE_BYTES {
            self.phase = Phase::Lost;
            return;
        }
        let step = wanted.saturating_sub(self.part.len()).min(rest.len());
        let (now, after) = rest.split_at_checked(step).unwrap_or_default();
        self.part.extend_from_slice(now);
        *rest = after;
        if wanted > 4 && self.part.len() == wanted {
            match self.part.get(5) {
                Some(20) => self.offer = Offer::read(&self.part),
                Some(21) => self.phase = Phase::Encrypted,
                _ => {}
            }
            self.part.clear();
        } else if wanted == 4 && self.part.len() == 4 && self.part == [0; 4] {
            self.phase = Phase::Lost;
        }
    }
}

/// Takes over a greeting such as `SSH-2.0-OpenSSH_9.6`, and says what follows it.
fn greeted(side: Side, line: &[u8], banner: &mut Banner) -> Phase {
    let line = line.trim_ascii_end();
    let told = match side {
        Side::Client => &mut banner.client,
        Side::Server => &mut banner.server,
    };
    *told = text(line, NAME_BYTES);
    match line.get(4..6) {
        Some(b"2.") => Phase::Clear,
        Some(b"1.") if line.starts_with(b"SSH-1.99") => Phase::Clear,
        _ => Phase::Lost,
    }
}

impl Offer {
    /// The lists of a key exchange message (RFC 4253, 7.1).
    fn read(packet: &[u8]) -> Option<Self> {
        let mut cursor = Cursor(packet);
        cursor.take(4 + 1 + 1 + 16)?;
        let mut list = || -> Option<&[u8]> {
            let length = usize::try_from(cursor.be32()?).ok()?;
            cursor.take(length)
        };
        let (_, _, _) = (list()?, list()?, list()?);
        let ciphers = list()?;
        let _ = list()?;
        let checksums = list()?;
        Some(Self {
            ciphers: text(ciphers, 4096),
            checksums: text(checksums, 4096),
        })
    }
}

/// The first of the client's names that the server has too (RFC 4253, 7.1).
fn agreed<'a>(client: &'a str, server: &str) -> Option<&'a str> {
    client
        .split(',')
        .find(|name| server.split(',').any(|other| other == *name))
}

/// The size on the wire of a message of one byte from the server.
fn success_bytes(client: &Offer, server: &Offer) -> Option<u64> {
    let cipher = agreed(&client.ciphers, &server.ciphers)?;
    if cipher.starts_with("chacha20-poly1305") {
        return Some(4 + 8 + 16);
    }
    if cipher.contains("-gcm@") || cipher.starts_with("AEAD_AES") {
        return Some(4 + 16 + 16);
    }
    let checksum = agreed(&client.checksums, &server.checksums)?;
    let bytes = match checksum.split('@').next()?.trim_end_matches("-etm") {
        "hmac-sha1" => 20,
        "hmac-md5" | "umac-128" => 16,
        "hmac-sha1-96" | "hmac-md5-96" => 12,
        "hmac-sha2-256" => 32,
        "hmac-sha2-512" => 64,
        "umac-64" => 8,
        _ => return None,
    };
    // Length, size of padding, one byte, at least four of padding: ten bytes, filled up to blocks of 16;
    // blocks of 8 come to the same. Where the checksum covers the cipher text, the length stands outside.
    let length_outside = checksum.contains("-etm");
    Some(
        match (
            length_outside,
            cipher.starts_with("3des") || cipher.starts_with("blowfish"),
        ) {
            (true, true) => 4 + 8 + bytes,
            (true, false) => 4 + 16 + bytes,
            (false, _) => 16 + bytes,
        },
    )
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_size_of_success_follows_from_what_was_agreed() {
        for (cipher, checksum, expected) in [
            ("chacha20-poly1305@openssh.com", "x", Some(28)),
            ("aes256-gcm@openssh.com", "x", Some(36)),
            ("aes128-ctr", "hmac-sha1", Some(36)),
            ("aes128-ctr", "umac-64-etm@openssh.com", Some(28)),
            ("3des-cbc", "hmac-md5", Some(32)),
            ("aes128-ctr", "unheard-of", None),
        ] {
            let offer = || Offer {
                ciphers: format!("other,{cipher}"),
                checksums: checksum.into(),
            };
            let client = Offer {
                ciphers: cipher.into(),
                ..offer()
            };
            assert_eq!(
                success_bytes(&client, &offer()),
                expected,
                "{cipher} {checksum}"
            );
        }
    }

    #[test]
    fn an_answer_of_that_size_is_a_success_and_others_are_not() {
        let outcome = |answers: &[u64]| {
            let mut guess = Guess {
                success_bytes: Some(28),
                ..Guess::default()
            };
            for answer in answers {
                guess.take(Side::Client, 60);
                for _ in 0..*answer {
                    guess.take(Side::Server, 1);
                }
            }
            guess.turn_ends();
            guess.outcome
        };
        assert_eq!(outcome(&[44, 60, 28]), Some(Outcome::Success));
        assert_eq!(outcome(&[28]), None, "the first answer is none to a log-in");
        assert_eq!(outcome(&[44, 60, 60, 60]), None, "told at the end");
        assert_eq!(outcome(&[44, 60, 500, 60, 68]), None, "too few sizes");
        assert_eq!(
            outcome(&[44, 60, 500, 92, 68]),
            Some(Outcome::Success),
            "a conversation"
        );
    }
}
