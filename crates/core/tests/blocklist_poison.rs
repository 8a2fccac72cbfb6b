//! The poisoning suite of the blocklists: what members that lie can put onto the lists of others, or
//! keep off them. The numbers asserted here are published in `docs/developer/watch.md`; a change that
//! moves one has to say so there.

use std::collections::BTreeSet;
use std::net::{IpAddr, Ipv4Addr};

use larum_core::blocklist::Blocklist;
use larum_core::time::Timestamp;

const DAY: i64 = 86_400;
/// 2026-10-01T00:00:00Z.
const START: i64 = 1_790_812_800;
/// Days between two on which anything is reported: no order is learned from such days, and this suite is
/// about who may stand on a list.
const EVERY: i64 = 3;
/// Members that report what they see, on each such day from the first on, each in a network of its own.
const HONEST: u32 = 7;
/// Attackers that each of them meets one time in three …
const SHARED: u32 = 10;
/// … and some that only one ever meets.
const LONE: u32 = 3;
/// Numbers of addresses that liars invent begin here.
const INVENTED: u32 = 10_000;

fn at(day: i64, second: i64) -> Timestamp {
    Timestamp::from_seconds(START + day * DAY + second)
}

fn source(number: u32) -> IpAddr {
    Ipv4Addr::from(0x0B00_0001 + number * 256).into()
}

/// What a member that reports truly says on a day.
fn truth(day: i64, member: u32) -> Vec<u32> {
    let turn = u32::try_from(day / EVERY).unwrap_or(0) + member;
    let shared = (0..SHARED).filter(|number| (number + turn).is_multiple_of(3));
    let lone = (0..LONE).filter(|number| (number + turn).is_multiple_of(2));
    let lone = lone.map(|number| 100 + member * LONE + number);
    shared.chain(lone).collect()
}

/// Members that lie together.
#[derive(Clone, Copy)]
struct Liars {
    /// How many.
    many: u32,
    /// Day of their enrolment.
    enrolled: i64,
    /// First day on which they lie.
    from: i64,
    /// Addresses they invent, the same for all of them.
    invented: u32,
    /// In how many networks they are.
    networks: u32,
    /// Whether they report truly beside it, like the honest ones.
    truly: bool,
}

/// A crowd, enrolled on the twentieth day, that says nothing but lies.
const CROWD: Liars = Liars {
    many: 12,
    enrolled: 20,
    from: 20,
    invented: 5,
    networks: 12,
    truly: false,
};

/// The hub after so many days.
fn hub(days: i64, liars: &[Liars]) -> Blocklist {
    let mut blocklist = Blocklist::new(Vec::new());
    for day in (0..days).step_by(3) {
        // Liars speak first.
        for (group, liars) in (1..).zip(liars) {
            tell_lies(&mut blocklist, day, group, liars);
        }
        for member in 0..HONEST {
            for number in truth(day, member) {
                let name = format!("firm {member}");
                blocklist.observe(at(day, 900), &name, source(number), "tcp/22", 1);
            }
        }
    }
    blocklist.advance(at(days, 0));
    blocklist
}

fn tell_lies(blocklist: &mut Blocklist, day: i64, group: u32, liars: &Liars) {
    for liar in 0..liars.many {
        let name = format!("liar {group} {liar}");
        let network = format!("{group}.{}.0.0/24", liar % liars.networks);
        blocklist.introduce(&name, Some(at(liars.enrolled, 0)), &network);
        let mut say = |number: u32| {
            blocklist.observe(at(day, 60), &name, source(number), "tcp/22", 1);
        };
        if liars.truly && day >= liars.enrolled {
            truth(day, liar).into_iter().for_each(&mut say);
        }
        if day >= liars.from {
            (INVENTED..INVENTED + liars.invented).for_each(&mut say);
        }
    }
}

fn listed(blocklist: &Blocklist, member: &str) -> BTreeSet<IpAddr> {
    let list = blocklist.list(member, 1_000);
    list.iter().map(|entry| entry.source).collect()
}

/// Whether liars put an address they invented onto the list of an honest member, or of a new one. What
/// the others know stays on both lists.
#[track_caller]
fn lies_are_listed(days: i64, liars: &[Liars]) -> bool {
    let blocklist = hub(days, liars);
    let mut lied = 0;
    for member in ["firm 0", "nobody knows this one"] {
        let list = listed(&blocklist, member);
        let shared = (0..SHARED).filter(|number| list.contains(&source(*number)));
        assert_eq!(shared.count(), 10, "{member}");
        lied += usize::from(list.iter().any(|one| *one >= source(INVENTED)));
    }
    assert!(lied != 1, "one list holds it and the other does not");
    lied == 2
}

#[test]
fn a_compromised_collector_lists_nothing() {
    let liar = Liars {
        many: 1,
        enrolled: 0,
        invented: 100,
        truly: true,
        ..CROWD
    };
    assert!(!lies_are_listed(30, &[liar]));
}

#[test]
fn a_crowd_that_joined_and_only_lies_lists_nothing_however_old_it_grows() {
    for days in [22, 28, 36, 50] {
        assert!(!lies_are_listed(days, &[CROWD]), "after {} days", days - 20);
    }
}

#[test]
fn a_crowd_that_reports_truly_lists_nothing_for_a_week_and_then_as_two_members() {
    let crowd = Liars {
        truly: true,
        from: 24,
        ..CROWD
    };
    let week = Liars { many: 7, ..crowd };
    assert!(!lies_are_listed(26, &[week]), "in the first week");
    assert!(!lies_are_listed(33, &[week]), "not whole yet: as one");
    // A published limit: who reports truly for two weeks is believed.
    let patient = Liars { from: 33, ..week };
    assert!(lies_are_listed(40, &[patient]));
}

#[test]
fn one_network_is_one_word() {
    let crowd = Liars {
        many: 20,
        enrolled: 0,
        truly: true,
        networks: 1,
        ..CROWD
    };
    assert!(!lies_are_listed(30, &[crowd]));
}

#[test]
fn two_members_of_standing_are_the_breakdown_point_and_are_found_out() {
    let two = Liars {
        many: 2,
        enrolled: 0,
        networks: 2,
        invented: 60,
        truly: true,
        ..CROWD
    };
    assert!(lies_are_listed(23, &[two]), "a published limit");
    // Nobody else ever sees what they say: their word goes down with every day.
    assert!(!lies_are_listed(36, &[two]), "two weeks later");
}

#[test]
fn one_of_standing_takes_five_that_nobody_confirmed() {
    let one = Liars {
        many: 1,
        enrolled: 0,
        from: 39,
        invented: 5,
        truly: true,
        ..CROWD
    };
    let helpers = |many| Liars {
        many,
        from: 39,
        invented: 5,
        ..CROWD
    };
    assert!(!lies_are_listed(41, &[one, helpers(4)]));
    assert!(lies_are_listed(41, &[one, helpers(5)]), "a published limit");
}

#[test]
fn nobody_crowds_the_truth_out() {
    // Seventy members of one network report all that is known first, and a thousand inventions each.
    let crowd = Liars {
        many: 70,
        enrolled: 0,
        from: 12,
        invented: 1_000,
        networks: 1,
        truly: true,
    };
    let mut blocklist = hub(15, &[]);
    for day in [15, 16, 17] {
        tell_lies(&mut blocklist, day, 1, &crowd);
    }
    for member in 0..HONEST {
        let name = format!("firm {member}");
        blocklist.observe(at(17, 900), &name, source(500), "tcp/22", 1);
    }
    blocklist.advance(at(18, 0));
    let list = listed(&blocklist, "somebody new");
    assert!(list.contains(&source(500)));
    assert!((0..SHARED).all(|number| list.contains(&source(number))));
}
