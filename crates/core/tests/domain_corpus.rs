//! The domain judge against names that others collected; no family of them was trained on.
#![expect(clippy::disallowed_methods, reason = "a test reads files")]

mod shared;

use larum_core::detect::domain::judge_domain;
use larum_core::detect::web::Level;
use serde_json::Value;

#[test]
fn names_that_were_collected() {
    let Some(path) = shared::corpus("dns/domains.jsonl") else {
        return;
    };
    let (mut found, mut wrong) = ((0, 0), (0, 0));
    for line in std::fs::read_to_string(path).unwrap().lines() {
        let record: Value = serde_json::from_str(line).unwrap();
        let flagged = judge_domain(record["domain"].as_str().unwrap()).level > Level::Clean;
        let count = if record["label"] == "benign" {
            &mut wrong
        } else {
            &mut found
        };
        count.0 += u32::from(flagged);
        count.1 += 1;
    }
    println!("found {found:?}, flagged wrongly {wrong:?}");
    assert!(found.0 * 100 >= found.1 * 50, "too many missed");
    assert!(wrong.0 * 1000 <= wrong.1 * 6, "too many false alarms");
}
