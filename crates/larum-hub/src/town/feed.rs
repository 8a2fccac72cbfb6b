//! The devices of the town at work: as the town's clock goes on, each writes what happened, over
//! loopback syslog and into log files.

use std::collections::VecDeque;
use std::fs::File;
use std::io::{self, Write as _};
use std::net::SocketAddr;
use std::time::Duration;

use larum_core::time::Timestamp;
use larum_link::clock::Clock;
use larum_traffic::act::Moment;
use larum_traffic::background::{self, Volume};
use tokio::io::AsyncWriteExt as _;
use tokio::net::{TcpStream, UdpSocket};
use tokio::sync::watch;

use super::house::{House, Route};
use super::wave::Wave;

const HOUR_SECONDS: i64 = 3_600;
/// How often the devices write, in real time.
const TICK: Duration = Duration::from_millis(50);
/// Most datagrams to one collector per tick: a real firewall spreads them too.
const MAX_DATAGRAMS: usize = 200;

/// How the firewall's lines reach the collector.
enum Wire {
    Datagrams(UdpSocket),
    Stream(TcpStream),
}

/// The devices of one firm, connected to its collector.
pub struct Feed {
    house: House,
    seed: u64,
    /// What was scripted for this firm and did not happen yet.
    scripted: VecDeque<Moment>,
    /// What will happen until `planned`.
    ahead: VecDeque<Moment>,
    planned: Timestamp,
    /// Syslog lines that wait for the next tick.
    waiting: VecDeque<String>,
    wire: Wire,
    auth_log: File,
    access_log: File,
}

impl Feed {
    /// Connects the devices of `house` to the collector's listener; what they write begins at
    /// `start`.
    ///
    /// # Errors
    /// When the collector cannot be reached or a log file not be opened.
    pub async fn connect(
        house: House,
        seed: u64,
        wave: &Wave,
        collector: SocketAddr,
        start: Timestamp,
    ) -> io::Result<Self> {
        let wire = if house.sends_datagrams() {
            let socket = UdpSocket::bind("127.0.0.1:0").await?;
            socket.connect(collector).await?;
            Wire::Datagrams(socket)
        } else {
            Wire::Stream(TcpStream::connect(collector).await?)
        };
        let (auth_log, access_log) = house.open_logs()?;
        let mut feed = Self {
            scripted: wave.at_firm(house.firm.index).into(),
            house,
            seed,
            ahead: VecDeque::new(),
            planned: start.floor_to(HOUR_SECONDS),
            waiting: VecDeque::new(),
            wire,
            auth_log,
            access_log,
        };
        feed.plan_until(start.plus_seconds(1));
        feed.ahead.retain(|moment| moment.at >= start);
        Ok(feed)
    }

    /// Writes as time goes on until `stop`; then gives the number of lines written.
    ///
    /// # Errors
    /// When a line cannot be written.
    pub async fn run(mut self, clock: Clock, mut stop: watch::Receiver<bool>) -> io::Result<u64> {
        loop {
            let stopping = *stop.borrow();
            if !stopping {
                self.write_until(clock.now())?;
            }
            self.send().await?;
            if stopping && self.waiting.is_empty() {
                return Ok(self.house.written);
            }
            tokio::select! {
                // A sender that is gone means that the town is gone.
                _ = stop.changed(), if !stopping => {}
                () = tokio::time::sleep(TICK) => {}
            }
        }
    }

    fn plan_until(&mut self, end: Timestamp) {
        while self.planned < end {
            let hour = background::hour(&self.house.firm, self.seed, self.planned, Volume::LIVE);
            self.ahead.extend(hour);
            self.planned = self.planned.plus_seconds(HOUR_SECONDS);
        }
    }

    fn write_until(&mut self, now: Timestamp) -> io::Result<()> {
        self.plan_until(now);
        let mut due: Vec<Moment> = Vec::new();
        for queue in [&mut self.ahead, &mut self.scripted] {
            while queue.front().is_some_and(|moment| moment.at <= now) {
                due.extend(queue.pop_front());
            }
        }
        due.sort_by_key(|moment| moment.at);
        let mut routes = Vec::new();
        for moment in &due {
            self.house.lines(moment, &mut routes);
        }
        let (mut auth, mut access) = (String::new(), String::new());
        for route in routes {
            self.house.written += 1;
            match route {
                Route::Syslog(line) => self.waiting.push_back(line),
                Route::AuthLog(line) => auth.extend([&line, "\n"]),
                Route::AccessLog(line) => access.extend([&line, "\n"]),
            }
        }
        self.auth_log.write_all(auth.as_bytes())?;
        self.access_log.write_all(access.as_bytes())
    }

    async fn send(&mut self) -> io::Result<()> {
        match &mut self.wire {
            Wire::Datagrams(socket) => {
                for _ in 0..MAX_DATAGRAMS {
                    let Some(line) = self.waiting.pop_front() else {
                        break;
                    };
                    socket.send(line.as_bytes()).await?;
                }
            }
            Wire::Stream(stream) => {
                let mut text = String::new();
                for line in self.waiting.drain(..) {
                    text.extend([&line, "\n"]);
                }
                stream.write_all(text.as_bytes()).await?;
            }
        }
        Ok(())
    }
}
