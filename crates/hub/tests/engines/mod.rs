//! A PostgreSQL server of the test's own, and a store on each engine.
//!
//! The server's data lies in a temporary folder and it listens on a socket there, nowhere else. It
//! refuses to run as root, so a test that does starts it as another user.

#![expect(
    clippy::unwrap_used,
    clippy::print_stderr,
    reason = "a test fails by panicking, and says why it was skipped"
)]
#![allow(dead_code, reason = "each test file uses a part of it")]

use std::path::{Path, PathBuf};
use std::process::{Command, Stdio};

use larum_hub_lib::store::sql::SqlStore;

/// Users a test that runs as root starts the server as; the first that exists.
const USERS: [&str; 2] = ["postgres", "nobody"];

/// A running server; it is stopped and its folder removed at the end.
pub struct Server {
    folder: tempfile::TempDir,
    programs: PathBuf,
    user: Option<&'static str>,
}

impl Server {
    /// Starts one, or `None` (with a line on stderr) where PostgreSQL is not installed. With
    /// `LARUM_REQUIRE_CORPUS` set, as CI has it, a missing server fails the test.
    pub fn start() -> Option<Self> {
        let Some(programs) = programs() else {
            assert!(
                std::env::var_os("LARUM_REQUIRE_CORPUS").is_none(),
                "PostgreSQL is not installed: install the Debian package postgresql"
            );
            eprintln!("skipped: PostgreSQL is not installed (Debian package postgresql)");
            return None;
        };
        let folder = tempfile::tempdir().unwrap();
        let is_root = run(Command::new("id").arg("-u")).trim() == "0";
        let user = is_root.then(|| {
            *USERS
                .iter()
                .find(|user| {
                    Command::new("id")
                        .arg(user)
                        .output()
                        .unwrap()
                        .status
                        .success()
                })
                .unwrap()
        });
        if let Some(user) = user {
            run(Command::new("chown").arg(user).arg(folder.path()));
        }
        let server = Self {
            folder,
            programs,
            user,
        };
        run(server
            .program("initdb")
            .args(["--auth=trust", "--username=larum", "--encoding=UTF8", "-D"])
            .arg(server.data()));
        server.up();
        Some(server)
    }

    fn program(&self, name: &str) -> Command {
        let path = self.programs.join(name);
        let mut command = match self.user {
            Some(user) => {
                let mut command = Command::new("runuser");
                command.args(["-u", user, "--"]).arg(path);
                command
            }
            None => Command::new(path),
        };
        command.current_dir(self.folder.path());
        command
    }

    fn data(&self) -> PathBuf {
        self.folder.path().join("data")
    }

    /// Starts the server and waits until it answers. Everything a server does for durability stays
    /// on but the wait for the disk itself: only the process is killed here, never the machine.
    pub fn up(&self) {
        let options = format!(
            "-c listen_addresses= -c fsync=off -k {}",
            self.folder.path().display()
        );
        run(self
            .program("pg_ctl")
            .args(["-w", "-t", "120", "-l"])
            .arg(self.folder.path().join("log"))
            .args(["-o", &options, "-D"])
            .arg(self.data())
            .arg("start")
            .stdout(Stdio::null())
            .stderr(Stdio::null()));
    }

    /// Stops the server as a crash would.
    pub fn crash(&self) {
        run(self
            .program("pg_ctl")
            .args(["-w", "-m", "immediate", "-D"])
            .arg(self.data())
            .arg("stop"));
    }

    /// The address of an empty database of this name.
    pub fn database(&self, name: &str) -> String {
        let address = |database| {
            format!(
                "host={} user=larum dbname={database}",
                self.folder.path().display()
            )
        };
        let mut client = postgres::Client::connect(&address("postgres"), postgres::NoTls).unwrap();
        client
            .batch_execute(&format!("CREATE DATABASE {name} TEMPLATE template0"))
            .unwrap();
        address(name)
    }
}

impl Drop for Server {
    fn drop(&mut self) {
        let stopped = self
            .program("pg_ctl")
            .args(["-w", "-m", "immediate", "-D"])
            .arg(self.data())
            .arg("stop")
            .output();
        drop(stopped);
    }
}

/// Where the server's programs are: Debian keeps them outside the path.
fn programs() -> Option<PathBuf> {
    let versions = std::fs::read_dir("/usr/lib/postgresql").ok();
    let mut folders: Vec<PathBuf> = versions
        .into_iter()
        .flatten()
        .filter_map(|entry| Some(entry.ok()?.path().join("bin")))
        .collect();
    folders.sort();
    folders.extend(std::env::split_paths(&std::env::var_os("PATH")?));
    folders
        .into_iter()
        .find(|folder| folder.join("initdb").is_file() && folder.join("pg_ctl").is_file())
}

#[track_caller]
fn run(command: &mut Command) -> String {
    // A server that was started keeps what it inherited, so its output must not be a pipe.
    let is_quiet = format!("{command:?}").contains("\"start\"");
    if is_quiet {
        let status = command.status().unwrap();
        assert!(status.success(), "{command:?}");
        return String::new();
    }
    let output = command.output().unwrap();
    let told = String::from_utf8_lossy(&output.stderr);
    assert!(output.status.success(), "{command:?}: {told}");
    String::from_utf8(output.stdout).unwrap()
}

/// Runs `case` on an embedded store, by name of the engine.
pub fn embedded(case: impl FnOnce(&SqlStore)) {
    let folder = tempfile::tempdir().unwrap();
    case(&open(folder.path()));
}

/// An embedded store in a folder.
pub fn open(folder: &Path) -> SqlStore {
    SqlStore::open(&folder.join("hub.sqlite")).unwrap()
}
