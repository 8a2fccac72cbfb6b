//! A firm asks to join, through the real pages and a real receiver of mail, up to the token with which
//! its collector joins.

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

use driver::{Cdp, Driver, START, visit};
use fantoccini::Locator;
use firms::Firms;
use inbox::{Mail, by_link, link_secret, receiver, set_up};
use larum_hub_lib::access::Role;
use larum_hub_lib::store::audit::{Audit as _, Verified};
use larum_hub_lib::store::people::People as _;
use tokio::sync::mpsc;
use visitor::Browser;

const FORM: &str = "firm=Slipway+Boats&domain=slipway.example&contact=Pat+Quick\
    &email=pat@slipway.example&register=company&number=1234567&ico=&sector=retail&size=micro\
    &postcode=EX1&area=E23000035";

/// Sends the form and gives the mailed link's secret.
async fn asked(firms: &Firms, mails: &mut mpsc::Receiver<Mail>, form: &str) -> String {
    let visitor = Browser::new(firms.address);
    let answer = visitor.post("/join", form).await;
    assert_eq!(answer.status(), 200, "{}", answer.body());
    let (_, mail) = mails.recv().await.unwrap();
    assert!(
        !mail.contains("Slipway"),
        "a stranger's words travel nowhere: {mail}"
    );
    link_secret(&mail, "/join/")
}

/// The two words that stand in the page after `label`.
fn words_after(page: &str, label: &str) -> String {
    let (_, rest) = page.split_once(label).unwrap();
    let (_, rest) = rest.split_once("<strong>").unwrap();
    rest.split('<').next().unwrap().to_owned()
}

#[tokio::test(flavor = "multi_thread")]
#[expect(
    clippy::too_many_lines,
    reason = "one firm from the form to its collector"
)]
async fn a_firm_asks_is_rung_up_let_in_and_installs_its_collector() {
    let (relay, mut mails) = receiver().await;
    let firms = Firms::with_mail(relay).await;
    let rosa = firms.person(Role::Regional, None, Some("SWROCU"));
    let elsewhere = firms.person(Role::Regional, None, Some("NEROCU"));
    let visitor = Browser::new(firms.address);
    assert!(visitor.get("/sign-in").await.body().contains("Ask to join"));
    let wrong = visitor.post("/join", &FORM.replace("1234567", "12x")).await;
    assert_eq!(wrong.status(), 422);
    assert!(wrong.body().contains("as the register writes it"));
    assert!(
        wrong.body().contains("Slipway Boats"),
        "what was typed stays"
    );

    let secret = asked(&firms, &mut mails, FORM).await;
    let path = format!("/join/{secret}");
    for _ in 0..2 {
        let page = visitor.get(&path).await;
        assert!(
            page.body().contains("Did you ask to join?"),
            "opening confirms nothing"
        );
    }
    let (officer, ..) = set_up(&firms, rosa).await;
    assert!(
        !officer
            .get("/applications")
            .await
            .body()
            .contains("Slipway")
    );
    let confirm = format!("secret={secret}");
    assert_eq!(visitor.post("/join/confirm", &confirm).await.status(), 303);
    let (to, told) = mails.recv().await.unwrap();
    assert!(
        to.contains(&firms.store.person(rosa).unwrap().email),
        "{to}"
    );
    assert!(!told.contains("Slipway"), "{told}");
    assert_eq!(visitor.post("/join/confirm", &confirm).await.status(), 303);

    let page = visitor.get(&path).await.into_body();
    let (ours, theirs) = (words_after(&page, "You say"), words_after(&page, "We say"));
    let list = officer.get("/applications").await.into_body();
    let (_, rest) = list.split_once("/applications/").unwrap();
    let address = format!("/applications/{}", &rest[..32]);
    let one = officer.get(&address).await.into_body();
    assert!(
        one.contains(&theirs) && !one.contains(&ours),
        "only the firm knows its words"
    );
    assert!(one.contains("of the firm&#39;s domain") || one.contains("of the firm's domain"));
    let (other, ..) = set_up(&firms, elsewhere).await;
    assert_eq!(other.get(&address).await.status(), 404, "another region's");

    let asked = officer
        .post(&format!("{address}/ask"), "question=Which+boats%3F")
        .await;
    assert_eq!(asked.status(), 303);
    assert!(mails.recv().await.unwrap().1.contains("Which boats?"));
    let answer = format!("{confirm}&answer=Wooden+ones");
    assert_eq!(visitor.post("/join/answer", &answer).await.status(), 303);
    mails.recv().await.unwrap();
    assert!(officer.get(&address).await.body().contains("Wooden ones"));

    let guess = officer
        .post(&format!("{address}/accept"), "words=oak+oak")
        .await;
    assert_eq!(guess.status(), 422);
    let heard = format!("words={}", ours.replace(' ', "+"));
    let accepted = officer.post(&format!("{address}/accept"), &heard).await;
    assert_eq!(accepted.status(), 303);
    assert!(mails.recv().await.unwrap().1.contains("/sign-in"));
    let again = officer.post(&format!("{address}/accept"), &heard).await;
    assert_eq!(again.status(), 422);
    assert!(visitor.get(&path).await.body().contains("your firm is in"));

    let pat = firms.store.person_by_email("pat@slipway.example").unwrap();
    let (owner, ..) = set_up(&firms, pat.id).await;
    let made = owner.post("/home/install", "site=Boat+shed").await;
    assert!(made.body().contains("larum join "), "{}", made.body());
    assert!(
        owner
            .get("/home/readers")
            .await
            .body()
            .contains("Made a join token")
    );
    let tokens = firms.store.token_entries().unwrap();
    let token = tokens
        .iter()
        .find(|token| token.site == "Boat shed")
        .unwrap();
    assert_eq!(token.member_name, "Slipway Boats");
    assert_eq!(token.expires.millis_since(token.created), 24 * 3_600_000);
    assert!(matches!(
        firms.store.verify().unwrap(),
        Verified::Whole { .. }
    ));
}

#[tokio::test(flavor = "multi_thread")]
async fn a_stranger_learns_nothing_and_floods_nobody() {
    let (relay, mut mails) = receiver().await;
    let firms = Firms::with_mail(relay).await;
    let visitor = Browser::new(firms.address);
    let secret = asked(&firms, &mut mails, FORM).await;
    let first = visitor.post("/join", FORM).await;
    let other = FORM.replace("pat@", "kim@");
    let unknown = visitor.post("/join", &other).await;
    assert_eq!(
        first.body(),
        unknown.body(),
        "open already or not looks the same"
    );
    let (to, _) = mails.recv().await.unwrap();
    assert!(
        to.contains("kim@"),
        "the one open already is mailed no second time: {to}"
    );
    // Twenty strangers at once, and no more; whoever signs in is not kept waiting by them.
    for number in 0..40 {
        let form = FORM.replace("pat@", &format!("p{number}@"));
        assert_eq!(visitor.post("/join", &form).await.status(), 200);
    }
    let sam = firms.person(Role::Member, Some(0), None);
    let email = firms.store.person(sam).unwrap().email;
    visitor
        .post("/sign-in/email", &format!("email={email}"))
        .await;
    let mut strangers = 0;
    while !mails.recv().await.unwrap().0.contains(&email) {
        strangers += 1;
    }
    assert!(strangers <= 18, "{strangers}");
    let guess = format!("/join/{}", "x".repeat(43));
    assert_eq!(visitor.get(&guess).await.status(), 404);
    // The link signs nobody in.
    assert_eq!(
        visitor
            .post("/sign-in", &format!("secret={secret}"))
            .await
            .status(),
        403
    );
    // Staff make no tokens; nor does an owner whose proof is not fresh enough, or half shown.
    let kim = firms.person(Role::Staff, Some(0), None);
    let (kim, ..) = set_up(&firms, kim).await;
    assert_eq!(kim.post("/home/install", "site=x").await.status(), 403);
    let half = by_link(&firms, sam).await;
    assert_eq!(half.post("/home/install", "site=x").await.status(), 303);
    assert_eq!(
        firms.store.token_entries().unwrap().len(),
        10,
        "none was made"
    );
}

#[tokio::test(flavor = "multi_thread")]
async fn browser_a_firm_asks_by_keyboard_and_an_officer_decides() {
    let Some(driver) = Driver::start().await else {
        return;
    };
    let (relay, mut mails) = receiver().await;
    let firms = Firms::with_mail(relay).await;
    let browser = driver.open("firm", false).await;
    for width in [1280, 390] {
        visit(&browser, &firms.page_url, "/join", width, "join-form").await;
    }
    let type_into = async |field: &str, text: &str| {
        let found = browser.find(Locator::Id(field)).await.unwrap();
        found.send_keys(text).await.unwrap();
    };
    for (field, text) in [
        ("firm", "Slipway Boats"),
        ("domain", "slipway.example"),
        ("contact", "Pat Quick"),
        ("email", "pat@slipway.example"),
        ("number", "01234567"),
        ("postcode", "EX"),
    ] {
        type_into(field, text).await;
    }
    let area = browser.find(Locator::Id("area")).await.unwrap();
    area.select_by_value("E23000013").await.unwrap();
    // The return key in a field sends the form: no pointer is needed.
    type_into("postcode", "\u{e007}").await;
    let shown = |text: &str| format!("//h1[contains(., '{text}')]");
    let wait = async |text: &str| {
        let wanted = shown(text);
        let found = browser.wait().at_most(START);
        found.for_element(Locator::XPath(&wanted)).await.unwrap();
    };
    wait("Look into your mail").await;
    let (_, mail) = mails.recv().await.unwrap();
    let path = format!("/join/{}", link_secret(&mail, "/join/"));
    visit(&browser, &firms.page_url, &path, 390, "join-confirm").await;
    let confirm = browser.find(Locator::Css("main button")).await.unwrap();
    confirm.click().await.unwrap();
    wait("We have got it").await;
    for width in [1280, 390] {
        visit(&browser, &firms.page_url, &path, width, "join-words").await;
    }
    let rosa = firms.person(Role::Regional, None, Some("NEROCU"));
    let (officer, ..) = set_up(&firms, rosa).await;
    let (name, value) = officer.cookie.as_deref().unwrap().split_once('=').unwrap();
    let cookie = serde_json::json!({ "name": name, "value": value, "url": firms.page_url });
    let call = serde_json::json!({ "cmd": "Network.setCookie", "params": cookie });
    browser.issue_cmd(Cdp(call)).await.unwrap();
    let list = officer.get("/applications").await.into_body();
    let (_, rest) = list.split_once("/applications/").unwrap();
    let one = format!("/applications/{}", &rest[..32]);
    for width in [1280, 390] {
        visit(
            &browser,
            &firms.page_url,
            "/applications",
            width,
            "applications",
        )
        .await;
        visit(&browser, &firms.page_url, &one, width, "application").await;
    }
    browser.close().await.unwrap();
}
