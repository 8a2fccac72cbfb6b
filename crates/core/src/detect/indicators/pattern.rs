//! STIX patterns (STIX 2.1 part 9), as far as one look at one event can decide them: alternatives of
//! addresses, names, web addresses and fingerprints, each with its port.
//!
//! What narrows a thing we can match without our being able to check it (its protocol, its type) is
//! left aside. What needs several things at once, their order, their number or their absence is
//! refused: half of it would match what nobody meant.

use std::borrow::Cow;

use super::entry::{Entry, Hint, entry_of};
use super::note::Validity;
use super::refusal::Refusal;
use super::when;

/// Deepest nesting of brackets.
const MAX_DEPTH: usize = 32;

/// What a pattern matches.
#[derive(Debug, PartialEq, Eq)]
pub(super) struct Found {
    /// Any of these.
    pub entries: Vec<Entry>,
    /// From its own `START` and `STOP`.
    pub validity: Validity,
}

/// Reads a pattern.
pub(super) fn entries_of(pattern: &str) -> Result<Found, Refusal> {
    let mut reader = Reader {
        rest: pattern,
        validity: Validity::ALWAYS,
    };
    let entries = reader.observations(0)?;
    match reader.next() {
        None => Ok(Found {
            entries,
            validity: reader.validity,
        }),
        Some(_) => Err(Refusal::Unreadable),
    }
}

#[derive(Debug, PartialEq)]
enum Token<'a> {
    Mark(char),
    /// A key word, an object path or a number.
    Word(&'a str),
    Operator(&'a str),
    Text(Cow<'a, str>),
}

/// What a part of a comparison amounts to.
#[derive(Debug)]
enum Term {
    /// Any of these suffices.
    Things(Vec<Entry>),
    Port(u16),
    /// Narrows without our being able to check it.
    Aside,
    /// Cannot be matched.
    Refused(Refusal),
}

struct Reader<'a> {
    rest: &'a str,
    validity: Validity,
}

impl<'a> Reader<'a> {
    fn observations(&mut self, depth: usize) -> Result<Vec<Entry>, Refusal> {
        let mut entries = self.observation(depth)?;
        loop {
            match self.peek() {
                Some(Token::Word(word)) if is(word, "OR") => {
                    self.next();
                    entries.extend(self.observation(depth)?);
                }
                Some(Token::Word(word)) if is(word, "AND") || is(word, "FOLLOWEDBY") => {
                    return Err(Refusal::Combined);
                }
                _ => return Ok(entries),
            }
        }
    }

    fn observation(&mut self, depth: usize) -> Result<Vec<Entry>, Refusal> {
        if depth > MAX_DEPTH {
            return Err(Refusal::Unreadable);
        }
        let (entries, close) = match self.next() {
            Some(Token::Mark('[')) => match self.either(depth + 1)? {
                Term::Things(entries) => (entries, ']'),
                Term::Refused(reason) => return Err(reason),
                Term::Port(_) | Term::Aside => return Err(Refusal::Combined),
            },
            Some(Token::Mark('(')) => (self.observations(depth + 1)?, ')'),
            _ => return Err(Refusal::Unreadable),
        };
        if self.next() != Some(Token::Mark(close)) {
            return Err(Refusal::Unreadable);
        }
        self.qualifiers()?;
        Ok(entries)
    }

    fn qualifiers(&mut self) -> Result<(), Refusal> {
        loop {
            match self.peek() {
                Some(Token::Word(word)) if is(word, "WITHIN") => {
                    self.skip(3);
                }
                Some(Token::Word(word)) if is(word, "REPEATS") => {
                    self.next();
                    let count = self.next();
                    self.next();
                    if count != Some(Token::Word("1")) {
                        return Err(Refusal::Combined);
                    }
                }
                Some(Token::Word(word)) if is(word, "START") => {
                    self.next();
                    let from = self.moment()?;
                    if !matches!(self.next(), Some(Token::Word(word)) if is(word, "STOP")) {
                        return Err(Refusal::Unreadable);
                    }
                    let until = self.moment()?;
                    self.validity = Validity::new(Some(from), Some(until));
                }
                _ => return Ok(()),
            }
        }
    }

    fn moment(&mut self) -> Result<crate::time::Timestamp, Refusal> {
        if let Some(Token::Word("t")) = self.peek() {
            self.next();
        }
        match self.next() {
            Some(Token::Text(text)) => when::moment(&text).ok_or(Refusal::Date),
            _ => Err(Refusal::Unreadable),
        }
    }

    fn either(&mut self, depth: usize) -> Result<Term, Refusal> {
        let mut term = self.both(depth)?;
        while matches!(self.peek(), Some(Token::Word(word)) if is(word, "OR")) {
            self.next();
            term = or(term, self.both(depth)?);
        }
        Ok(term)
    }

    fn both(&mut self, depth: usize) -> Result<Term, Refusal> {
        let mut term = self.one(depth)?;
        while matches!(self.peek(), Some(Token::Word(word)) if is(word, "AND")) {
            self.next();
            term = and(term, self.one(depth)?);
        }
        Ok(term)
    }

    fn one(&mut self, depth: usize) -> Result<Term, Refusal> {
        if depth > MAX_DEPTH {
            return Err(Refusal::Unreadable);
        }
        match self.next() {
            Some(Token::Mark('(')) => {
                let term = self.either(depth + 1)?;
                match self.next() {
                    Some(Token::Mark(')')) => Ok(term),
                    _ => Err(Refusal::Unreadable),
                }
            }
            Some(Token::Word(word)) if is(word, "NOT") || is(word, "EXISTS") => {
                let _negated = self.one(depth + 1);
                Ok(Term::Refused(Refusal::Combined))
            }
            Some(Token::Word(path)) if path.contains(':') => self.comparison(path),
            _ => Err(Refusal::Unreadable),
        }
    }

    fn comparison(&mut self, path: &str) -> Result<Term, Refusal> {
        let mut is_negated = false;
        let operator = loop {
            match self.next() {
                Some(Token::Word(word)) if is(word, "NOT") => is_negated = true,
                Some(Token::Operator(operator) | Token::Word(operator)) => break operator,
                _ => return Err(Refusal::Unreadable),
            }
        };
        let values = self.values()?;
        if is_negated || matches!(operator, "!=" | "<>" | "<" | ">" | "<=" | ">=") {
            return Ok(match about(path) {
                About::Aside => Term::Aside,
                _ => Term::Refused(Refusal::Combined),
            });
        }
        let equals = operator == "=" || operator == "==" || is(operator, "IN");
        if !(equals || is(operator, "ISSUBSET") || is(operator, "LIKE")) {
            return Ok(Term::Refused(Refusal::Combined));
        }
        let is_like = is(operator, "LIKE");
        let values = values.into_iter().map(|value| {
            if is_like {
                without_wildcard(&value).map(Cow::into_owned)
            } else {
                Ok(value.into_owned())
            }
        });
        Ok(term_of(path, values))
    }

    /// One literal, or several in brackets.
    fn values(&mut self) -> Result<Vec<Cow<'a, str>>, Refusal> {
        let mut values = Vec::new();
        let is_set = self.peek() == Some(Token::Mark('('));
        if is_set {
            self.next();
        }
        loop {
            match self.next() {
                Some(Token::Text(text)) => values.push(text),
                // The letter in front of h'…', b'…' and t'…'.
                Some(Token::Word("h" | "b" | "t")) => continue,
                Some(Token::Word(word)) => values.push(word.into()),
                _ => return Err(Refusal::Unreadable),
            }
            if !is_set {
                return Ok(values);
            }
            match self.next() {
                Some(Token::Mark(',')) => {}
                Some(Token::Mark(')')) => return Ok(values),
                _ => return Err(Refusal::Unreadable),
            }
        }
    }

    // Tokens

    fn skip(&mut self, count: usize) {
        for _ in 0..count {
            self.next();
        }
    }

    fn peek(&mut self) -> Option<Token<'a>> {
        let rest = self.rest;
        let token = self.next();
        self.rest = rest;
        token
    }

    fn next(&mut self) -> Option<Token<'a>> {
        let rest = self.rest.trim_start();
        let first = rest.chars().next()?;
        match first {
            '[' | ']' | '(' | ')' | ',' => {
                self.rest = rest.get(1..)?;
                Some(Token::Mark(first))
            }
            '=' | '!' | '<' | '>' => {
                let end = rest
                    .find(|char| !"=!<>".contains(char))
                    .unwrap_or(rest.len());
                let (operator, rest) = rest.split_at_checked(end)?;
                self.rest = rest;
                Some(Token::Operator(operator))
            }
            '\'' => {
                let (text, rest) = literal(rest.get(1..)?)?;
                self.rest = rest;
                Some(Token::Text(text))
            }
            _ => {
                let end = word_end(rest);
                let (word, rest) = rest.split_at_checked(end)?;
                self.rest = rest;
                (!word.is_empty()).then_some(Token::Word(word))
            }
        }
    }
}

fn is(word: &str, key: &str) -> bool {
    word.eq_ignore_ascii_case(key)
}

/// The text up to the closing quote, escapes undone, and what follows.
fn literal(text: &str) -> Option<(Cow<'_, str>, &str)> {
    let end = text.find(['\'', '\\'])?;
    if text.get(end..)?.starts_with('\'') {
        return Some((text.get(..end)?.into(), text.get(end + 1..)?));
    }
    let mut plain = String::new();
    let mut chars = text.char_indices();
    while let Some((at, char)) = chars.next() {
        match char {
            '\'' => return Some((plain.into(), text.get(at + 1..)?)),
            '\\' => plain.push(chars.next()?.1),
            _ => plain.push(char),
        }
    }
    None
}

/// Where a word ends: a path may hold quoted parts and places of lists.
fn word_end(text: &str) -> usize {
    let mut end = 0;
    let mut is_path = false;
    loop {
        let rest = text.get(end..).unwrap_or("");
        let Some(char) = rest.chars().next() else {
            return end;
        };
        let quoted =
            char == '\'' && is_path && text.get(..end).is_some_and(|t| t.ends_with(['.', ':']));
        if quoted {
            let Some(close) = rest.get(1..).and_then(|rest| rest.find('\'')) else {
                return end;
            };
            end += close + 2;
        } else if char == '[' && is_path {
            let Some(close) = rest.find(']') else {
                return end;
            };
            let place = rest.get(1..close).unwrap_or("");
            if place != "*" && !place.bytes().all(|byte| byte.is_ascii_digit()) {
                return end;
            }
            end += close + 1;
        } else if char.is_alphanumeric() || matches!(char, ':' | '.' | '_' | '-' | '*') {
            is_path |= char == ':';
            end += char.len_utf8();
        } else {
            return end;
        }
    }
}

/// What an object path is about.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum About {
    Thing(Hint),
    Port,
    Aside,
    NotInLogs,
}

fn about(path: &str) -> About {
    let path = path.to_ascii_lowercase();
    let (object, rest) = path.split_once(':').unwrap_or((&path, ""));
    let last = rest.rsplit('.').next().unwrap_or("").trim_matches('\'');
    let plain: String = last.chars().filter(char::is_ascii_alphanumeric).collect();
    if plain.contains("ja3") && !plain.contains("ja3s") {
        return About::Thing(Hint::Ja3);
    }
    if plain.starts_with("ja4") && !plain.starts_with("ja4s") {
        return About::Thing(Hint::Unsaid);
    }
    match (object, plain.as_str()) {
        ("ipv4-addr" | "ipv6-addr" | "domain-name" | "url" | "hostname", "value") => {
            About::Thing(Hint::Unsaid)
        }
        ("x-ja3" | "ja3", _) => About::Thing(Hint::Ja3),
        ("network-traffic", "value") if rest.contains("ref") => About::Thing(Hint::Unsaid),
        ("network-traffic", "dstport") => About::Port,
        ("network-traffic", "host" | "sni" | "servername") | ("tls", "sni" | "servername") => {
            About::Thing(Hint::Unsaid)
        }
        (_, "type") | ("network-traffic", "srcport" | "isactive" | "start" | "end") => About::Aside,
        ("network-traffic", _) if plain.starts_with("protocols") => About::Aside,
        _ => About::NotInLogs,
    }
}

fn term_of(path: &str, values: impl Iterator<Item = Result<String, Refusal>>) -> Term {
    let hint = match about(path) {
        About::Aside => return Term::Aside,
        About::NotInLogs => return Term::Refused(Refusal::NotInLogs),
        About::Port => {
            let mut ports = values.map(|value| value.ok().and_then(|port| port.parse().ok()));
            return match (ports.next(), ports.next()) {
                (Some(Some(port)), None) => Term::Port(port),
                _ => Term::Aside,
            };
        }
        About::Thing(hint) => hint,
    };
    let mut entries = Vec::new();
    let mut refused = None;
    for value in values {
        match value.and_then(|value| entry_of(&value, hint)) {
            Ok(entry) => entries.push(entry),
            Err(reason) => refused = Some(reason),
        }
    }
    match refused {
        Some(reason) if entries.is_empty() => Term::Refused(reason),
        _ => Term::Things(entries),
    }
}

/// `%.example.org` and `example.org` as names; any other wildcard needs more than a look-up.
fn without_wildcard<'a>(text: &'a str) -> Result<Cow<'a, str>, Refusal> {
    let rest = text.strip_prefix("%.").unwrap_or(text);
    if rest.contains('%') {
        return Err(Refusal::Combined);
    }
    Ok(Cow::Borrowed(rest))
}

fn or(a: Term, b: Term) -> Term {
    match (a, b) {
        (Term::Things(mut a), Term::Things(b)) => {
            a.extend(b);
            Term::Things(a)
        }
        // Another way to the same verdict that we cannot see takes nothing from the one we can.
        (Term::Things(things), Term::Refused(_)) | (Term::Refused(_), Term::Things(things)) => {
            Term::Things(things)
        }
        (Term::Refused(a), Term::Refused(b)) => Term::Refused(a.min(b)),
        (Term::Port(_) | Term::Aside, _) | (_, Term::Port(_) | Term::Aside) => {
            Term::Refused(Refusal::Combined)
        }
    }
}

fn and(a: Term, b: Term) -> Term {
    match (a, b) {
        (Term::Refused(reason), _) | (_, Term::Refused(reason)) => Term::Refused(reason),
        (Term::Aside, other) | (other, Term::Aside) => other,
        (Term::Port(port), Term::Things(things)) | (Term::Things(things), Term::Port(port)) => {
            Term::Things(
                things
                    .into_iter()
                    .map(|thing| at_port(thing, port))
                    .collect(),
            )
        }
        (Term::Port(_), Term::Port(_)) => Term::Refused(Refusal::Combined),
        (Term::Things(a), Term::Things(b)) => {
            // `name AND the address it resolves to`: the more special one stands for both.
            let rank = |things: &[Entry]| things.iter().map(rank_of).min().unwrap_or(0);
            match rank(&a).cmp(&rank(&b)) {
                std::cmp::Ordering::Greater => Term::Things(a),
                std::cmp::Ordering::Less => Term::Things(b),
                std::cmp::Ordering::Equal => Term::Refused(Refusal::Combined),
            }
        }
    }
}

fn at_port(mut entry: Entry, named: u16) -> Entry {
    if let Entry::Addresses { port, .. } | Entry::Name { port, .. } = &mut entry {
        *port = named;
    }
    entry
}

const fn rank_of(entry: &Entry) -> u8 {
    match entry {
        Entry::Addresses { .. } => 1,
        Entry::Name { .. } => 2,
        Entry::Url(_) | Entry::Ja3(_) | Entry::Ja4(_) => 3,
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    fn said(pattern: &str) -> String {
        let found = match entries_of(pattern) {
            Ok(found) => found,
            Err(reason) => return reason.code().to_owned(),
        };
        let each = found.entries.iter().map(|entry| match entry {
            Entry::Addresses { first, last, port } if first == last => format!("{first}:{port}"),
            Entry::Addresses { first, last, .. } => format!("{first}-{last}"),
            Entry::Name { name, port } => format!("{name}:{port}"),
            Entry::Url(key) => format!("url {key}"),
            Entry::Ja3(key) => format!("ja3 {key}"),
            Entry::Ja4(key) => format!("ja4 {key}"),
        });
        each.collect::<Vec<_>>().join(" ")
    }

    const PATTERNS: &[(&str, &str)] = &[
        ("[ipv4-addr:value = '192.0.2.1']", "192.0.2.1:0"),
        ("[ipv4-addr:value='192.0.2.0/24']", "192.0.2.0-192.0.2.255"),
        (
            "[ipv4-addr:value ISSUBSET '192.0.2.0/24']",
            "192.0.2.0-192.0.2.255",
        ),
        ("[ipv6-addr:value = '2001:db8::1']", "2001:db8::1:0"),
        (
            "[domain-name:value = 'Bad.example.org']",
            "bad.example.org:0",
        ),
        (
            "[domain-name:value IN ('a.example.org','b.example.org')]",
            "a.example.org:0 b.example.org:0",
        ),
        ("[domain-name:value LIKE '%.example.org']", "example.org:0"),
        ("[domain-name:value LIKE '%bad%']", "combined"),
        ("[domain-name:value MATCHES '^bad']", "combined"),
        (
            "[url:value = 'https://bad.example.org/it\\'s']",
            "url bad.example.org/it's",
        ),
        (
            "[ipv4-addr:value = '192.0.2.1' OR domain-name:value = 'bad.example.org']",
            "192.0.2.1:0 bad.example.org:0",
        ),
        (
            "[ipv4-addr:value = '192.0.2.1'] OR [ipv4-addr:value = '192.0.2.2']",
            "192.0.2.1:0 192.0.2.2:0",
        ),
        (
            "([ipv4-addr:value = '192.0.2.1'] OR [file:hashes.MD5 = 'x'])",
            "not-in-logs",
        ),
        (
            "[ipv4-addr:value = '192.0.2.1'] AND [ipv4-addr:value = '192.0.2.2']",
            "combined",
        ),
        (
            "[ipv4-addr:value = '192.0.2.1'] FOLLOWEDBY [url:value = 'x']",
            "combined",
        ),
        (
            "[ipv4-addr:value = '192.0.2.1'] REPEATS 5 TIMES WITHIN 60 SECONDS",
            "combined",
        ),
        (
            "[ipv4-addr:value = '192.0.2.1'] WITHIN 60 SECONDS",
            "192.0.2.1:0",
        ),
        (
            "[network-traffic:dst_ref.type = 'ipv4-addr' AND network-traffic:dst_ref.value = '192.0.2.1' AND network-traffic:dst_port = 8443]",
            "192.0.2.1:8443",
        ),
        (
            "[network-traffic:dst_ref.value = '192.0.2.1' AND network-traffic:protocols[*] = 'tcp']",
            "192.0.2.1:0",
        ),
        (
            "[domain-name:value = 'bad.example.org' AND domain-name:resolves_to_refs[*].value = '192.0.2.1']",
            "bad.example.org:0",
        ),
        ("[network-traffic:dst_port = 4444]", "combined"),
        ("[ipv4-addr:value != '192.0.2.1']", "combined"),
        ("[NOT ipv4-addr:value = '192.0.2.1']", "combined"),
        ("[ipv4-addr:value NOT = '192.0.2.1']", "combined"),
        ("[file:hashes.'SHA-256' = 'aa']", "not-in-logs"),
        (
            "[file:hashes.'SHA-256' = 'aa' OR domain-name:value = 'bad.example.org']",
            "bad.example.org:0",
        ),
        ("[x509-certificate:hashes.'SHA-1' = 'aa']", "not-in-logs"),
        ("[email-addr:value = 'a@example.org']", "not-in-logs"),
        (
            "[network-traffic:extensions.'http-request-ext'.request_header.'User-Agent' = 'x']",
            "not-in-logs",
        ),
        (
            "[network-traffic:extensions.'http-request-ext'.request_header.Host = 'bad.example.org']",
            "bad.example.org:0",
        ),
        (
            "[network-traffic:x_ja3_hash = 'e7d705a3286e19ea42f587b344ee6865']",
            "ja3 e7d705a3286e19ea42f587b344ee6865",
        ),
        (
            "[x-ja3:value = 'e7d705a3286e19ea42f587b344ee6865']",
            "ja3 e7d705a3286e19ea42f587b344ee6865",
        ),
        ("[ipv4-addr:value = 'nonsense']", "unreadable"),
        ("[ipv4-addr:value = '192.0.2.1'", "unreadable"),
        ("ipv4-addr:value = '192.0.2.1'", "unreadable"),
        ("[]", "unreadable"),
        ("", "unreadable"),
    ];

    #[test]
    fn patterns_as_people_write_them() {
        for (pattern, expected) in PATTERNS {
            assert_eq!(said(pattern), *expected, "{pattern}");
        }
        let found = entries_of(
            "[ipv4-addr:value = '192.0.2.1'] START t'2026-11-22T00:00:00Z' STOP t'2026-11-23T00:00:00Z'",
        );
        assert_eq!(found.unwrap().validity.from, 1_795_305_600);
        assert_eq!(said(&"(".repeat(1_000)), "unreadable");
        assert_eq!(said(&format!("[{}", "NOT ".repeat(1_000))), "combined");
    }

    proptest! {
        #[test]
        fn no_pattern_panics(pattern in "[\\[\\]()'\\\\a-z:.=,<>*% ]{0,80}", any in ".{0,60}") {
            entries_of(&pattern).ok();
            entries_of(&any).ok();
        }
    }
}
