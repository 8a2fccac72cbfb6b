//! Signing in by passkey or one-time link, and out.
//!
//! Opening the link changes nothing: mail scanners open links too. Only the button signs in.

use std::sync::Arc;

use axum::http::StatusCode;
use larum_core::time::Timestamp;
use larum_core::words::Words;
use maud::{Markup, html};

use super::account::{codes, passkeys};
use super::single;
use crate::access::{Standing, Viewer};
use crate::people::mail::Mailer;
use crate::people::passkey::{PasskeyRefusal, Signed};
use crate::people::{self, PeopleError, SECRET_CHARS, sign_in};
use crate::store::audit::Actor;
use crate::store::{Store, StoreError};
use crate::web::answer::{Answer, Problem};
use crate::web::parts;
use crate::web::session;
use crate::web::visit::Visit;
use crate::web::{Method, ROUTES};

/// Signing in with one's passkey, and what to do without.
pub(in crate::web) fn ask(visit: &mut Visit<'_>) -> Result<Answer, Problem> {
    if visit.viewer.is_some() {
        return Ok(Answer::go("/"));
    }
    let heading = visit.say("hub-sign-in");
    let passkey = passkey_form(visit, "/")?;
    Ok(visit.passkey_page(
        &heading,
        &html! {
            div.narrow {
                h1 { (heading) }
                p.lead { (visit.say("hub-sign-in-how")) }
                (passkey)
                (single::ways(visit, "/"))
                h2 { (visit.say("hub-sign-in-no-link")) }
                @if visit.state.mailer.is_some() {
                    form.stack method="post" action="/sign-in/email" {
                        (parts::field("email", &visit.say("hub-email"), Some(&visit.say("hub-sign-in-mail-hint")),
                            &parts::input("email", "email", "", "email")))
                        button.second type="submit" { (visit.say("hub-sign-in-mail")) }
                    }
                    h2 { (visit.say("hub-sign-in-new")) }
                    p.switch { a href="/join" { (visit.say("hub-apply")) } }
                } @else {
                    p { (visit.say("hub-sign-in-ask")) }
                }
            }
        },
    ))
}

/// The form that signs in with a passkey; a sentence where the site has none.
fn passkey_form(visit: &Visit<'_>, next: &str) -> Result<Markup, Problem> {
    let Some(site) = visit.state.site() else {
        return Ok(html! { p.hint { (visit.say("hub-passkey-no-site")) } });
    };
    let challenge = sign_in::challenge(visit.store(), visit.people_now)?;
    Ok(html! {
        form.stack method="post" action="/sign-in/passkey" data-passkey="sign-in"
            data-challenge=(challenge) data-site=(site.host()) {
            @for field in ["credential", "client_data", "authenticator_data", "signature", "user"] {
                input type="hidden" name=(field);
            }
            input type="hidden" name="next" value=(next);
            button type="submit" hidden data-script { (visit.say("hub-sign-in-passkey")) }
            (passkeys::said(visit))
        }
    })
}

/// Somebody asks for a link by e-mail. The answer is the same for everybody; what is done, is done
/// after it.
pub(in crate::web) fn email(visit: &mut Visit<'_>) -> Result<Answer, Problem> {
    let heading = visit.say("hub-sign-in-mailed");
    let runtime = tokio::runtime::Handle::try_current();
    if let (Some(mailer), Ok(runtime)) = (&visit.state.mailer, runtime) {
        let post = Post {
            mailer: mailer.clone(),
            store: visit.state.store.clone(),
            words: visit.state.words.clone(),
            page_url: visit.state.page_url.clone(),
            now: visit.people_now,
        };
        let address = visit.field("email").to_lowercase();
        if people::is_email(&address) && mailer.may_send(&address, visit.people_now) {
            runtime.spawn(post.send(address));
        }
    }
    let main = html! {
        div.narrow {
            h1 { (heading) }
            p.lead { (visit.say("hub-sign-in-mailed-how")) }
            p { (visit.say("hub-sign-in-mailed-none")) }
        }
    };
    Ok(visit.page(&heading, &main))
}

/// What is needed to mail a link after the answer was given.
struct Post {
    mailer: Arc<Mailer>,
    store: Arc<dyn Store>,
    words: Arc<Words>,
    page_url: String,
    now: Timestamp,
}

impl Post {
    async fn send(self, address: String) {
        let (store, page_url, now) = (self.store, self.page_url, self.now);
        let made = tokio::task::spawn_blocking(move || {
            let person = store.person_by_email(&address)?;
            if person.disabled.is_some() {
                return Err(StoreError::NotFound.into());
            }
            let by = Actor::program("sign-in-page");
            let link = people::sign_in_link(&*store, &by, person.id, &page_url, now)?;
            Ok::<_, PeopleError>((person, link))
        });
        let (person, link) = match made.await {
            Ok(Ok(made)) => made,
            Ok(Err(PeopleError::Store(StoreError::NotFound))) | Err(_) => return,
            Ok(Err(error)) => {
                tracing::error!(cause = %error, "no link could be made");
                return;
            }
        };
        let subject = self.words.say("hub-mail-subject");
        let args = [
            ("name", person.name.as_str().into()),
            ("link", link.as_str().into()),
        ];
        let body = self.words.say_with("hub-mail-body", &args);
        if let Err(error) = self.mailer.send(&person.email, subject, body).await {
            tracing::error!(
                reason = error.reason(),
                "a sign-in link could not be mailed"
            );
        }
    }
}

/// The passkey has answered.
pub(in crate::web) fn with_passkey(visit: &mut Visit<'_>) -> Result<Answer, Problem> {
    let Some(site) = visit.state.site() else {
        return Ok(passkeys::refused(visit, PasskeyRefusal::Site, "/sign-in"));
    };
    let signed = Signed {
        credential: visit.field("credential"),
        client_data: visit.field("client_data"),
        authenticator_data: visit.field("authenticator_data"),
        signature: visit.field("signature"),
    };
    let begun = sign_in::with_passkey(
        visit.store(),
        &site,
        signed,
        visit.field("user"),
        &visit.agent,
        visit.people_now,
    )?;
    match begun {
        Ok((token, viewer)) => arrive(visit, &token, &viewer, own_path(visit.field("next"))),
        Err(refusal) => Ok(passkeys::refused(visit, refusal, "/sign-in")),
    }
}

/// Somebody is signed in: the new session takes the place of any the browser had.
pub(super) fn arrive(
    visit: &Visit<'_>,
    token: &str,
    viewer: &Viewer,
    next: &str,
) -> Result<Answer, Problem> {
    // Signing in over another session ends that one: no session outlives its cookie.
    if let Some(old) = visit.token {
        visit.store().end_session(&people::secret_hash(old))?;
    }
    tracing::info!(role = %viewer.role, "signed in");
    Ok(Answer::go(next).with_cookie(session::begin(token, visit.state.secure())))
}

/// A path of ours to go on to; the start for anything else, so that no link of a stranger leads
/// through our sign-in to their own page.
pub(super) fn own_path(next: &str) -> &str {
    let plain = next
        .bytes()
        .all(|byte| byte.is_ascii_graphic() && byte != b'\\');
    if plain && next.starts_with('/') && !next.starts_with("//") {
        next
    } else {
        "/"
    }
}

/// Where to prove oneself again before `path`; for the target of a form, the page it stands on.
pub(in crate::web) fn again_address(path: &str) -> String {
    let pages = || ROUTES.iter().filter(|route| route.method == Method::Get);
    let mut page = path;
    while !pages().any(|route| route.path == page) {
        page = page.rsplit_once('/').map_or("", |(before, _)| before);
        if page.is_empty() {
            page = "/";
        }
    }
    format!("/sign-in/again?next={page}")
}

/// Half signed in: to one's own proof, or to making the first.
pub(in crate::web) fn next(visit: &mut Visit<'_>) -> Result<Answer, Problem> {
    match visit.viewer()?.standing {
        Standing::Whole | Standing::Fresh => Ok(Answer::go("/")),
        Standing::Half => {
            let heading = visit.say("hub-sign-in-prove");
            prove(visit, &heading, "hub-sign-in-prove-how", "/")
        }
        Standing::New => {
            let heading = visit.say("hub-first-proof");
            let form = passkeys::form(visit)?;
            let site = visit.state.site().is_some();
            Ok(visit.passkey_page(
                &heading,
                &html! {
                    div.narrow {
                        h1 { (heading) }
                        p.lead { (visit.say("hub-first-proof-how")) }
                        @if site {
                            p { (visit.say("hub-passkey-what")) }
                            (form)
                        }
                        (single::ways_to_connect(visit))
                        h2 { (visit.say("hub-first-code")) }
                        p { (visit.say("hub-codes-what")) }
                        p.switch { a href="/account/codes/add" { (visit.say("hub-codes-add")) } }
                    }
                },
            ))
        }
    }
}

/// Before a sensitive act: it is still the same person?
pub(in crate::web) fn again(visit: &mut Visit<'_>) -> Result<Answer, Problem> {
    let heading = visit.say("hub-again");
    let next = own_path(visit.asked("next")).to_owned();
    prove(visit, &heading, "hub-again-how", &next)
}

fn prove(visit: &Visit<'_>, heading: &str, how: &str, next: &str) -> Result<Answer, Problem> {
    let viewer = visit.viewer()?.person;
    let has_passkey = !visit.store().passkeys(viewer)?.is_empty();
    let passkey = match has_passkey {
        true => passkey_form(visit, next)?,
        false => html! {},
    };
    let code = codes::form(visit, next)?;
    let has_single = !visit.store().identities(viewer)?.is_empty();
    Ok(visit.passkey_page(
        heading,
        &html! {
            div.narrow {
                h1 { (heading) }
                p.lead { (visit.say(how)) }
                (passkey)
                (code)
                @if has_single { (single::ways(visit, next)) }
                p.hint { (visit.say("hub-sign-in-lost")) }
            }
        },
    ))
}

/// The link was opened.
pub(in crate::web) fn confirm(visit: &mut Visit<'_>) -> Result<Answer, Problem> {
    let secret = visit.params.get("secret").cloned().unwrap_or_default();
    if secret.len() != SECRET_CHARS {
        return Ok(refused(visit, "unknown"));
    }
    let heading = visit.say("hub-sign-in");
    Ok(visit.page(
        &heading,
        &html! {
            div.narrow {
                h1 { (heading) }
                p.lead { (visit.say("hub-sign-in-press")) }
                form method="post" action="/sign-in" {
                    input type="hidden" name="secret" value=(secret);
                    button type="submit" { (visit.say("hub-sign-in-button")) }
                }
                p.hint { (visit.say("hub-sign-in-once")) }
            }
        },
    ))
}

/// The button was pressed.
pub(in crate::web) fn redeem(visit: &mut Visit<'_>) -> Result<Answer, Problem> {
    let secret = visit.field("secret").to_owned();
    match people::redeem(visit.store(), &secret, &visit.agent, visit.people_now)? {
        Ok((token, viewer)) => arrive(visit, &token, &viewer, "/"),
        Err(reason) => {
            tracing::info!(reason = reason.as_str(), "a sign-in link was refused");
            Ok(refused(visit, reason.as_str()))
        }
    }
}

fn refused(visit: &Visit<'_>, reason: &str) -> Answer {
    let heading = visit.say("hub-sign-in-refused");
    let main = html! {
        div.narrow {
            h1 { (heading) }
            p.lead { (visit.say(&format!("hub-link-{reason}"))) }
            p { (visit.say("hub-sign-in-ask")) }
        }
    };
    visit
        .page(&heading, &main)
        .with_status(StatusCode::FORBIDDEN)
}

/// Ends the session.
pub(in crate::web) fn sign_out(visit: &mut Visit<'_>) -> Result<Answer, Problem> {
    let elsewhere = single::places_to_sign_out(visit)?;
    if let Some(token) = visit.token {
        visit.store().end_session(&people::secret_hash(token))?;
    }
    let cookie = session::end(visit.state.secure());
    if elsewhere.is_empty() {
        return Ok(Answer::go("/sign-in").with_cookie(cookie));
    }
    visit.viewer = None;
    let heading = visit.say("hub-signed-out");
    let main = html! {
        div.narrow {
            h1 { (heading) }
            p.lead { (visit.say("hub-signed-out-elsewhere")) }
            @for (provider, place) in &elsewhere {
                p.switch { a href=(place) { (visit.say_with("hub-oidc-sign-out", &[("provider", provider.as_str().into())])) } }
            }
            p { a href="/sign-in" { (visit.say("hub-problem-sign-in")) } }
        }
    };
    Ok(visit.page(&heading, &main).with_cookie(cookie))
}
