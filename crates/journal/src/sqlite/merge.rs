//! Reading and writing sorted runs page by page, so that even the largest needs little memory.

use super::runs::{Entry, PAGE, Run, bytes, entries, page_id};
use rusqlite::{CachedStatement, Transaction, params};

/// Walks along a run; has one page of it.
pub(super) struct Cursor {
    run: i64,
    page: usize,
    pages: usize,
    entries: Vec<Entry>,
    at: usize,
}

impl Cursor {
    /// At the first entry; `page` selects a page by its id.
    pub(super) fn new(run: &Run, page: &mut CachedStatement<'_>) -> rusqlite::Result<Cursor> {
        let pages = run.firsts.len();
        let mut cursor = Cursor { run: run.id, page: 0, pages, entries: Vec::new(), at: 0 };
        cursor.fill(page)?;
        Ok(cursor)
    }

    pub(super) fn peek(&self) -> Option<Entry> {
        self.entries.get(self.at).copied()
    }

    pub(super) fn step(&mut self, page: &mut CachedStatement<'_>) -> rusqlite::Result<()> {
        self.at += 1;
        self.fill(page)
    }

    fn fill(&mut self, page: &mut CachedStatement<'_>) -> rusqlite::Result<()> {
        while self.at == self.entries.len() && self.page < self.pages {
            self.entries.clear();
            self.at = 0;
            // A page that is missing is damage, and not the end.
            page.query_row([page_id(self.run, self.page)], |row| {
                self.entries.extend(entries(row.get_ref(0)?.as_blob()?));
                Ok(())
            })?;
            self.page += 1;
        }
        Ok(())
    }
}

/// Writes the pages of a run.
pub(super) struct PageWriter<'t> {
    insert: CachedStatement<'t>,
    run: i64,
    firsts: Vec<u64>,
    page: Vec<u64>,
    last: Option<Entry>,
}

impl<'t> PageWriter<'t> {
    pub(super) fn new(
        transaction: &'t Transaction<'t>,
        run: i64,
    ) -> rusqlite::Result<PageWriter<'t>> {
        let insert = transaction.prepare_cached("INSERT INTO pages VALUES (?, ?)")?;
        let page = Vec::with_capacity(2 * PAGE);
        Ok(PageWriter { insert, run, firsts: Vec::new(), page, last: None })
    }

    /// In ascending order; one that was there before is left out.
    pub(super) fn push(&mut self, entry: Entry) -> rusqlite::Result<()> {
        if self.last == Some(entry) {
            return Ok(());
        }
        self.last = Some(entry);
        self.page.extend([entry.0.0, entry.1]);
        if self.page.len() == 2 * PAGE { self.close() } else { Ok(()) }
    }

    /// The first key of each page.
    pub(super) fn finish(mut self) -> rusqlite::Result<Vec<u64>> {
        if !self.page.is_empty() {
            self.close()?;
        }
        Ok(self.firsts)
    }

    fn close(&mut self) -> rusqlite::Result<()> {
        let id = page_id(self.run, self.firsts.len());
        self.insert.execute(params![id, bytes(&self.page)])?;
        self.firsts.push(self.page[0]);
        self.page.clear();
        Ok(())
    }
}
