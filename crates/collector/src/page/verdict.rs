//! The one line the owner came for, and what to do about it.

use std::borrow::Borrow;
use std::cmp::Reverse;

use larum_core::finding::Severity;
use larum_core::health::Kind;
use larum_core::time::Timestamp;
use larum_link::wire::WireWarning;

use crate::board::{Posted, Trouble};
use crate::findings::KeptFinding;
use crate::health::ConcernRow;
use crate::learned::ClockRow;
use crate::unread::{self, OfDevice};

/// Attacks that ended longer ago are history …
const RECENT_SECONDS: i64 = 24 * 3_600;
/// … and those that worked, which somebody must look after, longer ago than this.
const WORKED_SECONDS: i64 = 14 * 24 * 3_600;
/// Most wrong clocks told of one sender.
const MAX_CLOCKS: usize = 4;

/// How things stand.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Verdict {
    /// An attack that matters worked.
    Bad,
    /// So many things need attention.
    Look(usize),
    /// Nothing has ever arrived.
    Quiet,
    /// Nothing to do.
    Good,
}

/// One thing to do.
#[derive(Clone, Debug, PartialEq)]
pub(super) enum Task {
    /// The collector itself is hindered.
    Trouble(Trouble),
    /// The hub warns.
    Warning(WireWarning),
    /// An attack seen here: the worst of what one attacker did, then the rest.
    Attack(Vec<KeptFinding>),
    /// A device is silent, lines are lost, the hub is out of reach, and the like.
    Concern(ConcernRow),
    /// A device's clock is wrong.
    WrongClock(ClockRow),
    /// A device sends much that cannot be read.
    Unread {
        /// Its name.
        device: String,
        /// What it sends.
        lines: OfDevice,
    },
}

/// What to do now, worst first.
pub(super) fn tasks(posted: &Posted, alert_severity: Severity, now: Timestamp) -> Vec<Task> {
    let mut tasks: Vec<Task> = posted.troubles.iter().copied().map(Task::Trouble).collect();
    let mut attacks: Vec<Vec<&KeptFinding>> = posted.findings.stories();
    attacks.retain(|story| {
        let worked = is_bad(story);
        let seconds = if worked {
            WORKED_SECONDS
        } else {
            RECENT_SECONDS
        };
        story.iter().any(|finding| {
            (worked || finding.severity() >= alert_severity)
                && (finding.open || finding.last() >= now.plus_seconds(-seconds))
        })
    });
    attacks.sort_by_cached_key(|story| {
        let worst = story.first();
        Reverse(worst.map(|one| (one.severity(), one.outcome == "success", one.last)))
    });
    let mut warnings: Vec<&WireWarning> = posted
        .warnings
        .iter()
        .filter(|warning| warning.expires > now.as_millis())
        .collect();
    warnings
        .sort_by_key(|warning| Reverse((Severity::from_word(&warning.severity), warning.issued)));
    let (worked, tried): (Vec<_>, Vec<_>) = attacks.into_iter().partition(|story| is_bad(story));
    let attack = |story: Vec<&KeptFinding>| Task::Attack(story.into_iter().cloned().collect());
    tasks.extend(worked.into_iter().map(attack));
    tasks.extend(warnings.into_iter().cloned().map(Task::Warning));
    tasks.extend(tried.into_iter().map(attack));
    let mut unread = posted.unread.last_day(&posted.tally, now);
    // A wrong clock has a card of its own, as soon as it is certain.
    let concerns = posted.concerns.iter();
    let concerns = concerns.filter(|concern| concern.kind() != Some(Kind::DeviceClock));
    tasks.extend(concerns.cloned().map(Task::Concern));
    for (_, name, _) in posted.tally.devices() {
        let silent = is_silent(posted, name);
        let wrong = posted.learned.clocks_of(name);
        tasks.extend(
            wrong
                .filter(|clock| clock.wrong_seconds.is_some() && !silent)
                .take(MAX_CLOCKS)
                .cloned()
                .map(Task::WrongClock),
        );
        if let Some(lines) = unread.remove(name).filter(is_much) {
            tasks.push(Task::Unread {
                device: name.to_owned(),
                lines,
            });
        }
    }
    tasks
}

fn is_silent(posted: &Posted, device: &str) -> bool {
    posted.concerns.iter().any(|concern| {
        concern.kind() == Some(Kind::DeviceSilent) && concern.device.as_deref() == Some(device)
    })
}

/// The line above everything.
pub(super) fn verdict(posted: &Posted, tasks: &[Task]) -> Verdict {
    let worked = |task: &Task| matches!(task, Task::Attack(story) if is_bad(story));
    if tasks.iter().any(worked) {
        Verdict::Bad
    } else if !tasks.is_empty() {
        Verdict::Look(tasks.len())
    } else if posted.tally.total().received() == 0 {
        Verdict::Quiet
    } else {
        Verdict::Good
    }
}

fn is_much(lines: &OfDevice) -> bool {
    unread::is_much(lines.unread, lines.received)
}

fn is_bad<F: Borrow<KeptFinding>>(story: &[F]) -> bool {
    let mut findings = story.iter().map(Borrow::borrow);
    findings.any(|one| one.severity() >= Severity::High && one.outcome == "success")
}
