//! What is remembered about the log-ins of one source, and what they amount to.
//!
//! Leaky buckets see fast, slow and very slow guessing; a plain count per ten minutes would miss
//! whoever is patient. Names tell people from guessers, and so does the clock: a device with an old
//! password comes back by the minute. See `docs/detectors/login-guessing.md`.

use super::recent::{Bucket, Recent};
use super::snapshot::kept;
use super::table::Remembered;

/// Failures that may stand in the fast bucket, and the seconds one takes to leak.
const FAST: (f32, f32) = (5.0, 10.0);
/// What may stand in the fast bucket of who gives no names.
const HASTY_LEVEL: f32 = 3.5;
/// The same for a minute: who fails this often is not typing carefully.
const MINUTE: (f32, f32) = (5.0, 60.0);
/// The same for a day: 20 failures, one leaking every 72 minutes.
const DAY: (f32, f32) = (20.0, 4_320.0);
/// The same for visits, which are at least a minute apart: the fourth within an hour and a half.
const VISITS: (f32, f32) = (3.0, 7_200.0);
const VISIT_APART_SECONDS: u32 = 60;
/// Failures closer than this are one visit of a device.
const ONE_VISIT_SECONDS: u32 = 10;
/// Different names from one source within a day that no forgetful person tries: as many as are kept.
const MANY_NAMES: u8 = 8;
const DAY_MINUTES: u16 = 1_440;
/// The time in which a few names count, in minutes.
const FEW_NAMES_MINUTES: u16 = 120;
/// What a name weighs, and one that every guesser tries; four names are too many, or three of those.
const NAME_WEIGHT: u8 = 2;
const STOCK_WEIGHT: u8 = 3;
const FEW_NAMES_WEIGHT: u8 = 8;
/// A source that logged in before may fail this many times as often: an old password on a phone.
const KNOWN_FACTOR: f32 = 4.0;
/// A known source that tries many names within this many minutes is an office no more.
const KNOWN_NAMES_MINUTES: u16 = 60;
/// How long an earlier log-in vouches for a source.
const KNOWN_SECONDS: u32 = 30 * 86_400;
/// Failures that make the next success suspect, and the minutes they must fall into.
const FAILURES_BEFORE: usize = 5;
const BEFORE_MINUTES: u16 = 60;
/// Visits in a row that keep to the same gap, from which they are a device's.
const REGULAR_VISITS: u8 = 3;
/// The shortest gap a device keeps to, in seconds.
const MIN_GAP_SECONDS: u32 = 15;
/// Beyond this many failures a device is told of as guessing after all: somebody should look.
const PATIENT_FAILURES: u16 = 200;

/// Names that every guesser tries and hardly anybody is called, small letters, without domain.
const STOCK_NAMES: &[&str] = &[
    "admin",
    "administrator",
    "root",
    "test",
    "guest",
    "user",
    "info",
    "webmaster",
    "postmaster",
    "hostmaster",
    "support",
    "sales",
    "contact",
    "office",
    "backup",
    "oracle",
    "postgres",
    "mysql",
    "sa",
    "ftp",
    "ftpuser",
    "anonymous",
    "ubuntu",
    "debian",
    "centos",
    "ec2-user",
    "pi",
    "git",
    "jenkins",
    "tomcat",
    "hadoop",
    "deploy",
    "demo",
    "scan",
    "scanner",
    "service",
    "operator",
    "manager",
    "superuser",
    "system",
    "default",
    "supervisor",
    "tech",
    "ubnt",
    "adm",
    "user1",
    "test1",
    "admin1",
    "testuser",
    "temp",
    "www",
    "www-data",
    "mail",
    "noreply",
    "newsletter",
];

/// A user name as it is remembered: 15 bits of its hash, and whether every guesser tries it.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Name(u16);

impl Name {
    /// `text`, whose hash is `hash`.
    pub fn new(text: &str, hash: u64) -> Self {
        let short = u16::try_from(hash & 0xFFFE).unwrap_or(0);
        Self(short | u16::from(is_stock(text)))
    }

    /// Whether it is a name that every guesser tries.
    pub const fn is_stock(self) -> bool {
        self.0 & 1 == 1
    }
}

/// Whether `name` is one that every guesser tries: `admin`, `test@example.org`, `FIRM\Administrator`.
pub fn is_stock(name: &str) -> bool {
    let name = name.split('@').next().unwrap_or(name);
    let name = name.rsplit('\\').next().unwrap_or(name);
    STOCK_NAMES
        .iter()
        .any(|stock| stock.eq_ignore_ascii_case(name))
}

/// One failed log-in.
#[derive(Clone, Copy, Debug, Default)]
pub struct Attempt {
    /// Account name, where the service says it.
    pub name: Option<Name>,
    /// Equal for two lines about the same attempt, 0 when that cannot be told.
    pub mark: u16,
    /// Whether a web page was asked, of which only the answer is known.
    pub is_page: bool,
    /// Whether it says only that somebody left while logging in: no attempt of its own behind one with this mark.
    pub is_left: bool,
}

/// What is remembered about the log-ins of one source.
#[derive(Clone, Copy, Debug, Default)]
pub struct LoginRow {
    last: u32,
    fast: Bucket,
    minute: Bucket,
    day: Bucket,
    visits: Bucket,
    names: Recent,
    last_failure: u32,
    /// When the last visit began.
    visit: u32,
    /// Seconds between the last two visits.
    gap: u16,
    /// Visits in a row that kept to it.
    regular: u8,
    /// Minutes of the last failures, a ring, and how many of them are set.
    failures: [u16; FAILURES_BEFORE],
    next: u8,
    set: u8,
    /// Failures since the last success.
    tries: u16,
    /// Mark of the last failure, to see one attempt logged twice.
    last_mark: u16,
    /// Last log-in that worked without failures before it.
    known: u32,
    verdict: bool,
}

kept!(LoginRow {
    last,
    fast,
    minute,
    day,
    visits,
    names,
    last_failure,
    visit,
    gap,
    regular,
    failures,
    next,
    set,
    tries,
    last_mark,
    known,
    verdict
});

/// How a failed log-in was judged.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Failure {
    /// The same attempt, logged once more.
    Repeat,
    /// Nothing special yet.
    Ordinary,
    /// A device that comes back by the clock with one name.
    Device,
    /// More than a forgetful person fails, less than certain.
    Persistent,
    /// One name or few, too often.
    Guessing,
    /// Too many different names.
    Spraying,
}

impl LoginRow {
    /// Notes a failure at `now`.
    pub fn fail(&mut self, now: u32, attempt: Attempt) -> Failure {
        let Attempt {
            name,
            mark,
            is_page,
            is_left,
        } = attempt;
        let is_same = mark == self.last_mark && mark != 0;
        if is_same && (is_left || now == self.last_failure) {
            return Failure::Repeat;
        }
        let idle = now.saturating_sub(self.last_failure);
        self.last_failure = now.max(self.last_failure);
        self.last_mark = mark;
        self.tries = self.tries.saturating_add(1);
        let minute = minute_of(now);
        self.note_failure(minute);
        if let Some(name) = name {
            self.names.note(name.0, minute);
        }
        let known = self.is_known(now);
        let patience = if known { KNOWN_FACTOR } else { 1.0 };
        let fast = self.fast.pour(idle, FAST.1, FAST.0 * patience);
        // Without names, four within five seconds are nobody's fingers.
        let hasty = !known && !is_page && name.is_none() && self.fast.level() > HASTY_LEVEL;
        let often = self.minute.pour(idle, MINUTE.1, MINUTE.0 * patience);
        let day = self.day.pour(idle, DAY.1, DAY.0 * patience);
        let paced = self.visit(now, idle) && !known && self.is_strange();
        let few = !known && self.set >= 4 && self.weight(minute) >= FEW_NAMES_WEIGHT;
        let span = if known {
            KNOWN_NAMES_MINUTES
        } else {
            DAY_MINUTES
        };
        let judged = match () {
            () if self.names.within(minute, span) >= MANY_NAMES => Failure::Spraying,
            () if !(fast || hasty || often || day || paced || few) => Failure::Ordinary,
            () if self.is_device() => Failure::Device,
            () if fast || day => Failure::Guessing,
            () => Failure::Persistent,
        };
        self.verdict |= !matches!(judged, Failure::Ordinary | Failure::Device);
        judged
    }

    fn note_failure(&mut self, minute: u16) {
        if let Some(slot) = self.failures.get_mut(usize::from(self.next)) {
            *slot = minute;
        }
        self.next = (self.next + 1) % 5;
        self.set = (self.set + 1).min(5);
    }

    /// Notes when it came; whether there were too many visits, however calm each.
    fn visit(&mut self, now: u32, idle: u32) -> bool {
        if self.visit != 0 && idle < ONE_VISIT_SECONDS {
            return false;
        }
        let gap = now.saturating_sub(self.visit);
        let apart = gap >= VISIT_APART_SECONDS || self.visit == 0;
        self.visit = now;
        let before = u32::from(self.gap);
        let like_before = gap.abs_diff(before) <= (before / 8).max(3);
        self.regular = if like_before && gap >= MIN_GAP_SECONDS {
            self.regular.saturating_add(1)
        } else {
            self.regular.saturating_sub(2)
        };
        self.gap = u16::try_from(gap).unwrap_or(u16::MAX);
        apart && self.visits.pour(gap, VISITS.1, VISITS.0)
    }

    /// Whether the names, if any, are not those of one person.
    fn is_strange(&self) -> bool {
        self.names.len() != 1 && self.names.len() != 2 || self.has_stock()
    }

    fn has_stock(&self) -> bool {
        self.names.values().any(|name| Name(name).is_stock())
    }

    fn weight(&self, minute: u16) -> u8 {
        let near = self.names.near(minute, FEW_NAMES_MINUTES);
        let weights = near.map(|name| {
            if Name(name).is_stock() {
                STOCK_WEIGHT
            } else {
                NAME_WEIGHT
            }
        });
        weights.fold(0, u8::saturating_add)
    }

    /// Whether it comes back by the clock with one name, or none said, that somebody may be called.
    fn is_device(&self) -> bool {
        self.regular >= REGULAR_VISITS
            && self.names.len() <= 1
            && !self.has_stock()
            && self.tries <= PATIENT_FAILURES
    }

    /// Notes a log-in that worked at `now`; whether enough failures came before it within the hour
    /// to suspect that the password was guessed.
    pub fn succeed(&mut self, now: u32) -> bool {
        let suspect = self.failures_within_hour(now) >= FAILURES_BEFORE;
        self.tries = 0;
        if suspect {
            self.set = 0;
        } else {
            self.known = now;
        }
        suspect
    }

    /// Failures within the last hour, at most five.
    pub fn failures_within_hour(&self, now: u32) -> usize {
        let minute = minute_of(now);
        let set = self.failures.iter().take(usize::from(self.set));
        set.filter(|at| minute.wrapping_sub(**at) <= BEFORE_MINUTES)
            .count()
    }

    /// Whether it failed for another name than `name`.
    pub fn tried_others(&self, name: Name) -> bool {
        self.names.values().any(|tried| tried != name.0)
    }

    /// Whether it failed for `name`.
    pub fn tried(&self, name: Name) -> bool {
        self.names.values().any(|tried| tried == name.0)
    }

    /// Whether the source logged in before, as the people who belong there do.
    pub const fn is_known(&self, now: u32) -> bool {
        self.known != 0 && now.saturating_sub(self.known) <= KNOWN_SECONDS
    }

    /// Failures since the last success.
    pub const fn tries(&self) -> u16 {
        self.tries
    }

    /// Whether all failures kept were for one name at most.
    pub const fn is_one_name(&self) -> bool {
        self.names.len() <= 1
    }
}

impl Remembered for LoginRow {
    fn last(&self) -> u32 {
        self.last
    }

    /// 0 to 45.
    fn evidence(&self) -> u32 {
        let held = u32::from(self.set) + u32::from(self.names.len());
        held + if self.verdict { 32 } else { 0 }
    }

    fn touch(&mut self, now: u32) {
        self.last = now;
    }
}

/// Minutes since the epoch, low 16 bits (they wrap after 45 days).
pub fn minute_of(now: u32) -> u16 {
    u16::try_from((now / 60) & 0xFFFF).unwrap_or(0)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn name(text: &str) -> Option<Name> {
        let hash = super::super::hash::bytes(text.as_bytes());
        (!text.is_empty()).then(|| Name::new(text, hash))
    }

    fn attempt(text: &str, mark: u16) -> Attempt {
        Attempt {
            name: name(text),
            mark,
            ..Attempt::default()
        }
    }

    /// Failures at these seconds for these names in turn; the place of the first that is no ordinary
    /// one, and what it is.
    #[track_caller]
    fn check(
        seconds: impl Iterator<Item = u32>,
        names: &[&str],
        expected: Option<(usize, Failure)>,
    ) {
        let mut row = LoginRow::default();
        let found = seconds
            .zip(names.iter().cycle())
            .map(|(at, name)| row.fail(1_000_000 + at, attempt(name, 0)))
            .enumerate()
            .find(|(_, judged)| *judged != Failure::Ordinary);
        assert_eq!(found, expected);
    }

    #[test]
    fn guessing_is_seen_at_any_pace_and_a_clumsy_person_is_not() {
        use Failure::{Device, Guessing, Persistent};
        // A person's pace: never twice the same.
        let mostly = |step: u32| {
            move |n: u32| {
                let off = super::super::hash::mix(n.into()) % u64::from(step);
                n * step + u32::try_from(off).unwrap()
            }
        };
        check((0..10).map(|n| n / 4), &["ann"], Some((5, Guessing)));
        check((0..10).map(mostly(8)), &["ann"], Some((5, Persistent)));
        check((0..40).map(mostly(90)), &["ann"], Some((20, Guessing)));
        check((0..40).map(mostly(1_800)), &["ann"], Some((32, Guessing)));
        check((0..5).map(|n| n * 2), &["ann"], None);
        check(0..5, &[""], Some((3, Persistent)));
        check((0..5).map(|n| n * 4), &[""], None);
        // Now and then, and every two hours: a forgotten device.
        check((0..4).map(mostly(600)), &["ann"], None);
        check((0..200).map(|n| n * 7_200), &["ann"], None);
        check((0..99).map(|n| n * 300), &["ann"], Some((21, Device)));
        check(
            (0..9).map(|n| n * 600),
            &["admin@example.org"],
            Some((3, Persistent)),
        );
    }

    #[test]
    fn names_tell_guessers_from_people() {
        use Failure::{Persistent, Spraying};
        check(
            (0..4).map(|n| n * 1_700),
            &["ann", "bob", "cy", "dan"],
            Some((3, Persistent)),
        );
        check(
            (0..4).map(|n| n * 1_700),
            &["admin", "info", "admin", "test"],
            Some((3, Persistent)),
        );
        check((0..4).map(|n| n * 40), &["ann", "bob"], None);
        check((0..3).map(|n| n * 40), &["ann", "bob", "cy"], None);
        let slowly = ["a", "b", "c", "d", "e", "f", "g", "h"];
        check((0..9).map(|n| n * 9_000), &slowly, Some((7, Spraying)));
        for (text, expected) in [
            ("admin", true),
            ("Test@example.org", true),
            ("FIRM\\Administrator", true),
            ("ann", false),
            ("", false),
            ("administrators", false),
        ] {
            assert_eq!(is_stock(text), expected, "{text}");
        }
    }

    #[test]
    fn a_success_is_suspect_only_after_five_failures_within_the_hour() {
        let mut row = LoginRow::default();
        for n in 0..4 {
            row.fail(1_000_000 + n, Attempt::default());
        }
        assert!(!row.succeed(1_000_010));
        for n in 0..5 {
            row.fail(1_001_000 + n, Attempt::default());
        }
        assert!(row.succeed(1_001_010));
        assert!(!row.succeed(1_001_011));
        for n in 0..5 {
            row.fail(1_010_000 + n, Attempt::default());
        }
        assert!(!row.succeed(1_014_000));
    }

    #[test]
    fn one_attempt_logged_twice_counts_once_and_known_sources_get_patience() {
        let mut row = LoginRow::default();
        assert_eq!(row.fail(1_000_000, attempt("ann", 9)), Failure::Ordinary);
        assert_eq!(row.fail(1_000_000, attempt("ann", 9)), Failure::Repeat);
        let mut known = LoginRow::default();
        assert!(!known.succeed(999_000));
        let mut fail = |n: u32| known.fail(1_000_000 + n, attempt("ann", 0));
        assert!((0..19).all(|n| fail(n) == Failure::Ordinary));
    }

    #[test]
    fn leaving_counts_where_nothing_else_was_told_of_the_connection() {
        let left = |mark| Attempt {
            is_left: true,
            ..attempt("ann", mark)
        };
        let mut row = LoginRow::default();
        assert_eq!(row.fail(1_000_000, attempt("ann", 9)), Failure::Ordinary);
        assert_eq!(row.fail(1_000_030, left(9)), Failure::Repeat);
        assert_eq!(row.tries(), 1);
        assert_eq!(row.fail(1_000_040, left(11)), Failure::Ordinary);
        assert_eq!(row.fail(1_000_050, left(0)), Failure::Ordinary);
        assert_eq!(row.tries(), 3);
    }

    #[test]
    fn a_device_is_told_of_as_guessing_in_the_end() {
        let mut row = LoginRow::default();
        let judged: Vec<_> = (0..300)
            .map(|n| row.fail(1_000_000 + n * 30, attempt("ann", 0)))
            .collect();
        assert_eq!(judged[100], Failure::Device);
        assert_eq!(judged[299], Failure::Guessing);
    }
}
