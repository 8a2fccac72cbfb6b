//! What is remembered about each source: its closed doors, its failed log-ins, its missing pages.
//!
//! Three tables, so that packets, whose senders can be forged, compete for room with packets only.

use std::net::IpAddr;

use super::guessing::LoginRow;
use super::probing::WebRow;
use super::scan::ScanRow;
use super::table::Table;
use crate::address;

/// 65,536 sources with refused contacts; 3.2 MiB.
const SCAN_SETS: usize = 4_096;
/// 16,384 sources with failed log-ins; 1.6 MiB.
const LOGIN_SETS: usize = 1_024;
/// 16,384 sources that miss web pages; 0.9 MiB.
const WEB_SETS: usize = 1_024;
/// Rows of all tables together.
pub const MAX_ROWS: usize = Table::<ScanRow, SCAN_SETS>::MAX_ROWS
    + Table::<LoginRow, LOGIN_SETS>::MAX_ROWS
    + Table::<WebRow, WEB_SETS>::MAX_ROWS;

/// A source in 64 bits: the /64 of an IPv6 address, or an IPv4 address below a prefix (1::/32) that
/// the internet registries do not give out.
pub fn key_of(ip: IpAddr) -> u64 {
    match address::source_key(ip) {
        IpAddr::V4(ip) => (1 << 48) | u64::from(ip.to_bits()),
        IpAddr::V6(ip) => u64::try_from(ip.to_bits() >> 64).unwrap_or(u64::MAX),
    }
}

/// The tables.
#[derive(Clone, Debug, Default)]
pub struct Sources {
    /// Closed doors they tried.
    pub scan: Table<ScanRow, SCAN_SETS>,
    /// Log-ins they failed.
    pub login: Table<LoginRow, LOGIN_SETS>,
    /// Pages they missed.
    pub web: Table<WebRow, WEB_SETS>,
}

impl Sources {
    /// How many rows are in use.
    pub const fn len(&self) -> usize {
        self.scan.len() + self.login.len() + self.web.len()
    }

    /// How many newcomers found no place, and how many rows gave way to newcomers.
    pub const fn pressure(&self) -> (u64, u64) {
        let (scan, login, web) = (
            self.scan.pressure(),
            self.login.pressure(),
            self.web.pressure(),
        );
        (scan.0 + login.0 + web.0, scan.1 + login.1 + web.1)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_tables_stay_within_their_bytes() {
        const TENTH_MIB: usize = 1_048_576 / 10;
        let scan = Table::<ScanRow, SCAN_SETS>::MAX_BYTES;
        let login = Table::<LoginRow, LOGIN_SETS>::MAX_BYTES;
        let web = Table::<WebRow, WEB_SETS>::MAX_BYTES;
        assert_eq!(MAX_ROWS, 65_536 + 2 * 16_384);
        assert!(scan <= 32 * TENTH_MIB, "{scan}");
        assert!(login <= 16 * TENTH_MIB, "{login}");
        assert!(web <= 9 * TENTH_MIB, "{web}");
    }
}
