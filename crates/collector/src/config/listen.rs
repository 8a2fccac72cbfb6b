//! Where records are sent to, and the blocklist is fetched: one `[[listen]]` section each.

use std::net::{IpAddr, SocketAddr};
use std::path::PathBuf;

use larum_core::address::Network;

use super::Zone;

/// One listener.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Listen {
    /// How records come.
    pub transport: Transport,
    /// Where; port 0 lets the system choose. `[::]` takes IPv4 too.
    pub address: SocketAddr,
    /// Who may send. Default: inside addresses (private, link-local, loopback).
    pub allow: Allow,
    /// Most records a second of one sender; a datagram beyond is dropped and counted, a stream is read
    /// no faster. Default: no limit.
    pub records_per_second: Option<u32>,
    /// Zone of time stamps that name none, for good. Default: learned for each device.
    pub zone: Option<Zone>,
    /// Encryption: always there for `tls`, where wished for `relp` and `http`.
    pub tls: Option<ListenTls>,
    /// File with the word senders over `http` must show (RFC 6750).
    pub token_file: Option<PathBuf>,
}

impl Listen {
    /// A listener with defaults; `tls` gets a certificate of the collector's own making.
    #[must_use]
    pub fn new(transport: Transport, address: SocketAddr) -> Self {
        Self {
            transport,
            address,
            allow: Allow::Inside,
            records_per_second: None,
            zone: None,
            tls: (transport == Transport::Tls).then(ListenTls::default),
            token_file: None,
        }
    }
}

/// How records come, or what else a listener is for.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub enum Transport {
    /// One record per datagram (RFC 5426).
    Udp,
    /// A stream, newline or octet-counted framing (RFC 6587), told apart per record.
    Tcp,
    /// The same over TLS (RFC 5425).
    Tls,
    /// RELP, which acknowledges each record.
    Relp,
    /// Lines in the body of an HTTP request, acknowledged by its answer.
    Http,
    /// Flow records over UDP: NetFlow 5 and 9, IPFIX, sFlow 5; each becomes a record.
    Flows,
    /// Nothing is received: devices fetch the blocklist over HTTP.
    Blocklist,
}

impl Transport {
    /// Whether its port is one of UDP.
    #[must_use]
    pub const fn is_over_udp(self) -> bool {
        matches!(self, Self::Udp | Self::Flows)
    }

    /// Every word of [`as_str`](Self::as_str).
    pub const WORDS: &[&str] = &["udp", "tcp", "tls", "relp", "http", "flows", "blocklist"];
    /// Every transport, in the order of [`WORDS`](Self::WORDS).
    pub const ALL: [Self; 7] = [
        Self::Udp,
        Self::Tcp,
        Self::Tls,
        Self::Relp,
        Self::Http,
        Self::Flows,
        Self::Blocklist,
    ];

    /// The word in configuration, logs and status.
    #[must_use]
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::Udp => "udp",
            Self::Tcp => "tcp",
            Self::Tls => "tls",
            Self::Relp => "relp",
            Self::Http => "http",
            Self::Flows => "flows",
            Self::Blocklist => "blocklist",
        }
    }

    pub(super) fn from_word(word: &str) -> Option<Self> {
        Self::ALL.into_iter().find(|one| one.as_str() == word)
    }
}

/// How a listener encrypts.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct ListenTls {
    /// What it shows. Default: of the collector's own making.
    pub certificate: CertificateFrom,
    /// File with the authorities whose certificates senders show. Default: senders need none.
    pub client_authority: Option<PathBuf>,
    /// Whether a sender without a certificate is let in although there is a `client_authority`.
    /// Default: no.
    pub client_optional: bool,
}

/// Where a listener's certificate comes from.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub enum CertificateFrom {
    /// The collector makes one, once, and signs it itself; senders know it by its fingerprint.
    #[default]
    OwnMade,
    /// The one the hub gave when this collector joined.
    Hub,
    /// PEM files.
    Files {
        /// The certificate, and those between it and its authority.
        certificate: PathBuf,
        /// Its private key.
        key: PathBuf,
    },
}

/// Who may send to a listener.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Allow {
    /// Every address that is not on the public internet.
    Inside,
    /// These networks only.
    Networks(Vec<Network>),
}

impl Allow {
    /// Whether records from `sender` are taken.
    #[must_use]
    pub fn permits(&self, sender: IpAddr) -> bool {
        match self {
            Self::Inside => !larum_core::address::is_public(sender),
            Self::Networks(networks) => networks.iter().any(|network| network.contains(sender)),
        }
    }
}
