//! Words that tell an attack by themselves, all in one automaton, each with where it counts, what
//! must stand around it, and its points.

use std::sync::LazyLock;

use aho_corasick::{AhoCorasick, AhoCorasickKind};
use serde::Deserialize;

use super::{Kind, Verdict, prose};
use crate::content;

/// How far an opening bracket may stand behind the name it calls, in bytes.
const MAX_BEFORE_BRACKET_BYTES: usize = 256;

/// Where a word counts.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) struct Scope(u8);

impl Scope {
    /// In the target of a request: path and query.
    pub(super) const TARGET: Self = Self(1);
    /// In one decoded value.
    pub(super) const VALUE: Self = Self(2);
    /// In the user agent.
    pub(super) const AGENT: Self = Self(4);
    /// In a value that may itself be a user agent: only names of scanners.
    pub(super) const AGENT_NAME: Self = Self(8);
    /// In the fields of a form as they were sent, names included.
    pub(super) const FIELDS: Self = Self(16);

    fn read(words: &str) -> Option<Self> {
        words.split(' ').try_fold(Self(0), |sum, word| {
            let one = match word {
                "target" => Self::TARGET,
                "value" => Self::VALUE,
                "agent" => Self::AGENT,
                "name" => Self::AGENT_NAME,
                "fields" => Self::FIELDS,
                _ => return None,
            };
            Some(Self(sum.0 | one.0))
        })
    }
}

/// What must stand around a word.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Around {
    /// Anything.
    Any,
    /// No letter, digit or underscore before it.
    WordStart,
    /// None before it, and an opening bracket after it (white space and comments between).
    Call,
    /// The path ends with it, or a question mark follows.
    PathEnd,
    /// The same, or a part of the path ends with it.
    PartEnd,
    /// No letter, digit or underscore after it.
    Ends,
    /// None before it, and an equals sign after it and the rest of the name.
    Setting,
}

/// One group of `content/web/words.toml`.
#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct Group {
    why: String,
    kind: String,
    points: u16,
    scope: String,
    around: String,
    words: Vec<String>,
}

/// The whole file.
#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct File {
    group: Vec<Group>,
}

struct Entry {
    scope: Scope,
    around: Around,
    kind: Kind,
    points: u16,
    why: &'static str,
}

#[derive(Default)]
struct Words {
    automaton: Option<AhoCorasick>,
    entries: Vec<Entry>,
}

/// Empty only if the file that ships is malformed, which a test excludes.
static WORDS: LazyLock<Words> = LazyLock::new(|| {
    let text = content::WEB.iter().find(|(name, _)| *name == "words");
    text.and_then(|(_, text)| read(text)).unwrap_or_default()
});

fn read(text: &'static str) -> Option<Words> {
    let file: File = toml::from_str(text).ok()?;
    let mut words = Vec::new();
    let mut entries = Vec::new();
    for group in &file.group {
        // The codes are part of verdicts, which borrow them: find them in the text itself.
        let at = text.find(&group.why)?;
        let why = text.get(at..at + group.why.len())?;
        for word in &group.words {
            words.push(word.as_str());
            entries.push(Entry {
                scope: Scope::read(&group.scope)?,
                around: Around::read(&group.around)?,
                kind: Kind::from_word(&group.kind)?,
                points: group.points,
                why,
            });
        }
    }
    let automaton = AhoCorasick::builder()
        .ascii_case_insensitive(true)
        .kind(Some(AhoCorasickKind::DFA))
        .build(words)
        .ok();
    Some(Words { automaton, entries })
}

/// Adds the points of the words in `text` that count in `scope`.
pub(super) fn scan(text: &str, scope: Scope, verdict: &mut Verdict) {
    let Some(automaton) = &WORDS.automaton else {
        return;
    };
    let Ok(found) = automaton.try_find_overlapping_iter(text) else {
        return;
    };
    for hit in found {
        let Some(entry) = WORDS.entries.get(hit.pattern().as_usize()) else {
            continue;
        };
        if entry.scope.0 & scope.0 != 0 && entry.around.fits(text, hit.start(), hit.end()) {
            verdict.add(entry.kind, entry.points, entry.why);
        }
    }
}

impl Around {
    fn read(word: &str) -> Option<Self> {
        Some(match word {
            "any" => Self::Any,
            "word-start" => Self::WordStart,
            "call" => Self::Call,
            "path-end" => Self::PathEnd,
            "part-end" => Self::PartEnd,
            "ends" => Self::Ends,
            "setting" => Self::Setting,
            _ => return None,
        })
    }

    fn fits(self, text: &str, start: usize, end: usize) -> bool {
        let before = start.checked_sub(1).and_then(|at| text.as_bytes().get(at));
        let after = text.as_bytes().get(end);
        let is_word = |byte: Option<&u8>| {
            byte.is_some_and(|byte| byte.is_ascii_alphanumeric() || *byte == b'_')
        };
        match self {
            Self::Any => true,
            Self::WordStart => !is_word(before) || !is_word(text.as_bytes().get(start)),
            Self::Call => {
                !is_word(before)
                    && opens_call(text.get(end..).unwrap_or(""))
                    && !prose::bracket(text, start, end)
            }
            Self::Ends => !is_word(after),
            Self::Setting => {
                let rest = text.get(end..).unwrap_or("");
                let rest = rest.trim_start_matches(|letter: char| {
                    letter.is_ascii_alphanumeric() || matches!(letter, '_' | '.' | ' ')
                });
                !is_word(before) && rest.starts_with('=')
            }
            Self::PathEnd | Self::PartEnd => {
                after.is_none_or(|byte| *byte == b'?' || *byte == b'/' && self == Self::PartEnd)
                    && !text.get(..start).unwrap_or("").contains('?')
                    && before.is_some_and(|byte| *byte != b'/')
            }
        }
    }
}

/// `(`, after comments, line breaks, tabs and closing quotes. A space alone is how people write.
fn opens_call(after: &str) -> bool {
    let mut rest = super::text::head(after, MAX_BEFORE_BRACKET_BYTES);
    if rest.starts_with(" (") {
        return false;
    }
    loop {
        rest = rest.trim_start_matches(|letter: char| {
            letter.is_whitespace()
                || letter.is_control()
                || matches!(letter, '"' | '\'' | ')' | ']')
        });
        if let Some(comment) = rest.strip_prefix("/*") {
            let Some((_, next)) = comment.split_once("*/") else {
                return false;
            };
            rest = next;
        } else if rest.starts_with('#') || rest.starts_with("//") {
            let Some((_, next)) = rest.split_once('\n') else {
                return false;
            };
            rest = next;
        } else {
            return rest.starts_with('(') || rest.starts_with('`');
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_words_compile_and_each_counts_once() {
        assert!(WORDS.automaton.is_some());
        let mut verdict = Verdict::default();
        scan("/a/.env/.env", Scope::TARGET, &mut verdict);
        assert_eq!((verdict.score, verdict.why.len()), (5, 1));
    }
}
