//! Asking a provider: one small request, one small answer, no redirects.

use std::net::IpAddr;
use std::sync::Arc;
use std::time::Duration;

use axum::body::Bytes;
use axum::http::header::{ACCEPT, AUTHORIZATION, CONTENT_TYPE, HOST};
use axum::http::{Method, Request, Uri};
use data_encoding::{BASE64, HEXUPPER};
use http_body_util::{BodyExt as _, Full, Limited};
use hyper_util::rt::TokioIo;
use rustls::pki_types::ServerName;
use rustls::{ClientConfig, RootCertStore};
use tokio::io::{AsyncRead, AsyncWrite};
use tokio::net::TcpStream;
use tokio_rustls::TlsConnector;

/// Largest answer read, in bytes.
const MAX_ANSWER_BYTES: usize = 256 * 1_024;
/// How long a request may take in all.
const PATIENCE: Duration = Duration::from_secs(10);
/// Longest address, in bytes.
const MAX_ADDRESS_BYTES: usize = 2_048;

/// Why there is no answer.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
pub enum FetchError {
    /// Nobody answers there, or not in time.
    #[error("no connection")]
    Connection,
    /// The certificate is not one for that name.
    #[error("TLS")]
    Tls,
    /// The answer is too large, or no HTTP.
    #[error("unreadable")]
    Unreadable,
    /// The answer is not 200.
    #[error("refused")]
    Status,
}

/// An address to ask at.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Place {
    private: bool,
    host: String,
    port: u16,
    path: String,
}

impl Place {
    /// From an `http` or `https` address.
    #[must_use]
    pub fn parse(address: &str) -> Option<Self> {
        if address.len() > MAX_ADDRESS_BYTES {
            return None;
        }
        let uri: Uri = address.parse().ok()?;
        let private = match uri.scheme_str()? {
            "https" => true,
            "http" => false,
            _ => return None,
        };
        let authority = uri.authority()?;
        if authority.as_str().contains('@') {
            return None;
        }
        let usual = if private { 443 } else { 80 };
        Some(Self {
            private,
            host: authority.host().to_ascii_lowercase(),
            port: authority.port_u16().unwrap_or(usual),
            path: uri
                .path_and_query()
                .map_or_else(|| "/".to_owned(), ToString::to_string),
        })
    }

    /// Whether it is reached over TLS.
    #[must_use]
    pub const fn is_private(&self) -> bool {
        self.private
    }

    /// Whether it is this machine.
    #[must_use]
    pub fn is_here(&self) -> bool {
        self.host == "localhost" || self.bare().parse().is_ok_and(|ip: IpAddr| ip.is_loopback())
    }

    /// The host as it is written.
    pub(crate) fn host(&self) -> &str {
        &self.host
    }

    /// The port.
    pub(crate) const fn port(&self) -> u16 {
        self.port
    }

    /// The path with what is asked.
    pub(crate) fn path(&self) -> &str {
        &self.path
    }

    /// The host without the brackets of an IPv6 address.
    pub(crate) fn bare(&self) -> &str {
        self.host.trim_start_matches('[').trim_end_matches(']')
    }
}

/// `pairs` as a form, or as what stands behind the question mark.
#[must_use]
pub fn form(pairs: &[(&str, &str)]) -> String {
    let parts: Vec<String> = pairs
        .iter()
        .map(|(name, value)| format!("{}={}", escaped(name), escaped(value)))
        .collect();
    parts.join("&")
}

/// Percent-encoded, but for what RFC 3986 calls unreserved.
fn escaped(text: &str) -> String {
    let mut out = String::with_capacity(text.len());
    for byte in text.bytes() {
        if byte.is_ascii_alphanumeric() || matches!(byte, b'-' | b'.' | b'_' | b'~') {
            out.push(char::from(byte));
        } else {
            out.push('%');
            out.push_str(&HEXUPPER.encode(&[byte]));
        }
    }
    out
}

/// Asks over TLS with the machine's own list of authorities.
pub struct Fetcher {
    tls: Arc<ClientConfig>,
}

impl Fetcher {
    /// With the authorities that this machine trusts.
    ///
    /// # Errors
    /// When the TLS library refuses.
    pub fn new() -> Result<Self, rustls::Error> {
        let mut roots = RootCertStore::empty();
        roots.add_parsable_certificates(rustls_native_certs::load_native_certs().certs);
        let provider = Arc::new(rustls::crypto::aws_lc_rs::default_provider());
        let config = ClientConfig::builder_with_provider(provider)
            .with_safe_default_protocol_versions()?
            .with_root_certificates(roots)
            .with_no_client_auth();
        Ok(Self {
            tls: Arc::new(config),
        })
    }

    /// What stands at `place`.
    ///
    /// # Errors
    /// When there is no answer of 200.
    pub async fn get(&self, place: &Place) -> Result<Bytes, FetchError> {
        self.ask(place, Method::GET, String::new(), None).await
    }

    /// What `place` answers to a form.
    ///
    /// # Errors
    /// When there is no answer of 200.
    pub async fn post(
        &self,
        place: &Place,
        pairs: &[(&str, &str)],
        login: Option<(&str, &str)>,
    ) -> Result<Bytes, FetchError> {
        let login = login.map(|(user, password)| {
            // RFC 6749, section 2.3.1: each half is encoded as a form first.
            let both = format!("{}:{}", escaped(user), escaped(password));
            format!("Basic {}", BASE64.encode(both.as_bytes()))
        });
        self.ask(place, Method::POST, form(pairs), login).await
    }

    async fn ask(
        &self,
        place: &Place,
        method: Method,
        body: String,
        login: Option<String>,
    ) -> Result<Bytes, FetchError> {
        let asking = async {
            let stream = TcpStream::connect((place.bare(), place.port))
                .await
                .map_err(|_| FetchError::Connection)?;
            if !place.private {
                return exchange(stream, place, method, body, login).await;
            }
            let name =
                ServerName::try_from(place.bare().to_owned()).map_err(|_| FetchError::Tls)?;
            let stream = TlsConnector::from(self.tls.clone())
                .connect(name, stream)
                .await
                .map_err(|_| FetchError::Tls)?;
            exchange(stream, place, method, body, login).await
        };
        tokio::time::timeout(PATIENCE, asking)
            .await
            .unwrap_or(Err(FetchError::Connection))
    }
}

async fn exchange<S: AsyncRead + AsyncWrite + Unpin + Send + 'static>(
    stream: S,
    place: &Place,
    method: Method,
    body: String,
    login: Option<String>,
) -> Result<Bytes, FetchError> {
    let (mut sender, connection) = hyper::client::conn::http1::handshake(TokioIo::new(stream))
        .await
        .map_err(|_| FetchError::Connection)?;
    // Ends with the answer, because the sender does.
    let driven = tokio::spawn(connection);
    let host = format!("{}:{}", place.host, place.port);
    let mut request = Request::builder()
        .method(method)
        .uri(&place.path)
        .header(HOST, host)
        .header(ACCEPT, "application/json")
        .header(CONTENT_TYPE, "application/x-www-form-urlencoded");
    if let Some(login) = login {
        request = request.header(AUTHORIZATION, login);
    }
    let request = request
        .body(Full::new(Bytes::from(body)))
        .map_err(|_| FetchError::Unreadable)?;
    let answer = sender
        .send_request(request)
        .await
        .map_err(|_| FetchError::Connection)?;
    if answer.status() != axum::http::StatusCode::OK {
        driven.abort();
        return Err(FetchError::Status);
    }
    let body = Limited::new(answer.into_body(), MAX_ANSWER_BYTES)
        .collect()
        .await
        .map_err(|_| FetchError::Unreadable)?;
    driven.abort();
    Ok(body.to_bytes())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_address_is_read_and_told_apart() {
        let check = |address: &str, expected: Option<(bool, bool, u16, &str)>| {
            let found = Place::parse(address);
            let found = found.as_ref().map(|place| {
                (
                    place.private,
                    place.is_here(),
                    place.port,
                    place.path.as_str(),
                )
            });
            assert_eq!(found, expected, "{address}");
        };
        check("https://id.example.org", Some((true, false, 443, "/")));
        check(
            "https://id.example.org:8443/a?b=c",
            Some((true, false, 8_443, "/a?b=c")),
        );
        check("http://localhost:8080/x", Some((false, true, 8_080, "/x")));
        check("http://[::1]/x", Some((false, true, 80, "/x")));
        check("http://127.0.0.1", Some((false, true, 80, "/")));
        check(
            "http://localhost.example.org",
            Some((false, false, 80, "/")),
        );
        check("https://user@id.example.org", None);
        check("file:///etc/passwd", None);
        check("id.example.org", None);
        check(
            &format!("https://id.example.org/{}", "x".repeat(3_000)),
            None,
        );
        assert_eq!(form(&[("a b", "c&d=é")]), "a%20b=c%26d%3D%C3%A9");
    }
}
