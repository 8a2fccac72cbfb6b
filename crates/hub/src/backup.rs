//! Backup and restore: the store as it stands at one moment and the certificate authority, in one
//! folder, with a list that tells whether it is whole.
//!
//! The list (`backup.json`) is written last: a folder without one is half a backup and is refused.

use std::collections::BTreeMap;
use std::fs;
use std::io::{self, Write as _};
use std::os::unix::fs::{DirBuilderExt as _, OpenOptionsExt as _};
use std::path::{Path, PathBuf};

use larum_core::time::Timestamp;
use serde::{Deserialize, Serialize};
use sha2::{Digest as _, Sha256};

use crate::config::HubConfig;
use crate::config::store::StoreConfig;
use crate::read;
use crate::store::StoreError;
use crate::store::sql::SqlStore;
use crate::store::sql::copy::TableCount;
use crate::store::sql::sum::TableSum;

/// The form of the list that this program writes, and the newest it reads.
const VERSION: u32 = 1;
/// Largest list read, in bytes.
const MAX_LIST_BYTES: u64 = 1_048_576;
/// Bytes hashed at once.
const HASH_BYTES: usize = 1 << 16;
const LIST: &str = "backup.json";
const STORE: &str = "hub.sqlite";
const AUTHORITY: &str = "authority";

/// What a backup holds.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct List {
    /// Form of this list.
    version: u32,
    /// When it was made, milliseconds since the epoch.
    made: i64,
    /// Rows by table.
    pub tables: BTreeMap<String, u64>,
    /// SHA-256 by file.
    files: BTreeMap<String, String>,
}

impl List {
    /// When it was made.
    #[must_use]
    pub const fn made(&self) -> Timestamp {
        Timestamp::from_millis(self.made)
    }

    /// Rows of all tables.
    #[must_use]
    pub fn rows(&self) -> u64 {
        self.tables.values().sum()
    }
}

/// Why it could not be done.
#[derive(Debug, thiserror::Error)]
pub enum BackupError {
    /// A file.
    #[error("{file}: {source}")]
    File {
        /// Which.
        file: PathBuf,
        /// Why.
        source: io::Error,
    },
    /// The store.
    #[error(transparent)]
    Store(#[from] StoreError),
    /// There is something already where it would go.
    #[error("{0} is there already")]
    Exists(PathBuf),
    /// The folder holds no whole backup: a file is missing or changed, or a table has another count.
    #[error("{0} is not as it was when the backup was made")]
    Damaged(String),
    /// Made by a newer program.
    #[error("the backup was made by a newer program")]
    TooNew,
}

/// Saves the hub into the new folder `to`, while it goes on running.
///
/// # Errors
/// When the folder is there already, or something cannot be read or written.
pub fn backup(
    store: &SqlStore,
    config: &HubConfig,
    to: &Path,
    now: Timestamp,
) -> Result<List, BackupError> {
    new_folder(to)?;
    let counts = store.save_to(&to.join(STORE))?;
    let mut files = BTreeMap::new();
    private(&to.join(STORE))?;
    files.insert(STORE.to_owned(), hash(&to.join(STORE))?);
    new_folder(&to.join(AUTHORITY))?;
    for name in names(&config.authority_dir())? {
        let copy = to.join(AUTHORITY).join(&name);
        copy_private(&config.authority_dir().join(&name), &copy)?;
        files.insert(format!("{AUTHORITY}/{name}"), hash(&copy)?);
    }
    let list = List {
        version: VERSION,
        made: now.as_millis(),
        tables: by_table(counts),
        files,
    };
    let text = serde_json::to_string_pretty(&list).map_err(io::Error::from);
    let file = to.join(LIST);
    text.and_then(|text| {
        let mut open = create(&file)?;
        open.write_all(text.as_bytes())?;
        open.sync_all()?;
        fs::File::open(to)?.sync_all()
    })
    .map_err(at(&file))?;
    Ok(list)
}

/// Puts the backup in `from` where `config` says, on a machine that has no hub there, and compares
/// every count.
///
/// # Errors
/// When there is a hub already, or the backup is not whole. Nothing is changed in a hub that is
/// there.
pub fn restore(from: &Path, config: &HubConfig) -> Result<List, BackupError> {
    for taken in [config.store_file(), config.authority_dir()] {
        if taken.exists() {
            return Err(BackupError::Exists(taken));
        }
    }
    let list = read_list(from)?;
    let server = empty_server(config)?;
    for (name, expected) in &list.files {
        let is_ours = *name == STORE
            || name
                .strip_prefix(AUTHORITY)
                .and_then(|rest| rest.strip_prefix('/'))
                .is_some_and(|rest| !rest.contains('/') && rest != "..");
        if !is_ours || hash(&from.join(name)).ok().as_ref() != Some(expected) {
            return Err(BackupError::Damaged(name.clone()));
        }
    }
    for folder in [config.state_dir.clone(), config.authority_dir()] {
        if !folder.exists() {
            new_folder(&folder)?;
        }
    }
    for name in list.files.keys() {
        copy_private(&from.join(name), &config.state_dir.join(name))?;
    }
    let store = SqlStore::open(&config.store_file())?;
    let restored = match server {
        None => by_table(store.row_counts()?),
        Some(server) => {
            // What was carried on into ClickHouse was compared there.
            let copied = store.copy_into(&server)?;
            drop(store);
            fs::remove_file(config.store_file()).map_err(at(&config.store_file()))?;
            let pair = |sum: TableSum| (sum.table, sum.rows);
            copied.into_iter().map(pair).collect()
        }
    };
    let wrong = list
        .tables
        .iter()
        .find(|(table, rows)| restored.get(*table).unwrap_or(&0) != *rows);
    match wrong {
        Some((table, _)) => Err(BackupError::Damaged(table.clone())),
        None => Ok(list),
    }
}

/// The database server the hub is to use, if it is to use one: it must be empty before anything is put
/// anywhere.
fn empty_server(config: &HubConfig) -> Result<Option<SqlStore>, BackupError> {
    if config.store == StoreConfig::Embedded {
        return Ok(None);
    }
    let server = config.open_store()?;
    // Whoever opens a store that uses ClickHouse writes down that it does.
    let is_filled = |table: &TableCount| table.rows > 0 && table.table != "feed";
    if server.row_counts()?.iter().any(is_filled) {
        return Err(BackupError::Exists(config.store_place().into()));
    }
    Ok(Some(server))
}

fn by_table(counts: Vec<TableCount>) -> BTreeMap<String, u64> {
    let pair = |count: TableCount| (count.table, count.rows);
    counts.into_iter().map(pair).collect()
}

fn read_list(from: &Path) -> Result<List, BackupError> {
    let file = from.join(LIST);
    let text = read::text(&file, MAX_LIST_BYTES).map_err(at(&file))?;
    let list: List =
        serde_json::from_str(&text).map_err(|_| BackupError::Damaged(LIST.to_owned()))?;
    if list.version > VERSION {
        return Err(BackupError::TooNew);
    }
    Ok(list)
}

fn names(folder: &Path) -> Result<Vec<String>, BackupError> {
    let mut names = Vec::new();
    for entry in fs::read_dir(folder).map_err(at(folder))? {
        let entry = entry.map_err(at(folder))?;
        if entry.file_type().map_err(at(folder))?.is_file()
            && let Ok(name) = entry.file_name().into_string()
        {
            names.push(name);
        }
    }
    names.sort();
    Ok(names)
}

fn hash(file: &Path) -> Result<String, BackupError> {
    use std::io::Read as _;
    let mut open = fs::File::open(file).map_err(at(file))?;
    let mut hasher = Sha256::new();
    let mut buffer = vec![0; HASH_BYTES];
    loop {
        let read = open.read(&mut buffer).map_err(at(file))?;
        match buffer.get(..read) {
            Some([]) | None => break,
            Some(bytes) => hasher.update(bytes),
        }
    }
    Ok(data_encoding::HEXLOWER.encode(&hasher.finalize()))
}

fn new_folder(folder: &Path) -> Result<(), BackupError> {
    if folder.exists() {
        return Err(BackupError::Exists(folder.to_owned()));
    }
    fs::DirBuilder::new()
        .mode(0o700)
        .create(folder)
        .map_err(at(folder))
}

/// A new file that is its owner's alone.
fn create(file: &Path) -> io::Result<fs::File> {
    let mut options = fs::OpenOptions::new();
    options.write(true).create_new(true).mode(0o600).open(file)
}

fn copy_private(from: &Path, to: &Path) -> Result<(), BackupError> {
    let copied = || -> io::Result<()> {
        let mut out = create(to)?;
        io::copy(&mut fs::File::open(from)?, &mut out)?;
        out.sync_all()
    };
    copied().map_err(at(to))
}

fn private(file: &Path) -> Result<(), BackupError> {
    use std::os::unix::fs::PermissionsExt as _;
    fs::set_permissions(file, fs::Permissions::from_mode(0o600)).map_err(at(file))
}

fn at(file: &Path) -> impl Fn(io::Error) -> BackupError + use<> {
    let file = file.to_owned();
    move |source| BackupError::File {
        file: file.clone(),
        source,
    }
}
