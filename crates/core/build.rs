//! Gathers the knowledge in `content/` into the program, so that a new format, rule or word file is
//! picked up by being there.

#![expect(
    clippy::disallowed_methods,
    reason = "a build script reads files; the core it builds for does not"
)]

use std::fmt::Write as _;
use std::io::Write as _;
use std::path::{Path, PathBuf};
use std::{env, fs, io};

use flate2::Compression;
use flate2::write::ZlibEncoder;

#[path = "src/parse/file/head_lines.rs"]
mod head_lines;

/// So many format files are packed together: more would take less room, and longer to read one.
const FORMATS_A_PACK: usize = 4;

/// Folder under `content/`, file ending, name of the table.
const TABLES: &[(&str, &str, &str)] = &[
    ("devices", "toml", "DEVICES"),
    ("rules", "yml", "RULES"),
    ("web", "toml", "WEB"),
    ("words", "ftl", "WORDS"),
    ("never-block", "txt", "NEVER_BLOCK"),
    ("known-scanners", "toml", "KNOWN_SCANNERS"),
    ("keep-alive", "txt", "KEEP_ALIVE"),
    ("law", "toml", "LAW"),
    ("weaknesses", "toml", "WEAKNESSES"),
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
    write_formats(&mut source, &content.join("formats"), &target)?;
    fs::write(target.join("content.rs"), source)
}

/// The files of `folder` with this ending, by name: name without ending, and path.
fn files(folder: &Path, ending: &str) -> io::Result<Vec<(String, PathBuf)>> {
    let mut files = Vec::new();
    for entry in fs::read_dir(folder)? {
        let path = entry?.path();
        if path.extension().is_some_and(|found| found == ending) {
            let name = path.file_stem().unwrap_or_default().to_string_lossy();
            files.push((name.into_owned(), fs::canonicalize(&path)?));
        }
    }
    // With its ending: where two formats can be meant, the order of the files decides.
    files.sort_by(|(_, one), (_, other)| one.cmp(other));
    Ok(files)
}

fn write_table(source: &mut String, folder: &Path, ending: &str, table: &str) -> io::Result<()> {
    let mut rows = String::new();
    for (name, path) in files(folder, ending)? {
        writeln!(rows, "    ({name:?}, include_str!({path:?})),").map_err(io::Error::other)?;
    }
    writeln!(
        source,
        "/// Files of `content/` ending in `.{ending}`: name without ending, and text; in the order of the files.\n\
         pub static {table}: &[(&str, &str)] = &[\n{rows}];"
    )
    .map_err(io::Error::other)
}

/// Format files are packed, because there are hundreds and a firm has devices of few makers. What must be
/// known of each at the start stands in a pack of its own.
fn write_formats(source: &mut String, folder: &Path, target: &Path) -> io::Result<()> {
    println!("cargo::rerun-if-changed={}", folder.display());
    let (mut names, mut heads, mut texts) = (Vec::new(), Vec::new(), Vec::new());
    for (name, path) in files(folder, "toml")? {
        let text = fs::read_to_string(path)?;
        names.push(name);
        heads.push(head_lines::pick(&text));
        texts.push(text);
    }
    let mut rows = String::new();
    for (number, texts) in texts.chunks(FORMATS_A_PACK).enumerate() {
        let row = pack(&target.join(format!("formats-{number}.zz")), texts)?;
        writeln!(rows, "    {row},").map_err(io::Error::other)?;
    }
    let heads = pack(&target.join("format-heads.zz"), &heads)?;
    writeln!(
        source,
        "/// The names of the format files, in their order.\n\
         pub(crate) static FORMAT_NAMES: &[&str] = &{names:?};\n\
         static FORMAT_HEADS: Pack = {heads};\n\
         static FORMAT_TEXTS: &[Pack] = &[\n{rows}];\n\
         const FORMATS_A_PACK: usize = {FORMATS_A_PACK};"
    )
    .map_err(io::Error::other)
}

/// Writes `texts`, a NUL behind each, to `path` as zlib data (RFC 1950), and gives the source of what tells of
/// them.
fn pack(path: &Path, texts: &[String]) -> io::Result<String> {
    let mut whole = String::new();
    for text in texts {
        whole.push_str(text);
        whole.push('\0');
    }
    let mut packed = ZlibEncoder::new(Vec::new(), Compression::best());
    packed.write_all(whole.as_bytes())?;
    fs::write(path, packed.finish()?)?;
    let bytes = whole.len();
    Ok(format!(
        "Pack {{ data: include_bytes!({path:?}), unpacked_bytes: {bytes} }}"
    ))
}
