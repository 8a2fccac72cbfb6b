//! Flows of real captures against what other tools said about them.
#![expect(
    clippy::unwrap_used,
    clippy::panic,
    reason = "a test fails by panicking"
)]
#![expect(clippy::print_stdout, reason = "the score is worth reading")]

mod shared;

use std::net::IpAddr;

use serde_json::Value;
use shared::corpus;
use shared::flows::{bytes, read};

/// Expected fields and those that agree.
#[derive(Default)]
struct Score {
    expected: u32,
    right: u32,
    wrong: Vec<String>,
}

impl Score {
    fn check(&mut self, right: bool, what: impl FnOnce() -> String) {
        self.expected += 1;
        self.right += u32::from(right);
        if !right {
            self.wrong.push(what());
        }
    }

    #[track_caller]
    fn at_least(&self, per_mille: u32) {
        println!(
            "{} of {} fields: {:#?}",
            self.right, self.expected, self.wrong
        );
        assert!(self.right * 1_000 >= self.expected * per_mille);
    }
}

fn ip(value: &Value) -> Option<IpAddr> {
    value.as_str()?.parse().ok()
}

fn port(value: &Value) -> u64 {
    value
        .as_u64()
        .or_else(|| value.as_str()?.parse().ok())
        .unwrap_or(0)
}

/// The flow events between two ends, and whether `source` is their client.
fn between<'e>(
    events: &'e [Value],
    proto: &str,
    source: (Option<IpAddr>, u64),
    target: (Option<IpAddr>, u64),
) -> Vec<(&'e Value, bool)> {
    let flows = events
        .iter()
        .filter(|event| event["kind"] == "network" && event["proto"] == proto);
    flows
        .filter_map(|event| {
            let client = (ip(&event["src_ip"]), port(&event["src_port"]));
            let server = (ip(&event["dst_ip"]), port(&event["dst_port"]));
            if (client, server) == (source, target) {
                Some((event, true))
            } else if (client, server) == (target, source) {
                Some((event, false))
            } else {
                None
            }
        })
        .collect()
}

#[test]
fn flows_are_those_zeek_found() {
    let Some(path) = corpus("pcap/zeek/logs.jsonl") else {
        return;
    };
    let root = corpus("README.md").unwrap();
    let root = root.parent().unwrap();
    let mut score = Score::default();
    for line in String::from_utf8(bytes(&path)).unwrap().lines() {
        let case: Value = serde_json::from_str(line).unwrap();
        let rows = case["logs"]["conn"].as_array().cloned().unwrap_or_default();
        if rows.is_empty() {
            continue;
        }
        let (told, _) = read(&bytes(&root.join(case["pcap"].as_str().unwrap())));
        for row in rows {
            let proto = row["proto"].as_str().unwrap();
            let source = (ip(&row["id.orig_h"]), port(&row["id.orig_p"]));
            let target = (ip(&row["id.resp_h"]), port(&row["id.resp_p"]));
            // Theirs have types of ICMP where others have ports; and they tell a tunnel as well as what is
            // in it, we the innermost packet alone (design 0009).
            let is_tunnel = [2_152, 4_789, 6_081].contains(&target.1);
            if !["tcp", "udp"].contains(&proto) || is_tunnel {
                continue;
            }
            let found = between(&told.events, proto, source, target);
            let name = || format!("{} {proto} {source:?} {target:?}", case["id"]);
            score.check(!found.is_empty(), || format!("no flow {}", name()));
            score.check(found.iter().any(|(_, straight)| *straight), || {
                format!("turned round {}", name())
            });
        }
    }
    score.at_least(980);
}

#[test]
fn flows_are_those_arkime_found() {
    let Some(path) = corpus("pcap/arkime/flows.jsonl") else {
        return;
    };
    let root = corpus("README.md").unwrap();
    let root = root.parent().unwrap();
    let mut score = Score::default();
    for line in String::from_utf8(bytes(&path)).unwrap().lines() {
        let case: Value = serde_json::from_str(line).unwrap();
        let (told, _) = read(&bytes(&root.join(case["pcap"].as_str().unwrap())));
        let mut used = Vec::new();
        for flow in case["flows"].as_array().unwrap() {
            let proto = match flow["proto"].as_str().unwrap() {
                "icmp6" => "ipv6-icmp",
                "132" => "sctp",
                "103" => "pim",
                other => other,
            };
            let source = (ip(&flow["src"]), port(&flow["sport"]));
            let target = (ip(&flow["dst"]), port(&flow["dport"]));
            let found = between(&told.events, proto, source, target);
            let expected = (port(&flow["bytes_fwd"]), port(&flow["bytes_rev"]));
            let name = || format!("{} {proto} {source:?} {target:?} {expected:?}", case["id"]);
            let icmp = proto.contains("icmp");
            // One flow of theirs may be several of ours, by type.
            let sum = |forward: bool| -> u64 {
                let key = |straight: bool| {
                    if straight == forward {
                        "src_bytes"
                    } else {
                        "dst_bytes"
                    }
                };
                found
                    .iter()
                    .map(|(event, straight)| port(&event[key(*straight)]))
                    .sum()
            };
            score.check(!found.is_empty(), || format!("no flow {}", name()));
            let exact = found.iter().any(|(event, straight)| {
                let counts = (port(&event["src_bytes"]), port(&event["dst_bytes"]));
                let counts = if *straight {
                    counts
                } else {
                    (counts.1, counts.0)
                };
                let place = std::ptr::from_ref::<Value>(event);
                let fresh = counts == expected && !used.contains(&place);
                if fresh {
                    used.push(place);
                }
                fresh
            });
            let exact = exact || (icmp && (sum(true), sum(false)) == expected);
            score.check(exact, || {
                format!(
                    "bytes {} not {}",
                    name(),
                    found
                        .iter()
                        .map(|(event, _)| format!("{} {}", event["src_bytes"], event["dst_bytes"]))
                        .collect::<Vec<_>>()
                        .join(", ")
                )
            });
            score.check(found.iter().any(|(_, straight)| *straight) || icmp, || {
                format!("turned round {}", name())
            });
        }
    }
    score.at_least(980);
}
