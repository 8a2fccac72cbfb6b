//! The pages in a real Chromium: every page at desktop and phone width, by keyboard, and without
//! JavaScript. Screenshots are kept in `target/screenshots` to be looked at.
//!
//! Needs `chromium` and `chromedriver` on the path. Without them the test fails where CI=true, and
//! says so and passes elsewhere.

#![expect(
    clippy::unwrap_used,
    clippy::indexing_slicing,
    clippy::print_stderr,
    reason = "a test fails by panicking"
)]

mod driver;
mod firms;

use driver::{Driver, START, ask, visit};
use fantoccini::Client;
use fantoccini::actions::InputSource as _;
use fantoccini::key::Key;
use firms::{AREAS, Firms};
use larum_hub_lib::access::Role;

async fn sign_in(browser: &Client, link: &str) {
    browser.goto(link).await.unwrap();
    let button = fantoccini::Locator::Css("main form button");
    browser.find(button).await.unwrap().click().await.unwrap();
    browser
        .wait()
        .at_most(START)
        .for_element(fantoccini::Locator::Css(".who"))
        .await
        .unwrap();
}

/// What the keyboard reaches first, in order.
async fn focus_order(browser: &Client, steps: usize) -> Vec<String> {
    let mut order = Vec::new();
    for _ in 0..steps {
        let tab = fantoccini::actions::KeyActions::new("keys".to_owned())
            .then(fantoccini::actions::KeyAction::Down {
                value: Key::Tab.into(),
            })
            .then(fantoccini::actions::KeyAction::Up {
                value: Key::Tab.into(),
            });
        browser.perform_actions(tab).await.unwrap();
        let found = ask(
            browser,
            "const e = document.activeElement; const s = getComputedStyle(e);
            return [e.textContent.trim(), s.outlineStyle, s.outlineWidth];",
        )
        .await;
        assert_eq!(found[1], "solid", "the focus shows: {found}");
        order.push(found[0].as_str().unwrap().to_owned());
    }
    order
}

/// Who visits which pages: name, role, firm, area, paths; `FIRM` and `WARNING` stand for one of each.
type Tour = (
    &'static str,
    Role,
    Option<usize>,
    Option<&'static str>,
    &'static str,
);

const TOURS: [Tour; 6] = [
    (
        "member",
        Role::Member,
        Some(8),
        None,
        "/home /home?show=week /home/leaving /home/readers WARNING /help /no-such-page",
    ),
    ("broken-in", Role::Member, Some(0), None, "/home"),
    (
        "officer",
        Role::Officer,
        None,
        Some(AREAS[0]),
        "/threats /threats/1 /members FIRM",
    ),
    (
        "analyst",
        Role::Analyst,
        None,
        None,
        "/members FIRM /threats/1",
    ),
    ("regional", Role::Regional, None, None, "/sharing /exports"),
    (
        "administrator",
        Role::Administrator,
        None,
        None,
        "/admin /admin/members /admin/collectors /admin/people",
    ),
];

#[tokio::test(flavor = "multi_thread")]
async fn browser_every_page_wide_and_narrow() {
    let Some(driver) = Driver::start().await else {
        return;
    };
    let firms = Firms::with_a_wave().await;
    for (who, role, member, area, paths) in TOURS {
        let browser = driver.open(who, true).await;
        let link = firms.link(role, member, area);
        for width in [1280, 360] {
            let path = link.split(&firms.address.to_string()).nth(1).unwrap();
            if who == "member" {
                visit(&browser, &firms.page_url, path, width, "sign-in").await;
            }
        }
        sign_in(&browser, &link).await;
        for path in paths.split(' ') {
            let (path, name) = match path {
                "WARNING" => (own_warning(&browser).await, "-warning".to_owned()),
                "FIRM" => (format!("/members/{}", firms.members[0]), "-firm".to_owned()),
                path => (
                    path.to_owned(),
                    path.replace(|c: char| !c.is_ascii_alphanumeric(), "-"),
                ),
            };
            for width in [1280, 360] {
                visit(
                    &browser,
                    &firms.page_url,
                    &path,
                    width,
                    &format!("{who}{name}"),
                )
                .await;
            }
        }
        browser.close().await.unwrap();
    }
}

/// The path of the first warning on the home page.
async fn own_warning(browser: &Client) -> String {
    let home = ask(browser, "return location.origin + '/home'").await;
    browser.goto(home.as_str().unwrap()).await.unwrap();
    let path = ask(
        browser,
        "return document.querySelector('.todo a').getAttribute('href')",
    )
    .await;
    path.as_str().unwrap().to_owned()
}

#[tokio::test(flavor = "multi_thread")]
async fn browser_the_keyboard_reaches_everything_in_order() {
    let Some(driver) = Driver::start().await else {
        return;
    };
    let firms = Firms::with_a_wave().await;
    let browser = driver.open("keyboard", true).await;
    sign_in(&browser, &firms.link(Role::Member, Some(8), None)).await;
    browser
        .goto(&format!("http://{}/home", firms.address))
        .await
        .unwrap();
    let order = focus_order(&browser, 6).await;
    assert_eq!(
        order[..6],
        [
            "Skip to the main part",
            "Larum",
            "Sign out",
            "Home",
            "What leaves our building",
            "Blocklist"
        ]
    );
    browser.close().await.unwrap();
}

#[tokio::test(flavor = "multi_thread")]
async fn browser_everything_works_without_javascript() {
    let Some(driver) = Driver::start().await else {
        return;
    };
    let firms = Firms::with_a_wave().await;
    let browser = driver.open("plain", false).await;
    let find = fantoccini::Locator::Css;
    // Signing in, reading, adding, and signing out: forms and links do it all.
    sign_in(&browser, &firms.link(Role::Administrator, None, None)).await;
    browser
        .goto(&format!("http://{}/admin/members", firms.address))
        .await
        .unwrap();
    let name = browser.find(find("#name")).await.unwrap();
    name.send_keys("Plain Paper Company").await.unwrap();
    let add = browser.find(find("form.stack button")).await.unwrap();
    add.click().await.unwrap();
    let added = browser.wait().at_most(START);
    added
        .for_element(fantoccini::Locator::XPath(
            "//th[contains(., 'Plain Paper Company')]",
        ))
        .await
        .unwrap();
    let out = browser.find(find(".who button")).await.unwrap();
    out.click().await.unwrap();
    let away = browser.wait().at_most(START);
    away.for_element(fantoccini::Locator::XPath(
        "//h1[contains(., 'Sign in to Larum')]",
    ))
    .await
    .unwrap();
    sign_in(&browser, &firms.link(Role::Member, Some(8), None)).await;
    let verdict = browser.find(find(".verdict h1")).await.unwrap();
    assert!(verdict.text().await.unwrap().ends_with("you today"));
    browser.close().await.unwrap();
}
