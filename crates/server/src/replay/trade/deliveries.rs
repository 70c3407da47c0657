//! Goods arrive once a month, before anything else happens: what that month sells and loses.

use super::plan::{Event, Happening, ItemIndex, Plan};
use jiff::tz::Offset;
use kernel::{Quantity, Timestamp};
use rustc_hash::FxHashMap;

/// Year and month in UTC.
type Month = (i16, i8);

/// Puts a delivery before the first event of each month that needs goods.
pub(super) fn put_in(plan: &mut Plan) {
    let events = std::mem::take(&mut plan.events);
    let mut with_deliveries = Vec::with_capacity(events.len() + 16);
    let mut events = events.into_iter().peekable();
    while let Some(first) = events.peek() {
        let (at, file_line, this) = (first.at, first.file_line, month(first.at));
        let mut needed = Needed::default();
        let place = with_deliveries.len();
        while let Some(event) = events.next_if(|event| month(event.at) == this) {
            needed.by(&event.what, plan);
            with_deliveries.push(event);
        }
        let lines = needed.lines();
        if !lines.is_empty() {
            let what = Happening::Delivery { lines };
            with_deliveries.insert(place, Event { at, file_line, what });
        }
    }
    plan.events = with_deliveries;
}

/// Units that have to be there, by item.
#[derive(Default)]
struct Needed(FxHashMap<ItemIndex, u64>);

impl Needed {
    fn by(&mut self, what: &Happening, plan: &Plan) {
        match what {
            Happening::Order(order) => {
                for line in plan.order(*order).lines.iter().filter(|line| line.stock_kept) {
                    *self.0.entry(line.item).or_default() += u64::from(line.quantity);
                }
            }
            Happening::Correction { item, change, stock_kept: true } if *change < 0 => {
                *self.0.entry(*item).or_default() += change.unsigned_abs();
            }
            Happening::Correction { .. }
            | Happening::Delivery { .. }
            | Happening::Return { .. }
            | Happening::Credit { .. }
            | Happening::Adjustment { .. } => {}
        }
    }

    /// By item; an item of which more than a million arrive takes several lines.
    fn lines(self) -> Vec<(ItemIndex, u32)> {
        let mut by_item: Vec<(ItemIndex, u64)> = self.0.into_iter().collect();
        by_item.sort_unstable();
        let mut lines = Vec::with_capacity(by_item.len());
        for (item, mut units) in by_item {
            while units > 0 {
                let some = u32::try_from(units).unwrap_or(u32::MAX).min(Quantity::MAX);
                lines.push((item, some));
                units -= u64::from(some);
            }
        }
        lines
    }
}

fn month(at: Timestamp) -> Month {
    let time = jiff::Timestamp::from_microsecond(at.micros());
    let date = Offset::UTC.to_datetime(time.expect("a kernel time can always be written"));
    (date.year(), date.month())
}
