//! What waits for the hub and what has left: read and checked byte by byte.

use std::path::Path;

use larum_spool::ledger::verify;
use larum_spool::{FolderStorage, Limits, visit};

use super::{Examination, State};
use crate::page::number;
use crate::state::{LEDGER_FOLDER, SPOOL_FOLDER};
use crate::status::StatusDocument;

pub(super) fn look(to: &mut Examination, state_dir: &Path, status: Option<&StatusDocument>) {
    spool(to, &state_dir.join(SPOOL_FOLDER), status);
    ledger(to, &state_dir.join(LEDGER_FOLDER));
}

fn spool(to: &mut Examination, folder: &Path, status: Option<&StatusDocument>) {
    if !folder.is_dir() {
        return;
    }
    let mut waiting = 0_u64;
    let mut unreadable = 0_u64;
    let read = FolderStorage::read_only(folder)
        .map_err(drop)
        .and_then(|storage| {
            let mut take = |_: u64, frame: &[u8]| {
                waiting += 1;
                unreadable += u64::from(larum_link::convert::unframe(frame).is_err());
                true
            };
            visit(&storage, Limits::default(), &mut take).map_err(drop)
        });
    let lost = status.map_or(0, |status| status.spool.lost());
    let args = [
        ("waiting", number(waiting).into()),
        ("unreadable", number(unreadable).into()),
        ("lost", number(lost).into()),
    ];
    if read.is_err() {
        to.enter("spool", "unreadable", State::Broken, &args);
    } else if unreadable > 0 {
        to.enter("spool", "damaged", State::Broken, &args);
    } else if lost > 0 {
        to.enter("spool", "lost", State::Look, &args);
    } else {
        to.enter("spool", "right", State::Ok, &args);
    }
}

fn ledger(to: &mut Examination, folder: &Path) {
    if !folder.is_dir() {
        return to.enter("ledger", "empty", State::Ok, &[]);
    }
    let checked = FolderStorage::read_only(folder)
        .map_err(|_| 1)
        .and_then(|storage| verify(&storage).map_err(|broken| broken.sequence));
    match checked {
        Ok(summary) => {
            let args = [
                ("entries", number(summary.entries).into()),
                ("receipted", number(summary.receipted).into()),
            ];
            to.enter("ledger", "whole", State::Ok, &args);
        }
        Err(sequence) => {
            let args = [("number", number(sequence).into())];
            to.enter("ledger", "damaged", State::Broken, &args);
        }
    }
}
