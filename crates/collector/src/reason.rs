//! Why a record was dropped before parsing, or a connection refused: one reason is the log field, the
//! metric label, the status key and the word on the page.

/// Why a record never reached the parser.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Dropped {
    /// The queue before the parser was full, and a datagram cannot wait.
    QueueFull,
    /// The system's receive buffer was full; the system counted it.
    SystemBuffer,
    /// The sender is not on the listener's allow-list.
    SenderNotAllowed,
    /// The connection ended in the middle of the record.
    CutShort,
    /// The sender sends more in a second than its listener allows.
    TooFast,
    /// The rest of a packed file that is damaged or unpacks to far too much: one for each file.
    NotUnpacked,
    /// It was kept on disk, and damage there has cost it: one for each chunk, whatever was in it.
    IntakeDamaged,
    /// Sent by the device, as the numbers it sends with say, and lost on the way here.
    NotArrived,
    /// A packet of a conversation passed over because packets came too fast to be looked at.
    Overload,
}

impl Dropped {
    /// Every reason, in the order used on pages and in metrics.
    pub const ALL: [Self; 9] = [
        Self::QueueFull,
        Self::SystemBuffer,
        Self::SenderNotAllowed,
        Self::CutShort,
        Self::TooFast,
        Self::NotUnpacked,
        Self::IntakeDamaged,
        Self::NotArrived,
        Self::Overload,
    ];

    /// The stable code used in `--json`, metrics and the status sum.
    #[must_use]
    pub const fn code(self) -> &'static str {
        match self {
            Self::QueueFull => "queue-full",
            Self::SystemBuffer => "system-buffer",
            Self::SenderNotAllowed => "sender-not-allowed",
            Self::CutShort => "cut-short",
            Self::TooFast => "too-fast",
            Self::NotUnpacked => "not-unpacked",
            Self::IntakeDamaged => "intake-damaged",
            Self::NotArrived => "not-arrived",
            Self::Overload => "overload",
        }
    }
}

/// Why a connection was closed or not taken.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Closed {
    /// The sender is not on the listener's allow-list.
    SenderNotAllowed,
    /// The listener has as many connections as it may.
    TooMany,
    /// This sender has as many connections as one may.
    TooManyOfOne,
    /// All connections of the listener were taken; this one made room for a sender that had fewer.
    GaveWay,
    /// Nothing came for the idle time.
    Idle,
    /// The TLS handshake failed, or took too long.
    Handshake,
    /// What came is not the protocol of the listener.
    NotProtocol,
    /// What came could not be kept on disk.
    NotKept,
}

impl Closed {
    /// Every reason, in the order used on pages and in metrics.
    pub const ALL: [Self; 8] = [
        Self::SenderNotAllowed,
        Self::TooMany,
        Self::TooManyOfOne,
        Self::GaveWay,
        Self::Idle,
        Self::Handshake,
        Self::NotProtocol,
        Self::NotKept,
    ];

    /// The stable code.
    #[must_use]
    pub const fn code(self) -> &'static str {
        match self {
            Self::SenderNotAllowed => "sender-not-allowed",
            Self::TooMany => "too-many-connections",
            Self::TooManyOfOne => "too-many-from-one-sender",
            Self::GaveWay => "gave-way",
            Self::Idle => "idle",
            Self::Handshake => "handshake-failed",
            Self::NotProtocol => "not-the-protocol",
            Self::NotKept => "not-kept",
        }
    }
}
