//! What every route knows: the running shop, its secrets, its limits, and how commands are put to it.

use super::{
    caller::{Caller, Staff},
    catalogue::Catalogue,
    correlation,
    pages::Pulses,
    problem::Problem,
    refused::{not_taken, rejected},
    secrets::Secrets,
    shown::Shown,
    stream::ReadBack,
    submission::Deed,
    unrecorded::Unrecorded,
};
use crate::shop::RunningShop;
use commerce::{
    carts::{CartCommand, CartLimits},
    orders::OrderLimits,
};
use engine::{Ask, Caused, Looked, Past, Rejection, WallClock};
use flows::{Command, Shop, State, Stream};
use gateways::webhooks::Incoming;
use http::StatusCode;
use journal::VaultRow;
use kernel::{Actor, CommandId, Currency, OrderId, Position, VaultId, View};
use metrics_exporter_prometheus::PrometheusHandle;
use std::{
    collections::HashSet,
    sync::{Mutex, PoisonError},
    time::{Duration, Instant},
};
use tokio::sync::watch;
use uuid::Uuid;

/// How long a query waits for its view.
const VIEW_PATIENCE: Duration = Duration::from_secs(2);
/// Readers of the past that wait for the next who looks back.
const IDLE_PASTS: usize = 4;

/// How much of everything the front door takes.
#[derive(Clone, Debug)]
pub struct FrontLimits {
    /// Bytes of a body.
    pub body: usize,
    /// Of all carts.
    pub carts: CartLimits,
    /// Of all orders.
    pub orders: OrderLimits,
    /// The shop's currency.
    pub currency: Currency,
    /// Minor units up to which an order may be paid on delivery; 0: not at all.
    pub cash_on_delivery: i64,
}

impl Default for FrontLimits {
    fn default() -> FrontLimits {
        FrontLimits {
            body: 1 << 20,
            carts: CartLimits::default(),
            orders: OrderLimits::default(),
            currency: Currency::GBP,
            cash_on_delivery: 10_000,
        }
    }
}

/// Shared by all routes.
pub struct Front {
    /// What they are the door of.
    pub shop: RunningShop<WallClock>,
    pub(crate) secrets: Secrets,
    pub(crate) limits: FrontLimits,
    pub(crate) catalogue: Catalogue,
    /// Orders that were answered lately.
    pub(crate) shown: Shown,
    pub(crate) prometheus: PrometheusHandle,
    /// Whom payments are asked of.
    pub(crate) payment_provider: &'static str,
    /// What webhooks are signed with.
    pub(crate) webhook_secret: Option<String>,
    /// True when anybody may look at the pages, as in a demonstration.
    pub open_house: bool,
    /// The pulse that everybody sees who looks in the same second.
    pub(crate) pulses: Pulses,
    /// What was answered to changes that leave no fact.
    pub(crate) unrecorded: Unrecorded,
    /// True once no more is accepted.
    pub(crate) closing: watch::Sender<bool>,
    pub(crate) started: Instant,
    /// What listeners who come back have missed.
    pub(crate) read_back: ReadBack,
    busy: Mutex<HashSet<CommandId>>,
    pasts: Mutex<Vec<Past<Shop>>>,
}

/// Who asks, as facts name him, and whose idempotency keys these are.
pub(crate) struct By {
    pub(crate) actor: Actor,
    pub(crate) scope: String,
}

impl By {
    /// Somebody of the staff.
    pub(crate) fn staff() -> By {
        By { actor: Staff::actor(), scope: Staff::SCOPE.to_owned() }
    }

    /// Whoever deals with this cart or order.
    pub(crate) fn caller(caller: &Caller, id: OrderId) -> By {
        By { actor: caller.actor(id), scope: caller.scope(id) }
    }
}

/// A request that is under way; another with the same key is told so.
pub(crate) struct Busy<'a> {
    front: &'a Front,
    id: CommandId,
}

impl Drop for Busy<'_> {
    fn drop(&mut self) {
        self.front.busy().remove(&self.id);
    }
}

impl Front {
    /// The door of this shop.
    pub fn new(
        shop: RunningShop<WallClock>,
        secrets: Secrets,
        limits: FrontLimits,
        webhook_secret: Option<String>,
        prometheus: PrometheusHandle,
    ) -> Front {
        Front {
            catalogue: Catalogue::default(),
            shown: Shown::default(),
            shop,
            secrets,
            limits,
            prometheus,
            payment_provider: "sandbox",
            webhook_secret,
            open_house: false,
            pulses: Pulses::default(),
            unrecorded: Unrecorded::default(),
            closing: watch::Sender::new(false),
            started: Instant::now(),
            read_back: ReadBack::default(),
            busy: Mutex::default(),
            pasts: Mutex::default(),
        }
    }

    /// Has a command obeyed, and everything that follows from it made durable.
    ///
    /// # Errors
    /// The business's *no*, or why nobody listens now.
    pub(crate) async fn obey(
        &self,
        deed: &Deed,
        by: &By,
        command: Command,
    ) -> Result<Caused<Shop>, Problem> {
        self.obey_with(deed, by, command, Vec::new()).await
    }

    /// The same, with what the vault has to keep.
    pub(crate) async fn obey_with(
        &self,
        deed: &Deed,
        by: &By,
        command: Command,
        vault: Vec<VaultRow>,
    ) -> Result<Caused<Shop>, Problem> {
        let id = deed.id(&by.scope);
        let _busy = self.begin(deed, id)?;
        let ask = Ask {
            id,
            command,
            actor: by.actor.clone(),
            correlation: deed.correlation,
            fingerprint: deed.key().map(|_| deed.fingerprint),
            vault,
            if_version: deed.if_match,
        };
        let answer = self.shop.engine.submit(ask).map_err(not_taken)?;
        let answer = answer.await.map_err(|_| not_taken(engine::NotTaken::Stopped))?;
        answer.map_err(|rejection| match rejection {
            Rejection::Stale { version } => stale(version),
            other => rejected(other),
        })
    }

    /// What this very request led to when it came before; none where it never did. Asked before what is
    /// there now refuses what was accepted then.
    ///
    /// # Errors
    /// As [`Front::obey`]; 422 when its key was another request's.
    pub(crate) async fn answered_before(
        &self,
        deed: &Deed,
        by: &By,
    ) -> Result<Option<Caused<Shop>>, Problem> {
        if deed.key().is_none() {
            return Ok(None);
        }
        // The key decides before the version does, and no stream has ever so many facts: whatever the
        // command says, it is not obeyed.
        let nothing = Command::Cart(OrderId(Uuid::nil()), CartCommand::Create { customer: None });
        let ask = Ask {
            fingerprint: Some(deed.fingerprint),
            if_version: Some(u64::MAX),
            ..Ask::by_system(deed.id(&by.scope), nothing)
        };
        let answer = self.shop.engine.submit(ask).map_err(not_taken)?;
        let answer = answer.await.map_err(|_| not_taken(engine::NotTaken::Stopped))?;
        match answer {
            Ok(caused) => Ok(Some(caused)),
            Err(Rejection::Stale { .. }) => Ok(None),
            Err(other) => Err(rejected(other)),
        }
    }

    /// What this request led to when it came before, else why it is refused now.
    ///
    /// # Errors
    /// `no`, and as [`Front::answered_before`].
    pub(crate) async fn before_or(
        &self,
        deed: &Deed,
        by: &By,
        no: Problem,
    ) -> Result<Caused<Shop>, Problem> {
        self.answered_before(deed, by).await?.ok_or(no)
    }

    /// Records what a partner tells: its outcome is never refused, and the same message is heard once.
    /// The message itself lies in the vault.
    ///
    /// # Errors
    /// Why nobody listens now.
    pub(crate) async fn report(
        &self,
        kind: &str,
        partner: &str,
        incoming: Incoming,
    ) -> Result<(), Problem> {
        let mut body = Some(incoming.body);
        for (nth, command) in incoming.commands.into_iter().enumerate() {
            let scope = format!("webhook/{kind}/{partner}");
            let id = CommandId::derive(&scope, &format!("{}/{nth}", incoming.id));
            let row = body.take().map(|content| VaultRow {
                id: self.vault_row(id, "webhook"),
                subject: None,
                kind: "webhook".to_owned(),
                content,
            });
            let ask = Ask {
                actor: Actor::new("provider", partner),
                correlation: correlation::current_id(),
                vault: row.into_iter().collect(),
                ..Ask::by_system(id, command)
            };
            let answer = self.shop.engine.submit(ask).map_err(not_taken)?;
            let answer = answer.await.map_err(|_| not_taken(engine::NotTaken::Stopped))?;
            if let Err(rejection) = answer {
                // News of what we do not know: telling it again would change nothing.
                tracing::warn!(%rejection, partner, message = incoming.id, "news was refused");
            }
        }
        Ok(())
    }

    /// A new row of the vault for something that comes with a command.
    pub(crate) fn vault_row(&self, command: CommandId, what: &str) -> VaultId {
        self.secrets.vault_row(command, what, self.shop.engine.clock().now())
    }

    /// What a decider or a process remembers, through everything that was answered before.
    ///
    /// # Errors
    /// When too much waits, or the journal cannot be read.
    pub(crate) async fn look(&self, stream: Stream) -> Result<Looked<Shop>, Problem> {
        let seen = self.shop.engine.look(stream).map_err(not_taken)?;
        let seen = seen.await.map_err(|_| not_taken(engine::NotTaken::Stopped))?;
        seen.map_err(|error| Problem::internal(&error))
    }

    /// What a decider remembers.
    ///
    /// # Errors
    /// As [`Front::look`].
    pub(crate) async fn state(&self, stream: Stream) -> Result<(State, u64), Problem> {
        let Looked { state, version, .. } = self.look(stream).await?;
        Ok((state, version))
    }

    /// What was answered so far. Whoever asks first, and then for the newest, may say that what he found
    /// is true up to here; the other way round more may have happened in between.
    pub(crate) fn tip(&self) -> Position {
        self.shop.engine.feed().tip()
    }

    /// Waits until everything up to `position` can be read.
    ///
    /// # Errors
    /// 503 `VIEW_BEHIND` when it cannot soon.
    pub(crate) async fn reach(&self, position: Position) -> Result<(), Problem> {
        if self.shop.seen.position() >= position {
            return Ok(());
        }
        match tokio::time::timeout(VIEW_PATIENCE, self.shop.seen.reach(position)).await {
            Ok(true) => Ok(()),
            _ => Err(view_behind()),
        }
    }

    /// Waits until everything up to `position` can be read in one view.
    ///
    /// # Errors
    /// 503 `VIEW_BEHIND` when it cannot soon, or the view is paused, has failed or is catching up.
    pub(crate) async fn reach_in<V: View<Business = Shop>>(
        &self,
        position: Position,
    ) -> Result<(), Problem> {
        self.reach(position).await?;
        if self.position::<V>() >= position { Ok(()) } else { Err(view_behind()) }
    }

    /// The last fact whose effects can be read in one view.
    pub(crate) fn position<V: View<Business = Shop>>(&self) -> Position {
        self.shop.seen.position_of(V::NAME)
    }

    /// A document with everything that was answered before.
    ///
    /// # Errors
    /// When the view is behind or cannot be read.
    pub(crate) async fn newest<V: View<Business = Shop>>(
        &self,
        key: &str,
    ) -> Result<Option<V::Document>, Problem> {
        self.reach_in::<V>(self.tip()).await?;
        self.document::<V>(key)
    }

    /// The same as it is written.
    ///
    /// # Errors
    /// As [`Front::newest`].
    pub(crate) async fn newest_text<V: View<Business = Shop>>(
        &self,
        key: &str,
    ) -> Result<Option<std::sync::Arc<str>>, Problem> {
        self.reach_in::<V>(self.tip()).await?;
        self.shop.reader.text::<V>(key).map_err(|error| unreadable(&error))
    }

    /// A document as it can be read now.
    ///
    /// # Errors
    /// When the view cannot be read.
    pub(crate) fn document<V: View<Business = Shop>>(
        &self,
        key: &str,
    ) -> Result<Option<V::Document>, Problem> {
        self.shop.reader.get::<V>(key).map_err(|error| unreadable(&error))
    }

    /// Looks back, on a thread that may wait.
    ///
    /// # Errors
    /// When the journal cannot be read.
    pub(crate) async fn look_back<T: Send + 'static>(
        self: &std::sync::Arc<Self>,
        job: impl FnOnce(&mut Past<Shop>) -> journal::Result<T> + Send + 'static,
    ) -> Result<T, Problem> {
        let front = self.clone();
        let looked = tokio::task::spawn_blocking(move || {
            let idle = front.pasts().pop();
            let mut past = match idle {
                Some(past) => past,
                None => front.shop.engine.past()?,
            };
            let found = job(&mut past);
            let mut idle = front.pasts();
            if idle.len() < IDLE_PASTS {
                idle.push(past);
            }
            found
        });
        match looked.await {
            Ok(found) => found.map_err(|error| Problem::internal(&error)),
            Err(panic) => Err(Problem::internal(&panic)),
        }
    }

    /// Notes that a request with a key is under way, until what is answered is dropped.
    ///
    /// # Errors
    /// 409 when it is already.
    pub(crate) fn begin(&self, deed: &Deed, id: CommandId) -> Result<Option<Busy<'_>>, Problem> {
        if deed.key().is_none() {
            return Ok(None);
        }
        if self.busy().insert(id) {
            return Ok(Some(Busy { front: self, id }));
        }
        let detail = "a request with this Idempotency-Key is under way: ask again when it is done";
        Err(Problem::conflict("IDEMPOTENCY_KEY_IN_PROGRESS", detail))
    }

    fn busy(&self) -> std::sync::MutexGuard<'_, HashSet<CommandId>> {
        self.busy.lock().unwrap_or_else(PoisonError::into_inner)
    }

    fn pasts(&self) -> std::sync::MutexGuard<'_, Vec<Past<Shop>>> {
        self.pasts.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

fn stale(version: u64) -> Problem {
    let detail = format!("it has changed since you looked: this is version \"{version}\" now");
    Problem::new(StatusCode::PRECONDITION_FAILED, "VERSION_STALE", detail)
}

pub(super) fn view_behind() -> Problem {
    Problem::unavailable(
        "VIEW_BEHIND",
        "what you look at lags behind that position: ask again",
        Duration::from_secs(1),
    )
}

/// Why a view cannot be read: what is being built can be read soon.
pub(crate) fn unreadable(error: &engine::views::Error) -> Problem {
    match error {
        engine::views::Error::NotBuilt { .. } => {
            Problem::unavailable("VIEW_BUILDING", error.to_string(), Duration::from_secs(5))
        }
        engine::views::Error::BadCursor { .. } => {
            Problem::malformed("this cursor belongs to another list: begin at the first page")
        }
        other => Problem::internal(other),
    }
}
