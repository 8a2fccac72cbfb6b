use super::*;
use crate::event::{Action, Direction, Outcome};
use crate::time::Timestamp;
use std::borrow::Cow;

fn set(rules: &[&str]) -> RuleSet {
    let files: Vec<(String, String)> = (0..)
        .zip(rules)
        .map(|(number, text)| (format!("r{number}.yml"), (*text).to_owned()))
        .collect();
    let (set, skipped) = RuleSet::compile(&files);
    assert_eq!(skipped, []);
    set
}

fn rule(source: &str, detection: &str) -> String {
    let detection = detection.replace('\n', "\n  ");
    format!("title: test\nlogsource:\n  {source}\ndetection:\n  {detection}\n")
}

fn matches(set: &RuleSet, event: &Event<'_>) -> bool {
    let mut out = Vec::new();
    set.matches(event, &mut Scratch::default(), &mut out);
    !out.is_empty()
}

fn check(source: &str, detection: &str, event: &Event<'_>, expected: bool) {
    let set = set(&[&rule(source, detection)]);
    assert_eq!(matches(&set, event), expected, "{detection}");
}

fn request(url: &'static str) -> Event<'static> {
    let mut event = Event::new(Timestamp::default(), "nginx-access", Kind::Http);
    event.src_ip = Some("198.51.100.9".parse().unwrap());
    event.url = Some(Cow::Borrowed(url));
    event.http_method = Some(Cow::Borrowed("GET"));
    event.http_status = Some(200);
    event.user_agent = Some(Cow::Borrowed("Mozilla/5.0 (X11; Linux x86_64)"));
    event
}

#[test]
fn web_requests() {
    let event = request("/shop/Admin.php?next=%2Fetc%2Fpasswd&x=1");
    let selection = |items: &str| format!("s:\n  {items}\ncondition: s");
    for (items, expected) in [
        ("cs-uri|contains: /admin.PHP", true),
        ("cs-uri|contains|cased: /admin.PHP", false),
        ("cs-uri-stem: /shop/admin.php", true),
        ("cs-uri-stem|endswith: .php", true),
        ("cs-uri-stem|startswith: /admin", false),
        ("cs-uri-query|startswith: next=", true),
        ("cs-uri-query|contains: /shop/", true),
        ("c-uri-extension: php", true),
        ("c-uri-extension: [exe, zip]", false),
        ("cs-uri|contains|all: [admin, passwd]", true),
        ("cs-uri|contains|all: [admin, shadow]", false),
        ("cs-uri: '*/admin.ph?\\?*'", true),
        ("sc-status: 200", true),
        ("sc-status: [301, 302]", false),
        ("sc-status: '2*'", true),
        ("sc-status|gte: 200", true),
        ("sc-status|lt: 200", false),
        ("sc-status|neq: 404", true),
        ("cs-method: get", true),
        ("c-useragent|contains: linux", true),
        ("c-useragent: null", false),
        ("cs-host: null", true),
        ("cs-host|exists: false", true),
        ("c-useragent|exists: true", true),
        ("cs-uri|re: '(?:etc)%2F(passwd|shadow)'", true),
        ("cs-uri|re: ETC", false),
        ("cs-uri|re|i: ETC", true),
        ("c-ip|cidr: 198.51.100.0/24", true),
        ("c-ip: 198.51.100.9", true),
        ("c-ip|startswith: '198.51.'", true),
        ("c-ip|cidr: [10.0.0.0/8, '2001:db8::/32']", false),
        ("src_ip|fieldref: dst_ip", false),
        ("url|contains|fieldref: http_status", false),
    ] {
        check("category: webserver", &selection(items), &event, expected);
    }
}

#[test]
fn conditions_over_selections() {
    let event = request("/a/b");
    let parts = "one:\n  url: /a/b\ntwo:\n  http_status: 404\n_hidden:\n  http_status: 500\nthree:\n  - url: /x\n  - http_method: GET";
    for (condition, expected) in [
        ("one", true),
        ("two", false),
        ("one and not two", true),
        ("not (two or _hidden)", true),
        ("1 of t*", true),
        ("all of t*", false),
        ("2 of them", true),
        ("all of them", false),
        ("any of them", true),
        ("3 of them", false),
    ] {
        let detection = format!("{parts}\ncondition: {condition}");
        check("category: webserver", &detection, &event, expected);
    }
}

#[test]
fn keywords_look_everywhere_and_in_the_record() {
    let set = set(&[&rule(
        "product: linux",
        "keywords:\n  '|all':\n    - new user\n    - UID=0,\ncondition: keywords",
    )]);
    let event = Event::new(Timestamp::default(), "syslog", Kind::System);
    let mut out = Vec::new();
    let mut scratch = Scratch::default();
    let record = "useradd[1337]: new user: name=example, UID=0, GID=0";
    set.matches_record(&event, Some(record), &mut scratch, &mut out);
    assert_eq!(out.len(), 1);
    out.clear();
    set.matches_record(&event, Some("new user"), &mut scratch, &mut out);
    assert_eq!(out, []);
}

#[test]
fn firewall_words_and_numbers() {
    let mut event = Event::new(Timestamp::default(), "fortigate", Kind::Network);
    event.vendor = Some("Fortinet");
    event.action = Some(Action::Drop);
    event.direction = Some(Direction::Inbound);
    event.dst_port = Some(3389);
    for (source, detection, expected) in [
        (
            "category: firewall",
            "s:\n  dst_port: [22, 3389]\n  action: blocked\ncondition: s",
            true,
        ),
        (
            "category: firewall",
            "s:\n  dst_port: 3389\n  action: accept\ncondition: s",
            false,
        ),
        (
            "product: fortigate",
            "s:\n  dstport: 3389\ncondition: s and not 1 of f*\nf:\n  direction: outbound",
            true,
        ),
        (
            "product: cisco",
            "s:\n  dst_port: 3389\ncondition: s",
            false,
        ),
        (
            "category: webserver",
            "s:\n  dst_port: 3389\ncondition: s",
            false,
        ),
    ] {
        check(source, detection, &event, expected);
    }
}

#[test]
fn a_short_whole_value_is_found() {
    let mut event = request("/");
    event.direction = Some(Direction::Outbound);
    event.user_agent = Some(Cow::Borrowed("m"));
    check(
        "category: proxy",
        "s:\n  c-useragent: [M, xxx]\ncondition: s",
        &event,
        true,
    );
    event.user_agent = Some(Cow::Borrowed(""));
    check(
        "category: proxy",
        "s:\n  c-useragent: ''\ncondition: s",
        &event,
        true,
    );
    event.user_agent = None;
    check(
        "category: proxy",
        "s:\n  c-useragent: ''\ncondition: s",
        &event,
        false,
    );
}

#[test]
fn what_cannot_apply_is_named() {
    for (text, reason, detail) in [
        (
            rule("category: webserver", "s:\n  CommandLine: x\ncondition: s"),
            SkipReason::Field,
            "CommandLine",
        ),
        (
            rule("category: registry_set", "s:\n  url: x\ncondition: s"),
            SkipReason::LogSource,
            "category registry_set",
        ),
        (
            rule("category: dns", "s:\n  query|expand: '%x%'\ncondition: s"),
            SkipReason::Placeholder,
            "%x%",
        ),
        (
            rule("category: dns", "s:\n  query|re: '(?=x)'\ncondition: s"),
            SkipReason::Regex,
            "",
        ),
        (
            rule("category: dns", "s:\n  query|nope: x\ncondition: s"),
            SkipReason::Modifier,
            "nope",
        ),
        (
            rule("category: dns", "s:\n  src_ip|cidr: x\ncondition: s"),
            SkipReason::Value,
            "x",
        ),
        (
            rule("category: dns", "s:\n  query: x\ncondition: t"),
            SkipReason::Condition,
            "t",
        ),
        ("title: x\n".into(), SkipReason::Incomplete, "logsource"),
        ("a: [".into(), SkipReason::NotYaml, ""),
        ("- 1\n".into(), SkipReason::NotYaml, "not a map"),
        (String::new(), SkipReason::Incomplete, "empty"),
        ("x".repeat(MAX_FILE_BYTES + 1), SkipReason::TooLarge, ""),
        (
            format!("a: {}1{}", "[".repeat(5_000), "]".repeat(5_000)),
            SkipReason::NotYaml,
            "",
        ),
    ] {
        let (set, skipped) = RuleSet::compile(&[("x.yml".into(), text)]);
        assert!(set.is_empty());
        let [skipped] = skipped.as_slice() else {
            panic!("{reason}: {skipped:?}")
        };
        assert_eq!(skipped.reason, reason, "{skipped}");
        assert!(skipped.detail.contains(detail), "{skipped}");
    }
}

#[test]
fn one_file_may_hold_several_rules_but_an_id_counts_once() {
    let one = format!(
        "id: a\n{}",
        rule("category: dns", "s:\n  query: x\ncondition: s")
    );
    let (set, skipped) = RuleSet::compile(&[(
        "x.yml".into(),
        format!("{one}---\n{one}---\n{}", one.replace("id: a", "id: b")),
    )]);
    assert_eq!(
        set.rules().map(|rule| &*rule.id).collect::<Vec<_>>(),
        ["a", "b"]
    );
    assert_eq!(
        skipped
            .iter()
            .map(|skipped| skipped.reason)
            .collect::<Vec<_>>(),
        [SkipReason::DuplicateId]
    );
}

#[test]
fn the_scratch_moves_between_sets_and_forgets() {
    let first = set(&[&rule(
        "category: webserver",
        "s:\n  url|contains: abc\ncondition: s",
    )]);
    let second = set(&[&rule(
        "category: webserver",
        "s:\n  url|contains: xyz\ncondition: s",
    )]);
    let (mut scratch, mut out) = (Scratch::default(), Vec::new());
    for (set, url, expected) in [
        (&first, "/abc", 1),
        (&second, "/abc", 0),
        (&first, "/x", 0),
        (&first, "/abc", 1),
        (&second, "/xyz", 1),
    ] {
        out.clear();
        set.matches(&request(url), &mut scratch, &mut out);
        assert_eq!(out.len(), expected, "{url}");
    }
}

/// Every rule that ships must show an event it matches and one it does not, and its words.
#[test]
fn every_built_in_rule_proves_itself() {
    let words = crate::words::Words::of("en").unwrap();
    let set = RuleSet::built_in().unwrap();
    for (file, text) in content::RULES {
        let cases = cases(text).unwrap_or_else(|error| panic!("{file}: {error}"));
        for expected in [true, false] {
            assert!(
                cases.iter().any(|case| case.expected == expected),
                "{file}: needs cases that match and that do not"
            );
        }
        let own = set.rules().filter(|rule| &*rule.path == *file);
        let own = own.last().unwrap();
        for case in &cases {
            assert_eq!(set.proves(file, case), Ok(Some(true)), "{file}: {case:?}");
        }
        assert!(
            words.has(&format!("rule-title-{file}")),
            "{file} has no title for people"
        );
        assert!(
            words.has(&format!("rule-advice-{file}")),
            "{file} has no advice"
        );
        assert!(!own.falsepositives.is_empty(), "{file}: false positives");
        assert!(!own.attack.is_empty(), "{file}: ATT&CK technique");
        let notes = [
            &own.notes.why,
            &own.notes.limits,
            &own.notes.evaded,
            &own.notes.tuning,
        ];
        assert!(
            notes.iter().all(|note| note.ends_with('.')),
            "{file}: why, limits, evaded, tuning"
        );
        assert!(own.reports, "{file}");
        assert!(
            own.author == "Larum" && own.id.len() == 36,
            "{file}: author, id"
        );
    }
}

#[test]
fn every_reason_has_its_words() {
    let words = crate::words::Words::of("en").unwrap();
    for reason in SkipReason::ALL {
        assert!(words.has(&format!("rule-skip-{reason}")), "{reason}");
    }
}

#[test]
fn outcome_is_a_field_like_others() {
    let mut event = Event::new(Timestamp::default(), "sshd", Kind::Auth);
    event.outcome = Some(Outcome::Success);
    event.user = Some(Cow::Borrowed("root"));
    let detection = "s:\n  outcome: success\n  user: root\ncondition: s";
    check("product: linux\n  service: sshd", detection, &event, true);
    event.format = "vpn";
    check("product: linux\n  service: sshd", detection, &event, false);
}

mod correlations;
