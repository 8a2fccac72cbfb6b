//! The two records on the disk, opened for reading beside a running collector.

use std::io;
use std::path::{Path, PathBuf};

use larum_cli::exit::{Exit, failure};
use larum_collector::state::{LEDGER_FOLDER, SPOOL_FOLDER};
use larum_core::words::Words;
use larum_link::wire::Receipt;
use larum_spool::ledger::{Broken, Entry};
use larum_spool::{Fault, FolderStorage, Ledger, Limits, SpoolError};

/// Entries read at a time: each may be as large as a batch.
const PAGE: u64 = 16;

/// What a state folder holds of ours.
pub struct Records {
    folder: PathBuf,
    ledger: Option<Ledger>,
    /// The words to speak in.
    pub words: Words,
}

impl Records {
    /// Opens them.
    ///
    /// # Errors
    /// Exit 4 without such a folder, 5 when the ledger is damaged.
    pub fn open(folder: &Path) -> anyhow::Result<Self> {
        let words = Words::of("en")?;
        if !folder.is_dir() {
            let shown = folder.display().to_string();
            let message = words.say_with("outbox-no-state", &[("folder", shown.into())]);
            return Err(failure(Exit::NotFound, message));
        }
        let ledger_folder = folder.join(LEDGER_FOLDER);
        let ledger = match FolderStorage::read_only(&ledger_folder) {
            Ok(storage) => {
                Some(Ledger::look(storage).map_err(|error| told(&words, &ledger_folder, error))?)
            }
            Err(error) if error.kind() == io::ErrorKind::NotFound => None,
            Err(error) => return Err(unreadable(error, &ledger_folder)),
        };
        Ok(Self {
            folder: folder.to_owned(),
            ledger,
            words,
        })
    }

    /// Number of the newest batch; 0 if there is none.
    pub fn newest(&self) -> u64 {
        self.ledger
            .as_ref()
            .map_or(0, |ledger| ledger.head().sequence)
    }

    /// Number of the oldest batch that is kept, or will be the first.
    pub fn oldest(&self) -> u64 {
        self.ledger.as_ref().map_or(1, Ledger::first_kept)
    }

    /// Hands over the batches `first` to `last`, a few in memory at a time.
    ///
    /// # Errors
    /// Exit 5 when one is damaged, and whatever `take` says.
    pub fn each(
        &self,
        first: u64,
        last: u64,
        mut take: impl FnMut(Entry) -> anyhow::Result<()>,
    ) -> anyhow::Result<()> {
        let Some(ledger) = &self.ledger else {
            return Ok(());
        };
        let last = last.min(self.newest());
        let mut next = first.max(ledger.first_kept());
        while next <= last {
            let page_last = last.min(next.saturating_add(PAGE - 1));
            let entries = ledger
                .entries(next, page_last)
                .map_err(|error| told(&self.words, &self.folder.join(LEDGER_FOLDER), error))?;
            for entry in entries {
                take(entry)?;
            }
            next = page_last + 1;
        }
        Ok(())
    }

    /// What waits in the spool, oldest first, at most `max`, and how many wait in all.
    ///
    /// # Errors
    /// When the folder cannot be read.
    pub fn pending(&self, max: usize) -> anyhow::Result<(Vec<Vec<u8>>, u64)> {
        let folder = self.folder.join(SPOOL_FOLDER);
        let storage = match FolderStorage::read_only(&folder) {
            Ok(storage) => storage,
            Err(error) if error.kind() == io::ErrorKind::NotFound => return Ok((Vec::new(), 0)),
            Err(error) => return Err(unreadable(error, &folder)),
        };
        // Between the ledger and the spool a frame may be in both for a moment.
        let in_ledger = self
            .ledger
            .as_ref()
            .map_or(0, |ledger| ledger.head().spool_up_to);
        let (mut frames, mut count) = (Vec::new(), 0);
        larum_spool::visit(&storage, Limits::default(), &mut |number, frame| {
            if number > in_ledger {
                count += 1;
                if frames.len() < max {
                    frames.push(frame.to_vec());
                }
            }
            true
        })?;
        Ok((frames, count))
    }
}

/// The hub's receipt of a batch, if it has one that can be read.
pub fn receipt_of(entry: &Entry) -> Option<Receipt> {
    serde_json::from_slice(entry.receipt.as_deref()?).ok()
}

/// The error for a damaged ledger.
pub fn broken_by(words: &Words, folder: &Path, sequence: u64, what: &str) -> anyhow::Error {
    let message = words.say_with(
        "ledger-broken",
        &[
            ("sequence", sequence.to_string().into()),
            ("what", what.into()),
            ("folder", folder.display().to_string().into()),
        ],
    );
    failure(Exit::Conflict, message)
}

fn told(words: &Words, folder: &Path, error: SpoolError) -> anyhow::Error {
    let broken = error
        .source
        .as_ref()
        .and_then(|source| source.get_ref())
        .and_then(|inner| inner.downcast_ref::<Broken>());
    match broken {
        Some(broken) => broken_by(words, folder, broken.sequence, broken.what.code()),
        None if error.fault == Fault::VersionUnknown => broken_by(words, folder, 0, "version"),
        None => anyhow::Error::new(error).context(folder.display().to_string()),
    }
}

fn unreadable(error: io::Error, folder: &Path) -> anyhow::Error {
    anyhow::Error::new(error).context(folder.display().to_string())
}
