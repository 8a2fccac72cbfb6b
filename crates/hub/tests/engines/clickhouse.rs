//! A current ClickHouse engine, served over HTTP by `tools/clickhouse/serve`.

use std::io::{BufRead as _, BufReader, Read as _, Write as _};
use std::net::TcpStream;
use std::path::{Path, PathBuf};
use std::process::{Child, Command, Stdio};

use larum_hub_lib::store::sql::clickhouse::Server;

const USER: &str = "larum";
const PASSWORD: &str = "not a secret";

/// A running engine; it ends with the test, or when it is dropped.
pub struct Engine {
    folder: tempfile::TempDir,
    child: Child,
    port: u16,
}

impl Engine {
    /// Starts one, or `None` (with a line on stderr) where the Python package is not installed. With
    /// `LARUM_REQUIRE_CORPUS` set, as CI has it, a missing package fails the test.
    pub fn start() -> Option<Self> {
        Self::serving(&[])
    }

    /// Starts one that is spoken to over TLS, with this key and certificate.
    pub fn encrypted(key: &str, certificate: &str) -> Option<Self> {
        Self::serving(&[("certificate", certificate), ("key", key)])
    }

    fn serving(files: &[(&str, &str)]) -> Option<Self> {
        let has = Command::new("python3")
            .args([
                "-c",
                "import importlib.util as u; exit(u.find_spec('chdb') is None)",
            ])
            .stderr(Stdio::null())
            .status();
        if !has.is_ok_and(|status| status.success()) {
            assert!(
                std::env::var_os("LARUM_REQUIRE_CORPUS").is_none(),
                "the Python package chdb-core is not installed: run tools/test"
            );
            eprintln!("skipped: the Python package chdb-core is not installed (tools/test)");
            return None;
        }
        let folder = tempfile::tempdir().unwrap();
        let mut more = Vec::new();
        for (name, text) in files {
            more.push(folder.path().join(name));
            std::fs::write(folder.path().join(name), text).unwrap();
        }
        let (child, port) = serve(folder.path(), &more);
        Some(Self {
            folder,
            child,
            port,
        })
    }

    /// Kills it as a crash would.
    pub fn crash(&mut self) {
        self.child.kill().unwrap();
        self.child.wait().unwrap();
    }

    /// Stops it as a machine that hangs would (`STOP`), or lets it go on (`CONT`): it takes connections
    /// meanwhile, and answers nothing.
    pub fn signal(&self, name: &str) {
        let number = self.child.id().to_string();
        let sent = Command::new("kill").args(["-s", name, &number]).status();
        assert!(sent.unwrap().success(), "{name}");
    }

    /// Starts it again after a crash, with the same data, on another port.
    pub fn up(&mut self) {
        (self.child, self.port) = serve(self.folder.path(), &[]);
    }

    /// An empty database of this name.
    pub fn database(&self, name: &str) -> Server {
        self.ask("default", &format!("CREATE DATABASE {name}"));
        self.server(name)
    }

    /// Where it listens on this machine.
    pub const fn port(&self) -> u16 {
        self.port
    }

    /// Who may ask it, and by which password.
    pub const fn user() -> (&'static str, &'static str) {
        (USER, PASSWORD)
    }

    /// A database that is there.
    pub fn server(&self, name: &str) -> Server {
        Server {
            address: format!("http://127.0.0.1:{}/{name}", self.port),
            user: USER.to_owned(),
            password: Some(PASSWORD.to_owned()),
            ca_file: PathBuf::new(),
        }
    }

    /// What a statement gives.
    pub fn ask(&self, database: &str, sql: &str) -> String {
        let mut stream = TcpStream::connect(("127.0.0.1", self.port)).unwrap();
        let request = format!(
            "POST /?database={database} HTTP/1.1\r\nHost: here\r\nConnection: close\r\n\
             X-ClickHouse-User: {USER}\r\nX-ClickHouse-Key: {PASSWORD}\r\n\
             Content-Length: {}\r\n\r\n{sql}",
            sql.len()
        );
        stream.write_all(request.as_bytes()).unwrap();
        let mut answer = String::new();
        stream.read_to_string(&mut answer).unwrap();
        let (head, body) = answer.split_once("\r\n\r\n").unwrap();
        assert!(head.starts_with("HTTP/1.1 200"), "{sql}: {body}");
        body.trim().to_owned()
    }
}

impl Drop for Engine {
    fn drop(&mut self) {
        drop(self.child.kill());
        drop(self.child.wait());
    }
}

fn serve(folder: &Path, more: &[PathBuf]) -> (Child, u16) {
    let program = Path::new(env!("CARGO_MANIFEST_DIR")).join("../../tools/clickhouse/serve");
    let mut child = Command::new("python3")
        .arg(program)
        .arg(folder)
        .args([USER, PASSWORD])
        .args(more)
        .stdin(Stdio::piped())
        .stdout(Stdio::piped())
        .stderr(Stdio::inherit())
        .spawn()
        .unwrap();
    let mut line = String::new();
    let told = child.stdout.take().unwrap();
    BufReader::new(told).read_line(&mut line).unwrap();
    let port = line.trim().parse().unwrap();
    (child, port)
}
