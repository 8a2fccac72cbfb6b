//! The local page as a browser gets it: every page answers, says everything in words, and answers
//! nobody who asks for it under a foreign name.
#![expect(clippy::unwrap_used, reason = "a test fails by panicking")]

mod rig;

use std::io::{Read as _, Write as _};
use std::net::{SocketAddr, TcpStream, UdpSocket};

use larum_collector::board::Trouble;
use larum_collector::config::Transport;
use larum_collector::reason::{Closed, Dropped};
use larum_core::finding::{AttackOutcome, Category};
use larum_core::reject::Reject;
use larum_core::sighting::Withheld;
use larum_core::words::Words;
use larum_link::clock::Clock;
use larum_link::wire::WireWarning;
use rig::{Started, config, failed};

fn get(address: SocketAddr, path: &str, host: &str) -> String {
    let mut stream = TcpStream::connect(address).unwrap();
    write!(
        stream,
        "GET {path} HTTP/1.1\r\nHost: {host}\r\nConnection: close\r\n\r\n"
    )
    .unwrap();
    let mut answer = String::new();
    stream.read_to_string(&mut answer).unwrap();
    answer
}

/// The message of `line` in a record of this moment: what is long over is nothing to do today.
fn just_now(line: &str) -> String {
    let (_, message) = line.split_once("]: ").unwrap();
    format!(
        "<38>1 {} gate sshd 811 - - {message}",
        Clock::system().now()
    )
}

/// The guessing and the log-in after it are one thing to do, told step by step.
fn tells_the_break_in_as_one_story(home: &str) {
    assert!(home.contains("logged in at"), "{home}");
    assert_eq!(home.matches("Step by step").count(), 1, "{home}");
    let steps = home.split("Step by step").nth(1).unwrap();
    let steps = steps.split("</ol>").next().unwrap();
    assert_eq!(steps.matches("<li>").count(), 2, "{steps}");
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn every_page_answers_in_words_and_escapes_what_devices_say() {
    let folder = tempfile::tempdir().unwrap();
    let started = Started::new(config(folder.path()), Clock::system()).await;
    let page = started.running.page_addr.unwrap();
    let host = page.to_string();
    let quiet = get(page, "/", &host);
    assert!(quiet.contains("Nothing has been received yet"), "{quiet}");

    let sender = UdpSocket::bind("127.0.0.1:0").unwrap();
    for attempt in 0..30 {
        let line = failed(attempt).replace("user admin", "user <script>alert(1)</script>");
        let datagram = just_now(&line);
        sender
            .send_to(datagram.as_bytes(), started.address(Transport::Udp))
            .unwrap();
    }
    let got_in = failed(30)
        .replace("Failed", "Accepted")
        .replace("invalid user ", "");
    for record in [just_now(&got_in), "who are you".to_owned()] {
        let sent = sender.send_to(record.as_bytes(), started.address(Transport::Udp));
        assert_eq!(sent.unwrap(), record.len());
    }
    started.until_received(32).await;
    let now = Clock::system().now();
    started.running.board.lock().warn(
        WireWarning {
            id: 1,
            issued: now.as_millis(),
            expires: now.plus_seconds(60).as_millis(),
            severity: "high".into(),
            key: "tcp/22".into(),
            title: "A wave is coming".into(),
            why: "Because.".into(),
            actions: vec!["Close the door.".into()],
            indicators: Vec::new(),
        },
        now,
    );
    for path in ["/", "/findings", "/devices", "/leaves", "/nothing-here"] {
        let answer = get(page, path, &host);
        assert!(!answer.contains('«'), "{path} lacks words: {answer}");
        assert!(!answer.contains("<script"), "{path}: {answer}");
        assert!(answer.contains("content-security-policy"), "{path}");
        assert_eq!(answer.matches("<h1>").count(), 1, "{path}");
        let expected = if path == "/nothing-here" {
            "404"
        } else {
            "200"
        };
        assert!(
            answer.starts_with(&format!("HTTP/1.1 {expected}")),
            "{answer}"
        );
    }
    let home = get(page, "/", &format!("localhost:{}", page.port()));
    assert!(home.contains("A wave is coming"), "{home}");
    tells_the_break_in_as_one_story(&home);
    assert!(get(page, "/status.json", &host).contains("\"received\":32"));
    let metrics = started.running.metrics_addr.unwrap();
    let text = get(metrics, "/metrics", &metrics.to_string());
    assert!(text.contains("larum_records_received_total 32"), "{text}");

    for foreign in ["evil.example", "evil.example:80", "10.0.0.1"] {
        let answer = get(page, "/", foreign);
        assert!(answer.starts_with("HTTP/1.1 421"), "{answer}");
        assert!(!answer.contains("wave"), "{answer}");
    }
    let answer = get(page, "/style.css", &host);
    assert!(answer.contains("text/css"), "{answer}");
    started.stop().await;
}

#[test]
fn every_reason_has_its_words() {
    let words = Words::of("en").unwrap();
    let ids = Reject::ALL
        .iter()
        .map(|one| format!("rejected-{}", one.code()))
        .chain(
            Dropped::ALL
                .iter()
                .map(|one| format!("dropped-{}", one.code())),
        )
        .chain(Withheld::ALL.iter().map(|one| format!("withheld-{one}")))
        .chain(
            Closed::ALL
                .iter()
                .map(|one| format!("closed-{}", one.code())),
        )
        .chain(
            Trouble::ALL
                .iter()
                .map(|one| format!("trouble-{}", one.code())),
        )
        .chain(Category::ALL.iter().map(|one| format!("category-{one}")))
        .chain(
            AttackOutcome::ALL
                .iter()
                .map(|one| format!("page-outcome-{one}")),
        );
    for id in ids {
        assert!(words.has(&id), "no words for {id}");
    }
}
