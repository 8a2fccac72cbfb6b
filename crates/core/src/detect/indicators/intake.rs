//! Where entries of every kind of list arrive: judged, counted, and put where they are found.

use std::net::IpAddr;

use super::addresses::AddressesBuilder;
use super::entry::{Entry, Hint, entry_of};
use super::never::NeverMatch;
use super::note::{NotesBuilder, Origin};
use super::record::{Claim, Field, Kind, Record, kind_of};
use super::refusal::{EntryKind, ListReport, Refusal};
use super::table::TableBuilder;
use crate::address::is_public;

/// Entries at most, over all lists; further ones are counted as refused.
pub const MAX_ENTRIES: usize = 2_500_000;
/// Networks and ranges at most; addresses alone do not count.
pub const MAX_NETWORKS: usize = 500_000;
/// The most addresses a network may hold, as leading bits: anything wider is a mistake in the list.
const MIN_PREFIX_V4: u32 = 8;
const MIN_PREFIX_V6: u32 = 19;

/// What stands before a key of the table of other things.
pub(super) const URL: u8 = b'u';
pub(super) const JA3: u8 = b'3';
pub(super) const JA4: u8 = b'4';

/// Gathers entries.
#[derive(Debug)]
pub(super) struct Intake {
    never: NeverMatch,
    /// Entries that ended before this second are refused.
    now: u32,
    pub notes: NotesBuilder,
    pub addresses: AddressesBuilder,
    pub names: TableBuilder,
    pub others: TableBuilder,
    pub has_urls: bool,
    /// Most labels of a name.
    pub most_labels: usize,
    pub reports: Vec<ListReport>,
    /// The file being read, where the list has several.
    pub file: String,
    key: Vec<u8>,
}

impl Intake {
    pub fn new(never: NeverMatch, now: Option<crate::time::Timestamp>) -> Self {
        let now = now.map_or(0, |now| u32::try_from(now.as_seconds().max(0)).unwrap_or(0));
        Self {
            never,
            now,
            notes: NotesBuilder::default(),
            addresses: AddressesBuilder::default(),
            names: TableBuilder::default(),
            others: TableBuilder::default(),
            has_urls: false,
            most_labels: 0,
            reports: Vec::new(),
            file: String::new(),
            key: Vec::new(),
        }
    }

    pub fn refuse(&mut self, reason: Refusal, line: u64, text: &str) {
        if let Some(report) = self.reports.last_mut() {
            report.refuse(reason, &self.file, line, text);
        }
    }

    /// Takes one entry, or counts why not.
    pub fn entry(&mut self, entry: Entry, claim: &Claim, line: u64, text: &str) {
        match self.take(entry, claim) {
            Ok(kind) => {
                if let Some(report) = self.reports.last_mut() {
                    report.take(kind);
                }
            }
            Err(reason) => self.refuse(reason, line, text),
        }
    }

    /// Takes the indicators of a row or object; `shown` stands for it in a complaint.
    pub fn record(&mut self, record: &Record, line: u64, shown: &str) {
        let claim = match self.claim(record) {
            Ok(claim) => claim,
            Err(reason) => return self.refuse(reason, line, shown),
        };
        let kind = record.get(Field::Kind).map(kind_of).unwrap_or_default();
        let mut any = false;
        let values = |field| record.all(field).map(move |value| (field, value));
        for (field, value) in values(Field::Value) {
            any = true;
            self.value(field, value, kind, &claim, (line, shown));
        }
        // A generic column says it all; web addresses say more than the host they are on.
        for fields in [
            &[Field::Url][..],
            &[Field::Name, Field::Address, Field::First],
            &[Field::Ja3, Field::Ja4],
            &[Field::Hash],
        ] {
            if any {
                break;
            }
            for field in fields {
                for (field, value) in values(*field) {
                    any = true;
                    if field == Field::First {
                        self.first_and_last(record, value, &claim, (line, shown));
                    } else {
                        self.value(field, value, Kind::default(), &claim, (line, shown));
                    }
                }
            }
        }
        if !any {
            self.refuse(Refusal::Unreadable, line, shown);
        }
    }

    /// Reads what a record says beside its indicators.
    pub fn claim(&mut self, record: &Record) -> Result<Claim, Refusal> {
        if record.says(Field::Revoked) == Some(true) {
            return Err(Refusal::Revoked);
        }
        if record.says(Field::ToIds) == Some(false) {
            return Err(Refusal::Background);
        }
        let validity = record.validity()?;
        let threat = record.get(Field::Threat);
        let threat = threat.or_else(|| record.get(Field::ThreatClass));
        Ok(Claim {
            validity,
            confidence: record.confidence(),
            port: record
                .get(Field::Port)
                .and_then(|port| port.parse().ok())
                .unwrap_or(0),
            threat: threat.map_or(0, |text| self.notes.text(text)),
            source: record
                .get(Field::Source)
                .map_or(0, |text| self.notes.text(text)),
        })
    }

    fn first_and_last(
        &mut self,
        record: &Record,
        first: &str,
        claim: &Claim,
        (line, shown): (u64, &str),
    ) {
        let last = record.get(Field::Last).unwrap_or(first);
        let (first, last) = (first.parse().ok(), last.parse().ok());
        let both = first.zip(last);
        match both.and_then(|(first, last)| super::entry::range(first, last)) {
            Some(entry) => self.entry(entry, claim, line, shown),
            None => self.refuse(Refusal::Unreadable, line, shown),
        }
    }

    /// One value of a record.
    pub fn value(
        &mut self,
        field: Field,
        value: &str,
        kind: Kind,
        claim: &Claim,
        (line, shown): (u64, &str),
    ) {
        let hint = match field {
            Field::Ja3 => Hint::Ja3,
            Field::Hash => Hint::NotInLogs,
            _ => kind.hint,
        };
        if kind.is_pair
            && let Some((first, second)) = value.split_once('|')
        {
            return self.pair(first.trim(), second.trim(), claim, (line, shown));
        }
        match entry_of(value, hint) {
            Ok(entry) => self.entry(with_port(entry, claim.port), claim, line, shown),
            Err(reason) => self.refuse(reason, line, shown),
        }
    }

    /// `name|address` gives both; `address|port` and `name|port` give one with its port.
    fn pair(&mut self, first: &str, second: &str, claim: &Claim, (line, shown): (u64, &str)) {
        let port: Option<u16> = second.parse().ok();
        let values = [Some(first), port.is_none().then_some(second)];
        for value in values.into_iter().flatten() {
            match entry_of(value, Hint::Unsaid) {
                Ok(entry) => {
                    let entry = with_port(entry, port.unwrap_or(0));
                    self.entry(entry, claim, line, shown);
                }
                Err(reason) => self.refuse(reason, line, shown),
            }
        }
    }

    fn take(&mut self, entry: Entry, claim: &Claim) -> Result<EntryKind, Refusal> {
        if claim.validity.until <= self.now {
            return Err(Refusal::Expired);
        }
        if self.addresses.len() + self.names.len() + self.others.len() >= MAX_ENTRIES {
            return Err(Refusal::Full);
        }
        match entry {
            Entry::Addresses { first, last, port } => self.take_addresses(first, last, port, claim),
            Entry::Name { name, port } => {
                if self.never.refuses_name(&name) {
                    return Err(Refusal::Never);
                }
                let note = self.note(claim, port);
                self.most_labels = self.most_labels.max(name.split('.').count());
                let taken = self.names.add(name.as_bytes(), note);
                taken.then_some(EntryKind::Name).ok_or(Refusal::Full)
            }
            Entry::Url(key) => {
                self.has_urls = true;
                self.take_other(URL, &key, claim, EntryKind::Url)
            }
            Entry::Ja3(key) => self.take_other(JA3, &key, claim, EntryKind::Fingerprint),
            Entry::Ja4(key) => self.take_other(JA4, &key, claim, EntryKind::Fingerprint),
        }
    }

    fn take_other(
        &mut self,
        mark: u8,
        key: &str,
        claim: &Claim,
        kind: EntryKind,
    ) -> Result<EntryKind, Refusal> {
        let note = self.note(claim, 0);
        self.key.clear();
        self.key.push(mark);
        self.key.extend_from_slice(key.as_bytes());
        let taken = self.others.add(&self.key, note);
        taken.then_some(kind).ok_or(Refusal::TooLong)
    }

    fn take_addresses(
        &mut self,
        first: IpAddr,
        last: IpAddr,
        port: u16,
        claim: &Claim,
    ) -> Result<EntryKind, Refusal> {
        if is_too_wide(first, last) {
            return Err(Refusal::TooWide);
        }
        if !is_public(first) || !is_public(last) {
            return Err(Refusal::Private);
        }
        if let Some(reason) = self.never.refuses(first, last) {
            return Err(reason);
        }
        if first != last && self.addresses.ranges() >= MAX_NETWORKS {
            return Err(Refusal::Full);
        }
        let note = self.note(claim, port);
        self.addresses.add(first, last, note);
        Ok(if first == last {
            EntryKind::Address
        } else {
            EntryKind::Network
        })
    }

    fn note(&mut self, claim: &Claim, port: u16) -> u32 {
        let list = u16::try_from(self.reports.len().saturating_sub(1)).unwrap_or(u16::MAX);
        let origin = Origin::new(list, claim.confidence, port, claim.threat, claim.source);
        self.notes.note(origin, claim.validity)
    }
}

/// The entry with the port its row names, unless it has one of its own.
fn with_port(mut entry: Entry, named: u16) -> Entry {
    if let Entry::Addresses { port, .. } | Entry::Name { port, .. } = &mut entry
        && *port == 0
    {
        *port = named;
    }
    entry
}

fn is_too_wide(first: IpAddr, last: IpAddr) -> bool {
    match (first, last) {
        (IpAddr::V4(first), IpAddr::V4(last)) => {
            let size = last.to_bits().saturating_sub(first.to_bits());
            size.leading_zeros() < MIN_PREFIX_V4
        }
        (IpAddr::V6(first), IpAddr::V6(last)) => {
            let size = last.to_bits().saturating_sub(first.to_bits());
            size.leading_zeros() < MIN_PREFIX_V6
        }
        _ => true,
    }
}
