//! Who may do what: the one place where a permission is decided (invariant 9).
//!
//! The matrix is a table, [`MATRIX`]: action by role. A page asks [`enter`] before anything else; the
//! [`Scope`] it gets back goes into the SQL of every reading call of the store, and what the store
//! hands out about a member comes [`Sealed`]: opening it writes the audit ledger first.

mod matrix;
mod sealed;

pub use matrix::{Action, MATRIX, Need, Role, Ruling, Standing};
pub use sealed::{Opener, Sealed};

use crate::id::{MemberId, PersonId};

/// Whose data a reading call may touch. Made here only, from the matrix and the person.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Scope {
    reach: Reach,
    masked: bool,
}

/// What a [`Scope`] reaches.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) enum Reach {
    /// No member's data at all.
    Nobody,
    /// One member's.
    Member(MemberId),
    /// All members' of one police force area, by its code.
    Area(String),
    /// All members' of one region, by its name.
    Region(String),
    /// All members' of the regions that share theirs with national analysts.
    Shared,
    /// Every member's of this hub.
    All,
}

impl Scope {
    /// What it reaches, for the store's SQL.
    pub(crate) const fn reach(&self) -> &Reach {
        &self.reach
    }

    const fn of(reach: Reach) -> Self {
        Self {
            reach,
            masked: false,
        }
    }

    /// Whether nothing may be shown that says which firm it is.
    #[must_use]
    pub const fn masked(&self) -> bool {
        self.masked
    }

    /// Whether it reaches every firm of this hub.
    #[must_use]
    pub const fn everywhere(&self) -> bool {
        matches!(self.reach, Reach::All)
    }

    /// Whether it reaches what regions share, and nothing else.
    #[must_use]
    pub const fn shared(&self) -> bool {
        matches!(self.reach, Reach::Shared)
    }

    /// The area it is confined to, if it is.
    #[must_use]
    pub fn area(&self) -> Option<&str> {
        match &self.reach {
            Reach::Area(area) => Some(area),
            _ => None,
        }
    }

    /// The one member it is confined to, if it is.
    #[must_use]
    pub const fn member(&self) -> Option<MemberId> {
        match self.reach {
            Reach::Member(member) => Some(member),
            _ => None,
        }
    }

    #[cfg(test)]
    pub(crate) const fn for_test(reach: Reach) -> Self {
        Self::of(reach)
    }
}

/// Who is asking.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Viewer {
    /// The person.
    pub person: PersonId,
    /// Name, for the page.
    pub name: String,
    /// What they are.
    pub role: Role,
    /// The firm they belong to; for somebody who looks after several, the one chosen last.
    pub member: Option<MemberId>,
    /// The police force area an officer works in; a regional officer's region, `None` for the whole
    /// hub.
    pub area: Option<String>,
    /// How well this session has proved who they are.
    pub standing: Standing,
    /// Whether the role was taken in an emergency; see `docs/security/access.md`.
    pub emergency: bool,
}

impl Viewer {
    /// Works as a regional officer of `region` for now, whatever they are otherwise.
    pub(crate) fn in_emergency(&mut self, region: String) {
        self.role = Role::Regional;
        self.member = None;
        self.area = Some(region);
        self.emergency = true;
    }
}

/// What nobody does with a role taken in an emergency: it is for seeing and warning, not for letting
/// in, taking along, or staying longer.
const NOT_IN_EMERGENCY: [Action; 7] = [
    Action::EmergencyAct,
    Action::ExportAct,
    Action::ShareAct,
    Action::VetAct,
    Action::KeyAct,
    Action::AccountAct,
    Action::PeopleAct,
];

/// Why somebody may not do something.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
pub enum Denied {
    /// Nobody is signed in.
    #[error("not signed in")]
    NotSignedIn,
    /// Signed in, but the role does not include it.
    #[error("not for this role")]
    NotForRole,
    /// Half signed in: what is their own has still to be shown, or made.
    #[error("half signed in")]
    HalfSignedIn,
    /// Proved too long ago for this.
    #[error("proved too long ago")]
    NotFresh,
}

/// Decides whether `viewer` (`None`: nobody signed in) may do `action`, and with whose data.
///
/// # Errors
/// [`Denied`].
pub fn enter(viewer: Option<&Viewer>, action: Action) -> Result<Scope, Denied> {
    let ruling = action.ruling(viewer.map(|viewer| viewer.role));
    if viewer.is_some_and(|viewer| viewer.emergency) && NOT_IN_EMERGENCY.contains(&action) {
        return Err(Denied::NotForRole);
    }
    match (ruling, viewer) {
        (Ruling::Deny, None) => Err(Denied::NotSignedIn),
        (Ruling::Deny, Some(_)) => Err(Denied::NotForRole),
        (_, Some(viewer)) if !action.need().met(viewer.standing) => Err(match viewer.standing {
            Standing::New | Standing::Half => Denied::HalfSignedIn,
            Standing::Whole | Standing::Fresh => Denied::NotFresh,
        }),
        (Ruling::NoData, _) | (_, None) => Ok(Scope::of(Reach::Nobody)),
        (Ruling::Own, Some(viewer)) => Ok(Scope::of(
            viewer.member.map_or(Reach::Nobody, Reach::Member),
        )),
        (Ruling::Area, Some(viewer)) => Ok(Scope::of(area(viewer))),
        (Ruling::Shared, Some(_)) => Ok(Scope::of(Reach::Shared)),
        (Ruling::All, Some(_)) => Ok(Scope::of(Reach::All)),
        (Ruling::Masked, Some(_)) => Ok(Scope {
            reach: Reach::All,
            masked: true,
        }),
    }
}

/// The firms that an officer works for.
fn area(viewer: &Viewer) -> Reach {
    match (viewer.role, &viewer.area) {
        (Role::Officer, Some(area)) => Reach::Area(area.clone()),
        (Role::Regional, Some(region)) => Reach::Region(region.clone()),
        (Role::Regional, None) => Reach::All,
        // An officer of no area works for none.
        _ => Reach::Nobody,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn viewer(role: Role, member: Option<&str>, area: Option<&str>) -> Viewer {
        Viewer {
            person: PersonId::parse(&"0".repeat(32)).unwrap(),
            name: "Sam".into(),
            role,
            member: member.and_then(MemberId::parse),
            area: area.map(str::to_owned),
            standing: Standing::Fresh,
            emergency: false,
        }
    }

    #[test]
    fn how_well_somebody_is_proved_decides_too() {
        let check = |standing, expected: [Result<(), Denied>; 4]| {
            let mut ada = viewer(Role::Administrator, None, None);
            ada.standing = standing;
            let actions = [
                Action::Session,
                Action::AccountAct,
                Action::AdminRead,
                Action::PeopleAct,
            ];
            let found = actions.map(|action| enter(Some(&ada), action).map(|_| ()));
            assert_eq!(found, expected, "{standing:?}");
            let denied = enter(Some(&ada), Action::OwnRead);
            assert_eq!(denied, Err(Denied::NotForRole), "the role comes first");
        };
        let half = Err(Denied::HalfSignedIn);
        let stale = Err(Denied::NotFresh);
        check(Standing::New, [Ok(()), Ok(()), half, half]);
        check(Standing::Half, [Ok(()), half, half, half]);
        check(Standing::Whole, [Ok(()), stale, Ok(()), stale]);
        check(Standing::Fresh, [Ok(()); 4]);
    }

    #[test]
    fn a_role_taken_in_an_emergency_sees_its_region_and_takes_nothing_along() {
        let mut ada = viewer(Role::Administrator, None, None);
        ada.in_emergency("South West".into());
        let reach = enter(Some(&ada), Action::MemberRead).map(|scope| scope.reach);
        assert_eq!(reach, Ok(Reach::Region("South West".into())));
        for action in NOT_IN_EMERGENCY {
            assert_eq!(
                enter(Some(&ada), action),
                Err(Denied::NotForRole),
                "{action:?}"
            );
        }
        assert_eq!(
            enter(Some(&ada), Action::AdminRead),
            Err(Denied::NotForRole)
        );
        assert_eq!(crate::store::audit::Actor::of(&ada).role, "emergency");
    }

    #[test]
    fn the_scope_follows_role_and_person() {
        let firm = "a".repeat(32);
        let id = MemberId::parse(&firm).unwrap();
        let check = |viewer: &Viewer, action, expected| {
            assert_eq!(
                enter(Some(viewer), action).map(|scope| scope.reach),
                expected
            );
        };
        let sam = viewer(Role::Member, Some(&firm), None);
        check(&sam, Action::OwnRead, Ok(Reach::Member(id)));
        check(&sam, Action::MemberList, Err(Denied::NotForRole));
        let ali = viewer(Role::Officer, None, Some("E23000035"));
        check(
            &ali,
            Action::MemberRead,
            Ok(Reach::Area("E23000035".into())),
        );
        check(&ali, Action::OwnRead, Err(Denied::NotForRole));
        let lost = viewer(Role::Officer, None, None);
        check(&lost, Action::MemberRead, Ok(Reach::Nobody));
        let unit = viewer(Role::Regional, None, Some("South West"));
        let region = Reach::Region("South West".into());
        check(&unit, Action::MemberRead, Ok(region));
        let idris = viewer(Role::National, None, None);
        check(&idris, Action::MemberRead, Ok(Reach::Shared));
        check(&idris, Action::ThreatList, Ok(Reach::Nobody));
        let student = viewer(Role::Student, None, None);
        assert!(enter(Some(&student), Action::MemberList).unwrap().masked());
        check(&student, Action::MemberRead, Err(Denied::NotForRole));
        let lead = viewer(Role::Regional, None, None);
        check(&lead, Action::MemberRead, Ok(Reach::All));
        let admin = viewer(Role::Administrator, None, None);
        check(&admin, Action::AdminRead, Ok(Reach::Nobody));
        check(&admin, Action::MemberRead, Err(Denied::NotForRole));
        // A member account without a firm reaches nothing.
        check(
            &viewer(Role::Member, None, None),
            Action::OwnRead,
            Ok(Reach::Nobody),
        );
        assert_eq!(enter(None, Action::OwnRead), Err(Denied::NotSignedIn));
        assert_eq!(
            enter(None, Action::Public).map(|scope| scope.reach),
            Ok(Reach::Nobody)
        );
    }
}
