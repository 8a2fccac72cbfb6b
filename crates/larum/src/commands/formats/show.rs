//! `larum formats show`.

use std::io::{self, Write as _};

use larum_cli::exit::{Exit, failure};
use larum_core::content::FORMATS;
use larum_core::event::Field;
use larum_core::parse::{About, DeviceNames, Marks, about};
use larum_core::words::Words;

use super::list::{Described, named};
use super::sample;

/// Marks of one way that are shown; the rest is in the file.
const MAX_MARKS: usize = 6;
/// Ways that are shown.
const MAX_WAYS: usize = 6;
/// Columns of text.
const WIDTH: usize = 76;

/// Arguments of `larum formats show`.
#[derive(clap::Args)]
pub struct Args {
    /// Name of the format
    name: String,
    /// The format file itself, to start one of your own from
    #[arg(long, conflicts_with = "json")]
    file: bool,
    /// One JSON object
    #[arg(long)]
    json: bool,
}

/// Runs the command.
///
/// # Errors
/// With exit code 4 when there is no such format.
pub fn run(args: &Args, words: &Words) -> anyhow::Result<Exit> {
    let found = FORMATS.iter().find(|(known, _)| *known == args.name);
    let Some((name, text)) = found else {
        let message = words.say_with("formats-none", &[("name", args.name.as_str().into())]);
        return Err(failure(Exit::NotFound, message));
    };
    let mut out = io::stdout().lock();
    if args.file {
        out.write_all(text.as_bytes())?;
        return Ok(Exit::Done);
    }
    let about =
        about(name, text).map_err(|problem| failure(Exit::Conflict, problem.to_string()))?;
    let names = DeviceNames::built_in().map_err(|why| failure(Exit::Conflict, why))?;
    let named = named(&names, &about);
    if args.json {
        let described = Described::new(&about, named.group, &named.name);
        writeln!(out, "{}", serde_json::to_string(&described)?)?;
    } else {
        write!(out, "{}", described(&about, &named.name, words))?;
    }
    Ok(Exit::Done)
}

/// The format for a person.
fn described(about: &About, name: &str, words: &Words) -> String {
    let mut kind = words.say(&format!("formats-kind-{}", about.kind));
    if about.fallback {
        kind = format!("{kind}. {}", words.say("formats-fallback"));
    }
    let fields: Vec<&str> = about.fields.iter().copied().map(Field::as_str).collect();
    let mut marks: Vec<String> = about
        .marks
        .iter()
        .take(MAX_WAYS)
        .map(|way| mark(way, words))
        .collect();
    if about.marks.len() > MAX_WAYS {
        marks.push("…".to_owned());
    }
    let row = |id: &str, value: &str| wrapped(&words.say(id), value);
    let mut out = format!("{}\n\n", about.name);
    out.push_str(&row("formats-maker", name));
    out.push_str(&row("formats-kind", &kind));
    out.push_str(&row("formats-reader", about.reader));
    let or = words.say("formats-mark-or");
    for (index, way) in marks.iter().enumerate() {
        match index {
            0 => out.push_str(&row("formats-marks", way)),
            _ => out.push_str(&wrapped("", &format!("{or} {way}"))),
        }
    }
    out.push_str(&row("formats-fields", &fields.join(" ")));
    out.push_str(&row("formats-samples", &about.cases.to_string()));
    out.push_str(&row("formats-source", &about.source));
    let sample = about.sample.as_deref().unwrap_or_default();
    let sample = sample::shown(sample.as_bytes());
    let args = [("sample", sample.into())];
    let hint = [("name", about.name.as_str().into())];
    out.push_str(&format!(
        "\n{}\n\n{}\n",
        words.say_with("test-sample", &args),
        words.say_with("formats-file-hint", &hint)
    ));
    out
}

/// One way to recognise a format, in words.
fn mark(way: &Marks, words: &Words) -> String {
    let parts = [
        ("formats-mark-program", &way.programs, ", "),
        ("formats-mark-starts", &way.starts, ", "),
        ("formats-mark-contains", &way.contains, " + "),
        ("formats-mark-columns", &way.columns, " + "),
    ];
    let shape = way.begins.map(|shape| {
        let id = format!("formats-mark-begins-{shape}");
        words.say(&id)
    });
    let said = parts
        .into_iter()
        .filter(|(_, marks, _)| !marks.is_empty())
        .map(|(id, marks, separator)| {
            let mut shown: Vec<String> = marks
                .iter()
                .take(MAX_MARKS)
                .map(|mark| format!("“{}”", sample::shown_whole(mark)))
                .collect();
            if marks.len() > MAX_MARKS {
                shown.push("…".to_owned());
            }
            words.say_with(id, &[("names", shown.join(separator).into())])
        });
    let said: Vec<String> = shape.into_iter().chain(said).collect();
    said.join(&words.say("formats-mark-and"))
}

/// A label and its text, broken into lines.
fn wrapped(label: &str, text: &str) -> String {
    const INDENT: usize = 18;
    let mut out = format!("{label:INDENT$}");
    let mut column = INDENT;
    for (index, word) in text.split(' ').enumerate() {
        let length = word.chars().count();
        if index > 0 && column + 1 + length > WIDTH {
            out.push_str(&format!("\n{:INDENT$}", ""));
            column = INDENT;
        } else if index > 0 {
            out.push(' ');
            column += 1;
        }
        out.push_str(word);
        column += length;
    }
    out.push('\n');
    out
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn long_texts_are_broken_between_words() {
        let text = wrapped("Label", &"word ".repeat(30));
        assert!(text.lines().all(|line| line.chars().count() <= WIDTH));
        assert!(
            text.lines()
                .skip(1)
                .all(|line| line.starts_with("                  "))
        );
        assert_eq!(wrapped("Label", "a  b"), "Label             a  b\n");
    }
}
