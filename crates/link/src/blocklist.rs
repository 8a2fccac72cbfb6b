//! How a device asks for its blocklist, at the hub or at the collector inside the firm: the same
//! addresses, the same token, the same answer.
//!
//! `/lists/FORMAT` with the device's token as password (basic, any name) or bearer, or
//! `/lists/TOKEN/FORMAT` for devices that can only be given an address; `?family=4` or `6` for one sort of
//! address only. The answer has an entity tag (RFC 9110, 8.8.3); a device that asks again with it gets 304
//! until its list is another one.

use std::net::IpAddr;

use data_encoding::BASE64;
use larum_core::blocklist::render::{Family, Format, render};

use crate::secret::hash;

/// Longest token or credentials looked at, in bytes.
const MAX_SECRET_BYTES: usize = 512;

/// What a device asks for, and the word it shows.
#[derive(Clone, PartialEq, Eq)]
pub struct Asked {
    /// The token.
    pub secret: String,
    /// How it wants its list.
    pub format: Format,
    /// Which addresses.
    pub family: Family,
}

/// Why a request gets no list.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum NotAsked {
    /// No such address, format or family: 404.
    NoFormat,
    /// No token that could be one: 401.
    NoToken,
}

impl Asked {
    /// Reads the path and query of a request, and its `Authorization` header.
    ///
    /// # Errors
    /// When it asks for nothing there is, or shows no token.
    pub fn read(
        path: &str,
        query: Option<&str>,
        authorization: Option<&str>,
    ) -> Result<Self, NotAsked> {
        let rest = path.strip_prefix("/lists/").ok_or(NotAsked::NoFormat)?;
        let (secret, format) = match rest.split_once('/') {
            Some((secret, format)) => (Some(secret.to_owned()), format),
            None => (authorization.and_then(password), rest),
        };
        let format = format.strip_suffix(".txt").unwrap_or(format);
        let format = Format::from_word(format).ok_or(NotAsked::NoFormat)?;
        let pairs = query.unwrap_or_default().split('&');
        let family = pairs
            .filter_map(|pair| pair.strip_prefix("family="))
            .try_fold(Family::Both, |_, word| Family::from_word(word))
            .ok_or(NotAsked::NoFormat)?;
        let fits = |secret: &String| (1..=MAX_SECRET_BYTES).contains(&secret.len());
        let secret = secret.filter(fits).ok_or(NotAsked::NoToken)?;
        Ok(Self {
            secret,
            format,
            family,
        })
    }

    /// The answer for a list of these addresses, and its entity tag.
    #[must_use]
    pub fn answer(&self, sources: &[IpAddr]) -> (String, String) {
        let text = render(sources, self.format, self.family);
        let tag = format!("\"{}\"", hash(&text));
        (text, tag)
    }
}

/// Whether one of the `If-None-Match` headers names the tag (RFC 9110, 13.1.2).
pub fn is_known<'h>(mut known: impl Iterator<Item = &'h str>, tag: &str) -> bool {
    known.any(|header| {
        let mut tags = header.split(',').map(str::trim);
        tags.any(|known| known == "*" || known.trim_start_matches("W/") == tag)
    })
}

/// The password of basic credentials (RFC 7617), or the bearer's token (RFC 6750).
fn password(value: &str) -> Option<String> {
    if value.len() > MAX_SECRET_BYTES {
        return None;
    }
    let (scheme, rest) = value.split_once(' ')?;
    if scheme.eq_ignore_ascii_case("bearer") {
        return Some(rest.trim().to_owned());
    }
    if !scheme.eq_ignore_ascii_case("basic") {
        return None;
    }
    let bytes = BASE64.decode(rest.trim().as_bytes()).ok()?;
    let text = String::from_utf8(bytes).ok()?;
    text.split_once(':').map(|(_, secret)| secret.to_owned())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_request_names_a_list_and_a_token_or_is_told_why_not() {
        type Expected<'e> = Result<(&'e str, Format, Family), NotAsked>;
        let check = |path: &str, query: Option<&str>, shown: Option<&str>, expected: Expected| {
            let read = Asked::read(path, query, shown);
            let read = read.as_ref().map_err(|wrong| *wrong);
            let read = read.map(|asked| (asked.secret.as_str(), asked.format, asked.family));
            assert_eq!(read, expected, "{path} {query:?} {shown:?}");
        };
        let plain = |secret| Ok((secret, Format::Plain, Family::Both));
        check("/lists/word/plain", None, None, plain("word"));
        check("/lists/word/plain.txt", Some(""), None, plain("word"));
        check("/lists/plain", None, Some("Bearer word"), plain("word"));
        // a:word
        check("/lists/plain", None, Some("basic YTp3b3Jk"), plain("word"));
        check(
            "/lists/word/palo-alto",
            Some("x=1&family=6"),
            None,
            Ok(("word", Format::PaloAlto, Family::V6)),
        );
        for (path, query, shown, expected) in [
            ("/", None, None, NotAsked::NoFormat),
            ("/lists/word/csv", None, None, NotAsked::NoFormat),
            ("/lists/word/plain/more", None, None, NotAsked::NoFormat),
            (
                "/lists/word/plain",
                Some("family=5"),
                None,
                NotAsked::NoFormat,
            ),
            ("/lists/plain", None, None, NotAsked::NoToken),
            ("/lists//plain", None, None, NotAsked::NoToken),
            ("/lists/plain", None, Some("Digest x"), NotAsked::NoToken),
            ("/lists/plain", None, Some("Basic %"), NotAsked::NoToken),
        ] {
            check(path, query, shown, Err(expected));
        }
        let long = format!("/lists/{}/plain", "x".repeat(MAX_SECRET_BYTES + 1));
        check(&long, None, None, Err(NotAsked::NoToken));
    }

    #[test]
    fn a_tag_is_known_in_every_way_it_may_be_written() {
        for (header, expected) in [
            ("\"a\"", true),
            ("W/\"a\"", true),
            ("\"b\", W/\"a\"", true),
            ("*", true),
            ("\"b\"", false),
            ("", false),
        ] {
            assert_eq!(
                is_known([header].into_iter(), "\"a\""),
                expected,
                "{header}"
            );
        }
        assert!(!is_known(std::iter::empty(), "\"a\""));
    }
}
