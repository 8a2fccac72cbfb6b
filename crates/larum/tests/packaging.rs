//! The service files are hardened: `systemd-analyze security` rates them at 2.0 or less (0 is best), and
//! both programs run as users of their own.
#![expect(clippy::unwrap_used, reason = "a test fails by panicking")]

use std::path::Path;
use std::process::Command;

/// Worst exposure that is accepted.
const MOST: f64 = 2.0;

#[track_caller]
fn check(unit: &str) {
    let folder = Path::new(env!("CARGO_MANIFEST_DIR")).join("../../packaging");
    let rated = Command::new("systemd-analyze")
        .args(["security", "--offline=true", "--no-pager"])
        .arg(folder.join(unit))
        .output()
        .unwrap();
    let text = String::from_utf8_lossy(&rated.stdout);
    let overall = text.lines().find(|line| line.contains("Overall exposure"));
    let level: f64 = overall
        .and_then(|line| line.split("service: ").nth(1)?.split(' ').next())
        .unwrap()
        .parse()
        .unwrap();
    assert!(level <= MOST, "{text}");
    let unit = std::fs::read_to_string(folder.join(unit)).unwrap();
    assert!(unit.lines().any(|line| line.starts_with("User=larum")));
    assert!(
        unit.contains("\nCapabilityBoundingSet=\n"),
        "no rights of root"
    );
}

#[test]
fn the_services_are_hardened() {
    check("larum.service");
    check("larum-hub.service");
}
