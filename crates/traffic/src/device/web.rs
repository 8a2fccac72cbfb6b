//! The combined access-log format of Apache's mod_log_config, which nginx writes by default too.

use larum_core::time::Timestamp;

use crate::act::Request;
use crate::stamp::Civil;

pub(super) fn write(at: Timestamp, it: &Request) -> String {
    let referer = if it.referer.is_empty() {
        "-"
    } else {
        &it.referer
    };
    format!(
        "{} - - [{}] \"{} {} HTTP/1.1\" {} {} \"{referer}\" \"{}\"",
        it.source,
        Civil::of(at).web(),
        it.method,
        it.target,
        it.status,
        it.bytes,
        it.agent,
    )
}
