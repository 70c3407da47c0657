//! What is sent to the shop: the routes and bodies of its API that a bench needs.

use crate::{
    Fallible,
    wire::{self, AFTER, Ask, KEY, TOKEN},
};
use http::{HeaderName, HeaderValue, header};
use serde::Deserialize;

/// Where every order goes.
pub(crate) const SHIP_TO: &str = r#"{"name":"A. Shopper","line1":"1 High St","city":"Leeds","postal_code":"LS1 1AA","country":"GB"}"#;

/// A cart that is full and waits to become an order.
#[derive(Clone, Debug, Deserialize)]
pub(crate) struct Ticket {
    /// Of the cart, and of the order that it becomes.
    pub(crate) id: String,
    /// Proves whose it is.
    pub(crate) token: String,
}

/// An article's code by its number.
pub(crate) fn sku(number: usize) -> String {
    format!("BENCH-{number:05}")
}

/// How an order is paid.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub(crate) enum Payment {
    /// A provider is asked over HTTP, and tells it once more by a webhook.
    #[default]
    Card,
    /// Promised, and nobody is asked.
    AtTheDoor,
}

/// What is sent to place an order.
pub(crate) fn order_json(cart: &str, email: &str, payment: Payment) -> String {
    let method = match payment {
        Payment::Card => "card",
        Payment::AtTheDoor => "cash_on_delivery",
    };
    format!(
        r#"{{"cart":"{cart}","email":"{email}","ship_to":{SHIP_TO},"payment":{{"method":"{method}","token":"tok_ok"}}}}"#
    )
}

pub(crate) fn place_order(ticket: &Ticket, key: &str, payment: Payment) -> Fallible<Ask> {
    let json = order_json(&ticket.id, "a@example.org", payment);
    let ask = wire::post("/api/v1/orders", json)?;
    with(with(ask, KEY, key)?, TOKEN, &ticket.token)
}

pub(crate) fn new_product(number: usize) -> Fallible<Ask> {
    let json = format!(r#"{{"slug":"bench-{number:05}","name":"Article {number}"}}"#);
    wire::post("/api/v1/products", json)
}

pub(crate) fn new_variant(product: &str, sku: &str) -> Fallible<Ask> {
    let json =
        format!(r#"{{"sku":"{sku}","price":{{"minor":1999,"currency":"GBP"}},"stock_kept":true}}"#);
    wire::post(&format!("/api/v1/products/{product}/variants"), json)
}

pub(crate) fn publish(product: &str) -> Fallible<Ask> {
    wire::post(&format!("/api/v1/products/{product}/publish"), "{}")
}

pub(crate) fn receive(sku: &str, quantity: u64) -> Fallible<Ask> {
    let json = format!(r#"{{"quantity":{quantity},"reference":"bench"}}"#);
    wire::post(&format!("/api/v1/stock/{sku}/receive"), json)
}

pub(crate) fn new_cart() -> Fallible<Ask> {
    wire::post("/api/v1/carts", "{}")
}

pub(crate) fn add_line(cart: &Ticket, sku: &str) -> Fallible<Ask> {
    let json = format!(r#"{{"sku":"{sku}","quantity":1}}"#);
    let ask = wire::post(&format!("/api/v1/carts/{}/lines", cart.id), json)?;
    with(ask, TOKEN, &cart.token)
}

pub(crate) fn order(ticket: &Ticket) -> Fallible<Ask> {
    with(wire::get(&format!("/api/v1/orders/{}", ticket.id))?, TOKEN, &ticket.token)
}

pub(crate) fn orders(limit: usize) -> Fallible<Ask> {
    wire::get(&format!("/api/v1/orders?limit={limit}"))
}

pub(crate) fn stock(sku: &str) -> Fallible<Ask> {
    wire::get(&format!("/api/v1/stock/{sku}"))
}

/// A request of the staff.
pub(crate) fn as_staff(ask: Ask, key: &str) -> Fallible<Ask> {
    with(ask, header::AUTHORIZATION, &format!("Bearer {key}"))
}

/// Asked after a change, so that the answer knows of it.
pub(crate) fn after(ask: Ask, position: &str) -> Fallible<Ask> {
    with(ask, AFTER, position)
}

fn with(mut ask: Ask, name: HeaderName, value: &str) -> Fallible<Ask> {
    ask.headers_mut().insert(name, HeaderValue::from_str(value)?);
    Ok(ask)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_guest_orders_with_a_key_and_the_token_of_his_cart() {
        let ticket = Ticket { id: "5f".into(), token: "secret".into() };
        let ask = place_order(&ticket, "7c0", Payment::Card).expect("its parts are plain text");
        assert_eq!(ask.uri().path(), "/api/v1/orders");
        assert_eq!(ask.headers()[KEY], "7c0");
        assert_eq!(ask.headers()[TOKEN], "secret");
        let json: serde_json::Value =
            serde_json::from_str(&order_json("5f", "a@example.org", Payment::Card))
                .expect("it is JSON");
        assert_eq!(json["ship_to"]["postal_code"], "LS1 1AA");
    }
}
