//! The system's journal, read through a program that writes what `journalctl --output=export` would.
#![expect(clippy::unwrap_used, reason = "a test fails by panicking")]
#![expect(clippy::expect_used, reason = "a test fails by panicking")]

mod rig;

use std::fmt::Write as _;
use std::io::Write as _;
use std::os::unix::fs::PermissionsExt as _;
use std::path::Path;
use std::process::Command;

use larum_collector::Config;
use larum_collector::config::{JournalInput, Start};
use larum_link::clock::Clock;
use rig::{Started, config, failed};

/// A journal of `entries`, and a program that shows what stands after the cursor it is given, then waits
/// as one that follows.
fn journal(folder: &Path, entries: usize) -> JournalInput {
    let mut text = String::new();
    for entry in 0..entries {
        let (_, message) = failed(entry)
            .split_once("]: ")
            .map(|(a, b)| (a.to_owned(), b.to_owned()))
            .unwrap();
        write!(
            text,
            "__CURSOR=c{entry}\n__REALTIME_TIMESTAMP=1795374{entry:03}000000\nPRIORITY=6\nSYSLOG_FACILITY=10\n\
             SYSLOG_IDENTIFIER=sshd\n_PID=811\n_HOSTNAME=gate\n_CMDLINE=sshd: [accepted]\nMESSAGE={message}\n\n"
        )
        .unwrap();
    }
    std::fs::write(folder.join("export"), text).unwrap();
    let script = format!(
        "#!/bin/sh\nfor argument; do case $argument in --after-cursor=*) after=${{argument#*=}};; esac; done\n\
         if [ -n \"$after\" ]; then sed \"1,/^__CURSOR=$after\\$/d\" {0}/export | sed '1,/^$/d'; else cat {0}/export; fi\n\
         exec sleep 600\n",
        folder.display()
    );
    let program = folder.join("journalctl");
    std::fs::write(&program, script).unwrap();
    std::fs::set_permissions(&program, std::fs::Permissions::from_mode(0o755)).unwrap();
    JournalInput {
        program,
        ..JournalInput::default()
    }
}

fn only(folder: &Path, input: JournalInput) -> Config {
    let mut config = config(folder);
    config.files.clear();
    config.listen.clear();
    config.journal = Some(input);
    config
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn entries_are_read_once_and_a_restart_continues_after_the_last() {
    let folder = tempfile::tempdir().unwrap();
    let started = Started::new(
        only(folder.path(), journal(folder.path(), 30)),
        Clock::system(),
    )
    .await;
    started.until_received(30).await;
    let total = started.stop().await;
    assert_eq!((total.events, total.received()), (30, 30));
    let started = Started::new(
        only(folder.path(), journal(folder.path(), 40)),
        Clock::system(),
    )
    .await;
    started.until_received(40).await;
    let total = started.stop().await;
    assert_eq!((total.events, total.received()), (40, 40));
}

/// Puts entries into a journal file by systemd's own program, as if the machine had logged them.
fn write_journal(folder: &Path, entries: std::ops::Range<usize>) {
    let mut export = Vec::new();
    for entry in entries {
        let (_, message) = failed(entry)
            .split_once("]: ")
            .map(|(a, b)| (a.to_owned(), b.to_owned()))
            .unwrap();
        write!(
            export,
            "__REALTIME_TIMESTAMP=1795374{entry:03}000000\n__MONOTONIC_TIMESTAMP={}\n\
             _BOOT_ID=00112233445566778899aabbccddeeff\n\
             _MACHINE_ID=ffeeddccbbaa99887766554433221100\nPRIORITY=6\nSYSLOG_FACILITY=10\n\
             SYSLOG_IDENTIFIER=sshd\n_PID=811\n_HOSTNAME=gate\nMESSAGE={message}\n",
            1 + entry
        )
        .unwrap();
        // A field with a line end in it is written by its length.
        let note = b"one line\nand another";
        export.extend_from_slice(b"NOTE\n");
        export.extend_from_slice(&(note.len() as u64).to_le_bytes());
        export.extend_from_slice(note);
        export.extend_from_slice(b"\n\n");
    }
    let file = folder.join("export");
    std::fs::write(&file, export).unwrap();
    let mut to = std::ffi::OsString::from("--output=");
    to.push(folder.join("journal/one.journal"));
    let written = Command::new("/lib/systemd/systemd-journal-remote")
        .arg(to)
        .arg(file)
        .output()
        .expect("systemd-journal-remote, which tools/test installs");
    assert!(written.status.success(), "{written:?}");
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_journal_of_systemds_own_making_is_read_by_systemds_own_program() {
    let folder = tempfile::tempdir().unwrap();
    std::fs::create_dir(folder.path().join("journal")).unwrap();
    let input = JournalInput {
        start: Start::Beginning,
        folder: Some(folder.path().join("journal")),
        ..JournalInput::default()
    };
    write_journal(folder.path(), 0..30);
    let started = Started::new(only(folder.path(), input.clone()), Clock::system()).await;
    started.until_received(30).await;
    // What is written while it is followed comes too.
    write_journal(folder.path(), 30..40);
    started.until_received(40).await;
    let total = started.stop().await;
    assert_eq!((total.events, total.received()), (40, 40));
    // After a restart it goes on behind the last.
    write_journal(folder.path(), 40..50);
    let started = Started::new(only(folder.path(), input), Clock::system()).await;
    started.until_received(50).await;
    let total = started.stop().await;
    assert_eq!((total.events, total.received()), (50, 50));
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_program_that_is_not_there_is_told() {
    let folder = tempfile::tempdir().unwrap();
    let input = JournalInput {
        program: folder.path().join("none"),
        ..JournalInput::default()
    };
    let started = Started::new(only(folder.path(), input), Clock::system()).await;
    while started.running.board.lock().troubles.is_empty() {
        tokio::task::yield_now().await;
    }
    started.stop().await;
}
