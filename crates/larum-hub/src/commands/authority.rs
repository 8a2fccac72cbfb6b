//! `larum-hub authority`: changes the authority that collectors know the hub by.

use std::io::Write as _;
use std::path::PathBuf;

use clap::Subcommand;
use larum_cli::exit::{Exit, failure};
use larum_core::words::{Argument, Words};
use larum_hub_lib::config::HubConfig;
use larum_hub_lib::enrol::rotation::{self, RotationError, Standing, Step};
use larum_hub_lib::store::audit::{Actor, Audit as _, Entry};
use larum_hub_lib::store::enrol::{EnrolStore as _, TrustEntry};
use larum_hub_lib::store::sql::SqlStore;
use larum_link::clock::Clock;
use serde::Serialize;

use super::check_config::load;
use super::serve::DEFAULT_CONFIG;

/// Most collectors named that do not know a step yet.
const MAX_NAMED: usize = 50;

/// Arguments of `larum-hub authority`.
#[derive(clap::Args)]
pub struct Args {
    /// The configuration file
    #[arg(long, value_name = "FILE", default_value = DEFAULT_CONFIG, global = true)]
    config: PathBuf,
    #[command(subcommand)]
    act: Act,
}

#[derive(Subcommand)]
enum Act {
    /// Say how the authority stands, and which collectors do not know it yet
    Show {
        /// One JSON object instead of text
        #[arg(long)]
        json: bool,
    },
    /// Make the next authority and announce it to the collectors
    Prepare {
        /// The certificate that a root kept elsewhere gave for the request
        #[arg(long, value_name = "FILE")]
        certificate: Option<PathBuf>,
    },
    /// Print a request for the next authority, for a root kept elsewhere
    Request,
    /// Have the next authority sign from now on
    Switch {
        /// Although there are collectors that do not know it yet
        #[arg(long)]
        anyway: bool,
    },
    /// End the trust in the former authority
    Retire {
        /// Although there are collectors that still go by it
        #[arg(long)]
        anyway: bool,
    },
    /// Put a new authority in place of one whose key was stolen or lost
    Replace {
        /// Every collector has to be invited again
        #[arg(long)]
        all_join_again: bool,
    },
}

/// Runs the command.
///
/// # Errors
/// 2 for a wrong configuration or certificate, 4 without a hub or request, 5 when it is another step's
/// turn or collectors do not know the step before, 74 when a file or the store cannot be used.
pub fn run(args: &Args) -> anyhow::Result<Exit> {
    let words = Words::of("en")?;
    let config = load(&args.config, &words)?;
    let hub = Hub {
        store: super::open_store(&config, &words)?,
        config,
        words,
        clock: Clock::system(),
    };
    let (folder, now) = (hub.config.authority_dir(), hub.clock.now());
    match &args.act {
        Act::Show { json } => hub.show(*json),
        Act::Request => {
            let request = rotation::request(&folder).map_err(|error| hub.failed(&error))?;
            write!(std::io::stdout(), "{request}")?;
            hub.tell("request")
        }
        Act::Prepare { certificate: None } => {
            hub.step("prepare", || rotation::prepare(&folder, now))
        }
        Act::Prepare {
            certificate: Some(file),
        } => {
            let pem = std::fs::read_to_string(file)?;
            hub.step("prepare", || rotation::prepare_signed(&folder, &pem, now))
        }
        Act::Switch { anyway } => {
            hub.all_know(*anyway, Step::Prepared)?;
            hub.step("switch", || rotation::switch(&folder))
        }
        Act::Retire { anyway } => {
            hub.all_know(*anyway, Step::Switched)?;
            hub.step("retire", || rotation::retire(&folder))
        }
        Act::Replace {
            all_join_again: false,
        } => Err(failure(
            Exit::Usage,
            hub.words.say("hub-authority-replace-sure"),
        )),
        Act::Replace {
            all_join_again: true,
        } => hub.step("replace", || rotation::replace(&folder, now)),
    }
}

/// What the acts work on.
struct Hub {
    config: HubConfig,
    store: SqlStore,
    words: Words,
    clock: Clock,
}

/// How the authority stands, as `--json` shows it.
#[derive(Serialize)]
struct Shown<'s> {
    step: &'static str,
    authorities: Vec<Row>,
    collectors: usize,
    behind: Vec<Behind<'s>>,
}

#[derive(Serialize)]
struct Row {
    role: &'static str,
    sha256: String,
    until: String,
}

#[derive(Serialize)]
struct Behind<'s> {
    collector: String,
    member: &'s str,
    site: &'s str,
}

impl Hub {
    fn standing(&self) -> anyhow::Result<Standing> {
        rotation::standing(&self.config.authority_dir()).map_err(|error| self.failed(&error))
    }

    /// The collectors that can call, and of these the ones that do not know how the authority stands.
    fn collectors(&self, standing: &Standing) -> anyhow::Result<(usize, Vec<TrustEntry>)> {
        let mut all = self.store.trust_entries(self.clock.now())?;
        let count = all.len();
        all.retain(|entry| entry.trust.as_ref() != Some(&standing.trust));
        Ok((count, all))
    }

    fn show(&self, json: bool) -> anyhow::Result<Exit> {
        let standing = self.standing()?;
        let (count, behind) = self.collectors(&standing)?;
        let mut out = std::io::stdout().lock();
        if json {
            let shown = Shown {
                step: standing.step.as_str(),
                authorities: rows(&standing),
                collectors: count,
                behind: behind.iter().map(Behind::of).collect(),
            };
            serde_json::to_writer(&mut out, &shown).map_err(std::io::Error::from)?;
            writeln!(out)?;
            return Ok(Exit::Done);
        }
        let step = format!("hub-authority-{}", standing.step.as_str());
        writeln!(out, "{}", self.words.say(&step))?;
        for row in rows(&standing) {
            let role = self.words.say(&format!("hub-authority-{}", row.role));
            let args = [
                ("role", role.into()),
                ("sha256", row.sha256.into()),
                ("until", row.until.into()),
            ];
            writeln!(out, "{}", self.words.say_with("hub-authority-line", &args))?;
        }
        let id = match (count, behind.len()) {
            (0, _) => "hub-authority-no-collectors",
            (_, 0) => "hub-authority-all-know",
            _ => "hub-authority-some-lag",
        };
        writeln!(out, "{}", self.words.say_with(id, &counts(count, &behind)))?;
        for entry in behind.iter().take(MAX_NAMED) {
            let Behind {
                collector,
                member,
                site,
            } = Behind::of(entry);
            writeln!(out, "  {collector}\t{member}\t{site}")?;
        }
        let more = behind.len().saturating_sub(MAX_NAMED);
        if more > 0 {
            let args = [("count", more.to_string().into())];
            writeln!(out, "{}", self.words.say_with("hub-authority-more", &args))?;
        }
        Ok(Exit::Done)
    }

    /// A step cuts off whoever does not know the step before.
    fn all_know(&self, anyway: bool, turn: Step) -> anyhow::Result<()> {
        let standing = self.standing()?;
        let (count, behind) = self.collectors(&standing)?;
        // Whose turn it is the step itself says.
        if anyway || behind.is_empty() || standing.step != turn {
            return Ok(());
        }
        let said = self
            .words
            .say_with("hub-authority-lag", &counts(count, &behind));
        Err(failure(Exit::Conflict, said))
    }

    fn step(
        &self,
        name: &str,
        take: impl FnOnce() -> Result<(), RotationError>,
    ) -> anyhow::Result<Exit> {
        take().map_err(|error| self.failed(&error))?;
        let entry = Entry {
            action: format!("{name}-authority"),
            member: None,
            subject: String::new(),
        };
        let by = Actor::program("command-line");
        self.store.record(&by, &[entry], self.clock.now())?;
        self.tell(name)
    }

    fn tell(&self, name: &str) -> anyhow::Result<Exit> {
        let folder = self.config.authority_dir().display().to_string();
        let id = format!("hub-authority-{name}-done");
        let said = self.words.say_with(&id, &[("folder", folder.into())]);
        writeln!(std::io::stderr(), "{said}")?;
        Ok(Exit::Done)
    }

    fn failed(&self, error: &RotationError) -> anyhow::Error {
        let say = |id: &str| self.words.say(id);
        match error {
            RotationError::Turn(step) => {
                let id = format!("hub-authority-turn-{}", step.as_str());
                failure(Exit::Conflict, say(&id))
            }
            RotationError::NoKey => failure(Exit::NotFound, say("hub-authority-no-key")),
            RotationError::Certificate => failure(Exit::Usage, say("hub-authority-certificate")),
            RotationError::Authority(problem) => {
                let args = [("problem", problem.to_string().into())];
                let said = self.words.say_with("hub-authority-failed", &args);
                failure(Exit::Input, said)
            }
        }
    }
}

impl<'s> Behind<'s> {
    fn of(entry: &'s TrustEntry) -> Self {
        Self {
            collector: entry.collector.to_string(),
            member: &entry.member_name,
            site: &entry.site,
        }
    }
}

fn counts<'a>(all: usize, behind: &[TrustEntry]) -> [(&'a str, Argument<'a>); 2] {
    [
        ("all", all.to_string().into()),
        ("lag", behind.len().to_string().into()),
    ]
}

fn rows(standing: &Standing) -> Vec<Row> {
    let second = match standing.step {
        Step::Switched => "former",
        Step::Prepared | Step::Steady => "next",
    };
    standing
        .authorities
        .iter()
        .zip(["present", second])
        .map(|(known, role)| Row {
            role,
            sha256: known.sha256.clone(),
            until: known.not_after.to_string(),
        })
        .collect()
}
