//! Live capture on Linux: the frames of a network interface as the kernel hands them over, in blocks,
//! through memory shared with it (`AF_PACKET` with `TPACKET_V3`, Documentation/networking/packet_mmap
//! in the kernel's sources); and datagrams received many at a time ([`Datagrams`]). Nothing is ever sent.
//!
//! The only crate with unsafe code: [`system`] holds all of it, each use with the reason why it is sound.
//! What stands in a block is read by [`block`], which is safe and takes any bytes.
//!
//! Opening takes the capability `CAP_NET_RAW`; reading takes none, so it can be given up between the two.

mod block;
mod datagrams;
mod ring;
mod system;

pub use block::{Captured, Packets, Vlan};
pub use datagrams::{AT_ONCE, Datagrams, MAX_DATAGRAM_BYTES, dropped_by_system};
pub use ring::{Block, Link, OpenError, Ring, Settings, Statistics, open};

/// Longest name of an interface, in bytes (`IFNAMSIZ` without its final zero).
pub const MAX_NAME_BYTES: usize = 15;
/// Bytes of one block of a ring: several of the longest frames.
pub const BLOCK_BYTES: usize = 256 << 10;
/// Fewest blocks of a ring.
pub const MIN_BLOCKS: usize = 8;
/// Most blocks of a ring.
pub const MAX_BLOCKS: usize = 4_096;
/// Most rings that share the frames of one interface.
pub const MAX_WORKERS: usize = 16;
/// Most bytes of a frame that are kept.
pub const MAX_FRAME_BYTES: usize = 65_535;
/// A block that is not full is handed over after so many milliseconds. The fewer blocks, the sooner a
/// reader that is held up loses frames even where few come: 128 blocks last 12 seconds.
pub const BLOCK_PATIENCE_MS: u32 = 100;
