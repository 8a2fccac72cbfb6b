//! Calls of the system for which no safe wrapper is at hand, and the memory shared with the kernel. All
//! unsafe code of the programs is here.

use std::io;
use std::os::fd::{AsRawFd, BorrowedFd};
use std::ptr::NonNull;
use std::sync::atomic::{AtomicU32, Ordering};

use socket2::Socket;

use crate::datagrams::{AT_ONCE, NAME_BYTES};

/// Where in a block its status stands.
const STATUS_AT: usize = 8;
/// The block is ours (`TP_STATUS_USER`); without it, the kernel's.
const OURS: u32 = libc::TP_STATUS_USER;
const KERNELS: u32 = libc::TP_STATUS_KERNEL;

fn length_of(bytes: &[u8]) -> libc::socklen_t {
    libc::socklen_t::try_from(bytes.len()).unwrap_or(0)
}

fn done(result: libc::c_int) -> io::Result<()> {
    if result == 0 {
        Ok(())
    } else {
        Err(io::Error::last_os_error())
    }
}

/// Sets an option of packet sockets to the bytes of its structure.
///
/// # Errors
/// What the system says.
#[expect(unsafe_code, reason = "no safe wrapper knows these options")]
pub fn set_option(socket: &Socket, option: libc::c_int, value: &[u8]) -> io::Result<()> {
    // SAFETY: the kernel reads `value.len()` bytes from a slice of that length, which it copies, and
    // refuses what it cannot use. The descriptor is open as long as `socket` is.
    done(unsafe {
        libc::setsockopt(
            socket.as_raw_fd(),
            libc::SOL_PACKET,
            option,
            value.as_ptr().cast(),
            length_of(value),
        )
    })
}

/// Reads an option of packet sockets into `value`; how many bytes it has.
///
/// # Errors
/// What the system says.
#[expect(unsafe_code, reason = "no safe wrapper knows these options")]
pub fn get_option(socket: &Socket, option: libc::c_int, value: &mut [u8]) -> io::Result<usize> {
    let mut length = length_of(value);
    // SAFETY: the kernel writes at most `length` bytes into a slice of that length, where any bytes are
    // valid, and its true length into `length`.
    done(unsafe {
        libc::getsockopt(
            socket.as_raw_fd(),
            libc::SOL_PACKET,
            option,
            value.as_mut_ptr().cast(),
            &raw mut length,
        )
    })?;
    Ok(usize::try_from(length).unwrap_or(0).min(value.len()))
}

/// Binds to an address given as the bytes of its structure.
///
/// # Errors
/// What the system says.
#[expect(unsafe_code, reason = "no safe wrapper knows addresses of links")]
pub fn bind(socket: &Socket, address: &[u8]) -> io::Result<()> {
    // SAFETY: the kernel copies `address.len()` bytes from a slice of that length before it looks at them.
    done(unsafe {
        libc::bind(
            socket.as_raw_fd(),
            address.as_ptr().cast(),
            length_of(address),
        )
    })
}

/// The address a socket is bound to, into `address`; how many bytes it has.
///
/// # Errors
/// What the system says.
#[expect(unsafe_code, reason = "no safe wrapper knows addresses of links")]
pub fn bound_to(socket: &Socket, address: &mut [u8]) -> io::Result<usize> {
    let mut length = length_of(address);
    // SAFETY: the kernel writes at most `length` bytes into a slice of that length, where any bytes are
    // valid, and its true length into `length`.
    done(unsafe {
        libc::getsockname(
            socket.as_raw_fd(),
            address.as_mut_ptr().cast(),
            &raw mut length,
        )
    })?;
    Ok(usize::try_from(length).unwrap_or(0).min(address.len()))
}

/// Receives datagrams without waiting, one into each of `slots`, with the sender's address as the system writes
/// it and the length that was written; how many there were. Of a datagram longer than its slot the rest
/// is lost.
///
/// # Errors
/// What the system says.
#[expect(unsafe_code, reason = "no safe wrapper receives many at once")]
pub fn receive_many<'s>(
    socket: BorrowedFd<'_>,
    slots: impl Iterator<Item = &'s mut [u8]>,
    names: &mut [[u8; NAME_BYTES]; AT_ONCE],
    lengths: &mut [usize; AT_ONCE],
) -> io::Result<usize> {
    // SAFETY: numbers and pointers only, for which zero is a value.
    let mut parts: [libc::iovec; AT_ONCE] = unsafe { std::mem::zeroed() };
    // SAFETY: the same.
    let mut heads: [libc::mmsghdr; AT_ONCE] = unsafe { std::mem::zeroed() };
    let mut ready = 0;
    let places = heads.iter_mut().zip(&mut parts).zip(&mut *names);
    for (((head, part), name), slot) in places.zip(slots) {
        part.iov_base = slot.as_mut_ptr().cast();
        part.iov_len = slot.len();
        head.msg_hdr.msg_iov = &raw mut *part;
        head.msg_hdr.msg_iovlen = 1;
        head.msg_hdr.msg_name = name.as_mut_ptr().cast();
        head.msg_hdr.msg_namelen = length_of(name);
        ready += 1;
    }
    // SAFETY: the first `ready` heads point each to one part and one name of the stated lengths, which are borrowed
    // mutably until this function ends and overlap nowhere; any bytes are valid in them. The kernel keeps
    // no pointer. The descriptor is open as long as it is borrowed.
    let got = unsafe {
        libc::recvmmsg(
            socket.as_raw_fd(),
            heads.as_mut_ptr(),
            ready,
            libc::MSG_DONTWAIT,
            std::ptr::null_mut(),
        )
    };
    let got = usize::try_from(got).map_err(|_| io::Error::last_os_error())?;
    for (length, head) in lengths.iter_mut().zip(&heads).take(got) {
        *length = usize::try_from(head.msg_len).unwrap_or(0);
    }
    Ok(got)
}

/// How many packets the system dropped at a socket (`SO_MEMINFO`, include/uapi/linux/sock_diag.h).
///
/// # Errors
/// What the system says.
#[expect(unsafe_code, reason = "no safe wrapper knows this option")]
pub fn dropped(socket: BorrowedFd<'_>) -> io::Result<u32> {
    /// Position of the drops among the numbers, and how many numbers there are.
    const DROPS: usize = 8;
    let mut numbers = [0_u32; DROPS + 1];
    let mut length = libc::socklen_t::try_from(size_of_val(&numbers)).unwrap_or(0);
    // SAFETY: the kernel writes at most `length` bytes into an array of that length, where any bytes are
    // valid, and its true length into `length`.
    done(unsafe {
        libc::getsockopt(
            socket.as_raw_fd(),
            libc::SOL_SOCKET,
            libc::SO_MEMINFO,
            numbers.as_mut_ptr().cast(),
            &raw mut length,
        )
    })?;
    let whole = usize::try_from(length).is_ok_and(|length| length >= size_of_val(&numbers));
    let drops = numbers.last().copied().filter(|_| whole);
    drops.ok_or_else(|| io::ErrorKind::Unsupported.into())
}

/// Memory shared with the kernel, in blocks that belong either to the kernel or to us.
///
/// Invariants: `base` is the beginning of a mapping of `blocks * block_bytes` bytes that lives as long as
/// this value and is unmapped by it alone; `block_bytes` is a multiple of the page size, so that the
/// status of each block is aligned; a reference into a block exists only within [`Taken`], while its
/// status says that it is ours, when the kernel does not write to it.
#[derive(Debug)]
pub struct Map {
    base: NonNull<u8>,
    blocks: usize,
    block_bytes: usize,
}

// SAFETY: the mapping belongs to the process, not to a thread, and `Map` is its only owner.
#[expect(unsafe_code, reason = "a pointer is not sent by itself")]
unsafe impl Send for Map {}

impl Map {
    /// Maps the ring of `socket`, which was set up with these sizes.
    ///
    /// # Errors
    /// What the system says.
    #[expect(
        unsafe_code,
        reason = "mapping memory cannot be checked by the compiler"
    )]
    pub fn new(socket: &Socket, blocks: usize, block_bytes: usize) -> io::Result<Self> {
        let too_large = || io::Error::from(io::ErrorKind::InvalidInput);
        let length = blocks.checked_mul(block_bytes).ok_or_else(too_large)?;
        if length == 0 || !block_bytes.is_multiple_of(4_096) {
            return Err(too_large());
        }
        // SAFETY: without an address to be at and without `MAP_FIXED`, no memory in use is touched. The
        // kernel refuses a length that is not the ring's.
        let base = unsafe {
            libc::mmap(
                std::ptr::null_mut(),
                length,
                libc::PROT_READ | libc::PROT_WRITE,
                libc::MAP_SHARED,
                socket.as_raw_fd(),
                0,
            )
        };
        if base == libc::MAP_FAILED {
            return Err(io::Error::last_os_error());
        }
        let base = NonNull::new(base.cast()).ok_or_else(too_large)?;
        Ok(Self {
            base,
            blocks,
            block_bytes,
        })
    }

    /// How many blocks there are.
    pub const fn blocks(&self) -> usize {
        self.blocks
    }

    /// Where block `number` begins, if there is one.
    #[expect(unsafe_code, reason = "the place of a block in mapped memory")]
    fn place(&self, number: usize) -> Option<NonNull<u8>> {
        if number >= self.blocks {
            return None;
        }
        // SAFETY: `number` is below `blocks`, so the place is inside the mapping, whose length did not
        // overflow when it was made.
        Some(unsafe { self.base.add(number * self.block_bytes) })
    }

    #[expect(unsafe_code, reason = "the status is shared with the kernel")]
    fn status(&self, number: usize) -> Option<&AtomicU32> {
        let block = self.place(number)?;
        // SAFETY: the status stands within the block, which is longer than a page.
        let status = unsafe { block.add(STATUS_AT) };
        // SAFETY: blocks begin at a page, so the status is aligned; it is inside the mapping, which lives
        // as long as `self`; on our side it is only ever used as an atomic, but for `Taken::bytes`,
        // during whose loan nobody writes.
        Some(unsafe { AtomicU32::from_ptr(status.cast().as_ptr()) })
    }

    /// Whether block `number` is ours.
    pub fn is_ours(&self, number: usize) -> bool {
        // What the kernel wrote before it gave the block away is seen after this.
        self.status(number)
            .is_some_and(|status| status.load(Ordering::Acquire) & OURS != 0)
    }

    /// Block `number`, if it is ours. No other block can be taken before it is given back.
    pub fn take(&mut self, number: usize) -> Option<Taken<'_>> {
        self.is_ours(number).then_some(Taken { map: self, number })
    }
}

impl Drop for Map {
    #[expect(unsafe_code, reason = "mapped memory is given back by its owner")]
    fn drop(&mut self) {
        // SAFETY: exactly what was mapped, by its only owner; every reference into it borrowed `self`.
        // That it might fail changes nothing for us.
        unsafe {
            libc::munmap(self.base.as_ptr().cast(), self.blocks * self.block_bytes);
        }
    }
}

/// A block that is ours; given back to the kernel at its end.
#[derive(Debug)]
pub struct Taken<'m> {
    map: &'m mut Map,
    number: usize,
}

impl Taken<'_> {
    /// What stands in it.
    #[expect(unsafe_code, reason = "the bytes are in mapped memory")]
    pub fn bytes(&self) -> &[u8] {
        let Some(block) = self.map.place(self.number) else {
            return &[];
        };
        // SAFETY: the block is inside the mapping and `block_bytes` long; its status said that it is ours,
        // so the kernel does not write to it until it is given back, which `Drop` does when no loan
        // of `self` is left; nobody else has the mapping.
        unsafe { std::slice::from_raw_parts(block.as_ptr(), self.map.block_bytes) }
    }
}

impl Drop for Taken<'_> {
    fn drop(&mut self) {
        if let Some(status) = self.map.status(self.number) {
            // All reading is done before the kernel may write again.
            status.store(KERNELS, Ordering::Release);
        }
    }
}
