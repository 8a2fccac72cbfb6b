//! The recording of nine honeypots, as the watch would see it.

use std::collections::BTreeMap;
use std::fs::File;
use std::io::{BufRead as _, BufReader};
use std::net::{IpAddr, Ipv4Addr};
use std::path::Path;

use anyhow::{Context as _, Result};
use larum_core::time::{DeviceTime, Timestamp};

/// One event.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub struct Event {
    /// Seconds since the recording's first midnight.
    pub second: u32,
    /// Number of the member.
    pub member: u32,
    /// IPv4 address.
    pub source: u32,
    /// Number of the key.
    pub key: u32,
}

/// All events in order.
pub struct Recording {
    pub events: Vec<Event>,
    pub members: Vec<String>,
    keys: Vec<String>,
}

/// 2013-03-03T00:00:00Z, the recording's first midnight.
const START: i64 = 1_362_268_800;
pub const DAY: u32 = 86_400;
pub const HOUR: u32 = 3_600;

impl Event {
    pub fn at(&self) -> Timestamp {
        Timestamp::from_seconds(START + i64::from(self.second))
    }

    pub fn source(&self) -> IpAddr {
        Ipv4Addr::from(self.source).into()
    }

    pub const fn hour(&self) -> u32 {
        self.second / HOUR
    }
}

/// Seconds since the recording's first midnight.
pub fn second_of(at: Timestamp) -> u32 {
    u32::try_from(at.as_seconds() - START).unwrap_or(0)
}

impl Recording {
    /// Reads the CSV: `datetime,host,src,proto,type,spt,dpt`.
    pub fn load(path: &Path) -> Result<Self> {
        let file = File::open(path).with_context(|| path.display().to_string())?;
        let text = BufReader::new(flate2::read::MultiGzDecoder::new(file));
        let (mut members, mut keys) = (BTreeMap::new(), BTreeMap::new());
        let mut events = Vec::new();
        for line in text.lines().skip(1) {
            let line = line?;
            let mut fields = line.split(',');
            let mut next = || fields.next().unwrap_or_default();
            let (time, host, source, proto, kind) = (next(), next(), next(), next(), next());
            let (_, port) = (next(), next());
            let port = if port.is_empty() { kind } else { port };
            let (Ok(source), false) = (source.parse(), port.is_empty()) else {
                continue;
            };
            let Some(at) = DeviceTime::parse_rfc3339(format!("{time}Z").as_bytes()) else {
                continue;
            };
            let key = format!("{}/{port}", proto.to_ascii_lowercase());
            events.push(Event {
                second: second_of(at.at),
                member: number(&mut members, host),
                source,
                key: number(&mut keys, &key),
            });
        }
        events.sort_unstable();
        Ok(Self {
            events,
            members: names(members),
            keys: names(keys),
        })
    }

    pub fn member(&self, number: u32) -> &str {
        name(&self.members, number)
    }

    pub fn key(&self, number: u32) -> &str {
        name(&self.keys, number)
    }

    pub fn days(&self) -> u32 {
        self.events.last().map_or(0, |event| event.second / DAY + 1)
    }

    /// Events from second `from` on, before `to`.
    pub fn between(&self, from: u32, to: u32) -> &[Event] {
        let start = self.events.partition_point(|event| event.second < from);
        let end = self.events.partition_point(|event| event.second < to);
        self.events.get(start..end).unwrap_or_default()
    }
}

fn name(names: &[String], number: u32) -> &str {
    let place = usize::try_from(number).ok();
    place
        .and_then(|place| names.get(place))
        .map_or("", String::as_str)
}

fn number(names: &mut BTreeMap<String, u32>, name: &str) -> u32 {
    let next = u32::try_from(names.len()).unwrap_or(u32::MAX);
    *names.entry(name.to_owned()).or_insert(next)
}

fn names(numbers: BTreeMap<String, u32>) -> Vec<String> {
    let mut names: Vec<(u32, String)> = numbers.into_iter().map(|(name, at)| (at, name)).collect();
    names.sort_unstable();
    names.into_iter().map(|(_, name)| name).collect()
}
