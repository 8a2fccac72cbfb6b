use super::*;
use crate::health::ConcernRow;
use crate::learned::{ClockRow, OwnRow};
use crate::status::{DeviceRow, HourRow};
use crate::unread::UnreadRow;
use larum_core::parse::Formats;
use larum_link::wire::Tally;

/// A marked secret that stands in every text of the report.
const SECRET: &str = "zq-secret-marker-zq";

fn secret() -> String {
    SECRET.to_owned()
}

fn patient(folder: &Path, config: &str) -> Patient {
    let file = folder.join("collector.toml");
    std::fs::write(&file, config).unwrap();
    Patient {
        config: file,
        state_dir: None,
        call_hub: false,
    }
}

async fn examined(patient: &Patient) -> Report {
    let words = Arc::new(Words::of("en").unwrap());
    let names = Arc::new(DeviceNames::built_in().unwrap());
    let report = examine(patient, &words, &names, &Clock::system()).await;
    for check in &report.checks {
        let said = format!("{} {}", check.said, check.fix.clone().unwrap_or_default());
        assert!(!said.contains('«') && !said.contains("{$"), "{check:?}");
    }
    report
}

fn result_of<'r>(report: &'r Report, check: &str) -> Vec<&'r str> {
    let checks = report.checks.iter();
    checks
        .filter(|one| one.check == check)
        .map(|one| one.result)
        .collect()
}

#[tokio::test]
async fn what_was_never_started_is_told_with_what_to_do() {
    let folder = tempfile::tempdir().unwrap();
    let state = folder.path().join("state");
    let config = format!("state-dir = {state:?}\n[[file]]\npath = \"/nowhere/at/all.log\"\n");
    let report = examined(&patient(folder.path(), &config)).await;
    assert_eq!(result_of(&report, "config"), ["right"]);
    assert_eq!(result_of(&report, "file"), ["missing"]);
    assert_eq!(result_of(&report, "state"), ["missing"]);
    assert_eq!(result_of(&report, "running"), ["never"]);
    assert_eq!(result_of(&report, "hub"), ["not-joined"]);
    assert!(
        report
            .checks
            .iter()
            .any(|check| check.state == State::Broken)
    );
    let wrong = examined(&patient(folder.path(), "state-dri = \"x\"\nzone = 7\n")).await;
    assert!(
        result_of(&wrong, "config")
            .iter()
            .all(|one| *one == "wrong")
    );
}

#[tokio::test]
async fn open_rights_and_taken_ports_are_found() {
    use std::os::unix::fs::PermissionsExt as _;
    let folder = tempfile::tempdir().unwrap();
    let state = folder.path().join("state");
    std::fs::create_dir(&state).unwrap();
    std::fs::set_permissions(&state, std::fs::Permissions::from_mode(0o755)).unwrap();
    let held = std::net::TcpListener::bind("127.0.0.1:0").unwrap();
    let held_flows = std::net::UdpSocket::bind("127.0.0.1:0").unwrap();
    let config = format!(
        "state-dir = {state:?}\npage-address = \"off\"\n[[listen]]\nprotocol = \"tcp\"\naddress = \"{}\"\n\
         [[listen]]\nprotocol = \"flows\"\naddress = \"{}\"\n",
        held.local_addr().unwrap(),
        held_flows.local_addr().unwrap()
    );
    let report = examined(&patient(folder.path(), &config)).await;
    assert_eq!(result_of(&report, "state"), ["open"]);
    assert_eq!(result_of(&report, "port"), ["taken", "taken"]);
    std::fs::set_permissions(&state, std::fs::Permissions::from_mode(0o700)).unwrap();
    drop((held, held_flows));
    let report = examined(&patient(folder.path(), &config)).await;
    assert_eq!(result_of(&report, "state"), ["right"]);
    assert_eq!(result_of(&report, "port"), ["free", "free"]);
}

fn marked_tally() -> Tally {
    let reasons = [(secret(), 4_711), ("unknown-format".to_owned(), 3)];
    Tally {
        received: 10,
        rejected: reasons.clone().into(),
        dropped: reasons.clone().into(),
        withheld: reasons.into(),
        ..Tally::default()
    }
}

/// A status with a secret in every text that a device, the hub or the owner could have put there.
fn marked_status() -> StatusDocument {
    let row = UnreadRow {
        lines: 5,
        why: secret(),
        format: Some(secret()),
        vendor: Some(secret()),
        product: Some(secret()),
        field: Some(secret()),
    };
    let device = DeviceRow {
        device: secret(),
        last_heard: Some("2026-11-23T04:00:00Z".to_owned()),
        clocks: vec![ClockRow {
            device: secret(),
            host: Some(secret()),
            zone_from: secret(),
            last: secret(),
            ..ClockRow::default()
        }],
        unread: vec![
            UnreadRow {
                format: Some("sshd".to_owned()),
                why: "shape".to_owned(),
                ..row.clone()
            },
            row,
        ],
        ..DeviceRow::default()
    };
    let concern = |kind: &str| ConcernRow {
        kind: kind.to_owned(),
        device: Some(secret()),
        since: secret(),
        amount: 60,
        heard: Some(secret()),
    };
    let mut status = StatusDocument {
        version: secret(),
        written: secret(),
        running: true,
        hours: vec![HourRow {
            device: secret(),
            hour: secret(),
            sum: marked_tally(),
        }],
        devices: vec![device],
        own_networks: vec![OwnRow {
            network: secret(),
            why: secret(),
            records: 1,
        }],
        concerns: vec![concern("device-silent"), concern(SECRET)],
        total: marked_tally(),
        connections_closed: [(secret(), 1), ("idle".to_owned(), 2)].into(),
        troubles: vec![secret(), "spool-unwritable".to_owned()],
        limits: [(secret(), 1)].into(),
        inputs: vec![secret()],
        page: Some(secret()),
        ..StatusDocument::default()
    };
    status.hub.state = secret();
    status.hub.member = Some(secret());
    status.hub.collector = Some(secret());
    status.hub.last_answer = Some(secret());
    status
}

fn marked_config() -> Config {
    let toml = format!(
        "state-dir = \"/{SECRET}\"\nindicators = [\"/{SECRET}\"]\nformats = \"/{SECRET}\"\n\
         own-networks = [\"192.0.2.99/32\"]\n[[file]]\npath = \"/{SECRET}/*.log\"\n\
         [[listen]]\nprotocol = \"udp\"\naddress = \"192.0.2.98:5514\"\nallow = [\"192.0.2.97/32\"]\n\
         [[ours]]\nnetworks = [\"192.0.2.96\"]\nwhy = \"{SECRET}\"\n"
    );
    Config::read(&toml).unwrap()
}

#[test]
fn no_secret_is_in_a_bundle() {
    let formats = Formats::built_in().unwrap();
    let report = Report {
        checks: vec![Check {
            check: "unread",
            state: State::Look,
            result: "much",
            said: secret(),
            fix: Some(secret()),
        }],
        config: Some(marked_config()),
        status: Some(marked_status()),
        at: Timestamp::from_seconds(1_795_410_000),
    };
    let made = bundle(&report, &formats);
    let text = serde_json::to_string_pretty(&made).unwrap();
    assert!(!text.contains(SECRET), "{text}");
    assert!(!text.contains("192.0.2."), "{text}");
    // And yet it says something.
    let device = &made["collector"]["devices"][0];
    assert_eq!(device["name"], "device-1");
    assert_eq!(device["silent"], true);
    assert_eq!(device["unread"][0]["format"], "sshd");
    assert_eq!(device["unread"][1]["format"], "own");
    assert_eq!(made["collector"]["concerns"][0]["device"], "device-1");
    assert_eq!(made["collector"]["troubles"][0], "spool-unwritable");
    assert_eq!(made["collector"]["total"]["rejected"]["unknown-format"], 3);
    assert_eq!(made["settings"]["listeners"]["udp"], 1);
}
