//! What holds for every route: problems, strictness, positions, versions, pages, preferences, names.

use crate::harness::{Said, Shop, checkout};
use http::Method;
use serde_json::{Value, json};
use std::{collections::BTreeSet, time::Instant};

#[tokio::test(flavor = "multi_thread")]
async fn every_no_is_a_problem_with_a_stable_code() {
    let shop = Shop::stocked().await;
    let (staff, anyone) = (shop.staff(), shop.anyone());
    anyone.get("/nowhere").await.refuses(404, "ROUTE_NOT_FOUND");
    anyone.get("/api/v2/products").await.refuses(404, "ROUTE_NOT_FOUND");
    let wrong = anyone.ask(Method::DELETE, "/carts").send().await;
    let wrong = wrong.refuses(405, "METHOD_NOT_ALLOWED");
    assert_eq!(wrong.header("allow"), "POST");
    let large = staff.post("/products").raw(vec![b' '; (1 << 20) + 1]).send().await;
    large.refuses(413, "BODY_TOO_LARGE");
    let form = staff.post("/products").typed("application/x-www-form-urlencoded", "name=Mug");
    form.send().await.refuses(415, "MEDIA_TYPE_NOT_SUPPORTED");
    let packed = staff.post("/products").header("content-encoding", "gzip").raw("{}");
    packed.send().await.refuses(415, "MEDIA_TYPE_NOT_SUPPORTED");
    staff.post("/products").raw("{\"name\":").send().await.refuses(400, "MALFORMED_REQUEST");
    let untyped = staff.post("/products").json(&json!({"name": 7})).send().await;
    untyped.refuses(422, "VALIDATION_ERROR").points_at("/name");
    let missing = anyone.get("/stock").await.refuses(401, "AUTH_TOKEN_MISSING");
    assert_eq!(missing.header("www-authenticate"), "Bearer realm=\"cartage\"");
    let wrong = anyone.ask(Method::GET, "/stock").header("authorization", "Bearer no").send().await;
    wrong.refuses(401, "AUTH_TOKEN_INVALID");
    let basic = anyone.ask(Method::GET, "/stock").header("authorization", "Basic eDp5").send();
    basic.await.refuses(401, "AUTH_TOKEN_INVALID");
    staff.get("/products/none").await.refuses(404, "PRODUCT_NOT_FOUND");
    staff.get("/products/%ff").await.refuses(400, "MALFORMED_REQUEST");
}

#[tokio::test(flavor = "multi_thread")]
async fn a_body_of_one_mebibyte_is_read() {
    let shop = Shop::open().await;
    let mut body = br#"{"name": "Mug"}"#.to_vec();
    body.resize(1 << 20, b' ');
    shop.staff().post("/products").raw(body).send().await.is(201);
}

#[tokio::test(flavor = "multi_thread")]
async fn unknown_fields_and_query_parameters_are_refused() {
    let shop = Shop::stocked().await;
    let (id, token) = shop.cart(&[("MUG-1", 1)]).await;
    let mut order = checkout(&id);
    order["ship_to"]["colour"] = json!("blue");
    let refused = shop.guest(&token).post("/orders").key("one").json(&order).send().await;
    let refused = refused.refuses(422, "VALIDATION_ERROR");
    assert!(refused.text("/errors/0/pointer").starts_with("/ship_to"), "{refused:?}");
    let field = shop.anyone().post("/carts").json(&json!({"colour": "blue"})).send().await;
    field.refuses(422, "VALIDATION_ERROR");
    for list in ["/products", "/orders", "/stock", "/facts", "/picks", "/dead-letters"] {
        let refused = shop.staff().get(&format!("{list}?colour=blue")).await;
        refused.refuses(422, "VALIDATION_ERROR").points_at("#query/colour");
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn several_flaws_are_pointed_at_together() {
    let shop = Shop::stocked().await;
    let (id, token) = shop.cart(&[("MUG-1", 1)]).await;
    let mut order = checkout(&id);
    order["email"] = json!("nobody");
    order["ship_to"]["city"] = json!("");
    order["ship_to"]["country"] = json!("Great Britain");
    order["payment"]["token"] = json!("4111111111111111");
    let tip = shop.tip();
    let refused = shop.guest(&token).post("/orders").key("one").json(&order).send().await;
    let refused = refused.refuses(422, "VALIDATION_ERROR");
    let refused = refused.points_at("/email").points_at("/ship_to/city");
    refused.points_at("/ship_to/country").points_at("/payment/token");
    assert_eq!(shop.tip(), tip);
}

#[tokio::test(flavor = "multi_thread")]
async fn a_query_sees_what_its_position_promises() {
    let shop = Shop::stocked().await;
    for _ in 0..20 {
        let (id, token) = shop.cart(&[("CUP-1", 1)]).await;
        let cancel = format!("/orders/{id}/cancel");
        shop.place(&id, &token).await.is(201);
        let cancelled = shop.guest(&token).post(&cancel).send().await.is(200);
        let position = cancelled.header("cartage-position");
        let list = shop.staff().ask(Method::GET, "/orders?limit=1&status=cancelled");
        let list = list.header("cartage-after", &position).send().await.is(200);
        assert_eq!(list.text("/items/0/id"), id);
        let seen: u64 = list.header("cartage-position").parse().expect("a position");
        assert!(seen >= position.parse().expect("a position"));
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn what_is_asked_for_instead_in_a_letter_is_an_object() {
    let shop = Shop::open().await;
    for none in [json!(null), json!([]), json!("text"), json!(7), json!(true)] {
        let edit = shop.staff().post("/dead-letters/pay:1/edit");
        let edited = edit.json(&json!({"request": none, "why": "a typing error"})).send().await;
        edited.refuses(422, "VALIDATION_ERROR").points_at("/request");
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn every_query_says_up_to_where_it_is_true() {
    let shop = Shop::stocked().await;
    let (cart, token) = shop.order(&[("MUG-1", 1)]).await;
    let answered: u64 = shop.tip();
    let staff = shop.staff();
    for path in [
        "/carts/{}",
        "/carts/{}/quote",
        "/orders",
        "/orders/{}",
        "/orders/{}/timeline",
        "/orders/{}/facts",
        "/consumers",
        "/payments/{}.1",
        "/payments/{}.1/refunds",
        "/products",
        "/products/mug-1",
        "/availability?sku=MUG-1",
        "/stock",
        "/stock?sku=MUG-1",
        "/stock/MUG-1",
        "/stock/MUG-1/movements",
        "/fulfilments",
        "/picks",
        "/facts",
        "/reports/sales",
    ] {
        let path = path.replace("{}", &cart);
        let said = match path.starts_with("/carts") {
            true => shop.guest(&token).get(&path).await.is(200),
            false => staff.get(&path).await.is(200),
        };
        let seen: u64 = said.header("cartage-position").parse().expect(&path);
        // Those which do not wait for what is newest need not have seen it yet.
        let waits = !path.starts_with("/availability") && path.matches('/').count() > 1;
        assert!(seen >= answered || !waits, "{path}: {seen} of {answered}");
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn a_query_for_a_position_that_is_not_yet_waits_two_seconds_and_says_so() {
    let shop = Shop::stocked().await;
    let begin = Instant::now();
    let list = shop.staff().ask(Method::GET, "/orders").header("cartage-after", "99999999");
    let refused = list.send().await.refuses(503, "VIEW_BEHIND");
    assert!((1.5..4.0).contains(&begin.elapsed().as_secs_f64()), "{:?}", begin.elapsed());
    assert_eq!(refused.header("retry-after"), "1");
    for none in ["soon", "-1", "1.5", "", "99999999999999999999999"] {
        let list = shop.staff().ask(Method::GET, "/orders").header("cartage-after", none);
        list.send().await.refuses(400, "MALFORMED_REQUEST").points_at("#header/Cartage-After");
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn only_the_version_that_was_looked_at_is_changed() {
    let shop = Shop::stocked().await;
    let product = shop.staff().get("/products/mug-1").await.is(200);
    let etag = product.header("etag");
    assert_eq!(etag, format!("\"{}\"", product.at("/version")));
    let change = |etag: &str, name: &str| {
        let patch = shop.staff().ask(Method::PATCH, "/products/mug-1").header("if-match", etag);
        patch.json(&json!({"name": name})).send()
    };
    let changed = change(&etag, "Better mug").await.is(200);
    assert_ne!(changed.header("etag"), etag);
    let tip = shop.tip();
    change(&etag, "Late mug").await.refuses(412, "VERSION_STALE");
    change("seven", "Odd mug").await.refuses(400, "MALFORMED_REQUEST");
    assert_eq!(shop.tip(), tip);
    change("*", "Any mug").await.is(200);
    let product = shop.staff().get("/products/mug-1").await.is(200);
    assert_eq!(product.at("/name"), "Any mug");
}

#[tokio::test(flavor = "multi_thread")]
async fn all_pages_together_are_the_list_and_nothing_twice() {
    let shop = Shop::stocked().await;
    for _ in 0..7 {
        let (id, token) = shop.cart(&[("CUP-1", 1)]).await;
        shop.place(&id, &token).await.is(201);
    }
    let tip = shop.settle().await;
    let lists = [
        ("/orders", 3, 7),
        ("/orders?sort=number", 2, 7),
        ("/orders?sku=CUP-1", 2, 7),
        ("/orders?status=released&sort=placed_at", 3, 7),
        ("/reports/sales?by=product", 1, 1),
        ("/products", 1, 2),
        ("/products?category=kitchen", 1, 2),
        ("/stock", 1, 2),
        ("/picks", 3, 7),
        ("/fulfilments", 3, 7),
        ("/facts", 17, tip as usize),
        ("/stock/CUP-1/movements", 4, usize::MAX),
    ];
    for (path, limit, count) in lists {
        let found = all_pages(&shop, path, limit).await;
        let once: BTreeSet<&String> = found.iter().collect();
        assert_eq!(once.len(), found.len(), "{path}: nothing twice");
        let whole = all_pages(&shop, path, 200).await;
        assert_eq!(found, whole, "{path}: pages of any size are the same list");
        assert!(count == usize::MAX || found.len() == count, "{path}: {}", found.len());
    }
}

async fn all_pages(shop: &Shop, path: &str, limit: usize) -> Vec<String> {
    let (mut found, mut cursor) = (Vec::new(), String::new());
    let sign = if path.contains('?') { '&' } else { '?' };
    loop {
        let page = shop.staff().get(&format!("{path}{sign}limit={limit}{cursor}")).await.is(200);
        assert!(page.list("/items").len() <= limit, "{path}");
        found.extend(page.list("/items").iter().map(Value::to_string));
        match page.text("/page/next").as_str() {
            "" => return found,
            next => cursor = format!("&cursor={next}"),
        }
        assert!(found.len() < 10_000, "{path}: pages without end");
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn a_cursor_of_another_list_and_an_absurd_limit_are_refused() {
    let shop = Shop::stocked().await;
    let next = shop.staff().get("/products?limit=1").await.is(200).text("/page/next");
    assert!(!next.is_empty());
    let lists = ["/orders", "/stock", "/picks", "/packs", "/parcels", "/returns", "/fulfilments"];
    for list in lists {
        for cursor in [next.as_str(), "nonsense"] {
            let refused = shop.staff().get(&format!("{list}?cursor={cursor}")).await;
            refused.refuses(400, "MALFORMED_REQUEST");
        }
        for limit in ["0", "201"] {
            let refused = shop.staff().get(&format!("{list}?limit={limit}")).await;
            refused.refuses(422, "VALIDATION_ERROR").points_at("#query/limit");
        }
    }
    let one = "/products?sku=MUG-1";
    shop.staff().get(&format!("{one}&limit=201")).await.refuses(422, "VALIDATION_ERROR");
    shop.staff().get(&format!("{one}&cursor=nonsense")).await.refuses(400, "MALFORMED_REQUEST");
    let lists =
        ["/facts?", "/stock/MUG-1/movements?", "/reports/sales?", "/reports/sales?by=product&"];
    for list in lists {
        let refused = shop.staff().get(&format!("{list}cursor={next}")).await;
        refused.refuses(400, "MALFORMED_REQUEST");
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn an_answer_comes_at_once_or_with_the_outcome_as_is_preferred() {
    let shop = Shop::stocked().await;
    let (id, token) = shop.cart(&[("MUG-1", 1)]).await;
    let place = |id: &str, token: &str, prefer: &str| {
        let wish = shop.guest(token).post("/orders").key(id).header("prefer", prefer);
        wish.json(&checkout(id)).send()
    };
    let waited = place(&id, &token, "wait=10").await.is(201);
    assert_eq!(waited.at("/status"), "released", "the outcome is known, and the site has begun");
    let (id, token) = shop.cart(&[("MUG-1", 1)]).await;
    let accepted = place(&id, &token, "respond-async").await.is(202);
    assert_eq!(accepted.header("preference-applied"), "respond-async");
    assert_eq!(accepted.header("location"), format!("/api/v1/orders/{id}"));
}

#[tokio::test(flavor = "multi_thread")]
async fn what_is_made_says_where_it_is() {
    let shop = Shop::stocked().await;
    let (id, token) = shop.delivered("MUG-1", 1).await;
    let body = json!({"lines": [{"line": 1, "quantity": 1}]});
    let path = format!("/orders/{id}/returns");
    let refund = json!({"amount": {"minor": 100, "currency": "GBP"}, "reason": "goodwill"});
    let wishes = [
        (shop.staff(), "/products".to_owned(), json!({"name": "Bowl"})),
        (shop.guest(&token), path, body),
        (shop.staff(), format!("/payments/{id}.1/refunds"), refund),
        (shop.staff(), "/carts".to_owned(), json!({})),
    ];
    for (who, path, body) in wishes {
        let made = who.post(&path).key(&format!("made-{path}")).json(&body).send().await.is(201);
        let location = made.header("location");
        assert!(location.starts_with("/api/v1/"), "{path}: {location:?}");
        // Whoever sends something back learns of it from his order; the return itself is staff's.
        shop.staff().get(&location).await.is(200);
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn one_id_goes_with_a_request_to_its_answer_its_facts_and_its_problem() {
    let shop = Shop::stocked().await;
    let name = "018f2f4e-7c1a-7d3e-9a55-3f5b2c9e8a10";
    let (id, token) = shop.cart(&[("MUG-1", 1)]).await;
    let place = shop.guest(&token).post("/orders").key("one").header("x-correlation-id", name);
    let placed = place.json(&checkout(&id)).send().await.is(201);
    assert_eq!(placed.header("x-correlation-id"), name);
    shop.settle().await;
    let facts = shop.staff().get(&format!("/orders/{id}/facts")).await.is(200);
    let of = |fact: &&Value| {
        fact["type"] == "orders/placed@1" || fact["type"] == "payments/authorised@1"
    };
    let found: Vec<&Value> = facts.list("/items").iter().filter(of).collect();
    assert_eq!(found.len(), 2, "{facts:?}");
    assert!(found.iter().all(|fact| fact["correlation"] == name), "{found:?}");
    let lost = shop.anyone().ask(Method::GET, "/nowhere").header("x-correlation-id", "lost-7");
    assert_eq!(lost.send().await.text("/correlation_id"), "lost-7");
    let traced = shop.anyone().ask(Method::GET, "/products");
    let traced =
        traced.header("traceparent", "00-4bf92f3577b34da6a3ce929d0e0e4736-00f067aa0ba902b7-01");
    let traced = traced.send().await.header("x-correlation-id");
    assert_eq!(traced, "4bf92f35-77b3-4da6-a3ce-929d0e0e4736");
    let odd = shop.anyone().ask(Method::GET, "/products").header("x-correlation-id", "two words");
    assert_ne!(odd.send().await.header("x-correlation-id"), "two words");
}

#[tokio::test(flavor = "multi_thread")]
async fn browsers_are_told_to_guess_and_to_keep_nothing() {
    let shop = Shop::open().await;
    for path in ["/products", "/nowhere", "/health", "/stock"] {
        let said = shop.anyone().get(path).await;
        assert_eq!(said.header("x-content-type-options"), "nosniff", "{path}");
        assert_eq!(said.header("cache-control"), "no-store", "{path}");
        assert!(said.header("content-security-policy").contains("default-src 'self'"), "{path}");
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn also_a_change_that_changes_nothing_any_more_names_its_position() {
    let shop = Shop::stocked().await;
    let (id, token) = shop.cart(&[("MUG-1", 1)]).await;
    shop.place(&id, &token).await.is(201);
    let cancel = || shop.guest(&token).post(&format!("/orders/{id}/cancel")).send();
    let position = |said: &Said| said.header("cartage-position").parse::<u64>();
    let first = position(&cancel().await.is(200)).expect("a position");
    let tip = shop.settle().await;
    let again = position(&cancel().await.is(200)).expect("a position");
    assert!(first <= again && again == tip && shop.tip() == tip, "{first} {again} {tip}");
}
