//! Who may call what. Handlers ask for it themselves; here it is written down for readers, and a test
//! calls every route without any proof to see that both say the same.

use serde_json::{Value, json};

/// Who may call an operation.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Who {
    /// No proof is needed.
    Anyone,
    /// Whoever has the token of the cart or order; staff as well.
    Owner,
    /// Whoever has the API key.
    Staff,
    /// A provider, by his signature.
    Partner,
}

/// The first row that fits says who: a method (or none for all), and a path or its beginning (`…*`).
/// What is not named here is for staff.
const TABLE: &[(Option<&str>, &str, Who)] = &[
    (None, "/health", Who::Anyone),
    (None, "/ready", Who::Anyone),
    (None, "/metrics", Who::Anyone),
    (Some("get"), "/api/v1/products", Who::Anyone),
    (Some("get"), "/api/v1/products/{id}", Who::Anyone),
    (Some("get"), "/api/v1/categories*", Who::Anyone),
    (Some("get"), "/api/v1/availability", Who::Anyone),
    (Some("get"), "/api/v1/tracking/*", Who::Anyone),
    (Some("post"), "/api/v1/carts", Who::Anyone),
    (None, "/api/v1/carts/*", Who::Owner),
    (Some("post"), "/api/v1/orders", Who::Owner),
    (Some("get"), "/api/v1/orders/{id}", Who::Owner),
    (Some("get"), "/api/v1/orders/{id}/timeline", Who::Owner),
    (Some("get"), "/api/v1/orders/{id}/events", Who::Owner),
    (Some("post"), "/api/v1/orders/{id}/cancel", Who::Owner),
    (Some("post"), "/api/v1/orders/{id}/payments", Who::Owner),
    (Some("post"), "/api/v1/orders/{id}/returns", Who::Owner),
    (None, "/api/v1/webhooks/*", Who::Partner),
];

impl Who {
    /// As it is written in the document.
    pub(crate) fn as_str(self) -> &'static str {
        match self {
            Who::Anyone => "anyone",
            Who::Owner => "owner",
            Who::Staff => "staff",
            Who::Partner => "partner",
        }
    }

    /// Whom a completed operation is for.
    pub(crate) fn of(operation: &Value) -> Who {
        let all = [Who::Anyone, Who::Owner, Who::Partner];
        let named = all.into_iter().find(|who| operation["x-cartage-who"] == who.as_str());
        named.unwrap_or(Who::Staff)
    }

    /// Any one of these proofs will do.
    pub(super) fn security(self) -> Value {
        match self {
            Who::Anyone => json!([{}]),
            Who::Owner => json!([{"token": []}, {"staff": []}]),
            Who::Staff => json!([{"staff": []}]),
            Who::Partner => json!([{"signature": []}]),
        }
    }
}

/// Who may call it; what a handler declares open (`security(())`) is open.
pub(super) fn of(method: &str, path: &str, operation: &Value) -> Who {
    let fits = |known: &str| match known.strip_suffix('*') {
        Some(begin) => path.starts_with(begin),
        None => path == known,
    };
    let row = TABLE
        .iter()
        .find(|(known, place, _)| known.is_none_or(|known| known == method) && fits(place));
    match row {
        Some((.., who)) => *who,
        None if operation["security"] == json!([{}]) => Who::Anyone,
        None => Who::Staff,
    }
}

/// How each of them proves it.
pub(super) fn schemes() -> Value {
    json!({
        "staff": {
            "type": "http",
            "scheme": "bearer",
            "description": "The staff's API key: the first start prints it once, `CARTAGE_STAFF_KEY` sets it."
        },
        "token": {
            "type": "apiKey",
            "in": "header",
            "name": "Cartage-Token",
            "description": "What `POST /api/v1/carts` answers as `token`: proves that a cart, and the order it becomes, is yours."
        },
        "signature": {
            "type": "apiKey",
            "in": "header",
            "name": "webhook-signature",
            "description": "Standard Webhooks: `webhook-id`, `webhook-timestamp` and `webhook-signature` over the raw body."
        }
    })
}
