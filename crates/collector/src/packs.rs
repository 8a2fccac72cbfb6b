//! Content packs: formats, rules and lists of indicators in one signed file. What is in one is used only
//! while the signature of a key that the firm named (`pack-keys`) is right, which is looked at when it is
//! installed and at each start, and never after a newer one of the same name: a pack that was once
//! mistaken, or left something open, cannot be brought back.
//!
//! ```text
//! byte  0         version of this layout, 1
//!       1..33     public key of who signed it (Ed25519, RFC 8032)
//!       33..97    signature of SIGNED_FOR and all other bytes: 0..33 and 97 to the end
//!       97..101   length of the list, big-endian
//!       101..     the list, JSON: {"name","number","made","files":[{"kind","name","bytes"}]}
//!       then      the files, one after the other in the list's order, and nothing behind them
//! ```
//!
//! Nothing is packed small, so that nothing can unpack to more than it is.

use std::collections::BTreeMap;
use std::fs::File;
use std::io::{self, Read as _};
use std::path::Path;

use aws_lc_rs::signature::{ED25519, Ed25519KeyPair, KeyPair as _, UnparsedPublicKey};
use data_encoding::HEXLOWER_PERMISSIVE;
use larum_core::parse::{FormatError, Formats};
use serde::{Deserialize, Serialize};

use crate::state;

/// Longest pack, in bytes.
pub const MAX_PACK_BYTES: u64 = 4 << 20;
/// Longest list in a pack, in bytes.
pub const MAX_LIST_BYTES: usize = 1 << 20;
/// Most files in a pack.
pub const MAX_FILES: usize = 4_000;
/// Most packs that are installed at the same time; their formats and lists stay in memory, to be read again.
pub const MAX_PACKS: usize = 8;
/// Longest name of a pack or of a file in it.
pub const MAX_NAME_BYTES: usize = 64;

/// The packs' folder inside the state folder.
pub const PACKS_FOLDER: &str = "packs";

const VERSION: u8 = 1;
const KEY_BYTES: usize = 32;
const SIGNATURE_AT: usize = 1 + KEY_BYTES;
const SIGNATURE_BYTES: usize = 64;
/// Before what is signed, so that no signature made for something else fits.
const SIGNED_FOR: &[u8] = b"larum content pack\0";
/// In the packs' folder: the highest number of each name that was ever installed.
const NUMBERS_FILE: &str = "numbers.json";
const ENDING: &str = "pack";

/// A public key that packs are signed with: 64 hexadecimal digits.
#[derive(Clone, Copy, PartialEq, Eq)]
pub struct Key([u8; KEY_BYTES]);

impl Key {
    /// Reads 64 hexadecimal digits.
    #[must_use]
    pub fn from_text(text: &str) -> Option<Self> {
        let bytes = HEXLOWER_PERMISSIVE.decode(text.as_bytes()).ok()?;
        bytes.try_into().ok().map(Self)
    }
}

impl std::fmt::Display for Key {
    fn fmt(&self, formatter: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        formatter.write_str(&HEXLOWER_PERMISSIVE.encode(&self.0))
    }
}

impl std::fmt::Debug for Key {
    fn fmt(&self, formatter: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        std::fmt::Display::fmt(self, formatter)
    }
}

/// Why a pack is not used; the codes are the end of messages in `content/words`.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
pub enum PackFault {
    /// Longer than [`MAX_PACK_BYTES`].
    #[error("too-long")]
    TooLong,
    /// No pack, or cut off.
    #[error("malformed")]
    Malformed,
    /// A pack of a version that this program does not know.
    #[error("version")]
    Version,
    /// Signed with a key that is not among those the firm named.
    #[error("key")]
    Key,
    /// Changed since it was signed.
    #[error("signature")]
    Signature,
    /// A newer one of the same name is or was installed.
    #[error("older")]
    Older,
    /// It stands under another pack's name.
    #[error("name")]
    Name,
    /// It cannot be read.
    #[error("unreadable")]
    Unreadable,
}

/// What a file in a pack is.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum Kind {
    /// A format file.
    Formats,
    /// A Sigma rule file.
    Rules,
    /// A list of indicators.
    Indicators,
}

impl Kind {
    /// Each kind with the name of its folder where packs are made, and the endings of its files.
    pub const ALL: [(Self, &'static str, &'static [&'static str]); 3] = [
        (Self::Formats, "formats", &["toml"]),
        (Self::Rules, "rules", &["yml", "yaml"]),
        (
            Self::Indicators,
            "indicators",
            &["json", "csv", "txt", "list"],
        ),
    ];
}

/// A file in a pack.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct PackFile {
    /// What it is.
    pub kind: Kind,
    /// Its name, without folder.
    pub name: String,
    /// What is in it.
    pub bytes: Vec<u8>,
}

/// A pack whose signature is right.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Pack {
    /// Its name: small letters, digits and dashes.
    pub name: String,
    /// Counts up from 1 with each edition.
    pub number: u64,
    /// When it was made, as its maker says.
    pub made: String,
    /// Who signed it.
    pub key: Key,
    /// What is in it.
    pub files: Vec<PackFile>,
}

#[derive(Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
struct List {
    name: String,
    number: u64,
    made: String,
    files: Vec<Listed>,
}

#[derive(Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
struct Listed {
    kind: Kind,
    name: String,
    bytes: usize,
}

/// Whether a text may be the name of a pack; it becomes part of a file's name.
#[must_use]
pub fn is_name(text: &str) -> bool {
    let fits = |byte: u8| byte.is_ascii_lowercase() || byte.is_ascii_digit() || byte == b'-';
    (1..=MAX_NAME_BYTES).contains(&text.len()) && text.bytes().all(fits)
}

fn is_file_name(text: &str) -> bool {
    let fits = |byte: u8| byte.is_ascii_alphanumeric() || b"-_.".contains(&byte);
    (1..=MAX_NAME_BYTES).contains(&text.len()) && !text.starts_with('.') && text.bytes().all(fits)
}

fn signed_part(head: &[u8], rest: &[u8]) -> Vec<u8> {
    [SIGNED_FOR, head, rest].concat()
}

impl Pack {
    /// Reads a pack; nothing in it is looked at before the signature was right.
    ///
    /// # Errors
    /// With what is wrong with it.
    pub fn read(bytes: &[u8], keys: &[Key]) -> Result<Self, PackFault> {
        if u64::try_from(bytes.len()).is_ok_and(|length| length > MAX_PACK_BYTES) {
            return Err(PackFault::TooLong);
        }
        let (&version, _) = bytes.split_first().ok_or(PackFault::Malformed)?;
        if version != VERSION {
            return Err(PackFault::Version);
        }
        let malformed = PackFault::Malformed;
        let (head, rest) = bytes.split_at_checked(SIGNATURE_AT).ok_or(malformed)?;
        let (signature, rest) = rest.split_at_checked(SIGNATURE_BYTES).ok_or(malformed)?;
        let key = head.get(1..).and_then(|key| key.try_into().ok());
        let key = Key(key.ok_or(malformed)?);
        if !keys.contains(&key) {
            return Err(PackFault::Key);
        }
        UnparsedPublicKey::new(&ED25519, key.0)
            .verify(&signed_part(head, rest), signature)
            .map_err(|_| PackFault::Signature)?;
        Self::contents(key, rest).ok_or(malformed)
    }

    fn contents(key: Key, rest: &[u8]) -> Option<Self> {
        let (length, rest) = rest.split_first_chunk::<4>()?;
        let length = usize::try_from(u32::from_be_bytes(*length)).ok()?;
        if length > MAX_LIST_BYTES {
            return None;
        }
        let (list, mut contents) = rest.split_at_checked(length)?;
        let list: List = serde_json::from_slice(list).ok()?;
        if !is_name(&list.name) || list.number == 0 || list.files.len() > MAX_FILES {
            return None;
        }
        let mut files = Vec::with_capacity(list.files.len());
        for listed in list.files {
            let (bytes, left) = contents.split_at_checked(listed.bytes)?;
            contents = left;
            // What is read as text is text.
            let is_text = listed.kind == Kind::Indicators || str::from_utf8(bytes).is_ok();
            if !is_file_name(&listed.name) || !is_text {
                return None;
            }
            files.push(PackFile {
                kind: listed.kind,
                name: listed.name,
                bytes: bytes.to_vec(),
            });
        }
        contents.is_empty().then_some(Self {
            name: list.name,
            number: list.number,
            made: list.made,
            key,
            files,
        })
    }

    /// Files of one kind.
    #[must_use]
    pub fn count(&self, kind: Kind) -> usize {
        self.files.iter().filter(|file| file.kind == kind).count()
    }

    fn texts(&self, kind: Kind) -> impl Iterator<Item = (String, String)> {
        let of_kind = self.files.iter().filter(move |file| file.kind == kind);
        of_kind.map(|file| {
            let stem = file
                .name
                .rsplit_once('.')
                .map_or(&*file.name, |name| name.0);
            let text = String::from_utf8_lossy(&file.bytes).into_owned();
            (stem.to_owned(), text)
        })
    }
}

/// Makes a pack, signed with the private key `pkcs8` (DER, as `openssl genpkey -algorithm ed25519` makes
/// it); with it the public key.
///
/// # Errors
/// `key` when it is no such key, `malformed` when a name, the number or the files pass a limit.
pub fn make(
    name: &str,
    number: u64,
    made: &str,
    files: &[PackFile],
    pkcs8: &[u8],
) -> Result<(Vec<u8>, Key), PackFault> {
    let pair = Ed25519KeyPair::from_pkcs8_maybe_unchecked(pkcs8).map_err(|_| PackFault::Key)?;
    let public = pair.public_key().as_ref().try_into();
    let key = Key(public.map_err(|_| PackFault::Key)?);
    let listed = files.iter().map(|file| Listed {
        kind: file.kind,
        name: file.name.clone(),
        bytes: file.bytes.len(),
    });
    let list = List {
        name: name.to_owned(),
        number,
        made: made.to_owned(),
        files: listed.collect(),
    };
    let list = serde_json::to_vec(&list).map_err(|_| PackFault::Malformed)?;
    let length = u32::try_from(list.len()).map_err(|_| PackFault::TooLong)?;
    let mut rest = length.to_be_bytes().to_vec();
    rest.extend(list);
    for file in files {
        rest.extend(&file.bytes);
    }
    let head = [&[VERSION][..], &key.0].concat();
    let signature = pair.sign(&signed_part(&head, &rest));
    let pack = [&head, signature.as_ref(), &rest].concat();
    // What is made can be read.
    Pack::read(&pack, &[key]).map(|_| (pack, key))
}

/// The bytes of a pack's file.
///
/// # Errors
/// When it cannot be read. One that is too long is cut, which [`Pack::read`] tells.
pub fn read_file(path: &Path) -> io::Result<Vec<u8>> {
    let mut bytes = Vec::new();
    let file = File::open(path)?;
    file.take(MAX_PACK_BYTES + 1).read_to_end(&mut bytes)?;
    Ok(bytes)
}

/// Why a pack is not installed.
#[derive(Debug, thiserror::Error)]
pub enum InstallError {
    /// The pack.
    #[error(transparent)]
    Fault(#[from] PackFault),
    /// A format file in it.
    #[error(transparent)]
    Formats(#[from] FormatError),
    /// There are [`MAX_PACKS`] already.
    #[error("there are {MAX_PACKS} packs already")]
    TooMany,
    /// The state folder.
    #[error(transparent)]
    Folder(#[from] io::Error),
}

/// Installs a pack: after a crash the old one is there or the new, never half. The collector uses it
/// from its next start on.
///
/// # Errors
/// When it is not used for one of the reasons above; what was installed stays.
pub fn install(state_dir: &Path, bytes: &[u8], keys: &[Key]) -> Result<Pack, InstallError> {
    let pack = Pack::read(bytes, keys)?;
    let formats: Vec<_> = pack.texts(Kind::Formats).collect();
    Formats::with_own(&pairs(&formats))?;
    let folder = state_dir.join(PACKS_FOLDER);
    state::make_folder(&folder)?;
    let mut numbers = numbers(&folder)?;
    if numbers.len() >= MAX_PACKS && !numbers.contains_key(&pack.name) {
        return Err(InstallError::TooMany);
    }
    let newest = numbers.entry(pack.name.clone()).or_default();
    if pack.number < *newest {
        return Err(PackFault::Older.into());
    }
    *newest = pack.number;
    let text = serde_json::to_vec(&numbers).map_err(io::Error::other)?;
    // First the number: between the two an older pack is refused already.
    state::replace(&folder, NUMBERS_FILE, &text)?;
    state::replace(&folder, &format!("{}.{ENDING}", pack.name), bytes)?;
    Ok(pack)
}

fn numbers(folder: &Path) -> io::Result<BTreeMap<String, u64>> {
    match state::read(folder, NUMBERS_FILE)? {
        None => Ok(BTreeMap::new()),
        Some(text) => serde_json::from_str(&text).map_err(io::Error::other),
    }
}

/// What is installed, by name: each pack, or why it is not used.
///
/// # Errors
/// When the folder cannot be read.
pub fn installed(
    state_dir: &Path,
    keys: &[Key],
) -> io::Result<Vec<(String, Result<Pack, PackFault>)>> {
    let folder = state_dir.join(PACKS_FOLDER);
    if !folder.is_dir() {
        return Ok(Vec::new());
    }
    let numbers = numbers(&folder)?;
    let mut found = Vec::new();
    for (name, newest) in numbers
        .into_iter()
        .filter(|(name, _)| is_name(name))
        .take(MAX_PACKS)
    {
        let read = read_file(&folder.join(format!("{name}.{ENDING}")))
            .map_err(|_| PackFault::Unreadable)
            .and_then(|bytes| Pack::read(&bytes, keys))
            .and_then(|pack| {
                if pack.name != name {
                    Err(PackFault::Name)
                } else if pack.number < newest {
                    Err(PackFault::Older)
                } else {
                    Ok(pack)
                }
            });
        found.push((name, read));
    }
    Ok(found)
}

/// What the installed packs know.
#[derive(Clone, Debug, Default)]
pub struct Packed {
    /// Format files: name without ending, and text.
    pub formats: Vec<(String, String)>,
    /// Rule files: where they are from, and text.
    pub rules: Vec<(String, String)>,
    /// Lists of indicators: where they are from, and what is in them.
    pub indicators: Vec<(String, Vec<u8>)>,
}

impl Packed {
    /// Reads the installed packs, as they are at the start of the collector. What is not used is said in
    /// the log, and left out: a collector without its packs still watches.
    pub(crate) fn load(state_dir: &Path, keys: &[Key]) -> Self {
        let mut packed = Self::default();
        let packs = installed(state_dir, keys).unwrap_or_else(|problem| {
            tracing::error!(%problem, "content packs cannot be read");
            Vec::new()
        });
        for (name, read) in packs {
            match read {
                Ok(pack) => {
                    tracing::info!(name, number = pack.number, "content pack used");
                    packed.add(&pack);
                }
                Err(fault) => tracing::error!(name, reason = %fault, "content pack not used"),
            }
        }
        packed
    }

    fn add(&mut self, pack: &Pack) {
        for (name, text) in pack.texts(Kind::Formats) {
            // Of two packs with a format of one name, the first by name counts.
            if !self.formats.iter().any(|(known, _)| *known == name) {
                self.formats.push((name, text));
            }
        }
        let from = |name: &str| format!("{}/{name}", pack.name);
        let rules = pack.texts(Kind::Rules);
        self.rules
            .extend(rules.map(|(name, text)| (from(&name), text)));
        let lists = pack
            .files
            .iter()
            .filter(|file| file.kind == Kind::Indicators);
        self.indicators
            .extend(lists.map(|file| (from(&file.name), file.bytes.clone())));
    }
}

/// Borrowed, as the readers of formats take them.
pub(crate) fn pairs(files: &[(String, String)]) -> Vec<(&str, &str)> {
    files
        .iter()
        .map(|(name, text)| (name.as_str(), text.as_str()))
        .collect()
}

#[cfg(test)]
mod tests;
