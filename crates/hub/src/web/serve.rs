//! The one way to a page: who is it, is the form ours, what does the matrix say; then the page.

use std::collections::BTreeMap;
use std::sync::Arc;

use axum::body::{Body, to_bytes};
use axum::extract::{FromRequestParts as _, Query, RawPathParams, Request, State};
use axum::http::request::Parts;
use axum::http::{HeaderName, Response};

use super::answer::{Answer, Problem};
use super::routes::{Method, Route};
use super::visit::Visit;
use super::{WebState, agent, layout, network, pages, session};
use crate::access::{self, Denied, Opener, Standing, Viewer};
use crate::people;

/// Largest form, in bytes.
const MAX_FORM_BYTES: usize = 16 * 1_024;
/// Most fields of a form or a query.
const MAX_FIELDS: usize = 32;
/// The page's own refreshing of its live parts says so, because it is not use by a person and must
/// not keep a session alive.
const LIVE: HeaderName = HeaderName::from_static("x-larum-live");

type Fields = BTreeMap<String, String>;

/// What was asked, ready to be handed to another thread.
struct Asked {
    parts: Parts,
    params: Fields,
    query: Fields,
    form: Result<Fields, Problem>,
}

/// Answers `request`, which the router found to be for `route`.
pub(super) async fn serve(
    route: &'static Route,
    state: Arc<WebState>,
    request: Request,
) -> Response<Body> {
    let asked = read(route, request).await;
    let secure = state.secure();
    let work = tokio::task::spawn_blocking(move || answer(route, &state, asked));
    match work.await {
        Ok(answer) => answer.into_response(secure),
        Err(error) => {
            tracing::error!(
                panicked = error.is_panic(),
                path = route.path,
                "a page failed"
            );
            let answer = Answer::of("text/plain; charset=utf-8", "500\n".to_owned());
            let status = Problem::Failed(String::new()).status();
            answer.with_status(status).into_response(secure)
        }
    }
}

/// Answers an address that no page has.
pub(super) async fn not_found(
    State(state): State<Arc<WebState>>,
    request: Request,
) -> Response<Body> {
    refuse(state, request, Problem::NotFound).await
}

/// Answers an address asked for with a method that it does not take.
pub(super) async fn wrong_method(
    State(state): State<Arc<WebState>>,
    request: Request,
) -> Response<Body> {
    refuse(state, request, Problem::WrongMethod).await
}

async fn refuse(state: Arc<WebState>, request: Request, problem: Problem) -> Response<Body> {
    let path = request.uri().path().to_owned();
    let secure = state.secure();
    let work = tokio::task::spawn_blocking(move || layout::problem(&state, None, &path, &problem));
    match work.await {
        Ok(answer) => answer.into_response(secure),
        Err(_) => Answer::of("text/plain; charset=utf-8", "500\n".to_owned()).into_response(secure),
    }
}

async fn read(route: &Route, request: Request) -> Asked {
    let (mut parts, body) = request.into_parts();
    let params = match RawPathParams::from_request_parts(&mut parts, &()).await {
        Ok(found) => found
            .iter()
            .map(|(name, value)| (name.to_owned(), value.to_owned()))
            .collect(),
        Err(_) => Fields::new(),
    };
    let query = Query::<Vec<(String, String)>>::try_from_uri(&parts.uri)
        .map(|Query(pairs)| pairs.into_iter().take(MAX_FIELDS).collect())
        .unwrap_or_default();
    let form = match route.method {
        Method::Get => Ok(Fields::new()),
        Method::Post => read_form(body).await,
    };
    Asked {
        parts,
        params,
        query,
        form,
    }
}

async fn read_form(body: Body) -> Result<Fields, Problem> {
    let bytes = to_bytes(body, MAX_FORM_BYTES)
        .await
        .map_err(|_| Problem::UnreadableForm)?;
    // A form has the syntax of a query; the URI is only a way to the parser.
    let text = std::str::from_utf8(&bytes).map_err(|_| Problem::UnreadableForm)?;
    let uri: axum::http::Uri = format!("/?{text}")
        .parse()
        .map_err(|_| Problem::UnreadableForm)?;
    let Query(pairs) =
        Query::<Vec<(String, String)>>::try_from_uri(&uri).map_err(|_| Problem::UnreadableForm)?;
    if pairs.len() > MAX_FIELDS {
        return Err(Problem::UnreadableForm);
    }
    Ok(pairs.into_iter().collect())
}

fn answer(route: &Route, state: &WebState, asked: Asked) -> Answer {
    let Asked {
        parts,
        params,
        query,
        form,
    } = asked;
    let path = parts.uri.path().to_owned();
    let token = session::token(&parts.headers, state.secure());
    let live = parts.headers.contains_key(LIVE);
    let people_now = state.people_clock.now();
    let viewer = match token.map(|token| people::session(&*state.store, token, !live, people_now)) {
        None => None,
        Some(Ok(viewer)) => viewer.map(|viewer| as_trusted(state, viewer)),
        Some(Err(error)) => return layout::problem(state, None, &path, &error.into()),
    };
    let result = (|| {
        if route.method == Method::Post && !session::same_site(&parts.headers, &state.page_url) {
            return Err(Problem::CrossSite);
        }
        let scope = access::enter(viewer.as_ref(), route.action)?;
        let now = state.clock.now();
        let opener = viewer
            .as_ref()
            .map(|viewer| Opener::new(&*state.store, viewer, route.action, path.clone(), now));
        let mut visit = Visit {
            state,
            viewer: viewer.as_ref(),
            token,
            away: session::kept(&parts.headers, state.secure()).map(str::to_owned),
            scope,
            opener,
            now,
            people_now,
            agent: agent::of(&parts.headers),
            network: network::of(&parts),
            path: path.clone(),
            params,
            query,
            form: form?,
        };
        (route.page)(&mut visit)
    })();
    match result {
        Ok(answer) => answer,
        Err(Problem::Denied(Denied::NotSignedIn)) if route.method == Method::Get && !live => {
            Answer::go("/sign-in")
        }
        Err(Problem::Denied(Denied::HalfSignedIn)) if !live => Answer::go("/sign-in/next"),
        Err(Problem::Denied(Denied::NotFresh)) if !live => {
            Answer::go(pages::sign_in::again_address(&path))
        }
        Err(problem) => {
            tracing::info!(
                reason = problem.as_str(),
                path = route.path,
                "a page was refused"
            );
            layout::problem(state, viewer.as_ref(), &path, &problem)
        }
    }
}

/// Where links are enough, whoever has a session counts as proved.
fn as_trusted(state: &WebState, mut viewer: Viewer) -> Viewer {
    if state.links_suffice {
        viewer.standing = Standing::Fresh;
    }
    viewer
}
