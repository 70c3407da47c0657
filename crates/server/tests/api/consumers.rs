//! Consumers are told to stand still, to go on, and to be built again.

use crate::harness::{Said, Shop};
use serde_json::json;
use std::time::{Duration, Instant};

const PATIENCE: Duration = Duration::from_secs(20);

/// How a consumer is doing once it is as is wanted.
async fn once(shop: &Shop, name: &str, wanted: impl Fn(&Said) -> bool) -> Said {
    let deadline = Instant::now() + PATIENCE;
    loop {
        let said = shop.staff().get(&format!("/consumers/{name}/progress")).await.is(200);
        if wanted(&said) {
            return said;
        }
        assert!(Instant::now() < deadline, "{said:?}");
        tokio::task::yield_now().await;
    }
}

/// Told to do that, and done as soon as it is in that state.
async fn told(shop: &Shop, name: &str, deed: &str, status: &str) -> Said {
    let said = shop.staff().post(&format!("/consumers/{name}/{deed}")).send().await.is(202);
    assert_eq!(said.header("location"), format!("/api/v1/consumers/{name}/progress"));
    once(shop, name, |said| said.text("/status") == status).await
}

#[tokio::test(flavor = "multi_thread")]
async fn a_paused_handler_asks_nobody_and_what_it_was_asked_waits_through_a_restart() {
    let shop = Shop::stocked().await;
    let paused = shop.staff().post("/consumers/pay/pause").send().await.is(202);
    assert_eq!((paused.text("/status"), paused.text("/kind")), ("paused".into(), "handler".into()));
    let (order, _) = shop.order(&[("MUG-1", 1)]).await;
    let waits = once(&shop, "pay", |said| said.at("/waiting") == 1).await;
    assert_eq!((waits.text("/status"), waits.text("/breaker")), ("paused".into(), "closed".into()));
    assert!(
        !waits.text("/provider").is_empty() && waits.at("/lag").as_u64() > Some(0),
        "{waits:?}"
    );
    let ready = shop.anyone().get("/ready").await.is(200);
    assert_eq!(*ready.at("/paused"), json!([{"name": "pay", "kind": "handler", "waiting": 1}]));
    assert_eq!(once(&shop, "ship", |_| true).await.text("/status"), "following");
    let shop = shop.restarted().await;
    let waits = once(&shop, "pay", |said| said.at("/waiting") == 1).await;
    assert_eq!(waits.text("/status"), "paused");
    let before = shop.staff().get(&format!("/orders/{order}")).await.is(200).text("/status");
    told(&shop, "pay", "resume", "following").await;
    once(&shop, "pay", |said| said.at("/waiting") == 0).await;
    shop.settle().await;
    let after = shop.staff().get(&format!("/orders/{order}")).await.is(200).text("/status");
    assert_ne!(before, after, "it is paid for");
}

#[tokio::test(flavor = "multi_thread")]
async fn a_paused_view_shows_what_was_and_says_that_it_is_behind() {
    let shop = Shop::stocked().await;
    let (old, _) = shop.order(&[("MUG-1", 1)]).await;
    told(&shop, "orders", "pause", "paused").await;
    let before = shop.staff().get("/orders").await.is(200);
    let (cart, token) = shop.cart(&[("MUG-1", 1)]).await;
    shop.staff()
        .post("/stock/MUG-1/receive")
        .json(&json!({"quantity": 5, "reference": "PO-2"}))
        .send()
        .await
        .is(200);
    shop.place(&cart, &token).await.is(201);
    let tip = shop.settle().await;
    shop.staff().get(&format!("/orders/{old}")).await.refuses(503, "VIEW_BEHIND");
    let list = shop.staff().get("/orders").await.is(200);
    assert_eq!(list.header("cartage-position"), before.header("cartage-position"));
    let after = |path: &str| {
        let staff = shop.staff();
        staff.ask(http::Method::GET, path).header("cartage-after", &tip.to_string()).send()
    };
    after("/orders").await.refuses(503, "VIEW_BEHIND");
    after("/stock").await.is(200);
    assert_eq!(*shop.staff().get("/stock/MUG-1").await.is(200).at("/on_hand"), 15);
    shop.staff().post("/consumers/orders/replay").send().await.refuses(409, "CONSUMER_BUSY");
    told(&shop, "orders", "resume", "following").await;
    once(&shop, "orders", |said| said.at("/position").as_u64() >= Some(tip)).await;
    assert_eq!(shop.staff().get("/orders").await.is(200).list("/items").len(), 2);
}

#[tokio::test(flavor = "multi_thread")]
async fn a_view_is_replayed_beside_the_live_one_or_in_its_place() {
    let shop = Shop::stocked().await;
    shop.order(&[("MUG-1", 1), ("CUP-1", 2)]).await;
    let replay = |body| {
        let wish = shop.staff().post("/consumers/orders/replay");
        wish.json(&body).send()
    };
    replay(json!({"into": "beside", "from": 0})).await.is(202);
    let found = once(&shop, "orders", |said| said.body.get("checked").is_some()).await;
    assert_eq!(
        (found.at("/checked/different"), found.at("/checked/keys")),
        (&json!(0), &json!([]))
    );
    assert_eq!(found.at("/checked/built"), found.at("/checked/live"));
    assert_eq!(*found.at("/checked/built/documents"), 1);
    assert_eq!(found.text("/status"), "following");
    replay(json!({"rate": 1_000_000})).await.is(202);
    once(&shop, "orders", |said| {
        said.body.get("checked").is_none() && said.text("/status") == "following"
    })
    .await;
    replay(json!({"rate": 1})).await.is(202);
    once(&shop, "orders", |said| said.text("/status") == "building").await;
    replay(json!({})).await.refuses(409, "CONSUMER_BUSY");
    assert_eq!(shop.staff().get("/orders").await.is(200).list("/items").len(), 1, "still read");
}

#[tokio::test(flavor = "multi_thread")]
async fn what_cannot_be_replayed_or_paused_is_refused() {
    let shop = Shop::stocked().await;
    let ask = |name: &str, deed: &str, body| {
        shop.staff().post(&format!("/consumers/{name}/{deed}")).json(&body).send()
    };
    ask("pay", "replay", json!({})).await.refuses(409, "CONSUMER_NOT_REPLAYABLE");
    ask("index", "replay", json!({})).await.refuses(409, "CONSUMER_NOT_REPLAYABLE");
    ask("index", "pause", json!({})).await.refuses(409, "CONSUMER_NOT_PAUSABLE");
    for deed in ["pause", "resume", "replay"] {
        ask("nobody", deed, json!({})).await.refuses(404, "CONSUMER_NOT_FOUND");
    }
    let bad = [
        (json!({"from": 5}), "/from"),
        (json!({"to": 5}), "/to"),
        (json!({"rate": 0}), "/rate"),
        (json!({"into": "elsewhere"}), "/into"),
    ];
    for (body, pointer) in bad {
        ask("orders", "replay", body).await.refuses(422, "VALIDATION_ERROR").points_at(pointer);
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn what_is_sold_and_what_is_told_is_never_read_from_a_view_that_stands_still() {
    let shop = Shop::stocked().await;
    let (old, _) = shop.order(&[("MUG-1", 1)]).await;
    let number = shop.staff().get(&format!("/orders/{old}")).await.is(200).text("/number");
    let asked = [
        ("stock", "/products/mug-1".to_owned()),
        ("stock", "/availability?sku=MUG-1".to_owned()),
        ("variants", "/availability?sku=CUP-1".to_owned()),
        ("order_timeline", format!("/orders/{old}/timeline")),
        ("orders", format!("/orders/{number}")),
        ("parcels", "/tracking/SIM1".to_owned()),
    ];
    for (nth, (view, path)) in asked.into_iter().enumerate() {
        told(&shop, view, "pause", "paused").await;
        let price = json!({"price": {"minor": 401 + nth, "currency": "GBP"}});
        let change = shop.staff().ask(http::Method::PUT, "/products/cup-1/variants/CUP-1/price");
        change.json(&price).send().await.is(200);
        shop.settle().await;
        shop.staff().get(&path).await.refuses(503, "VIEW_BEHIND");
        told(&shop, view, "resume", "following").await;
        once(&shop, view, |said| said.at("/lag") == 0).await;
        assert_ne!(shop.staff().get(&path).await.status.as_u16(), 503, "{view} {path}");
    }
}
