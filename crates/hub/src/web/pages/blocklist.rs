//! The firm's blocklist: off until a device is let in; what stands on it, why, and taking an entry off.

use std::net::IpAddr;

use axum::http::StatusCode;
use larum_core::blocklist::render::Format;
use larum_link::secret::random_text;
use maud::{Markup, html};

use crate::people::secret_hash;
use crate::store::StoreError;
use crate::store::audit::Entry;
use crate::store::lists::Device;
use crate::web::answer::{Answer, Problem};
use crate::web::format::{number, time, time_ago};
use crate::web::parts;
use crate::web::visit::Visit;

/// Longest name of a device, in characters.
const MAX_NAME_CHARS: usize = 100;
/// How much devices hold: small routers first.
const SIZES: [usize; 5] = [100, 500, 1_000, 5_000, 50_000];
const HOME: &str = "/home/blocklist";

pub(in crate::web) fn show(visit: &mut Visit<'_>) -> Result<Answer, Problem> {
    render(visit, None)
}

/// Lets a device in; its token is shown once.
pub(in crate::web) fn add(visit: &mut Visit<'_>) -> Result<Answer, Problem> {
    let member = visit.own()?;
    let name = visit.field("name").to_owned();
    let size = visit.field("size").parse().unwrap_or(0);
    let named = !name.is_empty()
        && name.chars().count() <= MAX_NAME_CHARS
        && !name.chars().any(char::is_control);
    if !named || !SIZES.contains(&size) {
        let message = visit.say("hub-list-wrong");
        return render(visit, Some(message));
    }
    let secret = random_text()?;
    note(visit, "blocklist-device", name.clone())?;
    let added = visit
        .store()
        .add_device(member, &name, &secret_hash(&secret), size, visit.now);
    match added {
        Ok(()) => {}
        Err(StoreError::Conflict(_)) => {
            let message = visit.say("hub-list-full");
            return render(visit, Some(message));
        }
        Err(other) => return Err(other.into()),
    }
    let heading = visit.say_with("hub-list-made", &[("name", name.into())]);
    let base = visit.state.page_url.trim_end_matches('/');
    let main = html! {
        (parts::back(HOME, &visit.say("hub-list-title")))
        h1 { (heading) }
        p.lead { (visit.say("hub-list-made-do")) }
        dl.summary {
            @for format in Format::ALL {
                dt { (visit.say(&format!("hub-list-format-{format}"))) }
                dd { code { (base) "/lists/" (secret) "/" (format) } }
            }
        }
        p { (visit.say("hub-list-password")) }
        pre.secret tabindex="0" { code { (secret) } }
        p { (visit.say("hub-shown-once")) }
        p { (visit.say("hub-list-first")) }
    };
    Ok(visit.page(&heading, &main))
}

pub(in crate::web) fn revoke(visit: &mut Visit<'_>) -> Result<Answer, Problem> {
    let (member, id) = (visit.own()?, visit.number("id")?);
    note(visit, "blocklist-device-out", id.to_string())?;
    visit.store().revoke_device(member, id, visit.now)?;
    Ok(Answer::go(HOME))
}

/// Takes an address off the firm's list.
pub(in crate::web) fn appeal(visit: &mut Visit<'_>) -> Result<Answer, Problem> {
    let member = visit.own()?;
    let source: IpAddr = visit
        .field("address")
        .parse()
        .map_err(|_| Problem::NotFound)?;
    note(visit, "blocklist-appeal", source.to_string())?;
    visit.store().appeal(member, source, visit.now)?;
    Ok(Answer::go(HOME))
}

fn note(visit: &Visit<'_>, action: &str, subject: String) -> Result<(), Problem> {
    let entry = Entry {
        action: action.to_owned(),
        member: Some(visit.own()?),
        subject,
    };
    Ok(visit.store().record(&visit.actor()?, &[entry], visit.now)?)
}

fn render(visit: &Visit<'_>, wrong: Option<String>) -> Result<Answer, Problem> {
    let member = visit.own()?;
    let devices = visit.store().devices(member)?;
    let largest = devices.iter().map(|device| device.size).max().unwrap_or(0);
    let listed = visit.store().list(member, largest, visit.now)?.len();
    let heading = visit.say("hub-list-title");
    let main = html! {
        @if let Some(message) = &wrong {
            (parts::error_summary(&visit.state.words, "name", message))
        }
        h1 { (heading) }
        p.lead { (visit.say("hub-list-lead")) }
        @if devices.is_empty() {
            p.empty { (visit.say("hub-list-off")) }
        } @else {
            p { (visit.say_with("hub-list-on", &[("count", listed.into()), ("shown", number(u64::try_from(listed).unwrap_or(0)).into())])) }
            (device_table(visit, &devices))
            (why(visit)?)
        }
        (taken_off(visit)?)
        section aria-labelledby="add" {
            h2 #add { (visit.say("hub-list-add")) }
            form.stack method="post" action=(HOME) {
                (parts::field("name", &visit.say("hub-list-device"), Some(&visit.say("hub-list-device-hint")),
                    &parts::input("name", "text", visit.field("name"), "off")))
                (parts::field("size", &visit.say("hub-list-size"), Some(&visit.say("hub-list-size-hint")),
                    &parts::select("size", "1000", &sizes())))
                button type="submit" { (visit.say("hub-list-add-button")) }
            }
        }
    };
    let answer = visit.page(&heading, &main);
    Ok(match wrong {
        Some(_) => answer.with_status(StatusCode::UNPROCESSABLE_ENTITY),
        None => answer,
    })
}

fn sizes() -> Vec<(String, String)> {
    SIZES
        .iter()
        .map(|size| {
            let shown = number(u64::try_from(*size).unwrap_or(0));
            (size.to_string(), shown)
        })
        .collect()
}

fn device_table(visit: &Visit<'_>, devices: &[Device]) -> Markup {
    let words = &*visit.state.words;
    let head = [
        "hub-list-device",
        "hub-list-size",
        "hub-list-fetched",
        "hub-change",
    ]
    .map(|id| visit.say(id));
    let cells: Vec<Vec<Markup>> = devices
        .iter()
        .map(|device| {
            vec![
                parts::text(&device.name),
                parts::text(&number(u64::try_from(device.size).unwrap_or(0))),
                device.fetched.map_or_else(
                    || parts::text(&visit.say("hub-never")),
                    |at| time_ago(words, at, visit.now),
                ),
                html! {
                    details.confirm {
                        summary { (visit.say("hub-list-out")) }
                        p { (visit.say("hub-list-out-sure")) }
                        form method="post" action={ (HOME) "/devices/" (device.id) "/out" } {
                            button.danger type="submit" { (visit.say("hub-list-out-yes")) }
                        }
                    }
                },
            ]
        })
        .collect();
    parts::cards(&visit.say("hub-list-devices"), &head, &cells)
}

/// Why an address is blocked, with the button that takes it off.
fn why(visit: &Visit<'_>) -> Result<Markup, Problem> {
    let asked = visit.asked("address").trim();
    let address: Option<IpAddr> = asked.parse().ok().map(larum_core::address::source_key);
    let found = match address {
        Some(address) => visit.store().listed(visit.own()?, address)?,
        None => None,
    };
    let words = &*visit.state.words;
    Ok(html! {
        section aria-labelledby="why" {
            h2 #why { (visit.say("hub-list-why")) }
            form.stack method="get" action=(HOME) {
                (parts::field("address", &visit.say("hub-list-address"), None,
                    &parts::input("address", "text", asked, "off")))
                button.second type="submit" { (visit.say("hub-list-why-button")) }
            }
            @match (&found, asked.is_empty()) {
                (Some(entry), _) => {
                    p {
                        (visit.say_with("hub-list-why-found", &[
                            ("address", entry.source.to_string().into()),
                            ("members", entry.witnesses.into()),
                            ("rank", entry.rank.into()),
                        ]))
                    }
                    dl.summary {
                        dt { (visit.say("hub-last-seen")) } dd { (time(words, entry.last)) }
                        dt { (visit.say("hub-warning-expires")) } dd { (time(words, entry.expires)) }
                    }
                    form method="post" action={ (HOME) "/appeal" } {
                        input type="hidden" name="address" value=(entry.source);
                        button type="submit" { (visit.say("hub-list-appeal")) }
                    }
                }
                (None, false) => p { (visit.say("hub-list-why-not")) },
                (None, true) => {}
            }
        }
    })
}

fn taken_off(visit: &Visit<'_>) -> Result<Markup, Problem> {
    let rows = visit.store().appeals(visit.own()?)?;
    let words = &*visit.state.words;
    let head = ["hub-list-address", "hub-when"].map(|id| visit.say(id));
    let cells: Vec<Vec<Markup>> = rows
        .iter()
        .map(|(source, at)| vec![html! { code { (source) } }, time(words, *at)])
        .collect();
    Ok(html! {
        @if !cells.is_empty() {
            section aria-labelledby="off" {
                h2 #off { (visit.say("hub-list-taken-off")) }
                (parts::cards(&visit.say("hub-list-taken-off"), &head, &cells))
            }
        }
    })
}
