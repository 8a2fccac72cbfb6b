//! From packets to flows, and from flows to events.
//!
//! A [`Meter`] takes packets in the order of a capture and tells an event for each thing said
//! ([`crate::app`]) and for each flow, once it has ended: closed, silent for too long ([`Wait`]), or
//! shed because [`Limits::flows`] are in the table. TCP, UDP, SCTP, ICMP and any other protocol over IP
//! are flows; each packet counts in one flow or as [`Unread`], never in both.
//!
//! The client is who sent the first packet, but for TCP whoever sent the SYN; where the capture begins
//! within a flow, a port below 1024 facing one above is the server's.

mod clock;
mod header;
mod icmp;
mod keep;
mod state;
mod stream;
mod table;
mod talk;
mod tell;

pub use keep::owned;
pub use stream::{MAX_WAITING, MAX_WAITING_BYTES};
pub use table::Wait;

use std::collections::VecDeque;

use larum_core::event::Event;
use larum_core::time::Timestamp;

use crate::app::{Carrier, Fact};
use crate::bytes::be16;
use crate::community::End;
use crate::file::Frame;
use crate::fragment::Fragments;
use crate::ip::{self, Datagram};
use crate::link;
use crate::unread::{Unread, UnreadCounts};
use clock::Clock;
use header::{ACK, Header, RST, SYN};
use state::{Done, Flow};
use table::{Key, Table};
use talk::Talk;

/// Name of the format in events made from packets.
pub const FORMAT: &str = "packets";
/// Flows in all tables of one input, at most.
pub const MAX_FLOWS: usize = 524_288;
/// Conversations of one input that are listened to at the same time, at most. For one more, the one
/// listened to for the longest is listened to no more; its flow is counted on.
pub const MAX_TALKS: usize = 32_768;
/// Bytes that wait for earlier ones in all streams of one input, at most.
pub const MAX_ALL_WAITING_BYTES: usize = 16 * 1_024 * 1_024;

const TCP: u8 = 6;
const UDP: u8 = 17;
const SCTP: u8 = 132;

/// The limits of one meter.
#[derive(Clone, Copy, Debug)]
pub struct Limits {
    /// Flows at the same time, at most. Default [`MAX_FLOWS`].
    pub flows: usize,
    /// Conversations listened to at the same time, at most. Default [`MAX_TALKS`].
    pub talks: usize,
    /// Bytes that wait for earlier ones in all streams, at most. Default [`MAX_ALL_WAITING_BYTES`].
    pub waiting_bytes: usize,
    /// Makes the places in the table unpredictable; nothing that is told depends on it. Default 0.
    pub seed: u64,
}

impl Default for Limits {
    fn default() -> Self {
        Self {
            flows: MAX_FLOWS,
            talks: MAX_TALKS,
            waiting_bytes: MAX_ALL_WAITING_BYTES,
            seed: 0,
        }
    }
}

impl Limits {
    /// The limits of one of `parts` meters that share the work.
    #[must_use]
    pub fn shared(self, parts: usize) -> Self {
        Self {
            flows: (self.flows / parts.max(1)).max(1),
            talks: (self.talks / parts.max(1)).max(1),
            waiting_bytes: self.waiting_bytes / parts.max(1),
            ..self
        }
    }
}

/// Who is told.
pub trait Tell {
    /// Something was said, or a flow has ended.
    fn event(&mut self, event: &mut Event<'_>);
    /// `packets` belong to no flow.
    fn unread(&mut self, reason: Unread, packets: u64);
    /// At least so many records were sent and never came, as their numbers say. Only flow records have
    /// numbers; unless said otherwise, nothing comes of it.
    fn lost(&mut self, records: u64) {
        let _ = records;
    }
}

/// A packet to be counted.
#[derive(Clone, Copy, Debug)]
pub struct Packet<'a> {
    /// When it was captured.
    pub at: Timestamp,
    /// From its IP header on.
    pub ip: &'a [u8],
    /// How long its frame was on the wire, in bytes.
    pub wire_bytes: u32,
}

/// What a meter has counted: `packets = in_flows + unread + waiting fragments`.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Counts {
    /// Packets taken.
    pub packets: u64,
    /// Of these, counted in a flow.
    pub in_flows: u64,
    /// Of these, in none.
    pub unread: UnreadCounts,
    /// Flows begun.
    pub flows: u64,
    /// Flows told early because the table was full.
    pub shed: u64,
    /// Conversations listened to no more because there were too many.
    pub hushed: u64,
    /// Bytes of streams that the capture does not hold.
    pub lost_bytes: u64,
}

impl Counts {
    /// Adds what another meter has counted.
    pub fn join(&mut self, other: &Self) {
        self.packets += other.packets;
        self.in_flows += other.in_flows;
        self.unread.join(&other.unread);
        self.flows += other.flows;
        self.shed += other.shed;
        self.hushed += other.hushed;
        self.lost_bytes = self.lost_bytes.saturating_add(other.lost_bytes);
    }
}

/// Makes flows of packets.
pub struct Meter {
    table: Table,
    fragments: Fragments,
    clock: Clock,
    counts: Counts,
    facts: Vec<Fact>,
    waiting_bytes: usize,
    waiting_limit: usize,
    /// Places of flows that were listened to and their numbers as such, the first one first; some are
    /// listened to no more, and the place may be another's by now.
    talks: VecDeque<(u32, u32)>,
    /// Number of the last one.
    talk_number: u32,
    talk_limit: usize,
    /// The second at which ageing was last looked at.
    aged: i64,
}

/// A packet as a flow counts it.
#[derive(Clone, Copy)]
struct Counted {
    at: Timestamp,
    now: Timestamp,
    frames: u32,
    wire_bytes: u64,
}

impl Meter {
    /// A meter without flows.
    #[must_use]
    pub fn new(limits: Limits) -> Self {
        Self {
            table: Table::new(limits.flows, limits.seed),
            fragments: Fragments::default(),
            clock: Clock::default(),
            counts: Counts::default(),
            facts: Vec::new(),
            waiting_bytes: 0,
            waiting_limit: limits.waiting_bytes,
            talks: VecDeque::new(),
            talk_number: 0,
            talk_limit: limits.talks.max(1),
            aged: i64::MIN,
        }
    }

    /// What was counted so far.
    #[must_use]
    pub const fn counts(&self) -> &Counts {
        &self.counts
    }

    /// Flows in the table.
    #[must_use]
    pub fn flows(&self) -> usize {
        self.table.len()
    }

    /// Takes one captured frame.
    pub fn frame(&mut self, frame: &Frame<'_>, tell: &mut impl Tell) {
        let offset = link::ip_offset(frame.link, frame.bytes);
        match offset {
            Ok(offset) => self.packet(
                &Packet {
                    at: frame.at,
                    ip: frame.bytes.get(offset..).unwrap_or_default(),
                    wire_bytes: frame.wire_bytes,
                },
                tell,
            ),
            Err(reason) => self.no_packet(reason, tell),
        }
    }

    /// Counts something captured that holds no IP packet.
    pub fn no_packet(&mut self, reason: Unread, tell: &mut impl Tell) {
        self.counts.packets += 1;
        self.unread(reason, 1, tell);
    }

    /// Takes one packet.
    pub fn packet(&mut self, packet: &Packet<'_>, tell: &mut impl Tell) {
        self.counts.packets += 1;
        let (now, at) = self.clock.see(packet.at);
        if now.as_seconds() != self.aged {
            self.age(now, tell);
        }
        let mut counted = Counted {
            at,
            now,
            frames: 1,
            wire_bytes: packet.wire_bytes.into(),
        };
        let datagram = match ip::read(packet.ip) {
            Ok(datagram) => datagram,
            Err(reason) => return self.unread(reason, 1, tell),
        };
        let result = match datagram.fragment {
            None => self.transport(&datagram, counted, tell),
            Some(piece) => {
                let whole = self.fragments.add(&datagram, piece, now, packet.wire_bytes);
                self.tell_given_up(tell);
                let Some(whole) = whole else { return };
                counted.frames = whole.frames;
                counted.wire_bytes = whole.wire_bytes;
                let datagram = ip::read_whole(Datagram {
                    payload: &whole.payload,
                    fragment: None,
                    ..datagram
                });
                self.transport(&datagram, counted, tell)
            }
        };
        if let Err(reason) = result {
            self.unread(reason, counted.frames.into(), tell);
        }
    }

    /// Tells what has been silent for too long at `now`, which never goes back.
    pub fn advance(&mut self, now: Timestamp, tell: &mut impl Tell) {
        let now = self.clock.now().map_or(now, |known| known.max(now));
        self.age(now, tell);
    }

    /// The latest time the capture has reached.
    #[must_use]
    pub const fn now(&self) -> Option<Timestamp> {
        self.clock.now()
    }

    /// The end of the input in steps: tells at most `most` flows, those that began first before the
    /// others.
    pub fn finish_some(&mut self, most: usize, tell: &mut impl Tell) {
        self.fragments.finish();
        self.tell_given_up(tell);
        for place in self.table.in_order().into_iter().take(most) {
            if let Some(flow) = self.table.remove(place) {
                self.end(flow, false, tell);
            }
        }
    }

    /// The end of the input: tells everything.
    pub fn finish(&mut self, tell: &mut impl Tell) {
        self.finish_some(usize::MAX, tell);
    }

    fn listen_if_new(&mut self, place: u32, at: Timestamp, tell: &mut impl Tell) {
        let is_new = |flow: &mut Flow| flow.talk.is_none() && !flow.talk_over;
        if self.table.get(place).is_some_and(is_new) {
            self.listen(place, at, tell);
        }
    }

    /// Before the flow at `place` is listened to: makes room if there are too many.
    fn listen(&mut self, place: u32, at: Timestamp, tell: &mut impl Tell) {
        let table = &mut self.table;
        // Those that ended by themselves are cleared away when they are half of all.
        if self.talks.len() >= self.talk_limit.saturating_mul(2) {
            self.talks
                .retain(|(place, number)| still_heard(table, *place, *number).is_some());
        }
        while self.talks.len() >= self.talk_limit {
            let oldest = self.talks.pop_front();
            let Some(flow) = oldest.and_then(|(place, number)| still_heard(table, place, number))
            else {
                continue;
            };
            let Some(talk) = &flow.talk else { continue };
            self.waiting_bytes = self.waiting_bytes.saturating_sub(talk.waiting_bytes());
            self.counts.hushed += 1;
            let lost = flow.flush(at, &mut self.facts);
            self.counts.lost_bytes = self.counts.lost_bytes.saturating_add(lost);
            flow.hush(at, &mut self.facts);
            tell::facts(flow, &mut self.facts, tell);
        }
        self.talk_number = self.talk_number.wrapping_add(1);
        if let Some(flow) = table.get(place) {
            flow.talk_number = self.talk_number;
        }
        self.talks.push_back((place, self.talk_number));
    }

    fn age(&mut self, now: Timestamp, tell: &mut impl Tell) {
        self.aged = now.as_seconds();
        while let Some(flow) = self.table.expired(now) {
            self.end(flow, false, tell);
        }
        self.fragments.expire(now);
        self.tell_given_up(tell);
    }

    fn tell_given_up(&mut self, tell: &mut impl Tell) {
        let given_up = self.fragments.given_up();
        if given_up > 0 {
            self.unread(Unread::Fragment, given_up, tell);
        }
    }

    fn unread(&mut self, reason: Unread, packets: u64, tell: &mut impl Tell) {
        self.counts.unread.add(reason, packets);
        tell.unread(reason, packets);
    }

    fn transport(
        &mut self,
        datagram: &Datagram<'_>,
        counted: Counted,
        tell: &mut impl Tell,
    ) -> Result<(), Unread> {
        match datagram.protocol {
            TCP => self.tcp(datagram, counted, tell),
            UDP => self.udp(datagram, counted, tell),
            SCTP => self.plain(datagram, ports(datagram)?, counted, tell),
            1 | 58 => icmp::take(self, datagram, counted, tell),
            _ => self.plain(datagram, (0, 0), counted, tell),
        }
    }

    /// The flow of a packet, a new one if there is none; and whether the packet is the client's.
    fn flow_of(
        &mut self,
        (source, target): (End, End),
        protocol: u8,
        source_is_client: bool,
        counted: Counted,
        tell: &mut impl Tell,
    ) -> (u32, bool) {
        let (key, source_low) = Key::of(source, target, protocol);
        if let Some(place) = self.table.find(&key) {
            let client_low = self.table.get(place).is_some_and(|flow| flow.client_is_low);
            return (place, client_low == source_low);
        }
        if self.table.is_full()
            && let Some(flow) = self.table.shed()
        {
            self.counts.shed += 1;
            self.end(flow, true, tell);
        }
        self.counts.flows += 1;
        let flow = Flow::new(key, source_low == source_is_client, counted.at);
        let wait = flow.wait();
        (self.table.insert(flow, wait, counted.now), source_is_client)
    }

    /// A packet of a protocol whose content is not looked at.
    fn plain(
        &mut self,
        datagram: &Datagram<'_>,
        (from, to): (u16, u16),
        counted: Counted,
        tell: &mut impl Tell,
    ) -> Result<(), Unread> {
        let ends = ends(datagram, from, to);
        let (place, from_client) = self.flow_of(ends, datagram.protocol, true, counted, tell);
        self.count(place, from_client, counted);
        Ok(())
    }

    fn count(&mut self, place: u32, from_client: bool, counted: Counted) {
        self.counts.in_flows += u64::from(counted.frames);
        if let Some(flow) = self.table.get(place) {
            flow.count(from_client, counted.frames, counted.wire_bytes, counted.at);
            let wait = flow.wait();
            self.table.touch(place, wait, counted.now);
        }
    }

    fn udp(
        &mut self,
        datagram: &Datagram<'_>,
        counted: Counted,
        tell: &mut impl Tell,
    ) -> Result<(), Unread> {
        let (from, to) = ports(datagram)?;
        let length = usize::from(be16(datagram.payload, 4).unwrap_or(0));
        let body = datagram.payload.get(8..).unwrap_or_default();
        // The length may be 0 for packets larger than it can say.
        let said = if length < 8 { body.len() } else { length - 8 };
        let body = body.get(..said).unwrap_or(body);
        let ends = ends(datagram, from, to);
        let is_answer = is_service(from, to) && !is_to_many(datagram);
        let (place, from_client) = self.flow_of(ends, UDP, !is_answer, counted, tell);
        self.count(place, from_client, counted);
        if body.is_empty() {
            return Ok(());
        }
        self.listen_if_new(place, counted.at, tell);
        let Some(flow) = self.table.get(place).filter(|flow| !flow.talk_over) else {
            return Ok(());
        };
        let (client, server) = flow.ends();
        let talk = flow.talk.get_or_insert_with(|| {
            Box::new(Talk::new(Carrier::Datagram, client.port, server.port))
        });
        talk.datagram(from_client, counted.at, body, &mut self.facts);
        if !talk.is_wanted() {
            flow.hush(counted.at, &mut self.facts);
        }
        tell::facts(flow, &mut self.facts, tell);
        Ok(())
    }

    fn tcp(
        &mut self,
        datagram: &Datagram<'_>,
        counted: Counted,
        tell: &mut impl Tell,
    ) -> Result<(), Unread> {
        let header = Header::of(datagram)?;
        let ends = ends(datagram, header.from, header.to);
        if header.is_opening() {
            self.end_if_over(ends, tell);
        }
        let (place, from_client) = self.flow_of(ends, TCP, header.is_from_client(), counted, tell);
        self.count(place, from_client, counted);
        if !header.body.is_empty() {
            self.listen_if_new(place, counted.at, tell);
        }
        let Some(flow) = self.table.get(place) else {
            return Ok(());
        };
        flow.note(from_client, header.done());
        if header.flags & RST != 0 {
            flow.reset_by_server = !from_client;
        }
        let before = flow.talk.as_ref().map_or(0, |talk| talk.waiting_bytes());
        let came = flow.hear(from_client, &header, counted.at, &mut self.facts);
        if came.again {
            flow.note(from_client, Done::AGAIN);
        }
        if came.lost > 0 {
            flow.note(from_client, Done::GAP);
        }
        let mut lost = came.lost;
        let after = flow.talk.as_ref().map_or(0, |talk| talk.waiting_bytes());
        self.waiting_bytes = self
            .waiting_bytes
            .saturating_add(after)
            .saturating_sub(before);
        if self.waiting_bytes > self.waiting_limit && after > before {
            lost = lost.saturating_add(flow.flush(counted.at, &mut self.facts));
            self.waiting_bytes = self.waiting_bytes.saturating_sub(after);
        }
        self.counts.lost_bytes = self.counts.lost_bytes.saturating_add(lost);
        let wait = flow.wait();
        tell::facts(flow, &mut self.facts, tell);
        self.table.touch(place, wait, counted.now);
        Ok(())
    }

    /// Ends the connection between `ends` if it is over, since another begins.
    fn end_if_over(&mut self, (source, target): (End, End), tell: &mut impl Tell) {
        let (key, _) = Key::of(source, target, TCP);
        if let Some(place) = self.table.find(&key)
            && self.table.get(place).is_some_and(|flow| flow.is_over())
            && let Some(flow) = self.table.remove(place)
        {
            self.end(flow, false, tell);
        }
    }

    /// Tells the rest of a flow that is taken out of the table.
    fn end(&mut self, mut flow: Flow, shed: bool, tell: &mut impl Tell) {
        let at = flow.last;
        let waiting = flow.talk.as_ref().map_or(0, |talk| talk.waiting_bytes());
        self.waiting_bytes = self.waiting_bytes.saturating_sub(waiting);
        let lost = flow.flush(at, &mut self.facts);
        self.counts.lost_bytes = self.counts.lost_bytes.saturating_add(lost);
        flow.hush(at, &mut self.facts);
        tell::facts(&mut flow, &mut self.facts, tell);
        tell::flow(&flow, shed, tell);
    }
}

impl Flow {
    /// Takes the bytes of a TCP segment.
    fn hear(
        &mut self,
        from_client: bool,
        header: &Header<'_>,
        at: Timestamp,
        out: &mut Vec<Fact>,
    ) -> talk::Came {
        let mut came = talk::Came::default();
        let (client, server) = self.ends();
        let (way, other) = if from_client {
            (&mut self.client, &mut self.server)
        } else {
            (&mut self.server, &mut self.client)
        };
        if header.flags & SYN != 0 && !way.done.has(Done::DATA) {
            way.next = Some(header.seq.wrapping_add(1));
        }
        if let (Some(talk), Some(next)) = (&mut self.talk, &mut other.next)
            && header.flags & ACK != 0
            && talk.waiting_bytes() > 0
        {
            came.lost = talk.acknowledged(!from_client, at, next, header.ack, out);
        }
        let segment = header.segment();
        let length = segment.bytes.len();
        if (length == 0 && segment.missing == 0) || header.flags & RST != 0 {
            return came;
        }
        let fresh = way.next.get_or_insert(segment.seq);
        if self.talk_over {
            let end = segment.seq.wrapping_add(u32::try_from(length).unwrap_or(0));
            came.again = stream::distance(*fresh, end) <= 0;
            if !came.again {
                *fresh = end;
            }
        } else {
            let talk = self.talk.get_or_insert_with(|| {
                Box::new(Talk::new(Carrier::Stream, client.port, server.port))
            });
            let heard = talk.segment(from_client, at, fresh, segment, out);
            came.again = heard.again;
            came.lost = came.lost.saturating_add(heard.lost);
            if !talk.is_wanted() {
                came.lost = came.lost.saturating_add(self.flush(at, out));
                self.hush(at, out);
            }
        }
        if !came.again {
            self.note(from_client, Done::DATA);
        }
        self.lost = self.lost.saturating_add(came.lost);
        came
    }

    /// Hands over what waits in both directions; the bytes that are missing.
    fn flush(&mut self, at: Timestamp, out: &mut Vec<Fact>) -> u64 {
        let nexts = [self.client.next.as_mut(), self.server.next.as_mut()];
        self.talk
            .as_mut()
            .map_or(0, |talk| talk.flush(at, nexts, out))
    }

    /// Nobody listens any more: what is left is said, and its memory given back.
    fn hush(&mut self, at: Timestamp, out: &mut Vec<Fact>) {
        self.talk_over = true;
        if let Some(talk) = &mut self.talk {
            talk.end(at, out);
            self.app = talk.protocol();
        }
    }
}

/// The flow that was listened to under this number, if it still is.
fn still_heard(table: &mut Table, place: u32, number: u32) -> Option<&mut Flow> {
    let flow = table.get(place)?;
    (flow.talk_number == number && flow.talk.is_some()).then_some(flow)
}

/// Whether `from` looks like the port of a service and `to` does not.
const fn is_service(from: u16, to: u16) -> bool {
    from < 1_024 && to >= 1_024
}

fn is_to_many(datagram: &Datagram<'_>) -> bool {
    match datagram.target {
        std::net::IpAddr::V4(ip) => ip.is_multicast() || ip.is_broadcast(),
        std::net::IpAddr::V6(ip) => ip.is_multicast(),
    }
}

fn ports(datagram: &Datagram<'_>) -> Result<(u16, u16), Unread> {
    let ports = be16(datagram.payload, 0).zip(be16(datagram.payload, 2));
    ports.ok_or(if datagram.missing > 0 {
        Unread::Cut
    } else {
        Unread::Malformed
    })
}

const fn ends(datagram: &Datagram<'_>, from: u16, to: u16) -> (End, End) {
    let source = End {
        ip: datagram.source,
        port: from,
    };
    let target = End {
        ip: datagram.target,
        port: to,
    };
    (source, target)
}

#[cfg(test)]
mod tests;
