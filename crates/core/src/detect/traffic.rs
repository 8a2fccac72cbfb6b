//! The detectors of network flows together: what they remember, and how they tell it.

use super::beacon::Pairs;
use super::firm::Firm;
use super::flood::Loads;
use super::flow::Way;
use super::fold::Fold;
use super::keep_alive::KeepAlive;
use super::new_service::Doors;
use super::outflow::Hauls;
use super::snapshot::kept;
use super::source::key_of;
use super::spread::Spreads;
use super::story::{Story, StoryKey, What};

/// What is remembered of network flows. All tables together stay below 4 MiB (a test reckons it).
#[derive(Clone, Debug)]
pub struct Traffic {
    pub firm: Firm,
    pub pairs: Pairs,
    pub hauls: Hauls,
    pub loads: Loads,
    pub doors: Doors,
    pub spreads: Spreads,
    pub keep_alive: KeepAlive,
}

kept!(Traffic { firm, pairs, hauls, loads, doors, spreads } fresh { keep_alive: KeepAlive::shipped() });

impl Default for Traffic {
    fn default() -> Self {
        Self {
            firm: Firm::default(),
            pairs: Pairs::default(),
            hauls: Hauls::default(),
            loads: Loads::default(),
            doors: Doors::default(),
            spreads: Spreads::default(),
            keep_alive: KeepAlive::shipped(),
        }
    }
}

impl Fold<'_> {
    /// What the flow of this event, if it is one, adds to what is remembered.
    pub(super) fn traffic(&mut self) {
        let Some(flow) = &self.seen.flow else { return };
        match flow.way {
            Way::Out => {
                self.amplification();
                if let Some((_, host, place)) = self.seen.outgoing() {
                    let now = self.seen.seconds();
                    self.detect.flows.firm.visit(key_of(host), place, now);
                    self.beacon();
                    self.outflow();
                    self.spread();
                }
            }
            Way::In => {
                self.flood();
                self.amplification();
                self.new_service();
            }
        }
    }

    /// Adds this event to the story of the inside host that opened its flow.
    pub(super) fn tell_flow(&mut self, what: What, detail: u64) -> Option<(StoryKey, &mut Story)> {
        let flow = self.seen.flow.as_ref()?;
        let host = flow.host?;
        let key = StoryKey {
            what,
            actor: key_of(host),
            detail,
        };
        let (other, port, name) = (flow.other, flow.port, flow.name);
        let proto = self.seen.proto;
        let story = self.tell_of(key, Some(host));
        story.outside = false;
        story.aim(other, proto, Some(port));
        if story.label.is_empty() {
            story.label = match (name, other) {
                (Some(name), _) => name.as_str().into(),
                (None, Some(ip)) => ip.to_string().into(),
                (None, None) => "".into(),
            };
            let label = story.label.clone();
            story.name(&label);
        }
        Some((key, story))
    }

    /// Adds this event to the story of one of the firm's own services: those who come are many, and
    /// nobody is named.
    pub(super) fn tell_service(
        &mut self,
        what: What,
        detail: u64,
    ) -> Option<(StoryKey, &mut Story)> {
        let flow = self.seen.flow.as_ref()?;
        let host = flow.host;
        let key = StoryKey {
            what,
            actor: host.map_or(0, key_of),
            detail,
        };
        let (other, port) = (flow.other, flow.port);
        let proto = self.seen.proto;
        let story = self.tell_of(key, None);
        story.outside = true;
        story.aim(host, proto, Some(port));
        if story.label.is_empty() {
            story.label = host.map_or_else(Default::default, |ip| ip.to_string().into());
        }
        if let Some(other) = other {
            story.come_from(other);
        }
        Some((key, story))
    }
}

#[cfg(test)]
mod tests {
    use super::super::{beacon, firm, flood, new_service, outflow, spread};

    #[test]
    fn all_tables_together_stay_below_four_mebibytes() {
        const SUM: usize = beacon::PairTable::MAX_BYTES
            + beacon::DOOR_BYTES
            + firm::Places::MAX_BYTES
            + firm::Hosts::MAX_BYTES
            + outflow::HaulTable::MAX_BYTES
            + flood::Services::MAX_BYTES
            + flood::Targets::MAX_BYTES
            + new_service::DoorTable::MAX_BYTES
            + spread::SpreadTable::MAX_BYTES;
        println!("{SUM} bytes");
        const { assert!(SUM <= 4 * 1_024 * 1_024) };
    }
}
