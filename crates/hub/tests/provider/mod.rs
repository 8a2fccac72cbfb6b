//! A provider of single sign-on that keeps to the standard, unless it is told to lie.

use std::collections::HashMap;
use std::net::SocketAddr;
use std::sync::{Arc, Mutex};

use aws_lc_rs::signature::{ECDSA_P256_SHA256_FIXED_SIGNING, EcdsaKeyPair, KeyPair as _};
use axum::Router;
use axum::extract::State;
use axum::http::{HeaderMap, StatusCode};
use axum::response::{IntoResponse as _, Response};
use axum::routing::{get, post};
use data_encoding::{BASE64, BASE64URL_NOPAD};
use jsonwebtoken::{Algorithm, EncodingKey, Header};
use larum_link::clock::Clock;
use serde_json::{Value, json};
use sha2::{Digest as _, Sha256};

/// What it does wrong with the next answers.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Lie {
    Nothing,
    Nonce,
    None,
    Shared,
    Audience,
    Issuer,
    Expired,
    Forged,
    Weak,
    Stale,
    Huge,
    Garbage,
    Refuses,
}

struct Key {
    id: String,
    secret: Vec<u8>,
    jwk: Value,
}

fn new_key(id: &str) -> Key {
    let pair = EcdsaKeyPair::generate(&ECDSA_P256_SHA256_FIXED_SIGNING).unwrap();
    let point = pair.public_key().as_ref().to_vec();
    let half = |range: std::ops::Range<usize>| BASE64URL_NOPAD.encode(&point[range]);
    let jwk = json!({ "kty": "EC", "crv": "P-256", "use": "sig", "kid": id,
        "x": half(1..33), "y": half(33..65) });
    let der = pair.to_pkcs8v1().unwrap();
    Key {
        id: id.to_owned(),
        secret: der.as_ref().to_vec(),
        jwk,
    }
}

/// What a code stands for.
struct Given {
    subject: String,
    nonce: String,
    challenge: String,
    redirect: String,
}

struct Inside {
    issuer: String,
    key: Key,
    lie: Lie,
    codes: HashMap<String, Given>,
    made: u32,
    asked_for_keys: u32,
}

type Shared = Arc<Mutex<Inside>>;

/// What it sends people back with.
pub struct Answer {
    pub code: String,
    pub state: String,
    pub iss: String,
}

/// The provider.
pub struct Op {
    pub issuer: String,
    inside: Shared,
}

impl Op {
    pub async fn start() -> Self {
        let listener = tokio::net::TcpListener::bind("127.0.0.1:0").await.unwrap();
        let address: SocketAddr = listener.local_addr().unwrap();
        let issuer = format!("http://{address}");
        let inside = Arc::new(Mutex::new(Inside {
            issuer: issuer.clone(),
            key: new_key("one"),
            lie: Lie::Nothing,
            codes: HashMap::new(),
            made: 0,
            asked_for_keys: 0,
        }));
        let router = Router::new()
            .route("/.well-known/openid-configuration", get(metadata))
            .route("/keys", get(keys))
            .route("/token", post(token))
            .with_state(inside.clone());
        let server = axum::serve(listener, router).into_future();
        tokio::spawn(async move { server.await.unwrap() });
        Self { issuer, inside }
    }

    pub fn tell(&self, lie: Lie) {
        self.inside.lock().unwrap().lie = lie;
    }

    pub fn rotate(&self) {
        self.inside.lock().unwrap().key = new_key("two");
    }

    pub fn asked_for_keys(&self) -> u32 {
        self.inside.lock().unwrap().asked_for_keys
    }

    /// What its page of authorization does once `subject` has signed in there.
    pub fn answer(&self, location: &str, subject: &str) -> Answer {
        let url = url::Url::parse(location).unwrap();
        assert!(
            location.starts_with(&format!("{}/authorize?", self.issuer)),
            "{location}"
        );
        let asked: HashMap<String, String> = url.query_pairs().into_owned().collect();
        assert_eq!(asked["response_type"], "code");
        assert_eq!(asked["client_id"], "larum");
        assert_eq!(asked["code_challenge_method"], "S256");
        assert_eq!(asked["max_age"], "900");
        assert_eq!(asked["acr_values"], "phr");
        assert!(asked["scope"].split(' ').any(|scope| scope == "openid"));
        let mut inside = self.inside.lock().unwrap();
        inside.made += 1;
        let code = format!("code-{}", inside.made);
        let given = Given {
            subject: subject.to_owned(),
            nonce: asked["nonce"].clone(),
            challenge: asked["code_challenge"].clone(),
            redirect: asked["redirect_uri"].clone(),
        };
        inside.codes.insert(code.clone(), given);
        Answer {
            code,
            state: asked["state"].clone(),
            iss: self.issuer.clone(),
        }
    }
}

async fn metadata(State(shared): State<Shared>) -> String {
    let issuer = shared.lock().unwrap().issuer.clone();
    json!({
        "issuer": issuer,
        "authorization_endpoint": format!("{issuer}/authorize"),
        "token_endpoint": format!("{issuer}/token"),
        "jwks_uri": format!("{issuer}/keys"),
        "end_session_endpoint": format!("{issuer}/end"),
        "authorization_response_iss_parameter_supported": true,
    })
    .to_string()
}

async fn keys(State(shared): State<Shared>) -> String {
    let mut inside = shared.lock().unwrap();
    inside.asked_for_keys += 1;
    json!({ "keys": [inside.key.jwk, { "kty": "strange", "kid": "x" }] }).to_string()
}

/// Gives a token for a code: once, to the client with its secret, for the verifier of its challenge.
async fn token(State(shared): State<Shared>, headers: HeaderMap, body: String) -> Response {
    let form: HashMap<String, String> = url::form_urlencoded::parse(body.as_bytes())
        .into_owned()
        .collect();
    let login = BASE64.encode(b"larum:swordfish%20%26%20more");
    assert_eq!(
        headers["authorization"].to_str().unwrap(),
        format!("Basic {login}")
    );
    assert!(!form.contains_key("client_secret"));
    assert_eq!(form["grant_type"], "authorization_code");
    let mut inside = shared.lock().unwrap();
    let Some(given) = inside.codes.remove(&form["code"]) else {
        return StatusCode::BAD_REQUEST.into_response();
    };
    let proved = BASE64URL_NOPAD.encode(&Sha256::digest(form["code_verifier"].as_bytes()));
    assert_eq!(proved, given.challenge);
    assert_eq!(form["redirect_uri"], given.redirect);
    match inside.lie {
        Lie::Refuses => return StatusCode::BAD_REQUEST.into_response(),
        Lie::Huge => return "x".repeat(300 * 1_024).into_response(),
        Lie::Garbage => return "{\"id_token\": 3}".into_response(),
        _ => {}
    }
    let token = inside.token(&given);
    json!({ "access_token": "x", "token_type": "Bearer", "id_token": token })
        .to_string()
        .into_response()
}

impl Inside {
    fn token(&self, given: &Given) -> String {
        let now = Clock::system().now().as_seconds();
        let mut claims = json!({
            "iss": self.issuer, "sub": given.subject, "aud": "larum", "exp": now + 300, "iat": now,
            "nonce": given.nonce, "auth_time": now - 30, "acr": "phr", "amr": ["pwd", "mfa"],
            "email": "administrator@example.org", "email_verified": true,
        });
        match self.lie {
            Lie::Nonce => claims["nonce"] = json!("another"),
            Lie::Audience => claims["aud"] = json!("another"),
            Lie::Issuer => claims["iss"] = json!("https://id.example.org"),
            Lie::Expired => claims["exp"] = json!(now - 120),
            Lie::Weak => claims["amr"] = json!(["pwd"]),
            Lie::Stale => claims["auth_time"] = json!(now - 3_600),
            _ => {}
        }
        let part = |value: &Value| BASE64URL_NOPAD.encode(value.to_string().as_bytes());
        let mut header = Header::new(Algorithm::ES256);
        header.kid = Some(self.key.id.clone());
        match self.lie {
            Lie::None => format!("{}.{}.", part(&json!({ "alg": "none" })), part(&claims)),
            Lie::Shared => {
                let public = self.key.jwk["x"].as_str().unwrap();
                let secret = EncodingKey::from_secret(public.as_bytes());
                jsonwebtoken::encode(&Header::new(Algorithm::HS256), &claims, &secret).unwrap()
            }
            Lie::Forged => {
                let stranger = EncodingKey::from_ec_der(&new_key("one").secret);
                jsonwebtoken::encode(&header, &claims, &stranger).unwrap()
            }
            _ => {
                let key = EncodingKey::from_ec_der(&self.key.secret);
                jsonwebtoken::encode(&header, &claims, &key).unwrap()
            }
        }
    }
}
