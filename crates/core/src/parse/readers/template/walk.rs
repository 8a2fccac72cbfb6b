//! Reading a message along the tree.
//!
//! Most messages have one way to go at each node. Where there is another (a gap beside a literal, a
//! second gap, a later end of a gap), it is put on a pile, and taken up again where the first way comes
//! to nothing: the order is the same as if each way were followed to its end before the next.

use smallvec::SmallVec;

use super::tree::{Tree, short};
use super::{Gap, MAX_FIELDS};
use crate::parse::address;
use crate::parse::scan::{self, ADDRESS, DIGIT, NAME, class, run};
use crate::parse::stamp;

/// How many ends of gaps are tried on one message, per byte of it, all templates together. An honest
/// message needs one or two.
const MAX_TRIES_PER_BYTE: usize = 8;
/// Looking through so many bytes for an end costs as much as trying one: so that time is linear in the
/// message's length however gaps lie inside one another.
const BYTES_PER_TRY: usize = 64;
/// The same for any message, however short.
const MIN_TRIES: usize = 1_024;
/// How many ways may wait without memory being asked for; few messages have ten.
const USUAL_WAYS: usize = 64;

/// A way that was not taken yet; small, because these are moved about a lot.
#[derive(Clone, Copy)]
struct Way {
    node: u32,
    /// Where it begins in the text.
    at: u32,
    kind: Kind,
    /// How many gaps were filled before.
    count: u8,
}

#[derive(Clone, Copy)]
enum Kind {
    /// The gaps at `node`, from this one on.
    Gaps(u32),
    /// A gap that began at `at` and is followed by `node` may end at this place or later.
    Later(u32),
    /// The same, but a blank ends it.
    LaterInWord(u32),
    /// The same, but before this place.
    Earlier(u32),
}

/// The ways that were not taken yet; the last is taken first. Apart from the walk, which is moved about.
#[derive(Default)]
pub(super) struct Waiting(SmallVec<[Way; USUAL_WAYS]>);

/// One attempt to match.
pub(super) struct Walk<'t, 'w> {
    tree: &'t Tree,
    text: &'t str,
    bytes: &'t [u8],
    escapes: bool,
    /// Where it has come to: in the tree, in the text, and how many gaps it has filled.
    node: u32,
    at: usize,
    count: u8,
    /// Start and end of what each gap took so far.
    gaps: [(u32, u32); MAX_FIELDS],
    waiting: &'w mut Waiting,
    pub tries: usize,
}

impl<'t, 'w> Walk<'t, 'w> {
    /// From the start of `message`; `escapes` count in quotes.
    pub fn new(tree: &'t Tree, message: &'t str, escapes: bool, waiting: &'w mut Waiting) -> Self {
        Self {
            tree,
            text: message,
            bytes: message.as_bytes(),
            escapes,
            node: 0,
            at: 0,
            count: 0,
            gaps: [(0, 0); MAX_FIELDS],
            waiting,
            tries: message.len() * MAX_TRIES_PER_BYTE + MIN_TRIES,
        }
    }

    /// Start and end of what the gaps of the path took.
    pub const fn gaps(&self) -> &[(u32, u32)] {
        &self.gaps
    }

    /// The path that covers the message.
    pub fn path(&mut self) -> Option<u32> {
        let tree = self.tree;
        loop {
            let node = tree.node(self.node)?;
            let rest = self.bytes.get(self.at..)?;
            if rest.is_empty() {
                if let Some(end) = node.end() {
                    return Some(end);
                }
            } else if let Some((child, length)) = tree.literal(node, rest) {
                if node.has_gaps() {
                    self.waiting.0.push(self.here(Kind::Gaps(0)));
                }
                self.node = child;
                self.at += length;
                continue;
            }
            let found = match node.gap {
                Some((gap, child)) => self.gap(gap, child),
                None => node.has_gaps() && self.any_gap(tree.gaps(node), 0),
            };
            if found {
                continue;
            }
            while !self.next_way()? {}
        }
    }

    /// This place, to come back to.
    fn here(&self, kind: Kind) -> Way {
        Way {
            node: self.node,
            at: short(self.at),
            kind,
            count: self.count,
        }
    }

    /// Takes up the last way that waits. False when it comes to nothing, `None` when there is none: no
    /// template covers the message.
    fn next_way(&mut self) -> Option<bool> {
        self.tries = self.tries.checked_sub(1)?;
        let way = self.waiting.0.pop()?;
        (self.node, self.at, self.count) = (way.node, way.at as usize, way.count);
        Some(match way.kind {
            Kind::Gaps(from) => {
                let gaps = self.tree.gaps(self.tree.node(way.node)?);
                self.any_gap(gaps, from as usize)
            }
            Kind::Later(from) => self.shortest(way.node, from as usize, false),
            Kind::LaterInWord(from) => self.shortest(way.node, from as usize, true),
            Kind::Earlier(before) => self.longest(way.node, before as usize),
        })
    }

    /// Fills the first of `gaps` that can be, from this one on, and goes on behind it.
    fn any_gap(&mut self, gaps: &[(Gap, u32)], from: usize) -> bool {
        let first = self.bytes.get(self.at).copied();
        let mut number = from;
        while let Some((gap, child)) = gaps.get(number) {
            number += 1;
            // Nearly always the next byte tells which of them it cannot be.
            if !gap.may_begin(first) {
                continue;
            }
            let waiting = self.waiting.0.len();
            if number < gaps.len() {
                self.waiting.0.push(self.here(Kind::Gaps(short(number))));
            }
            if self.gap(*gap, *child) {
                return true;
            }
            self.waiting.0.truncate(waiting);
        }
        false
    }

    /// Notes what a gap took, and goes on at `next` with the node behind it.
    #[inline]
    fn took(&mut self, child: u32, start: usize, end: usize, next: usize) -> bool {
        let Some(gap) = self.gaps.get_mut(usize::from(self.count)) else {
            return false;
        };
        *gap = (short(start), short(end));
        self.count += 1;
        self.node = child;
        self.at = next;
        true
    }

    /// Fills `gap`, which is followed by `child`.
    #[inline]
    fn gap(&mut self, gap: Gap, child: u32) -> bool {
        let at = self.at;
        let rest = self.bytes.get(at..).unwrap_or_default();
        let end = match gap {
            Gap::Int => at + run(rest, DIGIT),
            Gap::Ip => self.address_end(at).unwrap_or(at),
            Gap::Host => match self.address_end(at) {
                Some(end) => end,
                None => at + run(rest, NAME),
            },
            Gap::Stamp => stamp::web_end(rest).map_or(at, |after| self.bytes.len() - after.len()),
            Gap::Quoted => {
                if rest.first() != Some(&b'"') {
                    return false;
                }
                let end = self.quote_end(at + 1);
                self.spend(end.map_or(rest.len(), |end| end - at));
                return end.is_some_and(|end| self.took(child, at + 1, end, end + 1));
            }
            Gap::Rest => return self.took(child, at, self.bytes.len(), self.bytes.len()),
            Gap::Word => {
                return !matches!(rest.first(), None | Some(b' '))
                    && self.shortest(child, at + 1, true);
            }
            Gap::Maybe => return self.shortest(child, at, true),
            Gap::Lazy => return self.shortest(child, at, false),
            Gap::Text => return self.longest(child, self.bytes.len() + 1),
        };
        self.spend(end - at);
        end > at && self.took(child, at, end, end)
    }

    /// Notes that `bytes` were looked through.
    #[inline]
    const fn spend(&mut self, bytes: usize) {
        self.tries = self.tries.saturating_sub(bytes / BYTES_PER_TRY);
    }

    /// Lets a gap end at the first place from `from` on where the next node can begin.
    fn shortest(&mut self, child: u32, from: usize, in_word: bool) -> bool {
        let (end, good) = self.shortest_end(child, from, in_word);
        if !good {
            return false;
        }
        let last = in_word && matches!(self.bytes.get(end), None | Some(b' '));
        if !last {
            let later = if in_word {
                Kind::LaterInWord
            } else {
                Kind::Later
            };
            let way = self.here(later(short(end + 1)));
            self.waiting.0.push(Way { node: child, ..way });
        }
        self.took(child, self.at, end, end)
    }

    /// Where the search for the gap's end stopped, and whether that may be one.
    #[inline]
    fn shortest_end(&mut self, child: u32, from: usize, in_word: bool) -> (usize, bool) {
        let (tree, bytes) = (self.tree, self.bytes);
        let all = bytes.len();
        let Some(node) = tree.node(child).filter(|_| from <= all) else {
            return (all, false);
        };
        let mut at = from;
        loop {
            let end = match (node.only, tree.first_bytes(node)) {
                (Some(first), _) => {
                    let stop = if in_word { b' ' } else { first };
                    scan::find_either(first, stop, bytes, at).unwrap_or(all)
                }
                (None, Some(firsts)) => {
                    let rest = bytes.get(at..).unwrap_or_default();
                    let ends = |byte: &u8| firsts.has(*byte) || (in_word && *byte == b' ');
                    at + rest.iter().position(ends).unwrap_or(rest.len())
                }
                (None, None) => all,
            };
            self.spend(end.saturating_sub(at));
            let Some(byte) = bytes.get(end) else {
                return (end, node.end().is_some());
            };
            if tree.may_begin(node, bytes.get(end..).unwrap_or_default()) {
                return (end, true);
            }
            if (in_word && *byte == b' ') || !self.rejected() {
                return (end, false);
            }
            at = end + 1;
        }
    }

    /// Lets a gap end at the last place before `before` where the next node can begin.
    fn longest(&mut self, child: u32, before: usize) -> bool {
        let Some(end) = self.longest_end(child, before) else {
            return false;
        };
        let way = self.here(Kind::Earlier(short(end)));
        self.waiting.0.push(Way { node: child, ..way });
        self.took(child, self.at, end, end)
    }

    fn longest_end(&mut self, child: u32, before: usize) -> Option<usize> {
        let (tree, bytes) = (self.tree, self.bytes);
        let node = tree.node(child)?;
        let mut before = before;
        loop {
            let window = bytes.get(self.at..before.min(bytes.len()))?;
            let end = match (node.only, tree.first_bytes(node)) {
                _ if before > bytes.len() && node.end().is_some() => Some(bytes.len()),
                (Some(first), _) => memchr::memrchr(first, window).map(|end| self.at + end),
                (None, firsts) => firsts.and_then(|firsts| {
                    let end = window.iter().rposition(|byte| firsts.has(*byte));
                    end.map(|end| self.at + end)
                }),
            };
            let Some(end) = end else {
                self.spend(window.len());
                return None;
            };
            self.spend(before.saturating_sub(end));
            let rest = bytes.get(end..)?;
            if rest.is_empty() || tree.may_begin(node, rest) {
                return Some(end);
            }
            if !self.rejected() {
                return None;
            }
            before = end;
        }
    }

    /// Notes that a place was looked at where a gap might have ended, and does not. False when there were too many.
    #[inline]
    const fn rejected(&mut self) -> bool {
        self.tries = self.tries.saturating_sub(1);
        self.tries > 0
    }

    /// Where the address at `at` ends; a colon or full stop behind it is punctuation.
    fn address_end(&self, at: usize) -> Option<usize> {
        let rest = self.bytes.get(at..)?;
        if class(*rest.first()?) & ADDRESS == 0 {
            return None;
        }
        // Most are IPv4 and end where their digits do.
        let v4 = address::ipv4_start(rest).map(|(_, after)| after);
        if let Some(after) = v4
            && after.first().is_none_or(|byte| class(*byte) & ADDRESS == 0)
        {
            return Some(self.bytes.len() - after.len());
        }
        if v4.is_none() && !address::may_be_v6(rest) {
            return None;
        }
        let most = at + run(rest, ADDRESS);
        let mut end = most;
        for _ in 0..3 {
            if address::ip(self.text.get(at..end)?).is_some() {
                return Some(end);
            }
            match self.bytes.get(end.checked_sub(1)?) {
                Some(b':' | b'.' | b'-') => end -= 1,
                _ => break,
            }
        }
        // An IPv4 address with a port or text glued on: "192.0.2.1:11".
        let after = v4?;
        let glued = !matches!(after.first(), Some(b'.' | b'0'..=b'9'));
        glued.then_some(self.bytes.len() - after.len())
    }

    fn quote_end(&self, start: usize) -> Option<usize> {
        let mut at = start;
        if !self.escapes {
            return scan::find(b'"', self.bytes, at);
        }
        loop {
            let mark = scan::find_either(b'"', b'\\', self.bytes, at)?;
            if self.bytes.get(mark) == Some(&b'"') {
                return Some(mark);
            }
            at = mark + 2;
        }
    }
}
