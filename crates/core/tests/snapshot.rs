//! What the detectors remember survives a restart: a stream cut anywhere, kept, restored and continued
//! gives the same findings to the byte, and the same memory at its end.
#![expect(clippy::unwrap_used, reason = "a test fails by panicking")]
#![expect(clippy::disallowed_methods, reason = "a test reads recordings")]

use std::path::{Path, PathBuf};
use std::sync::Arc;

use larum_core::detect::sigma::RuleSet;
use larum_core::detect::{Detect, Indicators, Settings, Signal};
use larum_core::finding::write_finding;
use larum_core::parse::{Context, Formats, Legend, Scratch, lines};
use larum_core::time::Timestamp;
use larum_core::words::Words;

/// 2026-06-01, after all recordings.
const RECEIVED: i64 = 1_780_272_000;

struct House {
    formats: Formats,
    words: Arc<Words>,
    rules: Arc<RuleSet>,
}

impl House {
    fn new() -> Self {
        Self {
            formats: Formats::built_in().unwrap(),
            words: Arc::new(Words::of("en").unwrap()),
            rules: Arc::new(RuleSet::built_in_and(&[]).0),
        }
    }

    fn detect(&self) -> Detect {
        let mut settings = Settings::new(Arc::clone(&self.words));
        settings.report_probes = true;
        let indicators = Arc::new(Indicators::default());
        Detect::shared(settings, Arc::clone(&self.rules), indicators)
    }

    /// Findings and the memory before the end, with a restart after each record whose number is in
    /// `cuts`.
    fn run(&self, input: &[u8], cuts: &[usize]) -> (String, Vec<u8>) {
        let mut detect = self.detect();
        let (mut scratch, mut legend) = (Scratch::default(), Legend::new());
        let mut out = Vec::new();
        let context = Context {
            received: Timestamp::from_seconds(RECEIVED),
            zone_offset_seconds: 0,
            format: None,
        };
        for (number, record) in lines(input).enumerate() {
            let formats = &self.formats;
            if let Ok(event) = formats.parse_next(record, &context, &mut legend, &mut scratch) {
                detect.observe(&event, &mut out);
            }
            if cuts.contains(&number) {
                let mut kept = Vec::new();
                detect.snapshot(&mut kept);
                detect = self.detect();
                detect.restore(&kept).unwrap();
            }
        }
        let mut memory = Vec::new();
        detect.snapshot(&mut memory);
        detect.finish(&mut out);
        (text_of(&out), memory)
    }
}

fn text_of(signals: &[Signal]) -> String {
    let mut text = String::new();
    for signal in signals {
        text += if matches!(signal, Signal::Opened(_)) {
            "opened "
        } else {
            "closed "
        };
        write_finding(signal.finding(), &mut text);
        text.push('\n');
    }
    text
}

fn recordings() -> Vec<PathBuf> {
    let cases = Path::new(env!("CARGO_MANIFEST_DIR")).join("../../corpus/detect");
    let cases = std::fs::read_dir(cases).unwrap();
    let mut paths: Vec<_> = cases
        .map(|case| case.unwrap().path().join("input.log"))
        .filter(|path| path.exists())
        .collect();
    paths.sort();
    paths
}

#[test]
fn a_stream_cut_anywhere_gives_the_same_findings_to_the_byte() {
    let house = House::new();
    let mut findings = 0;
    for path in recordings() {
        let input = std::fs::read(&path).unwrap();
        let records = lines(&input).count();
        let (expected, memory) = house.run(&input, &[]);
        findings += expected.lines().count();
        // Each short recording after every record, long ones at fifty places.
        let step = (records / 50).max(1);
        let cuts: Vec<usize> = (0..records).step_by(step).collect();
        let (found, kept) = house.run(&input, &cuts);
        assert_eq!(found, expected, "{}", path.display());
        assert!(kept == memory, "{} ends elsewhere", path.display());
    }
    assert!(findings > 50, "{findings}");
}

#[test]
fn damaged_and_foreign_bytes_are_refused_and_change_nothing() {
    let house = House::new();
    let path = recordings().remove(0);
    let (_, memory) = house.run(&std::fs::read(path).unwrap(), &[]);
    let mut detect = house.detect();
    detect.restore(&memory).unwrap();
    for length in 0..memory.len() {
        assert!(detect.restore(&memory[..length]).is_err());
    }
    for place in (0..memory.len()).step_by(7) {
        let mut changed = memory.clone();
        changed[place] ^= 0x10;
        assert!(detect.restore(&changed).is_err(), "{place}");
    }
    let mut after = Vec::new();
    detect.snapshot(&mut after);
    assert!(after == memory);
}
