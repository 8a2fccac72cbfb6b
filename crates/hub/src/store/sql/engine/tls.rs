//! TLS to a PostgreSQL server on another machine: its certificate must be signed by an authority we
//! know and carry the name we call it by. There is no setting that turns either check off.

use std::future::Future;
use std::io;
use std::path::{Path, PathBuf};
use std::pin::Pin;
use std::sync::Arc;
use std::task::{Context, Poll};

use ::postgres::Socket;
use ::postgres::tls::{ChannelBinding, MakeTlsConnect, TlsConnect, TlsStream};
use aws_lc_rs::digest;
use rustls::pki_types::pem::PemObject as _;
use rustls::pki_types::{CertificateDer, ServerName};
use rustls::{ClientConfig, RootCertStore};
use tokio::io::{AsyncRead, AsyncWrite, ReadBuf};
use tokio_rustls::TlsConnector;
use x509_parser::prelude::{FromDer as _, X509Certificate};

use crate::store::{Cause, StoreError};

/// Authorities taken from a file at most; the largest collections hold some 150.
const MAX_AUTHORITIES: usize = 10_000;

/// What makes an encrypted connection of a plain one.
#[derive(Clone)]
pub struct Tls(TlsConnector);

impl Tls {
    /// Trusts the authorities in `file`, one or more certificates as PEM.
    ///
    /// # Errors
    /// When the file cannot be read or holds no certificate.
    pub fn trusting(file: &Path) -> Result<Self, StoreError> {
        let unreadable = |source| StoreError::File {
            file: PathBuf::from(file),
            source,
        };
        let pem = std::fs::read(file).map_err(unreadable)?;
        let mut roots = RootCertStore::empty();
        let found = CertificateDer::pem_slice_iter(&pem)
            .take(MAX_AUTHORITIES)
            .filter_map(Result::ok);
        // A collection may hold certificates that are out of use; those are passed over.
        let (usable, _passed_over) = roots.add_parsable_certificates(found);
        if usable == 0 {
            let said = io::Error::new(io::ErrorKind::InvalidData, "it holds no certificate");
            return Err(unreadable(said));
        }
        let provider = Arc::new(rustls::crypto::aws_lc_rs::default_provider());
        let config = ClientConfig::builder_with_provider(provider)
            .with_safe_default_protocol_versions()
            .map_err(|error| StoreError::Engine(error.into()))?
            .with_root_certificates(roots)
            .with_no_client_auth();
        Ok(Self(TlsConnector::from(Arc::new(config))))
    }
}

impl Tls {
    /// Encrypts a connection to the server called `name`.
    ///
    /// # Errors
    /// When the server is not the one it should be.
    pub async fn connect(
        &self,
        name: &str,
        stream: tokio::net::TcpStream,
    ) -> Result<tokio_rustls::client::TlsStream<tokio::net::TcpStream>, StoreError> {
        let name = ServerName::try_from(name.to_owned())
            .map_err(|error| StoreError::Engine(error.into()))?;
        let connected = self.0.connect(name, stream).await;
        connected.map_err(|error| StoreError::Unavailable(error.into()))
    }
}

impl MakeTlsConnect<Socket> for Tls {
    type Stream = Encrypted;
    type TlsConnect = Handshake;
    type Error = Cause;

    fn make_tls_connect(&mut self, domain: &str) -> Result<Handshake, Cause> {
        Ok(Handshake {
            connector: self.0.clone(),
            name: ServerName::try_from(domain.to_owned())?,
        })
    }
}

/// A connection about to be encrypted.
pub struct Handshake {
    connector: TlsConnector,
    name: ServerName<'static>,
}

impl TlsConnect<Socket> for Handshake {
    type Stream = Encrypted;
    type Error = io::Error;
    type Future = Pin<Box<dyn Future<Output = io::Result<Encrypted>> + Send>>;

    fn connect(self, stream: Socket) -> Self::Future {
        Box::pin(async move {
            let encrypted = self.connector.connect(self.name, stream).await?;
            Ok(Encrypted(Box::new(encrypted)))
        })
    }
}

/// An encrypted connection.
pub struct Encrypted(Box<tokio_rustls::client::TlsStream<Socket>>);

impl TlsStream for Encrypted {
    fn channel_binding(&self) -> ChannelBinding {
        let (_, session) = self.0.get_ref();
        session
            .peer_certificates()
            .and_then(<[_]>::first)
            .and_then(|certificate| end_point(certificate))
            .map_or_else(ChannelBinding::none, ChannelBinding::tls_server_end_point)
    }
}

/// What ties a password proof to this very connection (RFC 5929 section 4.1): the hash of the server's
/// certificate, by the hash it is signed with, SHA-256 where that is an outworn one.
fn end_point(certificate: &[u8]) -> Option<Vec<u8>> {
    let (_, parsed) = X509Certificate::from_der(certificate).ok()?;
    let algorithm = match parsed.signature_algorithm.algorithm.to_id_string().as_str() {
        // RSA with MD5, SHA-1, SHA-256; ECDSA with SHA-1, SHA-256.
        "1.2.840.113549.1.1.4"
        | "1.2.840.113549.1.1.5"
        | "1.2.840.113549.1.1.11"
        | "1.2.840.10045.4.1"
        | "1.2.840.10045.4.3.2" => &digest::SHA256,
        // RSA, ECDSA with SHA-384.
        "1.2.840.113549.1.1.12" | "1.2.840.10045.4.3.3" => &digest::SHA384,
        // RSA, ECDSA with SHA-512.
        "1.2.840.113549.1.1.13" | "1.2.840.10045.4.3.4" => &digest::SHA512,
        _ => return None,
    };
    Some(digest::digest(algorithm, certificate).as_ref().to_vec())
}

impl AsyncRead for Encrypted {
    fn poll_read(
        mut self: Pin<&mut Self>,
        context: &mut Context<'_>,
        buffer: &mut ReadBuf<'_>,
    ) -> Poll<io::Result<()>> {
        Pin::new(&mut self.0).poll_read(context, buffer)
    }
}

impl AsyncWrite for Encrypted {
    fn poll_write(
        mut self: Pin<&mut Self>,
        context: &mut Context<'_>,
        bytes: &[u8],
    ) -> Poll<io::Result<usize>> {
        Pin::new(&mut self.0).poll_write(context, bytes)
    }

    fn poll_flush(mut self: Pin<&mut Self>, context: &mut Context<'_>) -> Poll<io::Result<()>> {
        Pin::new(&mut self.0).poll_flush(context)
    }

    fn poll_shutdown(mut self: Pin<&mut Self>, context: &mut Context<'_>) -> Poll<io::Result<()>> {
        Pin::new(&mut self.0).poll_shutdown(context)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_password_proof_is_tied_to_the_servers_certificate() {
        let key = rcgen::KeyPair::generate().unwrap();
        let named = rcgen::CertificateParams::new(vec!["db.example.org".to_owned()]).unwrap();
        let certificate = named.self_signed(&key).unwrap();
        let hash = digest::digest(&digest::SHA256, certificate.der());
        assert_eq!(end_point(certificate.der()).unwrap(), hash.as_ref());
        assert_eq!(end_point(b"none"), None);
    }

    #[test]
    fn a_file_without_a_certificate_is_told_by_name() {
        let folder = tempfile::tempdir().unwrap();
        let file = folder.path().join("ca.pem");
        for make in [false, true] {
            if make {
                std::fs::write(&file, "nothing").unwrap();
            }
            let refused = Tls::trusting(&file).err().unwrap().to_string();
            assert!(refused.contains("ca.pem"), "{refused}");
        }
    }
}
