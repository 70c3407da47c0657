//! The provider of payments as a server; what it does follows from the token.

use super::{
    agenda::{Job, Side},
    bank::{self, Behaviour, How},
    counter::{self, Question, complain, lines, lose},
    world::World,
};
use axum::{
    Json, Router,
    body::Bytes,
    extract::{Path, Query, State},
    http::{HeaderMap, StatusCode},
    response::{Html, IntoResponse, Response},
    routing::{get, post},
};
use gateways::{
    reconcile::Movement,
    wire::{MoneyOrder, PaymentNews, PaymentOrder, Standing, VoidOrder},
};
use kernel::PaymentId;
use serde::Deserialize;
use std::{sync::Arc, time::Duration};

/// How long an answer waits for the message that comes before it.
const MESSAGE_FIRST: Duration = Duration::from_secs(5);

/// How often `tok_twice` is told.
const TIMES: u32 = 5;

type Here = State<Arc<World>>;

/// Everything that it can be asked.
pub(super) fn server(world: Arc<World>) -> Router {
    let routes = Router::new()
        .route("/payments", post(authorise))
        .route("/payments/{payment}", get(sheet))
        .route("/payments/{payment}/captures", post(capture))
        .route("/payments/{payment}/refunds", post(refund))
        .route("/payments/{payment}/void", post(void))
        .route("/actions/{payment}", get(action).post(act))
        .route("/settlement", get(settlement));
    counter::serve(routes, world, Side::Payments)
}

async fn authorise(State(world): Here, headers: HeaderMap, body: Bytes) -> Response {
    let question = match Question::<PaymentOrder>::read("/payments", &headers, &body) {
        Ok(question) => question,
        Err(none) => return none.into_response(),
    };
    let order = &question.asked;
    let behaviour = Behaviour::of(order.token.as_deref());
    let standing = {
        let mut bank = world.bank();
        if let Some(answer) = question.before(&bank.answers) {
            return answer;
        }
        if behaviour == Behaviour::Error && bank.stumbles(order) {
            return complain(StatusCode::INTERNAL_SERVER_ERROR, "stumbled");
        }
        let standing = with_link(bank.authorise(order, behaviour), order.reference, &headers);
        question.note(&mut bank.answers, &standing);
        standing
    };
    answer(&world, order.reference, behaviour, standing).await
}

/// Where the customer confirms: at the address at which we were asked.
fn with_link(standing: Standing, payment: PaymentId, headers: &HeaderMap) -> Standing {
    match standing {
        Standing::ActionRequired { .. } => {
            let host = headers.get("host").and_then(|host| host.to_str().ok());
            let action_url = host.map(|host| format!("http://{host}/actions/{payment}"));
            Standing::ActionRequired { action_url }
        }
        other => other,
    }
}

/// What it has decided, in the manner of the token.
async fn answer(
    world: &World,
    payment: PaymentId,
    behaviour: Behaviour,
    standing: Standing,
) -> Response {
    match bank::news(payment, &standing) {
        None => world.agenda.add(world.pace.late, Job::Confirm(payment)),
        Some(news) => tell(world, news, behaviour).await,
    }
    match behaviour {
        Behaviour::NoAnswer => return lose(),
        Behaviour::Slow => tokio::time::sleep(world.pace.slow).await,
        _ => {}
    }
    Json(standing).into_response()
}

async fn tell(world: &World, news: PaymentNews, behaviour: Behaviour) {
    let letter = world.letter(Side::Payments, news.clone());
    match behaviour {
        Behaviour::Twice => world.tell_times(letter, TIMES),
        Behaviour::WebhookFirst => {
            // If nobody takes it in time, it comes after all the same.
            drop(tokio::time::timeout(MESSAGE_FIRST, world.post(letter)).await);
        }
        _ => world.tell(news),
    }
}

async fn sheet(State(world): Here, Path(payment): Path<PaymentId>) -> Response {
    match world.bank().sheet(payment) {
        Some(sheet) => Json(sheet).into_response(),
        None => complain(StatusCode::NOT_FOUND, "unknown_payment"),
    }
}

async fn capture(
    State(world): Here,
    Path(payment): Path<PaymentId>,
    headers: HeaderMap,
    body: Bytes,
) -> Response {
    move_money(&world, (payment, Movement::Capture), &headers, &body)
}

async fn refund(
    State(world): Here,
    Path(payment): Path<PaymentId>,
    headers: HeaderMap,
    body: Bytes,
) -> Response {
    move_money(&world, (payment, Movement::Refund), &headers, &body)
}

fn move_money(
    world: &World,
    (payment, movement): (PaymentId, Movement),
    headers: &HeaderMap,
    body: &[u8],
) -> Response {
    let path = format!("/payments/{payment}/{movement:?}");
    let question = match Question::<MoneyOrder>::read(&path, headers, body) {
        Ok(question) => question,
        Err(none) => return none.into_response(),
    };
    let switches = world.payments.now();
    let refuses = match movement {
        Movement::Capture => switches.refuse_captures,
        Movement::Refund => switches.refuse_refunds,
    };
    let how = How { refuses, lie: switches.lie, at: world.now() };
    let outcome = {
        let mut bank = world.bank();
        if let Some(answer) = question.before(&bank.answers) {
            return answer;
        }
        let outcome = bank.move_money(payment, movement, &question.asked, how);
        question.note(&mut bank.answers, &outcome);
        outcome
    };
    world.tell(bank::money_news(payment, movement, &question.asked, &outcome));
    Json(outcome).into_response()
}

async fn void(
    State(world): Here,
    Path(payment): Path<PaymentId>,
    headers: HeaderMap,
    body: Bytes,
) -> Response {
    let path = format!("/payments/{payment}/void");
    let question = match Question::<VoidOrder>::read(&path, &headers, &body) {
        Ok(question) => question,
        Err(none) => return none.into_response(),
    };
    let standing = {
        let mut bank = world.bank();
        if let Some(answer) = question.before(&bank.answers) {
            return answer;
        }
        let standing = bank.void(payment, &question.asked);
        question.note(&mut bank.answers, &standing);
        standing
    };
    let authorisation = question.asked.authorisation;
    world.tell(PaymentNews::Voided { payment, authorisation });
    Json(standing).into_response()
}

/// What the customer of `tok_action_required` sees.
async fn action(Path(payment): Path<PaymentId>) -> Html<String> {
    Html(format!(
        "<!doctype html><html lang=\"en\"><title>Confirm a payment</title>\
         <h1>Sandbox</h1><p>Payment {payment}</p>\
         <form method=\"post\"><button>Confirm</button></form></html>"
    ))
}

/// The customer has confirmed; the shop hears it from us.
async fn act(State(world): Here, Path(payment): Path<PaymentId>) -> Html<&'static str> {
    let standing = world.bank().confirm(payment);
    let news = standing.and_then(|standing| bank::news(payment, &standing));
    let said = match news {
        Some(news) => {
            world.tell(news);
            "<!doctype html><html lang=\"en\"><title>Confirmed</title><p>Confirmed.</p></html>"
        }
        None => {
            "<!doctype html><html lang=\"en\"><title>Nothing</title><p>Nothing waits.</p></html>"
        }
    };
    Html(said)
}

#[derive(Deserialize)]
struct Day {
    date: Option<String>,
}

async fn settlement(State(world): Here, Query(day): Query<Day>) -> Response {
    let settled = world.bank().settlement(day.date.as_deref());
    lines(&settled)
}
