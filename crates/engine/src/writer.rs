//! The thread that makes batches durable and answers; whatever else wants the facts follows behind.

use crate::{
    Caused, Committed, Feed,
    answer::Answer,
    batch::{Batch, Look, Outcome, Reply, Until},
    follower::{Followed, Pace},
    gauges::Gauges,
};
use crossbeam_channel::{Receiver, Sender};
use journal::{BlockBuilder, Journal, Key, LineReader, LineWriter, Reader};
use kernel::{Business, CommandId, Position, Recorded};
use std::{
    fmt::{Display, Write},
    sync::{
        Arc,
        atomic::Ordering::{Relaxed, Release},
    },
    time::Instant,
};

/// One block after the other; used by its thread, and step by step in a simulation.
pub(crate) struct Writer<B: Business> {
    journal: Box<dyn Journal>,
    reader: Box<dyn Reader>,
    lines: LineWriter,
    read: LineReader<B>,
    builder: BlockBuilder,
    /// Checksum of the newest block.
    sum: u32,
    feed: Feed<B>,
    gauges: Arc<Gauges>,
    pace: Arc<Pace>,
    text: Vec<u8>,
    name: String,
}

impl<B: Business> Writer<B> {
    pub(crate) fn new(
        journal: Box<dyn Journal>,
        feed: Feed<B>,
        gauges: Arc<Gauges>,
        pace: Arc<Pace>,
    ) -> journal::Result<Writer<B>> {
        let reader = journal.reader()?;
        let sum = journal.tip().map_or(0, |tip| tip.sum);
        Ok(Writer {
            journal,
            reader,
            lines: LineWriter::default(),
            read: LineReader::default(),
            builder: BlockBuilder::default(),
            sum,
            feed,
            gauges,
            pace,
            text: Vec::new(),
            name: String::new(),
        })
    }

    /// Until the sequencer is gone. After an error memory is ahead of the disk, and only a start from
    /// the journal is honest.
    pub(crate) fn run(
        mut self,
        batches: &Receiver<Batch<B>>,
        index: &Sender<Followed>,
    ) -> journal::Result<()> {
        while let Ok(batch) = batches.recv() {
            if let Some(followed) = self.store(batch)? {
                let start = Instant::now();
                self.pace.wait(followed.last());
                Gauges::add(&self.gauges.held_back, start.elapsed());
                if index.send(followed).is_err() {
                    // The index has told why it stopped; it is rebuilt at the next start.
                    return Ok(());
                }
            }
        }
        Ok(())
    }

    /// Makes a batch durable, answers, publishes; what the index must know comes back.
    pub(crate) fn store(&mut self, mut batch: Batch<B>) -> journal::Result<Option<Followed>> {
        let start = Instant::now();
        let (mut followed, block) = self.seal(&batch.facts)?;
        let sealed = Instant::now();
        Gauges::add(&self.gauges.encoding, sealed - start);
        if let Some(block) = block {
            self.journal.append_spending(&block, &batch.vault, &batch.spent)?;
            Gauges::add(&self.gauges.committing, sealed.elapsed());
            self.sum = block.sum;
            self.gauges.blocks.fetch_add(1, Relaxed);
            self.gauges.block_bytes.fetch_add(block.body.len() as u64, Relaxed);
        }
        let facts = Arc::new(Committed { facts: std::mem::take(&mut batch.facts) });
        // Published first, so that whoever has his answer finds it wherever he looks.
        if !facts.facts.is_empty() {
            self.feed.publish(facts.clone());
            self.gauges.committed.store(facts.last(), Release);
        }
        self.answer(batch.replies, &facts)?;
        self.show(batch.looks);
        let barrier = match batch.barrier {
            Some(barrier) if barrier.until == Until::Durable => {
                // Whoever waited may have given up.
                let _ = barrier.done.send(());
                None
            }
            other => other.map(|barrier| barrier.done),
        };
        followed.take_over(batch.snapshots, batch.timers, batch.hurry, barrier);
        Ok((!followed.is_empty()).then_some(followed))
    }

    /// Writes the lines of a block; also what the index will have to know of it.
    fn seal(
        &mut self,
        facts: &[Recorded<B>],
    ) -> journal::Result<(Followed, Option<journal::Block>)> {
        let mut keys = Vec::with_capacity(facts.len() * 2);
        for recorded in facts {
            self.text.clear();
            let from = keys.len();
            name_of(&recorded.stream(), &mut self.name);
            self.lines.write(recorded, &self.name, &mut self.text)?;
            keys.push(Key::of_stream(&self.name));
            further_keys_of(recorded, &mut self.name, &mut keys);
            self.builder.push(recorded.position, recorded.at(), &self.text, &keys[from..])?;
        }
        if facts.is_empty() {
            return Ok((Followed::nothing(), None));
        }
        let block = self.builder.seal(self.sum)?;
        let followed = Followed::block(&block, keys);
        Ok((followed, Some(block)))
    }

    fn answer(&mut self, replies: Vec<Reply<B>>, facts: &Arc<Committed<B>>) -> journal::Result<()> {
        let count = replies.len();
        for Reply { to, outcome } in replies {
            let answer = match outcome {
                Outcome::Caused(range) => Ok(Caused::of(facts.clone(), range, false)),
                Outcome::Repeated { command, position } => self.answer_again(command, position)?,
                Outcome::Rejected(rejection) => Err(rejection),
            };
            // A client that no longer waits has lost nothing: its retry finds the same facts.
            let _ = to.send(answer);
        }
        self.gauges.waiting.fetch_sub(count, Relaxed);
        self.gauges.answered.fetch_add(count as u64, Relaxed);
        Ok(())
    }

    fn show(&self, looks: Vec<Look<B>>) {
        self.gauges.waiting.fetch_sub(looks.len(), Relaxed);
        for Look { to, seen } in looks {
            // Whoever asked may have gone.
            let _ = to.send(seen);
        }
    }

    /// The facts of a command obeyed before: they lie side by side, all in one block.
    fn answer_again(
        &mut self,
        command: CommandId,
        position: Position,
    ) -> journal::Result<Answer<B>> {
        let mut facts = Vec::new();
        if let Some(block) = self.reader.block_holding(position)? {
            for line in block.text_of(Key::of_command(command))?.lines() {
                let recorded = self.read.read(line)?;
                if recorded.origin.command == Some(command) {
                    facts.push(recorded);
                }
            }
        }
        let range = 0..facts.len();
        Ok(Ok(Caused::of(Arc::new(Committed { facts }), range, true)))
    }
}

/// By what a fact is found again: its stream, the stories that hear it, the command behind it.
pub(crate) fn keys_of<B: Business>(recorded: &Recorded<B>, name: &mut String, keys: &mut Vec<Key>) {
    name_of(&recorded.stream(), name);
    keys.push(Key::of_stream(name));
    further_keys_of(recorded, name, keys);
}

/// All but its stream's, which is the last of `keys`.
fn further_keys_of<B: Business>(recorded: &Recorded<B>, name: &mut String, keys: &mut Vec<Key>) {
    let from = keys.len() - 1;
    for process in B::hearers(&recorded.fact) {
        name_of(&process, name);
        let key = Key::of_stream(name);
        if !keys[from..].contains(&key) {
            keys.push(key);
        }
    }
    if let Some(command) = recorded.origin.command {
        keys.push(Key::of_command(command));
    }
}

fn name_of(stream: &impl Display, name: &mut String) {
    name.clear();
    write!(name, "{stream}").expect("a string takes any text");
}
