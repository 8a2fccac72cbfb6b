//! What stands around a message: priority, stamp, host, program.
//!
//! Standards: RFC 5424, and RFC 3164 in the dialects devices really speak: single-digit days with one
//! or two blanks, an optional year and zone, an ISO stamp instead, no host, no tag, a second header
//! inside the first (a relay's), Cisco's running numbers ([`cisco`]), a container's wrapping
//! ([`container`]), or no header at all.
//!
//! A log file's own line may look like a header and be none. So the record itself, and what follows
//! its first header, are kept too ([`Envelope::bodies`]), for formats that read those.

mod cisco;
pub(super) mod container;

use super::scan::{self, HOST, LABEL, NAME, TAG, run, split_word, unblanked};
use super::stamp::{self, Missing};
use crate::time::DeviceTime;

/// The longest host name taken from a header, in bytes (RFC 5424, 6.2.4).
const MAX_HOST_BYTES: usize = 255;
/// The longest program name taken from a header, in bytes (RFC 5424 allows 48; some relays more).
const MAX_PROGRAM_BYTES: usize = 96;
/// How many headers inside one another are read: the relays' and the device's.
const MAX_HEADERS: usize = 3;

/// A record taken apart into header and message.
#[derive(Clone, Copy, Debug, PartialEq)]
pub(super) struct Envelope<'a> {
    /// When the device says it happened.
    pub stamp: Option<DeviceTime>,
    /// The same as it stands there, where it is no RFC 5424 stamp.
    pub stamp_text: Option<&'a str>,
    /// The device's name for itself.
    pub host: Option<&'a str>,
    /// The program that spoke, without path.
    pub program: Option<&'a str>,
    /// RFC 5424's message id.
    pub message_id: Option<&'a str>,
    /// RFC 5424's structured data, brackets and all.
    pub structured: Option<&'a str>,
    /// The message, without leading blanks and colons.
    pub message: &'a str,
    /// The record behind its priority.
    pub record: &'a str,
    /// What follows the first header, where there is one, and what that header says.
    pub body: Option<Body<'a>>,
}

/// A record behind its first header.
#[derive(Clone, Copy, Debug, PartialEq)]
pub(super) struct Body<'a> {
    /// All that follows.
    pub text: &'a str,
    /// The header's host.
    pub host: Option<&'a str>,
    /// The header's program.
    pub program: Option<&'a str>,
    /// The header's stamp.
    pub stamp: Option<DeviceTime>,
}

impl<'a> Envelope<'a> {
    /// No header at all.
    const fn of(text: &'a str) -> Self {
        Self {
            stamp: None,
            stamp_text: None,
            host: None,
            program: None,
            message_id: None,
            structured: None,
            message: text,
            record: text,
            body: None,
        }
    }

    /// The record and what follows its first header, without what further headers seem to say.
    pub fn bodies(&self) -> impl Iterator<Item = Body<'a>> {
        let whole = Body {
            text: self.record,
            host: None,
            program: None,
            stamp: None,
        };
        std::iter::once(whole).chain(self.body)
    }

    /// Whether a header's stamp is one of syslog's, not that of a program's own log file.
    fn is_syslog(&self) -> bool {
        let stamp = self.stamp_text.unwrap_or_default();
        stamp.starts_with(|first: char| first.is_ascii_alphabetic()) || stamp.contains('T')
    }

    /// Takes `program: ` off the message, where it stands there.
    fn take_tag(&mut self, loose: bool) -> bool {
        let found = tag(self.message, loose);
        if let Some((program, message)) = found {
            self.program = Some(program);
            self.message = message;
        }
        found.is_some()
    }

    /// Notes that the first header has been read.
    const fn first_header_read(&mut self) {
        if self.body.is_none() {
            self.body = Some(Body {
                text: self.message,
                host: self.host,
                program: self.program,
                stamp: self.stamp,
            });
        }
    }
}

/// Takes `text` apart. Always succeeds: without a header the whole text is the message.
pub(super) fn open<'a>(text: &'a str, missing: &Missing) -> Envelope<'a> {
    let text = container::compose(text).unwrap_or(text);
    let (had_priority, text) = priority(counted(text).unwrap_or(text));
    let mut envelope = Envelope::of(text);
    if had_priority && let Some((address, rest)) = original_address(text) {
        envelope.host = Some(address);
        envelope.message = rest;
        envelope.record = rest;
    }
    if had_priority {
        // Without a priority it is a program's own log.
        envelope.message = stamp::without_weekday(envelope.message);
    }
    let text = envelope.message;
    if had_priority
        && let Some(rest) = versioned(text).or_else(|| unversioned(text))
        && rfc5424(&mut envelope, rest, missing)
    {
        envelope.first_header_read();
        return envelope;
    }
    // Some write the version, and then a header of the older kind.
    if had_priority
        && let Some(rest) = versioned(text)
        && stamp::iso(rest.as_bytes(), missing).is_some()
    {
        envelope.message = rest;
    }
    let text = envelope.message;
    let wrapped = container::cri(text, missing);
    if let Some((_, inner)) = wrapped {
        envelope.message = inner;
    }
    for _ in 0..MAX_HEADERS {
        let found = rfc3164(&mut envelope, missing) || cisco::header(&mut envelope, missing);
        if !found {
            break;
        }
        envelope.first_header_read();
        // A relay may have put its header before the device's whole record.
        let (inner_priority, inner) = priority(envelope.message);
        if let Some(rest) = versioned(inner)
            && rfc5424(&mut envelope, rest, missing)
        {
            return envelope;
        }
        if inner_priority {
            envelope.message = inner;
        } else if let Some(inner) = counted(envelope.message) {
            let (_, inner) = priority(inner);
            envelope.message = inner;
            if let Some(rest) = versioned(inner)
                && rfc5424(&mut envelope, rest, missing)
            {
                return envelope;
            }
        }
    }
    let has_header = had_priority || envelope.stamp.is_some();
    if envelope.program.is_none() && envelope.take_tag(has_header) {
        envelope.first_header_read();
    }
    envelope.message = after_header(envelope.message);
    // A stranger's text can only stand behind a program's tag.
    if (had_priority || envelope.is_syslog())
        && envelope.program.is_none()
        && let Some(message) = event_format(envelope.message)
    {
        envelope.message = message;
    }
    if let Some((stamp, inner)) = wrapped {
        envelope.stamp = envelope.stamp.or(Some(stamp));
        envelope.record = inner;
    }
    envelope
}

/// What begins with `<pri>` behind the octet count of a framed message (RFC 6587) that a relay kept.
fn counted(text: &str) -> Option<&str> {
    if !text.as_bytes().first()?.is_ascii_digit() {
        return None;
    }
    let digits = text.bytes().take(6).take_while(u8::is_ascii_digit).count();
    let rest = text.get(digits..)?.strip_prefix(' ')?;
    priority(rest).0.then_some(rest)
}

/// What follows RFC 5424's version.
fn versioned(text: &str) -> Option<&str> {
    match text.as_bytes() {
        [b'1', b' ', ..] => text.get(2..),
        _ => None,
    }
}

/// `Original Address=192.0.2.7 `, which some relays put before the device's own header.
fn original_address(text: &str) -> Option<(&str, &str)> {
    split_word(text.strip_prefix("Original Address=")?)
}

/// Skips blanks and a colon of its own (" : %ASA-…"), but not the colons an address starts with.
fn after_header(text: &str) -> &str {
    let text = unblanked(text);
    match text.as_bytes() {
        [b':', b' ' | b'%', ..] => unblanked(text.get(1..).unwrap_or_default()),
        _ => text,
    }
}

/// Strips `<0>` to `<999>`.
fn priority(text: &str) -> (bool, &str) {
    let digits = match text.as_bytes() {
        [b'<', _, _, _, b'>', ..] => 3,
        [b'<', _, _, b'>', ..] => 2,
        [b'<', _, b'>', ..] => 1,
        _ => return (false, text),
    };
    let number = text.as_bytes().get(1..=digits).unwrap_or_default();
    match text.get(digits + 2..) {
        Some(rest) if number.iter().all(u8::is_ascii_digit) => (true, unblanked(rest)),
        _ => (false, text),
    }
}

/// `text` without blanks and colons in front.
fn uncoloned(text: &str) -> &str {
    // Mostly there is one blank.
    let text = unblanked(text);
    if text.as_bytes().first() != Some(&b':') {
        return text;
    }
    let more = text
        .bytes()
        .take_while(|byte| matches!(byte, b' ' | b':'))
        .count();
    text.get(more..).unwrap_or_default()
}

/// One header of the older kind: stamp, then host and tag where they stand. False, and nothing
/// changed, when there is no stamp.
fn rfc3164<'a>(envelope: &mut Envelope<'a>, missing: &Missing) -> bool {
    let text = uncoloned(sequence_number(envelope.message));
    let bytes = text.as_bytes();
    let Some((time, rest)) = (match bytes.first() {
        Some(b'0'..=b'9') => {
            stamp::iso(bytes, missing).or_else(|| stamp::year_first(bytes, missing))
        }
        Some(b'A'..=b'Z' | b'a'..=b'z' | b'*' | b'.') => stamp::bsd(bytes, missing),
        _ => None,
    }) else {
        return false;
    };
    let Some(rest) = text.get(text.len() - rest.len()..) else {
        return false;
    };
    if let Some((host, message)) = tabbed(rest) {
        envelope.stamp = Some(time);
        envelope.host = Some(host);
        envelope.message = message;
        return true;
    }
    // A stamp must end its word, or it was part of something else.
    let before_colon = match rest.as_bytes() {
        [b':', ..] => true,
        [b' ', ..] => false,
        _ => return false,
    };
    envelope.stamp = Some(time);
    envelope.stamp_text = text.get(..text.len() - rest.len());
    let rest = uncoloned(rest);
    envelope.message = rest;
    if before_colon || stamp::begins_bsd(rest.as_bytes(), missing) {
        // A second header follows at once.
        return true;
    }
    if let Some((host, after)) = unifi_host(rest) {
        envelope.host = Some(host);
        envelope.message = unblanked(after);
        envelope.take_tag(true);
        return true;
    }
    // "stamp tag: message" has no host; "stamp host tag: message" has one.
    if envelope.take_tag(true) {
        return true;
    }
    if let Some((host, after)) = host(rest) {
        envelope.host = Some(host);
        let after = unblanked(after);
        // UniFi says its name twice.
        let again = after
            .strip_prefix(host)
            .and_then(|rest| rest.strip_prefix(' '));
        let after = again.unwrap_or(after);
        envelope.message = match unifi_host(after) {
            Some((_, message)) => unblanked(message),
            None => level_skipped(after),
        };
        envelope.take_tag(true);
    }
    true
}

/// Skips the level that some put between host and tag (`info sshd[7]: …`, `user.info kernel: …`): only
/// where a tag follows that can be nothing else.
fn level_skipped(text: &str) -> &str {
    let end = run(text.as_bytes(), NAME);
    let Some((word, rest)) = text
        .split_at_checked(end)
        .and_then(|(word, rest)| Some((word, rest.strip_prefix(' ')?)))
    else {
        return text;
    };
    // A facility may stand before it.
    let level = match memchr::memrchr(b'.', word.as_bytes()) {
        Some(at) => word.get(at + 1..).unwrap_or_default(),
        None => word,
    };
    if is_level(level) && (rest.starts_with("kernel:") || tag(rest, false).is_some()) {
        rest
    } else {
        text
    }
}

/// Whether `word` says how grave something is. Such words stand where a host would, and are none: an
/// application's own.
pub(super) fn is_level(word: &str) -> bool {
    let levels: &[&str] = match word.bytes().next().map(|first| first | 0x20) {
        Some(b'a') => &["alert"],
        Some(b'c') => &["critical", "crit"],
        Some(b'd') => &["debug"],
        Some(b'e') => &["error", "err", "emerg"],
        Some(b'f') => &["fatal"],
        Some(b'i') => &["info"],
        Some(b'l') => &["log"],
        Some(b'n') => &["notice", "note"],
        Some(b'p') => &["panic"],
        Some(b's') => &["severe"],
        Some(b't') => &["trace"],
        Some(b'w') => &["warn", "warning"],
        _ => &[],
    };
    levels.iter().any(|level| level.eq_ignore_ascii_case(word))
}

/// Skips `nnn: ` before a stamp, Cisco's running number.
fn sequence_number(text: &str) -> &str {
    if !matches!(text.as_bytes(), [b'0'..=b'9', ..]) {
        return text;
    }
    let digits = text.bytes().take(11).take_while(u8::is_ascii_digit).count();
    match text.get(digits..).and_then(|rest| rest.strip_prefix(": ")) {
        Some(rest) if digits > 0 => rest,
        _ => text,
    }
}

/// `name,0123456789ab,v4.0.66.10832: ` or without the colon, or `0123456789ab,U6-LR-6.5.28+14491: `: UniFi's
/// access points and switches put name, hardware address, model and version where the host belongs, or
/// behind it.
fn unifi_host(text: &str) -> Option<(&str, &str)> {
    let mark = scan::find_either(b' ', b',', text.as_bytes(), 0)?;
    let is_comma = |at: usize| text.as_bytes().get(at) == Some(&b',');
    // The hardware address has twelve digits, before the comma or behind it.
    if !is_comma(mark) || (mark != 12 && !is_comma(mark + 13)) {
        return None;
    }
    let (word, rest) = text.split_at_checked(memchr::memchr(b' ', text.as_bytes())?)?;
    let mut parts = word.split(',');
    let (first, second) = (parts.next()?, parts.next()?);
    let is_address =
        |part: &str| part.len() == 12 && part.bytes().all(|byte| byte.is_ascii_hexdigit());
    let good = match parts.next() {
        Some(version) => is_address(second) && version.starts_with('v') && parts.next().is_none(),
        None => is_address(first) && second.ends_with(':') && second.contains('-'),
    };
    (good && first.len() <= MAX_HOST_BYTES).then_some((first, rest))
}

/// Behind the stamp, each after a tab: facility and level, host, message; how some Windows collectors
/// write their files.
fn tabbed(rest: &str) -> Option<(&str, &str)> {
    let (level, rest) = rest.strip_prefix('\t')?.split_once('\t')?;
    let (host, message) = rest.split_once('\t')?;
    let good = level.contains('.') && level.len() <= MAX_HOST_BYTES && host.len() <= MAX_HOST_BYTES;
    (good && !host.contains(' ')).then_some((host, message))
}

/// A word that can be a host name or address and is followed by a blank.
fn host(text: &str) -> Option<(&str, &str)> {
    let plain = run(text.as_bytes(), HOST);
    let end = plain + scan::find(b' ', text.as_bytes().get(plain..)?, 0)?;
    let (word, rest) = text.split_at_checked(end)?;
    let word = word.strip_suffix(':').unwrap_or(word);
    // syslog-ng's chains ("s_net@192.0.2.7") and OSSEC's archives ("collector->192.0.2.7") end with the
    // device.
    let word = match (plain < end).then(|| word.rsplit_once('@').or_else(|| word.rsplit_once("->")))
    {
        Some(Some((_, device))) if !device.starts_with('/') => device,
        Some(Some((collector, _))) => collector,
        _ => word,
    };
    let good = !word.is_empty()
        && word.len() <= MAX_HOST_BYTES
        && (plain == end || run(word.as_bytes(), HOST) == word.len())
        && !word.starts_with('/')
        && !is_level(word);
    good.then_some((word, rest))
}

/// `program:`, `program[pid]:` or, where `loose` is false, only the latter. The colon must be followed
/// by a blank or the end, so that addresses and URLs are not taken for a tag.
fn tag(text: &str, loose: bool) -> Option<(&str, &str)> {
    let bytes = text.as_bytes();
    // Nearly all are a name; only where it goes on may a path or something in parentheses be in it.
    let window = bytes.get(..MAX_PROGRAM_BYTES + 1).unwrap_or(bytes);
    let name = run(window, NAME);
    let more = run(window.get(name..)?, TAG);
    let length = name + more;
    if length == 0 || length > MAX_PROGRAM_BYTES || !matches!(bytes.get(length), Some(b'[' | b':'))
    {
        return None;
    }
    let (name, rest) = text.split_at_checked(length)?;
    let (rest, has_pid) = match rest.strip_prefix('[') {
        Some(inside) => {
            let end = inside
                .bytes()
                .take(MAX_PROGRAM_BYTES)
                .position(|byte| byte == b']')?;
            (inside.get(end + 1..)?, true)
        }
        None => (rest, false),
    };
    // Where no number follows, a path is something else's.
    if !has_pid && (!loose || name.starts_with('/')) {
        return None;
    }
    let rest = rest.strip_prefix(':')?;
    if !rest.is_empty() && !rest.starts_with(' ') {
        return None;
    }
    let name = if more > 0 { bare_program(name) } else { name };
    // "CEF: 0|…" is the message itself.
    (!name.is_empty() && !matches!(name, "CEF" | "LEEF")).then_some((name, unblanked(rest)))
}

/// A program's name without its path: "(squid-1)" is a program, "polkitd(authority=local)" says more
/// about one.
fn bare_program(name: &str) -> &str {
    let name = name.rsplit('/').next().unwrap_or(name);
    let inner = name
        .strip_prefix('(')
        .and_then(|name| name.strip_suffix(')'));
    inner.or_else(|| name.split('(').next()).unwrap_or(name)
}

/// The part after `<pri>1 `: stamp, host, program, process, message id, structured data, message. False,
/// and nothing changed, when it is none.
fn rfc5424<'a>(envelope: &mut Envelope<'a>, text: &'a str, missing: &Missing) -> bool {
    let Some((stamp, rest)) = stamp_5424(text, missing) else {
        return false;
    };
    if let Some((host, message)) = split_word(rest)
        && (message.starts_with("CEF:") || message.starts_with("LEEF:"))
    {
        // Some end the header there.
        envelope.stamp = stamp.or(envelope.stamp);
        envelope.host = Some(host);
        envelope.message = message;
        return true;
    }
    let mut words = [""; 4];
    let mut rest = rest;
    for (number, word) in words.iter_mut().enumerate() {
        match split_word(rest) {
            Some((found, after)) => {
                *word = found;
                rest = after;
            }
            // Structured data may be missing, no other part.
            None if number == 3 => {
                *word = rest;
                rest = "";
            }
            None => return false,
        }
    }
    let [host, program, _process, message_id] = words;
    let Some(message) = structured_data(rest) else {
        return false;
    };
    let structured = rest.get(..rest.len() - message.len());
    let said = |word: &'a str, most: usize| (word != "-" && word.len() <= most).then_some(word);
    let program = said(program, MAX_PROGRAM_BYTES).map(|name| {
        if run(name.as_bytes(), NAME) == name.len() {
            return name;
        }
        let name = name.rsplit('/').next().unwrap_or(name);
        name.trim_end_matches(':')
    });
    envelope.stamp = stamp.or(envelope.stamp);
    envelope.host = said(host, MAX_HOST_BYTES).or(envelope.host);
    envelope.program = program.filter(|name| !name.is_empty());
    envelope.message_id = said(message_id, MAX_PROGRAM_BYTES);
    envelope.structured = structured.filter(|text| text.starts_with('['));
    let message = unblanked(message);
    envelope.message = after_header(match message.as_bytes() {
        [0xEF, ..] => message.trim_start_matches([' ', '\u{feff}']),
        _ => message,
    });
    // Relays that take the older header apart leave the tag in the message.
    if envelope.program.is_none() {
        envelope.take_tag(true);
    }
    true
}

/// An RFC 5424 header whose version a relay left out: a stamp, four words, and what can only be
/// structured data.
fn unversioned(text: &str) -> Option<&str> {
    if text.as_bytes().get(10) != Some(&b'T') {
        return None;
    }
    let mut rest = text;
    for _ in 0..5 {
        rest = split_word(rest)?.1;
    }
    let element = rest.starts_with('[') && rest.contains("=\"");
    (element || rest == "-" || rest.starts_with("- ")).then_some(text)
}

/// Where `CEF:` or `LEEF:` begins, when it stands behind at most three words that the header's rules do
/// not know.
fn event_format(message: &str) -> Option<&str> {
    let mut rest = message;
    for _ in 0..4 {
        if let [b'C', b'E', b'F', b':', ..] | [b'L', b'E', b'E', b'F', b':', ..] = rest.as_bytes() {
            return Some(rest);
        }
        let word = run(rest.as_bytes(), LABEL);
        rest = rest.get(word..)?.strip_prefix(' ')?;
    }
    None
}

/// The stamp of an RFC 5424 header, `-` for none, and what follows it.
fn stamp_5424<'a>(text: &'a str, missing: &Missing) -> Option<(Option<DeviceTime>, &'a str)> {
    let (word, rest) = split_word(text)?;
    // Some leave it empty.
    if word == "-" || word.is_empty() {
        return Some((None, rest));
    }
    let (time, after) = stamp::iso(word.as_bytes(), missing)?;
    after.is_empty().then_some((Some(time), rest))
}

/// Skips `-` or any number of `[id name="value" ...]`; a quoted value may hold `\]` and `\"`.
fn structured_data(text: &str) -> Option<&str> {
    if let Some(rest) = text.strip_prefix('-') {
        return Some(rest);
    }
    let mut rest = text;
    while let Some(element) = rest.strip_prefix('[') {
        // Cisco and others send text in square brackets where structured data should stand.
        let Some(end) = element_end(element.as_bytes()) else {
            return Some(rest);
        };
        rest = element.get(end + 1..)?;
    }
    Some(rest)
}

fn element_end(element: &[u8]) -> Option<usize> {
    let mut quoted = false;
    let mut escaped = false;
    for (at, byte) in element.iter().enumerate() {
        match byte {
            _ if escaped => escaped = false,
            b'\\' if quoted => escaped = true,
            b'"' => quoted = !quoted,
            b']' if !quoted => return Some(at),
            _ => {}
        }
    }
    None
}

#[cfg(test)]
mod tests;
