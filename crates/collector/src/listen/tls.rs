//! What a listener shows to senders that encrypt, and what it asks of them. Read again when its files
//! change; connections that are open keep what they began with.

use std::fs;
use std::io;
use std::path::{Path, PathBuf};
use std::sync::{Arc, Mutex, PoisonError, RwLock};
use std::time::SystemTime;

use larum_link::clock::Clock;
use larum_link::key;
use larum_link::tls::{self, Senders, TlsError};
use rustls::ServerConfig;

use crate::config::{CertificateFrom, ListenTls};
use crate::identity::{self, Identity};
use crate::state;

/// The folder inside the state folder where a certificate of our own making is kept.
pub const FOLDER: &str = "listener";
const CERTIFICATE_FILE: &str = "certificate.pem";
const KEY_FILE: &str = "key.pem";
/// Largest file that is read.
const MAX_PEM_BYTES: u64 = 1 << 20;

/// Why a listener cannot encrypt; the message says what to mend.
#[derive(Debug, thiserror::Error)]
pub enum CertificatesError {
    /// A file cannot be read or written.
    #[error("{path} cannot be used: {source}")]
    File {
        /// Which.
        path: PathBuf,
        /// What the system said.
        source: io::Error,
    },
    /// A file does not hold what it should, or certificate and key do not fit each other.
    #[error("{path} cannot be used: {source}")]
    Unusable {
        /// Which, or the certificate of a pair.
        path: PathBuf,
        /// What is wrong.
        source: TlsError,
    },
    /// The hub's certificate is asked for, and this collector has not joined.
    #[error("there is no certificate of a hub yet: join one first, or name another certificate")]
    NotJoined,
    /// No key could be made.
    #[error(transparent)]
    NoKey(#[from] key::NoKey),
}

/// The certificate a listener shows and the authorities whose senders it lets in.
pub struct Certificates {
    from: ListenTls,
    state_dir: PathBuf,
    clock: Clock,
    current: RwLock<Arc<ServerConfig>>,
    seen: Mutex<Marks>,
}

type Marks = Vec<Option<(SystemTime, u64)>>;

impl Certificates {
    /// Reads them, or makes a certificate where none is named and none was made before.
    ///
    /// # Errors
    /// When one of them cannot be used.
    pub fn load(
        from: &ListenTls,
        state_dir: &Path,
        clock: &Clock,
    ) -> Result<Self, CertificatesError> {
        // Before they are read: what changes meanwhile is read again.
        let seen = Mutex::new(marks(from, state_dir));
        let current = RwLock::new(read(from, state_dir, clock)?);
        Ok(Self {
            from: from.clone(),
            state_dir: state_dir.to_owned(),
            clock: clock.clone(),
            current,
            seen,
        })
    }

    /// What is shown now.
    pub(super) fn current(&self) -> Arc<ServerConfig> {
        let current = self.current.read().unwrap_or_else(PoisonError::into_inner);
        Arc::clone(&current)
    }

    /// Reads them again.
    ///
    /// # Errors
    /// When one of them cannot be used; what was shown before still is.
    pub fn renew(&self) -> Result<(), CertificatesError> {
        let marks = marks(&self.from, &self.state_dir);
        let next = read(&self.from, &self.state_dir, &self.clock)?;
        *self.current.write().unwrap_or_else(PoisonError::into_inner) = next;
        *self.seen.lock().unwrap_or_else(PoisonError::into_inner) = marks;
        Ok(())
    }

    /// Reads them again if a file has changed; whether any had.
    ///
    /// # Errors
    /// As [`renew`](Self::renew).
    pub fn renew_if_changed(&self) -> Result<bool, CertificatesError> {
        let marks = marks(&self.from, &self.state_dir);
        let same = *self.seen.lock().unwrap_or_else(PoisonError::into_inner) == marks;
        if same {
            return Ok(false);
        }
        self.renew().map(|()| true)
    }

    /// Checks that everything named can be used, without making anything.
    ///
    /// # Errors
    /// When it cannot.
    pub fn check(
        from: &ListenTls,
        state_dir: &Path,
        clock: &Clock,
    ) -> Result<(), CertificatesError> {
        if from.certificate == CertificateFrom::OwnMade {
            return senders(from).map(drop);
        }
        read(from, state_dir, clock).map(drop)
    }
}

/// The fingerprint of the certificate of our own making in `state_dir`, as RFC 5425 section 4.2.2 writes
/// it; `None` while there is none.
#[must_use]
pub fn own_fingerprint(state_dir: &Path) -> Option<String> {
    let text = state::read(&state_dir.join(FOLDER), CERTIFICATE_FILE);
    let chain = tls::certificates(&text.ok()??).ok()?;
    let bytes = tls::fingerprint(chain.first()?);
    let pairs: Vec<String> = bytes.iter().map(|byte| format!("{byte:02X}")).collect();
    Some(format!("sha-256:{}", pairs.join(":")))
}

/// What the files look like from outside.
fn marks(from: &ListenTls, state_dir: &Path) -> Marks {
    let mut paths = match &from.certificate {
        CertificateFrom::OwnMade => Vec::new(),
        CertificateFrom::Hub => vec![Identity::path(state_dir)],
        CertificateFrom::Files { certificate, key } => vec![certificate.clone(), key.clone()],
    };
    paths.extend(from.client_authority.clone());
    let look = |path: PathBuf| {
        let metadata = fs::metadata(path).ok()?;
        Some((metadata.modified().ok()?, metadata.len()))
    };
    paths.into_iter().map(look).collect()
}

fn read(
    from: &ListenTls,
    state_dir: &Path,
    clock: &Clock,
) -> Result<Arc<ServerConfig>, CertificatesError> {
    let (path, certificate, key) = match &from.certificate {
        CertificateFrom::OwnMade => own_made(&state_dir.join(FOLDER))?,
        CertificateFrom::Hub => {
            let joined = Identity::load(state_dir).ok().flatten();
            let identity = joined.ok_or(CertificatesError::NotJoined)?;
            let (chain, key) = identity.pems();
            (state_dir.join(identity::FOLDER), chain, key)
        }
        CertificateFrom::Files { certificate, key } => {
            (certificate.clone(), text(certificate)?, text(key)?)
        }
    };
    let unusable = |source| CertificatesError::Unusable {
        path: path.clone(),
        source,
    };
    let chain = tls::certificates(&certificate).map_err(unusable)?;
    let key = tls::private_key(&key).map_err(unusable)?;
    tls::receiver(chain, key, senders(from)?, clock.clone()).map_err(unusable)
}

fn senders(from: &ListenTls) -> Result<Senders, CertificatesError> {
    let Some(path) = &from.client_authority else {
        return Ok(Senders::Any);
    };
    let authorities =
        tls::certificates(&text(path)?).map_err(|source| CertificatesError::Unusable {
            path: path.clone(),
            source,
        })?;
    Ok(Senders::Certified {
        authorities,
        optional: from.client_optional,
    })
}

/// The certificate of our own making in `folder`, made now if it is not there.
fn own_made(folder: &Path) -> Result<(PathBuf, String, String), CertificatesError> {
    let failed = |source| CertificatesError::File {
        path: folder.to_owned(),
        source,
    };
    state::make_folder(folder).map_err(failed)?;
    let path = folder.join(CERTIFICATE_FILE);
    let kept = state::read(folder, CERTIFICATE_FILE).map_err(failed)?;
    let key = state::read(folder, KEY_FILE).map_err(failed)?;
    if let (Some(certificate), Some(key)) = (kept, key) {
        return Ok((path, certificate, key));
    }
    let made = key::self_signed("larum")?;
    // The key first: a certificate without its key is never seen.
    state::replace(folder, KEY_FILE, made.key_pem.as_bytes()).map_err(failed)?;
    state::replace(folder, CERTIFICATE_FILE, made.certificate_pem.as_bytes()).map_err(failed)?;
    Ok((path, made.certificate_pem, made.key_pem))
}

fn text(path: &Path) -> Result<String, CertificatesError> {
    use std::io::Read as _;
    let mut text = String::new();
    fs::File::open(path)
        .and_then(|file| file.take(MAX_PEM_BYTES).read_to_string(&mut text))
        .map_err(|source| CertificatesError::File {
            path: path.to_owned(),
            source,
        })?;
    Ok(text)
}
