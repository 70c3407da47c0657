//! `cartage serve`: a shop that runs until somebody stops it.

use crate::{
    config::{Config, ConfigArgs},
    http::{
        door::{self, DoorLimits},
        front::{Front, FrontLimits},
        secrets::{Secrets, SecretsError},
        telemetry::{self, Telemetry},
    },
    pauses,
    reconciling::Daily,
    sandbox::{self, Sandbox, SandboxArgs, SandboxError},
    shop::{Outside, RunningShop, ShopError},
    traced::Traced,
};
use gateways::http::{BadPartner, HttpCarrier, HttpProvider, Partner};
use kernel::Timestamp;
use std::{
    error::Error,
    net::SocketAddr,
    path::{Path, PathBuf},
    process::ExitCode,
    sync::Arc,
    time::Duration,
};
use tokio::{
    net::{TcpListener, TcpSocket},
    signal::unix::{SignalKind, signal},
    task::JoinSet,
};

/// Files that may be open at once: two for each connection are plenty.
const FILES: u64 = 65_536;
/// Files that the shop opens itself, whoever visits: were all taken by visitors, it could not even write.
const OWN_FILES: u64 = 256;
/// Connections that may wait to be let in, as far as the system allows: whoever finds no room in this
/// queue tries again by himself, but only after a second, then after three.
const QUEUE: u32 = 16_384;
/// Who looks at figures at the same time.
const WATCHERS: usize = 64;

/// What `serve` is told; all else is in the settings.
#[derive(Clone, Debug, clap::Args)]
pub struct ServeArgs {
    /// The data folder (default: the setting `data`, which is cartage-data)
    #[arg(long, value_name = "DIR")]
    pub data: Option<PathBuf>,
    /// Where to listen (default: the setting `listen`, which is 127.0.0.1:7070)
    #[arg(long, value_name = "ADDR")]
    pub listen: Option<SocketAddr>,
    /// A payment provider and a carrier that are played, beside the shop
    #[arg(long)]
    pub sandbox: bool,
}

/// Why it does not serve.
#[derive(Debug, thiserror::Error)]
pub enum ServeError {
    /// The shop.
    #[error(transparent)]
    Shop(#[from] ShopError),
    /// The secrets.
    #[error(transparent)]
    Secrets(#[from] SecretsError),
    /// The address is taken, or not ours.
    #[error("cannot listen on {address}: {error}: choose another with --listen")]
    Listen {
        /// Where.
        address: SocketAddr,
        /// Why.
        error: std::io::Error,
    },
    /// Nobody takes payments, or carries parcels.
    #[error(
        "nobody takes payments and carries parcels: start with --sandbox, or set payments.url and \
         carrier.url"
    )]
    NoPartners,
    /// The address of a partner.
    #[error(transparent)]
    Partner(#[from] BadPartner),
    /// The sandbox.
    #[error(transparent)]
    Sandbox(#[from] SandboxError),
    /// Anything else of the system.
    #[error("{0}")]
    System(#[from] std::io::Error),
}

/// Runs until SIGTERM or Ctrl-C.
///
/// # Errors
/// When the data folder or the address cannot be used, or the shop stopped by itself.
pub fn run(args: &ServeArgs, settings: &ConfigArgs) -> Result<ExitCode, Box<dyn Error>> {
    let config = settings.load(&[
        ("data", args.data.as_ref().map(|data| data.display().to_string())),
        ("listen", args.listen.map(|listen| listen.to_string())),
    ])?;
    let _telemetry = begin_telemetry(&config)?;
    let runtime =
        tokio::runtime::Builder::new_multi_thread().thread_name("http").enable_all().build()?;
    let listener = runtime.block_on(listen(config.listen))?;
    let partners = match args.sandbox {
        true => Partners::sandbox(listener.local_addr()?, SandboxArgs::default())?,
        false => Partners::of(&config)?,
    };
    let front = Arc::new(open(&config, &partners)?);
    let daily = partners.daily(&front, &config.data)?;
    runtime.block_on(async {
        let daily = tokio::spawn(daily.run());
        let served = until_stopped(front, listener, &config, std::future::pending()).await;
        daily.abort();
        served
    })?;
    Ok(ExitCode::SUCCESS)
}

/// Begins to log and to trace as the settings say.
///
/// # Errors
/// When the level or the endpoint is none.
pub(crate) fn begin_telemetry(config: &Config) -> Result<Telemetry, Box<dyn Error>> {
    let endpoint = config.otlp_endpoint.as_deref();
    telemetry::begin(config.log.format, &config.log.level, endpoint)
        .map_err(|e| e.to_string().into())
}

/// Listens, or says why not.
///
/// # Errors
/// When the address is taken or not ours.
pub(crate) async fn listen(address: SocketAddr) -> Result<TcpListener, ServeError> {
    let open = || {
        let socket = match address {
            SocketAddr::V4(_) => TcpSocket::new_v4()?,
            SocketAddr::V6(_) => TcpSocket::new_v6()?,
        };
        // So that a shop that has just closed can be opened again at once.
        socket.set_reuseaddr(true)?;
        socket.bind(address)?;
        socket.listen(QUEUE)
    };
    open().map_err(|error| ServeError::Listen { address, error })
}

/// Who takes payments and who carries parcels.
pub(crate) struct Partners {
    payments: Partner,
    carrier: Partner,
    secret: Option<String>,
    /// Its servers stop when this goes.
    sandbox: Option<Sandbox>,
}

impl Partners {
    fn of(config: &Config) -> Result<Partners, ServeError> {
        let (Some(payments), Some(carrier)) = (&config.payments.url, &config.carrier.url) else {
            return Err(ServeError::NoPartners);
        };
        Ok(Partners {
            payments: Partner::new(PAYMENTS, payments),
            carrier: Partner::new(CARRIER, carrier),
            secret: config
                .payments
                .webhook_secret
                .as_ref()
                .map(|secret| secret.expose().to_owned()),
            sandbox: None,
        })
    }

    /// A provider and a carrier of our own, which tell this shop what happens.
    ///
    /// # Errors
    /// When their ports are taken.
    pub(crate) fn sandbox(address: SocketAddr, args: SandboxArgs) -> Result<Partners, ServeError> {
        let webhooks = Some(format!("http://{}/api/v1/webhooks", reachable(address)));
        let sandbox = sandbox::start(&SandboxArgs { webhooks, ..args })?;
        tracing::info!(payments = sandbox.payments_url, carrier = sandbox.carrier_url, "sandbox");
        Ok(Partners {
            payments: Partner::new(PAYMENTS, &sandbox.payments_url),
            carrier: Partner::new(CARRIER, &sandbox.carrier_url),
            secret: Some(sandbox.secret.as_str().to_owned()),
            sandbox: Some(sandbox),
        })
    }

    /// Who compares the provider's books with ours. A sandbox begins its books when it begins.
    ///
    /// # Errors
    /// When the journal cannot be read, or nobody can be asked.
    pub(crate) fn daily(&self, front: &Front, folder: &Path) -> Result<Daily, ServeError> {
        let engine = &front.shop.engine;
        let vault = engine.reader().map_err(ShopError::from)?;
        let provider = HttpProvider::new(self.payments.clone(), vault)?;
        let since = match self.sandbox {
            Some(_) => engine.clock().now(),
            None => Timestamp::MIN,
        };
        Ok(Daily::of(engine, folder, provider, since).map_err(ShopError::from)?)
    }

    fn outside(&self, vault: Box<dyn journal::Reader>) -> Result<Outside, ServeError> {
        let more = vault.another().map_err(ShopError::from)?;
        let payments = HttpProvider::new(self.payments.clone(), vault)?;
        let carrier = HttpCarrier::new(self.carrier.clone(), more)?;
        Ok(vec![Arc::new(Traced(payments)), Arc::new(Traced(carrier))])
    }
}

/// By what circuit breakers and alarms know the provider and the carrier.
const PAYMENTS: &str = "payments";
const CARRIER: &str = "carrier";

/// Where somebody on this machine reaches what listens everywhere.
fn reachable(address: SocketAddr) -> SocketAddr {
    match address.ip().is_unspecified() {
        true => SocketAddr::from(([127, 0, 0, 1], address.port())),
        false => address,
    }
}

/// Opens the shop and its secrets.
///
/// # Errors
/// When the data folder cannot be used.
pub(crate) fn open(config: &Config, partners: &Partners) -> Result<Front, ServeError> {
    let mut refused = None;
    let limits = (config.engine.clone(), config.views.clone());
    let shop = RunningShop::open_now(&config.data, limits, |vault| {
        partners.outside(vault).unwrap_or_else(|error| {
            refused = Some(error);
            Outside::new()
        })
    })?;
    if let Some(error) = refused {
        return Err(error);
    }
    let given = config.staff_key.as_ref().map(|key| key.expose());
    let secrets = open_secrets(&config.data, given)?;
    let limits = FrontLimits {
        body: config.http.body_bytes,
        carts: config.shop.carts,
        orders: config.shop.orders,
        currency: config.shop.currency,
        cash_on_delivery: i64::try_from(config.shop.cash_on_delivery).unwrap_or(i64::MAX),
    };
    Ok(Front::new(shop, secrets, limits, partners.secret.clone(), telemetry::recorder()))
}

/// The secrets of a data folder; a key made just now is said once, here, and nowhere stored.
///
/// # Errors
/// As [`Secrets::open`].
pub(crate) fn open_secrets(data: &Path, given: Option<&str>) -> Result<Secrets, SecretsError> {
    let (secrets, made) = Secrets::open(data, given)?;
    if let Some(key) = made {
        eprintln!("the staff's API key, said this once: {key}");
    }
    Ok(secrets)
}

/// Serves until SIGTERM, Ctrl-C, or the shop's own end; then answers what was accepted, and closes.
///
/// # Errors
/// When the address cannot be used, or the shop stopped by itself.
pub(crate) async fn until_stopped(
    front: Arc<Front>,
    listener: TcpListener,
    config: &Config,
    stop: impl Future<Output = ()>,
) -> Result<(), ServeError> {
    let room = raise_file_limit().saturating_sub(OWN_FILES).max(OWN_FILES / 2);
    let address = listener.local_addr()?;
    tracing::info!("listening on http://{address}");
    let most = DoorLimits::default().connections;
    let limits = DoorLimits {
        connections: usize::try_from(room).map_or(most, |room| room.min(most)),
        requests: config.http.concurrency,
        head: config.http.header_bytes,
        time: config.http.timeout,
        ..DoorLimits::default()
    };
    let router = door::service(&front, &limits);
    // They end with this set: whoever looks at figures must not keep the shop from closing in order.
    let mut figures = JoinSet::new();
    figures.spawn(pauses::watch(front.clone()));
    figures.spawn(telemetry::sum_up(front.prometheus.clone()));
    if let Some(address) = config.metrics_listen {
        let listener = listen(address).await?;
        tracing::info!("figures on http://{address}/metrics");
        let limits = DoorLimits { connections: WATCHERS, ..DoorLimits::default() };
        let never = std::future::pending();
        figures.spawn(door::serve(listener, door::figures(&front), limits, never));
    }
    let close = closed(front.clone(), stop);
    door::serve(listener, router, limits, close).await;
    figures.shutdown().await;
    let front = alone(front).await;
    let stopped = tokio::task::spawn_blocking(move || front.map(|front| front.shop.stop()));
    match stopped.await {
        Ok(Some(stopped)) => stopped?,
        // Some answer is still under way beyond its time: what it acknowledged is durable all the same.
        Ok(None) => tracing::warn!("somebody still looks at the shop: it is not closed in order"),
        Err(panic) => std::panic::resume_unwind(panic.into_panic()),
    }
    tracing::info!("closed");
    Ok(())
}

/// Until somebody wants it closed, or the shop has stopped by itself.
async fn closed(front: Arc<Front>, stop: impl Future<Output = ()>) {
    let terminated = async {
        match signal(SignalKind::terminate()) {
            Ok(mut term) => drop(term.recv().await),
            Err(_) => std::future::pending().await,
        }
    };
    let failed = async {
        let mut tips = front.shop.engine.feed().tips();
        while !front.shop.engine.feed().is_closed() {
            // Closing the feed is told as a change of its tip.
            if tips.changed().await.is_err() {
                return;
            }
        }
    };
    tokio::select! {
        () = terminated => {}
        _ = tokio::signal::ctrl_c() => {}
        () = failed => tracing::error!(
            error = front.shop.engine.failure().unwrap_or_default(),
            "the shop has stopped by itself"
        ),
        () = stop => {}
    }
    tracing::info!("closing: what was accepted is answered first");
    front.closing.send_replace(true);
}

/// The front, once nobody else looks at it.
async fn alone(front: Arc<Front>) -> Option<Front> {
    let mut front = front;
    for _ in 0..200 {
        match Arc::try_unwrap(front) {
            Ok(front) => return Some(front),
            Err(shared) => front = shared,
        }
        // Tasks of connections that were cut off go within their next turn.
        tokio::time::sleep(Duration::from_millis(5)).await;
    }
    None
}

/// As many open files as the system allows, up to what is useful; how many that are.
pub(crate) fn raise_file_limit() -> u64 {
    use rustix::process::{Resource, Rlimit, getrlimit, setrlimit};
    let limit = getrlimit(Resource::Nofile);
    let wanted = limit.maximum.map_or(FILES, |most| most.min(FILES));
    let current = limit.current.unwrap_or(FILES);
    if current >= wanted {
        return current;
    }
    let raised = Rlimit { current: Some(wanted), maximum: limit.maximum };
    match setrlimit(Resource::Nofile, raised) {
        Ok(()) => wanted,
        Err(error) => {
            tracing::warn!(%error, "the limit of open files could not be raised");
            current
        }
    }
}
