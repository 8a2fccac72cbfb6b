//! The report on paper: 80 columns, colour only for a terminal that wants it.

use larum_core::finding::Severity;
use larum_core::report::Report;

/// Widest line, in characters.
const WIDTH: usize = 80;
/// Column at which answers begin.
const ANSWER_AT: usize = 16;

/// Renders `report`.
pub fn render(report: &Report, colour: bool) -> String {
    let mut page = Page {
        out: String::new(),
        colour,
    };
    page.wrapped(&report.about, 0, 0);
    page.blank();
    let verdict = page.emphasised(&report.verdict, report.level);
    page.wrapped(&verdict, 0, 0);
    for (index, told) in report.stories.iter().enumerate() {
        page.blank();
        let number = format!("{}. ", index + 1);
        let level = page.emphasised(&told.level, Some(told.severity));
        page.wrapped(
            &format!("{number}{level}: {}", told.heading),
            0,
            number.len(),
        );
        for (label, text) in &told.rows {
            page.row(number.len(), label, text);
        }
    }
    let sums = [&report.more, &report.most_tried, &report.background];
    for line in sums.into_iter().flatten() {
        page.blank();
        page.wrapped(line, 0, 0);
    }
    if !report.timeline.is_empty() {
        page.blank();
        page.wrapped(&report.timeline_heading, 0, 0);
        for (when, number, heading) in &report.timeline {
            page.wrapped(
                &format!("{when}\u{a0}\u{a0}{number}.\u{a0}{heading}"),
                2,
                23,
            );
        }
    }
    page.blank();
    for (index, line) in report.unread.iter().enumerate() {
        page.wrapped(line, if index == 0 { 0 } else { 2 }, 4);
    }
    page.out
}

struct Page {
    out: String,
    colour: bool,
}

impl Page {
    fn blank(&mut self) {
        self.out.push('\n');
    }

    fn row(&mut self, indent: usize, label: &str, text: &str) {
        let gap = ANSWER_AT.saturating_sub(label.chars().count()).max(1);
        let line = format!("{label}{}{text}", "\u{a0}".repeat(gap));
        self.wrapped(&line, indent, indent + ANSWER_AT);
    }

    /// Words of `text` in lines of at most [`WIDTH`] columns; the first is indented by `first`, the
    /// others by `rest`. Blanks that must stay are written as no-break spaces.
    fn wrapped(&mut self, text: &str, first: usize, rest: usize) {
        let text = without_controls(text, self.colour);
        let mut line = " ".repeat(first);
        let mut column = first;
        let mut begun = false;
        for word in text.split(' ').filter(|word| !word.is_empty()) {
            let width = visible_width(word);
            if begun && column + 1 + width > WIDTH {
                self.line(&line);
                line = " ".repeat(rest);
                column = rest;
                begun = false;
            }
            if begun {
                line.push(' ');
                column += 1;
            }
            line.push_str(word);
            column += width;
            begun = true;
        }
        self.line(&line);
    }

    fn line(&mut self, line: &str) {
        self.out.push_str(&line.replace('\u{a0}', " "));
        self.out.push('\n');
    }

    fn emphasised(&self, text: &str, level: Option<Severity>) -> String {
        if !self.colour {
            return text.to_owned();
        }
        let code = match level {
            Some(Severity::Critical | Severity::High) => "1;31",
            Some(Severity::Medium) => "1;33",
            _ => "1",
        };
        format!("\u{1b}[{code}m{text}\u{1b}[0m")
    }
}

/// What attackers write must not steer the terminal: control characters become dots, except our own
/// colour codes, which have a fixed form.
fn without_controls(text: &str, colour: bool) -> String {
    const OURS: &[&str] = &["\u{1b}[1;31m", "\u{1b}[1;33m", "\u{1b}[1m", "\u{1b}[0m"];
    let mut out = String::with_capacity(text.len());
    let mut rest = text;
    while let Some(first) = rest.chars().next() {
        let ours = OURS.iter().find(|code| colour && rest.starts_with(**code));
        let taken = if let Some(code) = ours {
            out.push_str(code);
            code.len()
        } else {
            // Marks that change the writing direction can hide text as well.
            let hidden = matches!(first, '\u{200e}' | '\u{200f}' | '\u{202a}'..='\u{202e}' | '\u{2066}'..='\u{2069}');
            out.push(if first.is_control() || hidden {
                '·'
            } else {
                first
            });
            first.len_utf8()
        };
        rest = rest.get(taken..).unwrap_or("");
    }
    out
}

/// Columns a word takes, colour codes not counted.
fn visible_width(word: &str) -> usize {
    let mut width = 0;
    let mut in_code = false;
    for character in word.chars() {
        match character {
            '\u{1b}' => in_code = true,
            'm' if in_code => in_code = false,
            _ if in_code => {}
            _ => width += 1,
        }
    }
    width
}

#[cfg(test)]
mod tests {
    use super::*;
    use larum_core::report::Told;

    fn report() -> Report {
        Report {
            about: "12 records from 1 file".into(),
            verdict: "Act now: somebody seems to have got in.".into(),
            level: Some(Severity::Critical),
            stories: vec![Told {
                severity: Severity::Critical,
                level: "Act now".into(),
                heading: "192.0.2.9 logged in \u{1b}[2J after many wrong passwords".into(),
                rows: vec![("Do this".into(), "word ".repeat(40))],
            }],
            more: None,
            most_tried: None,
            background: None,
            timeline: Vec::new(),
            timeline_heading: String::new(),
            unread: vec!["We could read everything.".into()],
        }
    }

    #[test]
    fn no_line_is_wider_than_the_page_and_attackers_cannot_steer_the_terminal() {
        let plain = render(&report(), false);
        assert!(
            plain.lines().all(|line| line.chars().count() <= WIDTH),
            "{plain}"
        );
        assert!(!plain.contains('\u{1b}'), "{plain}");
        assert!(plain.contains("   Do this         word word"), "{plain}");
        let coloured = render(&report(), true);
        assert!(
            coloured.contains("\u{1b}[1;31mAct now\u{1b}[0m"),
            "{coloured}"
        );
        assert!(!coloured.contains("\u{1b}[2J"), "{coloured}");
    }
}
