//! Server-sent events: facts as they happen, for staff and, in words, for whoever placed the order.
//!
//! Listeners wait for the feed's tip and read what is in memory; only who is far behind reads blocks from
//! the disk, on a thread that may wait. So an idle listener costs a task and nothing else.

use super::{front::Front, problem::Problem};
use axum::response::{
    IntoResponse, Response, Sse,
    sse::{Event, KeepAlive},
};
use engine::Committed;
use flows::Shop;
use futures_util::stream;
use kernel::{Position, Recorded};
use std::{collections::VecDeque, convert::Infallible, sync::Arc, time::Duration};
use tokio::sync::watch;

/// How often an idle stream says that it is there.
const KEEP_ALIVE: Duration = Duration::from_secs(15);

/// What a listener is told of a fact: a name and data.
pub(crate) type Tell = Box<dyn FnMut(&Recorded<Shop>) -> Option<(&'static str, String)> + Send>;

struct Listener {
    front: Arc<Front>,
    tips: watch::Receiver<Position>,
    closing: watch::Receiver<bool>,
    position: Position,
    tell: Tell,
    ready: VecDeque<Event>,
}

/// Tells of everything after `position`, as it happens, until the client goes or the shop closes.
pub(crate) fn follow(front: &Arc<Front>, position: Position, tell: Tell) -> Response {
    let listener = Listener {
        front: front.clone(),
        tips: front.shop.engine.feed().tips(),
        closing: front.closing.subscribe(),
        position,
        tell,
        ready: VecDeque::new(),
    };
    let events = stream::unfold(listener, |mut listener| async move {
        let event = listener.next().await?;
        Some((Ok::<_, Infallible>(event), listener))
    });
    Sse::new(events).keep_alive(KeepAlive::new().interval(KEEP_ALIVE)).into_response()
}

impl Listener {
    async fn next(&mut self) -> Option<Event> {
        loop {
            if let Some(event) = self.ready.pop_front() {
                return Some(event);
            }
            if *self.closing.borrow() {
                return None;
            }
            let tip = *self.tips.borrow_and_update();
            if tip <= self.position {
                tokio::select! {
                    news = self.tips.changed() => news.ok()?,
                    closing = self.closing.changed() => closing.ok()?,
                }
                continue;
            }
            match block_after(&self.front, self.position).await {
                Ok(Some(block)) => self.hear(&block),
                Ok(None) => {}
                Err(_) => return None,
            }
        }
    }

    fn hear(&mut self, block: &Committed<Shop>) {
        for recorded in block.after(self.position) {
            if let Some((name, data)) = (self.tell)(recorded) {
                let event = Event::default().id(recorded.position.to_string());
                self.ready.push_back(event.event(name).data(data));
            }
        }
        self.position = block.last();
    }
}

/// The facts that come after a position: those of one block.
///
/// # Errors
/// When the journal cannot be read.
pub(crate) async fn block_after(
    front: &Arc<Front>,
    position: Position,
) -> Result<Option<Arc<Committed<Shop>>>, Problem> {
    let feed = front.shop.engine.feed();
    if feed.tip() <= position {
        return Ok(None);
    }
    if let Some(block) = feed.remembered(position) {
        return Ok(Some(block));
    }
    let front = front.clone();
    let read = tokio::task::spawn_blocking(move || {
        let reader = front.shop.engine.reader()?;
        front.shop.engine.feed().follow(reader, position).take_next()
    });
    match read.await {
        Ok(block) => block.map_err(|error| Problem::internal(&error)),
        Err(panic) => Err(Problem::internal(&panic)),
    }
}
