//! Correlations: what several events mean together.
//!
//! Standard: Sigma correlation rules specification 2.1, with `value_sum`, `value_avg`, `value_median`,
//! `value_percentile`, `value_min`, `value_max` and conditions over rule names as the reference
//! implementation has them. This file reads them; [`super::correlator`] counts.

use std::collections::BTreeMap;

use yaml_serde::{Mapping, Value};

use super::RuleIndex;
use super::condition::{self, Condition};
use super::document::{Document, text_of, texts_of};
use super::expression::Expression;
use super::modifier::Order;
use super::skip::{Skip, SkipReason, skip};
use super::slot::Slot;
use super::taxonomy;

/// Most correlations in one set.
pub const MAX_CORRELATIONS: usize = 1_024;
/// Most rules that one correlation counts.
pub const MAX_INPUTS: usize = 64;
/// Most rules that must come in order.
pub const MAX_ORDERED: usize = 16;
/// Most fields that one correlation groups by, and most whose values it counts.
const MAX_FIELDS: usize = 8;
/// Highest number of different values that a rule may ask for; more could not be told apart in the
/// memory that one group of events may take.
pub const MAX_DISTINCT: usize = 1_000;
/// Longest time that a correlation may look back, in seconds.
const MAX_SPAN_SECONDS: i64 = 31 * 86_400;

/// What a correlation counts.
#[derive(Clone, Debug, PartialEq)]
pub(super) enum Counted {
    /// Events.
    Events,
    /// Different values.
    Distinct,
    /// Different rules that matched; the condition over the places of the inputs, if it is more than
    /// how many.
    Together(Option<Expression>),
    /// Different rules that matched in the order in which the correlation names them.
    InOrder,
    /// The sum of the values.
    Sum,
    /// Their mean.
    Mean,
    /// The smallest.
    Least,
    /// The greatest.
    Most,
    /// The value that so many per cent of them do not exceed (nearest rank).
    Percentile(f64),
}

/// A rule that a correlation counts.
#[derive(Clone, Debug)]
pub(super) struct Input {
    /// Its number in the set.
    pub(super) rule: u32,
    /// The fields that say which events belong together.
    group: Vec<&'static [Slot]>,
    /// The fields whose values are counted.
    pub(super) values: Vec<&'static [Slot]>,
}

/// One correlation.
#[derive(Clone, Debug)]
pub(super) struct Correlation {
    /// Its own number in the set.
    pub(super) number: RuleIndex,
    pub(super) counted: Counted,
    /// How far back it looks.
    pub(super) span_micros: i64,
    /// All of these must hold of what was counted.
    pub(super) tests: Vec<(Order, f64)>,
    pub(super) inputs: Vec<Input>,
    /// How many different values or rules tell whether it is met.
    pub(super) most_values: usize,
    /// What the fields of its groups are called.
    names: Vec<String>,
    /// Whether the address that did it is among the fields of its groups.
    pub(super) by_source: bool,
    /// Whether only the end of the time span can tell: fewer than, exactly, on average, not.
    pub(super) late: bool,
}

/// A correlation before the rules that it names are known.
pub(super) struct Draft {
    counted: Counted,
    span_micros: i64,
    tests: Vec<(Order, f64)>,
    /// Ids or names.
    pub(super) rules: Vec<String>,
    group: Vec<String>,
    fields: Vec<String>,
    /// Alias, then rule, then field.
    aliases: BTreeMap<String, BTreeMap<String, String>>,
    /// Whether its rules also report by themselves.
    pub(super) generate: bool,
}

impl Draft {
    /// From a document with the map `correlation`.
    pub(super) fn read(document: &Document) -> Result<Self, Skip> {
        let Some(map) = document.map("correlation") else {
            return skip(SkipReason::Correlation, "correlation is not a map");
        };
        let list = |key: &str| map.get(key).map(texts_of).unwrap_or_default();
        let kind = map.get("type").and_then(text_of).unwrap_or_default();
        let mut draft = Self {
            counted: counted(&kind)?,
            span_micros: span(map)?,
            tests: Vec::new(),
            rules: list("rules"),
            group: list("group-by"),
            fields: Vec::new(),
            aliases: aliases(map)?,
            generate: document
                .flag("generate")
                .or_else(|| map.get("generate").and_then(Value::as_bool))
                .unwrap_or(false),
        };
        draft.set_condition(map.get("condition"))?;
        draft.check(&kind)?;
        Ok(draft)
    }

    /// One test of one rule, without a time span.
    pub(super) fn counting(
        counted: Counted,
        rule: String,
        group: Vec<String>,
        fields: Vec<String>,
        test: (Order, f64),
    ) -> Self {
        Self {
            counted,
            span_micros: 0,
            tests: vec![test],
            rules: vec![rule],
            group,
            fields,
            aliases: BTreeMap::new(),
            generate: false,
        }
    }

    /// The same within a time span.
    pub(super) fn within(mut self, span_seconds: i64) -> Result<Self, Skip> {
        if span_seconds > MAX_SPAN_SECONDS {
            return skip(SkipReason::TooMany, format!("{span_seconds} seconds"));
        }
        self.span_micros = span_seconds * 1_000_000;
        self.check("count")?;
        Ok(self)
    }

    fn set_condition(&mut self, condition: Option<&Value>) -> Result<(), Skip> {
        match condition {
            None | Some(Value::Null) => {}
            Some(Value::String(text)) => {
                let Counted::Together(over) = &mut self.counted else {
                    return skip(SkipReason::Correlation, "a condition over rules");
                };
                let parsed = condition::parse(text)?;
                if self.rules.is_empty() {
                    names_in(&parsed, &mut self.rules);
                }
                *over = Some(placed(&parsed, &self.rules)?);
            }
            Some(Value::Mapping(map)) => {
                for (key, value) in map {
                    self.set_test(key.as_str().unwrap_or(""), value)?;
                }
            }
            Some(_) => return skip(SkipReason::Correlation, "condition"),
        }
        Ok(())
    }

    fn set_test(&mut self, key: &str, value: &Value) -> Result<(), Skip> {
        match (key, Order::from_word(key), value.as_f64()) {
            ("field", ..) => self.fields = texts_of(value),
            ("percentile", _, Some(share)) if (0.0..=100.0).contains(&share) => {
                if let Counted::Percentile(of) = &mut self.counted {
                    *of = share;
                }
            }
            (_, Some(order), Some(limit)) if limit.is_finite() => self.tests.push((order, limit)),
            _ => return skip(SkipReason::Correlation, format!("condition {key}")),
        }
        Ok(())
    }

    /// Fills in what may be left out and refuses what cannot be.
    fn check(&mut self, kind: &str) -> Result<(), Skip> {
        let refuse = |what: &str| skip(SkipReason::Correlation, format!("{kind}: {what}"));
        if self.rules.is_empty() {
            return refuse("rules");
        }
        let most = if self.counted == Counted::InOrder {
            MAX_ORDERED
        } else {
            MAX_INPUTS
        };
        if self.rules.len() > most
            || self.group.len() > MAX_FIELDS
            || self.fields.len() > MAX_FIELDS
        {
            return skip(SkipReason::TooMany, "rules or fields of a correlation");
        }
        match &self.counted {
            Counted::Together(Some(_)) => {}
            Counted::Together(None) | Counted::InOrder if self.tests.is_empty() => {
                let all = u32::try_from(self.rules.len()).unwrap_or(u32::MAX);
                self.tests.push((Order::GreaterOrSame, all.into()));
            }
            Counted::Events | Counted::Together(None) | Counted::InOrder => {}
            _ if self.fields.is_empty() => return refuse("field"),
            _ => {}
        }
        if self.tests.is_empty() && !matches!(self.counted, Counted::Together(Some(_))) {
            return refuse("condition");
        }
        if let Counted::Percentile(share) = self.counted
            && share.is_nan()
        {
            return refuse("percentile");
        }
        #[expect(clippy::cast_precision_loss, reason = "a thousand is exact")]
        let far = self
            .tests
            .iter()
            .any(|(_, limit)| *limit > MAX_DISTINCT as f64);
        if self.counted == Counted::Distinct && far {
            return skip(SkipReason::TooMany, "different values");
        }
        Ok(())
    }

    /// The correlation over `inputs`, the numbers of the rules in the order of [`Draft::rules`].
    pub(super) fn over(self, number: RuleIndex, inputs: &[u32]) -> Result<Correlation, Skip> {
        let mut found = Vec::new();
        for (rule, input) in self.rules.iter().zip(inputs) {
            let slots = |names: &[String]| -> Result<Vec<&'static [Slot]>, Skip> {
                names
                    .iter()
                    .map(|name| taxonomy::slots(self.field_of(name, rule)?))
                    .collect()
            };
            found.push(Input {
                rule: *input,
                group: slots(&self.group)?,
                values: slots(&self.fields)?,
            });
        }
        let source = Slot::Field(crate::event::Field::SrcIp);
        let limits = self.tests.iter().map(|(_, limit)| limit.clamp(0.0, 1e6));
        #[expect(
            clippy::cast_possible_truncation,
            clippy::cast_sign_loss,
            reason = "between 0 and a million"
        )]
        let highest = limits.map(|limit| limit.ceil() as usize).max();
        let most_values = match self.counted {
            Counted::Distinct => highest.unwrap_or(0).min(MAX_DISTINCT) + 1,
            _ => self.rules.len(),
        };
        Ok(Correlation {
            number,
            late: self.is_late(),
            counted: self.counted,
            span_micros: self.span_micros,
            tests: self.tests,
            by_source: found
                .iter()
                .any(|input| input.group.iter().any(|slots| slots.contains(&source))),
            inputs: found,
            most_values,
            names: self.group,
        })
    }

    /// What `name` means for events of `rule`.
    fn field_of<'d>(&'d self, name: &'d str, rule: &str) -> Result<&'d str, Skip> {
        match self.aliases.get(name) {
            None => Ok(name),
            Some(fields) => match fields.get(rule) {
                Some(field) => Ok(field),
                None => skip(SkipReason::Correlation, format!("alias {name} for {rule}")),
            },
        }
    }

    fn is_late(&self) -> bool {
        let grows = match &self.counted {
            Counted::Events
            | Counted::Distinct
            | Counted::Together(None)
            | Counted::InOrder
            | Counted::Sum
            | Counted::Most => true,
            Counted::Together(Some(over)) => !has_not(over),
            Counted::Mean | Counted::Least | Counted::Percentile(_) => false,
        };
        let up = |order: &Order| matches!(order, Order::Greater | Order::GreaterOrSame);
        !grows || !self.tests.iter().all(|(order, _)| up(order))
    }
}

impl Correlation {
    /// Whether what was counted is what the rule looks for.
    pub(super) fn is_met(&self, counted: f64) -> bool {
        self.tests
            .iter()
            .all(|(order, limit)| order.holds(counted, *limit))
    }

    /// The first values of the fields by which input `number` is grouped; `None` when the event lacks
    /// one of them, for then nothing says to whom it belongs.
    pub(super) fn group_of(
        &self,
        number: u16,
    ) -> Option<impl Iterator<Item = (&str, &'static [Slot])>> {
        let input = self.inputs.get(usize::from(number))?;
        let names = self.names.iter().map(String::as_str);
        Some(names.zip(input.group.iter().copied()))
    }
}

fn counted(kind: &str) -> Result<Counted, Skip> {
    Ok(match kind {
        "event_count" => Counted::Events,
        "value_count" => Counted::Distinct,
        "temporal" | "temporal_extended" => Counted::Together(None),
        "temporal_ordered" => Counted::InOrder,
        "value_sum" => Counted::Sum,
        "value_avg" => Counted::Mean,
        "value_min" => Counted::Least,
        "value_max" => Counted::Most,
        "value_median" => Counted::Percentile(50.0),
        "value_percentile" => Counted::Percentile(f64::NAN),
        other => return skip(SkipReason::Correlation, format!("type {other}")),
    })
}

fn span(map: &Mapping) -> Result<i64, Skip> {
    let text = ["timespan", "timeframe"]
        .iter()
        .find_map(|key| map.get(*key));
    let text = text.and_then(text_of).unwrap_or_default();
    match seconds(&text) {
        Some(seconds) if seconds > MAX_SPAN_SECONDS => skip(SkipReason::TooMany, text),
        Some(seconds) => Ok(seconds * 1_000_000),
        None => skip(SkipReason::Correlation, format!("timespan {text}")),
    }
}

/// A time span such as `90m`, in seconds.
pub(super) fn seconds(text: &str) -> Option<i64> {
    let unit = text.chars().last()?;
    let each = match unit {
        's' => 1,
        'm' => 60,
        'h' => 3_600,
        'd' => 86_400,
        'w' => 7 * 86_400,
        _ => return None,
    };
    let number: u32 = text.get(..text.len() - 1)?.trim().parse().ok()?;
    (number > 0).then(|| i64::from(number) * each)
}

fn aliases(map: &Mapping) -> Result<BTreeMap<String, BTreeMap<String, String>>, Skip> {
    let mut found = BTreeMap::new();
    let Some(aliases) = map.get("aliases") else {
        return Ok(found);
    };
    let wrong = || skip(SkipReason::Correlation, "aliases");
    let Some(aliases) = aliases.as_mapping() else {
        return wrong();
    };
    for (alias, fields) in aliases {
        let (Some(alias), Some(fields)) = (text_of(alias), fields.as_mapping()) else {
            return wrong();
        };
        let pairs = fields
            .iter()
            .filter_map(|(rule, field)| Some((text_of(rule)?, text_of(field)?)));
        found.insert(alias, pairs.collect());
    }
    Ok(found)
}

fn names_in(condition: &Condition, out: &mut Vec<String>) {
    match condition {
        Condition::Name(name) if !out.contains(name) => out.push(name.clone()),
        Condition::Name(_) | Condition::Of(..) => {}
        Condition::And(parts) | Condition::Or(parts) => {
            parts.iter().for_each(|part| names_in(part, out));
        }
        Condition::Not(part) => names_in(part, out),
    }
}

/// `condition` over the places of `rules` instead of their names.
fn placed(condition: &Condition, rules: &[String]) -> Result<Expression, Skip> {
    let all = |parts: &[Condition]| -> Result<Vec<Expression>, Skip> {
        parts.iter().map(|part| placed(part, rules)).collect()
    };
    Ok(match condition {
        Condition::Name(name) => match (0..).zip(rules).find(|(_, rule)| *rule == name) {
            Some((place, _)) => Expression::Is(place),
            None => return skip(SkipReason::Correlation, format!("rule {name}")),
        },
        Condition::And(parts) => Expression::and(all(parts)?),
        Condition::Or(parts) => Expression::or(all(parts)?),
        Condition::Not(part) => Expression::Not(Box::new(placed(part, rules)?)),
        Condition::Of(..) => return skip(SkipReason::Correlation, "of"),
    })
}

fn has_not(condition: &Expression) -> bool {
    match condition {
        Expression::Not(_) => true,
        Expression::And(parts) | Expression::Or(parts) | Expression::AtLeast(_, parts) => {
            parts.iter().any(has_not)
        }
        Expression::Is(_) => false,
    }
}
