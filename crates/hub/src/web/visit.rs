//! One request, as a page sees it.

use std::collections::BTreeMap;
use std::net::IpAddr;

use larum_core::time::Timestamp;
use larum_core::words::Argument;
use maud::Markup;

use super::answer::{Answer, Problem};
use super::{WebState, layout, parts};
use crate::access::{Denied, Opener, Role, Scope, Sealed, Viewer};
use crate::id::MemberId;
use crate::store::Store;
use crate::store::audit::Actor;
use crate::store::people::Wanted;

/// One request: who, what they may see, and what they asked.
pub(super) struct Visit<'a> {
    pub state: &'a WebState,
    pub viewer: Option<&'a Viewer>,
    /// The session's token, for ending it.
    pub token: Option<&'a str>,
    /// What the browser keeps of somebody who left for a provider.
    pub away: Option<String>,
    /// What the access matrix grants for this route.
    pub scope: Scope,
    pub opener: Option<Opener<'a>>,
    /// The hub's time.
    pub now: Timestamp,
    /// The time sessions live by.
    pub people_now: Timestamp,
    /// With what the person came, in a few words.
    pub agent: String,
    /// From which network, where that can be known.
    pub network: Option<IpAddr>,
    pub path: String,
    pub params: BTreeMap<String, String>,
    pub query: BTreeMap<String, String>,
    pub form: BTreeMap<String, String>,
}

impl Visit<'_> {
    /// The store. Its reading calls want [`Visit::scope`].
    pub fn store(&self) -> &dyn Store {
        &*self.state.store
    }

    /// Gets out what the store sealed, after the audit ledger was written.
    pub fn open<T>(&mut self, sealed: Sealed<T>) -> Result<T, Problem> {
        let opener = self
            .opener
            .as_mut()
            .ok_or(Problem::Denied(Denied::NotSignedIn))?;
        Ok(opener.open(sealed)?)
    }

    /// The reader's own firm.
    pub fn own(&self) -> Result<MemberId, Problem> {
        self.scope.member().ok_or(Problem::NotFound)
    }

    /// Who acts, for the audit ledger.
    pub fn actor(&self) -> Result<Actor, Problem> {
        self.viewer
            .map(Actor::of)
            .ok_or(Problem::Denied(Denied::NotSignedIn))
    }

    /// Who asks, on pages for whoever is signed in.
    pub fn viewer(&self) -> Result<&Viewer, Problem> {
        self.viewer.ok_or(Problem::Denied(Denied::NotSignedIn))
    }

    /// A number in the path.
    pub fn number(&self, name: &str) -> Result<u64, Problem> {
        self.params
            .get(name)
            .and_then(|text| text.parse().ok())
            .ok_or(Problem::NotFound)
    }

    /// A field of the form, trimmed; empty when it is not there.
    pub fn field(&self, name: &str) -> &str {
        self.form.get(name).map_or("", |value| value.trim())
    }

    /// A part of the query; empty when it is not there.
    pub fn asked(&self, name: &str) -> &str {
        self.query.get(name).map_or("", String::as_str)
    }

    /// The page of a list that was asked for: what is looked for, and from where on.
    pub fn wanted<I>(&self, parse: impl Fn(&str) -> Option<I>, limit: u32) -> Wanted<'_, I> {
        Wanted {
            find: self.asked("find"),
            after: parse(self.asked("id")).map(|id| (self.asked("after"), id)),
            limit,
        }
    }

    /// The way to the page of such a list that begins after this row.
    pub fn next(&self, address: &str, name: &str, id: impl ToString) -> Markup {
        let asked = [
            ("find", self.asked("find").to_owned()),
            ("after", name.to_owned()),
            ("id", id.to_string()),
        ];
        parts::next(address, &self.say("hub-next"), &asked)
    }

    pub fn say(&self, id: &str) -> String {
        self.state.words.say(id)
    }

    pub fn say_with(&self, id: &str, args: &[(&str, Argument<'_>)]) -> String {
        self.state.words.say_with(id, args)
    }

    /// A whole page with this heading.
    pub fn page(&self, heading: &str, main: &Markup) -> Answer {
        let frame = layout::Frame {
            state: self.state,
            viewer: self.viewer,
            path: &self.path,
            live: false,
            passkey: false,
        };
        Answer::page(layout::page(&frame, heading, main))
    }

    /// As [`Visit::page`], with the script that talks to passkeys.
    pub fn passkey_page(&self, heading: &str, main: &Markup) -> Answer {
        let frame = layout::Frame {
            state: self.state,
            viewer: self.viewer,
            path: &self.path,
            live: false,
            passkey: true,
        };
        Answer::page(layout::page(&frame, heading, main))
    }

    /// As [`Visit::page`], with parts that refresh themselves where JavaScript runs.
    pub fn live_page(&self, heading: &str, main: &Markup) -> Answer {
        let frame = layout::Frame {
            state: self.state,
            viewer: self.viewer,
            path: &self.path,
            // Whoever is no member leaves a row in the ledger each time; a page left open must not.
            live: self
                .viewer
                .is_none_or(|viewer| viewer.role != Role::Provider),
            passkey: false,
        };
        Answer::page(layout::page(&frame, heading, main))
    }
}
