//! What is known of devices' rhythms and what stands, in a file of the state folder. It is worth little:
//! one that cannot be read is begun anew.

use std::io;
use std::path::Path;

use larum_core::health::{DeviceMemory, Health, Rhythm, WEEK_HOURS};
use larum_core::time::Timestamp;
use serde::{Deserialize, Serialize};

use super::ConcernRow;
use crate::state;

/// Version of the file.
const VERSION: u8 = 1;
const FILE: &str = "health.json";

#[derive(Serialize, Deserialize)]
struct Saved {
    version: u8,
    devices: Vec<SavedDevice>,
    concerns: Vec<ConcernRow>,
}

#[derive(Serialize, Deserialize)]
struct SavedDevice {
    name: String,
    first_seconds: i64,
    last_seconds: i64,
    /// The bytes of the hours of a week, hexadecimal.
    hours: String,
    longest_ms: i64,
    longest_rest_ms: i64,
    heard: u32,
    lines: f64,
    unread: f64,
}

impl SavedDevice {
    fn of(memory: &DeviceMemory) -> Self {
        let rhythm = &memory.rhythm;
        Self {
            name: memory.name.to_string(),
            first_seconds: rhythm.first.as_seconds(),
            last_seconds: rhythm.last.as_seconds(),
            hours: data_encoding::HEXLOWER.encode(&rhythm.hours),
            longest_ms: rhythm.longest_ms,
            longest_rest_ms: rhythm.longest_rest_ms,
            heard: rhythm.heard,
            lines: memory.past.0,
            unread: memory.past.1,
        }
    }

    fn memory(self) -> Option<DeviceMemory> {
        let hours = data_encoding::HEXLOWER.decode(self.hours.as_bytes()).ok()?;
        let hours: [u8; WEEK_HOURS] = hours.try_into().ok()?;
        Some(DeviceMemory {
            name: self.name.into(),
            rhythm: Rhythm::restore(
                Timestamp::from_seconds(self.first_seconds),
                Timestamp::from_seconds(self.last_seconds),
                hours,
                (self.longest_ms, self.longest_rest_ms),
                self.heard,
            ),
            past: (self.lines, self.unread),
        })
    }
}

/// What an earlier run left in `folder`.
pub(super) fn load(folder: &Path) -> Health {
    let saved = state::read(folder, FILE)
        .ok()
        .flatten()
        .and_then(|text| serde_json::from_str::<Saved>(&text).ok())
        .filter(|saved| saved.version == VERSION);
    let Some(saved) = saved else {
        return Health::default();
    };
    Health::restore(
        saved.devices.into_iter().filter_map(SavedDevice::memory),
        saved.concerns.iter().filter_map(ConcernRow::standing),
    )
}

/// Keeps `health` in `folder`.
pub(super) fn write(folder: &Path, health: &Health) -> io::Result<()> {
    let saved = Saved {
        version: VERSION,
        devices: health
            .memories()
            .map(|memory| SavedDevice::of(&memory))
            .collect(),
        concerns: super::rows(health),
    };
    let bytes = serde_json::to_vec(&saved).map_err(io::Error::other)?;
    state::replace_unsynced(folder, FILE, &bytes)
}
