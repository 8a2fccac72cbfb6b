//! The list of firms: health, last heard, open warnings.

use maud::{Markup, html};

use crate::id::MemberId;
use crate::store::pages::MemberRow;
use crate::web::answer::{Answer, Problem};
use crate::web::format::{number, time_ago};
use crate::web::parts::{Tone, tag};
use crate::web::verdict::{Health, State};
use crate::web::visit::Visit;
use crate::web::{names, parts};

const ROWS: u32 = 50;

pub(in crate::web) fn show(visit: &mut Visit<'_>) -> Result<Answer, Problem> {
    let scope = visit.scope.clone();
    let wanted = visit.wanted(MemberId::parse, ROWS);
    let sealed = visit.store().members(&scope, &wanted, visit.now)?;
    let count = visit.store().member_count(&scope)?;
    let mut rows = visit.open(sealed)?;
    let masked = scope.masked();
    // A masked list ends with its first rows: the way on would name a firm.
    let last = rows.last().filter(|_| rows.len() >= 50 && !masked).cloned();
    // Worst first, within the page.
    rows.sort_by_key(|row| (health(row, visit), std::cmp::Reverse(row.open_warnings)));
    let heading = visit.say("hub-members");
    let none = match (visit.asked("find").is_empty(), scope.shared()) {
        (false, _) => "hub-find-none",
        (true, true) => "hub-members-none-shared",
        (true, false) => "hub-members-none",
    };
    let main = html! {
        h1 { (heading) }
        p.lead {
            (visit.say_with("hub-members-count", &[("count", count.into()), ("shown", number(count).into())]))
            @if let Some(area) = scope.area() { " " (visit.say_with("hub-members-area", &[("area", names::area(area).into())])) }
        }
        p.hint { (visit.say("hub-members-audit")) }
        @if !masked { (parts::finder(&visit.state.words, "/members", visit.asked("find"))) }
        @if rows.is_empty() {
            p.empty { (visit.say(none)) }
        } @else { (list(visit, &rows)) }
        @if let Some(row) = last {
            (visit.next("/members", &row.card.name, row.card.id))
        }
    };
    Ok(visit.page(&heading, &main))
}

/// What a firm is called where nobody may know which it is: the same each time, and no way back,
/// because identities are 128 random bits.
fn mark(id: MemberId) -> String {
    crate::people::secret_hash(&id.to_string())
        .chars()
        .take(6)
        .collect()
}

/// How a firm is, worst first.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
enum Rank {
    Conflict,
    Silent,
    Nothing,
    Fine,
}

fn health(row: &MemberRow, visit: &Visit<'_>) -> Rank {
    let quietest = Health {
        last_seen: row.quietest,
        revoked: false,
        conflict: row.conflict,
        over_quota: None,
        ailing: false,
    };
    match quietest.state(visit.now) {
        _ if row.collectors == 0 => Rank::Nothing,
        State::Conflict => Rank::Conflict,
        State::Silent | State::Unheard => Rank::Silent,
        State::Working | State::OverQuota | State::Ailing | State::Revoked => Rank::Fine,
    }
}

fn list(visit: &Visit<'_>, rows: &[MemberRow]) -> Markup {
    let words = &*visit.state.words;
    let head = [
        "hub-firm",
        "hub-health",
        "hub-last-heard",
        "hub-open-warnings",
        "hub-area",
        "hub-sector",
    ]
    .map(|id| visit.say(id));
    let masked = visit.scope.masked();
    let hidden = || parts::text(&visit.say("hub-hidden"));
    let cells: Vec<Vec<Markup>> = rows
        .iter()
        .map(|row| {
            let (tone, id) = match health(row, visit) {
                Rank::Conflict => (Tone::Bad, "hub-collector-conflict"),
                Rank::Silent => (Tone::Bad, "hub-collector-silent"),
                Rank::Nothing => (Tone::Notice, "hub-collector-none"),
                Rank::Fine => (Tone::Good, "hub-collector-working"),
            };
            vec![
                html! {
                    @if masked { (visit.say_with("hub-firm-masked", &[("mark", mark(row.card.id).into())])) }
                    @else { a href={ "/members/" (row.card.id) } { (row.card.name) } }
                },
                tag(tone, &visit.say(id)),
                row.last_seen.map_or_else(
                    || parts::text(&visit.say("hub-never")),
                    |at| time_ago(words, at, visit.now),
                ),
                parts::text(&number(row.open_warnings.into())),
                if masked { hidden() } else { parts::text(names::area(&row.card.area)) },
                if masked {
                    hidden()
                } else {
                    let sector = names::word(words, "sector", &row.card.sector);
                    parts::text(&names::capital(&sector))
                },
            ]
        })
        .collect();
    parts::cards(&visit.say("hub-members"), &head, &cells)
}
