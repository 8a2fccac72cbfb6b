//! A story as a finding: title, key, outcome, evidence and advice.

use super::advice;
use super::sigma::RuleSet;
use super::story::{Few, MAX_TEXTS, Story, What};
use super::telling::{only, outcome};
use super::{Mark, Settings};
use crate::event::Protocol;
use crate::finding::{AttackOutcome, Evidence, Finding, Severity};
use crate::words::{Argument, Words};

/// The finding that `story` amounts to so far.
pub fn finding(story: &Story, settings: &Settings, rules: &RuleSet) -> Finding {
    let words: &Words = &settings.words;
    let telling = story.key.what.telling();
    let mut finding = Finding {
        id: story.id,
        story: story.incident,
        detector: telling.detector.into(),
        title: String::new(),
        category: telling.category,
        attack: (telling.techniques)(story)
            .iter()
            .map(|id| (*id).into())
            .collect(),
        severity: story.severity,
        confidence: story.confidence,
        outcome: outcome(story),
        first: story.first,
        last: story.last,
        sources: story.sources().collect(),
        dst_ip: only(&story.targets).copied(),
        dst_port: only(&story.services).map(|(_, port)| *port),
        proto: only(&story.services).and_then(|(proto, _)| *proto),
        key: String::new(),
        count: story.count,
        evidence: evidence(story),
        advice: String::new(),
    };
    let mut rule_file = None;
    if let What::Rule(index) = story.key.what {
        let rule = rules.rule(index);
        finding.detector = rule.id.clone();
        finding.title = rule.title_in(words);
        finding.category = rule.category;
        finding.attack.clone_from(&rule.attack);
        finding.key = rule.id.to_string();
        finding.advice = rule.advice(words);
        rule_file = Some(&*rule.file);
    } else {
        finding.key = (telling.key)(story);
        let args = arguments(story, words, &finding.key);
        let name = (telling.message)(story);
        finding.title = words.say_with(&format!("detect-{name}-title"), &args);
        finding.advice = words.say_with(&format!("detect-{name}-advice"), &args);
    }
    advice::add(&mut finding, story, rule_file, words);
    if let Some(mark) = story.source.and_then(|ip| settings.marks.find(ip)) {
        calm(&mut finding, mark, words);
    }
    finding
}

/// Keeps and explains what is no cause for alarm. Who got in is one, unless he is ours.
fn calm(finding: &mut Finding, mark: Mark<'_>, words: &Words) {
    let (name, text, advice) = match mark {
        Mark::Ours(why) => ("ours", why, "detect-ours-advice"),
        Mark::KnownScanner(_) if finding.outcome == AttackOutcome::Success => return,
        Mark::KnownScanner(who) => ("known_scanner", who, "detect-known-scanner-advice"),
    };
    finding.severity = Severity::Info;
    finding.advice = words.say_with(advice, &[("who", text.into())]);
    let text = Evidence::Text(text.to_owned());
    finding.evidence.insert(0, (name, text));
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
    // What was answered says more than what came first.
    let kind = match &*story.label {
        answered if story.key.what == What::WebAttack && !answered.is_empty() => answered,
        _ => first_reason,
    };
    let kind = words.say_with("web-attack-kind", &[("kind", kind.into())]);
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
        ("sources", story.source_count().into()),
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
    let telling = story.key.what.telling();
    push_texts(&mut out, telling.names, &story.names);
    if story.names.count() > story.names.items().len() as u64 {
        push_count(&mut out, "distinct", story.names.count());
    }
    push_texts(&mut out, telling.reasons, &story.reasons);
    push_texts(&mut out, "why", &story.why);
    let figures = story.figures().iter();
    out.extend(figures.map(|(name, figure)| (*name, Evidence::Number(*figure))));
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
    if story.source_count() > 1 {
        push_count(&mut out, "distinct_sources", story.source_count());
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
