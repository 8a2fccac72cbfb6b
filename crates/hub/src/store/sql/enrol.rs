//! Enrolment.

use super::engine::{Connection, OptionalExtension as _, params};
use larum_core::time::Timestamp;
use larum_link::wire::{CHAIN_START, Heartbeat};

use super::SqlStore;
use super::people::list;
use crate::id::{CollectorId, MemberId};
use crate::store::StoreError;
use crate::store::enrol::{
    EnrolStore, Invitation, Issued, NewMember, NewToken, Standing, TokenRefusal, TrustEntry,
};

/// How long an ended certificate's row is kept, in milliseconds: 30 days.
const KEEP_ENDED_MS: i64 = 30 * 86_400_000;

impl EnrolStore for SqlStore {
    fn add_member(&self, member: &NewMember, now: Timestamp) -> Result<(), StoreError> {
        self.write(|transaction| {
            transaction.execute(
                "INSERT INTO member (id, name, area, region, sector, size, created)
                 VALUES (?1, ?2, ?3, ?4, ?5, ?6, ?7)",
                params![
                    member.id,
                    member.name,
                    member.area,
                    member.region,
                    member.sector,
                    member.size,
                    now.as_millis()
                ],
            )?;
            Ok(())
        })
    }

    fn add_token(&self, token: &NewToken, now: Timestamp) -> Result<(), StoreError> {
        self.write(|transaction| {
            transaction.execute(
                "INSERT INTO token (secret_hash, member, site, created, expires)
                 VALUES (?1, ?2, ?3, ?4, ?5)",
                params![
                    token.secret_hash,
                    token.member,
                    token.site,
                    now.as_millis(),
                    token.expires.as_millis()
                ],
            )?;
            Ok(())
        })
    }

    fn invitation(
        &self,
        secret_hash: &str,
        now: Timestamp,
    ) -> Result<Result<Invitation, TokenRefusal>, StoreError> {
        self.read(|connection| {
            Ok(find_token(connection, secret_hash, now)?.map(|found| found.invitation))
        })
    }

    fn enrol(
        &self,
        secret_hash: &str,
        issued: &Issued,
        now: Timestamp,
    ) -> Result<Result<Invitation, TokenRefusal>, StoreError> {
        self.write(|transaction| {
            let found = match find_token(transaction, secret_hash, now)? {
                Ok(found) => found,
                Err(refusal) => return Ok(Err(refusal)),
            };
            transaction.execute(
                "INSERT INTO collector (id, member, site, created, chain_head)
                 VALUES (?1, ?2, ?3, ?4, ?5)",
                params![
                    issued.collector,
                    found.invitation.member,
                    found.site,
                    now.as_millis(),
                    CHAIN_START
                ],
            )?;
            transaction.execute(
                "UPDATE token SET used = ?2, collector = ?3 WHERE secret_hash = ?1",
                params![secret_hash, now.as_millis(), issued.collector],
            )?;
            insert_certificate(transaction, issued)?;
            Ok(Ok(found.invitation))
        })
    }

    fn renew(&self, issued: &Issued, now: Timestamp) -> Result<(), StoreError> {
        self.write(|transaction| {
            transaction.execute(
                "DELETE FROM certificate WHERE collector = ?1 AND not_after < ?2",
                params![issued.collector, now.as_millis() - KEEP_ENDED_MS],
            )?;
            insert_certificate(transaction, issued)
        })
    }

    fn standing(&self, collector: CollectorId) -> Result<Standing, StoreError> {
        self.read(|connection| {
            connection
                .prepare_cached(
                    "SELECT member.id, member.name, collector.revoked
                     FROM collector JOIN member ON member.id = collector.member
                     WHERE collector.id = ?1",
                )?
                .query_row([collector], |row| {
                    Ok(Standing {
                        member: row.get(0)?,
                        member_name: row.get(1)?,
                        revoked: row.get::<Option<i64>>(2)?.map(Timestamp::from_millis),
                    })
                })
        })
    }

    fn trust_entries(&self, now: Timestamp) -> Result<Vec<TrustEntry>, StoreError> {
        let said = |beat: Option<String>| {
            let beat: Heartbeat = serde_json::from_str(&beat?).ok()?;
            beat.trust
        };
        self.read(|connection| {
            list(
                connection,
                "SELECT collector.id, member.name, collector.site, collector.heartbeat
                 FROM collector JOIN member ON member.id = collector.member
                 WHERE collector.revoked IS NULL
                   AND EXISTS (SELECT 1 FROM certificate
                               WHERE certificate.collector = collector.id
                                 AND certificate.not_after > ?1)
                 ORDER BY member.name, collector.site, collector.id",
                params![now.as_millis()],
                |row| {
                    Ok(TrustEntry {
                        collector: row.get(0)?,
                        member_name: row.get(1)?,
                        site: row.get(2)?,
                        trust: said(row.get(3)?),
                    })
                },
            )
        })
    }

    fn revoke_collector(&self, collector: CollectorId, now: Timestamp) -> Result<(), StoreError> {
        self.write(|transaction| {
            let changed = transaction.execute(
                "UPDATE collector SET revoked = coalesce(revoked, ?2) WHERE id = ?1",
                params![collector, now.as_millis()],
            )?;
            if changed == 0 {
                return Err(StoreError::NotFound);
            }
            Ok(())
        })
    }

    fn setting(&self, name: &str) -> Result<Vec<u8>, StoreError> {
        self.read(|connection| {
            connection.query_row("SELECT value FROM setting WHERE name = ?1", [name], |row| {
                row.get(0)
            })
        })
    }

    fn set_setting(&self, name: &str, value: &[u8]) -> Result<(), StoreError> {
        self.write(|transaction| {
            transaction.execute(
                "INSERT INTO setting (name, value) VALUES (?1, ?2)
                 ON CONFLICT (name) DO UPDATE SET value = excluded.value",
                params![name, value],
            )?;
            Ok(())
        })
    }
}

/// A token that is still good.
struct FoundToken {
    invitation: Invitation,
    site: String,
}

fn find_token(
    connection: &Connection<'_>,
    secret_hash: &str,
    now: Timestamp,
) -> Result<Result<FoundToken, TokenRefusal>, StoreError> {
    let row = connection
        .prepare_cached(
            "SELECT member.id, member.name, token.site, token.expires, token.used
             FROM token JOIN member ON member.id = token.member
             WHERE token.secret_hash = ?1",
        )?
        .query_row([secret_hash], |row| {
            Ok((
                row.get::<MemberId>(0)?,
                row.get::<String>(1)?,
                row.get::<String>(2)?,
                row.get::<i64>(3)?,
                row.get::<Option<i64>>(4)?,
            ))
        })
        .optional()?;
    Ok(match row {
        None => Err(TokenRefusal::Unknown),
        Some((.., Some(_))) => Err(TokenRefusal::Used),
        Some((_, _, _, expires, None)) if expires <= now.as_millis() => Err(TokenRefusal::Expired),
        Some((member, member_name, site, _, None)) => Ok(FoundToken {
            invitation: Invitation {
                member,
                member_name,
            },
            site,
        }),
    })
}

fn insert_certificate(connection: &Connection<'_>, issued: &Issued) -> Result<(), StoreError> {
    connection.execute(
        "INSERT INTO certificate (serial, collector, not_before, not_after)
         VALUES (?1, ?2, ?3, ?4)",
        params![
            issued.serial,
            issued.collector,
            issued.not_before.as_millis(),
            issued.not_after.as_millis()
        ],
    )?;
    Ok(())
}

#[cfg(test)]
pub(super) mod tests {
    use super::*;

    pub fn bakery() -> NewMember {
        NewMember {
            id: MemberId::random().unwrap(),
            name: "Bakery".into(),
            area: "E23000001".into(),
            region: "London".into(),
            sector: "food".into(),
            size: "micro".into(),
        }
    }

    fn store() -> (tempfile::TempDir, SqlStore, MemberId) {
        let folder = tempfile::tempdir().unwrap();
        let store = SqlStore::open(&folder.path().join("hub.sqlite")).unwrap();
        let member = bakery();
        store.add_member(&member, at(0)).unwrap();
        (folder, store, member.id)
    }

    const fn at(seconds: i64) -> Timestamp {
        Timestamp::from_seconds(1_800_000_000 + seconds)
    }

    fn issued(serial: &str) -> Issued {
        Issued {
            collector: CollectorId::random().unwrap(),
            serial: serial.into(),
            not_before: at(0),
            not_after: at(1_000),
        }
    }

    #[test]
    fn a_token_is_good_once_and_for_its_time() {
        let (_folder, store, member) = store();
        let token = |hash: &str, expires| NewToken {
            secret_hash: hash.into(),
            member,
            site: "shop".into(),
            expires: at(expires),
        };
        store.add_token(&token("one", 100), at(0)).unwrap();
        store.add_token(&token("two", 100), at(0)).unwrap();
        let enrol = |hash: &str, serial: &str, now| {
            store.enrol(hash, &issued(serial), at(now)).unwrap().err()
        };
        assert_eq!(enrol("none", "1", 1), Some(TokenRefusal::Unknown));
        assert_eq!(store.invitation("one", at(1)).unwrap().err(), None);
        assert_eq!(enrol("one", "1", 1), None);
        assert_eq!(enrol("one", "2", 2), Some(TokenRefusal::Used));
        assert_eq!(enrol("two", "3", 99), None);
        store.add_token(&token("three", 100), at(0)).unwrap();
        assert_eq!(enrol("three", "4", 100), Some(TokenRefusal::Expired));
    }

    #[test]
    fn a_token_needs_a_member_and_revoking_needs_a_collector() {
        let (_folder, store, _) = store();
        let orphan = NewToken {
            secret_hash: "x".into(),
            member: MemberId::random().unwrap(),
            site: String::new(),
            expires: at(1),
        };
        assert!(matches!(
            store.add_token(&orphan, at(0)),
            Err(StoreError::Conflict(_))
        ));
        let nobody = CollectorId::random().unwrap();
        assert!(matches!(
            store.revoke_collector(nobody, at(0)),
            Err(StoreError::NotFound)
        ));
    }

    #[test]
    fn a_revoked_collector_stays_revoked_since_the_first_time() {
        let (_folder, store, member) = store();
        let token = NewToken {
            secret_hash: "t".into(),
            member,
            site: String::new(),
            expires: at(9),
        };
        store.add_token(&token, at(0)).unwrap();
        let issued = issued("9");
        store.enrol("t", &issued, at(1)).unwrap().unwrap();
        assert_eq!(store.standing(issued.collector).unwrap().revoked, None);
        store.revoke_collector(issued.collector, at(5)).unwrap();
        store.revoke_collector(issued.collector, at(6)).unwrap();
        assert_eq!(
            store.standing(issued.collector).unwrap().revoked,
            Some(at(5))
        );
    }
}
