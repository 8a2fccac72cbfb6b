//! Every format file's own cases hold (invariant 6).

use larum_core::content::FORMATS;
use larum_core::parse::{Formats, check_cases};

#[test]
fn every_case_of_every_format_holds() {
    let formats = Formats::built_in().unwrap_or_else(|error| panic!("{error}"));
    let (count, problems) = check_cases(&formats, FORMATS);
    for problem in &problems {
        println!(
            "{}: {}\n    {}",
            problem.format, problem.input, problem.difference
        );
    }
    assert!(
        problems.is_empty(),
        "{} of {count} cases fail",
        problems.len()
    );
    assert!(count >= FORMATS.len());
}
