//! Whether the provider's books agree with ours: the lines of its settlement file against the facts
//! of our payments. Pure; whoever calls it chooses the days. A movement around midnight may stand in
//! the next day's file: give both days, or look at what is missing again the day after.

use commerce::payments::PaymentFact;
use kernel::{Money, PaymentId, Timestamp};
use serde::{Deserialize, Serialize};
use std::collections::BTreeMap;

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
    fn a_file_is_read_whole_or_not_at_all() {
        let one = line(1, Movement::Capture, pounds(900));
        let text = serde_json::to_string(&one).expect("texts and numbers");
        assert_eq!(read(&format!("{text}\n\n{text}\n")).expect("two lines"), [one.clone(), one]);
        let error = read(&format!("{text}\n{}", &text[..20])).expect_err("it breaks off");
        assert_eq!(error.line, 2);
    }
}
