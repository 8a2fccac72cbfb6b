//! Positions with a meaning, separated by one character; which columns follow may depend on what
//! stands in earlier ones. A value in double quotes may hold the separator.

use memchr::memchr;

use crate::parse::condition::Conditions;
use crate::parse::escape::Escape;
use crate::parse::keys::Slots;
use crate::parse::scan;

/// The most columns read.
const MAX_COLUMNS: usize = 128;

/// A compiled reader.
#[derive(Debug)]
pub(in crate::parse) struct Csv {
    /// Between columns.
    pub separator: u8,
    /// The columns every record has, and what may follow them.
    pub layout: Layout,
}

/// Some columns, and the layouts that may follow.
#[derive(Debug)]
pub(in crate::parse) struct Layout {
    /// Slot of each column, `None` where nobody asks for it.
    pub columns: Vec<Option<u16>>,
    /// What follows under which conditions (all must hold); the first that fits counts.
    pub branches: Vec<(Conditions, Layout)>,
}

impl Csv {
    /// Fills `slots`; false when the first layout has more columns than the message.
    pub fn read<'a>(&self, message: &'a str, slots: &mut Slots<'a>) -> bool {
        let mut rest = Some(message);
        let mut read = 0_usize;
        let mut layout = &self.layout;
        loop {
            for column in &layout.columns {
                let Some(text) = rest else {
                    return read >= self.layout.columns.len();
                };
                let (value, escape, after) = first_value(text, self.separator, true);
                if let Some(slot) = column {
                    slots.set(*slot, value, escape);
                }
                rest = after;
                read += 1;
                if read >= MAX_COLUMNS {
                    return true;
                }
            }
            let next = layout
                .branches
                .iter()
                .find(|(conditions, _)| conditions.hold(slots));
            match next {
                Some((_, next)) => layout = next,
                None => return true,
            }
        }
    }
}

/// The first value of `text`, how it is escaped, and what follows its separator. `quoted` says whether it
/// may stand in double quotes.
pub(in crate::parse) fn first_value(
    text: &str,
    separator: u8,
    quoted: bool,
) -> (&str, Escape, Option<&str>) {
    // Only behind one of these may a quote be the first that is no blank.
    if quoted
        && let Some(b' ' | b'"') = text.as_bytes().first()
        && let Some(inside) = text.trim_start_matches(' ').strip_prefix('"')
        && let Some((end, escape)) = quote_end(inside.as_bytes(), separator)
    {
        let value = inside.get(..end).unwrap_or_default();
        return (value, escape, inside.get(end + 2..));
    }
    let (value, after) = match scan::find(separator, text.as_bytes(), 0) {
        Some(end) => (text.get(..end).unwrap_or_default(), text.get(end + 1..)),
        None => (text, None),
    };
    (value, Escape::None, after)
}

/// Where a quoted value ends: at the first quote before a separator or the end; a doubled quote inside
/// does not end it.
fn quote_end(inside: &[u8], separator: u8) -> Option<(usize, Escape)> {
    let mut at = 0;
    let mut escape = Escape::None;
    loop {
        let mark = at + memchr(b'"', inside.get(at..)?)?;
        match inside.get(mark + 1) {
            None => return Some((mark, escape)),
            Some(byte) if *byte == separator => return Some((mark, escape)),
            Some(b'"') => {
                escape = Escape::DoubledQuote;
                at = mark + 2;
            }
            Some(_) => at = mark + 1,
        }
    }
}
