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

mod firms;

use std::path::{Path, PathBuf};
use std::process::{Child, Command, Stdio};
use std::time::{Duration, Instant};

use fantoccini::actions::InputSource as _;
use fantoccini::key::Key;
use fantoccini::{Client, ClientBuilder};
use firms::{AREAS, Firms};
use hyper_util::client::legacy::connect::HttpConnector;
use larum_hub_lib::access::Role;
use serde_json::json;

/// How long the browser may take to start.
const START: Duration = Duration::from_secs(60);

/// A chromedriver that ends with the test.
struct Driver {
    process: Child,
    port: u16,
    profile: tempfile::TempDir,
}

impl Driver {
    /// `None` when no browser is installed.
    async fn start() -> Option<Self> {
        let port = {
            let free = std::net::TcpListener::bind("127.0.0.1:0").unwrap();
            free.local_addr().unwrap().port()
        };
        let process = Command::new("chromedriver")
            .arg(format!("--port={port}"))
            .stdout(Stdio::null())
            .stderr(Stdio::null())
            .spawn();
        let process = match process {
            Ok(process) => process,
            Err(error) => {
                assert!(
                    std::env::var_os("CI").is_none_or(|value| value != "true"),
                    "chromedriver does not start: {error}; install chromium and chromium-driver"
                );
                eprintln!("SKIPPED: chromedriver is not installed ({error})");
                return None;
            }
        };
        let started = Instant::now();
        while tokio::net::TcpStream::connect(("127.0.0.1", port))
            .await
            .is_err()
        {
            assert!(started.elapsed() < START, "chromedriver does not answer");
            tokio::time::sleep(Duration::from_millis(50)).await;
        }
        let profile = tempfile::tempdir().unwrap();
        Some(Self {
            process,
            port,
            profile,
        })
    }

    async fn open(&self, name: &str, scripts: bool) -> Client {
        let profile = self.profile.path().join(name);
        let mut arguments: Vec<String> = [
            "--headless",
            "--no-sandbox",
            "--disable-gpu",
            "--disable-quic",
            "--no-first-run",
            "--disable-background-networking",
            "--disable-component-update",
            "--disable-sync",
            "--hide-scrollbars",
        ]
        .map(str::to_owned)
        .to_vec();
        arguments.push(format!("--user-data-dir={}", profile.display()));
        let mut options = json!({ "args": arguments });
        if !scripts {
            options["prefs"] = json!({ "profile.managed_default_content_settings.javascript": 2 });
        }
        let mut wanted = serde_json::Map::new();
        wanted.insert("goog:chromeOptions".to_owned(), options);
        ClientBuilder::new(HttpConnector::new())
            .capabilities(wanted)
            .connect(&format!("http://127.0.0.1:{}", self.port))
            .await
            .unwrap()
    }
}

impl Drop for Driver {
    fn drop(&mut self) {
        drop(self.process.kill());
        drop(self.process.wait());
    }
}

fn pictures() -> PathBuf {
    let folder = Path::new(env!("CARGO_MANIFEST_DIR")).join("../../target/screenshots");
    std::fs::create_dir_all(&folder).unwrap();
    folder
}

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

/// Sets the width of what is seen, and a height that holds the whole page (so that the picture does).
async fn resize(browser: &Client, width: u32, height: u32) {
    let metrics =
        json!({ "width": width, "height": height, "deviceScaleFactor": 1, "mobile": false });
    let call = json!({ "cmd": "Emulation.setDeviceMetricsOverride", "params": metrics });
    browser.issue_cmd(Cdp(call)).await.unwrap();
}

/// A command of Chromium's own protocol.
#[derive(Debug)]
struct Cdp(serde_json::Value);

impl fantoccini::wd::WebDriverCompatibleCommand for Cdp {
    fn endpoint(
        &self,
        base: &url::Url,
        session: Option<&str>,
    ) -> Result<url::Url, url::ParseError> {
        base.join(&format!("session/{}/goog/cdp/execute", session.unwrap()))
    }

    fn method_and_body(&self, _: &url::Url) -> (axum::http::Method, Option<String>) {
        (axum::http::Method::POST, Some(self.0.to_string()))
    }
}

async fn ask(browser: &Client, script: &str) -> serde_json::Value {
    browser.execute(script, Vec::new()).await.unwrap()
}

/// What a page looks like: its width, its headings, targets too small to hit, fields without label.
const SHAPE: &str = "const levels = [...document.querySelectorAll('h1,h2,h3')].map(h => Number(h.tagName[1]));
         const small = [...document.querySelectorAll('main a, main button, header a, header button, summary')]
           .filter(e => e.checkVisibility() && !e.closest('p:not(.switch):not(.pages), li p, .lead'))
           .filter(e => { const b = e.getBoundingClientRect(); return b.height < 24 || b.width < 24; })
           .map(e => e.outerHTML.slice(0, 90));
         return { wide: document.documentElement.scrollWidth, inner: window.innerWidth,
                  high: document.documentElement.scrollHeight, levels, small,
                  unnamed: [...document.querySelectorAll('input:not([type=hidden]),select')].filter(e => !e.labels.length).length,
                  mains: document.querySelectorAll('main').length };";

/// Visits a page at a width, checks its shape, and keeps a picture.
async fn visit(browser: &Client, firms: &Firms, path: &str, width: u32, name: &str) {
    resize(browser, width, 900).await;
    browser
        .goto(&format!("http://{}{path}", firms.address))
        .await
        .unwrap();
    let shape = ask(browser, SHAPE).await;
    assert!(
        shape["wide"].as_u64() <= shape["inner"].as_u64(),
        "{path} scrolls sideways at {width}: {shape}"
    );
    let levels: Vec<u64> = shape["levels"]
        .as_array()
        .unwrap()
        .iter()
        .filter_map(serde_json::Value::as_u64)
        .collect();
    assert_eq!(
        levels.first(),
        Some(&1),
        "{path} begins with its heading: {levels:?}"
    );
    assert!(
        levels.windows(2).all(|pair| pair[1] <= pair[0] + 1),
        "{path} skips a heading: {levels:?}"
    );
    assert_eq!(
        shape["small"],
        json!([]),
        "{path} has targets below 24 px at {width}"
    );
    assert_eq!(
        (&shape["mains"], &shape["unnamed"]),
        (&json!(1), &json!(0)),
        "{path}"
    );
    let high = u32::try_from(shape["high"].as_u64().unwrap())
        .unwrap()
        .clamp(900, 6_000);
    resize(browser, width, high).await;
    let picture = browser.screenshot().await.unwrap();
    std::fs::write(pictures().join(format!("{name}-{width}.png")), picture).unwrap();
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

const TOURS: [Tour; 5] = [
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
                visit(&browser, &firms, path, width, "sign-in").await;
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
                visit(&browser, &firms, &path, width, &format!("{who}{name}")).await;
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
            "Who read our data"
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
