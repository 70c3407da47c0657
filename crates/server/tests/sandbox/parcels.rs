//! What becomes of a parcel follows from its postal code.

use crate::scene::{Inbox, Scene, parcel};
use flows::Command;
use kernel::VaultId;
use serde_json::json;
use server::sandbox::{SandboxArgs, Side, Switches};
use warehouse::shipping::{
    ParcelCommand, ParcelFact,
    TrackingStatus::{
        self, AttemptFailed, Delayed, Delivered, InTransit, Lost, OutForDelivery, Returned,
    },
};

fn created(address: Option<VaultId>) -> ParcelFact {
    let (carrier, service) = (None, Some("express".into()));
    ParcelFact::Created { fulfilment: 1, weight_grams: 900, carrier, service, address }
}

fn to(scene: &Scene, postal_code: &str) -> ParcelFact {
    let address = json!({"name": "A. Marker", "city": "London", "postal_code": postal_code});
    created(Some(scene.vault.keep(&address.to_string())))
}

/// What is told of a parcel that is sent there, until this.
async fn seen(postal_code: &str, until: TrackingStatus) -> Vec<TrackingStatus> {
    let mut inbox = Inbox::open().await;
    let scene = Scene::told(&inbox);
    let labelled = scene.ship(1, &to(&scene, postal_code)).await;
    assert!(matches!(labelled.as_deref(), Ok([ParcelCommand::Label { .. }])), "{labelled:?}");
    assert_eq!(scene.ship(1, &ParcelFact::HandedOver).await, Ok(vec![]));
    // Said twice it is old news.
    assert_eq!(scene.ship(1, &ParcelFact::HandedOver).await, Ok(vec![]));
    let mut told = vec![];
    let mut over = false;
    while !over {
        let heard = inbox.next().await.heard(&scene.sandbox.secret);
        let [Command::Parcel(about, ParcelCommand::Track { events })] = heard.commands.as_slice()
        else {
            panic!("a sighting is expected, not {heard:?}");
        };
        assert_eq!(*about, parcel(1));
        told.extend(events.iter().cloned());
        over = events.iter().any(|event| event.status == until);
    }
    // Whoever asks hears all at once; what is told by itself may overtake what happened before.
    let asked = scene.ship(1, &ParcelFact::CarrierAsked { inquiry: 1 }).await.expect("an answer");
    let [ParcelCommand::Track { events }] = asked.as_slice() else { panic!("{asked:?}") };
    assert!(told.iter().all(|event| events.contains(event)), "{told:?}");
    events.iter().map(|event| event.status).collect()
}

#[tokio::test]
async fn a_parcel_is_labelled_once_with_what_was_chosen() {
    let scene = Scene::silent();
    let label = ParcelCommand::Label {
        number: 1,
        tracking_number: format!("SBX-{}", parcel(1)).into(),
        carrier: "sandbox".into(),
        service: "express".into(),
    };
    let fact = to(&scene, "N1 9GU");
    assert_eq!(scene.ship(1, &fact).await, Ok(vec![label.clone()]));
    assert_eq!(scene.ship(1, &fact).await, Ok(vec![label]));
    assert!(scene.ship(2, &created(None)).await.is_ok(), "without an address");
}

/// The label of this number, in the place of those before.
fn asked(number: u32, service: Option<&str>) -> ParcelFact {
    ParcelFact::LabelAsked {
        number,
        weight_grams: 900,
        carrier: None,
        service: service.map(Into::into),
        address: None,
        replaces: None,
    }
}

fn void(number: u32) -> ParcelFact {
    ParcelFact::LabelVoidAsked { number, tracking_number: None }
}

fn labelled(number: u32, tracking_number: String, service: &str) -> ParcelCommand {
    let (carrier, service) = ("sandbox".into(), service.into());
    ParcelCommand::Label { number, tracking_number: tracking_number.into(), carrier, service }
}

fn refused(number: u32, reason: &str) -> ParcelCommand {
    ParcelCommand::LabelFailed { number, reason: reason.into() }
}

#[tokio::test]
async fn each_label_of_a_parcel_is_a_request_of_its_own_and_said_again_it_is_the_same() {
    let scene = Scene::silent();
    scene.ship(1, &to(&scene, "N1 9GU")).await.expect("a label");
    let label = labelled(2, format!("SBX-{}-2", parcel(1)), "next_day");
    for _ in 0..2 {
        let said = scene.ship(1, &asked(2, Some("next_day"))).await;
        assert_eq!(said, Ok(vec![label.clone()]));
    }
    let label = labelled(3, format!("SBX-{}-3", parcel(1)), "standard");
    assert_eq!(scene.ship(1, &asked(3, None)).await, Ok(vec![label]));
}

#[tokio::test]
async fn a_service_that_the_carrier_does_not_list_is_refused() {
    let scene = Scene::silent();
    let services = format!("{}/services", scene.sandbox.carrier_url);
    let listed = reqwest::get(services).await.expect("an answer").text().await.expect("a list");
    assert_eq!(listed, r#"{"services":["standard","express","next_day"]}"#);
    let said = scene.ship(1, &asked(1, Some("by-pigeon"))).await;
    assert_eq!(said, Ok(vec![refused(1, "unknown_service")]));
}

#[tokio::test]
async fn a_label_that_is_void_before_it_is_asked_for_is_never_given() {
    let scene = Scene::silent();
    assert_eq!(scene.ship(1, &void(1)).await, Ok(vec![]));
    let said = scene.ship(1, &to(&scene, "N1 9GU")).await;
    assert_eq!(said, Ok(vec![refused(1, "voided")]));
    let label = labelled(2, format!("SBX-{}-2", parcel(1)), "standard");
    assert_eq!(scene.ship(1, &asked(2, None)).await, Ok(vec![label]), "another one is");
}

#[tokio::test]
async fn a_parcel_is_told_apart_from_a_label_of_it_that_is_void() {
    let mut inbox = Inbox::open().await;
    let scene = Scene::told(&inbox);
    scene.ship(1, &to(&scene, "N1 9GU")).await.expect("a label");
    scene.ship(1, &asked(2, None)).await.expect("a label");
    scene.ship(1, &void(1)).await.expect("it is told");
    scene.ship(1, &ParcelFact::HandedOver).await.expect("it is told");
    assert_eq!(inbox.next().await.heard(&scene.sandbox.secret).kind, "parcel.tracked");
}

#[tokio::test]
async fn a_parcel_arrives() {
    assert_eq!(seen("n1 9gu", Delivered).await, [InTransit, OutForDelivery, Delivered]);
}

#[tokio::test]
async fn a_parcel_gets_lost() {
    assert_eq!(seen("LOST 1", Lost).await, [InTransit, Lost]);
}

#[tokio::test]
async fn three_attempts_fail_and_the_parcel_comes_back() {
    let told = seen("FAIL 3", Returned).await;
    let attempts = told.iter().filter(|status| **status == AttemptFailed).count();
    assert_eq!((attempts, told.last()), (3, Some(&Returned)));
}

#[tokio::test]
async fn a_parcel_is_delayed() {
    assert_eq!(seen("SLOW 1", Delivered).await, [InTransit, Delayed, OutForDelivery, Delivered]);
}

#[tokio::test]
async fn sightings_come_twice_and_out_of_order() {
    let mut inbox = Inbox::open().await;
    let url = Some(inbox.url.clone());
    // Every message comes twice, and every one is overtaken by what happens within half a day.
    let scene = Scene::with(SandboxArgs { webhooks: url, repeats: 1000, ..SandboxArgs::default() });
    scene.ship(1, &to(&scene, "FAIL 3")).await.expect("a label");
    scene.ship(1, &ParcelFact::HandedOver).await.expect("it is told");
    let mut ids = vec![];
    for _ in 0..16 {
        ids.push(inbox.next().await.heard(&scene.sandbox.secret).id);
    }
    let count = ids.len();
    ids.sort();
    ids.dedup();
    assert_eq!(ids.len() * 2, count, "eight sightings, each told twice");
}

#[tokio::test]
async fn a_refused_label_is_an_outcome() {
    let scene = Scene::silent();
    let refusing = Switches { refuse_labels: true, ..Switches::default() };
    scene.sandbox.switch(Side::Carrier, refusing);
    let refused = ParcelCommand::LabelFailed { number: 1, reason: "not_served".into() };
    assert_eq!(scene.ship(1, &to(&scene, "N1 9GU")).await, Ok(vec![refused]));
}

#[tokio::test]
async fn a_parcel_to_somebody_who_was_forgotten_gets_no_label() {
    let scene = Scene::silent();
    let address = scene.vault.keep("{}");
    scene.vault.forget(address);
    let refused = ParcelCommand::LabelFailed { number: 1, reason: "address_forgotten".into() };
    assert_eq!(scene.ship(1, &created(Some(address))).await, Ok(vec![refused]));
}

#[tokio::test]
async fn a_parcel_that_is_not_sent_is_seen_by_nobody() {
    let scene = Scene::silent();
    scene.ship(1, &to(&scene, "N1 9GU")).await.expect("a label");
    assert_eq!(scene.ship(1, &ParcelFact::Cancelled).await, Ok(vec![]));
    let asked = scene.ship(1, &ParcelFact::CarrierAsked { inquiry: 1 }).await;
    assert_eq!(asked, Ok(vec![]));
}

#[tokio::test]
async fn a_carrier_that_has_not_heard_of_a_parcel_is_told_of_it_when_it_is_asked() {
    let mut inbox = Inbox::open().await;
    let scene = Scene::told(&inbox);
    assert_eq!(scene.ship(1, &ParcelFact::CarrierAsked { inquiry: 1 }).await, Ok(vec![]));
    let heard = inbox.next().await.heard(&scene.sandbox.secret);
    assert_eq!(heard.kind, "parcel.tracked");
}
