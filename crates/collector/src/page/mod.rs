//! The local page and the metrics, on loopback only: for whoever sits at this machine.
//!
//! There is nothing to administer here, and nothing changes by asking. A page elsewhere that had its
//! name pointed at this address (DNS rebinding) is refused by the `Host` header.

mod devices;
mod finding;
mod format;
mod frame;
mod home;
mod leaves;
mod metrics;
mod style;
mod verdict;

pub use format::{moment, number};

use std::future::Future;
use std::net::SocketAddr;
use std::sync::Arc;

use axum::Router;
use axum::extract::{Request, State};
use axum::http::{HeaderMap, HeaderValue, StatusCode, header};
use axum::middleware::{self, Next};
use axum::response::{Html, IntoResponse, Response};
use axum::routing::get;
use larum_core::parse::DeviceNames;
use larum_core::words::Words;
use larum_link::clock::Clock;
use tokio::net::TcpListener;
use tokio::sync::watch;
use tokio::task::JoinSet;

use crate::board::Board;
use crate::config::{Config, Zone};
use crate::run::StartError;
use crate::shared::Shared;
use crate::status::Status;
use crate::stop::until_stopped;

/// How long connections may go on after the stop.
const LINGER: std::time::Duration = std::time::Duration::from_secs(2);

/// What the pages are made from.
#[derive(Clone)]
pub(crate) struct PageState {
    words: Arc<Words>,
    names: Arc<DeviceNames>,
    board: Arc<Board>,
    clock: Clock,
    zone: Zone,
    config: Arc<Config>,
    status: Arc<Status>,
    /// Names under which this page may be asked for.
    hosts: Arc<[String]>,
}

/// Bound listeners, not yet serving.
pub(crate) struct Bound {
    page: Option<(TcpListener, SocketAddr)>,
    metrics: Option<(TcpListener, SocketAddr)>,
}

/// Binds the page and the metrics, as far as they are configured.
pub(crate) async fn bind(config: &Config) -> Result<Bound, StartError> {
    let page = match config.page_address {
        Some(address) => Some(bind_one("page", address).await?),
        None => None,
    };
    let metrics = match config.metrics_address {
        Some(address) => Some(bind_one("metrics", address).await?),
        None => None,
    };
    Ok(Bound { page, metrics })
}

async fn bind_one(
    what: &'static str,
    address: SocketAddr,
) -> Result<(TcpListener, SocketAddr), StartError> {
    let refused = |source| StartError::Bind {
        what,
        address,
        source,
    };
    let listener = TcpListener::bind(address).await.map_err(refused)?;
    let address = listener.local_addr().map_err(refused)?;
    Ok((listener, address))
}

impl Bound {
    pub(crate) fn page_addr(&self) -> Option<SocketAddr> {
        self.page.as_ref().map(|(_, address)| *address)
    }

    pub(crate) fn metrics_addr(&self) -> Option<SocketAddr> {
        self.metrics.as_ref().map(|(_, address)| *address)
    }

    /// Serves until `stopped` changes; the answer ends when all is closed.
    pub(crate) fn start(
        self,
        config: &Arc<Config>,
        shared: &Shared,
        clock: &Clock,
        board: &Arc<Board>,
        status: Status,
        stopped: &watch::Receiver<bool>,
    ) -> impl Future<Output = ()> + Send + 'static {
        let state = |address: SocketAddr| PageState {
            words: Arc::clone(&shared.words),
            names: Arc::clone(&shared.names),
            board: Arc::clone(board),
            clock: clock.clone(),
            zone: config.zone.clone(),
            config: Arc::clone(config),
            status: Arc::new(status.clone()),
            hosts: hosts_of(address),
        };
        let mut servers = JoinSet::new();
        if let Some((listener, address)) = self.page {
            servers.spawn(serve(
                listener,
                page_router(state(address)),
                stopped.clone(),
            ));
        }
        if let Some((listener, address)) = self.metrics {
            servers.spawn(serve(
                listener,
                metrics_router(state(address)),
                stopped.clone(),
            ));
        }
        async move { while servers.join_next().await.is_some() {} }
    }
}

async fn serve(listener: TcpListener, router: Router, stopped: watch::Receiver<bool>) {
    let mut stop = stopped.clone();
    let graceful = async move {
        until_stopped(&mut stop).await;
    };
    let mut late = stopped;
    tokio::select! {
        served = axum::serve(listener, router).with_graceful_shutdown(graceful) => {
            if let Err(error) = served {
                tracing::error!(kind = ?error.kind(), "the local page ended");
            }
        }
        () = async {
            until_stopped(&mut late).await;
            tokio::time::sleep(LINGER).await;
        } => {}
    }
}

fn page_router(state: PageState) -> Router {
    Router::new()
        .route("/", get(home::serve))
        .route("/findings", get(finding::serve))
        .route("/devices", get(devices::serve))
        .route("/leaves", get(leaves::serve))
        .route("/status.json", get(status_json))
        .route("/style.css", get(style::serve))
        .fallback(leaves::not_found)
        .layer(middleware::from_fn_with_state(state.clone(), guard))
        .with_state(state)
}

fn metrics_router(state: PageState) -> Router {
    Router::new()
        .route("/metrics", get(metrics::serve))
        .layer(middleware::from_fn_with_state(state.clone(), guard))
        .with_state(state)
}

/// The names by which a browser on this machine asks for `address`.
fn hosts_of(address: SocketAddr) -> Arc<[String]> {
    let port = address.port();
    let mut hosts = Vec::new();
    for name in ["127.0.0.1", "localhost", "[::1]"] {
        hosts.push(format!("{name}:{port}"));
        if port == 80 {
            hosts.push(name.to_owned());
        }
    }
    hosts.push(address.to_string());
    hosts.into()
}

/// Refuses other hosts, and sends the headers that every answer carries.
async fn guard(State(state): State<PageState>, request: Request, next: Next) -> Response {
    let host = request
        .headers()
        .get(header::HOST)
        .and_then(|host| host.to_str().ok())
        .map(str::to_ascii_lowercase);
    let known = host.is_some_and(|host| state.hosts.contains(&host));
    let mut answer = if known {
        next.run(request).await
    } else {
        let said = state.words.say("page-wrong-host");
        (StatusCode::MISDIRECTED_REQUEST, said).into_response()
    };
    protect(answer.headers_mut());
    answer
}

fn protect(headers: &mut HeaderMap) {
    for (name, value) in [
        (
            header::CONTENT_SECURITY_POLICY,
            "default-src 'none'; style-src 'self'; img-src 'self' data:; form-action 'none'; base-uri 'none'; frame-ancestors 'none'",
        ),
        (header::X_CONTENT_TYPE_OPTIONS, "nosniff"),
        (header::REFERRER_POLICY, "no-referrer"),
        (header::CACHE_CONTROL, "no-store"),
    ] {
        headers.insert(name, HeaderValue::from_static(value));
    }
}

async fn status_json(State(state): State<PageState>) -> Response {
    let document = state.status.document(&state.board, state.clock.now());
    match serde_json::to_vec(&document) {
        Ok(bytes) => ([(header::CONTENT_TYPE, "application/json")], bytes).into_response(),
        Err(_) => StatusCode::INTERNAL_SERVER_ERROR.into_response(),
    }
}

/// A page as an answer.
fn html(markup: maud::Markup) -> Response {
    Html(markup.into_string()).into_response()
}
