//! Pieces that several pages are made of.

use larum_core::words::Words;
use maud::{Markup, PreEscaped, html};

/// How grave something looks. Never by colour alone: the words always say it too.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Tone {
    Good,
    Notice,
    Bad,
    Quiet,
}

impl Tone {
    pub const fn class(self) -> &'static str {
        match self {
            Self::Good => "good",
            Self::Notice => "notice",
            Self::Bad => "bad",
            Self::Quiet => "quiet",
        }
    }

    /// Of a severity word.
    pub fn of_severity(severity: &str) -> Self {
        match severity {
            "critical" | "high" => Self::Bad,
            "medium" => Self::Notice,
            _ => Self::Quiet,
        }
    }
}

/// A short word in a box.
pub(super) fn tag(tone: Tone, text: &str) -> Markup {
    html! { span class={ "tag " (tone.class()) } { (text) } }
}

/// The severity in words, in a box.
pub(super) fn severity(words: &Words, level: &str) -> Markup {
    let text = words.say_with("severity", &[("level", level.into())]);
    tag(Tone::of_severity(level), &text)
}

/// A number with what it counts.
pub(super) fn figure(shown: &str, label: &str, tone: Tone) -> Markup {
    html! {
        div class={ "figure " (tone.class()) } {
            dt { (label) }
            dd { (shown) }
        }
    }
}

/// A table that scrolls inside itself rather than widening the page. `caption` names it.
pub(super) fn table(caption: &str, head: &[String], rows: &[Vec<Markup>]) -> Markup {
    html! {
        div.scroll role="region" aria-label=(caption) tabindex="0" {
            table {
                caption.unseen { (caption) }
                thead { tr { @for cell in head { th scope="col" { (cell) } } } }
                tbody {
                    @for row in rows {
                        tr {
                            @for (index, cell) in row.iter().enumerate() {
                                @if index == 0 {
                                    th scope="row" data-label=[head.get(index)] { (cell) }
                                } @else {
                                    td data-label=[head.get(index)] { (cell) }
                                }
                            }
                        }
                    }
                }
            }
        }
    }
}

/// As [`table`], but on a narrow screen each row becomes a card with its labels.
pub(super) fn cards(caption: &str, head: &[String], rows: &[Vec<Markup>]) -> Markup {
    html! { div.cards { (table(caption, head, rows)) } }
}

/// Plain text as a cell.
pub(super) fn text(text: &str) -> Markup {
    html! { (text) }
}

/// A marked-up piece that is already safe.
pub(super) const fn raw(text: String) -> Markup {
    PreEscaped(text)
}

/// A path of links above the heading.
pub(super) fn back(address: &str, label: &str) -> Markup {
    html! { p.back { a href=(address) { (label) } } }
}

/// The way to the next page of a list.
pub(super) fn next(address: &str, label: &str, asked: &[(&str, String)]) -> Markup {
    html! {
        form.pages method="get" action=(address) {
            @for (name, value) in asked.iter().filter(|(_, value)| !value.is_empty()) {
                input type="hidden" name=(name) value=(value);
            }
            button.second type="submit" { (label) }
        }
    }
}

/// Looks for rows of a long list by part of a name.
pub(super) fn finder(words: &Words, address: &str, find: &str) -> Markup {
    html! {
        form.filters role="search" method="get" action=(address) {
            (field("find", &words.say("hub-find"), None, &optional("find", find)))
            button.second type="submit" { (words.say("hub-show")) }
            @if !find.is_empty() { a href=(address) { (words.say("hub-find-all")) } }
        }
    }
}

/// One field of a form with its label and, where given, a hint below the label.
pub(super) fn field(name: &str, label: &str, hint: Option<&str>, input: &Markup) -> Markup {
    html! {
        div.field {
            label for=(name) { (label) }
            @if let Some(hint) = hint { p.hint id={ (name) "-hint" } { (hint) } }
            (input)
        }
    }
}

/// A line of text to fill in.
pub(super) fn input(name: &str, kind: &str, value: &str, autocomplete: &str) -> Markup {
    html! { input id=(name) name=(name) type=(kind) value=(value) autocomplete=(autocomplete) required; }
}

/// A line of text that may stay empty.
pub(super) fn optional(name: &str, value: &str) -> Markup {
    html! { input id=(name) name=(name) type="text" value=(value) autocomplete="off"; }
}

/// A few lines of text to fill in.
pub(super) fn lines(name: &str, value: &str) -> Markup {
    html! { textarea id=(name) name=(name) rows="4" maxlength="1000" required { (value) } }
}

/// A choice from a list of values and labels.
pub(super) fn select(name: &str, chosen: &str, options: &[(String, String)]) -> Markup {
    html! {
        select id=(name) name=(name) {
            @for (value, label) in options {
                option value=(value) selected[value == chosen] { (label) }
            }
        }
    }
}

/// What is wrong with a form, above everything else, with a link to the field.
pub(super) fn error_summary(words: &Words, field: &str, message: &str) -> Markup {
    html! {
        div.error role="alert" tabindex="-1" autofocus {
            h2 { (words.say("hub-form-problem")) }
            p { a href={ "#" (field) } { (message) } }
        }
    }
}
