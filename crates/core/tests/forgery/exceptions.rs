//! Where a stranger's text can do harm after all, and why. The test says which no longer are true.

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

/// A name without quotes before the words by which the record is recognised or read.
const NAME: &str = "the device writes the name bare, before its own words";
/// A target that holds what ends the device's own sentence.
const TARGET: &str = "the target may hold the words that follow it";
/// A value that holds another product's marks.
const INSIDE: &str = "the value may hold the marks of another product";

/// Format, field, the worst, and the reason.
pub const EXCEPTIONS: &[(&str, Field, Worst, &str)] = &[
    ("mikrotik", Field::User, Worst::Hidden, NAME),
    ("adguard-home-text", Field::User, Worst::Hidden, NAME),
    (
        "auditd",
        Field::User,
        Worst::Forged,
        "only as ausearch --interpret prints it; the log itself writes such names in hexadecimal",
    ),
    (
        "auth-pam",
        Field::User,
        Worst::Forged,
        "vsftpd writes the same chosen name twice, before and behind the address",
    ),
    ("aws-s3-access", Field::User, Worst::Hidden, NAME),
    ("barracuda-waf", Field::User, Worst::Hidden, NAME),
    (
        "cisco-asa",
        Field::User,
        Worst::Forged,
        "the name of a user the directory already knows, in brackets",
    ),
    ("cisco-fmc", Field::User, Worst::Hidden, NAME),
    ("cisco-meraki", Field::User, Worst::Hidden, NAME),
    ("cohesity", Field::User, Worst::Hidden, NAME),
    ("couchdb", Field::User, Worst::Hidden, NAME),
    ("cpanel-access", Field::User, Worst::Hidden, NAME),
    (
        "crowdsec",
        Field::Signature,
        Worst::Forged,
        "the scenario's name is the administrator's",
    ),
    ("f5-bigip", Field::Signature, Worst::Hidden, INSIDE),
    ("gitea", Field::User, Worst::Hidden, NAME),
    ("hestiacp", Field::User, Worst::Hidden, NAME),
    (
        "iis",
        Field::User,
        Worst::Forged,
        "IIS writes a plus sign for each blank",
    ),
    ("infoblox", Field::User, Worst::Hidden, NAME),
    ("infoblox-relayed", Field::User, Worst::Hidden, NAME),
    (
        "kerio-control",
        Field::User,
        Worst::Forged,
        "the name of an account that is logged in",
    ),
    (
        "mysql",
        Field::User,
        Worst::Forged,
        "bare in the general log, at most 32 characters",
    ),
    ("nginx-error", Field::User, Worst::Hidden, NAME),
    ("omada", Field::User, Worst::Hidden, NAME),
    ("openvpn-file", Field::User, Worst::Hidden, NAME),
    ("oracle-listener", Field::User, Worst::Hidden, NAME),
    ("postfix", Field::User, Worst::Hidden, NAME),
    (
        "pure-ftpd",
        Field::User,
        Worst::Forged,
        "the name of an account that is logged in",
    ),
    (
        "samba",
        Field::User,
        Worst::Forged,
        "no account name may hold a bar",
    ),
    ("sonicwall", Field::Signature, Worst::Hidden, INSIDE),
    (
        "squid",
        Field::User,
        Worst::Hidden,
        "Squid writes %20 for each blank",
    ),
    ("stormshield", Field::User, Worst::Hidden, NAME),
    ("tomcat", Field::User, Worst::Hidden, NAME),
    ("vmware-esxi", Field::User, Worst::Hidden, NAME),
    ("vmware-esxi", Field::UserAgent, Worst::Hidden, INSIDE),
    ("web-access", Field::Url, Worst::Hidden, TARGET),
    (
        "web-access",
        Field::User,
        Worst::Hidden,
        "bare between address and stamp; the record is then taken for the other product's or for none",
    ),
    ("webmin", Field::User, Worst::Hidden, NAME),
    ("windows-event", Field::User, Worst::Hidden, NAME),
    ("xferlog", Field::User, Worst::Hidden, NAME),
];
