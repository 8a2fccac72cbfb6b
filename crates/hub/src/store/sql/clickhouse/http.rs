//! Asking ClickHouse over HTTP: a statement and rows there, rows back.

use std::time::Duration;

use axum::body::Bytes;
use axum::http::header::HOST;
use axum::http::{Method, Request, StatusCode};
use http_body_util::{BodyExt as _, Full, Limited};
use hyper_util::rt::TokioIo;
use tokio::io::{AsyncRead, AsyncWrite};
use tokio::net::TcpStream;

use super::ClickHouse;
use crate::people::oidc::fetch::form;
use crate::store::StoreError;

/// Largest answer read, in bytes.
const MAX_ANSWER_BYTES: usize = 256 << 20;
/// How long connecting may take.
const CONNECT_PATIENCE: Duration = Duration::from_secs(5);
/// How long a statement may take; rewriting a table without an erased firm takes longest.
pub(super) const PATIENCE: Duration = Duration::from_secs(600);
/// How long what a page shows may take: whoever waits longer is told to come back, and gives the
/// database session back that it holds meanwhile.
pub(super) const PAGE_PATIENCE: Duration = Duration::from_secs(30);
/// Settings of every statement: it may be long (16 MiB), the answer is sent when all of it is there, an
/// insert may touch many partitions (late batches do), what is deleted is gone when the call returns,
/// what a table should show once is looked for within its partition, and what is grouped as it is sorted
/// is grouped without holding it all.
const SETTINGS: &[(&str, &str)] = &[
    ("wait_end_of_query", "1"),
    ("max_query_size", "16777216"),
    ("max_partitions_per_insert_block", "0"),
    ("mutations_sync", "2"),
    ("do_not_merge_across_partitions_select_final", "1"),
    ("optimize_aggregation_in_order", "1"),
];

impl ClickHouse {
    /// Sends `sql`, in the address when `rows` follow it, and waits for `patience` at most. Blocks: not to be called within an
    /// asynchronous task.
    pub(super) fn ask_at_once(
        &self,
        sql: &str,
        rows: Vec<u8>,
        patience: Duration,
    ) -> Result<Bytes, StoreError> {
        let runtime = tokio::runtime::Builder::new_current_thread()
            .enable_all()
            .build()
            .map_err(|error| StoreError::Engine(error.into()))?;
        runtime.block_on(async {
            tokio::time::timeout(patience, self.exchange(sql, rows))
                .await
                .unwrap_or_else(|_| Err(away("no answer in time")))
        })
    }

    async fn exchange(&self, sql: &str, rows: Vec<u8>) -> Result<Bytes, StoreError> {
        let target = (self.place.bare(), self.place.port());
        let stream = tokio::time::timeout(CONNECT_PATIENCE, TcpStream::connect(target))
            .await
            .map_err(|_| away("no connection in time"))?
            .map_err(|error| StoreError::Unavailable(error.into()))?;
        let Some(tls) = &self.tls else {
            return self.speak(stream, sql, rows).await;
        };
        let stream = tokio::time::timeout(CONNECT_PATIENCE, tls.connect(self.place.bare(), stream))
            .await
            .map_err(|_| away("no TLS in time"))??;
        self.speak(stream, sql, rows).await
    }

    async fn speak<S: AsyncRead + AsyncWrite + Unpin + Send + 'static>(
        &self,
        stream: S,
        sql: &str,
        rows: Vec<u8>,
    ) -> Result<Bytes, StoreError> {
        let lost = |error: hyper::Error| StoreError::Unavailable(error.into());
        let (mut sender, connection) = hyper::client::conn::http1::handshake(TokioIo::new(stream))
            .await
            .map_err(lost)?;
        let driven = tokio::spawn(connection);
        let mut pairs = vec![("database", self.database.as_str())];
        pairs.extend_from_slice(SETTINGS);
        let body = if rows.is_empty() {
            Bytes::copy_from_slice(sql.as_bytes())
        } else {
            pairs.push(("query", sql));
            Bytes::from(rows)
        };
        let host = format!("{}:{}", self.place.host(), self.place.port());
        let password = self.server.password.as_deref().unwrap_or_default();
        let request = Request::builder()
            .method(Method::POST)
            .uri(format!("/?{}", form(&pairs)))
            .header(HOST, host)
            .header("X-ClickHouse-User", &self.server.user)
            .header("X-ClickHouse-Key", password)
            .body(Full::new(body))
            .map_err(|error| StoreError::Engine(error.into()))?;
        let answer = sender.send_request(request).await.map_err(lost)?;
        let status = answer.status();
        let code = answer
            .headers()
            .get("X-ClickHouse-Exception-Code")
            .and_then(|code| code.to_str().ok())
            .and_then(|code| code.parse::<u32>().ok());
        let body = Limited::new(answer.into_body(), MAX_ANSWER_BYTES)
            .collect()
            .await
            .map_err(StoreError::Unavailable)?
            .to_bytes();
        driven.abort();
        // What a refusal says may repeat the statement, and with it what firms sent: only its number
        // is told.
        match (status, code) {
            (StatusCode::OK, None) => Ok(body),
            // A door before a server that is down.
            (
                StatusCode::BAD_GATEWAY
                | StatusCode::SERVICE_UNAVAILABLE
                | StatusCode::GATEWAY_TIMEOUT,
                None,
            ) => Err(away("the server behind the door is down")),
            (status, code) => Err(StoreError::Engine(
                format!(
                    "ClickHouse refused: status {status}, error {}",
                    code.unwrap_or(0)
                )
                .into(),
            )),
        }
    }
}

fn away(why: &'static str) -> StoreError {
    StoreError::Unavailable(why.into())
}
