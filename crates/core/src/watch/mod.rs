//! Emerging threats across firms: distinct sources and distinct members per service, never events.
//!
//! A key (a service such as `tcp/3389`, a kind of web attack, a rule) is judged by the edges of the
//! last 24 hours: which source was seen at which member. Two sums are compared with what the hub
//! learned in the weeks before, and the smaller of the two deviations counts, so that neither one
//! busy member nor one busy source can raise an alarm. `docs/developer/watch.md` tells the method
//! and its limits; the constants below are its whole tuning.

mod assess;
mod baseline;
mod breadth;
pub mod fold;
mod life;
pub mod service;
pub mod weakness;

pub use assess::{Assessment, Branch, Evidence, Ground, Kind, Setting, Sum, assess};
pub use baseline::{Day, Deviation, HISTORY_DAYS, Level, deviation};
pub use breadth::{Breadth, Edges, measure, measure_by_source, network, trim_for};
pub use life::{Known, State, Step, Verdict, next_step};

/// The window judged, in hours.
pub const WINDOW_HOURS: i64 = 24;
/// One source counts at most this often, however many members saw it: an internet-wide scanner is
/// one actor.
pub const SOURCE_CAP: usize = 3;
/// One member counts at most this many sources per key.
pub const MEMBER_CAP: usize = 50;
/// Paces at which sources that go from member to member are counted: [`Breadth::roaming`].
pub const PACES: usize = 3;
/// Score from which a key with history is an alarm.
pub const ALARM_SCORE: f64 = 3.75;
/// Score from which a key never seen before is one: three sources at three members suffice.
pub const ALARM_SCORE_NOVEL: f64 = 1.1;
/// Fewest distinct sources of an alarm.
pub const MIN_SOURCES: usize = 3;
/// Fewest networks (IPv4 /24, IPv6 /48) those sources are in.
pub const MIN_NETWORKS: usize = 2;
/// Fewest members of an alarm on a key with history.
pub const MIN_MEMBERS: usize = 2;
/// Fewest members of an alarm on a key never seen before.
pub const MIN_MEMBERS_NOVEL: usize = 3;
/// Fewest members of an alarm while the hub is young; a fifth of all members if that is more.
pub const MIN_MEMBERS_YOUNG: usize = 5;
/// Fewest sources of an alarm while the hub is young.
pub const MIN_SOURCES_YOUNG: usize = 5;
/// A member's sightings count towards an alarm from this many days after its first one; until then
/// they would look like an outbreak of everything.
pub const MEMBER_PROBATION_DAYS: i64 = 7;
/// Within this many hours a key has one threat, opened again if need be, not two.
pub const EPISODE_HOURS: i64 = 72;
