//! Running the hub: members, collectors, invitations, people, acts. No page here reads what a member
//! sent: the scope of every one of them reaches nobody.

pub mod collectors;
pub mod firms;
pub mod members;
pub mod overview;
pub mod people;

use maud::{Markup, html};

use crate::store::StoreError;
use crate::store::audit::Entry;
use crate::store::people::{MAX_ADMIN_ROWS, Wanted};
use crate::web::answer::Problem;
use crate::web::parts;
use crate::web::visit::Visit;

/// What is wrong with a form: the field and the message to show.
pub(super) struct Wrong {
    pub field: &'static str,
    pub message: String,
}

/// Rows of a page of a list.
const ROWS: u32 = 50;

/// A list that is looked through by name: the search, its rows, the way to the next page. `last` is name and
/// identity of the last row.
fn pages(
    visit: &Visit<'_>,
    address: &str,
    (rows, none): (Option<Markup>, &str),
    last: Option<(&str, String)>,
) -> Markup {
    let find = visit.asked("find");
    let first = find.is_empty() && visit.asked("id").is_empty();
    html! {
        @if rows.is_some() || !first { (parts::finder(&visit.state.words, address, find)) }
        @match rows {
            Some(rows) => { (rows) }
            None => p.empty { (visit.say(if first { none } else { "hub-find-none" })) }
        }
        @if let Some((name, id)) = last { (visit.next(address, name, id)) }
    }
}

/// The last of a page's rows where there may be more.
fn last_of_full<T>(rows: &[T]) -> Option<&T> {
    let full = u32::try_from(rows.len()).unwrap_or(u32::MAX) >= ROWS;
    rows.last().filter(|_| full)
}

/// The field of a form that names a firm, if there are any: those whose name holds what the address asks for
/// as `firm`, as many as a list may hold.
fn firm_field(
    visit: &Visit<'_>,
    none: Option<String>,
    hint: Option<&str>,
) -> Result<Option<Markup>, Problem> {
    let rows = visit.store().member_entries(&Wanted {
        find: visit.asked("firm"),
        ..Wanted::default()
    })?;
    if rows.is_empty() {
        return Ok(None);
    }
    let cut = u32::try_from(rows.len()).unwrap_or(u32::MAX) >= MAX_ADMIN_ROWS;
    let more = cut.then(|| visit.say_with("hub-find-firm", &[("count", rows.len().into())]));
    let options: Vec<(String, String)> = none
        .map(|label| (String::new(), label))
        .into_iter()
        .chain(rows.into_iter().map(|row| (row.id.to_string(), row.name)))
        .collect();
    let hint = more.as_deref().or(hint);
    Ok(Some(parts::field(
        "member",
        &visit.say("hub-firm"),
        hint,
        &parts::select("member", visit.field("member"), &options),
    )))
}

/// Writes an act into the ledger before it is done.
fn note(visit: &Visit<'_>, action: &str, subject: String) -> Result<(), Problem> {
    let entry = Entry {
        action: action.to_owned(),
        member: None,
        subject,
    };
    Ok(visit.store().record(&visit.actor()?, &[entry], visit.now)?)
}

/// A refusal by the store as something wrong with `field`; a failure stays a failure.
fn conflict(error: StoreError, field: &'static str, message: String) -> Result<Wrong, Problem> {
    match error {
        StoreError::Conflict(_) => Ok(Wrong { field, message }),
        other => Err(other.into()),
    }
}
