//! Passkeys: one's own, adding one, taking one away.

use axum::http::StatusCode;
use maud::{Markup, html};

use crate::access::Standing;
use crate::id::ProofId;
use crate::people::passkey::{Made, PasskeyRefusal};
use crate::people::{self, MAX_NAME_CHARS, ProofKind, sign_in};
use crate::store::StoreError;
use crate::web::answer::{Answer, Problem};
use crate::web::format::time;
use crate::web::parts::{self, Tone, tag};
use crate::web::session;
use crate::web::visit::Visit;

/// The part of the account's page.
pub(super) fn list(visit: &Visit<'_>) -> Result<Markup, Problem> {
    let rows = visit.store().passkeys(visit.viewer()?.person)?;
    let heading = visit.say("hub-passkeys");
    let words = &*visit.state.words;
    let head = ["hub-name", "hub-added", "hub-last-used", "hub-change"].map(|id| visit.say(id));
    let cells: Vec<Vec<Markup>> = rows
        .iter()
        .map(|row| {
            let name = [("name", row.name.as_str().into())];
            vec![
                html! { (row.name) @if row.synced { " " (tag(Tone::Quiet, &visit.say("hub-passkey-synced"))) } },
                time(words, row.created),
                html! { @if let Some(used) = row.last_used { (time(words, used)) } @else { (visit.say("hub-never")) } },
                html! {
                    form method="post" action={ "/account/passkeys/" (row.id) "/remove" } {
                        button.second type="submit" aria-label=(visit.say_with("hub-passkey-remove-which", &name)) { (visit.say("hub-passkey-remove")) }
                    }
                },
            ]
        })
        .collect();
    Ok(html! {
        section aria-labelledby="passkeys" {
            h2 #passkeys { (heading) }
            p { (visit.say("hub-passkey-what")) }
            @if cells.is_empty() { p.empty { (visit.say("hub-passkeys-none")) } }
            @else { (parts::cards(&heading, &head, &cells)) }
            @if visit.state.site().is_some() {
                p.switch { a href="/account/passkeys/add" { (visit.say("hub-passkey-add")) } }
            } @else {
                p.hint { (visit.say("hub-passkey-no-site")) }
            }
        }
    })
}

/// Asks for a new passkey.
pub(in crate::web) fn ask(visit: &mut Visit<'_>) -> Result<Answer, Problem> {
    let heading = visit.say("hub-passkey-add");
    let form = form(visit)?;
    Ok(visit.passkey_page(
        &heading,
        &html! {
            (parts::back("/account", &visit.say("hub-nav-account")))
            div.narrow {
                h1 { (heading) }
                p.lead { (visit.say("hub-passkey-what")) }
                (form)
            }
        },
    ))
}

/// The form that makes a passkey; a sentence where the site has none.
pub(in crate::web::pages) fn form(visit: &Visit<'_>) -> Result<Markup, Problem> {
    let Some(site) = visit.state.site() else {
        return Ok(html! { p { (visit.say("hub-passkey-no-site")) } });
    };
    let viewer = visit.viewer()?;
    let store = visit.store();
    let challenge = sign_in::challenge_to_make(store, viewer.person, visit.people_now)?;
    let account = store.person(viewer.person)?.email;
    let known = store.credentials(viewer.person)?.join(" ");
    let name = match visit.agent.is_empty() {
        true => visit.say("hub-passkey-first-name"),
        false => visit.agent.clone(),
    };
    Ok(html! {
        form.stack method="post" action="/account/passkeys" data-passkey="make"
            data-challenge=(challenge) data-site=(site.host()) data-account=(account)
            data-handle=(sign_in::handle(viewer.person)) data-known=(known) {
            @for field in ["credential", "client_data", "authenticator_data", "public_key", "algorithm"] {
                input type="hidden" name=(field);
            }
            div.field hidden data-script {
                label for="name" { (visit.say("hub-passkey-name")) }
                p.hint { (visit.say("hub-passkey-name-hint")) }
                (parts::input("name", "text", &name, "off"))
            }
            button type="submit" hidden data-script { (visit.say("hub-passkey-make")) }
            (said(visit))
        }
    })
}

/// The sentences that the script shows one of, and the one for browsers without scripts.
pub(in crate::web::pages) fn said(visit: &Visit<'_>) -> Markup {
    html! {
        div role="status" {
            @for what in ["waiting", "cancelled", "known", "failed", "unable"] {
                p hidden data-say=(what) { (visit.say(&format!("hub-passkey-said-{what}"))) }
            }
        }
        noscript { p.empty { (visit.say("hub-passkey-no-script")) } }
    }
}

/// Keeps the passkey that was made. Whoever had none until now is signed in wholly by it.
pub(in crate::web) fn add(visit: &mut Visit<'_>) -> Result<Answer, Problem> {
    let viewer = visit.viewer()?;
    let Some(site) = visit.state.site() else {
        return Err(Problem::NotFound);
    };
    let name: String = visit
        .field("name")
        .chars()
        .filter(|c| !c.is_control())
        .take(MAX_NAME_CHARS)
        .collect();
    let name = match name.is_empty() {
        true => visit.say("hub-passkey-first-name"),
        false => name,
    };
    let made = Made {
        credential: visit.field("credential"),
        client_data: visit.field("client_data"),
        authenticator_data: visit.field("authenticator_data"),
        public_key: visit.field("public_key"),
        algorithm: visit.field("algorithm").parse().unwrap_or(0),
    };
    let now = visit.people_now;
    if let Err(refusal) = sign_in::keep_passkey(visit.store(), &site, viewer, &name, made, now)? {
        return Ok(refused(visit, refusal, "/account/passkeys/add"));
    }
    tracing::info!(role = %viewer.role, "a passkey was added");
    first_proof(visit, ProofKind::Passkey, "/account")
}

/// Somebody has just got, and shown, something of their own. If it is their first, their session
/// rests on it from now on, under a new secret.
pub(in crate::web::pages) fn first_proof(
    visit: &Visit<'_>,
    proof: ProofKind,
    then: &str,
) -> Result<Answer, Problem> {
    let (Standing::New, Some(token)) = (visit.viewer()?.standing, visit.token) else {
        return Ok(Answer::go(then));
    };
    let (fresh, session) = people::new_session(proof, &visit.agent, visit.people_now)?;
    visit
        .store()
        .replace_session(&people::secret_hash(token), &session, visit.people_now)?;
    Ok(Answer::go(then).with_cookie(session::begin(&fresh, visit.state.secure())))
}

/// Says why a passkey proves nothing, and what to do.
pub(in crate::web::pages) fn refused(
    visit: &Visit<'_>,
    refusal: PasskeyRefusal,
    back: &str,
) -> Answer {
    tracing::info!(reason = refusal.as_str(), "a passkey was refused");
    let heading = visit.say("hub-passkey-refused");
    let main = html! {
        div.narrow {
            h1 { (heading) }
            p.lead { (visit.say(&format!("hub-passkey-{}", refusal.as_str()))) }
            p { a href=(back) { (visit.say("hub-try-again")) } }
        }
    };
    visit
        .page(&heading, &main)
        .with_status(StatusCode::FORBIDDEN)
}

/// Takes one away.
pub(in crate::web) fn remove(visit: &mut Visit<'_>) -> Result<Answer, Problem> {
    let id = visit
        .params
        .get("id")
        .and_then(|text| ProofId::parse(text))
        .ok_or(Problem::NotFound)?;
    let person = visit.viewer()?.person;
    let removed = visit
        .store()
        .remove_passkey(&visit.actor()?, person, id, visit.people_now);
    match removed {
        Ok(()) => Ok(Answer::go("/account")),
        Err(StoreError::Conflict(_)) => Ok(last_one(visit)),
        Err(error) => Err(error.into()),
    }
}

/// The last thing somebody can sign in with stays.
pub(in crate::web::pages) fn last_one(visit: &Visit<'_>) -> Answer {
    let heading = visit.say("hub-last-proof");
    let main = html! {
        div.narrow {
            h1 { (heading) }
            p.lead { (visit.say("hub-last-proof-do")) }
            p { a href="/account" { (visit.say("hub-nav-account")) } }
        }
    };
    visit
        .page(&heading, &main)
        .with_status(StatusCode::UNPROCESSABLE_ENTITY)
}
