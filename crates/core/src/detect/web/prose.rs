//! What people write: brackets in sentences, rich text of editors. It holds the signs of attacks
//! without being one.

use super::text::head;

/// Most bytes of one bracket that are read.
const MAX_BRACKET_BYTES: usize = 64;
/// Most tags of one rich text that are read.
const MAX_TAGS: usize = 4096;
/// Fewest letters outside tags that make a rich text, and not a tag with a word in it.
const MIN_LETTERS: usize = 24;

/// Whether the bracket behind `text[start..end]` is one of a sentence: `system(s)`, `eval(uate) it`,
/// `confirm(?) please`.
pub(super) fn bracket(text: &str, start: usize, end: usize) -> bool {
    let from = head(text.get(end..).unwrap_or(""), MAX_BRACKET_BYTES);
    let Some((inside, after)) = from
        .strip_prefix('(')
        .and_then(|inside| inside.split_once(')'))
    else {
        return false;
    };
    // A directive of GraphQL (specification, 3.13).
    if inside.starts_with("if:")
        && text
            .get(..start)
            .is_some_and(|before| before.ends_with('@'))
    {
        return true;
    }
    let written = !inside.is_empty()
        && inside.chars().all(|letter| {
            letter.is_alphabetic() || matches!(letter, ' ' | '?' | '!' | '-' | ',' | '/')
        });
    let before = text.get(..start).unwrap_or("");
    let begins_word = before.is_empty() || before.ends_with([' ', '\n', '(']);
    let mut rest = after.chars();
    let goes_on = match rest.next() {
        None => before.ends_with(' '),
        Some(' ' | ',' | '.' | '?' | '!' | '\n' | '\r') => {
            let next = rest.find(|letter| !matches!(letter, ' ' | '.' | '\r' | '\n'));
            next.is_none_or(|letter| letter.is_alphanumeric() || matches!(letter, '-' | '&' | '('))
        }
        Some(letter) => letter.is_alphabetic(),
    };
    written && begins_word && goes_on
}

/// Whether the backtick between `before` and `after` is one of those that quote code in a text: three
/// in a row, or one around a few words of a longer sentence.
pub(super) fn quotes_code(before: &str, after: &str) -> bool {
    if before.ends_with("``")
        || after.starts_with("``")
        || before.ends_with('`') && after.starts_with('`')
    {
        return true;
    }
    let opens = before.matches('`').count().is_multiple_of(2);
    let (before, after) = if opens {
        (before, after.split_once('`').map_or("", |(_, after)| after))
    } else {
        (
            before.rsplit_once('`').map_or("", |(before, _)| before),
            after,
        )
    };
    let words = |text: &str| {
        text.split_whitespace()
            .filter(|word| {
                word.len() >= 2
                    && word
                        .trim_matches(['.', ',', '?', '!'])
                        .chars()
                        .all(char::is_alphabetic)
            })
            .count()
    };
    let before_words = words(before);
    before.ends_with([' ', '\n', '(']) && before_words >= 1 && before_words + words(after) >= 3
}

/// Tags that editors write into the text of a page.
const FORMATTING: &[&str] = &[
    "html",
    "head",
    "body",
    "center",
    "font",
    "a",
    "abbr",
    "address",
    "article",
    "b",
    "big",
    "blockquote",
    "br",
    "caption",
    "cite",
    "code",
    "col",
    "colgroup",
    "dd",
    "del",
    "div",
    "dl",
    "dt",
    "em",
    "figcaption",
    "figure",
    "footer",
    "h1",
    "h2",
    "h3",
    "h4",
    "h5",
    "h6",
    "header",
    "hr",
    "i",
    "img",
    "ins",
    "kbd",
    "li",
    "main",
    "mark",
    "ol",
    "p",
    "pre",
    "q",
    "s",
    "section",
    "small",
    "span",
    "strike",
    "strong",
    "sub",
    "sup",
    "table",
    "tbody",
    "td",
    "tfoot",
    "th",
    "thead",
    "time",
    "tr",
    "tt",
    "u",
    "ul",
];

/// Where editors take films and maps from, to be shown inside a page.
const EMBEDS: &[&str] = &[
    "https://www.youtube.com/embed/",
    "https://www.youtube-nocookie.com/embed/",
    "https://player.vimeo.com/video/",
    "https://www.google.com/maps/embed",
];

/// Attributes that such tags have.
const HARMLESS: &[&str] = &[
    "align",
    "allow",
    "allowfullscreen",
    "frameborder",
    "referrerpolicy",
    "bgcolor",
    "color",
    "face",
    "size",
    "alt",
    "border",
    "cellpadding",
    "cellspacing",
    "cite",
    "class",
    "colspan",
    "datetime",
    "decoding",
    "dir",
    "download",
    "height",
    "href",
    "hreflang",
    "id",
    "lang",
    "loading",
    "name",
    "rel",
    "reversed",
    "role",
    "rowspan",
    "scope",
    "sizes",
    "span",
    "src",
    "srcset",
    "start",
    "style",
    "summary",
    "tabindex",
    "target",
    "title",
    "type",
    "valign",
    "value",
    "width",
    "xmlns",
];

/// The text of `value` without its tags, if it is what an editor of pages sends: it begins with a
/// block or runs on around tags, all of them formatting, all addresses of the web, and holds more
/// than a word. `None` for anything else.
pub(super) fn rich_text(value: &str) -> Option<String> {
    let trimmed = value.trim_start();
    let block = [
        "<p", "<h", "<d", "<u", "<o", "<t", "<b", "<f", "<s", "<!-- wp:", "<a", "<e", "<l", "<i",
    ]
    .iter()
    .any(|start| head(trimmed, 8).to_ascii_lowercase().starts_with(start));
    if !block && !trimmed.starts_with(|letter: char| letter.is_alphabetic()) {
        return None;
    }
    let mut plain = String::with_capacity(value.len());
    let mut rest = value;
    let mut tags = 0;
    let mut code_bytes = 0;
    while let Some((before, from)) = rest.split_once('<') {
        plain.push_str(before);
        plain.push(' ');
        if !from.starts_with(|letter: char| letter.is_ascii_alphabetic() || "/!?%".contains(letter))
        {
            // Less than.
            rest = from;
            continue;
        }
        tags += 1;
        let end = end_of_tag(from).filter(|_| tags <= MAX_TAGS)?;
        let (tag, after) = (from.get(..end)?, from.get(end + 1..)?);
        if !is_formatting(tag) {
            return None;
        }
        rest = match tag {
            // Code that is quoted, up to where it ends.
            "code" | "pre" | "kbd" => {
                let end = after.find("</").unwrap_or(after.len());
                code_bytes += end;
                after.get(end..).unwrap_or("")
            }
            _ => after,
        };
    }
    plain.push_str(rest);
    let letters = plain.chars().filter(|letter| letter.is_alphabetic());
    let words = plain.split_whitespace().count();
    let marked = value.contains("<!-- wp:") || EMBEDS.iter().any(|place| value.contains(place));
    (marked || tags >= 2 && letters.count() + code_bytes >= MIN_LETTERS && words >= 4)
        .then_some(plain)
}

/// Where the tag that `from` is inside of ends: at the first `>` outside quotes.
fn end_of_tag(from: &str) -> Option<usize> {
    if from.starts_with("!--") {
        return from.find("-->").map(|at| at + 2);
    }
    let mut quote = None;
    for (at, letter) in from.char_indices() {
        match (quote, letter) {
            (None, '>') => return Some(at),
            (None, '<') => return None,
            (None, '"' | '\'') => quote = Some(letter),
            (Some(open), close) if open == close => quote = None,
            _ => {}
        }
    }
    None
}

fn is_formatting(tag: &str) -> bool {
    if let Some(comment) = tag.strip_prefix("!--") {
        // The marks of blocks, as editors leave them; not what some browsers run.
        return !comment.starts_with(['[', '#']) && !comment.contains(['<', '>']);
    }
    let tag = tag.trim_end_matches('/').trim_end();
    if let Some(name) = tag.strip_prefix('/') {
        return name == "iframe" || FORMATTING.contains(&name.to_ascii_lowercase().as_str());
    }
    let end = tag
        .find(|letter: char| letter.is_ascii_whitespace())
        .unwrap_or(tag.len());
    let (name, mut rest) = tag.split_at_checked(end).unwrap_or((tag, ""));
    let embeds = name == "iframe"
        && EMBEDS
            .iter()
            .any(|place| rest.contains(&format!("src=\"{place}")));
    if !embeds && !FORMATTING.contains(&name.to_ascii_lowercase().as_str()) {
        return false;
    }
    loop {
        rest = rest.trim_start();
        if rest.is_empty() {
            return true;
        }
        let Some((name, after)) = rest.split_once('=') else {
            return HARMLESS.contains(&rest.to_ascii_lowercase().as_str());
        };
        let name = name.trim().to_ascii_lowercase();
        let Some(quote) = after
            .chars()
            .next()
            .filter(|quote| matches!(quote, '"' | '\''))
        else {
            return false;
        };
        let Some((value, after)) = after.get(1..).and_then(|inside| inside.split_once(quote))
        else {
            return false;
        };
        let known = HARMLESS.contains(&name.as_str())
            || name.starts_with("data-")
            || name.starts_with("aria-");
        if !known || !is_harmless_value(&name, value) {
            return false;
        }
        rest = after;
    }
}

/// Whether an attribute's value can run nothing: addresses of the web, styles without addresses.
fn is_harmless_value(name: &str, value: &str) -> bool {
    let lower = value.trim().to_ascii_lowercase();
    match name {
        "href" | "src" | "cite" => {
            let start = lower.split(['/', '?', '#']).next().unwrap_or("");
            let of_the_web = ["http:", "https:", "mailto:", "tel:"].contains(&start)
                || lower.starts_with("mailto:")
                || lower.starts_with("tel:")
                || lower.starts_with("data:image/png")
                || lower.starts_with("data:image/jpeg")
                || lower.starts_with("data:image/gif")
                || lower.starts_with("data:image/webp");
            (of_the_web || !start.contains([':', '&', '%', '\\']))
                && !value.contains(char::is_control)
        }
        "style" => !["(", "\\", "@", "import", "expression", "behavi", "binding"]
            .iter()
            .any(|word| {
                lower
                    .replace("rgb(", "")
                    .replace("rgba(", "")
                    .contains(word)
            }),
        _ => !lower.contains(['<', '\\']),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn brackets_of_sentences() {
        for (text, name, prose) in [
            ("your system(s) fail", "system", true),
            ("we eval(uate) it", "eval", true),
            ("Can I confirm(?) this", "confirm", true),
            ("mail(s)", "mail", false),
            ("system(id)", "system", false),
            ("x;eval(name)", "eval", false),
            ("call system('id') now", "system", false),
            ("alert(1) x", "alert", false),
        ] {
            let start = text.find(name).unwrap();
            assert_eq!(bracket(text, start, start + name.len()), prose, "{text}");
        }
    }

    #[test]
    fn rich_text_is_known_and_script_is_not() {
        let long = "Welcome to our shop in the heart of the town";
        for (value, rich) in [
            (format!("<p>{long}</p>"), true),
            (
                format!(
                    "<p style=\"color:#f00\">{long}, <a href=\"https://example.org/\">see</a></p>"
                ),
                true,
            ),
            (
                format!("<!-- wp:paragraph --><p>{long}</p><!-- /wp:paragraph -->"),
                true,
            ),
            (format!("{long}, <b>today</b>"), true),
            (format!("<p>{long}</p><script>x()</script>"), false),
            (format!("<p onclick=\"x()\">{long}</p>"), false),
            (
                format!("<p>{long} <a href=\"javascript:x()\">see</a></p>"),
                false,
            ),
            (format!("<p>{long} <img src=x onerror=y></p>"), false),
            (
                format!("<p style=\"width:expression(1)\">{long}</p>"),
                false,
            ),
            ("<b>bold</b>".to_owned(), false),
            ("<a href=\"http://192.0.2.1/\">XSS</a>".to_owned(), false),
        ] {
            assert_eq!(rich_text(&value).is_some(), rich, "{value}");
        }
    }
}
