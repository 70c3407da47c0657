//! Lets all views follow the journal, in memory; see [`super::writing`] for what becomes of it.

use super::{
    Bounds, Doing, Kind, Memory, Result, Seen, Side, Status, Store, Views,
    batch::{Batch, Scribe},
    fold::Fold,
    past::Blocks,
    replay::{Checked, Pace, Then},
    table::{Entry, Table},
};
use crate::Alarms;
use kernel::{Business, Position, Recorded, Timestamp};
use std::{
    any::Any,
    panic::{AssertUnwindSafe, catch_unwind},
    sync::Arc,
};

/// All views at work: stepped by hand, or by [`super::run`] on a thread.
pub struct Runner<B: Business> {
    pub(super) store: Store,
    pub(super) views: Vec<Following<B>>,
    /// Where those stand that follow.
    pub(super) position: Position,
    /// Time of the last fact, for alarms.
    at: Timestamp,
    /// For those that are behind.
    pub(super) past: Blocks<B>,
    pub(super) unpublished: usize,
    pub(super) bounds: Bounds,
    pub(super) alarms: Arc<Alarms>,
    seen: Seen,
    /// What could not be written.
    pub(super) unwritten: Batch,
    /// Who writes, if not whoever steps this.
    pub(super) scribe: Option<Scribe>,
}

/// A view with the table that is read, and the one that is being built, if there are such.
pub(super) struct Following<B: Business> {
    pub(super) kind: Kind<B>,
    pub(super) live: Option<Lane<B>>,
    pub(super) beside: Option<Lane<B>>,
    /// What the store has of this view in another shape, until the new one is built.
    pub(super) outdated: Option<Entry>,
    /// What becomes of the table that is being built.
    pub(super) then: Then,
    /// What the last one was found to be that was built only to be compared.
    pub(super) checked: Option<Checked>,
    /// Where and why it has stopped.
    pub(super) failed: Option<(Position, String)>,
    /// It folds nothing for now; forgotten at the next start, where it catches up.
    pub(super) paused: bool,
}

/// A fold on its way through the journal, and the table it writes.
pub(super) struct Lane<B: Business> {
    pub(super) table: Arc<Table>,
    pub(super) number: u64,
    pub(super) fold: Box<dyn Fold<B>>,
    pub(super) position: Position,
    /// Of the fact at that position.
    pub(super) print: i64,
    /// What can be read: a position, and what tells its fact from others.
    pub(super) published: (Position, i64),
    /// Position of what is in the table, or on its way there.
    pub(super) sealed: Position,
    /// How fast it may catch up, if there is a limit.
    pub(super) pace: Option<Pace>,
}

impl<B: Business> Runner<B> {
    /// Looks at what is stored. Views that are new, of another shape or of another journal are
    /// built from the beginning, by [`Runner::build`], beside those that go on.
    ///
    /// # Errors
    /// When the journal cannot be read or the store not be written.
    pub fn open(
        views: &Views<B>,
        store: Store,
        journal: Box<dyn journal::Reader>,
        alarms: Arc<Alarms>,
        bounds: Bounds,
    ) -> Result<Runner<B>> {
        let mut runner = Runner {
            store,
            views: Vec::new(),
            position: 0,
            at: Timestamp::MIN,
            past: Blocks::new(journal),
            unpublished: 0,
            bounds,
            alarms,
            seen: Seen::default(),
            unwritten: Batch::default(),
            scribe: None,
        };
        // What was published and never written is folded again.
        runner.store.fresh().forget_all();
        if let Some(why) = runner.store.rebuilt() {
            runner.alarm("views_rebuilt", why.to_owned());
        }
        let entries = runner.genuine_entries(views)?;
        for kind in &views.0 {
            let entry = entries.iter().find(|entry| entry.name == kind.layout.name);
            runner.adopt(*kind, entry.cloned())?;
        }
        let positions = runner.views.iter().filter_map(|view| view.live.as_ref());
        runner.position = positions.map(|lane| lane.position).max().unwrap_or(0);
        runner.finish_builds()?;
        runner.publish_position();
        runner.publish_statuses();
        Ok(runner)
    }

    /// Where the views stand that follow: what comes next is fed to [`Runner::apply`].
    pub fn position(&self) -> Position {
        self.position
    }

    /// How far what is written has come, for others to wait for.
    pub fn seen(&self) -> Seen {
        self.seen.clone()
    }

    /// Folds facts; those that are known already are skipped. A view that fails stops alone.
    pub fn apply(&mut self, facts: &[Recorded<B>]) {
        let known = facts.partition_point(|recorded| recorded.position <= self.position);
        let facts = &facts[known..];
        let Some(last) = facts.last() else { return };
        self.position = last.position;
        self.fold(facts);
    }

    /// True when no more should be folded before documents are published, or written.
    pub fn is_full(&self) -> bool {
        let mut lanes = self.views.iter().flat_map(Following::all);
        self.unpublished >= self.bounds.unpublished_facts
            || lanes.any(|(_, lane)| lane.fold.is_crowded())
            || self.is_heavy()
    }

    /// What each view is doing.
    pub fn statuses(&self) -> Vec<Status> {
        let doing = |view: &Following<B>| match (&view.failed, &view.beside, &view.live) {
            (None, _, live) if view.paused => {
                Doing::Paused(live.as_ref().map_or(0, |lane| lane.position))
            }
            (_, Some(lane), _) => Doing::Building(lane.position),
            (Some((position, what)), ..) => {
                Doing::Failed { position: *position, what: what.clone() }
            }
            (None, None, Some(lane)) if lane.position < self.position => {
                Doing::Building(lane.position)
            }
            _ => Doing::Following,
        };
        let status = |view: &Following<B>| Status {
            view: view.kind.layout.name,
            doing: doing(view),
            checked: view.checked.clone(),
        };
        self.views.iter().map(status).collect()
    }

    pub(super) fn bounds(&self) -> &Bounds {
        &self.bounds
    }

    pub(super) fn alarm(&self, kind: &'static str, text: String) {
        self.alarms.raise(self.at, kind, text);
    }

    /// Tells how far one can read, and which views are not so far.
    pub(super) fn publish_position(&self) {
        let live = || {
            let named = |view: &Following<B>| {
                Some((view.kind.layout.name, view.live.as_ref()?.published.0))
            };
            self.views.iter().filter_map(named)
        };
        let position = live().map(|(_, published)| published).max().unwrap_or(self.position);
        let behind = live().filter(|(_, published)| *published < position).collect();
        self.seen.publish(position, behind);
    }

    pub(super) fn publish_statuses(&self) {
        self.seen.publish_statuses(self.statuses());
    }

    /// Lets every lane hear those of these facts that come next for it.
    pub(super) fn fold(&mut self, facts: &[Recorded<B>]) {
        let Some(last) = facts.last() else { return };
        self.at = self.at.max(last.at());
        self.unpublished += facts.len();
        let mut failed = Vec::new();
        for (at, view) in self.views.iter_mut().enumerate() {
            for (side, kind, lane) in view.lanes() {
                let which = (kind.layout.name, side);
                if let Err((position, what)) = lane.apply(which, facts, &self.store) {
                    failed.push((at, side, position, what));
                }
            }
        }
        for (at, side, position, what) in failed {
            self.fail(at, side, position, what);
        }
    }

    /// A view stops: what it had not published is forgotten, and what was stays. Where only a new
    /// table fails, the live one goes on.
    pub(super) fn fail(&mut self, at: usize, side: Side, position: Position, what: String) {
        let view = &mut self.views[at];
        let name = view.kind.layout.name;
        let still = match (side, &mut view.live) {
            (Side::Live, Some(live)) => {
                live.forget(view.kind, &self.bounds);
                "what it had written can still be read"
            }
            (_, Some(_)) => "the view as it was before goes on",
            (_, None) => "it cannot be read yet",
        };
        let text = format!(
            "view {name} stopped at position {position} ({what}): {still}; correct the view, \
             then run `cartage views rebuild {name}`"
        );
        if side == Side::Live || view.live.is_none() {
            view.failed = Some((position, what));
        }
        if side == Side::Beside
            && let Err(error) = self.give_up(at)
        {
            self.alarm("view_failed", error.to_string());
        }
        self.alarm("view_failed", text);
        self.publish_statuses();
    }
}

impl<B: Business> Following<B> {
    /// Nothing of it yet.
    pub(super) fn new(kind: Kind<B>) -> Following<B> {
        Following {
            kind,
            live: None,
            beside: None,
            outdated: None,
            then: Then::Swap,
            checked: None,
            failed: None,
            paused: false,
        }
    }

    /// Every lane, at work or not.
    pub(super) fn all(&self) -> impl Iterator<Item = (Side, &Lane<B>)> {
        let live = self.live.iter().map(|lane| (Side::Live, lane));
        live.chain(self.beside.iter().map(|lane| (Side::Beside, lane)))
    }

    pub(super) fn all_mut(&mut self) -> impl Iterator<Item = (Side, &mut Lane<B>)> {
        let live = self.live.iter_mut().map(|lane| (Side::Live, lane));
        live.chain(self.beside.iter_mut().map(|lane| (Side::Beside, lane)))
    }

    /// Those lanes that are at work.
    pub(super) fn lanes(&mut self) -> impl Iterator<Item = (Side, Kind<B>, &mut Lane<B>)> {
        let (kind, paused) = (self.kind, self.paused);
        let stopped = paused || self.failed.is_some();
        let live = self.live.as_mut().filter(|_| !stopped).map(|lane| (Side::Live, lane));
        let beside = self.beside.as_mut().filter(|_| !paused).map(|lane| (Side::Beside, lane));
        live.into_iter().chain(beside).map(move |(side, lane)| (side, kind, lane))
    }
}

impl<B: Business> Lane<B> {
    /// A lane into a table that is there and was written up to a position.
    pub(super) fn new(
        kind: Kind<B>,
        (number, position, print): (u64, Position, i64),
        bounds: &Bounds,
    ) -> Lane<B> {
        Lane {
            table: Arc::new(Table::new(kind.layout, number)),
            number,
            fold: (kind.fold)(Memory { documents: bounds.documents, begins: position == 0 }),
            position,
            print,
            published: (position, print),
            sealed: position,
            pace: None,
        }
    }

    /// What the store is to remember once it has what is published.
    pub(super) fn entry(&self, kind: Kind<B>) -> Entry {
        let (position, print) = self.published;
        let (name, number) = (kind.layout.name.to_owned(), self.number);
        Entry { name, shape: kind.layout.shape, number, position, print }
    }

    pub(super) fn same(&self, one: &str, other: &str) -> bool {
        self.fold.same(one, other)
    }

    /// Folds those facts that come next for it.
    fn apply(
        &mut self,
        (view, side): (&'static str, Side),
        facts: &[Recorded<B>],
        store: &Store,
    ) -> std::result::Result<(), (Position, String)> {
        let known = facts.partition_point(|recorded| recorded.position <= self.position);
        let facts = &facts[known..];
        let granted = self.pace.as_ref().map_or(facts.len(), |pace| pace.grant(facts.len()));
        let facts = &facts[..granted];
        // One that is behind waits until the facts between were read again.
        let Some(last) = facts.last().filter(|_| facts[0].position == self.position + 1) else {
            return Ok(());
        };
        let Lane { fold, table, .. } = self;
        let mut load = |key: &str| match store.fresh().get(view, side, key) {
            Some(row) => Ok(row.text.clone()),
            None => store.load(table, key),
        };
        let folded = catch_unwind(AssertUnwindSafe(|| fold.apply(facts, &mut load)));
        let what = match folded {
            Ok(Ok(())) => {
                (self.position, self.print) = (last.position, print_of(last));
                if let Some(pace) = &mut self.pace {
                    pace.spend(granted);
                }
                return Ok(());
            }
            Ok(Err(error)) => error.to_string(),
            Err(panic) => said(&*panic),
        };
        Err((self.fold.at(), what))
    }

    /// Back to what is published.
    fn forget(&mut self, kind: Kind<B>, bounds: &Bounds) {
        let (position, print) = self.published;
        let memory = Memory { documents: bounds.documents, begins: position == 0 };
        self.fold = (kind.fold)(memory);
        (self.position, self.print) = (position, print);
    }
}

/// Tells one fact from another that lies at the same position of another journal.
pub(super) fn print_of<B: Business>(recorded: &Recorded<B>) -> i64 {
    let command = recorded.origin.command.map_or(0, |id| id.0.as_u128());
    let mut print: u64 = 0xcbf2_9ce4_8422_2325;
    let parts = [recorded.position, recorded.version, recorded.at().micros().cast_unsigned()];
    for byte in parts.into_iter().flat_map(u64::to_le_bytes).chain(command.to_le_bytes()) {
        // FNV-1a.
        print = (print ^ u64::from(byte)).wrapping_mul(0x0100_0000_01b3);
    }
    print.cast_signed()
}

/// What a panic said.
pub(super) fn said(panic: &(dyn Any + Send)) -> String {
    let text = panic.downcast_ref::<String>().map(String::as_str);
    let text = text.or_else(|| panic.downcast_ref::<&str>().copied());
    format!("it panicked: {}", text.unwrap_or("without a word"))
}
