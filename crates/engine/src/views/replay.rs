//! How a view is built again: how fast, and whether it takes the place of the live one or is only
//! compared with it.

use super::{
    Checksum, Result, Runner,
    table::{Table, checksum},
};
use kernel::{Business, Position};
use rusqlite::Connection;
use std::{
    num::NonZeroU32,
    time::{Duration, Instant},
};

/// Keys that are named where documents differ.
const NAMED: usize = 5;
/// The shortest time between two steps of one that is slowed down: each reads a block.
const STEP: Duration = Duration::from_millis(100);
/// What was not used in this time is not made up for.
const MEMORY: Duration = Duration::from_secs(1);

/// How a view is built again.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Replay {
    /// Facts a second at most, so that whoever is served meanwhile does not notice; none: as fast
    /// as it goes. With fewer than what happens in a second it never ends.
    pub rate: Option<NonZeroU32>,
    /// What comes afterwards.
    pub then: Then,
}

/// What becomes of a view that was built beside the live one.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum Then {
    /// It is compared, and takes the place of the live one.
    #[default]
    Swap,
    /// It is compared, and thrown away; the live one stays.
    Compare,
}

/// A view that was built beside the live one, compared with it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Checked {
    /// The last fact in it.
    pub position: Position,
    /// Count and sum of what was built.
    pub built: Checksum,
    /// Count and sum of the live one at the same position; none when it has failed or there is none.
    pub live: Option<Checksum>,
    /// Documents that differ. Sums may differ without: maps can be written in another order.
    pub different: u64,
    /// The keys of the first of them.
    pub keys: Vec<String>,
}

/// How fast one lane may catch up.
#[derive(Clone, Debug)]
pub(super) struct Pace {
    rate: NonZeroU32,
    stepped: Instant,
    granted: usize,
}

impl Pace {
    pub(super) fn new(rate: NonZeroU32, now: Instant) -> Pace {
        Pace { rate, stepped: now, granted: 0 }
    }

    /// Grants a step when its time has come; false when there is nothing to go on with.
    pub(super) fn may_go_on(&mut self, now: Instant) -> bool {
        let waited = now.saturating_duration_since(self.stepped);
        if waited >= STEP.max(Duration::from_secs(1) / self.rate.get()) {
            let facts = u128::from(self.rate.get()) * waited.min(MEMORY).as_micros() / 1_000_000;
            // A second's worth fits, and a rate below one a second is none.
            self.granted = usize::try_from(facts).unwrap_or(usize::MAX).max(1);
            self.stepped = now;
        }
        self.granted > 0
    }

    /// How many of so many facts may be folded now.
    pub(super) fn grant(&self, facts: usize) -> usize {
        self.granted.min(facts)
    }

    pub(super) fn spend(&mut self, facts: usize) {
        self.granted -= self.granted.min(facts);
    }
}

impl<B: Business> Runner<B> {
    /// What was built only to be compared is compared, and thrown away.
    pub(super) fn put_by(&mut self, at: usize) -> Result<()> {
        let checked = self.compared(at)?;
        let view = &mut self.views[at];
        view.checked = checked;
        self.give_up(at)?;
        self.publish_statuses();
        Ok(())
    }

    /// The table that was built beside the one that is read, of which the same is expected; none
    /// when none was built.
    pub(super) fn compared(&self, at: usize) -> Result<Option<Checked>> {
        let view = &self.views[at];
        let Some(new) = &view.beside else { return Ok(None) };
        let old = view.live.as_ref();
        let old = old.filter(|old| view.failed.is_none() && old.position == new.position);
        let failed = |error| self.store.failed(error);
        let connection = self.store.connection();
        let built = checksum(&connection, &new.table.name).map_err(failed)?;
        let mut checked =
            Checked { position: new.position, built, live: None, different: 0, keys: Vec::new() };
        if let Some(old) = old {
            let live = checksum(&connection, &old.table.name).map_err(failed)?;
            checked.live = Some(live);
            if live != built {
                let same = |one: &str, other: &str| new.same(one, other);
                let tables = (&*old.table, &*new.table);
                let differing = differing(&connection, tables, same, &mut checked.keys);
                checked.different = differing.map_err(failed)?;
            }
        }
        Ok(Some(checked))
    }
}

/// How many documents of two tables are not the same; the first keys of them are written down.
fn differing(
    connection: &Connection,
    (old, new): (&Table, &Table),
    same: impl Fn(&str, &str) -> bool,
    keys: &mut Vec<String>,
) -> rusqlite::Result<u64> {
    let join = format!(
        "SELECT key, old.document, new.document FROM \"{}\" old FULL JOIN \"{}\" new \
         USING (key) WHERE old.document IS NOT new.document ORDER BY key",
        old.name, new.name
    );
    let mut count = 0;
    let mut join = connection.prepare(&join)?;
    let mut rows = join.query([])?;
    while let Some(row) = rows.next()? {
        let (key, one, other): (_, Option<String>, Option<String>) =
            (row.get(0)?, row.get(1)?, row.get(2)?);
        if !matches!((one, other), (Some(one), Some(other)) if same(&one, &other)) {
            count += 1;
            if keys.len() < NAMED {
                keys.push(key);
            }
        }
    }
    Ok(count)
}
