//! The hub's configuration: one TOML file, all its problems told at once.

pub mod oidc;
pub mod store;

use std::net::{IpAddr, Ipv4Addr, Ipv6Addr, SocketAddr};
use std::path::{Path, PathBuf};

use larum_core::settings;
use larum_core::words::Words;
use larum_link::token::HubAddress;

use crate::door_tls::PageCertificate;
use crate::keep::KeepDays;
use crate::link_server::quota::DayLimits;
use crate::people::mail::Relay;
use crate::read;
use oidc::OidcConfig;
use store::StoreConfig;
use toml::Spanned;
use toml::de::{DeTable, DeValue};

/// Largest configuration file read, in bytes.
pub const MAX_CONFIG_BYTES: u64 = 1_048_576;
/// Port for collectors when none is said.
pub const LINK_PORT: u16 = 7_443;
/// Port of the pages when none is said.
pub const PAGE_PORT: u16 = 7_480;
/// Port of the metrics when none is said.
pub const METRICS_PORT: u16 = 7_481;
/// Life of a collector's certificate, in days, when none is said; 1 to 90 are allowed.
pub const CERTIFICATE_DAYS: u32 = 7;
/// How long attackers' addresses are kept, in days, when none is said; 1 to 366 are allowed.
pub const ADDRESS_DAYS: u32 = 90;
/// How long counts without addresses are kept, in days, when none is said; 1 to 3,660 are allowed.
/// 13 months.
pub const COUNT_DAYS: u32 = 395;
/// Life of a one-time token, in hours, when none is said; 1 to 720 are allowed.
pub const TOKEN_HOURS: u32 = 24;

/// Most files of [`HubConfig::address_files`].
const MAX_ADDRESS_FILES: usize = 8;

const KEYS: &[&str] = &[
    "state-dir",
    "link-listen",
    "page-listen",
    "metrics-listen",
    "link-name",
    "page-url",
    "page-certificate",
    "page-key",
    "certificate-days",
    "token-hours",
    "address-days",
    "count-days",
    "collector-day-sightings",
    "member-day-sightings",
    "region",
    "known-exploited-file",
    "address-files",
    "mail-relay",
    "mail-from",
    "mail-login-file",
];

/// Sightings of one collector a day when the file does not say.
const COLLECTOR_DAY_SIGHTINGS: u32 = 500_000;
/// Sightings of one firm a day when the file does not say.
const MEMBER_DAY_SIGHTINGS: u32 = 2_000_000;

/// How a hub is to run.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct HubConfig {
    /// Folder with the store and the authority; `state-dir`, must be said.
    pub state_dir: PathBuf,
    /// Where collectors connect; `link-listen`, default `[::]:7443`.
    pub link_listen: SocketAddr,
    /// Where browsers connect; `page-listen`, default `127.0.0.1:7480`, behind a TLS proxy unless the hub
    /// has a certificate for its pages.
    pub page_listen: SocketAddr,
    /// Where metrics are read, on this machine only; `metrics-listen`, default `127.0.0.1:7481`,
    /// `"off"` for none.
    pub metrics_listen: Option<SocketAddr>,
    /// The host name or address collectors reach this hub by, with a port where it differs from that
    /// of `link-listen`; `link-name`, must be said. It stands in tokens and in the hub's certificate.
    pub link_name: String,
    /// The address of the pages as browsers see it; `page-url`, default `http://` and
    /// `page-listen`.
    pub page_url: Option<String>,
    /// The certificate of the pages; `page-certificate` and `page-key`, both or neither, default none:
    /// then the pages are served without TLS.
    pub page_certificate: Option<PageCertificate>,
    /// Life of a collector's certificate; `certificate-days`, 1 to 90, default 7.
    pub certificate_days: u32,
    /// Life of a one-time token; `token-hours`, 1 to 720, default 24.
    pub token_hours: u32,
    /// How long things are kept; `address-days`, default 90, and `count-days`, default 395.
    pub keep_days: KeepDays,
    /// How many sightings a collector and a firm may bring in a day; `collector-day-sightings`, default
    /// 500,000, and `member-day-sightings`, default 2,000,000.
    pub day_limits: DayLimits,
    /// The region this hub serves; `region`, default empty.
    pub region: String,
    /// A list of weaknesses that attackers are known to use, in the JSON of CISA's catalogue;
    /// `known-exploited-file`, default none. The operator renews it; the hub fetches nothing.
    pub known_exploited_file: Option<PathBuf>,
    /// Files that say in which country and network addresses are registered, MMDB or a registry's
    /// statistics; `address-files`, default none, at most eight. Of each thing the first that knows tells it.
    pub address_files: Vec<PathBuf>,
    /// Where one-time links are handed over for mailing; `mail-relay`, default none: then only an
    /// administrator hands links over.
    pub mail_relay: Option<Relay>,
    /// The address they come from; `mail-from`, must be said with `mail-relay`.
    pub mail_from: String,
    /// A file with user name and password for the relay, a line each; `mail-login-file`, default none.
    pub mail_login_file: Option<PathBuf>,
    /// Which engine keeps what the hub knows; the table `[store]`, default embedded.
    pub store: StoreConfig,
    /// Where people may sign in by their own organisation; `[[oidc]]`, default none.
    pub oidc: Vec<OidcConfig>,
    /// Whether a one-time link alone signs somebody in wholly. No file can say so: it is for the
    /// demonstration, whose people live for an hour.
    pub links_suffice: bool,
}

impl HubConfig {
    /// A configuration with all defaults.
    #[must_use]
    pub fn new(state_dir: PathBuf, link_name: impl Into<String>) -> Self {
        let local = |port| SocketAddr::new(IpAddr::V4(Ipv4Addr::LOCALHOST), port);
        Self {
            state_dir,
            link_listen: SocketAddr::new(IpAddr::V6(Ipv6Addr::UNSPECIFIED), LINK_PORT),
            page_listen: local(PAGE_PORT),
            metrics_listen: Some(local(METRICS_PORT)),
            link_name: link_name.into(),
            page_url: None,
            page_certificate: None,
            certificate_days: CERTIFICATE_DAYS,
            token_hours: TOKEN_HOURS,
            keep_days: KeepDays {
                addresses: ADDRESS_DAYS,
                counts: COUNT_DAYS,
            },
            day_limits: DayLimits {
                collector: COLLECTOR_DAY_SIGHTINGS,
                member: MEMBER_DAY_SIGHTINGS,
            },
            region: String::new(),
            known_exploited_file: None,
            address_files: Vec::new(),
            mail_relay: None,
            mail_from: String::new(),
            mail_login_file: None,
            store: StoreConfig::Embedded,
            oidc: Vec::new(),
            links_suffice: false,
        }
    }

    /// Reads a configuration file.
    ///
    /// # Errors
    /// When it cannot be read, or has problems.
    pub fn load(file: &Path) -> Result<Self, ConfigError> {
        let text = read::text(file, MAX_CONFIG_BYTES).map_err(ConfigError::Unreadable)?;
        Self::parse(&text).map_err(ConfigError::Wrong)
    }

    /// Reads a configuration from its text.
    ///
    /// # Errors
    /// All problems, by line.
    pub fn parse(text: &str) -> Result<Self, Vec<Problem>> {
        let document = settings::parse(text).map_err(|errors| {
            let problem = |(line, said)| Problem {
                line,
                kind: ProblemKind::Syntax(said),
            };
            errors.into_iter().map(problem).collect::<Vec<_>>()
        })?;
        let mut reader = Reader {
            text,
            problems: Vec::new(),
        };
        let config = reader.config(document);
        reader.problems.sort_by_key(|problem| problem.line);
        if reader.problems.is_empty() {
            Ok(config)
        } else {
            Err(reader.problems)
        }
    }

    /// Where collectors are told to connect, given the port the hub really listens on; `None` when
    /// the name is not a host.
    #[must_use]
    pub fn link_address(&self, listening_port: u16) -> Option<HubAddress> {
        HubAddress::parse(&self.link_name)
            .or_else(|| HubAddress::new(&self.link_name, listening_port))
    }

    /// How the pages are spoken to at the door itself: `http` or `https`.
    #[must_use]
    pub const fn page_scheme(&self) -> &'static str {
        match self.page_certificate {
            Some(_) => "https",
            None => "http",
        }
    }

    /// The folder of the certificate authority.
    #[must_use]
    pub fn authority_dir(&self) -> PathBuf {
        self.state_dir.join("authority")
    }

    /// The store's file.
    #[must_use]
    pub fn store_file(&self) -> PathBuf {
        self.state_dir.join("hub.sqlite")
    }
}

/// Why a configuration cannot be used.
#[derive(Debug, thiserror::Error)]
pub enum ConfigError {
    /// The file is missing, not readable, or not text.
    #[error("the configuration file cannot be read: {0}")]
    Unreadable(std::io::Error),
    /// The text has problems.
    #[error("the configuration has {} problem(s)", .0.len())]
    Wrong(Vec<Problem>),
}

/// One problem of a configuration.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Problem {
    /// Line, from 1.
    pub line: usize,
    /// What is wrong.
    pub kind: ProblemKind,
}

/// What is wrong.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum ProblemKind {
    /// Not TOML; the parser's own words.
    Syntax(String),
    /// A key that means nothing here, and the known key that looks most like it.
    UnknownKey {
        /// As written.
        key: String,
        /// The known key that was probably meant.
        nearest: Option<&'static str>,
    },
    /// A key that must be there is not.
    Missing(&'static str),
    /// A setting for a database server where none is used.
    Unused,
    /// A value that cannot be used; `hub-config-allowed-KEY` in the catalogue says what can.
    Wrong(&'static str),
}

impl Problem {
    /// The problem in words for the person who wrote the file.
    #[must_use]
    pub fn say(&self, words: &Words) -> String {
        let said = match &self.kind {
            ProblemKind::Syntax(problem) => {
                words.say_with("hub-config-syntax", &[("problem", problem.as_str().into())])
            }
            ProblemKind::UnknownKey {
                key,
                nearest: Some(nearest),
            } => words.say_with(
                "hub-config-unknown",
                &[("key", key.as_str().into()), ("nearest", (*nearest).into())],
            ),
            ProblemKind::UnknownKey { key, nearest: None } => words.say_with(
                "hub-config-unknown-far",
                &[
                    ("key", key.as_str().into()),
                    ("known", KEYS.join(", ").into()),
                ],
            ),
            ProblemKind::Unused => words.say("hub-config-unused"),
            ProblemKind::Missing(key) => words.say_with(
                "hub-config-missing",
                &[("key", (*key).into()), ("allowed", allowed(words, key))],
            ),
            ProblemKind::Wrong(key) => words.say_with(
                "hub-config-wrong",
                &[("key", (*key).into()), ("allowed", allowed(words, key))],
            ),
        };
        words.say_with(
            "hub-config-line",
            &[
                ("line", self.line.to_string().into()),
                ("said", said.into()),
            ],
        )
    }
}

fn allowed<'a>(words: &Words, key: &str) -> larum_core::words::Argument<'a> {
    let key = key.replace('.', "-");
    words.say(&format!("hub-config-allowed-{key}")).into()
}

struct Reader<'t> {
    text: &'t str,
    problems: Vec<Problem>,
}

impl Reader<'_> {
    fn config(&mut self, mut table: DeTable<'_>) -> HubConfig {
        let state_dir = self.required(&mut table, "state-dir", |value| {
            value
                .as_str()
                .filter(|path| !path.is_empty())
                .map(PathBuf::from)
        });
        let link_name = self.required(&mut table, "link-name", |value| {
            let name = value.as_str()?;
            let named = HubAddress::parse(name).or_else(|| HubAddress::new(name, LINK_PORT));
            named.map(|_| name.to_owned())
        });
        let mut config =
            HubConfig::new(state_dir.unwrap_or_default(), link_name.unwrap_or_default());
        let address = |value: &DeValue<'_>| value.as_str()?.parse::<SocketAddr>().ok();
        if let Some(listen) = self.value(&mut table, "link-listen", address) {
            config.link_listen = listen;
        }
        if let Some(listen) = self.value(&mut table, "page-listen", address) {
            config.page_listen = listen;
        }
        let metrics = |value: &DeValue<'_>| match value.as_str()? {
            "off" => Some(None),
            text => Some(Some(
                text.parse::<SocketAddr>()
                    .ok()
                    .filter(|listen| listen.ip().is_loopback())?,
            )),
        };
        if let Some(listen) = self.value(&mut table, "metrics-listen", metrics) {
            config.metrics_listen = listen;
        }
        config.page_url = self.value(&mut table, "page-url", page_url);
        config.page_certificate = self.page_certificate(&mut table);
        if let Some(days) = self.value(&mut table, "certificate-days", number(1, 90)) {
            config.certificate_days = days;
        }
        if let Some(hours) = self.value(&mut table, "token-hours", number(1, 720)) {
            config.token_hours = hours;
        }
        if let Some(days) = self.value(&mut table, "address-days", number(1, 366)) {
            config.keep_days.addresses = days;
        }
        if let Some(days) = self.value(&mut table, "count-days", number(1, 3_660)) {
            config.keep_days.counts = days;
        }
        let sightings = number(1_000, u32::MAX);
        if let Some(limit) = self.value(&mut table, "collector-day-sightings", &sightings) {
            config.day_limits.collector = limit;
        }
        if let Some(limit) = self.value(&mut table, "member-day-sightings", &sightings) {
            config.day_limits.member = limit;
        }
        let text = |value: &DeValue<'_>| value.as_str().map(str::to_owned);
        config.region = self.value(&mut table, "region", text).unwrap_or_default();
        config.known_exploited_file = self.value(&mut table, "known-exploited-file", file);
        let named = self.value(&mut table, "address-files", files);
        config.address_files = named.unwrap_or_default();
        self.mail(&mut table, &mut config);
        config.store = self.store(&mut table);
        config.oidc = self.oidc(&mut table);
        for key in table.keys() {
            let written = key.get_ref().to_string();
            let nearest = settings::nearest(&written, KEYS);
            let kind = ProblemKind::UnknownKey {
                key: written,
                nearest,
            };
            self.problem(key.span().start, kind);
        }
        config
    }

    fn mail(&mut self, table: &mut DeTable<'_>, config: &mut HubConfig) {
        let relay = |value: &DeValue<'_>| Relay::parse(value.as_str()?);
        config.mail_relay = self.value(table, "mail-relay", relay);
        let from = |value: &DeValue<'_>| {
            let from = value.as_str()?;
            crate::people::is_email(from).then(|| from.to_owned())
        };
        config.mail_from = match config.mail_relay {
            Some(_) => self.required(table, "mail-from", from),
            None => self.value(table, "mail-from", from),
        }
        .unwrap_or_default();
        config.mail_login_file = self.value(table, "mail-login-file", file);
    }

    fn page_certificate(&mut self, table: &mut DeTable<'_>) -> Option<PageCertificate> {
        if !table.contains_key("page-certificate") && !table.contains_key("page-key") {
            return None;
        }
        let certificate = self.required(table, "page-certificate", file);
        let key = self.required(table, "page-key", file);
        let (certificate, key) = certificate.zip(key)?;
        Some(PageCertificate { certificate, key })
    }

    fn required<T>(
        &mut self,
        table: &mut DeTable<'_>,
        key: &'static str,
        read: impl Fn(&DeValue<'_>) -> Option<T>,
    ) -> Option<T> {
        if !table.contains_key(key) {
            self.problem(0, ProblemKind::Missing(key));
        }
        self.value(table, key, read)
    }

    fn value<T>(
        &mut self,
        table: &mut DeTable<'_>,
        key: &'static str,
        read: impl Fn(&DeValue<'_>) -> Option<T>,
    ) -> Option<T> {
        let found: Spanned<DeValue<'_>> = table.remove(key)?;
        let value = read(found.get_ref());
        if value.is_none() {
            self.problem(found.span().start, ProblemKind::Wrong(key));
        }
        value
    }

    fn problem(&mut self, at: usize, kind: ProblemKind) {
        let line = settings::line_at(self.text, at);
        self.problems.push(Problem { line, kind });
    }
}

fn page_url(value: &DeValue<'_>) -> Option<String> {
    let url = value.as_str()?.trim_end_matches('/');
    let rest = url
        .strip_prefix("https://")
        .or_else(|| url.strip_prefix("http://"))?;
    let clean = !rest.is_empty() && !rest.contains(['/', '?', '#', '@', ' ']);
    clean.then(|| url.to_owned())
}

fn file(value: &DeValue<'_>) -> Option<PathBuf> {
    let path = value.as_str().filter(|path| !path.is_empty())?;
    Some(PathBuf::from(path))
}

fn files(value: &DeValue<'_>) -> Option<Vec<PathBuf>> {
    let list = value
        .as_array()
        .filter(|list| list.len() <= MAX_ADDRESS_FILES)?;
    list.iter().map(|one| file(one.get_ref())).collect()
}

fn number(min: u32, max: u32) -> impl Fn(&DeValue<'_>) -> Option<u32> {
    move |value| {
        let number: u32 = value.as_integer()?.as_str().parse().ok()?;
        (min..=max).contains(&number).then_some(number)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const SAMPLE: &str = include_str!("../../../packaging/hub.toml");

    #[test]
    fn the_sample_is_complete_and_says_the_defaults() {
        let mut expected = HubConfig::new("/var/lib/larum-hub".into(), "hub.example.org");
        expected.page_url = Some("https://pages.example.org".into());
        expected.page_certificate = Some(PageCertificate {
            certificate: "/etc/larum-hub/pages.crt".into(),
            key: "/etc/larum-hub/pages.key".into(),
        });
        expected.region = "London".into();
        expected.address_files = vec![
            "/etc/larum-hub/country.mmdb".into(),
            "/etc/larum-hub/asn.mmdb".into(),
        ];
        expected.known_exploited_file = Some("/etc/larum-hub/known-exploited.json".into());
        expected.mail_relay = Relay::parse("smtps://mail.example.org");
        expected.mail_from = "larum@hub.example.org".into();
        expected.mail_login_file = Some("/etc/larum-hub/mail-login".into());
        assert_eq!(HubConfig::parse(SAMPLE), Ok(expected));
        for key in KEYS {
            assert!(SAMPLE.contains(&format!("\n{key} = ")), "{key}");
        }
    }

    #[test]
    fn all_problems_are_told_at_once_with_their_lines() {
        let text = "state-dir = \"/x\"\nlink-lisen = \"[::]:1\"\ncertificate-days = 0\n\
                    metrics-listen = \"0.0.0.0:80\"\npage-url = \"ftp://x\"\nlink-name = \"a b\"\n";
        let problems = HubConfig::parse(text).unwrap_err();
        let lines: Vec<usize> = problems.iter().map(|problem| problem.line).collect();
        assert_eq!(lines, [2, 3, 4, 5, 6]);
        let words = Words::of("en").unwrap();
        let said: Vec<String> = problems.iter().map(|problem| problem.say(&words)).collect();
        assert!(said[0].contains("link-lisen") && said[0].contains("link-listen"));
        assert!(said.iter().all(|said| !said.contains('«')), "{said:?}");
    }

    #[test]
    fn what_must_be_said_is_asked_for_and_what_is_not_toml_is_told() {
        let words = Words::of("en").unwrap();
        for (text, count) in [
            ("", 2),
            ("= 1", 1),
            ("colour = 1\nstate-dir = '/x'\nlink-name = 'h'", 1),
            ("state-dir = 3\nlink-name = 'h'", 1),
            ("state-dir = '/x'\nlink-name = 'h'\npage-key = '/k'", 1),
            (
                "state-dir = '/x'\nlink-name = 'h'\nmail-relay = 'smtps://m.example.org'",
                1,
            ),
            (
                "state-dir = '/x'\nlink-name = 'h'\nmail-relay = 'smtp-plain://m.example.org'",
                1,
            ),
        ] {
            let problems = HubConfig::parse(text).unwrap_err();
            assert_eq!(problems.len(), count, "{text}: {problems:?}");
            assert!(
                problems
                    .iter()
                    .all(|problem| !problem.say(&words).contains('«'))
            );
        }
        for key in KEYS {
            assert!(words.has(&format!("hub-config-allowed-{key}")), "{key}");
        }
    }

    #[test]
    fn a_link_name_may_carry_its_own_port() {
        for (name, expected) in [
            ("hub.example.org", "hub.example.org:7443"),
            ("hub.example.org:443", "hub.example.org:443"),
            ("192.0.2.1", "192.0.2.1:7443"),
            ("2001:db8::1", "[2001:db8::1]:7443"),
        ] {
            let config = HubConfig::new("/x".into(), name);
            let address = config.link_address(LINK_PORT).unwrap();
            assert_eq!(address.to_string(), expected);
        }
    }
}
