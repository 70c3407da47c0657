//! Whether the payment provider's books agree with ours, day by day: its settlement files against the
//! captures and refunds in the journal. Once a day while the shop runs, and whenever somebody asks.
//!
//! How far the days are compared lies in `reconciled.json` in the data folder; without it the day before
//! is where it begins.

use crate::journal_tools::tip;
use commerce::payments::PaymentFact;
use engine::{Alarms, Clock, Engine, Feed, Past, handlers::Failure};
use flows::{Fact, Shop, State, Stream};
use gateways::{
    http::HttpProvider,
    reconcile::{self, BadLine, Day, Difference, Disagreement, Settled, beginning_of, day_of},
};
use journal::{LineReader, Reader};
use kernel::{PaymentId, Position, Timestamp};
use serde::{Deserialize, Serialize};
use std::{
    fs,
    io::{self, Write},
    ops::RangeInclusive,
    path::{Path, PathBuf},
    sync::{
        Arc,
        atomic::{AtomicBool, Ordering::Relaxed},
    },
    time::Duration,
};

/// Where it is written how far the days are compared.
pub const FILE: &str = "reconciled.json";
/// A day is compared once it has been over for so long: its file is written by then.
const AFTER_MIDNIGHT: Duration = Duration::from_secs(60 * 60);
/// How often somebody looks whether a day is due.
const LOOK: Duration = Duration::from_secs(10 * 60);
/// Days that are made up for after the shop was closed.
const MADE_UP: Day = 31;
/// Days before, in whose files the other half of a movement is looked for.
const BEFORE: Day = 3;
/// Differences that an alarm and the log name.
const NAMED: usize = 20;

/// Why days could not be compared; nothing is wrong with the books.
#[derive(Debug, thiserror::Error)]
pub enum NotCompared {
    /// The provider did not give a settlement file.
    #[error("the settlement file of {day} cannot be had: {failure}")]
    NoFile {
        /// Of which day.
        day: String,
        /// Why not.
        failure: Failure,
    },
    /// A settlement file that is none.
    #[error("{day}: {error}")]
    BadFile {
        /// Of which day.
        day: String,
        /// What is wrong.
        error: BadLine,
    },
    /// The journal.
    #[error(transparent)]
    Journal(#[from] journal::Error),
    /// How far it is cannot be written.
    #[error("{} cannot be written: {error}", path.display())]
    Unwritten {
        /// Where.
        path: PathBuf,
        /// Why not.
        error: io::Error,
    },
    /// Somebody stopped it.
    #[error("stopped")]
    Stopped,
}

/// What was found.
#[derive(Clone, Debug, PartialEq, Serialize)]
pub struct Compared {
    /// The first day, in UTC.
    pub first: String,
    /// The last day.
    pub last: String,
    /// On what the books do not agree.
    pub differences: Vec<Difference>,
}

/// A movement of ours, as the journal has it.
type Ours = Vec<(PaymentId, Timestamp, PaymentFact)>;

/// Our side: the journal.
pub struct Books {
    reader: Box<dyn Reader>,
    past: Past<Shop>,
}

impl Books {
    /// Of a running shop.
    ///
    /// # Errors
    /// When the journal cannot be read.
    pub fn of(engine: &Engine<Shop>) -> journal::Result<Books> {
        Ok(Books { reader: engine.reader()?, past: engine.past()? })
    }

    /// Of a data folder, whoever writes to it.
    ///
    /// # Errors
    /// When the journal cannot be read.
    pub fn in_folder(folder: &Path) -> journal::Result<Books> {
        let (reader, index) = journal::sqlite::read(folder)?;
        let past = Past::new(Feed::new(tip(&*reader)?, 0), reader.another()?, index)?;
        Ok(Books { reader, past })
    }

    /// A reader of the same journal.
    ///
    /// # Errors
    /// When it cannot be opened.
    pub fn reader(&self) -> journal::Result<Box<dyn Reader>> {
        self.reader.another()
    }

    fn another(&self) -> journal::Result<Books> {
        Ok(Books { reader: self.reader.another()?, past: self.past.another()? })
    }

    /// Compares what the provider has settled; `stop` is looked at between any two blocks.
    ///
    /// # Errors
    /// When the journal cannot be read, or somebody stopped it.
    pub fn judge(
        &mut self,
        question: &Question,
        settled: Vec<Settled>,
        stop: &AtomicBool,
    ) -> Result<Compared, NotCompared> {
        let Question { days, since, .. } = question;
        let ours = self.ours(beginning_of(days.start() - BEFORE), stop)?;
        let facts = ours.iter().map(|(payment, at, fact)| (*payment, *at, fact));
        let mut differences = Vec::new();
        for difference in reconcile::reconcile_days(days, *since, settled, facts) {
            let missing = matches!(difference.what, Disagreement::MissingThere { .. });
            if !(missing && self.is_promised(difference.payment)?) {
                differences.push(difference);
            }
        }
        let (first, last) = (beginning_of(*days.start()).day(), beginning_of(*days.end()).day());
        Ok(Compared { first, last, differences })
    }

    /// Paid at the door: no provider settles it.
    fn is_promised(&mut self, payment: PaymentId) -> journal::Result<bool> {
        let (state, _) = self.past.state_at(&Stream::Payment(payment), Position::MAX)?;
        Ok(matches!(state, State::Payment(payment) if payment.is_promised()))
    }

    /// Captures and refunds from a moment on.
    fn ours(&self, since: Timestamp, stop: &AtomicBool) -> Result<Ours, NotCompared> {
        let (mut found, mut lines) = (Ours::new(), LineReader::<Shop>::default());
        let mut next = self.reader.block_at_time(since)?;
        while let Some(block) = next {
            if stop.load(Relaxed) {
                return Err(NotCompared::Stopped);
            }
            let text = block.text()?;
            // Few lines are of money: no other needs to be understood.
            let of_money = |line: &&str| {
                line.contains("\"payments/captured@") || line.contains("\"payments/refunded@")
            };
            for line in text.lines().filter(of_money) {
                let recorded = lines.read(line)?;
                if let Fact::Payment(payment, fact) = &recorded.fact
                    && recorded.at() >= since
                {
                    found.push((*payment, recorded.at(), fact.clone()));
                }
            }
            next = self.reader.block_after(block.last)?;
        }
        Ok(found)
    }
}

/// The provider's file of each day around these, up to today.
async fn theirs(
    provider: &HttpProvider,
    days: &RangeInclusive<Day>,
    today: Day,
) -> Result<Vec<Settled>, NotCompared> {
    let mut settled = Vec::new();
    for day in around(days, today) {
        let name = beginning_of(day).day();
        let file = provider.settlement(&name).await;
        let file = file.map_err(|failure| NotCompared::NoFile { day: name.clone(), failure })?;
        settled.extend(
            reconcile::read(&file).map_err(|error| NotCompared::BadFile { day: name, error })?,
        );
    }
    Ok(settled)
}

fn around(days: &RangeInclusive<Day>, today: Day) -> RangeInclusive<Day> {
    days.start() - BEFORE..=(days.end() + 1).min(today)
}

/// What is compared, and when.
#[derive(Clone, Debug)]
pub struct Question {
    /// Days in UTC.
    pub days: RangeInclusive<Day>,
    /// Nothing before it is compared: the provider kept no books then.
    pub since: Timestamp,
    /// The time now.
    pub now: Timestamp,
}

/// Compares these days.
///
/// # Errors
/// When the provider's files cannot be had, or the journal cannot be read.
pub async fn compare(
    provider: &HttpProvider,
    mut books: Books,
    question: Question,
    stop: Arc<AtomicBool>,
) -> Result<Compared, NotCompared> {
    // First theirs: what comes meanwhile is known here and there.
    let settled = theirs(provider, &question.days, day_of(question.now)).await?;
    let judge = move || books.judge(&question, settled, &stop);
    let judged = tokio::task::spawn_blocking(judge).await;
    judged.unwrap_or_else(|panic| std::panic::resume_unwind(panic.into_panic()))
}

/// How far the days are compared.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
struct Mark {
    /// The last day that was compared, in UTC.
    last: String,
    /// The same, counted.
    day: Day,
    /// When.
    at: Timestamp,
    /// On how much the books did not agree.
    differences: usize,
}

/// The days that are due: those that are over and were not compared, the day before where none ever was.
fn due(compared: Option<Day>, now: Timestamp) -> Option<RangeInclusive<Day>> {
    let last = day_of(now - AFTER_MIDNIGHT) - 1;
    let first = compared.map_or(last, |day| (day + 1).max(last + 1 - MADE_UP));
    (first <= last).then_some(first..=last)
}

/// Compares every day once it is over, as long as the shop runs.
pub struct Daily {
    provider: HttpProvider,
    books: Books,
    clock: Arc<dyn Clock>,
    alarms: Arc<Alarms>,
    file: PathBuf,
    since: Timestamp,
    /// The days before could not be compared, and that was told.
    told: bool,
    stop: Arc<AtomicBool>,
}

impl Drop for Daily {
    fn drop(&mut self) {
        // Whoever is reading for it need not go on.
        self.stop.store(true, Relaxed);
    }
}

impl Daily {
    /// For the shop in this folder; nothing before `since` is compared.
    ///
    /// # Errors
    /// When the journal cannot be read.
    pub fn of(
        engine: &Engine<Shop>,
        folder: &Path,
        provider: HttpProvider,
        since: Timestamp,
    ) -> journal::Result<Daily> {
        Ok(Daily {
            provider,
            books: Books::of(engine)?,
            clock: engine.clock().clone(),
            alarms: engine.alarms().clone(),
            file: folder.join(FILE),
            since,
            told: false,
            stop: Arc::new(AtomicBool::new(false)),
        })
    }

    /// Looks now and then, for ever; whoever drops it ends it.
    pub async fn run(mut self) {
        let mut looks = tokio::time::interval(LOOK);
        looks.set_missed_tick_behavior(tokio::time::MissedTickBehavior::Delay);
        loop {
            looks.tick().await;
            self.look().await;
        }
    }

    /// Compares what is due, and tells of it: by alarm and in the log.
    pub async fn look(&mut self) -> Option<Compared> {
        let now = self.clock.now();
        let days = due(self.mark().map(|mark| mark.day), now)?;
        let question = Question { days, since: self.since, now };
        let done = match self.compare(&question).await {
            Ok(compared) => self.keep(&question, &compared).map(|()| compared),
            Err(error) => Err(error),
        };
        match done {
            Ok(compared) => {
                self.told = false;
                self.tell(now, &compared);
                Some(compared)
            }
            Err(error) => {
                tracing::warn!(%error, "the books are not compared; it is tried again");
                // Once, and not every ten minutes.
                if !std::mem::replace(&mut self.told, true) {
                    self.alarms.raise(now, "not_reconciled", error.to_string());
                }
                None
            }
        }
    }

    async fn compare(&mut self, question: &Question) -> Result<Compared, NotCompared> {
        let books = self.books.another()?;
        compare(&self.provider, books, question.clone(), self.stop.clone()).await
    }

    fn tell(&self, now: Timestamp, compared: &Compared) {
        let Compared { first, last, differences } = compared;
        if differences.is_empty() {
            tracing::info!(first, last, "the provider's books agree with ours");
            return;
        }
        let lines: Vec<String> = differences.iter().take(NAMED).map(in_words).collect();
        lines.iter().for_each(|line| tracing::error!(first, last, "{line}"));
        let count = differences.len();
        let text = format!("{first} to {last}: {count} differences; {}", lines.join("; "));
        self.alarms.raise(now, "books_differ", text);
    }

    /// A file that cannot be read is as none: a day is compared again.
    fn mark(&self) -> Option<Mark> {
        fs::read(&self.file).ok().and_then(|text| serde_json::from_slice(&text).ok())
    }

    /// Written beside and renamed, so that there is always a whole one.
    fn keep(&self, question: &Question, compared: &Compared) -> Result<(), NotCompared> {
        let mark = Mark {
            last: compared.last.clone(),
            day: *question.days.end(),
            at: question.now,
            differences: compared.differences.len(),
        };
        let write = || {
            let folder = self.file.parent().unwrap_or(Path::new("."));
            let mut beside = tempfile::NamedTempFile::new_in(folder)?;
            serde_json::to_writer(&mut beside, &mark)?;
            beside.write_all(b"\n")?;
            beside.as_file().sync_all()?;
            beside.persist(&self.file)?;
            io::Result::Ok(())
        };
        write().map_err(|error| NotCompared::Unwritten { path: self.file.clone(), error })
    }
}

/// `capture 1 of 018f….1: ours 9.00 GBP, theirs 8.99 GBP`.
pub fn in_words(difference: &Difference) -> String {
    use reconcile::Movement;
    let Difference { payment, movement, number, what } = difference;
    let movement = match movement {
        Movement::Capture => "capture",
        Movement::Refund => "refund",
    };
    let what = match what {
        Disagreement::MissingThere { ours } => format!("{ours} here, not settled there"),
        Disagreement::MissingHere { theirs } => format!("{theirs} settled there, unknown here"),
        Disagreement::Amount { ours, theirs } => format!("{ours} here, {theirs} there"),
        Disagreement::Double { theirs, times } => format!("{theirs} settled there {times} times"),
    };
    format!("{movement} {number} of payment {payment}: {what}")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_day_is_due_once_when_it_is_over_and_missed_ones_are_made_up_for() {
        let at = |hours: i64| Timestamp::from_micros(hours * 3_600_000_000);
        assert_eq!(due(None, at(100 * 24 + 2)), Some(99..=99), "the first time: the day before");
        assert_eq!(due(Some(99), at(100 * 24 + 2)), None);
        assert_eq!(due(Some(99), at(101 * 24)), None, "its file may not be there yet");
        assert_eq!(due(Some(99), at(101 * 24 + 1)), Some(100..=100));
        assert_eq!(due(Some(90), at(101 * 24 + 1)), Some(91..=100));
        assert_eq!(due(Some(3), at(101 * 24 + 1)), Some(70..=100), "a month at most");
        assert_eq!(due(Some(200), at(101 * 24 + 1)), None, "a clock that was set back");
    }
}
