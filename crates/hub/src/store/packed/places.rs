//! Where words stand: a part of a firm's findings of one day, each with the batch of its latest word; and
//! lists of findings.

use super::bytes::{Reader, put_number, size};

/// Most findings of one part that are read.
const MAX_ENTRIES: usize = 65_536;
/// Bytes of a finding's number.
const ID_BYTES: usize = 8;

/// Packs findings with the batch of each, in order of the findings. Batches stand once, as many findings
/// came with each.
#[must_use]
pub fn pack_places(places: &[(i64, i64)]) -> Vec<u8> {
    let mut receipts: Vec<i64> = places.iter().map(|(_, receipt)| *receipt).collect();
    receipts.sort_unstable();
    receipts.dedup();
    let mut out = Vec::with_capacity(places.len() * (ID_BYTES + 2) + receipts.len() * 3 + 8);
    put_number(&mut out, size(receipts.len()));
    let mut before = 0_i64;
    for receipt in &receipts {
        put_number(&mut out, receipt.wrapping_sub(before).cast_unsigned());
        before = *receipt;
    }
    put_ids(&mut out, places.iter().map(|(id, _)| *id));
    for (_, receipt) in places {
        let place = receipts.binary_search(receipt).unwrap_or_default();
        put_number(&mut out, size(place));
    }
    out
}

fn put_ids(out: &mut Vec<u8>, ids: impl ExactSizeIterator<Item = i64>) {
    put_number(out, size(ids.len()));
    for id in ids {
        out.extend_from_slice(&id.to_be_bytes());
    }
}

/// Unpacks findings with the batch of each; `None` when they are none.
#[must_use]
pub fn unpack_places(bytes: &[u8]) -> Option<Vec<(i64, i64)>> {
    let mut reader = Reader(bytes);
    let mut receipts = Vec::new();
    let mut before = 0_i64;
    for _ in 0..reader.size().filter(|count| *count <= MAX_ENTRIES)? {
        before = before.wrapping_add(reader.number()?.cast_signed());
        receipts.push(before);
    }
    let ids = read_ids(&mut reader)?;
    ids.into_iter()
        .map(|id| Some((id, *receipts.get(reader.size()?)?)))
        .collect()
}

fn read_ids(reader: &mut Reader<'_>) -> Option<Vec<i64>> {
    let count = reader.size().filter(|count| *count <= MAX_ENTRIES)?;
    let ids = reader.take(count.checked_mul(ID_BYTES)?)?;
    Some(
        ids.as_chunks()
            .0
            .iter()
            .copied()
            .map(i64::from_be_bytes)
            .collect(),
    )
}

/// Adds findings to a list.
pub fn add_ids(list: &mut Vec<u8>, ids: &[i64]) {
    for id in ids {
        list.extend_from_slice(&id.to_be_bytes());
    }
}

/// The findings of a list.
pub fn ids(list: &[u8]) -> impl Iterator<Item = i64> + '_ {
    list.as_chunks().0.iter().copied().map(i64::from_be_bytes)
}

/// Packs findings of a batch with the earlier batch that each was in.
#[must_use]
pub fn pack_told(receipt: i64, told: &[(i64, i64)]) -> Vec<u8> {
    let mut out = Vec::with_capacity(told.len() * (ID_BYTES + 2));
    for (id, earlier) in told {
        out.extend_from_slice(&id.to_be_bytes());
        put_number(&mut out, receipt.wrapping_sub(*earlier).cast_unsigned());
    }
    out
}

/// Unpacks what [`pack_told`] gave; `None` when it is none.
#[must_use]
pub fn unpack_told(receipt: i64, bytes: &[u8]) -> Option<Vec<(i64, i64)>> {
    let mut reader = Reader(bytes);
    let mut told = Vec::new();
    while !reader.0.is_empty() {
        let id = i64::from_be_bytes(reader.take(ID_BYTES)?.try_into().ok()?);
        let back = reader.number()?.cast_signed();
        told.push((id, receipt.wrapping_sub(back)));
    }
    Some(told)
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    proptest! {
        #[test]
        fn what_is_packed_comes_out_again(
            places in prop::collection::vec((any::<i64>(), 1..9_000_i64), 0..200)
        ) {
            prop_assert_eq!(unpack_places(&pack_places(&places)), Some(places.clone()));
            prop_assert_eq!(unpack_told(9_000, &pack_told(9_000, &places)), Some(places.clone()));
            let all: Vec<i64> = places.iter().map(|(id, _)| *id).collect();
            let mut list = Vec::new();
            add_ids(&mut list, &all);
            prop_assert_eq!(ids(&list).collect::<Vec<_>>(), all);
        }

        #[test]
        fn damage_is_an_answer(bytes in prop::collection::vec(any::<u8>(), 0..200)) {
            let found = unpack_places(&bytes).map_or(0, |all| all.len());
            prop_assert!(found <= bytes.len());
            prop_assert!(unpack_told(1, &bytes).is_none_or(|all| all.len() <= bytes.len()));
        }
    }
}
