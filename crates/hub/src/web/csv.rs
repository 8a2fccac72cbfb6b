//! Comma-separated values for spreadsheets.
//!
//! Standard: RFC 4180, with a header line. A cell that a spreadsheet would take for a formula gets an
//! apostrophe in front (OWASP CSV injection): what attackers chose (a key, a detector's name) must
//! not run on an analyst's machine.

/// Appends one line.
pub(super) fn line<'a>(out: &mut String, cells: impl IntoIterator<Item = &'a str>) {
    for (index, cell) in cells.into_iter().enumerate() {
        if index > 0 {
            out.push(',');
        }
        push(out, cell);
    }
    out.push_str("\r\n");
}

fn push(out: &mut String, cell: &str) {
    let guard = cell.starts_with(['=', '+', '-', '@', '\t', '\r', '\n']);
    let quote = guard || cell.contains(['"', ',', '\r', '\n']);
    if !quote {
        out.push_str(cell);
        return;
    }
    out.push('"');
    if guard {
        out.push('\'');
    }
    out.push_str(&cell.replace('"', "\"\""));
    out.push('"');
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn quotes_and_guards() {
        let check = |cells: &[&str], expected: &str| {
            let mut out = String::new();
            line(&mut out, cells.iter().copied());
            assert_eq!(out, format!("{expected}\r\n"));
        };
        check(&["tcp/22", "5", "a b"], "tcp/22,5,a b");
        check(
            &["a,b", "say \"x\"", "two\nlines"],
            "\"a,b\",\"say \"\"x\"\"\",\"two\nlines\"",
        );
        check(
            &["=1+1", "+1", "-1", "@x", "\tx"],
            "\"'=1+1\",\"'+1\",\"'-1\",\"'@x\",\"'\tx\"",
        );
        check(&["", "1=1"], ",1=1");
    }
}
