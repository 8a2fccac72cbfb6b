//! One thread that reads one ring: packets into flows, flows and what was said in them into the queue.

use std::collections::hash_map::RandomState;
use std::hash::{BuildHasher as _, Hasher as _};
use std::panic::{AssertUnwindSafe, catch_unwind};
use std::sync::Arc;
use std::time::{Duration, Instant};

use larum_capture::{Captured, Link, Ring};
use larum_core::event::Event;
use larum_core::reject::Reject;
use larum_core::time::Timestamp;
use larum_link::clock::Clock;
use larum_packet::flow::{Counts, Limits, Meter, Packet, Tell, owned};
use larum_packet::link::LinkType;
use larum_packet::{Unread, file::Frame, link};
use tokio::sync::{mpsc, watch};

use super::shed::Shed;
use crate::board::{Board, Trouble};
use crate::chunk::Chunk;
use crate::config::CaptureInput;
use crate::reason::Dropped;
use crate::tally::{Fate, Source, Sum, hour_of};

/// How often a quiet ring is left to see whether the time has come for something else.
const PATIENCE: Duration = Duration::from_millis(100);
/// How often flows are aged and sums are told.
const TELL_EVERY: Duration = Duration::from_secs(1);
/// An interface that is down is looked at so often.
const DOWN_PATIENCE: Duration = Duration::from_secs(1);
/// Flows told at once at the end, so that they do not have to be in memory twice.
const END_FLOWS: usize = 1_024;

/// Reads one ring.
pub struct Worker {
    ring: Ring,
    meter: Meter,
    limits: Limits,
    /// What meters counted that were given up.
    before: Counts,
    shed: Shed,
    heard: Heard,
    board: Arc<Board>,
    clock: Clock,
    interface: String,
    told: Counts,
    last: Instant,
    down: bool,
    /// When an interface that is down was last looked for.
    looked: Instant,
}

/// What came of packets and is not handed on yet.
struct Heard {
    source: Source,
    chunk: Chunk,
    full: Vec<Chunk>,
    /// Packets that belong to no flow.
    unread: Sum,
    passed_over: u64,
}

impl Tell for Heard {
    fn event(&mut self, event: &mut Event<'_>) {
        self.chunk.push_event(&self.source, owned(event));
        if self.chunk.is_full() {
            let fresh = Chunk::new(self.chunk.received, false);
            self.full.push(std::mem::replace(&mut self.chunk, fresh));
        }
    }

    fn unread(&mut self, reason: Unread, packets: u64) {
        self.unread
            .enter_many(Fate::Rejected(reason.reject()), packets);
    }
}

impl Worker {
    pub fn new(
        ring: Ring,
        input: &CaptureInput,
        parts: usize,
        board: Arc<Board>,
        clock: Clock,
    ) -> Self {
        let seed = RandomState::new().build_hasher().finish();
        let limits = Limits {
            flows: input.flows,
            seed,
            ..Limits::default()
        }
        .shared(parts);
        let now = clock.now();
        Self {
            ring,
            meter: Meter::new(limits),
            limits,
            before: Counts::default(),
            shed: Shed::new(seed.rotate_left(32)),
            heard: Heard {
                source: Source::Named(input.device().into()),
                chunk: Chunk::new(now, false),
                full: Vec::new(),
                unread: Sum::default(),
                passed_over: 0,
            },
            board,
            clock,
            interface: input.interface.clone(),
            told: Counts::default(),
            last: Instant::now(),
            down: false,
            looked: Instant::now(),
        }
    }

    /// Reads until `stop` changes, then what has come by then.
    pub fn run(mut self, queue: &mpsc::Sender<Chunk>, stop: &watch::Receiver<bool>) {
        while !*stop.borrow() {
            self.turn(queue);
        }
        // The kernel hands over within this time what came before.
        let begun = Instant::now();
        let rest = Duration::from_millis(u64::from(larum_capture::BLOCK_PATIENCE_MS) * 2);
        // Not more than fits into the ring twice: who goes on sending cannot hold up the end.
        let mut blocks = self.ring.blocks().saturating_mul(2);
        while blocks > 0 {
            let left = rest.saturating_sub(begun.elapsed());
            if matches!(self.ring.wait(left), Ok(true)) {
                self.block();
                self.hand_on(queue);
                blocks -= 1;
            } else if left.is_zero() {
                break;
            }
        }
        while self.meter.flows() > 0 {
            self.meter.finish_some(END_FLOWS, &mut self.heard);
            self.hand_on(queue);
        }
        self.meter.finish(&mut self.heard);
        self.tell();
        self.finish_chunk();
        self.hand_on(queue);
    }

    fn turn(&mut self, queue: &mpsc::Sender<Chunk>) {
        match self.ring.wait(PATIENCE) {
            Ok(true) => {
                self.note_down(false);
                self.block();
            }
            Ok(false) => {
                self.shed.rest();
                self.look_for_interface();
            }
            Err(_) => {
                self.note_down(true);
                std::thread::sleep(DOWN_PATIENCE);
                self.take_what_waits(queue);
            }
        }
        self.hand_on(queue);
        if self.last.elapsed() >= TELL_EVERY {
            self.last = Instant::now();
            let now = self.clock.now();
            self.meter.advance(now, &mut self.heard);
            self.tell();
            // What was said is judged within a second.
            self.finish_chunk();
            self.hand_on(queue);
        }
    }

    /// Takes the blocks that were begun before the interface went down, so that whatever comes after them
    /// shows that it is up.
    fn take_what_waits(&mut self, queue: &mpsc::Sender<Chunk>) {
        for _ in 0..self.ring.blocks() {
            if !matches!(self.ring.wait(Duration::ZERO), Ok(true)) {
                return;
            }
            self.block();
            self.hand_on(queue);
        }
    }

    /// Takes a block of frames.
    fn block(&mut self) {
        self.heard.chunk.received = self.clock.now();
        self.shed.look(self.ring.waiting(), self.ring.blocks());
        let Self {
            ring,
            meter,
            limits,
            before,
            shed,
            heard,
            ..
        } = self;
        let sort = ring.link();
        let Some(block) = ring.next_block() else {
            return;
        };
        let mut packets = block.packets();
        // A fault of the program that one packet brings about must not turn into the end of all watching.
        while catch_unwind(AssertUnwindSafe(|| {
            for captured in packets.by_ref() {
                take(&captured, sort, meter, shed, heard);
            }
        }))
        .is_err()
        {
            heard.unread.enter(Fate::Rejected(Reject::Poisonous));
            // What the meter knew is in doubt now; its sums are not.
            before.join(meter.counts());
            *meter = Meter::new(*limits);
        }
    }

    /// Ends the chunk being filled, if there is anything in it.
    fn finish_chunk(&mut self) {
        if !self.heard.chunk.is_empty() {
            let fresh = Chunk::new(self.clock.now(), false);
            let full = std::mem::replace(&mut self.heard.chunk, fresh);
            self.heard.full.push(full);
        }
    }

    /// Waits for the pipeline where it is behind: the ring fills meanwhile, which is seen.
    fn hand_on(&mut self, queue: &mpsc::Sender<Chunk>) {
        for chunk in self.heard.full.drain(..) {
            // It fails only when the pipeline is gone, and then nobody counts any more.
            drop(queue.blocking_send(chunk));
        }
    }

    /// Goes on with an interface that was taken away and is back.
    fn look_for_interface(&mut self) {
        if !self.down || self.looked.elapsed() < DOWN_PATIENCE {
            return;
        }
        self.looked = Instant::now();
        // Whatever is refused stays the trouble that was told.
        if matches!(self.ring.take_up_again(), Ok(true)) && self.ring.wait(Duration::ZERO).is_ok() {
            self.note_down(false);
        }
    }

    fn note_down(&mut self, down: bool) {
        if down != self.down {
            self.down = down;
            self.board.lock().trouble(Trouble::CaptureDown, down);
        }
    }

    /// Adds what was counted since the last time to the sums.
    fn tell(&mut self) {
        let now = self.clock.now();
        let lost = self.ring.statistics().unwrap_or_default().lost;
        let passed_over = std::mem::take(&mut self.heard.passed_over);
        let mut sum = std::mem::take(&mut self.heard.unread);
        sum.enter_many(Fate::Dropped(Dropped::SystemBuffer), lost);
        sum.enter_many(Fate::Dropped(Dropped::Overload), passed_over);
        let mut counts = self.before;
        counts.join(self.meter.counts());
        let before = std::mem::replace(&mut self.told, counts);
        let mut posted = self.board.lock();
        if sum != Sum::default() {
            let device = posted.tally.device(&self.heard.source.name());
            posted.tally.heard(device, now);
            posted.tally.add(device, hour_of(now), &sum);
        }
        let state = posted.capture(&self.interface);
        state.packets += counts.packets - before.packets + lost + passed_over;
        state.in_flows += counts.in_flows - before.in_flows;
        state.unread += counts.unread.total() - before.unread.total();
        state.passed_over += passed_over;
        state.lost += lost;
        state.flows += counts.flows - before.flows;
        state.flows_shed += counts.shed - before.shed;
        state.flows_unheard += counts.hushed - before.hushed;
        state.lost_bytes = state
            .lost_bytes
            .saturating_add(counts.lost_bytes.saturating_sub(before.lost_bytes));
    }
}

/// Takes a frame, or passes over it.
fn take(captured: &Captured<'_>, sort: Link, meter: &mut Meter, shed: &Shed, heard: &mut Heard) {
    let Some(frame) = frame_of(captured, sort) else {
        return meter.no_packet(Unread::NotIp, heard);
    };
    let offset = match link::ip_offset(frame.link, frame.bytes) {
        Ok(offset) => offset,
        Err(reason) => return meter.no_packet(reason, heard),
    };
    let ip = frame.bytes.get(offset..).unwrap_or_default();
    if shed.passes_over(ip) {
        heard.passed_over += 1;
        return;
    }
    let packet = Packet {
        at: frame.at,
        ip,
        wire_bytes: frame.wire_bytes,
    };
    meter.packet(&packet, heard);
}

/// A frame as capture files have them; `None` where a link without header brings no IP.
fn frame_of<'b>(captured: &Captured<'b>, sort: Link) -> Option<Frame<'b>> {
    let link = match (sort, captured.protocol) {
        (Link::Ethernet, _) => LinkType::ETHERNET,
        (Link::Network, 0x0800 | 0x86DD) => LinkType::RAW,
        (Link::Network, _) => return None,
    };
    let micros = i64::from(captured.seconds) * 1_000_000 + i64::from(captured.nanoseconds / 1_000);
    Some(Frame {
        at: Timestamp::from_micros(micros),
        link,
        bytes: captured.bytes,
        wire_bytes: captured.wire_bytes,
    })
}
