//! The `[store]` part of the hub's configuration: which engine keeps what the hub knows.

use std::io;
use std::path::{Path, PathBuf};

use larum_core::settings;
use toml::Spanned;
use toml::de::{DeTable, DeValue};

use super::{HubConfig, ProblemKind, Reader, number};
use crate::read;
use crate::store::StoreError;
use crate::store::sql::SqlStore;
use crate::store::sql::clickhouse;
use crate::store::sql::server::{MAX_SESSIONS, PORT, SESSIONS, Server};

/// Where Debian keeps the authorities it trusts.
const SYSTEM_AUTHORITIES: &str = "/etc/ssl/certs/ca-certificates.crt";
/// Name of the database, and who the hub is there, when none is said.
const NAME: &str = "larum";
/// Longest password file read, in bytes.
const MAX_PASSWORD_BYTES: u64 = 4_096;
/// The folder in which systemd hands over a service's secrets.
const CREDENTIALS: &str = "CREDENTIALS_DIRECTORY";

/// Every key of the table.
pub(super) const KEYS: &[&str] = &[
    "store.engine",
    "store.host",
    "store.port",
    "store.database",
    "store.user",
    "store.password-file",
    "store.ca-file",
    "store.sessions",
    "store.sightings",
    "store.sightings-user",
    "store.sightings-password-file",
];

/// Which engine keeps what the hub knows; `[store]`, `engine`, default `"embedded"`.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub enum StoreConfig {
    /// A file in the hub's folder; nothing to set up.
    #[default]
    Embedded,
    /// A PostgreSQL server.
    Postgres(PostgresConfig),
}

/// A PostgreSQL server.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct PostgresConfig {
    /// The folder of its socket on this machine, or its host name or address; `host`, must be said.
    /// Over the network the connection is always encrypted and the server's certificate checked.
    pub host: String,
    /// `port`, default 5432.
    pub port: u16,
    /// `database`, default `larum`.
    pub database: String,
    /// Who the hub is there; `user`, default `larum`.
    pub user: String,
    /// A file with the password alone; a name without a folder is a credential of the systemd
    /// service. `password-file`, default none.
    pub password_file: Option<PathBuf>,
    /// The authorities one of which must have signed the server's certificate, as PEM; `ca-file`,
    /// default those that Debian trusts.
    pub ca_file: PathBuf,
    /// Sessions held at most; `sessions`, 2 to 100, default 12.
    pub sessions: u32,
    /// Where sightings are kept, if not in the database itself.
    pub sightings: Option<SightingsConfig>,
}

/// A ClickHouse server for the sightings.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct SightingsConfig {
    /// Its address; `sightings`: `https://`, or `http://` on this machine. Its certificate must be
    /// signed by one of the authorities in `ca-file`. The path is the database's name, default `larum`.
    pub address: String,
    /// Who the hub is there; `sightings-user`, default `larum`.
    pub user: String,
    /// A file with the password alone, or the name of a credential of the systemd service;
    /// `sightings-password-file`, default none.
    pub password_file: Option<PathBuf>,
}

impl PostgresConfig {
    /// The server at `host`, with all defaults.
    #[must_use]
    pub fn new(host: impl Into<String>) -> Self {
        Self {
            host: host.into(),
            port: PORT,
            database: NAME.to_owned(),
            user: NAME.to_owned(),
            password_file: None,
            ca_file: SYSTEM_AUTHORITIES.into(),
            sessions: SESSIONS,
            sightings: None,
        }
    }

    /// Where the password lies, if one is needed.
    #[must_use]
    pub fn password_path(&self) -> Option<PathBuf> {
        self.password_file.as_deref().map(secret_path)
    }

    /// Where the password of ClickHouse lies, if one is needed.
    #[must_use]
    pub fn sightings_password_path(&self) -> Option<PathBuf> {
        let file = self.sightings.as_ref()?.password_file.as_deref()?;
        Some(secret_path(file))
    }

    fn sightings_server(
        &self,
        sightings: &SightingsConfig,
    ) -> Result<clickhouse::Server, StoreError> {
        let file = self.sightings_password_path();
        Ok(clickhouse::Server {
            address: sightings.address.clone(),
            user: sightings.user.clone(),
            password: file.map(|file| password(&file)).transpose()?,
            ca_file: self.ca_file.clone(),
        })
    }

    fn server(&self) -> Result<Server, StoreError> {
        Ok(Server {
            host: self.host.clone(),
            port: self.port,
            database: self.database.clone(),
            user: self.user.clone(),
            password: self
                .password_path()
                .map(|file| password(&file))
                .transpose()?,
            ca_file: self.ca_file.clone(),
            sessions: self.sessions,
        })
    }
}

/// A name without a folder is a credential that systemd hands over.
fn secret_path(file: &Path) -> PathBuf {
    if file.components().count() > 1 {
        return file.to_owned();
    }
    let folder = std::env::var_os(CREDENTIALS).unwrap_or_default();
    Path::new(&folder).join(file)
}

fn password(file: &Path) -> Result<String, StoreError> {
    let password = read::text(file, MAX_PASSWORD_BYTES).and_then(|text| {
        let password = text.trim_end_matches(['\r', '\n']);
        if password.is_empty() || password.contains(['\n', '\0']) {
            let said = "it must hold the password, in one line";
            return Err(io::Error::new(io::ErrorKind::InvalidData, said));
        }
        Ok(password.to_owned())
    });
    password.map_err(|source| StoreError::File {
        file: file.to_owned(),
        source,
    })
}

impl HubConfig {
    /// Opens the store, and makes or upgrades it if need be. Blocks: not to be called within an
    /// asynchronous task.
    ///
    /// # Errors
    /// When the store cannot be used.
    pub fn open_store(&self) -> Result<SqlStore, StoreError> {
        match &self.store {
            StoreConfig::Embedded => SqlStore::open(&self.store_file()),
            StoreConfig::Postgres(config) => {
                let store = SqlStore::connect_to(&config.server()?)?;
                match &config.sightings {
                    Some(sightings) => {
                        store.with_sightings_in(&config.sightings_server(sightings)?)
                    }
                    None if store.is_fed()? => Err(StoreError::SightingsElsewhere),
                    None => Ok(store),
                }
            }
        }
    }

    /// Where the store is, for a message.
    #[must_use]
    pub fn store_place(&self) -> String {
        match &self.store {
            StoreConfig::Embedded => self.store_file().display().to_string(),
            StoreConfig::Postgres(config) => {
                format!("{} at {}", config.database, config.host)
            }
        }
    }

    /// True when there surely is no store yet: looking must not make one.
    #[must_use]
    pub fn lacks_store(&self) -> bool {
        match &self.store {
            StoreConfig::Embedded => !self.store_file().exists(),
            StoreConfig::Postgres(_) => !self.authority_dir().exists(),
        }
    }
}

impl Reader<'_> {
    /// The table `[store]`, taken out of the document.
    pub(super) fn store(&mut self, document: &mut DeTable<'_>) -> StoreConfig {
        let Some(found) = document.remove("store") else {
            return StoreConfig::Embedded;
        };
        let at = found.span().start;
        let DeValue::Table(mut table) = found.into_inner() else {
            self.problem(at, ProblemKind::Wrong("store"));
            return StoreConfig::Embedded;
        };
        let engine = |value: &DeValue<'_>| match value.as_str()? {
            "embedded" => Some(false),
            "postgres" => Some(true),
            _ => None,
        };
        if !table.contains_key("engine") {
            self.problem(at, ProblemKind::Missing("store.engine"));
        }
        let is_postgres = self.entry(&mut table, "store.engine", engine);
        let config = self.postgres(&mut table, is_postgres == Some(true), at);
        for key in table.keys() {
            let written = format!("store.{}", key.get_ref());
            let nearest = settings::nearest(&written, KEYS);
            let key_at = key.span().start;
            let kind = ProblemKind::UnknownKey {
                key: written,
                nearest,
            };
            self.problem(key_at, kind);
        }
        match is_postgres {
            Some(true) => StoreConfig::Postgres(config),
            _ => StoreConfig::Embedded,
        }
    }

    fn postgres(&mut self, table: &mut DeTable<'_>, is_used: bool, at: usize) -> PostgresConfig {
        if is_used && !table.contains_key("host") {
            self.problem(at, ProblemKind::Missing("store.host"));
        }
        if !is_used {
            // Said for a server, but none is used: surely not what was meant.
            for key in KEYS.iter().filter_map(|key| key.strip_prefix("store.")) {
                if let Some(found) = table.get(key)
                    && key != "engine"
                {
                    let place = found.span().start;
                    self.problem(place, ProblemKind::Unused);
                }
            }
        }
        let text = |value: &DeValue<'_>| {
            let text = value.as_str()?;
            let good = !text.is_empty() && !text.contains(|char: char| char.is_control());
            good.then(|| text.to_owned())
        };
        let host = |value: &DeValue<'_>| text(value).filter(|host| is_host(host));
        let path = |value: &DeValue<'_>| text(value).map(PathBuf::from);
        let defaults = PostgresConfig::new("");
        let address = |value: &DeValue<'_>| {
            text(value).filter(|address| clickhouse::place(address).is_some())
        };
        if is_used && !table.contains_key("sightings") {
            for key in ["sightings-user", "sightings-password-file"] {
                if let Some(found) = table.get(key) {
                    let place = found.span().start;
                    self.problem(place, ProblemKind::Unused);
                }
            }
        }
        let user = self.entry(table, "store.sightings-user", text);
        let password_file = self.entry(table, "store.sightings-password-file", path);
        let sightings = self.entry(table, "store.sightings", address);
        let sightings = sightings.map(|address| SightingsConfig {
            address,
            user: user.unwrap_or_else(|| NAME.to_owned()),
            password_file,
        });
        let port = |value: &DeValue<'_>| u16::try_from(number(1, 65_535)(value)?).ok();
        PostgresConfig {
            host: self.entry(table, "store.host", host).unwrap_or_default(),
            port: self
                .entry(table, "store.port", port)
                .unwrap_or(defaults.port),
            database: self
                .entry(table, "store.database", text)
                .unwrap_or(defaults.database),
            user: self
                .entry(table, "store.user", text)
                .unwrap_or(defaults.user),
            password_file: self.entry(table, "store.password-file", path),
            ca_file: self
                .entry(table, "store.ca-file", path)
                .unwrap_or(defaults.ca_file),
            sessions: self
                .entry(table, "store.sessions", number(2, MAX_SESSIONS))
                .unwrap_or(defaults.sessions),
            sightings,
        }
    }

    /// The value of `store.KEY`.
    fn entry<T>(
        &mut self,
        table: &mut DeTable<'_>,
        key: &'static str,
        read: impl Fn(&DeValue<'_>) -> Option<T>,
    ) -> Option<T> {
        let found: Spanned<DeValue<'_>> = table.remove(key.strip_prefix("store.")?)?;
        let value = read(found.get_ref());
        if value.is_none() {
            self.problem(found.span().start, ProblemKind::Wrong(key));
        }
        value
    }
}

/// A folder, or a host name or address.
fn is_host(host: &str) -> bool {
    if host.starts_with('/') {
        return true;
    }
    rustls::pki_types::ServerName::try_from(host).is_ok()
}

#[cfg(test)]
mod tests {
    use super::*;
    use larum_core::words::Words;

    const START: &str = "state-dir = '/x'\nlink-name = 'h'\n";

    fn read(text: &str) -> Result<StoreConfig, Vec<ProblemKind>> {
        HubConfig::parse(&format!("{START}{text}"))
            .map(|config| config.store)
            .map_err(|problems| problems.into_iter().map(|problem| problem.kind).collect())
    }

    #[test]
    fn a_server_is_named_in_its_own_table() {
        assert_eq!(read(""), Ok(StoreConfig::Embedded));
        assert_eq!(
            read("[store]\nengine = 'embedded'"),
            Ok(StoreConfig::Embedded)
        );
        let text = "[store]\nengine = 'postgres'\nhost = 'db.example.org'\nport = 6432\n\
                    database = 'hub'\nuser = 'h'\npassword-file = '/etc/p'\nca-file = '/etc/ca.pem'\n\
                    sessions = 20\nsightings = 'https://ch.example.org:8443/hub'\n\
                    sightings-user = 's'\nsightings-password-file = '/etc/q'";
        let expected = PostgresConfig {
            host: "db.example.org".into(),
            port: 6_432,
            database: "hub".into(),
            user: "h".into(),
            password_file: Some("/etc/p".into()),
            ca_file: "/etc/ca.pem".into(),
            sessions: 20,
            sightings: Some(SightingsConfig {
                address: "https://ch.example.org:8443/hub".into(),
                user: "s".into(),
                password_file: Some("/etc/q".into()),
            }),
        };
        assert_eq!(read(text), Ok(StoreConfig::Postgres(expected)));
        let short = "[store]\nengine = 'postgres'\nhost = '/run/postgresql'";
        let expected = PostgresConfig::new("/run/postgresql");
        assert_eq!(read(short), Ok(StoreConfig::Postgres(expected)));
    }

    #[test]
    fn what_is_wrong_is_told_and_said() {
        use ProblemKind::{Missing, Unused, Wrong};
        let unknown = ProblemKind::UnknownKey {
            key: "store.hsot".into(),
            nearest: Some("store.host"),
        };
        for (text, expected) in [
            ("store = 3", vec![Wrong("store")]),
            ("[store]", vec![Missing("store.engine")]),
            ("[store]\nengine = 'mysql'", vec![Wrong("store.engine")]),
            ("[store]\nengine = 'postgres'", vec![Missing("store.host")]),
            (
                "[store]\nengine = 'embedded'\nhost = '/run/postgresql'",
                vec![Unused],
            ),
            (
                "[store]\nengine = 'postgres'\nhost = 'a b'\nsessions = 1\nport = 0",
                vec![
                    Wrong("store.host"),
                    Wrong("store.sessions"),
                    Wrong("store.port"),
                ],
            ),
            // Not encrypted on its way to another machine, and no database's name.
            (
                "[store]\nengine = 'postgres'\nhost = 'h'\nsightings = 'http://ch.example.org'",
                vec![Wrong("store.sightings")],
            ),
            (
                "[store]\nengine = 'postgres'\nhost = 'h'\nsightings = 'http://127.0.0.1/a;b'",
                vec![Wrong("store.sightings")],
            ),
            (
                "[store]\nengine = 'postgres'\nhost = 'h'\nsightings-user = 'x'",
                vec![Unused],
            ),
            (
                "[store]\nengine = 'postgres'\nhost = 'h'\nhsot = 'x'",
                vec![unknown],
            ),
        ] {
            assert_eq!(read(text), Err(expected), "{text}");
            let words = Words::of("en").unwrap();
            let problems = HubConfig::parse(&format!("{START}{text}")).unwrap_err();
            for problem in problems {
                let said = problem.say(&words);
                assert!(!said.contains('«') && said.contains("line "), "{said}");
            }
        }
        let words = Words::of("en").unwrap();
        for key in KEYS {
            let id = format!("hub-config-allowed-{}", key.replace('.', "-"));
            assert!(words.has(&id), "{key}");
        }
    }

    #[test]
    fn the_sample_names_every_key_and_leaves_the_store_embedded() {
        let sample = include_str!("../../../../packaging/hub.toml");
        let (_, table) = sample.split_once("\n[store]\n").unwrap();
        for key in KEYS {
            let key = key.strip_prefix("store.").unwrap();
            assert!(table.contains(&format!("{key} = ")), "{key}");
        }
        // With the examples made good, it is a server.
        let with_server: String = sample
            .lines()
            .map(|line| match line.strip_prefix("# ") {
                Some(rest) if rest.split_once(" = ").is_some_and(|(key, _)| is_key(key)) => {
                    format!("{rest}\n")
                }
                _ => format!("{}\n", line.replace("\"embedded\"", "\"postgres\"")),
            })
            .collect();
        let config = HubConfig::parse(&with_server).unwrap();
        assert!(matches!(config.store, StoreConfig::Postgres(_)));
    }

    fn is_key(key: &str) -> bool {
        KEYS.contains(&format!("store.{key}").as_str())
    }

    #[test]
    fn a_password_is_one_line_of_a_file() {
        let folder = tempfile::tempdir().unwrap();
        let file = folder.path().join("password");
        for (text, expected) in [
            ("secret", Some("secret")),
            ("secret\n", Some("secret")),
            ("a b\r\n", Some("a b")),
            ("", None),
            ("\n", None),
            ("two\nlines", None),
        ] {
            std::fs::write(&file, text).unwrap();
            assert_eq!(
                password(&file).ok().as_deref(),
                expected,
                "{}",
                text.escape_debug()
            );
        }
        let mut config = PostgresConfig::new("h");
        config.password_file = Some(file.clone());
        assert_eq!(config.password_path(), Some(file));
        // Never shown, not even by accident.
        let server = Server {
            password: Some("secret".into()),
            ..PostgresConfig::new("h").server().unwrap()
        };
        assert!(!format!("{server:?}").contains("secret"));
    }
}
