//! Vetting: the firms of the officer's region that ask to join, and what is done with each.

use axum::http::StatusCode;
use maud::{Markup, html};

use crate::apply::{self, Register};
use crate::id::{ApplicationId, MemberId, PersonId};
use crate::store::StoreError;
use crate::store::applications::{Application, State};
use crate::web::answer::{Answer, Problem};
use crate::web::format::time;
use crate::web::names;
use crate::web::parts::{self, Tone, tag};
use crate::web::visit::Visit;

pub(in crate::web) fn show(visit: &mut Visit<'_>) -> Result<Answer, Problem> {
    let rows = visit.store().applications(&visit.scope)?;
    let heading = visit.say("hub-nav-applications");
    let head = [
        "hub-firm",
        "hub-state",
        "hub-area",
        "hub-sector",
        "hub-apply-when",
    ]
    .map(|id| visit.say(id));
    let words = &*visit.state.words;
    let cells: Vec<Vec<Markup>> = rows
        .iter()
        .map(|row| {
            vec![
                html! { a href={ "/applications/" (row.id) } { (row.firm) } },
                state(visit, row),
                parts::text(names::area(&row.area)),
                parts::text(&names::capital(&names::word(words, "sector", &row.sector))),
                time(words, row.asked),
            ]
        })
        .collect();
    let main = html! {
        h1 { (heading) }
        p.lead { (visit.say("hub-applications-lead")) }
        @if cells.is_empty() { p.empty { (visit.say("hub-applications-none")) } }
        @else { (parts::cards(&heading, &head, &cells)) }
    };
    Ok(visit.page(&heading, &main))
}

fn state(visit: &Visit<'_>, row: &Application) -> Markup {
    let tone = match row.state {
        State::Asked | State::Waiting => Tone::Notice,
        State::Question | State::Refused => Tone::Quiet,
        State::Accepted => Tone::Good,
    };
    tag(
        tone,
        &visit.say(&format!("hub-application-state-{}", row.state.as_str())),
    )
}

pub(in crate::web) fn one(visit: &mut Visit<'_>) -> Result<Answer, Problem> {
    let row = found(visit)?;
    Ok(render(visit, &row, None))
}

/// Lets the firm in.
pub(in crate::web) fn accept(visit: &mut Visit<'_>) -> Result<Answer, Problem> {
    let row = found(visit)?;
    if !apply::heard(&row.spoken, visit.field("words")) {
        return Ok(render(
            visit,
            &row,
            Some(("words", "hub-application-wrong-words")),
        ));
    }
    let accepted = visit.store().accept_application(
        &visit.actor()?,
        &visit.scope,
        row.id,
        MemberId::random()?,
        PersonId::random()?,
        visit.people_now,
    );
    if let Err(answer) = settled(visit, &row, accepted, "words")? {
        return Ok(answer);
    }
    let link = format!("{}/sign-in", visit.state.page_url);
    let args = [
        ("name", row.contact.as_str().into()),
        ("firm", row.firm.as_str().into()),
        ("link", link.as_str().into()),
    ];
    visit.post(vec![visit.letter(
        &row.email,
        "hub-apply-accepted-subject",
        "hub-apply-accepted-body",
        &args,
    )]);
    Ok(Answer::go("/applications"))
}

/// Turns it away.
pub(in crate::web) fn refuse(visit: &mut Visit<'_>) -> Result<Answer, Problem> {
    let row = found(visit)?;
    let Some(reason) = apply::lines(visit.field("reason")) else {
        return Ok(render(
            visit,
            &row,
            Some(("reason", "hub-application-wrong-reason")),
        ));
    };
    let refused = visit.store().refuse_application(
        &visit.actor()?,
        &visit.scope,
        row.id,
        &reason,
        visit.people_now,
    );
    if let Err(answer) = settled(visit, &row, refused, "reason")? {
        return Ok(answer);
    }
    let args = [
        ("name", row.contact.as_str().into()),
        ("firm", row.firm.as_str().into()),
        ("reason", reason.as_str().into()),
    ];
    visit.post(vec![visit.letter(
        &row.email,
        "hub-apply-refused-subject",
        "hub-apply-refused-body",
        &args,
    )]);
    Ok(Answer::go("/applications"))
}

/// Asks the firm something.
pub(in crate::web) fn question(visit: &mut Visit<'_>) -> Result<Answer, Problem> {
    let row = found(visit)?;
    let Some(question) = apply::lines(visit.field("question")) else {
        return Ok(render(
            visit,
            &row,
            Some(("question", "hub-application-wrong-question")),
        ));
    };
    let asked = visit.store().ask_application(
        &visit.actor()?,
        &visit.scope,
        row.id,
        &question,
        visit.people_now,
    );
    if let Err(answer) = settled(visit, &row, asked, "question")? {
        return Ok(answer);
    }
    let args = [
        ("name", row.contact.as_str().into()),
        ("question", question.as_str().into()),
    ];
    visit.post(vec![visit.letter(
        &row.email,
        "hub-apply-asked-subject",
        "hub-apply-asked-body",
        &args,
    )]);
    Ok(Answer::go(format!("/applications/{}", row.id)))
}

/// The page again where the store refused; its failure stays one.
fn settled(
    visit: &Visit<'_>,
    row: &Application,
    done: Result<(), StoreError>,
    field: &str,
) -> Result<Result<(), Answer>, Problem> {
    match done {
        Ok(()) => Ok(Ok(())),
        Err(StoreError::Conflict(_)) => {
            let message = match visit
                .store()
                .application(&visit.scope, row.id)?
                .state
                .is_open()
            {
                true => "hub-application-wrong-taken",
                false => "hub-application-wrong-decided",
            };
            Ok(Err(render(visit, row, Some((field, message)))))
        }
        Err(error) => Err(error.into()),
    }
}

fn found(visit: &Visit<'_>) -> Result<Application, Problem> {
    let id = visit
        .params
        .get("id")
        .and_then(|text| ApplicationId::parse(text))
        .ok_or(Problem::NotFound)?;
    Ok(visit.store().application(&visit.scope, id)?)
}

fn render(visit: &Visit<'_>, row: &Application, wrong: Option<(&str, &str)>) -> Answer {
    let words = &*visit.state.words;
    let main = html! {
        @if let Some((field, message)) = wrong {
            (parts::error_summary(words, field, &visit.say(message)))
        }
        (parts::back("/applications", &visit.say("hub-nav-applications")))
        h1 { (row.firm) }
        p { (state(visit, row)) }
        (facts(visit, row))
        @if let Some(question) = &row.question {
            h2 { (visit.say("hub-application-asked")) }
            p.told { (question) }
            p.told { (row.answer.clone().unwrap_or_else(|| visit.say("hub-application-no-answer"))) }
        }
        @if let Some(reason) = &row.reason {
            h2 { (visit.say("hub-application-reason")) }
            p.told { (reason) }
        }
        @if row.state.is_open() { (decide(visit, row)) }
    };
    let answer = visit.page(&row.firm, &main);
    match wrong {
        Some(_) => answer.with_status(StatusCode::UNPROCESSABLE_ENTITY),
        None => answer,
    }
}

fn facts(visit: &Visit<'_>, row: &Application) -> Markup {
    let words = &*visit.state.words;
    let own = apply::own_address(&row.email, &row.domain);
    html! {
        dl.fields {
            dt { (visit.say("hub-application-contact")) } dd { (row.contact) }
            dt { (visit.say("hub-application-email")) }
            dd {
                (row.email) " "
                @if own { (tag(Tone::Good, &visit.say("hub-application-own-address"))) }
                @else { (tag(Tone::Bad, &visit.say("hub-application-other-address"))) }
            }
            dt { (visit.say("hub-application-domain")) } dd { (row.domain) }
            dt { (visit.say(&format!("hub-apply-register-{}", row.register.as_str()))) }
            dd {
                @if row.register == Register::None { (visit.say("hub-none")) }
                @else { (row.number) }
            }
            dt { (visit.say("hub-apply-ico")) }
            dd { (row.ico.clone().unwrap_or_else(|| visit.say("hub-none"))) }
            dt { (visit.say("hub-sector")) }
            dd { (names::capital(&names::word(words, "sector", &row.sector))) }
            dt { (visit.say("hub-size")) } dd { (names::word(words, "size", &row.size)) }
            dt { (visit.say("hub-application-postcode")) } dd { (row.postcode) }
            dt { (visit.say("hub-area")) } dd { (names::area(&row.area)) }
            dt { (visit.say("hub-apply-when")) } dd { (time(words, row.asked)) }
        }
    }
}

fn decide(visit: &Visit<'_>, row: &Application) -> Markup {
    let (_, theirs) = apply::halves(&row.spoken);
    let action = |what: &str| format!("/applications/{}/{what}", row.id);
    html! {
        section aria-labelledby="accept" {
            h2 #accept { (visit.say("hub-application-call")) }
            ol {
                li { (visit.say("hub-application-call-number")) }
                li { (visit.say("hub-application-call-ask")) }
                li { (visit.say("hub-application-call-say")) " " strong { (theirs) } }
            }
            form.stack method="post" action=(action("accept")) {
                (parts::field("words", &visit.say("hub-application-words"), Some(&visit.say("hub-application-words-hint")),
                    &parts::input("words", "text", visit.field("words"), "off")))
                button type="submit" { (visit.say("hub-application-accept")) }
            }
        }
        section aria-labelledby="ask" {
            h2 #ask { (visit.say("hub-application-ask")) }
            form.stack method="post" action=(action("ask")) {
                (parts::field("question", &visit.say("hub-application-question"), None,
                    &parts::lines("question", visit.field("question"))))
                button.second type="submit" { (visit.say("hub-application-ask-send")) }
            }
        }
        section aria-labelledby="refuse" {
            h2 #refuse { (visit.say("hub-application-refuse")) }
            form.stack method="post" action=(action("refuse")) {
                (parts::field("reason", &visit.say("hub-application-reason"), Some(&visit.say("hub-application-reason-hint")),
                    &parts::lines("reason", visit.field("reason"))))
                button.danger type="submit" { (visit.say("hub-application-refuse-yes")) }
            }
        }
    }
}
