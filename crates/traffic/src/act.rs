//! What happened, before any device wrote it down.

use std::net::{IpAddr, SocketAddr};

use larum_core::time::Timestamp;

/// One thing that happened at a firm.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Act {
    /// A connection or packet a firewall decided about.
    Connection(Connection),
    /// A log-in over SSH.
    LogIn(LogIn),
    /// A log-in to the firewall's remote access (VPN).
    RemoteAccess(LogIn),
    /// A request to the firm's web site.
    Request(Request),
    /// An alert of the firewall's intrusion prevention.
    Alert(Alert),
}

/// An act and when it happened.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Moment {
    /// When.
    pub at: Timestamp,
    /// What.
    pub act: Act,
}

/// Transport of a connection.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Transport {
    /// TCP, protocol 6.
    Tcp,
    /// UDP, protocol 17.
    Udp,
    /// An ICMP echo request, protocol 1 (58 over IPv6).
    Icmp,
}

/// A connection or packet a firewall decided about.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Connection {
    /// Who opened it.
    pub source: SocketAddr,
    /// Where to, as the opener addressed it.
    pub target: SocketAddr,
    /// Transport.
    pub transport: Transport,
    /// Whether the firewall let it through.
    pub allowed: bool,
    /// Whether it came from the internet.
    pub inbound: bool,
    /// Bytes from the opener.
    pub sent_bytes: u64,
    /// Bytes to the opener.
    pub received_bytes: u64,
    /// How long it lasted.
    pub duration_seconds: u64,
}

/// A log-in, over SSH or to remote access.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct LogIn {
    /// From where.
    pub source: SocketAddr,
    /// Account name tried.
    pub user: String,
    /// Whether the account exists.
    pub known_user: bool,
    /// Whether it worked.
    pub success: bool,
    /// Whether with a key instead of a password.
    pub with_key: bool,
}

/// A request to the firm's web site.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Request {
    /// From where.
    pub source: IpAddr,
    /// Method.
    pub method: &'static str,
    /// Path and query.
    pub target: String,
    /// Answer.
    pub status: u16,
    /// Bytes of the answer.
    pub bytes: u64,
    /// Page it came from; empty if none.
    pub referer: String,
    /// Browser.
    pub agent: &'static str,
}

/// An alert of the firewall's intrusion prevention.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Alert {
    /// Who sent it.
    pub source: SocketAddr,
    /// Who was meant.
    pub target: SocketAddr,
    /// Vendor's name of the attack.
    pub attack: &'static str,
    /// Vendor's number of the attack.
    pub attack_id: u32,
    /// Whether it was dropped.
    pub dropped: bool,
}
