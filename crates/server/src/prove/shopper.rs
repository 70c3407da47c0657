//! Who visits: shoppers who order, and the staff who stocks the shelves and looks.

use super::{
    Fallible,
    wire::{Answer, Ask, Lost, Wire},
};
use serde_json::{Value, json};
use std::{net::SocketAddr, time::Duration};
use tokio::time::sleep;

/// Before somebody who was sent away comes again.
const BREATH: Duration = Duration::from_millis(20);
/// How often the staff comes again.
const ATTEMPTS: usize = 500;

/// A cart, and the order that it becomes.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct Cart {
    pub(super) id: String,
    pub(super) token: String,
}

/// Why a cart is not full.
#[derive(Debug)]
pub(super) enum Unfilled {
    /// No answer came.
    Lost,
    /// Another answer than *yes*.
    Refused(String),
}

/// An article's code by its number.
pub(super) fn sku(number: usize) -> String {
    format!("FIRE-{number:04}")
}

/// What is sent to place an order.
pub(super) fn place(cart: &Cart, key: &str, payment: &str) -> Ask {
    let ship_to = json!({"name": "A. Shopper", "line1": "1 High St", "city": "Leeds",
        "postal_code": "LS1 1AA", "country": "GB"});
    let order = json!({"cart": cart.id, "email": "a@example.org", "ship_to": ship_to,
        "payment": {"method": "card", "token": payment}});
    Ask::post("/api/v1/orders", &order)
        .with("idempotency-key", key)
        .with("cartage-token", cart.token.as_str())
}

/// Fills a cart with so many of each of these.
pub(super) async fn fill(wire: &mut Wire, wish: &[(usize, u64)]) -> Result<Cart, Unfilled> {
    let made = yes(wire, &Ask::post("/api/v1/carts", &json!({}))).await?;
    let text = |name: &str| made[name].as_str().unwrap_or_default().to_owned();
    let cart = Cart { id: text("id"), token: text("token") };
    for (number, quantity) in wish {
        let line = json!({"sku": sku(*number), "quantity": quantity});
        let path = format!("/api/v1/carts/{}/lines", cart.id);
        yes(wire, &Ask::post(path, &line).with("cartage-token", cart.token.as_str())).await?;
    }
    Ok(cart)
}

/// Asks again while the shop is too busy.
async fn yes(wire: &mut Wire, ask: &Ask) -> Result<Value, Unfilled> {
    loop {
        match wire.send(ask).await {
            Ok(answer) if answer.is_fine() => return Ok(answer.json()),
            Ok(answer) if answer.is_shed() => sleep(BREATH).await,
            Ok(answer) => return Err(Unfilled::Refused(answer.complaint())),
            Err(_) => return Err(Unfilled::Lost),
        }
    }
}

/// Somebody of the staff, who insists.
pub(super) struct Staff {
    wire: Wire,
}

impl Staff {
    pub(super) fn at(to: SocketAddr) -> Staff {
        Staff { wire: Wire::new(to) }
    }

    /// Any answer but *come back later*, as one of the staff.
    ///
    /// # Errors
    /// When none comes.
    pub(super) async fn ask(&mut self, ask: Ask) -> Fallible<Answer> {
        self.ask_as_guest(&ask.by_staff()).await
    }

    /// The same as whoever the request names.
    ///
    /// # Errors
    /// When none comes.
    pub(super) async fn ask_as_guest(&mut self, ask: &Ask) -> Fallible<Answer> {
        let mut last = Lost::Silent;
        for _ in 0..ATTEMPTS {
            match self.wire.send(ask).await {
                Ok(answer) if !answer.is_shed() => return Ok(answer),
                Ok(answer) => last = Lost::Unheard(answer.complaint()),
                // A connection that lay idle may have been closed meanwhile; it was not asked.
                Err(Lost::Unheard(why)) => last = Lost::Unheard(why),
                Err(lost) => return Err(format!("{}: {lost:?}", ask.name()).into()),
            }
            sleep(BREATH).await;
        }
        Err(format!("{}: {last:?}", ask.name()).into())
    }

    /// What is there.
    ///
    /// # Errors
    /// When it is not.
    pub(super) async fn look(&mut self, path: impl Into<String>) -> Fallible<Value> {
        self.insist(Ask::get(path)).await
    }

    async fn insist(&mut self, ask: Ask) -> Fallible<Value> {
        let name = ask.name();
        match self.ask(ask).await? {
            answer if answer.is_fine() => Ok(answer.json()),
            answer => Err(format!("{name}: {}", answer.complaint()).into()),
        }
    }

    /// Puts one article on sale for each of these numbers of pieces.
    ///
    /// # Errors
    /// When the shop refuses it.
    pub(super) async fn stock(&mut self, pieces: &[u64]) -> Fallible<()> {
        let price = json!({"minor": 1250, "currency": "GBP"});
        for (number, pieces) in pieces.iter().enumerate() {
            let (sku, slug) = (sku(number), format!("fire-{number}"));
            let variant = json!({"sku": sku, "price": price});
            let product = json!({"name": "Mug", "slug": slug, "variants": [variant]});
            self.insist(Ask::post("/api/v1/products", &product)).await?;
            let publish = format!("/api/v1/products/{slug}/publish");
            self.insist(Ask::post(publish, &json!({}))).await?;
            let receive = format!("/api/v1/stock/{sku}/receive");
            let delivery = json!({"quantity": pieces, "reference": "PO-1"});
            self.insist(Ask::post(receive, &delivery)).await?;
        }
        Ok(())
    }

    /// Every order, as the views show them once they have seen everything.
    ///
    /// # Errors
    /// When they cannot be read.
    pub(super) async fn all_orders(&mut self) -> Fallible<Vec<Value>> {
        let ready = self.look("/ready").await?;
        let (mut orders, mut cursor) = (Vec::new(), String::new());
        loop {
            let path = format!("/api/v1/orders?limit=200&sort=number{cursor}");
            let ask = Ask::get(path).with("cartage-after", ready["position"].to_string());
            let page = self.insist(ask).await?;
            orders.extend(page["items"].as_array().into_iter().flatten().cloned());
            match page["page"]["next"].as_str() {
                Some(next) => cursor = format!("&cursor={next}"),
                None => return Ok(orders),
            }
        }
    }
}
