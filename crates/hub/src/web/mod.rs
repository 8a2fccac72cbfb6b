//! The hub's pages: server-rendered HTML that works without JavaScript.
//!
//! A page is a plain function from a [`visit::Visit`] to an [`answer::Answer`], listed in
//! [`routes::ROUTES`] with the action it needs. [`serve`] is the only way to it: who is it, is it the
//! same site, what does the access matrix say; then the page, off the runtime's threads because the
//! store blocks.

mod agent;
mod answer;
mod chart;
mod csv;
mod format;
mod layout;
mod lists;
mod names;
mod network;
mod pages;
mod parts;
mod post;
mod routes;
mod serve;
mod session;
mod verdict;
mod visit;

use std::sync::Arc;

use axum::Router;
use axum::extract::{Request, State};
use axum::routing::{MethodFilter, on};
use larum_core::words::{CatalogueError, Words};
use larum_link::clock::Clock;
use larum_link::token::HubAddress;

pub(crate) use answer::AWAY_SECONDS;
pub use routes::{Method, ROUTES, Route};

use crate::enrol::authority::Authority;
use crate::origin::Origins;
use crate::people::mail::Mailer;
use crate::people::oidc::Provider;
use crate::people::passkey::Site;
use crate::store::Store;
use crate::watch::exploited::Exploited;

/// What the pages need.
pub struct WebState {
    /// Everything the hub keeps.
    pub store: Arc<dyn Store>,
    /// The hub's clock: what is on the pages.
    pub clock: Clock,
    /// The clock that people live by: links and sessions. The machine's, unless a test says otherwise.
    pub people_clock: Clock,
    /// Everything said.
    pub words: Arc<Words>,
    /// Where the pages are, such as `https://hub.example.org`. With `https` the session cookie is
    /// bound to the host and marked secure.
    pub page_url: String,
    /// What a join token needs; `None` while the hub has no link (then none can be made on a page).
    pub invitations: Option<Invitations>,
    /// Sends one-time links to those who ask for one; `None`: an administrator hands them over.
    pub mailer: Option<Arc<Mailer>>,
    /// Where people may sign in by their own organisation.
    pub providers: Vec<Arc<Provider>>,
    /// Weaknesses that attackers are known to use, shown with a threat.
    pub exploited: Exploited,
    /// Where addresses are registered, shown beside them.
    pub origins: Origins,
    /// Whether a one-time link alone signs somebody in wholly. For a demonstration only: elsewhere a
    /// link leads no further than to one's own proof.
    pub links_suffice: bool,
}

/// What goes into a join token.
#[derive(Clone)]
pub struct Invitations {
    /// The authority whose fingerprint stands in it.
    pub authority: Arc<Authority>,
    /// Where collectors reach the hub.
    pub address: HubAddress,
    /// How long a token is good, in hours.
    pub token_hours: u32,
}

impl WebState {
    /// Pages in English over `store`, at `page_url`, timed by `clock`.
    ///
    /// # Errors
    /// When the catalogue cannot be used.
    pub fn new(
        store: Arc<dyn Store>,
        clock: Clock,
        page_url: impl Into<String>,
    ) -> Result<Self, CatalogueError> {
        let page_url: String = page_url.into();
        Ok(Self {
            store,
            clock,
            people_clock: Clock::system(),
            words: Arc::new(Words::of("en")?),
            page_url: page_url.trim_end_matches('/').to_owned(),
            invitations: None,
            mailer: None,
            providers: Vec::new(),
            exploited: Exploited::default(),
            origins: Origins::default(),
            links_suffice: false,
        })
    }

    /// The site that passkeys are made for; `None` where browsers allow none.
    fn site(&self) -> Option<Site> {
        Site::of(&self.page_url)
    }

    /// Whether the pages are reached over TLS.
    fn secure(&self) -> bool {
        self.page_url.starts_with("https://")
    }
}

/// All pages over `state`.
pub fn router(state: WebState) -> Router {
    let routes = ROUTES.iter().fold(Router::new(), |router, route| {
        let filter = match route.method {
            Method::Get => MethodFilter::GET,
            Method::Post => MethodFilter::POST,
        };
        let page = move |State(state): State<Arc<WebState>>, request: Request| {
            serve::serve(route, state, request)
        };
        router.route(route.path, on(filter, page))
    });
    lists::doors(routes)
        .fallback(serve::not_found)
        .method_not_allowed_fallback(serve::wrong_method)
        .with_state(Arc::new(state))
}
