//! A fact as one line of flat JSON, so that any program can read it.

use crate::{Error, Result};
use kernel::{Business, CommandId, Origin, PARTITION, Recorded, Timestamp};
use serde::Deserialize;
use std::{borrow::Cow, io::Write, marker::PhantomData, sync::Arc};

const STREAM: &str = "\"stream\":";

/// Writes lines; what a cascade's facts share is put into text once.
#[derive(Debug, Default)]
pub struct LineWriter {
    origin: Option<Arc<Origin>>,
    /// `,"at":…` up to the fact, for that origin.
    shared: Vec<u8>,
}

impl LineWriter {
    /// Appends a line and its line feed; `stream` is the text of the fact's stream.
    ///
    /// # Errors
    /// When the fact cannot be put into JSON.
    pub fn write<B: Business>(
        &mut self,
        recorded: &Recorded<B>,
        stream: &str,
        out: &mut Vec<u8>,
    ) -> Result<()> {
        self.share(&recorded.origin);
        out.extend_from_slice(b"{\"position\":");
        number(recorded.position, out);
        out.push(b',');
        out.extend_from_slice(STREAM.as_bytes());
        serde_json::to_writer(&mut *out, stream)?;
        out.extend_from_slice(b",\"version\":");
        number(recorded.version, out);
        out.extend_from_slice(&self.shared);
        if let Some(cause) = recorded.cause {
            out.extend_from_slice(b",\"causation\":\"");
            number(u64::from(PARTITION), out);
            out.push(b':');
            number(cause, out);
            out.push(b'"');
        }
        // One flat object: the brace that opens the fact becomes a comma.
        let comma = out.len();
        B::write_fact(&recorded.fact, out)?;
        out[comma] = b',';
        out.push(b'\n');
        Ok(())
    }

    fn share(&mut self, origin: &Arc<Origin>) {
        if self.origin.as_ref().is_some_and(|known| Arc::ptr_eq(known, origin)) {
            return;
        }
        let out = &mut self.shared;
        out.clear();
        let written = write!(out, ",\"at\":\"{}\"", origin.at)
            .and_then(|()| origin.command.map_or(Ok(()), |id| write!(out, ",\"command\":\"{id}\"")))
            .and_then(|()| match origin.correlation.filter(|id| Some(*id) != origin.command) {
                Some(id) => write!(out, ",\"correlation\":\"{id}\""),
                None => Ok(()),
            })
            .and_then(|()| write!(out, ",\"actor\":"))
            .and_then(|()| Ok(serde_json::to_writer(&mut *out, &origin.actor)?))
            .and_then(|()| {
                let print = origin.fingerprint;
                print.map_or(Ok(()), |print| write!(out, ",\"fingerprint\":\"{print:016x}\""))
            });
        written.expect("memory takes any text");
        self.origin = Some(origin.clone());
    }
}

/// What the lines of a stream's own facts contain, and no others: a search before a line is read.
pub fn stream_in_line(stream: &str) -> String {
    format!("{STREAM}{},", serde_json::Value::from(stream))
}

fn number(mut number: u64, out: &mut Vec<u8>) {
    let mut digits = [0u8; 20];
    let mut at = digits.len();
    loop {
        at -= 1;
        digits[at] = b'0' + (number % 10) as u8;
        number /= 10;
        if number == 0 {
            break;
        }
    }
    out.extend_from_slice(&digits[at..]);
}

/// A line without its fact.
#[derive(Clone, Debug, Deserialize)]
pub struct RawLine<'a> {
    /// Place in the journal.
    pub position: u64,
    /// `kind/id`.
    #[serde(borrow)]
    pub stream: Cow<'a, str>,
    /// Counted from 1 within the stream.
    pub version: u64,
    /// When it happened, RFC 3339.
    #[serde(borrow)]
    pub at: Cow<'a, str>,
    /// The command behind it.
    #[serde(default, borrow)]
    command: Option<Cow<'a, str>>,
    #[serde(default, borrow)]
    correlation: Option<Cow<'a, str>>,
    #[serde(default, borrow)]
    causation: Option<Cow<'a, str>>,
    /// Who did it.
    #[serde(borrow)]
    pub actor: Cow<'a, str>,
    #[serde(default, borrow)]
    fingerprint: Option<Cow<'a, str>>,
    /// The wire name of the fact, `orders/placed@1`.
    #[serde(rename = "type", borrow)]
    pub kind: Cow<'a, str>,
}

impl<'a> RawLine<'a> {
    /// Reads what stands around the fact.
    ///
    /// # Errors
    /// When the line is no line of a journal.
    pub fn read(line: &'a str) -> Result<RawLine<'a>> {
        Ok(serde_json::from_str(line)?)
    }
}

/// Reads lines; facts of one cascade share their origin again.
#[derive(Debug)]
pub struct LineReader<B: Business> {
    /// The texts of the last origin, and what they mean.
    last: Option<(String, Arc<Origin>)>,
    shared: String,
    business: PhantomData<fn() -> B>,
}

impl<B: Business> Default for LineReader<B> {
    fn default() -> LineReader<B> {
        LineReader { last: None, shared: String::new(), business: PhantomData }
    }
}

impl<B: Business> LineReader<B> {
    /// Reads a fact with its envelope.
    ///
    /// # Errors
    /// When it is no fact of this business.
    pub fn read(&mut self, line: &str) -> Result<Recorded<B>> {
        let raw = RawLine::read(line)?;
        let bad = |what: &str, text: &str| Error::NotAFact(format!("{what} {text:?}"));
        let cause = match &raw.causation {
            None => None,
            Some(text) => {
                let position = text.split_once(':').and_then(|(_, position)| position.parse().ok());
                Some(position.ok_or_else(|| bad("causation", text))?)
            }
        };
        let origin = self.origin(&raw)?;
        let stream = raw.stream.parse::<B::Stream>();
        let stream = stream.map_err(|error| Error::NotAFact(error.to_string()))?;
        let fact = B::read_fact(&stream, line)?;
        Ok(Recorded { position: raw.position, version: raw.version, cause, origin, fact })
    }

    fn origin(&mut self, raw: &RawLine<'_>) -> Result<Arc<Origin>> {
        let texts = [Some(&raw.at), raw.command.as_ref(), raw.correlation.as_ref()];
        let texts = texts.into_iter().chain([Some(&raw.actor), raw.fingerprint.as_ref()]);
        self.shared.clear();
        for text in texts {
            self.shared.push_str(text.map_or("", |text| text));
            self.shared.push('\n');
        }
        if let Some((known, origin)) = &self.last
            && *known == self.shared
        {
            return Ok(origin.clone());
        }
        let bad = |what: &str| Error::NotAFact(format!("{what} at position {}", raw.position));
        let id = |text: &Option<Cow<'_, str>>| match text {
            None => Ok(None),
            Some(text) => text.parse::<CommandId>().map(Some).map_err(|_| bad("command id")),
        };
        let print = raw.fingerprint.as_ref().map(|text| u64::from_str_radix(text, 16));
        let command = id(&raw.command)?;
        let origin = Arc::new(Origin {
            at: raw.at.parse::<Timestamp>().map_err(|_| bad("time"))?,
            command,
            correlation: id(&raw.correlation)?.or(command),
            actor: (&*raw.actor).into(),
            fingerprint: print.transpose().map_err(|_| bad("fingerprint"))?,
        });
        self.last = Some((self.shared.clone(), origin.clone()));
        Ok(origin)
    }
}
