//! Network interfaces that are listened on: one `[[capture]]` section each.

/// Most `[[capture]]` sections.
pub const MAX_CAPTURES: usize = 8;
/// Most bytes of one interface's rings.
pub const MAX_RING_BYTES: u64 = 1 << 30;

/// An interface whose traffic is looked at.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct CaptureInput {
    /// Its name, such as `eth1`.
    pub interface: String,
    /// Threads that share its conversations. Default: 1.
    pub workers: usize,
    /// Memory shared with the kernel, in which frames wait, in bytes. Default: 32 MiB.
    pub ring_bytes: usize,
    /// Most bytes kept of a frame; the rest counts as missing. Default: 65,535, which is all.
    pub frame_bytes: usize,
    /// Whether frames meant for others are looked at too, as on a mirror port. Default: yes.
    pub promiscuous: bool,
    /// Conversations known at the same time, at most. Default: 131,072 (worst case 56 MiB).
    pub flows: usize,
}

impl CaptureInput {
    /// The interface with this name, all else default.
    #[must_use]
    pub fn new(interface: impl Into<String>) -> Self {
        Self {
            interface: interface.into(),
            workers: 1,
            ring_bytes: 32 << 20,
            frame_bytes: 65_535,
            promiscuous: true,
            flows: 131_072,
        }
    }

    /// What the interface is called in sums, on the page and in the log.
    #[must_use]
    pub fn device(&self) -> String {
        format!("capture {}", self.interface)
    }
}
