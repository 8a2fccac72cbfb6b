//! The document is true: what it says is asked, and what comes back is what it says.

use larum_hub_lib::access::{Role, Ruling};
use larum_hub_lib::api;
use serde_json::Value;

use crate::client::{Client, Operation, document, holds, key, operations};
use crate::firms::{AREAS, Firms};

/// The published copy; `LARUM_WRITE_OPENAPI=1` writes it anew.
#[test]
fn the_published_document_is_the_one_generated() {
    let file = concat!(
        env!("CARGO_MANIFEST_DIR"),
        "/../../docs/operator/openapi.json"
    );
    let generated = serde_json::to_string_pretty(&api::document()).unwrap() + "\n";
    if std::env::var_os("LARUM_WRITE_OPENAPI").is_some() {
        std::fs::write(file, &generated).unwrap();
    }
    let published = std::fs::read_to_string(file).unwrap();
    assert!(
        published == generated,
        "docs/operator/openapi.json is not what the code says; write it anew with \
         LARUM_WRITE_OPENAPI=1 and read the difference"
    );
    let document: Value = serde_json::from_str(&generated).unwrap();
    assert!(document["openapi"].as_str().unwrap().starts_with("3.1"));
}

#[test]
fn every_operation_is_described_in_full() {
    let document = serde_json::to_value(api::document()).unwrap();
    let mut names = std::collections::BTreeSet::new();
    for operation in operations(&document) {
        let Operation {
            path, described, ..
        } = &operation;
        assert!(
            described["summary"]
                .as_str()
                .is_some_and(|text| text.len() > 10),
            "{path}"
        );
        assert!(names.insert(described["operationId"].to_string()), "{path}");
        let public = operation.action.ruling(None) != Ruling::Deny;
        assert_eq!(
            described["security"][0].as_object().unwrap().is_empty(),
            public,
            "{path}"
        );
        if !public {
            for status in ["400", "401", "403", "404", "429", "500"] {
                assert!(
                    described["responses"][status].is_object(),
                    "{path} {status}"
                );
            }
        }
    }
    assert!(names.len() >= 19);
}

/// The operation's path with something that is there.
fn filled(operation: &Operation, firms: &Firms, warning: u64) -> String {
    let id = if operation.path.starts_with("/members") {
        firms.members[0].to_string()
    } else if operation.path.starts_with("/own") {
        warning.to_string()
    } else {
        "1".to_owned()
    };
    operation.path.replace("{id}", &id)
}

#[tokio::test(flavor = "multi_thread")]
async fn every_operation_answers_every_role_as_the_matrix_and_the_document_say() {
    let firms = Firms::with_a_wave().await;
    let document = document(&firms).await;
    let operations = operations(&document);
    let member = key(&firms, Role::Member, Some(8), None, None);
    let client = Client::new(&firms, Some(&member.text));
    let warning = client.json("/own/warnings").await["items"][0]["id"]
        .as_u64()
        .unwrap();
    let mut callers = vec![(None, None), (Some(Role::Member), Some(member))];
    for role in Role::ALL.into_iter().filter(|role| *role != Role::Member) {
        let firm = role.of_firm().then_some(8);
        let area = (role == Role::Officer).then_some(AREAS[0]);
        callers.push((Some(role), Some(key(&firms, role, firm, area, None))));
    }
    for operation in &operations {
        let path = filled(operation, &firms, warning);
        for (role, key) in &callers {
            let client = Client::new(&firms, key.as_ref().map(|key| key.text.as_str()));
            let answer = client.send(&operation.method, &path, &[]).await;
            let expected = match (operation.action.ruling(*role), role) {
                (Ruling::Deny, None) => 401,
                // The key was made for all that the role may do; this is not among it.
                // Nor are there rows without names for programs.
                (Ruling::Deny | Ruling::Masked, Some(_)) => 403,
                // Whoever looks after firms chooses one in a browser; a program has none.
                (Ruling::Own, Some(Role::Provider)) if answer.status() == 404 => 404,
                // The firm in the path is of a region that shares none.
                (Ruling::Shared, _) if path.contains("/members/") => 404,
                _ => 200,
            };
            let said = answer.body();
            assert_eq!(answer.status(), expected, "{role:?} {path}: {said}");
            let kind = answer.headers()["content-type"].to_str().unwrap();
            let described = &operation.described["responses"][expected.to_string()];
            let schema = &described["content"][kind]["schema"];
            assert!(schema.is_object(), "{path} {expected} {kind}");
            let value: Value = serde_json::from_str(said).unwrap();
            if operation.path != "/openapi.json" || expected != 200 {
                holds(&document, schema, &value, &path);
            }
            assert_eq!(answer.headers()["x-content-type-options"], "nosniff");
        }
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn a_problem_names_its_code_and_what_to_do() {
    let firms = Firms::with_a_wave().await;
    let document = document(&firms).await;
    let told = Client::new(&firms, None).json("/problems").await;
    assert_eq!(told.as_array().unwrap().len(), api::Code::ALL.len());
    let member = key(&firms, Role::Member, Some(0), None, None);
    let client = Client::new(&firms, Some(&member.text));
    for (method, path, status, code) in [
        ("GET", "/own/sightings?limit=0", 400, "wrong-parameter"),
        ("GET", "/own/sightings?limt=1", 400, "wrong-parameter"),
        (
            "GET",
            "/own/sightings?limit=1&limit=2",
            400,
            "wrong-parameter",
        ),
        ("GET", "/own/sightings?cursor=x", 400, "wrong-parameter"),
        ("GET", "/own/warnings/999", 404, "not-found"),
        (
            "GET",
            "/own/warnings/18446744073709551615",
            404,
            "not-found",
        ),
        ("PUT", "/own/warnings/999/acknowledgement", 404, "not-found"),
        ("GET", "/own/warnings/x", 404, "not-found"),
        ("GET", "/nothing", 404, "not-found"),
        ("DELETE", "/own/warnings", 405, "wrong-method"),
        ("GET", "/threats", 403, "not-for-key"),
    ] {
        let answer = client.send(method, path, &[]).await;
        assert_eq!(answer.status(), status, "{path}");
        assert_eq!(answer.headers()["content-type"], "application/problem+json");
        let problem: Value = serde_json::from_str(answer.body()).unwrap();
        assert_eq!(problem["code"], code, "{path}");
        assert_eq!(problem["status"], status, "{path}");
        holds(
            &document,
            &document["components"]["schemas"]["Problem"],
            &problem,
            path,
        );
        if status == 405 {
            assert!(answer.headers()["allow"].to_str().unwrap().contains("GET"));
        }
    }
}
