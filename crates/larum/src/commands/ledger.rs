//! `larum ledger`: proves the record of what has left.

use std::io::Write as _;
use std::path::{Path, PathBuf};

use clap::Subcommand;
use larum_cli::exit::{Exit, failure};
use larum_collector::identity::{self, Identity};
use larum_collector::state::{LEDGER_FOLDER, LEDGER_OF};
use larum_collector::uplink::proofs;
use larum_core::time::Timestamp;
use larum_core::words::Words;
use larum_link::receipt::NoProof;
use larum_link::tls::{CertificateDer, fingerprint};
use larum_link::wire::{Batch, Receipt};
use larum_spool::ledger::{Entry, Pruned, Summary, hex, verify};
use larum_spool::{FolderStorage, Ledger};
use serde::Serialize;
use sha2::{Digest as _, Sha256};

use super::outbox::{State, broken_by};

/// Entries read at a time: each may be as large as a batch.
const PAGE: u64 = 16;

/// Arguments of `larum ledger`.
#[derive(clap::Args)]
pub struct Args {
    #[command(subcommand)]
    command: Command,
}

#[derive(Subcommand)]
enum Command {
    /// Check every byte of the record of what has left
    Verify(VerifyArgs),
}

/// Arguments of `larum ledger verify`.
#[derive(clap::Args)]
struct VerifyArgs {
    #[command(flatten)]
    state: State,
    /// One JSON object per record
    #[arg(long)]
    json: bool,
}

/// Runs the command.
///
/// # Errors
/// With the exit code of the contract: 4 when there is no such folder, 5 when the record is damaged.
pub fn run(args: &Args) -> anyhow::Result<Exit> {
    let Command::Verify(args) = &args.command;
    run_verify(args)
}

/// What is wrong with a record.
struct Wrong {
    sequence: u64,
    what: &'static str,
}

/// A record as `--json` shows it.
#[derive(Serialize)]
struct Row<'r> {
    folder: String,
    whole: bool,
    #[serde(skip_serializing_if = "Option::is_none")]
    entries: Option<u64>,
    #[serde(skip_serializing_if = "Option::is_none")]
    receipted: Option<u64>,
    /// Receipts whose signature of the hub is right.
    #[serde(skip_serializing_if = "Option::is_none")]
    signed: Option<u64>,
    /// SHA-256 of the certificate that the newest of them was checked with.
    #[serde(skip_serializing_if = "Option::is_none")]
    hub: Option<&'r str>,
    #[serde(skip_serializing_if = "Option::is_none")]
    head: Option<&'r str>,
    /// What was left out, if anything.
    #[serde(skip_serializing_if = "Option::is_none")]
    pruned: Option<PrunedRow>,
    #[serde(skip_serializing_if = "Option::is_none")]
    broken_at: Option<u64>,
    #[serde(skip_serializing_if = "Option::is_none")]
    what: Option<&'r str>,
}

/// What was left out, as `--json` shows it.
#[derive(Serialize)]
struct PrunedRow {
    /// Number of the last batch that is no longer there.
    sequence: u64,
    /// Its hash.
    hash: String,
    /// When the first and the last of them were made, and when they were left out; RFC 3339.
    first: String,
    last: String,
    pruned: String,
}

impl PrunedRow {
    fn of(pruned: &Pruned) -> Self {
        let time = |time_ms| Timestamp::from_millis(time_ms).to_string();
        Self {
            sequence: pruned.sequence,
            hash: pruned.hash_hex(),
            first: time(pruned.first_ms),
            last: time(pruned.last_ms),
            pruned: time(pruned.pruned_ms),
        }
    }
}

fn run_verify(args: &VerifyArgs) -> anyhow::Result<Exit> {
    let words = Words::of("en")?;
    let folder = &args.state.folder;
    if !folder.is_dir() {
        let shown = [("folder", folder.display().to_string().into())];
        let message = words.say_with("outbox-no-state", &shown);
        return Err(failure(Exit::NotFound, message));
    }
    let ledgers = ledgers(folder)?;
    if ledgers.is_empty() && !args.json {
        let none = [("entries", 0_u32.into()), ("receipted", 0_u32.into())];
        writeln!(
            std::io::stdout(),
            "{}",
            words.say_with("ledger-whole", &none)
        )?;
    }
    let mut first_wrong = None;
    for ledger in &ledgers {
        let result = check(ledger)?;
        if args.json {
            show_json(ledger, &result)?;
        } else if let Ok(whole) = &result {
            let name_it = ledgers.len() > 1;
            show(&words, name_it.then_some(ledger.as_path()), whole)?;
        }
        if let (Err(wrong), None) = (result, &first_wrong) {
            first_wrong = Some(broken_by(&words, ledger, wrong.sequence, wrong.what));
        }
    }
    first_wrong.map_or(Ok(Exit::Done), Err)
}

/// The record in use, and those of identities the collector had before.
fn ledgers(folder: &Path) -> anyhow::Result<Vec<PathBuf>> {
    let mut found = Vec::new();
    for entry in std::fs::read_dir(folder)? {
        let entry = entry?;
        let name = entry.file_name();
        let is_ledger = name
            .to_str()
            .and_then(|name| name.strip_prefix(LEDGER_FOLDER))
            .is_some_and(|owner| owner.is_empty() || owner.starts_with('-'));
        if is_ledger && entry.file_type()?.is_dir() {
            found.push(entry.path());
        }
    }
    found.sort();
    Ok(found)
}

/// A record in order.
struct Whole {
    summary: Summary,
    /// Receipts with a right signature.
    signed: u64,
    /// Fingerprint of the certificate that the newest was checked with; `None` when there is none.
    hub: Option<String>,
}

/// First every byte and the chain, then that batches and receipts say what their records say, and that
/// the hub has signed the receipts.
fn check(folder: &Path) -> anyhow::Result<Result<Whole, Wrong>> {
    let storage = FolderStorage::read_only(folder)?;
    let summary = match verify(&storage) {
        Ok(summary) => summary,
        Err(broken) => {
            return Ok(Err(Wrong {
                sequence: broken.sequence,
                what: broken.what.code(),
            }));
        }
    };
    let mut proof = Proof::of(folder);
    let ledger = Ledger::look(storage)?;
    let mut next = ledger.first_kept();
    while next <= summary.entries {
        let last = summary.entries.min(next + PAGE - 1);
        for entry in ledger.entries(next, last)? {
            if let Err(what) = check_meaning(&entry, &mut proof) {
                let sequence = entry.sequence;
                return Ok(Err(Wrong { sequence, what }));
            }
        }
        next = last + 1;
    }
    Ok(Ok(Whole {
        summary,
        signed: proof.signed,
        hub: proof
            .newest
            .map(|certificate| hex(&fingerprint(&certificate))),
    }))
}

/// What receipts are checked with, and how many were.
struct Proof {
    /// Identity of the collector, and the certificates of its hub's authorities.
    hub: Option<(String, Vec<CertificateDer<'static>>)>,
    /// The one that the newest receipt was checked with.
    newest: Option<CertificateDer<'static>>,
    signed: u64,
}

impl Proof {
    /// Those that were put beside the record, as far as the hub had that authority once; for the record
    /// in use also those that the collector's identity trusts today.
    fn of(folder: &Path) -> Self {
        let state = folder.parent().unwrap_or(folder);
        let name = folder.file_name().and_then(|name| name.to_str());
        let older = name
            .and_then(|name| name.strip_prefix(LEDGER_FOLDER)?.strip_prefix('-'))
            .map(ToOwned::to_owned);
        let mut trusted = Vec::new();
        let owner = match older {
            Some(collector) => Some(collector),
            None => {
                let owner = std::fs::read_to_string(state.join(identity::FOLDER).join(LEDGER_OF));
                let owner = owner.map(|owner| owner.trim().to_owned()).ok();
                trusted = Identity::load(state)
                    .ok()
                    .flatten()
                    .filter(|identity| Some(identity.collector()) == owner.as_deref())
                    .map(|identity| identity.authorities())
                    .unwrap_or_default();
                owner
            }
        };
        trusted.extend(proofs::kept(folder).unwrap_or_default());
        Self {
            newest: trusted.first().cloned(),
            hub: owner
                .filter(|_| !trusted.is_empty())
                .map(|owner| (owner, trusted)),
            signed: 0,
        }
    }

    /// A receipt without signature is from a hub older than signatures. Once there was one, each
    /// must have it: somebody may have taken it off.
    fn check(&mut self, receipt: &Receipt) -> Result<(), &'static str> {
        let Some((collector, certificates)) = &self.hub else {
            return Ok(());
        };
        for certificate in certificates {
            match larum_link::receipt::verify(receipt, collector, certificate) {
                Ok(()) => {
                    self.signed += 1;
                    self.newest = Some(certificate.clone());
                    return Ok(());
                }
                Err(NoProof::Unsigned) if self.signed == 0 => return Ok(()),
                Err(NoProof::Unsigned) => return Err("unsigned"),
                Err(NoProof::Wrong) => {}
            }
        }
        Err("signature")
    }
}

fn check_meaning(entry: &Entry, proof: &mut Proof) -> Result<(), &'static str> {
    let batch: Batch = serde_json::from_slice(&entry.body).map_err(|_| "body")?;
    if batch.sequence != entry.sequence || batch.previous != hex(&entry.previous) {
        return Err("body");
    }
    let Some(receipt) = &entry.receipt else {
        return Ok(());
    };
    let receipt: Receipt = serde_json::from_slice(receipt).map_err(|_| "receipt")?;
    let sha256: [u8; 32] = Sha256::digest(&entry.body).into();
    if receipt.sequence != entry.sequence || receipt.sha256 != hex(&sha256) {
        return Err("receipt");
    }
    proof.check(&receipt)
}

fn show(words: &Words, folder: Option<&Path>, whole: &Whole) -> anyhow::Result<()> {
    let summary = &whole.summary;
    let mut out = std::io::stdout().lock();
    if let Some(folder) = folder {
        let shown = [("folder", folder.display().to_string().into())];
        writeln!(out, "{}", words.say_with("ledger-folder", &shown))?;
    }
    let counts = [
        ("entries", summary.entries.into()),
        ("receipted", summary.receipted.into()),
    ];
    writeln!(out, "{}", words.say_with("ledger-whole", &counts))?;
    if let Some(pruned) = &summary.pruned {
        let day = |time_ms| {
            let time = Timestamp::from_millis(time_ms).to_string();
            time.split('T').next().unwrap_or_default().to_owned()
        };
        let shown = [
            ("sequence", pruned.sequence.into()),
            ("from", day(pruned.first_ms).into()),
            ("to", day(pruned.last_ms).into()),
            ("on", day(pruned.pruned_ms).into()),
            ("hash", pruned.hash_hex().into()),
        ];
        writeln!(out, "{}", words.say_with("ledger-pruned", &shown))?;
    }
    if summary.receipted > 0 {
        let gone = summary.pruned.map_or(0, |pruned| pruned.receipted);
        let unsigned = summary.receipted.saturating_sub(gone + whole.signed);
        let hub = whole.hub.as_deref().unwrap_or("none").to_owned();
        let shown = [
            ("signed", whole.signed.into()),
            ("unsigned", unsigned.into()),
            ("hub", hub.into()),
        ];
        writeln!(out, "{}", words.say_with("ledger-signed", &shown))?;
    }
    if summary.unfinished_bytes > 0 {
        let bytes = [("bytes", summary.unfinished_bytes.into())];
        writeln!(out, "{}", words.say_with("ledger-unfinished", &bytes))?;
    }
    if summary.entries > 0 {
        let hash = [("hash", summary.head.as_str().into())];
        writeln!(out, "{}", words.say_with("ledger-head", &hash))?;
        writeln!(out, "{}", words.say("ledger-head-why"))?;
    }
    Ok(())
}

fn show_json(folder: &Path, result: &Result<Whole, Wrong>) -> anyhow::Result<()> {
    let whole = result.as_ref().ok();
    let summary = whole.map(|whole| &whole.summary);
    let wrong = result.as_ref().err();
    let row = Row {
        folder: folder.display().to_string(),
        whole: wrong.is_none(),
        entries: summary.map(|summary| summary.entries),
        receipted: summary.map(|summary| summary.receipted),
        signed: whole.map(|whole| whole.signed),
        hub: whole.and_then(|whole| whole.hub.as_deref()),
        head: summary.map(|summary| summary.head.as_str()),
        pruned: summary.and_then(|summary| summary.pruned.as_ref().map(PrunedRow::of)),
        broken_at: wrong.map(|wrong| wrong.sequence),
        what: wrong.map(|wrong| wrong.what),
    };
    let mut out = std::io::stdout().lock();
    serde_json::to_writer(&mut out, &row).map_err(std::io::Error::from)?;
    out.write_all(b"\n")?;
    Ok(out.flush()?)
}
