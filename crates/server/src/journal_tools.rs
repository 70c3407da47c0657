//! Looks into a journal: one stream as it was, the newest facts, everything as JSON Lines, and whether
//! all of it is sound.

use engine::Audit;
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

/// How facts are written.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Form {
    /// A line each, for people.
    Text,
    /// For programs.
    Json,
}

/// The facts of a stream, and what it remembers after them.
///
/// # Errors
/// When the journal cannot be read, or there can be no such stream.
pub fn show(
    folder: &Path,
    (stream, at): (&str, Option<Moment>),
    form: Form,
    out: &mut impl Write,
) -> Result<(), ToolError> {
    let name: Stream = stream.parse().map_err(|_| ToolError::NoStream(stream.to_owned()))?;
    let (reader, index) = journal::sqlite::read(folder)?;
    let until = until(&*reader, at)?;
    let feed = engine::Feed::<Shop>::new(tip(&*reader)?, 0);
    let mut past = engine::Past::new(feed, reader.another()?, index)?;
    let facts = past.facts_of(&name)?;
    let (state, version) = past.state_at(&name, until)?;
    if version == 0 && !Shop::is_process(&name) {
        return Err(ToolError::NothingThere(stream.to_owned()));
    }
    let mut lines = Vec::new();
    for recorded in facts.iter().filter(|recorded| recorded.position <= until) {
        let mut line = Vec::new();
        journal::LineWriter::default().write(recorded, stream, &mut line)?;
        let line = String::from_utf8_lossy(&line).into_owned();
        match form {
            Form::Text => write_line(line.trim_end(), form, out)?,
            Form::Json => lines.push(with_partition(line.trim_end())),
        }
    }
    let state = serde_json::to_string(&state).map_err(journal::Error::from)?;
    match form {
        Form::Text => writeln!(out, "\n{stream} after {version} facts of its own:\n{state}")?,
        Form::Json => {
            let (stream, facts) = (serde_json::Value::from(stream), lines.join(","));
            writeln!(
                out,
                "{{\"stream\":{stream},\"version\":{version},\"state\":{state},\"facts\":[{facts}]}}"
            )?;
        }
    }
    Ok(())
}

/// As it goes to whoever is outside.
fn with_partition(line: &str) -> String {
    format!("{{\"partition\":{PARTITION},{}", &line[1..])
}

fn write_line(line: &str, form: Form, out: &mut impl Write) -> Result<(), ToolError> {
    match form {
        Form::Json => writeln!(out, "{}", with_partition(line))?,
        Form::Text => {
            let raw = RawLine::read(line)?;
            let fact: serde_json::Value =
                serde_json::from_str(line).map_err(journal::Error::from)?;
            let body = fact.get("body").map_or_else(String::new, ToString::to_string);
            let (at, stream) = (raw.at, raw.stream);
            writeln!(out, "{:>9}  {at}  {:<28}  {stream}  {body}", raw.position, raw.kind)?;
        }
    }
    Ok(())
}

pub(crate) fn tip(reader: &dyn Reader) -> journal::Result<Position> {
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
pub fn tail(folder: &Path, count: u64, form: Form, out: &mut impl Write) -> Result<(), ToolError> {
    let (reader, _) = journal::sqlite::read(folder)?;
    let after = tip(&*reader)?.saturating_sub(count);
    export_from(&*reader, (after, form), &Filter::default(), out)
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
    export_from(&*reader, (0, Form::Json), filter, out)
}

fn export_from(
    reader: &dyn Reader,
    (after, form): (Position, Form),
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
                write_line(line, form, out)?;
            }
        }
        next = reader.block_after(block.last)?;
    }
    out.flush()?;
    Ok(())
}

/// Reads everything again, and compares what the index remembers.
///
/// # Errors
/// The first thing that is not sound.
pub fn verify(folder: &Path) -> Result<Audit, ToolError> {
    let (reader, index) = journal::sqlite::read(folder)?;
    let index: &dyn IndexReader = &*index;
    Ok(engine::audit::<Shop>(&*reader, Some(index))?)
}

/// What was found sound, in a line.
pub fn in_words(audit: &Audit) -> String {
    let Audit { verified, unfinished, timers, snapshots, .. } = audit;
    format!(
        "sound: {} blocks, {} facts, {} streams; {snapshots} remembered states equal their refold; \
         {unfinished} stories under way, {timers} timers set",
        verified.blocks, verified.facts, verified.streams
    )
}
