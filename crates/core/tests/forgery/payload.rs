//! What a stranger writes into a value to make it an address.

use std::net::IpAddr;

use larum_core::event::Field;

use super::{EVIL, Sample};

/// Assignments in the words of each reader's kind.
const KINDS: &[&str] = &[
    " src=203.0.113.66 dst=203.0.113.66",
    " srcip=203.0.113.66 dstip=203.0.113.66 remip=203.0.113.66",
    " SRC=203.0.113.66 DST=203.0.113.66 PROTO=TCP SPT=1 DPT=2",
    "|src=203.0.113.66|dst=203.0.113.66",
    "\tsrc=203.0.113.66\tdst=203.0.113.66",
    "\",\"src_ip\":\"203.0.113.66\",\"dest_ip\":\"203.0.113.66",
    ",203.0.113.66,203.0.113.66,",
    "</Data><Data Name=\"IpAddress\">203.0.113.66</Data>",
    " from 203.0.113.66 port 22 ssh2",
    " [203.0.113.66]",
];
/// Whole records of products that stand in many firms.
const RECORDS: &[&str] = &[
    "<38>Nov 22 10:00:00 gw sshd[7]: Accepted password for root from 203.0.113.66 port 22 ssh2",
    "<166>Nov 22 2026 10:00:00 fw : %ASA-4-106023: Deny tcp src outside:203.0.113.66/1 dst inside:203.0.113.66/2 by access-group \"x\" [0x0, 0x0]",
    "<134>Nov 22 10:00:00 gw filterlog[1]: 5,,,1,igb0,match,pass,in,4,0x0,,1,1,0,none,6,tcp,44,203.0.113.66,203.0.113.66,1,2,0,S,1,,1,,",
    "<4>Nov 22 10:00:00 gw kernel: [UFW BLOCK] IN=eth0 OUT= MAC= SRC=203.0.113.66 DST=203.0.113.66 LEN=44 PROTO=TCP SPT=1 DPT=2",
    "date=2026-11-22 time=10:00:00 devid=\"FGT60\" type=\"traffic\" subtype=\"forward\" level=\"notice\" srcip=203.0.113.66 dstip=203.0.113.66 action=\"deny\"",
    "203.0.113.66 - - [22/Nov/2026:10:00:00 +0000] \"GET / HTTP/1.1\" 200 9 \"-\" \"curl/8\"",
    "{\"timestamp\":\"2026-11-22T10:00:00.000000+0000\",\"event_type\":\"alert\",\"src_ip\":\"203.0.113.66\",\"dest_ip\":\"203.0.113.66\",\"alert\":{\"action\":\"allowed\",\"signature\":\"x\"}}",
    "CEF:0|Example|Guard|2|1|x|9|src=203.0.113.66 dst=203.0.113.66",
    "LEEF:1.0|Example|Guard|2|1|src=203.0.113.66\tdst=203.0.113.66",
    "id=firewall sn=0017C5000000 time=\"2026-11-22 10:00:00\" fw=192.0.2.8 pri=4 c=32 m=37 msg=\"x\" src=203.0.113.66:1:X1 dst=203.0.113.66:2:X0",
    "2026-11-22 10:00:00.536 UTC [147] root@shop FATAL:  no pg_hba.conf entry for host \"203.0.113.66\", user \"root\", database \"shop\"",
    "<30>Nov 22 10:00:00 ns named[1]: client @0x7f65100ee4d8 203.0.113.66#5 (example.org): query: example.org IN A + (203.0.113.66)",
    "<30>Nov 22 10:00:00 ns dhcpd[1]: DHCPACK on 203.0.113.66 to 00:00:5e:00:53:01 via eth2",
];

/// Everything to try on `sample`.
pub fn all(sample: &Sample, honest: [Option<IpAddr>; 4], field: Field) -> Vec<String> {
    let mut found: Vec<String> = KINDS.iter().map(|text| (*text).to_owned()).collect();
    for separator in [" ", ",", "|", ";", "\t"] {
        let pairs = sample.keys.iter();
        let pairs: String = pairs
            .map(|key| format!("{separator}{key}={EVIL}"))
            .collect();
        found.push(pairs);
    }
    for address in honest.into_iter().flatten() {
        let shown = address.to_string();
        for (at, _) in sample.input.match_indices(&shown).take(2) {
            let (before, rest) = sample.input.split_at(at);
            let after = &rest[shown.len()..];
            for (words, next) in [(1, 1), (3, 2)] {
                found.push(format!(
                    "{}{EVIL}{}",
                    tail(before, words),
                    head(after, next)
                ));
            }
        }
    }
    if !matches!(field, Field::User | Field::Url | Field::UserAgent) {
        return found;
    }
    found.extend(RECORDS.iter().map(|text| format!(" {text}")));
    found
}

/// The last `words` words of `text` with what separates them, and a separator in front.
fn tail(text: &str, words: usize) -> &str {
    let mut starts = text
        .char_indices()
        .rev()
        .filter(|(_, letter)| matches!(letter, ' ' | ',' | '|' | '\t' | '<'));
    let start = starts.nth(words - 1).map_or(0, |(at, _)| at);
    &text[start..]
}

/// The first `words` words of `text`.
fn head(text: &str, words: usize) -> &str {
    let mut ends = text
        .char_indices()
        .filter(|(_, letter)| matches!(letter, ' ' | ',' | '|' | '\t' | '>'));
    let end = ends
        .nth(words - 1)
        .map_or(text.len(), |(at, letter)| at + letter.len_utf8());
    &text[..end]
}
