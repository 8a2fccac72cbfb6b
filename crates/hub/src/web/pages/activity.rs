//! What was tried and kept out: figures and a chart, over a day or a week.

use larum_core::time::Timestamp;
use maud::{Markup, html};

use crate::store::pages::Activity;
use crate::web::chart::{self, Chart, Series};
use crate::web::format::{clock, moment, number, short_date};
use crate::web::parts::{Tone, figure};
use crate::web::visit::Visit;

const HOUR_SECONDS: i64 = 3_600;
const DAY_SECONDS: i64 = 86_400;
/// What waits for less is only on its way.
const BEHIND_SECONDS: i64 = 60;

/// How far back.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Span {
    /// 24 hours, by hour.
    Day,
    /// 7 days, by day (of 24 hours, counted back from the current hour).
    Week,
}

impl Span {
    pub fn asked(text: &str) -> Self {
        if text == "week" {
            Self::Week
        } else {
            Self::Day
        }
    }

    const fn as_str(self) -> &'static str {
        match self {
            Self::Day => "day",
            Self::Week => "week",
        }
    }

    /// Length of one point and number of points.
    const fn points(self) -> (i64, usize) {
        match self {
            Self::Day => (HOUR_SECONDS, 24),
            Self::Week => (DAY_SECONDS, 7),
        }
    }

    /// From when to when: whole hours, the current one included.
    pub fn window(self, now: Timestamp) -> (Timestamp, Timestamp) {
        let (length, points) = self.points();
        let to = now.floor_to(HOUR_SECONDS).plus_seconds(HOUR_SECONDS);
        let back = length.saturating_mul(i64::try_from(points).unwrap_or(0));
        (to.plus_seconds(-back), to)
    }
}

/// What is said when the newest batches do not show yet, and have not for longer than usual.
fn behind(visit: &Visit<'_>) -> Option<String> {
    let since = visit.store().behind().ok()?.since?;
    let waited = visit.now.as_seconds().saturating_sub(since.as_seconds());
    let words = &*visit.state.words;
    let since = moment(words, since);
    (waited > BEHIND_SECONDS)
        .then(|| words.say_with("hub-activity-behind", &[("since", since.into())]))
}

/// The section; `address` is the page it stands on.
pub(super) fn section(visit: &Visit<'_>, span: Span, done: &Activity, address: &str) -> Markup {
    let sum = |outcomes: &[&str]| {
        outcomes
            .iter()
            .filter_map(|outcome| done.events.get(*outcome))
            .fold(0_u64, |sum, events| sum.saturating_add(*events))
    };
    let (blocked, tried, got_in) = (
        sum(&["blocked"]),
        sum(&["attempt", "unknown"]),
        sum(&["success"]),
    );
    let tone = if got_in > 0 { Tone::Bad } else { Tone::Good };
    html! {
        section aria-labelledby="activity" {
            h2 #activity { (visit.say("hub-activity")) }
            @if let Some(note) = behind(visit) { p.hint role="status" { (note) } }
            p.switch {
                @for choice in [Span::Day, Span::Week] {
                    @let label = visit.say(&format!("hub-span-{}", choice.as_str()));
                    @let current = (choice == span).then_some("true");
                    a href={ (address) "?show=" (choice.as_str()) "#activity" } aria-current=[current] { (label) }
                }
            }
            dl.figures {
                (figure(&number(blocked), &visit.say("hub-figure-blocked"), Tone::Good))
                (figure(&number(tried), &visit.say("hub-figure-tried"), Tone::Quiet))
                (figure(&number(got_in), &visit.say("hub-figure-got-in"), tone))
                (figure(&number(done.sources), &visit.say("hub-figure-sources"), Tone::Quiet))
            }
            @if done.cut { p.hint { (visit.say("hub-activity-cut")) } }
            (chart::bars(&visit.state.words, &picture(visit, span, done)))
        }
    }
}

fn picture(visit: &Visit<'_>, span: Span, done: &Activity) -> Chart {
    let words = &*visit.state.words;
    let (from, _) = span.window(visit.now);
    let (length, count) = span.points();
    let starts: Vec<Timestamp> = (0_i64..)
        .take(count)
        .map(|index| from.plus_seconds(index * length))
        .collect();
    let values: Vec<u64> = starts
        .iter()
        .map(|start| {
            done.hours
                .range(*start..start.plus_seconds(length))
                .fold(0_u64, |sum, (_, events)| sum.saturating_add(*events))
        })
        .collect();
    let name = |start: &Timestamp| match span {
        Span::Day => clock(*start),
        Span::Week => short_date(words, *start),
    };
    let every = if span == Span::Day { 6 } else { 1 };
    let most = starts.iter().zip(&values).max_by_key(|(_, value)| **value);
    let summary = match most {
        Some((start, most)) if *most > 0 => visit.say_with(
            &format!("hub-activity-summary-{}", span.as_str()),
            &[
                ("shown", number(*most).into()),
                ("when", name(start).into()),
            ],
        ),
        _ => visit.say("hub-activity-none"),
    };
    Chart {
        id: "attempts",
        title: visit.say(&format!("hub-activity-chart-{}", span.as_str())),
        summary,
        axis: visit.say(&format!("hub-axis-{}", span.as_str())),
        points: starts
            .iter()
            .map(|start| match span {
                Span::Day => format!("{} {}", short_date(words, *start), clock(*start)),
                Span::Week => short_date(words, *start),
            })
            .collect(),
        ticks: starts
            .iter()
            .enumerate()
            .filter(|(index, _)| index % every == 0)
            .map(|(index, start)| (index, name(start)))
            .collect(),
        mark: None,
        series: vec![Series {
            name: visit.say("hub-attempts"),
            values,
        }],
    }
}
