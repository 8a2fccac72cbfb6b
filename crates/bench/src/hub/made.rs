//! Made-up firms and what they see.

use std::net::{IpAddr, Ipv4Addr, Ipv6Addr};

use anyhow::{Context as _, Result};
use data_encoding::HEXLOWER;
use larum_core::finding::{AttackOutcome, Category, FindingId, Severity};
use larum_core::sighting::Sighting;
use larum_core::time::Timestamp;
use larum_hub_lib::id::{CollectorId, MemberId};
use larum_hub_lib::store::enrol::{EnrolStore as _, Issued, NewMember, NewToken};
use larum_hub_lib::store::ingest::CheckedBatch;
use larum_hub_lib::store::sql::SqlStore;
use larum_link::wire::{Batch, CHAIN_START, WIRE_VERSION, WireSighting, chain_hash};
use sha2::{Digest as _, Sha256};

use super::Args;
use crate::watch::Chance;

/// Different keys that firms see.
const KEYS: u32 = 400;
/// Findings of a firm that can still be told about again.
const OPEN: usize = 64;
const DAY_SECONDS: i64 = 86_400;

/// How much, of what, when.
pub struct Plan {
    pub batches: u64,
    batch: usize,
    updates: u32,
    firms: u64,
    seed: u64,
    begin: Timestamp,
    /// Milliseconds from one batch of a firm to its next.
    step_ms: i64,
}

impl Plan {
    pub fn new(args: &Args, now: Timestamp) -> Self {
        let size = u64::try_from(args.batch.max(1)).unwrap_or(u64::MAX);
        let firms = u64::from(args.firms.max(1));
        let batches = args.sightings.div_ceil(size);
        let rounds = i64::try_from(batches.div_ceil(firms)).unwrap_or(i64::MAX);
        let span_ms = i64::from(args.days) * DAY_SECONDS * 1_000;
        Self {
            batches,
            batch: args.batch.max(1),
            updates: args.updates,
            firms,
            seed: args.seed,
            begin: now.plus_millis(-span_ms),
            step_ms: span_ms / rounds.max(1),
        }
    }

    /// The firm that sends batch `index`: one after the other.
    pub const fn firm_of(&self, index: u64) -> u64 {
        index % self.firms
    }

    /// What the firms send in turn.
    pub fn firm(&self, number: u64) -> Firm {
        Firm {
            chance: Chance::new(self.seed.wrapping_mul(1_000_003).wrapping_add(number)),
            at: self.begin,
            open: Vec::new(),
        }
    }
}

/// One firm's view of the world.
pub struct Firm {
    chance: Chance,
    at: Timestamp,
    open: Vec<Sighting>,
}

impl Firm {
    /// Its next batch.
    pub fn sightings(&mut self, plan: &Plan) -> Vec<Sighting> {
        let mut made = Vec::with_capacity(plan.batch);
        let count = i64::try_from(plan.batch).unwrap_or(1);
        for place in 0..count {
            let at = self.at.plus_millis(plan.step_ms * place / count);
            let again = self.chance.below(100) < plan.updates;
            let chosen = usize::try_from(self.chance.below(64)).unwrap_or(0);
            if again && let Some(known) = self.open.get_mut(chosen) {
                known.last = known.last.max(at);
                known.count += 3;
                made.push(known.clone());
                continue;
            }
            let sighting = self.new_one(at);
            if let Some(place) = self.open.get_mut(chosen) {
                *place = sighting.clone();
            } else if self.open.len() < OPEN {
                self.open.push(sighting.clone());
            }
            made.push(sighting);
        }
        self.at = self.at.plus_millis(plan.step_ms);
        made
    }

    fn new_one(&mut self, at: Timestamp) -> Sighting {
        let chance = &mut self.chance;
        let lasted_seconds = match chance.below(10) {
            0..6 => chance.below(60),
            6..9 => chance.below(3_600),
            _ => chance.below(6 * 3_600),
        };
        // Few keys are seen often, many seldom.
        let rank = chance.below(KEYS).min(chance.below(KEYS));
        let (category, outcome, severity) = match chance.below(20) {
            0 => (
                Category::BruteForce,
                AttackOutcome::Success,
                Severity::Critical,
            ),
            1..6 => (
                Category::BruteForce,
                AttackOutcome::Attempt,
                Severity::Medium,
            ),
            _ => (Category::Scan, AttackOutcome::Blocked, Severity::Low),
        };
        let mut id = [0; 16];
        for part in id.chunks_exact_mut(2) {
            let [high, low, ..] = chance.below(u32::MAX).to_be_bytes();
            part.copy_from_slice(&[high, low]);
        }
        Sighting {
            id: FindingId(id),
            key: format!("tcp/{}", 20 + rank),
            detector: "sequential-scan".into(),
            category,
            attack: vec!["T1046".into()],
            severity,
            confidence: 90,
            outcome,
            first: at.plus_seconds(-i64::from(lasted_seconds)),
            last: at,
            count: u64::from(1 + chance.below(200)),
            sources: vec![source(chance)],
        }
    }
}

/// One of the documentation addresses; every tenth speaks IPv6.
fn source(chance: &mut Chance) -> IpAddr {
    let [high, low, ..] = chance.below(u32::MAX).to_be_bytes();
    match chance.below(30) {
        0..3 => Ipv6Addr::new(0x2001, 0xdb8, high.into(), low.into(), 0, 0, 0, 1).into(),
        3..12 => Ipv4Addr::new(192, 0, 2, low).into(),
        12..21 => Ipv4Addr::new(198, 51, 100, low).into(),
        _ => Ipv4Addr::new(203, 0, 113, low).into(),
    }
}

/// Where a collector's chain of batches stands.
pub struct Chain {
    pub collector: CollectorId,
    sequence: u64,
    head: String,
}

impl Chain {
    pub fn new(collector: CollectorId) -> Self {
        Self {
            collector,
            sequence: 0,
            head: CHAIN_START.to_owned(),
        }
    }

    /// The next batch as it goes over the wire.
    pub fn body(&mut self, sightings: &[Sighting], now: Timestamp) -> Result<Vec<u8>> {
        let body = serde_json::to_vec(&Batch {
            version: WIRE_VERSION,
            sequence: self.sequence + 1,
            previous: self.head.clone(),
            created: now.as_millis(),
            sightings: sightings.iter().map(WireSighting::from).collect(),
        })?;
        self.advance(&Sha256::digest(&body).into())?;
        Ok(body)
    }

    /// The next batch as the store takes it.
    pub fn checked(&mut self, sightings: Vec<Sighting>) -> Result<CheckedBatch> {
        let previous = self.head.clone();
        let sha256 = Sha256::digest(self.head.as_bytes()).into();
        self.advance(&sha256)?;
        Ok(CheckedBatch {
            collector: self.collector,
            sequence: self.sequence,
            previous,
            sha256: HEXLOWER.encode(&sha256),
            chain: self.head.clone(),
            sightings,
            set_aside: std::collections::BTreeMap::new(),
        })
    }

    fn advance(&mut self, sha256: &[u8; 32]) -> Result<()> {
        self.head = chain_hash(&self.head, sha256).context("the chain's head is a hash")?;
        self.sequence += 1;
        Ok(())
    }
}

/// Adds a firm.
pub fn add_firm(store: &SqlStore, number: u64, now: Timestamp) -> Result<MemberId> {
    let member = NewMember {
        id: MemberId::random()?,
        name: format!("Firm {number:05}"),
        area: format!("E230000{:02}", 1 + number % 43),
        region: "north".to_owned(),
        sector: ["food", "health", "legal", "retail"]
            .get(usize::try_from(number % 4)?)
            .copied()
            .unwrap_or("food")
            .to_owned(),
        size: "micro".to_owned(),
    };
    store.add_member(&member, now)?;
    Ok(member.id)
}

/// Adds a firm with a collector that has a place in the store, but no key.
pub fn add_collector(store: &SqlStore, number: u64, now: Timestamp) -> Result<Chain> {
    let member = add_firm(store, number, now)?;
    let collector = CollectorId::random()?;
    let hash = format!("{collector}");
    let token = NewToken {
        secret_hash: hash.clone(),
        member,
        site: "shop".to_owned(),
        expires: now.plus_seconds(DAY_SECONDS),
    };
    store.add_token(&token, now)?;
    let issued = Issued {
        collector,
        serial: hash.clone(),
        not_before: now,
        not_after: now.plus_seconds(7 * DAY_SECONDS),
    };
    if store.enrol(&hash, &issued, now)?.is_err() {
        anyhow::bail!("a new invitation was refused");
    }
    Ok(Chain::new(collector))
}
