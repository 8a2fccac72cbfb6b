//! Sigma: detection rules as the field writes them, run straight over [`Event`]s.
//!
//! Standard: Sigma specification 2.1. Rules of all authors compile into one matcher; correlations count
//! what it finds ([`Correlator`]); what cannot apply here is listed with its reason ([`Skipped`]),
//! never silently ignored. See `docs/developer/sigma.md` for what is understood and where it differs.

mod aggregation;
mod case;
mod condition;
mod correlation;
mod correlator;
mod detection;
mod document;
mod expression;
mod fact;
mod filter;
mod glob;
mod index;
mod load;
mod modifier;
mod placeholder;
mod predicate;
mod required;
mod rule;
mod skip;
mod slot;
mod taxonomy;
mod window;

use correlation::Correlation;
use expression::Expression;
use index::Index;
use predicate::Predicate;
use slot::Kinds;
use taxonomy::Route;

pub use case::{Case, CaseError, cases};
pub use correlation::{MAX_CORRELATIONS, MAX_DISTINCT, MAX_INPUTS, MAX_ORDERED};
pub use correlator::{Correlator, Hit, MAX_CELLS, MAX_GROUPS, Trace};
pub use fact::Fact;
pub use rule::{Notes, Rule, RuleKind};
pub use skip::{SkipReason, Skipped};

use crate::content;
use crate::detect::hash;
use crate::event::{Event, Kind};

/// Longest rule file, in bytes.
pub const MAX_FILE_BYTES: usize = 256 * 1024;
/// Most documents in one file.
pub const MAX_DOCUMENTS: usize = 256;
/// Most rules in one set.
pub const MAX_RULES: usize = 20_000;

/// A rule of a [`RuleSet`], by number.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub struct RuleIndex(u32);

impl RuleIndex {
    /// The rule of that number.
    pub(in crate::detect) const fn of(number: u32) -> Self {
        Self(number)
    }

    /// Its number.
    pub(in crate::detect) const fn number(self) -> u32 {
        self.0
    }
}

/// Rules compiled into one matcher. The default has none.
#[derive(Default)]
pub struct RuleSet {
    /// What each rule says about itself: first those that look at events, then the correlations.
    about: Vec<Rule>,
    rules: Vec<Compiled>,
    correlations: Vec<Correlation>,
    /// Per rule that looks at events: the correlations that count it, and as which input.
    reach: Vec<Vec<(u32, u16)>>,
    joined: Vec<Joined>,
    reads_records: bool,
    predicates: Vec<Predicate>,
    /// Per predicate: whether the index finds it whenever it is true.
    indexed: Vec<bool>,
    /// Per predicate: the rules that are worth asking when it is true.
    gates: Vec<Vec<u32>>,
    /// Per kind of event: the rules that no predicate announces.
    always: Vec<Vec<u32>>,
    index: Index,
}

struct Compiled {
    route: Route,
    expression: Expression,
}

/// A filter document, joined to rules.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Joined {
    /// File it stood in, as named by the caller.
    pub file: String,
    /// Its id, or empty.
    pub id: String,
    /// Its title, or empty.
    pub title: String,
    /// To how many rules.
    pub rules: usize,
}

/// Working memory of [`RuleSet::matches`], reused from event to event so that matching allocates
/// nothing. One per worker; it may move from one rule set to another.
#[derive(Debug, Default)]
pub struct Scratch {
    /// Grows by two per event: stamps below it are from events before.
    now: u64,
    /// Per predicate: `now` for no, `now + 1` for yes.
    answers: Vec<u64>,
    /// Per rule: `now` once it is queued.
    queued: Vec<u64>,
    queue: Vec<u32>,
    text: String,
    found: index::Found,
}

/// The rules that ship with the program could not be read.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct BuiltInError(pub Vec<Skipped>);

impl std::fmt::Display for BuiltInError {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str("rules that ship with the program are unusable:")?;
        self.0
            .iter()
            .try_for_each(|skipped| write!(f, " {skipped};"))
    }
}

impl std::error::Error for BuiltInError {}

impl RuleSet {
    /// The rules in `content/rules/`.
    ///
    /// # Errors
    /// When one of them does not apply, which a test excludes.
    pub fn built_in() -> Result<Self, BuiltInError> {
        let (rules, skipped) = load::load(content::RULES.iter().copied());
        if skipped.is_empty() {
            Ok(rules)
        } else {
            Err(BuiltInError(skipped))
        }
    }

    /// The rules in `files` (name and text), and what was left out and why. Of rules with the same
    /// id, the first counts.
    #[must_use]
    pub fn compile(files: &[(String, String)]) -> (Self, Vec<Skipped>) {
        load::load(
            files
                .iter()
                .map(|(name, text)| (name.as_str(), text.as_str())),
        )
    }

    /// The rules that ship with the program and those in `files`; a rule of `files` with the id of a
    /// built-in one replaces it.
    #[must_use]
    pub fn built_in_and(files: &[(String, String)]) -> (Self, Vec<Skipped>) {
        let own = files
            .iter()
            .map(|(name, text)| (name.as_str(), text.as_str()));
        let (set, mut skipped) = load::load(own.chain(content::RULES.iter().copied()));
        skipped.retain(|skipped| {
            skipped.reason != SkipReason::DuplicateId
                || files.iter().any(|(name, _)| *name == skipped.file)
        });
        (set, skipped)
    }

    fn assemble(rules: Vec<Compiled>, predicates: Vec<Predicate>) -> Result<Self, skip::Skip> {
        let mut kinds = vec![Kinds::NONE; predicates.len()];
        let mut gates = vec![Vec::new(); predicates.len()];
        let mut always = vec![Vec::new(); Kind::ALL.len()];
        for (number, compiled) in (0_u32..).zip(&rules) {
            compiled.expression.visit(&mut |predicate| {
                if let Some(kinds) = kinds.get_mut(place(predicate)) {
                    *kinds = kinds.and_also(compiled.route.kinds());
                }
            });
            match compiled.expression.gate(&predicates) {
                Some((_, gate)) => {
                    for predicate in gate {
                        if let Some(rules) = gates.get_mut(place(predicate)) {
                            rules.push(number);
                        }
                    }
                }
                None => {
                    for (kind, rules) in Kind::ALL.iter().zip(&mut always) {
                        if compiled.route.kinds().has(*kind) {
                            rules.push(number);
                        }
                    }
                }
            }
        }
        Ok(Self {
            reads_records: predicates
                .iter()
                .any(|predicate| predicate.slot == slot::Slot::AnyText),
            index: Index::new(&predicates, &kinds)?,
            indexed: predicates
                .iter()
                .map(|predicate| expression::rarity(predicate).is_some())
                .collect(),
            gates,
            always,
            rules,
            predicates,
            ..Self::default()
        })
    }

    /// Appends to `out` the rules that `event` matches, in the order of the set.
    pub fn matches(&self, event: &Event<'_>, scratch: &mut Scratch, out: &mut Vec<RuleIndex>) {
        self.matches_record(event, None, scratch, out);
    }

    /// As [`RuleSet::matches`], with the raw record for rules that look for keywords anywhere.
    pub fn matches_record(
        &self,
        event: &Event<'_>,
        record: Option<&str>,
        scratch: &mut Scratch,
        out: &mut Vec<RuleIndex>,
    ) {
        scratch.begin(self);
        let Scratch {
            now,
            answers,
            queued,
            queue,
            text,
            found,
        } = scratch;
        let (no, yes) = (*now, *now + 1);
        let mut enqueue = |rule: u32| {
            if let Some(stamp) = queued.get_mut(place(rule))
                && *stamp != no
            {
                *stamp = no;
                queue.push(rule);
            }
        };
        self.index.find(event, record, found, &mut |number, sure| {
            let number = place(number);
            let (Some(answer), Some(predicate)) =
                (answers.get_mut(number), self.predicates.get(number))
            else {
                return;
            };
            if *answer >= no {
                return;
            }
            let holds = sure || predicate.holds(event, record, text);
            *answer = if holds { yes } else { no };
            if holds {
                let gated = self.gates.get(number).into_iter().flatten();
                gated.copied().for_each(&mut enqueue);
            }
        });
        let always = self.always.get(event.kind as usize).into_iter().flatten();
        always.copied().for_each(&mut enqueue);
        queue.sort_unstable();
        for number in queue.drain(..) {
            let Some(compiled) = self.rules.get(place(number)) else {
                continue;
            };
            let mut ask =
                |number: u32| self.answer(place(number), event, record, no, answers, text);
            if compiled.route.takes(event) && compiled.expression.holds(&mut ask) {
                out.push(RuleIndex(number));
            }
        }
    }

    /// Whether any rule looks for keywords, so that the raw record matters.
    #[must_use]
    pub const fn reads_records(&self) -> bool {
        self.reads_records
    }

    /// The answer of one predicate, asked at most once per event.
    fn answer(
        &self,
        number: usize,
        event: &Event<'_>,
        record: Option<&str>,
        no: u64,
        answers: &mut [u64],
        text: &mut String,
    ) -> bool {
        let (Some(answer), Some(predicate)) =
            (answers.get_mut(number), self.predicates.get(number))
        else {
            return false;
        };
        if *answer < no {
            let indexed = self.indexed.get(number).copied().unwrap_or(false);
            let holds = !indexed && predicate.holds(event, record, text);
            *answer = no + u64::from(holds);
        }
        *answer > no
    }

    /// What the rule says about itself.
    ///
    /// # Panics
    /// When `index` comes from another, larger set.
    #[must_use]
    #[expect(
        clippy::indexing_slicing,
        reason = "an index names a rule of the set it came from"
    )]
    pub fn rule(&self, index: RuleIndex) -> &Rule {
        &self.about[place(index.0)]
    }

    /// All rules, in the order of the set: those that look at events, then the correlations.
    pub fn rules(&self) -> impl Iterator<Item = &Rule> {
        self.about.iter()
    }

    /// The filters that were joined to rules.
    #[must_use]
    pub fn filters(&self) -> &[Joined] {
        &self.joined
    }

    /// How many rules there are, correlations among them.
    #[must_use]
    pub const fn len(&self) -> usize {
        self.about.len()
    }

    /// Whether there are none.
    #[must_use]
    pub const fn is_empty(&self) -> bool {
        self.about.is_empty()
    }

    /// Sums up the correlations and the numbers of the rules that they count: while it is the same,
    /// what they were counting still means the same.
    pub(in crate::detect) fn correlations_sum(&self) -> u64 {
        let names = self.about.iter().map(|rule| rule.id.as_bytes());
        let sum = names.fold(0, |sum, name| hash::mix(sum ^ hash::bytes(name)));
        self.correlations.iter().fold(sum, |sum, one| {
            hash::mix(sum ^ hash::bytes(format!("{one:?}").as_bytes()))
        })
    }

    fn correlation(&self, fact: &Fact) -> Option<&Correlation> {
        self.correlations.get(place(fact.correlation))
    }
}

impl Scratch {
    fn begin(&mut self, set: &RuleSet) {
        self.now += 2;
        if self.answers.len() != set.predicates.len() || self.queued.len() != set.rules.len() {
            self.answers = vec![0; set.predicates.len()];
            self.queued = vec![0; set.rules.len()];
        }
        self.queue.clear();
    }
}

/// A number of a predicate or rule as a place in a table.
const fn place(number: u32) -> usize {
    number as usize
}

#[cfg(test)]
mod tests;
