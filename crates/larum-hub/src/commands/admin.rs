//! `larum-hub admin`: members, join tokens, people and sign-in links, on the hub's own machine.
//!
//! Who may run it is who may read the hub's folder. Every act stands in the audit ledger.

use std::io::Write as _;
use std::path::PathBuf;
use std::sync::Arc;

use clap::Subcommand;
use larum_cli::exit::{Exit, failure};
use larum_core::area;
use larum_core::words::{Argument, Words};
use larum_hub_lib::access::{Action, Role};
use larum_hub_lib::config::HubConfig;
use larum_hub_lib::enrol::authority::Authority;
use larum_hub_lib::enrol::{self, EnrolError};
use larum_hub_lib::id::{CollectorId, KeyId, MemberId, PersonId};
use larum_hub_lib::keys::{self, KeyError};
use larum_hub_lib::people;
use larum_hub_lib::store::api::ApiStore as _;
use larum_hub_lib::store::audit::{Actor, Audit as _, Entry, Verified};
use larum_hub_lib::store::enrol::{EnrolStore as _, NewMember};
use larum_hub_lib::store::keep::KeepStore as _;
use larum_hub_lib::store::people::{MemberEntry, People as _, Wanted};
use larum_hub_lib::store::proofs::Proofs as _;
use larum_hub_lib::store::sql::SqlStore;
use larum_hub_lib::store::{Store, StoreError};
use larum_link::clock::Clock;

/// The port that collectors use when the configuration names none.
const LINK_PORT: u16 = 7443;

/// Arguments of `larum-hub admin`.
#[derive(clap::Args)]
pub struct Args {
    /// The hub's folder, as given to `init`
    #[arg(long, value_name = "DIR", global = true)]
    state: Option<PathBuf>,
    /// The hub's configuration, if it is not hub.toml in its folder
    #[arg(long, value_name = "FILE", global = true)]
    config: Option<PathBuf>,
    #[command(subcommand)]
    act: Act,
}

#[derive(Subcommand)]
enum Act {
    /// Add a firm; prints its number
    AddMember {
        /// Name of the firm
        #[arg(long)]
        name: String,
        /// Police force area, ONS code such as E23000035
        #[arg(long)]
        area: String,
        /// Line of business
        #[arg(long, default_value = "other")]
        sector: String,
        /// Size: micro, small, medium or large
        #[arg(long, default_value = "micro", value_parser = ["micro", "small", "medium", "large"])]
        size: String,
    },
    /// Add a person who may sign in; prints a sign-in link
    AddPerson {
        /// E-mail address
        #[arg(long)]
        email: String,
        /// Name
        #[arg(long)]
        name: String,
        /// Role
        #[arg(long, value_parser = clap::builder::PossibleValuesParser::new(Role::ALL.map(Role::as_str)))]
        role: String,
        /// Number of the firm: for the roles member, staff and reader
        #[arg(long)]
        member: Option<String>,
        /// Police force area of an officer; region of a regional officer
        #[arg(long)]
        area: Option<String>,
    },
    /// Make a one-time token that lets a collector join
    Token {
        /// Number of the firm
        #[arg(long)]
        member: String,
        /// Where the collector will stand
        #[arg(long, default_value = "office")]
        site: String,
    },
    /// Make a one-time link that signs a person in
    SignInLink {
        /// E-mail address of the person
        #[arg(long)]
        email: String,
    },
    /// Make a key for a program; it can do what its owner can, and of that only what is named
    AddKey {
        /// E-mail address of its owner
        #[arg(long)]
        email: String,
        /// What it is for
        #[arg(long)]
        name: String,
        /// What it may do: own-read, own-act, threat-list, threat-read, member-list, member-read,
        /// admin-read
        #[arg(long = "may", value_name = "ACTION", required = true, num_args = 1..)]
        may: Vec<String>,
        /// Days until it ends, 1 to 366
        #[arg(long, default_value_t = keys::DAYS)]
        days: u32,
    },
    /// List the keys of a person, tab-separated
    ListKeys {
        /// E-mail address of the person
        #[arg(long)]
        email: String,
    },
    /// Shut a key off
    RevokeKey {
        /// E-mail address of its owner
        #[arg(long)]
        email: String,
        /// Its number
        id: String,
    },
    /// Erase a firm with everything about it, for good
    EraseMember {
        /// Number of the firm
        id: String,
    },
    /// List members, collectors or people, tab-separated
    List {
        /// What
        #[arg(value_parser = ["members", "collectors", "people"])]
        what: String,
    },
    /// Shut a collector out for good
    RevokeCollector {
        /// Its number
        id: String,
    },
    /// Shut a person out
    DisablePerson {
        /// E-mail address of the person
        #[arg(long)]
        email: String,
    },
    /// Take away all that a person signs in with, for those who lost it
    ResetPerson {
        /// E-mail address of the person
        #[arg(long)]
        email: String,
    },
    /// Check the audit ledger; prints its last row and hash, to be kept elsewhere
    VerifyLedger {
        /// A row and its hash as printed earlier: says whether they are still in the ledger
        #[arg(long = "anchor", value_name = "ROW:HASH")]
        anchors: Vec<String>,
    },
}

/// What the acts work on.
struct Hub {
    config: HubConfig,
    store: Arc<SqlStore>,
    words: Words,
    by: Actor,
    clock: Clock,
}

/// Runs the command.
///
/// # Errors
/// 2 for a wrong value, 4 for somebody or something that is not there, 5 when it is there already,
/// 74 when the hub's folder cannot be read.
pub fn run(args: &Args) -> anyhow::Result<Exit> {
    let words = Words::of("en")?;
    let file = match (&args.config, &args.state) {
        (Some(file), _) => file.clone(),
        (None, Some(state)) => state.join("hub.toml"),
        (None, None) => PathBuf::from(super::serve::DEFAULT_CONFIG),
    };
    let config = HubConfig::load(&file)?;
    let hub = Hub {
        store: Arc::new(super::open_store(&config, &words)?),
        config,
        words,
        by: Actor::program("command-line"),
        clock: Clock::system(),
    };
    match &args.act {
        Act::AddMember {
            name,
            area,
            sector,
            size,
        } => hub.add_member(name, area, sector, size),
        Act::AddPerson {
            email,
            name,
            role,
            member,
            area,
        } => hub.add_person(email, name, role, member.as_deref(), area.as_deref()),
        Act::Token { member, site } => hub.token(member, site),
        Act::SignInLink { email } => hub.sign_in_link(email),
        Act::AddKey {
            email,
            name,
            may,
            days,
        } => hub.add_key(email, name, may, *days),
        Act::ListKeys { email } => hub.list_keys(email),
        Act::RevokeKey { email, id } => hub.revoke_key(email, id),
        Act::EraseMember { id } => hub.erase_member(id),
        Act::List { what } => hub.list(what),
        Act::RevokeCollector { id } => hub.revoke_collector(id),
        Act::DisablePerson { email } => hub.disable_person(email),
        Act::ResetPerson { email } => hub.reset_person(email),
        Act::VerifyLedger { anchors } => hub.verify_ledger(anchors),
    }
}

impl Hub {
    fn add_member(&self, name: &str, area: &str, sector: &str, size: &str) -> anyhow::Result<Exit> {
        let Some(region) = area::region(area) else {
            return Err(self.wrong("hub-unfit-area", &[]));
        };
        if name.trim().is_empty() || name.chars().any(char::is_control) {
            return Err(self.wrong("hub-wrong-name", &[]));
        }
        let member = NewMember {
            id: MemberId::random()?,
            name: name.trim().to_owned(),
            area: area.to_owned(),
            region: region.to_owned(),
            sector: sector.to_owned(),
            size: size.to_owned(),
        };
        self.note("add-member", member.id.to_string())?;
        self.store.add_member(&member, self.clock.now())?;
        let id = member.id.to_string();
        Self::print(&id)?;
        self.tell("hub-cli-member-added", &[("id", id.into())])
    }

    fn add_person(
        &self,
        email: &str,
        name: &str,
        role: &str,
        member: Option<&str>,
        area: Option<&str>,
    ) -> anyhow::Result<Exit> {
        let role = Role::from_word(role).ok_or_else(|| self.wrong("hub-wrong-role", &[]))?;
        let member = member.map(|text| self.member(text)).transpose()?;
        let person = people::check_person(PersonId::random()?, name, email, role, member, area)
            .map_err(|unfit| self.wrong(&format!("hub-unfit-{unfit}"), &[]))?;
        match self.store.add_person(&self.by, &person, self.clock.now()) {
            Ok(()) => {}
            Err(StoreError::Conflict(_)) => {
                return Err(failure(Exit::Conflict, self.words.say("hub-cli-taken")));
            }
            Err(error) => return Err(error.into()),
        }
        self.link(person.id)
    }

    fn token(&self, member: &str, site: &str) -> anyhow::Result<Exit> {
        let member = self.member(member)?;
        let authority = Authority::load(&self.config.authority_dir())?;
        let port = match self.config.link_listen.port() {
            0 => LINK_PORT,
            port => port,
        };
        let address = self
            .config
            .link_address(port)
            .ok_or_else(|| self.wrong("hub-cli-link-name", &[]))?;
        self.note("add-token", member.to_string())?;
        let store: &dyn Store = &*self.store;
        let made = enrol::invite(
            store,
            &authority,
            address,
            member,
            site,
            self.clock.now(),
            self.config.token_hours,
        );
        match made {
            Ok(token) => Self::print(&token.to_string())?,
            Err(EnrolError::Store(StoreError::Conflict(_))) => {
                return Err(failure(Exit::NotFound, self.words.say("hub-cli-no-member")));
            }
            Err(error) => return Err(error.into()),
        }
        let hours = [("hours", self.config.token_hours.into())];
        self.tell("hub-cli-token", &hours)
    }

    fn sign_in_link(&self, email: &str) -> anyhow::Result<Exit> {
        self.link(self.person(email)?)
    }

    fn link(&self, person: PersonId) -> anyhow::Result<Exit> {
        let url = self.config.page_url.clone();
        let url = url.unwrap_or_else(|| {
            format!(
                "{}://{}",
                self.config.page_scheme(),
                self.config.page_listen
            )
        });
        let now = self.clock.now();
        let link = people::sign_in_link(&*self.store, &self.by, person, &url, now)?;
        Self::print(&link)?;
        self.tell("hub-cli-link", &[])
    }

    fn add_key(&self, email: &str, name: &str, may: &[String], days: u32) -> anyhow::Result<Exit> {
        let person = self.store.person(self.person(email)?)?;
        let actions: Option<Vec<Action>> = may.iter().map(|word| Action::from_word(word)).collect();
        let actions = actions.unwrap_or_default();
        let now = self.clock.now();
        let made = keys::make(
            &*self.store,
            &self.by,
            person.id,
            person.role,
            name,
            &actions,
            days,
            now,
        );
        match made {
            Ok((_, key)) => Self::print(&key)?,
            Err(KeyError::Name) => return Err(self.wrong("hub-key-wrong-name", &[])),
            Err(KeyError::Days) => return Err(self.wrong("hub-key-wrong-days", &[])),
            Err(KeyError::Actions) => return Err(self.wrong("hub-cli-wrong-actions", &[])),
            Err(KeyError::Store(StoreError::Conflict(_))) => {
                let said = self.words.say("hub-key-wrong-many");
                return Err(failure(Exit::Conflict, said));
            }
            Err(error) => return Err(error.into()),
        }
        self.tell("hub-cli-key", &[("days", days.into())])
    }

    fn list_keys(&self, email: &str) -> anyhow::Result<Exit> {
        let now = self.clock.now();
        for row in self.store.keys_of(self.person(email)?)? {
            let state = match row.revoked {
                Some(_) => "revoked",
                None if now >= row.expires => "ended",
                None => "active",
            };
            let may: Vec<&str> = row.actions.iter().map(|action| action.as_str()).collect();
            let used = row.last_used.map(|at| at.to_string()).unwrap_or_default();
            let may = may.join(",");
            let line = format!(
                "{}\t{state}\t{}\t{used}\t{may}\t{}",
                row.id, row.expires, row.name
            );
            Self::print(&line)?;
        }
        Ok(Exit::Done)
    }

    fn revoke_key(&self, email: &str, id: &str) -> anyhow::Result<Exit> {
        let missing = || failure(Exit::NotFound, self.words.say("hub-cli-no-key"));
        let id = KeyId::parse(id).ok_or_else(missing)?;
        let person = self.person(email)?;
        match self
            .store
            .revoke_key(&self.by, person, id, self.clock.now())
        {
            Ok(()) => self.tell("hub-cli-key-revoked", &[]),
            Err(StoreError::NotFound) => Err(missing()),
            Err(error) => Err(error.into()),
        }
    }

    fn erase_member(&self, id: &str) -> anyhow::Result<Exit> {
        let member = self.member(id)?;
        match self.store.erase_member(&self.by, member, self.clock.now()) {
            Ok(rows) => self.tell("hub-cli-erased", &[("rows", rows.to_string().into())]),
            Err(StoreError::NotFound) => {
                Err(failure(Exit::NotFound, self.words.say("hub-cli-no-member")))
            }
            Err(error) => Err(error.into()),
        }
    }

    fn list(&self, what: &str) -> anyhow::Result<Exit> {
        let active = |ended: Option<_>, word| ended.map_or("active", |_| word);
        match what {
            "members" => each_page(
                |wanted| self.store.member_entries(wanted),
                |row| (row.name.clone(), row.id),
                |row| {
                    let MemberEntry { id, area, name, .. } = row;
                    Self::print(&format!("{id}\t{area}\t{}\t{name}", row.collectors))
                },
            ),
            "collectors" => each_page(
                |wanted| self.store.collector_entries(wanted),
                |row| (row.member_name.clone(), row.id),
                |row| {
                    let state = active(row.revoked, "revoked");
                    Self::print(&format!(
                        "{}\t{state}\t{}\t{}",
                        row.id, row.site, row.member_name
                    ))
                },
            ),
            _ => each_page(
                |wanted| self.store.people(wanted),
                |row| (row.name.clone(), row.id),
                |row| {
                    let state = active(row.disabled, "disabled");
                    Self::print(&format!(
                        "{}\t{state}\t{}\t{}",
                        row.role, row.email, row.name
                    ))
                },
            ),
        }?;
        Ok(Exit::Done)
    }

    fn revoke_collector(&self, id: &str) -> anyhow::Result<Exit> {
        let missing = || failure(Exit::NotFound, self.words.say("hub-cli-no-collector"));
        let id = CollectorId::parse(id).ok_or_else(missing)?;
        self.store.standing(id).map_err(|_| missing())?;
        self.note("revoke-collector", id.to_string())?;
        self.store.revoke_collector(id, self.clock.now())?;
        self.tell("hub-cli-revoked", &[])
    }

    fn disable_person(&self, email: &str) -> anyhow::Result<Exit> {
        let person = self.person(email)?;
        match self
            .store
            .set_disabled(&self.by, person, true, self.clock.now())
        {
            Ok(()) => self.tell("hub-cli-disabled", &[]),
            Err(StoreError::Conflict(_)) => Err(failure(
                Exit::Conflict,
                self.words.say("hub-wrong-last-administrator"),
            )),
            Err(error) => Err(error.into()),
        }
    }

    fn reset_person(&self, email: &str) -> anyhow::Result<Exit> {
        let person = self.person(email)?;
        self.store
            .reset_proofs(&self.by, person, self.clock.now())?;
        self.tell("hub-cli-reset", &[])
    }

    fn verify_ledger(&self, anchors: &[String]) -> anyhow::Result<Exit> {
        match self.store.verify()? {
            Verified::Whole { rows, head } => {
                for anchor in anchors {
                    let (row, hash) = anchor
                        .split_once([':', '\t', ' '])
                        .and_then(|(row, hash)| Some((row.parse().ok()?, hash.trim())))
                        .ok_or_else(|| self.wrong("hub-ledger-anchor-malformed", &[]))?;
                    if !self.store.holds(row, hash)? {
                        let row = [("row", row.to_string().into())];
                        let said = self.words.say_with("hub-ledger-anchor-gone", &row);
                        return Err(failure(Exit::Conflict, said));
                    }
                }
                Self::print(&format!("{rows}\t{head}"))?;
                self.tell("hub-ledger-whole", &[])
            }
            Verified::Broken { at } => Err(failure(
                Exit::Conflict,
                self.words
                    .say_with("hub-ledger-broken-at", &[("row", at.to_string().into())]),
            )),
        }
    }

    fn member(&self, text: &str) -> anyhow::Result<MemberId> {
        MemberId::parse(text)
            .ok_or_else(|| failure(Exit::NotFound, self.words.say("hub-cli-no-member")))
    }

    fn person(&self, email: &str) -> anyhow::Result<PersonId> {
        match self.store.person_by_email(email) {
            Ok(person) => Ok(person.id),
            Err(StoreError::NotFound) => {
                Err(failure(Exit::NotFound, self.words.say("hub-cli-no-person")))
            }
            Err(error) => Err(error.into()),
        }
    }

    /// Writes an act into the ledger before it is done.
    fn note(&self, action: &str, subject: String) -> Result<(), StoreError> {
        let entry = Entry {
            action: action.to_owned(),
            member: None,
            subject,
        };
        self.store.record(&self.by, &[entry], self.clock.now())
    }

    fn wrong(&self, id: &str, args: &[(&str, Argument<'_>)]) -> anyhow::Error {
        failure(Exit::Usage, self.words.say_with(id, args))
    }

    /// The result, to standard output.
    fn print(line: &str) -> std::io::Result<()> {
        writeln!(std::io::stdout(), "{line}")
    }

    /// What to do with it, to standard error.
    fn tell(&self, id: &str, args: &[(&str, Argument<'_>)]) -> anyhow::Result<Exit> {
        writeln!(std::io::stderr(), "{}", self.words.say_with(id, args))?;
        Ok(Exit::Done)
    }
}

/// Does something with every row of a list, which the store gives a page at a time.
fn each_page<T, I: Copy>(
    read: impl Fn(&Wanted<'_, I>) -> Result<Vec<T>, StoreError>,
    place: impl Fn(&T) -> (String, I),
    mut each: impl FnMut(&T) -> std::io::Result<()>,
) -> anyhow::Result<()> {
    let mut last: Option<(String, I)> = None;
    loop {
        let rows = read(&Wanted {
            after: last.as_ref().map(|(name, id)| (name.as_str(), *id)),
            ..Wanted::default()
        })?;
        rows.iter().try_for_each(&mut each)?;
        match rows.last() {
            Some(row) => last = Some(place(row)),
            None => return Ok(()),
        }
    }
}
