//! Who gets onto a blocklist, and who never does.

use std::net::{IpAddr, Ipv4Addr};

use larum_core::address::Network;
use larum_core::blocklist::Blocklist;
use larum_core::time::Timestamp;
use proptest::prelude::*;

const DAY: i64 = 86_400;
/// 2026-11-01T00:00:00Z.
const START: i64 = 1_793_491_200;

fn at(day: i64, second: i64) -> Timestamp {
    Timestamp::from_seconds(START + day * DAY + second)
}

fn source(number: u32) -> IpAddr {
    Ipv4Addr::from(0xC633_6400 + number).into()
}

fn listed(blocklist: &Blocklist, member: &str) -> Vec<IpAddr> {
    let list = blocklist.list(member, 1_000);
    list.iter().map(|entry| entry.source).collect()
}

#[test]
fn one_members_word_reaches_its_own_list_only() {
    let mut blocklist = Blocklist::new(Vec::new());
    for member in ["a", "b", "c"] {
        blocklist.observe(at(0, 60), member, source(9), "tcp/22", 1);
    }
    // Told by one, by two, and by one very often.
    blocklist.observe(at(0, 61), "a", source(1), "tcp/22", 1);
    blocklist.observe(at(0, 62), "a", source(2), "tcp/22", 1);
    blocklist.observe(at(0, 63), "b", source(2), "tcp/22", 1);
    blocklist.observe(at(0, 64), "b", source(3), "tcp/22", u64::MAX);
    blocklist.advance(at(1, 0));
    let sorted = |member| {
        let mut list = listed(&blocklist, member);
        list.sort();
        list
    };
    assert_eq!(sorted("a"), [source(1), source(2), source(9)]);
    assert_eq!(sorted("b"), [source(2), source(3), source(9)]);
    assert_eq!(sorted("c"), [source(2), source(9)]);
    assert_eq!(sorted("nobody knows this one"), [source(2), source(9)]);
}

#[test]
fn what_is_never_blocked_is_in_no_list() {
    let never = Network::new(source(0), 29).unwrap();
    let mut blocklist = Blocklist::new(vec![never]);
    let loopback = IpAddr::from([127, 0, 0, 1]);
    for member in ["a", "b", "c"] {
        for address in [source(1), source(8), loopback] {
            blocklist.observe(at(0, 60), member, address, "tcp/22", 1);
        }
    }
    blocklist.advance(at(1, 0));
    assert_eq!(listed(&blocklist, "a"), [source(8)]);
}

#[test]
fn who_comes_back_each_day_is_listed_before_who_came_once() {
    let mut blocklist = Blocklist::new(Vec::new());
    for day in 0..6 {
        for number in 0..40 {
            for member in ["a", "b", "c"] {
                // Forty that come every day, and forty strangers a day.
                let stranger = 1_000 + u32::try_from(day).unwrap() * 100 + number;
                blocklist.observe(at(day, 60), member, source(number), "tcp/22", 1);
                blocklist.observe(at(day, 61), member, source(stranger), "tcp/23", 1);
            }
        }
    }
    blocklist.advance(at(6, 0));
    let first = blocklist.list("a", 40);
    assert!(first.iter().all(|entry| entry.source < source(40)));
    assert!(first.iter().all(|entry| entry.expires > at(6, 0)));
    // After a month of silence nobody is left.
    blocklist.advance(at(46, 0));
    assert!(listed(&blocklist, "a").is_empty());
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(64))]
    /// Whatever one member reports, it puts nothing onto another's list that no other reported.
    #[test]
    fn one_liar_puts_nobody_onto_anothers_list(
        honest in prop::collection::vec((0_i64..5, 0_u8..4, 0_u32..30), 0..60),
        lies in prop::collection::vec((0_i64..5, 0_u32..60), 0..60),
    ) {
        let mut all: Vec<(i64, String, u32)> = honest
            .iter()
            .map(|(day, member, number)| (*day, format!("firm {member}"), *number))
            .chain(lies.iter().map(|(day, number)| (*day, "liar".to_owned(), *number)))
            .collect();
        all.sort();
        let mut blocklist = Blocklist::new(Vec::new());
        for (day, member, number) in &all {
            blocklist.observe(at(*day, 1), member, source(*number), "tcp/22", 1);
        }
        blocklist.advance(at(5, 0));
        for entry in blocklist.list("firm 0", 1_000) {
            prop_assert!(honest.iter().any(|(.., number)| source(*number) == entry.source));
        }
    }
}
