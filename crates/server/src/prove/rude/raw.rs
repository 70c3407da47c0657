//! A socket without manners: what it sends is up to whoever holds it.

use std::{
    io,
    net::SocketAddr,
    time::{Duration, Instant},
};
use tokio::{
    io::{AsyncReadExt, AsyncWriteExt},
    net::TcpStream,
    time::{timeout, timeout_at},
};

/// More than this is not kept of an answer.
const KEPT: usize = 1 << 20;

/// One connection.
#[derive(Debug)]
pub(in crate::prove) struct Raw(TcpStream);

impl Raw {
    /// # Errors
    /// When nobody listens.
    pub(in crate::prove) async fn connect(to: SocketAddr) -> io::Result<Raw> {
        let stream = TcpStream::connect(to).await?;
        stream.set_nodelay(true)?;
        Ok(Raw(stream))
    }

    /// # Errors
    /// When the other side has closed.
    pub(in crate::prove) async fn write(&mut self, bytes: &[u8]) -> io::Result<()> {
        self.0.write_all(bytes).await
    }

    /// Sends until the other side takes no more for a second; how many bytes it took.
    pub(super) async fn stuff(&mut self, bytes: &[u8], most: usize) -> usize {
        let mut sent = 0;
        while sent < most {
            match timeout(Duration::from_secs(1), self.0.write(bytes)).await {
                Ok(Ok(taken)) => sent += taken,
                _ => return sent,
            }
        }
        sent
    }

    /// Reads until this comes, the other side closes, or it takes too long; what came.
    pub(in crate::prove) async fn read_until(&mut self, end: &[u8], patience: Duration) -> Vec<u8> {
        let deadline = tokio::time::Instant::now() + patience;
        let (mut all, mut part) = (Vec::new(), [0; 4096]);
        while !all.windows(end.len().max(1)).any(|window| window == end) && all.len() < KEPT {
            match timeout_at(deadline, self.0.read(&mut part)).await {
                Ok(Ok(read @ 1..)) => all.extend_from_slice(&part[..read]),
                _ => break,
            }
        }
        all
    }

    /// Reads whatever comes until the other side closes; false when it does not.
    pub(in crate::prove) async fn until_closed(&mut self, patience: Duration) -> bool {
        let (deadline, mut part) = (Instant::now() + patience, [0; 4096]);
        loop {
            match timeout_at(deadline.into(), self.0.read(&mut part)).await {
                Ok(Ok(1..)) => {}
                Ok(_) => return true,
                Err(_) => return false,
            }
        }
    }

    /// True when an answer, or the end, has come.
    pub(super) fn has_something_to_read(&self) -> bool {
        let mut part = [0; 1];
        // Nothing yet is the only answer that leaves it as it was.
        !matches!(self.0.try_read(&mut part), Err(error) if error.kind() == io::ErrorKind::WouldBlock)
    }

    /// Says that nothing more comes, and goes on to listen.
    ///
    /// # Errors
    /// When the other side has closed.
    pub(super) async fn half_close(&mut self) -> io::Result<()> {
        self.0.shutdown().await
    }

    /// Goes without a word, as a telephone in a tunnel.
    pub(super) fn reset(self) {
        // Where that cannot be asked for it closes as everybody does.
        let _ = self.0.set_zero_linger();
    }
}
