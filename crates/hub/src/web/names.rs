//! What things are called: services, findings, reasons.

use larum_core::words::Words;

use crate::store::pages::SightingRow;
use larum_core::area;

/// The name of what a key stands for, such as "Remote desktop (tcp/3389)", for the start of a line.
pub(super) fn key(words: &Words, key: &str) -> String {
    capital(&key_within(words, key))
}

/// The same for the middle of a sentence.
pub(super) fn key_within(words: &Words, key: &str) -> String {
    larum_core::watch::service::name(words, key)
}

/// What a sighting says happened, as one sentence.
pub(super) fn happened(words: &Words, sighting: &SightingRow) -> String {
    words.say_with(
        "hub-happened",
        &[
            ("category", sighting.category.as_str().into()),
            ("service", key_within(words, &sighting.key).into()),
        ],
    )
}

/// A word of a closed set from the catalogue; the word itself, with blanks for dashes, where the
/// catalogue does not know it: a newer collector may have reasons we do not.
pub(super) fn word(words: &Words, set: &str, code: &str) -> String {
    let id = format!("hub-{set}-{code}");
    let known = code
        .bytes()
        .all(|byte| byte.is_ascii_alphanumeric() || byte == b'-');
    if known && words.has(&id) {
        words.say(&id)
    } else {
        code.replace('-', " ")
    }
}

/// The force of an area.
pub(super) fn area(code: &str) -> &str {
    area::name(code)
}

/// With a capital letter at the start.
pub(super) fn capital(text: &str) -> String {
    let mut letters = text.chars();
    letters.next().map_or_else(String::new, |first| {
        first.to_uppercase().collect::<String>() + letters.as_str()
    })
}
