//! Reads what a request carries: form fields, JSON, multipart parts, XML and plain text.
//!
//! Every text that an application would be handed is a value of its own: a part of a form, a string
//! inside JSON, a text or attribute of XML. What stands around them (quotes, braces, tags) is grammar
//! and no sign of an attack.

use super::{Kind, Verdict, address, cut, decode, json, literals, multipart, read_value, text};

/// Most bytes of one body that are read; the rest is not looked at.
pub const MAX_BODY_BYTES: usize = 256 * 1024;
/// Most texts and attributes of one XML document that are read.
const MAX_TEXTS: usize = 1024;

/// How the bytes of a body are to be understood.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Form<'r> {
    Fields,
    Json,
    Xml,
    Multipart(&'r str),
    Text,
}

/// Reads `body`, sent as `content_type` says; where it says nothing, as it looks.
pub(super) fn read(content_type: &str, body: &str, verdict: &mut Verdict) {
    let body = text::head(body, MAX_BODY_BYTES);
    match form(content_type, body) {
        Form::Fields => fields(body, verdict),
        Form::Json => {
            if !json::read(body, verdict) {
                read_value(cut(body), verdict);
            }
        }
        Form::Xml => xml(body, verdict),
        Form::Multipart(boundary) => multipart::read(boundary, body, verdict),
        Form::Text if is_binary(body) => {}
        Form::Text => read_value(&decode::value(cut(body), false), verdict),
    }
}

fn form<'r>(content_type: &'r str, body: &str) -> Form<'r> {
    let kind = content_type.split(';').next().unwrap_or("").trim();
    let kind = kind.to_ascii_lowercase();
    let start = body.trim_start();
    if let Some(boundary) = boundary(content_type) {
        Form::Multipart(boundary)
    } else if kind.contains("x-www-form-urlencoded") {
        // Some programs say so of anything.
        if start.starts_with("<?xml") {
            Form::Xml
        } else if start.starts_with(['{', '[']) && json::is_whole(start) {
            Form::Json
        } else {
            Form::Fields
        }
    } else if kind.ends_with("json") || start.starts_with(['{', '[']) && json::is_whole(start) {
        Form::Json
    } else if kind.ends_with("/xml") || kind.ends_with("+xml") || start.starts_with("<?xml") {
        Form::Xml
    } else if kind.is_empty() {
        // What servers take a body for that does not say what it is.
        Form::Fields
    } else {
        Form::Text
    }
}

/// Whether `body` is no text: pictures, archives and calls between programs hold control characters.
fn is_binary(body: &str) -> bool {
    let start = text::head(body, 512);
    let odd = start
        .chars()
        .filter(|letter| letter.is_control() && !letter.is_whitespace() || *letter == '\u{fffd}');
    odd.count() * 32 > start.len() && !start.contains("<?")
}

/// The boundary of a multipart body (RFC 2046, 5.1.1), wherever in the header it stands.
fn boundary(content_type: &str) -> Option<&str> {
    let lower = content_type.to_ascii_lowercase();
    let (_, rest) = content_type.split_at_checked(lower.find("boundary=")? + "boundary=".len())?;
    let rest = rest.trim_start();
    let boundary = match rest.strip_prefix('"') {
        Some(quoted) => quoted.split('"').next(),
        None => rest.split([';', ',', ' ']).next(),
    }?;
    (!boundary.is_empty()).then_some(boundary)
}

fn fields(body: &str, verdict: &mut Verdict) {
    let body = body.trim_end_matches(['\r', '\n']);
    literals::scan(body, literals::Scope::FIELDS, verdict);
    super::read_parameters(body, verdict);
}

/// The texts and attribute values of an XML document, and what its head declares.
fn xml(body: &str, verdict: &mut Verdict) {
    declarations(body, verdict);
    for piece in body.split('<').take(MAX_TEXTS) {
        let (tag, after) = piece.split_once('>').unwrap_or(("", piece));
        for quote in ['"', '\''] {
            for value in tag.split(quote).skip(1).step_by(2) {
                read_text(value, verdict);
            }
        }
        read_text(after, verdict);
        if let Some(data) = tag.strip_prefix("![CDATA[") {
            read_text(data, verdict);
        }
    }
}

fn read_text(text: &str, verdict: &mut Verdict) {
    if text.contains("://") {
        address::inclusion("", text.trim(), verdict);
    }
    let text = text.trim();
    // A value encoded as in a query says spaces with plus signs.
    let plus = text.contains('%') && !text.contains(' ');
    super::read_sent(text, plus, verdict);
}

/// Entities that name files or addresses, and instructions that pull documents in (XML 1.0, 4.2.2).
fn declarations(body: &str, verdict: &mut Verdict) {
    let upper = body.to_ascii_uppercase();
    if let Some((_, head)) = upper.split_once("<!DOCTYPE") {
        let foreign = head.contains("SYSTEM") || head.contains("PUBLIC");
        if upper.contains("<!ENTITY") || foreign {
            verdict.add(Kind::FileInclusion, 5, "xml-entity");
        }
    }
    if upper.contains("XI:INCLUDE") || upper.contains("<XSL:") || upper.contains("<XS:INCLUDE") {
        verdict.add(Kind::FileInclusion, 5, "xml-include");
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_body_is_read_as_it_is_sent() {
        for (content_type, body, expected) in [
            ("application/x-www-form-urlencoded", "a=1&b=2", Form::Fields),
            ("application/json; charset=utf-8", "{\"a\":1}", Form::Json),
            ("application/problem+json", "{", Form::Json),
            ("text/xml", "<a/>", Form::Xml),
            (
                "multipart/form-data; boundary=\"x y\"; a=b",
                "",
                Form::Multipart("x y"),
            ),
            (
                "Multipart/Form-Data; Boundary=--x",
                "",
                Form::Multipart("--x"),
            ),
            ("", "name=value", Form::Fields),
            ("", "{\"name\":\"a=b\"}", Form::Json),
            ("", "<?xml version='1.0'?>", Form::Xml),
            ("text/plain", "a=b", Form::Text),
            ("application/x-www-form-urlencoded", "{a=b", Form::Fields),
        ] {
            assert_eq!(form(content_type, body), expected, "{content_type} {body}");
        }
    }
}
