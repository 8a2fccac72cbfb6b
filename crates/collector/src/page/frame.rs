//! The frame around every page.

use larum_core::words::Words;
use maud::{DOCTYPE, Markup, html};

use super::PageState;

/// Address and message of each entry.
const NAVIGATION: [(&str, &str); 4] = [
    ("/", "page-nav-home"),
    ("/findings", "page-nav-findings"),
    ("/devices", "page-nav-devices"),
    ("/leaves", "page-nav-leaves"),
];

/// A whole page under `path` with `main` in it; `main` brings its own first heading.
pub(super) fn page(state: &PageState, path: &str, heading: &str, main: &Markup) -> Markup {
    let words: &Words = &state.words;
    html! {
        (DOCTYPE)
        html lang="en-GB" {
            head {
                meta charset="utf-8";
                meta name="viewport" content="width=device-width, initial-scale=1";
                meta name="color-scheme" content="light dark";
                title { (words.say_with("page-title", &[("heading", heading.into())])) }
                link rel="stylesheet" href="/style.css";
                link rel="icon" href="data:,";
            }
            body {
                a.skip href="#main" { (words.say("page-skip")) }
                header {
                    div.wide.brand {
                        (bell())
                        span { (words.say("product")) }
                        small { (words.say("page-place")) }
                    }
                }
                nav aria-label=(words.say("page-nav")) {
                    ul.wide {
                        @for (address, label) in NAVIGATION {
                            @let current = (address == path).then_some("page");
                            li { a href=(address) aria-current=[current] { (words.say(label)) } }
                        }
                    }
                }
                main #main .wide tabindex="-1" { (main) }
                footer {
                    div.wide {
                        (words.say_with("page-foot", &[
                            ("zone", state.zone.name().into()),
                            ("version", env!("CARGO_PKG_VERSION").into()),
                        ]))
                    }
                }
            }
        }
    }
}

/// The mark: a bell, drawn here.
fn bell() -> Markup {
    html! {
        svg width="26" height="26" viewBox="0 0 26 26" aria-hidden="true" focusable="false" {
            path fill="currentColor" d="M13 2a2 2 0 0 1 2 2v.6A7 7 0 0 1 20 11.400v4.400l2.200 3.200a1 1 0 0 1-.8 1.600H4.600a1 1 0 0 1-.8-1.600L6 15.800v-4.400a7 7 0 0 1 5-6.800V4a2 2 0 0 1 2-2z" {}
            path fill="currentColor" d="M10 22.200h6a3 3 0 0 1-6 0z" {}
        }
    }
}
