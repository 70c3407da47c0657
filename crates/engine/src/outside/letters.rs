//! What survives a stop: how far the handlers are, and the letters that could not be delivered.

use super::Request;
use kernel::{Position, Timestamp};
use rusqlite::{Connection, OptionalExtension, params};
use serde::{Deserialize, Serialize};
use std::{collections::BTreeSet, path::Path};

/// A request that could not be delivered: people look at it, edit it, try it again or drop it.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct Letter {
    /// Of the fact that asked; with the handler it names the letter.
    pub position: Position,
    /// Which handler.
    pub handler: String,
    /// The lane that waits behind it.
    pub lane: String,
    /// What is asked, perhaps edited.
    pub body: serde_json::Value,
    /// What went wrong.
    pub reason: String,
    /// How often it was tried.
    pub attempts: u32,
    /// When it was put aside.
    pub at: Timestamp,
    /// The story was told; nothing waits behind it any more.
    pub given_up: bool,
    /// Who changed it, when, and why.
    pub history: Vec<(Timestamp, String, String)>,
}

impl Letter {
    pub(super) fn request(&self) -> Request {
        Request { lane: self.lane.clone(), body: self.body.clone() }
    }
}

/// Everything up to `position` is done; so is what `done` names beyond it.
#[derive(Clone, Debug, Default, PartialEq)]
pub(super) struct Standing {
    pub(super) position: Position,
    pub(super) done: BTreeSet<(Position, String)>,
}

/// The file `letters.db`, or memory.
pub struct Letters {
    connection: Connection,
}

const TABLES: &str = "
    CREATE TABLE IF NOT EXISTS standing (
        one      INTEGER PRIMARY KEY CHECK (one = 1),
        position INTEGER NOT NULL,
        done     TEXT NOT NULL
    ) STRICT;
    CREATE TABLE IF NOT EXISTS letters (
        position INTEGER NOT NULL,
        handler  TEXT NOT NULL,
        letter   TEXT NOT NULL,
        PRIMARY KEY (position, handler)
    ) STRICT, WITHOUT ROWID;
";

impl Letters {
    /// Opens the file; none yet is as good.
    ///
    /// # Errors
    /// When it cannot be written or is damaged: it holds letters, so it is not thrown away.
    pub fn open(path: &Path) -> rusqlite::Result<Letters> {
        let connection = Connection::open(path)?;
        connection.pragma_update(None, "journal_mode", "WAL")?;
        connection.pragma_update(None, "synchronous", "NORMAL")?;
        connection.execute_batch(TABLES)?;
        Ok(Letters { connection })
    }

    /// For tests and simulations.
    ///
    /// # Errors
    /// When there is no memory.
    pub fn in_memory() -> rusqlite::Result<Letters> {
        let connection = Connection::open_in_memory()?;
        connection.execute_batch(TABLES)?;
        Ok(Letters { connection })
    }

    pub(super) fn standing(&self) -> rusqlite::Result<Option<Standing>> {
        let row = self
            .connection
            .query_row("SELECT position, done FROM standing", [], |row| {
                Ok((row.get::<_, i64>(0)?.cast_unsigned(), row.get::<_, String>(1)?))
            })
            .optional()?;
        row.map(|(position, done)| {
            let done = serde_json::from_str(&done).map_err(|error| unreadable(error.into()))?;
            Ok(Standing { position, done })
        })
        .transpose()
    }

    pub(super) fn stand(&self, standing: &Standing) -> rusqlite::Result<()> {
        let done = serde_json::to_string(&standing.done).map_err(|error| unreadable(error.into()))?;
        self.connection
            .prepare_cached("INSERT OR REPLACE INTO standing VALUES (1, ?, ?)")?
            .execute(params![standing.position.cast_signed(), done])?;
        Ok(())
    }

    pub(super) fn keep(&self, letter: &Letter) -> rusqlite::Result<()> {
        let json = serde_json::to_string(letter).map_err(|error| unreadable(error.into()))?;
        self.connection
            .prepare_cached("INSERT OR REPLACE INTO letters VALUES (?, ?, ?)")?
            .execute(params![letter.position.cast_signed(), letter.handler, json])?;
        Ok(())
    }

    pub(super) fn remove(&self, position: Position, handler: &str) -> rusqlite::Result<()> {
        self.connection
            .prepare_cached("DELETE FROM letters WHERE position = ? AND handler = ?")?
            .execute(params![position.cast_signed(), handler])?;
        Ok(())
    }

    /// All of them, the oldest first.
    ///
    /// # Errors
    /// When the file cannot be read.
    pub fn all(&self) -> rusqlite::Result<Vec<Letter>> {
        let mut find = self.connection.prepare_cached("SELECT letter FROM letters ORDER BY position")?;
        let rows = find.query_map([], |row| row.get::<_, String>(0))?;
        rows.map(|json| serde_json::from_str(&json?).map_err(|error| unreadable(error.into())))
            .collect()
    }
}

fn unreadable(error: Box<dyn std::error::Error + Send + Sync>) -> rusqlite::Error {
    rusqlite::Error::FromSqlConversionFailure(0, rusqlite::types::Type::Text, error)
}
