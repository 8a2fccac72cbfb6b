//! Identities of rows: 128 random bits, shown and stored as 32 hexadecimal digits.

use crate::store::sql::engine::value::{FromValue, Kind, ToValue, Typed, Value};

macro_rules! id {
    ($(#[$meta:meta])* $name:ident) => {
        $(#[$meta])*
        #[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
        pub struct $name(u128);

        impl $name {
            /// A new random identity.
            ///
            /// # Errors
            /// When the operating system gives no random bytes.
            pub fn random() -> Result<Self, larum_link::secret::NoRandomness> {
                larum_link::secret::random::<16>().map(|bytes| Self(u128::from_be_bytes(bytes)))
            }

            /// From its 32 hexadecimal digits.
            #[must_use]
            pub fn parse(text: &str) -> Option<Self> {
                (text.len() == 32 && text.bytes().all(|byte| byte.is_ascii_hexdigit()))
                    .then(|| u128::from_str_radix(text, 16).ok())
                    .flatten()
                    .map(Self)
            }
        }

        impl std::fmt::Display for $name {
            fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
                write!(f, "{:032x}", self.0)
            }
        }

        impl Typed for $name {
            const KIND: Kind = Kind::Text;
        }

        impl ToValue for $name {
            fn kind(&self) -> Kind {
                Kind::Text
            }
            fn to_value(&self) -> Value<'_> {
                Value::Text(self.to_string().into())
            }
        }

        impl FromValue for $name {
            fn from_value(value: Value<'_>) -> Option<Self> {
                match value {
                    Value::Text(text) => Self::parse(&text),
                    _ => None,
                }
            }
        }
    };
}

id!(
    /// A firm.
    MemberId
);
id!(
    /// An installed collector.
    CollectorId
);
id!(
    /// A person who signs in.
    PersonId
);
id!(
    /// A session, for the list of one's own; not what signs in.
    SessionId
);
id!(
    /// Something a person signs in with, for the list of one's own.
    ProofId
);
id!(
    /// A key that a program signs in with.
    KeyId
);
id!(
    /// A firm that asks to join.
    ApplicationId
);
id!(
    /// An invitation to belong to a firm.
    InvitationId
);
id!(
    /// A role taken in an emergency.
    EmergencyId
);
id!(
    /// An act to which a second person must agree.
    ApprovalId
);
