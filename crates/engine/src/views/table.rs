//! One view's documents on disk: a table of keys, JSON documents and indexed columns.

use super::{Error, Layout, Result};
use kernel::{Column, Position};
use rusqlite::{
    CachedStatement, Connection, OptionalExtension, Row, ToSql,
    types::{FromSql, FromSqlError, FromSqlResult, ToSqlOutput, Value, ValueRef},
};
use rustc_hash::FxHasher;
use std::{fmt::Write, hash::Hasher, path::Path, sync::Arc};

/// How many documents there are, and a sum over keys and documents that does not depend on order;
/// comparable within one build of the program.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Checksum {
    /// Documents.
    pub documents: u64,
    /// The sum.
    pub sum: u64,
}

impl Checksum {
    fn add(&mut self, key: &str, document: &str) {
        let mut hasher = FxHasher::default();
        hasher.write(key.as_bytes());
        hasher.write_u8(0xff);
        hasher.write(document.as_bytes());
        self.documents += 1;
        self.sum = self.sum.wrapping_add(hasher.finish());
    }
}

/// What the store remembers of a view.
#[derive(Clone, Debug, PartialEq)]
pub(super) struct Entry {
    pub(super) name: String,
    pub(super) shape: u32,
    /// Counts its tables: each rebuild makes the next.
    pub(super) number: u64,
    pub(super) position: Position,
    /// Of the fact at that position, so that another journal is noticed.
    pub(super) print: i64,
}

impl Entry {
    pub(super) const COLUMNS: &'static str = "name, shape, number, position, print";

    pub(super) fn of(row: &Row<'_>) -> rusqlite::Result<Entry> {
        Ok(Entry {
            name: row.get(0)?,
            shape: row.get(1)?,
            number: row.get::<_, i64>(2)?.cast_unsigned(),
            position: row.get::<_, i64>(3)?.cast_unsigned(),
            print: row.get(4)?,
        })
    }

    pub(super) fn table(&self) -> String {
        table_name(&self.name, self.number)
    }

    /// Stores it, in place of what was known of this view.
    pub(super) fn save(&self, connection: &Connection) -> rusqlite::Result<()> {
        let mut save =
            connection.prepare_cached("INSERT OR REPLACE INTO views VALUES (?, ?, ?, ?, ?)")?;
        let Entry { name, shape, number, position, print } = self;
        let (number, position) = (number.cast_signed(), position.cast_signed());
        save.execute((name, shape, number, position, print)).map(drop)
    }
}

pub(super) fn table_name(view: &str, number: u64) -> String {
    format!("{view}@{number}")
}

/// The SQL of one table.
#[derive(Debug)]
pub(super) struct Table {
    pub(super) name: String,
    load: String,
    put: String,
    change: String,
    remove: String,
}

impl Table {
    pub(super) fn new(layout: Layout, number: u64) -> Table {
        let name = table_name(layout.name, number);
        let (mut into, mut values, mut set) = (String::new(), String::new(), String::new());
        for column in layout.columns {
            write!(into, ", \"{column}\"").expect("text takes any text");
            values.push_str(", ?");
            write!(set, ", \"{column}\" = excluded.\"{column}\"").expect("text takes any text");
        }
        Table {
            load: format!("SELECT document FROM \"{name}\" WHERE key = ?"),
            put: format!(
                "INSERT INTO \"{name}\" (key, document{into}) VALUES (?, ?{values}) \
                 ON CONFLICT (key) DO UPDATE SET document = excluded.document{set}"
            ),
            change: format!("UPDATE \"{name}\" SET document = ?2 WHERE key = ?1"),
            remove: format!("DELETE FROM \"{name}\" WHERE key = ?"),
            name,
        }
    }

    /// Makes it, with an index for each column. Columns take text and numbers as they come. Without
    /// rowids: the documents themselves lie in the order of keys, and there is one tree fewer to write.
    pub(super) fn create(&self, layout: Layout, connection: &Connection) -> rusqlite::Result<()> {
        let name = &self.name;
        let columns: String =
            layout.columns.iter().map(|column| format!(", \"{column}\" ANY")).collect();
        let mut sql = format!(
            "CREATE TABLE \"{name}\" (key TEXT NOT NULL PRIMARY KEY, document TEXT NOT NULL{columns}) STRICT, WITHOUT ROWID;"
        );
        for column in layout.columns {
            write!(sql, "CREATE INDEX \"{name}.{column}\" ON \"{name}\" (\"{column}\", key);")
                .expect("text takes any text");
        }
        connection.execute_batch(&sql)
    }

    pub(super) fn load(
        &self,
        connection: &Connection,
        key: &str,
    ) -> rusqlite::Result<Option<Arc<str>>> {
        let mut load = connection.prepare_cached(&self.load)?;
        load.query_row([key], |row| Ok(row.get_ref(0)?.as_str()?.into())).optional()
    }

    pub(super) fn pen<'a>(
        &self,
        connection: &'a Connection,
        file: &'a Path,
    ) -> rusqlite::Result<Pen<'a>> {
        Ok(Pen {
            put: connection.prepare_cached(&self.put)?,
            change: connection.prepare_cached(&self.change)?,
            remove: connection.prepare_cached(&self.remove)?,
            file,
        })
    }
}

/// Writes documents of one table.
pub(super) struct Pen<'a> {
    put: CachedStatement<'a>,
    change: CachedStatement<'a>,
    remove: CachedStatement<'a>,
    file: &'a Path,
}

impl Pen<'_> {
    /// A document that may be new, or whose columns may have changed.
    pub(super) fn put(
        &mut self,
        key: &str,
        document: &str,
        columns: &[Option<Column>],
    ) -> Result<()> {
        let put = &mut self.put;
        let mut write = || {
            put.raw_bind_parameter(1, key)?;
            put.raw_bind_parameter(2, document)?;
            for (at, column) in columns.iter().enumerate() {
                put.raw_bind_parameter(at + 3, column.as_ref().map(Stored))?;
            }
            put.raw_execute().map(drop)
        };
        write().map_err(|error| Error::of_sqlite(self.file, error))
    }

    /// A document that is there and keeps its columns.
    pub(super) fn change(&mut self, key: &str, document: &str) -> Result<()> {
        let changed = self.change.execute((key, document));
        changed.map(drop).map_err(|error| Error::of_sqlite(self.file, error))
    }

    /// A document that is as before its first fact.
    pub(super) fn remove(&mut self, key: &str) -> Result<()> {
        self.remove.execute([key]).map(drop).map_err(|error| Error::of_sqlite(self.file, error))
    }
}

/// Count and sum of a table.
pub(super) fn checksum(connection: &Connection, table: &str) -> rusqlite::Result<Checksum> {
    let mut sum = Checksum::default();
    each_row(connection, table, |key, document| {
        sum.add(key, document);
        true
    })?;
    Ok(sum)
}

/// All rows of a table in the order of keys, until somebody has seen enough.
pub(super) fn each_row(
    connection: &Connection,
    table: &str,
    mut each: impl FnMut(&str, &str) -> bool,
) -> rusqlite::Result<()> {
    let mut all =
        connection.prepare(&format!("SELECT key, document FROM \"{table}\" ORDER BY key"))?;
    let mut rows = all.query([])?;
    while let Some(row) = rows.next()? {
        if !each(row.get_ref(0)?.as_str()?, row.get_ref(1)?.as_str()?) {
            break;
        }
    }
    Ok(())
}

/// A column's value on its way to the store.
pub(super) struct Stored<'a>(pub(super) &'a Column);

impl ToSql for Stored<'_> {
    fn to_sql(&self) -> rusqlite::Result<ToSqlOutput<'_>> {
        Ok(match self.0 {
            Column::Text(text) => ToSqlOutput::Borrowed(ValueRef::Text(text.as_bytes())),
            Column::Number(number) => ToSqlOutput::Owned(Value::Integer(*number)),
        })
    }
}

/// A column's value on its way back.
pub(super) struct Found(pub(super) Column);

impl FromSql for Found {
    fn column_result(value: ValueRef<'_>) -> FromSqlResult<Found> {
        match value {
            ValueRef::Integer(number) => Ok(Found(Column::Number(number))),
            ValueRef::Text(_) => Ok(Found(Column::Text(value.as_str()?.to_owned()))),
            _ => Err(FromSqlError::InvalidType),
        }
    }
}

/// The names of a table's columns; none when there is no such table.
pub(super) fn columns_of(connection: &Connection, table: &str) -> rusqlite::Result<Vec<String>> {
    let mut all = connection.prepare("SELECT name FROM pragma_table_info(?) ORDER BY cid")?;
    all.query_map([table], |row| row.get(0))?.collect()
}
