//! What must be true of an identity token (Core 1.0, section 3.1.3.7).
//!
//! Which algorithms are taken stands here, not in the token: four signatures with public keys. A
//! token without signature, or signed with something the public key could be mistaken for, is refused
//! before anything in it is believed.

use jsonwebtoken::jwk::{AlgorithmParameters, EllipticCurve, Jwk, JwkSet, PublicKeyUse};
use jsonwebtoken::{Algorithm, DecodingKey, Validation};
use larum_core::time::Timestamp;
use serde::Deserialize;

use super::OidcRefusal;
use crate::people::FRESH_SECONDS;

/// Longest token read, in bytes.
const MAX_TOKEN_BYTES: usize = 32 * 1_024;
/// Longest subject, in bytes (Core 1.0, section 2).
const MAX_SUBJECT_BYTES: usize = 255;
/// Most keys, audiences or ways of authentication looked at.
const MAX_LIST: usize = 64;
/// How far the provider's clock may be off, in seconds.
const LEEWAY_SECONDS: i64 = 60;
/// A token is used at once: one made longer ago than this was kept by somebody, in seconds.
const MAX_AGE_SECONDS: i64 = 10 * 60;

/// The algorithms that are taken.
const ALGORITHMS: [Algorithm; 4] = [
    Algorithm::RS256,
    Algorithm::PS256,
    Algorithm::ES256,
    Algorithm::EdDSA,
];

/// What a token must answer to.
#[derive(Clone, Copy, Debug)]
pub struct Expected<'e> {
    /// Who must have made it.
    pub issuer: &'e str,
    /// For whom.
    pub client_id: &'e str,
    /// The number that the question had.
    pub nonce: &'e str,
    /// One of these classes of authentication, if there are any.
    pub acr: &'e [String],
    /// All of these ways of authentication.
    pub amr: &'e [String],
}

#[derive(Debug, Deserialize)]
#[serde(untagged)]
enum Audience {
    One(String),
    Many(Vec<String>),
}

#[derive(Debug, Deserialize)]
struct Claims {
    iss: String,
    sub: String,
    aud: Audience,
    azp: Option<String>,
    exp: i64,
    iat: i64,
    nonce: Option<String>,
    auth_time: Option<i64>,
    acr: Option<String>,
    #[serde(default)]
    amr: Vec<String>,
}

/// Reads a provider's keys; those of kinds we do not know are left out, as the standard says.
///
/// # Errors
/// When it is no list of keys, or too long.
pub fn keys(json: &[u8]) -> Result<JwkSet, OidcRefusal> {
    #[derive(Deserialize)]
    struct Loose {
        keys: Vec<serde_json::Value>,
    }
    let loose: Loose = serde_json::from_slice(json).map_err(|_| OidcRefusal::Provider)?;
    if loose.keys.len() > MAX_LIST {
        return Err(OidcRefusal::Provider);
    }
    let keys = loose
        .keys
        .into_iter()
        .filter_map(|key| serde_json::from_value::<Jwk>(key).ok())
        .collect();
    Ok(JwkSet { keys })
}

/// The key that a token says it is signed with.
///
/// # Errors
/// When it is none, or of an algorithm that is not taken.
pub fn key_id(token: &str) -> Result<Option<String>, OidcRefusal> {
    Ok(header(token)?.1)
}

fn header(token: &str) -> Result<(Algorithm, Option<String>), OidcRefusal> {
    if token.len() > MAX_TOKEN_BYTES {
        return Err(OidcRefusal::Token);
    }
    // `alg: none`, and whatever else the library does not know, ends here.
    let header = jsonwebtoken::decode_header(token).map_err(|_| OidcRefusal::Algorithm)?;
    if !ALGORITHMS.contains(&header.alg) {
        return Err(OidcRefusal::Algorithm);
    }
    Ok((header.alg, header.kid))
}

/// Checks a token; gives the subject.
///
/// # Errors
/// The first thing that is not as it must be.
pub fn check(
    token: &str,
    keys: &JwkSet,
    expected: &Expected<'_>,
    now: Timestamp,
) -> Result<String, OidcRefusal> {
    let (algorithm, key_id) = header(token)?;
    let key = find(keys, algorithm, key_id.as_deref()).ok_or(OidcRefusal::Signature)?;
    let key = DecodingKey::from_jwk(key).map_err(|_| OidcRefusal::Signature)?;
    let mut validation = Validation::new(algorithm);
    // The library checks the signature; the claims are checked here, on the hub's clock.
    validation.validate_exp = false;
    validation.validate_aud = false;
    validation.required_spec_claims.clear();
    let claims = jsonwebtoken::decode::<Claims>(token, &key, &validation)
        .map_err(|error| match error.kind() {
            jsonwebtoken::errors::ErrorKind::Json(_) => OidcRefusal::Token,
            _ => OidcRefusal::Signature,
        })?
        .claims;
    judged(claims, expected, now)
}

/// The one key that can have signed it.
fn find<'k>(keys: &'k JwkSet, algorithm: Algorithm, key_id: Option<&str>) -> Option<&'k Jwk> {
    let fits = |key: &&Jwk| {
        let kind = match (&key.algorithm, algorithm) {
            (AlgorithmParameters::RSA(_), Algorithm::RS256 | Algorithm::PS256)
            | (AlgorithmParameters::OctetKeyPair(_), Algorithm::EdDSA) => true,
            (AlgorithmParameters::EllipticCurve(curve), Algorithm::ES256) => {
                curve.curve == EllipticCurve::P256
            }
            _ => false,
        };
        let purpose = matches!(
            key.common.public_key_use,
            None | Some(PublicKeyUse::Signature)
        );
        let named = key
            .common
            .key_algorithm
            .is_none_or(|one| one.to_string() == format!("{algorithm:?}"));
        kind && purpose && named
    };
    let mut found = keys
        .keys
        .iter()
        .filter(fits)
        .filter(|key| key_id.is_none_or(|wanted| key.common.key_id.as_deref() == Some(wanted)));
    let first = found.next()?;
    // Two keys that both could be it: the token should have said which.
    found.next().is_none().then_some(first)
}

fn judged(claims: Claims, expected: &Expected<'_>, now: Timestamp) -> Result<String, OidcRefusal> {
    let now = now.as_seconds();
    if claims.iss != expected.issuer {
        return Err(OidcRefusal::Issuer);
    }
    let (is_ours, is_several) = match &claims.aud {
        Audience::One(one) => (one == expected.client_id, false),
        Audience::Many(many) => (
            many.iter()
                .take(MAX_LIST)
                .any(|one| one == expected.client_id),
            many.len() > 1,
        ),
    };
    let party = claims.azp.as_deref();
    if !is_ours
        || (is_several && party.is_none())
        || party.is_some_and(|party| party != expected.client_id)
    {
        return Err(OidcRefusal::Audience);
    }
    let is_good = claims.exp.saturating_add(LEEWAY_SECONDS) > now
        && claims.iat.saturating_sub(LEEWAY_SECONDS) <= now
        && claims.iat.saturating_add(MAX_AGE_SECONDS) > now;
    if !is_good {
        return Err(OidcRefusal::Time);
    }
    if claims.nonce.as_deref() != Some(expected.nonce) {
        return Err(OidcRefusal::Nonce);
    }
    // We asked with `max_age`, so the provider must say when it saw the person (section 2).
    let seen = claims.auth_time.ok_or(OidcRefusal::Stale)?;
    if seen.saturating_add(FRESH_SECONDS + LEEWAY_SECONDS) < now
        || seen.saturating_sub(LEEWAY_SECONDS) > now
    {
        return Err(OidcRefusal::Stale);
    }
    let acr = claims.acr.as_deref().unwrap_or_default();
    let has_class = expected.acr.is_empty() || expected.acr.iter().any(|one| one == acr);
    let has_ways = expected
        .amr
        .iter()
        .all(|way| claims.amr.iter().take(MAX_LIST).any(|one| one == way));
    if !has_class || !has_ways {
        return Err(OidcRefusal::Assurance);
    }
    if claims.sub.is_empty() || claims.sub.len() > MAX_SUBJECT_BYTES {
        return Err(OidcRefusal::Token);
    }
    Ok(claims.sub)
}

#[cfg(test)]
#[path = "token_tests.rs"]
mod tests;
