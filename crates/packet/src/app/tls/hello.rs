//! The two hellos (RFC 8446, 4.1; RFC 5246, 7.4.1; RFC 6347, 4.2 for the cookie of DTLS).

use crate::app::bytes::{Cursor, text};

/// The longest server name and application protocol told.
const NAME_BYTES: usize = 255;

/// What a client offers.
#[derive(Debug, Default)]
pub(in crate::app) struct ClientHello {
    /// The version field of the hello itself.
    pub version: u16,
    pub ciphers: Vec<u16>,
    /// Extension numbers in order.
    pub extensions: Vec<u16>,
    pub groups: Vec<u16>,
    pub point_formats: Vec<u8>,
    pub signature_algorithms: Vec<u16>,
    /// The versions of the extension that lists them.
    pub versions: Vec<u16>,
    pub sni: String,
    /// The first application protocol, as bytes.
    pub alpn: Vec<u8>,
}

/// What a server chose.
#[derive(Debug)]
pub(in crate::app) struct ServerHello {
    pub version: u16,
    pub cipher: u16,
}

/// Values that are sent only so that nobody gets used to fixed lists (RFC 8701).
pub(in crate::app) const fn is_grease(value: u16) -> bool {
    value & 0x0f0f == 0x0a0a && value >> 8 == value & 0xff
}

fn numbers(bytes: &[u8]) -> Vec<u16> {
    bytes
        .chunks_exact(2)
        .map(|pair| {
            pair.iter()
                .fold(0u16, |sum, byte| sum << 8 | u16::from(*byte))
        })
        .collect()
}

impl ClientHello {
    /// Reads the body of a hello; `datagrams`: with the cookie of DTLS.
    pub fn read(body: &[u8], datagrams: bool) -> Option<Self> {
        let mut cursor = Cursor(body);
        let version = cursor.be16()?;
        cursor.take(32)?;
        cursor.block8()?;
        if datagrams {
            cursor.block8()?;
        }
        let ciphers = numbers(cursor.block16()?);
        cursor.block8()?;
        let mut hello = Self {
            version,
            ciphers,
            ..Self::default()
        };
        // A hello may end here (before RFC 3546 there was no more).
        let mut extensions = Cursor(cursor.block16().unwrap_or_default());
        while let Some(kind) = extensions.be16() {
            let Some(content) = extensions.block16() else {
                break;
            };
            hello.extensions.push(kind);
            hello.extension(kind, Cursor(content));
        }
        Some(hello)
    }

    fn extension(&mut self, kind: u16, mut content: Cursor<'_>) {
        match kind {
            0 => {
                let mut list = Cursor(content.block16().unwrap_or_default());
                if list.byte() == Some(0)
                    && let Some(name) = list.block16()
                {
                    self.sni = text(name, NAME_BYTES);
                }
            }
            10 => self.groups = numbers(content.block16().unwrap_or_default()),
            11 => self.point_formats = content.block8().unwrap_or_default().to_vec(),
            13 => self.signature_algorithms = numbers(content.block16().unwrap_or_default()),
            16 => {
                let mut list = Cursor(content.block16().unwrap_or_default());
                self.alpn = list.block8().unwrap_or_default().to_vec();
            }
            43 => self.versions = numbers(content.block8().unwrap_or_default()),
            _ => {}
        }
    }

    /// The highest version offered.
    pub fn highest_version(&self) -> u16 {
        let listed = self
            .versions
            .iter()
            .copied()
            .filter(|version| !is_grease(*version))
            .max();
        listed.unwrap_or(self.version)
    }

    /// The first application protocol as text.
    pub fn first_alpn(&self) -> String {
        text(&self.alpn, NAME_BYTES)
    }
}

impl ServerHello {
    /// Reads the body of a hello.
    pub fn read(body: &[u8]) -> Option<Self> {
        let mut cursor = Cursor(body);
        let mut version = cursor.be16()?;
        cursor.take(32)?;
        // The drafts of 1.3 up to 21 left out the session; later ones are as 1.2.
        if !matches!(version, 0x7f00..=0x7f15) {
            cursor.block8()?;
        }
        let cipher = cursor.be16()?;
        cursor.byte();
        let mut extensions = Cursor(cursor.block16().unwrap_or_default());
        while let (Some(kind), Some(content)) = (extensions.be16(), extensions.block16()) {
            if kind == 43
                && let Some(chosen) = Cursor(content).be16()
            {
                version = chosen;
            }
        }
        Some(Self { version, cipher })
    }

    /// Whether what follows is encrypted.
    pub const fn is_13(&self) -> bool {
        matches!(self.version, 0x0304 | 0x7e00..=0x7fff | 0xfefc)
    }
}

/// A version as OpenSSL spells it.
pub(in crate::app) fn version_name(version: u16) -> String {
    match version {
        0x0002 => "SSLv2".into(),
        0x0300 => "SSLv3".into(),
        0x0301 => "TLSv1".into(),
        0x0302 => "TLSv1.1".into(),
        0x0303 => "TLSv1.2".into(),
        0x0304 | 0x7f00..=0x7fff => "TLSv1.3".into(),
        0x0100 | 0xfeff => "DTLSv1".into(),
        0xfefd => "DTLSv1.2".into(),
        0xfefc => "DTLSv1.3".into(),
        other => format!("0x{other:04x}"),
    }
}
