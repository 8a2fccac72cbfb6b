//! The frame around every page: masthead, navigation, main part, foot.

use larum_core::words::Words;
use maud::{DOCTYPE, Markup, html};

use super::WebState;
use super::answer::{Answer, Problem};
use crate::access::{self, Action, Viewer};

/// What the frame shows beside the page.
pub(super) struct Frame<'a> {
    pub state: &'a WebState,
    pub viewer: Option<&'a Viewer>,
    pub path: &'a str,
    /// Whether parts of the page refresh themselves.
    pub live: bool,
    /// Whether the page talks to passkeys.
    pub passkey: bool,
}

/// Address, message, and what one must be allowed to do to see the entry.
const NAVIGATION: &[(&str, &str, Action)] = &[
    ("/firms", "hub-firms-mine", Action::FirmList),
    ("/home", "hub-nav-home", Action::OwnRead),
    ("/home/leaving", "hub-nav-leaving", Action::OwnRead),
    ("/home/blocklist", "hub-nav-blocklist", Action::OwnRead),
    ("/home/readers", "hub-nav-readers", Action::OwnRead),
    ("/home/install", "hub-nav-install", Action::JoinAct),
    ("/home/people", "hub-nav-people", Action::StaffAct),
    ("/threats", "hub-nav-threats", Action::ThreatList),
    ("/members", "hub-nav-members", Action::MemberList),
    ("/applications", "hub-nav-applications", Action::VetRead),
    ("/sharing", "hub-nav-sharing", Action::ShareAct),
    ("/exports", "hub-nav-exports", Action::ExportAct),
    ("/emergency", "hub-nav-emergency", Action::EmergencyAct),
    ("/admin", "hub-nav-admin", Action::AdminRead),
    ("/admin/members", "hub-nav-admin-members", Action::AdminRead),
    (
        "/admin/collectors",
        "hub-nav-admin-collectors",
        Action::AdminRead,
    ),
    ("/admin/people", "hub-nav-admin-people", Action::AdminRead),
    ("/account", "hub-nav-account", Action::Account),
    ("/keys", "hub-nav-keys", Action::Account),
];

/// A whole page.
pub(super) fn page(frame: &Frame<'_>, heading: &str, main: &Markup) -> Markup {
    let words = &*frame.state.words;
    let title = words.say_with("hub-title", &[("heading", heading.into())]);
    html! {
        (DOCTYPE)
        html lang="en-GB" {
            head {
                meta charset="utf-8";
                meta name="viewport" content="width=device-width, initial-scale=1";
                meta name="color-scheme" content="light dark";
                title { (title) }
                link rel="stylesheet" href="/style.css";
                link rel="icon" href="/mark.svg" type="image/svg+xml";
                @if frame.live { script type="module" src="/live.js" {} }
                @if frame.passkey { script type="module" src="/passkey.js" {} }
            }
            body {
                a.skip href="#main" { (words.say("hub-skip")) }
                (masthead(frame))
                main #main tabindex="-1" { (main) }
                (foot(words))
            }
        }
    }
}

fn masthead(frame: &Frame<'_>) -> Markup {
    let words = &*frame.state.words;
    html! {
        header.masthead {
            div.bar {
                a.brand href="/" {
                    (bell())
                    span { (words.say("product")) }
                }
                @if let Some(viewer) = frame.viewer {
                    div.who {
                        span.name {
                            (viewer.name)
                            @if viewer.emergency { span.role { (words.say("hub-role-emergency")) } }
                            @else { span.role { (words.say(&format!("hub-role-{}", viewer.role))) } }
                        }
                        form method="post" action="/sign-out" {
                            button.plain type="submit" { (words.say("hub-sign-out")) }
                        }
                    }
                }
            }
            @if frame.viewer.is_some() { (navigation(frame)) }
            @if frame.viewer.is_some_and(|viewer| viewer.emergency) {
                form.bar method="post" action="/emergency/end" {
                    button.danger type="submit" { (words.say("hub-emergency-end")) }
                }
            }
        }
    }
}

fn navigation(frame: &Frame<'_>) -> Markup {
    let words = &*frame.state.words;
    let entries = NAVIGATION.iter().filter(|(.., action)| {
        // Proving oneself again is one step more, no reason to hide the way.
        matches!(
            access::enter(frame.viewer, *action),
            Ok(_) | Err(access::Denied::NotFresh)
        )
    });
    html! {
        nav aria-label=(words.say("hub-nav")) {
            ul {
                @for (address, label, _) in entries {
                    li {
                        @let current = here(frame.path, address);
                        a href=(address) aria-current=[current] { (words.say(label)) }
                    }
                }
            }
        }
    }
}

/// `page` for the page itself, `true` for the part of the house a page below it belongs to.
fn here(path: &str, address: &str) -> Option<&'static str> {
    if path == address {
        return Some("page");
    }
    // A page below `/threats/` belongs to it; below `/home/` and `/admin/` stand entries of their own.
    let below = path
        .strip_prefix(address)
        .is_some_and(|rest| rest.starts_with('/'));
    (below && matches!(address, "/threats" | "/members" | "/applications")).then_some("true")
}

fn foot(words: &Words) -> Markup {
    html! {
        footer {
            div.inside {
                p { (words.say("hub-foot")) }
                p { a href="/help" { (words.say("hub-help")) } }
            }
        }
    }
}

/// The mark: a bell that has just been struck.
fn bell() -> Markup {
    html! {
        svg.bell viewBox="0 0 32 32" width="32" height="32" aria-hidden="true" focusable="false" {
            path.cup d="M16 4.5c-4.7 0-7.6 3.5-7.6 8.2v5.1L6 21.6v1.6h20v-1.6l-2.4-3.8v-5.1c0-4.7-2.9-8.2-7.6-8.2Z" {}
            path.cup d="M13 25h6a3 3 0 0 1-6 0Z" {}
            path.wave d="M5.4 7.6a11 11 0 0 0-2 6.4M26.6 7.6a11 11 0 0 1 2 6.4" {}
        }
    }
}

/// The page that says what is wrong and what to do.
pub(super) fn problem(
    state: &WebState,
    viewer: Option<&Viewer>,
    path: &str,
    problem: &Problem,
) -> Answer {
    if let Problem::Failed(cause) | Problem::Away(cause) = problem {
        tracing::error!(cause, "a page failed");
    }
    let words = &*state.words;
    let heading = words.say(&format!("hub-problem-{}", problem.as_str()));
    let main = html! {
        h1 { (heading) }
        p.lead { (words.say(&format!("hub-problem-{}-do", problem.as_str()))) }
        p {
            @if viewer.is_some() {
                a href="/" { (words.say("hub-problem-start")) }
            } @else {
                a href="/sign-in" { (words.say("hub-problem-sign-in")) }
            }
        }
    };
    let frame = Frame {
        state,
        viewer,
        path,
        live: false,
        passkey: false,
    };
    Answer::page(page(&frame, &heading, &main)).with_status(problem.status())
}
