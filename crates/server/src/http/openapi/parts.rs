//! What operations share: words about the whole, headers, and problems.

use serde_json::{Value, json};

/// The methods that routes take, in the order in which they are shown.
pub(crate) const METHODS: &[&str] = &["get", "post", "put", "patch", "delete"];

/// What the API is about, in the order in which one needs it.
pub(super) const TAGS: &[(&str, &str)] = &[
    ("products", "What is for sale: products, their variants and prices."),
    ("carts", "What somebody wants to buy. A cart holds no stock; its order will have its id."),
    (
        "orders",
        "Orders from the moment they are placed to the last parcel: every order is a story you can replay.",
    ),
    (
        "payments",
        "Money: authorised when the order is placed, captured when its parcel leaves, given back when something comes back.",
    ),
    ("stock", "What lies where, and what is promised to whom."),
    (
        "warehouse",
        "The way to the door: what a site sends (fulfilments), takes from the shelves (picks), puts into \
         cartons (packs) and hands to the carrier (parcels).",
    ),
    ("returns", "What comes back, and the money for it."),
    ("reports", "Figures over many orders."),
    ("webhooks", "What providers tell the shop."),
    (
        "running",
        "The journal itself, who follows it, what could not be done outside (dead letters), health and figures.",
    ),
];

/// Name, version, and what one should know before the first call.
pub(super) fn info() -> Value {
    json!({
        "title": "Cartage",
        "version": env!("CARGO_PKG_VERSION"),
        "summary": "From the cart to the door.",
        "description": "Every change answers with a `Cartage-Position`: the place in the journal from which it can be seen. A list asked with `Cartage-After` is at least as new as that position. An `Idempotency-Key` makes every change safe to repeat: the same key and the same body have the same answer. What goes wrong is `application/problem+json` (RFC 9457) with a stable `code`. Money is in minor units of a currency, times are RFC 3339.",
        "license": {"name": env!("CARGO_PKG_LICENSE")}
    })
}

/// What a good answer is called where its handler says nothing.
pub(super) fn words_of(status: &str) -> &'static str {
    match status {
        "201" => "Made.",
        "202" => "Taken; `Location` tells what becomes of it.",
        "204" => "Done.",
        _ => "As asked.",
    }
}

/// Headers of requests.
pub(super) fn parameters() -> Value {
    let key = |required: bool, words: &str| {
        json!({
            "name": "Idempotency-Key",
            "in": "header",
            "required": required,
            "description": words,
            "schema": {"type": "string", "minLength": 1, "maxLength": 255, "pattern": "^[ -~]+$"},
            "example": "7c0f8f5e-3b0a-4c53-9a52-2f6f3a1c9b11"
        })
    };
    json!({
        "IdempotencyKey": key(false, "A new UUID for each new request: asking again with it cannot do it twice."),
        "IdempotencyKeyRequired": key(true, "A new UUID for each new request: asking again with it cannot do it twice. Required, because it moves money or promises goods."),
        "CorrelationId": {
            "name": "X-Correlation-ID",
            "in": "header",
            "description": "What you call the whole affair, in 1 to 128 printable characters (what is none is replaced): it comes back in the answer and stands in every log line, fact and trace that follows.",
            "schema": {"type": "string"}
        },
        "IfMatch": {
            "name": "If-Match",
            "in": "header",
            "description": "The `ETag` of what you looked at: if it has changed since, nothing is done (412).",
            "schema": {"type": "string", "pattern": "^(\"[0-9]{1,18}\"|\\*)$"},
            "example": "\"7\""
        },
        "After": {
            "name": "Cartage-After",
            "in": "header",
            "description": "A `Cartage-Position`: the answer is at least as new, or waits for up to two seconds.",
            "schema": {"type": "string", "pattern": "^[0-9]{1,18}$"}
        },
        "Prefer": {
            "name": "Prefer",
            "in": "header",
            "description": "`respond-async`: 202 at once; `wait=n`: the outcome within n seconds, 30 at most (RFC 7240).",
            "schema": {"type": "string"},
            "example": "wait=10"
        }
    })
}

/// Headers of answers.
pub(super) fn headers() -> Value {
    let header = |words: &str, schema: Value| json!({"description": words, "schema": schema});
    json!({
        "CorrelationId": header("As it was sent, or made here.", json!({"type": "string"})),
        "Position": header("Opaque: what is answered is true up to here; for `Cartage-After`.", json!({"type": "string"})),
        "ETag": header("The version, for `If-Match`.", json!({"type": "string", "pattern": "^\"[0-9]+\"$"})),
        "Location": header("Where it is from now on.", json!({"type": "string", "format": "uri-reference"})),
        "RetryAfter": header("Seconds after which asking again is worth while.", json!({"type": "integer", "minimum": 1}))
    })
}

/// What may go wrong anywhere.
pub(super) fn problems() -> Value {
    let problem = |words: &str| {
        json!({
            "description": words,
            "headers": {"X-Correlation-ID": {"$ref": "#/components/headers/CorrelationId"}},
            "content": {"application/problem+json": {"schema": {"$ref": "#/components/schemas/Problem"}}}
        })
    };
    let mut later =
        problem("Not now: overloaded, closing, or what is asked for cannot be shown yet.");
    later["headers"]["Retry-After"] = json!({"$ref": "#/components/headers/RetryAfter"});
    json!({
        "Malformed": problem("It cannot be read: no JSON, a bad header or cursor, a key that is missing."),
        "Unauthorised": problem("The proof of who you are is missing or wrong."),
        "NotFound": problem("It is not there, or not for you."),
        "Timeout": problem("It took too long; what was acknowledged stands."),
        "Conflict": problem("What is there stands against it."),
        "Stale": problem("It has changed since you looked."),
        "TooLarge": problem("The body is too long."),
        "UnsupportedMediaType": problem("The body is not sent as `application/json`."),
        "Invalid": problem("It can be read and is not valid, or the key was used for another request."),
        "Unavailable": later
    })
}
