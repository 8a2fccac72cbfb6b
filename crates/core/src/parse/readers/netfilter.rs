//! The packet line of Linux's kernel firewall (`LOG` target of iptables and nftables, ufw, and the
//! routers built on them): a prefix the administrator chose, then `IN=… OUT=… MAC=… SRC=… …`.
//!
//! The keys after the prefix are the kernel's own words, upper case, so a line that holds anything
//! else there was not written by the kernel and is refused: a user's text in another program's log
//! cannot pass for a packet. An ICMP error quotes the packet it is about in square brackets; reading
//! stops there.

use memchr::{memchr, memmem};

use crate::parse::escape::Escape;
use crate::parse::keys::{KeyTable, Slots};

/// The longest prefix. The kernel allows 29 bytes (iptables) or 127 (nftables); relays add some.
const MAX_PREFIX_BYTES: usize = 192;

/// What stands before the administrator's description of the rule, in quotes (UniFi).
const DESCRIPTION: &str = "DESCR=\"";

/// A compiled reader.
#[derive(Clone, Copy, Debug)]
pub(in crate::parse) struct Netfilter {
    /// Slot of the prefix.
    pub prefix: Option<u16>,
}

impl Netfilter {
    /// Fills `slots`; false when the message is no packet line.
    pub fn read<'a>(&self, message: &'a str, keys: &KeyTable, slots: &mut Slots<'a>) -> bool {
        let message = message.strip_prefix("kernel:").unwrap_or(message);
        let message = uptime(message.trim_start_matches(' '));
        let Some(start) = packet_start(message.as_bytes()) else {
            return false;
        };
        let Some((prefix, packet)) = message.split_at_checked(start) else {
            return false;
        };
        let (prefix, described) = match prefix.split_once(DESCRIPTION) {
            Some((prefix, text)) => (prefix, text.trim_end().strip_suffix('"')),
            None => (prefix, None),
        };
        if prefix.contains('"') || described.is_some_and(|text| text.contains('"')) {
            return false;
        }
        if let (Some(text), Some(slot)) = (described, keys.find("DESCR")) {
            slots.set(slot, text, Escape::None);
        }
        let prefix = prefix.trim_matches([' ', ':', '-', ',']);
        if let Some(slot) = self.prefix
            && !prefix.is_empty()
        {
            slots.set(slot, prefix, Escape::None);
        }
        let bytes = packet.as_bytes();
        let mut at = 0;
        while at < bytes.len() {
            let rest = bytes.get(at..).unwrap_or_default();
            // Some routers repeat the priority before a word.
            if rest.starts_with(b"<") && rest.get(2) == Some(&b'>') {
                at += 3;
                continue;
            }
            let end = at + word_end(rest);
            let Some(word) = packet.get(at..end) else {
                return false;
            };
            if word.starts_with("[SRC=") {
                break;
            }
            if !self.word(word, keys, slots) {
                return false;
            }
            at = end + 1;
        }
        true
    }

    fn word<'a>(&self, word: &'a str, keys: &KeyTable, slots: &mut Slots<'a>) -> bool {
        let Some(mark) = memchr(b'=', word.as_bytes()) else {
            // Flags (SYN, DF), and options as "OPT (0204…)".
            return word.bytes().all(|byte| {
                byte.is_ascii_uppercase()
                    || byte.is_ascii_digit()
                    || matches!(byte, b'(' | b')' | b'_')
            });
        };
        let Some((key, value)) = word.split_at_checked(mark) else {
            return false;
        };
        let good = key
            .bytes()
            .all(|byte| byte.is_ascii_alphanumeric() || byte == b'_');
        if good && let Some(slot) = keys.find(key) {
            let value = value.get(1..).unwrap_or_default();
            slots.set(slot, value.trim_matches('"'), Escape::None);
        }
        good
    }
}

/// Where the word that `rest` starts with ends; blanks inside quotes belong to it.
fn word_end(rest: &[u8]) -> usize {
    let end = memchr(b' ', rest).unwrap_or(rest.len());
    let quoted = rest
        .get(..end)
        .and_then(|word| memmem::find(word, b"=\""))
        .and_then(|at| Some(at + 2 + memchr(b'"', rest.get(at + 2..)?)? + 1));
    quoted.unwrap_or(end)
}

/// Skips `[ 12345.678901] `, the kernel's seconds since start.
fn uptime(message: &str) -> &str {
    let Some(inside) = message.strip_prefix('[') else {
        return message;
    };
    let length = inside
        .bytes()
        .take(24)
        .take_while(|byte| byte.is_ascii_digit() || matches!(byte, b' ' | b'.'))
        .count();
    match inside.get(length..).and_then(|rest| rest.strip_prefix(']')) {
        Some(rest) if length > 0 => rest.trim_start_matches(' '),
        _ => message,
    }
}

/// Where `IN=` begins: the first that starts a word or follows the prefix directly.
fn packet_start(message: &[u8]) -> Option<usize> {
    let window = message.get(..message.len().min(MAX_PREFIX_BYTES))?;
    memmem::find_iter(window, b"IN=").find(|at| {
        let before = at.checked_sub(1).and_then(|before| window.get(before));
        !before.is_some_and(u8::is_ascii_uppercase)
    })
}
