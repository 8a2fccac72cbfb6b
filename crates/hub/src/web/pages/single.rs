//! Single sign-on: leaving for a provider, coming back, connecting one's account there.

use std::sync::Arc;

use axum::http::StatusCode;
use data_encoding::BASE64URL_NOPAD;
use maud::{Markup, html};

use super::account::passkeys::{first_proof, last_one};
use super::sign_in::{arrive, own_path};
use crate::access::{self, Action};
use crate::people::oidc::{Arrived, Back, Errand, OidcRefusal, Provider};
use crate::people::{self, ProofKind, sign_in};
use crate::store::StoreError;
use crate::store::audit::Actor;
use crate::web::answer::{Answer, Problem};
use crate::web::format::time;
use crate::web::session;
use crate::web::visit::Visit;

/// Leaves to sign in, or to prove oneself again.
pub(in crate::web) fn leave(visit: &mut Visit<'_>) -> Result<Answer, Problem> {
    let next = own_path(visit.asked("next")).to_owned();
    send(visit, Errand::SignIn, &next)
}

/// Leaves to connect one's account there.
pub(in crate::web) fn connect(visit: &mut Visit<'_>) -> Result<Answer, Problem> {
    let person = visit.viewer()?.person;
    send(visit, Errand::Connect(person), "/account")
}

fn send(visit: &Visit<'_>, errand: Errand, next: &str) -> Result<Answer, Problem> {
    let provider = named(visit)?;
    let key = sign_in::key(visit.store())?;
    let (url, now) = (&visit.state.page_url, visit.people_now);
    let runtime = runtime()?;
    match runtime.block_on(provider.leave(&key, errand, url, now))? {
        Ok(leaving) => {
            let kept = format!(
                "{}.{}",
                leaving.cookie,
                BASE64URL_NOPAD.encode(next.as_bytes())
            );
            Ok(
                Answer::go(leaving.location)
                    .with_cookie(session::away(&kept, visit.state.secure())),
            )
        }
        Err(refusal) => Ok(refused(visit, &provider, refusal)),
    }
}

/// Came back.
pub(in crate::web) fn back(visit: &mut Visit<'_>) -> Result<Answer, Problem> {
    let provider = named(visit)?;
    let away = visit.away.clone().unwrap_or_default();
    let (cookie, next) = away.split_once('.').unwrap_or_default();
    let next = BASE64URL_NOPAD.decode(next.as_bytes()).unwrap_or_default();
    let next = String::from_utf8(next).unwrap_or_default();
    // Whoever left to connect an account comes back for that and for nothing else: the challenge
    // says which it was.
    if let Some(viewer) = visit.viewer {
        let errand = Errand::Connect(viewer.person);
        match identify(visit, &provider, errand, cookie)? {
            Ok(arrived) => return connected(visit, &provider, &arrived),
            Err(OidcRefusal::State) => {}
            Err(refusal) => return Ok(refused(visit, &provider, refusal)),
        }
    }
    let arrived = match identify(visit, &provider, Errand::SignIn, cookie)? {
        Ok(arrived) => arrived,
        Err(refusal) => return Ok(refused(visit, &provider, refusal)),
    };
    let (token, session) =
        people::new_session(ProofKind::Provider, &visit.agent, visit.people_now)?;
    visit.store().forget_ended(visit.people_now)?;
    let begun = visit
        .store()
        .begin_with_identity(&arrived, &session, visit.people_now)?;
    match begun {
        Ok(viewer) => arrive(visit, &token, &viewer, own_path(&next)),
        Err(refusal) => Ok(refused(visit, &provider, refusal)),
    }
}

fn identify(
    visit: &Visit<'_>,
    provider: &Provider,
    errand: Errand,
    cookie: &str,
) -> Result<Result<Arrived, OidcRefusal>, Problem> {
    let key = sign_in::key(visit.store())?;
    let back = Back {
        code: visit.asked("code"),
        state: visit.asked("state"),
        iss: visit.asked("iss"),
        error: visit.asked("error"),
    };
    let (url, now) = (&visit.state.page_url, visit.people_now);
    Ok(runtime()?.block_on(provider.arrive(&key, errand, cookie, back, url, now)))
}

fn connected(visit: &Visit<'_>, provider: &Provider, arrived: &Arrived) -> Result<Answer, Problem> {
    // They were allowed to when they left; are they still?
    access::enter(visit.viewer, Action::AccountAct)?;
    let viewer = visit.viewer()?;
    let added =
        visit
            .store()
            .add_identity(&Actor::of(viewer), viewer.person, arrived, visit.people_now)?;
    match added {
        Ok(()) => {
            tracing::info!(role = %viewer.role, "an account elsewhere was connected");
            first_proof(visit, ProofKind::Provider, "/account")
        }
        Err(refusal) => Ok(refused(visit, provider, refusal)),
    }
}

/// Takes the connection away.
pub(in crate::web) fn remove(visit: &mut Visit<'_>) -> Result<Answer, Problem> {
    let provider = named(visit)?;
    let person = visit.viewer()?.person;
    let issuer = &provider.settings().issuer;
    match visit
        .store()
        .remove_identity(&visit.actor()?, person, issuer, visit.people_now)
    {
        Ok(()) => Ok(Answer::go("/account")),
        Err(StoreError::Conflict(_)) => Ok(last_one(visit)),
        Err(error) => Err(error.into()),
    }
}

/// Ways to sign in by a provider, for whoever is not signed in or has to prove themselves again.
pub(super) fn ways(visit: &Visit<'_>, next: &str) -> Markup {
    html! {
        @for provider in &visit.state.providers {
            @let name = &provider.settings().name;
            @let label = provider.settings().label.as_str();
            p.switch {
                a href={ "/sign-in/with/" (name) "?next=" (next) } {
                    (visit.say_with("hub-oidc-sign-in", &[("provider", label.into())]))
                }
            }
        }
    }
}

/// As [`ways`], to connect an account as one's first proof.
pub(super) fn ways_to_connect(visit: &Visit<'_>) -> Markup {
    html! {
        @for provider in &visit.state.providers {
            @let label = provider.settings().label.as_str();
            p.switch {
                a href={ "/account/single/" (provider.settings().name) } {
                    (visit.say_with("hub-oidc-connect", &[("provider", label.into())]))
                }
            }
        }
    }
}

/// The part of the account's page; nothing on a hub without providers.
pub(super) fn show(visit: &Visit<'_>) -> Result<Markup, Problem> {
    if visit.state.providers.is_empty() {
        return Ok(html! {});
    }
    let mine = visit.store().identities(visit.viewer()?.person)?;
    let words = &*visit.state.words;
    Ok(html! {
        section aria-labelledby="single" {
            h2 #single { (visit.say("hub-oidc")) }
            p { (visit.say("hub-oidc-what")) }
            @for provider in &visit.state.providers {
                @let settings = provider.settings();
                @let label = [("provider", settings.label.as_str().into())];
                @match mine.iter().find(|one| one.issuer == settings.issuer) {
                    Some(one) => {
                        p { (visit.say_with("hub-oidc-since", &label)) " " (time(words, one.created)) }
                        form method="post" action={ "/account/single/" (settings.name) "/remove" } {
                            button.second type="submit" { (visit.say_with("hub-oidc-remove", &label)) }
                        }
                    }
                    None => p.switch {
                        a href={ "/account/single/" (settings.name) } { (visit.say_with("hub-oidc-connect", &label)) }
                    }
                }
            }
        }
    })
}

/// Where somebody who has just signed out here may sign out too.
pub(super) fn places_to_sign_out(visit: &Visit<'_>) -> Result<Vec<(String, String)>, Problem> {
    let (Some(viewer), false) = (visit.viewer, visit.state.providers.is_empty()) else {
        return Ok(Vec::new());
    };
    let mine = visit.store().identities(viewer.person)?;
    let runtime = runtime()?;
    let url = &visit.state.page_url;
    let places = visit
        .state
        .providers
        .iter()
        .filter(|provider| {
            mine.iter()
                .any(|one| one.issuer == provider.settings().issuer)
        })
        .filter_map(|provider| {
            let place = runtime.block_on(provider.sign_out_url(url, visit.people_now))?;
            Some((provider.settings().label.clone(), place))
        })
        .collect();
    Ok(places)
}

fn named(visit: &Visit<'_>) -> Result<Arc<Provider>, Problem> {
    let name = visit.params.get("provider").ok_or(Problem::NotFound)?;
    visit
        .state
        .providers
        .iter()
        .find(|provider| provider.settings().name == *name)
        .cloned()
        .ok_or(Problem::NotFound)
}

/// Pages run on threads that may block, and asking a provider takes its time.
fn runtime() -> Result<tokio::runtime::Handle, Problem> {
    tokio::runtime::Handle::try_current().map_err(|error| Problem::Failed(error.to_string()))
}

fn refused(visit: &Visit<'_>, provider: &Provider, refusal: OidcRefusal) -> Answer {
    tracing::info!(
        reason = refusal.as_str(),
        provider = provider.settings().name,
        "a single sign-on was refused"
    );
    let heading = visit.say("hub-oidc-refused");
    let label = [("provider", provider.settings().label.as_str().into())];
    let main = html! {
        div.narrow {
            h1 { (heading) }
            p.lead { (visit.say_with(&format!("hub-oidc-{}", refusal.as_str()), &label)) }
            p { a href="/sign-in" { (visit.say("hub-problem-sign-in")) } }
        }
    };
    visit
        .page(&heading, &main)
        .with_status(StatusCode::FORBIDDEN)
}
