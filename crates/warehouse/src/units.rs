//! Units of an order's line, as every context of the warehouse speaks of them.

use kernel::Sku;
use serde::{Deserialize, Serialize};
use std::collections::{BTreeMap, BTreeSet};

/// Some units of a line; `[line, units]` in JSON.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(from = "(u32, u32)", into = "(u32, u32)")]
pub struct Units {
    /// Number of the line in its order.
    pub line: u32,
    /// How many.
    pub units: u32,
}

impl Units {
    /// So many of this line.
    pub const fn new(line: u32, units: u32) -> Units {
        Units { line, units }
    }

    /// Units of all lines.
    pub fn sum(lines: &[Units]) -> u64 {
        lines.iter().map(|line| u64::from(line.units)).sum()
    }

    /// What there is beyond what may stay; lines not named stay, and without a list nothing does.
    pub(crate) fn beyond(lines: &[Units], keep: Option<&[Units]>) -> Vec<Units> {
        let named: Option<BTreeMap<u32, u32>> =
            keep.map(|keep| keep.iter().map(|kept| (kept.line, kept.units)).collect());
        let stays = |line: &Units| match &named {
            None => 0,
            Some(named) => named.get(&line.line).copied().unwrap_or(line.units),
        };
        let beyond = |line: &Units| Units::new(line.line, line.units.saturating_sub(stays(line)));
        lines.iter().map(beyond).filter(|line| line.units > 0).collect()
    }
}

impl From<(u32, u32)> for Units {
    fn from((line, units): (u32, u32)) -> Units {
        Units { line, units }
    }
}

impl From<Units> for (u32, u32) {
    fn from(Units { line, units }: Units) -> (u32, u32) {
        (line, units)
    }
}

/// Some units of a line, and what they are; `[line, sku, units]` in JSON.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(from = "(u32, Sku, u32)", into = "(u32, Sku, u32)")]
pub struct Goods {
    /// Number of the line in its order.
    pub line: u32,
    /// What.
    pub sku: Sku,
    /// How many.
    pub units: u32,
}

impl Goods {
    /// At least one line, each once and with at least one unit.
    pub(crate) fn well_formed(lines: &[Goods]) -> bool {
        let mut seen = BTreeSet::new();
        !lines.is_empty() && lines.iter().all(|goods| goods.units > 0 && seen.insert(goods.line))
    }
}

impl From<(u32, Sku, u32)> for Goods {
    fn from((line, sku, units): (u32, Sku, u32)) -> Goods {
        Goods { line, sku, units }
    }
}

impl From<Goods> for (u32, Sku, u32) {
    fn from(Goods { line, sku, units }: Goods) -> (u32, Sku, u32) {
        (line, sku, units)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_may_stay_is_named_line_by_line_and_the_rest_is_beyond() {
        let lines = [Units::new(1, 5), Units::new(2, 3)];
        let keep = [Units::new(1, 2)];
        assert_eq!(Units::beyond(&lines, Some(&keep)), [Units::new(1, 3)]);
        assert_eq!(Units::beyond(&lines, None), lines);
        assert!(Units::beyond(&lines, Some(&[])).is_empty());
    }

    #[test]
    fn units_and_goods_are_short_in_json() {
        let goods = Goods { line: 3, sku: "CUP".parse().unwrap(), units: 7 };
        assert_eq!(serde_json::to_string(&goods).unwrap(), r#"[3,"CUP",7]"#);
        assert_eq!(serde_json::from_str::<Goods>(r#"[3,"CUP",7]"#).unwrap(), goods);
        assert_eq!(serde_json::to_string(&Units::new(3, 7)).unwrap(), "[3,7]");
    }

    #[test]
    fn goods_name_each_line_once_with_at_least_one_unit() {
        let goods = |line, units| Goods { line, sku: "CUP".parse().unwrap(), units };
        assert!(Goods::well_formed(&[goods(1, 1), goods(2, 1)]));
        for bad in [vec![], vec![goods(1, 0)], vec![goods(1, 1), goods(1, 2)]] {
            assert!(!Goods::well_formed(&bad));
        }
    }
}
