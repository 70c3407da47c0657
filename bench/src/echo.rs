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
    response::{IntoResponse, Response},
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

#[derive(Debug, Serialize)]
struct Money {
    minor: i64,
    currency: &'static str,
}

#[derive(Debug, Serialize)]
struct Line {
    id: u32,
    sku: &'static str,
    name: &'static str,
    quantity: u32,
    unit_price: Money,
    total: Money,
}

#[derive(Debug, Serialize)]
struct Paid<'a> {
    id: &'a str,
    status: &'static str,
    amount: Money,
}

/// An order, as far as an echo knows it; `more` stands for what it does not.
///
/// Nothing of it is copied to be sent: the yardstick shall be as fast as it can.
#[derive(Debug, Serialize)]
struct Order<'a> {
    id: &'a str,
    number: &'static str,
    status: &'static str,
    placed_at: &'static str,
    lines: [Line; 1],
    total: Money,
    payments: [Paid<'a>; 1],
    #[serde(skip_serializing_if = "str::is_empty")]
    more: &'a str,
    version: u64,
}

#[derive(Debug, Serialize)]
struct Page {
    total: usize,
}

#[derive(Debug, Serialize)]
struct List<'a> {
    items: Vec<Order<'a>>,
    page: Page,
}

/// What answers are filled up with.
struct Fillings {
    placed: String,
    order: String,
    listed: String,
    orders: usize,
}

/// The id of an order that nobody asked for by name.
const SOME_ORDER: &str = "018f2f4e-7c1a-7d3e-9a55-3f5b2c9e8a10";
const PRICE: Money = Money { minor: 1999, currency: "GBP" };

impl<'a> Order<'a> {
    fn new(id: &'a str, more: &'a str) -> Order<'a> {
        let (sku, name) = ("BENCH-01234", "Article 1234");
        Order {
            id,
            number: "C-100234",
            status: "placed",
            placed_at: "2026-11-20T10:00:00.123456Z",
            lines: [Line { id: 1, sku, name, quantity: 1, unit_price: PRICE, total: PRICE }],
            total: PRICE,
            payments: [Paid { id, status: "started", amount: PRICE }],
            more,
            version: 3,
        }
    }

    /// What makes an order as long as asked for; nothing when it is so long already.
    fn filling(bytes: usize) -> String {
        let bare = serde_json::to_vec(&Order::new(SOME_ORDER, "")).map_or(0, |text| text.len());
        // The name of the field and its marks take a few bytes themselves.
        "x".repeat(bytes.saturating_sub(bare + r#""more":"","#.len()))
    }
}

/// Listens until it is ended.
///
/// # Errors
/// When the address is taken.
pub(crate) async fn run(args: EchoArgs) -> Fallible<()> {
    let Sizes { placed, order, list, orders } = args.sizes;
    let fillings = Fillings {
        placed: Order::filling(placed),
        order: Order::filling(order),
        // A list has its own brackets and a comma after each.
        listed: Order::filling((list.saturating_sub(32) / orders.max(1)).saturating_sub(1)),
        orders,
    };
    let routes = Router::new()
        .route("/ready", get(async || "ready"))
        .route("/api/v1/orders", get(show_list).post(place))
        .route("/api/v1/orders/{id}", get(show))
        .with_state(Arc::new(fillings));
    let listener = TcpListener::bind(args.listen).await?.tap_io(|stream| {
        // As the shop does; a stream that refuses it is slower, and that is all.
        let _ = stream.set_nodelay(true);
    });
    Ok(axum::serve(listener, routes).await?)
}

async fn place(State(fillings): State<Arc<Fillings>>, Json(asked): Json<NewOrder>) -> Response {
    let NewOrder { cart, email, ship_to, payment } = asked;
    let Address { name, line1, city, postal_code, country } = ship_to;
    // All of it has been read; nothing of it is kept.
    drop((email, name, line1, city, postal_code, country, payment.method, payment.token));
    (StatusCode::CREATED, Json(Order::new(&cart, &fillings.placed))).into_response()
}

async fn show(State(fillings): State<Arc<Fillings>>, Path(id): Path<String>) -> Response {
    Json(Order::new(&id, &fillings.order)).into_response()
}

async fn show_list(State(fillings): State<Arc<Fillings>>) -> Response {
    let order = |_| Order::new(SOME_ORDER, &fillings.listed);
    let items = (0..fillings.orders).map(order).collect();
    Json(List { items, page: Page { total: fillings.orders } }).into_response()
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
            let filling = Order::filling(bytes);
            let order = Order::new(SOME_ORDER, &filling);
            let text = serde_json::to_vec(&order).expect("an order is JSON");
            assert_eq!(text.len(), bytes);
        }
    }

    #[test]
    fn an_echo_reads_what_the_shop_reads_and_nothing_else() {
        let text = crate::asks::order_json("018f", "a@example.org", Default::default());
        let asked: NewOrder = serde_json::from_str(&text).expect("it is what is sent");
        assert_eq!(asked.ship_to.city, "Leeds");
        let more = text.replacen('{', r#"{"extra":1,"#, 1);
        assert!(serde_json::from_str::<NewOrder>(&more).is_err());
    }
}
