//! What a list shall contain: filters, an order, and page by page.

use super::{
    Error, Layout, Result,
    fresh::Layer,
    merged::{self, Line},
    table::Found,
};
use kernel::Column;
use rusqlite::{Connection, Row, types::Value};
use serde::{Deserialize, Serialize};
use std::{fmt, ops::Bound, ops::RangeBounds, path::Path, str::FromStr};

/// Rows of one page at most.
const LIMIT_MAX: usize = 250;
const LIMIT: usize = 50;

/// Which documents, in which order, and how many at once; all, by key, unless told otherwise.
#[derive(Clone, Debug, Default)]
pub struct Query {
    pub(super) filters: Vec<(String, Filter)>,
    pub(super) order: Option<(String, Direction)>,
    limit: Option<usize>,
    pub(super) after: Option<Cursor>,
}

#[derive(Clone, Debug)]
pub(super) enum Filter {
    Equal(Column),
    Absent,
    Range(Bound<Column>, Bound<Column>),
}

#[derive(Clone, Copy, Debug, PartialEq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub(super) enum Direction {
    Ascending,
    Descending,
}

/// Some rows, and where to go on.
#[derive(Clone, Debug, PartialEq)]
pub struct Page<D> {
    /// Keys and documents.
    pub rows: Vec<(String, D)>,
    /// For [`Query::after`]; none on the last page.
    pub next: Option<Cursor>,
}

/// The end of a page; its text is for machines only.
#[derive(Clone, Debug, PartialEq)]
pub struct Cursor {
    order: Option<(String, Direction)>,
    /// Of the last row.
    pub(super) value: Option<Column>,
    pub(super) key: String,
}

/// The text does not come from a cursor.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
#[error("this is no cursor: begin at the first page")]
pub struct NoCursor;

impl Query {
    /// All documents.
    #[must_use]
    pub fn new() -> Query {
        Query::default()
    }

    /// Only those with this value.
    #[must_use]
    pub fn equal(mut self, column: &str, value: Column) -> Query {
        self.filters.push((column.to_owned(), Filter::Equal(value)));
        self
    }

    /// Only those without a value.
    #[must_use]
    pub fn absent(mut self, column: &str) -> Query {
        self.filters.push((column.to_owned(), Filter::Absent));
        self
    }

    /// Only those with a value in this range.
    #[must_use]
    pub fn range(mut self, column: &str, range: impl RangeBounds<Column>) -> Query {
        let range = Filter::Range(range.start_bound().cloned(), range.end_bound().cloned());
        self.filters.push((column.to_owned(), range));
        self
    }

    /// Smallest first; those without a value before all.
    #[must_use]
    pub fn ascending(mut self, column: &str) -> Query {
        self.order = Some((column.to_owned(), Direction::Ascending));
        self
    }

    /// Largest first; those without a value after all.
    #[must_use]
    pub fn descending(mut self, column: &str) -> Query {
        self.order = Some((column.to_owned(), Direction::Descending));
        self
    }

    /// Rows of a page: 50 unless told, at most 250.
    #[must_use]
    pub fn limit(mut self, rows: usize) -> Query {
        self.limit = Some(rows);
        self
    }

    /// What comes after a page of the same list.
    #[must_use]
    pub fn after(mut self, cursor: Cursor) -> Query {
        self.after = Some(cursor);
        self
    }
}

impl Cursor {
    fn behind(query: &Query, line: &Line) -> Cursor {
        let Line { key, value, .. } = line;
        Cursor { order: query.order.clone(), value: value.clone(), key: key.clone() }
    }
}

/// A part of a list that one statement can answer.
struct Part {
    condition: String,
    values: Vec<Value>,
    /// It is about those without a value.
    absent: bool,
}

/// Where documents are: a table, and what is not written into it yet.
pub(super) struct Place<'a> {
    pub(super) layout: Layout,
    pub(super) table: &'a str,
    pub(super) file: &'a Path,
    pub(super) layer: &'a Layer,
}

/// Fetches a page.
pub(super) fn page(
    connection: &Connection,
    place: &Place<'_>,
    query: &Query,
) -> Result<Page<String>> {
    let limit = query.limit.unwrap_or(LIMIT).clamp(1, LIMIT_MAX);
    let stored = stored_lines(connection, place, query, limit + 1)?;
    // One more than asked tells whether there is a next page.
    let fresh = merged::lines(place.layer, place.layout, query, limit + 1);
    let mut rows = merged::merged(query, stored, fresh);
    let more = rows.len() > limit;
    rows.truncate(limit);
    let last = rows.last().filter(|_| more);
    let next = last.map(|line| Cursor::behind(query, line));
    Ok(Page { rows: rows.into_iter().map(|line| (line.key, line.text)).collect(), next })
}

/// The first rows of a list as the table has them, without those that are newer elsewhere.
fn stored_lines(
    connection: &Connection,
    place: &Place<'_>,
    query: &Query,
    most: usize,
) -> Result<Vec<Line>> {
    let (mut query, mut stride) = (query.clone(), most);
    let mut lines = Vec::new();
    loop {
        let found = stride_of(connection, place, &query, stride)?;
        let last = found.last().filter(|_| found.len() == stride);
        let next = last.map(|line| Cursor::behind(&query, line));
        let here = |line: &Line| place.layer.get(&line.key).is_none();
        let left = most - lines.len();
        lines.extend(found.into_iter().filter(here).take(left));
        match next {
            Some(next) if lines.len() < most => query.after = Some(next),
            _ => return Ok(lines),
        }
        // Where much is newer elsewhere, that is so for whole stretches.
        stride *= 4;
    }
}

/// So many rows of a list as the table has them.
fn stride_of(
    connection: &Connection,
    place: &Place<'_>,
    query: &Query,
    stride: usize,
) -> Result<Vec<Line>> {
    let Place { layout, table, file, .. } = *place;
    let (filter, values) = conditions(layout, query)?;
    let (value, order) = match &query.order {
        None => ("NULL".to_owned(), "key".to_owned()),
        Some((column, Direction::Ascending)) => {
            (format!("\"{column}\""), format!("\"{column}\", key"))
        }
        Some((column, Direction::Descending)) => {
            (format!("\"{column}\""), format!("\"{column}\" DESC, key DESC"))
        }
    };
    let mut lines: Vec<Line> = Vec::new();
    for part in parts(layout, query)? {
        let left = stride - lines.len();
        if left == 0 {
            break;
        }
        let sql = format!(
            "SELECT key, document, {value} FROM \"{table}\" WHERE {filter}{} ORDER BY {order} LIMIT {left}",
            part.condition
        );
        let mut fetch = || {
            let mut select = connection.prepare_cached(&sql)?;
            let values = values.iter().chain(&part.values);
            let line = |row: &Row<'_>| {
                let value = row.get::<_, Option<Found>>(2)?.map(|found| found.0);
                Ok(Line { key: row.get(0)?, text: row.get(1)?, value })
            };
            for found in select.query_map(rusqlite::params_from_iter(values), line)? {
                lines.push(found?);
            }
            Ok(())
        };
        fetch().map_err(|error| Error::of_sqlite(file, error))?;
    }
    Ok(lines)
}

/// Counts what passes the filters.
pub(super) fn count(connection: &Connection, place: &Place<'_>, query: &Query) -> Result<u64> {
    let Place { layout, table, file, layer } = *place;
    let (filter, mut values) = conditions(layout, query)?;
    let mut sql = format!("SELECT count(*) FROM \"{table}\" WHERE {filter}");
    if !layer.is_empty() {
        // Those are counted where they are newer.
        let keys: Vec<&str> = layer.iter().map(|(key, _)| &**key).collect();
        let keys = serde_json::to_string(&keys).map_err(|error| Error::Store {
            file: file.to_owned(),
            source: rusqlite::Error::ToSqlConversionFailure(error.into()),
        })?;
        values.push(Value::Text(keys));
        sql.push_str(" AND key NOT IN (SELECT value FROM json_each(?))");
    }
    let count = connection.prepare_cached(&sql).and_then(|mut count| {
        count.query_row(rusqlite::params_from_iter(values), |row| row.get::<_, i64>(0))
    });
    let stored = count.map(i64::cast_unsigned).map_err(|error| Error::of_sqlite(file, error))?;
    Ok(stored + merged::count(layer, layout, query))
}

fn conditions(layout: Layout, query: &Query) -> Result<(String, Vec<Value>)> {
    let mut sql = "true".to_owned();
    let mut values = Vec::new();
    for (column, filter) in &query.filters {
        known(layout, column)?;
        let mut compare = |sign: &str, value: &Column| {
            sql.push_str(&format!(" AND \"{column}\" {sign} ?"));
            values.push(stored(value));
        };
        match filter {
            Filter::Equal(value) => compare("=", value),
            Filter::Absent => sql.push_str(&format!(" AND \"{column}\" IS NULL")),
            Filter::Range(from, until) => {
                match from {
                    Bound::Included(value) => compare(">=", value),
                    Bound::Excluded(value) => compare(">", value),
                    Bound::Unbounded => {}
                }
                match until {
                    Bound::Included(value) => compare("<=", value),
                    Bound::Excluded(value) => compare("<", value),
                    Bound::Unbounded => {}
                }
                sql.push_str(&format!(" AND \"{column}\" IS NOT NULL"));
            }
        }
    }
    Ok((sql, values))
}

/// Those without a value stand at one end of the list and are fetched by a statement of their own,
/// so that each statement can walk along an index.
fn parts(layout: Layout, query: &Query) -> Result<Vec<Part>> {
    let cursor = query.after.as_ref();
    if cursor.is_some_and(|cursor| cursor.order != query.order) {
        return Err(Error::BadCursor { view: layout.name });
    }
    let Some((column, direction)) = &query.order else {
        let after = cursor.map(|cursor| Value::Text(cursor.key.clone()));
        let condition = if after.is_some() { " AND key > ?" } else { "" }.to_owned();
        return Ok(vec![Part { condition, values: after.into_iter().collect(), absent: false }]);
    };
    known(layout, column)?;
    let sign = if *direction == Direction::Ascending { ">" } else { "<" };
    let without = |after: Option<&Cursor>| Part {
        condition: match after {
            Some(_) => format!(" AND \"{column}\" IS NULL AND key {sign} ?"),
            None => format!(" AND \"{column}\" IS NULL"),
        },
        values: after.map(|cursor| Value::Text(cursor.key.clone())).into_iter().collect(),
        absent: true,
    };
    let with = |after: Option<(&Cursor, &Column)>| match after {
        Some((cursor, value)) => Part {
            condition: format!(" AND (\"{column}\", key) {sign} (?, ?)"),
            values: vec![stored(value), Value::Text(cursor.key.clone())],
            absent: false,
        },
        None => Part {
            condition: format!(" AND \"{column}\" IS NOT NULL"),
            values: Vec::new(),
            absent: false,
        },
    };
    let at = cursor.map(|cursor| (cursor, cursor.value.as_ref()));
    let mut parts = match (direction, at) {
        (Direction::Ascending, None) => vec![without(None), with(None)],
        (Direction::Ascending, Some((cursor, None))) => vec![without(Some(cursor)), with(None)],
        (Direction::Ascending, Some((cursor, Some(value)))) => vec![with(Some((cursor, value)))],
        (Direction::Descending, None) => vec![with(None), without(None)],
        (Direction::Descending, Some((cursor, Some(value)))) => {
            vec![with(Some((cursor, value))), without(None)]
        }
        (Direction::Descending, Some((cursor, None))) => vec![without(Some(cursor))],
    };
    // What has no value lies in no range: nobody need look for it among all that has none.
    let is_range =
        |(name, filter): &(String, Filter)| name == column && matches!(filter, Filter::Range(..));
    if query.filters.iter().any(is_range) {
        parts.retain(|part| !part.absent);
    }
    Ok(parts)
}

fn known(layout: Layout, column: &str) -> Result<()> {
    if layout.columns.contains(&column) {
        return Ok(());
    }
    let known = layout.columns.join(", ");
    Err(Error::UnknownColumn { view: layout.name, column: column.to_owned(), known })
}

fn stored(column: &Column) -> Value {
    match column {
        Column::Text(text) => Value::Text(text.clone()),
        Column::Number(number) => Value::Integer(*number),
    }
}

/// A cursor's text before it is put into letters and digits.
#[derive(Serialize, Deserialize)]
struct Written(Option<(String, Direction)>, Option<String>, Option<i64>, String);

impl fmt::Display for Cursor {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let (text, number) = match &self.value {
            None => (None, None),
            Some(Column::Text(text)) => (Some(text.clone()), None),
            Some(Column::Number(number)) => (None, Some(*number)),
        };
        let written = Written(self.order.clone(), text, number, self.key.clone());
        let json = serde_json::to_string(&written).map_err(|_| fmt::Error)?;
        json.bytes().try_for_each(|byte| write!(f, "{byte:02x}"))
    }
}

impl FromStr for Cursor {
    type Err = NoCursor;

    fn from_str(text: &str) -> std::result::Result<Cursor, NoCursor> {
        let digit = |byte: &u8| char::from(*byte).to_digit(16);
        let (pairs, []) = text.as_bytes().as_chunks::<2>() else { return Err(NoCursor) };
        let byte = |[high, low]: &[u8; 2]| u8::try_from(digit(high)? * 16 + digit(low)?).ok();
        let json: Vec<u8> = pairs.iter().map(byte).collect::<Option<_>>().ok_or(NoCursor)?;
        let Written(order, text, number, key) =
            serde_json::from_slice(&json).map_err(|_| NoCursor)?;
        let value = text.map(Column::Text).or(number.map(Column::Number));
        Ok(Cursor { order, value, key })
    }
}
