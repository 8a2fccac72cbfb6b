//! Checks every byte of a ledger.

use std::fmt;
use std::io;

use super::prune::{Pruned, read_anchor};
use super::record::{Damage, Place, Record, State};
use super::{HEAD, KIND, MAX_PAYLOAD_BYTES, file_name, files, hex, read_head};
use crate::frame::{FILE_HEADER_BYTES, Found, FrameReader, VERSION};
use crate::storage::Storage;

/// A ledger in order.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Summary {
    /// Entries, numbered from 1 without gaps, those that were left out among them.
    pub entries: u64,
    /// What was left out.
    pub pruned: Option<Pruned>,
    /// Entries with a receipt.
    pub receipted: u64,
    /// Bytes of all bodies that are there.
    pub body_bytes: u64,
    /// Hash of the last entry, hexadecimal; zeros if there is none.
    pub head: String,
    /// Bytes behind the last record: a write that was interrupted, or is going on, and was never
    /// acknowledged or sent.
    pub unfinished_bytes: u64,
}

/// What is wrong, and where.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Broken {
    /// Number of the first entry that cannot be vouched for.
    pub sequence: u64,
    /// What is wrong.
    pub what: Damage,
}

impl fmt::Display for Broken {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "entry {}: {}", self.sequence, self.what.code())
    }
}

impl std::error::Error for Broken {}

/// Reads the whole ledger and finds any byte changed, missing, moved or cut off at the end.
///
/// It cannot find out that somebody with access to the disk wrote a whole new chain; for that,
/// compare the head with the hub's.
///
/// # Errors
/// The first thing that is wrong. A file that cannot be read counts as missing.
pub fn verify<S: Storage>(storage: &S) -> Result<Summary, Broken> {
    loop {
        let anchor = read_anchor(storage).ok();
        let result = verify_from(storage, anchor.as_ref().and_then(Option::as_ref));
        // A running writer may have left out what was just being read.
        if result.is_ok() || read_anchor(storage).ok() == anchor {
            return result;
        }
    }
}

fn verify_from<S: Storage>(
    storage: &S,
    anchor: Option<&Option<Pruned>>,
) -> Result<Summary, Broken> {
    // The head first: a running writer may add to the records behind it while they are read.
    let head = read_head(storage);
    let files = files(storage).map_err(|_| Broken {
        sequence: 1,
        what: Damage::Missing,
    })?;
    let anchor = match anchor {
        None => None,
        Some(Some(anchor)) => Some(*anchor),
        Some(None) => {
            return Err(Broken {
                sequence: 1,
                what: Damage::Anchor,
            });
        }
    };
    let mut check = Check {
        state: anchor.map_or(State::EMPTY, |anchor| anchor.state()),
        summary: Summary {
            pruned: anchor,
            ..Summary::default()
        },
        head: head.ok().flatten(),
        done: false,
    };
    if check.head.is_none() && (!files.is_empty() || storage.len(HEAD).is_ok()) {
        return Err(Broken {
            sequence: 1,
            what: Damage::Head,
        });
    }
    check.done = check.head.is_none_or(|head| head.sequence == 0);
    // Those before are being removed, or a crash has left them.
    let first = check.state.end.file;
    for file in files.into_iter().filter(|file| *file >= first) {
        check.file(storage, file)?;
    }
    if !check.done {
        return Err(check.wrong(Damage::Truncated));
    }
    check.summary.entries = check.state.sequence;
    check.summary.receipted = check.state.receipted;
    check.summary.head = hex(&check.state.hash);
    Ok(check.summary)
}

struct Check {
    state: State,
    summary: Summary,
    head: Option<State>,
    /// Whether everything up to the head has been read.
    done: bool,
}

impl Check {
    fn wrong(&self, what: Damage) -> Broken {
        Broken {
            sequence: self.state.sequence + 1,
            what,
        }
    }

    fn unreadable(&self) -> impl Fn(io::Error) -> Broken + use<> {
        let sequence = self.state.sequence + 1;
        move |_| Broken {
            sequence,
            what: Damage::Missing,
        }
    }

    fn file<S: Storage>(&mut self, storage: &S, file: u64) -> Result<(), Broken> {
        let unreadable = self.unreadable();
        let mut reader =
            FrameReader::new(storage, &file_name(file), MAX_PAYLOAD_BYTES).map_err(&unreadable)?;
        let len_bytes = reader.len_bytes();
        if self.done && len_bytes < FILE_HEADER_BYTES {
            self.summary.unfinished_bytes += len_bytes;
            return Ok(());
        }
        match reader.version(storage, KIND).map_err(&unreadable)? {
            Some(VERSION) => {}
            Some(version) if version > VERSION => return Err(self.wrong(Damage::Version)),
            _ if self.done => {
                self.summary.unfinished_bytes += len_bytes;
                return Ok(());
            }
            _ => return Err(self.wrong(Damage::Changed)),
        }
        if file != self.state.sequence + 1 {
            return Err(self.wrong(if file > self.state.sequence {
                Damage::Missing
            } else {
                Damage::Reordered
            }));
        }
        self.state.end = Place::start_of(file);
        self.records(storage, &mut reader)
    }

    fn records<S: Storage>(&mut self, storage: &S, reader: &mut FrameReader) -> Result<(), Broken> {
        loop {
            let start = self.state.end;
            let unreadable = self.unreadable();
            match reader.at(storage, start.offset).map_err(unreadable)? {
                Found::End => return Ok(()),
                Found::Frame {
                    number,
                    payload,
                    end,
                } => {
                    let Some(record) = Record::from_payload(payload) else {
                        return Err(self.wrong(Damage::Changed));
                    };
                    let end = Place {
                        file: start.file,
                        offset: end,
                    };
                    self.state
                        .apply(number, &record, start, end)
                        .map_err(|what| Broken {
                            sequence: number,
                            what,
                        })?;
                    if let Record::Entry { body, .. } = record {
                        self.summary.body_bytes += body.len() as u64;
                    }
                    self.compare_with_head()?;
                }
                Found::CutOff | Found::Damaged if self.done => {
                    self.summary.unfinished_bytes += reader.len_bytes() - start.offset;
                    return Ok(());
                }
                Found::CutOff => return Err(self.wrong(Damage::Truncated)),
                Found::Damaged => return Err(self.wrong(Damage::Changed)),
            }
        }
    }

    /// At the place where the head says that the chain ends, it must end as the head says.
    fn compare_with_head(&mut self) -> Result<(), Broken> {
        let Some(head) = self.head.filter(|head| head.end == self.state.end) else {
            return Ok(());
        };
        self.done = true;
        let same = head.sequence == self.state.sequence
            && head.hash == self.state.hash
            && head.receipted == self.state.receipted
            && head.spool_up_to == self.state.spool_up_to;
        if same {
            Ok(())
        } else {
            Err(Broken {
                sequence: head.sequence,
                what: Damage::Head,
            })
        }
    }
}
