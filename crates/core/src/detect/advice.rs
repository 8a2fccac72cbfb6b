//! Where to click on the device that saw it: a step added to the advice of a finding.
//!
//! The steps stand in `content/words/en-advice.ftl`, each below the vendor's page that documents it. A
//! device has only those steps that such a page was found for; others are told the general advice alone.

use super::story::{Story, What};
use crate::event::Event;
use crate::finding::{AttackOutcome, Finding};
use crate::words::{Argument, Words};

/// Devices by what their formats call product or vendor, small letters; the catalogue has messages
/// `advice-DEVICE-STEP`. At most 255.
const DEVICES: &[(&str, &str)] = &[
    ("fortigate", "fortigate"),
    ("pfsense", "pfsense"),
    ("opnsense", "pfsense"),
    ("xg", "sophos-firewall"),
    ("unifi", "unifi"),
    ("routeros", "routeros"),
    ("vigor", "draytek"),
    ("firebox", "firebox"),
    ("openssh", "openssh"),
    ("nginx", "nginx"),
    ("sonicos", "sonicwall"),
    ("sonic", "sonicwall"),
    ("windows", "windows"),
    ("wordpress", "wordpress"),
];

/// A device there may be steps for: its place in the list from 1, 0 for others.
pub type Device = u8;

/// The device that wrote `event`.
pub fn device_of(event: &Event<'_>) -> Device {
    let Some(product) = event.product else {
        return 0;
    };
    let place = DEVICES
        .iter()
        .position(|(name, _)| name.eq_ignore_ascii_case(product));
    place
        .and_then(|place| u8::try_from(place + 1).ok())
        .unwrap_or(0)
}

/// What is to be done on the device.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Step {
    /// Keep an address out.
    Block,
    /// Take back what lets the internet in.
    Close,
    /// Let nobody on the internet administer the device.
    Admin,
    /// Make guessing pointless.
    LogIn,
}

impl Step {
    const fn as_str(self) -> &'static str {
        match self {
            Self::Block => "block",
            Self::Close => "close",
            Self::Admin => "admin",
            Self::LogIn => "log-in",
        }
    }
}

/// Adds to the advice of `finding`, made of `story`, where to do it; `rule` is the file of its rule.
pub fn add(finding: &mut Finding, story: &Story, rule: Option<&str>, words: &Words) {
    let device = usize::from(story.device).checked_sub(1);
    let device = device.and_then(|place| DEVICES.get(place));
    let (Some((_, device)), Some(step)) = (device, step_of(finding, story, rule)) else {
        return;
    };
    let id = format!("advice-{device}-{}", step.as_str());
    if !words.has(&id) {
        return;
    }
    let address = match story.source.filter(|_| story.outside) {
        Some(ip) => ip.to_string(),
        None => story.label.to_string(),
    };
    let arguments: [(&str, Argument<'_>); 1] = [("address", address.into())];
    finding.advice.push(' ');
    finding.advice += &words.say_with(&id, &arguments);
}

/// What is to be done, if it is anything a device's menu can do.
fn step_of(finding: &Finding, story: &Story, rule: Option<&str>) -> Option<Step> {
    let is_kept_out = finding.outcome == AttackOutcome::Blocked;
    match story.key.what {
        What::Rule(_) => match rule? {
            "firewall-admin-from-internet" => Some(Step::Admin),
            file if file.starts_with("exposed-") => Some(Step::Close),
            _ => None,
        },
        What::NewService => Some(Step::Close),
        What::PortScan if story.outside && story.served > 0 => Some(Step::Close),
        What::Guessing | What::BreakIn | What::Spraying | What::Stuffing | What::SharedGuessing
            if story.outside =>
        {
            Some(Step::LogIn)
        }
        What::WebAttack | What::WebProbing if story.outside && !is_kept_out => Some(Step::Block),
        What::Beacon | What::Indicator if !is_kept_out => Some(Step::Block),
        _ => None,
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::content::WORDS;

    #[test]
    fn every_step_has_its_source_and_every_device_a_step() {
        let (_, text) = WORDS
            .iter()
            .find(|(name, _)| name.contains("en-advice"))
            .unwrap();
        let steps = ["block", "close", "admin", "log-in"];
        let mut told = Vec::new();
        let mut above = "";
        for line in text.lines() {
            if let Some((id, _)) = line
                .split_once(" = ")
                .filter(|_| line.starts_with("advice-"))
            {
                assert!(above.starts_with("# Source: "), "{id} has no source");
                let rest = id.trim_start_matches("advice-");
                let (device, step) = steps
                    .iter()
                    .find_map(|step| Some((rest.strip_suffix(step)?.trim_end_matches('-'), step)))
                    .unwrap();
                assert!(DEVICES.iter().any(|(_, known)| *known == device), "{id}");
                told.push((device, step));
            }
            above = line;
        }
        for (_, device) in DEVICES {
            assert!(told.iter().any(|(known, _)| known == device), "{device}");
        }
    }

    #[test]
    fn the_device_that_saw_it_is_told_where_and_others_nothing() {
        use crate::detect::tests::{detect, login};
        for (product, expected) in [
            (Some("openssh"), true),
            (Some("OpenSSH"), true),
            (Some("dropbear"), false),
            (None, false),
        ] {
            let mut detect = detect();
            let mut out = Vec::new();
            for n in 0..30 {
                let mut event = login(n, "192.0.2.9", "root", false);
                event.product = product;
                detect.observe(&event, &mut out);
            }
            let advice = &out.first().unwrap().finding().advice;
            assert_eq!(advice.contains("sshd_config"), expected, "{advice}");
        }
    }
}
