//! Gathers the knowledge in `content/` into the program, so that a new format, rule or word file is
//! picked up by being there.

#![expect(
    clippy::disallowed_methods,
    reason = "a build script reads files; the core it builds for does not"
)]

use std::fmt::Write as _;
use std::path::{Path, PathBuf};
use std::{env, fs, io};

/// Folder under `content/`, file ending, name of the table.
const TABLES: &[(&str, &str, &str)] = &[
    ("formats", "toml", "FORMATS"),
    ("devices", "toml", "DEVICES"),
    ("rules", "yml", "RULES"),
    ("web", "toml", "WEB"),
    ("words", "ftl", "WORDS"),
    ("never-block", "txt", "NEVER_BLOCK"),
    ("known-scanners", "toml", "KNOWN_SCANNERS"),
    ("keep-alive", "txt", "KEEP_ALIVE"),
    ("law", "toml", "LAW"),
    ("areas", "csv", "AREAS"),
];

fn main() -> io::Result<()> {
    let manifest = PathBuf::from(env::var_os("CARGO_MANIFEST_DIR").unwrap_or_default());
    let content = manifest.join("../../content");
    let mut source = String::new();
    for (folder, ending, table) in TABLES {
        let folder = content.join(folder);
        println!("cargo::rerun-if-changed={}", folder.display());
        write_table(&mut source, &folder, ending, table)?;
    }
    let target = PathBuf::from(env::var_os("OUT_DIR").unwrap_or_default());
    fs::write(target.join("content.rs"), source)
}

fn write_table(source: &mut String, folder: &Path, ending: &str, table: &str) -> io::Result<()> {
    let mut files: Vec<PathBuf> = fs::read_dir(folder)?
        .map(|entry| entry.map(|entry| entry.path()))
        .collect::<io::Result<_>>()?;
    files.retain(|file| file.extension().is_some_and(|found| found == ending));
    files.sort();
    let mut rows = String::new();
    for file in files {
        let name = file
            .file_stem()
            .unwrap_or_default()
            .to_string_lossy()
            .into_owned();
        let path = fs::canonicalize(&file)?;
        writeln!(rows, "    ({name:?}, include_str!({path:?})),").map_err(io::Error::other)?;
    }
    writeln!(
        source,
        "/// Files of `content/` ending in `.{ending}`: name without ending, and text; sorted by name.\n\
         pub static {table}: &[(&str, &str)] = &[\n{rows}];"
    )
    .map_err(io::Error::other)
}
