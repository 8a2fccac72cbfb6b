//! A PostgreSQL server as the hub's settings name it.

use std::fmt;
use std::path::PathBuf;

/// Port of a server when none is said.
pub const PORT: u16 = 5_432;
/// Sessions held at once when none is said; 2 to [`MAX_SESSIONS`] are allowed. One of them decides
/// which of several hubs runs the watch.
pub const SESSIONS: u32 = 12;
/// Most sessions a hub may hold.
pub const MAX_SESSIONS: u32 = 100;

/// Where the server is and how the hub proves who it is.
#[derive(Clone, PartialEq, Eq)]
pub struct Server {
    /// The folder of a socket on this machine (it begins with `/`), or a host name or address, to
    /// which the connection is always encrypted.
    pub host: String,
    /// The port.
    pub port: u16,
    /// Name of the database.
    pub database: String,
    /// Who the hub is there.
    pub user: String,
    /// Its password, where the server asks for one.
    pub password: Option<String>,
    /// The authorities one of which must have signed the server's certificate, as PEM.
    pub ca_file: PathBuf,
    /// Sessions at most.
    pub sessions: u32,
}

impl Server {
    /// True when it is reached by a socket, which never leaves this machine.
    #[must_use]
    pub fn is_socket(&self) -> bool {
        self.host.starts_with('/')
    }
}

impl fmt::Debug for Server {
    fn fmt(&self, out: &mut fmt::Formatter<'_>) -> fmt::Result {
        let Self {
            host,
            port,
            database,
            user,
            ..
        } = self;
        write!(out, "{user}@{host}:{port}/{database}")
    }
}
