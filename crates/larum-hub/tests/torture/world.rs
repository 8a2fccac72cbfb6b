//! A firm's machine and a hub, what is done to them, and the oracle.

use std::collections::BTreeSet;
use std::fs;
use std::net::{Ipv4Addr, SocketAddr, TcpListener};
use std::path::{Path, PathBuf};
use std::process::{Child, Command, Stdio};
use std::time::{Duration, Instant};

use larum_collector::identity::Identity;
use larum_collector::status::StatusDocument;
use larum_hub_lib::store::ingest::{IngestStore as _, Totals};
use larum_hub_lib::store::sql::SqlStore;
use larum_link::clock::Clock;
use larum_link::wire::{Batch, Receipt, Tally, path};
use larum_spool::{FolderStorage, Ledger};

use super::clocks::{FarClock, hours};
use super::counts::Counts;
use super::feed::{Feed, WORD};
use super::programs::{Program, collector_program, hub, larum};
use super::wire::{Network, Weather};

/// How long the sums may take to agree once it is calm: the uplink waits up to a minute by then, and on a
/// machine whose builds go first a program may wait minutes for its turn.
const PATIENCE: Duration = Duration::from_secs(600);
/// Room on the small disk.
const DISK: &str = "48m";

/// Chance that follows from a seed (SplitMix64).
pub struct Random(u64);

impl Random {
    pub const fn below(&mut self, bound: u64) -> u64 {
        self.0 = self.0.wrapping_add(0x9E37_79B9_7F4A_7C15);
        let mut mixed = self.0;
        mixed = (mixed ^ (mixed >> 30)).wrapping_mul(0xBF58_476D_1CE4_E5B9);
        mixed = (mixed ^ (mixed >> 27)).wrapping_mul(0x94D0_49BB_1331_11EB);
        (mixed ^ (mixed >> 31)) % bound
    }
}

pub struct World {
    random: Random,
    folder: tempfile::TempDir,
    larum: PathBuf,
    state: PathBuf,
    config: PathBuf,
    small_disk: bool,
    strace: bool,
    hub_state: PathBuf,
    hub: Program,
    collector: Program,
    network: Network,
    feed: Feed,
    runtime: tokio::runtime::Runtime,
    collector_clock: FarClock,
    hub_clock: FarClock,
    done: Counts,
    /// What was there when the oracle held the last time.
    held: Counts,
}

/// This rig's own address: calls go out from 127.0.0.1, so no call of this or another rig takes the
/// port of a program that is just being started again.
fn own_address() -> Ipv4Addr {
    let [_, high, middle, low] = std::process::id().to_be_bytes();
    Ipv4Addr::new(127, 64 | (high & 63), middle, low)
}

/// Free ports, each another.
fn free_ports<const N: usize>() -> [SocketAddr; N] {
    let held = [(); N].map(|()| TcpListener::bind((own_address(), 0)).unwrap());
    held.map(|listener| listener.local_addr().unwrap())
}

/// Whether a command is there and succeeds.
fn works(command: &str, args: &[&str]) -> bool {
    Command::new(command)
        .args(args)
        .output()
        .is_ok_and(|output| output.status.success())
}

impl World {
    pub fn new(seed: u64) -> Self {
        let folder = tempfile::tempdir().unwrap();
        let at = |name: &str| folder.path().join(name);
        let [hub_address, page, http] = free_ports();
        let network = Network::new(own_address(), hub_address);
        let (hub_state, hub_config) = (at("hub"), at("hub.toml"));
        set_up_hub(&hub_state, &hub_config, [hub_address, page], &network);
        let token = token(&hub_config);

        let larum_program = collector_program();
        let state = at("state");
        fs::create_dir(&state).unwrap();
        let size = format!("size={DISK}");
        let place = state.to_str().unwrap();
        let mount = ["-t", "tmpfs", "-o", &size, "larum-rig", place];
        let small_disk = works("mount", &mount);
        let config = at("collector.toml");
        configure_collector(&config, &state, &at("devices.log"), http);
        let hub_clock = FarClock::new(&at("hub.clock"));
        // The collector may read nothing outside but what it was told to.
        let collector_clock = FarClock::new(&state.join("clock"));
        let mut hub = Program::hub(&hub_config, &at("hub.err"), &hub_clock);
        hub.run();
        until(|| {
            network_answers(hub_address)
                .then_some(())
                .ok_or("the hub does not start")
        });
        let join = ["join", &token, "--config", config.to_str().unwrap()];
        larum(&larum_program, &join);
        let log = at("collector.err");
        Self {
            random: Random(seed),
            collector: Program::collector(&larum_program, &config, &log, &collector_clock),
            feed: Feed::new(&at("devices.log"), http),
            larum: larum_program,
            state,
            config,
            small_disk,
            strace: works("strace", &["-qq", "-o", "/dev/null", "true"]),
            hub_state,
            hub,
            network,
            runtime: tokio::runtime::Builder::new_current_thread()
                .enable_all()
                .build()
                .unwrap(),
            collector_clock,
            hub_clock,
            done: Counts::default(),
            held: Counts::default(),
            folder,
        }
    }

    /// Some seconds of life with two or three things going wrong, then calm and the oracle.
    pub fn cycle(&mut self, cycle: u64) {
        let begun = Instant::now();
        self.collector.run();
        self.hub.run();
        let mut faults: Vec<u64> = (0..2 + self.random.below(2))
            .map(|_| self.random.below(26))
            .collect();
        let mut helper = None;
        for _ in 0..24 {
            self.feed.write(&mut self.random);
            if self.random.below(3) == 0 {
                self.feed.send(&mut self.random);
            }
            if self.random.below(8) == 0
                && let Some(fault) = faults.pop()
            {
                helper = self.fault(fault).or(helper);
            }
            // Life goes on at its own pace; nothing waits for this.
            let moment = Duration::from_millis(20 + self.random.below(60));
            std::thread::sleep(moment);
            if self.random.below(6) == 0 {
                self.collector.run();
                self.hub.run();
            }
        }
        self.calm(helper);
        let lived = begun.elapsed();
        let context = |done: &Counts| format!("cycle {cycle}, {done}");
        until_with(|| self.oracle(), || context(&self.done));
        self.repeat_batches();
        // Nothing was counted by that; meanwhile life may have gone on.
        self.held = until_with(|| self.oracle(), || context(&self.done));
        self.held.set("connections cut", self.network.cut());
        let millis = |time: Duration| u64::try_from(time.as_millis()).unwrap();
        self.done.add("ms of life", millis(lived));
        self.done
            .add("ms until the sums agreed", millis(begun.elapsed() - lived));
    }

    /// Does one thing to them.
    fn fault(&mut self, fault: u64) -> Option<Child> {
        match fault {
            0..=3 => {
                self.done.add("collector killed", 1);
                self.collector.kill();
            }
            4..=6 => {
                self.done.add("hub killed", 1);
                self.hub.kill();
            }
            7 => {
                self.done.add("collector stopped", 1);
                self.collector.stop();
            }
            8 => {
                self.done.add("hub stopped", 1);
                self.hub.stop();
            }
            9..=14 => {
                self.done.add("network broken", 1);
                self.network.turn(match fault {
                    9..=11 => Weather::Cutting,
                    12 => Weather::Slow,
                    13 => Weather::Silent,
                    _ => Weather::Down,
                });
            }
            15 | 16 => {
                self.done.add("collector frozen", 1);
                self.collector.signal("-STOP");
                std::thread::sleep(Duration::from_millis(200 + self.random.below(600)));
                self.collector.signal("-CONT");
            }
            17 | 18 if self.small_disk => {
                self.done.add("disk filled", 1);
                // Until it says that there is no room; a little may be left.
                let room = vec![7_u8; 1 << 16];
                let mut ballast = fs::File::create(self.state.join("ballast")).unwrap();
                while std::io::Write::write_all(&mut ballast, &room).is_ok() {}
            }
            19 | 20 if self.strace => {
                self.done.add("syncs slowed", 1);
                return self.inject("delay_exit=150000");
            }
            21 if self.strace => {
                self.done.add("syncs failed", 1);
                return self.inject("error=EIO:when=2");
            }
            22 | 23 if FarClock::there() => {
                self.done.add("collector's clock set", 1);
                self.collector_clock.set(hours(&mut self.random));
            }
            24 | 25 if FarClock::there() => {
                self.done.add("hub's clock set", 1);
                self.hub_clock.set(hours(&mut self.random));
            }
            _ => {}
        }
        None
    }

    fn inject(&self, what: &str) -> Option<Child> {
        let id = self.collector.id()?.to_string();
        let inject = format!("inject=fsync,fdatasync:{what}");
        let args = [
            "-f",
            "-qq",
            "-o",
            "/dev/null",
            "-e",
            "trace=fsync,fdatasync",
        ];
        Command::new("strace")
            .args(args)
            .args(["-e", &inject, "-p", &id])
            .stdin(Stdio::null())
            .stderr(Stdio::null())
            .spawn()
            .ok()
    }

    fn calm(&mut self, helper: Option<Child>) {
        if let Some(mut strace) = helper {
            let id = strace.id().to_string();
            drop(Command::new("kill").args(["-TERM", &id]).output());
            strace.wait().unwrap();
        }
        self.network.turn(Weather::Fair);
        if self.small_disk {
            drop(fs::remove_file(self.state.join("ballast")));
        }
        // A spool that a failed sync has shut is opened by a start: a person would do it. So would one
        // whose clock was wrong, and one who will not wait: after failures the uplink rests for up to a
        // minute, and only one cycle in four sits that out.
        // What a hub refused while its clock was wrong must come back by itself.
        self.hub_clock.mend();
        let clock_was_wrong = self.collector_clock.mend();
        if self.troubled() || clock_was_wrong || self.random.below(4) != 0 {
            self.done.add("collector killed in the end", 1);
            self.collector.kill();
        }
        self.hub.run();
        self.collector.run();
    }

    fn troubled(&self) -> bool {
        let log = fs::read_to_string(self.folder.path().join("collector.err"));
        let started = log
            .as_deref()
            .map(|log| log.rfind("spool opened").unwrap_or(0));
        let since = log
            .as_deref()
            .ok()
            .zip(started.ok())
            .and_then(|(log, at)| log.get(at..));
        since.is_some_and(|log| {
            ["spool-unwritable", "intake-unwritable"]
                .iter()
                .any(|trouble| log.contains(trouble))
        })
    }

    fn status(&self) -> Option<StatusDocument> {
        let output = Command::new(&self.larum)
            .args(["status", "--json", "--config", self.config.to_str()?])
            .output()
            .ok()?;
        serde_json::from_slice(&output.stdout).ok()
    }

    fn totals(&self) -> Totals {
        let store = SqlStore::open(&self.hub_state.join("hub.sqlite")).unwrap();
        store.totals().unwrap()
    }

    /// What the ledger holds: batches, sightings, different findings.
    fn sent(&self) -> Result<(u64, u64, u64), &'static str> {
        let storage =
            FolderStorage::read_only(self.state.join("ledger")).map_err(|_| "no ledger yet")?;
        let ledger = Ledger::look(storage).map_err(|_| "the ledger is being written")?;
        let entries = ledger
            .entries(1, u64::MAX)
            .map_err(|_| "the ledger is being written")?;
        let (mut sightings, mut ids) = (0, BTreeSet::new());
        for entry in &entries {
            let batch: Batch = serde_json::from_slice(&entry.body).unwrap();
            sightings += batch.sightings.len() as u64;
            ids.extend(batch.sightings.into_iter().map(|sighting| sighting.id));
        }
        Ok((entries.len() as u64, sightings, ids.len() as u64))
    }

    /// The conservation oracle; what does not agree yet, or the sums.
    fn oracle(&self) -> Result<Counts, String> {
        let status = self.status().ok_or("no status")?;
        let total = &status.total;
        let sum = |counts: &std::collections::BTreeMap<String, u64>| counts.values().sum::<u64>();
        let file = of_device(&status, "devices.log");
        let others = total.received.saturating_sub(file);
        let totals = self.totals();
        let (batches, sightings, findings) = self.sent()?;
        let Feed {
            lines,
            answered,
            tried,
            ..
        } = self.feed;
        let agree = [
            (file == lines, "each line of the file once"),
            (others >= answered, "each record answered for"),
            (others <= tried, "no record twice"),
            (balanced(total, sum), "the sums of records and findings"),
            (total.sightings == total.sent, "each sighting sent"),
            (total.sent == total.receipted, "each batch receipted"),
            (total.sent == sightings, "the sum is the ledger's"),
            (status.spool.waiting == 0, "nothing waits"),
            (totals.batches == batches, "the hub has each batch"),
            (totals.arrived == sightings, "the hub has each sighting"),
            (totals.findings == findings, "the hub has each finding once"),
            (totals.conflicts == 0, "no contradiction"),
            (status.spool.lost() == 0, "nothing lost"),
        ];
        match agree.iter().find(|(agrees, _)| !agrees) {
            None => Ok(Counts::from([
                ("lines followed", lines),
                ("records answered for", answered),
                ("records sent", tried),
                ("sightings", sightings),
                ("batches", batches),
                ("findings", findings),
            ])),
            Some((_, what)) => Err(format!(
                "not so: {what}. file {file} of {lines}, http {others} of {answered} to {tried}, \
                 {total:?}, waiting {}, ledger {batches}/{sightings}/{findings}, hub {totals:?}, \
                 hub {}, troubles {:?}",
                status.spool.waiting, status.hub.state, status.troubles
            )),
        }
    }

    /// Sends batches of before once more, out of order, as a network that doubles and reorders would:
    /// the hub must say what it said.
    fn repeat_batches(&mut self) {
        let identity = Identity::load(&self.state).unwrap().unwrap();
        let ledger = FolderStorage::read_only(self.state.join("ledger")).unwrap();
        let ledger = Ledger::look(ledger).unwrap();
        let newest = ledger.head().sequence;
        let client = identity.client(&Clock::system()).unwrap();
        for _ in 0..3.min(newest) {
            let number = 1 + self.random.below(newest);
            let entry = ledger.entries(number, number).unwrap().remove(0);
            // A hub whose clock was just set right may refuse for a second.
            let post = || {
                let posted = client.post(path::BATCHES, &entry.body);
                self.runtime
                    .block_on(posted)
                    .map_err(|refused| format!("{refused:?}"))
            };
            let answer = until_with(post, || format!("batch {number} again")).value;
            let answer: Receipt = serde_json::from_slice(&answer).unwrap();
            let kept: Receipt = serde_json::from_slice(&entry.receipt.unwrap()).unwrap();
            assert_eq!(
                (answer.receipt, answer.received, answer.sha256),
                (kept.receipt, kept.received, kept.sha256)
            );
            self.done.add("batches repeated", 1);
        }
    }

    /// Stops both in order; then the ledger must be whole and each receipt signed.
    pub fn end(&mut self) {
        // Sightings wait a while for others like them: a short life would end before the first has left.
        let sent = || match self.sent()? {
            (0, ..) => Err("nothing has left".to_owned()),
            _ => self.oracle(),
        };
        self.held = until_with(sent, || self.done.to_string());
        self.held.set("connections cut", self.network.cut());
        self.collector.stop();
        self.hub.stop();
        let state = self.state.to_str().unwrap();
        let verified = larum(
            &self.larum,
            &["ledger", "verify", "--json", "--state", state],
        );
        let row: serde_json::Value = serde_json::from_str(verified.trim()).unwrap();
        assert_eq!(row.get("whole"), Some(&true.into()), "{row}");
        assert_eq!(row.get("signed"), row.get("receipted"), "{row}");
        assert!(
            row.get("entries").and_then(|count| count.as_u64()) > Some(0),
            "{row}"
        );
    }

    /// What was there when the oracle held the last time, and what was done until now.
    pub const fn counts(&self) -> (&Counts, &Counts) {
        (&self.held, &self.done)
    }

    /// What this machine does not allow.
    pub fn left_out(&self) -> Vec<&'static str> {
        let needs = [
            (self.small_disk, "full disk (no right to mount)"),
            (self.strace, "slow and failing syncs (no strace)"),
            (FarClock::there(), "clocks that are set (no libfaketime)"),
        ];
        let missing = needs.iter().filter(|(there, _)| !there);
        missing.map(|(_, what)| *what).collect()
    }
}

impl Drop for World {
    fn drop(&mut self) {
        self.collector.kill();
        if self.small_disk {
            works("umount", &[self.state.to_str().unwrap_or_default()]);
        }
        if std::thread::panicking() {
            for name in ["collector.err", "hub.err"] {
                let log = fs::read_to_string(self.folder.path().join(name)).unwrap_or_default();
                let tail: Vec<&str> = log.lines().rev().take(15).collect();
                eprintln!("{name}, newest first:\n{}", tail.join("\n"));
            }
        }
    }
}

fn balanced(total: &Tally, sum: impl Fn(&std::collections::BTreeMap<String, u64>) -> u64) -> bool {
    total.received == total.events + sum(&total.rejected) + sum(&total.dropped)
        && total.findings == total.sightings + sum(&total.withheld)
}

/// Records of the devices whose names end so.
fn of_device(status: &StatusDocument, name: &str) -> u64 {
    let rows = status.hours.iter();
    rows.filter(|row| row.device.ends_with(name))
        .map(|row| row.sum.received)
        .sum()
}

fn set_up_hub(state: &Path, config: &Path, listen: [SocketAddr; 2], network: &Network) {
    hub(&[
        "init",
        "--state",
        state.to_str().unwrap(),
        "--link-name",
        &network.address.to_string(),
        "--config",
        config.to_str().unwrap(),
    ]);
    let text = format!(
        "state-dir = {state:?}\nlink-name = \"{}\"\nlink-listen = \"{}\"\n\
         page-listen = \"{}\"\nmetrics-listen = \"off\"\n",
        network.address, listen[0], listen[1]
    );
    fs::write(config, text).unwrap();
}

fn token(config: &Path) -> String {
    let config = ["--config", config.to_str().unwrap()];
    let add = [
        "admin",
        "add-member",
        "--name",
        "Bakery",
        "--area",
        "E23000001",
    ];
    let member = hub(&[&add[..], &config].concat());
    let make = ["admin", "token", "--member", member.trim()];
    let said = hub(&[&make[..], &config].concat());
    let word = said
        .split_whitespace()
        .find(|word| word.starts_with("larum"));
    word.expect("a token").to_owned()
}

fn configure_collector(config: &Path, state: &Path, log: &Path, http: SocketAddr) {
    let word = config.with_extension("word");
    fs::write(&word, WORD).unwrap();
    fs::write(log, "").unwrap();
    let text = format!(
        "state-dir = {state:?}\npage-address = \"off\"\nzone = \"UTC\"\n\n\
         [[listen]]\nprotocol = \"http\"\naddress = \"{http}\"\ntoken-file = {word:?}\n\n\
         [[file]]\npath = {log:?}\n\n\
         [limits]\nkeep-free-bytes = 4_194_304\n"
    );
    fs::write(config, text).unwrap();
}

fn network_answers(address: SocketAddr) -> bool {
    std::net::TcpStream::connect(address).is_ok()
}

fn until(what: impl Fn() -> Result<(), &'static str>) {
    until_with(|| what().map_err(str::to_owned), || "start".to_owned());
}

/// Waits until it agrees.
fn until_with<T>(what: impl Fn() -> Result<T, String>, context: impl Fn() -> String) -> T {
    let begun = Instant::now();
    loop {
        match what() {
            Ok(agreed) => return agreed,
            Err(not_yet) => assert!(begun.elapsed() < PATIENCE, "{}: {not_yet}", context()),
        }
        std::thread::sleep(Duration::from_millis(100));
    }
}
