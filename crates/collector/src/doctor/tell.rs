//! What a `doctor` command prints: a line or two for each answer, and the sum; a collector's and a hub's alike.

use std::io::{self, Write};

use larum_core::words::Words;
use serde_json::json;

use super::{Check, State};

/// Writes the answers and their sum as text, or as a JSON object each, and gives the worst of them.
///
/// # Errors
/// What writing gives.
pub fn tell(
    out: &mut impl Write,
    checks: &[Check],
    as_json: bool,
    words: &Words,
) -> io::Result<State> {
    for check in checks {
        if as_json {
            writeln!(out, "{}", serde_json::to_string(check)?)?;
        } else {
            write!(out, "{}", text(check, words))?;
        }
    }
    let [ok, look, broken] = [State::Ok, State::Look, State::Broken]
        .map(|state| checks.iter().filter(|check| check.state == state).count());
    if as_json {
        let sum = json!({"summary": {"ok": ok, "look": look, "broken": broken}});
        writeln!(out, "{sum}")?;
    } else {
        let sum = [
            ("ok", ok.into()),
            ("look", look.into()),
            ("broken", broken.into()),
        ];
        writeln!(out, "\n{}", words.say_with("doctor-summary", &sum))?;
    }
    let states = checks.iter().map(|check| check.state);
    Ok(states.max().unwrap_or(State::Ok))
}

fn text(check: &Check, words: &Words) -> String {
    let state = format!("doctor-state-{}", check.state.as_str());
    let mut text = format!("{:<8}{}\n", words.say(&state), check.said);
    if let Some(fix) = &check.fix {
        let advice = words.say_with("doctor-do", &[("fix", fix.as_str().into())]);
        text.push_str(&format!("        {advice}\n"));
    }
    text
}
