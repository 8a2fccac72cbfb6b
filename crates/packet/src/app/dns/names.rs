//! How the numbers of DNS are spelled (IANA, "Domain Name System Parameters").

use std::borrow::Cow;

/// Record types met in practice.
const TYPES: &[(u16, &str)] = &[
    (1, "A"),
    (2, "NS"),
    (5, "CNAME"),
    (6, "SOA"),
    (10, "NULL"),
    (12, "PTR"),
    (13, "HINFO"),
    (15, "MX"),
    (16, "TXT"),
    (17, "RP"),
    (18, "AFSDB"),
    (24, "SIG"),
    (25, "KEY"),
    (28, "AAAA"),
    (29, "LOC"),
    (32, "NB"),
    (33, "SRV"),
    (35, "NAPTR"),
    (36, "KX"),
    (37, "CERT"),
    (39, "DNAME"),
    (41, "OPT"),
    (42, "APL"),
    (43, "DS"),
    (44, "SSHFP"),
    (45, "IPSECKEY"),
    (46, "RRSIG"),
    (47, "NSEC"),
    (48, "DNSKEY"),
    (49, "DHCID"),
    (50, "NSEC3"),
    (51, "NSEC3PARAM"),
    (52, "TLSA"),
    (53, "SMIMEA"),
    (55, "HIP"),
    (59, "CDS"),
    (60, "CDNSKEY"),
    (61, "OPENPGPKEY"),
    (62, "CSYNC"),
    (63, "ZONEMD"),
    (64, "SVCB"),
    (65, "HTTPS"),
    (99, "SPF"),
    (108, "EUI48"),
    (109, "EUI64"),
    (249, "TKEY"),
    (250, "TSIG"),
    (251, "IXFR"),
    (252, "AXFR"),
    (255, "ANY"),
    (256, "URI"),
    (257, "CAA"),
];

/// Answer codes.
const RCODES: &[&str] = &[
    "NOERROR", "FORMERR", "SERVFAIL", "NXDOMAIN", "NOTIMP", "REFUSED", "YXDOMAIN", "YXRRSET",
    "NXRRSET", "NOTAUTH", "NOTZONE",
];

/// A record type as people write it (RFC 3597 for those without a name).
pub(super) fn record_type(number: u16) -> Cow<'static, str> {
    match TYPES
        .binary_search_by_key(&number, |(number, _)| *number)
        .ok()
        .and_then(|at| TYPES.get(at))
    {
        Some((_, name)) => Cow::Borrowed(name),
        None => Cow::Owned(format!("TYPE{number}")),
    }
}

/// An answer code as people write it.
pub(super) fn rcode(number: u8) -> Cow<'static, str> {
    match RCODES.get(usize::from(number)) {
        Some(name) => Cow::Borrowed(*name),
        None => Cow::Owned(format!("RCODE{number}")),
    }
}
