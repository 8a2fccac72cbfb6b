//! `larum-hub backtest threats`.

use std::io::{self, BufWriter, Write};

use larum_cli::exit::Exit;
use larum_core::watch::fold::{Alarm, Budget, Fold, NATIONAL_A_WEEK, Seen};
use larum_core::watch::{Deviation, service};
use larum_core::words::Words;
use serde_json::{Map, Value, json};

use super::{Input, end, load};

/// Arguments of `larum-hub backtest threats`.
#[derive(clap::Args)]
pub struct Args {
    #[command(flatten)]
    input: Input,
    /// National episodes a week at most
    #[arg(long, value_name = "N", default_value_t = NATIONAL_A_WEEK)]
    budget: usize,
}

/// Runs the command.
///
/// # Errors
/// 74 when the sightings cannot be read, or some rows of them.
pub fn run(args: &Args, words: &Words) -> anyhow::Result<Exit> {
    let recording = load(&args.input.sightings, words)?;
    let mut out = BufWriter::new(io::stdout().lock());
    let mut fold = Fold::new(Budget {
        national_a_week: args.budget,
        ..Budget::default()
    });
    let mut alarms = Vec::new();
    for row in &recording.rows {
        let seen = Seen {
            at: row.at,
            member: &row.member,
            source: row.source,
            key: &row.key,
            area: &row.area,
            sector: &row.sector,
        };
        fold.observe(&seen, &mut alarms);
        write_all(&mut out, args.input.json, &mut alarms, words)?;
    }
    fold.finish(&mut alarms);
    write_all(&mut out, args.input.json, &mut alarms, words)?;
    out.flush()?;
    end(&recording, words)
}

fn write_all(
    out: &mut impl Write,
    json: bool,
    alarms: &mut Vec<Alarm>,
    words: &Words,
) -> anyhow::Result<()> {
    for alarm in alarms.drain(..) {
        if json {
            writeln!(out, "{}", object(&alarm))?;
        } else {
            writeln!(out, "{}", said(&alarm, words))?;
        }
        out.flush()?;
    }
    Ok(())
}

/// The alarm as JSON, its keys in the order of the contract.
fn object(alarm: &Alarm) -> String {
    let scope = json!(alarm.scope);
    let key = json!(alarm.key);
    format!(
        "{{\"time\":\"{}\",\"kind\":\"{}\",\"level\":\"{}\",\"scope\":{scope},\"key\":{key},\
         \"score\":{},\"q_value\":{},\"sources\":{},\"members\":{},\"first_seen\":\"{}\",\
         \"evidence\":{}}}",
        alarm.at,
        alarm.kind,
        alarm.level,
        json!(rounded(alarm.score)),
        json!(alarm.q_value),
        alarm.sources,
        alarm.members,
        alarm.first_seen,
        Value::Object(evidence(alarm)),
    )
}

fn evidence(alarm: &Alarm) -> Map<String, Value> {
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
        put("settled", json!(sums.settled));
    }
    if let Some((hit, expected)) = shown.cell {
        put("cell_members_hit", json!(hit));
        put("cell_members_expected", json!(rounded(expected)));
    }
    put("keys", json!(shown.keys));
    put("top_sources", json!(shown.broadest));
    let cells = |cells: &[(String, usize)]| {
        let map: Map<String, Value> = cells
            .iter()
            .map(|(name, count)| (name.clone(), json!(count)))
            .collect();
        Value::Object(map)
    };
    put("sectors", cells(&shown.sectors));
    put("areas", cells(&shown.areas));
    evidence
}

fn deviation(one: Deviation) -> Value {
    json!({
        "usual": rounded(one.mean),
        "spread": rounded(one.spread),
        "slow": rounded(one.slow),
        "fast": rounded(one.fast),
        "days": one.days,
    })
}

fn rounded(value: f64) -> f64 {
    (value * 1_000.0).round() / 1_000.0
}

fn said(alarm: &Alarm, words: &Words) -> String {
    let name = service::name(words, &alarm.key);
    let args = [
        ("time", alarm.at.to_string().into()),
        ("name", name.into()),
        ("members", alarm.members.into()),
        ("sources", alarm.sources.into()),
        ("scope", alarm.scope.clone().into()),
        ("score", format!("{:.1}", alarm.score).into()),
    ];
    words.say_with(&format!("backtest-alarm-{}", alarm.kind), &args)
}
