//! The style sheet: system fonts, one column, light and dark, print.

use axum::http::header;
use axum::response::{IntoResponse, Response};

pub(super) async fn serve() -> Response {
    (
        [(header::CONTENT_TYPE, "text/css; charset=utf-8")],
        include_str!("style.css"),
    )
        .into_response()
}
