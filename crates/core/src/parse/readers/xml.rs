//! One XML element per record, as Windows exports its events. Elements are named by their path below
//! the outermost one (`System.EventID`), attributes by the path and their own name
//! (`System.TimeCreated.SystemTime`); an element `<Data Name="TargetUserName">` counts as if that were
//! its name (`EventData.TargetUserName`). Nothing is built, no entity is defined, nothing is fetched.

use memchr::{memchr, memmem};

use super::path::Path;
use crate::parse::escape::Escape;
use crate::parse::keys::{KeyTable, Slots};

/// How deep elements may lie inside one another.
const MAX_DEPTH: usize = 16;
/// The attribute that names an element of this kind.
const NAMED: (&str, &str) = ("Data", "Name");

/// Fills `slots`; false when `message` is no whole element.
pub(in crate::parse) fn read<'a>(message: &'a str, keys: &KeyTable, slots: &mut Slots<'a>) -> bool {
    let mut scanner = Scanner {
        rest: message,
        keys,
        path: Path::default(),
    };
    scanner.prologue().is_some() && scanner.element(slots, 0).is_some()
}

struct Scanner<'a, 'k> {
    rest: &'a str,
    keys: &'k KeyTable,
    path: Path,
}

/// An opening tag, taken apart.
struct Tag<'a> {
    name: &'a str,
    /// Whether it is closed in itself.
    empty: bool,
}

impl<'a> Scanner<'a, '_> {
    fn prologue(&mut self) -> Option<()> {
        loop {
            self.rest = self.rest.trim_start();
            if self.rest.starts_with("<?") {
                self.skip_past("?>")?;
            } else if self.rest.starts_with("<!--") {
                self.skip_past("-->")?;
            } else {
                return self.rest.starts_with('<').then_some(());
            }
        }
    }

    fn skip_past(&mut self, end: &str) -> Option<()> {
        let at = memmem::find(self.rest.as_bytes(), end.as_bytes())?;
        self.rest = self.rest.get(at + end.len()..)?;
        Some(())
    }

    /// Reads the element that `rest` begins with.
    fn element(&mut self, slots: &mut Slots<'a>, depth: usize) -> Option<()> {
        if depth >= MAX_DEPTH {
            return None;
        }
        let mark = self.path.mark();
        let tag = self.open(slots, depth)?;
        if !tag.empty {
            self.content(slots, depth)?;
            let close = self.rest.strip_prefix("</")?.strip_prefix(tag.name)?;
            self.rest = close.trim_start().strip_prefix('>')?;
        }
        self.path.back_to(mark);
        Some(())
    }

    /// Reads an opening tag and puts its name on the path.
    fn open(&mut self, slots: &mut Slots<'a>, depth: usize) -> Option<Tag<'a>> {
        let inside = self.rest.strip_prefix('<')?;
        let (name, mut rest) = inside.split_at_checked(name_length(inside))?;
        if name.is_empty() {
            return None;
        }
        let local = name.rsplit(':').next().unwrap_or(name);
        // The path begins below the outermost element.
        let outermost = depth == 0;
        // Whether the element's name is still to come.
        let mut named = local == NAMED.0;
        if !named && !outermost {
            self.path.push(local.as_bytes());
        }
        let empty = loop {
            rest = rest.trim_start();
            if let Some(after) = rest.strip_prefix("/>") {
                rest = after;
                break true;
            }
            if let Some(after) = rest.strip_prefix('>') {
                rest = after;
                break false;
            }
            let (key, value, after) = attribute(rest)?;
            rest = after;
            if !outermost && named && key == NAMED.1 {
                self.path.push(value.as_bytes());
                named = false;
            } else if !outermost {
                let mark = self.path.mark();
                self.path.push(key.as_bytes());
                self.keep(value, slots);
                self.path.back_to(mark);
            }
        };
        self.rest = rest;
        if named && !outermost {
            // A nameless `<Data>`: nothing can ask for it.
            self.path.push_nameless();
        }
        Some(Tag { name, empty })
    }

    /// Reads text and elements up to the closing tag.
    fn content(&mut self, slots: &mut Slots<'a>, depth: usize) -> Option<()> {
        loop {
            let end = memchr(b'<', self.rest.as_bytes())?;
            let text = self.rest.get(..end)?.trim();
            self.rest = self.rest.get(end..)?;
            if !text.is_empty() {
                self.keep(text, slots);
            }
            if self.rest.starts_with("</") {
                return Some(());
            } else if let Some(inside) = self.rest.strip_prefix("<![CDATA[") {
                let end = memmem::find(inside.as_bytes(), b"]]>")?;
                if let Some(slot) = self
                    .path
                    .bytes()
                    .and_then(|path| self.keys.find_bytes(path))
                {
                    slots.set(slot, inside.get(..end)?, Escape::None);
                }
                self.rest = inside.get(end + 3..)?;
            } else if self.rest.starts_with("<!--") {
                self.skip_past("-->")?;
            } else {
                self.element(slots, depth + 1)?;
            }
        }
    }

    fn keep(&self, text: &'a str, slots: &mut Slots<'a>) {
        if let Some(slot) = self
            .path
            .bytes()
            .and_then(|path| self.keys.find_bytes(path))
        {
            let escape = if memchr(b'&', text.as_bytes()).is_some() {
                Escape::Entity
            } else {
                Escape::None
            };
            slots.set(slot, text, escape);
        }
    }
}

fn name_length(text: &str) -> usize {
    text.bytes()
        .take_while(|byte| {
            byte.is_ascii_alphanumeric() || matches!(byte, b'_' | b'-' | b'.' | b':')
        })
        .count()
}

/// `name="value"` with either quote, and what follows.
fn attribute(text: &str) -> Option<(&str, &str, &str)> {
    let (name, rest) = text.split_at_checked(name_length(text))?;
    let rest = rest.trim_start().strip_prefix('=')?.trim_start();
    let quote = rest
        .chars()
        .next()
        .filter(|mark| matches!(mark, '"' | '\''))?;
    let (value, after) = rest.get(1..)?.split_once(quote)?;
    (!name.is_empty()).then_some((name, value, after))
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::parse::keys::MAX_SLOTS;

    #[track_caller]
    fn check(input: &str, expected: Option<&[(&str, &str)]>) {
        let names = [
            "System.EventID",
            "System.TimeCreated.SystemTime",
            "EventData.User",
            "EventData.Empty",
            "UserData.x.y",
        ];
        let keys = KeyTable::new(names.iter().copied().zip(0..));
        let mut slots = Slots::new(MAX_SLOTS);
        let good = read(input, &keys, &mut slots);
        let found: Vec<(&str, String)> = names
            .iter()
            .zip(0..)
            .filter_map(|(name, slot)| {
                let raw = slots.get(slot)?;
                Some((*name, raw.escape.undo(raw.text).into_owned()))
            })
            .collect();
        let expected = expected.map(|list| {
            list.iter()
                .map(|(name, value)| (*name, (*value).to_owned()))
                .collect::<Vec<_>>()
        });
        assert_eq!(good.then_some(found), expected, "{input}");
    }

    #[test]
    fn finds_values_by_path() {
        check(
            r#"<?xml version="1.0"?><Event xmlns='urn:x'><System><EventID Qualifiers="0">4625</EventID>
            <TimeCreated SystemTime='2026-11-22T10:00:00Z'/></System><!-- <System> --><EventData>
            <Data Name="User">a &lt;b&gt;</Data><Data>nameless</Data><Data Name='Empty'/></EventData></Event>"#,
            Some(&[
                ("System.EventID", "4625"),
                ("System.TimeCreated.SystemTime", "2026-11-22T10:00:00Z"),
                ("EventData.User", "a <b>"),
            ]),
        );
        check(
            "<e:Event><UserData><e:x><y><![CDATA[<System>]]></y></e:x></UserData></e:Event>",
            Some(&[("UserData.x.y", "<System>")]),
        );
        // Text with angle brackets in it comes escaped and stays text.
        check(
            "<Event><EventData><Data Name=\"User\">&lt;/Data&gt;&lt;Data Name=&quot;Empty&quot;&gt;x</Data></EventData></Event>",
            Some(&[("EventData.User", "</Data><Data Name=\"Empty\">x")]),
        );
        for wrong in [
            "",
            "x",
            "<Event>",
            "<Event></Other>",
            "<Event a></Event>",
            "<Event><a",
        ] {
            check(wrong, None);
        }
        check(&format!("{}{}", "<a>".repeat(40), "</a>".repeat(40)), None);
    }
}
