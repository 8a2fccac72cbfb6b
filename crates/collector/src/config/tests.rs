use super::*;
use larum_core::words::Words;

const GOOD: &str = r#"
state-dir = "/var/lib/larum"
zone = "+01:00"
own-networks = ["192.0.2.0/28"]
page-address = "[::1]:7780"
metrics-address = "127.0.0.1:7781"
formats = "/etc/larum/formats"

[[listen]]
protocol = "udp"
address = "[::]:5514"
allow = ["10.0.0.0/8"]

[[listen]]
protocol = "tcp"
address = "0.0.0.0:5514"

[[listen]]
protocol = "tls"
address = "[::]:6514"
client-authority = "/etc/larum/devices.pem"
client-certificate-optional = true
records-per-second = 2_000

[[listen]]
protocol = "relp"
address = "[::]:2514"
tls = true
certificate = "/c.pem"
key = "/k.pem"

[[listen]]
protocol = "http"
address = "[::]:8514"
token-file = "/etc/larum/token"

[[capture]]
interface = "eth1"
workers = 2
ring-bytes = 67_108_864
frame-bytes = 1_600
promiscuous = false
flows = 50_000

[[file]]
path = "/var/log/nginx/*.log"
start = "end"

[[folder]]
path = "/srv/in/*.gz"
afterwards = "delete"

[journal]
start = "beginning"
units = ["ssh.service"]

[[ours]]
networks = ["198.51.100.7", "2001:db8:7::/48"]
why = "the IT firm that looks after us"

[sharing]
level = "off"
min-severity = "medium"
min-confidence = 50

[alerts]
min-severity = "high"

[limits]
idle-seconds = 60
intake-bytes = 67_108_864
spool-bytes = 16_777_216
"#;

#[test]
fn an_interface_has_its_settings() {
    let config = Config::read(GOOD).unwrap();
    let capture = CaptureInput {
        interface: "eth1".to_owned(),
        workers: 2,
        ring_bytes: 64 << 20,
        frame_bytes: 1_600,
        promiscuous: false,
        flows: 50_000,
    };
    assert_eq!(config.captures, [capture]);
    for wrong in ["", "a-name-that-is-too-long", "eth 1", "a/b"] {
        let text = format!("state-dir = \"/s\"\n[[capture]]\ninterface = \"{wrong}\"\n");
        let problems = Config::read(&text).unwrap_err();
        assert_eq!(problems.len(), 1, "{problems:?}");
        assert_eq!(problems[0].line, 3);
    }
}

#[test]
fn every_value_arrives() {
    let config = Config::read(GOOD).unwrap();
    assert_eq!(config.listen.len(), 5);
    let tls = config.listen[2].tls.clone().unwrap();
    assert_eq!(tls.certificate, CertificateFrom::OwnMade);
    assert_eq!(
        tls.client_authority.as_deref(),
        Some(Path::new("/etc/larum/devices.pem"))
    );
    assert!(tls.client_optional);
    assert_eq!(config.listen[2].records_per_second, Some(2_000));
    let relp = config.listen[3].tls.clone().unwrap();
    let (certificate, key) = ("/c.pem".into(), "/k.pem".into());
    assert_eq!(
        relp.certificate,
        CertificateFrom::Files { certificate, key }
    );
    assert_eq!(config.listen[4].tls, None);
    assert_eq!(
        config.listen[4].token_file.as_deref(),
        Some(Path::new("/etc/larum/token"))
    );
    assert_eq!(config.limits.intake_bytes, 64 << 20);
    assert!(config.listen[0].allow.permits("10.1.2.3".parse().unwrap()));
    assert!(
        !config.listen[0]
            .allow
            .permits("192.168.1.1".parse().unwrap())
    );
    assert!(
        config.listen[1]
            .allow
            .permits("192.168.1.1".parse().unwrap())
    );
    assert!(!config.listen[1].allow.permits("192.0.2.1".parse().unwrap()));
    assert_eq!(config.files[0].start, Start::End);
    assert_eq!(
        config.formats.as_deref(),
        Some(Path::new("/etc/larum/formats"))
    );
    assert_eq!(config.folders[0].afterwards, Afterwards::Delete);
    let journal = config.journal.clone().unwrap();
    assert_eq!((journal.start, journal.units.len()), (Start::Beginning, 1));
    let ours: Vec<String> = config
        .ours
        .iter()
        .map(|(network, why)| format!("{network} {why}"))
        .collect();
    assert_eq!(
        ours,
        [
            "198.51.100.7/32 the IT firm that looks after us",
            "2001:db8:7::/48 the IT firm that looks after us"
        ]
    );
    assert_eq!(config.sharing.level, SharingLevel::Off);
    assert_eq!(config.sharing.min_confidence, 50);
    assert_eq!(config.alert_severity, Severity::High);
    assert_eq!(config.limits.idle_seconds, 60);
    assert_eq!(config.limits.spool_bytes, 16 << 20);
    assert_eq!(
        config
            .zone
            .offset_seconds_at(larum_core::time::Timestamp::from_seconds(0)),
        3_600
    );
}

#[track_caller]
fn check(text: &str, expected: &[&str]) {
    let words = Words::of("en").unwrap();
    let said: Vec<String> = Config::read(text)
        .map_or_else(|problems| problems, |_| Vec::new())
        .iter()
        .map(|problem| problem.say(&words))
        .collect();
    assert_eq!(said, expected, "{text}");
}

#[test]
fn every_problem_is_told_at_once_with_its_line_and_what_is_allowed() {
    check("state-dir = \"/x\"", &[]);
    check(
        "state-dri = \"/x\"\n[[listen]]\nprotocol = \"ssl\"\nadress = \"[::]:5514\"\n",
        &[
            "line 1: \u{201c}state-dir\u{201d} is missing. Add it.",
            "line 1: \u{201c}state-dri\u{201d} is not a key Larum knows here. Did you mean \u{201c}state-dir\u{201d}?",
            "line 2: \u{201c}listen.address\u{201d} is missing. Add it.",
            "line 3: \u{201c}listen.protocol\u{201d} cannot be \"ssl\". Use one of: udp, tcp, tls, relp, http, flows, blocklist.",
            "line 4: \u{201c}listen.adress\u{201d} is not a key Larum knows here. Did you mean \u{201c}address\u{201d}?",
        ],
    );
    check(
        "state-dir = \"/x\"\npage-address = \"0.0.0.0:80\"\nzone = \"Mars/Base\"\n[limits]\nidle-seconds = 1\nsomething-else-entirely = 3\n",
        &[
            "line 2: \u{201c}page-address\u{201d} cannot be \"0.0.0.0:80\". Use an address of this computer only, such as 127.0.0.1:7780, or \u{201c}off\u{201d}.",
            "line 3: \u{201c}zone\u{201d} cannot be \"Mars/Base\". Use a time zone such as Europe/London, UTC or +01:00.",
            "line 5: \u{201c}limits.idle-seconds\u{201d} cannot be 1. Use a whole number from 10 to 604800.",
            "line 6: \u{201c}limits.something-else-entirely\u{201d} is not a key Larum knows here. It knows: queue-chunks, connections, connections-per-sender, udp-buffer-bytes, files, idle-seconds, intake-bytes, spool-bytes, spool-days, ledger-days, ledger-bytes, keep-free-bytes.",
        ],
    );
    check(
        "state-dir = \"/x\"\n[[listen]]\nprotocol = \"tls\"\naddress = \"[::]:6514\"\ncertificate = \"/c.pem\"\nclient-certificate-optional = true\n\
         [[listen]]\nprotocol = \"http\"\naddress = \"[::]:8514\"\nrecords-per-second = 0\n[[listen]]\nprotocol = \"udp\"\naddress = \"[::]:514\"\nkey = \"/k.pem\"\n",
        &[
            "line 2: \u{201c}listen.client-certificate-optional\u{201d} needs \u{201c}listen.client-authority\u{201d} beside it. Add it.",
            "line 2: \u{201c}listen.certificate\u{201d} needs \u{201c}listen.key\u{201d} beside it. Add it.",
            "line 7: \u{201c}listen.token-file\u{201d} is missing. Add it.",
            "line 10: \u{201c}listen.records-per-second\u{201d} cannot be 0. Use a whole number from 1 to 1000000.",
            "line 14: \u{201c}listen.key\u{201d} is not a key Larum knows here. It knows: protocol, address, allow, records-per-second, zone.",
        ],
    );
    check(
        "state-dir = \"/x\"\nown-networks = [\"192.0.2.0/40\", 7]\nlisten = 3\n",
        &[
            "line 2: \u{201c}own-networks\u{201d} cannot be \"192.0.2.0/40\". Use an address or network such as 192.0.2.0/24.",
            "line 2: \u{201c}own-networks\u{201d} cannot be 7. Use an address or network such as 192.0.2.0/24.",
            "line 3: \u{201c}listen\u{201d} cannot be boolean. Use a section of its own.",
        ],
    );
}

/// The sample shows every setting with its default, and loads.
#[test]
fn the_packaged_sample_loads_and_shows_the_defaults() {
    let sample = include_str!("../../../../packaging/collector.toml");
    let config = Config::read(sample).unwrap();
    assert_eq!(config.limits, Limits::default());
    let fresh = Config::new(DEFAULT_STATE_DIR);
    assert_eq!(config.sharing, fresh.sharing);
    assert_eq!(config.alert_severity, fresh.alert_severity);
    assert_eq!(config.page_address, fresh.page_address);
    assert_eq!(config.state_dir, fresh.state_dir);
    // With everything switched on it still loads: no commented key is a lie.
    let everything: String = sample
        .lines()
        .map(|line| match line.strip_prefix('#') {
            Some(setting) if !setting.starts_with(' ') => setting.to_owned() + "\n",
            _ => line.to_owned() + "\n",
        })
        .collect();
    let config = Config::read(&everything).unwrap();
    assert_eq!(config.files.len(), 2);
    assert!(config.metrics_address.is_some());
}

#[test]
fn text_that_is_not_toml_names_the_line() {
    let problems = Config::read("state-dir = \"/x\"\nzone = \n").unwrap_err();
    assert_eq!(problems[0].line, 2);
    assert!(matches!(problems[0].kind, ProblemKind::Syntax(_)));
}
