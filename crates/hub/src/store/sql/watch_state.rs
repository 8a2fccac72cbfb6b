//! The live watch's rows.

use std::collections::{BTreeMap, BTreeSet};

use super::clickhouse;
use super::edges::edges_of;
use super::engine::{Connection, OptionalExtension as _, Row, params};
use larum_core::sighting::Sighting;
use larum_core::time::Timestamp;

use super::SqlStore;
use super::findings::short_id;
use super::ingest_rows::Blocks;
use super::rollups::hour_start;
use super::watch::{THREAT_COLUMNS, threat};
use crate::id::MemberId;
use crate::store::StoreError;
use crate::store::packed::{self, unpack_told};
use crate::store::watch::ThreatRow;
use crate::store::watch_state::{ArrivedEdge, Look, OpenThreat, Place, WatchState};

impl WatchState for SqlStore {
    fn newest_receipt(&self) -> Result<u64, StoreError> {
        self.read(|connection| {
            if self.grown.is_some() {
                return clickhouse::feed::newest_carried(connection);
            }
            connection
                .prepare_cached("SELECT coalesce(max(receipt), 0) FROM batch")?
                .query_row([], |row| number(row, 0))
        })
    }

    fn arrived(&self, after: u64, up_to: u64) -> Result<Vec<ArrivedEdge>, StoreError> {
        self.read(|connection| {
            if let Some(grown) = &self.grown {
                return clickhouse::read::arrived(grown, connection, after, up_to);
            }
            let mut statement = connection.prepare_cached(
                "SELECT chunk.receipt, firm.member, chunk.told, chunk.body
                 FROM chunk JOIN firm ON firm.number = chunk.firm
                 WHERE chunk.receipt > ?1 AND chunk.receipt <= ?2 ORDER BY chunk.receipt",
            )?;
            let mut rows = statement.query(params![unsigned(after), unsigned(up_to)])?;
            let (mut arrived, mut blocks) = (Vec::new(), Blocks::default());
            while let Some(row) = rows.next()? {
                let (told, body): (Vec<u8>, Vec<u8>) = (row.get(2)?, row.get(3)?);
                let told =
                    unpack_told(row.get(0)?, &told).ok_or_else(|| StoreError::malformed(2))?;
                let words = packed::unpack(&body).ok_or_else(|| StoreError::malformed(3))?;
                let member = row.get(1)?;
                let earlier = earlier_words(connection, &mut blocks, &words, told)?;
                let edges = edges_of(&words, &earlier);
                arrived.extend(
                    edges
                        .into_iter()
                        .map(|((hour, key, source), count)| ArrivedEdge {
                            hour: hour_start(hour),
                            key: key.to_owned(),
                            member,
                            source,
                            count,
                        }),
                );
            }
            Ok(arrived)
        })
    }

    fn places(&self) -> Result<Vec<Place>, StoreError> {
        self.read(|connection| {
            let mut statement = connection.prepare_cached(
                "SELECT member.id, member.area, member.sector,
                   min(CASE WHEN collector.revoked IS NULL THEN collector.network END),
                   min(collector.created)
                 FROM member LEFT JOIN collector ON collector.member = member.id
                 GROUP BY member.id, member.area, member.sector ORDER BY member.id",
            )?;
            let rows = statement.query_map([], |row| {
                Ok(Place {
                    member: row.get(0)?,
                    area: row.get(1)?,
                    sector: row.get(2)?,
                    network: row.get::<Option<String>>(3)?.unwrap_or_default(),
                    enrolled: row.get::<Option<i64>>(4)?.map(Timestamp::from_millis),
                })
            })?;
            rows.collect::<Result<_, _>>()
        })
    }

    fn begin_look(&self, at: Timestamp, up_to: u64, since: Timestamp) -> Result<Look, StoreError> {
        self.write_leading(|transaction| {
            transaction
                .prepare_cached("DELETE FROM watch_look WHERE at < ?1")?
                .execute([since.as_millis()])?;
            transaction
                .prepare_cached("INSERT INTO watch_look (at, up_to) VALUES (?1, ?2) RETURNING id")?
                .query_row(params![at.as_millis(), unsigned(up_to)], |row| {
                    Ok(Look {
                        id: row.get(0)?,
                        at: Timestamp::from_millis(at.as_millis()),
                        up_to,
                    })
                })
        })
    }

    fn looks(&self, after: i64) -> Result<Vec<Look>, StoreError> {
        self.read(|connection| {
            let mut statement = connection
                .prepare_cached("SELECT id, at, up_to FROM watch_look WHERE id > ?1 ORDER BY id")?;
            let rows = statement.query_map([after], look)?;
            rows.collect::<Result<_, _>>()
        })
    }

    fn keep_state(&self, look: i64, state: &[u8]) -> Result<(), StoreError> {
        self.write_leading(|transaction| {
            transaction.execute(
                "INSERT INTO watch_state (name, look, state) VALUES ('fold', ?1, ?2)
                 ON CONFLICT (name) DO UPDATE SET look = excluded.look, state = excluded.state",
                params![look, state],
            )?;
            Ok(())
        })
    }

    fn kept_state(&self) -> Result<Option<(Look, Vec<u8>)>, StoreError> {
        self.read(|connection| {
            connection
                .prepare_cached(
                    "SELECT watch_look.id, watch_look.at, watch_look.up_to, watch_state.state
                     FROM watch_state JOIN watch_look ON watch_look.id = watch_state.look
                     WHERE watch_state.name = 'fold'",
                )?
                .query_row([], |row| Ok((look(row)?, row.get(3)?)))
                .optional()
        })
    }

    fn threat_of_episode(&self, episode: u64) -> Result<Option<(i64, ThreatRow)>, StoreError> {
        self.read(|connection| {
            let sql = format!(
                "SELECT {THREAT_COLUMNS} FROM threat
                 WHERE id = (SELECT max(threat) FROM threat_episode WHERE episode = ?1)"
            );
            connection
                .prepare_cached(&sql)?
                .query_row([unsigned(episode)], threat)
                .optional()
        })
    }

    fn note_episode(&self, threat: i64, episode: u64) -> Result<(), StoreError> {
        self.write_leading(|transaction| {
            transaction.execute(
                "INSERT INTO threat_episode (threat, episode) VALUES (?1, ?2)
                 ON CONFLICT (threat) DO UPDATE SET episode = excluded.episode",
                params![threat, unsigned(episode)],
            )?;
            Ok(())
        })
    }

    fn note_merged(&self, threat: i64, into: i64) -> Result<(), StoreError> {
        self.write_leading(|transaction| {
            transaction.execute(
                "UPDATE threat_episode SET merged_into = ?2 WHERE threat = ?1",
                params![threat, into],
            )?;
            Ok(())
        })
    }

    fn forget_episodes(&self) -> Result<(), StoreError> {
        self.write_leading(|transaction| {
            transaction.execute("DELETE FROM threat_episode", [])?;
            Ok(())
        })
    }

    fn open_threats(&self) -> Result<Vec<OpenThreat>, StoreError> {
        self.read(|connection| {
            let sql = format!(
                "SELECT {THREAT_COLUMNS},
                    (SELECT episode FROM threat_episode WHERE threat_episode.threat = threat.id)
                 FROM threat WHERE state IN ('emerging', 'watching') ORDER BY id"
            );
            let mut statement = connection.prepare_cached(&sql)?;
            let rows = statement.query_map([], |row| {
                let (id, found) = threat(row)?;
                let episode: Option<i64> = row.get(15)?;
                Ok(OpenThreat {
                    id,
                    // Episodes are numbered from one.
                    episode: episode
                        .and_then(|episode| u64::try_from(episode).ok())
                        .unwrap_or(0),
                    row: found,
                })
            })?;
            rows.collect::<Result<_, _>>()
        })
    }

    fn warned_elsewhere(
        &self,
        key: &str,
        threat: Option<i64>,
        now: Timestamp,
    ) -> Result<BTreeSet<MemberId>, StoreError> {
        self.read(|connection| {
            let mut statement = connection.prepare_cached(
                "SELECT DISTINCT warning.member FROM warning
                 JOIN threat ON threat.id = warning.threat
                 WHERE threat.key = ?1 AND threat.id <> ?2 AND warning.expires > ?3",
            )?;
            let rows = statement
                .query_map(params![key, threat.unwrap_or(0), now.as_millis()], |row| {
                    row.get(0)
                })?;
            rows.collect::<Result<_, _>>()
        })
    }
}

/// The earlier words about findings of a batch, by the place of the later ones in it.
fn earlier_words(
    connection: &Connection<'_>,
    blocks: &mut Blocks,
    words: &[Sighting],
    told: Vec<(i64, i64)>,
) -> Result<BTreeMap<usize, Sighting>, StoreError> {
    let told: BTreeMap<i64, i64> = told.into_iter().collect();
    let receipt = |word: &Sighting| told.get(&short_id(&word.id)).copied();
    blocks.want(words.iter().filter_map(receipt));
    let mut earlier = BTreeMap::new();
    for (place, word) in words.iter().enumerate() {
        let id = short_id(&word.id);
        if let Some(receipt) = told.get(&id)
            && let Some(before) = blocks.word(connection, *receipt, id)?
            && before.key == word.key
        {
            earlier.insert(place, before.clone());
        }
    }
    Ok(earlier)
}

fn look(row: &Row<'_>) -> Result<Look, StoreError> {
    Ok(Look {
        id: row.get(0)?,
        at: Timestamp::from_millis(row.get(1)?),
        up_to: number(row, 2)?,
    })
}

fn number(row: &Row<'_>, column: usize) -> Result<u64, StoreError> {
    let number: i64 = row.get(column)?;
    Ok(u64::try_from(number).unwrap_or_default())
}

fn unsigned(number: u64) -> i64 {
    i64::try_from(number).unwrap_or(i64::MAX)
}
