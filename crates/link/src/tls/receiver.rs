//! TLS for a receiver of logs: versions 1.2 and 1.3, the receiver's own certificate, certificates of
//! senders as the member wishes.
//!
//! Standards: RFC 5425 (syslog over TLS), RFC 9662 (its cipher suites, which make 1.2 with forward
//! secrecy the least).

use std::sync::Arc;

use rustls::server::WebPkiClientVerifier;
use rustls::{RootCertStore, ServerConfig};
use rustls_pki_types::{CertificateDer, PrivateKeyDer};

use super::{TlsError, provider};
use crate::clock::Clock;

/// Whose senders are let in.
#[derive(Debug)]
pub enum Senders {
    /// Anybody: the address list alone decides.
    Any,
    /// Those with a certificate of one of these authorities.
    Certified {
        /// The authorities.
        authorities: Vec<CertificateDer<'static>>,
        /// Whether one without any certificate is let in too.
        optional: bool,
    },
}

/// The receiver's side.
///
/// # Errors
/// When certificate and key do not fit, or an authority is not usable.
pub fn receiver(
    chain: Vec<CertificateDer<'static>>,
    key: PrivateKeyDer<'static>,
    senders: Senders,
    clock: Clock,
) -> Result<Arc<ServerConfig>, TlsError> {
    let builder = ServerConfig::builder_with_details(provider(), Arc::new(clock))
        .with_protocol_versions(&[&rustls::version::TLS13, &rustls::version::TLS12])?;
    let builder = match senders {
        Senders::Any => builder.with_no_client_auth(),
        Senders::Certified {
            authorities,
            optional,
        } => {
            let mut roots = RootCertStore::empty();
            for authority in authorities {
                roots.add(authority)?;
            }
            let verifier = WebPkiClientVerifier::builder_with_provider(Arc::new(roots), provider());
            let verifier = if optional {
                verifier.allow_unauthenticated()
            } else {
                verifier
            };
            builder.with_client_cert_verifier(verifier.build()?)
        }
    };
    let mut config = builder.with_single_cert(chain, key)?;
    // A resumed session would keep the standing of a certificate that has been taken away.
    config.session_storage = Arc::new(rustls::server::NoServerSessionStorage {});
    config.send_tls13_tickets = 0;
    Ok(Arc::new(config))
}
