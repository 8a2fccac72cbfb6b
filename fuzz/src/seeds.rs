//! Writes every sample record of every format file, and every rule file, into the folder it is given, one file each, for a
//! fuzzer to start from.

use std::path::PathBuf;

use larum_core::content::{FORMATS, RULES};
use larum_core::parse::samples;

fn main() -> std::io::Result<()> {
    let folder = PathBuf::from(
        std::env::args_os()
            .nth(1)
            .unwrap_or_else(|| "corpus".into()),
    );
    std::fs::create_dir_all(&folder)?;
    for (name, text) in FORMATS.iter() {
        for (number, sample) in samples(text).into_iter().enumerate() {
            std::fs::write(folder.join(format!("{name}-{number}")), sample.record)?;
        }
    }
    for (name, text) in RULES {
        std::fs::write(folder.join(format!("rule-{name}")), text)?;
    }
    Ok(())
}
