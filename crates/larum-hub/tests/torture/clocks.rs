//! A clock for one program that can be set while it runs: `libfaketime` of the distribution, which stands
//! between a program and the system's time of day. What counts elapsed time is left alone, as when a
//! person or a time server sets the clock of a machine.

use std::fs;
use std::io::Write as _;
use std::path::{Path, PathBuf};
use std::sync::LazyLock;

use super::world::Random;

/// Where the library is, if it is.
static LIBRARY: LazyLock<Option<PathBuf>> = LazyLock::new(|| {
    let folders = fs::read_dir("/usr/lib").ok()?;
    let library = |folder: PathBuf| folder.join("faketime/libfaketimeMT.so.1");
    let mut found = folders.flatten().map(|entry| library(entry.path()));
    found.find(|library| library.exists())
});

/// The clock of one program, as seconds beside the true one, in a file that the library reads.
#[derive(Clone)]
pub struct FarClock {
    file: PathBuf,
}

impl FarClock {
    /// Whether clocks can be set on this machine.
    pub fn there() -> bool {
        LIBRARY.is_some()
    }

    /// A clock that is right.
    pub fn new(file: &Path) -> Self {
        let clock = Self {
            file: file.to_owned(),
        };
        clock.set(0);
        clock
    }

    /// Sets it beside the true time. Always as many bytes, written over those before: there is room for
    /// that on a full disk, and the library never reads half of it.
    pub fn set(&self, seconds: i64) {
        let mut options = fs::File::options();
        let mut file = options
            .create(true)
            .truncate(false)
            .write(true)
            .open(&self.file)
            .unwrap();
        file.write_all(format!("{seconds:+08}\n").as_bytes())
            .unwrap();
    }

    /// Sets it right again; whether it was wrong.
    pub fn mend(&self) -> bool {
        let was = fs::read_to_string(&self.file).unwrap();
        self.set(0);
        was.trim() != "+0000000"
    }

    /// Removes what the library of a program that was killed leaves in memory.
    pub fn forget(process: u32) {
        for name in ["faketime_shm", "sem.faketime_sem"] {
            // One that ended in order has removed it.
            drop(fs::remove_file(format!("/dev/shm/{name}_{process}")));
        }
    }

    /// What a program needs in its environment to go by this clock.
    pub fn environment(&self) -> Vec<(&'static str, PathBuf)> {
        let Some(library) = LIBRARY.as_ref() else {
            return Vec::new();
        };
        vec![
            ("LD_PRELOAD", library.clone()),
            ("FAKETIME_TIMESTAMP_FILE", self.file.clone()),
            // Looked at again after a second.
            ("FAKETIME_CACHE_DURATION", "1".into()),
            ("FAKETIME_DONT_FAKE_MONOTONIC", "1".into()),
            ("NO_FAKE_STAT", "1".into()),
        ]
    }
}

/// Some seconds to three hours, forward or back. Days and years are the simulation's: a certificate ends
/// by them.
pub fn hours(random: &mut Random) -> i64 {
    let most = if random.below(2) == 0 { 90 } else { 10_800 };
    let seconds = i64::try_from(1 + random.below(most)).unwrap();
    if random.below(2) == 0 {
        seconds
    } else {
        -seconds
    }
}
