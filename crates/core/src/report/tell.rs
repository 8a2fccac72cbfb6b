//! Groups and sums in plain sentences.

use std::collections::BTreeMap;
use std::net::IpAddr;

use super::group::{Group, Noise};
use super::{Detail, Tally, Told, grouped, minute};
use crate::finding::{Category, Evidence, Finding, Severity};
use crate::reject::Reject;
use crate::words::{Argument, Words};

/// Different advice given for one story.
const MAX_ADVICE: usize = 2;
/// Services named of those tried most.
const MAX_MOST: usize = 5;

/// Evidence that is told, and the message that tells it.
const TOLD_EVIDENCE: &[(&str, &str)] = &[
    ("users", "scan-names"),
    ("failures_before", "scan-before"),
    ("paths", "scan-paths"),
    ("open_ports", "scan-open"),
    ("ports", "scan-ports"),
    ("targets", "scan-targets"),
    ("lists", "scan-lists"),
];

/// Knows the words and the zone.
pub struct Teller<'w> {
    pub words: &'w Words,
    pub offset_seconds: i32,
    pub detail: Detail,
}

impl Detail {
    /// Steps of one attacker that are told; the rest is counted.
    const fn steps(self) -> usize {
        match self {
            Self::Page => 8,
            Self::All => usize::MAX,
        }
    }

    /// Names, paths or addresses given as examples.
    const fn examples(self) -> usize {
        match self {
            Self::Page => 3,
            Self::All => 100,
        }
    }
}

impl Teller<'_> {
    pub fn about(&self, tally: &Tally) -> String {
        let mut args: Vec<(&str, Argument<'_>)> = vec![
            ("records", grouped(tally.records).into()),
            ("number", tally.records.into()),
            ("files", tally.files.into()),
        ];
        let Some((first, last)) = tally.span else {
            return self.words.say_with("scan-about-undated", &args);
        };
        args.push(("from", minute(first, self.offset_seconds).into()));
        args.push(("to", minute(last, self.offset_seconds).into()));
        args.push(("zone", zone(self.offset_seconds).into()));
        self.words.say_with("scan-about", &args)
    }

    pub fn story(&self, group: &Group<'_>) -> Told {
        let level = self
            .words
            .say_with("scan-level", &[("level", group.severity.as_str().into())]);
        let when = self.when(group);
        let when = match group.one_attacker {
            true => when,
            false => {
                let how = self.how(&group.findings);
                let args = [("when", when.into()), ("how", how.into())];
                self.words.say_with("scan-when-how", &args)
            }
        };
        let mut rows = vec![(self.words.say("scan-when"), when)];
        let heading = self.heading(group);
        let is_named = |source: &IpAddr| heading.contains(&source.to_string());
        if group.sources.len() > 1 || !group.sources.iter().all(is_named) {
            let who = group.findings.iter().flat_map(|one| &one.sources);
            let who = self.examples(who.map(ToString::to_string), group.sources.len());
            rows.push((self.words.say("scan-who"), who));
        }
        if group.one_attacker {
            rows.extend(self.steps(group));
        }
        if let Some(entry) = group.follows {
            let number = [("number", (entry + 1).into())];
            rows.push((
                self.words.say("scan-follows"),
                self.words.say_with("scan-follows-how", &number),
            ));
        }
        let outcome = [("outcome", group.outcome.as_str().into())];
        rows.push((
            self.words.say("scan-worked"),
            self.words.say_with("scan-outcome", &outcome),
        ));
        let labels = ["scan-do", "scan-do-then"].map(|id| self.words.say(id));
        let advice = advice(group).into_iter().map(Into::into);
        rows.extend(labels.into_iter().zip(advice));
        Told {
            severity: group.severity,
            level,
            heading,
            rows,
            brief: self.brief(group),
        }
    }

    /// A story where there is little room.
    fn brief(&self, group: &Group<'_>) -> String {
        let things = match group.one_attacker {
            true => group.findings.len(),
            false => 1,
        };
        let args = [
            ("when", self.when(group).into()),
            ("things", things.into()),
            ("times", self.counted("scan-times", group.count).into()),
            ("outcome", group.outcome.as_str().into()),
        ];
        self.words.say_with("scan-brief", &args)
    }

    /// Where all that a story advises stands under an earlier one, says so instead; in short, the first
    /// sentence of it.
    pub fn advise_once(&self, stories: &mut [Told]) {
        let labels = ["scan-do", "scan-do-then"].map(|id| self.words.say(id));
        let mut said: Vec<(usize, String)> = Vec::new();
        for (number, story) in (1..).zip(stories) {
            let of_story = story
                .rows
                .iter()
                .filter(|(label, _)| labels.contains(label));
            let advice = of_story
                .map(|(_, text)| text.as_str())
                .collect::<Vec<_>>()
                .join(" ");
            let holds = |(_, earlier): &&(usize, String)| {
                sentences(&advice).all(|one| sentences(earlier).any(|held| held == one))
            };
            let earlier = said.iter().find(holds).filter(|_| !advice.is_empty());
            if let Some((earlier, _)) = earlier {
                let number = [("number", (*earlier).into())];
                let text = self.words.say_with("scan-as-under", &number);
                story.rows.retain(|(label, _)| !labels.contains(label));
                story.rows.push((self.words.say("scan-do"), text));
            } else {
                said.push((number, advice));
            }
            let mut rows = story.rows.iter();
            if let Some((label, text)) = rows.find(|(label, _)| labels.contains(label))
                && let Some(first) = sentences(text).next()
            {
                story.brief.push_str(&format!(" {label}: {first}."));
            }
        }
    }

    /// What one attacker did, in order of time: the first row with its label, the others without.
    fn steps(&self, group: &Group<'_>) -> Vec<(String, String)> {
        let mut findings = group.findings.clone();
        findings.sort_by_key(|finding| (finding.first, finding.id));
        let beyond = findings.len().saturating_sub(self.detail.steps());
        let mut rows = Vec::new();
        let who = group.sources.first().map(|ip| format!("{ip} "));
        let day = minute(group.first, self.offset_seconds);
        for finding in findings.into_iter().take(self.detail.steps()) {
            let label = match rows.is_empty() {
                true => self.words.say("scan-steps"),
                false => String::new(),
            };
            let when = minute(finding.first, self.offset_seconds);
            // Neither the day nor the address is said twice.
            let when = match (day.get(..10), when.get(..10), when.get(11..)) {
                (Some(a), Some(b), Some(clock)) if a == b => clock.to_owned(),
                _ => when,
            };
            let title = who
                .as_deref()
                .and_then(|who| finding.title.strip_prefix(who));
            let step = [
                ("when", when.into()),
                ("title", title.unwrap_or(&finding.title).into()),
                ("how", self.how(&[finding]).into()),
            ];
            rows.push((label, self.words.say_with("scan-step", &step)));
        }
        if beyond > 0 {
            let beyond = u64::try_from(beyond).unwrap_or(u64::MAX);
            rows.push((String::new(), self.counted("scan-more-steps", beyond)));
        }
        rows
    }

    /// What was tried most, over everything that was found.
    pub fn most_tried(&self, findings: &[Finding]) -> Option<String> {
        let mut tries: BTreeMap<String, u64> = BTreeMap::new();
        let is_try = |one: &&Finding| {
            one.severity > Severity::Info
                && matches!(
                    one.category,
                    Category::Scan
                        | Category::BruteForce
                        | Category::WebAttack
                        | Category::IdsAlert
                )
        };
        for finding in findings.iter().filter(is_try) {
            if let Some(service) = self.service(&finding.key) {
                let count = tries.entry(service).or_default();
                *count = count.saturating_add(finding.count);
            }
        }
        if tries.len() < 2 {
            return None;
        }
        let mut tries: Vec<(String, u64)> = tries.into_iter().collect();
        tries.sort_by(|a, b| b.1.cmp(&a.1).then_with(|| a.0.cmp(&b.0)));
        let told = tries.iter().take(MAX_MOST).map(|(service, count)| {
            let args = [
                ("service", service.as_str().into()),
                ("count", grouped(*count).into()),
            ];
            self.words.say_with("scan-most-one", &args)
        });
        let list = told.collect::<Vec<_>>().join(", ");
        Some(self.words.say_with("scan-most", &[("list", list.into())]))
    }

    /// The service or kind of attack a key stands for, if it has a name for people.
    fn service(&self, key: &str) -> Option<String> {
        let name = match key.strip_prefix("web/") {
            Some(_) => self.words.say("scan-website"),
            None => {
                let key = key.replace('/', "-");
                self.words.say_with("service-name", &[("key", key.into())])
            }
        };
        (!name.is_empty()).then_some(name)
    }

    pub fn background(&self, noise: &Noise) -> Option<String> {
        (noise.count > 0).then(|| {
            let sources = noise.sources.len().max(1);
            let sources = u64::try_from(sources).unwrap_or(u64::MAX);
            self.words.say_with(
                "scan-background",
                &[
                    ("number", sources.into()),
                    ("sources", grouped(sources).into()),
                    ("count", grouped(noise.count).into()),
                    ("tries", noise.count.into()),
                ],
            )
        })
    }

    pub fn timeline(&self, groups: &[Group<'_>]) -> Vec<(String, usize, String)> {
        if groups.len() < 2 {
            return Vec::new();
        }
        let mut rows: Vec<_> = (1..).zip(groups).collect();
        rows.sort_by_key(|(number, group)| (group.first, *number));
        rows.into_iter()
            .map(|(number, group)| {
                let when = minute(group.first, self.offset_seconds);
                (when, number, self.heading(group))
            })
            .collect()
    }

    pub fn unread(&self, tally: &Tally) -> Vec<String> {
        let unread: u64 = tally.rejects.iter().sum();
        if tally.records == 0 {
            return Vec::new();
        }
        if unread == 0 && tally.outside_window == 0 {
            return vec![self.words.say("scan-all-read")];
        }
        let mut lines = Vec::new();
        if unread > 0 {
            let heading = if tally.events == 0 {
                "scan-none-read"
            } else {
                "scan-unread"
            };
            let args = [
                ("count", grouped(unread).into()),
                ("records", grouped(tally.records).into()),
            ];
            lines.push(self.words.say_with(heading, &args));
            lines.extend(
                tally
                    .rejected()
                    .map(|(reason, count)| self.counted(unread_message(reason), count)),
            );
        }
        if tally.outside_window > 0 {
            lines.push(self.counted("scan-outside-window", tally.outside_window));
        }
        lines
    }

    /// The message `id` with `count` (written out) and `number` (choosing the plural).
    pub fn counted(&self, id: &str, count: u64) -> String {
        let args = [("count", grouped(count).into()), ("number", count.into())];
        self.words.say_with(id, &args)
    }

    fn heading(&self, group: &Group<'_>) -> String {
        let Some(lead) = group.findings.first() else {
            return String::new();
        };
        if group.findings.len() == 1 || group.one_attacker {
            return lead.title.clone();
        }
        let message = match &*lead.detector {
            "login-guessing" if lead.key == "web/log-in" => "scan-group-web-login",
            "login-guessing" => "scan-group-login-guessing",
            "web-attack" => "scan-group-web-attack",
            "web-probing" => "scan-group-web-probing",
            "port-scan" => "scan-group-port-scan",
            _ => "scan-group-other",
        };
        let message = if group.sources.len() > 1 {
            message
        } else {
            "scan-group-other"
        };
        let kind = lead.key.strip_prefix("web/").unwrap_or("");
        let service = [("key", lead.key.replace('/', "-").into())];
        let service = self.words.say_with("service-name", &service);
        let args = [
            ("sources", group.sources.len().into()),
            (
                "service",
                if service.is_empty() {
                    lead.key.clone()
                } else {
                    service
                }
                .into(),
            ),
            (
                "kind",
                self.words
                    .say_with("web-attack-kind", &[("kind", kind.into())])
                    .into(),
            ),
            ("title", lead.title.as_str().into()),
            ("more", (group.findings.len() - 1).into()),
        ];
        self.words.say_with(message, &args)
    }

    fn when(&self, group: &Group<'_>) -> String {
        let from = minute(group.first, self.offset_seconds);
        let to = minute(group.last, self.offset_seconds);
        if from == to {
            return from;
        }
        // The same day is not said twice.
        let to = match (from.get(..10), to.get(..10), to.get(11..)) {
            (Some(a), Some(b), Some(clock)) if a == b => clock.to_owned(),
            _ => to,
        };
        let args = [("from", from.into()), ("to", to.into())];
        self.words.say_with("scan-span", &args)
    }

    fn how(&self, findings: &[&Finding]) -> String {
        let count = findings.iter().map(|one| one.count).sum();
        let times = self.counted("scan-times", count);
        let told = TOLD_EVIDENCE.iter().filter_map(|(name, message)| {
            let (examples, all) = gather(findings, name);
            if examples.is_empty() {
                return None;
            }
            let is_log_in = findings
                .first()
                .is_some_and(|lead| &*lead.detector == "login-after-guessing");
            let message = if *name == "users" && is_log_in {
                "scan-account"
            } else {
                message
            };
            let list = self.examples(examples.into_iter(), all);
            Some(self.words.say_with(message, &[("list", list.into())]))
        });
        let mut parts = vec![times];
        if let [one] = findings
            && let (Category::IdsAlert, Some(target)) = (one.category, one.dst_ip)
        {
            let list = [("list", target.to_string().into())];
            parts.push(self.words.say_with("scan-targets", &list));
        }
        let sent: f64 = findings
            .iter()
            .filter_map(|one| number(one, "bytes_out"))
            .sum();
        if sent > 0.0 {
            let size = [("size", size(sent).into())];
            parts.push(self.words.say_with("scan-sent", &size));
        }
        parts.extend(told);
        parts.join("; ")
    }

    /// The first few of `all` things.
    fn examples(&self, things: impl Iterator<Item = String>, all: usize) -> String {
        let mut shown: Vec<String> = Vec::new();
        for thing in things {
            if shown.len() >= self.detail.examples() {
                break;
            }
            if !shown.contains(&thing) {
                shown.push(thing);
            }
        }
        let rest = all.saturating_sub(shown.len());
        let list = shown.join(", ");
        if rest == 0 {
            return list;
        }
        let rest = u64::try_from(rest).unwrap_or(u64::MAX);
        let args = [
            ("list", list.into()),
            ("number", rest.into()),
            ("count", grouped(rest).into()),
        ];
        self.words.say_with("scan-and-others", &args)
    }
}

/// What to do about the worst, and where one attacker did different things, about the next worst.
fn advice<'g>(group: &'g Group<'_>) -> Vec<&'g str> {
    let told = if group.one_attacker { MAX_ADVICE } else { 1 };
    let mut advice: Vec<&str> = Vec::new();
    for finding in &group.findings {
        let worth_saying = advice.is_empty() || finding.severity >= Severity::Medium;
        if worth_saying && !advice.contains(&finding.advice.as_str()) {
            let new = advice.iter().fold(finding.advice.as_str(), |text, said| {
                without_same_end(text, said)
            });
            advice.push(new);
        }
    }
    advice.truncate(told);
    advice
}

fn sentences(text: &str) -> impl Iterator<Item = &str> {
    text.split(". ").map(|one| one.trim_end_matches('.'))
}

/// `text` without its last sentences if `said` ends with the same: a step on the same device.
fn without_same_end<'t>(text: &'t str, said: &str) -> &'t str {
    text.match_indices(". ")
        .find_map(|(at, mark)| {
            let (kept, end) = text.split_at_checked(at + mark.len())?;
            said.ends_with(end).then(|| kept.trim_end())
        })
        .unwrap_or(text)
}

/// The evidence `name` of all findings: different texts in order, and how many there are at least.
fn gather(findings: &[&Finding], name: &str) -> (Vec<String>, usize) {
    let mut texts: Vec<String> = Vec::new();
    let mut most = 0;
    for finding in findings {
        let found = finding.evidence.iter().find(|(known, _)| *known == name);
        let Some((_, Evidence::List(list))) = found else {
            continue;
        };
        most = most.max(list.len()).max(distinct(finding, name));
        for text in list {
            if texts.len() < 200 && !texts.contains(text) {
                texts.push(text.clone());
            }
        }
    }
    let all = most.max(texts.len());
    (texts, all)
}

fn distinct(finding: &Finding, name: &str) -> usize {
    let counter = match name {
        "users" | "paths" => "distinct",
        "ports" => "distinct_ports",
        "targets" => "distinct_targets",
        _ => return 0,
    };
    #[expect(
        clippy::cast_possible_truncation,
        clippy::cast_sign_loss,
        reason = "a count the detectors wrote, small and not negative"
    )]
    number(finding, counter).map_or(0, |number| number as usize)
}

/// The evidence `name`, where it is a number.
fn number(finding: &Finding, name: &str) -> Option<f64> {
    let found = finding.evidence.iter().find(|(known, _)| *known == name);
    match found {
        Some((_, Evidence::Number(number))) => Some(*number),
        _ => None,
    }
}

/// Bytes as people say them, in powers of ten.
fn size(bytes: f64) -> String {
    match bytes {
        1e9.. => format!("{:.1} GB", bytes / 1e9),
        1e6.. => format!("{:.0} MB", bytes / 1e6),
        _ => format!("{:.0} kB", bytes / 1e3),
    }
}

const fn unread_message(reason: Reject) -> &'static str {
    match reason {
        Reject::Empty => "scan-unread-empty",
        Reject::TooLong => "scan-unread-too-long",
        Reject::NotText => "scan-unread-not-text",
        Reject::UnknownFormat => "scan-unread-unknown-format",
        Reject::FieldUnreadable => "scan-unread-field-unreadable",
        Reject::NotOfInterest => "scan-unread-not-of-interest",
        Reject::Poisonous => "scan-unread-poisonous",
    }
}

/// `UTC`, or the offset as `+01:00`.
fn zone(offset_seconds: i32) -> String {
    if offset_seconds == 0 {
        return "UTC".to_owned();
    }
    let sign = if offset_seconds < 0 { '-' } else { '+' };
    let minutes = offset_seconds.unsigned_abs() / 60;
    format!("{sign}{:02}:{:02}", minutes / 60, minutes % 60)
}
