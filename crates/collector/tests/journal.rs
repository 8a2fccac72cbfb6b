//! The system's journal, read through a program that writes what `journalctl --output=export` would.
#![expect(clippy::unwrap_used, reason = "a test fails by panicking")]

mod rig;

use std::fmt::Write as _;
use std::os::unix::fs::PermissionsExt as _;
use std::path::Path;

use larum_collector::Config;
use larum_collector::config::JournalInput;
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
