//! What goes into a statement and comes out of a row.

use std::borrow::Cow;

/// The types the store knows.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum Kind {
    /// Whole number, 64 bits, signed.
    Integer,
    /// Floating point, 64 bits.
    Real,
    /// Text.
    Text,
    /// Bytes.
    Blob,
}

/// One value.
#[derive(Clone, Debug, PartialEq)]
pub enum Value<'v> {
    /// Nothing.
    Null,
    /// Whole number.
    Integer(i64),
    /// Floating point.
    Real(f64),
    /// Text.
    Text(Cow<'v, str>),
    /// Bytes.
    Blob(Cow<'v, [u8]>),
}

impl Value<'_> {
    /// The value as every engine can keep it: a text cannot hold the zero character in PostgreSQL,
    /// and what a firm sent must not stop its batch.
    #[must_use]
    pub fn keepable(self) -> Self {
        match self {
            Self::Text(text) if text.contains('\0') => {
                Self::Text(Cow::Owned(text.replace('\0', "\u{fffd}")))
            }
            value => value,
        }
    }
}

/// What can be a parameter.
pub trait ToValue {
    /// Its type, known even when the value is missing.
    fn kind(&self) -> Kind;
    /// The value.
    fn to_value(&self) -> Value<'_>;
}

/// What can be read from a column.
pub trait FromValue: Sized {
    /// `None` when the column holds something else.
    fn from_value(value: Value<'_>) -> Option<Self>;
}

impl ToValue for Value<'_> {
    fn kind(&self) -> Kind {
        match self {
            Self::Integer(_) => Kind::Integer,
            Self::Real(_) => Kind::Real,
            Self::Null | Self::Text(_) => Kind::Text,
            Self::Blob(_) => Kind::Blob,
        }
    }
    fn to_value(&self) -> Value<'_> {
        match self {
            Self::Null => Value::Null,
            Self::Integer(number) => Value::Integer(*number),
            Self::Real(number) => Value::Real(*number),
            Self::Text(text) => Value::Text(Cow::Borrowed(text)),
            Self::Blob(bytes) => Value::Blob(Cow::Borrowed(bytes)),
        }
    }
}

impl<T: ToValue + ?Sized> ToValue for &T {
    fn kind(&self) -> Kind {
        (**self).kind()
    }
    fn to_value(&self) -> Value<'_> {
        (**self).to_value()
    }
}

/// A missing value still has a type: it is asked of an empty one.
impl<T: ToValue + Typed> ToValue for Option<T> {
    fn kind(&self) -> Kind {
        T::KIND
    }
    fn to_value(&self) -> Value<'_> {
        self.as_ref().map_or(Value::Null, ToValue::to_value)
    }
}

/// A type whose kind is known without a value.
pub trait Typed {
    /// The kind.
    const KIND: Kind;
}

impl<T: Typed + ?Sized> Typed for &T {
    const KIND: Kind = T::KIND;
}

macro_rules! to_value {
    ($($type:ty, $kind:ident, |$value:ident| $into:expr;)*) => {$(
        impl Typed for $type {
            const KIND: Kind = Kind::$kind;
        }
        impl ToValue for $type {
            fn kind(&self) -> Kind {
                Kind::$kind
            }
            fn to_value(&self) -> Value<'_> {
                let $value = self;
                Value::$kind($into)
            }
        }
    )*};
}

to_value! {
    i64, Integer, |value| *value;
    i32, Integer, |value| i64::from(*value);
    u32, Integer, |value| i64::from(*value);
    u16, Integer, |value| i64::from(*value);
    u8, Integer, |value| i64::from(*value);
    f64, Real, |value| *value;
    bool, Integer, |value| i64::from(*value);
    str, Text, |value| Cow::Borrowed(value);
    String, Text, |value| Cow::Borrowed(value.as_str());
    [u8], Blob, |value| Cow::Borrowed(value);
    Vec<u8>, Blob, |value| Cow::Borrowed(value.as_slice());
}

impl<T: FromValue> FromValue for Option<T> {
    fn from_value(value: Value<'_>) -> Option<Self> {
        match value {
            Value::Null => Some(None),
            value => T::from_value(value).map(Some),
        }
    }
}

impl FromValue for i64 {
    fn from_value(value: Value<'_>) -> Option<Self> {
        match value {
            Value::Integer(number) => Some(number),
            _ => None,
        }
    }
}

macro_rules! from_integer {
    ($($type:ty),*) => {$(
        impl FromValue for $type {
            fn from_value(value: Value<'_>) -> Option<Self> {
                i64::from_value(value)?.try_into().ok()
            }
        }
    )*};
}

from_integer!(i32, u32, u16, u8);

impl FromValue for bool {
    fn from_value(value: Value<'_>) -> Option<Self> {
        i64::from_value(value).map(|number| number != 0)
    }
}

impl FromValue for f64 {
    fn from_value(value: Value<'_>) -> Option<Self> {
        match value {
            Value::Real(number) => Some(number),
            #[expect(
                clippy::cast_precision_loss,
                reason = "a whole number in a column of scores is small"
            )]
            Value::Integer(number) => Some(number as Self),
            _ => None,
        }
    }
}

impl FromValue for String {
    fn from_value(value: Value<'_>) -> Option<Self> {
        match value {
            Value::Text(text) => Some(text.into_owned()),
            _ => None,
        }
    }
}

impl FromValue for Vec<u8> {
    fn from_value(value: Value<'_>) -> Option<Self> {
        match value {
            Value::Blob(bytes) => Some(bytes.into_owned()),
            _ => None,
        }
    }
}
