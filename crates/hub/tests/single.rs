//! Single sign-on: through the pages and a real Chromium with a provider that others wrote, and against
//! a provider of our own that does everything a bad one, or somebody in between, could do.

#![expect(
    clippy::unwrap_used,
    clippy::indexing_slicing,
    clippy::print_stderr,
    reason = "a test fails by panicking"
)]

mod driver;
mod firms;
mod inbox;
mod provider;
mod visitor;

use std::process::Child;
use std::sync::Arc;

use driver::{Driver, START, server, visit};
use fantoccini::{Client, Locator};
use firms::Firms;
use inbox::{by_link, set_up};
use larum_core::time::Timestamp;
use larum_hub_lib::access::Role;
use larum_hub_lib::people::oidc::fetch::Fetcher;
use larum_hub_lib::people::oidc::{Arrived, Back, Errand, OidcRefusal, Provider, Settings};
use larum_hub_lib::store::audit::Audit as _;
use larum_hub_lib::store::people::People as _;
use larum_link::clock::Clock;
use provider::{Lie, Op};
use visitor::Browser;

const URL: &str = "https://hub.example.org";
const KEY: [u8; 32] = [7; 32];

fn settings(name: &str, issuer: &str) -> Settings {
    Settings {
        name: name.to_owned(),
        label: format!("{name} sign-on"),
        issuer: issuer.to_owned(),
        client_id: "larum".to_owned(),
        secret: "swordfish & more".to_owned(),
        acr: vec!["phr".to_owned()],
        amr: vec!["mfa".to_owned()],
    }
}

fn provider(name: &str, issuer: &str) -> Arc<Provider> {
    let fetcher = Arc::new(Fetcher::new().unwrap());
    Arc::new(Provider::new(settings(name, issuer), fetcher))
}

fn now() -> Timestamp {
    Clock::system().now()
}

/// Leaves for `op` and comes back with what it answers.
async fn round(hub: &Provider, op: &Op, at: Timestamp) -> Result<Arrived, OidcRefusal> {
    let leaving = hub.leave(&KEY, Errand::SignIn, URL, at).await.unwrap()?;
    let answer = op.answer(&leaving.location, "pat");
    let back = Back {
        code: &answer.code,
        state: &answer.state,
        iss: &answer.iss,
        error: "",
    };
    hub.arrive(&KEY, Errand::SignIn, &leaving.cookie, back, URL, at)
        .await
}

#[tokio::test]
async fn every_lie_of_a_provider_is_refused_with_its_reason() {
    use OidcRefusal as No;
    let op = Op::start().await;
    let hub = provider("police", &op.issuer);
    let arrived = round(&hub, &op, now()).await.unwrap();
    assert_eq!(
        (arrived.issuer.as_str(), arrived.subject.as_str()),
        (&*op.issuer, "pat")
    );
    for (lie, expected) in [
        (Lie::Nonce, No::Nonce),
        (Lie::None, No::Algorithm),
        (Lie::Shared, No::Algorithm),
        (Lie::Audience, No::Audience),
        (Lie::Issuer, No::Issuer),
        (Lie::Expired, No::Time),
        (Lie::Forged, No::Signature),
        (Lie::Weak, No::Assurance),
        (Lie::Stale, No::Stale),
        (Lie::Huge, No::Provider),
        (Lie::Garbage, No::Token),
        (Lie::Refuses, No::Code),
    ] {
        op.tell(lie);
        assert_eq!(round(&hub, &op, now()).await, Err(expected), "{lie:?}");
    }
    op.tell(Lie::Nothing);
    assert!(round(&hub, &op, now()).await.is_ok());
}

#[tokio::test]
#[expect(
    clippy::too_many_lines,
    reason = "one answer, offered in every wrong place"
)]
async fn an_answer_is_for_one_browser_one_provider_and_one_errand() {
    use OidcRefusal as No;
    let (op, other) = (Op::start().await, Op::start().await);
    let hub = provider("police", &op.issuer);
    let (at, person) = (now(), Firms::in_use().await.somebody(Role::Officer));
    let leaving = hub
        .leave(&KEY, Errand::SignIn, URL, at)
        .await
        .unwrap()
        .unwrap();
    let answer = op.answer(&leaving.location, "pat");
    let back = Back {
        code: &answer.code,
        state: &answer.state,
        iss: &answer.iss,
        error: "",
    };
    let arrive = async |hub: &Provider, errand, cookie: &str, back, at| {
        hub.arrive(&KEY, errand, cookie, back, URL, at).await.err()
    };
    let cookie = leaving.cookie.as_str();
    let second = hub
        .leave(&KEY, Errand::SignIn, URL, at)
        .await
        .unwrap()
        .unwrap();
    let sign_in = Errand::SignIn;
    assert_eq!(
        arrive(&hub, sign_in, "", back, at).await,
        Some(No::State),
        "no cookie"
    );
    assert_eq!(
        arrive(&hub, sign_in, &second.cookie, back, at).await,
        Some(No::State),
        "another browser's"
    );
    let connect = Errand::Connect(person);
    assert_eq!(
        arrive(&hub, connect, cookie, back, at).await,
        Some(No::State),
        "another errand"
    );
    assert_eq!(
        arrive(&hub, sign_in, cookie, back, at.plus_seconds(300)).await,
        Some(No::State),
        "too late"
    );
    let mixed = provider("msp", &other.issuer);
    assert_eq!(
        arrive(&mixed, sign_in, cookie, back, at).await,
        Some(No::State),
        "another provider's"
    );
    let named = Back {
        iss: &other.issuer,
        ..back
    };
    assert_eq!(
        arrive(&hub, sign_in, cookie, named, at).await,
        Some(No::Issuer),
        "mixed up"
    );
    let silent = Back { iss: "", ..back };
    assert_eq!(
        arrive(&hub, sign_in, cookie, silent, at).await,
        Some(No::Issuer),
        "kept quiet"
    );
    let no = Back {
        error: "access_denied",
        ..back
    };
    assert_eq!(
        arrive(&hub, sign_in, cookie, no, at).await,
        Some(No::Denied)
    );
    // The code is bound to what only we can derive: somebody else's hub gets nothing for it.
    let stolen = hub.arrive(&[8; 32], sign_in, cookie, back, URL, at).await;
    assert_eq!(stolen, Err(No::State));
    assert_eq!(
        arrive(&hub, sign_in, cookie, back, at).await,
        None,
        "good after all that"
    );
    assert_eq!(
        arrive(&hub, sign_in, cookie, back, at).await,
        Some(No::Code),
        "replayed"
    );
    // A provider that says it is another, and one that is not there.
    let posing = provider("police", &format!("{}/", op.issuer));
    assert!(matches!(
        posing.leave(&KEY, sign_in, URL, at).await.unwrap(),
        Err(No::Issuer | No::Provider)
    ));
    let gone = provider("police", "http://127.0.0.1:1");
    assert_eq!(
        gone.leave(&KEY, sign_in, URL, at).await.unwrap().err(),
        Some(No::Provider)
    );
}

#[tokio::test]
async fn a_new_key_of_the_provider_is_fetched_and_a_stranger_cannot_make_us_ask_for_ever() {
    let op = Op::start().await;
    let hub = provider("police", &op.issuer);
    let at = now();
    round(&hub, &op, at).await.unwrap();
    assert_eq!(op.asked_for_keys(), 1);
    op.rotate();
    let soon = round(&hub, &op, at.plus_seconds(1)).await;
    assert_eq!(soon, Err(OidcRefusal::Signature), "asked a second ago");
    assert_eq!(op.asked_for_keys(), 1);
    round(&hub, &op, at.plus_seconds(61)).await.unwrap();
    round(&hub, &op, at.plus_seconds(62)).await.unwrap();
    assert_eq!(op.asked_for_keys(), 2);
}

/// Follows the hub to the provider and back, with the cookies that a browser would send.
async fn by_way_of(browser: &mut Browser, op: &Op, path: &str, subject: &str) -> (String, u16) {
    let left = browser.get(path).await;
    assert_eq!(left.status(), 303, "{path}: {}", left.body());
    let note = left.headers()["set-cookie"].to_str().unwrap().to_owned();
    assert!(
        note.contains("HttpOnly") && note.contains("SameSite=Lax"),
        "{note}"
    );
    let note = note.split(';').next().unwrap().to_owned();
    let session = browser.cookie.clone();
    browser.cookie = Some(match &session {
        Some(session) => format!("{session}; {note}"),
        None => note,
    });
    let answer = op.answer(left.headers()["location"].to_str().unwrap(), subject);
    let path = format!(
        "/sign-in/back/police?code={}&state={}&iss={}",
        answer.code, answer.state, answer.iss
    );
    let back = browser.get(&path).await;
    let status = back.status().as_u16();
    let both = browser.cookie.clone();
    browser.keep(&back);
    if back.headers().get("set-cookie").is_none() {
        browser.cookie = both;
    }
    (path, status)
}

#[tokio::test(flavor = "multi_thread")]
async fn an_account_is_connected_by_whoever_was_invited_and_by_nobody_else() {
    let op = Op::start().await;
    let firms = Firms::with_provider(settings("police", &op.issuer)).await;
    // A stranger with a good account there has none here.
    let mut stranger = Browser::new(firms.address);
    let (_, status) = by_way_of(&mut stranger, &op, "/sign-in/with/police", "eve").await;
    assert_eq!(status, 403);
    assert_eq!(stranger.get("/account").await.status(), 303);
    // Somebody invited connects theirs as their first proof, and is in.
    let ali = firms.somebody(Role::Officer);
    let mut browser = by_link(&firms, ali).await;
    assert!(
        browser
            .get("/sign-in/next")
            .await
            .body()
            .contains("Connect police sign-on")
    );
    let (_, status) = by_way_of(&mut browser, &op, "/account/single/police", "ali@there").await;
    assert_eq!(status, 303);
    assert_eq!(browser.get("/threats").await.status(), 200);
    // From then on it signs them in; the answer is good once, in the one browser.
    let mut later = Browser::new(firms.address);
    let path = "/sign-in/with/police?next=/threats";
    let (back, status) = by_way_of(&mut later, &op, path, "ali@there").await;
    assert_eq!(status, 303);
    assert_eq!(later.get("/threats").await.status(), 200);
    assert_eq!(later.get(&back).await.status(), 403, "replayed");
    assert_eq!(
        Browser::new(firms.address).get(&back).await.status(),
        403,
        "elsewhere"
    );
    // A link alone no longer makes a first proof for them.
    let half = by_link(&firms, ali).await;
    assert_eq!(half.get("/account/codes/add").await.status(), 303);
    let page = half.get("/sign-in/next").await.into_body();
    assert!(page.contains("Sign in with police sign-on"), "{page}");
    // One account is one person's.
    let kim = firms.person(Role::National, None, None);
    let (mut kim, ..) = set_up(&firms, kim).await;
    let (_, status) = by_way_of(&mut kim, &op, "/account/single/police", "ali@there").await;
    assert_eq!(status, 403);
    // The last thing somebody signs in with stays; a reset takes it, and the ledger tells.
    let kept = later.post("/account/single/police/remove", "").await;
    assert_eq!(kept.status(), 422);
    let out = later.post("/sign-out", "").await;
    assert!(
        out.body().contains("/end?client_id=larum"),
        "{}",
        out.body()
    );
    let words: Vec<String> = firms
        .store
        .acts(None, 50)
        .unwrap()
        .into_iter()
        .map(|row| row.action)
        .collect();
    assert!(words.contains(&"add-identity".to_owned()), "{words:?}");
    let by = larum_hub_lib::store::audit::Actor::program("test");
    firms.store.set_disabled(&by, ali, true, now()).unwrap();
    let mut shut = Browser::new(firms.address);
    let (_, status) = by_way_of(&mut shut, &op, "/sign-in/with/police", "ali@there").await;
    assert_eq!(status, 403, "shut out");
}

/// A provider that others wrote, ended with the test.
struct Theirs {
    process: Child,
    issuer: String,
}

impl Theirs {
    /// `None` where it is not installed; in CI it must be.
    async fn start() -> Option<Self> {
        let claims = serde_json::json!({ "sub": "pat@there", "acr": "phr", "amr": ["pwd", "mfa"],
            "auth_time": now().as_seconds() });
        let arguments = |port: u16| {
            let port = port.to_string();
            let claims = claims.to_string();
            let words = [
                "--port",
                &port,
                "--require-nonce",
                "true",
                "--user-claims",
                &claims,
            ];
            words.map(str::to_owned).to_vec()
        };
        let (process, port) = server("oidc-provider-mock", "run tools/test", arguments).await?;
        Some(Self {
            process,
            issuer: format!("http://127.0.0.1:{port}"),
        })
    }
}

impl Drop for Theirs {
    fn drop(&mut self) {
        drop(self.process.kill());
        drop(self.process.wait());
    }
}

async fn click(browser: &Client, xpath: &str) {
    let wait = browser.wait().at_most(START);
    let found = wait.for_element(Locator::XPath(xpath)).await.unwrap();
    found.click().await.unwrap();
}

#[tokio::test(flavor = "multi_thread")]
async fn browser_single_sign_on_with_a_provider_that_others_wrote() {
    let Some(driver) = Driver::start().await else {
        return;
    };
    let Some(theirs) = Theirs::start().await else {
        return;
    };
    let firms = Firms::with_provider(settings("police", &theirs.issuer)).await;
    let pat = firms.person(Role::Regional, None, Some("SWROCU"));
    let browser = driver.open("single", false).await;
    browser.goto(&firms.link_for(pat)).await.unwrap();
    click(&browser, "//main//button").await;
    click(&browser, "//a[contains(., 'Connect police sign-on')]").await;
    click(&browser, "//button[contains(., 'pat@there')]").await;
    let signed_in = "//section[@aria-labelledby='single']//button";
    let wait = browser.wait().at_most(START);
    wait.for_element(Locator::XPath(signed_in)).await.unwrap();
    for width in [1280, 390] {
        visit(
            &browser,
            &firms.page_url,
            "/account",
            width,
            "single-account",
        )
        .await;
    }
    click(&browser, "//header//form//button").await;
    click(
        &browser,
        "//a[contains(., 'Sign out of police sign-on too')]",
    )
    .await;
    browser
        .goto(&format!("{}/sign-in", firms.page_url))
        .await
        .unwrap();
    for width in [1280, 390] {
        visit(
            &browser,
            &firms.page_url,
            "/sign-in",
            width,
            "single-sign-in",
        )
        .await;
    }
    click(&browser, "//a[contains(., 'Sign in with police sign-on')]").await;
    click(&browser, "//button[contains(., 'pat@there')]").await;
    let wait = browser.wait().at_most(START);
    wait.for_element(Locator::Css(".who")).await.unwrap();
    browser.close().await.unwrap();
}
