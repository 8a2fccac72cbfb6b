//! Countries and networks of addresses, from free files that the operator loads: MMDB (MaxMind DB file format
//! 2.0, whoever publishes it) or the regional internet registries' own statistics (RIR statistics exchange
//! format 2, "delegated", one or several of them in one file).

use std::io;
use std::net::IpAddr;
use std::path::{Path, PathBuf};

use larum_core::time::Timestamp;
use maxminddb::{MaxMindDbError, Reader};
use serde::Deserialize;

use crate::renewed::{Renewable, Renewed};

/// Largest file read, in bytes. The five registries' statistics take 40 million together.
pub const MAX_FILE_BYTES: u64 = 268_435_456;
/// Most ranges taken from a registry's file.
const MAX_RANGES: usize = 2_000_000;
/// Longest name of a network, in characters; what is longer is cut.
const MAX_NAME_CHARS: usize = 80;
/// What every MMDB ends with, before its own description.
const MMDB_MARK: &[u8] = b"\xab\xcd\xefMaxMind.com";

/// Where an address is registered.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Origin {
    /// Country, two letters (ISO 3166-1); empty where it is not known.
    pub country: String,
    /// The autonomous system's number and name; empty where it is not known.
    pub network: String,
}

/// Why a file cannot be used.
#[derive(Debug, thiserror::Error)]
pub enum Fault {
    /// The file is missing or cannot be read.
    #[error("the file cannot be read: {0}")]
    Unreadable(#[from] io::Error),
    /// The file is larger than [`MAX_FILE_BYTES`].
    #[error("the file is larger than {MAX_FILE_BYTES} bytes")]
    TooLarge,
    /// It says that it is an MMDB and is none.
    #[error("the file is no MMDB: {0}")]
    Mmdb(#[from] MaxMindDbError),
    /// It is neither an MMDB nor a registry's statistics.
    #[error("the file is neither an MMDB nor the statistics of a regional internet registry")]
    Unknown,
}

/// One file of them.
#[derive(Debug)]
pub struct Addresses {
    /// When it was made.
    pub made: Timestamp,
    kind: Kind,
}

#[derive(Debug)]
enum Kind {
    Mmdb(Box<Reader<Vec<u8>>>),
    Registry(Vec<Range>),
}

/// A range of a registry, both ends in it. IPv4 addresses stand where IPv6 maps them (RFC 4291, 2.5.5.2).
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
struct Range {
    first: u128,
    last: u128,
    country: [u8; 2],
}

/// What is used of a record: as MaxMind and DB-IP write it, or flat.
#[derive(Deserialize)]
struct Record {
    #[serde(default)]
    country: Option<Country>,
    #[serde(default)]
    country_code: Option<String>,
    #[serde(default)]
    autonomous_system_number: Option<u32>,
    #[serde(default)]
    autonomous_system_organization: Option<String>,
}

#[derive(Deserialize)]
#[serde(untagged)]
enum Country {
    Code(String),
    Named { iso_code: Option<String> },
}

impl Renewable for Addresses {
    type Fault = Fault;
    const WHAT: &str = "a file of countries or networks";

    fn read(file: &Path) -> Result<Self, Fault> {
        if std::fs::metadata(file)?.len() > MAX_FILE_BYTES {
            return Err(Fault::TooLarge);
        }
        Self::parse(std::fs::read(file)?)
    }
}

impl Addresses {
    /// Reads what is in a file.
    ///
    /// # Errors
    /// When it is of no kind that is known.
    pub fn parse(bytes: Vec<u8>) -> Result<Self, Fault> {
        let end = bytes.len().saturating_sub(131_072);
        let is_mmdb = bytes
            .get(end..)
            .is_some_and(|end| end.windows(MMDB_MARK.len()).any(|part| part == MMDB_MARK));
        if !is_mmdb {
            return registry(std::str::from_utf8(&bytes).map_err(|_| Fault::Unknown)?);
        }
        let reader = Reader::from_source(bytes)?;
        let made = i64::try_from(reader.metadata().build_epoch).unwrap_or_default();
        Ok(Self {
            made: Timestamp::from_seconds(made),
            kind: Kind::Mmdb(Box::new(reader)),
        })
    }

    /// What it has about an address.
    fn fill(&self, ip: IpAddr, origin: &mut Origin) {
        let (country, network) = match &self.kind {
            Kind::Registry(ranges) => (in_ranges(ranges, ip).unwrap_or_default(), String::new()),
            // A damaged record is one that is not there.
            Kind::Mmdb(reader) => reader
                .lookup(ip)
                .and_then(|found| found.decode::<Record>())
                .ok()
                .flatten()
                .map(Record::told)
                .unwrap_or_default(),
        };
        if origin.country.is_empty() {
            origin.country = country;
        }
        if origin.network.is_empty() {
            origin.network = network;
        }
    }
}

impl Record {
    /// Country and network as they are shown.
    fn told(self) -> (String, String) {
        let country = match self.country {
            Some(Country::Code(code)) => Some(code),
            Some(Country::Named { iso_code }) => iso_code,
            None => self.country_code,
        };
        let is_code =
            |code: &String| code.len() == 2 && code.bytes().all(|byte| byte.is_ascii_uppercase());
        let name = self.autonomous_system_organization.unwrap_or_default();
        let name: String = name
            .chars()
            .filter(|letter| !letter.is_control())
            .take(MAX_NAME_CHARS)
            .collect();
        let network = match self.autonomous_system_number {
            Some(number) => format!("AS{number} {name}").trim_end().to_owned(),
            None => name,
        };
        (country.filter(is_code).unwrap_or_default(), network)
    }
}

/// Lines `registry|country|type|start|value|date|status`: of IPv4 the value is how many addresses, of IPv6
/// the length of the prefix; the first line `2|registry|serial|…` has the day in its serial.
fn registry(text: &str) -> Result<Addresses, Fault> {
    let (mut ranges, mut day) = (Vec::new(), 0_u32);
    for line in text.lines() {
        let mut fields = line.split('|');
        let mut next = || fields.next().unwrap_or_default();
        let (name, country, kind, start, value) = (next(), next(), next(), next(), next());
        if name.starts_with('2') && !country.is_empty() {
            day = day.max(kind.parse().unwrap_or_default());
        }
        let code = <[u8; 2]>::try_from(country.as_bytes());
        let code = code
            .ok()
            .filter(|code| code.iter().all(u8::is_ascii_uppercase));
        if let (Some(country), Some((first, last))) = (code, range(kind, start, value))
            && ranges.len() < MAX_RANGES
        {
            ranges.push(Range {
                first,
                last,
                country,
            });
        }
    }
    let day = i64::from(day);
    let date = (day / 10_000, day / 100 % 100, day % 100);
    let made = Timestamp::from_civil(date, (0, 0, 0), 0);
    let (Some(made), false) = (made, ranges.is_empty()) else {
        return Err(Fault::Unknown);
    };
    ranges.sort_unstable();
    Ok(Addresses {
        made,
        kind: Kind::Registry(ranges),
    })
}

fn range(kind: &str, start: &str, value: &str) -> Option<(u128, u128)> {
    let first = place(start.parse().ok()?);
    let value: u32 = value.parse().ok()?;
    let count = match kind {
        "ipv4" => u128::from(value),
        "ipv6" if (1..=128).contains(&value) => 1_u128.checked_shl(128 - value)?,
        _ => return None,
    };
    Some((first, first.checked_add(count.checked_sub(1)?)?))
}

fn place(ip: IpAddr) -> u128 {
    match ip {
        IpAddr::V4(ip) => u128::from(ip.to_ipv6_mapped()),
        IpAddr::V6(ip) => u128::from(ip),
    }
}

fn in_ranges(ranges: &[Range], ip: IpAddr) -> Option<String> {
    let place = place(ip);
    let after = ranges.partition_point(|range| range.first <= place);
    let range = ranges.get(after.checked_sub(1)?)?;
    let country = std::str::from_utf8(&range.country).ok()?;
    (place <= range.last).then(|| country.to_owned())
}

/// All such files that the operator named, in that order: of each thing the first that knows it tells it.
#[derive(Clone, Debug, Default)]
pub struct Origins(Vec<Renewed<Addresses>>);

impl Origins {
    /// Those in these files.
    #[must_use]
    pub fn of(files: &[PathBuf]) -> Self {
        Self(
            files
                .iter()
                .map(|file| Renewed::of(Some(file.clone())))
                .collect(),
        )
    }

    /// Name and day of each file that is in use.
    #[must_use]
    pub fn files(&self) -> Vec<(String, Timestamp)> {
        let told = |file: &Renewed<Addresses>| Some((file.name()?, file.current()?.made));
        self.0.iter().filter_map(told).collect()
    }

    /// Where each of these is registered: addresses, or networks written with their length.
    #[must_use]
    pub fn look_up<'s>(&self, sources: impl Iterator<Item = &'s str>) -> Vec<Origin> {
        let files: Vec<_> = self.0.iter().filter_map(Renewed::current).collect();
        sources
            .map(|source| {
                let mut origin = Origin::default();
                let address = source.split('/').next().unwrap_or_default();
                if let Ok(ip) = address.parse() {
                    files.iter().for_each(|file| file.fill(ip, &mut origin));
                }
                origin
            })
            .collect()
    }
}

#[cfg(test)]
mod tests;
