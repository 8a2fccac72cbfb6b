//! How much a firm shares with its hub: what is configured, and what was chosen at joining, whichever is
//! less. Each choice can be shown with what it would make of the firm's own findings, before anything
//! leaves.

use std::io;
use std::path::Path;
use std::sync::Arc;

use larum_core::address::Network;
use larum_core::event::Protocol;
use larum_core::finding::{AttackOutcome, Category, Finding, FindingId};
use larum_core::minimise::{Level, Minimiser, PseudonymKey, Sharing};
use larum_core::time::Timestamp;
use larum_link::wire::WireSighting;

use crate::config::{Config, SharingLevel};
use crate::findings::{Findings, KeptFinding};
use crate::identity::FOLDER;
use crate::{pseudonyms, state, status};

const FILE: &str = "sharing";

/// What was chosen at joining.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub enum Choice {
    /// Nothing: the hub warns, and hears of nothing.
    Off,
    /// Who attacks from outside, and no place outside that hosts inside were in contact with.
    Attackers,
    /// All that a sighting may hold.
    Standard,
}

impl Choice {
    /// Every choice, the least first.
    pub const ALL: [Self; 3] = [Self::Off, Self::Attackers, Self::Standard];

    /// The word on the command line, in the file and, after `share-`, in the catalogue.
    #[must_use]
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::Off => "off",
            Self::Attackers => "attackers",
            Self::Standard => "standard",
        }
    }

    /// The choice spelled `word`.
    #[must_use]
    pub fn from_word(word: &str) -> Option<Self> {
        Self::ALL.into_iter().find(|one| one.as_str() == word)
    }

    /// Takes away from `sharing` what this choice does not share; adds nothing.
    pub fn limit(self, sharing: &mut Sharing) {
        match self {
            Self::Off => sharing.level = Level::Off,
            Self::Attackers => sharing.places = false,
            Self::Standard => {}
        }
    }
}

/// What was chosen on `state_dir`. A choice that cannot be read shares nothing.
#[must_use]
pub fn chosen(state_dir: &Path) -> Choice {
    match state::read(&state_dir.join(FOLDER), FILE) {
        Ok(None) => Choice::Standard,
        Ok(Some(word)) => Choice::from_word(word.trim()).unwrap_or(Choice::Off),
        Err(_) => Choice::Off,
    }
}

/// What is in force with `config`: what was chosen, or less where the settings say less.
#[must_use]
pub fn in_force(config: &Config) -> Choice {
    let configured = match config.sharing.level {
        SharingLevel::Off => Choice::Off,
        SharingLevel::Standard if config.sharing.places => Choice::Standard,
        SharingLevel::Standard => Choice::Attackers,
    };
    configured.min(chosen(&config.state_dir))
}

/// Keeps `choice` on `state_dir`; it holds from the next start, or the next joining, on.
///
/// # Errors
/// When it cannot be written; what was chosen before stays.
pub fn choose(state_dir: &Path, choice: Choice) -> io::Result<()> {
    let folder = state_dir.join(FOLDER);
    state::make_folder(&folder)?;
    state::replace(&folder, FILE, choice.as_str().as_bytes())
}

/// What `config` shares.
#[must_use]
pub fn configured(config: &Config) -> Sharing {
    // What the owner said is never named, and what he said is his.
    let ours = config.ours.iter().map(|(network, _)| *network);
    let never = config.sharing.never_share.iter().copied();
    Sharing {
        level: match config.sharing.level {
            SharingLevel::Off => Level::Off,
            SharingLevel::Standard => Level::Standard,
        },
        min_severity: config.sharing.min_severity,
        min_confidence: config.sharing.min_confidence,
        own_networks: config.own_networks.clone(),
        never_share: never.chain(ours).collect(),
        places: config.sharing.places,
    }
}

/// What a choice would make of the findings that are kept.
#[derive(Clone, Debug, PartialEq)]
pub struct Sample {
    /// Which choice.
    pub choice: Choice,
    /// Findings that would leave as a sighting.
    pub leaves: u64,
    /// Findings that would stay.
    pub stays: u64,
    /// The newest that would leave, exactly as it would.
    pub example: Option<WireSighting>,
}

/// What each choice would make of what was found on `state_dir` so far.
#[must_use]
pub fn samples(config: &Config, state_dir: &Path) -> Vec<Sample> {
    let mut sharing = configured(config);
    sharing.own_networks.extend(learned(state_dir));
    let findings = Findings::open(state_dir);
    let mut kept: Vec<&KeptFinding> = findings.iter().collect();
    kept.sort_by_key(|finding| std::cmp::Reverse(finding.last));
    let found: Vec<Finding> = kept.into_iter().filter_map(finding).collect();
    let pseudonyms = pseudonyms::to_show(state_dir).ok();
    Choice::ALL
        .into_iter()
        .map(|choice| sample(choice, &sharing, &found, pseudonyms.as_ref()))
        .collect()
}

/// Without a key nothing could leave.
fn sample(
    choice: Choice,
    sharing: &Sharing,
    found: &[Finding],
    pseudonyms: Option<&PseudonymKey>,
) -> Sample {
    let mut sharing = sharing.clone();
    choice.limit(&mut sharing);
    let minimiser = pseudonyms.map(|key| Minimiser::new(sharing, key.clone()));
    let mut sample = Sample {
        choice,
        leaves: 0,
        stays: 0,
        example: None,
    };
    for finding in found {
        let screened = minimiser
            .as_ref()
            .map(|minimiser| minimiser.screen(finding));
        if let Some(Ok(sighting)) = screened {
            sample.leaves += 1;
            sample.example.get_or_insert_with(|| (&sighting).into());
        } else {
            sample.stays += 1;
        }
    }
    sample
}

/// The firm's own addresses, as far as a collector learned them there.
fn learned(state_dir: &Path) -> Vec<Network> {
    let status = status::read(state_dir).ok().flatten().unwrap_or_default();
    let rows = status.own_networks.iter();
    rows.filter_map(|row| row.network.parse().ok()).collect()
}

/// A kept finding as it was before it was kept, without the evidence, which never leaves.
fn finding(kept: &KeptFinding) -> Option<Finding> {
    Some(Finding {
        id: FindingId::from_hex(&kept.id)?,
        story: FindingId::from_hex(kept.story())?,
        detector: Arc::from(kept.detector.as_str()),
        title: String::new(),
        category: Category::from_word(&kept.category)?,
        attack: kept
            .attack
            .iter()
            .map(|id| Arc::from(id.as_str()))
            .collect(),
        severity: kept.severity(),
        confidence: kept.confidence,
        outcome: AttackOutcome::from_word(&kept.outcome)?,
        first: Timestamp::from_millis(kept.first),
        last: kept.last(),
        sources: kept.sources.clone(),
        dst_ip: kept.dst_ip,
        dst_port: kept.dst_port,
        proto: kept.proto.as_deref().and_then(Protocol::from_keyword),
        key: kept.key.clone(),
        count: kept.count,
        evidence: Vec::new(),
        advice: String::new(),
    })
}

#[cfg(test)]
mod tests {
    use super::*;
    use larum_core::finding::{Evidence, Severity};

    fn found(number: u8, category: Category, sources: &[&str], key: &str) -> KeptFinding {
        let at = Timestamp::from_seconds(1_800_000_000 + i64::from(number));
        let id = FindingId::of(&[&[number]]);
        let finding = Finding {
            id,
            story: id,
            detector: "port-scan".into(),
            title: "secret title".into(),
            category,
            attack: vec!["T1046".into()],
            severity: Severity::Medium,
            confidence: 80,
            outcome: AttackOutcome::Blocked,
            first: at,
            last: at,
            sources: sources.iter().map(|ip| ip.parse().unwrap()).collect(),
            dst_ip: Some("192.168.1.9".parse().unwrap()),
            dst_port: Some(445),
            proto: Protocol::from_keyword("tcp"),
            key: key.into(),
            count: 3,
            evidence: vec![("user", Evidence::Text("secret".into()))],
            advice: "secret".into(),
        };
        KeptFinding::of(&finding, "192.168.1.1", false)
    }

    #[test]
    fn each_choice_is_shown_with_the_firms_own_findings() {
        let folder = tempfile::tempdir().unwrap();
        let mut findings = Findings::open(folder.path());
        for kept in [
            found(1, Category::Scan, &["198.51.100.7"], "tcp/445"),
            found(2, Category::Scan, &["10.0.0.9"], "tcp/445"),
        ] {
            findings.put(kept).unwrap();
        }
        drop(findings);
        let config = Config::new(folder.path());
        let samples = samples(&config, folder.path());
        let counts: Vec<_> = samples
            .iter()
            .map(|sample| (sample.choice, sample.leaves, sample.stays))
            .collect();
        let expected = [
            (Choice::Off, 0, 2),
            (Choice::Attackers, 1, 1),
            (Choice::Standard, 1, 1),
        ];
        assert_eq!(counts, expected);
        let example = samples[2].example.as_ref().unwrap();
        assert_eq!(example.key, "tcp/445");
        let said = serde_json::to_string(example).unwrap();
        assert!(
            !said.contains("secret") && !said.contains("192.168"),
            "{said}"
        );
    }

    #[test]
    fn a_choice_only_takes_away_and_an_unreadable_one_shares_nothing() {
        let folder = tempfile::tempdir().unwrap();
        assert_eq!(chosen(folder.path()), Choice::Standard);
        for choice in Choice::ALL {
            choose(folder.path(), choice).unwrap();
            assert_eq!(chosen(folder.path()), choice);
            let mut sharing = configured(&Config::new(folder.path()));
            sharing.level = Level::Off;
            sharing.places = false;
            let before = sharing.clone();
            choice.limit(&mut sharing);
            assert_eq!(sharing, before);
        }
        let mut config = Config::new(folder.path());
        assert_eq!(in_force(&config), Choice::Standard);
        config.sharing.places = false;
        assert_eq!(in_force(&config), Choice::Attackers);
        std::fs::write(folder.path().join(FOLDER).join(FILE), "everything").unwrap();
        assert_eq!(in_force(&config), Choice::Off);
        assert_eq!(chosen(folder.path()), Choice::Off);
    }
}
