//! What devices are called to people. Format files say maker and product as machines compare them;
//! `content/devices/names.toml` says how a person knows them, and under which heading to look.

use std::borrow::Cow;
use std::collections::BTreeMap;

use crate::content;

/// The heading of a device that the table of names does not know.
const OTHER: &str = "other";

/// The names of devices.
#[derive(Debug)]
pub struct DeviceNames {
    /// Heading and name, by maker and product or by format.
    known: BTreeMap<String, (usize, String)>,
    groups: Vec<String>,
}

/// A device as a person knows it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Named<'n> {
    /// Code of the heading it stands under, such as `firewall`.
    pub group: &'n str,
    /// Its name.
    pub name: Cow<'n, str>,
}

impl DeviceNames {
    /// The names that ship with the program.
    ///
    /// # Errors
    /// When the shipped table is wrong, which a test excludes.
    pub fn built_in() -> Result<Self, String> {
        let mut names = Self {
            known: BTreeMap::new(),
            groups: Vec::new(),
        };
        for (file, text) in content::DEVICES {
            names
                .add(text)
                .map_err(|why| format!("{file}.toml: {why}"))?;
        }
        names.groups.push(OTHER.to_owned());
        Ok(names)
    }

    fn add(&mut self, text: &str) -> Result<(), String> {
        let table: toml::Table = text.parse().map_err(|why| format!("{why}"))?;
        // The table forgets the order of the file; the headings' order is the file's.
        let mut groups: Vec<(usize, String)> = table
            .keys()
            .map(|group| {
                let at = text.find(&format!("\n[{group}]"));
                (at.unwrap_or(text.len()), group.clone())
            })
            .collect();
        groups.sort();
        for (_, group) in groups {
            let entries = table.get(&group).and_then(toml::Value::as_table);
            let entries = entries.ok_or_else(|| format!("{group} is no heading"))?;
            for (key, name) in entries {
                let name = name.as_str().ok_or_else(|| format!("{key} is no name"))?;
                let entry = (self.groups.len(), name.to_owned());
                if self.known.insert(key.clone(), entry).is_some() {
                    return Err(format!("{key} stands there twice"));
                }
            }
            self.groups.push(group);
        }
        Ok(())
    }

    /// The codes of all headings, in the order of the list of devices; the last is that of devices
    /// without one.
    pub fn groups(&self) -> impl Iterator<Item = &str> {
        self.groups.iter().map(String::as_str)
    }

    /// What a device is called whose records the format `format` reads, which says so of its maker and
    /// product.
    #[must_use]
    pub fn of(&self, format: &str, vendor: Option<&str>, product: Option<&str>) -> Named<'_> {
        let key = product.map_or_else(
            || Cow::Borrowed(format),
            |product| Cow::Owned(format!("{}/{product}", vendor.unwrap_or("-"))),
        );
        let known = self.known.get(&*key);
        let group = known.and_then(|(group, _)| self.groups.get(*group));
        match (known, group) {
            (Some((_, name)), Some(group)) => Named {
                group,
                name: Cow::Borrowed(name),
            },
            _ => Named {
                group: OTHER,
                name: Cow::Owned(plain(format, vendor, product)),
            },
        }
    }
}

/// The words of a format file itself.
fn plain(format: &str, vendor: Option<&str>, product: Option<&str>) -> String {
    match (vendor, product) {
        (Some(vendor), Some(product))
            if product.to_lowercase().contains(&vendor.to_lowercase()) =>
        {
            product.to_owned()
        }
        (Some(vendor), Some(product)) => format!("{vendor} {product}"),
        (_, product) => product.or(vendor).unwrap_or(format).to_owned(),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn names_for_people() {
        let names = DeviceNames::built_in().unwrap();
        for (format, vendor, product, expected) in [
            (
                "x",
                Some("sonicwall"),
                Some("sonicos"),
                ("firewall", "SonicWall"),
            ),
            (
                "generic-cef",
                None,
                None,
                ("general", "Any device that sends CEF"),
            ),
            ("x", Some("Acme"), Some("Wall"), ("other", "Acme Wall")),
            ("x", Some("acme"), Some("Acme Wall"), ("other", "Acme Wall")),
            ("x", None, Some("Wall"), ("other", "Wall")),
            ("x", None, None, ("other", "x")),
        ] {
            let named = names.of(format, vendor, product);
            assert_eq!((named.group, &*named.name), expected);
        }
        let groups: Vec<_> = names.groups().collect();
        assert_eq!(groups.first(), Some(&"firewall"));
        assert_eq!(groups.last(), Some(&"other"));
    }

    /// A name that no format leads to is a device that is not read.
    #[test]
    fn every_name_is_of_a_format() {
        let names = DeviceNames::built_in().unwrap();
        let mut unused: Vec<&str> = names.known.keys().map(String::as_str).collect();
        for (format, text) in content::FORMATS.iter() {
            let about = super::super::about(format, text).unwrap();
            let called = names.of(format, about.vendor.as_deref(), about.product.as_deref());
            unused.retain(|key| {
                names
                    .known
                    .get(*key)
                    .is_some_and(|(_, name)| **name != *called.name)
            });
        }
        assert!(unused.is_empty(), "{unused:?}");
    }
}
