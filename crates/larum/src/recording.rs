//! What a recording as a whole says that a single record does not: the year of its stamps, and which
//! public addresses are the firm's own. Samples of each file are read beforehand.

use std::fs::File;
use std::io::{self, Read, Seek as _, SeekFrom};
use std::path::{Path, PathBuf};

use larum_collector::config::Zone;
use larum_core::clock::Years;
use larum_core::event::Event;
use larum_core::own::Own;
use larum_core::parse::{Context, Formats, Legend, Scratch, lines};
use larum_core::time::{DeviceTime, Timestamp};
use larum_packet::Unread;
use larum_packet::flow::{Limits, Meter, Tell};

use crate::commands::scan::Chunks;
use crate::packets::Block;

/// Records looked at in one sample, spread over it.
const RECORDS_PER_SAMPLE: usize = 32;
/// Records tried for one that has a time.
const TRIES: usize = 4;
/// A file up to this size, and every packed one, is sampled from beginning to end.
const WHOLE_BYTES: u64 = 16 << 20;
/// Samples of a longer one, evenly spread.
const WINDOWS: u64 = 256;
const WINDOW_BYTES: u64 = 32 * 1024;
/// Files whose beginning is learned from.
const MAX_LEARNED: usize = 64;

/// A zone given on the command line.
///
/// # Errors
/// With what is allowed, for the command line parser to print.
pub fn zone(text: &str) -> Result<Zone, String> {
    Zone::from_text(text).ok_or_else(|| "a time zone such as Europe/London, UTC or +01:00".into())
}

/// `time` in `zone`, where the stamp named none.
pub fn in_zone(time: DeviceTime, zone: Option<&Zone>) -> DeviceTime {
    match zone {
        Some(zone) if time.assumed.zone => {
            // The offset depends on the moment, which depends on the offset: one step is enough but
            // within the hour of a change.
            let near = time.in_zone(zone.offset_seconds_at(time.local()));
            time.in_zone(zone.offset_seconds_at(near.at))
        }
        _ => time,
    }
}

/// The years of the file at `path`, looked at at `now`; none of what is no file or cannot be read, of
/// which the reading itself will tell.
pub fn years(path: &Path, formats: &Formats, now: Timestamp) -> Years {
    let mut years = Years::new(now);
    // What cannot be read here cannot be read afterwards, and is told then.
    drop(survey(path, formats, now, &mut years));
    years
}

fn survey(path: &Path, formats: &Formats, now: Timestamp, years: &mut Years) -> io::Result<()> {
    let about = path.metadata()?;
    if !about.is_file() {
        return Ok(());
    }
    let mut chunks = Chunks::open(path)?;
    if chunks.is_capture() {
        return Ok(());
    }
    let mut position = 0;
    while let Some(piece) = chunks.next_chunk()? {
        sample(&piece, position, formats, now, years);
        position += u64::try_from(piece.len()).unwrap_or(0);
        // Files keep to one form of stamp.
        if years.is_empty() {
            return Ok(());
        }
        if about.len() > WHOLE_BYTES && !chunks.is_packed() {
            return survey_windows(path, about.len(), formats, now, years);
        }
    }
    Ok(())
}

fn survey_windows(
    path: &Path,
    length: u64,
    formats: &Formats,
    now: Timestamp,
    years: &mut Years,
) -> io::Result<()> {
    let mut file = File::open(path)?;
    for window in 1..=WINDOWS {
        let position = (length / WINDOWS)
            .saturating_mul(window)
            .min(length.saturating_sub(WINDOW_BYTES));
        file.seek(SeekFrom::Start(position))?;
        let mut piece = Vec::new();
        Read::by_ref(&mut file)
            .take(WINDOW_BYTES)
            .read_to_end(&mut piece)?;
        // It begins and, but for the last, ends in the middle of a record.
        let begin = piece.iter().position(|byte| *byte == b'\n');
        let end = piece.iter().rposition(|byte| *byte == b'\n');
        if let (Some(begin), Some(end)) = (begin, end) {
            let whole = piece.get(begin + 1..=end).unwrap_or_default();
            sample(whole, position, formats, now, years);
        }
    }
    Ok(())
}

/// Shows `years` some records of `piece`, which begins at `position`.
pub fn sample(piece: &[u8], position: u64, formats: &Formats, now: Timestamp, years: &mut Years) {
    let context = Context::at(now);
    let mut room = Scratch::default();
    let piece = piece.strip_suffix(b"\n").unwrap_or(piece);
    let step = (piece.len() / RECORDS_PER_SAMPLE).max(1);
    let (mut next, mut tries, mut offset) = (0, 0, 0);
    for record in lines(piece) {
        let end = offset + record.len() + 1;
        let is_last = end > piece.len();
        if offset >= next || is_last {
            let event = formats.parse(record, &context, &mut room).ok();
            let time = event.and_then(|event| event.ts);
            if let Some(time) = time {
                years.see(position + u64::try_from(offset).unwrap_or(0), time);
            }
            tries += 1;
            if time.is_some() || tries >= TRIES {
                tries = 0;
                next = (offset / step + 1) * step;
            }
        }
        offset = end;
    }
}

/// What the beginnings of the files say about the firm's own addresses.
pub fn own(paths: &[PathBuf], formats: &Formats, now: Timestamp) -> Own {
    let mut own = Own::default();
    let mut paths = paths.to_vec();
    paths.sort();
    paths.dedup();
    let context = Context::at(now);
    let mut room = Scratch::default();
    let files = paths.iter().filter(|path| path.is_file());
    for path in files.take(MAX_LEARNED) {
        let Ok(mut chunks) = Chunks::open(path) else {
            continue;
        };
        if chunks.is_capture() {
            if let Ok(Some(block)) = chunks.into_packets().next_block() {
                own_of_packets(&block, &mut own);
            }
            continue;
        }
        let Ok(Some(piece)) = chunks.next_chunk() else {
            continue;
        };
        let mut legend = Legend::of_file();
        for record in lines(&piece) {
            if let Ok(event) = formats.parse_next(record, &context, &mut legend, &mut room) {
                own.observe(&event);
            }
        }
    }
    own
}

/// What the first block of a capture says about the firm's own addresses.
fn own_of_packets(block: &Block, own: &mut Own) {
    struct Learning<'o>(&'o mut Own);
    impl Tell for Learning<'_> {
        fn event(&mut self, event: &mut Event<'_>) {
            self.0.observe(event);
        }
        fn unread(&mut self, _: Unread, _: u64) {}
    }
    let mut meter = Meter::new(Limits::default());
    let mut learning = Learning(own);
    for (frame, _) in block.frames().flatten() {
        meter.frame(&frame, &mut learning);
    }
    meter.finish(&mut learning);
}
