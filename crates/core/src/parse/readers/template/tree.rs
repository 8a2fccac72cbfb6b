//! The prefix tree of a format's templates: as it grows, and as it is read.
//!
//! While templates are added every node holds its edges itself. Read it is a handful of flat lists in
//! which the edges of a node lie side by side: a third of the memory, and no pointers to follow.

use super::Gap;
use crate::parse::scan;

/// Stands for "nobody asks for it".
pub(super) const NO_SLOT: u16 = u16::MAX;
/// Stands for "only one byte, or never asked for".
const NO_SET: u32 = u32::MAX;
/// Stands for "no template ends here".
const NO_PATH: u32 = u32::MAX;
/// From so many literal edges on, the first bytes are searched before the edges are looked at.
const MANY_EDGES: usize = 4;

/// A node while templates are added.
#[derive(Default)]
struct Bud {
    /// Literal edges; no two start with the same byte.
    literals: Vec<(String, usize)>,
    gaps: Vec<(Gap, usize)>,
    end: Option<usize>,
}

/// The template that ends at a node, and the slot of each gap on the way.
#[derive(Debug)]
struct Path {
    template: u16,
    slots: Box<[u16]>,
}

/// A tree to which templates are added.
pub(super) struct Growing {
    nodes: Vec<Bud>,
    paths: Vec<Path>,
}

impl Growing {
    /// Only the root.
    pub fn new() -> Self {
        Self {
            nodes: vec![Bud::default()],
            paths: Vec::new(),
        }
    }

    fn bud(&mut self) -> usize {
        self.nodes.push(Bud::default());
        self.nodes.len() - 1
    }

    /// The node behind `gap` at `node`.
    pub fn gap(&mut self, node: usize, gap: Gap) -> usize {
        let known = self.nodes.get(node).and_then(|node| {
            let mut gaps = node.gaps.iter();
            gaps.find(|(other, _)| *other == gap)
        });
        if let Some((_, child)) = known {
            return *child;
        }
        let child = self.bud();
        if let Some(parent) = self.nodes.get_mut(node) {
            parent.gaps.push((gap, child));
            // Strictest first.
            parent.gaps.sort_unstable();
        }
        child
    }

    /// The node behind `text` at `node`; an edge of which only the beginning is the same is split.
    pub fn literal(&mut self, node: usize, text: &str) -> usize {
        let (mut node, mut text) = (node, text);
        while let Some(first) = text.bytes().next() {
            let edge = self.nodes.get_mut(node).and_then(|parent| {
                let mut edges = parent.literals.iter_mut();
                edges.find(|(edge, _)| edge.bytes().next() == Some(first))
            });
            let Some((edge, child)) = edge else {
                let child = self.bud();
                if let Some(parent) = self.nodes.get_mut(node) {
                    parent.literals.push((text.to_owned(), child));
                }
                return child;
            };
            let mut shared = edge
                .bytes()
                .zip(text.bytes())
                .take_while(|(one, other)| one == other)
                .count();
            while !edge.is_char_boundary(shared) {
                shared -= 1;
            }
            let below = *child;
            if shared < edge.len() {
                let tail = edge.split_off(shared);
                let middle = self.bud();
                let parent = self.nodes.get_mut(node);
                let mut edges = parent.into_iter().flat_map(|node| &mut node.literals);
                if let Some((_, child)) = edges.find(|(_, child)| *child == below) {
                    *child = middle;
                }
                if let Some(bud) = self.nodes.get_mut(middle) {
                    bud.literals.push((tail, below));
                }
                node = middle;
            } else {
                node = below;
            }
            text = text.get(shared..).unwrap_or_default();
        }
        node
    }

    /// Lets the template of this `number` end at `node`. False when another one does.
    pub fn end(&mut self, node: usize, number: u16, slots: &[u16]) -> bool {
        let Some(node) = self.nodes.get_mut(node) else {
            return true;
        };
        match node.end {
            // A variant of the same template may come out the same.
            Some(other) => self
                .paths
                .get(other)
                .is_some_and(|path| path.template == number),
            None => {
                node.end = Some(self.paths.len());
                self.paths.push(Path {
                    template: number,
                    slots: slots.into(),
                });
                true
            }
        }
    }

    /// The tree, to be read.
    pub fn finish(self) -> Tree {
        let mut tree = Tree::default();
        for bud in self.nodes {
            let (first_edge, first_gap) = (short(tree.edges.len()), short(tree.gaps.len()));
            for (text, child) in &bud.literals {
                tree.firsts.extend(text.bytes().next());
                tree.edges.push(Edge::new(text, *child, &mut tree.text));
            }
            tree.gaps
                .extend(bud.gaps.iter().map(|(gap, child)| (*gap, short(*child))));
            let only = match (bud.literals.as_slice(), bud.end) {
                ([(text, _)], None) => text.bytes().next(),
                _ => None,
            };
            tree.nodes.push(Node {
                first_edge,
                first_gap,
                edges: u16::try_from(bud.literals.len()).unwrap_or(u16::MAX),
                gaps: u16::try_from(bud.gaps.len()).unwrap_or(u16::MAX),
                end: bud.end.map_or(NO_PATH, short),
                only,
                firsts: NO_SET,
                edge: match tree.edges.get(first_edge as usize..) {
                    Some([edge]) => *edge,
                    _ => Edge::default(),
                },
                gap: match tree.gaps.get(first_gap as usize..) {
                    Some([gap]) => Some(*gap),
                    _ => None,
                },
            });
        }
        tree.add_sets();
        for path in self.paths {
            let start = short(tree.slots.len());
            tree.slots.extend(path.slots);
            tree.paths
                .push((path.template, start, short(tree.slots.len())));
        }
        tree.shrink();
        tree
    }
}

/// A place in a list or a message, none of which comes near this limit.
#[inline]
pub(super) fn short(place: usize) -> u32 {
    u32::try_from(place).unwrap_or(u32::MAX)
}

/// Where something can go on.
#[derive(Clone, Copy, Debug)]
pub(super) struct Node {
    first_edge: u32,
    first_gap: u32,
    edges: u16,
    gaps: u16,
    end: u32,
    /// The first byte of the one literal, where there is one and no template ends here.
    pub only: Option<u8>,
    /// Which of the sets of first bytes is this node's.
    firsts: u32,
    /// The literal, where there is one alone, and the gap, where there is one alone.
    edge: Edge,
    pub gap: Option<(Gap, u32)>,
}

impl Node {
    /// Whether a gap may begin here.
    pub const fn has_gaps(&self) -> bool {
        self.gaps > 0
    }

    /// The path that ends here.
    pub const fn end(&self) -> Option<u32> {
        match self.end {
            NO_PATH => None,
            path => Some(path),
        }
    }
}

/// A literal and the node behind it.
#[derive(Clone, Copy, Debug, Default)]
struct Edge {
    /// Its first eight bytes as a number, and which of them there are.
    head: u64,
    mask: u64,
    /// Its last eight bytes, where there are more.
    tail: u64,
    /// All of it, where these leave something open, in the tree's text.
    start: u32,
    length: u32,
    child: u32,
}

impl Edge {
    fn new(text: &str, child: usize, pool: &mut String) -> Self {
        let start = short(pool.len());
        if text.len() > 16 {
            pool.push_str(text);
        }
        let last = text.as_bytes().last_chunk();
        let missing = 8_u32.saturating_sub(short(text.len()));
        Self {
            head: scan::head(text.as_bytes()),
            mask: u64::MAX.checked_shr(8 * missing).unwrap_or(0),
            tail: last.map_or(0, |last| u64::from_le_bytes(*last)),
            start,
            length: short(text.len()),
            child: short(child),
        }
    }
}

/// A tree to be read.
#[derive(Debug, Default)]
pub(super) struct Tree {
    nodes: Vec<Node>,
    edges: Vec<Edge>,
    /// The first byte of each edge.
    firsts: Vec<u8>,
    gaps: Vec<(Gap, u32)>,
    /// First bytes of literals behind open gaps.
    sets: Vec<Bytes>,
    /// The literals longer than sixteen bytes.
    text: String,
    /// Template, and where its slots begin and end in `slots`.
    paths: Vec<(u16, u32, u32)>,
    slots: Vec<u16>,
}

/// Some of all bytes.
#[derive(Clone, Debug)]
pub(super) struct Bytes(Box<[bool; 256]>);

impl Bytes {
    fn insert(&mut self, byte: u8) {
        if let Some(place) = self.0.get_mut(usize::from(byte)) {
            *place = true;
        }
    }

    #[inline]
    pub fn has(&self, byte: u8) -> bool {
        self.0.get(usize::from(byte)).copied().unwrap_or(false)
    }
}

impl Default for Bytes {
    fn default() -> Self {
        Self(Box::new([false; 256]))
    }
}

impl Tree {
    /// Gives those nodes a set of first bytes that stand behind a gap which only they can end.
    fn add_sets(&mut self) {
        for (gap, child) in &self.gaps {
            let Some(node) = self.nodes.get(*child as usize) else {
                continue;
            };
            if !gap.is_open() || node.only.is_some() || node.firsts != NO_SET {
                continue;
            }
            let mut set = Bytes::default();
            self.firsts(node).iter().for_each(|byte| set.insert(*byte));
            let place = short(self.sets.len());
            self.sets.push(set);
            if let Some(node) = self.nodes.get_mut(*child as usize) {
                node.firsts = place;
            }
        }
    }

    /// The first bytes of the literals at a node that stands behind an open gap.
    #[inline]
    pub fn first_bytes(&self, node: &Node) -> Option<&Bytes> {
        self.sets.get(node.firsts as usize)
    }

    fn shrink(&mut self) {
        self.sets.shrink_to_fit();
        self.nodes.shrink_to_fit();
        self.edges.shrink_to_fit();
        self.firsts.shrink_to_fit();
        self.gaps.shrink_to_fit();
        self.text.shrink_to_fit();
        self.paths.shrink_to_fit();
        self.slots.shrink_to_fit();
    }

    /// The node of this number.
    #[inline]
    pub fn node(&self, number: u32) -> Option<&Node> {
        self.nodes.get(number as usize)
    }

    /// The gaps at `node`, strictest first, and the node behind each.
    #[inline]
    pub fn gaps(&self, node: &Node) -> &[(Gap, u32)] {
        let start = node.first_gap as usize;
        let gaps = self.gaps.get(start..start + usize::from(node.gaps));
        gaps.unwrap_or_default()
    }

    /// The first bytes of the literals at `node`.
    #[inline]
    pub fn firsts(&self, node: &Node) -> &[u8] {
        let start = node.first_edge as usize;
        let firsts = self.firsts.get(start..start + usize::from(node.edges));
        firsts.unwrap_or_default()
    }

    /// Whether `rest` may begin with a literal of `node`: the first eight bytes tell nearly always.
    #[inline]
    pub fn may_begin(&self, node: &Node, rest: &[u8]) -> bool {
        match node.edges {
            1 => scan::head(rest) & node.edge.mask == node.edge.head,
            0 => false,
            _ => self.may_begin_with_any(node, rest),
        }
    }

    #[inline(never)]
    fn may_begin_with_any(&self, node: &Node, rest: &[u8]) -> bool {
        let word = scan::head(rest);
        let start = node.first_edge as usize;
        let edges = self.edges.get(start..start + usize::from(node.edges));
        let mut edges = edges.unwrap_or_default();
        if edges.len() > MANY_EDGES {
            let first = rest.first().copied().unwrap_or(0);
            let place = scan::find(first, self.firsts(node), 0);
            edges = place
                .and_then(|place| edges.get(place..=place))
                .unwrap_or_default();
        }
        edges.iter().any(|edge| word & edge.mask == edge.head)
    }

    /// The literal at `node` that `rest` begins with: the node behind it and its length.
    #[inline]
    pub fn literal(&self, node: &Node, rest: &[u8]) -> Option<(u32, usize)> {
        if node.edges == 0 {
            return None;
        }
        let word = scan::head(rest);
        let edge = if node.edges == 1 {
            Some(&node.edge).filter(|edge| word & edge.mask == edge.head)?
        } else {
            let start = node.first_edge as usize;
            let mut edges = self.edges.get(start..start + usize::from(node.edges))?;
            if edges.len() > MANY_EDGES {
                let place = scan::find(*rest.first()?, self.firsts(node), 0)?;
                edges = edges.get(place..=place)?;
            }
            // No two begin with the same byte, so there is no second to try.
            edges.iter().find(|edge| word & edge.mask == edge.head)?
        };
        let length = edge.length as usize;
        let begun = rest.get(..length)?;
        if length > 8 {
            let last = begun.last_chunk()?;
            if u64::from_le_bytes(*last) != edge.tail {
                return None;
            }
        }
        if length > 16 {
            let start = edge.start as usize;
            let text = self.text.as_bytes().get(start..start + length)?;
            if begun.get(8..length - 8)? != text.get(8..length - 8)? {
                return None;
            }
        }
        Some((edge.child, length))
    }

    /// Template and slots of a path.
    pub fn path(&self, number: u32) -> Option<(u16, &[u16])> {
        let (template, start, end) = *self.paths.get(number as usize)?;
        Some((template, self.slots.get(start as usize..end as usize)?))
    }
}
