//! Web probing: one source asking for many pages that do not exist (ATT&CK T1595.003).
//!
//! Search engines and old bookmarks miss pages too, but mostly they hit; a prober mostly misses. See
//! `docs/detectors/web-probing.md`.

use super::fold::Fold;
use super::hash;
use super::recent::Bucket;
use super::sift::Page;
use super::story::What;
use super::table::Remembered;
use super::telling::Telling;
use crate::finding::{AttackOutcome, Category, Severity};

/// Distinct missing pages that may stand in the bucket, and the seconds one takes to leak.
const FAST: (f32, f32) = (10.0, 10.0);
/// Distinct missing pages within a day, for the patient.
const PER_DAY: u32 = 40;
/// After this silence a source starts afresh.
const FORGET_SECONDS: u32 = 86_400;
/// Answers "log in first" in a row that stand for guessing, and the seconds one takes to leak.
const UNAUTHORISED: (f32, f32) = (10.0, 10.0);

/// Files that browsers and devices ask for unasked; missing them means nothing.
const ASKED_UNASKED: &[&str] = &["favicon", "apple-touch-icon", "robots.txt", "/.well-known/"];
/// Endings of the parts of a page; a page moved house with its pictures is not a probe.
const PARTS: &[&str] = &[
    ".png", ".jpg", ".jpeg", ".gif", ".ico", ".svg", ".webp", ".css", ".js", ".map", ".woff",
    ".woff2", ".ttf", ".eot", ".mp4",
];

/// What is remembered about the web requests of one source.
#[derive(Clone, Copy, Debug, Default)]
pub struct WebRow {
    last: u32,
    fast: Bucket,
    unauthorised: Bucket,
    paths: [u64; 2],
    last_miss: u32,
    last_unauthorised: u32,
    hits: u16,
    misses: u16,
    verdict: bool,
}

impl WebRow {
    /// Notes a missing page whose path has this hash; whether the source is probing.
    pub fn miss(&mut self, now: u32, path: u64) -> bool {
        let idle = now.saturating_sub(self.last_miss);
        if idle > FORGET_SECONDS {
            *self = Self {
                last: self.last,
                ..Self::default()
            };
        }
        let [low, high] = &mut self.paths;
        let word = if path & 64 == 0 { low } else { high };
        if *word & hash::bit(path) != 0 {
            return self.verdict && idle < FORGET_SECONDS;
        }
        *word |= hash::bit(path);
        self.last_miss = now.max(self.last_miss);
        self.misses = self.misses.saturating_add(1);
        let fast = self.fast.pour(idle, FAST.1, FAST.0) && self.misses > self.hits;
        let slow = self.distinct() >= PER_DAY && self.misses / 3 > self.hits;
        self.verdict |= fast || slow;
        fast || slow
    }

    fn distinct(&self) -> u32 {
        self.paths.iter().map(|word| hash::distinct(*word)).sum()
    }

    /// Notes a page that was there.
    pub const fn hit(&mut self) {
        self.hits = self.hits.saturating_add(1);
        self.unauthorised.empty();
    }

    /// Notes an answer "log in first" (401); whether there were so many in a row that somebody is
    /// guessing.
    pub fn unauthorised(&mut self, now: u32) -> bool {
        let idle = now.saturating_sub(self.last_unauthorised);
        self.last_unauthorised = now.max(self.last_unauthorised);
        self.unauthorised.pour(idle, UNAUTHORISED.1, UNAUTHORISED.0)
    }
}

impl Remembered for WebRow {
    fn last(&self) -> u32 {
        self.last
    }

    /// 0 to 40.
    fn evidence(&self) -> u32 {
        u32::from(self.misses.min(8)) + if self.verdict { 32 } else { 0 }
    }

    fn touch(&mut self, now: u32) {
        self.last = now;
    }
}

/// Whether a missing `path` says something about who asks for it.
pub fn is_telling(path: &str) -> bool {
    !ASKED_UNASKED.iter().any(|known| path.contains(known))
        && !PARTS.iter().any(|ending| {
            path.len() > ending.len()
                && path
                    .get(path.len() - ending.len()..)
                    .is_some_and(|end| end.eq_ignore_ascii_case(ending))
        })
}

impl Fold<'_> {
    /// A page that is there: counts for who asks for it, and says how large it usually is.
    pub(super) fn hit(&mut self, page: Page) {
        let now = self.seen.seconds();
        if let Some(row) = self.detect.sources.web.find(self.seen.actor()) {
            row.hit();
        }
        if let Some(bytes) = page.bytes {
            self.detect.pages.served(page.path, bytes, now);
        }
    }

    pub(super) fn miss(&mut self, path: Option<&str>) {
        let seen = self.seen;
        let now = seen.seconds();
        let Some(path) = path else { return };
        let Some(row) = self.detect.sources.web.admit(seen.actor(), now, 1) else {
            return;
        };
        let probing = row.miss(now, hash::bytes(path.as_bytes()));
        let key = self.key(What::WebProbing, 0);
        let story = self.tell(key);
        story.name(path);
        if probing {
            story.raise(Severity::Low, 80);
            self.open(&key);
        }
    }
}

/// How probing is told.
pub const WEB_PROBING: Telling = Telling {
    detector: "web-probing",
    quiet_seconds: 3_600,
    category: Category::Scan,
    names: "paths",
    reasons: "kinds",
    techniques: |_| &["T1595.003"],
    key: |_| "web/probing".to_owned(),
    message: |_| "web-probing",
    messages: &["web-probing"],
    outcome: |_| AttackOutcome::Attempt,
};

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_prober_mostly_misses_and_a_crawler_mostly_hits() {
        let mut prober = WebRow::default();
        let found = (0..30_u64).position(|n| prober.miss(1_000_000, hash::mix(n)));
        assert!(found.is_some_and(|at| (10..14).contains(&at)), "{found:?}");
        let mut crawler = WebRow::default();
        for n in 0..300_u64 {
            crawler.hit();
            crawler.hit();
            assert!(!crawler.miss(1_000_000 + u32::try_from(n).unwrap(), hash::mix(n)));
        }
    }

    #[test]
    fn parts_of_pages_and_well_known_files_tell_nothing() {
        for quiet in [
            "/logo.PNG",
            "/favicon.ico",
            "/robots.txt",
            "/apple-touch-icon-120x120.png",
        ] {
            assert!(!is_telling(quiet), "{quiet}");
        }
        for telling in ["/admin.php", "/.env", "/backup.zip", "/"] {
            assert!(is_telling(telling), "{telling}");
        }
    }
}
