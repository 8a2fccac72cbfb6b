use std::fs;

use aws_lc_rs::signature::Ed25519KeyPair;
use proptest::prelude::*;

use super::*;

fn new_key() -> Vec<u8> {
    Ed25519KeyPair::generate()
        .unwrap()
        .to_pkcs8()
        .unwrap()
        .as_ref()
        .to_vec()
}

fn rule(id: &str) -> PackFile {
    PackFile {
        kind: Kind::Rules,
        name: format!("{id}.yml"),
        bytes: b"title: anything\n".to_vec(),
    }
}

fn list() -> PackFile {
    PackFile {
        kind: Kind::Indicators,
        name: "bad.txt".to_owned(),
        bytes: b"192.0.2.7\n".to_vec(),
    }
}

fn edition(number: u64, key: &[u8]) -> (Vec<u8>, Key) {
    make(
        "shop",
        number,
        "2026-11-23T00:00:00Z",
        &[rule("a"), list()],
        key,
    )
    .unwrap()
}

#[test]
fn a_pack_is_read_as_it_was_made() {
    let (bytes, key) = edition(3, &new_key());
    let pack = Pack::read(&bytes, &[key]).unwrap();
    assert_eq!((pack.name.as_str(), pack.number), ("shop", 3));
    assert_eq!(pack.files, [rule("a"), list()]);
    assert_eq!(Key::from_text(&key.to_string()), Some(key));
}

#[test]
fn a_stranger_s_pack_and_a_changed_one_are_refused() {
    let (bytes, key) = edition(1, &new_key());
    let (_, other) = edition(1, &new_key());
    assert_eq!(Pack::read(&bytes, &[other]), Err(PackFault::Key));
    assert_eq!(Pack::read(&bytes, &[]), Err(PackFault::Key));
    assert_eq!(Pack::read(&[], &[key]), Err(PackFault::Malformed));
    for at in 0..bytes.len() {
        let mut changed = bytes.clone();
        changed[at] ^= 1;
        assert!(Pack::read(&changed, &[key]).is_err(), "byte {at}");
        assert!(Pack::read(&bytes[..at], &[key]).is_err(), "cut at {at}");
    }
    let longer = [&bytes[..], b"x"].concat();
    assert_eq!(Pack::read(&longer, &[key]), Err(PackFault::Signature));
}

/// What a trusted key has signed may still be nonsense: a name that leads elsewhere, contents that are not
/// as long as listed.
#[test]
fn names_and_lengths_are_held_to_their_limits() {
    let key = new_key();
    let check = |name: &str, number: u64, file: &str| {
        let file = PackFile {
            name: file.to_owned(),
            ..list()
        };
        make(name, number, "", &[file], &key).err()
    };
    assert_eq!(check("shop", 1, "a.txt"), None);
    for name in ["", "../shop", "Shop", "a b", &"x".repeat(65)] {
        assert_eq!(
            check(name, 1, "a.txt"),
            Some(PackFault::Malformed),
            "{name}"
        );
    }
    for file in ["", "../a", ".a", "a/b"] {
        assert_eq!(check("shop", 1, file), Some(PackFault::Malformed), "{file}");
    }
    assert_eq!(check("shop", 0, "a.txt"), Some(PackFault::Malformed));
    assert_eq!(
        make("shop", 1, "", &[], b"no key").err(),
        Some(PackFault::Key)
    );
}

#[test]
fn an_older_edition_never_comes_back() {
    let folder = tempfile::tempdir().unwrap();
    let pkcs8 = new_key();
    let (first, key) = edition(1, &pkcs8);
    let (second, _) = edition(2, &pkcs8);
    let keys = [key];
    install(folder.path(), &first, &keys).unwrap();
    install(folder.path(), &second, &keys).unwrap();
    let refused = install(folder.path(), &first, &keys).unwrap_err();
    assert!(matches!(refused, InstallError::Fault(PackFault::Older)));
    // Put there by hand, it is not used either.
    let file = folder.path().join(PACKS_FOLDER).join("shop.pack");
    fs::write(&file, &first).unwrap();
    let state = |keys: &[Key]| {
        let mut packs = installed(folder.path(), keys).unwrap();
        assert_eq!(packs.len(), 1);
        packs.remove(0).1.map(|pack| pack.number)
    };
    assert_eq!(state(&keys), Err(PackFault::Older));
    install(folder.path(), &second, &keys).unwrap();
    assert_eq!(state(&keys), Ok(2));
    assert_eq!(
        state(&[]),
        Err(PackFault::Key),
        "the firm trusts the key no more"
    );
    fs::remove_file(&file).unwrap();
    assert_eq!(state(&keys), Err(PackFault::Unreadable));
}

#[test]
fn what_is_installed_is_known_at_the_start_and_the_rest_left_out() {
    let folder = tempfile::tempdir().unwrap();
    let (pack, key) = edition(1, &new_key());
    install(folder.path(), &pack, &[key]).unwrap();
    let packed = Packed::load(folder.path(), &[key]);
    assert_eq!(
        packed.rules,
        [("shop/a".to_owned(), "title: anything\n".to_owned())]
    );
    assert_eq!(
        packed.indicators,
        [("shop/bad.txt".to_owned(), b"192.0.2.7\n".to_vec())]
    );
    assert!(Packed::load(folder.path(), &[]).rules.is_empty());
}

#[test]
fn a_format_that_cannot_be_used_is_not_installed() {
    let folder = tempfile::tempdir().unwrap();
    let wrong = PackFile {
        kind: Kind::Formats,
        name: "ours.toml".to_owned(),
        bytes: b"nonsense".to_vec(),
    };
    let (pack, key) = make("shop", 1, "", &[wrong], &new_key()).unwrap();
    let refused = install(folder.path(), &pack, &[key]).unwrap_err();
    assert!(matches!(refused, InstallError::Formats(_)), "{refused}");
    assert!(installed(folder.path(), &[key]).unwrap().is_empty());
}

proptest! {
    /// Any list that a trusted key has signed: an answer, and never more than was there.
    #[test]
    fn signed_nonsense_is_refused(rest in proptest::collection::vec(any::<u8>(), 0..400)) {
        let pair = Ed25519KeyPair::generate().unwrap();
        let key = Key(pair.public_key().as_ref().try_into().unwrap());
        let head = [&[VERSION][..], &key.0].concat();
        let signature = pair.sign(&signed_part(&head, &rest));
        let bytes = [&head, signature.as_ref(), &rest].concat();
        prop_assert_eq!(Pack::read(&bytes, &[key]), Err(PackFault::Malformed));
    }
}
