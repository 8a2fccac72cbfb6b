//! Public suffixes: which part of a name somebody registered.
//!
//! Source: the Public Suffix List (Mozilla Public Licence 2.0), shipped as `content/suffixes/public.txt`
//! in the form that `tools/suffixes/compact.py` writes. The algorithm is the list's own: the longest rule
//! wins, an exception beats it, and a name under no rule has its last label as suffix.

use std::sync::LazyLock;

/// The list that ships, sorted by name.
const LIST: &str = include_str!("../../../../content/suffixes/public.txt");
/// Labels of a name that are looked at from the right; the longest rule has five.
const MAX_LABELS: usize = 6;

/// Lines of [`LIST`], for binary search: a name and its kinds.
static RULES: LazyLock<Vec<(&str, &str)>> = LazyLock::new(|| {
    LIST.lines()
        .filter_map(|line| line.rsplit_once(' '))
        .collect()
});

/// Where a name was registered.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Registered<'n> {
    /// The registered name, such as `example.co.uk`.
    pub domain: &'n str,
    /// Its first label, such as `example`.
    pub label: &'n str,
    /// The suffix under which it was registered, such as `co.uk`.
    pub suffix: &'n str,
    /// What stands left of the registered name, such as `www`; empty when nothing does.
    pub below: &'n str,
}

/// The registered part of `name`, which is lower-case and may end in a dot. Nothing when `name` is
/// itself a suffix, a single label or no name.
#[must_use]
pub fn registered(name: &str) -> Option<Registered<'_>> {
    let name = name.strip_suffix('.').unwrap_or(name);
    if name.starts_with('.') {
        return None;
    }
    let suffix = suffix(name)?;
    let rest = name.strip_suffix(suffix)?.strip_suffix('.')?;
    let (below, label) = rest.rsplit_once('.').unwrap_or(("", rest));
    let domain = name.get(name.len() - suffix.len() - 1 - label.len()..)?;
    (!label.is_empty()).then_some(Registered {
        domain,
        label,
        suffix,
        below,
    })
}

/// Whether the last label of `name` is one that the internet has: names of a firm's own network often end
/// otherwise.
#[must_use]
pub fn is_on_the_internet(name: &str) -> bool {
    let last = name.rsplit('.').next();
    last.is_some_and(|last| kinds(last).contains('='))
}

/// The public suffix of `name`: its last label unless a longer rule holds.
fn suffix(name: &str) -> Option<&str> {
    let mut best = name.rsplit('.').next().filter(|last| !last.is_empty())?;
    let (mut above, mut all_below) = (best, false);
    let ends = name.rmatch_indices('.').map(|(at, _)| at + 1);
    for start in ends.chain([0]).take(MAX_LABELS) {
        let here = name.get(start..)?;
        let kinds = kinds(here);
        if kinds.contains('!') {
            return Some(above);
        }
        if all_below || kinds.contains('=') {
            best = here;
        }
        (above, all_below) = (here, kinds.contains('*'));
    }
    Some(best)
}

fn kinds(name: &str) -> &'static str {
    RULES
        .binary_search_by(|(known, _)| known.as_bytes().cmp(name.as_bytes()))
        .ok()
        .and_then(|at| RULES.get(at))
        .map_or("", |(_, kinds)| kinds)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_registered_part_is_found() {
        for (name, expected) in [
            ("www.example.org", Some("example.org")),
            ("example.org.", Some("example.org")),
            ("a.b.example.co.uk", Some("example.co.uk")),
            ("cam.kitchen.ddns.net", Some("kitchen.ddns.net")),
            ("www.ck", Some("www.ck")),
            ("a.shop.foo.ck", Some("shop.foo.ck")),
            ("some.name.internal", Some("name.internal")),
            ("co.uk", None),
            ("localhost", None),
            ("", None),
            (".", None),
            ("..", None),
            ("a..example.org", Some("example.org")),
        ] {
            let found = registered(name).map(|found| found.domain);
            assert_eq!(found, expected, "{name}");
        }
        let found = registered("a.b.example.co.uk").unwrap();
        assert_eq!(
            (found.label, found.suffix, found.below),
            ("example", "co.uk", "a.b")
        );
    }

    #[test]
    fn the_list_is_sorted_and_whole() {
        assert!(RULES.len() > 9_000);
        assert!(RULES.windows(2).all(|pair| pair[0].0 < pair[1].0));
    }

    proptest::proptest! {
        #[test]
        fn any_name_has_an_answer(name in "[a-z.*!\u{e9}]{0,40}") {
            if let Some(found) = registered(&name) {
                proptest::prop_assert!(name.contains(found.domain));
                proptest::prop_assert!(found.domain.ends_with(found.suffix));
            }
        }
    }
}
