//! Everything a hub is, started together and stopped together.

use std::future::Future;
use std::io;
use std::net::SocketAddr;
use std::path::Path;
use std::sync::Arc;
use std::time::Duration;

use axum::Router;
use axum::extract::State;
use axum::http::StatusCode;
use axum::http::header::CONTENT_TYPE;
use axum::response::IntoResponse;
use axum::routing::get;
use larum_core::time::Timestamp;
use larum_core::words::{CatalogueError, Words};
use larum_link::clock::Clock;
use larum_link::tls::{self, ServerIdentity, TlsError};
use larum_link::token::HubAddress;
use prometheus_client::registry::Registry;
use rustls::ServerConfig;
use tokio::net::TcpListener;
use tokio::sync::{Notify, watch};
use tokio::task::JoinSet;

use crate::api::{self, ApiState};
pub use crate::config::HubConfig;
use crate::config::store::StoreConfig;
use crate::door::{self, Patience};
use crate::door_tls::{PageCertificateError, PageTls};
use crate::enrol::authority::{Authority, AuthorityError, SERVER_SECONDS};
use crate::ingest::queue::Queue;
use crate::link_server::quota::DayQuotas;
use crate::link_server::{self, LinkMetrics, LinkState, Pace};
use crate::origin::Origins;
use crate::people::mail::Mailer;
use crate::people::oidc::Provider;
use crate::people::oidc::fetch::Fetcher;
use crate::ready;
use crate::store::sql::SqlStore;
use crate::store::{Store, StoreError};
use crate::watch::exploited::Exploited;
use crate::web::{self, Invitations, WebState};

/// How often the store is asked for new warnings; those who wait are woken by it.
const NEWS_EVERY: Duration = Duration::from_millis(500);
/// How often the authority's files and the age of the hub's own certificate are looked at, on the hub's
/// clock; never faster than [`LEAST_PAUSE`].
const LOOK_EVERY: Duration = Duration::from_secs(10);
/// However fast the clock runs, no loop runs faster than this.
const LEAST_PAUSE: Duration = Duration::from_millis(500);
/// Seconds of a day, of an hour.
const DAY_SECONDS: i64 = 86_400;

/// Why a hub does not start.
#[derive(Debug, thiserror::Error)]
pub enum RunError {
    /// The store.
    #[error("the store {place} cannot be opened: {source}")]
    Store {
        /// Where it is.
        place: String,
        /// Why.
        source: StoreError,
    },
    /// The store was moved.
    #[error(
        "the store {place} was moved to {to}: start the hub with the settings it was moved with"
    )]
    Moved {
        /// Where it was.
        place: String,
        /// Where it is.
        to: String,
    },
    /// The authority. A hub that was never set up has none.
    #[error(transparent)]
    Authority(#[from] AuthorityError),
    /// TLS.
    #[error(transparent)]
    Tls(#[from] TlsError),
    /// An address is taken, or not this machine's.
    #[error("cannot listen on {address}: {source}")]
    Listen {
        /// The address.
        address: SocketAddr,
        /// Why.
        source: io::Error,
    },
    /// The link's name is not a host.
    #[error("`link-name` is not a host name or address")]
    LinkName,
    /// The file with the login for the mail relay.
    #[error("`mail-login-file` must hold a user name and a password, a line each")]
    MailLogin,
    /// The file with the secret of a provider of single sign-on.
    #[error("`secret-file` of [[oidc]] must hold the secret: {0}")]
    OidcSecret(#[source] io::Error),
    /// The TLS library.
    #[error("TLS for single sign-on: {0}")]
    OidcTls(#[from] rustls::Error),
    /// The certificate of the pages.
    #[error(transparent)]
    PageCertificate(#[from] PageCertificateError),
    /// The mail relay.
    #[error(transparent)]
    Mail(#[from] crate::people::mail::MailError),
    /// The words.
    #[error(transparent)]
    Words(#[from] CatalogueError),
}

/// A hub that runs.
pub struct RunningHub {
    /// Where collectors connect.
    pub link_addr: SocketAddr,
    /// Where browsers connect.
    pub page_addr: SocketAddr,
    /// Where metrics are read.
    pub metrics_addr: Option<SocketAddr>,
    /// What tokens say collectors are to connect to.
    pub link_address: HubAddress,
    /// The address of the pages as people see it.
    pub page_url: String,
    /// The store.
    pub store: Arc<SqlStore>,
    /// The authority, whose fingerprint stands in tokens.
    pub authority: Arc<Authority>,
    /// Has the hub look at its certificates' files now, not only every ten seconds.
    pub look_again: Arc<Notify>,
    handle: Option<tokio::task::JoinHandle<()>>,
}

impl RunningHub {
    /// Waits until the hub has stopped.
    pub async fn stopped(self) {
        let Some(handle) = self.handle else {
            return;
        };
        if handle.await.is_err() {
            tracing::error!(reason = "task-failed", "a part of the hub ended badly");
        }
    }
}

/// Sets up a new hub: its folder, its certificate authority and its store. An authority that is there
/// already is never touched.
///
/// # Errors
/// When there is a hub in the folder already, or it cannot be written.
pub fn set_up(config: &HubConfig, now: Timestamp) -> Result<(), RunError> {
    Authority::create(&config.authority_dir(), now)?;
    if config.store == StoreConfig::Embedded {
        let file = config.store_file();
        keep_private(&file).map_err(|source| AuthorityError::File { file, source })?;
    }
    open_store(config).map(drop)
}

/// The store a hub may run on: not one that is somewhere else by now.
fn open_unmoved(config: &HubConfig) -> Result<SqlStore, RunError> {
    let store = open_store(config)?;
    let place = config.store_place();
    match crate::migrate::moved_to(&store) {
        Ok(None) => Ok(store),
        Ok(Some(to)) => Err(RunError::Moved { place, to }),
        Err(source) => Err(RunError::Store { place, source }),
    }
}

fn open_store(config: &HubConfig) -> Result<SqlStore, RunError> {
    config.open_store().map_err(|source| RunError::Store {
        place: config.store_place(),
        source,
    })
}

/// The store is the owner's alone, whatever the folder's rights are; SQLite gives its other files the
/// rights of the first.
pub(crate) fn keep_private(file: &Path) -> io::Result<()> {
    use std::os::unix::fs::OpenOptionsExt as _;
    let mut options = std::fs::OpenOptions::new();
    options.append(true).create(true).mode(0o600).open(file)?;
    Ok(())
}

/// Starts a hub; it stops when `shutdown` ends, after calls that have begun have been answered.
///
/// # Errors
/// When a part of it cannot start; nothing runs then.
pub async fn run(
    config: HubConfig,
    clock: Clock,
    shutdown: impl Future<Output = ()> + Send + 'static,
) -> Result<RunningHub, RunError> {
    let settings = config.clone();
    let opening = tokio::task::spawn_blocking(move || open_unmoved(&settings));
    let store =
        Arc::new(
            opening
                .await
                .map_err(io::Error::from)
                .map_err(|error| RunError::Store {
                    place: config.store_place(),
                    source: StoreError::Engine(error.into()),
                })??,
        );
    let authority = Arc::new(Authority::load(&config.authority_dir())?);
    let doors = Doors::open(&config).await?;
    let link_address = config
        .link_address(doors.link_addr.port())
        .ok_or(RunError::LinkName)?;
    let page_url = config
        .page_url
        .clone()
        .unwrap_or_else(|| format!("{}://{}", config.page_scheme(), doors.page_addr));
    let (stop, stopping) = watch::channel(false);
    let running = RunningHub {
        link_addr: doors.link_addr,
        page_addr: doors.page_addr,
        metrics_addr: doors.metrics_addr,
        link_address,
        page_url,
        store,
        authority,
        look_again: Arc::default(),
        handle: None,
    };
    let parts = start(&running, doors, &config, &clock, &stopping)?;
    tracing::info!("the hub is up");
    Ok(RunningHub {
        handle: Some(tokio::spawn(oversee(parts, stop, shutdown))),
        ..running
    })
}

/// What sends one-time links, if the configuration names a relay.
fn mailer(config: &HubConfig) -> Result<Option<Arc<Mailer>>, RunError> {
    let Some(relay) = &config.mail_relay else {
        return Ok(None);
    };
    let login = match &config.mail_login_file {
        None => None,
        Some(file) => {
            let text = std::fs::read_to_string(file).map_err(|_| RunError::MailLogin)?;
            let mut lines = text.lines();
            let (Some(user), Some(password)) = (lines.next(), lines.next()) else {
                return Err(RunError::MailLogin);
            };
            Some((user.to_owned(), password.to_owned()))
        }
    };
    Ok(Some(Arc::new(Mailer::new(
        relay,
        &config.mail_from,
        login,
    )?)))
}

/// Where people may sign in by their own organisation.
fn providers(config: &HubConfig) -> Result<Vec<Arc<Provider>>, RunError> {
    if config.oidc.is_empty() {
        return Ok(Vec::new());
    }
    let fetcher = Arc::new(Fetcher::new()?);
    let provider = |one: &crate::config::oidc::OidcConfig| {
        let settings = one.settings().map_err(RunError::OidcSecret)?;
        Ok(Arc::new(Provider::new(settings, fetcher.clone())))
    };
    config.oidc.iter().map(provider).collect()
}

/// The pages for people.
fn pages(
    hub: &RunningHub,
    config: &HubConfig,
    clock: &Clock,
    (words, exploited, origins): (Arc<Words>, Exploited, &Origins),
) -> Result<axum::Router, RunError> {
    Ok(web::router(WebState {
        store: hub.store.clone() as Arc<dyn Store>,
        clock: clock.clone(),
        people_clock: Clock::system(),
        words,
        page_url: hub.page_url.clone(),
        invitations: Some(Invitations {
            authority: hub.authority.clone(),
            address: hub.link_address.clone(),
            token_hours: config.token_hours,
        }),
        mailer: mailer(config)?,
        providers: providers(config)?,
        exploited,
        origins: origins.clone(),
        links_suffice: config.links_suffice,
    }))
}

/// Starts every part of the hub.
fn start(
    hub: &RunningHub,
    doors: Doors,
    config: &HubConfig,
    clock: &Clock,
    stopping: &watch::Receiver<bool>,
) -> Result<JoinSet<()>, RunError> {
    let words = Arc::new(Words::of("en")?);
    let names = vec![hub.link_address.host().to_owned()];
    let (tls_in, tls) = watch::channel(link_tls(&hub.authority, &names, clock)?);
    let (news_in, news) = watch::channel(0);
    let mut registry = Registry::default();
    let store = hub.store.clone() as Arc<dyn Store>;
    let exploited = Exploited::of(config.known_exploited_file.clone());
    let mut api = ApiState::new(store, clock.clone(), hub.page_url.clone())?;
    api.exploited = exploited.clone();
    let origins = Origins::of(&config.address_files);
    api.origins = origins.clone();
    api.metrics.register(&mut registry);
    let link_metrics = LinkMetrics::default();
    link_metrics.register(&mut registry);
    let state = Arc::new(LinkState {
        store: hub.store.clone() as Arc<dyn Store>,
        queue: Queue::new(hub.store.clone() as Arc<dyn Store>, clock.clone()),
        authority: hub.authority.clone(),
        clock: clock.clone(),
        words: words.clone(),
        certificate_seconds: i64::from(config.certificate_days) * DAY_SECONDS,
        metrics: link_metrics,
        news,
        stopping: stopping.clone(),
        pace: Pace::default(),
        quotas: DayQuotas::new(config.day_limits),
    });
    let mut settings = crate::watch::Settings::of_region(&config.region);
    settings.exploited = exploited.clone();
    let pages = pages(hub, config, clock, (words, exploited, &origins))?
        .nest(api::PREFIX, api::router(api));
    let (store, authority) = (hub.store.clone(), hub.authority.clone());
    let mut parts = JoinSet::new();
    parts.spawn(link_server::serve(doors.link, tls, state));
    parts.spawn(tell_news(store.clone(), news_in, stopping.clone()));
    let stop = stopping.clone();
    parts.spawn(keep_certificate(
        authority,
        tls_in,
        names,
        clock.clone(),
        (hub.look_again.clone(), stop),
    ));
    parts.spawn(crate::keep::run_job(
        store.clone(),
        clock.clone(),
        config.keep_days,
        stopped(stopping.clone()),
    ));
    let stop = stopped(stopping.clone());
    parts.spawn(crate::carry::run_job(store.clone(), clock.clone(), stop));
    parts.spawn(keep_watch(store, clock.clone(), settings, stopping.clone()));
    let patience = Patience::default();
    let shown = match &config.page_certificate {
        None => None,
        Some(files) => {
            let tls = PageTls::load(files, &Clock::system())?;
            let shown = tls.shown();
            parts.spawn(tls.keep(hub.look_again.clone(), stopping.clone()));
            Some(shown)
        }
    };
    let served = door::serve_over(doors.page, shown, pages, patience, stopping.clone());
    parts.spawn(served);
    if let Some(listener) = doors.metrics {
        let router = metrics_router(registry, Asked::of(hub, config, clock));
        parts.spawn(door::serve(listener, router, patience, stopping.clone()));
    }
    Ok(parts)
}

/// Waits for the order to stop, passes it on, and waits until every part has obeyed.
async fn oversee(
    mut parts: JoinSet<()>,
    stop: watch::Sender<bool>,
    shutdown: impl Future<Output = ()>,
) {
    shutdown.await;
    stop.send_replace(true);
    while let Some(ended) = parts.join_next().await {
        if ended.is_err() {
            tracing::error!(reason = "task-failed", "a part of the hub ended badly");
        }
    }
}

/// Where the hub listens.
struct Doors {
    link: TcpListener,
    link_addr: SocketAddr,
    page: TcpListener,
    page_addr: SocketAddr,
    metrics: Option<TcpListener>,
    metrics_addr: Option<SocketAddr>,
}

impl Doors {
    async fn open(config: &HubConfig) -> Result<Self, RunError> {
        let (link, link_addr) = listen(config.link_listen).await?;
        let (page, page_addr) = listen(config.page_listen).await?;
        let (metrics, metrics_addr) = match config.metrics_listen {
            Some(address) => Some(listen(address).await?).unzip(),
            None => (None, None),
        };
        Ok(Self {
            link,
            link_addr,
            page,
            page_addr,
            metrics,
            metrics_addr,
        })
    }
}

async fn listen(address: SocketAddr) -> Result<(TcpListener, SocketAddr), RunError> {
    let failed = |source| RunError::Listen { address, source };
    let listener = TcpListener::bind(address).await.map_err(failed)?;
    let bound = listener.local_addr().map_err(failed)?;
    Ok((listener, bound))
}

/// Ends when the hub stops.
async fn stopped(mut stopping: watch::Receiver<bool>) {
    drop(stopping.wait_for(|stop| *stop).await);
}

async fn tell_news(
    store: Arc<SqlStore>,
    news: watch::Sender<u64>,
    stopping: watch::Receiver<bool>,
) {
    use crate::store::ingest::IngestStore as _;
    loop {
        let asked = store.clone();
        let newest = tokio::task::spawn_blocking(move || asked.newest_warning()).await;
        if let Ok(Ok(newest)) = newest {
            news.send_if_modified(|known| std::mem::replace(known, newest) != newest);
        }
        tokio::select! {
            () = stopped(stopping.clone()) => return,
            () = tokio::time::sleep(NEWS_EVERY) => {}
        }
    }
}

async fn keep_watch(
    store: Arc<SqlStore>,
    clock: Clock,
    settings: crate::watch::Settings,
    stopping: watch::Receiver<bool>,
) {
    let watched = crate::watch::run_job(store, clock, settings, stopped(stopping));
    if watched.await.is_err() {
        tracing::error!(reason = "words", "the watch cannot run");
    }
}

/// What the hub shows collectors, and whom it lets in.
fn link_tls(
    authority: &Authority,
    names: &[String],
    clock: &Clock,
) -> Result<Arc<ServerConfig>, RunError> {
    let (chain, key) = authority.issue_server(names, clock.now())?;
    let identity = ServerIdentity::new(chain, key)?;
    Ok(tls::server(identity, authority.trusted(), clock.clone())?)
}

/// Makes the hub's own certificate anew before a third of its life is gone, when the clock was set to
/// before it, and when somebody has changed the authority.
async fn keep_certificate(
    authority: Arc<Authority>,
    tls: watch::Sender<Arc<ServerConfig>>,
    names: Vec<String>,
    clock: Clock,
    (again, stopping): (Arc<Notify>, watch::Receiver<bool>),
) {
    let mut made = clock.now();
    let pause = clock.real(LOOK_EVERY).max(LEAST_PAUSE);
    loop {
        tokio::select! {
            () = stopped(stopping.clone()) => return,
            () = again.notified() => {}
            () = tokio::time::sleep(pause) => {}
        }
        let looked_at = authority.clone();
        let changed = match tokio::task::spawn_blocking(move || looked_at.reload()).await {
            Ok(Ok(changed)) => changed,
            // Between two renames of a change; if it stays so, the next start will say it.
            Ok(Err(_)) | Err(_) => {
                tracing::warn!(reason = "authority", "the authority's files cannot be used");
                false
            }
        };
        let now = clock.now();
        let age_seconds = now.as_seconds() - made.as_seconds();
        if !changed && (0..SERVER_SECONDS / 3).contains(&age_seconds) {
            continue;
        }
        match link_tls(&authority, &names, &clock) {
            Ok(next) => {
                tls.send_replace(next);
                made = now;
                tracing::info!(changed, "the hub's certificate was renewed");
            }
            Err(_) => tracing::error!(
                reason = "certificate",
                "the hub's certificate was not renewed"
            ),
        }
    }
}

/// What `/ready` asks.
struct Asked {
    store: Arc<SqlStore>,
    folder: std::path::PathBuf,
    clock: Clock,
}

impl Asked {
    fn of(hub: &RunningHub, config: &HubConfig, clock: &Clock) -> Self {
        Self {
            store: hub.store.clone(),
            folder: config.state_dir.clone(),
            clock: clock.clone(),
        }
    }
}

fn metrics_router(registry: Registry, asked: Asked) -> Router {
    Router::new()
        .route("/metrics", get(show_metrics))
        .with_state(Arc::new(registry))
        .merge(
            Router::new()
                .route("/ready", get(show_ready))
                .with_state(Arc::new(asked)),
        )
}

async fn show_ready(State(asked): State<Arc<Asked>>) -> impl IntoResponse {
    let found = tokio::task::spawn_blocking(move || {
        ready::ask(&*asked.store, &asked.folder, asked.clock.now())
    });
    let Ok(found) = found.await else {
        return StatusCode::INTERNAL_SERVER_ERROR.into_response();
    };
    let status = if found.ready {
        StatusCode::OK
    } else {
        StatusCode::SERVICE_UNAVAILABLE
    };
    let text = serde_json::to_string(&found).unwrap_or_default();
    (status, [(CONTENT_TYPE, "application/json")], text).into_response()
}

async fn show_metrics(State(registry): State<Arc<Registry>>) -> impl IntoResponse {
    let mut text = String::new();
    let kind = "application/openmetrics-text; version=1.0.0; charset=utf-8";
    match prometheus_client::encoding::text::encode(&mut text, &registry) {
        Ok(()) => ([(CONTENT_TYPE, kind)], text).into_response(),
        Err(_) => axum::http::StatusCode::INTERNAL_SERVER_ERROR.into_response(),
    }
}
