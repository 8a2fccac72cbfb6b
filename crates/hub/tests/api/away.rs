//! A ClickHouse that does not answer: pages and calls that need it say so, all others go on.

use larum_hub_lib::access::Role;
use larum_hub_lib::store::sql::SqlStore;
use tokio::task::block_in_place;

use crate::client::{Client, key};
use crate::engines::clickhouse::Engine;
use crate::firms::{AREAS, Firms};
use crate::visitor::Browser;

/// Every page and call that reads sightings, with who may; then some that do not.
async fn readers(firms: &Firms) -> (Vec<(Browser, String)>, Client) {
    let own = key(firms, Role::Member, Some(0), None, None);
    let firm = format!("/members/{}", firms.members[0]);
    let mut asked = Vec::new();
    for (role, member, area, page) in [
        (Role::Member, Some(0), None, "/home"),
        (Role::Member, Some(0), None, "/home?show=week"),
        (Role::Member, Some(0), None, "/home/leaving"),
        (Role::Member, Some(0), None, "/home/leaving.csv"),
        (Role::Officer, None, Some(AREAS[0]), &*firm),
        (Role::Regional, None, Some("SWROCU"), "/threats/1"),
    ] {
        let link = firms.link(role, member, area);
        let browser = Browser::signed_in(firms, &link).await;
        asked.push((browser, page.to_owned()));
    }
    (asked, Client::new(firms, Some(&own.text)))
}

#[tokio::test(flavor = "multi_thread")]
async fn pages_say_come_back_while_clickhouse_is_dead_and_others_go_on() {
    let Some(mut engine) = block_in_place(Engine::start) else {
        return;
    };
    let server = block_in_place(|| engine.database("pages"));
    let open = |folder: &std::path::Path| {
        let store = SqlStore::open(&folder.join("hub.sqlite")).unwrap();
        store.with_sightings_in(&server).unwrap()
    };
    let mut firms = Firms::over(open).await;
    block_in_place(|| firms.wave(|store| store.feed_all().unwrap()));
    let (asked, own) = readers(&firms).await;
    for (browser, page) in &asked {
        let answer = browser.get(page).await;
        assert_eq!(answer.status(), 200, "{page}: {}", answer.body());
    }
    assert_eq!(own.get("/own/sightings").await.status(), 200);
    block_in_place(|| engine.crash());
    for (browser, page) in &asked {
        let answer = browser.get(page).await;
        assert_eq!(answer.status(), 503, "{page}");
        assert_eq!(answer.headers()["retry-after"], "120", "{page}");
        let body = answer.body();
        assert!(body.contains("Come back in some minutes"), "{page}: {body}");
        assert!(body.contains("Nothing is lost"), "{page}: {body}");
    }
    let refused = own.get("/own/sightings").await;
    assert_eq!(refused.status(), 503);
    assert_eq!(refused.headers()["retry-after"], "120");
    assert!(
        refused.body().contains("\"code\":\"away\""),
        "{}",
        refused.body()
    );
    // What does not stand there is shown as ever.
    for (number, page) in [
        (0, "/home/readers"),
        (0, "/home/blocklist"),
        (4, "/members"),
        (5, "/threats"),
    ] {
        let answer = asked[number].0.get(page).await;
        assert_eq!(answer.status(), 200, "{page}");
    }
}
