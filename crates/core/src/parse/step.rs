//! What a format reads beside its message: parts of the header, and the values of keys once more.

use super::condition::Conditions;
use super::envelope::Envelope;
use super::escape;
use super::keys::{KeyTable, Slots};
use super::readers::Reader;

/// A part of the header that a format can ask for under a key of its own.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum HeaderPart {
    /// The program that spoke.
    Program,
    /// The device's name.
    Host,
    /// The whole message.
    Message,
    /// RFC 5424's message id.
    MessageId,
    /// RFC 5424's structured data, as it stands there.
    Structured,
    /// The stamp, as it stands there.
    Stamp,
}

impl HeaderPart {
    /// Every part.
    pub const ALL: &'static [Self] = &[
        Self::Program,
        Self::Host,
        Self::Message,
        Self::MessageId,
        Self::Structured,
        Self::Stamp,
    ];

    /// The key a format file asks for it with.
    pub const fn key(self) -> &'static str {
        match self {
            Self::Program => "@program",
            Self::Host => "@host",
            Self::Message => "@message",
            Self::MessageId => "@msgid",
            Self::Structured => "@structured",
            Self::Stamp => "@stamp",
        }
    }

    /// What the header says.
    pub const fn of<'a>(self, envelope: &Envelope<'a>) -> Option<&'a str> {
        match self {
            Self::Program => envelope.program,
            Self::Host => envelope.host,
            Self::Message => Some(envelope.message),
            Self::MessageId => envelope.message_id,
            Self::Structured => envelope.structured,
            Self::Stamp => envelope.stamp_text,
        }
    }
}

/// A second step: the value of one key read once more.
#[derive(Debug)]
pub(super) struct Step {
    /// The key.
    pub from: u16,
    /// When.
    pub conditions: Conditions,
    /// How.
    pub reader: Reader,
    /// Whether quoted values inside are escaped.
    pub escapes: bool,
}

impl Step {
    /// Adds to `slots` what the value says; `room` lends memory for values whose escapes must be undone
    /// first.
    pub fn run<'a>(
        &self,
        keys: &KeyTable,
        slots: &mut Slots<'a>,
        room: &mut std::slice::IterMut<'a, String>,
    ) {
        let Some(raw) = slots.get(self.from) else {
            return;
        };
        if !self.conditions.hold(slots) {
            return;
        }
        let Some(text) = escape::undo_in(raw.escape, raw.text, room) else {
            return;
        };
        // A value that turns out not to be written this way has at most filled keys that were empty.
        self.reader.read(text, keys, self.escapes, slots, None);
    }
}
