//! Plain-text signs: climbing paths, forged headers, template expressions, included pages.

use super::{Kind, Verdict};

/// Most line breaks, and most openings of each kind of expression, read in one value.
const MAX_PLACES: usize = 64;

/// The first `bytes` of `text`, not cutting a letter.
pub(super) fn head(text: &str, bytes: usize) -> &str {
    let mut end = bytes.min(text.len());
    while !text.is_char_boundary(end) {
        end -= 1;
    }
    text.get(..end).unwrap_or(text)
}

/// `../`, `..\`, `..;/`, `.../`: in a path that any browser would have resolved, or in a value.
pub(super) fn traversal(text: &str, is_path: bool, verdict: &mut Verdict) {
    let bytes = text.as_bytes();
    let mut climbs = 0_u32;
    for (at, pair) in bytes.windows(2).enumerate() {
        if pair != b".." {
            continue;
        }
        let rest = bytes.get(at + 2..).unwrap_or(&[]);
        let starts_part = at == 0
            || matches!(
                bytes.get(at - 1),
                Some(
                    b'/' | b'\\'
                        | b'='
                        | b';'
                        | b':'
                        | b'.'
                        | b'"'
                        | b'\''
                        | b' '
                        | b'@'
                        | b','
                        | b'|'
                )
            );
        // Some servers read `..;` and `..;x` as `..`, and Windows `.\.` as nothing.
        let goes_on = matches!(rest, [b'/' | b'\\', ..] | [b';', b'/' | b'\\', ..])
            || matches!(rest, [b';', b'.', b'/' | b'\\', ..]);
        let ends_path = is_path && rest.is_empty() && at > 0;
        climbs += u32::from(starts_part && (goes_on || (ends_path && climbs > 0)));
    }
    match climbs {
        0 => {}
        1 if text.contains("..\\") || text.contains("..;") => {
            verdict.add(Kind::Traversal, 5, "traversal")
        }
        1 if is_path => verdict.add(Kind::Traversal, 4, "traversal-step"),
        1 => verdict.add(Kind::Traversal, 3, "traversal-step"),
        2 => verdict.add(Kind::Traversal, 5, "traversal"),
        _ => {
            verdict.add(Kind::Traversal, 5, "traversal");
            verdict.add(Kind::Traversal, 3, "traversal-deep");
        }
    }
    if bytes.contains(&0) {
        verdict.add(Kind::Traversal, 5, "nul-byte");
    }
}

/// Nothing but angle brackets, written so that a filter does not see them: a test of filters.
pub(super) fn hidden_bracket(sent: &str, decoded: &str, verdict: &mut Verdict) {
    let only = decoded.trim();
    let hides = sent.contains(['&', '\\']) || sent.contains("%26") || sent.contains("%5");
    if hides
        && !only.is_empty()
        && only.len() < 64
        && only.bytes().all(|byte| b"<> ".contains(&byte))
    {
        verdict.add(Kind::Xss, 5, "html-hidden-bracket");
    }
}

/// `GET /x HTTP/1.1` inside a value: a request smuggled into another.
pub(super) fn request_inside(text: &str, verdict: &mut Verdict) {
    let inside = text
        .match_indices(" HTTP/1.")
        .take(MAX_PLACES)
        .any(|(at, _)| {
            let line = text
                .get(..at)
                .unwrap_or("")
                .rsplit(['\r', '\n'])
                .next()
                .unwrap_or("");
            let method = line.split(' ').next().unwrap_or("");
            let after = text.get(at..).unwrap_or("");
            ["GET", "POST", "HEAD", "PUT", "OPTIONS", "DELETE"].contains(&method)
                && after.contains(['\r', '\n'])
        });
    if inside {
        verdict.add(Kind::Header, 5, "header-request-inside");
    }
}

/// A line break followed by what looks like a header or a command of a mail protocol.
pub(super) fn headers(text: &str, verdict: &mut Verdict) {
    let breaks = text
        .char_indices()
        .filter(|(_, letter)| matches!(letter, '\r' | '\n' | '\u{560a}' | '\u{560d}'));
    for (at, _) in breaks.take(MAX_PLACES) {
        let rest = text
            .get(at..)
            .unwrap_or("")
            .trim_start_matches(['\r', '\n', '\u{560a}', '\u{560d}']);
        if head(rest, 5).eq_ignore_ascii_case("<html")
            && text.get(..at).is_some_and(|before| !before.contains(' '))
        {
            verdict.add(Kind::Header, 5, "header-page-forged");
        }
        let name_end = rest
            .find(|letter: char| {
                !(letter.is_ascii_alphanumeric() || letter == '-' || letter == '_')
            })
            .unwrap_or(rest.len());
        let (name, after) = rest.split_at_checked(name_end).unwrap_or((rest, ""));
        let after = after.trim_start_matches(['\r', '\n', ' ']);
        let among = |headers: &[&str]| {
            headers
                .iter()
                .any(|header| name.eq_ignore_ascii_case(header))
        };
        let before = text.get(..at).unwrap_or("");
        let known = among(HEADERS) || among(MAIL_HEADERS) && is_one_field(before);
        if known && (after.starts_with(':') || after.starts_with('=')) {
            verdict.add(Kind::Header, 5, "header-forged");
        } else if MAIL.contains(&name)
            || (name.len() > 1
                && name.starts_with(|letter: char| letter.is_ascii_alphabetic())
                && mail_tag(name, after))
        {
            verdict.add(Kind::Header, 5, "mail-command");
        }
    }
}

const HEADERS: &[&str] = &[
    "set-cookie",
    "location",
    "content-type",
    "content-length",
    "refresh",
    "remote-addr",
    "x-forwarded-for",
    "x-forwarded-host",
    "transfer-encoding",
    "bcc",
    "access-control-allow-origin",
];

/// Headers that people also begin a line with, in letters that they quote.
const MAIL_HEADERS: &[&str] = &[
    "host",
    "cookie",
    "status",
    "http",
    "to",
    "cc",
    "from",
    "subject",
    "link",
    "next",
    "reply-to",
    "date",
    "mime-version",
    "x-mailer",
    "return-path",
    "sender",
    "server",
    "connection",
];

/// Whether the text before a line break is what a field of one line holds: an address, a number, a
/// word or nothing.
fn is_one_field(before: &str) -> bool {
    let before = before.trim_matches(['\r', '\n', ' ']);
    before.len() <= 64
        && !before.contains([' ', '\n', '\r'])
        && (before.is_empty() || !before.ends_with([':', ',', '.']) && !before.contains(": "))
}

const MAIL: &[&str] = &[
    "QUIT", "HELP", "DATA", "NOOP", "RCPT", "HELO", "EHLO", "RSET", "STARTTLS", "AUTH", "USER",
    "RETR", "DELE", "VRFY", "EXPN",
];

/// An IMAP command: tag, then a verb.
fn mail_tag(name: &str, after: &str) -> bool {
    let verb = after.split([' ', '\r', '\n']).next().unwrap_or("");
    name.chars().skip(1).all(|letter| letter.is_ascii_digit())
        && IMAP.iter().any(|known| verb.eq_ignore_ascii_case(known))
}

/// Commands of IMAP (RFC 9051, 6), and the farewell of the other mail protocols.
const IMAP: &[&str] = &[
    "APPEND",
    "AUTHENTICATE",
    "CAPABILITY",
    "CHECK",
    "CLOSE",
    "COPY",
    "CREATE",
    "DELETE",
    "ENABLE",
    "EXAMINE",
    "EXPUNGE",
    "FETCH",
    "IDLE",
    "LIST",
    "LOGIN",
    "LOGOUT",
    "LSUB",
    "MOVE",
    "NAMESPACE",
    "NOOP",
    "QUIT",
    "RENAME",
    "SEARCH",
    "SELECT",
    "STARTTLS",
    "STATUS",
    "STORE",
    "SUBSCRIBE",
    "UID",
    "UNSELECT",
    "UNSUBSCRIBE",
];

/// Template expressions: `{{7*7}}`, `${...}`, `#{...}`, `<%= %>`, `%{...}`, `{% ... %}`.
pub(super) fn expressions(text: &str, verdict: &mut Verdict) {
    for (open, close) in [
        ("{{", "}}"),
        ("${", "}"),
        ("#{", "}"),
        ("%{", "}"),
        ("<%", "%>"),
        ("@(", ")"),
        ("@{", "}"),
        ("*{", "}"),
        ("{#", "}"),
        ("[[", "]]"),
    ] {
        let mut rest = text;
        for _ in 0..MAX_PLACES {
            let Some((_, from)) = rest.split_once(open) else {
                break;
            };
            let inside = from.split_once(close).map_or(from, |(inside, _)| inside);
            weigh_expression(open, inside, from.contains(close), verdict);
            rest = from;
        }
    }
    if text.contains("{%") && text.contains("%}") {
        let inside = text
            .split_once("{%")
            .map_or("", |(_, inside)| inside)
            .trim_start_matches(['-', '+', ' ']);
        let word = inside
            .split(|letter: char| !letter.is_ascii_alphabetic())
            .next()
            .unwrap_or("");
        let telling =
            text.contains(['(', '_', '=']) || matches!(word, "debug" | "include" | "import");
        if telling
            && [
                "for", "if", "set", "import", "include", "print", "with", "debug", "extends",
                "macro",
            ]
            .contains(&word)
        {
            verdict.add(Kind::Template, 5, "template-statement");
        }
    }
}

/// `(name)(argument);`, `[name][0](argument);`: a function called by what a value spells.
pub(super) fn indirect_calls(text: &str, verdict: &mut Verdict) {
    if text.contains(").(") && !text.contains(' ') {
        verdict.add(Kind::Template, 5, "program-indirect-call");
    }
    if [")('", ")(\"", "'(\"", "\"('"]
        .iter()
        .any(|call| text.contains(call))
        && text.contains(')')
    {
        verdict.add(Kind::Template, 5, "program-indirect-call");
    }
    let tagged = text.contains('`') && (text.contains("call") || text.contains("apply"));
    if !text.trim_end().ends_with(");") && !tagged {
        return;
    }
    let mut plain = String::with_capacity(text.len());
    let mut rest = text;
    while let Some((before, comment)) = rest.split_once("/*") {
        plain.push_str(before);
        rest = comment.split_once("*/").map_or("", |(_, after)| after);
    }
    plain.push_str(rest);
    plain.retain(|letter| !letter.is_whitespace());
    if plain.contains(".call`") || plain.contains(".apply`") {
        verdict.add(Kind::Xss, 5, "script-call-without-brackets");
    }
    if plain.ends_with(");")
        && [")(", "](", "}(", "\"(", "'("]
            .iter()
            .any(|call| plain.contains(call))
    {
        verdict.add(Kind::Template, 5, "program-indirect-call");
    }
}

/// `import {a} from "./b"`: a statement that loads a module (ECMAScript, 16.2.2).
pub(super) fn module_import(text: &str, verdict: &mut Verdict) {
    let statement = text
        .split_once("import")
        .and_then(|(_, rest)| rest.trim_start().strip_prefix('{'))
        .and_then(|rest| rest.split_once('}'))
        .and_then(|(_, rest)| rest.trim_start().strip_prefix("from"));
    if statement.is_some_and(|from| from.trim_start().starts_with(['"', '\'', '`'])) {
        verdict.add(Kind::Xss, 5, "script-import");
    }
}

/// Names that template engines keep their own settings and workings under.
fn is_inner_name(inside: &str) -> bool {
    let name = inside
        .trim()
        .trim_start_matches(['=', '-', '@', '#'])
        .trim();
    let end = name
        .find(|letter: char| !(letter.is_ascii_alphanumeric() || letter == '_'))
        .unwrap_or(name.len());
    let name = name.get(..end).unwrap_or("");
    [
        "config",
        "settings",
        "self",
        "_self",
        "request",
        "app",
        "dump",
        "lipsum",
        "cycler",
        "joiner",
        "namespace",
        "url_for",
        "get_flashed_messages",
        "g",
        "this",
        "session",
        "globals",
        "environment",
    ]
    .contains(&name)
}

/// `${PATH:0:1}`, `${x#y}`, `${x%y}`, `${x//a/b}`, `${x:-y}`: shells cut and change variables so.
fn is_shell_expansion(inside: &str) -> bool {
    let end = inside
        .find(|letter: char| !(letter.is_ascii_alphanumeric() || letter == '_'))
        .unwrap_or(inside.len());
    let (name, after) = inside.split_at_checked(end).unwrap_or((inside, ""));
    let cut = after.strip_prefix(':').is_some_and(|rest| {
        rest.starts_with(|letter: char| letter.is_ascii_digit() || "-=+?".contains(letter))
    });
    !name.is_empty() && (cut || after.starts_with(['#', '%']) || after.starts_with("//"))
}

fn weigh_expression(open: &str, inside: &str, closed: bool, verdict: &mut Verdict) {
    let calls = inside.contains('(') || inside.contains("__") || inside.contains(".class");
    let sums = inside
        .bytes()
        .zip(inside.bytes().skip(1))
        .zip(inside.bytes().skip(2))
        .any(|((a, op), b)| {
            (a.is_ascii_digit() || a == b'\'')
                && matches!(op, b'*' | b'+' | b'-' | b'/')
                && (b.is_ascii_digit() || b == b'\'')
        });
    match open {
        "[[" | "@(" | "@{" | "*{" | "{#" if sums && closed => {
            verdict.add(Kind::Template, 5, "template-sum");
        }
        "*{" if calls && closed => verdict.add(Kind::Template, 5, "template-expression"),
        "[[" | "@(" | "@{" | "*{" | "{#" => {}
        "{{" if closed && is_inner_name(inside) => {
            verdict.add(Kind::Template, 5, "template-inner-name");
        }
        "${" if closed && is_shell_expansion(inside) => {
            verdict.add(Kind::Command, 5, "command-expansion");
        }
        "<%" => verdict.add(Kind::Template, 5, "template-code"),
        _ if calls || sums => verdict.add(Kind::Template, 5, "template-expression"),
        "${" if inside.contains(':') && closed => {
            verdict.add(Kind::Template, 5, "template-lookup");
        }
        "${" | "#{" | "{{" if closed => verdict.add(Kind::Template, 3, "template-name"),
        _ => {}
    }
}
