//! The hellos of DTLS (RFC 6347, RFC 9147).

use larum_core::time::Timestamp;

use super::bytes::Cursor;
use super::tls::{Carried, ClientHello, ServerHello, Tls};
use super::{Fact, Reader, Seen, Side, Step};

/// The longest hello put together from its parts.
const HELLO_BYTES: usize = 16 * 1024;

/// Reads one DTLS conversation.
#[derive(Default)]
pub(super) struct DtlsReader {
    client: Vec<u8>,
    server: Vec<u8>,
    fact: Option<Box<Tls>>,
    done: bool,
}

impl Reader for DtlsReader {
    fn data(&mut self, seen: Seen, bytes: &[u8], out: &mut Vec<Fact>) -> Step {
        let mut cursor = Cursor(bytes);
        while let (Some(kind), Some(_), Some(epoch), Some(_)) =
            (cursor.byte(), cursor.be16(), cursor.be16(), cursor.take(6))
        {
            let Some(record) = cursor.block16() else {
                break;
            };
            match kind {
                22 if epoch == 0 => self.messages(seen, record),
                // A change of cipher or data of the application: the hellos are past.
                20 | 23 => self.done = self.fact.is_some(),
                _ => {}
            }
        }
        if self.done {
            out.extend(self.fact.take().map(Fact::Tls));
        }
        Step::Go
    }

    fn gap(&mut self, _side: Side, _lost: u64) {}

    fn end(&mut self, _at: Timestamp, out: &mut Vec<Fact>) {
        out.extend(self.fact.take().map(Fact::Tls));
    }

    fn wants(&self, _side: Side) -> bool {
        !self.done
    }
}

impl DtlsReader {
    fn messages(&mut self, seen: Seen, record: &[u8]) {
        let mut cursor = Cursor(record);
        while let (Some(kind), Some(whole), Some(_), Some(from), Some(length)) = (
            cursor.byte(),
            cursor.be24(),
            cursor.be16(),
            cursor.be24(),
            cursor.be24(),
        ) {
            let Some(part) = cursor.take(length) else {
                return;
            };
            match (kind, seen.side) {
                (1, Side::Client) => {
                    if gather(&mut self.client, whole, from, part)
                        && let Some(hello) = ClientHello::read(&self.client, true)
                    {
                        // After the server's cookie the hello comes again: it is the same one.
                        let fact = self.fact.get_or_insert_default();
                        fact.carried = Carried::Datagrams;
                        if fact.ja4.is_empty() {
                            fact.take_client(&hello, seen.at);
                        }
                    }
                }
                (2, Side::Server) => {
                    if gather(&mut self.server, whole, from, part)
                        && let Some(hello) = ServerHello::read(&self.server)
                    {
                        let fact = self.fact.get_or_insert_default();
                        fact.carried = Carried::Datagrams;
                        fact.take_server(&hello);
                        self.done = true;
                    }
                }
                _ => {}
            }
        }
    }
}

/// Puts the parts of a message together in their order; true when it is whole.
fn gather(message: &mut Vec<u8>, whole: usize, from: usize, part: &[u8]) -> bool {
    if from == 0 {
        message.clear();
    }
    if whole > HELLO_BYTES || from != message.len() || from.saturating_add(part.len()) > whole {
        return false;
    }
    message.extend_from_slice(part);
    message.len() == whole
}
