//! The test cases that a rule carries: events it must and must not match.
//!
//! They stand in the rule's own file, in the block `larum`, as lists `match` and `no-match`. A case is
//! one event, as a map from field names (those of the command-line contract) to values, or, for
//! correlations, a list of events in order. Of an event in a list, `after` says how long after the one
//! before it comes (default one second), `times` how often (default once), `every` at which distance
//! (default one second); `{n}` in a value is the number of the repetition, from 1. `record` is the raw
//! record, for rules that look for keywords.

use std::borrow::Cow;
use std::sync::Arc;

use yaml_serde::Value;

use super::correlation::seconds;
use super::document::{Document, documents, text_of};
use super::{Correlator, RuleSet, Scratch, Trace};
use crate::detect::story::Ending;
use crate::event::{Action, Certificate, Direction, Event, Field, Kind, Outcome, Protocol};
use crate::time::{DeviceTime, Timestamp};

/// Most events of one case.
const MAX_EVENTS: u32 = 10_000;

/// What a rule must, or must not, match.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Case {
    /// Title of the rule.
    pub title: String,
    /// Whether the rule must match.
    pub expected: bool,
    steps: Vec<Step>,
}

/// One event of a case, and how often it comes.
#[derive(Clone, Debug, PartialEq, Eq)]
struct Step {
    fields: Vec<(Field, String)>,
    record: Option<String>,
    after_seconds: i64,
    times: u32,
    every_seconds: i64,
}

/// Why a case is unusable.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum CaseError {
    /// The file is no YAML.
    Unreadable,
    /// There is no such field.
    Field(String),
    /// The field cannot hold that value.
    Value(Field, String),
    /// The case does not say what kind of event it is.
    NoKind,
    /// `after`, `times` or `every` is malformed, or there are too many events.
    Repetition(String),
}

impl std::fmt::Display for CaseError {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        match self {
            Self::Unreadable => f.write_str("the file is not YAML"),
            Self::Field(name) => write!(f, "events have no field {name:?}"),
            Self::Value(field, value) => write!(f, "{field} cannot be {value:?}"),
            Self::NoKind => f.write_str("a case must name the kind of its event"),
            Self::Repetition(text) => write!(f, "{text:?} says neither how long nor how often"),
        }
    }
}

impl std::error::Error for CaseError {}

/// All cases of a rule file.
///
/// # Errors
/// When the file or a case is malformed.
pub fn cases(text: &str) -> Result<Vec<Case>, CaseError> {
    let mut found = Vec::new();
    for document in documents(text) {
        let document = document.map_err(|_| CaseError::Unreadable)?;
        let Some(own) = document.map("larum") else {
            continue;
        };
        for (key, expected) in [("match", true), ("no-match", false)] {
            let cases = own.get(key).and_then(Value::as_sequence);
            for case in cases.into_iter().flatten() {
                found.push(Case::read(&document, expected, case)?);
            }
        }
    }
    Ok(found)
}

impl Case {
    fn read(document: &Document, expected: bool, value: &Value) -> Result<Self, CaseError> {
        let steps = match value {
            Value::Sequence(steps) => steps.iter().map(Step::read).collect::<Result<_, _>>()?,
            one => vec![Step::read(one)?],
        };
        let case = Self {
            title: document.text("title").unwrap_or_default(),
            expected,
            steps,
        };
        let events = case.steps.iter().map(|step| step.times);
        let events = events.fold(0, u32::saturating_add);
        if events > MAX_EVENTS {
            return Err(CaseError::Repetition(events.to_string()));
        }
        case.each(|_, _| {})?;
        Ok(case)
    }

    /// Calls `take` with each of its events in order, and the raw record if there is one.
    ///
    /// # Errors
    /// When a value does not fit its field; not for a case that [`cases`] gave out.
    pub fn each(&self, mut take: impl FnMut(&Event<'_>, Option<&str>)) -> Result<(), CaseError> {
        let mut at = Timestamp::from_civil((2026, 1, 1), (0, 0, 0), 0).unwrap_or_default();
        for step in &self.steps {
            for number in 1..=step.times {
                let wait = if number == 1 {
                    step.after_seconds
                } else {
                    step.every_seconds
                };
                at = at.plus_seconds(wait);
                let fields = step.numbered(number);
                take(&event_of(&fields, at)?, step.record.as_deref());
            }
        }
        Ok(())
    }
}

impl Step {
    fn read(value: &Value) -> Result<Self, CaseError> {
        let mut step = Self {
            fields: Vec::new(),
            record: None,
            after_seconds: 1,
            times: 1,
            every_seconds: 1,
        };
        for (key, value) in value.as_mapping().ok_or(CaseError::Unreadable)? {
            step.set(key.as_str().unwrap_or(""), value)?;
        }
        Ok(step)
    }

    fn set(&mut self, name: &str, value: &Value) -> Result<(), CaseError> {
        let text = text_of(value);
        let repetition = || CaseError::Repetition(text.clone().unwrap_or_default());
        let span = || text.as_deref().and_then(seconds).ok_or_else(repetition);
        match name {
            "after" => self.after_seconds = span()?,
            "every" => self.every_seconds = span()?,
            "times" => {
                let times = text.as_deref().and_then(|text| text.parse().ok());
                self.times = times.ok_or_else(repetition)?;
            }
            "record" => self.record.clone_from(&text),
            name => {
                let field =
                    Field::from_word(name).ok_or_else(|| CaseError::Field(name.to_owned()))?;
                let text =
                    text.ok_or_else(|| CaseError::Value(field, "a list or map".to_owned()))?;
                self.fields.push((field, text));
            }
        }
        Ok(())
    }

    fn numbered(&self, number: u32) -> Vec<(Field, String)> {
        let number = number.to_string();
        let fields = self.fields.iter();
        fields
            .map(|(field, text)| (*field, text.replace("{n}", &number)))
            .collect()
    }
}

fn event_of(fields: &[(Field, String)], at: Timestamp) -> Result<Event<'_>, CaseError> {
    let kind = fields
        .iter()
        .find(|(field, _)| *field == Field::Kind)
        .ok_or(CaseError::NoKind)?;
    let kind =
        Kind::from_word(&kind.1).ok_or_else(|| CaseError::Value(Field::Kind, kind.1.clone()))?;
    let mut event = Event::new(at, "case", kind);
    for (field, value) in fields {
        if !set(&mut event, *field, value) {
            return Err(CaseError::Value(*field, value.clone()));
        }
    }
    Ok(event)
}

impl RuleSet {
    /// Whether `case`, of a rule in the file `path`, comes out as it says; `None` when that rule is
    /// not in the set.
    ///
    /// # Errors
    /// When a value of the case does not fit its field; not for a case that [`cases`] gave out.
    pub fn proves(&self, path: &str, case: &Case) -> Result<Option<bool>, CaseError> {
        let its_own = |rule: &super::Rule| &*rule.path == path && rule.title == case.title;
        let Some((index, _)) = (0..).zip(&self.about).find(|(_, rule)| its_own(rule)) else {
            return Ok(None);
        };
        let index = super::RuleIndex(index);
        let (mut scratch, mut matched) = (Scratch::default(), Vec::new());
        let (mut correlator, mut hits) = (Correlator::default(), Vec::new());
        let mut found = false;
        case.each(|event, record| {
            matched.clear();
            self.matches_record(event, record, &mut scratch, &mut matched);
            found |= matched.contains(&index);
            let trace = Trace {
                at: event.at(),
                source: event.src_ip,
                outside: false,
                target: None,
                port: None,
                proto: None,
                ending: Ending::Unsaid,
            };
            let facts = self.facts(event, &matched);
            correlator.expire(self, event.at(), &mut hits);
            correlator.observe(self, &matched, &facts, &trace, &mut hits);
        })?;
        correlator.finish(self, &mut hits);
        found |= hits.iter().any(|hit| hit.rule == index);
        Ok(Some(found == case.expected))
    }
}

/// Puts `text` into `field`; whether it fits.
fn set<'c>(event: &mut Event<'c>, field: Field, text: &'c str) -> bool {
    fn put<T, E>(slot: &mut Option<T>, value: Result<T, E>) -> bool {
        *slot = value.ok();
        slot.is_some()
    }
    let word = Some(Cow::Borrowed(text));
    match field {
        Field::Kind => return true,
        Field::Format => event.format = text,
        Field::Vendor => event.vendor = Some(text),
        Field::Product => event.product = Some(text),
        Field::SrcIp => return put(&mut event.src_ip, text.parse()),
        Field::DstIp => return put(&mut event.dst_ip, text.parse()),
        Field::SrcNatIp => return put(&mut event.src_nat_ip, text.parse()),
        Field::DstNatIp => return put(&mut event.dst_nat_ip, text.parse()),
        Field::SrcPort => return put(&mut event.src_port, text.parse()),
        Field::DstPort => return put(&mut event.dst_port, text.parse()),
        Field::HttpStatus => return put(&mut event.http_status, text.parse()),
        Field::SrcBytes => return put(&mut event.src_bytes, text.parse()),
        Field::DstBytes => return put(&mut event.dst_bytes, text.parse()),
        Field::DurationMs => return put(&mut event.duration_ms, text.parse()),
        Field::Proto => return put(&mut event.proto, Protocol::from_keyword(text).ok_or(())),
        Field::Direction => {
            return put(&mut event.direction, Direction::from_word(text).ok_or(()));
        }
        Field::Action => return put(&mut event.action, Action::from_word(text).ok_or(())),
        Field::Outcome => return put(&mut event.outcome, Outcome::from_word(text).ok_or(())),
        Field::Truncated => event.truncated = text == "true",
        Field::Ts => {
            return put(
                &mut event.ts,
                DeviceTime::parse_rfc3339(text.as_bytes()).ok_or(()),
            );
        }
        Field::Device => event.device = word,
        Field::SrcHost => event.src_host = word,
        Field::DstHost => event.dst_host = word,
        Field::AppProto => event.app_proto = word,
        Field::ActionRaw => event.action_raw = word,
        Field::User => event.user = word,
        Field::Rule => event.rule = word,
        Field::Signature => event.signature = word,
        Field::Severity => event.severity = word,
        Field::EventCode => event.event_code = word,
        Field::HttpMethod => event.http_method = word,
        Field::Url => event.url = word,
        Field::UserAgent => event.user_agent = word,
        Field::TlsSni => event.tls_sni = word,
        Field::TlsVersion => event.tls_version = word,
        Field::Ja3 => event.ja3 = word,
        Field::Ja4 => event.ja4 = word,
        Field::TlsSubject => certificate(event).subject = text.to_owned(),
        Field::TlsIssuer => certificate(event).issuer = text.to_owned(),
        Field::TlsSelfSigned => certificate(event).self_signed = text == "true",
        Field::TlsNotBefore | Field::TlsNotAfter => return set_validity(event, field, text),
        Field::DnsQuery => event.dns_query = word,
        Field::DnsType => event.dns_type = word,
        Field::DnsRcode => event.dns_rcode = word,
        Field::CommunityId => event.community_id = word,
    }
    true
}

fn certificate<'e>(event: &'e mut Event<'_>) -> &'e mut Certificate {
    Arc::make_mut(event.certificate.get_or_insert_default())
}

fn set_validity(event: &mut Event<'_>, field: Field, text: &str) -> bool {
    let Some(time) = DeviceTime::parse_rfc3339(text.as_bytes()) else {
        return false;
    };
    let certificate = certificate(event);
    if field == Field::TlsNotBefore {
        certificate.not_before = time.at;
    } else {
        certificate.not_after = time.at;
    }
    true
}
