//! The log of a hub that people and programs use, and misuse, holds nobody's name, address or secret.

#![expect(
    clippy::unwrap_used,
    clippy::indexing_slicing,
    clippy::panic,
    reason = "a test fails by panicking"
)]

mod firms;
mod inbox;
mod visitor;

use std::io::{self, Write};
use std::net::SocketAddr;
use std::sync::{Arc, Mutex};
use std::time::Duration;

use firms::Firms;
use inbox::set_up;
use larum_hub_lib::access::Role;
use larum_hub_lib::store::people::People as _;
use tokio::io::{AsyncBufReadExt as _, AsyncWriteExt as _, BufReader};
use tokio::net::{TcpListener, TcpStream};
use visitor::Browser;

/// Longer than anything here may take; reached only when a test fails.
const PATIENCE: Duration = Duration::from_secs(60);
/// What strangers type here, in every place they can.
const MARK: &str = "zwetschge";

/// The log, as it is written.
#[derive(Clone, Default)]
struct Log(Arc<Mutex<Vec<u8>>>);

impl Write for Log {
    fn write(&mut self, bytes: &[u8]) -> io::Result<usize> {
        self.0.lock().unwrap().extend_from_slice(bytes);
        Ok(bytes.len())
    }

    fn flush(&mut self) -> io::Result<()> {
        Ok(())
    }
}

impl Log {
    /// What the hub itself has logged so far.
    fn ours(&self) -> String {
        let text = String::from_utf8(self.0.lock().unwrap().clone()).unwrap();
        text.lines()
            .filter(|line| line.contains("\"target\":\"larum"))
            .fold(String::new(), |all, line| all + line + "\n")
    }

    async fn says(&self, wanted: &str) {
        let waited = async {
            while !self.ours().contains(wanted) {
                tokio::time::sleep(Duration::from_millis(20)).await;
            }
        };
        tokio::time::timeout(PATIENCE, waited)
            .await
            .unwrap_or_else(|_| panic!("{wanted}: {}", self.ours()));
    }
}

/// A relay that takes nobody, and says whom.
async fn refusing_relay() -> SocketAddr {
    let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
    let address = listener.local_addr().unwrap();
    tokio::spawn(async move {
        while let Ok((stream, _)) = listener.accept().await {
            tokio::spawn(refuse(stream));
        }
    });
    address
}

async fn refuse(stream: TcpStream) -> io::Result<()> {
    let (from, mut to) = stream.into_split();
    let mut lines = BufReader::new(from).lines();
    to.write_all(b"220 mail.example.org\r\n").await?;
    while let Some(line) = lines.next_line().await? {
        let answer = match line.split([' ', ':']).next().unwrap_or_default() {
            "EHLO" | "HELO" | "MAIL" | "RSET" => "250 fine\r\n".to_owned(),
            _ => format!("550 5.1.1 nobody here: {line}\r\n"),
        };
        to.write_all(answer.as_bytes()).await?;
    }
    Ok(())
}

#[tokio::test(flavor = "multi_thread")]
async fn the_log_holds_nobodys_name_address_or_secret() {
    let log = Log::default();
    let writer = log.clone();
    tracing_subscriber::fmt()
        .json()
        .with_max_level(tracing::Level::TRACE)
        .with_writer(move || writer.clone())
        .init();
    let firms = Firms::with_mail(refusing_relay().await).await;
    let sam = firms.person(Role::Member, Some(0), None);
    let person = firms.store.person(sam).unwrap();
    let visitor = Browser::new(firms.address);

    let form = format!(
        "firm={MARK}+Boats&domain={MARK}.example&contact={MARK}&email={MARK}@{MARK}.example\
         &register=company&number=1234567&ico=&sector=retail&size=micro&postcode=EX1&area=E23000035"
    );
    assert_eq!(visitor.post("/join", &form).await.status(), 200);
    log.says("a link to confirm could not be mailed").await;
    let asked = format!("email={}", person.email);
    visitor.post("/sign-in/email", &asked).await;
    log.says("a sign-in link could not be mailed").await;
    for path in [
        format!("/members/{MARK}"),
        format!("/{MARK}?{MARK}={MARK}"),
        format!("/join/{MARK}"),
        format!("/api/v1/own/warnings?{MARK}={MARK}"),
    ] {
        assert_ne!(visitor.get(&path).await.status(), 200, "{path}");
    }
    let header = ("authorization", "Bearer zwetschge");
    assert_eq!(visitor.send_with("/api/v1/key", header).await.status(), 401);
    let guess = format!("secret={MARK}");
    assert_ne!(visitor.post("/sign-in", &guess).await.status(), 200);
    let wrong = format!("email={MARK}%00&{MARK}=%ff");
    visitor.post("/sign-in/email", &wrong).await;
    let (inside, ..) = set_up(&firms, sam).await;
    assert_eq!(inside.get("/home").await.status(), 200);
    log.says("signed in").await;

    let said = log.ours();
    assert!(said.lines().count() > 5, "{said}");
    for secret in [MARK, &person.email, &person.name, "Bearer"] {
        let found = said.lines().find(|line| line.contains(secret));
        assert_eq!(found, None, "{secret}");
    }
}
