//! The web judge: is this request an attack, by what it asks for alone.
//!
//! A pure function of method, target, user agent and referer, which is what access logs hold, or of a
//! whole request with all headers and its body ([`judge_whole`]). Points
//! add up in the manner of anomaly scoring (critical 5, error 4, warning 3, notice 2): from
//! [`SUSPICIOUS`] on a request is suspicious, from [`ATTACK`] on, or with two kinds of attack at once,
//! it is an attack. Values are decoded as servers decode them, then read by an SQL tokeniser, an HTML
//! tokeniser, a command-line reader and one automaton of telling words.

mod address;
mod base64;
mod body;
mod command;
mod command_names;
mod decode;
mod disguise;
mod html;
mod json;
mod literals;
mod media;
mod methods;
mod multipart;
mod prose;
mod protocol;
mod serial;
mod settings;
mod sql;
mod sql_functions;
mod sql_probes;
mod sql_rules;
mod sql_view;
mod text;
mod whole;

pub use whole::{WholeRequest, judge_whole};

use std::borrow::Cow;

use super::recall::Recall;
use crate::event::words;
use literals::Scope;

/// Most bytes of one text that are read; the rest is not looked at.
pub const MAX_TEXT_BYTES: usize = 32 * 1024;
/// Most parameters of one request that are read.
pub const MAX_PARAMETERS: usize = 512;
/// Points from which a request is suspicious.
pub const SUSPICIOUS: u16 = 5;
/// Points from which it is an attack.
pub const ATTACK: u16 = 10;
/// Points that one kind of attack needs to count as a kind.
const COUNTS_AS_KIND: u16 = 3;

words! {
    /// What kind of attack.
    Kind {
        /// SQL injection.
        Sql = "sql",
        /// Script put into a page.
        Xss = "xss",
        /// Climbing out of the web folder.
        Traversal = "traversal",
        /// Commands for the operating system.
        Command = "command",
        /// Code or template expressions for the application.
        Template = "template",
        /// Files or pages included from elsewhere.
        FileInclusion = "file-inclusion",
        /// A request made for one known hole.
        KnownExploit = "known-exploit",
        /// Files that nobody should be able to fetch: keys, settings, backups.
        SensitiveFile = "sensitive-file",
        /// A scanner that names itself.
        Scanner = "scanner",
        /// Line breaks that forge headers or mail commands.
        Header = "header",
        /// Queries for directories and document stores.
        Query = "query",
        /// Requests that break the protocol's rules, as tools do that look for weak servers.
        Protocol = "protocol",
    }
}

words! {
    /// How sure the judge is.
    Level {
        /// Nothing to see.
        Clean = "clean",
        /// Unusual for an honest visitor.
        Suspicious = "suspicious",
        /// An attack.
        Attack = "attack",
    }
}

/// What an access log knows of a request.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct WebRequest<'r> {
    /// Method, such as `GET`.
    pub method: &'r str,
    /// Request target or full URL, as logged.
    pub uri: &'r str,
    /// User agent.
    pub user_agent: Option<&'r str>,
    /// Referer.
    pub referer: Option<&'r str>,
}

/// The judgement.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Verdict {
    /// Sum of all points.
    pub score: u16,
    /// Kinds of attack seen, in the order of [`Kind::ALL`].
    pub categories: Vec<Kind>,
    /// What was seen, by code, each once, in the order found.
    pub why: Vec<&'static str>,
    points: [u16; Kind::ALL.len()],
}

impl Verdict {
    /// What the score amounts to.
    #[must_use]
    pub fn level(&self) -> Level {
        let kinds = self
            .points
            .iter()
            .filter(|points| **points >= COUNTS_AS_KIND)
            .count();
        if self.score >= ATTACK || (self.score >= SUSPICIOUS && kinds >= 2) {
            Level::Attack
        } else if self.score >= SUSPICIOUS {
            Level::Suspicious
        } else {
            Level::Clean
        }
    }

    /// The kind with the most points.
    #[must_use]
    pub fn main_category(&self) -> Option<Kind> {
        let most = self.points.iter().copied().max().filter(|most| *most > 0)?;
        let mut kinds = Kind::ALL.iter().zip(self.points);
        kinds
            .find(|(_, points)| *points == most)
            .map(|(kind, _)| *kind)
    }

    /// Adds points for `why`, once.
    fn add(&mut self, kind: Kind, points: u16, why: &'static str) {
        if self.why.contains(&why) {
            return;
        }
        self.why.push(why);
        self.score = self.score.saturating_add(points);
        if let Some(sum) = self.points.get_mut(kind as usize) {
            *sum = sum.saturating_add(points);
        }
        if let Err(at) = self.categories.binary_search(&kind) {
            self.categories.insert(at, kind);
        }
    }
}

/// Working memory of [`judge_with`]: the user agents seen lately that are beyond suspicion.
#[derive(Debug, Default)]
pub struct Scratch {
    clean_agents: Recall<()>,
}

/// Judges a request.
#[must_use]
pub fn judge(request: &WebRequest<'_>) -> Verdict {
    judge_with(request, &mut Scratch::default())
}

/// As [`judge`], faster for one of many requests. What was judged before changes no verdict.
#[must_use]
pub fn judge_with(request: &WebRequest<'_>, scratch: &mut Scratch) -> Verdict {
    let mut verdict = Verdict::default();
    let uri = cut(request.uri);
    literals::scan(uri, Scope::TARGET, &mut verdict);
    // A plain target may still name a program (`=/bin/sh`) or leave a question open (`=http?`).
    if decode::needs_reading(uri.as_bytes()) || uri.contains("=/") || uri.ends_with('?') {
        read_target(uri, &mut verdict);
    }
    if let Some(agent) = request.user_agent.map(cut)
        && scratch.clean_agents.get(agent).is_none()
    {
        let target_is_clean = verdict.why.is_empty();
        read_agent(agent, &mut verdict);
        if target_is_clean && verdict.why.is_empty() {
            scratch.clean_agents.put(agent, ());
        }
    }
    if let Some(referer) = request.referer.map(cut)
        && referer.len() > 1
        && (!referer.starts_with("http") || decode::needs_reading(referer.as_bytes()))
    {
        read_referer(referer, &mut verdict);
    }
    if !verdict.why.is_empty() {
        method(request.method, &mut verdict);
    }
    verdict
}

/// Judges one value as the application receives it: a form field or a parameter, decoded by the
/// server once. What is still encoded is decoded as a second layer.
#[must_use]
pub fn judge_value(value: &str) -> Verdict {
    let mut verdict = Verdict::default();
    let value = cut(value);
    literals::scan(value, Scope::AGENT_NAME, &mut verdict);
    let decoded = decode::value(value, true);
    text::hidden_bracket(value, &decoded, &mut verdict);
    disguise::read_sent(value, &decoded, &mut verdict);
    address::inclusion("", &decoded, &mut verdict);
    read_value(&decoded, &mut verdict);
    verdict
}

fn cut(text: &str) -> &str {
    text::head(text, MAX_TEXT_BYTES)
}

/// A method that web pages do not use adds to what else is wrong.
fn method(method: &str, verdict: &mut Verdict) {
    let odd = ["TRACE", "TRACK", "CONNECT", "DEBUG", "PROPFIND"];
    if odd.iter().any(|odd| method.eq_ignore_ascii_case(odd)) {
        verdict.add(Kind::Scanner, 2, "odd-method");
    }
}

fn read_target(uri: &str, verdict: &mut Verdict) {
    let (path, query) = match uri.split_once('?') {
        Some((path, query)) => (path, Some(query)),
        None => (uri, None),
    };
    let decoded = decode::value(path, false);
    literals::scan(&decoded, Scope::TARGET, verdict);
    text::traversal(&decoded, true, verdict);
    for part in decoded.split('/') {
        if decode::needs_reading(part.as_bytes()) {
            read_value(part, verdict);
        }
    }
    // An attack may hold slashes of its own.
    if decode::has_quote_or_bracket(&decoded) {
        read_value(&decoded, verdict);
    }
    if let Some(query) = query {
        read_parameters(query, verdict);
    }
}

fn read_parameters(query: &str, verdict: &mut Verdict) {
    for parameter in query.split('&').take(MAX_PARAMETERS) {
        if !decode::needs_reading(parameter.as_bytes()) {
            literals::scan(parameter, Scope::VALUE, verdict);
            if let Some((name, value)) = parameter.split_once('=') {
                command::under_name(name, value, verdict);
                if value.ends_with('?') {
                    address::inclusion(name, value, verdict);
                }
            }
            continue;
        }
        match parameter.split_once('=') {
            Some((name, value)) => {
                read_sent(name, true, verdict);
                let sent = value;
                let value = decode::value(sent, true);
                text::hidden_bracket(sent, &value, verdict);
                disguise::read_sent(&decode::once(sent), &value, verdict);
                address::inclusion(name, &value, verdict);
                command::under_name(name, &value, verdict);
                if asks_in_own_language(name) {
                    read_but_for_databases(&value, verdict);
                } else {
                    read_value(&value, verdict);
                }
                // `=` may also belong to the value: `a'=b`.
                if name.contains(['\'', '"', '<', '(']) || name.contains("%27") {
                    read_value(&decode::value(parameter, true), verdict);
                }
            }
            None => {
                let value = decode::value(parameter, true);
                // No form has a field whose name holds line breaks, and no value.
                if value.contains('\r') && !parameter.contains('\r') {
                    verdict.add(Kind::Header, 5, "header-break-in-name");
                }
                read_value(&value, verdict);
            }
        }
    }
    // An ampersand may belong to an attack: `a && cat /etc/passwd`.
    if query.contains("&&") || query.contains("&+") || query.contains("&%20") {
        read_value(&decode::value(query, true), verdict);
    }
}

fn read_agent(agent: &str, verdict: &mut Verdict) {
    literals::scan(agent, Scope::AGENT, verdict);
    if decode::is_odd_agent(agent) {
        command::agent(agent, verdict);
        read_value(&decode::value(agent, false), verdict);
    }
}

fn read_referer(referer: &str, verdict: &mut Verdict) {
    let (before, query) = match referer.split_once('?') {
        Some((before, query)) => (before, Some(query)),
        None => (referer, None),
    };
    if !before.starts_with("http") || decode::has_quote_or_bracket(before) {
        read_value(&decode::value(before, false), verdict);
    }
    for part in query.into_iter().flat_map(|query| query.split('#')) {
        read_parameters(part, verdict);
    }
}

/// Reads one value that came decoded once: plain ones only for words that tell by themselves.
fn read_sent(value: &str, plus: bool, verdict: &mut Verdict) {
    let value = cut(value);
    if decode::needs_reading(value.as_bytes()) || value.contains('&') {
        let decoded = decode::value(value, plus);
        text::hidden_bracket(value, &decoded, verdict);
        read_value(&decoded, verdict);
    } else {
        literals::scan(value, Scope::VALUE, verdict);
    }
}

/// `/etc//passwd`, `/etc/./passwd`: paths with detours that lead nowhere.
fn detours(value: &str, verdict: &mut Verdict) {
    if value.starts_with('/') && (value.contains("/./") || value.contains("//")) {
        let mut straight = value.replace("/./", "/");
        while straight.contains("//") {
            straight = straight.replace("//", "/");
        }
        literals::scan(&straight, Scope::VALUE, verdict);
    }
}

/// Whether what stands under `name` is a question in a language near to SQL that no database reads:
/// OData (OASIS, part 2, 5.1.2) and Jira's.
fn asks_in_own_language(name: &str) -> bool {
    ["$filter", "%24filter", "jql"]
        .iter()
        .any(|known| name.eq_ignore_ascii_case(known))
}

/// Reads one decoded value in every language we know.
fn read_value(value: &str, verdict: &mut Verdict) {
    if let Some(value) = read_but_for_databases(value, verdict) {
        sql_rules::read(&value, verdict);
        sql_probes::read(&value, verdict);
    }
}

/// The same without SQL. Gives what is left to read in it: nothing of a document.
fn read_but_for_databases<'a>(value: &'a str, verdict: &mut Verdict) -> Option<Cow<'a, str>> {
    if value.len() < 2 {
        return None;
    }
    literals::scan(value, Scope::VALUE, verdict);
    // A document in a field or cookie: its grammar is no sign of anything.
    if json::is_document(value) && json::read(value, verdict) {
        return None;
    }
    text::traversal(value, false, verdict);
    text::headers(value, verdict);
    text::request_inside(value, verdict);
    detours(value, verdict);
    text::expressions(value, verdict);
    text::indirect_calls(value, verdict);
    text::module_import(value, verdict);
    serial::read(value, verdict);
    disguise::read(value, verdict);
    settings::read(value, verdict);
    // What an editor of pages sends is read without its tags.
    let plain = if value.contains('<') {
        prose::rich_text(value)
    } else {
        None
    };
    if plain.is_none() {
        html::read(value, verdict);
    }
    let value = plain.map_or(Cow::Borrowed(value), Cow::from);
    command::read(&value, verdict);
    Some(value)
}

#[cfg(test)]
mod tests;
