//! What the clients send, and what they make of every kind of answer, with a partner that says just that.

use crate::scene::{AMOUNT, Rows, parcel, payment, sandbox_time};
use axum::{
    Router,
    body::Bytes,
    extract::State,
    http::{HeaderMap, HeaderValue, Method, StatusCode, Uri, header},
    response::{IntoResponse, Response},
};
use commerce::payments::{PaymentFact, PaymentMethod};
use engine::handlers::{Call, Failure, Handler, Request};
use flows::{Command, Fact, Shop};
use gateways::http::{HttpCarrier, HttpProvider, Partner, Patience};
use kernel::{Actor, CommandId, Origin, Recorded};
use std::{
    sync::{Arc, Mutex},
    time::Duration,
};
use uuid::Uuid;
use warehouse::shipping::ParcelFact;

/// What one request looked like.
struct Seen {
    method: Method,
    path: String,
    headers: HeaderMap,
    body: String,
}

/// Says always the same.
#[derive(Clone)]
struct Stub {
    status: u16,
    says: String,
    seen: Arc<Mutex<Vec<Seen>>>,
}

async fn say(
    State(stub): State<Stub>,
    method: Method,
    uri: Uri,
    headers: HeaderMap,
    body: Bytes,
) -> Response {
    let body = String::from_utf8_lossy(&body).into_owned();
    let seen = Seen { method, path: uri.path().to_owned(), headers, body };
    stub.seen.lock().expect("nobody panics").push(seen);
    let status = StatusCode::from_u16(stub.status).expect("a status");
    let mut response = (status, stub.says).into_response();
    let elsewhere = HeaderValue::from_static("/elsewhere");
    response.headers_mut().insert(header::LOCATION, elsewhere);
    response
}

impl Stub {
    async fn open(status: u16, says: impl Into<String>) -> (Stub, String) {
        let stub = Stub { status, says: says.into(), seen: Arc::default() };
        let routes = Router::new().fallback(say).with_state(stub.clone());
        let listener = tokio::net::TcpListener::bind("127.0.0.1:0").await.expect("a port");
        let url = format!("http://{}/v1/", listener.local_addr().expect("a port"));
        tokio::spawn(async move { axum::serve(listener, routes).await });
        (stub, url)
    }

    fn only(&self) -> Seen {
        let mut seen = self.seen.lock().expect("nobody panics");
        assert_eq!(seen.len(), 1, "one request and no more");
        seen.remove(0)
    }
}

fn partner(url: String) -> Partner {
    let patience = Patience { answer: Duration::from_secs(10), ..Patience::default() };
    let key = Some("key-of-the-shop".to_owned());
    Partner { key, patience, ..Partner::new("stub", url) }
}

fn correlation() -> CommandId {
    CommandId(Uuid::from_u128(7))
}

fn request(handler: &dyn Handler<Shop>, fact: Fact) -> Request {
    let now = sandbox_time();
    let (command, fingerprint) = (None, None);
    let correlation = Some(correlation());
    let origin = Origin { at: now, command, correlation, actor: Actor::SYSTEM, fingerprint };
    let origin = Arc::new(origin);
    let recorded = Recorded { position: 5, version: 1, cause: None, origin, fact };
    handler.request(&recorded).expect("something is asked")
}

async fn call(
    handler: &dyn Handler<Shop>,
    request: &Request,
    uncertain: bool,
) -> Result<Vec<Command>, Failure> {
    let now = sandbox_time();
    let idempotency_key = "pay/the-key";
    let call = Call { request, idempotency_key, at: now, now, attempt: 1, uncertain };
    handler.call(call).await
}

fn started(vault: &Rows) -> Fact {
    let token = Some(vault.keep("tok_marker_4711"));
    let start = PaymentFact::Started { amount: AMOUNT, method: PaymentMethod::Card, token };
    Fact::Payment(payment(1), start)
}

/// What becomes of a payment when this is the answer.
async fn outcome(status: u16, says: &str) -> Result<Vec<Command>, Failure> {
    let (_, url) = Stub::open(status, says).await;
    let vault = Rows::default();
    let provider = HttpProvider::new(partner(url), Box::new(vault.clone())).expect("an address");
    let request = request(&provider, started(&vault));
    call(&provider, &request, false).await
}

#[tokio::test]
async fn a_request_carries_its_names_and_the_token_goes_nowhere_else() {
    let (stub, url) = Stub::open(200, r#"{"status": "pending"}"#).await;
    let vault = Rows::default();
    let provider = HttpProvider::new(partner(url), Box::new(vault.clone())).expect("an address");
    let request = request(&provider, started(&vault));
    assert!(!request.body.to_string().contains("4711"), "a letter holds references only");
    assert_eq!(call(&provider, &request, false).await, Ok(vec![]));
    let seen = stub.only();
    assert_eq!((seen.method, seen.path.as_str()), (Method::POST, "/v1/payments"));
    let header = |name: &str| seen.headers[name].to_str().expect("text").to_owned();
    assert_eq!(header("idempotency-key"), "pay/the-key");
    assert_eq!(header("x-correlation-id"), correlation().to_string());
    assert_eq!(header("authorization"), "Bearer key-of-the-shop");
    assert!(seen.body.contains("tok_marker_4711"));
}

#[tokio::test]
async fn a_carrier_is_told_the_address_and_a_letter_is_not() {
    let says = r#"{"status": "labelled", "tracking_number": "T", "carrier": "c", "service": "s"}"#;
    let (stub, url) = Stub::open(201, says).await;
    let vault = Rows::default();
    let carrier = HttpCarrier::new(partner(url), Box::new(vault.clone())).expect("an address");
    let address = Some(vault.keep(r#"{"name": "A. Marker", "postal_code": "N1"}"#));
    let (carrier_name, service) = (None, None);
    let created = ParcelFact::Created {
        fulfilment: 1,
        weight_grams: 900,
        carrier: carrier_name,
        service,
        address,
    };
    let request = request(&carrier, Fact::Parcel(parcel(1), created));
    assert!(!request.body.to_string().contains("Marker"));
    assert_eq!(call(&carrier, &request, false).await.map(|said| said.len()), Ok(1));
    assert!(stub.only().body.contains("A. Marker"));
}

#[tokio::test]
async fn an_address_that_cannot_be_read_is_not_quoted() {
    let (_, url) = Stub::open(200, "{}").await;
    let vault = Rows::default();
    let carrier = HttpCarrier::new(partner(url), Box::new(vault.clone())).expect("an address");
    let address = Some(vault.keep("A. Marker, London"));
    let created = ParcelFact::Created {
        fulfilment: 1,
        weight_grams: 900,
        carrier: None,
        service: None,
        address,
    };
    let request = request(&carrier, Fact::Parcel(parcel(1), created));
    let failed = call(&carrier, &request, false).await;
    let Err(Failure::Permanent(why)) = failed else { panic!("{failed:?}") };
    assert!(!why.contains("Marker"), "{why}");
}

#[tokio::test]
async fn what_may_help_later_is_told_from_what_cannot() {
    for status in [408, 409, 425, 429, 500, 502, 503, 504] {
        let failed = outcome(status, "busy").await;
        assert!(matches!(failed, Err(Failure::Transient(_))), "{status}: {failed:?}");
    }
    for status in [301, 307, 400, 401, 403, 404, 405, 413, 422] {
        let failed = outcome(status, "no").await;
        assert!(matches!(failed, Err(Failure::Permanent(_))), "{status}: {failed:?}");
    }
    let nonsense = [
        "",
        "<html>",
        "{}",
        r#"{"status": "perhaps"}"#,
        r#"{"status": "authorised", "authorisation": ""}"#,
        &format!("\"{}\"", "x".repeat(300 * 1024)),
    ];
    for says in nonsense {
        let failed = outcome(200, says).await;
        assert!(matches!(failed, Err(Failure::Permanent(_))), "{failed:?}");
    }
}

#[tokio::test]
async fn of_a_complaint_only_the_code_is_kept() {
    let says = r#"{"code": "Card Expired", "detail": "tok_marker_4711 of A. Marker"}"#;
    let Err(Failure::Permanent(why)) = outcome(422, says).await else { panic!("a failure") };
    assert!(why.contains("card_expired") && !why.to_lowercase().contains("marker"), "{why}");
}

#[tokio::test]
async fn whoever_is_in_doubt_asks_first_and_an_answer_is_enough() {
    let says = serde_json::json!({
        "reference": payment(1), "authorisations": [], "captures": [], "refunds": [],
        "standing": {"status": "declined", "reason": "card_declined"},
    });
    let (stub, url) = Stub::open(200, says.to_string()).await;
    let vault = Rows::default();
    let provider = HttpProvider::new(partner(url), Box::new(vault.clone())).expect("an address");
    let request = request(&provider, started(&vault));
    assert_eq!(call(&provider, &request, true).await.map(|said| said.len()), Ok(1));
    let seen = stub.only();
    assert_eq!((seen.method, seen.path), (Method::GET, format!("/v1/payments/{}", payment(1))));
}
