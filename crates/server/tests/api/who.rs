//! Who may do what: every route of the table is there, staff's are for staff, and guests see their own.

use crate::harness::Shop;
use http::Method;
use serde_json::json;

/// Whom a route is for.
#[derive(Clone, Copy, Debug, PartialEq)]
enum For {
    Anyone,
    Owner,
    Staff,
    Partner,
}

use For::{Anyone, Owner, Partner, Staff};

/// The routes that the foundation has, as the table of the API's names has them.
const ROUTES: &[(&str, &str, For)] = &[
    ("GET", "/products", Anyone),
    ("GET", "/products/{id}", Anyone),
    ("POST", "/products", Staff),
    ("PATCH", "/products/{id}", Staff),
    ("POST", "/products/{id}/publish", Staff),
    ("POST", "/products/{id}/withdraw", Staff),
    ("POST", "/products/{id}/discontinue", Staff),
    ("POST", "/products/{id}/variants", Staff),
    ("PUT", "/products/{id}/variants/{sku}/price", Staff),
    ("POST", "/carts", Anyone),
    ("GET", "/carts/{id}", Owner),
    ("POST", "/carts/{id}/lines", Owner),
    ("PATCH", "/carts/{id}/lines/{line}", Owner),
    ("DELETE", "/carts/{id}/lines/{line}", Owner),
    ("GET", "/carts/{id}/quote", Owner),
    ("POST", "/orders", Owner),
    ("GET", "/orders", Staff),
    ("GET", "/orders/{id}", Owner),
    ("GET", "/orders/{id}/timeline", Owner),
    ("GET", "/orders/{id}/events", Owner),
    ("GET", "/orders/{id}/at", Staff),
    ("GET", "/orders/{id}/facts", Staff),
    ("POST", "/orders/{id}/cancel", Owner),
    ("POST", "/orders/{id}/payments", Owner),
    ("GET", "/payments/{id}", Staff),
    ("POST", "/payments/{id}/capture", Staff),
    ("POST", "/payments/{id}/void", Staff),
    ("POST", "/payments/{id}/refunds", Staff),
    ("GET", "/payments/{id}/refunds", Staff),
    ("POST", "/webhooks/payments/{provider}", Partner),
    ("POST", "/webhooks/carriers/{carrier}", Partner),
    ("GET", "/stock", Staff),
    ("GET", "/stock/{sku}", Staff),
    ("GET", "/stock/{sku}/movements", Staff),
    ("GET", "/stock/{sku}/at", Staff),
    ("POST", "/stock/{sku}/receive", Staff),
    ("POST", "/stock/{sku}/adjust", Staff),
    ("GET", "/availability", Anyone),
    ("GET", "/fulfilments", Staff),
    ("GET", "/fulfilments/{id}", Staff),
    ("POST", "/fulfilments/{id}/release", Staff),
    ("GET", "/picks", Staff),
    ("GET", "/picks/{id}", Staff),
    ("POST", "/picks/{id}/start", Staff),
    ("POST", "/picks/{id}/lines/{line}", Staff),
    ("POST", "/picks/{id}/lines/{line}/short", Staff),
    ("GET", "/packs", Staff),
    ("GET", "/packs/{id}", Staff),
    ("POST", "/packs/{id}/lines/{line}/verify", Staff),
    ("POST", "/packs/{id}/seal", Staff),
    ("GET", "/parcels", Staff),
    ("GET", "/parcels/{id}", Staff),
    ("POST", "/parcels/{id}/label", Staff),
    ("POST", "/parcels/{id}/hand-over", Staff),
    ("GET", "/tracking/{number}", Anyone),
    ("POST", "/orders/{id}/returns", Owner),
    ("GET", "/returns", Staff),
    ("GET", "/returns/{id}", Staff),
    ("POST", "/returns/{id}/authorise", Staff),
    ("POST", "/returns/{id}/refuse", Staff),
    ("POST", "/returns/{id}/receive", Staff),
    ("POST", "/returns/{id}/inspect", Staff),
    ("GET", "/facts", Staff),
    ("GET", "/facts/{position}", Staff),
    ("GET", "/streams/{stream}", Staff),
    ("GET", "/consumers", Staff),
    ("POST", "/consumers/{name}/pause", Staff),
    ("POST", "/consumers/{name}/resume", Staff),
    ("POST", "/consumers/{name}/rebuild", Staff),
    ("POST", "/consumers/{name}/replay", Staff),
    ("GET", "/consumers/{name}/progress", Staff),
    ("GET", "/dead-letters", Staff),
    ("GET", "/dead-letters/{id}", Staff),
    ("POST", "/dead-letters/{id}/preview", Staff),
    ("POST", "/dead-letters/{id}/retry", Staff),
    ("POST", "/dead-letters/{id}/edit", Staff),
    ("POST", "/dead-letters/{id}/drop", Staff),
    ("POST", "/dead-letters/retry", Staff),
    ("GET", "/reports/sales", Staff),
    ("GET", "/reports/cash", Staff),
];

/// A path of the table for the order and its things.
fn filled(path: &str, order: &str) -> String {
    let things = ["/payments/", "/fulfilments/", "/picks/", "/packs/", "/parcels/", "/returns/"];
    let id = match things.iter().any(|thing| path.starts_with(thing)) {
        true => format!("{order}.1"),
        false if path.starts_with("/products/") => "mug-1".to_owned(),
        false if path.starts_with("/dead-letters/") => "pay:1".to_owned(),
        false => order.to_owned(),
    };
    path.replace("{id}", &id)
        .replace("{sku}", "MUG-1")
        .replace("{line}", "1")
        .replace("{position}", "1")
        .replace("{stream}", &format!("order:{order}"))
        .replace("{name}", "orders")
        .replace("{number}", &format!("SIM{order}.1"))
        .replace("{provider}", "sandbox")
        .replace("{carrier}", "sandbox")
}

#[test]
fn every_route_of_the_table_is_in_the_document_and_no_other() {
    let document = server::http::door::described();
    let mut described = Vec::new();
    for (path, item) in document["paths"].as_object().expect("paths") {
        let Some(path) = path.strip_prefix("/api/v1") else { continue };
        for method in item.as_object().expect("operations").keys() {
            described.push((method.to_uppercase(), path.to_owned()));
        }
    }
    let table = ROUTES.iter().map(|(method, path, _)| ((*method).to_owned(), (*path).to_owned()));
    let mut table: Vec<(String, String)> = table.collect();
    described.sort();
    table.sort();
    let missing: Vec<_> = table.iter().filter(|route| !described.contains(route)).collect();
    let unknown: Vec<_> = described.iter().filter(|route| !table.contains(route)).collect();
    assert!(missing.is_empty() && unknown.is_empty(), "missing {missing:?}, unknown {unknown:?}");
}

#[tokio::test(flavor = "multi_thread")]
async fn what_is_staffs_is_refused_without_its_key_and_what_is_somebodys_is_not_there_for_others() {
    let shop = Shop::stocked().await;
    let (order, _) = shop.delivered("MUG-1", 1).await;
    let (_, other) = shop.cart(&[]).await;
    let tip = shop.settle().await;
    for (method, path, whose) in ROUTES {
        let path = filled(path, &order);
        let method: Method = method.parse().expect("a method");
        for who in [shop.anyone(), shop.guest(&other), shop.guest("no token")] {
            let mut wish = who.ask(method.clone(), &path).key("a-key-of-a-stranger");
            if method != Method::GET && method != Method::DELETE {
                let cart = json!({"cart": order, "email": "a@example.org",
                    "ship_to": {"name": "A", "line1": "1", "city": "L", "country": "GB"},
                    "payment": {"method": "card", "token": "tok_ok"}});
                let line = json!({"sku": "MUG-1", "quantity": 1});
                let body = match path.as_str() {
                    "/orders" => cart,
                    path if path.ends_with("/payments") => cart["payment"].clone(),
                    path if path.ends_with("/returns") => {
                        json!({"lines": [{"line": 1, "quantity": 1}]})
                    }
                    path if path.ends_with("/lines") => line,
                    path if path.ends_with("/lines/1") && method == Method::PATCH => {
                        json!({"quantity": 1})
                    }
                    _ => json!({}),
                };
                wish = wish.json(&body);
            }
            let said = wish.send().await;
            let status = said.status.as_u16();
            match whose {
                // A body that does not fit is told first; it says nothing about what is there.
                Staff => assert_eq!(status, 401, "{method} {path}"),
                Owner => assert_eq!(status, 404, "{method} {path}: {}", said.body),
                Partner => assert!([400, 401, 404].contains(&status), "{method} {path}"),
                Anyone => assert!(status < 500, "{method} {path}"),
            }
            if status >= 400 {
                said.well_formed();
            }
        }
    }
    // Anyone may make a cart, and nothing else has happened.
    let facts = shop.staff().get(&format!("/facts?after={tip}&limit=200")).await.is(200);
    let others = facts.list("/items").iter().filter(|fact| fact["type"] != "carts/created@1");
    assert_eq!(others.count(), 0, "{facts:?}");
}

#[tokio::test(flavor = "multi_thread")]
async fn a_token_opens_its_cart_and_its_order_and_nothing_else() {
    let shop = Shop::stocked().await;
    let (id, token) = shop.cart(&[("MUG-1", 1)]).await;
    let (other, others) = shop.cart(&[("MUG-1", 1)]).await;
    shop.guest(&token).get(&format!("/carts/{id}")).await.is(200);
    shop.guest(&others).get(&format!("/carts/{id}")).await.refuses(404, "CART_NOT_FOUND");
    shop.place(&id, &others).await.refuses(404, "CART_NOT_FOUND");
    let placed = shop.place(&id, &token).await.is(201);
    assert_eq!(placed.text("/token"), token);
    let path = format!("/orders/{id}");
    let seen = shop.guest(&token).get(&path).await.is(200);
    assert_eq!(seen.text("/token"), "", "it is told when it is placed, not to whoever looks");
    shop.staff().get(&path).await.is(200);
    shop.guest(&others).get(&path).await.refuses(404, "ORDER_NOT_FOUND");
    shop.anyone().get(&path).await.refuses(404, "ORDER_NOT_FOUND");
    shop.guest(&token[..63]).get(&path).await.refuses(404, "ORDER_NOT_FOUND");
    let number = placed.text("/number");
    shop.anyone().get(&format!("/orders/{number}")).await.refuses(404, "ORDER_NOT_FOUND");
    let query = shop.anyone().get(&format!("{path}?token={token}")).await;
    query.refuses(404, "ORDER_NOT_FOUND");
    let absent = shop.guest(&others).get(&format!("/orders/{other}")).await;
    absent.refuses(404, "ORDER_NOT_FOUND");
}

#[tokio::test(flavor = "multi_thread")]
async fn health_readiness_and_figures_are_for_anyone() {
    let shop = Shop::stocked().await;
    let health = shop.anyone().get("/health").await.is(200);
    assert_eq!(health.at("/status"), "ok");
    let ready = shop.anyone().get("/ready").await.is(200);
    assert_eq!(ready.at("/status"), "ready");
    let figures = shop.anyone().get("/metrics").await.is(200);
    assert!(figures.body.as_str().is_some_and(|text| text.contains("cartage_position")));
}
