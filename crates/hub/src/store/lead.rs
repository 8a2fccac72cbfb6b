//! Which of several hubs over one store runs what only one may run.

use super::StoreError;

/// The lead among hubs.
pub trait Lead {
    /// The term in which this hub leads, or `None` while another does. A term ends when the hub ends
    /// or its connection to the store breaks; another hub may have led between two terms, so what was
    /// known in the term before is known no longer. A store that only one hub can open has one term.
    ///
    /// # Errors
    /// When the store does not answer: then this hub does not lead.
    fn term(&self) -> Result<Option<u64>, StoreError>;

    /// How many other hubs (or commands of theirs) have the store open, as far as the engine can
    /// tell.
    ///
    /// # Errors
    /// When the store does not answer.
    fn others(&self) -> Result<u64, StoreError>;
}
