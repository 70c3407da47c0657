//! A shop with its front door on a port of its own, and those who come to it.

use crate::logs;
use engine::{Ask, WallClock};
use flows::Command;
use gateways::{
    SimulatedCarrier, SimulatedProvider,
    http::{HttpCarrier, HttpProvider, Partner},
};
use http::{HeaderMap, Method, StatusCode};
use kernel::{CommandId, ParcelId, Position};
use serde_json::{Value, json};
use server::{
    http::{
        door::{self, DoorLimits},
        front::{Front, FrontLimits},
        secrets::Secrets,
        telemetry,
    },
    sandbox::{self, Sandbox, SandboxArgs},
    shop::{Outside, RunningShop},
};
use std::{path::Path, sync::Arc, time::Duration};
use tempfile::TempDir;
use tokio::{net::TcpListener, sync::oneshot, task::JoinHandle};
use uuid::Uuid;
use warehouse::shipping::{ParcelCommand, TrackingEvent, TrackingStatus};

/// The staff's API key.
pub(crate) const KEY: &str = "a-key-for-the-tests-of-the-api";
/// What a checkout says of where it goes.
pub(crate) const LEEDS: &str = r#"{"name": "A. Shopper", "line1": "1 High St", "city": "Leeds",
    "postal_code": "LS1 1AA", "country": "GB"}"#;

/// A running shop and its door.
pub(crate) struct Shop {
    pub(crate) front: Arc<Front>,
    pub(crate) folder: TempDir,
    sandbox: Option<Sandbox>,
    url: String,
    http: reqwest::Client,
    close: oneshot::Sender<()>,
    served: JoinHandle<()>,
}

/// Somebody at the door.
#[derive(Clone)]
pub(crate) struct Somebody<'a> {
    shop: &'a Shop,
    proof: Option<(&'static str, String)>,
}

/// A request that is being written.
pub(crate) struct Wish {
    request: reqwest::RequestBuilder,
}

/// What was answered.
#[derive(Clone, Debug)]
pub(crate) struct Said {
    pub(crate) status: StatusCode,
    pub(crate) headers: HeaderMap,
    pub(crate) body: Value,
}

impl Shop {
    /// An empty shop whose provider and carrier do at once what they are asked.
    pub(crate) async fn open() -> Shop {
        Shop::begin(tempfile::tempdir().expect("a folder"), false).await
    }

    /// An empty shop beside a sandbox, which it asks over the wire, and which tells it what happens.
    pub(crate) async fn beside_a_sandbox() -> Shop {
        Shop::begin(tempfile::tempdir().expect("a folder"), true).await
    }

    /// A shop that sells `MUG-1` for £12.50 and `CUP-1` for £4.00, ten of each.
    pub(crate) async fn stocked() -> Shop {
        let shop = Shop::open().await;
        shop.sells("MUG-1", 1250, 10).await;
        shop.sells("CUP-1", 400, 10).await;
        shop
    }

    async fn begin(folder: TempDir, wired: bool) -> Shop {
        logs::keep();
        let listener = TcpListener::bind("127.0.0.1:0").await.expect("a port");
        let url = format!("http://{}", listener.local_addr().expect("a port"));
        let args = SandboxArgs {
            webhooks: Some(format!("{url}/api/v1/webhooks")),
            day_seconds: Duration::from_millis(20),
            slow_seconds: Duration::from_millis(100),
            ..SandboxArgs::default()
        };
        let sandbox = wired.then(|| sandbox::start(&args).expect("a sandbox"));
        let front = front(folder.path(), sandbox.as_ref());
        let limits = DoorLimits::default();
        let router = door::service(&front, &limits);
        let (close, closed) = oneshot::channel();
        let served = tokio::spawn(door::serve(listener, router, limits, async {
            let _ = closed.await;
        }));
        let http = reqwest::Client::builder().build().expect("a client");
        Shop { front, folder, sandbox, url, http, close, served }
    }

    /// The same folder, opened again by a program that knows nothing else.
    pub(crate) async fn restarted(self) -> Shop {
        let Shop { front, folder, sandbox, http, close, served, .. } = self;
        assert!(sandbox.is_none(), "a sandbox would begin again with an empty memory");
        drop((http, close));
        served.await.expect("the door closes");
        let mut front = Some(front);
        while let Some(shared) = front.take() {
            match Arc::try_unwrap(shared) {
                Ok(front) => {
                    let stop = tokio::task::spawn_blocking(move || front.shop.stop());
                    stop.await.expect("it stops").expect("in order");
                }
                Err(shared) => {
                    front = Some(shared);
                    tokio::task::yield_now().await;
                }
            }
        }
        Shop::begin(folder, false).await
    }

    pub(crate) fn staff(&self) -> Somebody<'_> {
        Somebody { shop: self, proof: Some(("authorization", format!("Bearer {KEY}"))) }
    }

    pub(crate) fn anyone(&self) -> Somebody<'_> {
        Somebody { shop: self, proof: None }
    }

    /// A guest who has this token.
    pub(crate) fn guest(&self, token: &str) -> Somebody<'_> {
        Somebody { shop: self, proof: Some(("cartage-token", token.to_owned())) }
    }

    /// The provider and the carrier that are played.
    pub(crate) fn sandbox(&self) -> &Sandbox {
        self.sandbox.as_ref().expect("this shop is beside a sandbox")
    }

    /// The newest fact.
    pub(crate) fn tip(&self) -> Position {
        self.front.shop.engine.feed().tip()
    }

    pub(crate) fn address(&self) -> &str {
        self.url.trim_start_matches("http://")
    }

    /// Waits until handlers have done, and views show, everything up to now.
    pub(crate) async fn settle(&self) -> Position {
        let front = self.front.clone();
        let settled = tokio::task::spawn_blocking(move || front.shop.settle());
        settled.await.expect("nobody panics").expect("it comes so far")
    }

    /// Makes a product with one variant of that SKU, publishes it and receives so many units.
    pub(crate) async fn sells(&self, sku: &str, minor: i64, units: u64) {
        let price = json!({"minor": minor, "currency": "GBP"});
        let slug = sku.to_lowercase();
        let product = json!({"name": format!("A {slug}"), "slug": slug, "categories": ["kitchen"],
            "variants": [{"sku": sku, "price": price}]});
        self.staff().post("/products").json(&product).send().await.is(201);
        self.staff().post(&format!("/products/{slug}/publish")).send().await.is(200);
        if units > 0 {
            let receipt = json!({"quantity": units, "reference": "PO-1"});
            let path = format!("/stock/{sku}/receive");
            self.staff().post(&path).json(&receipt).send().await.is(200);
        }
    }

    /// A guest's cart with these lines: its id and its token.
    pub(crate) async fn cart(&self, lines: &[(&str, u64)]) -> (String, String) {
        let cart = self.anyone().post("/carts").send().await.is(201);
        let (id, token) = (cart.text("/id"), cart.text("/token"));
        for (sku, quantity) in lines {
            let line = json!({"sku": sku, "quantity": quantity});
            let path = format!("/carts/{id}/lines");
            self.guest(&token).post(&path).json(&line).send().await.is(201);
        }
        (id, token)
    }

    /// Places the order of a cart by card, with a key of its own.
    pub(crate) async fn place(&self, id: &str, token: &str) -> Said {
        let key = format!("place-{id}");
        self.guest(token).post("/orders").key(&key).json(&checkout(id)).send().await
    }

    /// An order that is paid for: its id and its token.
    pub(crate) async fn order(&self, lines: &[(&str, u64)]) -> (String, String) {
        let (id, token) = self.cart(lines).await;
        self.place(&id, &token).await.is(201);
        self.settle().await;
        (id, token)
    }

    /// An order of `MUG-1` with such a checkout, packed and sealed.
    pub(crate) async fn parked_at_the_carrier(&self, body: &Value) -> (String, String) {
        let (id, token) = self.cart(&[("MUG-1", 1)]).await;
        let mut body = body.clone();
        body["cart"] = json!(id);
        self.guest(&token).post("/orders").key("parked").json(&body).send().await.is(201);
        self.settle().await;
        self.pack(&id, 1).await;
        (id, token)
    }

    /// An order whose goods lie in a labelled parcel that is paid for.
    pub(crate) async fn sealed(&self, sku: &str, units: u64) -> (String, String) {
        let (id, token) = self.order(&[(sku, units)]).await;
        self.pack(&id, units).await;
        (id, token)
    }

    /// Picks, packs and seals the only line of an order.
    async fn pack(&self, id: &str, units: u64) {
        let staff = self.staff();
        let steps = [
            (format!("/picks/{id}.1/start"), json!({"worker": "w-1"})),
            (format!("/picks/{id}.1/lines/1"), json!({"picked": units})),
            (format!("/packs/{id}.1/lines/1/verify"), json!({"quantity": units})),
            (format!("/packs/{id}.1/seal"), json!({"weight_grams": 500, "carton": "M"})),
        ];
        for (path, body) in steps {
            staff.post(&path).json(&body).send().await.is(200);
        }
        self.settle().await;
    }

    /// An order that has arrived.
    pub(crate) async fn delivered(&self, sku: &str, units: u64) -> (String, String) {
        let (id, token) = self.sealed(sku, units).await;
        self.staff().post(&format!("/parcels/{id}.1/hand-over")).send().await.is(200);
        let parcel: ParcelId = format!("{id}.1").parse().expect("a parcel's id");
        let at = engine::Clock::now(&WallClock);
        let arrived = TrackingEvent { at, status: TrackingStatus::Delivered, place: None };
        let track = Command::Parcel(parcel, ParcelCommand::Track { events: vec![arrived] });
        let front = self.front.clone();
        let told = tokio::task::spawn_blocking(move || {
            front.shop.engine.ask(Ask::by_system(CommandId(Uuid::now_v7()), track))
        });
        let told = told.await.expect("nobody panics").expect("the shop runs");
        told.expect("what the carrier says is never refused");
        self.settle().await;
        (id, token)
    }
}

fn front(folder: &Path, sandbox: Option<&Sandbox>) -> Arc<Front> {
    let outside = |vault: Box<dyn journal::Reader>| -> Outside {
        let Some(sandbox) = sandbox else {
            let provider = SimulatedProvider::default();
            return vec![Arc::new(provider), Arc::new(SimulatedCarrier::default())];
        };
        let another = vault.another().expect("a reader");
        let (payments, carrier) = (&sandbox.payments_url, &sandbox.carrier_url);
        let provider = HttpProvider::new(Partner::new("payments", payments), vault);
        let carrier = HttpCarrier::new(Partner::new("carrier", carrier), another);
        vec![Arc::new(provider.expect("a provider")), Arc::new(carrier.expect("a carrier"))]
    };
    let shop = RunningShop::open_now(folder, Default::default(), outside).expect("it opens");
    let (secrets, _) = Secrets::open(folder, Some(KEY)).expect("secrets");
    let secret = sandbox.map(|sandbox| sandbox.secret.as_str().to_owned());
    Arc::new(Front::new(shop, secrets, FrontLimits::default(), secret, telemetry::recorder()))
}

/// A checkout of a cart by card.
pub(crate) fn checkout(cart: &str) -> Value {
    let ship_to: Value = serde_json::from_str(LEEDS).expect("an address");
    json!({"cart": cart, "email": "a@example.org", "ship_to": ship_to,
        "payment": {"method": "card", "token": "tok_ok"}})
}

impl Somebody<'_> {
    pub(crate) fn ask(&self, method: Method, path: &str) -> Wish {
        let outside = path.starts_with("/api/")
            || ["/", "/health", "/ready", "/metrics"].contains(&path)
            || path.starts_with("/story");
        let prefix = if outside { "" } else { "/api/v1" };
        let mut request =
            self.shop.http.request(method, format!("{}{prefix}{path}", self.shop.url));
        if let Some((name, value)) = &self.proof {
            request = request.header(*name, value);
        }
        Wish { request }
    }

    pub(crate) async fn get(&self, path: &str) -> Said {
        self.ask(Method::GET, path).send().await
    }

    pub(crate) fn post(&self, path: &str) -> Wish {
        self.ask(Method::POST, path)
    }
}

impl Wish {
    pub(crate) fn header(self, name: &str, value: &str) -> Wish {
        Wish { request: self.request.header(name, value) }
    }

    pub(crate) fn key(self, key: &str) -> Wish {
        self.header("idempotency-key", key)
    }

    pub(crate) fn json(self, body: &Value) -> Wish {
        Wish { request: self.request.json(body) }
    }

    /// A body as it is, said to be JSON.
    pub(crate) fn raw(self, body: impl Into<reqwest::Body>) -> Wish {
        self.typed("application/json", body)
    }

    pub(crate) fn typed(self, kind: &str, body: impl Into<reqwest::Body>) -> Wish {
        Wish { request: self.request.header("content-type", kind).body(body) }
    }

    pub(crate) async fn open(self) -> reqwest::Response {
        self.request.send().await.expect("the door is open")
    }

    pub(crate) async fn send(self) -> Said {
        let answer = self.open().await;
        let (status, headers) = (answer.status(), answer.headers().clone());
        let text = answer.text().await.expect("the answer is whole");
        let body = serde_json::from_str(&text).unwrap_or(Value::String(text));
        Said { status, headers, body }
    }
}

impl Said {
    /// Of this status.
    #[track_caller]
    pub(crate) fn is(self, status: u16) -> Said {
        let told = match self.status.is_server_error() {
            true => logs::lines_with(&self.header("x-correlation-id")),
            false => Vec::new(),
        };
        assert_eq!(self.status.as_u16(), status, "{} {told:#?}", self.body);
        self
    }

    /// A problem of this status and code, as RFC 9457 wants it.
    #[track_caller]
    pub(crate) fn refuses(self, status: u16, code: &str) -> Said {
        assert_eq!((self.status.as_u16(), self.text("/code").as_str()), (status, code), "{self:?}");
        self.well_formed()
    }

    /// A problem that is written as every problem is.
    #[track_caller]
    pub(crate) fn well_formed(self) -> Said {
        assert_eq!(self.header("content-type"), "application/problem+json", "{self:?}");
        assert_eq!(self.body["status"], self.status.as_u16(), "{self:?}");
        let code = self.text("/code");
        let plain = |byte: u8| byte.is_ascii_uppercase() || byte.is_ascii_digit() || byte == b'_';
        assert!(!code.is_empty() && code.bytes().all(plain), "{self:?}");
        assert!(!self.text("/title").is_empty() && self.body["detail"].is_string(), "{self:?}");
        assert!(self.text("/type").starts_with("/api/docs#"), "{self:?}");
        assert_eq!(self.text("/correlation_id"), self.header("x-correlation-id"), "{self:?}");
        self
    }

    /// The pointer of its first flaw.
    #[track_caller]
    pub(crate) fn points_at(self, pointer: &str) -> Said {
        let pointers: Vec<_> = self.list("/errors").iter().map(|flaw| &flaw["pointer"]).collect();
        assert!(pointers.contains(&&json!(pointer)), "{pointers:?} instead of {pointer}");
        self
    }

    #[track_caller]
    pub(crate) fn at(&self, pointer: &str) -> &Value {
        let found = self.body.pointer(pointer);
        found.unwrap_or_else(|| panic!("nothing at {pointer} of {}", self.body))
    }

    /// A text of the body; empty where there is none.
    pub(crate) fn text(&self, pointer: &str) -> String {
        self.body.pointer(pointer).and_then(Value::as_str).unwrap_or_default().to_owned()
    }

    /// A list of the body; empty where there is none.
    pub(crate) fn list(&self, pointer: &str) -> &[Value] {
        self.body.pointer(pointer).and_then(Value::as_array).map_or(&[], Vec::as_slice)
    }

    /// A header; empty where there is none.
    pub(crate) fn header(&self, name: &str) -> String {
        let value = self.headers.get(name).and_then(|value| value.to_str().ok());
        value.unwrap_or_default().to_owned()
    }
}
