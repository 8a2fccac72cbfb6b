//! The packet line of Linux's kernel firewall (`LOG` target of iptables and nftables, ufw, and the
//! routers built on them): a prefix the administrator chose, then `IN=… OUT=… MAC=… SRC=… …`.
//!
//! The keys after the prefix are the kernel's own words, upper case, so a line that holds anything
//! else there was not written by the kernel and is refused: a user's text in another program's log
//! cannot pass for a packet. An ICMP error quotes the packet it is about in square brackets; reading
//! stops there.

use memchr::memchr;

use crate::parse::escape::Escape;
use crate::parse::habit::Habit;
use crate::parse::keys::{KeyTable, NO_SLOT, Slots};
use crate::parse::scan::{self, WORD};

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
    pub fn read<'a>(
        &self,
        message: &'a str,
        (keys, habit): (&KeyTable, Option<&mut Habit>),
        slots: &mut Slots<'a>,
    ) -> bool {
        let message = message.strip_prefix("kernel:").unwrap_or(message);
        let message = uptime(message.trim_start_matches(' '));
        let Some(start) = packet_start(message.as_bytes()) else {
            return false;
        };
        let Some((prefix, packet)) = message.split_at_checked(start) else {
            return false;
        };
        let Some((prefix, described)) = description(prefix) else {
            return false;
        };
        if let (Some(text), Some(slot)) = (described, keys.find("DESCR")) {
            slots.set(slot, text, Escape::None);
        }
        let prefix = prefix.trim_matches([' ', ':', '-', ',']);
        if let Some(slot) = self.prefix
            && !prefix.is_empty()
        {
            slots.set(slot, prefix, Escape::None);
        }
        pairs(packet, keys, habit, slots)
    }
}

/// Fills `slots` from `packet`; false when it holds anything that the kernel does not write.
fn pairs<'a>(
    packet: &'a str,
    keys: &KeyTable,
    mut habit: Option<&mut Habit>,
    slots: &mut Slots<'a>,
) -> bool {
    let bytes = packet.as_bytes();
    let mut at = 0;
    if let Some(habit) = &mut habit {
        habit.begin();
    }
    while let Some(rest) = bytes.get(at..)
        && !rest.is_empty()
    {
        let expected = habit.as_mut().and_then(|habit| habit.expected(0, rest));
        let found = expected.or_else(|| {
            let key = scan::run(rest, WORD);
            (rest.get(key) == Some(&b'=')).then(|| {
                let slot = rest.get(..key).and_then(|key| keys.find_bytes(key));
                let slot = slot.unwrap_or(NO_SLOT);
                if let (Some(habit), Some(text)) = (&mut habit, rest.get(..=key)) {
                    habit.learn(0, text, slot);
                }
                (slot, key + 1)
            })
        });
        if let Some((slot, value)) = found {
            let end = value + value_end(rest.get(value..).unwrap_or_default());
            if slot != NO_SLOT
                && let Some(text) = packet.get(at + value..at + end)
            {
                slots.set(slot, unquoted(text), Escape::None);
            }
            at += end + 1;
            continue;
        }
        let key = scan::run(rest, WORD);
        let end = match rest.get(key) {
            // An ICMP error quotes the packet it is about.
            Some(b'[') if rest.starts_with(b"[SRC=") => return true,
            // Some routers repeat the priority before a word.
            Some(b'<') if rest.get(2) == Some(&b'>') => {
                at += 3;
                continue;
            }
            // Flags (SYN, DF), and options as "OPT (0204…)".
            _ => match flag_end(rest) {
                Some(end) => end,
                None => return false,
            },
        };
        at += end + 1;
    }
    true
}

/// `text` without quotes around it.
fn unquoted(text: &str) -> &str {
    match text.as_bytes() {
        [b'"', ..] | [.., b'"'] => text.trim_matches('"'),
        _ => text,
    }
}

/// Where a value ends: at a blank outside quotes.
fn value_end(rest: &[u8]) -> usize {
    if rest.first() == Some(&b'"') {
        let inside = rest.get(1..).unwrap_or_default();
        return memchr(b'"', inside).map_or(rest.len(), |end| end + 2);
    }
    scan::find(b' ', rest, 0).unwrap_or(rest.len())
}

/// Where a word of capitals, digits and parentheses ends. `None` when it holds anything else.
fn flag_end(rest: &[u8]) -> Option<usize> {
    let end = rest
        .iter()
        .position(|byte| *byte == b' ')
        .unwrap_or(rest.len());
    let good = rest.get(..end)?.iter().all(|byte| {
        byte.is_ascii_uppercase() || byte.is_ascii_digit() || matches!(byte, b'(' | b')' | b'_')
    });
    good.then_some(end)
}

/// The prefix, and the description of the rule behind it in quotes. `None` when there are other quotes:
/// somebody's text, not the kernel's.
fn description(prefix: &str) -> Option<(&str, Option<&str>)> {
    if memchr(b'"', prefix.as_bytes()).is_none() {
        return Some((prefix, None));
    }
    let (prefix, text) = prefix.split_once(DESCRIPTION)?;
    let text = text.trim_end().strip_suffix('"')?;
    (!prefix.contains('"') && !text.contains('"')).then_some((prefix, Some(text)))
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
    memchr::memchr_iter(b'=', window).find_map(|mark| {
        let at = window.get(..mark)?.strip_suffix(b"IN")?.len();
        let before = at.checked_sub(1).and_then(|before| window.get(before));
        (!before.is_some_and(u8::is_ascii_uppercase)).then_some(at)
    })
}
