//! Messages that are sentences with gaps: literals and typed fields.
//!
//! All templates of a format lie in one prefix tree ([`tree`]), so reading a message ([`walk`]) costs the
//! length of the message, not the number of templates. A template must cover the whole message.
//!
//! | field | takes |
//! |---|---|
//! | `{ip}` | an address, with a zone index or not |
//! | `{host}` | an address or a host name |
//! | `{int}`, `{port}` | digits |
//! | `{stamp}` | an access log's date and time |
//! | `{word}` | as few non-blanks as let the rest match, at least one |
//! | `{maybe}` | the same, possibly none |
//! | `{lazy}` | as little of anything as lets the rest match, possibly nothing |
//! | `{text}` | as much of anything as lets the rest match, possibly nothing: for what a stranger chose and what the device closes with words of its own |
//! | `{quoted}` | the inside of double quotes, escapes respected |
//! | `{rest}` | all that is left |
//!
//! `{type:key}` keeps it under a key; `<<…>>` may be left out.

mod tree;
mod walk;

use super::super::escape::Escape;
use super::super::keys::Slots;
use super::super::scan;
use tree::{Growing, NO_SLOT, Tree};
use walk::{Waiting, Walk};

/// The most fields of one template.
const MAX_FIELDS: usize = 32;
/// The most `<<…>>` of one template: each doubles its paths.
const MAX_OPTIONAL: usize = 6;

/// What a gap takes.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
enum Gap {
    Ip,
    Host,
    Int,
    Stamp,
    Quoted,
    Word,
    Maybe,
    Lazy,
    Text,
    Rest,
}

const GAPS: &[(&str, Gap)] = &[
    ("ip", Gap::Ip),
    ("host", Gap::Host),
    ("int", Gap::Int),
    ("port", Gap::Int),
    ("stamp", Gap::Stamp),
    ("quoted", Gap::Quoted),
    ("word", Gap::Word),
    ("maybe", Gap::Maybe),
    ("lazy", Gap::Lazy),
    ("text", Gap::Text),
    ("rest", Gap::Rest),
];

impl Gap {
    /// Whether it can take something that begins with this byte.
    #[inline]
    fn may_begin(self, first: Option<u8>) -> bool {
        match self {
            Self::Ip => first.is_some_and(|byte| scan::class(byte) & scan::ADDRESS != 0),
            Self::Host => {
                first.is_some_and(|byte| scan::class(byte) & (scan::ADDRESS | scan::NAME) != 0)
            }
            Self::Int | Self::Stamp => first.is_some_and(|byte| byte.is_ascii_digit()),
            Self::Quoted => first == Some(b'"'),
            Self::Word => !matches!(first, None | Some(b' ')),
            Self::Maybe | Self::Lazy | Self::Text | Self::Rest => true,
        }
    }

    /// Whether only what follows tells where it ends.
    const fn is_open(self) -> bool {
        matches!(
            self,
            Self::Word | Self::Maybe | Self::Lazy | Self::Text | Self::Rest
        )
    }
}

/// A piece of a template as written.
#[derive(Clone, Copy, Debug, PartialEq)]
enum Piece<'t> {
    Literal(&'t str),
    Gap(Gap, Option<&'t str>),
}

/// A template taken apart.
struct Sentence<'t> {
    /// Each piece, and the number of the `<<…>>` it stands in.
    pieces: Vec<(Piece<'t>, Option<usize>)>,
    /// How many `<<…>>` there are.
    optional: usize,
}

impl<'t> Sentence<'t> {
    fn read(template: &'t str) -> Result<Self, String> {
        let mut pieces = Vec::new();
        let mut optional = 0;
        let mut rest = template;
        while let Some((before, after)) = rest.split_once("<<") {
            let (inside, after) = after.split_once(">>").ok_or("`<<` without `>>`")?;
            add_pieces(before, None, &mut pieces)?;
            add_pieces(inside, Some(optional), &mut pieces)?;
            optional += 1;
            rest = after;
        }
        add_pieces(rest, None, &mut pieces)?;
        if optional > MAX_OPTIONAL {
            return Err(format!("more than {MAX_OPTIONAL} optional parts"));
        }
        Ok(Self { pieces, optional })
    }

    /// The template once for every choice of its optional parts, the fullest first.
    fn variants(&self) -> impl Iterator<Item = impl Iterator<Item = Piece<'t>>> {
        (0..1_usize << self.optional).map(move |left_out| {
            let is_in = move |part: &Option<usize>| {
                part.is_none_or(|part| left_out >> (self.optional - 1 - part) & 1 == 0)
            };
            let pieces = self.pieces.iter();
            pieces.filter_map(move |(piece, part)| is_in(part).then_some(*piece))
        })
    }
}

fn add_pieces<'t>(
    text: &'t str,
    part: Option<usize>,
    pieces: &mut Vec<(Piece<'t>, Option<usize>)>,
) -> Result<(), String> {
    let mut rest = text;
    while let Some((literal, after)) = rest.split_once('{') {
        if !literal.is_empty() {
            pieces.push((Piece::Literal(literal), part));
        }
        let (inside, after) = after.split_once('}').ok_or("`{` without `}`")?;
        let (name, key) = match inside.split_once(':') {
            Some((name, key)) => (name, Some(key)),
            None => (inside, None),
        };
        let gap = GAPS
            .iter()
            .find(|(known, _)| *known == name)
            .map(|(_, gap)| *gap)
            .ok_or_else(|| format!("no field type `{name}`"))?;
        pieces.push((Piece::Gap(gap, key), part));
        rest = after;
    }
    if !rest.is_empty() {
        pieces.push((Piece::Literal(rest), part));
    }
    Ok(())
}

/// Gathers the templates of a format.
pub(in crate::parse) struct Builder {
    tree: Growing,
}

impl Builder {
    /// Without a template.
    pub fn new() -> Self {
        Self {
            tree: Growing::new(),
        }
    }

    /// Adds the template of this `number`; `slot` numbers its keys and says what is wrong with one.
    ///
    /// # Errors
    /// What is wrong with it; also when another template says the same.
    pub fn add(
        &mut self,
        number: u16,
        template: &str,
        slot: impl Fn(&str) -> Option<u16>,
    ) -> Result<(), String> {
        let sentence = Sentence::read(template)?;
        for (piece, _) in &sentence.pieces {
            if let Piece::Gap(_, Some(key)) = piece
                && slot(key).is_none()
            {
                return Err(format!("nobody asks for `{key}`"));
            }
        }
        let mut literal = String::new();
        let mut slots = Vec::new();
        for pieces in sentence.variants() {
            let mut node = 0;
            let mut open = false;
            let mut any = false;
            slots.clear();
            for piece in pieces {
                any = true;
                match piece {
                    // What is left of two literals with nothing between them is one.
                    Piece::Literal(text) => literal.push_str(text),
                    Piece::Gap(gap, key) => {
                        if open && literal.is_empty() {
                            let key = key.unwrap_or_default();
                            return Err(format!("`{{…:{key}}}` needs a literal before it"));
                        }
                        node = self.tree.literal(node, &literal);
                        literal.clear();
                        node = self.tree.gap(node, gap);
                        slots.push(key.and_then(&slot).unwrap_or(NO_SLOT));
                        open = gap.is_open();
                    }
                }
            }
            node = self.tree.literal(node, &literal);
            literal.clear();
            if !any || slots.len() > MAX_FIELDS {
                return Err(format!("empty, or more than {MAX_FIELDS} fields"));
            }
            if !self.tree.end(node, number, &slots) {
                return Err("another template says the same".into());
            }
        }
        Ok(())
    }

    /// Ready to read.
    pub fn build(self) -> Templates {
        Templates {
            tree: self.tree.finish(),
        }
    }
}

/// All templates of a format.
#[derive(Debug)]
pub(in crate::parse) struct Templates {
    tree: Tree,
}

impl Templates {
    /// The template that covers `message`, its gaps put into `slots`.
    pub fn read<'a>(&self, message: &'a str, escapes: bool, slots: &mut Slots<'a>) -> Option<u16> {
        // Looked for once, not in each value.
        let escapes = escapes && memchr::memchr(b'\\', message.as_bytes()).is_some();
        let mut waiting = Waiting::default();
        let mut walk = Walk::new(&self.tree, message, escapes, &mut waiting);
        let (template, wanted) = self.tree.path(walk.path()?)?;
        for (slot, (start, end)) in wanted.iter().zip(walk.gaps()) {
            if *slot != NO_SLOT
                && let Some(text) = message.get(*start as usize..*end as usize)
            {
                let text = scan::trimmed(text);
                slots.set(*slot, text, Escape::backslash_in(text, escapes));
            }
        }
        Some(template)
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::parse::keys::MAX_SLOTS;

    const KEYS: [&str; 4] = ["user", "ip", "port", "x"];

    #[track_caller]
    fn check(templates: &[&str], input: &str, expected: Option<(u16, &[&str])>) {
        let mut builder = Builder::new();
        for (number, template) in (0..).zip(templates) {
            let slot = |key: &str| {
                KEYS.iter()
                    .zip(0..)
                    .find(|(name, _)| **name == key)
                    .map(|(_, slot)| slot)
            };
            builder.add(number, template, slot).unwrap();
        }
        let tree = builder.build();
        let mut slots = Slots::new(MAX_SLOTS);
        let found = tree.read(input, true, &mut slots).map(|number| {
            let values: Vec<&str> = (0..4)
                .filter_map(|slot| Some(slots.get(slot)?.text))
                .collect();
            (number, values)
        });
        let found = found
            .as_ref()
            .map(|(number, values)| (*number, values.as_slice()));
        assert_eq!(found, expected, "{input}");
    }

    /// Time is linear because what a walk may spend is, and looking through text is paid for too.
    #[test]
    fn hostile_messages_are_given_up_and_honest_ones_cost_little() {
        let mut builder = Builder::new();
        for (number, text) in (0..).zip([
            "a {lazy}b{lazy}c{lazy}Q",
            "t {text} from {text} to {text} end",
            "w {word:x}:{word}:{word}!",
            "h {lazy} for {text:user} from {ip:ip} port {int} ssh2",
        ]) {
            builder.add(number, text, |_| Some(0)).unwrap();
        }
        let tree = builder.build().tree;
        let length = 60_000;
        let many = |head: &str, piece: &str| head.to_owned() + &piece.repeat(length / piece.len());
        for message in [many("a ", "bc"), many("t ", " from  to "), many("w ", "a:")] {
            let mut waiting = Waiting::default();
            let mut walk = Walk::new(&tree, &message, true, &mut waiting);
            assert_eq!(walk.path(), None);
            assert!(walk.tries < 64, "{} tries left", walk.tries);
        }
        let honest = many("h x for ", "user name ") + " from 192.0.2.1 port 7 ssh2";
        let mut waiting = Waiting::default();
        let mut walk = Walk::new(&tree, &honest, true, &mut waiting);
        let before = walk.tries;
        assert!(walk.path().is_some());
        assert!(walk.tries > before / 10 * 9, "{} of {before}", walk.tries);
    }

    #[test]
    fn templates_share_their_beginnings() {
        let templates = [
            "Failed {word:x} for {text:user} from {host:ip} port {port:port} ssh2",
            "Failed {word:x} for invalid user {text:user} from {host:ip} port {port:port} ssh2",
            "Failed to start",
            "Bye {ip:ip}<< port {port:port}>><< [pre]>>",
        ];
        check(
            &templates,
            "Failed password for bob from 192.0.2.1 port 7 ssh2",
            Some((0, &["bob", "192.0.2.1", "7", "password"])),
        );
        check(
            &templates,
            "Failed none for invalid user  from host-a port 7 ssh2",
            Some((1, &["", "host-a", "7", "none"])),
        );
        check(&templates, "Failed to start", Some((2, &[])));
        check(&templates, "Failed to start x", None);
        check(
            &templates,
            "Bye 2001:db8::1 port 3 [pre]",
            Some((3, &["2001:db8::1", "3"])),
        );
        check(&templates, "Bye 192.0.2.1", Some((3, &["192.0.2.1"])));
        check(&templates, "Bye host", None);
        check(&templates, "", None);
    }

    #[test]
    fn text_a_stranger_chose_cannot_move_the_fields_after_it() {
        let template = ["Failed for {text:user} from {ip:ip} port {port:port}"];
        check(
            &template,
            "Failed for x from 203.0.113.9 port 1 from 192.0.2.1 port 7",
            Some((0, &["x from 203.0.113.9 port 1", "192.0.2.1", "7"])),
        );
    }

    #[test]
    fn quotes_and_words_end_where_they_should() {
        let templates = ["a {quoted:x} {word:user}:{ip:ip}/{port:port}<<({word})>> end"];
        check(
            &templates,
            r#"a "q \" r" in:192.0.2.1/8(z) end"#,
            Some((0, &["in", "192.0.2.1", "8", r#"q \" r"#])),
        );
        check(
            &templates,
            r#"a "" in:2001:db8::1/8 end"#,
            Some((0, &["in", "2001:db8::1", "8", ""])),
        );
        check(&templates, r#"a "q in:192.0.2.1/8 end"#, None);
    }

    #[test]
    fn a_hostile_message_ends_the_search() {
        let templates = ["{text:user} from {text:x} from {ip:ip} port {port:port}"];
        check(&templates, &" from ".repeat(10_000), None);
    }

    #[test]
    fn wrong_templates_are_named() {
        for wrong in ["{nothing}", "{ip", "<<x", "{word}{word}", "", "{lazy}{ip}"] {
            assert!(Builder::new().add(0, wrong, |_| None).is_err(), "{wrong}");
        }
    }
}
