//! A view stands still for a while: the others go on, and it catches up when it is resumed.

use super::{Result, Runner};
use kernel::Business;

impl<B: Business> Runner<B> {
    /// A view folds nothing until it is resumed, or until the next start. What was folded is
    /// written first; its documents can be read as they are, and whoever wants newer ones is told
    /// that it is behind ([`super::Seen::position_of`]). What is being built beside it waits, too.
    ///
    /// # Errors
    /// When there is no such view, or the store cannot be written.
    pub fn pause(&mut self, name: &str) -> Result<()> {
        let at = self.named(name)?;
        self.flush()?;
        self.views[at].paused = true;
        self.publish_statuses();
        Ok(())
    }

    /// A paused view goes on; [`Runner::build`] lets it catch up.
    ///
    /// # Errors
    /// When there is no such view.
    pub fn resume(&mut self, name: &str) -> Result<()> {
        let at = self.named(name)?;
        self.views[at].paused = false;
        self.publish_statuses();
        Ok(())
    }
}
