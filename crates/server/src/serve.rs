//! `cartage serve`: a shop that runs until somebody stops it.

use crate::{
    http::{
        door::{self, DoorLimits},
        front::{Front, FrontLimits},
        secrets::{Secrets, SecretsError},
        telemetry::{self, LogFormat},
    },
    sandbox::{self, Sandbox, SandboxArgs, SandboxError, Secret},
    shop::{Outside, RunningShop, ShopError},
};
use engine::Limits;
use gateways::http::{BadPartner, HttpCarrier, HttpProvider, Partner};
use std::{
    error::Error,
    net::SocketAddr,
    path::{Path, PathBuf},
    process::ExitCode,
    sync::Arc,
    time::Duration,
};
use tokio::{
    net::TcpListener,
    signal::unix::{SignalKind, signal},
};

/// Files that may be open at once: two for each connection are plenty.
const FILES: u64 = 65_536;

/// What `serve` is told.
#[derive(Clone, Debug, clap::Args)]
pub struct ServeArgs {
    /// Where journal, views, letters and secrets lie
    #[arg(long, default_value = "cartage-data", env = "CARTAGE_DATA")]
    pub data: PathBuf,
    /// Where to listen
    #[arg(long, default_value = "127.0.0.1:7070", env = "CARTAGE_LISTEN")]
    pub listen: SocketAddr,
    /// How logs are written
    #[arg(long, default_value = "text", env = "CARTAGE_LOG_FORMAT")]
    pub log_format: LogFormat,
    /// What is logged: error, warn, info, debug, or as in `info,server=debug`
    #[arg(long, default_value = "info", env = "CARTAGE_LOG")]
    pub log: String,
    /// Where traces go (OTLP over HTTP, such as http://localhost:4318); nowhere without it
    #[arg(long, env = "CARTAGE_OTLP")]
    pub otlp: Option<String>,
    /// The staff's API key; made and printed once where none is given
    #[arg(long, env = "CARTAGE_STAFF_KEY", hide_env_values = true)]
    pub staff_key: Option<String>,
    /// A payment provider and a carrier that are played, beside the shop
    #[arg(long, conflicts_with_all = ["payments_url", "carrier_url"])]
    pub sandbox: bool,
    /// Where the payment provider is
    #[arg(long, value_name = "URL", env = "CARTAGE_PAYMENTS_URL")]
    pub payments_url: Option<String>,
    /// Where the carrier is
    #[arg(long, value_name = "URL", env = "CARTAGE_CARRIER_URL")]
    pub carrier_url: Option<String>,
    /// What signs their webhooks (whsec_ and base64)
    #[arg(long, value_name = "SECRET", env = "CARTAGE_WEBHOOK_SECRET", hide_env_values = true)]
    pub webhook_secret: Option<Secret>,
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
        "nobody takes payments and carries parcels: start with --sandbox, or name --payments-url \
         and --carrier-url"
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
pub fn run(args: &ServeArgs) -> Result<ExitCode, Box<dyn Error>> {
    let _telemetry = telemetry::begin(args.log_format, &args.log, args.otlp.as_deref())
        .map_err(|error| error.to_string())?;
    let runtime = tokio::runtime::Builder::new_multi_thread().enable_all().build()?;
    let listener = runtime.block_on(listen(args.listen))?;
    let partners = Partners::of(args, listener.local_addr()?)?;
    let front = Arc::new(open(&args.data, args.staff_key.as_deref(), &partners)?);
    runtime.block_on(until_stopped(front, listener, std::future::pending()))?;
    Ok(ExitCode::SUCCESS)
}

/// Listens, or says why not.
///
/// # Errors
/// When the address is taken or not ours.
pub(crate) async fn listen(address: SocketAddr) -> Result<TcpListener, ServeError> {
    let listener = TcpListener::bind(address).await;
    listener.map_err(|error| ServeError::Listen { address, error })
}

/// Who takes payments and who carries parcels.
pub(crate) struct Partners {
    payments: Partner,
    carrier: Partner,
    secret: Option<String>,
    /// Stops when this goes.
    _sandbox: Option<Sandbox>,
}

impl Partners {
    fn of(args: &ServeArgs, address: SocketAddr) -> Result<Partners, ServeError> {
        if args.sandbox {
            return Partners::sandbox(address, SandboxArgs::default());
        }
        let (Some(payments), Some(carrier)) = (&args.payments_url, &args.carrier_url) else {
            return Err(ServeError::NoPartners);
        };
        Ok(Partners {
            payments: Partner::new(PAYMENTS, payments),
            carrier: Partner::new(CARRIER, carrier),
            secret: args.webhook_secret.as_ref().map(|secret| secret.as_str().to_owned()),
            _sandbox: None,
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
            _sandbox: Some(sandbox),
        })
    }

    fn outside(&self, vault: Box<dyn journal::Reader>) -> Result<Outside, ServeError> {
        let more = vault.another().map_err(ShopError::from)?;
        let payments = HttpProvider::new(self.payments.clone(), vault)?;
        let carrier = HttpCarrier::new(self.carrier.clone(), more)?;
        Ok(vec![Arc::new(payments), Arc::new(carrier)])
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
pub(crate) fn open(
    data: &Path,
    staff_key: Option<&str>,
    partners: &Partners,
) -> Result<Front, ServeError> {
    let mut refused = None;
    let shop = RunningShop::open_now(data, Limits::default(), |vault| {
        partners.outside(vault).unwrap_or_else(|error| {
            refused = Some(error);
            Outside::new()
        })
    })?;
    if let Some(error) = refused {
        return Err(error);
    }
    let secrets = open_secrets(data, staff_key)?;
    let (limits, recorder) = (FrontLimits::default(), telemetry::recorder());
    Ok(Front::new(shop, secrets, limits, partners.secret.clone(), recorder))
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
    stop: impl Future<Output = ()>,
) -> Result<(), ServeError> {
    raise_file_limit();
    let address = listener.local_addr()?;
    tracing::info!("listening on http://{address}");
    let limits = DoorLimits::default();
    let router = door::service(&front, &limits);
    let close = closed(front.clone(), stop);
    door::serve(listener, router, limits, close).await;
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

/// As many open files as the system allows, up to what is useful.
fn raise_file_limit() {
    use rustix::process::{Resource, Rlimit, getrlimit, setrlimit};
    let limit = getrlimit(Resource::Nofile);
    let wanted = limit.maximum.map_or(FILES, |most| most.min(FILES));
    if limit.current.is_some_and(|current| current < wanted) {
        let raised = Rlimit { current: Some(wanted), maximum: limit.maximum };
        if let Err(error) = setrlimit(Resource::Nofile, raised) {
            tracing::warn!(%error, "the limit of open files could not be raised");
        }
    }
}
