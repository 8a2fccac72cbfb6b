//! The files of the authority's folder, and what they mean together at each step of changing it.
//!
//! | file | what |
//! |---|---|
//! | `authority.key`, `authority.crt` | the authority that signs |
//! | `cross.crt` | its key and name signed by the authority before, while that is still trusted |
//! | `next.key`, `next.crt`, `next-cross.crt` | the next authority: announced, signs nothing yet |
//! | `former.crt` | the authority before: signs nothing any more, still trusted |
//!
//! Each step is a row of renames, each of which the disk does wholly or not at all. Where it was cut short
//! the files still say one thing: the key decides which certificate it is that signs.

use std::fs;
use std::io::{self, Write as _};
use std::path::Path;

use larum_link::tls;
use rcgen::{KeyPair, PublicKeyData as _};
use rustls::pki_types::CertificateDer;

use super::authority::AuthorityError;

/// Largest file read, in bytes.
const MAX_FILE_BYTES: u64 = 65_536;

pub(super) const CERTIFICATE_FILE: &str = "authority.crt";
pub(super) const KEY_FILE: &str = "authority.key";
pub(super) const CROSS_FILE: &str = "cross.crt";
pub(super) const NEXT_FILE: &str = "next.crt";
pub(super) const NEXT_KEY_FILE: &str = "next.key";
pub(super) const NEXT_CROSS_FILE: &str = "next-cross.crt";
pub(super) const FORMER_FILE: &str = "former.crt";

/// The files as they stand, but for the next key, which the hub has no use for yet.
#[derive(Clone, PartialEq, Eq)]
pub(super) struct Files {
    certificate: String,
    key: String,
    cross: Option<String>,
    next: Option<String>,
    next_cross: Option<String>,
    former: Option<String>,
}

/// What the files mean.
pub(super) struct Set {
    /// The key that signs.
    pub key: KeyPair,
    /// Its certificate.
    pub certificate: CertificateDer<'static>,
    /// The same signed by the authority before.
    pub cross: Option<CertificateDer<'static>>,
    /// Who is trusted: the one that signs, then the next or the former one.
    pub trusted: Vec<CertificateDer<'static>>,
    /// The next one.
    pub next: Option<CertificateDer<'static>>,
    /// The former one.
    pub former: Option<CertificateDer<'static>>,
}

impl Files {
    /// Reads what stands in `folder`.
    ///
    /// # Errors
    /// When the authority itself is not there, or a file cannot be read.
    pub(super) fn read(folder: &Path) -> Result<Self, AuthorityError> {
        Ok(Self {
            certificate: read(&folder.join(CERTIFICATE_FILE))?,
            key: read(&folder.join(KEY_FILE))?,
            cross: read_if_there(&folder.join(CROSS_FILE))?,
            next: read_if_there(&folder.join(NEXT_FILE))?,
            next_cross: read_if_there(&folder.join(NEXT_CROSS_FILE))?,
            former: read_if_there(&folder.join(FORMER_FILE))?,
        })
    }

    /// What they mean.
    ///
    /// # Errors
    /// When one holds no certificate, or the key fits none.
    pub(super) fn set(&self) -> Result<Set, AuthorityError> {
        let key = KeyPair::from_pem(&self.key)?;
        let standing = certificate(&self.certificate)?;
        let next = self.next.as_deref().map(certificate).transpose()?;
        let former = self.former.as_deref().map(certificate).transpose()?;
        let announced = if self.next_cross.is_some() {
            &self.next_cross
        } else {
            &self.cross
        };
        let (certificate, cross, next, former) = match next {
            // Cut short between the last two renames of the switch.
            Some(next) if fits(&key, &next) => (next, announced, None, Some(standing)),
            next if fits(&key, &standing) => (standing, &self.cross, next, former),
            _ => return Err(AuthorityError::Unfit),
        };
        let former = former.filter(|former| *former != certificate);
        let next = next.filter(|next| *next != certificate);
        // Without the one before there is nobody for whom the cross-signed one would be.
        let cross = match (cross, &former) {
            (Some(text), Some(_)) => Some(self::certificate(text)?),
            _ => None,
        };
        let mut trusted = vec![certificate.clone()];
        trusted.extend(next.clone());
        trusted.extend(former.clone());
        Ok(Set {
            key,
            certificate,
            cross,
            trusted,
            next,
            former,
        })
    }
}

/// The first certificate of a PEM text.
///
/// # Errors
/// When there is none.
pub(super) fn certificate(pem: &str) -> Result<CertificateDer<'static>, AuthorityError> {
    let mut all = tls::certificates(pem)?;
    Ok(all.swap_remove(0))
}

/// Whether the certificate is over this key.
pub(super) fn fits(key: &KeyPair, certificate: &CertificateDer<'_>) -> bool {
    x509_parser::parse_x509_certificate(certificate).is_ok_and(|(_, parsed)| {
        parsed.public_key().subject_public_key.data.as_ref() == key.der_bytes()
    })
}

/// The text of a file.
///
/// # Errors
/// When it is not there, or cannot be read.
pub(super) fn read(file: &Path) -> Result<String, AuthorityError> {
    crate::read::text(file, MAX_FILE_BYTES).map_err(failed(file))
}

fn read_if_there(file: &Path) -> Result<Option<String>, AuthorityError> {
    match read(file) {
        Ok(text) => Ok(Some(text)),
        Err(AuthorityError::File { source, .. }) if source.kind() == io::ErrorKind::NotFound => {
            Ok(None)
        }
        Err(error) => Err(error),
    }
}

pub(super) fn make_private_folder(folder: &Path) -> Result<(), AuthorityError> {
    use std::os::unix::fs::DirBuilderExt as _;
    fs::DirBuilder::new()
        .recursive(true)
        .mode(0o700)
        .create(folder)
        .map_err(failed(folder))
}

/// Writes a file only the owner can read, on the disk when this returns; never over another.
pub(super) fn write_private(file: &Path, bytes: &[u8]) -> Result<(), AuthorityError> {
    use std::os::unix::fs::OpenOptionsExt as _;
    let write = || -> io::Result<()> {
        let mut open = fs::OpenOptions::new()
            .write(true)
            .create_new(true)
            .mode(0o600)
            .open(file)?;
        open.write_all(bytes)?;
        open.sync_all()
    };
    write().map_err(failed(file))
}

/// Gives a file another name, in place of whatever has it.
pub(super) fn rename(folder: &Path, from: &str, to: &str) -> Result<(), AuthorityError> {
    fs::rename(folder.join(from), folder.join(to)).map_err(failed(&folder.join(from)))
}

/// Takes a file away; one that is not there is fine.
pub(super) fn remove(folder: &Path, name: &str) -> Result<(), AuthorityError> {
    match fs::remove_file(folder.join(name)) {
        Err(error) if error.kind() != io::ErrorKind::NotFound => {
            Err(failed(&folder.join(name))(error))
        }
        _ => Ok(()),
    }
}

/// Has the folder itself on the disk.
pub(super) fn settle(folder: &Path) -> Result<(), AuthorityError> {
    fs::File::open(folder)
        .and_then(|open| open.sync_all())
        .map_err(failed(folder))
}

fn failed(file: &Path) -> impl FnOnce(io::Error) -> AuthorityError + use<> {
    let file = file.to_owned();
    move |source| AuthorityError::File { file, source }
}
