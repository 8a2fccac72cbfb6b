//! A tool for looking for holes that says so itself (ATT&CK T1595.002): one request is enough.
//!
//! The names are the web judge's. Whoever forges one of them only makes itself look worse. See
//! `docs/detectors/web-scanner.md`.

use super::fold::Fold;
use super::story::{Ending, What};
use super::telling::Telling;
use super::web;
use super::web_attack::Attack;
use crate::finding::{AttackOutcome, Category, Severity};

impl Attack {
    /// Whether all that is held against the request is the name of a tool.
    pub(super) fn is_only_a_name(&self) -> bool {
        let scanner = web::Kind::Scanner.as_str();
        !self.kinds.is_empty() && self.kinds.iter().all(|kind| *kind == scanner)
    }
}

impl Fold<'_> {
    pub(super) fn scanner(&mut self, attack: &Attack) {
        let key = self.key(What::WebScanner, 0);
        let story = self.tell(key);
        story.name(&attack.path);
        for why in &attack.why {
            story.because(why);
        }
        story.raise(Severity::Low, 80);
        self.open(&key);
        if self.seen.ending == Ending::Refused {
            self.miss(Some(&attack.path));
        }
    }
}

/// How scanners are told.
pub const WEB_SCANNER: Telling = Telling {
    detector: "web-scanner",
    quiet_seconds: 3_600,
    category: Category::Scan,
    names: "paths",
    reasons: "kinds",
    techniques: |_| &["T1595.002"],
    key: |_| "web/scanner".to_owned(),
    message: |_| "web-scanner",
    messages: &["web-scanner"],
    outcome: |_| AttackOutcome::Attempt,
};
