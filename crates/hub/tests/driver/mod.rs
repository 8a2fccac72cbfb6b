//! A real Chromium, driven through chromedriver.
//!
//! Needs `chromium` and `chromedriver` on the path. Without them the test fails where CI=true, and
//! says so and passes elsewhere.

#![allow(dead_code, reason = "each test file uses a part of it")]

use std::path::{Path, PathBuf};
use std::process::{Child, Command, Stdio};
use std::time::{Duration, Instant};

use fantoccini::{Client, ClientBuilder};
use hyper_util::client::legacy::connect::HttpConnector;
use serde_json::json;

/// How long the browser may take to start.
pub const START: Duration = Duration::from_secs(60);

/// Starts a program that serves a free port of this machine, and waits until it answers; `None` where it
/// is not installed.
pub async fn server(
    program: &str,
    install: &str,
    arguments: impl FnOnce(u16) -> Vec<String>,
) -> Option<(Child, u16)> {
    let port = {
        let free = std::net::TcpListener::bind("127.0.0.1:0").unwrap();
        free.local_addr().unwrap().port()
    };
    let process = Command::new(program)
        .args(arguments(port))
        .stdout(Stdio::null())
        .stderr(Stdio::null())
        .spawn();
    let process = match process {
        Ok(process) => process,
        Err(error) => {
            assert!(
                std::env::var_os("CI").is_none_or(|value| value != "true"),
                "{program} does not start: {error}; {install}"
            );
            eprintln!("SKIPPED: {program} is not installed ({error})");
            return None;
        }
    };
    let started = Instant::now();
    while tokio::net::TcpStream::connect(("127.0.0.1", port))
        .await
        .is_err()
    {
        assert!(started.elapsed() < START, "{program} does not answer");
        tokio::time::sleep(Duration::from_millis(50)).await;
    }
    Some((process, port))
}

/// A chromedriver that ends with the test.
pub struct Driver {
    process: Child,
    port: u16,
    profile: tempfile::TempDir,
}

impl Driver {
    /// `None` when no browser is installed.
    pub async fn start() -> Option<Self> {
        let install = "install chromium and chromium-driver";
        let arguments = |port| vec![format!("--port={port}")];
        let (process, port) = server("chromedriver", install, arguments).await?;
        let profile = tempfile::tempdir().unwrap();
        Some(Self {
            process,
            port,
            profile,
        })
    }

    pub async fn open(&self, name: &str, scripts: bool) -> Client {
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

pub fn pictures() -> PathBuf {
    let folder = Path::new(env!("CARGO_MANIFEST_DIR")).join("../../target/screenshots");
    std::fs::create_dir_all(&folder).unwrap();
    folder
}

/// Sets the width of what is seen, and a height that holds the whole page (so that the picture does).
pub async fn resize(browser: &Client, width: u32, height: u32) {
    let metrics =
        json!({ "width": width, "height": height, "deviceScaleFactor": 1, "mobile": false });
    let call = json!({ "cmd": "Emulation.setDeviceMetricsOverride", "params": metrics });
    browser.issue_cmd(Cdp(call)).await.unwrap();
}

/// A command of Chromium's own protocol.
#[derive(Debug)]
pub struct Cdp(pub serde_json::Value);

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

pub async fn ask(browser: &Client, script: &str) -> serde_json::Value {
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
pub async fn visit(browser: &Client, site: &str, path: &str, width: u32, name: &str) {
    resize(browser, width, 900).await;
    browser.goto(&format!("{site}{path}")).await.unwrap();
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
