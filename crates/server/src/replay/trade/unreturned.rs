//! What each customer has bought and not yet given back.

use super::plan::{CustomerIndex, ItemIndex, OrderIndex};
use rustc_hash::FxHashMap;

/// Units of one line that may still come back.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) struct Bought {
    pub(super) order: OrderIndex,
    /// Counted from 1.
    pub(super) line: u32,
    /// At least 1.
    pub(super) units: u32,
}

/// All purchases, the newest of each customer and item on top.
#[derive(Debug, Default)]
pub(super) struct Unreturned {
    /// Each with the place of the one below it, so that half a million need no list each.
    purchases: Vec<(Bought, Option<u32>)>,
    piles: FxHashMap<(CustomerIndex, ItemIndex), Pile>,
}

#[derive(Debug, Default)]
struct Pile {
    top: Option<u32>,
    units: u64,
}

impl Unreturned {
    /// Remembers a purchase, on top of those before it.
    pub(super) fn buy(&mut self, customer: CustomerIndex, item: ItemIndex, bought: Bought) {
        let place = u32::try_from(self.purchases.len()).expect("rows are limited far below 2^32");
        let pile = self.piles.entry((customer, item)).or_default();
        self.purchases.push((bought, pile.top));
        pile.top = Some(place);
        pile.units += u64::from(bought.units);
    }

    /// Takes these units off the newest purchases; empty, and nothing taken, when there are fewer.
    pub(super) fn give_back(
        &mut self,
        customer: CustomerIndex,
        item: ItemIndex,
        units: u32,
    ) -> Vec<Bought> {
        let pile = self.piles.get_mut(&(customer, item));
        let Some(pile) = pile.filter(|pile| pile.units >= u64::from(units)) else {
            return Vec::new();
        };
        pile.units -= u64::from(units);
        let (mut taken, mut missing) = (Vec::new(), units);
        while let Some(top) = pile.top.filter(|_| missing > 0) {
            let (bought, below) = &mut self.purchases[top as usize];
            let some = bought.units.min(missing);
            taken.push(Bought { units: some, ..*bought });
            bought.units -= some;
            missing -= some;
            if bought.units == 0 {
                pile.top = *below;
            }
        }
        taken
    }
}
