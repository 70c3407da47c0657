//! The report: what was played, what came of it, and whether it all adds up.

use super::{
    player::{Ended, counts},
    trade::{Counts, Malformed, Plan},
};
use crate::shop::{RunningShop, ShopError, all_views};
use comfy_table::Table;
use engine::{audit, views};
use flows::{
    Shop,
    views::{CashLedger, OrderStatus, Orders, StockMoved, Stocks},
};
use serde::Serialize;
use std::{collections::BTreeMap, fs, path::Path};

/// What `--report` writes; `seconds` is the play with views caught up, `check_seconds` what came after.
#[derive(Clone, Debug, Serialize)]
pub struct Report {
    /// What the file says.
    #[serde(flatten)]
    pub counts: Counts,
    /// Orders that are delivered or completed.
    pub delivered_orders: u64,
    /// Promises that could not be kept, in units.
    pub oversold: i64,
    /// Captured less refunded, in minor units.
    pub cash_minor: i64,
    /// Facts in the journal.
    pub facts: u64,
    /// How long the play took, views caught up.
    pub seconds: f64,
    /// Orders in a second of it.
    pub orders_per_second: f64,
    /// Facts in a second of it.
    pub facts_per_second: f64,
    /// How long the checks took.
    pub check_seconds: f64,
    /// Size of `journal.db`.
    pub journal_bytes: u64,
    /// Of it, for each fact.
    pub journal_bytes_per_fact: f64,
    /// Size of `index.db`.
    pub index_bytes: u64,
    /// The most memory that the program ever had.
    pub peak_rss_bytes: u64,
    /// What must hold, and whether it does.
    pub invariants: BTreeMap<&'static str, bool>,
    /// What does not hold, in words.
    pub complaints: Vec<String>,
    /// Rows that could not be understood.
    pub malformed_rows: Vec<Malformed>,
}

/// Looks at everything once the play is over; stops the shop.
///
/// # Errors
/// When something cannot be read.
pub fn inspect(
    shop: RunningShop,
    folder: &Path,
    plan: &Plan,
    ended: &Ended,
    seconds: f64,
) -> Result<Report, ShopError> {
    let begin = std::time::Instant::now();
    let peak_rss_bytes = peak_memory();
    let mut report = Report {
        counts: counts(plan),
        delivered_orders: 0,
        oversold: 0,
        cash_minor: 0,
        facts: shop.settle()?,
        seconds,
        orders_per_second: 0.0,
        facts_per_second: 0.0,
        check_seconds: 0.0,
        journal_bytes: 0,
        journal_bytes_per_fact: 0.0,
        index_bytes: 0,
        peak_rss_bytes,
        invariants: BTreeMap::new(),
        complaints: ended.refusals.clone(),
        malformed_rows: plan.malformed.clone(),
    };
    report.must("played_to_the_end", ended.complete, || "it was stopped".to_owned());
    report.must("nothing_refused", ended.refused == 0, || {
        format!("{} commands were refused", ended.refused)
    });
    report.must("every_return_taken", ended.returns_left == 0, || {
        format!("{} returns wait for their orders", ended.returns_left)
    });
    let alarms = shop.alarms().all();
    report.must("no_alarms", alarms.is_empty(), || format!("{:?}", alarms[0].text));
    report.look_at_orders(&shop)?;
    report.look_at_stock(&shop)?;
    report.look_at_money(&shop)?;
    report.look_at_views(&shop)?;
    shop.stop()?;
    report.look_at_journal(folder)?;
    report.measure(folder);
    report.check_seconds = begin.elapsed().as_secs_f64();
    Ok(report)
}

impl Report {
    fn must(&mut self, name: &'static str, holds: bool, complaint: impl FnOnce() -> String) {
        self.invariants.insert(name, holds);
        if !holds {
            self.complaints.push(format!("{name}: {}", complaint()));
        }
    }

    fn look_at_orders(&mut self, shop: &RunningShop) -> Result<(), ShopError> {
        let (mut orders, mut delivered, mut gross, mut lines) = (0, 0, 0, 0);
        shop.reader.all::<Orders>(|_, order| {
            orders += 1;
            lines += order.lines.len() as u64;
            gross += order.totals().total.minor;
            let there = [OrderStatus::Delivered, OrderStatus::Completed];
            delivered += u64::from(there.contains(&order.status));
        })?;
        let Counts { orders: expected, order_lines, gross_minor, .. } = self.counts;
        self.delivered_orders = delivered;
        self.must("every_order_delivered", delivered == expected, || {
            format!("{delivered} of {expected} orders")
        });
        let same = (orders, lines, gross) == (expected, order_lines, gross_minor);
        self.must("orders_are_those_of_the_file", same, || {
            format!("{orders} orders, {lines} lines, {gross} pence")
        });
        Ok(())
    }

    fn look_at_stock(&mut self, shop: &RunningShop) -> Result<(), ShopError> {
        let (mut short, mut broken) = (0, Vec::new());
        shop.reader.all::<Stocks>(|sku, stock| {
            let (on_hand, available) = (stock.on_hand(), stock.available());
            short += stock.short.max(0) + (-available).max(0);
            let StockMoved { received, handed_over, restocked, adjusted } = stock.moved;
            let remains = received - handed_over + restocked + adjusted;
            let settled = stock.promised() == 0 && stock.blocked() == 0 && available == on_hand;
            if !settled || remains != on_hand || on_hand < 0 {
                broken.push(format!("{sku}: {stock:?}"));
            }
        })?;
        self.oversold = short;
        self.must("nothing_oversold", short == 0, || format!("{short} units"));
        let sound = broken.is_empty();
        self.must("stock_adds_up", sound, || broken.swap_remove(0));
        Ok(())
    }

    fn look_at_money(&mut self, shop: &RunningShop) -> Result<(), ShopError> {
        let cash = shop.reader.get::<CashLedger>("GBP")?.unwrap_or_default();
        let Counts { gross_minor, return_minor, credit_minor, adjustments_minor, .. } = self.counts;
        self.cash_minor = cash.captured - cash.refunded;
        self.must("captured_is_gross", cash.captured == gross_minor, || {
            format!("{} captured, {gross_minor} sold", cash.captured)
        });
        let given = cash.refunded + cash.credited;
        self.must("returns_are_paid", given == return_minor + credit_minor, || {
            format!("{given} refunded or credited, {} returned", return_minor + credit_minor)
        });
        let balance = cash.captured - cash.refunded + adjustments_minor;
        self.must("cash_ledger_balances", cash.balance == balance, || format!("{cash:?}"));
        Ok(())
    }

    fn look_at_views(&mut self, shop: &RunningShop) -> Result<(), ShopError> {
        let journal = shop.engine.reader()?;
        let compared = views::equal_to_rebuilt(&all_views(), &shop.reader, &*journal)?;
        let same = compared.different == 0;
        self.must("views_equal_rebuilt", same, || format!("{compared:?}"));
        Ok(())
    }

    fn look_at_journal(&mut self, folder: &Path) -> Result<(), ShopError> {
        let (reader, index) = journal::sqlite::read(folder)?;
        match audit::<Shop>(&*reader, Some(&*index)) {
            Ok(audit) => {
                let facts = self.facts;
                self.must("journal_verified", audit.verified.facts == facts, || {
                    format!("{} facts, {facts} expected", audit.verified.facts)
                });
                self.must("every_story_ended", audit.unfinished == 0, || {
                    format!("{} not, {:?}", audit.unfinished, audit.examples)
                });
                self.must("no_timer_open", audit.timers == 0, || format!("{}", audit.timers));
            }
            Err(error) => self.must("journal_verified", false, || error.to_string()),
        }
        Ok(())
    }

    fn measure(&mut self, folder: &Path) {
        self.journal_bytes = journal::sqlite::file_size(&folder.join("journal.db"));
        self.index_bytes = journal::sqlite::file_size(&folder.join("index.db"));
        self.journal_bytes_per_fact = self.journal_bytes as f64 / self.facts.max(1) as f64;
        self.orders_per_second = self.counts.orders as f64 / self.seconds;
        self.facts_per_second = self.facts as f64 / self.seconds;
    }

    /// True when everything holds.
    pub fn is_sound(&self) -> bool {
        self.invariants.values().all(|holds| *holds)
    }

    /// For people.
    pub fn table(&self) -> String {
        let mut table = Table::new();
        table.load_style(comfy_table::presets::UTF8_BORDERS_ONLY);
        let json = serde_json::to_value(self).expect("plain data");
        let shown = json.as_object().into_iter().flatten();
        for (name, value) in shown.filter(|(_, value)| !value.is_array() && !value.is_object()) {
            let text = match value.as_f64().filter(|_| value.is_f64()) {
                Some(number) => format!("{number:.1}"),
                None => value.to_string(),
            };
            table.add_row([name.as_str(), &text]);
        }
        for (name, holds) in &self.invariants {
            table.add_row([*name, if *holds { "holds" } else { "DOES NOT HOLD" }]);
        }
        table.to_string()
    }
}

/// As the kernel counts it; 0 where it does not.
fn peak_memory() -> u64 {
    let status = fs::read_to_string("/proc/self/status").unwrap_or_default();
    let line = status.lines().find_map(|line| line.strip_prefix("VmHWM:"));
    let kib = line.and_then(|line| line.trim().strip_suffix(" kB")?.trim().parse::<u64>().ok());
    kib.unwrap_or(0) * 1024
}
