//! Opening after a crash, and mending a damaged segment.

use crate::cursor::{self, Cursor, Unusable};
use crate::fault::{Fault, SpoolError};
use crate::frame::{
    FILE_HEADER_BYTES, FRAME_HEADER_BYTES, Found, FrameReader, VERSION, file_header, write_frame,
};
use crate::spool::{ENDING, KIND, Recovery, Segment, Spool};
use crate::storage::{Storage, is_full};

/// Ending of a damaged segment that was set aside.
const SET_ASIDE: &str = ".corrupt";
/// Ending of a file that a crash left unfinished.
const UNFINISHED: &str = ".new";
/// Damaged segments kept for a look; older ones are removed.
const MAX_SET_ASIDE: usize = 4;

/// What a look through a segment gave.
struct Survey {
    segment: Segment,
    /// Where the good frames are: offset and end.
    good: Vec<(u64, u64)>,
    /// Offset behind the last good frame.
    end: u64,
    /// Size of the file.
    len_bytes: u64,
    /// Whether there is damage before the last good frame, or in the file header.
    damaged_inside: bool,
}

/// Brings a spool that was just made in line with the folder.
pub(crate) fn recover<S: Storage>(spool: &mut Spool<S>) -> Result<Recovery, SpoolError> {
    let names = spool.storage.list()?;
    check_versions(spool, &names)?;
    for name in names.iter().filter(|name| name.ends_with(UNFINISHED)) {
        spool.storage.remove(name)?;
    }
    let mut recovery = Recovery::default();
    let firsts: Vec<u64> = names.iter().filter_map(|name| first_of(name)).collect();
    let cursor_lost = read_cursor(spool, &names, firsts.first().copied())?;
    recovery.cursor_rebuilt = cursor_lost;
    for (index, first) in firsts.iter().enumerate() {
        let next_first = firsts.get(index + 1).copied();
        recover_segment(spool, *first, next_first, &mut recovery)?;
    }
    let released = spool.cursor.released;
    let last = spool.segments.last().map_or(0, Segment::last);
    spool.next = last.max(released) + 1;
    let passed = |segment: &Segment| segment.last() <= released;
    while spool.segments.first().is_some_and(passed) {
        let name = spool.segments.remove(0).name;
        spool.storage.remove(&name)?;
    }
    if let Some(active) = spool.segments.last() {
        let (name, bytes) = (active.name.clone(), active.bytes);
        write_again(spool, &name, bytes)?;
    }
    spool.storage.sync_folder()?;
    Ok(recovery)
}

/// Writes the last segment once more: after a sync that failed, what is read may stand in memory only,
/// and no later sync would write it. The segments before were synced before the next was begun.
fn write_again<S: Storage>(
    spool: &mut Spool<S>,
    name: &str,
    len_bytes: u64,
) -> Result<(), SpoolError> {
    let mut bytes = vec![0; usize::try_from(len_bytes).unwrap_or(usize::MAX)];
    let read = spool.storage.read(name, 0, &mut bytes)?;
    bytes.truncate(read);
    match spool.storage.replace(name, &bytes) {
        // There is no room for a copy: what can be done is done.
        Err(error) if is_full(&error) => {
            drop(spool.storage.remove(&format!("{name}{UNFINISHED}")));
            Ok(spool.storage.sync(name)?)
        }
        other => Ok(other?),
    }
}

/// Refuses, before anything is touched, a folder in which a newer program has written.
fn check_versions<S: Storage>(spool: &Spool<S>, names: &[String]) -> Result<(), SpoolError> {
    for name in names.iter().filter(|name| first_of(name).is_some()) {
        let mut reader = FrameReader::new(&spool.storage, name, 0)?;
        let version = reader.version(&spool.storage, KIND)?;
        if version.is_some_and(|version| version > VERSION) {
            return Err(Fault::VersionUnknown.into());
        }
    }
    Ok(())
}

/// The number in a segment's name.
pub(crate) fn first_of(name: &str) -> Option<u64> {
    let digits = name.strip_suffix(ENDING)?;
    let number = digits.parse().ok().filter(|number| *number > 0)?;
    (Segment::name_for(number) == name).then_some(number)
}

/// Reads the cursor; returns whether it was unreadable. It is then set aside and taken to stand
/// before the oldest segment.
fn read_cursor<S: Storage>(
    spool: &mut Spool<S>,
    names: &[String],
    oldest: Option<u64>,
) -> Result<bool, SpoolError> {
    if !names.iter().any(|name| name == cursor::NAME) {
        return Ok(false);
    }
    // One byte more than a cursor has, so that a longer file is noticed.
    let mut bytes = vec![0; cursor::BYTES + 1];
    let read = spool.storage.read(cursor::NAME, 0, &mut bytes)?;
    bytes.truncate(read);
    match Cursor::from_bytes(&bytes) {
        Ok(cursor) => {
            spool.cursor = cursor;
            Ok(false)
        }
        Err(Unusable::Version) => Err(Fault::VersionUnknown.into()),
        Err(Unusable::Damaged) => {
            let before = oldest.map_or(0, |first| first - 1);
            spool.cursor = Cursor {
                released: before,
                handed_on: before,
                ..Cursor::default()
            };
            let aside = format!("{}{SET_ASIDE}", cursor::NAME);
            spool.storage.rename(cursor::NAME, &aside)?;
            let bytes = spool.cursor.to_bytes();
            spool.storage.replace(cursor::NAME, &bytes)?;
            Ok(true)
        }
    }
}

fn recover_segment<S: Storage>(
    spool: &mut Spool<S>,
    first: u64,
    next_first: Option<u64>,
    recovery: &mut Recovery,
) -> Result<(), SpoolError> {
    let survey = survey(spool, first, next_first)?;
    let is_last = next_first.is_none();
    let torn = survey.len_bytes - survey.end;
    if survey.damaged_inside || (torn > 0 && !is_last) {
        recovery.corrupt_segments += 1;
        return rescue(spool, survey, None);
    }
    let mut segment = survey.segment;
    if is_last && segment.runs.is_empty() {
        // Made, but nothing was acknowledged from it.
        recovery.torn_bytes += survey.len_bytes.saturating_sub(FILE_HEADER_BYTES);
        spool.storage.remove(&segment.name)?;
        return Ok(());
    }
    if torn > 0 {
        recovery.torn_bytes += torn;
        spool.storage.truncate(&segment.name, survey.end)?;
    }
    segment.bytes = survey.end;
    spool.segments.push(segment);
    Ok(())
}

/// Mends the segment at `index`, in which reading met damage.
pub(crate) fn mend<S: Storage>(spool: &mut Spool<S>, index: usize) -> Result<(), SpoolError> {
    let Some(segment) = spool.segments.get(index) else {
        return Ok(());
    };
    let next_first = spool.segments.get(index + 1).map(|next| next.first);
    let survey = survey(spool, segment.first, next_first)?;
    spool.segments.remove(index);
    rescue(spool, survey, Some(index))
}

/// Looks through a whole segment, passing over what is damaged.
fn survey<S: Storage>(
    spool: &Spool<S>,
    first: u64,
    next_first: Option<u64>,
) -> Result<Survey, SpoolError> {
    let name = Segment::name_for(first);
    let storage = &spool.storage;
    let mut reader = FrameReader::new(storage, &name, spool.limits.frame_bytes)?;
    let len_bytes = reader.len_bytes();
    let header_sound = reader.version(storage, KIND)? == Some(VERSION);
    let bound = next_first.unwrap_or(u64::MAX);
    let mut survey = Survey {
        segment: Segment {
            name,
            first,
            ..Segment::default()
        },
        good: Vec::new(),
        end: FILE_HEADER_BYTES.min(len_bytes),
        len_bytes,
        damaged_inside: false,
    };
    let mut offset = FILE_HEADER_BYTES;
    let mut passed_damage = !header_sound && len_bytes > FILE_HEADER_BYTES;
    loop {
        let expected = survey.segment.runs.last().map_or(first, |run| run.1 + 1);
        match reader.at(storage, offset)? {
            Found::Frame { number, end, .. } if (expected..bound).contains(&number) => {
                survey.damaged_inside |= passed_damage;
                survey.segment.add(number);
                survey.good.push((offset, end));
                survey.end = end;
                offset = end;
            }
            Found::End => break,
            _ => {
                passed_damage = true;
                // Damage cannot have hidden more frames than fit into a segment.
                let hidden = spool.limits.segment_bytes.max(len_bytes) / FRAME_HEADER_BYTES as u64;
                let bound = bound.min(expected.saturating_add(hidden));
                match reader.resume(storage, offset, expected..bound)? {
                    Some(place) => offset = place,
                    None => break,
                }
            }
        }
    }
    Ok(survey)
}

/// Sets the damaged original aside and puts a file with its good frames in its place.
fn rescue<S: Storage>(
    spool: &mut Spool<S>,
    survey: Survey,
    index: Option<usize>,
) -> Result<(), SpoolError> {
    let mut segment = survey.segment;
    let aside = format!("{}{SET_ASIDE}", segment.name);
    if survey.good.is_empty() {
        spool.storage.rename(&segment.name, &aside)?;
        spool.storage.sync_folder()?;
        return keep_few_set_aside(spool);
    }
    let mut original = vec![0; usize::try_from(survey.len_bytes).unwrap_or(usize::MAX)];
    let read = spool.storage.read(&segment.name, 0, &mut original)?;
    original.truncate(read);
    // The copy is for a person to look at; the frames matter more when there is no room for it.
    if spool.storage.replace(&aside, &original).is_err() {
        drop(spool.storage.remove(&aside));
    }
    drop(original);
    let mut rescued = file_header(KIND).to_vec();
    let mut reader = FrameReader::new(&spool.storage, &segment.name, spool.limits.frame_bytes)?;
    segment.runs.clear();
    for (offset, _) in survey.good {
        if let Found::Frame {
            number, payload, ..
        } = reader.at(&spool.storage, offset)?
        {
            write_frame(number, payload, &mut rescued);
            segment.add(number);
        }
    }
    spool.storage.replace(&segment.name, &rescued)?;
    segment.bytes = rescued.len() as u64;
    let at = index.unwrap_or(spool.segments.len());
    spool.segments.insert(at, segment);
    keep_few_set_aside(spool)
}

fn keep_few_set_aside<S: Storage>(spool: &mut Spool<S>) -> Result<(), SpoolError> {
    let names = spool.storage.list()?;
    let ending = format!("{ENDING}{SET_ASIDE}");
    let aside: Vec<&String> = names
        .iter()
        .filter(|name| name.ends_with(&ending))
        .collect();
    let surplus = aside.len().saturating_sub(MAX_SET_ASIDE);
    for name in aside.into_iter().take(surplus) {
        spool.storage.remove(name)?;
    }
    Ok(())
}
