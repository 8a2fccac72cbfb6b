//! The test cases that a rule carries: events it must and must not match.
//!
//! They stand in the rule's own file, in the block `larum`, as lists `match` and `no-match` of maps
//! from field names (those of the command-line contract) to values.

use std::borrow::Cow;

use yaml_serde::{Mapping, Value};

use super::document::{Document, documents, text_of};
use crate::event::{Action, Direction, Event, Field, Kind, Outcome, Protocol};
use crate::time::Timestamp;

/// An event that a rule must, or must not, match.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Case {
    /// Title of the rule.
    pub title: String,
    /// Whether the rule must match.
    pub expected: bool,
    fields: Vec<(Field, String)>,
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
}

impl std::fmt::Display for CaseError {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        match self {
            Self::Unreadable => f.write_str("the file is not YAML"),
            Self::Field(name) => write!(f, "events have no field {name:?}"),
            Self::Value(field, value) => write!(f, "{field} cannot be {value:?}"),
            Self::NoKind => f.write_str("a case must name the kind of its event"),
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
            for map in own
                .get(key)
                .and_then(Value::as_sequence)
                .into_iter()
                .flatten()
            {
                found.push(Case::read(&document, expected, map.as_mapping())?);
            }
        }
    }
    Ok(found)
}

impl Case {
    fn read(document: &Document, expected: bool, map: Option<&Mapping>) -> Result<Self, CaseError> {
        let mut fields = Vec::new();
        for (key, value) in map.ok_or(CaseError::Unreadable)? {
            let name = key.as_str().unwrap_or("");
            let field = Field::from_word(name).ok_or_else(|| CaseError::Field(name.to_owned()))?;
            let value = text_of(value)
                .ok_or_else(|| CaseError::Value(field, "a list or map".to_owned()))?;
            fields.push((field, value));
        }
        let case = Self {
            title: document.text("title").unwrap_or_default(),
            expected,
            fields,
        };
        case.event()?;
        Ok(case)
    }

    /// The event it describes.
    ///
    /// # Errors
    /// When a value does not fit its field; not for a case that [`cases`] gave out.
    pub fn event(&self) -> Result<Event<'_>, CaseError> {
        let kind = self
            .fields
            .iter()
            .find(|(field, _)| *field == Field::Kind)
            .ok_or(CaseError::NoKind)?;
        let kind = Kind::from_word(&kind.1)
            .ok_or_else(|| CaseError::Value(Field::Kind, kind.1.clone()))?;
        let mut event = Event::new(Timestamp::default(), "case", kind);
        for (field, value) in &self.fields {
            if !set(&mut event, *field, value) {
                return Err(CaseError::Value(*field, value.clone()));
            }
        }
        Ok(event)
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
        Field::Ts => return false,
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
        Field::DnsQuery => event.dns_query = word,
        Field::DnsType => event.dns_type = word,
        Field::DnsRcode => event.dns_rcode = word,
        Field::CommunityId => event.community_id = word,
    }
    true
}
