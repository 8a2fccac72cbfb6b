//! What a rule can look at: the fields of an event, parts of its URL, and all of its text.

use crate::event::{Event, Field, Kind, Value};

/// Something a rule looks at.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub(super) enum Slot {
    /// A field of the event.
    Field(Field),
    /// The URL's path.
    UrlPath,
    /// The URL after the question mark.
    UrlQuery,
    /// The ending of the URL's last path part, without the dot.
    UrlExtension,
    /// Every text of the event, and the raw record where the caller has it.
    AnyText,
}

/// Texts that an automaton scans once per event, for all rules together.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub(super) enum Group {
    /// One text field.
    Field(Field),
    /// Every text.
    AnyText,
}

/// The fields that keywords are looked for in.
const TEXT_FIELDS: [Field; 15] = [
    Field::Url,
    Field::UserAgent,
    Field::User,
    Field::Signature,
    Field::ActionRaw,
    Field::Rule,
    Field::DnsQuery,
    Field::DstHost,
    Field::SrcHost,
    Field::TlsSni,
    Field::AppProto,
    Field::Device,
    Field::Severity,
    Field::EventCode,
    Field::HttpMethod,
];

impl Slot {
    /// The automaton that finds this slot's literals; `None` where texts are so short or so alike
    /// that comparing them directly is cheaper.
    pub(super) fn group(self) -> Option<Group> {
        match self {
            Self::AnyText => Some(Group::AnyText),
            Self::UrlPath | Self::UrlQuery | Self::UrlExtension => Some(Group::Field(Field::Url)),
            Self::Field(field) => match field {
                Field::Url
                | Field::UserAgent
                | Field::User
                | Field::Signature
                | Field::ActionRaw
                | Field::Rule
                | Field::DnsQuery
                | Field::DstHost
                | Field::SrcHost
                | Field::TlsSni
                | Field::AppProto
                | Field::Device
                | Field::EventCode
                | Field::Ja3
                | Field::Ja4 => Some(Group::Field(field)),
                _ => None,
            },
        }
    }

    /// Whether events hold a number here.
    pub(super) const fn is_number(self) -> bool {
        matches!(
            self,
            Self::Field(
                Field::SrcPort
                    | Field::DstPort
                    | Field::HttpStatus
                    | Field::SrcBytes
                    | Field::DstBytes
                    | Field::DurationMs
            )
        )
    }

    /// Whether events hold an address here.
    pub(super) const fn is_address(self) -> bool {
        matches!(
            self,
            Self::Field(Field::SrcIp | Field::DstIp | Field::SrcNatIp | Field::DstNatIp)
        )
    }

    /// What `event` has here; for [`Slot::AnyText`] nothing, see [`texts`].
    pub(super) fn value<'e>(self, event: &'e Event<'_>) -> Option<Value<'e>> {
        match self {
            Self::Field(field) => event.get(field),
            Self::UrlPath => event.url.as_deref().map(|url| Value::Text(path(url))),
            Self::UrlQuery => event.url.as_deref().and_then(query).map(Value::Text),
            Self::UrlExtension => event.url.as_deref().and_then(extension).map(Value::Text),
            Self::AnyText => None,
        }
    }
}

/// All texts of an event, and the raw record if there is one.
pub(super) fn texts<'e>(
    event: &'e Event<'_>,
    record: Option<&'e str>,
) -> impl Iterator<Item = &'e str> {
    TEXT_FIELDS
        .iter()
        .filter_map(|field| match event.get(*field) {
            Some(Value::Text(text)) => Some(text),
            _ => None,
        })
        .chain(record)
}

/// The path of a request target or URL.
fn path(url: &str) -> &str {
    let target = url.split(['?', '#']).next().unwrap_or(url);
    match target.split_once("://") {
        Some((scheme, rest)) if !scheme.contains('/') => {
            let at = rest.find('/').unwrap_or(rest.len());
            rest.get(at..).unwrap_or("")
        }
        _ => target,
    }
}

fn query(url: &str) -> Option<&str> {
    url.split_once('?').map(|(_, query)| query)
}

fn extension(url: &str) -> Option<&str> {
    let name = path(url).rsplit('/').next()?;
    name.rsplit_once('.').map(|(_, extension)| extension)
}

/// A bit per kind of event.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) struct Kinds(u16);

impl Kinds {
    /// Every kind.
    pub(super) const ALL: Self = Self(u16::MAX);

    /// These kinds.
    pub(super) fn of(kinds: &[Kind]) -> Self {
        Self(kinds.iter().fold(0, |bits, kind| bits | Self::bit(*kind)))
    }

    /// Whether `kind` is among them.
    pub(super) fn has(self, kind: Kind) -> bool {
        self.0 & Self::bit(kind) != 0
    }

    /// In either.
    pub(super) const fn and_also(self, other: Self) -> Self {
        Self(self.0 | other.0)
    }

    /// In none.
    pub(super) const NONE: Self = Self(0);

    const fn bit(kind: Kind) -> u16 {
        1 << kind as u16
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn parts_of_a_url() {
        for (url, expected_path, expected_query, expected_extension) in [
            ("/a/b.php?x=1", "/a/b.php", Some("x=1"), Some("php")),
            (
                "http://example.org/a.tar.gz#top",
                "/a.tar.gz",
                None,
                Some("gz"),
            ),
            (
                "http://example.org?x=http://y/",
                "",
                Some("x=http://y/"),
                None,
            ),
            (
                "/go?to=http://example.org/x.exe",
                "/go",
                Some("to=http://example.org/x.exe"),
                None,
            ),
            ("/a.b/c", "/a.b/c", None, None),
        ] {
            assert_eq!(path(url), expected_path, "{url}");
            assert_eq!(query(url), expected_query, "{url}");
            assert_eq!(extension(url), expected_extension, "{url}");
        }
    }
}
