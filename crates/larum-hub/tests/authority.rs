//! `larum-hub authority`: the commands of docs/operator/authority.md, one after the other.
#![expect(clippy::unwrap_used, reason = "a test fails by panicking")]

mod set_up;

use std::path::Path;
use std::process::{Command, Output};

use larum_hub_lib::id::{CollectorId, MemberId};
use larum_hub_lib::store::audit::Audit as _;
use larum_hub_lib::store::enrol::{EnrolStore as _, Issued, NewMember, NewToken};
use larum_hub_lib::store::sql::SqlStore;
use larum_link::clock::Clock;
use set_up::init;

fn hub(state: &Path, args: &[&str]) -> Output {
    let mut command = Command::new(env!("CARGO_BIN_EXE_larum-hub"));
    command.args(args);
    command.arg("--config").arg(state.join("hub.toml"));
    command.output().unwrap()
}

#[track_caller]
fn ends(state: &Path, args: &[&str], code: i32) -> String {
    let ran = hub(state, args);
    let said = String::from_utf8_lossy(&ran.stderr);
    assert_eq!(ran.status.code(), Some(code), "{args:?}: {said}");
    String::from_utf8(ran.stdout).unwrap()
}

#[track_caller]
fn step(state: &Path) -> serde_json::Value {
    serde_json::from_str(&ends(state, &["authority", "show", "--json"], 0)).unwrap()
}

/// A collector that could call, and has never said whom it trusts.
fn add_collector(state: &Path) -> CollectorId {
    let store = SqlStore::open(&state.join("hub.sqlite")).unwrap();
    let now = Clock::system().now();
    let member = NewMember {
        id: MemberId::random().unwrap(),
        name: "Bakery".into(),
        area: "E23000001".into(),
        region: "London".into(),
        sector: "food".into(),
        size: "micro".into(),
    };
    store.add_member(&member, now).unwrap();
    let token = NewToken {
        secret_hash: "h".into(),
        member: member.id,
        site: "shop".into(),
        expires: now.plus_seconds(60),
    };
    store.add_token(&token, now).unwrap();
    let issued = Issued {
        collector: CollectorId::random().unwrap(),
        serial: "1".into(),
        not_before: now,
        not_after: now.plus_seconds(86_400),
    };
    store.enrol("h", &issued, now).unwrap().unwrap();
    issued.collector
}

#[test]
fn each_step_has_its_turn_and_waits_for_the_collectors() {
    let folder = tempfile::tempdir().unwrap();
    let state = folder.path().join("hub");
    init(&state);
    let first = step(&state);
    assert_eq!(first["step"], "steady");
    assert_eq!(first["authorities"].as_array().unwrap().len(), 1);
    ends(&state, &["authority", "switch"], 5);
    ends(&state, &["authority", "retire"], 5);
    let request = ends(&state, &["authority", "request"], 0);
    assert!(request.contains("BEGIN CERTIFICATE REQUEST"));

    ends(&state, &["authority", "prepare"], 0);
    ends(&state, &["authority", "prepare"], 5);
    let prepared = step(&state);
    assert_eq!(prepared["step"], "prepared");
    assert_eq!(prepared["authorities"][0], first["authorities"][0]);
    let id = add_collector(&state);
    assert_eq!(step(&state)["behind"][0]["collector"], id.to_string());
    let said = ends(&state, &["authority", "show"], 0);
    assert!(
        said.contains(&id.to_string()) && said.contains("1 of 1"),
        "{said}"
    );
    ends(&state, &["authority", "switch"], 5);
    ends(&state, &["authority", "switch", "--anyway"], 0);
    let switched = step(&state);
    assert_eq!(switched["step"], "switched");
    assert_eq!(
        switched["authorities"][0]["sha256"],
        prepared["authorities"][1]["sha256"]
    );
    ends(&state, &["authority", "retire"], 5);
    ends(&state, &["authority", "retire", "--anyway"], 0);
    let retired = step(&state);
    assert_eq!(retired["step"], "steady");
    ends(&state, &["authority", "replace"], 2);
    ends(&state, &["authority", "replace", "--all-join-again"], 0);
    let replaced = step(&state);
    assert_ne!(
        replaced["authorities"][0]["sha256"],
        retired["authorities"][0]["sha256"]
    );
    // Each act stands in the ledger: prepared, switched, retired, replaced.
    let store = SqlStore::open(&state.join("hub.sqlite")).unwrap();
    let acts = store.acts(None, 10).unwrap();
    let done: Vec<_> = acts.iter().map(|act| act.action.as_str()).collect();
    for act in ["prepare", "switch", "retire", "replace"] {
        assert!(
            done.contains(&format!("{act}-authority").as_str()),
            "{done:?}"
        );
    }
}
