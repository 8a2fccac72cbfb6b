//! The watch job: looks at what firms sent since it last looked, calls threats, warns members.
//!
//! The judgement is `larum_core::watch::fold`, the same that `larum-hub backtest threats` runs; here
//! are only the rows it needs, the time it runs, and what follows from an alarm.

pub mod evidence;
pub mod exploited;
pub mod lists;
mod live;
mod step;
mod warn;

use std::future::Future;
use std::sync::Arc;
use std::time::Duration;

use larum_core::watch::fold::Budget;
use larum_core::words::{CatalogueError, Words};
use larum_link::clock::Clock;

use crate::store::lead::Lead;
use crate::store::lists::Lists;

pub use step::{Rows, Summary, Watch};

/// How often a hub that does not lead asks whether it does now.
const LEAD_EVERY: Duration = Duration::from_secs(10);

/// How the watch runs.
#[derive(Clone, Debug)]
pub struct Settings {
    /// Seconds between two looks, by the hub's clock. Default 60.
    pub interval_seconds: u32,
    /// Name of the region the hub watches over; shown with each threat.
    pub region: String,
    /// Hours a warning stays good. Default 72.
    pub warning_hours: u32,
    /// How much may be called in a week.
    pub budget: Budget,
    /// Weaknesses that attackers are known to use, told with a warning. Default none.
    pub exploited: exploited::Exploited,
}

impl Default for Settings {
    fn default() -> Self {
        Self {
            interval_seconds: 60,
            region: "all members".to_owned(),
            warning_hours: 72,
            budget: Budget::default(),
            exploited: exploited::Exploited::default(),
        }
    }
}

impl Settings {
    /// The defaults, for a hub that serves `region`; the empty name means all members.
    #[must_use]
    pub fn of_region(region: &str) -> Self {
        let mut settings = Self::default();
        if !region.is_empty() {
            region.clone_into(&mut settings.region);
        }
        settings
    }
}

/// Runs the watch until `shutdown`, whenever this hub leads among those over one store. A look that fails is logged and tried again at the next one; what
/// it had not finished is looked at again then.
///
/// # Errors
/// When there are no words to warn with.
pub async fn run_job<S>(
    store: Arc<S>,
    clock: Clock,
    settings: Settings,
    shutdown: impl Future<Output = ()>,
) -> Result<(), CatalogueError>
where
    S: Rows + Lists + Lead + Send + Sync + ?Sized + 'static,
{
    let pause = clock.real(Duration::from_secs(u64::from(
        settings.interval_seconds.max(1),
    )));
    let watch = Arc::new(Watch::new(Words::of("en")?, settings));
    let mut maker = lists::ListMaker::default();
    let mut shutdown = std::pin::pin!(shutdown);
    let mut led = None;
    loop {
        let term = leads(&store).await;
        if term != led {
            // What was known is from before another hub led.
            watch.forget();
            maker = lists::ListMaker::default();
            led = term;
        }
        if term.is_none() {
            tokio::select! {
                () = &mut shutdown => return Ok(()),
                () = tokio::time::sleep(pause.min(LEAD_EVERY)) => continue,
            }
        }
        let (looking, rows, now) = (Arc::clone(&watch), Arc::clone(&store), clock.now());
        let look = tokio::task::spawn_blocking(move || looking.step(&*rows, now));
        match look.await {
            Ok(Ok(summary)) => report(summary),
            Ok(Err(error)) => tracing::error!(%error, "the watch could not finish a look"),
            Err(_) => tracing::error!("a look of the watch ended in a fault of the program"),
        }
        let (rows, now) = (Arc::clone(&store), clock.now());
        let listing = tokio::task::spawn_blocking(move || {
            let made = maker.step(&*rows, now);
            (maker, made)
        });
        maker = match listing.await {
            Ok((maker, Ok(made))) => {
                tracing::debug!(made, "blocklists were made");
                maker
            }
            Ok((maker, Err(error))) => {
                tracing::error!(%error, "blocklists could not be made");
                maker
            }
            Err(_) => {
                tracing::error!("making blocklists ended in a fault of the program");
                lists::ListMaker::default()
            }
        };
        tokio::select! {
            () = &mut shutdown => return Ok(()),
            () = tokio::time::sleep(pause) => {}
        }
    }
}

/// The term in which this hub leads.
async fn leads<S: Lead + Send + Sync + ?Sized + 'static>(store: &Arc<S>) -> Option<u64> {
    let asked = Arc::clone(store);
    match tokio::task::spawn_blocking(move || asked.term()).await {
        Ok(Ok(term)) => term,
        Ok(Err(error)) => {
            tracing::error!(%error, "the store cannot say which hub leads");
            None
        }
        Err(_) => None,
    }
}

fn report(summary: Summary) {
    if summary.opened + summary.closed + summary.warned > 0 {
        tracing::info!(
            opened = summary.opened,
            closed = summary.closed,
            warned = summary.warned,
            "the watch called or closed threats"
        );
    }
    tracing::debug!(taken = summary.taken, "the watch looked");
}
