//! The tally on disk and in `larum status --json`: the same shape for both.

use std::collections::BTreeMap;

use larum_core::reject::Reject;
use larum_core::sighting::Withheld;
use larum_core::time::{DeviceTime, Timestamp};
use larum_link::wire;
use serde::{Deserialize, Serialize};

use super::{Hour, SECONDS_PER_HOUR, Sum, Tally, hour_of};
use crate::reason::Dropped;

/// A whole tally.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct SavedTally {
    /// Every device with its hours, by name.
    pub devices: Vec<DeviceHours>,
    /// Hours no longer kept apart.
    pub earlier: wire::Tally,
    /// Everything since the installation.
    pub total: wire::Tally,
}

/// One device and its hours.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct DeviceHours {
    /// Its name: address of the sender, path of the file, `stdin`, a listener, or `other`.
    pub device: String,
    /// When it was last heard, RFC 3339.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub last_heard: Option<String>,
    /// Its sums, oldest hour first, each under the start of the hour in RFC 3339.
    pub hours: BTreeMap<String, wire::Tally>,
}

impl Tally {
    /// The shape for disk and status.
    #[must_use]
    pub fn save(&self) -> SavedTally {
        let mut devices: BTreeMap<_, _> = self
            .devices()
            .map(|(id, name, heard)| {
                let device = DeviceHours {
                    device: name.to_owned(),
                    last_heard: heard
                        .map(|heard| Timestamp::from_seconds(heard.as_seconds()).to_string()),
                    hours: BTreeMap::new(),
                };
                (id, device)
            })
            .collect();
        for (id, hour, sum) in self.rows() {
            if let Some(device) = devices.get_mut(&id) {
                device.hours.insert(hour_text(hour), sum.into());
            }
        }
        let mut devices: Vec<_> = devices
            .into_values()
            .filter(|device| device.last_heard.is_some() || !device.hours.is_empty())
            .collect();
        devices.sort_by(|left, right| left.device.cmp(&right.device));
        SavedTally {
            devices,
            earlier: self.earlier().into(),
            total: self.total().into(),
        }
    }

    /// The tally that was saved. Reasons this version does not know are counted among the events'
    /// remainder, so that `received` stays what it was.
    #[must_use]
    pub fn restore(saved: &SavedTally) -> Self {
        let mut tally = Self::new();
        for device in &saved.devices {
            let id = tally.device(&device.device);
            if let Some(heard) = device.last_heard.as_deref().and_then(moment) {
                tally.heard(id, heard);
            }
            for (hour, sum) in &device.hours {
                if let Some(hour) = moment(hour).map(hour_of) {
                    tally.add(id, hour, &sum_of(sum));
                }
            }
        }
        tally.earlier = sum_of(&saved.earlier);
        let earlier = tally.earlier;
        tally.total.add(&earlier);
        tally
    }
}

fn hour_text(hour: Hour) -> String {
    Timestamp::from_seconds(hour.saturating_mul(SECONDS_PER_HOUR)).to_string()
}

fn moment(text: &str) -> Option<Timestamp> {
    DeviceTime::parse_rfc3339(text.as_bytes()).map(|time| time.at)
}

fn sum_of(saved: &wire::Tally) -> Sum {
    let known = |counts: &BTreeMap<String, u64>, code: &str| counts.get(code).copied().unwrap_or(0);
    let mut sum = Sum {
        rejected: Reject::ALL.map(|reason| known(&saved.rejected, reason.code())),
        dropped: Dropped::ALL.map(|reason| known(&saved.dropped, reason.code())),
        sightings: saved.sightings,
        sent: saved.sent,
        receipted: saved.receipted,
        ..Sum::default()
    };
    for (place, reason) in sum.withheld.iter_mut().zip(Withheld::ALL) {
        *place = known(&saved.withheld, reason.as_str());
    }
    sum.events = saved.received.saturating_sub(sum.received());
    sum
}
