//! The two programs, as processes.

use std::fs::File;
use std::path::{Path, PathBuf};
use std::process::{Child, Command, Output, Stdio};

use super::clocks::FarClock;

/// The hub's program.
const HUB: &str = env!("CARGO_BIN_EXE_larum-hub");

/// The collector's program stands beside the hub's; built on the spot where it does not.
pub fn collector_program() -> PathBuf {
    let folder = Path::new(HUB).parent().unwrap();
    let program = folder.join("larum");
    if !program.exists() {
        let mut build = Command::new(env!("CARGO"));
        build.args([
            "build", "--quiet", "--locked", "-p", "larum", "--bin", "larum",
        ]);
        if folder.ends_with("release") {
            build.arg("--release");
        }
        assert!(build.status().unwrap().success(), "larum cannot be built");
    }
    program
}

/// What one run of the hub's program says; it must succeed.
pub fn hub(args: &[&str]) -> String {
    said(Command::new(HUB).args(args).output().unwrap())
}

/// What one run of the collector's program says; it must succeed.
pub fn larum(program: &Path, args: &[&str]) -> String {
    said(Command::new(program).args(args).output().unwrap())
}

fn said(output: Output) -> String {
    let err = String::from_utf8_lossy(&output.stderr);
    assert!(output.status.success(), "{err}");
    String::from_utf8(output.stdout).unwrap()
}

/// A program that is started again and again.
pub struct Program {
    program: PathBuf,
    args: Vec<String>,
    log: PathBuf,
    clock: FarClock,
    child: Option<Child>,
}

impl Program {
    pub fn hub(config: &Path, log: &Path, clock: &FarClock) -> Self {
        Self::new(Path::new(HUB), ["serve", "--config"], config, log, clock)
    }

    pub fn collector(program: &Path, config: &Path, log: &Path, clock: &FarClock) -> Self {
        Self::new(program, ["collect", "--config"], config, log, clock)
    }

    fn new(program: &Path, args: [&str; 2], config: &Path, log: &Path, clock: &FarClock) -> Self {
        let args = [args[0], args[1], config.to_str().unwrap(), "--log", "json"];
        Self {
            program: program.to_owned(),
            args: args.map(str::to_owned).to_vec(),
            log: log.to_owned(),
            clock: clock.clone(),
            child: None,
        }
    }

    /// Starts it unless it runs; one that ended by itself, such as on a full disk, is started again, as
    /// the system does it.
    pub fn run(&mut self) {
        let runs = self
            .child
            .as_mut()
            .is_some_and(|child| child.try_wait().unwrap().is_none());
        if runs {
            return;
        }
        let log = File::options()
            .create(true)
            .append(true)
            .open(&self.log)
            .unwrap();
        let child = Command::new(&self.program)
            .args(&self.args)
            .envs(self.clock.environment())
            .stdin(Stdio::null())
            .stdout(Stdio::null())
            .stderr(log)
            .spawn()
            .unwrap();
        self.child = Some(child);
    }

    pub fn id(&self) -> Option<u32> {
        self.child.as_ref().map(Child::id)
    }

    pub fn signal(&self, name: &str) {
        if let Some(id) = self.id() {
            // It may have ended by itself just now.
            drop(Command::new("kill").args([name, &id.to_string()]).output());
        }
    }

    /// Ends it at once.
    pub fn kill(&mut self) {
        if let Some(mut child) = self.child.take() {
            drop(child.kill());
            child.wait().unwrap();
            FarClock::forget(child.id());
        }
    }

    /// Asks it to end and waits.
    pub fn stop(&mut self) {
        self.signal("-TERM");
        if let Some(mut child) = self.child.take() {
            child.wait().unwrap();
        }
    }
}

impl Drop for Program {
    fn drop(&mut self) {
        self.kill();
    }
}
