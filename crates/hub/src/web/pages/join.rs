//! A firm asks to join: the form, the mailed link, and how it stands.
//!
//! Whoever fills the form in is a stranger: the answer is the same whatever the hub knows, the first
//! mail holds no word of theirs (or it would carry anybody's text to anybody), and how many mails
//! leave is counted apart from those that people sign in with.

use axum::http::StatusCode;
use larum_core::area;
use larum_link::secret::random_text;
use maud::{Markup, html};

use crate::apply::{self, NewApplication, Register, SECTORS, SIZES, Typed};
use crate::id::ApplicationId;
use crate::people::{SECRET_CHARS, secret_hash};
use crate::store::StoreError;
use crate::store::applications::{Application, State};
use crate::web::answer::{Answer, Problem};
use crate::web::visit::Visit;
use crate::web::{names, parts};

pub(in crate::web) fn ask(visit: &mut Visit<'_>) -> Result<Answer, Problem> {
    Ok(render(visit, None))
}

/// The form was sent.
pub(in crate::web) fn send(visit: &mut Visit<'_>) -> Result<Answer, Problem> {
    let secret = random_text()?;
    let spoken = apply::spoken_words(&visit.state.words)?;
    let checked = apply::check(
        &typed(visit),
        ApplicationId::random()?,
        secret_hash(&secret),
        spoken,
    );
    let new = match checked {
        Ok(new) => new,
        Err(field) => return Ok(render(visit, Some(field))),
    };
    if visit.state.mailer.is_none() {
        return Ok(render(visit, None));
    }
    mail_link(visit, new, &secret);
    let heading = visit.say("hub-apply-mailed");
    Ok(visit.page(
        &heading,
        &html! {
            div.narrow {
                h1 { (heading) }
                p.lead { (visit.say("hub-apply-mailed-how")) }
                p { (visit.say("hub-apply-mailed-none")) }
            }
        },
    ))
}

/// Keeps the application and mails its link, after the answer: how long that takes tells nothing.
fn mail_link(visit: &Visit<'_>, new: NewApplication, secret: &str) {
    let (Some(mailer), Ok(runtime)) = (
        visit.state.mailer.clone(),
        tokio::runtime::Handle::try_current(),
    ) else {
        return;
    };
    let now = visit.people_now;
    if !mailer.may_ask(&new.email, visit.network, now) {
        tracing::info!(reason = "too-many", "an application was not taken");
        return;
    }
    let link = format!("{}/join/{secret}", visit.state.page_url);
    let args = [("link", link.as_str().into())];
    let letter = visit.letter(
        &new.email,
        "hub-apply-mail-subject",
        "hub-apply-mail-body",
        &args,
    );
    let store = visit.state.store.clone();
    runtime.spawn(async move {
        let kept = tokio::task::spawn_blocking(move || store.add_application(&new, now)).await;
        match kept {
            Ok(Ok(())) => {}
            Ok(Err(StoreError::Conflict(_))) | Err(_) => return,
            Ok(Err(error)) => {
                tracing::error!(cause = %error, "an application could not be kept");
                return;
            }
        }
        let sent = mailer
            .send(&letter.address, letter.subject, letter.body)
            .await;
        if let Err(error) = sent {
            tracing::error!(
                reason = error.reason(),
                "a link to confirm could not be mailed"
            );
        }
    });
}

/// The mailed link was opened: that changes nothing, mail scanners open links too.
pub(in crate::web) fn show(visit: &mut Visit<'_>) -> Result<Answer, Problem> {
    let secret = visit.params.get("secret").cloned().unwrap_or_default();
    let found = found(visit, &secret)?;
    Ok(standing(visit, &found, &secret, None))
}

/// The button on it was pressed.
pub(in crate::web) fn confirm(visit: &mut Visit<'_>) -> Result<Answer, Problem> {
    let secret = visit.field("secret").to_owned();
    let found = found(visit, &secret)?;
    let first = visit
        .store()
        .confirm_application(&secret_hash(&secret), visit.people_now)?;
    if first {
        tell_officers(visit, &found)?;
    }
    Ok(Answer::go(format!("/join/{secret}")))
}

/// The firm answers what the officer asked.
pub(in crate::web) fn answer(visit: &mut Visit<'_>) -> Result<Answer, Problem> {
    let secret = visit.field("secret").to_owned();
    let found = found(visit, &secret)?;
    let Some(text) = apply::lines(visit.field("answer")) else {
        return Ok(standing(
            visit,
            &found,
            &secret,
            Some("hub-apply-wrong-answer"),
        ));
    };
    let answered = visit
        .store()
        .answer_application(&secret_hash(&secret), &text, visit.people_now);
    match answered {
        Ok(()) => tell_officers(visit, &found)?,
        Err(StoreError::Conflict(_)) => {}
        Err(error) => return Err(error.into()),
    }
    Ok(Answer::go(format!("/join/{secret}")))
}

/// The region's officers hear that there is something to look at, and nothing of what it is.
fn tell_officers(visit: &Visit<'_>, found: &Application) -> Result<(), Problem> {
    let link = format!("{}/applications", visit.state.page_url);
    let args = [("link", link.as_str().into())];
    let letters = visit
        .store()
        .officers_of(&found.region)?
        .iter()
        .map(|officer| {
            visit.letter(
                &officer.email,
                "hub-apply-officer-subject",
                "hub-apply-officer-body",
                &args,
            )
        })
        .collect();
    visit.post(letters);
    Ok(())
}

fn found(visit: &Visit<'_>, secret: &str) -> Result<Application, Problem> {
    if secret.len() != SECRET_CHARS {
        return Err(Problem::NotFound);
    }
    Ok(visit
        .store()
        .application_by_link(&secret_hash(secret), visit.people_now)?)
}

/// How an application stands, for the firm.
fn standing(visit: &Visit<'_>, found: &Application, secret: &str, wrong: Option<&str>) -> Answer {
    let heading = visit.say(&format!("hub-apply-state-{}", found.state.as_str()));
    let main = html! {
        @if let Some(wrong) = wrong {
            (parts::error_summary(&visit.state.words, "answer", &visit.say(wrong)))
        }
        div.narrow {
            h1 { (heading) }
            p.lead { (visit.say(&format!("hub-apply-state-{}-do", found.state.as_str()))) }
            @match found.state {
                State::Asked => (confirm_form(visit, secret)),
                State::Waiting => (spoken(visit, found)),
                State::Question => {
                    (question(visit, found, secret))
                    (spoken(visit, found))
                }
                State::Accepted => p.switch { a href="/sign-in" { (visit.say("hub-problem-sign-in")) } },
                State::Refused => p { (found.reason.as_deref().unwrap_or_default()) },
            }
        }
    };
    let answer = visit.page(&heading, &main);
    match wrong {
        Some(_) => answer.with_status(StatusCode::UNPROCESSABLE_ENTITY),
        None => answer,
    }
}

fn confirm_form(visit: &Visit<'_>, secret: &str) -> Markup {
    html! {
        form method="post" action="/join/confirm" {
            input type="hidden" name="secret" value=(secret);
            button type="submit" { (visit.say("hub-apply-confirm")) }
        }
        p.hint { (visit.say("hub-apply-confirm-not")) }
    }
}

fn spoken(visit: &Visit<'_>, found: &Application) -> Markup {
    let (ours, theirs) = apply::halves(&found.spoken);
    html! {
        h2 { (visit.say("hub-apply-words")) }
        p { (visit.say("hub-apply-words-how")) }
        dl.fields {
            dt { (visit.say("hub-apply-words-yours")) } dd { strong { (ours) } }
            dt { (visit.say("hub-apply-words-ours")) } dd { strong { (theirs) } }
        }
        p.hint { (visit.say("hub-apply-words-wrong")) }
    }
}

fn question(visit: &Visit<'_>, found: &Application, secret: &str) -> Markup {
    html! {
        h2 { (visit.say("hub-apply-question")) }
        p.told { (found.question.as_deref().unwrap_or_default()) }
        form.stack method="post" action="/join/answer" {
            input type="hidden" name="secret" value=(secret);
            (parts::field("answer", &visit.say("hub-apply-answer"), None,
                &parts::lines("answer", visit.field("answer"))))
            button type="submit" { (visit.say("hub-apply-answer-send")) }
        }
    }
}

fn typed<'v>(visit: &'v Visit<'_>) -> Typed<'v> {
    Typed {
        firm: visit.field("firm"),
        domain: visit.field("domain"),
        contact: visit.field("contact"),
        email: visit.field("email"),
        register: visit.field("register"),
        number: visit.field("number"),
        ico: visit.field("ico"),
        sector: visit.field("sector"),
        size: visit.field("size"),
        postcode: visit.field("postcode"),
        area: visit.field("area"),
    }
}

fn render(visit: &Visit<'_>, wrong: Option<&str>) -> Answer {
    let heading = visit.say("hub-apply");
    let main = html! {
        @if let Some(field) = wrong {
            (parts::error_summary(&visit.state.words, field, &visit.say(&format!("hub-apply-wrong-{field}"))))
        }
        div.narrow {
            h1 { (heading) }
            @if visit.state.mailer.is_some() {
                p.lead { (visit.say("hub-apply-how")) }
                (form(visit))
                p.hint { (visit.say("hub-apply-private")) }
            } @else {
                p.lead { (visit.say("hub-apply-closed")) }
            }
        }
    };
    let answer = visit.page(&heading, &main);
    match wrong {
        Some(_) => answer.with_status(StatusCode::UNPROCESSABLE_ENTITY),
        None => answer,
    }
}

fn form(visit: &Visit<'_>) -> Markup {
    let words = &*visit.state.words;
    let label = |field: &str| visit.say(&format!("hub-apply-{field}"));
    let hint = |field: &str| visit.say(&format!("hub-apply-{field}-hint"));
    let line = |field: &str, kind: &str, fill: &str| {
        parts::field(
            field,
            &label(field),
            Some(&hint(field)),
            &parts::input(field, kind, visit.field(field), fill),
        )
    };
    let choice = |set: &str, values: &[&str]| -> Vec<(String, String)> {
        let named = |value: &&str| {
            let name = names::capital(&names::word(words, set, value));
            ((*value).to_owned(), name)
        };
        values.iter().map(named).collect()
    };
    let registers: Vec<(String, String)> = Register::ALL
        .iter()
        .map(|one| {
            (
                one.as_str().to_owned(),
                label(&format!("register-{}", one.as_str())),
            )
        })
        .collect();
    let choose = || (String::new(), visit.say("hub-apply-choose"));
    let areas: Vec<(String, String)> = std::iter::once(choose())
        .chain(area::coded().map(|(code, name)| (code.to_owned(), name.to_owned())))
        .collect();
    html! {
        form.stack method="post" action="/join" {
            (line("firm", "text", "organization"))
            (line("domain", "text", "url"))
            (line("contact", "text", "name"))
            (line("email", "email", "email"))
            (parts::field("register", &label("register"), None,
                &parts::select("register", visit.field("register"), &registers)))
            (parts::field("number", &label("number"), Some(&hint("number")),
                &parts::optional("number", visit.field("number"))))
            (parts::field("ico", &label("ico"), Some(&hint("ico")),
                &parts::optional("ico", visit.field("ico"))))
            (parts::field("sector", &visit.say("hub-sector"), None,
                &parts::select("sector", visit.field("sector"), &choice("sector", &SECTORS))))
            (parts::field("size", &visit.say("hub-size"), None,
                &parts::select("size", visit.field("size"), &choice("size", &SIZES))))
            (line("postcode", "text", "postal-code"))
            (parts::field("area", &visit.say("hub-area"), None,
                &parts::select("area", visit.field("area"), &areas)))
            button type="submit" { (visit.say("hub-apply-send")) }
        }
    }
}
