//! The JSON form of events, findings' parts and rejects: hand-written, so that keys keep the
//! contract's order, nothing is allocated per field, and core types stay free of a wire format.

use std::fmt::Write as _;

use super::{Event, Field, Value};
use crate::reject::Reject;

/// Appends `event` as one JSON object, keys in the contract's order, absent fields left out.
/// `id`, when given, comes first.
pub fn write_event(event: &Event<'_>, id: Option<&str>, out: &mut String) {
    out.push('{');
    if let Some(id) = id {
        write_key("id", out);
        write_string(id, out);
    }
    for field in Field::ALL {
        let Some(value) = event.get(*field) else {
            continue;
        };
        write_key(field.as_str(), out);
        match value {
            Value::Text(text) => write_string(text, out),
            Value::Number(_) | Value::Flag(_) => push_display(value, out),
            Value::Ip(_) | Value::Time(_) => {
                out.push('"');
                push_display(value, out);
                out.push('"');
            }
        }
    }
    out.push('}');
}

/// Appends `{"reject":"code"}`, with `id` first when given.
pub fn write_reject(reject: Reject, id: Option<&str>, out: &mut String) {
    out.push('{');
    if let Some(id) = id {
        write_key("id", out);
        write_string(id, out);
    }
    write_key("reject", out);
    write_string(reject.code(), out);
    out.push('}');
}

/// Appends `text` as a JSON string (RFC 8259), control characters escaped.
pub fn write_string(text: &str, out: &mut String) {
    out.push('"');
    let mut rest = text;
    while let Some(at) = rest
        .bytes()
        .position(|byte| byte < 0x20 || byte == b'"' || byte == b'\\')
    {
        let (plain, special) = rest.split_at(at);
        out.push_str(plain);
        let (special, tail) = special.split_at(1);
        match special {
            "\"" => out.push_str("\\\""),
            "\\" => out.push_str("\\\\"),
            "\n" => out.push_str("\\n"),
            "\r" => out.push_str("\\r"),
            "\t" => out.push_str("\\t"),
            other => other
                .bytes()
                .for_each(|byte| push_display(format_args!("\\u{byte:04x}"), out)),
        }
        rest = tail;
    }
    out.push_str(rest);
    out.push('"');
}

/// Appends `"key":`, with a comma before it unless it opens the object.
fn write_key(key: &str, out: &mut String) {
    if !out.ends_with('{') {
        out.push(',');
    }
    write_string(key, out);
    out.push(':');
}

fn push_display(value: impl std::fmt::Display, out: &mut String) {
    // Writing into a String cannot fail.
    if write!(out, "{value}").is_err() {
        out.push('?');
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::event::{Action, Kind, Protocol};
    use crate::time::{DeviceTime, Timestamp};

    #[test]
    fn keys_stand_in_the_contracts_order_and_text_is_escaped() {
        let mut event = Event::new(Timestamp::from_seconds(0), "test", Kind::Network);
        event.ts = Some(DeviceTime::stated(Timestamp::from_seconds(3_600), 3_600));
        event.src_ip = "2001:db8::1".parse().ok();
        event.dst_port = Some(22);
        event.proto = Protocol::from_keyword("tcp");
        event.action = Some(Action::Drop);
        event.user = Some("a\"b\\\u{1}\n".into());
        let mut out = String::new();
        write_event(&event, Some("7"), &mut out);
        assert_eq!(
            out,
            r#"{"id":"7","ts":"1970-01-01T02:00:00+01:00","format":"test","kind":"network","src_ip":"2001:db8::1","dst_port":22,"proto":"tcp","action":"drop","user":"a\"b\\\u0001\n"}"#
        );
        let parsed: serde_json::Value = serde_json::from_str(&out).unwrap();
        assert_eq!(parsed["user"], "a\"b\\\u{1}\n");
    }
}
