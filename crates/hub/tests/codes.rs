//! Signing in without a passkey: a link by e-mail, handed to a real receiver, and a code of an app.

#![expect(
    clippy::unwrap_used,
    clippy::indexing_slicing,
    reason = "a test fails by panicking"
)]

mod firms;
mod visitor;

use data_encoding::BASE32_NOPAD;
use firms::Firms;
use larum_hub_lib::access::Role;
use larum_hub_lib::id::PersonId;
use larum_hub_lib::people::totp;
use larum_hub_lib::store::people::People as _;
use larum_link::clock::Clock;
use tokio::io::{AsyncBufReadExt as _, AsyncWriteExt as _, BufReader};
use tokio::net::{TcpListener, TcpStream};
use tokio::sync::mpsc;
use visitor::Browser;

/// A mail as it was received: for whom, and its text.
type Mail = (String, String);

/// Receives mail on a free port of this machine (RFC 5321, as much as a sender needs).
async fn receiver() -> (std::net::SocketAddr, mpsc::Receiver<Mail>) {
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

/// The secret of the link in a mail, however the text was packed.
fn link_secret(mail: &str) -> String {
    let text = mail.replace("=\n", "").replace("=3D", "=");
    let (_, rest) = text.split_once("/sign-in/").unwrap();
    rest.chars().take(43).collect()
}

/// Signs in by link, and no further.
async fn by_link(firms: &Firms, person: PersonId) -> Browser {
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
async fn set_up(firms: &Firms, person: PersonId) -> (Browser, Vec<u8>, i64, Vec<String>) {
    let mut browser = by_link(firms, person).await;
    assert_eq!(
        browser.get("/home").await.headers()["location"],
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

#[tokio::test(flavor = "multi_thread")]
async fn a_link_by_mail_goes_to_those_who_are_known_and_nobody_can_tell() {
    let (relay, mut mails) = receiver().await;
    let firms = Firms::with_mail(relay).await;
    let sam = firms.person(Role::Member, Some(0), None);
    let email = firms.store.person(sam).unwrap().email;
    let mut browser = Browser::new(firms.address);
    assert!(
        browser
            .get("/sign-in")
            .await
            .body()
            .contains("Send me a link")
    );
    let stranger = browser
        .post("/sign-in/email", "email=nobody@example.org")
        .await;
    let known = browser
        .post("/sign-in/email", &format!("email={email}"))
        .await;
    assert_eq!(stranger.status(), known.status());
    assert_eq!(stranger.body(), known.body());
    let (to, mail) = mails.recv().await.unwrap();
    assert!(to.contains(&email), "{to}");
    assert!(mail.contains("Hello Sam Trelawney"), "{mail}");
    let secret = link_secret(&mail);
    let answer = browser.post("/sign-in", &format!("secret={secret}")).await;
    assert_eq!(answer.status(), 303);
    browser.keep(&answer);
    assert_eq!(
        browser.get("/home").await.headers()["location"],
        "/sign-in/next"
    );
    // A line break in what is typed reaches no header: nothing is sent for it.
    let evil = "email=a@example.org%0d%0aBcc:b@example.org";
    assert_eq!(browser.post("/sign-in/email", evil).await.status(), 200);
    assert!(mails.try_recv().is_err());
}

#[tokio::test(flavor = "multi_thread")]
async fn a_code_is_the_second_step_and_is_good_once() {
    let firms = Firms::in_use().await;
    let sam = firms.person(Role::Member, Some(0), None);
    let (browser, secret, step, recovery) = set_up(&firms, sam).await;
    assert_eq!(browser.get("/home").await.status(), 200);
    assert!(
        browser
            .get("/account")
            .await
            .body()
            .contains("10 recovery codes are left")
    );
    // The next link leads to the code, and to nothing else.
    let mut half = by_link(&firms, sam).await;
    for path in [
        "/home",
        "/account",
        "/account/codes/add",
        "/account/passkeys/add",
    ] {
        assert_eq!(
            half.get(path).await.headers()["location"],
            "/sign-in/next",
            "{path}"
        );
    }
    let used = format!("code={}&next=/home", totp::code(&secret, step));
    assert_eq!(
        half.post("/sign-in/code", &used).await.status(),
        403,
        "used"
    );
    let next = format!("code={}&next=/account", totp::code(&secret, step + 1));
    let before = half.cookie.clone();
    let answer = half.post("/sign-in/code", &next).await;
    assert_eq!(answer.headers()["location"], "/account");
    half.keep(&answer);
    assert_ne!(half.cookie, before, "more trust, another secret");
    let whole = half.get("/account").await;
    assert!(whole.body().contains("a link and a code"));
    let old = Browser {
        cookie: before,
        ..Browser::new(firms.address)
    };
    assert_eq!(old.get("/account").await.headers()["location"], "/sign-in");
    // A recovery code gets in once; where to go next is never elsewhere.
    let mut lost = by_link(&firms, sam).await;
    let form = format!("code={}&next=//evil.example", recovery[3].to_lowercase());
    let answer = lost.post("/sign-in/code", &form).await;
    assert_eq!(answer.headers()["location"], "/");
    lost.keep(&answer);
    assert!(
        lost.get("/account")
            .await
            .body()
            .contains("9 recovery codes are left")
    );
    let again = by_link(&firms, sam).await;
    assert_eq!(again.post("/sign-in/code", &form).await.status(), 403);
    // Ending all others leaves the one that asks.
    assert_eq!(lost.post("/account/sessions/end", "").await.status(), 303);
    assert_eq!(half.get("/account").await.headers()["location"], "/sign-in");
    assert_eq!(lost.get("/account").await.status(), 200);
}

#[tokio::test(flavor = "multi_thread")]
async fn five_wrong_codes_lock_for_a_while() {
    let firms = Firms::in_use().await;
    let sam = firms.person(Role::Member, Some(0), None);
    let (_, secret, step, recovery) = set_up(&firms, sam).await;
    let half = by_link(&firms, sam).await;
    for wrong in ["1", "12345", "abcdef", "1234567", "WRONG-WRONG"] {
        let answer = half.post("/sign-in/code", &format!("code={wrong}")).await;
        assert_eq!(answer.status(), 403);
        assert!(answer.body().contains("Wait for the next one"), "{wrong}");
    }
    let right = totp::code(&secret, step + 1);
    for code in [right.as_str(), recovery[0].as_str()] {
        let answer = half.post("/sign-in/code", &format!("code={code}")).await;
        assert!(answer.body().contains("too many wrong codes"), "{code}");
    }
    // Another person is not touched by it.
    let ali = firms.person(Role::Member, Some(1), None);
    let (browser, ..) = set_up(&firms, ali).await;
    assert_eq!(browser.get("/home").await.status(), 200);
}
