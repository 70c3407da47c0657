//! The shop as a program of its own: started on a folder, looked at from outside, stopped or killed.

use super::{
    Fallible,
    wire::{Ask, STAFF_KEY, Wire},
};
use rustix::process::{Pid, Signal, kill_process};
use std::{
    collections::VecDeque,
    fs,
    io::{BufRead, BufReader, Read},
    net::SocketAddr,
    path::{Path, PathBuf},
    process::{Child, Command, ExitStatus, Stdio},
    sync::{Arc, Mutex, PoisonError},
    thread,
    time::{Duration, Instant},
};
use tokio::{sync::oneshot, time::sleep};

/// Between two looks whether something has happened.
const LOOK: Duration = Duration::from_millis(5);
/// Who is not ready by then never will be.
const PATIENCE: Duration = Duration::from_secs(60);
/// Lines that are remembered of what it says.
const LINES: usize = 40;
/// What it says before the address at which it listens.
const LISTENING: &str = "listening on http://";

type Said = Arc<Mutex<VecDeque<String>>>;

/// A running shop; it is killed when this goes.
#[derive(Debug)]
pub(super) struct Program {
    child: Child,
    /// Where it listens.
    pub(super) at: SocketAddr,
    said: Said,
}

/// The program, and the folder of its data.
#[derive(Clone, Debug)]
pub struct Ground {
    /// The program `cartage`.
    pub cartage: PathBuf,
    /// A folder of its own.
    pub data: PathBuf,
}

impl Ground {
    /// Starts a shop and waits until it is ready.
    ///
    /// # Errors
    /// When it ends instead, with its last words.
    pub(super) async fn start(&self) -> Fallible<Program> {
        let program = self.start_only().await?;
        program.until_ready().await?;
        Ok(program)
    }

    /// Starts a shop and waits until it listens.
    ///
    /// # Errors
    /// When it ends instead, with its last words.
    pub(super) async fn start_only(&self) -> Fallible<Program> {
        let mut child = self.command().spawn()?;
        let said = Said::default();
        let (tell, told) = oneshot::channel();
        let stderr = child.stderr.take().ok_or("its words are not heard")?;
        let noted = said.clone();
        // It ends with the program.
        thread::spawn(move || listen(stderr, &noted, tell));
        let at = tokio::time::timeout(PATIENCE, told).await;
        let last = |said: &Said| {
            let said = said.lock().unwrap_or_else(PoisonError::into_inner);
            said.iter().cloned().collect::<Vec<_>>().join("\n")
        };
        match at {
            Ok(Ok(at)) => Ok(Program { child, at, said }),
            _ => {
                // It may have ended by itself.
                let _ = child.kill();
                let status = child.wait()?;
                Err(format!("the shop does not start ({status}): {}", last(&said)).into())
            }
        }
    }

    /// Starts a shop and kills it after a while, listening or not.
    ///
    /// # Errors
    /// When it cannot be started.
    pub(super) async fn start_and_kill(&self, after: Duration) -> Fallible<()> {
        let mut command = self.command();
        let mut child = command.stderr(Stdio::null()).spawn()?;
        sleep(after).await;
        child.kill()?;
        child.wait()?;
        Ok(())
    }

    fn command(&self) -> Command {
        let mut command = Command::new(&self.cartage);
        command.arg("serve").arg("--data").arg(&self.data);
        command.args(["--listen", "127.0.0.1:0", "--sandbox"]);
        command.env("CARTAGE_STAFF_KEY", STAFF_KEY).env("NO_COLOR", "1");
        command.stdin(Stdio::null()).stdout(Stdio::null()).stderr(Stdio::piped());
        command
    }

    /// Has the journal of the stopped shop read again from the first byte to the last.
    ///
    /// # Errors
    /// What is wrong with it.
    pub(super) fn verify(&self) -> Fallible<()> {
        let mut command = Command::new(&self.cartage);
        let data: &Path = &self.data;
        let out = command.args(["journal", "verify", "--data"]).arg(data).output()?;
        match out.status.success() {
            true => Ok(()),
            false => Err(String::from_utf8_lossy(&out.stderr).into_owned().into()),
        }
    }
}

fn listen(stderr: impl Read, said: &Said, tell: oneshot::Sender<SocketAddr>) {
    let mut tell = Some(tell);
    for line in BufReader::new(stderr).lines().map_while(Result::ok) {
        let address = line.split_once(LISTENING).and_then(|(_, rest)| rest.trim().parse().ok());
        if let Some(address) = address
            && let Some(tell) = tell.take()
        {
            // Whoever asked may have given up.
            let _ = tell.send(address);
        }
        let mut said = said.lock().unwrap_or_else(PoisonError::into_inner);
        if said.len() == LINES {
            said.pop_front();
        }
        said.push_back(line);
    }
}

impl Program {
    async fn until_ready(&self) -> Fallible<()> {
        let (begin, mut wire) = (Instant::now(), Wire::new(self.at));
        loop {
            if wire.send(&Ask::get("/ready")).await.is_ok_and(|answer| answer.is_fine()) {
                return Ok(());
            }
            if begin.elapsed() > PATIENCE {
                return Err(format!("the shop is not ready: {}", self.words()).into());
            }
            sleep(LOOK).await;
        }
    }

    /// As a power cut does it.
    ///
    /// # Errors
    /// When it had ended by itself before.
    pub(super) fn kill(mut self) -> Fallible<()> {
        if let Some(status) = self.child.try_wait()? {
            return Err(format!("it had ended by itself ({status}): {}", self.words()).into());
        }
        self.child.kill()?;
        self.child.wait()?;
        Ok(())
    }

    /// Asks it to end.
    pub(super) fn terminate(&self) {
        let number = i32::try_from(self.child.id()).ok().and_then(Pid::from_raw);
        // One that has ended already needs no signal.
        number.into_iter().for_each(|number| {
            let _ = kill_process(number, Signal::TERM);
        });
    }

    /// Waits until it has ended; how it did.
    ///
    /// # Errors
    /// When it does not end within `patience`.
    pub(super) async fn ended(&mut self, patience: Duration) -> Fallible<ExitStatus> {
        let begin = Instant::now();
        loop {
            if let Some(status) = self.child.try_wait()? {
                return Ok(status);
            }
            if begin.elapsed() > patience {
                return Err(format!("it does not end: {}", self.words()).into());
            }
            sleep(LOOK).await;
        }
    }

    /// Asks it to end and waits until it has.
    ///
    /// # Errors
    /// When it does not end, or not well.
    pub(super) async fn stop(mut self) -> Fallible<()> {
        self.terminate();
        match self.ended(PATIENCE).await? {
            status if status.success() => Ok(()),
            status => Err(format!("it ended with {status}: {}", self.words()).into()),
        }
    }

    /// Memory that is in use now, in bytes; 0 where the system does not tell.
    pub(super) fn memory_bytes(&self) -> u64 {
        let status = fs::read_to_string(format!("/proc/{}/status", self.child.id()));
        let status = status.unwrap_or_default();
        let line = status.lines().find_map(|line| line.strip_prefix("VmRSS:"));
        let kib = line.and_then(|line| line.trim().strip_suffix(" kB")?.trim().parse::<u64>().ok());
        kib.unwrap_or(0) * 1024
    }

    /// Files and sockets that are open now.
    pub(super) fn open_files(&self) -> usize {
        fs::read_dir(format!("/proc/{}/fd", self.child.id())).map_or(0, Iterator::count)
    }

    /// The end of what it said.
    pub(super) fn words(&self) -> String {
        let said = self.said.lock().unwrap_or_else(PoisonError::into_inner);
        said.iter().cloned().collect::<Vec<_>>().join("\n")
    }
}

impl Drop for Program {
    fn drop(&mut self) {
        // It has usually ended before.
        let _ = self.child.kill();
        let _ = self.child.wait();
    }
}
