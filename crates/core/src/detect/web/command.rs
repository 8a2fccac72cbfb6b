//! Reads a value as a shell would: a separator, then a command that attackers use.

use super::command_names::{COMMANDS, ENGLISH, EVERYDAY, READERS, RUNNERS, UNMISTAKABLE};
use super::{Kind, Verdict, prose};

/// Most separators looked behind in one value.
const MAX_SEPARATORS: usize = 128;

/// Longest command line that is looked for in a field made for one.
const MAX_COMMAND_BYTES: usize = 256;
/// Fields that hold what is to be run.
const RUNNING_FIELDS: &[&str] = &["cmd", "command", "exec", "execute", "cli"];

/// Reads `value`.
pub(super) fn read(value: &str, verdict: &mut Verdict) {
    after_separators(value, verdict);
    let plain = without_quoting(value);
    if plain.len() != value.len() {
        after_separators(&plain, verdict);
    }
    at_start(&plain, verdict);
    hidden_name(value, verdict);
    substitutions(value, verdict);
    windows_statement(&plain, verdict);
    file_wildcards(&plain, verdict);
    earlier_commands(value, verdict);
}

/// `!-1!-2`, `!!`: a shell runs what it ran before.
fn earlier_commands(value: &str, verdict: &mut Verdict) {
    let mut rest = value.trim();
    let mut count = 0_u32;
    while let Some(back) = rest.strip_prefix("!-") {
        let number = back.trim_start_matches(|letter: char| letter.is_ascii_digit());
        if number.len() == back.len() {
            return;
        }
        rest = number.trim_start();
        count += 1;
    }
    if count >= 2 && rest.is_empty() {
        verdict.add(Kind::Command, 5, "command-from-history");
    }
}

/// Whether a user agent is the name of a command, alone or with arguments.
pub(super) fn agent(agent: &str, verdict: &mut Verdict) {
    let agent = agent.split_once('=').map_or(agent, |(_, value)| value);
    let (name, after) = command_name(agent.trim_matches(['\'', '"']));
    if UNMISTAKABLE.contains(&name.as_str()) && !after.trim_start().starts_with(['(', '/']) {
        verdict.add(Kind::Command, 5, "command-line");
    }
}

/// A command under a name that asks for one: `cmd=ls`, `code=ansible-vault view x`.
pub(super) fn under_name(field: &str, value: &str, verdict: &mut Verdict) {
    let is_among = |names: &[&str]| names.iter().any(|name| field.eq_ignore_ascii_case(name));
    let runs = is_among(RUNNING_FIELDS);
    if !runs && !is_among(&["code"]) || value.len() > MAX_COMMAND_BYTES {
        return;
    }
    let plain = without_quoting(value);
    let (name, after) = command_name(plain.trim_start());
    let follows = after.is_empty() || after.starts_with(char::is_whitespace);
    let known = UNMISTAKABLE.contains(&name.as_str())
        || runs && (COMMANDS.contains(&name.as_str()) || EVERYDAY.contains(&name.as_str()));
    // What a program calls its own actions: `cmd=start`.
    let own_action = ENGLISH.contains(&name.as_str()) && after.trim().is_empty();
    if follows && known && !own_action {
        verdict.add(Kind::Command, 5, "command-in-command-field");
    }
}

/// `; cat`, `| id`, `&& ls`, a line break and a command.
fn after_separators(value: &str, verdict: &mut Verdict) {
    let separators = value.char_indices().filter(|(_, letter)| {
        matches!(
            letter,
            ';' | '|' | '&' | '\n' | '\r' | '`' | '(' | '{' | '\u{0}'
        )
    });
    for (at, separator) in separators.take(MAX_SEPARATORS) {
        let before = value.get(..at).unwrap_or("");
        let rest = value.get(at + 1..).unwrap_or("");
        if matches!(separator, '(' | '{')
            && !before.ends_with(['$', '<', '>', '=', ';', '|', '&'])
            && !before.is_empty()
        {
            continue;
        }
        // An object of JSON, or code quoted in a text.
        if separator == '{' && rest.trim_start().starts_with(['"', '\''])
            || separator == '`' && prose::quotes_code(before, rest)
        {
            continue;
        }
        let braced = separator == '{' && rest.starts_with(',');
        let spaced = rest.starts_with(char::is_whitespace) || matches!(separator, '\n' | '\r');
        let rest = rest.trim_start_matches(|letter: char| {
            letter.is_whitespace()
                || letter == '+' && !spaced
                || letter == ',' && separator == '{'
                || matches!(
                    letter,
                    '&' | '|' | '(' | '{' | '"' | '\'' | '@' | '!' | '<' | '>'
                )
        });
        let (name, after) = command_name(rest);
        // The coding of an address that holds its own data (RFC 2397).
        if name == "base64" && before.contains("data:") {
            continue;
        }
        let Some(certain) = weigh(&name, after) else {
            continue;
        };
        // `fish; more` is a list of words, `x;more` is not.
        let in_sentence =
            spaced && ENGLISH.contains(&name.as_str()) && ends_words(before.trim_end());
        let leads = before.trim().is_empty() && !matches!(separator, '\n' | '\r' | '{' | '(');
        if certain
            || braced
            || leads && !in_sentence_of_words(&name, after)
            || !in_sentence && strong_separator(separator, before, after)
        {
            verdict.add(Kind::Command, 5, "command-after-separator");
            return;
        }
    }
}

/// A command by its name, without the folder it stands in.
fn command_name(text: &str) -> (String, &str) {
    let end = text
        .find(|letter: char| {
            !(letter.is_ascii_alphanumeric() || matches!(letter, '/' | '.' | '_' | '-' | '~'))
        })
        .unwrap_or(text.len());
    let (path, after) = text.split_at_checked(end).unwrap_or((text, ""));
    let name = path.rsplit('/').next().unwrap_or(path);
    let name = name.strip_suffix(".exe").unwrap_or(name);
    // `python3.10`, `ping6`: a version is not part of the name.
    let stem = name.trim_end_matches(|letter: char| letter.is_ascii_digit() || letter == '.');
    let versioned = [
        "python", "perl", "php", "ruby", "ping", "lua", "pip", "gcc", "tclsh",
    ];
    let name = if versioned.contains(&stem.to_ascii_lowercase().as_str()) {
        stem
    } else {
        name
    };
    (name.to_ascii_lowercase(), after)
}

/// Whether the word is a command at all, and whether what follows makes it certain.
fn weigh(name: &str, after: &str) -> Option<bool> {
    let known =
        COMMANDS.contains(&name) || EVERYDAY.contains(&name) || UNMISTAKABLE.contains(&name);
    let ends = after.is_empty()
        || after.starts_with(|letter: char| {
            letter.is_whitespace()
                || matches!(
                    letter,
                    ';' | '|'
                        | '&'
                        | '>'
                        | '<'
                        | ')'
                        | '`'
                        | '}'
                        | '$'
                        | '#'
                        | '"'
                        | '\''
                        | ','
                        | '%'
                )
        });
    if !known || !ends {
        return None;
    }
    let argument = after.trim_start();
    if ENGLISH.contains(&name) {
        return Some(has_shell_argument(name, argument));
    }
    let telling = argument.starts_with([
        '-', '/', '~', '$', '|', ';', '&', '>', '<', '`', '*', '.', '%', '{',
    ]) || argument.starts_with("http")
        || argument.starts_with("c:")
        || argument
            .split_whitespace()
            .next()
            .is_some_and(|word| word.contains(['/', '.', '\\', '=', ':', '@', '(']));
    Some(telling || !EVERYDAY.contains(&name))
}

/// Whether `before` ends as words do that others follow.
fn ends_words(before: &str) -> bool {
    before.ends_with(char::is_alphabetic)
        || before.contains(' ') && before.ends_with(['"', '\'', '!', '?', '.', '%'])
}

/// `;top of the class`: an English word and others behind it.
fn in_sentence_of_words(name: &str, after: &str) -> bool {
    ENGLISH.contains(&name) && after.split_whitespace().count() >= 2
}

/// Whether `argument` is one that a shell gives a command whose name is an English word.
fn has_shell_argument(name: &str, argument: &str) -> bool {
    let mut letters = argument.chars();
    let (first, second) = (letters.next(), letters.next());
    let follows = |fits: fn(char) -> bool| second.is_some_and(fits);
    let word = argument.split_whitespace().next().unwrap_or("");
    let file = word.rsplit_once('.').is_some_and(|(stem, ending)| {
        !stem.is_empty()
            && (2..=4).contains(&ending.len())
            && ending.bytes().all(|byte| byte.is_ascii_alphabetic())
    });
    match first {
        Some('-') => follows(|letter| letter.is_ascii_alphanumeric() || letter == '-'),
        Some('/') => follows(|letter| letter.is_ascii_alphanumeric() || "?*[.".contains(letter)),
        Some('~') => second == Some('/'),
        Some('$' | '`') => follows(|letter| !letter.is_ascii_digit()),
        Some('|' | '>') => true,
        Some('<') => follows(|letter| "/.~$".contains(letter)),
        Some('*' | '.') => word.len() == 1 || word.contains('/'),
        Some('0'..='9') if matches!(name, "ping" | "host" | "dig") => word.contains('.'),
        // `at 2:00 "..."`: an hour, then what to run.
        Some('0'..='9') if name == "at" => {
            let rest = argument.get(word.len()..).unwrap_or("").trim_start();
            word.contains(':') && rest.starts_with(['"', '/', '\\', '%'])
        }
        _ => {
            word.starts_with("c:")
                || word.contains('\\')
                || word.starts_with("http")
                || READERS.contains(&name)
                    && (file
                        || word.contains('/')
                            && !word.starts_with(|letter: char| letter.is_ascii_digit()))
        }
    }
}

/// Whether the separator alone makes an everyday word a command.
fn strong_separator(separator: char, before: &str, after: &str) -> bool {
    let rest = after.trim();
    let doubled = before.ends_with(['|', '&']) && matches!(separator, '|' | '&');
    // `192.0.2.1;echo x`: pages that run `ping` take a host and nothing else.
    let host = before.trim();
    let behind_host = host.contains('.')
        && host
            .bytes()
            .all(|byte| byte.is_ascii_alphanumeric() || matches!(byte, b'.' | b'-' | b':'))
        && host.ends_with(|letter: char| letter.is_ascii_alphanumeric());
    rest.is_empty()
        || behind_host
        || doubled && rest.len() < 64
        || matches!(separator, '|' | '`') && !before.ends_with(' ') && rest.len() < 40
        || matches!(separator, '(' | '`') && before.ends_with('$')
}

/// The same without what shells drop: quotes, backslashes, carets, empty variables.
fn without_quoting(value: &str) -> String {
    let mut plain = value.to_owned();
    for (space, with) in [
        ("${IFS}", " "),
        ("$IFS$9", " "),
        ("$IFS", " "),
        ("$@", ""),
        ("$*", ""),
        ("$_", ""),
        ("$u", ""),
        ("{IFS}", " "),
    ] {
        if plain.contains(space) {
            plain = plain.replace(space, with);
        }
    }
    plain.retain(|letter| !matches!(letter, '\'' | '"' | '\\' | '^'));
    plain
}

/// The value is itself a command line.
fn at_start(value: &str, verdict: &mut Verdict) {
    let value = value.strip_prefix("cmd=").unwrap_or(value).trim_start();
    let (name, after) = command_name(value);
    if RUNNERS.contains(&name.as_str()) && after.starts_with([' ', '\t']) {
        let (run, _) = command_name(after.trim_start());
        if UNMISTAKABLE.contains(&run.as_str()) {
            verdict.add(Kind::Command, 5, "command-line");
        }
    }
    let in_folder =
        value.starts_with("/bin/") || value.starts_with("/usr/") || value.starts_with("/sbin/");
    let Some(certain) = weigh(&name, after) else {
        return;
    };
    let argument = after.trim_start();
    // People search the web for such names; only with something to work on is it a command.
    let unmistakable = UNMISTAKABLE.contains(&name.as_str())
        && argument
            .split_whitespace()
            .any(|word| word.starts_with('-') || word.contains(['.', '/', ':', '=', '|', '>']));
    let later_option = certain
        && argument.split_whitespace().skip(1).any(|word| {
            word.len() > 1 && word.len() <= 3 && word.starts_with('-') || word.starts_with("--")
        });
    let option_or_path = later_option
        || argument.starts_with("--")
        || argument.starts_with('-')
            && argument
                .chars()
                .nth(1)
                .is_some_and(|letter| letter.is_ascii_alphabetic())
        || argument.starts_with("/") && argument.len() > 3
        || argument.starts_with("http")
        || argument.starts_with("if=");
    if in_folder || unmistakable || certain && option_or_path {
        verdict.add(Kind::Command, 5, "command-line");
    }
}

/// `c'a't x`, `who^ami`, `i\d`: a command whose name is broken up so that it is not recognised.
fn hidden_name(value: &str, verdict: &mut Verdict) {
    let word = value
        .trim_start()
        .split([' ', '\t', ';', '|', '&'])
        .next()
        .unwrap_or("");
    let inner = word.trim_matches(['\'', '"']);
    let quotes = inner.matches(['\'', '"']).count();
    let breaks = inner.matches(['\\', '^']).count();
    if (quotes >= 2 || breaks >= 1) && word.len() < 64 && !inner.contains(['/', ':']) {
        let plain: String = inner
            .chars()
            .filter(|letter| !matches!(letter, '\'' | '"' | '\\' | '^'))
            .collect();
        let (name, after) = command_name(&plain);
        if after.is_empty() && weigh(&name, "").is_some() {
            verdict.add(Kind::Command, 5, "command-hidden-name");
        }
    }
}

/// `$(...)`, `<(...)`, `>(...)`, backticks around words.
fn substitutions(value: &str, verdict: &mut Verdict) {
    for (open, close) in [
        ("$(", ')'),
        ("<(", ')'),
        (">(", ')'),
        ("`", '`'),
        ("${@", '}'),
        ("$((", ')'),
        ("$[", ']'),
        ("=(", ')'),
    ] {
        let Some((before, from)) = value.split_once(open) else {
            continue;
        };
        if open == "`" && prose::quotes_code(before, from) {
            continue;
        }
        let Some((inside, _)) = from.split_once(close) else {
            continue;
        };
        let inside = inside.trim();
        // Old shells do sums so.
        let sum = open == "$[" && inside.is_empty();
        let (name, after) = command_name(inside);
        if open == "$("
            && inside
                .bytes()
                .all(|byte| byte.is_ascii_digit() || b".,".contains(&byte))
        {
            continue;
        }
        let call = weigh(&name, after).is_some();
        let certain = matches!(open, "$(" | "<(" | ">(" | "${@" | "$((" | "$[")
            && (sum || !inside.is_empty());
        if call || certain && !value.contains("$(document") && !value.contains("$(function") {
            verdict.add(Kind::Command, 5, "command-substitution");
            return;
        }
    }
}

/// `if not exist ...`, `for /f %x in (...) do ...`, as Windows shells read them.
fn windows_statement(value: &str, verdict: &mut Verdict) {
    let lower = value.to_ascii_lowercase();
    let mut words = lower
        .split(|letter: char| {
            letter.is_whitespace() || matches!(letter, '(' | ')' | '@' | '&' | '|' | ',' | '/')
        })
        .filter(|word| !word.is_empty())
        .skip_while(|word| *word != "if" && *word != "for");
    let found = match words.next() {
        Some("if") => windows_if(words.clone().collect()),
        Some("for") => {
            let words: Vec<&str> = words.collect();
            words.iter().any(|word| word.contains('%'))
                && words.contains(&"in")
                && (words.contains(&"do") || value.contains(" /"))
        }
        _ => false,
    };
    if found {
        verdict.add(Kind::Command, 5, "command-windows-statement");
    }
}

fn windows_if(words: Vec<&str>) -> bool {
    let mut words = words
        .into_iter()
        .skip_while(|word| *word == "i" || *word == "not")
        .peekable();
    let tests = ["exist", "defined", "errorlevel", "cmdextversion"];
    if words.peek().is_some_and(|word| tests.contains(word)) {
        return words.count() >= 2;
    }
    let comparers = ["equ", "neq", "lss", "leq", "gtr", "geq"];
    words
        .take(4)
        .any(|word| word.contains("==") || comparers.contains(&word))
}

/// `/b?n/c?t`, `/???/n?`, `/usr/[a-z]in/bash`: paths written with wildcards to get past filters.
fn file_wildcards(value: &str, verdict: &mut Verdict) {
    for word in value.split(|letter: char| {
        letter.is_whitespace() || matches!(letter, ';' | '|' | '&' | '{' | ',')
    }) {
        let path = word.trim_start_matches(['`', '(', '$', '<', '=']);
        let parts = path.split('/').filter(|part| !part.is_empty()).count();
        let odd = path.contains('?') || path.contains('[') || path.contains('*');
        let letters = path
            .bytes()
            .filter(|byte| byte.is_ascii_alphanumeric() || *byte == b'/')
            .count();
        if path.starts_with('/')
            && parts >= 2
            && odd
            && letters + 6 >= path.len()
            && !path.contains(['=', '&', '.'])
        {
            verdict.add(Kind::Command, 5, "command-wildcard-path");
        }
    }
}
