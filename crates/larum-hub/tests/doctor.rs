//! `larum-hub doctor` says what is wrong with a hub, and finds nothing wrong with one just set up.
#![expect(clippy::unwrap_used, reason = "a test fails by panicking")]

#[path = "../../hub/tests/cases/mod.rs"]
mod cases;
mod set_up;

use std::os::unix::fs::PermissionsExt as _;
use std::path::Path;
use std::process::Command;

use larum_hub_lib::config::HubConfig;
use larum_hub_lib::store::ingest::IngestStore as _;
use larum_link::clock::Clock;
use set_up::init;

fn doctor(state: &Path) -> (i32, String) {
    let ran = Command::new(env!("CARGO_BIN_EXE_larum-hub"))
        .args(["doctor", "--json", "--config"])
        .arg(state.join("hub.toml"))
        .output()
        .unwrap();
    let said = String::from_utf8(ran.stdout).unwrap();
    (ran.status.code().unwrap(), said)
}

#[track_caller]
fn says(said: &str, check: &str, state: &str) {
    let found = said
        .lines()
        .find(|line| line.contains(&format!("\"check\":\"{check}\"")))
        .unwrap();
    assert!(found.contains(&format!("\"state\":\"{state}\"")), "{said}");
    assert_eq!(found.contains("\"fix\":"), state != "ok", "{said}");
}

/// A collector that had to wait a moment ago is told; one that did a day ago is not.
fn quota(state: &Path) {
    let config = HubConfig::load(&state.join("hub.toml")).unwrap();
    let store = config.open_store().unwrap();
    let member = cases::firm(&store, 9, "Bakery");
    let id = cases::collector(&store, member, 9);
    let now = Clock::system().now();
    store.note_over_quota(id, now.plus_seconds(-60)).unwrap();
    let (_, said) = doctor(state);
    says(&said, "over-quota", "look");
    assert!(said.contains("collector-day-sightings"), "{said}");
    store
        .note_over_quota(id, now.plus_seconds(-86_400))
        .unwrap();
    says(&doctor(state).1, "over-quota", "ok");
}

#[test]
fn a_new_hub_is_in_order_and_a_broken_one_is_not() {
    let folder = tempfile::tempdir().unwrap();
    let state = folder.path().join("hub");
    init(&state);
    let (code, said) = doctor(&state);
    assert_eq!(code, 0, "{said}");
    for check in [
        "config",
        "private",
        "authority",
        "store",
        "ledger",
        "quiet",
        "copied",
        "over-quota",
    ] {
        says(&said, check, "ok");
    }
    says(&said, "address", "look");

    let authority = state.join("authority");
    let key = authority.join("authority.key");
    std::fs::set_permissions(&authority, std::fs::Permissions::from_mode(0o755)).unwrap();
    std::fs::write(&key, "gone").unwrap();
    let (code, said) = doctor(&state);
    assert_eq!(code, 5, "{said}");
    says(&said, "private", "broken");
    says(&said, "authority", "broken");

    quota(&state);

    // A list of known-exploited weaknesses that is named must be there, and new.
    assert!(!said.contains("\"exploited\""));
    let list = state.join("known.json");
    let config = state.join("hub.toml");
    let text = std::fs::read_to_string(&config).unwrap();
    let named = text.replace(
        "# known-exploited-file = \"/etc/larum-hub/known-exploited.json\"",
        &format!("known-exploited-file = {:?}", list.to_str().unwrap()),
    );
    assert_ne!(text, named);
    std::fs::write(&config, named).unwrap();
    says(&doctor(&state).1, "exploited", "broken");
    let old =
        r#"{"dateReleased":"2026-01-02T03:04:05Z","vulnerabilities":[{"cveID":"CVE-2026-1001"}]}"#;
    std::fs::write(&list, old).unwrap();
    says(&doctor(&state).1, "exploited", "look");
    let new = old.replace("2026-01-02", "2999-01-02");
    std::fs::write(&list, new).unwrap();
    says(&doctor(&state).1, "exploited", "ok");

    // So must files that say where addresses are registered.
    let delegated = state.join("delegated");
    let text = std::fs::read_to_string(&config).unwrap();
    let named = text.replace(
        "# address-files = [\"/etc/larum-hub/country.mmdb\", \"/etc/larum-hub/asn.mmdb\"]",
        &format!("address-files = [{:?}]", delegated.to_str().unwrap()),
    );
    assert_ne!(text, named);
    std::fs::write(&config, named).unwrap();
    says(&doctor(&state).1, "addresses", "broken");
    let old = "2|ripencc|20260102|1|19830705|20260101|+0100\nripencc|GB|ipv4|192.0.2.0|256|20100714|allocated\n";
    std::fs::write(&delegated, old).unwrap();
    says(&doctor(&state).1, "addresses", "look");
    std::fs::write(&delegated, old.replace("2026", "2999")).unwrap();
    says(&doctor(&state).1, "addresses", "ok");

    // Looking makes nothing where nothing is.
    let store = state.join("hub.sqlite");
    std::fs::remove_file(&store).unwrap();
    let (_, said) = doctor(&state);
    says(&said, "store", "broken");
    assert!(!store.exists());
}
