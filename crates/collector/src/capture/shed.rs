//! What is passed over when frames come faster than they can be looked at.
//!
//! All pairs of hosts are drawn into [`PARTS`] parts. When half of the ring waits to be read, one part is
//! passed over, then one more with every block for as long as it lasts; when it has been nearly empty for
//! a while, one less. So whole conversations are missing and none is torn, every pair is as likely to be
//! missing as any other, and what is looked at is looked at in full. Each time all is well again the
//! parts are drawn anew, so that nobody is missing for ever and nobody can learn which are.

use larum_packet::ip::pair_hash;

/// Parts of all pairs of hosts.
pub const PARTS: u64 = 16;
/// Blocks in a row with a nearly empty ring until one part less is passed over.
const CALM_BLOCKS: u32 = 64;

/// Which pairs are passed over.
#[derive(Clone, Debug)]
pub struct Shed {
    passed_over: u64,
    calm: u32,
    seed: u64,
}

impl Shed {
    /// Nobody yet; `seed` makes the parts unpredictable.
    pub const fn new(seed: u64) -> Self {
        Self {
            passed_over: 0,
            calm: 0,
            seed,
        }
    }

    #[cfg(test)]
    /// Whether anybody is passed over.
    pub const fn is_shedding(&self) -> bool {
        self.passed_over > 0
    }

    /// Looks at the ring before a block is read: `waiting` of its `blocks` are full.
    pub const fn look(&mut self, waiting: usize, blocks: usize) {
        if waiting.saturating_mul(2) >= blocks {
            self.calm = 0;
            // One part in sixteen is looked at whatever happens.
            if self.passed_over < PARTS - 1 {
                self.passed_over += 1;
            }
        } else if waiting.saturating_mul(8) <= blocks {
            self.rest();
        } else {
            self.calm = 0;
        }
    }

    /// Nothing waits, or nearly nothing.
    pub const fn rest(&mut self) {
        self.calm += 1;
        if self.calm >= CALM_BLOCKS {
            self.calm = 0;
            if self.passed_over == 1 {
                self.seed = self
                    .seed
                    .wrapping_mul(0xD6E8_FEB8_6659_FD93)
                    .wrapping_add(1);
            }
            self.passed_over = self.passed_over.saturating_sub(1);
        }
    }

    /// Whether `packet`, from its IP header on, is passed over.
    pub fn passes_over(&self, packet: &[u8]) -> bool {
        self.passed_over > 0 && self.part(packet) < self.passed_over
    }

    fn part(&self, packet: &[u8]) -> u64 {
        let mixed = (pair_hash(packet) ^ self.seed).wrapping_mul(0x9E37_79B9_7F4A_7C15);
        (mixed >> 40) % PARTS
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn packet(source: u32, target: u32) -> Vec<u8> {
        let mut packet = vec![0x45, 0, 0, 20, 0, 0, 0, 0, 64, 6, 0, 0];
        packet.extend(source.to_be_bytes());
        packet.extend(target.to_be_bytes());
        packet
    }

    #[test]
    fn a_full_ring_passes_over_more_and_an_empty_one_less() {
        let mut shed = Shed::new(7);
        shed.look(15, 32);
        assert!(!shed.is_shedding());
        for _ in 0..100 {
            shed.look(32, 32);
        }
        assert_eq!(shed.passed_over, PARTS - 1);
        for _ in 0..CALM_BLOCKS {
            shed.look(8, 32);
        }
        assert_eq!(shed.passed_over, PARTS - 1, "it is not calm yet");
        for _ in 0..u64::from(CALM_BLOCKS) * (PARTS - 1) {
            shed.look(1, 32);
        }
        assert!(!shed.is_shedding());
        assert_ne!(shed.seed, 7, "drawn anew");
    }

    #[test]
    fn both_directions_share_a_fate_and_parts_are_of_like_size() {
        let mut shed = Shed::new(0x1234_5678_9ABC_DEF0);
        for _ in 0..4 {
            shed.look(32, 32);
        }
        let mut over = 0;
        for pair in 0..16_000_u32 {
            let (here, there) = (0x0A00_0000 + pair % 250, 0xC633_6400 + pair);
            let there_and_back = [packet(here, there), packet(there, here)];
            let [out, back] = there_and_back.map(|packet| shed.passes_over(&packet));
            assert_eq!(out, back);
            over += u32::from(out);
        }
        // A quarter of all, give or take.
        assert!((3_600..4_400).contains(&over), "{over}");
    }
}
