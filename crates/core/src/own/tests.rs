//! Which addresses are the firm's, and which way contacts went.

use proptest::prelude::*;

use super::*;
use crate::event::Kind;

fn contact<'e>(src: &str, dst: &str) -> Event<'e> {
    let at = Timestamp::from_seconds(1_795_348_800);
    let mut event = Event::new(at, "test", Kind::Network);
    event.src_ip = Some(src.parse().unwrap());
    event.dst_ip = Some(dst.parse().unwrap());
    event
}

#[track_caller]
fn check(own: &Own, src: &str, dst: &str, expected: Option<Direction>) {
    assert_eq!(
        own.direction(&contact(src, dst)),
        expected,
        "{src} to {dst}"
    );
}

#[test]
fn without_any_knowledge_only_private_and_public_are_told_apart() {
    use Direction::{Inbound, Internal, Outbound};
    let own = Own::default();
    check(&own, "10.0.0.1", "192.0.2.1", Some(Outbound));
    check(&own, "192.0.2.1", "192.168.1.1", Some(Inbound));
    check(&own, "fd00::1", "2001:db8::1", Some(Outbound));
    check(&own, "10.0.0.1", "172.16.0.1", Some(Internal));
    check(&own, "192.0.2.1", "198.51.100.1", None);
    // None of these is the internet.
    for place in [
        "100.64.0.1",
        "169.254.1.1",
        "224.0.0.251",
        "255.255.255.255",
        "127.0.0.1",
    ] {
        check(&own, "10.0.0.1", place, Some(Internal));
    }
    check(&own, "fe80::1", "ff02::fb", Some(Internal));
    check(&own, "0.0.0.0", "192.0.2.1", None);
    check(&own, "10.0.0.1", "::", None);
    let mut forwarded = contact("192.0.2.1", "198.51.100.1");
    forwarded.dst_nat_ip = "10.0.0.5".parse().ok();
    assert_eq!(own.direction(&forwarded), Some(Inbound));
}

#[test]
fn the_devices_own_word_stays() {
    let mut event = contact("10.0.0.1", "192.0.2.1");
    event.direction = Some(Direction::Inbound);
    assert_eq!(Own::default().direction(&event), Some(Direction::Inbound));
}

#[test]
fn an_address_that_private_ones_are_translated_to_is_the_firms() {
    let mut own = Own::default();
    let mut event = contact("10.0.0.1", "198.51.100.9");
    event.src_nat_ip = "192.0.2.7".parse().ok();
    for _ in 0..LEAST_TRANSLATED {
        assert!(own.addresses().is_empty());
        own.observe(&event);
    }
    assert_eq!(own.why("192.0.2.7".parse().unwrap()), Some(Why::Translated));
    assert_eq!(own.certain(), ["192.0.2.7".parse().unwrap()]);
    check(&own, "198.51.100.9", "192.0.2.7", Some(Direction::Inbound));
    check(&own, "192.0.2.7", "198.51.100.9", Some(Direction::Outbound));
    check(
        &own,
        "198.51.100.9",
        "203.0.113.1",
        Some(Direction::External),
    );
}

/// A source in a different /16 for each number.
fn scanner(number: u32) -> String {
    format!("{}.{}.0.1", 20 + number / 200, number % 200)
}

#[test]
fn an_address_sought_from_everywhere_is_the_firms_but_a_site_its_hosts_visit_is_not() {
    let mut own = Own::default();
    for number in 0..40 {
        own.observe(&contact(&scanner(number), "192.0.2.7"));
        // A firm with public addresses everywhere asks its resolver.
        own.observe(&contact(&format!("203.0.113.{number}"), "198.51.100.53"));
        // Sought from everywhere, but from inside as well: a guest's phone behind no translation.
        own.observe(&contact(&scanner(number), "198.51.100.80"));
        own.observe(&contact("10.0.0.9", "198.51.100.80"));
    }
    let known: Vec<_> = own.addresses();
    assert_eq!(known.len(), 1, "{known:?}");
    assert_eq!(known[0].why, Why::Sought);
    assert!(own.certain().is_empty());
    check(&own, "198.51.100.9", "192.0.2.7", Some(Direction::Inbound));
}

#[test]
fn what_devices_call_inbound_is_learned_unless_they_contradict_themselves() {
    let mut own = Own::default();
    for number in 0..LEAST_SAID {
        for (dst, direction) in [
            ("192.0.2.7", Direction::Inbound),
            ("192.0.2.8", Direction::Inbound),
            ("192.0.2.8", Direction::Outbound),
        ] {
            let mut event = contact("198.51.100.9", dst);
            event.direction = Some(direction);
            own.observe(&event);
        }
        assert!(number + 1 == LEAST_SAID || own.addresses().is_empty());
    }
    assert_eq!(own.why("192.0.2.7".parse().unwrap()), Some(Why::Said));
    assert_eq!(own.why("192.0.2.8".parse().unwrap()), None);
}

#[test]
fn a_person_has_the_last_word() {
    let own_range = ["192.0.2.0/28".parse().unwrap()];
    let not_own = ["192.0.2.7".parse().unwrap()];
    let mut own = Own::new(&own_range, &not_own);
    let mut event = contact("10.0.0.1", "198.51.100.9");
    event.src_nat_ip = "192.0.2.7".parse().ok();
    for _ in 0..10 {
        own.observe(&event);
    }
    check(&own, "198.51.100.9", "192.0.2.7", Some(Direction::External));
    check(&own, "198.51.100.9", "192.0.2.3", Some(Direction::Inbound));
}

#[test]
fn a_flood_of_addresses_does_not_push_out_what_is_known_and_old_evidence_goes() {
    let mut own = Own::default();
    let mut event = contact("10.0.0.1", "198.51.100.9");
    event.src_nat_ip = "192.0.2.7".parse().ok();
    for _ in 0..10 {
        own.observe(&event);
    }
    for number in 0..50_000_u32 {
        let flood = format!("45.{}.{}.9", number / 256, number % 256);
        own.observe(&contact("198.51.100.9", &flood));
    }
    assert!(own.evidence().count() <= MAX_CANDIDATES);
    assert_eq!(own.certain().len(), 1);
    let mut again = Own::default();
    again.restore(own.evidence().copied());
    assert_eq!(again.addresses(), own.addresses());
    own.forget(event.received.plus_seconds(KEPT_SECONDS + 1));
    assert!(own.addresses().is_empty());
}

fn any_ip() -> impl Strategy<Value = IpAddr> {
    prop_oneof![
        (0_u8..4, any::<u8>()).prop_map(|(net, host)| IpAddr::from([192, 0, net, host])),
        any::<[u8; 4]>().prop_map(IpAddr::from),
        any::<[u8; 16]>().prop_map(IpAddr::from),
        Just(IpAddr::from([10, 0, 0, 1])),
    ]
}

fn any_event() -> impl Strategy<Value = Event<'static>> {
    let way = proptest::option::of(proptest::sample::select(Direction::ALL));
    let ip = || proptest::option::of(any_ip());
    (ip(), ip(), ip(), ip(), way).prop_map(|(src, dst, src_nat, dst_nat, way)| {
        let mut event = Event::new(Timestamp::from_seconds(0), "test", Kind::Network);
        (event.src_ip, event.dst_ip) = (src, dst);
        (event.src_nat_ip, event.dst_nat_ip) = (src_nat, dst_nat);
        event.direction = way;
        event
    })
}

proptest! {
    #[test]
    fn any_events_in_any_order_know_the_same_and_never_call_a_private_address_public(
        events in proptest::collection::vec(any_event(), 0..150),
    ) {
        // The same events three times over, so that something is learned.
        let forward = events.iter().cycle().take(events.len() * 3);
        let backward = events.iter().rev().cycle().take(events.len() * 3);
        let mut own = Own::default();
        forward.for_each(|event| own.observe(event));
        for address in own.addresses() {
            prop_assert!(is_public(address.network.base()), "{}", address.network);
        }
        let mut other = Own::default();
        backward.for_each(|event| other.observe(event));
        prop_assert_eq!(own.certain(), other.certain());
        for event in &events {
            let direction = own.direction(event);
            prop_assert!(event.direction.is_none() || direction == event.direction);
            if direction == Some(Direction::External) && event.direction.is_none() {
                prop_assert!([event.src_ip, event.dst_ip].into_iter().flatten().all(is_public));
            }
        }
    }
}
