//! Where an answer leads: links from what was answered to what can be asked next, so that readers and
//! programs can follow an order through the document.

use serde_json::{Map, Value, json};

/// From an answer (operation and status) to operations, with where their parameters stand in it.
struct Way {
    from: (&'static str, &'static str),
    to: &'static [&'static str],
    with: &'static [(&'static str, &'static str)],
    /// Fields of the body of what is asked next.
    body: &'static [(&'static str, &'static str)],
}

const ID: &[(&str, &str)] = &[("id", "/id")];
const FIRST: &[(&str, &str)] = &[("id", "/items/0/id")];

const fn way(from: (&'static str, &'static str), to: &'static [&'static str]) -> Way {
    Way { from, to, with: ID, body: &[] }
}

const fn first(from: &'static str, to: &'static [&'static str]) -> Way {
    Way { from: (from, "200"), to, with: FIRST, body: &[] }
}

const WAYS: &[Way] = &[
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
    Way {
        from: ("post_products_by_id_publish", "200"),
        to: &["put_products_by_id_variants_by_sku_price"],
        with: &[("id", "/id"), ("sku", "/variants/0/sku")],
        body: &[],
    },
    Way {
        from: ("post_products_by_id_publish", "200"),
        to: &["post_stock_by_sku_receive", "post_stock_by_sku_adjust", "get_stock_by_sku"],
        with: &[("sku", "/variants/0/sku")],
        body: &[],
    },
    way(
        ("post_carts", "201"),
        &["get_carts_by_id", "post_carts_by_id_lines", "get_carts_by_id_quote"],
    ),
    Way {
        from: ("post_carts_by_id_lines", "201"),
        to: &["patch_carts_by_id_lines_by_line", "delete_carts_by_id_lines_by_line"],
        with: &[("id", "/id"), ("line", "/lines/0/id")],
        body: &[],
    },
    Way {
        from: ("post_carts_by_id_lines", "201"),
        to: &["post_orders"],
        with: &[],
        body: &[("cart", "/id")],
    },
    way(
        ("post_orders", "201"),
        &[
            "get_orders_by_id",
            "get_orders_by_id_timeline",
            "get_orders_by_id_at",
            "get_orders_by_id_facts",
            "post_orders_by_id_cancel",
            "post_orders_by_id_payments",
            "post_orders_by_id_returns",
        ],
    ),
    Way {
        from: ("get_orders_by_id", "200"),
        to: &[
            "get_payments_by_id",
            "get_payments_by_id_refunds",
            "post_payments_by_id_refunds",
            "post_payments_by_id_capture",
            "post_payments_by_id_void",
        ],
        with: &[("id", "/payments/0/id")],
        body: &[],
    },
    first("get_orders", &["get_orders_by_id", "post_orders_by_id_cancel"]),
    first("get_fulfilments", &["get_fulfilments_by_id", "post_fulfilments_by_id_release"]),
    first("get_picks", &["get_picks_by_id", "post_picks_by_id_start"]),
    Way {
        from: ("post_picks_by_id_start", "200"),
        to: &["post_picks_by_id_lines_by_line", "post_picks_by_id_lines_by_line_short"],
        with: &[("id", "/id"), ("line", "/lines/0/id")],
        body: &[],
    },
    first("get_packs", &["get_packs_by_id"]),
    Way {
        from: ("get_packs_by_id", "200"),
        to: &["post_packs_by_id_lines_by_line_verify"],
        with: &[("id", "/id"), ("line", "/lines/0/id")],
        body: &[],
    },
    way(("post_packs_by_id_lines_by_line_verify", "200"), &["post_packs_by_id_seal"]),
    first(
        "get_parcels",
        &["get_parcels_by_id", "post_parcels_by_id_label", "post_parcels_by_id_hand_over"],
    ),
    way(
        ("post_orders_by_id_returns", "201"),
        &[
            "get_returns_by_id",
            "post_returns_by_id_authorise",
            "post_returns_by_id_refuse",
            "post_returns_by_id_receive",
            "post_returns_by_id_inspect",
        ],
    ),
    first("get_dead_letters", &["get_dead_letters_by_id", "post_dead_letters_by_id_preview"]),
];

/// The links of one answer of an operation; empty where it leads nowhere.
pub(super) fn of(operation: &str, status: &str) -> Map<String, Value> {
    let ways = WAYS.iter().filter(|way| way.from == (operation, status));
    let links = ways.flat_map(|way| way.to.iter().map(move |to| ((*to).to_owned(), link(way, to))));
    links.collect()
}

fn link(way: &Way, to: &str) -> Value {
    let places = |pairs: &[(&str, &str)]| {
        let place = |(name, at): &(&str, &str)| {
            ((*name).to_owned(), Value::String(format!("$response.body#{at}")))
        };
        pairs.iter().map(place).collect::<Map<String, Value>>()
    };
    let mut link = json!({"operationId": to});
    if !way.with.is_empty() {
        link["parameters"] = places(way.with).into();
    }
    if !way.body.is_empty() {
        link["requestBody"] = places(way.body).into();
    }
    link
}

/// Every operation that a link names.
#[cfg(test)]
pub(super) fn named() -> impl Iterator<Item = &'static str> {
    WAYS.iter().flat_map(|way| [way.from.0].into_iter().chain(way.to.iter().copied()))
}
