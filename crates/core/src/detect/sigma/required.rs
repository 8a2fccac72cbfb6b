//! The text that every match of a regular expression must contain, so that the expression only runs
//! where the shared automaton has found that text.

use regex_syntax::hir::{Class, Hir, HirKind};

/// The longest required literal of `tree`, in lower case; empty if there is none.
pub(super) fn literal(tree: &Hir) -> Vec<u8> {
    let mut finder = Finder::default();
    finder.walk(tree);
    finder.end_run();
    finder.best
}

#[derive(Default)]
struct Finder {
    /// Literal characters that follow each other up to here.
    run: Vec<u8>,
    best: Vec<u8>,
}

impl Finder {
    fn walk(&mut self, tree: &Hir) {
        match tree.kind() {
            HirKind::Literal(literal) => self
                .run
                .extend(literal.0.iter().map(u8::to_ascii_lowercase)),
            HirKind::Class(_) => match one_letter(tree) {
                Some(letter) => self.run.push(letter),
                None => self.end_run(),
            },
            HirKind::Capture(capture) => self.walk(&capture.sub),
            HirKind::Concat(parts) => parts.iter().for_each(|part| self.walk(part)),
            HirKind::Repetition(repetition) if repetition.min > 0 => {
                self.walk(&repetition.sub);
                self.end_run();
            }
            // Anchors stand between characters without taking one.
            HirKind::Look(_) | HirKind::Empty => {}
            HirKind::Repetition(_) | HirKind::Alternation(_) => self.end_run(),
        }
    }

    fn end_run(&mut self) {
        if self.run.len() > self.best.len() {
            self.best = std::mem::take(&mut self.run);
        }
        self.run.clear();
    }
}

/// The ASCII letter that a class such as `[aA]` stands for. Other letters that fold to it (the long s,
/// the Kelvin sign) make the class more than that letter, so they end the run.
fn one_letter(class: &Hir) -> Option<u8> {
    let HirKind::Class(class) = class.kind() else {
        return None;
    };
    let mut letter = None;
    let mut same = |low: u32, high: u32| {
        let found = u8::try_from(high).ok().filter(|byte| byte.is_ascii());
        let found = found
            .filter(|_| low == high)
            .map(|byte| byte.to_ascii_lowercase());
        let fits = found.is_some() && (letter.is_none() || letter == found);
        letter = found;
        fits
    };
    let one = match class {
        Class::Unicode(class) => class
            .ranges()
            .iter()
            .all(|range| same(range.start().into(), range.end().into())),
        Class::Bytes(class) => class
            .ranges()
            .iter()
            .all(|range| same(range.start().into(), range.end().into())),
    };
    letter.filter(|_| one)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn finds_what_must_be_there() {
        for (pattern, expected) in [
            ("abc", "abc"),
            ("abc.*defg", "defg"),
            ("(?i)cat x", "cat x"),
            ("a|b", ""),
            ("x(abc|abd)", "x"),
            ("(?:abc)?d", "d"),
            ("(?:abc)+de", "abc"),
            ("^abc$", "abc"),
            (r"\d+", ""),
        ] {
            let tree = regex_automata::util::syntax::parse(pattern).unwrap();
            let found = String::from_utf8(literal(&tree)).unwrap();
            assert_eq!(found, expected, "{pattern}");
        }
    }
}
