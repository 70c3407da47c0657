//! Every fact of one order's story, wherever it lies.
//!
//! Whatever belongs to an order names it: its own streams have its id in their names, and what a SKU
//! promises to it names its lines. What a SKU promises is decided in the same breath as something of the
//! order's own, so it lies in the same block. So: read the order's streams, read the lines of their blocks
//! that name the order, and go on with the streams that were met there until no new one is.

use engine::Past;
use flows::{Shop, Stream};
use journal::{LineReader, Reader};
use kernel::{OrderId, Position, Recorded};
use std::collections::{BTreeMap, BTreeSet, VecDeque};

/// Facts of one story at most; no real order has a tenth of it.
const FACTS: usize = 5_000;

/// The story, in the order in which it happened.
///
/// # Errors
/// When the journal cannot be read.
pub(super) fn story(
    past: &mut Past<Shop>,
    journal: &dyn Reader,
    order: OrderId,
) -> journal::Result<Vec<Recorded<Shop>>> {
    let id = order.to_string();
    let mut lines = LineReader::default();
    let mut facts: BTreeMap<Position, Recorded<Shop>> = BTreeMap::new();
    let mut known: BTreeSet<Stream> = BTreeSet::new();
    let mut waiting: VecDeque<Stream> = VecDeque::new();
    for kind in ["cart", "order", "sell-order"] {
        if let Ok(stream) = format!("{kind}/{id}").parse::<Stream>() {
            known.insert(stream.clone());
            waiting.push_back(stream);
        }
    }
    // First and last positions of the blocks that were read.
    let mut read: BTreeMap<Position, Position> = BTreeMap::new();
    while let Some(stream) = waiting.pop_front() {
        for recorded in past.facts_of(&stream)? {
            let before = read.range(..=recorded.position).next_back();
            if before.is_some_and(|(_, last)| recorded.position <= *last) {
                continue;
            }
            let Some(block) = journal.block_holding(recorded.position)? else { continue };
            read.insert(block.first, block.last);
            for line in block.text()?.lines().filter(|line| line.contains(&id)) {
                let met = lines.read(line)?;
                let stream: Stream = met.stream();
                if stream.to_string().contains(&id) && known.insert(stream.clone()) {
                    waiting.push_back(stream);
                }
                facts.insert(met.position, met);
            }
        }
        if facts.len() > FACTS {
            break;
        }
    }
    Ok(facts.into_values().take(FACTS).collect())
}
