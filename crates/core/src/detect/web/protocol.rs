//! What a request shows of the protocol's rules being broken (RFC 9110, RFC 9112): what no browser or
//! honest program sends, and what weak servers and proxies understand differently.

use super::media::is_media_type;
use super::methods::METHODS;
use super::whole::{MAX_HEADERS, WholeRequest};
use super::{Kind, Verdict, cut, decode};

/// Most ranges that a browser or download program asks for at once.
const MAX_RANGES: usize = 10;
/// Longest name of a field.
const MAX_NAME_BYTES: usize = 100;
/// Fewest letters that are encoded although nothing asks for it, to be no accident.
const MIN_ENCODED_LETTERS: usize = 3;

/// Methods that show what a server's inside looks like, or turn it into a proxy.
const REVEALING_METHODS: &[&str] = &["TRACE", "TRACK", "DEBUG", "CONNECT"];

/// Endings of files that servers keep for themselves, besides those that tell by themselves.
const KEPT_ENDINGS: &[&str] = &[
    ".cfg",
    ".conf",
    ".ini",
    ".log",
    ".db",
    ".cs",
    ".vb",
    ".resx",
    ".key",
    ".csr",
    ".dbf",
    ".sys",
    ".pol",
    ".lnk",
    ".cmd",
    ".inc",
    ".bat",
    ".pdb",
    ".resources",
    ".vbs",
    ".xsx",
    ".backup",
    ".cdx",
    ".ascx",
    ".orig",
    "~",
];

/// Overlong UTF-8 (RFC 3629, 3), letters of old servers and dots and slashes encoded twice: in a path
/// they are there to be read differently by two programs.
const HIDDEN_IN_PATHS: &[&str] = &[
    "%c0%", "%c1%", "%e0%80%", "%e0%81%", "%u00", "%uff", "%u22", "%252e", "%252f", "%255c",
];

/// Reads what stands around the content of `request`.
pub(super) fn read(request: &WholeRequest<'_>, verdict: &mut Verdict) {
    line(request, verdict);
    host(request, verdict);
    lengths(request, verdict);
    body_where_none_belongs(request, verdict);
    ranges(request, verdict);
    content_type(request, verdict);
    connection(request, verdict);
    session(request, verdict);
    headers_without_value(request, verdict);
    if let Some(coding) = request.header("accept-encoding")
        && coding.split(',').any(|one| {
            let name = one.split(';').next().unwrap_or("").trim();
            !name.is_empty() && !is_coding(name) && !UNPACKED.contains(&name)
        })
    {
        verdict.add(Kind::Protocol, 5, "protocol-unknown-coding");
    }
    if let Some(coding) = request.header("content-encoding")
        && !coding.is_empty()
        && coding.split(',').any(|one| !is_coding(one))
    {
        verdict.add(Kind::Protocol, 5, "protocol-unknown-coding");
    }
    if overrides_method(request.uri) {
        verdict.add(Kind::Protocol, 5, "protocol-method-in-query");
    }
}

/// Method, target and version.
fn line(request: &WholeRequest<'_>, verdict: &mut Verdict) {
    let version = request.version.unwrap_or("").trim();
    if !version.is_empty() && !is_version(version) {
        verdict.add(Kind::Protocol, 5, "protocol-version");
    }
    let method = request.method.trim();
    let among = |methods: &[&str]| {
        methods
            .iter()
            .any(|known| method.eq_ignore_ascii_case(known))
    };
    if !method.is_empty() && !among(METHODS) {
        verdict.add(Kind::Protocol, 5, "protocol-unknown-method");
    } else if among(REVEALING_METHODS) {
        verdict.add(Kind::Protocol, 5, "protocol-revealing-method");
    }
    let uri = cut(request.uri);
    if has_control_character(uri) {
        verdict.add(Kind::Protocol, 5, "protocol-control-character");
    }
    if hides_letters(uri) {
        verdict.add(Kind::Protocol, 5, "protocol-encoded-letters");
    }
    if has_long_name(uri) {
        verdict.add(Kind::Protocol, 5, "protocol-long-name");
    }
    let lower = uri.to_ascii_lowercase();
    let path = lower.split(['?', '#']).next().unwrap_or("");
    if HIDDEN_IN_PATHS.iter().any(|hidden| path.contains(hidden)) {
        verdict.add(Kind::Protocol, 5, "protocol-overlong-letter");
    }
    let kept = KEPT_ENDINGS.iter().any(|ending| {
        path.strip_suffix(ending)
            .is_some_and(|name| !name.ends_with('/'))
    });
    if kept && path.starts_with('/') {
        verdict.add(Kind::SensitiveFile, 5, "protocol-kept-ending");
    }
}

/// Headers that every browser fills and no honest program sends empty.
fn headers_without_value(request: &WholeRequest<'_>, verdict: &mut Verdict) {
    let empty = |name| {
        request
            .header(name)
            .is_some_and(|value| value.trim().is_empty())
    };
    let asks_first = request.method.trim().eq_ignore_ascii_case("OPTIONS");
    if !asks_first && (empty("accept") || empty("user-agent")) {
        verdict.add(Kind::Protocol, 5, "protocol-empty-header");
    }
}

/// A request of HTTP/1.1 names its host once, as a name or an address (RFC 9112, 3.2).
fn host(request: &WholeRequest<'_>, verdict: &mut Verdict) {
    let hosts: Vec<&str> = request.headers_named("host").collect();
    let newest = request
        .version
        .is_some_and(|version| version.trim().eq_ignore_ascii_case("HTTP/1.1"));
    let odd = |host: &&str| {
        host.is_empty()
            || !host.bytes().all(|byte| {
                byte.is_ascii_alphanumeric() || b".-_:[]{}".contains(&byte) || byte >= 0x80
            })
    };
    if newest && hosts.is_empty() && !request.headers.is_empty() {
        // Whoever hands requests over may have left it out.
        verdict.add(Kind::Protocol, 3, "protocol-no-host");
    } else if hosts.iter().any(odd) || hosts.len() > 1 {
        verdict.add(Kind::Protocol, 5, "protocol-odd-host");
    }
}

/// Ranges that are too many, run backwards or past every file: servers have fallen over them.
fn ranges(request: &WholeRequest<'_>, verdict: &mut Verdict) {
    for name in ["range", "request-range"] {
        for range in request.headers_named(name) {
            let parts = range
                .split_once('=')
                .map_or(range, |(_, parts)| parts)
                .split(',');
            if parts.clone().count() > MAX_RANGES {
                verdict.add(Kind::Protocol, 5, "protocol-many-ranges");
            }
            let odd = parts.clone().take(MAX_RANGES).any(|part| {
                let (first, last) = part.trim().split_once('-').unwrap_or((part, ""));
                let number = |text: &str| text.trim().parse::<u64>().ok();
                first.len() > 18
                    || last.len() > 18
                    || matches!((number(first), number(last)), (Some(first), Some(last)) if last < first)
            });
            if odd {
                verdict.add(Kind::Protocol, 5, "protocol-odd-range");
            }
        }
    }
}

/// A type that is none, or one that makes a server read letters in another alphabet.
fn content_type(request: &WholeRequest<'_>, verdict: &mut Verdict) {
    for kind in request.headers_named("content-type") {
        if !is_media_type(kind) {
            verdict.add(Kind::Protocol, 5, "protocol-content-type");
        }
        let lower = kind.to_ascii_lowercase();
        if lower.matches("boundary=").count() > 1 || lower.matches("charset=").count() > 1 {
            verdict.add(Kind::Protocol, 5, "protocol-content-type-twice");
        }
        let charset = lower
            .split_once("charset=")
            .map_or("", |(_, charset)| charset);
        let charset = charset.trim_matches(['"', '\'', ' ']);
        if [
            "utf-7", "utf7", "ibm", "cp037", "cp500", "cp875", "ebcdic", "utf-16", "utf-32",
            "hz-gb",
        ]
        .iter()
        .any(|odd| charset.starts_with(odd))
        {
            verdict.add(Kind::Protocol, 5, "protocol-charset");
        }
    }
    if request.headers_named("content-type").count() > 1 {
        verdict.add(Kind::Protocol, 5, "protocol-content-type-twice");
    }
}

/// Names under which servers keep sessions.
const SESSION_NAMES: &[&str] = &[
    "phpsessid",
    "jsessionid",
    "aspsessionid",
    "asp.net_sessionid",
    "cfid",
    "cftoken",
    "session_id",
    "sessionid",
];

/// A session given in a link from elsewhere, so that the visitor uses one the attacker knows.
fn session(request: &WholeRequest<'_>, verdict: &mut Verdict) {
    let query = request.uri.split_once('?').map_or("", |(_, query)| query);
    let given = query.split('&').any(|field| {
        let name = field.split('=').next().unwrap_or("");
        SESSION_NAMES
            .iter()
            .any(|known| name.eq_ignore_ascii_case(known))
    });
    let referer = request.header("referer").unwrap_or("");
    let from = referer.split_once("://").map_or("", |(_, rest)| rest);
    let from = from.split(['/', ':', '?']).next().unwrap_or("");
    let host = request.header("host").unwrap_or("");
    let host = host.split(':').next().unwrap_or("");
    if given && (from.is_empty() || !from.eq_ignore_ascii_case(host)) {
        let points = if from.is_empty() { 3 } else { 5 };
        verdict.add(Kind::Protocol, points, "protocol-session-in-link");
    }
}

/// Headers of hop and lock where they mean nothing.
fn connection(request: &WholeRequest<'_>, verdict: &mut Verdict) {
    let joined: Vec<String> = request
        .headers_named("connection")
        .flat_map(|value| value.split(','))
        .map(|word| word.trim().to_ascii_lowercase())
        .collect();
    let has = |word: &str| joined.iter().filter(|one| *one == word).count();
    if has("close") + has("keep-alive") > 1 {
        verdict.add(Kind::Protocol, 5, "protocol-connection-twice");
    }
    let plain = ["get", "head"]
        .iter()
        .any(|plain| request.method.trim().eq_ignore_ascii_case(plain));
    if plain
        && (["lock-token", "content-range", "if"]
            .iter()
            .any(|name| request.header(name).is_some())
            || request.body.is_none_or(str::is_empty) && has_packed_nothing(request))
    {
        verdict.add(Kind::Protocol, 5, "protocol-header-without-use");
    }
}

/// How a body is packed, though none is sent.
fn has_packed_nothing(request: &WholeRequest<'_>) -> bool {
    let coding = request.header("content-encoding").unwrap_or("").trim();
    !coding.is_empty() && !coding.eq_ignore_ascii_case("identity")
}

/// Codings that programs say they can undo, besides those that requests come in.
const UNPACKED: &[&str] = &[
    "*",
    "x-compress",
    "bzip2",
    "dcb",
    "dcz",
    "exi",
    "lzma",
    "pack200-gzip",
    "sdch",
    "xz",
    "none",
];

fn is_coding(coding: &str) -> bool {
    [
        "gzip",
        "x-gzip",
        "deflate",
        "br",
        "zstd",
        "compress",
        "identity",
        "aws-chunked",
        "aes128gcm",
        "amz-1.0",
    ]
    .iter()
    .any(|known| coding.trim().eq_ignore_ascii_case(known))
}

/// A field whose name nobody would write: such names are sent to overflow. What only ends in `=` is a
/// value in base64 without a name.
fn has_long_name(uri: &str) -> bool {
    let query = uri.split_once('?').map_or("", |(_, query)| query);
    query.split('&').any(|field| {
        field
            .split_once('=')
            .is_some_and(|(name, value)| name.len() > MAX_NAME_BYTES && !matches!(value, "" | "="))
            && !field.starts_with(['{', '[', '%'])
    })
}

/// Letters and digits encoded twice over: nothing asks for it but hiding from a filter.
fn hides_letters(uri: &str) -> bool {
    let lower = uri.to_ascii_lowercase();
    let twice = lower.split("%25").skip(1).filter(|from| {
        let code = from
            .get(..2)
            .and_then(|pair| u8::from_str_radix(pair, 16).ok());
        code.is_some_and(|byte| byte.is_ascii_alphanumeric())
    });
    // `%25%37%33`
    let thrice = lower.matches("%25%3").count();
    twice.count() >= MIN_ENCODED_LETTERS || thrice >= MIN_ENCODED_LETTERS
}

/// A control character in the target, encoded or not. Text fields send tabs and line breaks.
pub(super) fn has_control_character(uri: &str) -> bool {
    let once = |pair: &[u8]| {
        std::str::from_utf8(pair)
            .is_ok_and(|pair| u8::from_str_radix(pair, 16).is_ok_and(is_control))
    };
    uri.bytes().any(is_control)
        || uri
            .as_bytes()
            .windows(3)
            .any(|part| matches!(part, [b'%', pair @ ..] if once(pair)))
}

const fn is_control(byte: u8) -> bool {
    byte < 32 && !matches!(byte, b'\t' | b'\n' | b'\r') || byte == 127
}

/// `?_method=DELETE`: frameworks take the method from a form's field; in a query a link could carry it.
fn overrides_method(uri: &str) -> bool {
    let query = uri.split_once('?').map_or("", |(_, query)| query);
    query.split('&').any(|field| {
        let value = field.strip_prefix("_method=").unwrap_or("");
        let value = decode::value(value, true);
        let spelled =
            (3..=10).contains(&value.len()) && value.bytes().all(|byte| byte.is_ascii_uppercase());
        spelled
            || METHODS
                .iter()
                .any(|known| value.eq_ignore_ascii_case(known))
    })
}

/// Two answers to how long the body is, by which requests are smuggled past a proxy.
fn lengths(request: &WholeRequest<'_>, verdict: &mut Verdict) {
    let all = |name| -> Vec<&str> { request.headers_named(name).collect() };
    let (lengths, codings) = (all("content-length"), all("transfer-encoding"));
    let spaced = request.headers.iter().take(MAX_HEADERS).any(|(name, _)| {
        let bare = name.trim_matches(|letter: char| !letter.is_ascii_graphic());
        bare.len() != name.len()
            && ["transfer-encoding", "content-length"]
                .iter()
                .any(|known| bare.eq_ignore_ascii_case(known))
    });
    let known = [
        "chunked", "gzip", "deflate", "compress", "identity", "trailers",
    ];
    let odd_coding = codings.iter().any(|coding| {
        coding.split(',').any(|one| {
            !known
                .iter()
                .any(|known| one.trim().eq_ignore_ascii_case(known))
        })
    });
    let differ = lengths
        .iter()
        .any(|length| Some(length) != lengths.first() || length.parse::<u64>().is_err());
    if spaced
        || odd_coding
        || codings.len() > 1
        || differ
        || !(codings.is_empty() || lengths.is_empty())
    {
        verdict.add(Kind::Protocol, 5, "protocol-two-lengths");
    }
}

/// A body with a method that has none: some servers take it for the next request.
fn body_where_none_belongs(request: &WholeRequest<'_>, verdict: &mut Verdict) {
    let bare = ["get", "head", "trace"]
        .iter()
        .any(|bare| request.method.eq_ignore_ascii_case(bare));
    let sent = request.body.is_some_and(|body| !body.trim().is_empty());
    if bare && sent && request.header("content-length") != Some("0") {
        let form = request
            .header("content-type")
            .is_some_and(|kind| kind.to_ascii_lowercase().contains("form"));
        // Programs ask search engines so, in JSON.
        verdict.add(
            Kind::Protocol,
            if form { 5 } else { 3 },
            "protocol-body-with-get",
        );
    }
}

fn is_version(version: &str) -> bool {
    [
        "HTTP/0.9", "HTTP/1.0", "HTTP/1.1", "HTTP/2", "HTTP/2.0", "HTTP/3", "HTTP/3.0",
    ]
    .iter()
    .any(|known| version.eq_ignore_ascii_case(known))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[track_caller]
    fn check(method: &str, uri: &str, headers: &[(&str, &str)], expected: &[&str]) {
        let mut verdict = Verdict::default();
        let request = WholeRequest {
            method,
            uri,
            version: Some("HTTP/1.1"),
            headers,
            body: None,
        };
        read(&request, &mut verdict);
        assert_eq!(verdict.why, expected, "{request:?}");
    }

    #[test]
    fn honest_requests_keep_the_rules() {
        for (method, uri, header, value) in [
            ("GET", "/", "Accept", "*/*"),
            ("GET", "/file.zip", "Range", "bytes=0-1023"),
            ("GET", "/file.zip", "Range", "bytes=-500"),
            ("POST", "/", "Content-Encoding", "gzip"),
            ("POST", "/", "Content-Type", "text/xml; charset=utf-8"),
            ("GET", "/", "Connection", "keep-alive, Upgrade"),
            ("GET", "/go?next=%252Fshop%253Fid%253D12", "Accept", "*/*"),
            ("PROPFIND", "/~anne/", "Depth", "1"),
            ("DELETE", "/api/1", "Accept", "*/*"),
        ] {
            check(
                method,
                uri,
                &[("Host", "www.example.org:8080"), (header, value)],
                &[],
            );
        }
    }

    #[test]
    fn broken_rules_are_named() {
        let host = ("Host", "www.example.org");
        for (method, uri, headers, expected) in [
            ("GET", "/", vec![("Accept", "*/*")], "protocol-no-host"),
            ("GET", "/", vec![("Host", "a b")], "protocol-odd-host"),
            ("GET", "/", vec![host, host], "protocol-odd-host"),
            ("JUMP", "/", vec![host], "protocol-unknown-method"),
            ("TRACE", "/", vec![host], "protocol-revealing-method"),
            ("GET", "/?a=%00", vec![host], "protocol-control-character"),
            ("GET", "/%c0%ae/", vec![host], "protocol-overlong-letter"),
            (
                "GET",
                "/?a=%2573%2565%2574",
                vec![host],
                "protocol-encoded-letters",
            ),
            ("GET", "/debug.log", vec![host], "protocol-kept-ending"),
            (
                "GET",
                "/",
                vec![host, ("Range", "bytes=9-1")],
                "protocol-odd-range",
            ),
            (
                "POST",
                "/",
                vec![host, ("Content-Type", "text/html; charset=utf-7")],
                "protocol-charset",
            ),
            (
                "POST",
                "/",
                vec![
                    host,
                    ("Content-Length", "1"),
                    ("Transfer-Encoding", "chunked"),
                ],
                "protocol-two-lengths",
            ),
            (
                "POST",
                "/",
                vec![host, ("Content-Encoding", "x")],
                "protocol-unknown-coding",
            ),
            (
                "GET",
                "/",
                vec![host, ("Connection", "close, keep-alive")],
                "protocol-connection-twice",
            ),
            (
                "GET",
                "/",
                vec![host, ("Lock-Token", "x")],
                "protocol-header-without-use",
            ),
            (
                "GET",
                "/",
                vec![host, ("Content-Encoding", "deflate")],
                "protocol-header-without-use",
            ),
            (
                "POST",
                "/",
                vec![host, ("Content-Type", "multipart/form-data; boundary=  x")],
                "protocol-content-type",
            ),
        ] {
            check(method, uri, &headers, &[expected]);
        }
    }
}
