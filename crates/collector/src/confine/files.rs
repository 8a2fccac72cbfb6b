//! Which files and ports the configuration names, and nothing else.

use std::path::{Path, PathBuf};

use landlock::{
    ABI, Access as _, AccessFs, AccessNet, NetPort, Ruleset, RulesetAttr as _,
    RulesetCreatedAttr as _, RulesetError, RulesetStatus, path_beneath_rules,
};

use crate::config::{CertificateFrom, Config};

/// The newest Landlock this program knows; an older kernel does what it can.
const NEWEST: ABI = ABI::V5;
/// What the system's libraries read to look up names and load what they need.
const SYSTEM: [&str; 9] = [
    "/etc",
    "/lib",
    "/lib64",
    "/usr",
    "/proc",
    "/sys/devices/system",
    "/run/systemd/resolve",
    "/run/resolvconf",
    "/run/nscd",
];
/// Where the system keeps its journal.
const JOURNALS: [&str; 3] = ["/var/log/journal", "/run/log/journal", "/run/systemd"];
/// Devices of the system that are read, or written to.
const DEVICES: [&str; 4] = ["/dev/null", "/dev/urandom", "/dev/random", "/dev/zero"];

/// How far files are confined.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Reach {
    /// As far as this program knows how to.
    Full,
    /// As far as this kernel knows how to.
    Partly,
    /// This kernel has no Landlock, or it is switched off.
    Not,
}

impl Reach {
    /// The word in the log.
    #[must_use]
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::Full => "full",
            Self::Partly => "partly",
            Self::Not => "not",
        }
    }
}

/// What the collector may reach.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Places {
    /// Folders that are written, with all that is in them.
    pub written: Vec<PathBuf>,
    /// Folders that are read, with all that is in them, beside those of the system.
    pub read: Vec<PathBuf>,
    /// Ports that are listened on over TCP; `None` when the system chooses one, which cannot be named.
    pub ports: Option<Vec<u16>>,
    /// Whether programs of the system are run.
    pub runs_programs: bool,
}

impl Places {
    /// What `config`, read from `file`, needs.
    #[must_use]
    pub fn of(config: &Config, file: &Path) -> Self {
        let mut read: Vec<PathBuf> = Vec::new();
        let named = |read: &mut Vec<PathBuf>, path: &Path| {
            read.push(if path.is_dir() {
                path.to_owned()
            } else {
                folder_of(path)
            });
        };
        named(&mut read, file);
        for input in &config.files {
            read.push(folder_of(&input.path));
        }
        if let Some(journal) = &config.journal {
            read.extend(JOURNALS.map(PathBuf::from));
            read.extend(journal.folder.clone());
        }
        let lists = config.indicators.iter().chain(&config.never_match);
        for path in lists.chain(&config.rules).chain(&config.formats) {
            named(&mut read, path);
        }
        for listen in &config.listen {
            if let Some(path) = &listen.token_file {
                named(&mut read, path);
            }
            let Some(tls) = &listen.tls else { continue };
            if let Some(path) = &tls.client_authority {
                named(&mut read, path);
            }
            if let CertificateFrom::Files { certificate, key } = &tls.certificate {
                named(&mut read, certificate);
                named(&mut read, key);
            }
        }
        // What is read there is moved or deleted.
        let dropped = config.folders.iter().map(|input| folder_of(&input.path));
        let written = std::iter::once(config.state_dir.clone()).chain(dropped);
        Self {
            written: written.collect(),
            read: read.iter().map(|path| existing(path)).collect(),
            ports: ports_of(config),
            // The journal is read by the system's own program.
            runs_programs: config.journal.is_some(),
        }
    }
}

/// The folder that holds every file that `path`, perhaps a pattern, may name.
fn folder_of(path: &Path) -> PathBuf {
    let is_pattern = |path: &Path| path.to_string_lossy().contains(['*', '?']);
    let mut folder = path.parent();
    while let Some(parent) = folder.filter(|parent| is_pattern(parent)) {
        folder = parent.parent();
    }
    match folder {
        Some(folder) if !folder.as_os_str().is_empty() => folder.to_owned(),
        _ => PathBuf::from("."),
    }
}

/// `path`, or the nearest folder above it that is there: a rule can only be made for what is.
fn existing(path: &Path) -> PathBuf {
    let there = path.ancestors().find(|ancestor| ancestor.exists());
    match there {
        Some(there) if !there.as_os_str().is_empty() => there.to_owned(),
        _ => PathBuf::from("."),
    }
}

fn ports_of(config: &Config) -> Option<Vec<u16>> {
    let listeners = config
        .listen
        .iter()
        .filter(|listen| !listen.transport.is_over_udp())
        .map(|listen| listen.address);
    let pages = config.page_address.iter().chain(&config.metrics_address);
    let ports: Vec<u16> = listeners
        .chain(pages.copied())
        .map(|address| address.port())
        .collect();
    (!ports.contains(&0)).then_some(ports)
}

/// Gives up everything else, on this thread and those it will start.
pub(super) fn confine(places: &Places) -> Result<Reach, RulesetError> {
    let all = AccessFs::from_all(NEWEST);
    let read = AccessFs::ReadFile | AccessFs::ReadDir;
    let system = if places.runs_programs {
        AccessFs::from_read(NEWEST)
    } else {
        read
    };
    let mut rules = Ruleset::default().handle_access(all)?;
    if places.ports.is_some() {
        rules = rules.handle_access(AccessNet::BindTcp)?;
    }
    let devices = AccessFs::ReadFile | AccessFs::WriteFile;
    let mut rules = rules
        .create()?
        .add_rules(path_beneath_rules(&places.written, all))?
        .add_rules(path_beneath_rules(&places.read, read))?
        .add_rules(path_beneath_rules(SYSTEM, system))?
        .add_rules(path_beneath_rules(DEVICES, devices))?;
    for port in places.ports.iter().flatten() {
        rules = rules.add_rule(NetPort::new(*port, AccessNet::BindTcp))?;
    }
    let status = rules.restrict_self()?;
    Ok(match status.ruleset {
        RulesetStatus::FullyEnforced => Reach::Full,
        RulesetStatus::PartiallyEnforced => Reach::Partly,
        RulesetStatus::NotEnforced => Reach::Not,
    })
}
