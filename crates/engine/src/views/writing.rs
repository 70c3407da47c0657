//! From folded to read, and from read to written: what has changed is published at once when
//! somebody waits for it, and goes into the file in bulk.

use super::{
    Kind, Result, Runner, Side,
    batch::{Batch, Part, Scribe},
    fold::Changed,
    fresh::Rows,
    runner::{Following, Lane, said},
};
use kernel::Business;
use std::{
    panic::{AssertUnwindSafe, catch_unwind},
    sync::Arc,
};

impl<B: Business> Runner<B> {
    /// Lets all that was folded be read. A view that makes what cannot be stored stops alone.
    pub fn publish(&mut self) {
        if self.unpublished == 0 {
            return;
        }
        self.unpublished = 0;
        let mut failed = Vec::new();
        let fresh = self.store.fresh();
        for (at, view) in self.views.iter_mut().enumerate() {
            for (side, kind, lane) in view.lanes() {
                match lane.changed() {
                    Ok(changed) => fresh.publish(kind.layout.name, side, changed),
                    Err(what) => failed.push((at, side, lane.published.0, what)),
                }
            }
        }
        for (at, side, position, what) in failed {
            self.fail(at, side, position, what);
        }
        self.publish_position();
    }

    /// Publishes, and writes all that is published, with the positions, in one transaction.
    ///
    /// # Errors
    /// When the store cannot be written; one may try again then, and it can be read meanwhile.
    pub fn flush(&mut self) -> Result<()> {
        self.publish();
        self.settle(true)?;
        let batch = self.batch();
        self.write(batch)
    }

    /// True when something waits to be published.
    pub fn has_unpublished(&self) -> bool {
        self.unpublished > 0
    }

    /// True when something that is published waits to be written.
    pub fn has_unwritten(&self) -> bool {
        self.views.iter().flat_map(Following::all).any(|(_, lane)| lane.published.0 > lane.sealed)
    }

    /// True when so much waits to be written that no more should be published before it is.
    pub(super) fn is_heavy(&self) -> bool {
        self.store.fresh().bytes() >= self.bounds.unwritten
    }

    /// From now on [`Runner::write_behind`] writes on a thread of its own.
    pub(super) fn hire(&mut self) {
        self.scribe = Scribe::hire(self.store.clone());
    }

    /// Begins to write what is published, unless that of the last time is still being written.
    ///
    /// # Errors
    /// When the store cannot be written, now or the last time.
    pub(super) fn write_behind(&mut self) -> Result<()> {
        self.settle(false)?;
        if self.scribe.as_ref().is_some_and(|scribe| scribe.busy.is_some()) {
            return Ok(());
        }
        let batch = self.batch();
        if batch.is_empty() {
            return Ok(());
        }
        let unsent = match &mut self.scribe {
            Some(scribe) => scribe.give(batch),
            None => Some(batch),
        };
        unsent.map_or(Ok(()), |batch| self.write(batch))
    }

    /// Hears what has become of what is being written; what could not be is tried again.
    ///
    /// # Errors
    /// When the store cannot be written.
    pub(super) fn settle(&mut self, wait: bool) -> Result<()> {
        if let Some((batch, done)) = self.scribe.as_mut().and_then(|scribe| scribe.take_back(wait))
        {
            match done {
                Some(Ok(())) => self.written(&batch),
                Some(Err(error)) => {
                    self.unwritten = batch;
                    return Err(error);
                }
                None => self.unwritten = batch,
            }
        }
        let batch = std::mem::take(&mut self.unwritten);
        self.write(batch)
    }

    /// A table that is no longer wanted is dropped, and so is what was to be written into it.
    pub(super) fn give_up(&mut self, at: usize) -> Result<()> {
        let view = &mut self.views[at];
        let Some(lane) = view.beside.take() else { return Ok(()) };
        let name = view.kind.layout.name;
        self.store.fresh().forget(name, Side::Beside);
        let settled = self.settle(true);
        self.unwritten.0.retain(|part| (part.view, part.side) != (name, Side::Beside));
        settled.and_then(|()| self.store.drop_table(&lane.table))
    }

    /// All that is published and not written.
    fn batch(&mut self) -> Batch {
        let mut parts = Vec::new();
        for view in &mut self.views {
            let kind = view.kind;
            for (side, lane) in view.all_mut() {
                if lane.published.0 > lane.sealed {
                    lane.sealed = lane.published.0;
                    parts.push(lane.part(
                        side,
                        kind,
                        self.store.fresh().seal(kind.layout.name, side),
                    ));
                }
            }
        }
        Batch(parts)
    }

    fn write(&mut self, batch: Batch) -> Result<()> {
        if batch.is_empty() {
            return Ok(());
        }
        let done = batch.write(&self.store);
        match done {
            Ok(()) => self.written(&batch),
            Err(_) => self.unwritten = batch,
        }
        done
    }

    /// Whoever reads finds it in the file from now on.
    fn written(&self, batch: &Batch) {
        let live = batch.0.iter().filter(|part| part.side == Side::Live);
        self.store.texts().forget(live.map(|part| (part.view, part.rows.keys())));
        for Part { view, side, .. } in &batch.0 {
            self.store.fresh().written(view, *side);
        }
    }
}

impl<B: Business> Lane<B> {
    /// What has changed since the last time; a word on what is wrong when the view is to blame.
    fn changed(&mut self) -> std::result::Result<Vec<Changed>, String> {
        match catch_unwind(AssertUnwindSafe(|| self.fold.changed())) {
            Ok(Ok(changed)) => {
                self.published = (self.position, self.print);
                Ok(changed)
            }
            Ok(Err(error)) => Err(error.to_string()),
            Err(panic) => Err(said(&*panic)),
        }
    }

    fn part(&self, side: Side, kind: Kind<B>, rows: Arc<Rows>) -> Part {
        let entry = (side == Side::Live).then(|| self.entry(kind));
        Part { view: kind.layout.name, side, table: self.table.clone(), entry, rows }
    }
}
