//! Schemathesis asks whatever the document allows and much that it does not, and holds every answer
//! against it. It is a Python program: `tools/test` installs it.

use std::process::Command;
use std::sync::Arc;

use larum_hub_lib::access::Role;
use larum_hub_lib::api::{self, ApiState, Pace};
use larum_hub_lib::limit::Allowance;
use larum_link::clock::Clock;

use crate::client::key;
use crate::firms::{AREAS, Firms};

/// Requests of each kind for each operation.
const EXAMPLES: &str = "10";

/// A door without the limits on pace: what is judged here is the answers.
async fn address(firms: &Firms) -> String {
    let listener = tokio::net::TcpListener::bind("127.0.0.1:0").await.unwrap();
    let address = format!("http://{}", listener.local_addr().unwrap());
    let mut state = ApiState::new(firms.store.clone(), Clock::system(), &*address).unwrap();
    let plenty = Allowance {
        burst: 1_000_000,
        refill_ms: 1,
        callers: 100_000,
    };
    state.pace = Pace::new(plenty, plenty);
    let router = axum::Router::new().nest(api::PREFIX, api::router(state));
    let server = axum::serve(listener, router).into_future();
    tokio::spawn(async move { server.await.unwrap() });
    address
}

async fn check(role: Role, member: Option<usize>, area: Option<&str>) {
    let firms = Arc::new(Firms::with_a_wave().await);
    let made = key(&firms, role, member, area, None);
    let address = address(&firms).await;
    let folder = tempfile::tempdir().unwrap();
    let at = folder.path().to_owned();
    let ran = tokio::task::spawn_blocking(move || {
        Command::new("schemathesis")
            .current_dir(at)
            .args(["run", "--seed", "20261123", "--no-color"])
            .args(["--phases", "coverage,fuzzing", "--max-examples", EXAMPLES])
            .args(["--generation-database", "none", "--request-timeout", "30"])
            .args(["--header", &format!("Authorization: Bearer {}", made.text)])
            .arg(format!("{address}/api/v1/openapi.json"))
            .output()
    });
    let ran = ran
        .await
        .unwrap()
        .expect("schemathesis is installed: run tools/test");
    let said = String::from_utf8_lossy(&ran.stdout);
    assert!(
        ran.status.success(),
        "{said}\n{}",
        String::from_utf8_lossy(&ran.stderr)
    );
}

#[tokio::test(flavor = "multi_thread")]
async fn schemathesis_finds_nothing_as_a_member() {
    check(Role::Member, Some(0), None).await;
}

#[tokio::test(flavor = "multi_thread")]
async fn schemathesis_finds_nothing_as_an_officer() {
    check(Role::Officer, None, Some(AREAS[0])).await;
}
