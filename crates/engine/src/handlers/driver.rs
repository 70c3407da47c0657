//! A desk at work: one thread makes the calls, sends the reports, and writes down how far it is.

pub(super) mod calls;
mod mail;
mod waiting;

use super::{
    Desk, HandlerStatus, Letter, LetterError, Preview, Standing, StoreError, Surroundings, Ticket,
    breaker::BreakerState,
};
use crate::{Alarms, Clock, Committed, Follow};
use calls::Calls;
use kernel::{Business, Position, Timestamp};
use mail::Mail;
use std::{
    io,
    panic::{AssertUnwindSafe, catch_unwind},
    sync::{
        Arc, Condvar, Mutex, MutexGuard, PoisonError,
        atomic::{AtomicBool, Ordering::SeqCst},
    },
    thread::{Builder, JoinHandle},
    time::{Duration, Instant},
};
use tokio::sync::Notify;
use waiting::listen;

/// Handlers at work. Dropping it stops them; what was not done is asked again at the next start.
pub struct Handlers<B: Business> {
    shared: Arc<Shared<B>>,
    threads: Vec<JoinHandle<()>>,
}

/// What the working thread and its visitors share.
struct Shared<B: Business> {
    desk: Mutex<Desk<B>>,
    standing: Mutex<Standing>,
    progress: Condvar,
    /// Wakes the working thread.
    bell: Notify,
    stop: AtomicBool,
    /// Nobody works any more: it was stopped, the engine was, or it panicked.
    ended: AtomicBool,
    clock: Arc<dyn Clock>,
    alarms: Arc<Alarms>,
}

impl<B: Business> Handlers<B> {
    /// Puts a desk to work on two threads: one works, the other waits for facts.
    ///
    /// # Errors
    /// When there is no room for threads.
    pub fn start(desk: Desk<B>, around: Surroundings<B>) -> io::Result<Handlers<B>> {
        let Surroundings { feed, reader, submit, clock, alarms } = around;
        let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build()?;
        let standing = desk.standing();
        let follow = feed.follow(reader, standing.heard);
        let timeout = desk.limits().call_timeout;
        let save_every = desk.limits().save_every;
        let shared = Arc::new(Shared {
            desk: Mutex::new(desk),
            standing: Mutex::new(standing),
            progress: Condvar::new(),
            bell: Notify::new(),
            stop: AtomicBool::new(false),
            ended: AtomicBool::new(false),
            clock,
            alarms,
        });
        let worker = Worker {
            shared: shared.clone(),
            follow,
            block: None,
            calls: Calls::new(timeout),
            mail: Mail::new(submit),
            save_every,
            saved: Instant::now(),
            broken: false,
        };
        let ear = shared.clone();
        let threads = vec![
            Builder::new().name("handlers".into()).spawn(move || {
                let shared = worker.shared.clone();
                let work = || runtime.block_on(worker.work());
                if catch_unwind(AssertUnwindSafe(work)).is_err() {
                    shared.give_notice();
                }
                shared.end();
            })?,
            Builder::new().name("handlers-ear".into()).spawn(move || {
                listen(&feed, standing.heard, &ear.bell, &ear.stop);
            })?,
        ];
        Ok(Handlers { shared, threads })
    }

    /// How they are doing.
    pub fn standing(&self) -> Standing {
        *self.shared.standing()
    }

    /// Waits until everything up to `position` is done ([`Desk::done`]); false when it is not
    /// after `patience`, or nobody works any more.
    pub fn wait_until_done(&self, position: Position, patience: Duration) -> bool {
        let deadline = Instant::now() + patience;
        let mut standing = self.shared.standing();
        while standing.done < position {
            let left = deadline.saturating_duration_since(Instant::now());
            if left.is_zero() || self.shared.ended.load(SeqCst) {
                return false;
            }
            let waited = self.shared.progress.wait_timeout(standing, left);
            standing = waited.unwrap_or_else(PoisonError::into_inner).0;
        }
        true
    }

    /// The providers and whether they are asked.
    pub fn breakers(&self) -> Vec<(&'static str, BreakerState)> {
        self.shared.desk().breakers()
    }

    /// Each handler, and how it is doing.
    pub fn statuses(&self) -> Vec<HandlerStatus> {
        self.shared.desk().statuses()
    }

    /// As [`Desk::pause`].
    ///
    /// # Errors
    /// When the store cannot be written.
    pub fn pause(&self, handler: &str) -> Result<bool, StoreError> {
        self.shared.visit(|desk, _| desk.pause(handler))
    }

    /// As [`Desk::resume`].
    ///
    /// # Errors
    /// When the store cannot be written.
    pub fn resume(&self, handler: &str) -> Result<bool, StoreError> {
        self.shared.visit(|desk, _| desk.resume(handler))
    }

    /// As [`Desk::letters`].
    pub fn letters(&self) -> Vec<Letter> {
        self.shared.desk().letters()
    }

    /// As [`Desk::settled_letters`].
    ///
    /// # Errors
    /// When the store cannot be read.
    pub fn settled_letters(&self, limit: usize) -> Result<Vec<Letter>, StoreError> {
        self.shared.desk().settled_letters(limit)
    }

    /// As [`Desk::edit`]: by whom, and why.
    ///
    /// # Errors
    /// When no such letter awaits a decision.
    pub fn edit(
        &self,
        id: &str,
        body: serde_json::Value,
        by: (&str, &str),
    ) -> Result<(), LetterError> {
        self.shared.visit(|desk, now| desk.edit(id, body, by, now))
    }

    /// As [`Desk::preview`].
    ///
    /// # Errors
    /// When no such letter awaits a decision.
    pub fn preview(&self, id: &str) -> Result<Preview<B::Command>, LetterError> {
        self.shared.visit(|desk, now| desk.preview(id, now))
    }

    /// As [`Desk::retry`].
    ///
    /// # Errors
    /// When no such letter awaits a decision, or an earlier one has the same key.
    pub fn retry(&self, id: &str, who: &str) -> Result<(), LetterError> {
        self.shared.visit(|desk, now| desk.retry(id, who, now))
    }

    /// As [`Desk::drop_letter`]: by whom, and why.
    ///
    /// # Errors
    /// When no such letter awaits a decision.
    pub fn drop_letter(&self, id: &str, by: (&str, &str)) -> Result<(), LetterError> {
        self.shared.visit(|desk, now| desk.drop_letter(id, by, now))
    }

    /// Breaks calls off, and writes down how far it is.
    pub fn stop(mut self) {
        self.end();
    }

    fn end(&mut self) {
        self.shared.stop.store(true, SeqCst);
        self.shared.bell.notify_one();
        for thread in self.threads.drain(..) {
            // A thread that panicked has printed why.
            let _ = thread.join();
        }
    }
}

impl<B: Business> Drop for Handlers<B> {
    fn drop(&mut self) {
        self.end();
    }
}

impl<B: Business> Shared<B> {
    fn desk(&self) -> MutexGuard<'_, Desk<B>> {
        self.desk.lock().unwrap_or_else(PoisonError::into_inner)
    }

    fn standing(&self) -> MutexGuard<'_, Standing> {
        self.standing.lock().unwrap_or_else(PoisonError::into_inner)
    }

    fn end(&self) {
        self.ended.store(true, SeqCst);
        // Taken, so that nobody is between looking and waiting.
        drop(self.standing());
        self.progress.notify_all();
    }

    fn give_notice(&self) {
        let text = "handlers stopped by a panic: nothing outside is asked until the next start";
        self.alarms.raise(self.clock.now(), "handlers_failed", text.to_owned());
    }

    fn visit<T>(&self, act: impl FnOnce(&mut Desk<B>, Timestamp) -> T) -> T {
        let outcome = act(&mut self.desk(), self.clock.now());
        self.bell.notify_one();
        outcome
    }
}

/// The working thread.
struct Worker<B: Business> {
    shared: Arc<Shared<B>>,
    follow: Follow<B>,
    /// What was read and could not be heard whole.
    block: Option<Arc<Committed<B>>>,
    calls: Calls<B>,
    mail: Mail<B>,
    save_every: Duration,
    saved: Instant,
    /// The alarm about the store was raised, and need not be again.
    broken: bool,
}

impl<B: Business> Worker<B> {
    async fn work(mut self) {
        while !self.shared.stop.load(SeqCst) && !self.mail.is_stopped() {
            let mut busy = false;
            if !self.mail.is_held_up() {
                busy |= self.hear();
                busy |= self.start();
            }
            busy |= self.collect();
            busy |= self.send();
            self.save(false);
            self.show();
            if !busy {
                self.pause().await;
            } else {
                // Calls under way are driven by the runtime.
                self.calls.let_run().await;
            }
        }
        self.save(true);
        self.show();
    }

    fn hear(&mut self) -> bool {
        if self.block.is_none() {
            self.block = match self.follow.take_next() {
                Ok(block) => block,
                Err(error) => {
                    self.complain(format!("handlers cannot read the journal: {error}"));
                    None
                }
            };
        }
        let Some(block) = &self.block else { return false };
        let mut desk = self.shared.desk();
        let before = desk.standing().heard;
        if desk.hear(&block.facts) == block.facts.len() {
            self.block = None;
        }
        desk.standing().heard > before
    }

    fn start(&mut self) -> bool {
        let started = self.shared.desk().start(self.shared.clock.now());
        let any = !started.is_empty();
        started.into_iter().for_each(|call| self.calls.make(call));
        any
    }

    fn collect(&mut self) -> bool {
        let results = self.calls.take_finished();
        let any = !results.is_empty();
        let now = self.shared.clock.now();
        let mut desk = self.shared.desk();
        for (ticket, result) in results {
            desk.finish(ticket, result, now);
        }
        self.mail.add(desk.take_reports());
        any
    }

    fn send(&mut self) -> bool {
        let sent = self.mail.send();
        let answers: Vec<(Ticket, Result<(), String>)> = self.mail.take_answers();
        let now = self.shared.clock.now();
        let any = !answers.is_empty();
        let mut desk = self.shared.desk();
        for (ticket, result) in answers {
            desk.answered(ticket, result, now);
        }
        any || sent
    }

    fn save(&mut self, at_once: bool) {
        if !at_once && self.saved.elapsed() < self.save_every {
            return;
        }
        let mut desk = self.shared.desk();
        if !desk.is_unsaved() {
            return;
        }
        self.saved = Instant::now();
        let result = desk.save();
        drop(desk);
        match result {
            Ok(()) => self.broken = false,
            Err(error) => self.complain(format!("handlers cannot write how far they are: {error}")),
        }
    }

    fn complain(&mut self, text: String) {
        if !self.broken {
            self.broken = true;
            self.shared.alarms.raise(self.shared.clock.now(), "handlers_failed", text);
        }
    }

    fn show(&self) {
        let now = self.shared.desk().standing();
        let mut shown = self.shared.standing();
        if *shown != now {
            *shown = now;
            self.shared.progress.notify_all();
        }
    }

    /// Until something happens: news, an answer, the end of a call, a time that has come.
    async fn pause(&mut self) {
        let (due, unsaved) = {
            let desk = self.shared.desk();
            (desk.next_due(), desk.is_unsaved())
        };
        let mut patience = match due {
            Some(due) => waiting::until(due, &*self.shared.clock),
            None => waiting::LONG,
        };
        if unsaved {
            patience = patience.min(self.save_every.saturating_sub(self.saved.elapsed()));
        }
        if self.broken {
            patience = patience.max(waiting::TROUBLED);
        }
        let patience = patience.min(self.mail.held_up_for().unwrap_or(waiting::LONG));
        waiting::any(&self.shared.bell, &mut self.calls, &mut self.mail, patience).await;
    }
}
