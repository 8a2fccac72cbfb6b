//! How stories are kept over a restart.

use super::{Ending, Few, Place, Stories, Story, StoryKey, Timeline, What, place_of};
use crate::detect::bitmap::Bitmap;
use crate::detect::hash;
use crate::detect::sigma::RuleIndex;
use crate::detect::snapshot::{Reader, Snapshot, kept, kept_choice};

/// The names of all figures that a story may state: kept by their place here.
pub(super) const FIGURES: &[&str] = &[
    "answers_a_minute",
    "busiest_hour_before",
    "bytes_a_minute",
    "bytes_in",
    "bytes_out",
    "carrying_percent",
    "contacts",
    "contacts_a_second",
    "distinct_names",
    "ds",
    "dur",
    "generated_names",
    "hist",
    "hosts",
    "interval_seconds",
    "missing_names",
    "score",
    "senders_a_minute",
    "servers_a_minute",
    "sources_in_window",
    "strangers_an_hour",
    "ts",
    "usual_bytes",
    "usual_contacts_a_second",
];

/// A rule, behind the places of [`What::NATIVE`].
const RULE: u8 = u8::MAX;
/// The number of a rule that is gone.
const GONE: u32 = u32::MAX;

type Name = &'static str;

kept_choice!(Name of FIGURES);
kept_choice!(Ending of &[Self::Refused, Self::Served, Self::Unsaid]);
kept!(StoryKey {
    what,
    actor,
    detail
});
kept!(Timeline {
    step_seconds,
    steps
});
kept!(Story {
    key,
    id,
    incident,
    opened,
    first,
    last,
    count,
    refused,
    served,
    source,
    several,
    targets,
    services,
    names,
    reasons,
    why,
    outside,
    device,
    label,
    severity,
    confidence,
    points,
    figures,
    marks,
    certain,
    outcome,
    timeline,
    touched,
    due,
    counted_bytes
});

impl Snapshot for What {
    fn layout() -> u64 {
        hash::bytes(format!("{:?}", Self::NATIVE).as_bytes())
    }

    fn write(&self, out: &mut Vec<u8>) {
        if let Self::Rule(rule) = self {
            out.push(RULE);
            rule.number().write(out);
        } else {
            let place = Self::NATIVE.iter().position(|what| what == self);
            out.push(
                place
                    .and_then(|place| u8::try_from(place).ok())
                    .unwrap_or(0),
            );
        }
    }

    fn read(from: &mut Reader<'_>) -> Option<Self> {
        match u8::read(from)? {
            RULE => {
                let then = u32::read(from)?;
                let gone = RuleIndex::of(GONE);
                Some(Self::Rule(from.rule(then).unwrap_or(gone)))
            }
            place => Self::NATIVE.get(usize::from(place)).copied(),
        }
    }
}

impl<T: Snapshot> Snapshot for Few<T> {
    fn layout() -> u64 {
        hash::mix(T::layout() ^ Bitmap::<8>::layout())
    }

    fn write(&self, out: &mut Vec<u8>) {
        self.most.write(out);
        self.items.write(out);
        self.seen.write(out);
        self.text_bytes.write(out);
    }

    fn read(from: &mut Reader<'_>) -> Option<Self> {
        Some(Self {
            most: Snapshot::read(from)?,
            items: Snapshot::read(from)?,
            seen: Snapshot::read(from)?,
            text_bytes: Snapshot::read(from)?,
        })
    }
}

/// The stories, from which everything else follows.
impl Snapshot for Stories {
    fn layout() -> u64 {
        Story::layout()
    }

    fn write(&self, out: &mut Vec<u8>) {
        self.quiet_until.write(out);
        self.cut_short.write(out);
        self.stories.len().write(out);
        for story in self.stories.values() {
            story.write(out);
        }
    }

    fn read(from: &mut Reader<'_>) -> Option<Self> {
        let mut kept = Self {
            quiet_until: Snapshot::read(from)?,
            cut_short: Snapshot::read(from)?,
            ..Self::default()
        };
        for _ in 0..usize::read(from)? {
            let story = Box::<Story>::read(from)?;
            if story.key.what == What::Rule(RuleIndex::of(GONE)) {
                continue;
            }
            kept.due.insert((story.opened, story.due, story.key));
            kept.bytes = kept.bytes.saturating_add(story.counted_bytes);
            let place: Place = place_of(&story.key);
            kept.stories.insert(place, story);
        }
        Some(kept)
    }
}
