//! Answers about a capture: one for each thing said, each flow, and each packet that is in no flow.

use std::io::{self, Write as _};

use larum_core::event::{Event, write_event, write_reject};
use larum_packet::Unread;
use larum_packet::flow::Tell;

use super::{Answers, describe, refused};

/// Writes what a meter tells; remembers the first trouble in writing.
pub struct Telling<'t, 'a> {
    answers: &'t mut Answers<'a>,
    result: io::Result<()>,
}

impl<'t, 'a> Telling<'t, 'a> {
    pub const fn new(answers: &'t mut Answers<'a>) -> Self {
        Self {
            answers,
            result: Ok(()),
        }
    }

    /// Whether everything could be written.
    pub fn done(self) -> io::Result<()> {
        self.result
    }

    fn write_line(&mut self) {
        if self.result.is_ok() {
            self.answers.line.push('\n');
            self.result = self.answers.out.write_all(self.answers.line.as_bytes());
        }
    }
}

impl Tell for Telling<'_, '_> {
    fn event(&mut self, event: &mut Event<'_>) {
        event.direction = self.answers.own.direction(event);
        self.answers.line.clear();
        if self.answers.json {
            write_event(event, None, &mut self.answers.line);
        } else {
            describe(event, &mut self.answers.line);
        }
        self.write_line();
    }

    fn unread(&mut self, reason: Unread, packets: u64) {
        for _ in 0..packets {
            let line = &mut self.answers.line;
            line.clear();
            if self.answers.json {
                write_reject(reason.reject(), None, line);
                // The form ends with a brace, and has a key before it.
                line.pop();
                line.push_str(",\"packet\":\"");
                line.push_str(reason.code());
                line.push_str("\"}");
            } else {
                refused(reason.reject(), None, self.answers.words, line);
            }
            self.write_line();
        }
    }
}
