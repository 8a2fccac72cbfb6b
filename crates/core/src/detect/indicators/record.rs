//! One row or object of a list: what each of its fields is about, whatever the list calls it.

use std::ops::Range;

use super::entry::Hint;
use super::note::Validity;
use super::refusal::Refusal;
use super::when;

/// Fields kept of one row or object; of an object with more the first ones.
const MAX_FIELDS: usize = 64;

/// What a field is about.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Field {
    /// The indicator, of any kind.
    Value,
    /// An address or network.
    Address,
    /// The first and last address of a range.
    First,
    Last,
    /// A domain or host name.
    Name,
    /// A web address.
    Url,
    Ja3,
    Ja4,
    /// A file hash.
    Hash,
    Port,
    /// Which kind the indicator is; also the type of a STIX object.
    Kind,
    From,
    Until,
    Confidence,
    Source,
    /// The malware or campaign.
    Threat,
    /// What sort of threat, where no name is given.
    ThreatClass,
    /// Whether it is for detection (MISP `to_ids`).
    ToIds,
    Revoked,
    /// STIX.
    Id,
    Pattern,
    PatternLanguage,
    CreatedBy,
    Title,
}

/// What a column or key is about, by its name; case, blanks and punctuation aside.
pub(super) fn field_of(name: &str) -> Option<Field> {
    let mut plain = [0_u8; 32];
    let mut length = 0;
    for byte in name.bytes().filter(u8::is_ascii_alphanumeric) {
        *plain.get_mut(length)? = byte.to_ascii_lowercase();
        length += 1;
    }
    Some(match plain.get(..length)? {
        b"indicator" | b"indicators" | b"ioc" | b"iocs" | b"iocvalue" | b"value"
        | b"observable" | b"indicatorvalue" | b"attributevalue" | b"artifact" | b"entry"
        | b"entity" => Field::Value,
        b"ip" | b"ips" | b"ipaddress" | b"ipaddresses" | b"address" | b"addresses" | b"addr"
        | b"ipaddr" | b"srcip" | b"sourceip" | b"dstip" | b"destip" | b"destinationip"
        | b"ipsrc" | b"ipdst" | b"ipv4" | b"ipv6" | b"ipv4address" | b"ipv6address"
        | b"network" | b"networks" | b"cidr" | b"cidrs" | b"netblock" | b"subnet" | b"prefix"
        | b"iprange" | b"attackingip" | b"c2ip" | b"hostip" => Field::Address,
        b"start" | b"startip" | b"firstip" | b"fromip" | b"ipstart" => Field::First,
        b"end" | b"endip" | b"lastip" | b"toip" | b"ipend" => Field::Last,
        b"domain" | b"domains" | b"domainname" | b"hostname" | b"hostnames" | b"host"
        | b"hosts" | b"fqdn" | b"fqdns" | b"dnsname" | b"c2domain" => Field::Name,
        b"url" | b"urls" | b"uri" | b"link" | b"phishurl" => Field::Url,
        b"ja3" | b"ja3md5" | b"ja3hash" | b"ja3fingerprint" | b"ja3fingerprintmd5" => Field::Ja3,
        b"ja4" | b"ja4hash" | b"ja4fingerprint" => Field::Ja4,
        b"md5" | b"sha1" | b"sha256" | b"sha512" | b"hash" | b"filehash" | b"md5hash"
        | b"sha1hash" | b"sha256hash" | b"hashes" => Field::Hash,
        b"port" | b"dstport" | b"destport" | b"destinationport" | b"c2port" => Field::Port,
        b"type" | b"ioctype" | b"indicatortype" | b"attributetype" | b"observabletype" => {
            Field::Kind
        }
        b"validfrom" | b"startdate" | b"startsat" | b"notbefore" | b"activefrom" => Field::From,
        b"validuntil"
        | b"validto"
        | b"expires"
        | b"expiresat"
        | b"expiry"
        | b"expirydate"
        | b"expiration"
        | b"expirationdate"
        | b"expirydatetime"
        | b"expirationdatetime"
        | b"enddate"
        | b"until"
        | b"notafter"
        | b"expire"
        | b"expireson"
        | b"activeuntil" => Field::Until,
        b"confidence" | b"confidencelevel" | b"confidencescore" => Field::Confidence,
        b"source" | b"sources" | b"feed" | b"feedname" | b"provider" | b"sourcename"
        | b"origin" => Field::Source,
        b"threat" | b"threatname" | b"malware" | b"malwareprintable" | b"malwarefamily"
        | b"family" | b"campaign" | b"actor" | b"threatactor" => Field::Threat,
        b"threattype" | b"category" | b"listingreason" | b"reason" | b"description" | b"note"
        | b"comment" | b"tag" | b"class" | b"classification" => Field::ThreatClass,
        b"toids" | b"ids" => Field::ToIds,
        b"revoked" | b"deleted" => Field::Revoked,
        b"id" => Field::Id,
        b"pattern" => Field::Pattern,
        b"patterntype" => Field::PatternLanguage,
        b"createdbyref" => Field::CreatedBy,
        b"name" | b"title" | b"info" => Field::Title,
        _ => return None,
    })
}

impl Field {
    /// Whether an indicator stands in it.
    pub const fn holds_indicator(self) -> bool {
        matches!(
            self,
            Self::Value
                | Self::Address
                | Self::First
                | Self::Name
                | Self::Url
                | Self::Ja3
                | Self::Ja4
                | Self::Hash
        )
    }
}

/// What kind of thing a list says a value is.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub(super) struct Kind {
    pub hint: Hint,
    /// Two values with `|` between them: name and address, or either and a port.
    pub is_pair: bool,
    /// The word is one we know.
    pub is_known: bool,
}

/// The kind by its word, as MISP, STIX, ThreatFox, OTX and others write it.
pub(super) fn kind_of(word: &str) -> Kind {
    let mut plain = String::with_capacity(word.len().min(32));
    let kept = |char: &char| char.is_ascii_alphanumeric() || *char == '|';
    plain.extend(word.chars().filter(kept).take(40));
    plain.make_ascii_lowercase();
    let known = |hint, is_pair| Kind {
        hint,
        is_pair,
        is_known: true,
    };
    match plain.as_str() {
        "ip" | "ipv4" | "ipv6" | "ipv4addr" | "ipv6addr" | "ipv4address" | "ipv6address"
        | "ipaddress" | "address" | "addr" | "ipsrc" | "ipdst" | "srcip" | "dstip" | "cidr"
        | "ipv4cidr" | "ipv6cidr" | "subnet" | "network" | "netblock" | "range" | "iprange"
        | "ipport" | "ipv4port" | "domain" | "hostname" | "host" | "fqdn" | "domainname"
        | "hostport" | "url" | "uri" | "link" | "ja4" | "ja4fingerprint" | "domainport" => {
            known(Hint::Unsaid, false)
        }
        "ipsrc|port" | "ipdst|port" | "domain|ip" | "hostname|port" => known(Hint::Unsaid, true),
        "ja3" | "ja3md5" | "ja3hash" | "ja3fingerprint" | "ja3fingerprintmd5" => {
            known(Hint::Ja3, false)
        }
        word if NOT_IN_LOGS.iter().any(|start| word.starts_with(start)) => {
            known(Hint::NotInLogs, false)
        }
        _ => Kind::default(),
    }
}

/// How the words of kinds begin that no log we read holds.
const NOT_IN_LOGS: &[&str] = &[
    "md5",
    "sha",
    "file",
    "hash",
    "ssdeep",
    "imphash",
    "tlsh",
    "authentihash",
    "vhash",
    "cdhash",
    "pehash",
    "telfhash",
    "impfuzzy",
    "email",
    "mutex",
    "regkey",
    "yara",
    "sigma",
    "snort",
    "bro",
    "zeek",
    "malwaresample",
    "attachment",
    "btc",
    "xmr",
    "phone",
    "x509",
    "hassh",
    "ja3s",
    "ja4s",
    "jarm",
    "useragent",
    "mac",
    "as",
    "cve",
    "vulnerability",
    "windows",
    "process",
    "named",
];

/// Beside the value: how sure, how long, what, from whom.
#[derive(Clone, Copy, Debug)]
pub(super) struct Claim {
    pub validity: Validity,
    pub confidence: Option<u8>,
    pub port: u16,
    /// Numbers of [`super::note::NotesBuilder`]; 0 for none.
    pub threat: u32,
    pub source: u32,
}

impl Default for Claim {
    fn default() -> Self {
        Self {
            validity: Validity::ALWAYS,
            confidence: None,
            port: 0,
            threat: 0,
            source: 0,
        }
    }
}

/// The fields of one row or object; used again for the next.
#[derive(Clone, Debug, Default)]
pub(super) struct Record {
    text: String,
    fields: Vec<(Field, Range<usize>)>,
    /// A value was cut because it was too long.
    pub is_cut: bool,
}

impl Record {
    pub fn clear(&mut self) {
        self.text.clear();
        self.fields.clear();
        self.is_cut = false;
        // One huge pattern must not stay in memory for each object to come.
        self.text.shrink_to(4_096);
    }

    pub fn push(&mut self, field: Field, text: &str) {
        let text = text.trim();
        if text.is_empty() || self.fields.len() >= MAX_FIELDS {
            return;
        }
        let from = self.text.len();
        self.text.push_str(text);
        self.fields.push((field, from..self.text.len()));
    }

    pub fn all(&self, wanted: Field) -> impl Iterator<Item = &str> {
        let fields = self.fields.iter();
        fields
            .filter(move |(field, _)| *field == wanted)
            .filter_map(|(_, range)| self.text.get(range.clone()))
    }

    pub fn get(&self, wanted: Field) -> Option<&str> {
        self.all(wanted).next()
    }

    pub fn has_indicator(&self) -> bool {
        self.fields.iter().any(|(field, _)| field.holds_indicator())
    }

    /// Whether a field says yes.
    pub fn says(&self, field: Field) -> Option<bool> {
        self.get(field)
            .map(|text| matches!(text, "1" | "true" | "True" | "TRUE" | "yes" | "Y" | "y"))
    }

    /// From when to when it holds.
    ///
    /// # Errors
    /// [`Refusal::Date`]: what cannot be known to hold is not matched.
    pub fn validity(&self) -> Result<Validity, Refusal> {
        let moment = |field| match self.get(field) {
            None => Ok(None),
            Some(text) if is_blank(text) => Ok(None),
            Some(text) => when::moment(text).map(Some).ok_or(Refusal::Date),
        };
        let (from, until) = (moment(Field::From)?, moment(Field::Until)?);
        if matches!((from, until), (Some(from), Some(until)) if from >= until) {
            return Err(Refusal::Date);
        }
        Ok(Validity::new(from, until))
    }

    /// How sure, 0 to 100: a number, a share, or a word (STIX 2.1 appendix A's None/Low/Med/High
    /// scale).
    pub fn confidence(&self) -> Option<u8> {
        let text = self.get(Field::Confidence)?.trim_end_matches('%');
        if let Ok(number) = text.parse::<f64>() {
            // A share such as 0.9; a lone 1 counts as one of a hundred.
            let share = text.contains('.') && number <= 1.0;
            let number = if share { number * 100.0 } else { number };
            #[expect(
                clippy::cast_possible_truncation,
                clippy::cast_sign_loss,
                reason = "kept between 0 and 100"
            )]
            let number = number.clamp(0.0, 100.0).round() as u8;
            return Some(number);
        }
        let is = |word: &str| text.eq_ignore_ascii_case(word);
        if is("low") {
            Some(15)
        } else if is("medium") || is("med") || is("moderate") {
            Some(50)
        } else if is("high") || is("certain") {
            Some(85)
        } else if is("none") {
            Some(0)
        } else {
            None
        }
    }
}

/// What exports write where there is no date.
fn is_blank(text: &str) -> bool {
    const BLANKS: &[&str] = &["null", "none", "never", "n/a", "-", "nan", "nat", "0"];
    BLANKS.iter().any(|blank| text.eq_ignore_ascii_case(blank))
}
