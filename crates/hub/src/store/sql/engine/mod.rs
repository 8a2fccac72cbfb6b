//! The seam between the store's SQL and the engine that runs it.
//!
//! One set of statements, two engines. The shapes are those of an embedded database (a connection
//! prepares, a statement runs with parameters, a row is read by column), so a store method reads the
//! same whichever engine is behind it. Parameters are written `?1`, `?2`; whatever the engine wants
//! instead is its own business.

pub mod pool;
pub mod postgres;
pub mod schema;
pub mod sqlite;
pub mod tls;
pub mod value;

use crate::store::StoreError;
use postgres::Session;

pub use value::{FromValue, Kind, ToValue, Value};

/// The parameters of one statement, of any types.
macro_rules! params {
    ($($value:expr),* $(,)?) => {
        &[$(&$value as &dyn $crate::store::sql::engine::ToValue),*]
            as &[&dyn $crate::store::sql::engine::ToValue]
    };
}
pub(crate) use params;

/// One conversation with an engine.
#[derive(Clone, Copy)]
pub enum Connection<'c> {
    /// The embedded engine.
    Sqlite(&'c rusqlite::Connection),
    /// A session with PostgreSQL.
    Postgres(&'c Session),
}

/// A connection with a writing transaction open. All of it is kept or none.
pub type Transaction<'c> = Connection<'c>;

impl<'c> Connection<'c> {
    /// Prepares a statement, or takes it from those prepared before.
    ///
    /// # Errors
    /// When the engine does not understand it.
    pub fn prepare_cached(&self, sql: &str) -> Result<Statement<'c>, StoreError> {
        match self {
            Self::Sqlite(connection) => Ok(Statement::Sqlite(connection.prepare_cached(sql)?)),
            Self::Postgres(session) => Ok(Statement::Postgres(session, sql.to_owned())),
        }
    }

    /// Runs a statement that gives no rows; how many rows it changed.
    ///
    /// # Errors
    /// The engine's.
    pub fn execute(&self, sql: &str, parameters: impl Params) -> Result<usize, StoreError> {
        self.prepare_cached(sql)?.execute(parameters)
    }

    /// The first row of a query.
    ///
    /// # Errors
    /// [`StoreError::NotFound`] without one.
    pub fn query_row<T>(
        &self,
        sql: &str,
        parameters: impl Params,
        read: impl FnOnce(&Row<'_>) -> Result<T, StoreError>,
    ) -> Result<T, StoreError> {
        self.prepare_cached(sql)?.query_row(parameters, read)
    }

    /// Runs several statements without parameters.
    ///
    /// # Errors
    /// The engine's.
    pub fn execute_batch(&self, sql: &str) -> Result<(), StoreError> {
        match self {
            Self::Sqlite(connection) => Ok(connection.execute_batch(sql)?),
            Self::Postgres(session) => session.batch(sql),
        }
    }

    /// Runs a statement that has `VALUES (?1, …)` once for each of `rows`. A server far away gets many of
    /// them in one message, so no two rows may meet in its `ON CONFLICT`, and no value may be missing.
    ///
    /// # Errors
    /// The engine's.
    pub fn execute_rows<const N: usize>(
        &self,
        sql: &str,
        rows: &[[Value<'_>; N]],
    ) -> Result<(), StoreError> {
        match self {
            Self::Sqlite(_) => {
                let mut statement = self.prepare_cached(sql)?;
                for row in rows {
                    statement.execute(row.as_slice())?;
                }
                Ok(())
            }
            Self::Postgres(session) => rows
                .chunks(postgres::MAX_ROWS)
                .try_for_each(|rows| session.execute_rows(sql, rows)),
        }
    }

    /// What to write after a column that should be one of the [`numbers`] given at a place, such as `?2`.
    #[must_use]
    pub fn among(&self, place: &str) -> String {
        match self {
            Self::Sqlite(_) => format!("IN (SELECT value FROM json_each({place}))"),
            Self::Postgres(_) => format!("= ANY (translate({place}, '[]', '{{}}')::bigint[])"),
        }
    }

    /// Lets one transaction after the other from here to its commit, where several writers may be at
    /// work at once: what is numbered after this becomes visible in the order of its numbers.
    ///
    /// # Errors
    /// The engine's.
    pub fn in_order(&self) -> Result<(), StoreError> {
        match self {
            Self::Sqlite(_) => Ok(()),
            Self::Postgres(session) => session.batch(&format!(
                "SELECT pg_advisory_xact_lock({})",
                pool::ORDER_LOCK
            )),
        }
    }

    /// What to write after a `SELECT` whose rows the transaction is about to change, where several
    /// writers may be at work at once.
    #[must_use]
    pub const fn for_update(&self) -> &'static str {
        match self {
            Self::Sqlite(_) => "",
            Self::Postgres(_) => " FOR UPDATE",
        }
    }
}

/// Whole numbers as one parameter, for [`Connection::among`].
pub fn numbers(all: impl IntoIterator<Item = i64>) -> String {
    let all: Vec<String> = all.into_iter().map(|number| number.to_string()).collect();
    format!("[{}]", all.join(","))
}

/// A prepared statement.
pub enum Statement<'c> {
    /// The embedded engine's.
    Sqlite(rusqlite::CachedStatement<'c>),
    /// PostgreSQL's; prepared when it first runs, as only then the types are known.
    Postgres(&'c Session, String),
}

impl Statement<'_> {
    /// Runs it; how many rows it changed.
    ///
    /// # Errors
    /// The engine's.
    pub fn execute(&mut self, parameters: impl Params) -> Result<usize, StoreError> {
        parameters.with(|values| match self {
            Self::Sqlite(statement) => Ok(statement.execute(sqlite::bound(values))?),
            Self::Postgres(session, sql) => session.execute(sql, values),
        })
    }

    /// Its first row.
    ///
    /// # Errors
    /// [`StoreError::NotFound`] without one.
    pub fn query_row<T>(
        &mut self,
        parameters: impl Params,
        read: impl FnOnce(&Row<'_>) -> Result<T, StoreError>,
    ) -> Result<T, StoreError> {
        let mut rows = self.query(parameters)?;
        match rows.next()? {
            Some(row) => read(&row),
            None => Err(StoreError::NotFound),
        }
    }

    /// All its rows, each read by `read`.
    ///
    /// # Errors
    /// The engine's.
    pub fn query_map<T>(
        &mut self,
        parameters: impl Params,
        mut read: impl FnMut(&Row<'_>) -> Result<T, StoreError>,
    ) -> Result<std::vec::IntoIter<Result<T, StoreError>>, StoreError> {
        let mut rows = self.query(parameters)?;
        let mut found = Vec::new();
        while let Some(row) = rows.next()? {
            found.push(read(&row));
        }
        Ok(found.into_iter())
    }

    /// Its rows, one after the other.
    ///
    /// # Errors
    /// The engine's.
    pub fn query(&mut self, parameters: impl Params) -> Result<Rows<'_>, StoreError> {
        parameters.with(|values| match self {
            Self::Sqlite(statement) => Ok(Rows::Sqlite(statement.query(sqlite::bound(values))?)),
            Self::Postgres(session, sql) => {
                let rows = session.query(sql, values)?;
                Ok(Rows::Postgres(rows.into_iter(), None))
            }
        })
    }
}

/// Rows to come.
pub enum Rows<'s> {
    /// The embedded engine's.
    Sqlite(rusqlite::Rows<'s>),
    /// PostgreSQL's, and the one shown last.
    Postgres(std::vec::IntoIter<::postgres::Row>, Option<::postgres::Row>),
}

impl Rows<'_> {
    /// The next row.
    ///
    /// # Errors
    /// The engine's.
    #[expect(
        clippy::should_implement_trait,
        reason = "a row borrows from the rows, which an iterator cannot say"
    )]
    pub fn next(&mut self) -> Result<Option<Row<'_>>, StoreError> {
        match self {
            Self::Sqlite(rows) => Ok(rows.next()?.map(Row::Sqlite)),
            Self::Postgres(rows, shown) => {
                *shown = rows.next();
                Ok(shown.as_ref().map(Row::Postgres))
            }
        }
    }
}

/// One row.
pub enum Row<'r> {
    /// The embedded engine's.
    Sqlite(&'r rusqlite::Row<'r>),
    /// PostgreSQL's.
    Postgres(&'r ::postgres::Row),
}

impl Row<'_> {
    /// The value of a column, from 0.
    ///
    /// # Errors
    /// When there is no such column or it holds something else.
    pub fn get<T: FromValue>(&self, column: usize) -> Result<T, StoreError> {
        T::from_value(self.value(column)?).ok_or_else(|| StoreError::malformed(column))
    }

    /// The value of a column, whatever it is.
    ///
    /// # Errors
    /// When there is no such column.
    pub fn value(&self, column: usize) -> Result<Value<'_>, StoreError> {
        match self {
            Self::Sqlite(row) => sqlite::value(row.get_ref(column)?),
            Self::Postgres(row) => Ok(row.try_get::<_, postgres::Cell<'_>>(column)?.0),
        }
    }
}

/// What a statement takes its parameters from: [`params!`], or an array of one type.
pub trait Params {
    /// Calls `run` with the parameters in order.
    fn with<T>(self, run: impl FnOnce(&[&dyn ToValue]) -> T) -> T;
}

impl Params for &[&dyn ToValue] {
    fn with<T>(self, run: impl FnOnce(&[&dyn ToValue]) -> T) -> T {
        run(self)
    }
}

impl Params for &[Value<'_>] {
    fn with<T>(self, run: impl FnOnce(&[&dyn ToValue]) -> T) -> T {
        let values: Vec<&dyn ToValue> = self.iter().map(|value| value as &dyn ToValue).collect();
        run(&values)
    }
}

impl Params for [&dyn ToValue; 0] {
    fn with<T>(self, run: impl FnOnce(&[&dyn ToValue]) -> T) -> T {
        run(&[])
    }
}

impl<V: ToValue> Params for [V; 1] {
    fn with<T>(self, run: impl FnOnce(&[&dyn ToValue]) -> T) -> T {
        run(&self.each_ref().map(|value| value as &dyn ToValue))
    }
}

impl<V: ToValue> Params for [V; 2] {
    fn with<T>(self, run: impl FnOnce(&[&dyn ToValue]) -> T) -> T {
        run(&self.each_ref().map(|value| value as &dyn ToValue))
    }
}

/// No row is an answer too.
pub trait OptionalExtension<T> {
    /// `None` where the query gave no row.
    ///
    /// # Errors
    /// All other ones.
    fn optional(self) -> Result<Option<T>, StoreError>;
}

impl<T> OptionalExtension<T> for Result<T, StoreError> {
    fn optional(self) -> Result<Option<T>, StoreError> {
        match self {
            Ok(found) => Ok(Some(found)),
            Err(StoreError::NotFound) => Ok(None),
            Err(error) => Err(error),
        }
    }
}
