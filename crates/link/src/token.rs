//! The one-time token that lets a collector join: one word, made to be copied and pasted.
//!
//! It carries all a collector needs to find the right hub and prove that it was invited: the hub's
//! address, the fingerprint of the hub's own certificate authority (so that nobody in between can
//! pose as the hub), and a secret. A checksum tells a slip of the mouse from a refused invitation.
//!
//! | bytes | what |
//! |---|---|
//! | 1 | version, 1 |
//! | 32 | SHA-256 of the authority's certificate in DER |
//! | 32 | secret |
//! | 1 + n | length of the address, and the address as `host:port` |
//! | 4 | first bytes of SHA-256 over all that stands before |
//!
//! As text: `larum` and the bytes in base32 (RFC 4648 without padding), lower case. Upper case and
//! white space anywhere are forgiven, as mail programs break and change long words.

use std::fmt;

use data_encoding::{BASE32_NOPAD, BASE64URL_NOPAD, HEXLOWER};
use sha2::{Digest as _, Sha256};

use crate::secret::{NoRandomness, random};

/// The longest text accepted as a token, in bytes.
pub const MAX_TEXT_BYTES: usize = 1_024;
/// The longest `host:port`, in bytes: a host name of 253, a colon, five digits.
pub const MAX_ADDRESS_BYTES: usize = 255;

const PREFIX: &str = "larum";
const VERSION: u8 = 1;
const CHECKSUM_BYTES: usize = 4;

/// Where the hub is: a host name or address, and a port.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct HubAddress {
    host: String,
    port: u16,
}

impl HubAddress {
    /// From host and port; `None` when the host is neither an IP address nor a host name, or too
    /// long.
    #[must_use]
    pub fn new(host: &str, port: u16) -> Option<Self> {
        let host = host
            .strip_prefix('[')
            .and_then(|host| host.strip_suffix(']'))
            .unwrap_or(host);
        rustls_pki_types::ServerName::try_from(host).ok()?;
        let address = Self {
            host: host.to_owned(),
            port,
        };
        (port != 0 && address.to_string().len() <= MAX_ADDRESS_BYTES).then_some(address)
    }

    /// From `host:port`, `[2001:db8::1]:port` included.
    #[must_use]
    pub fn parse(text: &str) -> Option<Self> {
        let (host, port) = text.rsplit_once(':')?;
        if host.contains(':') && !host.starts_with('[') {
            return None;
        }
        Self::new(host, port.parse().ok()?)
    }

    /// The host name or address, without brackets.
    #[must_use]
    pub fn host(&self) -> &str {
        &self.host
    }

    /// The port.
    #[must_use]
    pub const fn port(&self) -> u16 {
        self.port
    }
}

impl fmt::Display for HubAddress {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        if self.host.contains(':') {
            write!(f, "[{}]:{}", self.host, self.port)
        } else {
            write!(f, "{}:{}", self.host, self.port)
        }
    }
}

/// A one-time token.
#[derive(Clone, PartialEq, Eq)]
pub struct Token {
    /// Where the hub listens for collectors.
    pub hub: HubAddress,
    /// SHA-256 of the hub's authority certificate in DER.
    pub authority_sha256: [u8; 32],
    secret: [u8; 32],
}

impl Token {
    /// A new token with a fresh secret.
    ///
    /// # Errors
    /// When the operating system gives no random bytes.
    pub fn random(hub: HubAddress, authority_sha256: [u8; 32]) -> Result<Self, NoRandomness> {
        Ok(Self {
            hub,
            authority_sha256,
            secret: random::<32>()?,
        })
    }

    /// The secret as it goes over the wire: base64url, 43 characters.
    #[must_use]
    pub fn secret(&self) -> String {
        BASE64URL_NOPAD.encode(&self.secret)
    }

    /// What the hub stores of the secret; see [`secret_hash`].
    #[must_use]
    pub fn secret_hash(&self) -> String {
        secret_hash(&self.secret())
    }

    /// Reads a token from text a person pasted.
    ///
    /// # Errors
    /// When it is no token, damaged, or of a newer version.
    pub fn parse(text: &str) -> Result<Self, TokenError> {
        if text.len() > MAX_TEXT_BYTES {
            return Err(TokenError::NotAToken);
        }
        let word: String = text
            .chars()
            .filter(|char| !char.is_whitespace())
            .map(|char| char.to_ascii_lowercase())
            .collect();
        let coded = word.strip_prefix(PREFIX).ok_or(TokenError::NotAToken)?;
        let bytes = BASE32_NOPAD
            .decode(coded.to_ascii_uppercase().as_bytes())
            .map_err(|_| TokenError::Damaged)?;
        let split = bytes.len().saturating_sub(CHECKSUM_BYTES);
        let (body, checksum) = bytes.split_at_checked(split).ok_or(TokenError::Damaged)?;
        if checksum != checksum_of(body) {
            return Err(TokenError::Damaged);
        }
        Self::from_body(body)
    }

    fn from_body(body: &[u8]) -> Result<Self, TokenError> {
        let (&version, rest) = body.split_first().ok_or(TokenError::Damaged)?;
        if version != VERSION {
            return Err(TokenError::UnknownVersion);
        }
        let (authority_sha256, rest) = rest.split_first_chunk().ok_or(TokenError::Damaged)?;
        let (secret, rest) = rest.split_first_chunk().ok_or(TokenError::Damaged)?;
        let (&length, address) = rest.split_first().ok_or(TokenError::Damaged)?;
        if usize::from(length) != address.len() {
            return Err(TokenError::Damaged);
        }
        let hub = std::str::from_utf8(address)
            .ok()
            .and_then(HubAddress::parse)
            .ok_or(TokenError::Damaged)?;
        Ok(Self {
            hub,
            authority_sha256: *authority_sha256,
            secret: *secret,
        })
    }
}

impl fmt::Display for Token {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let address = self.hub.to_string();
        let mut body = vec![VERSION];
        body.extend(self.authority_sha256);
        body.extend(self.secret);
        body.push(u8::try_from(address.len()).unwrap_or(u8::MAX));
        body.extend(address.bytes());
        let checksum = checksum_of(&body);
        body.extend(checksum);
        write!(f, "{PREFIX}{}", BASE32_NOPAD.encode(&body).to_lowercase())
    }
}

impl fmt::Debug for Token {
    /// Without the secret, so that it cannot end up in a log.
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Token")
            .field("hub", &self.hub)
            .finish_non_exhaustive()
    }
}

/// Why a text is no token.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum TokenError {
    /// It does not look like one at all.
    NotAToken,
    /// It was one once: letters are missing or changed.
    Damaged,
    /// It was made for a newer program.
    UnknownVersion,
}

impl TokenError {
    /// Every reason.
    pub const ALL: [Self; 3] = [Self::NotAToken, Self::Damaged, Self::UnknownVersion];

    /// The stable code; the message for a person is `token-` and this code in the catalogue.
    #[must_use]
    pub const fn code(self) -> &'static str {
        match self {
            Self::NotAToken => "not-a-token",
            Self::Damaged => "damaged",
            Self::UnknownVersion => "unknown-version",
        }
    }
}

impl fmt::Display for TokenError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.code())
    }
}

impl std::error::Error for TokenError {}

/// What the hub keeps of a secret, to look it up by: SHA-256 of the secret's text, hexadecimal. The
/// secret has 256 random bits, so a plain hash cannot be turned back.
#[must_use]
pub fn secret_hash(secret: &str) -> String {
    HEXLOWER.encode(&Sha256::digest(secret.as_bytes()))
}

fn checksum_of(body: &[u8]) -> [u8; CHECKSUM_BYTES] {
    let hash = Sha256::digest(body);
    let mut checksum = [0; CHECKSUM_BYTES];
    for (to, from) in checksum.iter_mut().zip(hash) {
        *to = from;
    }
    checksum
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    fn token(address: &str) -> Token {
        Token::random(HubAddress::parse(address).unwrap(), [7; 32]).unwrap()
    }

    #[test]
    fn survives_the_mail_and_shows_no_secret() {
        for address in ["hub.example.org:7443", "192.0.2.1:1", "[2001:db8::1]:65535"] {
            let token = token(address);
            let text = token.to_string();
            assert!(text.bytes().all(|byte| byte.is_ascii_alphanumeric()));
            let (head, tail) = text.split_at(40);
            let mangled = format!("  {}\r\n {tail}\n", head.to_uppercase());
            assert_eq!(Token::parse(&mangled), Ok(token.clone()));
            assert!(!format!("{token:?}").contains(&token.secret()));
            assert_eq!(token.hub.to_string(), address);
        }
    }

    #[test]
    fn says_what_is_wrong() {
        let text = token("hub.example.org:7443").to_string();
        let mut newer = vec![2_u8];
        newer.extend(checksum_of(&newer));
        let newer = format!("larum{}", BASE32_NOPAD.encode(&newer));
        for (input, expected) in [
            ("", TokenError::NotAToken),
            ("hello", TokenError::NotAToken),
            (&"larum".repeat(1_000), TokenError::NotAToken),
            ("larum", TokenError::Damaged),
            ("larum!!", TokenError::Damaged),
            (&text[..text.len() - 1], TokenError::Damaged),
            (&format!("{text}a"), TokenError::Damaged),
            (&newer, TokenError::UnknownVersion),
        ] {
            assert_eq!(Token::parse(input), Err(expected), "{input:.20}");
        }
    }

    #[test]
    fn an_address_is_a_host_and_a_port() {
        for bad in [
            "",
            "hub",
            "hub:",
            "hub:0",
            "hub:70000",
            ":1",
            "a b:1",
            "2001:db8::1",
        ] {
            assert_eq!(HubAddress::parse(bad), None, "{bad}");
        }
    }

    proptest! {
        #[test]
        fn one_changed_letter_is_told(at in 5_usize..150, by in 1_u8..32) {
            let text = token("hub.example.org:7443").to_string();
            let alphabet = b"abcdefghijklmnopqrstuvwxyz234567";
            let mut letters = text.clone().into_bytes();
            let at = 5 + at % (letters.len() - 5);
            let was = alphabet.iter().position(|letter| *letter == letters[at]).unwrap();
            letters[at] = alphabet[(was + usize::from(by)) % 32];
            let changed = String::from_utf8(letters).unwrap();
            prop_assert_eq!(Token::parse(&changed), Err(TokenError::Damaged));
        }

        #[test]
        fn any_text_is_answered(text in ".{0,300}") {
            prop_assert!(Token::parse(&text).is_err());
        }
    }
}
