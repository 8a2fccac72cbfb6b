//! One's own account: what one signs in with, and where one is signed in.

pub(in crate::web) mod codes;
pub(in crate::web) mod passkeys;
pub(in crate::web) mod sessions;

use maud::html;

use crate::web::answer::{Answer, Problem};
use crate::web::visit::Visit;

pub(in crate::web) fn show(visit: &mut Visit<'_>) -> Result<Answer, Problem> {
    let heading = visit.say("hub-nav-account");
    let passkeys = passkeys::list(visit)?;
    let codes = codes::show(visit)?;
    let single = super::single::show(visit)?;
    let sessions = sessions::list(visit)?;
    Ok(visit.page(
        &heading,
        &html! {
            h1 { (heading) }
            p.lead { (visit.say("hub-account-lead")) }
            (passkeys)
            (codes)
            (single)
            (sessions)
        },
    ))
}
