//! `larum-bench`: measures parsing and detection in lines a second, on one core.
//!
//! Machines are noisy: times are processor time of the one thread; quote medians and ratios. Each round measures every stage in turn, so that a
//! slow moment of the machine falls on all of them. The input is made from a seed, so that two
//! versions of the program can be compared on the same bytes.

mod answers;
mod domains;
mod evaluate;
mod formats;
mod generators;
mod hostile;
mod house;
mod hub;
mod indicators;
mod instructions;
mod network;
mod packets;
mod rules;
mod scaling;
mod scenarios;
mod send;
mod watch;
mod whole;
mod workers;

use std::fs::File;
use std::io::{BufWriter, Write as _};
use std::path::{Path, PathBuf};

use anyhow::{Context as _, Result};
use clap::{Parser, Subcommand};

/// Measure parsing and detection
#[derive(Parser)]
struct Cli {
    #[command(subcommand)]
    command: Command,
}

#[derive(Subcommand)]
enum Command {
    /// Write a mixed file of every device's lines
    Make {
        /// How many lines
        #[arg(long, default_value_t = 1_000_000)]
        lines: usize,
        /// What it follows from
        #[arg(long, default_value_t = 1)]
        seed: u64,
        /// Where to write it
        file: PathBuf,
    },
    /// Parse alone, and parse and detect, on one core
    Throughput {
        /// Rounds; the median is shown
        #[arg(long, default_value_t = 5)]
        rounds: usize,
        /// Only parse
        #[arg(long)]
        parse_only: bool,
        /// A file of records, one a line
        file: PathBuf,
    },
    /// Lines a second and allocations a line of each shipped format, slowest first
    Formats {
        /// Lines a format and round
        #[arg(long, default_value_t = 5_000)]
        lines: usize,
        /// Rounds; the best counts
        #[arg(long, default_value_t = 5)]
        rounds: usize,
        /// Show only the slowest so many
        #[arg(long, default_value_t = usize::MAX)]
        slowest: usize,
        /// Only formats whose name contains this
        #[arg(long, default_value = "")]
        only: String,
    },
    /// The same lines with 10, 50, 200 and all formats compiled
    Scaling {
        /// Rounds; the best counts
        #[arg(long, default_value_t = 5)]
        rounds: usize,
        /// A file of records, one a line
        file: PathBuf,
    },
    /// Parse on several threads at once
    Workers {
        /// How many
        #[arg(long, default_value_t = 2)]
        workers: usize,
        /// Rounds; the median counts
        #[arg(long, default_value_t = 5)]
        rounds: usize,
        /// A file of records, one a line
        file: PathBuf,
    },
    /// What hostile lines cost a byte, at a length and at twice the length
    Hostile,
    /// Work for tools/instructions: each format's lines, few and many, under an instruction counter
    Instructions,
    /// What 30 and 3,000 Sigma rules cost an event that matches none
    Rules,
    /// Write what every sample and every record of files says, also damaged, to compare two versions of the program
    Answers {
        /// Damaged copies of each record
        #[arg(long, default_value_t = 2)]
        damaged: usize,
        /// Where to write it, instead of to the screen
        #[arg(long)]
        out: Option<PathBuf>,
        /// Files of records, one a line
        files: Vec<PathBuf>,
    },
    /// Parse and detect once and write every finding, to compare two versions of the program
    Findings {
        /// A file of records, one a line
        file: PathBuf,
    },
    /// Print what the models find in a corpus
    Evaluate {
        /// The shared corpus
        #[arg(default_value = "../shared/corpus")]
        corpus: PathBuf,
        /// Only the recordings, with what each case that is not right came to
        #[arg(long)]
        cases: bool,
    },
    /// Print what the watch and the blocklist find, beside rules others publish
    EvaluateWatch {
        /// The shared corpus
        #[arg(default_value = "../shared/corpus")]
        corpus: PathBuf,
        /// A fifth of the campaigns, for a first look
        #[arg(long)]
        quick: bool,
        /// One part only
        #[arg(long)]
        only: Option<watch::Part>,
        /// Another seed for campaigns and waves, for choosing constants on others than are published
        #[arg(long)]
        seed: Option<u64>,
    },
    /// What a day of a simulated nation costs the watch, in time and in memory
    Nation(watch::Nation),
    /// Train the model that tells generated domains
    TrainDomains {
        /// Folder that tools/train-domains/prepare.py wrote
        #[arg(long)]
        data: PathBuf,
        /// What chance follows from
        #[arg(long, default_value_t = 1)]
        seed: u64,
        /// Passes over the data
        #[arg(long, default_value_t = 14)]
        passes: usize,
        /// Train without this kind of generator, to see how much of it is found all the same
        #[arg(long)]
        leave_out: Option<String>,
        /// Where to write the model
        out: PathBuf,
    },
    /// What a million addresses and a million names hold in memory, and what a look-up costs
    Indicators {
        /// How many of each
        #[arg(long, default_value_t = 1_000_000)]
        count: u64,
    },
    /// Fill a real hub and measure it: sightings a second, time to the receipt, bytes, pages
    Hub(hub::Args),
    /// How long it takes from what some firms see to the warning at every other, over real links
    Warned(hub::warned::Args),
    /// Send a file's lines to a receiver of logs
    Send(send::Args),
    /// Write a made-up capture of web traffic and name look-ups
    MakePackets {
        /// How large, in millions of bytes
        #[arg(long, default_value_t = 500)]
        megabytes: u64,
        /// So many web conversations instead, of which none ends
        #[arg(long)]
        open: Option<u64>,
        /// What it follows from
        #[arg(long, default_value_t = 1)]
        seed: u64,
        /// Where to write it
        file: PathBuf,
    },
    /// Read a capture on one core: flows and what is said, and that with all detectors
    Packets {
        /// Rounds; the median is shown
        #[arg(long, default_value_t = 3)]
        rounds: usize,
        /// A pcap file
        file: PathBuf,
    },
    /// Parse and detect once, streaming, and show the most memory the process ever held
    Memory {
        /// A file of records, one a line
        file: PathBuf,
    },
}

fn main() -> Result<()> {
    match Cli::parse().command {
        Command::Make { lines, seed, file } => make(lines, seed, &file),
        Command::Throughput {
            rounds,
            parse_only,
            file,
        } => whole::throughput(rounds, parse_only, &file),
        Command::Formats {
            lines,
            rounds,
            slowest,
            only,
        } => formats::measure(lines, rounds, slowest, &only),
        Command::Scaling { rounds, file } => scaling::measure(rounds, &file),
        Command::Workers {
            workers,
            rounds,
            file,
        } => workers::measure(workers, rounds, &file),
        Command::Hostile => hostile::measure(),
        Command::Instructions => instructions::run(),
        Command::Rules => rules::measure(),
        Command::Answers {
            damaged,
            out,
            files,
        } => answers::write(&files, damaged, out.as_deref()),
        Command::Findings { file } => whole::findings(&file),
        Command::Evaluate {
            corpus,
            cases: true,
        } => scenarios::scenarios(&corpus, true).and_then(|()| scenarios::background(&corpus)),
        Command::Evaluate { corpus, .. } => evaluate::run(&corpus),
        Command::EvaluateWatch {
            corpus,
            quick,
            only,
            seed,
        } => watch::run(&corpus, quick, only, seed),
        Command::Nation(nation) => nation.run(),
        Command::TrainDomains {
            data,
            seed,
            passes,
            leave_out,
            out,
        } => domains::train(&domains::Plan {
            data: &data,
            seed,
            passes,
            leave_out: leave_out.as_deref(),
            out: &out,
        }),
        Command::Indicators { count } => indicators::measure(count),
        Command::Hub(args) => hub::run(&args),
        Command::Warned(args) => hub::warned::run(&args),
        Command::Send(args) => send::run(&args),
        Command::MakePackets {
            megabytes,
            open,
            seed,
            file,
        } => match open {
            Some(conversations) => packets::make_open(seed, conversations, &file),
            None => packets::make(seed, megabytes.saturating_mul(1_000_000), &file),
        },
        Command::Packets { rounds, file } => packets::measure(rounds, &file),
        Command::Memory { file } => whole::memory(&file),
    }
}

fn make(lines: usize, seed: u64, file: &Path) -> Result<()> {
    let mut out = BufWriter::new(
        File::create(file).with_context(|| format!("cannot create {}", file.display()))?,
    );
    for line in larum_traffic::mixed_file(seed, lines) {
        out.write_all(line.as_bytes())?;
        out.write_all(b"\n")?;
    }
    Ok(out.flush()?)
}
