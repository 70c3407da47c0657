//! A provider of payments and a carrier that are played, as HTTP servers of their own, so that the
//! client code that runs is the real one.
//!
//! What they do follows from payment tokens (`tok_ok`, `tok_declined`, …) and postal codes (`LOST 1`,
//! `FAIL 3`, `SLOW 1`); the carrier lists its services at `GET /services` and refuses all others;
//! [`Switches`] take them down, slow them down or make them lie. They forget when they are stopped, and
//! what came first when they know too much.

mod limited;

mod bank;
mod depot;

mod agenda;
mod post;
mod switches;
mod world;

mod carrier;
mod counter;
mod payments;

pub use agenda::Side;
pub use switches::{Lie, Switches};

use gateways::{
    Mood,
    http::{BadPartner, Patience, WebhookSender},
};
use post::Senders;
use std::{
    error::Error,
    fmt, io,
    io::Write,
    net::{SocketAddr, TcpListener},
    process::ExitCode,
    str::FromStr,
    sync::Arc,
    thread::{Builder, JoinHandle},
    time::Duration,
};
use tokio::sync::oneshot;
use uuid::Uuid;
use world::{Pace, World};

/// What signs webhooks: `whsec_` and base64. It is not shown.
#[derive(Clone, PartialEq, Eq)]
pub struct Secret(String);

impl Secret {
    /// One that nobody has used before.
    pub fn random() -> Secret {
        // Hexadecimal digits, four by four, are base64 as well.
        Secret(format!("whsec_{}{}", Uuid::new_v4().simple(), Uuid::new_v4().simple()))
    }

    /// As it is written.
    pub fn as_str(&self) -> &str {
        &self.0
    }
}

impl fmt::Debug for Secret {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("whsec_…")
    }
}

impl FromStr for Secret {
    type Err = gateways::webhooks::WebhookError;

    fn from_str(text: &str) -> Result<Secret, Self::Err> {
        gateways::webhooks::sign(text, "", 0, b"").map(|_| Secret(text.to_owned()))
    }
}

/// Where the sandbox listens, whom it tells what happens, and how fast its time passes.
#[derive(Clone, Debug, clap::Args)]
pub struct SandboxArgs {
    /// Where the payment provider listens; port 0 takes any
    #[arg(long, value_name = "ADDR", default_value = "127.0.0.1:7071")]
    pub payments_listen: SocketAddr,
    /// Where the carrier listens; port 0 takes any
    #[arg(long, value_name = "ADDR", default_value = "127.0.0.1:7072")]
    pub carrier_listen: SocketAddr,
    /// Whom to tell what happens, as http://127.0.0.1:7070/api/v1/webhooks; without, nobody is told
    #[arg(long, value_name = "URL")]
    pub webhooks: Option<String>,
    /// Signs webhooks (whsec_ and base64); without, one is made and shown
    #[arg(long, value_name = "SECRET", env = "CARTAGE_SANDBOX_SECRET", hide_env_values = true)]
    pub secret: Option<Secret>,
    /// Makes one run differ from another
    #[arg(long, default_value_t = 1)]
    pub seed: u64,
    /// How many of a thousand messages come twice, and how many of the carrier's come late
    #[arg(long, value_name = "N", default_value_t = 50)]
    pub repeats: u32,
    /// How many seconds a day of the carrier takes
    #[arg(long, value_name = "SECONDS", default_value = "10", value_parser = seconds)]
    pub day_seconds: Duration,
    /// How many seconds tok_slow takes
    #[arg(long, value_name = "SECONDS", default_value = "5", value_parser = seconds)]
    pub slow_seconds: Duration,
    /// How many seconds after the question tok_late says yes
    #[arg(long, value_name = "SECONDS", default_value = "1200", value_parser = seconds)]
    pub late_seconds: Duration,
}

impl Default for SandboxArgs {
    fn default() -> SandboxArgs {
        let any = SocketAddr::from(([127, 0, 0, 1], 0));
        SandboxArgs {
            payments_listen: any,
            carrier_listen: any,
            webhooks: None,
            secret: None,
            seed: 1,
            repeats: 50,
            day_seconds: Duration::from_secs(10),
            slow_seconds: Duration::from_secs(5),
            late_seconds: Duration::from_secs(20 * 60),
        }
    }
}

fn seconds(text: &str) -> Result<Duration, String> {
    let seconds = text.parse::<f64>().ok().and_then(|seconds| {
        Duration::try_from_secs_f64(seconds).ok().filter(|time| *time <= LONGEST)
    });
    seconds.ok_or_else(|| format!("expected 0 to {} seconds", LONGEST.as_secs()))
}

/// The longest that anything may take.
const LONGEST: Duration = Duration::from_secs(7 * 24 * 60 * 60);

/// Why the sandbox cannot be opened.
#[derive(Debug, thiserror::Error)]
pub enum SandboxError {
    /// The port is taken, or not ours.
    #[error("{address} cannot be listened on: {error}")]
    Listen {
        /// Where.
        address: SocketAddr,
        /// Why not.
        error: io::Error,
    },
    /// No thread, no runtime.
    #[error("the sandbox cannot run: {0}")]
    Run(#[from] io::Error),
    /// Nobody can be told there.
    #[error("webhooks: {0}")]
    Webhooks(#[from] BadPartner),
}

/// Both servers at work on a thread of their own. Dropping it stops them.
pub struct Sandbox {
    /// Where the provider of payments is: `http://127.0.0.1:7071`.
    pub payments_url: String,
    /// Where the carrier is: `http://127.0.0.1:7072`.
    pub carrier_url: String,
    /// What signs webhooks.
    pub secret: Secret,
    world: Arc<World>,
    stop: Option<oneshot::Sender<()>>,
    thread: Option<JoinHandle<()>>,
}

impl fmt::Debug for Sandbox {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "Sandbox({}, {})", self.payments_url, self.carrier_url)
    }
}

impl Sandbox {
    /// Switches one of the two servers, as `PUT /control` does.
    pub fn switch(&self, side: Side, switches: Switches) {
        self.world.switchboard(side).set(switches);
    }

    /// Breaks everything off.
    pub fn stop(mut self) {
        self.end();
    }

    fn end(&mut self) {
        // It has ended by itself when nobody hears that.
        let _ = self.stop.take().map(|stop| stop.send(()));
        if let Some(thread) = self.thread.take() {
            // A thread that panicked has printed why.
            let _ = thread.join();
        }
    }
}

impl Drop for Sandbox {
    fn drop(&mut self) {
        self.end();
    }
}

/// Opens both servers; when it returns they can be asked.
///
/// # Errors
/// When a port is taken, or the address of the webhooks is none.
pub fn start(args: &SandboxArgs) -> Result<Sandbox, SandboxError> {
    let secret = args.secret.clone().unwrap_or_else(Secret::random);
    let senders = args.webhooks.as_deref().map(|url| senders(url, &secret)).transpose()?;
    let mood = Mood { seed: args.seed, repeats: args.repeats, ..Mood::default() };
    let pace = Pace { day: args.day_seconds, slow: args.slow_seconds, late: args.late_seconds };
    let world = Arc::new(World::new(mood, pace, senders));
    let (payments, payments_url) = listen(args.payments_listen)?;
    let (carrier, carrier_url) = listen(args.carrier_listen)?;
    let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build()?;
    let (stop, stopped) = oneshot::channel();
    let inside = world.clone();
    let thread = Builder::new().name("sandbox".into()).spawn(move || {
        let work = async {
            tokio::select! {
                ended = both(inside, payments, carrier) => {
                    if let Err(error) = ended {
                        tracing::error!(%error, "the sandbox has stopped");
                    }
                }
                // Also when it was dropped.
                _ = stopped => {}
            }
        };
        runtime.block_on(work);
    })?;
    let (stop, thread) = (Some(stop), Some(thread));
    Ok(Sandbox { payments_url, carrier_url, secret, world, stop, thread })
}

fn senders(url: &str, secret: &Secret) -> Result<Senders, BadPartner> {
    let patience = Patience { connect: Duration::from_secs(2), answer: Duration::from_secs(10) };
    let to = |path: &str| {
        let url = format!("{}{path}", url.trim_end_matches('/'));
        WebhookSender::new(&url, secret.as_str(), patience)
    };
    Ok(Senders { payments: to("/payments/sandbox")?, carrier: to("/carriers/sandbox")? })
}

fn listen(address: SocketAddr) -> Result<(TcpListener, String), SandboxError> {
    let listener = TcpListener::bind(address).and_then(|listener| {
        listener.set_nonblocking(true)?;
        Ok(listener)
    });
    let listener = listener.map_err(|error| SandboxError::Listen { address, error })?;
    let url = format!("http://{}", listener.local_addr()?);
    Ok((listener, url))
}

async fn both(world: Arc<World>, payments: TcpListener, carrier: TcpListener) -> io::Result<()> {
    let payments = tokio::net::TcpListener::from_std(payments)?;
    let carrier = tokio::net::TcpListener::from_std(carrier)?;
    let going_on = tokio::spawn(world.clone().go_on());
    let (pay, ship) = (payments::server(world.clone()), carrier::server(world));
    let served = tokio::try_join!(async { axum::serve(payments, pay).await }, async {
        axum::serve(carrier, ship).await
    },);
    going_on.abort();
    served.map(|_| ())
}

/// `cartage sandbox`: both servers until the program is told to stop.
///
/// # Errors
/// As [`start`], and when the terminal cannot be written to.
pub fn run(args: &SandboxArgs) -> Result<ExitCode, Box<dyn Error>> {
    let sandbox = start(args)?;
    let mut out = io::stdout().lock();
    writeln!(out, "payment provider  {}", sandbox.payments_url)?;
    writeln!(out, "carrier           {}", sandbox.carrier_url)?;
    match (&args.webhooks, &args.secret) {
        (Some(url), Some(_)) => writeln!(out, "webhooks          {url}")?,
        (Some(url), None) => {
            writeln!(out, "webhooks          {url}, signed with {}", sandbox.secret.as_str())?;
        }
        (None, _) => writeln!(out, "webhooks          nobody is told: see --webhooks")?,
    }
    drop(out);
    let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build()?;
    runtime.block_on(told_to_stop())?;
    sandbox.stop();
    Ok(ExitCode::SUCCESS)
}

async fn told_to_stop() -> io::Result<()> {
    use tokio::signal::unix::{SignalKind, signal};
    let mut terminate = signal(SignalKind::terminate())?;
    tokio::select! {
        pressed = tokio::signal::ctrl_c() => pressed,
        _ = terminate.recv() => Ok(()),
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use clap::{Args, Command, FromArgMatches};

    fn parsed(arguments: &[&str]) -> Result<SandboxArgs, clap::Error> {
        let command = SandboxArgs::augment_args(Command::new("sandbox"));
        command.clone().debug_assert();
        let matches = command.try_get_matches_from([&["sandbox"], arguments].concat())?;
        SandboxArgs::from_arg_matches(&matches)
    }

    #[test]
    fn the_command_line_says_what_the_defaults_are() {
        let args = parsed(&[]).expect("nothing is required");
        let fast = parsed(&["--day-seconds", "0.5", "--late-seconds", "1"]).expect("seconds");
        assert_eq!(args.day_seconds, SandboxArgs::default().day_seconds);
        assert_eq!(args.late_seconds, SandboxArgs::default().late_seconds);
        assert_eq!(fast.day_seconds, Duration::from_millis(500));
        for wrong in ["-1", "day", "inf", "1e9"] {
            assert!(parsed(&["--day-seconds", wrong]).is_err(), "{wrong}");
        }
    }

    #[test]
    fn a_secret_is_checked_and_never_shown() {
        let secret = Secret::random();
        let args = parsed(&["--secret", secret.as_str()]).expect("a secret");
        assert_eq!(args.secret.as_ref(), Some(&secret));
        assert!(!format!("{args:?}").contains(&secret.as_str()[6..]));
        assert!(parsed(&["--secret", "hunter2"]).is_err());
    }

    #[test]
    fn a_port_that_is_taken_is_named() {
        let first = start(&SandboxArgs::default()).expect("any two ports");
        let taken = first.payments_url.trim_start_matches("http://").parse().expect("an address");
        let args = SandboxArgs { payments_listen: taken, ..SandboxArgs::default() };
        let error = start(&args).expect_err("it is taken").to_string();
        assert!(error.contains(&taken.to_string()), "{error}");
    }
}
