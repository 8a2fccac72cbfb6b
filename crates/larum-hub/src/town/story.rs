//! What the person who watches is told, as it happens.

use std::collections::BTreeSet;

use larum_core::time::Timestamp;
use larum_core::watch::{State, service};
use larum_core::words::Argument;
use larum_hub_lib::id::MemberId;
use larum_hub_lib::store::watch::{ThreatRow, WarningState, WatchStore as _};

use super::Town;
use super::wave::Wave;

/// Most threats told of.
const MAX_THREATS: usize = 100;

type Say<'a> = &'a mut (dyn FnMut(String) + Send);

/// How far the story has been told.
pub(super) struct Story {
    script: Vec<(u64, Timestamp)>,
    struck: usize,
    called: BTreeSet<i64>,
    delivered: BTreeSet<i64>,
    hit: BTreeSet<(i64, MemberId)>,
    closed: BTreeSet<i64>,
    over: bool,
}

impl Story {
    pub(super) fn new(wave: &Wave) -> Self {
        Self {
            script: wave.order.clone(),
            struck: 0,
            called: BTreeSet::new(),
            delivered: BTreeSet::new(),
            hit: BTreeSet::new(),
            closed: BTreeSet::new(),
            over: false,
        }
    }

    /// The past has been read, counted and learned from.
    pub(super) fn learned(&self, town: &Town, say: Say<'_>) -> anyhow::Result<()> {
        let counts = town.hub.store.counts()?;
        let args = [
            ("sightings", counts.sightings.into()),
            ("members", town.residents.len().into()),
        ];
        say(town.words.say_with("demo-learned", &args));
        Ok(())
    }

    /// Tells what happened since it was asked last.
    pub(super) fn tell(&mut self, town: &Town, wave: &Wave, say: Say<'_>) -> anyhow::Result<()> {
        let now = town.clock.now();
        self.strikes(town, now, say);
        for (id, row) in town.hub.store.threats(MAX_THREATS)? {
            let warnings = town.hub.store.warning_states(id)?;
            self.threat(town, id, &row, &warnings, say);
        }
        if !self.over && now >= wave.end() {
            self.over = true;
            say(town.words.say("demo-over"));
        }
        Ok(())
    }

    /// What the script did: the first firms by name, the others only when the hub knows of them.
    fn strikes(&mut self, town: &Town, now: Timestamp, say: Say<'_>) {
        while let Some((index, at)) = self.script.get(self.struck) {
            if *at > now {
                return;
            }
            let id = if self.struck == 0 {
                "demo-first-strike"
            } else {
                "demo-strike"
            };
            let name = town
                .residents
                .iter()
                .find(|resident| resident.index == *index)
                .map_or_else(String::new, |resident| resident.name.clone());
            let args = [
                ("at", clock_time(*at).into()),
                ("name", name.into()),
                ("number", (self.struck + 1).into()),
            ];
            say(town.words.say_with(id, &args));
            self.struck += 1;
        }
    }

    fn threat(
        &mut self,
        town: &Town,
        id: i64,
        row: &ThreatRow,
        warnings: &[WarningState],
        say: Say<'_>,
    ) {
        let said =
            |message: &str, args: &[(&str, Argument<'_>)]| town.words.say_with(message, args);
        if self.called.insert(id) {
            let args = [
                ("at", clock_time(row.opened).into()),
                ("name", service::name(&town.words, &row.key).into()),
                ("members", row.members.into()),
                ("sources", row.sources.into()),
                ("warned", warnings.len().into()),
            ];
            say(said("demo-called", &args));
        }
        let delivered = warnings
            .iter()
            .filter(|one| one.delivered.is_some())
            .count();
        if delivered > 0 && delivered == warnings.len() && self.delivered.insert(id) {
            say(said("demo-delivered", &[("warned", delivered.into())]));
        }
        for warning in warnings {
            let Some(hit) = warning.hit else { continue };
            if !self.hit.insert((id, warning.member)) {
                continue;
            }
            let name = town
                .residents
                .iter()
                .find(|resident| resident.member == warning.member)
                .map_or_else(String::new, |resident| resident.name.clone());
            let minutes = hit.millis_since(warning.issued) / 60_000;
            let args = [
                ("at", clock_time(hit).into()),
                ("name", name.into()),
                ("minutes", u64::try_from(minutes).unwrap_or(0).into()),
            ];
            say(said("demo-hit", &args));
        }
        if row.state == State::Closed && self.closed.insert(id) {
            let name = service::name(&town.words, &row.key);
            say(said("demo-closed", &[("name", name.into())]));
        }
    }
}

/// The town's time of day, `14:05`.
fn clock_time(at: Timestamp) -> String {
    let minute = at.as_seconds().rem_euclid(86_400) / 60;
    format!("{:02}:{:02}", minute / 60, minute % 60)
}
