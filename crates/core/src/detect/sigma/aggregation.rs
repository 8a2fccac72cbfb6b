//! The counting syntax of the first Sigma: `selection | count(user) by src_ip > 5` with a `timeframe`.
//!
//! Sigma 2 replaced it by correlations; many public rules still have it. Such a rule is read as two:
//! what it selects, and a correlation that counts it. `near` is left out: it never had a precise meaning.

use yaml_serde::{Mapping, Value};

use super::correlation::{Counted, Draft, seconds};
use super::modifier::Order;
use super::skip::{Skip, SkipReason, skip};

/// The detection without its counting, and the counting, of a rule whose condition counts; the draft
/// names the rule `counted_rule`.
pub(super) fn split(
    detection: &Mapping,
    counted_rule: &str,
) -> Result<Option<(Mapping, Draft)>, Skip> {
    let Some(Value::String(condition)) = detection.get("condition") else {
        return Ok(None);
    };
    let Some((selects, counts)) = condition.split_once('|') else {
        return Ok(None);
    };
    let Some(draft) = parse(counts, counted_rule) else {
        return skip(SkipReason::Aggregation, condition);
    };
    let timeframe = detection.get("timeframe").and_then(Value::as_str);
    let Some(span_seconds) = timeframe.and_then(seconds) else {
        return skip(SkipReason::Aggregation, "timeframe");
    };
    let mut rest = detection.clone();
    rest.insert("condition".into(), selects.trim().into());
    rest.remove("timeframe");
    Ok(Some((rest, draft.within(span_seconds)?)))
}

/// `count(field) by field, field > number`; `min`, `max`, `avg` and `sum` likewise.
fn parse(text: &str, counted_rule: &str) -> Option<Draft> {
    let (function, rest) = text.split_once('(')?;
    let (field, rest) = rest.split_once(')')?;
    let at = rest.find(['<', '>', '='])?;
    let (by, comparison) = rest.split_at(at);
    let group = match by.trim() {
        "" => Vec::new(),
        by => by
            .strip_prefix("by ")?
            .split(',')
            .map(|name| name.trim().to_owned())
            .collect(),
    };
    let number = comparison.trim_start_matches(['<', '>', '=']);
    let order = match comparison.get(..comparison.len() - number.len())? {
        ">" => Order::Greater,
        ">=" => Order::GreaterOrSame,
        "<" => Order::Less,
        "<=" => Order::LessOrSame,
        "=" | "==" => Order::Same,
        _ => return None,
    };
    let field = field.trim();
    let counted = match (function.trim(), field.is_empty()) {
        ("count", true) => Counted::Events,
        ("count", false) => Counted::Distinct,
        ("sum", false) => Counted::Sum,
        ("avg", false) => Counted::Mean,
        ("min", false) => Counted::Least,
        ("max", false) => Counted::Most,
        _ => return None,
    };
    let fields = (!field.is_empty()).then(|| field.to_owned());
    Some(Draft::counting(
        counted,
        counted_rule.to_owned(),
        group,
        fields.into_iter().collect(),
        (order, number.trim().parse().ok()?),
    ))
}
