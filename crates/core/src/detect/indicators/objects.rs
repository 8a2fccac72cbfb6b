//! Lists in JSON, object by object: STIX 2 bundles, MISP events and attributes, and plain arrays of
//! values or of flat objects. Nothing but the open objects is held, so that the size of a file does
//! not matter.

use std::collections::BTreeMap;

use super::intake::Intake;
use super::json::{Sink, Token};
use super::pattern;
use super::record::{Claim, Field, Record, field_of, kind_of};
use super::refusal::Refusal;

/// Publishers of STIX objects that are told by name.
const MAX_PUBLISHERS: usize = 4_096;
/// Outside any MISP event.
const NO_EVENT: (u32, u32) = (0, 0);

/// What a container is for.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Role {
    /// An object or array whose objects and strings may be indicators.
    Open,
    /// An object of a STIX bundle.
    Stix,
    /// A MISP event.
    Event,
    /// The organisation a MISP event comes from.
    Publisher,
    /// An attribute of MISP.
    Attribute,
    /// The entries of a MISP warning list.
    WarningList,
    /// Labels of a STIX object.
    Labels,
    /// Says nothing about indicators.
    Closed,
}

#[derive(Debug)]
struct Frame {
    role: Role,
    is_object: bool,
    /// What the key read last is about, inside an object.
    field: Option<Field>,
    /// What a container behind the key read last is for.
    next: Role,
    /// Numbers of the event's title and publisher.
    event: (u32, u32),
    record: Record,
}

/// Reads objects.
#[derive(Debug)]
pub(super) struct Objects<'i> {
    intake: &'i mut Intake,
    state: &'i mut ObjectsState,
}

/// What is kept between the pieces of one file.
#[derive(Debug, Default)]
pub(super) struct ObjectsState {
    frames: Vec<Frame>,
    /// Records to be used again.
    spare: Vec<Record>,
    /// Number of each STIX publisher's name, by identifier.
    publishers: BTreeMap<Box<str>, u32>,
}

impl ObjectsState {
    /// Forgets what was open, at the end of the file or where it broke.
    pub fn reset(&mut self) {
        while let Some(frame) = self.frames.pop() {
            self.spare.push(frame.record);
        }
    }

    pub const fn with<'i>(&'i mut self, intake: &'i mut Intake) -> Objects<'i> {
        Objects {
            intake,
            state: self,
        }
    }
}

impl Sink for Objects<'_> {
    fn token(&mut self, token: Token<'_>, line: u64) {
        match token {
            Token::StartObject => self.open(true),
            Token::StartArray => self.open(false),
            Token::EndObject | Token::EndArray => {
                if let Some(frame) = self.state.frames.pop() {
                    self.close(&frame, line);
                    self.state.spare.push(frame.record);
                }
            }
            Token::Key(key) => {
                if let Some(frame) = self.state.frames.last_mut() {
                    frame.field = field_of(key);
                    frame.next = role_behind(key, frame);
                }
            }
            Token::Text { text, is_cut } => self.scalar(text, is_cut, line, true),
            Token::Plain("null") => {}
            Token::Plain(text) => self.scalar(text, false, line, false),
        }
    }
}

impl Objects<'_> {
    fn open(&mut self, is_object: bool) {
        let parent = self.state.frames.last();
        let (role, event) = match parent {
            None => (Role::Open, NO_EVENT),
            // What stands in an array is what the array was said to hold.
            Some(parent) if !parent.is_object => (parent.role, parent.event),
            Some(parent) => (parent.next, parent.event),
        };
        let field = parent
            .filter(|_| !is_object)
            .and_then(|parent| parent.field);
        let event = match (role, is_object) {
            // Title and publisher may stand behind the attributes.
            (Role::Event, true) => (self.intake.notes.promise(), self.intake.notes.promise()),
            _ => event,
        };
        let mut record = self.state.spare.pop().unwrap_or_default();
        record.clear();
        self.state.frames.push(Frame {
            role,
            is_object,
            field,
            next: Role::Closed,
            event,
            record,
        });
    }

    fn scalar(&mut self, text: &str, is_cut: bool, line: u64, is_text: bool) {
        let Some((frame, above)) = self.state.frames.split_last_mut() else {
            // A lone value in the file.
            if is_text {
                let claim = Claim::default();
                let kind = super::record::Kind::default();
                self.intake
                    .value(Field::Value, text, kind, &claim, (line, text));
            }
            return;
        };
        if frame.is_object {
            // The description of a STIX object is prose; its labels say what it is.
            let is_prose = frame.role == Role::Stix && frame.field == Some(Field::ThreatClass);
            if let Some(field) = frame.field.filter(|_| !is_prose) {
                frame.record.is_cut |= is_cut;
                frame.record.push(field, text);
            }
            if frame.role == Role::Publisher && frame.field == Some(Field::Title) {
                self.intake.notes.keep_promise(frame.event.1, text);
            }
            return;
        }
        match frame.role {
            Role::WarningList => self.intake.refuse(Refusal::WarningList, line, text),
            Role::Labels => {
                if let Some(parent) = above.last_mut() {
                    parent.record.push(Field::ThreatClass, text);
                }
            }
            // An array behind a key that names indicators, or the file as a whole.
            Role::Open if is_text => {
                let is_list = above.iter().all(|frame| !frame.is_object);
                let field = frame.field.filter(|field| field.holds_indicator());
                let Some(field) = field.or(is_list.then_some(Field::Value)) else {
                    return;
                };
                let kind = super::record::Kind::default();
                self.intake
                    .value(field, text, kind, &Claim::default(), (line, text));
            }
            _ => {}
        }
    }

    fn close(&mut self, frame: &Frame, line: u64) {
        if !frame.is_object {
            return;
        }
        let record = &frame.record;
        match frame.role {
            Role::Event => {
                let title = record.get(Field::Title).unwrap_or("");
                self.intake.notes.keep_promise(frame.event.0, title);
            }
            Role::Attribute => self.attribute(frame, line),
            Role::Stix => self.stix(record, line),
            // An object of STIX that stands by itself has a type and an identifier made of it.
            Role::Open if record.get(Field::Pattern).is_some() || is_stix(record) => {
                self.stix(record, line);
            }
            Role::Open if record.has_indicator() => {
                let shown = first_value(record);
                self.intake.record(record, line, shown);
            }
            _ => {}
        }
    }

    fn attribute(&mut self, frame: &Frame, line: u64) {
        let record = &frame.record;
        let (Some(kind), Some(value)) = (record.get(Field::Kind), record.get(Field::Value)) else {
            return self.intake.refuse(Refusal::Unreadable, line, "Attribute");
        };
        if record.is_cut {
            return self.intake.refuse(Refusal::TooLong, line, value);
        }
        let kind = kind_of(kind);
        let mut claim = match self.intake.claim(record) {
            Ok(claim) => claim,
            Err(reason) => return self.intake.refuse(reason, line, value),
        };
        if !kind.is_known {
            return self.intake.refuse(Refusal::NotInLogs, line, value);
        }
        if frame.event != NO_EVENT {
            (claim.threat, claim.source) = frame.event;
        }
        self.intake
            .value(Field::Value, value, kind, &claim, (line, value));
    }

    fn stix(&mut self, record: &Record, line: u64) {
        let kind = record.get(Field::Kind).unwrap_or("");
        if kind == "bundle" {
            return;
        }
        if kind == "identity" {
            let (id, name) = (record.get(Field::Id), record.get(Field::Title));
            if let (Some(id), Some(name)) = (id, name) {
                let number = self.publisher(id);
                self.intake.notes.keep_promise(number, name);
            }
        }
        let pattern = record.get(Field::Pattern).filter(|_| kind == "indicator");
        let Some(pattern) = pattern else {
            let reason = if kind == "indicator" {
                Refusal::Unreadable
            } else {
                Refusal::OtherObject
            };
            return self.intake.refuse(reason, line, kind);
        };
        if record.is_cut {
            return self.intake.refuse(Refusal::TooLong, line, pattern);
        }
        let language = record.get(Field::PatternLanguage).unwrap_or("stix");
        if !language.eq_ignore_ascii_case("stix") {
            return self.intake.refuse(Refusal::Language, line, pattern);
        }
        let found = pattern::entries_of(pattern);
        let claim = self.intake.claim(record);
        let (found, mut claim) = match (found, claim) {
            (Ok(found), Ok(claim)) => (found, claim),
            (_, Err(reason)) | (Err(reason), _) => {
                return self.intake.refuse(reason, line, pattern);
            }
        };
        claim.validity.from = claim.validity.from.max(found.validity.from);
        claim.validity.until = claim.validity.until.min(found.validity.until);
        // Many titles only repeat the value.
        let title = record.get(Field::Title).filter(|title| {
            let bare = title.rsplit(' ').next().unwrap_or(title);
            !pattern.contains(bare) && !title.contains("Indicator")
        });
        if let Some(title) = title {
            claim.threat = self.intake.notes.text(title);
        }
        if let Some(creator) = record.get(Field::CreatedBy) {
            claim.source = self.publisher(creator);
        }
        for entry in found.entries {
            self.intake.entry(entry, &claim, line, pattern);
        }
    }

    /// The number of the name of the publisher `id`, which may be told later.
    fn publisher(&mut self, id: &str) -> u32 {
        if let Some(known) = self.state.publishers.get(id) {
            return *known;
        }
        if self.state.publishers.len() >= MAX_PUBLISHERS {
            return 0;
        }
        let number = self.intake.notes.promise();
        self.state.publishers.insert(id.into(), number);
        number
    }
}

fn is_stix(record: &Record) -> bool {
    let (kind, id) = (record.get(Field::Kind), record.get(Field::Id));
    kind.zip(id).is_some_and(|(kind, id)| {
        id.strip_prefix(kind)
            .is_some_and(|rest| rest.starts_with("--"))
    })
}

fn first_value(record: &Record) -> &str {
    const FIELDS: [Field; 6] = [
        Field::Value,
        Field::Url,
        Field::Name,
        Field::Address,
        Field::First,
        Field::Ja3,
    ];
    FIELDS
        .into_iter()
        .find_map(|field| record.get(field))
        .unwrap_or("")
}

/// What the container behind `key` of an object is for.
fn role_behind(key: &str, frame: &Frame) -> Role {
    /// Keys of objects around an indicator that hold addresses of documents, not of attackers.
    const ASIDE: &[&str] = &[
        "external_references",
        "references",
        "reference",
        "links",
        "_links",
        "metadata",
        "meta",
        "tags",
        "Tag",
        "Galaxy",
        "RelatedEvent",
        "ShadowAttribute",
        "Org",
        "EventReport",
        "kill_chain_phases",
        "granular_markings",
        "extensions",
    ];
    match (frame.role, key) {
        (Role::Closed | Role::Publisher | Role::Attribute | Role::WarningList, _) => Role::Closed,
        (Role::Stix, "labels" | "indicator_types") => Role::Labels,
        (Role::Stix | Role::Labels, _) => Role::Closed,
        (Role::Open, "Event") => Role::Event,
        (Role::Event | Role::Open, "Attribute") => Role::Attribute,
        // A MISP object holds attributes under the same key; its own title is none of the event's.
        (Role::Event | Role::Open, "Object") => Role::Open,
        (Role::Event, "Orgc") => Role::Publisher,
        (Role::Event, _) => Role::Closed,
        (Role::Open, "objects") => Role::Stix,
        (Role::Open, "list") => Role::WarningList,
        (Role::Open, "labels" | "indicator_types") => Role::Labels,
        (Role::Open, key) if ASIDE.contains(&key) => Role::Closed,
        (Role::Open, _) => Role::Open,
    }
}
