//! `larum-hub init`: a new hub in a folder.

use std::fs;
use std::io::Write as _;
use std::path::{Path, PathBuf};

use larum_cli::exit::{Exit, failure};
use larum_core::words::Words;
use larum_hub_lib::access::Role;
use larum_hub_lib::config::HubConfig;
use larum_hub_lib::enrol::authority::AuthorityError;
use larum_hub_lib::id::PersonId;
use larum_hub_lib::people::check_person;
use larum_hub_lib::run::{RunError, set_up};
use larum_hub_lib::store::audit::Actor;
use larum_hub_lib::store::people::{NewPerson, People as _};
use larum_link::clock::Clock;

/// The configuration a new hub begins with.
const SAMPLE: &str = include_str!("../../../../packaging/hub.toml");

/// A link name that only collectors on this machine can use, for trying things out.
const LOCAL: &str = "localhost";

/// Arguments of `larum-hub init`.
#[derive(clap::Args)]
pub struct Args {
    /// The hub's folder: store, certificate authority, and the configuration unless --config says
    /// otherwise
    #[arg(long, value_name = "DIR", default_value = "/var/lib/larum-hub")]
    state: PathBuf,
    /// The host name or address by which collectors reach this hub, with :port if it is not 7443
    #[arg(long, value_name = "HOST", default_value = LOCAL)]
    link_name: String,
    /// The address of the pages as people type it
    #[arg(long, value_name = "URL")]
    page_url: Option<String>,
    /// The region this hub serves
    #[arg(long, value_name = "NAME", default_value = "")]
    region: String,
    /// Electronic mail address of the first administrator
    #[arg(long, value_name = "EMAIL")]
    administrator: Option<String>,
    /// The first administrator's name
    #[arg(long, value_name = "NAME", default_value = "Administrator")]
    administrator_name: String,
    /// Where to write the configuration
    #[arg(long, value_name = "FILE")]
    config: Option<PathBuf>,
}

/// Runs the command.
///
/// # Errors
/// 2 for a name or address that is none, 5 when there is a hub already, 74 when nothing can be
/// written.
pub fn run(args: &Args) -> anyhow::Result<Exit> {
    let words = Words::of("en")?;
    let file = args
        .config
        .clone()
        .unwrap_or_else(|| args.state.join("hub.toml"));
    if file.exists() {
        return Err(exists(&words, &file));
    }
    let state = std::path::absolute(&args.state)?;
    let text = configuration(&state, args);
    let config = HubConfig::parse(&text).map_err(|problems| {
        let said: Vec<String> = problems.iter().map(|problem| problem.say(&words)).collect();
        failure(Exit::Usage, said.join("\n"))
    })?;
    let administrator = administrator(&words, args)?;
    let now = Clock::system().now();
    set_up(&config, now).map_err(|error| match error {
        RunError::Authority(AuthorityError::Exists(folder)) => exists(&words, &folder),
        other => anyhow::Error::new(other),
    })?;
    write_private(&file, &text)?;
    if let Some(person) = &administrator {
        let store = config.open_store()?;
        store.add_person(&Actor::program("command-line"), person, now)?;
    }
    let shown = |path: &Path| path.display().to_string();
    let email = args.administrator.clone().unwrap_or_default();
    let said_with = [
        ("state", shown(&state).into()),
        ("config", shown(&file).into()),
        ("email", email.into()),
    ];
    let message = match administrator {
        Some(_) => "hub-set-up-with-administrator",
        None => "hub-set-up",
    };
    let said = words.say_with(message, &said_with);
    writeln!(std::io::stdout(), "{said}")?;
    if args.link_name == LOCAL {
        writeln!(std::io::stdout(), "\n{}", words.say("hub-set-up-local"))?;
    }
    Ok(Exit::Done)
}

/// The first administrator, checked before anything is made.
fn administrator(words: &Words, args: &Args) -> anyhow::Result<Option<NewPerson>> {
    let Some(email) = &args.administrator else {
        return Ok(None);
    };
    let (id, name) = (PersonId::random()?, &args.administrator_name);
    check_person(id, name, email, Role::Administrator, None, None)
        .map(Some)
        .map_err(|unfit| {
            let said = words.say(&format!("hub-unfit-{}", unfit.as_str()));
            failure(Exit::Usage, said)
        })
}

fn exists(words: &Words, path: &Path) -> anyhow::Error {
    let path = path.display().to_string();
    failure(
        Exit::Conflict,
        words.say_with("hub-exists", &[("path", path.into())]),
    )
}

/// The sample, with the values that were given in place of its examples.
fn configuration(state: &Path, args: &Args) -> String {
    let given = |key: &str| match key {
        "state-dir" => Some(state.display().to_string()),
        "link-name" => Some(args.link_name.clone()),
        "region" => Some(args.region.clone()),
        _ => None,
    };
    let mut text = String::new();
    for line in SAMPLE.lines() {
        let key = line.split(" = ").next().unwrap_or_default();
        let written = match (key, &args.page_url) {
            ("page-url", None)
            | (
                "page-certificate"
                | "page-key"
                | "known-exploited-file"
                | "address-files"
                | "mail-relay"
                | "mail-from"
                | "mail-login-file",
                _,
            ) => {
                format!("# {line}")
            }
            ("page-url", Some(url)) => format!("page-url = {}", quoted(url)),
            _ => given(key).map_or_else(
                || line.to_owned(),
                |value| format!("{key} = {}", quoted(&value)),
            ),
        };
        text.push_str(&written);
        text.push('\n');
    }
    text
}

/// As a TOML basic string.
fn quoted(value: &str) -> String {
    let mut text = String::from("\"");
    for char in value.chars() {
        match char {
            '"' | '\\' => text.extend(['\\', char]),
            char if char.is_control() => text.extend(format!("\\u{:04X}", u32::from(char)).chars()),
            char => text.push(char),
        }
    }
    text.push('"');
    text
}

fn write_private(file: &Path, text: &str) -> anyhow::Result<()> {
    use std::os::unix::fs::OpenOptionsExt as _;
    let mut open = fs::OpenOptions::new()
        .write(true)
        .create_new(true)
        .mode(0o640)
        .open(file)?;
    open.write_all(text.as_bytes())?;
    Ok(open.sync_all()?)
}
