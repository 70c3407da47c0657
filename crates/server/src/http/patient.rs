//! A socket whose other side has to read: whoever lets an answer wait for too long is cut off.
//!
//! Without it a client that never reads would keep its connection, and what is written for it, for ever.

use hyper::rt::{Read, ReadBufCursor, Write};
use hyper_util::rt::TokioIo;
use std::{
    io,
    pin::Pin,
    task::{Context, Poll, ready},
    time::Duration,
};
use tokio::{
    net::TcpStream,
    time::{Sleep, sleep},
};

/// Waits for a reader, but not for ever.
pub(super) struct Patient {
    io: TokioIo<TcpStream>,
    patience: Duration,
    /// Runs while something waits to be written.
    waits: Option<Pin<Box<Sleep>>>,
}

impl Patient {
    pub(super) fn new(stream: TcpStream, patience: Duration) -> Patient {
        Patient { io: TokioIo::new(stream), patience, waits: None }
    }

    /// What came of an attempt to write; an error once too many in a row came to nothing.
    fn bear<T>(
        &mut self,
        cx: &mut Context<'_>,
        written: Poll<io::Result<T>>,
    ) -> Poll<io::Result<T>> {
        if written.is_ready() {
            self.waits = None;
            return written;
        }
        let patience = self.patience;
        let waits = self.waits.get_or_insert_with(|| Box::pin(sleep(patience)));
        ready!(waits.as_mut().poll(cx));
        Poll::Ready(Err(io::Error::new(io::ErrorKind::TimedOut, "the client does not read")))
    }
}

impl Read for Patient {
    fn poll_read(
        mut self: Pin<&mut Self>,
        cx: &mut Context<'_>,
        buffer: ReadBufCursor<'_>,
    ) -> Poll<io::Result<()>> {
        Pin::new(&mut self.io).poll_read(cx, buffer)
    }
}

impl Write for Patient {
    fn poll_write(
        mut self: Pin<&mut Self>,
        cx: &mut Context<'_>,
        bytes: &[u8],
    ) -> Poll<io::Result<usize>> {
        let written = Pin::new(&mut self.io).poll_write(cx, bytes);
        self.bear(cx, written)
    }

    fn poll_write_vectored(
        mut self: Pin<&mut Self>,
        cx: &mut Context<'_>,
        parts: &[io::IoSlice<'_>],
    ) -> Poll<io::Result<usize>> {
        let written = Pin::new(&mut self.io).poll_write_vectored(cx, parts);
        self.bear(cx, written)
    }

    fn is_write_vectored(&self) -> bool {
        self.io.is_write_vectored()
    }

    fn poll_flush(mut self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<io::Result<()>> {
        // A socket has nothing of its own to flush.
        Pin::new(&mut self.io).poll_flush(cx)
    }

    fn poll_shutdown(mut self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<io::Result<()>> {
        Pin::new(&mut self.io).poll_shutdown(cx)
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::future::poll_fn;
    use tokio::{io::AsyncReadExt, net::TcpListener};

    const PATIENCE: Duration = Duration::from_millis(100);

    async fn pair() -> (Patient, TcpStream) {
        let listener = TcpListener::bind("127.0.0.1:0").await.expect("a free port");
        let at = listener.local_addr().expect("it is bound");
        let (ours, theirs) = tokio::join!(listener.accept(), TcpStream::connect(at));
        let (ours, _) = ours.expect("somebody connects");
        (Patient::new(ours, PATIENCE), theirs.expect("somebody listens"))
    }

    #[tokio::test]
    async fn whoever_does_not_read_is_cut_off_once_the_buffers_are_full() {
        let (mut ours, _theirs) = pair().await;
        let part = vec![b'x'; 1 << 16];
        let why = loop {
            match poll_fn(|cx| Pin::new(&mut ours).poll_write(cx, &part)).await {
                Ok(_) => {}
                Err(why) => break why,
            }
        };
        assert_eq!(why.kind(), io::ErrorKind::TimedOut);
    }

    #[tokio::test]
    async fn whoever_reads_slowly_is_waited_for() {
        let (mut ours, mut theirs) = pair().await;
        let all = vec![b'x'; 4 << 20];
        let reading = tokio::spawn(async move {
            let (mut part, mut read) = (vec![0; 1 << 18], 0);
            while read < 4 << 20 {
                read += theirs.read(&mut part).await.expect("it is sent");
                sleep(PATIENCE / 20).await;
            }
        });
        let mut sent = 0;
        while sent < all.len() {
            let written = poll_fn(|cx| Pin::new(&mut ours).poll_write(cx, &all[sent..])).await;
            sent += written.expect("somebody reads");
        }
        reading.await.expect("all of it came");
    }
}
