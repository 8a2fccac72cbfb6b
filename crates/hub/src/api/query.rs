//! What was asked in the query: known parameters, each once, each within its limits.

use std::collections::BTreeMap;
use std::fmt::Display;

use axum::extract::Query;
use axum::http::Uri;
use larum_core::time::Timestamp;
use utoipa::IntoParams;

use super::problem::{Code, Problem};
use crate::id::{CollectorId, MemberId};
use crate::store::pages::{SightingCursor, ThreatCursor};

/// Most parameters read.
const MAX_PARAMETERS: usize = 16;
/// Rows of a page when none is said.
const ROWS: u32 = 50;
/// Most rows of a page.
const MAX_ROWS: u32 = 100;
/// Days of a summary when none is said.
const DAYS: u32 = 30;
/// Most days of a summary.
const MAX_DAYS: u32 = 92;
/// Longest cursor, in bytes: a firm's name in hexadecimal and its identity.
const MAX_CURSOR_BYTES: usize = 1_024;

/// Parameters of a list of sightings.
#[derive(IntoParams)]
#[into_params(parameter_in = Query)]
#[expect(dead_code, reason = "describes the parameters")]
pub(super) struct SightingPaging {
    /// Most rows of the answer.
    #[param(minimum = 1, maximum = 100, default = 50, required = false)]
    limit: u32,
    /// `next` of the answer before; not there for the first page.
    #[param(pattern = "^[0-9]{1,15}-[0-9a-f]{32}$", required = false)]
    cursor: String,
}

/// Parameters of a numbered list.
#[derive(IntoParams)]
#[into_params(parameter_in = Query)]
#[expect(dead_code, reason = "describes the parameters")]
pub(super) struct NumberPaging {
    /// Most rows of the answer.
    #[param(minimum = 1, maximum = 100, default = 50, required = false)]
    limit: u32,
    /// `next` of the answer before; not there for the first page.
    #[param(pattern = "^[0-9]{1,18}$", required = false)]
    cursor: String,
}

/// Parameters of a list by the names of firms.
#[derive(IntoParams)]
#[into_params(parameter_in = Query)]
#[expect(dead_code, reason = "describes the parameters")]
pub(super) struct NamePaging {
    /// Most rows of the answer.
    #[param(minimum = 1, maximum = 50, default = 50, required = false)]
    limit: u32,
    /// `next` of the answer before; not there for the first page.
    #[param(
        pattern = "^([0-9a-f]{2}){1,400}-[0-9a-f]{32}$",
        max_length = 1024,
        required = false
    )]
    cursor: String,
}

/// Parameters of a summary.
#[derive(IntoParams)]
#[into_params(parameter_in = Query)]
#[expect(dead_code, reason = "describes the parameters")]
pub(super) struct Span {
    /// How many days back from now.
    #[param(minimum = 1, maximum = 92, default = 30, required = false)]
    days: u32,
}

/// Parameters of the list of threats.
#[derive(IntoParams)]
#[into_params(parameter_in = Query)]
#[expect(dead_code, reason = "describes the parameters")]
pub(super) struct ThreatChoice {
    /// Whether those that are over are listed too.
    #[param(default = false, required = false)]
    closed: bool,
    /// Most rows of the answer.
    #[param(minimum = 1, maximum = 100, default = 50, required = false)]
    limit: u32,
    /// `next` of the answer before; not there for the first page.
    #[param(pattern = "^[0-2]-[0-4]-[0-9]{1,18}-[0-9]{1,18}$", required = false)]
    cursor: String,
}

/// The query's parameters.
pub(super) struct Asked(BTreeMap<String, String>);

impl Asked {
    /// Reads the query; every parameter must be in `known`.
    pub fn read(uri: &Uri, known: &[&'static str]) -> Result<Self, Problem> {
        let Query(pairs) = Query::<Vec<(String, String)>>::try_from_uri(uri)
            .map_err(|_| Problem::from(Code::WrongParameter))?;
        if pairs.len() > MAX_PARAMETERS {
            return Err(Code::WrongParameter.into());
        }
        let mut asked = BTreeMap::new();
        for (name, value) in pairs {
            let Some(known) = known.iter().find(|known| **known == name) else {
                return Err(Code::WrongParameter.into());
            };
            if asked.insert(name, value).is_some() {
                return Err(Problem::parameter(known));
            }
        }
        Ok(Self(asked))
    }

    fn number(&self, name: &'static str, usual: u32, most: u32) -> Result<u32, Problem> {
        let Some(text) = self.0.get(name) else {
            return Ok(usual);
        };
        text.bytes()
            .all(|byte| byte.is_ascii_digit())
            .then(|| text.parse().ok())
            .flatten()
            .filter(|number| (1..=most).contains(number))
            .ok_or(Problem::parameter(name))
    }

    pub fn limit(&self) -> Result<u32, Problem> {
        self.number("limit", ROWS, MAX_ROWS)
    }

    pub fn limit_of_names(&self) -> Result<u32, Problem> {
        self.number("limit", ROWS, ROWS)
    }

    pub fn days(&self) -> Result<u32, Problem> {
        self.number("days", DAYS, MAX_DAYS)
    }

    pub fn closed(&self) -> Result<bool, Problem> {
        match self.0.get("closed").map(String::as_str) {
            None | Some("false") => Ok(false),
            Some("true") => Ok(true),
            Some(_) => Err(Problem::parameter("closed")),
        }
    }

    fn cursor<T>(&self, read: impl Fn(&str) -> Option<T>) -> Result<Option<T>, Problem> {
        self.0
            .get("cursor")
            .map(|text| {
                (text.len() <= MAX_CURSOR_BYTES)
                    .then(|| read(text))
                    .flatten()
                    .ok_or(Problem::parameter("cursor"))
            })
            .transpose()
    }

    pub fn sighting_cursor(&self) -> Result<Option<SightingCursor>, Problem> {
        self.cursor(|text| {
            let (last, id) = text.split_once('-')?;
            let id = MemberId::parse(id)?.to_string();
            let last = digits(last, 15)?;
            Some(SightingCursor {
                last: Timestamp::from_millis(last),
                id,
            })
        })
    }

    pub fn number_cursor(&self) -> Result<Option<u64>, Problem> {
        self.cursor(|text| u64::try_from(digits(text, 18)?).ok())
    }

    pub fn threat_cursor(&self) -> Result<Option<ThreatCursor>, Problem> {
        self.cursor(ThreatCursor::parse)
    }

    pub fn collector_cursor(&self) -> Result<Option<(String, CollectorId)>, Problem> {
        self.named_cursor(CollectorId::parse)
    }

    pub fn member_cursor(&self) -> Result<Option<(String, MemberId)>, Problem> {
        self.named_cursor(MemberId::parse)
    }

    fn named_cursor<I>(
        &self,
        identity: impl Fn(&str) -> Option<I>,
    ) -> Result<Option<(String, I)>, Problem> {
        self.cursor(|text| {
            let (name, id) = text.split_once('-')?;
            let name = data_encoding::HEXLOWER.decode(name.as_bytes()).ok()?;
            let name = String::from_utf8_lossy(&name).into_owned();
            (!name.is_empty()).then_some(())?;
            Some((name, identity(id)?))
        })
    }
}

/// The cursor after a sighting.
pub(super) fn after_sighting(last: Timestamp, id: &str) -> String {
    format!("{}-{id}", last.as_millis())
}

/// The cursor after a row of a list by name.
pub(super) fn after_named(name: &str, id: impl Display) -> String {
    format!("{}-{id}", data_encoding::HEXLOWER.encode(name.as_bytes()))
}

fn digits(text: &str, most: usize) -> Option<i64> {
    let good =
        !text.is_empty() && text.len() <= most && text.bytes().all(|byte| byte.is_ascii_digit());
    good.then(|| text.parse().ok()).flatten()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn parameters_are_known_single_and_within_their_limits() {
        let check = |query: &str, good: bool| {
            let uri: Uri = format!("/x?{query}").parse().unwrap();
            let read = Asked::read(&uri, &["limit", "cursor"])
                .and_then(|asked| Ok((asked.limit()?, asked.number_cursor()?)));
            assert_eq!(read.is_ok(), good, "{query}");
        };
        check("", true);
        check("limit=100&cursor=0", true);
        check("cursor=999999999999999999", true);
        for bad in [
            "limit=0",
            "limit=101",
            "limit=-1",
            "limit=%2B1",
            "limit=",
            "limit=1&limit=1",
            "Limit=1",
            "cursor=",
            "cursor=-1",
            "cursor=1000000000000000000",
            "other=1",
            "cursor=%00",
        ] {
            check(bad, false);
        }
        let many = "a=1&".repeat(MAX_PARAMETERS + 1);
        check(&many, false);
    }

    #[test]
    fn cursors_come_back_as_they_went() {
        let id = MemberId::parse(&"a1".repeat(16)).unwrap();
        let name = "Tegeirian & Daughters, Ynys Môn";
        let uri: Uri = format!("/x?cursor={}", after_named(name, id))
            .parse()
            .unwrap();
        let asked = Asked::read(&uri, &["cursor"]).unwrap();
        assert_eq!(asked.member_cursor(), Ok(Some((name.to_owned(), id))));
        let at = Timestamp::from_millis(1_800_000_000_123);
        let threat = ThreatCursor {
            state: 2,
            severity: 4,
            opened: at,
            id: 7,
        };
        assert_eq!(ThreatCursor::parse(&threat.to_string()), Some(threat));
        for bad in [
            "",
            "0-0-1",
            "3-0-1-1",
            "0-5-1-1",
            "0-0-1-1-1",
            "0-0--1-1",
            "0-0-+1-1",
        ] {
            assert_eq!(ThreatCursor::parse(bad), None, "{bad}");
        }
        let cursor = after_sighting(at, &"0f".repeat(16));
        let uri: Uri = format!("/x?cursor={cursor}").parse().unwrap();
        let read = Asked::read(&uri, &["cursor"]).unwrap().sighting_cursor();
        assert_eq!(read.unwrap().map(|cursor| cursor.last), Some(at));
    }
}
