//! The detection of a rule: selections of field tests and keywords, joined by its condition.
//!
//! Standard: Sigma rules specification 2.1, "Detection".

use yaml_serde::{Mapping, Value};

use super::condition::{Condition, names_fit, parse};
use super::expression::Expression;
use super::glob::{Glob, Token, tokens};
use super::modifier::{Compare, Modifiers, Order, Part, Place};
use super::placeholder::Placeholders;
use super::predicate::{Predicates, Test};
use super::skip::{Skip, SkipReason, skip};
use super::slot::Slot;
use super::taxonomy;
use crate::event::{Action, Field};

/// Most values in one rule.
const MAX_VALUES: usize = 4_096;
/// Most tests that the values of one rule may turn into (`windash` multiplies, and so does a field
/// that stands for two of ours).
const MAX_TESTS: usize = 16_384;
/// Most parts of one rule once its condition has named its selections, each as often as it does.
const MAX_PARTS: usize = 65_536;
/// Deepest nesting of lists and maps in one selection.
const MAX_NESTING: usize = 8;

/// Words of rules for what a firewall did, and ours for the same.
const ACTIONS: &[(&[&str], &[Action])] = &[
    (
        &[
            "allowed",
            "accept",
            "accepted",
            "permit",
            "permitted",
            "pass",
            "passed",
            "forward",
        ],
        &[Action::Allow],
    ),
    (
        &[
            "deny", "denied", "block", "blocked", "reject", "rejected", "dropped",
        ],
        &[Action::Deny, Action::Drop, Action::Reset],
    ),
];

/// Reads a `detection` map into an expression over `predicates`.
pub(super) fn read(
    detection: &Mapping,
    placeholders: &Placeholders,
    predicates: &mut Predicates,
) -> Result<Expression, Skip> {
    let mut reader = Reader {
        placeholders,
        predicates,
        values: 0,
        tests: 0,
    };
    let mut selections = Vec::new();
    for (name, value) in detection {
        let Some(name) = name.as_str() else {
            return skip(SkipReason::Value, "the name of a selection");
        };
        if name != "condition" && name != "timeframe" {
            selections.push((name, reader.search(value, 0)?));
        }
    }
    let mut joiner = Joiner {
        selections: &selections,
        parts: 0,
    };
    match detection.get("condition") {
        Some(Value::String(text)) => joiner.join(&parse(text)?),
        Some(Value::Sequence(texts)) => {
            let mut parts = Vec::new();
            for text in texts {
                parts.push(joiner.join(&parse(text.as_str().unwrap_or(""))?)?);
            }
            Ok(Expression::or(parts))
        }
        _ => skip(SkipReason::Condition, "none"),
    }
}

/// Puts selections in the place of their names.
struct Joiner<'s> {
    selections: &'s [(&'s str, Expression)],
    parts: usize,
}

impl Joiner<'_> {
    fn take(&mut self, selection: &Expression) -> Result<Expression, Skip> {
        self.parts += selection.size();
        if self.parts > MAX_PARTS {
            return skip(SkipReason::TooMany, "parts of the condition");
        }
        Ok(selection.clone())
    }

    fn all(&mut self, parts: &[Condition]) -> Result<Vec<Expression>, Skip> {
        parts.iter().map(|part| self.join(part)).collect()
    }

    fn join(&mut self, condition: &Condition) -> Result<Expression, Skip> {
        let selections = self.selections;
        Ok(match condition {
            Condition::Name(name) => match selections.iter().find(|(known, _)| known == name) {
                Some((_, expression)) => self.take(expression)?,
                None => return skip(SkipReason::Condition, name),
            },
            Condition::And(parts) => Expression::and(self.all(parts)?),
            Condition::Or(parts) => Expression::or(self.all(parts)?),
            Condition::Not(part) => Expression::Not(Box::new(self.join(part)?)),
            Condition::Of(least, pattern) => {
                let parts: Vec<Expression> = selections
                    .iter()
                    .filter(|(name, _)| names_fit(pattern, name))
                    .map(|(_, expression)| self.take(expression))
                    .collect::<Result<_, _>>()?;
                match least {
                    _ if parts.is_empty() => return skip(SkipReason::Condition, pattern),
                    None => Expression::and(parts),
                    Some(1) => Expression::or(parts),
                    Some(least) => Expression::AtLeast(*least, parts),
                }
            }
        })
    }
}

struct Reader<'p> {
    placeholders: &'p Placeholders,
    predicates: &'p mut Predicates,
    values: usize,
    tests: usize,
}

impl Reader<'_> {
    /// A selection: a map of items (all must hold), or a list (any may hold) of maps and keywords.
    fn search(&mut self, value: &Value, depth: usize) -> Result<Expression, Skip> {
        if depth > MAX_NESTING {
            return skip(SkipReason::TooMany, "nested lists");
        }
        match value {
            Value::Mapping(items) => {
                let mut parts = Vec::new();
                for (key, value) in items {
                    parts.push(self.item(key, value)?);
                }
                Ok(Expression::and(parts))
            }
            Value::Sequence(values) => {
                let mut parts = Vec::new();
                for value in values {
                    parts.push(self.search(value, depth + 1)?);
                }
                Ok(Expression::or(parts))
            }
            keyword => {
                let modifiers = Modifiers::parse(std::iter::empty())?;
                self.one(&[Slot::AnyText], &modifiers, keyword)
            }
        }
    }

    /// `field|modifier: value or values`.
    fn item(&mut self, key: &Value, value: &Value) -> Result<Expression, Skip> {
        let Some(key) = key.as_str() else {
            return skip(SkipReason::Value, "the name of a field");
        };
        let mut words = key.split('|');
        let name = words.next().unwrap_or("");
        let modifiers = Modifiers::parse(words)?;
        let slots = match name {
            "" => &[Slot::AnyText],
            name => taxonomy::slots(name)?,
        };
        let mut parts = Vec::new();
        match value {
            Value::Sequence(values) => {
                for value in values {
                    parts.push(self.one(slots, &modifiers, value)?);
                }
            }
            value => parts.push(self.one(slots, &modifiers, value)?),
        }
        let whole = if modifiers.all {
            Expression::and(parts)
        } else {
            Expression::or(parts)
        };
        Ok(if modifiers.negated {
            Expression::Not(Box::new(whole))
        } else {
            whole
        })
    }

    /// One value, in any of `slots`.
    fn one(
        &mut self,
        slots: &[Slot],
        modifiers: &Modifiers,
        value: &Value,
    ) -> Result<Expression, Skip> {
        self.values += 1;
        if self.values > MAX_VALUES {
            return skip(SkipReason::TooMany, "values");
        }
        if value.is_null() || modifiers.compare == Compare::Exists {
            return self.presence(slots, modifiers, value);
        }
        let text = scalar(value)?;
        let texts = if modifiers.expand {
            self.placeholders.expand(&text)?
        } else {
            vec![text]
        };
        self.values += texts.len() - 1;
        if self.values > MAX_VALUES {
            return skip(SkipReason::TooMany, "values");
        }
        let mut parts = Vec::new();
        for text in &texts {
            for slot in slots {
                for (slot, test) in tests(*slot, modifiers, text)? {
                    self.tests += 1;
                    if self.tests > MAX_TESTS {
                        return skip(SkipReason::TooMany, "tests");
                    }
                    parts.push(Expression::Is(self.predicates.add(slot, test)?));
                }
            }
        }
        Ok(Expression::or(parts))
    }

    /// `null`, or `exists`.
    fn presence(
        &mut self,
        slots: &[Slot],
        modifiers: &Modifiers,
        value: &Value,
    ) -> Result<Expression, Skip> {
        let mut missing = Vec::new();
        for slot in slots {
            missing.push(Expression::Is(self.predicates.add(*slot, Test::Missing)?));
        }
        let missing = Expression::and(missing);
        match (modifiers.compare, value) {
            (Compare::Exists, Value::Bool(true)) => Ok(Expression::Not(Box::new(missing))),
            (Compare::Exists, Value::Bool(false)) | (_, Value::Null) => Ok(missing),
            _ => skip(SkipReason::Value, "exists"),
        }
    }
}

/// The tests of one slot for one value: any of them may hold.
fn tests(slot: Slot, modifiers: &Modifiers, text: &str) -> Result<Vec<(Slot, Test)>, Skip> {
    let one = |test| Ok(vec![(slot, test)]);
    if let Some(part) = modifiers.part {
        return one(clock(part, modifiers.compare, text)?);
    }
    match modifiers.compare {
        Compare::Text => texts(slot, modifiers, text),
        Compare::Regex(flags) => one(Test::Regex(with_flags(text, flags))),
        Compare::Cidr => match text.parse() {
            Ok(network) => one(Test::Network(network)),
            Err(_) => skip(SkipReason::Value, text),
        },
        Compare::Number(order) => match text.parse() {
            Ok(limit) => one(Test::Compare(order, limit)),
            Err(_) => skip(SkipReason::Value, text),
        },
        Compare::Field => Ok(taxonomy::slots(text)?
            .iter()
            .map(|other| (slot, Test::Same(*other, modifiers.place)))
            .collect()),
        Compare::Exists => skip(SkipReason::Value, text),
    }
}

/// A part of a moment, compared with a number.
fn clock(part: Part, compare: Compare, text: &str) -> Result<Test, Skip> {
    let order = match compare {
        Compare::Text => Order::Same,
        Compare::Number(order) => order,
        _ => return skip(SkipReason::Modifier, "a part of a moment is a number"),
    };
    match text.trim().parse() {
        Ok(number) => Ok(Test::Clock(part, order, number)),
        Err(_) => skip(SkipReason::Value, text),
    }
}

fn texts(slot: Slot, modifiers: &Modifiers, text: &str) -> Result<Vec<(Slot, Test)>, Skip> {
    let whole = modifiers.place == Place::Whole;
    if whole
        && slot.is_number()
        && let Ok(number) = text.parse()
    {
        return Ok(vec![(slot, Test::Number(number))]);
    }
    if whole
        && slot.is_address()
        && let Ok(network) = text.parse()
    {
        return Ok(vec![(slot, Test::Network(network))]);
    }
    // Rules in use look for whole paths in the "query"; many log stores keep the full target there.
    let slot = match (slot, modifiers.place) {
        (Slot::UrlQuery, Place::Anywhere) => Slot::Field(Field::Url),
        (slot, _) => slot,
    };
    let mut found = Vec::new();
    for mut pattern in modifiers.patterns(tokens(text))? {
        if slot == Slot::AnyText {
            pattern.insert(0, Token::Many);
            pattern.push(Token::Many);
        }
        let glob = Glob::new(&pattern, modifiers.cased);
        if slot == Slot::Field(Field::Action) {
            found.extend(actions(&glob).map(|glob| (slot, Test::Glob(glob))));
        }
        found.push((slot, Test::Glob(glob)));
    }
    Ok(found)
}

/// Our words for what a rule calls something else.
fn actions(glob: &Glob) -> impl Iterator<Item = Glob> {
    let exact = glob.exact().unwrap_or_default();
    ACTIONS
        .iter()
        .filter(move |(words, _)| words.iter().any(|word| word.as_bytes() == exact))
        .flat_map(|(_, actions)| *actions)
        .map(|action| Glob::new(&tokens(action.as_str()), false))
}

fn scalar(value: &Value) -> Result<String, Skip> {
    match value {
        Value::String(text) => Ok(text.clone()),
        Value::Number(number) => Ok(number.to_string()),
        Value::Bool(flag) => Ok(flag.to_string()),
        _ => skip(SkipReason::Value, "a list or map where a value must be"),
    }
}

fn with_flags(pattern: &str, flags: [bool; 3]) -> String {
    let set: String = ['i', 'm', 's']
        .iter()
        .zip(flags)
        .filter_map(|(flag, set)| set.then_some(*flag))
        .collect();
    if set.is_empty() {
        pattern.to_owned()
    } else {
        format!("(?{set}){pattern}")
    }
}
