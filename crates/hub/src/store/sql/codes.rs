//! Codes of apps, and recovery codes,.

use super::engine::{OptionalExtension as _, Transaction, params};
use larum_core::time::Timestamp;

use super::SqlStore;
use super::audit::append;
use super::people::act;
use super::proofs::{begin, refuse_none_left};
use crate::id::PersonId;
use crate::store::StoreError;
use crate::store::audit::Actor;
use crate::store::codes::{CodeApp, CodeRefusal, Codes, LOCK_MS, MAX_LOCK_MS, MAX_WRONG, Typed};
use crate::store::people::NewSession;

impl Codes for SqlStore {
    fn code_app(&self, person: PersonId) -> Result<Option<CodeApp>, StoreError> {
        self.read(|connection| {
            connection
                .prepare_cached(
                    "SELECT confirmed, (SELECT count(*) FROM recovery_code
                        WHERE recovery_code.person = code_app.person AND used IS NULL)
                     FROM code_app WHERE person = ?1 AND confirmed IS NOT NULL",
                )?
                .query_row([person], |row| {
                    Ok(CodeApp {
                        confirmed: Timestamp::from_millis(row.get(0)?),
                        recovery_left: row.get(1)?,
                    })
                })
                .optional()
        })
    }

    fn offer_code_app(&self, person: PersonId, fresh: &[u8]) -> Result<Vec<u8>, StoreError> {
        self.write(|transaction| {
            transaction.execute(
                "INSERT INTO code_app (person, offered) VALUES (?1, ?2)
                 ON CONFLICT (person) DO UPDATE SET offered = coalesce(code_app.offered, ?2)",
                params![person, fresh],
            )?;
            transaction.query_row(
                "SELECT offered FROM code_app WHERE person = ?1",
                [person],
                |row| row.get(0),
            )
        })
    }

    fn confirm_code_app(
        &self,
        by: &Actor,
        person: PersonId,
        check: &dyn Fn(&[u8]) -> Option<i64>,
        recovery_hashes: &[String],
        now: Timestamp,
    ) -> Result<Result<(), CodeRefusal>, StoreError> {
        self.write(|transaction| {
            let offered: Option<Vec<u8>> = transaction
                .prepare_cached(
                    "SELECT offered FROM code_app WHERE person = ?1 AND offered IS NOT NULL",
                )?
                .query_row([person], |row| row.get(0))
                .optional()?;
            let Some(offered) = offered else {
                return Ok(Err(CodeRefusal::NoApp));
            };
            let Some(step) = check(&offered) else {
                return Ok(Err(CodeRefusal::Wrong));
            };
            transaction.execute(
                "UPDATE code_app SET secret = offered, offered = NULL, confirmed = ?2,
                        last_step = ?3, wrong = 0, locked = NULL WHERE person = ?1",
                params![person, now.as_millis(), step],
            )?;
            transaction.execute("DELETE FROM recovery_code WHERE person = ?1", [person])?;
            for hash in recovery_hashes {
                transaction.execute(
                    "INSERT INTO recovery_code (person, code_hash) VALUES (?1, ?2)",
                    params![person, hash],
                )?;
            }
            append(transaction, by, &act("add-code-app", person), now)?;
            Ok(Ok(()))
        })
    }

    fn prove_with_code(
        &self,
        person: PersonId,
        typed: Typed<'_>,
        old_hash: &str,
        session: &NewSession,
        now: Timestamp,
    ) -> Result<Result<(), CodeRefusal>, StoreError> {
        self.write(|transaction| {
            let found = transaction
                .prepare_cached(
                    "SELECT secret, last_step, wrong, locked FROM code_app
                     WHERE person = ?1 AND confirmed IS NOT NULL",
                )?
                .query_row([person], |row| {
                    Ok((
                        row.get::<Vec<u8>>(0)?,
                        row.get::<Option<i64>>(1)?,
                        row.get::<u32>(2)?,
                        row.get::<Option<i64>>(3)?,
                    ))
                })
                .optional()?;
            let Some((secret, last_step, wrong, locked)) = found else {
                return Ok(Err(CodeRefusal::NoApp));
            };
            if locked.is_some_and(|until| now.as_millis() < until) {
                return Ok(Err(CodeRefusal::Locked));
            }
            let taken = match typed {
                Typed::Code(check) => take_code(transaction, person, check(&secret, last_step))?,
                Typed::Recovery(hash) => take_recovery(transaction, person, hash, now)?,
            };
            if !taken {
                note_wrong(transaction, person, wrong.saturating_add(1), now)?;
                return Ok(Err(CodeRefusal::Wrong));
            }
            transaction.execute(
                "UPDATE code_app SET wrong = 0, locked = NULL WHERE person = ?1",
                [person],
            )?;
            let ended = transaction.execute(
                "DELETE FROM session WHERE secret_hash = ?1 AND person = ?2",
                params![old_hash, person],
            )?;
            if ended == 0 {
                return Err(StoreError::NotFound);
            }
            begin(transaction, person, session, now)?;
            Ok(Ok(()))
        })
    }

    fn remove_code_app(
        &self,
        by: &Actor,
        person: PersonId,
        now: Timestamp,
    ) -> Result<(), StoreError> {
        self.write(|transaction| {
            let removed =
                transaction.execute("DELETE FROM code_app WHERE person = ?1", [person])?;
            if removed == 0 {
                return Err(StoreError::NotFound);
            }
            transaction.execute("DELETE FROM recovery_code WHERE person = ?1", [person])?;
            refuse_none_left(transaction, person)?;
            append(transaction, by, &act("remove-code-app", person), now)
        })
    }
}

fn take_code(
    transaction: &Transaction<'_>,
    person: PersonId,
    step: Option<i64>,
) -> Result<bool, StoreError> {
    let Some(step) = step else {
        return Ok(false);
    };
    transaction.execute(
        "UPDATE code_app SET last_step = ?2 WHERE person = ?1",
        params![person, step],
    )?;
    Ok(true)
}

fn take_recovery(
    transaction: &Transaction<'_>,
    person: PersonId,
    hash: &str,
    now: Timestamp,
) -> Result<bool, StoreError> {
    let taken = transaction.execute(
        "UPDATE recovery_code SET used = ?3 WHERE person = ?1 AND code_hash = ?2 AND used IS NULL",
        params![person, hash, now.as_millis()],
    )?;
    Ok(taken == 1)
}

/// Counts a wrong code; each time [`MAX_WRONG`] more are reached the wait doubles.
fn note_wrong(
    transaction: &Transaction<'_>,
    person: PersonId,
    wrong: u32,
    now: Timestamp,
) -> Result<(), StoreError> {
    let locked = wrong.is_multiple_of(MAX_WRONG).then(|| {
        let doublings = (wrong / MAX_WRONG - 1).min(10);
        now.as_millis() + (LOCK_MS << doublings).min(MAX_LOCK_MS)
    });
    transaction.execute(
        "UPDATE code_app SET wrong = ?2, locked = coalesce(?3, locked) WHERE person = ?1",
        params![person, wrong, locked],
    )?;
    Ok(())
}
