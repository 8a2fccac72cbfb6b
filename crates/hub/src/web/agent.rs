//! With what somebody came, in a few words, so that they know their sessions apart. The browser's own
//! long text is not kept: it tells more about a person than the list needs.

use axum::http::HeaderMap;
use axum::http::header::USER_AGENT;

/// The word in the browser's text, and what people call it; the first that is found counts, because
/// browsers also name those they descend from.
const BROWSERS: &[(&str, &str)] = &[
    ("Edg/", "Edge"),
    ("EdgA/", "Edge"),
    ("OPR/", "Opera"),
    ("SamsungBrowser/", "Samsung Internet"),
    ("Firefox/", "Firefox"),
    ("FxiOS/", "Firefox"),
    ("CriOS/", "Chrome"),
    ("Chrome/", "Chrome"),
    ("Safari/", "Safari"),
];
const DEVICES: &[(&str, &str)] = &[
    ("iPhone", "iPhone"),
    ("iPad", "iPad"),
    ("Android", "Android"),
    ("Windows", "Windows"),
    ("Macintosh", "Mac"),
    ("CrOS", "Chromebook"),
    ("Linux", "Linux"),
];

/// Such as `Firefox, Windows`; empty when nothing is known.
pub(super) fn of(headers: &HeaderMap) -> String {
    let text = headers
        .get(USER_AGENT)
        .and_then(|value| value.to_str().ok())
        .unwrap_or_default();
    let find = |list: &[(&str, &'static str)]| {
        list.iter()
            .find(|(word, _)| text.contains(word))
            .map(|(_, name)| *name)
    };
    let found: Vec<&str> = [find(BROWSERS), find(DEVICES)]
        .into_iter()
        .flatten()
        .collect();
    found.join(", ")
}

#[cfg(test)]
mod tests {
    use super::*;
    use axum::http::HeaderValue;

    #[test]
    fn names_browser_and_device() {
        let check = |text: &'static str, expected: &str| {
            let mut headers = HeaderMap::new();
            headers.insert(USER_AGENT, HeaderValue::from_static(text));
            assert_eq!(of(&headers), expected);
        };
        check(
            "Mozilla/5.0 (Windows NT 10.0; Win64; x64) AppleWebKit/537.36 (KHTML, like Gecko) Chrome/1.0 Safari/537.36 Edg/1.0",
            "Edge, Windows",
        );
        check(
            "Mozilla/5.0 (iPhone; CPU iPhone OS 1_0 like Mac OS X) AppleWebKit/1 Version/1 Mobile/1 Safari/1",
            "Safari, iPhone",
        );
        check(
            "Mozilla/5.0 (X11; Linux x86_64; rv:1.0) Gecko/1 Firefox/1.0",
            "Firefox, Linux",
        );
        check("<script>", "");
        assert_eq!(of(&HeaderMap::new()), "");
    }
}
