use super::*;
use crate::time::Timestamp;

#[track_caller]
fn check(input: &str, stamp: &str, host: &str, program: &str, message: &str) {
    let missing = Missing {
        received: Timestamp::from_civil((2026, 11, 22), (12, 0, 0), 0).unwrap(),
        zone_offset_seconds: 0,
    };
    let found = open(input, &missing);
    let shown = found.stamp.map(|time| time.to_string()).unwrap_or_default();
    assert_eq!(
        (
            shown.as_str(),
            found.host.unwrap_or_default(),
            found.program.unwrap_or_default(),
            found.message
        ),
        (stamp, host, program, message),
        "{input}"
    );
}

#[test]
fn reads_the_dialects() {
    let at = "2026-11-02T10:00:00Z";
    check(
        "<38>Nov  2 10:00:00 gw sshd[7]: hello",
        at,
        "gw",
        "sshd",
        "hello",
    );
    check("Nov 2 10:00:00 gw sshd: hello", at, "gw", "sshd", "hello");
    check(
        "<134>Nov 2 10:00:00 filterlog: 1,2",
        at,
        "",
        "filterlog",
        "1,2",
    );
    check("<134>filterlog[9]: 1,2", "", "", "filterlog", "1,2");
    check(
        "<166>Nov 02 2026 10:00:00: %ASA-6-1: x",
        at,
        "",
        "",
        "%ASA-6-1: x",
    );
    check(
        "<166>Nov 02 2026 10:00:00 fw : %ASA-6-1: x",
        at,
        "fw",
        "",
        "%ASA-6-1: x",
    );
    check(
        "Nov 2 09:00:00 192.0.2.1 Nov 02 2026 10:00:00: %ASA-6-1: x",
        at,
        "192.0.2.1",
        "",
        "%ASA-6-1: x",
    );
    check(
        "<189>date=2026-11-02 time=1",
        "",
        "",
        "",
        "date=2026-11-02 time=1",
    );
    check(
        "2026-11-02T10:00:00Z gw kernel: [1.0] x",
        at,
        "gw",
        "kernel",
        "[1.0] x",
    );
    check(
        "Nov 2 10:00:00 gw /usr/sbin/cron[3]: x",
        at,
        "gw",
        "cron",
        "x",
    );
}

#[test]
fn reads_more_dialects() {
    let at = "2026-11-02T10:00:00Z";
    check("Nov 2 10:00:00 gw date=1 b=2", at, "gw", "", "date=1 b=2");
    check(
        "192.0.2.1 - - [x] \"GET",
        "",
        "",
        "",
        "192.0.2.1 - - [x] \"GET",
    );
    check(
        "Nov 2 10:00:00 1,2026/11/02 a: b",
        at,
        "",
        "",
        "1,2026/11/02 a: b",
    );
    check(
        "2026-11-02 10:00:00 WARNING (x) y",
        at,
        "",
        "",
        "WARNING (x) y",
    );
    check(
        "2026-11-02 10:00:00 /api/login: 403",
        at,
        "",
        "",
        "/api/login: 403",
    );
    check("<5>CEF: 0|A|B|", "", "", "", "CEF: 0|A|B|");
    check(
        "June 2 10:00:00 gw gw app: x",
        "2026-06-02T10:00:00Z",
        "gw",
        "app",
        "x",
    );
    check(
        "Nov 2 10:00:00 ap1,02005e005301,v4.0.66.1: hostapd: x",
        at,
        "ap1",
        "hostapd",
        "x",
    );
    check("::1 - - [x]", "", "", "", "::1 - - [x]");
    check("2001:db8::1 - - [x]", "", "", "", "2001:db8::1 - - [x]");
}

#[test]
fn reads_rfc_5424() {
    let at = "2026-11-02T10:00:00Z";
    check(
        "<34>1 2026-11-02T10:00:00Z gw sshd 7 - - hello",
        at,
        "gw",
        "sshd",
        "hello",
    );
    check(
        "<34>1 2026-11-02T10:00:00Z gw app - ID7 [a@1 b=\"x \\] y\"][c d=\"]\"] \u{feff}hello",
        at,
        "gw",
        "app",
        "hello",
    );
    check("<34>1 - - - - - -", "", "", "", "");
    check("<34>1  gw app - - [a@1 b=\"c\"] x", "", "gw", "app", "x");
    check(
        "<34> 2026-11-02T10:00:00Z gw app - - - x",
        at,
        "gw",
        "app",
        "x",
    );
    check(
        "<34>2026-11-02T10:00:00Z gw app 7 ID [a@1 b=\"c\"] x",
        at,
        "gw",
        "app",
        "x",
    );
    check(
        "<34>2026-11-02T10:00:00Z gw CEF:0|A|",
        at,
        "gw",
        "",
        "CEF:0|A|",
    );
    check(
        "<34>Nov 2 10:00:00 gw Wall CEF:0|A|",
        at,
        "gw",
        "",
        "CEF:0|A|",
    );
    check("<34>1 - - - - - - only", "", "", "", "only");
}

#[test]
fn reads_a_record_inside_a_relays_header() {
    let at = "2026-11-02T10:00:00Z";
    for inner in [
        "<34>1 2026-11-02T10:00:00Z gw app: 7 - - hello",
        "1 2026-11-02T10:00:00Z gw app 7 - - hello",
        "<34>Nov  2 10:00:00 gw app: hello",
    ] {
        check(
            &format!("Nov 2 11:00:00 relay {inner}"),
            at,
            "gw",
            "app",
            "hello",
        );
    }
}

#[test]
fn skips_words_that_belong_to_no_rule() {
    let at = "2026-11-02T10:00:00Z";
    let forged = "Invalid user CEF:0|A|B|1|2|3|4|src=203.0.113.9";
    check(
        &format!("<34>Nov 2 10:00:00 gw sshd[7]: {forged}"),
        at,
        "gw",
        "sshd",
        forged,
    );
    let agent = "192.0.2.1 - - [x] \"GET /\" \"CEF:0|A|\"";
    check(agent, "", "", "", agent);
    check(
        "<34>1 2026-11-02T10:00:00Z gw CEF:0|A|B",
        at,
        "gw",
        "",
        "CEF:0|A|B",
    );
    check("Nov 2 10:00:00 gw info sshd[7]: x", at, "gw", "sshd", "x");
    check(
        "Nov 2 10:00:00 gw (squid-1)[7]: x",
        at,
        "gw",
        "squid-1",
        "x",
    );
    check(
        "Nov 2 10:00:00 gw user.info kernel: x",
        at,
        "gw",
        "kernel",
        "x",
    );
    check(
        "Nov 2 10:00:00 gw info text: x",
        at,
        "gw",
        "",
        "info text: x",
    );
    check(
        "2026-11-02T09:00:00Z Nov 2 10:00:00 gw app[7]: x",
        at,
        "gw",
        "app",
        "x",
    );
    check(
        "Nov 2 10:00:00 gw 45 <14>1 2026-11-02T10:00:00Z b app - - - x",
        at,
        "b",
        "app",
        "x",
    );
}

#[test]
fn keeps_what_follows_the_first_header() {
    let missing = Missing {
        received: Timestamp::from_civil((2026, 11, 22), (12, 0, 0), 0).unwrap(),
        zone_offset_seconds: 0,
    };
    let found = open(
        "<13>Nov 2 10:00:00 web 2026-11-02 10:00:00 10.0.0.1 GET /",
        &missing,
    );
    let bodies: Vec<_> = found.bodies().map(|body| (body.host, body.text)).collect();
    assert_eq!(
        bodies,
        [
            (
                None,
                "Nov 2 10:00:00 web 2026-11-02 10:00:00 10.0.0.1 GET /"
            ),
            (Some("web"), "2026-11-02 10:00:00 10.0.0.1 GET /"),
        ]
    );
}

#[test]
fn reads_what_relays_and_collectors_write() {
    let at = "2026-11-02T10:00:00Z";
    for (header, host, program, message) in [
        (
            "<134>Nov 2 10:00:00 2001:db8::1 ",
            "2001:db8::1",
            "",
            "id=x sn=1",
        ),
        ("<134>2026 Nov  2 10:00:00 gw app[7]: ", "gw", "app", "x"),
        ("512 <134>Nov 2 10:00:00 gw app[7]: ", "gw", "app", "x"),
        ("<134>Mon Nov 2 10:00:00 2026 gw app[7]: ", "gw", "app", "x"),
        (
            "<134>Nov 2 10:00:00 s_net@192.0.2.7 app: ",
            "192.0.2.7",
            "app",
            "x",
        ),
        (
            "2026 Nov 02 10:00:00 hub->192.0.2.7 ",
            "192.0.2.7",
            "",
            "a=1 b=2",
        ),
        (
            "2026-11-02 10:00:00\tLocal0.Info\t192.0.2.7\t",
            "192.0.2.7",
            "",
            "a=1",
        ),
        (
            "<134>1 2026-11-02T10:00:00Z gw - - - - filterlog[1]: ",
            "gw",
            "filterlog",
            "5,",
        ),
        (
            "<134>Original Address=192.0.2.7 Nov 2 10:00:00 gw ",
            "gw",
            "",
            "a=1",
        ),
        (
            "<30>Nov 2 10:00:00 02005e005301,U6-LR-6.5+1: hostapd[1]: ",
            "02005e005301",
            "hostapd",
            "x",
        ),
        (
            "<30>Nov 2 10:00:00 hall 02005e005301,U6-LR-6.5+1: hostapd[1]: ",
            "hall",
            "hostapd",
            "x",
        ),
    ] {
        check(&format!("{header}{message}"), at, host, program, message);
    }
    check(
        "<134>Original Address=192.0.2.7 a=1 b=2",
        "",
        "192.0.2.7",
        "",
        "a=1 b=2",
    );
    // NX-OS's year-first stamp stays in the message, where it tells it from IOS.
    let nexus = "2026 Nov  2 10:00:00 UTC: %X-1-Y: z";
    check(&format!("<189>: {nexus}"), "", "", "", nexus);
}
