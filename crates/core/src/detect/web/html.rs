//! Reads a value as a browser would: tags, attributes, event handlers, script addresses.
//!
//! After the HTML standard's tokenisation (13.2.5), reduced to what turns text into script.

use super::{Kind, Verdict};

/// Most tags read in one value.
const MAX_TAGS: usize = 64;
/// Most attributes read in one tag.
const MAX_ATTRIBUTES: usize = 64;

/// Most places read where a handler may begin.
const MAX_HANDLERS: usize = 512;

/// Tags that run script or load foreign content by themselves.
const ACTIVE_TAGS: &[&str] = &[
    "script",
    "iframe",
    "object",
    "embed",
    "applet",
    "frameset",
    "frame",
    "meta",
    "base",
    "link",
    "import",
    "handler",
    "listener",
    "layer",
    "ilayer",
    "xml",
    "svg",
    "math",
    "style",
    "bgsound",
    "isindex",
    "keygen",
    "set",
    "animate",
    "animatetransform",
    "event-source",
    "vmlframe",
    "portal",
    "template",
    "noscript",
    "plaintext",
    "xss",
    "portal",
    "fencedframe",
];

/// Tags that attacks hang a handler on; strange in a value even without one.
const CARRIER_TAGS: &[&str] = &[
    "img", "image", "video", "audio", "source", "body", "html", "input", "button", "form",
    "textarea", "select", "option", "marquee", "details", "a", "div", "table", "td", "title",
    "comment", "x", "br", "li", "p", "span", "label", "area", "map", "canvas", "dialog", "track",
    "picture", "fieldset", "isindex", "center", "font", "b", "h1", "head", "noembed", "noframes",
    "xmp", "q",
];

/// Tags whose end in a value ends what the value was put into.
const PAGE_TAGS: &[&str] = &["html", "head", "body", "textarea"];

/// What scripts of a page ask for by name: an element named so stands in for it.
const GLOBALS: &[&str] = &[
    "alert",
    "attributes",
    "body",
    "cookie",
    "defaultview",
    "document",
    "documentelement",
    "domain",
    "eval",
    "forms",
    "innerhtml",
    "location",
    "ownerdocument",
    "parentnode",
    "referrer",
    "window",
];

/// Attributes whose value is an address.
const ADDRESS_ATTRIBUTES: &[&str] = &[
    "href",
    "src",
    "action",
    "formaction",
    "data",
    "background",
    "dynsrc",
    "lowsrc",
    "poster",
    "from",
    "to",
    "values",
    "xlink:href",
    "code",
    "codebase",
    "content",
    "value",
    "url",
    "classid",
    "by",
    "folder",
    "srcdoc",
    "base",
    "manifest",
    "cite",
    "profile",
    "usemap",
    "longdesc",
    "icon",
    "archive",
];

/// Attributes that carry content or script by themselves.
const ACTIVE_ATTRIBUTES: &[&str] = &[
    "srcdoc",
    "formaction",
    "folder",
    "datasrc",
    "dataformatas",
    "datafld",
    "attributename",
    "autofocus",
    "http-equiv",
    "xmlns",
    "xml:base",
    "implementation",
    "onerror",
    "form",
    "allowscriptaccess",
    "repeat-start",
    "pattern",
    "ev:event",
    "xlink:href",
    "is",
    "by",
    "values",
    "id=x",
    "xmlns:xlink",
];

/// Reads `value`.
pub(super) fn read(value: &str, verdict: &mut Verdict) {
    let mut rest = value;
    for _ in 0..MAX_TAGS {
        let Some((_, from)) = rest.split_once('<') else {
            break;
        };
        tag(from, verdict);
        rest = from;
    }
    bare_handler(value, verdict);
    breakout(value, verdict);
    scheme_anywhere(value, verdict);
}

/// What follows a `<`.
fn tag(from: &str, verdict: &mut Verdict) {
    let text = from.trim_start_matches(|letter: char| {
        letter.is_control() || letter == '<' || letter == '\u{fffd}'
    });
    let folded = super::disguise::folded(text);
    let text = folded.as_deref().unwrap_or(text);
    let lower = super::text::head(text, 24).to_ascii_lowercase();
    for (start, why) in [
        ("!doctype", "xml-doctype"),
        ("!entity", "xml-entity"),
        ("![cdata[", "xml-cdata"),
        ("!--#", "server-include"),
        ("!--[if", "conditional-comment"),
        ("?xml", "xml-document"),
        ("?import", "xml-import"),
        ("?php", "php-open"),
        ("?=", "php-open"),
        ("? ", "markup-instruction"),
        ("%", "markup-percent"),
    ] {
        if lower.starts_with(start) {
            verdict.add(Kind::Xss, if start == "%" { 3 } else { 5 }, why);
            return;
        }
    }
    if lower.starts_with("!--") {
        verdict.add(Kind::Xss, 3, "html-comment");
        return;
    }
    let (closing, text) = match text.strip_prefix('/') {
        Some(text) => (true, text.trim_start()),
        None => (false, text),
    };
    if !text.starts_with(|letter: char| letter.is_ascii_alphabetic()) {
        // `</**/style=...>`: old browsers read the attributes of what closes nothing.
        if closing {
            attributes(text, verdict);
        }
        return;
    }
    let end = text
        .find(|letter: char| {
            !(letter.is_ascii_alphanumeric() || matches!(letter, ':' | '-' | '_' | '\\' | '\0'))
        })
        .unwrap_or(text.len());
    let (name, after) = text.split_at_checked(end).unwrap_or((text, ""));
    let name: String = name
        .chars()
        .filter(|letter| !matches!(letter, '\\' | '\0'))
        .map(|letter| letter.to_ascii_lowercase())
        .collect();
    weigh_tag(&name, after, closing, verdict);
    if !closing || after.len() > 1 {
        attributes(after, verdict);
    }
}

/// What a tag is worth by its name alone.
fn weigh_tag(name: &str, after: &str, closing: bool, verdict: &mut Verdict) {
    let local = name.rsplit(':').next().unwrap_or(name);
    let ended = after.is_empty()
        || after.starts_with(|letter: char| {
            letter == '>'
                || letter == '/'
                || letter.is_whitespace()
                || letter.is_control()
                || matches!(letter, '<' | '"' | '\'' | '\u{fffd}')
        });
    if ACTIVE_TAGS.contains(&local) && ended || local.starts_with("script") {
        verdict.add(Kind::Xss, 5, "html-active-tag");
    } else if closing && ended && PAGE_TAGS.contains(&local) {
        verdict.add(Kind::Xss, 5, "html-page-closed");
    } else if CARRIER_TAGS.contains(&local) && ended {
        let points = if closing || after.trim_start().starts_with('>') {
            3
        } else {
            4
        };
        verdict.add(Kind::Xss, points, "html-tag");
    } else if matches!(name, "http:" | "https:" | "mailto:" | "tel:") {
        // An address in brackets, as mail and chat programs write it.
    } else if name.contains(':') {
        verdict.add(Kind::Xss, 5, "html-namespace-tag");
    } else if closing || after.contains('>') || after.contains('=') {
        verdict.add(Kind::Xss, 3, "html-unknown-tag");
    }
}

/// The attributes of a tag, up to its end.
fn attributes(text: &str, verdict: &mut Verdict) {
    let mut rest = text;
    for _ in 0..MAX_ATTRIBUTES {
        rest = rest.trim_start_matches(|letter: char| {
            letter.is_whitespace()
                || letter.is_control()
                || matches!(letter, '/' | '"' | '\'' | '`' | '\u{fffd}')
        });
        if rest.is_empty() || rest.starts_with('>') {
            return;
        }
        let end = rest
            .find(|letter: char| {
                letter.is_whitespace() || matches!(letter, '=' | '>' | '/') || letter.is_control()
            })
            .unwrap_or(rest.len());
        let (name, after) = rest.split_at_checked(end.max(1)).unwrap_or((rest, ""));
        let after =
            after.trim_start_matches(|letter: char| letter.is_whitespace() || letter.is_control());
        let (value, next) = match after.strip_prefix('=') {
            Some(after) => attribute_value(after),
            None => ("", after),
        };
        attribute(
            &name.to_ascii_lowercase(),
            value,
            after.starts_with('='),
            verdict,
        );
        if next.len() >= rest.len() {
            return;
        }
        rest = next;
    }
}

/// The value after `=` and what follows it.
fn attribute_value(text: &str) -> (&str, &str) {
    let text =
        text.trim_start_matches(|letter: char| letter.is_whitespace() || letter.is_control());
    for quote in ['"', '\'', '`'] {
        if let Some(inside) = text.strip_prefix(quote) {
            return inside.split_once(quote).unwrap_or((inside, ""));
        }
    }
    let end = text
        .find(|letter: char| letter.is_whitespace() || letter == '>')
        .unwrap_or(text.len());
    text.split_at_checked(end).unwrap_or((text, ""))
}

fn attribute(name: &str, value: &str, has_value: bool, verdict: &mut Verdict) {
    let name = name
        .trim_matches(|letter: char| letter.is_control() || letter == '\u{fffd}' || letter == '\\');
    if is_handler(name) && has_value {
        verdict.add(Kind::Xss, 5, "html-event-handler");
    }
    if matches!(name, "name" | "id") && GLOBALS.contains(&value.to_ascii_lowercase().as_str()) {
        verdict.add(Kind::Xss, 3, "html-stands-in-for-global");
    }
    let names_a_language = name == "xmlns" && value.starts_with("http://www.w3.org/");
    if ACTIVE_ATTRIBUTES.contains(&name) && !names_a_language {
        verdict.add(Kind::Xss, 4, "html-active-attribute");
    }
    if name == "style" && has_value {
        let squeezed = squeeze(value);
        let active = [
            "expression",
            "behavior",
            "binding",
            "javascript:",
            "url(",
            "import",
            "-o-link",
            "@",
            "\\",
            "/*",
        ];
        if active.iter().any(|word| squeezed.contains(word)) {
            verdict.add(Kind::Xss, 5, "html-active-style");
        } else {
            verdict.add(Kind::Xss, 2, "html-style");
        }
    }
    if ADDRESS_ATTRIBUTES.contains(&name) || name.ends_with("src") {
        let squeezed = squeeze(value);
        let active = [
            "javascript:",
            "vbscript:",
            "livescript:",
            "data:",
            "mocha:",
            "feed:",
            "jar:",
            "view-source:",
            "ms-its:",
            "mhtml:",
        ];
        if active.iter().any(|scheme| squeezed.contains(scheme)) {
            verdict.add(Kind::Xss, 5, "html-script-address");
        } else if name.ends_with("src") || name == "href" {
            verdict.add(Kind::Xss, 2, "html-foreign-address");
        }
    }
}

/// `onload`, `onerror`, ...: all names of handlers begin so, and new ones are added every year.
fn is_handler(name: &str) -> bool {
    let name = name.rsplit([':', '"', '\'', '/']).next().unwrap_or(name);
    name.len() >= 5
        && name.starts_with("on")
        && name
            .bytes()
            .skip(2)
            .all(|byte| byte.is_ascii_alphanumeric())
}

/// Lower case without white space and control characters, which browsers ignore inside schemes.
fn squeeze(text: &str) -> String {
    text.chars()
        .filter(|letter| !letter.is_whitespace() && !letter.is_control() && *letter != '\u{fffd}')
        .map(|letter| letter.to_ascii_lowercase())
        .collect()
}

/// `"><b`: the value closes the tag that it was put into and opens another.
fn breakout(value: &str, verdict: &mut Verdict) {
    let closes = ["\">", "'>", "/>", "`>"];
    let at = closes.iter().filter_map(|close| value.find(close)).min();
    if let Some(at) = at
        && value.get(at..).is_some_and(|rest| rest.contains('<'))
        && !value.get(..at).is_some_and(|before| before.contains('<'))
    {
        verdict.add(Kind::Xss, 3, "html-breakout");
    }
}

/// `" onfocus=`: a quote closes the attribute that the value was put into.
fn bare_handler(value: &str, verdict: &mut Verdict) {
    let lower = value.to_ascii_lowercase();
    let quoted = value.contains(['"', '\'', '`', '<']);
    let mut rest = lower.as_str();
    for _ in 0..MAX_HANDLERS {
        let Some(at) = rest.find("on") else {
            return;
        };
        let before = rest.get(..at).unwrap_or("").chars().next_back();
        let from = rest.get(at..).unwrap_or("");
        let end = from
            .find(|letter: char| !letter.is_ascii_alphanumeric())
            .unwrap_or(from.len());
        let (name, after) = from.split_at_checked(end).unwrap_or((from, ""));
        let breaks_out = before.is_none_or(|letter| {
            letter.is_whitespace() || matches!(letter, '"' | '\'' | '/' | '`' | ';')
        });
        if breaks_out
            && is_handler(name)
            && after.trim_start().starts_with('=')
            && !after.trim_start().starts_with("==")
        {
            let known = HANDLERS.iter().any(|handler| name.contains(handler));
            let written = after.trim_start().len() < after.len()
                && !after.contains(['(', '`', '[', '{', '\\', '&']);
            if known && !written || quoted {
                verdict.add(Kind::Xss, 5, "html-event-handler");
            }
        }
        rest = from.get(2..).unwrap_or("");
    }
}

/// Parts of the names of handlers.
const HANDLERS: &[&str] = &[
    "error",
    "load",
    "click",
    "mouse",
    "focus",
    "blur",
    "key",
    "pointer",
    "touch",
    "animation",
    "toggle",
    "start",
    "scroll",
    "resize",
    "submit",
    "change",
    "input",
    "hashchange",
    "drag",
    "copy",
    "paste",
    "cut",
    "wheel",
    "page",
    "begin",
    "end",
    "transition",
    "ready",
    "message",
];

/// `java<tab>script:`: browsers drop line breaks and tabs inside an address; people do not type them.
fn hidden_scheme(value: &str, verdict: &mut Verdict) {
    if !value.contains(['\t', '\n', '\r']) {
        return;
    }
    let lower = value.to_ascii_lowercase();
    let joined: String = lower
        .chars()
        .filter(|letter| !letter.is_control())
        .collect();
    for scheme in ["javascript:", "vbscript:", "livescript:"] {
        if joined.matches(scheme).count() > lower.matches(scheme).count() {
            verdict.add(Kind::Xss, 5, "html-hidden-script-address");
        }
    }
}

/// `javascript:` and the like with code after it.
fn scheme_anywhere(value: &str, verdict: &mut Verdict) {
    let squeezed = squeeze(value);
    hidden_scheme(value, verdict);
    for scheme in ["javascript:", "vbscript:", "livescript:"] {
        let Some((before, after)) = squeezed.split_once(scheme) else {
            continue;
        };
        let word_before = before.ends_with(|letter: char| letter.is_ascii_alphanumeric());
        let code = after.contains(['(', '=', '`', '%', '/', '[', '\\', '.']);
        if code && (!word_before || before.is_empty() || after.contains('(')) {
            verdict.add(Kind::Xss, 5, "html-script-address");
        }
    }
    if squeezed.contains("data:text/html")
        || squeezed.contains("data:image/svg")
        || squeezed.contains("data:text/javascript")
    {
        verdict.add(Kind::Xss, 5, "html-data-address");
    }
}
