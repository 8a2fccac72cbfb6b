//! `larum rules test`: whether rules can be used, and whether the cases they carry hold.

use std::io::{self, Write as _};
use std::path::PathBuf;

use larum_cli::exit::Exit;
use larum_core::content::RULES;
use larum_core::detect::sigma::{RuleSet, cases};
use larum_core::words::Words;
use serde::Serialize;

use super::{files, list};
use crate::commands::formats::shown_whole;

/// Arguments of `larum rules test`.
#[derive(clap::Args)]
pub struct Args {
    /// One JSON object per file, then one with sums
    #[arg(long)]
    json: bool,
    /// Rule files, or folders of them (default: the built-in rules)
    #[arg(value_name = "PATH")]
    paths: Vec<PathBuf>,
}

/// What a file came to.
#[derive(Default, Serialize)]
struct Tested<'a> {
    file: &'a str,
    /// Rules that can be used.
    rules: usize,
    /// Cases, and those that hold.
    cases: usize,
    held: usize,
    #[serde(skip_serializing_if = "Vec::is_empty")]
    problems: Vec<String>,
    /// Rules that are sound, but for logs or details that do not come here.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    not_for_here: Vec<String>,
}

#[derive(Serialize)]
struct Sums {
    files: usize,
    rules: usize,
    cases: usize,
    held: usize,
    problems: usize,
    not_for_here: usize,
}

#[derive(Serialize)]
struct Summary {
    summary: Sums,
}

/// Runs the command.
///
/// # Errors
/// With exit code 74 when rules cannot be read, or when output cannot be written.
pub fn run(args: &Args, words: &Words) -> anyhow::Result<Exit> {
    let own = files::read(&args.paths, words)?;
    let tested = if args.paths.is_empty() {
        files::built_in()
    } else {
        own.clone()
    };
    let (set, skipped) = RuleSet::built_in_and(&own);
    let mut results = Vec::new();
    for (file, text) in &tested {
        let mut result = Tested {
            file,
            rules: set.rules().filter(|rule| *rule.path == **file).count(),
            ..Tested::default()
        };
        for skipped in skipped.iter().filter(|skipped| skipped.file == *file) {
            let said = list::said(skipped, words);
            if skipped.reason.is_fault() {
                result.problems.push(said);
            } else {
                result.not_for_here.push(said);
            }
        }
        result.try_cases(&set, text, words);
        results.push(result);
    }
    let sum = |of: fn(&Tested<'_>) -> usize| results.iter().map(of).sum();
    let sums = Sums {
        files: results.len(),
        rules: sum(|one| one.rules),
        cases: sum(|one| one.cases),
        held: sum(|one| one.held),
        problems: sum(|one| one.problems.len()),
        not_for_here: sum(|one| one.not_for_here.len()),
    };
    let sound = sums.problems == 0;
    write(args.json, &results, sums, words)?;
    Ok(if sound { Exit::Done } else { Exit::Conflict })
}

impl Tested<'_> {
    fn try_cases(&mut self, set: &RuleSet, text: &str, words: &Words) {
        let cases = match cases(text) {
            Ok(cases) => cases,
            // The file itself was found wrong before.
            Err(_) if self.rules == 0 => return,
            Err(error) => {
                self.problems.push(error.to_string());
                return;
            }
        };
        for case in &cases {
            let proves = set.proves(self.file, case);
            // Cases of a rule that is not for here are not asked.
            if proves == Ok(None) {
                continue;
            }
            self.cases += 1;
            if proves == Ok(Some(true)) {
                self.held += 1;
                continue;
            }
            let id = if case.expected {
                "rules-case-missed"
            } else {
                "rules-case-matched"
            };
            let args = [
                ("title", shown_whole(&case.title).into()),
                ("number", self.cases.into()),
            ];
            self.problems.push(words.say_with(id, &args));
        }
    }
}

fn write(json: bool, results: &[Tested<'_>], sums: Sums, words: &Words) -> anyhow::Result<()> {
    let mut out = io::stdout().lock();
    if json {
        for result in results {
            writeln!(out, "{}", serde_json::to_string(result)?)?;
        }
        let summary = Summary { summary: sums };
        writeln!(out, "{}", serde_json::to_string(&summary)?)?;
        return Ok(());
    }
    for result in results {
        let built_in = RULES.iter().any(|(name, _)| *name == result.file);
        let file = if built_in {
            format!("{}.yml", result.file)
        } else {
            shown_whole(result.file)
        };
        for said in result.problems.iter().chain(&result.not_for_here) {
            writeln!(out, "{file}: {said}")?;
        }
    }
    let args = [
        ("files", sums.files.into()),
        ("rules", sums.rules.into()),
        ("cases", sums.cases.into()),
        ("held", sums.held.into()),
        ("away", sums.not_for_here.into()),
    ];
    writeln!(out, "{}", words.say_with("rules-tested", &args))?;
    if sums.problems > 0 {
        let args = [("count", sums.problems.into())];
        writeln!(out, "{}", words.say_with("rules-problems", &args))?;
    }
    Ok(())
}
