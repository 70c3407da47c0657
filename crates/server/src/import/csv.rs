//! Rows of a CSV file (RFC 4180): a quoted value may hold commas, quotes written twice, and lines.

use super::{
    fault::Fault,
    lines::{Line, Lines},
};
use std::io::{self, BufRead};

/// Bytes of a row, with all of its lines.
pub const ROW_BYTES_MAX: usize = 64 * 1024;

/// A row: where it begins, and its values or what is wrong with it.
pub(super) type Row = (u64, Result<Vec<String>, Fault>);

/// The rows of a file.
pub(super) struct Rows<R> {
    pub(super) lines: Lines<R>,
}

impl<R: BufRead> Rows<R> {
    pub(super) fn of(source: R) -> Rows<R> {
        Rows { lines: Lines::of(source, ROW_BYTES_MAX) }
    }

    /// The next row; none at the end of the file. A row that is none ends with its first line, so that
    /// a quote that nobody closes takes no other row with it.
    pub(super) fn next(&mut self) -> io::Result<Option<Row>> {
        let first = loop {
            match self.lines.next()? {
                None => return Ok(None),
                Some(line) if line.whole && line.text.is_empty() => {} // a blank line is no row
                Some(line) => break line,
            }
        };
        let number = first.number;
        let mut taken = Vec::new();
        let row = self.row(first, &mut taken)?;
        if row.is_err() {
            self.lines.give_back(taken);
        }
        Ok(Some((number, row)))
    }

    fn row(
        &mut self,
        first: Line,
        taken: &mut Vec<Line>,
    ) -> io::Result<Result<Vec<String>, Fault>> {
        if !first.whole {
            return Ok(Err(Fault::too_long(ROW_BYTES_MAX)));
        }
        let never_closed = || Fault::new("IMPORT_NOT_CSV", "a quote is opened and never closed");
        let mut bytes = first.text.len();
        let mut values = Values::default();
        let mut ended = values.take(&first.text);
        loop {
            match ended {
                Ended::Whole => return Ok(values.texts()),
                Ended::Stray => {
                    let reason = "behind a closing quote stands a comma, or the end of the line";
                    return Ok(Err(Fault::new("IMPORT_NOT_CSV", reason)));
                }
                Ended::Open => {}
            }
            let Some(line) = self.lines.next()? else { return Ok(Err(never_closed())) };
            bytes += line.text.len() + 1;
            let fits = line.whole && bytes <= ROW_BYTES_MAX;
            if fits {
                ended = values.take(&line.text);
            }
            taken.push(line);
            if !fits {
                return Ok(Err(never_closed()));
            }
        }
    }
}

/// How a line of a row ends.
enum Ended {
    /// The row ends with it.
    Whole,
    /// The row goes on in the next line.
    Open,
    /// Something stands behind a closing quote.
    Stray,
}

#[derive(Clone, Copy, Default, PartialEq)]
enum Within {
    #[default]
    Nothing,
    Plain,
    Quotes,
    /// A quote inside quotes: the end of them, or half of a quote.
    Half,
}

/// The values of one row, as far as they are read.
#[derive(Default)]
struct Values {
    done: Vec<Vec<u8>>,
    value: Vec<u8>,
    within: Within,
}

impl Values {
    fn take(&mut self, line: &[u8]) -> Ended {
        for byte in line {
            match (self.within, *byte) {
                (Within::Nothing, b' ' | b'\t') => {}
                (Within::Nothing, b'"') => self.within = Within::Quotes,
                (Within::Nothing | Within::Plain | Within::Half, b',') => self.end(),
                (Within::Quotes, b'"') => self.within = Within::Half,
                (Within::Half, b'"') => {
                    self.value.push(b'"');
                    self.within = Within::Quotes;
                }
                (Within::Half, b' ' | b'\t') => {}
                (Within::Half, _) => return Ended::Stray,
                (Within::Nothing | Within::Plain, byte) => {
                    self.value.push(byte);
                    self.within = Within::Plain;
                }
                (Within::Quotes, byte) => self.value.push(byte),
            }
        }
        if self.within == Within::Quotes {
            self.value.push(b'\n');
            return Ended::Open;
        }
        self.end();
        Ended::Whole
    }

    fn end(&mut self) {
        self.done.push(std::mem::take(&mut self.value));
        self.within = Within::Nothing;
    }

    fn texts(self) -> Result<Vec<String>, Fault> {
        let text = |bytes: Vec<u8>| match String::from_utf8(bytes) {
            Ok(text) if text.contains('\0') => {
                Err(Fault::new("IMPORT_NOT_UTF8", "a text holds no NUL character"))
            }
            Ok(text) => Ok(text.trim().to_owned()),
            Err(_) => Err(Fault::not_text()),
        };
        self.done.into_iter().map(text).collect()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    /// Line, and values with bars between them or the code of what is wrong.
    fn rows(text: &[u8]) -> Vec<(u64, String)> {
        let mut rows = Rows::of(text);
        let mut found = Vec::new();
        while let Some((line, row)) = rows.next().expect("memory can be read") {
            let told = row.map_or_else(|fault| fault.code.into_owned(), |row| row.join("|"));
            found.push((line, told));
        }
        found
    }

    fn of(line: u64, text: &str) -> (u64, String) {
        (line, text.to_owned())
    }

    #[test]
    fn quoted_values_hold_commas_quotes_and_lines() {
        let text = b"a,\"b, \"\"c\"\"\", d \r\n\n\"one\ntwo\",2,\n5\" pipe,\"\",x";
        let wanted = [of(1, "a|b, \"c\"|d"), of(3, "one\ntwo|2|"), of(5, "5\" pipe||x")];
        assert_eq!(rows(text), wanted);
    }

    #[test]
    fn a_row_that_is_none_takes_no_other_with_it() {
        let open = [of(1, "a"), of(2, "IMPORT_NOT_CSV"), of(3, "c|d"), of(4, "e")];
        assert_eq!(rows(b"a\nb,\"never closed\nc,d\ne"), open);
        assert_eq!(rows(b"\"a\"b\nc"), [of(1, "IMPORT_NOT_CSV"), of(2, "c")]);
        assert_eq!(rows(b"\xff\nc"), [of(1, "IMPORT_NOT_UTF8"), of(2, "c")]);
        assert_eq!(rows(b"a\0\nc"), [of(1, "IMPORT_NOT_UTF8"), of(2, "c")]);
    }

    #[test]
    fn a_row_beyond_its_limit_is_refused_and_the_rest_goes_on() {
        let long = "x".repeat(ROW_BYTES_MAX + 1);
        assert_eq!(
            rows(format!("{long}\nc").as_bytes()),
            [of(1, "IMPORT_ROW_TOO_LONG"), of(2, "c")]
        );
        let quoted = format!("\"open\n{}c", "y\n".repeat(ROW_BYTES_MAX));
        let found = rows(quoted.as_bytes());
        assert_eq!(found[0], of(1, "IMPORT_NOT_CSV"));
        assert_eq!((found.len(), &found[1]), (ROW_BYTES_MAX + 2, &of(2, "y")));
    }
}
