//! Signing in without a passkey: a link by e-mail, handed to a real receiver, and a code of an app.

#![expect(
    clippy::unwrap_used,
    clippy::indexing_slicing,
    reason = "a test fails by panicking"
)]

mod firms;
mod inbox;
mod visitor;

use firms::Firms;
use inbox::{by_link, link_secret, receiver, set_up};
use larum_hub_lib::access::Role;
use larum_hub_lib::people::totp;
use larum_hub_lib::store::people::People as _;
use visitor::Browser;

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
    let secret = link_secret(&mail, "/sign-in/");
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
