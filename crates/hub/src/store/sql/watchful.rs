//! Emergencies, and acts to which a second person must agree.

use super::engine::{Connection, OptionalExtension as _, Row, params};
use larum_core::time::Timestamp;

use super::SqlStore;
use super::audit::append;
use super::pages::{IN_SCOPE, scope_parameters};
use super::people::list;
use super::proofs::reset;
use crate::access::{Reach, Scope, Sealed};
use crate::id::{ApprovalId, EmergencyId, MemberId, PersonId, SessionId};
use crate::people::secret_hash;
use crate::store::StoreError;
use crate::store::audit::{Actor, Entry};
use crate::store::watchful::{
    APPROVAL_SECONDS, Approval, Contact, EMERGENCY_SECONDS, Emergency, Kind, MAX_EXPORT_ROWS,
    MAX_ROWS, Share, Watchful,
};

const APPROVAL: &str = "SELECT approval.id, approval.kind, approval.subject, approval.reason,
    approval.asked_by, asker.name, approval.asked, second.name
    FROM approval JOIN person AS asker ON asker.id = approval.asked_by
    LEFT JOIN person AS second ON second.id = approval.agreed_by";

impl Watchful for SqlStore {
    fn begin_emergency(
        &self,
        by: &Actor,
        person: PersonId,
        session_hash: &str,
        region: &str,
        reason: &str,
        now: Timestamp,
    ) -> Result<(), StoreError> {
        let id = EmergencyId::random().map_err(|error| StoreError::Conflict(error.to_string()))?;
        self.write(|transaction| {
            let session: SessionId = transaction
                .query_row(
                    "SELECT id FROM session WHERE secret_hash = ?1 AND person = ?2",
                    params![session_hash, person],
                    |row| row.get(0),
                )
                .optional()?
                .ok_or(StoreError::NotFound)?;
            transaction.execute(
                "INSERT INTO emergency (id, session, person, region, reason, began, ends)
                 VALUES (?1, ?2, ?3, ?4, ?5, ?6, ?7)",
                params![
                    id,
                    session,
                    person,
                    region,
                    reason,
                    now.as_millis(),
                    now.plus_seconds(EMERGENCY_SECONDS).as_millis()
                ],
            )?;
            // The reason is bound to the ledger, where it cannot be changed afterwards.
            let subject = format!("{id} {}", secret_hash(reason));
            append(transaction, by, &act("begin-emergency", subject), now)
        })
    }

    fn end_emergency(
        &self,
        by: &Actor,
        session_hash: &str,
        now: Timestamp,
    ) -> Result<(), StoreError> {
        self.write(|transaction| {
            let ended = transaction.execute(
                "UPDATE emergency SET ends = ?2 WHERE ends > ?2
                 AND session IN (SELECT id FROM session WHERE secret_hash = ?1)",
                params![session_hash, now.as_millis()],
            )?;
            match ended {
                0 => Ok(()),
                _ => append(transaction, by, &act("end-emergency", String::new()), now),
            }
        })
    }

    fn emergencies(&self, scope: &Scope) -> Result<Vec<Emergency>, StoreError> {
        let Reach::Member(member) = scope.reach() else {
            return Ok(Vec::new());
        };
        let sql = format!(
            "SELECT emergency.id, person.name, emergency.region, emergency.reason,
                    emergency.began, emergency.ends
             FROM emergency JOIN person ON person.id = emergency.person
             WHERE EXISTS (SELECT 1 FROM audit WHERE audit.member = ?1
                             AND audit.actor = emergency.person AND audit.role = 'emergency'
                             AND audit.at >= emergency.began AND audit.at <= emergency.ends)
             ORDER BY emergency.began DESC, emergency.id LIMIT {MAX_ROWS}"
        );
        self.read(|connection| {
            list(connection, &sql, params![member.to_string()], |row| {
                Ok(Emergency {
                    id: row.get(0)?,
                    who: row.get(1)?,
                    region: row.get(2)?,
                    reason: row.get(3)?,
                    began: Timestamp::from_millis(row.get(4)?),
                    ends: Timestamp::from_millis(row.get(5)?),
                })
            })
        })
    }

    fn share_region(
        &self,
        by: &Actor,
        person: PersonId,
        region: &str,
        reason: &str,
        now: Timestamp,
    ) -> Result<(), StoreError> {
        self.write(|transaction| {
            transaction.execute(
                "INSERT INTO region_share (region, person, reason, since) VALUES (?1, ?2, ?3, ?4)
                 ON CONFLICT (region) DO UPDATE SET person = excluded.person,
                    reason = excluded.reason, since = excluded.since",
                params![region, person, reason, now.as_millis()],
            )?;
            // The reason's hash, so that it cannot be changed later.
            let subject = format!("{region} {}", secret_hash(reason));
            append(transaction, by, &act("share-region", subject), now)
        })
    }

    fn end_share(&self, by: &Actor, region: &str, now: Timestamp) -> Result<(), StoreError> {
        self.write(|transaction| {
            let ended =
                transaction.execute("DELETE FROM region_share WHERE region = ?1", [region])?;
            match ended {
                0 => Err(StoreError::NotFound),
                _ => append(transaction, by, &act("end-share", region.to_owned()), now),
            }
        })
    }

    fn shares(&self, scope: &Scope) -> Result<Vec<Share>, StoreError> {
        let (reach, whose) = scope_parameters(scope);
        let sql = "SELECT region_share.region, person.name, region_share.reason, region_share.since
             FROM region_share JOIN person ON person.id = region_share.person
             WHERE ?1 = 'all' OR (?1 = 'region' AND region_share.region = ?2) OR (?1 = 'member'
                AND region_share.region = (SELECT region FROM member WHERE id = ?2))
             ORDER BY region_share.region";
        self.read(|connection| {
            list(connection, sql, params![reach, whose], |row| {
                Ok(Share {
                    region: row.get(0)?,
                    who: row.get(1)?,
                    reason: row.get(2)?,
                    since: Timestamp::from_millis(row.get(3)?),
                })
            })
        })
    }

    fn ask_approval(
        &self,
        by: &Actor,
        person: PersonId,
        kind: Kind,
        subject: &str,
        reason: &str,
        now: Timestamp,
    ) -> Result<(), StoreError> {
        let id = ApprovalId::random().map_err(|error| StoreError::Conflict(error.to_string()))?;
        self.write(|transaction| {
            let same: u32 = transaction.query_row(
                "SELECT count(*) FROM approval WHERE kind = ?1 AND subject = ?2 AND asked_by = ?3
                 AND taken IS NULL AND asked > ?4",
                params![kind.as_str(), subject, person, since(now)],
                |row| row.get(0),
            )?;
            if same > 0 {
                return Err(StoreError::Conflict("asked already".into()));
            }
            transaction.execute(
                "INSERT INTO approval (id, kind, subject, reason, asked_by, asked)
                 VALUES (?1, ?2, ?3, ?4, ?5, ?6)",
                params![id, kind.as_str(), subject, reason, person, now.as_millis()],
            )?;
            let entry = act(&format!("ask-{}", kind.as_str()), format!("{id} {subject}"));
            append(transaction, by, &entry, now)
        })
    }

    fn approvals(&self, kind: Kind, now: Timestamp) -> Result<Vec<Approval>, StoreError> {
        let sql = format!(
            "{APPROVAL} WHERE approval.kind = ?1 AND approval.taken IS NULL AND approval.asked > ?2
             ORDER BY approval.asked DESC, approval.id LIMIT {MAX_ROWS}"
        );
        self.read(|connection| {
            list(
                connection,
                &sql,
                params![kind.as_str(), since(now)],
                approval,
            )
        })
    }

    fn agree(
        &self,
        by: &Actor,
        person: PersonId,
        id: ApprovalId,
        now: Timestamp,
    ) -> Result<(), StoreError> {
        self.write(|transaction| {
            let found = open(transaction, id, now)?;
            if found.asked_by == person || found.agreed_name.is_some() {
                return Err(StoreError::Conflict("a second person is needed".into()));
            }
            transaction.execute(
                "UPDATE approval SET agreed_by = ?2, agreed = ?3 WHERE id = ?1",
                params![id, person, now.as_millis()],
            )?;
            let entry = act(&format!("agree-{}", found.kind.as_str()), id.to_string());
            append(transaction, by, &entry, now)
        })
    }

    fn take_approval(
        &self,
        by: &Actor,
        person: PersonId,
        id: ApprovalId,
        now: Timestamp,
    ) -> Result<Approval, StoreError> {
        self.write(|transaction| {
            let found = open(transaction, id, now)?;
            if found.asked_by != person || found.agreed_name.is_none() {
                return Err(StoreError::NotFound);
            }
            transaction.execute(
                "UPDATE approval SET taken = ?2 WHERE id = ?1",
                params![id, now.as_millis()],
            )?;
            let entry = act(&format!("take-{}", found.kind.as_str()), id.to_string());
            append(transaction, by, &entry, now)?;
            if found.kind == Kind::Reset {
                let whose = PersonId::parse(&found.subject).ok_or(StoreError::NotFound)?;
                reset(transaction, by, whose, now)?;
            }
            Ok(found)
        })
    }

    fn contacts(&self, scope: &Scope) -> Result<Sealed<Vec<Contact>>, StoreError> {
        let (reach, whose) = scope_parameters(scope);
        let sql = format!(
            "SELECT member.id, member.name, member.area, person.name, person.email, person.role
             FROM member JOIN person ON person.member = member.id
             WHERE person.disabled IS NULL AND {IN_SCOPE}
             ORDER BY member.name, member.id, person.name, person.id LIMIT {MAX_EXPORT_ROWS}"
        );
        let rows: Vec<(MemberId, Contact)> = self.read(|connection| {
            list(connection, &sql, params![reach, whose], |row| {
                let contact = Contact {
                    firm: row.get(1)?,
                    area: row.get(2)?,
                    name: row.get(3)?,
                    email: row.get(4)?,
                    role: row.get(5)?,
                };
                Ok((row.get(0)?, contact))
            })
        })?;
        let (members, contacts) = rows.into_iter().unzip();
        Ok(Sealed::new(members, contacts))
    }
}

fn act(word: &str, subject: String) -> Entry {
    Entry {
        action: word.to_owned(),
        member: None,
        subject,
    }
}

/// What was asked before this is too old.
fn since(now: Timestamp) -> i64 {
    now.plus_seconds(-APPROVAL_SECONDS).as_millis()
}

fn open(
    connection: &Connection<'_>,
    id: ApprovalId,
    now: Timestamp,
) -> Result<Approval, StoreError> {
    let sql = format!(
        "{APPROVAL} WHERE approval.id = ?1 AND approval.taken IS NULL AND approval.asked > ?2"
    );
    connection
        .prepare_cached(&sql)?
        .query_row(params![id, since(now)], approval)
        .optional()?
        .ok_or(StoreError::NotFound)
}

fn approval(row: &Row<'_>) -> Result<Approval, StoreError> {
    Ok(Approval {
        id: row.get(0)?,
        kind: Kind::from_word(&row.get::<String>(1)?).ok_or_else(|| StoreError::malformed(1))?,
        subject: row.get(2)?,
        reason: row.get(3)?,
        asked_by: row.get(4)?,
        asked_name: row.get(5)?,
        asked: Timestamp::from_millis(row.get(6)?),
        agreed_name: row.get(7)?,
    })
}
