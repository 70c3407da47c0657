//! The yardstick for HTTP: a server on the same stack that understands an order and remembers nothing.
//!
//! It reads a request into the shape that the shop reads it into, and answers with an order of the same
//! length as the shop's. What it takes is what nobody can take less than who answers in this way.

use crate::{
    Fallible,
    child::{Program, free_address},
};
use axum::{
    Json, Router,
    extract::{Path, State},
    routing::get,
    serve::ListenerExt,
};
use http::StatusCode;
use serde::{Deserialize, Serialize};
use std::{env, net::SocketAddr, path, process::Command, sync::Arc};
use tokio::net::TcpListener;

/// `bench-http echo`: the yardstick alone
#[derive(Clone, Debug, clap::Args)]
pub(crate) struct EchoArgs {
    /// Where to listen
    #[arg(long, value_name = "ADDR", default_value = "127.0.0.1:7071")]
    listen: SocketAddr,
    #[command(flatten)]
    sizes: Sizes,
}

/// How long answers are.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, clap::Args)]
pub(crate) struct Sizes {
    /// Bytes of the answer to who has placed an order
    #[arg(long, default_value_t = 1100)]
    pub(crate) placed: usize,
    /// Bytes of an order
    #[arg(long, default_value_t = 1100)]
    pub(crate) order: usize,
    /// Bytes of a list of orders
    #[arg(long, default_value_t = 50_000)]
    pub(crate) list: usize,
    /// Orders in that list
    #[arg(long, default_value_t = 50)]
    pub(crate) orders: usize,
}

impl Sizes {
    /// About what the shop answers, for whoever has no shop.
    pub(crate) const TYPICAL: Sizes = Sizes { placed: 1100, order: 1100, list: 50_000, orders: 50 };
}

#[derive(Clone, Debug, Serialize, Deserialize)]
struct Money {
    minor: i64,
    currency: String,
}

#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
struct Address {
    name: String,
    line1: String,
    city: String,
    postal_code: String,
    country: String,
}

#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
struct Payment {
    method: String,
    token: String,
}

/// What is sent to place an order.
#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
struct NewOrder {
    cart: String,
    email: String,
    ship_to: Address,
    payment: Payment,
}

#[derive(Clone, Debug, Serialize)]
struct Line {
    id: u32,
    sku: String,
    name: String,
    quantity: u32,
    unit_price: Money,
    total: Money,
}

#[derive(Clone, Debug, Serialize)]
struct Paid {
    id: String,
    status: &'static str,
    amount: Money,
}

/// An order, as far as an echo knows it; `more` stands for what it does not.
#[derive(Clone, Debug, Serialize)]
struct Order {
    id: String,
    number: String,
    status: &'static str,
    placed_at: String,
    lines: Vec<Line>,
    total: Money,
    payments: Vec<Paid>,
    #[serde(skip_serializing_if = "String::is_empty")]
    more: String,
    version: u64,
}

#[derive(Debug, Serialize)]
struct Page {
    total: usize,
}

#[derive(Debug, Serialize)]
struct List {
    items: Vec<Order>,
    page: Page,
}

/// What answers are made of.
struct Patterns {
    placed: Order,
    order: Order,
    listed: Order,
    orders: usize,
}

impl Order {
    fn new(id: String) -> Order {
        let price = Money { minor: 1999, currency: "GBP".into() };
        let line = Line {
            id: 1,
            sku: "BENCH-01234".into(),
            name: "Article 1234".into(),
            quantity: 1,
            unit_price: price.clone(),
            total: price.clone(),
        };
        Order {
            number: "C-100234".into(),
            status: "placed",
            placed_at: "2026-11-20T10:00:00.123456Z".into(),
            lines: vec![line],
            payments: vec![Paid { id: id.clone(), status: "started", amount: price.clone() }],
            total: price,
            more: String::new(),
            version: 3,
            id,
        }
    }

    /// As long as asked for; never shorter than what it says.
    fn long(bytes: usize) -> Order {
        let mut order = Order::new("018f2f4e-7c1a-7d3e-9a55-3f5b2c9e8a10".into());
        let bare = serde_json::to_vec(&order).map_or(0, |text| text.len());
        // The name of the field and its marks take ten bytes themselves.
        order.more = "x".repeat(bytes.saturating_sub(bare + r#""more":"","#.len()));
        order
    }

    fn of(&self, id: String) -> Order {
        Order { id, ..self.clone() }
    }
}

/// Listens until it is ended.
///
/// # Errors
/// When the address is taken.
pub(crate) async fn run(args: EchoArgs) -> Fallible<()> {
    let Sizes { placed, order, list, orders } = args.sizes;
    let patterns = Patterns {
        placed: Order::long(placed),
        order: Order::long(order),
        listed: Order::long(list.saturating_sub(32) / orders.max(1) - 1),
        orders,
    };
    let routes = Router::new()
        .route("/ready", get(async || "ready"))
        .route("/api/v1/orders", get(show_list).post(place))
        .route("/api/v1/orders/{id}", get(show))
        .with_state(Arc::new(patterns));
    let listener = TcpListener::bind(args.listen).await?.tap_io(|stream| {
        // As the shop does; a stream that refuses it is slower, and that is all.
        let _ = stream.set_nodelay(true);
    });
    Ok(axum::serve(listener, routes).await?)
}

async fn place(
    State(patterns): State<Arc<Patterns>>,
    Json(asked): Json<NewOrder>,
) -> (StatusCode, Json<Order>) {
    let NewOrder { cart, email, ship_to, payment } = asked;
    let Address { name, line1, city, postal_code, country } = ship_to;
    // All of it has been read; nothing of it is kept.
    drop((email, name, line1, city, postal_code, country, payment.method, payment.token));
    (StatusCode::CREATED, Json(patterns.placed.of(cart)))
}

async fn show(State(patterns): State<Arc<Patterns>>, Path(id): Path<String>) -> Json<Order> {
    Json(patterns.order.of(id))
}

async fn show_list(State(patterns): State<Arc<Patterns>>) -> Json<List> {
    let items = vec![patterns.listed.clone(); patterns.orders];
    Json(List { items, page: Page { total: patterns.orders } })
}

/// Starts an echo as a program of its own.
///
/// # Errors
/// When it does not start.
pub(crate) async fn start(sizes: Sizes, folder: &path::Path) -> Fallible<(Program, SocketAddr)> {
    let at = free_address()?;
    let mut command = Command::new(env::current_exe()?);
    command.args(["echo", "--listen", &at.to_string()]);
    let Sizes { placed, order, list, orders } = sizes;
    for (name, size) in
        [("--placed", placed), ("--order", order), ("--list", list), ("--orders", orders)]
    {
        command.args([name, &size.to_string()]);
    }
    let mut program = Program::start("the echo", &mut command, &folder.join("echo.log"))?;
    program.until_ready(at, "/ready").await?;
    Ok((program, at))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_echo_is_as_long_as_the_shops_answer() {
        for bytes in [900, 1100, 4000] {
            let text = serde_json::to_vec(&Order::long(bytes)).expect("an order is JSON");
            assert_eq!(text.len(), bytes);
        }
    }

    #[test]
    fn an_echo_reads_what_the_shop_reads_and_nothing_else() {
        let text = crate::asks::order_json("018f", "a@example.org");
        let asked: NewOrder = serde_json::from_str(&text).expect("it is what is sent");
        assert_eq!(asked.ship_to.city, "Leeds");
        let more = text.replacen('{', r#"{"extra":1,"#, 1);
        assert!(serde_json::from_str::<NewOrder>(&more).is_err());
    }
}
