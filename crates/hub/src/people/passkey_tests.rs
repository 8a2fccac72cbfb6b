//! A device made of the library's own keys, and everything that can be wrong with what it says.

use aws_lc_rs::encoding::AsDer as _;
use aws_lc_rs::rand::SystemRandom;
use aws_lc_rs::rsa::KeySize;
use aws_lc_rs::signature::{
    ECDSA_P256_SHA256_ASN1_SIGNING, EcdsaKeyPair, Ed25519KeyPair, KeyPair as _, RSA_PKCS1_SHA256,
    RsaKeyPair,
};
use proptest::prelude::*;

use super::*;

const ORIGIN: &str = "https://hub.example.org";
const CHALLENGE: &str = "Y2hhbGxlbmdl";

enum Keys {
    Es256(EcdsaKeyPair),
    EdDsa(Ed25519KeyPair),
    Rs256(RsaKeyPair),
}

impl Keys {
    fn all() -> [Self; 3] {
        [
            Self::Es256(EcdsaKeyPair::generate(&ECDSA_P256_SHA256_ASN1_SIGNING).unwrap()),
            Self::EdDsa(Ed25519KeyPair::generate().unwrap()),
            Self::Rs256(RsaKeyPair::generate(KeySize::Rsa2048).unwrap()),
        ]
    }

    fn algorithm(&self) -> i32 {
        match self {
            Self::Es256(_) => -7,
            Self::EdDsa(_) => -8,
            Self::Rs256(_) => -257,
        }
    }

    fn public(&self) -> Vec<u8> {
        match self {
            Self::Es256(pair) => pair.public_key().as_der().unwrap().as_ref().to_vec(),
            Self::EdDsa(pair) => pair.public_key().as_der().unwrap().as_ref().to_vec(),
            Self::Rs256(pair) => pair.public_key().as_der().unwrap().as_ref().to_vec(),
        }
    }

    fn sign(&self, message: &[u8]) -> Vec<u8> {
        let random = SystemRandom::new();
        match self {
            Self::Es256(pair) => pair.sign(&random, message).unwrap().as_ref().to_vec(),
            Self::EdDsa(pair) => pair.sign(message).as_ref().to_vec(),
            Self::Rs256(pair) => {
                let mut signature = vec![0; pair.public_modulus_len()];
                pair.sign(&RSA_PKCS1_SHA256, &random, message, &mut signature)
                    .unwrap();
                signature
            }
        }
    }
}

fn site() -> Site {
    Site::of(ORIGIN).unwrap()
}

fn client(ceremony: &str, challenge: &str, origin: &str, more: &str) -> String {
    let json = format!(
        r#"{{"type":"{ceremony}","challenge":"{challenge}","origin":"{origin}"{more},"other_keys_can_be_added_here":1}}"#
    );
    BASE64URL_NOPAD.encode(json.as_bytes())
}

fn device(host: &str, flags: u8, counter: u32, credential: Option<&[u8]>) -> Vec<u8> {
    let mut data = Sha256::digest(host.as_bytes()).to_vec();
    data.push(flags);
    data.extend_from_slice(&counter.to_be_bytes());
    if let Some(credential) = credential {
        data.extend_from_slice(&[0; 16]);
        data.extend_from_slice(&u16::try_from(credential.len()).unwrap().to_be_bytes());
        data.extend_from_slice(credential);
        data.extend_from_slice(&[0xa5; 70]);
    }
    data
}

fn try_make(keys: &Keys, client_data: &str, data: &[u8]) -> Result<NewKey, PasskeyRefusal> {
    made(
        &site(),
        CHALLENGE,
        Made {
            credential: &BASE64URL_NOPAD.encode(b"credential"),
            client_data,
            authenticator_data: &BASE64URL_NOPAD.encode(data),
            public_key: &BASE64URL_NOPAD.encode(&keys.public()),
            algorithm: keys.algorithm(),
        },
    )
}

fn try_sign(
    keys: &Keys,
    counter: u32,
    client_data: &str,
    data: &[u8],
) -> Result<u32, PasskeyRefusal> {
    let mut message = data.to_vec();
    let json = BASE64URL_NOPAD.decode(client_data.as_bytes()).unwrap();
    message.extend_from_slice(&Sha256::digest(&json));
    let known = KnownKey {
        public_key: keys.public(),
        algorithm: keys.algorithm(),
        counter,
    };
    signed(
        &site(),
        CHALLENGE,
        &known,
        Signed {
            credential: "",
            client_data,
            authenticator_data: &BASE64URL_NOPAD.encode(data),
            signature: &BASE64URL_NOPAD.encode(&keys.sign(&message)),
        },
    )
}

#[test]
fn every_kind_of_key_is_made_and_signs() {
    for keys in Keys::all() {
        let create = client("webauthn.create", CHALLENGE, ORIGIN, "");
        let data = device("hub.example.org", 0x5d, 3, Some(b"credential"));
        let key = try_make(&keys, &create, &data).unwrap();
        assert_eq!((key.counter, key.synced), (3, true));
        assert_eq!(key.algorithm, keys.algorithm());
        let get = client("webauthn.get", CHALLENGE, ORIGIN, r#","crossOrigin":false"#);
        let data = device("hub.example.org", 0x05, 4, None);
        assert_eq!(try_sign(&keys, 3, &get, &data), Ok(4));
        let data = device("hub.example.org", 0x05, 0, None);
        assert_eq!(try_sign(&keys, 0, &get, &data), Ok(0), "keeps no counter");
    }
}

#[test]
fn what_is_not_right_is_refused_with_its_reason() {
    use PasskeyRefusal as No;
    let [keys, other, _] = Keys::all();
    let host = "hub.example.org";
    let good = device(host, 0x05, 9, None);
    let get = |origin, more| client("webauthn.get", CHALLENGE, origin, more);
    let check = |client_data: &str, data: &[u8], expected| {
        assert_eq!(try_sign(&keys, 8, client_data, data), Err(expected));
    };
    let fine = get(ORIGIN, "");
    assert_eq!(try_sign(&keys, 8, &fine, &good), Ok(9));
    check(
        &client("webauthn.create", CHALLENGE, ORIGIN, ""),
        &good,
        No::Ceremony,
    );
    check(
        &client("webauthn.get", "b3RoZXI", ORIGIN, ""),
        &good,
        No::Challenge,
    );
    check(
        &get("https://hub.example.org.evil.example", ""),
        &good,
        No::Site,
    );
    check(&get("http://hub.example.org", ""), &good, No::Site);
    check(&get("https://hub.example.org:8443", ""), &good, No::Site);
    check(&get(ORIGIN, r#","crossOrigin":true"#), &good, No::Site);
    check(
        &get(ORIGIN, r#","topOrigin":"https://a.example""#),
        &good,
        No::Site,
    );
    check(&fine, &device("example.org", 0x05, 9, None), No::Site);
    check(&fine, &device(host, 0x04, 9, None), No::NotPresent);
    check(&fine, &device(host, 0x01, 9, None), No::NotVerified);
    check(&fine, &device(host, 0x15, 9, None), No::Unreadable);
    check(&fine, &device(host, 0x05, 8, None), No::Copied);
    check(&fine, &device(host, 0x05, 0, None), No::Copied);
    check(&fine, &good[..36], No::Unreadable);
    check(&BASE64URL_NOPAD.encode(b"{}"), &good, No::Unreadable);
    // Another's signature, and one over other data.
    let known = KnownKey {
        public_key: keys.public(),
        algorithm: -7,
        counter: 0,
    };
    let mut message = good.clone();
    let json = BASE64URL_NOPAD.decode(fine.as_bytes()).unwrap();
    message.extend_from_slice(&Sha256::digest(&json));
    for signature in [other.sign(&message), keys.sign(&good), Vec::new()] {
        let offered = Signed {
            credential: "",
            client_data: &fine,
            authenticator_data: &BASE64URL_NOPAD.encode(&good),
            signature: &BASE64URL_NOPAD.encode(&signature),
        };
        assert_eq!(
            signed(&site(), CHALLENGE, &known, offered),
            Err(No::Signature)
        );
    }
}

#[test]
fn a_new_key_must_be_the_one_the_device_made() {
    use PasskeyRefusal as No;
    let [keys, ..] = Keys::all();
    let create = client("webauthn.create", CHALLENGE, ORIGIN, "");
    let host = "hub.example.org";
    let other = device(host, 0x45, 0, Some(b"another one"));
    assert_eq!(try_make(&keys, &create, &other), Err(No::Unreadable));
    let none = device(host, 0x05, 0, None);
    assert_eq!(try_make(&keys, &create, &none), Err(No::Unreadable));
    let mut cut = device(host, 0x45, 0, Some(b"credential"));
    cut.truncate(60);
    assert_eq!(try_make(&keys, &create, &cut), Err(No::Unreadable));
    let good = device(host, 0x45, 0, Some(b"credential"));
    for (algorithm, key) in [(-7, vec![1; 91]), (-8, keys.public()), (-36, keys.public())] {
        let offered = Made {
            credential: &BASE64URL_NOPAD.encode(b"credential"),
            client_data: &create,
            authenticator_data: &BASE64URL_NOPAD.encode(&good),
            public_key: &BASE64URL_NOPAD.encode(&key),
            algorithm,
        };
        assert_eq!(
            made(&site(), CHALLENGE, offered),
            Err(No::Key),
            "{algorithm}"
        );
    }
}

#[test]
fn passkeys_need_a_named_host_and_a_safe_way_to_it() {
    let check = |url: &str, expected: Option<(&str, &str)>| {
        let expected = expected.map(|(origin, host)| Site {
            origin: origin.to_owned(),
            host: host.to_owned(),
        });
        assert_eq!(Site::of(url), expected, "{url}");
    };
    check(ORIGIN, Some((ORIGIN, "hub.example.org")));
    check(
        "https://Hub.Example.org:443",
        Some((ORIGIN, "hub.example.org")),
    );
    check(
        "https://hub.example.org:8443",
        Some(("https://hub.example.org:8443", "hub.example.org")),
    );
    check(
        "http://localhost:7480",
        Some(("http://localhost:7480", "localhost")),
    );
    check("http://hub.example.org", None);
    check("http://127.0.0.1:7480", None);
    check("https://192.0.2.1", None);
    check("https://[2001:db8::1]", None);
    check("nonsense", None);
}

proptest! {
    #[test]
    fn nothing_handed_over_makes_it_fall(
        client_data in "[A-Za-z0-9_-]{0,120}",
        data in proptest::collection::vec(any::<u8>(), 0..200),
        flags in any::<u8>(),
    ) {
        let mut data = data;
        let head = device("hub.example.org", flags, 1, None);
        prop_assert!(challenge_of(&client_data).is_err());
        for bytes in [data.clone(), { data.splice(0..0, head); data }] {
            let get = client("webauthn.get", CHALLENGE, ORIGIN, "");
            let known = KnownKey { public_key: bytes.clone(), algorithm: -7, counter: 0 };
            let text = BASE64URL_NOPAD.encode(&bytes);
            let offered = Signed {
                credential: "", client_data: &get, authenticator_data: &text, signature: &text,
            };
            prop_assert!(signed(&site(), CHALLENGE, &known, offered).is_err());
            let create = client("webauthn.create", CHALLENGE, ORIGIN, "");
            let offered = Made {
                credential: &text, client_data: &create, authenticator_data: &text,
                public_key: &text, algorithm: -8,
            };
            prop_assert!(made(&site(), CHALLENGE, offered).is_err());
        }
    }
}
