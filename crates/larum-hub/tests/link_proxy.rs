//! A firm whose firewall lets nothing out but a proxy, and the proxy nothing but port 443.

#![expect(clippy::unwrap_used, reason = "a test fails by panicking")]
#![expect(clippy::expect_used, reason = "a test fails by panicking")]

mod link_rig;

use std::net::{Ipv4Addr, SocketAddr};
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, AtomicU64, Ordering};

use larum_collector::identity;
use larum_hub_lib::enrol::invite;
use larum_link::clock::Clock;
use larum_link::token::HubAddress;
use link_rig::{Collector, Hub, VERSION, start};
use tokio::io::{AsyncBufReadExt as _, AsyncWriteExt as _, BufReader};
use tokio::net::{TcpListener, TcpStream};

/// A name that only the proxy can find.
const NAME: &str = "hub.example.org:443";

struct Proxy {
    address: HubAddress,
    passed: Arc<AtomicU64>,
    refuses: Arc<AtomicBool>,
}

impl Proxy {
    async fn new(hub: SocketAddr) -> Self {
        let listener = TcpListener::bind((Ipv4Addr::LOCALHOST, 0)).await.unwrap();
        let port = listener.local_addr().unwrap().port();
        let (passed, refuses) = (Arc::<AtomicU64>::default(), Arc::<AtomicBool>::default());
        let (count, refuse) = (passed.clone(), refuses.clone());
        tokio::spawn(async move {
            while let Ok((near, _)) = listener.accept().await {
                let (count, refuse) = (count.clone(), refuse.clone());
                tokio::spawn(async move {
                    // A client that leaves in the middle is its own affair.
                    drop(serve(near, hub, &count, &refuse).await);
                });
            }
        });
        Self {
            address: HubAddress::new("127.0.0.1", port).unwrap(),
            passed,
            refuses,
        }
    }
}

async fn serve(
    near: TcpStream,
    hub: SocketAddr,
    passed: &AtomicU64,
    refuses: &AtomicBool,
) -> std::io::Result<()> {
    let mut near = BufReader::new(near);
    let mut head = String::new();
    while !head.ends_with("\r\n\r\n") {
        if near.read_line(&mut head).await? == 0 {
            return Ok(());
        }
    }
    let allowed = head.starts_with(&format!("CONNECT {NAME} HTTP/1.1\r\n"));
    if !allowed || refuses.load(Ordering::Relaxed) {
        let answer = b"HTTP/1.1 403 Forbidden\r\nContent-Length: 0\r\n\r\n";
        return near.get_mut().write_all(answer).await;
    }
    passed.fetch_add(1, Ordering::Relaxed);
    let mut far = TcpStream::connect(hub).await?;
    let answer = b"HTTP/1.1 200 Connection established\r\nVia: 1.1 proxy\r\n\r\n";
    near.get_mut().write_all(answer).await?;
    tokio::io::copy_bidirectional(&mut near, &mut far).await?;
    Ok(())
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn everything_goes_through_the_proxy_to_port_443() {
    let folder = tempfile::tempdir().unwrap();
    // Fast, so that the waits between attempts are short.
    let clock = Clock::scaled(start(), 600.0);
    let hub = Hub::named(&folder.path().join("hub"), NAME, &clock).await;
    let proxy = Proxy::new(hub.running.link_addr).await;
    let through = Some(proxy.address.clone());
    let member = hub.member("Bakery", clock.now());
    let address = HubAddress::parse(NAME).unwrap();
    let (store, authority) = (&*hub.running.store, &hub.running.authority);
    let token = invite(store, authority, address, member, "shop", clock.now(), 24).unwrap();
    let state = folder.path().join("c");
    identity::join_through(through.clone(), &token, VERSION, &state, &clock)
        .await
        .unwrap();
    let mut collector = Collector::run_through(through, &state, &clock);
    let last = collector.spool(0..50, clock.now());
    collector.receipted(last).await;
    assert_eq!(hub.totals().arrived, 50);
    assert!(
        proxy.passed.load(Ordering::Relaxed) >= 2,
        "joined, and sent"
    );

    // The proxy changes its mind; it is told, and nothing is lost.
    proxy.refuses.store(true, Ordering::Relaxed);
    let config = hub.stop().await;
    let hub = Hub::run(config, &clock).await;
    let last = collector.spool(50..80, clock.now());
    collector.hub_says("proxy-refused").await;
    assert_eq!(hub.totals().arrived, 50);
    proxy.refuses.store(false, Ordering::Relaxed);
    collector.receipted(last).await;
    assert_eq!(hub.totals().arrived, 80);
}
