//! What a town's programs counted, for the tests and the last words of the demonstration.

use std::path::PathBuf;

use larum_hub_lib::id::MemberId;
use larum_hub_lib::store::StoreError;
use larum_hub_lib::store::watch::{Counts, ThreatRow, WarningState, WatchStore};
use larum_link::wire::Tally;

use super::Resident;
use super::wave::Wave;

/// Most threats reported.
const MAX_THREATS: usize = 1_000;

/// How a town ended.
#[derive(Clone, Debug)]
pub struct Report {
    /// Threats the hub called, each with what became of its warnings.
    pub threats: Vec<(ThreatRow, Vec<WarningState>)>,
    /// What the hub counted.
    pub counted: Counts,
    /// What each firm's collector counted.
    pub firms: Vec<FirmReport>,
    /// Firms in the order in which the script hit them.
    pub script: Vec<MemberId>,
    /// Log lines written in all.
    pub written: u64,
    /// The folder the town lived in; gone by the time this is read.
    pub folder: PathBuf,
}

/// What a firm's collector counted since it was installed.
#[derive(Clone, Debug)]
pub struct FirmReport {
    /// Number of the firm, from 0.
    pub index: u64,
    /// Its number at the hub.
    pub member: MemberId,
    /// Its name.
    pub name: String,
    /// The sums (invariant 2).
    pub counted: Tally,
}

/// The sums of all collectors at one moment.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub(super) struct Standing {
    /// Records received.
    pub received: u64,
    sightings: u64,
    receipted: u64,
    catching_up: bool,
}

impl Standing {
    /// Whether everything that was to be sent has a receipt.
    pub(super) const fn is_settled(&self) -> bool {
        !self.catching_up && self.receipted >= self.sightings
    }
}

pub(super) fn standing(residents: &[Resident]) -> Standing {
    let mut sum = Standing::default();
    for resident in residents {
        let board = &resident.collector.board;
        sum.catching_up |= board.catching_up();
        let posted = board.lock();
        let total = posted.tally.total();
        sum.received += total.received();
        sum.sightings += total.sightings;
        sum.receipted += total.receipted;
    }
    sum
}

pub(super) fn of(
    store: &impl WatchStore,
    firms: Vec<FirmReport>,
    wave: &Wave,
    written: u64,
) -> Result<Report, StoreError> {
    let threats = store
        .threats(MAX_THREATS)?
        .into_iter()
        .map(|(id, row)| Ok((row, store.warning_states(id)?)))
        .collect::<Result<_, StoreError>>()?;
    let script = wave
        .order
        .iter()
        .filter_map(|(index, _)| firms.iter().find(|firm| firm.index == *index))
        .map(|firm| firm.member)
        .collect();
    Ok(Report {
        threats,
        counted: store.counts()?,
        firms,
        script,
        written,
        folder: PathBuf::new(),
    })
}
