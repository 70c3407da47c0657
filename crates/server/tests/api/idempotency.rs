//! Idempotency keys: asked twice, done once, answered the same.

use crate::harness::{KEY, Shop, checkout};
use serde_json::{Value, json};

#[tokio::test(flavor = "multi_thread")]
async fn the_same_key_and_body_are_answered_the_same_and_done_once_also_after_a_restart() {
    let shop = Shop::stocked().await;
    let (id, token) = shop.cart(&[("MUG-1", 2)]).await;
    let first = shop.place(&id, &token).await.is(201);
    shop.settle().await;
    let tip = shop.tip();
    let again = shop.place(&id, &token).await.is(201);
    assert_eq!((&again.body, shop.tip()), (&first.body, tip));
    assert_eq!(again.header("cartage-position"), first.header("cartage-position"));
    assert_eq!(again.header("location"), first.header("location"));
    let shop = shop.restarted().await;
    let later = shop.place(&id, &token).await.is(201);
    assert_eq!((&later.body, shop.tip()), (&first.body, tip));
    let stock = shop.staff().get("/stock/MUG-1").await.is(200);
    assert_eq!(stock.at("/available"), 8);
}

#[tokio::test(flavor = "multi_thread")]
async fn a_repeated_request_is_answered_even_when_what_it_needs_is_gone_since() {
    let shop = Shop::stocked().await;
    let (id, token) = shop.cart(&[("MUG-1", 2)]).await;
    let first = shop.place(&id, &token).await.is(201);
    let line = json!({"sku": "MUG-1", "quantity": 1});
    let (other, its) = shop.cart(&[]).await;
    let path = format!("/carts/{other}/lines");
    let add = || shop.guest(&its).post(&path).key("add-once").json(&line).send();
    add().await.is(201);
    shop.staff().post("/products/mug-1/withdraw").send().await.is(200);
    let again = shop.place(&id, &token).await.is(201);
    assert_eq!(again.at("/number"), first.at("/number"));
    add().await.is(201);
}

#[tokio::test(flavor = "multi_thread")]
async fn a_return_that_is_asked_for_twice_is_one_return_even_when_it_is_settled_since() {
    let shop = Shop::stocked().await;
    let (id, token) = shop.delivered("MUG-1", 1).await;
    let path = format!("/orders/{id}/returns");
    let body = json!({"lines": [{"line": 1, "quantity": 1, "reason": "faulty"}]});
    let ask = || shop.guest(&token).post(&path).key("return-once").json(&body).send();
    let first = ask().await.is(201);
    let again = ask().await.is(201);
    assert_eq!(again.at("/id"), first.at("/id"));
    let back = json!({"lines": [{"line": 1, "quantity": 1}]});
    let fate = json!({"lines": [{"line": 1, "quantity": 1, "disposition": "restock"}]});
    let returned = format!("/returns/{id}.1");
    shop.staff().post(&format!("{returned}/authorise")).send().await.is(200);
    shop.staff().post(&format!("{returned}/receive")).json(&back).send().await.is(200);
    shop.staff().post(&format!("{returned}/inspect")).json(&fate).send().await.is(200);
    shop.settle().await;
    let later = ask().await.is(201);
    assert_eq!(later.at("/id"), first.at("/id"));
}

#[tokio::test(flavor = "multi_thread")]
async fn the_same_key_with_another_request_is_refused() {
    let shop = Shop::stocked().await;
    let (id, token) = shop.cart(&[("MUG-1", 2)]).await;
    shop.place(&id, &token).await.is(201);
    let tip = shop.settle().await;
    let mut other = checkout(&id);
    other["email"] = json!("b@example.org");
    let key = format!("place-{id}");
    let refused = shop.guest(&token).post("/orders").key(&key).json(&other).send().await;
    refused.refuses(422, "IDEMPOTENCY_KEY_REUSED");
    let cancel = format!("/orders/{id}/cancel");
    let refused = shop.guest(&token).post(&cancel).key(&key).json(&json!({})).send().await;
    refused.refuses(422, "IDEMPOTENCY_KEY_REUSED");
    assert_eq!(shop.tip(), tip);
}

#[tokio::test(flavor = "multi_thread")]
async fn a_key_belongs_to_its_caller() {
    let shop = Shop::stocked().await;
    let (one, its) = shop.cart(&[]).await;
    let (two, others) = shop.cart(&[]).await;
    let line = json!({"sku": "MUG-1", "quantity": 1});
    for (cart, token) in [(&one, &its), (&two, &others)] {
        let path = format!("/carts/{cart}/lines");
        let add = || shop.guest(token).post(&path).key("add").json(&line).send();
        add().await.is(201);
        let again = add().await.is(201);
        assert_eq!(again.at("/lines/0/quantity"), 1);
    }
    let receipt = json!({"quantity": 5});
    shop.staff().post("/stock/MUG-1/receive").key("add").json(&receipt).send().await.is(200);
}

#[tokio::test(flavor = "multi_thread")]
async fn a_request_that_comes_many_times_at_once_is_done_once() {
    let shop = Shop::stocked().await;
    let (id, token) = shop.cart(&[("MUG-1", 1)]).await;
    let asked = (0..16).map(|_| shop.place(&id, &token));
    let mut placed = Vec::new();
    for said in futures_util::future::join_all(asked).await {
        match said.status.as_u16() {
            201 => placed.push(said.text("/number")),
            _ => drop(said.refuses(409, "IDEMPOTENCY_KEY_IN_PROGRESS")),
        }
    }
    placed.dedup();
    assert_eq!(placed.len(), 1, "{placed:?}");
    shop.settle().await;
    let stock = shop.staff().get("/stock/MUG-1").await.is(200);
    assert_eq!(stock.at("/available"), 9);
}

#[tokio::test(flavor = "multi_thread")]
async fn what_moves_money_or_promises_goods_needs_a_key() {
    let shop = Shop::stocked().await;
    let (id, token) = shop.cart(&[("MUG-1", 1)]).await;
    let pay = json!({"method": "card", "token": "tok_ok"});
    let refund = json!({"amount": {"minor": 1, "currency": "GBP"}, "reason": "goodwill"});
    let guest = shop.guest(&token);
    let refused = guest.post("/orders").json(&checkout(&id)).send().await;
    refused.refuses(400, "IDEMPOTENCY_KEY_REQUIRED");
    shop.place(&id, &token).await.is(201);
    let payments = format!("/orders/{id}/payments");
    guest.post(&payments).json(&pay).send().await.refuses(400, "IDEMPOTENCY_KEY_REQUIRED");
    let refunds = format!("/payments/{id}.1/refunds");
    let refused = shop.staff().post(&refunds).json(&refund).send().await;
    refused.refuses(400, "IDEMPOTENCY_KEY_REQUIRED");
}

#[tokio::test(flavor = "multi_thread")]
async fn a_key_has_1_to_255_characters_and_a_strangers_cannot_be_guessed() {
    let shop = Shop::stocked().await;
    let create = |key: String| shop.staff().post("/carts").key(&key).send();
    create("x".repeat(255)).await.is(201);
    create("x".repeat(256)).await.refuses(400, "MALFORMED_REQUEST");
    create(String::new()).await.refuses(400, "MALFORMED_REQUEST");
    create("with\ta-tab".to_owned()).await.refuses(400, "MALFORMED_REQUEST");
    shop.anyone().post("/carts").key("1").send().await.refuses(400, "MALFORMED_REQUEST");
    let long = "018f2f4e-7c1a-7d3e-9a55-3f5b2c9e8a10";
    let first = shop.anyone().post("/carts").key(long).send().await.is(201);
    let again = shop.anyone().post("/carts").key(long).send().await.is(201);
    assert_eq!((first.at("/id"), first.at("/token")), (again.at("/id"), again.at("/token")));
    assert_ne!(long, KEY);
}

#[tokio::test(flavor = "multi_thread")]
async fn what_a_consumer_is_told_with_a_key_is_told_once_and_answered_the_same() {
    let shop = Shop::stocked().await;
    let staff = shop.staff();
    let tell = |deed: &'static str, key: &'static str, body: Value| {
        staff.post(&format!("/consumers/pay/{deed}")).key(key).json(&body).send()
    };
    let first = tell("pause", "stand-still", json!({})).await.is(202);
    assert_eq!(first.at("/status"), "paused");
    tell("resume", "go-on", json!({})).await.is(202);
    let again = tell("pause", "stand-still", json!({})).await.is(202);
    assert_eq!((&again.body, again.header("location")), (&first.body, first.header("location")));
    let now = staff.get("/consumers/pay/progress").await.is(200);
    assert_eq!(now.at("/status"), "following", "it was not told a second time");
    tell("resume", "stand-still", json!({})).await.refuses(422, "IDEMPOTENCY_KEY_REUSED");
    let receipt = json!({"quantity": 5, "reference": "PO-2"});
    staff.post("/stock/MUG-1/receive").key("received").json(&receipt).send().await.is(200);
    tell("pause", "received", json!({})).await.refuses(422, "IDEMPOTENCY_KEY_REUSED");
    let unknown = || staff.post("/dead-letters/pay:1/retry").key("no-letter").send();
    unknown().await.refuses(404, "LETTER_NOT_FOUND");
    unknown().await.refuses(404, "LETTER_NOT_FOUND");
}
