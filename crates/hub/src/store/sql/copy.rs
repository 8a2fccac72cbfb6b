//! Moving a whole store: from one engine to the other, and into a file beside a running one.

use std::path::Path;

use super::clickhouse::{ClickHouse, carry};
use super::engine::{Connection, OptionalExtension as _, Row, Value, params};
use super::sum::TableSum;
use super::tables::{self, Table};
use super::{Engine, SqlStore};
use crate::store::StoreError;

/// Rows a cursor gives at once.
const CURSOR_ROWS: usize = 5_000;
/// Bytes gathered before they are sent on.
const BUFFER_BYTES: usize = 1 << 20;

/// How many rows a table has.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct TableCount {
    /// Its name.
    pub table: String,
    /// Its rows.
    pub rows: u64,
}

impl SqlStore {
    /// Copies everything into `other`, which must be empty, as it stands at one moment. Before
    /// anything is kept there, every table is read back and its count and checksum compared.
    ///
    /// # Errors
    /// [`StoreError::NotEmpty`] when `other` holds something, and the engines' own.
    pub fn copy_into(&self, other: &Self) -> Result<Vec<TableSum>, StoreError> {
        if let Some(grown) = &other.grown {
            if self.grown.is_some() {
                let said = "move it to a store without ClickHouse first";
                return Err(StoreError::Conflict(said.into()));
            }
            grown.must_be_empty()?;
        }
        let copied = match self.at_rest(|grown| self.copy_with(other, Some(grown)))? {
            Some(copied) => copied,
            None => self.copy_with(other, None)?,
        };
        other.feed_and_compare()?;
        Ok(copied)
    }

    /// Copies the tables, and puts back into them what is in `grown`.
    fn copy_with(
        &self,
        other: &Self,
        grown: Option<&ClickHouse>,
    ) -> Result<Vec<TableSum>, StoreError> {
        let tables = copied_tables()?;
        other.write(|to| {
            unhurried(to)?;
            if count_all(to, &tables)?.iter().any(|count| count.rows > 0) {
                return Err(StoreError::NotEmpty);
            }
            let copied = self.at_one_moment(|from| {
                let mut sums = Vec::with_capacity(tables.len());
                without_triggers(to, &tables, || {
                    for table in &tables {
                        let is_elsewhere =
                            grown.is_some() && carry::CARRIED.contains(&&*table.name);
                        sums.push(if is_elsewhere {
                            TableSum::empty(&table.name)
                        } else {
                            copy(from, to, table)?
                        });
                    }
                    Ok(())
                })?;
                Ok(sums)
            })?;
            let differs = |(table, sum): &(&Table, &TableSum)| {
                summed(to, table).map_or_else(
                    |error| Some(Err(error)),
                    |read| {
                        (read != **sum).then(|| {
                            let said = format!("the table {} differs after copying", table.name);
                            Err(StoreError::Engine(said.into()))
                        })
                    },
                )
            };
            if let Some(problem) = tables.iter().zip(&copied).find_map(|pair| differs(&pair)) {
                return problem;
            }
            if other.grown.is_some() {
                carry::adopt(to)?;
            }
            let Some(grown) = grown else {
                return Ok(copied);
            };
            self.at_one_moment(|from| carry::put_back(grown, from, to))?;
            tables.iter().map(|table| summed(to, table)).collect()
        })
    }

    /// Saves everything as it stands at one moment into a new embedded store in `file`, while this
    /// one goes on working.
    ///
    /// # Errors
    /// When the file is there already or cannot be written.
    pub fn save_to(&self, file: &Path) -> Result<Vec<TableCount>, StoreError> {
        if let (Engine::Sqlite(engine), None) = (&self.engine, &self.grown) {
            engine.save_to(file)?;
            return Self::open(file)?.row_counts();
        }
        if file.exists() {
            return Err(StoreError::Conflict("the file is there already".into()));
        }
        let saved = Self::open(file)?;
        self.copy_into(&saved)?;
        if let Engine::Sqlite(engine) = &saved.engine {
            engine.settle()?;
        }
        saved.row_counts()
    }

    /// What a server needs on its disk for this store, in bytes, by name of the server; nothing for a
    /// file, which anyone can see.
    ///
    /// # Errors
    /// When a server fails.
    pub fn disk_bytes(&self) -> Result<Vec<(&'static str, u64)>, StoreError> {
        let mut bytes = Vec::new();
        if let Engine::Postgres(_) = &self.engine {
            let size: i64 = self.read(|connection| {
                let sql = "SELECT pg_database_size(current_database())";
                connection.query_row(sql, [], |row| row.get(0))
            })?;
            bytes.push(("PostgreSQL", u64::try_from(size).unwrap_or_default()));
        }
        if let Some(grown) = &self.grown {
            bytes.push(("ClickHouse", grown.disk_bytes()?));
        }
        Ok(bytes)
    }

    /// How many rows each table has, at one moment.
    ///
    /// # Errors
    /// When the engine fails.
    pub fn row_counts(&self) -> Result<Vec<TableCount>, StoreError> {
        let tables = tables::all()?;
        self.at_one_moment(|connection| count_all(connection, &tables))
    }

    /// Counts and checksums of all tables that are copied, at one moment.
    ///
    /// # Errors
    /// When the engine fails.
    pub fn sums(&self) -> Result<Vec<TableSum>, StoreError> {
        let tables = copied_tables()?;
        self.at_one_moment(|connection| {
            let sums = tables.iter().map(|table| summed(connection, table));
            sums.collect()
        })
    }

    /// Reads with several statements as if they were one.
    fn at_one_moment<T>(
        &self,
        mut work: impl FnMut(&Connection<'_>) -> Result<T, StoreError>,
    ) -> Result<T, StoreError> {
        self.read(|connection| {
            connection.execute_batch(match connection {
                Connection::Sqlite(_) => "BEGIN",
                Connection::Postgres(_) => "BEGIN ISOLATION LEVEL REPEATABLE READ READ ONLY",
            })?;
            let result = unhurried(connection).and_then(|()| work(connection));
            connection.execute_batch("ROLLBACK")?;
            result
        })
    }
}

/// All tables but those about where sightings are.
fn copied_tables() -> Result<Vec<Table>, StoreError> {
    let mut tables = tables::all()?;
    tables.retain(|table| !carry::ABOUT_PLACES.contains(&&*table.name));
    Ok(tables)
}

/// Copying may take longer than a page may.
fn unhurried(connection: &Connection<'_>) -> Result<(), StoreError> {
    match connection {
        Connection::Sqlite(_) => Ok(()),
        Connection::Postgres(session) => session.batch(
            "SET LOCAL statement_timeout = 0; SET LOCAL idle_in_transaction_session_timeout = 0",
        ),
    }
}

fn count_all(connection: &Connection<'_>, tables: &[Table]) -> Result<Vec<TableCount>, StoreError> {
    tables
        .iter()
        .map(|table| {
            let sql = format!("SELECT count(*) FROM {}", table.name);
            let rows: i64 = connection.query_row(&sql, [], |row| row.get(0))?;
            Ok(TableCount {
                table: table.name.clone(),
                rows: u64::try_from(rows).unwrap_or_default(),
            })
        })
        .collect()
}

fn summed(connection: &Connection<'_>, table: &Table) -> Result<TableSum, StoreError> {
    let mut sum = TableSum::empty(&table.name);
    each_row(connection, table, |values| {
        sum.add(values);
        Ok(())
    })?;
    Ok(sum)
}

/// What triggers made is copied too, so they must not make it again.
fn without_triggers(
    to: &Connection<'_>,
    tables: &[Table],
    mut work: impl FnMut() -> Result<(), StoreError>,
) -> Result<(), StoreError> {
    match to {
        Connection::Sqlite(_) => {
            let triggers = to
                .prepare_cached("SELECT name, sql FROM sqlite_master WHERE type = 'trigger'")?
                .query_map([], |row| Ok((row.get(0)?, row.get(1)?)))?
                .collect::<Result<Vec<(String, String)>, _>>()?;
            for (name, _) in &triggers {
                to.execute_batch(&format!("DROP TRIGGER {name}"))?;
            }
            work()?;
            triggers
                .iter()
                .try_for_each(|(_, sql)| to.execute_batch(sql))
        }
        Connection::Postgres(session) => {
            let switch = |how: &str| {
                tables.iter().try_for_each(|table| {
                    session.batch(&format!("ALTER TABLE {} {how} TRIGGER USER", table.name))
                })
            };
            switch("DISABLE")?;
            work()?;
            // What refers to other rows is checked at the end, and a table cannot be altered before.
            session.batch("SET CONSTRAINTS ALL IMMEDIATE")?;
            switch("ENABLE")
        }
    }
}

/// Copies a table; its sum, as it was read.
fn copy(from: &Connection<'_>, to: &Connection<'_>, table: &Table) -> Result<TableSum, StoreError> {
    let columns = table.column_list();
    let mut sum = TableSum::empty(&table.name);
    match to {
        Connection::Sqlite(_) => {
            let places: Vec<String> = (1..=table.columns.len())
                .map(|place| format!("?{place}"))
                .collect();
            let mut insert = to.prepare_cached(&format!(
                "INSERT INTO {} ({columns}) VALUES ({})",
                table.name,
                places.join(", ")
            ))?;
            each_row(from, table, |values| {
                sum.add(values);
                insert.execute(values).map(drop)
            })?;
        }
        Connection::Postgres(session) => {
            let sql = format!("COPY {} ({columns}) FROM STDIN", table.name);
            session.copy_in(&sql, |out| {
                let mut buffer = Vec::with_capacity(BUFFER_BYTES);
                each_row(from, table, |values| {
                    sum.add(values);
                    copy_line(&mut buffer, values);
                    if buffer.len() >= BUFFER_BYTES {
                        out.write_all(&buffer).map_err(broken)?;
                        buffer.clear();
                    }
                    Ok(())
                })?;
                out.write_all(&buffer).map_err(broken)
            })?;
        }
    }
    if let Some(column) = &table.numbered {
        copy_number(from, to, &table.name, column)?;
    }
    Ok(sum)
}

fn broken(error: std::io::Error) -> StoreError {
    StoreError::Engine(error.into())
}

/// The last number given out, even if its row is gone: none may be given out twice.
fn copy_number(
    from: &Connection<'_>,
    to: &Connection<'_>,
    table: &str,
    column: &str,
) -> Result<(), StoreError> {
    let last: Option<i64> = match from {
        Connection::Sqlite(_) => from
            .query_row("SELECT seq FROM sqlite_sequence WHERE name = ?1", [table], |row| {
                row.get(0)
            })
            .optional()?,
        Connection::Postgres(_) => from.query_row(
            &format!("SELECT pg_sequence_last_value(pg_get_serial_sequence('{table}', '{column}')::regclass)"),
            [],
            |row| row.get(0),
        )?,
    };
    let Some(last) = last.filter(|last| *last > 0) else {
        return Ok(());
    };
    match to {
        Connection::Sqlite(_) => {
            to.execute("DELETE FROM sqlite_sequence WHERE name = ?1", [table])?;
            let sql = "INSERT INTO sqlite_sequence (name, seq) VALUES (?1, ?2)";
            to.execute(sql, params![table, last]).map(drop)
        }
        Connection::Postgres(session) => session.batch(&format!(
            "SELECT setval(pg_get_serial_sequence('{table}', '{column}'), {last})"
        )),
    }
}

/// Calls `each` with every row of a table.
///
/// # Errors
/// The engine's, or what `each` gives.
pub(super) fn each_row(
    connection: &Connection<'_>,
    table: &Table,
    mut each: impl FnMut(&[Value<'_>]) -> Result<(), StoreError>,
) -> Result<(), StoreError> {
    let width = table.columns.len();
    let mut show = |row: &Row<'_>| {
        let values = (0..width)
            .map(|column| row.value(column))
            .collect::<Result<Vec<_>, _>>()?;
        each(&values)
    };
    let sql = format!("SELECT {} FROM {}", table.column_list(), table.name);
    if matches!(connection, Connection::Sqlite(_)) {
        let mut statement = connection.prepare_cached(&sql)?;
        let mut rows = statement.query([])?;
        while let Some(row) = rows.next()? {
            show(&row)?;
        }
        return Ok(());
    }
    // Named by the table: a statement that was prepared keeps the columns it had.
    let cursor = format!("whole_{}", table.name);
    connection.execute_batch(&format!("DECLARE {cursor} CURSOR FOR {sql}"))?;
    loop {
        let mut statement =
            connection.prepare_cached(&format!("FETCH {CURSOR_ROWS} FROM {cursor}"))?;
        let mut rows = statement.query([])?;
        let mut shown = 0;
        while let Some(row) = rows.next()? {
            show(&row)?;
            shown += 1;
        }
        if shown == 0 {
            return connection.execute_batch(&format!("CLOSE {cursor}"));
        }
    }
}

/// One row in PostgreSQL's text form of `COPY`: tabs between columns, `\N` for nothing.
fn copy_line(line: &mut Vec<u8>, values: &[Value<'_>]) {
    for (place, value) in values.iter().enumerate() {
        if place > 0 {
            line.push(b'\t');
        }
        match value {
            Value::Null => line.extend_from_slice(b"\\N"),
            Value::Integer(number) => line.extend_from_slice(number.to_string().as_bytes()),
            Value::Real(number) => line.extend_from_slice(number.to_string().as_bytes()),
            Value::Text(text) => text.chars().for_each(|letter| match letter {
                '\\' => line.extend_from_slice(b"\\\\"),
                '\t' => line.extend_from_slice(b"\\t"),
                '\n' => line.extend_from_slice(b"\\n"),
                '\r' => line.extend_from_slice(b"\\r"),
                '\0' => line.extend_from_slice("\u{fffd}".as_bytes()),
                letter => line.extend_from_slice(letter.encode_utf8(&mut [0; 4]).as_bytes()),
            }),
            Value::Blob(bytes) => {
                line.extend_from_slice(b"\\\\x");
                line.extend_from_slice(data_encoding::HEXLOWER.encode(bytes).as_bytes());
            }
        }
    }
    line.push(b'\n');
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_row_is_escaped() {
        let mut line = Vec::new();
        let values = [
            Value::Text("a\tb\\N\n\r".into()),
            Value::Null,
            Value::Blob(vec![0, 255].into()),
            Value::Real(0.1),
        ];
        copy_line(&mut line, &values);
        assert_eq!(line, b"a\\tb\\\\N\\n\\r\t\\N\t\\\\x00ff\t0.1\n");
    }
}
