//! Where a stranger's text can put in an address after all, and why. The test says which no longer
//! are true.

use larum_core::event::Field;

/// The most that happens.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub enum Worst {
    /// The record gives no event, or one without its address, or another product's: what happened is
    /// hidden, nobody else is accused.
    Hidden,
    /// An address can be put in.
    Forged,
}

/// Format, field, and the reason why an address can be put in there.
pub const EXCEPTIONS: &[(&str, Field, &str)] = &[
    (
        "auditd",
        Field::User,
        "only as ausearch --interpret prints it; the log itself writes such names in hexadecimal",
    ),
    (
        "auth-pam",
        Field::User,
        "vsftpd writes the same chosen name twice, before and behind the address",
    ),
    (
        "cisco-asa",
        Field::User,
        "the name of a user the directory already knows, in brackets",
    ),
    (
        "crowdsec",
        Field::Signature,
        "the scenario's name is the administrator's",
    ),
    (
        "fortimail",
        Field::User,
        "versions with blanks between the fields write the tried name bare",
    ),
    ("iis", Field::User, "IIS writes a plus sign for each blank"),
    (
        "kerio-control",
        Field::User,
        "the name of an account that is logged in",
    ),
    (
        "mariadb-audit-syslog",
        Field::User,
        "bare before the address; the plug-in escapes nothing",
    ),
    (
        "mysql",
        Field::User,
        "bare in the general log, at most 32 characters",
    ),
    (
        "pure-ftpd",
        Field::User,
        "the name of an account that is logged in",
    ),
    ("samba", Field::User, "no account name may hold a bar"),
    (
        "windows-event",
        Field::User,
        "only as text in XML, where Windows writes a < as &lt;",
    ),
];
