//! What must be known of a format file before a record can be of it. Building the program picks these lines,
//! too, so that at its start it need not unpack whole files.

/// The lines of the format file `text` that say when it is tried, by what it is recognised and how it is
/// written: three keys of the file's own, and the tables `[[recognise]]` and `[columns]`. Of lines that were
/// picked, all.
pub(super) fn pick(text: &str) -> String {
    let mut picked = String::new();
    let mut tables = 0;
    let mut wanted = false;
    for line in text.split_inclusive('\n') {
        if line.starts_with('[') {
            tables += 1;
            wanted = line.starts_with("[[recognise]]") || line.starts_with("[columns]");
        }
        let own = tables == 0
            && ["fallback", "reader", "read"].iter().any(|key| {
                let rest = line.strip_prefix(key);
                rest.is_some_and(|rest| rest.trim_start().starts_with('='))
            });
        if wanted || own {
            picked.push_str(line);
        }
    }
    picked
}
