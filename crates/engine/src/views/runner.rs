//! Lets the views follow the journal: applies, flushes, rebuilds beside, and tells how far they are.

use super::{
    Error, Store, Views,
    folds::Fold,
    store::{make_indexes, make_table, stand, standing, table_of},
};
use crate::{Alarms, Follow};
use kernel::{Business, Position, Recorded, Timestamp};
use rusqlite::Connection;
use std::{
    panic::{AssertUnwindSafe, catch_unwind},
    sync::{Arc, Condvar, Mutex, PoisonError},
    thread::JoinHandle,
    time::{Duration, Instant},
};

/// Facts after which documents are written even while more keep coming.
const FLUSH_FACTS: usize = 50_000;
/// How long a document may be newer in memory than in the store.
const FLUSH_AFTER: Duration = Duration::from_millis(100);

/// All views of a program over one store; used by a thread, and step by step in a simulation.
pub struct Runner<B: Business> {
    store: Store,
    views: Vec<Running<B>>,
    alarms: Arc<Alarms>,
    unwritten: usize,
}

struct Running<B: Business> {
    fold: Box<dyn Fold<B>>,
    table: String,
    position: Position,
    /// It stopped alone; the others go on.
    failed: bool,
}

impl<B: Business> Runner<B> {
    /// Opens the views. One that is new, or whose shape is another, begins at the first fact.
    ///
    /// # Errors
    /// When the store cannot be written.
    pub fn open(store: Store, views: Views<B>, alarms: Arc<Alarms>) -> Result<Runner<B>, Error> {
        let mut running = Vec::new();
        for fold in views.0 {
            let connection = store.lock();
            let begin = begin(&connection, &*fold).map_err(|error| store.failed(error))?;
            let table = table_of(fold.name());
            running.push(Running { fold, table, position: begin, failed: false });
        }
        Ok(Runner { store, views: running, alarms, unwritten: 0 })
    }

    /// What all views have applied.
    pub fn position(&self) -> Position {
        self.views.iter().filter(|view| !view.failed).map(|view| view.position).min().unwrap_or(0)
    }

    /// True when something was applied and not yet written.
    pub fn is_unwritten(&self) -> bool {
        self.unwritten > 0
    }

    /// Lets every view hear the facts that it has not heard.
    pub fn apply(&mut self, facts: &[Recorded<B>]) {
        let connection = self.store.connection.lock().unwrap_or_else(PoisonError::into_inner);
        for view in self.views.iter_mut().filter(|view| !view.failed) {
            if let Err(reason) = view.hear(&connection, facts) {
                view.fail(facts.first().map(Recorded::at), &reason, &self.alarms);
            }
        }
        self.unwritten += facts.len();
    }

    /// Writes documents and positions, all or nothing.
    ///
    /// # Errors
    /// When the store cannot be written.
    pub fn flush(&mut self) -> Result<(), Error> {
        if self.unwritten == 0 {
            return Ok(());
        }
        let mut connection = self.store.connection.lock().unwrap_or_else(PoisonError::into_inner);
        let failed = |error| self.store.failed(error);
        let transaction = connection.transaction().map_err(failed)?;
        for view in self.views.iter_mut().filter(|view| !view.failed) {
            match view.fold.write(&transaction, &view.table) {
                Ok(()) => {
                    let (name, shape) = (view.fold.name(), view.fold.shape());
                    stand(&transaction, name, shape, view.position).map_err(failed)?;
                }
                Err(reason) => view.fail(None, &reason, &self.alarms),
            }
        }
        transaction.commit().map_err(failed)?;
        self.unwritten = 0;
        Ok(())
    }

    /// Builds a view from the first fact on, beside the live one, which stays as it is until the new
    /// one is complete; then compares and swaps them. True when both were the same.
    ///
    /// # Errors
    /// When there is no such view, or the journal cannot be read.
    pub fn rebuild(&mut self, name: &str, mut from_start: Follow<B>) -> Result<bool, Error> {
        self.flush()?;
        let Some(view) = self.views.iter_mut().find(|view| view.fold.name() == name) else {
            let view = "?";
            return Err(Error::NoColumn { view, column: name.to_owned() });
        };
        let beside = format!("{}_beside", view.table);
        let columns = view.fold.columns();
        let mut connection = self.store.connection.lock().unwrap_or_else(PoisonError::into_inner);
        let failed = |error| self.store.failed(error);
        make_table(&connection, &beside, columns).map_err(failed)?;
        let mut new = Running {
            fold: view.fold.fresh(),
            table: beside.clone(),
            position: 0,
            failed: false,
        };
        let end = view.position;
        while new.position < end
            && let Some(block) = from_start.take_next()?
        {
            let facts = block.after(new.position);
            let facts = &facts[..facts.partition_point(|recorded| recorded.position <= end)];
            let transaction = connection.transaction().map_err(failed)?;
            let told = new.hear(&transaction, facts);
            let written = told.and_then(|()| new.fold.write(&transaction, &beside));
            written.map_err(|what| Error::Document { view: new.fold.name(), key: String::new(), what })?;
            transaction.commit().map_err(failed)?;
        }
        let same = !view.failed
            && sum(&connection, &beside).map_err(failed)? == sum(&connection, &view.table).map_err(failed)?;
        let transaction = connection.transaction().map_err(failed)?;
        transaction
            .execute_batch(&format!(
                "DROP TABLE \"{0}\"; ALTER TABLE \"{beside}\" RENAME TO \"{0}\";",
                view.table
            ))
            .and_then(|()| make_indexes(&transaction, &view.table, columns))
            .and_then(|()| stand(&transaction, view.fold.name(), view.fold.shape(), end))
            .map_err(failed)?;
        transaction.commit().map_err(failed)?;
        view.fold.forget();
        (view.position, view.failed) = (end, false);
        if !same {
            let text = format!("view {name} differed from what the journal says; the new one is taken");
            self.alarms.raise(Timestamp::MIN, "view_differs", text);
        }
        Ok(same)
    }

    /// The names of all views.
    pub fn names(&self) -> Vec<&'static str> {
        self.views.iter().map(|view| view.fold.name()).collect()
    }

    /// Folds the whole journal once more, in memory, and names the views that differ from the live ones.
    ///
    /// # Errors
    /// When the journal or the store cannot be read.
    pub fn differing(&mut self, mut from_start: Follow<B>) -> Result<Vec<&'static str>, Error> {
        self.flush()?;
        let fresh = Views(self.views.iter().map(|view| view.fold.fresh()).collect());
        let mut again = Runner::open(Store::in_memory()?, fresh, self.alarms.clone())?;
        let end = self.position();
        while again.position() < end
            && let Some(block) = from_start.take_next()?
        {
            let facts = block.after(again.position());
            again.apply(&facts[..facts.partition_point(|recorded| recorded.position <= end)]);
            if again.unwritten > FLUSH_FACTS {
                again.flush()?;
            }
        }
        again.flush()?;
        let mut differing = Vec::new();
        for (live, new) in self.views.iter().zip(&again.views) {
            let sum_of = |store: &Store, view: &Running<B>| {
                sum(&store.lock(), &view.table).map_err(|error| store.failed(error))
            };
            if live.failed || sum_of(&self.store, live)? != sum_of(&again.store, new)? {
                differing.push(live.fold.name());
            }
        }
        Ok(differing)
    }
}

impl<B: Business> Running<B> {
    fn hear(&mut self, connection: &Connection, facts: &[Recorded<B>]) -> Result<(), String> {
        let heard = catch_unwind(AssertUnwindSafe(|| {
            for recorded in facts.iter().filter(|recorded| recorded.position > self.position) {
                self.fold.hear(connection, &self.table, recorded)?;
            }
            Ok::<(), String>(())
        }));
        heard.unwrap_or_else(|_| Err("it panicked".to_owned()))?;
        self.position = facts.last().map_or(self.position, |last| last.position.max(self.position));
        Ok(())
    }

    fn fail(&mut self, at: Option<Timestamp>, reason: &str, alarms: &Alarms) {
        self.failed = true;
        self.fold.forget();
        let name = self.fold.name();
        let text = format!(
            "view {name} stopped after position {}: {reason}; run `cartage views rebuild {name}`",
            self.position
        );
        alarms.raise(at.unwrap_or(Timestamp::MIN), "view_failed", text);
    }
}

/// Where a view goes on; its table is made anew where it does not fit.
fn begin<B: Business>(connection: &Connection, fold: &dyn Fold<B>) -> rusqlite::Result<Position> {
    if let Some((shape, position)) = standing(connection, fold.name())?
        && shape == fold.shape()
    {
        return Ok(position);
    }
    let table = table_of(fold.name());
    make_table(connection, &table, fold.columns())?;
    make_indexes(connection, &table, fold.columns())?;
    stand(connection, fold.name(), fold.shape(), 0)?;
    Ok(0)
}

/// How many documents, and a checksum over all of them in the order of their keys.
fn sum(connection: &Connection, table: &str) -> rusqlite::Result<(u64, u32)> {
    let mut all = connection.prepare(&format!("SELECT key, document FROM \"{table}\" ORDER BY key"))?;
    let mut rows = all.query([])?;
    let (mut count, mut hasher) = (0, crc32fast::Hasher::new());
    while let Some(row) = rows.next()? {
        count += 1;
        hasher.update(row.get_ref(0)?.as_bytes()?);
        hasher.update(b"\n");
        hasher.update(row.get_ref(1)?.as_bytes()?);
    }
    Ok((count, hasher.finalize()))
}

/// How far the written views are; whoever must read his own writes waits here.
#[derive(Default)]
pub struct Seen {
    state: Mutex<SeenState>,
    moved: Condvar,
}

#[derive(Default)]
struct SeenState {
    position: Position,
    /// Somebody waits for at least this.
    wanted: Position,
    over: bool,
}

impl Seen {
    /// Waits until the views have written everything up to a position; false when they are behind.
    pub fn wait_for(&self, position: Position, patience: Duration) -> bool {
        let deadline = Instant::now() + patience;
        let mut state = self.state.lock().unwrap_or_else(PoisonError::into_inner);
        state.wanted = state.wanted.max(position);
        while state.position < position && !state.over {
            let left = deadline.saturating_duration_since(Instant::now());
            if left.is_zero() {
                return false;
            }
            state = self.moved.wait_timeout(state, left).unwrap_or_else(PoisonError::into_inner).0;
        }
        state.position >= position
    }

    /// What the written views know.
    pub fn position(&self) -> Position {
        self.state.lock().unwrap_or_else(PoisonError::into_inner).position
    }

    fn is_wanted(&self) -> bool {
        let state = self.state.lock().unwrap_or_else(PoisonError::into_inner);
        state.wanted > state.position
    }

    fn reach(&self, position: Position, over: bool) {
        let mut state = self.state.lock().unwrap_or_else(PoisonError::into_inner);
        state.position = position;
        state.over |= over;
        drop(state);
        self.moved.notify_all();
    }
}

/// A thread that lets the views follow.
pub struct Driver<B: Business> {
    seen: Arc<Seen>,
    thread: JoinHandle<Runner<B>>,
}

impl<B: Business> Driver<B> {
    /// Starts it; it ends when the feed does.
    pub fn start(runner: Runner<B>, follow: Follow<B>) -> Driver<B> {
        let seen = Arc::new(Seen::default());
        seen.reach(runner.position(), false);
        let shared = seen.clone();
        let named = std::thread::Builder::new().name("views".into());
        let thread = named.spawn(move || run(runner, follow, &shared));
        Driver { seen, thread: thread.expect("the machine has room for a thread") }
    }

    /// How far it is.
    pub fn seen(&self) -> &Arc<Seen> {
        &self.seen
    }

    /// Waits for the end of the feed.
    ///
    /// # Panics
    /// When the thread has: an alarm told.
    pub fn join(self) -> Runner<B> {
        self.thread.join().expect("the views' thread does not panic")
    }
}

fn run<B: Business>(mut runner: Runner<B>, mut follow: Follow<B>, seen: &Seen) -> Runner<B> {
    let mut since = Instant::now();
    loop {
        match follow.take_next() {
            Ok(Some(block)) => {
                if !runner.is_unwritten() {
                    since = Instant::now();
                }
                runner.apply(&block.facts);
            }
            Ok(None) if follow.is_over() => break,
            Ok(None) => {
                write(&mut runner, seen);
                follow.wait(FLUSH_AFTER);
            }
            Err(error) => {
                runner.alarms.raise(Timestamp::MIN, "views_stopped", error.to_string());
                break;
            }
        }
        let due = runner.unwritten >= FLUSH_FACTS || since.elapsed() >= FLUSH_AFTER;
        if runner.is_unwritten() && (due || (seen.is_wanted() && follow.is_level())) {
            write(&mut runner, seen);
            since = Instant::now();
        }
    }
    write(&mut runner, seen);
    seen.reach(runner.position(), true);
    runner
}

fn write<B: Business>(runner: &mut Runner<B>, seen: &Seen) {
    match runner.flush() {
        Ok(()) => seen.reach(runner.position(), false),
        Err(error) => runner.alarms.raise(Timestamp::MIN, "views_unwritten", error.to_string()),
    }
}
