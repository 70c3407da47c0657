//! Which site sends what. One site does until a planner proposes better: its proposal arrives as a
//! command and replaces [`route`], the stories stay as they are.

use kernel::{SiteId, Sku};
use warehouse::Goods;

/// The site of a shop that has one.
pub fn home() -> SiteId {
    "MAIN".parse().expect("a plain name")
}

/// The fulfilments of an order: which site sends which units.
pub(crate) fn route<'a>(
    lines: impl Iterator<Item = (u32, &'a Sku, u32)>,
) -> Vec<(SiteId, Vec<Goods>)> {
    let goods: Vec<Goods> =
        lines.map(|(line, sku, units)| Goods { line, sku: sku.clone(), units }).collect();
    if goods.is_empty() { Vec::new() } else { vec![(home(), goods)] }
}
