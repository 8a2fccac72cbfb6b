//! `larum-hub backtest threats`.

use std::io::{self, BufWriter, Write};

use larum_cli::exit::Exit;
use larum_core::watch::fold::{Alarm, Budget, Fold, NATIONAL_A_WEEK, Seen};
use larum_core::watch::service;
use larum_core::words::Words;
use larum_hub_lib::watch::evidence::{evidence, rounded};
use serde_json::{Value, json};

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
