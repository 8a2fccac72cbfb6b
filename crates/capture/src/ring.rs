//! Rings: opened together for one interface, read each by a thread of its own.

use std::io;
use std::time::Duration;

use rustix::event::{PollFd, PollFlags, Timespec, poll};
use rustix::net::netdevice::name_to_index;
use socket2::{Domain, SockFilter, Socket, Type};

use crate::block::Packets;
use crate::system::{self, Map, Taken};
use crate::{
    BLOCK_BYTES, BLOCK_PATIENCE_MS, MAX_BLOCKS, MAX_FRAME_BYTES, MAX_NAME_BYTES, MAX_WORKERS,
    MIN_BLOCKS,
};

/// Every protocol, as packet sockets want it.
const ALL_PROTOCOLS: u16 = 0x0003_u16.to_be();
/// `struct sockaddr_ll`: its length in bytes.
const ADDRESS_BYTES: usize = 20;
/// BPF: return this number (how many bytes of the frame are kept; none means that it is passed over).
const BPF_RETURN: u16 = 0x06;

/// What is asked of a capture.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Settings {
    /// Name of the interface, at most [`MAX_NAME_BYTES`].
    pub interface: String,
    /// Rings that share its frames, 1 to [`MAX_WORKERS`]: both directions of a conversation come to the
    /// same one.
    pub workers: usize,
    /// Bytes of all rings together: rounded down to blocks of [`BLOCK_BYTES`], at least [`MIN_BLOCKS`] for
    /// each worker.
    pub ring_bytes: usize,
    /// Most bytes kept of a frame.
    pub frame_bytes: usize,
    /// Whether frames meant for others are captured too, as on a mirror port.
    pub promiscuous: bool,
}

/// Why an interface cannot be captured on.
#[derive(Debug, thiserror::Error)]
pub enum OpenError {
    /// There is no such interface.
    #[error("there is no network interface of this name")]
    NoInterface,
    /// The process may not capture.
    #[error("not allowed: capturing takes the capability CAP_NET_RAW")]
    NotAllowed,
    /// The system refuses one step.
    #[error("the system refuses to {step}: {source}")]
    System {
        /// Which.
        step: &'static str,
        /// What it says.
        source: io::Error,
    },
}

fn refused(step: &'static str) -> impl FnOnce(io::Error) -> OpenError {
    move |source| match source.raw_os_error() {
        Some(libc::EPERM | libc::EACCES) => OpenError::NotAllowed,
        Some(libc::ENODEV) => OpenError::NoInterface,
        _ => OpenError::System { step, source },
    }
}

/// What the frames of an interface begin with.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Link {
    /// Ethernet.
    Ethernet,
    /// IP, or what [`crate::Captured::protocol`] says; the link's own header is not handed over.
    Network,
}

impl Link {
    const fn of(hardware: u16) -> Self {
        match hardware {
            // Ethernet and what looks like it: Wi-Fi, bridges, veth; loopback.
            libc::ARPHRD_ETHER | libc::ARPHRD_LOOPBACK => Self::Ethernet,
            // Of all others the system takes off the header, whatever it is.
            _ => Self::Network,
        }
    }
}

/// What the kernel counted at one ring since it was last asked.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Statistics {
    /// Frames that came, also those lost.
    pub frames: u64,
    /// Of these, lost because the ring was full.
    pub lost: u64,
}

/// A ring of one interface.
#[derive(Debug)]
pub struct Ring {
    socket: Socket,
    map: Map,
    next: usize,
    link: Link,
    interface: String,
    promiscuous: bool,
    /// Most bytes kept of a frame.
    kept: usize,
}

/// Opens the rings of an interface; frames are handed over from now on.
///
/// # Errors
/// When there is no such interface, the process may not capture, or the system refuses.
pub fn open(settings: &Settings) -> Result<Vec<Ring>, OpenError> {
    if settings.interface.is_empty() || settings.interface.len() > MAX_NAME_BYTES {
        return Err(OpenError::NoInterface);
    }
    let workers = settings.workers.clamp(1, MAX_WORKERS);
    let blocks = (settings.ring_bytes / BLOCK_BYTES / workers).clamp(MIN_BLOCKS, MAX_BLOCKS);
    let mut rings: Vec<Ring> = Vec::with_capacity(workers);
    let mut group = None;
    for _ in 0..workers {
        let ring = Ring::new(settings, blocks)?;
        if workers > 1 {
            group = Some(ring.join(group).map_err(refused("share frames out"))?);
        }
        rings.push(ring);
    }
    // Until here each ring passed over everything: one that is alone in its group for a moment would
    // hand over what the others are for.
    for ring in &rings {
        ring.keep(ring.kept)
            .map_err(refused("set the length of frames"))?;
    }
    Ok(rings)
}

impl Ring {
    fn new(settings: &Settings, blocks: usize) -> Result<Self, OpenError> {
        let (ring, hardware) = Self::of_type(settings, blocks, Type::RAW)?;
        match Link::of(hardware) {
            Link::Ethernet => Ok(ring),
            Link::Network => Ok(Self::of_type(settings, blocks, Type::DGRAM)?.0),
        }
    }

    fn of_type(settings: &Settings, blocks: usize, sort: Type) -> Result<(Self, u16), OpenError> {
        // Without a protocol nothing comes before everything is set up.
        let socket = Socket::new(Domain::PACKET, sort, None).map_err(refused("open a socket"))?;
        let index =
            name_to_index(&socket, &settings.interface).map_err(|_| OpenError::NoInterface)?;
        let version = 2_i32.to_ne_bytes();
        system::set_option(&socket, libc::PACKET_VERSION, &version)
            .map_err(refused("use a ring"))?;
        let request = ring_request(blocks);
        system::set_option(&socket, libc::PACKET_RX_RING, &request)
            .map_err(refused("give memory for the ring"))?;
        let map = Map::new(&socket, blocks, BLOCK_BYTES).map_err(refused("map the ring"))?;
        let mut ring = Self {
            socket,
            map,
            next: 0,
            link: if sort == Type::RAW {
                Link::Ethernet
            } else {
                Link::Network
            },
            interface: settings.interface.clone(),
            promiscuous: settings.promiscuous,
            kept: settings.frame_bytes.clamp(64, MAX_FRAME_BYTES),
        };
        ring.keep(0).map_err(refused("set a filter"))?;
        system::bind(&ring.socket, &address_of(index)).map_err(refused("bind to the interface"))?;
        let (_, hardware) = ring
            .bound_to()
            .map_err(refused("say what the interface is"))?;
        if hardware == libc::ARPHRD_LOOPBACK {
            // What is sent there comes in again.
            system::set_option(
                &ring.socket,
                libc::PACKET_IGNORE_OUTGOING,
                &1_i32.to_ne_bytes(),
            )
            .map_err(refused("leave out what is sent"))?;
        }
        ring.hear_others(index, hardware)
            .map_err(refused("listen to frames meant for others"))?;
        ring.next = 0;
        Ok((ring, hardware))
    }

    /// Keeps so many bytes of each frame; none passes it over.
    fn keep(&self, bytes: usize) -> io::Result<()> {
        let bytes = u32::try_from(bytes).unwrap_or(u32::MAX);
        self.socket
            .attach_filter(&[SockFilter::new(BPF_RETURN, 0, 0, bytes)])
    }

    /// The number of the interface it is bound to, which no interface has any more once that was taken
    /// away, and what that interface is.
    fn bound_to(&self) -> io::Result<(u32, u16)> {
        let mut address = [0_u8; ADDRESS_BYTES];
        system::bound_to(&self.socket, &mut address)?;
        let [_, _, _, _, a, b, c, d, low, high, ..] = address;
        let index = u32::from_ne_bytes([a, b, c, d]);
        Ok((index, u16::from_ne_bytes([low, high])))
    }

    /// Frames meant for others as well, if that was asked for and there can be any.
    fn hear_others(&self, index: u32, hardware: u16) -> io::Result<()> {
        if !self.promiscuous || hardware != libc::ARPHRD_ETHER {
            return Ok(());
        }
        let request = promiscuous(index);
        system::set_option(&self.socket, libc::PACKET_ADD_MEMBERSHIP, &request)
    }

    /// When the interface was taken away and one of its name is there again: goes on with that one; whether
    /// it did. This takes no capability. One that is down is heard once it is up.
    ///
    /// # Errors
    /// When the system refuses, as it does where several rings share an interface, or when the interface is
    /// of another sort now, of which nothing is handed over.
    pub fn take_up_again(&mut self) -> io::Result<bool> {
        let (bound, _) = self.bound_to()?;
        let Ok(index) = name_to_index(&self.socket, &self.interface) else {
            return Ok(false);
        };
        if index == bound {
            return Ok(false);
        }
        self.keep(0)?;
        system::bind(&self.socket, &address_of(index))?;
        let (_, hardware) = self.bound_to()?;
        if Link::of(hardware) != self.link {
            return Err(io::ErrorKind::Unsupported.into());
        }
        self.hear_others(index, hardware)?;
        self.keep(self.kept)?;
        Ok(true)
    }

    /// Joins a group of rings, or founds one; its number.
    fn join(&self, group: Option<u16>) -> io::Result<u16> {
        // Pieces of a packet are put together first: only the first says which conversation it is of.
        let sort = libc::PACKET_FANOUT_HASH | libc::PACKET_FANOUT_FLAG_DEFRAG;
        let founding = libc::PACKET_FANOUT_FLAG_UNIQUEID;
        let sort = if group.is_some() {
            sort
        } else {
            sort | founding
        };
        let word = u32::from(group.unwrap_or(0)) | (sort << 16);
        system::set_option(&self.socket, libc::PACKET_FANOUT, &word.to_ne_bytes())?;
        let mut word = [0_u8; 4];
        system::get_option(&self.socket, libc::PACKET_FANOUT, &mut word)?;
        let number = u32::from_ne_bytes(word) & 0xFFFF;
        Ok(u16::try_from(number).unwrap_or(0))
    }

    /// What its frames begin with.
    #[must_use]
    pub const fn link(&self) -> Link {
        self.link
    }

    /// How many blocks it has.
    #[must_use]
    pub const fn blocks(&self) -> usize {
        self.map.blocks()
    }

    /// How many blocks wait to be read; when it is all of them, frames are lost.
    #[must_use]
    pub fn waiting(&self) -> usize {
        let blocks = self.map.blocks();
        let following = (0..blocks).map(|step| (self.next + step) % blocks.max(1));
        following
            .take_while(|number| self.map.is_ours(*number))
            .count()
    }

    /// Waits until a block can be read, for `patience` at most; whether there is one.
    ///
    /// # Errors
    /// When the interface went down or was taken away. It is heard again once it is up; after it was taken
    /// away, by [`Self::take_up_again`].
    pub fn wait(&self, patience: Duration) -> io::Result<bool> {
        if self.map.is_ours(self.next) {
            return Ok(true);
        }
        let patience = Timespec::try_from(patience).ok();
        let mut ready = [PollFd::new(&self.socket, PollFlags::IN | PollFlags::ERR)];
        match poll(&mut ready, patience.as_ref()) {
            Ok(_) | Err(rustix::io::Errno::INTR) => {}
            Err(error) => return Err(error.into()),
        }
        match self.socket.take_error()? {
            Some(error) => Err(error),
            None => Ok(self.map.is_ours(self.next)),
        }
    }

    /// The next block, if one can be read; given back to the kernel when it is dropped.
    pub fn next_block(&mut self) -> Option<Block<'_>> {
        let number = self.next;
        let blocks = self.map.blocks();
        let taken = self.map.take(number)?;
        self.next = (number + 1) % blocks.max(1);
        Some(Block { taken })
    }

    /// What the kernel counted since this was last asked.
    ///
    /// # Errors
    /// What the system says.
    pub fn statistics(&self) -> io::Result<Statistics> {
        let mut counts = [0_u8; 12];
        system::get_option(&self.socket, libc::PACKET_STATISTICS, &mut counts)?;
        let [a, b, c, d, e, f, g, h, ..] = counts;
        Ok(Statistics {
            frames: u32::from_ne_bytes([a, b, c, d]).into(),
            lost: u32::from_ne_bytes([e, f, g, h]).into(),
        })
    }
}

/// Some frames.
#[derive(Debug)]
pub struct Block<'r> {
    taken: Taken<'r>,
}

impl Block<'_> {
    /// The frames, in order.
    #[must_use]
    pub fn packets(&self) -> Packets<'_> {
        Packets::of(self.taken.bytes())
    }
}

/// `struct tpacket_req3`.
fn ring_request(blocks: usize) -> [u8; 28] {
    let number = |size: usize| u32::try_from(size).unwrap_or(0);
    // The frame size only has to divide the block: frames follow each other without it.
    let frame = 2_048_usize;
    let words = [
        number(BLOCK_BYTES),
        number(blocks),
        number(frame),
        number(BLOCK_BYTES / frame * blocks),
        BLOCK_PATIENCE_MS,
        0,
        0,
    ];
    let mut bytes = [0_u8; 28];
    for (room, word) in bytes.chunks_exact_mut(4).zip(words) {
        room.copy_from_slice(&word.to_ne_bytes());
    }
    bytes
}

/// `struct sockaddr_ll` of an interface, for every protocol.
fn address_of(index: u32) -> [u8; ADDRESS_BYTES] {
    let family = u16::try_from(libc::AF_PACKET).unwrap_or(0).to_ne_bytes();
    let protocol = ALL_PROTOCOLS.to_ne_bytes();
    let mut address = [0_u8; ADDRESS_BYTES];
    let parts = family
        .into_iter()
        .chain(protocol)
        .chain(index.to_ne_bytes());
    for (room, byte) in address.iter_mut().zip(parts) {
        *room = byte;
    }
    address
}

/// `struct packet_mreq`: everything on the wire.
fn promiscuous(index: u32) -> [u8; 16] {
    let sort = u16::try_from(libc::PACKET_MR_PROMISC)
        .unwrap_or(1)
        .to_ne_bytes();
    let mut request = [0_u8; 16];
    for (room, byte) in request
        .iter_mut()
        .zip(index.to_ne_bytes().into_iter().chain(sort))
    {
        *room = byte;
    }
    request
}
