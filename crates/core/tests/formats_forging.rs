//! No stranger's text becomes a field: every sample record of every format, put where a stranger can
//! write (a user agent, a user name, a path, a sender, free text), must not give an event with the
//! addresses it names.

use std::collections::BTreeMap;
use std::net::IpAddr;

use larum_core::content::FORMATS;
use larum_core::parse::{Context, Formats, Scratch};
use larum_core::time::Timestamp;

/// The stranger's real address: the only one an event may name.
const STRANGER: &str = "203.0.113.250";

/// Records with a place for text that a stranger chose; `{q}` stands for that text as a program writes
/// it between quotes, `{t}` as it stands.
const HOSTS: &[(&str, &str)] = &[
    (
        "user agent",
        r#"203.0.113.250 - - [22/Nov/2026:10:00:00 +0000] "GET / HTTP/1.1" 200 5 "-" "{q}""#,
    ),
    (
        "request target",
        r#"203.0.113.250 - - [22/Nov/2026:10:00:00 +0000] "GET /{q} HTTP/1.1" 200 5 "-" "x""#,
    ),
    (
        "user name of a request",
        r#"203.0.113.250 - {q} [22/Nov/2026:10:00:00 +0000] "GET / HTTP/1.1" 401 5 "-" "x""#,
    ),
    (
        "user name of a log-in",
        "Nov 22 10:00:00 gw sshd[812]: Failed password for invalid user {t} from 203.0.113.250 port 41022 ssh2",
    ),
    (
        "file that was not found",
        r#"2026/11/22 10:00:00 [error] 29#29: *1 open() "/var/www/{q}" failed (2: No such file or directory), client: 203.0.113.250, server: _, request: "GET /x HTTP/1.1", host: "a""#,
    ),
    (
        "request that was refused",
        "[Sun Nov 22 10:00:00.123456 2026] [core:error] [pid 812:tid 1404] [client 203.0.113.250:41022] AH00126: Invalid URI in request {t}",
    ),
    (
        "sender of a message",
        "Nov 22 10:00:00 mx postfix/smtpd[12]: NOQUEUE: reject: RCPT from unknown[203.0.113.250]: 554 5.7.1 <x>: Relay access denied; from=<{t}> to=<x@example.org> proto=ESMTP helo=<x>",
    ),
    (
        "text of an unknown program",
        "Nov 22 10:00:00 gw someapp[812]: user said {t}",
    ),
    (
        "text of an unknown program in quotes",
        r#"Nov 22 10:00:00 gw someapp[812]: user said "{q}""#,
    ),
    (
        "text in an unknown program's own log",
        "2026-11-22 10:00:00 INFO something {t}",
    ),
    (
        "text behind brackets",
        "[2026-11-22 10:00:00] something: {t}",
    ),
    (
        "value of an unknown object",
        r#"{"remote":"203.0.113.250","agent":"{q}"}"#,
    ),
    (
        "value of an unknown pair",
        r#"time="2026-11-22T10:00:00Z" level=info msg="user said {q}""#,
    ),
];

/// The record, and what remains of it without priority and without header.
fn texts(record: &str) -> Vec<String> {
    let line = record.replace(['\n', '\r'], " ");
    let bare = match line.split_once('>') {
        Some((head, rest)) if head.starts_with('<') && head.len() < 5 => rest.to_owned(),
        _ => line.clone(),
    };
    let mut texts = vec![line, bare.clone()];
    // Behind "Mmm dd hh:mm:ss host " or "stamp host ".
    for words in [1, 2, 4, 5] {
        let rest = bare.splitn(words + 1, ' ').nth(words);
        texts.extend(rest.map(str::to_owned));
    }
    texts.sort();
    texts.dedup();
    texts
}

#[test]
fn a_record_in_a_strangers_text_stays_text() {
    let formats = Formats::built_in().unwrap();
    let context = Context::at(Timestamp::from_seconds(1_795_348_800));
    let stranger: IpAddr = STRANGER.parse().unwrap();
    let mut forged: BTreeMap<(&str, String), (usize, String)> = BTreeMap::new();
    let mut tried = 0;
    for (_, file) in FORMATS {
        let file: toml::Table = file.parse().unwrap();
        for case in file["case"].as_array().unwrap() {
            for text in texts(case["input"].as_str().unwrap()) {
                let quoted = text.replace('\\', r"\\").replace('"', "\\\"");
                for (place, host) in HOSTS {
                    let record = host.replace("{q}", &quoted).replace("{t}", &text);
                    let mut scratch = Scratch::default();
                    tried += 1;
                    let Ok(event) = formats.parse(record.as_bytes(), &context, &mut scratch) else {
                        continue;
                    };
                    let named = [
                        event.src_ip,
                        event.dst_ip,
                        event.src_nat_ip,
                        event.dst_nat_ip,
                    ];
                    if named.into_iter().flatten().any(|ip| ip != stranger) {
                        let entry = forged
                            .entry((place, event.format.to_owned()))
                            .or_insert_with(|| (0, record.clone()));
                        entry.0 += 1;
                    }
                }
            }
        }
    }
    for ((place, format), (count, record)) in &forged {
        println!("{format}: {count} times, {place}: {record}");
    }
    assert!(tried > 100_000, "{tried}");
    assert!(
        forged.is_empty(),
        "{} ways to forge an address",
        forged.len()
    );
}
