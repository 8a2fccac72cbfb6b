//! The programming interface, version 1, under `/api/v1`: what a firm's, a service provider's, an
//! officer's or a monitoring system's program fetches.
//!
//! An operation is a plain function from a [`call::Call`] to a shape of [`shapes`]; [`call::serve`] is
//! the only way to it: key, allowance, what the key was made for, the access matrix and the audit
//! ledger, as for the pages. The OpenAPI 3.1 document is generated from the operations and served at
//! `/api/v1/openapi.json`; a copy in `docs/operator/openapi.json` is held by a test.
//!
//! Standards: RFC 6750 (keys), RFC 9457 (problems), RFC 9110 (entity tags).

mod call;
mod metrics;
mod operations;
mod problem;
mod query;
mod shapes;

use std::net::IpAddr;
use std::sync::{Arc, Mutex};

use axum::Router;
use axum::body::Body;
use axum::extract::{Request, State};
use axum::http::Response;
use larum_core::words::{CatalogueError, Words};
use larum_link::clock::Clock;
use utoipa::OpenApi as _;
use utoipa::openapi::OpenApi;
use utoipa::openapi::security::{Http, HttpAuthScheme, SecurityScheme};
use utoipa_axum::router::OpenApiRouter;

pub use metrics::ApiMetrics;
pub use problem::Code;

use self::problem::Problem;
use crate::limit::{Allowance, Limiter};
use crate::origin::Origins;
use crate::store::Store;
use crate::watch::exploited::Exploited;

/// Where the interface stands.
pub const PREFIX: &str = "/api/v1";
/// Calls with one key: 300 at once, then ten in a second; 20,000 keys are remembered.
pub const KEY_CALLS: Allowance = Allowance {
    burst: 300,
    refill_ms: 100,
    callers: 20_000,
};
/// Calls from one address with keys not seen before: 60 at once, then one in a second; 10,000 addresses
/// are remembered. Keys that turn out to be good do not count.
pub const STRANGER_CALLS: Allowance = Allowance {
    burst: 60,
    refill_ms: 1_000,
    callers: 10_000,
};

/// A key's place in the table: its hash, in hexadecimal.
type KeyPlace = [u8; 64];

/// What every call needs.
pub struct ApiState {
    /// Everything the hub keeps.
    pub store: Arc<dyn Store>,
    /// The hub's clock: what is in the answers.
    pub clock: Clock,
    /// The clock that people live by: keys and allowances.
    pub people_clock: Clock,
    /// What is said to people.
    pub words: Arc<Words>,
    /// Where the pages are, such as `https://hub.example.org`.
    pub page_url: String,
    /// Weaknesses that attackers are known to use, told with a threat.
    pub exploited: Exploited,
    /// Where addresses are registered, told beside them.
    pub origins: Origins,
    /// Counters.
    pub metrics: ApiMetrics,
    /// How often whom was answered.
    pub pace: Pace,
}

impl ApiState {
    /// The interface in English over `store`, at `page_url`, timed by `clock`.
    ///
    /// # Errors
    /// When the catalogue cannot be used.
    pub fn new(
        store: Arc<dyn Store>,
        clock: Clock,
        page_url: impl Into<String>,
    ) -> Result<Self, CatalogueError> {
        Ok(Self {
            store,
            clock,
            people_clock: Clock::system(),
            words: Arc::new(Words::of("en")?),
            page_url: page_url.into(),
            exploited: Exploited::default(),
            origins: Origins::default(),
            metrics: ApiMetrics::default(),
            pace: Pace::new(KEY_CALLS, STRANGER_CALLS),
        })
    }

    fn secure(&self) -> bool {
        self.page_url.starts_with("https://")
    }
}

/// How often whom was answered.
pub struct Pace {
    keys: Mutex<Limiter<KeyPlace>>,
    strangers: Mutex<Limiter<IpAddr>>,
}

impl Pace {
    /// With these allowances for a key and for an address with wrong ones.
    #[must_use]
    pub const fn new(key: Allowance, stranger: Allowance) -> Self {
        Self {
            keys: Mutex::new(Limiter::new(key)),
            strangers: Mutex::new(Limiter::new(stranger)),
        }
    }
}

#[derive(utoipa::OpenApi)]
#[openapi(
    info(
        title = "Larum hub",
        version = "1",
        description = "What a program may fetch from a hub. Make a key on the hub's page *Keys* or with \
            `larum-hub admin add-key`, and send it as `Authorization: Bearer larum_…`. A key can do what it \
            was made for and what its owner may do at the moment of the call (`x-larum-action` names it). \
            Every read of a firm's data by somebody outside that firm stands in the ledger that the firm \
            sees. Times are UTC. Keys may be added to answers without a new version: pass over those you \
            do not know.",
        license(name = "MIT OR Apache-2.0", identifier = "MIT OR Apache-2.0")
    ),
    servers((url = "/api/v1")),
    components(schemas(problem::Told, problem::Code)),
    tags(
        (name = "key", description = "The key itself"),
        (name = "own", description = "One's own firm"),
        (name = "threats", description = "What emerges across firms"),
        (name = "members", description = "Firms, for those who help or protect them"),
        (name = "hub", description = "The running of the hub"),
    )
)]
struct Document;

fn parts() -> (Router<Arc<ApiState>>, OpenApi) {
    let (router, mut document) = OpenApiRouter::with_openapi(Document::openapi())
        .merge(operations::all())
        .split_for_parts();
    let mut scheme = Http::new(HttpAuthScheme::Bearer);
    scheme.description = Some("`larum_` and 43 characters; shown once when it is made.".to_owned());
    document
        .components
        .get_or_insert_default()
        .add_security_scheme("key", SecurityScheme::Http(scheme));
    (router, document)
}

/// The OpenAPI 3.1 document.
#[must_use]
pub fn document() -> OpenApi {
    parts().1
}

/// The interface over `state`; to be nested at [`PREFIX`].
pub fn router(state: ApiState) -> Router {
    let (router, _) = parts();
    router
        .fallback(not_found)
        .method_not_allowed_fallback(wrong_method)
        .with_state(Arc::new(state))
}

async fn not_found(State(state): State<Arc<ApiState>>) -> Response<Body> {
    refuse(&state, Code::NotFound)
}

async fn wrong_method(State(state): State<Arc<ApiState>>, _: Request) -> Response<Body> {
    refuse(&state, Code::WrongMethod)
}

fn refuse(state: &ApiState, code: Code) -> Response<Body> {
    let answer = Problem::from(code).answer(&state.words);
    state.metrics.answered("", answer.status().as_u16());
    call::dressed(answer, state.secure())
}
