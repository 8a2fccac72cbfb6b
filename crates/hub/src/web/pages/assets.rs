//! What is the same for everybody: style, script, mark, and the sign of life for a supervisor.

use crate::store::StoreError;
use crate::web::answer::{Answer, Problem};
use crate::web::visit::Visit;

fn asset(content_type: &'static str, text: &str) -> Answer {
    let mut answer = Answer::of(content_type, text.to_owned());
    answer.public = true;
    answer
}

pub(in crate::web) fn style(_visit: &mut Visit<'_>) -> Result<Answer, Problem> {
    Ok(asset(
        "text/css; charset=utf-8",
        include_str!("../assets/style.css"),
    ))
}

pub(in crate::web) fn live(_visit: &mut Visit<'_>) -> Result<Answer, Problem> {
    Ok(asset(
        "text/javascript; charset=utf-8",
        include_str!("../assets/live.js"),
    ))
}

pub(in crate::web) fn passkey(_visit: &mut Visit<'_>) -> Result<Answer, Problem> {
    Ok(asset(
        "text/javascript; charset=utf-8",
        include_str!("../assets/passkey.js"),
    ))
}

pub(in crate::web) fn mark(_visit: &mut Visit<'_>) -> Result<Answer, Problem> {
    Ok(asset("image/svg+xml", include_str!("../assets/mark.svg")))
}

/// `ok` when the store answers; says nothing about anybody.
pub(in crate::web) fn health(visit: &mut Visit<'_>) -> Result<Answer, Problem> {
    match visit.store().member_count(&visit.scope) {
        Ok(_) | Err(StoreError::NotFound) => {
            Ok(Answer::of("text/plain; charset=utf-8", "ok\n".to_owned()))
        }
        Err(error) => Err(error.into()),
    }
}
