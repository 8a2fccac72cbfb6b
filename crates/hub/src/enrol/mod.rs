//! Enrolment: a one-time token becomes a collector with a short-lived certificate of its own, which
//! it renews by itself. No password anywhere.

pub mod authority;
mod files;
pub mod identity;
pub mod rotation;

use larum_core::time::Timestamp;
use larum_link::secret::NoRandomness;
use larum_link::token::{HubAddress, Token, secret_hash};
use larum_link::wire::{EnrolRequest, Enrolled, RefusalCode, RenewRequest};

use self::authority::{Authority, AuthorityError, CheckedRequest, Given};
use self::identity::Peer;
use crate::id::{CollectorId, MemberId};
use crate::store::enrol::{NewToken, Standing, TokenRefusal};
use crate::store::{Store, StoreError};

/// Longest secret read, in bytes.
const MAX_SECRET_BYTES: usize = 128;
const HOUR_SECONDS: i64 = 3_600;

/// Why a caller gets no certificate.
#[derive(Debug, thiserror::Error)]
pub enum EnrolError {
    /// Because of what it sent.
    #[error("{0}")]
    Refused(RefusalCode),
    /// The store failed.
    #[error(transparent)]
    Store(#[from] StoreError),
    /// The authority failed.
    #[error(transparent)]
    Authority(#[from] AuthorityError),
    /// No random bytes.
    #[error(transparent)]
    NoRandomness(#[from] NoRandomness),
}

/// Makes a one-time token for a firm and keeps its hash. The token is shown once, now.
///
/// # Errors
/// [`StoreError::Conflict`] when there is no such member, or when no random bytes are to be had.
pub fn invite(
    store: &dyn Store,
    authority: &Authority,
    hub: HubAddress,
    member: MemberId,
    site: &str,
    now: Timestamp,
    life_hours: u32,
) -> Result<Token, EnrolError> {
    let token = Token::random(hub, authority.sha256())?;
    let kept = NewToken {
        secret_hash: token.secret_hash(),
        member,
        site: site.to_owned(),
        expires: now.plus_seconds(i64::from(life_hours) * HOUR_SECONDS),
    };
    store.add_token(&kept, now)?;
    Ok(token)
}

/// Lets a collector in that holds a good token. The request is checked before the token is used up,
/// so that a malformed one costs nothing but another try.
///
/// # Errors
/// When token or request are not good, or the hub cannot.
pub fn enrol(
    store: &dyn Store,
    authority: &Authority,
    request: &EnrolRequest,
    now: Timestamp,
    life_seconds: i64,
) -> Result<Enrolled, EnrolError> {
    if request.secret.len() > MAX_SECRET_BYTES {
        return Err(EnrolError::Refused(RefusalCode::TokenUnknown));
    }
    let hash = secret_hash(&request.secret);
    let invitation = store.invitation(&hash, now)?.map_err(refused)?;
    let checked = check(&request.csr_pem)?;
    let collector = CollectorId::random()?;
    let given =
        authority.issue_collector(&checked, invitation.member, collector, now, life_seconds)?;
    let invitation = store.enrol(&hash, &given.issued, now)?.map_err(refused)?;
    Ok(enrolled(given, invitation.member_name))
}

/// Gives a collector its next certificate.
///
/// # Errors
/// When the request is not good, or the hub cannot.
pub fn renew(
    store: &dyn Store,
    authority: &Authority,
    peer: Peer,
    standing: &Standing,
    request: &RenewRequest,
    now: Timestamp,
    life_seconds: i64,
) -> Result<Enrolled, EnrolError> {
    let checked = check(&request.csr_pem)?;
    let given =
        authority.issue_collector(&checked, standing.member, peer.collector, now, life_seconds)?;
    store.renew(&given.issued, now)?;
    Ok(enrolled(given, standing.member_name.clone()))
}

fn check(pem: &str) -> Result<CheckedRequest, EnrolError> {
    CheckedRequest::parse(pem).map_err(|_| EnrolError::Refused(RefusalCode::RequestMalformed))
}

const fn refused(refusal: TokenRefusal) -> EnrolError {
    EnrolError::Refused(match refusal {
        TokenRefusal::Unknown => RefusalCode::TokenUnknown,
        TokenRefusal::Used => RefusalCode::TokenUsed,
        TokenRefusal::Expired => RefusalCode::TokenExpired,
    })
}

fn enrolled(given: Given, member: String) -> Enrolled {
    Enrolled {
        collector: given.issued.collector.to_string(),
        member,
        chain_pem: given.chain_pem,
        authorities_pem: given.authorities_pem,
        not_before: given.issued.not_before.as_seconds(),
        not_after: given.issued.not_after.as_seconds(),
    }
}
