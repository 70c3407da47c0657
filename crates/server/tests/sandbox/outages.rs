//! Partners that are down, slow or out of their mind, and what the desk of the handlers makes of it.

use crate::{
    keeper::{Keeper, SOON},
    scene::{Rows, Scene},
};
use commerce::payments::PaymentFact;
use engine::handlers::Failure;
use gateways::http::{HttpProvider, Partner};
use server::sandbox::{Side, Switches};

#[tokio::test]
async fn an_outage_is_passing_and_nonsense_is_not() {
    let scene = Scene::silent();
    let started = scene.started("tok_ok");
    let down = Switches { down: true, ..Switches::default() };
    scene.sandbox.switch(Side::Payments, down);
    let out = scene.pay(1, &started).await;
    assert!(matches!(out, Err(Failure::Transient(_))), "{out:?}");
    let garbled = Switches { garbled: true, ..Switches::default() };
    scene.sandbox.switch(Side::Payments, garbled);
    let nonsense = scene.pay(1, &started).await;
    assert!(matches!(nonsense, Err(Failure::Permanent(_))), "{nonsense:?}");
    scene.sandbox.switch(Side::Payments, Switches::default());
    assert!(scene.pay(1, &started).await.is_ok());
    assert_eq!(scene.sheet(1).await.authorisations.len(), 1);
}

#[tokio::test]
async fn nobody_at_the_other_end_is_passing_and_no_secret_is_told() {
    let scene = Scene::silent();
    let started = scene.started("tok_marker_4711");
    let Scene { sandbox, provider, carrier, vault } = scene;
    let url = sandbox.payments_url.clone();
    sandbox.stop();
    let gone = Scene {
        sandbox: server::sandbox::start(&Default::default()).expect("ports"),
        provider,
        carrier,
        vault,
    };
    let out = gone.pay(1, &started).await;
    let Err(Failure::Transient(why)) = out else { panic!("{out:?}") };
    assert!(!why.contains("4711") && !why.contains(&url), "{why}");
}

#[tokio::test]
async fn switches_are_set_over_the_wire_and_mistakes_are_told() {
    let scene = Scene::silent();
    let url = format!("{}/control", scene.sandbox.payments_url);
    let client = reqwest::Client::new();
    let put = |body: &'static str| client.put(&url).body(body).send();
    let set = put(r#"{"down": true}"#).await.expect("an answer");
    assert!(set.status().is_success());
    assert!(scene.pay(1, &scene.started("tok_ok")).await.is_err());
    let wrong = put(r#"{"dwon": true}"#).await.expect("an answer");
    assert_eq!(wrong.status().as_u16(), 400);
    let read: Switches =
        client.get(&url).send().await.expect("an answer").json().await.expect("switches");
    assert_eq!(read, Switches { down: true, ..Switches::default() });
}

fn is_authorised(fact: &PaymentFact) -> bool {
    matches!(fact, PaymentFact::Authorised { .. })
}

#[test]
fn the_breaker_opens_on_an_outage_and_closes_when_it_is_over() {
    let scene = Scene::silent();
    let shop = Keeper::open(&scene);
    let down = Switches { down: true, ..Switches::default() };
    scene.sandbox.switch(Side::Payments, down);
    for number in 1..=8 {
        shop.start(number, "tok_ok");
    }
    shop.until_closed(false);
    scene.sandbox.switch(Side::Payments, Switches::default());
    let facts = shop.until(is_authorised);
    assert!(!facts.iter().any(|fact| matches!(fact, PaymentFact::GaveUp { .. })));
    shop.until_closed(true);
    assert!(shop.handlers.letters().is_empty());
}

#[test]
fn the_desk_asks_again_what_was_lost_and_charges_once() {
    let scene = Scene::silent();
    let shop = Keeper::open(&scene);
    shop.start(1, "tok_no_answer");
    let facts = shop.until(is_authorised);
    assert!(facts.iter().all(|fact| !matches!(fact, PaymentFact::Declined { .. })));
    // Nobody has ordered anything: the yes is given back by itself.
    shop.until(|fact| matches!(fact, PaymentFact::Voided));
    let runtime = tokio::runtime::Runtime::new().expect("a runtime");
    let sheet = runtime.block_on(scene.sheet(1));
    assert_eq!(sheet.authorisations.len(), 1);
    assert!(sheet.authorisations[0].voided);
}

#[test]
fn nonsense_becomes_a_letter_that_holds_no_token_and_is_delivered_later() {
    let scene = Scene::silent();
    let shop = Keeper::open(&scene);
    let garbled = Switches { garbled: true, ..Switches::default() };
    scene.sandbox.switch(Side::Payments, garbled);
    shop.start(1, "tok_ok");
    assert!(shop.handlers.wait_until_done(1, SOON));
    let letters = shop.handlers.letters();
    let [letter] = letters.as_slice() else { panic!("one letter, not {letters:?}") };
    let text = serde_json::to_string(letter).expect("texts and numbers");
    assert!(!text.contains("tok_ok"), "{text}");
    scene.sandbox.switch(Side::Payments, Switches::default());
    shop.handlers.retry(&letter.id, "staff/1").expect("it awaits a decision");
    shop.until(is_authorised);
}

#[test]
fn an_address_of_nowhere_is_refused_at_once() {
    for url in ["", "localhost:7071", "ftp://example.org", "http://", "http://a/?b=c"] {
        let partner = Partner::new("nowhere", url);
        assert!(HttpProvider::new(partner, Box::new(Rows::default())).is_err(), "{url}");
    }
}
