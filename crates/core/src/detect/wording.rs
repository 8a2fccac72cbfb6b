//! A story as a finding: title, key, outcome, evidence and advice.

use super::fold::WEB_LOGIN;
use super::sigma::RuleSet;
use super::story::{Few, MAX_TEXTS, Story, What};
use crate::event::Protocol;
use crate::finding::{AttackOutcome, Category, Evidence, Finding, Severity};
use crate::words::{Argument, Words};

/// The finding that `story` amounts to so far.
pub fn finding(story: &Story, words: &Words, rules: &RuleSet) -> Finding {
    let mut finding = Finding {
        id: story.id,
        detector: story.key.what.detector().into(),
        title: String::new(),
        category: category(story.key.what),
        attack: technique_ids(story),
        severity: story.severity,
        confidence: story.confidence,
        outcome: outcome(story),
        first: story.first,
        last: story.last,
        sources: story.source.into_iter().collect(),
        dst_ip: only(&story.targets).copied(),
        dst_port: only(&story.services).map(|(_, port)| *port),
        proto: only(&story.services).and_then(|(proto, _)| *proto),
        key: String::new(),
        count: story.count,
        evidence: evidence(story),
        advice: String::new(),
    };
    if let What::Rule(index) = story.key.what {
        let rule = rules.rule(index);
        finding.detector = rule.id.clone();
        finding.title = rule.title_in(words);
        finding.category = rule.category;
        finding.attack.clone_from(&rule.attack);
        finding.key = rule.id.to_string();
        finding.advice = rule.advice(words);
    } else {
        finding.key = key(story);
        let args = arguments(story, words, &finding.key);
        let name = message(story);
        finding.title = words.say_with(&format!("detect-{name}-title"), &args);
        finding.advice = words.say_with(&format!("detect-{name}-advice"), &args);
    }
    finding
}

/// Every message name there is, for the test that none is missing.
#[cfg(test)]
pub const MESSAGES: &[&str] = &[
    "web-guessing",
    "inside-guessing",
    "spraying",
    "guessing",
    "break-in",
    "late-log-in",
    "inside-port-scan",
    "open-port-scan",
    "port-scan",
    "inside-address-scan",
    "address-scan",
    "probe",
    "web-probing",
    "answered-web-attack",
    "web-attack",
    "indicator-out",
    "indicator-blocked",
    "indicator-in",
    "alert",
];

const fn category(what: What) -> Category {
    match what {
        What::Guessing | What::BreakIn => Category::BruteForce,
        What::PortScan | What::AddressScan | What::Probe | What::WebProbing => Category::Scan,
        What::WebAttack => Category::WebAttack,
        What::Indicator => Category::Indicator,
        What::Alert => Category::IdsAlert,
        What::Rule(_) => Category::Policy,
    }
}

/// Names beyond which guessing is called spraying.
const SPRAYING_NAMES: u64 = 8;

fn technique_ids(story: &Story) -> Vec<std::sync::Arc<str>> {
    let outside = is_outside(story);
    let ids: &[&str] = match story.key.what {
        What::Guessing if story.names.count() >= SPRAYING_NAMES => &["T1110.001", "T1110.003"],
        What::Guessing => &["T1110.001"],
        What::BreakIn => &["T1110.001", "T1078"],
        What::PortScan | What::AddressScan | What::Probe if outside => &["T1595.001"],
        What::PortScan | What::AddressScan | What::Probe => &["T1046"],
        What::WebProbing => &["T1595.003"],
        What::WebAttack => &["T1190"],
        What::Indicator | What::Alert | What::Rule(_) => &[],
    };
    ids.iter().map(|id| (*id).into()).collect()
}

fn is_outside(story: &Story) -> bool {
    story.outside
}

fn outcome(story: &Story) -> AttackOutcome {
    if let Some(known) = story.outcome {
        return known;
    }
    match story.key.what {
        What::Guessing => AttackOutcome::Attempt,
        What::BreakIn => AttackOutcome::Success,
        What::PortScan | What::AddressScan | What::Probe if story.served == 0 => {
            AttackOutcome::Blocked
        }
        What::PortScan | What::AddressScan | What::Probe | What::WebProbing => {
            AttackOutcome::Attempt
        }
        _ if story.refused == story.count => AttackOutcome::Blocked,
        What::WebAttack if story.served == 0 => AttackOutcome::Attempt,
        _ => AttackOutcome::Unknown,
    }
}

/// What firms compare: never content, only services, templates and names from lists.
fn key(story: &Story) -> String {
    match story.key.what {
        What::Guessing if story.key.detail == WEB_LOGIN => "web/log-in".to_owned(),
        What::Guessing | What::BreakIn => {
            service_key(story).unwrap_or_else(|| "auth/guessing".to_owned())
        }
        What::PortScan => "scan/port-scan".to_owned(),
        What::AddressScan => service_key(story).unwrap_or_else(|| "scan/address-scan".to_owned()),
        What::Probe => service_key(story).unwrap_or_else(|| "scan/probe".to_owned()),
        What::WebProbing => "web/probing".to_owned(),
        What::WebAttack => story
            .reasons
            .items()
            .first()
            .map_or_else(|| "web/attack".to_owned(), |kind| format!("web/{kind}")),
        What::Indicator | What::Alert => story.label.to_string(),
        What::Rule(_) => String::new(),
    }
}

fn service_key(story: &Story) -> Option<String> {
    let (proto, port) = only(&story.services)?;
    Some(format!("{}/{port}", proto.unwrap_or(Protocol::TCP)))
}

/// Which message of the catalogue speaks of this story.
fn message(story: &Story) -> &'static str {
    let outside = is_outside(story);
    match story.key.what {
        What::Guessing if story.key.detail == WEB_LOGIN => "web-guessing",
        What::Guessing if !outside => "inside-guessing",
        What::Guessing if story.names.count() >= SPRAYING_NAMES => "spraying",
        What::Guessing => "guessing",
        What::BreakIn if story.severity >= Severity::High => "break-in",
        What::BreakIn => "late-log-in",
        What::PortScan if !outside => "inside-port-scan",
        What::PortScan if story.served > 0 => "open-port-scan",
        What::PortScan => "port-scan",
        What::AddressScan if !outside => "inside-address-scan",
        What::AddressScan => "address-scan",
        What::Probe => "probe",
        What::WebProbing => "web-probing",
        What::WebAttack if outcome(story) == AttackOutcome::Unknown => "answered-web-attack",
        What::WebAttack => "web-attack",
        What::Indicator if !story.names.items().is_empty() => "indicator-out",
        What::Indicator if outcome(story) == AttackOutcome::Blocked => "indicator-blocked",
        What::Indicator => "indicator-in",
        What::Alert => "alert",
        What::Rule(_) => "",
    }
}

fn arguments<'w>(story: &'w Story, words: &Words, key: &str) -> Vec<(&'static str, Argument<'w>)> {
    let source = story
        .source
        .map_or_else(|| words.say("detect-unknown-source"), |ip| ip.to_string());
    let service = words.say_with("service-name", &[("key", key.replace('/', "-").into())]);
    let service = if service.is_empty() {
        key.to_owned()
    } else {
        service
    };
    let first_reason = story.reasons.items().first().map_or("", |text| text);
    let kind = words.say_with("web-attack-kind", &[("kind", first_reason.into())]);
    let open = story
        .reasons
        .items()
        .iter()
        .map(|text| &**text)
        .collect::<Vec<_>>()
        .join(", ");
    vec![
        ("source", source.into()),
        ("service", service.into()),
        ("count", story.count.into()),
        ("names", story.names.count().into()),
        ("ports", story.services.count().into()),
        ("targets", story.targets.count().into()),
        ("label", (&*story.label).into()),
        ("reason", first_reason.into()),
        ("reasons", open.into()),
        ("kind", kind.into()),
    ]
}

fn evidence(story: &Story) -> Vec<(&'static str, Evidence)> {
    let mut out = Vec::new();
    let names = match story.key.what {
        What::Guessing | What::BreakIn => "users",
        What::WebProbing | What::WebAttack => "paths",
        What::Indicator => "listed",
        _ => "signatures",
    };
    push_texts(&mut out, names, &story.names);
    if story.names.count() > story.names.items().len() as u64 {
        push_count(&mut out, "distinct", story.names.count());
    }
    let reasons = match story.key.what {
        What::BreakIn => "failures_before",
        What::PortScan | What::AddressScan => "open_ports",
        What::Indicator => "lists",
        What::Guessing => "log_in_pages",
        _ => "kinds",
    };
    push_texts(&mut out, reasons, &story.reasons);
    push_texts(&mut out, "why", &story.why);
    if story.services.items().len() > 1 {
        let ports = story
            .services
            .items()
            .iter()
            .map(|(proto, port)| format!("{}/{port}", proto.unwrap_or(Protocol::TCP)));
        let list = ports.take(MAX_TEXTS).collect();
        out.push(("ports", Evidence::List(list)));
        push_count(&mut out, "distinct_ports", story.services.count());
    }
    if story.targets.items().len() > 1 {
        let targets = story.targets.items().iter().take(MAX_TEXTS);
        let list = targets.map(ToString::to_string).collect();
        out.push(("targets", Evidence::List(list)));
        push_count(&mut out, "distinct_targets", story.targets.count());
    }
    push_count(&mut out, "refused", story.refused);
    push_count(&mut out, "served", story.served);
    out.push(("timeline", Evidence::List(story.timeline())));
    out
}

fn push_texts(out: &mut Vec<(&'static str, Evidence)>, name: &'static str, texts: &Few<Box<str>>) {
    let list: Vec<String> = texts.items().iter().map(ToString::to_string).collect();
    if !list.is_empty() {
        out.push((name, Evidence::List(list)));
    }
}

fn push_count(out: &mut Vec<(&'static str, Evidence)>, name: &'static str, count: u64) {
    if count > 0 {
        #[expect(
            clippy::cast_precision_loss,
            reason = "counts of events, far below 2^53"
        )]
        out.push((name, Evidence::Number(count as f64)));
    }
}

fn only<T: PartialEq>(few: &Few<T>) -> Option<&T> {
    match few.items() {
        [one] => Some(one),
        _ => None,
    }
}
