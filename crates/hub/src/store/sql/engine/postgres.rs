//! One session with PostgreSQL: statements prepared once, values and errors in the store's terms.

use std::borrow::Cow;
use std::cell::RefCell;
use std::collections::HashMap;
use std::error::Error;
use std::io::Write;

use ::postgres::error::SqlState;
use ::postgres::types::{FromSql, IsNull, ToSql, Type};
use ::postgres::{Client, Row, Statement};

use super::{Kind, ToValue, Value};
use crate::store::{Cause, StoreError};

/// Prepared statements kept by a session; beyond it all are forgotten and prepared anew.
const MAX_PREPARED: usize = 512;

/// Rows sent in one message at most.
pub const MAX_ROWS: usize = 2_000;

/// A session.
pub struct Session(RefCell<Inner>);

struct Inner {
    client: Client,
    prepared: HashMap<(String, Vec<Kind>), Statement>,
}

impl Session {
    /// A session over an open connection.
    #[must_use]
    pub fn new(client: Client) -> Self {
        Self(RefCell::new(Inner {
            client,
            prepared: HashMap::new(),
        }))
    }

    /// True when the server has gone.
    #[must_use]
    pub fn is_closed(&self) -> bool {
        self.0.borrow().client.is_closed()
    }

    /// Runs statements without parameters.
    ///
    /// # Errors
    /// The engine's.
    pub fn batch(&self, sql: &str) -> Result<(), StoreError> {
        Ok(self.0.borrow_mut().client.batch_execute(sql)?)
    }

    /// Runs a statement; how many rows it changed.
    ///
    /// # Errors
    /// The engine's.
    pub fn execute(&self, sql: &str, values: &[&dyn ToValue]) -> Result<usize, StoreError> {
        let mut inner = self.0.borrow_mut();
        let statement = inner.prepare(sql, values)?;
        let bound = bound(values);
        let changed = inner.client.execute(&statement, &borrowed(&bound))?;
        Ok(usize::try_from(changed).unwrap_or(usize::MAX))
    }

    /// Runs a statement with `VALUES (?1, …)` for all `rows` at once: a column of them is a parameter.
    ///
    /// # Errors
    /// The engine's.
    pub fn execute_rows<const N: usize>(
        &self,
        sql: &str,
        rows: &[[Value<'_>; N]],
    ) -> Result<(), StoreError> {
        let Some(first) = rows.first() else {
            return Ok(());
        };
        let mut inner = self.0.borrow_mut();
        let kinds = first.iter().map(ToValue::kind).collect();
        let statement = inner.prepare_as((unnested(sql), kinds), array_type)?;
        let columns: Vec<Vec<Bound<'_>>> = (0..N)
            .map(|column| {
                let values = rows.iter().filter_map(|row| row.get(column));
                values
                    .map(|value| Bound(value.to_value().keepable()))
                    .collect()
            })
            .collect();
        let columns: Vec<&(dyn ToSql + Sync)> = columns
            .iter()
            .map(|column| column as &(dyn ToSql + Sync))
            .collect();
        inner.client.execute(&statement, &columns)?;
        Ok(())
    }

    /// Runs `COPY … FROM STDIN` with what `write` writes.
    ///
    /// # Errors
    /// The engine's, or what `write` gives.
    pub fn copy_in(
        &self,
        sql: &str,
        write: impl FnOnce(&mut dyn Write) -> Result<(), StoreError>,
    ) -> Result<(), StoreError> {
        let mut inner = self.0.borrow_mut();
        let mut writer = inner.client.copy_in(sql)?;
        write(&mut writer)?;
        writer.finish()?;
        Ok(())
    }

    /// Runs a query.
    ///
    /// # Errors
    /// The engine's.
    pub fn query(&self, sql: &str, values: &[&dyn ToValue]) -> Result<Vec<Row>, StoreError> {
        let mut inner = self.0.borrow_mut();
        let statement = inner.prepare(sql, values)?;
        let bound = bound(values);
        Ok(inner.client.query(&statement, &borrowed(&bound))?)
    }
}

impl Inner {
    fn prepare(&mut self, sql: &str, values: &[&dyn ToValue]) -> Result<Statement, StoreError> {
        let kinds: Vec<Kind> = values.iter().map(|value| value.kind()).collect();
        self.prepare_as((sql.to_owned(), kinds), column_type)
    }

    fn prepare_as(
        &mut self,
        key: (String, Vec<Kind>),
        of: fn(Kind) -> Type,
    ) -> Result<Statement, StoreError> {
        if let Some(known) = self.prepared.get(&key) {
            return Ok(known.clone());
        }
        let types: Vec<Type> = key.1.iter().map(|kind| of(*kind)).collect();
        let statement = self.client.prepare_typed(&numbered(&key.0), &types)?;
        if self.prepared.len() >= MAX_PREPARED {
            self.prepared.clear();
        }
        self.prepared.insert(key, statement.clone());
        Ok(statement)
    }
}

const fn column_type(kind: Kind) -> Type {
    match kind {
        Kind::Integer => Type::INT8,
        Kind::Real => Type::FLOAT8,
        Kind::Text => Type::TEXT,
        Kind::Blob => Type::BYTEA,
    }
}

const fn array_type(kind: Kind) -> Type {
    match kind {
        Kind::Integer => Type::INT8_ARRAY,
        Kind::Real => Type::FLOAT8_ARRAY,
        Kind::Text => Type::TEXT_ARRAY,
        Kind::Blob => Type::BYTEA_ARRAY,
    }
}

/// `VALUES (?1, ?2)` becomes the rows of lists that stand side by side.
fn unnested(sql: &str) -> String {
    sql.replacen("VALUES (", "SELECT * FROM unnest(", 1)
}

/// `?1` becomes `$1`, except within quotes.
fn numbered(sql: &str) -> String {
    let mut quoted = false;
    sql.chars()
        .map(|letter| {
            quoted ^= letter == '\'';
            if letter == '?' && !quoted {
                '$'
            } else {
                letter
            }
        })
        .collect()
}

fn bound<'v>(values: &'v [&'v dyn ToValue]) -> Vec<Bound<'v>> {
    values
        .iter()
        .map(|value| Bound(value.to_value().keepable()))
        .collect()
}

fn borrowed<'b>(bound: &'b [Bound<'b>]) -> Vec<&'b (dyn ToSql + Sync)> {
    bound
        .iter()
        .map(|value| value as &(dyn ToSql + Sync))
        .collect()
}

/// A value as PostgreSQL takes it.
#[derive(Debug)]
struct Bound<'v>(Value<'v>);

impl ToSql for Bound<'_> {
    fn to_sql(
        &self,
        ty: &Type,
        out: &mut ::postgres::types::private::BytesMut,
    ) -> Result<IsNull, Box<dyn Error + Sync + Send>> {
        match &self.0 {
            Value::Null => Ok(IsNull::Yes),
            Value::Integer(number) => number.to_sql(ty, out),
            Value::Real(number) => number.to_sql(ty, out),
            Value::Text(text) => text.as_ref().to_sql(ty, out),
            Value::Blob(bytes) => bytes.as_ref().to_sql(ty, out),
        }
    }

    fn accepts(_: &Type) -> bool {
        true
    }

    ::postgres::types::to_sql_checked!();
}

/// A column as the store knows it.
pub struct Cell<'r>(pub Value<'r>);

impl<'r> FromSql<'r> for Cell<'r> {
    fn from_sql(ty: &Type, raw: &'r [u8]) -> Result<Self, Box<dyn Error + Sync + Send>> {
        let value = match *ty {
            Type::INT8 => Value::Integer(i64::from_sql(ty, raw)?),
            Type::INT4 => Value::Integer(i32::from_sql(ty, raw)?.into()),
            Type::INT2 => Value::Integer(i16::from_sql(ty, raw)?.into()),
            Type::BOOL => Value::Integer(bool::from_sql(ty, raw)?.into()),
            Type::FLOAT8 => Value::Real(f64::from_sql(ty, raw)?),
            Type::FLOAT4 => Value::Real(f32::from_sql(ty, raw)?.into()),
            Type::BYTEA => Value::Blob(Cow::Borrowed(raw)),
            Type::NUMERIC => whole(raw).ok_or("a sum beyond 64 bits")?,
            _ => Value::Text(Cow::Borrowed(std::str::from_utf8(raw)?)),
        };
        Ok(Self(value))
    }

    fn from_sql_null(_: &Type) -> Result<Self, Box<dyn Error + Sync + Send>> {
        Ok(Self(Value::Null))
    }

    fn accepts(_: &Type) -> bool {
        true
    }
}

/// A sum of whole numbers, which PostgreSQL gives as `numeric`: four 16-bit words (digits, weight,
/// sign, scale), then digits of base 10,000. What lies behind the point is cut off.
fn whole(raw: &[u8]) -> Option<Value<'static>> {
    let mut words = raw
        .chunks_exact(2)
        .map(|pair| pair.try_into().map(i16::from_be_bytes).unwrap_or_default());
    let (_digits, weight, sign, _scale) =
        (words.next()?, words.next()?, words.next()?, words.next()?);
    let mut number = 0_i64;
    for _ in 0..=weight {
        let digit = i64::from(words.next().unwrap_or_default());
        number = number.checked_mul(10_000)?.checked_add(digit)?;
    }
    Some(Value::Integer(if sign == 0 { number } else { -number }))
}

impl From<::postgres::Error> for StoreError {
    fn from(error: ::postgres::Error) -> Self {
        let Some(db) = error.as_db_error() else {
            return if error.is_closed() || is_connection(&error) {
                Self::Unavailable(in_full(&error))
            } else {
                Self::Engine(in_full(&error))
            };
        };
        let code = db.code();
        if *code == SqlState::DISK_FULL {
            Self::DiskFull
        } else if *code == SqlState::T_R_SERIALIZATION_FAILURE
            || *code == SqlState::T_R_DEADLOCK_DETECTED
        {
            Self::Contended
        } else if code.code().starts_with("23") {
            Self::Conflict(db.message().to_owned())
        } else if code.code().starts_with("08") || code.code().starts_with("57P") {
            Self::Unavailable(in_full(&error))
        } else {
            Self::Engine(in_full(&error))
        }
    }
}

/// The client names only the step that failed; the reason stands behind it.
fn in_full(error: &::postgres::Error) -> Cause {
    let mut said = error.to_string();
    let mut cause = error.source();
    while let Some(reason) = cause {
        said.push_str(": ");
        said.push_str(&reason.to_string());
        cause = reason.source();
    }
    said.into()
}

/// Connecting failed, or the socket broke.
fn is_connection(error: &::postgres::Error) -> bool {
    error
        .source()
        .is_some_and(|cause| cause.is::<std::io::Error>())
        || error.to_string().starts_with("error c")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn places_are_numbered_outside_quotes() {
        assert_eq!(
            numbered("SELECT '?1', ?1, '''?' || ?12"),
            "SELECT '?1', $1, '''?' || $12"
        );
    }

    #[test]
    fn rows_are_lists_side_by_side() {
        assert_eq!(
            unnested("INSERT INTO t (a) VALUES (?1) ON CONFLICT (a) DO NOTHING"),
            "INSERT INTO t (a) SELECT * FROM unnest(?1) ON CONFLICT (a) DO NOTHING"
        );
    }

    #[test]
    fn a_sum_is_read_as_a_whole_number() {
        let raw = |words: &[i16]| -> Vec<u8> {
            words.iter().flat_map(|word| word.to_be_bytes()).collect()
        };
        let check = |words: &[i16], expected| assert_eq!(whole(&raw(words)), expected);
        check(&[0, 0, 0, 0], Some(Value::Integer(0)));
        check(&[2, 1, 0, 0, 3, 456], Some(Value::Integer(30_456)));
        check(&[1, 1, 0, 0, 3], Some(Value::Integer(30_000)));
        check(&[1, 0, 0x4000, 0, 7], Some(Value::Integer(-7)));
        check(&[1, 9, 0, 0, 7], None);
        check(&[1], None);
    }
}
