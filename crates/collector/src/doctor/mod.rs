//! What a support person would ask, asked beforehand: each answer says how it is, what that means and
//! what to do. Nothing is changed by looking.

mod blocklist;
mod bundle;
mod captures;
mod devices;
mod hub;
mod records;
mod setup;
mod system;
mod tell;

pub use bundle::bundle;
pub use tell::tell;

use std::path::{Path, PathBuf};
use std::sync::Arc;

use larum_core::parse::DeviceNames;
use larum_core::time::Timestamp;
use larum_core::words::{Argument, Words};
use larum_link::clock::Clock;
use serde::Serialize;

use crate::config::{Config, Zone};
use crate::status::{self, StatusDocument};

/// How a thing is.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Serialize)]
#[serde(rename_all = "lowercase")]
pub enum State {
    /// As it should be.
    Ok,
    /// Worth a look.
    Look,
    /// It does not work.
    Broken,
}

impl State {
    /// As the JSON and the ids of messages call it.
    #[must_use]
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::Ok => "ok",
            Self::Look => "look",
            Self::Broken => "broken",
        }
    }
}

/// One answer.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct Check {
    /// What was looked at; with `result` it is the stable name of the answer.
    pub check: &'static str,
    /// How it is.
    pub state: State,
    /// Which answer it is: the message `doctor-CHECK-RESULT` of the catalogue.
    pub result: &'static str,
    /// What that means.
    pub said: String,
    /// What to do.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub fix: Option<String>,
}

/// An argument of a message.
type Arg<'a> = (&'static str, Argument<'a>);

/// All answers, and what they rest on.
#[derive(Debug)]
pub struct Report {
    /// In the order in which one looks.
    pub checks: Vec<Check>,
    /// The configuration, when it could be read.
    pub config: Option<Config>,
    /// The last status, when there is one.
    pub status: Option<StatusDocument>,
    /// When this was.
    pub at: Timestamp,
}

/// What is looked at.
#[derive(Clone, Debug)]
pub struct Patient {
    /// The configuration file.
    pub config: PathBuf,
    /// The state folder, where it is not the one that the configuration names.
    pub state_dir: Option<PathBuf>,
    /// Whether the hub is called.
    pub call_hub: bool,
}

/// What each part of the examination works with.
struct Examination {
    words: Arc<Words>,
    names: Arc<DeviceNames>,
    clock: Clock,
    now: Timestamp,
    zone: Zone,
    checks: Vec<Check>,
}

impl Examination {
    /// Enters an answer in the words of `doctor-CHECK-RESULT`, with the advice of
    /// `doctor-CHECK-RESULT-fix` where the catalogue has one.
    fn enter(&mut self, check: &'static str, result: &'static str, state: State, args: &[Arg<'_>]) {
        let id = format!("doctor-{check}-{result}");
        let fix = format!("{id}-fix");
        let said = self.words.say_with(&id, args);
        let fix = self
            .words
            .has(&fix)
            .then(|| self.words.say_with(&fix, args));
        self.enter_said(check, result, state, said, fix);
    }

    fn enter_said(
        &mut self,
        check: &'static str,
        result: &'static str,
        state: State,
        said: String,
        fix: Option<String>,
    ) {
        self.checks.push(Check {
            check,
            state,
            result,
            said,
            fix,
        });
    }
}

/// Looks at everything. It waits for disks and, unless told not to, for the hub.
pub async fn examine(
    patient: &Patient,
    words: &Arc<Words>,
    names: &Arc<DeviceNames>,
    clock: &Clock,
) -> Report {
    let mut examination = Examination {
        words: Arc::clone(words),
        names: Arc::clone(names),
        clock: clock.clone(),
        now: clock.now(),
        zone: Zone::default(),
        checks: Vec::new(),
    };
    let config = setup::config(&mut examination, &patient.config);
    if let Some(config) = &config {
        examination.zone = config.zone.clone();
    }
    let configured = config.as_ref().map(|config| config.state_dir.clone());
    let state_dir = patient
        .state_dir
        .clone()
        .or(configured)
        .unwrap_or_else(|| PathBuf::from(crate::config::DEFAULT_STATE_DIR));
    setup::folders(&mut examination, &state_dir);
    let status = look_at_status(&mut examination, &state_dir);
    system::unit(&mut examination);
    if let Some(config) = &config {
        system::ports(&mut examination, config, status.as_ref());
        system::buffers(&mut examination, config);
        captures::look(&mut examination, config, status.as_ref());
    }
    if let Some(status) = &status {
        devices::look(&mut examination, status);
    }
    let proxy = config.as_ref().and_then(|config| config.proxy.clone());
    let call = patient.call_hub.then_some(proxy);
    hub::look(&mut examination, &state_dir, status.as_ref(), call).await;
    if let Some(status) = &status
        && config.as_ref().is_some_and(Config::serves_blocklist)
    {
        blocklist::look(&mut examination, status);
    }
    records::look(&mut examination, &state_dir, status.as_ref());
    Report {
        checks: examination.checks,
        config,
        status,
        at: examination.now,
    }
}

/// A status older than this is not written any more, in seconds.
const STALE_SECONDS: i64 = 60;

fn look_at_status(to: &mut Examination, state_dir: &Path) -> Option<StatusDocument> {
    let status = match status::read(state_dir) {
        Ok(Some(status)) => status,
        Ok(None) => {
            to.enter("running", "never", State::Broken, &[]);
            return None;
        }
        Err(_) => {
            to.enter("running", "unreadable", State::Broken, &[]);
            return None;
        }
    };
    let written = crate::health::moment_of(&status.written);
    let age_seconds = written.map_or(i64::MAX, |at| to.now.millis_since(at) / 1_000);
    let shown = [
        ("written", status.written.clone().into()),
        ("running", status.version.clone().into()),
        ("version", env!("CARGO_PKG_VERSION").into()),
    ];
    if !status.running {
        to.enter("running", "no", State::Broken, &shown);
    } else if age_seconds > STALE_SECONDS {
        to.enter("running", "stuck", State::Broken, &shown);
    } else {
        to.enter("running", "yes", State::Ok, &shown);
    }
    if status.version == env!("CARGO_PKG_VERSION") {
        to.enter("version", "same", State::Ok, &shown);
    } else {
        to.enter("version", "other", State::Look, &shown);
    }
    for trouble in &status.troubles {
        let said = to.words.say(&format!("trouble-{trouble}"));
        to.enter_said("trouble", "standing", State::Broken, said, None);
    }
    Some(status)
}

#[cfg(test)]
mod tests;
