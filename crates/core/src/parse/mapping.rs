//! From what a record said under its keys to the fields of an event: the same for every reader.

use super::convert::{self, Constant, How};
use super::habit::Habit;
use super::keys::{Raw, SlotSet, Slots};
use super::pattern::Pattern;
use super::readers::Reading;
use super::rules::Rules;
use super::stamp::{self, Missing};
use crate::event::{Event, Field, Protocol, Text};
use crate::reject::Reject;
use crate::time::DeviceTime;

/// The longest stamp put together from several keys, in bytes.
const MAX_STAMP_BYTES: usize = 128;

/// IANA protocol number of ICMP.
const ICMP: u8 = 1;
/// IANA protocol number of ICMP for IPv6.
const ICMP_V6: u8 = 58;

/// A format's whole mapping.
#[derive(Debug)]
pub(super) struct Mapping {
    /// What always holds.
    pub set: Vec<Setting>,
    /// Values that mean "not said".
    pub absent: Absent,
    /// Fields and where they come from.
    pub ops: Ops,
    /// What holds under conditions, in order; later ones override.
    pub rules: Rules,
    /// What holds for each template.
    pub templates: Vec<Sentence>,
    /// Fields without which the record is unreadable.
    pub require: Vec<Field>,
}

/// Values that mean "not said".
#[derive(Debug)]
pub(super) struct Absent {
    words: Vec<Box<str>>,
    /// A bit for each length that a word has.
    lengths: u64,
    /// A bit for each of the lower six bits of a first byte that a word has.
    firsts: u64,
}

impl Absent {
    /// Of these words, each shorter than 64 bytes.
    pub fn new(words: &[String]) -> Self {
        let first = |word: &String| 1 << (word.bytes().next().unwrap_or(0) & 63);
        Self {
            firsts: words.iter().fold(0, |firsts, word| firsts | first(word)),
            words: words.iter().map(|word| word.as_str().into()).collect(),
            lengths: words
                .iter()
                .fold(0, |lengths, word| lengths | 1 << word.len().min(63)),
        }
    }

    #[inline]
    fn has(&self, text: &str) -> bool {
        let first = text.as_bytes().first().copied().unwrap_or(0);
        self.firsts >> (first & 63) & 1 == 1
            && self.lengths >> text.len().min(63) & 1 == 1
            && self.has_one_of_this_length(text)
    }

    fn has_one_of_this_length(&self, text: &str) -> bool {
        // Mostly the first byte tells.
        let first = text.bytes().next();
        let mut alike = self
            .words
            .iter()
            .filter(|word| word.bytes().next() == first);
        alike.any(|word| **word == *text)
    }
}

/// A fixed value for a field.
#[derive(Debug)]
pub(super) struct Setting {
    pub field: Field,
    pub value: Constant,
}

/// A field, and the places it may come from: the first that says something counts.
#[derive(Debug)]
pub(super) struct Op {
    field: Field,
    taken: Vec<Taken>,
    /// All slots in turn, where each is read as the field asks.
    plain: Vec<u16>,
}

impl Op {
    /// `field` from the first of `taken` that says something.
    pub fn new(field: Field, taken: Vec<Taken>) -> Self {
        let plain = if taken.iter().all(|taken| matches!(taken.how, How::Plain)) {
            taken
                .iter()
                .flat_map(|taken| &taken.slots)
                .copied()
                .collect()
        } else {
            Vec::new()
        };
        Self {
            field,
            taken,
            plain,
        }
    }
}

/// All fields and where they come from, in order.
#[derive(Debug)]
pub(super) struct Ops {
    ops: Vec<Op>,
    /// For each slot a bit for each of `ops` that may take its value from there: what a record fills none of is
    /// not looked at.
    by_slot: Vec<u64>,
}

impl Ops {
    /// One for each field, so that there are never more than 64.
    pub fn new(ops: Vec<Op>) -> Self {
        let mut by_slot = Vec::new();
        for (op, number) in ops.iter().zip(0_u32..) {
            let all = op.taken.iter().flat_map(|taken| &taken.slots);
            for slot in all.map(|slot| usize::from(*slot)) {
                if by_slot.len() <= slot {
                    by_slot.resize(slot + 1, 0);
                }
                if let Some(bits) = by_slot.get_mut(slot) {
                    *bits |= 1_u64.checked_shl(number).unwrap_or(0);
                }
            }
        }
        Self { ops, by_slot }
    }

    /// A bit for each that may take a value from one of these slots.
    fn of(&self, filled: SlotSet) -> u64 {
        let bits = |slot: usize| self.by_slot.get(slot).copied().unwrap_or(0);
        filled.each().fold(0, |wanted, slot| wanted | bits(slot))
    }

    /// Those with a bit in `wanted`, in order.
    #[inline]
    fn each(&self, mut wanted: u64) -> impl Iterator<Item = &Op> {
        std::iter::from_fn(move || {
            let op = self.ops.get(wanted.trailing_zeros() as usize)?;
            wanted &= wanted.wrapping_sub(1);
            Some(op)
        })
    }
}

/// Slots to read, and how.
#[derive(Debug)]
pub(super) struct Taken {
    pub slots: Vec<u16>,
    pub how: How,
}

impl Taken {
    /// Whether the slots make one value together, instead of the first that says something.
    const fn is_together(&self) -> bool {
        matches!(
            self.how,
            How::Joined(_) | How::Parts { .. } | How::Pattern(_)
        )
    }
}

/// What holds for one template.
#[derive(Debug)]
pub(super) struct Sentence {
    pub set: Vec<Setting>,
    pub skip: bool,
}

impl Mapping {
    /// Fills `event` from `slots`; `habit` is what is remembered of the format's records.
    ///
    /// # Errors
    /// [`Reject::NotOfInterest`] where the format says so, [`Reject::FieldUnreadable`] where a field
    /// it must have is missing.
    pub fn apply<'a>(
        &'a self,
        slots: &Slots<'a>,
        reading: Reading,
        missing: &Missing,
        habit: Option<&mut Habit>,
        event: &mut Event<'a>,
    ) -> Result<(), Reject> {
        let template = match reading {
            Reading::Template(number) => self.templates.get(usize::from(number)),
            _ => None,
        };
        if template.is_some_and(|rule| rule.skip) {
            return Err(Reject::NotOfInterest);
        }
        let filled = slots.filled();
        let reckon = || (self.ops.of(filled), self.rules.askable(filled));
        let (wanted, askable) = match habit {
            Some(habit) => habit.filling(filled, reckon),
            None => reckon(),
        };
        put_all(&self.set, event);
        for op in self.ops.each(wanted) {
            if op.plain.is_empty() {
                self.run(op, slots, missing, event);
                continue;
            }
            for slot in &op.plain {
                if let Some(raw) = self.said(*slot, slots)
                    && convert::plain(op.field, raw, event)
                {
                    break;
                }
            }
        }
        if let Some(template) = template {
            put_all(&template.set, event);
        }
        for rule in self.rules.holding(askable, slots) {
            if rule.skip {
                return Err(Reject::NotOfInterest);
            }
            put_all(&rule.set, event);
            if !has_all(&rule.require, event) {
                return Err(Reject::FieldUnreadable);
            }
        }
        settle(event);
        if has_all(&self.require, event) {
            Ok(())
        } else {
            Err(Reject::FieldUnreadable)
        }
    }

    /// The first field that the record must have and `event` lacks.
    pub fn lacking(&self, slots: &Slots<'_>, event: &Event<'_>) -> Option<Field> {
        let askable = self.rules.askable(slots.filled());
        let by_rule = self.rules.holding(askable, slots);
        let by_rule = by_rule.flat_map(|rule| &rule.require);
        by_rule
            .chain(&self.require)
            .copied()
            .find(|field| !has_all(&[*field], event))
    }

    /// Fills a field whose sources are read in ways of their own.
    #[inline(never)]
    fn run<'a>(&'a self, op: &'a Op, slots: &Slots<'a>, missing: &Missing, event: &mut Event<'a>) {
        for taken in &op.taken {
            if taken.is_together() {
                if self.together(op.field, taken, slots, missing, event) {
                    return;
                }
                continue;
            }
            for slot in &taken.slots {
                if let Some(raw) = self.said(*slot, slots)
                    && convert::put(op.field, &taken.how, raw, missing, event)
                {
                    return;
                }
            }
        }
    }

    /// Puts what several keys say together; false when they say nothing.
    #[inline(never)]
    fn together<'a>(
        &'a self,
        field: Field,
        taken: &'a Taken,
        slots: &Slots<'a>,
        missing: &Missing,
        event: &mut Event<'a>,
    ) -> bool {
        let time = match &taken.how {
            How::Joined(sign) => {
                let text = self.joined(sign, taken, slots);
                return text.is_some_and(|text| convert::put_text(field, text, event));
            }
            How::Parts { zone } => self.parts(taken, *zone, slots, missing),
            How::Pattern(pattern) => self.patterned(pattern, taken, slots, missing),
            _ => None,
        };
        event.ts = time.or(event.ts);
        time.is_some()
    }

    /// What stands under a slot, unless it means "not said".
    #[inline]
    fn said<'a>(&self, slot: u16, slots: &Slots<'a>) -> Option<Raw<'a>> {
        let raw = slots.get(slot)?;
        (!raw.text.is_empty() && !self.absent.has(raw.text)).then_some(raw)
    }

    /// The texts under the keys that say something, joined by `sign`; `None` when the first says
    /// nothing.
    fn joined<'a>(&self, sign: &str, taken: &Taken, slots: &Slots<'a>) -> Option<Text<'a>> {
        let mut said = taken.slots.iter().map(|slot| self.said(*slot, slots));
        let mut text = convert::cleaned(said.next()??);
        for raw in said.flatten() {
            let whole = text.to_mut();
            whole.push_str(sign);
            whole.push_str(&convert::cleaned(raw));
        }
        Some(text)
    }

    /// The moment that the keys spell together, joined by blanks.
    fn patterned(
        &self,
        pattern: &Pattern,
        taken: &Taken,
        slots: &Slots<'_>,
        missing: &Missing,
    ) -> Option<DeviceTime> {
        if let [slot] = *taken.slots {
            return pattern.read(self.said(slot, slots)?.text.as_bytes(), missing);
        }
        let mut joined = [0_u8; MAX_STAMP_BYTES];
        let mut length = 0;
        for slot in &taken.slots {
            let text = self.said(*slot, slots)?.text.as_bytes();
            let blank = usize::from(length > 0);
            let place = joined.get_mut(length..length + blank + text.len())?;
            let (before, rest) = place.split_at_mut(blank);
            before.fill(b' ');
            rest.copy_from_slice(text);
            length += blank + text.len();
        }
        pattern.read(joined.get(..length)?, missing)
    }

    fn parts(
        &self,
        taken: &Taken,
        zone_needed: bool,
        slots: &Slots<'_>,
        missing: &Missing,
    ) -> Option<DeviceTime> {
        let mut texts = taken
            .slots
            .iter()
            .map(|slot| self.said(*slot, slots).map(|raw| raw.text.as_bytes()));
        let (date, time) = (texts.next()??, texts.next()??);
        let zone = texts.next().flatten();
        if zone_needed && zone.is_none() {
            return None;
        }
        stamp::parts(date, time, zone, missing)
    }
}

/// What holds for every device: ICMP has no ports (devices write type and code there), and an address
/// translated to itself was not translated.
fn settle(event: &mut Event<'_>) {
    if matches!(event.proto.map(Protocol::number), Some(ICMP | ICMP_V6)) {
        event.src_port = None;
        event.dst_port = None;
    }
    if event.src_nat_ip.is_some() && event.src_nat_ip == event.src_ip {
        event.src_nat_ip = None;
    }
    if event.dst_nat_ip.is_some() && event.dst_nat_ip == event.dst_ip {
        event.dst_nat_ip = None;
    }
}

fn put_all<'a>(settings: &'a [Setting], event: &mut Event<'a>) {
    for setting in settings {
        setting.value.put(setting.field, event);
    }
}

/// Whether the event has every one of `fields`; a host name counts for its address.
fn has_all(fields: &[Field], event: &Event<'_>) -> bool {
    fields.iter().all(|field| match field {
        Field::SrcIp => event.src_ip.is_some() || event.src_host.is_some(),
        Field::DstIp => event.dst_ip.is_some() || event.dst_host.is_some(),
        Field::Ts => event.ts.is_some(),
        other => event.get(*other).is_some(),
    })
}
