//! The script of the demonstration: who is attacked when. Only the traffic is written here; what
//! becomes of it is the programs' doing.

use std::net::IpAddr;

use larum_core::time::Timestamp;
use larum_traffic::act::Moment;
use larum_traffic::attack;
use larum_traffic::firm::stranger_v4;
use larum_traffic::random::Random;

/// What the wave exploits, as the collectors name it.
pub const WAVE_KEY: &str = "web/traversal";
/// Sources that take part in the wave.
const SOURCES: usize = 14;
/// When the first firms are hit, in minutes after the live part begins; the gaps between the first
/// ones let a newcomer watch.
const FIRST_MINUTES: &[i64] = &[8, 32, 52, 66];
/// When the others follow.
const REST_FROM_MINUTE: i64 = 110;
const REST_EVERY_MINUTES: i64 = 7;
/// When a firm that is not hit early on has an account guessed: a story of its own, and no wave.
const BREAK_IN_MINUTE: i64 = 24;

/// Who is attacked when.
#[derive(Clone, Debug)]
pub struct Wave {
    /// Firms in the order in which they are hit: number of the firm, and when.
    pub order: Vec<(u64, Timestamp)>,
    /// The firm whose log-in is guessed.
    pub broken_into: u64,
    seed: u64,
    start: Timestamp,
    sources: Vec<IpAddr>,
}

impl Wave {
    /// The wave over `firms` firms, from the beginning of the live part; it follows from the seed. A
    /// fifth of the firms is spared.
    #[must_use]
    pub fn new(seed: u64, firms: u64, start: Timestamp) -> Self {
        let mut random = Random::of(seed, &[0xAAAA]);
        let mut left: Vec<u64> = (0..firms).collect();
        let mut shuffled = Vec::with_capacity(left.len());
        while !left.is_empty() {
            let place = random.below(u64::try_from(left.len()).unwrap_or(1));
            shuffled.push(left.swap_remove(usize::try_from(place).unwrap_or(0)));
        }
        let hit = shuffled.len().saturating_sub(shuffled.len() / 5);
        let rest = (0..).map(|step| REST_FROM_MINUTE + step * REST_EVERY_MINUTES);
        let minutes = FIRST_MINUTES.iter().copied().chain(rest);
        let order: Vec<(u64, Timestamp)> = shuffled
            .iter()
            .take(hit)
            .zip(minutes)
            .map(|(firm, minute)| (*firm, start.plus_seconds(minute * 60)))
            .collect();
        let mut sources: Vec<IpAddr> = Vec::new();
        while sources.len() < SOURCES {
            let source = stranger_v4(&mut random).into();
            if !sources.contains(&source) {
                sources.push(source);
            }
        }
        Self {
            order,
            broken_into: shuffled.last().copied().unwrap_or(0),
            seed,
            start,
            sources,
        }
    }

    /// When the wave is over.
    #[must_use]
    pub fn end(&self) -> Timestamp {
        let last = self.order.last().map_or(self.start, |(_, at)| *at);
        last.plus_seconds(30 * 60)
    }

    /// What the script does to firm `index`, in order of time.
    #[must_use]
    pub fn at_firm(&self, index: u64) -> Vec<Moment> {
        let mut random = Random::of(self.seed, &[0xBBBB, index]);
        let mut moments = Vec::new();
        if let Some((_, at)) = self.order.iter().find(|(firm, _)| *firm == index) {
            let first = random.below(u64::try_from(self.sources.len()).unwrap_or(1));
            let count = random.between(4, 6);
            let from = self
                .sources
                .iter()
                .cycle()
                .skip(usize::try_from(first).unwrap_or(0))
                .take(usize::try_from(count).unwrap_or(4));
            for source in from {
                let begins = at.plus_seconds(i64::from(random.port(0, 420)));
                let attempts = random.between(3, 7);
                moments.extend(attack::exploit(*source, begins, attempts, &mut random));
            }
        }
        if self.broken_into == index {
            let source = stranger_v4(&mut random).into();
            let begins = self.start.plus_seconds(BREAK_IN_MINUTE * 60);
            moments.extend(attack::ssh_guessing(source, begins, 24, true, &mut random));
        }
        moments.sort_by_key(|moment| moment.at);
        moments
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_wave_starts_at_one_firm_and_spares_some() {
        let start = Timestamp::from_seconds(1_800_000_000);
        let wave = Wave::new(1, 24, start);
        assert_eq!(wave.order.len(), 20);
        assert!(wave.order.windows(2).all(|pair| pair[0].1 < pair[1].1));
        let (first, at) = wave.order[0];
        let moments = wave.at_firm(first);
        assert!(moments.first().is_some_and(|moment| moment.at >= at));
        assert!(!wave.order.iter().any(|(firm, _)| *firm == wave.broken_into));
        assert!(!wave.at_firm(wave.broken_into).is_empty());
        assert_eq!(format!("{moments:?}"), format!("{:?}", wave.at_firm(first)));
    }
}
