//! Registered names against the Public Suffix List's own test vectors (CC0).
#![expect(
    clippy::disallowed_methods,
    reason = "a test reads files and fails by panicking"
)]

mod shared;

use larum_core::detect::suffix::registered;

#[test]
fn the_lists_own_vectors_hold() {
    let Some(path) = shared::corpus("dns/psl_test.txt") else {
        return;
    };
    let (mut held, mut wrong) = (0, Vec::new());
    for line in std::fs::read_to_string(path).unwrap().lines() {
        let Some(case) = line.strip_prefix("checkPublicSuffix(") else {
            continue;
        };
        let (name, expected) = case.split_once(", ").unwrap();
        let plain = |text: &str| text.trim_matches(['\'', ')', ';']).to_lowercase();
        let (name, expected) = (plain(name), plain(expected));
        let found = registered(&name).map_or("null".to_owned(), |found| found.domain.to_owned());
        if found == expected {
            held += 1;
        } else {
            wrong.push((name, expected, found));
        }
    }
    assert!(wrong.is_empty(), "{wrong:?}");
    assert!(held > 70, "{held}");
}
