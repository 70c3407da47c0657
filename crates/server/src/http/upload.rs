//! Bodies as they come in: all of one is here before anybody works on it.
//!
//! So a client who sends byte by byte keeps nobody from being served: it waits in front of the gate, has a
//! time of its own, and counts with the bytes that it has sent.

use super::problem::Problem;
use axum::body::Body;
use bytes::{Bytes, BytesMut};
use http::StatusCode;
use http_body_util::BodyExt;
use hyper::body::Body as _;
use std::{sync::Arc, time::Duration};
use tokio::{
    sync::{OwnedSemaphorePermit, Semaphore},
    time::{Instant, timeout_at},
};

/// How long somebody who sends too much is heard before he is told.
const HEARING: Duration = Duration::from_secs(1);

/// What all bodies that are under way share.
#[derive(Clone)]
pub(super) struct Uploads {
    /// Bytes that are still free.
    room: Arc<Semaphore>,
    /// Bytes of one.
    most: usize,
    /// How long one may take.
    time: Duration,
}

/// A whole body, and its place.
pub(super) struct Upload {
    pub(super) body: Body,
    /// Free again when this goes.
    pub(super) place: Option<OwnedSemaphorePermit>,
}

impl Uploads {
    pub(super) fn new(room: usize, most: usize, time: Duration) -> Uploads {
        Uploads { room: Arc::new(Semaphore::new(room)), most, time }
    }

    /// Reads a body to its end.
    ///
    /// # Errors
    /// 413 when it is too long, 408 when it takes too long, 400 when it breaks off, 503 when too much is
    /// sent at once.
    pub(super) async fn take_in(&self, mut body: Body) -> Result<Upload, Problem> {
        if body.is_end_stream() {
            return Ok(Upload { body, place: None });
        }
        if body.size_hint().lower() > self.most as u64 {
            return Err(self.refuse(body).await);
        }
        let deadline = Instant::now() + self.time;
        let mut place: Option<OwnedSemaphorePermit> = None;
        let (mut first, mut rest) = (Bytes::new(), BytesMut::new());
        while let Some(frame) = timeout_at(deadline, body.frame()).await.map_err(|_| too_slow())? {
            let frame = frame.map_err(|error| broken_off(&error))?;
            let Ok(part) = frame.into_data() else { continue };
            if first.len() + rest.len() + part.len() > self.most {
                return Err(self.refuse(body).await);
            }
            let more = u32::try_from(part.len()).map_err(|_| too_long())?;
            let more = self.room.clone().try_acquire_many_owned(more).map_err(|_| too_much())?;
            match &mut place {
                Some(place) => place.merge(more),
                None => place = Some(more),
            }
            // Most come in one part, which need not be copied.
            match first.is_empty() {
                true => first = part,
                false => rest.extend_from_slice(&part),
            }
        }
        let whole = match rest.is_empty() {
            true => first,
            false => [first.as_ref(), rest.as_ref()].concat().into(),
        };
        Ok(Upload { body: Body::from(whole), place })
    }

    /// Lets a little of what is too long go by: who is still sending when the connection closes may lose
    /// the answer that tells why.
    async fn refuse(&self, mut body: Body) -> Problem {
        let (deadline, mut gone) = (Instant::now() + HEARING, 0);
        while let Ok(Some(Ok(frame))) = timeout_at(deadline, body.frame()).await {
            gone += frame.data_ref().map_or(0, Bytes::len);
            if gone > self.most {
                break;
            }
        }
        too_long()
    }
}

fn too_long() -> Problem {
    let detail = "the body is too long: send less at once";
    Problem::new(StatusCode::PAYLOAD_TOO_LARGE, "BODY_TOO_LARGE", detail)
}

fn too_slow() -> Problem {
    let detail = "the body took too long to come; nothing was done";
    Problem::new(StatusCode::REQUEST_TIMEOUT, "REQUEST_TIMEOUT", detail)
}

fn broken_off(error: &axum::Error) -> Problem {
    Problem::malformed(format!("the body broke off: {error}"))
}

fn too_much() -> Problem {
    metrics::counter!("cartage_http_shed_total").increment(1);
    let detail = "too much is sent at once: try again in a second";
    Problem::unavailable("OVERLOADED", detail, Duration::from_secs(1))
}

#[cfg(test)]
mod tests {
    use super::*;
    use futures_util::{StreamExt, stream};
    use std::convert::Infallible;

    fn parts(parts: &[&'static str]) -> Body {
        let parts: Vec<Result<&'static str, Infallible>> =
            parts.iter().map(|part| Ok(*part)).collect();
        Body::from_stream(stream::iter(parts))
    }

    fn uploads(room: usize) -> Uploads {
        Uploads::new(room, 10, Duration::from_millis(50))
    }

    async fn refused(uploads: &Uploads, body: Body) -> String {
        let refused = uploads.take_in(body).await.err().expect("it is not taken in");
        refused.code().to_owned()
    }

    #[tokio::test]
    async fn a_body_is_taken_in_whole_and_has_its_place_until_it_is_answered() {
        let uploads = uploads(12);
        let upload = uploads.take_in(parts(&["ab", "cd", "ef"])).await.expect("there is room");
        assert_eq!(uploads.room.available_permits(), 6);
        assert_eq!(refused(&uploads, parts(&["1234567"])).await, "OVERLOADED");
        let whole = upload.body.collect().await.expect("it is here").to_bytes();
        assert_eq!(&whole[..], b"abcdef");
        drop(upload.place);
        assert_eq!(uploads.room.available_permits(), 12);
    }

    #[tokio::test]
    async fn what_is_too_long_or_too_slow_is_refused_and_leaves_its_place() {
        let uploads = uploads(100);
        assert_eq!(refused(&uploads, parts(&["12345", "678901"])).await, "BODY_TOO_LARGE");
        let first = stream::iter([Ok::<_, Infallible>("1")]);
        let slow = Body::from_stream(first.chain(stream::pending()));
        assert_eq!(refused(&uploads, slow).await, "REQUEST_TIMEOUT");
        assert_eq!(uploads.room.available_permits(), 100);
    }
}
