//! The hellos of SSL 2 (Hickman, 1995), which old programs wrapped around SSL 3 and TLS 1 as well.

use std::sync::Arc;

use super::{Told, certificate, version_name};
use crate::app::bytes::Cursor;
use crate::app::{Seen, Side};

/// Takes one record of SSL 2.
pub(super) fn take(seen: Seen, record: &[u8], told: &mut Told) {
    let mut cursor = Cursor(record);
    match (cursor.byte(), seen.side) {
        (Some(1), Side::Client) => {
            told.fact.at = seen.at;
            told.any = true;
        }
        (Some(4), Side::Server) => {
            let (_, _, version) = (cursor.byte(), cursor.byte(), cursor.be16());
            let (length, _, _) = (cursor.be16(), cursor.be16(), cursor.be16());
            told.fact.version = version.map(version_name).unwrap_or_default();
            let der = length.and_then(|length| cursor.take(usize::from(length)));
            told.fact.certificate = der.and_then(certificate::read).map(Arc::new);
            told.any = true;
        }
        _ => {}
    }
}
