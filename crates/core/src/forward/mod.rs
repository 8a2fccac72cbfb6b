//! When to send, when to wait, and when to stop: decided here, done by the uplink.
//!
//! After a failure the wait is drawn evenly between nothing and a ceiling that doubles with every
//! failed attempt ("full jitter"), so that a thousand collectors whose hub comes back do not all
//! call in the same second.

use crate::event::words;
use crate::time::Timestamp;

/// How the uplink paces itself.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Settings {
    /// Ceiling of the first wait, milliseconds; it doubles. Default 1,000.
    pub first_wait_ms: i64,
    /// Highest ceiling, milliseconds. Default 900,000 (15 minutes).
    pub longest_wait_ms: i64,
    /// The same while a clock is wrong, milliseconds: it will be set, and nobody would wait for a hub that is
    /// right again. Default 60,000 (a minute).
    pub longest_clock_wait_ms: i64,
    /// No wait is shorter, milliseconds. Default 200.
    pub shortest_wait_ms: i64,
    /// How long the first frame waits for others to share a batch with, milliseconds. Default 500.
    pub gather_ms: i64,
    /// Most frames in a batch. Default 1,000.
    pub batch_frames: usize,
}

impl Default for Settings {
    fn default() -> Self {
        Self {
            first_wait_ms: 1_000,
            longest_wait_ms: 900_000,
            longest_clock_wait_ms: 60_000,
            shortest_wait_ms: 200,
            gather_ms: 500,
            batch_frames: 1_000,
        }
    }
}

/// The longest a hub can ask to wait, seconds: a hub with a fault must not silence a collector.
const MAX_RETRY_AFTER_SECONDS: u32 = 3_600;

words! {
    /// Why a batch was not receipted: error, log field and metric label.
    Failure {
        /// No connection.
        Unreachable = "unreachable",
        /// No answer in time.
        TimedOut = "timed-out",
        /// The hub's certificate is not the one that was agreed on.
        HubUntrusted = "hub-untrusted",
        /// The certificate of one side is not valid at the time of the other: one of both clocks is wrong, as
        /// after a start before a time server was asked.
        ClockWrong = "clock-wrong",
        /// The hub asks for patience.
        Busy = "busy",
        /// The hub has taken as much as it takes from one firm in a day.
        OverQuota = "over-quota",
        /// The hub has a fault of its own.
        HubFault = "hub-fault",
        /// The answer makes no sense.
        AnswerMalformed = "answer-malformed",
        /// The hub does not accept the certificate.
        NotAuthorised = "not-authorised",
        /// The hub says that the batch is malformed.
        BatchRefused = "batch-refused",
        /// The collector's own certificate has ended.
        CertificateExpired = "certificate-expired",
        /// The hub has revoked the collector.
        Revoked = "revoked",
        /// The hub has other batches under this collector's name: a copied identity or a restored
        /// back-up.
        SequenceConflict = "sequence-conflict",
    }
}

words! {
    /// Why sending has stopped until a person has acted. Nothing is lost: it waits on the disk.
    Stop {
        /// Join again with a new token.
        JoinAgain = "join-again",
        /// The hub's people have shut the collector out.
        Revoked = "revoked",
        /// Find the second collector with the same identity, or join again.
        IdentityCopied = "identity-copied",
    }
}

/// What follows from a failure.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Remedy {
    /// Likely to pass by itself: try again soon, then less and less often.
    Retry,
    /// Sure to pass by itself within minutes: try again soon, and no more seldom than every minute.
    RetryOften,
    /// Unlikely to pass by itself, but it may when the hub is mended: try again seldom.
    RetrySeldom,
    /// A person must act first.
    Stop(Stop),
}

impl Failure {
    /// What follows from it. The hub's word alone that it does not know the certificate stops
    /// nothing for good: its clock may be wrong, and a thousand members would have to join again.
    #[must_use]
    pub const fn remedy(self) -> Remedy {
        match self {
            Self::Unreachable
            | Self::TimedOut
            | Self::Busy
            | Self::OverQuota
            | Self::HubFault
            | Self::AnswerMalformed => Remedy::Retry,
            Self::ClockWrong => Remedy::RetryOften,
            Self::HubUntrusted | Self::NotAuthorised | Self::BatchRefused => Remedy::RetrySeldom,
            Self::CertificateExpired => Remedy::Stop(Stop::JoinAgain),
            Self::Revoked => Remedy::Stop(Stop::Revoked),
            Self::SequenceConflict => Remedy::Stop(Stop::IdentityCopied),
        }
    }
}

/// What waits to be sent.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Outbox {
    /// Number of the batch in the ledger that has no receipt yet.
    pub unreceipted: Option<u64>,
    /// Frames in the spool.
    pub pending_frames: u64,
    /// When the oldest of them was put there, if known.
    pub oldest: Option<Timestamp>,
}

/// What the uplink does now.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Action {
    /// Send the ledger's entry of this number, word for word.
    SendPending(u64),
    /// Make a batch of at most so many frames and write it to the ledger.
    MakeBatch {
        /// Most frames.
        max: usize,
    },
    /// Ask again at this time, or when something has changed.
    Wait(Timestamp),
    /// Nothing to send: ask again when a frame was spooled.
    Idle,
    /// Do not try again before a person has acted and [`Forward::resume`] is called.
    Stop(Stop),
}

/// The pace of one uplink.
#[derive(Clone, Debug, Default)]
pub struct Forward {
    settings: Settings,
    failed_attempts: u32,
    last_failure: Option<Failure>,
    not_before: Option<Timestamp>,
    stopped: Option<Stop>,
}

impl Forward {
    /// An uplink that has not failed yet.
    #[must_use]
    pub fn new(settings: Settings) -> Self {
        Self {
            settings,
            ..Self::default()
        }
    }

    /// What to do now.
    #[must_use]
    pub fn decide(&self, outbox: Outbox, now: Timestamp) -> Action {
        if let Some(stop) = self.stopped {
            return Action::Stop(stop);
        }
        if outbox.unreceipted.is_none() && outbox.pending_frames == 0 {
            return Action::Idle;
        }
        if let Some(until) = self.not_before
            && now < until
            && until.millis_since(now) <= self.longest_possible_wait_ms()
        {
            return Action::Wait(until);
        }
        if let Some(sequence) = outbox.unreceipted {
            return Action::SendPending(sequence);
        }
        let max = self.settings.batch_frames;
        let is_full = usize::try_from(outbox.pending_frames).is_ok_and(|count| count >= max);
        if !is_full && let Some(oldest) = outbox.oldest {
            let until = oldest.plus_millis(self.settings.gather_ms);
            // A frame from the future means that the clock was set back: do not wait for it.
            if oldest <= now && now < until {
                return Action::Wait(until);
            }
        }
        Action::MakeBatch { max }
    }

    /// Notes a failed attempt. `retry_after_seconds` is what the hub asked for, `random` any random
    /// number. Returns what to do, as [`decide`](Self::decide) will from now on.
    pub fn failed(
        &mut self,
        failure: Failure,
        retry_after_seconds: Option<u32>,
        now: Timestamp,
        random: u64,
    ) -> Action {
        self.failed_attempts = self.failed_attempts.saturating_add(1);
        self.last_failure = Some(failure);
        let ceiling_ms = match failure.remedy() {
            Remedy::Stop(stop) => {
                self.stopped = Some(stop);
                return Action::Stop(stop);
            }
            Remedy::Retry => self.ceiling_ms(),
            Remedy::RetryOften => self.ceiling_ms().min(self.settings.longest_clock_wait_ms),
            Remedy::RetrySeldom => self.settings.longest_wait_ms,
        };
        let asked_ms = retry_after_seconds.map_or(0, |seconds| {
            i64::from(seconds.min(MAX_RETRY_AFTER_SECONDS)) * 1_000
        });
        // Beyond what the hub asked for, as much again at random: it has asked others too.
        let spread_ms = ceiling_ms.max(asked_ms);
        let wait_ms = asked_ms + below(spread_ms, random);
        let until = now.plus_millis(wait_ms.max(self.settings.shortest_wait_ms));
        self.not_before = Some(until);
        Action::Wait(until)
    }

    /// Notes that the hub has given a receipt.
    pub fn succeeded(&mut self) {
        self.failed_attempts = 0;
        self.last_failure = None;
        self.not_before = None;
        self.stopped = None;
    }

    /// Goes on after a person has acted: joined again, or asked to try now.
    pub fn resume(&mut self) {
        self.succeeded();
    }

    /// Attempts failed since the last success.
    #[must_use]
    pub const fn failed_attempts(&self) -> u32 {
        self.failed_attempts
    }

    /// Why the last attempt failed; `None` after a success.
    #[must_use]
    pub const fn last_failure(&self) -> Option<Failure> {
        self.last_failure
    }

    /// Why it has stopped.
    #[must_use]
    pub const fn stopped(&self) -> Option<Stop> {
        self.stopped
    }

    /// The ceiling of the wait after the attempts so far.
    fn ceiling_ms(&self) -> i64 {
        let doublings = self.failed_attempts.saturating_sub(1).min(40);
        self.settings
            .first_wait_ms
            .saturating_mul(1_i64 << doublings)
            .min(self.settings.longest_wait_ms)
    }

    /// A longer wait than this means that the clock was set back.
    fn longest_possible_wait_ms(&self) -> i64 {
        let asked_ms = i64::from(MAX_RETRY_AFTER_SECONDS) * 1_000;
        asked_ms + asked_ms.max(self.settings.longest_wait_ms)
    }
}

/// A number from 0 to `bound` evenly, from a random one.
fn below(bound: i64, random: u64) -> i64 {
    let bound = u128::try_from(bound.max(0)).unwrap_or(0);
    i64::try_from((u128::from(random) * (bound + 1)) >> 64).unwrap_or(i64::MAX)
}

#[cfg(test)]
mod tests;
