//! The certificate of the pages, as a certificate authority on the internet gave it (by ACME or by hand): two
//! files, read again when they change. While they do not fit each other, as between the two writes of a
//! renewal, the one before stays.

use std::io;
use std::path::{Path, PathBuf};
use std::sync::Arc;
use std::time::Duration;

use larum_core::time::Timestamp;
use larum_link::clock::Clock;
use larum_link::tls::{self, Senders, TlsError};
use rustls::ServerConfig;
use sha2::{Digest as _, Sha256};
use tokio::sync::{Notify, watch};

/// Largest file read, in bytes.
const MAX_FILE_BYTES: u64 = 1 << 20;
/// How often the files are looked at.
const LOOK_EVERY: Duration = Duration::from_secs(10);

/// Where the certificate of the pages stands.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct PageCertificate {
    /// The certificate with those up to an authority that browsers know, PEM, its own first;
    /// `page-certificate`.
    pub certificate: PathBuf,
    /// Its key, PEM; `page-key`.
    pub key: PathBuf,
}

/// Why the certificate of the pages cannot be used.
#[derive(Debug, thiserror::Error)]
pub enum PageCertificateError {
    /// A file cannot be read.
    #[error("{file} cannot be read: {source}")]
    File {
        /// Which.
        file: PathBuf,
        /// Why.
        source: io::Error,
    },
    /// They hold no certificate and key that fit each other.
    #[error("{file} cannot be used: {source}")]
    Unusable {
        /// The certificate's.
        file: PathBuf,
        /// Why.
        source: TlsError,
    },
}

/// The two files as they were read.
struct Pair {
    certificate: String,
    key: String,
}

impl Pair {
    /// What tells it from another; the key itself need not stay in memory twice.
    fn mark(&self) -> [u8; 32] {
        let mut hash = Sha256::new();
        hash.update(&self.certificate);
        hash.update([0]);
        hash.update(&self.key);
        hash.finalize().into()
    }
}

impl PageCertificate {
    fn read(&self) -> Result<Pair, PageCertificateError> {
        Ok(Pair {
            certificate: read(&self.certificate)?,
            key: read(&self.key)?,
        })
    }

    fn unusable(&self, source: TlsError) -> PageCertificateError {
        PageCertificateError::Unusable {
            file: self.certificate.clone(),
            source,
        }
    }

    fn set_up(
        &self,
        pair: &Pair,
        clock: &Clock,
    ) -> Result<Arc<ServerConfig>, PageCertificateError> {
        let made = || {
            let chain = tls::certificates(&pair.certificate)?;
            let key = tls::private_key(&pair.key)?;
            tls::receiver(chain, key, Senders::Any, clock.clone())
        };
        made().map_err(|source| self.unusable(source))
    }

    /// The last moment of the certificate.
    ///
    /// # Errors
    /// When the files cannot be used.
    pub fn ends(&self, clock: &Clock) -> Result<Timestamp, PageCertificateError> {
        let pair = self.read()?;
        self.set_up(&pair, clock)?;
        let ends = || {
            let first = tls::certificates(&pair.certificate)?.into_iter().next();
            let first = first.ok_or(TlsError::Certificate)?;
            let (_, parsed) =
                x509_parser::parse_x509_certificate(&first).map_err(|_| TlsError::Certificate)?;
            Ok(parsed.validity().not_after.timestamp())
        };
        ends()
            .map(Timestamp::from_seconds)
            .map_err(|source| self.unusable(source))
    }
}

/// What browsers are shown, kept as the files are.
pub struct PageTls {
    files: PageCertificate,
    clock: Clock,
    mark: [u8; 32],
    shown: watch::Sender<Arc<ServerConfig>>,
}

impl PageTls {
    /// Reads the files.
    ///
    /// # Errors
    /// When they cannot be used.
    pub fn load(files: &PageCertificate, clock: &Clock) -> Result<Self, PageCertificateError> {
        let pair = files.read()?;
        let shown = files.set_up(&pair, clock)?;
        Ok(Self {
            files: files.clone(),
            clock: clock.clone(),
            mark: pair.mark(),
            shown: watch::Sender::new(shown),
        })
    }

    /// What is shown by now.
    #[must_use]
    pub fn shown(&self) -> watch::Receiver<Arc<ServerConfig>> {
        self.shown.subscribe()
    }

    /// Looks at the files, and says whether another certificate is shown from now on.
    ///
    /// # Errors
    /// When they cannot be used; what was shown stays.
    pub fn look(&mut self) -> Result<bool, PageCertificateError> {
        let pair = self.files.read()?;
        let mark = pair.mark();
        if mark == self.mark {
            return Ok(false);
        }
        self.shown
            .send_replace(self.files.set_up(&pair, &self.clock)?);
        self.mark = mark;
        Ok(true)
    }

    /// Looks now and then, and whenever `again` says so, until the hub stops.
    pub async fn keep(mut self, again: Arc<Notify>, mut stopping: watch::Receiver<bool>) {
        loop {
            tokio::select! {
                _ = stopping.wait_for(|stop| *stop) => return,
                () = again.notified() => {}
                () = tokio::time::sleep(LOOK_EVERY) => {}
            }
            let looked = tokio::task::spawn_blocking(move || {
                let looked = self.look();
                (self, looked)
            });
            let Ok((back, looked)) = looked.await else {
                tracing::error!(
                    reason = "task-failed",
                    "the pages' certificate stays as it is"
                );
                return;
            };
            self = back;
            match looked {
                Ok(true) => tracing::info!("the pages' certificate is another one"),
                Ok(false) => {}
                Err(error) => {
                    tracing::warn!(reason = %error, "the pages' certificate stays as it was");
                }
            }
        }
    }
}

fn read(file: &Path) -> Result<String, PageCertificateError> {
    crate::read::text(file, MAX_FILE_BYTES).map_err(|source| PageCertificateError::File {
        file: file.to_owned(),
        source,
    })
}
