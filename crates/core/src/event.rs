//! What a device saw, normalised: one record, one [`Event`].
//!
//! Names follow OCSF 1.8 (network activity 4001, HTTP 4002, DNS 4003, authentication 3002, detection
//! finding 2004) where it has one; the keys of the JSON form are the command-line contract.

mod certificate;
mod field;
mod json;
mod protocol;

pub use certificate::Certificate;
pub use field::{Field, Value};
pub use json::{write_event, write_reject, write_string};
pub use protocol::Protocol;

use std::borrow::Cow;
use std::net::IpAddr;
use std::sync::Arc;

use crate::time::{DeviceTime, Timestamp};

/// Text of a record: borrowed where the device wrote it plainly, owned where an escape had to be
/// undone.
pub type Text<'a> = Cow<'a, str>;

/// A closed set of words, each with its one spelling outside the program.
macro_rules! words {
    ($(#[$meta:meta])* $name:ident { $($(#[$variant_meta:meta])* $variant:ident = $word:literal,)+ }) => {
        $(#[$meta])*
        #[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
        pub enum $name { $($(#[$variant_meta])* $variant,)+ }

        impl $name {
            /// Every value, in order.
            pub const ALL: &'static [Self] = &[$(Self::$variant,)+];

            /// The one spelling used in JSON, on the wire and in configuration.
            #[must_use]
            pub const fn as_str(self) -> &'static str {
                match self { $(Self::$variant => $word,)+ }
            }

            /// The value spelled `word`, exactly.
            #[must_use]
            pub fn from_word(word: &str) -> Option<Self> {
                Self::ALL.iter().copied().find(|value| value.as_str() == word)
            }
        }

        impl std::fmt::Display for $name {
            fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
                f.pad(self.as_str())
            }
        }
    };
}
pub(crate) use words;

words! {
    /// What sort of thing was seen.
    Kind {
        /// A packet, connection or flow decision.
        Network = "network",
        /// A web request.
        Http = "http",
        /// A TLS handshake.
        Tls = "tls",
        /// A name look-up.
        Dns = "dns",
        /// A log-in, log-out or authentication step.
        Auth = "auth",
        /// An alert of an intrusion detector, anti-virus or web filter.
        Ids = "ids",
        /// A mail transaction.
        Mail = "mail",
        /// Something done to a file.
        File = "file",
        /// A process started or stopped.
        Process = "process",
        /// The device speaking about itself.
        System = "system",
    }
}

words! {
    /// What the device did about it.
    Action {
        /// Let through.
        Allow = "allow",
        /// Refused, and the sender was told.
        Deny = "deny",
        /// Refused silently.
        Drop = "drop",
        /// Cut with a TCP reset.
        Reset = "reset",
        /// Ended normally.
        Close = "close",
        /// Ended by idleness.
        Timeout = "timeout",
        /// Reported only.
        Alert = "alert",
        /// The device said something that maps to none of these.
        Unknown = "unknown",
    }
}

impl Action {
    /// Whether the device kept it out.
    #[must_use]
    pub const fn is_refusal(self) -> bool {
        matches!(self, Self::Deny | Self::Drop | Self::Reset)
    }
}

words! {
    /// How an attempt ended.
    Outcome {
        /// It worked.
        Success = "success",
        /// It did not.
        Failure = "failure",
    }
}

words! {
    /// Which way it went, seen from the firm.
    Direction {
        /// From the internet to the firm.
        Inbound = "inbound",
        /// From the firm to the internet.
        Outbound = "outbound",
        /// Inside the firm.
        Internal = "internal",
        /// Between two hosts that are not the firm's.
        External = "external",
    }
}

/// One thing a device saw, normalised from one record. Fields the device did not state are `None`;
/// nothing is guessed into them except where a field says so.
#[derive(Clone, Debug, PartialEq)]
pub struct Event<'a> {
    /// When the collector (or the caller, for recordings) received the record.
    pub received: Timestamp,
    /// When the device says it happened, with the offset the device meant.
    pub ts: Option<DeviceTime>,
    /// Name of the format that read it.
    pub format: &'a str,
    /// What sort of thing it is.
    pub kind: Kind,
    /// Maker of the device.
    pub vendor: Option<&'a str>,
    /// Product.
    pub product: Option<&'a str>,
    /// The device's own name for itself (syslog host name or a field of the message).
    pub device: Option<Text<'a>>,
    /// Who started it.
    pub src_ip: Option<IpAddr>,
    /// Port of the starter.
    pub src_port: Option<u16>,
    /// Host name of the starter, where stated.
    pub src_host: Option<Text<'a>>,
    /// Whom it was meant for.
    pub dst_ip: Option<IpAddr>,
    /// Port it was meant for.
    pub dst_port: Option<u16>,
    /// Host name it was meant for.
    pub dst_host: Option<Text<'a>>,
    /// Source after address translation.
    pub src_nat_ip: Option<IpAddr>,
    /// Destination after address translation.
    pub dst_nat_ip: Option<IpAddr>,
    /// IP protocol.
    pub proto: Option<Protocol>,
    /// Application protocol, as the device named it, lower case.
    pub app_proto: Option<Text<'a>>,
    /// Which way it went: the device's own word; where it gave none, filled in by whoever knows the
    /// firm's addresses ([`crate::own`]), never by a format's reader alone.
    pub direction: Option<Direction>,
    /// What the device did.
    pub action: Option<Action>,
    /// The device's own word for what it did.
    pub action_raw: Option<Text<'a>>,
    /// How the attempt ended.
    pub outcome: Option<Outcome>,
    /// Account name concerned. Never leaves the firm.
    pub user: Option<Text<'a>>,
    /// Rule or policy that decided.
    pub rule: Option<Text<'a>>,
    /// Name of the alert or threat.
    pub signature: Option<Text<'a>>,
    /// The device's own severity, as written.
    pub severity: Option<Text<'a>>,
    /// The device's own message number.
    pub event_code: Option<Text<'a>>,
    /// Bytes from source to destination.
    pub src_bytes: Option<u64>,
    /// Bytes from destination to source.
    pub dst_bytes: Option<u64>,
    /// How long it lasted.
    pub duration_ms: Option<u64>,
    /// HTTP request method.
    pub http_method: Option<Text<'a>>,
    /// Request target or full URL as logged.
    pub url: Option<Text<'a>>,
    /// HTTP response status.
    pub http_status: Option<u16>,
    /// HTTP user agent.
    pub user_agent: Option<Text<'a>>,
    /// TLS server name.
    pub tls_sni: Option<Text<'a>>,
    /// TLS version.
    pub tls_version: Option<Text<'a>>,
    /// JA3 fingerprint.
    pub ja3: Option<Text<'a>>,
    /// JA4 fingerprint.
    pub ja4: Option<Text<'a>>,
    /// The server's certificate, where it went over the network in clear. Read from packets only.
    pub certificate: Option<Arc<Certificate>>,
    /// Name looked up.
    pub dns_query: Option<Text<'a>>,
    /// Record type looked up.
    pub dns_type: Option<Text<'a>>,
    /// Answer code.
    pub dns_rcode: Option<Text<'a>>,
    /// Community id of the flow.
    pub community_id: Option<Text<'a>>,
    /// Whether the record was cut off at the record limit.
    pub truncated: bool,
}

impl<'a> Event<'a> {
    /// An event of `kind` read by `format`, all else unsaid.
    #[must_use]
    pub const fn new(received: Timestamp, format: &'a str, kind: Kind) -> Self {
        Self {
            received,
            ts: None,
            format,
            kind,
            vendor: None,
            product: None,
            device: None,
            src_ip: None,
            src_port: None,
            src_host: None,
            dst_ip: None,
            dst_port: None,
            dst_host: None,
            src_nat_ip: None,
            dst_nat_ip: None,
            proto: None,
            app_proto: None,
            direction: None,
            action: None,
            action_raw: None,
            outcome: None,
            user: None,
            rule: None,
            signature: None,
            severity: None,
            event_code: None,
            src_bytes: None,
            dst_bytes: None,
            duration_ms: None,
            http_method: None,
            url: None,
            http_status: None,
            user_agent: None,
            tls_sni: None,
            tls_version: None,
            ja3: None,
            ja4: None,
            certificate: None,
            dns_query: None,
            dns_type: None,
            dns_rcode: None,
            community_id: None,
            truncated: false,
        }
    }

    /// The time detectors go by: the device's own where it gave one, else the time of receipt.
    #[must_use]
    pub fn at(&self) -> Timestamp {
        self.ts.map_or(self.received, |time| time.at)
    }
}
