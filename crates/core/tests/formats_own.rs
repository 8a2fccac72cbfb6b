//! Formats that somebody brought along, beside those that ship with the program.

use larum_core::parse::{Context, Formats, Scratch};
use larum_core::time::Timestamp;

const GATE: &str = r#"
vendor = "Acme"
product = "Gate"
kind = "network"
reader = "key-value"
source = "invented"
[[recognise]]
contains = ["acme_gate=1"]
[fields]
src_ip = "addr"
[[case]]
input = "acme_gate=1 addr=192.0.2.1"
expect = { kind = "network", src_ip = "192.0.2.1" }
"#;

#[track_caller]
fn check(formats: &Formats, record: &str, expected: Option<&str>) {
    let context = Context::at(Timestamp::from_seconds(1_795_348_800));
    let mut scratch = Scratch::default();
    let event = formats.parse(record.as_bytes(), &context, &mut scratch);
    assert_eq!(event.ok().map(|event| event.format), expected, "{record}");
}

#[test]
fn own_formats_are_asked_first_and_the_shipped_ones_stay() {
    let sshd =
        "Nov 22 19:00:01 gate sshd[811]: Failed password for root from 192.0.2.7 port 4022 ssh2";
    // What FortiGate's format would take, with the mark of the firm's own.
    let both = "date=2026-11-22 time=12:00:00 devname=\"x\" devid=\"FGT60E0000000001\" logid=\"0000000013\" \
                type=\"traffic\" subtype=\"forward\" level=\"notice\" srcip=10.0.0.1 srcport=40000 dstip=192.0.2.9 \
                dstport=443 proto=6 action=\"accept\" policyid=1 acme_gate=1 addr=192.0.2.1";
    let shipped = Formats::built_in().unwrap();
    check(&shipped, sshd, Some("sshd"));
    check(&shipped, both, Some("fortigate"));
    let own = Formats::with_own(&[("gate", GATE)]).unwrap();
    check(&own, sshd, Some("sshd"));
    check(&own, both, Some("gate"));
    check(&own, "acme_gate=1 addr=192.0.2.1", Some("gate"));
}

#[test]
fn one_of_the_same_name_stands_for_the_shipped_one() {
    let own = Formats::with_own(&[("sshd", GATE)]).unwrap();
    assert_eq!(own.names().filter(|name| *name == "sshd").count(), 1);
    check(&own, "acme_gate=1 addr=192.0.2.1", Some("sshd"));
    let fall_back = GATE.replace("source", "fallback = true\nsource");
    let own = Formats::with_own(&[("gate", &fall_back)]).unwrap();
    check(&own, "acme_gate=1 addr=192.0.2.1", Some("gate"));
}

#[test]
fn every_problem_of_every_own_file_is_told() {
    let wrong = GATE.replace("src_ip = \"addr\"", "src_pi = \"addr\"");
    let error = Formats::with_own(&[("one", &wrong), ("two", "kind = 3"), ("gate", GATE)]);
    let files: Vec<String> = error
        .unwrap_err()
        .problems
        .into_iter()
        .map(|problem| problem.file)
        .collect();
    assert!(files.contains(&"one".to_owned()), "{files:?}");
    assert!(files.contains(&"two".to_owned()), "{files:?}");
    assert!(!files.contains(&"gate".to_owned()), "{files:?}");
}
