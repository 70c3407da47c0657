//! Builds a view again beside the one that is read, checks it, and swaps the two.

use super::{
    Checked, Error, Kind, Replay, Result, Runner, Then, Views,
    replay::Pace,
    runner::{Following, Lane, print_of},
    table::{Entry, Table, columns_of},
};
use kernel::{Business, Position};
use std::time::Instant;

impl<B: Business> Runner<B> {
    /// Begins to build a view again from the first fact; the live one goes on meanwhile.
    ///
    /// # Errors
    /// When there is no such view, or the store cannot be written.
    pub fn rebuild(&mut self, name: &str) -> Result<()> {
        self.replay(name, Replay::default())
    }

    /// The same, as slowly as is wished; or only to compare it with the live one, which stays, and
    /// then see [`super::Status::checked`]. One that is being built already goes on as it is.
    ///
    /// # Errors
    /// When there is no such view, or the store cannot be written.
    pub fn replay(&mut self, name: &str, how: Replay) -> Result<()> {
        let at = self.named(name)?;
        if self.views[at].beside.is_none() {
            self.begin_beside(at)?;
            let view = &mut self.views[at];
            (view.then, view.checked) = (how.then, None);
            if let Some(lane) = &mut view.beside {
                lane.pace = how.rate.map(|rate| Pace::new(rate, Instant::now()));
            }
            self.finish_builds()?;
            self.publish_statuses();
        }
        Ok(())
    }

    pub(super) fn named(&self, name: &str) -> Result<usize> {
        let found = self.views.iter().position(|view| view.kind.layout.name == name);
        found.ok_or_else(|| {
            let known: Vec<&str> = self.views.iter().map(|view| view.kind.layout.name).collect();
            Error::UnknownView { name: name.to_owned(), known: known.join(", ") }
        })
    }

    /// Lets those that are behind fold one more block; each block is read once for all of them.
    /// False when none is behind, or whichever is must not go on yet.
    ///
    /// # Errors
    /// When the journal cannot be read or the store not be written.
    pub fn build(&mut self) -> Result<bool> {
        self.build_at(Instant::now())
    }

    pub(super) fn build_at(&mut self, now: Instant) -> Result<bool> {
        let until = self.position;
        let mut from = None;
        for (.., lane) in self.views.iter_mut().flat_map(Following::lanes) {
            if lane.position < until && lane.pace.as_mut().is_none_or(|pace| pace.may_go_on(now)) {
                from = Some(lane.position.min(from.unwrap_or(until)));
            }
        }
        let Some(from) = from else { return Ok(false) };
        let facts = self.past.after(from)?.ok_or(Error::NoFact { after: from })?;
        let end = facts.partition_point(|recorded| recorded.position <= until);
        self.fold(&facts[..end]);
        if self.is_full() {
            self.flush()?;
        }
        self.finish_builds()?;
        self.publish_statuses();
        Ok(true)
    }

    /// Swaps, or compares, those that have come as far as the others.
    pub(super) fn finish_builds(&mut self) -> Result<()> {
        for at in 0..self.views.len() {
            let is_done = |view: &Following<B>, position: Position| {
                view.beside.as_ref().is_some_and(|lane| lane.position == position)
            };
            if is_done(&self.views[at], self.position) {
                self.flush()?;
                // Writing it may have failed, and then it is gone.
                if is_done(&self.views[at], self.position) {
                    match self.views[at].then {
                        Then::Swap => self.swap(at)?,
                        Then::Compare => self.put_by(at)?,
                    }
                }
            }
        }
        Ok(())
    }

    /// What is stored of views that there are, of this journal.
    pub(super) fn genuine_entries(&mut self, views: &Views<B>) -> Result<Vec<Entry>> {
        let mut kept = Vec::new();
        let mut last = (0, Some(0));
        for entry in self.store.entries()? {
            let is_known = views.names().any(|name| name == entry.name);
            if is_known && entry.position != last.0 {
                let fact = self.past.fact(entry.position)?;
                last = (entry.position, fact.as_ref().map(print_of));
            }
            if is_known && last.1 == Some(entry.print) {
                kept.push(entry);
                continue;
            }
            if is_known {
                let Entry { name, position, .. } = &entry;
                let text = format!(
                    "view {name} knew a fact at position {position} that is not in this journal \
                     (was a backup restored?): it is built again, nothing is to be done"
                );
                self.alarm("views_rebuilt", text);
            }
            self.store.remove(&entry)?;
        }
        Ok(kept)
    }

    /// Goes on with what is stored of a view, or begins to build it.
    pub(super) fn adopt(&mut self, kind: Kind<B>, entry: Option<Entry>) -> Result<()> {
        let mut view = Following::new(kind);
        match entry {
            Some(entry) if self.fits(kind, &entry)? => {
                let place = (entry.number, entry.position, entry.print);
                view.live = Some(Lane::new(kind, place, &self.bounds));
            }
            outdated => view.outdated = outdated,
        }
        let is_missing = view.live.is_none();
        self.views.push(view);
        if is_missing { self.begin_beside(self.views.len() - 1) } else { Ok(()) }
    }

    fn fits(&self, kind: Kind<B>, entry: &Entry) -> Result<bool> {
        let columns = columns_of(&self.store.connection(), &entry.table());
        let columns = columns.map_err(|error| self.store.failed(error))?;
        let wanted = ["key", "document"].iter().chain(kind.layout.columns);
        Ok(entry.shape == kind.layout.shape && wanted.copied().eq(columns.iter().map(|c| &**c)))
    }

    fn begin_beside(&mut self, at: usize) -> Result<()> {
        let view = &mut self.views[at];
        let live = view.live.as_ref().map(|lane| lane.number);
        let outdated = view.outdated.as_ref().map(|entry| entry.number);
        let number = live.max(outdated).unwrap_or(0) + 1;
        let layout = view.kind.layout;
        self.store.write(|connection| {
            let created = Table::new(layout, number).create(layout, connection);
            created.map_err(|error| self.store.failed(error))
        })?;
        view.beside = Some(Lane::new(view.kind, (number, 0, 0), &self.bounds));
        Ok(())
    }

    fn swap(&mut self, at: usize) -> Result<()> {
        if let Some(checked) = self.compared(at)? {
            self.complain_of(at, &checked);
        }
        let view = &mut self.views[at];
        let Some(mut new) = view.beside.take() else { return Ok(()) };
        let old = view.live.as_ref().map(|lane| lane.table.name.clone());
        let old = old.or_else(|| view.outdated.as_ref().map(Entry::table));
        self.store.swap(&new.entry(view.kind), old.as_deref())?;
        new.pace = None;
        view.live = Some(new);
        view.outdated = None;
        view.failed = None;
        self.publish_position();
        self.publish_statuses();
        Ok(())
    }

    fn complain_of(&self, at: usize, checked: &Checked) {
        let Checked { position, built, live: Some(live), different: 1.., keys } = checked else {
            return;
        };
        let name = self.views[at].kind.layout.name;
        let text = format!(
            "view {name} was not what the journal says at position {position}: {} documents \
             differ, such as {}; {} documents before, {} now; the new ones are taken: report it \
             if `evolve` was not changed without raising SHAPE",
            checked.different,
            keys.join(", "),
            live.documents,
            built.documents
        );
        self.alarm("view_differs", text);
    }
}
