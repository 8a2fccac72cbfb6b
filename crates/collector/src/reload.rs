//! What may change while the collector runs: the firm's own formats, read again when asked, and its
//! lists of indicators, read again when their files change.

use std::path::PathBuf;
use std::sync::{Arc, Mutex, PoisonError};
use std::time::Duration;

use larum_core::address::Network;
use larum_core::parse::Formats;
use larum_link::clock::Clock;
use tokio::sync::watch;

use crate::board::{Board, Trouble};
use crate::config::Config;
use crate::listen::{Certificates, CertificatesError};
use crate::lists::{ListPaths, Lists, Marks, Unreadable};
use crate::own_formats::{self, OwnFormatsError};
use crate::packs::Packed;
use crate::run::StartError;
use crate::shared::Shared;

/// How often the files of lists are looked at. They are read once they have looked the same twice, so
/// that one that is still being written is not read.
const LOOK_EVERY: Duration = Duration::from_secs(60);

/// Reads again what may change while the collector runs.
#[derive(Clone)]
pub struct Reload {
    folder: Option<PathBuf>,
    packed: Arc<Packed>,
    formats: watch::Sender<Arc<Formats>>,
    list_paths: ListPaths,
    lists: watch::Sender<Arc<Lists>>,
    /// What the files of the lists looked like when they were read.
    marks: Arc<Mutex<Marks>>,
    own: Vec<Network>,
    certificates: Arc<Mutex<Vec<Arc<Certificates>>>>,
    clock: Clock,
    board: Arc<Board>,
}

/// Where the pipeline learns what changed.
pub(crate) struct Changing {
    pub formats: watch::Receiver<Arc<Formats>>,
    pub lists: watch::Receiver<Arc<Lists>>,
}

impl Reload {
    /// Reads everything for the first time.
    pub(crate) fn new(
        config: &Config,
        shared: &Shared,
        packed: &Arc<Packed>,
        board: &Arc<Board>,
        clock: &Clock,
    ) -> Result<(Self, Changing), StartError> {
        let formats = if config.formats.is_none() && packed.formats.is_empty() {
            Arc::clone(&shared.formats)
        } else {
            let own = config.formats.as_deref();
            Arc::new(own_formats::load_with(own, &packed.formats)?)
        };
        let (formats, formats_changed) = watch::channel(formats);
        let (lists, lists_changed) = watch::channel(Arc::default());
        let reload = Self {
            folder: config.formats.clone(),
            packed: Arc::clone(packed),
            formats,
            list_paths: ListPaths {
                indicators: config.indicators.clone(),
                never: config.never_match.clone(),
                packed: Arc::clone(packed),
            },
            lists,
            marks: Arc::default(),
            own: config.own_networks.clone(),
            certificates: Arc::default(),
            clock: clock.clone(),
            board: Arc::clone(board),
        };
        reload.lists()?;
        let changing = Changing {
            formats: formats_changed,
            lists: lists_changed,
        };
        Ok((reload, changing))
    }

    /// Reads the firm's own format folder and has the next records read with what is in it. It waits
    /// for the disk.
    ///
    /// # Errors
    /// When the folder cannot be used; the formats of before stay, and the page says so.
    pub fn formats(&self) -> Result<(), OwnFormatsError> {
        let Some(folder) = &self.folder else {
            return Ok(());
        };
        let loaded = own_formats::load_with(Some(folder), &self.packed.formats);
        self.board
            .lock()
            .trouble(Trouble::FormatsWrong, loaded.is_err());
        self.formats.send_replace(Arc::new(loaded?));
        Ok(())
    }

    /// Reads the lists and has the next records held against them. It waits for the disk, and holds
    /// the old lists and the new ones in memory until the old ones are given up.
    ///
    /// # Errors
    /// When a list cannot be read; the lists of before stay, and the page says so.
    pub fn lists(&self) -> Result<(), Unreadable> {
        // Before they are read: what changes meanwhile is read again.
        *self.marks.lock().unwrap_or_else(PoisonError::into_inner) = self.list_paths.marks();
        let mut own = self.own.clone();
        own.extend(self.learned_own());
        let loaded = self.list_paths.load(&own, Some(self.clock.now()));
        self.board
            .lock()
            .trouble(Trouble::ListsUnreadable, loaded.is_err());
        let lists = loaded?;
        for report in &lists.reports {
            tracing::info!(
                taken = report.taken(),
                refused = report.refused(),
                "indicators read"
            );
        }
        self.lists.send_replace(Arc::new(lists));
        Ok(())
    }

    /// Names the certificates of the listeners.
    pub(crate) fn certificates_are(&self, certificates: Vec<Arc<Certificates>>) {
        *self.own_certificates() = certificates;
    }

    fn own_certificates(&self) -> std::sync::MutexGuard<'_, Vec<Arc<Certificates>>> {
        self.certificates
            .lock()
            .unwrap_or_else(PoisonError::into_inner)
    }

    /// Reads the certificates of all listeners again; connections from now on see them. It waits for
    /// the disk.
    ///
    /// # Errors
    /// With the first that cannot be used; those of before stay, and the page says so.
    pub fn certificates(&self) -> Result<(), CertificatesError> {
        let all = self.own_certificates().clone();
        let renewed = all.iter().try_for_each(|one| one.renew());
        let mut posted = self.board.lock();
        posted.trouble(Trouble::CertificateUnusable, renewed.is_err());
        renewed
    }

    /// Reads those again whose files have changed.
    fn look_at_certificates(&self) {
        let all = self.own_certificates().clone();
        for one in &all {
            match one.renew_if_changed() {
                Ok(false) => {}
                Ok(true) => {
                    tracing::info!("a listener's certificate was read again");
                    let mut posted = self.board.lock();
                    posted.trouble(Trouble::CertificateUnusable, false);
                }
                Err(_) => {
                    let mut posted = self.board.lock();
                    posted.trouble(Trouble::CertificateUnusable, true);
                }
            }
        }
    }

    fn learned_own(&self) -> Vec<Network> {
        let posted = self.board.lock();
        let rows = posted.learned.own.iter();
        rows.filter_map(|row| row.network.parse().ok()).collect()
    }

    /// Looks after the lists' files until `stopped`.
    pub(crate) async fn watch_lists(self, mut stopped: watch::Receiver<bool>) {
        if self.list_paths.is_empty() && self.own_certificates().is_empty() {
            return;
        }
        let mut seen = Marks::new();
        loop {
            tokio::select! {
                () = tokio::time::sleep(LOOK_EVERY) => {}
                _ = stopped.wait_for(|stopped| *stopped) => return,
            }
            let reload = self.clone();
            let before = std::mem::take(&mut seen);
            let looked = tokio::task::spawn_blocking(move || {
                reload.look_at_certificates();
                reload.look(before)
            });
            let looked = looked.await;
            seen = looked.unwrap_or_default();
        }
    }

    /// Looks at the files once, and reads them when they have changed since they were read and not
    /// since `before`, the look before this one.
    fn look(&self, before: Marks) -> Marks {
        let marks = self.list_paths.marks();
        let known = self
            .marks
            .lock()
            .unwrap_or_else(PoisonError::into_inner)
            .clone();
        if marks != known && marks == before && self.lists().is_err() {
            tracing::warn!("a list cannot be read; the lists of before stay");
        }
        marks
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn changed_lists_are_read_once_they_have_settled() {
        let folder = tempfile::tempdir().unwrap();
        let list = folder.path().join("bad.txt");
        std::fs::write(&list, "192.0.2.1\n").unwrap();
        let mut config = Config::new(folder.path());
        config.indicators = vec![list.clone()];
        config.own_networks = vec!["198.51.100.0/29".parse().unwrap()];
        let shared = Shared::built_in().unwrap();
        let board = Arc::new(Board::new(
            folder.path(),
            &crate::checkpoint::Checkpoint::default(),
        ));
        let (reload, changing) = {
            let packed = Arc::default();
            Reload::new(&config, &shared, &packed, &board, &Clock::system()).unwrap()
        };
        let taken = || changing.lists.borrow().reports[0].taken();
        assert_eq!(taken(), 1);
        let seen = reload.look(Marks::new());
        assert_eq!(reload.look(seen), reload.list_paths.marks());
        std::fs::write(&list, "192.0.2.1\n192.0.2.20\n198.51.100.2\n").unwrap();
        let seen = reload.look(Marks::new());
        assert_eq!(taken(), 1, "still being written, perhaps");
        reload.look(seen);
        assert_eq!(taken(), 2);
        std::fs::remove_file(&list).unwrap();
        let seen = reload.look(Marks::new());
        reload.look(seen);
        assert_eq!(taken(), 2, "the lists of before stay");
        assert!(board.lock().troubles.contains(&Trouble::ListsUnreadable));
        std::fs::write(&list, "192.0.2.1\n").unwrap();
        let seen = reload.look(Marks::new());
        reload.look(seen);
        assert_eq!(taken(), 1);
        assert!(!board.lock().troubles.contains(&Trouble::ListsUnreadable));
    }
}
