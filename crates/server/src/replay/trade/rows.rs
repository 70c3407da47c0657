//! Reads a trade file line by line; what cannot be understood is set aside and the rest goes on.

use super::{
    fields::{self, Kind, Price},
    flaw::{Flaw, Malformed},
};
use kernel::{Sku, Timestamp};
use std::{
    io::{self, BufRead, Read},
    path::{Path, PathBuf},
};

/// A line longer than this is no row of a trade.
pub(super) const LINE_BYTES_MAX: usize = 64 * 1024;
/// So many rows can be planned; they are all kept in memory.
const ROWS_MAX: u64 = 50_000_000;

/// The columns, each with the names it goes by; small letters, without spaces.
const COLUMNS: [(&str, &[&str]); 8] = [
    ("InvoiceNo", &["invoiceno", "invoice"]),
    ("StockCode", &["stockcode"]),
    ("Description", &["description"]),
    ("Quantity", &["quantity"]),
    ("InvoiceDate", &["invoicedate"]),
    ("UnitPrice", &["unitprice", "price"]),
    ("CustomerID", &["customerid"]),
    ("Country", &["country"]),
];

/// Why a file cannot be played as a trade.
#[derive(Debug, thiserror::Error)]
pub enum TradeError {
    /// The file or its compression is damaged, or cannot be opened.
    #[error("{} cannot be read: {source}", .file.display())]
    Unreadable {
        /// Which.
        file: PathBuf,
        /// What the system says.
        source: io::Error,
    },
    /// The source failed while it was read.
    #[error("the trade cannot be read: {0}")]
    Broken(#[from] io::Error),
    /// The first line is no header of a trade.
    #[error("the first line must name the columns of a trade; missing: {}", .missing.join(", "))]
    Header {
        /// Columns that were not found.
        missing: Vec<&'static str>,
    },
    /// More rows than can be planned at once.
    #[error("the trade has more than {ROWS_MAX} rows: play it in parts with --until")]
    TooManyRows,
}

impl TradeError {
    pub(super) fn in_file(self, file: &Path) -> TradeError {
        match self {
            TradeError::Broken(source) => TradeError::Unreadable { file: file.to_owned(), source },
            other => other,
        }
    }
}

/// One row, understood value by value.
#[derive(Debug)]
pub(super) struct Row<'a> {
    pub(super) file_line: u64,
    pub(super) kind: Kind,
    pub(super) invoice: &'a str,
    pub(super) sku: Sku,
    pub(super) title: &'a str,
    pub(super) quantity: i64,
    pub(super) at: Timestamp,
    pub(super) price: Price,
    pub(super) customer: Option<&'a str>,
    pub(super) country: &'a str,
}

/// The rows of a trade file before `until`.
pub(super) struct Rows<R> {
    source: R,
    until: Option<Timestamp>,
    file_line: u64,
    taken: u64,
    /// The line being read, and the same as values.
    line: Vec<u8>,
    values: Values,
    /// How many values a row has, and where among them each of [`COLUMNS`] stands.
    width: usize,
    places: [usize; COLUMNS.len()],
}

impl<R: BufRead> Rows<R> {
    /// Reads the header.
    pub(super) fn open(source: R, until: Option<Timestamp>) -> Result<Rows<R>, TradeError> {
        let (line, values) = (Vec::new(), Values::default());
        let places = [0; COLUMNS.len()];
        let mut rows =
            Rows { source, until, file_line: 0, taken: 0, line, values, width: 0, places };
        rows.next_line()?;
        let text = str::from_utf8(&rows.line).unwrap_or_default();
        rows.values.split(text.trim_start_matches('\u{feff}')).unwrap_or_default();
        rows.width = rows.values.ends.len();
        let mut missing = Vec::new();
        for (place, (column, names)) in rows.places.iter_mut().zip(COLUMNS) {
            let is_it = |at: &usize| {
                let heading = rows.values.get(*at).to_ascii_lowercase().replace(' ', "");
                names.contains(&heading.as_str())
            };
            match (0..rows.width).find(is_it) {
                Some(found) => *place = found,
                None => missing.push(column),
            }
        }
        if missing.is_empty() { Ok(rows) } else { Err(TradeError::Header { missing }) }
    }

    /// The next row or malformed row; `None` at the end of the file.
    pub(super) fn next(&mut self) -> Result<Option<Result<Row<'_>, Malformed>>, TradeError> {
        loop {
            let Some(whole) = self.next_line()? else { return Ok(None) };
            if whole && self.line.is_empty() {
                continue; // a blank line is no row
            }
            let line = self.file_line;
            match self.split(whole) {
                // A row whose time can be read and is too late is not part of the trade.
                Ok(at) if self.until.is_some_and(|until| at >= until) => continue,
                read => {
                    self.taken += 1;
                    if self.taken > ROWS_MAX {
                        return Err(TradeError::TooManyRows);
                    }
                    let row = read.and_then(|at| self.understand(at));
                    return Ok(Some(row.map_err(|reason| Malformed { line, reason })));
                }
            }
        }
    }

    /// Reads a line without its ending; `Some(false)` when it was cut short for its length.
    fn next_line(&mut self) -> Result<Option<bool>, TradeError> {
        self.line.clear();
        self.file_line += 1;
        let most = LINE_BYTES_MAX as u64 + 2; // with the line's ending
        if self.source.by_ref().take(most).read_until(b'\n', &mut self.line)? == 0 {
            return Ok(None);
        }
        match self.line.strip_suffix(b"\n").map(|line| line.strip_suffix(b"\r").unwrap_or(line)) {
            Some(line) => self.line.truncate(line.len()),
            None if self.line.len() > LINE_BYTES_MAX => {
                self.source.skip_until(b'\n')?;
            }
            None => {} // the last line may lack its ending
        }
        Ok(Some(self.line.len() <= LINE_BYTES_MAX))
    }

    fn split(&mut self, whole: bool) -> Result<Timestamp, Flaw> {
        if !whole {
            return Err(Flaw::TooLong);
        }
        self.values.split(str::from_utf8(&self.line).map_err(|_| Flaw::NotText)?)?;
        let found = self.values.ends.len();
        if found != self.width {
            return Err(Flaw::Columns { found, expected: self.width });
        }
        fields::time(self.values.get(self.places[4]))
    }

    fn understand(&self, at: Timestamp) -> Result<Row<'_>, Flaw> {
        let [invoice, code, title, quantity, _, price, customer, country] =
            self.places.map(|place| self.values.get(place));
        Ok(Row {
            file_line: self.file_line,
            kind: fields::kind(invoice)?,
            invoice,
            sku: fields::sku(code)?,
            title,
            quantity: fields::quantity(quantity)?,
            at,
            price: fields::price(price)?,
            customer: fields::customer(customer)?,
            country: fields::country(country)?,
        })
    }
}

/// The values of one line, without their quotes and the spaces around them.
#[derive(Default)]
struct Values {
    text: String,
    ends: Vec<usize>,
}

impl Values {
    fn get(&self, at: usize) -> &str {
        let start = if at == 0 { 0 } else { self.ends[at - 1] };
        self.text[start..self.ends[at]].trim()
    }

    /// Values are parted by commas (RFC 4180); a quoted value ends in the line it began in.
    fn split(&mut self, line: &str) -> Result<(), Flaw> {
        self.text.clear();
        self.ends.clear();
        let mut rest = line;
        loop {
            let next = match rest.strip_prefix('"') {
                Some(quoted) => self.take_quoted(quoted)?,
                None => self.take_plain(rest),
            };
            self.ends.push(self.text.len());
            match next {
                Some(next) => rest = next,
                None => return Ok(()),
            }
        }
    }

    fn take_plain<'a>(&mut self, rest: &'a str) -> Option<&'a str> {
        match rest.split_once(',') {
            Some((value, next)) => {
                self.text.push_str(value);
                Some(next)
            }
            None => {
                self.text.push_str(rest);
                None
            }
        }
    }

    fn take_quoted<'a>(&mut self, mut rest: &'a str) -> Result<Option<&'a str>, Flaw> {
        loop {
            let (value, after) = rest.split_once('"').ok_or(Flaw::Quotes)?;
            self.text.push_str(value);
            match after.bytes().next() {
                None => return Ok(None),
                Some(b',') => return Ok(Some(&after[1..])),
                Some(b'"') => self.text.push('"'), // a doubled quote stands for one
                Some(_) => return Err(Flaw::Quotes),
            }
            rest = &after[1..];
        }
    }
}
