//! Whether the provider's books agree with ours: the lines of its settlement file against the facts
//! of our payments. Pure; whoever calls it chooses the days. A movement around midnight may stand in
//! the next day's file: [`reconcile_days`] takes the days around for that.

use commerce::payments::PaymentFact;
use kernel::{Money, PaymentId, Timestamp};
use serde::{Deserialize, Serialize};
use std::{collections::BTreeMap, ops::RangeInclusive};

/// Which way money went.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Movement {
    /// To us.
    Capture,
    /// Back.
    Refund,
}

/// One line of a settlement file: money that the provider has moved.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct Settled {
    /// For which payment.
    pub payment: PaymentId,
    /// Which way.
    pub movement: Movement,
    /// Which capture or refund of that payment.
    pub number: u32,
    /// How much.
    pub amount: Money,
    /// What the provider keeps of it.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub fee: Option<Money>,
    /// When, by the provider's clock.
    pub at: Timestamp,
}

/// Something on which the books do not agree.
#[derive(Clone, Debug, PartialEq, Serialize)]
pub struct Difference {
    /// For which payment.
    pub payment: PaymentId,
    /// Which way.
    pub movement: Movement,
    /// Which capture or refund.
    pub number: u32,
    /// What is wrong.
    #[serde(flatten)]
    pub what: Disagreement,
}

/// What is wrong.
#[derive(Clone, Debug, PartialEq, Serialize)]
#[serde(tag = "difference", rename_all = "snake_case")]
pub enum Disagreement {
    /// We believe that it happened, the provider has not settled it.
    MissingThere {
        /// What we believe.
        ours: Money,
    },
    /// The provider has moved money of which we know nothing.
    MissingHere {
        /// What it has moved.
        theirs: Money,
    },
    /// Another amount, or another currency.
    Amount {
        /// What we believe.
        ours: Money,
        /// What it has moved.
        theirs: Money,
    },
    /// The same movement several times.
    Double {
        /// What it has moved each time.
        theirs: Money,
        /// How many times.
        times: u32,
    },
}

/// A day in UTC, counted from 1970-01-01.
pub type Day = i64;

const DAY_MICROS: i64 = 24 * 60 * 60 * 1_000_000;

/// The day of a moment.
pub fn day_of(at: Timestamp) -> Day {
    at.micros().div_euclid(DAY_MICROS)
}

/// When a day begins.
pub fn beginning_of(day: Day) -> Timestamp {
    Timestamp::from_micros(day.saturating_mul(DAY_MICROS))
}

/// A line of a settlement file that cannot be read.
#[derive(Debug, thiserror::Error)]
#[error("line {line} of the settlement file is no movement of money: {error}")]
pub struct BadLine {
    /// Counted from 1.
    pub line: usize,
    /// Why not.
    pub error: serde_json::Error,
}

/// Reads a settlement file of JSON lines; empty lines say nothing.
///
/// # Errors
/// The first line that cannot be read: a file that is read in part would be found to differ.
pub fn read(text: &str) -> Result<Vec<Settled>, BadLine> {
    (1..)
        .zip(text.lines())
        .filter(|(_, text)| !text.trim().is_empty())
        .map(|(line, text)| serde_json::from_str(text).map_err(|error| BadLine { line, error }))
        .collect()
}

/// What is known of one movement.
#[derive(Default)]
struct Books {
    ours: Option<Money>,
    theirs: Vec<Money>,
}

/// Compares what the provider has settled with what our facts say, ordered by payment. Facts other
/// than captures and refunds are passed over; a fact told twice counts once.
pub fn reconcile<'a>(
    settled: impl IntoIterator<Item = Settled>,
    facts: impl IntoIterator<Item = (PaymentId, &'a PaymentFact)>,
) -> Vec<Difference> {
    let mut books: BTreeMap<(PaymentId, Movement, u32), Books> = BTreeMap::new();
    for (payment, fact) in facts {
        let (movement, number, amount) = match fact {
            PaymentFact::Captured { capture, amount } => (Movement::Capture, *capture, *amount),
            PaymentFact::Refunded { refund, amount } => (Movement::Refund, *refund, *amount),
            _ => continue,
        };
        books.entry((payment, movement, number)).or_default().ours = Some(amount);
    }
    for Settled { payment, movement, number, amount, .. } in settled {
        books.entry((payment, movement, number)).or_default().theirs.push(amount);
    }
    let differences = books.into_iter().flat_map(|((payment, movement, number), books)| {
        let what = disagreements(&books).into_iter();
        what.map(move |what| Difference { payment, movement, number, what })
    });
    differences.collect()
}

/// The same for some days, of which `since` cuts off the beginning. Settlement files and facts of the
/// days around them are given, too, so that a movement around midnight, or one of which we heard late,
/// finds its other half; what belongs to these other days is no difference of today's.
pub fn reconcile_days<'a>(
    days: &RangeInclusive<Day>,
    since: Timestamp,
    settled: Vec<Settled>,
    facts: impl IntoIterator<Item = (PaymentId, Timestamp, &'a PaymentFact)>,
) -> Vec<Difference> {
    let mut when: BTreeMap<(PaymentId, Movement, u32), Timestamp> = BTreeMap::new();
    for Settled { payment, movement, number, at, .. } in &settled {
        when.entry((*payment, *movement, *number)).or_insert(*at);
    }
    // Where both know it, the provider's day counts, so that no movement is of two days.
    let mut ours = Vec::new();
    for (payment, at, fact) in facts {
        let key = match fact {
            PaymentFact::Captured { capture, .. } => (payment, Movement::Capture, *capture),
            PaymentFact::Refunded { refund, .. } => (payment, Movement::Refund, *refund),
            _ => continue,
        };
        when.entry(key).or_insert(at);
        ours.push((payment, fact));
    }
    let mut differences = reconcile(settled, ours);
    differences.retain(|difference| {
        let Difference { payment, movement, number, .. } = difference;
        let at = when.get(&(*payment, *movement, *number));
        at.is_some_and(|at| *at >= since && days.contains(&day_of(*at)))
    });
    differences
}

fn disagreements(books: &Books) -> Vec<Disagreement> {
    let Some(&theirs) = books.theirs.first() else {
        return books.ours.map(|ours| Disagreement::MissingThere { ours }).into_iter().collect();
    };
    let first = match books.ours {
        None => Some(Disagreement::MissingHere { theirs }),
        Some(ours) if ours != theirs => Some(Disagreement::Amount { ours, theirs }),
        Some(_) => None,
    };
    let times = u32::try_from(books.theirs.len()).unwrap_or(u32::MAX);
    let double = (times > 1).then_some(Disagreement::Double { theirs, times });
    first.into_iter().chain(double).collect()
}

#[cfg(test)]
mod tests {
    use super::*;
    use kernel::{Currency, spec::NOW};

    fn payment(number: u32) -> PaymentId {
        format!("018f0000-0000-7000-8000-000000000001.{number}").parse().expect("a payment")
    }

    fn pounds(minor: i64) -> Money {
        Money::new(minor, Currency::GBP)
    }

    fn line(number: u32, movement: Movement, amount: Money) -> Settled {
        Settled { payment: payment(number), movement, number: 1, amount, fee: None, at: NOW }
    }

    fn captured(minor: i64) -> PaymentFact {
        PaymentFact::Captured { capture: 1, amount: pounds(minor) }
    }

    #[test]
    fn books_that_agree_have_no_differences() {
        let refunded = PaymentFact::Refunded { refund: 1, amount: pounds(300) };
        let facts = [
            (payment(1), &PaymentFact::Voided),
            (payment(1), &captured(900)),
            (payment(1), &captured(900)),
            (payment(1), &refunded),
        ];
        let settled =
            [line(1, Movement::Capture, pounds(900)), line(1, Movement::Refund, pounds(300))];
        assert_eq!(reconcile(settled, facts), []);
    }

    #[test]
    fn every_planted_difference_is_found_and_nothing_else() {
        let facts: Vec<PaymentFact> = (1..=5).map(|n| captured(n * 100)).collect();
        let facts = (1..).zip(&facts).map(|(number, fact)| (payment(number), fact));
        let euros = Money::new(500, Currency::EUR);
        let settled = [
            line(2, Movement::Capture, pounds(199)),
            line(3, Movement::Capture, pounds(300)),
            line(4, Movement::Capture, pounds(400)),
            line(4, Movement::Capture, pounds(400)),
            line(5, Movement::Capture, euros),
            line(6, Movement::Refund, pounds(7)),
        ];
        let found: Vec<(u32, Disagreement)> = reconcile(settled, facts)
            .into_iter()
            .map(|difference| (difference.payment.number, difference.what))
            .collect();
        let planted = [
            (1, Disagreement::MissingThere { ours: pounds(100) }),
            (2, Disagreement::Amount { ours: pounds(200), theirs: pounds(199) }),
            (4, Disagreement::Double { theirs: pounds(400), times: 2 }),
            (5, Disagreement::Amount { ours: pounds(500), theirs: euros }),
            (6, Disagreement::MissingHere { theirs: pounds(7) }),
        ];
        assert_eq!(found, planted);
    }

    #[test]
    fn what_belongs_to_another_day_is_no_difference_of_this_one() {
        let noon = beginning_of(day_of(NOW)) + std::time::Duration::from_secs(12 * 3600);
        let at = |hours: i64| Timestamp::from_micros(noon.micros() + hours * 3_600_000_000);
        let today = day_of(noon)..=day_of(noon);
        let fact = captured(900);
        let ours = |number, hours| (payment(number), at(hours), &fact);
        let theirs = |number, hours| Settled {
            at: at(hours),
            ..line(number, Movement::Capture, pounds(900))
        };
        // Just before midnight here, just after it there; heard of a day late; yesterday's; tomorrow's.
        let settled = vec![theirs(1, 13), theirs(2, 0), theirs(3, -20), theirs(5, 1), theirs(6, 2)];
        let facts = [ours(1, 11), ours(2, 26), ours(4, 20), ours(7, 3), ours(8, 2)];
        let found = reconcile_days(&today, at(2), settled.clone(), facts);
        let found: Vec<u32> = found.iter().map(|difference| difference.payment.number).collect();
        assert_eq!(found, [6, 7, 8], "and 5 was before anybody kept books");
        assert_eq!(reconcile_days(&today, at(-30), settled, facts).len(), 4);
    }

    #[test]
    fn a_file_is_read_whole_or_not_at_all() {
        let one = line(1, Movement::Capture, pounds(900));
        let text = serde_json::to_string(&one).expect("texts and numbers");
        assert_eq!(read(&format!("{text}\n\n{text}\n")).expect("two lines"), [one.clone(), one]);
        let error = read(&format!("{text}\n{}", &text[..20])).expect_err("it breaks off");
        assert_eq!(error.line, 2);
    }
}
