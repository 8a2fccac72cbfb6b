//! Rows as ClickHouse reads and writes them: `RowBinary`. Numbers stand in so many bytes, the lowest
//! first; texts and lists behind their length, seven bits a byte.

use std::net::{IpAddr, Ipv4Addr, Ipv6Addr};

use crate::store::StoreError;
use crate::store::packed::bytes::{Reader, put_number, size};

/// Rows that are being written.
#[derive(Default)]
pub struct Writer(pub Vec<u8>);

impl Writer {
    /// `FixedString`, or a number's bytes.
    pub fn raw(&mut self, bytes: &[u8]) {
        self.0.extend_from_slice(bytes);
    }

    /// `UInt32`; what is beyond its range becomes the greatest.
    pub fn u32(&mut self, number: i64) {
        self.raw(
            &u32::try_from(number.max(0))
                .unwrap_or(u32::MAX)
                .to_le_bytes(),
        );
    }

    /// `Int32`; what is beyond its range becomes the last within.
    pub fn i32(&mut self, number: i64) {
        let edge = if number < 0 { i32::MIN } else { i32::MAX };
        self.raw(&i32::try_from(number).unwrap_or(edge).to_le_bytes());
    }

    /// `Int64`, or `UInt64` of what is not negative.
    pub fn i64(&mut self, number: i64) {
        self.raw(&number.to_le_bytes());
    }

    /// `UInt64`.
    pub fn u64(&mut self, number: u64) {
        self.raw(&number.to_le_bytes());
    }

    /// `String`.
    pub fn bytes(&mut self, bytes: &[u8]) {
        self.length(bytes.len());
        self.raw(bytes);
    }

    /// How many elements of an `Array` follow.
    pub fn length(&mut self, length: usize) {
        put_number(&mut self.0, size(length));
    }

    /// An address as its bytes, in a `String`.
    pub fn address(&mut self, address: IpAddr) {
        match address {
            IpAddr::V4(ip) => self.bytes(&ip.octets()),
            IpAddr::V6(ip) => self.bytes(&ip.octets()),
        }
    }
}

/// Rows that are being read. Every call fails when they end too early.
pub struct Rows<'b>(Reader<'b>);

impl<'b> Rows<'b> {
    /// The rows of an answer.
    pub const fn new(answer: &'b [u8]) -> Self {
        Self(Reader(answer))
    }

    /// Whether there are more.
    pub const fn more(&self) -> bool {
        !self.0.0.is_empty()
    }

    /// So many bytes as they are.
    pub fn raw<const N: usize>(&mut self) -> Result<[u8; N], StoreError> {
        let taken = self.0.take(N).and_then(|taken| taken.try_into().ok());
        taken.ok_or_else(malformed)
    }

    /// `UInt8`.
    pub fn u8(&mut self) -> Result<u8, StoreError> {
        self.0.byte().ok_or_else(malformed)
    }

    /// `UInt32`.
    pub fn u32(&mut self) -> Result<i64, StoreError> {
        self.raw().map(|bytes| u32::from_le_bytes(bytes).into())
    }

    /// `Int32`.
    pub fn i32(&mut self) -> Result<i64, StoreError> {
        self.raw().map(|bytes| i32::from_le_bytes(bytes).into())
    }

    /// `Int64`.
    pub fn i64(&mut self) -> Result<i64, StoreError> {
        self.raw().map(i64::from_le_bytes)
    }

    /// `UInt64`.
    pub fn u64(&mut self) -> Result<u64, StoreError> {
        self.raw().map(u64::from_le_bytes)
    }

    /// A `UInt64` that the hub gave out as a number of its own.
    pub fn number(&mut self) -> Result<i64, StoreError> {
        i64::try_from(self.u64()?).map_err(|_| malformed())
    }

    /// `String`.
    pub fn bytes(&mut self) -> Result<&'b [u8], StoreError> {
        let length = self.0.size();
        length
            .and_then(|length| self.0.take(length))
            .ok_or_else(malformed)
    }

    /// `String` that holds text.
    pub fn text(&mut self) -> Result<&'b str, StoreError> {
        std::str::from_utf8(self.bytes()?).map_err(|_| malformed())
    }

    /// How many elements of an `Array` follow.
    pub fn length(&mut self) -> Result<usize, StoreError> {
        let left = self.0.0.len();
        let length = self.0.size().filter(|length| *length <= left);
        length.ok_or_else(malformed)
    }

    /// An address.
    pub fn address(&mut self) -> Result<IpAddr, StoreError> {
        let bytes = self.bytes()?;
        if let Ok(octets) = <[u8; 4]>::try_from(bytes) {
            return Ok(Ipv4Addr::from(octets).into());
        }
        let octets = <[u8; 16]>::try_from(bytes).map_err(|_| malformed())?;
        Ok(Ipv6Addr::from(octets).into())
    }
}

fn malformed() -> StoreError {
    StoreError::malformed(0)
}

/// Bytes as a literal of a statement: nothing in it has a meaning there.
pub fn literal(bytes: &[u8]) -> String {
    let mut out = String::with_capacity(bytes.len() * 4 + 2);
    out.push('\'');
    for byte in bytes {
        out.push_str("\\x");
        out.push_str(&data_encoding::HEXUPPER.encode(&[*byte]));
    }
    out.push('\'');
    out
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_is_written_is_read_and_what_is_cut_is_told() {
        let mut writer = Writer::default();
        writer.u32(7);
        writer.i32(-3);
        writer.i64(i64::MIN);
        writer.u64(u64::MAX);
        writer.bytes(&[b'a'; 300]);
        writer.address("192.0.2.1".parse().unwrap());
        writer.address("2001:db8::1".parse().unwrap());
        let read = |bytes: &[u8]| -> Result<(), StoreError> {
            let mut rows = Rows::new(bytes);
            assert_eq!(rows.u32()?, 7);
            assert_eq!(rows.i32()?, -3);
            assert_eq!(rows.i64()?, i64::MIN);
            assert_eq!(rows.u64()?, u64::MAX);
            assert_eq!(rows.text()?.len(), 300);
            assert_eq!(rows.address()?, "192.0.2.1".parse::<IpAddr>().unwrap());
            assert_eq!(rows.address()?, "2001:db8::1".parse::<IpAddr>().unwrap());
            assert!(!rows.more());
            Ok(())
        };
        read(&writer.0).unwrap();
        for end in 0..writer.0.len() {
            assert!(read(writer.0.get(..end).unwrap()).is_err(), "{end}");
        }
        let mut edges = Writer::default();
        edges.i32(i64::MIN);
        edges.u32(-1);
        assert_eq!(edges.0, [0, 0, 0, 0x80, 0, 0, 0, 0]);
    }

    #[test]
    fn no_byte_of_a_literal_means_anything() {
        assert_eq!(literal(b"';--\\"), "'\\x27\\x3B\\x2D\\x2D\\x5C'");
    }
}
