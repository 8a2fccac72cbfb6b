//! Findings: the page of the newest, and one as a card.

use axum::extract::State;
use axum::response::Response;
use larum_core::finding::Severity;
use larum_core::time::Timestamp;
use larum_core::words::Words;
use maud::{Markup, html};

use super::format::{moment, number};
use super::{PageState, frame};
use crate::findings::KeptFinding;

/// Most stories on the page.
const MAX_SHOWN: usize = 100;
/// Most steps of one story told.
const MAX_STEPS: usize = 10;
/// Most addresses named on a card.
const MAX_NAMED: usize = 5;

pub(super) async fn serve(State(state): State<PageState>) -> Response {
    let newest: Vec<Vec<KeptFinding>> = {
        let posted = state.board.lock();
        let stories = posted.findings.stories().into_iter().take(MAX_SHOWN);
        stories
            .map(|story| story.into_iter().cloned().collect())
            .collect()
    };
    let words: &Words = &state.words;
    let heading = words.say("page-findings");
    let main = html! {
        h1 { (heading) }
        @if newest.is_empty() {
            p { (words.say("page-findings-none")) }
        } @else {
            p { (words.say_with("page-findings-text", &[("count", newest.len().into())])) }
        }
        @for story in &newest {
            @if let Some(worst) = story.first() {
                (card(&state, worst, story, &words.say(&format!("category-{}", worst.category))))
            }
        }
    };
    super::html(frame::page(&state, "/findings", &heading, &main))
}

/// One story: its worst finding, and the others as steps.
pub(super) fn card(
    state: &PageState,
    finding: &KeptFinding,
    story: &[KeptFinding],
    tag: &str,
) -> Markup {
    let words: &Words = &state.words;
    let tone = match finding.severity() {
        Severity::High | Severity::Critical => "bad",
        Severity::Medium => "look",
        Severity::Low | Severity::Info => "plain",
    };
    let severity = words.say_with("severity", &[("level", finding.severity.as_str().into())]);
    html! {
        section.card.(tone) {
            p { span.tag { (severity) } " " span.quiet { (tag) } }
            h3 { (finding.title) }
            @if !finding.advice.is_empty() { p { (finding.advice) } }
            dl {
                dt { (words.say("page-who")) }
                dd { (who(state, finding)) }
                dt { (words.say("page-when")) }
                dd { (when(state, finding)) }
                dt { (words.say("page-outcome")) }
                dd { (words.say(&format!("page-outcome-{}", finding.outcome))) }
            }
            (steps(state, story))
            details {
                summary { (words.say("page-evidence")) }
                dl {
                    dt { (words.say("page-count")) }
                    dd { (count(finding.count, words)) }
                    dt { (words.say("page-device")) }
                    dd { (finding.device) }
                    dt { (words.say("page-confidence")) }
                    dd { (finding.confidence) " %" }
                    @if !finding.attack.is_empty() {
                        dt { (words.say("page-attack")) }
                        dd { (finding.attack.join(", ")) }
                    }
                    @for (name, value) in &finding.evidence {
                        dt { (name.replace('_', " ")) }
                        dd { (value) }
                    }
                }
            }
        }
    }
}

/// What the attacker did, in order of time, when it was more than one thing.
fn steps(state: &PageState, story: &[KeptFinding]) -> Markup {
    let mut steps: Vec<&KeptFinding> = story.iter().collect();
    steps.sort_by_key(|step| (step.first, &step.id));
    let beyond = steps.len().saturating_sub(MAX_STEPS);
    let words: &Words = &state.words;
    html! {
        @if steps.len() > 1 {
            h4 { (words.say("page-steps")) }
            ol {
                @for step in steps.into_iter().take(MAX_STEPS) {
                    li {
                        span.quiet { (moment(Timestamp::from_millis(step.first), &state.zone)) }
                        " " (step.title)
                    }
                }
            }
            @if beyond > 0 {
                p.quiet { (words.say_with("page-steps-more", &[("count", beyond.into())])) }
            }
        }
    }
}

/// The sources by address, and what a device of the firm calls itself.
fn who(state: &PageState, finding: &KeptFinding) -> String {
    let words: &Words = &state.words;
    if finding.sources.is_empty() {
        return words.say("page-nobody");
    }
    let mut named: Vec<String> = {
        let posted = state.board.lock();
        let shown = finding.sources.iter().take(MAX_NAMED);
        shown
            .map(|ip| match posted.names.of(*ip) {
                Some(name) => {
                    let args = [("address", ip.to_string().into()), ("name", name.into())];
                    words.say_with("page-calls-itself", &args)
                }
                None => ip.to_string(),
            })
            .collect()
    };
    let more = finding.sources.len().saturating_sub(MAX_NAMED);
    if more > 0 {
        named.push(words.say_with("page-parcel-more", &[("count", more.into())]));
    }
    named.join(", ")
}

fn when(state: &PageState, finding: &KeptFinding) -> String {
    let first = moment(Timestamp::from_millis(finding.first), &state.zone);
    let last = moment(finding.last(), &state.zone);
    let span = if first == last {
        first
    } else {
        format!("{first} – {last}")
    };
    if finding.open {
        format!("{span} ({})", state.words.say("page-going-on"))
    } else {
        span
    }
}

fn count(count: u64, words: &Words) -> String {
    if count == 1 {
        words.say("page-once")
    } else {
        words.say_with("page-times", &[("count", number(count).into())])
    }
}
