//! Builds views anew while nothing else runs.

use crate::shop::{ShopError, all_views};
use engine::{
    Alarms,
    views::{Bounds, Runner, Store},
};
use journal::Journal;
use std::{io::Write, path::Path, sync::Arc};

/// Builds these views again from the first fact, all where none is named; says how it went.
///
/// # Errors
/// When another program has the folder, a view is unknown, or a file cannot be read or written.
pub fn rebuild(folder: &Path, names: &[String], out: &mut impl Write) -> Result<(), ShopError> {
    // Keeps other programs out of the folder meanwhile.
    let files = journal::sqlite::open(folder)?;
    let store = Store::open(&folder.join("views.db"))?;
    let (views, alarms) = (all_views(), Arc::new(Alarms::default()));
    let reader = files.journal.reader()?;
    let mut runner = Runner::open(&views, store, reader, alarms.clone(), Bounds::default())?;
    let all: Vec<String> = views.names().map(str::to_owned).collect();
    for name in if names.is_empty() { &all } else { names } {
        runner.rebuild(name)?;
    }
    while runner.build()? {}
    runner.flush()?;
    for status in runner.statuses() {
        // Nobody reads this who cannot see that the output is gone.
        let _ = writeln!(out, "{}: {:?}", status.view, status.doing);
    }
    for alarm in alarms.all() {
        let _ = writeln!(out, "{}: {}", alarm.kind, alarm.text);
    }
    Ok(())
}
