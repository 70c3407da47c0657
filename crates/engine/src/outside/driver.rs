//! Works at the desk: hears, calls, submits what comes back, remembers how far it is.

use super::{Calling, Desk, Failure, Ticket};
use crate::{Alarms, Answer, Ask, Clock, Engine, Follow, NotTaken};
use crossbeam_channel::{Receiver, Sender, unbounded};
use kernel::{Business, Position, Timestamp};
use std::{
    sync::{Arc, Condvar, Mutex, PoisonError},
    task::{Context, Poll, Waker},
    thread::JoinHandle,
    time::{Duration, Instant},
};

/// Nothing runs any more.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
#[error("the engine has stopped")]
pub struct Stopped;

/// To whom commands are submitted.
pub trait Submit<B: Business> {
    /// Submits all of them and waits for the answers, in the same order.
    ///
    /// # Errors
    /// When nothing runs any more.
    fn submit(&self, asks: Vec<Ask<B>>) -> Result<Vec<Answer<B>>, Stopped>;
}

impl<B: Business> Submit<B> for Engine<B> {
    fn submit(&self, asks: Vec<Ask<B>>) -> Result<Vec<Answer<B>>, Stopped> {
        let mut waiting = Vec::with_capacity(asks.len());
        for ask in asks {
            let answer = loop {
                match Engine::submit(self, ask.clone()) {
                    Ok(answer) => break answer,
                    Err(NotTaken::Overloaded { retry_after }) => std::thread::sleep(retry_after),
                    Err(NotTaken::Stopped) => return Err(Stopped),
                }
            };
            waiting.push(answer);
        }
        waiting.into_iter().map(|answer| answer.blocking_recv().map_err(|_| Stopped)).collect()
    }
}

impl<B: Business, S: Submit<B>> Submit<B> for Arc<S> {
    fn submit(&self, asks: Vec<Ask<B>>) -> Result<Vec<Answer<B>>, Stopped> {
        (**self).submit(asks)
    }
}

/// Why the work at the desk ends.
#[derive(Debug, thiserror::Error)]
enum End {
    #[error(transparent)]
    Stopped(#[from] Stopped),
    #[error("letters.db: {0}")]
    Letters(#[from] rusqlite::Error),
    #[error(transparent)]
    Journal(#[from] journal::Error),
}

/// The desk with what is under way; a thread turns it, and a simulation step by step.
pub struct Clerk<B: Business, S: Submit<B>> {
    desk: Desk<B>,
    follow: Follow<B>,
    submit: S,
    finished: (Sender<Finished<B>>, Receiver<Finished<B>>),
    runtime: Option<tokio::runtime::Runtime>,
}

type Finished<B> = (Ticket, Result<Vec<<B as Business>::Command>, Failure>);

impl<B: Business, S: Submit<B>> Clerk<B, S> {
    /// `follow` must begin at the desk's low water.
    pub fn new(desk: Desk<B>, follow: Follow<B>, submit: S) -> Clerk<B, S> {
        Clerk { desk, follow, submit, finished: unbounded(), runtime: None }
    }

    /// The desk.
    pub fn desk(&mut self) -> &mut Desk<B> {
        &mut self.desk
    }

    /// Does what can be done now; false when there was nothing.
    ///
    /// # Errors
    /// When nothing runs any more, or something cannot be read or stored.
    pub fn turn(&mut self, now: Timestamp) -> Result<bool, Box<dyn std::error::Error + Send + Sync>> {
        self.try_turn(now).map_err(Into::into)
    }

    fn try_turn(&mut self, now: Timestamp) -> Result<bool, End> {
        let mut busy = false;
        while self.desk.has_room()
            && let Some(block) = self.follow.take_next()?
        {
            self.desk.hear(&block.facts)?;
            busy = true;
        }
        let mut asks = Vec::new();
        for (ticket, handler, call) in self.desk.start(now) {
            busy = true;
            let mut calling = handler.call(call);
            // What is ready at once needs no runtime.
            match calling.as_mut().poll(&mut Context::from_waker(Waker::noop())) {
                Poll::Ready(result) => self.finish(ticket, result, now, &mut asks)?,
                Poll::Pending => self.spawn(ticket, calling),
            }
        }
        while let Ok((ticket, result)) = self.finished.1.try_recv() {
            busy = true;
            self.finish(ticket, result, now, &mut asks)?;
        }
        for (ticket, told) in self.desk.give_up(now) {
            busy = true;
            asks.push((ticket, told));
        }
        self.submit_all(asks, now)?;
        Ok(busy)
    }

    fn finish(
        &mut self,
        ticket: Ticket,
        result: Result<Vec<B::Command>, Failure>,
        now: Timestamp,
        asks: &mut Vec<(Ticket, Vec<Ask<B>>)>,
    ) -> Result<(), End> {
        let succeeded = result.is_ok();
        let told = self.desk.finish(ticket, result, now)?;
        if succeeded {
            asks.push((ticket, told));
        }
        Ok(())
    }

    fn submit_all(
        &mut self,
        asks: Vec<(Ticket, Vec<Ask<B>>)>,
        now: Timestamp,
    ) -> Result<(), End> {
        let flat: Vec<Ask<B>> = asks.iter().flat_map(|(_, asks)| asks.iter().cloned()).collect();
        let mut answers = self.submit.submit(flat)?.into_iter();
        for (ticket, asks) in asks {
            let rejected = answers.by_ref().take(asks.len()).filter_map(Result::err);
            let rejected = rejected.map(|rejection| rejection.to_string()).last();
            self.desk.settle(ticket, rejected, now)?;
        }
        Ok(())
    }

    fn spawn(&mut self, ticket: Ticket, calling: Calling<B>) {
        let done = self.finished.0.clone();
        let runtime = self.runtime.get_or_insert_with(|| {
            let mut runtime = tokio::runtime::Builder::new_multi_thread();
            runtime.worker_threads(1).enable_all().thread_name("handlers");
            runtime.build().expect("the machine has room for a thread")
        });
        runtime.spawn(async move {
            // Nobody listens any more when the program ends; the request is heard again then.
            let _ = done.send((ticket, calling.await));
        });
    }
}

/// How far the handlers are; a replay waits here until they are quiet.
#[derive(Default)]
pub struct Progress {
    state: Mutex<ProgressState>,
    moved: Condvar,
}

#[derive(Clone, Copy, Default)]
struct ProgressState {
    heard: Position,
    low_water: Position,
    quiet: bool,
    over: bool,
}

impl Progress {
    /// Waits until everything up to a position was heard and nothing is due; false when it takes longer.
    pub fn wait_until_quiet(&self, position: Position, patience: Duration) -> bool {
        let deadline = Instant::now() + patience;
        let mut state = self.state.lock().unwrap_or_else(PoisonError::into_inner);
        while !(state.quiet && state.heard >= position) && !state.over {
            let left = deadline.saturating_duration_since(Instant::now());
            if left.is_zero() {
                return false;
            }
            state = self.moved.wait_timeout(state, left).unwrap_or_else(PoisonError::into_inner).0;
        }
        state.heard >= position
    }

    /// Everything up to here is done.
    pub fn low_water(&self) -> Position {
        self.state.lock().unwrap_or_else(PoisonError::into_inner).low_water
    }

    fn set(&self, state: ProgressState) {
        *self.state.lock().unwrap_or_else(PoisonError::into_inner) = state;
        self.moved.notify_all();
    }
}

/// A thread that works at the desk.
pub struct Driver {
    progress: Arc<Progress>,
    thread: JoinHandle<()>,
}

impl Driver {
    /// Starts it; it ends when the feed does.
    pub fn start<B: Business, S: Submit<B> + Send + 'static>(
        clerk: Clerk<B, S>,
        clock: Arc<dyn Clock>,
        alarms: Arc<Alarms>,
    ) -> Driver {
        let progress = Arc::new(Progress::default());
        let shared = progress.clone();
        let work = move || {
            if let Err(error) = run(clerk, &*clock, &shared) {
                alarms.raise(clock.now(), "handlers_stopped", error.to_string());
            }
            let state = ProgressState { over: true, ..*shared.state.lock().unwrap_or_else(PoisonError::into_inner) };
            shared.set(state);
        };
        let thread = std::thread::Builder::new().name("handlers".into()).spawn(work);
        Driver { progress, thread: thread.expect("the machine has room for a thread") }
    }

    /// How far it is.
    pub fn progress(&self) -> &Arc<Progress> {
        &self.progress
    }

    /// Waits for the end of the feed.
    pub fn join(self) {
        // A thread that panicked has printed why.
        let _ = self.thread.join();
    }
}

/// How often what is done is remembered, at most.
const SAVE_EVERY: Duration = Duration::from_millis(100);

fn run<B: Business, S: Submit<B>>(
    mut clerk: Clerk<B, S>,
    clock: &dyn Clock,
    progress: &Progress,
) -> Result<(), End> {
    let mut saved = Instant::now();
    loop {
        let now = clock.now();
        let busy = clerk.try_turn(now)?;
        let (heard, low_water) = (clerk.desk.heard(), clerk.desk.low_water());
        let quiet = !busy && clerk.desk.is_quiet(now) && clerk.follow.is_level();
        progress.set(ProgressState { heard, low_water, quiet, over: false });
        if saved.elapsed() >= SAVE_EVERY {
            clerk.desk.save()?;
            saved = Instant::now();
        }
        if clerk.follow.is_over() && !busy {
            clerk.desk.save()?;
            return Ok(());
        }
        if !busy {
            // A simulated clock tells nobody when it was moved.
            let patience = if clock.steady().is_some() { 50 } else { 1 };
            clerk.follow.wait(Duration::from_millis(patience));
        }
    }
}
