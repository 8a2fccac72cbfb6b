//! What must agree after a crash, in one file replaced at once: the sums, how far each file was read,
//! and which sightings are on their way. A record is therefore never counted twice or left out of the
//! count, however the collector ended.

use std::io;
use std::path::Path;

use larum_link::wire::WireWarning;
use serde::{Deserialize, Serialize};

use crate::blocked::Blocked;
use crate::board::Posted;
use crate::intake::IntakeState;
use crate::learned::Learned;
use crate::legend::SavedLegend;
use crate::outbox::SavedRun;
use crate::state;
use crate::tail::Position;
use crate::tally::SavedTally;
use crate::unread::SavedUnread;

/// Version of the file.
const VERSION: u8 = 1;
const FILE: &str = "checkpoint.json";

/// The file.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct Checkpoint {
    /// Version of its layout.
    pub version: u8,
    /// All sums.
    pub tally: SavedTally,
    /// How far each file is read.
    pub positions: Vec<Position>,
    /// How far the intake is dealt with.
    #[serde(default)]
    pub intake: IntakeState,
    /// Up to where the system's journal is dealt with.
    #[serde(default)]
    pub journal: Option<String>,
    /// Sightings the hub has not receipted.
    pub in_flight: Vec<SavedRun>,
    /// What was kept out, in numbers.
    #[serde(default)]
    pub blocked: Blocked,
    /// Warnings of the hub.
    #[serde(default)]
    pub warnings: Vec<WireWarning>,
    /// What was learned about devices' clocks and the firm's own addresses.
    #[serde(default)]
    pub learned: Learned,
    /// What unread lines look like, in numbers.
    #[serde(default)]
    pub unread: Vec<SavedUnread>,
    /// What senders said about the columns of their lines.
    #[serde(default)]
    pub legends: Vec<SavedLegend>,
}

impl Checkpoint {
    /// Of what is posted now.
    #[must_use]
    pub fn of(posted: &Posted) -> Self {
        Self {
            version: VERSION,
            tally: posted.tally.save(),
            positions: posted.positions.positions().cloned().collect(),
            intake: posted.intake,
            journal: posted.journal.clone(),
            in_flight: posted.in_flight.save(&posted.tally),
            blocked: posted.blocked.clone(),
            warnings: posted.warnings.iter().cloned().collect(),
            learned: posted.learned.clone(),
            unread: posted.unread.save(),
            legends: posted.legends.clone(),
        }
    }

    /// The one in `folder`; empty when there is none. One that cannot be understood is set aside
    /// under another name, and files are read again from their beginning.
    ///
    /// # Errors
    /// When it is there but the system does not let it be read or set aside.
    pub fn load(folder: &Path) -> io::Result<Self> {
        let Some(text) = state::read(folder, FILE)? else {
            return Ok(Self::default());
        };
        match serde_json::from_str::<Self>(&text) {
            Ok(checkpoint) if checkpoint.version == VERSION => Ok(checkpoint),
            _ => {
                tracing::error!("the checkpoint cannot be understood; it was set aside");
                std::fs::rename(folder.join(FILE), folder.join("checkpoint.unreadable"))?;
                Ok(Self::default())
            }
        }
    }

    /// Writes it to `folder`.
    ///
    /// # Errors
    /// When the system refuses; the one before stays.
    pub fn write(&self, folder: &Path) -> io::Result<()> {
        let bytes = serde_json::to_vec(self).map_err(io::Error::other)?;
        state::replace(folder, FILE, &bytes)
    }
}
