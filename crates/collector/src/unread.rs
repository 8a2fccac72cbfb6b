//! What lines that no format could read look like: per device and hour, counts by the format that came
//! closest and why it failed. Only counts and names of formats are kept, never a line.
//!
//! Looking is slow, and a stranger may send garbage without end. So only so many lines of a device, and
//! of all devices, are looked into each hour, and no long ones; the rest stays counted in the tally.

use std::collections::BTreeMap;

use larum_core::event::Field;
use larum_core::parse::{Closest, Context, DeviceNames, Formats, Why};
use larum_core::reject::Reject;
use larum_core::time::Timestamp;
use larum_core::words::Words;
use serde::{Deserialize, Serialize};

use crate::page::number;
use crate::tally::{DeviceId, Hour, Sum, Tally, hour_of};

/// Most lines of one device that are looked into in one hour.
pub const MAX_SAMPLES: u32 = 256;
/// Most lines of all devices that are looked into in one hour.
pub const MAX_SAMPLES_OF_ALL: u32 = 4_096;
/// Longer lines are not looked into, in bytes.
pub const MAX_SAMPLE_BYTES: usize = 4_096;
/// Most likenesses of one device in one hour; lines like further ones count as not looked into.
pub const MAX_LIKENESSES: usize = 16;
/// Most counts kept; the oldest are forgotten first.
pub const MAX_COUNTS: usize = 4_096;
/// Hours that are shown.
pub const KEPT_HOURS: i64 = 24;

/// A device is told of when at least so many of its lines of a day cannot be read …
const MUCH_LINES: u64 = 10;
/// … and they are at least one in so many.
const MUCH_SHARE: u64 = 20;

/// Whether so much of what a device sent in a day cannot be read that attacks may be missed.
#[must_use]
pub const fn is_much(unread: u64, received: u64) -> bool {
    unread >= MUCH_LINES && unread.saturating_mul(MUCH_SHARE) >= received
}

/// What an unread line looks like.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub enum Likeness {
    /// A format that came close.
    Format {
        /// Its name.
        format: Box<str>,
        /// Maker of the device.
        vendor: Option<Box<str>>,
        /// Product.
        product: Option<Box<str>>,
        /// Why it could not read the line.
        why: Why,
    },
    /// Nothing known.
    Nothing,
    /// It was not looked into: too many, or too long.
    NotLookedInto,
}

impl Likeness {
    /// What `closest` says.
    #[must_use]
    pub fn of(closest: Option<&Closest<'_>>) -> Self {
        closest.map_or(Self::Nothing, |closest| Self::Format {
            format: closest.format.into(),
            vendor: closest.vendor.map(Into::into),
            product: closest.product.map(Into::into),
            why: closest.why,
        })
    }
}

/// A likeness and its lines, as on disk and in `larum status --json`.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct UnreadRow {
    /// How many lines.
    pub lines: u64,
    /// `field`, `shape`, `marks`, `nothing` or `not-looked-into`.
    pub why: String,
    /// Format that came closest.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub format: Option<String>,
    /// Maker of its device.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub vendor: Option<String>,
    /// Product.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub product: Option<String>,
    /// Where `why` is `field`, the event field that was missing or unreadable.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub field: Option<String>,
}

impl UnreadRow {
    /// The row of `lines` lines like that.
    #[must_use]
    pub fn new(likeness: &Likeness, lines: u64) -> Self {
        let text = |text: &Option<Box<str>>| text.as_deref().map(ToOwned::to_owned);
        match likeness {
            Likeness::Format {
                format,
                vendor,
                product,
                why,
            } => Self {
                lines,
                why: why.code().to_owned(),
                format: Some(format.to_string()),
                vendor: text(vendor),
                product: text(product),
                field: why.field().map(|field| field.as_str().to_owned()),
            },
            Likeness::Nothing => Self {
                lines,
                why: "nothing".to_owned(),
                ..Self::default()
            },
            Likeness::NotLookedInto => Self {
                lines,
                why: "not-looked-into".to_owned(),
                ..Self::default()
            },
        }
    }

    /// One sentence about it for a person.
    #[must_use]
    pub fn say(&self, names: &DeviceNames, words: &Words) -> String {
        let device = self.format.as_deref().map_or_else(String::new, |format| {
            let (vendor, product) = (self.vendor.as_deref(), self.product.as_deref());
            names.of(format, vendor, product).name.into_owned()
        });
        let field = self.field.as_deref().unwrap_or_default();
        let named = format!("field-{field}");
        let field = if words.has(&named) {
            words.say(&named)
        } else {
            words.say_with("field-other", &[("field", field.into())])
        };
        let args = [
            ("lines", self.lines.into()),
            ("shown", number(self.lines).into()),
            ("device", device.into()),
            ("field", field.into()),
        ];
        words.say_with(&format!("unread-{}", self.why), &args)
    }

    /// What to do about it.
    #[must_use]
    pub fn advice(&self, words: &Words) -> String {
        words.say(&format!("unread-do-{}", self.why))
    }

    /// The likeness; of what this version does not know, that it was not looked into.
    fn likeness(&self) -> Likeness {
        let field = self.field.as_deref().and_then(Field::from_word);
        let why = match self.why.as_str() {
            "nothing" => return Likeness::Nothing,
            "field" => field.map(Why::Field),
            "shape" => Some(Why::Shape),
            "marks" => Some(Why::Marks),
            _ => None,
        };
        match (&self.format, why) {
            (Some(format), Some(why)) => Likeness::Format {
                format: format.as_str().into(),
                vendor: self.vendor.as_deref().map(Into::into),
                product: self.product.as_deref().map(Into::into),
                why,
            },
            _ => Likeness::NotLookedInto,
        }
    }
}

/// Which lines may still be looked into this hour.
#[derive(Debug, Default)]
pub(crate) struct Sampler {
    hour: Hour,
    taken: BTreeMap<DeviceId, u32>,
    all: u32,
}

impl Sampler {
    /// What `record` of `device`, which was refused with `reason`, looks like; `None` when it is not
    /// one to look into, or enough have been.
    pub fn look(
        &mut self,
        formats: &Formats,
        device: DeviceId,
        record: &[u8],
        reason: Reject,
        context: &Context<'_>,
    ) -> Option<Likeness> {
        if !reason.is_unread() || record.len() > MAX_SAMPLE_BYTES {
            return None;
        }
        let hour = hour_of(context.received);
        if hour != self.hour {
            *self = Self {
                hour,
                ..Self::default()
            };
        }
        let taken = self.taken.entry(device).or_default();
        if *taken >= MAX_SAMPLES || self.all >= MAX_SAMPLES_OF_ALL {
            return None;
        }
        *taken += 1;
        self.all += 1;
        Some(Likeness::of(formats.closest(record, context).as_ref()))
    }
}

/// The counts of all devices.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Unread {
    counts: BTreeMap<(Hour, Box<str>, Likeness), u64>,
}

/// The unread lines of one device.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct OfDevice {
    /// Lines received.
    pub received: u64,
    /// Lines that could not be read.
    pub unread: u64,
    /// By likeness, most lines first; they add up to `unread`.
    pub likenesses: Vec<(Likeness, u64)>,
}

/// The counts on disk.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct SavedUnread {
    /// Hour, counted from the epoch.
    pub hour: Hour,
    /// Device.
    pub device: String,
    /// The count.
    #[serde(flatten)]
    pub row: UnreadRow,
}

impl Unread {
    /// Adds `lines` lines of `device` that look like that.
    pub fn add(&mut self, hour: Hour, device: &str, likeness: Likeness, lines: u64) {
        let key = (hour, Box::from(device), likeness);
        if let Some(count) = self.counts.get_mut(&key) {
            *count = count.saturating_add(lines);
            return;
        }
        let of_device =
            |(at, name, _): &&(Hour, Box<str>, Likeness)| *at == hour && name.as_ref() == device;
        let from = (hour, Box::from(device), first());
        let known = self.counts.range(from..).map(|(key, _)| key);
        if known.take_while(of_device).count() >= MAX_LIKENESSES {
            return;
        }
        self.counts.insert(key, lines);
        while self.counts.len() > MAX_COUNTS {
            self.counts.pop_first();
        }
    }

    /// Forgets hours that are no longer shown.
    pub fn forget_before(&mut self, now: Timestamp) {
        let oldest = hour_of(now) - KEPT_HOURS;
        while self
            .counts
            .first_key_value()
            .is_some_and(|((hour, ..), _)| *hour <= oldest)
        {
            self.counts.pop_first();
        }
    }

    /// What each device sent in the last 24 hours that could not be read, by name; devices whose lines
    /// were all read are left out. What is not counted here is in the tally, and shown as not looked
    /// into, so the sum is the tally's.
    #[must_use]
    pub fn last_day(&self, tally: &Tally, now: Timestamp) -> BTreeMap<String, OfDevice> {
        let from = hour_of(now) - KEPT_HOURS;
        let mut devices: BTreeMap<String, OfDevice> = BTreeMap::new();
        for (device, _, sum) in tally.rows().filter(|(_, hour, _)| *hour > from) {
            let entry = devices.entry(tally.name(device).to_owned()).or_default();
            entry.received += sum.received();
            entry.unread += unread_in(sum);
        }
        let mut counted: BTreeMap<(&str, &Likeness), u64> = BTreeMap::new();
        for ((hour, device, likeness), lines) in &self.counts {
            if *hour > from {
                *counted.entry((device, likeness)).or_default() += lines;
            }
        }
        for ((device, likeness), lines) in counted {
            if let Some(entry) = devices.get_mut(device) {
                entry.likenesses.push((likeness.clone(), lines));
            }
        }
        devices.retain(|_, entry| entry.unread > 0);
        for entry in devices.values_mut() {
            entry.finish();
        }
        devices
    }

    /// The counts for disk.
    #[must_use]
    pub fn save(&self) -> Vec<SavedUnread> {
        let counts = self.counts.iter();
        let saved = counts.map(|((hour, device, likeness), lines)| SavedUnread {
            hour: *hour,
            device: device.to_string(),
            row: UnreadRow::new(likeness, *lines),
        });
        saved.collect()
    }

    /// The counts that were saved.
    #[must_use]
    pub fn restore(saved: &[SavedUnread]) -> Self {
        let mut unread = Self::default();
        for one in saved {
            let likeness = one.row.likeness();
            if likeness != Likeness::NotLookedInto {
                unread.add(one.hour, &one.device, likeness, one.row.lines);
            }
        }
        unread
    }
}

impl OfDevice {
    /// Most lines first, and what was not looked into at the end.
    fn finish(&mut self) {
        self.likenesses
            .sort_by_key(|(_, lines)| std::cmp::Reverse(*lines));
        let looked: u64 = self.likenesses.iter().map(|(_, lines)| lines).sum();
        let rest = self.unread.saturating_sub(looked);
        if rest > 0 {
            self.likenesses.push((Likeness::NotLookedInto, rest));
        }
    }

    /// The rows for status and page.
    pub fn rows(&self) -> impl Iterator<Item = UnreadRow> {
        let rows = self.likenesses.iter();
        rows.map(|(likeness, lines)| UnreadRow::new(likeness, *lines))
    }
}

/// Lines of `sum` that are neither events nor known to be of no interest, and that are text.
pub(crate) fn unread_in(sum: &Sum) -> u64 {
    let reasons = Reject::ALL.iter().zip(&sum.rejected);
    reasons
        .filter(|(reason, _)| reason.is_unread())
        .map(|(_, lines)| lines)
        .sum()
}

/// The likeness that comes before all others.
fn first() -> Likeness {
    Likeness::Format {
        format: Box::from(""),
        vendor: None,
        product: None,
        why: Why::Field(Field::Ts),
    }
}

#[cfg(test)]
mod tests;
