//! Windows file sharing: who logs in and whether it worked (MS-CIFS 2.2.4.53, MS-SMB2 2.2.5 and 2.2.6).
//! Encrypted sessions are log-ins no longer seen; file contents are counted past.

use super::{Awaited, Measured, Talk, Turn, ntlm};
use crate::app::bytes::Cursor;
use crate::app::fact::Fact;
use crate::app::{Protocol, Seen, Side};

/// One SMB conversation.
#[derive(Default)]
pub(in crate::app) struct Smb {
    login: Awaited,
}

/// More of the log-in has to come.
const MORE_PROCESSING: u32 = 0xc000_0016;

impl Talk for Smb {
    fn measure(&self, _side: Side, head: &[u8]) -> Measured {
        match *head {
            [0 | 0x81 | 0x82 | 0x83 | 0x85, a, b, c] => {
                let length = u64::from(a) << 16 | u64::from(b) << 8 | u64::from(c);
                Measured::Whole(length + 4)
            }
            [0 | 0x81 | 0x82 | 0x83 | 0x85, ..] if head.len() < 4 => Measured::More,
            _ => Measured::Bad,
        }
    }

    fn message(&mut self, seen: Seen, bytes: &[u8], out: &mut Vec<Fact>) -> Turn {
        let message = bytes.get(4..).unwrap_or_default();
        let (session_setup, status) = match message.get(..4) {
            Some([0xff, b'S', b'M', b'B']) => {
                let status = message.get(5..).and_then(|rest| Cursor(rest).le32());
                (message.get(4) == Some(&0x73), status)
            }
            Some([0xfe, b'S', b'M', b'B']) => {
                let status = message.get(8..).and_then(|rest| Cursor(rest).le32());
                (message.get(12..14) == Some(&[1, 0]), status)
            }
            // Encrypted: the log-in is past.
            Some([0xfd, b'S', b'M', b'B']) => return Turn::Done,
            _ => return Turn::Go,
        };
        let Some(status) = status.filter(|_| session_setup) else {
            return Turn::Go;
        };
        match seen.side {
            Side::Client => match ntlm::user(message) {
                Some(user) => self.login.begins(seen.at, Protocol::Smb, user, "ntlm"),
                // The first half of NTLM names nobody; Kerberos names somebody, encrypted.
                None if has_kerberos(message) => {
                    self.login
                        .begins(seen.at, Protocol::Smb, String::new(), "kerberos");
                }
                None => {}
            },
            Side::Server if status != MORE_PROCESSING => {
                self.login.ends(status == 0, out);
            }
            Side::Server => {}
        }
        Turn::Go
    }

    fn end(&mut self, out: &mut Vec<Fact>) {
        self.login.never(out);
    }
}

/// A ticket: the object identifier of Kerberos, with an application request after it (RFC 4121, 4.1).
fn has_kerberos(message: &[u8]) -> bool {
    let oid = b"\x06\x09\x2a\x86\x48\x86\xf7\x12\x01\x02\x02\x01\x00";
    memchr::memmem::find(message, oid).is_some()
}
