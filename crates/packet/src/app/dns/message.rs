//! One message (RFC 1035, 4.1), its names with bounded pointers.

use crate::app::Protocol;
use crate::app::bytes::Cursor;

/// The most questions read of one message.
const QUESTIONS: u16 = 16;
/// The most pointers followed in one name; each must point further back.
const POINTERS: u8 = 32;
/// The longest name (RFC 1035, 2.3.4).
const NAME_BYTES: usize = 255;

/// The operation that changes a zone (RFC 2136).
const UPDATE: u16 = 5;

/// What is told of a message.
pub(in crate::app) struct Message {
    pub id: u16,
    pub answer: bool,
    pub rcode: u8,
    pub answers: u16,
    /// Name and record type of each question; of an answer that repeats none, those of its first record.
    pub questions: Vec<(String, u16)>,
}

/// Reads a message as `protocol` writes it.
pub(in crate::app) fn read(bytes: &[u8], protocol: Protocol) -> Option<Message> {
    let mut cursor = Cursor(bytes);
    let (id, flags) = (cursor.be16()?, cursor.be16()?);
    let (questions, answers) = (cursor.be16()?, cursor.be16()?);
    let changes = cursor.be16()?;
    cursor.take(2)?;
    let is_update = flags >> 11 & 0xf == UPDATE;
    let mut message = Message {
        id,
        answer: flags & 0x8000 != 0,
        rcode: u8::try_from(flags & 0xf).unwrap_or_default(),
        answers,
        questions: Vec::new(),
    };
    let named = if questions == 0 && message.answer {
        answers.min(1)
    } else {
        questions
    };
    for _ in 0..named.min(QUESTIONS) {
        let at = bytes.len().saturating_sub(cursor.0.len());
        let Some((name, next)) = name(bytes, at) else {
            break;
        };
        cursor = Cursor(bytes.get(next..).unwrap_or_default());
        let (Some(record_type), Some(_)) = (cursor.be16(), cursor.be16()) else {
            break;
        };
        let name = if protocol == Protocol::Nbns {
            netbios(&name).unwrap_or(name)
        } else {
            name
        };
        message.questions.push((name, record_type));
    }
    if is_update {
        // The question is the zone only; what matters is the name to be changed. An answer need not
        // repeat it.
        let at = bytes.len().saturating_sub(cursor.0.len());
        let changed = (answers > 0 || changes > 0).then(|| name(bytes, at));
        match (message.questions.first_mut(), changed.flatten()) {
            _ if message.answer => message.questions.clear(),
            (Some(question), Some((name, _))) => question.0 = name,
            _ => {}
        }
    }
    Some(message)
}

/// The name at a place of a message, and the place after it.
pub(in crate::app) fn name(bytes: &[u8], at: usize) -> Option<(String, usize)> {
    let mut text = String::new();
    let (mut at, mut next, mut pointers, mut length) = (at, None, 0, 0usize);
    loop {
        let mut cursor = Cursor(bytes.get(at..)?);
        match cursor.byte()? {
            0 => {
                let next = next.unwrap_or(at.saturating_add(1));
                if text.is_empty() {
                    text.push('.');
                }
                return Some((text, next));
            }
            size @ 1..=63 => {
                let label = cursor.take(usize::from(size))?;
                length = length.saturating_add(label.len()).saturating_add(1);
                if length > NAME_BYTES {
                    return None;
                }
                if !text.is_empty() {
                    text.push('.');
                }
                push_label(&mut text, label);
                at = at.saturating_add(label.len()).saturating_add(1);
            }
            high @ 0xc0.. => {
                let low = cursor.byte()?;
                let target = usize::from(high & 0x3f) << 8 | usize::from(low);
                next.get_or_insert(at.saturating_add(2));
                pointers += 1;
                if target >= at || pointers > POINTERS {
                    return None;
                }
                at = target;
            }
            _ => return None,
        }
    }
}

/// A label in the form people write (RFC 4343, 2.1): what is not print is a backslash and its number.
fn push_label(text: &mut String, label: &[u8]) {
    for byte in label {
        match byte {
            b'.' | b'\\' => {
                text.push('\\');
                text.push(char::from(*byte));
            }
            b'!'..=b'~' | b' ' => text.push(char::from(*byte)),
            other => {
                text.push('\\');
                for digit in [other / 100, other / 10 % 10, other % 10] {
                    text.push(char::from(b'0'.saturating_add(digit)));
                }
            }
        }
    }
}

/// A `NetBIOS` name out of its half-byte letters (RFC 1001, 14.1), without its kind.
fn netbios(name: &str) -> Option<String> {
    let label = name.split('.').next()?.as_bytes();
    if label.len() != 32 {
        return None;
    }
    let mut bytes = Vec::with_capacity(16);
    for pair in label.chunks_exact(2) {
        let [high, low] = *pair else { return None };
        let half = |letter: u8| letter.checked_sub(b'A').filter(|half| *half < 16);
        bytes.push(half(high)? << 4 | half(low)?);
    }
    bytes.pop();
    let text: String = bytes
        .iter()
        .map(|byte| char::from(*byte))
        .filter(|c| !c.is_control())
        .collect();
    Some(text.trim_end().to_owned())
}
