//! Passkeys and sessions.

use super::engine::{Connection, OptionalExtension as _, Transaction, params};
use larum_core::time::Timestamp;

use super::SqlStore;
use super::audit::append;
use super::people::{act, list, moment, viewer};
use crate::access::Viewer;
use crate::id::{PersonId, ProofId, SessionId};
use crate::people::passkey::{KnownKey, NewKey, PasskeyRefusal};
use crate::store::StoreError;
use crate::store::audit::Actor;
use crate::store::people::NewSession;
use crate::store::proofs::{Answered, MAX_PASSKEYS, MAX_SESSIONS, Passkey, Proofs, SessionRow};

const CHALLENGE_KEY: &str = "challenge-key";

impl Proofs for SqlStore {
    fn challenge_key(&self, fresh: &[u8; 32]) -> Result<Vec<u8>, StoreError> {
        const FIND: &str = "SELECT value FROM setting WHERE name = ?1";
        let find = |connection: &Connection<'_>| {
            connection
                .prepare_cached(FIND)?
                .query_row([CHALLENGE_KEY], |row| row.get(0))
                .optional()
        };
        if let Some(key) = self.read(find)? {
            return Ok(key);
        }
        self.write(|transaction| {
            transaction.execute(
                "INSERT INTO setting (name, value) VALUES (?1, ?2) ON CONFLICT (name) DO NOTHING",
                params![CHALLENGE_KEY, fresh.as_slice()],
            )?;
            find(transaction)?.ok_or(StoreError::NotFound)
        })
    }

    fn add_passkey(
        &self,
        by: &Actor,
        person: PersonId,
        name: &str,
        key: &NewKey,
        answered: Answered<'_>,
        now: Timestamp,
    ) -> Result<(), StoreError> {
        let id = ProofId::random().map_err(|error| StoreError::Conflict(error.to_string()))?;
        self.write(|transaction| {
            if !spend(transaction, answered)? {
                return Err(StoreError::Conflict("the challenge was used".into()));
            }
            let has: u32 = transaction.query_row(
                "SELECT count(*) FROM passkey WHERE person = ?1",
                [person],
                |row| row.get(0),
            )?;
            if has >= MAX_PASSKEYS {
                return Err(StoreError::Conflict("too many passkeys".into()));
            }
            transaction.execute(
                "INSERT INTO passkey (credential, id, person, name, public_key, algorithm, counter,
                                      synced, created)
                 VALUES (?1, ?2, ?3, ?4, ?5, ?6, ?7, ?8, ?9)",
                params![
                    key.credential,
                    id,
                    person,
                    name,
                    key.public_key,
                    key.algorithm,
                    key.counter,
                    key.synced,
                    now.as_millis()
                ],
            )?;
            append(transaction, by, &act("add-passkey", person), now)
        })
    }

    fn passkeys(&self, person: PersonId) -> Result<Vec<Passkey>, StoreError> {
        self.read(|connection| {
            list(
                connection,
                "SELECT id, name, synced, created, last_used FROM passkey
                 WHERE person = ?1 ORDER BY created, id",
                [person],
                |row| {
                    Ok(Passkey {
                        id: row.get(0)?,
                        name: row.get(1)?,
                        synced: row.get(2)?,
                        created: Timestamp::from_millis(row.get(3)?),
                        last_used: moment(row, 4)?,
                    })
                },
            )
        })
    }

    fn credentials(&self, person: PersonId) -> Result<Vec<String>, StoreError> {
        self.read(|connection| {
            list(
                connection,
                "SELECT credential FROM passkey WHERE person = ?1 ORDER BY credential",
                [person],
                |row| row.get(0),
            )
        })
    }

    fn passkey(&self, credential: &str) -> Result<Option<(PersonId, KnownKey)>, StoreError> {
        self.read(|connection| {
            connection
                .prepare_cached(
                    "SELECT person, public_key, algorithm, counter FROM passkey
                     WHERE credential = ?1",
                )?
                .query_row([credential], |row| {
                    let key = KnownKey {
                        public_key: row.get(1)?,
                        algorithm: row.get(2)?,
                        counter: row.get(3)?,
                    };
                    Ok((row.get(0)?, key))
                })
                .optional()
        })
    }

    fn begin_with_passkey(
        &self,
        credential: &str,
        counter: u32,
        answered: Answered<'_>,
        session: &NewSession,
        now: Timestamp,
    ) -> Result<Result<Viewer, PasskeyRefusal>, StoreError> {
        self.write(|transaction| {
            let found = transaction
                .prepare_cached(
                    "SELECT person.id, person.name, person.role, person.member, person.area,
                            person.disabled IS NOT NULL, passkey.counter
                     FROM passkey JOIN person ON person.id = passkey.person
                     WHERE passkey.credential = ?1",
                )?
                .query_row([credential], |row| {
                    Ok((viewer(row)?, row.get(5)?, row.get::<u32>(6)?))
                })
                .optional()?;
            let (viewer, before) = match found {
                None => return Ok(Err(PasskeyRefusal::Unknown)),
                Some((_, true, _)) => return Ok(Err(PasskeyRefusal::Disabled)),
                Some((viewer, false, before)) => (viewer, before),
            };
            if !spend(transaction, answered)? {
                return Ok(Err(PasskeyRefusal::Challenge));
            }
            // Another sign-in with the same passkey may have got in between.
            if (counter != 0 || before != 0) && counter <= before {
                return Ok(Err(PasskeyRefusal::Copied));
            }
            transaction.execute(
                "UPDATE passkey SET counter = ?2, last_used = ?3 WHERE credential = ?1",
                params![credential, counter, now.as_millis()],
            )?;
            begin(transaction, viewer.person, session, now)?;
            Ok(Ok(viewer))
        })
    }

    fn remove_passkey(
        &self,
        by: &Actor,
        person: PersonId,
        passkey: ProofId,
        now: Timestamp,
    ) -> Result<(), StoreError> {
        self.write(|transaction| {
            let removed = transaction.execute(
                "DELETE FROM passkey WHERE person = ?1 AND id = ?2",
                params![person, passkey],
            )?;
            if removed == 0 {
                return Err(StoreError::NotFound);
            }
            refuse_none_left(transaction, person)?;
            append(transaction, by, &act("remove-passkey", person), now)
        })
    }

    fn reset_proofs(&self, by: &Actor, person: PersonId, now: Timestamp) -> Result<(), StoreError> {
        self.write(|transaction| reset(transaction, by, person, now))
    }

    fn replace_session(
        &self,
        old_hash: &str,
        session: &NewSession,
        now: Timestamp,
    ) -> Result<(), StoreError> {
        self.write(|transaction| {
            let person: PersonId = transaction.query_row(
                "SELECT person FROM session WHERE secret_hash = ?1",
                [old_hash],
                |row| row.get(0),
            )?;
            transaction.execute("DELETE FROM session WHERE secret_hash = ?1", [old_hash])?;
            begin(transaction, person, session, now)
        })
    }

    fn sessions(
        &self,
        person: PersonId,
        current_hash: &str,
        idle_ms: i64,
        now: Timestamp,
    ) -> Result<Vec<SessionRow>, StoreError> {
        self.read(|connection| {
            list(
                connection,
                "SELECT id, created, last_used, proof, agent, secret_hash FROM session
                 WHERE person = ?1 AND expires > ?2 AND last_used > ?2 - ?3
                 ORDER BY last_used DESC, id",
                params![person, now.as_millis(), idle_ms],
                |row| {
                    Ok(SessionRow {
                        id: row.get(0)?,
                        created: Timestamp::from_millis(row.get(1)?),
                        last_used: Timestamp::from_millis(row.get(2)?),
                        proof: row.get(3)?,
                        agent: row.get(4)?,
                        current: row.get::<String>(5)? == current_hash,
                    })
                },
            )
        })
    }

    fn end_session_of(&self, person: PersonId, session: SessionId) -> Result<(), StoreError> {
        self.write(|transaction| {
            transaction.execute(
                "DELETE FROM session WHERE person = ?1 AND id = ?2",
                params![person, session],
            )?;
            Ok(())
        })
    }

    fn end_other_sessions(&self, person: PersonId, keep_hash: &str) -> Result<usize, StoreError> {
        self.write(|transaction| {
            transaction.execute(
                "DELETE FROM session WHERE person = ?1 AND secret_hash <> ?2",
                params![person, keep_hash],
            )
        })
    }
}

/// Takes away all that `person` signs in with.
pub(super) fn reset(
    transaction: &Transaction<'_>,
    by: &Actor,
    person: PersonId,
    now: Timestamp,
) -> Result<(), StoreError> {
    let there: u32 = transaction.query_row(
        "SELECT count(*) FROM person WHERE id = ?1",
        [person],
        |row| row.get(0),
    )?;
    if there == 0 {
        return Err(StoreError::NotFound);
    }
    for table in [
        "passkey",
        "code_app",
        "recovery_code",
        "outside_identity",
        "session",
    ] {
        transaction.execute(&format!("DELETE FROM {table} WHERE person = ?1"), [person])?;
    }
    append(transaction, by, &act("reset-proofs", person), now)
}

/// Notes a challenge as used; `false` when it was before.
pub(super) fn spend(
    transaction: &Transaction<'_>,
    answered: Answered<'_>,
) -> Result<bool, StoreError> {
    let spent = transaction.execute(
        "INSERT INTO spent_challenge (challenge, expires) VALUES (?1, ?2)
         ON CONFLICT (challenge) DO NOTHING",
        params![answered.challenge_hash, answered.expires.as_millis()],
    )?;
    Ok(spent == 1)
}

/// Keeps a new session, and ends those unused for longest beyond [`MAX_SESSIONS`].
pub(super) fn begin(
    transaction: &Transaction<'_>,
    person: PersonId,
    session: &NewSession,
    now: Timestamp,
) -> Result<(), StoreError> {
    transaction.execute(
        "DELETE FROM session WHERE secret_hash IN (
             SELECT secret_hash FROM session WHERE person = ?1
             ORDER BY last_used DESC, id LIMIT 1000 OFFSET ?2)",
        params![person, MAX_SESSIONS - 1],
    )?;
    transaction.execute(
        "INSERT INTO session (secret_hash, id, person, created, last_used, expires, proof, proved, agent)
         VALUES (?1, ?2, ?3, ?4, ?4, ?5, ?6, ?4, ?7)",
        params![
            session.secret_hash,
            session.id,
            person,
            now.as_millis(),
            session.expires.as_millis(),
            session.proof.as_str(),
            session.agent
        ],
    )?;
    Ok(())
}

/// Somebody who can no longer sign in would have to ask an administrator.
pub(super) fn refuse_none_left(
    transaction: &Transaction<'_>,
    person: PersonId,
) -> Result<(), StoreError> {
    let left: u32 = transaction.query_row(
        "SELECT (SELECT count(*) FROM passkey WHERE person = ?1)
              + (SELECT count(*) FROM code_app WHERE person = ?1 AND confirmed IS NOT NULL)
              + (SELECT count(*) FROM outside_identity WHERE person = ?1)",
        [person],
        |row| row.get(0),
    )?;
    if left == 0 {
        return Err(StoreError::Conflict("the last proof".into()));
    }
    Ok(())
}
