//! Indicators: what a million addresses and a million names hold in memory, and what a look-up costs.

use std::hint::black_box;
use std::io::{Write as _, stdout};
use std::net::{IpAddr, Ipv4Addr, Ipv6Addr};

use anyhow::{Context as _, Result};
use larum_core::detect::{Indicators, ListReport, Loader, NeverMatch};
use larum_core::time::Timestamp;

use crate::house::processor_time;

/// 2026-11-22T00:00:00Z.
const NOW: Timestamp = Timestamp::from_seconds(1_795_305_600);
/// Look-ups of one measurement.
const LOOKUPS: u64 = 1_000_000;

/// A number that looks like chance and is the same every time.
const fn spread(n: u64) -> u64 {
    let n = n.wrapping_add(0x9E37_79B9_7F4A_7C15);
    let n = (n ^ (n >> 30)).wrapping_mul(0xBF58_476D_1CE4_E5B9);
    let n = (n ^ (n >> 27)).wrapping_mul(0x94D0_49BB_1331_11EB);
    n ^ (n >> 31)
}

/// The nth address, most of them public.
fn v4(n: u64) -> IpAddr {
    let bits = u32::try_from(spread(n) >> 32).unwrap_or(0);
    IpAddr::V4(Ipv4Addr::from_bits((bits & 0x7FFF_FFFF) | 0x1800_0000))
}

fn v6(n: u64) -> IpAddr {
    let low = u128::from(spread(n ^ 0x5555));
    IpAddr::V6(Ipv6Addr::from_bits(
        (0x2A0C_u128 << 112) | (low << 40) | u128::from(n & 0xFFFF),
    ))
}

/// The nth name: two or three labels, 11 to 28 bytes, 18 on average.
fn name(n: u64) -> String {
    const ENDS: [&str; 8] = ["com", "net", "org", "co.uk", "top", "xyz", "info", "shop"];
    let bits = spread(n ^ 0xABCD_EF00);
    let length = usize::try_from(7 + bits % 13).unwrap_or(7);
    let mut name = String::with_capacity(32);
    let mut rest = spread(bits);
    for _ in 0..length {
        name.push(char::from(b'a' + u8::try_from(rest % 26).unwrap_or(0)));
        rest = rest.rotate_right(5) ^ (rest >> 3);
    }
    name.push('.');
    name.push_str(
        ENDS.get(usize::try_from(bits >> 60).unwrap_or(0) % 8)
            .unwrap_or(&"com"),
    );
    name
}

/// Loads `count` addresses and as many names; with `own`, each says its own validity and confidence.
fn load(count: u64, own: bool) -> (Indicators, Vec<ListReport>) {
    let mut loader = Loader::new(NeverMatch::built_in(), None);
    let mut line = String::new();
    loader.list(if own { "own.csv" } else { "plain.txt" });
    if own {
        loader.feed(b"indicator,valid_until,confidence\n");
    }
    for n in 0..count {
        for what in [v4(n).to_string(), name(n)] {
            line.clear();
            line.push_str(&what);
            if own {
                line.push_str(&format!(",{},{}", 1_800_000_000 + n, n % 101));
            }
            line.push('\n');
            loader.feed(line.as_bytes());
        }
    }
    loader.finish()
}

/// Measures.
///
/// # Errors
/// When there is nowhere to print to.
pub fn measure(count: u64) -> Result<()> {
    let mut screen = stdout().lock();
    let mut plain = None;
    for own in [false, true] {
        let mut loaded = None;
        let before = processor_time()?;
        let counted = allocation_counter::measure(|| loaded = Some(load(count, own)));
        let took = processor_time()?.saturating_sub(before);
        let (set, reports) = loaded.context("nothing was loaded")?;
        let taken: usize = reports.iter().map(ListReport::taken).sum();
        let large = i64::try_from(set.own_bytes()).unwrap_or(i64::MAX);
        let most = i64::try_from(counted.bytes_max).unwrap_or(i64::MAX);
        writeln!(
            screen,
            "{:<36} {taken} entries taken, {:.1} MB held, {:.1} MB at most while loading, {:.1} s",
            if own {
                "each with its own validity"
            } else {
                "plain"
            },
            megabytes(counted.bytes_current.saturating_add(large)),
            megabytes(most.saturating_add(large)),
            took.as_secs_f64(),
        )?;
        if !own {
            plain = Some(set);
        }
    }
    let set = plain.context("nothing was loaded")?;
    floor(&mut screen)?;
    let hit = |n: u64| spread(n) % count;
    let far = |n: u64| spread(n) | (1 << 40);
    times(&mut screen, &set, "IPv4 address, listed", &|n| {
        Ask::Ip(v4(hit(n)))
    })?;
    times(&mut screen, &set, "IPv4 address, not listed", &|n| {
        Ask::Ip(v4(far(n)))
    })?;
    times(&mut screen, &set, "IPv6 address, not listed", &|n| {
        Ask::Ip(v6(n))
    })?;
    times(&mut screen, &set, "name, listed", &|n| {
        Ask::Name(name(hit(n)))
    })?;
    times(&mut screen, &set, "name below a listed one", &|n| {
        Ask::Name(format!("cdn.www.{}", name(hit(n))))
    })?;
    times(&mut screen, &set, "name, not listed", &|n| {
        Ask::Name(format!("www.{}", name(far(n))))
    })?;
    times(&mut screen, &set, "longest name, not listed", &|n| {
        Ask::Name(format!("{}{}", "a.".repeat(112), name(far(n))))
    })
}

/// What one read at random costs here, each where the one before said: the floor of a look-up in
/// ordinary memory of that size.
fn floor(out: &mut impl std::io::Write) -> Result<()> {
    for megabytes in [1_usize, 26] {
        let words = (megabytes << 20) / 8;
        let table: Vec<u64> = (0..).take(words).map(spread).collect();
        let (mut place, mut sum) = (0_u64, 0_u64);
        let before = processor_time()?;
        for n in 0..LOOKUPS / 4 {
            place = spread(n ^ (place & 1));
            let at = usize::try_from(place).unwrap_or(0) % words;
            place = table.get(at).copied().unwrap_or(0);
            sum = sum.wrapping_add(place);
        }
        black_box(sum);
        let took = processor_time()?.saturating_sub(before);
        let each = took.as_nanos() / u128::from(LOOKUPS / 4);
        writeln!(
            out,
            "one read of {megabytes:>2} MB, ordinary pages   {each} ns"
        )?;
    }
    Ok(())
}

enum Ask {
    Ip(IpAddr),
    Name(String),
}

fn times(
    out: &mut impl std::io::Write,
    set: &Indicators,
    what: &str,
    make: &dyn Fn(u64) -> Ask,
) -> Result<()> {
    let asks: Vec<Ask> = (0..LOOKUPS / 4).map(make).collect();
    let mut rounds = Vec::new();
    let mut found = 0_u64;
    for _ in 0..5 {
        found = 0;
        let before = processor_time()?;
        for ask in &asks {
            let hit = match ask {
                Ask::Ip(ip) => set.find_ip(black_box(*ip), NOW).is_some(),
                Ask::Name(name) => set.find_domain(black_box(name), NOW).is_some(),
            };
            found += u64::from(black_box(hit));
        }
        rounds.push(processor_time()?.saturating_sub(before));
    }
    rounds.sort();
    let median = rounds.get(rounds.len() / 2).context("no round was run")?;
    let each = median.as_nanos() / u128::from(LOOKUPS / 4);
    Ok(writeln!(
        out,
        "{what:<36} {each} ns a look-up, {found} of {} found",
        asks.len()
    )?)
}

#[expect(clippy::cast_precision_loss, reason = "for a person")]
fn megabytes(bytes: i64) -> f64 {
    bytes as f64 / 1e6
}
