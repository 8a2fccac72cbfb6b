//! What is remembered about each source: its closed doors, its failed log-ins, its missing pages, the names
//! it asks for.
//!
//! A table each, so that packets, whose senders can be forged, compete for room with packets only.

use std::net::IpAddr;

use super::generated::NamesRow;
use super::login_row::LoginRow;
use super::probing::WebRow;
use super::scan::ScanRow;
use super::shared_scan::SharedScanRow;
use super::snapshot::kept;
use super::table::Table;
use super::tunnel::TunnelRow;
use crate::address;

/// 65,536 sources with refused contacts; 3.2 MiB.
const SCAN_SETS: usize = 4_096;
/// 8,192 networks of outside sources with refused contacts; 0.5 MiB.
const NETWORK_SETS: usize = 512;
/// 16,384 sources with failed log-ins; 1.7 MiB.
const LOGIN_SETS: usize = 1_024;
/// 16,384 sources that miss or read many web pages; 1.3 MiB.
const WEB_SETS: usize = 1_024;
/// 4,096 computers inside that ask for names; 0.8 MiB.
const NAMES_SETS: usize = 256;
/// 8,192 pairs of such a computer and a registered name; 1.5 MiB.
const TUNNEL_SETS: usize = 512;
/// Rows of all tables together.
pub const MAX_ROWS: usize = Table::<ScanRow, SCAN_SETS>::MAX_ROWS
    + Table::<SharedScanRow, NETWORK_SETS>::MAX_ROWS
    + Table::<LoginRow, LOGIN_SETS>::MAX_ROWS
    + Table::<WebRow, WEB_SETS>::MAX_ROWS
    + Table::<NamesRow, NAMES_SETS>::MAX_ROWS
    + Table::<TunnelRow, TUNNEL_SETS>::MAX_ROWS;

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
    /// Closed doors that networks tried, source by source.
    pub networks: Table<SharedScanRow, NETWORK_SETS>,
    /// Log-ins they failed.
    pub login: Table<LoginRow, LOGIN_SETS>,
    /// Pages they missed.
    pub web: Table<WebRow, WEB_SETS>,
    /// Generated names they asked for.
    pub names: Table<NamesRow, NAMES_SETS>,
    /// Names below one registered name they asked for, by both together.
    pub tunnels: Table<TunnelRow, TUNNEL_SETS>,
}

kept!(Sources {
    scan,
    networks,
    login,
    web,
    names,
    tunnels
});

impl Sources {
    /// How many rows are in use.
    pub const fn len(&self) -> usize {
        self.scan.len()
            + self.networks.len()
            + self.login.len()
            + self.web.len()
            + self.names.len()
            + self.tunnels.len()
    }

    /// How many newcomers found no place, and how many rows gave way to newcomers.
    pub fn pressure(&self) -> (u64, u64) {
        [
            self.scan.pressure(),
            self.networks.pressure(),
            self.login.pressure(),
            self.web.pressure(),
            self.names.pressure(),
            self.tunnels.pressure(),
        ]
        .into_iter()
        .fold((0, 0), |sum, one| (sum.0 + one.0, sum.1 + one.1))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_tables_stay_within_their_bytes() {
        const TENTH_MIB: usize = 1_048_576 / 10;
        let scan = Table::<ScanRow, SCAN_SETS>::MAX_BYTES;
        let networks = Table::<SharedScanRow, NETWORK_SETS>::MAX_BYTES;
        let login = Table::<LoginRow, LOGIN_SETS>::MAX_BYTES;
        let web = Table::<WebRow, WEB_SETS>::MAX_BYTES;
        let names = Table::<NamesRow, NAMES_SETS>::MAX_BYTES;
        let tunnels = Table::<TunnelRow, TUNNEL_SETS>::MAX_BYTES;
        assert_eq!(MAX_ROWS, 65_536 + 2 * 16_384 + 4_096 + 2 * 8_192);
        assert!(scan <= 32 * TENTH_MIB, "{scan}");
        assert!(networks <= 6 * TENTH_MIB, "{networks}");
        assert!(login <= 17 * TENTH_MIB, "{login}");
        assert!(web <= 13 * TENTH_MIB, "{web}");
        assert!(names <= 8 * TENTH_MIB, "{names}");
        assert!(tunnels <= 15 * TENTH_MIB, "{tunnels}");
    }
}
