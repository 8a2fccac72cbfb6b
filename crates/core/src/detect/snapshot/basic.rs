//! How numbers, texts, addresses and rows of them are kept: little-endian, lengths in 32 bits.

use std::collections::{BTreeMap, BTreeSet};
use std::net::{IpAddr, Ipv4Addr, Ipv6Addr};

use super::{Reader, Snapshot, kept, kept_choice};
use crate::detect::bitmap::Bitmap;
use crate::detect::hash;
use crate::event::Protocol;
use crate::finding::{AttackOutcome, FindingId, Severity};
use crate::time::Timestamp;

macro_rules! kept_number {
    ($($number:ident)+) => {$(
        impl Snapshot for $number {
            fn layout() -> u64 {
                hash::bytes(stringify!($number).as_bytes())
            }

            fn write(&self, out: &mut Vec<u8>) {
                out.extend_from_slice(&self.to_le_bytes());
            }

            fn read(from: &mut Reader<'_>) -> Option<Self> {
                let bytes = from.take(size_of::<Self>())?;
                Some(Self::from_le_bytes(bytes.try_into().ok()?))
            }
        }
    )+};
}

kept_number!(u8 u16 u32 u64 i8 i64 f32 f64);
kept_choice!(bool of &[false, true]);
kept_choice!(Severity of Self::ALL);
kept_choice!(AttackOutcome of Self::ALL);
kept!(FindingId(_));

/// Something that is kept as something else.
macro_rules! kept_as {
    ($name:ident as $other:ty, $to:expr, $of:expr) => {
        impl Snapshot for $name {
            fn layout() -> u64 {
                hash::mix(hash::bytes(stringify!($name).as_bytes()) ^ <$other>::layout())
            }

            fn write(&self, out: &mut Vec<u8>) {
                let to: fn(&Self) -> $other = $to;
                to(self).write(out);
            }

            fn read(from: &mut Reader<'_>) -> Option<Self> {
                let of: fn($other) -> Option<Self> = $of;
                of(<$other>::read(from)?)
            }
        }
    };
}

kept_as!(
    usize as u64,
    |it| u64::try_from(*it).unwrap_or(u64::MAX),
    |it| it.try_into().ok()
);
kept_as!(Timestamp as i64, |it| it.as_micros(), |it| Some(
    Self::from_micros(it)
));
kept_as!(Protocol as u8, |it| it.number(), |it| Some(
    Self::from_number(it)
));
kept_as!(Ipv4Addr as u32, |it| it.to_bits(), |it| Some(
    Self::from_bits(it)
));

impl Snapshot for IpAddr {
    fn layout() -> u64 {
        hash::bytes(b"address")
    }

    fn write(&self, out: &mut Vec<u8>) {
        match self {
            Self::V4(ip) => {
                out.push(4);
                ip.write(out);
            }
            Self::V6(ip) => {
                out.push(6);
                out.extend_from_slice(&ip.octets());
            }
        }
    }

    fn read(from: &mut Reader<'_>) -> Option<Self> {
        match u8::read(from)? {
            4 => Ipv4Addr::read(from).map(Self::V4),
            6 => {
                let octets: [u8; 16] = from.take(16)?.try_into().ok()?;
                Some(Self::V6(Ipv6Addr::from(octets)))
            }
            _ => None,
        }
    }
}

impl Snapshot for Box<str> {
    fn layout() -> u64 {
        hash::bytes(b"text")
    }

    fn write(&self, out: &mut Vec<u8>) {
        u32::try_from(self.len()).unwrap_or(u32::MAX).write(out);
        out.extend_from_slice(self.as_bytes());
    }

    fn read(from: &mut Reader<'_>) -> Option<Self> {
        let length = u32::read(from)?;
        let bytes = from.take(usize::try_from(length).ok()?)?;
        std::str::from_utf8(bytes).ok().map(Into::into)
    }
}

impl<T: Snapshot> Snapshot for Option<T> {
    fn layout() -> u64 {
        hash::mix(T::layout() ^ 1)
    }

    fn write(&self, out: &mut Vec<u8>) {
        out.push(self.is_some().into());
        if let Some(it) = self {
            it.write(out);
        }
    }

    fn read(from: &mut Reader<'_>) -> Option<Self> {
        Some(if bool::read(from)? {
            Some(T::read(from)?)
        } else {
            None
        })
    }
}

impl<T: Snapshot> Snapshot for Box<T> {
    fn layout() -> u64 {
        T::layout()
    }

    fn write(&self, out: &mut Vec<u8>) {
        T::write(self, out);
    }

    fn read(from: &mut Reader<'_>) -> Option<Self> {
        T::read(from).map(Self::new)
    }
}

impl<A: Snapshot, B: Snapshot> Snapshot for (A, B) {
    fn layout() -> u64 {
        hash::mix(hash::mix(A::layout()) ^ B::layout())
    }

    fn write(&self, out: &mut Vec<u8>) {
        self.0.write(out);
        self.1.write(out);
    }

    fn read(from: &mut Reader<'_>) -> Option<Self> {
        Some((A::read(from)?, B::read(from)?))
    }
}

impl<T: Snapshot + Default, const N: usize> Snapshot for [T; N] {
    fn layout() -> u64 {
        hash::mix(T::layout() ^ u64::try_from(N).unwrap_or(0))
    }

    fn write(&self, out: &mut Vec<u8>) {
        self.iter().for_each(|item| item.write(out));
    }

    fn read(from: &mut Reader<'_>) -> Option<Self> {
        let mut items = std::array::from_fn(|_| T::default());
        for item in &mut items {
            *item = T::read(from)?;
        }
        Some(items)
    }
}

impl Snapshot for String {
    fn layout() -> u64 {
        hash::bytes(b"text")
    }

    fn write(&self, out: &mut Vec<u8>) {
        u32::try_from(self.len()).unwrap_or(u32::MAX).write(out);
        out.extend_from_slice(self.as_bytes());
    }

    fn read(from: &mut Reader<'_>) -> Option<Self> {
        Box::<str>::read(from).map(Self::from)
    }
}

impl<A: Snapshot, B: Snapshot, C: Snapshot> Snapshot for (A, B, C) {
    fn layout() -> u64 {
        hash::mix(<(A, B)>::layout() ^ C::layout())
    }

    fn write(&self, out: &mut Vec<u8>) {
        self.0.write(out);
        self.1.write(out);
        self.2.write(out);
    }

    fn read(from: &mut Reader<'_>) -> Option<Self> {
        Some((A::read(from)?, B::read(from)?, C::read(from)?))
    }
}

impl<K: Snapshot + Ord, V: Snapshot> Snapshot for BTreeMap<K, V> {
    fn layout() -> u64 {
        hash::mix(<(K, V)>::layout() ^ 3)
    }

    fn write(&self, out: &mut Vec<u8>) {
        u32::try_from(self.len()).unwrap_or(u32::MAX).write(out);
        for (key, value) in self {
            key.write(out);
            value.write(out);
        }
    }

    fn read(from: &mut Reader<'_>) -> Option<Self> {
        let length = usize::try_from(u32::read(from)?).ok()?;
        (0..length)
            .map(|_| <(K, V)>::read(from))
            .collect::<Option<Self>>()
    }
}

impl<T: Snapshot + Ord> Snapshot for BTreeSet<T> {
    fn layout() -> u64 {
        hash::mix(T::layout() ^ 4)
    }

    fn write(&self, out: &mut Vec<u8>) {
        u32::try_from(self.len()).unwrap_or(u32::MAX).write(out);
        self.iter().for_each(|item| item.write(out));
    }

    fn read(from: &mut Reader<'_>) -> Option<Self> {
        let length = usize::try_from(u32::read(from)?).ok()?;
        (0..length).map(|_| T::read(from)).collect::<Option<Self>>()
    }
}

/// With the room it has taken, which some tables count.
impl<T: Snapshot> Snapshot for Vec<T> {
    fn layout() -> u64 {
        hash::mix(T::layout() ^ 2)
    }

    fn write(&self, out: &mut Vec<u8>) {
        for count in [self.len(), self.capacity()] {
            u32::try_from(count).unwrap_or(u32::MAX).write(out);
        }
        self.iter().for_each(|item| item.write(out));
    }

    fn read(from: &mut Reader<'_>) -> Option<Self> {
        /// Beyond four times what it holds and this, no table keeps room.
        const SPARE: usize = 64;
        let length = usize::try_from(u32::read(from)?).ok()?;
        let capacity = usize::try_from(u32::read(from)?).ok()?;
        if length > from.left() {
            return None;
        }
        let most = length.saturating_mul(4).saturating_add(SPARE);
        let mut items = Self::with_capacity(capacity.clamp(length, most));
        for _ in 0..length {
            items.push(T::read(from)?);
        }
        Some(items)
    }
}

impl<const WORDS: usize> Snapshot for Bitmap<WORDS> {
    fn layout() -> u64 {
        hash::mix(<[u64; WORDS]>::layout())
    }

    fn write(&self, out: &mut Vec<u8>) {
        self.words().write(out);
    }

    fn read(from: &mut Reader<'_>) -> Option<Self> {
        Snapshot::read(from).map(Self::of_words)
    }
}
