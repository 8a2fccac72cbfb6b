//! What files and senders said about the columns of their lines ([`Legend`]): kept with each file that is
//! read, and for senders in a table with a limit, which the checkpoint remembers.

use std::collections::BTreeMap;
use std::fs::File;
use std::io;
use std::os::unix::fs::FileExt as _;
use std::sync::{Arc, Mutex, PoisonError};

use larum_core::parse::{Formats, Legend};
use serde::{Deserialize, Serialize};

use crate::tally::Source;

/// Most senders whose legends are kept; the one heard longest ago goes first.
pub const MAX_SENDERS: usize = 32;
/// How much of a file's beginning is read for its legend when reading goes on further down, in bytes.
const HEAD_BYTES: u64 = 64 * 1024;
/// How much is searched at once, backwards from there, for a legend said later, in bytes.
const BLOCK_BYTES: u64 = 1 << 20;
/// Most blocks that are searched.
const MAX_BLOCKS: u64 = 64;

/// The legend of one file, shared by the reader of the file and the parser of its lines.
#[derive(Clone, Debug)]
pub(crate) struct FileLegend(Arc<Mutex<Kept>>);

#[derive(Debug, Default)]
struct Kept {
    /// Text before the first line read, from which it is still to be learned.
    before: Vec<u8>,
    legend: Legend,
    /// The formats it was learned for.
    formats: Option<Arc<Formats>>,
}

impl Kept {
    /// The legend for these formats.
    fn of(&mut self, formats: &Arc<Formats>) -> &mut Legend {
        let known = self.formats.as_ref();
        if known.is_none_or(|known| !Arc::ptr_eq(known, formats)) {
            if known.is_some() {
                let lines: Vec<String> = self.legend.lines().map(ToOwned::to_owned).collect();
                self.legend = Legend::from_lines(formats, lines.iter().map(String::as_str));
            }
            self.formats = Some(Arc::clone(formats));
        }
        let before = std::mem::take(&mut self.before);
        if !before.is_empty() {
            self.legend.skim(formats, &before);
        }
        &mut self.legend
    }
}

impl FileLegend {
    /// Of `file`, which is read from `offset` on.
    pub(crate) fn of(file: &File, offset: u64) -> Self {
        Self(Arc::new(Mutex::new(Kept {
            // What cannot be read has no legend; its lines are read alone.
            before: before(file, offset).unwrap_or_default(),
            legend: Legend::of_file(),
            formats: None,
        })))
    }

    /// Of a file whose text before what is read is not at hand.
    pub(crate) fn empty() -> Self {
        Self(Arc::new(Mutex::new(Kept {
            before: Vec::new(),
            legend: Legend::of_file(),
            formats: None,
        })))
    }

    /// Reads with it.
    pub(crate) fn with<R>(&self, formats: &Arc<Formats>, read: impl FnOnce(&mut Legend) -> R) -> R {
        let mut kept = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        read(kept.of(formats))
    }
}

/// What of the text before `offset` may hold a legend: the beginning, and the last place further down
/// where columns are named.
fn before(file: &File, offset: u64) -> io::Result<Vec<u8>> {
    let mut text = read(file, 0, HEAD_BYTES.min(offset))?;
    if offset > HEAD_BYTES {
        whole_lines(&mut text, true);
    }
    let mut end = offset;
    for _ in 0..MAX_BLOCKS {
        if end <= HEAD_BYTES {
            break;
        }
        let begin = end.saturating_sub(BLOCK_BYTES).max(HEAD_BYTES);
        let mut block = read(file, begin, end - begin)?;
        let named = memchr::memmem::find(&block, b"#Fields:").is_some()
            || memchr::memmem::find(&block, b"#fields\t").is_some();
        if named {
            whole_lines(&mut block, false);
            text.append(&mut block);
            break;
        }
        // A line may lie across both blocks.
        end = if begin > HEAD_BYTES {
            begin + u64::try_from(larum_core::parse::MAX_LEGEND_LINE_BYTES).unwrap_or(0)
        } else {
            begin
        };
    }
    Ok(text)
}

fn read(file: &File, at: u64, length: u64) -> io::Result<Vec<u8>> {
    let mut text = vec![0; usize::try_from(length).unwrap_or(0)];
    file.read_exact_at(&mut text, at)?;
    Ok(text)
}

/// Drops the line that is cut: the last one, or the first.
fn whole_lines(text: &mut Vec<u8>, cut_at_end: bool) {
    let end = if cut_at_end {
        memchr::memrchr(b'\n', text)
    } else {
        memchr::memchr(b'\n', text)
    };
    match end {
        Some(end) if cut_at_end => text.truncate(end + 1),
        Some(end) => drop(text.drain(..=end)),
        None => text.clear(),
    }
}

/// Legends of senders.
#[derive(Debug, Default)]
pub(crate) struct SenderLegends {
    by_sender: BTreeMap<Source, (u64, Legend)>,
    /// Whether any changed since they were saved.
    changed: bool,
    /// Counts what is said, to tell which was longest ago.
    said: u64,
    /// For senders that said nothing.
    none: Legend,
}

/// What a sender said, as the checkpoint keeps it.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct SavedLegend {
    /// Who.
    pub sender: std::net::IpAddr,
    /// The lines.
    pub lines: Vec<String>,
}

impl SenderLegends {
    /// From an earlier run.
    pub(crate) fn load(formats: &Formats, saved: &[SavedLegend]) -> Self {
        let mut all = Self::default();
        for one in saved.iter().take(MAX_SENDERS) {
            let lines = one.lines.iter().map(String::as_str);
            let legend = Legend::from_lines(formats, lines);
            all.said += 1;
            let entry = (all.said, legend);
            all.by_sender.insert(Source::Sender(one.sender), entry);
        }
        all
    }

    /// For the checkpoint, the one heard longest ago first; `None` when nothing changed.
    pub(crate) fn save(&mut self) -> Option<Vec<SavedLegend>> {
        if !std::mem::take(&mut self.changed) {
            return None;
        }
        let mut all: Vec<_> = self.by_sender.iter().collect();
        all.sort_by_key(|(_, (said, _))| *said);
        let saved = all.into_iter().filter_map(|(source, (_, legend))| {
            let Source::Sender(sender) = source else {
                return None;
            };
            Some(SavedLegend {
                sender: *sender,
                lines: legend.lines().map(ToOwned::to_owned).collect(),
            })
        });
        Some(saved.collect())
    }

    /// Learns them anew for other formats.
    pub(crate) fn renew(&mut self, formats: &Formats) {
        for (_, legend) in self.by_sender.values_mut() {
            let lines: Vec<String> = legend.lines().map(ToOwned::to_owned).collect();
            *legend = Legend::from_lines(formats, lines.iter().map(String::as_str));
        }
    }

    /// The sender's, which has learned from `record`, its next one.
    pub(crate) fn next(
        &mut self,
        formats: &Formats,
        source: &Source,
        record: &[u8],
    ) -> &mut Legend {
        self.note(formats, source, record);
        let known = self.by_sender.get_mut(source);
        known.map_or(&mut self.none, |(_, legend)| legend)
    }

    fn note(&mut self, formats: &Formats, source: &Source, record: &[u8]) {
        let known = self.by_sender.get_mut(source);
        let is_known = known.is_some();
        let legend = known.map_or(&mut self.none, |(_, legend)| legend);
        if !legend.note(formats, record) {
            return;
        }
        self.said += 1;
        self.changed = true;
        if is_known {
            if let Some((said, _)) = self.by_sender.get_mut(source) {
                *said = self.said;
            }
            return;
        }
        let legend = std::mem::take(&mut self.none);
        if !legend.is_empty() {
            self.by_sender.insert(source.clone(), (self.said, legend));
        }
        if self.by_sender.len() > MAX_SENDERS {
            let oldest = self.by_sender.iter().min_by_key(|(_, (said, _))| *said);
            if let Some(oldest) = oldest.map(|(source, _)| source.clone()) {
                self.by_sender.remove(&oldest);
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use std::io::Write as _;

    use larum_core::parse::{Context, Scratch};
    use larum_core::time::Timestamp;

    use super::*;

    const LINE: &str = "2026-11-22 10:00:00 192.0.2.7 203.0.113.9 GET /a 200\n";
    const HEAD: &str = "#Fields: date time s-ip c-ip cs-method cs-uri-stem sc-status\n";
    const OTHER: &str = "#Fields: date time c-ip s-ip cs-method cs-uri-stem sc-status\n";

    fn source(formats: &Formats, legend: &mut Legend, record: &str) -> Option<String> {
        let mut scratch = Scratch::default();
        let context = Context::at(Timestamp::from_seconds(1_795_348_800));
        let read = formats.parse_next(record.as_bytes(), &context, legend, &mut scratch);
        read.ok()?.src_ip.map(|ip| ip.to_string())
    }

    #[test]
    fn a_file_read_on_in_the_middle_is_read_by_what_stands_above() {
        let formats = Arc::new(Formats::built_in().unwrap());
        let many = LINE.repeat(60_000);
        for (text, expected) in [
            (format!("{HEAD}{LINE}"), "203.0.113.9"),
            (format!("{HEAD}{many}"), "203.0.113.9"),
            (format!("{OTHER}{many}{HEAD}{LINE}"), "203.0.113.9"),
            (format!("{HEAD}{many}{OTHER}{many}"), "192.0.2.7"),
        ] {
            let mut file = tempfile::tempfile().unwrap();
            file.write_all(text.as_bytes()).unwrap();
            let legend = FileLegend::of(&file, u64::try_from(text.len()).unwrap());
            let found = legend.with(&formats, |legend| source(&formats, legend, LINE.trim_end()));
            assert_eq!(found.as_deref(), Some(expected));
            // Other formats learn it again.
            let formats = Arc::new(Formats::built_in().unwrap());
            let found = legend.with(&formats, |legend| source(&formats, legend, LINE.trim_end()));
            assert_eq!(found.as_deref(), Some(expected));
        }
    }

    #[test]
    fn senders_are_remembered_across_a_restart_and_are_few() {
        let formats = Formats::built_in().unwrap();
        let sender = |last: usize| Source::Sender(format!("192.0.2.{last}").parse().unwrap());
        let mut legends = SenderLegends::default();
        for last in 0..=MAX_SENDERS {
            legends.next(&formats, &sender(last), HEAD.trim_end().as_bytes());
            legends.next(&formats, &sender(last), LINE.trim_end().as_bytes());
        }
        let saved = legends.save().unwrap();
        assert_eq!(legends.save(), None);
        assert_eq!(saved.len(), MAX_SENDERS);
        let mut again = SenderLegends::load(&formats, &saved);
        for (last, expected) in [(0, false), (1, true), (MAX_SENDERS, true)] {
            let legend = again.next(&formats, &sender(last), LINE.as_bytes());
            let found = source(&formats, legend, LINE.trim_end());
            assert_eq!(found.as_deref() == Some("203.0.113.9"), expected, "{last}");
        }
    }
}
