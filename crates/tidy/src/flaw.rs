//! What is not as it should be: where, what, and what to do about it.

use std::fmt;

/// One breach of a rule.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Flaw {
    /// The file, relative to the root, with `/` between folders.
    pub file: String,
    /// The line, counted from 1.
    pub line: usize,
    /// What is wrong.
    pub what: String,
    /// What to do.
    pub remedy: &'static str,
}

impl Flaw {
    /// Notes a flaw.
    pub fn new(file: &str, line: usize, what: impl Into<String>, remedy: &'static str) -> Flaw {
        Flaw { file: file.into(), line, what: what.into(), remedy }
    }
}

impl fmt::Display for Flaw {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}:{}: {}; {}", self.file, self.line, self.what, self.remedy)
    }
}
