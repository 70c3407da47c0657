//! A program that is started for a measurement and is gone after it, also when something goes wrong.

use crate::{Fallible, machine::Usage, wire};
use rustix::process::{Pid, Signal, kill_process};
use std::{
    fs::File,
    net::{SocketAddr, TcpListener},
    path::{Path, PathBuf},
    process::{Child, Command, Stdio},
    time::{Duration, Instant},
};
use tokio::time::sleep;

/// Between two looks whether something has happened.
const LOOK: Duration = Duration::from_millis(5);
/// Who is not ready by then never will be.
const PATIENCE: Duration = Duration::from_secs(120);

/// A running program.
#[derive(Debug)]
pub(crate) struct Program {
    name: &'static str,
    child: Child,
    log: PathBuf,
}

impl Program {
    /// Starts it; what it says goes into a file.
    ///
    /// # Errors
    /// When it cannot be started.
    pub(crate) fn start(
        name: &'static str,
        command: &mut Command,
        log: &Path,
    ) -> Fallible<Program> {
        let said = File::create(log)?;
        command.stdin(Stdio::null()).stdout(said.try_clone()?).stderr(said);
        let child = command.spawn().map_err(|error| {
            format!("{name} ({}): {error}", command.get_program().to_string_lossy())
        })?;
        Ok(Program { name, child, log: log.to_owned() })
    }

    pub(crate) fn usage(&self) -> Usage {
        Usage::of(self.child.id())
    }

    /// Waits until it does what it was started for, as `asked` tells.
    ///
    /// # Errors
    /// When it ends before, or takes too long; with its last words.
    pub(crate) async fn until(&mut self, mut asked: impl AsyncFnMut() -> bool) -> Fallible<()> {
        let begin = Instant::now();
        while !asked().await {
            if let Some(status) = self.child.try_wait()? {
                return Err(format!("{} ended ({status}): {}", self.name, self.words()).into());
            }
            if begin.elapsed() > PATIENCE {
                return Err(format!("{} is not ready: {}", self.name, self.words()).into());
            }
            sleep(LOOK).await;
        }
        Ok(())
    }

    /// Waits until a web server says at this path that it is ready.
    ///
    /// # Errors
    /// As [`Program::until`].
    pub(crate) async fn until_ready(&mut self, at: SocketAddr, path: &str) -> Fallible<()> {
        let mut wire = wire::Wire::new(at);
        self.until(async || match wire::get(path) {
            Ok(ask) => wire.send(ask).await.is_ok_and(|answer| answer.is_fine()),
            Err(_) => false,
        })
        .await
    }

    /// Waits until it has nothing more to do: less than a twentieth of a core in a quarter of a second.
    pub(crate) async fn until_quiet(&self, patience: Duration) {
        const SPAN: Duration = Duration::from_millis(250);
        let begin = Instant::now();
        let mut before = self.usage().cpu_seconds();
        while begin.elapsed() < patience {
            sleep(SPAN).await;
            let now = self.usage().cpu_seconds();
            if now - before < SPAN.as_secs_f64() / 20.0 {
                return;
            }
            before = now;
        }
    }

    /// Asks it to end and waits until it has.
    ///
    /// # Errors
    /// When it does not end.
    pub(crate) async fn stop(mut self, how: Signal) -> Fallible<()> {
        let begin = Instant::now();
        self.signal(how);
        while self.child.try_wait()?.is_none() {
            if begin.elapsed() > PATIENCE {
                return Err(format!("{} does not end: {}", self.name, self.words()).into());
            }
            sleep(LOOK).await;
        }
        Ok(())
    }

    fn signal(&self, how: Signal) {
        let number = i32::try_from(self.child.id()).ok().and_then(Pid::from_raw);
        if let Some(number) = number {
            // One that has ended already needs no signal.
            let _ = kill_process(number, how);
        }
    }

    /// The end of what it said.
    fn words(&self) -> String {
        let text = std::fs::read_to_string(&self.log).unwrap_or_default();
        let lines: Vec<&str> = text.lines().collect();
        lines[lines.len().saturating_sub(8)..].join("\n")
    }
}

impl Drop for Program {
    fn drop(&mut self) {
        let begin = Instant::now();
        // PostgreSQL ends at once at SIGINT and takes its own children with it.
        self.signal(Signal::INT);
        while matches!(self.child.try_wait(), Ok(None)) {
            if begin.elapsed() > Duration::from_secs(15) {
                let _ = self.child.kill();
                let _ = self.child.wait();
            }
            std::thread::park_timeout(LOOK);
        }
    }
}

/// An address on this machine that nobody listens at.
///
/// # Errors
/// When there is none.
pub(crate) fn free_address() -> Fallible<SocketAddr> {
    Ok(TcpListener::bind("127.0.0.1:0")?.local_addr()?)
}
