//! Correlations, filters and placeholders, as rule authors write them.

use super::*;
use crate::event::{Action, Outcome};
use proptest::prelude::*;

/// Events at seconds, as `(second, rule word, source, user)`; rule `x` matches URL `/x`.
type Seen<'s> = (i64, &'s str, &'s str, &'s str);

/// Three rules named `a`, `b`, `c` on URLs of that name, and `correlations`.
fn rules_with(correlations: &str) -> (RuleSet, Vec<Skipped>) {
    let mut text = String::new();
    for name in ["a", "b", "c"] {
        text.push_str(&format!(
            "title: {name}\nname: {name}\nlogsource:\n  category: webserver\ndetection:\n  s:\n    \
             url|contains: /{name}\n  condition: s\n---\n"
        ));
    }
    RuleSet::compile(&[("set.yml".to_owned(), text + correlations)])
}

fn event<'s>((second, url, source, user): Seen<'s>, path: &'s str) -> Event<'s> {
    let at = Timestamp::from_seconds(1_000_000 + second);
    let mut event = Event::new(at, "nginx-access", Kind::Http);
    event.src_ip = Some(source.parse().unwrap());
    event.user = (!user.is_empty()).then_some(Cow::Borrowed(user));
    event.url = Some(Cow::Borrowed(path));
    event.src_bytes = url.get(1..).and_then(|number| number.parse().ok());
    event
}

/// The places of the events at which the rule titled `title` is met; `end` at the end.
fn met(set: &RuleSet, title: &str, seen: &[Seen<'_>]) -> Vec<String> {
    let (mut scratch, mut matched) = (Scratch::default(), Vec::new());
    let (mut correlator, mut hits) = (Correlator::default(), Vec::new());
    let mut found = Vec::new();
    for (place, one) in seen.iter().enumerate() {
        let path = format!("/{}", one.1);
        let event = event(*one, &path);
        matched.clear();
        set.matches(&event, &mut scratch, &mut matched);
        let facts = set.facts(&event, &matched);
        let trace = Trace {
            at: event.at(),
            source: event.src_ip,
            outside: true,
            target: None,
            port: None,
            proto: None,
            ending: crate::detect::story::Ending::Unsaid,
        };
        correlator.expire(set, event.at(), &mut hits);
        correlator.observe(set, &matched, &facts, &trace, &mut hits);
        let own = hits
            .drain(..)
            .filter(|hit| set.rule(hit.rule).title == title);
        found.extend(own.map(|_| place.to_string()));
    }
    correlator.finish(set, &mut hits);
    assert!(correlator.is_empty() && correlator.cells() == 0);
    let own = hits.iter().filter(|hit| set.rule(hit.rule).title == title);
    found.extend(own.map(|_| "end".to_owned()));
    found
}

#[track_caller]
fn check(correlation: &str, seen: &[Seen<'_>], expected: &[&str]) {
    let (set, skipped) = rules_with(&format!("title: t\ncorrelation:\n{correlation}\n"));
    assert_eq!(skipped, []);
    assert_eq!(met(&set, "t", seen), expected, "{correlation}");
}

const ONE: &str = "198.51.100.1";
const TWO: &str = "198.51.100.2";

#[test]
fn events_are_counted_by_group_within_the_span() {
    let three = "  type: event_count\n  rules: [a]\n  group-by: [src_ip]\n  timespan: 1m\n  condition:\n    gte: 3";
    let at = |second, source| (second, "a", source, "");
    check(three, &[at(0, ONE), at(30, ONE), at(60, ONE)], &["2"]);
    check(three, &[at(0, ONE), at(30, ONE), at(61, ONE)], &[]);
    check(
        three,
        &[at(0, ONE), at(1, TWO), at(2, ONE), at(3, TWO)],
        &[],
    );
    check(
        three,
        &[at(0, ONE), at(0, ONE), at(0, ONE), at(1, ONE)],
        &["2", "3"],
    );
    // A record that comes late still belongs where its clock says.
    check(three, &[at(50, ONE), at(60, ONE), at(10, ONE)], &["2"]);
    check(three, &[at(50, ONE), at(90, ONE), at(10, ONE)], &[]);
    check(
        &three.replace("[src_ip]", "[user]"),
        &[at(0, ONE), at(1, ONE), at(2, ONE)],
        &[],
    );
    check(
        "  type: event_count\n  rules: [a, b]\n  timespan: 1m\n  condition:\n    gt: 1",
        &[(0, "a", ONE, ""), (1, "c", ONE, ""), (2, "b", TWO, "")],
        &["2"],
    );
}

#[test]
fn many_events_need_little_memory_and_are_not_overcounted() {
    let (set, _) = rules_with(
        "title: t\ncorrelation:\n  type: event_count\n  rules: a\n  group-by: src_ip\n  timespan: 1h\n  condition:\n    gte: 1000",
    );
    let seen: Vec<Seen<'_>> = (0..1_100).map(|n| (n * 3, "a", ONE, "")).collect();
    let found = met(&set, "t", &seen);
    let first: usize = found.first().unwrap().parse().unwrap();
    assert!((999..1_020).contains(&first), "{first}");
    let slow: Vec<Seen<'_>> = (0..1_100).map(|n| (n * 4, "a", ONE, "")).collect();
    assert_eq!(met(&set, "t", &slow), Vec::<String>::new());
}

#[test]
fn different_values_are_counted() {
    let users = "  type: value_count\n  rules: [a]\n  group-by: [src_ip]\n  timespan: 1m\n  condition:\n    field: user\n    gte: 3";
    check(
        users,
        &[
            (0, "a", ONE, "ann"),
            (1, "a", ONE, "Ann"),
            (2, "a", ONE, "bob"),
            (3, "a", TWO, "cat"),
            (4, "a", ONE, ""),
            (5, "a", ONE, "cat"),
        ],
        &["5"],
    );
    check(
        users,
        &[
            (0, "a", ONE, "ann"),
            (40, "a", ONE, "bob"),
            (61, "a", ONE, "cat"),
        ],
        &[],
    );
    check(
        &users
            .replace("field: user", "field: [user, src_ip]")
            .replace("[src_ip]\n", "[format]\n"),
        &[
            (0, "a", ONE, "ann"),
            (1, "a", TWO, "ann"),
            (2, "a", ONE, "bob"),
        ],
        &["2"],
    );
}

#[test]
fn rules_together_and_in_order() {
    let together = "  type: temporal\n  rules: [a, b, c]\n  group-by: [src_ip]\n  timespan: 1m";
    let (a, b, c) = ("a", "b", "c");
    let at = |second, rule| (second, rule, ONE, "");
    check(together, &[at(0, c), at(1, a), at(2, b)], &["2"]);
    check(together, &[at(0, c), at(1, a), at(61, b)], &[]);
    check(together, &[at(0, c), at(1, a), (2, b, TWO, "")], &[]);
    let two = format!("{together}\n  condition:\n    gte: 2");
    check(&two, &[at(0, c), at(1, c), at(2, b)], &["2"]);
    let ordered = together.replace("temporal", "temporal_ordered");
    check(&ordered, &[at(0, a), at(1, b), at(2, c)], &["2"]);
    check(&ordered, &[at(0, b), at(1, a), at(2, c)], &[]);
    check(&ordered, &[at(0, a), at(1, b), at(2, a), at(60, c)], &["3"]);
    check(&ordered, &[at(0, a), at(30, b), at(40, a), at(61, c)], &[]);
    check(
        &ordered,
        &[at(0, a), at(30, b), at(40, a), at(50, b), at(61, c)],
        &["4"],
    );
    let two = format!("{ordered}\n  condition:\n    gte: 2");
    check(&two, &[at(0, c), at(1, b), at(2, a), at(3, c)], &["3"]);
    // One event that is two rules is not two steps.
    check(
        "  type: temporal_ordered\n  rules: [a, b]\n  timespan: 1m",
        &[(0, "a/b", ONE, ""), (1, "b", ONE, "")],
        &["1"],
    );
}

#[test]
fn conditions_over_rules() {
    let over = |condition: &str| {
        format!("  type: temporal\n  group-by: [src_ip]\n  timespan: 1m\n  condition: {condition}")
    };
    let at = |second, rule| (second, rule, ONE, "");
    check(&over("a and (b or c)"), &[at(0, "c"), at(1, "a")], &["1"]);
    check(&over("a and (b or c)"), &[at(0, "c"), at(1, "b")], &[]);
    // What must not happen is only known when the time is over.
    check(&over("a and not b"), &[at(0, "a"), at(30, "c")], &["end"]);
    check(&over("a and not b"), &[at(0, "a"), at(30, "b")], &[]);
    check(
        &over("a and not b"),
        &[at(0, "a"), at(70, "b"), at(131, "c")],
        &["1"],
    );
}

#[test]
fn fewer_and_exactly_are_judged_when_the_time_is_over() {
    let count = |condition: &str| {
        format!("  type: event_count\n  rules: [a]\n  timespan: 1m\n  condition:\n    {condition}")
    };
    let at = |second| (second, "a", ONE, "");
    check(
        &count("lt: 2"),
        &[at(0), at(10), at(100), at(200)],
        &["3", "end"],
    );
    check(&count("eq: 2"), &[at(0), at(60), at(61)], &["2"]);
    check(&count("neq: 1"), &[at(0), at(60), at(61)], &["2"]);
    check(&count("gt: 1\n    lte: 2"), &[at(0), at(1), at(2)], &[]);
    check(&count("gt: 1\n    lte: 2"), &[at(0), at(1)], &["end"]);
}

#[test]
fn values_are_measured() {
    let bytes = |kind: &str, condition: &str| {
        format!(
            "  type: {kind}\n  rules: [a]\n  group-by: [src_ip]\n  timespan: 1m\n  condition:\n    field: src_bytes\n    {condition}"
        )
    };
    let seen = [
        (0, "a10", ONE, ""),
        (1, "a30", ONE, ""),
        (2, "a20", ONE, ""),
        (3, "a", ONE, ""),
    ];
    for (kind, condition, expected) in [
        ("value_sum", "gte: 60", &["2"][..]),
        ("value_sum", "gt: 60", &[]),
        ("value_max", "gte: 30", &["1"]),
        ("value_min", "lte: 10", &["end"]),
        ("value_avg", "eq: 20", &["end"]),
        ("value_avg", "gt: 20", &[]),
        ("value_median", "eq: 20", &["end"]),
        ("value_percentile", "percentile: 99\n    gte: 30", &["end"]),
        ("value_percentile", "percentile: 33\n    lte: 10", &["end"]),
    ] {
        check(&bytes(kind, condition), &seen, expected);
    }
}

#[test]
fn aliases_join_different_fields_and_chains_count_correlations() {
    check(
        "  type: temporal\n  rules: [a, b]\n  group-by: [who]\n  timespan: 1m\n  aliases:\n    who:\n      a: user\n      b: src_ip",
        &[
            (0, "a", TWO, "198.51.100.1"),
            (1, "b", TWO, ""),
            (2, "b", ONE, ""),
        ],
        &[],
    );
    check(
        "  type: temporal\n  rules: [a, b]\n  group-by: [who]\n  timespan: 1m\n  aliases:\n    who:\n      a: user\n      b: device",
        &[(0, "a", TWO, "ann"), (1, "b", TWO, "ann")],
        &[],
    );
    let chain = "title: many\nname: many\ncorrelation:\n  type: event_count\n  rules: [a]\n  group-by: [src_ip]\n  timespan: 1m\n  condition:\n    gte: 3\n---\ntitle: t\ncorrelation:\n  type: temporal_ordered\n  rules: [many, b]\n  group-by: [user]\n  timespan: 1h";
    let (set, skipped) = rules_with(chain);
    assert_eq!(skipped, []);
    let failed = |second| (second, "a", ONE, "ann");
    let seen = [
        failed(0),
        failed(1),
        failed(2),
        (3, "b", TWO, "bob"),
        (4, "b", TWO, "ann"),
    ];
    assert_eq!(met(&set, "t", &seen), ["4"]);
    assert_eq!(met(&set, "t", &seen[1..]), Vec::<String>::new());
    let reports: Vec<bool> = set.rules().map(|rule| rule.reports).collect();
    assert_eq!(reports, [false, false, true, false, true]);
    // A correlation that stays true counts once for another, not with every event.
    let (set, _) = rules_with(&chain.replace(
        "type: temporal_ordered\n  rules: [many, b]\n  group-by: [user]\n  timespan: 1h",
        "type: event_count\n  rules: [many]\n  timespan: 1h\n  condition:\n    gte: 2",
    ));
    let seen: Vec<Seen<'_>> = (0..20).map(failed).collect();
    assert_eq!(met(&set, "t", &seen), Vec::<String>::new());
    let seen: Vec<Seen<'_>> = (0..3).chain(500..503).map(failed).collect();
    assert_eq!(met(&set, "t", &seen), ["5"]);
}

#[test]
fn who_is_counted_is_quiet_unless_the_correlation_says_otherwise() {
    let reports = |correlation: &str| -> Vec<bool> {
        let (set, _) = rules_with(correlation);
        set.rules().map(|rule| rule.reports).collect()
    };
    let correlation = "title: t\ncorrelation:\n  type: event_count\n  rules: [a]\n  timespan: 1m\n  condition:\n    gte: 3\n";
    assert_eq!(reports(correlation), [false, true, true, true]);
    assert_eq!(
        reports(&format!("{correlation}generate: true\n")),
        [true; 4]
    );
    assert_eq!(
        reports(&correlation.replace("  type", "  generate: true\n  type")),
        [true; 4]
    );
    // Its own file's rules stay quiet even where the correlation cannot apply.
    assert_eq!(reports(&correlation.replace("1m", "1x")), [true; 3]);
    assert_eq!(
        reports(&correlation.replace("[a]", "[a, none]")),
        [false, true, true]
    );
}

#[test]
fn what_correlations_cannot_be_is_named() {
    let base = "title: t\ncorrelation:\n  type: event_count\n  rules: [a]\n  group-by: [src_ip]\n  timespan: 1m\n  condition:\n    gte: 3\n";
    for (from, to, reason, detail) in [
        (
            "event_count",
            "most_strange",
            SkipReason::Correlation,
            "type most_strange",
        ),
        ("1m", "1y", SkipReason::Correlation, "timespan 1y"),
        ("1m", "40d", SkipReason::TooMany, "40d"),
        (
            "    gte: 3",
            "    over: 3",
            SkipReason::Correlation,
            "condition over",
        ),
        (
            "    gte: 3",
            "    gte: many",
            SkipReason::Correlation,
            "condition gte",
        ),
        (
            "    gte: 3",
            "    field: user",
            SkipReason::Correlation,
            "condition",
        ),
        (
            "event_count",
            "value_count",
            SkipReason::Correlation,
            "field",
        ),
        ("src_ip", "ProcessGuid", SkipReason::Field, "ProcessGuid"),
        ("[a]", "[]", SkipReason::Correlation, "rules"),
        ("[a]", "[nobody]", SkipReason::Reference, "nobody"),
        ("[a]", "[t]", SkipReason::Reference, "t"),
    ] {
        let (set, skipped) = rules_with(&base.replace(from, to));
        assert_eq!(set.len(), 3, "{to}");
        let [skipped] = skipped.as_slice() else {
            panic!("{to}: {skipped:?}")
        };
        assert_eq!(skipped.reason, reason, "{skipped}");
        assert!(skipped.detail.contains(detail), "{skipped}");
    }
    let waiting = format!(
        "{}---\ntitle: u\ncorrelation:\n  type: temporal\n  rules: [late, b]\n  timespan: 1m\n",
        base.replace("title: t", "title: t\nname: late")
            .replace("gte", "lt")
    );
    let (_, skipped) = rules_with(&waiting);
    assert_eq!(skipped.first().unwrap().reason, SkipReason::Correlation);
}

#[test]
fn filters_join_the_rules_they_name() {
    let filter = |rules: &str, source: &str| {
        format!(
            "title: ours\nlogsource:\n  {source}\nfilter:\n{rules}  ours:\n    src_ip|cidr: 198.51.100.1\n  condition: not ours\n"
        )
    };
    for (rules, source, expected) in [
        ("  rules: [a]\n", "category: webserver", [false, true]),
        ("  rules: any\n", "category: webserver", [false, false]),
        ("", "category: webserver", [false, false]),
    ] {
        let (set, skipped) = rules_with(&filter(rules, source));
        assert_eq!(skipped, []);
        assert_eq!(set.filters().len(), 1);
        for (url, expected) in ["/a", "/b"].into_iter().zip(expected) {
            assert_eq!(
                matches(&set, &event((0, "", ONE, ""), url)),
                expected,
                "{rules}"
            );
            assert!(matches(&set, &event((0, "", TWO, ""), url)));
        }
    }
    for (rules, source) in [
        ("  rules: [a]\n", "category: dns"),
        ("  rules: [nobody]\n", "category: webserver"),
        ("", "product: windows"),
    ] {
        let (set, skipped) = rules_with(&filter(rules, source));
        assert_eq!(skipped.first().unwrap().reason, SkipReason::Reference);
        assert!(matches(&set, &event((0, "", ONE, ""), "/a")));
    }
}

#[test]
fn placeholders_are_filled_from_the_rule_folder() {
    let text = format!(
        "placeholders:\n  Hidden: [/secret, '/priv?te']\n---\n{}",
        rule(
            "category: webserver",
            "s:\n  url|expand|contains: '%Hidden%'\ncondition: s"
        )
    );
    let set = set(&[&text]);
    for (url, expected) in [("/x/secret", true), ("/private", true), ("/other", false)] {
        assert_eq!(matches(&set, &request(url)), expected, "{url}");
    }
}

#[test]
fn rules_that_count_in_the_old_way_are_read_as_correlations() {
    let counting = |detection: &str| {
        format!(
            "id: old\nlevel: high\n{}",
            rule("category: webserver", detection)
        )
    };
    let selects = "s:\n  url|contains: /a\ncondition: s";
    for (counts, expected) in [
        (" | count() > 1\ntimeframe: 1m", &["1", "2"][..]),
        (" | count() by src_ip > 1\ntimeframe: 1m", &["2"]),
        (" | count(src_ip) >= 2\ntimeframe: 1m", &["1", "2"]),
        (
            " | count(user) by src_ip, format >= 2\ntimeframe: 1m",
            &["2"],
        ),
        (" | sum(src_bytes) > 5\ntimeframe: 1m", &["2"]),
        (" | count() < 9\ntimeframe: 1m", &["end"]),
    ] {
        let set = set(&[&counting(&format!("{selects}{counts}"))]);
        let seen = [
            (0, "a2", ONE, "ann"),
            (1, "a3", TWO, "ann"),
            (2, "a4", ONE, "bob"),
            (3, "x", ONE, "cat"),
        ];
        assert_eq!(met(&set, "test", &seen), expected, "{counts}");
        let reports: Vec<(&str, bool)> = set.rules().map(|r| (&*r.id, r.reports)).collect();
        assert_eq!(reports, [("old (counted)", false), ("old", true)]);
    }
    for counts in [
        " | count() > 1",
        " | near s and t\ntimeframe: 1m",
        " | count(> 1\ntimeframe: 1m",
        " | median(url) > 1\ntimeframe: 1m",
    ] {
        let text = counting(&format!("{selects}{counts}"));
        let (set, skipped) = RuleSet::compile(&[("x.yml".to_owned(), text)]);
        assert!(set.is_empty());
        assert_eq!(skipped.first().unwrap().reason, SkipReason::Aggregation);
    }
}

#[test]
fn hours_and_days() {
    let mut event = request("/");
    event.ts = crate::time::DeviceTime::parse_rfc3339(b"2026-11-23T02:30:00+01:00");
    for (items, expected) in [
        ("ts|hour: 2", true),
        ("ts|hour: [1, 3]", false),
        ("ts|hour|lt: 6", true),
        ("timestamp|day: 23", true),
        ("ts|month|gte: 12", false),
        ("ts|year|neq: 2026", false),
        ("ts|week: 48", true),
        ("url|hour: 2", false),
    ] {
        super::check(
            "category: webserver",
            &format!("s:\n  {items}\ncondition: s"),
            &event,
            expected,
        );
    }
}

/// Ten thousand sources that come once push out neither one that came twice, nor the groups of
/// another rule, nor grow the table.
#[test]
fn spoofed_groups_push_out_nobody_who_was_seen_twice() {
    let text = "title: packets\nname: packets\nlogsource:\n  category: firewall\ndetection:\n  s:\n    action: deny\n  condition: s\n---\ntitle: t\ncorrelation:\n  type: event_count\n  rules: [packets]\n  group-by: [src_ip]\n  timespan: 1d\n  condition:\n    gte: 3\n";
    let (set, skipped) = RuleSet::compile(&[("x.yml".to_owned(), text.to_owned())]);
    assert_eq!(skipped, []);
    let (mut scratch, mut matched) = (Scratch::default(), Vec::new());
    let (mut correlator, mut hits) = (Correlator::default(), Vec::new());
    let mut see = |source: [u8; 4], correlator: &mut Correlator, hits: &mut Vec<Hit>| {
        let mut event = Event::new(Timestamp::from_seconds(5), "x", Kind::Network);
        event.src_ip = Some(source.into());
        event.action = Some(Action::Deny);
        event.outcome = Some(Outcome::Failure);
        matched.clear();
        set.matches(&event, &mut scratch, &mut matched);
        let trace = Trace {
            at: event.at(),
            source: event.src_ip,
            outside: true,
            target: None,
            port: None,
            proto: None,
            ending: crate::detect::story::Ending::Refused,
        };
        let facts = set.facts(&event, &matched);
        correlator.observe(&set, &matched, &facts, &trace, hits);
    };
    let attacker = [203, 0, 113, 5];
    see(attacker, &mut correlator, &mut hits);
    see(attacker, &mut correlator, &mut hits);
    for number in 0_u32..10_000 {
        let [_, b, c, d] = number.to_be_bytes();
        see([100, b, c, d], &mut correlator, &mut hits);
        assert!(correlator.len() <= MAX_GROUPS);
    }
    assert!(hits.is_empty() && correlator.replaced() > 5_000);
    see(attacker, &mut correlator, &mut hits);
    assert_eq!(hits.len(), 1);
}

/// What the counting window says, worked out slowly from all events.
fn slow_count(seen: &[(i64, u8)], upto: usize, span: i64) -> usize {
    let (now, who) = seen[upto];
    let before = seen[..=upto].iter();
    before
        .filter(|(at, other)| *other == who && now - at <= span)
        .count()
}

proptest! {
    #[test]
    fn sliding_counts_agree_with_counting_everything(
        steps in proptest::collection::vec((0_i64..20, 0_u8..3), 1..60), limit in 2_usize..6
    ) {
        let mut now = 0;
        let events: Vec<(i64, u8)> = steps
            .iter()
            .map(|(step, who)| {
                now += step;
                (now, *who)
            })
            .collect();
        let sources = [ONE, TWO, "198.51.100.3"];
        let seen: Vec<Seen<'_>> = events
            .iter()
            .map(|(at, who)| (*at, "a", sources[usize::from(*who)], ""))
            .collect();
        let (set, _) = rules_with(&format!(
            "title: t\ncorrelation:\n  type: event_count\n  rules: [a]\n  group-by: [src_ip]\n  timespan: 30s\n  condition:\n    gte: {limit}"
        ));
        let expected: Vec<String> = (0..events.len())
            .filter(|place| slow_count(&events, *place, 30) >= limit)
            .map(|place| place.to_string())
            .collect();
        prop_assert_eq!(met(&set, "t", &seen), expected);
    }

    #[test]
    fn any_text_as_rules_ends_without_a_fault(text in any_rules()) {
        let (set, skipped) = RuleSet::compile(&[("x.yml".to_owned(), text)]);
        prop_assert!(skipped.iter().all(|skipped| !skipped.file.is_empty()));
        let seen = [(0, "a", ONE, "ann"), (1, "b", ONE, "ann"), (90, "a", TWO, "")];
        met(&set, "t", &seen);
    }
}

/// Files that are small and would be large once read.
#[test]
fn what_grows_when_it_is_read_is_refused() {
    let mut laughs = "a0: &a0 [x, x, x, x, x, x, x, x, x]\n".to_owned();
    for level in 1..12 {
        let inner = format!("*a{}, ", level - 1).repeat(9);
        laughs.push_str(&format!("a{level}: &a{level} [{inner}]\n"));
    }
    let many: String = (0..4_000).map(|n| format!("    - v{n}\n")).collect();
    let selections = format!(
        "s:\n  url|contains:\n{many}condition: {}",
        "1 of them or ".repeat(400) + "s"
    );
    let dashes = format!(
        "s:\n  url|windash:\n{}condition: s",
        (0..400)
            .map(|n| format!("    - '-a -b -c{n}'\n"))
            .collect::<String>()
    );
    for (text, reason) in [
        (laughs, SkipReason::NotYaml),
        (
            rule("category: webserver", &selections),
            SkipReason::TooMany,
        ),
        (rule("category: webserver", &dashes), SkipReason::TooMany),
    ] {
        let (set, skipped) = RuleSet::compile(&[("x.yml".to_owned(), text)]);
        assert!(set.is_empty());
        assert_eq!(skipped.first().unwrap().reason, reason, "{skipped:?}");
    }
}

/// Rule files made of pieces of rules, in any order, and of noise.
fn any_rules() -> impl Strategy<Value = String> {
    let piece = prop::sample::select(vec![
        "title: t\n",
        "name: a\n",
        "action: repeat\n",
        "action: global\n",
        "---\n",
        "logsource: {category: webserver}\n",
        "detection: {s: {url|contains: /a}, condition: s}\n",
        "detection: {s: {url|re|i|expand: '%x%('}, condition: 1 of s*}\n",
        "detection: {s: [{a|b|c: [1, null, {}]}], condition: not not s}\n",
        "correlation: {type: event_count, rules: [a, t], group-by: src_ip, timespan: 1m, condition: {gte: 1}}\n",
        "correlation: {type: temporal, rules: [a, a], timespan: 9d, condition: a and not a}\n",
        "correlation: {type: value_percentile, rules: a, timespan: 1s, condition: {field: url, percentile: 5, lt: 1.5}}\n",
        "filter: {rules: [a, t], s: {url: x}, condition: not s}\n",
        "placeholders: {x: [a, 'b*', '%x%']}\n",
        "generate: true\n",
        "level: high\n",
        "&a [*a, *b]\n",
        "? [1, 2]\n: {a: &x [1], <<: *x}\n",
        "\u{0}\t\u{feff}",
    ]);
    let noise = ".{0,12}";
    prop::collection::vec(
        prop_oneof![9 => piece.prop_map(str::to_owned), 1 => noise.prop_map(|text| text)],
        0..14,
    )
    .prop_map(|pieces| pieces.concat())
}
