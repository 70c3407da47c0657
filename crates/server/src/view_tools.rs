//! Views from outside: how far they are, whether they say what the journal says, and built anew while
//! nothing else runs.

use crate::shop::{ShopError, all_views};
use engine::{
    Alarms,
    views::{Bounds, Compared, Listed, Reader, Runner, Status, Store, equal_to_rebuilt},
};
use flows::Shop;
use journal::{Journal, LineReader};
use kernel::{Position, Timestamp};
use std::{path::Path, sync::Arc};

const FILE: &str = "views.db";

/// How far every view is, beside the journal's end. Another program may have the folder.
///
/// # Errors
/// When the journal or the views cannot be read.
pub fn list(folder: &Path) -> Result<(Position, Vec<Listed>), ShopError> {
    let (reader, _) = journal::sqlite::read(folder)?;
    let tip = reader.block_at_time(Timestamp::MAX)?.map_or(0, |block| block.last);
    Ok((tip, Reader::open(&folder.join(FILE))?.listed(&all_views())?))
}

/// Builds every view again in memory and compares. Another program may have the folder.
///
/// # Errors
/// When the journal or the views cannot be read.
pub fn check(folder: &Path) -> Result<Compared, ShopError> {
    let (reader, _) = journal::sqlite::read(folder)?;
    let views = Reader::open(&folder.join(FILE))?;
    Ok(equal_to_rebuilt(&all_views(), &views, &*reader)?)
}

/// What became of views that were built again.
#[derive(Clone, Debug, PartialEq)]
pub struct Rebuilt {
    /// What each view does now.
    pub statuses: Vec<Status>,
    /// What somebody should look at: kind and text.
    pub alarms: Vec<(String, String)>,
}

/// Builds these views again from the first fact, all where none is named, and brings all to the
/// journal's end.
///
/// # Errors
/// When another program has the folder, a view is unknown, or a file cannot be read or written.
pub fn rebuild(folder: &Path, names: &[String]) -> Result<Rebuilt, ShopError> {
    must_exist(folder)?;
    // Keeps other programs out of the folder meanwhile.
    let files = journal::sqlite::open(folder)?;
    let store = Store::open(&folder.join(FILE))?;
    let (views, alarms) = (all_views(), Arc::new(Alarms::default()));
    let reader = files.journal.reader()?;
    let mut runner = Runner::open(&views, store, reader, alarms.clone(), Bounds::default())?;
    let is_new = runner.position() == 0;
    let all: Vec<String> = views.names().map(str::to_owned).collect();
    if let Some(unknown) = names.iter().find(|name| !all.contains(*name)) {
        // Told before an hour's work.
        runner.rebuild(unknown)?;
    }
    catch_up(&mut runner, &*files.journal.reader()?)?;
    // What was nothing has been built just now.
    if !is_new {
        for name in if names.is_empty() { &all } else { names } {
            runner.rebuild(name)?;
        }
        while runner.build()? {}
    }
    runner.flush()?;
    let alarms = alarms.all().into_iter().map(|alarm| (alarm.kind.to_owned(), alarm.text));
    Ok(Rebuilt { statuses: runner.statuses(), alarms: alarms.collect() })
}

/// Views follow a journal that nobody writes. Those that are new follow from the first fact.
pub(crate) fn catch_up(
    runner: &mut Runner<Shop>,
    reader: &dyn journal::Reader,
) -> Result<(), ShopError> {
    let mut lines = LineReader::<Shop>::default();
    while let Some(block) = reader.block_holding(runner.position() + 1)? {
        let facts =
            block.text()?.lines().map(|line| lines.read(line)).collect::<Result<Vec<_>, _>>()?;
        runner.apply(&facts);
        if runner.is_full() {
            runner.flush()?;
        }
    }
    // Views that began beside the others are level with them only now.
    while runner.build()? {}
    Ok(())
}

/// Opening would make an empty folder out of a misspelt name.
pub(crate) fn must_exist(folder: &Path) -> journal::Result<()> {
    let path = folder.join("journal.db");
    match path.exists() {
        true => Ok(()),
        false => Err(journal::Error::NoJournal { path }),
    }
}
