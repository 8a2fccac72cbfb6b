//! What rules cost: an ordinary event, which matches none, against 30 and 3,000 of them; and an event
//! that correlations count.

use std::borrow::Cow;
use std::io::{Write as _, stdout};
use std::net::Ipv4Addr;
use std::sync::Arc;

use anyhow::Result;
use larum_core::detect::sigma::{RuleSet, Scratch};
use larum_core::detect::{Detect, Indicators, Settings};
use larum_core::event::{Action, Direction, Event, Kind, Outcome, Protocol};
use larum_core::time::Timestamp;
use larum_core::words::Words;

/// `count` rules of the kinds people write, none of which matches ordinary events.
fn invented(count: usize) -> Result<RuleSet> {
    let files: Vec<(String, String)> = (0..count)
        .map(|number| {
            let detection = match number % 5 {
                0 => format!("    cs-uri|contains: ['/plugin{number}/run.php', '/panel{number}x']"),
                1 => format!("    c-useragent|contains: ['grabber{number}', 'probe-{number}/']"),
                2 => format!("    cs-uri-stem|endswith: '/door{number}.jsp'\n    cs-method: POST"),
                3 => format!("    cs-uri|re: 'exploit{number}=[a-z]+[0-9]{{3}}'"),
                _ => format!(
                    "    cs-uri|contains|all: ['id={number}', 'cmd{number}']\n    sc-status: 200"
                ),
            };
            let text = format!(
                "title: t{number}\nid: r{number}\nlogsource:\n  category: webserver\n\
                 detection:\n  s:\n{detection}\n  condition: s\n"
            );
            (format!("r{number}.yml"), text)
        })
        .collect();
    let (rules, skipped) = RuleSet::compile(&files);
    anyhow::ensure!(skipped.is_empty(), "{skipped:?}");
    Ok(rules)
}

fn ordinary() -> Vec<Event<'static>> {
    let mut web = Event::new(Timestamp::default(), "nginx-access", Kind::Http);
    web.src_ip = Some(Ipv4Addr::new(198, 51, 100, 7).into());
    web.http_method = Some(Cow::Borrowed("GET"));
    web.http_status = Some(200);
    web.url = Some(Cow::Borrowed("/shop/product.php?id=1042&colour=blue"));
    web.user_agent = Some(Cow::Borrowed(
        "Mozilla/5.0 (Windows NT 10.0; Win64; x64) AppleWebKit/537.36 (KHTML, like Gecko) Chrome/126.0.0.0 Safari/537.36",
    ));
    let mut firewall = Event::new(Timestamp::default(), "fortigate", Kind::Network);
    firewall.src_ip = Some(Ipv4Addr::new(10, 0, 0, 7).into());
    firewall.dst_ip = Some(Ipv4Addr::new(203, 0, 113, 9).into());
    firewall.dst_port = Some(443);
    firewall.proto = Some(Protocol::TCP);
    firewall.direction = Some(Direction::Outbound);
    firewall.action = Some(Action::Allow);
    vec![web, firewall]
}

/// `count` correlations of several kinds, over rules that failed log-ins and page views match.
fn counting(count: usize) -> Result<RuleSet> {
    let mut text = String::new();
    for (name, source, item) in [
        ("failed", "authentication", "outcome: failure"),
        ("worked", "authentication", "outcome: success"),
        ("asked", "webserver", "http_status: 404"),
    ] {
        text.push_str(&format!(
            "title: {name}\nname: {name}\nlogsource:\n  category: {source}\ndetection:\n  s:\n    \
             {item}\n  condition: s\n---\n"
        ));
    }
    for number in 0..count {
        let limit = number + 5;
        let (kind, rules, condition) = match number % 4 {
            0 => (
                "event_count",
                "[failed]",
                format!("{{gte: {}}}", limit * 1_000_000),
            ),
            1 => (
                "value_count",
                "[failed]",
                format!("{{field: user, gte: {}}}", limit % 900 + 90),
            ),
            2 => (
                "temporal_ordered",
                "[failed, asked, worked]",
                "{gte: 3}".to_owned(),
            ),
            _ => (
                "event_count",
                "[asked]",
                format!("{{gte: {}}}", limit * 1_000_000),
            ),
        };
        text.push_str(&format!(
            "title: c{number}\nid: c{number}\ncorrelation:\n  type: {kind}\n  rules: {rules}\n  \
             group-by: [src_ip]\n  timespan: {}m\n  condition: {condition}\n---\n",
            number % 50 + 10
        ));
    }
    let (rules, skipped) = RuleSet::compile(&[("counting.yml".to_owned(), text)]);
    anyhow::ensure!(skipped.is_empty(), "{skipped:?}");
    Ok(rules)
}

/// Processor time of one failed log-in through detectors with these rules, from ever new sources and
/// one that comes back; best of three runs.
fn nanoseconds_counted(rules: &Arc<RuleSet>) -> Result<f64> {
    const ROUNDS: u32 = 50_000;
    let words = Arc::new(Words::of("en")?);
    let mut best = f64::INFINITY;
    for _ in 0..3 {
        let mut detect = Detect::shared(
            Settings::new(Arc::clone(&words)),
            Arc::clone(rules),
            Arc::new(Indicators::default()),
        );
        let mut signals = Vec::new();
        let started = crate::house::processor_time()?;
        for round in 0..ROUNDS {
            let at = Timestamp::from_seconds(1_795_348_800 + i64::from(round / 20));
            let mut event = Event::new(at, "sshd", Kind::Auth);
            let source = if round % 2 == 0 { 7 } else { round };
            event.src_ip = Some(Ipv4Addr::from_bits(0xCB00_7100 + source).into());
            event.user = Some(Cow::Borrowed("ann"));
            event.outcome = Some(Outcome::Failure);
            detect.observe(&event, &mut signals);
            signals.clear();
        }
        let spent = crate::house::processor_time()?.saturating_sub(started);
        best = best.min(spent.as_secs_f64() * 1e9 / f64::from(ROUNDS));
    }
    Ok(best)
}

/// Processor time of one look at `event`, best of five runs.
fn nanoseconds(rules: &RuleSet, event: &Event<'_>) -> Result<f64> {
    const ROUNDS: u32 = 200_000;
    let (mut scratch, mut out) = (Scratch::default(), Vec::new());
    let mut best = f64::INFINITY;
    for _ in 0..5 {
        let started = crate::house::processor_time()?;
        for _ in 0..ROUNDS {
            rules.matches(std::hint::black_box(event), &mut scratch, &mut out);
        }
        let spent = crate::house::processor_time()?.saturating_sub(started);
        best = best.min(spent.as_secs_f64() * 1e9 / f64::from(ROUNDS));
    }
    anyhow::ensure!(out.is_empty(), "an ordinary event matched a rule");
    Ok(best)
}

/// Prints what an event that matches nothing costs with few and with many rules.
///
/// # Errors
/// When the shipped rules cannot be used, or there is nowhere to print to.
pub fn measure() -> Result<()> {
    let (few, many) = (invented(30)?, invented(3_000)?);
    let built_in =
        RuleSet::built_in().map_err(|error| anyhow::anyhow!("the shipped rules: {error:?}"))?;
    let mut screen = stdout().lock();
    for event in ordinary() {
        let (few, many) = (nanoseconds(&few, &event)?, nanoseconds(&many, &event)?);
        let own = nanoseconds(&built_in, &event)?;
        writeln!(
            screen,
            "{}: {few:.0} ns with 30 rules, {many:.0} ns with 3,000 ({:.1} times), {own:.0} ns with the {} built in",
            event.kind,
            many / few,
            built_in.len()
        )?;
    }
    let none = nanoseconds_counted(&Arc::new(RuleSet::default()))?;
    let built_in = nanoseconds_counted(&Arc::new(built_in))?;
    writeln!(
        screen,
        "failed log-in through all detectors: {none:.0} ns without rules, {built_in:.0} ns with the built-in ones"
    )?;
    for count in [4, 40] {
        let counted = nanoseconds_counted(&Arc::new(counting(count)?))?;
        let counting = (count / 4 * 3).max(1);
        writeln!(
            screen,
            "failed log-in that {counting} correlations count: {counted:.0} ns, {:.0} ns each",
            (counted - none) / f64::from(u32::try_from(counting)?)
        )?;
    }
    Ok(())
}
