//! Builds a view again beside the one that is read, checks it, and swaps the two.

use super::{
    Error, Kind, Result, Runner, Views,
    runner::{Following, Lane, print_of},
    table::{Entry, Table, checksum, columns_of},
};
use kernel::{Business, Position};

/// Keys that an alarm names.
const NAMED: usize = 5;

impl<B: Business> Runner<B> {
    /// Begins to build a view again from the first fact; the live one goes on meanwhile.
    ///
    /// # Errors
    /// When there is no such view, or the store cannot be written.
    pub fn rebuild(&mut self, name: &str) -> Result<()> {
        let found = self.views.iter().position(|view| view.kind.layout.name == name);
        let Some(at) = found else {
            let known: Vec<&str> = self.views.iter().map(|view| view.kind.layout.name).collect();
            return Err(Error::UnknownView { name: name.to_owned(), known: known.join(", ") });
        };
        if self.views[at].beside.is_none() {
            self.begin_beside(at)?;
            self.finish_builds()?;
            self.publish_statuses();
        }
        Ok(())
    }

    /// Lets those that are behind fold one more block; each block is read once for all of them.
    /// False when none is behind.
    ///
    /// # Errors
    /// When the journal cannot be read or the store not be written.
    pub fn build(&mut self) -> Result<bool> {
        let until = self.position;
        let lanes = self.views.iter_mut().flat_map(Following::lanes);
        let from = lanes.map(|(.., lane)| lane.position).filter(|at| *at < until).min();
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

    /// Swaps those that have come as far as the others.
    pub(super) fn finish_builds(&mut self) -> Result<()> {
        for at in 0..self.views.len() {
            let is_done = |view: &Following<B>, position: Position| {
                view.beside.as_ref().is_some_and(|lane| lane.position == position)
            };
            if is_done(&self.views[at], self.position) {
                self.flush()?;
                // Writing it may have failed, and then it is gone.
                if is_done(&self.views[at], self.position) {
                    self.swap(at)?;
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
        let mut view = Following { kind, live: None, beside: None, outdated: None, failed: None };
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
        if let Some(differs) = self.difference(at)? {
            self.alarm("view_differs", differs);
        }
        let view = &mut self.views[at];
        let Some(new) = view.beside.take() else { return Ok(()) };
        let old = view.live.as_ref().map(|lane| lane.table.name.clone());
        let old = old.or_else(|| view.outdated.as_ref().map(Entry::table));
        self.store.swap(&new.entry(view.kind), old.as_deref())?;
        view.live = Some(new);
        view.outdated = None;
        view.failed = None;
        self.publish_statuses();
        Ok(())
    }

    /// Where the table that was built differs from the one that was read until now, of which the
    /// same is expected.
    fn difference(&self, at: usize) -> Result<Option<String>> {
        let view = &self.views[at];
        let (Some(new), Some(old)) = (&view.beside, &view.live) else { return Ok(None) };
        if view.failed.is_some() || old.position != new.position {
            return Ok(None);
        }
        let failed = |error| self.store.failed(error);
        let connection = self.store.connection();
        let sums = checksum(&connection, &old.table.name)
            .and_then(|sum| Ok((sum, checksum(&connection, &new.table.name)?)));
        let (before, after) = sums.map_err(failed)?;
        if before == after {
            return Ok(None);
        }
        let join = format!(
            "SELECT key, old.document, new.document FROM \"{}\" old FULL JOIN \"{}\" new \
             USING (key) WHERE old.document IS NOT new.document ORDER BY key",
            old.table.name, new.table.name
        );
        let mut keys: Vec<String> = Vec::new();
        let mut count = 0;
        let mut each = || {
            let mut join = connection.prepare(&join)?;
            let mut rows = join.query([])?;
            while let Some(row) = rows.next()? {
                let (key, one, other): (_, Option<String>, Option<String>) =
                    (row.get(0)?, row.get(1)?, row.get(2)?);
                if !matches!((one, other), (Some(one), Some(other)) if new.same(&one, &other)) {
                    count += 1;
                    if keys.len() < NAMED {
                        keys.push(key);
                    }
                }
            }
            Ok(())
        };
        each().map_err(failed)?;
        let (name, position) = (view.kind.layout.name, new.position);
        Ok((count > 0).then(|| {
            format!(
                "view {name} was not what the journal says at position {position}: {count} \
                 documents differ, such as {}; {} documents before, {} now; the new ones are \
                 taken: report it if `evolve` was not changed without raising SHAPE",
                keys.join(", "),
                before.documents,
                after.documents
            )
        }))
    }
}
