//! Taking a backup of a folder, whether or not a program is at work in it.

use super::{
    BackupError, FORMAT, MANIFEST, Manifest, Result,
    files::{self, NewFolder},
};
use engine::{Clock, WallClock};
use kernel::Timestamp;
use rusqlite::{Connection, OpenFlags, backup::Backup};
use std::{
    fs::{self, File},
    io::Write,
    path::Path,
    time::Duration,
};

/// Pages copied at once.
const PAGES: i32 = 4096;
const BUSY: Duration = Duration::from_secs(10);

/// Copies what cannot be made again into a new folder, which has its name once it is whole. The
/// program that has the folder goes on meanwhile.
///
/// # Errors
/// When there is no journal, something cannot be read or written, or the new folder is not empty.
pub fn make(data: &Path, to: &Path) -> Result<Manifest> {
    crate::view_tools::must_exist(data)?;
    let made_at = WallClock.now();
    let folder = NewFolder::begin(to)?;
    let mut names = Vec::new();
    // Letters before the journal: handlers then ask again for some of what is in it, under the same
    // keys. The other way round they would take for asked what the restored journal never asked for.
    if data.join("letters.db").exists() {
        copy_database(&data.join("letters.db"), &folder.path().join("letters.db"))?;
        names.push("letters.db".to_owned());
    }
    for name in secrets(data)? {
        files::copy(&data.join(&name), &folder.path().join(&name))?;
        names.push(name);
    }
    journal::sqlite::backup(data, folder.path())?;
    names.push("journal.db".to_owned());
    let tip = tip(folder.path())?;
    let files =
        names.iter().map(|name| files::entry(folder.path(), name)).collect::<Result<_>>()?;
    let manifest = Manifest {
        format: FORMAT,
        cartage: env!("CARGO_PKG_VERSION").to_owned(),
        made_at,
        position: tip.map_or(0, |(position, _)| position),
        last_fact_at: tip.map(|(_, at)| at),
        files,
    };
    write(&folder.path().join(MANIFEST), &manifest)?;
    folder.finish()?;
    Ok(manifest)
}

fn write(path: &Path, manifest: &Manifest) -> Result<()> {
    let text = serde_json::to_string_pretty(manifest).expect("a manifest is plain data") + "\n";
    let written = File::create(path).and_then(|mut file| {
        file.write_all(text.as_bytes())?;
        file.sync_all()
    });
    written.map_err(BackupError::io(path))
}

/// Where the copied journal ends. What a look into it leaves beside it goes again.
fn tip(folder: &Path) -> Result<Option<(u64, Timestamp)>> {
    let last = journal::sqlite::read(folder)?.0.block_at_time(Timestamp::MAX)?;
    for name in ["journal.db-shm", "journal.db-wal"] {
        let path = folder.join(name);
        // Nobody has written, so there is nothing in it.
        if path.exists() {
            fs::remove_file(&path).map_err(BackupError::io(&path))?;
        }
    }
    Ok(last.map(|block| (block.last, block.at)))
}

/// Keys and secrets are kept as JSON.
fn secrets(data: &Path) -> Result<Vec<String>> {
    let mut names = Vec::new();
    for entry in fs::read_dir(data).map_err(BackupError::io(data))? {
        let path = entry.map_err(BackupError::io(data))?.path();
        let name = path.file_name().and_then(|name| name.to_str()).unwrap_or_default();
        if path.is_file() && name.ends_with(".json") && name != MANIFEST {
            names.push(name.to_owned());
        }
    }
    names.sort_unstable();
    Ok(names)
}

/// A database as it is at one moment, while others write it.
fn copy_database(from: &Path, to: &Path) -> Result<()> {
    let copied = || -> rusqlite::Result<()> {
        let flags = OpenFlags::SQLITE_OPEN_READ_ONLY | OpenFlags::SQLITE_OPEN_NO_MUTEX;
        let source = Connection::open_with_flags(from, flags)?;
        source.busy_timeout(BUSY)?;
        let moment = source.unchecked_transaction()?;
        moment.query_row("SELECT count(*) FROM sqlite_schema", [], |_| Ok(()))?;
        let mut target = Connection::open(to)?;
        Backup::new(&moment, &mut target)?.run_to_completion(PAGES, Duration::ZERO, None)?;
        target.close().map_err(|(_, error)| error)
    };
    copied().map_err(|source| BackupError::Database { path: from.to_owned(), source })
}
