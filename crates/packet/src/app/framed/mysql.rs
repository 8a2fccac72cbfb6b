//! MySQL and MariaDB: the log-in (MySQL, "Connection Phase").

use super::{Awaited, Measured, Talk, Turn, USER_BYTES};
use crate::app::bytes::{Cursor, text};
use crate::app::fact::{Banner, Fact};
use crate::app::{Protocol, Seen, Side};

/// One conversation.
#[derive(Default)]
pub(in crate::app) struct MySql {
    server: Option<Banner>,
    asked: bool,
    login: Awaited,
}

impl Talk for MySql {
    fn measure(&self, _side: Side, head: &[u8]) -> Measured {
        match *head {
            [a, b, c, _] => {
                Measured::Whole((u64::from(a) | u64::from(b) << 8 | u64::from(c) << 16) + 4)
            }
            _ => Measured::More,
        }
    }

    fn message(&mut self, seen: Seen, bytes: &[u8], out: &mut Vec<Fact>) -> Turn {
        let body = bytes.get(4..).unwrap_or_default();
        match seen.side {
            Side::Server if self.server.is_none() => {
                let mut banner = Banner::new(Protocol::MySql);
                banner.at = seen.at;
                if let Some((10, rest)) = body.split_first().map(|(first, rest)| (*first, rest)) {
                    let version = rest.split(|byte| *byte == 0).next().unwrap_or_default();
                    banner.server = text(version, USER_BYTES);
                }
                self.server = Some(banner);
                Turn::Go
            }
            Side::Client if !self.asked => {
                let flags = Cursor(body).le32().unwrap_or_default();
                // "TLS" is the short form of the answer, then the hello (bit 11).
                if body.len() == 32 && flags & 0x0800 != 0 {
                    return Turn::Inner;
                }
                self.asked = true;
                // From 4.1 on 32 bytes stand before the name, before that five.
                let at = if flags & 0x0200 != 0 { 32 } else { 5 };
                let name = body
                    .get(at..)
                    .unwrap_or_default()
                    .split(|byte| *byte == 0)
                    .next();
                let user = text(name.unwrap_or_default(), USER_BYTES);
                self.login
                    .begins(seen.at, Protocol::MySql, user, "password");
                Turn::Go
            }
            Side::Server => match body.first() {
                Some(0) => {
                    self.login.ends(true, out);
                    Turn::Done
                }
                Some(0xff) => {
                    self.login.ends(false, out);
                    Turn::Done
                }
                _ => Turn::Go,
            },
            Side::Client => Turn::Go,
        }
    }

    fn end(&mut self, out: &mut Vec<Fact>) {
        self.login.never(out);
        out.extend(self.server.take().and_then(|mut banner| banner.told()));
    }
}
