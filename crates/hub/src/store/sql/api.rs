//! Keys of programs and acknowledgements.

use super::engine::{OptionalExtension as _, Row, params};
use larum_core::time::Timestamp;

use super::SqlStore;
use super::audit::append;
use super::pages::{IN_SCOPE, count, scope_parameters};
use super::people::{list, moment, viewer};
use crate::access::{Action, Scope, Sealed, Standing, Viewer};
use crate::id::{KeyId, MemberId, PersonId};
use crate::store::StoreError;
use crate::store::api::{
    Acknowledged, AnsweredWarning, ApiStore, KeyRefusal, KeyRow, MAX_KEY_ROWS, MAX_KEYS,
    MAX_WARNINGS, NewKey,
};
use crate::store::audit::{Actor, Entry};
use crate::store::pages::WarningRow;

/// A key's last use is noted at most this often, so that a call is not a disk write.
const TOUCH_EVERY_MS: i64 = 60_000;

const KEY: &str = "SELECT api_key.id, api_key.person, api_key.name, api_key.actions,
    api_key.created, api_key.expires, api_key.revoked, api_key.last_used";

impl ApiStore for SqlStore {
    fn add_key(&self, by: &Actor, key: &NewKey, now: Timestamp) -> Result<(), StoreError> {
        self.write(|transaction| {
            let alive: u32 = transaction
                .prepare_cached(
                    "SELECT count(*) FROM api_key
                     WHERE person = ?1 AND revoked IS NULL AND expires > ?2",
                )?
                .query_row(params![key.person, now.as_millis()], |row| row.get(0))?;
            if alive >= MAX_KEYS {
                return Err(StoreError::Conflict("too many keys".into()));
            }
            transaction
                .prepare_cached(
                    "INSERT INTO api_key (id, secret_hash, person, name, actions, created, expires)
                     VALUES (?1, ?2, ?3, ?4, ?5, ?6, ?7)",
                )?
                .execute(params![
                    key.id,
                    key.secret_hash,
                    key.person,
                    key.name,
                    spelled(&key.actions),
                    now.as_millis(),
                    key.expires.as_millis()
                ])?;
            append(transaction, by, &act("add-key", key.id), now)
        })
    }

    fn use_key(
        &self,
        secret_hash: &str,
        now: Timestamp,
    ) -> Result<Result<(KeyRow, Viewer), KeyRefusal>, StoreError> {
        let found = self.read(|connection| {
            connection
                .prepare_cached(&format!("{KEY} FROM api_key WHERE secret_hash = ?1"))?
                .query_row([secret_hash], key)
                .optional()
        })?;
        let Some(key) = found else {
            return Ok(Err(KeyRefusal::Unknown));
        };
        let (viewer, disabled) = self.read(|connection| {
            connection
                .prepare_cached(
                    "SELECT id, name, role, member, area, disabled IS NOT NULL
                     FROM person WHERE id = ?1",
                )?
                .query_row([key.person], |row| Ok((viewer(row)?, row.get::<bool>(5)?)))
        })?;
        if key.revoked.is_some() {
            return Ok(Err(KeyRefusal::Revoked));
        }
        if now >= key.expires {
            return Ok(Err(KeyRefusal::Expired));
        }
        // Whoever made the key had proved themselves; the key stands for that.
        let viewer = Viewer {
            standing: Standing::Whole,
            ..viewer
        };
        if disabled {
            return Ok(Err(KeyRefusal::Disabled));
        }
        let noted = |at: Timestamp| (0..TOUCH_EVERY_MS).contains(&now.millis_since(at));
        if !key.last_used.is_some_and(noted) {
            self.write(|transaction| {
                transaction
                    .prepare_cached("UPDATE api_key SET last_used = ?2 WHERE id = ?1")?
                    .execute(params![key.id, now.as_millis()])?;
                Ok(())
            })?;
        }
        Ok(Ok((key, viewer)))
    }

    fn keys_of(&self, person: PersonId) -> Result<Vec<KeyRow>, StoreError> {
        let sql = format!(
            "{KEY} FROM api_key WHERE person = ?1 ORDER BY created DESC, id LIMIT {MAX_KEY_ROWS}"
        );
        self.read(|connection| list(connection, &sql, [person], key))
    }

    fn revoke_key(
        &self,
        by: &Actor,
        person: PersonId,
        key: KeyId,
        now: Timestamp,
    ) -> Result<(), StoreError> {
        self.write(|transaction| {
            let changed = transaction
                .prepare_cached(
                    "UPDATE api_key SET revoked = coalesce(revoked, ?3)
                     WHERE id = ?1 AND person = ?2",
                )?
                .execute(params![key, person, now.as_millis()])?;
            if changed == 0 {
                return Err(StoreError::NotFound);
            }
            append(transaction, by, &act("revoke-key", key), now)
        })
    }

    fn warnings_before(
        &self,
        scope: &Scope,
        member: MemberId,
        before: Option<u64>,
        limit: u32,
    ) -> Result<Sealed<Vec<AnsweredWarning>>, StoreError> {
        let (reach, whose) = scope_parameters(scope);
        let before = before.map_or(i64::MAX, |id| i64::try_from(id).unwrap_or(i64::MAX));
        let sql = format!(
            "SELECT warning.id, warning.threat, warning.issued, warning.expires, warning.body,
                    warning.delivered, warning.hit, acknowledgement.person, acknowledgement.at
             FROM warning JOIN member ON member.id = warning.member
                LEFT JOIN acknowledgement ON acknowledgement.warning = warning.id
             WHERE warning.member = ?3 AND {IN_SCOPE} AND warning.id < ?4
             ORDER BY warning.id DESC LIMIT ?5"
        );
        let parameters = params![reach, whose, member, before, limit.min(MAX_WARNINGS)];
        self.read(|connection| {
            let rows = list(connection, &sql, parameters, |row| {
                Ok((warning(row)?, acknowledged(row)?))
            })?;
            Ok(Sealed::new(vec![member], rows))
        })
    }

    fn acknowledge(
        &self,
        scope: &Scope,
        member: MemberId,
        warning: u64,
        by: &Viewer,
        now: Timestamp,
    ) -> Result<Acknowledged, StoreError> {
        let (reach, whose) = scope_parameters(scope);
        let warning = i64::try_from(warning).map_err(|_| StoreError::NotFound)?;
        self.write(|transaction| {
            let sql = format!(
                "INSERT INTO acknowledgement (warning, person, at)
                 SELECT warning.id, ?5, ?6 FROM warning JOIN member ON member.id = warning.member
                 WHERE warning.id = ?4 AND warning.member = ?3 AND {IN_SCOPE}
                 ON CONFLICT (warning) DO NOTHING"
            );
            let parameters = params![reach, whose, member, warning, by.person, now.as_millis()];
            if transaction.prepare_cached(&sql)?.execute(parameters)? > 0 {
                let entry = Entry {
                    action: "acknowledge-warning".to_owned(),
                    member: None,
                    subject: format!("/warnings/{warning}"),
                };
                append(transaction, &Actor::of(by), &entry, now)?;
            }
            let sql = format!(
                "SELECT acknowledgement.person, acknowledgement.at
                 FROM acknowledgement JOIN warning ON warning.id = acknowledgement.warning
                    JOIN member ON member.id = warning.member
                 WHERE warning.id = ?4 AND warning.member = ?3 AND {IN_SCOPE}"
            );
            transaction.prepare_cached(&sql)?.query_row(
                params![reach, whose, member, warning],
                |row| {
                    Ok(Acknowledged {
                        person: row.get(0)?,
                        at: Timestamp::from_millis(row.get(1)?),
                    })
                },
            )
        })
    }
}

fn spelled(actions: &[Action]) -> String {
    let words: Vec<&str> = actions.iter().map(|action| action.as_str()).collect();
    words.join(" ")
}

fn act(word: &str, key: KeyId) -> Entry {
    Entry {
        action: word.to_owned(),
        member: None,
        subject: key.to_string(),
    }
}

/// The columns of [`KEY`]. A word that is no action any more grants nothing.
fn key(row: &Row<'_>) -> Result<KeyRow, StoreError> {
    let actions: String = row.get(3)?;
    Ok(KeyRow {
        id: row.get(0)?,
        person: row.get(1)?,
        name: row.get(2)?,
        actions: actions.split(' ').filter_map(Action::from_word).collect(),
        created: Timestamp::from_millis(row.get(4)?),
        expires: Timestamp::from_millis(row.get(5)?),
        revoked: moment(row, 6)?,
        last_used: moment(row, 7)?,
    })
}

fn warning(row: &Row<'_>) -> Result<WarningRow, StoreError> {
    Ok(WarningRow {
        id: count(row, 0)?,
        threat: count(row, 1)?,
        issued: Timestamp::from_millis(row.get(2)?),
        expires: Timestamp::from_millis(row.get(3)?),
        body: row.get(4)?,
        delivered: moment(row, 5)?,
        hit: moment(row, 6)?,
    })
}

fn acknowledged(row: &Row<'_>) -> Result<Option<Acknowledged>, StoreError> {
    let person: Option<PersonId> = row.get(7)?;
    let at = moment(row, 8)?;
    Ok(person
        .zip(at)
        .map(|(person, at)| Acknowledged { person, at }))
}
