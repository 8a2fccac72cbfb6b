//! A firm's owner invites people through the real pages and a real receiver of mail, and shuts them out.

#![expect(
    clippy::unwrap_used,
    clippy::indexing_slicing,
    clippy::print_stderr,
    reason = "a test fails by panicking"
)]

mod driver;
mod firms;
mod inbox;
mod visitor;

use axum::http::StatusCode;
use driver::{Cdp, Driver, START, visit};
use fantoccini::Locator;
use firms::{AREAS, Firms};
use inbox::{Mail, link_secret, receiver, set_up};
use larum_hub_lib::access::Role;
use larum_hub_lib::store::people::People as _;
use tokio::sync::mpsc;
use visitor::Browser;

/// Invites somebody and gives the mailed link.
async fn invited(
    owner: &Browser,
    mails: &mut mpsc::Receiver<Mail>,
    name: &str,
    email: &str,
) -> String {
    let form = format!("name={name}&email={email}&role=reader");
    let answer = owner.post("/home/people", &form).await;
    assert_eq!(answer.status(), 303, "{}", answer.body());
    let (to, mail) = mails.recv().await.unwrap();
    assert!(to.contains(email) && !mail.contains(name), "{to}: {mail}");
    format!("/invited/{}", link_secret(&mail, "/invited/"))
}

async fn accept(path: &str, visitor: &Browser) -> StatusCode {
    let form = path.replace("/invited/", "secret=");
    visitor.post("/invited", &form).await.status()
}

#[tokio::test(flavor = "multi_thread")]
#[expect(
    clippy::too_many_lines,
    reason = "one owner from the invitation to the ledger"
)]
async fn an_owner_invites_and_shuts_out_and_learns_nothing_of_others() {
    let (relay, mut mails) = receiver().await;
    let firms = Firms::with_mail(relay).await;
    let pat = firms.person(Role::Member, Some(3), None);
    let officer = firms.person(Role::Officer, None, Some(AREAS[0]));
    let known = firms.store.person(officer).unwrap().email;
    let (owner, ..) = set_up(&firms, pat).await;
    for form in [
        "name=&email=a@example.org&role=staff",
        "name=A&email=a&role=staff",
        "name=A&email=a@example.org&role=member",
        "name=A&email=a@example.org&role=officer",
    ] {
        assert_eq!(
            owner.post("/home/people", form).await.status(),
            422,
            "{form}"
        );
    }

    let visitor = Browser::new(firms.address);
    let path = invited(&owner, &mut mails, "Wren", &known).await;
    let before = owner.get("/home/people").await.into_body();
    assert!(visitor.get(&path).await.body().contains("invites you"));
    assert_eq!(
        accept(&path, &visitor).await,
        409,
        "the holder alone is told"
    );
    assert_eq!(owner.get("/home/people").await.body(), &before);

    let path = invited(&owner, &mut mails, "Robin", "robin@example.org").await;
    for _ in 0..2 {
        assert_eq!(
            visitor.get(&path).await.status(),
            200,
            "opening changes nothing"
        );
    }
    let mut answer = visitor
        .post("/invited", &path.replace("/invited/", "secret="))
        .await;
    let mut robin = Browser::new(firms.address);
    robin.keep(&answer);
    answer = robin.get("/home").await;
    assert_eq!(
        answer.headers()["location"],
        "/sign-in/next",
        "a proof comes first"
    );
    assert_eq!(accept(&path, &visitor).await, 404, "once");
    let found = firms.store.person_by_email("robin@example.org").unwrap();
    let (robin, ..) = set_up(&firms, found.id).await;
    assert_eq!(robin.get("/home").await.status(), 200);
    assert_eq!(robin.get("/home/people").await.status(), 403);
    let change = |what: &str| format!("/home/people/{}/{what}", found.id);
    let acknowledge = async || robin.post("/home/blocklist", "").await.status();
    assert_eq!(acknowledge().await, 403);
    let answer = owner.post(&change("role"), "role=staff").await;
    assert_eq!(answer.status(), 303);
    assert_ne!(acknowledge().await, 403, "in the session that lives");
    let out = owner.post(&change("disable"), "").await;
    assert_eq!(out.status(), 303);
    assert_eq!(robin.get("/home").await.headers()["location"], "/sign-in");

    let other = firms.person(Role::Staff, Some(4), None);
    let foreign = owner
        .post(&format!("/home/people/{other}/disable"), "")
        .await;
    assert_eq!(foreign.status(), 404);
    let own = format!("/home/people/{pat}/disable");
    assert!(!owner.get("/home/people").await.body().contains(&own));
    let own = owner.post(&own, "").await;
    assert_eq!(own.status(), 422, "a firm needs an owner");
    let ledger = owner.get("/home/readers").await.into_body();
    for told in [
        "Invited somebody",
        "Accepted an invitation",
        "Changed what",
        "Shut a person out",
    ] {
        assert!(ledger.contains(told), "{told}");
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn browser_an_owner_invites_by_keyboard() {
    let Some(driver) = Driver::start().await else {
        return;
    };
    let (relay, mut mails) = receiver().await;
    let firms = Firms::with_mail(relay).await;
    let pat = firms.person(Role::Member, Some(3), None);
    firms.person(Role::Staff, Some(3), None);
    let (owner, ..) = set_up(&firms, pat).await;
    let browser = driver.open("owner", false).await;
    browser
        .goto(&format!("{}/help", firms.page_url))
        .await
        .unwrap();
    let (name, value) = owner.cookie.as_deref().unwrap().split_once('=').unwrap();
    let cookie = serde_json::json!({ "name": name, "value": value, "url": firms.page_url });
    let call = serde_json::json!({ "cmd": "Network.setCookie", "params": cookie });
    browser.issue_cmd(Cdp(call)).await.unwrap();
    visit(
        &browser,
        &firms.page_url,
        "/home/people",
        1280,
        "firm-people-first",
    )
    .await;
    for (field, text) in [("name", "Wren"), ("email", "wren@example.org\u{e007}")] {
        let found = browser.find(Locator::Id(field)).await.unwrap();
        found.send_keys(text).await.unwrap();
    }
    let waiting = browser.wait().at_most(START);
    waiting.for_element(Locator::Id("waiting")).await.unwrap();
    let (_, mail) = mails.recv().await.unwrap();
    let path = format!("/invited/{}", link_secret(&mail, "/invited/"));
    for width in [1280, 390] {
        visit(
            &browser,
            &firms.page_url,
            "/home/people",
            width,
            "firm-people",
        )
        .await;
        visit(&browser, &firms.page_url, &path, width, "invited").await;
    }
    // The invited person's link was opened in the owner's browser; nobody was signed in by that.
    visit(
        &browser,
        &firms.page_url,
        "/home/people",
        390,
        "firm-people",
    )
    .await;
    let out =
        Locator::XPath("//tr[contains(., 'Kim Rowe')]//form[contains(@action, 'disable')]/button");
    let out = browser.find(out).await.unwrap();
    out.send_keys("\u{e007}").await.unwrap();
    let again = Locator::XPath("//tr[contains(., 'Kim Rowe')]//form[contains(@action, 'enable')]");
    browser
        .wait()
        .at_most(START)
        .for_element(again)
        .await
        .unwrap();
    browser.close().await.unwrap();
}
