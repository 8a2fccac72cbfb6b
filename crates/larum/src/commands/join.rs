//! `larum join`: a one-time token becomes this collector's identity.

use std::io::{IsTerminal as _, Write as _};
use std::path::{Path, PathBuf};

use larum_cli::exit::{Exit, failure};
use larum_collector::config::{Config, DEFAULT_STATE_DIR};
use larum_collector::identity::{self, Identity, IdentityError, JoinError};
use larum_collector::page::number;
use larum_collector::sharing::{self, Choice, Sample};
use larum_collector::uplink::connection::{CallError, LinkProblem};
use larum_core::words::Words;
use larum_link::clock::Clock;
use larum_link::token::{HubAddress, Token};
use larum_link::wire::RefusalCode;

use super::outbox;

/// Arguments of `larum join`.
#[derive(clap::Args)]
pub struct Args {
    /// The one-time token you were sent: one long word that begins with "larum"
    #[arg(required = true, num_args = 1..)]
    token: Vec<String>,
    /// The collector's configuration file; its `state-dir` is where the identity is kept
    #[arg(long, value_name = "FILE", conflicts_with = "state")]
    config: Option<PathBuf>,
    /// The collector's state folder
    #[arg(long, value_name = "DIR")]
    state: Option<PathBuf>,
    /// The HTTP proxy to go through, HOST:PORT; else the `proxy` of the configuration
    #[arg(long, value_name = "HOST:PORT", value_parser = proxy_address)]
    proxy: Option<HubAddress>,
    /// Join anew although this collector has joined before
    #[arg(long)]
    again: bool,
    /// How much to share: off, attackers or standard; asked for on a terminal, else standard
    #[arg(long, value_name = "LEVEL", value_parser = level)]
    share: Option<Choice>,
}

fn level(word: &str) -> Result<Choice, String> {
    Choice::from_word(word).ok_or_else(|| "off, attackers or standard".to_owned())
}

/// Runs the command.
///
/// # Errors
/// 2 for text that is no token; 3 for a token that is wrong, used or too old; 5 when this collector
/// has joined already; 74 when the hub cannot be reached or the identity cannot be kept.
pub fn run(args: &Args) -> anyhow::Result<Exit> {
    let words = Words::of("en")?;
    // A mail program may have broken the word into several.
    let token = Token::parse(&args.token.concat())
        .map_err(|error| failure(Exit::Usage, words.say(&format!("token-{error}"))))?;
    let config = config(args)?;
    let state_dir = config.state_dir.clone();
    let proxy = args.proxy.clone().or(config.proxy.clone());
    if !args.again && !matches!(Identity::load(&state_dir), Ok(None)) {
        return Err(failure(Exit::Conflict, words.say("join-already")));
    }
    let choice = chosen(args, &config, &words)?;
    // Before the identity: from the first sighting on no more is shared than was chosen.
    sharing::choose(&state_dir, choice)
        .map_err(|problem| unwritable(&words, &state_dir, &problem))?;
    let clock = Clock::system();
    let runtime = tokio::runtime::Builder::new_current_thread()
        .enable_all()
        .build()?;
    let version = env!("CARGO_PKG_VERSION");
    let joined = runtime.block_on(identity::join_through(
        proxy, &token, version, &state_dir, &clock,
    ));
    let identity = joined.map_err(|error| said(&words, &error, &token, &clock, &state_dir))?;
    let mut out = std::io::stdout().lock();
    let member = identity.member();
    writeln!(
        out,
        "{}",
        words.say_with("join-done", &[("member", member.into())])
    )?;
    writeln!(
        out,
        "{}",
        words.say_with("join-next", &[("hub", identity.hub().into())])
    )?;
    writeln!(out, "{}", words.say(&format!("share-{}", choice.as_str())))?;
    Ok(Exit::Done)
}

/// The configuration, as far as it is needed here; its state folder is the one that is joined.
fn config(args: &Args) -> anyhow::Result<Config> {
    match (&args.state, &args.config) {
        (Some(folder), _) => Ok(Config::new(folder)),
        (None, Some(file)) => Ok(Config::load(file)?),
        (None, None) => Ok(Config::new(DEFAULT_STATE_DIR)),
    }
}

fn proxy_address(text: &str) -> Result<HubAddress, &'static str> {
    HubAddress::parse(text).ok_or("not HOST:PORT")
}

/// What is shared: as said, or as answered on a terminal, after each level was shown with what it would
/// make of the firm's own findings.
fn chosen(args: &Args, config: &Config, words: &Words) -> anyhow::Result<Choice> {
    let mut out = std::io::stdout().lock();
    writeln!(out, "{}\n", words.say("share-title"))?;
    for sample in sharing::samples(config, &config.state_dir) {
        writeln!(out, "{}", shown(&sample, words))?;
    }
    if let Some(choice) = args.share {
        return Ok(choice);
    }
    if !std::io::stdin().is_terminal() {
        return Ok(Choice::Standard);
    }
    loop {
        write!(out, "{} ", words.say("share-ask"))?;
        out.flush()?;
        let mut answer = String::new();
        let read = std::io::stdin().read_line(&mut answer)?;
        match answer.trim() {
            "" if read > 0 => return Ok(Choice::Standard),
            _ if read == 0 => return Err(failure(Exit::Usage, words.say("share-ask"))),
            word => {
                if let Some(choice) = Choice::from_word(word) {
                    return Ok(choice);
                }
            }
        }
    }
}

fn shown(sample: &Sample, words: &Words) -> String {
    let mut text = words.say(&format!("share-{}", sample.choice.as_str()));
    let counts = [
        ("leaves", number(sample.leaves).into()),
        ("stays", number(sample.stays).into()),
    ];
    text.push_str("\n    ");
    if sample.leaves + sample.stays == 0 {
        text.push_str(&words.say("share-nothing-found"));
    } else {
        text.push_str(&words.say_with("share-counts", &counts));
    }
    if let Some(example) = &sample.example {
        text.push_str("\n    ");
        text.push_str(&words.say("share-example"));
        for line in outbox::lines(words, example) {
            text.push_str("\n      ");
            text.push_str(&line);
        }
    }
    text.push('\n');
    text
}

fn unwritable(words: &Words, state_dir: &Path, problem: &std::io::Error) -> anyhow::Error {
    let folder = state_dir.display().to_string();
    let args = [
        ("folder", folder.into()),
        ("problem", problem.to_string().into()),
    ];
    failure(Exit::Input, words.say_with("join-state-unwritable", &args))
}

/// What went wrong and what to do, with the exit code of the contract.
fn said(
    words: &Words,
    error: &JoinError,
    token: &Token,
    clock: &Clock,
    state_dir: &Path,
) -> anyhow::Error {
    let hub = token.hub.to_string();
    match error {
        JoinError::Call(CallError::Refused(refusal)) => {
            let exit = match refusal.code {
                RefusalCode::TokenUnknown
                | RefusalCode::TokenUsed
                | RefusalCode::TokenExpired
                | RefusalCode::NotAuthorised
                | RefusalCode::Revoked => Exit::NotAuthorised,
                _ => Exit::Input,
            };
            failure(exit, words.say(&format!("refusal-{}", refusal.code)))
        }
        JoinError::Call(CallError::Link(problem)) => {
            let exit = match problem {
                LinkProblem::WrongHub => Exit::NotAuthorised,
                _ => Exit::Input,
            };
            let now = clock.now().to_string();
            let args = [("hub", hub.into()), ("now", now.into())];
            failure(
                exit,
                words.say_with(&format!("link-{}", problem.code()), &args),
            )
        }
        JoinError::Call(CallError::Malformed) => {
            let args = [("hub", hub.into())];
            failure(Exit::Input, words.say_with("link-refused", &args))
        }
        JoinError::NoKey(_) => failure(Exit::Input, words.say("link-no-randomness")),
        JoinError::Identity(IdentityError::File { source, .. }) => {
            unwritable(words, state_dir, source)
        }
        JoinError::Identity(IdentityError::Unreadable(_)) => {
            let folder = state_dir.display().to_string();
            let args = [("folder", folder.into())];
            failure(
                Exit::Input,
                words.say_with("link-identity-unreadable", &args),
            )
        }
    }
}
