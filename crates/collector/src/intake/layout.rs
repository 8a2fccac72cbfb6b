//! A chunk on disk. Numbers are little endian.
//!
//! | bytes | what |
//! |---|---|
//! | 1 | version, 1 |
//! | 1 | 1: sent as it happens |
//! | 8 | when it was received, microseconds since 1970 |
//! | 1, n | length and text of the zone a person set; length 0: none |
//! | 2 | number of sources, and for each: |
//! | 1, 2, n | kind (4 or 6: sender's address, 1: named), length, text |
//! | 4 | number of records, and for each: |
//! | 4, 2 | length, position of its source |
//! | n | the records, back to back |
//!
//! Lengths are checked before anything is made of them; the spool has checked the bytes themselves.

use std::net::IpAddr;

use larum_core::time::Timestamp;

use crate::chunk::Chunk;
use crate::config::Zone;
use crate::tally::Source;

const VERSION: u8 = 1;
const LIVE: u8 = 1;
const KIND_NAMED: u8 = 1;
const KIND_IP4: u8 = 4;
const KIND_IP6: u8 = 6;

/// Appends `chunk` to `out`.
pub(super) fn write(chunk: &Chunk, out: &mut Vec<u8>) {
    out.push(VERSION);
    out.push(if chunk.live { LIVE } else { 0 });
    out.extend(chunk.received.as_micros().to_le_bytes());
    let zone = chunk.zone.as_ref().map(Zone::name).unwrap_or_default();
    let length = u8::try_from(zone.len()).unwrap_or(0);
    out.push(length);
    out.extend(
        zone.as_bytes()
            .get(..usize::from(length))
            .unwrap_or_default(),
    );
    let sources = chunk.sources();
    out.extend(
        u16::try_from(sources.len())
            .unwrap_or(u16::MAX)
            .to_le_bytes(),
    );
    for source in sources {
        let (kind, text) = match source {
            Source::Sender(IpAddr::V4(ip)) => (KIND_IP4, ip.to_string()),
            Source::Sender(IpAddr::V6(ip)) => (KIND_IP6, ip.to_string()),
            Source::Named(name) => (KIND_NAMED, name.to_string()),
            Source::Other => (KIND_NAMED, crate::tally::OTHER_NAME.to_owned()),
        };
        out.push(kind);
        let length = u16::try_from(text.len()).unwrap_or(u16::MAX);
        out.extend(length.to_le_bytes());
        out.extend(
            text.as_bytes()
                .get(..usize::from(length))
                .unwrap_or_default(),
        );
    }
    let count = u32::try_from(chunk.records().count()).unwrap_or(u32::MAX);
    out.extend(count.to_le_bytes());
    for (source, record) in chunk.records() {
        out.extend(
            u32::try_from(record.len())
                .unwrap_or(u32::MAX)
                .to_le_bytes(),
        );
        out.extend(u16::try_from(source).unwrap_or(u16::MAX).to_le_bytes());
    }
    for (_, record) in chunk.records() {
        out.extend_from_slice(record);
    }
}

/// The chunk in `bytes`; `None` when they are none of this version.
pub(super) fn read(bytes: &[u8]) -> Option<Chunk> {
    let mut rest = bytes;
    let (&version, after) = rest.split_first()?;
    let (&flags, after) = after.split_first()?;
    rest = after;
    if version != VERSION || flags & !LIVE != 0 {
        return None;
    }
    let received = Timestamp::from_micros(i64::from_le_bytes(fixed(&mut rest)?));
    let mut chunk = Chunk::new(received, flags & LIVE != 0);
    let [length] = fixed(&mut rest)?;
    let zone = text(&mut rest, usize::from(length))?;
    if !zone.is_empty() {
        chunk.zone = Some(Zone::from_text(zone)?);
    }
    let mut sources = Vec::new();
    for _ in 0..u16::from_le_bytes(fixed(&mut rest)?) {
        let [kind] = fixed(&mut rest)?;
        let length = u16::from_le_bytes(fixed(&mut rest)?);
        let name = text(&mut rest, usize::from(length))?;
        sources.push(match kind {
            KIND_NAMED => Source::Named(name.into()),
            KIND_IP4 | KIND_IP6 => Source::Sender(name.parse().ok()?),
            _ => return None,
        });
    }
    let count = usize::try_from(u32::from_le_bytes(fixed(&mut rest)?)).ok()?;
    let (mut places, mut data) = rest.split_at_checked(count.checked_mul(6)?)?;
    while !places.is_empty() {
        let length = usize::try_from(u32::from_le_bytes(fixed(&mut places)?)).ok()?;
        let source = sources.get(usize::from(u16::from_le_bytes(fixed(&mut places)?)))?;
        let (record, after) = data.split_at_checked(length)?;
        chunk.push(source, record);
        data = after;
    }
    data.is_empty().then_some(chunk)
}

fn fixed<const N: usize>(rest: &mut &[u8]) -> Option<[u8; N]> {
    let (head, tail) = rest.split_first_chunk::<N>()?;
    *rest = tail;
    Some(*head)
}

fn text<'b>(rest: &mut &'b [u8], length: usize) -> Option<&'b str> {
    let (head, tail) = rest.split_at_checked(length)?;
    *rest = tail;
    std::str::from_utf8(head).ok()
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    /// A chunk as the first version wrote it; it is read for ever.
    const V1: &str = "0101404b4c0000000000062b30313a3030020004090031302e302e302e3230010500\
                      737464696e02000000030000000000020000000100616263 6465";

    fn chunk() -> Chunk {
        let mut chunk = Chunk::new(Timestamp::from_micros(5_000_000), true);
        chunk.zone = Zone::from_text("+01:00");
        chunk.push(&Source::Sender("10.0.0.20".parse().unwrap()), b"abc");
        chunk.push(&Source::Named("stdin".into()), b"de");
        chunk
    }

    fn hex(text: &str) -> Vec<u8> {
        let text: String = text.split_ascii_whitespace().collect();
        data_encoding::HEXLOWER.decode(text.as_bytes()).unwrap()
    }

    #[track_caller]
    fn same(one: &Chunk, other: &Chunk) {
        assert_eq!(one.received, other.received);
        assert_eq!(one.live, other.live);
        assert_eq!(one.zone, other.zone);
        assert_eq!(one.sources(), other.sources());
        assert!(one.records().eq(other.records()));
    }

    #[test]
    fn the_first_version_is_read_and_written() {
        let mut out = Vec::new();
        write(&chunk(), &mut out);
        assert_eq!(
            data_encoding::HEXLOWER.encode(&out),
            data_encoding::HEXLOWER.encode(&hex(V1))
        );
        same(&read(&out).unwrap(), &chunk());
    }

    #[test]
    fn what_is_cut_or_of_another_version_is_no_chunk() {
        let bytes = hex(V1);
        for end in 0..bytes.len() {
            assert!(read(&bytes[..end]).is_none(), "{end}");
        }
        let mut newer = bytes.clone();
        newer[0] = 2;
        assert!(read(&newer).is_none());
        let mut longer = bytes;
        longer.push(0);
        assert!(read(&longer).is_none());
    }

    proptest! {
        #[test]
        fn whatever_was_written_is_read_back(
            records in proptest::collection::vec((0_u8..4, proptest::collection::vec(any::<u8>(), 0..80)), 0..50),
            live: bool,
        ) {
            let mut chunk = Chunk::new(Timestamp::from_micros(1), live);
            for (source, record) in &records {
                let source = match source {
                    0 => Source::Sender("192.0.2.1".parse().unwrap()),
                    1 => Source::Sender("2001:db8::1".parse().unwrap()),
                    other => Source::Named(format!("file {other}").into()),
                };
                chunk.push(&source, record);
            }
            let mut out = Vec::new();
            write(&chunk, &mut out);
            same(&read(&out).unwrap(), &chunk);
        }

        #[test]
        fn any_bytes_end(bytes in proptest::collection::vec(any::<u8>(), 0..200)) {
            let mut framed = vec![1, 1];
            framed.extend(bytes);
            drop(read(&framed));
        }
    }
}
