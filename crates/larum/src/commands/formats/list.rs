//! `larum formats list`.

use std::collections::BTreeMap;
use std::io::{self, Write as _};

use larum_cli::exit::{Exit, failure};
use larum_core::content::FORMATS;
use larum_core::event::Field;
use larum_core::parse::{About, DeviceNames, about};
use larum_core::words::Words;
use serde::Serialize;

/// The heading of formats that are of no product.
const GENERAL: &str = "general";

/// Arguments of `larum formats list`.
#[derive(clap::Args)]
pub struct Args {
    /// One JSON object per format
    #[arg(long, conflicts_with = "markdown")]
    json: bool,
    /// The list of devices for people, as a page in Markdown
    #[arg(long)]
    markdown: bool,
}

/// What `--json` says about a format.
#[derive(Serialize)]
pub struct Described<'a> {
    format: &'a str,
    #[serde(skip_serializing_if = "Option::is_none")]
    vendor: Option<&'a str>,
    #[serde(skip_serializing_if = "Option::is_none")]
    product: Option<&'a str>,
    /// What a person calls the device.
    name: &'a str,
    /// Heading of the list of devices.
    group: &'a str,
    kind: &'a str,
    reader: &'a str,
    fallback: bool,
    samples: usize,
    fields: Vec<&'a str>,
    source: &'a str,
}

impl<'a> Described<'a> {
    /// Of a format and how its device is called.
    pub fn new(about: &'a About, group: &'a str, name: &'a str) -> Self {
        Self {
            format: &about.name,
            vendor: about.vendor.as_deref(),
            product: about.product.as_deref(),
            name,
            group,
            kind: &about.kind,
            reader: about.reader,
            fallback: about.fallback,
            samples: about.cases,
            fields: about.fields.iter().copied().map(Field::as_str).collect(),
            source: &about.source,
        }
    }
}

/// Runs the command.
///
/// # Errors
/// When output cannot be written.
pub fn run(args: &Args, words: &Words) -> anyhow::Result<Exit> {
    let names = DeviceNames::built_in().map_err(|why| failure(Exit::Conflict, why))?;
    let mut all = Vec::with_capacity(FORMATS.len());
    for (name, text) in FORMATS.iter() {
        let about =
            about(name, text).map_err(|problem| failure(Exit::Conflict, problem.to_string()))?;
        all.push(about);
    }
    let mut out = io::stdout().lock();
    if args.markdown {
        write!(out, "{}", page(&all, &names, words))?;
        return Ok(Exit::Done);
    }
    for about in &all {
        let named = named(&names, about);
        if args.json {
            let described = Described::new(about, named.group, &named.name);
            writeln!(out, "{}", serde_json::to_string(&described)?)?;
        } else {
            writeln!(
                out,
                "{:28} {:48} {:>4}",
                about.name, named.name, about.cases
            )?;
        }
    }
    if !args.json {
        let count = [("count", all.len().into())];
        writeln!(out, "{}", words.say_with("formats-count", &count))?;
    }
    Ok(Exit::Done)
}

/// How the device of a format is called.
pub fn named<'n>(names: &'n DeviceNames, about: &About) -> larum_core::parse::Named<'n> {
    names.of(
        &about.name,
        about.vendor.as_deref(),
        about.product.as_deref(),
    )
}

/// The list of devices as a page: devices by name under each heading.
fn page(all: &[About], names: &DeviceNames, words: &Words) -> String {
    // By the name in small letters, so that capitals do not come first.
    let mut groups: BTreeMap<&str, BTreeMap<String, String>> = BTreeMap::new();
    for about in all {
        let named = named(names, about);
        let devices = groups.entry(named.group).or_default();
        devices.insert(named.name.to_lowercase(), named.name.into_owned());
    }
    let products: usize = groups
        .iter()
        .filter(|(group, _)| **group != GENERAL)
        .map(|(_, devices)| devices.len())
        .sum();
    let count = [("products", products.into())];
    let mut out = format!(
        "# {}\n\n{}\n\n{}\n\n{}\n",
        words.say("devices-title"),
        words.say_with("devices-text", &count),
        words.say("devices-text-other"),
        words.say("devices-generated"),
    );
    for group in names.groups() {
        let Some(devices) = groups.get(group) else {
            continue;
        };
        let title = words.say(&format!("devices-group-{group}"));
        out.push_str(&format!("\n## {title}\n\n"));
        for name in devices.values() {
            out.push_str(&format!("- {name}\n"));
        }
    }
    out
}
