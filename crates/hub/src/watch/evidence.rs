//! What an alarm rests on, as JSON: the same for a threat of the hub and for a backtest.

use larum_core::watch::fold::Alarm;
use larum_core::watch::{Deviation, Evidence};
use serde_json::{Map, Value, json};

/// The evidence of an alarm; its keys are explained in `docs/developer/watch.md`. Nothing in it names a
/// member.
#[must_use]
pub fn evidence(alarm: &Alarm) -> Map<String, Value> {
    let shown = &alarm.shown;
    let mut evidence = Map::new();
    let mut put = |name: &str, value: Value| evidence.insert(name.to_owned(), value);
    put("episode", json!(shown.episode));
    put("stage", json!(if shown.grown { "grown" } else { "opened" }));
    put("window_hours", json!(shown.window_hours));
    if let Some(sums) = shown.evidence {
        put("networks", json!(sums.breadth.networks));
        put("source_capped", json!(sums.breadth.capped));
        put("member_trimmed", json!(sums.breadth.trimmed));
        put("shared", json!(sums.breadth.shared));
        put("source_capped_against", deviation(sums.capped));
        put("member_trimmed_against", deviation(sums.trimmed));
        put("shared_against", deviation(sums.shared));
        put("roaming", json!(sums.breadth.roaming));
        put(
            "roaming_against",
            sums.roaming.iter().map(|one| deviation(*one)).collect(),
        );
        put("made_by", made_by(&sums));
        put("settled", json!(sums.settled));
    }
    if let Some((hit, expected)) = shown.cell {
        put("cell_members_hit", json!(hit));
        put("cell_members_expected", json!(rounded(expected)));
    }
    put("keys", json!(shown.keys));
    put("top_sources", json!(shown.broadest));
    put("sectors", cells(&shown.sectors));
    put("areas", cells(&shown.areas));
    evidence
}

fn cells(cells: &[(String, usize)]) -> Value {
    let map: Map<String, Value> = cells
        .iter()
        .map(|(name, count)| (name.clone(), json!(count)))
        .collect();
    Value::Object(map)
}

fn deviation(one: Deviation) -> Value {
    json!({
        "usual": rounded(one.month.mean),
        "spread": rounded(one.month.spread),
        "slow": rounded(one.slow),
        "fast": rounded(one.fast),
        "days": one.month.days,
    })
}

/// The comparison that made the score.
fn made_by(sums: &Evidence) -> Value {
    let (counted, level) = sums.decisive();
    json!({
        "sum": sums.ground.sum.as_str(),
        "branch": sums.ground.branch.as_str(),
        "counted": counted,
        "usual": rounded(level.mean),
        "spread": rounded(level.spread),
        "days": level.days,
    })
}

/// To three places.
#[must_use]
pub fn rounded(value: f64) -> f64 {
    (value * 1_000.0).round() / 1_000.0
}
