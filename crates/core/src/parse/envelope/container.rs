//! Lines that something else wraps: a container's runtime as text (Kubernetes' container runtime
//! interface), as `docker compose logs` prints them or as JSON (Docker's `json-file`), systemd's journal as
//! JSON (`journalctl -o json`). The line inside is what counts.

use crate::parse::escape::Escape;
use crate::parse::scan;
use crate::parse::stamp::{self, Missing};
use crate::time::DeviceTime;

/// How a JSON-wrapped line begins.
const LOG: &str = "{\"log\":\"";

/// The time and the inside of `2026-11-22T10:00:00.1Z stdout F inside`.
pub(super) fn cri<'a>(text: &'a str, missing: &Missing) -> Option<(DeviceTime, &'a str)> {
    let bytes = text.as_bytes();
    if bytes.get(4) != Some(&b'-') || bytes.get(10) != Some(&b'T') {
        return None;
    }
    let (word, rest) = text.split_at_checked(memchr::memchr(b' ', bytes)?)?;
    let rest = rest.strip_prefix(" std")?;
    let rest = rest
        .strip_prefix("out ")
        .or_else(|| rest.strip_prefix("err "))?;
    let inside = rest
        .strip_prefix("F ")
        .or_else(|| rest.strip_prefix("P "))?;
    let (time, after) = stamp::iso(word.as_bytes(), missing)?;
    after.is_empty().then_some((time, inside))
}

/// The inside of `service_1  | inside`, as `docker compose logs` prints it.
pub(super) fn compose(text: &str) -> Option<&str> {
    /// Longest name of a service that is looked for, in bytes.
    const MAX_NAME_BYTES: usize = 64;
    let bytes = text.as_bytes();
    let name = scan::run(bytes.get(..MAX_NAME_BYTES).unwrap_or(bytes), scan::NAME);
    // Mostly something else stands behind the first word.
    if name == 0 || name >= MAX_NAME_BYTES || bytes.get(name) != Some(&b' ') {
        return None;
    }
    scan::unblanked(text.get(name..)?).strip_prefix("| ")
}

/// A line in JSON: its inside as written, how that is escaped, and when it was written.
pub(in crate::parse) struct Wrapped<'a> {
    /// The line.
    pub inside: &'a str,
    /// How it is escaped.
    pub escape: Escape,
    /// The runtime's stamp.
    pub stamp: Option<DeviceTime>,
}

/// Takes `{"log":"inside\n","stream":"stdout","time":"2026-11-22T10:00:00.1Z"}` apart.
pub(in crate::parse) fn json<'a>(text: &'a str, missing: &Missing) -> Option<Wrapped<'a>> {
    if !text.starts_with(LOG) {
        return None;
    }
    let inside = value(text, LOG)?;
    let tail = text.get(LOG.len() + inside.len()..)?;
    if !tail.contains("\"stream\":") {
        return None;
    }
    let (_, time) = tail.split_once("\"time\":\"")?;
    let (time, _) = time.split_once('"')?;
    Some(Wrapped {
        inside,
        escape: Escape::backslash_in(inside, true),
        stamp: stamp::iso(time.as_bytes(), missing).map(|(time, _)| time),
    })
}

/// How rsyslog writes a tab.
pub(in crate::parse) const SPELLED_TAB: &str = "#011";

/// What an entry of systemd's journal says (systemd.journal-fields).
const ENTRY_KEYS: [&str; 5] = [
    "\"__REALTIME_TIMESTAMP\":\"",
    "\"_HOSTNAME\":\"",
    "\"SYSLOG_IDENTIFIER\":\"",
    "\"_PID\":\"",
    "\"MESSAGE\":\"",
];

/// Writes into `out` what a record that no format reads was before something rewrote it. False when
/// nothing did.
pub(in crate::parse) fn rewritten(text: &str, out: &mut String) -> bool {
    if journal(text, out) {
        return true;
    }
    let tabs_spelled = text.contains("LEEF:") && text.contains(SPELLED_TAB);
    if tabs_spelled {
        out.clear();
        out.push_str(&text.replace(SPELLED_TAB, "\t"));
    }
    tabs_spelled
}

/// Writes a journal entry into `out` as the line that syslog would have had: stamp, host, program and
/// message. False when it is none.
///
/// A key cannot stand inside a value: there its quotes are escaped.
fn journal(text: &str, out: &mut String) -> bool {
    if !text.starts_with('{') {
        return false;
    }
    let [stamp, host, program, process, message] = ENTRY_KEYS.map(|key| value(text, key));
    let (Some(stamp), Some(message)) = (stamp.and_then(|at| stamp::epoch(at.as_bytes())), message)
    else {
        return false;
    };
    out.clear();
    out.push_str(&format!("{stamp} {} ", host.unwrap_or("-")));
    if let Some(program) = program {
        out.push_str(&format!("{program}[{}]: ", process.unwrap_or("0")));
    }
    out.push_str(&Escape::backslash_in(message, true).undo(message));
    true
}

/// The string that stands behind `key`.
fn value<'a>(text: &'a str, key: &str) -> Option<&'a str> {
    let start = memchr::memmem::find(text.as_bytes(), key.as_bytes())? + key.len();
    let rest = text.get(start..)?;
    let mut end = 0;
    loop {
        end += memchr::memchr2(b'"', b'\\', rest.as_bytes().get(end..)?)?;
        match rest.as_bytes().get(end) {
            Some(b'"') => return rest.get(..end),
            _ => end += 2,
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::time::Timestamp;

    const MISSING: Missing = Missing {
        received: Timestamp::from_seconds(1_795_348_800),
        zone_offset_seconds: 0,
    };

    #[test]
    fn unwraps_what_compose_prints() {
        for (input, expected) in [
            ("web_1  | hello | world", Some("hello | world")),
            ("proxy.v2 | x", Some("x")),
            ("two words | x", None),
            ("| x", None),
            ("a:b | x", None),
            ("", None),
        ] {
            assert_eq!(compose(input), expected, "{input}");
        }
    }

    #[test]
    fn unwraps_both_ways() {
        for (input, expected) in [
            ("2026-11-22T10:00:00.5Z stdout F hello", Some("hello")),
            ("2026-11-22T10:00:00.5Z stderr P ", Some("")),
            ("2026-11-22T10:00:00.5Z web F hello", None),
            ("yesterday stdout F hello", None),
            ("", None),
        ] {
            assert_eq!(
                cri(input, &MISSING).map(|(_, inside)| inside),
                expected,
                "{input}"
            );
        }
        let text = r#"{"log":"say \"hi\"\n","stream":"stdout","time":"2026-11-22T10:00:00.5Z"}"#;
        let found = json(text, &MISSING).unwrap();
        assert_eq!(found.escape.undo(found.inside), "say \"hi\"\n");
        assert_eq!(found.stamp.unwrap().to_string(), "2026-11-22T10:00:00.500Z");
        for other in [r#"{"log":"x"}"#, r#"{"log":"x"#, r#"{"log":{"a":1}}"#] {
            assert!(json(other, &MISSING).is_none(), "{other}");
        }
    }

    #[test]
    fn a_journal_entry_reads_like_a_line() {
        let mut out = String::new();
        let entry = r#"{"_PID":"812","__REALTIME_TIMESTAMP":"1795348800500000","MESSAGE":"say \"MESSAGE\":\"x\"","_HOSTNAME":"web1","SYSLOG_IDENTIFIER":"sshd"}"#;
        assert!(journal(entry, &mut out));
        assert_eq!(
            out,
            r#"2026-11-22T12:00:00.500Z web1 sshd[812]: say "MESSAGE":"x""#
        );
        for other in [
            r#"{"MESSAGE":"x"}"#,
            r#"{"__REALTIME_TIMESTAMP":"x","MESSAGE":"y"}"#,
            "",
            "x",
        ] {
            assert!(!journal(other, &mut out), "{other}");
        }
    }
}
