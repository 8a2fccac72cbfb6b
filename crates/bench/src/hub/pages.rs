//! How long the pages take, over HTTP, for people who are signed in.

use std::net::SocketAddr;
use std::sync::{Arc, Mutex};
use std::time::Duration;

use anyhow::{Context as _, Result, bail};
use http_body_util::{BodyExt as _, Full};
use hyper::body::Bytes;
use hyper::client::conn::http1;
use hyper::{Method, Request, StatusCode};
use hyper_util::rt::TokioIo;
use larum_hub_lib::access::Role;
use larum_hub_lib::config::HubConfig;
use larum_hub_lib::id::{MemberId, PersonId};
use larum_hub_lib::people;
use larum_hub_lib::store::audit::Actor;
use larum_hub_lib::store::people::{NewPerson, People as _};
use larum_hub_lib::store::sql::SqlStore;
use larum_hub_lib::store::watch_state::WatchState as _;
use larum_link::clock::Clock;
use tokio::task::block_in_place;

use super::cost::HUB;
use super::link::{Hub, runtime};
use super::percentiles;

/// Between two pages that are loaded while batches arrive.
const MEANWHILE: Duration = Duration::from_millis(100);
/// Firms whose pages are loaded in turn.
const FIRMS: usize = 50;

pub fn measure(loads: usize, config: &HubConfig, clock: &Clock) -> Result<()> {
    runtime(HUB)?.block_on(async {
        let hub = Hub::start(config, clock).await?;
        let measured = all(loads, &hub, clock).await;
        hub.end().await;
        measured
    })
}

async fn all(loads: usize, hub: &Hub, clock: &Clock) -> Result<()> {
    let store = &hub.running.store;
    let places = block_in_place(|| store.places())?;
    let step = (places.len() / FIRMS).max(1);
    let firms: Vec<MemberId> = places.iter().step_by(step).map(|one| one.member).collect();
    let address = hub.running.page_addr;
    let officer = sign_in(store, address, Role::Regional, None, clock).await?;
    let show = |name: &str, waits| println!("{name}: {}", percentiles(waits));
    let pages = |of: &str| -> Vec<String> {
        firms
            .iter()
            .cycle()
            .take(loads)
            .map(|id| format!("/members/{id}{of}"))
            .collect()
    };
    show(
        "a firm, for an officer",
        load(address, &officer, &pages("")).await?,
    );
    let week = pages("?show=week");
    show(
        "a firm's week, for an officer",
        load(address, &officer, &week).await?,
    );
    for (name, path) in [("the firms", "/members"), ("the threats", "/threats")] {
        let paths = vec![path.to_owned(); loads];
        show(name, load(address, &officer, &paths).await?);
    }
    let mut waits = Vec::new();
    for firm in firms.iter().take(10) {
        let member = sign_in(store, address, Role::Member, Some(*firm), clock).await?;
        let paths = vec!["/home".to_owned(); loads.div_ceil(10)];
        waits.extend(load(address, &member, &paths).await?);
    }
    show("the home of a firm", waits);
    Ok(())
}

/// Loads the pages of firms, one after the other, until the task is dropped; times go to `waits`.
pub async fn meanwhile(
    store: Arc<SqlStore>,
    address: SocketAddr,
    clock: Clock,
    waits: Arc<Mutex<Vec<Duration>>>,
) -> Result<()> {
    let places = block_in_place(|| store.places())?;
    let officer = sign_in(&store, address, Role::Regional, None, &clock).await?;
    for place in places.iter().cycle() {
        let paths = [format!("/members/{}", place.member)];
        let loaded = load(address, &officer, &paths).await?;
        if let Ok(mut waits) = waits.lock() {
            waits.extend(loaded);
        }
        tokio::time::sleep(MEANWHILE).await;
    }
    Ok(())
}

/// A new person with a session; gives the cookie.
async fn sign_in(
    store: &SqlStore,
    address: SocketAddr,
    role: Role,
    member: Option<MemberId>,
    clock: &Clock,
) -> Result<String> {
    let by = Actor::program("bench");
    let id = PersonId::random()?;
    let person = NewPerson {
        id,
        email: format!("{id}@example.org"),
        name: "Sam".to_owned(),
        role,
        member,
        area: None,
    };
    // A database's client waits in its own way.
    let link = block_in_place(|| {
        store.add_person(&by, &person, clock.now())?;
        people::sign_in_link(store, &by, id, "http://127.0.0.1", clock.now())
    })?;
    let secret = link.rsplit('/').next().unwrap_or_default();
    let form = format!("secret={secret}");
    let answer = call(address, None, Method::POST, "/sign-in", form).await?;
    answer.1.context("signing in gave no cookie")
}

async fn load(address: SocketAddr, cookie: &str, paths: &[String]) -> Result<Vec<Duration>> {
    let mut waits = Vec::new();
    for path in paths {
        let begun = std::time::Instant::now();
        let (status, _) = call(address, Some(cookie), Method::GET, path, String::new()).await?;
        waits.push(begun.elapsed());
        if status != StatusCode::OK {
            bail!("{path} was answered with {status}");
        }
    }
    Ok(waits)
}

/// The status, and the cookie if one was set.
async fn call(
    address: SocketAddr,
    cookie: Option<&str>,
    method: Method,
    path: &str,
    form: String,
) -> Result<(StatusCode, Option<String>)> {
    let stream = tokio::net::TcpStream::connect(address).await?;
    let (mut sender, connection) = http1::handshake(TokioIo::new(stream)).await?;
    tokio::spawn(connection);
    let mut request = Request::builder()
        .method(method)
        .uri(path)
        .header("host", address.to_string())
        .header("sec-fetch-site", "same-origin")
        .header("content-type", "application/x-www-form-urlencoded");
    if let Some(cookie) = cookie {
        request = request.header("cookie", cookie);
    }
    let request = request.body(Full::new(Bytes::from(form)))?;
    let (head, body) = sender.send_request(request).await?.into_parts();
    body.collect().await?;
    let set = head
        .headers
        .get("set-cookie")
        .and_then(|cookie| cookie.to_str().ok()?.split(';').next())
        .map(str::to_owned);
    Ok((head.status, set))
}
