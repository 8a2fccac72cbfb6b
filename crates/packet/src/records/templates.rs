//! NetFlow 9 and IPFIX: records whose fields were described before, each exporter its own.

use std::collections::BTreeMap;

use super::fields::{self, Sampling, Sent};
use super::sequence::Sequences;
use super::{MAX_FIELDS, MAX_SAMPLERS, MAX_TEMPLATES, Numbered, Record};
use crate::bytes::{be16, be32, u8_at};
use crate::unread::Unread;

/// A length that stands before the value instead (RFC 7011, section 7).
const VARIABLE: u16 = 65_535;
/// A field of somebody's own: four bytes say whose.
const ENTERPRISE: u16 = 0x8000;

#[derive(Clone, Copy, Debug)]
struct Field {
    id: u16,
    enterprise: u32,
    length: u16,
}

#[derive(Debug)]
struct Template {
    fields: Vec<Field>,
    /// It describes the exporter and not flows.
    is_options: bool,
    used: u64,
}

/// What one exporter said about its records.
#[derive(Debug, Default)]
pub struct Exporter {
    /// By domain and number.
    templates: BTreeMap<(u32, u16), Template>,
    /// By domain and sampler.
    samplers: BTreeMap<(u32, u64), u64>,
    /// When it was heard last, in datagrams.
    pub heard: u64,
    /// How far its numbers are.
    pub sequences: Sequences,
    used: u64,
    /// Records in the datagram at hand; none where that cannot be known.
    counted: Option<u32>,
}

impl Exporter {
    /// Templates remembered.
    #[cfg(test)]
    pub fn templates_held(&self) -> usize {
        self.templates.len()
    }

    /// A datagram of NetFlow 9.
    pub fn version_nine(
        &mut self,
        bytes: &[u8],
        each: &mut impl FnMut(Result<Record, Unread>),
    ) -> Option<Numbered> {
        let at_millis = i64::from(be32(bytes, 8)?) * 1_000;
        let sent = Sent {
            at_millis,
            started_millis: Some(at_millis - i64::from(be32(bytes, 4)?)),
        };
        let domain = be32(bytes, 16)?;
        self.sets(bytes.get(20..)?, domain, sent, (0, 1), each)?;
        // Datagrams are numbered.
        Some(Numbered {
            part: domain,
            number: be32(bytes, 12)?,
            count: Some(1),
        })
    }

    /// A message of IPFIX.
    pub fn ipfix(
        &mut self,
        bytes: &[u8],
        each: &mut impl FnMut(Result<Record, Unread>),
    ) -> Option<Numbered> {
        let length = usize::from(be16(bytes, 2)?);
        let sent = Sent {
            at_millis: i64::from(be32(bytes, 4)?) * 1_000,
            started_millis: None,
        };
        let domain = be32(bytes, 12)?;
        self.counted = Some(0);
        self.sets(bytes.get(16..length)?, domain, sent, (2, 3), each)?;
        // Records are numbered, those about sampling and the like too.
        Some(Numbered {
            part: domain,
            number: be32(bytes, 8)?,
            count: self.counted,
        })
    }

    /// Sets of templates and records: an id, a length with these four bytes, a body.
    fn sets(
        &mut self,
        mut rest: &[u8],
        domain: u32,
        sent: Sent,
        (templates, options): (u16, u16),
        each: &mut impl FnMut(Result<Record, Unread>),
    ) -> Option<()> {
        while rest.len() >= 4 {
            let (id, length) = (be16(rest, 0)?, usize::from(be16(rest, 2)?));
            let body = rest.get(4..length)?;
            if id == templates {
                self.learn(body, domain, false, templates == 2)?;
            } else if id == options {
                self.learn(body, domain, true, templates == 2)?;
            } else if id > 255 {
                self.records(body, (domain, id), sent, each);
            }
            rest = rest.get(length..)?;
        }
        Some(())
    }

    /// Templates, one after the other; filling up may follow.
    fn learn(&mut self, mut body: &[u8], domain: u32, is_options: bool, ipfix: bool) -> Option<()> {
        while body.len() >= 4 {
            let id = be16(body, 0)?;
            if id < 256 {
                return Some(());
            }
            let mut count = usize::from(be16(body, 2)?);
            let mut at = 4;
            if is_options && ipfix {
                // How many of the fields say what the record is about.
                if count > 0 {
                    at = 6;
                }
            } else if is_options {
                // In NetFlow 9 both parts are given in bytes, four a field.
                count = (count + usize::from(be16(body, 4)?)) / 4;
                at = 6;
            }
            let mut fields = Vec::new();
            for _ in 0..count {
                let (id, length) = (be16(body, at)?, be16(body, at + 2)?);
                at += 4;
                let mut enterprise = 0;
                if ipfix && id & ENTERPRISE != 0 {
                    enterprise = be32(body, at)?;
                    at += 4;
                }
                if fields.len() >= MAX_FIELDS {
                    return None;
                }
                fields.push(Field {
                    id: if ipfix { id & !ENTERPRISE } else { id },
                    enterprise,
                    length,
                });
            }
            self.remember((domain, id), fields, is_options);
            body = body.get(at..)?;
        }
        Some(())
    }

    fn remember(&mut self, key: (u32, u16), fields: Vec<Field>, is_options: bool) {
        // Without fields it is taken back (RFC 7011, section 8.1).
        if fields.is_empty() {
            self.templates.remove(&key);
            return;
        }
        if self.templates.len() >= MAX_TEMPLATES && !self.templates.contains_key(&key) {
            let unused = self
                .templates
                .iter()
                .min_by_key(|(_, template)| template.used);
            if let Some(unused) = unused.map(|(key, _)| *key) {
                self.templates.remove(&unused);
            }
        }
        self.used += 1;
        let used = self.used;
        self.templates.insert(
            key,
            Template {
                fields,
                is_options,
                used,
            },
        );
    }

    fn records(
        &mut self,
        mut body: &[u8],
        key: (u32, u16),
        sent: Sent,
        each: &mut impl FnMut(Result<Record, Unread>),
    ) {
        self.used += 1;
        let Some(template) = self.templates.get_mut(&key) else {
            self.counted = None;
            return each(Err(Unread::NoTemplate));
        };
        template.used = self.used;
        // The shortest record there can be: what is shorter fills up.
        let least: usize = template
            .fields
            .iter()
            .map(|field| {
                if field.length == VARIABLE {
                    1
                } else {
                    usize::from(field.length)
                }
            })
            .sum();
        while body.len() >= least.max(1) {
            let mut record = Record::default();
            let mut sampling = Sampling::default();
            let mut sent = sent;
            let Some(used) = template.read(body, |field, value| {
                if field.id == 160 && field.enterprise == 0 {
                    sent.started_millis = i64::try_from(fields::number(value)).ok();
                }
                if field.enterprise == 0 {
                    sampling.take(field.id, fields::number(value));
                }
                fields::take(&mut record, sent, (field.id, field.enterprise), value);
            }) else {
                self.counted = None;
                return each(Err(Unread::Malformed));
            };
            self.counted = self.counted.and_then(|count| count.checked_add(1));
            if template.is_options {
                if let Some(rate) = sampling.rate()
                    && (self.samplers.len() < MAX_SAMPLERS
                        || self.samplers.contains_key(&(key.0, sampling.sampler)))
                {
                    self.samplers.insert((key.0, sampling.sampler), rate);
                }
            } else {
                let known = self.samplers.get(&(key.0, sampling.sampler)).copied();
                let rate = sampling.rate().or(known).unwrap_or(1);
                record.bytes = record.bytes.saturating_mul(rate);
                record.back_bytes = record.back_bytes.map(|bytes| bytes.saturating_mul(rate));
                each(Ok(record));
            }
            // A template of nothing would go round for ever.
            if used == 0 {
                return;
            }
            body = body.get(used..).unwrap_or_default();
        }
    }
}

impl Template {
    /// Calls `each` with the fields of the record that `body` begins with; its length.
    fn read(&self, body: &[u8], mut each: impl FnMut(Field, &[u8])) -> Option<usize> {
        let mut at = 0_usize;
        for field in &self.fields {
            let mut length = usize::from(field.length);
            if field.length == VARIABLE {
                length = usize::from(u8_at(body, at)?);
                at += 1;
                if length == 255 {
                    length = usize::from(be16(body, at)?);
                    at += 2;
                }
            }
            each(*field, body.get(at..at + length)?);
            at += length;
        }
        Some(at)
    }
}
