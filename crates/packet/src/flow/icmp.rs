//! ICMP: questions and answers are flows of their own; an error speaks of another flow.

use super::{Counted, Meter, Tell, ends};
use crate::bytes::{be16, u8_at};
use crate::community::{End, icmp_ports};
use crate::flow::table::Key;
use crate::ip::{self, Datagram};
use crate::unread::Unread;

/// Takes an ICMP packet.
pub fn take(
    meter: &mut Meter,
    datagram: &Datagram<'_>,
    counted: Counted,
    tell: &mut impl Tell,
) -> Result<(), Unread> {
    let six = datagram.protocol == 58;
    let cut = if datagram.missing > 0 {
        Unread::Cut
    } else {
        Unread::Malformed
    };
    let kind = u8_at(datagram.payload, 0).ok_or(cut)?;
    let code = u8_at(datagram.payload, 1).ok_or(cut)?;
    let (from, to, one_way) = icmp_ports(six, kind, code);
    let unreachable = if six { kind == 1 } else { kind == 3 };
    if unreachable {
        mark_unreachable(meter, datagram);
    }
    // Who answers first was asked by the other side.
    let is_answer = !one_way
        && if six {
            kind & 1 == 1
        } else {
            matches!(kind, 0 | 14 | 16 | 18 | 9)
        };
    let ends = ends(datagram, from, to);
    let (place, from_client) = meter.flow_of(ends, datagram.protocol, !is_answer, counted, tell);
    if let Some(flow) = meter.table.get(place) {
        flow.one_way = one_way;
    }
    meter.count(place, from_client, counted);
    Ok(())
}

/// The packet that an error quotes could not be delivered (RFC 792, RFC 4443).
fn mark_unreachable(meter: &mut Meter, datagram: &Datagram<'_>) {
    let Some(Ok(quoted)) = datagram.payload.get(8..).map(ip::header) else {
        return;
    };
    let ports = be16(quoted.payload, 0).zip(be16(quoted.payload, 2));
    let Some((from, to)) = ports.filter(|_| matches!(quoted.protocol, 6 | 17 | 132)) else {
        return;
    };
    let end = |ip, port| End { ip, port };
    let (key, source_low) = Key::of(
        end(quoted.source, from),
        end(quoted.target, to),
        quoted.protocol,
    );
    let place = meter.table.find(&key);
    if let Some(flow) = place.and_then(|place| meter.table.get(place))
        && flow.client_is_low == source_low
    {
        flow.unreachable = true;
    }
}
