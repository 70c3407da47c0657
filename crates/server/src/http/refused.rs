//! A decider's *no* as a problem: its code follows from the context and the reason, which are published
//! names; the field's usual codes stand in one table.

use super::problem::{Flaw, Problem};
use engine::{NotTaken, Rejection};
use flows::Refusal;
use http::StatusCode;
use serde_json::{Map, Value};
use std::time::Duration;

/// The field's own code and a status, where the rule below would say something else.
pub(crate) const KNOWN: &[(&str, &str, &str, u16)] = &[
    ("stock", "out_of_stock", "INVENTORY_INSUFFICIENT_STOCK", 409),
    ("stock", "not_there", "INVENTORY_NEGATIVE_STOCK", 409),
    ("cart", "unknown_line", "CART_ITEM_NOT_FOUND", 404),
    ("cart", "too_many_units", "CART_INVALID_QUANTITY", 422),
    ("order", "too_late", "ORDER_CANNOT_BE_CANCELLED", 409),
    ("order", "nothing_to_cancel", "ORDER_CANNOT_BE_CANCELLED", 409),
    ("order", "wrong_stage", "ORDER_INVALID_STATUS_TRANSITION", 409),
    ("order", "too_many_attempts", "PAYMENT_TOO_MANY_ATTEMPTS", 409),
    ("order", "not_delivered", "RETURN_NOT_DELIVERED", 409),
    ("payment", "beyond_captured", "REFUND_AMOUNT_EXCEEDS_ORIGINAL", 409),
    ("payment", "not_started", "PAYMENT_NOT_FOUND", 404),
    ("payment", "other_currency", "PAYMENT_OTHER_CURRENCY", 422),
    ("product", "known_variant", "PRODUCT_SKU_EXISTS", 409),
    ("product", "unknown_variant", "PRODUCT_VARIANT_NOT_FOUND", 404),
    ("product", "bad_price", "PRODUCT_INVALID_PRICE", 422),
];

/// Reasons that lie in the request itself and not in the state it meets.
const INVALID: &[&str] = &["bad_", "too_many_", "too_large", "empty", "nothing_named", "long_"];

/// Why a command changed nothing.
pub(crate) fn rejected(rejection: Rejection<Refusal>) -> Problem {
    match rejection {
        Rejection::Refused(refusal) => refused(&refusal),
        Rejection::OtherRequest => Problem::new(
            StatusCode::UNPROCESSABLE_ENTITY,
            "IDEMPOTENCY_KEY_REUSED",
            "this Idempotency-Key was used for another request: use a new key",
        ),
        other => Problem::internal(&other),
    }
}

/// Why a command was not even looked at.
pub(crate) fn not_taken(why: NotTaken) -> Problem {
    let second = Duration::from_secs(1);
    match why {
        NotTaken::Overloaded { retry_after } => {
            Problem::unavailable("OVERLOADED", why.to_string(), retry_after)
        }
        NotTaken::NoRoom { .. } => {
            Problem::unavailable("NO_ROOM", why.to_string(), Duration::from_secs(30))
        }
        NotTaken::Stopped => Problem::unavailable("STOPPED", why.to_string(), second * 5),
    }
}

fn refused(refusal: &Refusal) -> Problem {
    let Some((context, reason, facts)) = named(refusal) else {
        return Problem::internal(&refusal);
    };
    let (code, status) = code_of(&context, &reason);
    let status = StatusCode::from_u16(status).unwrap_or(StatusCode::CONFLICT);
    let detail = refusal.to_string();
    let pointer = facts.get("line").map(|line| format!("/lines/{line}")).unwrap_or_default();
    let flaws = match facts.is_empty() {
        true => vec![],
        false => vec![Flaw { pointer, detail: String::new(), facts }],
    };
    Problem::new(status, code, detail).because(flaws)
}

/// The code and the status of a refusal, by its context and its reason.
pub(crate) fn code_of(context: &str, reason: &str) -> (String, u16) {
    match KNOWN.iter().find(|known| (known.0, known.1) == (context, reason)) {
        Some((.., code, status)) => ((*code).to_owned(), *status),
        None => usual(context, reason),
    }
}

/// Context, reason and figures, as the refusal is written.
fn named(refusal: &Refusal) -> Option<(String, String, Map<String, Value>)> {
    let Ok(Value::Object(written)) = serde_json::to_value(refusal) else { return None };
    let (context, reason) = written.into_iter().next()?;
    match reason {
        Value::String(reason) => Some((context, reason, Map::new())),
        Value::Object(reason) => {
            let (reason, facts) = reason.into_iter().next()?;
            let facts = match facts {
                Value::Object(facts) => facts,
                other => Map::from_iter([("value".to_owned(), other)]),
            };
            Some((context, reason, facts))
        }
        _ => None,
    }
}

fn usual(context: &str, reason: &str) -> (String, u16) {
    let context = context.to_uppercase().replace('-', "_");
    if reason == "unknown" {
        return (format!("{context}_NOT_FOUND"), 404);
    }
    let invalid = INVALID.iter().any(|sign| reason.starts_with(sign));
    let status = match (reason.starts_with("unknown_") || reason.starts_with("no_such_"), invalid) {
        (true, _) => 404,
        (false, true) => 422,
        (false, false) => 409,
    };
    (format!("{context}_{}", reason.to_uppercase()), status)
}

#[cfg(test)]
mod tests {
    use super::*;
    use commerce::{carts::CartRefusal, orders::OrderRefusal};

    fn code(refusal: Refusal) -> (String, u16) {
        let problem = refused(&refusal);
        (problem.code().to_owned(), problem.status().as_u16())
    }

    #[test]
    fn a_refusals_code_is_its_published_name_or_the_fields_own() {
        let closed = Refusal::Cart(CartRefusal::Closed);
        assert_eq!(code(closed), ("CART_CLOSED".to_owned(), 409));
        let unknown = Refusal::Cart(CartRefusal::Unknown);
        assert_eq!(code(unknown), ("CART_NOT_FOUND".to_owned(), 404));
        let line = Refusal::Cart(CartRefusal::UnknownLine { line: 3 });
        assert_eq!(code(line), ("CART_ITEM_NOT_FOUND".to_owned(), 404));
        let many = Refusal::Order(OrderRefusal::TooManyLines { max: 100 });
        assert_eq!(code(many), ("ORDER_TOO_MANY_LINES".to_owned(), 422));
    }
}
