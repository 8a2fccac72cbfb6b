//! Crawling: one source fetching pages faster than anybody reads (ATT&CK T1594).
//!
//! Search engines, archives and price comparers do the same; alone it is worth knowing and no more.
//! See `docs/detectors/web-crawl.md`.

use super::fold::Fold;
use super::sift::Page;
use super::story::What;
use super::telling::Telling;
use crate::finding::{AttackOutcome, Category, Severity};

impl Fold<'_> {
    /// A page that is there, or a part of one.
    pub(super) fn read(&mut self, page: Page) {
        let seen = self.seen;
        if page.is_part {
            if let Some(row) = self.detect.sources.web.find(seen.actor()) {
                row.hit();
            }
            return;
        }
        let now = seen.seconds();
        // Who only reads brings no evidence, and pushes out nobody who did more.
        let Some(row) = self.detect.sources.web.admit(seen.actor(), now, 0) else {
            return;
        };
        row.hit();
        if !row.page(now, page.path) {
            return;
        }
        let severity = if row.is_prober() {
            Severity::Low
        } else {
            Severity::Info
        };
        let key = self.key(What::WebCrawl, 0);
        self.tell(key).raise(severity, 60);
        self.open(&key);
    }
}

/// How crawling is told.
pub const WEB_CRAWL: Telling = Telling {
    detector: "web-crawl",
    quiet_seconds: 3_600,
    category: Category::Scan,
    names: "paths",
    reasons: "kinds",
    techniques: |_| &["T1594"],
    key: |_| "web/crawl".to_owned(),
    message: |_| "web-crawl",
    messages: &["web-crawl"],
    outcome: |_| AttackOutcome::Attempt,
};
