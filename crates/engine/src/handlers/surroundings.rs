//! What handlers need around them: facts to follow, somebody who takes commands, a clock.

use crate::{Alarms, Answer, Ask, Clock, Engine, Feed, NotTaken};
use journal::Reader;
use kernel::Business;
use std::sync::Arc;
use tokio::sync::oneshot;

/// Takes the commands by which handlers report.
pub trait Submit<B: Business>: Send + Sync + 'static {
    /// Submits a command; the answer comes when it is durable.
    ///
    /// # Errors
    /// When too much waits, or nothing runs any more.
    fn submit(&self, ask: Ask<B>) -> Result<oneshot::Receiver<Answer<B>>, NotTaken>;
}

impl<B: Business> Submit<B> for Engine<B> {
    fn submit(&self, ask: Ask<B>) -> Result<oneshot::Receiver<Answer<B>>, NotTaken> {
        Engine::submit(self, ask)
    }
}

/// Everything around a desk at work.
pub struct Surroundings<B: Business> {
    /// What happens.
    pub feed: Feed<B>,
    /// For what the feed no longer has in memory.
    pub reader: Box<dyn Reader>,
    /// Who takes the commands.
    pub submit: Arc<dyn Submit<B>>,
    /// What time it is.
    pub clock: Arc<dyn Clock>,
    /// What people should look at.
    pub alarms: Arc<Alarms>,
}
