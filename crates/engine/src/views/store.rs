//! `views.db`: one table a view, and how far each has come.

use kernel::{Column, Position};
use rusqlite::{Connection, OptionalExtension, params};
use std::{
    fs,
    path::{Path, PathBuf},
    sync::{Arc, Mutex, MutexGuard, PoisonError},
    time::Duration,
};

/// The form of `views.db`; any other is thrown away.
const FORMAT: i64 = 1;

const TABLES: &str = "
    CREATE TABLE IF NOT EXISTS views (
        name     TEXT PRIMARY KEY,
        shape    INTEGER NOT NULL,
        position INTEGER NOT NULL
    ) STRICT;
";

/// Why a view cannot be read or written.
#[derive(Debug, thiserror::Error)]
pub enum Error {
    /// What the store says.
    #[error("{path}: {source}: delete the file, it is built again from the journal")]
    Store {
        /// Which file.
        path: PathBuf,
        /// What it says.
        source: rusqlite::Error,
    },
    /// A document that is not of this view's form.
    #[error("view {view}: the document {key:?} cannot be read ({what}): run `cartage views rebuild {view}`")]
    Document {
        /// Which view.
        view: &'static str,
        /// Which document.
        key: String,
        /// What is wrong.
        what: String,
    },
    /// A column that the view has not.
    #[error("view {view} has no column {column:?}")]
    NoColumn {
        /// Which view.
        view: &'static str,
        /// Which column.
        column: String,
    },
    /// The journal could not be read.
    #[error(transparent)]
    Journal(#[from] journal::Error),
}

/// A store of views, opened for writing.
pub struct Store {
    pub(super) connection: Arc<Mutex<Connection>>,
    path: Option<PathBuf>,
}

impl Store {
    /// Opens a file; one that is damaged or of another form is thrown away.
    ///
    /// # Errors
    /// When it cannot be written at all.
    pub fn open(path: &Path) -> Result<Store, Error> {
        let connection = prepare(path).or_else(|_| {
            for end in ["", "-wal", "-shm"] {
                let mut file = path.as_os_str().to_owned();
                file.push(end);
                // What is left of it fails the second attempt, which then says why.
                let _ = fs::remove_file(file);
            }
            prepare(path)
        });
        let failed = |source| Error::Store { path: path.to_owned(), source };
        let connection = Arc::new(Mutex::new(connection.map_err(failed)?));
        Ok(Store { connection, path: Some(path.to_owned()) })
    }

    /// For tests and simulations.
    ///
    /// # Errors
    /// When there is no memory.
    pub fn in_memory() -> Result<Store, Error> {
        let failed = |source| Error::Store { path: "memory".into(), source };
        let connection = Connection::open_in_memory().map_err(failed)?;
        connection.execute_batch(TABLES).map_err(failed)?;
        Ok(Store { connection: Arc::new(Mutex::new(connection)), path: None })
    }

    /// A reader with a connection of its own; in memory it shares the one there is.
    ///
    /// # Errors
    /// When the file cannot be opened once more.
    pub fn reader(&self) -> Result<super::Reader, Error> {
        let connection = match &self.path {
            None => self.connection.clone(),
            Some(path) => {
                let failed = |source| Error::Store { path: path.clone(), source };
                let connection = Connection::open(path).map_err(failed)?;
                connection.pragma_update(None, "query_only", true).map_err(failed)?;
                connection.busy_timeout(Duration::from_secs(10)).map_err(failed)?;
                Arc::new(Mutex::new(connection))
            }
        };
        Ok(super::Reader::new(connection, self.path.clone().unwrap_or_default()))
    }

    pub(super) fn lock(&self) -> MutexGuard<'_, Connection> {
        self.connection.lock().unwrap_or_else(PoisonError::into_inner)
    }

    pub(super) fn failed(&self, source: rusqlite::Error) -> Error {
        Error::Store { path: self.path.clone().unwrap_or_else(|| "memory".into()), source }
    }
}

fn prepare(path: &Path) -> rusqlite::Result<Connection> {
    let connection = Connection::open(path)?;
    connection.pragma_update(None, "journal_mode", "WAL")?;
    connection.pragma_update(None, "synchronous", "NORMAL")?;
    connection.set_prepared_statement_cache_capacity(128);
    let found: i64 = connection.pragma_query_value(None, "user_version", |row| row.get(0))?;
    if found != 0 && found != FORMAT {
        return Err(rusqlite::Error::InvalidQuery);
    }
    connection.execute_batch(TABLES)?;
    connection.pragma_update(None, "user_version", FORMAT)?;
    Ok(connection)
}

/// Where a view stands in the store: its shape and position.
pub(super) fn standing(
    connection: &Connection,
    name: &str,
) -> rusqlite::Result<Option<(u32, Position)>> {
    connection
        .prepare_cached("SELECT shape, position FROM views WHERE name = ?")?
        .query_row([name], |row| Ok((row.get(0)?, row.get::<_, i64>(1)?.cast_unsigned())))
        .optional()
}

pub(super) fn stand(
    connection: &Connection,
    name: &str,
    shape: u32,
    position: Position,
) -> rusqlite::Result<()> {
    connection
        .prepare_cached("INSERT OR REPLACE INTO views VALUES (?, ?, ?)")?
        .execute(params![name, shape, position.cast_signed()])?;
    Ok(())
}

/// An empty table for a view; `columns` are its own constants, never a user's text.
pub(super) fn make_table(
    connection: &Connection,
    table: &str,
    columns: &[&str],
) -> rusqlite::Result<()> {
    let listed: String = columns.iter().map(|column| format!(", \"{column}\"")).collect();
    connection.execute_batch(&format!(
        "DROP TABLE IF EXISTS \"{table}\";
         CREATE TABLE \"{table}\" (key TEXT PRIMARY KEY, document TEXT NOT NULL{listed}) WITHOUT ROWID;"
    ))
}

/// Indexes come last, and with the final name of the table.
pub(super) fn make_indexes(
    connection: &Connection,
    table: &str,
    columns: &[&str],
) -> rusqlite::Result<()> {
    for column in columns {
        connection.execute_batch(&format!(
            "CREATE INDEX IF NOT EXISTS \"{table}_{column}\" ON \"{table}\" (\"{column}\", key);"
        ))?;
    }
    Ok(())
}

pub(super) fn table_of(view: &str) -> String {
    format!("view_{view}")
}

/// A value of a column as the store keeps it.
pub(super) fn value(column: Option<&Column>) -> rusqlite::types::Value {
    match column {
        None => rusqlite::types::Value::Null,
        Some(Column::Text(text)) => rusqlite::types::Value::Text(text.clone()),
        Some(Column::Number(number)) => rusqlite::types::Value::Integer(*number),
    }
}
