//! The hub, step by step: joined, certificate, name, connection, encryption, answer, clock.

use std::path::Path;
use std::time::Duration;

use larum_link::token::HubAddress;
use larum_link::wire::{Warnings, path};
use tokio::net::TcpStream;
use tokio::time::timeout;

use super::{Examination, State};
use crate::identity::Identity;
use crate::status::StatusDocument;
use crate::uplink::connection::{CallError, LinkProblem};

/// A step may take so long.
const STEP_TIMEOUT: Duration = Duration::from_secs(10);
/// A certificate that ends sooner than this was not renewed in time, in seconds.
const SOON_SECONDS: i64 = 2 * 86_400;
/// Clocks that differ by less are right, in seconds.
const CLOCK_SECONDS: i64 = 30;

pub(super) async fn look(
    to: &mut Examination,
    state_dir: &Path,
    status: Option<&StatusDocument>,
    call: Option<Option<HubAddress>>,
) {
    let identity = match Identity::load(state_dir) {
        Ok(Some(identity)) => identity,
        Ok(None) => return to.enter("hub", "not-joined", State::Look, &[]),
        Err(_) => {
            let folder = state_dir.display().to_string();
            return to.enter(
                "hub",
                "identity-unreadable",
                State::Broken,
                &[("folder", folder.into())],
            );
        }
    };
    to.enter(
        "hub",
        "joined",
        State::Ok,
        &[("hub", identity.hub().to_owned().into())],
    );
    certificate(to, &identity);
    if let Some(proxy) = call
        && let Some(hub) = HubAddress::parse(identity.hub())
    {
        reach(to, &hub, proxy, &identity).await;
    }
    if let Some(status) = status {
        receipt(to, status);
    }
}

fn certificate(to: &mut Examination, identity: &Identity) {
    let left_seconds = identity.not_after().millis_since(to.now) / 1_000;
    let args = [
        ("days", crate::learned::span(left_seconds, &to.words).into()),
        ("ends", identity.not_after().to_string().into()),
    ];
    if identity.has_ended(to.now) {
        to.enter("certificate", "ended", State::Broken, &args);
    } else if left_seconds < SOON_SECONDS {
        to.enter("certificate", "soon", State::Look, &args);
    } else {
        to.enter("certificate", "right", State::Ok, &args);
    }
}

/// Name, connection, encryption and answer; the first step that fails is the last that is tried.
async fn reach(
    to: &mut Examination,
    hub: &HubAddress,
    proxy: Option<HubAddress>,
    identity: &Identity,
) {
    // Through a proxy it is the proxy that must be found and take the call; it finds the hub.
    let next = proxy.as_ref().unwrap_or(hub);
    let args = [
        ("hub", next.to_string().into()),
        ("host", next.host().to_owned().into()),
    ];
    let named = timeout(
        STEP_TIMEOUT,
        tokio::net::lookup_host((next.host(), next.port())),
    )
    .await;
    let Ok(Ok(found)) = named else {
        return to.enter("hub", "no-name", State::Broken, &args);
    };
    let found: Vec<_> = found.collect();
    to.enter("hub", "name", State::Ok, &args);
    let connected = timeout(STEP_TIMEOUT, TcpStream::connect(found.as_slice())).await;
    if !matches!(connected, Ok(Ok(_))) {
        let result = if proxy.is_none() && has_proxy() {
            "only-proxy"
        } else {
            "no-connection"
        };
        return to.enter("hub", result, State::Broken, &args);
    }
    to.enter("hub", "connection", State::Ok, &args);
    let Ok(client) = identity.client_through(proxy.clone(), &to.clock) else {
        return to.enter(
            "hub",
            "identity-unreadable",
            State::Broken,
            &[("folder", "".into())],
        );
    };
    // Nothing that is new to the hub, and nothing that it would count: all warnings up to the last.
    let query = format!("{}?after={}&wait=0", path::WARNINGS, i64::MAX);
    let asked = to.clock.now();
    let called = client.get_json::<Warnings>(&query, Duration::ZERO).await;
    match called {
        Ok(answered) => {
            to.enter("hub", "answer", State::Ok, &args);
            let middle = i64::midpoint(asked.as_millis(), to.clock.now().as_millis());
            if let Some(hub_ms) = answered.hub_time_ms {
                own_clock(to, middle.saturating_sub(hub_ms) / 1_000);
            }
        }
        Err(CallError::Link(problem)) => {
            let args = [
                ("hub", hub.to_string().into()),
                ("now", to.now.to_string().into()),
            ];
            let said = to
                .words
                .say_with(&format!("link-{}", problem.code()), &args);
            let result = match problem {
                LinkProblem::WrongHub | LinkProblem::Clock | LinkProblem::NotSafe => "encryption",
                _ => "no-answer",
            };
            to.enter_said("hub", result, State::Broken, said, None);
        }
        Err(CallError::Refused(refusal)) => {
            let said = to.words.say(&format!("refusal-{}", refusal.code));
            to.enter_said("hub", "refused", State::Broken, said, None);
        }
        Err(CallError::Malformed) => to.enter("hub", "no-answer", State::Broken, &args),
    }
}

fn own_clock(to: &mut Examination, ahead_seconds: i64) {
    let args = [(
        "span",
        crate::learned::span(ahead_seconds, &to.words).into(),
    )];
    if ahead_seconds.abs() < CLOCK_SECONDS {
        to.enter("own-clock", "right", State::Ok, &args);
    } else {
        to.enter("own-clock", "wrong", State::Broken, &args);
    }
}

/// Whether programs here are told to go through a proxy.
fn has_proxy() -> bool {
    ["HTTPS_PROXY", "https_proxy", "ALL_PROXY", "all_proxy"]
        .iter()
        .any(|name| std::env::var_os(name).is_some_and(|value| !value.is_empty()))
}

/// How long the hub has not answered, as the collector itself noted it.
fn receipt(to: &mut Examination, status: &StatusDocument) {
    let answered = status
        .hub
        .last_answer
        .as_deref()
        .and_then(crate::health::moment_of);
    let Some(answered) = answered else {
        return to.enter("receipt", "never", State::Look, &[]);
    };
    let age_seconds = to.now.millis_since(answered) / 1_000;
    let args = [
        ("span", crate::learned::span(age_seconds, &to.words).into()),
        ("waiting", crate::page::number(status.spool.waiting).into()),
    ];
    if age_seconds > 600 && status.running {
        to.enter("receipt", "old", State::Broken, &args);
    } else {
        to.enter("receipt", "right", State::Ok, &args);
    }
}
