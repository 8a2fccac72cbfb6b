//! `larum-hub doctor`: how the hub is, and what to do where something is not as it should be.

use std::io::{Read as _, Write as _};
use std::net::{IpAddr, Ipv4Addr, Ipv6Addr, SocketAddr, TcpStream};
use std::os::unix::fs::PermissionsExt as _;
use std::path::PathBuf;
use std::time::Duration;

use larum_cli::exit::Exit;
use larum_collector::doctor::{Check, State, tell};
use larum_core::words::Words;
use larum_hub_lib::config::HubConfig;
use larum_hub_lib::config::store::StoreConfig;
use larum_hub_lib::enrol::rotation;
use larum_hub_lib::origin::Addresses;
use larum_hub_lib::renewed::Renewable as _;
use larum_hub_lib::store::audit::{Audit as _, Verified};
use larum_hub_lib::store::ingest::IngestStore as _;
use larum_hub_lib::store::people::People as _;
use larum_hub_lib::watch::exploited::Catalogue;
use larum_link::clock::Clock;

use super::check_config::load;
use super::serve::DEFAULT_CONFIG;

/// How long a door may take to answer.
const ANSWER_TIMEOUT: Duration = Duration::from_secs(5);
/// Most of an answer that is read, in bytes.
const MAX_ANSWER_BYTES: u64 = 4_096;
/// Batches that wait longer for ClickHouse are late.
const BEHIND_SECONDS: i64 = 300;
/// Ranges change hands: a file made longer ago is to be renewed.
const STALE_ADDRESSES_DAYS: i64 = 60;
const DAY_SECONDS: i64 = 86_400;
/// A collector not heard for this long is quiet.
const QUIET_SECONDS: i64 = 3_600;
/// Who had to wait for a quota within this time brings too much: six hours.
const OVER_QUOTA_SECONDS: i64 = 6 * 3_600;

/// An authority that ends within this time is to be changed: a year.
const ENDS_SOON_SECONDS: i64 = 366 * 86_400;

/// A certificate of the pages that ends within this time should have been renewed by now: two weeks.
const RENEWED_SECONDS: i64 = 14 * 86_400;

/// Arguments of `larum-hub doctor`.
#[derive(clap::Args)]
pub struct Args {
    /// The configuration file
    #[arg(long, value_name = "FILE", default_value = DEFAULT_CONFIG)]
    config: PathBuf,
    /// One JSON object per check instead of text, and a last one with the sum
    #[arg(long)]
    json: bool,
}

/// What was looked at, and how it is; the catalogue has `hub-doctor-NAME-STATE` and, where it is not
/// in order, `hub-doctor-NAME-STATE-fix`.
struct Look {
    name: &'static str,
    state: State,
    count: u64,
}

const fn look(name: &'static str, state: State) -> Look {
    Look {
        name,
        state,
        count: 0,
    }
}

/// Runs the command.
///
/// # Errors
/// 2 for a wrong configuration, 5 when something is broken, 74 when the configuration cannot be read.
pub fn run(args: &Args) -> anyhow::Result<Exit> {
    let words = Words::of("en")?;
    let config = load(&args.config, &words)?;
    let mut looks = vec![look("config", State::Ok)];
    looks.push(private(&config));
    looks.push(authority(&config));
    looks.extend(store(&config));
    looks.extend(certificate(&config));
    looks.extend(exploited(&config));
    looks.extend(addresses(&config));
    looks.push(pages(&config));
    looks.push(link(&config));
    looks.push(address(&config));
    let checks: Vec<Check> = looks.iter().map(|look| said(look, &words)).collect();
    let mut out = std::io::stdout().lock();
    let worst = tell(&mut out, &checks, args.json, &words)?;
    Ok(if worst == State::Broken {
        Exit::Conflict
    } else {
        Exit::Done
    })
}

fn said(look: &Look, words: &Words) -> Check {
    let result = look.state.as_str();
    let id = format!("hub-doctor-{}-{result}", look.name);
    Check {
        check: look.name,
        state: look.state,
        result,
        said: words.say_with(&id, &[("count", look.count.to_string().into())]),
        fix: (look.state != State::Ok).then(|| words.say(&format!("{id}-fix"))),
    }
}

/// Whoever else can read the authority's folder or the store can pose as the hub, or read every firm's.
fn private(config: &HubConfig) -> Look {
    let password = match &config.store {
        StoreConfig::Embedded => None,
        StoreConfig::Postgres(server) => server.password_file.clone(),
    };
    let sightings = match &config.store {
        StoreConfig::Embedded => None,
        StoreConfig::Postgres(server) => server
            .sightings
            .as_ref()
            .and_then(|sightings| sightings.password_file.clone()),
    };
    let secrets = password.into_iter().chain(sightings);
    let open = [config.authority_dir(), config.store_file()]
        .into_iter()
        // What the service is handed by systemd is systemd's to guard.
        .chain(secrets.filter(|file| file.is_absolute()))
        .filter_map(|path| std::fs::metadata(path).ok())
        .any(|found| found.permissions().mode() & 0o077 != 0);
    look("private", if open { State::Broken } else { State::Ok })
}

fn authority(config: &HubConfig) -> Look {
    let soon = Clock::system().now().plus_seconds(ENDS_SOON_SECONDS);
    let state = match rotation::standing(&config.authority_dir()) {
        Err(_) => State::Broken,
        Ok(found) => match found.authorities.first() {
            Some(signs) if signs.not_after < soon => State::Look,
            _ => State::Ok,
        },
    };
    look("authority", state)
}

fn store(config: &HubConfig) -> Vec<Look> {
    // Opening makes a store where there is none; looking must not.
    if config.lacks_store() {
        return vec![look("store", State::Broken)];
    }
    let Ok(store) = config.open_store() else {
        return vec![look("store", State::Broken)];
    };
    let ledger = match store.verify() {
        Ok(Verified::Whole { .. }) => State::Ok,
        Ok(Verified::Broken { .. }) | Err(_) => State::Broken,
    };
    let now = Clock::system().now();
    let collectors = store
        .counted(
            now.plus_seconds(-QUIET_SECONDS),
            now.plus_seconds(-OVER_QUOTA_SECONDS),
        )
        .unwrap_or_default();
    let counted = |name, count| Look {
        name,
        state: if count == 0 { State::Ok } else { State::Look },
        count,
    };
    let mut looks = vec![
        look("store", State::Ok),
        look("ledger", ledger),
        counted("quiet", collectors.quiet),
        counted("copied", collectors.copied),
        counted("over-quota", collectors.over_quota),
    ];
    if store.is_carried() {
        let behind = store.behind().unwrap_or_default();
        let old = behind.since.is_some_and(|since| {
            now.as_seconds().saturating_sub(since.as_seconds()) > BEHIND_SECONDS
        });
        looks.push(Look {
            name: "sightings",
            state: match (store.reach_clickhouse(), old) {
                (Err(_), _) => State::Broken,
                (Ok(()), true) => State::Look,
                (Ok(()), false) => State::Ok,
            },
            count: behind.batches,
        });
    }
    looks
}

/// A listening address as one calls it from this machine.
fn near(listen: SocketAddr) -> SocketAddr {
    let ip = match listen.ip() {
        IpAddr::V4(ip) if ip.is_unspecified() => IpAddr::V4(Ipv4Addr::LOCALHOST),
        IpAddr::V6(ip) if ip.is_unspecified() => IpAddr::V6(Ipv6Addr::LOCALHOST),
        ip => ip,
    };
    SocketAddr::new(ip, listen.port())
}

/// The certificate of the pages, where the hub has one.
fn certificate(config: &HubConfig) -> Option<Look> {
    let clock = Clock::system();
    let state = match config.page_certificate.as_ref()?.ends(&clock) {
        Err(_) => State::Broken,
        Ok(ends) if ends <= clock.now() => State::Broken,
        Ok(ends) if ends < clock.now().plus_seconds(RENEWED_SECONDS) => State::Look,
        Ok(_) => State::Ok,
    };
    Some(look("certificate", state))
}

/// The list of known-exploited weaknesses, where the hub has one: how many days ago it was released.
fn exploited(config: &HubConfig) -> Option<Look> {
    let file = config.known_exploited_file.as_ref()?;
    let now = Clock::system().now();
    Some(match Catalogue::read(file) {
        Err(_) => look("exploited", State::Broken),
        Ok(list) => Look {
            name: "exploited",
            state: if list.is_stale(now) {
                State::Look
            } else {
                State::Ok
            },
            count: list.age_days(now),
        },
    })
}

/// The files that say where addresses are registered, where the hub has any: the oldest one's age in days.
fn addresses(config: &HubConfig) -> Option<Look> {
    let now = Clock::system().now().as_seconds();
    let ages: Result<Vec<i64>, _> = config
        .address_files
        .iter()
        .map(|file| Addresses::read(file).map(|one| (now - one.made.as_seconds()) / DAY_SECONDS))
        .collect();
    let oldest = match ages {
        Err(_) => return Some(look("addresses", State::Broken)),
        Ok(ages) => ages.into_iter().max()?,
    };
    Some(Look {
        name: "addresses",
        state: if oldest > STALE_ADDRESSES_DAYS {
            State::Look
        } else {
            State::Ok
        },
        count: u64::try_from(oldest).unwrap_or_default(),
    })
}

fn pages(config: &HubConfig) -> Look {
    if config.page_certificate.is_some() {
        let open = TcpStream::connect_timeout(&near(config.page_listen), ANSWER_TIMEOUT).is_ok();
        return look("pages", if open { State::Ok } else { State::Look });
    }
    let ask = || -> std::io::Result<bool> {
        let address = near(config.page_listen);
        let mut stream = TcpStream::connect_timeout(&address, ANSWER_TIMEOUT)?;
        stream.set_read_timeout(Some(ANSWER_TIMEOUT))?;
        stream.set_write_timeout(Some(ANSWER_TIMEOUT))?;
        stream.write_all(
            format!("GET /health HTTP/1.1\r\nhost: {address}\r\nconnection: close\r\n\r\n")
                .as_bytes(),
        )?;
        let mut heard = Vec::new();
        stream.take(MAX_ANSWER_BYTES).read_to_end(&mut heard)?;
        Ok(heard.starts_with(b"HTTP/1.1 200"))
    };
    look(
        "pages",
        match ask() {
            Ok(true) => State::Ok,
            Ok(false) => State::Broken,
            Err(_) => State::Look,
        },
    )
}

fn link(config: &HubConfig) -> Look {
    let address = near(config.link_listen);
    let open = TcpStream::connect_timeout(&address, ANSWER_TIMEOUT).is_ok();
    look("link", if open { State::Ok } else { State::Look })
}

/// Without TLS in front, sessions and keys cross the network in clear.
fn address(config: &HubConfig) -> Look {
    let safe = config
        .page_url
        .as_deref()
        .is_some_and(|url| url.starts_with("https://"));
    look("address", if safe { State::Ok } else { State::Look })
}
