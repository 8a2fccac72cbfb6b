//! A whole town on one machine: a hub, firms with real collectors joined over real mTLS, and
//! generated traffic. Only the traffic is made up; what the pages show, the programs found out.

mod feed;
mod house;
mod people;
mod report;
mod story;
mod wave;

use std::future::Future;
use std::net::{Ipv4Addr, SocketAddr};
use std::path::Path;
use std::sync::Arc;
use std::time::Duration;

use anyhow::Context as _;
use larum_collector::{RunningCollector, Shared};
use larum_core::time::Timestamp;
use larum_core::words::Words;
use larum_hub_lib::config::HubConfig;
use larum_hub_lib::enrol::invite;
use larum_hub_lib::id::MemberId;
use larum_hub_lib::run::RunningHub;
use larum_hub_lib::store::enrol::{EnrolStore as _, NewMember};
use larum_hub_lib::store::watch_state::WatchState as _;
use larum_link::clock::Clock;
use larum_traffic::Firm;
use tokio::sync::{mpsc, watch};
use tokio::task::JoinSet;

pub use report::{FirmReport, Report};
pub use wave::WAVE_KEY;

use feed::Feed;
use house::House;
use people::Cast;
use story::Story;
use wave::Wave;

/// Fewest firms that make a town; below, no wave could be told from chance.
pub const MIN_MEMBERS: u64 = 8;
/// Most firms: their public addresses have to differ.
pub const MAX_MEMBERS: u64 = 200;
/// Longest wait, in real time, for the collectors to read their past and the hub to count it.
const MAX_PAST_WAIT: Duration = Duration::from_secs(180);
/// Longest wait at the end in which nothing arrives of what is on its way: a busy machine is slow, and
/// only one that stands still is given up.
const MAX_STILL_WAIT: Duration = Duration::from_secs(60);
/// How often the town is looked at while something is waited for.
const POLL: Duration = Duration::from_millis(100);
/// How often the story looks for something new to tell.
const TELL_EVERY: Duration = Duration::from_millis(250);
/// Police force areas the firms are in, ONS codes.
const AREAS: [&str; 4] = ["E23000010", "E23000012", "E23000009", "E23000013"];
const REGION: &str = "Demonstration";
const TOKEN_HOURS: u32 = 24;

/// How the demonstration is to run.
#[derive(Clone, Copy, Debug)]
pub struct Plan {
    /// Port of the pages on loopback; 0 lets the system choose.
    pub port: u16,
    /// Firms in the town, [`MIN_MEMBERS`] to [`MAX_MEMBERS`].
    pub members: u64,
    /// How much faster than life the town's clock runs.
    pub speed: f64,
    /// End by itself after this much real time of the live part; `None`: until told to stop.
    pub duration: Option<Duration>,
    /// Everything that happens follows from it.
    pub seed: u64,
    /// What the town's clock shows at first.
    pub start: Timestamp,
}

/// A firm that is up.
struct Resident {
    index: u64,
    member: MemberId,
    name: String,
    collector: RunningCollector,
}

/// Runs a town until `stop` ends or the plan's duration is over, and takes it down again: the folder
/// it lived in is gone when this returns. `say` gets each line meant for the person who watches;
/// `asks` brings their wish for new sign-in links.
///
/// # Errors
/// When a part of it cannot start or a disk fails.
pub async fn run(
    plan: Plan,
    say: &mut (dyn FnMut(String) + Send),
    asks: mpsc::Receiver<()>,
    stop: impl Future<Output = ()>,
) -> anyhow::Result<Report> {
    let folder = tempfile::Builder::new()
        .prefix("larum-demo-")
        .tempdir()
        .context("a temporary folder for the town cannot be made")?;
    let path = folder.path().to_owned();
    let words = Arc::new(Words::of("en")?);
    let result = live(plan, &path, &words, say, asks, stop).await;
    // Also after an error nothing is left behind.
    let removed = tokio::task::spawn_blocking(move || folder.close()).await?;
    let report = result?;
    removed.context("the town's folder cannot be removed")?;
    say(words.say("demo-gone"));
    Ok(Report {
        folder: path,
        ..report
    })
}

/// Everything that runs.
struct Town {
    plan: Plan,
    words: Arc<Words>,
    clock: Clock,
    hub: RunningHub,
    stop_hub: watch::Sender<bool>,
    residents: Vec<Resident>,
    stop_collectors: watch::Sender<bool>,
}

async fn live(
    plan: Plan,
    folder: &Path,
    words: &Arc<Words>,
    say: &mut (dyn FnMut(String) + Send),
    asks: mpsc::Receiver<()>,
    stop: impl Future<Output = ()>,
) -> anyhow::Result<Report> {
    let mut stop = std::pin::pin!(stop);
    say(words.say_with("demo-building", &[("members", plan.members.into())]));
    let clock = Clock::scaled(plan.start, plan.speed);
    let (stop_hub, hub_stopping) = watch::channel(false);
    let mut town = Town {
        hub: start_hub(plan, folder, &clock, hub_stopping).await?,
        plan,
        words: words.clone(),
        clock,
        stop_hub,
        residents: Vec::new(),
        stop_collectors: watch::channel(false).0,
    };
    let homes = folder.to_owned();
    let houses = tokio::task::spawn_blocking(move || build(plan, &homes)).await??;
    let past: u64 = houses.iter().map(|house| house.written).sum();
    say(words.say_with("demo-past", &[("lines", past.into())]));
    let shared = Shared::built_in()?;
    for house in &houses {
        let resident = town.move_in(house, &shared).await?;
        town.residents.push(resident);
    }
    let counted = tokio::select! {
        () = &mut stop => false,
        () = town.past_is_counted(past) => true,
    };
    let wave = Wave::new(plan.seed, plan.members, town.clock.now());
    let written = if counted {
        town.live_on(houses, &wave, say, asks, stop).await?
    } else {
        past
    };
    say(words.say("demo-ending"));
    town.take_down(&wave, written).await
}

impl Town {
    /// Invites the firm, has its collector join with the one-time token, and starts it.
    async fn move_in(&self, house: &House, shared: &Shared) -> anyhow::Result<Resident> {
        let member = self.invite_member(house)?;
        let token = invite(
            &*self.hub.store,
            &self.hub.authority,
            self.hub.link_address.clone(),
            member,
            "office",
            self.clock.now(),
            TOKEN_HOURS,
        )?;
        let config = house.config();
        let version = env!("CARGO_PKG_VERSION");
        larum_collector::identity::join(&token, version, &config.state_dir, &self.clock).await?;
        let mut stopping = self.stop_collectors.subscribe();
        let stopped = async move { drop(stopping.wait_for(|stop| *stop).await) };
        let collector =
            larum_collector::run(config, shared.clone(), self.clock.clone(), stopped).await?;
        Ok(Resident {
            index: house.firm.index,
            member,
            name: house.firm.name.clone(),
            collector,
        })
    }

    fn invite_member(&self, house: &House) -> anyhow::Result<MemberId> {
        let id = MemberId::random()?;
        let place = usize::try_from(house.firm.index).unwrap_or(0) % AREAS.len();
        let new = NewMember {
            id,
            name: house.firm.name.clone(),
            area: AREAS.get(place).copied().unwrap_or_default().to_owned(),
            region: REGION.to_owned(),
            sector: house.firm.sector.to_owned(),
            size: "small".to_owned(),
        };
        self.hub.store.add_member(&new, self.clock.now())?;
        Ok(id)
    }

    /// Waits until every collector has read its past, the hub has counted it, and the watch has
    /// learned from it; not for ever, since the demonstration goes on without the last of it.
    async fn past_is_counted(&self, past: u64) {
        let deadline = tokio::time::Instant::now() + MAX_PAST_WAIT;
        while tokio::time::Instant::now() < deadline {
            let standing = report::standing(&self.residents);
            if standing.received >= past && standing.is_settled() && self.watch_is_idle() {
                return;
            }
            tokio::time::sleep(POLL).await;
        }
        tracing::warn!("the collectors did not read their past in time");
    }

    fn watch_is_idle(&self) -> bool {
        let store = &self.hub.store;
        let looked = store.looks(0).ok().and_then(|looks| looks.last().copied());
        let newest = store.newest_receipt().ok();
        looked.is_some_and(|look| Some(look.up_to) == newest)
    }

    /// The live part: devices write, the story is told, links are made on request. Gives the number
    /// of lines written since the town was built.
    async fn live_on(
        &self,
        houses: Vec<House>,
        wave: &Wave,
        say: &mut (dyn FnMut(String) + Send),
        mut asks: mpsc::Receiver<()>,
        mut stop: std::pin::Pin<&mut impl Future<Output = ()>>,
    ) -> anyhow::Result<u64> {
        let cast = Cast::new(self, wave)?;
        let mut story = Story::new(wave);
        story.learned(self, say)?;
        cast.show_links(self, say)?;
        let (stop_feeds, feeding) = watch::channel(false);
        let mut feeds = self.start_feeds(houses, wave, &feeding).await?;
        let over = async {
            match self.plan.duration {
                Some(duration) => tokio::time::sleep(duration).await,
                None => std::future::pending().await,
            }
        };
        let mut over = std::pin::pin!(over);
        loop {
            tokio::select! {
                () = &mut stop => break,
                () = &mut over => break,
                Some(()) = asks.recv() => cast.show_links(self, say)?,
                Some(ended) = feeds.join_next() => {
                    ended??;
                    anyhow::bail!("a device of the town stopped writing");
                }
                () = tokio::time::sleep(TELL_EVERY) => story.tell(self, wave, say)?,
            }
        }
        stop_feeds.send_replace(true);
        let mut written = 0;
        while let Some(ended) = feeds.join_next().await {
            written += ended??;
        }
        self.everything_arrived(written).await;
        story.tell(self, wave, say)?;
        Ok(written)
    }

    /// Waits until all lines `written` were received and all that was to be sent has its receipt.
    async fn everything_arrived(&self, written: u64) {
        let (mut before, mut moved) = (None, tokio::time::Instant::now());
        while moved.elapsed() < MAX_STILL_WAIT {
            let standing = report::standing(&self.residents);
            if standing.received >= written && standing.is_settled() {
                return;
            }
            if before != Some(standing) {
                (before, moved) = (Some(standing), tokio::time::Instant::now());
            }
            tokio::time::sleep(POLL).await;
        }
        tracing::warn!("the town was taken down before everything had arrived");
    }

    async fn start_feeds(
        &self,
        houses: Vec<House>,
        wave: &Wave,
        feeding: &watch::Receiver<bool>,
    ) -> anyhow::Result<JoinSet<std::io::Result<u64>>> {
        let mut feeds = JoinSet::new();
        for (house, resident) in houses.into_iter().zip(&self.residents) {
            let (_, address) = resident
                .collector
                .listen
                .first()
                .context("a collector receives nothing")?;
            let feed =
                Feed::connect(house, self.plan.seed, wave, *address, self.plan.start).await?;
            feeds.spawn(feed.run(self.clock.clone(), feeding.clone()));
        }
        Ok(feeds)
    }

    /// Stops the collectors, then the hub, and reports what they counted.
    async fn take_down(self, wave: &Wave, written: u64) -> anyhow::Result<Report> {
        self.stop_collectors.send_replace(true);
        let mut firms = Vec::with_capacity(self.residents.len());
        for resident in self.residents {
            resident.collector.handle.await?;
            let counted = resident.collector.board.lock().tally.save().total;
            firms.push(FirmReport {
                index: resident.index,
                member: resident.member,
                name: resident.name,
                counted,
            });
        }
        let report = report::of(&*self.hub.store, firms, wave, written)?;
        self.stop_hub.send_replace(true);
        self.hub.stopped().await;
        Ok(report)
    }
}

async fn start_hub(
    plan: Plan,
    folder: &Path,
    clock: &Clock,
    mut stopping: watch::Receiver<bool>,
) -> anyhow::Result<RunningHub> {
    let loopback = |port| SocketAddr::from((Ipv4Addr::LOCALHOST, port));
    let mut config = HubConfig::new(folder.join("hub"), "127.0.0.1");
    config.links_suffice = true;
    config.link_listen = loopback(0);
    config.page_listen = loopback(plan.port);
    config.metrics_listen = None;
    config.region = REGION.to_owned();
    std::fs::create_dir_all(&config.state_dir)?;
    larum_hub_lib::run::set_up(&config, clock.now())?;
    let stopped = async move { drop(stopping.wait_for(|stop| *stop).await) };
    Ok(larum_hub_lib::run::run(config, clock.clone(), stopped).await?)
}

/// Builds every firm's house with the log files of its past.
fn build(plan: Plan, folder: &Path) -> std::io::Result<Vec<House>> {
    (0..plan.members)
        .map(|index| {
            let mut house = House::new(Firm::invented(index), folder)?;
            house.write_past(plan.seed, plan.start)?;
            Ok(house)
        })
        .collect()
}
