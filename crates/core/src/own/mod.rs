//! Which public addresses are the firm's own, learned from what its devices log; and with that, which
//! way a contact went.
//!
//! Private addresses are always the firm's. A public one is taken as its own when a device translated
//! a private address to it or it to a private one (certain), when devices call contacts to it inbound
//! or from it outbound, or when it is sought from many corners of the internet: scanners come from
//! everywhere, while a site that people visit is reached from the few networks of its visitors. What a
//! person configured goes before everything.
//!
//! Bounded: [`MAX_CANDIDATES`] addresses of about 80 bytes in sets of eight. Within a set a newcomer
//! takes the place of the one with the least evidence, and an address that is known to be the firm's
//! is never pushed out by one that is not.

#[cfg(test)]
mod tests;

use std::net::IpAddr;

use crate::address::{Network, canonical, is_public, source_key};
use crate::detect::NetworkSet;
use crate::detect::hash;
use crate::event::{Direction, Event};
use crate::time::Timestamp;

/// Most addresses that are looked at.
pub const MAX_CANDIDATES: usize = SETS * WAYS;
const SETS: usize = 512;
const WAYS: usize = 8;
/// So many translations make an address the firm's: a single one may be a misread line.
const LEAST_TRANSLATED: u32 = 3;
/// So many contacts a device gave a direction make it the firm's.
const LEAST_SAID: u32 = 8;
/// So many different corners of the internet (an IPv4 /16, an IPv6 /32) seeking it do too.
const LEAST_CORNERS: u32 = 16;
/// Of an address that inside hosts seek, those from outside must be so many times more.
const INSIDE_FACTOR: u32 = 8;
/// Evidence older than this is forgotten: firms change their provider.
pub const KEPT_SECONDS: i64 = 90 * 86_400;

/// Why an address is taken as the firm's own, the strongest reason first.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Why {
    /// A person said so.
    Configured,
    /// A device translates between it and a private address.
    Translated,
    /// Devices call contacts to it inbound, or from it outbound.
    Said,
    /// It is sought from many corners of the internet.
    Sought,
}

impl Why {
    /// Every reason.
    pub const ALL: [Self; 4] = [Self::Configured, Self::Translated, Self::Said, Self::Sought];

    /// The word in status and words.
    #[must_use]
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::Configured => "configured",
            Self::Translated => "translated",
            Self::Said => "said",
            Self::Sought => "sought",
        }
    }

    /// Whether it cannot be brought about by whoever sends packets to the firm, so that it may decide
    /// who counts as an attacker.
    #[must_use]
    pub const fn is_certain(self) -> bool {
        matches!(self, Self::Configured | Self::Translated)
    }
}

/// An address of the firm, and what that rests on.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct OwnAddress {
    /// The address; of IPv6 the /64.
    pub network: Network,
    /// Why.
    pub why: Why,
    /// Records that say so.
    pub records: u32,
}

/// What was seen of one public address. The fields are public to be kept across a restart.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Evidence {
    /// The address; of IPv6 the first of its /64.
    pub ip: IpAddr,
    /// Translations between it and a private address.
    pub translated: u32,
    /// Contacts a device called inbound to it or outbound from it.
    pub said: u32,
    /// Contacts a device called the other way round.
    pub contradicted: u32,
    /// Contacts from public addresses.
    pub sought: u32,
    /// Contacts from inside.
    pub from_inside: u32,
    /// One bit for each 64th of the internet's corners that sought it.
    pub corners: u64,
    /// The newest evidence.
    pub last: Timestamp,
}

impl Evidence {
    const fn new(ip: IpAddr, last: Timestamp) -> Self {
        Self {
            ip,
            translated: 0,
            said: 0,
            contradicted: 0,
            sought: 0,
            from_inside: 0,
            corners: 0,
            last,
        }
    }

    fn why(&self) -> Option<Why> {
        let sought = hash::distinct(self.corners) >= LEAST_CORNERS
            && self.from_inside.saturating_mul(INSIDE_FACTOR) <= self.sought
            && self.contradicted == 0;
        if self.translated >= LEAST_TRANSLATED {
            Some(Why::Translated)
        } else if self.said >= LEAST_SAID && self.contradicted.saturating_mul(4) <= self.said {
            Some(Why::Said)
        } else if sought {
            Some(Why::Sought)
        } else {
            None
        }
    }

    const fn records(&self, why: Why) -> u32 {
        match why {
            Why::Configured => 0,
            Why::Translated => self.translated,
            Why::Said => self.said,
            Why::Sought => self.sought,
        }
    }

    /// Greater is better founded.
    fn weight(&self) -> (bool, u32, u32) {
        let corners = hash::distinct(self.corners);
        let strong = self.translated.saturating_add(self.said);
        (
            self.why().is_some(),
            strong.saturating_add(corners),
            self.sought,
        )
    }
}

/// Where an address is.
#[derive(Clone, Copy, PartialEq, Eq)]
enum Side {
    /// Private, link-local, multicast and all else that is not on the internet; or known as own.
    Firm,
    Internet,
    /// `0.0.0.0` and `::` mean that there is no address.
    None,
}

/// The firm's own addresses: configured and learned.
#[derive(Clone, Debug, Default)]
pub struct Own {
    configured: Vec<Network>,
    own: NetworkSet,
    not_own: NetworkSet,
    sets: Vec<[Option<Evidence>; WAYS]>,
    /// How many times what is known changed.
    version: u64,
}

impl Own {
    /// Of a firm with the ranges `own` that a person configured, and none of the ranges `not_own`
    /// whatever the evidence.
    #[must_use]
    pub fn new(own: &[Network], not_own: &[Network]) -> Self {
        Self {
            configured: own.to_vec(),
            own: NetworkSet::new(own.iter().copied()),
            not_own: NetworkSet::new(not_own.iter().copied()),
            sets: Vec::new(),
            version: 0,
        }
    }

    /// Learns from `event`, whose direction must still be the device's own word.
    pub fn observe(&mut self, event: &Event<'_>) {
        let (Some(src), Some(dst)) = (event.src_ip, event.dst_ip) else {
            return;
        };
        let (src, dst) = (canonical(src), canonical(dst));
        let at = event.received;
        if is_private(src)
            && let Some(nat) = event
                .src_nat_ip
                .map(canonical)
                .filter(|nat| is_public(*nat))
        {
            self.enter(nat, at, |seen| {
                seen.translated = seen.translated.saturating_add(1)
            });
        }
        if is_public(dst)
            && event
                .dst_nat_ip
                .is_some_and(|nat| is_private(canonical(nat)))
        {
            self.enter(dst, at, |seen| {
                seen.translated = seen.translated.saturating_add(1)
            });
        }
        let said = |seen: &mut Evidence| seen.said = seen.said.saturating_add(1);
        let contradicted = |seen: &mut Evidence| {
            seen.contradicted = seen.contradicted.saturating_add(1);
        };
        match event.direction {
            Some(Direction::Inbound) if is_public(src) && is_public(dst) => {
                self.enter(dst, at, said);
                self.amend(src, contradicted);
            }
            Some(Direction::Outbound) if is_public(src) && is_public(dst) => {
                self.enter(src, at, said);
                self.amend(dst, contradicted);
            }
            _ => {}
        }
        if is_public(src) && is_public(dst) {
            let corner = hash::bit(corner_of(src));
            self.enter(dst, at, |seen| {
                seen.sought = seen.sought.saturating_add(1);
                seen.corners |= corner;
            });
        } else if is_private(src) && is_public(dst) && event.dst_nat_ip.is_none() {
            let inside = |seen: &mut Evidence| {
                seen.from_inside = seen.from_inside.saturating_add(1);
            };
            self.amend(dst, inside);
        }
    }

    /// Which way `event` went: the device's own word where it gave one, else worked out from its
    /// addresses; `None` when they do not tell.
    #[must_use]
    pub fn direction(&self, event: &Event<'_>) -> Option<Direction> {
        if event.direction.is_some() {
            return event.direction;
        }
        let (src, dst) = (self.side(event.src_ip?), self.side(event.dst_ip?));
        let inside_after = event
            .dst_nat_ip
            .is_some_and(|nat| is_private(canonical(nat)));
        match (src, dst) {
            (Side::None, _) | (_, Side::None) => None,
            (Side::Firm, Side::Firm) => Some(Direction::Internal),
            (Side::Firm, Side::Internet) => Some(Direction::Outbound),
            (Side::Internet, Side::Firm) => Some(Direction::Inbound),
            (Side::Internet, Side::Internet) if inside_after => Some(Direction::Inbound),
            // Only who knows some of the firm's addresses can say that these are none of them.
            (Side::Internet, Side::Internet) => {
                let known = !self.configured.is_empty() || self.version > 0;
                known.then_some(Direction::External)
            }
        }
    }

    /// Why `ip` is the firm's own public address; `None` when it is not, or not public.
    #[must_use]
    pub fn why(&self, ip: IpAddr) -> Option<Why> {
        let ip = canonical(ip);
        if !is_public(ip) || self.not_own.contains(ip) {
            return None;
        }
        if self.own.contains(ip) {
            return Some(Why::Configured);
        }
        self.find(source_key(ip))?.why()
    }

    /// The configured ranges, then the learned addresses in order.
    #[must_use]
    pub fn addresses(&self) -> Vec<OwnAddress> {
        let mut learned: Vec<OwnAddress> = self
            .evidence()
            .filter(|seen| !self.own.contains(seen.ip))
            .filter_map(|seen| {
                let why = self.why(seen.ip)?;
                Some(OwnAddress {
                    network: key_network(seen.ip)?,
                    why,
                    records: seen.records(why),
                })
            })
            .collect();
        learned.sort_by_key(|own| own.network);
        let configured = self.configured.iter().map(|network| OwnAddress {
            network: *network,
            why: Why::Configured,
            records: 0,
        });
        configured.chain(learned).collect()
    }

    /// The ranges that are certainly the firm's.
    #[must_use]
    pub fn certain(&self) -> Vec<Network> {
        let known = self.addresses();
        let certain = known.iter().filter(|own| own.why.is_certain());
        certain.map(|own| own.network).collect()
    }

    /// Grows whenever [`Self::addresses`] may have changed.
    #[must_use]
    pub const fn version(&self) -> u64 {
        self.version
    }

    /// All evidence, to be kept across a restart.
    pub fn evidence(&self) -> impl Iterator<Item = &Evidence> {
        self.sets.iter().flatten().flatten()
    }

    /// Takes up evidence from before a restart.
    pub fn restore(&mut self, evidence: impl IntoIterator<Item = Evidence>) {
        for before in evidence {
            if is_public(before.ip) {
                let ip = source_key(before.ip);
                self.enter(ip, before.last, |seen| *seen = Evidence { ip, ..before });
            }
        }
    }

    /// Forgets addresses without evidence for [`KEPT_SECONDS`].
    pub fn forget(&mut self, now: Timestamp) {
        let oldest = now.plus_seconds(-KEPT_SECONDS);
        for place in self.sets.iter_mut().flatten() {
            if let Some(seen) = place.filter(|seen| seen.last < oldest) {
                self.version += u64::from(seen.why().is_some());
                *place = None;
            }
        }
    }

    fn side(&self, ip: IpAddr) -> Side {
        let ip = canonical(ip);
        if ip.is_unspecified() {
            Side::None
        } else if !is_public(ip) || self.why(ip).is_some() {
            Side::Firm
        } else {
            Side::Internet
        }
    }

    fn find(&self, key: IpAddr) -> Option<&Evidence> {
        let set = self.sets.get(set_of(key))?;
        set.iter().flatten().find(|seen| seen.ip == key)
    }

    /// Changes what is known of `ip`, if it is remembered.
    fn amend(&mut self, ip: IpAddr, change: impl FnOnce(&mut Evidence)) {
        let key = source_key(ip);
        let Some(set) = self.sets.get_mut(set_of(key)) else {
            return;
        };
        if let Some(seen) = set.iter_mut().flatten().find(|seen| seen.ip == key) {
            let before = seen.why();
            change(seen);
            self.version += u64::from(seen.why() != before);
        }
    }

    /// Changes what is known of `ip`, remembering it if there is room.
    fn enter(&mut self, ip: IpAddr, at: Timestamp, change: impl FnOnce(&mut Evidence)) {
        let key = source_key(ip);
        if self.sets.is_empty() {
            self.sets = vec![[None; WAYS]; SETS];
        }
        let Some(set) = self.sets.get_mut(set_of(key)) else {
            return;
        };
        let known = set
            .iter()
            .position(|place| place.is_some_and(|seen| seen.ip == key));
        // A free place weighs nothing; among equals the one longest unheard gives way.
        let place = known.or_else(|| {
            let weight =
                |seen: &Option<Evidence>| seen.map(|seen| (seen.weight(), seen.last, seen.ip));
            let (at, least) = set
                .iter()
                .enumerate()
                .min_by_key(|(_, seen)| weight(seen))?;
            let firm = least.is_some_and(|seen| seen.why().is_some());
            (!firm).then_some(at)
        });
        let Some(slot) = place.and_then(|at| set.get_mut(at)) else {
            return;
        };
        let seen = match slot {
            Some(seen) if seen.ip == key => seen,
            other => other.insert(Evidence::new(key, at)),
        };
        let before = seen.why();
        seen.last = seen.last.max(at);
        change(seen);
        self.version += u64::from(seen.why() != before);
    }
}

/// A host inside: private (RFC 1918, RFC 4193), shared by a provider or link-local; what a device
/// translates from and to.
fn is_private(ip: IpAddr) -> bool {
    !is_public(ip) && !ip.is_unspecified() && !ip.is_multicast() && !ip.is_loopback()
}

/// The part of the internet `ip` is in: IPv4 /16, IPv6 /32.
fn corner_of(ip: IpAddr) -> u64 {
    hash::mix(match ip {
        IpAddr::V4(ip) => u64::from(ip.to_bits() >> 16),
        IpAddr::V6(ip) => u64::try_from(ip.to_bits() >> 96).unwrap_or(0) | (1 << 63),
    })
}

fn set_of(key: IpAddr) -> usize {
    let bits = match key {
        IpAddr::V4(ip) => u64::from(ip.to_bits()),
        IpAddr::V6(ip) => u64::try_from(ip.to_bits() >> 64).unwrap_or(0),
    };
    usize::from(hash::short(hash::mix(bits))) % SETS
}

/// An IPv4 address alone, an IPv6 one with its /64.
fn key_network(key: IpAddr) -> Option<Network> {
    Network::new(key, if key.is_ipv4() { 32 } else { 64 })
}
