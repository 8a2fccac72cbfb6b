//! The fields of an event by name: what format files, Sigma rules and the JSON form share.

use std::fmt;
use std::net::IpAddr;

use super::{Event, words};
use crate::time::DeviceTime;

words! {
    /// A field of an [`Event`], spelled as in the command-line contract; `ALL` is the contract's order.
    Field {
        /// Event time.
        Ts = "ts",
        /// Format name.
        Format = "format",
        /// Kind of event.
        Kind = "kind",
        /// Maker.
        Vendor = "vendor",
        /// Product.
        Product = "product",
        /// Device name.
        Device = "device",
        /// Source address.
        SrcIp = "src_ip",
        /// Source port.
        SrcPort = "src_port",
        /// Source host name.
        SrcHost = "src_host",
        /// Destination address.
        DstIp = "dst_ip",
        /// Destination port.
        DstPort = "dst_port",
        /// Destination host name.
        DstHost = "dst_host",
        /// Translated source address.
        SrcNatIp = "src_nat_ip",
        /// Translated destination address.
        DstNatIp = "dst_nat_ip",
        /// IP protocol keyword.
        Proto = "proto",
        /// Application protocol.
        AppProto = "app_proto",
        /// Direction.
        Direction = "direction",
        /// Action.
        Action = "action",
        /// The device's own word for the action.
        ActionRaw = "action_raw",
        /// Outcome.
        Outcome = "outcome",
        /// Account name.
        User = "user",
        /// Rule or policy.
        Rule = "rule",
        /// Alert name.
        Signature = "signature",
        /// Device severity.
        Severity = "severity",
        /// Device message number.
        EventCode = "event_code",
        /// Bytes sent by the source.
        SrcBytes = "src_bytes",
        /// Bytes sent by the destination.
        DstBytes = "dst_bytes",
        /// Duration in milliseconds.
        DurationMs = "duration_ms",
        /// HTTP method.
        HttpMethod = "http_method",
        /// URL.
        Url = "url",
        /// HTTP status.
        HttpStatus = "http_status",
        /// User agent.
        UserAgent = "user_agent",
        /// TLS server name.
        TlsSni = "tls_sni",
        /// TLS version.
        TlsVersion = "tls_version",
        /// JA3.
        Ja3 = "ja3",
        /// JA4.
        Ja4 = "ja4",
        /// Whom the server's certificate names.
        TlsSubject = "tls_subject",
        /// Who vouches for it.
        TlsIssuer = "tls_issuer",
        /// From when it is good.
        TlsNotBefore = "tls_not_before",
        /// Until when it is good.
        TlsNotAfter = "tls_not_after",
        /// Whether it vouches for itself.
        TlsSelfSigned = "tls_self_signed",
        /// DNS name.
        DnsQuery = "dns_query",
        /// DNS type.
        DnsType = "dns_type",
        /// DNS answer code.
        DnsRcode = "dns_rcode",
        /// Community id.
        CommunityId = "community_id",
        /// Cut off at the record limit.
        Truncated = "truncated",
    }
}

/// The value of a field, borrowed from the event.
#[derive(Clone, Copy, Debug, PartialEq)]
pub enum Value<'v> {
    /// Text.
    Text(&'v str),
    /// A whole number.
    Number(u64),
    /// An address.
    Ip(IpAddr),
    /// A moment.
    Time(DeviceTime),
    /// Yes or no.
    Flag(bool),
}

impl fmt::Display for Value<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Text(text) => f.write_str(text),
            Self::Number(number) => number.fmt(f),
            Self::Ip(ip) => ip.fmt(f),
            Self::Time(time) => time.fmt(f),
            Self::Flag(flag) => flag.fmt(f),
        }
    }
}

impl Event<'_> {
    /// The value of `field`; `None` where the device did not say, and for `truncated` when it is
    /// false.
    #[must_use]
    pub fn get(&self, field: Field) -> Option<Value<'_>> {
        use Value::{Flag, Ip, Number, Text, Time};
        fn text<'v>(value: Option<&'v super::Text<'_>>) -> Option<Value<'v>> {
            value.map(|value| Text(value.as_ref()))
        }
        match field {
            Field::Ts => self.ts.map(Time),
            Field::Format => Some(Text(self.format)),
            Field::Kind => Some(Text(self.kind.as_str())),
            Field::Vendor => self.vendor.map(Text),
            Field::Product => self.product.map(Text),
            Field::Device => text(self.device.as_ref()),
            Field::SrcIp => self.src_ip.map(Ip),
            Field::SrcPort => self.src_port.map(|port| Number(port.into())),
            Field::SrcHost => text(self.src_host.as_ref()),
            Field::DstIp => self.dst_ip.map(Ip),
            Field::DstPort => self.dst_port.map(|port| Number(port.into())),
            Field::DstHost => text(self.dst_host.as_ref()),
            Field::SrcNatIp => self.src_nat_ip.map(Ip),
            Field::DstNatIp => self.dst_nat_ip.map(Ip),
            Field::Proto => self.proto.map(|proto| Text(proto.keyword())),
            Field::AppProto => text(self.app_proto.as_ref()),
            Field::Direction => self.direction.map(|word| Text(word.as_str())),
            Field::Action => self.action.map(|word| Text(word.as_str())),
            Field::ActionRaw => text(self.action_raw.as_ref()),
            Field::Outcome => self.outcome.map(|word| Text(word.as_str())),
            Field::User => text(self.user.as_ref()),
            Field::Rule => text(self.rule.as_ref()),
            Field::Signature => text(self.signature.as_ref()),
            Field::Severity => text(self.severity.as_ref()),
            Field::EventCode => text(self.event_code.as_ref()),
            Field::SrcBytes => self.src_bytes.map(Number),
            Field::DstBytes => self.dst_bytes.map(Number),
            Field::DurationMs => self.duration_ms.map(Number),
            Field::HttpMethod => text(self.http_method.as_ref()),
            Field::Url => text(self.url.as_ref()),
            Field::HttpStatus => self.http_status.map(|status| Number(status.into())),
            Field::UserAgent => text(self.user_agent.as_ref()),
            Field::TlsSni => text(self.tls_sni.as_ref()),
            Field::TlsVersion => text(self.tls_version.as_ref()),
            Field::Ja3 => text(self.ja3.as_ref()),
            Field::Ja4 => text(self.ja4.as_ref()),
            Field::TlsSubject => Some(Text(&self.certificate.as_ref()?.subject)),
            Field::TlsIssuer => Some(Text(&self.certificate.as_ref()?.issuer)),
            Field::TlsNotBefore => {
                let from = self.certificate.as_ref()?.not_before;
                Some(Time(DeviceTime::stated(from, 0)))
            }
            Field::TlsNotAfter => {
                let until = self.certificate.as_ref()?.not_after;
                Some(Time(DeviceTime::stated(until, 0)))
            }
            Field::TlsSelfSigned => Some(Flag(self.certificate.as_ref()?.self_signed)),
            Field::DnsQuery => text(self.dns_query.as_ref()),
            Field::DnsType => text(self.dns_type.as_ref()),
            Field::DnsRcode => text(self.dns_rcode.as_ref()),
            Field::CommunityId => text(self.community_id.as_ref()),
            Field::Truncated => self.truncated.then_some(Flag(true)),
        }
    }
}
