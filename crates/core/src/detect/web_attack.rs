//! Attacks on a web application, as its access log shows them.
//!
//! See `docs/detectors/web-attack.md`.

use super::fold::Fold;
use super::pages::Answer;
use super::sift::{Page, cut};
use super::story::{Ending, What};
use super::telling::{Telling, outcome};
use super::{hash, web};
use crate::event::Event;
use crate::finding::{AttackOutcome, Category, Severity};

/// Points of different requests of one source that together are an attack, where no single request
/// surely is.
const ATTACK_POINTS: u32 = 15;
/// Requests from which an attack is more than a passing scanner.
const PERSISTENT_REQUESTS: u64 = 20;

/// A web request that attacks, as the web judge sees it.
#[derive(Clone, Debug)]
pub struct Attack {
    /// Whether the judge is sure, rather than suspicious.
    pub(super) sure: bool,
    /// Points.
    pub(super) score: u16,
    /// Hash of the whole target.
    pub(super) mark: u64,
    /// Kinds of attack, as the judge spells them.
    pub(super) kinds: Vec<&'static str>,
    pub(super) why: Vec<&'static str>,
    pub(super) path: Box<str>,
    /// What was answered.
    pub(super) page: Page,
}

impl Attack {
    /// Whether an answer of "here it is" means more than a page that ignores what was asked: these
    /// kinds name a file or program that should not be there to answer.
    pub(super) fn is_telling_when_answered(&self) -> bool {
        const TELLING: &[&str] = &[
            "command",
            "file-inclusion",
            "known-exploit",
            "sensitive-file",
            "traversal",
        ];
        self.path.len() > 1 && self.kinds.iter().any(|kind| TELLING.contains(kind))
    }
}

/// What the web judge holds against the request, if anything.
pub fn attack_in(
    event: &Event<'_>,
    url: &str,
    path: &str,
    scratch: &mut web::Scratch,
) -> Option<Attack> {
    let request = web::WebRequest {
        method: event.http_method.as_deref().unwrap_or("GET"),
        uri: url,
        user_agent: event.user_agent.as_deref(),
        referer: None,
    };
    let verdict = web::judge_with(&request, scratch);
    let level = verdict.level();
    // A hint that alone means nothing counts when the page is not even there.
    let missing = event.http_status.is_some_and(|status| status >= 400);
    if verdict.score == 0 || (level == web::Level::Clean && !missing) {
        return None;
    }
    let main = verdict.main_category();
    let others = verdict.categories.iter().copied();
    let kinds = main
        .into_iter()
        .chain(others.filter(|kind| Some(*kind) != main));
    Some(Attack {
        sure: level == web::Level::Attack,
        score: verdict.score,
        mark: hash::bytes(cut(url).as_bytes()),
        kinds: kinds.map(web::Kind::as_str).collect(),
        why: verdict.why,
        path: cut(path).into(),
        page: Page::of(event, path),
    })
}

impl Fold<'_> {
    pub(super) fn web_attack(&mut self, attack: &Attack) {
        if attack.is_only_a_name() {
            self.scanner(attack);
            return;
        }
        let key = self.key(What::WebAttack, 0);
        let ending = self.seen.ending;
        let outside = self.seen.outside;
        let answer = match attack.page.bytes {
            Some(bytes) => self.detect.pages.compare(attack.page.path, bytes),
            None => Answer::Untold,
        };
        let story = self.tell(key);
        if story.is_new(attack.mark) {
            story.points = story.points.saturating_add(attack.score.into());
        }
        if attack.sure && ending == Ending::Served {
            story.name_first(&attack.path);
            story.label = attack.kinds.first().copied().unwrap_or("").into();
        } else {
            story.name(&attack.path);
        }
        for kind in &attack.kinds {
            story.reason(kind);
        }
        for why in &attack.why {
            story.because(why);
        }
        if attack.sure {
            story.certain = story.certain.saturating_add(1);
        }
        let (certain, count) = (story.certain, story.count);
        // Nobody outside asks by chance for what a known hole needs; inside it may be the program's
        // own people.
        let is_known = (outside || ending == Ending::Refused)
            && attack.kinds.contains(&web::Kind::KnownExploit.as_str());
        if certain == 0 && story.points < ATTACK_POINTS && !is_known {
            if ending == Ending::Refused {
                self.suspect_miss(&attack.path, attack.mark);
            }
            return;
        }
        let persistent = count >= PERSISTENT_REQUESTS;
        let severity = match (ending, answer) {
            // Everybody gets this page: the attack was most likely ignored.
            (Ending::Served, Answer::Usual) if attack.sure => Severity::Medium,
            (Ending::Served, Answer::Unusual) if attack.sure => {
                story.because("answer-of-unusual-size");
                Severity::High
            }
            (Ending::Served, _) if attack.sure && attack.is_telling_when_answered() => {
                Severity::High
            }
            (Ending::Served, _) if attack.sure => Severity::Medium,
            _ if persistent => Severity::Medium,
            _ => Severity::Low,
        };
        story.raise(severity, if certain > 0 { 85 } else { 60 });
        if !outside {
            story.confidence = story.confidence.min(60);
        }
        self.open(&key);
    }
}

/// How web attacks are told.
pub const WEB_ATTACK: Telling = Telling {
    detector: "web-attack",
    quiet_seconds: 3_600,
    category: Category::WebAttack,
    names: "paths",
    reasons: "kinds",
    techniques: |_| &["T1190"],
    key: |story| {
        let kind = story.reasons.items().first();
        kind.map_or_else(|| "web/attack".to_owned(), |kind| format!("web/{kind}"))
    },
    message: |story| {
        if outcome(story) == AttackOutcome::Unknown {
            "answered-web-attack"
        } else {
            "web-attack"
        }
    },
    messages: &["answered-web-attack", "web-attack"],
    outcome: |story| match () {
        () if story.refused == story.count => AttackOutcome::Blocked,
        () if story.served == 0 => AttackOutcome::Attempt,
        () => AttackOutcome::Unknown,
    },
};
