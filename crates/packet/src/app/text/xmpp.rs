//! Chat (RFC 6120): its turn to TLS (5.4). What is said before it is not told.

use larum_core::time::Timestamp;

use crate::app::fact::Fact;
use crate::app::{Reader, Seen, Side, Step};

/// After this many bytes of the server without a turn to TLS there is none.
const SERVER_BYTES: usize = 16 * 1024;

/// What the server says before TLS.
const PROCEED: &[u8] = b"<proceed";

/// Reads one conversation.
#[derive(Default)]
pub(in crate::app) struct XmppReader {
    /// How much of [`PROCEED`] the server's last bytes are.
    matched: usize,
    heard: usize,
}

impl Reader for XmppReader {
    fn data(&mut self, seen: Seen, bytes: &[u8], _out: &mut Vec<Fact>) -> Step {
        if seen.side == Side::Client {
            return Step::Go;
        }
        for (place, byte) in bytes.iter().enumerate() {
            if self.matched == PROCEED.len() {
                if *byte == b'>' {
                    return Step::Inner(place.saturating_add(1));
                }
            } else if PROCEED.get(self.matched) == Some(byte) {
                self.matched = self.matched.saturating_add(1);
            } else {
                self.matched = usize::from(*byte == b'<');
            }
        }
        self.heard = self.heard.saturating_add(bytes.len());
        Step::Go
    }

    fn gap(&mut self, _side: Side, _lost: u64) {
        self.matched = 0;
    }

    fn end(&mut self, _at: Timestamp, _out: &mut Vec<Fact>) {}

    fn wants(&self, _side: Side) -> bool {
        self.heard < SERVER_BYTES
    }
}
