//! Lets all views follow the journal, in memory, and writes what has changed in one transaction.

use super::{
    Bounds, Doing, Error, Kind, Memory, Result, Seen, Status, Store, Views,
    fold::Fold,
    past::Blocks,
    replay::{Checked, Pace, Then},
    table::{Entry, Table},
};
use crate::Alarms;
use kernel::{Business, Position, Recorded, Timestamp};
use rusqlite::Connection;
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
    unflushed: usize,
    pub(super) bounds: Bounds,
    pub(super) alarms: Arc<Alarms>,
    seen: Seen,
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

/// Which table of a view.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Side {
    /// The one that is read.
    Live,
    /// The one that is being built.
    Beside,
}

/// A fold on its way through the journal, and the table it writes.
pub(super) struct Lane<B: Business> {
    pub(super) table: Table,
    pub(super) number: u64,
    fold: Box<dyn Fold<B>>,
    pub(super) position: Position,
    /// Position of what is in the table.
    pub(super) flushed: Position,
    pub(super) print: i64,
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
            unflushed: 0,
            bounds,
            alarms,
            seen: Seen::default(),
        };
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

    /// Writes all changed documents and the positions, in one transaction.
    ///
    /// # Errors
    /// When the store cannot be written; what was not written is folded again from the journal, so
    /// that one may try again.
    pub fn flush(&mut self) -> Result<()> {
        if !self.has_unflushed() {
            return Ok(());
        }
        self.unflushed = 0;
        let (store, bounds, views) = (&self.store, &self.bounds, &mut self.views);
        let mut keys = Vec::new();
        let written = store.write(|connection| {
            let mut failed = Vec::new();
            for (at, view) in views.iter_mut().enumerate() {
                for (side, kind, lane) in view.lanes() {
                    match lane.write(side, kind, connection, store)? {
                        Ok(written) if side == Side::Live => {
                            keys.push((kind.layout.name, written));
                        }
                        Ok(_) => {}
                        Err(what) => failed.push((at, side, lane.flushed, what)),
                    }
                }
            }
            Ok(failed)
        });
        if written.is_err() {
            let lanes = views.iter_mut().flat_map(Following::lanes);
            lanes.for_each(|(_, kind, lane)| lane.forget(kind, bounds));
            store.texts().forget_all();
        }
        store.texts().forget(&keys);
        for (at, side, position, what) in written? {
            self.fail(at, side, position, what);
        }
        let lanes = self.views.iter_mut().flat_map(Following::lanes);
        lanes.for_each(|(.., lane)| lane.flushed = lane.position);
        self.publish_position();
        Ok(())
    }

    /// True when something waits to be written.
    pub fn has_unflushed(&self) -> bool {
        self.unflushed > 0
    }

    /// True when no more should be folded before documents are written.
    pub fn is_full(&self) -> bool {
        let mut lanes = self.views.iter().flat_map(|view| view.live.iter().chain(&view.beside));
        self.unflushed >= self.bounds.unflushed_facts || lanes.any(|lane| lane.fold.is_crowded())
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
            let named =
                |view: &Following<B>| Some((view.kind.layout.name, view.live.as_ref()?.flushed));
            self.views.iter().filter_map(named)
        };
        let position = live().map(|(_, flushed)| flushed).max().unwrap_or(self.position);
        let behind = live().filter(|(_, flushed)| *flushed < position).collect();
        self.seen.publish(position, behind);
    }

    pub(super) fn publish_statuses(&self) {
        self.seen.publish_statuses(self.statuses());
    }

    /// Lets every lane hear those of these facts that come next for it.
    pub(super) fn fold(&mut self, facts: &[Recorded<B>]) {
        let Some(last) = facts.last() else { return };
        self.at = self.at.max(last.at());
        self.unflushed += facts.len();
        let mut failed = Vec::new();
        for (at, view) in self.views.iter_mut().enumerate() {
            for (side, _, lane) in view.lanes() {
                if let Err((position, what)) = lane.apply(facts, &self.store) {
                    failed.push((at, side, position, what));
                }
            }
        }
        for (at, side, position, what) in failed {
            self.fail(at, side, position, what);
        }
    }

    /// A view stops: what it had not written is forgotten, and its table stays as it is. Where only
    /// a new table fails, the live one goes on.
    fn fail(&mut self, at: usize, side: Side, position: Position, what: String) {
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
        if side == Side::Beside
            && let Some(beside) = view.beside.take()
            && let Err(error) = self.store.drop_table(&beside.table)
        {
            self.alarms.raise(self.at, "view_failed", error.to_string());
        }
        let text = format!(
            "view {name} stopped at position {position} ({what}): {still}; correct the view, \
             then run `cartage views rebuild {name}`"
        );
        if side == Side::Live || view.live.is_none() {
            view.failed = Some((position, what));
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
            table: Table::new(kind.layout, number),
            number,
            fold: (kind.fold)(Memory { documents: bounds.documents, begins: position == 0 }),
            position,
            flushed: position,
            print,
            pace: None,
        }
    }

    pub(super) fn entry(&self, kind: Kind<B>) -> Entry {
        Entry {
            name: kind.layout.name.to_owned(),
            shape: kind.layout.shape,
            number: self.number,
            position: self.position,
            print: self.print,
        }
    }

    pub(super) fn same(&self, one: &str, other: &str) -> bool {
        self.fold.same(one, other)
    }

    /// Folds those facts that come next for it.
    fn apply(
        &mut self,
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
        let mut load = |key: &str| {
            let loaded = table.load(&store.connection(), key);
            loaded.map_err(|error| store.failed(error))
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

    /// Writes what has changed, or nothing of it when the view itself is to blame; the keys of it.
    fn write(
        &mut self,
        side: Side,
        kind: Kind<B>,
        connection: &Connection,
        store: &Store,
    ) -> Result<std::result::Result<Vec<String>, String>> {
        if self.position == self.flushed {
            return Ok(Ok(Vec::new()));
        }
        let mut written = Vec::new();
        if self.fold.is_dirty() {
            match catch_unwind(AssertUnwindSafe(|| self.fold.prepare())) {
                Ok(Ok(())) => {}
                Ok(Err(error)) if Error::is_of_one_view(&error) => {
                    return Ok(Err(error.to_string()));
                }
                Ok(Err(error)) => return Err(error),
                Err(panic) => return Ok(Err(said(&*panic))),
            }
            let mut pen =
                self.table.pen(connection, store.file()).map_err(|error| store.failed(error))?;
            self.fold.write(&mut pen)?;
            written = pen.written;
        }
        // A table that is being built has no position until it is complete.
        if side == Side::Live {
            self.entry(kind).save(connection).map_err(|error| store.failed(error))?;
        }
        Ok(Ok(written))
    }

    /// Back to what is in the table.
    fn forget(&mut self, kind: Kind<B>, bounds: &Bounds) {
        let memory = Memory { documents: bounds.documents, begins: self.flushed == 0 };
        self.fold = (kind.fold)(memory);
        self.position = self.flushed;
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
fn said(panic: &(dyn Any + Send)) -> String {
    let text = panic.downcast_ref::<String>().map(String::as_str);
    let text = text.or_else(|| panic.downcast_ref::<&str>().copied());
    format!("it panicked: {}", text.unwrap_or("without a word"))
}
