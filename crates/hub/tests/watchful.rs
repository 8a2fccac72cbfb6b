//! What one person may do only before others' eyes, through the real pages.

#![expect(
    clippy::unwrap_used,
    clippy::indexing_slicing,
    reason = "a test fails by panicking"
)]

mod firms;
mod inbox;
mod visitor;

use firms::Firms;
use inbox::{receiver, set_up};
use larum_hub_lib::access::Role;
use larum_hub_lib::store::audit::{Audit as _, Verified};
use larum_hub_lib::store::people::People as _;
use visitor::Browser;

async fn proved(firms: &Firms, role: Role, member: Option<usize>, area: Option<&str>) -> Browser {
    let person = firms.person(role, member, area);
    set_up(firms, person).await.0
}

/// The number of the one act that waits on a page, behind `address`.
fn waiting(page: &str, address: &str) -> String {
    let (_, rest) = page.split_once(&format!("action=\"{address}/")).unwrap();
    rest[..32].to_owned()
}

#[tokio::test(flavor = "multi_thread")]
async fn an_emergency_is_told_to_the_officers_and_to_the_firms_that_were_read() {
    let (relay, mut mails) = receiver().await;
    let firms = Firms::with_mail(relay).await;
    let rosa = firms.person(Role::Regional, None, Some("SWROCU"));
    firms.person(Role::Regional, None, Some("NEROCU"));
    let ada = proved(&firms, Role::Administrator, None, None).await;
    let firm = format!("/members/{}", firms.members[0]);
    assert_eq!(
        ada.get(&firm).await.status(),
        403,
        "no firm's data as a rule"
    );
    for form in [
        "region=SWROCU&reason=x",
        "region=Atlantis&reason=The+town+is+under+attack",
    ] {
        assert_eq!(ada.post("/emergency", form).await.status(), 422, "{form}");
    }
    let form = "region=SWROCU&reason=The+town+is+under+attack,+nobody+answers";
    assert_eq!(ada.post("/emergency", form).await.status(), 303);
    let (to, mail) = mails.recv().await.unwrap();
    assert!(
        to.contains(&firms.store.person(rosa).unwrap().email),
        "{to}"
    );
    assert!(
        mail.contains("The town is under attack") && mail.contains("Ada Price"),
        "{mail}"
    );
    let page = ada.get(&firm).await;
    assert_eq!(page.status(), 200);
    assert!(page.body().contains("End the emergency now"));
    for closed in ["/admin", "/exports", "/emergency", "/keys"] {
        let status = ada.get(closed).await.status();
        assert_eq!(status == 200, closed == "/keys", "{closed}: {status}");
    }
    assert_eq!(ada.post("/keys", "name=x").await.status(), 403);
    let sam = proved(&firms, Role::Member, Some(0), None).await;
    let told = sam.get("/home/readers").await.into_body();
    assert!(
        told.contains("nobody answers") && told.contains("Officer in an emergency"),
        "{told}"
    );
    let other = proved(&firms, Role::Member, Some(1), None).await;
    assert!(
        !other
            .get("/home/readers")
            .await
            .body()
            .contains("nobody answers")
    );
    assert_eq!(ada.post("/emergency/end", "").await.status(), 303);
    assert_eq!(ada.get(&firm).await.status(), 403);
    assert_eq!(ada.get("/admin").await.status(), 200);
    assert!(mails.try_recv().is_err(), "one officer, one mail");
    assert!(matches!(
        firms.store.verify().unwrap(),
        Verified::Whole { .. }
    ));
}

#[tokio::test(flavor = "multi_thread")]
async fn addresses_are_taken_along_by_two_officers_of_the_region_only() {
    let firms = Firms::in_use().await;
    firms.person(Role::Member, Some(0), None);
    let rosa = proved(&firms, Role::Regional, None, Some("SWROCU")).await;
    let second = proved(&firms, Role::Regional, None, Some("SWROCU")).await;
    let elsewhere = proved(&firms, Role::Regional, None, Some("NEROCU")).await;
    assert_eq!(rosa.post("/exports", "reason=").await.status(), 422);
    let asked = rosa.post("/exports", "reason=Letters+about+the+wave").await;
    assert_eq!(asked.status(), 303);
    let page = second.get("/exports").await.into_body();
    let id = waiting(&page, "/exports");
    let (agree, take) = (
        format!("/exports/{id}/agree"),
        format!("/exports/{id}/take"),
    );
    assert_eq!(rosa.post(&take, "").await.status(), 404, "nobody agreed");
    assert_eq!(rosa.post(&agree, "").await.status(), 422, "one's own");
    assert_eq!(
        elsewhere.post(&agree, "").await.status(),
        404,
        "another region's"
    );
    assert_eq!(second.post(&agree, "").await.status(), 303);
    assert_eq!(
        second.post(&take, "").await.status(),
        404,
        "who asked takes"
    );
    let file = rosa.post(&take, "").await;
    assert_eq!(file.status(), 200);
    assert!(
        file.headers()["content-disposition"]
            .to_str()
            .unwrap()
            .contains("attachment")
    );
    assert!(file.body().contains("Oak Street Books,") && file.body().contains("Sam Trelawney"));
    assert_eq!(rosa.post(&take, "").await.status(), 404, "once");
    let sam = proved(&firms, Role::Staff, Some(0), None).await;
    let readers = sam.get("/home/readers").await.into_body();
    assert!(
        readers.contains("Exported the names and addresses of your firm"),
        "{readers}"
    );
    let words: Vec<String> = firms
        .store
        .acts(None, 100)
        .unwrap()
        .into_iter()
        .map(|row| row.action)
        .collect();
    for word in ["ask-export", "agree-export", "take-export"] {
        assert!(words.contains(&word.to_owned()), "{word}");
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn an_administrator_alone_takes_nobodys_proofs_away() {
    let firms = Firms::in_use().await;
    let ada = proved(&firms, Role::Administrator, None, None).await;
    let ben = proved(&firms, Role::Administrator, None, None).await;
    let sam = firms.person(Role::Member, Some(0), None);
    let (browser, ..) = set_up(&firms, sam).await;
    let asked = ada.post(&format!("/admin/people/{sam}/reset"), "").await;
    assert_eq!(asked.status(), 303);
    let again = ada.post(&format!("/admin/people/{sam}/reset"), "").await;
    assert_eq!(again.status(), 422);
    assert_eq!(
        browser.get("/home").await.status(),
        200,
        "nothing happened yet"
    );
    let page = ben.get("/admin/people").await.into_body();
    assert!(page.contains("Make sure by voice"));
    let id = waiting(&page, "/admin/approvals");
    let (agree, take) = (
        format!("/admin/approvals/{id}/agree"),
        format!("/admin/approvals/{id}/take"),
    );
    assert_eq!(ada.post(&agree, "").await.status(), 422);
    assert_eq!(ada.post(&take, "").await.status(), 404);
    assert_eq!(ben.post(&agree, "").await.status(), 303);
    assert_eq!(ada.post(&take, "").await.status(), 303);
    assert_eq!(browser.get("/home").await.status(), 303, "signed out");
    assert_eq!(ada.post(&take, "").await.status(), 404);
}
