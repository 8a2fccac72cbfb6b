//! Why a call is not answered: RFC 9457 problem details, one code each.

use axum::body::Body;
use axum::http::header::{CONTENT_TYPE, RETRY_AFTER, WWW_AUTHENTICATE};
use axum::http::{HeaderValue, Response, StatusCode};
use larum_core::words::Words;
use serde::Serialize;
use utoipa::openapi::response::ResponseBuilder;
use utoipa::openapi::{ContentBuilder, Ref, RefOr, Response as Described, ResponsesBuilder};
use utoipa::{IntoResponses, ToSchema};

use crate::access::Denied;
use crate::store::StoreError;
use crate::store::api::KeyRefusal;
use crate::web::AWAY_SECONDS;

/// Media type of a problem (RFC 9457).
const MEDIA_TYPE: &str = "application/problem+json";

/// Why a call is not answered.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Serialize, ToSchema)]
#[serde(rename_all = "kebab-case")]
pub enum Code {
    /// A parameter is unknown, doubled, or not what the document says.
    WrongParameter,
    /// The request carries something it must not, such as a body.
    WrongRequest,
    /// No key in the `Authorization` header.
    NoKey,
    /// A key nobody was given.
    KeyUnknown,
    /// The key's time is over.
    KeyExpired,
    /// The key was revoked, or its owner shut out.
    KeyRevoked,
    /// The key was not made for this.
    NotForKey,
    /// The role of the key's owner does not include this.
    NotForRole,
    /// Not there, or not this reader's to see: the two look the same.
    NotFound,
    /// The address does not take this method.
    WrongMethod,
    /// Too many calls with this key, or too many wrong keys from one address.
    TooManyCalls,
    /// A database of the hub does not answer.
    Away,
    /// The hub has a fault of its own.
    Failed,
}

impl Code {
    /// Every code.
    pub const ALL: [Self; 13] = [
        Self::WrongParameter,
        Self::WrongRequest,
        Self::NoKey,
        Self::KeyUnknown,
        Self::KeyExpired,
        Self::KeyRevoked,
        Self::NotForKey,
        Self::NotForRole,
        Self::NotFound,
        Self::WrongMethod,
        Self::TooManyCalls,
        Self::Away,
        Self::Failed,
    ];

    /// The one spelling: in answers, logs, metrics and, after `api-problem-`, in the catalogue.
    #[must_use]
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::WrongParameter => "wrong-parameter",
            Self::WrongRequest => "wrong-request",
            Self::NoKey => "no-key",
            Self::KeyUnknown => "key-unknown",
            Self::KeyExpired => "key-expired",
            Self::KeyRevoked => "key-revoked",
            Self::NotForKey => "not-for-key",
            Self::NotForRole => "not-for-role",
            Self::NotFound => "not-found",
            Self::WrongMethod => "wrong-method",
            Self::TooManyCalls => "too-many-calls",
            Self::Away => "away",
            Self::Failed => "failed",
        }
    }

    /// The status of an answer with this code.
    #[must_use]
    pub const fn status(self) -> StatusCode {
        match self {
            Self::WrongParameter | Self::WrongRequest => StatusCode::BAD_REQUEST,
            Self::NoKey | Self::KeyUnknown | Self::KeyExpired | Self::KeyRevoked => {
                StatusCode::UNAUTHORIZED
            }
            Self::NotForKey | Self::NotForRole => StatusCode::FORBIDDEN,
            Self::NotFound => StatusCode::NOT_FOUND,
            Self::WrongMethod => StatusCode::METHOD_NOT_ALLOWED,
            Self::TooManyCalls => StatusCode::TOO_MANY_REQUESTS,
            Self::Away => StatusCode::SERVICE_UNAVAILABLE,
            Self::Failed => StatusCode::INTERNAL_SERVER_ERROR,
        }
    }
}

/// A problem, as it is sent.
#[derive(Serialize, ToSchema)]
#[schema(as = Problem)]
pub(super) struct Told {
    /// Address of the kind of problem, relative to the hub; what stands there lists them all.
    #[serde(rename = "type")]
    #[schema(format = "uri-reference")]
    kind: String,
    /// In one line, for people.
    title: String,
    /// The status of the answer again.
    #[schema(minimum = 400, maximum = 599)]
    status: u16,
    /// What to do.
    detail: String,
    /// What programs go by.
    code: Code,
    /// Which parameter, where one is wrong.
    #[serde(skip_serializing_if = "Option::is_none")]
    #[schema(nullable = false)]
    parameter: Option<String>,
}

impl Told {
    pub fn of(problem: &Problem, words: &Words) -> Self {
        let code = problem.code;
        Self {
            kind: format!("/api/v1/problems#{}", code.as_str()),
            title: words.say(&format!("api-problem-{}", code.as_str())),
            status: code.status().as_u16(),
            detail: words.say(&format!("api-problem-{}-do", code.as_str())),
            code,
            parameter: problem.parameter.map(str::to_owned),
        }
    }
}

/// A problem on its way to the caller.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) struct Problem {
    pub code: Code,
    pub parameter: Option<&'static str>,
    /// Seconds to wait.
    pub retry_after: Option<u32>,
}

impl From<Code> for Problem {
    fn from(code: Code) -> Self {
        Self {
            code,
            parameter: None,
            retry_after: None,
        }
    }
}

impl From<Denied> for Problem {
    fn from(denied: Denied) -> Self {
        match denied {
            Denied::NotSignedIn => Code::NoKey.into(),
            // What wants a person to prove themselves anew is not for programs.
            Denied::NotForRole | Denied::HalfSignedIn | Denied::NotFresh => Code::NotForRole.into(),
        }
    }
}

impl From<KeyRefusal> for Problem {
    fn from(refusal: KeyRefusal) -> Self {
        match refusal {
            KeyRefusal::Unknown => Code::KeyUnknown.into(),
            KeyRefusal::Expired => Code::KeyExpired.into(),
            KeyRefusal::Revoked | KeyRefusal::Disabled => Code::KeyRevoked.into(),
        }
    }
}

impl From<StoreError> for Problem {
    fn from(error: StoreError) -> Self {
        match error {
            StoreError::NotFound => Code::NotFound.into(),
            StoreError::Unavailable(cause) => {
                tracing::error!(reason = "store", error = %cause, "a database does not answer");
                Self {
                    retry_after: Some(AWAY_SECONDS),
                    ..Code::Away.into()
                }
            }
            other => {
                tracing::error!(reason = "store", error = %other, "a call was not answered");
                Code::Failed.into()
            }
        }
    }
}

impl Problem {
    pub const fn parameter(name: &'static str) -> Self {
        Self {
            code: Code::WrongParameter,
            parameter: Some(name),
            retry_after: None,
        }
    }

    pub const fn wait(seconds: u32) -> Self {
        Self {
            code: Code::TooManyCalls,
            parameter: None,
            retry_after: Some(seconds),
        }
    }

    pub fn answer(&self, words: &Words) -> Response<Body> {
        let body = serde_json::to_string(&Told::of(self, words)).unwrap_or_default();
        let mut answer = Response::new(Body::from(body));
        *answer.status_mut() = self.code.status();
        let headers = answer.headers_mut();
        headers.insert(CONTENT_TYPE, HeaderValue::from_static(MEDIA_TYPE));
        if let Some(seconds) = self.retry_after {
            headers.insert(RETRY_AFTER, HeaderValue::from(seconds));
        }
        match self.code.status() {
            // RFC 6750, 3: without an error code where no key was shown at all.
            StatusCode::UNAUTHORIZED if self.code == Code::NoKey => {
                headers.insert(WWW_AUTHENTICATE, HeaderValue::from_static("Bearer"));
            }
            StatusCode::UNAUTHORIZED => {
                let value = HeaderValue::from_static("Bearer error=\"invalid_token\"");
                headers.insert(WWW_AUTHENTICATE, value);
            }
            _ => {}
        }
        answer
    }
}

/// The problems that every call with a key can end in, for the document.
pub(super) struct Problems;

impl IntoResponses for Problems {
    fn responses() -> std::collections::BTreeMap<String, RefOr<Described>> {
        let described = |text: &str| {
            let content = ContentBuilder::new().schema(Some(Ref::from_schema_name("Problem")));
            ResponseBuilder::new()
                .description(text)
                .content(MEDIA_TYPE, content.build())
        };
        ResponsesBuilder::new()
            .response("400", described("A parameter is wrong"))
            .response("401", described("No key, or one that opens nothing"))
            .response("403", described("Not for this key, or not for its owner"))
            .response("404", described("Not there, or not yours to see"))
            .response(
                "429",
                described("Too many calls: wait as long as Retry-After says"),
            )
            .response("500", described("The hub has a fault of its own"))
            .response(
                "503",
                described(
                    "A database of the hub does not answer: wait as long as Retry-After says",
                ),
            )
            .build()
            .into()
    }
}
