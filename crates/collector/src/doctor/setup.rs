//! The configuration, what it names, and the folders.

use std::fs;
use std::io;
use std::os::unix::fs::{MetadataExt as _, PermissionsExt as _};
use std::path::Path;

use larum_core::parse::Formats;

use super::{Examination, State};
use crate::config::{Config, ConfigError};
use crate::identity;
use crate::lists::ListPaths;
use crate::own_formats;
use crate::state::{LEDGER_FOLDER, SPOOL_FOLDER};

/// Least room on the disk that is fine, in bytes; below it the collector tells too.
const ROOM_BYTES: u64 = 1 << 30;

/// Reads the configuration, and everything it names.
pub(super) fn config(to: &mut Examination, file: &Path) -> Option<Config> {
    let path = file.display().to_string();
    let config = match Config::load(file) {
        Ok(config) => config,
        Err(ConfigError::Unreadable(problem)) => {
            let args = [
                ("path", path.into()),
                ("problem", problem.to_string().into()),
            ];
            to.enter("config", "unreadable", State::Broken, &args);
            return None;
        }
        Err(ConfigError::Wrong(problems)) => {
            for problem in &problems {
                let args = [
                    ("path", path.clone().into()),
                    ("problem", problem.say(&to.words).into()),
                ];
                to.enter("config", "wrong", State::Broken, &args);
            }
            return None;
        }
    };
    to.enter("config", "right", State::Ok, &[("path", path.into())]);
    if !config.has_input() {
        to.enter("config", "no-input", State::Broken, &[]);
    }
    if let Some(folder) = &config.formats {
        let problem = own_formats::read_folder(folder)
            .map_err(|problem| problem.to_string())
            .and_then(|files| {
                let files: Vec<(&str, &str)> = files
                    .iter()
                    .map(|(name, text)| (&**name, &**text))
                    .collect();
                let read = Formats::with_own(&files).map(drop);
                read.map_err(|error| {
                    error
                        .problems
                        .iter()
                        .map(ToString::to_string)
                        .collect::<Vec<_>>()
                        .join("; ")
                })
            });
        named(to, "formats", problem.err());
    }
    let lists = ListPaths {
        indicators: config.indicators.clone(),
        never: config.never_match.clone(),
        ..ListPaths::default()
    };
    if !lists.is_empty() {
        let read = lists.load(&config.own_networks, Some(to.now));
        named(to, "lists", read.err().map(|problem| problem.to_string()));
    }
    followed(to, &config);
    Some(config)
}

fn named(to: &mut Examination, check: &'static str, problem: Option<String>) {
    match problem {
        None => to.enter(check, "right", State::Ok, &[]),
        Some(problem) => {
            to.enter(
                check,
                "wrong",
                State::Broken,
                &[("problem", problem.into())],
            );
        }
    }
}

/// Whether the files that are to be followed can be read by whoever asks.
fn followed(to: &mut Examination, config: &Config) {
    for file in &config.files {
        let path = file.path.display().to_string();
        let args = [("path", path.clone().into())];
        if path.contains(['*', '?']) {
            continue;
        }
        match fs::File::open(&file.path) {
            Ok(_) => to.enter("file", "right", State::Ok, &args),
            Err(error) if error.kind() == io::ErrorKind::PermissionDenied => {
                to.enter("file", "denied", State::Broken, &args);
            }
            Err(_) => to.enter("file", "missing", State::Look, &args),
        }
    }
}

/// Rights of the folders, and room on their disk.
pub(super) fn folders(to: &mut Examination, state_dir: &Path) {
    let folder = state_dir.display().to_string();
    let about = match fs::metadata(state_dir) {
        Ok(about) if about.is_dir() => about,
        Ok(_) => {
            to.enter(
                "state",
                "no-folder",
                State::Broken,
                &[("folder", folder.into())],
            );
            return;
        }
        Err(_) => {
            to.enter(
                "state",
                "missing",
                State::Broken,
                &[("folder", folder.into())],
            );
            return;
        }
    };
    let mut fine = true;
    let own = about.uid();
    for (path, private) in [
        (state_dir.to_owned(), 0o077),
        (state_dir.join(identity::FOLDER), 0o077),
        (
            state_dir.join(identity::FOLDER).join("identity.json"),
            0o077,
        ),
        (state_dir.join(SPOOL_FOLDER), 0o022),
        (state_dir.join(LEDGER_FOLDER), 0o022),
    ] {
        let Ok(about) = fs::metadata(&path) else {
            continue;
        };
        let args = [
            ("path", path.display().to_string().into()),
            (
                "mode",
                format!("{:o}", about.permissions().mode() & 0o777).into(),
            ),
        ];
        if about.permissions().mode() & private != 0 {
            fine = false;
            to.enter("state", "open", State::Broken, &args);
        } else if about.uid() != own {
            fine = false;
            to.enter("state", "owner", State::Broken, &args);
        }
    }
    if fs::read_dir(state_dir).is_err() {
        fine = false;
        to.enter(
            "state",
            "denied",
            State::Look,
            &[("folder", folder.clone().into())],
        );
    }
    if fine {
        to.enter("state", "right", State::Ok, &[("folder", folder.into())]);
    }
    room(to, state_dir);
}

fn room(to: &mut Examination, state_dir: &Path) {
    let Some((free, all)) = crate::health::room(state_dir) else {
        return;
    };
    let args = [
        ("free", (free >> 20).to_string().into()),
        ("all", (all >> 20).to_string().into()),
    ];
    if free < ROOM_BYTES && free < all / 10 {
        to.enter("disk", "full", State::Broken, &args);
    } else {
        to.enter("disk", "right", State::Ok, &args);
    }
}
