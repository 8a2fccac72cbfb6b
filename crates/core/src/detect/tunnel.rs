//! A tunnel through DNS: a computer inside that carries data out in the names it asks for (ATT&CK T1071.004,
//! T1572).
//!
//! A tunnel asks for ever new, long, dense names under one registered name, mostly with record types that
//! carry much back. Each new name adds evidence by how much it could carry, ordinary names take some away,
//! and a sequential test decides: a busy tunnel within seconds, a slow one within a day. See
//! `docs/detectors/dns-tunnel.md`.

use std::sync::LazyLock;

use super::bitmap::Bitmap;
use super::fold::Fold;
use super::hash;
use super::name::NameQuery;
use super::snapshot::kept;
use super::story::What;
use super::table::Remembered;
use super::telling::Telling;
use crate::finding::{AttackOutcome, Category, Severity};
use crate::time::Timestamp;

/// Evidence at which the verdict falls.
const VERDICT: f32 = 9.0;
/// Evidence never falls below this.
const FLOOR: f32 = -4.0;
/// Distinct names without which there is no verdict, whatever the sum.
const LEAST_NAMES: u32 = 12;
/// Distinct names from which length alone is enough (the lowest of RITA's levels).
const MANY_NAMES: u32 = 100;
/// After this silence a pair of computer and name starts afresh.
const FORGET_SECONDS: u32 = 24 * 3_600;
/// Words of the bitmap of names: counts to about 5,000.
const WORDS: usize = 16;

/// Registered names below which long, dense or very many names are ordinary, sorted.
static ORDINARY: LazyLock<Vec<&str>> = LazyLock::new(|| {
    let mut names: Vec<&str> = include_str!("../../../../content/suffixes/many-names.txt")
        .lines()
        .filter(|line| !line.is_empty() && !line.starts_with('#'))
        .collect();
    names.sort_unstable();
    names
});

/// What is remembered about the names one computer asks for below one registered name.
#[derive(Clone, Copy, Debug, Default)]
pub struct TunnelRow {
    last: u32,
    first: u32,
    evidence: f32,
    names: Bitmap<WORDS>,
    questions: u32,
    carrying: u32,
    /// Bytes in names met for the first time: what left.
    bytes: u32,
    verdict: bool,
}

kept!(TunnelRow {
    last,
    first,
    evidence,
    names,
    questions,
    carrying,
    bytes,
    verdict
});

/// What a row says once the verdict fell.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Tunnel {
    /// Distinct names, estimated.
    pub names: u32,
    /// Bytes carried out, at least.
    pub bytes: u32,
    /// Percent of questions for records that carry much.
    pub carrying_percent: u32,
    /// When the first question came, in seconds since the epoch.
    pub first: u32,
}

impl TunnelRow {
    /// Notes that `query` was asked at `now` (seconds since the epoch).
    pub fn note(&mut self, now: u32, query: &NameQuery) -> Option<Tunnel> {
        if now.saturating_sub(self.last) > FORGET_SECONDS {
            *self = Self {
                first: now,
                ..Self::default()
            };
        }
        self.last = now.max(self.last);
        self.questions = self.questions.saturating_add(1);
        self.carrying += u32::from(query.carrying);
        let is_new = self.names.note(hash::mix(query.below));
        if is_new {
            self.bytes = self.bytes.saturating_add(u32::from(query.below_bytes));
        }
        self.evidence = (self.evidence + weight(query, is_new)).clamp(FLOOR, 2.0 * VERDICT);
        let names = self.names.count();
        self.verdict |= self.evidence >= VERDICT && names >= LEAST_NAMES;
        self.verdict.then(|| Tunnel {
            names,
            bytes: self.bytes,
            carrying_percent: self.carrying.saturating_mul(100) / self.questions.max(1),
            first: self.first,
        })
    }
}

/// What one question says. A name that could carry 20 bytes or more of dense data, never asked before, is
/// rare in honest traffic; with a record type that carries much it is rarer still.
fn weight(query: &NameQuery, is_new: bool) -> f32 {
    let long = query.below_bytes;
    let dense = query.entropy_tenths;
    let name = match () {
        () if long >= 50 && dense >= 36 => 0.30,
        () if long >= 28 && dense >= 34 => 0.18,
        () if long >= 16 && dense >= 32 => 0.06,
        () if long >= 10 && dense >= 28 => 0.01,
        () => -0.15,
    };
    match (is_new, query.carrying) {
        (true, true) if name > 0.0 => name + 0.55,
        (true, true) => 0.05,
        (true, false) => name,
        // Asked again: a tunnel hardly ever does.
        (false, _) => -0.2,
    }
}

impl Remembered for TunnelRow {
    fn last(&self) -> u32 {
        self.last
    }

    /// 0 to 18 and, after the verdict, 32 more.
    fn evidence(&self) -> u32 {
        #[expect(
            clippy::cast_possible_truncation,
            clippy::cast_sign_loss,
            reason = "between 0 and 18"
        )]
        let evidence = self.evidence.max(0.0) as u32;
        evidence + if self.verdict { 32 } else { 0 }
    }
}

/// Whether nothing below this name can be told from a tunnel, or the question is of a form with a purpose.
fn is_ordinary(query: &NameQuery) -> bool {
    query.below == 0 || query.is_known_form || ORDINARY.binary_search(&&*query.domain).is_ok()
}

impl Fold<'_> {
    /// Notes a question for a name that may be a piece of a tunnel.
    pub(super) fn tunnel(&mut self, query: &NameQuery) {
        let seen = self.seen;
        if seen.outside || is_ordinary(query) {
            return;
        }
        let domain = hash::bytes(query.domain.as_bytes());
        let pair = hash::mix(seen.actor() ^ hash::mix(domain)).max(1);
        let Some(row) = self.detect.sources.tunnels.admit(pair, seen.seconds(), 1) else {
            return;
        };
        let Some(tunnel) = row.note(seen.seconds(), query) else {
            return;
        };
        let key = self.key(What::DnsTunnel, domain);
        let story = self.tell(key);
        story.label = query.domain.clone();
        story.name(&query.domain);
        story.figure("distinct_names", f64::from(tunnel.names));
        story.figure("bytes_out", f64::from(tunnel.bytes));
        story.figure("carrying_percent", f64::from(tunnel.carrying_percent));
        story.add_earlier(0, Timestamp::from_seconds(i64::from(tunnel.first)));
        let (severity, confidence) = match () {
            () if tunnel.carrying_percent >= 50 => (Severity::High, 85),
            () if tunnel.names >= 2 * MANY_NAMES => (Severity::High, 75),
            () if tunnel.names >= MANY_NAMES => (Severity::Medium, 65),
            () => (Severity::Medium, 55),
        };
        story.raise(severity, confidence);
        self.open(&key);
    }
}

/// How tunnels are told.
pub const DNS_TUNNEL: Telling = Telling {
    detector: "dns-tunnel",
    quiet_seconds: 6 * 3_600,
    category: Category::DnsTunnel,
    names: "domains",
    reasons: "kinds",
    techniques: |_| &["T1071.004", "T1572"],
    key: |story| story.label.to_string(),
    message: |_| "dns-tunnel",
    messages: &["dns-tunnel"],
    outcome: |_| AttackOutcome::Unknown,
};

#[cfg(test)]
mod tests {
    use super::super::name::Looks;
    use super::*;

    fn query(below: u64, long: u8, dense: u8, carrying: bool) -> NameQuery {
        NameQuery {
            domain: "example.org".into(),
            looks: Looks::Chosen,
            below,
            below_bytes: long,
            entropy_tenths: dense,
            is_known_form: false,
            for_address: !carrying,
            carrying,
            missing: None,
        }
    }

    fn reached(long: u8, dense: u8, carrying: bool, distinct: u64) -> Option<u64> {
        let mut row = TunnelRow::default();
        (1..=3_000).find(|n| {
            let query = query(1 + n % distinct, long, dense, carrying);
            let now = 1_000_000 + u32::try_from(*n).unwrap();
            row.note(now, &query).is_some()
        })
    }

    #[test]
    fn tunnels_are_found_early_and_ordinary_names_never() {
        for (long, dense, carrying, distinct, within, what) in [
            (
                60,
                42,
                true,
                9_000,
                Some(12..=16),
                "a tunnel in TXT records",
            ),
            (
                30,
                38,
                true,
                9_000,
                Some(12..=16),
                "short pieces in MX records",
            ),
            (
                60,
                42,
                false,
                9_000,
                Some(25..=40),
                "long pieces in addresses",
            ),
            (
                30,
                38,
                false,
                9_000,
                Some(45..=80),
                "short pieces in addresses",
            ),
            (6, 20, false, 9_000, None, "many short names of one service"),
            (34, 38, false, 8, None, "a content network's few hashes"),
            (
                60,
                42,
                true,
                3,
                None,
                "the same policy record again and again",
            ),
        ] {
            let found = reached(long, dense, carrying, distinct);
            match (&within, found) {
                (Some(within), Some(found)) => assert!(within.contains(&found), "{what}: {found}"),
                (None, None) => {}
                _ => panic!("{what}: {found:?}"),
            }
        }
    }

    #[test]
    fn a_verdict_says_how_much_left() {
        let mut row = TunnelRow::default();
        let mut last = None;
        for n in 1..=500_u32 {
            last = row.note(1_000_000 + n, &query(u64::from(n), 50, 40, true));
        }
        let tunnel = last.unwrap();
        assert!((450..=550).contains(&tunnel.names), "{tunnel:?}");
        assert_eq!((tunnel.carrying_percent, tunnel.first), (100, 1_000_001));
        assert!(tunnel.bytes > 15_000, "{tunnel:?}");
    }

    #[test]
    fn below_some_names_nothing_is_a_tunnel() {
        let mut one = query(5, 40, 40, true);
        assert!(!is_ordinary(&one));
        one.domain = "spamhaus.org".into();
        assert!(is_ordinary(&one));
    }
}
