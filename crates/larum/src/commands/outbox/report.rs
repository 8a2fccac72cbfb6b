//! One sighting, told to a person.

use larum_core::time::Timestamp;
use larum_core::words::Words;
use larum_link::wire::WireSighting;

/// `2026-11-22 20:11:02`: a moment in UTC, to the second.
pub fn moment(millis: i64) -> String {
    let seconds = Timestamp::from_millis(millis).as_seconds();
    Timestamp::from_seconds(seconds)
        .to_string()
        .replace('T', " ")
        .replace('Z', "")
}

/// Text of a file that somebody may have changed: no control characters reach the terminal.
pub fn plain(text: &str) -> String {
    text.chars()
        .map(|one| if one.is_control() { '\u{FFFD}' } else { one })
        .collect()
}

/// The lines that tell a sighting, every field of it.
pub fn lines(words: &Words, sighting: &WireSighting) -> Vec<String> {
    let say =
        |id: &str, name: &str, value: &str| words.say_with(id, &[(name, plain(value).into())]);
    let category = say("outbox-category", "category", &sighting.category);
    let outcome = say("outbox-outcome", "outcome", &sighting.outcome);
    let severity = say("severity", "level", &sighting.severity);
    let sources: Vec<String> = sighting.sources.iter().map(ToString::to_string).collect();
    let mut lines = vec![
        words.say_with(
            "outbox-report",
            &[
                ("category", category.into()),
                ("key", plain(&sighting.key).into()),
                ("outcome", outcome.into()),
            ],
        ),
        words.say_with(
            "outbox-report-weight",
            &[
                ("severity", severity.into()),
                ("confidence", u32::from(sighting.confidence).into()),
            ],
        ),
        words.say_with(
            "outbox-report-count",
            &[
                ("count", sighting.count.into()),
                ("first", moment(sighting.first).into()),
                ("last", moment(sighting.last).into()),
            ],
        ),
        words.say_with(
            "outbox-report-sources",
            &[
                ("count", sources.len().into()),
                ("list", sources.join(", ").into()),
            ],
        ),
        say("outbox-report-detector", "detector", &sighting.detector),
    ];
    if !sighting.attack.is_empty() {
        let list = sighting.attack.join(", ");
        lines.push(say("outbox-report-attack", "list", &list));
    }
    lines
}
