//! For tests: a stream as a network may bring it.

/// `stream` in pieces of the sizes in `cuts`, again from the first after the last.
pub fn cut<'s>(stream: &'s [u8], cuts: &[usize]) -> Vec<&'s [u8]> {
    let mut pieces = Vec::new();
    let mut rest = stream;
    for size in cuts.iter().cycle() {
        if rest.is_empty() {
            break;
        }
        let (head, tail) = rest.split_at((*size).min(rest.len()));
        pieces.push(head);
        rest = tail;
    }
    pieces
}
