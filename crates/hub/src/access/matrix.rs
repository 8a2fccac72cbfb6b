//! The matrix: every action, and what each role gets.

/// What a person is to the hub.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Role {
    /// Belongs to a firm; sees that firm and nothing else.
    Member,
    /// Works in a resilience centre; helps firms.
    Analyst,
    /// Works in a force or regional cyber unit; sees threats emerge and warns.
    Officer,
    /// Runs the hub; sees no member's data.
    Administrator,
}

impl Role {
    /// Every role, in the order of the matrix.
    pub const ALL: [Self; 4] = [
        Self::Member,
        Self::Analyst,
        Self::Officer,
        Self::Administrator,
    ];

    /// The one spelling used in the store, on the command line and in the ledger.
    #[must_use]
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::Member => "member",
            Self::Analyst => "analyst",
            Self::Officer => "officer",
            Self::Administrator => "administrator",
        }
    }

    /// The role spelled `word`.
    #[must_use]
    pub fn from_word(word: &str) -> Option<Self> {
        Self::ALL.into_iter().find(|role| role.as_str() == word)
    }
}

impl std::fmt::Display for Role {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.pad(self.as_str())
    }
}

/// What can be done. Every page names one; its word stands in the audit ledger.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub enum Action {
    /// What everybody may see: signing in, help, style, health.
    Public,
    /// Being signed in: the start page, signing out, proving oneself further.
    Session,
    /// What one signs in with: seeing it, and one's sessions.
    Account,
    /// Changing what one signs in with.
    AccountAct,
    /// Making a key for a program of one's own.
    KeyAct,
    /// One's own firm: home, what leaves the building, who read it, warnings.
    OwnRead,
    /// Answering for one's own firm: acknowledging a warning.
    OwnAct,
    /// The list of emerging threats: counts, no names.
    ThreatList,
    /// One threat with its evidence; names of firms as far as the scope goes.
    ThreatRead,
    /// Saying what a threat was.
    ThreatAct,
    /// The list of firms, with health and open warnings.
    MemberList,
    /// One firm in detail.
    MemberRead,
    /// The running of the hub: members, collectors, tokens, people, acts; no member's data.
    AdminRead,
    /// Changing any of that.
    AdminAct,
    /// Adding people, letting them in and shutting them out.
    PeopleAct,
}

impl Action {
    /// Every action, in the order of the matrix.
    pub const ALL: [Self; 15] = [
        Self::Public,
        Self::Session,
        Self::Account,
        Self::AccountAct,
        Self::KeyAct,
        Self::OwnRead,
        Self::OwnAct,
        Self::ThreatList,
        Self::ThreatRead,
        Self::ThreatAct,
        Self::MemberList,
        Self::MemberRead,
        Self::AdminRead,
        Self::AdminAct,
        Self::PeopleAct,
    ];

    /// The word for it in the audit ledger.
    #[must_use]
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::Public => "public",
            Self::Session => "session",
            Self::Account => "account",
            Self::AccountAct => "account-act",
            Self::KeyAct => "key-act",
            Self::OwnRead => "own-read",
            Self::OwnAct => "own-act",
            Self::ThreatList => "threat-list",
            Self::ThreatRead => "threat-read",
            Self::ThreatAct => "threat-act",
            Self::MemberList => "member-list",
            Self::MemberRead => "member-read",
            Self::AdminRead => "admin-read",
            Self::AdminAct => "admin-act",
            Self::PeopleAct => "people-act",
        }
    }

    /// How well one must have proved who one is; what the matrix does not name needs the most.
    #[must_use]
    pub fn need(self) -> Need {
        MATRIX
            .iter()
            .find(|(action, ..)| *action == self)
            .map_or(Need::Fresh, |(_, need, ..)| *need)
    }

    /// The action spelled `word`.
    #[must_use]
    pub fn from_word(word: &str) -> Option<Self> {
        Self::ALL.into_iter().find(|action| action.as_str() == word)
    }

    /// What the matrix says; `None` is somebody who is not signed in. What the matrix does not name
    /// is denied.
    #[must_use]
    pub fn ruling(self, role: Option<Role>) -> Ruling {
        let Some((_, _, visitor, [member, analyst, officer, administrator])) =
            MATRIX.iter().find(|(action, ..)| *action == self)
        else {
            return Ruling::Deny;
        };
        match role {
            None => *visitor,
            Some(Role::Member) => *member,
            Some(Role::Analyst) => *analyst,
            Some(Role::Officer) => *officer,
            Some(Role::Administrator) => *administrator,
        }
    }
}

/// How well somebody has proved who they are, in the session that asks.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Standing {
    /// Came by a link, and has nothing of their own to sign in with yet.
    New,
    /// Came by a link, and has still to show what is their own.
    Half,
    /// Proved.
    Whole,
    /// Proved within the last minutes.
    Fresh,
}

/// How well one must have proved who one is.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Need {
    /// Not further than the role says.
    Nothing,
    /// Wholly.
    Whole,
    /// Within the last minutes; or not at all yet, which is how everybody begins.
    SetUp,
    /// Within the last minutes.
    Fresh,
}

impl Need {
    /// Whether `standing` is enough.
    #[must_use]
    pub const fn met(self, standing: Standing) -> bool {
        match self {
            Self::Nothing => true,
            Self::Whole => matches!(standing, Standing::Whole | Standing::Fresh),
            Self::SetUp => matches!(standing, Standing::New | Standing::Fresh),
            Self::Fresh => matches!(standing, Standing::Fresh),
        }
    }
}

/// What a role gets for an action.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Ruling {
    /// Not at all.
    Deny,
    /// Allowed, and no member's data with it.
    NoData,
    /// Allowed, for one's own firm.
    Own,
    /// Allowed, for the firms in one's own area (a person without area: for all).
    Area,
    /// Allowed, for every firm.
    All,
}

use Ruling::{All, Area, Deny, NoData, Own};

/// Action; how well proved; somebody not signed in; member, analyst, officer, administrator.
#[rustfmt::skip]
pub const MATRIX: &[(Action, Need, Ruling, [Ruling; 4])] = &[
    //                   proved         visitor  member  analyst officer administrator
    (Action::Public,     Need::Nothing, NoData, [NoData, NoData, NoData, NoData]),
    (Action::Session,    Need::Nothing, Deny,   [NoData, NoData, NoData, NoData]),
    (Action::Account,    Need::Whole,   Deny,   [NoData, NoData, NoData, NoData]),
    (Action::AccountAct, Need::SetUp,   Deny,   [NoData, NoData, NoData, NoData]),
    (Action::KeyAct,     Need::Fresh,   Deny,   [NoData, NoData, NoData, NoData]),
    (Action::OwnRead,    Need::Whole,   Deny,   [Own,    Deny,   Deny,   Deny]),
    (Action::OwnAct,     Need::Whole,   Deny,   [Own,    Deny,   Deny,   Deny]),
    (Action::ThreatList, Need::Whole,   Deny,   [Deny,   NoData, Area,   Deny]),
    (Action::ThreatRead, Need::Whole,   Deny,   [Deny,   NoData, Area,   Deny]),
    (Action::ThreatAct,  Need::Whole,   Deny,   [Deny,   Deny,   Area,   Deny]),
    (Action::MemberList, Need::Whole,   Deny,   [Deny,   All,    Area,   Deny]),
    (Action::MemberRead, Need::Whole,   Deny,   [Deny,   All,    Area,   Deny]),
    (Action::AdminRead,  Need::Whole,   Deny,   [Deny,   Deny,   Deny,   NoData]),
    (Action::AdminAct,   Need::Whole,   Deny,   [Deny,   Deny,   Deny,   NoData]),
    (Action::PeopleAct,  Need::Fresh,   Deny,   [Deny,   Deny,   Deny,   NoData]),
];

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_action_stands_in_the_matrix_once() {
        for action in Action::ALL {
            let rows = MATRIX.iter().filter(|(named, ..)| *named == action);
            assert_eq!(rows.count(), 1, "{action:?}");
        }
        assert_eq!(MATRIX.len(), Action::ALL.len());
    }

    #[test]
    fn only_members_see_their_own_and_administrators_see_nobody() {
        for action in Action::ALL {
            assert!(matches!(
                action.ruling(Some(Role::Administrator)),
                Ruling::Deny | Ruling::NoData
            ));
            assert!(!matches!(
                action.ruling(Some(Role::Member)),
                Ruling::Area | Ruling::All
            ));
            assert!(matches!(action.ruling(None), Ruling::Deny | Ruling::NoData));
        }
    }
}
