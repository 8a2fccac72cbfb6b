//! The report on paper: a page of 80 columns, colour only for a terminal that wants it.

use larum_core::finding::Severity;
use larum_core::report::{Detail, Report, Told};
use larum_core::words::Words;

/// Widest line, in characters.
const WIDTH: usize = 80;
/// Column at which answers begin.
const ANSWER_AT: usize = 14;
/// Lines of a page of paper: what has no room is told in short, and counted where there is none for that.
const PAGE_LINES: usize = 64;

/// Renders `report`: on one page, or all of it. A single story is told in full however long it is.
pub fn render(report: &Report, words: &Words, colour: bool, detail: Detail) -> String {
    let lay = |write: &dyn Fn(&mut Page)| {
        let mut page = Page {
            out: String::new(),
            colour,
        };
        write(&mut page);
        page.out
    };
    let head = lay(&|page| {
        page.wrapped(&report.about, 0, 0);
        page.blank();
        let verdict = page.emphasised(&report.verdict, report.level);
        page.wrapped(&verdict, 0, 0);
    });
    let tail = lay(&|page| page.tail(report));
    let timeline = lay(&|page| page.timeline(report));
    let told = |in_full: bool| -> Vec<String> {
        let numbered = (1..).zip(&report.stories);
        let each = numbered.map(|(number, told)| lay(&|page| page.story(number, told, in_full)));
        each.collect()
    };
    let (full, brief) = (told(true), told(false));
    // Two lines say what is left out; a blank one before them, and before what is told in short.
    let room = PAGE_LINES.saturating_sub(lines(&head) + lines(&tail) + 4);
    let urgent = report
        .severities
        .partition_point(|one| *one >= Severity::High);
    let shares = match detail {
        Detail::Page => share_out(&sizes(&full), &sizes(&brief), urgent, room),
        Detail::All => Shares {
            in_full: full.len(),
            told: full.len(),
        },
    };
    let mut stories: String = full.into_iter().take(shares.in_full).collect();
    if shares.told > shares.in_full {
        stories.push('\n');
        stories.extend(brief.into_iter().take(shares.told).skip(shares.in_full));
    }
    let summed = lay(&|page| page.summed(report, shares, words));
    let is_whole = shares.in_full == report.severities.len();
    let has_room = detail == Detail::All || lines(&stories) + lines(&timeline) <= room;
    let timeline = match is_whole && has_room {
        true => &*timeline,
        false => "",
    };
    [&*head, &*stories, &*summed, timeline, &*tail].concat()
}

fn lines(text: &str) -> usize {
    text.lines().count()
}

fn sizes(blocks: &[String]) -> Vec<usize> {
    blocks.iter().map(|block| lines(block)).collect()
}

/// How many stories are told, and how many of those in full: the first ones.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
struct Shares {
    in_full: usize,
    told: usize,
}

/// Shares `room` out to stories, by their sizes in lines. The first is told in full always. What is urgent may
/// fill three quarters of the room; then as many as possible are told in short; then as many of those as possible
/// in full.
fn share_out(full: &[usize], brief: &[usize], urgent: usize, room: usize) -> Shares {
    let sum = |in_full: usize, told: usize| -> usize {
        let full = full.iter().take(in_full);
        full.chain(brief.iter().take(told).skip(in_full)).sum()
    };
    let most = |from: usize, to: usize, fits: &dyn Fn(usize) -> bool| {
        (from..=to).take_while(|count| fits(*count)).last()
    };
    let first = full.len().min(1);
    let urgent = urgent.min(full.len());
    let urgent = most(first, urgent, &|count| sum(count, 0) <= room / 4 * 3).unwrap_or(first);
    let told = most(urgent, full.len(), &|count| sum(urgent, count) <= room).unwrap_or(urgent);
    let in_full = most(urgent, told, &|count| sum(count, told) <= room).unwrap_or(urgent);
    Shares { in_full, told }
}

struct Page {
    out: String,
    colour: bool,
}

impl Page {
    fn blank(&mut self) {
        self.out.push('\n');
    }

    fn story(&mut self, number: usize, told: &Told, in_full: bool) {
        if in_full {
            self.blank();
        }
        let number = format!("{number}. ");
        let level = self.emphasised(&told.level, Some(told.severity));
        let heading = format!("{number}{level}: {}", told.heading);
        self.wrapped(&heading, 0, number.len());
        if !in_full {
            self.wrapped(&told.brief, number.len(), number.len());
            return;
        }
        for (label, text) in &told.rows {
            self.row(number.len(), label, text);
        }
    }

    /// What the page leaves out: which stories are told in short, and how many not at all.
    fn summed(&mut self, report: &Report, shares: Shares, words: &Words) {
        let untold = report.severities.get(shares.told..).unwrap_or_default();
        let mut said = Vec::new();
        if shares.told > shares.in_full {
            let args = [
                ("number", (shares.told - shares.in_full).into()),
                ("from", (shares.in_full + 1).into()),
                ("to", shares.told.into()),
            ];
            said.push(words.say_with("scan-in-short", &args));
        }
        if !untold.is_empty() {
            let levels = Severity::ALL.iter().rev().filter_map(|severity| {
                let count = untold.iter().filter(|one| *one == severity).count();
                let args = [("level", severity.as_str().into())];
                let level = words.say_with("scan-level", &args);
                let args = [("level", level.into()), ("count", count.into())];
                (count > 0).then(|| words.say_with("scan-more-level", &args))
            });
            let levels = levels.collect::<Vec<_>>().join(", ");
            let args = [("number", untold.len().into()), ("levels", levels.into())];
            said.push(words.say_with("scan-more", &args));
        }
        if !said.is_empty() {
            said.push(words.say("scan-tell-all"));
            self.blank();
            self.wrapped(&said.join(" "), 0, 0);
        }
    }

    fn timeline(&mut self, report: &Report) {
        if report.timeline.is_empty() {
            return;
        }
        self.blank();
        self.wrapped(&report.timeline_heading, 0, 0);
        for (when, number, heading) in &report.timeline {
            let line = format!("{when}\u{a0}\u{a0}{number}.\u{a0}{heading}");
            self.wrapped(&line, 2, 23);
        }
    }

    fn tail(&mut self, report: &Report) {
        self.blank();
        let sums = [&report.most_tried, &report.background];
        for line in sums.into_iter().flatten() {
            self.wrapped(line, 0, 0);
        }
        for (index, line) in report.unread.iter().enumerate() {
            self.wrapped(line, if index == 0 { 0 } else { 2 }, 4);
        }
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

    fn words() -> Words {
        Words::of("en").unwrap()
    }

    fn told(severity: Severity, advice_lines: usize) -> Told {
        Told {
            severity,
            level: "Act now".into(),
            heading: "192.0.2.9 logged in \u{1b}[2J after many wrong passwords".into(),
            rows: vec![("Do this".into(), "word ".repeat(advice_lines * 12))],
            brief: "In short.".into(),
        }
    }

    fn report(stories: Vec<Told>, untold: &[Severity]) -> Report {
        let told = stories.iter().map(|told| told.severity);
        Report {
            about: "12 records from 1 file".into(),
            verdict: "Act now: somebody seems to have got in.".into(),
            level: Some(Severity::Critical),
            severities: told.chain(untold.iter().copied()).collect(),
            stories,
            most_tried: None,
            background: None,
            timeline: vec![("2026-10-12 01:00".into(), 1, "What came first".into())],
            timeline_heading: "What happened when".into(),
            unread: vec!["We could read everything.".into()],
        }
    }

    #[test]
    fn no_line_is_wider_than_the_page_and_attackers_cannot_steer_the_terminal() {
        let report = report(vec![told(Severity::Critical, 4)], &[]);
        let plain = render(&report, &words(), false, Detail::Page);
        assert!(
            plain.lines().all(|line| line.chars().count() <= WIDTH),
            "{plain}"
        );
        assert!(!plain.contains('\u{1b}'), "{plain}");
        assert!(plain.contains("   Do this       word word"), "{plain}");
        assert!(plain.contains("What came first"), "there is room: {plain}");
        let coloured = render(&report, &words(), true, Detail::Page);
        assert!(
            coloured.contains("\u{1b}[1;31mAct now\u{1b}[0m"),
            "{coloured}"
        );
        assert!(!coloured.contains("\u{1b}[2J"), "{coloured}");
    }

    /// Whatever there is to tell, it is a page, and every story is told, told in short or counted.
    #[test]
    fn a_page_holds_what_matters_and_counts_the_rest() {
        use Severity::{Critical, Medium};
        for (urgent, others, untold) in [(1, 2, 0), (1, 9, 0), (9, 9, 3), (24, 0, 40), (0, 24, 400)]
        {
            let stories = [
                vec![told(Critical, 9); urgent],
                vec![told(Medium, 5); others],
            ];
            let report = report(stories.concat(), &vec![Medium; untold]);
            let page = render(&report, &words(), false, Detail::Page);
            assert!(lines(&page) <= PAGE_LINES, "{page}");
            assert!(page.contains("word word"), "{page}");
            let shown = page.matches("192.0.2.9").count();
            let in_short = page.contains("In short.");
            assert_eq!(in_short, page.contains("Told in short: number"), "{page}");
            let left = urgent + others + untold - shown;
            let says = format!("No room here for {left} more (");
            assert_eq!(page.contains(&says), left > 0, "{left} left: {page}");
            let all = render(&report, &words(), false, Detail::All);
            assert!(!all.contains("In short."), "{all}");
            assert_eq!(all.contains("What came first"), untold == 0, "{all}");
        }
    }

    #[test]
    fn room_is_shared_out_worst_first() {
        let check = |full: &[usize], urgent: usize, room: usize, in_full: usize, told: usize| {
            let brief = vec![3; full.len()];
            let shares = share_out(full, &brief, urgent, room);
            assert_eq!(shares, Shares { in_full, told }, "{full:?}");
        };
        check(&[], 0, 30, 0, 0);
        check(&[10, 10, 10], 1, 30, 3, 3);
        check(&[10, 10, 10], 1, 24, 2, 3);
        check(&[10, 10, 10], 1, 20, 1, 3);
        check(&[10, 10, 10], 3, 28, 2, 3);
        check(&[10, 30, 4], 3, 30, 1, 3);
        check(&[28, 10], 2, 30, 1, 1);
        check(&[99, 10], 2, 30, 1, 1);
    }
}
