//! The grammar of `Content-Type`.

/// `type/subtype; name=value`, lists and stars allowed (RFC 9110, 8.3.1).
/// One space before a value is carelessness, more are there to be read differently.
pub(super) fn is_media_type(value: &str) -> bool {
    let token = |text: &str| {
        !text.is_empty()
            && text
                .bytes()
                .all(|byte| byte.is_ascii_alphanumeric() || b"!#$&^_.+-*'`|~%".contains(&byte))
    };
    let value = value.trim();
    if value.is_empty() {
        return true;
    }
    let mut parts = value.split(';');
    let kind = parts.next().unwrap_or("").trim();
    let typed = kind.split(',').all(|one| {
        one.trim()
            .split_once('/')
            .is_some_and(|(main, sub)| token(main) && token(sub))
    });
    typed
        && parts.all(|part| {
            let part = part.trim();
            part.is_empty()
                || part
                    .split_once('=')
                    .is_some_and(|(name, value)| token(name.trim()) && !value.starts_with("  "))
        })
}
