//! A format's `[[when]]`: what holds under which conditions.
//!
//! Many rules ask for values of the same few keys. Each key is looked at once a record, and only when a
//! rule that is left asks, giving a bit for every value that some rule asks for. Rules are bits, too: a key that
//! the record did not fill, and each value that it says, strikes out at once all rules that ask for another.

use super::condition::{Condition, MAX_VALUES, Values, Wanted};
use super::keys::{SlotSet, Slots};
use super::mapping::Setting;
use crate::event::Field;

/// The most questions of one format.
pub(super) const MAX_QUESTIONS: usize = 128;

/// The answers to so many questions are remembered while a record is looked at; few formats ask more.
const REMEMBERED: usize = 32;

/// What holds when all conditions do.
#[derive(Debug)]
pub(super) struct Rule {
    pub set: Vec<Setting>,
    pub require: Vec<Field>,
    pub skip: bool,
    tests: Vec<Test>,
    /// Whether two of the tests ask the same question.
    asks_again: bool,
}

/// One condition of a rule.
#[derive(Clone, Copy, Debug)]
struct Test {
    question: usize,
    /// The values that fit.
    fits: u64,
    negated: bool,
}

/// Which of its known values a key has.
#[derive(Debug)]
struct Question {
    slot: u16,
    values: Values,
}

impl Question {
    fn answer(&self, slots: &Slots<'_>) -> u64 {
        slots
            .get(self.slot)
            .map_or(0, |raw| self.values.of(raw.text))
    }
}

/// So many rules are struck out together.
const RULES_TOGETHER: usize = 64;

/// What the answer to one question means for some rules, a bit for each.
#[derive(Debug, Default)]
struct Strike {
    question: usize,
    slot: u16,
    /// Those that ask it at all.
    asking: u64,
    /// Those that hold only where some value fits.
    needing: u64,
    /// For each value those of them that it fits, and those that it strikes out.
    values: Vec<(u64, u64)>,
}

/// Rules that are struck out together, in order.
#[derive(Debug, Default)]
struct Group {
    all: u64,
    /// Slots without which some rules cannot hold.
    needed: Vec<(u16, u64)>,
    /// One for each question that some of them ask, the cheapest first.
    strikes: Vec<Strike>,
}

impl Group {
    fn new(rules: &[Rule], questions: &[Question]) -> Self {
        let mut group = Self::default();
        for (rule, number) in rules.iter().zip(0_u32..) {
            let bit = 1_u64.checked_shl(number).unwrap_or(0);
            group.all |= bit;
            for test in &rule.tests {
                if let Some(question) = questions.get(test.question) {
                    group.note(bit, *test, question.slot);
                }
            }
        }
        for strike in &mut group.strikes {
            let used = strike.values.iter().rposition(|value| *value != (0, 0));
            strike.values.truncate(used.map_or(0, |last| last + 1));
            strike.values.shrink_to_fit();
        }
        let dear = |strike: &Strike| questions.get(strike.question).map(|q| q.values.is_dear());
        group.strikes.sort_by_key(dear);
        group
    }

    /// Notes what `test` means for the rule of this `bit`.
    fn note(&mut self, bit: u64, test: Test, slot: u16) {
        if !test.negated {
            match self.needed.iter_mut().find(|(known, _)| *known == slot) {
                Some((_, rules)) => *rules |= bit,
                None => self.needed.push((slot, bit)),
            }
        }
        let known = self.strikes.iter();
        let place = known
            .clone()
            .position(|strike| strike.question == test.question);
        let place = place.unwrap_or_else(|| {
            self.strikes.push(Strike {
                question: test.question,
                slot,
                values: vec![(0, 0); MAX_VALUES],
                ..Strike::default()
            });
            self.strikes.len() - 1
        });
        let Some(strike) = self.strikes.get_mut(place) else {
            return;
        };
        strike.asking |= bit;
        if !test.negated {
            strike.needing |= bit;
        }
        for (number, (fitting, struck)) in strike.values.iter_mut().enumerate() {
            if test.fits >> (number & 63) & 1 == 1 {
                *(if test.negated { struck } else { fitting }) |= bit;
            }
        }
    }

    /// A bit for each rule that may hold in a record that fills these slots.
    fn askable(&self, filled: SlotSet) -> u64 {
        let unfilled = self.needed.iter().filter(|(slot, _)| !filled.has(*slot));
        unfilled.fold(self.all, |left, (_, rules)| left & !rules)
    }

    /// A bit for each of the `askable` rules that may hold. One that asks the same question twice may not after
    /// all.
    #[inline]
    fn left(
        &self,
        askable: u64,
        questions: &[Question],
        slots: &Slots<'_>,
        answers: &mut Answers,
    ) -> u64 {
        let filled = slots.filled();
        let mut left = askable;
        for strike in &self.strikes {
            if left & strike.asking == 0 || !filled.has(strike.slot) {
                continue;
            }
            let mut answer = answers.to(strike.question, questions, slots);
            let mut fitting = !strike.needing;
            while answer != 0 {
                let value = strike.values.get(answer.trailing_zeros() as usize);
                let (fits, struck) = value.copied().unwrap_or_default();
                fitting |= fits;
                left &= !struck;
                answer &= answer.wrapping_sub(1);
            }
            left &= fitting;
        }
        left
    }
}

/// Rules in order; later ones override.
#[derive(Debug, Default)]
pub(super) struct Rules {
    rules: Vec<Rule>,
    groups: Vec<Group>,
    questions: Vec<Question>,
    /// Whether there is room for every condition.
    pub fits: bool,
}

impl Rules {
    /// Of the first rules, a bit for each that may hold in a record that fills these slots.
    pub fn askable(&self, filled: SlotSet) -> u64 {
        self.groups.first().map_or(0, |group| group.askable(filled))
    }

    /// The rules that hold, in order; `askable` is what [`Rules::askable`] says of the filled slots.
    #[inline]
    pub fn holding<'r>(
        &'r self,
        askable: u64,
        slots: &Slots<'_>,
    ) -> impl Iterator<Item = &'r Rule> {
        let mut answers = Answers {
            known: 0,
            bits: [0; REMEMBERED],
        };
        let mut groups = self.groups.iter().zip(self.rules.chunks(RULES_TOGETHER));
        let (mut left, mut rules) = (0_u64, &[] as &[Rule]);
        let mut askable = Some(askable);
        std::iter::from_fn(move || {
            loop {
                let Some(rule) = rules.get(left.trailing_zeros() as usize) else {
                    let (group, next) = groups.next()?;
                    rules = next;
                    let askable = askable.take();
                    let askable = askable.unwrap_or_else(|| group.askable(slots.filled()));
                    left = group.left(askable, &self.questions, slots, &mut answers);
                    continue;
                };
                left &= left.wrapping_sub(1);
                let holds = |test: &Test| {
                    let answer = answers.to(test.question, &self.questions, slots);
                    (answer & test.fits != 0) != test.negated
                };
                if !rule.asks_again || rule.tests.iter().all(holds) {
                    return Some(rule);
                }
            }
        })
    }
}

/// The answers to the questions asked so far.
struct Answers {
    /// A bit for each question that was asked.
    known: u32,
    bits: [u64; REMEMBERED],
}

impl Answers {
    #[inline]
    fn to(&mut self, number: usize, questions: &[Question], slots: &Slots<'_>) -> u64 {
        let Some(question) = questions.get(number) else {
            return 0;
        };
        let Some(bits) = self.bits.get_mut(number) else {
            return question.answer(slots);
        };
        let bit = 1_u32 << (number & (REMEMBERED - 1));
        if self.known & bit == 0 {
            self.known |= bit;
            *bits = question.answer(slots);
        }
        *bits
    }
}

/// Gathers rules; see [`Rules`].
#[derive(Default)]
pub(super) struct Builder {
    rules: Vec<Rule>,
    /// Slot and values of each question to be.
    questions: Vec<(u16, Vec<Wanted>)>,
}

impl Builder {
    /// Adds a rule that holds when all `conditions` do.
    pub fn add(
        &mut self,
        conditions: Vec<Condition>,
        set: Vec<Setting>,
        require: Vec<Field>,
        skip: bool,
    ) {
        let tests = conditions
            .into_iter()
            .map(|condition| self.test(condition))
            .collect();
        let tests: Vec<Test> = tests;
        let question = |test: &Test| test.question;
        let asks_again = (1..tests.len()).any(|end| {
            let (before, after) = tests.split_at(end);
            let asked = after.first().map(question);
            before.iter().any(|test| Some(question(test)) == asked)
        });
        self.rules.push(Rule {
            set,
            require,
            skip,
            tests,
            asks_again,
        });
    }

    fn test(&mut self, condition: Condition) -> Test {
        let new = |known: &[Wanted]| {
            let is_known = |value: &Wanted| known.iter().any(|other| other.same(value));
            let unknown = condition.values.iter().filter(|value| !is_known(value));
            known.len() + unknown.count()
        };
        let question = self
            .questions
            .iter()
            .position(|(slot, known)| *slot == condition.slot && new(known) <= MAX_VALUES)
            .unwrap_or_else(|| {
                self.questions.push((condition.slot, Vec::new()));
                self.questions.len() - 1
            });
        let mut fits = 0;
        if let Some((_, known)) = self.questions.get_mut(question) {
            for value in condition.values {
                let bit = known.iter().position(|other| other.same(&value));
                let bit = bit.unwrap_or_else(|| {
                    known.push(value);
                    known.len() - 1
                });
                fits |= 1_u64
                    .checked_shl(u32::try_from(bit).unwrap_or(64))
                    .unwrap_or(0);
            }
        }
        Test {
            question,
            fits,
            negated: condition.negated,
        }
    }

    /// The rules, ready to ask.
    pub fn build(self) -> Rules {
        let fits = self.questions.len() <= MAX_QUESTIONS
            && self
                .questions
                .iter()
                .all(|(_, known)| known.len() <= MAX_VALUES);
        let questions = self.questions.into_iter().map(|(slot, known)| Question {
            slot,
            values: Values::new(known),
        });
        let questions: Vec<_> = questions.collect();
        let groups = self.rules.chunks(RULES_TOGETHER);
        Rules {
            groups: groups.map(|rules| Group::new(rules, &questions)).collect(),
            questions,
            rules: self.rules,
            fits,
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::parse::escape::Escape;
    use crate::parse::keys::MAX_SLOTS;

    #[test]
    fn case_does_not_count() {
        let mut builder = Builder::default();
        for value in ["login", "Login", "LOG*", "log*"] {
            let condition = Condition {
                slot: 0,
                values: vec![Wanted::read(value)],
                negated: false,
            };
            builder.add(vec![condition], Vec::new(), Vec::new(), false);
        }
        let rules = builder.build();
        let mut slots = Slots::new(MAX_SLOTS);
        slots.set(0, "LOGIN", Escape::None);
        assert_eq!(
            rules.holding(rules.askable(slots.filled()), &slots).count(),
            4
        );
    }

    #[test]
    fn many_values_of_one_key_are_told_apart() {
        let mut builder = Builder::default();
        for number in 0..200 {
            let condition = |values: &[&str], negated| Condition {
                slot: 0,
                values: values.iter().map(|value| Wanted::read(value)).collect(),
                negated,
            };
            let value = format!("v{number}");
            builder.add(
                vec![
                    condition(&[&value, "other"], false),
                    condition(&["*9"], true),
                ],
                Vec::new(),
                Vec::new(),
                false,
            );
        }
        let rules = builder.build();
        assert!(rules.fits);
        for (text, expected) in [("v7", 1), ("V150", 1), ("v19", 0), ("other", 200), ("x", 0)] {
            let mut slots = Slots::new(MAX_SLOTS);
            slots.set(0, text, Escape::None);
            let askable = rules.askable(slots.filled());
            assert_eq!(rules.holding(askable, &slots).count(), expected, "{text}");
        }
        let nothing = Slots::new(MAX_SLOTS);
        let askable = rules.askable(nothing.filled());
        assert_eq!(rules.holding(askable, &nothing).count(), 0);
    }
}
