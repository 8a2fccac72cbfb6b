//! The one word that ends everything.

use tokio::sync::watch;

/// Ends when `stop` says so, or when nobody is left to say it.
pub(crate) async fn until_stopped(stop: &mut watch::Receiver<bool>) {
    drop(stop.wait_for(|stop| *stop).await);
}
