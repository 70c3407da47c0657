//! What was folded on its way into the file: all that waits, of all tables, in one transaction; by
//! whoever steps the runner, or on a thread of its own.

use super::{
    Result, Side, Store,
    fresh::Rows,
    table::{Entry, Pen, Table},
};
use std::{
    sync::{
        Arc,
        mpsc::{Receiver, Sender, channel},
    },
    thread,
};

/// What is written in one transaction.
#[derive(Clone, Default)]
pub(super) struct Batch(pub(super) Vec<Part>);

/// What is written of one table.
#[derive(Clone)]
pub(super) struct Part {
    pub(super) view: &'static str,
    pub(super) side: Side,
    pub(super) table: Arc<Table>,
    /// None while the table is being built: it has no position until it is complete.
    pub(super) entry: Option<Entry>,
    pub(super) rows: Arc<Rows>,
}

impl Batch {
    pub(super) fn is_empty(&self) -> bool {
        self.0.is_empty()
    }

    /// Writes it, whole or not at all.
    ///
    /// # Errors
    /// When it cannot be written; it can be tried again then.
    pub(super) fn write(&self, store: &Store) -> Result<()> {
        store.write(|connection| {
            for Part { table, entry, rows, .. } in &self.0 {
                if !rows.is_empty() {
                    let pen = table.pen(connection, store.file());
                    write(&mut pen.map_err(|error| store.failed(error))?, rows)?;
                }
                if let Some(entry) = entry {
                    entry.save(connection).map_err(|error| store.failed(error))?;
                }
            }
            Ok(())
        })
    }
}

/// In the order of the table, so that neighbours share a page.
fn write(pen: &mut Pen<'_>, rows: &Rows) -> Result<()> {
    let mut rows: Vec<_> = rows.iter().collect();
    rows.sort_unstable_by_key(|(key, _)| *key);
    for (key, row) in rows {
        match &row.text {
            None => pen.remove(key)?,
            Some(text) if row.whole => pen.put(key, text, &row.columns)?,
            Some(text) => pen.change(key, text)?,
        }
    }
    Ok(())
}

/// A thread that writes one batch after the other, while the views go on.
pub(super) struct Scribe {
    batches: Option<Sender<Batch>>,
    done: Receiver<Result<()>>,
    /// What is being written.
    pub(super) busy: Option<Batch>,
    thread: Option<thread::JoinHandle<()>>,
}

impl Scribe {
    /// None when there is no thread to be had: then batches are written where they come from.
    pub(super) fn hire(store: Store) -> Option<Scribe> {
        let (batches, todo) = channel::<Batch>();
        let (tell, done) = channel();
        let write = move || {
            for batch in todo {
                if tell.send(batch.write(&store)).is_err() {
                    return;
                }
            }
        };
        let thread = thread::Builder::new().name("views-file".into()).spawn(write).ok()?;
        Some(Scribe { batches: Some(batches), done, busy: None, thread: Some(thread) })
    }

    /// Hands over a batch; back when the thread is gone.
    pub(super) fn give(&mut self, batch: Batch) -> Option<Batch> {
        let sender = self.batches.as_ref()?;
        match sender.send(batch.clone()) {
            Ok(()) => {
                self.busy = Some(batch);
                None
            }
            Err(unsent) => Some(unsent.0),
        }
    }

    /// What has become of the batch that was handed over, if there is one and it is known, or once
    /// it is known; no result when the thread went before it was done.
    pub(super) fn take_back(&mut self, wait: bool) -> Option<(Batch, Option<Result<()>>)> {
        self.busy.as_ref()?;
        let done = if wait {
            self.done.recv().ok()
        } else {
            match self.done.try_recv() {
                Ok(done) => Some(done),
                Err(std::sync::mpsc::TryRecvError::Empty) => return None,
                Err(std::sync::mpsc::TryRecvError::Disconnected) => None,
            }
        };
        Some((self.busy.take()?, done))
    }
}

impl Drop for Scribe {
    fn drop(&mut self) {
        self.batches = None;
        if let Some(thread) = self.thread.take() {
            // Whatever it could not write is known from the batch that did not come back.
            let _ = thread.join();
        }
    }
}
