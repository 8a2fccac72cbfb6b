//! Rules that matched; their texts come from the rule itself.

use super::fold::Fold;
use super::hash;
use super::story::What;
use super::telling::{Telling, blocked_or_unknown};
use crate::finding::Category;

impl Fold<'_> {
    pub(super) fn rules(&mut self) {
        for index in &self.seen.rules {
            let rule = self.detect.rules.rule(*index);
            let detail = hash::bytes(rule.id.as_bytes());
            let (severity, confidence) = (rule.severity, rule.confidence);
            let key = self.key(What::Rule(*index), detail);
            let story = self.tell(key);
            story.raise(severity, confidence);
            self.open(&key);
        }
    }
}

/// How rules are told, as far as they do not say themselves.
pub const RULE: Telling = Telling {
    detector: "",
    quiet_seconds: 3_600,
    category: Category::Policy,
    names: "signatures",
    reasons: "kinds",
    techniques: |_| &[],
    key: |_| String::new(),
    message: |_| "",
    messages: &[],
    outcome: blocked_or_unknown,
};
