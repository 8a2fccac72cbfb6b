//! Accounts at single sign-on providers.

use super::engine::{OptionalExtension as _, Transaction, params};
use larum_core::time::Timestamp;

use super::SqlStore;
use super::audit::append;
use super::people::{act, list, moment, viewer};
use super::proofs::{begin, refuse_none_left, spend};
use crate::access::Viewer;
use crate::id::PersonId;
use crate::people::oidc::{Arrived, OidcRefusal};
use crate::store::StoreError;
use crate::store::audit::Actor;
use crate::store::identities::{Identities, Identity};
use crate::store::people::NewSession;
use crate::store::proofs::Answered;

impl Identities for SqlStore {
    fn add_identity(
        &self,
        by: &Actor,
        person: PersonId,
        arrived: &Arrived,
        now: Timestamp,
    ) -> Result<Result<(), OidcRefusal>, StoreError> {
        self.write(|transaction| {
            if !spend(transaction, answered(arrived))? {
                return Ok(Err(OidcRefusal::State));
            }
            let holder: Option<PersonId> = transaction
                .query_row(
                    "SELECT person FROM outside_identity WHERE issuer = ?1 AND subject = ?2",
                    params![arrived.issuer, arrived.subject],
                    |row| row.get(0),
                )
                .optional()?;
            match holder {
                Some(holder) if holder == person => return Ok(Ok(())),
                Some(_) => return Ok(Err(OidcRefusal::Taken)),
                None => {}
            }
            transaction.execute(
                "DELETE FROM outside_identity WHERE person = ?1 AND issuer = ?2",
                params![person, arrived.issuer],
            )?;
            transaction.execute(
                "INSERT INTO outside_identity (issuer, subject, person, created)
                 VALUES (?1, ?2, ?3, ?4)",
                params![arrived.issuer, arrived.subject, person, now.as_millis()],
            )?;
            append(transaction, by, &act("add-identity", person), now)?;
            Ok(Ok(()))
        })
    }

    fn begin_with_identity(
        &self,
        arrived: &Arrived,
        session: &NewSession,
        now: Timestamp,
    ) -> Result<Result<Viewer, OidcRefusal>, StoreError> {
        self.write(|transaction| {
            if !spend(transaction, answered(arrived))? {
                return Ok(Err(OidcRefusal::State));
            }
            let found = holder(transaction, arrived)?;
            let viewer = match found {
                None => return Ok(Err(OidcRefusal::Unknown)),
                Some((_, true)) => return Ok(Err(OidcRefusal::Disabled)),
                Some((viewer, false)) => viewer,
            };
            transaction.execute(
                "UPDATE outside_identity SET last_used = ?3 WHERE issuer = ?1 AND subject = ?2",
                params![arrived.issuer, arrived.subject, now.as_millis()],
            )?;
            begin(transaction, viewer.person, session, now)?;
            Ok(Ok(viewer))
        })
    }

    fn identities(&self, person: PersonId) -> Result<Vec<Identity>, StoreError> {
        self.read(|connection| {
            list(
                connection,
                "SELECT issuer, created, last_used FROM outside_identity
                 WHERE person = ?1 ORDER BY issuer",
                [person],
                |row| {
                    Ok(Identity {
                        issuer: row.get(0)?,
                        created: Timestamp::from_millis(row.get(1)?),
                        last_used: moment(row, 2)?,
                    })
                },
            )
        })
    }

    fn remove_identity(
        &self,
        by: &Actor,
        person: PersonId,
        issuer: &str,
        now: Timestamp,
    ) -> Result<(), StoreError> {
        self.write(|transaction| {
            let removed = transaction.execute(
                "DELETE FROM outside_identity WHERE person = ?1 AND issuer = ?2",
                params![person, issuer],
            )?;
            if removed == 0 {
                return Err(StoreError::NotFound);
            }
            refuse_none_left(transaction, person)?;
            append(transaction, by, &act("remove-identity", person), now)
        })
    }
}

fn answered(arrived: &Arrived) -> Answered<'_> {
    Answered {
        challenge_hash: &arrived.challenge_hash,
        expires: arrived.expires,
    }
}

/// For whom the account stands, and whether they were shut out.
fn holder(
    transaction: &Transaction<'_>,
    arrived: &Arrived,
) -> Result<Option<(Viewer, bool)>, StoreError> {
    transaction
        .prepare_cached(
            "SELECT person.id, person.name, person.role, person.member, person.area,
                    person.disabled IS NOT NULL
             FROM outside_identity JOIN person ON person.id = outside_identity.person
             WHERE outside_identity.issuer = ?1 AND outside_identity.subject = ?2",
        )?
        .query_row(params![arrived.issuer, arrived.subject], |row| {
            Ok((viewer(row)?, row.get(5)?))
        })
        .optional()
}
