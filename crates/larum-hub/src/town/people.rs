//! The people of the town, one for each role, and their sign-in links.

use larum_hub_lib::access::Role;
use larum_hub_lib::id::{MemberId, PersonId};
use larum_hub_lib::people::{check_person, sign_in_link};
use larum_hub_lib::store::audit::Actor;
use larum_hub_lib::store::people::People as _;
use larum_link::clock::Clock;

use super::Town;
use super::wave::Wave;

/// The place in the wave of the firm that shows what a warning in time looks like.
const WARNED_PLACE: usize = 5;

/// Somebody who signs in to the demonstration.
struct Person {
    id: PersonId,
    /// What the catalogue calls them.
    message: &'static str,
    /// Name of their firm, if they have one.
    firm: String,
}

/// Who signs in to the demonstration.
pub(super) struct Cast(Vec<Person>);

impl Cast {
    /// Adds one person for each role, and the owners of two firms: the first to be hit, and one that
    /// is warned in time.
    ///
    /// # Errors
    /// When the store refuses.
    pub(super) fn new(town: &Town, wave: &Wave) -> anyhow::Result<Self> {
        let owner = |place: usize| {
            let index = wave.order.get(place).or(wave.order.last())?.0;
            let resident = town.residents.iter().find(|one| one.index == index)?;
            Some((resident.member, resident.name.clone()))
        };
        let mut cast = Self(Vec::new());
        cast.add(town, "demo-role-officer", Role::Regional, None)?;
        cast.add(town, "demo-role-first", Role::Member, owner(0))?;
        cast.add(town, "demo-role-warned", Role::Member, owner(WARNED_PLACE))?;
        cast.add(town, "demo-role-analyst", Role::Analyst, None)?;
        cast.add(town, "demo-role-administrator", Role::Administrator, None)?;
        Ok(cast)
    }

    fn add(
        &mut self,
        town: &Town,
        message: &'static str,
        role: Role,
        firm: Option<(MemberId, String)>,
    ) -> anyhow::Result<()> {
        let (member, firm) = firm.unzip();
        let id = PersonId::random()?;
        let label = message.trim_start_matches("demo-role-");
        let name = town.words.say(&format!("demo-name-{label}"));
        let email = format!("{label}@example.org");
        let person = check_person(id, &name, &email, role, member, None)
            .map_err(|unfit| anyhow::anyhow!("the town's {label} is unfit: {unfit}"))?;
        let store = &*town.hub.store;
        store.add_person(&Actor::program("demo"), &person, Clock::system().now())?;
        self.0.push(Person {
            id,
            message,
            firm: firm.unwrap_or_default(),
        });
        Ok(())
    }

    /// Makes a new link for each and says it.
    ///
    /// # Errors
    /// When the store or the randomness fails.
    pub(super) fn show_links(
        &self,
        town: &Town,
        say: &mut (dyn FnMut(String) + Send),
    ) -> anyhow::Result<()> {
        let url = town.hub.page_url.as_str();
        say(String::new());
        say(town.words.say_with("demo-address", &[("url", url.into())]));
        say(town.words.say("demo-links"));
        for person in &self.0 {
            let link = sign_in_link(
                &*town.hub.store,
                &Actor::program("demo"),
                person.id,
                url,
                // People are timed by the machine's clock, whatever the town's shows.
                Clock::system().now(),
            )?;
            let firm = person.firm.as_str();
            let who = town
                .words
                .say_with(person.message, &[("name", firm.into())]);
            say(format!("  {who}\n    {link}"));
        }
        say(String::new());
        Ok(())
    }
}
