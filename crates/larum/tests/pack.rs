//! `larum pack`: made, verified, installed and listed by the program, and used by the collector.
#![expect(clippy::unwrap_used, reason = "a test fails by panicking")]

use std::fs;
use std::path::Path;
use std::process::{Command, Output, Stdio};

const LARUM: &str = env!("CARGO_BIN_EXE_larum");

fn larum(args: &[&str]) -> Output {
    Command::new(LARUM).args(args).output().unwrap()
}

fn code(output: &Output) -> Option<i32> {
    output.status.code()
}

/// A folder with a rule, a format and a list, and a key to sign with.
fn maker(folder: &Path) {
    for (kind, name, text) in [
        (
            "rules",
            "till.yml",
            "title: Till\nid: 6b1f6d0e-9b1d-4f53-9c1c-0f3a4d6e7a10\nstatus: test\nlogsource:\n  category: authentication\ndetection:\n  selection:\n    TargetUserName: till\n  condition: selection\nlevel: low\n",
        ),
        ("indicators", "bad.txt", "192.0.2.7\n198.51.100.9\n"),
    ] {
        fs::create_dir_all(folder.join(kind)).unwrap();
        fs::write(folder.join(kind).join(name), text).unwrap();
    }
    let key = rcgen::KeyPair::generate_for(&rcgen::PKCS_ED25519).unwrap();
    fs::write(folder.join("key.pem"), key.serialize_pem()).unwrap();
}

fn make(folder: &Path, number: &str) -> (String, String) {
    let at = |name: &str| folder.join(name).display().to_string();
    let file = at(&format!("shop-{number}.pack"));
    let made = larum(&[
        "pack",
        "make",
        "--name",
        "shop",
        "--number",
        number,
        "--key",
        &at("key.pem"),
        "--out",
        &file,
        &folder.display().to_string(),
    ]);
    assert_eq!(code(&made), Some(0), "{made:?}");
    let said = String::from_utf8(made.stdout).unwrap();
    let key = said.split('"').nth(1).unwrap().to_owned();
    (file, key)
}

#[test]
fn a_pack_is_made_verified_installed_listed_and_used() {
    let folder = tempfile::tempdir().unwrap();
    maker(folder.path());
    let (first, key) = make(folder.path(), "1");
    let (second, _) = make(folder.path(), "2");
    let config = folder.path().join("collector.toml");
    let state = folder.path().join("state");
    let without = format!("state-dir = {state:?}\npage-address = \"off\"\nstdin = true\n");
    fs::write(&config, &without).unwrap();
    let config = config.to_str().unwrap();
    let with = |command: &str, more: &[&str]| {
        larum(&[&["pack", command, "--config", config], more].concat())
    };

    assert_eq!(
        code(&with("install", &[&first])),
        Some(3),
        "no key is trusted yet"
    );
    assert_eq!(
        code(&larum(&["pack", "verify", "--key", &key, &first])),
        Some(0)
    );
    let other = "0".repeat(64);
    assert_eq!(
        code(&larum(&["pack", "verify", "--key", &other, &first])),
        Some(3)
    );
    fs::write(config, format!("pack-keys = [\"{key}\"]\n{without}")).unwrap();
    assert_eq!(code(&with("install", &[&second])), Some(0));
    let refused = with("install", &[&first]);
    assert_eq!(code(&refused), Some(5), "{refused:?}");
    let listed = with("list", &["--json"]);
    let row: serde_json::Value = serde_json::from_slice(&listed.stdout).unwrap();
    assert_eq!(
        (
            &row["name"],
            &row["number"],
            &row["used"],
            &row["rules"],
            &row["indicators"]
        ),
        (
            &"shop".into(),
            &2.into(),
            &true.into(),
            &1.into(),
            &1.into()
        )
    );

    let log = collect(config);
    assert!(log.contains("content pack used"), "{log}");
    assert!(log.contains("indicators read"), "{log}");

    let installed = state.join("packs/shop.pack");
    let mut bytes = fs::read(&installed).unwrap();
    *bytes.last_mut().unwrap() ^= 1;
    fs::write(&installed, bytes).unwrap();
    let verified = with("verify", &[]);
    assert_eq!(code(&verified), Some(5), "{verified:?}");
    let log = collect(config);
    assert!(log.contains("content pack not used"), "{log}");
}

/// A collector with nothing to read starts, says what it uses, and ends.
fn collect(config: &str) -> String {
    let run = Command::new(LARUM)
        .args(["collect", "--config", config])
        .stdin(Stdio::null())
        .output()
        .unwrap();
    assert_eq!(code(&run), Some(0), "{run:?}");
    String::from_utf8(run.stderr).unwrap()
}
