//! Web probing: one source asking for many pages that do not exist (ATT&CK T1595.003).
//!
//! Search engines and old bookmarks miss pages too, but mostly they hit; a prober mostly misses. See
//! `docs/detectors/web-probing.md`.

use super::fold::Fold;
use super::hash;
use super::recent::Bucket;
use super::sift::Page;
use super::snapshot::kept;
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
/// Fewer are enough when all are for one page: browsers that lost their log-in ask for several.
const UNAUTHORISED_SAME: (f32, u8) = (5.0, 5);
/// Pages that may stand in the bucket of a reader, and the seconds one takes to leak.
const READING: (f32, f32) = (40.0, 0.5);
/// Different pages among them, so that a page that asks for itself all the time is none.
const READING_PAGES: u32 = 24;
/// After this silence the pages read are forgotten.
const READING_SECONDS: u32 = 600;
/// What missing pages weigh: one by itself; the door of an administrator or a machine's set-up page;
/// what the web judge suspects; a back door that somebody else may have left.
const PAGE: f32 = 1.0;
const ADMIN_PAGE: f32 = 4.0;
const SUSPECT_PAGE: f32 = 5.0;
const BACK_DOOR: f32 = 6.0;

/// Parts of paths, small letters, where administrators of other people's systems log in.
const ADMIN_PAGES: &[&str] = &[
    "phpmyadmin",
    "phppgadmin",
    "/pma",
    "adminer",
    "mysqladmin",
    "sqladmin",
    "dbadmin",
    "webadmin",
    "/administrator/",
    "/admin/",
    "/wp-admin",
    "/manager/html",
    "cscoe",
    "/remote/login",
    "/owa/",
    "/ecp/",
    "/jenkins",
    "/jmx-console",
    "/web-console",
    "/admin-console",
    "/nacos",
    "/geoserver",
    "/dana-na",
    "/global-protect",
    "/sslvpn",
    "/axis2",
    "/druid/",
    "/telescope",
    "/horizon/",
    "/webmin",
    "/cpanel",
    "/plesk",
    "/user/login",
    "/admin.php",
    "/login.action",
    "/citrix/",
];
/// Names of back doors, small letters; with any ending that a server runs.
const BACK_DOORS: &[&str] = &[
    "shell",
    "c99",
    "r57",
    "wso",
    "b374k",
    "alfa",
    "backdoor",
    "mini",
    "indoxploit",
    "marijuana",
    "uploader",
    "webadm",
    "gel4y",
    "xleet",
    "0byt3m1n1",
];
const RUN: &[&str] = &[
    ".php", ".phtml", ".asp", ".aspx", ".ashx", ".jsp", ".jspx", ".cfm",
];

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
    /// Answers "log in first" in a row for one path.
    same: u8,
    last_path: u16,
    reading: Bucket,
    last_page: u32,
    pages: u64,
}

kept!(WebRow {
    last,
    fast,
    unauthorised,
    paths,
    last_miss,
    last_unauthorised,
    hits,
    misses,
    verdict,
    same,
    last_path,
    reading,
    last_page,
    pages
});

impl WebRow {
    /// Notes a missing page whose path has this hash and that weighs so much; whether the source is
    /// probing.
    pub fn miss(&mut self, now: u32, path: u64, weight: f32) -> bool {
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
        let fast = self.fast.pour_many(idle, FAST.1, FAST.0, weight) && self.misses > self.hits;
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

    /// Notes a page read whose path has this hash; whether nobody reads so fast.
    pub fn page(&mut self, now: u32, path: u64) -> bool {
        let idle = now.saturating_sub(self.last_page);
        if idle > READING_SECONDS {
            self.pages = 0;
        }
        self.last_page = now.max(self.last_page);
        self.pages |= hash::bit(hash::mix(path));
        self.reading.pour(idle, READING.1, READING.0) && hash::distinct(self.pages) >= READING_PAGES
    }

    /// Whether it was found probing.
    pub const fn is_prober(&self) -> bool {
        self.verdict
    }

    /// Notes an answer "log in first" (401) for the path with hash `path`; whether there were so many
    /// in a row that somebody is guessing.
    pub fn unauthorised(&mut self, now: u32, path: u64) -> bool {
        let idle = now.saturating_sub(self.last_unauthorised);
        self.last_unauthorised = now.max(self.last_unauthorised);
        let path = hash::short(path);
        self.same = if path == self.last_path {
            self.same.saturating_add(1)
        } else {
            0
        };
        self.last_path = path;
        let many = self.unauthorised.pour(idle, UNAUTHORISED.1, UNAUTHORISED.0);
        let (level, same) = UNAUTHORISED_SAME;
        many || (self.unauthorised.level() > level && self.same >= same)
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

/// What missing `path` weighs.
fn weight_of(path: &str) -> f32 {
    let lower = path.to_ascii_lowercase();
    let file = lower.rsplit('/').next().unwrap_or("");
    let runs = RUN.iter().any(|ending| file.ends_with(ending));
    if runs && BACK_DOORS.iter().any(|name| file.contains(name)) {
        return BACK_DOOR;
    }
    if ADMIN_PAGES.iter().any(|part| lower.contains(part)) {
        return ADMIN_PAGE;
    }
    PAGE
}

impl Fold<'_> {
    /// A page that is there: counts for who asks for it, and says how large it usually is.
    pub(super) fn hit(&mut self, page: Page) {
        let now = self.seen.seconds();
        self.read(page);
        if let Some(bytes) = page.bytes {
            self.detect.pages.served(page.path, bytes, now);
        }
    }

    pub(super) fn miss(&mut self, path: Option<&str>) {
        if let Some(path) = path {
            self.missed(path, hash::bytes(path.as_bytes()), weight_of(path));
        }
    }

    /// A request that the web judge suspects, and that found nothing; `mark` is the hash of all of it.
    pub(super) fn suspect_miss(&mut self, path: &str, mark: u64) {
        self.missed(path, mark, weight_of(path).max(SUSPECT_PAGE));
    }

    fn missed(&mut self, path: &str, mark: u64, weight: f32) {
        let seen = self.seen;
        let now = seen.seconds();
        let Some(row) = self.detect.sources.web.admit(seen.actor(), now, 1) else {
            return;
        };
        let probing = row.miss(now, mark, weight);
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
        let found = (0..30_u64).position(|n| prober.miss(1_000_000, hash::mix(n), PAGE));
        assert!(found.is_some_and(|at| (10..14).contains(&at)), "{found:?}");
        let mut crawler = WebRow::default();
        for n in 0..300_u64 {
            crawler.hit();
            crawler.hit();
            assert!(!crawler.miss(1_000_000 + u32::try_from(n).unwrap(), hash::mix(n), PAGE));
        }
    }

    #[test]
    fn doors_of_administrators_and_back_doors_weigh_more() {
        for (path, expected) in [
            ("/phpMyAdmin2/index.php", ADMIN_PAGE),
            ("/+CSCOE+/logon.html", ADMIN_PAGE),
            ("/wp-content/up_shell.PHP", BACK_DOOR),
            ("/shells-from-the-beach.html", PAGE),
            ("/about", PAGE),
        ] {
            assert!((weight_of(path) - expected).abs() < f32::EPSILON, "{path}");
        }
    }

    #[test]
    fn log_in_first_counts_sooner_for_one_page() {
        let asked = |paths: u64| {
            let mut row = WebRow::default();
            (0..20_u64).position(|n| row.unauthorised(1_000_000, hash::mix(n % paths)))
        };
        assert_eq!(asked(1), Some(5));
        assert_eq!(asked(7), Some(10));
    }

    #[test]
    fn readers_are_slower_than_crawlers() {
        let read = |step: u32, pages: u64| {
            let mut row = WebRow::default();
            (0..200)
                .position(|n| row.page(1_000_000 + n * step / 10, hash::mix(u64::from(n) % pages)))
        };
        assert!(read(1, 200).is_some_and(|at| (40..70).contains(&at)));
        assert_eq!(read(1, 3), None);
        assert_eq!(read(20, 200), None);
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
