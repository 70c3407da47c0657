//! Reads what the views have written.

use super::{
    Error,
    store::{standing, table_of, value},
};
use kernel::{Column, Position, View};
use rusqlite::{Connection, OptionalExtension, types::Value};
use std::{
    path::PathBuf,
    sync::{Arc, Mutex, MutexGuard, PoisonError},
};

/// The most documents of one page.
const PAGE: usize = 250;

/// Reads documents; cheap to clone.
#[derive(Clone)]
pub struct Reader {
    connection: Arc<Mutex<Connection>>,
    path: PathBuf,
}

/// What a column must be.
#[derive(Clone, Debug, PartialEq)]
pub enum Filter {
    /// This value.
    Is(&'static str, Column),
    /// At least this.
    From(&'static str, Column),
    /// At most this.
    Until(&'static str, Column),
}

/// Which documents, in which order.
#[derive(Clone, Debug, Default)]
pub struct Query {
    /// All of them must hold.
    pub filters: Vec<Filter>,
    /// By this column, then by key; by key alone where there is none.
    pub order: Option<&'static str>,
    /// The other way round.
    pub descending: bool,
    /// At most so many, and never more than 250; 0 means as many as that.
    pub limit: usize,
    /// Go on after this document.
    pub after: Option<Cursor>,
}

/// Where a page ended.
#[derive(Clone, Debug, PartialEq)]
pub struct Cursor {
    value: Value,
    key: String,
}

/// Some documents, and where to go on.
#[derive(Clone, Debug)]
pub struct Page<D> {
    /// With their keys.
    pub documents: Vec<(String, D)>,
    /// None at the end.
    pub next: Option<Cursor>,
}

impl Reader {
    pub(super) fn new(connection: Arc<Mutex<Connection>>, path: PathBuf) -> Reader {
        Reader { connection, path }
    }

    /// One document.
    ///
    /// # Errors
    /// When the store or the document cannot be read.
    pub fn get<V: View>(&self, key: &str) -> Result<Option<V::Document>, Error> {
        let find = format!("SELECT document FROM \"{}\" WHERE key = ?", table_of(V::NAME));
        let json: Option<String> = self
            .lock()
            .prepare_cached(&find)
            .and_then(|mut find| find.query_row([key], |row| row.get(0)).optional())
            .map_err(|error| self.failed(error))?;
        json.map(|json| parse::<V>(key, &json)).transpose()
    }

    /// A page of documents.
    ///
    /// # Errors
    /// When a column is unknown, or the store or a document cannot be read.
    pub fn list<V: View>(&self, query: &Query) -> Result<Page<V::Document>, Error> {
        let (sql, values) = select::<V>(query)?;
        let limit = if query.limit == 0 { PAGE } else { query.limit.min(PAGE) };
        let connection = self.lock();
        let failed = |error| self.failed(error);
        let mut find = connection.prepare_cached(&sql).map_err(failed)?;
        let mut rows = find.query(rusqlite::params_from_iter(values)).map_err(failed)?;
        let mut page = Page { documents: Vec::new(), next: None };
        let mut last = None;
        while let Some(row) = rows.next().map_err(failed)? {
            if page.documents.len() == limit {
                page.next = last;
                break;
            }
            let key: String = row.get(0).map_err(failed)?;
            let json: String = row.get(1).map_err(failed)?;
            last = Some(Cursor { value: row.get(2).map_err(failed)?, key: key.clone() });
            let document = parse::<V>(&key, &json)?;
            page.documents.push((key, document));
        }
        Ok(page)
    }

    /// Every document, in the order of the keys.
    ///
    /// # Errors
    /// When the store or a document cannot be read.
    pub fn each<V: View>(&self, mut each: impl FnMut(String, V::Document)) -> Result<(), Error> {
        let sql = format!("SELECT key, document FROM \"{}\" ORDER BY key", table_of(V::NAME));
        let connection = self.lock();
        let failed = |error| self.failed(error);
        let mut find = connection.prepare(&sql).map_err(failed)?;
        let mut rows = find.query([]).map_err(failed)?;
        while let Some(row) = rows.next().map_err(failed)? {
            let key: String = row.get(0).map_err(failed)?;
            let json: String = row.get(1).map_err(failed)?;
            let document = parse::<V>(&key, &json)?;
            each(key, document);
        }
        Ok(())
    }

    /// How far the written view is.
    ///
    /// # Errors
    /// When the store cannot be read.
    pub fn position<V: View>(&self) -> Result<Position, Error> {
        let standing = standing(&self.lock(), V::NAME).map_err(|error| self.failed(error))?;
        Ok(standing.map_or(0, |(_, position)| position))
    }

    fn lock(&self) -> MutexGuard<'_, Connection> {
        self.connection.lock().unwrap_or_else(PoisonError::into_inner)
    }

    fn failed(&self, source: rusqlite::Error) -> Error {
        Error::Store { path: self.path.clone(), source }
    }
}

fn parse<V: View>(key: &str, json: &str) -> Result<V::Document, Error> {
    serde_json::from_str(json).map_err(|error| Error::Document {
        view: V::NAME,
        key: key.to_owned(),
        what: error.to_string(),
    })
}

/// Column names come from the view's own list; values are always bound.
fn select<V: View>(query: &Query) -> Result<(String, Vec<Value>), Error> {
    let known = |column: &'static str| match V::COLUMNS.contains(&column) {
        true => Ok(column),
        false => Err(Error::NoColumn { view: V::NAME, column: column.to_owned() }),
    };
    let mut conditions = Vec::new();
    let mut values = Vec::new();
    for filter in &query.filters {
        let (column, sign, wanted) = match filter {
            Filter::Is(column, wanted) => (column, "=", wanted),
            Filter::From(column, wanted) => (column, ">=", wanted),
            Filter::Until(column, wanted) => (column, "<=", wanted),
        };
        conditions.push(format!("\"{}\" {sign} ?", known(column)?));
        values.push(value(Some(wanted)));
    }
    let order = query.order.map(known).transpose()?.map_or("key".to_owned(), |c| format!("\"{c}\""));
    let (direction, beyond) = if query.descending { ("DESC", "<") } else { ("ASC", ">") };
    if let Some(Cursor { value, key }) = &query.after {
        conditions.push(format!("({order}, key) {beyond} (?, ?)"));
        values.extend([value.clone(), Value::Text(key.clone())]);
    }
    let conditions =
        if conditions.is_empty() { String::new() } else { format!("WHERE {}", conditions.join(" AND ")) };
    let sql = format!(
        "SELECT key, document, {order} FROM \"{}\" {conditions} ORDER BY {order} {direction}, key {direction} LIMIT {}",
        table_of(V::NAME),
        PAGE + 1
    );
    Ok((sql, values))
}
