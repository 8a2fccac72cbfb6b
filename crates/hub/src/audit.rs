//! The audit ledger's chain: each row's hash covers the row and the hash before it, so that a row
//! changed or taken out later is noticed.
//!
//! `hash = SHA-256(previous ‖ for each field: length as u64 little-endian ‖ bytes)`, fields in the
//! order id, at, actor, role, action, member (empty when none), subject; hexadecimal.

use data_encoding::HEXLOWER;
use sha2::{Digest as _, Sha256};

/// What stands before the first row.
pub const FIRST: &str = "0000000000000000000000000000000000000000000000000000000000000000";

/// The fields of a row that its hash covers.
#[derive(Clone, Copy, Debug)]
pub struct Row<'a> {
    /// Number.
    pub id: i64,
    /// When, milliseconds since the epoch.
    pub at: i64,
    /// Who.
    pub actor: &'a str,
    /// Role then.
    pub role: &'a str,
    /// The act.
    pub action: &'a str,
    /// Whose data, or empty.
    pub member: &'a str,
    /// On what.
    pub subject: &'a str,
}

/// The hash of `row` after a row with hash `previous`.
#[must_use]
pub fn link(previous: &str, row: &Row<'_>) -> String {
    let mut hash = Sha256::new();
    hash.update(previous.as_bytes());
    let (id, at) = (row.id.to_string(), row.at.to_string());
    for field in [
        &id,
        &at,
        row.actor,
        row.role,
        row.action,
        row.member,
        row.subject,
    ] {
        hash.update((field.len() as u64).to_le_bytes());
        hash.update(field.as_bytes());
    }
    HEXLOWER.encode(&hash.finalize())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_hash_covers_every_field_and_its_borders() {
        let row = Row {
            id: 1,
            at: 2,
            actor: "a",
            role: "b",
            action: "c",
            member: "d",
            subject: "e",
        };
        let hash = link(FIRST, &row);
        let changed = [
            Row { id: 2, ..row },
            Row { at: 3, ..row },
            Row { actor: "x", ..row },
            Row { role: "x", ..row },
            Row { action: "x", ..row },
            Row { member: "", ..row },
            Row {
                subject: "x",
                ..row
            },
            // The same bytes divided otherwise.
            Row {
                actor: "ab",
                role: "",
                ..row
            },
        ];
        for other in changed {
            assert_ne!(link(FIRST, &other), hash, "{other:?}");
        }
        assert_ne!(link(&hash, &row), hash);
    }
}
