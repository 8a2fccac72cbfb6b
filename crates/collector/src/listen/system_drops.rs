//! Datagrams the system itself dropped because a socket's receive buffer was full: the last column of
//! `/proc/self/net/udp` and `udp6`, found by the socket's inode. On systems without them nothing
//! can be known, and nothing is claimed.

use std::fs;
use std::os::fd::AsRawFd;

/// Longest table that is read.
const MAX_TABLE_BYTES: u64 = 4 << 20;

/// Counts what the system dropped at one socket.
#[derive(Debug)]
pub(super) struct SystemDrops {
    inode: Option<String>,
    seen: u64,
}

impl SystemDrops {
    /// For `socket`, counting from now.
    pub(super) fn of(socket: &impl AsRawFd) -> Self {
        let link = fs::read_link(format!("/proc/self/fd/{}", socket.as_raw_fd())).ok();
        let inode = link
            .as_ref()
            .and_then(|link| link.to_str())
            .and_then(|link| link.strip_prefix("socket:[")?.strip_suffix(']'))
            .map(str::to_owned);
        Self { inode, seen: 0 }
    }

    /// How many were dropped since the last call.
    pub(super) fn since(&mut self) -> u64 {
        let Some(inode) = &self.inode else {
            return 0;
        };
        let total = ["/proc/self/net/udp", "/proc/self/net/udp6"]
            .iter()
            .find_map(|table| drops_of(inode, &read(table)?))
            .unwrap_or(self.seen);
        let new = total.saturating_sub(self.seen);
        self.seen = total;
        new
    }
}

fn read(table: &str) -> Option<String> {
    use std::io::Read as _;
    let mut text = String::new();
    let file = fs::File::open(table).ok()?;
    file.take(MAX_TABLE_BYTES).read_to_string(&mut text).ok()?;
    Some(text)
}

/// Columns: sl, local, remote, st, queues, tr:when, retrnsmt, uid, timeout, inode, ref, pointer, drops.
fn drops_of(inode: &str, table: &str) -> Option<u64> {
    table.lines().skip(1).find_map(|line| {
        let mut columns = line.split_ascii_whitespace().skip(9);
        (columns.next()? == inode)
            .then(|| columns.last()?.parse().ok())
            .flatten()
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_drops_column_is_found_by_inode() {
        let table = "  sl  local_address rem_address   st tx_queue rx_queue tr tm->when retrnsmt   uid  timeout inode ref pointer drops\n\
             1: 0100007F:1F90 00000000:0000 07 00000000:00000000 00:00000000 00000000     0        0 4711 2 0000000000000000 9\n\
             2: 0100007F:1F91 00000000:0000 07 00000000:00000000 00:00000000 00000000     0        0 4712 2 0000000000000000 17\n";
        assert_eq!(drops_of("4712", table), Some(17));
        assert_eq!(drops_of("4713", table), None);
    }
}
