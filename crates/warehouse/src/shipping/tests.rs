//! What a parcel does, sentence by sentence.

use super::{
    GaveUp, Parcel, ParcelCommand as Command, ParcelFact as Fact, ParcelRefusal as Refusal,
    ParcelStatus as Status, TrackingEvent, TrackingStatus as Seen,
};
use compact_str::CompactString;
use kernel::{
    Timestamp, VaultId,
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
    Command::Label { number: 1, tracking_number: number.into(), carrier, service }
}

fn labelled(number: &str) -> Fact {
    let (carrier, service) = ("post".into(), "parcel".into());
    Fact::Labelled { tracking_number: number.into(), carrier, service }
}

fn void(number: u32, tracking_number: Option<&str>) -> Fact {
    Fact::LabelVoidAsked { number, tracking_number: tracking_number.map(Into::into) }
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
        Command::LabelFailed { number: 1, reason: reason() },
        Command::AskLabel { service: None },
        Command::Clear,
        Command::HandOver,
        Command::AskCarrier { inquiry: 1 },
        track([event(1, Seen::InTransit)]),
        Command::Cancel,
        Command::GiveUp { what, number: None, reason: reason() },
    ] {
        given::<Parcel>([]).when(command).refused(Refusal::Unknown);
    }
}

#[test]
fn a_label_told_twice_is_one_label_and_another_one_is_recorded() {
    given::<Parcel>([created()]).when(label("P1")).then([labelled("P1")]);
    given::<Parcel>(ready()).when(label("P1")).then_nothing_happened();
    given::<Parcel>(ready()).when(label("P2")).then([labelled("P2")]);
    // Its carrier was told that it is not sent before it gave this one.
    let late = with(ready(), [Fact::Cancelled]);
    late.when(label("P2")).then([labelled("P2"), void(1, Some("P2"))]);
    assert_eq!(
        with(ready(), [Fact::Cancelled, labelled("P2")]).state().status(),
        Status::Cancelled
    );
}

#[test]
fn a_label_that_is_not_given_is_recorded_once_and_a_later_one_is_welcome() {
    let failed = Fact::LabelFailed { reason: "no such town".into() };
    let fail = || Command::LabelFailed { number: 1, reason: "no such town".into() };
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
    let give_up = |what| Command::GiveUp { what, number: None, reason: "no answer".into() };
    let gave_up = |what| Fact::GaveUp { what, reason: "no answer".into() };
    for what in [GaveUp::Label, GaveUp::Inquiry, GaveUp::Void] {
        given::<Parcel>([created()]).when(give_up(what)).then([gave_up(what)]);
        given::<Parcel>([created(), gave_up(what)]).when(give_up(what)).then_nothing_happened();
    }
}

fn home() -> VaultId {
    "00000000-0000-4000-8000-00000000000a".parse().unwrap()
}

/// A parcel of which everything has to be said again when another label is asked for.
fn to_somebody() -> Fact {
    Fact::Created {
        fulfilment: 1,
        weight_grams: 900,
        carrier: Some("post".into()),
        service: None,
        address: Some(home()),
    }
}

fn ask(service: Option<&str>) -> Command {
    Command::AskLabel { service: service.map(Into::into) }
}

fn asked(number: u32, service: Option<&str>, replaces: Option<&str>) -> Fact {
    Fact::LabelAsked {
        number,
        weight_grams: 900,
        carrier: Some("post".into()),
        service: service.map(Into::into),
        address: Some(home()),
        replaces: replaces.map(Into::into),
    }
}

fn failed() -> Fact {
    Fact::LabelFailed { reason: "not_served".into() }
}

fn given_up() -> Fact {
    Fact::GaveUp { what: GaveUp::Label, reason: "no answer".into() }
}

/// Asked for as an express, in the place of `P1`.
fn relabelling() -> Vec<Fact> {
    let replaced = [asked(2, Some("express"), Some("P1")), void(1, Some("P1"))];
    [to_somebody(), labelled("P1"), Fact::Cleared].into_iter().chain(replaced).collect()
}

fn express(number: &str) -> (Command, Fact) {
    let [carrier, service, tracking_number] = ["post", "express", number].map(CompactString::from);
    let labelled = Fact::Labelled {
        tracking_number: tracking_number.clone(),
        carrier: carrier.clone(),
        service: service.clone(),
    };
    (Command::Label { number: 2, tracking_number, carrier, service }, labelled)
}

#[test]
fn a_label_that_was_refused_is_asked_for_again_with_or_without_a_service() {
    let refused = || with(vec![to_somebody()], [failed()]);
    refused().when(ask(None)).then([asked(2, None, None)]);
    refused().when(ask(Some("express"))).then([asked(2, Some("express"), None)]);
    // Refused again, and asked for again.
    let twice = with(vec![to_somebody()], [failed(), asked(2, Some("express"), None), failed()]);
    twice.when(ask(Some("express"))).then([asked(3, Some("express"), None)]);
}

#[test]
fn a_label_that_nobody_answered_is_asked_for_again_as_the_same_request() {
    let unanswered = || with(vec![to_somebody()], [given_up()]);
    unanswered().when(ask(None)).then([asked(1, None, None)]);
    // It may have been given all the same: whatever the carrier calls it, it is void.
    unanswered().when(ask(Some("express"))).then([asked(2, Some("express"), None), void(1, None)]);
    // Given up again, as it may be.
    let again = || with(vec![to_somebody()], [given_up(), asked(1, None, None)]);
    again().when(ask(None)).refused(Refusal::LabelPending);
    let give_up =
        Command::GiveUp { what: GaveUp::Label, number: Some(1), reason: "no answer".into() };
    again().when(give_up).then([given_up()]);
}

#[test]
fn a_label_of_another_service_is_replaced_and_the_old_one_is_void() {
    let there = || with(vec![to_somebody()], [labelled("P1"), Fact::Cleared]);
    let express = [asked(2, Some("express"), Some("P1")), void(1, Some("P1"))];
    there().when(ask(Some("express"))).then(express);
    assert_eq!(given::<Parcel>(relabelling()).state().status(), Status::Created);
    assert_eq!(given::<Parcel>(relabelling()).state().tracking_number(), None);
}

#[test]
fn a_label_that_is_there_will_do_when_no_service_or_its_own_is_wished_for() {
    for wish in [None, Some("parcel")] {
        given::<Parcel>(ready()).when(ask(wish)).then_nothing_happened();
    }
    let (_, labelled) = express("P2");
    with(relabelling(), [labelled]).when(ask(Some("express"))).then_nothing_happened();
}

#[test]
fn a_label_is_not_asked_for_while_one_is_awaited() {
    for wish in [None, Some("express")] {
        given::<Parcel>([created()]).when(ask(wish)).refused(Refusal::LabelPending);
        given::<Parcel>(relabelling()).when(ask(wish)).refused(Refusal::LabelPending);
    }
}

#[test]
fn a_parcel_that_has_left_or_is_not_sent_gets_no_other_label() {
    for wish in [None, Some("parcel"), Some("express")] {
        given::<Parcel>(gone()).when(ask(wish)).refused(Refusal::TooLate);
        with(ready(), [tracked(1, Seen::InTransit)]).when(ask(wish)).refused(Refusal::TooLate);
        with(ready(), [Fact::Cancelled]).when(ask(wish)).refused(Refusal::Cancelled);
    }
}

#[test]
fn a_service_has_a_name() {
    for wish in ["", &"x".repeat(65)] {
        given::<Parcel>(ready()).when(ask(Some(wish))).refused(Refusal::BadText);
    }
}

#[test]
fn a_parcel_has_at_most_twenty_labels() {
    let many = (2..=20).flat_map(|number| [failed(), asked(number, None, None)]);
    let parcel = with(vec![to_somebody()], many.chain([failed()]));
    parcel.when(ask(None)).refused(Refusal::LabelsUsedUp { max: 20 });
}

#[test]
fn a_parcel_does_not_leave_while_another_label_is_awaited() {
    given::<Parcel>(relabelling()).when(Command::HandOver).refused(Refusal::NotLabelled);
    let (label, labelled) = express("P2");
    given::<Parcel>(relabelling()).when(label.clone()).then([labelled.clone()]);
    let relabelled = with(relabelling(), [labelled]);
    assert_eq!(relabelled.state().status(), Status::Labelled);
    assert_eq!(relabelled.state().tracking_number(), Some("P2"));
    relabelled.when(Command::HandOver).then([Fact::HandedOver]);
}

#[test]
fn an_answer_to_an_ask_that_was_replaced_is_void_and_never_the_parcels_label() {
    let replaced = [asked(2, Some("express"), None), void(1, None)];
    let unanswered = || with(vec![to_somebody(), given_up()], replaced.clone());
    unanswered().when(label("P1")).then([void(1, Some("P1"))]);
    let told =
        with(vec![to_somebody(), given_up()], [&replaced[..], &[void(1, Some("P1"))]].concat());
    assert_eq!(told.state().tracking_number(), None);
    told.when(label("P1")).then_nothing_happened();
    // What was void already is told again.
    given::<Parcel>(relabelling()).when(label("P1")).then_nothing_happened();
    let no = Command::LabelFailed { number: 1, reason: "not_served".into() };
    unanswered().when(no).then_nothing_happened();
    let nobody =
        |number| Command::GiveUp { what: GaveUp::Label, number, reason: "no answer".into() };
    unanswered().when(nobody(Some(1))).then_nothing_happened();
    unanswered().when(nobody(None)).then([given_up()]);
}

#[test]
fn a_carrier_that_keeps_the_number_for_another_service_has_given_another_label() {
    let (label, labelled) = express("P1");
    given::<Parcel>(relabelling()).when(label.clone()).then([labelled.clone()]);
    with(relabelling(), [labelled]).when(label).then_nothing_happened();
}

#[test]
fn an_answer_that_is_given_up_after_all_changes_nothing() {
    let nobody =
        Command::GiveUp { what: GaveUp::Label, number: Some(1), reason: "no answer".into() };
    given::<Parcel>(ready()).when(nobody).then_nothing_happened();
}
