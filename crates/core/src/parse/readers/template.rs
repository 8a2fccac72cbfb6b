//! Messages that are sentences with gaps: literals and typed fields.
//!
//! All templates of a format lie in one prefix tree, so reading a message costs the length of the
//! message, not the number of templates. A template must cover the whole message.
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

use super::super::convert;
use super::super::escape::Escape;
use super::super::keys::Slots;
use super::super::stamp;

/// The most fields of one template.
const MAX_FIELDS: usize = 32;
/// How many ends of gaps are tried on one message, per byte of it, all templates together. An honest
/// message needs one or two.
const MAX_TRIES_PER_BYTE: usize = 8;
/// Looking through so many bytes for an end costs as much as trying one: so that time is linear in the
/// message's length however gaps lie inside one another.
const BYTES_PER_TRY: usize = 64;
/// The same for any message, however short.
const MIN_TRIES: usize = 1_024;
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

/// A piece of a template as written.
#[derive(Clone, Debug, PartialEq)]
enum Piece {
    Literal(String),
    Gap(Gap, Option<String>),
}

#[derive(Debug, Default)]
struct Node {
    /// Literal edges; no two start with the same byte.
    literals: Vec<(Box<str>, usize)>,
    /// First bytes of the literal edges.
    firsts: Vec<u8>,
    /// Gap edges, strictest first.
    gaps: Vec<(Gap, usize)>,
    /// The path that ends here.
    end: Option<usize>,
}

impl Node {
    /// The byte that must come next, where only one can.
    fn only_first(&self) -> Option<u8> {
        match self.firsts.as_slice() {
            [first] if self.end.is_none() && self.gaps.is_empty() => Some(*first),
            _ => None,
        }
    }
}

/// A path through the tree: the template it belongs to, and the slot of each of its gaps.
#[derive(Debug)]
struct Path {
    template: u16,
    slots: Vec<Option<u16>>,
}

/// All templates of a format.
#[derive(Debug)]
pub(in crate::parse) struct Templates {
    nodes: Vec<Node>,
    paths: Vec<Path>,
}

/// The keys that `template` names, for the format's table of keys.
///
/// # Errors
/// What is wrong with it.
pub(in crate::parse) fn keys(template: &str) -> Result<Vec<String>, String> {
    let mut found = Vec::new();
    for pieces in variants(template)? {
        found.extend(pieces.into_iter().filter_map(|piece| match piece {
            Piece::Gap(_, key) => key,
            Piece::Literal(_) => None,
        }));
    }
    Ok(found)
}

impl Templates {
    /// An empty tree.
    pub fn new() -> Self {
        Self {
            nodes: vec![Node::default()],
            paths: Vec::new(),
        }
    }

    /// Adds the template of this `number`; `slot` numbers its keys.
    ///
    /// # Errors
    /// What is wrong with it; also when another template says the same.
    pub fn add(
        &mut self,
        number: u16,
        template: &str,
        slot: impl Fn(&str) -> Option<u16>,
    ) -> Result<(), String> {
        for pieces in variants(template)? {
            let mut node = 0;
            let mut slots = Vec::new();
            for piece in pieces {
                node = match piece {
                    Piece::Literal(text) => self.add_literal(node, &text),
                    Piece::Gap(gap, key) => {
                        slots.push(key.and_then(|key| slot(&key)));
                        self.add_gap(node, gap)
                    }
                };
            }
            let path = self.paths.len();
            let Some(end) = self.nodes.get_mut(node) else {
                continue;
            };
            match end.end {
                // A variant of the same template may come out the same.
                Some(other) => {
                    if self
                        .paths
                        .get(other)
                        .is_some_and(|path| path.template != number)
                    {
                        return Err("another template says the same".into());
                    }
                }
                None => {
                    end.end = Some(path);
                    self.paths.push(Path {
                        template: number,
                        slots,
                    });
                }
            }
        }
        Ok(())
    }

    fn add_gap(&mut self, node: usize, gap: Gap) -> usize {
        let fresh = self.nodes.len();
        let Some(parent) = self.nodes.get_mut(node) else {
            return node;
        };
        if let Some((_, child)) = parent.gaps.iter().find(|(other, _)| *other == gap) {
            return *child;
        }
        parent.gaps.push((gap, fresh));
        parent.gaps.sort_unstable();
        self.nodes.push(Node::default());
        fresh
    }

    fn add_literal(&mut self, node: usize, text: &str) -> usize {
        let Some(first) = text.bytes().next() else {
            return node;
        };
        let fresh = self.nodes.len();
        let Some(parent) = self.nodes.get_mut(node) else {
            return node;
        };
        let Some(at) = parent.firsts.iter().position(|byte| *byte == first) else {
            parent.firsts.push(first);
            parent.literals.push((text.into(), fresh));
            self.nodes.push(Node::default());
            return fresh;
        };
        let Some((edge, child)) = parent.literals.get_mut(at) else {
            return node;
        };
        let child = *child;
        let mut shared = edge
            .bytes()
            .zip(text.bytes())
            .take_while(|(one, other)| one == other)
            .count();
        while !edge.is_char_boundary(shared) || !text.is_char_boundary(shared) {
            shared -= 1;
        }
        let (head, tail) = edge.split_at(shared);
        let (head, tail): (Box<str>, Box<str>) = (head.into(), tail.into());
        let rest = text.get(shared..).unwrap_or_default();
        if tail.is_empty() {
            return self.add_literal(child, rest);
        }
        if let Some(edge) = parent.literals.get_mut(at) {
            *edge = (head, fresh);
        }
        self.nodes.push(Node {
            firsts: tail.bytes().take(1).collect(),
            literals: vec![(tail, child)],
            ..Node::default()
        });
        self.add_literal(fresh, rest)
    }

    const fn walk<'t, 'a>(&'t self, message: &'a str, escapes: bool) -> Walk<'t, 'a> {
        Walk {
            nodes: self.nodes.as_slice(),
            text: message,
            escapes,
            gaps: [(0, 0); MAX_FIELDS],
            count: 0,
            tries: message.len() * MAX_TRIES_PER_BYTE + MIN_TRIES,
        }
    }

    /// The template that covers `message`, its gaps put into `slots`.
    pub fn read<'a>(&self, message: &'a str, escapes: bool, slots: &mut Slots<'a>) -> Option<u16> {
        let mut walk = self.walk(message, escapes);
        let path = self.paths.get(walk.from(0, 0)?)?;
        for (slot, (start, end)) in path.slots.iter().zip(walk.gaps) {
            if let Some(slot) = slot
                && let Some(text) = message.get(start..end)
            {
                let escape = Escape::backslash_in(text, escapes);
                slots.set(*slot, text.trim_matches(' '), escape);
            }
        }
        Some(path.template)
    }
}

/// One attempt to match.
struct Walk<'t, 'a> {
    nodes: &'t [Node],
    text: &'a str,
    escapes: bool,
    /// Start and end of what each gap took so far.
    gaps: [(usize, usize); MAX_FIELDS],
    count: usize,
    tries: usize,
}

impl<'t> Walk<'t, '_> {
    /// The path that matches from `at` on, starting at `node`. As deep as a template has pieces.
    fn from(&mut self, node: usize, at: usize) -> Option<usize> {
        let node = self.nodes.get(node)?;
        let rest = self.text.as_bytes().get(at..)?;
        let Some(first) = rest.first() else {
            return node.end.or_else(|| self.gaps_from(node, at));
        };
        if let Some(edge) = node.firsts.iter().position(|byte| byte == first)
            && let Some((literal, child)) = node.literals.get(edge)
            && rest.starts_with(literal.as_bytes())
            && let Some(found) = self.from(*child, at + literal.len())
        {
            return Some(found);
        }
        self.gaps_from(node, at)
    }

    fn gaps_from(&mut self, node: &'t Node, at: usize) -> Option<usize> {
        node.gaps
            .iter()
            .find_map(|(gap, child)| self.gap(*gap, *child, at))
    }

    fn gap(&mut self, gap: Gap, child: usize, at: usize) -> Option<usize> {
        let bytes = self.text.as_bytes();
        let run = |good: fn(&u8) -> bool| {
            let rest = bytes.get(at..).unwrap_or_default();
            at + rest.iter().take_while(|byte| good(byte)).count()
        };
        match gap {
            Gap::Int => {
                let end = run(u8::is_ascii_digit);
                self.spend(end - at)?;
                self.fixed(child, at, end)
            }
            Gap::Ip => {
                let end = run(|byte| {
                    byte.is_ascii_alphanumeric() || matches!(byte, b'.' | b':' | b'%' | b'-' | b'_')
                });
                self.spend(end - at)?;
                let (end, _) = self.address_end(at, end)?;
                self.fixed(child, at, end)
            }
            Gap::Host => {
                let end = run(|byte| {
                    byte.is_ascii_alphanumeric() || matches!(byte, b'.' | b':' | b'%' | b'-' | b'_')
                });
                self.spend(end - at)?;
                let end = match self.address_end(at, end) {
                    Some((end, _)) => end,
                    None => run(|byte| {
                        byte.is_ascii_alphanumeric() || matches!(byte, b'.' | b'-' | b'_')
                    }),
                };
                self.fixed(child, at, end)
            }
            Gap::Stamp => {
                let rest = stamp::web_end(bytes.get(at..)?)?;
                self.fixed(child, at, bytes.len() - rest.len())
            }
            Gap::Quoted => {
                let inside = at + 1;
                (bytes.get(at) == Some(&b'"')).then_some(())?;
                let end = self.quote_end(inside);
                self.spend(end.unwrap_or(bytes.len()) - at)?;
                let end = end?;
                self.took(child, (inside, end), end + 1)
            }
            Gap::Word | Gap::Maybe => {
                let end = run(|byte| *byte != b' ');
                self.spend(end - at)?;
                let least = at + usize::from(gap == Gap::Word);
                self.shortest(child, at, least, end)
            }
            Gap::Lazy => self.shortest(child, at, at, bytes.len()),
            Gap::Text => self.longest(child, at),
            Gap::Rest => self.took(child, (at, bytes.len()), bytes.len()),
        }
    }

    /// Notes that `bytes` were looked through; `None` when that was too much.
    const fn spend(&mut self, bytes: usize) -> Option<()> {
        self.tries = self.tries.saturating_sub(bytes / BYTES_PER_TRY);
        if self.tries == 0 { None } else { Some(()) }
    }

    /// Where the address in `at..most` ends; a colon or full stop behind it is punctuation.
    fn address_end(&self, at: usize, most: usize) -> Option<(usize, ())> {
        // Most are IPv4 and end where their digits do.
        let digits = |byte: &&u8| byte.is_ascii_digit() || **byte == b'.';
        let plain = self
            .text
            .as_bytes()
            .get(at..most)?
            .iter()
            .take_while(digits)
            .count();
        if at + plain == most && convert::ipv4(self.text.as_bytes().get(at..most)?).is_some() {
            return Some((most, ()));
        }
        let mut end = most;
        for _ in 0..3 {
            if convert::ip(self.text.get(at..end)?).is_some() {
                return Some((end, ()));
            }
            match self.text.as_bytes().get(end.checked_sub(1)?) {
                Some(b':' | b'.' | b'-') => end -= 1,
                _ => break,
            }
        }
        // An IPv4 address with a port or text glued on: "192.0.2.1:11".
        let digits = self
            .text
            .as_bytes()
            .get(at..most)?
            .iter()
            .take_while(|byte| byte.is_ascii_digit() || **byte == b'.')
            .count();
        let end = at + digits;
        convert::ipv4(self.text.as_bytes().get(at..end)?).map(|_| (end, ()))
    }

    fn fixed(&mut self, child: usize, at: usize, end: usize) -> Option<usize> {
        if end == at {
            return None;
        }
        self.took(child, (at, end), end)
    }

    /// Goes on at `next` with the gap's content noted; takes the note back when that fails.
    fn took(&mut self, child: usize, gap: (usize, usize), next: usize) -> Option<usize> {
        let index = self.count;
        *self.gaps.get_mut(index)? = gap;
        self.count += 1;
        let found = self.from(child, next);
        if found.is_none() {
            self.count = index;
        }
        found
    }

    /// Tries the ends from `least` to `most`, shortest first.
    fn shortest(&mut self, child: usize, at: usize, least: usize, most: usize) -> Option<usize> {
        let node = self.nodes.get(child)?;
        if let Some(first) = node.only_first() {
            let mut from = least;
            loop {
                let found = self.find(first, from, most);
                self.spend(found.unwrap_or(most).saturating_sub(from))?;
                let found = found?;
                if let Some(done) = self.took(child, (at, found), found) {
                    return Some(done);
                }
                self.tries = self.tries.checked_sub(1)?;
                from = found + 1;
            }
        }
        for end in least..=most {
            if let Some(found) = self.end_at(node, child, at, end) {
                return Some(found);
            }
            self.tries = self.tries.checked_sub(1)?;
        }
        None
    }

    /// The first place from `from` to `most` where `byte` stands.
    fn find(&self, byte: u8, from: usize, most: usize) -> Option<usize> {
        let bytes = self.text.as_bytes();
        // A gap may end where the text does, and the byte stands behind the gap.
        let window = bytes.get(from..most.saturating_add(1).min(bytes.len()))?;
        memchr::memchr(byte, window).map(|found| from + found)
    }

    /// Tries the ends from the message's end down to `at`.
    fn longest(&mut self, child: usize, at: usize) -> Option<usize> {
        let node = self.nodes.get(child)?;
        if let Some(first) = node.only_first() {
            let mut most = self.text.len();
            while let Some(window) = self.text.as_bytes().get(at..most) {
                let found = memchr::memrchr(first, window);
                self.spend(window.len() - found.unwrap_or(0))?;
                most = at + found?;
                if let Some(done) = self.took(child, (at, most), most) {
                    return Some(done);
                }
                self.tries = self.tries.checked_sub(1)?;
            }
            return None;
        }
        for end in (at..=self.text.len()).rev() {
            if let Some(found) = self.end_at(node, child, at, end) {
                return Some(found);
            }
            self.tries = self.tries.checked_sub(1)?;
        }
        None
    }

    /// Lets a gap end at `end`, if the next node can begin there.
    fn end_at(&mut self, node: &'t Node, child: usize, at: usize, end: usize) -> Option<usize> {
        let possible = match self.text.as_bytes().get(end) {
            Some(byte) => node.firsts.contains(byte),
            None => node.end.is_some(),
        };
        if !possible {
            return None;
        }
        self.took(child, (at, end), end)
    }

    fn quote_end(&self, start: usize) -> Option<usize> {
        let bytes = self.text.as_bytes();
        let mut at = start;
        loop {
            let rest = bytes.get(at..)?;
            let mark = at + memchr::memchr2(b'"', b'\\', rest)?;
            if bytes.get(mark) == Some(&b'"') {
                return Some(mark);
            }
            at = mark + if self.escapes { 2 } else { 1 };
        }
    }
}

/// The template's pieces, once for every choice of its optional parts.
fn variants(template: &str) -> Result<Vec<Vec<Piece>>, String> {
    let mut texts = vec![template.to_owned()];
    for _ in 0..=MAX_OPTIONAL {
        if !texts.iter().any(|text| text.contains("<<")) {
            return texts.iter().map(|text| pieces(text)).collect();
        }
        let mut next = Vec::new();
        for text in &texts {
            let (before, rest) = text.split_once("<<").ok_or("`<<` is missing")?;
            let (inside, after) = rest.split_once(">>").ok_or("`<<` without `>>`")?;
            next.push(format!("{before}{inside}{after}"));
            next.push(format!("{before}{after}"));
        }
        texts = next;
    }
    Err(format!("more than {MAX_OPTIONAL} optional parts"))
}

fn pieces(template: &str) -> Result<Vec<Piece>, String> {
    let mut found: Vec<Piece> = Vec::new();
    let mut rest = template;
    while let Some((literal, after)) = rest.split_once('{') {
        if !literal.is_empty() {
            found.push(Piece::Literal(literal.to_owned()));
        }
        let (inside, after) = after.split_once('}').ok_or("`{` without `}`")?;
        let (name, key) = match inside.split_once(':') {
            Some((name, key)) => (name, Some(key.to_owned())),
            None => (inside, None),
        };
        let gap = GAPS
            .iter()
            .find(|(known, _)| *known == name)
            .map(|(_, gap)| *gap)
            .ok_or_else(|| format!("no field type `{name}`"))?;
        let open_ended = matches!(
            found.last(),
            Some(Piece::Gap(
                Gap::Word | Gap::Maybe | Gap::Lazy | Gap::Text | Gap::Rest,
                _
            ))
        );
        if open_ended {
            return Err(format!("`{{{inside}}}` needs a literal before it"));
        }
        found.push(Piece::Gap(gap, key));
        rest = after;
    }
    if !rest.is_empty() {
        found.push(Piece::Literal(rest.to_owned()));
    }
    let gaps = found
        .iter()
        .filter(|piece| matches!(piece, Piece::Gap(..)))
        .count();
    if found.is_empty() || gaps > MAX_FIELDS {
        return Err(format!("empty, or more than {MAX_FIELDS} fields"));
    }
    Ok(found)
}

#[cfg(test)]
mod tests {
    use super::*;

    const KEYS: [&str; 4] = ["user", "ip", "port", "x"];

    #[track_caller]
    fn check(templates: &[&str], input: &str, expected: Option<(u16, &[&str])>) {
        let mut tree = Templates::new();
        for (number, template) in (0..).zip(templates) {
            let slot = |key: &str| {
                KEYS.iter()
                    .zip(0..)
                    .find(|(name, _)| **name == key)
                    .map(|(_, slot)| slot)
            };
            tree.add(number, template, slot).unwrap();
        }
        let mut slots = Slots::new();
        slots.clear(16);
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
        let mut tree = Templates::new();
        for (number, text) in (0..).zip([
            "a {lazy}b{lazy}c{lazy}Q",
            "t {text} from {text} to {text} end",
            "w {word:x}:{word}:{word}!",
            "h {lazy} for {text:user} from {ip:ip} port {int} ssh2",
        ]) {
            tree.add(number, text, |_| None).unwrap();
        }
        let length = 60_000;
        let many = |head: &str, piece: &str| head.to_owned() + &piece.repeat(length / piece.len());
        for message in [many("a ", "bc"), many("t ", " from  to "), many("w ", "a:")] {
            let mut walk = tree.walk(&message, true);
            assert_eq!(walk.from(0, 0), None);
            assert!(walk.tries < 64, "{} tries left", walk.tries);
        }
        let honest = many("h x for ", "user name ") + " from 192.0.2.1 port 7 ssh2";
        let mut walk = tree.walk(&honest, true);
        let before = walk.tries;
        assert!(walk.from(0, 0).is_some());
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
            assert!(Templates::new().add(0, wrong, |_| None).is_err(), "{wrong}");
        }
    }
}
