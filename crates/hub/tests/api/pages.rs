//! Pages follow each other without a gap, tags save the body, and reads stand in the ledger.

use std::collections::BTreeSet;

use larum_hub_lib::access::Role;
use serde_json::Value;

use crate::client::{Client, key};
use crate::firms::{AREAS, Firms};

/// All items of a list, `limit` at a time; as many calls as `most` at most.
async fn walk(client: &Client, path: &str, limit: u32, id: fn(&Value) -> String) -> Vec<String> {
    let (mut found, mut cursor) = (Vec::new(), String::new());
    for _ in 0..200 {
        let page = client.json(&format!("{path}?limit={limit}{cursor}")).await;
        found.extend(page["items"].as_array().unwrap().iter().map(id));
        match page["next"].as_str() {
            Some(next) => cursor = format!("&cursor={next}"),
            None => return found,
        }
    }
    panic!("the list has no end");
}

#[tokio::test(flavor = "multi_thread")]
async fn pages_follow_each_other_without_gap_or_double() {
    let firms = Firms::with_a_wave().await;
    let member = key(&firms, Role::Member, Some(0), None, None);
    let member = Client::new(&firms, Some(&member.text));
    let analyst = key(&firms, Role::Analyst, None, None, None);
    let analyst = Client::new(&firms, Some(&analyst.text));
    let administrator = key(&firms, Role::Administrator, None, None, None);
    let administrator = Client::new(&firms, Some(&administrator.text));
    let of = |value: &Value| value["id"].to_string();
    let of_member = |value: &Value| value["member"]["id"].to_string();
    for (client, path, id) in [
        (&member, "/own/sightings", of as fn(&Value) -> String),
        (&member, "/own/warnings", of),
        (&analyst, "/members", of_member),
        (&member, "/own/reads", of),
        (&analyst, "/threats", of),
        (&administrator, "/collectors", of),
    ] {
        let whole = walk(client, path, 50, id).await;
        let unique: BTreeSet<&String> = whole.iter().collect();
        assert_eq!(unique.len(), whole.len(), "{path}");
        for limit in [1, 3] {
            assert_eq!(walk(client, path, limit, id).await, whole, "{path} {limit}");
        }
    }
    assert_eq!(
        walk(&analyst, "/members", 4, of_member).await.len(),
        firms.members.len()
    );
    assert!(walk(&member, "/own/sightings", 2, of).await.len() > 3);
    assert!(walk(&administrator, "/collectors", 2, of).await.len() > 3);
}

#[tokio::test(flavor = "multi_thread")]
async fn a_tag_saves_the_body_and_changes_with_it() {
    let firms = Firms::with_a_wave().await;
    let member = key(&firms, Role::Member, Some(8), None, None);
    let client = Client::new(&firms, Some(&member.text));
    let first = client.get("/own/warnings").await;
    let tag = first.headers()["etag"].to_str().unwrap();
    let again = client
        .send("GET", "/own/warnings", &[("if-none-match", tag)])
        .await;
    assert_eq!(again.status(), 304);
    assert_eq!(again.body(), "");
    assert_eq!(again.headers()["etag"], tag);
    let listed = format!("\"other\", W/{tag}");
    let again = client
        .send("GET", "/own/warnings", &[("if-none-match", &listed)])
        .await;
    assert_eq!(again.status(), 304);
    let page: Value = serde_json::from_str(first.body()).unwrap();
    let warning = page["items"][0]["id"].as_u64().unwrap();
    assert!(page["items"][0]["acknowledged"].is_null());
    let path = format!("/own/warnings/{warning}/acknowledgement");
    let word = client.send("PUT", &path, &[]).await;
    assert_eq!(word.status(), 200, "{}", word.body());
    let changed = client
        .send("GET", "/own/warnings", &[("if-none-match", tag)])
        .await;
    assert_eq!(changed.status(), 200);
    // Doing it again keeps the first time.
    let twice = client.send("PUT", &path, &[]).await;
    assert_eq!(twice.body(), word.body());
    let one = client.json(&format!("/own/warnings/{warning}")).await;
    let word: Value = serde_json::from_str(word.body()).unwrap();
    assert_eq!(one["acknowledged"], word["at"]);
}

#[tokio::test(flavor = "multi_thread")]
async fn known_exploited_weaknesses_are_told_with_a_threat() {
    let firms = Firms::with_a_wave().await;
    let officer = key(&firms, Role::Officer, None, Some(AREAS[0]), None);
    let officer = Client::new(&firms, Some(&officer.text));
    let threat = officer.json("/threats/1").await;
    let expected = serde_json::json!([{
        "cve": "CVE-2026-1001", "vendor": "Microsoft", "product": "Remote Desktop Services",
        "name": "An invented hole", "action": "Put the maker's update in.", "due": "2026-11-22",
        "ransomware": true,
    }]);
    assert_eq!(threat["exploited"]["weaknesses"], expected, "{threat}");
    assert_eq!(threat["sources"][0]["country"], "FR", "{threat}");
}

#[tokio::test(flavor = "multi_thread")]
async fn a_read_by_an_officers_program_stands_in_the_firms_ledger() {
    let firms = Firms::with_a_wave().await;
    let officer = key(&firms, Role::Officer, None, Some(AREAS[0]), None);
    let officer = Client::new(&firms, Some(&officer.text));
    let member = key(&firms, Role::Member, Some(2), None, None);
    let member = Client::new(&firms, Some(&member.text));
    assert_eq!(
        member.json("/own/reads").await["items"],
        serde_json::json!([])
    );
    let path = format!("/members/{}/sightings", firms.members[2]);
    officer.json(&path).await;
    let reads = member.json("/own/reads").await;
    let read = &reads["items"][0];
    assert_eq!(read["action"], "member-read");
    assert_eq!(read["role"], "officer");
    assert_eq!(read["subject"], format!("/api/v1{path}"));
    assert_eq!(read["who"], "Robin Hale");
}
