//! The words of a warning.

use std::net::IpAddr;

use larum_core::finding::Severity;
use larum_core::time::Timestamp;
use larum_core::watch::weakness::{self, Weakness};
use larum_core::watch::{Kind, service};
use larum_core::words::Words;
use larum_link::wire::WireWarning;

/// Most addresses named in a warning.
pub(super) const MAX_INDICATORS: usize = 200;

/// What a warning rests on.
pub(super) struct Grounds<'a> {
    pub key: &'a str,
    pub kind: Kind,
    pub severity: Severity,
    pub members: usize,
    pub sources: usize,
    pub indicators: Vec<IpAddr>,
    /// Weaknesses that attackers are known to use and that are surely meant.
    pub weaknesses: Vec<&'a Weakness>,
    /// Whether it is for members that the threat has reached already.
    pub hit: bool,
}

/// The warning about a threat, as every member gets it that was not reached yet, or every one that was.
/// Its number is set by the store.
pub(super) fn compose(
    words: &Words,
    grounds: Grounds<'_>,
    issued: Timestamp,
    expires: Timestamp,
) -> WireWarning {
    if grounds.kind == Kind::Control {
        let about = [
            ("key", grounds.key.into()),
            ("members", grounds.members.into()),
        ];
        let title = words.say_with("watch-control-title", &about);
        let mut why = words.say_with("watch-control-why", &about);
        if grounds.hit {
            why.push(' ');
            why.push_str(&words.say("watch-control-why-hit"));
        }
        return written(words, grounds, (title, why), issued, expires);
    }
    let name = service::name(words, grounds.key);
    let title = words.say_with("watch-warning-title", &[("name", name.into())]);
    let mut why = words.say_with(
        if grounds.hit {
            "watch-warning-why-hit"
        } else {
            "watch-warning-why"
        },
        &[
            ("members", grounds.members.into()),
            ("sources", grounds.sources.into()),
        ],
    );
    if grounds.kind == Kind::Novel {
        why.push(' ');
        why.push_str(&words.say("watch-warning-why-novel"));
    }
    if let Some(known) = weakness::why(words, &grounds.weaknesses) {
        why.push(' ');
        why.push_str(&known);
    }
    written(words, grounds, (title, why), issued, expires)
}

fn written(
    words: &Words,
    grounds: Grounds<'_>,
    (title, why): (String, String),
    issued: Timestamp,
    expires: Timestamp,
) -> WireWarning {
    let mut actions = service::actions(words, grounds.key);
    if grounds.hit && grounds.kind != Kind::Control {
        actions.insert(0, words.say("watch-hit-do"));
    }
    actions.extend(weakness::actions(words, &grounds.weaknesses));
    WireWarning {
        id: 0,
        issued: issued.as_millis(),
        expires: expires.as_millis(),
        severity: grounds.severity.as_str().to_owned(),
        key: grounds.key.to_owned(),
        title,
        why,
        actions,
        indicators: grounds.indicators,
    }
}
