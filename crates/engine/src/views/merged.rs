//! Lists and counts over a table together with what is not written into it yet: the conditions of a
//! query, decided here as the store decides them.

use super::{
    Layout, Query,
    fresh::{Layer, Row},
    query::{Direction, Filter},
};
use kernel::Column;
use std::{cmp::Ordering, ops::RangeBounds, sync::Arc};

/// A row of a list, wherever it comes from.
#[derive(Debug)]
pub(super) struct Line {
    pub(super) key: String,
    pub(super) text: String,
    /// Of the column by which the list is sorted.
    pub(super) value: Option<Column>,
}

/// Where a row stands in a list: its value, and its key.
type Place<'a> = (Option<&'a Column>, &'a str);

impl Line {
    fn place(&self) -> Place<'_> {
        (self.value.as_ref(), &self.key)
    }
}

/// The rows of a layer that belong to a page: no more than `most`, in no order.
pub(super) fn lines(layer: &Layer, layout: Layout, query: &Query, most: usize) -> Vec<Line> {
    let sorted_by = query.order.as_ref().and_then(|(column, _)| place(layout, column));
    let cursor = query.after.as_ref().map(|cursor| (cursor.value.as_ref(), &*cursor.key));
    let mut found: Vec<(Place<'_>, &Arc<str>)> = Vec::new();
    for (key, row) in layer.iter() {
        let Some(text) = row.text.as_ref().filter(|_| passes(row, layout, query)) else { continue };
        let place = (sorted_by.and_then(|at| row.columns[at].as_ref()), &**key);
        if cursor.is_none_or(|cursor| compare(query, place, cursor) == Ordering::Greater) {
            found.push((place, text));
        }
    }
    if found.len() > most {
        found.select_nth_unstable_by(most, |one, other| compare(query, one.0, other.0));
        found.truncate(most);
    }
    let line = |((value, key), text): (Place<'_>, &Arc<str>)| Line {
        key: key.to_owned(),
        text: (**text).to_owned(),
        value: value.cloned(),
    };
    found.into_iter().map(line).collect()
}

/// Both together in the order of the list.
pub(super) fn merged(query: &Query, mut stored: Vec<Line>, fresh: Vec<Line>) -> Vec<Line> {
    if !fresh.is_empty() {
        stored.extend(fresh);
        stored.sort_by(|one, other| compare(query, one.place(), other.place()));
    }
    stored
}

/// How many rows of a layer pass the filters.
pub(super) fn count(layer: &Layer, layout: Layout, query: &Query) -> u64 {
    let counted = |row: &Row| row.text.is_some() && passes(row, layout, query);
    layer.iter().filter(|(_, row)| counted(row)).count() as u64
}

fn passes(row: &Row, layout: Layout, query: &Query) -> bool {
    query.filters.iter().all(|(column, filter)| {
        let value = place(layout, column).and_then(|at| row.columns[at].as_ref());
        match filter {
            Filter::Equal(wanted) => value == Some(wanted),
            Filter::Absent => value.is_none(),
            Filter::Range(from, until) => {
                let range = (from.as_ref(), until.as_ref());
                value.is_some_and(|value| RangeBounds::<&Column>::contains(&range, &value))
            }
        }
    })
}

fn place(layout: Layout, column: &str) -> Option<usize> {
    layout.columns.iter().position(|known| *known == column)
}

/// Which of two rows comes first: those without a value are the smallest.
fn compare(query: &Query, one: Place<'_>, other: Place<'_>) -> Ordering {
    match query.order {
        None => one.1.cmp(other.1),
        Some((_, Direction::Ascending)) => one.cmp(&other),
        Some((_, Direction::Descending)) => other.cmp(&one),
    }
}
