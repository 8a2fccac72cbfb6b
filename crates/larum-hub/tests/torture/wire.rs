//! A network that does what networks do: between collectors and hub, on loopback.

use std::io::{Read as _, Write as _};
use std::net::{Ipv4Addr, Shutdown, SocketAddr, TcpListener, TcpStream};
use std::sync::Arc;
use std::sync::atomic::{AtomicU8, AtomicU64, Ordering};
use std::time::Duration;

/// How it is just now.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Weather {
    Fair,
    /// Connections end after some thousands of bytes, in either direction.
    Cutting,
    /// Every piece is late.
    Slow,
    /// Connections stand, and nothing passes.
    Silent,
    /// No connection.
    Down,
}

impl Weather {
    const ALL: [Self; 5] = [
        Self::Fair,
        Self::Cutting,
        Self::Slow,
        Self::Silent,
        Self::Down,
    ];
}

/// The network.
pub struct Network {
    pub address: SocketAddr,
    shared: Arc<Shared>,
}

#[derive(Default)]
struct Shared {
    weather: AtomicU8,
    connections: AtomicU64,
    cut: AtomicU64,
}

impl Network {
    /// Between whoever connects to `here` and `hub`.
    pub fn new(here: Ipv4Addr, hub: SocketAddr) -> Self {
        let listener = TcpListener::bind((here, 0)).unwrap();
        let address = listener.local_addr().unwrap();
        let shared = Arc::new(Shared::default());
        let of_thread = shared.clone();
        std::thread::spawn(move || {
            while let Ok((near, _)) = listener.accept() {
                let number = of_thread.connections.fetch_add(1, Ordering::Relaxed);
                if of_thread.weather() == Weather::Down {
                    continue;
                }
                if let Ok(far) = TcpStream::connect(hub) {
                    pass(&near, &far, number, &of_thread);
                    pass(&far, &near, number + 7, &of_thread);
                }
            }
        });
        Self { address, shared }
    }

    pub fn turn(&self, weather: Weather) {
        let at = Weather::ALL.iter().position(|one| *one == weather);
        let at = u8::try_from(at.unwrap_or(0)).unwrap_or(0);
        self.shared.weather.store(at, Ordering::Relaxed);
    }

    /// Connections cut so far.
    pub fn cut(&self) -> u64 {
        self.shared.cut.load(Ordering::Relaxed)
    }
}

impl Shared {
    fn weather(&self) -> Weather {
        let at = usize::from(self.weather.load(Ordering::Relaxed));
        Weather::ALL.get(at).copied().unwrap_or(Weather::Fair)
    }
}

/// One direction of a connection.
fn pass(from: &TcpStream, to: &TcpStream, number: u64, shared: &Arc<Shared>) {
    let (mut from, mut to) = (from.try_clone().unwrap(), to.try_clone().unwrap());
    let shared = shared.clone();
    std::thread::spawn(move || {
        from.set_read_timeout(Some(Duration::from_millis(50)))
            .unwrap();
        let mut left = 1_500 + number.wrapping_mul(0x9E37_79B9) % 30_000;
        let mut buffer = [0; 4_096];
        loop {
            let weather = shared.weather();
            if weather == Weather::Down || (weather == Weather::Cutting && left == 0) {
                shared.cut.fetch_add(1, Ordering::Relaxed);
                break;
            }
            if weather == Weather::Silent {
                std::thread::sleep(Duration::from_millis(50));
                continue;
            }
            let count = match from.read(&mut buffer) {
                Ok(0) => break,
                Ok(count) => count,
                Err(error) if would_wait(&error) => continue,
                Err(_) => break,
            };
            if weather == Weather::Slow {
                std::thread::sleep(Duration::from_millis(30));
            }
            let piece = buffer.get(..count).unwrap_or_default();
            if to.write_all(piece).is_err() {
                break;
            }
            left = left.saturating_sub(count as u64);
        }
        // Either may be gone already.
        drop(from.shutdown(Shutdown::Both));
        drop(to.shutdown(Shutdown::Both));
    });
}

fn would_wait(error: &std::io::Error) -> bool {
    matches!(
        error.kind(),
        std::io::ErrorKind::WouldBlock | std::io::ErrorKind::TimedOut
    )
}
