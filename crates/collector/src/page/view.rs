use super::*;
pub(super) async fn home(State(_s): State<PageState>) -> Response {
    html(maud::html! {})
}
pub(super) async fn findings(State(_s): State<PageState>) -> Response {
    html(maud::html! {})
}
pub(super) async fn devices(State(_s): State<PageState>) -> Response {
    html(maud::html! {})
}
pub(super) async fn leaves(State(_s): State<PageState>) -> Response {
    html(maud::html! {})
}
pub(super) async fn not_found(State(_s): State<PageState>) -> Response {
    html(maud::html! {})
}
