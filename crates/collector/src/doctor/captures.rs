//! Interfaces whose traffic is looked at: whether packets come, and whether any are lost.

use super::{Examination, State};
use crate::capture::Captures;
use crate::config::Config;
use crate::page::number;
use crate::status::StatusDocument;

pub(super) fn look(to: &mut Examination, config: &Config, status: Option<&StatusDocument>) {
    let running = status.filter(|status| status.running);
    for input in &config.captures {
        let interface = input.interface.as_str();
        let Some(status) = running else {
            untried(to, config, interface);
            continue;
        };
        let mut states = status.captures.iter();
        let Some(state) = states.find(|state| state.interface == interface) else {
            let args = [("interface", interface.into())];
            to.enter("capture", "not-started", State::Broken, &args);
            continue;
        };
        let lost = state.lost.saturating_add(state.passed_over);
        let args = [
            ("interface", interface.into()),
            ("packets", number(state.packets).into()),
            ("lost", number(lost).into()),
        ];
        if state.packets == 0 {
            to.enter("capture", "silent", State::Look, &args);
        } else if lost > 0 {
            to.enter("capture", "lost", State::Look, &args);
        } else {
            to.enter("capture", "right", State::Ok, &args);
        }
    }
}

/// While no collector runs, whether the interface could be opened.
fn untried(to: &mut Examination, config: &Config, interface: &str) {
    let mut alone = Config::new(config.state_dir.clone());
    let inputs = config.captures.iter();
    let inputs = inputs.filter(|input| input.interface == interface);
    alone.captures = inputs.cloned().collect();
    let (result, state, problem) = match Captures::open(&alone) {
        Ok(_) => ("can", State::Ok, String::new()),
        Err(problem) if problem.is_not_allowed() => ("unknown", State::Look, String::new()),
        Err(problem) => ("unusable", State::Broken, problem.source.to_string()),
    };
    let args = [("interface", interface.into()), ("problem", problem.into())];
    to.enter("capture", result, state, &args);
}
