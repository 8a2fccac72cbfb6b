//! `larum judge`: the models alone, one answer a line, in the order of the input.

use std::io::{self, BufWriter, Write as _};
use std::path::{Path, PathBuf};

use larum_cli::exit::{Exit, failure};
use larum_core::detect::domain::judge_domain;
use larum_core::detect::web::{Level, Scratch, Verdict, WholeRequest, judge_value, judge_whole};
use serde::{Deserialize, Serialize};
use serde_json::Value;

use crate::input::Records;

/// Room for answers before they are written, in bytes.
const WRITE_BYTES: usize = 128 * 1024;

/// Arguments of `larum judge`.
#[derive(clap::Args)]
pub struct Args {
    /// What the lines hold
    #[command(subcommand)]
    what: What,
}

/// What is to be judged.
#[derive(clap::Subcommand)]
enum What {
    /// Web requests: {"id": …, "request": {"method", "uri", "version", "headers": {}, "body"}}
    Requests(Input),
    /// Values as an application receives them: {"id": …, "payload": "…"}
    Payloads(Input),
    /// Domain names: {"id": …, "domain": "…"}: does it look made by a program?
    Domains(Input),
}

/// Where the lines come from.
#[derive(clap::Args)]
struct Input {
    /// Lines of JSON (plain, gzip or zstd); - is standard input
    #[arg(value_name = "FILE.jsonl")]
    file: PathBuf,
}

/// Runs the command.
///
/// # Errors
/// With exit code 74 and the number of the line that cannot be read.
pub fn run(args: &Args) -> anyhow::Result<Exit> {
    match &args.what {
        What::Requests(input) => {
            let mut scratch = Scratch::default();
            each(&input.file, |Asked { id, request }: Asked| {
                Answer::web(id, &request.judge(&mut scratch))
            })
        }
        What::Domains(input) => each(&input.file, |given: Domain| {
            Answer::domain(given.id, &given.domain)
        }),
        What::Payloads(input) => each(&input.file, |given: Payload| {
            Answer::web(given.id, &judge_value(&given.payload))
        }),
    }
}

/// Answers each line of `path`. What was answered before a bad line is still written.
fn each<T: for<'de> Deserialize<'de>>(
    path: &Path,
    mut judge: impl FnMut(T) -> Answer,
) -> anyhow::Result<Exit> {
    let mut out = BufWriter::with_capacity(WRITE_BYTES, io::stdout().lock());
    let mut records = Records::open_numbered(path)?;
    let mut number = 0_u64;
    while let Some(line) = records.next_record()? {
        number += 1;
        if line.iter().all(u8::is_ascii_whitespace) {
            continue;
        }
        let given = match serde_json::from_slice(line) {
            Ok(given) => given,
            Err(error) => {
                out.flush()?;
                return Err(failure(
                    Exit::Input,
                    format!("cannot read {} line {number}: {error}", path.display()),
                ));
            }
        };
        serde_json::to_writer(&mut out, &judge(given)).map_err(io::Error::from)?;
        out.write_all(b"\n")?;
        if records.is_drained() {
            out.flush()?;
        }
    }
    out.flush()?;
    Ok(Exit::Done)
}

/// One answer; the order of its fields is the order of the keys.
#[derive(Serialize)]
struct Answer {
    id: Id,
    verdict: &'static str,
    score: Score,
    categories: Vec<&'static str>,
    why: Vec<String>,
}

impl Answer {
    fn web(id: Id, verdict: &Verdict) -> Self {
        Self {
            id,
            verdict: verdict.level().as_str(),
            score: Score::Points(verdict.score),
            categories: verdict
                .categories
                .iter()
                .map(|kind| kind.as_str())
                .collect(),
            why: verdict.why.iter().map(|why| (*why).to_owned()).collect(),
        }
    }
}

impl Answer {
    fn domain(id: Id, domain: &str) -> Self {
        let verdict = judge_domain(domain);
        let found = verdict.level > Level::Clean;
        let only = |word: &'static str| found.then_some(word);
        Self {
            id,
            verdict: verdict.level.as_str(),
            score: Score::Sum(verdict.score),
            categories: only("generated-domain").into_iter().collect(),
            why: only("looks-generated")
                .map(str::to_owned)
                .into_iter()
                .collect(),
        }
    }
}

/// Points of the web judge, or the sum of the domain model.
#[derive(Serialize)]
#[serde(untagged)]
enum Score {
    Points(u16),
    Sum(i32),
}

/// The id of a line, given back as it was: a number or text.
#[derive(Deserialize, Serialize)]
#[serde(untagged)]
enum Id {
    Number(serde_json::Number),
    Text(String),
}

#[derive(Deserialize)]
struct Domain {
    id: Id,
    domain: String,
}

#[derive(Deserialize)]
struct Payload {
    id: Id,
    payload: String,
}

#[derive(Deserialize)]
struct Asked {
    id: Id,
    request: Request,
}

/// A request; what is absent is as a browser would have it.
#[derive(Deserialize)]
struct Request {
    method: Option<String>,
    uri: Option<String>,
    version: Option<String>,
    #[serde(default)]
    headers: Option<serde_json::Map<String, Value>>,
    #[serde(default)]
    body: Option<Value>,
}

impl Request {
    fn judge(&self, scratch: &mut Scratch) -> Verdict {
        let mut headers = Vec::new();
        for (name, value) in self.headers.iter().flatten() {
            match value {
                // A header that came more than once.
                Value::Array(values) => headers.extend(values.iter().map(|one| (name, text(one)))),
                value => headers.push((name, text(value))),
            }
        }
        let headers: Vec<(&str, &str)> = headers
            .iter()
            .map(|(name, value)| (name.as_str(), value.as_str()))
            .collect();
        let body = self.body.as_ref().map(text);
        judge_whole(
            &WholeRequest {
                method: self.method.as_deref().unwrap_or("GET"),
                uri: self.uri.as_deref().unwrap_or("/"),
                version: self.version.as_deref(),
                headers: &headers,
                body: body.as_deref(),
            },
            scratch,
        )
    }
}

/// A value as text; a document stays one.
fn text(value: &Value) -> String {
    match value {
        Value::String(text) => text.clone(),
        Value::Null => String::new(),
        other => other.to_string(),
    }
}
