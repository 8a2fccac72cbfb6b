//! What reading a configuration file means on either side: TOML with lines, and the key that was
//! probably meant.

use toml::de::DeTable;

/// Longest key that is compared, in bytes; longer ones are cut.
const MAX_KEY_BYTES: usize = 64;

/// Takes `text` apart as TOML.
///
/// # Errors
/// Everything that is not TOML: its line, from 1, and the parser's own words on one line.
pub fn parse(text: &str) -> Result<DeTable<'_>, Vec<(usize, String)>> {
    let (document, errors) = DeTable::parse_recoverable(text);
    if errors.is_empty() {
        return Ok(document.into_inner());
    }
    let told = errors.iter().map(|error| {
        let at = error.span().map_or(0, |span| span.start);
        let said = error.message().lines().collect::<Vec<_>>().join(" ");
        (line_at(text, at), said)
    });
    Err(told.collect())
}

/// The line, from 1, of the byte at `at`; 1 when `text` is shorter.
#[must_use]
pub fn line_at(text: &str, at: usize) -> usize {
    let before = text.as_bytes().get(..at).unwrap_or_default();
    1 + before.iter().filter(|byte| **byte == b'\n').count()
}

/// The known key that differs least from `key`, when it differs little enough to be meant.
#[must_use]
pub fn nearest(key: &str, known: &[&'static str]) -> Option<&'static str> {
    known
        .iter()
        .map(|candidate| (distance(key, candidate), *candidate))
        .min()
        .filter(|(distance, candidate)| *distance <= 1 + candidate.len() / 3)
        .map(|(_, candidate)| candidate)
}

/// Edit distance (insert, delete, replace), on bytes.
fn distance(left: &str, right: &str) -> usize {
    let left = left
        .as_bytes()
        .get(..MAX_KEY_BYTES)
        .unwrap_or(left.as_bytes());
    let mut row: Vec<usize> = (0..=right.len()).collect();
    for (i, a) in left.iter().enumerate() {
        let mut diagonal = i;
        let mut before = i + 1;
        if let Some(first) = row.first_mut() {
            *first = before;
        }
        for (cell, b) in row.iter_mut().skip(1).zip(right.bytes()) {
            let replaced = diagonal + usize::from(*a != b);
            diagonal = *cell;
            before = replaced.min(before + 1).min(*cell + 1);
            *cell = before;
        }
    }
    row.last().copied().unwrap_or(0)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_key_that_was_meant_is_found_and_none_is_invented() {
        let known = ["state-dir", "link-listen", "page-listen"];
        for (written, expected) in [
            ("state-dri", Some("state-dir")),
            ("link_listen", Some("link-listen")),
            ("link-lisen", Some("link-listen")),
            ("colour", None),
            ("", None),
        ] {
            assert_eq!(nearest(written, &known), expected, "{written}");
        }
        assert_eq!(nearest("state-dir", &[]), None);
    }

    #[test]
    fn what_is_not_toml_is_told_with_its_line() {
        assert!(parse("a = 1\nb = 2\n").is_ok());
        let problems = parse("a = 1\nb = \n").unwrap_err();
        assert_eq!(problems.first().map(|(line, _)| *line), Some(2));
    }
}
