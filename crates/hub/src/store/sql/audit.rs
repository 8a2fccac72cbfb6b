//! The audit ledger.

use super::engine::{Connection, OptionalExtension as _, Row, Transaction, params};
use larum_core::time::Timestamp;

use super::SqlStore;
use crate::access::{Reach, Scope};
use crate::audit::{self, FIRST};
use crate::store::StoreError;
use crate::store::audit::{Actor, Audit, AuditRow, Entry, MAX_AUDIT_ROWS, Verified};

/// Rows of the ledger verified at once.
const VERIFY_ROWS: u32 = if cfg!(test) { 3 } else { 10_000 };

/// Appends one row within the caller's transaction, so that an act and its row stand or fall
/// together. The writer is one connection, so the chain has no forks.
pub(super) fn append(
    transaction: &Transaction<'_>,
    actor: &Actor,
    entry: &Entry,
    now: Timestamp,
) -> Result<(), StoreError> {
    let (before, previous) = end(transaction, 0)?;
    let member = entry.member.map(|member| member.to_string());
    let row = audit::Row {
        id: before + 1,
        at: now.as_millis(),
        actor: &actor.name,
        role: actor.role,
        action: &entry.action,
        member: member.as_deref().unwrap_or_default(),
        subject: &entry.subject,
    };
    let hash = audit::link(&previous, &row);
    transaction
        .prepare_cached(
            "INSERT INTO audit (id, at, actor, role, action, member, subject, previous, hash)
             VALUES (?1, ?2, ?3, ?4, ?5, ?6, ?7, ?8, ?9)",
        )?
        .execute(params![
            row.id,
            row.at,
            row.actor,
            row.role,
            row.action,
            member,
            row.subject,
            previous,
            hash
        ])?;
    Ok(())
}

impl Audit for SqlStore {
    fn record(&self, actor: &Actor, entries: &[Entry], now: Timestamp) -> Result<(), StoreError> {
        self.write(|transaction| {
            entries
                .iter()
                .try_for_each(|entry| append(transaction, actor, entry, now))
        })
    }

    fn readers(
        &self,
        scope: &Scope,
        before: Option<u64>,
        limit: u32,
    ) -> Result<Vec<AuditRow>, StoreError> {
        let Reach::Member(member) = scope.reach() else {
            return Ok(Vec::new());
        };
        self.read(|connection| {
            rows(
                connection,
                "WHERE audit.member = ?3",
                before,
                limit,
                &member.to_string(),
            )
        })
    }

    fn acts(&self, before: Option<u64>, limit: u32) -> Result<Vec<AuditRow>, StoreError> {
        self.read(|connection| {
            rows(
                connection,
                "WHERE audit.action NOT IN ('threat-read', 'member-list', 'member-read', 'own-read', 'export-act') AND ?3 = ''",
                before,
                limit,
                "",
            )
        })
    }

    fn holds(&self, row: u64, head: &str) -> Result<bool, StoreError> {
        let Ok(row) = i64::try_from(row) else {
            return Ok(false);
        };
        // Before the first row stands the same for everybody.
        if row == 0 {
            return Ok(head == FIRST);
        }
        self.read(|connection| {
            let kept: Option<String> = connection
                .prepare_cached("SELECT hash FROM audit WHERE id = ?1")?
                .query_row([row], |row| row.get(0))
                .optional()?;
            Ok(kept.as_deref() == Some(head))
        })
    }

    fn head(&self) -> Result<(u64, String), StoreError> {
        let (row, head) = self.read(|connection| end(connection, 0))?;
        Ok((u64::try_from(row).unwrap_or_default(), head))
    }

    fn verify_last(&self, rows: u64) -> Result<Verified, StoreError> {
        let rows = i64::try_from(rows).unwrap_or(i64::MAX);
        let (row, head) = self.read(|connection| end(connection, rows))?;
        let next = row.saturating_add(1);
        self.follow(Links { next, head })
    }

    fn verify(&self) -> Result<Verified, StoreError> {
        self.follow(Links::start())
    }
}

impl SqlStore {
    /// Follows the chain to its end. What is appended meanwhile is verified too; rows before it do not change.
    fn follow(&self, mut links: Links) -> Result<Verified, StoreError> {
        // A row numbered below the first would be no part of the chain.
        let mut after = match links.next {
            1 => i64::MIN,
            next => next.saturating_sub(1),
        };
        loop {
            match self.read(|connection| links.follow(connection, after))? {
                Followed::Broken(at) => return Ok(Verified::Broken { at }),
                Followed::End(end) => {
                    return Ok(Verified::Whole {
                        rows: u64::try_from(end.next.saturating_sub(1)).unwrap_or_default(),
                        head: end.head,
                    });
                }
                Followed::On(on) => (after, links) = (on.next.saturating_sub(1), on),
            }
        }
    }
}

/// Number and hash of the row that has `rows` rows after it; before the first row, nothing and [`FIRST`].
fn end(connection: &Connection<'_>, rows: i64) -> Result<(i64, String), StoreError> {
    let found = connection
        .prepare_cached(
            "SELECT id, hash FROM audit WHERE id <= (SELECT max(id) FROM audit) - ?1
             ORDER BY id DESC LIMIT 1",
        )?
        .query_row([rows], |row| Ok((row.get(0)?, row.get(1)?)))
        .optional()?;
    Ok(found.unwrap_or((0, FIRST.to_owned())))
}

/// How far the chain was followed: the number that must come next, and the hash before it.
struct Links {
    next: i64,
    head: String,
}

/// What a page of the ledger showed.
enum Followed {
    /// All its links hold; there may be more.
    On(Links),
    /// All hold, and there is no more.
    End(Links),
    /// The row with this number is missing or changed.
    Broken(u64),
}

impl Links {
    fn start() -> Self {
        Self {
            next: 1,
            head: FIRST.to_owned(),
        }
    }

    /// Follows the next page, of rows numbered above `after`.
    fn follow(&self, connection: &Connection<'_>, after: i64) -> Result<Followed, StoreError> {
        let mut statement = connection.prepare_cached(
            "SELECT id, at, actor, role, action, coalesce(member, ''), subject, previous, hash
             FROM audit WHERE id > ?1 ORDER BY id LIMIT ?2",
        )?;
        let mut found = statement.query(params![after, VERIFY_ROWS])?;
        let (mut next, mut head, mut rows) = (self.next, self.head.clone(), 0_u32);
        while let Some(row) = found.next()? {
            let id: i64 = row.get(0)?;
            let (stored_previous, stored_hash): (String, String) = (row.get(7)?, row.get(8)?);
            if id != next || stored_previous != head || hash_of(&row, &head)? != stored_hash {
                return Ok(Followed::Broken(u64::try_from(next).unwrap_or_default()));
            }
            head = stored_hash;
            next = next.saturating_add(1);
            rows += 1;
        }
        let links = Self { next, head };
        Ok(if rows < VERIFY_ROWS {
            Followed::End(links)
        } else {
            Followed::On(links)
        })
    }
}

fn hash_of(row: &Row<'_>, previous: &str) -> Result<String, StoreError> {
    let text = |index: usize| row.get::<String>(index);
    let (actor, role, action) = (text(2)?, text(3)?, text(4)?);
    let (member, subject) = (text(5)?, text(6)?);
    let row = audit::Row {
        id: row.get(0)?,
        at: row.get(1)?,
        actor: &actor,
        role: &role,
        action: &action,
        member: &member,
        subject: &subject,
    };
    Ok(audit::link(previous, &row))
}

/// Rows that `filter` (which may use `?3`) lets through, newest first.
fn rows(
    connection: &Connection<'_>,
    filter: &str,
    before: Option<u64>,
    limit: u32,
    parameter: &str,
) -> Result<Vec<AuditRow>, StoreError> {
    let before = before
        .and_then(|id| i64::try_from(id).ok())
        .unwrap_or(i64::MAX);
    let sql = format!(
        "SELECT audit.id, audit.at, coalesce(person.name, audit.actor), audit.role, person.area,
                audit.action, audit.subject
         FROM audit LEFT JOIN person ON person.id = audit.actor
         {filter} AND audit.id < ?1 ORDER BY audit.id DESC LIMIT ?2"
    );
    let rows = connection
        .prepare_cached(&sql)?
        .query_map(
            params![before, limit.min(MAX_AUDIT_ROWS), parameter],
            |row| {
                Ok(AuditRow {
                    id: u64::try_from(row.get::<i64>(0)?).unwrap_or_default(),
                    at: Timestamp::from_millis(row.get(1)?),
                    who: row.get(2)?,
                    role: row.get(3)?,
                    area: row.get(4)?,
                    action: row.get(5)?,
                    subject: row.get(6)?,
                })
            },
        )?
        .collect::<Result<_, _>>()?;
    Ok(rows)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::id::MemberId;

    fn store() -> (tempfile::TempDir, SqlStore) {
        let folder = tempfile::tempdir().unwrap();
        let store = SqlStore::open(&folder.path().join("hub.sqlite")).unwrap();
        (folder, store)
    }

    fn entry(action: &str, member: Option<MemberId>) -> Entry {
        Entry {
            action: action.into(),
            member,
            subject: "/members".into(),
        }
    }

    fn filled(store: &SqlStore) -> MemberId {
        let member = MemberId::parse(&"a".repeat(32)).unwrap();
        let other = MemberId::parse(&"b".repeat(32)).unwrap();
        let now = Timestamp::from_seconds(1_800_000_000);
        let actor = Actor::program("test");
        store
            .record(
                &actor,
                &[
                    entry("member-read", Some(member)),
                    entry("member-read", Some(other)),
                    entry("add-person", None),
                ],
                now,
            )
            .unwrap();
        store
            .record(&actor, &[entry("member-list", Some(member))], now)
            .unwrap();
        member
    }

    #[test]
    fn shows_each_member_its_own_readers_and_administrators_only_acts() {
        let (_folder, store) = store();
        let member = filled(&store);
        let readers = |reach| {
            let scope = Scope::for_test(reach);
            let rows = store.readers(&scope, None, 10).unwrap();
            rows.iter().map(|row| row.id).collect::<Vec<_>>()
        };
        assert_eq!(readers(Reach::Member(member)), [4, 1]);
        assert!(readers(Reach::All).is_empty());
        let acts = store.acts(None, 10).unwrap();
        assert_eq!(acts.iter().map(|row| row.id).collect::<Vec<_>>(), [3]);
    }

    /// Somebody cuts the end off, or writes the whole chain anew: it is whole, but not what was published.
    #[test]
    fn a_head_kept_elsewhere_tells_of_a_ledger_cut_short_or_written_anew() {
        let (_folder, store) = store();
        filled(&store);
        let Verified::Whole { rows, head } = store.verify().unwrap() else {
            panic!("it is whole");
        };
        assert!(store.holds(rows, &head).unwrap());
        assert!(!store.holds(rows - 1, &head).unwrap());
        assert!(!store.holds(u64::MAX, &head).unwrap());
        // More rows change nothing about what was there.
        filled(&store);
        assert!(store.holds(rows, &head).unwrap());
        let (_other_folder, shortened) = self::store();
        let now = Timestamp::from_seconds(1_800_000_000);
        let actor = Actor::program("test");
        for _ in 0..5 {
            let other = entry("add-person", None);
            shortened.record(&actor, &[other], now).unwrap();
        }
        assert!(matches!(
            shortened.verify().unwrap(),
            Verified::Whole { .. }
        ));
        assert!(!shortened.holds(rows, &head).unwrap());
        store
            .write(|transaction| {
                transaction.execute_batch("DROP TRIGGER audit_no_delete;")?;
                transaction.execute("DELETE FROM audit WHERE id >= 4", [])
            })
            .unwrap();
        assert!(matches!(store.verify().unwrap(), Verified::Whole { .. }));
        assert!(!store.holds(rows, &head).unwrap());
    }

    #[test]
    fn cannot_be_changed_through_the_store_and_tampering_is_found() {
        let (_folder, store) = store();
        filled(&store);
        assert!(matches!(
            store.verify().unwrap(),
            Verified::Whole { rows: 4, .. }
        ));
        for sql in [
            "UPDATE audit SET subject = ''",
            "DELETE FROM audit WHERE id = 2",
        ] {
            assert!(
                store
                    .write(|transaction| transaction.execute(sql, []))
                    .is_err(),
                "{sql}"
            );
        }
        // Somebody with the file in their hands can drop the triggers; the chain still tells.
        for (sql, at) in [
            ("UPDATE audit SET subject = 'x' WHERE id = 3", 3),
            ("DELETE FROM audit WHERE id = 2", 2),
        ] {
            let (_folder, store) = self::store();
            filled(&store);
            let (row, head) = store.head().unwrap();
            assert_eq!(
                store.verify_last(2).unwrap(),
                Verified::Whole { rows: row, head }
            );
            store
                .write(|transaction| {
                    transaction.execute_batch(
                        "DROP TRIGGER audit_no_update; DROP TRIGGER audit_no_delete;",
                    )?;
                    transaction.execute(sql, [])
                })
                .unwrap();
            let broken = Verified::Broken { at };
            assert_eq!(store.verify().unwrap(), broken, "{sql}");
            for rows in [2, 3, 9] {
                assert_eq!(store.verify_last(rows).unwrap(), broken, "{sql}");
            }
            // The last row alone tells of itself alone.
            let last = store.verify_last(1).unwrap();
            assert!(matches!(last, Verified::Whole { rows: 4, .. }), "{last:?}");
        }
    }
}
