//! Every code of every problem, with what it means: where the `type` of a problem points.
//!
//! Those of the front door stand here; those of the business follow from the refusals of the deciders
//! and lie in `assets/refusals.json`, which a test keeps equal to them.

#[cfg(test)]
mod tests;

use serde::{Deserialize, Serialize};
use std::collections::BTreeMap;

/// What the business refuses, as the deciders say it.
const REFUSALS: &str = include_str!("../../../../assets/refusals.json");

/// Code, status, and what it means, of what the front door itself says.
const DOOR: &[(&str, u16, &str)] = &[
    (
        "AUTH_TOKEN_INVALID",
        401,
        "The API key is not valid. The first start printed it once; CARTAGE_STAFF_KEY sets it.",
    ),
    ("AUTH_TOKEN_MISSING", 401, "This is for staff: send Authorization: Bearer and the API key."),
    ("BODY_TOO_LARGE", 413, "The body is too long: send less at once."),
    ("CART_NOT_FOUND", 404, "There is no such cart, or its token is missing or wrong."),
    ("CART_PRODUCT_NOT_FOUND", 422, "What should go into the cart is not on sale."),
    (
        "CONSUMER_BUSY",
        409,
        "The view is paused or being built: resume it, or ask again when it follows.",
    ),
    ("CONSUMER_NOT_FOUND", 404, "Nobody of that name follows the journal."),
    ("CONSUMER_NOT_PAUSABLE", 409, "The index follows always: commands need it."),
    ("CONSUMER_NOT_REPLAYABLE", 409, "Only views are replayed: handlers never replay the past."),
    (
        "CONSUMER_NOT_REBUILDABLE",
        409,
        "Only views are built again: handlers never replay the past.",
    ),
    ("FACT_NOT_FOUND", 404, "The journal has no such position."),
    ("FOREIGN_FORM", 403, "A form was sent from the page of another site."),
    (
        "IDEMPOTENCY_KEY_IN_PROGRESS",
        409,
        "A request with this key is under way: ask again when it is done.",
    ),
    (
        "IDEMPOTENCY_KEY_REQUIRED",
        400,
        "This moves money or promises goods: send an Idempotency-Key, a new UUID for each new request.",
    ),
    ("IDEMPOTENCY_KEY_REUSED", 422, "This key was used for another request: use a new one."),
    ("INTERNAL_ERROR", 500, "Cartage itself is at fault; the log has it under the correlation id."),
    ("LETTER_BUSY", 409, "Somebody is at this letter already."),
    ("LETTER_NOT_FIRST", 409, "An earlier letter of the same key comes first."),
    ("LETTER_NOT_FOUND", 404, "There is no such letter, or it is done with."),
    ("LETTER_NO_HANDLER", 409, "Nobody handles letters of this kind any more."),
    ("MALFORMED_REQUEST", 400, "It cannot be read: no JSON, a bad header, a bad cursor."),
    ("MEDIA_TYPE_NOT_SUPPORTED", 415, "Send Content-Type: application/json, not compressed."),
    ("METHOD_NOT_ALLOWED", 405, "The route does not take this method; Allow lists those it takes."),
    ("NO_ROOM", 503, "The disk is nearly full: reading goes on, changes wait until there is room."),
    ("ORDER_NOT_FOUND", 404, "There is no such order, or its token is missing or wrong."),
    ("OVERLOADED", 503, "Too much at once: come back after Retry-After."),
    ("PARTNER_NOT_FOUND", 404, "No partner of this name sends webhooks here."),
    (
        "PAYMENT_IN_USE",
        409,
        "This payment pays for an order that goes on: cancel the order, and the money is given back by itself.",
    ),
    ("PAYMENT_METHOD_NOT_OFFERED", 409, "The order is too dear to be paid on delivery."),
    (
        "PAYMENT_NOTHING_TO_CAPTURE",
        409,
        "No capture of this payment has failed: it is captured by itself when its parcel is sealed.",
    ),
    ("PRODUCT_SLUG_EXISTS", 409, "Another product has this slug."),
    (
        "REQUEST_TIMEOUT",
        408,
        "It took too long; what was acknowledged stands. Asking again with the same key is safe.",
    ),
    ("ROUTE_NOT_FOUND", 404, "There is no such route; this page lists them all."),
    ("STOCK_NOT_FOUND", 404, "Nothing is known of the stock of this SKU."),
    ("STOCK_NOT_KEPT", 409, "This SKU is not kept in stock."),
    ("STOPPED", 503, "The shop is closing, or has stopped."),
    ("STREAM_NOT_FOUND", 404, "There is no such stream of facts, or it was empty then."),
    ("TRACKING_NOT_FOUND", 404, "No parcel has this tracking number."),
    ("VALIDATION_ERROR", 422, "It can be read and is not valid: errors points at each field."),
    ("VARIANT_NOT_FOUND", 404, "There is no such SKU."),
    ("VERSION_STALE", 412, "It has changed since you looked: read it again and send its new ETag."),
    ("VIEW_BEHIND", 503, "What is asked for cannot be shown yet: ask again."),
    ("VIEW_BUILDING", 503, "What is asked for is being built from the journal: ask again."),
    ("WEBHOOK_KIND_UNKNOWN", 422, "The event is of a kind that nobody here understands."),
    ("WEBHOOK_SIGNATURE_INVALID", 401, "The signature does not fit the body: check the secret."),
    (
        "WEBHOOK_TIMESTAMP_INVALID",
        401,
        "The event is too old, or from the future: check the clock, and sign it anew.",
    ),
];

/// One code.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub(super) struct Code {
    /// Upper snake case.
    pub(super) code: String,
    /// The status of its answers.
    pub(super) status: u16,
    /// What it means; of several reasons all.
    pub(super) words: Vec<String>,
}

impl Code {
    /// The end of a problem's `type`.
    pub(super) fn anchor(&self) -> String {
        self.code.to_lowercase().replace('_', "-")
    }
}

/// All of them, by name.
pub(super) fn all() -> Vec<Code> {
    let refusals: Vec<Code> =
        serde_json::from_str(REFUSALS).expect("the list is built in, and tested");
    let door = DOOR.iter().map(|(code, status, words)| Code {
        code: (*code).to_owned(),
        status: *status,
        words: vec![(*words).to_owned()],
    });
    let mut all: BTreeMap<String, Code> = BTreeMap::new();
    for code in door.chain(refusals) {
        match all.get_mut(&code.code) {
            Some(known) => known.words.extend(code.words),
            None => drop(all.insert(code.code.clone(), code)),
        }
    }
    all.into_values().collect()
}
