//! The `[[oidc]]` parts of the hub's configuration: providers of single sign-on.

use std::path::PathBuf;

use larum_core::settings;
use toml::Spanned;
use toml::de::{DeTable, DeValue};

use super::{ProblemKind, Reader};
use crate::people::oidc::{Settings, is_issuer};
use crate::read;

/// Most providers.
const MAX_PROVIDERS: usize = 8;
/// Most entries of `acr` and of `amr`.
const MAX_LIST: usize = 16;
/// Longest name in addresses, and longest other text, in bytes.
const MAX_NAME_BYTES: usize = 32;
const MAX_TEXT_BYTES: usize = 500;
/// Longest secret file read, in bytes.
const MAX_SECRET_BYTES: u64 = 4_096;

/// Every key of a table.
pub(super) const KEYS: &[&str] = &[
    "oidc.name",
    "oidc.label",
    "oidc.issuer",
    "oidc.client-id",
    "oidc.secret-file",
    "oidc.acr",
    "oidc.amr",
];

/// One provider of single sign-on.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct OidcConfig {
    /// Its short name in addresses, small letters, digits and dashes; `name`, must be said.
    pub name: String,
    /// What people call it; `label`, default the name.
    pub label: String,
    /// Its issuer; `issuer`, an `https://` address, must be said.
    pub issuer: String,
    /// What it calls this hub; `client-id`, must be said.
    pub client_id: String,
    /// A file with the secret alone; `secret-file`, default none.
    pub secret_file: Option<PathBuf>,
    /// Classes of authentication of which it must say one; `acr`, default any.
    pub acr: Vec<String>,
    /// Ways of authentication all of which it must say; `amr`, default any.
    pub amr: Vec<String>,
}

impl OidcConfig {
    /// With the secret read from its file.
    ///
    /// # Errors
    /// When the file cannot be read, or is empty.
    pub fn settings(&self) -> std::io::Result<Settings> {
        let mut secret = String::new();
        if let Some(file) = &self.secret_file {
            secret = read::text(file, MAX_SECRET_BYTES)?;
            if secret.trim().is_empty() {
                return Err(std::io::ErrorKind::InvalidData.into());
            }
        }
        Ok(Settings {
            name: self.name.clone(),
            label: self.label.clone(),
            issuer: self.issuer.clone(),
            client_id: self.client_id.clone(),
            secret: secret.trim().to_owned(),
            acr: self.acr.clone(),
            amr: self.amr.clone(),
        })
    }
}

impl Reader<'_> {
    /// The tables `[[oidc]]`, taken out of the document.
    pub(super) fn oidc(&mut self, document: &mut DeTable<'_>) -> Vec<OidcConfig> {
        let Some(found) = document.remove("oidc") else {
            return Vec::new();
        };
        let at = found.span().start;
        let DeValue::Array(list) = found.into_inner() else {
            self.problem(at, ProblemKind::Wrong("oidc"));
            return Vec::new();
        };
        let mut providers: Vec<OidcConfig> = Vec::new();
        for entry in list {
            let entry_at = entry.span().start;
            let DeValue::Table(mut table) = entry.into_inner() else {
                self.problem(entry_at, ProblemKind::Wrong("oidc"));
                continue;
            };
            let provider = self.provider(&mut table, entry_at);
            let is_twice = providers
                .iter()
                .any(|one| one.name == provider.name || one.issuer == provider.issuer);
            if is_twice || providers.len() >= MAX_PROVIDERS {
                self.problem(entry_at, ProblemKind::Wrong("oidc"));
            }
            providers.push(provider);
        }
        providers
    }

    fn provider(&mut self, table: &mut DeTable<'_>, at: usize) -> OidcConfig {
        for key in ["oidc.name", "oidc.issuer", "oidc.client-id"] {
            if !key
                .strip_prefix("oidc.")
                .is_some_and(|key| table.contains_key(key))
            {
                self.problem(at, ProblemKind::Missing(key));
            }
        }
        let name = |value: &DeValue<'_>| {
            let name = text(value)?;
            let plain = name
                .bytes()
                .all(|byte| byte.is_ascii_lowercase() || byte.is_ascii_digit() || byte == b'-');
            (plain && name.len() <= MAX_NAME_BYTES).then_some(name)
        };
        let issuer = |value: &DeValue<'_>| text(value).filter(|issuer| is_issuer(issuer));
        let path = |value: &DeValue<'_>| text(value).map(PathBuf::from);
        let name = self.said(table, "oidc.name", name).unwrap_or_default();
        let provider = OidcConfig {
            label: self
                .said(table, "oidc.label", text)
                .unwrap_or_else(|| name.clone()),
            name,
            issuer: self.said(table, "oidc.issuer", issuer).unwrap_or_default(),
            client_id: self.said(table, "oidc.client-id", text).unwrap_or_default(),
            secret_file: self.said(table, "oidc.secret-file", path),
            acr: self.said(table, "oidc.acr", texts).unwrap_or_default(),
            amr: self.said(table, "oidc.amr", texts).unwrap_or_default(),
        };
        for key in table.keys() {
            let written = format!("oidc.{}", key.get_ref());
            let nearest = settings::nearest(&written, KEYS);
            let key_at = key.span().start;
            self.problem(
                key_at,
                ProblemKind::UnknownKey {
                    key: written,
                    nearest,
                },
            );
        }
        provider
    }

    /// The value of `oidc.KEY`.
    fn said<T>(
        &mut self,
        table: &mut DeTable<'_>,
        key: &'static str,
        read: impl Fn(&DeValue<'_>) -> Option<T>,
    ) -> Option<T> {
        let found: Spanned<DeValue<'_>> = table.remove(key.strip_prefix("oidc.")?)?;
        let value = read(found.get_ref());
        if value.is_none() {
            self.problem(found.span().start, ProblemKind::Wrong(key));
        }
        value
    }
}

fn text(value: &DeValue<'_>) -> Option<String> {
    let text = value.as_str()?;
    let good =
        !text.is_empty() && text.len() <= MAX_TEXT_BYTES && !text.chars().any(char::is_control);
    good.then(|| text.to_owned())
}

fn texts(value: &DeValue<'_>) -> Option<Vec<String>> {
    let list = value.as_array()?;
    if list.is_empty() || list.len() > MAX_LIST {
        return None;
    }
    list.iter()
        .map(|entry| text(entry.get_ref()).filter(|text| !text.contains(' ')))
        .collect()
}

#[cfg(test)]
mod tests {
    use larum_core::words::Words;

    use super::super::HubConfig;
    use super::*;

    const HEAD: &str = "state-dir = \"/x\"\nlink-name = \"hub.example.org\"\n";
    const GOOD: &str =
        "[[oidc]]\nname = \"police\"\nissuer = \"https://id.example.org\"\nclient-id = \"larum\"\n";

    #[test]
    fn providers_are_read_with_their_defaults() {
        let more = "label = \"Police sign-on\"\nsecret-file = \"/etc/x\"\nacr = [\"phr\"]\namr = [\"mfa\"]\n";
        let config = HubConfig::parse(&format!("{HEAD}{GOOD}{more}")).unwrap();
        let expected = OidcConfig {
            name: "police".into(),
            label: "Police sign-on".into(),
            issuer: "https://id.example.org".into(),
            client_id: "larum".into(),
            secret_file: Some("/etc/x".into()),
            acr: vec!["phr".into()],
            amr: vec!["mfa".into()],
        };
        assert_eq!(config.oidc, [expected]);
        let config = HubConfig::parse(&format!("{HEAD}{GOOD}")).unwrap();
        assert_eq!(
            config.oidc.first().map(|one| one.label.as_str()),
            Some("police")
        );
        assert!(
            config
                .oidc
                .first()
                .unwrap()
                .settings()
                .unwrap()
                .secret
                .is_empty()
        );
    }

    #[test]
    fn what_is_wrong_is_told_with_its_line() {
        let words = Words::of("en").unwrap();
        let check = |tail: &str, lines: &[usize]| {
            let problems = HubConfig::parse(&format!("{HEAD}{tail}")).unwrap_err();
            let found: Vec<usize> = problems.iter().map(|problem| problem.line).collect();
            assert_eq!(found, lines, "{tail}");
            for problem in problems {
                assert!(!problem.say(&words).contains('«'), "{problem:?}");
            }
        };
        check("oidc = 1\n", &[3]);
        check("[[oidc]]\n", &[3, 3, 3]);
        check(&GOOD.replace("https", "http"), &[5]);
        check(&GOOD.replace("\"police\"", "\"Police force\""), &[4]);
        check(&format!("{GOOD}{GOOD}"), &[7]);
        check(&format!("{GOOD}acr = \"phr\"\n"), &[7]);
        check(&format!("{GOOD}amr = [\"a b\"]\n"), &[7]);
        check(&format!("{GOOD}clientid = \"x\"\n"), &[7]);
        for key in KEYS {
            let key = key.replace('.', "-");
            assert!(words.has(&format!("hub-config-allowed-{key}")), "{key}");
        }
    }
}
