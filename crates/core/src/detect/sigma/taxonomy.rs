//! Names of fields and log sources in Sigma, and what they are here.
//!
//! Standards: Sigma taxonomy 2.1 (webserver, proxy, firewall, dns, antivirus, network), and the field
//! names of the products that rules are written for: Zeek, FortiGate, Windows events, the audit logs of
//! clouds. A name stands here only if events hold what it means; `SubjectUserName`, for one, is not
//! the account that a log-in is for. Names compare without case.

use super::skip::{Skip, SkipReason, skip};
use super::slot::{Kinds, Slot};
use crate::address::is_public;
use crate::event::{Direction, Event, Field, Kind};

/// The slots that a field of a rule means: a test holds if it holds for any of them.
pub(super) fn slots(name: &str) -> Result<&'static [Slot], Skip> {
    let folded = name.to_ascii_lowercase();
    if let Some((_, slots)) = NAMES
        .iter()
        .find(|(names, _)| names.contains(&folded.as_str()))
    {
        return Ok(slots);
    }
    match OWN.iter().find(|(field, _)| field.as_str() == folded) {
        Some((_, slots)) => Ok(slots),
        None => skip(SkipReason::Field, name),
    }
}

macro_rules! own {
    ($($field:ident),+ $(,)?) => { &[$((Field::$field, &[Slot::Field(Field::$field)]),)+] };
}

/// Our own names: those of the command-line contract.
static OWN: &[(Field, &[Slot])] = own![
    Format,
    Kind,
    Vendor,
    Product,
    Device,
    SrcIp,
    SrcPort,
    SrcHost,
    DstIp,
    DstPort,
    DstHost,
    SrcNatIp,
    DstNatIp,
    Proto,
    AppProto,
    Direction,
    ActionRaw,
    Outcome,
    User,
    Rule,
    Signature,
    Severity,
    EventCode,
    SrcBytes,
    DstBytes,
    DurationMs,
    HttpMethod,
    Url,
    HttpStatus,
    UserAgent,
    TlsSni,
    TlsVersion,
    Ja3,
    Ja4,
    TlsSubject,
    TlsIssuer,
    TlsNotBefore,
    TlsNotAfter,
    TlsSelfSigned,
    DnsQuery,
    DnsType,
    DnsRcode,
    CommunityId,
    Truncated,
];

/// Names others use.
static NAMES: &[(&[&str], &[Slot])] = &[
    (
        // A device's own word counts as well: rules say `blocked` where we say `deny`.
        &["action"],
        &[Slot::Field(Field::Action), Slot::Field(Field::ActionRaw)],
    ),
    (
        &[
            "ts",
            "timestamp",
            "@timestamp",
            "date",
            "time",
            "timecreated",
            "utctime",
            "creationtime",
        ],
        &[Slot::Field(Field::Ts)],
    ),
    (
        &[
            "cs-method",
            "c-method",
            "method",
            "http.method",
            "http.request.method",
        ],
        &[Slot::Field(Field::HttpMethod)],
    ),
    (
        &["cs-uri", "c-uri", "uri", "http.uri", "url.original"],
        &[Slot::Field(Field::Url)],
    ),
    (&["cs-uri-stem", "c-uri-stem", "url.path"], &[Slot::UrlPath]),
    (
        &["cs-uri-query", "c-uri-query", "url.query"],
        &[Slot::UrlQuery],
    ),
    (
        &["c-uri-extension", "cs-uri-extension", "url.extension"],
        &[Slot::UrlExtension],
    ),
    (
        &[
            "c-useragent",
            "cs-user-agent",
            "cs-useragent",
            "cs(user-agent)",
            "user-agent",
            "useragent",
            "user_agent.original",
        ],
        &[Slot::Field(Field::UserAgent)],
    ),
    (
        &[
            "sc-status",
            "status_code",
            "http.status",
            "http.response.status_code",
        ],
        &[Slot::Field(Field::HttpStatus)],
    ),
    (
        &[
            "cs-host",
            "r-dns",
            "host",
            "dst_hostname",
            "server_name",
            "destinationhostname",
            "destination.domain",
            "url.domain",
        ],
        &[Slot::Field(Field::DstHost), Slot::Field(Field::TlsSni)],
    ),
    (
        &[
            "c-ip",
            "srcip",
            "src",
            "sourceip",
            "source_ip",
            "source.ip",
            "id.orig_h",
            "ipaddress",
            "sourceaddress",
            "clientaddress",
            "clientip",
            "client_ip",
            "sourceipaddress",
            "client.ipaddress",
        ],
        &[Slot::Field(Field::SrcIp)],
    ),
    (
        &[
            "s-ip",
            "r-ip",
            "dstip",
            "dst",
            "destinationip",
            "destination_ip",
            "destination.ip",
            "id.resp_h",
            "destaddress",
            "destinationaddress",
        ],
        &[Slot::Field(Field::DstIp)],
    ),
    (
        &[
            "srcport",
            "src-port",
            "sourceport",
            "source.port",
            "id.orig_p",
            "ipport",
        ],
        &[Slot::Field(Field::SrcPort)],
    ),
    (
        &[
            "dstport",
            "dst-port",
            "destinationport",
            "destination.port",
            "destport",
            "id.resp_p",
            "s-port",
        ],
        &[Slot::Field(Field::DstPort)],
    ),
    (
        &[
            "sourcehostname",
            "source.domain",
            "workstationname",
            "workstation",
        ],
        &[Slot::Field(Field::SrcHost)],
    ),
    (
        &["protocol", "ip_proto", "network.transport"],
        &[Slot::Field(Field::Proto)],
    ),
    (
        &["service", "app", "network.protocol"],
        &[Slot::Field(Field::AppProto)],
    ),
    (
        &["query", "queryname", "dns.question.name", "record_query"],
        &[Slot::Field(Field::DnsQuery)],
    ),
    (
        &[
            "record_type",
            "qtype_name",
            "querytype",
            "dns.question.type",
        ],
        &[Slot::Field(Field::DnsType)],
    ),
    (
        &[
            "rcode_name",
            "rcode",
            "dns.response.code",
            "dns.response_code",
        ],
        &[Slot::Field(Field::DnsRcode)],
    ),
    (
        &[
            "username",
            "cs-username",
            "user_name",
            "user.name",
            "targetusername",
            "accountname",
            "userprincipalname",
            "userid",
            "actor.alternateid",
            "actor.email",
        ],
        &[Slot::Field(Field::User)],
    ),
    (
        &[
            "hostname",
            "computer",
            "computername",
            "s-computername",
            "devname",
            "host.name",
        ],
        &[Slot::Field(Field::Device)],
    ),
    (
        &["policyid", "policyname", "rulename"],
        &[Slot::Field(Field::Rule)],
    ),
    (
        &["attack", "virus", "alert.signature"],
        &[Slot::Field(Field::Signature)],
    ),
    (
        &[
            "logid",
            "eventid",
            "event_id",
            "event.code",
            "message_id",
            "errorcode",
            "resulttype",
        ],
        &[Slot::Field(Field::EventCode)],
    ),
    (
        // What was done, in the words of a cloud's audit log.
        &[
            "operation",
            "operationname",
            "eventname",
            "eventtype",
            "activitydisplayname",
        ],
        &[Slot::Field(Field::ActionRaw)],
    ),
    (&["eventsource"], &[Slot::Field(Field::DstHost)]),
    (
        &[
            "sentbyte",
            "cs-bytes",
            "orig_bytes",
            "source.bytes",
            "blocked_bytes",
        ],
        &[Slot::Field(Field::SrcBytes)],
    ),
    (
        &["rcvdbyte", "sc-bytes", "resp_bytes", "destination.bytes"],
        &[Slot::Field(Field::DstBytes)],
    ),
    (&["time-taken"], &[Slot::Field(Field::DurationMs)]),
    (
        &["certificate.subject", "tls.server.subject", "tls.subject"],
        &[Slot::Field(Field::TlsSubject)],
    ),
    (
        &["certificate.issuer", "tls.server.issuer", "tls.issuerdn"],
        &[Slot::Field(Field::TlsIssuer)],
    ),
    (
        &["network.community_id"],
        &[Slot::Field(Field::CommunityId)],
    ),
];

/// Which side of the web an event of kind `http` must come from.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Side {
    Either,
    /// Somebody asks a web server of ours.
    Server,
    /// One of ours asks the internet.
    Proxy,
}

/// Which events a rule looks at.
#[derive(Clone, Debug)]
pub(super) struct Route {
    kinds: Kinds,
    side: Side,
    /// Each must stand in the event's format, vendor or product (any spelling of it).
    makers: Vec<Vec<String>>,
    /// The application protocol or format, where the service decides.
    service: Option<String>,
}

impl Route {
    /// From a rule's log source.
    pub(super) fn new(
        category: Option<&str>,
        product: Option<&str>,
        service: Option<&str>,
    ) -> Result<Self, Skip> {
        let mut route = Self {
            kinds: Kinds::ALL,
            side: Side::Either,
            makers: Vec::new(),
            service: None,
        };
        if let Some(category) = category {
            route.set_category(category)?;
        }
        if let Some(product) = product {
            route.set_product(product)?;
        }
        if let Some(service) = service {
            let windows = product.is_some_and(|product| product.eq_ignore_ascii_case("windows"));
            route.set_service(service, windows)?;
        }
        if category.is_none() && product.is_none() && service.is_none() {
            return skip(SkipReason::LogSource, "none named");
        }
        Ok(route)
    }

    /// The kinds of event it looks at.
    pub(super) const fn kinds(&self) -> Kinds {
        self.kinds
    }

    /// Whether it looks at `event`.
    pub(super) fn takes(&self, event: &Event<'_>) -> bool {
        self.kinds.has(event.kind)
            && match self.side {
                Side::Either => true,
                Side::Server => !is_outbound(event),
                Side::Proxy => is_outbound(event),
            }
            && self
                .makers
                .iter()
                .all(|names| names.iter().any(|name| made_by(event, name)))
            && self
                .service
                .as_deref()
                .is_none_or(|service| serves(event, service))
    }

    fn set_category(&mut self, category: &str) -> Result<(), Skip> {
        let (kinds, side): (&[Kind], Side) = match category.to_ascii_lowercase().as_str() {
            "webserver" => (&[Kind::Http], Side::Server),
            "proxy" => (&[Kind::Http], Side::Proxy),
            "firewall" => (&[Kind::Network], Side::Either),
            "dns" => (&[Kind::Dns], Side::Either),
            "authentication" => (&[Kind::Auth], Side::Either),
            "ids" | "ips" => (&[Kind::Ids], Side::Either),
            "antivirus" => (&[Kind::Ids, Kind::File], Side::Either),
            "mail" | "email" => (&[Kind::Mail], Side::Either),
            "tls" => (&[Kind::Tls], Side::Either),
            "vpn" => (&[Kind::Auth, Kind::Network], Side::Either),
            "network" | "network_connection" => (&[Kind::Network, Kind::Dns], Side::Either),
            "dns_query" => (&[Kind::Dns], Side::Either),
            "application" => (Kind::ALL, Side::Either),
            _ => return skip(SkipReason::LogSource, format!("category {category}")),
        };
        self.kinds = Kinds::of(kinds);
        self.side = side;
        Ok(())
    }

    fn set_product(&mut self, product: &str) -> Result<(), Skip> {
        let folded = product.to_ascii_lowercase();
        // Many makers' devices run Linux; its rules say what to look for by service and keywords.
        if folded == "linux" {
            if self.kinds == Kinds::ALL {
                self.kinds = Kinds::of(&[
                    Kind::Auth,
                    Kind::System,
                    Kind::Process,
                    Kind::File,
                    Kind::Network,
                ]);
            }
            return Ok(());
        }
        if NOT_HEARD.contains(&folded.as_str()) {
            return skip(SkipReason::LogSource, format!("product {product}"));
        }
        let mut names = vec![folded];
        for family in FAMILIES {
            if family.contains(&names.first().map_or("", String::as_str)) {
                names.extend(family.iter().map(|name| (*name).to_owned()));
            }
        }
        self.makers.push(names);
        Ok(())
    }

    fn set_service(&mut self, service: &str, windows: bool) -> Result<(), Skip> {
        let folded = service.to_ascii_lowercase();
        if windows {
            // Events do not say from which channel they come; the numbers of these do not clash.
            let known = ["security", "system", "sysmon", "firewall-as"].contains(&folded.as_str());
            return if known || folded.starts_with("terminalservices-") {
                Ok(())
            } else {
                skip(SkipReason::LogSource, format!("service {service}"))
            };
        }
        let kinds: &[Kind] = match folded.as_str() {
            "auth" | "authentication" | "login" | "signinlogs" => &[Kind::Auth],
            "dns" => &[Kind::Dns],
            "http" | "access" => &[Kind::Http],
            "ssl" | "tls" | "x509" => &[Kind::Tls],
            "conn" | "connection" | "traffic" => &[Kind::Network],
            "smtp" => &[Kind::Mail],
            "utm" | "ips" | "ids" | "virus" | "threat" => &[Kind::Ids, Kind::Http],
            "event" | "syslog" | "aaa" => &[Kind::System, Kind::Auth, Kind::File, Kind::Process],
            "audit" | "auditlogs" | "activitylogs" | "google_workspace.admin" | "okta" => {
                &[Kind::System, Kind::Auth, Kind::File]
            }
            "onelogin.events" | "gcp.audit" | "pim" | "riskdetection" => {
                return skip(SkipReason::LogSource, format!("service {service}"));
            }
            _ => {
                self.service = Some(folded);
                return Ok(());
            }
        };
        if self.kinds == Kinds::ALL || !kinds.iter().any(|kind| self.kinds.has(*kind)) {
            self.kinds = Kinds::of(kinds);
        }
        Ok(())
    }
}

/// Spellings of the same maker or product.
const FAMILIES: &[&[&str]] = &[
    &["fortigate", "fortinet", "fortios"],
    &["opnsense", "pfsense", "filterlog"],
    &["paloalto", "palo_alto", "panos", "pan-os", "palo alto"],
    &["checkpoint", "check point"],
    &["apache", "httpd"],
    &["azure", "entra"],
    &["m365", "microsoft 365", "microsoft-365"],
    &["google_workspace", "google-workspace"],
    &["gcp", "google"],
];

/// Products that Sigma has many rules for and whose records no device sends here.
const NOT_HEARD: &[&str] = &[
    "macos",
    "onelogin",
    "github",
    "kubernetes",
    "bitbucket",
    "jvm",
    "django",
    "spring",
    "sql",
    "velocity",
    "ruby_on_rails",
];

fn contains_folded(text: &str, name: &str) -> bool {
    text.as_bytes()
        .windows(name.len().max(1))
        .any(|window| window.eq_ignore_ascii_case(name.as_bytes()))
}

fn made_by(event: &Event<'_>, name: &str) -> bool {
    contains_folded(event.format, name)
        || event
            .product
            .is_some_and(|text| contains_folded(text, name))
        || event.vendor.is_some_and(|text| contains_folded(text, name))
}

fn serves(event: &Event<'_>, service: &str) -> bool {
    made_by(event, service)
        || event
            .app_proto
            .as_deref()
            .is_some_and(|text| text.eq_ignore_ascii_case(service))
}

/// Whether a web request goes out to the internet, as a proxy sees it, rather than to a server of
/// ours.
fn is_outbound(event: &Event<'_>) -> bool {
    match event.direction {
        Some(direction) => direction == Direction::Outbound,
        None => {
            event.src_ip.is_some_and(|ip| !is_public(ip))
                && match event.dst_ip {
                    Some(ip) => is_public(ip),
                    None => event.dst_host.is_some(),
                }
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::time::Timestamp;

    #[test]
    fn routes() {
        let mut event = Event::new(Timestamp::default(), "nginx-access", Kind::Http);
        event.src_ip = Some("198.51.100.1".parse().unwrap());
        let takes = |event: &Event<'_>, category, product, service| {
            Route::new(category, product, service).is_ok_and(|route| route.takes(event))
        };
        assert!(takes(&event, Some("webserver"), None, None));
        assert!(takes(&event, None, Some("nginx"), None));
        assert!(takes(&event, Some("webserver"), Some("NGINX"), None));
        assert!(!takes(&event, None, Some("apache"), None));
        assert!(!takes(&event, Some("proxy"), None, None));
        event.direction = Some(Direction::Outbound);
        assert!(takes(&event, Some("proxy"), None, None));
        assert!(!takes(&event, Some("webserver"), None, None));

        let mut event = Event::new(Timestamp::default(), "fortigate", Kind::Network);
        event.vendor = Some("Fortinet");
        assert!(takes(&event, Some("firewall"), None, None));
        assert!(takes(&event, None, Some("fortios"), Some("traffic")));
        assert!(!takes(&event, None, Some("fortigate"), Some("event")));
        assert!(!takes(&event, None, Some("cisco"), None));

        let mut event = Event::new(Timestamp::default(), "windows-event", Kind::Auth);
        event.product = Some("windows");
        assert!(takes(&event, None, Some("windows"), Some("security")));
        assert!(!takes(&event, None, Some("azure"), Some("signinlogs")));
        let mut event = Event::new(Timestamp::default(), "entra", Kind::Auth);
        event.product = Some("Entra ID");
        assert!(takes(&event, None, Some("azure"), Some("signinlogs")));
        assert!(!takes(&event, None, Some("windows"), Some("security")));

        for (category, product, service) in [
            (Some("process_creation"), None, None),
            (None, Some("windows"), Some("powershell")),
            (None, Some("macos"), None),
            (None, None, None),
        ] {
            let reason = Route::new(category, product, service).unwrap_err().0;
            assert_eq!(reason, SkipReason::LogSource);
        }
    }

    #[test]
    fn every_event_field_has_its_own_name() {
        for field in Field::ALL {
            assert!(
                *field == Field::Ts || slots(field.as_str()).is_ok(),
                "{field}"
            );
        }
        assert_eq!(
            slots("CommandLine"),
            Err((SkipReason::Field, "CommandLine".into()))
        );
    }
}
