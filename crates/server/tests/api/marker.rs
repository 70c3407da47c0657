//! What people write about themselves, and what proves who they are, stands in no block of the journal, no
//! log line, no dead letter, no view, and no answer to anybody else.

use crate::{
    fields::operations,
    harness::{Shop, checkout},
    logs,
};
use gateways::webhooks;
use http::Method;
use kernel::Position;
use serde_json::{Value, json};
use server::sandbox::{Side, Switches};
use std::{collections::BTreeSet, fs};

/// Fields that hold codes and public texts, and why the journal may have them.
const CODES: &[(&str, &str)] = &[
    ("?cursor", "made here, from what the list has"),
    ("?sku", "SKUs are on every price tag"),
    ("?site", "the shop's own places"),
    ("?time", "a time or it is refused"),
    ("?at", "a time or it is refused"),
    ("?type", "the name of a kind of fact"),
    ("?stream", "the name of a stream, or it is refused"),
    ("?country", "two letters of ISO 3166"),
    ("?category", "on the shelf for everybody to see"),
    ("?brand", "on the product for everybody to see"),
    ("/currency", "three letters of ISO 4217"),
    ("/country", "two letters of ISO 3166: sales per country are counted"),
    ("/sku", "SKUs are on every price tag"),
    ("/site", "the shop's own places"),
    ("/location", "a shelf"),
    ("/lot", "on the goods"),
    ("/reference", "the number of a delivery note, a code without blanks"),
    ("/carton", "a size of carton, a code without blanks"),
    ("/tote", "the number of a tote, a code without blanks"),
    ("/worker", "a number, a code without blanks; never a name"),
    ("/service", "the carrier's name of a service; compared and not kept"),
    ("/handler", "the program's own name"),
    ("POST /products ", "what the shop says of its goods to everybody"),
    ("PATCH /products/{id} ", "what the shop says of its goods to everybody"),
    ("POST /products/{id}/variants ", "what the shop says of its goods to everybody"),
    ("POST /dead-letters/{id}/edit ", "the staff's note on a letter stays with the letter"),
    ("POST /dead-letters/{id}/drop ", "the staff's note on a letter stays with the letter"),
];

/// Every text that was planted, and where.
#[derive(Default)]
struct Garden {
    planted: BTreeSet<String>,
}

impl Garden {
    /// A text that stands nowhere else, for this field.
    fn plant(&mut self, place: &str) -> String {
        self.planted.insert(place.to_owned());
        marker(self.planted.len())
    }
}

/// What of all that was planted stands in a text, with what stands around it.
fn found_in(text: &str) -> Vec<String> {
    let around = |at: usize| {
        let begin = text[..at].char_indices().rev().nth(60).map_or(0, |(at, _)| at);
        let end = text[at..].char_indices().nth(60).map_or(text.len(), |(end, _)| at + end);
        text[begin..end].to_owned()
    };
    text.match_indices(SEED).map(|(at, _)| around(at)).take(3).collect()
}

/// In every marker; in nothing else.
const SEED: &str = "zqmarkerxk";

fn marker(number: usize) -> String {
    format!("{SEED}{number}q")
}

/// An address whose every line is planted.
fn address(garden: &mut Garden, at: &str) -> Value {
    let mut plant = |name: &str| garden.plant(&format!("POST /orders {at}/{name}"));
    json!({"name": plant("name"), "company": plant("company"), "line1": plant("line1"),
        "line2": plant("line2"), "city": plant("city"), "postal_code": plant("postal_code"),
        "region": plant("region"), "phone": plant("phone"), "country": "GB"})
}

/// A checkout whose every word is planted.
fn planted_checkout(garden: &mut Garden, cart: &str) -> Value {
    let mut body = checkout(cart);
    body["ship_to"] = address(garden, "/ship_to");
    body["bill_to"] = address(garden, "/bill_to");
    body["email"] = json!(format!("{}@example.org", garden.plant("POST /orders /email")));
    body["note"] = json!(garden.plant("POST /orders /note"));
    body["payment"]["token"] =
        json!(format!("tok_{}", garden.plant("POST /orders /payment/token")));
    body
}

/// An order whose first card is unknown to its provider and whose second is good, all the way and back.
async fn live_a_life(shop: &Shop, garden: &mut Garden) -> (String, String) {
    let (id, token) = shop.cart(&[("MUG-1", 2)]).await;
    let (guest, staff) = (shop.guest(&token), shop.staff());
    let body = planted_checkout(garden, &id);
    let key = garden.plant("#idempotency-key");
    let place = guest.post("/orders").key(&key).header("prefer", "wait=10").json(&body);
    let placed = place.send().await.is(201);
    // A provider need not know every token; what matters is that none of it is kept.
    if placed.at("/status") == "placed" {
        let token = format!("tok_{}", garden.plant("POST /orders/{id}/payments /token"));
        let path = format!("/orders/{id}/payments");
        let pay = json!({"method": "card", "token": token});
        guest.post(&path).key("second").json(&pay).send().await.is(201);
        let pay = json!({"method": "card", "token": "tok_ok"});
        let pay = guest.post(&path).key("third").json(&pay).send().await;
        assert!(pay.status.as_u16() < 500, "{pay:?}");
    }
    shop.settle().await;
    let email = body["email"].as_str().expect("planted");
    garden.plant("GET /orders ?email");
    staff.get(&format!("/orders?email={email}")).await.is(200);
    let number = garden.plant("GET /orders ?number");
    staff.get(&format!("/orders?number={number}")).await.is(200);
    let code = garden.plant("GET /availability ?postal_code");
    shop.anyone().get(&format!("/availability?sku=MUG-1&postal_code={code}")).await.is(200);
    let words = garden.plant("GET /products ?query");
    shop.anyone().get(&format!("/products?query={words}")).await.is(200);
    (id, token)
}

/// What staff writes about a return, and looks for among the letters.
async fn look_after(shop: &Shop, garden: &mut Garden, id: &str) {
    let staff = shop.staff();
    let wish = json!({"lines": [{"line": 1, "quantity": 1}]});
    for verb in ["authorise", "refuse"] {
        let path = format!("POST /returns/{{id}}/{verb} /note");
        let note = json!({"note": garden.plant(&path)});
        staff.post(&format!("/orders/{id}/returns")).json(&wish).send().await;
        let said = staff.post(&format!("/returns/{id}.1/{verb}")).json(&note).send().await;
        assert!(said.status.as_u16() < 500, "{said:?}");
    }
    let reason = garden.plant("GET /dead-letters ?reason");
    staff.get(&format!("/dead-letters?reason={reason}")).await.is(200);
    garden.plant("GET /dead-letters ?handler");
    let cause = json!({"reason": garden.plant("POST /dead-letters/retry /reason")});
    staff.post("/dead-letters/retry").json(&cause).send().await.is(200);
}

/// Everything that proves something, right or wrong, and every field with a text that does not fit.
async fn be_refused(shop: &Shop, garden: &mut Garden, id: &str, token: &str) {
    let secret = garden.plant("#authorization");
    let wrong = shop.anyone().ask(Method::GET, "/orders");
    wrong.header("authorization", &format!("Bearer {secret}")).send().await.is(401);
    let secret = garden.plant("#cartage-token");
    shop.guest(&secret).get(&format!("/orders/{id}")).await.is(404);
    let (cart, its) = shop.cart(&[("MUG-1", 1)]).await;
    for spoiled in ["/ship_to/country", "/email", "/payment/method"] {
        let mut body = planted_checkout(garden, &cart);
        *body.pointer_mut(spoiled).expect("it has one") = json!(format!("no {}", marker(0)));
        let refused = shop.guest(&its).post("/orders").key("no").json(&body).send().await;
        refused.is(422);
    }
    let text = format!("{{\"email\": \"{}\", ", garden.plant("#broken-body"));
    shop.guest(token).post("/orders").key("no").raw(text).send().await.is(400);
    be_told_by_a_partner(shop, garden, id).await;
}

/// A message of the provider that says more than anybody asked.
async fn be_told_by_a_partner(shop: &Shop, garden: &mut Garden, id: &str) {
    let now = engine::Clock::now(&engine::WallClock);
    let words = garden.plant("#webhook");
    let body = json!({"type": "payment.action_required", "timestamp": now.to_string(),
        "data": {"payment": format!("{id}.1")}, "card_holder": words});
    let (body, seconds) = (body.to_string(), now.micros() / 1_000_000);
    let secret = shop.sandbox().secret.as_str();
    let signature = webhooks::sign(secret, "msg-1", seconds, body.as_bytes()).expect("signed");
    let told = shop.anyone().post("/webhooks/payments/sandbox").header("webhook-id", "msg-1");
    let told = told.header("webhook-timestamp", &seconds.to_string());
    told.header("webhook-signature", &signature).raw(body).send().await.is(202);
}

/// Everything that others are told.
async fn all_that_others_see(shop: &Shop, id: &str) -> String {
    let (_, other) = shop.cart(&[]).await;
    let mut seen = String::new();
    let lists = [
        "/orders",
        "/facts?limit=200",
        "/dead-letters?settled=true",
        "/picks?status=done",
        "/packs?status=sealed",
        "/parcels",
        "/returns",
        "/fulfilments",
        "/consumers",
        "/metrics",
        "/reports/sales",
        "/reports/sales?by=country",
        "/reports/cash",
        "/stock",
        "/products",
    ];
    let of_it = [
        format!("/orders/{id}"),
        format!("/orders/{id}/timeline"),
        format!("/orders/{id}/facts"),
        format!("/orders/{id}/at?position=99999"),
        format!("/payments/{id}.1"),
        format!("/payments/{id}.2"),
        format!("/returns/{id}.1"),
        format!("/parcels/{id}.1"),
        format!("/picks/{id}.1"),
        format!("/packs/{id}.1"),
        format!("/carts/{id}"),
        format!("/streams/order:{id}"),
        format!("/streams/payment:{id}.1"),
        format!("/streams/parcel:{id}.1"),
        format!("/streams/pack:{id}.1"),
        format!("/streams/sell-order:{id}"),
        "/".to_owned(),
        format!("/story/{id}"),
    ];
    for path in lists.into_iter().map(str::to_owned).chain(of_it) {
        for who in [shop.staff(), shop.guest(&other), shop.anyone()] {
            seen.push_str(&who.get(&path).await.body.to_string());
            seen.push('\n');
        }
    }
    seen
}

/// Every block of the journal, as text.
fn all_blocks(shop: &Shop) -> String {
    let reader = shop.front.shop.engine.reader().expect("a reader");
    let (mut text, mut position): (String, Position) = (String::new(), 0);
    while let Some(block) = reader.block_after(position).expect("it can be read") {
        position = block.last;
        text.push_str(&block.text().expect("it is sound"));
    }
    assert_eq!(position, shop.tip(), "every block was read");
    text
}

#[tokio::test(flavor = "multi_thread")]
async fn what_people_write_is_for_the_vault_only() {
    let shop = Shop::beside_a_sandbox().await;
    shop.sells("MUG-1", 1250, 50).await;
    let mut garden = Garden::default();
    let (id, token) = live_a_life(&shop, &mut garden).await;
    // A carrier whose answers nobody can read: its request lies among the dead letters.
    let mute = Switches { garbled: true, ..Switches::default() };
    shop.sandbox().switch(Side::Carrier, mute);
    let (parked, _) = shop.parked_at_the_carrier(&planted_checkout_of(&mut garden)).await;
    let letters = shop.staff().get("/dead-letters").await.is(200);
    assert!(!letters.list("/items").is_empty(), "nothing was parked");
    shop.sandbox().switch(Side::Carrier, Switches::default());
    look_after(&shop, &mut garden, &id).await;
    be_refused(&shop, &mut garden, &id, &token).await;
    shop.settle().await;

    let mut places = vec![
        ("a block of the journal".to_owned(), all_blocks(&shop)),
        ("a log line".to_owned(), logs::lines_with(SEED).join("\n")),
        ("an answer to others".to_owned(), all_that_others_see(&shop, &id).await),
        ("an answer about a parked order".to_owned(), all_that_others_see(&shop, &parked).await),
    ];
    // The journal's file has the vault in it; whatever lies beside it has not.
    let mut vault = 0;
    for file in fs::read_dir(shop.folder.path()).expect("a folder").flatten() {
        let name = file.file_name().to_string_lossy().into_owned();
        let bytes = fs::read(file.path()).expect("a file");
        let text = String::from_utf8_lossy(&bytes).into_owned();
        match name.starts_with("journal.db") {
            true => vault += found_in(&text).len(),
            false => places.push((name, text)),
        }
    }
    for (place, text) in &places {
        let found = found_in(text);
        assert!(found.is_empty(), "in {place}: {found:#?}");
    }
    assert!(vault > 0, "the vault keeps what was planted, so it was looked for in the right way");
    assert!(logs::lines_with("request{").len() > 10, "requests are logged, and looked through");
    every_field_is_planted_or_a_code(&garden);
}

fn planted_checkout_of(garden: &mut Garden) -> Value {
    let mut body = planted_checkout(garden, "018f2f4e-7c1a-7d3e-9a55-3f5b2c9e8a10");
    body["payment"]["token"] = json!("tok_ok");
    body
}

fn every_field_is_planted_or_a_code(garden: &Garden) {
    let mut free = BTreeSet::new();
    for operation in operations() {
        let name = operation.name();
        let fields = operation.fields().into_iter().filter(|field| field.is_free);
        free.extend(fields.map(|field| format!("{name} {}", field.pointer)));
        let queries = operation.parameters().iter().filter(|one| one.is_free);
        free.extend(queries.map(|one| format!("{name} ?{}", one.name)));
    }
    let is_code = |field: &String| {
        CODES.iter().any(|(code, _)| match code.ends_with(' ') {
            true => field.starts_with(code),
            false => field.ends_with(code),
        })
    };
    let forgotten: Vec<&String> =
        free.iter().filter(|field| !garden.planted.contains(*field) && !is_code(field)).collect();
    assert!(forgotten.is_empty(), "plant these, or say why they are codes: {forgotten:#?}");
    let unknown: Vec<&String> = garden
        .planted
        .iter()
        .filter(|place| !place.starts_with('#') && !free.contains(*place))
        .collect();
    assert!(unknown.is_empty(), "no route has these: {unknown:#?}");
}
