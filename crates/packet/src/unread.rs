//! Why a packet belongs to no flow: one reason is the counter, the key in sums and the word on the page.

use larum_core::reject::Reject;

/// Why a packet is in no flow.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Unread {
    /// It is no IP packet: ARP, spanning tree, a beacon of the wireless network.
    NotIp,
    /// It was cut off within its headers.
    Cut,
    /// Its headers contradict themselves.
    Malformed,
    /// Longer than a capture may hold ([`crate::file::MAX_FRAME_BYTES`]).
    TooLong,
    /// The capture's link type is not known here.
    UnknownLink,
    /// A piece of a packet whose other pieces never came.
    Fragment,
    /// More packets packed into each other than are unpacked.
    TooDeep,
    /// The capture itself is broken at this place.
    BrokenFile,
    /// Flow records whose template has not come yet.
    NoTemplate,
}

impl Unread {
    /// Every reason, in the order of sums.
    pub const ALL: [Self; 9] = [
        Self::NotIp,
        Self::Cut,
        Self::Malformed,
        Self::TooLong,
        Self::UnknownLink,
        Self::Fragment,
        Self::TooDeep,
        Self::BrokenFile,
        Self::NoTemplate,
    ];

    /// The stable code used in `--json` and in sums.
    #[must_use]
    pub const fn code(self) -> &'static str {
        match self {
            Self::NotIp => "not-ip",
            Self::Cut => "cut",
            Self::Malformed => "malformed",
            Self::TooLong => "too-long",
            Self::UnknownLink => "unknown-link",
            Self::Fragment => "fragment",
            Self::TooDeep => "too-deep",
            Self::BrokenFile => "broken-file",
            Self::NoTemplate => "no-template",
        }
    }

    /// The reason in the words all records share.
    #[must_use]
    pub const fn reject(self) -> Reject {
        match self {
            Self::NotIp => Reject::NotOfInterest,
            Self::TooLong => Reject::TooLong,
            Self::UnknownLink | Self::TooDeep => Reject::UnknownFormat,
            Self::Cut | Self::Malformed | Self::Fragment | Self::BrokenFile | Self::NoTemplate => {
                Reject::FieldUnreadable
            }
        }
    }
}

/// How many packets are in no flow, by reason.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct UnreadCounts([u64; Unread::ALL.len()]);

impl UnreadCounts {
    /// Counts `packets` more.
    pub fn add(&mut self, reason: Unread, packets: u64) {
        let place = Unread::ALL.iter().position(|known| *known == reason);
        if let Some(count) = place.and_then(|place| self.0.get_mut(place)) {
            *count = count.saturating_add(packets);
        }
    }

    /// Adds the counts of another part.
    pub fn join(&mut self, other: &Self) {
        for (sum, count) in self.0.iter_mut().zip(other.0) {
            *sum = sum.saturating_add(count);
        }
    }

    /// The reasons that occurred, with their counts.
    pub fn iter(&self) -> impl Iterator<Item = (Unread, u64)> + '_ {
        let pairs = Unread::ALL.into_iter().zip(self.0);
        pairs.filter(|(_, count)| *count > 0)
    }

    /// All of them together.
    #[must_use]
    pub fn total(&self) -> u64 {
        self.0
            .iter()
            .fold(0, |sum, count| sum.saturating_add(*count))
    }
}
