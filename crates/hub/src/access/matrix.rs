//! The matrix: every action, and what each role gets.

/// What a person is to the hub.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Role {
    /// Owns or leads a firm; sees that firm and nothing else.
    Member,
    /// Works in a firm.
    Staff,
    /// Looks at a firm's pages, and changes nothing there.
    Reader,
    /// Looks after the computers of several firms; sees those, one at a time.
    Provider,
    /// Works in a resilience centre; helps firms.
    Analyst,
    /// Learns in a resilience centre; sees how firms fare, and never which they are.
    Student,
    /// Works in a police force; sees threats emerge, and the firms of one area.
    Officer,
    /// Works in a regional cyber unit; sees the firms of one region, or of the whole hub.
    Regional,
    /// Looks at the whole country; sees counts, and the firms of the regions that share them.
    National,
    /// Runs the hub; sees no member's data.
    Administrator,
}

/// How many roles there are.
const ROLES: usize = 10;

impl Role {
    /// Every role, in the order of the matrix.
    pub const ALL: [Self; ROLES] = [
        Self::Member,
        Self::Staff,
        Self::Reader,
        Self::Provider,
        Self::Analyst,
        Self::Student,
        Self::Officer,
        Self::Regional,
        Self::National,
        Self::Administrator,
    ];

    /// The one spelling used in the store, on the command line and in the ledger.
    #[must_use]
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::Member => "member",
            Self::Staff => "staff",
            Self::Reader => "reader",
            Self::Provider => "provider",
            Self::Analyst => "analyst",
            Self::Student => "student",
            Self::Officer => "officer",
            Self::Regional => "regional-officer",
            Self::National => "national-analyst",
            Self::Administrator => "administrator",
        }
    }

    /// Whether people of this role belong to one firm.
    #[must_use]
    pub const fn of_firm(self) -> bool {
        matches!(self, Self::Member | Self::Staff | Self::Reader)
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
    /// The firms one looks after, and which of them one looks at now.
    FirmList,
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
    /// The firms of one's region that ask to join.
    VetRead,
    /// Letting them in, turning them away, asking them something.
    VetAct,
    /// Making the one-time token with which a collector of one's own firm joins.
    JoinAct,
    /// The people of one's own firm: seeing, inviting, saying what they may, shutting out.
    StaffAct,
    /// Taking a region's role in an emergency.
    EmergencyAct,
    /// Taking the names and addresses of firms' people along, with a second officer's word.
    ExportAct,
    /// Letting national analysts see the firms of one's region, and ending it.
    ShareAct,
}

impl Action {
    /// Every action, in the order of the matrix.
    pub const ALL: [Self; 23] = [
        Self::Public,
        Self::Session,
        Self::Account,
        Self::AccountAct,
        Self::KeyAct,
        Self::OwnRead,
        Self::OwnAct,
        Self::FirmList,
        Self::ThreatList,
        Self::ThreatRead,
        Self::ThreatAct,
        Self::MemberList,
        Self::MemberRead,
        Self::AdminRead,
        Self::AdminAct,
        Self::PeopleAct,
        Self::VetRead,
        Self::VetAct,
        Self::JoinAct,
        Self::StaffAct,
        Self::EmergencyAct,
        Self::ExportAct,
        Self::ShareAct,
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
            Self::FirmList => "firm-list",
            Self::OwnAct => "own-act",
            Self::ThreatList => "threat-list",
            Self::ThreatRead => "threat-read",
            Self::ThreatAct => "threat-act",
            Self::MemberList => "member-list",
            Self::MemberRead => "member-read",
            Self::AdminRead => "admin-read",
            Self::AdminAct => "admin-act",
            Self::PeopleAct => "people-act",
            Self::VetRead => "vet-read",
            Self::VetAct => "vet-act",
            Self::JoinAct => "join-act",
            Self::StaffAct => "staff-act",
            Self::EmergencyAct => "emergency-act",
            Self::ExportAct => "export-act",
            Self::ShareAct => "share-act",
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
        let Some((_, _, visitor, roles)) = MATRIX.iter().find(|(action, ..)| *action == self)
        else {
            return Ruling::Deny;
        };
        let Some(role) = role else {
            return *visitor;
        };
        Role::ALL
            .iter()
            .position(|one| *one == role)
            .and_then(|place| roles.get(place))
            .copied()
            .unwrap_or(Ruling::Deny)
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
    /// Allowed, for one's own firm, or the one of one's firms chosen last.
    Own,
    /// Allowed, for the firms in one's own area or region (a regional officer without region: for all).
    Area,
    /// Allowed, for the firms of the regions that share theirs.
    Shared,
    /// Allowed, for every firm.
    All,
    /// Allowed, for every firm, without anything that says which it is.
    Masked,
}

use Ruling::{All, Area, Deny, Masked, NoData, Own, Shared};

/// Action; how well proved; somebody not signed in; then the roles in the order of [`Role::ALL`].
#[rustfmt::skip]
pub const MATRIX: &[(Action, Need, Ruling, [Ruling; ROLES])] = &[
    //                   proved         visitor  member  staff   reader  provider analyst student officer regional national administrator
    (Action::Public,     Need::Nothing, NoData, [NoData, NoData, NoData, NoData, NoData, NoData, NoData, NoData, NoData, NoData]),
    (Action::Session,    Need::Nothing, Deny,   [NoData, NoData, NoData, NoData, NoData, NoData, NoData, NoData, NoData, NoData]),
    (Action::Account,    Need::Whole,   Deny,   [NoData, NoData, NoData, NoData, NoData, NoData, NoData, NoData, NoData, NoData]),
    (Action::AccountAct, Need::SetUp,   Deny,   [NoData, NoData, NoData, NoData, NoData, NoData, NoData, NoData, NoData, NoData]),
    (Action::KeyAct,     Need::Fresh,   Deny,   [NoData, NoData, NoData, NoData, NoData, Deny,   NoData, NoData, NoData, NoData]),
    (Action::OwnRead,    Need::Whole,   Deny,   [Own,    Own,    Own,    Own,    Deny,   Deny,   Deny,   Deny,   Deny,   Deny]),
    (Action::OwnAct,     Need::Whole,   Deny,   [Own,    Own,    Deny,   Own,    Deny,   Deny,   Deny,   Deny,   Deny,   Deny]),
    (Action::FirmList,   Need::Whole,   Deny,   [Deny,   Deny,   Deny,   NoData, Deny,   Deny,   Deny,   Deny,   Deny,   Deny]),
    (Action::ThreatList, Need::Whole,   Deny,   [Deny,   Deny,   Deny,   Deny,   NoData, NoData, Area,   Area,   NoData, Deny]),
    (Action::ThreatRead, Need::Whole,   Deny,   [Deny,   Deny,   Deny,   Deny,   NoData, NoData, Area,   Area,   Shared, Deny]),
    (Action::ThreatAct,  Need::Whole,   Deny,   [Deny,   Deny,   Deny,   Deny,   Deny,   Deny,   Area,   Area,   Deny,   Deny]),
    (Action::MemberList, Need::Whole,   Deny,   [Deny,   Deny,   Deny,   Deny,   All,    Masked, Area,   Area,   Shared, Deny]),
    (Action::MemberRead, Need::Whole,   Deny,   [Deny,   Deny,   Deny,   Deny,   All,    Deny,   Area,   Area,   Shared, Deny]),
    (Action::AdminRead,  Need::Whole,   Deny,   [Deny,   Deny,   Deny,   Deny,   Deny,   Deny,   Deny,   Deny,   Deny,   NoData]),
    (Action::AdminAct,   Need::Whole,   Deny,   [Deny,   Deny,   Deny,   Deny,   Deny,   Deny,   Deny,   Deny,   Deny,   NoData]),
    (Action::PeopleAct,  Need::Fresh,   Deny,   [Deny,   Deny,   Deny,   Deny,   Deny,   Deny,   Deny,   Deny,   Deny,   NoData]),
    (Action::VetRead,    Need::Whole,   Deny,   [Deny,   Deny,   Deny,   Deny,   Deny,   Deny,   Deny,   Area,   Deny,   Deny]),
    (Action::VetAct,     Need::Fresh,   Deny,   [Deny,   Deny,   Deny,   Deny,   Deny,   Deny,   Deny,   Area,   Deny,   Deny]),
    (Action::JoinAct,    Need::Fresh,   Deny,   [Own,    Deny,   Deny,   Own,    Deny,   Deny,   Deny,   Deny,   Deny,   Deny]),
    (Action::StaffAct,   Need::Fresh,   Deny,   [Own,    Deny,   Deny,   Deny,   Deny,   Deny,   Deny,   Deny,   Deny,   Deny]),
    (Action::EmergencyAct, Need::Fresh, Deny,   [Deny,   Deny,   Deny,   Deny,   Deny,   Deny,   NoData, Deny,   Deny,   NoData]),
    (Action::ExportAct,  Need::Fresh,   Deny,   [Deny,   Deny,   Deny,   Deny,   Deny,   Deny,   Deny,   Area,   Deny,   Deny]),
    (Action::ShareAct,   Need::Fresh,   Deny,   [Deny,   Deny,   Deny,   Deny,   Deny,   Deny,   Deny,   Area,   Deny,   Deny]),
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
    fn no_role_reaches_further_than_it_should() {
        let reaches = |role: Role, rulings: &[Ruling]| {
            for action in Action::ALL {
                let ruling = action.ruling(Some(role));
                let fine = matches!(ruling, Ruling::Deny | Ruling::NoData);
                assert!(fine || rulings.contains(&ruling), "{role} {action:?}");
            }
        };
        for role in [Role::Member, Role::Staff, Role::Reader, Role::Provider] {
            reaches(role, &[Ruling::Own]);
        }
        reaches(Role::Analyst, &[Ruling::All]);
        reaches(Role::Student, &[Ruling::Masked]);
        reaches(Role::Officer, &[Ruling::Area]);
        reaches(Role::Regional, &[Ruling::Area]);
        reaches(Role::National, &[Ruling::Shared]);
        reaches(Role::Administrator, &[]);
        for action in Action::ALL {
            assert!(matches!(action.ruling(None), Ruling::Deny | Ruling::NoData));
        }
    }

    #[test]
    fn every_role_is_spelled_once() {
        for role in Role::ALL {
            assert_eq!(Role::from_word(role.as_str()), Some(role));
        }
        assert_eq!(Role::from_word("root"), None);
    }
}
