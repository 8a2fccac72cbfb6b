//! Police force areas, from `content/areas.csv` (ONS code, force, region).

/// The table: code, force, region; no field holds a comma.
const AREAS: &str = include_str!("../../../content/areas.csv");

/// Every area: code and force, by code.
pub fn all() -> impl Iterator<Item = (&'static str, &'static str)> {
    AREAS.lines().skip(1).filter_map(|line| {
        let mut cells = line.split(',');
        Some((cells.next()?, cells.next()?))
    })
}

/// The force of an area; its code when the table does not know it.
#[must_use]
pub fn name(code: &str) -> &str {
    all()
        .find(|(found, _)| *found == code)
        .map_or(code, |(_, force)| force)
}

/// The region an area belongs to.
#[must_use]
pub fn region(code: &str) -> Option<&'static str> {
    AREAS
        .lines()
        .skip(1)
        .find_map(|line| line.strip_prefix(code)?.rsplit(',').next())
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::people::is_area_code;

    #[test]
    fn every_row_is_whole_and_has_its_own_code() {
        let mut before = "";
        for (code, force) in all() {
            assert!(is_area_code(code) && !force.is_empty(), "{code}");
            assert!(code > before, "{code} is out of order or twice");
            assert!(region(code).is_some_and(|region| !region.is_empty()));
            before = code;
        }
        assert_eq!(all().count(), 43);
        assert_eq!(name("E23000035"), "Devon & Cornwall Police");
        assert_eq!(name("X00000000"), "X00000000");
        assert_eq!(region("X00000000"), None);
    }
}
