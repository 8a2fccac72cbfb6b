//! Legal regimes and their clocks, read from `content/law/clocks.toml`.

use serde::Deserialize;

use super::Risk;
use crate::content;
use crate::time::Timestamp;

/// What the law is today.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum Status {
    /// The law: a duty.
    InForce,
    /// Before Parliament: shown as such.
    Bill,
    /// Announced: shown as such.
    Proposal,
}

/// From which risk on a regime applies.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum Trigger {
    /// Whatever the risk.
    Always,
    /// From a risk on.
    Risk,
    /// From a high risk on.
    HighRisk,
}

/// One thing to do under a regime.
#[derive(Clone, Debug, PartialEq, Eq, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Stage {
    /// What to do.
    pub name: String,
    /// Clock hours from awareness; `None`: without undue delay.
    pub hours: Option<u32>,
}

/// A legal regime.
#[derive(Clone, Debug, PartialEq, Eq, Deserialize)]
#[serde(deny_unknown_fields, rename_all = "kebab-case")]
pub struct Regime {
    /// Short name, such as `uk-gdpr-33`.
    pub id: String,
    /// What the law is today.
    pub status: Status,
    /// Whom it binds.
    pub who: String,
    /// From which risk on.
    pub trigger: Trigger,
    /// Where it stands.
    pub source: String,
    /// Whether a late notice must carry reasons.
    #[serde(default)]
    pub late_reasons: bool,
    /// What to do, in order.
    #[serde(rename = "stage")]
    pub stages: Vec<Stage>,
}

/// A duty and when it is due.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Deadline<'r> {
    /// The regime.
    pub regime: &'r Regime,
    /// The stage.
    pub stage: &'r Stage,
    /// The last moment; `None`: without undue delay.
    pub due: Option<Timestamp>,
}

impl Regime {
    /// The deadlines for a firm that became aware at `aware`: strict clock hours, never extended for
    /// nights, weekends or holidays.
    pub fn deadlines(&self, aware: Timestamp) -> impl Iterator<Item = Deadline<'_>> {
        self.stages.iter().map(move |stage| Deadline {
            regime: self,
            stage,
            due: stage
                .hours
                .map(|hours| aware.plus_seconds(i64::from(hours) * 3_600)),
        })
    }
}

/// Every regime known.
#[derive(Clone, Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Regimes {
    regime: Vec<Regime>,
    /// The table's own evidence.
    #[serde(default)]
    #[cfg_attr(
        not(test),
        expect(dead_code, reason = "the table's own evidence, walked by its test")
    )]
    pub(super) case: Vec<Case>,
}

/// One line of evidence: aware then, due then.
#[derive(Clone, Debug, Deserialize)]
#[serde(deny_unknown_fields)]
#[cfg_attr(
    not(test),
    expect(dead_code, reason = "the table's own evidence, walked by its test")
)]
pub(super) struct Case {
    pub regime: String,
    pub aware: String,
    pub due: String,
}

impl Regimes {
    /// The table that ships with the program.
    ///
    /// # Errors
    /// When `content/law/clocks.toml` is malformed; a test walks it, so a release never is.
    pub fn built_in() -> Result<Self, String> {
        let text = content::LAW
            .iter()
            .find(|(name, _)| *name == "clocks")
            .map_or("", |(_, text)| text);
        toml::from_str(text).map_err(|error| format!("content/law/clocks.toml: {error}"))
    }

    /// The regime with this id.
    #[must_use]
    pub fn find(&self, id: &str) -> Option<&Regime> {
        self.regime.iter().find(|regime| regime.id == id)
    }

    /// The regimes in force that bind `who` at `risk`; while the risk is not assessed (`None`), those
    /// that a risk would trigger count too, so that no clock is missed.
    pub fn in_force_for<'r>(
        &'r self,
        who: &'r str,
        risk: Option<Risk>,
    ) -> impl Iterator<Item = &'r Regime> {
        self.regime
            .iter()
            .filter(move |regime| regime.status == Status::InForce && regime.who == who)
            .filter(move |regime| match regime.trigger {
                Trigger::Always => true,
                Trigger::Risk => risk.is_none_or(|risk| risk >= Risk::Risk),
                Trigger::HighRisk => risk == Some(Risk::High),
            })
    }
}
