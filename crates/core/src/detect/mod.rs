//! Detectors: events in, findings out.

pub mod sigma;
