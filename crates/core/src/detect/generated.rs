//! Generated names: a computer inside asking for names that a program made (ATT&CK T1568.002).
//!
//! Malware that finds its master this way asks for hundreds of names of which few exist. One name proves
//! little, since one honest name in a thousand looks generated too; so each name that a computer has not
//! asked for before adds to the evidence or takes from it, and a sequential test decides. See
//! `docs/detectors/generated-domain.md`.

use super::bitmap::Bitmap;
use super::fold::Fold;
use super::hash;
use super::name::{Looks, NameQuery};
use super::snapshot::kept;
use super::story::{Story, What};
use super::table::Remembered;
use super::telling::Telling;
use crate::finding::{AttackOutcome, Category, Severity};

/// Evidence at which the verdict falls: with Wald's test, one honest computer in 8,000 would get there.
const VERDICT: f32 = 9.0;
/// Evidence never falls below this, so that a day of ordinary names does not hide what comes after.
const FLOOR: f32 = -3.0;
/// Distinct generated or missing names without which there is no verdict, whatever the sum.
const LEAST_NAMES: u16 = 5;
/// Missing names an hour that are a burst though each looks chosen (Maltrail calls 20).
const BURST: u16 = 25;
/// Half of the evidence is forgotten after this, in seconds.
const HALF_LIFE_SECONDS: u32 = 7_200;
/// After this silence a computer starts afresh.
const FORGET_SECONDS: u32 = 6 * 3_600;
/// An hour, over which missing names are counted.
const HOUR_SECONDS: u32 = 3_600;
/// Names of which a row can tell whether it met them before; beyond that it starts a new page.
const PAGE_BITS: u32 = 384;

/// What is remembered about the names one computer asks for.
#[derive(Clone, Copy, Debug, Default)]
pub struct NamesRow {
    last: u32,
    evidence: f32,
    /// Names asked for, as a bitmap by hash; and those that were missing.
    asked: Bitmap<8>,
    failed: Bitmap<8>,
    generated: u16,
    /// Missing names since `hour`, and those there since.
    missing: u16,
    found: u16,
    hour: u32,
}

kept!(NamesRow {
    last,
    evidence,
    asked,
    failed,
    generated,
    missing,
    found,
    hour
});

/// What a row makes of a name.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Verdict {
    /// Nothing to tell.
    None,
    /// The name is worth telling should a verdict fall.
    Clue,
    /// Too many names look generated.
    Generated,
    /// Too many names are missing, though they look chosen.
    Missing,
}

impl NamesRow {
    /// Notes that `query` was asked at `now` (seconds since the epoch). `by_one` says that one known
    /// computer asks: only then do missing names alone mean anything.
    pub fn note(&mut self, now: u32, query: &NameQuery, by_one: bool) -> Verdict {
        self.age(now);
        let hash = hash::mix(hash::bytes(query.domain.as_bytes()));
        let is_new = self.asked.note(hash);
        let is_failure = query.missing == Some(true) && self.failed.note(hash);
        if !is_new && !is_failure {
            return Verdict::None;
        }
        let mut weight = 0.0;
        if is_new {
            weight += match query.looks {
                Looks::SurelyGenerated => 2.5,
                Looks::Generated => 1.8,
                Looks::Odd => 0.2,
                Looks::Chosen => -0.25,
            };
            self.generated += u16::from(query.looks >= Looks::Generated);
        }
        if is_failure {
            self.missing = self.missing.saturating_add(1);
            weight += match query.looks {
                Looks::SurelyGenerated | Looks::Generated => 1.0,
                Looks::Odd => 0.8,
                Looks::Chosen => 0.25,
            };
        } else if query.missing == Some(false) {
            self.found = self.found.saturating_add(1);
            weight -= 0.2;
        }
        self.evidence = (self.evidence + weight).clamp(FLOOR, 4.0 * VERDICT);
        self.verdict(weight, by_one)
    }

    fn verdict(&self, weight: f32, by_one: bool) -> Verdict {
        if self.evidence >= VERDICT && self.generated >= LEAST_NAMES {
            Verdict::Generated
        } else if by_one && self.missing >= BURST && self.missing > self.found {
            Verdict::Missing
        } else if weight > 0.0 {
            Verdict::Clue
        } else {
            Verdict::None
        }
    }

    /// How many distinct names looked generated, and how many were missing within the hour.
    pub const fn counts(&self) -> (u16, u16) {
        (self.generated, self.missing)
    }

    fn age(&mut self, now: u32) {
        let idle = now.saturating_sub(self.last);
        if idle > FORGET_SECONDS {
            *self = Self {
                hour: now,
                ..Self::default()
            };
        }
        #[expect(clippy::cast_precision_loss, reason = "at most six hours")]
        let halves = idle.min(FORGET_SECONDS) as f32 / HALF_LIFE_SECONDS as f32;
        self.evidence *= (-halves).exp2();
        if now.saturating_sub(self.hour) > HOUR_SECONDS {
            (self.hour, self.missing, self.found) = (now, 0, 0);
        }
        if self.asked.ones() > PAGE_BITS {
            (self.asked, self.failed) = Default::default();
        }
        self.last = now.max(self.last);
    }
}

impl Remembered for NamesRow {
    fn last(&self) -> u32 {
        self.last
    }

    /// 0 to 36.
    fn evidence(&self) -> u32 {
        #[expect(
            clippy::cast_possible_truncation,
            clippy::cast_sign_loss,
            reason = "between 0 and 36"
        )]
        let evidence = self.evidence.max(0.0) as u32;
        evidence
    }
}

impl Fold<'_> {
    /// Notes a question for a name of which one computer inside asks many.
    pub(super) fn generated(&mut self, query: &NameQuery) {
        let seen = self.seen;
        if seen.outside || !query.for_address {
            return;
        }
        let by_one = seen.source.is_some();
        let key = seen.actor().max(1);
        let Some(row) = self.detect.sources.names.admit(key, seen.seconds(), 1) else {
            return;
        };
        let verdict = row.note(seen.seconds(), query, by_one);
        let (generated, missing) = row.counts();
        if verdict == Verdict::None {
            return;
        }
        let key = self.key(What::GeneratedDomain, 0);
        let story = self.tell(key);
        if query.looks >= Looks::Generated || story.count < 5 {
            story.name(&query.domain);
        }
        match verdict {
            Verdict::Generated => {
                story.because("names-look-generated");
                let (severity, confidence) =
                    if missing >= LEAST_NAMES || generated >= 4 * LEAST_NAMES {
                        (Severity::High, 85)
                    } else {
                        (Severity::Medium, 65)
                    };
                story.raise(severity, confidence);
            }
            Verdict::Missing => {
                story.because("many-names-missing");
                story.raise(Severity::Low, 40);
            }
            Verdict::None | Verdict::Clue => return,
        }
        story.figure("generated_names", f64::from(generated));
        story.figure("missing_names", f64::from(missing));
        self.open(&key);
    }
}

/// How generated names are told.
pub const GENERATED_DOMAIN: Telling = Telling {
    detector: "generated-domain",
    quiet_seconds: 6 * 3_600,
    category: Category::GeneratedDomain,
    names: "domains",
    reasons: "kinds",
    techniques: |_| &["T1568.002"],
    key: |_| "generated-domain".to_owned(),
    message: |story| {
        if is_looks(story) {
            "generated-domain"
        } else {
            "missing-names"
        }
    },
    messages: &["generated-domain", "missing-names"],
    outcome: |_| AttackOutcome::Unknown,
};

fn is_looks(story: &Story) -> bool {
    story
        .why
        .items()
        .iter()
        .any(|why| &**why == "names-look-generated")
}

#[cfg(test)]
mod tests {
    use super::*;

    fn query(domain: &str, looks: Looks, missing: Option<bool>) -> NameQuery {
        NameQuery {
            domain: domain.into(),
            looks,
            below: 0,
            below_bytes: 0,
            entropy_tenths: 0,
            is_known_form: false,
            for_address: true,
            carrying: false,
            missing,
        }
    }

    /// After how many names of `looks` the verdict falls, one every `step` seconds.
    fn reached(looks: Looks, missing: Option<bool>, step: u32) -> Option<u32> {
        let mut row = NamesRow::default();
        (1..=300).find(|n| {
            let query = query(&format!("n{n}.example"), looks, missing);
            row.note(1_000_000 + n * step, &query, true) >= Verdict::Generated
        })
    }

    impl PartialOrd for Verdict {
        fn partial_cmp(&self, other: &Self) -> Option<std::cmp::Ordering> {
            (*self as u8).partial_cmp(&(*other as u8))
        }
    }

    #[test]
    fn a_handful_of_generated_names_is_enough_and_honest_ones_never_are() {
        for (looks, missing, step, expected) in [
            (Looks::SurelyGenerated, None, 10, Some(5)),
            (Looks::SurelyGenerated, Some(true), 10, Some(5)),
            (Looks::Generated, Some(true), 10, Some(5)),
            (Looks::Generated, Some(false), 10, Some(6)),
            // Two of the names share a bit.
            (Looks::Chosen, Some(true), 10, Some(26)),
            (Looks::Chosen, Some(true), 600, None),
            (Looks::Chosen, Some(false), 10, None),
            (Looks::Odd, Some(false), 10, None),
        ] {
            let found = reached(looks, missing, step);
            assert_eq!(found, expected, "{looks:?} {missing:?} every {step} s");
        }
    }

    #[test]
    fn one_odd_name_among_many_is_nothing() {
        let mut row = NamesRow::default();
        for n in 0..2_000_u32 {
            let looks = if n % 200 == 0 {
                Looks::SurelyGenerated
            } else {
                Looks::Chosen
            };
            let query = query(&format!("n{n}.example"), looks, Some(n % 10 == 0));
            let verdict = row.note(1_000_000 + n * 20, &query, true);
            assert!(verdict < Verdict::Generated, "{n}");
        }
    }

    #[test]
    fn asking_again_and_the_answer_to_a_question_add_nothing_twice() {
        let mut row = NamesRow::default();
        for n in 0..1_000 {
            let query = query("n.example", Looks::SurelyGenerated, Some(true));
            assert!(row.note(1_000_000 + n, &query, true) < Verdict::Generated);
        }
        assert_eq!(row.counts(), (1, 1));
    }
}
