//! The one door to the machine's clock, for the shells on both sides.
//!
//! The demonstration runs a town faster than life, so every shell is handed a [`Clock`] instead of
//! asking the machine; certificates are judged by the same clock.

use std::sync::Arc;
use std::time::{Duration, Instant, SystemTime, UNIX_EPOCH};

use larum_core::time::Timestamp;

/// A clock that a shell is handed; cheap to clone.
#[derive(Clone, Debug)]
pub struct Clock(Arc<Kind>);

#[derive(Debug)]
enum Kind {
    System,
    /// Started at `start`, running `speed` times as fast as life.
    Scaled {
        start: Timestamp,
        origin: Instant,
        speed: f64,
    },
}

impl Clock {
    /// The machine's clock.
    #[must_use]
    pub fn system() -> Self {
        Self(Arc::new(Kind::System))
    }

    /// A clock that shows `start` now and runs `speed` times as fast as life; `speed` below 0.001
    /// counts as 0.001.
    #[must_use]
    pub fn scaled(start: Timestamp, speed: f64) -> Self {
        Self(Arc::new(Kind::Scaled {
            start,
            origin: Instant::now(),
            speed: speed.max(0.001),
        }))
    }

    /// The time it shows.
    #[must_use]
    pub fn now(&self) -> Timestamp {
        match &*self.0 {
            Kind::System => {
                let since = SystemTime::now()
                    .duration_since(UNIX_EPOCH)
                    .unwrap_or_default();
                Timestamp::from_micros(i64::try_from(since.as_micros()).unwrap_or(i64::MAX))
            }
            Kind::Scaled {
                start,
                origin,
                speed,
            } => {
                let elapsed = origin.elapsed().mul_f64(*speed);
                let micros = i64::try_from(elapsed.as_micros()).unwrap_or(i64::MAX);
                Timestamp::from_micros(start.as_micros().saturating_add(micros))
            }
        }
    }

    /// How long to really sleep so that `span` passes on this clock; at least a millisecond for any
    /// span that is not zero, so that a fast clock never spins.
    #[must_use]
    pub fn real(&self, span: Duration) -> Duration {
        match &*self.0 {
            Kind::System => span,
            Kind::Scaled { speed, .. } if !span.is_zero() => {
                span.div_f64(*speed).max(Duration::from_millis(1))
            }
            Kind::Scaled { .. } => span,
        }
    }
}

impl rustls::time_provider::TimeProvider for Clock {
    fn current_time(&self) -> Option<rustls_pki_types::UnixTime> {
        let seconds = u64::try_from(self.now().as_seconds()).ok()?;
        Some(rustls_pki_types::UnixTime::since_unix_epoch(
            Duration::from_secs(seconds),
        ))
    }
}
