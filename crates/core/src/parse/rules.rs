//! A format's `[[when]]`: what holds under which conditions.
//!
//! Many rules ask for values of the same few keys. Each key is looked at once a record, and only when a
//! rule gets that far, giving a bit for every value that some rule asks for; a rule is then a handful
//! of comparisons of bits, however many values it names. A rule that asks for something of a key that
//! the record did not fill is passed over without looking at anything.

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
    /// Without these it cannot hold.
    needs: SlotSet,
    pub set: Vec<Setting>,
    pub require: Vec<Field>,
    pub skip: bool,
    tests: Vec<Test>,
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

/// Rules in order; later ones override.
#[derive(Debug, Default)]
pub(super) struct Rules {
    rules: Vec<Rule>,
    questions: Vec<Question>,
    /// Whether there is room for every condition.
    pub fits: bool,
}

impl Rules {
    /// The rules that hold, in order.
    #[inline]
    pub fn holding<'r>(&'r self, slots: &Slots<'_>) -> impl Iterator<Item = &'r Rule> {
        let filled = slots.filled();
        let mut answers = Answers {
            known: 0,
            bits: [0; REMEMBERED],
        };
        self.rules.iter().filter(move |rule| {
            rule.needs.is_in(filled)
                && rule.tests.iter().all(|test| {
                    let answer = answers.to(test.question, &self.questions, slots);
                    (answer & test.fits != 0) != test.negated
                })
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
        let mut needs = SlotSet::default();
        let wanted = conditions.iter().filter(|condition| !condition.negated);
        wanted.for_each(|condition| needs.insert(condition.slot));
        let tests = conditions
            .into_iter()
            .map(|condition| self.test(condition))
            .collect();
        self.rules.push(Rule {
            needs,
            set,
            require,
            skip,
            tests,
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
        Rules {
            questions: questions.collect(),
            rules: self.rules,
            fits,
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::parse::escape::Escape;

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
        let mut slots = Slots::new();
        slots.clear();
        slots.set(0, "LOGIN", Escape::None);
        assert_eq!(rules.holding(&slots).count(), 4);
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
            let mut slots = Slots::new();
            slots.clear();
            slots.set(0, text, Escape::None);
            assert_eq!(rules.holding(&slots).count(), expected, "{text}");
        }
        assert_eq!(rules.holding(&Slots::new()).count(), 0);
    }
}
