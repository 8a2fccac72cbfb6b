//! Who looks after which firms.

use super::engine::params;
use larum_core::time::Timestamp;

use super::SqlStore;
use super::audit::append;
use super::people::list;
use crate::id::{MemberId, PersonId};
use crate::store::StoreError;
use crate::store::audit::{Actor, Entry};
use crate::store::firms::{LookedAfter, MAX_FIRMS};

impl LookedAfter for SqlStore {
    fn firms_of(&self, person: PersonId) -> Result<Vec<(MemberId, String)>, StoreError> {
        let sql = format!(
            "SELECT member.id, member.name FROM person_firm
             JOIN member ON member.id = person_firm.member
             WHERE person_firm.person = ?1 ORDER BY member.name, member.id LIMIT {MAX_FIRMS}"
        );
        self.read(|connection| {
            list(connection, &sql, [person], |row| {
                Ok((row.get(0)?, row.get(1)?))
            })
        })
    }

    fn give_firm(
        &self,
        by: &Actor,
        person: PersonId,
        member: MemberId,
        now: Timestamp,
    ) -> Result<(), StoreError> {
        self.write(|transaction| {
            let (there, has): (u32, u32) = transaction.query_row(
                "SELECT (SELECT count(*) FROM person WHERE id = ?1 AND role = 'provider'),
                        (SELECT count(*) FROM person_firm WHERE person = ?1)",
                [person],
                |row| Ok((row.get(0)?, row.get(1)?)),
            )?;
            if there == 0 {
                return Err(StoreError::NotFound);
            }
            if has >= MAX_FIRMS {
                return Err(StoreError::Conflict("too many firms".into()));
            }
            let given = transaction.execute(
                "INSERT INTO person_firm (person, member) VALUES (?1, ?2)
                 ON CONFLICT (person, member) DO NOTHING",
                params![person, member],
            )?;
            match given {
                0 => Ok(()),
                _ => append(transaction, by, &act("give-firm", person, member), now),
            }
        })
    }

    fn take_firm(
        &self,
        by: &Actor,
        person: PersonId,
        member: MemberId,
        now: Timestamp,
    ) -> Result<(), StoreError> {
        self.write(|transaction| {
            let taken = transaction.execute(
                "DELETE FROM person_firm WHERE person = ?1 AND member = ?2",
                params![person, member],
            )?;
            match taken {
                0 => Err(StoreError::NotFound),
                _ => append(transaction, by, &act("take-firm", person, member), now),
            }
        })
    }

    fn choose_firm(
        &self,
        secret_hash: &str,
        person: PersonId,
        member: MemberId,
    ) -> Result<(), StoreError> {
        self.write(|transaction| {
            let chosen = transaction.execute(
                "UPDATE session SET firm = ?3 WHERE secret_hash = ?1 AND person = ?2
                 AND EXISTS (SELECT 1 FROM person_firm
                             WHERE person_firm.person = ?2 AND person_firm.member = ?3)",
                params![secret_hash, person, member],
            )?;
            match chosen {
                0 => Err(StoreError::NotFound),
                _ => Ok(()),
            }
        })
    }
}

fn act(word: &str, person: PersonId, member: MemberId) -> Entry {
    Entry {
        action: word.to_owned(),
        member: Some(member),
        subject: person.to_string(),
    }
}
