//! Police force areas of England, Wales and Northern Ireland, with the regional unit and resilience
//! centre of each. Codes: ONS police-force-area register.

use crate::content;

/// A police force area.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Area {
    /// Name of the force.
    pub force: &'static str,
    /// Short name used in addresses and settings, such as `west-midlands`.
    pub slug: &'static str,
    /// ONS code; `None` where the register has none (Northern Ireland).
    pub code: Option<&'static str>,
    /// Regional organised crime unit.
    pub region: &'static str,
    /// Cyber resilience centre.
    pub centre: &'static str,
}

/// Every area, in the order of the register file.
pub fn all() -> impl Iterator<Item = Area> {
    content::AREAS
        .iter()
        .filter(|(name, _)| *name == "forces")
        .flat_map(|(_, text)| text.lines().skip(1))
        .filter_map(read)
}

/// The area with this short name or ONS code.
#[must_use]
pub fn find(slug_or_code: &str) -> Option<Area> {
    all().find(|area| area.slug == slug_or_code || area.code == Some(slug_or_code))
}

/// The ONS code and force of every area that has a code, in the order of the register file.
pub fn coded() -> impl Iterator<Item = (&'static str, &'static str)> {
    all().filter_map(|area| Some((area.code?, area.force)))
}

/// The force of the area with this ONS code; the code itself when the register does not know it.
#[must_use]
pub fn name(code: &str) -> &str {
    by_code(code).map_or(code, |area| area.force)
}

/// The regional unit of the area with this ONS code.
#[must_use]
pub fn region(code: &str) -> Option<&'static str> {
    by_code(code).map(|area| area.region)
}

fn by_code(code: &str) -> Option<Area> {
    all().find(|area| area.code == Some(code))
}

/// One row: force, slug, code, regional unit, centre, country. No field holds a comma.
fn read(row: &'static str) -> Option<Area> {
    let mut fields = row.split(',');
    let area = Area {
        force: fields.next()?,
        slug: fields.next()?,
        code: fields
            .next()
            .map(|code| (!code.is_empty()).then_some(code))?,
        region: fields.next()?,
        centre: fields.next()?,
    };
    fields.next()?;
    Some(area)
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::collections::BTreeSet;

    #[test]
    fn there_are_43_areas_and_northern_ireland_each_found_by_name_and_code() {
        assert_eq!(all().count(), 44);
        assert_eq!(
            all()
                .filter_map(|area| area.code)
                .collect::<BTreeSet<_>>()
                .len(),
            43
        );
        assert_eq!(
            all().map(|area| area.slug).collect::<BTreeSet<_>>().len(),
            44
        );
        for area in all() {
            assert_eq!(find(area.slug), Some(area));
            let valid = |code: &str| code.len() == 9 && code.starts_with(['E', 'W']);
            assert!(area.code.is_none_or(valid), "{area:?}");
        }
        assert_eq!(
            find("W15000003").map(|area| area.force),
            Some("South Wales Police")
        );
        assert_eq!(find("nowhere"), None);
        assert_eq!(name("E23000035"), "Devon & Cornwall Police");
        assert_eq!(name("X00000000"), "X00000000");
        assert_eq!(region("E23000035"), Some("SWROCU"));
        assert_eq!(coded().count(), 43);
    }
}
