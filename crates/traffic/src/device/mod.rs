//! Devices: each writes an act the way its vendor documents, or not at all when it would not see it.

mod asa;
mod filterlog;
mod fortigate;
mod mikrotik;
mod netfilter;
mod sonicwall;
mod sshd;
mod suricata;
mod web;
mod windows;

use larum_core::time::Timestamp;

use crate::act::Act;
use crate::stamp::Civil;

/// Make of a device.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub enum DeviceKind {
    /// Fortinet FortiGate: traffic, UTM and event logs.
    FortiGate,
    /// Cisco ASA: the 106xxx and 302xxx families.
    CiscoAsa,
    /// pfSense and OPNsense: filterlog.
    Filterlog,
    /// A Linux firewall set up with ufw: kernel lines.
    Netfilter,
    /// OpenSSH.
    Sshd,
    /// nginx access log, combined format.
    Nginx,
    /// Apache access log, combined format.
    Apache,
    /// SonicWall: connections closed and dropped.
    SonicWall,
    /// MikroTik RouterOS: the firewall's topic.
    MikroTik,
    /// Suricata beside the firewall: flows and alerts, EVE JSON.
    Suricata,
    /// Windows: log-ins, exported as JSON.
    Windows,
}

/// What stands before the device's own text.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Header {
    /// `<PRI>Mmm dd hh:mm:ss host `, RFC 3164, as devices send it.
    Rfc3164,
    /// `<PRI>1 TIME host app pid msgid - `, RFC 5424.
    Rfc5424,
    /// `TIME host `, as a system writes it into a file today (RFC 3339 stamp).
    File,
    /// Nothing: files that carry their own time, such as access logs.
    None,
}

/// A device at a firm.
#[derive(Clone, Debug)]
pub struct Device {
    kind: DeviceKind,
    host: String,
    header: Header,
    /// Records written; gives session, connection and process numbers.
    written: u64,
}

impl Device {
    /// A device that calls itself `host`.
    #[must_use]
    pub const fn new(kind: DeviceKind, host: String, header: Header) -> Self {
        Self {
            kind,
            host,
            header,
            written: 0,
        }
    }

    /// Its make.
    #[must_use]
    pub const fn kind(&self) -> DeviceKind {
        self.kind
    }

    /// Whether it would see `act` at all.
    #[must_use]
    pub const fn sees(&self, act: &Act) -> bool {
        match act {
            Act::Connection(_) => matches!(
                self.kind,
                DeviceKind::FortiGate
                    | DeviceKind::CiscoAsa
                    | DeviceKind::Filterlog
                    | DeviceKind::Netfilter
                    | DeviceKind::SonicWall
                    | DeviceKind::MikroTik
                    | DeviceKind::Suricata
            ),
            Act::Alert(_) => matches!(self.kind, DeviceKind::FortiGate | DeviceKind::Suricata),
            Act::RemoteAccess(_) => matches!(self.kind, DeviceKind::FortiGate),
            Act::LogIn(_) => matches!(self.kind, DeviceKind::Sshd | DeviceKind::Windows),
            Act::Request(_) => matches!(self.kind, DeviceKind::Nginx | DeviceKind::Apache),
        }
    }

    /// Writes `act` as it happened at `at` to `out`, one line each, without line ends. Nothing when
    /// the device would not see it.
    pub fn write(&mut self, at: Timestamp, act: &Act, out: &mut Vec<String>) {
        if !self.sees(act) {
            return;
        }
        self.written += 1;
        let mut texts = Vec::with_capacity(3);
        let number = self.written;
        match (self.kind, act) {
            (DeviceKind::FortiGate, act) => {
                fortigate::write(&self.host, number, at, act, &mut texts);
            }
            (DeviceKind::CiscoAsa, Act::Connection(it)) => asa::write(number, it, &mut texts),
            (DeviceKind::Filterlog, Act::Connection(it)) => {
                filterlog::write(number, it, &mut texts);
            }
            (DeviceKind::Netfilter, Act::Connection(it)) => {
                netfilter::write(number, it, &mut texts);
            }
            (DeviceKind::SonicWall, Act::Connection(it)) => {
                sonicwall::write(number, at, it, &mut texts);
            }
            (DeviceKind::MikroTik, Act::Connection(it)) => mikrotik::write(number, it, &mut texts),
            (DeviceKind::Suricata, Act::Connection(it)) => {
                suricata::flow(number, at, it, &mut texts);
            }
            (DeviceKind::Suricata, Act::Alert(it)) => suricata::alert(number, at, it, &mut texts),
            (DeviceKind::Windows, Act::LogIn(it)) => {
                windows::write(&self.host, at, it, &mut texts);
            }
            (DeviceKind::Sshd, Act::LogIn(it)) => sshd::write(it, &mut texts),
            (DeviceKind::Nginx | DeviceKind::Apache, Act::Request(it)) => {
                texts.push(web::write(at, it));
            }
            _ => {}
        }
        for text in texts {
            let line = self.head(at, number) + &text;
            out.push(line);
        }
    }

    fn head(&self, at: Timestamp, number: u64) -> String {
        let civil = Civil::of(at);
        let micros = at.as_micros().rem_euclid(1_000_000);
        let (app, pid, pri) = match self.kind {
            DeviceKind::FortiGate => ("", 0, 189),
            DeviceKind::CiscoAsa => ("", 0, 166),
            DeviceKind::Filterlog => ("filterlog", 54_321, 134),
            DeviceKind::Netfilter => ("kernel", 0, 4),
            DeviceKind::Sshd => ("sshd", 1_000 + number % 60_000, 38),
            DeviceKind::Nginx => ("nginx", 0, 190),
            DeviceKind::Apache => ("httpd", 0, 190),
            DeviceKind::SonicWall | DeviceKind::MikroTik | DeviceKind::Windows => ("", 0, 134),
            DeviceKind::Suricata => ("suricata", 0, 141),
        };
        let tag = match (app, pid) {
            ("", _) => String::new(),
            (app, 0) => format!("{app}: "),
            (app, pid) => format!("{app}[{pid}]: "),
        };
        let host = &self.host;
        match self.header {
            // FortiGate and ASA write their own time and name behind the priority.
            Header::Rfc3164 if self.kind == DeviceKind::FortiGate => format!("<{pri}>"),
            Header::Rfc3164 if self.kind == DeviceKind::CiscoAsa => format!(
                "<{pri}>{} {} {:04} {} {host} : ",
                civil.month_name(),
                civil.day,
                civil.year,
                civil.clock()
            ),
            Header::Rfc3164 => format!("<{pri}>{} {host} {tag}", civil.bsd()),
            Header::Rfc5424 => {
                let app = if app.is_empty() { "-" } else { app };
                let pid = if pid == 0 {
                    "-".to_owned()
                } else {
                    pid.to_string()
                };
                format!("<{pri}>1 {} {host} {app} {pid} - - ", civil.iso(micros))
            }
            Header::File => format!("{} {host} {tag}", civil.iso(micros)),
            Header::None => String::new(),
        }
    }
}
