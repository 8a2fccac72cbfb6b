//! Help: what the pages are, whom to call, how accessible they are.

use maud::html;

use crate::web::answer::{Answer, Problem};
use crate::web::visit::Visit;

const PARTS: &[&str] = &["now", "what", "private", "people", "accessible"];

pub(in crate::web) fn show(visit: &mut Visit<'_>) -> Result<Answer, Problem> {
    let heading = visit.say("hub-help");
    Ok(visit.page(
        &heading,
        &html! {
            div.narrow {
                h1 { (heading) }
                @for part in PARTS {
                    h2 { (visit.say(&format!("hub-help-{part}"))) }
                    p { (visit.say(&format!("hub-help-{part}-text"))) }
                }
            }
        },
    ))
}
