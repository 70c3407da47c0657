//! Money that is taken and given back, and books that are compared.

use crate::scene::{AMOUNT, Again, Scene, payment, sandbox_time};
use commerce::payments::{PaymentCommand, PaymentFact};
use engine::handlers::Failure;
use gateways::reconcile::{self, Disagreement, Movement};
use kernel::{Currency, Money};
use server::sandbox::{Lie, Side, Switches};

fn pounds(minor: i64) -> Money {
    Money::new(minor, Currency::GBP)
}

fn capture(amount: Money) -> PaymentFact {
    PaymentFact::CaptureAsked { capture: 1, amount, attempt: 0 }
}

fn captured(amount: Money) -> PaymentCommand {
    PaymentCommand::CaptureDone { capture: 1, amount }
}

fn refund(amount: Money, attempt: u32) -> PaymentFact {
    PaymentFact::RefundAsked { refund: 7, amount, attempt, reason: None }
}

async fn authorised(scene: &Scene, number: u32) {
    let said = scene.pay(number, &scene.started("tok_ok")).await;
    assert!(matches!(said.as_deref(), Ok([PaymentCommand::Authorise { .. }])), "{said:?}");
}

async fn settlement(scene: &Scene) -> Vec<reconcile::Settled> {
    let text = scene.provider.settlement(&sandbox_time().day()).await.expect("a file");
    reconcile::read(&text).expect("lines that can be read")
}

#[tokio::test]
async fn money_is_taken_and_given_back_once_though_answers_are_lost() {
    let scene = Scene::silent();
    authorised(&scene, 1).await;
    for (fact, done) in [
        (capture(AMOUNT), captured(AMOUNT)),
        (refund(pounds(300), 0), PaymentCommand::RefundDone { refund: 7, amount: pounds(300) }),
    ] {
        let losing = Switches { lost_answers: 2, ..Switches::default() };
        scene.sandbox.switch(Side::Payments, losing);
        for _ in 0..2 {
            let lost = scene.pay(1, &fact).await;
            assert!(matches!(lost, Err(Failure::Transient(_))), "{lost:?}");
        }
        assert_eq!(scene.pay(1, &fact).await, Ok(vec![done.clone()]));
        // After an edit it is another request: what became of the first is asked.
        let careful = Again { edited: true, uncertain: true };
        assert_eq!(scene.pay_again(1, &fact, careful).await, Ok(vec![done]));
    }
    let moved: Vec<_> =
        settlement(&scene).await.iter().map(|line| (line.movement, line.amount.minor)).collect();
    assert_eq!(moved, [(Movement::Capture, 900), (Movement::Refund, 300)]);
}

#[tokio::test]
async fn a_refused_capture_and_a_refused_refund_are_outcomes() {
    let scene = Scene::silent();
    authorised(&scene, 1).await;
    let refusing = Switches { refuse_captures: true, refuse_refunds: true, ..Switches::default() };
    scene.sandbox.switch(Side::Payments, refusing);
    let failed = PaymentCommand::CaptureFailed { capture: 1, reason: "refused".into(), attempt: 0 };
    assert_eq!(scene.pay(1, &capture(AMOUNT)).await, Ok(vec![failed]));
    scene.sandbox.switch(Side::Payments, Switches::default());
    // The next attempt is another request.
    let again = PaymentFact::CaptureAsked { capture: 1, amount: AMOUNT, attempt: 1 };
    assert_eq!(scene.pay(1, &again).await, Ok(vec![captured(AMOUNT)]));
    let too_much = scene.pay(1, &refund(pounds(901), 0)).await;
    let reason = "beyond_captured".into();
    let failed = PaymentCommand::RefundFailed { refund: 7, reason, attempt: 0 };
    assert_eq!(too_much, Ok(vec![failed]));
}

#[tokio::test]
async fn another_amount_under_the_same_name_is_not_taken() {
    let scene = Scene::silent();
    authorised(&scene, 1).await;
    assert_eq!(scene.pay(1, &capture(pounds(400))).await, Ok(vec![captured(pounds(400))]));
    let confused = scene.pay(1, &capture(pounds(500))).await;
    let Err(Failure::Permanent(why)) = confused else { panic!("{confused:?}") };
    assert!(why.contains("key_reused"), "{why}");
    assert_eq!(settlement(&scene).await.len(), 1);
}

#[tokio::test]
async fn a_yes_is_given_back_and_one_too_many_by_its_name() {
    let scene = Scene::silent();
    let started = scene.started("tok_ok");
    authorised(&scene, 1).await;
    // Whoever does not ask first what became of it gets a second yes.
    let careless = Again { edited: true, uncertain: false };
    assert!(scene.pay_again(1, &started, careless).await.is_ok());
    let ids: Vec<_> = scene.sheet(1).await.authorisations.into_iter().map(|yes| yes.id).collect();
    assert_eq!(ids.len(), 2);
    let surplus = PaymentFact::SurplusVoidAsked { reference: ids[1].clone() };
    let gone = PaymentCommand::VoidSurplusDone { reference: ids[1].clone() };
    assert_eq!(scene.pay(1, &surplus).await, Ok(vec![gone]));
    let voided: Vec<bool> =
        scene.sheet(1).await.authorisations.iter().map(|yes| yes.voided).collect();
    assert_eq!(voided, [false, true]);
    assert_eq!(scene.pay(1, &PaymentFact::VoidAsked).await, Ok(vec![PaymentCommand::VoidDone]));
    let refused = scene.pay(1, &capture(AMOUNT)).await;
    assert!(matches!(refused.as_deref(), Ok([PaymentCommand::CaptureFailed { .. }])));
}

#[tokio::test]
async fn what_was_voided_before_it_was_asked_for_is_declined() {
    let scene = Scene::silent();
    assert_eq!(scene.pay(1, &PaymentFact::VoidAsked).await, Ok(vec![PaymentCommand::VoidDone]));
    let late = scene.pay(1, &scene.started("tok_ok")).await;
    assert_eq!(late, Ok(vec![PaymentCommand::Decline { reason: "voided".into() }]));
}

#[tokio::test]
async fn reconciliation_finds_every_lie_and_nothing_else() {
    let scene = Scene::silent();
    let lies = [None, Some(Lie::Forgets), Some(Lie::Doubles), Some(Lie::Adds), None];
    let mut facts = vec![];
    for (number, lie) in (1..).zip(lies) {
        authorised(&scene, number).await;
        scene.sandbox.switch(Side::Payments, Switches { lie, ..Switches::default() });
        assert_eq!(scene.pay(number, &capture(AMOUNT)).await, Ok(vec![captured(AMOUNT)]));
        scene.sandbox.switch(Side::Payments, Switches::default());
        facts.push((payment(number), PaymentFact::Captured { capture: 1, amount: AMOUNT }));
    }
    // Of the last one we have lost the fact.
    facts.pop();
    let ours = facts.iter().map(|(payment, fact)| (*payment, fact));
    let found: Vec<_> = reconcile::reconcile(settlement(&scene).await, ours)
        .into_iter()
        .map(|difference| (difference.payment, difference.what))
        .collect();
    let planted = [
        (payment(2), Disagreement::MissingThere { ours: AMOUNT }),
        (payment(3), Disagreement::Double { theirs: AMOUNT, times: 2 }),
        (payment(4), Disagreement::Amount { ours: AMOUNT, theirs: pounds(901) }),
        (payment(5), Disagreement::MissingHere { theirs: AMOUNT }),
    ];
    assert_eq!(found, planted);
}
