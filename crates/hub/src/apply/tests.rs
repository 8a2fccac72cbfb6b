//! What a form must hold.

use std::collections::BTreeSet;

use proptest::prelude::*;

use super::*;

fn form() -> Typed<'static> {
    Typed {
        firm: "Oak Street Books",
        domain: "https://www.Example.org/shop",
        contact: "Sam Trelawney",
        email: "Sam@Example.org",
        register: "company",
        number: "1234567",
        ico: "za123456",
        sector: "retail",
        size: "micro",
        postcode: "ex4 1aa",
        area: "E23000035",
    }
}

fn checked(typed: &Typed<'_>) -> Result<NewApplication, &'static str> {
    let id = ApplicationId::parse(&"1".repeat(32)).unwrap();
    check(typed, id, "hash".into(), "a b c d".into())
}

#[test]
fn a_form_is_kept_as_the_registers_write_it() {
    let kept = checked(&form()).unwrap();
    assert_eq!(kept.domain, "example.org");
    assert_eq!(kept.email, "sam@example.org");
    assert_eq!(kept.number, "01234567");
    assert_eq!(kept.ico.as_deref(), Some("ZA123456"));
    assert_eq!(kept.postcode, "EX");
    assert_eq!(kept.region, "SWROCU");
}

#[test]
fn the_first_wrong_field_is_told() {
    let wrong = |field: &str, change: fn(&mut Typed<'static>)| {
        let mut typed = form();
        change(&mut typed);
        assert_eq!(checked(&typed).err(), Some(field), "{typed:?}");
    };
    wrong("firm", |typed| typed.firm = "  ");
    wrong("firm", |typed| typed.firm = "Oak\nStreet");
    wrong("domain", |typed| typed.domain = "example");
    wrong("domain", |typed| typed.domain = "192.0.2.1");
    wrong("domain", |typed| typed.domain = "exa mple.org");
    wrong("contact", |typed| typed.contact = "");
    wrong("email", |typed| typed.email = "sam@example.org\r\nBcc: x@y");
    wrong("register", |typed| typed.register = "club");
    wrong("number", |typed| typed.number = "");
    wrong("number", |typed| typed.register = "none");
    wrong("ico", |typed| typed.ico = "12345");
    wrong("sector", |typed| typed.sector = "piracy");
    wrong("size", |typed| typed.size = "enormous");
    wrong("postcode", |typed| typed.postcode = "EXE4");
    wrong("area", |typed| typed.area = "E99999999");
}

#[test]
fn numbers_have_the_form_of_their_register() {
    let check = |register: Register, typed: &str, expected: Option<&str>| {
        assert_eq!(register.number(typed).as_deref(), expected, "{typed}");
    };
    check(Register::Company, "01234567", Some("01234567"));
    check(Register::Company, "sc 123456", Some("SC123456"));
    check(Register::Company, "R0000123", Some("R0000123"));
    check(Register::Company, "7", Some("00000007"));
    for wrong in [
        "",
        "123456789",
        "SC12345",
        "ABC12345",
        "12A45678",
        "00000000",
        "é1234567",
    ] {
        check(Register::Company, wrong, None);
    }
    check(Register::Charity, "1123456", Some("1123456"));
    check(Register::Charity, "212345", Some("212345"));
    check(Register::Charity, "SC012345", Some("SC012345"));
    check(Register::Charity, "nic101234", Some("NIC101234"));
    for wrong in ["", "12345", "SC12345", "0123456", "NIC1", "12345678"] {
        check(Register::Charity, wrong, None);
    }
    check(Register::None, " ", Some(""));
    check(Register::None, "1", None);
}

#[test]
fn an_address_elsewhere_does_not_speak_for_the_domain() {
    assert!(own_address("sam@example.org", "example.org"));
    assert!(own_address("sam@mail.example.org", "example.org"));
    assert!(!own_address("sam@notexample.org", "example.org"));
    assert!(!own_address("sam@example.org.example.net", "example.org"));
}

#[test]
fn there_are_256_words_to_say_and_two_halves_of_four() {
    let words = Words::of("en").unwrap();
    let list = words.say("hub-apply-spoken-list");
    let list: BTreeSet<&str> = list.split_whitespace().collect();
    assert_eq!(list.len(), SPOKEN_WORDS);
    let fine = |word: &str| {
        (3..=8).contains(&word.len()) && word.bytes().all(|byte| byte.is_ascii_lowercase())
    };
    assert!(list.iter().all(|word| fine(word)));
    let spoken = spoken_words(&words).unwrap();
    assert_eq!(
        spoken.split(' ').filter(|word| list.contains(word)).count(),
        4
    );
    assert_ne!(spoken, spoken_words(&words).unwrap());
    assert_eq!(
        halves("oak book star moon"),
        ("oak book".into(), "star moon".into())
    );
    assert!(heard("oak book star moon", " Oak,  BOOK. "));
    assert!(!heard("oak book star moon", "star moon"));
    assert!(!heard("oak book star moon", ""));
    assert!(!heard("", ""));
}

proptest! {
    #[test]
    fn nothing_typed_makes_it_fall(text in "\\PC{0,40}", other in "[A-Z0-9 .@-]{0,20}") {
        for value in [text.as_str(), other.as_str()] {
            for register in Register::ALL {
                if let Some(number) = register.number(value) {
                    prop_assert!(number.len() <= 9);
                }
            }
            if let Some(name) = domain(value) {
                prop_assert_eq!(domain(&name), Some(name.clone()));
            }
            if let Some(letters) = postcode_area(value) {
                prop_assert!(letters.len() <= 2);
            }
            let typed = Typed { firm: value, ..form() };
            prop_assert!(checked(&typed).is_ok_and(|kept| kept.firm == value.trim()) || line(value, 200).is_none());
        }
    }
}
