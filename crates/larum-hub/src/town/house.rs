//! One firm of the town: its devices, its log files, and its real collector.

use std::fs::{File, OpenOptions};
use std::io::{self, BufWriter, Write as _};
use std::net::{Ipv4Addr, SocketAddr};
use std::path::{Path, PathBuf};

use larum_collector::config::{Config, FileInput, Listen, Start, Transport};
use larum_core::time::Timestamp;
use larum_traffic::act::Moment;
use larum_traffic::background::{self, Volume};
use larum_traffic::{Act, Device, DeviceKind, Firm, Header};

const HOUR_SECONDS: i64 = 3_600;
/// Weeks of log files that lie there when the collector is installed.
const PAST_DAYS: i64 = 35;

/// A firm: what writes its log lines, and where they go.
pub struct House {
    /// The firm.
    pub firm: Firm,
    /// Its folder.
    pub folder: PathBuf,
    firewall: Device,
    server: Device,
    web: Device,
    auth_log: PathBuf,
    access_log: PathBuf,
    /// Lines written into files or sent so far.
    pub written: u64,
}

/// Where a line goes.
pub enum Route {
    /// Over syslog, from the firewall.
    Syslog(String),
    /// Into the server's log.
    AuthLog(String),
    /// Into the web server's log.
    AccessLog(String),
}

impl House {
    /// The firm in its own folder under `town`; makes the folder.
    ///
    /// # Errors
    /// When the folder cannot be made.
    pub fn new(firm: Firm, town: &Path) -> io::Result<Self> {
        let folder = town.join(format!("firm-{:02}", firm.index + 1));
        let logs = folder.join("logs");
        std::fs::create_dir_all(&logs)?;
        Ok(Self {
            firewall: Device::new(firm.firewall, firm.host("fw"), Header::Rfc3164),
            server: Device::new(DeviceKind::Sshd, firm.host("srv"), Header::File),
            web: Device::new(firm.web, firm.host("web"), Header::None),
            auth_log: logs.join("auth.log"),
            access_log: logs.join("access.log"),
            folder,
            firm,
            written: 0,
        })
    }

    /// The collector's configuration: one syslog listener on a free port, and the log files.
    #[must_use]
    pub fn config(&self) -> Config {
        let mut config = Config::new(self.folder.join("collector"));
        // Half of the firms send over UDP, half over TCP, as in life.
        let transport = if self.sends_datagrams() {
            Transport::Udp
        } else {
            Transport::Tcp
        };
        let address = SocketAddr::from((Ipv4Addr::LOCALHOST, 0));
        config.listen = vec![Listen::new(transport, address)];
        config.files = vec![FileInput {
            path: self.folder.join("logs").join("*.log"),
            start: Start::Beginning,
        }];
        config.page_address = Some(SocketAddr::from((Ipv4Addr::LOCALHOST, 0)));
        config.metrics_address = None;
        config
    }

    /// Whether its firewall sends syslog over UDP; otherwise over TCP.
    #[must_use]
    pub const fn sends_datagrams(&self) -> bool {
        self.firm.index.is_multiple_of(2)
    }

    /// Writes the log files of the weeks before `start`: those of the server and the web server, and
    /// what the firewall's log server kept.
    ///
    /// # Errors
    /// When a file cannot be written.
    pub fn write_past(&mut self, seed: u64, start: Timestamp) -> io::Result<()> {
        let mut firewall = Device::new(self.firm.firewall, self.firm.host("fw"), Header::File);
        let mut firewall_log = create(&self.folder.join("logs").join("firewall.log"))?;
        let mut auth_log = create(&self.auth_log)?;
        let mut access_log = create(&self.access_log)?;
        let mut hour = start
            .floor_to(HOUR_SECONDS)
            .plus_seconds(-PAST_DAYS * 24 * HOUR_SECONDS);
        let mut lines = Vec::new();
        while hour < start {
            for moment in background::hour(&self.firm, seed, hour, Volume::PAST) {
                if moment.at >= start {
                    continue;
                }
                let (device, file) = match moment.act {
                    Act::LogIn(_) => (&mut self.server, &mut auth_log),
                    Act::Request(_) => (&mut self.web, &mut access_log),
                    _ => (&mut firewall, &mut firewall_log),
                };
                device.write(moment.at, &moment.act, &mut lines);
                for line in lines.drain(..) {
                    writeln!(file, "{line}")?;
                    self.written += 1;
                }
            }
            hour = hour.plus_seconds(HOUR_SECONDS);
        }
        firewall_log.flush()?;
        auth_log.flush()?;
        access_log.flush()
    }

    /// The lines a moment causes.
    pub fn lines(&mut self, moment: &Moment, out: &mut Vec<Route>) {
        let mut lines = Vec::new();
        let (device, route): (_, fn(String) -> Route) = match moment.act {
            Act::LogIn(_) => (&mut self.server, Route::AuthLog),
            Act::Request(_) => (&mut self.web, Route::AccessLog),
            _ => (&mut self.firewall, Route::Syslog),
        };
        device.write(moment.at, &moment.act, &mut lines);
        out.extend(lines.into_iter().map(route));
    }

    /// Its log files, opened for writing on.
    ///
    /// # Errors
    /// When one cannot be opened.
    pub fn open_logs(&self) -> io::Result<(File, File)> {
        let append = |path: &Path| OpenOptions::new().append(true).create(true).open(path);
        Ok((append(&self.auth_log)?, append(&self.access_log)?))
    }
}

fn create(path: &Path) -> io::Result<BufWriter<File>> {
    Ok(BufWriter::new(File::create(path)?))
}
