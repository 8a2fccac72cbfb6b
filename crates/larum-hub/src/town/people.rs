//! The people of the town, one for each role, and their sign-in links.

use super::Town;
use super::wave::Wave;

/// Who signs in to the demonstration.
pub(super) struct Cast {}

impl Cast {
    pub(super) fn new(_town: &Town, _wave: &Wave) -> anyhow::Result<Self> {
        Ok(Self {})
    }

    /// Makes a new link for each and says it.
    pub(super) fn show_links(
        &self,
        town: &Town,
        say: &mut (dyn FnMut(String) + Send),
    ) -> anyhow::Result<()> {
        let args = [("url", town.hub.page_url.as_str().into())];
        say(town.words.say_with("demo-address", &args));
        Ok(())
    }
}
