//! An app for one-time codes: setting it up, its recovery codes, taking it away.

use axum::http::StatusCode;
use maud::{Markup, html};
use qrcodegen::{QrCode, QrCodeEcc};

use super::passkeys::{first_proof, last_one};
use crate::people::{ProofKind, codes, totp};
use crate::store::StoreError;
use crate::web::answer::{Answer, Problem};
use crate::web::format::{number, time};
use crate::web::parts;
use crate::web::session;
use crate::web::visit::Visit;

/// Blank squares around the picture (ISO/IEC 18004 asks for four).
const QUIET: i32 = 4;

/// The part of the account's page.
pub(super) fn show(visit: &Visit<'_>) -> Result<Markup, Problem> {
    let app = visit.store().code_app(visit.viewer()?.person)?;
    let words = &*visit.state.words;
    Ok(html! {
        section aria-labelledby="codes" {
            h2 #codes { (visit.say("hub-codes")) }
            p { (visit.say("hub-codes-what")) }
            @if let Some(app) = app {
                p {
                    (visit.say("hub-codes-since")) " " (time(words, app.confirmed)) ". "
                    (visit.say_with("hub-recovery-left", &[("count", u64::from(app.recovery_left).into()), ("shown", number(u64::from(app.recovery_left)).into())]))
                }
                form method="post" action="/account/codes/remove" {
                    button.second type="submit" { (visit.say("hub-codes-remove")) }
                }
                p.switch { a href="/account/codes/add" { (visit.say("hub-codes-replace")) } }
            } @else {
                p.switch { a href="/account/codes/add" { (visit.say("hub-codes-add")) } }
            }
        }
    })
}

/// Shows the secret and asks for a first code.
pub(in crate::web) fn ask(visit: &mut Visit<'_>) -> Result<Answer, Problem> {
    set_up(visit, None)
}

fn set_up(visit: &Visit<'_>, wrong: Option<&str>) -> Result<Answer, Problem> {
    let viewer = visit.viewer()?;
    let secret = codes::offer(visit.store(), viewer)?;
    let email = visit.store().person(viewer.person)?.email;
    let heading = visit.say("hub-codes-add");
    let picture = picture(
        &totp::address(&secret, &email),
        &visit.say("hub-codes-picture"),
    );
    let main = html! {
        @if let Some(wrong) = wrong {
            (parts::error_summary(&visit.state.words, "code", &visit.say(wrong)))
        }
        (parts::back("/account", &visit.say("hub-nav-account")))
        div.narrow {
            h1 { (heading) }
            p.lead { (visit.say("hub-codes-how")) }
            ol {
                li { (visit.say("hub-codes-scan")) (picture) }
                li {
                    (visit.say("hub-codes-type"))
                    pre.secret tabindex="0" { code { (totp::spelled(&secret)) } }
                }
                li { (visit.say("hub-codes-first")) }
            }
            form.stack method="post" action="/account/codes" {
                (parts::field("code", &visit.say("hub-code"), Some(&visit.say("hub-code-hint")), &code_input()))
                button type="submit" { (visit.say("hub-codes-confirm")) }
            }
        }
    };
    let answer = visit.page(&heading, &main);
    Ok(match wrong {
        Some(_) => answer.with_status(StatusCode::UNPROCESSABLE_ENTITY),
        None => answer,
    })
}

/// Where a code is typed in; telephones show digits, and fill in what they know.
pub(in crate::web::pages) fn code_input() -> Markup {
    html! { input id="code" name="code" type="text" inputmode="numeric" autocomplete="one-time-code" maxlength="40" required; }
}

/// The secret as a picture for an app's camera: black on white also in the dark.
fn picture(address: &str, label: &str) -> Markup {
    let Ok(code) = QrCode::encode_text(address, QrCodeEcc::Medium) else {
        return html! {};
    };
    let mut path = String::new();
    for y in 0..code.size() {
        for x in 0..code.size() {
            if code.get_module(x, y) {
                path.push_str(&format!("M{} {}h1v1h-1z", x + QUIET, y + QUIET));
            }
        }
    }
    let size = code.size() + 2 * QUIET;
    html! {
        svg.qr viewBox={ "0 0 " (size) " " (size) } role="img" aria-label=(label) {
            rect width=(size) height=(size) fill="#fff" {}
            path fill="#000" d=(path) {}
        }
    }
}

/// The first code was typed in: the app counts, and the recovery codes are shown, once.
pub(in crate::web) fn confirm(visit: &mut Visit<'_>) -> Result<Answer, Problem> {
    let viewer = visit.viewer()?;
    let confirmed = codes::confirm(visit.store(), viewer, visit.field("code"), visit.people_now)?;
    let recovery = match confirmed {
        Ok(recovery) => recovery,
        Err(refusal) => {
            tracing::info!(reason = refusal.as_str(), "a first code was refused");
            return set_up(visit, Some("hub-code-wrong"));
        }
    };
    tracing::info!(role = %viewer.role, "an app for codes was added");
    let heading = visit.say("hub-recovery");
    let main = html! {
        div.narrow {
            h1 { (heading) }
            p.lead { (visit.say("hub-recovery-what")) }
            pre.secret tabindex="0" { code { @for code in &recovery { (code) "\n" } } }
            p { (visit.say("hub-shown-once")) }
            p.switch { a href="/" { (visit.say("hub-recovery-done")) } }
        }
    };
    let mut answer = visit.page(&heading, &main);
    answer.cookie = first_proof(visit, ProofKind::Code, "/")?.cookie;
    Ok(answer)
}

/// Takes it away.
pub(in crate::web) fn remove(visit: &mut Visit<'_>) -> Result<Answer, Problem> {
    let person = visit.viewer()?.person;
    match visit
        .store()
        .remove_code_app(&visit.actor()?, person, visit.people_now)
    {
        Ok(()) => Ok(Answer::go("/account")),
        Err(StoreError::Conflict(_)) => Ok(last_one(visit)),
        Err(error) => Err(error.into()),
    }
}

/// The form that proves by code; nothing for whoever has no app.
pub(in crate::web::pages) fn form(visit: &Visit<'_>, next: &str) -> Result<Markup, Problem> {
    let app = match visit.viewer {
        Some(viewer) => visit.store().code_app(viewer.person)?,
        None => None,
    };
    Ok(html! {
        @if app.is_some() {
            form.stack method="post" action="/sign-in/code" {
                input type="hidden" name="next" value=(next);
                (parts::field("code", &visit.say("hub-code"), Some(&visit.say("hub-code-or-recovery")), &code_input()))
                button type="submit" { (visit.say("hub-code-button")) }
            }
        }
    })
}

/// A code was typed in: the session gives way to one that rests on it.
pub(in crate::web) fn prove(visit: &mut Visit<'_>) -> Result<Answer, Problem> {
    let viewer = visit.viewer()?;
    let token = visit.token.unwrap_or_default();
    let (typed, now) = (visit.field("code"), visit.people_now);
    match codes::prove(visit.store(), viewer, typed, token, &visit.agent, now)? {
        Ok(fresh) => {
            tracing::info!(role = %viewer.role, "signed in by code");
            let next = crate::web::pages::sign_in::own_path(visit.field("next"));
            Ok(Answer::go(next).with_cookie(session::begin(&fresh, visit.state.secure())))
        }
        Err(refusal) => {
            tracing::info!(reason = refusal.as_str(), "a code was refused");
            let heading = visit.say("hub-code-refused");
            let main = html! {
                div.narrow {
                    h1 { (heading) }
                    p.lead { (visit.say(&format!("hub-code-{}", refusal.as_str()))) }
                    p { a href="/sign-in/again" { (visit.say("hub-try-again")) } }
                }
            };
            Ok(visit
                .page(&heading, &main)
                .with_status(StatusCode::FORBIDDEN))
        }
    }
}
