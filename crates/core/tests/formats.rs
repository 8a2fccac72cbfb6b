//! Every format file's own cases hold (invariant 6).

use larum_core::content::FORMATS;
use larum_core::parse::{Formats, check_cases};

#[test]
fn every_case_of_every_format_holds() {
    let formats = Formats::built_in().unwrap_or_else(|error| panic!("{error}"));
    let (count, problems) = check_cases(&formats, &FORMATS);
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

/// Who writes a first format starts from the example in the description.
#[test]
fn the_example_in_the_description_is_a_format() {
    let description = include_str!("../../../content/formats/README.md");
    let example = description
        .split("```toml\n")
        .nth(1)
        .and_then(|rest| rest.split("```").next())
        .unwrap_or_else(|| panic!("no example"));
    let files = [("acme-gate", example)];
    let formats = Formats::with_own(&files).unwrap_or_else(|error| panic!("{error}"));
    let (count, problems) = check_cases(&formats, &files);
    assert!(problems.is_empty(), "{problems:?}");
    assert!(count >= 4);
}
