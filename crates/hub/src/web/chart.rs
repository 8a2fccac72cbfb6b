//! Charts: SVG made on the server, each with a table twin, so that no number is in the picture only.
//!
//! Colour is never the only sign: the second line is dashed and both are named at their end. Colours
//! come from the style sheet, so that the charts follow light and dark and print.

use std::fmt::Write as _;

use larum_core::words::Words;
use maud::{Markup, html};

use super::format::number;
use super::parts::{raw, table, text};

/// Size of the drawing, in its own units; the page scales it.
const WIDTH: f64 = 720.0;
const HEIGHT: f64 = 240.0;
const LEFT: f64 = 72.0;
const RIGHT: f64 = 12.0;
const TOP: f64 = 18.0;
const BOTTOM: f64 = 30.0;
/// Width of a letter beside the axis, on a wide and on a narrow page (`.label` in the style sheet).
const LETTER: f64 = 7.0;
const LETTER_NARROW: f64 = 12.5;
/// Most points of one chart; further ones are left out.
const MAX_POINTS: usize = 400;

/// A row of points along the time axis.
pub(super) struct Series {
    /// What it counts.
    pub name: String,
    pub values: Vec<u64>,
}

/// What a chart shows.
pub(super) struct Chart {
    /// Unique on the page.
    pub id: &'static str,
    pub title: String,
    /// What the picture says, in a sentence.
    pub summary: String,
    /// Head of the first column of the table.
    pub axis: String,
    /// Each point's name in the table.
    pub points: Vec<String>,
    /// Which points are named on the axis, and how.
    pub ticks: Vec<(usize, String)>,
    /// A point to mark with a line from top to bottom, and what happened there.
    pub mark: Option<(usize, String)>,
    pub series: Vec<Series>,
}

/// As bars; the first series only.
pub(super) fn bars(words: &Words, chart: &Chart) -> Markup {
    let plane = Plane::of(chart);
    let mut drawing = plane.grid(chart);
    if let Some(series) = chart.series.first() {
        let slot = plane.slot();
        let gap = if slot > 6.0 { slot * 0.2 } else { 0.4 };
        for (index, value) in series.values.iter().take(MAX_POINTS).enumerate() {
            if *value == 0 {
                continue;
            }
            let (x, y) = (plane.x(index) - slot / 2.0 + gap / 2.0, plane.y(*value));
            // A bar of a single event among thousands still shows.
            let height = (HEIGHT - BOTTOM - y).max(2.0);
            let y = HEIGHT - BOTTOM - height;
            push(
                &mut drawing,
                format_args!(
                    r#"<rect class="bar" x="{x:.1}" y="{y:.1}" width="{:.1}" height="{height:.1}" rx="1.5"/>"#,
                    (slot - gap).max(0.6)
                ),
            );
        }
    }
    frame(words, chart, drawing)
}

/// As lines, one for each series.
pub(super) fn lines(words: &Words, chart: &Chart) -> Markup {
    let plane = Plane::of(chart);
    let mut drawing = plane.grid(chart);
    for (order, series) in chart.series.iter().enumerate() {
        let mut path = String::new();
        for (index, value) in series.values.iter().take(MAX_POINTS).enumerate() {
            let letter = if index == 0 { 'M' } else { 'L' };
            push(
                &mut path,
                format_args!("{letter}{:.1} {:.1}", plane.x(index), plane.y(*value)),
            );
        }
        push(
            &mut drawing,
            format_args!(r#"<path class="line line-{}" d="{path}"/>"#, order + 1),
        );
    }
    frame(words, chart, drawing)
}

/// Where things go.
struct Plane {
    points: usize,
    most: u64,
}

impl Plane {
    fn of(chart: &Chart) -> Self {
        let most = chart
            .series
            .iter()
            .flat_map(|series| series.values.iter().copied())
            .max()
            .unwrap_or(0);
        Self {
            points: chart.points.len().clamp(1, MAX_POINTS),
            most: round_up(most),
        }
    }

    fn slot(&self) -> f64 {
        (WIDTH - LEFT - RIGHT) / float(self.points)
    }

    fn x(&self, index: usize) -> f64 {
        LEFT + self.slot() * (float(index) + 0.5)
    }

    fn y(&self, value: u64) -> f64 {
        let share = wide(value.min(self.most)) / wide(self.most);
        HEIGHT - BOTTOM - share * (HEIGHT - BOTTOM - TOP)
    }

    /// Lines with numbers at nothing, half and all; names along the axis; the mark.
    fn grid(&self, chart: &Chart) -> String {
        let mut drawing = String::new();
        let mut levels = vec![0, self.most / 2, self.most];
        levels.dedup();
        for value in levels {
            let y = self.y(value);
            push(
                &mut drawing,
                format_args!(
                    r#"<path class="grid" d="M{LEFT} {y:.1}H{:.1}"/><text class="label" x="{:.1}" y="{:.1}" text-anchor="end">{}</text>"#,
                    WIDTH - RIGHT,
                    LEFT - 8.0,
                    y + 4.0,
                    number(value)
                ),
            );
        }
        self.names(&mut drawing, &chart.ticks);
        if let Some((index, label)) = &chart.mark {
            let x = self.x(*index);
            let (anchor, shift) = if x > WIDTH * 0.6 {
                ("end", -6.0)
            } else {
                ("start", 6.0)
            };
            push(
                &mut drawing,
                format_args!(
                    r#"<path class="mark" d="M{x:.1} {TOP}V{:.1}"/><text class="label strong" x="{:.1}" y="{:.1}" text-anchor="{anchor}">{}</text>"#,
                    HEIGHT - BOTTOM,
                    x + shift,
                    TOP + 8.0,
                    escape(label)
                ),
            );
        }
        drawing
    }

    /// Names along the axis, none over another: on a narrow page, where letters are larger, fewer.
    fn names(&self, drawing: &mut String, ticks: &[(usize, String)]) {
        let (mut free, mut free_narrow) = (0.0, 0.0);
        for (index, label) in ticks {
            let x = self.x(*index);
            let anchor = match x {
                x if x < LEFT + 24.0 => "start",
                x if x > WIDTH - RIGHT - 24.0 => "end",
                _ => "middle",
            };
            // Where it begins and ends with letters of this size.
            let span = |letter: f64| {
                let width = letter * float(label.chars().count());
                match anchor {
                    "start" => (x, x + width),
                    "end" => (x - width, x),
                    _ => (x - width / 2.0, x + width / 2.0),
                }
            };
            let ((start, end), (start_narrow, end_narrow)) = (span(LETTER), span(LETTER_NARROW));
            if start < free {
                continue;
            }
            free = end + LETTER;
            let class = if start_narrow < free_narrow {
                "label wide"
            } else {
                free_narrow = end_narrow + LETTER_NARROW;
                "label"
            };
            push(
                drawing,
                format_args!(
                    r#"<text class="{class}" x="{x:.1}" y="{:.1}" text-anchor="{anchor}">{}</text>"#,
                    HEIGHT - 8.0,
                    escape(label)
                ),
            );
        }
    }
}

fn frame(words: &Words, chart: &Chart, drawing: String) -> Markup {
    let head: Vec<String> = std::iter::once(chart.axis.clone())
        .chain(chart.series.iter().map(|series| series.name.clone()))
        .collect();
    let rows: Vec<Vec<Markup>> = chart
        .points
        .iter()
        .take(MAX_POINTS)
        .enumerate()
        .map(|(index, point)| {
            let values = chart
                .series
                .iter()
                .map(|series| text(&number(series.values.get(index).copied().unwrap_or(0))));
            std::iter::once(text(point)).chain(values).collect()
        })
        .collect();
    html! {
        figure.chart {
            figcaption {
                strong { (chart.title) }
                @if chart.series.len() > 1 {
                    ul.legend {
                        @for (order, series) in chart.series.iter().enumerate() {
                            li {
                                svg width="34" height="10" viewBox="0 0 34 10" aria-hidden="true" focusable="false" {
                                    path class={ "line line-" (order + 1) } d="M1 5H33" {}
                                }
                                (series.name)
                            }
                        }
                    }
                }
            }
            svg.plot viewBox={ "0 0 " (WIDTH) " " (HEIGHT) } role="img"
                aria-labelledby={ (chart.id) "-title " (chart.id) "-desc" } {
                title id={ (chart.id) "-title" } { (chart.title) }
                desc id={ (chart.id) "-desc" } { (chart.summary) }
                (raw(drawing))
            }
            p.summary { (chart.summary) }
            details {
                summary { (words.say("hub-chart-table")) }
                (table(&chart.title, &head, &rows))
            }
        }
    }
}

/// The next of 2, 4, 6, 10, 20, 40 … so that half of it is whole.
fn round_up(most: u64) -> u64 {
    let mut unit = 1_u64;
    loop {
        for step in [2, 4, 6, 10] {
            let level = unit.saturating_mul(step);
            if level >= most || level == u64::MAX {
                return level;
            }
        }
        unit = unit.saturating_mul(10);
    }
}

fn float(number: usize) -> f64 {
    u32::try_from(number).map_or(f64::from(u32::MAX), f64::from)
}

/// A drawing needs no more than six digits.
fn wide(number: u64) -> f64 {
    let shift = (64 - number.leading_zeros()).saturating_sub(32);
    let top = u32::try_from(number >> shift).map_or(f64::from(u32::MAX), f64::from);
    top * f64::from(2_u32).powi(i32::try_from(shift).unwrap_or(0))
}

fn push(text: &mut String, piece: std::fmt::Arguments<'_>) {
    // Writing into memory does not fail.
    text.write_fmt(piece).ok();
}

fn escape(text: &str) -> String {
    html! { (text) }.into_string()
}

#[cfg(test)]
mod tests {
    use super::*;

    fn chart(values: Vec<u64>) -> Chart {
        Chart {
            id: "c",
            title: "A <title>".into(),
            summary: "Most at one.".into(),
            axis: "Hour".into(),
            points: (0..values.len())
                .map(|hour| format!("{hour:02}:00"))
                .collect(),
            ticks: vec![(0, "<00".into())],
            mark: Some((1, "called".into())),
            series: vec![Series {
                name: "Attempts".into(),
                values,
            }],
        }
    }

    #[test]
    fn the_axis_ends_on_a_round_number() {
        for (most, expected) in [
            (0, 2),
            (2, 2),
            (3, 4),
            (5, 6),
            (7, 10),
            (11, 20),
            (4_212, 6_000),
        ] {
            assert_eq!(round_up(most), expected, "{most}");
        }
        assert!(round_up(u64::MAX) > 0);
    }

    #[test]
    fn wide_numbers_keep_their_size() {
        for (number, expected) in [
            (0, 0.0),
            (1, 1.0),
            (4_212, 4_212.0),
            (1 << 32, 4_294_967_296.0),
        ] {
            assert!((wide(number) - expected).abs() < 1.0, "{number}");
        }
        assert!((wide(1 << 40) - 1_099_511_627_776.0).abs() < 1.0);
    }

    #[test]
    fn names_along_the_axis_do_not_stand_over_each_other() {
        let words = Words::of("en").unwrap();
        let mut chart = chart((0..29).collect());
        chart.ticks = (0..29)
            .step_by(4)
            .map(|hour| (hour, format!("{hour:02}:00")))
            .chain([(28, "last".into())])
            .collect();
        let html = bars(&words, &chart).into_string();
        assert!(html.contains("28:00") && !html.contains("last"));
        let (narrow, wide) = (
            html.matches("class=\"label\"").count(),
            html.matches("label wide").count(),
        );
        // Three numbers beside the drawing; the eight names, not all of them on a narrow page.
        assert_eq!(narrow - 3 + wide, 8);
        assert!(wide > 0 && narrow > 3 + 4, "{wide} {narrow}");
    }

    #[test]
    fn every_number_stands_in_the_table_and_nothing_is_markup() {
        let words = Words::of("en").unwrap();
        for drawn in [
            bars(&words, &chart(vec![3, 0, 4_212])),
            lines(&words, &chart(vec![3, 0, 4_212])),
        ] {
            let html = drawn.into_string();
            for expected in [
                "<td data-label=\"Attempts\">4,212</td>",
                "A &lt;title&gt;",
                "&lt;00",
                "role=\"img\"",
            ] {
                assert!(html.contains(expected), "{expected} in {html}");
            }
            assert!(!html.contains("NaN") && !html.contains("inf"));
        }
        // Nothing at all still draws.
        assert!(bars(&words, &chart(vec![])).into_string().contains("<svg"));
    }
}
