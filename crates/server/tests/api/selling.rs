//! Stories over HTTP to their end: orders, cancellations, refunds, returns, and what can go wrong before.

use crate::harness::{Shop, checkout};
use http::Method;
use serde_json::{Value, json};
use std::time::Duration;

#[tokio::test(flavor = "multi_thread")]
async fn an_order_goes_from_the_cart_to_the_door() {
    let shop = Shop::stocked().await;
    let (id, token) = shop.delivered("MUG-1", 2).await;
    let order = shop.guest(&token).get(&format!("/orders/{id}")).await.is(200);
    assert_eq!(order.at("/status"), "delivered");
    assert_eq!(order.at("/totals/total"), &json!({"minor": 2500, "currency": "GBP"}));
    assert_eq!(order.at("/payments/0/status"), "captured");
    assert_eq!(order.at("/parcels/0/status"), "delivered");
    assert_eq!(order.at("/lines/0/units"), &json!({"delivered": 2}));
    let stock = shop.staff().get("/stock/MUG-1").await.is(200);
    assert_eq!((stock.at("/on_hand"), stock.at("/available")), (&json!(8), &json!(8)));
    let timeline = shop.guest(&token).get(&format!("/orders/{id}/timeline")).await.is(200);
    assert!(timeline.list("/items").len() > 5, "{timeline:?}");
    let number = order.text("/number");
    let named = shop.guest(&token).get(&format!("/orders/{number}")).await.is(200);
    assert_eq!(named.text("/id"), id);
    let tracking = order.text("/parcels/0/tracking_number");
    let tracked = shop.anyone().get(&format!("/tracking/{tracking}")).await.is(200);
    assert_eq!(tracked.at("/status"), "delivered");
    let sales = shop.staff().get("/reports/sales?by=product").await.is(200);
    assert_eq!(sales.at("/items/0/units"), 2);
}

#[tokio::test(flavor = "multi_thread")]
async fn an_order_can_be_seen_as_it_was() {
    let shop = Shop::stocked().await;
    let (id, token) = shop.cart(&[("MUG-1", 2)]).await;
    let placed = shop.place(&id, &token).await.is(201);
    shop.settle().await;
    let position = placed.header("cartage-position");
    let then = shop.staff().get(&format!("/orders/{id}/at?position={position}")).await.is(200);
    assert_eq!(then.at("/status"), "placed");
    let now = shop.staff().get(&format!("/orders/{id}/at?position=999999")).await.is(200);
    assert_eq!(now.at("/status"), "released");
    let both = format!("/orders/{id}/at?position=1&time=2026-01-01T00:00:00Z");
    shop.staff().get(&both).await.refuses(422, "VALIDATION_ERROR");
    let before = shop.staff().get(&format!("/orders/{id}/at?time=2020-01-01T00:00:00Z")).await;
    before.refuses(404, "ORDER_NOT_FOUND");
}

#[tokio::test(flavor = "multi_thread")]
async fn what_is_not_in_stock_is_refused_with_every_line_that_is_short() {
    let shop = Shop::stocked().await;
    let (id, token) = shop.cart(&[("MUG-1", 12), ("CUP-1", 1)]).await;
    let tip_of_stock = shop.staff().get("/stock/CUP-1").await.is(200);
    let refused = shop.place(&id, &token).await.refuses(409, "INVENTORY_INSUFFICIENT_STOCK");
    let flaws = json!([{"pointer": "/cart/lines/0", "sku": "MUG-1", "asked": 12, "available": 10}]);
    assert_eq!(refused.at("/errors"), &flaws);
    assert_eq!(refused.text("/title"), "Not enough stock");
    assert!(refused.text("/type").ends_with("inventory-insufficient-stock"));
    let stock = shop.staff().get("/stock/CUP-1").await.is(200);
    assert_eq!(
        stock.at("/available"),
        tip_of_stock.at("/available"),
        "the other line is free again"
    );
    let path = format!("/carts/{id}/lines/1");
    let fewer = shop.guest(&token).ask(Method::PATCH, &path).json(&json!({"quantity": 10}));
    fewer.send().await.is(200);
    let placed = shop.guest(&token).post("/orders").key("again").json(&checkout(&id)).send().await;
    placed.is(201);
}

#[tokio::test(flavor = "multi_thread")]
async fn two_tabs_with_two_keys_make_one_order() {
    let shop = Shop::stocked().await;
    let (id, token) = shop.cart(&[("MUG-1", 1)]).await;
    let body = checkout(&id);
    let tab = |key: &'static str| shop.guest(&token).post("/orders").key(key).json(&body).send();
    let (one, two) = tokio::join!(tab("tab-one"), tab("tab-two"));
    let mut statuses = [one.status.as_u16(), two.status.as_u16()];
    statuses.sort_unstable();
    assert_eq!(statuses, [201, 409], "{one:?} {two:?}");
    shop.settle().await;
    let orders = shop.staff().get("/orders").await.is(200);
    assert_eq!(orders.list("/items").len(), 1);
    let stock = shop.staff().get("/stock/MUG-1").await.is(200);
    assert_eq!(stock.at("/available"), 9);
}

#[tokio::test(flavor = "multi_thread")]
async fn what_is_not_on_sale_cannot_be_put_into_a_cart_nor_ordered() {
    let shop = Shop::stocked().await;
    let (id, token) = shop.cart(&[("MUG-1", 1), ("CUP-1", 1)]).await;
    shop.staff().post("/products/cup-1/withdraw").send().await.is(200);
    let cart = shop.guest(&token).get(&format!("/carts/{id}")).await.is(200);
    assert_eq!(cart.list("/lines").len(), 1);
    assert!(cart.text("/notices/0").contains("CUP-1"), "{cart:?}");
    let refused = shop.place(&id, &token).await.refuses(422, "CART_PRODUCT_NOT_FOUND");
    refused.points_at("/cart/lines/1");
    let line = json!({"sku": "CUP-1", "quantity": 1});
    let path = format!("/carts/{id}/lines");
    let refused = shop.guest(&token).post(&path).json(&line).send().await;
    refused.refuses(422, "CART_PRODUCT_NOT_FOUND").points_at("/sku");
    let unknown = json!({"sku": "NEVER-1", "quantity": 1});
    let refused = shop.guest(&token).post(&path).json(&unknown).send().await;
    refused.refuses(422, "CART_PRODUCT_NOT_FOUND");
    shop.anyone().get("/products/cup-1").await.refuses(404, "PRODUCT_NOT_FOUND");
    shop.staff().get("/products/cup-1").await.is(200);
    let seen = shop.anyone().get("/products").await.is(200);
    assert_eq!(seen.list("/items").len(), 1);
}

#[tokio::test(flavor = "multi_thread")]
async fn an_order_costs_what_its_goods_cost_when_it_is_placed_and_never_more_later() {
    let shop = Shop::stocked().await;
    let (id, token) = shop.cart(&[("MUG-1", 2)]).await;
    let path = "/products/mug-1/variants/MUG-1/price";
    let costs = |minor: i64| {
        let price = json!({"price": {"minor": minor, "currency": "GBP"}});
        shop.staff().ask(Method::PUT, path).json(&price).send()
    };
    costs(1500).await.is(200);
    let quote = shop.guest(&token).get(&format!("/carts/{id}/quote")).await.is(200);
    assert_eq!(quote.at("/total/minor"), 3000);
    let placed = shop.place(&id, &token).await.is(201);
    assert_eq!(placed.at("/totals/total/minor"), 3000);
    costs(9900).await.is(200);
    shop.settle().await;
    let order = shop.guest(&token).get(&format!("/orders/{id}")).await.is(200);
    assert_eq!(order.at("/totals/total/minor"), 3000);
    assert_eq!(order.at("/payments/0/amount/minor"), 3000);
}

#[tokio::test(flavor = "multi_thread")]
async fn a_cancelled_order_gives_back_its_stock_and_its_money() {
    let shop = Shop::stocked().await;
    let (id, token) = shop.order(&[("MUG-1", 3)]).await;
    let reason = json!({"reason": "fraud"});
    let cancel = format!("/orders/{id}/cancel");
    let cancelled = shop.guest(&token).post(&cancel).json(&reason).send().await.is(200);
    assert_eq!(cancelled.at("/status"), "cancelled");
    assert_eq!(cancelled.at("/cancel_reason"), "customer_request", "whatever an owner says");
    shop.settle().await;
    let order = shop.staff().get(&format!("/orders/{id}")).await.is(200);
    assert_eq!(order.at("/payments/0/status"), "voided");
    let stock = shop.staff().get("/stock/MUG-1").await.is(200);
    assert_eq!(stock.at("/available"), 10);
    let tip = shop.tip();
    let again = shop.guest(&token).post(&cancel).send().await.is(200);
    assert_eq!((again.at("/status"), shop.tip()), (&json!("cancelled"), tip), "old news");
}

#[tokio::test(flavor = "multi_thread")]
async fn what_is_packed_only_staff_can_stop_and_what_is_sent_nobody() {
    let shop = Shop::stocked().await;
    let (id, token) = shop.sealed("MUG-1", 1).await;
    let cancel = format!("/orders/{id}/cancel");
    let late = shop.guest(&token).post(&cancel).send().await;
    late.refuses(409, "ORDER_CANNOT_BE_CANCELLED");
    shop.staff().post(&cancel).send().await.is(200);
    shop.settle().await;
    let order = shop.staff().get(&format!("/orders/{id}")).await.is(200);
    assert_eq!(order.at("/status"), "cancelled");
    assert_eq!(order.at("/payments/0/status"), "refunded");
    let (id, _) = shop.delivered("MUG-1", 1).await;
    let late = shop.staff().post(&format!("/orders/{id}/cancel")).send().await;
    late.refuses(409, "ORDER_CANNOT_BE_CANCELLED");
}

#[tokio::test(flavor = "multi_thread")]
async fn staff_gives_money_back_once_per_key_and_never_more_than_was_taken() {
    let shop = Shop::stocked().await;
    let (id, _) = shop.delivered("MUG-1", 2).await;
    let path = format!("/payments/{id}.1/refunds");
    let refund = |key: &'static str, minor: i64| {
        let body = json!({"amount": {"minor": minor, "currency": "GBP"}, "reason": "goodwill"});
        shop.staff().post(&path).key(key).json(&body).send()
    };
    refund("first", 500).await.is(201);
    refund("first", 500).await.is(201);
    shop.settle().await;
    let payment = shop.staff().get(&format!("/payments/{id}.1")).await.is(200);
    assert_eq!(
        (payment.at("/refunded/minor"), payment.at("/captured/minor")),
        (&json!(500), &json!(2500))
    );
    refund("second", 2001).await.refuses(409, "REFUND_AMOUNT_EXCEEDS_ORIGINAL");
    refund("third", 0).await.refuses(422, "VALIDATION_ERROR").points_at("/amount/minor");
    refund("fourth", -5).await.refuses(422, "VALIDATION_ERROR");
    refund("fifth", 2000).await.is(201);
    shop.settle().await;
    let refunds = shop.staff().get(&path).await.is(200);
    let statuses: Vec<&Value> = refunds.list("/items").iter().map(|one| &one["status"]).collect();
    assert_eq!(statuses, ["done", "done"]);
    let cash = shop.staff().get("/reports/cash").await.is(200);
    assert_eq!(cash.at("/items/0/balance/minor"), 0);
    let other = json!({"amount": {"minor": 1, "currency": "EUR"}, "reason": "goodwill"});
    let refused = shop.staff().post(&path).key("sixth").json(&other).send().await;
    refused.refuses(422, "VALIDATION_ERROR").points_at("/amount");
}

#[tokio::test(flavor = "multi_thread")]
async fn a_return_settles_by_itself_and_its_goods_are_for_sale_again() {
    let shop = Shop::stocked().await;
    let (id, token) = shop.delivered("MUG-1", 2).await;
    let guest = shop.guest(&token);
    let too_many = json!({"lines": [{"line": 1, "quantity": 3}]});
    let path = format!("/orders/{id}/returns");
    guest.post(&path).json(&too_many).send().await.refuses(409, "RETURN_NOT_DELIVERED");
    let wish = json!({"lines": [{"line": 1, "quantity": 1, "reason": "damaged"}]});
    let asked = guest.post(&path).json(&wish).send().await.is(201);
    assert_eq!(asked.at("/status"), "authorised", "within its window nobody has to say yes");
    let returned = format!("/returns/{}", asked.text("/id"));
    shop.staff().get(&returned).await.is(200);
    guest.get(&returned).await.refuses(401, "AUTH_TOKEN_MISSING");
    guest.post(&format!("{returned}/authorise")).send().await.refuses(401, "AUTH_TOKEN_MISSING");
    let staff = shop.staff();
    let note = json!({"note": "a photo is enough"});
    staff.post(&format!("{returned}/authorise")).json(&note).send().await.is(200);
    let back = json!({"lines": [{"line": 1, "quantity": 1}]});
    staff.post(&format!("{returned}/receive")).json(&back).send().await.is(200);
    let fate = json!({"lines": [{"line": 1, "quantity": 1, "disposition": "restock"}]});
    staff.post(&format!("{returned}/inspect")).json(&fate).send().await.is(200);
    shop.settle().await;
    let settled = staff.get(&returned).await.is(200);
    assert!(["settled", "closed"].contains(&settled.text("/status").as_str()), "{settled:?}");
    assert_eq!(settled.at("/refund/minor"), 1250);
    let payment = staff.get(&format!("/payments/{id}.1")).await.is(200);
    assert_eq!(payment.at("/refunded/minor"), 1250);
    let stock = staff.get("/stock/MUG-1").await.is(200);
    assert_eq!(stock.at("/available"), 9);
}

#[tokio::test(flavor = "multi_thread")]
async fn carts_and_orders_have_their_limits() {
    let shop = Shop::stocked().await;
    let (id, token) = shop.cart(&[("MUG-1", 99)]).await;
    let guest = shop.guest(&token);
    let lines = format!("/carts/{id}/lines");
    let one_more = json!({"sku": "MUG-1", "quantity": 1});
    guest.post(&lines).json(&one_more).send().await.refuses(422, "CART_INVALID_QUANTITY");
    let none = json!({"sku": "MUG-1", "quantity": 0});
    guest.post(&lines).json(&none).send().await.refuses(422, "VALIDATION_ERROR");
    let variants: Vec<Value> = (0..101)
        .map(|nth| json!({"sku": format!("TINY-{nth}"), "price": {"minor": 1, "currency": "GBP"}}))
        .collect();
    let tiny = json!({"name": "Tiny", "slug": "tiny", "variants": variants});
    shop.staff().post("/products").json(&tiny).send().await.is(201);
    shop.staff().post("/products/tiny/publish").send().await.is(200);
    for nth in 0..99 {
        let line = json!({"sku": format!("TINY-{nth}"), "quantity": 1});
        guest.post(&lines).json(&line).send().await.is(201);
    }
    let line = json!({"sku": "TINY-100", "quantity": 1});
    guest.post(&lines).json(&line).send().await.refuses(422, "CART_TOO_MANY_LINES");
    let (empty, token) = shop.cart(&[]).await;
    shop.place(&empty, &token).await.refuses(422, "ORDER_EMPTY");
}

#[tokio::test(flavor = "multi_thread")]
async fn a_parcel_leaves_only_when_it_is_paid_for() {
    let shop = Shop::stocked().await;
    let (id, _) = shop.order(&[("MUG-1", 1)]).await;
    let absent = shop.staff().post(&format!("/parcels/{id}.1/hand-over")).send().await;
    absent.refuses(404, "PARCEL_NOT_FOUND");
    let early = shop.staff().post(&format!("/packs/{id}.1/seal"));
    let early = early.json(&json!({"weight_grams": 500})).send().await;
    assert!((400..500).contains(&early.status.as_u16()), "{early:?}");
    early.well_formed();
}

#[tokio::test(flavor = "multi_thread")]
async fn over_the_wire_a_declined_card_leaves_an_order_that_another_pays() {
    let shop = Shop::beside_a_sandbox().await;
    shop.sells("MUG-1", 1250, 10).await;
    let (id, token) = shop.cart(&[("MUG-1", 1)]).await;
    let mut body = checkout(&id);
    body["payment"]["token"] = json!("tok_declined");
    let guest = shop.guest(&token);
    let place = guest.post("/orders").key("one").header("prefer", "wait=20").json(&body);
    let placed = place.send().await.is(201);
    assert_eq!(
        (placed.at("/status"), placed.at("/payments/0/status")),
        (&json!("placed"), &json!("declined"))
    );
    assert!(placed.at("/pay_by").is_string());
    let pay = json!({"method": "card", "token": "tok_ok"});
    let path = format!("/orders/{id}/payments");
    guest.post(&path).key("two").json(&pay).send().await.is(201);
    shop.settle().await;
    let order = guest.get(&format!("/orders/{id}")).await.is(200);
    assert_eq!(order.at("/payments/1/status"), "authorised");
    assert_eq!(order.at("/status"), "released");
}

#[tokio::test(flavor = "multi_thread")]
async fn cash_on_delivery_is_offered_up_to_a_limit_and_asks_no_provider() {
    let shop = Shop::beside_a_sandbox().await;
    shop.sells("MUG-1", 5_000, 10).await;
    let on_delivery = async |units: u64| {
        let (id, token) = shop.cart(&[("MUG-1", units)]).await;
        let mut body = checkout(&id);
        body["payment"]["method"] = json!("cash_on_delivery");
        let asked = shop.guest(&token).post("/orders").key(&format!("door-{id}")).json(&body);
        (asked.send().await, id)
    };
    let (placed, id) = on_delivery(2).await;
    assert_eq!(placed.is(201).at("/payments/0/status"), "authorised");
    let (dear, other) = on_delivery(3).await;
    dear.refuses(409, "PAYMENT_METHOD_NOT_OFFERED");
    shop.staff().get(&format!("/orders/{other}")).await.refuses(404, "ORDER_NOT_FOUND");
    shop.settle().await;
    assert_eq!(shop.staff().get(&format!("/orders/{id}")).await.is(200).at("/status"), "released");
}

/// What of this kind lies in the vault.
fn kept(shop: &Shop, kind: &str) -> i64 {
    let journal = shop.folder.path().join("journal.db");
    let flags = rusqlite::OpenFlags::SQLITE_OPEN_READ_ONLY;
    let file = rusqlite::Connection::open_with_flags(journal, flags).expect("the journal");
    let count = "SELECT count(*) FROM vault WHERE kind = ?";
    file.query_row(count, [kind], |row| row.get(0)).expect("the vault")
}

#[tokio::test(flavor = "multi_thread")]
async fn a_payment_token_is_kept_no_longer_than_somebody_has_to_be_asked_with_it() {
    let shop = Shop::stocked().await;
    let token = "payment_token";
    shop.staff().post("/consumers/pay/pause").send().await.is(202);
    let (id, its) = shop.cart(&[("MUG-1", 1)]).await;
    shop.place(&id, &its).await.is(201);
    shop.settle().await;
    assert_eq!(kept(&shop, token), 1, "nobody was asked yet");
    let shop = shop.restarted().await;
    assert_eq!(kept(&shop, token), 1, "also after a restart he can be asked");
    shop.staff().post("/consumers/pay/resume").send().await.is(202);
    let paid = async || {
        while shop.staff().get(&format!("/orders/{id}")).await.text("/status") == "placed" {
            tokio::task::yield_now().await;
        }
    };
    tokio::time::timeout(Duration::from_secs(20), paid()).await.expect("it is paid");
    assert_eq!(kept(&shop, token), 0);
    assert_eq!(kept(&shop, "address"), 1, "where it goes is still needed");
    let (crowded, its) = shop.cart(&[("MUG-1", 99)]).await;
    shop.place(&crowded, &its).await.refuses(409, "INVENTORY_INSUFFICIENT_STOCK");
    shop.settle().await;
    assert_eq!(kept(&shop, token), 0, "nobody will be asked");
}
