//! The lines of a file, however large it is: one is in memory at a time, and none beyond its limit.

use std::{
    collections::VecDeque,
    io::{self, BufRead, Read},
};

/// A line without its ending.
#[derive(Clone, Debug, Default, PartialEq)]
pub(super) struct Line {
    /// Counted from 1.
    pub(super) number: u64,
    pub(super) text: Vec<u8>,
    /// False when it was cut short for its length.
    pub(super) whole: bool,
}

/// A file, line by line.
pub(super) struct Lines<R> {
    source: R,
    longest: usize,
    number: u64,
    bytes: u64,
    /// Lines that were taken and given back.
    back: VecDeque<Line>,
}

impl<R: BufRead> Lines<R> {
    /// `longest` in bytes, without the ending.
    pub(super) fn of(source: R, longest: usize) -> Lines<R> {
        Lines { source, longest, number: 0, bytes: 0, back: VecDeque::new() }
    }

    /// The next line; none at the end of the file.
    pub(super) fn next(&mut self) -> io::Result<Option<Line>> {
        if let Some(line) = self.back.pop_front() {
            return Ok(Some(line));
        }
        let mut text = Vec::new();
        let most = self.longest as u64 + 2; // with the line's ending
        let mut read = self.source.by_ref().take(most).read_until(b'\n', &mut text)? as u64;
        if read == 0 {
            return Ok(None);
        }
        self.number += 1;
        match text.strip_suffix(b"\n").map(|text| text.strip_suffix(b"\r").unwrap_or(text)) {
            Some(line) => text.truncate(line.len()),
            None if text.len() > self.longest => read += self.source.skip_until(b'\n')? as u64,
            None => {} // the last line may lack its ending
        }
        self.bytes += read;
        let whole = text.len() <= self.longest;
        if self.number == 1 && text.starts_with(b"\xef\xbb\xbf") {
            text.drain(..3); // what spreadsheets begin a file with
        }
        Ok(Some(Line { number: self.number, text, whole }))
    }

    /// These come next, in their order.
    pub(super) fn give_back(&mut self, lines: Vec<Line>) {
        lines.into_iter().rev().for_each(|line| self.back.push_front(line));
    }

    /// Bytes that were read so far.
    pub(super) fn bytes(&self) -> u64 {
        self.bytes
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn lines(text: &str, longest: usize) -> Vec<(u64, String, bool)> {
        let mut lines = Lines::of(text.as_bytes(), longest);
        let mut found = Vec::new();
        while let Some(line) = lines.next().expect("memory can be read") {
            let text = String::from_utf8(line.text).expect("it was text");
            found.push((line.number, text, line.whole));
        }
        assert_eq!(lines.bytes(), text.len() as u64, "every byte is accounted for");
        found
    }

    #[test]
    fn a_line_that_is_too_long_does_not_shift_the_next() {
        let of = |number, text: &str, whole| (number, text.to_owned(), whole);
        assert_eq!(
            lines("12345\r\n123456789\n\n12345", 5),
            [of(1, "12345", true), of(2, "1234567", false), of(3, "", true), of(4, "12345", true)]
        );
        assert_eq!(lines("\u{feff}ab\n", 5), [of(1, "ab", true)]);
        assert_eq!(lines("123456\n", 5), [of(1, "123456", false)]);
        assert_eq!(lines("1234567\n2\n", 5)[1], of(2, "2", true));
    }
}
