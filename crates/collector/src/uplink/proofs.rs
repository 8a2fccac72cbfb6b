//! Beside the ledger: the certificates of the hub's authorities, which prove its receipts for as long as
//! anybody keeps them. None is ever taken away: a hub that has another authority today signed the older
//! receipts with the one before.

use std::io;
use std::path::Path;

use larum_link::tls;
use rustls::pki_types::CertificateDer;

use crate::state;

/// In a ledger's folder: every authority that this collector has known its hub by, PEM, the oldest first.
const FILE: &str = "hub.pem";
/// What versions before wrote in its place: one certificate, DER.
const OLD_FILE: &str = "hub.der";
/// Most certificates kept: a hub that changes its authority each year needs 100 years for them. Beyond it
/// the oldest goes.
const MAX_KEPT: usize = 100;
/// Text that begins each of them.
const BEGIN: &str = "-----BEGIN CERTIFICATE-----";

/// The certificates kept in the ledger's `folder`, the oldest first.
///
/// # Errors
/// When a file of it cannot be read.
pub fn kept(folder: &Path) -> io::Result<Vec<CertificateDer<'static>>> {
    let mut found = Vec::new();
    match std::fs::read(folder.join(OLD_FILE)) {
        Ok(der) => found.push(CertificateDer::from(der)),
        Err(error) if error.kind() == io::ErrorKind::NotFound => {}
        Err(error) => return Err(error),
    }
    let text = state::read(folder, FILE)?.unwrap_or_default();
    for part in text.split(BEGIN).skip(1) {
        let one = tls::certificates(&format!("{BEGIN}{part}")).map_err(io::Error::other)?;
        for certificate in one {
            if !found.contains(&certificate) {
                found.push(certificate);
            }
        }
    }
    Ok(found)
}

/// Keeps `authorities` too, on the disk when this returns.
///
/// # Errors
/// When a file cannot be read or written; what was there stays.
pub fn keep(folder: &Path, authorities: &[CertificateDer<'static>]) -> io::Result<()> {
    let mut all = kept(folder)?;
    let before = all.len();
    for authority in authorities {
        if !all.contains(authority) {
            all.push(authority.clone());
        }
    }
    if all.len() == before {
        return Ok(());
    }
    let spare = all.len().saturating_sub(MAX_KEPT);
    let text: String = all.iter().skip(spare).map(tls::pem).collect();
    state::replace(folder, FILE, text.as_bytes())
}

#[cfg(test)]
mod tests {
    use super::*;

    fn certificate(number: usize) -> CertificateDer<'static> {
        CertificateDer::from(number.to_be_bytes().to_vec())
    }

    #[test]
    fn each_stays_once_and_an_old_file_is_read() {
        let folder = tempfile::tempdir().unwrap();
        let folder = folder.path();
        assert!(kept(folder).unwrap().is_empty());
        let [one, two, three] = [1, 2, 3].map(certificate);
        std::fs::write(folder.join(OLD_FILE), &one).unwrap();
        keep(folder, &[one.clone(), two.clone()]).unwrap();
        keep(folder, std::slice::from_ref(&three)).unwrap();
        keep(folder, &[two.clone(), three.clone()]).unwrap();
        assert_eq!(kept(folder).unwrap(), [one, two, three]);
    }

    #[test]
    fn the_number_is_bounded() {
        let folder = tempfile::tempdir().unwrap();
        for number in 0..MAX_KEPT + 20 {
            keep(folder.path(), &[certificate(number)]).unwrap();
        }
        let kept = kept(folder.path()).unwrap();
        assert_eq!(kept.len(), MAX_KEPT);
        assert_eq!(kept.last(), Some(&certificate(MAX_KEPT + 19)));
    }
}
