//! One reader per way of writing a record. Each fills the format's slots from the message, in one
//! pass, without allocating.

pub(super) mod cef;
pub(super) mod csv;
pub(super) mod json;
pub(super) mod key_value;
pub(super) mod netfilter;
mod path;
pub(super) mod template;
pub(super) mod xml;

use super::habit::Habit;
use super::keys::{KeyTable, Slots};

/// A compiled reader.
#[derive(Debug)]
pub(super) enum Reader {
    KeyValue(key_value::KeyValue),
    Csv(csv::Csv),
    Json,
    Netfilter(netfilter::Netfilter),
    Template(template::Templates),
    Cef(cef::Header),
    Leef(cef::Header),
    Xml,
    /// Only what the log names: no record says alone what its values are.
    None,
}

/// What a reader made of a message.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Reading {
    /// It is not written this way.
    No,
    /// The slots are filled.
    Yes,
    /// The slots are filled by the template of this number.
    Template(u16),
}

impl Reader {
    /// Whether it names values by keys of the record's own.
    pub const fn has_keys(&self) -> bool {
        !matches!(self, Self::Csv(_) | Self::Template(_) | Self::None)
    }

    /// Reads `message` into `slots`; `keys` are the format's, `habit` what is remembered of its records' keys.
    pub fn read<'a>(
        &self,
        message: &'a str,
        keys: &KeyTable,
        escapes: bool,
        slots: &mut Slots<'a>,
        habit: Option<&mut Habit>,
    ) -> Reading {
        let done = match self {
            Self::KeyValue(reader) => reader.read(message, (keys, habit), escapes, slots),
            Self::Csv(reader) => reader.read(message, slots),
            Self::Json => json::read(message, (keys, habit), slots),
            Self::Netfilter(reader) => reader.read(message, (keys, habit), slots),
            Self::Cef(reader) => reader.read_cef(message, (keys, habit), slots),
            Self::Leef(reader) => reader.read_leef(message, (keys, habit), slots),
            Self::Xml => xml::read(message, keys, slots),
            Self::None => false,
            Self::Template(templates) => {
                return match templates.read(message, escapes, slots) {
                    Some(number) => Reading::Template(number),
                    None => Reading::No,
                };
            }
        };
        if done { Reading::Yes } else { Reading::No }
    }
}
