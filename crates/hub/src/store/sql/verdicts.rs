//! Verdicts.

use super::engine::{OptionalExtension as _, params};
use larum_core::time::Timestamp;
use larum_core::watch::Verdict;

use super::SqlStore;
use super::watch::word;
use crate::store::StoreError;
use crate::store::verdicts::{Judged, MAX_TIMED, Speed, Verdicts};

impl Verdicts for SqlStore {
    fn give_verdict(
        &self,
        threat: u64,
        person: &str,
        verdict: Verdict,
        now: Timestamp,
    ) -> Result<(), StoreError> {
        let threat = i64::try_from(threat).map_err(|_| StoreError::NotFound)?;
        self.write(|transaction| {
            let written = transaction.execute(
                "INSERT INTO threat_verdict (threat, person, verdict, at)
                 SELECT id, ?2, ?3, ?4 FROM threat WHERE id = ?1",
                params![threat, person, verdict.as_str(), now.as_millis()],
            )?;
            if written == 0 {
                return Err(StoreError::NotFound);
            }
            Ok(())
        })
    }

    fn verdict(&self, threat: u64) -> Result<Option<(Verdict, Timestamp)>, StoreError> {
        let threat = i64::try_from(threat).map_err(|_| StoreError::NotFound)?;
        self.read(|connection| {
            connection
                .prepare_cached(
                    "SELECT verdict, at FROM threat_verdict WHERE threat = ?1
                     ORDER BY id DESC LIMIT 1",
                )?
                .query_row([threat], |row| {
                    Ok((
                        word(row, 0, Verdict::from_word)?,
                        Timestamp::from_millis(row.get(1)?),
                    ))
                })
                .optional()
        })
    }

    fn judged(&self, since: Timestamp) -> Result<Judged, StoreError> {
        self.read(|connection| {
            let mut statement = connection.prepare_cached(
                "SELECT coalesce((SELECT verdict FROM threat_verdict
                                  WHERE threat_verdict.threat = threat.id
                                  ORDER BY threat_verdict.id DESC LIMIT 1), 'waiting') AS said,
                        count(*)
                 FROM threat WHERE opened >= ?1 GROUP BY said",
            )?;
            let mut rows = statement.query([since.as_millis()])?;
            let mut judged = Judged::default();
            while let Some(row) = rows.next()? {
                let said: String = row.get(0)?;
                let count = u64::try_from(row.get::<i64>(1)?).unwrap_or_default();
                match Verdict::from_word(&said) {
                    Some(Verdict::Confirmed) => judged.confirmed = count,
                    Some(Verdict::Benign) => judged.benign = count,
                    Some(Verdict::Duplicate) => judged.duplicate = count,
                    None => judged.waiting = count,
                }
            }
            Ok(judged)
        })
    }

    fn speed(&self, since: Timestamp) -> Result<Speed, StoreError> {
        self.read(|connection| {
            let mut statement = connection.prepare_cached(&format!(
                "SELECT warning.issued - threat.first, warning.delivered - warning.issued
                 FROM warning JOIN threat ON threat.id = warning.threat
                 WHERE warning.issued >= ?1 ORDER BY warning.id DESC LIMIT {MAX_TIMED}"
            ))?;
            let mut rows = statement.query([since.as_millis()])?;
            let (mut to_warn, mut to_fetch) = (Vec::new(), Vec::new());
            while let Some(row) = rows.next()? {
                to_warn.push(row.get::<i64>(0)?);
                to_fetch.extend(row.get::<Option<i64>>(1)?);
            }
            Ok(Speed::of(to_warn, to_fetch))
        })
    }
}
