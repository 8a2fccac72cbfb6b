//! The sum of a table: how many rows, and a checksum of all of them that does not depend on their
//! order, the same on every engine.

use sha2::{Digest as _, Sha256};

use super::engine::Value;

/// Bytes of a row's hash that are added up.
const SUM_BYTES: usize = 16;

/// What a table holds, in a line.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct TableSum {
    /// Its name.
    pub table: String,
    /// Its rows.
    pub rows: u64,
    /// The hashes of its rows, added up.
    sum: u128,
}

impl TableSum {
    /// Of a table without rows.
    pub(super) fn empty(table: &str) -> Self {
        Self {
            table: table.to_owned(),
            rows: 0,
            sum: 0,
        }
    }

    /// Takes a row in.
    pub(super) fn add(&mut self, row: &[Value<'_>]) {
        let mut hasher = Sha256::new();
        for value in row {
            take(&mut hasher, value);
        }
        let hash = hasher.finalize();
        let number = hash
            .first_chunk::<SUM_BYTES>()
            .map_or(0, |bytes| u128::from_be_bytes(*bytes));
        self.sum = self.sum.wrapping_add(number);
        self.rows = self.rows.saturating_add(1);
    }

    /// The checksum, 32 hexadecimal digits.
    #[must_use]
    pub fn checksum(&self) -> String {
        format!("{:032x}", self.sum)
    }
}

/// Kind and length stand before each value, so that no two rows are spelled alike.
fn take(hasher: &mut Sha256, value: &Value<'_>) {
    let mut sized = |kind: u8, bytes: &[u8]| {
        hasher.update([kind]);
        hasher.update(u64::try_from(bytes.len()).unwrap_or(u64::MAX).to_be_bytes());
        hasher.update(bytes);
    };
    match value {
        Value::Null => sized(0, &[]),
        Value::Integer(number) => sized(1, &number.to_be_bytes()),
        Value::Real(number) => sized(2, &number.to_bits().to_be_bytes()),
        // A text is summed as every engine can keep it.
        Value::Text(text) if text.contains('\0') => {
            sized(3, text.replace('\0', "\u{fffd}").as_bytes());
        }
        Value::Text(text) => sized(3, text.as_bytes()),
        Value::Blob(bytes) => sized(4, bytes),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn sum(rows: &[&[Value<'_>]]) -> TableSum {
        let mut sum = TableSum::empty("t");
        for row in rows {
            sum.add(row);
        }
        sum
    }

    #[test]
    fn the_order_of_rows_does_not_matter_and_everything_else_does() {
        let text = |text: &'static str| Value::Text(text.into());
        let (one, two) = ([text("a"), text("bc")], [text("ab"), text("c")]);
        assert_eq!(sum(&[&one, &two]), sum(&[&two, &one]));
        assert_ne!(sum(&[&one]), sum(&[&two]));
        assert_ne!(sum(&[&one, &one]), sum(&[&two, &two]));
        assert_ne!(sum(&[&[Value::Null]]), sum(&[&[text("")]]));
        assert_ne!(sum(&[&[Value::Integer(1)]]), sum(&[&[Value::Real(1.0)]]));
        assert_eq!(sum(&[]).checksum(), "0".repeat(32));
        assert_eq!(sum(&[&one]).rows, 1);
    }
}
