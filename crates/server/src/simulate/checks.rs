//! What must hold after every crash, and when all is quiet.

use super::{
    books::{Books, money::Paid},
    machine::{Halt, Machine, broken},
    outside::BankBook,
    rules::Rules,
    van::CarrierBook,
};
use crate::shop::all_views;
use engine::{audit, views};
use flows::{
    Shop,
    views::{CashLedger, Stocks},
};
use journal::{Index, Journal, LineReader};
use kernel::{PaymentId, Position, Recorded};
use std::collections::BTreeMap;

/// All facts after a position, as they stand in the journal.
pub(super) fn facts_after(
    reader: &dyn journal::Reader,
    after: Position,
) -> Result<Vec<Recorded<Shop>>, Halt> {
    let mut lines = LineReader::<Shop>::default();
    let mut facts = Vec::new();
    let mut next = reader.block_holding(after + 1)?;
    while let Some(block) = next {
        for line in block.text()?.lines() {
            let recorded = lines.read(line)?;
            if recorded.position > after {
                facts.push(recorded);
            }
        }
        next = reader.block_after(block.last)?;
    }
    Ok(facts)
}

/// Memory, journal, index and views agree.
pub(super) fn everything_agrees<B: Rules>(machine: &mut Machine<B>) -> Result<(), Halt> {
    let (_, different) = machine.engine.compare_memory()?;
    if let Some(first) = different.first() {
        let what = format!("{} in all, one is {first}", different.len());
        return broken("memory_is_what_the_journal_tells", what);
    }
    machine.fold_views()?;
    machine.flush_views()?;
    let (memory, views) = (&machine.disks.journal, &machine.disks.views);
    let index = Index::reader(&memory.index())?;
    if let Err(error) = audit::<Shop>(&*Journal::reader(memory)?, Some(&*index)) {
        return broken("the_journal_is_clean", error.to_string());
    }
    let reader = Journal::reader(memory)?;
    let compared = views::equal_to_rebuilt(&all_views(), &views.reader(), &*reader)?;
    if compared.different > 0 {
        return broken("views_equal_rebuilt", format!("{compared:?}"));
    }
    let failing = machine.views.statuses().into_iter();
    match failing
        .map(|status| (status.view, status.doing))
        .find(|(_, doing)| matches!(doing, views::Doing::Failed { .. }))
    {
        Some(failed) => broken("views_equal_rebuilt", format!("{failed:?}")),
        None => Ok(()),
    }
}

/// Nothing is left to do, and everything adds up.
pub(super) fn all_is_over<B: Rules>(machine: &Machine<B>, books: &Books) -> Result<(), Halt> {
    let memory = &machine.disks.journal;
    match audit::<Shop>(&*Journal::reader(memory)?, None) {
        Ok(audit) if audit.unfinished > 0 || audit.timers > 0 => {
            let what = format!("{} open, {:?}", audit.unfinished, audit.examples);
            return broken("every_story_ended", what);
        }
        Ok(_) => {}
        Err(error) => return broken("the_journal_is_clean", error.to_string()),
    }
    for order in books.money.orders.keys() {
        books.money.close(*order)?;
    }
    orders_are_over(books)?;
    stock_is_settled(machine, books)?;
    bank_agrees(&machine.setup.bank.book(), books)?;
    carrier_agrees(&machine.setup.van.book(), books)?;
    till_agrees(machine, books)
}

fn orders_are_over(books: &Books) -> Result<(), Halt> {
    let open = books.money.orders.iter().find(|(_, book)| !book.over);
    open.map_or(Ok(()), |(id, book)| broken("every_order_ended", format!("{id}: {book:?}")))
}

fn stock_is_settled<B: Rules>(machine: &Machine<B>, books: &Books) -> Result<(), Halt> {
    let reader = machine.disks.views.reader();
    for (sku, book) in &books.stock {
        if book.promised() != 0 || book.short != 0 {
            return broken("nothing_stays_promised", format!("{sku}: {book:?}"));
        }
        let seen = reader.get::<Stocks>(sku.as_str())?.unwrap_or_default();
        let same = (seen.on_hand(), seen.blocked(), seen.short, seen.available())
            == (book.on_hand, book.blocked, book.short, book.available());
        if !same {
            return broken("views_equal_books", format!("{sku}: {seen:?}, {book:?}"));
        }
        for (line, sent) in &book.sent {
            let order = books.money.orders.get(&line.order);
            let packed = order.and_then(|order| order.packed.get(line)).copied();
            if packed != Some(*sent) {
                let what = format!("{line}: {sent} left the house, {packed:?} were packed");
                return broken("what_was_packed_was_sent", what);
            }
        }
    }
    Ok(())
}

/// What the provider has really done is what the payments say, and the other way round.
fn bank_agrees(bank: &BankBook, books: &Books) -> Result<(), Halt> {
    let mut known = BankBook::default();
    let asked = |(_, paid): &(&PaymentId, &Paid)| !paid.promised;
    for (payment, paid) in books.money.payments.iter().filter(asked) {
        let captured = paid.captured.iter().map(|(number, amount)| ((*payment, *number), *amount));
        known.captured.extend(captured);
        let refunded = paid.refunded.iter().map(|(number, amount)| ((*payment, *number), *amount));
        known.refunded.extend(refunded);
    }
    for (entry, amount) in &bank.captured {
        if known.captured.get(entry) != Some(amount) {
            let what = format!("{}, capture {}: the bank took {amount}", entry.0, entry.1);
            return broken("the_bank_agrees", what);
        }
    }
    for (entry, amount) in &bank.refunded {
        if known.refunded.get(entry) != Some(amount) {
            let what = format!("{}, refund {}: the bank gave {amount}", entry.0, entry.1);
            return broken("the_bank_agrees", what);
        }
    }
    if let Some(key) = bank.confused.first() {
        return broken("a_key_is_one_request", format!("{key} asks for two things"));
    }
    match (&known.captured, &known.refunded) == (&bank.captured, &bank.refunded) {
        true => Ok(()),
        false => broken("the_bank_agrees", "something that only we know of"),
    }
}

/// A label that the carrier gave is the one that its parcel goes with, or void: none is paid for and not
/// used.
fn carrier_agrees(carrier: &CarrierBook, books: &Books) -> Result<(), Halt> {
    for ((parcel, number), label) in &carrier.labels {
        let used = books.labels.get(parcel).is_some_and(|book| book.goes_with(label));
        if used == carrier.is_void(*parcel, *number) {
            let what =
                format!("{parcel}: label {number} is {label}, {:?}", books.labels.get(parcel));
            return broken("labels_are_used_or_void", what);
        }
    }
    match carrier.confused.first() {
        Some(key) => broken("a_key_is_one_request", format!("{key} asks for two things")),
        None => Ok(()),
    }
}

fn till_agrees<B: Rules>(machine: &Machine<B>, books: &Books) -> Result<(), Halt> {
    let cash = machine.disks.views.reader().get::<CashLedger>("GBP")?.unwrap_or_default();
    let bank = machine.setup.bank.book();
    let promised = || books.money.payments.values().filter(|paid| paid.promised);
    let by_hand = |amounts: fn(&Paid) -> &BTreeMap<u32, i64>| {
        promised().flat_map(|paid| amounts(paid).values()).sum::<i64>()
    };
    let captured = bank.captured.values().sum::<i64>() + by_hand(|paid| &paid.captured);
    let refunded = bank.refunded.values().sum::<i64>() + by_hand(|paid| &paid.refunded);
    let balance = captured - refunded + books.money.adjusted;
    match (cash.captured, cash.refunded, cash.balance) == (captured, refunded, balance) {
        true => Ok(()),
        false => broken("cash_ledger_balances", format!("{cash:?}, {captured}, {refunded}")),
    }
}
