//! Answers: JSON, or a refusal with a code for programs and a sentence for people.

use http_body_util::Full;
use hyper::body::Bytes;
use hyper::header::{CONTENT_TYPE, HeaderValue, RETRY_AFTER};
use hyper::{Response, StatusCode};
use larum_core::words::Words;
use larum_link::wire::{MEDIA_TYPE, Refusal, RefusalCode};
use serde::Serialize;

/// An answer, ready to go.
pub type Answer = Response<Full<Bytes>>;

/// Why a call is refused, and what the caller may need to know besides.
#[derive(Clone, Debug)]
pub struct Refuse {
    /// The reason.
    pub code: RefusalCode,
    /// Another status than the code's usual one.
    pub status: Option<StatusCode>,
    /// The batch number expected.
    pub expected: Option<u64>,
    /// Seconds to wait.
    pub retry_after: Option<u32>,
}

impl From<RefusalCode> for Refuse {
    fn from(code: RefusalCode) -> Self {
        Self {
            code,
            status: None,
            expected: None,
            retry_after: None,
        }
    }
}

impl Refuse {
    /// As [`RefusalCode::RequestMalformed`], with a status that says more.
    #[must_use]
    pub fn with_status(code: RefusalCode, status: StatusCode) -> Self {
        Self {
            status: Some(status),
            ..Self::from(code)
        }
    }

    /// Ask again in so many seconds.
    #[must_use]
    pub fn busy(retry_after: u32) -> Self {
        Self {
            retry_after: Some(retry_after),
            ..Self::from(RefusalCode::Busy)
        }
    }

    /// The answer for it.
    #[must_use]
    pub fn answer(&self, words: &Words) -> Answer {
        let refusal = Refusal {
            code: self.code,
            message: words.say(&format!("refusal-{}", self.code)),
            expected: self.expected,
            retry_after: self.retry_after,
        };
        let mut answer = json(self.status.unwrap_or(usual_status(self.code)), &refusal);
        if let Some(seconds) = self.retry_after {
            answer
                .headers_mut()
                .insert(RETRY_AFTER, HeaderValue::from(seconds));
        }
        answer
    }
}

const fn usual_status(code: RefusalCode) -> StatusCode {
    match code {
        RefusalCode::TokenUnknown
        | RefusalCode::TokenUsed
        | RefusalCode::TokenExpired
        | RefusalCode::Revoked => StatusCode::FORBIDDEN,
        RefusalCode::RequestMalformed | RefusalCode::BodyMalformed => StatusCode::BAD_REQUEST,
        RefusalCode::NotAuthorised => StatusCode::UNAUTHORIZED,
        RefusalCode::SequenceConflict => StatusCode::CONFLICT,
        RefusalCode::Busy | RefusalCode::OverQuota => StatusCode::TOO_MANY_REQUESTS,
        RefusalCode::Internal | RefusalCode::Other => StatusCode::INTERNAL_SERVER_ERROR,
    }
}

/// A JSON answer.
#[must_use]
pub fn json<T: Serialize>(status: StatusCode, value: &T) -> Answer {
    match serde_json::to_vec(value) {
        Ok(body) => {
            let mut answer = Response::new(Full::new(Bytes::from(body)));
            *answer.status_mut() = status;
            answer
                .headers_mut()
                .insert(CONTENT_TYPE, HeaderValue::from_static(MEDIA_TYPE));
            answer
        }
        // Our own types always serialise; should one not, an empty answer of the right kind.
        Err(_) => empty(StatusCode::INTERNAL_SERVER_ERROR),
    }
}

/// An answer without a body.
#[must_use]
pub fn empty(status: StatusCode) -> Answer {
    let mut answer = Response::new(Full::new(Bytes::new()));
    *answer.status_mut() = status;
    answer
}
