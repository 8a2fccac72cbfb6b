//! `larum join`: a one-time token becomes this collector's identity.

use std::io::Write as _;
use std::path::{Path, PathBuf};

use larum_cli::exit::{Exit, failure};
use larum_collector::config::{Config, DEFAULT_STATE_DIR};
use larum_collector::identity::{self, Identity, IdentityError, JoinError};
use larum_collector::uplink::connection::{CallError, LinkProblem};
use larum_core::words::Words;
use larum_link::clock::Clock;
use larum_link::token::{HubAddress, Token};
use larum_link::wire::RefusalCode;

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
    let (state_dir, proxy) = place(args)?;
    if !args.again && !matches!(Identity::load(&state_dir), Ok(None)) {
        return Err(failure(Exit::Conflict, words.say("join-already")));
    }
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
    Ok(Exit::Done)
}

/// The state folder, and the proxy to go through.
fn place(args: &Args) -> anyhow::Result<(PathBuf, Option<HubAddress>)> {
    let (folder, proxy) = match (&args.state, &args.config) {
        (Some(folder), _) => (folder.clone(), None),
        (None, Some(file)) => {
            let config = Config::load(file)?;
            (config.state_dir, config.proxy)
        }
        (None, None) => (PathBuf::from(DEFAULT_STATE_DIR), None),
    };
    Ok((folder, args.proxy.clone().or(proxy)))
}

fn proxy_address(text: &str) -> Result<HubAddress, &'static str> {
    HubAddress::parse(text).ok_or("not HOST:PORT")
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
            let folder = state_dir.display().to_string();
            let args = [
                ("folder", folder.into()),
                ("problem", source.to_string().into()),
            ];
            failure(Exit::Input, words.say_with("join-state-unwritable", &args))
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
