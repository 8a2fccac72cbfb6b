//! A PostgreSQL server of the test's own, and a store on each engine.
//!
//! The server's data lies in a temporary folder and it listens on a socket there, nowhere else. It
//! refuses to run as root, so a test that does starts it as another user.

#![expect(
    clippy::unwrap_used,
    clippy::panic,
    clippy::print_stderr,
    reason = "a test fails by panicking, and says why it was skipped"
)]
#![allow(dead_code, reason = "each test file uses a part of it")]

pub mod clickhouse;

use std::os::unix::fs::PermissionsExt;
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
    /// Where it also listens on loopback, asking for a password; 0 for nowhere.
    port: u16,
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
            port: 0,
        };
        run(server
            .program("initdb")
            .args([
                "--auth-local=trust",
                "--auth-host=scram-sha-256",
                "--username=larum",
                "--encoding=UTF8",
                "-D",
            ])
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
        assert!(self.try_up(), "the server does not start");
    }

    fn try_up(&self) -> bool {
        let network = match self.port {
            0 => "-c listen_addresses=".to_owned(),
            port => format!("-c listen_addresses=127.0.0.1 -p {port}"),
        };
        let options = format!("{network} -c fsync=off -k {}", self.folder.path().display());
        // A server that was started keeps what it inherited, so its output must not be a pipe.
        self.program("pg_ctl")
            .args(["-w", "-t", "120", "-l"])
            .arg(self.folder.path().join("log"))
            .args(["-o", &options, "-D"])
            .arg(self.data())
            .arg("start")
            .stdin(Stdio::null())
            .stdout(Stdio::null())
            .stderr(Stdio::null())
            .status()
            .unwrap()
            .success()
    }

    /// Lets the server listen on loopback too, with TLS where `identity` (key and certificate, PEM)
    /// is given; the port. A password is asked for there.
    pub fn on_network(&mut self, identity: Option<(&str, &str)>, password: &str) -> u16 {
        let (key, certificate) = (
            self.data().join("server.key"),
            self.data().join("server.crt"),
        );
        if let Some((key_pem, certificate_pem)) = identity {
            for (file, pem) in [(&key, key_pem), (&certificate, certificate_pem)] {
                std::fs::write(file, pem).unwrap();
                std::fs::set_permissions(file, PermissionsExt::from_mode(0o600)).unwrap();
                if let Some(user) = self.user {
                    run(Command::new("chown").arg(user).arg(file));
                }
            }
            self.sql("ALTER SYSTEM SET ssl = on");
        }
        self.sql(&format!("ALTER USER larum PASSWORD '{password}'"));
        self.stop("fast");
        // Somebody else may take the port before the server does.
        for _ in 0..20 {
            let free = std::net::TcpListener::bind("127.0.0.1:0").unwrap();
            self.port = free.local_addr().unwrap().port();
            drop(free);
            if self.try_up() {
                return self.port;
            }
        }
        panic!("no port is free");
    }

    /// Runs a statement as the owner of everything.
    pub fn sql(&self, statement: &str) -> String {
        run(self
            .client("psql")
            .args(["-qtA", "-d", "postgres", "-c", statement]))
        .trim()
        .to_owned()
    }

    /// Whether the sessions in a database are encrypted: `true`, `false`, or both.
    pub fn encrypted(&self, database: &str) -> String {
        self.sql(&format!(
            "SELECT string_agg(DISTINCT ssl::text, ',') FROM pg_stat_ssl
             JOIN pg_stat_activity USING (pid) WHERE datname = '{database}'"
        ))
    }

    /// Ends the one session of a database that holds a lock for as long as it lives: the lead's.
    pub fn end_lead(&self, database: &str) {
        let ended = self.sql(&format!(
            "SELECT count(pg_terminate_backend(pid)) FROM pg_locks
             WHERE locktype = 'advisory' AND database =
             (SELECT oid FROM pg_database WHERE datname = '{database}')"
        ));
        assert_eq!(ended, "1");
    }

    /// What the files of a database's tables hold, all of it written out.
    pub fn tables(&self, database: &str) -> Vec<u8> {
        self.sql("CHECKPOINT");
        let which = format!("SELECT oid FROM pg_database WHERE datname = '{database}'");
        let folder = self.data().join("base").join(self.sql(&which));
        let mut bytes = Vec::new();
        for entry in std::fs::read_dir(folder).unwrap() {
            bytes.extend(std::fs::read(entry.unwrap().path()).unwrap());
        }
        bytes
    }

    fn client(&self, name: &str) -> Command {
        let mut command = self.program(name);
        command.args(["-U", "larum", "-h"]).arg(self.folder.path());
        if self.port != 0 {
            command.args(["-p", &self.port.to_string()]);
        }
        command
    }

    /// The folder of its socket.
    pub fn folder(&self) -> &Path {
        self.folder.path()
    }

    /// Stops the server as a crash would.
    pub fn crash(&self) {
        self.stop("immediate");
    }

    fn stop(&self, how: &str) {
        run(self
            .program("pg_ctl")
            .args(["-w", "-m", how, "-D"])
            .arg(self.data())
            .arg("stop"));
    }

    /// The address of an empty database of this name.
    pub fn database(&self, name: &str) -> String {
        run(self.client("createdb").args(["-T", "template0", name]));
        format!(
            "host={} user=larum dbname={name}",
            self.folder.path().display()
        )
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
