//! A client made from the document alone: it knows the operations, fills in their parameters, and
//! holds every answer against the shape that the document promises.

use std::net::SocketAddr;

use axum::body::Bytes;
use axum::http::{Request, Response};
use http_body_util::{BodyExt as _, Full};
use hyper_util::rt::TokioIo;
use larum_core::time::{DeviceTime, Timestamp};
use larum_hub_lib::access::{Action, Role};
use larum_hub_lib::id::{KeyId, PersonId};
use larum_hub_lib::keys;
use larum_hub_lib::people::check_person;
use larum_hub_lib::store::audit::Actor;
use larum_hub_lib::store::people::People as _;
use larum_link::clock::Clock;
use serde_json::Value;

use crate::firms::Firms;

/// A key and whose it is.
pub struct Key {
    pub id: KeyId,
    pub person: PersonId,
    pub text: String,
}

/// A person of `role` with a key for `actions`, or for all that the role may do.
pub fn key(
    firms: &Firms,
    role: Role,
    member: Option<usize>,
    area: Option<&str>,
    actions: Option<&[Action]>,
) -> Key {
    key_of_days(
        firms,
        role,
        member,
        area,
        actions,
        30,
        Clock::system().now(),
    )
}

pub fn key_of_days(
    firms: &Firms,
    role: Role,
    member: Option<usize>,
    area: Option<&str>,
    actions: Option<&[Action]>,
    days: u32,
    now: Timestamp,
) -> Key {
    let by = Actor::program("test");
    let person = PersonId::random().unwrap();
    let member = member.map(|place| firms.members[place]);
    let email = format!("{person}@example.org");
    let new = check_person(person, "Robin Hale", &email, role, member, area).unwrap();
    firms.store.add_person(&by, &new, now).unwrap();
    let all: Vec<Action> = keys::possible(role).collect();
    let actions = actions.unwrap_or(&all);
    let store = &*firms.store;
    let (id, text) =
        keys::make(store, &by, person, role, "monitoring", actions, days, now).unwrap();
    Key { id, person, text }
}

/// Calls under one key, or none.
pub struct Client {
    address: SocketAddr,
    key: Option<String>,
}

/// An operation as the document describes it.
#[derive(Clone, Debug)]
pub struct Operation {
    pub method: String,
    pub path: String,
    pub action: Action,
    pub described: Value,
}

impl Client {
    pub fn new(firms: &Firms, key: Option<&str>) -> Self {
        Self {
            address: firms.address,
            key: key.map(str::to_owned),
        }
    }

    pub async fn get(&self, path: &str) -> Response<String> {
        self.send("GET", path, &[]).await
    }

    pub async fn json(&self, path: &str) -> Value {
        let answer = self.get(path).await;
        assert_eq!(answer.status(), 200, "{path}: {}", answer.body());
        serde_json::from_str(answer.body()).unwrap()
    }

    /// Sends, with these headers besides.
    pub async fn send(
        &self,
        method: &str,
        path: &str,
        headers: &[(&str, &str)],
    ) -> Response<String> {
        let mut request = Request::builder()
            .method(method)
            .uri(format!("/api/v1{path}"))
            .header("host", "hub.example.org");
        for (name, value) in headers {
            request = request.header(*name, *value);
        }
        if let Some(key) = &self.key {
            request = request.header("authorization", format!("Bearer {key}"));
        }
        let request = request.body(Full::new(Bytes::new())).unwrap();
        let stream = tokio::net::TcpStream::connect(self.address).await.unwrap();
        let (mut sender, connection) = hyper::client::conn::http1::handshake(TokioIo::new(stream))
            .await
            .unwrap();
        tokio::spawn(connection);
        let (parts, body) = sender.send_request(request).await.unwrap().into_parts();
        let body = body.collect().await.unwrap().to_bytes();
        Response::from_parts(parts, String::from_utf8(body.to_vec()).unwrap())
    }
}

/// The document, fetched from the hub.
pub async fn document(firms: &Firms) -> Value {
    Client::new(firms, None).json("/openapi.json").await
}

/// Every operation in it.
pub fn operations(document: &Value) -> Vec<Operation> {
    let mut found = Vec::new();
    for (path, methods) in document["paths"].as_object().unwrap() {
        for (method, described) in methods.as_object().unwrap() {
            let action = described["x-larum-action"].as_str().unwrap();
            found.push(Operation {
                method: method.to_uppercase(),
                path: path.clone(),
                action: Action::from_word(action).unwrap(),
                described: described.clone(),
            });
        }
    }
    found
}

/// Holds `value` against `schema` as JSON Schema says, as far as the document uses it; a word of JSON
/// Schema that is not known here fails.
pub fn holds(document: &Value, schema: &Value, value: &Value, at: &str) {
    let schema = schema.as_object().unwrap();
    for (word, said) in schema {
        match word.as_str() {
            "$ref" => {
                let name = said.as_str().unwrap().rsplit('/').next().unwrap();
                holds(
                    document,
                    &document["components"]["schemas"][name],
                    value,
                    at,
                );
            }
            "type" => assert!(
                is(said.as_str().unwrap(), value),
                "{at}: {value} is no {said}"
            ),
            "properties" => {
                let properties = said.as_object().unwrap();
                for (key, inner) in value.as_object().unwrap() {
                    let described = properties.get(key);
                    let described = described.unwrap_or_else(|| panic!("{at}: {key} unknown"));
                    holds(document, described, inner, &format!("{at}.{key}"));
                }
            }
            "required" => {
                for key in said.as_array().unwrap() {
                    assert!(value.get(key.as_str().unwrap()).is_some(), "{at}: no {key}");
                }
            }
            "items" => {
                for (index, item) in value.as_array().unwrap().iter().enumerate() {
                    holds(document, said, item, &format!("{at}[{index}]"));
                }
            }
            "additionalProperties" => {
                for (key, inner) in value.as_object().unwrap() {
                    holds(document, said, inner, &format!("{at}.{key}"));
                }
            }
            "enum" => assert!(said.as_array().unwrap().contains(value), "{at}: {value}"),
            "minimum" => assert!(value.as_f64().unwrap() >= said.as_f64().unwrap(), "{at}"),
            "maximum" => assert!(value.as_f64().unwrap() <= said.as_f64().unwrap(), "{at}"),
            "format" if said == "date-time" => {
                let text = value.as_str().unwrap();
                assert!(
                    DeviceTime::parse_rfc3339(text.as_bytes()).is_some(),
                    "{at}: {text}"
                );
            }
            "description" | "example" | "format" | "propertyNames" => {}
            other => panic!("{at}: {other} is not understood"),
        }
    }
}

fn is(kind: &str, value: &Value) -> bool {
    match kind {
        "object" => value.is_object(),
        "array" => value.is_array(),
        "string" => value.is_string(),
        "integer" => value.is_u64() || value.is_i64(),
        "number" => value.is_number(),
        "boolean" => value.is_boolean(),
        other => panic!("{other}"),
    }
}
