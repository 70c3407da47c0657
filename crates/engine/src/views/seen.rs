//! How far the views have come: who waits for his own words to appear waits here.

use super::{Checked, Replay};
use kernel::Position;
use std::{
    fmt,
    sync::{Arc, Condvar, Mutex, MutexGuard, OnceLock, PoisonError},
    time::{Duration, Instant},
};
use tokio::sync::watch;

/// What a view is doing.
#[derive(Clone, Debug, PartialEq)]
pub enum Doing {
    /// Follows the journal.
    Following,
    /// Is being built, beside the one that is read if there is one; so far up to this position.
    Building(Position),
    /// Folds nothing until it is resumed; what was written can be read, up to this position.
    Paused(Position),
    /// Has stopped at this fact; what was written before can be read.
    Failed {
        /// The fact, or the last one before the documents that could not be written.
        position: Position,
        /// Why.
        what: String,
    },
}

/// A view and what it is doing.
#[derive(Clone, Debug, PartialEq)]
pub struct Status {
    /// Its name.
    pub view: &'static str,
    /// What it does.
    pub doing: Doing,
    /// What was found when it was last built beside, only to be compared.
    pub checked: Option<Checked>,
}

/// The position up to which everything can be read; cheap to clone.
#[derive(Clone, Debug, Default)]
pub struct Seen(Arc<Shared>);

#[derive(Debug, Default)]
struct Shared {
    state: Mutex<State>,
    news: Condvar,
    /// The position, for those who wait without a thread.
    positions: watch::Sender<Position>,
    /// Calls the thread that runs the views.
    bell: OnceLock<Bell>,
}

struct Bell(Box<dyn Fn() + Send + Sync>);

impl fmt::Debug for Bell {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("Bell")
    }
}

/// Somebody waits for a position, until this goes.
struct Awaited<'a> {
    seen: &'a Seen,
    position: Position,
}

impl Drop for Awaited<'_> {
    fn drop(&mut self) {
        let awaited = &mut self.seen.state().awaited;
        if let Some(at) = awaited.iter().position(|awaited| *awaited == self.position) {
            awaited.swap_remove(at);
        }
    }
}

/// What somebody wants of a view.
#[derive(Clone, Copy, Debug, PartialEq)]
pub(super) enum Wish {
    Build(Replay),
    Pause,
    Resume,
}

#[derive(Debug, Default)]
struct State {
    position: Position,
    /// Views that stand before it: paused, failed, or catching up.
    behind: Vec<(&'static str, Position)>,
    /// Positions that somebody waits for.
    awaited: Vec<Position>,
    over: bool,
    /// Of each view and kind the last; not yet heard.
    wishes: Vec<(String, Wish)>,
    statuses: Vec<Status>,
}

impl Seen {
    /// The last fact whose effects can be read, in every view that follows.
    pub fn position(&self) -> Position {
        self.state().position
    }

    /// The last fact whose effects can be read in one view; before [`Seen::position`] when it is
    /// paused, has failed or is catching up.
    pub fn position_of(&self, view: &str) -> Position {
        let state = self.state();
        let behind = state.behind.iter().find(|(behind, _)| *behind == view);
        behind.map_or(state.position, |(_, position)| *position)
    }

    /// Waits until that position can be read, for at most `patience`; false when it cannot yet.
    pub fn wait_for(&self, position: Position, patience: Duration) -> bool {
        let deadline = Instant::now() + patience;
        let mut state = self.state();
        if state.position >= position {
            return true;
        }
        state.awaited.push(position);
        drop(state);
        self.call();
        let mut state = self.state();
        while state.position < position && !state.over {
            let left = deadline.saturating_duration_since(Instant::now());
            if left.is_zero() {
                break;
            }
            let waited = self.0.news.wait_timeout(state, left);
            state = waited.unwrap_or_else(PoisonError::into_inner).0;
        }
        if let Some(at) = state.awaited.iter().position(|awaited| *awaited == position) {
            state.awaited.swap_remove(at);
        }
        state.position >= position
    }

    /// The same without a thread, for as long as one likes; false when it will never be read, because
    /// the views have stopped.
    pub async fn reach(&self, position: Position) -> bool {
        let mut positions = self.0.positions.subscribe();
        {
            let mut state = self.state();
            if state.position >= position || state.over {
                return state.position >= position;
            }
            state.awaited.push(position);
        }
        self.call();
        let _awaited = Awaited { seen: self, position };
        loop {
            let seen = *positions.borrow_and_update();
            if seen >= position || self.state().over || positions.changed().await.is_err() {
                return self.position() >= position;
            }
        }
    }

    /// Asks the thread that runs the views to build one again; see [`Seen::statuses`] for how it
    /// goes. Asking twice is asking once.
    pub fn rebuild(&self, view: &str) {
        self.replay(view, Replay::default());
    }

    /// The same, as slowly as is wished, or only to compare; see [`super::Runner::replay`].
    pub fn replay(&self, view: &str, how: Replay) {
        self.wish(view, Wish::Build(how));
    }

    /// Asks that a view folds nothing until [`Seen::resume`]; see [`super::Runner::pause`].
    pub fn pause(&self, view: &str) {
        self.wish(view, Wish::Pause);
    }

    /// Asks that a paused view goes on.
    pub fn resume(&self, view: &str) {
        self.wish(view, Wish::Resume);
    }

    /// A wish replaces an earlier one of its kind, so that there are never many.
    fn wish(&self, view: &str, wish: Wish) {
        let is_build = |wish: &Wish| matches!(wish, Wish::Build(_));
        let wishes = &mut self.state().wishes;
        wishes.retain(|(known, old)| known != view || is_build(old) != is_build(&wish));
        wishes.push((view.to_owned(), wish));
    }

    /// From now on whoever waits for something calls the thread that runs the views.
    pub(super) fn hang_up(&self, bell: impl Fn() + Send + Sync + 'static) {
        // One thread runs the views of a program, and it comes here once.
        let _ = self.0.bell.set(Bell(Box::new(bell)));
    }

    fn call(&self) {
        if let Some(Bell(ring)) = self.0.bell.get() {
            ring();
        }
    }

    /// What each view is doing.
    pub fn statuses(&self) -> Vec<Status> {
        self.state().statuses.clone()
    }

    pub(super) fn publish(&self, position: Position, behind: Vec<(&'static str, Position)>) {
        {
            let mut state = self.state();
            (state.position, state.behind) = (position, behind);
        }
        self.0.news.notify_all();
        self.0.positions.send_replace(position);
    }

    pub(super) fn publish_statuses(&self, statuses: Vec<Status>) {
        self.state().statuses = statuses;
    }

    /// True when somebody waits for something not after this position.
    pub(super) fn is_awaited(&self, position: Position) -> bool {
        self.state().awaited.iter().any(|awaited| *awaited <= position)
    }

    pub(super) fn take_wishes(&self) -> Vec<(String, Wish)> {
        std::mem::take(&mut self.state().wishes)
    }

    /// Nobody shall wait for what will not come.
    pub(super) fn stop(&self) {
        self.state().over = true;
        self.0.news.notify_all();
        // Also those who wait without a thread look again.
        self.0.positions.send_modify(|_| {});
    }

    fn state(&self) -> MutexGuard<'_, State> {
        self.0.state.lock().unwrap_or_else(PoisonError::into_inner)
    }
}
