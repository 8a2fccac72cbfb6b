//! What many collectors in one process share: compiled formats and rules, and the words.

use std::sync::Arc;

use larum_core::detect::sigma::RuleSet;
use larum_core::parse::{DeviceNames, Formats};
use larum_core::words::Words;

use crate::run::StartError;

/// Compiled knowledge, cheap to clone.
#[derive(Clone)]
pub struct Shared {
    /// How to read each device.
    pub formats: Arc<Formats>,
    /// Rules that ship with the program.
    pub rules: Arc<RuleSet>,
    /// What is said to people.
    pub words: Arc<Words>,
    /// What devices are called to people.
    pub names: Arc<DeviceNames>,
}

impl Shared {
    /// What ships with the program, in English.
    ///
    /// # Errors
    /// When it is broken, which a test of the release would have found.
    pub fn built_in() -> Result<Self, StartError> {
        let words = Words::of("en");
        Self::saying(Arc::new(words.map_err(|problem| broken(&problem))?))
    }

    /// What ships with the program, with words that are in memory already: they take nearly a megabyte.
    ///
    /// # Errors
    /// As [`built_in`](Self::built_in).
    pub fn saying(words: Arc<Words>) -> Result<Self, StartError> {
        Ok(Self {
            formats: Arc::new(Formats::built_in().map_err(|problem| broken(&problem))?),
            rules: Arc::new(RuleSet::built_in().map_err(|problem| broken(&problem))?),
            words,
            names: Arc::new(DeviceNames::built_in().map_err(|problem| broken(&problem))?),
        })
    }
}

fn broken(problem: &dyn std::fmt::Display) -> StartError {
    StartError::Content(problem.to_string())
}
