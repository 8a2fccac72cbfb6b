//! Firms that ask to join.

use super::engine::{Connection, OptionalExtension as _, Row, Transaction, params};
use larum_core::time::Timestamp;

use super::SqlStore;
use super::audit::append;
use super::pages::scope_parameters;
use super::people::{PERSON, add, list, moment, person};
use crate::access::{Role, Scope};
use crate::apply::{
    CONFIRM_SECONDS, KEEP_SECONDS, MAX_WAITING, NewApplication, Register, confirm_until,
};
use crate::id::{ApplicationId, MemberId, PersonId};
use crate::store::StoreError;
use crate::store::applications::{Application, Applications, MAX_APPLICATIONS, State};
use crate::store::audit::{Actor, Entry};
use crate::store::people::{NewPerson, Person};

const APPLICATION: &str = "SELECT id, firm, domain, contact, email, register, number, ico, sector,
    size, postcode, area, region, spoken, state, asked, question, answer, reason, decided
    FROM application";
/// Whose region vets it: `?1` is what a scope reaches, `?2` whose.
const IN_SCOPE: &str = "(?1 = 'all' OR (?1 = 'region' AND application.region = ?2))";

impl Applications for SqlStore {
    fn add_application(&self, new: &NewApplication, now: Timestamp) -> Result<(), StoreError> {
        self.write(|transaction| {
            forget(transaction, now)?;
            let (waiting, same): (u32, u32) = transaction.query_row(
                "SELECT (SELECT count(*) FROM application WHERE state NOT IN ('accepted', 'refused')),
                        (SELECT count(*) FROM application
                         WHERE email = ?1 AND state NOT IN ('accepted', 'refused'))",
                [new.email.as_str()],
                |row| Ok((row.get(0)?, row.get(1)?)),
            )?;
            if same > 0 {
                return Err(StoreError::Conflict("one is open".into()));
            }
            if waiting >= MAX_WAITING {
                return Err(StoreError::Conflict("too many wait".into()));
            }
            insert(transaction, new, now)?;
            append(transaction, &visitor(), &act("apply", new.id), now)
        })
    }

    fn application_by_link(
        &self,
        secret_hash: &str,
        now: Timestamp,
    ) -> Result<Application, StoreError> {
        self.read(|connection| by_link(connection, secret_hash, now))
    }

    fn confirm_application(&self, secret_hash: &str, now: Timestamp) -> Result<bool, StoreError> {
        self.write(|transaction| {
            let found = by_link(transaction, secret_hash, now)?;
            if found.state != State::Asked {
                return Ok(false);
            }
            transaction.execute(
                "UPDATE application SET state = 'waiting', confirmed = ?2 WHERE id = ?1",
                params![found.id, now.as_millis()],
            )?;
            append(
                transaction,
                &visitor(),
                &act("confirm-application", found.id),
                now,
            )?;
            Ok(true)
        })
    }

    fn answer_application(
        &self,
        secret_hash: &str,
        answer: &str,
        now: Timestamp,
    ) -> Result<(), StoreError> {
        self.write(|transaction| {
            let found = by_link(transaction, secret_hash, now)?;
            if found.state != State::Question {
                return Err(StoreError::Conflict("nothing was asked".into()));
            }
            transaction.execute(
                "UPDATE application SET state = 'waiting', answer = ?2 WHERE id = ?1",
                params![found.id, answer],
            )?;
            append(
                transaction,
                &visitor(),
                &act("answer-application", found.id),
                now,
            )
        })
    }

    fn applications(&self, scope: &Scope) -> Result<Vec<Application>, StoreError> {
        let (reach, whose) = scope_parameters(scope);
        let sql = format!(
            "{APPLICATION} WHERE state <> 'asked' AND {IN_SCOPE}
             ORDER BY CASE WHEN state IN ('waiting', 'question') THEN 0 ELSE 1 END, asked DESC, id
             LIMIT {MAX_APPLICATIONS}"
        );
        self.read(|connection| list(connection, &sql, params![reach, whose], application))
    }

    fn application(&self, scope: &Scope, id: ApplicationId) -> Result<Application, StoreError> {
        self.read(|connection| within(connection, scope, id))
    }

    fn ask_application(
        &self,
        by: &Actor,
        scope: &Scope,
        id: ApplicationId,
        question: &str,
        now: Timestamp,
    ) -> Result<(), StoreError> {
        self.write(|transaction| {
            open(transaction, scope, id)?;
            transaction.execute(
                "UPDATE application SET state = 'question', question = ?2, answer = NULL
                 WHERE id = ?1",
                params![id, question],
            )?;
            append(transaction, by, &act("ask-application", id), now)
        })
    }

    fn refuse_application(
        &self,
        by: &Actor,
        scope: &Scope,
        id: ApplicationId,
        reason: &str,
        now: Timestamp,
    ) -> Result<(), StoreError> {
        self.write(|transaction| {
            open(transaction, scope, id)?;
            transaction.execute(
                "UPDATE application SET state = 'refused', reason = ?2, decided = ?3 WHERE id = ?1",
                params![id, reason, now.as_millis()],
            )?;
            append(transaction, by, &act("refuse-application", id), now)
        })
    }

    fn accept_application(
        &self,
        by: &Actor,
        scope: &Scope,
        id: ApplicationId,
        member: MemberId,
        owner: PersonId,
        now: Timestamp,
    ) -> Result<(), StoreError> {
        self.write(|transaction| {
            let found = open(transaction, scope, id)?;
            transaction.execute(
                "INSERT INTO member (id, name, area, region, sector, size, created)
                 VALUES (?1, ?2, ?3, ?4, ?5, ?6, ?7)",
                params![
                    member,
                    found.firm,
                    found.area,
                    found.region,
                    found.sector,
                    found.size,
                    now.as_millis()
                ],
            )?;
            let person = NewPerson {
                id: owner,
                email: found.email,
                name: found.contact,
                role: Role::Member,
                member: Some(member),
                area: None,
            };
            add(transaction, &person, now)?;
            transaction.execute(
                "UPDATE application SET state = 'accepted', decided = ?2, member = ?3 WHERE id = ?1",
                params![id, now.as_millis(), member],
            )?;
            append(transaction, by, &act("accept-application", id), now)?;
            let added = |action: &str, subject: String| Entry {
                action: action.to_owned(),
                member: None,
                subject,
            };
            append(transaction, by, &added("add-member", member.to_string()), now)?;
            append(transaction, by, &added("add-person", owner.to_string()), now)
        })
    }

    fn officers_of(&self, region: &str) -> Result<Vec<Person>, StoreError> {
        let sql = format!(
            "{PERSON} WHERE person.role = 'regional-officer' AND person.disabled IS NULL
             AND (person.area IS NULL OR person.area = ?1) ORDER BY person.id LIMIT 100"
        );
        self.read(|connection| list(connection, &sql, [region], person))
    }
}

/// Whoever fills the form in: nobody the hub knows.
fn visitor() -> Actor {
    Actor::program("join-page")
}

fn act(word: &str, id: ApplicationId) -> Entry {
    Entry {
        action: word.to_owned(),
        member: None,
        subject: id.to_string(),
    }
}

/// Those whose time is over go whenever a new one comes: no job to forget about.
fn forget(transaction: &Transaction<'_>, now: Timestamp) -> Result<(), StoreError> {
    transaction.execute(
        "DELETE FROM application WHERE (state = 'asked' AND asked <= ?1)
         OR (decided IS NOT NULL AND decided <= ?2)",
        params![
            now.plus_seconds(-CONFIRM_SECONDS).as_millis(),
            now.plus_seconds(-KEEP_SECONDS).as_millis()
        ],
    )?;
    Ok(())
}

fn insert(
    transaction: &Transaction<'_>,
    new: &NewApplication,
    now: Timestamp,
) -> Result<(), StoreError> {
    transaction.execute(
        "INSERT INTO application (id, secret_hash, firm, domain, contact, email, register, number,
            ico, sector, size, postcode, area, region, spoken, state, asked)
         VALUES (?1, ?2, ?3, ?4, ?5, ?6, ?7, ?8, ?9, ?10, ?11, ?12, ?13, ?14, ?15, 'asked', ?16)",
        params![
            new.id,
            new.secret_hash,
            new.firm,
            new.domain,
            new.contact,
            new.email,
            new.register.as_str(),
            new.number,
            new.ico,
            new.sector,
            new.size,
            new.postcode,
            new.area,
            new.region,
            new.spoken,
            now.as_millis()
        ],
    )?;
    Ok(())
}

fn by_link(
    connection: &Connection<'_>,
    secret_hash: &str,
    now: Timestamp,
) -> Result<Application, StoreError> {
    let found = connection
        .prepare_cached(&format!("{APPLICATION} WHERE secret_hash = ?1"))?
        .query_row([secret_hash], application)
        .optional()?
        .ok_or(StoreError::NotFound)?;
    if found.state == State::Asked && now >= confirm_until(found.asked) {
        return Err(StoreError::NotFound);
    }
    Ok(found)
}

fn within(
    connection: &Connection<'_>,
    scope: &Scope,
    id: ApplicationId,
) -> Result<Application, StoreError> {
    let (reach, whose) = scope_parameters(scope);
    connection
        .prepare_cached(&format!(
            "{APPLICATION} WHERE id = ?3 AND state <> 'asked' AND {IN_SCOPE}"
        ))?
        .query_row(params![reach, whose, id], application)
        .optional()?
        .ok_or(StoreError::NotFound)
}

/// One that an officer may still decide.
fn open(
    transaction: &Transaction<'_>,
    scope: &Scope,
    id: ApplicationId,
) -> Result<Application, StoreError> {
    let found = within(transaction, scope, id)?;
    if !found.state.is_open() {
        return Err(StoreError::Conflict("decided already".into()));
    }
    Ok(found)
}

fn application(row: &Row<'_>) -> Result<Application, StoreError> {
    let register: String = row.get(5)?;
    let state: String = row.get(14)?;
    Ok(Application {
        id: row.get(0)?,
        firm: row.get(1)?,
        domain: row.get(2)?,
        contact: row.get(3)?,
        email: row.get(4)?,
        register: Register::from_word(&register).ok_or_else(|| StoreError::malformed(5))?,
        number: row.get(6)?,
        ico: row.get(7)?,
        sector: row.get(8)?,
        size: row.get(9)?,
        postcode: row.get(10)?,
        area: row.get(11)?,
        region: row.get(12)?,
        spoken: row.get(13)?,
        state: State::from_word(&state).ok_or_else(|| StoreError::malformed(14))?,
        asked: Timestamp::from_millis(row.get(15)?),
        question: row.get(16)?,
        answer: row.get(17)?,
        reason: row.get(18)?,
        decided: moment(row, 19)?,
    })
}
