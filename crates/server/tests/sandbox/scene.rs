//! A sandbox, the two clients that ask it, a vault, and somebody who takes webhooks.

use axum::{
    Router,
    body::Bytes,
    extract::State,
    http::{HeaderMap, StatusCode, Uri},
    routing::post,
};
use commerce::payments::{PaymentCommand, PaymentFact, PaymentMethod};
use engine::handlers::{Call, Failure, Handler};
use flows::{Command, Fact, Shop};
use gateways::{
    http::{HttpCarrier, HttpProvider, Partner, Patience},
    webhooks::{self, Incoming},
    wire::PaymentSheet,
};
use journal::{Block, Reader, Result, VaultRow};
use kernel::{
    Actor, Currency, Money, Origin, ParcelId, PaymentId, PersonId, Position, Recorded, Timestamp,
    VaultId,
};
use server::sandbox::{self, Sandbox, SandboxArgs, Secret};
use std::{
    collections::BTreeMap,
    sync::{
        Arc, Mutex,
        atomic::{AtomicU32, Ordering::SeqCst},
    },
    time::Duration,
};
use tokio::sync::mpsc;
use uuid::Uuid;
use warehouse::shipping::{ParcelCommand, ParcelFact};

/// Longer than anything here takes.
const PATIENCE: Duration = Duration::from_secs(20);

pub(crate) const AMOUNT: Money = Money::new(900, Currency::GBP);

pub(crate) fn payment(number: u32) -> PaymentId {
    format!("018f0000-0000-7000-8000-000000000001.{number}").parse().expect("a payment")
}

pub(crate) fn parcel(number: u32) -> ParcelId {
    format!("018f0000-0000-7000-8000-000000000001.{number}").parse().expect("a parcel")
}

/// A vault and nothing else.
#[derive(Clone, Default)]
pub(crate) struct Rows(Arc<Mutex<BTreeMap<VaultId, Vec<u8>>>>);

impl Rows {
    pub(crate) fn keep(&self, content: &str) -> VaultId {
        let id = VaultId(Uuid::now_v7());
        self.0.lock().expect("nobody panics").insert(id, content.into());
        id
    }

    pub(crate) fn forget(&self, id: VaultId) {
        self.0.lock().expect("nobody panics").remove(&id);
    }
}

impl Reader for Rows {
    fn block_holding(&self, _: Position) -> Result<Option<Block>> {
        Ok(None)
    }

    fn block_after(&self, _: Position) -> Result<Option<Block>> {
        Ok(None)
    }

    fn block_at_time(&self, _: Timestamp) -> Result<Option<Block>> {
        Ok(None)
    }

    fn vault(&self, id: VaultId) -> Result<Option<VaultRow>> {
        let content = self.0.lock().expect("nobody panics").get(&id).cloned();
        let row = |content| VaultRow { id, subject: None, kind: "test".to_owned(), content };
        Ok(content.map(row))
    }

    fn vault_of(&self, _: PersonId) -> Result<Vec<VaultRow>> {
        Ok(vec![])
    }

    fn another(&self) -> Result<Box<dyn Reader>> {
        Ok(Box::new(self.clone()))
    }
}

/// A message as it came.
pub(crate) struct Came {
    pub(crate) path: String,
    pub(crate) headers: HeaderMap,
    pub(crate) body: Bytes,
}

impl Came {
    /// What it says, if it can be believed.
    pub(crate) fn heard(&self, secret: &Secret) -> Incoming {
        let now = sandbox_time();
        let heard = match self.path.as_str() {
            "/payments/sandbox" => {
                webhooks::payment(secret.as_str(), &self.headers, &self.body, now)
            }
            "/carriers/sandbox" => {
                webhooks::carrier(secret.as_str(), &self.headers, &self.body, now)
            }
            other => panic!("nobody listens at {other}"),
        };
        heard.expect("what the sandbox sends is signed, fresh and known")
    }
}

pub(crate) fn sandbox_time() -> Timestamp {
    engine::Clock::now(&engine::WallClock)
}

/// Takes webhooks; the first ones not, if it is told so.
pub(crate) struct Inbox {
    pub(crate) url: String,
    came: mpsc::UnboundedReceiver<Came>,
    refuse: Arc<AtomicU32>,
}

type Desk = (mpsc::UnboundedSender<Came>, Arc<AtomicU32>);

async fn take(
    State((desk, refuse)): State<Desk>,
    uri: Uri,
    headers: HeaderMap,
    body: Bytes,
) -> StatusCode {
    let fewer = |left: u32| left.checked_sub(1);
    if refuse.fetch_update(SeqCst, SeqCst, fewer).is_ok() {
        return StatusCode::SERVICE_UNAVAILABLE;
    }
    let came = Came { path: uri.path().to_owned(), headers, body };
    // The test may be over.
    desk.send(came).map_or(StatusCode::GONE, |()| StatusCode::OK)
}

impl Inbox {
    pub(crate) async fn open() -> Inbox {
        let (desk, came) = mpsc::unbounded_channel();
        let refuse = Arc::new(AtomicU32::new(0));
        let routes =
            Router::new().route("/{side}/sandbox", post(take)).with_state((desk, refuse.clone()));
        let listener = tokio::net::TcpListener::bind("127.0.0.1:0").await.expect("a port");
        let url = format!("http://{}", listener.local_addr().expect("a port"));
        tokio::spawn(async move { axum::serve(listener, routes).await });
        Inbox { url, came, refuse }
    }

    pub(crate) fn refuse(&self, times: u32) {
        self.refuse.store(times, SeqCst);
    }

    /// For somebody else to take from.
    pub(crate) fn into_messages(self) -> mpsc::UnboundedReceiver<Came> {
        self.came
    }

    pub(crate) async fn next(&mut self) -> Came {
        let came = tokio::time::timeout(PATIENCE, self.came.recv()).await;
        came.expect("a message comes in time").expect("the inbox is open")
    }

    /// True when something has come already.
    pub(crate) fn is_empty(&self) -> bool {
        self.came.is_empty()
    }
}

/// Everything.
pub(crate) struct Scene {
    pub(crate) sandbox: Sandbox,
    pub(crate) provider: HttpProvider,
    pub(crate) carrier: HttpCarrier,
    pub(crate) vault: Rows,
}

impl Scene {
    /// Nobody is told anything by itself.
    pub(crate) fn silent() -> Scene {
        Scene::with(SandboxArgs::default())
    }

    /// This one is told what happens by itself, each thing once.
    pub(crate) fn told(inbox: &Inbox) -> Scene {
        Scene::with(SandboxArgs {
            webhooks: Some(inbox.url.clone()),
            repeats: 0,
            ..SandboxArgs::default()
        })
    }

    pub(crate) fn with(args: SandboxArgs) -> Scene {
        Scene::patient(args, Duration::from_secs(10))
    }

    pub(crate) fn patient(args: SandboxArgs, answer: Duration) -> Scene {
        let args = SandboxArgs {
            day_seconds: Duration::from_millis(100),
            slow_seconds: Duration::from_secs(4),
            late_seconds: Duration::from_millis(50),
            ..args
        };
        let sandbox = sandbox::start(&args).expect("two ports");
        let vault = Rows::default();
        let patience = Patience { answer, ..Patience::default() };
        let partner = |name, url: &String| Partner { patience, ..Partner::new(name, url.clone()) };
        let provider = partner("sandbox-payments", &sandbox.payments_url);
        let provider = HttpProvider::new(provider, Box::new(vault.clone())).expect("an address");
        let carrier = partner("sandbox-carrier", &sandbox.carrier_url);
        let carrier = HttpCarrier::new(carrier, Box::new(vault.clone())).expect("an address");
        Scene { sandbox, provider, carrier, vault }
    }

    /// The payment of this number with this token.
    pub(crate) fn started(&self, token: &str) -> PaymentFact {
        let token = Some(self.vault.keep(token));
        PaymentFact::Started { amount: AMOUNT, method: PaymentMethod::Card, token }
    }

    /// What the provider says to a fact of this payment.
    pub(crate) async fn pay(
        &self,
        number: u32,
        fact: &PaymentFact,
    ) -> std::result::Result<Vec<PaymentCommand>, Failure> {
        self.pay_again(number, fact, Again::default()).await
    }

    pub(crate) async fn pay_again(
        &self,
        number: u32,
        fact: &PaymentFact,
        again: Again,
    ) -> std::result::Result<Vec<PaymentCommand>, Failure> {
        let fact = Fact::Payment(payment(number), fact.clone());
        let said = call(&self.provider, fact, again).await?;
        let said = said.into_iter().map(|said| match said {
            Command::Payment(told, said) if told == payment(number) => said,
            other => panic!("{other:?} is not about this payment"),
        });
        Ok(said.collect())
    }

    /// What the carrier says to a fact of this parcel.
    pub(crate) async fn ship(
        &self,
        number: u32,
        fact: &ParcelFact,
    ) -> std::result::Result<Vec<ParcelCommand>, Failure> {
        let fact = Fact::Parcel(parcel(number), fact.clone());
        let said = call(&self.carrier, fact, Again::default()).await?;
        let said = said.into_iter().map(|said| match said {
            Command::Parcel(told, said) if told == parcel(number) => said,
            other => panic!("{other:?} is not about this parcel"),
        });
        Ok(said.collect())
    }

    /// What the provider knows of a payment, asked beside the client.
    pub(crate) async fn sheet(&self, number: u32) -> PaymentSheet {
        let url = format!("{}/payments/{}", self.sandbox.payments_url, payment(number));
        let answer = reqwest::get(url).await.expect("an answer");
        answer.json().await.expect("a sheet")
    }
}

/// How something is asked that may have been asked before.
#[derive(Clone, Copy, Default)]
pub(crate) struct Again {
    /// It was edited: the key is another one.
    pub(crate) edited: bool,
    pub(crate) uncertain: bool,
}

/// As the desk of the handlers would call it.
async fn call(
    handler: &dyn Handler<Shop>,
    fact: Fact,
    again: Again,
) -> std::result::Result<Vec<Command>, Failure> {
    let now = sandbox_time();
    let (command, correlation, fingerprint) = (None, None, None);
    let origin = Origin { at: now, command, correlation, actor: Actor::SYSTEM, fingerprint };
    // A position of its own for every fact: what is known by its position is always new.
    static POSITION: AtomicU32 = AtomicU32::new(1);
    let position = Position::from(POSITION.fetch_add(1, SeqCst));
    let recorded = Recorded { position, version: 1, cause: None, origin: Arc::new(origin), fact };
    let request = handler.request(&recorded).expect("something is asked");
    let known = request.reference.clone().unwrap_or_else(|| position.to_string());
    let revision = if again.edited { ".1" } else { "" };
    let key = format!("{}/{known}{revision}", handler.name());
    let uncertain = again.uncertain;
    let call =
        Call { request: &request, idempotency_key: &key, at: now, now, attempt: 1, uncertain };
    handler.call(call).await
}
