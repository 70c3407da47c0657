//! One file that is imported: its rows, whatever it is written in.

use super::{
    ImportError,
    columns::{Header, HeaderError},
    csv::Rows,
    entry::Entry,
    fault::Fault,
    jsonl::{self, LINE_BYTES_MAX},
    lines::Lines,
};
use kernel::Currency;
use std::io::{self, BufRead};

/// What a file is written in.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Format {
    /// A row a variant.
    Csv,
    /// A line a product.
    JsonLines,
}

impl Format {
    /// By the ending of a file's name.
    pub fn of_name(name: &str) -> Option<Format> {
        match name.rsplit_once('.')?.1.to_ascii_lowercase().as_str() {
            "csv" => Some(Format::Csv),
            "jsonl" | "ndjson" => Some(Format::JsonLines),
            _ => None,
        }
    }
}

/// How files are read.
#[derive(Clone, Debug)]
pub struct Reading {
    /// Of the shop, and of every price.
    pub currency: Currency,
    /// Columns that are passed over.
    pub ignored: Vec<String>,
}

/// A file whose rows come next.
pub struct File {
    name: String,
    currency: Currency,
    rows: Source,
}

enum Source {
    Csv(Rows<Box<dyn BufRead>>, Header),
    JsonLines(Lines<Box<dyn BufRead>>),
}

/// Where a row begins, and what it says.
pub(super) type Read = (u64, Result<Entry, Fault>);

impl File {
    /// Reads what a file begins with.
    ///
    /// # Errors
    /// When it cannot be read, or its header means nothing.
    pub fn open(
        name: &str,
        format: Format,
        source: Box<dyn BufRead>,
        reading: &Reading,
    ) -> Result<File, ImportError> {
        let rows = match format {
            Format::JsonLines => Source::JsonLines(Lines::of(source, LINE_BYTES_MAX)),
            Format::Csv => {
                let mut rows = Rows::of(source);
                let first = rows.next().map_err(|source| unreadable(name, source))?;
                let names = match first {
                    None => Err(HeaderError::NoSku),
                    Some((_, Err(fault))) => Err(HeaderError::NoRow(fault.reason)),
                    Some((_, Ok(names))) => Ok(names),
                };
                let header =
                    names.and_then(|names| Header::read(names, &reading.ignored, reading.currency));
                let header = header
                    .map_err(|source| ImportError::Header { file: name.to_owned(), source })?;
                Source::Csv(rows, header)
            }
        };
        Ok(File { name: name.to_owned(), currency: reading.currency, rows })
    }

    pub(super) fn next(&mut self) -> Result<Option<Read>, ImportError> {
        let read = match &mut self.rows {
            Source::Csv(rows, header) => rows
                .next()
                .map(|row| row.map(|(line, row)| (line, row.and_then(|row| header.entry(&row))))),
            Source::JsonLines(lines) => next_product(lines, self.currency),
        };
        read.map_err(|source| unreadable(&self.name, source))
    }

    /// Bytes that were read so far.
    pub(super) fn bytes(&self) -> u64 {
        match &self.rows {
            Source::Csv(rows, _) => rows.lines.bytes(),
            Source::JsonLines(lines) => lines.bytes(),
        }
    }

    /// How it is called.
    pub fn name(&self) -> &str {
        &self.name
    }
}

fn unreadable(file: &str, source: io::Error) -> ImportError {
    ImportError::Unreadable { file: file.to_owned(), source }
}

fn next_product(
    lines: &mut Lines<Box<dyn BufRead>>,
    currency: Currency,
) -> io::Result<Option<Read>> {
    while let Some(line) = lines.next()? {
        if !line.whole {
            return Ok(Some((line.number, Err(Fault::too_long(LINE_BYTES_MAX)))));
        }
        if !line.text.trim_ascii().is_empty() {
            return Ok(Some((line.number, jsonl::entry(&line.text, currency))));
        }
    }
    Ok(None)
}
