//! A collector asks for its member's blocklist, to serve it inside the firm.

use std::sync::Arc;

use data_encoding::HEXLOWER;
use hyper::StatusCode;
use larum_core::time::Timestamp;
use larum_link::wire::{ListDevice, MemberList, WireBlocklist};
use sha2::{Digest as _, Sha256};

use super::LinkState;
use super::answer::{Answer, Refuse, json};
use super::calls::{blocking, internal};
use crate::enrol::identity::Peer;
use crate::id::MemberId;
use crate::store::{Store, StoreError};

/// Answers with the member's list, or with its tag alone when that is the one known.
pub(super) async fn call(
    state: &Arc<LinkState>,
    peer: Peer,
    query: Option<&str>,
) -> Result<Answer, Refuse> {
    let now = state.clock.now();
    let list = blocking(state, move |store| list_of(store, peer.member, now));
    let list = list.await.map_err(|error| internal(&error))?;
    let tag = tag_of(&list);
    let mut pairs = query.unwrap_or_default().split('&');
    let is_known = pairs.any(|pair| pair.strip_prefix("known=") == Some(tag.as_str()));
    let answer = WireBlocklist {
        tag,
        list: (!is_known).then_some(list),
    };
    Ok(json(StatusCode::OK, &answer))
}

/// What is on the list of a member now, and who may fetch it.
fn list_of(store: &dyn Store, member: MemberId, now: Timestamp) -> Result<MemberList, StoreError> {
    let devices: Vec<ListDevice> = store
        .devices(member)?
        .into_iter()
        .map(|device| ListDevice {
            secret_sha256: device.secret_hash,
            size: device.size,
        })
        .collect();
    let Some(largest) = devices.iter().map(|device| device.size).max() else {
        return Ok(MemberList::default());
    };
    let entries = store.list(member, largest, now)?.into_iter();
    let entries = entries.map(|entry| (entry.source, entry.expires.as_seconds()));
    Ok(MemberList {
        entries: entries.collect(),
        devices,
    })
}

fn tag_of(list: &MemberList) -> String {
    let mut hash = Sha256::new();
    for device in &list.devices {
        hash.update(format!("{} {}\n", device.secret_sha256, device.size));
    }
    for (source, ends) in &list.entries {
        hash.update(format!("{source} {ends}\n"));
    }
    HEXLOWER.encode(&hash.finalize())
}
