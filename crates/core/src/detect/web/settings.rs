//! Settings of PHP that are everyday words, so that they tell only when they are all that a value holds.

use super::{Kind, Verdict};

/// Directives of the PHP manual's list whose names hold neither `_` nor `.`; the others tell by
/// themselves (`program-setting` in `content/web/words.toml`).
const SETTINGS: &[&str] = &["engine", "extension", "precision", "smtp"];
/// What turns a setting on or off.
const SWITCHES: &[&str] = &["true", "false", "on", "off", "yes", "no", "none", "1", "0"];

/// Reads `value`: `engine=off`, as handed to PHP through `-d` or a stored configuration.
pub(super) fn read(value: &str, verdict: &mut Verdict) {
    let Some((name, switch)) = value.split_once('=') else {
        return;
    };
    let among = |words: &[&str], text: &str| {
        words
            .iter()
            .any(|word| text.trim().eq_ignore_ascii_case(word))
    };
    if among(SETTINGS, name) && among(SWITCHES, switch) {
        verdict.add(Kind::Template, 5, "program-setting");
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_switch_is_told_from_an_answer() {
        for (value, expected) in [
            ("engine=true", 5),
            ("Extension = off", 5),
            ("engine=diesel", 0),
            ("precision=0.5 mm", 0),
            ("search engine = on", 0),
            ("engine", 0),
        ] {
            let mut verdict = Verdict::default();
            read(value, &mut verdict);
            assert_eq!(verdict.score, expected, "{value}");
        }
    }
}
