//! The hub's side: its own certificate, exchangeable while running, and the collectors' certificates.

use std::sync::{Arc, PoisonError, RwLock};

use rustls::ServerConfig;
use rustls::server::{ClientHello, ResolvesServerCert, WebPkiClientVerifier};
use rustls::sign::CertifiedKey;
use rustls_pki_types::{CertificateDer, PrivateKeyDer};

use super::{ALPN, TlsError, only, provider};
use crate::clock::Clock;

/// The certificate the hub shows. [`replace`](Self::replace) renews it without a restart; connections
/// that are open keep the one they started with.
#[derive(Debug)]
pub struct ServerIdentity(RwLock<Arc<CertifiedKey>>);

impl ServerIdentity {
    /// From the chain, leaf first and the authority's certificate last, and the leaf's key.
    ///
    /// # Errors
    /// When the key is not usable, or not the leaf's.
    pub fn new(
        chain: Vec<CertificateDer<'static>>,
        key: PrivateKeyDer<'static>,
    ) -> Result<Arc<Self>, TlsError> {
        Ok(Arc::new(Self(RwLock::new(certified(chain, key)?))))
    }

    /// Shows another certificate from now on.
    ///
    /// # Errors
    /// As [`new`](Self::new); the old one stays.
    pub fn replace(
        &self,
        chain: Vec<CertificateDer<'static>>,
        key: PrivateKeyDer<'static>,
    ) -> Result<(), TlsError> {
        let next = certified(chain, key)?;
        *self.0.write().unwrap_or_else(PoisonError::into_inner) = next;
        Ok(())
    }
}

impl ResolvesServerCert for ServerIdentity {
    fn resolve(&self, _client_hello: ClientHello<'_>) -> Option<Arc<CertifiedKey>> {
        Some(
            self.0
                .read()
                .unwrap_or_else(PoisonError::into_inner)
                .clone(),
        )
    }
}

fn certified(
    chain: Vec<CertificateDer<'static>>,
    key: PrivateKeyDer<'static>,
) -> Result<Arc<CertifiedKey>, TlsError> {
    Ok(Arc::new(CertifiedKey::from_der(chain, key, &provider())?))
}

/// The hub's side of the link. A caller without a certificate is let in as far as enrolment; one with
/// a certificate must have it from one of `authorities`, in force by `clock`.
///
/// # Errors
/// When an authority is not usable.
pub fn server(
    identity: Arc<ServerIdentity>,
    authorities: Vec<CertificateDer<'static>>,
    clock: Clock,
) -> Result<Arc<ServerConfig>, TlsError> {
    let roots = Arc::new(only(authorities)?);
    let collectors = WebPkiClientVerifier::builder_with_provider(roots, provider())
        .allow_unauthenticated()
        .build()?;
    let mut config = ServerConfig::builder_with_details(provider(), Arc::new(clock))
        .with_protocol_versions(&[&rustls::version::TLS13])?
        .with_client_cert_verifier(collectors)
        .with_cert_resolver(identity);
    config.alpn_protocols = vec![ALPN.to_vec()];
    // No resumption: every connection shows its certificate anew, so an expired one ends there.
    config.session_storage = Arc::new(rustls::server::NoServerSessionStorage {});
    config.send_tls13_tickets = 0;
    Ok(Arc::new(config))
}
