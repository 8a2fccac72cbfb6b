//! Passkeys in a real Chromium, whose own virtual device makes and holds them: from the first link to
//! signing in, proving oneself again, taking one away, and losing all.

#![expect(
    clippy::unwrap_used,
    clippy::indexing_slicing,
    clippy::print_stderr,
    reason = "a test fails by panicking"
)]

mod driver;
mod firms;

use driver::{Cdp, Driver, START, ask, visit};
use fantoccini::{Client, Locator};
use firms::Firms;
use larum_hub_lib::access::Role;
use larum_hub_lib::store::audit::Actor;
use larum_hub_lib::store::proofs::Proofs as _;
use larum_link::clock::Clock;
use serde_json::{Value, json};

async fn cdp(browser: &Client, command: &str, params: Value) -> Value {
    let call = json!({ "cmd": command, "params": params });
    browser.issue_cmd(Cdp(call)).await.unwrap()
}

/// Gives the browser a device that holds passkeys and always finds its owner there.
async fn device(browser: &Client) -> String {
    cdp(browser, "WebAuthn.enable", json!({})).await;
    let options = json!({
        "protocol": "ctap2", "ctap2Version": "ctap2_1", "transport": "internal",
        "hasResidentKey": true, "hasUserVerification": true, "isUserVerified": true,
        "automaticPresenceSimulation": true,
    });
    let added = cdp(
        browser,
        "WebAuthn.addVirtualAuthenticator",
        json!({ "options": options }),
    )
    .await;
    added["authenticatorId"].as_str().unwrap().to_owned()
}

async fn press(browser: &Client, css: &str) {
    let button = browser
        .wait()
        .at_most(START)
        .for_element(Locator::Css(css))
        .await
        .unwrap();
    button.click().await.unwrap();
}

async fn see(browser: &Client, text: &str) {
    let path = format!("//*[self::h1 or self::h2 or self::th or self::p][contains(., '{text}')]");
    let found = browser.wait().at_most(START);
    let found = found.for_element(Locator::XPath(&path)).await;
    let page = browser.source().await.unwrap();
    assert!(found.is_ok(), "no “{text}” in {page}");
}

async fn open(browser: &Client, firms: &Firms, path: &str) {
    browser
        .goto(&format!("{}{path}", firms.page_url))
        .await
        .unwrap();
}

/// From a link to a first passkey, signed in.
async fn begin(browser: &Client, link: &str) {
    browser.goto(link).await.unwrap();
    press(browser, "main form button").await;
    see(browser, "Make your sign-in").await;
    press(browser, "form[data-passkey] button").await;
    see(browser, "Where you are signed in").await;
}

#[tokio::test(flavor = "multi_thread")]
async fn browser_a_passkey_from_the_first_link_to_the_last_session() {
    let Some(driver) = Driver::start().await else {
        return;
    };
    let firms = Firms::in_use().await;
    let ada = firms.person(Role::Administrator, None, None);
    let browser = driver.open("passkey", true).await;
    device(&browser).await;
    // The link leads to making a passkey, and no further.
    browser.goto(&firms.link_for(ada)).await.unwrap();
    press(&browser, "main form button").await;
    see(&browser, "Make your sign-in").await;
    open(&browser, &firms, "/admin/people").await;
    see(&browser, "Make your sign-in").await;
    for width in [1280, 390] {
        visit(&browser, &firms.page_url, "/sign-in/next", width, "set-up").await;
    }
    let before = browser.get_all_cookies().await.unwrap()[0]
        .value()
        .to_owned();
    press(&browser, "form[data-passkey] button").await;
    see(&browser, "Where you are signed in").await;
    let after = browser.get_all_cookies().await.unwrap()[0]
        .value()
        .to_owned();
    assert_ne!(before, after, "more trust, another secret");
    assert_eq!(firms.store.passkeys(ada).unwrap().len(), 1);
    for width in [1280, 390] {
        visit(&browser, &firms.page_url, "/account", width, "account").await;
    }
    // Out, and in again with the passkey alone, by keyboard.
    press(&browser, ".who button").await;
    see(&browser, "Sign in to Larum").await;
    for width in [1280, 390] {
        visit(
            &browser,
            &firms.page_url,
            "/sign-in",
            width,
            "sign-in-passkey",
        )
        .await;
    }
    let button = browser
        .find(Locator::Css("form[data-passkey] button"))
        .await
        .unwrap();
    button.send_keys("\u{e007}").await.unwrap();
    see(&browser, "Running the hub").await;
    open(&browser, &firms, "/admin/people").await;
    see(&browser, "Ada Price").await;
    let keys = firms.store.passkeys(ada).unwrap();
    assert!(keys[0].last_used.is_some());
    // The same device makes no second one for the same person.
    open(&browser, &firms, "/account/passkeys/add").await;
    press(&browser, "form[data-passkey] button").await;
    see(&browser, "holds a passkey for you already").await;
    // The last one stays.
    open(&browser, &firms, "/account").await;
    press(&browser, "form[action$='/remove'] button").await;
    see(&browser, "This is all you have to sign in with").await;
    // Another device, another passkey; then the first can go.
    let second = driver.open("second", true).await;
    device(&second).await;
    second.goto(&firms.link_for(ada)).await.unwrap();
    press(&second, "main form button").await;
    see(&second, "One more step").await;
    open(&second, &firms, "/account/passkeys/add").await;
    see(&second, "One more step").await;
    assert_eq!(
        firms.store.passkeys(ada).unwrap().len(),
        1,
        "a link adds nothing to what is there"
    );
    second.close().await.unwrap();
    browser.close().await.unwrap();
}

#[tokio::test(flavor = "multi_thread")]
async fn browser_a_lost_passkey_ends_its_sessions_and_begins_anew() {
    let Some(driver) = Driver::start().await else {
        return;
    };
    let firms = Firms::in_use().await;
    let sam = firms.person(Role::Member, Some(0), None);
    let browser = driver.open("lost", true).await;
    device(&browser).await;
    begin(&browser, &firms.link_for(sam)).await;
    let by = Actor::program("test");
    let now = Clock::system().now();
    firms.store.reset_proofs(&by, sam, now).unwrap();
    open(&browser, &firms, "/home").await;
    see(&browser, "Sign in to Larum").await;
    // What the device still holds signs nobody in.
    press(&browser, "form[data-passkey] button").await;
    see(&browser, "We do not know this passkey").await;
    browser.close().await.unwrap();
    let fresh = driver.open("anew", true).await;
    device(&fresh).await;
    begin(&fresh, &firms.link_for(sam)).await;
    fresh.close().await.unwrap();
}

#[tokio::test(flavor = "multi_thread")]
async fn browser_a_device_that_does_not_check_its_holder_makes_no_passkey() {
    let Some(driver) = Driver::start().await else {
        return;
    };
    let firms = Firms::in_use().await;
    let sam = firms.person(Role::Member, Some(0), None);
    let browser = driver.open("unverified", true).await;
    let id = device(&browser).await;
    let wrong = json!({ "authenticatorId": id, "isUserVerified": false });
    cdp(&browser, "WebAuthn.setUserVerified", wrong).await;
    browser.goto(&firms.link_for(sam)).await.unwrap();
    press(&browser, "main form button").await;
    see(&browser, "Make your sign-in").await;
    press(&browser, "form[data-passkey] button").await;
    see(&browser, "Press the button to try again").await;
    assert_eq!(firms.store.passkeys(sam).unwrap(), []);
    browser.close().await.unwrap();
}

#[tokio::test(flavor = "multi_thread")]
async fn browser_without_javascript_the_page_says_what_to_do() {
    let Some(driver) = Driver::start().await else {
        return;
    };
    let firms = Firms::in_use().await;
    let browser = driver.open("plain", false).await;
    open(&browser, &firms, "/sign-in").await;
    see(&browser, "Passkeys need JavaScript").await;
    let said = ask(
        &browser,
        "return [...document.querySelectorAll('main button, main [data-say]')].filter(e => e.checkVisibility()).length",
    )
    .await;
    assert_eq!(said, json!(0), "nothing to press that does nothing");
    browser.close().await.unwrap();
}
