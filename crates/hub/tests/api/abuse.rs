//! Each class of the OWASP API Security Top 10 (2023), tried against the running hub.

use axum::http::Method;
use larum_hub_lib::access::Role;
use larum_hub_lib::id::CollectorId;
use larum_hub_lib::store::api::ApiStore as _;
use larum_hub_lib::store::audit::Audit as _;
use larum_hub_lib::store::ingest::IngestStore as _;
use serde_json::Value;

use crate::client::{Client, document, key, operations};
use crate::firms::{AREAS, Firms};

async fn first_warning(client: &Client) -> u64 {
    let page = client.json("/own/warnings").await;
    page["items"][0]["id"].as_u64().unwrap()
}

#[tokio::test(flavor = "multi_thread")]
async fn api1_broken_object_level_authorization() {
    let firms = Firms::with_a_wave().await;
    let (one, other) = (
        key(&firms, Role::Member, Some(8), None, None),
        key(&firms, Role::Member, Some(9), None, None),
    );
    let (one, other) = (
        Client::new(&firms, Some(&one.text)),
        Client::new(&firms, Some(&other.text)),
    );
    let (mine, theirs) = (first_warning(&one).await, first_warning(&other).await);
    assert_ne!(mine, theirs);
    let path = format!("/own/warnings/{theirs}");
    assert_eq!(one.get(&path).await.status(), 404);
    let path = format!("{path}/acknowledgement");
    assert_eq!(one.send("PUT", &path, &[]).await.status(), 404);
    let page = other.json("/own/warnings").await;
    assert!(page["items"][0]["acknowledged"].is_null());
    // An officer of one area asks for a firm of the other: as if it were not there, also in the ledger.
    let officer = key(&firms, Role::Officer, None, Some(AREAS[0]), None);
    let officer = Client::new(&firms, Some(&officer.text));
    for below in ["", "/summary", "/sightings", "/collectors", "/warnings"] {
        let path = format!("/members/{}{below}", firms.members[8]);
        assert_eq!(officer.get(&path).await.status(), 404, "{path}");
    }
    let reads = one.json("/own/reads").await;
    assert_eq!(reads["items"], serde_json::json!([]));
}

#[tokio::test(flavor = "multi_thread")]
async fn api2_broken_authentication() {
    let firms = Firms::with_a_wave().await;
    let made = key(&firms, Role::Member, Some(0), None, None);
    let nobody = Client::new(&firms, None);
    let good = format!("Bearer {}", made.text);
    let spelled = good.replace("Bearer", "bearer");
    for fine in [&good, &spelled] {
        let answer = nobody.send("GET", "/key", &[("authorization", fine)]).await;
        assert_eq!(answer.status(), 200, "{fine}");
    }
    let cut = good.get(..good.len() - 1).unwrap();
    let longer = format!("{good}A");
    let lower = format!("Bearer {}", made.text.to_lowercase());
    let bare = made.text.clone();
    let basic = format!("Basic {}", made.text);
    let id = format!("Bearer {}", made.id);
    let huge = format!("Bearer larum_{}", "A".repeat(9_000));
    for bad in [
        cut, &longer, &lower, &bare, &basic, &id, &huge, "Bearer", "Bearer ", "",
    ] {
        let answer = nobody.send("GET", "/key", &[("authorization", bad)]).await;
        assert_eq!(answer.status(), 401, "{bad:.60}");
        assert!(answer.headers().contains_key("www-authenticate"));
    }
    let both = [("authorization", good.as_str()), ("authorization", &good)];
    assert_eq!(nobody.send("GET", "/key", &both).await.status(), 401);
    // Neither in the address, nor as a cookie, nor in another header.
    let path = format!("/key?access_token={}", made.text);
    assert_eq!(nobody.get(&path).await.status(), 401);
    let cookie = format!("larum={}", made.text);
    for (name, value) in [("cookie", cookie.as_str()), ("x-api-key", &made.text)] {
        let answer = nobody.send("GET", "/key", &[(name, value)]).await;
        assert_eq!(answer.status(), 401, "{name}");
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn api3_broken_object_property_level_authorization() {
    let firms = Firms::with_a_wave().await;
    let analyst = key(&firms, Role::Analyst, None, None, None);
    let analyst = Client::new(&firms, Some(&analyst.text));
    let officer = key(&firms, Role::Officer, None, Some(AREAS[0]), None);
    let officer = Client::new(&firms, Some(&officer.text));
    let administrator = key(&firms, Role::Administrator, None, None, None);
    let administrator = Client::new(&firms, Some(&administrator.text));
    // Counts, no names; and of the names no more than the reader's area.
    let list = analyst.get("/threats").await.into_body();
    let id = analyst.json("/threats").await["items"][0]["id"].to_string();
    let seen = analyst.json(&format!("/threats/{id}")).await;
    assert_eq!(seen["members"], serde_json::json!([]));
    let seen = officer.json(&format!("/threats/{id}")).await;
    assert!(!seen["members"].as_array().unwrap().is_empty());
    for member in seen["members"].as_array().unwrap() {
        assert_eq!(member["member"]["area"], AREAS[0]);
        let name = member["member"]["name"].as_str().unwrap();
        assert!(!list.contains(name));
    }
    // Whoever runs the hub sees when a collector was heard, nothing of what it saw.
    let all = administrator.json("/collectors").await;
    for row in all["items"].as_array().unwrap() {
        assert!(row.get("health").is_none() && row.get("heartbeat").is_none());
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn api4_unrestricted_resource_consumption() {
    let firms = Firms::with_a_wave().await;
    let busy = key(&firms, Role::Member, Some(0), None, None);
    let calm = key(&firms, Role::Member, Some(1), None, None);
    let (busy, calm) = (
        Client::new(&firms, Some(&busy.text)),
        Client::new(&firms, Some(&calm.text)),
    );
    assert_eq!(calm.get("/key").await.status(), 200);
    let mut refused = 0;
    // Until it happens, which it must: calls come faster than ten in a second.
    for _ in 0..20_000 {
        let answer = busy.get("/key").await;
        if answer.status() == 429 {
            let wait: u32 = answer.headers()["retry-after"]
                .to_str()
                .unwrap()
                .parse()
                .unwrap();
            assert!(wait > 0);
            refused += 1;
            break;
        }
    }
    assert_eq!(refused, 1);
    assert_eq!(calm.get("/key").await.status(), 200);
    // Guessing is slowed, and does not shut those out who have a key.
    let mut slowed = false;
    for number in 0..20_000 {
        let guess = format!("larum_{number:043}");
        let answer = Client::new(&firms, Some(&guess)).get("/key").await;
        slowed = answer.status() == 429;
        if slowed {
            break;
        }
        assert_eq!(answer.status(), 401);
    }
    assert!(slowed);
    assert_eq!(calm.get("/key").await.status(), 200);
    for path in ["/own/sightings?limit=101", "/own/summary?days=93"] {
        assert_eq!(calm.get(path).await.status(), 400, "{path}");
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn api5_broken_function_level_authorization() {
    let firms = Firms::with_a_wave().await;
    let member = key(&firms, Role::Member, Some(0), None, None);
    let member = Client::new(&firms, Some(&member.text));
    for path in ["/collectors", "/members", "/threats", "/threats/1"] {
        for headers in [
            &[] as &[(&str, &str)],
            &[
                ("x-http-method-override", "PUT"),
                ("x-original-url", "/key"),
            ],
        ] {
            assert_eq!(
                member.send("GET", path, headers).await.status(),
                403,
                "{path}"
            );
        }
    }
    // Every other method of every address is refused, whoever asks.
    let document = document(&firms).await;
    for operation in operations(&document) {
        let path = operation.path.replace("{id}", "1");
        for method in [Method::POST, Method::PATCH, Method::DELETE, Method::TRACE] {
            let answer = member.send(method.as_str(), &path, &[]).await;
            assert_eq!(answer.status(), 405, "{method} {path}");
        }
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn api6_unrestricted_access_to_sensitive_business_flows() {
    let firms = Firms::with_a_wave().await;
    let member = key(&firms, Role::Member, Some(8), None, None);
    let client = Client::new(&firms, Some(&member.text));
    let path = format!(
        "/own/warnings/{}/acknowledgement",
        first_warning(&client).await
    );
    let before = firms.store.acts(None, 200).unwrap().len();
    for _ in 0..20 {
        assert_eq!(client.send("PUT", &path, &[]).await.status(), 200);
    }
    assert_eq!(firms.store.acts(None, 200).unwrap().len(), before + 1);
    // No key makes keys: there is no operation that does.
    assert_eq!(firms.store.keys_of(member.person).unwrap().len(), 1);
    assert_eq!(client.send("POST", "/key", &[]).await.status(), 405);
}

#[tokio::test(flavor = "multi_thread")]
async fn api7_server_side_request_forgery() {
    let firms = Firms::with_a_wave().await;
    let document = document(&firms).await;
    // The hub calls nobody on a program's word: no parameter can hold an address, no body is read.
    for operation in operations(&document) {
        assert!(operation.described.get("requestBody").is_none());
        for parameter in operation.described["parameters"]
            .as_array()
            .into_iter()
            .flatten()
        {
            let name = parameter["name"].as_str().unwrap();
            assert!(
                ["id", "limit", "cursor", "days", "closed"].contains(&name),
                "{name}"
            );
            let schema = &parameter["schema"];
            let bounded = schema["type"] != "string" || schema["pattern"].is_string();
            assert!(bounded, "{} {name}", operation.path);
        }
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn api8_security_misconfiguration() {
    let firms = Firms::with_a_wave().await;
    let member = key(&firms, Role::Member, Some(0), None, None);
    let client = Client::new(&firms, Some(&member.text));
    let origin = [("origin", "https://evil.example")];
    for path in [
        "/key",
        "/nothing",
        "/openapi.json",
        "/own/sightings?limit=0",
    ] {
        let answer = client.send("GET", path, &origin).await;
        let headers = answer.headers();
        assert!(
            !headers.contains_key("access-control-allow-origin"),
            "{path}"
        );
        assert!(!headers.contains_key("set-cookie") && !headers.contains_key("server"));
        assert_eq!(headers["x-content-type-options"], "nosniff", "{path}");
        let cache = headers["cache-control"].to_str().unwrap();
        assert!(
            cache.contains("no-cache") || cache.contains("no-store"),
            "{path}"
        );
    }
    // What is sent in comes back in no header, and a fault tells nothing of the inside.
    for path in [
        "/own/warnings/1%0d%0aSet-Cookie:%20a=b",
        "/own/sightings?cursor=%0d%0aSet-Cookie:%20a=b",
        "/members/%27%20OR%201=1--",
        "/own/warnings/1;DROP%20TABLE%20warning",
        "/own/%2e%2e/%2e%2e/health",
        "/own/warnings/%00",
        "/own/warnings/%ff%fe",
    ] {
        let answer = client.get(path).await;
        let status = answer.status().as_u16();
        assert!([400, 403, 404].contains(&status), "{path}: {status}");
        assert!(!answer.headers().contains_key("set-cookie"), "{path}");
        let said = answer.body().to_lowercase();
        for word in ["sql", "panick", "/src/", "rusqlite", "thread"] {
            assert!(!said.contains(word), "{path}: {word}");
        }
    }
    assert_eq!(client.get("/own/summary").await.status(), 200);
}

#[tokio::test(flavor = "multi_thread")]
async fn api9_improper_inventory_management() {
    let firms = Firms::with_a_wave().await;
    let administrator = key(&firms, Role::Administrator, None, None, None);
    let client = Client::new(&firms, Some(&administrator.text));
    for path in [
        "",
        "/",
        "/admin",
        "/people",
        "/metrics",
        "/debug",
        "/docs",
        "/../v0/key",
    ] {
        assert_eq!(client.get(path).await.status(), 404, "{path}");
    }
    // The pages know nothing of keys.
    let answer = client.get("/../../admin").await;
    assert!(answer.status() != 200, "{}", answer.status());
}

#[tokio::test(flavor = "multi_thread")]
async fn api10_unsafe_consumption_of_apis() {
    let firms = Firms::with_a_wave().await;
    let member = key(&firms, Role::Member, Some(0), None, None);
    let client = Client::new(&firms, Some(&member.text));
    // What a collector sent may be anything: it is passed on as what it is, or left out.
    let before = client.json("/own/collectors").await;
    let id = before["items"][0]["id"].as_str().unwrap();
    let collector = CollectorId::parse(id).unwrap();
    let mut beat = before["items"][0]["health"].clone();
    assert!(beat.is_object());
    beat["version"] = Value::from("<script>\u{0}\r\nSet-Cookie: a=b");
    for sent in ["", "null", "[]", "{\"version\":7}", &beat.to_string()] {
        firms.store.heartbeat(collector, sent, firms.now).unwrap();
        let answer = client.get("/own/collectors").await;
        assert_eq!(answer.status(), 200, "{sent}");
        assert!(!answer.headers().contains_key("set-cookie"));
        let body: Value = serde_json::from_str(answer.body()).unwrap();
        assert!(body["items"][0].get("health").is_none(), "{sent}");
    }
}
