//! The running pages: every address for every role, one firm never sees another's, every read by
//! others is in the ledger, forms come from our own pages only.

#![expect(
    clippy::unwrap_used,
    clippy::indexing_slicing,
    reason = "a test fails by panicking"
)]

mod firms;
mod visitor;

use axum::http::{Method as HttpMethod, Response, StatusCode};
use firms::{AREAS, Firms};
use larum_hub_lib::access::{Role, Ruling};
use larum_hub_lib::store::audit::{Audit as _, Verified};
use larum_hub_lib::store::watch::{ThreatChange, ThreatRow, WatchStore as _};
use larum_hub_lib::watch::lists::ListMaker;
use larum_hub_lib::web::{Method, ROUTES, Route};
use visitor::Browser;

/// Largest page, in bytes.
const MAX_PAGE_BYTES: usize = 150_000;

/// The route's path with something that is there in place of its parameter.
fn filled(route: &Route, firms: &Firms) -> String {
    let id = match route.path {
        "/members/{id}" => firms.members[1].to_string(),
        path if path.starts_with("/home/warnings") || path.starts_with("/threats") => {
            "1".to_owned()
        }
        path if path.starts_with("/home/blocklist") => "1".to_owned(),
        _ => "0".repeat(32),
    };
    route
        .path
        .replace("{id}", &id)
        .replace("{provider}", "police")
        .replace("{secret}", &"x".repeat(43))
}

#[tokio::test(flavor = "multi_thread")]
async fn every_address_answers_every_role_as_the_matrix_says() {
    let firms = Firms::with_a_wave().await;
    let roles = Role::ALL.map(|role| (role, firms.link_for(firms.somebody(role))));
    let visitor = Browser::new(firms.address);
    for route in ROUTES {
        let path = filled(route, &firms);
        let answer = match route.method {
            Method::Get => visitor.get(&path).await,
            Method::Post => visitor.post(&path, "").await,
        };
        let expected = match (route.action.ruling(None), route.method) {
            (Ruling::Deny, Method::Get) => vec![303],
            (Ruling::Deny, Method::Post) => vec![401],
            // A stranger may fill the form in wrongly, and hold a link that leads nowhere.
            _ if path.starts_with("/join") => vec![200, 404, 422],
            _ => vec![200, 403, 404],
        };
        assert!(
            expected.contains(&answer.status().as_u16()),
            "visitor {path}: {}",
            answer.status()
        );
    }
    for (role, link) in roles {
        let browser = Browser::signed_in(&firms, &link).await;
        // Signing out comes last, or the rest would be a visitor's.
        let mut routes: Vec<&Route> = ROUTES.iter().collect();
        routes.sort_by_key(|route| route.path == "/sign-out");
        for route in routes {
            let path = filled(route, &firms);
            let answer = match route.method {
                Method::Get => browser.get(&path).await,
                Method::Post => browser.post(&path, "").await,
            };
            let status = answer.status().as_u16();
            if route.action.ruling(Some(role)) == Ruling::Deny {
                assert_eq!(status, 403, "{role} {path}");
            } else {
                let fine = [200, 303, 404, 422].contains(&status)
                    || (path.starts_with("/sign-in") && status == 403);
                assert!(fine, "{role} {path}: {status}");
            }
            looked_over(&path, &answer);
        }
        assert_eq!(browser.get("/").await.status(), 303, "signed out");
        assert_eq!(browser.get("/").await.headers()["location"], "/sign-in");
    }
}

/// What must hold of every answer.
#[track_caller]
fn looked_over(path: &str, answer: &Response<String>) {
    let headers = answer.headers();
    let policy = headers["content-security-policy"].to_str().unwrap();
    assert!(
        policy.contains("default-src 'none'") && !policy.contains("unsafe"),
        "{policy}"
    );
    assert_eq!(headers["x-content-type-options"], "nosniff");
    assert_eq!(headers["referrer-policy"], "no-referrer");
    let html = answer.body();
    assert!(
        html.len() < MAX_PAGE_BYTES,
        "{path} is {} bytes",
        html.len()
    );
    if headers["content-type"]
        .to_str()
        .unwrap()
        .starts_with("text/html")
    {
        assert!(
            !html.contains('«'),
            "{path} lacks a message: {}",
            around(html, '«')
        );
        assert_eq!(html.matches("<h1").count(), 1, "{path} has one heading");
        assert!(
            html.contains("<html lang=\"en-GB\">") && html.contains("<main id=\"main\""),
            "{path}"
        );
        assert!(
            !html.contains(" style=\"") && !html.contains("onclick"),
            "{path} is inline"
        );
        assert_eq!(headers["cache-control"], "no-store", "{path}");
    }
}

fn around(text: &str, what: char) -> String {
    let at = text.find(what).unwrap();
    text[at..].chars().take(60).collect()
}

#[tokio::test(flavor = "multi_thread")]
async fn a_firm_never_sees_another() {
    let firms = Firms::with_a_wave().await;
    for role in [Role::Member, Role::Staff, Role::Reader, Role::Provider] {
        sees_its_own_only(&firms, role).await;
    }
}

/// Looks everywhere for another firm, as somebody of the ninth.
async fn sees_its_own_only(firms: &Firms, role: Role) {
    let sam = Browser::signed_in(firms, &firms.link_for(firms.somebody(role))).await;
    if role == Role::Provider {
        let refused = sam.post(&format!("/firms/{}", firms.members[0]), "").await;
        assert_eq!(refused.status(), 404);
        let chosen = sam.post(&format!("/firms/{}", firms.members[8]), "").await;
        assert_eq!(chosen.status(), 303);
    }
    let other = firms.members[0].to_string();
    let own = sam.get("/home").await;
    assert!(own.body().contains("Chesil Care Homes"), "{role}");
    for route in ROUTES.iter().filter(|route| route.method == Method::Get) {
        for id in [other.as_str(), "1", "2", "3", "4", "5", "6", "7", "8", "9"] {
            let path = route
                .path
                .replace("{id}", id)
                .replace("{provider}", "x")
                .replace("{secret}", "x");
            for query in ["", "?member=", "?id=", "?area="] {
                let query = if query.is_empty() {
                    String::new()
                } else {
                    format!("{query}{other}")
                };
                let answer = sam.get(&format!("{path}{query}")).await;
                assert!(!answer.body().contains("Oak Street Books"), "{path}{query}");
                assert!(
                    !answer.body().contains(&other) || path.contains(&other),
                    "{path}{query}"
                );
            }
        }
    }
    // Of all warnings, exactly the firm's own opens.
    let mut opened = 0;
    for id in 1..20 {
        opened += usize::from(sam.get(&format!("/home/warnings/{id}")).await.status() == 200);
    }
    assert_eq!(opened, 1);
}

#[tokio::test(flavor = "multi_thread")]
async fn an_officer_sees_the_names_of_the_own_area_only() {
    let firms = Firms::with_a_wave().await;
    let ali = Browser::signed_in(&firms, &firms.link(Role::Officer, None, Some(AREAS[0]))).await;
    for path in ["/members", "/threats/1"] {
        let page = ali.get(path).await;
        assert!(page.body().contains("Oak Street Books"), "{path}");
        assert!(!page.body().contains("Chesil Care Homes"), "{path}");
    }
    let elsewhere = format!("/members/{}", firms.members[8]);
    assert_eq!(ali.get(&elsewhere).await.status(), 404);
    let callum = Browser::signed_in(&firms, &firms.link(Role::Analyst, None, None)).await;
    assert!(
        !callum
            .get("/threats/1")
            .await
            .body()
            .contains("Oak Street Books"),
        "no names for analysts here"
    );
}

#[tokio::test(flavor = "multi_thread")]
async fn a_threat_says_what_made_its_score() {
    let firms = Firms::with_a_wave().await;
    let ali = Browser::signed_in(&firms, &firms.link(Role::Officer, None, Some(AREAS[0]))).await;
    let page = ali.get("/threats/1").await;
    assert!(page.body().contains("hours it counts"), "{}", page.body());
    assert!(!page.body().contains("from firm to firm"));
    let (id, row) = firms.store.threats(1).unwrap().remove(0);
    let evidence = serde_json::json!({
        "made_by": {
            "sum": "roaming_36",
            "branch": "slow",
            "counted": 4,
            "usual": 0.25,
            "spread": 0.5,
            "days": 28,
        },
    });
    let change = ThreatChange {
        id: Some(id),
        row: ThreatRow {
            evidence: evidence.to_string(),
            ..row
        },
        reached: Vec::new(),
        warnings: Vec::new(),
    };
    firms.store.apply_threat(&change, firms.now).unwrap();
    let page = ali.get("/threats/1").await;
    let told = "4 networks hold an address that went from firm to firm";
    assert!(page.body().contains(told), "{}", page.body());
    assert!(!page.body().contains("hours it counts"));
}

#[tokio::test(flavor = "multi_thread")]
async fn known_exploited_weaknesses_stand_beside_the_threat_and_in_the_warning() {
    let firms = Firms::with_a_wave().await;
    let ali = Browser::signed_in(&firms, &firms.link(Role::Officer, None, Some(AREAS[0]))).await;
    let page = ali.get("/threats/1").await;
    for part in [
        "CVE-2026-1001",
        "An invented hole",
        "2026-11-22",
        "10 days ago",
    ] {
        assert!(page.body().contains(part), "{part}: {}", page.body());
    }
    // Where the addresses behind it are registered, and who says so.
    for part in ["Registered in", ">FR<", "delegated (20 November 2026)"] {
        assert!(page.body().contains(part), "{part}: {}", page.body());
    }
    // The list is older than a week, and of the client nothing is sure.
    assert!(page.body().contains("This list is old"));
    assert!(!page.body().contains("CVE-2026-1002"));
    let sam = Browser::signed_in(&firms, &firms.link_for(firms.somebody(Role::Member))).await;
    let mut warned = 0;
    for id in 1..20 {
        let page = sam.get(&format!("/home/warnings/{id}")).await;
        if page.status() == 200 {
            warned += 1;
            let told = "check that it is not open to CVE-2026-1001";
            assert!(page.body().contains(told), "{}", page.body());
        }
    }
    assert_eq!(warned, 1);
}

#[tokio::test(flavor = "multi_thread")]
async fn every_read_by_others_stands_in_the_firms_own_list() {
    let firms = Firms::with_a_wave().await;
    let sam = Browser::signed_in(&firms, &firms.link(Role::Member, Some(1), None)).await;
    let callum = Browser::signed_in(&firms, &firms.link(Role::Analyst, None, None)).await;
    let readers = async || sam.get("/home/readers").await.into_body();
    assert!(readers().await.contains("Nobody outside your firm"));
    callum.get(&format!("/members/{}", firms.members[2])).await;
    assert!(
        readers().await.contains("Nobody outside your firm"),
        "another firm's page"
    );
    callum.get(&format!("/members/{}", firms.members[1])).await;
    let page = readers().await;
    assert!(
        page.contains("Callum Reed") && page.contains("Opened your firm"),
        "{page}"
    );
    assert_eq!(
        page.matches("Opened your firm").count(),
        1,
        "one page is one read"
    );
    callum.get("/members").await;
    assert!(readers().await.contains("in the list of firms"));
    // The end of the ledger, kept elsewhere, still holds when more was written.
    let (row, head) = firms.store.head().unwrap();
    assert!(readers().await.contains(&format!("{row}:{head}")));
    callum.get("/members").await;
    for (kept, told) in [
        (format!("{row}:{head}"), "still there, unchanged"),
        (format!("{}:{head}", row - 1), "The ledger was changed"),
        (format!("{row}:{}", &head[1..]), "That is no such line"),
    ] {
        let page = sam.get(&format!("/home/readers?kept={kept}")).await;
        assert!(page.body().contains(told), "{kept}: {}", page.body());
    }
    assert!(matches!(
        firms.store.verify().unwrap(),
        Verified::Whole { .. }
    ));
}

#[tokio::test(flavor = "multi_thread")]
async fn forms_from_elsewhere_change_nothing_and_opening_a_link_uses_nothing_up() {
    let firms = Firms::with_a_wave().await;
    let link = firms.link(Role::Administrator, None, None);
    let path = link.split(&firms.address.to_string()).nth(1).unwrap();
    let visitor = Browser::new(firms.address);
    for _ in 0..3 {
        let page = visitor.get(path).await;
        assert!(
            page.body()
                .contains("<button type=\"submit\">Sign in</button>")
        );
        assert!(page.headers().get("set-cookie").is_none());
    }
    let ada = Browser::signed_in(&firms, &link).await;
    let again = visitor
        .post(
            "/sign-in",
            &format!("secret={}", link.rsplit('/').next().unwrap()),
        )
        .await;
    assert_eq!(again.status(), 403);
    let form = "name=Evil&area=E23000035&sector=other&size=micro";
    for site in [Some("cross-site"), Some("same-site"), None] {
        let answer = ada
            .send(HttpMethod::POST, "/admin/members", form, site)
            .await;
        assert_eq!(answer.status(), 403, "{site:?}");
    }
    assert!(!ada.get("/admin/members").await.body().contains("Evil"));
    let wrong = ada
        .post(
            "/admin/members",
            "name=&area=E23000035&sector=other&size=micro",
        )
        .await;
    assert_eq!(wrong.status(), 422);
    assert!(wrong.body().contains("There is a problem"));
    assert_eq!(
        ada.post(
            "/admin/members",
            "name=New+Firm&area=E23000035&sector=other&size=micro"
        )
        .await
        .status(),
        303
    );
    assert!(ada.get("/admin/members").await.body().contains("New Firm"));
    let found = ada.get("/admin/members?find=NEW+f").await.into_body();
    assert!(
        found.contains("New Firm") && found.matches("<tr>").count() == 2,
        "{found}"
    );
    let none = ada.get("/admin/members?find=%25").await.into_body();
    assert!(none.contains("Nothing has a name like that"), "{none}");
    let invited = ada.get("/admin/collectors?firm=new+firm").await.into_body();
    assert_eq!(invited.matches("<option").count(), 1, "{invited}");
    let large = ada
        .post("/admin/members", &format!("name={}", "x".repeat(20_000)))
        .await;
    assert_eq!(large.status(), 400);
}

#[tokio::test(flavor = "multi_thread")]
async fn the_downloads_hold_what_is_stored() {
    let firms = Firms::with_a_wave().await;
    let sam = Browser::signed_in(&firms, &firms.link(Role::Member, Some(0), None)).await;
    let csv = sam.get("/home/leaving.csv").await;
    assert!(
        csv.headers()["content-disposition"]
            .to_str()
            .unwrap()
            .contains("attachment")
    );
    assert!(csv.body().starts_with("id,collector,key,detector"));
    let json: serde_json::Value =
        serde_json::from_str(sam.get("/home/leaving.json").await.body()).unwrap();
    let rows = json["sightings"].as_array().unwrap();
    assert_eq!(csv.body().lines().count(), rows.len() + 1);
    // The pages show the same, all of them, none twice.
    let (mut path, mut seen) = ("/home/leaving".to_owned(), 0);
    loop {
        let page = sam.get(&path).await.into_body();
        seen += page.matches("<dl class=\"fields\">").count();
        let Some((_, rest)) = page.split_once("/home/leaving?before=") else {
            break;
        };
        path = format!("/home/leaving?before={}", rest.split('"').next().unwrap());
    }
    assert_eq!(seen, rows.len());
}

/// Pages are mounted from the table of routes only, so that none escapes the matrix.
#[test]
fn no_page_is_mounted_elsewhere() {
    let web = concat!(env!("CARGO_MANIFEST_DIR"), "/src/web");
    let mut folders = vec![std::path::PathBuf::from(web)];
    let mut mounts = 0;
    while let Some(folder) = folders.pop() {
        for entry in std::fs::read_dir(folder).unwrap() {
            let path = entry.unwrap().path();
            if path.is_dir() {
                folders.push(path);
            } else if path.ends_with("web/lists.rs") {
                // Devices have a door of their own: a token instead of a session, and no page.
            } else if path.extension().is_some_and(|ending| ending == "rs") {
                mounts += std::fs::read_to_string(path)
                    .unwrap()
                    .matches(".route(")
                    .count();
            }
        }
    }
    assert_eq!(mounts, 1);
}

#[tokio::test(flavor = "multi_thread")]
async fn a_blocklist_is_off_until_a_device_is_let_in_and_then_served_until_it_is_shut_out() {
    let firms = Firms::with_a_wave().await;
    let sam = Browser::signed_in(&firms, &firms.link(Role::Member, Some(0), None)).await;
    assert!(
        sam.get("/home/blocklist")
            .await
            .body()
            .contains("It is off")
    );
    let mut maker = ListMaker::default();
    assert_eq!(maker.step(&*firms.store, firms.now).unwrap(), 0);
    let made = sam
        .post("/home/blocklist", "name=Office+firewall&size=100")
        .await;
    assert_eq!(made.status(), StatusCode::OK);
    let (_, rest) = made.body().split_once("/lists/").unwrap();
    let path = format!("/lists/{}", rest.split('<').next().unwrap());
    let secret = path.split('/').nth(2).unwrap().to_owned();
    assert!(path.ends_with("/plain"), "{path}");
    assert_eq!(
        maker
            .step(&*firms.store, firms.now.plus_seconds(48 * 3_600))
            .unwrap(),
        1
    );
    let device = Browser::new(firms.address);
    let list = device.get(&path).await;
    assert_eq!(list.status(), StatusCode::OK);
    let entries: Vec<&str> = list.body().lines().skip(1).collect();
    assert!(
        !entries.is_empty() && entries.len() <= 100,
        "{}",
        list.body()
    );
    // The same list is not sent twice.
    let tag = list.headers()["etag"].to_str().unwrap().to_owned();
    let again = device.send_with(&path, ("if-none-match", &tag)).await;
    assert_eq!(
        (again.status(), again.body().as_str()),
        (StatusCode::NOT_MODIFIED, "")
    );
    // The token as a password.
    let basic = data_encoding::BASE64.encode(format!("firewall:{secret}").as_bytes());
    let basic = format!("Basic {basic}");
    let same = device
        .send_with("/lists/palo-alto.txt?family=4", ("authorization", &basic))
        .await;
    assert_eq!(same.body().lines().collect::<Vec<_>>(), {
        let mut sorted = entries.clone();
        sorted.sort_by_key(|entry| entry.parse::<std::net::Ipv4Addr>().unwrap());
        sorted
    });
    // Why, and off it goes, for this firm alone.
    let page = sam
        .get(&format!("/home/blocklist?address={}", entries[0]))
        .await;
    assert!(page.body().contains("is on your list"), "{}", page.body());
    sam.post("/home/blocklist/appeal", &format!("address={}", entries[0]))
        .await;
    let without = device.get(&path).await;
    assert!(!without.body().contains(&format!("{}\n", entries[0])));
    // Nobody else gets it, and nor does the device once it is out.
    let other = format!("/lists/{}/plain", "x".repeat(secret.len()));
    assert_eq!(device.get(&other).await.status(), StatusCode::UNAUTHORIZED);
    assert_eq!(
        device.get(&path.replace("plain", "paper")).await.status(),
        StatusCode::NOT_FOUND
    );
    let pat = Browser::signed_in(&firms, &firms.link(Role::Member, Some(1), None)).await;
    let out = pat.post("/home/blocklist/devices/1/out", "").await;
    assert_eq!(out.status(), StatusCode::NOT_FOUND, "another firm's device");
    sam.post("/home/blocklist/devices/1/out", "").await;
    assert_eq!(device.get(&path).await.status(), StatusCode::UNAUTHORIZED);
}

#[tokio::test(flavor = "multi_thread")]
async fn a_region_lets_national_analysts_see_its_firms_until_it_ends_that() {
    let firms = Firms::with_a_wave().await;
    let sam = Browser::signed_in(&firms, &firms.link(Role::Member, Some(1), None)).await;
    let officer = Browser::signed_in(&firms, &firms.link(Role::Regional, None, None)).await;
    let idris = Browser::signed_in(&firms, &firms.link_for(firms.somebody(Role::National))).await;
    let one = format!("/members/{}", firms.members[1]);
    assert_eq!(idris.get(&one).await.status(), StatusCode::NOT_FOUND);
    for (form, status) in [
        ("region=SWROCU&reason=", 422),
        ("region=Atlantis&reason=A+wave+on+tills", 422),
        ("region=SWROCU&reason=A+wave+on+tills", 303),
    ] {
        let answer = officer.post("/sharing", form).await;
        assert_eq!(answer.status(), status, "{form}: {}", answer.body());
    }
    let list = idris.get("/members").await.into_body();
    assert!(list.contains("Harbour Dental Practice"), "{list}");
    assert_eq!(idris.get(&one).await.status(), StatusCode::OK);
    let told = sam.get("/home/readers").await.into_body();
    for expected in ["A wave on tills", "Idris Cole", "Opened your firm"] {
        assert!(told.contains(expected), "{expected}: {told}");
    }
    let threat = idris.get("/threats/1").await.into_body();
    assert!(threat.contains("Harbour Dental Practice"), "{threat}");
    officer.post("/sharing/end", "region=SWROCU").await;
    assert_eq!(idris.get(&one).await.status(), StatusCode::NOT_FOUND);
    let told = sam.get("/home/readers").await.into_body();
    assert!(!told.contains("A wave on tills") && told.contains("Idris Cole"));
}

#[tokio::test(flavor = "multi_thread")]
async fn who_must_not_know_firms_is_told_of_none() {
    let firms = Firms::with_a_wave().await;
    for role in [Role::Student, Role::National, Role::Administrator] {
        let browser = Browser::signed_in(&firms, &firms.link_for(firms.somebody(role))).await;
        let mut seen = 0;
        for route in ROUTES.iter().filter(|route| route.method == Method::Get) {
            if route.path.starts_with("/admin") {
                continue;
            }
            let answer = browser.get(&filled(route, &firms)).await;
            seen += usize::from(answer.status() == 200);
            let page = answer.body();
            for name in ["Oak Street Books", "Harbour Dental", "Chesil Care Homes"] {
                assert!(!page.contains(name), "{role} {}", route.path);
            }
            let named = firms
                .members
                .iter()
                .find(|id| page.contains(&id.to_string()));
            let asked = route.path == "/members/{id}";
            assert!(named.is_none() || asked, "{role} {}", route.path);
        }
        assert!(seen > 5, "{role}");
    }
    let idris = Browser::signed_in(&firms, &firms.link_for(firms.somebody(Role::National))).await;
    let list = idris.get("/members").await.into_body();
    assert!(
        list.contains("No region lets national analysts see"),
        "{list}"
    );
    let nia = Browser::signed_in(&firms, &firms.link_for(firms.somebody(Role::Student))).await;
    let list = nia.get("/members").await;
    assert!(list.body().contains("Open warnings") && list.body().contains("hidden"));
}

#[tokio::test(flavor = "multi_thread")]
async fn a_firm_sees_who_looks_after_it_and_when() {
    let firms = Firms::with_a_wave().await;
    let max = firms.somebody(Role::Provider);
    let browser = Browser::signed_in(&firms, &firms.link_for(max)).await;
    assert_eq!(browser.get("/home").await.status(), 404, "none is chosen");
    let choose = format!("/firms/{}", firms.members[8]);
    assert_eq!(browser.post(&choose, "").await.status(), 303);
    assert_eq!(browser.get("/home").await.status(), 200);
    let sam = Browser::signed_in(&firms, &firms.link(Role::Member, Some(8), None)).await;
    let readers = sam.get("/home/readers").await;
    assert!(
        readers
            .body()
            .contains("Let a service company look after your firm")
    );
    assert!(readers.body().contains("Max Hobbs, Service company"));
    // When it ends, it ends at once.
    let ada = Browser::signed_in(&firms, &firms.link(Role::Administrator, None, None)).await;
    let page = format!("/admin/people/{max}/firms");
    assert!(ada.get(&page).await.body().contains("Chesil Care Homes"));
    let take = format!("member={}", firms.members[8]);
    let taken = ada.post(&format!("{page}/take"), &take).await;
    assert_eq!(taken.status(), 303);
    assert_eq!(browser.get("/home").await.status(), 404);
    assert_eq!(browser.post(&choose, "").await.status(), 404);
}

#[tokio::test(flavor = "multi_thread")]
async fn a_firm_is_told_that_its_day_is_used_up_and_what_to_do() {
    let firms = Firms::with_a_wave().await;
    let firm = Browser::signed_in(&firms, &firms.link(Role::Member, Some(7), None)).await;
    let used_up = "found more today than this hub takes";
    assert!(!firm.get("/home").await.body().contains(used_up));
    firms.over_quota(7, firms.now.plus_seconds(-60));
    let page = firm.get("/home").await.into_body();
    assert!(page.contains(used_up), "{page}");
    assert!(
        page.contains("Nothing is lost: it keeps the rest"),
        "{page}"
    );
    // Who helps it and who runs the hub see it, too; nobody else's collector is meant.
    let helper =
        Browser::signed_in(&firms, &firms.link(Role::Regional, None, Some("SWROCU"))).await;
    let page = helper.get(&format!("/members/{}", firms.members[7])).await;
    assert!(page.body().contains("quota used up"));
    let page = helper.get(&format!("/members/{}", firms.members[6])).await;
    assert!(!page.body().contains("quota used up"));
    let ada = Browser::signed_in(&firms, &firms.link(Role::Administrator, None, None)).await;
    let page = ada.get("/admin/collectors").await.into_body();
    assert_eq!(page.matches("quota used up").count(), 1, "{page}");
    firms.over_quota(7, firms.now.plus_seconds(-86_400));
    assert!(!firm.get("/home").await.body().contains(used_up));
}
