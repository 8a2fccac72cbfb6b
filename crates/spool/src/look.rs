//! A look at a spool beside the process that writes it; nothing is mended.

use std::io;

use crate::cursor::{self, Cursor};
use crate::fault::SpoolError;
use crate::frame::{FILE_HEADER_BYTES, Found, FrameReader};
use crate::recover::first_of;
use crate::spool::{Frame, Limits};
use crate::storage::Storage;

/// Appends the frames that wait to `out`, oldest first, at most `max_frames`; see [`visit`].
///
/// # Errors
/// As [`visit`].
pub fn look<S: Storage>(
    storage: &S,
    limits: Limits,
    max_frames: usize,
    out: &mut Vec<Frame>,
) -> Result<(), SpoolError> {
    let mut room = max_frames;
    visit(storage, limits, &mut |number, payload| {
        if room > 0 {
            room -= 1;
            out.push(Frame {
                number,
                bytes: payload.to_vec(),
            });
        }
        room > 0
    })
}

/// Hands over number and bytes of each frame that waits, oldest first, until `take` says that it is
/// enough by returning false. What is damaged, or being written just now, is passed over; a segment
/// that the writer removes meanwhile is not missed.
///
/// # Errors
/// [`Fault::Io`](crate::Fault::Io) when the folder cannot be read.
pub fn visit<S: Storage>(
    storage: &S,
    limits: Limits,
    take: &mut dyn FnMut(u64, &[u8]) -> bool,
) -> Result<(), SpoolError> {
    let names = storage.list()?;
    let released = read_cursor(storage)?;
    for name in names.iter().filter(|name| first_of(name).is_some()) {
        match visit_segment(storage, name, limits, released, take) {
            Ok(true) => {}
            Ok(false) => break,
            Err(error) if error.kind() == io::ErrorKind::NotFound => {}
            Err(error) => return Err(error.into()),
        }
    }
    Ok(())
}

fn read_cursor<S: Storage>(storage: &S) -> io::Result<u64> {
    let mut bytes = vec![0; cursor::BYTES];
    match storage.read(cursor::NAME, 0, &mut bytes) {
        Ok(read) => {
            bytes.truncate(read);
            Ok(Cursor::from_bytes(&bytes).map_or(0, |cursor| cursor.released))
        }
        Err(error) if error.kind() == io::ErrorKind::NotFound => Ok(0),
        Err(error) => Err(error),
    }
}

/// Whether more is wanted.
fn visit_segment<S: Storage>(
    storage: &S,
    name: &str,
    limits: Limits,
    released: u64,
    take: &mut dyn FnMut(u64, &[u8]) -> bool,
) -> io::Result<bool> {
    let mut reader = FrameReader::new(storage, name, limits.frame_bytes)?;
    let mut offset = FILE_HEADER_BYTES;
    loop {
        match reader.at(storage, offset)? {
            Found::Frame {
                number,
                payload,
                end,
            } => {
                if number > released && !take(number, payload) {
                    return Ok(false);
                }
                offset = end;
            }
            Found::End | Found::CutOff => return Ok(true),
            Found::Damaged => match reader.resume(storage, offset, 1..u64::MAX)? {
                Some(place) => offset = place,
                None => return Ok(true),
            },
        }
    }
}
