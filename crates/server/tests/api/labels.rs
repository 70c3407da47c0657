//! The label of a parcel over HTTP: asked for again, replaced, refused, and until when.

use crate::harness::{Said, Shop};
use serde_json::{Value, json};
use server::sandbox::{Side, Switches};
use std::time::{Duration, Instant};

/// Nothing here takes longer.
const PATIENCE: Duration = Duration::from_secs(30);

impl Shop {
    async fn ask_label(&self, order: &str, wish: Value) -> Said {
        self.staff().post(&format!("/parcels/{order}.1/label")).json(&wish).send().await
    }

    async fn parcel(&self, order: &str) -> Said {
        self.staff().get(&format!("/parcels/{order}.1")).await.is(200)
    }

    async fn hand_over(&self, order: &str) -> Said {
        self.staff().post(&format!("/parcels/{order}.1/hand-over")).send().await
    }

    /// The carrier hears again what it is asked. Whoever resumes a handler does not wait for it, so this
    /// does, until the label is there.
    async fn labelled(&self, order: &str) {
        self.carrier("resume").await;
        let begin = Instant::now();
        while self.parcel(order).await.text("/tracking_number").is_empty() {
            assert!(begin.elapsed() < PATIENCE, "the carrier does not answer");
            tokio::task::yield_now().await;
        }
        self.settle().await;
    }

    /// From now on the carrier hears nothing, or again.
    async fn carrier(&self, what: &str) {
        self.staff().post(&format!("/consumers/ship/{what}")).send().await.is(202);
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn a_parcel_is_relabelled_and_leaves_with_its_new_label() {
    let shop = Shop::stocked().await;
    let (id, token) = shop.sealed("MUG-1", 1).await;
    let old = shop.parcel(&id).await.text("/tracking_number");
    let asked = shop.ask_label(&id, json!({"service": "express"})).await.is(200);
    assert!(!asked.header("cartage-position").is_empty());
    shop.settle().await;
    let parcel = shop.parcel(&id).await;
    assert_eq!(
        (parcel.text("/status"), parcel.text("/service")),
        ("labelled".into(), "express".into())
    );
    let new = parcel.text("/tracking_number");
    assert_ne!(new, old);
    shop.anyone().get(&format!("/tracking/{old}")).await.refuses(404, "TRACKING_NOT_FOUND");
    shop.anyone().get(&format!("/tracking/{new}")).await.is(200);
    let gone = shop.hand_over(&id).await.is(200);
    assert_eq!(gone.at("/status"), "handed_over");
    let order = shop.guest(&token).get(&format!("/orders/{id}")).await.is(200);
    assert_eq!(order.text("/parcels/0/tracking_number"), new);
    let timeline = shop.guest(&token).get(&format!("/orders/{id}/timeline")).await.is(200);
    let told = |what: &str| timeline.body.to_string().contains(what);
    assert!(told("another label asked for"), "{timeline:?}");
}

#[tokio::test(flavor = "multi_thread")]
async fn a_label_that_will_do_is_left_as_it_is() {
    let shop = Shop::stocked().await;
    let (id, _) = shop.sealed("MUG-1", 1).await;
    let before = shop.parcel(&id).await;
    for wish in [json!({}), json!({"service": before.text("/service")})] {
        let after = shop.ask_label(&id, wish).await.is(200);
        assert_eq!(after.body, before.body);
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn nothing_is_asked_for_and_nothing_leaves_while_a_label_is_awaited() {
    let shop = Shop::stocked().await;
    shop.carrier("pause").await;
    let (id, _) = shop.sealed("MUG-1", 1).await;
    for wish in [json!({}), json!({"service": "express"})] {
        shop.ask_label(&id, wish).await.refuses(409, "PARCEL_LABEL_PENDING");
    }
    shop.labelled(&id).await;
    shop.carrier("pause").await;
    let asked = shop.ask_label(&id, json!({"service": "express"})).await.is(200);
    assert_eq!(
        (asked.text("/status"), asked.text("/tracking_number")),
        ("created".into(), "".into())
    );
    shop.hand_over(&id).await.refuses(409, "PARCEL_NOT_LABELLED");
    shop.ask_label(&id, json!({})).await.refuses(409, "PARCEL_LABEL_PENDING");
    let for_the_van = shop.staff().get("/parcels").await.is(200);
    assert!(for_the_van.list("/items").is_empty(), "{for_the_van:?}");
    shop.labelled(&id).await;
    shop.hand_over(&id).await.is(200);
}

#[tokio::test(flavor = "multi_thread")]
async fn a_service_that_the_carrier_does_not_have_is_its_refusal_and_another_can_be_asked_for() {
    let shop = Shop::stocked().await;
    let (id, _) = shop.sealed("MUG-1", 1).await;
    shop.ask_label(&id, json!({"service": "by-pigeon"})).await.is(200);
    shop.settle().await;
    let parcel = shop.parcel(&id).await;
    assert_eq!(parcel.text("/label_failed"), "unknown_service");
    shop.hand_over(&id).await.refuses(409, "PARCEL_NOT_LABELLED");
    shop.ask_label(&id, json!({})).await.is(200);
    shop.settle().await;
    assert_eq!(shop.parcel(&id).await.text("/service"), "standard");
    shop.hand_over(&id).await.is(200);
}

#[tokio::test(flavor = "multi_thread")]
async fn a_parcel_that_has_left_or_is_not_sent_gets_no_other_label() {
    let shop = Shop::stocked().await;
    let (left, _) = shop.sealed("MUG-1", 1).await;
    shop.hand_over(&left).await.is(200);
    let (kept, _) = shop.sealed("MUG-1", 1).await;
    shop.staff().post(&format!("/orders/{kept}/cancel")).send().await.is(200);
    shop.settle().await;
    for wish in [json!({}), json!({"service": "express"})] {
        shop.ask_label(&left, wish.clone()).await.refuses(409, "PARCEL_TOO_LATE");
        shop.ask_label(&kept, wish).await.refuses(409, "PARCEL_CANCELLED");
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn a_label_is_asked_for_of_a_parcel_that_is_there_and_by_a_service_with_a_name() {
    let shop = Shop::stocked().await;
    let (id, _) = shop.sealed("MUG-1", 1).await;
    for service in [String::new(), "x".repeat(65)] {
        shop.ask_label(&id, json!({ "service": service })).await.refuses(422, "PARCEL_BAD_TEXT");
    }
    let nobody = "00000000-0000-4000-8000-000000000001";
    shop.ask_label(nobody, json!({})).await.refuses(404, "PARCEL_NOT_FOUND");
}

#[tokio::test(flavor = "multi_thread")]
async fn a_parcel_that_its_carrier_refused_is_labelled_when_he_is_asked_again_over_the_wire() {
    let shop = Shop::beside_a_sandbox().await;
    shop.sells("MUG-1", 1250, 10).await;
    let refusing = Switches { refuse_labels: true, ..Switches::default() };
    shop.sandbox().switch(Side::Carrier, refusing);
    let (id, _) = shop.sealed("MUG-1", 1).await;
    assert_eq!(shop.parcel(&id).await.text("/label_failed"), "not_served");
    shop.sandbox().switch(Side::Carrier, Switches::default());
    shop.ask_label(&id, json!({})).await.is(200);
    shop.settle().await;
    assert_eq!(shop.parcel(&id).await.text("/status"), "labelled");
    shop.ask_label(&id, json!({"service": "next_day"})).await.is(200);
    shop.settle().await;
    assert_eq!(shop.parcel(&id).await.text("/service"), "next_day");
    let sheet = format!("{}/parcels/{id}.1", shop.sandbox().carrier_url);
    let sheet = reqwest::get(sheet).await.expect("an answer").json::<Value>();
    let sheet = sheet.await.expect("what the carrier knows");
    let labels = sheet["labels"].as_array().expect("a list").iter();
    let labels: Vec<_> = labels
        .map(|label| {
            (label["number"].as_u64(), label["outcome"]["status"].as_str(), label["voided"] == true)
        })
        .collect();
    let label = |number, status, voided| (Some(number), Some(status), voided);
    let given =
        [label(1, "refused", false), label(2, "labelled", true), label(3, "labelled", false)];
    assert_eq!(labels, given);
    shop.hand_over(&id).await.is(200);
}
