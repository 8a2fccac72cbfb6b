//! The parts of a multipart body (RFC 7578): fields as values, files by name and by how they begin.

use super::{Kind, MAX_PARAMETERS, Verdict, address, cut, decode, read_value, text};

/// Endings of files that a web server would run.
const RUN_BY_SERVERS: &[&str] = &[
    ".php",
    ".php3",
    ".php4",
    ".php5",
    ".php7",
    ".phtml",
    ".phar",
    ".phps",
    ".asp",
    ".aspx",
    ".ashx",
    ".asmx",
    ".asa",
    ".cer",
    ".jsp",
    ".jspx",
    ".jspf",
    ".cfm",
    ".cgi",
    ".pl",
    ".htaccess",
    ".user.ini",
    ".war",
    ".shtml",
];

/// Files that programs read their settings and secrets from: uploading one replaces it.
const SETTINGS: &[&str] = &[
    ".htaccess",
    ".htpasswd",
    ".user.ini",
    ".env",
    ".git",
    ".npmrc",
    ".bashrc",
    ".bash_profile",
    ".profile",
    ".boto",
    ".netrc",
    ".pgpass",
    ".my.cnf",
    ".ssh",
    ".aws",
    "authorized_keys",
    "id_rsa",
    "web.config",
    "wp-config",
    "config.php",
    "config.yml",
    "config.inc",
    "configuration.php",
    "settings.php",
    "settings.py",
    "localsettings.php",
    "local.xml",
    "php.ini",
    "database.yml",
    "secrets.yml",
    "parameters.yml",
    "crontab",
    "sudoers",
    "composer.json",
    "composer.lock",
];

/// How program text begins that a web server would run.
const PROGRAM_MARKS: &[&str] = &[
    "<?php",
    "<?=",
    "<%@",
    "<%=",
    "<jsp:",
    "<%eval",
    "#!/bin/",
    "#!/usr/bin/",
];

/// Reads the parts of `body` between `boundary`.
pub(super) fn read(boundary: &str, body: &str, verdict: &mut Verdict) {
    let mark = format!("--{boundary}");
    let mut parts = body.split(mark.as_str());
    parts.next();
    let mut any = false;
    for part in parts.take(MAX_PARAMETERS) {
        if part.starts_with("--") {
            break;
        }
        any = true;
        read_part(part.trim_start_matches(['\r', '\n']), verdict);
    }
    if !any {
        // The boundary stands nowhere in it: servers differ in what they make of such a body.
        read_value(cut(body), verdict);
    }
}

fn read_part(part: &str, verdict: &mut Verdict) {
    let (head, content) = part
        .split_once("\r\n\r\n")
        .or_else(|| part.split_once("\n\n"))
        .unwrap_or((part, ""));
    let content = content
        .strip_suffix("\r\n")
        .or_else(|| content.strip_suffix('\n'))
        .unwrap_or(content);
    if let Some(name) = parameter(head, "name") {
        super::read_sent(name, false, verdict);
    }
    match parameter(head, "filename").or_else(|| parameter(head, "filename*")) {
        Some(name) => read_file(name, content, verdict),
        None => {
            address::inclusion("", &decode::value(cut(content), false), verdict);
            super::read_sent(content, false, verdict);
        }
    }
}

fn read_file(name: &str, content: &str, verdict: &mut Verdict) {
    file_name(name, verdict);
    let start = text::head(content, 4096).to_ascii_lowercase();
    if PROGRAM_MARKS.iter().any(|mark| start.contains(mark)) {
        verdict.add(Kind::KnownExploit, 5, "upload-program");
    }
}

/// The name under which a file is to be kept.
pub(super) fn file_name(name: &str, verdict: &mut Verdict) {
    let name = decode::value(cut(name), false);
    super::read_sent(&name, false, verdict);
    let mut lower = name.to_ascii_lowercase();
    lower.retain(|letter| !letter.is_whitespace());
    let lower = lower.trim_end_matches('.');
    if lower.contains("../") || lower.contains("..\\") {
        verdict.add(Kind::Traversal, 5, "upload-climbs");
    }
    let base = lower.rsplit(['/', '\\']).next().unwrap_or(lower);
    if SETTINGS.iter().any(|known| base.starts_with(known)) {
        verdict.add(Kind::SensitiveFile, 5, "upload-settings-name");
    }
    // `shell.php.jpg`: some servers look at every ending.
    let runs = RUN_BY_SERVERS.iter().any(|ending| {
        lower.ends_with(ending)
            || lower.contains(&format!("{ending}."))
            || lower.contains(&format!("{ending};"))
    });
    if runs {
        verdict.add(Kind::KnownExploit, 5, "upload-program-name");
    }
}

/// The value of `name=` in a head of a part.
fn parameter<'p>(head: &'p str, name: &str) -> Option<&'p str> {
    let mut rest = head;
    let key = format!("{name}=");
    loop {
        let at = rest.to_ascii_lowercase().find(&key)?;
        let (before, from) = rest.split_at_checked(at)?;
        let value = from.get(key.len()..)?;
        if before.ends_with(|letter: char| letter.is_ascii_alphanumeric() || letter == '*') {
            rest = value;
            continue;
        }
        return match value.strip_prefix('"') {
            Some(quoted) => {
                // Up to the last quote of the line: a quote inside the name is what some attacks use.
                let line = quoted.split(['\r', '\n']).next()?;
                let end = line.find("\";").or_else(|| line.rfind('"'));
                line.get(..end.unwrap_or(line.len()))
            }
            None => value.split([';', '\r', '\n']).next(),
        };
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn parameters_of_a_head() {
        let head = "Content-Disposition: form-data; name=\"a\"; filename=\"x\"y.png\"\r\nContent-Type: image/png";
        assert_eq!(parameter(head, "name"), Some("a"));
        assert_eq!(parameter(head, "filename"), Some("x\"y.png"));
        assert_eq!(
            parameter("form-data; filename=b; name=c", "name"),
            Some("c")
        );
        assert_eq!(parameter("form-data", "name"), None);
    }

    #[track_caller]
    fn check(head: &str, content: &str, expected: &[&str]) {
        let body =
            format!("--B\r\nContent-Disposition: form-data; {head}\r\n\r\n{content}\r\n--B--\r\n");
        let mut verdict = Verdict::default();
        read("B", &body, &mut verdict);
        assert_eq!(verdict.why, expected, "{head} {content}");
    }

    #[test]
    fn fields_and_files() {
        check("name=\"town\"", "King's Lynn", &[]);
        check("name=\"f\"; filename=\"cat.png\"", "\u{1}PNG\u{0}", &[]);
        check(
            "name=\"f\"; filename=\"a.php\"",
            "x",
            &["upload-program-name"],
        );
        check(
            "name=\"f\"; filename=\"a.gif\"",
            "GIF89a<?php x",
            &["upload-program"],
        );
        check("name=\"q\"", "1' or '1'='1", &["sql-condition"]);
    }
}
