//! A hub whose root key is kept elsewhere: it signs with an intermediate that the root signed, and
//! collectors trust exactly that.

#![expect(
    clippy::unwrap_used,
    clippy::expect_used,
    reason = "a test fails by panicking"
)]

mod link_rig;

use std::fs;

use larum_link::clock::Clock;
use link_rig::{Collector, Hub, openssl};

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_hub_signs_with_an_intermediate_whose_root_is_elsewhere() {
    let folder = tempfile::tempdir().unwrap();
    // The certificates below begin at this moment, as the machine sees it.
    let clock = Clock::system();
    let hub = Hub::new(&folder.path().join("hub"), &clock).await;
    let config = hub.stop().await;
    let elsewhere = folder.path().join("elsewhere");
    fs::create_dir(&elsewhere).unwrap();
    let usage =
        "basicConstraints=critical,CA:TRUE,pathlen:0\nkeyUsage=critical,keyCertSign,cRLSign\n";
    fs::write(elsewhere.join("intermediate.ext"), usage).unwrap();
    let key = "-newkey ec -pkeyopt ec_paramgen_curve:P-256 -nodes";
    for command in [
        format!("req -x509 {key} -keyout root.key -out root.crt -days 3650 -subj /CN=root"),
        format!("req {key} -keyout authority.key -out hub.csr -subj /CN=hub"),
        "x509 -req -in hub.csr -CA root.crt -CAkey root.key -CAcreateserial -days 3650 \
         -extfile intermediate.ext -out authority.crt"
            .to_owned(),
    ] {
        openssl(&elsewhere, &command);
    }
    for file in ["authority.key", "authority.crt"] {
        fs::copy(elsewhere.join(file), config.authority_dir().join(file)).unwrap();
    }
    // The root's key is not on the hub, nor is its certificate.
    let kept = fs::read_dir(config.authority_dir()).unwrap().count();
    assert_eq!(kept, 2);

    let hub = Hub::run(config, &clock).await;
    let now = clock.now();
    let token = hub.token(hub.member("Bakery", now), now);
    let state = folder.path().join("c");
    Collector::join(&state, &token, &clock).await;
    let mut collector = Collector::run(&state, &clock);
    let last = collector.spool(0..10, now);
    collector.receipted(last).await;
    assert_eq!(hub.totals().arrived, 10);
    collector.stop().await;
}
