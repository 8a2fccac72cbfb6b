//! The first page: the verdict, what to do, what was seen.

use axum::extract::State;
use axum::response::Response;
use larum_core::time::Timestamp;
use larum_core::words::Words;
use larum_link::wire::WireWarning;
use maud::{Markup, html};

use super::devices::or_ask;
use super::finding::card;
use super::format::{moment, number};
use super::verdict::{Task, Verdict, tasks, verdict};
use super::{PageState, frame};
use crate::blocked::Counts;
use crate::blocklist::BlocklistState;
use crate::board::Posted;
use crate::health;
use crate::learned::{self, ClockRow};
use crate::tally::{Hour, Sum, hour_of};
use crate::unread::{self, OfDevice};

/// Most things to do shown; the rest is on the other pages.
const MAX_TASKS: usize = 8;
const HOURS: i64 = 24;

/// What the page shows, taken from the board at one moment.
struct Shown {
    verdict: Verdict,
    tasks: Vec<Task>,
    day: Sum,
    devices_heard: usize,
    blocked: Vec<(String, Counts)>,
    waiting: u64,
    unread: u64,
    hub: String,
    blocklist: Option<String>,
}

pub(super) async fn serve(State(state): State<PageState>) -> Response {
    let now = state.clock.now();
    let shown = look(&state, now);
    let words: &Words = &state.words;
    let heading = headline(&shown, words);
    let main = html! {
        (verdict_panel(&state, &shown, &heading))
        h2 { (words.say("page-do")) }
        @if shown.tasks.is_empty() {
            p { (words.say("page-do-nothing")) }
        }
        @for task in shown.tasks.iter().take(MAX_TASKS) {
            (task_card(&state, task))
        }
        @if shown.tasks.len() > MAX_TASKS {
            p { a href="/findings" { (words.say("page-do-more")) } }
        }
        h2 { (words.say("page-kept-out")) }
        (figures(&shown, words))
        (blocked_table(&shown.blocked, words))
        @if shown.unread > 0 {
            p {
                (words.say_with("page-unread-some", &[
                    ("unread", shown.unread.into()),
                    ("shown", number(shown.unread).into()),
                ]))
                " "
                a href="/devices#unread" { (words.say("page-unread-more")) }
            }
        }
        h2 { (words.say("page-hub")) }
        p { (hub_words(&shown.hub, words)) }
        @if let Some(list) = &shown.blocklist {
            p { (list) }
        }
    };
    super::html(frame::page(&state, "/", &heading, &main))
}

fn look(state: &PageState, now: Timestamp) -> Shown {
    let posted = state.board.lock();
    let tasks = tasks(&posted, state.config.alert_severity, now);
    let from = hour_of(now) - HOURS;
    let mut day = Sum::default();
    for (_, hour, sum) in posted.tally.rows() {
        if hour > from {
            day.add(sum);
        }
    }
    Shown {
        verdict: verdict(&posted, &tasks),
        tasks,
        unread: unread::unread_in(&day),
        day,
        devices_heard: posted.tally.heard_since(now.plus_seconds(-HOURS * 3_600)),
        blocked: seen(&posted, from + 1),
        waiting: posted.spool.waiting,
        hub: posted.hub.state.clone(),
        blocklist: posted
            .blocklist
            .as_ref()
            .map(|list| blocklist_words(&list.state(now), state, now)),
    }
}

/// What of the blocklist is served, and how old it is.
fn blocklist_words(list: &BlocklistState, state: &PageState, now: Timestamp) -> String {
    let fetched = health::moment_of(&list.fetched).unwrap_or(now);
    let age_seconds = now.millis_since(fetched) / 1_000;
    let words: &Words = &state.words;
    words.say_with(
        "page-blocklist",
        &[
            ("entries", list.entries.into()),
            ("devices", list.devices.into()),
            ("span", learned::span(age_seconds, words).into()),
        ],
    )
}

/// Attempts of attacks that are over, and of those still going on as far as they are known.
fn seen(posted: &Posted, from: Hour) -> Vec<(String, Counts)> {
    let mut blocked = posted.blocked.clone();
    for finding in posted.findings.iter().filter(|finding| finding.open) {
        blocked.enter_open(finding);
    }
    blocked.since(from)
}

fn headline(shown: &Shown, words: &Words) -> String {
    match shown.verdict {
        Verdict::Bad => words.say("page-verdict-bad"),
        Verdict::Look(count) => words.say_with("page-verdict-look", &[("count", count.into())]),
        Verdict::Quiet => words.say("page-verdict-quiet"),
        Verdict::Good => words.say("page-verdict-good"),
    }
}

fn verdict_panel(state: &PageState, shown: &Shown, heading: &str) -> Markup {
    let words: &Words = &state.words;
    let tone = match shown.verdict {
        Verdict::Bad => "bad",
        Verdict::Look(_) | Verdict::Quiet => "look",
        Verdict::Good => "good",
    };
    html! {
        div.verdict.(tone) {
            h1 { (heading) }
            @if shown.verdict == Verdict::Quiet {
                p { (words.say("page-verdict-quiet-text")) }
                ul { @for input in state.status.inputs() { li { code { (input) } } } }
            } @else {
                p {
                    (words.say_with("page-verdict-text", &[
                        ("received", number(shown.day.received()).into()),
                        ("devices", shown.devices_heard.into()),
                    ]))
                }
            }
        }
    }
}

fn task_card(state: &PageState, task: &Task) -> Markup {
    let words: &Words = &state.words;
    match task {
        Task::Attack(story) => html! {
            @if let Some(worst) = story.first() {
                (card(state, worst, story, &words.say("page-from-here")))
            }
        },
        Task::Warning(warning) => warning_card(state, warning),
        Task::Trouble(trouble) => html! {
            section.card.bad {
                p { span.tag { (words.say("page-from-self")) } }
                p { (words.say(&format!("trouble-{}", trouble.code()))) }
            }
        },
        Task::Concern(concern) => html! {
            section.card.look {
                h3 { (health::say(concern, words)) }
                p { (health::say_text(concern, &state.zone, words)) }
            }
        },
        Task::WrongClock(clock) => clock_card(state, clock),
        Task::Unread { device, lines } => unread_card(state, device, lines),
    }
}

fn clock_card(state: &PageState, clock: &ClockRow) -> Markup {
    let words: &Words = &state.words;
    let skew_seconds = clock.wrong_seconds.unwrap_or_default();
    let heading = if skew_seconds > 0 {
        "page-clock-ahead"
    } else {
        "page-clock-behind"
    };
    let device = match &clock.host {
        Some(host) => format!("{} ({host})", clock.device),
        None => clock.device.clone(),
    };
    let time = learned::right_time(clock, state.clock.now());
    html! {
        section.card.look {
            h3 {
                (words.say_with(heading, &[
                    ("device", device.into()),
                    ("span", learned::span(skew_seconds, words).into()),
                ]))
            }
            p { (words.say_with("page-clock-text", &[("time", time.into())])) }
        }
    }
}

/// What `device` sends that cannot be read, the greatest part in words, and what to do.
fn unread_card(state: &PageState, device: &str, lines: &OfDevice) -> Markup {
    let words: &Words = &state.words;
    html! {
        section.card.look {
            h3 {
                (words.say_with("page-unread-task", &[
                    ("device", device.into()),
                    ("unread", number(lines.unread).into()),
                    ("received", number(lines.received).into()),
                ]))
            }
            @if let Some(row) = lines.rows().next() {
                p { (row.say(&state.names, words)) " " (row.advice(words)) }
            }
            (or_ask(words))
            p { a href="/devices#unread" { (words.say("page-unread-more")) } }
        }
    }
}

fn warning_card(state: &PageState, warning: &WireWarning) -> Markup {
    let words: &Words = &state.words;
    let issued = moment(Timestamp::from_millis(warning.issued), &state.zone);
    html! {
        section.card.look {
            p { span.tag { (words.say("page-from-hub")) } " " span.quiet { (issued) } }
            h3 { (warning.title) }
            @if !warning.why.is_empty() {
                p { (words.say("page-why")) ": " (warning.why) }
            }
            @if !warning.actions.is_empty() {
                ol { @for action in &warning.actions { li { (action) } } }
            }
        }
    }
}

fn figures(shown: &Shown, words: &Words) -> Markup {
    let attempts = shown
        .blocked
        .iter()
        .map(|(_, counts)| counts.attempts)
        .sum();
    let blocked = shown.blocked.iter().map(|(_, counts)| counts.blocked).sum();
    let figures: [(u64, &str); 4] = [
        (shown.day.received(), "page-figure-lines"),
        (attempts, "page-figure-attempts"),
        (blocked, "page-figure-blocked"),
        (shown.waiting, "page-figure-waiting"),
    ];
    html! {
        ul.figures {
            @for (value, label) in figures {
                li { strong { (number(value)) } (words.say(label)) }
            }
        }
    }
}

fn blocked_table(blocked: &[(String, Counts)], words: &Words) -> Markup {
    html! {
        @if blocked.is_empty() {
            p { (words.say("page-kept-out-none")) }
        } @else {
            div.scroll {
                table {
                    thead {
                        tr {
                            th scope="col" { (words.say("page-kind")) }
                            th.number scope="col" { (words.say("page-attempts")) }
                            th.number scope="col" { (words.say("page-blocked")) }
                        }
                    }
                    tbody {
                        @for (category, counts) in blocked {
                            tr {
                                th scope="row" { (words.say(&format!("category-{category}"))) }
                                td.number { (number(counts.attempts)) }
                                td.number { (number(counts.blocked)) }
                            }
                        }
                    }
                }
            }
        }
    }
}

/// How things stand with the hub, in words.
pub(super) fn hub_words(hub: &str, words: &Words) -> String {
    let id = format!("hub-state-{hub}");
    if words.has(&id) {
        words.say(&id)
    } else {
        words.say_with("hub-state-other", &[("reason", hub.into())])
    }
}
