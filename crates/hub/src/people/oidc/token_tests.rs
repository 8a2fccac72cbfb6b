//! A provider made of the library's own keys, and everything that can be wrong with what it says.

use aws_lc_rs::signature::{ECDSA_P256_SHA256_FIXED_SIGNING, EcdsaKeyPair, KeyPair as _};
use data_encoding::BASE64URL_NOPAD;
use jsonwebtoken::{EncodingKey, Header};
use proptest::prelude::*;
use serde_json::{Value, json};

use super::*;

const NOW: i64 = 1_800_000_000;
const ISSUER: &str = "https://id.example.org";

struct Signer {
    key: EncodingKey,
    id: String,
    jwk: Value,
}

fn signer(id: &str) -> Signer {
    let pair = EcdsaKeyPair::generate(&ECDSA_P256_SHA256_FIXED_SIGNING).unwrap();
    let point = pair.public_key().as_ref().to_vec();
    let half = |range: std::ops::Range<usize>| BASE64URL_NOPAD.encode(&point[range]);
    let jwk = json!({ "kty": "EC", "crv": "P-256", "use": "sig", "alg": "ES256", "kid": id,
        "x": half(1..33), "y": half(33..65) });
    let der = pair.to_pkcs8v1().unwrap();
    Signer {
        key: EncodingKey::from_ec_der(der.as_ref()),
        id: id.to_owned(),
        jwk,
    }
}

fn claims() -> Value {
    json!({ "iss": ISSUER, "sub": "248289761001", "aud": "larum", "exp": NOW + 300, "iat": NOW,
        "nonce": "n-0S6", "auth_time": NOW - 60, "acr": "phr", "amr": ["hwk", "mfa"], "name": "Sam" })
}

fn signed(signer: &Signer, claims: &Value) -> String {
    let mut header = Header::new(Algorithm::ES256);
    header.kid = Some(signer.id.clone());
    jsonwebtoken::encode(&header, claims, &signer.key).unwrap()
}

fn set(signers: &[&Signer]) -> JwkSet {
    let list: Vec<&Value> = signers.iter().map(|signer| &signer.jwk).collect();
    keys(json!({ "keys": list }).to_string().as_bytes()).unwrap()
}

fn judge(token: &str, keys: &JwkSet) -> Result<String, OidcRefusal> {
    let (acr, amr) = (["phr".to_owned()], ["mfa".to_owned()]);
    let expected = Expected {
        issuer: ISSUER,
        client_id: "larum",
        nonce: "n-0S6",
        acr: &acr,
        amr: &amr,
    };
    check(token, keys, &expected, Timestamp::from_seconds(NOW))
}

#[test]
fn a_token_that_is_right_names_its_subject() {
    let (one, two) = (signer("one"), signer("two"));
    let keys = set(&[&one, &two]);
    for signer in [&one, &two] {
        assert_eq!(
            judge(&signed(signer, &claims()), &keys).as_deref(),
            Ok("248289761001")
        );
    }
    let mut several = claims();
    several["aud"] = json!(["other", "larum"]);
    several["azp"] = json!("larum");
    assert!(judge(&signed(&one, &several), &keys).is_ok());
}

#[test]
fn every_claim_that_is_wrong_is_refused_with_its_reason() {
    use OidcRefusal as No;
    let one = signer("one");
    let keys = set(&[&one]);
    let check = |name: &str, value: Value, expected: OidcRefusal| {
        let mut changed = claims();
        match value {
            Value::Null => drop(changed.as_object_mut().unwrap().remove(name)),
            value => changed[name] = value,
        }
        assert_eq!(
            judge(&signed(&one, &changed), &keys),
            Err(expected),
            "{name} {changed}"
        );
    };
    check(
        "iss",
        json!("https://id.example.org.evil.example"),
        No::Issuer,
    );
    check("iss", json!("https://id.example.org/"), No::Issuer);
    check("iss", Value::Null, No::Token);
    check("aud", json!("another"), No::Audience);
    check("aud", json!([]), No::Audience);
    check("aud", json!(["larum", "another"]), No::Audience);
    check("azp", json!("another"), No::Audience);
    check("exp", json!(NOW - 61), No::Time);
    check("exp", Value::Null, No::Token);
    check("exp", json!("tomorrow"), No::Token);
    check("iat", json!(NOW + 61), No::Time);
    check("iat", json!(NOW - 601), No::Time);
    check("nonce", json!("n-0S7"), No::Nonce);
    check("nonce", Value::Null, No::Nonce);
    check("auth_time", Value::Null, No::Stale);
    check("auth_time", json!(NOW - FRESH_SECONDS - 61), No::Stale);
    check("auth_time", json!(NOW + 61), No::Stale);
    check("auth_time", json!(i64::MAX), No::Stale);
    check("acr", json!("pwd"), No::Assurance);
    check("acr", Value::Null, No::Assurance);
    check("amr", json!(["pwd"]), No::Assurance);
    check("amr", Value::Null, No::Assurance);
    check("sub", json!(""), No::Token);
    check("sub", json!("x".repeat(256)), No::Token);
}

#[test]
fn a_token_signed_otherwise_is_refused() {
    use OidcRefusal as No;
    let (one, stranger) = (signer("one"), signer("one"));
    let keys = set(&[&one]);
    assert_eq!(
        judge(&signed(&stranger, &claims()), &keys),
        Err(No::Signature)
    );
    let unknown = signer("three");
    assert_eq!(
        judge(&signed(&unknown, &claims()), &keys),
        Err(No::Signature)
    );
    let part = |value: &Value| BASE64URL_NOPAD.encode(value.to_string().as_bytes());
    // Not signed at all, in the spellings that have fooled others.
    for none in ["none", "None", "nOnE", ""] {
        let token = format!("{}.{}.", part(&json!({ "alg": none })), part(&claims()));
        assert_eq!(judge(&token, &keys), Err(No::Algorithm), "{none}");
    }
    // The public key as the secret of a shared one.
    let header = Header::new(Algorithm::HS256);
    let public = one.jwk["x"].as_str().unwrap();
    let secret = EncodingKey::from_secret(public.as_bytes());
    let shared = jsonwebtoken::encode(&header, &claims(), &secret).unwrap();
    assert_eq!(judge(&shared, &keys), Err(No::Algorithm));
    // A good token with another's claims, or another's signature.
    let good = signed(&one, &claims());
    let mut other = claims();
    other["sub"] = json!("administrator");
    let pieces: Vec<&str> = good.split('.').collect();
    let swapped = format!("{}.{}.{}", pieces[0], part(&other), pieces[2]);
    assert_eq!(judge(&swapped, &keys), Err(No::Signature));
    // A key that came along in the header is nobody's.
    let brought = json!({ "alg": "ES256", "kid": "one", "jwk": stranger.jwk });
    let theirs = signed(&stranger, &claims());
    let pieces: Vec<&str> = theirs.split('.').collect();
    let token = format!("{}.{}.{}", part(&brought), pieces[1], pieces[2]);
    assert_eq!(judge(&token, &keys), Err(No::Signature));
    // A key for something else, of another algorithm, or one of two that could be it.
    for (field, value) in [("use", "enc"), ("alg", "ES384"), ("crv", "P-384")] {
        let mut changed = one.jwk.clone();
        changed[field] = json!(value);
        let list = json!({ "keys": [changed] }).to_string();
        let odd = super::keys(list.as_bytes()).unwrap();
        assert_eq!(judge(&good, &odd), Err(No::Signature), "{field}");
    }
    let nameless =
        jsonwebtoken::encode(&Header::new(Algorithm::ES256), &claims(), &one.key).unwrap();
    assert!(judge(&nameless, &keys).is_ok());
    assert_eq!(
        judge(&nameless, &set(&[&one, &unknown])),
        Err(No::Signature)
    );
    let odd = super::keys(br#"{"keys":[{"kty":"odd","kid":"one"}]}"#).unwrap();
    assert_eq!(judge(&good, &odd), Err(No::Signature));
    assert!(super::keys(b"[]").is_err());
}

proptest! {
    #[test]
    fn nothing_handed_over_makes_it_fall(text in "\\PC{0,80}", dots in "[A-Za-z0-9_-]{0,40}\\.[A-Za-z0-9_-]{0,40}\\.[A-Za-z0-9_-]{0,40}") {
        let none = JwkSet { keys: Vec::new() };
        prop_assert!(judge(&text, &none).is_err());
        prop_assert!(judge(&dots, &none).is_err());
        prop_assert!(super::keys(text.as_bytes()).is_err());
    }
}
