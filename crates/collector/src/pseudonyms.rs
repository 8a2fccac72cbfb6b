//! The key by which sightings are called something else than findings
//! ([`larum_core::minimise::PseudonymKey`]): made once, at random, and kept in the state folder, whose files
//! only the collector's own account may read. It is sent to nobody and stands in no bundle.

use std::io;
use std::path::Path;

use larum_core::minimise::{PSEUDONYM_KEY_BYTES, PseudonymKey};
use larum_link::secret;

use crate::state;

const FILE: &str = "pseudonyms.key";

/// The key of `folder`; the first time, and when it is damaged, a new one. After that, sightings of what is
/// going on are called something new, and count at the hub once more.
///
/// # Errors
/// When it cannot be read, made or written.
pub fn kept(folder: &Path) -> io::Result<PseudonymKey> {
    if let Some(bytes) = state::read_bytes(folder, FILE)? {
        if let Ok(bytes) = bytes.as_slice().try_into() {
            return Ok(PseudonymKey::new(bytes));
        }
        tracing::error!("the key of the pseudonyms is damaged; a new one is made");
    }
    let bytes = random()?;
    state::replace(folder, FILE, &bytes)?;
    Ok(PseudonymKey::new(&bytes))
}

/// The key of `folder` to show what would leave, or, where there is none yet, one that is forgotten again.
///
/// # Errors
/// When the system gives nothing random.
pub fn to_show(folder: &Path) -> io::Result<PseudonymKey> {
    let kept = state::read_bytes(folder, FILE).ok().flatten();
    match kept.and_then(|bytes| bytes.try_into().ok()) {
        Some(bytes) => Ok(PseudonymKey::new(&bytes)),
        None => Ok(PseudonymKey::new(&random()?)),
    }
}

fn random() -> io::Result<[u8; PSEUDONYM_KEY_BYTES]> {
    secret::random().map_err(io::Error::other)
}

#[cfg(test)]
mod tests {
    use std::os::unix::fs::PermissionsExt as _;

    use larum_core::finding::FindingId;

    use super::*;

    #[test]
    fn it_is_made_once_for_its_owner_only_and_differs_between_firms() {
        let id = FindingId([3; 16]);
        let (one, other) = (tempfile::tempdir().unwrap(), tempfile::tempdir().unwrap());
        let shown = to_show(one.path()).unwrap().of(id);
        let first = kept(one.path()).unwrap().of(id);
        assert_eq!(kept(one.path()).unwrap().of(id), first);
        assert_eq!(to_show(one.path()).unwrap().of(id), first);
        assert_ne!(shown, first, "what is shown before makes no file");
        assert_ne!(kept(other.path()).unwrap().of(id), first);
        let about = std::fs::metadata(one.path().join(FILE)).unwrap();
        assert_eq!(about.permissions().mode() & 0o777, 0o600);
        std::fs::write(one.path().join(FILE), "short").unwrap();
        assert_ne!(kept(one.path()).unwrap().of(id), first);
    }
}
