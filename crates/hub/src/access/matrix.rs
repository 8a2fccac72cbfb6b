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
    /// Being signed in: the start page, signing out.
    Session,
    /// One's own firm: home, what leaves the building, who read it, warnings.
    OwnRead,
    /// The list of emerging threats: counts, no names.
    ThreatList,
    /// One threat with its evidence; names of firms as far as the scope goes.
    ThreatRead,
    /// The list of firms, with health and open warnings.
    MemberList,
    /// One firm in detail.
    MemberRead,
    /// The running of the hub: members, collectors, tokens, people, acts; no member's data.
    AdminRead,
    /// Changing any of that.
    AdminAct,
}

impl Action {
    /// Every action, in the order of the matrix.
    pub const ALL: [Self; 9] = [
        Self::Public,
        Self::Session,
        Self::OwnRead,
        Self::ThreatList,
        Self::ThreatRead,
        Self::MemberList,
        Self::MemberRead,
        Self::AdminRead,
        Self::AdminAct,
    ];

    /// The word for it in the audit ledger.
    #[must_use]
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::Public => "public",
            Self::Session => "session",
            Self::OwnRead => "own-read",
            Self::ThreatList => "threat-list",
            Self::ThreatRead => "threat-read",
            Self::MemberList => "member-list",
            Self::MemberRead => "member-read",
            Self::AdminRead => "admin-read",
            Self::AdminAct => "admin-act",
        }
    }

    /// What the matrix says; `None` is somebody who is not signed in. What the matrix does not name
    /// is denied.
    #[must_use]
    pub fn ruling(self, role: Option<Role>) -> Ruling {
        let Some((_, visitor, [member, analyst, officer, administrator])) =
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

/// Action; somebody not signed in; member, analyst, officer, administrator.
#[rustfmt::skip]
pub const MATRIX: &[(Action, Ruling, [Ruling; 4])] = &[
    //                   visitor  member  analyst officer administrator
    (Action::Public,     NoData, [NoData, NoData, NoData, NoData]),
    (Action::Session,    Deny,   [NoData, NoData, NoData, NoData]),
    (Action::OwnRead,    Deny,   [Own,    Deny,   Deny,   Deny]),
    (Action::ThreatList, Deny,   [Deny,   NoData, Area,   Deny]),
    (Action::ThreatRead, Deny,   [Deny,   NoData, Area,   Deny]),
    (Action::MemberList, Deny,   [Deny,   All,    Area,   Deny]),
    (Action::MemberRead, Deny,   [Deny,   All,    Area,   Deny]),
    (Action::AdminRead,  Deny,   [Deny,   Deny,   Deny,   NoData]),
    (Action::AdminAct,   Deny,   [Deny,   Deny,   Deny,   NoData]),
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
