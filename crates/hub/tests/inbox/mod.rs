//! What several tests of signing in need: a receiver of mail, and people who have proved themselves.

#![allow(dead_code, reason = "each test file uses a part of it")]

use data_encoding::BASE32_NOPAD;
use larum_hub_lib::id::PersonId;
use larum_hub_lib::people::totp;
use larum_link::clock::Clock;
use tokio::io::{AsyncBufReadExt as _, AsyncWriteExt as _, BufReader};
use tokio::net::{TcpListener, TcpStream};
use tokio::sync::mpsc;

use crate::firms::Firms;
use crate::visitor::Browser;

/// A mail as it was received: for whom, and its text.
pub type Mail = (String, String);

/// Receives mail on a free port of this machine (RFC 5321, as much as a sender needs).
pub async fn receiver() -> (std::net::SocketAddr, mpsc::Receiver<Mail>) {
    let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
    let address = listener.local_addr().unwrap();
    let (mails_in, mails) = mpsc::channel(10);
    tokio::spawn(async move {
        loop {
            let (stream, _) = listener.accept().await.unwrap();
            tokio::spawn(receive(stream, mails_in.clone()));
        }
    });
    (address, mails)
}

async fn receive(stream: TcpStream, mails: mpsc::Sender<Mail>) -> std::io::Result<()> {
    let (from, mut to) = stream.into_split();
    let mut lines = BufReader::new(from).lines();
    to.write_all(b"220 mail.example.org\r\n").await?;
    let mut person = String::new();
    while let Some(line) = lines.next_line().await? {
        let word = line.split([' ', ':']).next().unwrap_or_default();
        let answer = match word {
            "EHLO" | "HELO" | "MAIL" | "RSET" => "250 fine",
            "RCPT" => {
                person = line.clone();
                "250 fine"
            }
            "DATA" => {
                to.write_all(b"354 go on\r\n").await?;
                let mut text = String::new();
                while let Some(line) = lines.next_line().await?.filter(|line| line != ".") {
                    text.push_str(&line);
                    text.push('\n');
                }
                mails.send((person.clone(), text)).await.unwrap();
                "250 received"
            }
            "QUIT" => {
                to.write_all(b"221 bye\r\n").await?;
                return Ok(());
            }
            _ => "500 what?",
        };
        to.write_all(format!("{answer}\r\n").as_bytes()).await?;
    }
    Ok(())
}

/// The secret of the link to `path` in a mail, however the text was packed.
pub fn link_secret(mail: &str, path: &str) -> String {
    let text = mail.replace("=\n", "").replace("=3D", "=");
    let (_, rest) = text.split_once(path).unwrap();
    rest.chars().take(43).collect()
}

/// Signs in by link, and no further.
pub async fn by_link(firms: &Firms, person: PersonId) -> Browser {
    Browser::signed_in(firms, &firms.link_for(person)).await
}

/// The secret that the page shows as text.
fn shown_secret(page: &str) -> Vec<u8> {
    let (_, rest) = page.split_once("<code>").unwrap();
    let spelled = rest.split('<').next().unwrap().replace(' ', "");
    BASE32_NOPAD.decode(spelled.as_bytes()).unwrap()
}

/// Sets an app up, from a first link: the browser signed in, the app's secret, the step of the code
/// used, the recovery codes.
pub async fn set_up(firms: &Firms, person: PersonId) -> (Browser, Vec<u8>, i64, Vec<String>) {
    let mut browser = by_link(firms, person).await;
    assert_eq!(
        browser.get("/account").await.headers()["location"],
        "/sign-in/next"
    );
    let page = browser.get("/account/codes/add").await.into_body();
    assert!(page.contains("<svg class=\"qr\""), "{page}");
    let secret = shown_secret(&page);
    let again = browser.get("/account/codes/add").await.into_body();
    assert_eq!(shown_secret(&again), secret, "the same until it counts");
    assert_eq!(
        browser.post("/account/codes", "code=12").await.status(),
        422
    );
    let step = totp::step(Clock::system().now());
    let form = format!("code={}", totp::code(&secret, step));
    let answer = browser.post("/account/codes", &form).await;
    assert_eq!(answer.status(), 200);
    let (_, rest) = answer.body().split_once("<code>").unwrap();
    let shown = rest.split('<').next().unwrap();
    let recovery: Vec<String> = shown.lines().map(str::to_owned).collect();
    assert_eq!(recovery.len(), 10);
    browser.keep(&answer);
    (browser, secret, step, recovery)
}
