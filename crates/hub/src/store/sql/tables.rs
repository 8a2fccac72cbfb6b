//! The tables as the schema has them, so that copying and erasing follow every table there will be.

use super::engine::{Kind, schema};
use crate::store::StoreError;

/// The ledger: it is never changed, not even to erase (it holds numbers, no names).
pub const LEDGER: &str = "audit";

/// Columns that hold the number of a row in the table of the same name, whether or not they declare it:
/// the tables of sightings do not, since the engine would look the number up for every row.
const NUMBERED: [&str; 2] = ["firm", "sender"];

/// One table.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Table {
    /// Its name.
    pub name: String,
    /// Its columns, in order.
    pub columns: Vec<(String, Kind)>,
    /// The column whose values the database gives out.
    pub numbered: Option<String>,
    /// Columns that point elsewhere: column, table, column there.
    pub references: Vec<(String, String, String)>,
}

impl Table {
    /// Its columns as a list.
    #[must_use]
    pub fn column_list(&self) -> String {
        let names: Vec<&str> = self.columns.iter().map(|(name, _)| name.as_str()).collect();
        names.join(", ")
    }
}

/// Every table, each after those it points to.
///
/// # Errors
/// When the schema cannot be read, which a test would have seen.
pub fn all() -> Result<Vec<Table>, StoreError> {
    let connection = rusqlite::Connection::open_in_memory()?;
    for (_, step) in schema::steps_after(0)? {
        connection.execute_batch(step.tables)?;
    }
    let mut names = connection.prepare(
        "SELECT name, sql FROM sqlite_master
         WHERE type = 'table' AND name NOT LIKE 'sqlite_%' ORDER BY name",
    )?;
    let named = names.query_map([], |row| {
        Ok((row.get::<_, String>(0)?, row.get::<_, String>(1)?))
    })?;
    let mut waiting = Vec::new();
    for table in named {
        let (name, sql) = table?;
        waiting.push(read(&connection, name, &sql)?);
    }
    let mut sorted: Vec<Table> = Vec::new();
    while !waiting.is_empty() {
        let is_ready = |table: &Table| {
            table
                .references
                .iter()
                .all(|(_, to, _)| *to == table.name || sorted.iter().any(|known| known.name == *to))
        };
        let (ready, rest): (Vec<Table>, Vec<Table>) = waiting.into_iter().partition(is_ready);
        if ready.is_empty() {
            return Err(StoreError::Engine("tables point at each other".into()));
        }
        sorted.extend(ready);
        waiting = rest;
    }
    Ok(sorted)
}

fn read(connection: &rusqlite::Connection, name: String, sql: &str) -> Result<Table, StoreError> {
    let mut columns = connection.prepare("SELECT name, type, pk FROM pragma_table_info(?1)")?;
    let found = columns
        .query_map([&name], |row| {
            Ok((row.get(0)?, row.get::<_, String>(1)?, row.get::<_, i64>(2)?))
        })?
        .collect::<Result<Vec<(String, String, i64)>, _>>()?;
    let is_numbered = sql.contains("AUTOINCREMENT");
    let numbered = found
        .iter()
        .find(|(_, _, key)| is_numbered && *key == 1)
        .map(|(column, ..)| column.clone());
    let columns: Vec<(String, Kind)> = found
        .into_iter()
        .map(|(column, kind, _)| (column, kind_of(&kind)))
        .collect();
    // A reference that names no column means the primary key, here always `id`.
    let mut keys = connection.prepare(
        "SELECT \"from\", \"table\", coalesce(\"to\", 'id') FROM pragma_foreign_key_list(?1)",
    )?;
    let mut references = keys
        .query_map([&name], |row| Ok((row.get(0)?, row.get(1)?, row.get(2)?)))?
        .collect::<Result<Vec<(String, String, String)>, _>>()?;
    // Where the same word names an identity it is no number.
    for (column, _) in columns.iter().filter(|(_, kind)| *kind == Kind::Integer) {
        let is_declared = references.iter().any(|(from, ..)| from == column);
        if NUMBERED.contains(&column.as_str()) && !is_declared {
            references.push((column.clone(), column.clone(), "number".to_owned()));
        }
    }
    Ok(Table {
        name,
        columns,
        numbered,
        references,
    })
}

fn kind_of(declared: &str) -> Kind {
    match declared {
        "INTEGER" => Kind::Integer,
        "REAL" => Kind::Real,
        "BLOB" => Kind::Blob,
        _ => Kind::Text,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_table_comes_after_those_it_points_to() {
        let tables = all().unwrap();
        let place = |name: &str| tables.iter().position(|table| table.name == name).unwrap();
        assert!(place("member") < place("collector") && place("collector") < place("batch"));
        let batch = tables.get(place("batch")).unwrap();
        assert_eq!(batch.numbered.as_deref(), Some("receipt"));
        assert!(batch.columns.contains(&("sha256".to_owned(), Kind::Blob)));
        let number = |table: &str| (table.to_owned(), table.to_owned(), "number".to_owned());
        assert_eq!(batch.references, [number("sender")]);
        let chunk = tables.get(place("chunk")).unwrap();
        assert_eq!(chunk.references, [number("firm"), number("sender")]);
    }
}
