//! `larum judge`, the real program: what goes in, what comes out, how it ends.
#![expect(clippy::unwrap_used, reason = "a test fails by panicking")]

use std::io::Write as _;
use std::process::{Command, Output, Stdio};

fn judge(what: &str, input: &str) -> Output {
    let mut child = Command::new(env!("CARGO_BIN_EXE_larum"))
        .args(["judge", what, "-"])
        .stdin(Stdio::piped())
        .stdout(Stdio::piped())
        .stderr(Stdio::piped())
        .spawn()
        .unwrap();
    child
        .stdin
        .take()
        .unwrap()
        .write_all(input.as_bytes())
        .unwrap();
    child.wait_with_output().unwrap()
}

#[track_caller]
fn check(what: &str, input: &str, expected: &str) {
    let output = judge(what, input);
    assert_eq!(String::from_utf8(output.stdout).unwrap(), expected);
    assert_eq!(output.status.code(), Some(0));
}

#[test]
fn payloads_are_answered_in_order_with_their_ids() {
    check(
        "payloads",
        "{\"id\":\"a\",\"payload\":\"Anne O'Brien\"}\n\n{\"payload\":\"1' or '1'='1\",\"id\":7,\"label\":\"x\"}\n",
        "{\"id\":\"a\",\"verdict\":\"clean\",\"score\":0,\"categories\":[],\"why\":[]}\n\
         {\"id\":7,\"verdict\":\"suspicious\",\"score\":5,\"categories\":[\"sql\"],\"why\":[\"sql-condition\"]}\n",
    );
}

#[test]
fn requests_are_judged_whole() {
    check(
        "requests",
        r#"{"id":1,"request":{"method":"GET","uri":"/shop?id=4","version":"HTTP/1.1","headers":{"Host":"example.org","Content-Length":0}}}
{"id":2,"request":{"method":"POST","uri":"/","headers":{"Content-Type":"application/json","X-Two":["a","b"]},"body":"{\"h\":\"192.0.2.1;cat /etc/hostname\"}"}}
{"id":3,"request":{}}
"#,
        r#"{"id":1,"verdict":"clean","score":0,"categories":[],"why":[]}
{"id":2,"verdict":"attack","score":10,"categories":["command"],"why":["command-words","command-after-separator"]}
{"id":3,"verdict":"clean","score":0,"categories":[],"why":[]}
"#,
    );
}

#[test]
fn a_bad_line_ends_with_its_number() {
    let output = judge("payloads", "{\"id\":1,\"payload\":\"a\"}\n{\"id\":2}\n");
    assert_eq!(output.status.code(), Some(74));
    assert_eq!(
        output.stdout.iter().filter(|byte| **byte == b'\n').count(),
        1
    );
    let message = String::from_utf8(output.stderr).unwrap();
    assert!(message.contains("line 2"), "{message}");
}
