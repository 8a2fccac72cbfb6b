//! Events that outlive the packet they were told of.

use larum_core::event::{Event, Text};

use super::FORMAT;

/// `event`, told by a [`super::Meter`], with everything it borrowed copied.
#[must_use]
pub fn owned(event: &Event<'_>) -> Event<'static> {
    let copy = |text: &Option<Text<'_>>| -> Option<Text<'static>> {
        text.as_ref().map(|text| text.clone().into_owned().into())
    };
    Event {
        received: event.received,
        ts: event.ts,
        format: FORMAT,
        kind: event.kind,
        // The makers of devices are never told of packets.
        vendor: None,
        product: None,
        device: copy(&event.device),
        src_ip: event.src_ip,
        src_port: event.src_port,
        src_host: copy(&event.src_host),
        dst_ip: event.dst_ip,
        dst_port: event.dst_port,
        dst_host: copy(&event.dst_host),
        src_nat_ip: event.src_nat_ip,
        dst_nat_ip: event.dst_nat_ip,
        proto: event.proto,
        app_proto: copy(&event.app_proto),
        direction: event.direction,
        action: event.action,
        action_raw: copy(&event.action_raw),
        outcome: event.outcome,
        user: copy(&event.user),
        rule: copy(&event.rule),
        signature: copy(&event.signature),
        severity: copy(&event.severity),
        event_code: copy(&event.event_code),
        src_bytes: event.src_bytes,
        dst_bytes: event.dst_bytes,
        duration_ms: event.duration_ms,
        http_method: copy(&event.http_method),
        url: copy(&event.url),
        http_status: event.http_status,
        user_agent: copy(&event.user_agent),
        tls_sni: copy(&event.tls_sni),
        tls_version: copy(&event.tls_version),
        ja3: copy(&event.ja3),
        ja4: copy(&event.ja4),
        certificate: event.certificate.clone(),
        dns_query: copy(&event.dns_query),
        dns_type: copy(&event.dns_type),
        dns_rcode: copy(&event.dns_rcode),
        community_id: copy(&event.community_id),
        truncated: event.truncated,
    }
}
