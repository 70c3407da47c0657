//! `cartage demo`: a running shop with real products, three weeks of real trade behind it, and people who
//! shop and work, all over the same HTTP API that everybody uses.

mod shoppers;
mod visitor;
mod weeks;
mod workers;

use crate::{
    config::{Config, ConfigArgs, Secret},
    sandbox::SandboxArgs,
    serve::{self, Partners, begin_telemetry},
};
use std::{
    error::Error,
    net::SocketAddr,
    path::{Path, PathBuf},
    process::ExitCode,
    sync::Arc,
};
use visitor::Visitor;

/// What the staff of a demonstration shows, as long as nobody from outside can reach it.
const KEY: &str = "cartage-demo-staff-key";
/// Workers for so many orders a second.
const ORDERS_PER_WORKER: f64 = 2.0;

/// How the demonstration runs.
#[derive(Clone, Debug, clap::Args)]
pub struct DemoArgs {
    /// Where its data lie; made at the first start
    #[arg(long, value_name = "DIR", default_value = "cartage-demo")]
    pub data: PathBuf,
    /// Where to listen
    #[arg(long, value_name = "ADDR", default_value = "127.0.0.1:7070")]
    pub listen: SocketAddr,
    /// Orders a second that simulated shoppers place (default: the setting `demo.rate`, which is 2)
    #[arg(long, value_name = "RATE")]
    pub rate: Option<f64>,
    /// No simulated shoppers and workers: the shop is yours alone
    #[arg(long)]
    pub quiet: bool,
}

/// Makes the shop if there is none, then serves it until SIGTERM or Ctrl-C.
///
/// # Errors
/// When the data folder or the address cannot be used, or the shop stopped by itself.
pub fn run(args: &DemoArgs, settings: &ConfigArgs) -> Result<ExitCode, Box<dyn Error>> {
    let config = settings.load(&[
        ("data", Some(args.data.display().to_string())),
        ("listen", Some(args.listen.to_string())),
        ("demo.rate", args.rate.map(|rate| rate.to_string())),
    ])?;
    let _telemetry = begin_telemetry(&config)?;
    let runtime = tokio::runtime::Builder::new_multi_thread().enable_all().build()?;
    // First of all, so that nobody waits for an import in vain.
    let listener = runtime.block_on(serve::listen(args.listen))?;
    if !weeks::is_there(&args.data) && !weeks::play(&args.data)? {
        return Ok(ExitCode::from(130));
    }
    let address = listener.local_addr()?;
    let config = with_key(config, address);
    let partners = Partners::sandbox(address, SandboxArgs::default())?;
    let mut front = serve::open(&config, &partners)?;
    // Its data are a trade long past and people who do not exist.
    front.open_house = address.ip().is_loopback();
    let daily = partners.daily(&front, &config.data)?;
    greet(address, &config, &args.data);
    runtime.block_on(async {
        let daily = tokio::spawn(daily.run());
        let people = (!args.quiet).then(|| people(address, &config));
        let stop = std::future::pending();
        let served = serve::until_stopped(Arc::new(front), listener, &config, stop).await;
        people.into_iter().flatten().for_each(|person| person.abort());
        daily.abort();
        served
    })?;
    Ok(ExitCode::SUCCESS)
}

/// A known key is no secret: only where nobody from outside can use it.
fn with_key(mut config: Config, address: SocketAddr) -> Config {
    if config.staff_key.is_none() && address.ip().is_loopback() {
        config.staff_key = Some(Secret::new(KEY));
    }
    config
}

/// Shoppers and workers, each on a task of his own.
fn people(address: SocketAddr, config: &Config) -> Vec<tokio::task::JoinHandle<()>> {
    let key = config.staff_key.as_ref().map(|key| key.expose().to_owned());
    let visitor = |seed| Visitor::new(address, key.clone(), seed);
    let mut people = vec![tokio::spawn(shoppers::shop(visitor(1), config.demo_rate))];
    if key.is_none() {
        tracing::warn!("nobody works: set staff_key, so that simulated workers can show it");
        return people;
    }
    let workers = (config.demo_rate / ORDERS_PER_WORKER).ceil().clamp(1.0, 32.0) as u64;
    people.extend((0..workers).map(|nth| tokio::spawn(workers::work(visitor(100 + nth), nth))));
    people
}

fn greet(address: SocketAddr, config: &Config, data: &Path) {
    let host =
        if address.ip().is_loopback() { "localhost".to_owned() } else { address.ip().to_string() };
    let url = format!("http://{host}:{}", address.port());
    let key = match &config.staff_key {
        Some(key) if key.expose() == KEY => format!("staff    Authorization: Bearer {KEY}"),
        _ => "staff    the key that you have set, or that was said at the first start".to_owned(),
    };
    eprintln!(
        "\n  The shop is open.\n\n  look     {url}\n  API      {url}/api/docs\n  {key}\n  data     {}\n\n  Ctrl-C closes it; the same command opens it again.\n",
        data.display()
    );
}
