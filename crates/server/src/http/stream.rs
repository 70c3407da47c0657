//! Server-sent events: facts as they happen, for staff and, in words, for whoever placed the order.
//!
//! Listeners wait for the feed's tip and read what is in memory; only who is far behind reads blocks from
//! the disk, on a thread that may wait, and never many at once. So an idle listener costs a task and nothing else.

use super::{front::Front, problem::Problem};
use axum::response::{
    IntoResponse, Response, Sse,
    sse::{Event, KeepAlive},
};
use engine::Committed;
use flows::Shop;
use futures_util::stream;
use kernel::{Position, Recorded};
use std::{
    collections::VecDeque,
    convert::Infallible,
    sync::{Arc, Mutex, PoisonError},
    time::Duration,
};
use tokio::sync::{Semaphore, watch};

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
    /// Whose facts are being told. They become events one at a time: a block has hundreds, and listeners
    /// are many.
    block: Option<Arc<Committed<Shop>>>,
}

/// Tells of everything after `position`, as it happens, until the client goes or the shop closes.
pub(crate) fn follow(front: &Arc<Front>, position: Position, tell: Tell) -> Response {
    let listener = Listener {
        front: front.clone(),
        tips: front.shop.engine.feed().tips(),
        closing: front.closing.subscribe(),
        position,
        tell,
        block: None,
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
            if let Some(event) = self.event_of_block() {
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
                Ok(block) => self.block = block,
                Err(_) => return None,
            }
        }
    }

    /// The next one that is worth telling; when there is none, the block is let go.
    fn event_of_block(&mut self) -> Option<Event> {
        let block = self.block.take()?;
        for recorded in block.after(self.position) {
            self.position = recorded.position;
            if let Some((name, data)) = (self.tell)(recorded) {
                self.block = Some(block.clone());
                let event = Event::default().id(recorded.position.to_string());
                return Some(event.event(name).data(data));
            }
        }
        None
    }
}

/// Blocks that listeners have read back lately. Those who come back together, as after a restart, want
/// the same ones: they are read once, and by few threads.
pub(crate) struct ReadBack {
    turns: Semaphore,
    blocks: Mutex<VecDeque<Arc<Committed<Shop>>>>,
}

/// Who reads at the same time, and how many blocks are kept.
const READERS: usize = 2;
const KEPT: usize = 16;

impl Default for ReadBack {
    fn default() -> ReadBack {
        ReadBack { turns: Semaphore::new(READERS), blocks: Mutex::default() }
    }
}

impl ReadBack {
    fn block_after(&self, position: Position) -> Option<Arc<Committed<Shop>>> {
        let blocks = self.blocks.lock().unwrap_or_else(PoisonError::into_inner);
        let holds = |block: &&Arc<Committed<Shop>>| {
            block.first() <= position + 1 && position < block.last()
        };
        blocks.iter().find(holds).cloned()
    }

    fn keep(&self, block: &Arc<Committed<Shop>>) {
        let mut blocks = self.blocks.lock().unwrap_or_else(PoisonError::into_inner);
        if blocks.len() >= KEPT {
            blocks.pop_front();
        }
        blocks.push_back(block.clone());
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
    let _turn = front.read_back.turns.acquire().await.map_err(|error| Problem::internal(&error))?;
    if let Some(block) = front.read_back.block_after(position) {
        return Ok(Some(block));
    }
    let reading = front.clone();
    let read = tokio::task::spawn_blocking(move || {
        let reader = reading.shop.engine.reader()?;
        reading.shop.engine.feed().follow(reader, position).take_next()
    });
    let block = match read.await {
        Ok(block) => block.map_err(|error| Problem::internal(&error))?,
        Err(panic) => return Err(Problem::internal(&panic)),
    };
    block.iter().for_each(|block| front.read_back.keep(block));
    Ok(block)
}
