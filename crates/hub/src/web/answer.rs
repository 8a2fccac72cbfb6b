//! What a page answers, why it may not, and the headers on all of it.

use axum::body::Body;
use axum::http::header::{
    CACHE_CONTROL, CONTENT_DISPOSITION, CONTENT_SECURITY_POLICY, CONTENT_TYPE, LOCATION,
    REFERRER_POLICY, RETRY_AFTER, SET_COOKIE, STRICT_TRANSPORT_SECURITY, X_CONTENT_TYPE_OPTIONS,
};
use axum::http::{HeaderMap, HeaderName, HeaderValue, Response, StatusCode};
use maud::Markup;

use crate::access::Denied;
use crate::people::PeopleError;
use crate::store::StoreError;

/// Nothing from elsewhere, nothing inline, no framing.
const POLICY: &str = "default-src 'none'; style-src 'self'; img-src 'self'; script-src 'self'; \
     connect-src 'self'; form-action 'self'; frame-ancestors 'none'; base-uri 'none'";
/// Two years, in seconds.
const HSTS: &str = "max-age=63072000";

/// When to ask again while a database is away, in seconds.
pub(crate) const AWAY_SECONDS: u32 = 120;

/// What a page answers.
#[derive(Debug)]
pub(super) struct Answer {
    pub status: StatusCode,
    pub content_type: &'static str,
    pub body: String,
    /// Where to go instead.
    pub location: Option<String>,
    /// Name to save the body under.
    pub file_name: Option<&'static str>,
    pub cookie: Option<String>,
    /// Whether the body is the same for everybody and may be kept for a while.
    pub public: bool,
}

impl Answer {
    /// A whole page.
    pub fn page(markup: Markup) -> Self {
        Self::of("text/html; charset=utf-8", markup.into_string())
    }

    /// A body of a type.
    pub const fn of(content_type: &'static str, body: String) -> Self {
        Self {
            status: StatusCode::OK,
            content_type,
            body,
            location: None,
            file_name: None,
            cookie: None,
            public: false,
        }
    }

    /// Go there, with `GET`.
    pub fn go(location: impl Into<String>) -> Self {
        let mut answer = Self::of("text/plain; charset=utf-8", String::new());
        answer.status = StatusCode::SEE_OTHER;
        answer.location = Some(location.into());
        answer
    }

    pub const fn with_status(mut self, status: StatusCode) -> Self {
        self.status = status;
        self
    }

    pub fn with_cookie(mut self, cookie: String) -> Self {
        self.cookie = Some(cookie);
        self
    }

    /// As HTTP, with the headers every answer gets.
    pub fn into_response(self, secure: bool) -> Response<Body> {
        let mut response = Response::new(Body::from(self.body));
        *response.status_mut() = self.status;
        let headers = response.headers_mut();
        if self.status == StatusCode::SERVICE_UNAVAILABLE {
            headers.insert(RETRY_AFTER, HeaderValue::from(AWAY_SECONDS));
        }
        let cache = if self.public {
            "public, max-age=3600"
        } else {
            "no-store"
        };
        for (name, value) in [
            (CONTENT_TYPE, self.content_type),
            (CACHE_CONTROL, cache),
            (CONTENT_SECURITY_POLICY, POLICY),
            (X_CONTENT_TYPE_OPTIONS, "nosniff"),
            // A sign-in link must not travel on to whatever is opened next.
            (REFERRER_POLICY, "no-referrer"),
            (CROSS_ORIGIN_OPENER_POLICY, "same-origin"),
            (CROSS_ORIGIN_RESOURCE_POLICY, "same-origin"),
            (
                PERMISSIONS_POLICY,
                "camera=(), geolocation=(), microphone=()",
            ),
        ] {
            headers.insert(name, HeaderValue::from_static(value));
        }
        if secure {
            headers.insert(STRICT_TRANSPORT_SECURITY, HeaderValue::from_static(HSTS));
        }
        if let Some(location) = self.location {
            put(headers, LOCATION, &location);
        }
        if let Some(cookie) = self.cookie {
            put(headers, SET_COOKIE, &cookie);
        }
        if let Some(name) = self.file_name {
            put(
                headers,
                CONTENT_DISPOSITION,
                &format!("attachment; filename=\"{name}\""),
            );
        }
        response
    }
}

const CROSS_ORIGIN_OPENER_POLICY: HeaderName =
    HeaderName::from_static("cross-origin-opener-policy");
const CROSS_ORIGIN_RESOURCE_POLICY: HeaderName =
    HeaderName::from_static("cross-origin-resource-policy");
const PERMISSIONS_POLICY: HeaderName = HeaderName::from_static("permissions-policy");

/// A value that cannot be a header is left out: the answer is then without it, not broken.
fn put(headers: &mut HeaderMap, name: HeaderName, value: &str) {
    if let Ok(value) = HeaderValue::from_str(value) {
        headers.insert(name, value);
    }
}

/// Why a page does not answer.
#[derive(Debug, thiserror::Error)]
pub(super) enum Problem {
    /// Not there, or outside what this person may see: the two look the same.
    #[error("not found")]
    NotFound,
    /// The address is there, not for this method.
    #[error("wrong method")]
    WrongMethod,
    /// The matrix says no.
    #[error(transparent)]
    Denied(#[from] Denied),
    /// The form came from another site.
    #[error("cross-site form")]
    CrossSite,
    /// The form is too large or not one of ours.
    #[error("unreadable form")]
    UnreadableForm,
    /// A database server does not answer: nothing is lost, and it is for whoever runs the hub to mend.
    #[error("a database does not answer: {0}")]
    Away(String),
    /// The store, or the source of randomness, failed.
    #[error("the hub failed: {0}")]
    Failed(String),
}

impl Problem {
    /// Status of the answer.
    pub const fn status(&self) -> StatusCode {
        match self {
            Self::NotFound => StatusCode::NOT_FOUND,
            Self::WrongMethod => StatusCode::METHOD_NOT_ALLOWED,
            Self::Denied(Denied::NotSignedIn) => StatusCode::UNAUTHORIZED,
            Self::Denied(Denied::NotForRole | Denied::HalfSignedIn | Denied::NotFresh)
            | Self::CrossSite => StatusCode::FORBIDDEN,
            Self::UnreadableForm => StatusCode::BAD_REQUEST,
            Self::Away(_) => StatusCode::SERVICE_UNAVAILABLE,
            Self::Failed(_) => StatusCode::INTERNAL_SERVER_ERROR,
        }
    }

    /// The word for it in logs, metrics and the catalogue (`hub-problem-…`).
    pub const fn as_str(&self) -> &'static str {
        match self {
            Self::NotFound => "not-found",
            Self::WrongMethod => "wrong-method",
            Self::Denied(Denied::NotSignedIn) => "not-signed-in",
            Self::Denied(Denied::NotForRole) => "not-for-role",
            Self::Denied(Denied::HalfSignedIn) => "half-signed-in",
            Self::Denied(Denied::NotFresh) => "not-fresh",
            Self::CrossSite => "cross-site",
            Self::UnreadableForm => "unreadable-form",
            Self::Away(_) => "away",
            Self::Failed(_) => "failed",
        }
    }
}

impl From<StoreError> for Problem {
    fn from(error: StoreError) -> Self {
        match error {
            StoreError::NotFound => Self::NotFound,
            StoreError::Unavailable(cause) => Self::Away(cause.to_string()),
            other => Self::Failed(other.to_string()),
        }
    }
}

impl From<PeopleError> for Problem {
    fn from(error: PeopleError) -> Self {
        match error {
            PeopleError::Store(error) => error.into(),
            other => Self::Failed(other.to_string()),
        }
    }
}

impl From<larum_link::secret::NoRandomness> for Problem {
    fn from(error: larum_link::secret::NoRandomness) -> Self {
        Self::Failed(error.to_string())
    }
}
