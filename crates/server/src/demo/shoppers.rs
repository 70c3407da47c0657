//! People who fill carts, pay well or badly, and change their minds.

use super::visitor::{Nothing, Visitor};
use reqwest::Method;
use serde_json::{Value, json};
use std::time::Duration;

/// Shoppers who are in the shop at once.
const AT_ONCE: usize = 256;
/// How they pay, and of how many hundred: most cards are good.
const TOKENS: [(&str, u64); 8] = [
    ("tok_ok", 84),
    ("tok_declined", 4),
    ("tok_insufficient_funds", 2),
    ("tok_slow", 3),
    ("tok_no_answer", 2),
    ("tok_error", 2),
    ("tok_twice", 2),
    ("tok_webhook_first", 1),
];
/// Where they live: what the carrier makes of it follows from the postal code.
const TOWNS: [(&str, &str); 9] = [
    ("Leeds", "LS1 1AA"),
    ("Bath", "BA1 1AA"),
    ("York", "YO1 7HH"),
    ("Cardiff", "CF10 1AA"),
    ("Glasgow", "G1 1AA"),
    ("Belfast", "BT1 1AA"),
    ("Slough", "SLOW 1"),
    ("Failsworth", "FAIL 3"),
    ("Lostwithiel", "LOST 1"),
];

/// Shoppers come, so many a second, until the shop closes.
pub(super) async fn shop(mut visitor: Visitor, rate: f64) {
    let room = std::sync::Arc::new(tokio::sync::Semaphore::new(AT_ONCE));
    let skus = loop {
        match skus(&visitor).await {
            Ok(skus) if !skus.is_empty() => break std::sync::Arc::new(skus),
            _ => tokio::time::sleep(Duration::from_millis(200)).await,
        }
    };
    let mean = Duration::from_secs_f64(1.0 / rate.max(0.001));
    loop {
        visitor.wait(mean).await;
        let (mut shopper, skus) = (visitor.clone(), skus.clone());
        visitor.below(2);
        // Too many are in the shop already: this one goes on.
        let Ok(place) = room.clone().try_acquire_owned() else { continue };
        tokio::spawn(async move {
            if let Err(nothing) = visit(&mut shopper, &skus).await {
                tracing::debug!(%nothing, "a shopper left");
            }
            drop(place);
        });
    }
}

/// What there is to buy.
async fn skus(visitor: &Visitor) -> Result<Vec<String>, Nothing> {
    let mut skus = Vec::new();
    let mut cursor = String::new();
    while skus.len() < 2_000 {
        let path = format!("/products?in_stock=true&limit=200{cursor}");
        let page = visitor.staff(Method::GET, &path, None).await?;
        let variants = page["items"].as_array().into_iter().flatten();
        let sku = |variant: &Value| {
            let costs = variant["price"]["minor"].as_i64().unwrap_or(0) > 0;
            variant["sku"].as_str().filter(|_| costs).map(str::to_owned)
        };
        skus.extend(
            variants
                .flat_map(|product| product["variants"].as_array().into_iter().flatten())
                .filter_map(sku),
        );
        match page["page"]["next"].as_str() {
            Some(next) => cursor = format!("&cursor={next}"),
            None => break,
        }
    }
    Ok(skus)
}

async fn visit(shopper: &mut Visitor, skus: &[String]) -> Result<(), Nothing> {
    let cart = shopper.guest("/carts", json!({}), None).await?;
    let (id, token) = (cart["id"].as_str().unwrap_or_default(), cart["token"].as_str());
    for _ in 0..=shopper.below(4) {
        let at = usize::try_from(shopper.below(skus.len() as u64)).unwrap_or(0);
        let line = json!({"sku": skus[at], "quantity": 1 + shopper.below(3)});
        shopper.guest(&format!("/carts/{id}/lines"), line, token).await?;
    }
    if shopper.sometimes(10) {
        // Only looking.
        return Ok(());
    }
    let checkout = checkout(shopper, id);
    let order = shopper.guest("/orders", checkout, token).await?;
    let declined = order["payments"][0]["status"] == "declined";
    if declined || shopper.sometimes(3) {
        shopper.wait(Duration::from_secs(4)).await;
        let cancel = format!("/orders/{id}/cancel");
        shopper.guest(&cancel, json!({}), token).await?;
    }
    Ok(())
}

fn checkout(shopper: &mut Visitor, cart: &str) -> Value {
    let mut share = shopper.below(100);
    let mut token = "tok_ok";
    for (name, of) in TOKENS {
        if share < of {
            token = name;
            break;
        }
        share -= of;
    }
    // Most live where parcels arrive.
    let towns = if shopper.sometimes(92) { &TOWNS[..6] } else { &TOWNS[..] };
    let at = usize::try_from(shopper.below(towns.len() as u64)).unwrap_or(0);
    let (city, postal_code) = towns[at];
    let number = shopper.below(100_000);
    json!({
        "cart": cart,
        "email": format!("shopper{number}@example.org"),
        "ship_to": {
            "name": format!("Shopper {number}"), "line1": format!("{} High Street", 1 + number % 200),
            "city": city, "postal_code": postal_code, "country": "GB",
        },
        "payment": {"method": "card", "token": token},
    })
}
