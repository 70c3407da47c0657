//! What a parcel does, sentence by sentence.

use super::{
    GaveUp, Parcel, ParcelCommand as Command, ParcelFact as Fact, ParcelRefusal as Refusal,
    ParcelStatus as Status, TrackingEvent, TrackingStatus as Seen,
};
use kernel::{
    Timestamp,
    spec::{NOW, given},
};
use std::time::Duration;

fn create() -> Command {
    Command::Create {
        fulfilment: 1,
        weight_grams: 900,
        carrier: None,
        service: None,
        address: None,
    }
}

fn created() -> Fact {
    Fact::Created { fulfilment: 1, weight_grams: 900, carrier: None, service: None, address: None }
}

fn label(number: &str) -> Command {
    let (carrier, service) = ("post".into(), "parcel".into());
    Command::Label { tracking_number: number.into(), carrier, service }
}

fn labelled(number: &str) -> Fact {
    let (carrier, service) = ("post".into(), "parcel".into());
    Fact::Labelled { tracking_number: number.into(), carrier, service }
}

fn ready() -> Vec<Fact> {
    vec![created(), labelled("P1"), Fact::Cleared]
}

fn gone() -> Vec<Fact> {
    ready().into_iter().chain([Fact::HandedOver]).collect()
}

fn hour(hour: u64) -> Timestamp {
    NOW + Duration::from_secs(3600 * hour)
}

fn event(at: u64, status: Seen) -> TrackingEvent {
    TrackingEvent { at: hour(at), status, place: None }
}

fn track(events: impl Into<Vec<TrackingEvent>>) -> Command {
    Command::Track { events: events.into() }
}

fn tracked(at: u64, status: Seen) -> Fact {
    Fact::Tracked(event(at, status))
}

fn with(facts: Vec<Fact>, more: impl IntoIterator<Item = Fact>) -> kernel::spec::Given<Parcel> {
    given::<Parcel>(facts.into_iter().chain(more))
}

#[test]
fn a_parcel_is_created_once() {
    given::<Parcel>([]).when(create()).then([created()]);
    given::<Parcel>([created()]).when(create()).then_nothing_happened();
    let nameless = Command::Create {
        fulfilment: 1,
        weight_grams: 1,
        carrier: Some("".into()),
        service: None,
        address: None,
    };
    given::<Parcel>([]).when(nameless).refused(Refusal::BadText);
}

#[test]
fn nothing_can_be_asked_of_a_parcel_that_is_not_there() {
    let (reason, what) = (|| "no".into(), GaveUp::Label);
    for command in [
        label("P1"),
        Command::LabelFailed { reason: reason() },
        Command::Clear,
        Command::HandOver,
        Command::AskCarrier { inquiry: 1 },
        track([event(1, Seen::InTransit)]),
        Command::Cancel,
        Command::GiveUp { what, reason: reason() },
    ] {
        given::<Parcel>([]).when(command).refused(Refusal::Unknown);
    }
}

#[test]
fn a_label_told_twice_is_one_label_and_another_one_is_recorded() {
    given::<Parcel>([created()]).when(label("P1")).then([labelled("P1")]);
    given::<Parcel>(ready()).when(label("P1")).then_nothing_happened();
    given::<Parcel>(ready()).when(label("P2")).then([labelled("P2")]);
    let late = with(ready(), [Fact::Cancelled]);
    late.when(label("P2")).then([labelled("P2")]);
    assert_eq!(
        with(ready(), [Fact::Cancelled, labelled("P2")]).state().status(),
        Status::Cancelled
    );
}

#[test]
fn a_label_that_is_not_given_is_recorded_once_and_a_later_one_is_welcome() {
    let failed = Fact::LabelFailed { reason: "no such town".into() };
    let fail = || Command::LabelFailed { reason: "no such town".into() };
    given::<Parcel>([created()]).when(fail()).then([failed.clone()]);
    given::<Parcel>([created(), failed.clone()]).when(fail()).then_nothing_happened();
    given::<Parcel>([created(), failed]).when(label("P1")).then([labelled("P1")]);
    given::<Parcel>(ready()).when(fail()).then_nothing_happened();
}

#[test]
fn a_parcel_leaves_when_it_has_a_label_and_is_paid_for() {
    given::<Parcel>([created()]).when(Command::HandOver).refused(Refusal::NotLabelled);
    given::<Parcel>([created(), labelled("P1")])
        .when(Command::HandOver)
        .refused(Refusal::NotCleared);
    given::<Parcel>([created(), Fact::Cleared])
        .when(Command::HandOver)
        .refused(Refusal::NotLabelled);
    given::<Parcel>(ready()).when(Command::HandOver).then([Fact::HandedOver]);
    given::<Parcel>(gone()).when(Command::HandOver).then_nothing_happened();
    assert_eq!(given::<Parcel>(gone()).state().status(), Status::HandedOver);
}

#[test]
fn a_parcel_is_cleared_once_and_never_when_it_is_cancelled() {
    given::<Parcel>([created()]).when(Command::Clear).then([Fact::Cleared]);
    given::<Parcel>(ready()).when(Command::Clear).then_nothing_happened();
    given::<Parcel>([created(), Fact::Cancelled]).when(Command::Clear).refused(Refusal::Cancelled);
}

#[test]
fn a_parcel_can_be_cancelled_until_the_carrier_has_it() {
    for facts in [vec![created()], ready()] {
        given::<Parcel>(facts.clone()).when(Command::Cancel).then([Fact::Cancelled]);
        with(facts.clone(), [Fact::Cancelled]).when(Command::Cancel).then_nothing_happened();
        with(facts, [Fact::Cancelled]).when(Command::HandOver).refused(Refusal::Cancelled);
    }
    given::<Parcel>(gone()).when(Command::Cancel).refused(Refusal::TooLate);
    let seen = with(ready(), [tracked(1, Seen::InTransit)]);
    seen.when(Command::Cancel).refused(Refusal::TooLate);
}

#[test]
fn what_the_carrier_tells_is_recorded_in_the_order_of_its_clock() {
    given::<Parcel>(gone())
        .when(track([
            event(9, Seen::Delivered),
            event(1, Seen::InTransit),
            event(8, Seen::OutForDelivery),
        ]))
        .then([
            tracked(1, Seen::InTransit),
            tracked(8, Seen::OutForDelivery),
            Fact::Delivered { at: hour(9) },
        ]);
}

#[test]
fn what_the_carrier_tells_again_is_recorded_once() {
    let told = [event(1, Seen::InTransit), event(1, Seen::InTransit)];
    given::<Parcel>(gone()).when(track(told.clone())).then([tracked(1, Seen::InTransit)]);
    with(gone(), [tracked(1, Seen::InTransit)]).when(track(told)).then_nothing_happened();
    for (fact, status) in [
        (Fact::Delivered { at: hour(9) }, Seen::Delivered),
        (Fact::Lost { at: hour(9) }, Seen::Lost),
        (Fact::ReturnedToSender { at: hour(9) }, Seen::Returned),
    ] {
        for at in [9, 12] {
            with(gone(), [fact.clone()]).when(track([event(at, status)])).then_nothing_happened();
        }
    }
    given::<Parcel>(gone()).when(track([])).then_nothing_happened();
}

#[test]
fn an_older_sighting_is_recorded_and_does_not_bring_the_parcel_back() {
    let van = || with(gone(), [tracked(8, Seen::OutForDelivery)]);
    van().when(track([event(2, Seen::InTransit)])).then([tracked(2, Seen::InTransit)]);
    let state = with(gone(), [tracked(8, Seen::OutForDelivery), tracked(2, Seen::InTransit)]);
    assert_eq!(state.state().status(), Status::OutForDelivery);
    assert_eq!(state.state().last_seen(), Some(hour(8)));
}

#[test]
fn each_sighting_says_where_the_parcel_is() {
    for (seen, status) in [
        (Seen::InTransit, Status::InTransit),
        (Seen::OutForDelivery, Status::OutForDelivery),
        (Seen::AttemptFailed, Status::AttemptFailed),
        (Seen::Delayed, Status::Delayed),
    ] {
        assert_eq!(with(gone(), [tracked(1, seen)]).state().status(), status);
    }
}

#[test]
fn what_is_lost_may_turn_up() {
    let lost = Fact::Lost { at: hour(5) };
    given::<Parcel>(gone()).when(track([event(5, Seen::Lost)])).then([lost.clone()]);
    let delivered = Fact::Delivered { at: hour(7) };
    with(gone(), [lost.clone()]).when(track([event(7, Seen::Delivered)])).then([delivered.clone()]);
    assert_eq!(with(gone(), [lost, delivered]).state().status(), Status::Delivered);
}

#[test]
fn what_is_delivered_stays_delivered_whatever_is_told_afterwards() {
    let delivered = || with(gone(), [Fact::Delivered { at: hour(5) }]);
    for seen in [Seen::InTransit, Seen::Lost, Seen::Returned] {
        delivered().when(track([event(7, seen)])).then([tracked(7, seen)]);
        let after = with(gone(), [Fact::Delivered { at: hour(5) }, tracked(7, seen)]);
        assert_eq!(after.state().status(), Status::Delivered);
        after.when(track([event(7, seen)])).then_nothing_happened();
    }
}

#[test]
fn a_carrier_that_scans_before_we_do_is_believed() {
    let scanned = || with(ready(), [tracked(1, Seen::InTransit)]);
    assert_eq!(scanned().state().status(), Status::InTransit);
    scanned().when(Command::HandOver).then([Fact::HandedOver]);
    let both = with(ready(), [tracked(1, Seen::InTransit), Fact::HandedOver]);
    assert_eq!(both.state().status(), Status::InTransit);
}

#[test]
fn a_carrier_that_never_stops_telling_is_cut_short_but_its_end_is_heard() {
    let talk: Vec<_> = (0..300).map(|hour| event(hour, Seen::Delayed)).collect();
    let recorded = (0..200).map(|hour| tracked(hour, Seen::Delayed));
    given::<Parcel>(gone()).when(track(talk)).then(recorded.clone());
    with(gone(), recorded)
        .when(track([event(400, Seen::Delayed), event(401, Seen::Delivered)]))
        .then([Fact::Delivered { at: hour(401) }]);
}

#[test]
fn a_town_with_a_long_name_is_cut_and_none_is_left_out() {
    let town = |place: &str| TrackingEvent { place: Some(place.into()), ..event(1, Seen::Delayed) };
    let cut = Fact::Tracked(town(&"é".repeat(32)));
    given::<Parcel>(gone()).when(track([town(&"é".repeat(50))])).then([cut]);
    given::<Parcel>(gone()).when(track([town("")])).then([tracked(1, Seen::Delayed)]);
}

#[test]
fn the_carrier_is_asked_once_per_inquiry_while_the_parcel_is_on_its_way() {
    let ask = |inquiry| Command::AskCarrier { inquiry };
    let asked = |inquiry| Fact::CarrierAsked { inquiry };
    given::<Parcel>([created()]).when(ask(1)).refused(Refusal::NotLabelled);
    given::<Parcel>(gone()).when(ask(1)).then([asked(1)]);
    with(gone(), [asked(1)]).when(ask(1)).then_nothing_happened();
    with(gone(), [asked(1)]).when(ask(2)).then([asked(2)]);
    with(gone(), [Fact::Delivered { at: hour(1) }]).when(ask(1)).then_nothing_happened();
    with(ready(), [Fact::Cancelled]).when(ask(1)).then_nothing_happened();
}

#[test]
fn giving_up_is_recorded_once_for_each_thing_that_was_asked() {
    let give_up = |what| Command::GiveUp { what, reason: "no answer".into() };
    let gave_up = |what| Fact::GaveUp { what, reason: "no answer".into() };
    for what in [GaveUp::Label, GaveUp::Inquiry, GaveUp::Void] {
        given::<Parcel>([created()]).when(give_up(what)).then([gave_up(what)]);
        given::<Parcel>([created(), gave_up(what)]).when(give_up(what)).then_nothing_happened();
    }
}
