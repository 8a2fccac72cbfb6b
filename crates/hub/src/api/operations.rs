//! The operations. Each names the action of the access matrix it needs twice: for [`serve`], which
//! enforces it, and as `x-larum-action` for the document; a test holds the two together.

use std::sync::Arc;

use axum::body::Body;
use axum::extract::{Request, State};
use axum::http::header::CONTENT_TYPE;
use axum::http::{HeaderValue, Response};
use utoipa_axum::router::OpenApiRouter;
use utoipa_axum::routes;

use super::ApiState;
use super::call::{Call, dressed, serve};
use super::problem::{Code, Problem, Problems, Told};
use super::query::{
    NamePaging, NumberPaging, SightingPaging, Span, ThreatChoice, after_named, after_sighting,
};
use super::shapes::{
    Acknowledgement, Card, Collectors, Exploited, InstalledPage, Key, MemberPage, ReadPage,
    SightingPage, Source, Summary, ThreatDetail, ThreatPage, Warning, WarningPage,
};
use crate::access::Action;
use crate::id::MemberId;
use crate::store::pages::{MIN_SHOWN, Spread, ThreatCursor, ThreatFilter, ThreatSource};
use crate::store::people::Wanted;

const HOUR_SECONDS: i64 = 3_600;
const DAY_SECONDS: i64 = 86_400;

type Api = State<Arc<ApiState>>;

/// Every operation.
pub(super) fn all() -> OpenApiRouter<Arc<ApiState>> {
    OpenApiRouter::new()
        .routes(routes!(document))
        .routes(routes!(problems))
        .routes(routes!(key))
        .routes(routes!(own_summary))
        .routes(routes!(own_sightings))
        .routes(routes!(own_collectors))
        .routes(routes!(own_warnings))
        .routes(routes!(own_warning))
        .routes(routes!(acknowledge))
        .routes(routes!(own_reads))
        .routes(routes!(threats))
        .routes(routes!(threat))
        .routes(routes!(members))
        .routes(routes!(member))
        .routes(routes!(member_summary))
        .routes(routes!(member_sightings))
        .routes(routes!(member_collectors))
        .routes(routes!(member_warnings))
        .routes(routes!(collectors))
}

/// This document.
#[utoipa::path(get, path = "/openapi.json", operation_id = "document", tag = "key",
    responses((status = 200, description = "The document", body = serde_json::Value)),
    security(()), extensions(("x-larum-action" = json!("public"))))]
async fn document(State(api): Api) -> Response<Body> {
    plain(
        &api,
        "/openapi.json",
        serde_json::to_string(&super::document()),
    )
}

/// What can go wrong, and what to do then.
#[utoipa::path(get, path = "/problems", operation_id = "problems", tag = "key",
    responses((status = 200, description = "One example of each problem", body = Vec<Told>)),
    security(()), extensions(("x-larum-action" = json!("public"))))]
async fn problems(State(api): Api) -> Response<Body> {
    let all = Code::ALL.map(|code| Told::of(&code.into(), &api.words));
    plain(&api, "/problems", serde_json::to_string(&all))
}

/// The same for everybody.
fn plain(api: &ApiState, operation: &str, body: serde_json::Result<String>) -> Response<Body> {
    let answer = match body {
        Ok(body) => {
            let mut answer = Response::new(Body::from(body));
            let kind = HeaderValue::from_static("application/json");
            answer.headers_mut().insert(CONTENT_TYPE, kind);
            answer
        }
        Err(_) => Problem::from(Code::Failed).answer(&api.words),
    };
    let operation = format!("{}{operation}", super::PREFIX);
    api.metrics.answered(&operation, answer.status().as_u16());
    dressed(answer, api.secure())
}

/// The key this is asked with, and what its owner is.
#[utoipa::path(get, path = "/key", operation_id = "key", tag = "key",
    responses((status = 200, description = "The key", body = Key,
            headers(("ETag" = String, description = "Tag of this answer, for If-None-Match"))),
        (status = 304, description = "As the caller has it already"), Problems),
    security(("key" = [])), extensions(("x-larum-action" = json!("session"))))]
async fn key(State(api): Api, request: Request) -> Response<Body> {
    serve(api, Action::Session, request, |call| {
        call.asked(&[])?;
        let member = call.viewer.member.map(|member| member.to_string());
        Ok(Key::of(call.key, call.viewer.role.as_str(), member))
    })
    .await
}

/// What was seen at one's own firm, in sums.
#[utoipa::path(get, path = "/own/summary", operation_id = "ownSummary", tag = "own",
    params(Span),
    responses((status = 200, description = "Sums", body = Summary,
            headers(("ETag" = String, description = "Tag of this answer, for If-None-Match"))),
        (status = 304, description = "As the caller has it already"), Problems),
    security(("key" = [])), extensions(("x-larum-action" = json!("own-read"))))]
async fn own_summary(State(api): Api, request: Request) -> Response<Body> {
    serve(api, Action::OwnRead, request, |call| {
        let member = call.own()?;
        summary(call, member)
    })
    .await
}

/// What left one's own firm: every sighting as the hub keeps it.
#[utoipa::path(get, path = "/own/sightings", operation_id = "ownSightings", tag = "own",
    params(SightingPaging),
    responses((status = 200, description = "Sightings, newest first", body = SightingPage,
            headers(("ETag" = String, description = "Tag of this answer, for If-None-Match"))),
        (status = 304, description = "As the caller has it already"), Problems),
    security(("key" = [])), extensions(("x-larum-action" = json!("own-read"))))]
async fn own_sightings(State(api): Api, request: Request) -> Response<Body> {
    serve(api, Action::OwnRead, request, |call| {
        let member = call.own()?;
        sightings(call, member)
    })
    .await
}

/// One's own collectors, and how they are.
#[utoipa::path(get, path = "/own/collectors", operation_id = "ownCollectors", tag = "own",
    responses((status = 200, description = "Collectors", body = Collectors,
            headers(("ETag" = String, description = "Tag of this answer, for If-None-Match"))),
        (status = 304, description = "As the caller has it already"), Problems),
    security(("key" = [])), extensions(("x-larum-action" = json!("own-read"))))]
async fn own_collectors(State(api): Api, request: Request) -> Response<Body> {
    serve(api, Action::OwnRead, request, |call| {
        let member = call.own()?;
        health(call, member)
    })
    .await
}

/// Warnings to one's own firm.
#[utoipa::path(get, path = "/own/warnings", operation_id = "ownWarnings", tag = "own",
    params(NumberPaging),
    responses((status = 200, description = "Warnings, newest first", body = WarningPage,
            headers(("ETag" = String, description = "Tag of this answer, for If-None-Match"))),
        (status = 304, description = "As the caller has it already"), Problems),
    security(("key" = [])), extensions(("x-larum-action" = json!("own-read"))))]
async fn own_warnings(State(api): Api, request: Request) -> Response<Body> {
    serve(api, Action::OwnRead, request, |call| {
        let member = call.own()?;
        warnings(call, member)
    })
    .await
}

/// One warning to one's own firm.
#[utoipa::path(get, path = "/own/warnings/{id}", operation_id = "ownWarning", tag = "own",
    params(("id" = u64, Path, description = "Number", minimum = 0, maximum = 9223372036854775807_i64)),
    responses((status = 200, description = "The warning", body = Warning,
            headers(("ETag" = String, description = "Tag of this answer, for If-None-Match"))),
        (status = 304, description = "As the caller has it already"), Problems),
    security(("key" = [])), extensions(("x-larum-action" = json!("own-read"))))]
async fn own_warning(State(api): Api, request: Request) -> Response<Body> {
    serve(api, Action::OwnRead, request, |call| {
        call.asked(&[])?;
        let (member, id) = (call.own()?, call.number()?);
        let before = id.checked_add(1).ok_or(Problem::from(Code::NotFound))?;
        let sealed = call
            .store()
            .warnings_before(&call.scope, member, Some(before), 1)?;
        let found = call.open(sealed)?.pop();
        found
            .filter(|(row, _)| row.id == id)
            .and_then(|(row, word)| Warning::of(row, word))
            .ok_or(Code::NotFound.into())
    })
    .await
}

/// Says that a warning was read. Doing it twice keeps the first time.
#[utoipa::path(put, path = "/own/warnings/{id}/acknowledgement", operation_id = "acknowledge", tag = "own",
    params(("id" = u64, Path, description = "Number", minimum = 0, maximum = 9223372036854775807_i64)),
    responses((status = 200, description = "The word as it is kept", body = Acknowledgement,
            headers(("ETag" = String, description = "Tag of this answer, for If-None-Match"))),
        (status = 304, description = "As the caller has it already"), Problems),
    security(("key" = [])), extensions(("x-larum-action" = json!("own-act"))))]
async fn acknowledge(State(api): Api, request: Request) -> Response<Body> {
    serve(api, Action::OwnAct, request, |call| {
        call.asked(&[])?;
        let (member, warning) = (call.own()?, call.number()?);
        let word = call
            .store()
            .acknowledge(&call.scope, member, warning, call.viewer, call.now)?;
        Ok(Acknowledgement {
            warning,
            at: word.at.into(),
        })
    })
    .await
}

/// Who outside the firm read its data.
#[utoipa::path(get, path = "/own/reads", operation_id = "ownReads", tag = "own",
    params(NumberPaging),
    responses((status = 200, description = "Reads, newest first", body = ReadPage,
            headers(("ETag" = String, description = "Tag of this answer, for If-None-Match"))),
        (status = 304, description = "As the caller has it already"), Problems),
    security(("key" = [])), extensions(("x-larum-action" = json!("own-read"))))]
async fn own_reads(State(api): Api, request: Request) -> Response<Body> {
    serve(api, Action::OwnRead, request, |call| {
        let asked = call.asked(&["limit", "cursor"])?;
        let limit = asked.limit()?;
        let rows = call
            .store()
            .readers(&call.scope, asked.number_cursor()?, limit)?;
        let next = full(&rows, limit).map(|row| row.id.to_string());
        let items = rows.into_iter().map(Into::into).collect();
        Ok(ReadPage { items, next })
    })
    .await
}

/// What emerges across firms: counts, no names.
#[utoipa::path(get, path = "/threats", operation_id = "threats", tag = "threats",
    params(ThreatChoice),
    responses((status = 200, description = "Threats: emerging, watched, closed; in each the worst and newest first", body = ThreatPage,
            headers(("ETag" = String, description = "Tag of this answer, for If-None-Match"))),
        (status = 304, description = "As the caller has it already"), Problems),
    security(("key" = [])), extensions(("x-larum-action" = json!("threat-list"))))]
async fn threats(State(api): Api, request: Request) -> Response<Body> {
    serve(api, Action::ThreatList, request, |call| {
        let asked = call.asked(&["closed", "limit", "cursor"])?;
        let limit = asked.limit()?;
        let filter = ThreatFilter {
            fewest: MIN_SHOWN,
            closed: asked.closed()?,
            after: asked.threat_cursor()?,
            limit: Some(limit),
            ..ThreatFilter::default()
        };
        let rows = call.store().threat_list(&filter)?;
        let next = full(&rows, limit).map(|row| ThreatCursor::of(row).to_string());
        let items = rows.into_iter().map(Into::into).collect();
        Ok(ThreatPage { items, next })
    })
    .await
}

/// One threat with what it rests on, and the firms this reader may see.
#[utoipa::path(get, path = "/threats/{id}", operation_id = "threat", tag = "threats",
    params(("id" = u64, Path, description = "Number", minimum = 0, maximum = 9223372036854775807_i64)),
    responses((status = 200, description = "The threat", body = ThreatDetail,
            headers(("ETag" = String, description = "Tag of this answer, for If-None-Match"))),
        (status = 304, description = "As the caller has it already"), Problems),
    security(("key" = [])), extensions(("x-larum-action" = json!("threat-read"))))]
async fn threat(State(api): Api, request: Request) -> Response<Body> {
    serve(api, Action::ThreatRead, request, |call| {
        call.asked(&[])?;
        let id = call.number()?;
        let row = call.store().threat(id)?;
        let sources = call
            .store()
            .threat_sources(&row.key, row.first.floor_to(HOUR_SECONDS))?;
        let (areas, sectors) = (
            call.store().threat_areas(id)?,
            call.store().threat_sectors(id)?,
        );
        let sealed = call.store().threat_members(&call.scope, id)?;
        let members = call.open(sealed)?;
        let list = call.state.exploited.current();
        let exploited = list.map(|list| {
            let keys = row.keys();
            let keys: Vec<&str> = keys.iter().map(String::as_str).collect();
            Exploited::of(&list, &keys)
        });
        Ok(ThreatDetail {
            exploited,
            threat: row.into(),
            sources: sources_of(call, sources),
            areas: Spread::shown(areas, None)
                .into_iter()
                .map(Into::into)
                .collect(),
            sectors: Spread::shown(sectors, None)
                .into_iter()
                .map(Into::into)
                .collect(),
            members: members.into_iter().map(Into::into).collect(),
        })
    })
    .await
}

/// The firms this reader may see.
#[utoipa::path(get, path = "/members", operation_id = "members", tag = "members",
    params(NamePaging),
    responses((status = 200, description = "Firms by name", body = MemberPage,
            headers(("ETag" = String, description = "Tag of this answer, for If-None-Match"))),
        (status = 304, description = "As the caller has it already"), Problems),
    security(("key" = [])), extensions(("x-larum-action" = json!("member-list"))))]
async fn members(State(api): Api, request: Request) -> Response<Body> {
    serve(api, Action::MemberList, request, |call| {
        let asked = call.asked(&["limit", "cursor"])?;
        let limit = asked.limit_of_names()?;
        let after = asked.member_cursor()?;
        let wanted = Wanted {
            find: "",
            after: after.as_ref().map(|(name, id)| (name.as_str(), *id)),
            limit,
        };
        let sealed = call.store().members(&call.scope, &wanted, call.now)?;
        let rows = call.open(sealed)?;
        let next = full(&rows, limit).map(|row| after_named(&row.card.name, row.card.id));
        let items = rows.into_iter().map(Into::into).collect();
        Ok(MemberPage { items, next })
    })
    .await
}

/// What one firm is: name, area, line of business.
#[utoipa::path(get, path = "/members/{id}", operation_id = "member", tag = "members",
    params(("id" = String, Path, description = "Identity of the firm", pattern = "^[0-9a-f]{32}$")),
    responses((status = 200, description = "The firm", body = Card,
            headers(("ETag" = String, description = "Tag of this answer, for If-None-Match"))),
        (status = 304, description = "As the caller has it already"), Problems),
    security(("key" = [])), extensions(("x-larum-action" = json!("member-read"))))]
async fn member(State(api): Api, request: Request) -> Response<Body> {
    serve(api, Action::MemberRead, request, |call| {
        call.asked(&[])?;
        let sealed = call.store().member(&call.scope, call.member()?)?;
        Ok(Card::from(call.open(sealed)?))
    })
    .await
}

/// What was seen at a firm, in sums.
#[utoipa::path(get, path = "/members/{id}/summary", operation_id = "memberSummary", tag = "members",
    params(("id" = String, Path, description = "Identity of the firm", pattern = "^[0-9a-f]{32}$"), Span),
    responses((status = 200, description = "Sums", body = Summary,
            headers(("ETag" = String, description = "Tag of this answer, for If-None-Match"))),
        (status = 304, description = "As the caller has it already"), Problems),
    security(("key" = [])), extensions(("x-larum-action" = json!("member-read"))))]
async fn member_summary(State(api): Api, request: Request) -> Response<Body> {
    serve(api, Action::MemberRead, request, |call| {
        let member = visible(call)?;
        summary(call, member)
    })
    .await
}

/// A firm's sightings.
#[utoipa::path(get, path = "/members/{id}/sightings", operation_id = "memberSightings", tag = "members",
    params(("id" = String, Path, description = "Identity of the firm", pattern = "^[0-9a-f]{32}$"), SightingPaging),
    responses((status = 200, description = "Sightings, newest first", body = SightingPage,
            headers(("ETag" = String, description = "Tag of this answer, for If-None-Match"))),
        (status = 304, description = "As the caller has it already"), Problems),
    security(("key" = [])), extensions(("x-larum-action" = json!("member-read"))))]
async fn member_sightings(State(api): Api, request: Request) -> Response<Body> {
    serve(api, Action::MemberRead, request, |call| {
        let member = visible(call)?;
        sightings(call, member)
    })
    .await
}

/// A firm's collectors, and how they are.
#[utoipa::path(get, path = "/members/{id}/collectors", operation_id = "memberCollectors", tag = "members",
    params(("id" = String, Path, description = "Identity of the firm", pattern = "^[0-9a-f]{32}$")),
    responses((status = 200, description = "Collectors", body = Collectors,
            headers(("ETag" = String, description = "Tag of this answer, for If-None-Match"))),
        (status = 304, description = "As the caller has it already"), Problems),
    security(("key" = [])), extensions(("x-larum-action" = json!("member-read"))))]
async fn member_collectors(State(api): Api, request: Request) -> Response<Body> {
    serve(api, Action::MemberRead, request, |call| {
        let member = visible(call)?;
        health(call, member)
    })
    .await
}

/// Warnings to a firm.
#[utoipa::path(get, path = "/members/{id}/warnings", operation_id = "memberWarnings", tag = "members",
    params(("id" = String, Path, description = "Identity of the firm", pattern = "^[0-9a-f]{32}$"), NumberPaging),
    responses((status = 200, description = "Warnings, newest first", body = WarningPage,
            headers(("ETag" = String, description = "Tag of this answer, for If-None-Match"))),
        (status = 304, description = "As the caller has it already"), Problems),
    security(("key" = [])), extensions(("x-larum-action" = json!("member-read"))))]
async fn member_warnings(State(api): Api, request: Request) -> Response<Body> {
    serve(api, Action::MemberRead, request, |call| {
        let member = visible(call)?;
        warnings(call, member)
    })
    .await
}

/// All collectors of the hub, and when they were last heard; nothing of what they saw.
#[utoipa::path(get, path = "/collectors", operation_id = "collectors", tag = "hub",
    params(NamePaging),
    responses((status = 200, description = "Collectors by the name of their firm", body = InstalledPage,
            headers(("ETag" = String, description = "Tag of this answer, for If-None-Match"))),
        (status = 304, description = "As the caller has it already"), Problems),
    security(("key" = [])), extensions(("x-larum-action" = json!("admin-read"))))]
async fn collectors(State(api): Api, request: Request) -> Response<Body> {
    serve(api, Action::AdminRead, request, |call| {
        let asked = call.asked(&["limit", "cursor"])?;
        let limit = asked.limit_of_names()?;
        let after = asked.collector_cursor()?;
        let rows = call.store().collector_entries(&Wanted {
            find: "",
            after: after.as_ref().map(|(name, id)| (name.as_str(), *id)),
            limit,
        })?;
        let next = full(&rows, limit).map(|row| after_named(&row.member_name, row.id));
        let items = rows.into_iter().map(Into::into).collect();
        Ok(InstalledPage { items, next })
    })
    .await
}

/// The addresses, each with where it is registered.
fn sources_of(call: &Call<'_>, rows: Vec<ThreatSource>) -> Vec<Source> {
    let addresses = rows.iter().map(|row| row.source.as_str());
    let origins = call.state.origins.look_up(addresses);
    rows.into_iter().zip(origins).map(Source::of).collect()
}

/// The firm in the path, if this reader may see it: else it is as if it were not there.
fn visible(call: &mut Call<'_>) -> Result<MemberId, Problem> {
    let member = call.member()?;
    let sealed = call.store().member(&call.scope, member)?;
    Ok(call.open(sealed)?.id)
}

fn summary(call: &mut Call<'_>, member: MemberId) -> Result<Summary, Problem> {
    let days = i64::from(call.asked(&["days"])?.days()?);
    // To the minute, so that an answer stays the same where nothing happened.
    let to = call.now.floor_to(60);
    let from = to.plus_seconds(-days * DAY_SECONDS);
    let sealed = call.store().activity(&call.scope, member, from, to)?;
    Ok(Summary::of(call.open(sealed)?, from, to))
}

fn sightings(call: &mut Call<'_>, member: MemberId) -> Result<SightingPage, Problem> {
    let asked = call.asked(&["limit", "cursor"])?;
    let (limit, before) = (asked.limit()?, asked.sighting_cursor()?);
    let sealed = call
        .store()
        .sightings(&call.scope, member, before.as_ref(), limit)?;
    let rows = call.open(sealed)?;
    let next = full(&rows, limit).map(|row| after_sighting(row.last, &row.id));
    let items = rows.into_iter().map(Into::into).collect();
    Ok(SightingPage { items, next })
}

fn health(call: &mut Call<'_>, member: MemberId) -> Result<Collectors, Problem> {
    call.asked(&[])?;
    let sealed = call.store().collectors(&call.scope, member)?;
    let items = call.open(sealed)?.into_iter().map(Into::into).collect();
    Ok(Collectors { items })
}

fn warnings(call: &mut Call<'_>, member: MemberId) -> Result<WarningPage, Problem> {
    let asked = call.asked(&["limit", "cursor"])?;
    let (limit, before) = (asked.limit()?, asked.number_cursor()?);
    let sealed = call
        .store()
        .warnings_before(&call.scope, member, before, limit)?;
    let rows = call.open(sealed)?;
    let next = full(&rows, limit).map(|(row, _)| row.id.to_string());
    let items = rows
        .into_iter()
        .filter_map(|(row, word)| Warning::of(row, word))
        .collect();
    Ok(WarningPage { items, next })
}

/// The last row where there may be more.
fn full<T>(rows: &[T], limit: u32) -> Option<&T> {
    let full = u32::try_from(rows.len()).unwrap_or(u32::MAX) >= limit;
    rows.last().filter(|_| full)
}
