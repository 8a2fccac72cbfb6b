//! `larum rules pages`: the page of each built-in rule, made from the rule itself.

use std::fmt::Write as _;
use std::fs;
use std::path::PathBuf;

use larum_cli::exit::{Exit, failure};
use larum_core::content::RULES;
use larum_core::detect::sigma::{Rule, RuleSet, cases};
use larum_core::words::Words;

/// Arguments of `larum rules pages`.
#[derive(clap::Args)]
pub struct Args {
    /// Folder that the pages go to; files of the same name are replaced
    #[arg(value_name = "DIR")]
    folder: PathBuf,
}

/// Runs the command.
///
/// # Errors
/// With exit code 74 when a page cannot be written.
pub fn run(args: &Args, words: &Words) -> anyhow::Result<Exit> {
    let set = RuleSet::built_in()?;
    let mut index = String::from(INDEX);
    for (name, text) in RULES {
        // Of a file with several documents, the last is the rule that reports.
        let own = set.rules().filter(|rule| *rule.path == **name);
        let Some(rule) = own.last() else { continue };
        save(args, &format!("{name}.md"), &page(name, text, rule, words))?;
        let title = rule.title_in(words);
        let severity = rule.severity.as_str();
        writeln!(index, "| [{title}]({name}.md) | {severity} |")?;
    }
    save(args, "README.md", &index)?;
    Ok(Exit::Done)
}

fn save(args: &Args, name: &str, text: &str) -> anyhow::Result<()> {
    let path = args.folder.join(name);
    fs::write(&path, text)
        .map_err(|error| failure(Exit::Input, format!("{}: {error}", path.display())))
}

/// Stands above the list of rules.
const INDEX: &str = "# Rules that ship with Larum

One page per rule, made from the rule file by `cargo run -p larum -- rules pages docs/rules`: change
the rule, not the page. How rules are written: [../developer/sigma.md](../developer/sigma.md).

| rule | severity |
|---|---|
";

/// What holds for every rule and is therefore not repeated in each file.
const TUNING: &str = "To leave out what is normal at one site, put a filter document into the rule \
folder: it names the rule by its id and says `condition: not normal` (see \
[../developer/sigma.md](../developer/sigma.md)). To change the rule itself, copy it there under the \
same id: the copy replaces it.";

fn page(name: &str, text: &str, rule: &Rule, words: &Words) -> String {
    let techniques: Vec<&str> = rule.attack.iter().map(|id| &**id).collect();
    let count = cases(text).map_or(0, |cases| cases.len());
    let mut method = format!(
        "A Sigma rule by {}, `content/rules/{name}.yml`:\n\n```yaml\n{}\n```\n\n\
         Its file carries {count} cases that a test runs.",
        rule.author,
        logic(text)
    );
    for reference in &rule.references {
        method.push_str(&format!("\nSee <{reference}>."));
    }
    let mut wrong = String::new();
    for one in &rule.falsepositives {
        wrong.push_str(&format!("- {one}\n"));
    }
    let parts = [
        ("What it finds", rule.description.trim()),
        ("Why it matters to a shop", rule.notes.why.trim()),
        ("Method and source", &method),
        ("Limits", rule.notes.limits.trim()),
        ("How it is evaded", rule.notes.evaded.trim()),
        ("False positives", wrong.trim()),
        ("Tuning", &format!("{} {TUNING}", rule.notes.tuning.trim())),
    ];
    let mut page = format!(
        "# {}\n\nATT&CK: {}. Severity {}, confidence {}. Id `{}`.\n",
        rule.title_in(words),
        techniques.join(", "),
        rule.severity.as_str(),
        rule.confidence,
        rule.id
    );
    for (heading, text) in parts {
        page.push_str(&format!("\n## {heading}\n\n{}\n", text.trim()));
    }
    page
}

/// The parts of a rule file that decide: log source, detection, correlation.
fn logic(text: &str) -> String {
    let mut kept = String::new();
    let mut keep = false;
    for line in text.lines() {
        if line == "---" {
            kept.push_str("---\n");
            keep = false;
            continue;
        }
        if !line.starts_with([' ', '#', '-']) {
            let key = line.split(':').next().unwrap_or("");
            keep = ["name", "logsource", "detection", "correlation"].contains(&key);
        }
        if keep {
            kept.push_str(line);
            kept.push('\n');
        }
    }
    kept.trim_end().to_owned()
}
