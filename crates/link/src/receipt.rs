//! The hub's signature on a receipt: proof, for whoever holds the hub's certificate, that the hub has
//! counted these very bytes of this collector, at this time.
//!
//! Signed with the key of the hub's own authority, so that a receipt can be checked years later with
//! nothing but the certificate the collector has trusted since it joined. What is signed begins with
//! [`PREFIX`], which no certificate does (DER begins with the byte 0x30): a signed receipt can never
//! be passed off as a certificate, nor a certificate as a receipt.
//!
//! # What is signed
//! Lines of text, each ended by a line feed: [`PREFIX`], the collector's identity, the batch's number,
//! the SHA-256 of its bytes, the hub's number for it, the time of storing, and one line `REASON=COUNT`
//! for each reason for which sightings were set aside, in order. Nothing in a line can hold a line
//! feed: [`signed_text`] refuses one that does.

use std::fmt::Write as _;

use data_encoding::BASE64;
use rustls_pki_types::CertificateDer;

use crate::wire::Receipt;

/// What every signed text begins with.
pub const PREFIX: &str = "larum-receipt-v1";
/// Longest signature read, in base64 digits: an RSA key of 4,096 bits needs 684.
const MAX_SIGNATURE_DIGITS: usize = 1_024;

/// Why a receipt is no proof.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, thiserror::Error)]
pub enum NoProof {
    /// It carries no signature: the hub is older than signatures, or somebody removed it.
    #[error("unsigned")]
    Unsigned,
    /// The signature is not that hub's, or is over something else.
    #[error("signature")]
    Wrong,
}

/// The bytes that are signed; `None` when a word in the receipt could break out of its line.
#[must_use]
pub fn signed_text(receipt: &Receipt, collector: &str) -> Option<Vec<u8>> {
    let sound = |word: &str| word.bytes().all(|byte| byte.is_ascii_graphic());
    let words = receipt.set_aside.keys().map(String::as_str);
    if !words.chain([collector, receipt.sha256.as_str()]).all(sound) {
        return None;
    }
    let mut text = format!(
        "{PREFIX}\n{collector}\n{}\n{}\n{}\n{}\n",
        receipt.sequence, receipt.sha256, receipt.receipt, receipt.received
    );
    for (reason, count) in &receipt.set_aside {
        writeln!(text, "{reason}={count}").ok()?;
    }
    Some(text.into_bytes())
}

/// The signature as it stands in a receipt.
#[must_use]
pub fn written(signature: &[u8]) -> String {
    BASE64.encode(signature)
}

/// Checks that the holder of `authority`'s key has signed this receipt for this collector.
///
/// # Errors
/// When it has not.
pub fn verify(
    receipt: &Receipt,
    collector: &str,
    authority: &CertificateDer<'_>,
) -> Result<(), NoProof> {
    if receipt.signature.is_empty() {
        return Err(NoProof::Unsigned);
    }
    let digits = receipt.signature.as_bytes();
    if digits.len() > MAX_SIGNATURE_DIGITS {
        return Err(NoProof::Wrong);
    }
    let signature = BASE64.decode(digits).map_err(|_| NoProof::Wrong)?;
    let text = signed_text(receipt, collector).ok_or(NoProof::Wrong)?;
    let signer = webpki::EndEntityCert::try_from(authority).map_err(|_| NoProof::Wrong)?;
    let algorithms =
        rustls::crypto::aws_lc_rs::default_provider().signature_verification_algorithms;
    // Which of them fits follows from the key; the others refuse.
    let signed = algorithms.all.iter().any(|algorithm| {
        signer
            .verify_signature(*algorithm, &text, &signature)
            .is_ok()
    });
    signed.then_some(()).ok_or(NoProof::Wrong)
}

#[cfg(test)]
mod tests {
    use rcgen::{CertificateParams, KeyPair, SigningKey as _};

    use super::*;

    const COLLECTOR: &str = "00112233445566778899aabbccddeeff";
    type Spoil = fn(&mut Receipt);

    fn authority() -> (KeyPair, CertificateDer<'static>) {
        let key = KeyPair::generate().unwrap();
        let mut params = CertificateParams::default();
        params.is_ca = rcgen::IsCa::Ca(rcgen::BasicConstraints::Constrained(0));
        let certificate = params.self_signed(&key).unwrap();
        (key, certificate.der().clone())
    }

    fn receipt(key: &KeyPair) -> Receipt {
        let mut receipt = Receipt {
            sequence: 7,
            sha256: "ab".repeat(32),
            receipt: 99,
            received: 1_800_000_000_000,
            set_aside: [("id".to_owned(), 2), ("time-ahead".to_owned(), 1)].into(),
            signature: String::new(),
        };
        let text = signed_text(&receipt, COLLECTOR).unwrap();
        receipt.signature = written(&key.sign(&text).unwrap());
        receipt
    }

    #[test]
    fn the_hub_s_word_is_proved() {
        let (key, certificate) = authority();
        assert_eq!(verify(&receipt(&key), COLLECTOR, &certificate), Ok(()));
    }

    #[test]
    fn anything_else_is_not() {
        let (key, certificate) = authority();
        let cases: [(NoProof, Spoil); 9] = [
            (NoProof::Unsigned, |receipt| receipt.signature.clear()),
            (NoProof::Wrong, |receipt| receipt.sequence += 1),
            (NoProof::Wrong, |receipt| receipt.sha256 = "cd".repeat(32)),
            (NoProof::Wrong, |receipt| receipt.receipt += 1),
            (NoProof::Wrong, |receipt| receipt.received -= 1),
            (NoProof::Wrong, |receipt| receipt.set_aside.clear()),
            (NoProof::Wrong, |receipt| {
                receipt.set_aside = [("id=2\ntime-ahead".to_owned(), 1)].into();
            }),
            (NoProof::Wrong, |receipt| receipt.signature.insert(0, 'A')),
            (NoProof::Wrong, |receipt| {
                receipt.signature = "A".repeat(5_000)
            }),
        ];
        for (index, (expected, spoil)) in cases.into_iter().enumerate() {
            let mut receipt = receipt(&key);
            spoil(&mut receipt);
            let answer = verify(&receipt, COLLECTOR, &certificate);
            assert_eq!(answer, Err(expected), "case {index}");
        }
        let good = receipt(&key);
        let (_, other) = authority();
        assert_eq!(verify(&good, COLLECTOR, &other), Err(NoProof::Wrong));
        let another = "ff112233445566778899aabbccddeeff";
        assert_eq!(verify(&good, another, &certificate), Err(NoProof::Wrong));
    }
}
