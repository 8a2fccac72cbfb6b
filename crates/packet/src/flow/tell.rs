//! Flows and what was said in them, as events.

use larum_core::event::{Event, Kind, Protocol};
use larum_core::time::{DeviceTime, Timestamp};

use super::state::Flow;
use super::{FORMAT, Tell};
use crate::app::Fact;
use crate::community::community_id;

const TCP: u8 = 6;
const UDP: u8 = 17;

/// Tells what was said.
pub fn facts(flow: &mut Flow, facts: &mut Vec<Fact>, tell: &mut impl Tell) {
    for fact in facts.drain(..) {
        let Some(kind) = fact.kind() else {
            if let Some(talk) = &mut flow.talk {
                talk.keep(fact);
            }
            continue;
        };
        let mut event = blank(flow, kind, fact.at());
        fact.fill(&mut event);
        tell.event(&mut event);
    }
    // Memory is given back as soon as nothing is kept.
    if flow.talk_over && flow.talk.as_ref().is_some_and(|talk| talk.kept.is_empty()) {
        flow.talk = None;
    }
}

/// Tells a flow that has ended.
pub fn flow(flow: &Flow, shed: bool, tell: &mut impl Tell) {
    let mut event = blank(flow, Kind::Network, flow.first);
    for fact in flow.talk.iter().flat_map(|talk| &talk.kept) {
        fact.fill(&mut event);
    }
    event.kind = Kind::Network;
    event.app_proto = flow.app.map(|protocol| protocol.as_str().into());
    event.action = flow.action();
    let ending = if shed { "shed" } else { flow.ending().as_str() };
    event.action_raw = Some(ending.into());
    let history = flow.history();
    event.event_code = (!history.is_empty()).then(|| history.into());
    event.src_bytes = Some(flow.client.bytes);
    event.dst_bytes = Some(flow.server.bytes);
    let lasted = flow.last.millis_since(flow.first);
    event.duration_ms = Some(u64::try_from(lasted).unwrap_or(0));
    event.truncated = flow.lost > 0;
    tell.event(&mut event);
}

/// An event of the flow with its ends, all else unsaid.
fn blank<'a>(flow: &Flow, kind: Kind, at: Timestamp) -> Event<'a> {
    let (client, server) = flow.ends();
    let protocol = flow.key.protocol;
    let mut event = Event::new(at, FORMAT, kind);
    event.ts = Some(DeviceTime::stated(at, 0));
    event.src_ip = Some(client.ip);
    event.dst_ip = Some(server.ip);
    let has_ports = matches!(protocol, TCP | UDP | 132);
    if has_ports {
        event.src_port = Some(client.port);
        event.dst_port = Some(server.port);
    }
    event.proto = Some(Protocol::from_number(protocol));
    let has_ports = has_ports || matches!(protocol, 1 | 58);
    let id = community_id(client, server, protocol, has_ports, flow.one_way);
    event.community_id = Some(id.into());
    event
}
