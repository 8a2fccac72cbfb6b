//! What an alarm says.

use std::net::IpAddr;

use crate::event::words;
use crate::time::Timestamp;
use crate::watch::assess::{Evidence, Kind};

words! {
    /// How wide an alarm is.
    Level {
        /// All members.
        National = "national",
        /// A region.
        Region = "region",
        /// A sector.
        Sector = "sector",
        /// A force area.
        Area = "area",
    }
}

/// One alarm.
#[derive(Clone, Debug, PartialEq)]
pub struct Alarm {
    /// The end of the hour it was called in, or the moment of an early look.
    pub at: Timestamp,
    /// What sort.
    pub kind: Kind,
    /// How wide.
    pub level: Level,
    /// Which sector or area; `all` where all members are meant.
    pub scope: String,
    /// The key that rose most.
    pub key: String,
    /// How far from usual, on one scale for all keys.
    pub score: f64,
    /// Share of false alarms among those as strong, against what was seen before.
    pub q_value: f64,
    /// Distinct sources in the window.
    pub sources: usize,
    /// Distinct members in the window.
    pub members: usize,
    /// First sighting in the window.
    pub first_seen: Timestamp,
    /// What it rests on.
    pub shown: Shown,
}

/// What an alarm rests on, to be shown.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct Shown {
    /// The sums against history, of a rise.
    pub evidence: Option<Evidence>,
    /// Count in the cell, and the count its share makes expected, of a wave.
    pub cell: Option<(usize, f64)>,
    /// Hours of the window.
    pub window_hours: i64,
    /// Further keys the same sources raise.
    pub keys: Vec<String>,
    /// The sources seen at most members, most first.
    pub broadest: Vec<IpAddr>,
    /// The members that were reached, by name. For those who may see names; never shown as it is.
    pub reached: Vec<String>,
    /// Members by sector and by area: only cells of five or more, none that is above half.
    pub sectors: Vec<(String, usize)>,
    /// As `sectors`.
    pub areas: Vec<(String, usize)>,
    /// The number of the episode; an episode told again because it grew keeps it.
    pub episode: u64,
    /// Whether the episode was told before and has grown.
    pub grown: bool,
}
