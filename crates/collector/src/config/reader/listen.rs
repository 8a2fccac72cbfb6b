//! `[[listen]]` sections.

use super::{Reader, Section};
use crate::config::{
    Allow, CertificateFrom, Expected, Listen, ListenTls, ProblemKind, Transport, Zone,
};

/// Highest rate that can be set; above it a limit is none.
const MAX_RATE: u64 = 1_000_000;

impl<'t> Reader<'t> {
    pub(super) fn listen(&mut self, mut section: Section<'t>) -> Option<Listen> {
        let transport = self.text_as(
            &mut section,
            "protocol",
            Expected::Word(Transport::WORDS),
            Transport::from_word,
        );
        let address = self.text_as(&mut section, "address", Expected::Address, |text| {
            text.parse().ok()
        });
        let allow = if section.table.contains_key("allow") {
            Allow::Networks(self.networks(&mut section, "allow"))
        } else {
            section.known.push("allow");
            Allow::Inside
        };
        let rate = self.number(&mut section, "records-per-second", 1, MAX_RATE);
        let zone = self.text_as(&mut section, "zone", Expected::Zone, Zone::from_text);
        let tls = match transport {
            Some(Transport::Tls) => Some(self.tls(&mut section)),
            Some(Transport::Relp | Transport::Http | Transport::Blocklist) => {
                let wanted = self.yes_no(&mut section, "tls").unwrap_or(false);
                wanted.then(|| self.tls(&mut section))
            }
            // These are judged once the protocol is known.
            None => {
                for key in ["tls", "token-file"] {
                    drop(section.take(key));
                }
                self.tls(&mut section);
                None
            }
            Some(Transport::Udp | Transport::Tcp | Transport::Flows) => None,
        };
        let token_file = (transport == Some(Transport::Http))
            .then(|| self.path(&mut section, "token-file"))
            .flatten();
        if transport == Some(Transport::Http) {
            self.required(&section, "token-file", token_file.as_ref());
        }
        let transport = self.required(&section, "protocol", transport);
        let address = self.required(&section, "address", address);
        self.finish(section);
        Some(Listen {
            transport: transport?,
            address: address?,
            allow,
            records_per_second: rate.and_then(|rate| u32::try_from(rate).ok()),
            zone,
            tls,
            token_file,
        })
    }

    fn tls(&mut self, section: &mut Section<'t>) -> ListenTls {
        let certificate = self.path(section, "certificate");
        let key = self.path(section, "key");
        let client_authority = self.path(section, "client-authority");
        let optional = self.yes_no(section, "client-certificate-optional");
        if optional.is_some() && client_authority.is_none() {
            self.needs(section, "client-certificate-optional", "client-authority");
        }
        let certificate = match (certificate, key) {
            (None, None) => CertificateFrom::OwnMade,
            (Some(path), None) if path.as_os_str() == "hub" => CertificateFrom::Hub,
            (Some(certificate), Some(key)) => CertificateFrom::Files { certificate, key },
            (Some(_), None) => {
                self.needs(section, "certificate", "key");
                CertificateFrom::OwnMade
            }
            (None, Some(_)) => {
                self.needs(section, "key", "certificate");
                CertificateFrom::OwnMade
            }
        };
        ListenTls {
            certificate,
            client_authority,
            client_optional: optional.unwrap_or(false),
        }
    }

    fn needs(&mut self, section: &Section<'t>, key: &str, needed: &str) {
        let kind = ProblemKind::Needs {
            key: format!("{}{key}", section.prefix),
            needed: format!("{}{needed}", section.prefix),
        };
        self.problem(section.at, kind);
    }
}
