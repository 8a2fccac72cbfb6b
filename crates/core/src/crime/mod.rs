//! Which recorded-crime code a finding suggests to the person who reports it.
//!
//! A blocked or failed attempt is intelligence and suggests none: attempts, incidents and reported
//! crimes are three separate counts.

use serde::Deserialize;

use crate::content;
use crate::finding::{AttackOutcome, Category};

/// A recorded-crime code (NFIB, now Report Fraud).
#[derive(Clone, Debug, PartialEq, Eq, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct CrimeCode {
    /// The code, such as `NFIB52A`.
    pub code: String,
    /// Its name in the published tables.
    pub name: String,
    when: Vec<When>,
}

#[derive(Clone, Debug, PartialEq, Eq, Deserialize)]
#[serde(deny_unknown_fields)]
struct When {
    category: String,
    outcome: Vec<String>,
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct Table {
    code: Vec<CrimeCode>,
    #[serde(rename = "case")]
    #[cfg_attr(
        not(test),
        expect(dead_code, reason = "the table's own evidence, walked by its test")
    )]
    cases: Vec<Case>,
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
#[cfg_attr(
    not(test),
    expect(dead_code, reason = "the table's own evidence, walked by its test")
)]
struct Case {
    category: String,
    outcome: String,
    code: Option<String>,
}

/// The codes, as compiled in.
pub struct CrimeCodes(Vec<CrimeCode>);

impl CrimeCodes {
    /// The table that ships with the program.
    ///
    /// # Errors
    /// When `content/law/crime-codes.toml` is malformed; a test walks it, so a release never is.
    pub fn built_in() -> Result<Self, String> {
        table().map(|table| Self(table.code))
    }

    /// The code that a finding of `category` with `outcome` suggests; `None` where it is not a crime
    /// by itself.
    #[must_use]
    pub fn suggest(&self, category: Category, outcome: AttackOutcome) -> Option<&CrimeCode> {
        let applies = |when: &When| {
            when.category == category.as_str()
                && when.outcome.iter().any(|word| word == outcome.as_str())
        };
        self.0.iter().find(|code| code.when.iter().any(applies))
    }
}

fn table() -> Result<Table, String> {
    let text = content::LAW
        .iter()
        .find(|(name, _)| *name == "crime-codes")
        .map_or("", |(_, text)| text);
    toml::from_str(text).map_err(|error| format!("content/law/crime-codes.toml: {error}"))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_tables_own_cases_hold_and_its_words_exist() {
        let codes = CrimeCodes::built_in().unwrap();
        for case in table().unwrap().cases {
            let category = Category::from_word(&case.category).unwrap();
            let outcome = AttackOutcome::from_word(&case.outcome).unwrap();
            let suggested = codes
                .suggest(category, outcome)
                .map(|code| code.code.clone());
            assert_eq!(suggested, case.code, "{category} {outcome}");
        }
        for when in codes.0.iter().flat_map(|code| &code.when) {
            assert!(Category::from_word(&when.category).is_some(), "{when:?}");
            assert!(
                when.outcome
                    .iter()
                    .all(|word| AttackOutcome::from_word(word).is_some()),
                "{when:?}"
            );
        }
    }

    #[test]
    fn what_was_kept_out_is_never_a_crime() {
        let codes = CrimeCodes::built_in().unwrap();
        for category in Category::ALL {
            assert_eq!(
                codes.suggest(*category, AttackOutcome::Blocked),
                None,
                "{category}"
            );
        }
    }
}
