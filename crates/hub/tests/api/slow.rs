//! Callers who are slow, silent or talk nonsense hold nobody up.

use std::net::SocketAddr;
use std::time::Duration;

use axum::Router;
use axum::routing::{get, post};
use larum_hub_lib::door::{self, Patience};
use tokio::io::{AsyncReadExt as _, AsyncWriteExt as _};
use tokio::net::{TcpListener, TcpStream};
use tokio::sync::watch;
use tokio::task::JoinHandle;

/// Longer than anything here may take; reached only when a test fails.
const PATIENCE: Duration = Duration::from_secs(60);
/// Places at the door.
const PLACES: usize = 4;

struct Door {
    address: SocketAddr,
    stop: watch::Sender<bool>,
    task: JoinHandle<()>,
}

async fn door(router: Router) -> Door {
    let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
    let address = listener.local_addr().unwrap();
    let (stop, stopping) = watch::channel(false);
    let patience = Patience {
        connections: PLACES,
        head: Duration::from_millis(300),
        answer: Duration::from_millis(600),
        drain: Duration::from_millis(600),
    };
    let task = tokio::spawn(door::serve(listener, router, patience, stopping));
    Door {
        address,
        stop,
        task,
    }
}

fn router() -> Router {
    Router::new()
        .route("/", get(async || "here"))
        .route("/body", post(async |body: String| body.len().to_string()))
}

/// Everything that comes until the other side closes.
async fn until_closed(stream: &mut TcpStream) -> String {
    let mut heard = Vec::new();
    let read = tokio::time::timeout(PATIENCE, stream.read_to_end(&mut heard));
    // A reset is a way to close, too.
    drop(read.await.expect("the door closes in time"));
    String::from_utf8_lossy(&heard).into_owned()
}

async fn asks(address: SocketAddr) -> String {
    let mut stream = TcpStream::connect(address).await.unwrap();
    let request = b"GET / HTTP/1.1\r\nhost: x\r\nconnection: close\r\n\r\n";
    // The door may have no place and close before this is written.
    drop(stream.write_all(request).await);
    until_closed(&mut stream).await
}

#[tokio::test(flavor = "multi_thread")]
async fn a_slow_caller_is_cut_off_and_gives_up_its_place() {
    let door = door(router()).await;
    for begun in [
        "".as_bytes(),
        b"GET / HT",
        b"GET / HTTP/1.1\r\nhost: x\r\nx-slow: ",
        b"POST /body HTTP/1.1\r\nhost: x\r\ncontent-length: 100\r\n\r\nonly this",
        b"POST /body HTTP/1.1\r\nhost: x\r\ntransfer-encoding: chunked\r\n\r\n5\r\nab",
        // The beginning of HTTP/2, and then nothing.
        b"PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n",
        // Answered once, and then nothing.
        b"GET / HTTP/1.1\r\nhost: x\r\n\r\n",
    ] {
        let mut held = Vec::new();
        for _ in 0..PLACES {
            let mut stream = TcpStream::connect(door.address).await.unwrap();
            drop(stream.write_all(begun).await);
            held.push(stream);
        }
        for stream in &mut held {
            until_closed(stream).await;
        }
        // A place is free when the task behind it has ended, which may be a moment later.
        let answered = tokio::time::timeout(PATIENCE, async {
            while !asks(door.address).await.ends_with("here") {}
        });
        answered.await.expect("a place becomes free");
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn nonsense_is_refused_and_the_door_stays_open() {
    let door = door(router()).await;
    let long = format!("GET /{} HTTP/1.1\r\nhost: x\r\n\r\n", "a".repeat(100_000));
    let headers = "a: b\r\n".repeat(200);
    let many = format!("GET / HTTP/1.1\r\nhost: x\r\n{headers}\r\n");
    for sent in [
        b"\x16\x03\x01\x00\xa5\x01\x00\x00\xa1\x03\x03" as &[u8],
        b"\0\0\0\0\0\0\0\0\0\0\0\0",
        b"GET / HTTP/9.9\r\n\r\n",
        b"GET / HTTP/1.1\r\nhost: x\r\nx: a\0b\r\n\r\n",
        b"POST /body HTTP/1.1\r\nhost: x\r\ncontent-length: 5\r\ncontent-length: 6\r\n\r\nabcdef",
        b"POST /body HTTP/1.1\r\nhost: x\r\ncontent-length: -1\r\n\r\n",
        b"POST /body HTTP/1.1\r\nhost: x\r\ntransfer-encoding: chunked\r\n\r\nzzz\r\n",
        long.as_bytes(),
        many.as_bytes(),
    ] {
        let mut stream = TcpStream::connect(door.address).await.unwrap();
        drop(stream.write_all(sent).await);
        let heard = until_closed(&mut stream).await;
        assert!(!heard.starts_with("HTTP/1.1 200"), "{heard}");
        let answered = tokio::time::timeout(PATIENCE, async {
            while !asks(door.address).await.ends_with("here") {}
        });
        answered.await.expect("the door is open");
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn a_request_that_has_begun_is_answered_at_the_stop() {
    let (begun, mut has_begun) = watch::channel(false);
    let (go, may_go) = watch::channel(false);
    let router = Router::new().route(
        "/",
        get(async move || {
            begun.send_replace(true);
            let mut may_go = may_go.clone();
            drop(may_go.wait_for(|go| *go).await);
            "done"
        }),
    );
    let door = door(router).await;
    let asked = tokio::spawn(asks(door.address));
    has_begun.wait_for(|begun| *begun).await.unwrap();
    door.stop.send_replace(true);
    go.send_replace(true);
    assert!(asked.await.unwrap().ends_with("done"));
    tokio::time::timeout(PATIENCE, door.task)
        .await
        .unwrap()
        .unwrap();
}
