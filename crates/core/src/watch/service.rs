//! What a key is called and what to do about it, in plain words from the catalogue.

use std::collections::BTreeMap;
use std::sync::LazyLock;

use crate::content;
use crate::words::Words;

/// Most steps of advice for one key.
const MAX_ACTIONS: usize = 5;

/// The shipped rules by identity: file and title.
static RULES: LazyLock<BTreeMap<&'static str, (&'static str, &'static str)>> =
    LazyLock::new(|| {
        let line = |text: &'static str, key| text.lines().find_map(|line| line.strip_prefix(key));
        content::RULES
            .iter()
            .filter_map(|&(file, text)| Some((line(text, "id: ")?, (file, line(text, "title: ")?))))
            .collect()
    });

/// The name of what `key` attacks, such as "remote desktop (tcp/3389)".
#[must_use]
pub fn name(words: &Words, key: &str) -> String {
    if let Some((_, title)) = RULES.get(key) {
        return words.say_with("watch-name-rule", &[("title", (*title).into())]);
    }
    let slug = slug(words, key);
    words.say_with(&format!("watch-name-{slug}"), &[("key", key.into())])
}

/// What a member that was not hit yet should do about `key`, one step each, most useful first.
#[must_use]
pub fn actions(words: &Words, key: &str) -> Vec<String> {
    let slug = slug(words, key);
    let own = RULES
        .get(key)
        .map(|(file, _)| format!("rule-advice-{file}"));
    own.into_iter()
        .filter(|id| words.has(id))
        .chain(
            (1..=MAX_ACTIONS)
                .map(|step| format!("watch-do-{slug}-{step}"))
                .take_while(|id| words.has(id)),
        )
        .map(|id| words.say_with(&id, &[("key", key.into())]))
        .collect()
}

/// The file of the shipped rule that `key` is.
pub(super) fn rule(key: &str) -> Option<&'static str> {
    RULES.get(key).map(|(file, _)| *file)
}

/// The part of the message ids that says which service: the key itself if the catalogue knows it,
/// else its family, else `other`.
fn slug(words: &Words, key: &str) -> String {
    let exact: String = key
        .chars()
        .map(|letter| {
            if letter.is_ascii_alphanumeric() {
                letter.to_ascii_lowercase()
            } else {
                '-'
            }
        })
        .take(64)
        .collect();
    if words.has(&format!("watch-name-{exact}")) {
        return exact;
    }
    let family = match key.split_once('/') {
        Some(("tcp" | "udp", port)) if port.parse::<u16>().is_ok() => "port",
        Some(("web", _)) => "web",
        Some(("scan", _)) => "scan",
        None if key.parse::<std::net::IpAddr>().is_ok() || key.contains('.') => "place",
        _ => "other",
    };
    family.to_owned()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_key_has_a_name_and_something_to_do() {
        let words = Words::of("en").unwrap();
        for key in [
            "tcp/22",
            "tcp/3389",
            "tcp/445",
            "udp/5060",
            "tcp/31337",
            "web/traversal",
            "web/brand-new",
            "scan",
            "scan/ports",
            "7c0f8f5e-0000-4000-8000-000000000000",
            "",
        ] {
            let name = name(&words, key);
            assert!(!name.contains('«') && !name.is_empty(), "{key}: {name}");
            assert!(!actions(&words, key).is_empty(), "{key}");
        }
        // What firms guess at, flood and look for most has words of its own.
        for key in [
            "vpn/guessing",
            "auth/guessing",
            "dos/flood",
            "dos/amplification",
            "web/scanner",
            "tcp/443",
            "tcp/993",
            "tcp/8443",
            "udp/500",
        ] {
            let general = ["port", "web", "other"].map(|family| {
                let id = format!("watch-name-{family}");
                words.say_with(&id, &[("key", key.into())])
            });
            assert!(!general.contains(&name(&words, key)), "{key}");
        }
        assert_eq!(name(&words, "tcp/3389"), "remote desktop (tcp/3389)");
        let rule = "0f715dbd-6011-59f4-9cce-abffe032e8d8";
        assert_eq!(
            name(&words, rule),
            "what we call “Search for secret files on the web server”"
        );
        assert!(actions(&words, rule).len() > actions(&words, "").len());
    }
}
