//! Single sign-on: a person shows who they are to their own organisation's provider, and the provider
//! tells us.
//!
//! Nobody gets an account by it. A person is invited as always; signed in, they connect their
//! account, and from then on the pair of issuer and subject stands for them. Addresses in what a
//! provider says are never looked at: a provider may let anybody write anything there.
//!
//! The authorization code flow with PKCE. What must be remembered between leaving and coming back is
//! not kept: state, nonce and verifier are derived from a challenge of ours in the browser's cookie,
//! which is bound to the purpose, the provider and the person, and is good once for five minutes.
//!
//! Standards: OpenID Connect Core 1.0, Discovery 1.0, RP-Initiated Logout 1.0; RFC 6749, RFC 7636,
//! RFC 9207, RFC 9700.

pub mod fetch;
pub mod token;

use std::sync::{Arc, Mutex, PoisonError};

use aws_lc_rs::hmac;
use data_encoding::BASE64URL_NOPAD;
use jsonwebtoken::jwk::JwkSet;
use larum_core::time::Timestamp;
use larum_link::secret::NoRandomness;
use serde::Deserialize;
use sha2::{Digest as _, Sha256};

use self::fetch::{FetchError, Fetcher, Place};
use super::challenge::{self, Purpose};
use super::{FRESH_SECONDS, secret_hash};
use crate::id::PersonId;

/// How long what a provider says of itself is believed, in seconds.
const METADATA_SECONDS: i64 = 3_600;
/// How long its keys are believed, in seconds.
const KEYS_SECONDS: i64 = 3_600;
/// A key we do not know makes us ask again, but not more often than this, in seconds.
const KEYS_AGAIN_SECONDS: i64 = 60;
/// Longest code, state or issuer taken from an address, in bytes.
const MAX_PART_BYTES: usize = 2_048;

/// A provider, as the configuration names it.
#[derive(Clone, PartialEq, Eq)]
pub struct Settings {
    /// Its short name in addresses: letters, digits and dashes.
    pub name: String,
    /// What people call it.
    pub label: String,
    /// Its issuer, an `https://` address (or `http://` on this machine).
    pub issuer: String,
    /// What it calls us.
    pub client_id: String,
    /// What we prove that with; empty for none.
    pub secret: String,
    /// Of these classes of authentication (`acr`) it must say one; empty for any.
    pub acr: Vec<String>,
    /// All these ways of authentication (`amr`) it must say; empty for any.
    pub amr: Vec<String>,
}

/// The secret stays out of every log.
impl std::fmt::Debug for Settings {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("Settings")
            .field("name", &self.name)
            .field("issuer", &self.issuer)
            .finish_non_exhaustive()
    }
}

/// Why somebody who comes back from a provider is not let in.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
pub enum OidcRefusal {
    /// They did not leave from here with this browser, or too long ago, or have come back already.
    #[error("not this browser's")]
    State,
    /// The provider, or they, said no.
    #[error("the provider said no")]
    Denied,
    /// The answer names another provider.
    #[error("another issuer")]
    Issuer,
    /// The provider does not answer, or not as the standard says.
    #[error("the provider cannot be reached")]
    Provider,
    /// The provider does not take the code.
    #[error("the code was not taken")]
    Code,
    /// What it gave is no identity token.
    #[error("no identity token")]
    Token,
    /// It is signed by something that we do not take.
    #[error("algorithm not taken")]
    Algorithm,
    /// Its signature is not of the provider's keys.
    #[error("wrong signature")]
    Signature,
    /// It is for somebody else.
    #[error("another audience")]
    Audience,
    /// It is too old, or not good yet.
    #[error("not good now")]
    Time,
    /// It answers another question.
    #[error("wrong nonce")]
    Nonce,
    /// The provider saw the person too long ago, or does not say when.
    #[error("seen too long ago")]
    Stale,
    /// The person was not seen well enough.
    #[error("not sure enough")]
    Assurance,
    /// Nobody here has connected this account.
    #[error("nobody's account")]
    Unknown,
    /// Somebody else has.
    #[error("another's account")]
    Taken,
    /// The person was shut out.
    #[error("person disabled")]
    Disabled,
}

impl OidcRefusal {
    /// The word for it in logs and the catalogue (`hub-oidc-…`).
    #[must_use]
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::State => "state",
            Self::Denied => "denied",
            Self::Issuer => "issuer",
            Self::Provider => "provider",
            Self::Code => "code",
            Self::Token => "token",
            Self::Algorithm => "algorithm",
            Self::Signature => "signature",
            Self::Audience => "audience",
            Self::Time => "time",
            Self::Nonce => "nonce",
            Self::Stale => "stale",
            Self::Assurance => "assurance",
            Self::Unknown => "unknown",
            Self::Taken => "taken",
            Self::Disabled => "disabled",
        }
    }
}

impl From<FetchError> for OidcRefusal {
    fn from(_: FetchError) -> Self {
        Self::Provider
    }
}

/// What a provider says of itself (Discovery 1.0, section 3), as far as we use it.
#[derive(Clone, Debug, Deserialize)]
struct Metadata {
    issuer: String,
    authorization_endpoint: String,
    token_endpoint: String,
    jwks_uri: String,
    end_session_endpoint: Option<String>,
    #[serde(default)]
    authorization_response_iss_parameter_supported: bool,
    token_endpoint_auth_methods_supported: Option<Vec<String>>,
}

#[derive(Default)]
struct Known {
    metadata: Option<(Timestamp, Arc<Metadata>)>,
    keys: Option<(Timestamp, Arc<JwkSet>)>,
}

/// A provider with what is known of it.
pub struct Provider {
    settings: Settings,
    fetcher: Arc<Fetcher>,
    known: Mutex<Known>,
}

/// What somebody leaves for.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Errand {
    /// To sign in.
    SignIn,
    /// To connect their account at the provider.
    Connect(PersonId),
}

impl Errand {
    const fn purpose(self) -> Purpose {
        match self {
            Self::SignIn => Purpose::Provider,
            Self::Connect(_) => Purpose::Connect,
        }
    }

    fn bound_to(self, settings: &Settings) -> String {
        match self {
            Self::SignIn => settings.issuer.clone(),
            Self::Connect(person) => format!("{}\n{person}", settings.issuer),
        }
    }
}

/// Somebody is about to leave for a provider.
pub struct Leaving {
    /// What their browser keeps meanwhile.
    pub cookie: String,
    /// Where to send it.
    pub location: String,
}

/// What came back in the address.
#[derive(Clone, Copy, Debug, Default)]
pub struct Back<'q> {
    /// `code`.
    pub code: &'q str,
    /// `state`.
    pub state: &'q str,
    /// `iss` (RFC 9207).
    pub iss: &'q str,
    /// `error`.
    pub error: &'q str,
}

/// Somebody came back, and this is who the provider says they are.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Arrived {
    /// The provider's issuer.
    pub issuer: String,
    /// Who they are there.
    pub subject: String,
    /// SHA-256 of the challenge they left with: to be noted as used.
    pub challenge_hash: String,
    /// Until when it would have been good.
    pub expires: Timestamp,
}

#[derive(Deserialize)]
struct TokenAnswer {
    id_token: String,
}

impl Provider {
    /// A provider reached through `fetcher`.
    #[must_use]
    pub fn new(settings: Settings, fetcher: Arc<Fetcher>) -> Self {
        Self {
            settings,
            fetcher,
            known: Mutex::default(),
        }
    }

    /// How it is configured.
    #[must_use]
    pub const fn settings(&self) -> &Settings {
        &self.settings
    }

    /// Sends somebody off. `key` is the one that challenges are given out under.
    ///
    /// # Errors
    /// When the randomness fails. That the provider cannot be reached is the inner result.
    pub async fn leave(
        &self,
        key: &[u8],
        errand: Errand,
        page_url: &str,
        now: Timestamp,
    ) -> Result<Result<Leaving, OidcRefusal>, NoRandomness> {
        let metadata = match self.metadata(now).await {
            Ok(metadata) => metadata,
            Err(refusal) => return Ok(Err(refusal)),
        };
        let bound = errand.bound_to(&self.settings);
        let cookie = challenge::give(key, errand.purpose(), &bound, now)?;
        let verifier = derived(key, "verifier", &cookie);
        let asked = [
            ("response_type", "code"),
            ("client_id", &self.settings.client_id),
            ("redirect_uri", &self.back_url(page_url)),
            ("scope", "openid"),
            ("state", &derived(key, "state", &cookie)),
            ("nonce", &derived(key, "nonce", &cookie)),
            (
                "code_challenge",
                &BASE64URL_NOPAD.encode(&Sha256::digest(verifier.as_bytes())),
            ),
            ("code_challenge_method", "S256"),
            ("max_age", &FRESH_SECONDS.to_string()),
            ("acr_values", &self.settings.acr.join(" ")),
        ];
        let asked: Vec<(&str, &str)> = asked
            .into_iter()
            .filter(|(_, value)| !value.is_empty())
            .collect();
        let location = with_query(&metadata.authorization_endpoint, &asked);
        Ok(Ok(Leaving { cookie, location }))
    }

    /// Somebody came back: who they are at the provider. The caller notes the challenge as used in
    /// the transaction that lets them in.
    ///
    /// # Errors
    /// Why they are not let in.
    pub async fn arrive(
        &self,
        key: &[u8],
        errand: Errand,
        cookie: &str,
        back: Back<'_>,
        page_url: &str,
        now: Timestamp,
    ) -> Result<Arrived, OidcRefusal> {
        let bound = errand.bound_to(&self.settings);
        let expires = challenge::check(key, errand.purpose(), &bound, cookie, now)
            .ok_or(OidcRefusal::State)?;
        let state = derived(key, "state", cookie);
        aws_lc_rs::constant_time::verify_slices_are_equal(state.as_bytes(), back.state.as_bytes())
            .map_err(|_| OidcRefusal::State)?;
        let metadata = self.metadata(now).await?;
        let named = metadata.authorization_response_iss_parameter_supported;
        if (named || !back.iss.is_empty()) && back.iss != self.settings.issuer {
            return Err(OidcRefusal::Issuer);
        }
        if !back.error.is_empty() || back.code.is_empty() {
            return Err(OidcRefusal::Denied);
        }
        if back.code.len() > MAX_PART_BYTES {
            return Err(OidcRefusal::Code);
        }
        let verifier = derived(key, "verifier", cookie);
        let redirect = self.back_url(page_url);
        let token = self
            .exchange(&metadata, back.code, &verifier, &redirect)
            .await?;
        let signed_with = token::key_id(&token)?;
        let keys = self.keys(&metadata, signed_with.as_deref(), now).await?;
        let expected = token::Expected {
            issuer: &self.settings.issuer,
            client_id: &self.settings.client_id,
            nonce: &derived(key, "nonce", cookie),
            acr: &self.settings.acr,
            amr: &self.settings.amr,
        };
        let subject = token::check(&token, &keys, &expected, now)?;
        Ok(Arrived {
            issuer: self.settings.issuer.clone(),
            subject,
            challenge_hash: secret_hash(cookie),
            expires,
        })
    }

    /// Where somebody who signed out here may sign out there too, if the provider has such a place.
    pub async fn sign_out_url(&self, page_url: &str, now: Timestamp) -> Option<String> {
        let metadata = self.metadata(now).await.ok()?;
        let place = metadata.end_session_endpoint.as_deref()?;
        self.place(place).ok()?;
        let after = format!("{page_url}/sign-in");
        let asked = [
            ("client_id", self.settings.client_id.as_str()),
            ("post_logout_redirect_uri", after.as_str()),
        ];
        Some(with_query(place, &asked))
    }

    /// Where the provider sends people back to: one address for each provider, so that an answer of
    /// one is never taken for another's (RFC 9700, section 4.4).
    fn back_url(&self, page_url: &str) -> String {
        format!("{page_url}/sign-in/back/{}", self.settings.name)
    }

    async fn exchange(
        &self,
        metadata: &Metadata,
        code: &str,
        verifier: &str,
        redirect: &str,
    ) -> Result<String, OidcRefusal> {
        let mut form = vec![
            ("grant_type", "authorization_code"),
            ("code", code),
            ("redirect_uri", redirect),
            ("code_verifier", verifier),
            ("client_id", &self.settings.client_id),
        ];
        let methods = metadata.token_endpoint_auth_methods_supported.as_deref();
        let in_form = methods.is_some_and(|methods| {
            let has = |method: &str| methods.iter().any(|one| one == method);
            has("client_secret_post") && !has("client_secret_basic")
        });
        let secret = &self.settings.secret;
        let login = if secret.is_empty() {
            None
        } else if in_form {
            form.push(("client_secret", secret));
            None
        } else {
            Some((self.settings.client_id.as_str(), secret.as_str()))
        };
        let place = self.place(&metadata.token_endpoint)?;
        let body = match self.fetcher.post(&place, &form, login).await {
            Ok(body) => body,
            Err(FetchError::Status) => return Err(OidcRefusal::Code),
            Err(error) => return Err(error.into()),
        };
        let answer: TokenAnswer = serde_json::from_slice(&body).map_err(|_| OidcRefusal::Token)?;
        Ok(answer.id_token)
    }

    async fn metadata(&self, now: Timestamp) -> Result<Arc<Metadata>, OidcRefusal> {
        if let Some((at, metadata)) = &self.lock().metadata
            && is_recent(*at, now, METADATA_SECONDS)
        {
            return Ok(metadata.clone());
        }
        let issuer = self.settings.issuer.trim_end_matches('/');
        let place = self.place(&format!("{issuer}/.well-known/openid-configuration"))?;
        let body = self.fetcher.get(&place).await?;
        let metadata: Metadata =
            serde_json::from_slice(&body).map_err(|_| OidcRefusal::Provider)?;
        if metadata.issuer != self.settings.issuer {
            return Err(OidcRefusal::Issuer);
        }
        self.place(&metadata.authorization_endpoint)?;
        let metadata = Arc::new(metadata);
        self.lock().metadata = Some((now, metadata.clone()));
        Ok(metadata)
    }

    /// The provider's keys; asked for again when they are old, or do not hold `wanted`.
    async fn keys(
        &self,
        metadata: &Metadata,
        wanted: Option<&str>,
        now: Timestamp,
    ) -> Result<Arc<JwkSet>, OidcRefusal> {
        if let Some((at, keys)) = &self.lock().keys {
            let has = wanted.is_none_or(|wanted| keys.find(wanted).is_some());
            let seconds = if has {
                KEYS_SECONDS
            } else {
                KEYS_AGAIN_SECONDS
            };
            if is_recent(*at, now, seconds) {
                return Ok(keys.clone());
            }
        }
        let place = self.place(&metadata.jwks_uri)?;
        let body = self.fetcher.get(&place).await?;
        let keys = Arc::new(token::keys(&body)?);
        self.lock().keys = Some((now, keys.clone()));
        Ok(keys)
    }

    /// An address of the provider's: TLS always, but for a provider on this machine.
    fn place(&self, url: &str) -> Result<Place, OidcRefusal> {
        let place = Place::parse(url).ok_or(OidcRefusal::Provider)?;
        let here = Place::parse(&self.settings.issuer).is_some_and(|issuer| issuer.is_here());
        if place.is_private() || (here && place.is_here()) {
            return Ok(place);
        }
        Err(OidcRefusal::Provider)
    }

    fn lock(&self) -> std::sync::MutexGuard<'_, Known> {
        self.known.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

/// Whether `issuer` can be one: see [`Settings::issuer`].
#[must_use]
pub fn is_issuer(issuer: &str) -> bool {
    Place::parse(issuer).is_some_and(|place| place.is_private() || place.is_here())
        && !issuer.contains(['?', '#'])
}

fn is_recent(at: Timestamp, now: Timestamp, seconds: i64) -> bool {
    now >= at && now < at.plus_seconds(seconds)
}

/// 256 bits that only we can tell from the cookie.
fn derived(key: &[u8], what: &str, cookie: &str) -> String {
    let key = hmac::Key::new(hmac::HMAC_SHA256, key);
    let tag = hmac::sign(&key, format!("oidc {what}\n{cookie}").as_bytes());
    BASE64URL_NOPAD.encode(tag.as_ref())
}

fn with_query(address: &str, asked: &[(&str, &str)]) -> String {
    let joint = if address.contains('?') { '&' } else { '?' };
    format!("{address}{joint}{}", fetch::form(asked))
}
