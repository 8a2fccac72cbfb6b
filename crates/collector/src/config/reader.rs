//! From TOML to [`Config`]: walks the document once, taking out what is known; what is left over is
//! unknown.

mod capture;
mod listen;

use std::net::SocketAddr;
use std::path::PathBuf;

use larum_core::address::Network;
use larum_core::finding::Severity;
use larum_core::settings;
use larum_link::token::HubAddress;
use toml::Spanned;
use toml::de::{DeTable, DeValue};

use super::{
    Afterwards, Config, Expected, FileInput, FolderInput, JournalInput, MAX_CAPTURES,
    MAX_FILE_INPUTS, MAX_LISTEN, Problem, ProblemKind, SharingLevel, Start, Zone,
};
use crate::packs::Key;

/// Most entries of one list.
const MAX_LIST: usize = 4_096;
/// Longest value repeated in a message.
const MAX_SHOWN_CHARS: usize = 60;

const SEVERITIES: &[&str] = &["info", "low", "medium", "high", "critical"];

pub(super) fn read(text: &str) -> Result<Config, Vec<Problem>> {
    let document = settings::parse(text).map_err(|errors| {
        let problem = |(line, said)| Problem {
            line,
            kind: ProblemKind::Syntax(said),
        };
        errors.into_iter().map(problem).collect::<Vec<_>>()
    })?;
    let mut reader = Reader {
        text,
        problems: Vec::new(),
    };
    let config = reader.config(document);
    reader.problems.sort_by_key(|problem| problem.line);
    match config {
        Some(config) if reader.problems.is_empty() => Ok(config),
        _ => Err(reader.problems),
    }
}

struct Reader<'t> {
    text: &'t str,
    problems: Vec<Problem>,
}

/// A table being taken apart.
struct Section<'t> {
    /// `sharing.` or empty; goes before keys in messages.
    prefix: &'static str,
    table: DeTable<'t>,
    /// Byte offset of its head.
    at: usize,
    known: Vec<&'static str>,
}

type Found<'t> = Spanned<DeValue<'t>>;

impl<'t> Reader<'t> {
    fn config(&mut self, document: DeTable<'t>) -> Option<Config> {
        let mut root = Section {
            prefix: "",
            table: document,
            at: 0,
            known: Vec::new(),
        };
        let state_dir = self.path(&mut root, "state-dir");
        let mut config = Config::new(state_dir.clone().unwrap_or_default());
        if state_dir.is_none() && !self.has_problem("state-dir") {
            let key = "state-dir".to_owned();
            self.problem(0, ProblemKind::Missing { key });
        }
        self.addresses(&mut root, &mut config);
        if let Some(zone) = self.text_as(&mut root, "zone", Expected::Zone, Zone::from_text) {
            config.zone = zone;
        }
        config.own_networks = self.networks(&mut root, "own-networks");
        config.not_own_networks = self.networks(&mut root, "not-own-networks");
        config.indicators = self.paths(&mut root, "indicators");
        config.never_match = self.paths(&mut root, "never-match");
        config.rules = self.paths(&mut root, "rules");
        config.formats = self.path(&mut root, "formats");
        config.pack_keys = self.list(&mut root, "pack-keys", Expected::PackKey, Key::from_text);
        config.proxy = self.text_as(&mut root, "proxy", Expected::Proxy, HubAddress::parse);
        if let Some(stdin) = self.yes_no(&mut root, "stdin") {
            config.stdin = stdin;
        }
        for section in self.sections(&mut root, "listen", "listen.", MAX_LISTEN) {
            config.listen.extend(self.listen(section));
        }
        for section in self.sections(&mut root, "capture", "capture.", MAX_CAPTURES) {
            config.captures.extend(self.capture(section));
        }
        for section in self.sections(&mut root, "file", "file.", MAX_FILE_INPUTS) {
            config.files.extend(self.file(section));
        }
        for section in self.sections(&mut root, "folder", "folder.", MAX_FILE_INPUTS) {
            config.folders.extend(self.folder(section));
        }
        if let Some(section) = self.section(&mut root, "journal", "journal.") {
            config.journal = Some(self.journal(section));
        }
        for section in self.sections(&mut root, "ours", "ours.", MAX_LIST) {
            config.ours.extend(self.ours(section));
        }
        if let Some(section) = self.section(&mut root, "sharing", "sharing.") {
            self.sharing(section, &mut config);
        }
        if let Some(section) = self.section(&mut root, "alerts", "alerts.") {
            self.alerts(section, &mut config);
        }
        if let Some(section) = self.section(&mut root, "limits", "limits.") {
            self.limits(section, &mut config);
        }
        self.finish(root);
        Some(config)
    }

    fn addresses(&mut self, root: &mut Section<'t>, config: &mut Config) {
        if let Some(address) = self.text_as(root, "page-address", Expected::Loopback, loopback) {
            config.page_address = address;
        }
        if let Some(address) = self.text_as(root, "metrics-address", Expected::Loopback, loopback) {
            config.metrics_address = address;
        }
    }

    fn file(&mut self, mut section: Section<'t>) -> Option<FileInput> {
        let path = self.path(&mut section, "path");
        let start = self.start(&mut section);
        let path = self.required(&section, "path", path);
        self.finish(section);
        Some(FileInput {
            path: path?,
            start: start.unwrap_or_default(),
        })
    }

    fn start(&mut self, section: &mut Section<'t>) -> Option<Start> {
        let expected = Expected::Word(&["beginning", "end"]);
        self.text_as(section, "start", expected, |word| match word {
            "beginning" => Some(Start::Beginning),
            "end" => Some(Start::End),
            _ => None,
        })
    }

    fn folder(&mut self, mut section: Section<'t>) -> Option<FolderInput> {
        let path = self.path(&mut section, "path");
        let expected = Expected::Word(&["move", "delete", "keep"]);
        let afterwards = self.text_as(&mut section, "afterwards", expected, |word| match word {
            "move" => Some(Afterwards::Move),
            "delete" => Some(Afterwards::Delete),
            "keep" => Some(Afterwards::Keep),
            _ => None,
        });
        let path = self.required(&section, "path", path);
        self.finish(section);
        Some(FolderInput {
            path: path?,
            afterwards: afterwards.unwrap_or_default(),
        })
    }

    fn journal(&mut self, mut section: Section<'t>) -> JournalInput {
        let mut journal = JournalInput::default();
        journal.start = self.start(&mut section).unwrap_or(journal.start);
        // A unit is an argument of a program: nothing in it may look like another.
        let unit = |text: &str| {
            let fits = |byte: u8| byte.is_ascii_alphanumeric() || b":-_.\\@*?".contains(&byte);
            (!text.is_empty() && text.bytes().all(fits)).then(|| text.to_owned())
        };
        journal.units = self.list(&mut section, "units", Expected::Text, unit);
        journal.folder = self.path(&mut section, "folder");
        self.finish(section);
        journal
    }

    fn ours(&mut self, mut section: Section<'t>) -> Vec<(Network, String)> {
        let networks = self.networks(&mut section, "networks");
        let why = self.text_as(&mut section, "why", Expected::Text, |text| {
            (!text.trim().is_empty()).then(|| text.to_owned())
        });
        let why = self.required(&section, "why", why);
        self.finish(section);
        let Some(why) = why else { return Vec::new() };
        let named = networks.into_iter();
        named.map(|network| (network, why.clone())).collect()
    }

    fn sharing(&mut self, mut section: Section<'t>, config: &mut Config) {
        let level = self.text_as(
            &mut section,
            "level",
            Expected::Word(&["standard", "off"]),
            |word| match word {
                "standard" => Some(SharingLevel::Standard),
                "off" => Some(SharingLevel::Off),
                _ => None,
            },
        );
        config.sharing.level = level.unwrap_or(config.sharing.level);
        if let Some(severity) = self.severity(&mut section, "min-severity") {
            config.sharing.min_severity = severity;
        }
        if let Some(confidence) = self.number(&mut section, "min-confidence", 0, 100) {
            config.sharing.min_confidence = u8::try_from(confidence).unwrap_or(100);
        }
        config.sharing.never_share = self.networks(&mut section, "never-share");
        if let Some(places) = self.yes_no(&mut section, "places") {
            config.sharing.places = places;
        }
        self.finish(section);
    }

    fn alerts(&mut self, mut section: Section<'t>, config: &mut Config) {
        if let Some(severity) = self.severity(&mut section, "min-severity") {
            config.alert_severity = severity;
        }
        self.finish(section);
    }

    fn limits(&mut self, mut section: Section<'t>, config: &mut Config) {
        let limits = &mut config.limits;
        let sizes: [(&'static str, &mut usize, u64, u64); 5] = [
            ("queue-chunks", &mut limits.queue_chunks, 4, 4_096),
            ("connections", &mut limits.connections, 1, 10_000),
            (
                "connections-per-sender",
                &mut limits.connections_per_sender,
                1,
                10_000,
            ),
            (
                "udp-buffer-bytes",
                &mut limits.udp_buffer_bytes,
                65_536,
                1 << 30,
            ),
            ("files", &mut limits.files, 1, 10_000),
        ];
        for (key, place, min, max) in sizes {
            if let Some(number) = self.number(&mut section, key, min, max) {
                *place = usize::try_from(number).unwrap_or(*place);
            }
        }
        let long: [(&'static str, &mut u64, u64, u64); 7] = [
            ("idle-seconds", &mut limits.idle_seconds, 10, 604_800),
            ("intake-bytes", &mut limits.intake_bytes, 32 << 20, 1 << 40),
            ("spool-bytes", &mut limits.spool_bytes, 8 << 20, 1 << 40),
            ("spool-days", &mut limits.spool_days, 1, 3_650),
            ("ledger-days", &mut limits.ledger_days, 1, 36_500),
            ("ledger-bytes", &mut limits.ledger_bytes, 64 << 20, 1 << 40),
            ("keep-free-bytes", &mut limits.keep_free_bytes, 0, 1 << 40),
        ];
        for (key, place, min, max) in long {
            if let Some(number) = self.number(&mut section, key, min, max) {
                *place = number;
            }
        }
        self.finish(section);
    }

    // Values

    fn text_as<T>(
        &mut self,
        section: &mut Section<'t>,
        key: &'static str,
        expected: Expected,
        convert: impl Fn(&str) -> Option<T>,
    ) -> Option<T> {
        let found = section.take(key)?;
        let converted = found.get_ref().as_str().and_then(convert);
        if converted.is_none() {
            self.wrong(section, key, &found, expected);
        }
        converted
    }

    fn severity(&mut self, section: &mut Section<'t>, key: &'static str) -> Option<Severity> {
        self.text_as(
            section,
            key,
            Expected::Word(SEVERITIES),
            Severity::from_word,
        )
    }

    fn path(&mut self, section: &mut Section<'t>, key: &'static str) -> Option<PathBuf> {
        self.text_as(section, key, Expected::Text, |text| {
            (!text.is_empty()).then(|| PathBuf::from(text))
        })
    }

    fn yes_no(&mut self, section: &mut Section<'t>, key: &'static str) -> Option<bool> {
        let found = section.take(key)?;
        let value = found.get_ref().as_bool();
        if value.is_none() {
            self.wrong(section, key, &found, Expected::YesNo);
        }
        value
    }

    fn number(
        &mut self,
        section: &mut Section<'t>,
        key: &'static str,
        min: u64,
        max: u64,
    ) -> Option<u64> {
        let found = section.take(key)?;
        let number = found
            .get_ref()
            .as_integer()
            .and_then(|number| u64::from_str_radix(number.as_str(), number.radix()).ok())
            .filter(|number| (min..=max).contains(number));
        if number.is_none() {
            self.wrong(section, key, &found, Expected::Number { min, max });
        }
        number
    }

    fn list<T>(
        &mut self,
        section: &mut Section<'t>,
        key: &'static str,
        expected: Expected,
        convert: impl Fn(&str) -> Option<T>,
    ) -> Vec<T> {
        let Some(found) = section.take(key) else {
            return Vec::new();
        };
        let Some(entries) = found.get_ref().as_array() else {
            self.wrong(section, key, &found, Expected::List);
            return Vec::new();
        };
        if entries.len() > MAX_LIST {
            let key = format!("{}{key}", section.prefix);
            let limit = MAX_LIST;
            self.problem(found.span().start, ProblemKind::TooMany { key, limit });
            return Vec::new();
        }
        let mut values = Vec::with_capacity(entries.len());
        for entry in entries.iter() {
            match entry.get_ref().as_str().and_then(&convert) {
                Some(value) => values.push(value),
                None => self.wrong(section, key, entry, expected),
            }
        }
        values
    }

    fn networks(&mut self, section: &mut Section<'t>, key: &'static str) -> Vec<Network> {
        self.list(section, key, Expected::Network, |text| text.parse().ok())
    }

    fn paths(&mut self, section: &mut Section<'t>, key: &'static str) -> Vec<PathBuf> {
        self.list(section, key, Expected::Text, |text| {
            (!text.is_empty()).then(|| PathBuf::from(text))
        })
    }

    // Sections

    fn section(
        &mut self,
        parent: &mut Section<'t>,
        key: &'static str,
        prefix: &'static str,
    ) -> Option<Section<'t>> {
        let found = parent.take(key)?;
        let at = found.span().start;
        match found.into_inner() {
            DeValue::Table(table) => Some(Section {
                prefix,
                table,
                at,
                known: Vec::new(),
            }),
            other => {
                self.wrong(parent, key, &Spanned::new(at..at, other), Expected::Section);
                None
            }
        }
    }

    fn sections(
        &mut self,
        parent: &mut Section<'t>,
        key: &'static str,
        prefix: &'static str,
        limit: usize,
    ) -> Vec<Section<'t>> {
        let Some(found) = parent.take(key) else {
            return Vec::new();
        };
        let at = found.span().start;
        let DeValue::Array(entries) = found.into_inner() else {
            let found = Spanned::new(at..at, DeValue::Boolean(true));
            self.wrong(parent, key, &found, Expected::Section);
            return Vec::new();
        };
        if entries.len() > limit {
            let key = key.to_owned();
            self.problem(at, ProblemKind::TooMany { key, limit });
        }
        let mut sections = Vec::new();
        for entry in entries.into_iter().take(limit) {
            let at = entry.span().start;
            match entry.into_inner() {
                DeValue::Table(table) => sections.push(Section {
                    prefix,
                    table,
                    at,
                    known: Vec::new(),
                }),
                other => {
                    self.wrong(parent, key, &Spanned::new(at..at, other), Expected::Section);
                }
            }
        }
        sections
    }

    /// Complains when a key that must be there was not written at all.
    fn required<T>(
        &mut self,
        section: &Section<'t>,
        key: &'static str,
        value: Option<T>,
    ) -> Option<T> {
        let full = format!("{}{key}", section.prefix);
        let line = self.line(section.at);
        let told = self.problems.iter().any(|problem| {
            problem.line >= line
                && matches!(&problem.kind, ProblemKind::Wrong { key, .. } if *key == full)
        });
        if value.is_none() && !told {
            self.problem(section.at, ProblemKind::Missing { key: full });
        }
        value
    }

    /// What was not taken is unknown.
    fn finish(&mut self, section: Section<'t>) {
        for key in section.table.keys() {
            let nearest = settings::nearest(key.get_ref(), &section.known);
            let unknown = ProblemKind::UnknownKey {
                key: format!("{}{}", section.prefix, key.get_ref()),
                nearest,
                known: section.known.clone(),
            };
            self.problem(key.span().start, unknown);
        }
    }

    // Problems

    fn wrong(
        &mut self,
        section: &Section<'t>,
        key: &'static str,
        found: &Found<'t>,
        expected: Expected,
    ) {
        let span = found.span();
        let shown = self.text.get(span.clone()).filter(|text| !text.is_empty());
        let mut shown = shown.unwrap_or(found.get_ref().type_str()).to_owned();
        if let Some((cut, _)) = shown.char_indices().nth(MAX_SHOWN_CHARS) {
            shown.truncate(cut);
            shown.push('…');
        }
        let wrong = ProblemKind::Wrong {
            key: format!("{}{key}", section.prefix),
            found: shown,
            expected,
        };
        self.problem(span.start, wrong);
    }

    fn problem(&mut self, at: usize, kind: ProblemKind) {
        let line = self.line(at);
        self.problems.push(Problem { line, kind });
    }

    fn line(&self, at: usize) -> usize {
        settings::line_at(self.text, at)
    }

    fn has_problem(&self, wanted: &str) -> bool {
        self.problems
            .iter()
            .any(|problem| matches!(&problem.kind, ProblemKind::Wrong { key, .. } if key == wanted))
    }
}

impl<'t> Section<'t> {
    fn take(&mut self, key: &'static str) -> Option<Found<'t>> {
        self.known.push(key);
        self.table.remove(key)
    }
}

fn loopback(text: &str) -> Option<Option<SocketAddr>> {
    if text == "off" {
        return Some(None);
    }
    let address: SocketAddr = text.parse().ok()?;
    address
        .ip()
        .to_canonical()
        .is_loopback()
        .then_some(Some(address))
}
