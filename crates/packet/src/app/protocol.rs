//! The application protocols that are recognised, each with its one spelling.

/// Declares the closed set with its spellings.
macro_rules! protocols {
    ($($(#[$meta:meta])* $variant:ident = $word:literal,)+) => {
        /// An application protocol, known by what its bytes look like.
        #[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
        pub enum Protocol { $($(#[$meta])* $variant,)+ }

        impl Protocol {
            /// Every protocol, in order.
            pub const ALL: &'static [Self] = &[$(Self::$variant,)+];

            /// The spelling used in an event's `app_proto`.
            #[must_use]
            pub const fn as_str(self) -> &'static str {
                match self { $(Self::$variant => $word,)+ }
            }
        }
    };
}

protocols! {
    /// Advanced Message Queuing Protocol.
    Amqp = "amqp",
    /// Border Gateway Protocol (RFC 4271).
    Bgp = "bgp",
    /// `BitTorrent` peers and its distributed table.
    BitTorrent = "bittorrent",
    /// ISO transport on TCP, as S7 controllers speak it (RFC 1006).
    Cotp = "cotp",
    /// DCE remote procedure calls.
    Dcerpc = "dcerpc",
    /// DHCP (RFC 2131) and BOOTP.
    Dhcp = "dhcp",
    /// DHCP for IPv6 (RFC 8415).
    Dhcpv6 = "dhcpv6",
    /// Diameter (RFC 6733).
    Diameter = "diameter",
    /// Distributed Network Protocol (IEEE 1815).
    Dnp3 = "dnp3",
    /// The domain name system (RFC 1035).
    Dns = "dns",
    /// TLS on datagrams (RFC 6347, RFC 9147).
    Dtls = "dtls",
    /// EtherNet/IP, the industrial one.
    Enip = "enip",
    /// File transfer, the commands (RFC 959).
    Ftp = "ftp",
    /// Git's own transport.
    Git = "git",
    /// GPRS tunnelling.
    Gtp = "gtp",
    /// HTTP/1 (RFC 9112).
    Http = "http",
    /// HTTP/2 in clear text (RFC 9113).
    Http2 = "http2",
    /// IPsec key exchange (RFC 7296).
    Ike = "ike",
    /// IMAP (RFC 9051).
    Imap = "imap",
    /// Internet relay chat.
    Irc = "irc",
    /// Java remote method invocation.
    Rmi = "rmi",
    /// Kerberos (RFC 4120).
    Kerberos = "kerberos",
    /// LDAP (RFC 4511).
    Ldap = "ldap",
    /// Link-local multicast name resolution (RFC 4795).
    Llmnr = "llmnr",
    /// Multicast DNS (RFC 6762).
    Mdns = "mdns",
    /// Memcached.
    Memcached = "memcached",
    /// Modbus on TCP.
    Modbus = "modbus",
    /// `MongoDB`'s wire protocol.
    MongoDb = "mongodb",
    /// MQTT, all versions.
    Mqtt = "mqtt",
    /// Microsoft SQL Server's TDS.
    Mssql = "mssql",
    /// `MySQL` and `MariaDB`.
    MySql = "mysql",
    /// `NetBIOS` names (RFC 1002).
    Nbns = "nbns",
    /// `NetBIOS` datagrams (RFC 1002).
    NetBiosDatagram = "nbdgm",
    /// Network news.
    Nntp = "nntp",
    /// Network time (RFC 5905).
    Ntp = "ntp",
    /// Oracle's database (TNS).
    Oracle = "oracle",
    /// `OpenVPN`.
    OpenVpn = "openvpn",
    /// POP3 (RFC 1939).
    Pop3 = "pop3",
    /// `PostgreSQL`.
    PostgreSql = "postgresql",
    /// QUIC (RFC 9000).
    Quic = "quic",
    /// RADIUS (RFC 2865).
    Radius = "radius",
    /// Remote desktop.
    Rdp = "rdp",
    /// Redis.
    Redis = "redis",
    /// ONC remote procedure calls (RFC 5531), NFS above all.
    SunRpc = "sunrpc",
    /// Rsync's own daemon.
    Rsync = "rsync",
    /// Real-time streaming control (RFC 2326).
    Rtsp = "rtsp",
    /// SIP (RFC 3261).
    Sip = "sip",
    /// SMB 1, 2 and 3.
    Smb = "smb",
    /// SMTP (RFC 5321).
    Smtp = "smtp",
    /// SNMP 1, 2c and 3.
    Snmp = "snmp",
    /// SOCKS 4 and 5 (RFC 1928).
    Socks = "socks",
    /// SSDP, the discovery of UPnP.
    Ssdp = "ssdp",
    /// SSH (RFC 4253).
    Ssh = "ssh",
    /// STUN and TURN (RFC 8489).
    Stun = "stun",
    /// Synchrophasors (IEEE C37.118).
    Synchrophasor = "synchrophasor",
    /// Syslog.
    Syslog = "syslog",
    /// Telnet (RFC 854).
    Telnet = "telnet",
    /// Trivial file transfer (RFC 1350).
    Tftp = "tftp",
    /// TLS and SSL.
    Tls = "tls",
    /// Screen sharing by RFB (RFC 6143).
    Vnc = "vnc",
    /// `WireGuard`.
    WireGuard = "wireguard",
    /// XMPP (RFC 6120).
    Xmpp = "xmpp",
}
