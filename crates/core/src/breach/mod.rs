//! The record of one personal-data breach, and the legal clocks that run on it.
//!
//! Law: UK GDPR Articles 33 and 34. The clocks are data (`content/law/clocks.toml`); only what is in
//! force is shown as a duty (invariant 8). Commands are applied at a given time and give changes;
//! what was once recorded is corrected only by a new change, never overwritten. Nothing is sent to an
//! authority from here.

mod regime;

pub use regime::{Deadline, Regime, Regimes, Stage, Status, Trigger};

use crate::event::words;
use crate::time::Timestamp;

words! {
    /// How likely the breach is to harm people (the ladder of Articles 33 and 34).
    Risk {
        /// Unlikely to result in a risk: recorded only.
        Unlikely = "unlikely",
        /// A risk: the authority is told.
        Risk = "risk",
        /// A high risk: the people are told too.
        High = "high-risk",
    }
}

words! {
    /// Why a command was refused. Nothing changed.
    Refusal {
        /// The first command of a record must say when the firm became aware.
        NotOpened = "not-opened",
        /// The record is open already; correct it instead.
        AlreadyOpened = "already-opened",
        /// The time given lies in the future.
        InTheFuture = "in-the-future",
        /// A correction, a decision or a late notice needs its reasons in words.
        ReasonsMissing = "reasons-missing",
        /// The risk has not been assessed.
        NotAssessed = "not-assessed",
        /// The authority was told already; record a follow-up instead.
        AlreadyNotified = "already-notified",
    }
}

/// What a person wants to record.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Command {
    /// The firm became aware of a breach at this time; the clocks start.
    Open {
        /// When the firm became aware.
        aware: Timestamp,
    },
    /// The time of awareness was wrong.
    CorrectAware {
        /// The right time.
        aware: Timestamp,
        /// Why it was wrong.
        reasons: String,
    },
    /// The risk to people was assessed.
    Assess {
        /// The result.
        risk: Risk,
        /// Why.
        reasons: String,
    },
    /// A person told the authority, outside this program.
    RecordNotice {
        /// When.
        told: Timestamp,
        /// Why later than 72 hours, where it was (Article 33(1)).
        late_reasons: Option<String>,
    },
}

/// One locked entry of the record: what changed, and when it was entered.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Change {
    /// When it was entered.
    pub entered: Timestamp,
    /// The command that was applied.
    pub command: Command,
}

/// A breach record: its entries in order, and what follows from them.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Breach {
    entries: Vec<Change>,
    aware: Option<Timestamp>,
    risk: Option<Risk>,
    told: Option<Timestamp>,
}

impl Breach {
    /// The record that follows from `entries`.
    #[must_use]
    pub fn replay(entries: impl IntoIterator<Item = Change>) -> Self {
        let mut breach = Self::default();
        for change in entries {
            breach.record(change);
        }
        breach
    }

    /// Applies `command` at `now`: the changes to store, which are already part of this record.
    ///
    /// # Errors
    /// When the command may not be applied; nothing has changed then.
    pub fn apply(
        &mut self,
        command: Command,
        regimes: &Regimes,
        now: Timestamp,
    ) -> Result<Vec<Change>, Refusal> {
        self.permit(&command, regimes, now)?;
        let change = Change {
            entered: now,
            command,
        };
        self.record(change.clone());
        Ok(vec![change])
    }

    /// The entries, oldest first.
    #[must_use]
    pub fn entries(&self) -> &[Change] {
        &self.entries
    }

    /// The duties that follow from the record for a controller, with their deadlines.
    #[must_use]
    pub fn duties<'r>(&self, regimes: &'r Regimes) -> Vec<Deadline<'r>> {
        let Some(aware) = self.aware else {
            return Vec::new();
        };
        regimes
            .in_force_for("controller", self.risk)
            .flat_map(|regime| regime.deadlines(aware))
            .collect()
    }

    fn permit(&self, command: &Command, regimes: &Regimes, now: Timestamp) -> Result<(), Refusal> {
        let opened = self.aware.ok_or(Refusal::NotOpened);
        match command {
            Command::Open { aware } => {
                not_future(*aware, now)?;
                if self.aware.is_some() {
                    Err(Refusal::AlreadyOpened)
                } else {
                    Ok(())
                }
            }
            Command::CorrectAware { aware, reasons } => {
                opened?;
                not_future(*aware, now)?;
                given(reasons)
            }
            Command::Assess { reasons, .. } => {
                opened?;
                given(reasons)
            }
            Command::RecordNotice { told, late_reasons } => {
                let aware = opened?;
                let risk = self.risk.ok_or(Refusal::NotAssessed)?;
                not_future(*told, now)?;
                if self.told.is_some() {
                    return Err(Refusal::AlreadyNotified);
                }
                let late = regimes
                    .in_force_for("controller", Some(risk))
                    .filter(|regime| regime.late_reasons)
                    .flat_map(|regime| regime.deadlines(aware))
                    .any(|deadline| deadline.due.is_some_and(|due| *told > due));
                if late {
                    given(late_reasons.as_deref().unwrap_or_default())
                } else {
                    Ok(())
                }
            }
        }
    }

    fn record(&mut self, change: Change) {
        match &change.command {
            Command::Open { aware } | Command::CorrectAware { aware, .. } => {
                self.aware = Some(*aware)
            }
            Command::Assess { risk, .. } => self.risk = Some(*risk),
            Command::RecordNotice { told, .. } => self.told = Some(*told),
        }
        self.entries.push(change);
    }
}

fn not_future(time: Timestamp, now: Timestamp) -> Result<(), Refusal> {
    if time > now {
        Err(Refusal::InTheFuture)
    } else {
        Ok(())
    }
}

fn given(reasons: &str) -> Result<(), Refusal> {
    if reasons.trim().is_empty() {
        Err(Refusal::ReasonsMissing)
    } else {
        Ok(())
    }
}

#[cfg(test)]
mod tests;
