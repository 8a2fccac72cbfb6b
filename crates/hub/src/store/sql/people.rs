//! People, links, sessions and the administrative lists.

use super::engine::value::{ToValue, Typed};
use super::engine::{Connection, OptionalExtension as _, Params, Row, Transaction, params};
use larum_core::time::Timestamp;

use super::SqlStore;
use super::audit::append;
use super::pages::count;
use super::proofs::begin;
use crate::access::{Role, Standing, Viewer};
use crate::id::{CollectorId, MemberId, PersonId};
use crate::people::{self, ProofKind};
use crate::store::StoreError;
use crate::store::audit::{Actor, Entry};
use crate::store::people::{
    CollectorEntry, Counted, LinkRefusal, MAX_ADMIN_ROWS, MemberEntry, NewPerson, NewSession,
    People, Person, TokenEntry, Wanted,
};

/// A session's last use is noted at most this often, so that a page view is not a disk write.
const TOUCH_EVERY_MS: i64 = 60_000;
/// A used or ended link is remembered this long, so that its holder is told what happened to it.
const KEEP_LINK_MS: i64 = 7 * 86_400_000;

pub(super) const PERSON: &str =
    "SELECT person.id, person.email, person.name, person.role, person.member,
    member.name, person.area, person.disabled
    FROM person LEFT JOIN member ON member.id = person.member";

impl People for SqlStore {
    fn add_person(&self, by: &Actor, person: &NewPerson, now: Timestamp) -> Result<(), StoreError> {
        self.write(|transaction| {
            add(transaction, person, now)?;
            append(transaction, by, &act("add-person", person.id), now)
        })
    }

    fn person(&self, id: PersonId) -> Result<Person, StoreError> {
        self.read(|connection| {
            connection
                .prepare_cached(&format!("{PERSON} WHERE person.id = ?1"))?
                .query_row([id], person)
        })
    }

    fn person_by_email(&self, email: &str) -> Result<Person, StoreError> {
        self.read(|connection| {
            connection
                .prepare_cached(&format!("{PERSON} WHERE person.email = ?1"))?
                .query_row([email.to_lowercase()], person)
        })
    }

    fn people(&self, wanted: &Wanted<'_, PersonId>) -> Result<Vec<Person>, StoreError> {
        let page = page_sql("person.name", "person.id", "person.email");
        let sql = format!("{PERSON} {page}");
        self.read(|connection| self::page(connection, &sql, wanted, person))
    }

    fn set_disabled(
        &self,
        by: &Actor,
        person: PersonId,
        disabled: bool,
        now: Timestamp,
    ) -> Result<(), StoreError> {
        self.write(|transaction| {
            if disabled {
                refuse_last_administrator(transaction, person)?;
                end_sign_ins(transaction, person, now)?;
            }
            let changed = transaction.execute(
                "UPDATE person SET disabled = CASE WHEN ?2 = 1 THEN coalesce(disabled, ?3) END, by_firm = 0
                 WHERE id = ?1",
                params![person, disabled, now.as_millis()],
            )?;
            if changed == 0 {
                return Err(StoreError::NotFound);
            }
            let word = if disabled { "disable-person" } else { "enable-person" };
            append(transaction, by, &act(word, person), now)
        })
    }

    fn add_sign_in_link(
        &self,
        by: &Actor,
        person: PersonId,
        secret_hash: &str,
        expires: Timestamp,
        now: Timestamp,
    ) -> Result<(), StoreError> {
        self.write(|transaction| {
            transaction.execute(
                "INSERT INTO sign_in_link (secret_hash, person, expires) VALUES (?1, ?2, ?3)",
                params![secret_hash, person, expires.as_millis()],
            )?;
            append(transaction, by, &act("make-sign-in-link", person), now)
        })
    }

    fn redeem(
        &self,
        link_hash: &str,
        session: &NewSession,
        now: Timestamp,
    ) -> Result<Result<Viewer, LinkRefusal>, StoreError> {
        self.write(|transaction| {
            let found = transaction
                .prepare_cached(
                    "SELECT person.id, person.name, person.role, person.member, person.area,
                            person.disabled IS NOT NULL, sign_in_link.used IS NOT NULL,
                            sign_in_link.expires
                     FROM sign_in_link JOIN person ON person.id = sign_in_link.person
                     WHERE sign_in_link.secret_hash = ?1",
                )?
                .query_row([link_hash], |row| {
                    Ok((viewer(row)?, row.get(5)?, row.get(6)?, row.get(7)?))
                })
                .optional()?;
            let viewer: Viewer = match found {
                None => return Ok(Err(LinkRefusal::Unknown)),
                Some((_, true, ..)) => return Ok(Err(LinkRefusal::Disabled)),
                Some((_, _, true, _)) => return Ok(Err(LinkRefusal::Used)),
                Some((.., expires)) if now.as_millis() >= expires => {
                    return Ok(Err(LinkRefusal::Expired));
                }
                Some((viewer, ..)) => viewer,
            };
            transaction.execute(
                "UPDATE sign_in_link SET used = ?2 WHERE secret_hash = ?1",
                params![link_hash, now.as_millis()],
            )?;
            begin(transaction, viewer.person, session, now)?;
            Ok(Ok(viewer))
        })
    }

    fn session(
        &self,
        secret_hash: &str,
        idle_ms: i64,
        touch: bool,
        now: Timestamp,
    ) -> Result<Option<Viewer>, StoreError> {
        let (at, now) = (now, now.as_millis());
        let found = self.read(|connection| {
            connection
                .prepare_cached(
                    "SELECT person.id, person.name, person.role,
                            CASE WHEN person.role = 'provider' THEN
                                (SELECT person_firm.member FROM person_firm
                                 WHERE person_firm.person = person.id
                                   AND person_firm.member = session.firm)
                            ELSE person.member END,
                            person.area, session.last_used, session.proof, session.proved,
                            EXISTS (SELECT 1 FROM passkey WHERE passkey.person = person.id)
                            OR EXISTS (SELECT 1 FROM code_app WHERE code_app.person = person.id
                                       AND code_app.confirmed IS NOT NULL)
                            OR EXISTS (SELECT 1 FROM outside_identity
                                       WHERE outside_identity.person = person.id),
                            (SELECT max(emergency.region) FROM emergency
                             WHERE emergency.session = session.id AND emergency.person = person.id
                               AND emergency.ends > ?2)
                     FROM session JOIN person ON person.id = session.person
                     WHERE session.secret_hash = ?1 AND person.disabled IS NULL
                       AND session.expires > ?2 AND session.last_used > ?2 - ?3",
                )?
                .query_row(params![secret_hash, now, idle_ms], |row| {
                    let mut viewer = viewer(row)?;
                    let proof = ProofKind::from_word(&row.get::<String>(6)?);
                    let proved = Timestamp::from_millis(row.get(7)?);
                    viewer.standing = people::standing(proof, proved, row.get(8)?, at);
                    if let Some(region) = row.get::<Option<String>>(9)? {
                        viewer.in_emergency(region);
                    }
                    Ok((viewer, row.get::<i64>(5)?))
                })
                .optional()
        })?;
        let Some((viewer, last_used)) = found else {
            return Ok(None);
        };
        if touch && now - last_used >= TOUCH_EVERY_MS {
            self.write(|transaction| {
                transaction.execute(
                    "UPDATE session SET last_used = ?2 WHERE secret_hash = ?1",
                    params![secret_hash, now],
                )?;
                Ok(())
            })?;
        }
        Ok(Some(viewer))
    }

    fn end_session(&self, secret_hash: &str) -> Result<(), StoreError> {
        self.write(|transaction| {
            transaction.execute("DELETE FROM session WHERE secret_hash = ?1", [secret_hash])?;
            Ok(())
        })
    }

    fn forget_ended(&self, now: Timestamp) -> Result<usize, StoreError> {
        let now = now.as_millis();
        self.write(|transaction| {
            let sessions = transaction.execute("DELETE FROM session WHERE expires <= ?1", [now])?;
            let links = transaction.execute(
                "DELETE FROM sign_in_link WHERE expires <= ?1",
                [now - KEEP_LINK_MS],
            )?;
            let challenges =
                transaction.execute("DELETE FROM spent_challenge WHERE expires <= ?1", [now])?;
            Ok(sessions + links + challenges)
        })
    }

    fn member_entries(
        &self,
        wanted: &Wanted<'_, MemberId>,
    ) -> Result<Vec<MemberEntry>, StoreError> {
        let page = page_sql("member.name", "member.id", "member.name");
        let sql = format!(
            "SELECT id, name, area, sector, size,
                (SELECT count(*) FROM collector WHERE collector.member = member.id AND revoked IS NULL),
                (SELECT count(*) FROM person WHERE person.member = member.id AND disabled IS NULL)
             FROM member {page}"
        );
        self.read(|connection| {
            self::page(connection, &sql, wanted, |row| {
                Ok(MemberEntry {
                    id: row.get(0)?,
                    name: row.get(1)?,
                    area: row.get(2)?,
                    sector: row.get(3)?,
                    size: row.get(4)?,
                    collectors: row.get(5)?,
                    people: row.get(6)?,
                })
            })
        })
    }

    fn collector_entries(
        &self,
        wanted: &Wanted<'_, CollectorId>,
    ) -> Result<Vec<CollectorEntry>, StoreError> {
        let page = page_sql("member.name", "collector.id", "collector.site");
        let sql = format!(
            "SELECT collector.id, member.name, collector.site, collector.created,
                    collector.last_seen, collector.revoked, collector.conflict,
                    collector.over_quota
             FROM collector JOIN member ON member.id = collector.member {page}"
        );
        self.read(|connection| {
            self::page(connection, &sql, wanted, |row| {
                Ok(CollectorEntry {
                    id: row.get(0)?,
                    member_name: row.get(1)?,
                    site: row.get(2)?,
                    created: Timestamp::from_millis(row.get(3)?),
                    last_seen: moment(row, 4)?,
                    revoked: moment(row, 5)?,
                    conflict: moment(row, 6)?,
                    over_quota: moment(row, 7)?,
                })
            })
        })
    }

    fn counted(&self, quiet: Timestamp, over: Timestamp) -> Result<Counted, StoreError> {
        let sql = "SELECT (SELECT count(*) FROM member),
                (SELECT count(*) FROM person WHERE disabled IS NULL),
                count(*), count(CASE WHEN coalesce(last_seen, 0) < ?1 THEN 1 END), count(conflict),
                count(CASE WHEN over_quota >= ?2 THEN 1 END)
             FROM collector WHERE revoked IS NULL";
        self.read(|connection| {
            connection.prepare_cached(sql)?.query_row(
                [quiet.as_millis(), over.as_millis()],
                |row| {
                    Ok(Counted {
                        members: count(row, 0)?,
                        people: count(row, 1)?,
                        collectors: count(row, 2)?,
                        quiet: count(row, 3)?,
                        copied: count(row, 4)?,
                        over_quota: count(row, 5)?,
                    })
                },
            )
        })
    }

    fn token_entries(&self) -> Result<Vec<TokenEntry>, StoreError> {
        let sql = format!(
            "SELECT member.name, token.site, token.created, token.expires, token.used
             FROM token JOIN member ON member.id = token.member
             ORDER BY token.created DESC LIMIT {MAX_ADMIN_ROWS}"
        );
        self.read(|connection| {
            list(connection, &sql, [], |row| {
                Ok(TokenEntry {
                    member_name: row.get(0)?,
                    site: row.get(1)?,
                    created: Timestamp::from_millis(row.get(2)?),
                    expires: Timestamp::from_millis(row.get(3)?),
                    used: moment(row, 4)?,
                })
            })
        })
    }
}

/// The end of a page's statement; the columns are ours, never a reader's.
fn page_sql(name: &'static str, id: &'static str, also: &'static str) -> String {
    format!(
        "WHERE (lower({name}) LIKE ?1 ESCAPE '\\' OR lower({also}) LIKE ?1 ESCAPE '\\')
           AND (?2 IS NULL OR ({name}, {id}) > (?2, ?3))
         ORDER BY {name}, {id} LIMIT ?4"
    )
}

fn page<T, I: ToValue + Typed + Copy>(
    connection: &Connection<'_>,
    sql: &str,
    wanted: &Wanted<'_, I>,
    read: impl FnMut(&Row<'_>) -> Result<T, StoreError>,
) -> Result<Vec<T>, StoreError> {
    let (name, id) = wanted.after.unzip();
    let limit = wanted.limit.min(MAX_ADMIN_ROWS);
    list(
        connection,
        sql,
        params![wanted.pattern(), name, id, limit],
        read,
    )
}

pub(super) fn add(
    transaction: &Transaction<'_>,
    person: &NewPerson,
    now: Timestamp,
) -> Result<(), StoreError> {
    transaction.execute(
        "INSERT INTO person (id, email, name, role, member, area, created)
         VALUES (?1, ?2, ?3, ?4, ?5, ?6, ?7)",
        params![
            person.id,
            person.email.to_lowercase(),
            person.name,
            person.role.as_str(),
            person.member,
            person.area,
            now.as_millis()
        ],
    )?;
    Ok(())
}

/// Ends all sessions of a person, and the links they have not used.
pub(super) fn end_sign_ins(
    transaction: &Transaction<'_>,
    person: PersonId,
    now: Timestamp,
) -> Result<(), StoreError> {
    transaction.execute("DELETE FROM session WHERE person = ?1", [person])?;
    transaction.execute(
        "UPDATE sign_in_link SET used = coalesce(used, ?2) WHERE person = ?1",
        params![person, now.as_millis()],
    )?;
    Ok(())
}

/// A hub whose last administrator is shut out could only be mended on the machine itself.
fn refuse_last_administrator(
    transaction: &Transaction<'_>,
    person: PersonId,
) -> Result<(), StoreError> {
    let others: u32 = transaction.query_row(
        "SELECT count(*) FROM person WHERE role = 'administrator' AND disabled IS NULL AND id <> ?1",
        [person],
        |row| row.get(0),
    )?;
    let is_administrator: bool = transaction.query_row(
        "SELECT role = 'administrator' FROM person WHERE id = ?1",
        [person],
        |row| row.get(0),
    )?;
    if is_administrator && others == 0 {
        return Err(StoreError::Conflict("the last administrator".into()));
    }
    Ok(())
}

pub(super) fn act(word: &str, person: PersonId) -> Entry {
    Entry {
        action: word.to_owned(),
        member: None,
        subject: person.to_string(),
    }
}

pub(super) fn role(row: &Row<'_>, index: usize) -> Result<Role, StoreError> {
    Role::from_word(&row.get::<String>(index)?).ok_or_else(|| StoreError::malformed(index))
}

/// A person as one who asks; how well they are proved is for the caller to say.
pub(super) fn viewer(row: &Row<'_>) -> Result<Viewer, StoreError> {
    Ok(Viewer {
        person: row.get(0)?,
        name: row.get(1)?,
        role: role(row, 2)?,
        member: row.get::<Option<MemberId>>(3)?,
        area: row.get(4)?,
        standing: Standing::New,
        emergency: false,
    })
}

pub(super) fn person(row: &Row<'_>) -> Result<Person, StoreError> {
    Ok(Person {
        id: row.get(0)?,
        email: row.get(1)?,
        name: row.get(2)?,
        role: role(row, 3)?,
        member: row.get(4)?,
        member_name: row.get(5)?,
        area: row.get(6)?,
        disabled: moment(row, 7)?,
    })
}

/// A moment that may not have come.
pub(super) fn moment(row: &Row<'_>, index: usize) -> Result<Option<Timestamp>, StoreError> {
    Ok(row.get::<Option<i64>>(index)?.map(Timestamp::from_millis))
}

/// All rows of a query.
pub(super) fn list<T>(
    connection: &Connection<'_>,
    sql: &str,
    parameters: impl Params,
    read: impl FnMut(&Row<'_>) -> Result<T, StoreError>,
) -> Result<Vec<T>, StoreError> {
    let rows = connection
        .prepare_cached(sql)?
        .query_map(parameters, read)?
        .collect::<Result<_, _>>()?;
    Ok(rows)
}
