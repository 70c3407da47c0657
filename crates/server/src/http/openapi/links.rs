//! Where an answer leads: links from what was answered to what can be asked next, so that readers and
//! programs can follow an order through the document.

use serde_json::{Map, Value, json};

/// From an answer (operation and status) to operations, with where their parameters stand in it.
struct Way {
    from: (&'static str, &'static str),
    to: &'static [&'static str],
    with: &'static [(&'static str, &'static str)],
    /// Fields of the body of what is asked next, as JSON; the others are the caller's.
    body: Option<&'static str>,
}

impl Way {
    const fn with(self, with: &'static [(&'static str, &'static str)]) -> Way {
        Way { with, ..self }
    }

    const fn saying(self, body: &'static str) -> Way {
        Way { body: Some(body), ..self }
    }
}

const ID: &[(&str, &str)] = &[("id", "/id")];
const LINE: &[(&str, &str)] = &[("id", "/id"), ("line", "/lines/0/id")];
/// The first part of an order: fulfilment, pick, pack and parcel have the same id.
const PART: &[(&str, &str)] = &[("id", "/fulfilments/0/id")];
const SKU: &[(&str, &str)] = &[("sku", "/sku")];
const CONSUMER: &[&str] = &[
    "get_consumers_by_name_progress",
    "post_consumers_by_name_pause",
    "post_consumers_by_name_resume",
    "post_consumers_by_name_rebuild",
    "post_consumers_by_name_replay",
];
const PAYMENT: &[&str] = &[
    "get_payments_by_id",
    "get_payments_by_id_refunds",
    "post_payments_by_id_refunds",
    "post_payments_by_id_capture",
    "post_payments_by_id_void",
];
const PARCEL: &[&str] =
    &["get_parcels_by_id", "post_parcels_by_id_label", "post_parcels_by_id_hand_over"];
const RETURN: &[&str] = &[
    "get_returns_by_id",
    "post_returns_by_id_authorise",
    "post_returns_by_id_refuse",
    "post_returns_by_id_receive",
    "post_returns_by_id_inspect",
];
const RECEIVED: &str = r#"{"lines": [
    {"line": "$response.body#/lines/0/line", "quantity": "$response.body#/lines/0/requested"}]}"#;
const INSPECTED: &str = r#"{"lines": [{"line": "$response.body#/lines/0/line",
    "quantity": "$response.body#/lines/0/received", "disposition": "restock"}]}"#;
const RETURNED: &str = r#"{"lines": [{"line": 1, "quantity": 1, "reason": "unwanted"}]}"#;

const fn way(from: (&'static str, &'static str), to: &'static [&'static str]) -> Way {
    Way { from, to, with: ID, body: None }
}

/// From the first item of a list.
const fn first(from: &'static str, to: &'static [&'static str]) -> Way {
    way((from, "200"), to).with(&[("id", "/items/0/id")])
}

/// What is sold, and the way into the cart.
const SELLING: &[Way] = &[
    way(
        ("post_products", "201"),
        &[
            "get_products_by_id",
            "patch_products_by_id",
            "post_products_by_id_publish",
            "post_products_by_id_withdraw",
            "post_products_by_id_discontinue",
            "post_products_by_id_variants",
        ],
    ),
    way(("post_products_by_id_publish", "200"), &["put_products_by_id_variants_by_sku_price"])
        .with(&[("id", "/id"), ("sku", "/variants/0/sku")])
        .saying(r#"{"price": "$response.body#/variants/0/price"}"#),
    way(
        ("post_products_by_id_publish", "200"),
        &["post_stock_by_sku_receive", "post_stock_by_sku_adjust", "get_stock_by_sku"],
    )
    .with(&[("sku", "/variants/0/sku")]),
    first("get_products", &["get_products_by_id"]),
    way(
        ("post_stock_by_sku_receive", "200"),
        &[
            "get_stock_by_sku",
            "get_stock_by_sku_movements",
            "get_stock_by_sku_at",
            "post_stock_by_sku_adjust",
            "get_availability",
        ],
    )
    .with(SKU),
    way(("get_stock", "200"), &["get_stock_by_sku", "get_stock_by_sku_movements"])
        .with(&[("sku", "/items/0/sku")]),
    way(
        ("post_carts", "201"),
        &["get_carts_by_id", "post_carts_by_id_lines", "get_carts_by_id_quote"],
    ),
    way(
        ("post_carts_by_id_lines", "201"),
        &["patch_carts_by_id_lines_by_line", "delete_carts_by_id_lines_by_line"],
    )
    .with(LINE),
    way(("post_carts_by_id_lines", "201"), &["post_orders"])
        .with(&[])
        .saying(r#"{"cart": "$response.body#/id"}"#),
];

/// An order, its money, and what comes back.
const ORDERS: &[Way] = &[
    way(
        ("post_orders", "201"),
        &[
            "get_orders_by_id",
            "get_orders_by_id_timeline",
            "get_orders_by_id_at",
            "get_orders_by_id_facts",
            "get_orders_by_id_events",
            "post_orders_by_id_cancel",
            "post_orders_by_id_payments",
            "post_orders_by_id_returns",
        ],
    ),
    way(("post_orders", "201"), PAYMENT).with(&[("id", "/payments/0/id")]),
    way(("get_orders_by_id", "200"), PAYMENT).with(&[("id", "/payments/0/id")]),
    way(("post_orders_by_id_payments", "201"), PAYMENT).with(&[("id", "/payments/0/id")]),
    way(("get_payments_by_id", "200"), &["post_payments_by_id_refunds"])
        .saying(r#"{"amount": "$response.body#/captured"}"#),
    way(("post_payments_by_id_refunds", "201"), &["get_payments_by_id_refunds"]),
    way(("post_orders", "201"), &["post_picks_by_id_start"]).with(PART),
    way(
        ("get_orders_by_id", "200"),
        &[
            "get_fulfilments_by_id",
            "post_fulfilments_by_id_release",
            "get_picks_by_id",
            "post_picks_by_id_start",
        ],
    )
    .with(PART),
    way(("get_orders_by_id", "200"), PARCEL).with(&[("id", "/parcels/0/id")]),
    way(("get_orders_by_id", "200"), RETURN).with(&[("id", "/returns/0/id")]),
    way(("get_orders_by_id", "200"), &["post_orders_by_id_returns"]).saying(RETURNED),
    first("get_orders", &["get_orders_by_id", "post_orders_by_id_cancel"]),
    way(
        ("post_orders_by_id_returns", "201"),
        &["get_returns_by_id", "post_returns_by_id_authorise", "post_returns_by_id_refuse"],
    ),
    way(("post_orders_by_id_returns", "201"), &["post_returns_by_id_receive"]).saying(RECEIVED),
    way(("post_returns_by_id_authorise", "200"), &["post_returns_by_id_receive"]).saying(RECEIVED),
    way(("post_returns_by_id_receive", "200"), &["post_returns_by_id_inspect"]).saying(INSPECTED),
    first("get_returns", RETURN),
];

/// From the shelf to the van.
const WAREHOUSE: &[Way] = &[
    first("get_fulfilments", &["get_fulfilments_by_id", "post_fulfilments_by_id_release"]),
    way(("post_fulfilments_by_id_release", "200"), &["post_picks_by_id_start"]),
    first("get_picks", &["get_picks_by_id", "post_picks_by_id_start"]),
    way(("post_picks_by_id_start", "200"), &["post_picks_by_id_lines_by_line"])
        .with(LINE)
        .saying(r#"{"picked": "$response.body#/lines/0/quantity"}"#),
    way(("post_picks_by_id_start", "200"), &["post_picks_by_id_lines_by_line_short"])
        .with(LINE)
        .saying(r#"{"found": "$response.body#/lines/0/picked"}"#),
    way(("post_picks_by_id_lines_by_line", "200"), &["get_packs_by_id"]),
    way(("post_picks_by_id_lines_by_line", "200"), &["post_packs_by_id_lines_by_line_verify"])
        .with(LINE)
        .saying(r#"{"quantity": "$response.body#/lines/0/picked"}"#),
    first("get_packs", &["get_packs_by_id"]),
    way(("get_packs_by_id", "200"), &["post_packs_by_id_lines_by_line_verify"])
        .with(LINE)
        .saying(r#"{"quantity": "$response.body#/lines/0/quantity"}"#),
    way(("post_packs_by_id_lines_by_line_verify", "200"), &["post_packs_by_id_seal"]),
    way(("post_packs_by_id_seal", "200"), PARCEL),
    first("get_parcels", PARCEL),
    way(("post_parcels_by_id_label", "200"), &["post_parcels_by_id_hand_over"]),
    way(("post_parcels_by_id_label", "200"), &["get_tracking_by_number"])
        .with(&[("number", "/tracking_number")]),
    way(("get_parcels_by_id", "200"), &["get_tracking_by_number"])
        .with(&[("number", "/tracking_number")]),
    way(("post_parcels_by_id_hand_over", "200"), &["get_parcels_by_id"]),
    way(("post_parcels_by_id_hand_over", "200"), &["get_orders_by_id"]).with(&[("id", "/order")]),
];

/// Facts, who follows them, and what could not be done.
const RUNNING: &[Way] = &[
    way(("get_facts", "200"), &["get_facts_by_position"])
        .with(&[("position", "/items/0/position")]),
    way(("get_facts", "200"), &["get_streams_by_stream"]).with(&[("stream", "/items/0/stream")]),
    way(("get_consumers", "200"), CONSUMER).with(&[("name", "/items/0/name")]),
    way(
        ("post_consumers_by_name_rebuild", "202"),
        &["get_consumers_by_name_progress", "post_consumers_by_name_replay"],
    )
    .with(&[("name", "/name")]),
    way(
        ("post_consumers_by_name_pause", "202"),
        &["get_consumers_by_name_progress", "post_consumers_by_name_resume"],
    )
    .with(&[("name", "/name")]),
    first(
        "get_dead_letters",
        &[
            "get_dead_letters_by_id",
            "post_dead_letters_by_id_preview",
            "post_dead_letters_by_id_retry",
            "post_dead_letters_by_id_edit",
            "post_dead_letters_by_id_drop",
        ],
    ),
    way(
        ("post_dead_letters_by_id_edit", "200"),
        &["post_dead_letters_by_id_preview", "post_dead_letters_by_id_retry"],
    ),
];

fn ways() -> impl Iterator<Item = &'static Way> {
    [SELLING, ORDERS, WAREHOUSE, RUNNING].into_iter().flatten()
}

/// The links of one answer of an operation; empty where it leads nowhere.
pub(super) fn of(operation: &str, status: &str) -> Map<String, Value> {
    let ways = ways().filter(|way| way.from == (operation, status));
    let links = ways.flat_map(|way| way.to.iter().map(move |to| ((*to).to_owned(), link(way, to))));
    links.collect()
}

fn link(way: &Way, to: &str) -> Value {
    let mut link = json!({"operationId": to});
    if !way.with.is_empty() {
        let place = |(name, at): &(&str, &str)| {
            ((*name).to_owned(), Value::String(format!("$response.body#{at}")))
        };
        link["parameters"] = way.with.iter().map(place).collect::<Map<String, Value>>().into();
    }
    if let Some(body) = way.body {
        link["requestBody"] = serde_json::from_str(body).expect("written here, and tested");
    }
    link
}

/// Every link: from where, where to, and the parameters that it gives.
#[cfg(test)]
pub(super) fn named() -> impl Iterator<Item = (&'static str, &'static str, Vec<&'static str>)> {
    ways().flat_map(|way| {
        let given = || way.with.iter().map(|(name, _)| *name).collect();
        way.to.iter().map(move |to| (way.from.0, *to, given()))
    })
}
