//! The JSON form of a finding, keys as in the command-line contract.

use std::fmt::Write as _;

use super::{Evidence, Finding};
use crate::event::write_string;

/// Appends `finding` as one JSON object, keys in the contract's order.
pub fn write_finding(finding: &Finding, out: &mut String) {
    let mut object = Object::open(out);
    object.display("id", finding.id);
    object.display("story", finding.story);
    object.string("detector", &finding.detector);
    object.string("title", &finding.title);
    object.string("category", finding.category.as_str());
    object.list("attack", finding.attack.iter().map(AsRef::as_ref));
    object.string("severity", finding.severity.as_str());
    object.number("confidence", f64::from(finding.confidence));
    object.string("outcome", finding.outcome.as_str());
    object.display("first", finding.first);
    object.display("last", finding.last);
    if let Some(first) = finding.sources.first() {
        object.display("src_ip", first);
    }
    if finding.sources.len() > 1 {
        object.list("src_ips", finding.sources.iter().map(ToString::to_string));
    }
    if let Some(ip) = finding.dst_ip {
        object.display("dst_ip", ip);
    }
    if let Some(port) = finding.dst_port {
        object.number("dst_port", f64::from(port));
    }
    if let Some(proto) = finding.proto {
        object.string("proto", proto.keyword());
    }
    object.raw("count", finding.count);
    object.key("evidence");
    let mut evidence = Object::open(object.out);
    for (name, value) in &finding.evidence {
        match value {
            Evidence::Text(text) => evidence.string(name, text),
            Evidence::Number(number) => evidence.number(name, *number),
            Evidence::List(list) => evidence.list(name, list.iter().map(String::as_str)),
        }
    }
    evidence.close();
    object.string("advice", &finding.advice);
    object.close();
}

/// One JSON object being written.
struct Object<'o> {
    out: &'o mut String,
    first: bool,
}

impl<'o> Object<'o> {
    fn open(out: &'o mut String) -> Self {
        out.push('{');
        Self { out, first: true }
    }

    fn key(&mut self, key: &str) {
        if !std::mem::take(&mut self.first) {
            self.out.push(',');
        }
        write_string(key, self.out);
        self.out.push(':');
    }

    fn raw(&mut self, key: &str, value: impl std::fmt::Display) {
        self.key(key);
        if write!(self.out, "{value}").is_err() {
            self.out.push('0');
        }
    }

    fn display(&mut self, key: &str, value: impl std::fmt::Display) {
        self.string(key, &value.to_string());
    }

    fn string(&mut self, key: &str, value: &str) {
        self.key(key);
        write_string(value, self.out);
    }

    /// A number; JSON has no infinities, they become `null`.
    fn number(&mut self, key: &str, value: f64) {
        if value.is_finite() {
            self.raw(key, value);
        } else {
            self.raw(key, "null");
        }
    }

    fn list(&mut self, key: &str, values: impl Iterator<Item = impl AsRef<str>>) {
        self.key(key);
        self.out.push('[');
        for (index, value) in values.enumerate() {
            if index > 0 {
                self.out.push(',');
            }
            write_string(value.as_ref(), self.out);
        }
        self.out.push(']');
    }

    fn close(self) {
        self.out.push('}');
    }
}
