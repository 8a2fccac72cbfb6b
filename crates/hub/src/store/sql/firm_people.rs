//! A firm's own people: who asks is looked up in the transaction that changes something.

use larum_core::time::Timestamp;

use super::SqlStore;
use super::audit::append;
use super::engine::{Connection, OptionalExtension as _, Row, Transaction, params};
use super::people::{add, end_sign_ins, list, role};
use super::proofs::begin;
use crate::access::{Role, Scope, Standing, Viewer};
use crate::id::{InvitationId, MemberId, PersonId};
use crate::store::StoreError;
use crate::store::audit::{Actor, Entry};
use crate::store::firm_people::{
    FirmPeople, FirmPerson, Invitation, InvitationRefusal, MAX_FIRM_PEOPLE, NewInvitation, Settled,
    ShutOutBy, StaffRefusal,
};
use crate::store::people::{NewPerson, NewSession};

/// Invitations whose owner is still one; `?1` is now.
const INVITATION: &str =
    "SELECT invitation.id, invitation.member, member.name, invitation.name, invitation.email,
        invitation.role, invitation.expires
     FROM invitation JOIN member ON member.id = invitation.member
     JOIN person ON person.id = invitation.owner AND person.member = invitation.member
     WHERE invitation.expires > ?1 AND person.role = 'member' AND person.disabled IS NULL";

impl FirmPeople for SqlStore {
    fn firm_people(&self, scope: &Scope) -> Result<Vec<FirmPerson>, StoreError> {
        let Some(firm) = scope.member() else {
            return Ok(Vec::new());
        };
        self.read(|connection| {
            let sql = "SELECT id, name, email, role, disabled IS NOT NULL, by_firm = 1
                 FROM person WHERE member = ?1 ORDER BY name, id";
            list(connection, sql, [firm], |row| {
                Ok(FirmPerson {
                    id: row.get(0)?,
                    name: row.get(1)?,
                    email: row.get(2)?,
                    role: role(row, 3)?,
                    shut_out: shut_out(row.get(4)?, row.get(5)?),
                })
            })
        })
    }

    fn invitations(&self, scope: &Scope, now: Timestamp) -> Result<Vec<Invitation>, StoreError> {
        let Some(firm) = scope.member() else {
            return Ok(Vec::new());
        };
        let sql = format!(
            "{INVITATION} AND invitation.member = ?2 ORDER BY invitation.name, invitation.id"
        );
        self.read(|connection| list(connection, &sql, params![now.as_millis(), firm], invitation))
    }

    fn invite(
        &self,
        scope: &Scope,
        owner: &Viewer,
        new: &NewInvitation,
        now: Timestamp,
    ) -> Settled {
        if !matches!(new.role, Role::Staff | Role::Reader) {
            return Ok(Err(StaffRefusal::Role));
        }
        self.write(|transaction| {
            let firm = owned(transaction, scope, owner)?;
            transaction.execute(
                "DELETE FROM invitation WHERE expires <= ?1 OR (member = ?2 AND email = ?3)",
                params![now.as_millis(), firm, new.email],
            )?;
            let (people, here): (u32, bool) = transaction.query_row(
                "SELECT (SELECT count(*) FROM person WHERE member = ?1)
                    + (SELECT count(*) FROM invitation WHERE member = ?1),
                    EXISTS (SELECT 1 FROM person WHERE member = ?1 AND email = ?2)",
                params![firm, new.email],
                |row| Ok((row.get(0)?, row.get(1)?)),
            )?;
            if here {
                return Ok(Err(StaffRefusal::Here));
            }
            if people >= MAX_FIRM_PEOPLE {
                return Ok(Err(StaffRefusal::TooMany));
            }
            transaction.execute(
                "INSERT INTO invitation (id, secret_hash, member, owner, email, name, role, expires)
                 VALUES (?1, ?2, ?3, ?4, ?5, ?6, ?7, ?8)",
                params![
                    new.id,
                    new.secret_hash,
                    firm,
                    owner.person,
                    new.email,
                    new.name,
                    new.role.as_str(),
                    new.expires.as_millis()
                ],
            )?;
            let subject = new.id.to_string();
            append(
                transaction,
                &Actor::of(owner),
                &act("invite-person", firm, subject),
                now,
            )?;
            Ok(Ok(()))
        })
    }

    fn withdraw_invitation(
        &self,
        scope: &Scope,
        owner: &Viewer,
        id: InvitationId,
        now: Timestamp,
    ) -> Result<(), StoreError> {
        self.write(|transaction| {
            let firm = owned(transaction, scope, owner)?;
            let ended = transaction.execute(
                "DELETE FROM invitation WHERE id = ?1 AND member = ?2",
                params![id, firm],
            )?;
            if ended == 0 {
                return Err(StoreError::NotFound);
            }
            let entry = act("withdraw-invitation", firm, id.to_string());
            append(transaction, &Actor::of(owner), &entry, now)
        })
    }

    fn set_firm_role(
        &self,
        scope: &Scope,
        owner: &Viewer,
        person: PersonId,
        role: Role,
        now: Timestamp,
    ) -> Settled {
        if !role.of_firm() {
            return Ok(Err(StaffRefusal::Role));
        }
        self.write(|transaction| {
            let firm = owned(transaction, scope, owner)?;
            of_firm(transaction, firm, person)?;
            if role != Role::Member && is_last_owner(transaction, firm, person)? {
                return Ok(Err(StaffRefusal::LastOwner));
            }
            let changed = transaction.execute(
                "UPDATE person SET role = ?2 WHERE id = ?1 AND role <> ?2",
                params![person, role.as_str()],
            )?;
            if changed > 0 {
                let entry = act("change-role", firm, person.to_string());
                append(transaction, &Actor::of(owner), &entry, now)?;
            }
            Ok(Ok(()))
        })
    }

    fn set_shut_out(
        &self,
        scope: &Scope,
        owner: &Viewer,
        person: PersonId,
        out: bool,
        now: Timestamp,
    ) -> Settled {
        self.write(|transaction| {
            let firm = owned(transaction, scope, owner)?;
            match of_firm(transaction, firm, person)? {
                Some(ShutOutBy::Hub) => return Ok(Err(StaffRefusal::ByHub)),
                before if before.is_some() == out => return Ok(Ok(())),
                _ => {}
            }
            if out {
                if is_last_owner(transaction, firm, person)? {
                    return Ok(Err(StaffRefusal::LastOwner));
                }
                end_sign_ins(transaction, person, now)?;
            }
            transaction.execute(
                "UPDATE person SET disabled = CASE WHEN ?2 = 1 THEN ?3 END, by_firm = ?2 WHERE id = ?1",
                params![person, out, now.as_millis()],
            )?;
            let word = if out { "disable-person" } else { "enable-person" };
            append(transaction, &Actor::of(owner), &act(word, firm, person.to_string()), now)?;
            Ok(Ok(()))
        })
    }

    fn invitation_by_link(
        &self,
        secret_hash: &str,
        now: Timestamp,
    ) -> Result<Invitation, StoreError> {
        self.read(|connection| by_link(connection, secret_hash, now))?
            .ok_or(StoreError::NotFound)
    }

    fn accept_invitation(
        &self,
        secret_hash: &str,
        person: PersonId,
        session: &NewSession,
        now: Timestamp,
    ) -> Result<Result<Viewer, InvitationRefusal>, StoreError> {
        self.write(|transaction| {
            let Some(found) = by_link(transaction, secret_hash, now)? else {
                return Ok(Err(InvitationRefusal::Unknown));
            };
            let taken: bool = transaction.query_row(
                "SELECT EXISTS (SELECT 1 FROM person WHERE email = ?1)",
                [&found.email],
                |row| row.get(0),
            )?;
            if taken {
                return Ok(Err(InvitationRefusal::Taken));
            }
            let new = NewPerson {
                id: person,
                email: found.email,
                name: found.name,
                role: found.role,
                member: Some(found.member),
                area: None,
            };
            add(transaction, &new, now)?;
            transaction.execute("DELETE FROM invitation WHERE id = ?1", [found.id])?;
            let viewer = Viewer {
                person,
                name: new.name,
                role: new.role,
                member: new.member,
                area: None,
                standing: Standing::New,
                emergency: false,
            };
            let entry = act("accept-invitation", found.member, person.to_string());
            append(transaction, &Actor::of(&viewer), &entry, now)?;
            begin(transaction, person, session, now)?;
            Ok(Ok(viewer))
        })
    }
}

/// The firm in `scope`, if `owner` is an owner of it now.
fn owned(
    transaction: &Transaction<'_>,
    scope: &Scope,
    owner: &Viewer,
) -> Result<MemberId, StoreError> {
    let firm = scope.member().ok_or(StoreError::NotFound)?;
    let is_owner: bool = transaction.query_row(
        "SELECT EXISTS (SELECT 1 FROM person WHERE id = ?1 AND member = ?2 AND role = 'member'
            AND disabled IS NULL)",
        params![owner.person, firm],
        |row| row.get(0),
    )?;
    is_owner.then_some(firm).ok_or(StoreError::NotFound)
}

/// Makes sure that somebody is of the firm; gives who shut them out, if they are.
fn of_firm(
    transaction: &Transaction<'_>,
    firm: MemberId,
    person: PersonId,
) -> Result<Option<ShutOutBy>, StoreError> {
    transaction
        .query_row(
            "SELECT disabled IS NOT NULL, by_firm = 1 FROM person WHERE id = ?1 AND member = ?2",
            params![person, firm],
            |row| Ok(shut_out(row.get(0)?, row.get(1)?)),
        )
        .optional()?
        .ok_or(StoreError::NotFound)
}

const fn shut_out(disabled: bool, by_firm: bool) -> Option<ShutOutBy> {
    match (disabled, by_firm) {
        (false, _) => None,
        (true, true) => Some(ShutOutBy::Firm),
        (true, false) => Some(ShutOutBy::Hub),
    }
}

/// Whether without this person the firm has no owner who can sign in.
fn is_last_owner(
    transaction: &Transaction<'_>,
    firm: MemberId,
    person: PersonId,
) -> Result<bool, StoreError> {
    transaction.query_row(
        "SELECT NOT EXISTS (SELECT 1 FROM person WHERE member = ?1 AND role = 'member'
            AND disabled IS NULL AND id <> ?2)",
        params![firm, person],
        |row| row.get(0),
    )
}

fn by_link(
    connection: &Connection<'_>,
    secret_hash: &str,
    now: Timestamp,
) -> Result<Option<Invitation>, StoreError> {
    connection
        .prepare_cached(&format!("{INVITATION} AND invitation.secret_hash = ?2"))?
        .query_row(params![now.as_millis(), secret_hash], invitation)
        .optional()
}

fn invitation(row: &Row<'_>) -> Result<Invitation, StoreError> {
    Ok(Invitation {
        id: row.get(0)?,
        member: row.get(1)?,
        firm: row.get(2)?,
        name: row.get(3)?,
        email: row.get(4)?,
        role: role(row, 5)?,
        expires: Timestamp::from_millis(row.get(6)?),
    })
}

/// An act of the firm's own, which its list shows.
fn act(word: &str, firm: MemberId, subject: String) -> Entry {
    Entry {
        action: word.to_owned(),
        member: Some(firm),
        subject,
    }
}
