//! Looks into a journal: one stream as it was, the newest facts, everything as JSON Lines, and whether
//! all of it is sound.

use flows::{Shop, Stream};
use journal::{IndexReader, RawLine, Reader};
use kernel::{Business, PARTITION, Position, Timestamp};
use std::{
    io::{self, Write},
    path::Path,
};

/// Why it cannot be shown.
#[derive(Debug, thiserror::Error)]
pub enum ToolError {
    /// The journal.
    #[error(transparent)]
    Journal(#[from] journal::Error),
    /// The output.
    #[error("the output cannot be written: {0}")]
    Output(#[from] io::Error),
    /// No such stream can exist.
    #[error("{0:?} names no stream: write it as in `order/018f…` or `stock/85123A`")]
    NoStream(String),
    /// Nothing has happened in a stream.
    #[error("nothing has happened in {0}, at least until then")]
    NothingThere(String),
    /// Neither a position nor a time.
    #[error("{0:?} is neither a position (a number) nor a time (2026-11-20T10:00:00Z)")]
    NoMoment(String),
}

/// A position, or a time.
#[derive(Clone, Copy, Debug, PartialEq)]
pub enum Moment {
    /// After this fact.
    Position(Position),
    /// After all that had happened by then.
    Time(Timestamp),
}

impl std::str::FromStr for Moment {
    type Err = ToolError;

    fn from_str(text: &str) -> Result<Moment, ToolError> {
        let position = text.parse().map(Moment::Position).ok();
        let moment = position.or_else(|| text.parse().map(Moment::Time).ok());
        moment.ok_or_else(|| ToolError::NoMoment(text.to_owned()))
    }
}

/// The facts of a stream, and what it remembers after them.
///
/// # Errors
/// When the journal cannot be read, or there can be no such stream.
pub fn show(
    folder: &Path,
    stream: &str,
    at: Option<Moment>,
    out: &mut impl Write,
) -> Result<(), ToolError> {
    let name: Stream = stream.parse().map_err(|_| ToolError::NoStream(stream.to_owned()))?;
    let (reader, index) = journal::sqlite::read(folder)?;
    let until = until(&*reader, at)?;
    let feed = engine::Feed::<Shop>::new(tip(&*reader)?, 0);
    let mut past = engine::Past::new(feed, reader.another()?, index)?;
    for recorded in past.facts_of(&name)? {
        if recorded.position <= until {
            let mut line = Vec::new();
            journal::LineWriter::default().write(&recorded, stream, &mut line)?;
            out.write_all(&line)?;
        }
    }
    let (state, version) = past.state_at(&name, until)?;
    if version == 0 && !Shop::is_process(&name) {
        return Err(ToolError::NothingThere(stream.to_owned()));
    }
    let state = serde_json::to_string(&state).map_err(journal::Error::from)?;
    writeln!(out, "{stream} after {version} facts of its own:\n{state}")?;
    Ok(())
}

fn tip(reader: &dyn Reader) -> journal::Result<Position> {
    let last = reader.block_at_time(Timestamp::MAX)?;
    Ok(last.map_or(0, |block| block.last))
}

fn until(reader: &dyn Reader, at: Option<Moment>) -> journal::Result<Position> {
    match at {
        None => Ok(Position::MAX),
        Some(Moment::Position(position)) => Ok(position),
        Some(Moment::Time(time)) => {
            let Some(block) = reader.block_at_time(time)? else { return Ok(0) };
            let mut position = block.first - 1;
            for line in block.text()?.lines() {
                let raw = RawLine::read(line)?;
                if raw.at.parse::<Timestamp>().is_ok_and(|at| at > time) {
                    break;
                }
                position = raw.position;
            }
            Ok(position)
        }
    }
}

/// The newest facts.
///
/// # Errors
/// When the journal cannot be read.
pub fn tail(folder: &Path, count: u64, out: &mut impl Write) -> Result<(), ToolError> {
    let (reader, _) = journal::sqlite::read(folder)?;
    let after = tip(&*reader)?.saturating_sub(count);
    export_from(&*reader, after, &Filter::default(), out)
}

/// Which facts are exported; all where nothing is said.
#[derive(Clone, Debug, Default)]
pub struct Filter {
    /// Of this stream.
    pub stream: Option<String>,
    /// Of this type, `orders/placed@1`.
    pub kind: Option<String>,
    /// Not before this.
    pub from: Option<Timestamp>,
    /// Not after this.
    pub until: Option<Timestamp>,
}

impl Filter {
    fn wants(&self, raw: &RawLine<'_>) -> bool {
        let at = || raw.at.parse::<Timestamp>().ok();
        self.stream.as_ref().is_none_or(|stream| *stream == raw.stream)
            && self.kind.as_ref().is_none_or(|kind| *kind == raw.kind)
            && self.from.is_none_or(|from| at().is_some_and(|at| at >= from))
            && self.until.is_none_or(|until| at().is_some_and(|at| at <= until))
    }

    fn is_everything(&self) -> bool {
        self.stream.is_none() && self.kind.is_none() && self.from.is_none() && self.until.is_none()
    }
}

/// Facts as JSON Lines.
///
/// # Errors
/// When the journal cannot be read, or the output not be written.
pub fn export(folder: &Path, filter: &Filter, out: &mut impl Write) -> Result<(), ToolError> {
    let (reader, _) = journal::sqlite::read(folder)?;
    export_from(&*reader, 0, filter, out)
}

fn export_from(
    reader: &dyn Reader,
    after: Position,
    filter: &Filter,
    out: &mut impl Write,
) -> Result<(), ToolError> {
    let mut next = reader.block_holding(after + 1)?;
    while let Some(block) = next {
        for line in block.text()?.lines() {
            let whole = filter.is_everything() && block.first > after;
            if whole || {
                let raw = RawLine::read(line)?;
                raw.position > after && filter.wants(&raw)
            } {
                writeln!(out, "{{\"partition\":{PARTITION},{}", &line[1..])?;
            }
        }
        next = reader.block_after(block.last)?;
    }
    out.flush()?;
    Ok(())
}

/// Copies the journal as it is at this moment; it may be written meanwhile.
///
/// # Errors
/// When the journal cannot be read, or the copy not be written.
pub fn backup(folder: &Path, to: &Path, out: &mut impl Write) -> Result<(), ToolError> {
    journal::sqlite::backup(folder, to)?;
    let (reader, _) = journal::sqlite::read(to)?;
    writeln!(out, "{}: up to position {}", to.display(), tip(&*reader)?)?;
    Ok(())
}

/// Reads everything again, and compares what the index remembers.
///
/// # Errors
/// The first thing that is not sound.
pub fn verify(folder: &Path, out: &mut impl Write) -> Result<(), ToolError> {
    let (reader, index) = journal::sqlite::read(folder)?;
    let index: &dyn IndexReader = &*index;
    let audit = engine::audit::<Shop>(&*reader, Some(index))?;
    let engine::Audit { verified, unfinished, timers, snapshots, .. } = audit;
    writeln!(
        out,
        "sound: {} blocks, {} facts, {} streams; {snapshots} remembered states equal their refold; \
         {unfinished} stories under way, {timers} timers set",
        verified.blocks, verified.facts, verified.streams
    )?;
    Ok(())
}
