//! Collectors and invitations: the lists, inviting one, shutting one out.

use axum::http::StatusCode;
use maud::{Markup, html};

use crate::enrol::{self, EnrolError};
use crate::id::{CollectorId, MemberId};
use crate::store::people::{CollectorEntry, TokenEntry};
use crate::web::answer::{Answer, Problem};
use crate::web::format::{time, time_ago};
use crate::web::pages::installing::{MAX_SITE_CHARS, shown};
use crate::web::parts::{self, Tone, tag};
use crate::web::verdict::{Health, State};
use crate::web::visit::Visit;

use super::{ROWS, Wrong, firm_field, last_of_full, note, pages};

pub(in crate::web) fn show(visit: &mut Visit<'_>) -> Result<Answer, Problem> {
    render(visit, None)
}

/// Makes a join token and shows it, once.
pub(in crate::web) fn invite(visit: &mut Visit<'_>) -> Result<Answer, Problem> {
    let wrong = |visit: &Visit<'_>, field: &'static str| {
        let message = visit.say(&format!("hub-wrong-{field}"));
        render(visit, Some(&Wrong { field, message }))
    };
    let Some(member) = MemberId::parse(visit.field("member")) else {
        return wrong(visit, "member");
    };
    let site = visit.field("site").to_owned();
    if site.is_empty()
        || site.chars().count() > MAX_SITE_CHARS
        || site.chars().any(char::is_control)
    {
        return wrong(visit, "site");
    }
    let Some(invitations) = visit.state.invitations.clone() else {
        return wrong(visit, "no-link");
    };
    note(visit, "add-token", member.to_string())?;
    let made = enrol::invite(
        visit.store(),
        &invitations.authority,
        invitations.address,
        member,
        &site,
        visit.now,
        invitations.token_hours,
    );
    let token = match made {
        Ok(token) => token,
        Err(EnrolError::Store(error)) => {
            let message = visit.say("hub-wrong-member");
            let wrong = super::conflict(error, "member", message)?;
            return render(visit, Some(&wrong));
        }
        Err(error) => return Err(Problem::Failed(error.to_string())),
    };
    let hours = invitations.token_hours;
    let lead = visit.say_with("hub-token-do", &[("hours", hours.into())]);
    let back = parts::back("/admin/collectors", &visit.say("hub-nav-admin-collectors"));
    Ok(shown(visit, &back, &lead, &token))
}

pub(in crate::web) fn revoke(visit: &mut Visit<'_>) -> Result<Answer, Problem> {
    let id = visit
        .params
        .get("id")
        .and_then(|text| CollectorId::parse(text))
        .ok_or(Problem::NotFound)?;
    note(visit, "revoke-collector", id.to_string())?;
    visit.store().revoke_collector(id, visit.now)?;
    Ok(Answer::go("/admin/collectors"))
}

fn render(visit: &Visit<'_>, wrong: Option<&Wrong>) -> Result<Answer, Problem> {
    let words = &*visit.state.words;
    let (collectors, tokens) = (
        visit
            .store()
            .collector_entries(&visit.wanted(CollectorId::parse, ROWS))?,
        visit.store().token_entries()?,
    );
    let last = last_of_full(&collectors).map(|row| (row.member_name.as_str(), row.id.to_string()));
    let table = (!collectors.is_empty()).then(|| collector_table(visit, &collectors));
    let firm = firm_field(visit, None, None)?;
    let heading = visit.say("hub-nav-admin-collectors");
    let main = html! {
        @if let Some(wrong) = wrong { (parts::error_summary(words, wrong.field, &wrong.message)) }
        h1 { (heading) }
        (pages(visit, "/admin/collectors", (table, "hub-admin-collectors-none"), last))
        section aria-labelledby="invite" {
            h2 #invite { (visit.say("hub-invite")) }
            @if let Some(firm) = firm {
                form.stack method="post" action="/admin/tokens" {
                    (firm)
                    (parts::field("site", &visit.say("hub-site"), Some(&visit.say("hub-site-hint")),
                        &parts::input("site", "text", visit.field("site"), "off")))
                    button type="submit" { (visit.say("hub-invite-button")) }
                }
            } @else {
                p { (visit.say("hub-invite-no-members")) }
            }
        }
        @if !tokens.is_empty() {
            section aria-labelledby="tokens" {
                h2 #tokens { (visit.say("hub-tokens")) }
                (token_table(visit, &tokens))
            }
        }
    };
    let answer = visit.page(&heading, &main);
    Ok(match wrong {
        Some(_) => answer.with_status(StatusCode::UNPROCESSABLE_ENTITY),
        None => answer,
    })
}

fn collector_table(visit: &Visit<'_>, rows: &[CollectorEntry]) -> Markup {
    let words = &*visit.state.words;
    let head = [
        "hub-firm",
        "hub-site",
        "hub-health",
        "hub-last-heard",
        "hub-joined",
        "hub-change",
    ]
    .map(|id| visit.say(id));
    let cells: Vec<Vec<Markup>> = rows
        .iter()
        .map(|row| {
            let health = Health {
                last_seen: row.last_seen,
                revoked: row.revoked.is_some(),
                conflict: row.conflict.is_some(),
                over_quota: row.over_quota,
                // What it says of itself is for the firm and who looks after it.
                ailing: false,
            };
            let state = health.state(visit.now);
            let tone = match state {
                State::Working => Tone::Good,
                State::Revoked => Tone::Quiet,
                _ => Tone::Bad,
            };
            vec![
                parts::text(&row.member_name),
                parts::text(&row.site),
                tag(
                    tone,
                    &visit.say(&format!("hub-collector-{}", state.as_str())),
                ),
                row.last_seen.map_or_else(
                    || parts::text(&visit.say("hub-never")),
                    |at| time_ago(words, at, visit.now),
                ),
                time(words, row.created),
                revoke_button(visit, row),
            ]
        })
        .collect();
    parts::cards(&visit.say("hub-nav-admin-collectors"), &head, &cells)
}

fn revoke_button(visit: &Visit<'_>, row: &CollectorEntry) -> Markup {
    let label = visit.say_with(
        "hub-revoke-which",
        &[
            ("site", row.site.as_str().into()),
            ("firm", row.member_name.as_str().into()),
        ],
    );
    html! {
        @if row.revoked.is_none() {
            // Shutting out is for good, so it takes two steps, without a script.
            details.confirm {
                summary { (visit.say("hub-revoke")) }
                p { (visit.say("hub-revoke-sure")) }
                form method="post" action={ "/admin/collectors/" (row.id) "/revoke" } {
                    button.danger type="submit" aria-label=(label) { (visit.say("hub-revoke-yes")) }
                }
            }
        } @else { (visit.say("hub-none")) }
    }
}

fn token_table(visit: &Visit<'_>, rows: &[TokenEntry]) -> Markup {
    let words = &*visit.state.words;
    let head = [
        "hub-firm",
        "hub-site",
        "hub-state",
        "hub-made",
        "hub-warning-expires",
    ]
    .map(|id| visit.say(id));
    let cells: Vec<Vec<Markup>> = rows
        .iter()
        .map(|row| {
            let (tone, id) = match row.used {
                Some(_) => (Tone::Good, "hub-token-used"),
                None if row.expires <= visit.now => (Tone::Quiet, "hub-token-expired"),
                None => (Tone::Notice, "hub-token-waiting"),
            };
            vec![
                parts::text(&row.member_name),
                parts::text(&row.site),
                tag(tone, &visit.say(id)),
                time(words, row.created),
                time(words, row.expires),
            ]
        })
        .collect();
    parts::cards(&visit.say("hub-tokens"), &head, &cells)
}
